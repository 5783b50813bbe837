//! Table and column definitions. Definitions are data: the shipped tables are read from
//! files in this form, a custom table is made from the same form at run time.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{KeyDef, Name, RelationshipDef};

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

/// How strictly a column is demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Required {
    /// Not at all.
    #[default]
    None,
    /// Marked in forms.
    Recommended,
    /// Demanded by forms, not by messages.
    Application,
    /// Demanded by every Create.
    System,
}

/// What a loose id points at, and what becomes of the row that holds it when that row is deleted.
/// A lookup says both by its type; of a loose id it has to be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum Points {
    /// No row of the organisation: a request, a person in a directory, a row of another system.
    Nothing,
    /// A row of this table.
    Row {
        /// The logical name of the table.
        table: Name,
        /// What becomes of the row that holds the id.
        when_gone: WhenGone,
    },
    /// A row of the table that another column of the same row names.
    RowOf {
        /// The column that holds the logical name of the table.
        named_in: Name,
        /// Which tables it can be; empty where it can be any.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tables: Vec<Name>,
        /// What becomes of the row that holds the id.
        when_gone: WhenGone,
    },
    /// A row of a table that only the capability which keeps these rows can tell, from the
    /// column beside the id. That capability clears up itself.
    RowWith {
        /// The column that tells the table, together with the id.
        with: Name,
    },
}

/// What becomes of a row that points by a loose id at one that is deleted, in the same
/// transaction: a later row of the same id must not inherit what was known of the earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenGone {
    /// It is removed.
    Goes,
    /// The id, and the name of the table beside it, are emptied.
    Emptied,
    /// It stays as it is: it says what was. Whoever reads it tells the rows apart in another way.
    Stays,
}

impl Points {
    /// At a row of one table.
    pub fn at(table: &str, when_gone: WhenGone) -> Self {
        Self::Row {
            table: table.into(),
            when_gone,
        }
    }

    /// What becomes of the row that holds the id, where it may point at a row of `table`.
    pub fn when_gone(&self, of: &str) -> Option<WhenGone> {
        match self {
            Self::Row { table, when_gone } if **table == *of => Some(*when_gone),
            Self::RowOf { tables, when_gone, .. } if tables.is_empty() || tables.iter().any(|table| **table == *of) => {
                Some(*when_gone)
            }
            Self::Row { .. } | Self::RowOf { .. } | Self::RowWith { .. } | Self::Nothing => None,
        }
    }
}

/// One option of a choice, state or status column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The stored number.
    pub value: i32,
    /// What people see.
    pub label: String,
    /// Of a status option: the state it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<i32>,
    /// Of a state option: the status that a row gets by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_status: Option<i32>,
    /// Of a state option: what the audit trail calls it when a row comes into the state. Where the
    /// table has two states, the first activates and the second deactivates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered: Option<Entered>,
    /// It came with a managed solution: only the next import changes it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub managed: bool,
}

/// What it is for a row to come into a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entered {
    /// It is at work, or open again.
    Activate,
    /// It is out of work.
    Deactivate,
    /// It is a lead of which something was made.
    Qualify,
    /// It is a lead of which nothing comes.
    Disqualify,
    /// It is an opportunity that brought something.
    Win,
    /// It is an opportunity that brought nothing.
    Lose,
}

/// What a text is, beyond being a text: how it is compared and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A web address.
    Url,
}

/// The type of a column with what belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ColumnType {
    /// The row's key.
    Key,
    /// A loose id.
    Id,
    /// One line of text.
    Text {
        /// At most so many characters.
        max_length: u32,
    },
    /// Several lines of text.
    Memo {
        /// At most so many characters.
        max_length: u32,
    },
    /// A whole number.
    Int {
        /// Smallest value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<i32>,
        /// Largest value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<i32>,
    },
    /// A whole number of 64 bits.
    BigInt,
    /// A floating point number.
    Float,
    /// An exact number.
    Decimal {
        /// Places after the point, 0 to 10.
        #[serde(default = "two")]
        precision: u32,
    },
    /// An amount in the row's currency.
    Money {
        /// Places after the point, 0 to 4.
        #[serde(default = "two")]
        precision: u32,
    },
    /// Yes or no.
    Bool,
    /// One option of a list.
    Choice {
        /// The options; empty only where the platform does not check them. Those of a global
        /// choice are filled in when the catalogue is read.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        options: Vec<Choice>,
        /// The global choice whose options these are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        global: Option<Name>,
    },
    /// Several options of a list.
    Choices {
        /// The options.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        options: Vec<Choice>,
        /// The global choice whose options these are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        global: Option<Name>,
    },
    /// The row's state.
    State {
        /// The states, each with its default status.
        options: Vec<Choice>,
    },
    /// The reason for the state.
    Status {
        /// The reasons, each with its state.
        options: Vec<Choice>,
    },
    /// A point in time.
    DateTime,
    /// A day.
    Date,
    /// A reference to a row of one of these tables.
    Lookup {
        /// The logical names of the tables.
        targets: Vec<Name>,
    },
}

