//! The options of choices, states and statuses by what people write for them.

use crate::{Choice, Code, ColumnDef, ColumnType, Error, TableDef, text};

/// The option that `text` means: the one of that number, else the one of that label, without
/// regard to case where none has it to the letter. Nothing where there is none, or several.
pub fn named<'a>(options: impl IntoIterator<Item = &'a Choice> + Clone, text: &str) -> Option<&'a Choice> {
    let number = text.parse::<i32>().ok();
    let all = || options.clone().into_iter();
    let by_number = all().find(|option| Some(option.value) == number);
    by_number
        .or_else(|| all().find(|option| option.label == text))
        .or_else(|| {
            let mut alike = all().filter(|option| text::same_but_case(&option.label, text));
            alike.next().filter(|_| alike.next().is_none())
        })
}

/// The option of that number, for people: `3 (Qualified)`.
pub fn shown(option: &Choice) -> String {
    match option.label.is_empty() {
        true => option.value.to_string(),
        false => format!("{} ({})", option.value, option.label),
    }
}

/// How many options a refusal lists.
const LISTED: usize = 40;

/// The refusal of a value that is none of a column's options.
pub(crate) fn out_of_range(table: &TableDef, column: &ColumnDef, value: &str) -> Error {
    let options = column.kind.options().unwrap_or_default();
    let mut accepted: Vec<String> = options.iter().take(LISTED).map(shown).collect();
    if let Some(more) = options.len().checked_sub(LISTED).filter(|more| *more > 0) {
        accepted.push(format!("and {more} more"));
    }
    let (code, hint) = match column.kind {
        ColumnType::State { .. } | ColumnType::Status { .. } => {
            (Code::INVALID_STATE, format!("{} ", Code::INVALID_STATE.text()))
        }
        _ => (Code::OUT_OF_RANGE, String::new()),
    };
    Error::new(
        code,
        format!(
            "{hint}A validation error occurred. The value {value} of '{}' on record of type '{}' is outside the valid range. Accepted Values: {}",
            column.name, table.name, accepted.join(", ")
        ),
    )
    .with_table(&table.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(value: i32, label: &str) -> Choice {
        Choice {
            value,
            label: label.to_owned(),
            state: None,
            default_status: None,
            entered: None,
            managed: false,
        }
    }

    #[test]
    fn a_number_is_a_number_and_a_label_a_label() {
        let ratings = [
            option(1, "5"),
            option(2, "4"),
            option(4, "2"),
            option(5, "1"),
            option(7, "77"),
        ];
        let of = |text| named(&ratings, text).map(|option| option.value);
        assert_eq!(
            ["4", "5", "2", "77", "78"].map(of),
            [Some(4), Some(5), Some(2), Some(7), None]
        );
    }

    #[test]
    fn labels_are_found_without_regard_to_case() {
        let options = [
            option(1, "Öltank"),
            option(2, "Ящик"),
            option(3, "box"),
            option(4, "Box"),
            option(5, "BAG"),
            option(6, "bag"),
        ];
        let of = |text| named(&options, text).map(|option| option.value);
        assert_eq!(
            ["öltank", "ящик", "Box", "box"].map(of),
            [Some(1), Some(2), Some(4), Some(3)]
        );
        assert_eq!(["Bag", "Bocks"].map(of), [None, None], "it must be one of them");
    }
}
