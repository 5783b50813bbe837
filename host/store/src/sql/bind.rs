//! Binding `sea-query`'s values, and our own cells, to a prepared statement.

use rusqlite::{CachedStatement, ToSql, types::ToSqlOutput};
use sea_query::{Value, Values};
use sluice_model::{Error, Result};

use crate::{fault::fault, form::Cell};

struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self.0 {
            Value::BigInt(value) => value.to_sql(),
            // A limit.
            Value::BigUnsigned(Some(value)) => Ok(i64::try_from(*value).unwrap_or(i64::MAX).into()),
            Value::Double(value) => value.to_sql(),
            Value::String(value) => value.to_sql(),
            Value::Bytes(value) => value.to_sql(),
            other => Err(rusqlite::Error::ToSqlConversionFailure(
                format!("{other:?} is not bound").into(),
            )),
        }
    }
}

/// Binds the values of a built statement.
pub(crate) fn values(statement: &mut CachedStatement<'_>, values: &Values) -> Result<()> {
    for (index, value) in values.0.iter().enumerate() {
        statement.raw_bind_parameter(index + 1, Bound(value)).map_err(fault)?;
    }
    Ok(())
}

/// Binds cells in their order.
pub(crate) fn cells<'a>(
    statement: &mut CachedStatement<'_>,
    cells: impl IntoIterator<Item = &'a Cell<'a>>,
) -> Result<()> {
    let mut bound = 0;
    for cell in cells {
        bound += 1;
        statement.raw_bind_parameter(bound, cell).map_err(fault)?;
    }
    if bound == statement.parameter_count() {
        return Ok(());
    }
    Err(Error::host(format!(
        "a statement of {} parameters was given {bound}",
        statement.parameter_count()
    )))
}