fn two() -> u32 {
    2
}

impl ColumnType {
    /// The options of a choice, state or status column.
    pub fn options(&self) -> Option<&[Choice]> {
        match self {
            Self::Choice { options, .. }
            | Self::Choices { options, .. }
            | Self::State { options }
            | Self::Status { options } => Some(options),
            _ => None,
        }
    }

    /// The options of a choice, state or status column, to be changed.
    pub fn options_mut(&mut self) -> Option<&mut Vec<Choice>> {
        match self {
            Self::Choice { options, .. }
            | Self::Choices { options, .. }
            | Self::State { options }
            | Self::Status { options } => Some(options),
            _ => None,
        }
    }

    /// The global choice whose options the column has.
    pub fn global(&self) -> Option<&Name> {
        match self {
            Self::Choice { global, .. } | Self::Choices { global, .. } => global.as_ref(),
            _ => None,
        }
    }

    /// The tables a lookup may point to.
    pub fn targets(&self) -> Option<&[Name]> {
        match self {
            Self::Lookup { targets } => Some(targets),
            _ => None,
        }
    }

    /// Whether it holds an amount, beside which its base amount is kept.
    pub fn is_money(&self) -> bool {
        matches!(self, Self::Money { .. })
    }

    /// The word for the type: `text`, `lookup`, …
    pub fn word(&self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Id => "id",
            Self::Text { .. } => "text",
            Self::Memo { .. } => "memo",
            Self::Int { .. } => "int",
            Self::BigInt => "big-int",
            Self::Float => "float",
            Self::Decimal { .. } => "decimal",
            Self::Money { .. } => "money",
            Self::Bool => "bool",
            Self::Choice { .. } => "choice",
            Self::Choices { .. } => "choices",
            Self::State { .. } => "state",
            Self::Status { .. } => "status",
            Self::DateTime => "date-time",
            Self::Date => "date",
            Self::Lookup { .. } => "lookup",
        }
    }
}

/// A column's definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnDef {
    /// The logical name.
    pub name: Name,
    /// Its type.
    #[serde(flatten)]
    pub kind: ColumnType,
    /// What people see; the logical name where empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// How strictly it is demanded.
    #[serde(default, skip_serializing_if = "is_default")]
    pub required: Required,
    /// Filled by the platform: callers may not write it, and its lookups need no Append.
    #[serde(default, skip_serializing_if = "is_default")]
    pub filled: bool,
    /// What a Create without the column stores (a number, a text, true or false).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
    /// Of a loose id: what it points at. `None` is an id of a customizer's own, which points at
    /// nothing that the platform knows of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Points>,
    /// Whether lists often search it: the store keeps an index.
    #[serde(default, skip_serializing_if = "is_default")]
    pub indexed: bool,
    /// The smallest and the largest amount or number, where the column takes fewer than its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[Decimal; 2]>,
    /// What a text is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// What it holds is never recorded with a request: a configuration, a secret, a file.
    #[serde(default, skip_serializing_if = "is_default")]
    pub withheld: bool,
    /// Who may read, make and change what it holds is said by column security profiles.
    #[serde(default, skip_serializing_if = "is_default")]
    pub secured: bool,
    /// Added at run time by a customizer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub custom: bool,
    /// It came with a managed solution: only the next import changes it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub managed: bool,
    /// Where the facts of this definition come from, if not from the table's source.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl ColumnDef {
    /// A column of this type that callers may write.
    pub fn new(name: &str, kind: ColumnType) -> Self {
        Self {
            name: name.into(),
            kind,
            label: String::new(),
            required: Required::None,
            filled: false,
            default: None,
            points: None,
            indexed: false,
            range: None,
            format: None,
            withheld: false,
            secured: false,
            custom: false,
            managed: false,
            source: String::new(),
        }
    }

    /// A column that the platform fills.
    pub fn filled(name: &str, kind: ColumnType) -> Self {
        Self {
            filled: true,
            ..Self::new(name, kind)
        }
    }

    /// The tables that a lookup may refer to; none for other columns.
    pub fn targets(&self) -> &[Name] {
        self.kind.targets().unwrap_or_default()
    }

    /// What people see.
    pub fn label(&self) -> &str {
        if self.label.is_empty() { &self.name } else { &self.label }
    }
}

