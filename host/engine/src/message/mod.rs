//! The messages of the platform: one file each, one line in the list of its capability.
//!
//! To add a message, copy the nearest sibling and put it into the list: the pipeline, the
//! command line, `sdkmessage` rows, the documentation and the coverage tests read it there.

mod add_members_team;
mod add_privileges_role;
mod add_user_to_record_team;
mod assign;
mod associate;
pub mod create;
mod delete;
mod disassociate;
mod grant_access;
pub mod input;
pub(crate) mod looked_up;
mod lookup_names;
mod modify_access;
mod parameters;
mod remove_members_team;
mod remove_privilege_role;
mod remove_user_from_record_team;
mod retrieve;
mod retrieve_access_reasons;
mod retrieve_multiple;
mod retrieve_principal_access;
mod retrieve_principals_with_access;
mod retrieve_privilege_holders;
mod retrieve_related;
mod retrieve_role_privileges_role;
mod retrieve_shared_principals_and_access;
mod retrieve_user_privileges;
mod revoke_access;
mod update;
pub(crate) mod upsert;
mod who_am_i;

pub(crate) use add_privileges_role::set as set_role_privilege;
pub(crate) use associate::request as associate_request;
pub(crate) use grant_access::{existing as existing_share, share};
pub(crate) use retrieve_multiple::PAGE;
pub(crate) mod membership;
pub(crate) mod relationship;

use sluice_model::{ParameterType, Result, TableDef};

use crate::{Operation, Unit};

/// The messages of the core: rows, sharing, membership, roles.
pub(crate) static CORE: &[&dyn Message] = &[
    &add_members_team::AddMembersTeam,
    &add_privileges_role::AddPrivilegesRole,
    &add_user_to_record_team::AddUserToRecordTeam,
    &assign::Assign,
    &associate::Associate,
    &create::Create,
    &delete::Delete,
    &disassociate::Disassociate,
    &grant_access::GrantAccess,
    &modify_access::ModifyAccess,
    &remove_members_team::RemoveMembersTeam,
    &remove_privilege_role::RemovePrivilegeRole,
    &remove_user_from_record_team::RemoveUserFromRecordTeam,
    &retrieve::Retrieve,
    &retrieve_access_reasons::RetrieveAccessReasons,
    &retrieve_multiple::RetrieveMultiple,
    &retrieve_principal_access::RetrievePrincipalAccess,
    &retrieve_principals_with_access::RetrievePrincipalsWithAccess,
    &retrieve_privilege_holders::RetrievePrivilegeHolders,
    &retrieve_related::RetrieveRelated,
    &retrieve_role_privileges_role::RetrieveRolePrivilegesRole,
    &retrieve_shared_principals_and_access::RetrieveSharedPrincipalsAndAccess,
    &retrieve_user_privileges::RetrieveUserPrivileges,
    &revoke_access::RevokeAccess,
    &update::Update,
    &upsert::Upsert,
    &who_am_i::WhoAmI,
];

/// A message: its form, the privileges it needs, and its main operation.
pub trait Message: Sync + Send {
    /// The name, as in `sdkmessage.name`.
    fn name(&self) -> &'static str;

    /// The name under which requests ask for it, where that is not its own: its steps are known by
    /// its own name.
    fn requested_as(&self) -> Option<&'static str> {
        None
    }

    /// What it does, in a sentence.
    fn doc(&self) -> &'static str;

    /// Its form.
    fn shape(&self) -> Shape;

    /// Whether the message has anything to do on a table that its form lets through.
    fn works_on(&self, _: &TableDef) -> bool {
        true
    }

    /// The privilege gate, between pre-validation and the transaction: does the caller hold
    /// each privilege that the message needs, at any depth?
    ///
    /// # Errors
    /// The first privilege that is missing.
    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()>;

    /// What happens in the transaction before the steps of pre-operation: to rows that refer to
    /// one that is deleted.
    ///
    /// # Errors
    /// The refusal.
    fn before_steps(&self, _: &mut Unit, _: &mut Operation) -> Result<()> {
        Ok(())
    }

    /// The main operation: the access check on the row as pre-operation left it, then the
    /// work. Fills the output parameters.
    ///
    /// # Errors
    /// The refusal, or what went wrong.
    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()>;

    /// Whether a request that carries an id of its own, and comes again, gets the first
    /// answer.
    fn remembers(&self) -> bool {
        false
    }

    /// The operations that the inner stages run for, where that is not the one operation itself:
    /// an Update that the platform splits.
    ///
    /// # Errors
    /// The operation has not the form that the message needs.
    fn parts(&self, _: &Operation) -> Result<Vec<Operation>> {
        Ok(Vec::new())
    }
}

