//! What no definition says, by whatever door it comes.

use crate::{ColumnDef, ColumnType, Error, TableDef};

impl TableDef {
    /// What the definition says and none may: a secured column that cannot be secured, a default of a
    /// lookup (whoever makes a row chooses what it refers to, and has to be allowed to attach it there), and a
    /// column in the place of one that another brings.
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
        let brought = self.columns.iter().filter_map(|column| self.in_the_way(column));
        faults.extend(brought);
        faults
    }

    /// The base amount of an amount, and the table of a lookup of several ones, lie beside it.
    fn in_the_way(&self, column: &ColumnDef) -> Option<Error> {
        let beside = |end: &str| self.column(&format!("{}{end}", column.name));
        let (other, what) = match &column.kind {
            ColumnType::Money { .. } if !column.name.ends_with("_base") => {
                let other = beside("_base").filter(|other| !(other.filled && other.kind.is_money()));
                (other?, "its base amount")
            }
            ColumnType::Lookup { targets } if targets.len() > 1 => {
                (beside("_type")?, "the table that a row of it refers to")
            }
            _ => return None,
        };
        let message = format!(
            "column `{}` of `{}` needs the place of the column `{}` for {what}: give one of them another name",
            column.name, self.name, other.name
        );
        Some(Error::invalid(message).with_table(&self.name))
    }
}

#[cfg(test)]
mod tests {
    use crate::{ColumnDef, ColumnType, Ownership, TableDef};

    #[test]
    fn a_column_does_not_stand_in_the_place_of_one_that_another_brings() {
        let mut table = TableDef::new("deal", Ownership::User);
        let text = |name: &str| ColumnDef::new(name, ColumnType::Text { max_length: 10 });
        table.columns.push(text("worth_base"));
        table.columns.push(text("about_type"));
        table.complete();
        assert!(table.faults().is_empty(), "{:?}", table.faults());
        table
            .columns
            .push(ColumnDef::new("worth", ColumnType::Money { precision: 2 }));
        let targets = vec!["deal".into(), "lead".into()];
        table
            .columns
            .push(ColumnDef::new("about", ColumnType::Lookup { targets }));
        assert_eq!(table.faults().len(), 2, "{:?}", table.faults());
    }

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
