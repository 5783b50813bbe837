//! The life cycle of a lead from outside: its states, what qualifying makes, its errors, forms
//! and commands, merging.

mod currencies;
mod errors;
mod faults;
mod forms;
mod merge;
mod opportunities;
mod qualify;
mod qualify_again;
mod states;
