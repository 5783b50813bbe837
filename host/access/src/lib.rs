//! Who may do what to which row and column.
//!
//! Pure functions over facts that the caller brings; the only maker of a [`Permit`]. This
//! crate does no I/O and knows no database. Absent privilege means denied.
