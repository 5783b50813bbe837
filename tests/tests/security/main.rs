//! Who may do what, from outside: the tables of the requirements and of the platform
//! reference, each row tried with the real engine.

mod administration;
mod administrators;
mod assigning;
mod decoys;
mod doors;
mod giving;
mod identity;
mod inwards;
mod linking;
mod lists;
mod messages;
mod moving;
mod ownership;
mod processes;
mod refusals;
mod removals;
mod roles;
mod shares;
mod strong_steps;
mod teams;
mod world;
