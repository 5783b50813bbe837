//! What is different in a trial.

use std::{collections::HashSet, sync::Arc};

use sluice_access::Checks;
use sluice_model::{Depth, Uuid};

use crate::{case::Recorder, preview::Changed};

/// What a diagnosis changes about a request. Empty for every other one.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// The unit is always rolled back and leaves no traces and no jobs.
    pub rolled_back: bool,
    /// Steps that are passed over.
    pub bypassed: HashSet<Uuid>,
    /// Privileges lent to principals.
    pub lent: Vec<(Uuid, String, Depth)>,
    /// Its asynchronous steps run after it.
    pub defers: bool,
    /// The gates of process flows stand open.
    pub ungated: bool,
    /// Steps that rest run all the same.
    pub awake: bool,
    /// Where it is kept what is asked about principals.
    pub checks: Option<Arc<Checks>>,
    /// Where its plug-in calls are kept.
    pub recorder: Option<Arc<Recorder>>,
    /// The configuration behind what goes before the request, where it was read already.
    pub changed: Option<Arc<Changed>>,
}