/// The form of a message.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// What its primary row is and where it stands.
    pub takes: Takes,
    /// The tables that it works on; `None` is every table.
    pub tables: Option<&'static [&'static str]>,
    /// It changes nothing.
    pub reads: bool,
    /// Steps may have images of its row.
    pub images: Images,
    /// Steps may be bound to one table (Associate and Disassociate: only to all).
    pub binds_table: bool,
    /// The input parameters, the one that `takes` names among them.
    pub inputs: &'static [ParameterDef],
    /// The output parameters.
    pub outputs: &'static [ParameterDef],
}

impl Shape {
    /// Of a message that changes nothing and belongs to no table, so that steps listen to it for
    /// all tables.
    pub const fn reading(takes: Takes, inputs: &'static [ParameterDef], outputs: &'static [ParameterDef]) -> Self {
        Self {
            takes,
            tables: None,
            reads: true,
            images: Images::None,
            binds_table: false,
            inputs,
            outputs,
        }
    }

    /// Of a message that changes a row of `table`, whose id stands in `parameter`, and gives
    /// nothing back.
    pub const fn changing(table: &'static str, parameter: &'static str, inputs: &'static [ParameterDef]) -> Self {
        Self {
            takes: Takes::IdOf { table, parameter },
            tables: None,
            reads: false,
            images: Images::None,
            binds_table: true,
            inputs,
            outputs: &[],
        }
    }
}

/// Which images a message offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Images {
    /// None.
    None,
    /// The row as it was.
    Before,
    /// The row as it became.
    After,
    /// Both.
    Both,
}

/// What a message's primary row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A row with columns, in `Target`.
    Row,
    /// A reference, in this parameter.
    Reference(&'static str),
    /// A query, in `Query`.
    Query,
    /// The row of this table that a lookup of the row in this parameter refers to.
    Through {
        /// The table.
        table: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// The lookup.
        lookup: &'static str,
    },
    /// The id of a row of this table, in this parameter.
    IdOf {
        /// The table.
        table: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// No row.
    Nothing,
}

impl Takes {
    /// The parameter in which the primary row stands.
    pub fn parameter(self) -> Option<(&'static str, ParameterType)> {
        match self {
            Self::Row => Some(("Target", ParameterType::Row)),
            Self::Reference(parameter) => Some((parameter, ParameterType::Reference)),
            Self::Query => Some(("Query", ParameterType::Query)),
            Self::Through { parameter, .. } => Some((parameter, ParameterType::Row)),
            Self::IdOf { parameter, .. } => Some((parameter, ParameterType::Id)),
            Self::Nothing => None,
        }
    }
}

/// A parameter's definition.
#[derive(Debug, Clone, Copy)]
pub struct ParameterDef {
    /// The name.
    pub name: &'static str,
    /// Its type.
    pub kind: ParameterType,
    /// Whether a request must have it.
    pub required: bool,
}

/// A parameter that a request must have.
pub const fn required(name: &'static str, kind: ParameterType) -> ParameterDef {
    ParameterDef {
        name,
        kind,
        required: true,
    }
}

/// A parameter that a request may have.
pub const fn optional(name: &'static str, kind: ParameterType) -> ParameterDef {
    ParameterDef {
        name,
        kind,
        required: false,
    }
}
