//! Where questions are asked: in steps and for messages, each within another.

use sluice_model::{Name, Uuid};

/// Where a question was asked: in a step, or for a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A step runs.
    Step {
        /// Which.
        step: Uuid,
        /// The user that it says it runs as; without one, as the caller.
        run_as: Option<Uuid>,
        /// What it calls is a plug-in.
        is_plugin: bool,
    },
    /// A message is under way.
    Message {
        /// Which.
        message: Name,
        /// Its table.
        table: Option<Name>,
    },
}

/// A place, with the one around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The place.
    pub place: Place,
    /// The place around it.
    pub within: Option<u32>,
}

/// The innermost step around a place.
pub fn step_around(places: &[Placed], place: Option<u32>) -> Option<Uuid> {
    let mut next = place;
    while let Some(placed) = next.and_then(|at| places.get(usize::try_from(at).ok()?)) {
        if let Place::Step { step, .. } = placed.place {
            return Some(step);
        }
        next = placed.within;
    }
    None
}
