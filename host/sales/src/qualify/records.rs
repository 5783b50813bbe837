//! The rows that a qualification makes: mapped from the lead, created one after the other,
//! linked to each other and to the lead.

use std::collections::{HashMap, hash_map::Entry};

use sluice_engine::{Operation, Unit};
use sluice_model::{Code, Error, Name, Reference, Request, Result, Row, Value, situations::STATUS_MISMATCH};

use super::{duplicates, preview::is_default, wanted::Wanted};

/// What became of a lead.
#[derive(Debug, Default)]
pub(super) struct Records {
    account: Option<Reference>,
    contact: Option<Reference>,
    opportunity: Option<Reference>,
    /// The rows that were made, in order, each with how many columns the lead filled.
    made: Vec<(Reference, usize)>,
}

impl Records {
    /// Makes what is wanted: account, contact, opportunity.
    pub(super) fn make(unit: &mut Unit, operation: &Operation, wanted: &Wanted, plan: &mut Plan<'_>) -> Result<Self> {
        let mut records = Self::default();
        records.account = records.account(unit, operation, wanted, plan)?;
        records.contact = records.contact(unit, operation, wanted, plan)?;
        records.opportunity = records.opportunity(unit, operation, wanted, plan)?;
        Ok(records)
    }

    /// The rows that were made, in order.
    pub(super) fn made(&self) -> Vec<Reference> {
        self.made.iter().map(|(row, _)| row.clone()).collect()
    }

    /// The rows that the lead has led to, whether they were made or there already.
    pub(super) fn rows(&self) -> Vec<&Reference> {
        [&self.account, &self.contact, &self.opportunity]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Of each row that was made, how many columns the lead filled with something that a new row
    /// would not have by itself: those whose origin [`super::preview`] calls the lead.
    pub(super) fn fields_copied(&self) -> Vec<Row> {
        self.made
            .iter()
            .map(|(row, count)| {
                let count = i32::try_from(*count).unwrap_or(i32::MAX);
                Row::new(row.table.clone(), row.id).with("fieldscopied", count)
            })
            .collect()
    }

    fn account(
        &mut self,
        unit: &mut Unit,
        operation: &Operation,
        wanted: &Wanted,
        plan: &mut Plan<'_>,
    ) -> Result<Option<Reference>> {
        if !wanted.account {
            return Ok(wanted
                .existing_account
                .clone()
                .or_else(|| plan.lead.lookup("parentaccountid").cloned()));
        }
        let row = plan.take(unit, "account")?;
        self.create(unit, operation, row, wanted).map(Some)
    }

    fn contact(
        &mut self,
        unit: &mut Unit,
        operation: &Operation,
        wanted: &Wanted,
        plan: &mut Plan<'_>,
    ) -> Result<Option<Reference>> {
        if !wanted.contact {
            return Ok(wanted
                .existing_contact
                .clone()
                .or_else(|| plan.lead.lookup("parentcontactid").cloned()));
        }
        let mut mapped = plan.take(unit, "contact")?;
        if let Some(account) = &self.account {
            mapped.row.set("parentcustomerid", account.clone());
        }
        let contact = self.create(unit, operation, mapped, wanted)?;
        if let (true, Some(account)) = (wanted.account, &self.account) {
            let primary = Row::new("account", account.id).with("primarycontactid", contact.clone());
            unit.run_as_system(
                operation,
                "QualifyLead keeps the primary contact of the account it makes",
                Request::update(primary),
            )?;
        }
        Ok(Some(contact))
    }

    fn opportunity(
        &mut self,
        unit: &mut Unit,
        operation: &Operation,
        wanted: &Wanted,
        plan: &mut Plan<'_>,
    ) -> Result<Option<Reference>> {
        if !wanted.opportunity {
            return Ok(None);
        }
        let mut mapped = plan.take(unit, "opportunity")?;
        let customer = wanted
            .customer
            .clone()
            .or_else(|| self.account.clone())
            .or_else(|| self.contact.clone());
        keep_currency(unit, plan.lead, wanted, &mapped.row)?;
        let links = [
            ("parentaccountid", self.account.clone()),
            ("parentcontactid", self.contact.clone()),
            ("customerid", customer),
            ("transactioncurrencyid", wanted.currency.clone()),
            ("campaignid", wanted.campaign.clone()),
        ];
        for (column, link) in links {
            if let Some(link) = link {
                mapped.row.set(column, link);
            }
        }
        duplicates::opportunity(unit, operation, wanted, &mapped.row)?;
        self.create(unit, operation, mapped, wanted).map(Some)
    }

    fn create(&mut self, unit: &mut Unit, operation: &Operation, mapped: Mapped, wanted: &Wanted) -> Result<Reference> {
        // The currency is the lead's, put there by the platform, unless the caller chose it.
        let platform_links: &[&str] = if wanted.currency.is_some() {
            &[]
        } else {
            &["transactioncurrencyid"]
        };
        let table = mapped.row.table.clone();
        let status = mapped.row.int("statuscode");
        let response = unit
            .run_with_platform_links(operation, Request::create(mapped.row), platform_links)
            .map_err(|error| status_mismatch(error, &table, status))?;
        let reference = Reference {
            table,
            id: response.created().unwrap_or_default(),
        };
        self.made.push((reference.clone(), mapped.copied));
        Ok(reference)
    }

    /// What the lead keeps of what became of it, as far as it does not say so already.
    pub(super) fn links(&self, lead: &Row) -> Row {
        let mut row = Row::new("lead", lead.id);
        for (column, link) in LEAD_LINKS
            .into_iter()
            .zip([&self.account, &self.contact, &self.opportunity])
        {
            if let Some(link) = link
                && lead.lookup(column) != Some(link)
            {
                row.set(column, link.clone());
            }
        }
        row
    }
}

/// The lead's lookups of the account, the contact and the opportunity that it became.
pub(super) const LEAD_LINKS: [&str; 3] = ["parentaccountid", "parentcontactid", "qualifyingopportunityid"];

/// A lead on its way, and the rows that it is mapped to: each table is mapped once.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// The lead as it was read.
    pub(super) lead: &'a Row,
    mapped: HashMap<&'static str, Mapped>,
}

