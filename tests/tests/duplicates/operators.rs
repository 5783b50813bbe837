//! What a rule finds to be the same: the criteria, the flags, the forms of values, each with stored rows.

use sluice_model::{ColumnDef, ColumnType, Row, Value};

use crate::world::{Condition, Duplicates, NONE, account, condition_row, contact, exact, rule};
use sluice_platform::prelude::*;

/// Whether a rule of one condition on `column` of account finds a row with one value where
/// there is one with the other.
#[track_caller]
fn check(condition: Condition, pairs: &[(Value, Value, bool)]) {
    let world = Duplicates::new();
    world.rule("tried", ["account", "account"], &[condition]);
    for (stored, asked, expected) in pairs {
        let id = world.admin.create(account("stored").with(condition.1, stored.clone()));
        let found = world.duplicates(account("asked").with(condition.0, asked.clone()), "account");
        assert_eq!(found.contains(&id), *expected, "{stored:?} {asked:?}");
        world.admin.try_delete("account", id).unwrap();
    }
}

fn texts(pairs: &[(&str, &str, bool)]) -> Vec<(Value, Value, bool)> {
    pairs
        .iter()
        .map(|(stored, asked, expected)| (Value::from(*stored), Value::from(*asked), *expected))
        .collect()
}

#[test]
fn exact_match_of_texts() {
    let pairs = [
        ("Fourth Coffee", "fourth  COFFEE ", true),
        ("Müller & Söhne", "MÜLLER & SÖHNE", true),
        ("Fourth Coffee", "Fourth Coffees", false),
        ("Zoë", "Zoe", true),
    ];
    check(exact("address1_name"), &texts(&pairs));
}

#[test]
fn same_first_and_same_last_characters() {
    let first = [
        ("Fourth Coffee", "FOURth of July", true),
        ("Fourth", "Fifth", false),
        ("Fou", "Four", false),
        ("Fou", "fou", true),
    ];
    check(
        Condition("address1_name", "address1_name", 1, Some(4), false),
        &texts(&first),
    );
    let last = [("Blue Yonder", "out yonder", true), ("Yonder", "Yonders", false)];
    check(
        Condition("address1_name", "address1_name", 2, Some(6), false),
        &texts(&last),
    );
}

#[test]
fn telephone_numbers_by_their_digits() {
    let pairs = [
        ("818/762-1221", "818-762-1221", true),
        ("(818) 762 1221", "8187621221", true),
        ("818-762-1221", "818-762-1222", false),
        ("none", "unknown", false),
    ];
    check(exact("telephone1"), &texts(&pairs));
}

#[test]
fn addresses_without_regard_to_case() {
    let pairs = [
        ("Ada@Example.com", " ada@example.COM", true),
        ("ada@a.example", "ada@b.example", false),
    ];
    check(exact("emailaddress1"), &texts(&pairs));
}

#[test]
fn numbers_amounts_and_yes_or_no() {
    let money = |text: &str| Value::Money(text.parse().unwrap());
    check(
        exact("revenue"),
        &[
            (money("12.5"), money("12.50"), true),
            (money("12.5"), money("12.51"), false),
        ],
    );
    check(
        exact("numberofemployees"),
        &[
            (Value::Int(7), Value::Int(7), true),
            (Value::Int(7), Value::Int(8), false),
        ],
    );
    check(
        exact("donotphone"),
        &[(true.into(), true.into(), true), (true.into(), false.into(), false)],
    );
}

#[test]
fn days_and_points_in_time() {
    let world = Duplicates::new();
    let column = |name: &str, kind| ColumnDef::new(name, kind);
    for column in [
        column("sl_day", ColumnType::Date),
        column("sl_time", ColumnType::DateTime),
    ] {
        world.admin.0.create_column("account", &column).unwrap();
    }
    let time = |text: &str| Value::DateTime(text.parse().unwrap());
    let stored = account("stored")
        .with("sl_time", time("2026-01-31T23:30:00.25Z"))
        .with("sl_day", Value::Date("2026-01-31".parse().unwrap()));
    world.admin.create(stored);
    let same_day = world.rule(
        "day",
        ["account", "account"],
        &[Condition("sl_time", "sl_day", 3, None, false)],
    );
    let asked = |text: &str| account("asked").with("sl_time", time(text));
    assert!(world.is_there(asked("2026-01-31T00:00:01Z"), "account"));
    assert!(!world.is_there(asked("2026-02-01T00:00:00Z"), "account"));
    world.unpublish(same_day);
    world.rule(
        "time",
        ["account", "account"],
        &[Condition("sl_time", "sl_time", 4, None, false)],
    );
    assert!(
        world.is_there(asked("2026-01-31T23:30:00.75Z"), "account"),
        "to the second"
    );
    assert!(!world.is_there(asked("2026-01-31T23:30:01Z"), "account"));
}

