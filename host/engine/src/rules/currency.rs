//! An exchange rate is above zero, and that of the base currency is one.

use sluice_model::{Decimal, Error, Result, Row, Uuid, Value};

use super::Rules;
use crate::{Operation, Unit};

pub(super) struct Currency;

fn check(unit: &Unit, row: &Row, id: Uuid) -> Result<()> {
    let Some(rate) = row.get("exchangerate").and_then(Value::as_decimal) else {
        return Ok(());
    };
    if rate <= Decimal::ZERO {
        return Err(Error::invalid(format!("an exchange rate is above zero, not {rate}")));
    }
    if unit.snapshot.settings.base_currency == Some(id) && rate != Decimal::ONE {
        return Err(Error::invalid("the exchange rate of the base currency is 1"));
    }
    Ok(())
}

impl Rules for Currency {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        check(unit, operation.target()?, Uuid::nil())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        check(unit, operation.target()?, before.id)
    }
}
