//! An amount that a workflow carries from one row to another stays one of its currency.

use std::collections::BTreeMap;

use sluice_model::{ColumnType, Error, Name, Reference, Result, Row, TableDef, Value};

use super::Run;
use crate::workflows::definition::{Place, Source, Verb};

const CURRENCY: &str = "transactioncurrencyid";

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
            let Some(from) = self.amount_of(source)?.filter(|from| Some(from) != changed) else {
                continue;
            };
            let theirs = self.currency_at(&from)?;
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
                        "`{name}` would be another amount: it comes from {from}, which has another currency than the row of `{}` that gets it",
                        table.name
                    );
                    return Err(Error::invalid(message).with_table(&table.name));
                }
            }
        }
        Ok(())
    }

    /// Amounts of two currencies are compared in the organisation's.
    pub(super) fn in_one_currency(
        &mut self,
        (place, amount): (&Place, &mut Value),
        (source, other): (&Source, &mut Value),
    ) -> Result<()> {
        let (Value::Money(left), Value::Money(right)) = (&*amount, &*other) else {
            return Ok(());
        };
        let Some(from) = self.amount_of(source)?.filter(|from| from != place) else {
            return Ok(());
        };
        let (own, theirs) = (self.currency_at(place)?, self.currency_at(&from)?);
        if own != theirs {
            let (left, right) = (
                self.unit.in_base_currency(*left, own.as_ref()),
                self.unit.in_base_currency(*right, theirs.as_ref()),
            );
            (*amount, *other) = (Value::Money(left), Value::Money(right));
        }
        Ok(())
    }

    /// Where the row is that an amount comes from; nothing, where it comes from none.
    fn amount_of(&mut self, source: &Source) -> Result<Option<Place>> {
        match source {
            Source::Column(column, place) => {
                let definition = self.definition_of(place, column)?;
                let is_amount = definition.is_some_and(|column| matches!(column.kind, ColumnType::Money { .. }));
                let is_there = is_amount && !self.column(place, column)?.is_null();
                Ok(is_there.then(|| place.clone()))
            }
            Source::First(sources) => {
                for source in sources {
                    if let Some(place) = self.amount_of(source)? {
                        return Ok(Some(place));
                    }
                }
                Ok(None)
            }
            Source::Changed(Verb::Multiply, _) => Ok(None),
            Source::Changed(_, by) => self.amount_of(by),
            _ => Ok(None),
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
