//! The pipeline: messages, steps, images, depth, traces, jobs, diagnosis.
//!
//! A request runs through [`pipeline`]; what it may touch is decided in `sluice-access`,
//! stored by `sluice-store`, and plug-ins run in `sluice-sandbox`. This crate knows no SQL,
//! no wasm and no HTTP, and nothing of sales: a [`Capability`] adds tables and messages.

mod administration;
mod answers;
mod attach;
mod attribution;
mod base64;
mod capability;
mod cascade;
mod change;
mod compiling;
mod engine;
mod env;
mod fill;
mod filters;
mod gate;
mod giving;
mod jobs;
mod lookup;
mod message;
mod metadata;
mod migration;
mod operation;
mod options;
mod organization;
mod pipeline;
mod platform;
mod pointers;
mod preview;
mod principals;
mod published;
mod reading;
mod recurrence;
mod rules;
mod runner;
mod services;
mod snapshot;
mod soundness;
mod step;
mod step_rows;
mod steps;
mod stray;
mod tables;
mod trace;
mod unit;
mod watch;
mod whole;

pub use capability::{Capability, Definition, Dependant, Extension, MadeColumns, Redefinition, Tables, User};
pub use change::{Author, Cause, Change as RowChange, Kind as ChangeKind, Why};
pub use engine::{Batch, CallOptions, Engine, OpenOptions, Session};
pub use env::{Env, SeededEnv, SystemEnv};
pub use lookup::Found;
pub use message::{Message, Parameter as ParameterDef, Shape, Takes};
pub use metadata::parse_table;
pub use operation::Operation;
pub use organization::Founding;
pub use platform::customizing::columns::ColumnChange;
pub use platform::customizing::definitions::TableChange;
pub use platform::customizing::publish::{Change, Unpublished};
pub use platform::customizing::relationships::BehaviourChange;
pub use platform::customizing::views::View;
pub use platform::diagnose::{Culprit, Fix, Isolation};
pub use platform::duplicates::{FoundDuplicate, Matchcodes, Matches};
pub use platform::flow::{
    Flow, FlowSpec, FlowStep, FlowStepSpec, Migrated, Migration, Process, Stage, StageSpec, Status,
};
pub use platform::import;
pub use platform::mapping::MappingProblem;
pub use platform::plugins::registration::{Assembly, ImageSpec, Pushed, StepSpec, limits_of};
pub use platform::solutions::{Imported, Uninstalled};
pub use preview::Preview;
pub use rules::Rules;
pub use runner::{JobKind, JobOutcome, JobProgress, JobState, Step as JobStep};
pub use sluice_sandbox::{Compiler, run_compiler};
pub use sluice_store::{Faults, MigratedFile, Restored, Synchronous, check_target};
pub use trace::Node as TraceNode;
pub use unit::Unit;
pub use watch::Watch;

/// Building blocks for messages that an app brings along.
pub mod parts {
    pub use crate::message::{Images, input, optional, required};
    pub use crate::principals::require;
}
