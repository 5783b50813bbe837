//! What a change would do to requests that people made: each recorded one runs again with the change
//! and without it, rolled back. Between any two trials the writer is free.

use sluice_engine::{RecordedRequest, Sent, Session, unit::Trial};
use sluice_model::{Code, Error, Request, Result, Timestamp, Uuid, codes::Kind};

/// A request whose outcome a change turns.
#[derive(Debug, Clone)]
pub struct Turned {
    /// The request.
    pub request: RecordedRequest,
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
    /// How many requests were judged.
    pub judged: usize,
    /// How many cannot be judged by running them again: they passed then, and are refused today
    /// whatever is changed (their lead is closed, their row is there).
    pub past: usize,
    /// How many were not recorded whole.
    pub unrecorded: usize,
    /// Whether there were more than are looked at.
    pub is_cut: bool,
}

/// More requests are not run again.
const MOST: usize = 1_000;

/// What tells two outcomes apart.
fn told(outcome: &Option<Error>) -> Option<(Code, Option<&str>, Option<Uuid>)> {
    let body = outcome.as_ref()?.body();
    Some((
        body.code,
        body.privilege.as_deref(),
        body.step.as_ref().map(|step| step.id),
    ))
}

/// See [`super::Diagnosis::what_if`].
pub(super) fn what_if(
    session: &Session,
    changes: &[Request],
    since: Timestamp,
    progress: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<WhatIf> {
    let before: Vec<Sent> = changes
        .iter()
        .map(|request| Sent {
            sender: session.user(),
            request: request.clone(),
        })
        .collect();
    let (recorded, unrecorded) = session.recorded_requests(since, MOST + 1)?;
    // A change that is refused is refused whether anybody has made a request or not.
    let alone = session.try_request(session.acting(), Trial::default(), &before, &Request::new("WhoAmI"))?;
    alone.result?;
    let mut found = WhatIf {
        unrecorded,
        is_cut: recorded.len() > MOST,
        ..WhatIf::default()
    };
    let all = recorded.len().min(MOST);
    for (place, request) in recorded.into_iter().take(MOST).enumerate() {
        if !progress(place, all) {
            found.is_cut = true;
            break;
        }
        let outcome = |before: &[Sent]| -> Result<Option<Error>> {
            let tried = session.try_request(request.acting(), Trial::default(), before, &request.request)?;
            match (tried.refused, tried.result) {
                // The change itself is refused: there is nothing to ask.
                (Some(_), Err(error)) => Err(error),
                (None, Err(error)) if error.kind() == Kind::Host => Err(error),
                (_, result) => Ok(result.err()),
            }
        };
        let (without, with) = (outcome(&[])?, outcome(&before)?);
        if request.succeeded && without.is_some() {
            found.past += 1;
            continue;
        }
        found.judged += 1;
        if told(&without) != told(&with) {
            found.turned.push(Turned { request, without, with });
        }
    }
    Ok(found)
}
