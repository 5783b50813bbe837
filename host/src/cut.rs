//! Lists that end by themselves after so many rows, and say so.

use serde_json::Value as Json;

use crate::{
    output::{self, Form, Outcome},
    text::grouped,
};

/// How many rows are asked for: one more than are shown says whether there are more.
pub(crate) fn asked(top: u32) -> u32 {
    top.saturating_add(1)
}

/// Leaves so many of the rows; whether there were more.
pub(crate) fn to<T>(rows: &mut Vec<T>, top: u32) -> bool {
    let top = usize::try_from(top).unwrap_or(usize::MAX);
    let more = rows.len() > top;
    rows.truncate(top);
    more
}

/// A list that says whether there are more rows than it shows: to people below it, to machines in the
/// document; where the form has no place for it, beside the list.
pub(crate) fn said(mut list: Outcome, top: u32, more: bool) -> Outcome {
    if !more {
        return list;
    }
    if let Json::Object(map) = &mut list.document {
        map.insert("more".to_owned(), true.into());
    }
    let told = format!("there are more than these {}; --top N shows more", grouped(top.into()));
    match output::form() {
        Form::Table => list.text.push_str(&format!("\n{told}")),
        Form::Json => {}
        Form::Plain | Form::Csv | Form::Spreadsheet | Form::Tsv | Form::Id => output::tell(&told),
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_one_too_many_says_that_there_are_more() {
        let mut rows = vec![1, 2, 3];
        assert!(!to(&mut rows, 3));
        assert!(to(&mut rows, 2));
        assert_eq!(rows, [1, 2]);
        assert_eq!(asked(u32::MAX), u32::MAX);
    }
}
