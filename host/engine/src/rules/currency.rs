//! An exchange rate is above zero, and that of the base currency is one; a currency has a code of its own, and
//! the base currency stays what it is.

use sluice_model::{Decimal, Error, Filter, Query, Result, Row, Uuid, Value};

use super::Rules;
use crate::{Operation, Unit, tables};

pub(super) struct Currency;

/// `before` is the row as it was; nothing, where it is made.
fn check(unit: &mut Unit, row: &Row, before: Option<&Row>) -> Result<()> {
    let is_base = before.is_some_and(|before| unit.snapshot.settings.base_currency == Some(before.id));
    if let Some(rate) = row.get("exchangerate").and_then(Value::as_decimal) {
        if rate <= Decimal::ZERO {
            return Err(Error::invalid(format!("an exchange rate is above zero, not {rate}")));
        }
        if is_base && rate != Decimal::ONE {
            return Err(Error::invalid("the exchange rate of the base currency is 1"));
        }
    }
    if is_base && row.int("statecode").is_some_and(|state| state != 0) {
        return Err(Error::invalid("the base currency is active: amounts are counted in it"));
    }
    match row.text("isocurrencycode") {
        Some(code) => check_code(unit, code, is_base, before),
        None => Ok(()),
    }
}

fn check_code(unit: &mut Unit, code: &str, is_base: bool, before: Option<&Row>) -> Result<()> {
    if before.and_then(|before| before.text("isocurrencycode")) == Some(code) {
        return Ok(());
    }
    if is_base {
        return Err(Error::invalid(
            "the base currency stays the one that it is: the base amounts of all rows are in it",
        ));
    }
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Error::invalid(format!(
            "the code of a currency is three capital letters, such as EUR, and not `{code}`"
        )));
    }
    let same = Query::new(tables::CURRENCY)
        .columns(&["currencyname"])
        .filter(Filter::eq("isocurrencycode", code));
    let taken = unit.select_as_platform("a code is that of one currency", &same)?;
    let own = before.map_or_else(Uuid::nil, |before| before.id);
    match taken.iter().find(|other| other.id != own) {
        None => Ok(()),
        Some(other) => Err(Error::invalid(format!(
            "there is a currency with the code {code} already: {} ({})",
            other.text("currencyname").unwrap_or_default(),
            other.id
        ))),
    }
}

impl Rules for Currency {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let row = operation.target()?.clone();
        check(unit, &row, None)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let row = operation.target()?.clone();
        check(unit, &row, Some(before))
    }
}
