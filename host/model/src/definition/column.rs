//! Columns: their types, the options of choices, how strictly a column is demanded.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Points, is_default};
use crate::Name;

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
    /// Of a state option: the message that alone brings a row into the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_by: Option<String>,
    /// It came with a managed solution: only the next import changes it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub managed: bool,
}

impl Choice {
    /// An option of a choice.
    pub fn new(value: i32, label: impl Into<String>) -> Self {
        Self {
            value,
            label: label.into(),
            state: None,
            default_status: None,
            entered: None,
            only_by: None,
            managed: false,
        }
    }
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

pub(super) fn two() -> u32 {
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
    /// What a Create without the column stores (a number, a text, true or false); see [`ColumnDef::given`].
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
    /// What it shows of its value depends on the reader and the row: it is neither searched nor sorted by, which
    /// would tell the rest.
    #[serde(default, skip_serializing_if = "is_default")]
    pub in_part: bool,
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

/// The columns that [`TableDef::complete`](super::TableDef::complete) adds to every table whose rows have owners.
const OF_EVERY_TABLE: [&str; 10] = [
    "createdon",
    "createdby",
    "createdonbehalfby",
    "modifiedon",
    "modifiedby",
    "modifiedonbehalfby",
    MADE_ELSEWHERE,
    "importsequencenumber",
    "versionnumber",
    "organizationid",
];

/// When a row was made elsewhere; once it is made, when it was made here.
pub const MADE_ELSEWHERE: &str = "overriddencreatedon";

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
            in_part: false,
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

    /// What a Create without the column stores. A lookup gets nothing, whatever an older file says.
    pub fn given(&self) -> Option<&serde_json::Value> {
        self.default.as_ref().filter(|_| self.kind.targets().is_none())
    }

    /// Whether every table has it, for the platform's own purposes: it says nothing of what a row is about.
    pub fn is_of_every_table(&self) -> bool {
        OF_EVERY_TABLE.contains(&&*self.name)
    }

    /// Whether it is given when a row is made, and never after.
    pub fn is_given_once(&self) -> bool {
        &*self.name == MADE_ELSEWHERE
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
    /// Asked for each value of each row, more than once.
    index: HashMap<Name, usize, foldhash::fast::RandomState>,
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
