//! Where a page ended, as a text that is handed out and comes back with the next one.

use rusqlite::types::ValueRef;
use serde::{Deserialize, Serialize};
use sluice_model::{Error, Result};

/// See the module.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Cookie {
    /// Behind the row that stands there in the order.
    #[serde(rename = "after")]
    After {
        /// Its cells.
        at: Vec<Place>,
        /// The order that they are of.
        by: String,
    },
    /// So many rows are passed over.
    #[serde(rename = "skip")]
    Skip(u64),
}

/// A cell of the row.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Place {
    #[serde(rename = "n")]
    Null,
    #[serde(rename = "i")]
    Int(i64),
    #[serde(rename = "r")]
    Real(f64),
    #[serde(rename = "t")]
    Text(String),
    #[serde(rename = "b")]
    Bytes(String),
}

impl Cookie {
    /// A cookie that an answer gave.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|_| Self::foreign())
    }

    /// The refusal of what no answer to this query gave.
    pub(crate) fn foreign() -> Error {
        Error::invalid("the paging cookie is none that an answer to this query gave; begin with the first page")
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Place {
    pub(crate) fn of(cell: ValueRef<'_>) -> Self {
        match cell {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(n) => Self::Int(n),
            ValueRef::Real(n) => Self::Real(n),
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Self::Bytes(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }
}

impl From<&Place> for sea_query::Value {
    fn from(place: &Place) -> Self {
        match place {
            Place::Null => Self::BigInt(None),
            Place::Int(n) => Self::BigInt(Some(*n)),
            Place::Real(n) => Self::Double(Some(*n)),
            Place::Text(text) => Self::String(Some(text.clone())),
            Place::Bytes(hex) => {
                let digits = |at: usize| hex.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
                Self::Bytes(Some((0..hex.len()).step_by(2).filter_map(digits).collect()))
            }
        }
    }
}
