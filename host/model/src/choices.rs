//! The options of choices, states and statuses by what people write for them.

use crate::{Choice, Code, ColumnDef, ColumnType, Error, Result, TableDef, looks, text::Collation};

/// The option that `text` means: the one of that number, else the one of that label. Where none has
/// it to the letter, it is the one that differs in case, then the one that is equal by the
/// organisation's language. Nothing where there is none, or several.
pub fn named<'a>(
    collation: &Collation,
    options: impl IntoIterator<Item = &'a Choice> + Clone,
    text: &str,
) -> Option<&'a Choice> {
    match all_named(collation, options, text).as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// The options that `text` may mean, one as well as the other.
pub fn all_named<'a>(
    collation: &Collation,
    options: impl IntoIterator<Item = &'a Choice> + Clone,
    text: &str,
) -> Vec<&'a Choice> {
    let number = text.parse::<i32>().ok();
    let passing = |passes: &dyn Fn(&Choice) -> bool| -> Vec<&'a Choice> {
        options.clone().into_iter().filter(|option| passes(option)).collect()
    };
    let mut found = passing(&|option| Some(option.value) == number);
    if found.is_empty() {
        found = passing(&|option| option.label == text);
    }
    if found.is_empty() {
        found = passing(&|option| collation.same_but_case(&option.label, text));
    }
    if found.is_empty() && !looks::is_blank(text) {
        found = passing(&|option| collation.same(&option.label, text));
    }
    found
}

/// The numbers of the options that `text` means in a condition. What reads as a whole number is that number,
/// whether an option has it or not, and never a label: the condition means the same whatever options come, go,
/// or are called. Any other text is the label of each option that is called so.
pub(crate) fn meant<'a>(
    collation: &Collation,
    options: impl IntoIterator<Item = &'a Choice> + Clone,
    text: &str,
) -> Vec<i32> {
    match text.parse() {
        Ok(number) => vec![number],
        Err(_) => {
            let called = all_named(collation, options, text);
            called.into_iter().map(|option| option.value).collect()
        }
    }
}

/// What a text is that names options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A value that is written: where no option has a number, it may be a label.
    Written,
    /// What a column is compared with: see [`meant`].
    Compared,
}

/// A label has no more commas than this, where several options are written one behind the other.
const MOST_COMMAS: usize = 8;

/// The numbers of several options that are written with commas between them, each by its number or its label.
/// A label may have commas in it: what can be read in two ways is refused. Nothing where it cannot be read.
///
/// # Errors
/// It can be read in several ways.
pub(crate) fn several(table: &TableDef, column: &ColumnDef, reading: Reading, text: &str) -> Result<Option<Vec<i32>>> {
    let one = |options: &[Choice], text: &str| match reading {
        Reading::Written => named(table.collation(), options, text).map(|option| option.value),
        Reading::Compared => match meant(table.collation(), options, text).as_slice() {
            [only] => Some(*only),
            _ => None,
        },
    };
    let parts: Vec<&str> = text.split(',').collect();
    let options = column.kind.options().unwrap_or_default();
    let commas = options.iter().map(|option| option.label.matches(',').count());
    let commas = commas.max().unwrap_or_default().min(MOST_COMMAS);
    // What the parts before each place may be read as; two readings are as many as matter.
    let mut readings: Vec<Vec<Vec<i32>>> = vec![vec![Vec::new()]];
    for end in 1..=parts.len() {
        let mut here: Vec<Vec<i32>> = Vec::new();
        for start in end.saturating_sub(commas + 1)..end {
            let label = parts.get(start..end).unwrap_or_default().join(",");
            let found = one(options, label.trim());
            if found.is_none() && !label.trim().is_empty() {
                continue;
            }
            for before in readings.get(start).into_iter().flatten() {
                let mut reading = before.clone();
                reading.extend(found);
                reading.sort_unstable();
                reading.dedup();
                if here.len() < 2 && !here.contains(&reading) {
                    here.push(reading);
                }
            }
        }
        readings.push(here);
    }
    match readings.pop().unwrap_or_default().as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only.clone())),
        _ => Err(Error::invalid(format!(
            "`{}` can be read in several ways, since labels of column `{}` of `{}` have commas in them; give the numbers",
            looks::clipped(text),
            column.name,
            table.name
        ))
        .with_table(&table.name)),
    }
}

/// The label of the option of that number, where it is read as this option in every language, and as no other.
pub fn telling(options: &[Choice], number: i32) -> Option<&str> {
    let label = &*options.iter().find(|option| option.value == number)?.label;
    let is_number = label.parse::<i32>().is_ok() || label == "null";
    let is_plain = label.trim() == label && !looks::is_blank(label) && !is_number;
    let is_one = options.iter().filter(|option| option.label == label).count() == 1;
    (is_plain && is_one).then_some(label)
}

/// Options as they are read again, with commas between them: by their labels, where these are no others' as well.
pub fn written(options: &[Choice], numbers: &[i32]) -> String {
    let has_comma = |label: &str| label.contains(',');
    let mistakable = match numbers {
        [_] => numbers
            .iter()
            .filter_map(|number| telling(options, *number))
            .any(has_comma),
        _ => options.iter().any(|option| has_comma(&option.label)),
    };
    let written = numbers.iter().map(|number| match telling(options, *number) {
        Some(label) if !mistakable => label.to_owned(),
        _ => number.to_string(),
    });
    written.collect::<Vec<_>>().join(", ")
}

/// The option of that number, for people: `3 (Qualified)`.
pub fn shown(option: &Choice) -> String {
    match option.label.is_empty() {
        true => option.value.to_string(),
        false => format!("{} ({})", option.value, option.label),
    }
}

/// The refusal of a text that is the label of several options.
pub(crate) fn ambiguous(table: &TableDef, column: &ColumnDef, text: &str, found: &[&Choice]) -> Error {
    let found: Vec<String> = found.iter().map(|option| shown(option)).collect();
    let state = match column.kind {
        ColumnType::Status { .. } => ", or the state with it",
        _ => "",
    };
    let message = format!(
        "`{}` is the label of several options of column `{}` of `{}`: {}; give the number{state}",
        looks::clipped(text),
        column.name,
        table.name,
        found.join(", ")
    );
    Error::invalid(message).with_table(&table.name)
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

    #[test]
    fn a_number_is_a_number_and_a_label_a_label() {
        let ratings = [
            Choice::new(1, "5"),
            Choice::new(2, "4"),
            Choice::new(4, "2"),
            Choice::new(5, "1"),
            Choice::new(7, "77"),
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
            Choice::new(1, "Öltank"),
            Choice::new(2, "Ящик"),
            Choice::new(3, "box"),
            Choice::new(4, "Box"),
            Choice::new(5, "BAG"),
            Choice::new(6, "bag"),
            Choice::new(7, "Café"),
            Choice::new(8, "Resume"),
            Choice::new(9, "Résumé"),
            Choice::new(10, "Same"),
            Choice::new(11, "Same"),
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
            ("Same", None),
            ("11", Some(11)),
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
        let options = [Choice::new(1, "İyi"), Choice::new(2, "ISI")];
        let of = |text| named(Collation::of(1055).unwrap(), &options, text).map(|option| option.value);
        assert_eq!(["iyi", "ısı", "isi", "IYI"].map(of), [Some(1), Some(2), None, None]);
    }
}
