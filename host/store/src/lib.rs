//! Rows and definitions in the database: one SQLite file for each organisation.
//!
//! The only crate that knows SQL. It knows no user, no message and no plug-in: whether a row
//! may be touched is what a [`sluice_access::Permit`] says, and every operation on rows wants
//! one. No public type names a type of the database library, so that another database can
//! come behind them.
//!
//! | to | look at |
//! |---|---|
//! | make, open, copy, check a file | `store` |
//! | follow a unit of work into a commit | `writer`, then `unit` |
//! | see what ends a statement that takes too long | `deadline` |
//! | see what can be done within one | `tx`, `rows`, `definitions`, `facts`, `matchcodes` |
//! | bring a file of an earlier form to the present one | `migrate`, then `structure` |
//! | put a backup in the place of a file, notice that another file has its place | `restore`, `presence`, `open_file` |
//! | see how attachments are kept | `blocks` |
//! | see how a value is kept, and how texts compare | `form`, `text` |
//! | see the SQL | `sql` |

mod blocks;
mod deadline;
mod definitions;
mod facts;
mod fault;
mod form;
mod inject;
mod keeping;
mod matchcodes;
mod migrate;
mod names;
mod open_file;
mod presence;
mod restore;
mod rows;
mod secret;
mod session;
mod sound;
mod sql;
mod store;
mod structure;
mod sums;
mod text;
mod tx;
mod unit;
mod writer;

#[cfg(test)]
mod tests;

pub use blocks::{Block, Holder};
pub use definitions::Shipped;
pub use facts::Facts;
pub use inject::Faults;
pub use keeping::{Keeping, weight};
pub use migrate::MigratedFile;
pub use names::check_target;
pub use presence::clear_leftovers;
pub use restore::Restored;
pub use rows::Part;
pub use store::{Options, Store, Synchronous, publish};
pub use text::Collation;
pub use tx::{Savepoint, Tx};
pub use unit::{Beside, End};
