//! Whose value it was. What steps wrote into an operation is remembered, with what stood there
//! before. Where the platform then refuses the operation, its work is tried once more without
//! those values: a refusal that does not come again was a step's, whatever check it came from,
//! and however deep below. The error names that step and keeps its code.
//!
//! Where no step wrote anything, this costs nothing; where nothing is refused, a savepoint.

use std::{collections::BTreeMap, sync::Arc};

use sluice_model::{Code, Error, Name, Parameter, Result, StepValue, Timestamp, Uuid, codes::Kind};
use sluice_sandbox::{Context, Place};

use crate::{Unit, operation::Operation, step::Step};

/// More values than this are not tried one by one.
const MOST: usize = 64;

/// What steps wrote into an operation, by the place that they wrote to.
#[derive(Clone, Default)]
pub(crate) struct Written(BTreeMap<Place, StepsValue>);

/// A value of a step's.
#[derive(Clone)]
struct StepsValue {
    /// The last one that wrote there.
    step: Arc<Step>,
    /// Which action of it, where it consists of actions.
    action: Option<String>,
    /// When it wrote, among all that did.
    turn: usize,
    /// What the request itself had there.
    own: Option<Parameter>,
}

impl Written {
    /// Remembers what a step wrote: each place, and what stood there before. The columns that it changed.
    pub(crate) fn by(&mut self, step: &Arc<Step>, context: &mut Context) -> Vec<Name> {
        let mut columns = Vec::new();
        let changes = std::mem::take(&mut context.changes);
        let mut actions = std::mem::take(&mut context.actions);
        let turn = self.0.values().map(|value| value.turn + 1).max().unwrap_or_default();
        for (place, before) in changes {
            let now = place.of(context);
            if now == before {
                continue;
            }
            if let Place::Column(name) = &place {
                columns.push(name.clone());
            }
            let own = self.0.remove(&place).map_or(before, |value| value.own);
            // Whoever puts back what the request had there has no value in it.
            if now != own {
                let (step, action) = (step.clone(), actions.remove(&place));
                let value = StepsValue {
                    step,
                    action,
                    turn,
                    own,
                };
                self.0.insert(place, value);
            }
        }
        columns
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The columns that hold a step's value, by the step, in the order in which these wrote last.
    pub(crate) fn columns(&self) -> Vec<(Arc<Step>, Vec<Name>)> {
        let mut turns: BTreeMap<usize, (Arc<Step>, Vec<Name>)> = BTreeMap::new();
        for (place, value) in &self.0 {
            if let Place::Column(name) = place {
                let turn = turns
                    .entry(value.turn)
                    .or_insert_with(|| (value.step.clone(), Vec::new()));
                turn.1.push(name.clone());
            }
        }
        turns.into_values().collect()
    }

    /// Puts back what stood there before steps wrote.
    pub(crate) fn take_back(self, context: &mut Context) {
        for (place, value) in self.0 {
            place.put(context, value.own);
        }
    }

    /// Whether the value of that column is a step's.
    pub(crate) fn holds(&self, column: &Name) -> bool {
        self.0.contains_key(&Place::Column(column.clone()))
    }

    /// Only what is in these columns, and the input parameters.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Name) -> bool) {
        self.0.retain(|place, _| match place {
            Place::Column(name) => keep(name),
            Place::Input(_) => true,
        });
    }
}

/// What came of the work without some of the values.
enum Without {
    /// The same refusal.
    Same,
    /// None.
    Passes,
    /// Another one.
    Other(Error),
}