impl<'a> Plan<'a> {
    pub(super) fn of(lead: &'a Row) -> Self {
        Self {
            lead,
            mapped: HashMap::new(),
        }
    }

    /// The row of that table that is to be made.
    pub(super) fn row(&mut self, unit: &mut Unit, table: &'static str) -> Result<&Row> {
        let mapped = match self.mapped.entry(table) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(place) => place.insert(mapped(unit, self.lead, table)?),
        };
        Ok(&mapped.row)
    }

    /// The same, to be made now.
    fn take(&mut self, unit: &mut Unit, table: &'static str) -> Result<Mapped> {
        match self.mapped.remove(table) {
            Some(mapped) => Ok(mapped),
            None => mapped(unit, self.lead, table),
        }
    }
}

/// A row to be made, and how many of its columns the lead filled.
#[derive(Debug)]
struct Mapped {
    row: Row,
    copied: usize,
}

/// What the mappings carry over, with the lead as its origin and its currency.
fn mapped(unit: &mut Unit, lead: &Row, table: &str) -> Result<Mapped> {
    let mut row = sluice_platform::mapping::mapped(unit, lead, table)?;
    let definition = unit.catalog().table(table)?.clone();
    let tells = |(name, value): &(&Name, &Value)| {
        let column = definition.column(name);
        column.is_some_and(|column| !is_default(&definition, column, value))
    };
    let copied = row.values.iter().filter(tells).count();
    if row.has("statuscode") {
        // A new row is in the first state: its status reason must be one of that.
        row.set("statecode", Value::Choice(0));
    }
    if let Some(currency) = lead.get("transactioncurrencyid") {
        row.set("transactioncurrencyid", currency.clone());
    }
    row.set("originatingleadid", lead.reference());
    Ok(Mapped { row, copied })
}

/// What the mappings carry over as an amount is one of the lead's currency, so the opportunity is not
/// given another one with it.
fn keep_currency(unit: &Unit, lead: &Row, wanted: &Wanted, opportunity: &Row) -> Result<()> {
    if wanted.currency.is_none() {
        return Ok(());
    }
    let table = unit.catalog().table("opportunity")?.clone();
    let currencies = (lead.lookup("transactioncurrencyid"), wanted.currency.as_ref());
    let carried = sluice_platform::mapping::other_amounts(&table, opportunity, currencies);
    match carried.is_empty() {
        true => Ok(()),
        false => Err(Error::invalid(format!(
            "the opportunity cannot have another currency than the lead: `{}` comes from the lead by a mapping, and would be \
             another amount. Leave the currency out, or give the lead that one first",
            carried.join("`, `")
        ))
        .with_table("opportunity")),
    }
}

/// Error 6: the lead's status reason is mapped, and the target has no such option.
fn status_mismatch(error: Error, table: &str, status: Option<i32>) -> Error {
    let ours = error.code() == Code::INVALID_STATE && error.body().step.is_none();
    match status {
        Some(_) if ours => {
            let mut error = error;
            let text = format!(
                "Invalid status code error for {} {table}: {}",
                if table.starts_with(['a', 'o']) { "an" } else { "a" },
                error.message()
            );
            error.body_mut().message = text;
            error.in_situation(&STATUS_MISMATCH)
        }
        _ => error,
    }
}
