//! Filters, orders and limits, against a naive reading of the query tree.

use std::cmp::Ordering;

use proptest::prelude::*;
use sluice_access::{Permit, Principal, PrivilegeIds, Units};
use sluice_model::{Comparison, Comparison::*, Filter, Name, Order, Query, Reference, Related, Row, Value};

use super::{Org, id, system};
use crate::Collation;

fn small_text() -> impl Strategy<Value = Value> {
    prop_oneof!["[abABé%_É]{0,3}".prop_map(Value::Text), Just(Value::Null)]
}

fn small_int() -> impl Strategy<Value = Value> {
    prop_oneof![4 => (0..4).prop_map(Value::Int), 1 => Just(Value::Null)]
}

/// Few ids, so that users and teams meet.
fn owner(table: &'static str) -> impl Strategy<Value = Reference> {
    (0_u128..3).prop_map(move |n| Reference::new(table, id(n)))
}

fn row() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let owner = prop_oneof![
        owner("team").prop_map(Value::Lookup),
        owner("systemuser").prop_map(Value::Lookup),
        Just(Value::Null)
    ];
    let account = || prop_oneof![(0_u128..6).prop_map(|n| refers("account", n)), Just(Value::Null)];
    let customer = prop_oneof![account(), (0_u128..6).prop_map(|n| refers("contact", n))];
    (small_text(), small_int(), owner, account(), customer).prop_map(|(name, employees, owner, parent, customer)| {
        let values = vec![
            ("name", name),
            ("employees", employees),
            ("ownerid", owner),
            ("parentid", parent),
            ("customerid", customer),
        ];
        values.into_iter().filter(|(_, value)| !value.is_null()).collect()
    })
}

fn refers(table: &str, number: u128) -> Value {
    Value::Lookup(Reference::new(table, id(number + 1)))
}

/// A condition on other rows, which `inner` holds for.
fn related(inner: impl Strategy<Value = Filter> + Clone + 'static) -> impl Strategy<Value = Filter> {
    let links = vec![
        ("parentid", "account", "accountid"),
        ("accountid", "account", "parentid"),
        ("customerid", "account", "accountid"),
        ("accountid", "account", "customerid"),
        ("ownerid", "account", "ownerid"),
    ];
    let link = |(column, table, other): (&str, &str, &str), filter| {
        Filter::Related(Box::new(Related {
            column: column.into(),
            table: table.into(),
            other: other.into(),
            filter,
        }))
    };
    let contact = (small_text(), inner.clone())
        .prop_map(move |(name, inner)| {
            let works_there = link(("accountid", "account", "accountid"), inner);
            Filter::Or(vec![Filter::eq("lastname", name), works_there])
        })
        .boxed();
    prop_oneof![
        3 => (prop::sample::select(links), inner).prop_map(move |(names, inner)| link(names, inner)),
        2 => contact.clone().prop_map(move |inner| link(("accountid", "contact", "accountid"), inner)),
        1 => contact.prop_map(move |inner| link(("customerid", "contact", "contactid"), inner)),
    ]
}

fn comparison() -> impl Strategy<Value = Comparison> {
    prop::sample::select(vec![Eq, Ne, Lt, Le, Gt, Ge])
}

fn filter() -> impl Strategy<Value = Filter> {
    let compare = |column: &'static str| {
        move |(comparison, value)| Filter::Compare {
            column: column.into(),
            comparison,
            value,
        }
    };
    let among = |column: &'static str| {
        move |values| Filter::In {
            column: Name::from(column),
            values,
        }
    };
    let search = prop::sample::select(vec![Contains, StartsWith, EndsWith, Eq, Ne, Lt, Ge]);
    let bare = || (0_u128..6).prop_map(|n| Value::Id(id(n)));
    let owner = || {
        let row = prop_oneof![owner("team"), owner("systemuser")].prop_map(Value::Lookup);
        prop_oneof![2 => row, 1 => bare(), 1 => Just(Value::Null)]
    };
    let customer = || {
        let row = |table| (0_u128..6).prop_map(move |n| refers(table, n));
        prop_oneof![row("account"), row("contact"), bare(), Just(Value::Null)]
    };
    let leaf = prop_oneof![
        Just(Filter::All),
        (search, small_text()).prop_map(compare("name")),
        (comparison(), small_int()).prop_map(compare("employees")),
        (prop::sample::select(vec![Eq, Ne]), owner()).prop_map(compare("ownerid")),
        (comparison(), (0_u128..20).prop_map(|n| Value::Id(id(n)))).prop_map(compare("accountid")),
        prop::collection::vec(small_text(), 0..3).prop_map(among("name")),
        prop::collection::vec(owner(), 0..3).prop_map(among("ownerid")),
        (prop::sample::select(vec![Eq, Ne]), customer()).prop_map(compare("customerid")),
        prop::collection::vec(customer(), 0..4).prop_map(among("customerid")),
        prop::collection::vec(customer(), 0..3).prop_map(among("parentid")),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Or),
            related(inner.clone()),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

