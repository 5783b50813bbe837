//! Which columns can be secured: those whose value is the row's own, and by which nothing else is
//! decided. Source: the published page on column-level security.

use crate::{ColumnDef, ColumnType, Error, Name, Ownership, Result, TableDef, definition::Kept};

/// Columns of which a full name is made.
const NAME_PARTS: [&str; 3] = ["firstname", "middlename", "lastname"];

impl TableDef {
    /// The secured column by whose profiles a column is read: itself, or of a base amount the amount
    /// that it is made of. `None` where everybody reads it who reads the row.
    pub fn secured_as(&self, name: &str) -> Option<&Name> {
        let secured = |name: &str| self.column(name).filter(|column| column.secured);
        let of_base = || secured(name.strip_suffix("_base")?).filter(|column| column.kind.is_money());
        secured(name).or_else(of_base).map(|column| &column.name)
    }

    /// Whether a column can be secured.
    ///
    /// # Errors
    /// It is a key or a part of one, a lookup, a state, the name of the row or a part of it, or the
    /// platform fills it; or the table is the platform's own, or holds definitions: these travel in solutions as they
    /// are.
    pub fn check_securable(&self, column: &ColumnDef) -> Result<()> {
        let part_of_name = self.column("fullname").is_some() && NAME_PARTS.contains(&&*column.name);
        let why =
            if self.ownership == Ownership::None || self.configuration || self.customizes || self.kept == Kept::Whole {
                "its table is one of those by which the organisation itself is decided on"
            } else if column.name == self.key || column.kind == ColumnType::Key {
                "it is the key"
            } else if column.kind.targets().is_some() {
                "it is a lookup"
            } else if matches!(column.kind, ColumnType::State { .. } | ColumnType::Status { .. }) {
                "it is a state"
            } else if self.primary_name.as_ref() == Some(&column.name) || part_of_name {
                "it is the name of the row, or a part of it"
            } else if column.filled || column.is_of_every_table() {
                "the platform fills it"
            } else if self.keys.iter().any(|key| key.columns.contains(&column.name)) {
                "it is a part of an alternate key"
            } else {
                return Ok(());
            };
        let message = format!("column `{}` of `{}` cannot be secured: {why}", column.name, self.name);
        Err(Error::invalid(message).with_table(&self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_amount_is_read_as_its_amount_is() {
        let mut table = TableDef::new("deal", Ownership::User);
        for (name, kind) in [
            ("worth", ColumnType::Money { precision: 2 }),
            ("open", ColumnType::Money { precision: 2 }),
            ("note", ColumnType::Text { max_length: 10 }),
            ("note_base", ColumnType::Text { max_length: 10 }),
        ] {
            let mut column = ColumnDef::new(name, kind);
            column.secured = name != "open" && name != "note_base";
            table.columns.push(column);
        }
        table.complete();
        let of = |name: &str| table.secured_as(name).map(|name| name.to_string());
        assert_eq!(of("worth").as_deref(), Some("worth"));
        assert_eq!(of("worth_base").as_deref(), Some("worth"));
        assert_eq!(of("open_base"), None);
        assert_eq!(of("note").as_deref(), Some("note"));
        assert_eq!(of("note_base"), None);
        assert_eq!(of("createdon"), None);
    }
}
