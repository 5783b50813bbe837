//! Duplicate detection while a lead is qualified, at three points:
//!
//! 1. before anything is made: is there another lead that is the same? ([`before`])
//! 2. before each row is made: is there an account, a contact or an opportunity that is the
//!    same as the row to be made, or a customer who is the same as the lead? ([`before`] for
//!    accounts and contacts, which are asked about together, [`opportunity`])
//! 3. when the lead is closed: does a rule find it to be the same as a row that this very
//!    request has made? ([`after_closing`])
use sluice_engine::{Operation, Unit, parts::input};
use sluice_model::{
    Code, Dialog, DialogKind, Duplicates, Error, Match, Parameter, Reference, Result, Row, Value,
    codes::Kind,
    names,
    situations::{DUPLICATE_LEAD, DUPLICATE_OF_WHAT_IS_MADE, DUPLICATE_OPPORTUNITY, POSSIBLE_MATCH},
};
use sluice_platform::Matches;
use sluice_platform::duplicates::{describe_matches, duplicates_of, has_duplicate_rules, same_by_rules};

use super::{Detection, records::Plan, wanted::Wanted};

/// The state of a lead that was qualified.
const QUALIFIED_STATE: i32 = 1;

impl Detection {
    /// What a request asks for; none, unless it does.
    pub(super) fn of(operation: &Operation) -> Result<Self> {
        let suppressed = operation.input("SuppressDuplicateDetection").is_none()
            || input::bool(operation, "SuppressDuplicateDetection")?;
        Ok(match (suppressed, input::bool(operation, "IgnoreMatches")?) {
            (true, _) => Self::Off,
            (false, true) => Self::Continue,
            (false, false) => Self::Full,
        })
    }
}

/// The accounts and contacts that match and are passed over: a row for each of the two
/// tables that has any, with their number in `count`, and whether the search ended before it
/// had found all in `more`.
pub(super) type PassedOver = Parameter;

/// Points 1 and 2, before anything is made. A lead that is disqualified makes no duplicates.
pub(super) fn before(
    unit: &mut Unit,
    operation: &Operation,
    wanted: &Wanted,
    plan: &mut Plan<'_>,
    state: i32,
) -> Result<PassedOver> {
    let mut passed_over = Vec::new();
    if state != QUALIFIED_STATE {
        return Ok(Parameter::Rows(passed_over));
    }
    if wanted.detection != Detection::Off {
        let leads = duplicates_of(unit, operation, plan.lead, Some("lead"))?;
        refuse(unit, operation, &leads, Error::of(&DUPLICATE_LEAD))?;
    }
    if wanted.detection != Detection::Continue {
        let matches = parties(unit, operation, wanted, plan)?;
        if wanted.detection == Detection::Full {
            possible_match(unit, operation, &matches)?;
        }
        for table in ["account", "contact"] {
            let count = i32::try_from(matches.count(table)).unwrap_or(i32::MAX);
            if count > 0 {
                passed_over.push(Row::unsaved(table).with("count", count).with("more", matches.more));
            }
        }
    }
    Ok(Parameter::Rows(passed_over))
}

/// The accounts and contacts that match what is to be made, or the lead itself.
pub(super) fn parties(unit: &mut Unit, operation: &Operation, wanted: &Wanted, plan: &mut Plan<'_>) -> Result<Matches> {
    let mut matches = Matches::default();
    for (table, made) in [("account", wanted.account), ("contact", wanted.contact)] {
        if made && has_duplicate_rules(unit, table, table)? {
            let row = plan.row(unit, table)?;
            matches = matches.and(tolerant(duplicates_of(unit, operation, row, Some(table)))?);
        }
        if made {
            matches = matches.and(duplicates_of(unit, operation, plan.lead, Some(table))?);
        }
    }
    Ok(matches)
}

/// What is wrong with a row that is to be made, its own Create says better.
fn tolerant(matches: Result<Matches>) -> Result<Matches> {
    match matches {
        Err(error) if error.kind() != Kind::Host => Ok(Matches::default()),
        other => other,
    }
}

