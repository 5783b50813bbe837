//! What a change would do to requests that people made: each recorded one runs again with the change
//! and without it, rolled back. What cannot run again is judged by what it asked about privileges,
//! which is asked again with the change and without it. Between any two trials the writer is free.

use std::sync::Arc;

use serde_json::Value as Json;
use sluice_engine::{Changed, PastRequest, Sent, Session, What, unit::Trial};
use sluice_model::{Error, Request, Result, Timestamp, codes::Kind};

use super::lost_use::LostUse;

/// How it was judged what would become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// It ran again, with the change and without it.
    RanAgain,
    /// What it asked about privileges was asked again.
    ByChecks,
}

/// A request whose outcome a change turns.
#[derive(Debug, Clone)]
pub struct Turned {
    /// The request.
    pub request: PastRequest,
    /// How it was judged.
    pub judged: Judged,
    /// Why it is refused without the change; `None` where it passes.
    pub without: Option<Error>,
    /// Why it is refused with the change.
    pub with: Option<Error>,
}

/// What a change would do.
#[derive(Debug, Clone, Default)]
pub struct WhatIf {
    /// The requests whose outcome it turns, the newest first.
    pub turned: Vec<Turned>,
    /// How many requests ran again.
    pub ran: usize,
    /// How many were judged by what they asked about privileges.
    pub asked: usize,
    /// How many can be judged in neither way: they cannot run again (their lead is closed, their row is
    /// there, values of theirs were left out), and what they asked about privileges was not recorded,
    /// or does not tell.
    pub past: usize,
    /// How many were not recorded.
    pub unrecorded: usize,
    /// Whether there were more, requests or marks of use, than are looked at.
    pub is_cut: bool,
    /// What was used since then by the marks of use and would not be held so deep any more, beside what the turned
    /// requests lack: requests that passed and were not recorded, as no list is. `None` where the reader may not
    /// read these marks.
    pub uses: Option<Vec<LostUse>>,
}

/// More requests are not looked at.
const MOST: usize = 1_000;

/// So many are asked in one transaction.
const TURN: usize = 20;

/// What tells two outcomes apart: the code, the privilege, the step.
fn told(outcome: &Option<Error>) -> Option<[Option<String>; 3]> {
    outcome.as_ref().map(|error| told_by(&error.to_json()))
}

fn told_by(error: &Json) -> [Option<String>; 3] {
    let text = |value: Option<&Json>| value.and_then(Json::as_str).map(str::to_ascii_lowercase);
    [
        text(error.get("code")),
        text(error.get("privilege")),
        text(error.pointer("/step/id")),
    ]
}

/// See [`super::Diagnosis::what_if`].
pub(super) fn what_if(
    session: &Session,
    changes: &[What],
    since: Timestamp,
    progress: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<WhatIf> {
    // Who looks what a change would do uses nothing by that.
    let session = &session.clone().leaving_no_marks();
    let before: Vec<Sent> = changes
        .iter()
        .map(|what| Sent {
            sender: session.user(),
            what: what.clone(),
        })
        .collect();
    let trials = Trials {
        session,
        before: &before,
        trial: Trial {
            changed: Some(Arc::new(Changed::default())),
            ..Trial::default()
        },
    };
    let (past, unrecorded) = session.recorded_requests(since, MOST + 1)?;
    // A change that is refused is refused whether anybody has made a request or not.
    let alone = session.try_request(session.acting(), trials.trial.clone(), &before, &Request::new("WhoAmI"))?;
    alone.result?;
    let mut found = WhatIf {
        unrecorded,
        is_cut: past.len() > MOST,
        ..WhatIf::default()
    };
    let all = past.len().min(MOST);
    let mut turned = Vec::new();
    let mut waiting = Vec::new();
    for (place, request) in past.into_iter().take(MOST).enumerate() {
        if !progress(place, all) {
            found.is_cut = true;
            break;
        }
        match trials.run_again(&request)? {
            Some((without, with)) => {
                found.ran += 1;
                if told(&without) != told(&with) {
                    turned.push((place, Judged::RanAgain, request, without, with));
                }
            }
            None if request.can_be_asked() => waiting.push((place, request)),
            None => found.past += 1,
        }
        if waiting.len() == TURN {
            found.asked += waiting.len();
            turned.extend(trials.ask_again(std::mem::take(&mut waiting))?);
        }
    }
    found.asked += waiting.len();
    turned.extend(trials.ask_again(waiting)?);
    turned.sort_by_key(|(place, ..)| *place);
    found.turned = told_of(turned);
    trials.lost_uses(since, &mut found)?;
    Ok(found)
}

fn told_of(turned: Vec<At>) -> Vec<Turned> {
    let turned = turned.into_iter().map(|(_, judged, request, without, with)| Turned {
        request,
        judged,
        without,
        with,
    });
    turned.collect()
}

/// A request whose outcome is turned, at its place in the list.
type At = (usize, Judged, PastRequest, Option<Error>, Option<Error>);

/// The trials of a change.
pub(super) struct Trials<'a> {
    pub(super) session: &'a Session,
    pub(super) before: &'a [Sent],
    pub(super) trial: Trial,
}

impl Trials<'_> {
    /// What a request comes to without the change and with it; `None` where it cannot run again: it was
    /// not recorded whole, or today, without the change, it meets something else than it met then.
    fn run_again(&self, past: &PastRequest) -> Result<Option<(Option<Error>, Option<Error>)>> {
        let Ok(request) = &past.request else { return Ok(None) };
        let without = self.outcome(past, request, &[])?;
        let is_as_then = match (&without, &past.refusal) {
            (None, _) => true,
            (Some(error), _) if error.body().unseen => false,
            (Some(_), _) if past.succeeded => false,
            // What refused it then may be cured; what is refused by privileges can be asked about.
            (Some(error), _) if error.kind() == Kind::Denied => true,
            (Some(error), Some(refusal)) => told_by(&error.to_json()) == told_by(refusal),
            (Some(_), None) => true,
        };
        if !is_as_then {
            return Ok(None);
        }
        let with = self.outcome(past, request, self.before)?;
        // What who asks may not read is not tried.
        let is_seen = with.as_ref().is_none_or(|error| !error.body().unseen);
        Ok(is_seen.then_some((without, with)))
    }

    fn outcome(&self, past: &PastRequest, request: &Request, before: &[Sent]) -> Result<Option<Error>> {
        let trial = if before.is_empty() {
            Trial::default()
        } else {
            self.trial.clone()
        };
        let tried = self.session.try_request(past.acting(), trial, before, request)?;
        match (tried.refused, tried.result) {
            // The change itself is refused: there is nothing to ask.
            (Some(_), Err(error)) => Err(error),
            (None, Err(error)) if error.kind() == Kind::Host => Err(error),
            (_, result) => Ok(result.err()),
        }
    }

    /// Those of these requests whose checks come out in another way with the change.
    fn ask_again(&self, waiting: Vec<(usize, PastRequest)>) -> Result<Vec<At>> {
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        let past: Vec<&PastRequest> = waiting.iter().map(|(_, past)| past).collect();
        let without = self.session.ask_again(&self.trial, &[], &past)?;
        let with = self.session.ask_again(&self.trial, self.before, &past)?;
        let outcomes = without.into_iter().zip(with);
        let all = waiting.into_iter().zip(outcomes);
        let turned = all.filter(|(_, (without, with))| told(without) != told(with));
        Ok(turned
            .map(|((place, past), (without, with))| (place, Judged::ByChecks, past, without, with))
            .collect())
    }
}
