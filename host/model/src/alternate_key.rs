//! Alternate keys: columns of a table whose values together belong to one row.

use serde::{Deserialize, Serialize};

use crate::{ColumnDef, ColumnType, Error, Name, Result, TableDef, coerce, error::Limit};

/// A key that is at work: the file has an index that keeps its values apart. Rows that lack one of
/// the values are not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyDef {
    /// The logical name.
    pub name: Name,
    /// What people see; the logical name where empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The columns, in the order of the index.
    pub columns: Vec<Name>,
}

/// A table has at most so many keys.
pub const MOST_KEYS: usize = 10;
/// A key has at most so many columns.
const MOST_COLUMNS: usize = 16;
/// The values of a key have at most so many bytes.
const MOST_BYTES: u32 = 900;

impl KeyDef {
    /// What people see.
    pub fn label(&self) -> &str {
        if self.label.is_empty() { &self.name } else { &self.label }
    }

    /// Whether the key is made of exactly these columns.
    pub fn is_made_of<'a>(&self, columns: impl IntoIterator<Item = &'a str>) -> bool {
        let mut own: Vec<&str> = self.columns.iter().map(|name| &**name).collect();
        let mut others: Vec<&str> = columns.into_iter().collect();
        own.sort_unstable();
        others.sort_unstable();
        own == others
    }

    /// Refuses what cannot be a key of the table.
    ///
    /// # Errors
    /// `ATTRIBUTE_UNKNOWN`; `INVALID_ARGUMENT` where a column is of another type than keys are made
    /// of, is named twice, or there are too many of them or they are too long.
    pub fn check(&self, table: &TableDef) -> Result<()> {
        let refused =
            |what: String| Err(Error::invalid(format!("the key `{}` {what}", self.name)).with_table(&table.name));
        if self.columns.is_empty() {
            return refused("has no columns".to_owned());
        }
        let mut bytes = 0;
        for (place, name) in self.columns.iter().enumerate() {
            let column = coerce::column(table, name)?;
            let Some(width) = width(column) else {
                return refused(format!(
                    "cannot be made of `{name}`, which holds {}: a key is made of texts of one line, whole and decimal \
                     numbers, dates, choices and lookups",
                    column.kind.word()
                ));
            };
            if column.filled && column.kind == ColumnType::DateTime {
                return refused(format!(
                    "cannot be made of `{name}`, which the platform fills: of such a time people see the second only"
                ));
            }
            if column.secured {
                return refused(format!(
                    "cannot be made of `{name}`, which is secured: whoever uses it tells of what it holds"
                ));
            }
            if self.columns.iter().take(place).any(|other| other == name) {
                return refused(format!("names the column `{name}` twice"));
            }
            bytes += width;
        }
        let over = |name: &str, unit, allowed: u64, used: u64| {
            let mut error = Error::invalid(format!(
                "the key `{}` has {used} {unit}, and may have {allowed}",
                self.name
            ))
            .with_table(&table.name);
            error.body_mut().limit = Some(Limit {
                name: format!("key-{name}"),
                allowed,
                used,
                unit,
            });
            error
        };
        if self.columns.len() > MOST_COLUMNS {
            let used = self.columns.len() as u64;
            return Err(over("columns", "columns", MOST_COLUMNS as u64, used));
        }
        match bytes > MOST_BYTES {
            true => Err(over("values", "bytes", MOST_BYTES.into(), bytes.into())),
            false => Ok(()),
        }
    }
}

/// How many bytes a value counts; nothing for a column that no key is made of.
fn width(column: &ColumnDef) -> Option<u32> {
    match column.kind {
        ColumnType::Text { max_length } => Some(max_length.saturating_mul(2)),
        ColumnType::Int { .. } | ColumnType::Choice { .. } => Some(4),
        ColumnType::Date | ColumnType::DateTime => Some(8),
        ColumnType::Decimal { .. } => Some(13),
        ColumnType::Lookup { .. } => Some(16),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ownership;

    fn table() -> TableDef {
        let mut table = TableDef::new("account", Ownership::User);
        for (name, kind) in [
            ("number", ColumnType::Text { max_length: 20 }),
            ("name", ColumnType::Text { max_length: 160 }),
            ("long", ColumnType::Text { max_length: 500 }),
            ("note", ColumnType::Memo { max_length: 2_000 }),
            ("size", ColumnType::Int { min: None, max: None }),
            ("budget", ColumnType::Money { precision: 2 }),
        ] {
            table.columns.push(ColumnDef::new(name, kind));
        }
        table
    }

    fn key(columns: &[&str]) -> KeyDef {
        KeyDef {
            name: "sl_key".into(),
            label: String::new(),
            columns: columns.iter().map(|name| Name::from(*name)).collect(),
        }
    }

    #[test]
    fn a_key_is_made_of_columns_that_an_index_can_hold() {
        let check = |columns: &[&str]| key(columns).check(&table()).map_err(|error| error.message().to_owned());
        assert_eq!(check(&["number"]), Ok(()));
        assert_eq!(check(&["number", "name", "size"]), Ok(()));
        for (columns, why) in [
            (&[][..], "no columns"),
            (&["nothing"][..], "no column `nothing`"),
            (&["note"][..], "`note`"),
            (&["budget"][..], "`budget`"),
            (&["size", "number", "size"][..], "twice"),
            (&["long"][..], "1000 bytes"),
        ] {
            assert!(check(columns).unwrap_err().contains(why), "{columns:?}");
        }
    }

    #[test]
    fn the_order_of_the_columns_does_not_matter_to_who_asks() {
        let key = key(&["number", "size"]);
        assert!(key.is_made_of(["size", "number"]));
        assert!(!key.is_made_of(["number"]) && !key.is_made_of(["number", "size", "name"]));
    }
}
