//! Tables and columns made at run time, and their way back.

use sluice_model::{Code, ColumnDef, ColumnType, Ownership, Query, Reference, Row};

use super::{Org, id, lookup, system, table, text};
use crate::{Collation, Shipped, Store};

#[test]
fn a_table_and_its_columns_are_kept() {
    let org = Org::new();
    let mut thing = table("sl_thing", Ownership::User, vec![ColumnDef::new("sl_name", text())]);
    org.write(|tx| tx.create_table(&thing)).unwrap();
    let row = |number: u128| Row::new("sl_thing", id(number)).with("sl_name", "a");
    org.write(|tx| tx.insert(&system(), &thing, &row(1))).unwrap();

    for column in [
        ColumnDef {
            indexed: true,
            ..ColumnDef::new("sl_more", text())
        },
        ColumnDef::new("sl_account", lookup(&["account"])),
        ColumnDef::new("sl_customer", lookup(&["account", "contact"])),
    ] {
        org.write(|tx| tx.add_column(&thing, &column)).unwrap();
        thing.columns.push(column);
    }
    org.insert(&org.account(9)).unwrap();
    let full = row(2)
        .with("sl_more", "x")
        .with("sl_account", Reference::new("account", id(9)))
        .with("sl_customer", Reference::new("contact", id(8)));
    org.write(|tx| tx.insert(&system(), &thing, &full)).unwrap();
    let rows = org
        .read(|tx| tx.select(&system(), &thing, &Query::new("sl_thing")))
        .unwrap();
    assert_eq!(rows, [row(1), full]);
    let delete = org.write(|tx| tx.delete(&system(), &org.tables.account, id(9)));
    assert_eq!(
        delete.unwrap_err().code(),
        Code::REFERENCED,
        "an added lookup is guarded too"
    );

    let saved = org.read(crate::Tx::definitions).unwrap();
    assert_eq!(saved.iter().find(|saved| saved.name == thing.name), Some(&thing));
    assert!(saved.contains(&org.tables.account));

    thing.display = "Better name".into();
    org.write(|tx| tx.save_definition(&thing)).unwrap();
    assert!(org.read(crate::Tx::definitions).unwrap().contains(&thing));
}

