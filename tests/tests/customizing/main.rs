//! What customizers change: mappings, choices, what is published, solutions; and what a lead
//! becomes by them.

mod choices;
mod default_maps;
mod definitions;
mod dry_run;
mod generating;
mod initialize;
mod keys;
mod needed_options;
mod publishing;
mod status_reasons;
mod values;
mod world;
