//! The pipeline as its reference promises it: which steps run, when, for whom, and what a
//! failure leaves behind. The plug-in in most of these tests is the probe, which does what its
//! step's configuration says.

mod attribution;
mod before;
mod budgets;
mod bypassing;
mod checks;
mod compiling;
mod contracts;
mod depth;
mod diagnosis;
mod effects;
mod errors;
mod faults;
mod hostile;
mod images;
mod jobs;
mod jobs_again;
mod jobs_two;
mod keeping;
mod monitoring;
mod ordering;
mod parameters;
mod platform_work;
mod processes;
mod prune;
mod reading_traces;
mod refusals;
mod registration;
mod resting;
mod series;
mod shared;
mod shown;
mod split;
mod stages;
mod system;
mod traces;
mod used;
mod users;
mod what_if;
mod why;
mod why_jobs;
mod why_origin;
mod why_others;
mod why_steps;
mod world;