#[test]
fn choices_by_value_and_by_label() {
    let world = Duplicates::new();
    let industry = world
        .admin
        .create(account("stored").with("industrycode", Value::Choice(6)));
    let by_value = world.rule(
        "value",
        ["account", "account"],
        &[Condition("industrycode", "industrycode", 6, None, false)],
    );
    let asked = |table: &str, value: i32| Row::unsaved(table).with("industrycode", Value::Choice(value));
    assert_eq!(world.duplicates(asked("account", 6), "account"), [industry]);
    assert!(!world.is_there(asked("account", 7), "account"));
    world.unpublish(by_value);
    world.rule(
        "label",
        ["lead", "account"],
        &[Condition("industrycode", "industrycode", 5, None, false)],
    );
    assert_eq!(
        world.duplicates(asked("lead", 6), "account"),
        [industry],
        "Business Services on both"
    );
    assert!(!world.is_there(asked("lead", 7), "account"));
}

#[test]
fn a_rule_that_minds_case() {
    let world = Duplicates::new();
    let id = world.admin.create(account("No. 5 Coffee"));
    let rule = world.draft_with(
        rule("case", ["account", "account"]).with("iscasesensitive", true),
        &[exact("name")],
    );
    world.publish(rule);
    assert_eq!(world.duplicates(account("No.  5 Coffee"), "account"), [id]);
    assert_eq!(world.duplicates(account("no. 5 coffee"), "account"), NONE);
}

#[test]
fn conditions_are_and_ed_and_rules_are_independent() {
    let world = Duplicates::new();
    let id = world
        .admin
        .create(contact("Novak", "ada@novak.example").with("firstname", "Ada"));
    world.rule("both", ["contact", "contact"], &[exact("lastname"), exact("firstname")]);
    let asked = |first: &str, last: &str| Row::unsaved("contact").with("firstname", first).with("lastname", last);
    assert_eq!(world.duplicates(asked("ada", "novak"), "contact"), [id]);
    assert!(!world.is_there(asked("Ada", "Lovelace"), "contact"));
    assert!(!world.is_there(asked("Grace", "Novak"), "contact"));
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    let other = asked("Grace", "Hopper").with("emailaddress1", "ADA@novak.example");
    assert_eq!(world.duplicates(other, "contact"), [id]);
}

#[test]
fn of_a_single_condition_nothing_never_equals_nothing() {
    let world = Duplicates::new();
    let (one, two) = (world.lead("", ""), world.lead("", ""));
    world.rule("address", ["lead", "lead"], &[exact("emailaddress1")]);
    assert_eq!(world.duplicates(Row::new("lead", one), "lead"), NONE);
    // With a second condition it does …
    let both = world.draft(
        "both",
        ["lead", "lead"],
        &[
            exact("emailaddress1"),
            Condition("subject", "subject", 1, Some(100), false),
        ],
    );
    world.publish(both);
    assert_eq!(world.duplicates(Row::new("lead", one), "lead"), [two]);
    // … unless the condition says that it does not.
    world.unpublish(both);
    world.admin.create(condition_row(
        both,
        Condition("companyname", "companyname", 0, None, true),
    ));
    world.publish(both);
    assert_eq!(world.duplicates(Row::new("lead", one), "lead"), NONE);
}

#[test]
fn a_format_that_one_column_has_counts_for_both() {
    let world = Duplicates::new();
    world
        .admin
        .0
        .create_column(
            "contact",
            &ColumnDef::new("sl_phone", ColumnType::Text { max_length: 50 }),
        )
        .unwrap();
    let id = world
        .admin
        .create(contact("Novak", "").with("sl_phone", "603-491-4028"));
    world.rule(
        "phone",
        ["lead", "contact"],
        &[Condition("telephone1", "sl_phone", 0, None, false)],
    );
    let asked = Row::unsaved("lead").with("telephone1", "(603) 491 4028");
    assert_eq!(world.duplicates(asked, "contact"), [id]);
}
