//! RetrieveMultiple: reads the rows that a query asks for and the caller may see.

use sluice_model::{Error, Filter, Parameter as Input, Result, Right, coerce};

use super::{Images, Message, Parameter, Shape, Takes, required};
use crate::{Operation, Unit, principals};

/// The platform's page: a query without `top` gives at most so many rows.
const PAGE: u32 = 5_000;

/// `RetrieveMultiple`.
pub(crate) struct RetrieveMultiple;

impl Message for RetrieveMultiple {
    fn name(&self) -> &'static str {
        "RetrieveMultiple"
    }

    fn doc(&self) -> &'static str {
        "Reads the rows that a query asks for, as far as the caller may see them."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[Parameter] = &[required("Query", "query")];
        const OUTPUTS: &[Parameter] = &[required("BusinessEntityCollection", "rows")];
        Shape {
            takes: Takes::Query,
            tables: None,
            reads: true,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let Some(Input::Query(query)) = operation.input("Query") else {
            return Err(Error::invalid("message RetrieveMultiple needs a Query"));
        };
        let mut query = query.clone();
        for name in query
            .columns
            .iter()
            .flatten()
            .chain(query.order.iter().map(|order| &order.column))
        {
            coerce::column(&table, name)?;
        }
        check_filter(&table, &query.filter)?;
        query.top = Some(query.top.unwrap_or(PAGE).min(PAGE));
        let snapshot = unit.snapshot()?;
        let permit = sluice_access::list(&operation.principal, &snapshot.units, &table, &snapshot.privileges)?;
        let rows = unit.tx.select(&permit, &table, &query)?;
        operation.output("BusinessEntityCollection", Input::Rows(rows));
        Ok(())
    }
}

fn check_filter(table: &sluice_model::TableDef, filter: &Filter) -> Result<()> {
    match filter {
        Filter::All => Ok(()),
        Filter::And(all) | Filter::Or(all) => all.iter().try_for_each(|filter| check_filter(table, filter)),
        Filter::Not(filter) => check_filter(table, filter),
        Filter::Compare { column, .. } | Filter::In { column, .. } => coerce::column(table, column).map(|_| ()),
    }
}
