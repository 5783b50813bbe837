//! An amount that a workflow carries from one row to another stays one of its currency, and amounts of two currencies
//! are compared in the organisation's.

use std::collections::BTreeMap;

use sluice_model::{Error, Name, Reference, Result, Row, TableDef, Value};

use super::Run;
use crate::workflows::definition::{Place, Source, Verb};

const CURRENCY: &str = "transactioncurrencyid";

/// An amount in a row.
#[derive(PartialEq, Eq)]
struct Amount {
    place: Place,
    /// It is a base amount: in the organisation's currency, whichever the row has.
    is_base: bool,
}

impl Run<'_> {
    /// Gives a row, which gets these values, the currency of the amounts among them that come from another row.
    /// `changed` is where the row is that is changed; nothing, where it is a new one.
    ///
    /// # Errors
    /// The row has another currency, or gets it.
    pub(super) fn keep_currency(
        &mut self,
        table: &TableDef,
        row: &mut Row,
        (set, changed): (&BTreeMap<Name, Source>, Option<&Place>),
    ) -> Result<()> {
        for (name, source) in set {
            let is_amount = |column: &Name| table.amounts().any(|amount| amount.name == *column);
            if !is_amount(name) || row.get(name).is_none_or(Value::is_null) {
                continue;
            }
            let Some(from) = self.amount_of(source)? else { continue };
            if Some(&from.place) == changed && !from.is_base {
                continue;
            }
            let theirs = self.currency_of(&from)?;
            let own = match (row.has(CURRENCY), changed) {
                (true, _) => row.lookup(CURRENCY).cloned(),
                (false, Some(changed)) => self.currency_at(changed)?,
                (false, None) => None,
            };
            let base = || self.unit.base_currency();
            if theirs.is_none() || theirs == own || (own.is_none() && theirs == base()) {
                continue;
            }
            match theirs {
                Some(theirs) if own.is_none() && !row.has(CURRENCY) => row.set(CURRENCY, theirs),
                _ => {
                    let message = format!(
                        "`{name}` would be another amount: it comes from {}, in another currency than the row of `{}` has that gets \
                         it",
                        from.place, table.name
                    );
                    return Err(Error::invalid(message).with_table(&table.name));
                }
            }
        }
        Ok(())
    }

    /// A column's value and what it is compared with: where they are amounts of two currencies, both in the
    /// organisation's.
    pub(super) fn in_one_currency(
        &mut self,
        (place, column, left): (&Place, &Name, Value),
        (source, right): (&Source, Value),
    ) -> Result<(Value, Value)> {
        let (Value::Money(amount), Value::Money(other)) = (&left, &right) else {
            return Ok((left, right));
        };
        let (Some(own), Some(theirs)) = (self.amount_in(place, column)?, self.amount_of(source)?) else {
            return Ok((left, right));
        };
        if own == theirs {
            return Ok((left, right));
        }
        let (own, theirs) = (self.currency_of(&own)?, self.currency_of(&theirs)?);
        if own == theirs {
            return Ok((left, right));
        }
        let in_base =
            |amount, currency: Option<Reference>| Value::Money(self.unit.in_base_currency(amount, currency.as_ref()));
        Ok((in_base(*amount, own), in_base(*other, theirs)))
    }

    /// The amount in a column; nothing, where there is none.
    fn amount_in(&mut self, place: &Place, column: &Name) -> Result<Option<Amount>> {
        let is_money = self
            .definition_of(place, column)?
            .is_some_and(|column| column.kind.is_money());
        if !is_money || self.column(place, column)?.is_null() {
            return Ok(None);
        }
        let Some(row) = self.find(place)? else { return Ok(None) };
        let table = self.table(&row.table)?;
        Ok(Some(Amount {
            place: place.clone(),
            is_base: !table.amounts().any(|amount| amount.name == *column),
        }))
    }

    /// The amount that comes of a source; nothing, where none does.
    fn amount_of(&mut self, source: &Source) -> Result<Option<Amount>> {
        match source {
            Source::Column(column, place) => self.amount_in(place, column),
            Source::First(sources) => {
                for source in sources {
                    if let Some(amount) = self.amount_of(source)? {
                        return Ok(Some(amount));
                    }
                }
                Ok(None)
            }
            Source::Changed(Verb::Multiply, _) => Ok(None),
            Source::Changed(_, by) => self.amount_of(by),
            _ => Ok(None),
        }
    }

    fn currency_of(&mut self, amount: &Amount) -> Result<Option<Reference>> {
        match amount.is_base {
            true => Ok(self.unit.base_currency()),
            false => self.currency_at(&amount.place),
        }
    }

    /// The currency of the row at a place: in a request for it, the one that it will have.
    fn currency_at(&mut self, place: &Place) -> Result<Option<Reference>> {
        if place.is_this()
            && self.is_in_request()
            && let Some(target) = &self.context.target
            && target.has(CURRENCY)
        {
            return Ok(target.lookup(CURRENCY).cloned());
        }
        let Some(row) = self.find(place)? else { return Ok(None) };
        if self.table(&row.table)?.column(CURRENCY).is_none() {
            return Ok(None);
        }
        let reason = "see in which currency an amount is that a workflow carries over";
        let row = self.unit.read_as_platform(reason, &row, Some(&[CURRENCY.into()]))?;
        Ok(row.and_then(|row| row.lookup(CURRENCY).cloned()))
    }
}
