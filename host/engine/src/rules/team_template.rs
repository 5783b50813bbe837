//! Access team templates: for which table, and what the members of its teams may do.

use sluice_model::{Code, Error, Filter, Query, Result, Right, Rights, Row};

use super::Rules;
use crate::{Operation, Unit, record_team, tables};

pub(super) struct TeamTemplate;

/// A table has at most so many.
const MOST: usize = 2;

impl Rules for TeamTemplate {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let row = operation.target()?.clone();
        check(unit, &row)?;
        let of_table = Filter::eq("objecttypecode", row.int("objecttypecode").unwrap_or_default());
        let query = Query::new(tables::TEAM_TEMPLATE).columns(&[]).filter(of_table);
        match unit
            .select_as_platform("a table has two access team templates at most", &query)?
            .len()
            < MOST
        {
            true => Ok(()),
            false => Err(Error::said(Code::TEMPLATES_OF_TABLE).with_table(tables::TEAM_TEMPLATE)),
        }
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        if target.has("objecttypecode") && target.get("objecttypecode") != before.get("objecttypecode") {
            let message = "an access team template stays with its table; make another one";
            return Err(Error::invalid(message).with_table(tables::TEAM_TEMPLATE));
        }
        let mut row = before.clone();
        row.values.extend(target.values.clone());
        check(unit, &row)
    }
}

fn check(unit: &mut Unit, row: &Row) -> Result<()> {
    let code = row.int("objecttypecode").unwrap_or_default();
    let catalog = unit.catalog();
    let table = catalog.iter().find(|table| table.otc == code);
    let table = table.ok_or_else(|| {
        Error::invalid(format!("there is no table with the object type code {code}")).with_table(tables::TEAM_TEMPLATE)
    })?;
    if !table.access_teams {
        return Err(record_team::without_teams(table));
    }
    let rights = record_team::rights(row);
    let known: Vec<Right> = Right::ALL.into_iter().filter(|right| *right != Right::Create).collect();
    let other = rights.0 & !Rights::of(&known).0;
    match rights == Rights::NONE || other != 0 {
        true => Err(Error::said(Code::TEMPLATE_RIGHTS).with_table(tables::TEAM_TEMPLATE)),
        false => Ok(()),
    }
}
