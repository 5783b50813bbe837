//! Duplicate detection: rules, matchcodes, what requests are told, and jobs.
//! Source: requirements, sections E and F.

mod bulk;
mod commands;
mod customizing;
mod data;
mod detection;
mod leads;
mod operators;
mod publishing;
mod qualifying;
mod rules;
mod too_long;
mod upkeep;
mod world;