/// What the filter means, without SQL.
fn holds(filter: &Filter, row: &Row, all: &[Row]) -> bool {
    match filter {
        Filter::All => true,
        Filter::And(parts) => parts.iter().all(|filter| holds(filter, row, all)),
        Filter::Or(parts) => parts.iter().any(|filter| holds(filter, row, all)),
        Filter::Not(filter) => !holds(filter, row, all),
        Filter::In { column, values } => values.iter().any(|value| compare(row, column, Eq, value)),
        Filter::Compare {
            column,
            comparison,
            value,
        } => compare(row, column, *comparison, value),
        Filter::Related(related) => all.iter().any(|other| {
            other.table == related.table
                && links(row, &related.column, other, &related.other)
                && holds(&related.filter, other, all)
        }),
    }
}

fn links(row: &Row, column: &str, other: &Row, to: &str) -> bool {
    let reference = |row: &Row, column: &str| match column == format!("{}id", row.table) {
        true => Some(row.reference()),
        false => row.lookup(column).cloned(),
    };
    let here = reference(row, column);
    here.is_some() && here == reference(other, to)
}

fn compare(row: &Row, column: &str, comparison: Comparison, value: &Value) -> bool {
    let held = if column == "accountid" && &*row.table == "account" {
        Value::Id(row.id)
    } else {
        row.get(column).cloned().unwrap_or(Value::Null)
    };
    let texts = Collation::usual();
    if let (Contains | StartsWith | EndsWith, Value::Text(held), Value::Text(part)) = (comparison, &held, value) {
        return match comparison {
            Contains => texts.contains(held, &texts.fold(part)),
            StartsWith => texts.starts_with(held, &texts.fold(part)),
            _ => texts.ends_with(held, &texts.fold(part)),
        };
    }
    let order = match (&held, value) {
        (Value::Null, Value::Null) => return comparison == Eq,
        (Value::Null, _) | (_, Value::Null) => return comparison == Ne,
        (Value::Text(a), Value::Text(b)) => texts.compare(a, b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        // A row is its table and its id.
        (Value::Lookup(a), Value::Lookup(b)) => return (a == b) == (comparison == Eq),
        (a, b) => a.as_id().unwrap().cmp(&b.as_id().unwrap()),
    };
    match comparison {
        Eq => order == Ordering::Equal,
        Ne => order != Ordering::Equal,
        Lt => order.is_lt(),
        Le => order.is_le(),
        Gt => order.is_gt(),
        Ge => order.is_ge(),
        _ => false,
    }
}

/// Accounts as they were thrown, their links to rows that there are, and contacts with the
/// ids of accounts: an id alone does not say which table is meant.
fn stored(rows: Vec<Vec<(&'static str, Value)>>, contacts: Vec<(Value, Option<u128>)>) -> Vec<Row> {
    let count = rows.len() as u128;
    let mut all = Vec::new();
    for (number, values) in (1..).zip(rows) {
        let mut row = Row::new("account", id(number));
        row.values = values
            .into_iter()
            .map(|(name, value)| (Name::from(name), value))
            .collect();
        row.values
            .retain(|name, value| &**name != "parentid" || value.as_id().unwrap() < id(number));
        all.push(row);
    }
    for (number, (name, account)) in (1..).zip(contacts) {
        let mut row = Row::new("contact", id(number));
        if !name.is_null() {
            row.set("lastname", name);
        }
        if let Some(account) = account.filter(|account| *account < count) {
            row.set("accountid", refers("account", account));
        }
        all.push(row);
    }
    all
}

/// Somebody who may read everything: the platform itself compares no bare ids.
fn everything(org: &Org) -> Permit {
    let system = Principal::system(id(9), "SYSTEM", id(9));
    let list = |table| sluice_access::list(&system, &Units::new([]), table, &PrivilegeIds::default()).unwrap();
    list(&org.tables.account).and(&list(&org.tables.contact)).unwrap()
}

#[test]
fn the_platform_itself_names_the_table_of_a_row() {
    let org = Org::new();
    let bare = Query::new("account").filter(Filter::eq("customerid", id(1)));
    let refused = org.read(|tx| tx.select(&system(), &org.tables.account, &bare));
    assert!(refused.unwrap_err().message().contains("name the table, too"));
    let shares = Query::new("principalobjectaccess").filter(Filter::eq("objectid", id(1)));
    let refused = org.read(|tx| tx.select(&system(), &org.tables.shares, &shares));
    assert!(refused.unwrap_err().message().contains("name the table, too"));
    let whole = Query::new("account").filter(Filter::eq("customerid", Reference::new("contact", id(1))));
    org.read(|tx| tx.select(&system(), &org.tables.account, &whole))
        .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn filters_mean_what_they_say(
        rows in prop::collection::vec(row(), 0..12),
        contacts in prop::collection::vec((small_text(), prop::option::of(0_u128..12)), 0..6),
        filters in prop::collection::vec(filter(), 1..20),
    ) {
        let org = Org::new();
        let catalog = org.tables.catalog();
        let permit = everything(&org);
        let stored = stored(rows, contacts);
        stored.iter().try_for_each(|row| org.insert(row)).unwrap();
        let accounts = || stored.iter().filter(|row| &*row.table == "account");
        for filter in filters {
            let wanted: Vec<Row> = accounts().filter(|row| holds(&filter, row, &stored)).cloned().collect();
            let query = Query::new("account").filter(filter.clone());
            let found = org.read(|tx| tx.select_across(&permit, &catalog, &query)).unwrap();
            prop_assert_eq!(&found, &wanted, "{:?}", filter);
            let count = org.read(|tx| tx.count_across(&permit, &catalog, &query)).unwrap();
            prop_assert_eq!(count, wanted.len() as u64);
        }
    }
}

#[test]
fn related_tables_are_looked_at_only_where_that_is_asked() {
    let org = Org::new();
    let query = Query::new("account").filter(Filter::Related(Box::new(Related {
        column: "accountid".into(),
        table: "contact".into(),
        other: "accountid".into(),
        filter: Filter::All,
    })));
    let refused = org.read(|tx| tx.select(&system(), &org.tables.account, &query));
    assert!(
        refused
            .unwrap_err()
            .message()
            .contains("related tables are not looked at")
    );
    let mut by_text = query.clone();
    if let Filter::Related(related) = &mut by_text.filter {
        related.other = "lastname".into();
    }
    let refused = org.read(|tx| tx.select_across(&system(), &org.tables.catalog(), &by_text));
    assert!(refused.unwrap_err().message().contains("linked by keys and lookups"));
}

fn named(org: &Org, names: &[&str]) {
    for (number, name) in names.iter().enumerate() {
        org.insert(&Row::new("account", id(number as u128 + 1)).with("name", *name))
            .unwrap();
    }
}

fn found(org: &Org, query: &Query) -> Vec<String> {
    let rows = org.read(|tx| tx.select(&system(), &org.tables.account, query)).unwrap();
    rows.iter()
        .map(|row| row.text("name").unwrap_or("-").to_owned())
        .collect()
}

#[test]
fn order_limit_and_the_key_as_the_last_word() {
    let org = Org::new();
    named(&org, &["b", "A", "B", "a"]);
    assert_eq!(found(&org, &Query::new("account")), ["b", "A", "B", "a"], "by key");
    assert_eq!(
        found(&org, &Query::new("account").order_by("name")),
        ["A", "a", "b", "B"]
    );
    let mut descending = Query::new("account").top(3);
    descending.order.push(Order {
        column: "name".into(),
        descending: true,
    });
    assert_eq!(found(&org, &descending), ["b", "B", "A"]);
    assert_eq!(found(&org, &Query::new("account").top(0)), Vec::<String>::new());
    let some = Query::new("account").columns(&["accountid", "employees"]).top(1);
    assert_eq!(found(&org, &some), ["-"], "only the columns asked for");
}

#[test]
fn percent_and_underscore_are_letters() {
    let org = Org::new();
    named(&org, &["100% sure", "100 sure", "a_b", "axb", "Österreich"]);
    let search = |comparison, part: &str| {
        let filter = Filter::Compare {
            column: "name".into(),
            comparison,
            value: part.into(),
        };
        found(&org, &Query::new("account").filter(filter))
    };
    assert_eq!(search(Contains, "0%"), ["100% sure"]);
    assert_eq!(search(Contains, "A_B"), ["a_b"]);
    assert_eq!(search(StartsWith, "ÖST"), ["Österreich"]);
    assert_eq!(search(StartsWith, "öst"), ["Österreich"]);
    assert_eq!(search(EndsWith, "SURE"), ["100% sure", "100 sure"]);
}

#[test]
fn one_of_several_choices_is_found() {
    let org = Org::new();
    org.insert(&org.account(1).with("tags", Value::Choices(vec![1, 12])))
        .unwrap();
    org.insert(&org.account(2).with("tags", Value::Choices(vec![2])))
        .unwrap();
    let has = |value| Filter::Compare {
        column: "tags".into(),
        comparison: Contains,
        value,
    };
    assert_eq!(
        found(&org, &Query::new("account").filter(has(Value::Choice(2)))),
        ["account 2"]
    );
    assert_eq!(
        found(&org, &Query::new("account").filter(has(Value::Choice(12)))),
        ["account 1"]
    );
    assert_eq!(
        found(
            &org,
            &Query::new("account").filter(Filter::eq("tags", Value::Choices(vec![12, 1])))
        ),
        ["account 1"]
    );
}

#[test]
fn an_index_serves_text_without_regard_to_case() {
    let org = Org::with(|tx| {
        let mut name = sluice_model::ColumnDef::new("name", super::text());
        name.indexed = true;
        tx.create_table(&super::table("thing", sluice_model::Ownership::None, vec![name]))
    });
    org.store
        .read(|mut tx| {
            let sql = r#"EXPLAIN QUERY PLAN SELECT 1 FROM "thing" WHERE "name" = ?"#;
            let plan: String = tx
                .session()
                .unwrap()
                .conn
                .query_row(sql, ["x"], |row| row.get(3))
                .unwrap();
            assert!(plan.contains("INDEX thing.name"), "{plan}");
            (tx, ())
        })
        .unwrap();
}
