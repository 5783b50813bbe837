//! Statements: everything that becomes SQL, by `sea-query` and never by pasting strings.
//!
//! Nothing here runs a statement or knows a transaction.

pub(crate) mod bind;
pub(crate) mod build;
pub(crate) mod cookie;
pub(crate) mod ddl;
pub(crate) mod filter;
pub(crate) mod list;
mod order;
mod pages;
mod seconds;

use sea_query::Alias;

/// The table of shares, whose columns the store itself reads.
pub(crate) const SHARES: &str = "principalobjectaccess";

/// Which columns of the table of shares hold rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShareMask {
    /// The organisation has no such table: nothing is shared.
    None,
    /// The direct mask only.
    Direct,
    /// The direct mask and the inherited one.
    Inherited,
}

/// A name as `sea-query` wants it: it will be quoted.
pub(crate) fn name(name: &str) -> Alias {
    Alias::new(name)
}
