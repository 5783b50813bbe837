//! Every type of value comes back as it was stored, and the file orders values as they order.

use std::cmp::Ordering;

use jiff::{Timestamp, civil::Date};
use proptest::prelude::*;
use rust_decimal::Decimal;
use sluice_model::{Comparison, Filter, Query, Reference, Row, Value};

use super::{Org, id, system};
use crate::Collation;

fn decimal() -> impl Strategy<Value = Decimal> {
    let small = (-100_i64..100, 0_u32..=10).prop_map(|(number, scale)| Decimal::new(number, scale));
    let large = (-999_999_999_999_999_999_i64..999_999_999_999_999_999, 0_u32..=10)
        .prop_map(|(number, scale)| Decimal::new(number, scale));
    prop_oneof![small, large, Just(Decimal::ZERO)]
}

fn money() -> impl Strategy<Value = Decimal> {
    (any::<i64>(), 0_u32..=4).prop_map(|(number, scale)| Decimal::new(number / 10_000, scale))
}

fn letters() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-cA-C]{0,4}",
        "[aAßẞsSéÉσςΣİıIiǆǅK%_]{0,5}",
        any::<String>().prop_map(|text| text.replace('\0', ""))
    ]
}

fn date() -> impl Strategy<Value = Date> {
    (-9999_i16..=9999, 1_i8..=12, 1_i8..=28).prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
}

fn time() -> impl Strategy<Value = Timestamp> {
    (-60_000_000_000_000_000_i64..250_000_000_000_000_000).prop_map(|us| Timestamp::from_microsecond(us).unwrap())
}