/// A table's columns in their order, found by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<ColumnDef>", into = "Vec<ColumnDef>")]
pub struct Columns {
    list: Vec<ColumnDef>,
    index: HashMap<Name, usize>,
}

impl From<Vec<ColumnDef>> for Columns {
    fn from(list: Vec<ColumnDef>) -> Self {
        let mut columns = Self::default();
        for column in list {
            columns.push(column);
        }
        columns
    }
}

impl From<Columns> for Vec<ColumnDef> {
    fn from(columns: Columns) -> Self {
        columns.list
    }
}

impl Columns {
    /// Adds a column, unless one of that name is there.
    pub fn push(&mut self, column: ColumnDef) {
        if !self.index.contains_key(&column.name) {
            self.index.insert(column.name.clone(), self.list.len());
            self.list.push(column);
        }
    }

    /// The column of that name.
    pub fn get(&self, name: &str) -> Option<&ColumnDef> {
        self.index.get(name).and_then(|position| self.list.get(*position))
    }

    /// All columns in order, to be changed; their names must stay.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, ColumnDef> {
        self.list.iter_mut()
    }

    /// All columns in order.
    pub fn iter(&self) -> std::slice::Iter<'_, ColumnDef> {
        self.list.iter()
    }
}

impl<'a> IntoIterator for &'a Columns {
    type Item = &'a ColumnDef;
    type IntoIter = std::slice::Iter<'a, ColumnDef>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
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
    /// Steps may be registered on it.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub takes_steps: bool,
    /// Workflows may run for its rows. Not for those by which the organisation is administered: a
    /// workflow that refuses would lock out whoever could take it away.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub takes_workflows: bool,
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
    /// The columns.
    #[serde(default, rename = "column")]
    pub columns: Columns,
    /// What happens along its lookups, where it is more than emptying them.
    #[serde(default, rename = "relationship", skip_serializing_if = "Vec::is_empty")]
    pub relationships: Vec<RelationshipDef>,
    /// Its alternate keys that are at work.
    #[serde(default, rename = "alternate_key", skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyDef>,
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
    /// All of them.
    Whole,
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
            custom: false,
            managed: false,
            source: String::new(),
            merges: false,
            columns: Columns::default(),
            relationships: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&ColumnDef> {
        self.columns.get(name)
    }

    /// The name of a privilege on this table: `prvCreateAccount`.
    pub fn privilege_name(&self, right: crate::Right) -> String {
        format!(
            "prv{}{}",
            right.verb(),
            self.privilege.as_deref().unwrap_or(&self.schema)
        )
    }

    /// The states and the status reasons, if the table has any.
    pub fn states(&self) -> Option<(&[Choice], &[Choice])> {
        let options = |name| self.column(name).and_then(|column| column.kind.options());
        Some((options("statecode")?, options("statuscode")?))
    }

    /// Adds what the platform adds to every table: the key, audit columns, ownership
    /// columns, state and status, version number, and, where there are amounts, their base
    /// amounts, currency and exchange rate. Columns that are there already stay as they are.
    pub fn complete(&mut self) {
        if self.ownership == Ownership::None {
            // Rows that belong to nobody are links and the platform's notes.
            (self.kept, self.takes_steps) = (Kept::Whole, false);
        }
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
            all.push(ColumnDef::new("overriddencreatedon", ColumnType::DateTime));
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
            value,
            label: label.to_owned(),
            state,
            default_status,
            entered: None,
            managed: false,
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
