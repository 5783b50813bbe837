//! The pipeline: messages, steps, images, depth, traces, jobs, diagnosis.
//!
//! A request runs through [`pipeline`]; what it may touch is decided in `sluice-access`,
//! stored by `sluice-store`, and plug-ins run in `sluice-sandbox`. This crate knows no SQL,
//! no wasm and no HTTP, and nothing of sales: a [`Capability`] adds tables and messages.

pub mod acting;
mod added;
mod administration;
mod answers;
mod attach;
pub mod attribution;
pub mod base64;
mod batch;
mod budget;
pub mod bypass;
pub mod capability;
mod cascade;
mod case;
pub mod change;
pub mod compiling;
mod component;
mod definitions;
mod engine;
mod env;
mod explaining;
pub mod fill;
pub mod filters;
mod gate;
pub mod giving;
mod gone;
pub mod handler;
mod jobs;
pub mod keeping;
pub mod keys;
mod lookup;
pub mod message;
mod metadata;
mod migration;
mod monitoring;
mod operation;
pub mod options;
pub mod organization;
mod pipeline;
mod plugin;
mod pointers;
mod preview;
pub mod principals;
mod published;
pub mod reading;
mod record_team;
pub mod recurrence;
mod remedies;
pub mod rules;
pub mod runner;
mod secret;
mod series;
mod services;
mod session;
pub mod snapshot;
mod soundness;
pub mod step;
pub mod step_rows;
pub mod steps;
mod stray;
pub mod tables;
pub mod tasks;
mod telling;
mod trace;
pub mod unit;
mod used;
pub mod watch;
mod whole;

pub use acting::Acting;
pub use batch::Batch;
pub use capability::{
    Capabilities, Capability, Dependant, Dependency, Extension, MadeColumns, Redefinition, RequiredComponent, Tables,
};
pub use case::{Replayed, replay};
pub use change::{Author, Cause, ChangeKind, RowChange, Why};
pub use component::{Arrived, Component, ComponentPart, ComponentStates, HoldersOf, InOrder};
pub use engine::{Engine, OpenOptions};
pub use env::{Env, SeededEnv, SystemEnv};
pub use gone::GoneColumn;
pub use jobs::{FailedJob, GoesOn};
pub use keeping::Kept;
pub use lookup::{Found, noun, table_called};
pub use message::{Message, ParameterDef, Shape, Takes};
pub use metadata::{parse_table, parse_tables};
pub use operation::Operation;
pub use organization::Founding;
pub use plugin::{Argument, Arguments};
pub use preview::{Changed, Preview, Rehearsal, Sent, Tried, What};
pub use rules::{ReadRules, Rules};
pub use runner::{JobKind, JobOutcome, JobProgress, JobState, JobStep};
pub use secret::Secret;
pub use session::{CallOptions, Session};
pub use sluice_sandbox::{Compiler, run_compiler};
pub use sluice_store::{Block, Faults, Holder, MigratedFile, Restored, Synchronous, check_target};
pub use soundness::{Meaning, Sound, is_component};
pub use telling::{HIDDEN_ROLE, Telling, is_senders};
pub use trace::{
    AskedAs, Discarded, Node as TraceNode, PastRequest, RecordedRequest, Refused, TracedCheck, TracedChecks,
    TracedName, TracedWithheld, asked_as,
};
pub use unit::Unit;
pub use watch::Watch;

/// Building blocks for messages that an app brings along.
pub mod parts {
    pub use crate::message::{Images, input, optional, required};
    pub use crate::principals::require;
}
