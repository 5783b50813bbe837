//! The messages of the platform: one file each, one line in the list of its capability.
//!
//! To add a message, copy the nearest sibling and put it into the list: the pipeline, the
//! command line, `sdkmessage` rows, the documentation and the coverage tests read it there.

mod add_members_team;
mod add_privileges_role;
mod assign;
mod associate;
pub(crate) mod create;
mod delete;
mod disassociate;
mod grant_access;
mod remove_members_team;
mod remove_privilege_role;
mod retrieve;
mod retrieve_multiple;
mod retrieve_principal_access;
mod revoke_access;
mod update;
mod who_am_i;

pub(crate) use add_privileges_role::set as set_role_privilege;
pub(crate) use associate::request as associate_request;
pub(crate) use grant_access::share;
pub(crate) mod membership;
pub(crate) mod relationship;

use sluice_model::{Error, Parameter as Value, Reference, Result, Row, TableDef, Uuid};

use crate::{Operation, Unit};

/// The messages of the core: rows, sharing, membership, roles.
pub(crate) static CORE: &[&dyn Message] = &[
    &add_members_team::AddMembersTeam,
    &add_privileges_role::AddPrivilegesRole,
    &assign::Assign,
    &associate::Associate,
    &create::Create,
    &delete::Delete,
    &disassociate::Disassociate,
    &grant_access::GrantAccess,
    &remove_members_team::RemoveMembersTeam,
    &remove_privilege_role::RemovePrivilegeRole,
    &retrieve::Retrieve,
    &retrieve_multiple::RetrieveMultiple,
    &retrieve_principal_access::RetrievePrincipalAccess,
    &revoke_access::RevokeAccess,
    &update::Update,
    &who_am_i::WhoAmI,
];

/// A message: its form, the privileges it needs, and its main operation.
pub trait Message: Sync + Send {
    /// The name, as in `sdkmessage.name`.
    fn name(&self) -> &'static str;

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
    /// The input parameters, without the one that `takes` names.
    pub inputs: &'static [Parameter],
    /// The output parameters.
    pub outputs: &'static [Parameter],
}

impl Shape {
    /// Of a message that changes a row of `table`, whose id stands in `parameter`, and gives
    /// nothing back.
    pub(crate) const fn changing(table: &'static str, parameter: &'static str, inputs: &'static [Parameter]) -> Self {
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

/// A parameter's definition.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// The name.
    pub name: &'static str,
    /// Its type in words: `bool`, `reference`, `row`, `rows`, `text`, `int`, `big-int`, `names`;
    /// `bytes` are a text in base64.
    pub kind: &'static str,
    /// Whether a request must have it.
    pub required: bool,
}

/// A parameter that a request must have.
pub const fn required(name: &'static str, kind: &'static str) -> Parameter {
    Parameter {
        name,
        kind,
        required: true,
    }
}

/// A parameter that a request may have.
pub const fn optional(name: &'static str, kind: &'static str) -> Parameter {
    Parameter {
        name,
        kind,
        required: false,
    }
}

/// Reads input parameters by type, with an error that names the parameter.
pub mod input {
    use super::{Error, Operation, Reference, Result, Row, Uuid, Value};

    fn wrong(operation: &Operation, name: &str, what: &str) -> Error {
        Error::invalid(format!(
            "message {}: parameter `{name}` is no {what}",
            operation.message.name()
        ))
    }

    /// A reference that must be there.
    ///
    /// # Errors
    /// It is missing or of another type.
    pub fn reference(operation: &Operation, name: &str) -> Result<Reference> {
        optional_reference(operation, name)?.ok_or_else(|| wrong(operation, name, "reference"))
    }

    /// A reference that may be there.
    ///
    /// # Errors
    /// It is of another type.
    pub fn optional_reference(operation: &Operation, name: &str) -> Result<Option<Reference>> {
        match operation.input(name) {
            None | Some(Value::Value(sluice_model::Value::Null)) => Ok(None),
            Some(Value::Reference(reference) | Value::Value(sluice_model::Value::Lookup(reference))) => {
                Ok(Some(reference.clone()))
            }
            Some(_) => Err(wrong(operation, name, "reference")),
        }
    }

