//! Workflows: what a definition may say, what starts it and for which rows, what it does and as
//! whom, and how it is found and taken out of work where it stands in somebody's way.

mod acting;
mod actions;
mod amounts;
mod background;
mod blame;
mod callers;
mod calling;
mod checked;
mod commands;
mod cures;
mod dates;
mod life;
mod loops;
mod mails;
mod refusals;
mod schema;
mod texts;
mod told;
mod triggers;
mod world;
