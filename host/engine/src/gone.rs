//! Secured columns that are gone. What they held stands on in the audit trail, in traces and in what jobs say, also
//! where a later column has their name: it is shown to those who read every column, whichever is secured.

use sluice_access::Principal;
use sluice_model::{ColumnDef, Error, Name, Reference, Result, Row, TableDef, Timestamp};

use crate::{Unit, tables};

/// The column of the organisation's row that names them: `TABLE.COLUMN TIME`, a line for each.
pub(crate) const COLUMN: &str = "sl_securedgone";

/// A secured column that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoneColumn {
    pub(crate) table: Name,
    pub(crate) column: Name,
    /// When the last one of its name went.
    pub(crate) until: Timestamp,
}

/// The columns that the text in [`COLUMN`] names.
pub(crate) fn read(text: &str) -> Vec<GoneColumn> {
    let line = |line: &str| {
        let (name, until) = line.split_once(' ')?;
        let (table, column) = name.split_once('.')?;
        Some(GoneColumn {
            table: table.into(),
            column: column.into(),
            until: until.parse().ok()?,
        })
    };
    text.lines().filter_map(line).collect()
}

fn written(columns: &[GoneColumn]) -> String {
    let line = |gone: &GoneColumn| format!("{}.{} {}", gone.table, gone.column, gone.until);
    columns.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl Unit {
    /// Notes those of these columns that are secured: they go now.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn note_gone<'a>(
        &mut self,
        table: &TableDef,
        columns: impl IntoIterator<Item = &'a ColumnDef>,
    ) -> Result<()> {
        let secured: Vec<_> = columns.into_iter().filter(|column| column.secured).collect();
        if secured.is_empty() {
            return Ok(());
        }
        let until = self.core.env.now();
        let organization = self.snapshot()?.settings.id;
        // Read here and not in the snapshot: the same transaction may have noted others.
        let reason = "keep in mind which secured columns are gone: what they held stays hidden";
        let row = self.need_as_platform(reason, &Reference::new(tables::ORGANIZATION, organization))?;
        let mut gone = read(row.text(COLUMN).unwrap_or_default());
        for column in secured {
            gone.retain(|known| (&known.table, &known.column) != (&table.name, &column.name));
            gone.push(GoneColumn {
                table: table.name.clone(),
                column: column.name.clone(),
                until,
            });
        }
        let row = Row::new(tables::ORGANIZATION, organization).with(COLUMN, written(&gone));
        self.update_as_platform(reason, row)
    }

    /// The secured columns, gone by now, of which something of that time may tell; none, to a reader of every column.
    pub fn gone_columns(&self, reader: &Principal, when: Option<Timestamp>) -> Vec<GoneColumn> {
        if reader.reads_every_column() {
            return Vec::new();
        }
        let then = |gone: &&GoneColumn| when.is_none_or(|when| when <= gone.until);
        self.snapshot.settings.gone.iter().filter(then).cloned().collect()
    }
}

impl GoneColumn {
    /// Whether it is the column of that name of the table of that name.
    pub fn is(&self, table: &str, column: &str) -> bool {
        (&*self.table, &*self.column) == (table, column)
    }
}

/// What somebody lacks from whom these are kept.
pub(crate) fn refused(gone: &[GoneColumn]) -> Option<Error> {
    if gone.is_empty() {
        return None;
    }
    let mut error = Error::said(sluice_model::Code::COLUMN_READ_DENIED);
    let names = gone.iter().map(|gone| format!("{}.{}", gone.table, gone.column));
    error.body_mut().missing.extend(names);
    Some(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_read_as_it_was_written() {
        let gone = GoneColumn {
            table: "account".into(),
            column: "new_sec".into(),
            until: Timestamp::from_second(1_700_000_000).unwrap(),
        };
        let both = [
            gone.clone(),
            GoneColumn {
                column: "x".into(),
                ..gone
            },
        ];
        assert_eq!(read(&written(&both)), both);
        assert_eq!(read(""), []);
    }
}
