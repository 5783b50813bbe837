//! Cells of CSV files for spreadsheets. A spreadsheet takes a cell that begins like a formula for
//! one, and runs it; a quote before it makes it a text.

use std::borrow::Cow;

use crate::written;

/// The cell as a spreadsheet takes it for what it is: with a quote before a text that begins with
/// `=`, `+`, `-`, `@`, a tab or the end of a line, or with quotes before one of these. A negative
/// number stays as it is.
pub fn for_spreadsheet(cell: &str) -> Cow<'_, str> {
    let is_number = cell.starts_with('-') && written::decimal(cell).is_some();
    match begins_formula(cell) && !is_number {
        true => Cow::Owned(format!("'{cell}")),
        false => Cow::Borrowed(cell),
    }
}

/// The cell before [`for_spreadsheet`].
pub fn from_spreadsheet(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|cell| begins_formula(cell))
        .unwrap_or(cell)
}

fn begins_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'')
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_are_texts() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+49 30 1", "'+49 30 1"),
            ("+4930", "'+4930"),
            ("-1+cmd", "'-1+cmd"),
            ("\t=1", "'\t=1"),
            ("'=1", "''=1"),
            ("-12.50", "-12.50"),
            ("12", "12"),
            ("'n Sync", "'n Sync"),
            ("O'Neil", "O'Neil"),
            ("", ""),
        ] {
            assert_eq!(for_spreadsheet(cell), expected, "{cell}");
            assert_eq!(from_spreadsheet(expected), cell, "{cell}");
        }
    }

    proptest! {
        #[test]
        fn cells_come_back(cell in "['=+@\t-]{0,3}.{0,6}") {
            let there = for_spreadsheet(&cell);
            prop_assert_eq!(from_spreadsheet(&there), &cell);
        }
    }
}
