//! The pipeline: messages, steps, images, depth, traces, jobs, diagnosis.
//!
//! A request runs through [`pipeline`]; what it may touch is decided in `sluice-access`,
//! stored by `sluice-store`, and plug-ins run in `sluice-sandbox`. This crate knows no SQL,
//! no wasm and no HTTP, and nothing of sales: an [`App`] adds tables and messages.

mod answers;
mod app;
mod attach;
mod audit;
mod columns;
mod customize;
mod diagnose;
mod duplicates;
mod engine;
mod env;
mod fill;
pub mod import;
mod jobs;
mod lookup;
mod mapping;
mod message;
mod metadata;
mod operation;
mod options;
mod organization;
mod pipeline;
mod principals;
mod publish;
mod registration;
mod rules;
mod runner;
mod services;
mod snapshot;
mod step;
mod steps;
mod tables;
mod trace;
mod unit;

pub use app::{App, Extension};
pub use columns::ColumnChange;
pub use customize::TableChange;
pub use diagnose::{Culprit, Fix, Isolation};
pub use duplicates::{FoundDuplicate, Matchcodes, Matches};
pub use engine::{Batch, CallOptions, Engine, OpenOptions, Session};
pub use env::{Env, SeededEnv, SystemEnv};
pub use lookup::Found;
pub use message::{Message, Parameter as ParameterDef, Shape, Takes};
pub use metadata::parse_table;
pub use operation::Operation;
pub use organization::Founding;
pub use publish::{Change, Unpublished};
pub use registration::{Assembly, ImageSpec, Pushed, StepSpec, limits_of};
pub use rules::Rules;
pub use runner::{JobOutcome, JobProgress, JobState};
pub use sluice_store::Synchronous;
pub use trace::Node as TraceNode;
pub use unit::Unit;

/// Building blocks for messages that an app brings along.
pub mod parts {
    pub use crate::message::{Images, input, optional, required};
    pub use crate::principals::require;
}
