//! Whether the values of a row are such as its table's columns have: who owns it, its state and the
//! reason for it, the choices of the platform's own configuration, the rows that it refers to. What
//! a customizer may leave behind is no damage: rows keep the number of an option that was removed.

use std::collections::BTreeSet;

use sluice_access::Permit;
use sluice_model::{ColumnDef, ColumnType, Depth, Name, Ownership, Result, Row, TableDef, Value};
use sluice_store::Tx;

use super::Looked;
use crate::tables;

/// So many names of tables that a lookup refers to are kept; there are not so many tables.
const TABLES: usize = 4_096;

/// The column that says how deep a role holds a privilege.
const MASK: &str = "privilegedepthmask";

/// The column that says to whom a user reports.
const MANAGER: &str = "parentsystemuserid";

/// What a row's own values say against it, a sentence for each.
pub(super) fn problems(table: &TableDef, row: &Row) -> Vec<String> {
    let mut found = Vec::new();
    let mut of_column = |column: &str, what: &str| {
        found.push(format!(
            "the column `{column}` of the row {} of `{}` {what}",
            row.id, table.name
        ));
    };
    if table.ownership == Ownership::User && row.lookup("ownerid").is_none() {
        of_column("ownerid", "is empty: everything in this table is somebody's");
    }
    if table.states().is_some() && row.int("statecode").is_none() {
        of_column("statecode", "is empty");
    }
    if &*table.name == tables::ROLE_PRIVILEGES {
        let mask = row.int(MASK);
        match mask {
            None => of_column(MASK, "is empty: a privilege is held at a depth"),
            Some(mask) if Depth::ALL.iter().all(|depth| depth.mask() != mask) => {
                of_column(MASK, &format!("is {mask}, which is the mask of no depth"));
            }
            Some(_) => {}
        }
    }
    if &*table.name == tables::USER && row.id_of(MANAGER) == Some(row.id) {
        of_column(MANAGER, "is the row itself: nobody reports to themselves");
    }
    for column in &table.columns {
        let watched = matches!(column.kind, ColumnType::State { .. }) || (table.configuration && !column.custom);
        let options = column.kind.options().filter(|options| watched && !options.is_empty());
        let Some(options) = options else { continue };
        let numbers = match row.get(&column.name) {
            Some(Value::Choice(number)) => std::slice::from_ref(number),
            Some(Value::Choices(numbers)) => numbers.as_slice(),
            _ => continue,
        };
        let strange = numbers
            .iter()
            .find(|number| options.iter().all(|option| option.value != **number));
        if let Some(number) = strange {
            of_column(&column.name, &format!("is {number}, which is no option of it"));
        }
    }
    if let Some((state, status)) = states(table, row) {
        of_column(
            "statuscode",
            &format!("is {status}, which is no reason for the state {state}"),
        );
    }
    found
}

/// The state and the status reason of a row, where the reason is one of another state.
fn states(table: &TableDef, row: &Row) -> Option<(i32, i32)> {
    let (_, reasons) = table.states()?;
    let (state, status) = (row.int("statecode")?, row.int("statuscode")?);
    let reason = reasons.iter().find(|reason| reason.value == status)?;
    (reason.state.is_some_and(|of| of != state)).then_some((state, status))
}

/// The tables to which the lookups with several targets of a table refer, as its rows say.
#[derive(Default)]
pub(super) struct Referred(BTreeSet<(Name, Name)>);

impl Referred {
    /// Looks at a row of the table.
    pub(super) fn at(&mut self, table: &TableDef, row: &Row) {
        for column in lookups(table) {
            let Some(reference) = row.lookup(&column.name) else {
                continue;
            };
            let known = self
                .0
                .iter()
                .any(|(of, to)| *of == column.name && *to == reference.table);
            if !known && self.0.len() < TABLES {
                self.0.insert((column.name.clone(), reference.table.clone()));
            }
        }
    }

    /// Looks for the rows that they refer to.
    pub(super) fn find(
        self,
        tx: &mut Tx,
        permit: &Permit,
        table: &TableDef,
        tables: &[TableDef],
        looked: &mut Looked,
    ) -> Result<()> {
        for (column, target) in self.0 {
            let Some(column) = table.column(&column) else { continue };
            let Some(target) = tables.iter().find(|other| other.name == target) else {
                looked.add(format!(
                    "the column `{}` of `{}` refers to the table `{target}`, which is not there",
                    column.name, table.name
                ));
                continue;
            };
            tx.each_dangling(permit, table, column, target, &mut |row| {
                looked.add(format!(
                    "the column `{}` of the row {row} of `{}` refers to a row of `{}` that is not there",
                    column.name, table.name, target.name
                ));
            })?;
        }
        Ok(())
    }
}

/// Lookups that the database itself does not watch over.
fn lookups(table: &TableDef) -> impl Iterator<Item = &ColumnDef> {
    let several = |column: &&ColumnDef| column.kind.targets().is_some_and(|targets| targets.len() != 1);
    table.columns.iter().filter(several)
}