/// Error 1, with the dialog about both tables at once.
fn possible_match(unit: &mut Unit, operation: &Operation, matches: &Matches) -> Result<()> {
    if matches.is_empty() {
        return Ok(());
    }
    let mut duplicates = describe_matches(unit, operation, matches)?;
    duplicates.dialog = Some(Dialog::new(dialog_kind(unit), &duplicates.matches));
    let mut error = Error::of(&POSSIBLE_MATCH).with_word("LEAD", operation.id()?);
    error.body_mut().duplicates = Some(duplicates);
    Err(error)
}

/// The organisation's choice between the two experiences.
pub(super) fn dialog_kind(unit: &Unit) -> DialogKind {
    match unit.setting("sl_improvedduplicates").and_then(Value::as_bool) {
        Some(false) => DialogKind::Classic,
        _ => DialogKind::Improved,
    }
}

/// Point 2 for the opportunity, as it is about to be made.
pub(super) fn opportunity(unit: &mut Unit, operation: &Operation, wanted: &Wanted, row: &Row) -> Result<()> {
    if wanted.detection == Detection::Off || !has_duplicate_rules(unit, "opportunity", "opportunity")? {
        return Ok(());
    }
    let matches = tolerant(duplicates_of(unit, operation, row, Some("opportunity")))?;
    refuse(unit, operation, &matches, Error::of(&DUPLICATE_OPPORTUNITY))
}

fn refuse(unit: &mut Unit, operation: &Operation, matches: &Matches, error: Error) -> Result<()> {
    if matches.is_empty() {
        return Ok(());
    }
    let found = describe_matches(unit, operation, matches)?;
    let mut error = error.with_word("LEAD", operation.id()?);
    // Where there are several, the list tells them apart.
    if let [only] = found.matches.as_slice() {
        error = only.id.iter().fold(error, |error, id| error.with_word("OTHER", id));
        let rule = only
            .rules
            .first()
            .filter(|rule| only.rules.len() == 1 && names::is_plain(rule));
        error = rule
            .into_iter()
            .fold(error, |error, rule| error.with_word("RULE", rule));
    }
    error.body_mut().duplicates = Some(found);
    Err(error)
}

/// Point 3: the lead as it is closed, beside the accounts and contacts just made. Where the
/// platform can only say "Potential duplicates: none", because they are rolled back, the row
/// is named.
pub(super) fn after_closing(unit: &mut Unit, operation: &Operation, wanted: &Wanted, made: &[Reference]) -> Result<()> {
    let compared = has_duplicate_rules(unit, "account", "lead")? || has_duplicate_rules(unit, "contact", "lead")?;
    if wanted.detection != Detection::Full || !compared {
        return Ok(());
    }
    let reason = "duplicate detection compares the lead with what was made of it";
    let Some(lead) = unit.read_as_platform(reason, &operation.target_reference()?, None)? else {
        return Ok(());
    };
    for row in made.iter().filter(|row| matches!(&*row.table, "account" | "contact")) {
        let Some(row) = unit.read_as_platform(reason, row, None)? else {
            continue;
        };
        let matches = same_by_rules(unit, operation, &row, &lead)?;
        if let Some(found) = matches.found.first() {
            return Err(in_flight(unit, &row, found.rule()).with_word("LEAD", lead.id));
        }
    }
    Ok(())
}

fn in_flight(unit: &Unit, row: &Row, rule: &str) -> Error {
    let name = unit
        .catalog()
        .find(&row.table)
        .and_then(|table| row.text(table.primary_name.as_deref()?))
        .unwrap_or("(no name)")
        .to_owned();
    let mut error = Error::new(
        Code::DUPLICATES_FOUND,
        format!(
            "{} The rule \"{rule}\" finds the lead to be the same as the {} \"{name}\", which this very request was making \
             of it.",
            DUPLICATE_OF_WHAT_IS_MADE.sentence, row.table
        ),
    )
    .with_table("lead")
    .in_situation(&DUPLICATE_OF_WHAT_IS_MADE);
    if names::is_plain(rule) {
        error = error.with_word("RULE", rule);
    }
    error.body_mut().duplicates = Some(Duplicates {
        matches: vec![Match {
            table: row.table.clone(),
            id: None,
            name,
            rules: vec![rule.to_owned()],
            in_flight: true,
            details: sluice_model::duplicates::Details::default(),
        }],
        ..Duplicates::default()
    });
    error
}
