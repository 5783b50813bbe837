//! What a loose id points at, and what becomes of the row that holds it.

use serde::{Deserialize, Serialize};

use crate::Name;

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