    /// A list of references.
    ///
    /// # Errors
    /// It is missing or of another type.
    pub fn references(operation: &Operation, name: &str) -> Result<Vec<Reference>> {
        match operation.input(name) {
            Some(Value::References(references)) => Ok(references.clone()),
            Some(Value::Reference(reference)) => Ok(vec![reference.clone()]),
            _ => Err(wrong(operation, name, "list of references")),
        }
    }

    /// Yes or no; no where it is missing.
    ///
    /// # Errors
    /// It is of another type.
    pub fn bool(operation: &Operation, name: &str) -> Result<bool> {
        match operation.input(name) {
            None => Ok(false),
            Some(Value::Value(value)) => value.as_bool().ok_or_else(|| wrong(operation, name, "yes or no")),
            Some(_) => Err(wrong(operation, name, "yes or no")),
        }
    }

    /// A number that may be there.
    ///
    /// # Errors
    /// It is of another type.
    pub fn int(operation: &Operation, name: &str) -> Result<Option<i32>> {
        match operation.input(name) {
            None => Ok(None),
            Some(Value::Value(value)) => value.as_int().map(Some).ok_or_else(|| wrong(operation, name, "number")),
            Some(_) => Err(wrong(operation, name, "number")),
        }
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// It is missing or of another type.
    pub fn text(operation: &Operation, name: &str) -> Result<String> {
        match operation.input(name) {
            Some(Value::Value(value)) => value
                .as_text()
                .map(ToOwned::to_owned)
                .ok_or_else(|| wrong(operation, name, "text")),
            _ => Err(wrong(operation, name, "text")),
        }
    }

    /// A whole number that must be there and not be negative.
    ///
    /// # Errors
    /// It is missing or of another type.
    pub fn count(operation: &Operation, name: &str) -> Result<u64> {
        use sluice_model::Value as V;
        let number = match operation.input(name) {
            Some(Value::Value(V::Int(number))) => u64::try_from(*number).ok(),
            Some(Value::Value(V::BigInt(number))) => u64::try_from(*number).ok(),
            _ => None,
        };
        number.ok_or_else(|| wrong(operation, name, "number from 0 on"))
    }

    /// A list of texts.
    ///
    /// # Errors
    /// It is missing or of another type.
    pub fn names<'a>(operation: &'a Operation, name: &str) -> Result<&'a [sluice_model::Name]> {
        match operation.input(name) {
            Some(Value::Names(names)) => Ok(names),
            _ => Err(wrong(operation, name, "list of texts")),
        }
    }

    /// Bytes, which are sent as base64.
    ///
    /// # Errors
    /// They are missing or of another form.
    pub fn bytes(operation: &Operation, name: &str) -> Result<Vec<u8>> {
        crate::base64::from_base64(&text(operation, name)?).ok_or_else(|| wrong(operation, name, "text in base64"))
    }

    /// A list of rows.
    ///
    /// # Errors
    /// It is missing or of another type.
    pub fn rows(operation: &Operation, name: &str) -> Result<Vec<Row>> {
        match operation.input(name) {
            Some(Value::Rows(rows)) => Ok(rows.clone()),
            Some(Value::Row(row)) => Ok(vec![row.clone()]),
            _ => Err(wrong(operation, name, "list of rows")),
        }
    }

    /// An id that must be there.
    ///
    /// # Errors
    /// It is missing or of another type.
    pub fn id(operation: &Operation, name: &str) -> Result<Uuid> {
        match operation.input(name) {
            Some(Value::Value(value)) => value.as_id().ok_or_else(|| wrong(operation, name, "id")),
            Some(Value::Reference(reference)) => Ok(reference.id),
            _ => Err(wrong(operation, name, "id")),
        }
    }
}