fn value() -> impl Strategy<Value = (&'static str, Value)> {
    let float = prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::INFINITE;
    prop_oneof![
        letters().prop_map(|text| ("name", Value::Text(text))),
        letters().prop_map(|text| ("about", Value::Text(text))),
        any::<i32>().prop_map(|n| ("employees", Value::Int(n))),
        any::<i64>().prop_map(|n| ("big", Value::BigInt(n))),
        float.prop_map(|n| ("score", Value::Float(n))),
        decimal().prop_map(|n| ("rate", Value::Decimal(n))),
        any::<bool>().prop_map(|b| ("hot", Value::Bool(b))),
        any::<i32>().prop_map(|n| ("rating", Value::Choice(n))),
        prop::collection::btree_set(any::<i32>(), 1..5)
            .prop_map(|set| ("tags", Value::Choices(set.into_iter().collect()))),
        time().prop_map(|time| ("seen", Value::DateTime(time))),
        date().prop_map(|date| ("born", Value::Date(date))),
        any::<u128>().prop_map(|n| ("loose", Value::Id(id(n)))),
        money().prop_map(|n| ("revenue", Value::Money(n))),
        any::<u128>().prop_map(|n| ("customerid", Value::Lookup(Reference::new("contact", id(n))))),
        any::<u128>().prop_map(|n| ("ownerid", Value::Lookup(Reference::new("team", id(n))))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_come_back(values in prop::collection::vec(value(), 1..60)) {
        let org = Org::new();
        let account = &org.tables.account;
        let mut rows = Vec::new();
        for (index, (column, value)) in values.iter().enumerate() {
            rows.push(Row::new("account", id(index as u128 + 1)).with(*column, value.clone()));
        }
        org.write(|tx| rows.iter().try_for_each(|row| tx.insert(&system(), account, row))).unwrap();
        let read = org.read(|tx| tx.select(&system(), account, &Query::new("account"))).unwrap();
        prop_assert_eq!(&read, &rows);
        for row in &rows {
            let got = org.read(|tx| tx.get(&system(), account, row.id, None)).unwrap();
            prop_assert_eq!(got.as_ref(), Some(row));
        }
    }

    #[test]
    fn the_file_orders_as_values_do(
        numbers in prop::collection::vec((decimal(), money(), letters(), date(), time()), 1..40),
    ) {
        let org = Org::new();
        let account = &org.tables.account;
        let mut rows = Vec::new();
        for (index, (decimal, money, text, date, time)) in numbers.iter().enumerate() {
            let row = Row::new("account", id(index as u128 + 1))
                .with("rate", Value::Decimal(*decimal))
                .with("revenue", Value::Money(*money))
                .with("name", text.clone())
                .with("born", Value::Date(*date))
                .with("seen", *time);
            rows.push(row);
        }
        org.write(|tx| rows.iter().try_for_each(|row| tx.insert(&system(), account, row))).unwrap();
        for column in ["rate", "revenue", "name", "born", "seen"] {
            // Stable, so that the key decides among equals.
            rows.sort_by_key(|row| row.id);
            rows.sort_by(|a, b| order(a.get(column).unwrap(), b.get(column).unwrap()));
            let query = Query::new("account").order_by(column);
            let read = org.read(|tx| tx.select(&system(), account, &query)).unwrap();
            prop_assert_eq!(read, rows.clone(), "by {}", column);
        }
    }
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Decimal(a), Value::Decimal(b)) | (Value::Money(a), Value::Money(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => Collation::usual().compare(a, b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::DateTime(a), Value::DateTime(b)) => a.cmp(b),
        _ => panic!("not ordered here"),
    }
}

/// What is equal, less or a part for the collation is so for the database, with an index or without.
#[test]
fn the_database_compares_as_the_collation_does() {
    let org = Org::new();
    let texts = [
        "cafe",
        "Café",
        "CAFE\u{301}",
        "cafés",
        "Øster",
        "oster",
        "straße",
        "STRASSE",
        "z",
        "",
        "ящик",
        "Ящик",
    ];
    for (number, text) in (1..).zip(texts) {
        org.insert(&org.account(number).with("name", text)).unwrap();
    }
    for wanted in texts {
        for (comparison, passes) in [
            (
                Comparison::Eq,
                (|one, other| Collation::usual().same(one, other)) as fn(&str, &str) -> bool,
            ),
            (Comparison::Lt, |one, other| {
                Collation::usual().compare(one, other).is_lt()
            }),
            (Comparison::Contains, |one, other| {
                Collation::usual().contains(one, &Collation::usual().fold(other))
            }),
        ] {
            let filter = Filter::Compare {
                column: "name".into(),
                comparison,
                value: wanted.into(),
            };
            let found = org
                .read(|tx| tx.select(&system(), &org.tables.account, &Query::new("account").filter(filter)))
                .unwrap();
            let expected = texts.iter().filter(|text| passes(text, wanted)).count();
            assert_eq!(found.len(), expected, "{comparison:?} {wanted}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_and_not_rounded() {
    let org = Org::new();
    let refused = |column: &str, value: Value| {
        let error = org.insert(&org.account(1).with(column, value)).unwrap_err();
        assert_eq!(error.code(), sluice_model::Code::INVALID_ARGUMENT, "{error}");
    };
    refused("rate", Value::Decimal(Decimal::new(1, 11)));
    refused("rate", Value::Decimal(Decimal::MAX));
    refused("revenue", Value::Money(Decimal::new(1, 5)));
    refused("revenue", Value::Money(Decimal::from(i64::MAX)));
    refused("score", Value::Float(f64::NAN));
    refused("customerid", Value::Id(id(1)));
    org.insert(
        &org.account(1)
            .with("rate", Value::Decimal(Decimal::new(10_000_000_000_000, 12))),
    )
    .unwrap();
    let read = org
        .read(|tx| tx.get(&system(), &org.tables.account, id(1), None))
        .unwrap()
        .unwrap();
    assert_eq!(
        read.get("rate").unwrap().as_decimal().unwrap().to_string(),
        "10",
        "trailing zeros are gone"
    );
}

#[test]
fn choices_are_a_set() {
    let org = Org::new();
    let account = &org.tables.account;
    org.insert(&org.account(1).with("tags", Value::Choices(vec![30, 1, 30])))
        .unwrap();
    org.insert(&org.account(2).with("tags", Value::Choices(vec![])))
        .unwrap();
    let read = org
        .read(|tx| tx.select(&system(), account, &Query::new("account")))
        .unwrap();
    assert_eq!(read[0].get("tags"), Some(&Value::Choices(vec![1, 30])));
    assert!(!read[1].has("tags"), "no choice is an empty column");
}
