//! What the platform does when an opportunity changes: it is closed by Win and Lose only, which
//! requests ask for as WinOpportunity and LoseOpportunity, and reopened by its state.

use sluice_engine::{
    Message, Operation, ParameterDef, Rules, Shape, Takes, Unit,
    parts::{Images, input, require, required},
};
use sluice_model::{Code, Error, ParameterType, Reference, Request, Result, Right, Row, Value};

use crate::process;

/// The rules of `opportunity`.
pub(crate) struct Opportunity;

/// That only a message brings an opportunity into a state, in the platform's words.
fn closed_by_message_only(state: i32) -> Error {
    let (state, message) = match state {
        1 => ("Won", WIN.name),
        _ => ("Lost", LOSE.name),
    };
    Error::new(
        Code::OPPORTUNITY_NOT_CLOSABLE,
        format!(
            "This message can not be used to set the state of opportunity to {state}. In order to set state of opportunity \
             to {message}, use the {message} message instead."
        ),
    )
    .with_table("opportunity")
}

/// Whether the change is the work of the message that closes this very opportunity in this way.
fn closes(operation: &Operation, id: sluice_model::Uuid, state: i32) -> bool {
    operation.cause().is_some_and(|cause| {
        let message = [&WIN, &LOSE].into_iter().find(|close| *cause.message == *close.name);
        message.is_some_and(|close| close.state == state) && cause.id == Some(id)
    })
}

impl Rules for Opportunity {
    fn before_create(&self, _: &mut Unit, operation: &mut Operation) -> Result<()> {
        match operation.target()?.int("statecode") {
            Some(state) if state != 0 => Err(closed_by_message_only(state)),
            _ => Ok(()),
        }
    }

    fn before_update(&self, _: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        let (state, status) = (target.int("statecode"), target.int("statuscode"));
        let was = before.int("statecode").unwrap_or_default();
        let will = match (state, status) {
            (Some(state), _) => state,
            (None, Some(_)) => was,
            (None, None) => return Ok(()),
        };
        let refuse = |code, text: &str| Err(Error::new(code, text).with_table("opportunity"));
        if was != 0 && will != 0 {
            return refuse(Code::OPPORTUNITY_CLOSED, "The opportunity is already closed.");
        }
        if will != 0 && !closes(operation, before.id, will) {
            return Err(closed_by_message_only(will));
        }
        let same_status = status.is_none() || status == before.int("statuscode");
        if was == 0 && state == Some(0) && same_status {
            return refuse(Code::OPPORTUNITY_OPEN, "The opportunity is already in the open state.");
        }
        Ok(())
    }
}

/// How an opportunity is closed.
#[derive(Debug)]
pub struct Close {
    name: &'static str,
    requested_as: &'static str,
    doc: &'static str,
    /// The state that it gets.
    state: i32,
}

/// `Win`.
pub static WIN: Close = Close {
    name: "Win",
    requested_as: "WinOpportunity",
    doc: "Closes an opportunity as won; requests ask for WinOpportunity. `OpportunityClose` names it in `opportunityid`.",
    state: 1,
};

/// `Lose`.
pub static LOSE: Close = Close {
    name: "Lose",
    requested_as: "LoseOpportunity",
    doc: "Closes an opportunity as lost; requests ask for LoseOpportunity. `OpportunityClose` names it in `opportunityid`.",
    state: 2,
};

