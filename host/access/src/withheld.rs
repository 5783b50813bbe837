//! What of secured columns is kept from those who read rows. Of the values nothing is kept here.

use sluice_model::{Code, Name, TableDef, Uuid};

use crate::{ColumnRight, Principal, text};

/// A secured column that somebody read and was not shown.
#[derive(Debug, Clone)]
pub struct Withheld {
    /// From whom.
    pub principal: Principal,
    /// The table.
    pub table: Name,
    /// The secured column.
    pub column: Name,
    /// Where it was read: a place of [`Checks::places`](crate::Checks::places).
    pub place: Option<u32>,
}

impl Withheld {
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.principal.identity(), one.place);
        of(self) == of(other) && self.table == other.table && self.column == other.column
    }
}

impl Principal {
    /// Keeps which secured columns the principal reads of a table without being shown them; `None` is
    /// every column.
    pub fn note_withheld<'a>(&self, table: &TableDef, read: Option<impl IntoIterator<Item = &'a Name>>) {
        let is_noted = self.checks().is_some() || self.reader.is_some();
        if !is_noted || !table.columns.iter().any(|column| column.secured) {
            return;
        }
        let all = read.is_none();
        let note = |name: &Name| {
            let Some(column) = table.secured_as(name) else { return };
            if let Some(reader) = self.hides_from_reader(table, column) {
                // Who asks for every column need not want this one.
                if !all {
                    let (of, right) = (reader.principal(), ColumnRight::Read.word());
                    let code = Code::COLUMN_READ_DENIED;
                    reader.refuse(text::column_denied(of, table, code, right, column, Uuid::nil()));
                }
                return;
            }
            if self.may_with_column(table, column, ColumnRight::Read) {
                return;
            }
            if let Some(checks) = self.checks() {
                checks.add_withheld(Withheld {
                    principal: self.unwatched(),
                    table: table.name.clone(),
                    column: column.clone(),
                    place: None,
                });
            }
        };
        match read {
            Some(read) => read.into_iter().for_each(note),
            None => table.columns.iter().map(|column| &column.name).for_each(note),
        }
    }
}
