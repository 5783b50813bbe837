//! Table and column definitions. Definitions are data: the shipped tables are read from
//! files in this form, a custom table is made from the same form at run time.

mod column;
mod faults;
mod points;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{KeyDef, Name, RelationshipDef, Right, Uuid, text::Collation};

pub use column::{Choice, ColumnDef, ColumnType, Columns, Entered, Format, MADE_ELSEWHERE, Required};
pub use points::{Points, WhenGone};

/// Who can own a table's rows. Fixed when the table is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ownership {
    /// Users and teams own rows; four depths apply.
    User,
    /// Rows belong to a business unit through `businessunitid`; four depths apply.
    Business,
    /// Rows belong to the organisation; a privilege is Organization or nothing.
    Organization,
    /// Intersection and platform-internal tables: no privileges of their own.
    None,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A table's definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableDef {
    /// The logical name: `account`.
    pub name: Name,
    /// The schema name, used in privilege names: `Account` in `prvCreateAccount`.
    pub schema: String,
    /// What people see, one row: `Account`.
    pub display: String,
    /// The entity set name: `accounts`.
    pub set: Name,
    /// The object type code.
    #[serde(default)]
    pub otc: i32,
    /// The key column.
    pub key: Name,
    /// The column that names a row to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_name: Option<Name>,
    /// Who owns its rows.
    pub ownership: Ownership,
    /// The name after the verb in privilege names, where it is not the schema name
    /// (`User` for systemuser, `Note` for annotation).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privilege: Option<String>,
    /// The ids of its privileges, where they are the same in every organisation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub privilege_ids: BTreeMap<Right, Uuid>,
    /// A write to it counts for every process from its next request: caches reload.
    #[serde(default, skip_serializing_if = "is_default")]
    pub configuration: bool,
    /// Rows whose state is not the first one are read-only until they are reactivated.
    #[serde(default, skip_serializing_if = "is_default")]
    pub closes: bool,
    /// Every change of a row leaves an audit row, where the organisation audits at all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub audited: bool,
    /// Duplicate rules may be made for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub duplicate_detection: bool,
    /// *Read-only in mobile*: its rows cannot be edited in the client's forms.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_only_in_mobile: bool,
    /// Its rows may have access teams, by templates.
    #[serde(default, skip_serializing_if = "is_default")]
    pub access_teams: bool,
    /// Managers see no more of its rows than others, whatever the organisation has set.
    #[serde(default, skip_serializing_if = "is_default")]
    pub outside_hierarchy: bool,
    /// Whose rows they are to make and to change.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kept: Kept,
    /// Steps may be registered on it. Not where the platform keeps all rows.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub takes_steps: bool,
    /// Workflows may run for its rows. Not for those by which the organisation is administered: a
    /// workflow that refuses would lock out whoever could take it away.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub takes_workflows: bool,
    /// The lookup that holds the original, where a row is the platform's own copy of another one: names are those
    /// of originals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<Name>,
    /// The lookup that holds the whole, where a row is a part of another one: it is managed where that one is, and
    /// a change of it is one of that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<Name>,
    /// Made at run time by a customizer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub custom: bool,
    /// It came with a managed solution: only the next import changes it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub managed: bool,
    /// Where the facts of this definition come from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Two of its rows can be merged.
    #[serde(default, skip_serializing_if = "is_default")]
    pub merges: bool,
    /// What counts of its rows is the copy that was made when they were published last.
    #[serde(default, skip_serializing_if = "is_default")]
    pub published: bool,
    /// The last change of one of its rows can be taken back from the audit trail.
    #[serde(default, skip_serializing_if = "is_default")]
    pub undone: bool,
    /// An organisation is customised by its rows, though they are no part of the configuration that is kept in
    /// memory.
    #[serde(default, skip_serializing_if = "is_default")]
    pub customizes: bool,
    /// The columns.
    #[serde(default, rename = "column")]
    pub columns: Columns,
    /// What happens along its lookups, where it is more than emptying them.
    #[serde(default, rename = "relationship", skip_serializing_if = "Vec::is_empty")]
    pub relationships: Vec<RelationshipDef>,
    /// Its alternate keys that are at work.
    #[serde(default, rename = "alternate_key", skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyDef>,
    /// How the organisation's texts compare.
    #[serde(skip)]
    pub speech: Speech,
}

