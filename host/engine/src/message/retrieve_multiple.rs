//! RetrieveMultiple: reads the rows that a query asks for and the caller may see.

use sluice_model::{Parameter as Input, ParameterType, Result, Value};

use super::{Images, Message, Parameter, Shape, Takes, input, lookup_names, optional, required};
use crate::{Operation, Unit};

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
        const INPUTS: &[Parameter] = &[
            required("Query", ParameterType::Query),
            optional("ReturnTotalRecordCount", ParameterType::Bool),
            lookup_names::WANTED,
        ];
        const OUTPUTS: &[Parameter] = &[
            required("BusinessEntityCollection", ParameterType::Rows),
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
        unit.require_read(operation, input::query(operation, "Query")?)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let mut query = input::query(operation, "Query")?.clone();
        query.top = Some(query.top.unwrap_or(PAGE).min(PAGE));
        let mut rows = unit.list_as_caller(operation, &query)?;
        let columns = query.columns.as_deref();
        unit.core
            .rules(&table)
            .after_read(unit, operation, columns, &mut rows)?;
        lookup_names::give(unit, operation, &rows)?;
        operation.output("BusinessEntityCollection", Input::Rows(rows));
        if input::bool(operation, "ReturnTotalRecordCount")? {
            let count = unit.count_as_caller(operation, &query)?;
            operation.output(
                "TotalRecordCount",
                Value::BigInt(i64::try_from(count).unwrap_or(i64::MAX)),
            );
        }
        Ok(())
    }
}
