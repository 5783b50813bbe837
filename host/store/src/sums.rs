//! The sum of exact numbers: decimals, which the database does not know as numbers, and whole numbers
//! and amounts, of which it has no more than 64 bits. It has the form of a decimal cell.

use rusqlite::{
    Connection, Error, Result,
    functions::{Aggregate, Context, FunctionFlags},
    types::ValueRef,
};

use crate::{
    fault::fault,
    form,
    sql::list::{MEAN, SUM},
};

struct Sum;

impl Aggregate<i128, Vec<u8>> for Sum {
    fn init(&self, _: &mut Context<'_>) -> Result<i128> {
        Ok(0)
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut i128) -> Result<()> {
        let number = match context.get_raw(0) {
            ValueRef::Null => return Ok(()),
            ValueRef::Integer(number) => number.into(),
            other => form::scaled_of(other.as_blob()?).unwrap_or_default(),
        };
        let more = sum.checked_add(number);
        *sum = more.ok_or_else(|| Error::UserFunctionError("the sum is too large".into()))?;
        Ok(())
    }

    /// Of no number at all it is zero.
    fn finalize(&self, _: &mut Context<'_>, sum: Option<i128>) -> Result<Vec<u8>> {
        Ok(form::of_scaled(sum.unwrap_or_default()).to_vec())
    }
}

struct Mean;

#[expect(clippy::cast_precision_loss, reason = "it is a number to order by")]
impl Aggregate<(f64, u32), Option<f64>> for Mean {
    fn init(&self, _: &mut Context<'_>) -> Result<(f64, u32)> {
        Ok((0.0, 0))
    }

    fn step(&self, context: &mut Context<'_>, (sum, count): &mut (f64, u32)) -> Result<()> {
        if let Some(bytes) = context.get_raw(0).as_blob_or_null()? {
            *sum += form::scaled_of(bytes).unwrap_or_default() as f64;
            *count = count.saturating_add(1);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, mean: Option<(f64, u32)>) -> Result<Option<f64>> {
        Ok(mean
            .filter(|(_, count)| *count > 0)
            .map(|(sum, count)| sum / f64::from(count)))
    }
}

/// Gives a connection the functions.
pub(crate) fn teach(conn: &Connection) -> sluice_model::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_aggregate_function(SUM, 1, flags, Sum).map_err(fault)?;
    conn.create_aggregate_function(MEAN, 1, flags, Mean).map_err(fault)
}