/// How the texts of an organisation compare, beside a definition of which it is no part.
#[derive(Debug, Clone, Copy, Default)]
pub struct Speech(pub &'static Collation);

impl PartialEq for Speech {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Which changes of a table's rows are the platform's own, whoever asks for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kept {
    /// None: whoever has the right makes, changes and deletes rows.
    #[default]
    No,
    /// Rows may be changed, but neither made nor deleted.
    Made,
    /// Rows are made and changed by the platform alone, and whoever has the right deletes them: logs.
    Written,
    /// All of them.
    Whole,
}

impl Kept {
    /// Whether the platform refuses a message that would write such rows.
    pub fn refuses(self, message: &str) -> bool {
        match message {
            "Create" => self != Self::No,
            "Update" => matches!(self, Self::Written | Self::Whole),
            "Delete" => matches!(self, Self::Made | Self::Whole),
            _ => false,
        }
    }
}

fn yes() -> bool {
    true
}

impl TableDef {
    /// A table of that name without columns, called by its name everywhere.
    pub fn new(name: &str, ownership: Ownership) -> Self {
        Self {
            name: name.into(),
            schema: name.to_owned(),
            display: name.to_owned(),
            set: format!("{name}s").into(),
            otc: 0,
            key: format!("{name}id").into(),
            primary_name: None,
            ownership,
            privilege: None,
            privilege_ids: BTreeMap::new(),
            configuration: false,
            closes: false,
            audited: false,
            duplicate_detection: false,
            read_only_in_mobile: false,
            access_teams: false,
            outside_hierarchy: false,
            kept: Kept::No,
            takes_steps: ownership != Ownership::None,
            takes_workflows: true,
            copy_of: None,
            part_of: None,
            custom: false,
            managed: false,
            source: String::new(),
            merges: false,
            published: false,
            undone: false,
            customizes: false,
            columns: Columns::default(),
            relationships: Vec::new(),
            keys: Vec::new(),
            speech: Speech::default(),
        }
    }

    /// How the organisation's texts compare.
    pub fn collation(&self) -> &'static Collation {
        self.speech.0
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&ColumnDef> {
        self.columns.get(name)
    }

    /// The lookup that holds the row that a row is a part of, with that one's table.
    pub fn whole(&self) -> Option<(&Name, &Name)> {
        let column = self.part_of.as_ref()?;
        Some((column, self.column(column)?.targets().first()?))
    }

    /// The name of a privilege on this table: `prvCreateAccount`.
    pub fn privilege_name(&self, right: Right) -> String {
        let of = self.privilege.as_deref().unwrap_or(&self.schema);
        ["prv", right.verb(), of].concat()
    }

    /// The states and the status reasons, if the table has any.
    pub fn states(&self) -> Option<(&[Choice], &[Choice])> {
        let options = |name| self.column(name).and_then(|column| column.kind.options());
        Some((options("statecode")?, options("statuscode")?))
    }

    /// The state that a new row is in.
    pub fn first_state(&self) -> Option<i32> {
        self.states()
            .and_then(|(states, _)| states.first())
            .map(|state| state.value)
    }

    /// The columns that hold amounts in the currency of their row; the platform itself writes the base amounts.
    pub fn amounts(&self) -> impl Iterator<Item = &ColumnDef> {
        self.columns
            .iter()
            .filter(|column| matches!(column.kind, ColumnType::Money { .. }) && !column.name.ends_with("_base"))
    }

    /// Adds what the platform adds to every table: the key, audit columns, ownership
    /// columns, state and status, version number, and, where there are amounts, their base
    /// amounts, currency and exchange rate. Columns that are there already stay as they are.
    pub fn complete(&mut self) {
        if self.ownership == Ownership::None {
            // Rows that belong to nobody are links and the platform's notes.
            self.kept = Kept::Whole;
        }
        // Nobody sends what a step would run on.
        self.takes_steps &= self.kept != Kept::Whole;
        let lookup = |targets: &[&str]| ColumnType::Lookup {
            targets: targets.iter().map(|name| Name::from(*name)).collect(),
        };
        let mut all = Columns::default();
        all.push(ColumnDef::filled(&self.key, ColumnType::Key));
        for column in &self.columns {
            all.push(column.clone());
        }
        let amounts: Vec<Name> = self
            .columns
            .iter()
            .filter(|column| matches!(column.kind, ColumnType::Money { .. }) && !column.name.ends_with("_base"))
            .map(|column| column.name.clone())
            .collect();
        if !amounts.is_empty() {
            all.push(ColumnDef::new(
                "transactioncurrencyid",
                lookup(&["transactioncurrency"]),
            ));
            all.push(ColumnDef::filled("exchangerate", ColumnType::Decimal { precision: 10 }));
            for amount in amounts {
                all.push(ColumnDef::filled(
                    &format!("{amount}_base"),
                    ColumnType::Money { precision: 4 },
                ));
            }
        }
        if self.ownership != Ownership::None {
            all.push(ColumnDef::filled("createdon", ColumnType::DateTime));
            all.push(ColumnDef::filled("createdby", lookup(&["systemuser"])));
            all.push(ColumnDef::filled("createdonbehalfby", lookup(&["systemuser"])));
            all.push(ColumnDef::filled("modifiedon", ColumnType::DateTime));
            all.push(ColumnDef::filled("modifiedby", lookup(&["systemuser"])));
            all.push(ColumnDef::filled("modifiedonbehalfby", lookup(&["systemuser"])));
            all.push(ColumnDef::new(MADE_ELSEWHERE, ColumnType::DateTime));
            all.push(ColumnDef::new(
                "importsequencenumber",
                ColumnType::Int { min: None, max: None },
            ));
            all.push(ColumnDef::filled("versionnumber", ColumnType::BigInt));
        }
        match self.ownership {
            Ownership::User => {
                all.push(ColumnDef::new("ownerid", lookup(&["systemuser", "team"])));
                all.push(ColumnDef::filled("owninguser", lookup(&["systemuser"])));
                all.push(ColumnDef::filled("owningteam", lookup(&["team"])));
                all.push(ColumnDef::filled("owningbusinessunit", lookup(&["businessunit"])));
            }
            Ownership::Organization => all.push(ColumnDef {
                points: Some(Points::at("organization", WhenGone::Stays)),
                ..ColumnDef::filled("organizationid", ColumnType::Id)
            }),
            Ownership::Business | Ownership::None => {}
        }
        self.columns = all;
        self.complete_relationships();
    }

    /// Adds Active/Inactive with the status reasons 1 and 2: what a new custom table has.
    pub fn add_default_states(&mut self) {
        let option = |value, label: &str, state, default_status| Choice {
            state,
            default_status,
            ..Choice::new(value, label)
        };
        self.columns.push(ColumnDef::new(
            "statecode",
            ColumnType::State {
                options: vec![option(0, "Active", None, Some(1)), option(1, "Inactive", None, Some(2))],
            },
        ));
        self.columns.push(ColumnDef::new(
            "statuscode",
            ColumnType::Status {
                options: vec![option(1, "Active", Some(0), None), option(2, "Inactive", Some(1), None)],
            },
        ));
    }
}