#[test]
fn a_column_and_a_table_can_be_taken_away_and_made_again() {
    let org = Org::new();
    let columns = vec![
        ColumnDef {
            indexed: true,
            ..ColumnDef::new("sl_name", text())
        },
        ColumnDef::new("sl_account", lookup(&["account"])),
        ColumnDef::new("sl_customer", lookup(&["account", "contact"])),
        ColumnDef::new("sl_kept", text()),
    ];
    let mut thing = table("sl_thing", Ownership::User, columns);
    let whole = thing.clone();
    org.write(|tx| tx.create_table(&thing)).unwrap();
    let row = Row::new("sl_thing", id(1)).with("sl_name", "a").with("sl_kept", "b");
    org.write(|tx| tx.insert(&system(), &thing, &row)).unwrap();
    for name in ["sl_name", "sl_account", "sl_customer"] {
        let column = whole.column(name).unwrap();
        org.write(|tx| tx.drop_column(&thing, column)).unwrap();
        let mut columns: Vec<ColumnDef> = thing.columns.clone().into();
        columns.retain(|other| &*other.name != name);
        thing.columns = columns.into();
    }
    assert!(org.read(crate::Tx::definitions).unwrap().contains(&thing));
    let rows = org.read(|tx| tx.select(&system(), &thing, &Query::new("sl_thing")));
    assert_eq!(rows.unwrap(), [Row::new("sl_thing", id(1)).with("sl_kept", "b")]);

    let again = whole.column("sl_account").unwrap();
    org.write(|tx| tx.add_column(&thing, again)).unwrap();
    org.write(|tx| tx.drop_table(&thing)).unwrap();
    let names: Vec<_> = org.read(crate::Tx::definitions).unwrap();
    assert!(names.iter().all(|saved| saved.name != thing.name));
    org.write(|tx| tx.create_table(&whole)).unwrap();
    assert_eq!(org.store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn names_that_are_taken_or_are_none_are_refused() {
    let org = Org::new();
    let again = org.write(|tx| tx.create_table(&org.tables.account)).unwrap_err();
    assert_eq!(again.message(), "there is a table `account` already");
    let column = ColumnDef::new("name", text());
    let again = org.write(|tx| tx.add_column(&org.tables.account, &column)).unwrap_err();
    assert_eq!(again.message(), "`account` has a column `name` already");
    for name in ["", "_meta", "sqlite_x", "Upper", "a b", "a\"b", "a;drop", "1a"] {
        let column = ColumnDef::new(name, text());
        let error = org.write(|tx| tx.add_column(&org.tables.account, &column)).unwrap_err();
        assert_eq!(error.code(), Code::INVALID_ARGUMENT, "{name}");
        let mut odd = table("odd", Ownership::None, vec![]);
        odd.name = name.into();
        assert!(org.write(|tx| tx.create_table(&odd)).is_err(), "{name}");
    }
}

#[test]
fn definitions_roll_back_with_a_savepoint() {
    let org = Org::new();
    let account = &org.tables.account;
    let thing = table("sl_thing", Ownership::None, vec![]);
    let column = ColumnDef::new("sl_extra", ColumnType::Bool);
    org.write(|tx| {
        let outer = tx.savepoint()?;
        tx.create_table(&thing)?;
        tx.add_column(account, &column)?;
        let inner = tx.savepoint()?;
        tx.insert(&system(), &thing, &Row::new("sl_thing", id(1)))?;
        tx.release(inner)?;
        tx.rollback_to(outer)?;
        tx.insert(&system(), account, &org.account(1))
    })
    .unwrap();
    let saved = org.read(crate::Tx::definitions).unwrap();
    assert!(
        saved
            .iter()
            .all(|saved| saved.name != thing.name && saved.column("sl_extra").is_none())
    );
    org.write(|tx| {
        tx.create_table(&thing)?;
        tx.add_column(account, &column)
    })
    .unwrap();
    assert!(org.has(1));
}

#[test]
fn savepoints_nest() {
    let org = Org::new();
    let account = &org.tables.account;
    org.write(|tx| {
        let first = tx.savepoint()?;
        tx.insert(&system(), account, &org.account(1))?;
        let second = tx.savepoint()?;
        tx.insert(&system(), account, &org.account(2))?;
        tx.rollback_to(second)?;
        let third = tx.savepoint()?;
        tx.insert(&system(), account, &org.account(3))?;
        tx.release(first)?;
        tx.release(third).expect_err("went with the first");
        // Left open: ends with the unit.
        let _open = tx.savepoint()?;
        tx.insert(&system(), account, &org.account(4))
    })
    .unwrap();
    assert_eq!([1, 2, 3, 4].map(|number| org.has(number)), [true, false, true, true]);
}

#[test]
fn tables_may_refer_to_each_other_in_any_order() {
    let org = Org::with(|tx| {
        let left = table(
            "left",
            Ownership::None,
            vec![ColumnDef::new("rightid", lookup(&["right"]))],
        );
        let right = table(
            "right",
            Ownership::None,
            vec![ColumnDef::new("leftid", lookup(&["left"]))],
        );
        tx.create_table(&left)?;
        let row = Row::new("left", id(1)).with("rightid", Reference::new("right", id(2)));
        tx.insert(&system(), &left, &row)?;
        tx.create_table(&right)?;
        tx.insert(
            &system(),
            &right,
            &Row::new("right", id(2)).with("leftid", Reference::new("left", id(1))),
        )
    });
    assert_eq!(org.store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_new_organisation_must_be_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("org.db");
    let left = table(
        "left",
        Ownership::None,
        vec![ColumnDef::new("rightid", lookup(&["right"]))],
    );
    let error = Store::create(&path, &Shipped::default(), Collation::usual(), |tx| {
        tx.create_table(&left)
    })
    .unwrap_err();
    assert!(
        error.message().contains("the table `right`, which is not defined"),
        "{error}"
    );
    let error = Store::create(&path, &Shipped::default(), Collation::usual(), |tx| {
        tx.create_table(&left)?;
        tx.create_table(&table("right", Ownership::None, vec![]))?;
        let row = Row::new("left", id(1)).with("rightid", Reference::new("right", id(2)));
        tx.insert(&system(), &left, &row)
    })
    .unwrap_err();
    assert!(
        error.message().contains("a row of `right` that is not there")
            || error.message().contains("refers to a row of `right`"),
        "{error}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
