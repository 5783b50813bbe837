//! Who may do what, from outside: the tables of the requirements and of the platform
//! reference, each row tried with the real engine.

mod across;
mod administration;
mod administrators;
mod assigning;
mod behalf;
mod columns;
mod columns_beside;
mod decoys;
mod doors;
mod giving;
mod gone_columns;
mod identity;
mod inwards;
mod linking;
mod lists;
mod logs;
mod managers;
mod messages;
mod moving;
mod ownership;
mod processes;
mod record_teams;
mod refusals;
mod remade;
mod removals;
mod roles;
mod secrets;
mod secured_rules;
mod shares;
mod strong_steps;
mod tasks;
mod teams;
mod unsent;
mod world;