impl Message for Close {
    fn name(&self) -> &'static str {
        self.name
    }

    fn requested_as(&self) -> Option<&'static str> {
        Some(self.requested_as)
    }

    fn doc(&self) -> &'static str {
        self.doc
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("OpportunityClose", ParameterType::Row),
            required("Status", ParameterType::Int),
        ];
        Shape {
            takes: Takes::Through {
                table: "opportunity",
                parameter: "OpportunityClose",
                lookup: "opportunityid",
            },
            tables: Some(&["opportunity"]),
            reads: false,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: &[],
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let table = unit.catalog().table("opportunity")?.clone();
        require(unit, operation, &table, Right::Read)?;
        require(unit, operation, &table, Right::Write)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let mut activity = closing(operation)?;
        let opportunity = operation
            .row_id()
            .map(|id| Reference::new("opportunity", id))
            .ok_or_else(|| Error::invalid("an OpportunityClose names its opportunity in `opportunityid`"))?;
        if activity.lookup("opportunityid") != Some(&opportunity) {
            return Err(Error::invalid(
                "a step gave the OpportunityClose another opportunity than the one that is closed",
            ));
        }
        let rights = [Right::Read, Right::Write];
        let before = unit.row_with_rights(operation, "opportunity", opportunity.id, &rights)?;
        if before.int("statecode") != Some(0) {
            return Err(
                Error::new(Code::OPPORTUNITY_CLOSED, "The opportunity is already closed.").with_table("opportunity"),
            );
        }
        let links = keep_currency(&mut activity, &before)?;
        // -1 is the first reason of the state.
        let status = input::int(operation, "Status")?.filter(|status| *status != -1);
        let revenue = activity.get("actualrevenue").cloned();
        if let Some(Value::Money(amount)) = &revenue
            && amount.is_sign_negative()
        {
            let message = format!("the actual revenue of an opportunity is 0 or more, and {amount} is less");
            return Err(Error::new(Code::OUT_OF_RANGE, message).with_table("opportunityclose"));
        }
        let when = activity
            .get("actualend")
            .and_then(Value::as_time)
            .unwrap_or_else(|| operation.created_on());
        let outcome = Row::new("opportunity", opportunity.id)
            .with("actualvalue", revenue.unwrap_or_else(|| self.expected(&before)))
            .with("actualclosedate", Value::Date(day(when)));
        unit.run_as_caller(operation, Request::update(outcome))?;
        let mut close = Row::new("opportunity", opportunity.id).with("statecode", Value::Choice(self.state));
        if let Some(status) = status {
            close.set("statuscode", Value::Choice(status));
        }
        unit.run_as_caller(operation, Request::update(close))?;
        let reason = "the closing of an opportunity says for what reason it was closed";
        let closed = unit.need_as_platform(reason, &opportunity)?;

        process::finish(unit, operation, &opportunity)?;

        if activity.text("subject").is_none_or(str::is_empty) {
            activity.set("subject", format!("Opportunity Close - {}", self.word()));
        }
        activity.set("regardingobjectid", opportunity);
        let status = closed.int("statuscode").map_or(Value::Null, Value::Int);
        activity.set("opportunitystatuscode", status);
        activity.set("actualend", when);
        activity.set("ownerid", Reference::new("systemuser", operation.caller_id()));
        activity.set("statecode", Value::Choice(1));
        // What the caller says of it is held to what the caller may say; that it is about the opportunity
        // is the platform's.
        unit.run_with_platform_links(operation, Request::create(activity), links)?;
        Ok(())
    }
}

impl Close {
    fn word(&self) -> &'static str {
        if self.state == 1 { "Won" } else { "Lost" }
    }

    /// What the opportunity brought, where the caller does not say it.
    fn expected(&self, opportunity: &Row) -> Value {
        match opportunity.get("estimatedvalue") {
            Some(value) if self.state == 1 => value.clone(),
            _ => Value::Null,
        }
    }
}

/// The amount that is said of the end is one in the currency of the opportunity; which of the lookups of the
/// activity are the platform's.
fn keep_currency(activity: &mut Row, opportunity: &Row) -> Result<&'static [&'static str]> {
    const CURRENCY: &str = "transactioncurrencyid";
    const LINKS: &[&str] = &["opportunityid", "regardingobjectid", CURRENCY];
    const SAID: &[&str] = &["opportunityid", "regardingobjectid"];
    let of_opportunity = opportunity.lookup(CURRENCY);
    match (activity.lookup(CURRENCY), of_opportunity) {
        (None, None) => Ok(SAID),
        (None, Some(currency)) => {
            activity.set(CURRENCY, currency.clone());
            Ok(LINKS)
        }
        (given, currency) if given == currency || !activity.has("actualrevenue") => Ok(SAID),
        _ => Err(Error::invalid(
            "the actual revenue is in another currency than the opportunity, which keeps it: say it in that of the \
             opportunity, without a `transactioncurrencyid`",
        )
        .with_table("opportunityclose")),
    }
}

fn closing(operation: &Operation) -> Result<Row> {
    let row = input::row(operation, "OpportunityClose")?;
    match &*row.table {
        "opportunityclose" => Ok(row.clone()),
        _ => Err(Error::invalid("OpportunityClose is one row of `opportunityclose`")),
    }
}

/// The day of a point in time, UTC.
fn day(time: sluice_model::Timestamp) -> sluice_model::Date {
    time.to_zoned(sluice_model::TimeZone::UTC).date()
}
