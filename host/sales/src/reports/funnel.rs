//! Volume, rate and velocity in one: volume alone says little.

use sluice_engine::Session;
use sluice_model::{Filter, Query, Result, codes::Kind};

use super::{Closed, StageVelocity, counted, each, leads_in, rows, velocity};

/// The funnel.
#[derive(Debug, Clone, PartialEq)]
pub struct Funnel {
    /// Volume: the open leads.
    pub open: usize,
    /// Volume and rate: the closed leads.
    pub closed: Closed,
    /// Volume: the opportunities that are open, won and lost; none, for who may not read any.
    pub opportunities: [usize; 3],
    /// Velocity: the days in each stage.
    pub velocity: Vec<StageVelocity>,
}

/// The funnel, as far as the user may read it.
///
/// # Errors
/// The user may not read leads or stage visits.
pub fn funnel(session: &Session) -> Result<Funnel> {
    let by = ["statecode"];
    let volume = states(session, counted("lead", "leadid", &by, leads_in(&[0, 1, 2])))?;
    let opportunities = match states(session, counted("opportunity", "opportunityid", &by, Filter::All)) {
        Err(error) if error.kind() == Kind::Denied => [0; 3],
        other => other?,
    };
    let [open, qualified, disqualified] = volume;
    Ok(Funnel {
        open,
        closed: Closed {
            qualified,
            disqualified,
        },
        opportunities,
        velocity: velocity(session)?,
    })
}

/// How many rows are in each of the first three states.
fn states(session: &Session, query: Query) -> Result<[usize; 3]> {
    let mut counts = [0; 3];
    each(session, query, &mut |group| {
        let state = group.int("statecode").and_then(|state| usize::try_from(state).ok());
        if let Some(count) = state.and_then(|state| counts.get_mut(state)) {
            *count += rows(group);
        }
    })?;
    Ok(counts)
}
