//! The collation of every text column, and the functions that search in texts, by the names that
//! statements call them. What they do is `sluice_model::text`.
//!
//! A new version of that may fold characters that were not assigned before; `REINDEX` mends an
//! index that has some.

pub(crate) use sluice_model::text::{compare, contains, ends_with, starts_with};

/// The name of the collation.
pub(crate) const COLLATION: &str = "UNICODE_CI";
/// `CONTAINS(text, part)`.
pub(crate) const CONTAINS: &str = "sluice_contains";
/// `STARTS(text, part)`.
pub(crate) const STARTS: &str = "sluice_starts_with";
/// `ENDS(text, part)`.
pub(crate) const ENDS: &str = "sluice_ends_with";
