//! RetrieveMultiple: reads the rows that a query asks for and the caller may see.

use sluice_model::{Depth, Error, Page, Parameter, ParameterType, Result, Value};

use super::{Images, Message, ParameterDef, Shape, Takes, input, looked_up, lookup_names, optional, required};
use crate::{Operation, Unit};

/// The platform's page: no answer has more rows.
pub(crate) const PAGE: u32 = 5_000;

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
        const INPUTS: &[ParameterDef] = &[
            required("Query", ParameterType::Query),
            optional("ReturnTotalRecordCount", ParameterType::Bool),
            lookup_names::WANTED,
            looked_up::GIVEN,
        ];
        const OUTPUTS: &[ParameterDef] = &[
            required("BusinessEntityCollection", ParameterType::Rows),
            // Whether there are more rows than these, and where the next page begins.
            optional("MoreRecords", ParameterType::Bool),
            optional("PagingCookie", ParameterType::Text),
            // How many there are without a limit, where that was asked for.
            optional("TotalRecordCount", ParameterType::BigInt),
            lookup_names::GIVEN,
        ];
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
        let asked = unit.require_read(operation, input::query(operation, "Query")?);
        asked.map_err(|error| looked_up::told(among_all(error, unit, operation), operation))
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let mut query = input::query(operation, "Query")?.clone();
        if let Some(stream) = unit.stream.take() {
            if !unit.core.rules(&table).are_shown_as_stored() {
                let why = "rows that readers are shown in part are not handed on while they are read";
                return Err(Error::host(why));
            }
            unit.stream_as_caller(operation, &query, stream)?;
            operation.output("BusinessEntityCollection", Parameter::Rows(Vec::new()));
            return Ok(());
        }
        match (&mut query.top, &mut query.page) {
            (Some(top), _) => *top = PAGE.min(*top),
            (None, Some(page)) => page.size = PAGE.min(page.size),
            (None, none) => {
                *none = Some(Page {
                    number: 1,
                    size: PAGE,
                    after: None,
                });
            }
        }
        let part = unit.page_as_caller(operation, &query)?;
        let mut rows = part.rows;
        operation.output("MoreRecords", Value::Bool(part.next.is_some()));
        if let Some(next) = part.next {
            operation.output("PagingCookie", Value::Text(next));
        }
        let columns = query.columns.as_deref();
        unit.core
            .rules(&table)
            .after_read(unit, operation, columns, &mut rows)?;
        lookup_names::give(unit, operation, &rows)?;
        operation.output("BusinessEntityCollection", Parameter::Rows(rows));
        if query.counted || input::bool(operation, "ReturnTotalRecordCount")? {
            let count = unit.count_as_caller(operation, &query)?;
            operation.output(
                "TotalRecordCount",
                Value::BigInt(i64::try_from(count).unwrap_or(i64::MAX)),
            );
        }
        Ok(())
    }
}

/// The refusal of who may read no row of a table. A client looks rows of the configuration up by their names, and they
/// are mostly others': only what is granted for all of them finds the one that is meant.
fn among_all(mut error: Error, unit: &Unit, operation: &Operation) -> Error {
    let body = error.body_mut();
    let catalog = unit.catalog();
    let table = body.table.as_deref().and_then(|table| catalog.find(table));
    let is_looked_up = operation.context.parent.is_none() && table.is_some_and(|table| table.configuration);
    if is_looked_up && body.privilege.is_some() {
        body.depth = Some(Depth::Organization);
    }
    error
}
