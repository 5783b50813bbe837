//! A row as it will be, for who judges it before it is written; and of which columns the platform makes others.

use sluice_access::OwnerToBe;
use sluice_model::{Name, Ownership, Reference, Result, Row, TableDef};

use super::{OWNING_UNIT, Whose, changed_columns, is_counted, is_named_by_parts, lies, new_columns, set_owner};
use crate::{Unit, tables};

impl Unit {
    /// The row that comes of what a request has, with what the platform fills beside it: the columns' defaults, whose
    /// it is, its state and currency, what is made of other columns, and who wrote it when. `before` is the row as it
    /// is; nothing, where it is made. What is wrong with it is refused where it is written, and not here.
    pub fn foreseen(&mut self, table: &TableDef, sent: &Row, before: Option<&Row>) -> Row {
        let mut row = sent.clone();
        let author = self.author();
        let filled = match before {
            None => new_columns(self, author.when, table, &mut row),
            Some(before) => changed_columns(self, table, (&mut row, before), &[]),
        };
        let owned = self.foresee_owner(table, &mut row, before);
        if let Err(error) = filled.and(owned) {
            tracing::trace!(%error, "a row that will be refused is judged as far as it could be filled");
        }
        if table.column("modifiedon").is_some() {
            author.sign(&mut row, before.is_none());
            author.date(&mut row, before.is_none());
        }
        match before {
            None => row,
            Some(before) => {
                let mut whole = before.clone();
                whole.values.extend(row.values);
                whole
            }
        }
    }

    /// The owning columns, whoever may give the row to whom.
    fn foresee_owner(&mut self, table: &TableDef, row: &mut Row, before: Option<&Row>) -> Result<()> {
        let author = Reference::new(tables::USER, self.author().user);
        let chosen = row.lookup("ownerid").cloned();
        let owner = match (table.ownership, chosen, before) {
            (Ownership::User, Some(chosen), Some(before)) if before.lookup("ownerid") == Some(&chosen) => return Ok(()),
            (Ownership::User, Some(chosen), _) => chosen,
            (Ownership::User, None, None) => author.clone(),
            (Ownership::Business, _, None) if !row.has("businessunitid") && &*table.name != tables::BUSINESS_UNIT => {
                let unit = self.principal_of(&author)?.business_unit();
                row.set("businessunitid", Reference::new(tables::BUSINESS_UNIT, unit));
                return Ok(());
            }
            _ => return Ok(()),
        };
        let owner = self.principal_of(&owner)?;
        let whose = match before {
            None => Whose::New(self.principal_of(&author)?.business_unit()),
            Some(before) => Whose::Changed(before),
        };
        let owner = OwnerToBe {
            id: owner.id(),
            kind: owner.kind(),
            business_unit: lies(self, row, whose, owner.business_unit()),
        };
        set_owner(row, &owner);
        Ok(())
    }
}

/// The columns of which the platform makes this one: a request that sends one of them changes it.
pub fn made_of(table: &TableDef, column: &Name) -> Vec<Name> {
    let currency = || Name::from("transactioncurrencyid");
    let amounts = || table.amounts().map(|amount| amount.name.clone());
    let is_counted = is_counted(table);
    match &**column {
        "fullname" if is_named_by_parts(table) => vec!["firstname".into(), "lastname".into()],
        "transactioncurrencyid" if is_counted => amounts().collect(),
        "exchangerate" if is_counted => amounts().chain([currency()]).collect(),
        "statuscode" if table.states().is_some() => vec!["statecode".into()],
        "owninguser" | "owningteam" | OWNING_UNIT if table.ownership == Ownership::User => vec!["ownerid".into()],
        base => {
            let amount = base.strip_suffix("_base").and_then(|name| table.column(name));
            let amount = amount.filter(|amount| amount.kind.is_money() && is_counted);
            amount.map_or_else(Vec::new, |amount| {
                vec![amount.name.clone(), currency(), "exchangerate".into()]
            })
        }
    }
}
