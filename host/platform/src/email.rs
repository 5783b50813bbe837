//! E-mails that wait to be sent: who takes part in one, and what one has before it is sent.

use sluice_engine::tables;
use sluice_model::{Error, Reference, Result, Row, Uuid, Value};

/// The table of e-mails.
pub(crate) const TABLE: &str = "email";
/// The table of those who take part in activities.
pub(crate) const PARTY: &str = "activityparty";
/// `email.statecode`: Completed.
const COMPLETED: i32 = 1;
/// `email.statuscode`: Pending Send.
pub(crate) const PENDING_SEND: i32 = 6;

/// As what somebody takes part, as `activityparty.participationtypemask` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Sender = 1,
    To = 2,
    Copy = 3,
    BlindCopy = 4,
}

impl Part {
    /// Those to whom an e-mail goes.
    pub(crate) const RECIPIENTS: [Self; 3] = [Self::To, Self::Copy, Self::BlindCopy];

    pub(crate) fn value(self) -> Value {
        Value::Choice(self as i32)
    }
}

/// Somebody who takes part in an e-mail: a row, an address, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) part: Part,
    pub(crate) whom: Option<Reference>,
    pub(crate) address: Option<String>,
}

impl Party {
    /// The row that says so.
    pub(crate) fn row(&self, email: &Reference) -> Row {
        let mut row = Row::unsaved(PARTY)
            .with("activityid", email.clone())
            .with("participationtypemask", self.part.value());
        if let Some(whom) = &self.whom {
            row.set("partyid", whom.clone());
        }
        if let Some(address) = &self.address {
            row.set("addressused", address.as_str());
        }
        row
    }
}

/// The change by which an e-mail waits to be sent.
pub(crate) fn to_send(email: Uuid) -> Row {
    Row::new(TABLE, email)
        .with("statecode", Value::Choice(COMPLETED))
        .with("statuscode", Value::Choice(PENDING_SEND))
}

/// An e-mail that is to be sent has a sender and somebody to whom it goes.
///
/// # Errors
/// One of them is missing.
pub(crate) fn check_parties(parties: &[Row]) -> Result<()> {
    let has = |part: Part| {
        let mut parties = parties.iter();
        parties.any(|party| party.get("participationtypemask") == Some(&part.value()))
    };
    let missing = if !Part::RECIPIENTS.into_iter().any(has) {
        "The email must have at least one recipient before it can be sent."
    } else if !has(Part::Sender) {
        "The email must have a sender."
    } else {
        return Ok(());
    };
    let helps = "it is made as a draft; then those who take part are rows of `activityparty` that name it";
    Err(Error::invalid(format!("{missing} ({helps})")).with_table(TABLE))
}

/// The column with the address of whom an e-mail goes to, by their table.
pub(crate) fn address_column(table: &str) -> Option<&'static str> {
    Some(match table {
        "account" | "contact" | "lead" => "emailaddress1",
        tables::USER => "internalemailaddress",
        _ => return None,
    })
}