/// Does a part of the platform's own work on an operation. Where it is refused because of a
/// value that a step wrote, the error names the step.
///
/// # Errors
/// Those of the work.
pub(crate) fn blaming_steps(
    unit: &mut Unit,
    operation: &mut Operation,
    work: fn(&mut Unit, &mut Operation) -> Result<()>,
) -> Result<()> {
    if operation.written.is_empty() || unit.attributing {
        return work(unit, operation);
    }
    let began = operation.clone();
    let before = match unit.tx.is_open() {
        true => Some(unit.savepoint()?),
        false => None,
    };
    let mut error = match (work(unit, operation), before) {
        (Ok(()), Some(before)) => return unit.release(before),
        (Ok(()), None) => return Ok(()),
        (Err(error), Some(before)) => match unit.back_to(before) {
            Ok(()) => error,
            // The transaction is gone: nothing can be tried in it.
            Err(_) => return Err(error),
        },
        (Err(error), None) => error,
    };
    if may_be_a_steps(&error)
        && let Some(culprit) = (Search {
            unit,
            began: &began,
            work,
        })
        .culprit(&error)
    {
        crate::steps::blame(&mut error, &culprit.step);
        let body = error.body_mut();
        body.values = culprit.values;
        if let Some(step) = &mut body.step {
            step.action = culprit.action;
        }
    }
    Err(error)
}

/// A fault of the host, a busy database and a message that took too long come from no value.
fn may_be_a_steps(error: &Error) -> bool {
    error.body().step.is_none()
        && error.kind() != Kind::Host
        && !matches!(error.code(), Code::BUSY | Code::MESSAGE_TIMEOUT)
}

/// The step whose value was refused.
struct Culprit {
    step: Arc<Step>,
    /// Which action of it, where it consists of actions.
    action: Option<String>,
    /// Where it wrote.
    values: Vec<StepValue>,
}

impl Culprit {
    fn of(value: &StepsValue, values: Vec<StepValue>) -> Self {
        Self {
            step: value.step.clone(),
            action: value.action.clone(),
            values,
        }
    }
}

/// The search for the step whose value was refused.
struct Search<'a> {
    unit: &'a mut Unit,
    /// The operation as it was when the work began.
    began: &'a Operation,
    work: fn(&mut Unit, &mut Operation) -> Result<()>,
}

impl Search<'_> {
    /// The step that wrote what is refused, and where it wrote it.
    fn culprit(&mut self, error: &Error) -> Option<Culprit> {
        let written = &self.began.written.0;
        let all: Vec<&Place> = written.keys().collect();
        let without_all = self.without(&all, error);
        if matches!(without_all, Without::Same) {
            return None;
        }
        // Each alone: a value may have mended what another fault would be without it.
        for (place, value) in written.iter().take(MOST) {
            let guilty = match self.without(&[place], error) {
                Without::Same => false,
                Without::Passes => true,
                Without::Other(other) => !speaks_of(&other, place, value.own.as_ref()),
            };
            if guilty {
                return Some(Culprit::of(value, vec![value_in(place)]));
            }
        }
        // Only together: the last of them.
        let last = written.values().max_by_key(|value| value.turn)?;
        let of_last = written.iter().filter(|(_, value)| value.step.id == last.step.id);
        let values = of_last.map(|(place, _)| value_in(place)).collect();
        matches!(without_all, Without::Passes).then(|| Culprit::of(last, values))
    }

    /// Does the work again, with the request's own values in these places, and undoes it.
    fn without(&mut self, places: &[&Place], error: &Error) -> Without {
        let mut operation = self.began.clone();
        for place in places {
            if let Some(value) = operation.written.0.remove(place) {
                place.put(&mut operation.context, value.own);
            }
        }
        let marks = self.unit.trace.mark();
        let savepoint = match self.unit.tx.is_open() {
            true => self.unit.savepoint().map(Some),
            false => Ok(None),
        };
        let Ok(savepoint) = savepoint else {
            return Without::Same;
        };
        self.unit.attributing = true;
        let result = (self.work)(self.unit, &mut operation);
        self.unit.attributing = false;
        self.unit.trace.back_to(&marks);
        if savepoint.is_some_and(|savepoint| self.unit.back_to(savepoint).is_err()) {
            return Without::Same;
        }
        match result {
            Ok(()) => Without::Passes,
            Err(other) if is_same(error, &other, self.began.context.created_on) => Without::Same,
            Err(other) => Without::Other(other),
        }
    }
}

