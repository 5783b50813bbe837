//! The options of choices, states and statuses by what people write for them.

use crate::{Choice, Code, ColumnDef, ColumnType, Error, TableDef, looks, text::Collation};

/// The option that `text` means: the one of that number, else the one of that label. Where none has
/// it to the letter, it is the one that differs in case, then the one that is equal by the
/// organisation's language. Nothing where there is none, or several.
pub fn named<'a>(
    collation: &Collation,
    options: impl IntoIterator<Item = &'a Choice> + Clone,
    text: &str,
) -> Option<&'a Choice> {
    let number = text.parse::<i32>().ok();
    let all = || options.clone().into_iter();
    let by_number = all().find(|option| Some(option.value) == number);
    by_number
        .or_else(|| all().find(|option| option.label == text))
        .or_else(|| {
            let in_case: Vec<_> = all()
                .filter(|option| collation.same_but_case(&option.label, text))
                .collect();
            let equal: Vec<_> = match in_case.is_empty() && !looks::is_blank(text) {
                true => all().filter(|option| collation.same(&option.label, text)).collect(),
                false => in_case,
            };
            match equal.as_slice() {
                [only] => Some(*only),
                _ => None,
            }
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
    let value = looks::clipped(value);
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
            only_by: None,
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
        let of = |text| named(Collation::usual(), &ratings, text).map(|option| option.value);
        assert_eq!(
            ["4", "5", "2", "77", "78"].map(of),
            [Some(4), Some(5), Some(2), Some(7), None]
        );
    }

    #[test]
    fn labels_are_found_as_texts_compare() {
        let options = [
            option(1, "Öltank"),
            option(2, "Ящик"),
            option(3, "box"),
            option(4, "Box"),
            option(5, "BAG"),
            option(6, "bag"),
            option(7, "Café"),
            option(8, "Resume"),
            option(9, "Résumé"),
        ];
        let of = |language, text| named(Collation::of(language).unwrap(), &options, text).map(|option| option.value);
        for (text, found) in [
            ("öltank", Some(1)),
            ("ящик", Some(2)),
            ("Box", Some(4)),
            ("box", Some(3)),
            ("RÉSUMÉ", Some(9)),
            ("resume", Some(8)),
            // It must be one of them.
            ("Bag", None),
            ("Bocks", None),
            ("résume", None),
            ("\u{200b}", None),
        ] {
            assert_eq!(of(1033, text), found, "{text}");
        }
        assert_eq!(
            [of(1033, "cafe"), of(2057, "cafe")],
            [Some(7), None],
            "accents count where the language says so"
        );
    }

    #[test]
    fn turkish_has_two_letters_i() {
        let options = [option(1, "İyi"), option(2, "ISI")];
        let of = |text| named(Collation::of(1055).unwrap(), &options, text).map(|option| option.value);
        assert_eq!(["iyi", "ısı", "isi", "IYI"].map(of), [Some(1), Some(2), None, None]);
    }
}
