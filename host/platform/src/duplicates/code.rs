//! Matchcodes: what of a row a rule compares, brought into one form and joined to one text.
//! Rows are the same for a rule exactly where their codes are equal. Pure.
//!
//! | what | its form in a code |
//! |---|---|
//! | text | white space trimmed and collapsed; unless the rule is case sensitive, as the language folds it |
//! | a telephone number | its digits, in whatever script |
//! | an e-mail address | without white space, folded likewise |
//! | a number, an amount | its shortest decimal form |
//! | a day of a point in time | in UTC |
//! | a point in time | to the second |
use jiff::tz::TimeZone;
use sluice_model::{
    Row, Value,
    text::{Collation, characters},
    value::whole_second,
};

use super::rule::{Condition, Form, How, Part, Rule, Side};

/// Between the parts of a code: no part can hold it.
const BETWEEN: char = '\u{1f}';

/// A row, perhaps with changes that are about to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    row: &'a Row,
    changes: Option<&'a Row>,
}

impl<'a> Seen<'a> {
    /// The row as it is.
    pub(crate) fn now(row: &'a Row) -> Self {
        Self { row, changes: None }
    }

    /// The row as changes will leave it.
    pub(crate) fn with(row: &'a Row, changes: &'a Row) -> Self {
        Self {
            row,
            changes: Some(changes),
        }
    }

    fn get(self, column: &str) -> Option<&'a Value> {
        let changed = self.changes.and_then(|changes| changes.get(column));
        changed
            .or_else(|| self.row.get(column))
            .filter(|value| !value.is_null())
    }

    /// Whether another row took its place.
    fn is_merged(self) -> bool {
        self.get("merged").and_then(Value::as_bool) == Some(true)
    }

    /// Whether the row is in the first state of its table, or the table has none.
    fn is_active(self) -> bool {
        self.get("statecode").and_then(Value::as_int).unwrap_or_default() == 0
    }
}

/// The code of a row as one side of a rule; `None` where the row is the same as no other: a
/// value is missing that may not be, the row was merged into another one, or it is inactive
/// and the rule passes over those.
pub(crate) fn matchcode(rule: &Rule, side: Side, row: Seen<'_>) -> Option<String> {
    if row.is_merged() {
        return None;
    }
    if side == Side::Matching && rule.exclude_inactive && !row.is_active() {
        return None;
    }
    // Of a single condition, nothing never equals nothing.
    let only = rule.conditions.len() == 1;
    let mut code = String::new();
    for (index, condition) in rule.conditions.iter().enumerate() {
        if index > 0 {
            code.push(BETWEEN);
        }
        let start = code.len();
        if let Some(value) = row.get(condition.column(side)) {
            part(condition, side, value, &mut code);
        }
        if code.len() == start && (only || condition.ignore_blank) {
            return None;
        }
    }
    Some(code)
}

/// A code as people read it: its parts between bars. Different codes look different.
pub(crate) fn shown(code: &str) -> String {
    let escaped = code.replace('\\', "\\\\").replace('|', "\\|");
    escaped.replace(BETWEEN, " | ")
}

fn part(condition: &Condition, side: Side, value: &Value, code: &mut String) {
    match (&condition.how, value) {
        (How::Text { form, part, fold }, Value::Text(text)) => *code += &cut(&normal(text, *form, *fold), *part),
        (How::Day, Value::Date(date)) => *code += &date.to_string(),
        (How::Day, Value::DateTime(time)) => *code += &time.to_zoned(TimeZone::UTC).date().to_string(),
        (How::Instant, Value::DateTime(time)) => *code += &whole_second(*time).as_second().to_string(),
        (How::Label { base, matching }, value) => {
            let labels = match side {
                Side::Base => base,
                Side::Matching => matching,
            };
            let label = value
                .as_int()
                .and_then(|number| labels.iter().find(|(option, _)| *option == number));
            *code += label.map_or("", |(_, label)| label);
        }
        (How::Value, Value::Bool(yes)) => *code += if *yes { "1" } else { "0" },
        (How::Value, Value::Int(number) | Value::Choice(number)) => *code += &number.to_string(),
        (How::Value, Value::BigInt(number)) => *code += &number.to_string(),
        (How::Value, Value::Float(number)) => *code += &number.to_string(),
        (How::Value, Value::Decimal(number) | Value::Money(number)) => *code += &number.normalize().to_string(),
        // A row is its table and its id.
        (How::Row, Value::Lookup(row)) => *code += &format!("{}{}", row.id.simple(), row.table),
        (How::Value, value) => {
            if let Some(id) = value.as_id() {
                *code += &id.simple().to_string();
            }
        }
        // The columns are of the condition's sort: the rule was compiled against them.
        _ => {}
    }
}

/// A text in the form in which it is compared.
pub(crate) fn normal(text: &str, form: Form, folded: Option<&Collation>) -> String {
    let is_blank = |c: char| c.is_whitespace() || c.is_control();
    let text: String = match form {
        Form::Phone => {
            // Digits are digits in any script.
            let plain = folded.unwrap_or_else(|| Collation::usual()).fold(text);
            plain.chars().filter(char::is_ascii_digit).collect()
        }
        Form::Email => text.chars().filter(|c| !is_blank(*c)).collect(),
        Form::Plain => {
            let words = text.split(is_blank).filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().join(" ")
        }
    };
    match folded {
        Some(collation) => collation.fold(&text).into_owned(),
        None => text,
    }
}

