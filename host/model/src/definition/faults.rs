//! What no definition says, by whatever door it comes.

use crate::{Error, TableDef};

impl TableDef {
    /// What the definition says and none may: a secured column that cannot be secured, and a default of
    /// a lookup. Whoever makes a row chooses what it refers to, and has to be allowed to attach it there.
    pub fn faults(&self) -> Vec<Error> {
        let secured = self.columns.iter().filter(|column| column.secured);
        let mut faults: Vec<Error> = secured
            .filter_map(|column| self.check_securable(column).err())
            .collect();
        let given = self.columns.iter().filter(|column| column.default.is_some());
        faults.extend(given.filter(|column| column.given().is_none()).map(|column| {
            let message = format!(
                "column `{}` of `{}` is a lookup, which takes no default: who makes a row says what it refers to",
                column.name, self.name
            );
            Error::invalid(message).with_table(&self.name)
        }));
        faults
    }
}

#[cfg(test)]
mod tests {
    use crate::{ColumnDef, ColumnType, Ownership, TableDef};

    #[test]
    fn a_lookup_takes_no_default_and_a_name_is_not_secured() {
        let mut table = TableDef::new("deal", Ownership::User);
        table
            .columns
            .push(ColumnDef::new("title", ColumnType::Text { max_length: 10 }));
        let targets = vec!["deal".into()];
        table
            .columns
            .push(ColumnDef::new("parent", ColumnType::Lookup { targets }));
        table.complete();
        table.primary_name = Some("title".into());
        assert!(table.faults().is_empty(), "{:?}", table.faults());
        for column in table.columns.iter_mut() {
            column.secured = &*column.name == "title";
            column.default = (&*column.name == "parent").then(|| "0".into());
        }
        let told: Vec<_> = table.faults().iter().map(|fault| fault.message().to_owned()).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("`title`") && told[1].contains("`parent`"), "{told:?}");
    }
}
