//! Business process flows: what a process may do, who may see it, and what becomes of it on the
//! way from a lead to a closed opportunity.

mod changes;
mod commands;
mod course;
mod definitions;
mod gates;
mod several;
mod steps;
mod times;
mod world;
