//! An exchange rate is above zero, and that of the base currency is one; a currency has a name and a
//! code of its own, and the base currency stays what it is.

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
    if let Some(code) = changed(row, "isocurrencycode", before) {
        check_code(code, is_base)?;
        check_free(unit, ("isocurrencycode", code), "the code", before)?;
    }
    match changed(row, "currencyname", before) {
        Some(name) => check_free(unit, ("currencyname", name), "the name", before),
        None => Ok(()),
    }
}

/// The text that comes into a column, where it is another one.
fn changed<'a>(row: &'a Row, column: &str, before: Option<&Row>) -> Option<&'a str> {
    let text = row.text(column)?;
    (before.and_then(|before| before.text(column)) != Some(text)).then_some(text)
}

fn check_code(code: &str, is_base: bool) -> Result<()> {
    if is_base {
        return Err(Error::invalid(
            "the base currency stays the one that it is: the base amounts of all rows are in it",
        ));
    }
    match code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        true => Ok(()),
        false => Err(Error::invalid(format!(
            "the code of a currency is three capital letters, such as EUR, and not `{code}`"
        ))),
    }
}

/// No other currency is called so: whoever names one means one.
fn check_free(unit: &mut Unit, (column, text): (&str, &str), what: &str, before: Option<&Row>) -> Result<()> {
    let same = Query::new(tables::CURRENCY)
        .columns(&["currencyname"])
        .filter(Filter::eq(column, text));
    let taken = unit.select_as_platform("a name or a code is that of one currency", &same)?;
    let own = before.map_or_else(Uuid::nil, |before| before.id);
    match taken.iter().find(|other| other.id != own) {
        None => Ok(()),
        Some(other) => Err(Error::invalid(format!(
            "there is a currency with {what} {text} already: {} ({})",
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
