//! Who may do what, from outside: the tables of the requirements and of the platform
//! reference, each row tried with the real engine.

mod assigning;
mod linking;
mod lists;
mod messages;
mod ownership;
mod processes;
mod refusals;
mod removals;
mod roles;
mod shares;
mod teams;
mod world;
