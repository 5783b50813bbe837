//! What a unit of work is for: to do what is asked, or to try it.

use std::{collections::HashSet, sync::Arc};

use sluice_access::Checks;
use sluice_model::{Depth, Uuid};

use crate::{case::Recorder, preview::Changed};

/// What a unit of work is for.
#[derive(Debug, Clone, Default)]
pub(crate) enum Purpose {
    /// What it does counts.
    #[default]
    Work,
    /// To see what a request would do: it is always rolled back, and leaves no traces and no jobs.
    /// These steps are passed over.
    Preview(HashSet<Uuid>),
    /// To see why a request does what it does: rolled back as well; what it would leave to jobs runs
    /// after it.
    Diagnosis(Trial),
}

impl Purpose {
    /// The unit is always rolled back and leaves no traces and no jobs.
    pub(crate) fn is_trial(&self) -> bool {
        !matches!(self, Self::Work)
    }

    /// The trial of a diagnosis.
    pub(crate) fn diagnosis(&self) -> Option<&Trial> {
        match self {
            Self::Diagnosis(trial) => Some(trial),
            Self::Work | Self::Preview(_) => None,
        }
    }

    /// Where a diagnosis keeps what is asked about principals.
    pub(crate) fn checks(&self) -> Option<&Arc<Checks>> {
        self.diagnosis()?.checks.as_ref()
    }

    /// Where a diagnosis keeps plug-in calls.
    pub(crate) fn recorder(&self) -> Option<&Arc<Recorder>> {
        self.diagnosis()?.recorder.as_ref()
    }

    /// Whether steps that rest run all the same.
    pub(crate) fn is_awake(&self) -> bool {
        self.diagnosis().is_some_and(|trial| trial.awake)
    }

    /// Whether a step is passed over.
    pub(crate) fn bypasses(&self, step: Uuid) -> bool {
        match self {
            Self::Work => false,
            Self::Preview(bypassed) => bypassed.contains(&step),
            Self::Diagnosis(trial) => trial.bypassed.contains(&step),
        }
    }
}

/// What a diagnosis changes about a request.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// Steps that are passed over.
    pub bypassed: HashSet<Uuid>,
    /// Privileges lent to principals.
    pub lent: Vec<(Uuid, String, Depth)>,
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
