//! Reports: on a clock of the test's own, held against values computed by hand; and as the
//! program prints them. R224, R267, R271–R275.

mod numbers;
mod program;
