//! Views: what they ask for has to be there, and each table has one that its lists begin with.

use sluice_model::{Error, Filter, Query, Reference, Remedy, Request, Result, Row, fetchxml};

use sluice_engine::{Operation, Unit, rules::Rules, tables};

/// The rules of `savedquery`.
pub(super) struct SavedQuery;

impl Rules for SavedQuery {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let target = operation.target()?.clone();
        check(unit, operation, &target)
    }

    fn after_create(&self, unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
        only_default(unit, operation, row, row.text("returnedtypecode"))
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let mut row = before.clone();
        row.values.extend(operation.target()?.values.clone());
        check(unit, operation, &row)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let view = unit.need_as_platform(
            "a table has one default view",
            &Reference::new(tables::VIEW, operation.id()?),
        )?;
        if view.bool("isdefault") != Some(true) || operation.why().is_platform() {
            return Ok(());
        }
        let message = format!(
            "the lists of `{}` begin with the view \"{}\"; make another view of the table the default first",
            view.text("returnedtypecode").unwrap_or_default(),
            view.text("name").unwrap_or_default()
        );
        Err(Error::invalid(message)
            .with_table(tables::VIEW)
            .with_remedy(Remedy::MakeViewDefault))
    }

    fn after_update(&self, unit: &mut Unit, operation: &Operation, before: &Row, changed: &Row) -> Result<()> {
        let table = changed.text("returnedtypecode").or(before.text("returnedtypecode"));
        only_default(unit, operation, changed, table)
    }
}

/// The query can be read and asks for rows of the view's table.
fn check(unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
    let (Some(table), Some(text)) = (row.text("returnedtypecode"), row.text("fetchxml")) else {
        // Create itself refuses a view without them.
        return Ok(());
    };
    let surroundings = unit.surroundings(operation.principal())?;
    surroundings.catalog.table(table)?;
    let query = fetchxml::parse(&surroundings, text)?;
    if *query.table == *table {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the view \"{}\" is one of `{table}`, and its FetchXML asks for rows of `{}`",
        row.text("name").unwrap_or_default(),
        query.table
    ))
    .with_table(tables::VIEW))
}

/// Where a view becomes its table's default, the one before it no longer is.
fn only_default(unit: &mut Unit, operation: &Operation, row: &Row, table: Option<&str>) -> Result<()> {
    let (Some(true), Some(table)) = (row.bool("isdefault"), table) else {
        return Ok(());
    };
    let filter = Filter::eq("returnedtypecode", table).and(Filter::eq("isdefault", true));
    for other in unit.select_as_platform(
        "a table has one default view",
        &Query::new(tables::VIEW).columns(&[]).filter(filter),
    )? {
        if other.id != row.id {
            let reason = "a table has one default view";
            let former = Row::new(tables::VIEW, other.id).with("isdefault", false);
            unit.run_as_system(operation, reason, Request::update(former))?;
        }
    }
    Ok(())
}