fn value_in(place: &Place) -> StepValue {
    let name = place.name().to_string();
    match place {
        Place::Column(_) => StepValue::Column(name),
        Place::Input(_) => StepValue::Input(name),
    }
}

/// Whether two trials of one request met the same refusal. Ids that are newer than the request
/// are other ones in each trial.
pub fn is_same(one: &Error, other: &Error, began: Timestamp) -> bool {
    let what = |error: &Error| {
        let body = error.body();
        (
            body.code,
            body.privilege.clone(),
            body.table.clone(),
            body.depth,
            body.principal.as_ref().map(|principal| principal.id),
            body.step.as_ref().map(|step| step.id),
            without_new_ids(&body.message, began),
        )
    };
    let caught = |error: &Error| error.body().caught.clone();
    what(one) == what(other)
        && match (caught(one), caught(other)) {
            (Some(one), Some(other)) => is_same(&one, &other, began),
            (one, other) => one.is_none() && other.is_none(),
        }
}

/// Whether two trials of one request ended in the same step and in the same words, whatever was caught before that.
pub fn ends_alike(one: &Error, other: &Error, began: Timestamp) -> bool {
    let end = |error: &Error| {
        let body = error.body();
        let step = body.step.as_ref().map(|step| step.id);
        (body.code, step, without_new_ids(&body.message, began))
    };
    end(one) == end(other)
}

/// The text, with every id that was made after `began` left out.
fn without_new_ids(text: &str, began: Timestamp) -> String {
    const LENGTH: usize = 36;
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let id = rest.get(..LENGTH).and_then(|word| Uuid::try_parse(word).ok());
        match id.filter(|id| is_newer(id, began)) {
            Some(_) => rest = rest.get(LENGTH..).unwrap_or_default(),
            None => {
                left.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    left
}

/// Whether an id was made by the request that began then, or later.
pub fn is_newer(id: &Uuid, began: Timestamp) -> bool {
    let milliseconds = i128::from(began.as_millisecond());
    let made = id
        .get_timestamp()
        .filter(|_| id.get_version_num() == 7)
        .map(|time| time.to_unix());
    made.is_some_and(|(seconds, nanos)| i128::from(seconds) * 1_000 + i128::from(nanos / 1_000_000) >= milliseconds)
}

/// Whether an error is about a place, as the request itself had filled it.
fn speaks_of(error: &Error, place: &Place, own: Option<&Parameter>) -> bool {
    let body = error.body();
    let named = contains_word(&body.message, place.name());
    let reference = match own {
        Some(Parameter::Value(value)) => value.as_lookup(),
        Some(Parameter::Reference(reference)) => Some(reference),
        _ => None,
    };
    named
        || reference
            .is_some_and(|row| body.table.as_deref() == Some(&*row.table) || body.message.contains(&row.id.to_string()))
}

fn contains_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.split(|c| !part(c)).any(|found| found == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_by_the_request_are_left_out() {
        let began: Timestamp = "2026-01-31T09:00:00Z".parse().unwrap();
        let made = |time: &str| {
            let time: Timestamp = time.parse().unwrap();
            let millis = u64::try_from(time.as_millisecond()).unwrap();
            uuid::Builder::from_unix_timestamp_millis(millis, &[7; 10]).into_uuid()
        };
        let (old, new) = (made("2026-01-31T08:59:59Z"), made("2026-01-31T09:00:00Z"));
        let other = Uuid::from_u128(u128::MAX);
        assert_eq!(
            without_new_ids(&format!("ö{new}ä {old} {other}"), began),
            format!("öä {old} {other}")
        );
    }

    #[test]
    fn a_word_is_not_a_part_of_another() {
        assert!(contains_word("the column `name` of", "name"));
        assert!(!contains_word("the column `lastname` of", "name"));
    }
}
