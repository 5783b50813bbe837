//! The currency of a row with amounts, and its base amounts.

use sluice_access::{ColumnRight, check_columns};
use sluice_model::{Decimal, Error, Name, Reference, Result, Row, TableDef, Uuid, Value};

use crate::{Operation, Unit, change::Why, tables};

/// The column with the currency of a row.
const CURRENCY: &str = "transactioncurrencyid";

impl Unit {
    /// The currency that the organisation counts in.
    pub fn base_currency(&self) -> Option<Reference> {
        let base = self.snapshot.settings.base_currency?;
        Some(Reference::new(tables::CURRENCY, base))
    }

    /// An amount of a currency in that of the organisation: of no currency, it is one of it already.
    pub fn in_base_currency(&self, amount: Decimal, currency: Option<&Reference>) -> Decimal {
        match currency.and_then(|currency| rate_of(self, currency.id)) {
            Some(rate) => base_amount(amount, rate),
            None => amount,
        }
    }
}

/// How many of a currency one of the organisation's is.
fn rate_of(unit: &Unit, currency: Uuid) -> Option<Decimal> {
    let rate = unit.snapshot.exchange_rates.get(&currency).copied();
    rate.filter(|rate| !rate.is_zero())
}

/// The base currency for a row that has none.
pub(super) fn base_currency(unit: &Unit, row: &mut Row) {
    if let Some(base) = unit.base_currency() {
        row.set(CURRENCY, base);
    }
}

/// Whoever gives a row another currency, or takes it away, makes other amounts of those in it: they may change
/// each of its secured amounts. What is in them is not looked at, which would tell of it.
///
/// # Errors
/// The first amount that the caller may not change.
pub(crate) fn check_currency(operation: &Operation, table: &TableDef, before: &Row) -> Result<()> {
    let target = operation.target()?;
    let is_same = !target.has(CURRENCY) || target.id_of(CURRENCY) == before.id_of(CURRENCY);
    if operation.why() != Why::Asked || before.lookup(CURRENCY).is_none() || is_same {
        return Ok(());
    }
    let others = table.amounts().map(|column| &column.name);
    let others = others.filter(|name| !target.has(name));
    check_columns(operation.principal(), table, ColumnRight::Update, others, before.id)
}

/// A row with amounts has a currency: it is not taken from them, and the first amount brings the base
/// currency where there is none. An amount that the caller may not read counts as filled, so that neither a
/// refusal nor that there is none tells whether it is.
pub(super) fn keep_currency(
    unit: &Unit,
    table: &TableDef,
    (row, before): (&mut Row, &Row),
    hidden: &[Name],
) -> Result<()> {
    // Without a currency nothing is refused: the base currency comes.
    let has_currency = before.lookup(CURRENCY).is_some();
    let after = |column: &str| {
        let is_hidden = has_currency && !row.has(column) && hidden.iter().any(|name| **name == *column);
        let value = row.get(column).or_else(|| before.get(column));
        is_hidden || value.is_some_and(|it| !it.is_null())
    };
    let is_about = row.has(CURRENCY) || table.amounts().any(|column| row.has(&column.name));
    if !is_about || after(CURRENCY) {
        return Ok(());
    }
    let amounts: Vec<&str> = table
        .amounts()
        .map(|column| &*column.name)
        .filter(|it| after(it))
        .collect();
    if amounts.is_empty() {
        if row.has(CURRENCY) {
            row.set("exchangerate", Value::Null);
            for column in table.amounts() {
                row.set(format!("{}_base", column.name), Value::Null);
            }
        }
        return Ok(());
    }
    if !has_currency {
        base_currency(unit, row);
        return Ok(());
    }
    let message = format!(
        "The currency cannot be null: the row has amounts in it (`{}`); give it another one, or empty them as well",
        amounts.join("`, `")
    );
    Err(Error::invalid(message).with_table(&table.name))
}

/// Base amounts: the amount divided by the exchange rate of the row's currency.
pub(super) fn amounts(unit: &Unit, table: &TableDef, row: &mut Row, before: Option<&Row>) -> Result<()> {
    let currency = match row.get(CURRENCY) {
        Some(value) => value.as_id(),
        None => before.and_then(|before| before.id_of(CURRENCY)),
    };
    let Some(currency) = currency else { return Ok(()) };
    let Some(rate) = rate_of(unit, currency) else {
        return Ok(());
    };
    let old_rate = before
        .and_then(|before| before.get("exchangerate"))
        .and_then(Value::as_decimal);
    let rate_changed = old_rate != Some(rate);
    let mut changed: Vec<(Name, Value)> = Vec::new();
    for column in table.amounts() {
        let amount = match row.get(&column.name) {
            Some(value) => Some(value.clone()),
            None if rate_changed => before.and_then(|before| before.get(&column.name)).cloned(),
            None => None,
        };
        let base = match amount {
            Some(Value::Money(amount)) => Value::Money(base_amount(amount, rate)),
            Some(_) => Value::Null,
            None => continue,
        };
        changed.push((format!("{}_base", column.name).into(), base));
    }
    // The rate tells nothing of the amounts: it comes to a row that has none, too.
    if before.is_none() || rate_changed || !changed.is_empty() {
        row.set("exchangerate", Value::Decimal(rate));
    }
    row.values.extend(changed);
    Ok(())
}

fn base_amount(amount: Decimal, rate: Decimal) -> Decimal {
    amount.checked_div(rate).unwrap_or_default().round_dp(4)
}
