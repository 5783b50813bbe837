//! What stands on the core, a folder for each capability. What each brings along is a
//! [`crate::Capability`] in its first file; which of them know each other is a table in the
//! architecture test.

pub(crate) mod audit;
pub(crate) mod customizing;
pub(crate) mod diagnose;
pub(crate) mod duplicates;
pub(crate) mod flow;
pub mod import;
pub(crate) mod managed;
pub(crate) mod mapping;
pub(crate) mod merge;
pub(crate) mod notes;
pub(crate) mod plugins;
pub(crate) mod solutions;
