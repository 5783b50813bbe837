//! Volume, rate and velocity in one: volume alone says little.

use sluice_engine::Session;
use sluice_model::{Query, Result, codes::Kind};

use super::{Closed, StageVelocity, all, leads, velocity};

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
    let mut volume = [0; 3];
    count(&mut volume, leads(session, &[0, 1, 2], &["statecode"])?);
    let mut opportunities = [0; 3];
    match all(session, &Query::new("opportunity").columns(&["statecode"])) {
        Ok(rows) => count(&mut opportunities, rows),
        Err(error) if error.kind() == Kind::Denied => {}
        Err(error) => return Err(error),
    }
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

fn count(counts: &mut [usize; 3], rows: Vec<sluice_model::Row>) {
    for row in rows {
        let state = row.int("statecode").and_then(|state| usize::try_from(state).ok());
        if let Some(count) = state.and_then(|state| counts.get_mut(state)) {
            *count += 1;
        }
    }
}
