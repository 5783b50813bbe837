//! The pipeline: messages, steps, images, depth, traces, jobs, diagnosis.
//!
//! A request runs through [`pipeline`]; what it may touch is decided in `sluice-access`,
//! stored by `sluice-store`, and plug-ins run in `sluice-sandbox`. This crate knows no SQL,
//! no wasm and no HTTP, and nothing of sales: an [`App`] adds tables and messages.

mod administration;
mod answers;
mod app;
mod attach;
mod attachments;
mod audit;
mod change;
mod columns;
mod customize;
mod diagnose;
mod duplicates;
mod engine;
mod env;
mod fill;
mod flow;
mod giving;
pub mod import;
mod jobs;
mod lookup;
mod managed;
mod mapping;
mod message;
mod metadata;
mod operation;
mod options;
mod organization;
mod pipeline;
mod preview;
mod principals;
mod publish;
mod reading;
mod registration;
mod removal;
mod rules;
mod runner;
mod services;
mod snapshot;
mod solution;
mod step;
mod steps;
mod tables;
mod trace;
mod unit;
mod views;
mod watch;

pub use app::{App, Extension};
pub use change::{Author, Cause, Change as RowChange, Kind as ChangeKind, Why};
pub use columns::ColumnChange;
pub use customize::TableChange;
pub use diagnose::{Culprit, Fix, Isolation};
pub use duplicates::{FoundDuplicate, Matchcodes, Matches};
pub use engine::{Batch, CallOptions, Engine, OpenOptions, Session};
pub use env::{Env, SeededEnv, SystemEnv};
pub use flow::{Flow, FlowSpec, FlowStep, FlowStepSpec, Migrated, Migration, Process, Stage, StageSpec, Status};
pub use lookup::Found;
pub use mapping::MappingProblem;
pub use message::{Message, Parameter as ParameterDef, Shape, Takes};
pub use metadata::parse_table;
pub use operation::Operation;
pub use organization::Founding;
pub use preview::Preview;
pub use publish::{Change, Unpublished};
pub use registration::{Assembly, ImageSpec, Pushed, StepSpec, limits_of};
pub use rules::Rules;
pub use runner::{JobOutcome, JobProgress, JobState};
pub use sluice_store::{Faults, Synchronous};
pub use snapshot::Snapshot;
pub use solution::{Imported, Uninstalled};
pub use trace::Node as TraceNode;
pub use unit::Unit;
pub use views::View;
pub use watch::Watch;

/// Building blocks for messages that an app brings along.
pub mod parts {
    pub use crate::message::{Images, input, optional, required};
    pub use crate::principals::require;
}