/// The characters of a text that are compared, whole ones: a letter with its accents, a syllable.
fn cut(text: &str, part: Part) -> String {
    match part {
        Part::All => text.to_owned(),
        Part::First(count) => characters(text).take(count).collect(),
        Part::Last(count) => {
            let length = characters(text).count();
            characters(text).skip(length.saturating_sub(count)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use sluice_model::{Date, Decimal, Timestamp, Uuid};

    use super::*;

    fn condition(how: How) -> Condition {
        Condition {
            base: "a".into(),
            matching: "b".into(),
            ignore_blank: false,
            how,
            longest: 100,
        }
    }

    fn text(form: Form, part: Part, fold: bool) -> Condition {
        condition(How::Text {
            form,
            part,
            fold: fold.then(Collation::usual),
        })
    }

    fn plain() -> Condition {
        text(Form::Plain, Part::All, true)
    }

    fn rule(conditions: Vec<Condition>) -> Rule {
        Rule {
            conditions,
            ..Rule::of_tables("lead", "contact")
        }
    }

    /// Whether two values are the same for one condition.
    fn same(how: &Condition, base: impl Into<Value>, matching: impl Into<Value>) -> bool {
        let rule = rule(vec![how.clone()]);
        let base = Row::unsaved("lead").with("a", base);
        let matching = Row::unsaved("contact").with("b", matching);
        let code = matchcode(&rule, Side::Base, Seen::now(&base));
        code.is_some() && code == matchcode(&rule, Side::Matching, Seen::now(&matching))
    }

    #[test]
    fn texts_are_the_same_without_regard_to_case_and_blanks() {
        let exact = plain();
        assert!(same(&exact, "Fourth  Coffee", " fourth\tCOFFEE "));
        assert!(same(&exact, "Straße", "STRASSE"));
        assert!(!same(&exact, "Fourth Coffee", "FourthCoffee"));
        assert!(same(&exact, "Zoë", "Zoe"));
        let case = text(Form::Plain, Part::All, false);
        assert!(same(&case, "Fourth  Coffee", "Fourth Coffee"));
        assert!(!same(&case, "Fourth Coffee", "fourth coffee"));
    }

    #[test]
    fn of_a_telephone_number_the_digits_count() {
        let phone = text(Form::Phone, Part::All, true);
        assert!(same(&phone, "818/762-1221", "818-762-1221"));
        assert!(same(&phone, "(818) 762 1221", "818.762.1221"));
        assert!(!same(&phone, "818-762-1221", "818-762-1222"));
        assert!(!same(&phone, "unknown", "none"), "no digit is no number");
        for fold in [true, false] {
            let phone = text(Form::Phone, Part::All, fold);
            assert!(same(&phone, "０３-1111", "03 1111") && same(&phone, "٠٣٠١٢٣", "030123"));
            assert!(!same(&phone, "０３-1111", "０４-1111"));
        }
        let last = text(Form::Phone, Part::Last(7), true);
        assert!(same(&last, "+1 818 762 1221", "762-1221"));
    }

    #[test]
    fn of_an_address_the_blanks_do_not_count() {
        let email = text(Form::Email, Part::All, true);
        assert!(same(&email, " Ada@Example.com ", "ada@example.com"));
        assert!(!same(&email, "ada@example.com", "ada@example.org"));
        let case = text(Form::Email, Part::All, false);
        assert!(!same(&case, "Ada@example.com", "ada@example.com"));
    }

    #[test]
    fn the_first_and_the_last_characters() {
        let first = text(Form::Plain, Part::First(4), true);
        for (base, matching, expected) in [
            ("Müller GmbH", "MÜLLheim", true),
            ("Müller", "Möller", false),
            ("Ann", "Anna", false),
            ("Ann", "ann", true),
        ] {
            assert_eq!(same(&first, base, matching), expected, "{base} {matching}");
        }
        let last = text(Form::Plain, Part::Last(4), true);
        assert!(same(&last, "Blue Yonder", "Green onder"));
        assert!(!same(&last, "Blue Yonder", "Blue Wonders"));
        let of = |language, part| {
            condition(How::Text {
                form: Form::Plain,
                part,
                fold: Collation::of(language),
            })
        };
        for (language, count, base, matching, expected) in [
            (1053, 1, "Öberg", "Olsson", false),
            (1053, 1, "Öberg", "ÖSTBERG", true),
            (1042, 2, "김철수", "기영", false),
            (1042, 2, "김철수", "김철호", true),
            (1066, 1, "ăn", "ân", false),
        ] {
            assert_eq!(
                same(&of(language, Part::First(count)), base, matching),
                expected,
                "{base} {matching}"
            );
            // The last one counts as a whole, too.
            let turned = |text: &str| text.chars().rev().collect::<String>();
            assert_eq!(
                same(&of(language, Part::Last(count)), turned(base), turned(matching)),
                expected,
                "{base}"
            );
        }
    }

    #[test]
    fn numbers_choices_lookups_and_yes_or_no_by_their_value() {
        let value = condition(How::Value);
        let number = |text: &str| text.parse::<Decimal>().unwrap();
        assert!(same(
            &value,
            Value::Money(number("12.50")),
            Value::Decimal(number("12.5"))
        ));
        assert!(same(&value, 12, Value::Decimal(number("12.0"))));
        assert!(!same(&value, 12, 13));
        assert!(same(&value, Value::Choice(3), Value::Choice(3)));
        assert!(same(&value, true, true) && !same(&value, true, false));
        let id = Uuid::from_u128(7);
        assert!(same(&value, id, sluice_model::Reference::new("account", id)));
    }

    #[test]
    fn days_and_points_in_time() {
        let time = |text: &str| Value::DateTime(text.parse::<Timestamp>().unwrap());
        let day = condition(How::Day);
        let date = Value::Date("2026-01-31".parse::<Date>().unwrap());
        assert!(same(&day, time("2026-01-31T23:59:59Z"), date));
        assert!(!same(&day, time("2026-01-31T23:59:59Z"), time("2026-02-01T00:00:00Z")));
        let instant = condition(How::Instant);
        assert!(same(
            &instant,
            time("2026-01-31T09:00:00.2Z"),
            time("2026-01-31T09:00:00.9Z")
        ));
        assert!(!same(
            &instant,
            time("2026-01-31T09:00:00Z"),
            time("2026-01-31T09:00:01Z")
        ));
    }

    #[test]
    fn labels_of_choices_whatever_their_numbers() {
        let labels = condition(How::Label {
            base: vec![(1, "retail".into()), (2, "bank".into())],
            matching: vec![(7, "retail".into())],
        });
        assert!(same(&labels, Value::Choice(1), Value::Choice(7)));
        assert!(!same(&labels, Value::Choice(2), Value::Choice(7)));
        assert!(
            !same(&labels, Value::Choice(9), Value::Choice(9)),
            "an option without a label is none"
        );
    }

    #[test]
    fn nothing_equals_nothing_only_beside_another_condition() {
        let empty = Row::unsaved("lead").with("a", Value::Null);
        let code = |rule: &Rule, row: &Row| matchcode(rule, Side::Base, Seen::now(row));
        assert_eq!(code(&rule(vec![plain()]), &empty), None, "a single condition");
        let second = Condition {
            base: "c".into(),
            ..plain()
        };
        let both = rule(vec![plain(), second.clone()]);
        let named = empty.clone().with("c", "Novak");
        assert_eq!(code(&both, &named).as_deref(), Some("\u{1f}novak"));
        assert_eq!(shown(&code(&both, &named).unwrap()), " | novak");
        let ignoring = Condition {
            ignore_blank: true,
            ..plain()
        };
        assert_eq!(code(&rule(vec![ignoring, second]), &named), None);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let second = Condition {
            base: "c".into(),
            ..plain()
        };
        let both = rule(vec![plain(), second]);
        let row = |a: &str, c: &str| Row::unsaved("lead").with("a", a).with("c", c);
        let code = |row: &Row| matchcode(&both, Side::Base, Seen::now(row));
        assert_ne!(code(&row("ab", "c")), code(&row("a", "bc")));
        assert_ne!(code(&row("a\u{1f}b", "c")), code(&row("a", "b\u{1f}c")));
        let seen = |a: &str, c: &str| shown(&code(&row(a, c)).unwrap());
        assert_ne!(seen("a | b", "c"), seen("a", "b | c"));
    }

    #[test]
    fn a_merged_row_is_the_same_as_no_other() {
        let row = Row::unsaved("contact").with("a", "x").with("b", "x");
        let merged = Row::unsaved("contact").with("merged", true);
        for side in [Side::Base, Side::Matching] {
            let code = |seen| matchcode(&rule(vec![plain()]), side, seen);
            assert!(code(Seen::now(&row)).is_some());
            assert_eq!(code(Seen::with(&row, &merged)), None);
        }
    }

    #[test]
    fn inactive_rows_have_no_code_where_they_are_passed_over() {
        let row = Row::unsaved("contact")
            .with("b", "x")
            .with("statecode", Value::Choice(0));
        let closed = Row::unsaved("contact").with("statecode", Value::Choice(1));
        let mut excluding = rule(vec![plain()]);
        excluding.exclude_inactive = true;
        let matching = |rule: &Rule, row: Seen<'_>| matchcode(rule, Side::Matching, row);
        assert!(matching(&excluding, Seen::now(&row)).is_some());
        assert!(matching(&excluding, Seen::with(&row, &closed)).is_none());
        assert!(matching(&rule(vec![plain()]), Seen::with(&row, &closed)).is_some());
        let base = Row::unsaved("lead").with("a", "x").with("statecode", Value::Choice(1));
        assert!(
            matchcode(&excluding, Side::Base, Seen::now(&base)).is_some(),
            "only matching rows"
        );
    }
}
