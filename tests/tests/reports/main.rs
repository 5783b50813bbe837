//! Reports: on a clock of the test's own, held against values computed by hand; and as the
//! program prints them.

mod numbers;
mod program;
