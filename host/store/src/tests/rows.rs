//! Rows: what the operations answer, and what they refuse.

use sluice_model::{Code, Error, Filter, Query, Reference, Row, Value};

use super::{Org, id, system};
use crate::Tx;

#[test]
fn a_row_is_made_read_changed_and_removed() {
    let org = Org::new();
    let account = &org.tables.account;
    let row = org.account(1).with("employees", 7).with("about", Value::Null);
    org.insert(&row).unwrap();

    let read = org.read(|tx| tx.get(&system(), account, id(1), None)).unwrap().unwrap();
    assert!(!read.has("about"), "an empty column is absent");
    assert_eq!((read.text("name"), read.int("employees")), (Some("account 1"), Some(7)));

    let change = Row::new("account", id(1))
        .with("employees", Value::Null)
        .with("hot", true);
    assert!(org.write(|tx| tx.update(&system(), account, &change)).unwrap());
    let columns = ["name".into(), "hot".into(), "accountid".into(), "employees".into()];
    let read = org
        .read(|tx| tx.get(&system(), account, id(1), Some(&columns)))
        .unwrap()
        .unwrap();
    assert_eq!(
        read,
        Row::new("account", id(1)).with("name", "account 1").with("hot", true)
    );

    let nothing = Row::new("account", id(1));
    assert!(org.write(|tx| tx.update(&system(), account, &nothing)).unwrap());
    assert_eq!(
        org.read(|tx| tx.get(&system(), account, id(1), Some(&[]))).unwrap(),
        Some(nothing)
    );

    assert!(org.write(|tx| tx.delete(&system(), account, id(1))).unwrap());
    assert!(!org.write(|tx| tx.delete(&system(), account, id(1))).unwrap());
    assert!(!org.write(|tx| tx.update(&system(), account, &change)).unwrap());
    assert!(
        !org.write(|tx| tx.update(&system(), account, &Row::new("account", id(1))))
            .unwrap()
    );
    assert_eq!(org.read(|tx| tx.get(&system(), account, id(1), None)).unwrap(), None);
}

#[test]
fn a_key_is_taken_once() {
    let org = Org::new();
    org.insert(&org.account(1)).unwrap();
    let error = org.insert(&org.account(1)).unwrap_err();
    assert_eq!(error.code(), Code::DUPLICATE_KEY);
    assert!(error.message().contains("`account`"), "{error}");
    assert!(
        org.insert(&Row::unsaved("account"))
            .unwrap_err()
            .message()
            .contains("no id")
    );
}

#[test]
fn a_lookup_points_to_a_row() {
    let org = Org::new();
    let account = &org.tables.account;
    let parent = |number| Value::Lookup(Reference::new("account", id(number)));
    let error = org.insert(&org.account(1).with("parentid", parent(9))).unwrap_err();
    assert_eq!(error.code(), Code::NOT_FOUND);
    assert!(
        error
            .message()
            .starts_with(&format!("Account With Id = {} Does Not Exist", id(9))),
        "{error}"
    );
    assert!(error.message().contains("`parentid`"), "{error}");

    org.insert(&org.account(1).with("parentid", parent(1))).unwrap();
    org.insert(&org.account(2).with("parentid", parent(1))).unwrap();
    let change = Row::new("account", id(2)).with("parentid", parent(9));
    assert_eq!(
        org.write(|tx| tx.update(&system(), account, &change))
            .unwrap_err()
            .code(),
        Code::NOT_FOUND
    );

    let error = org.write(|tx| tx.delete(&system(), account, id(1))).unwrap_err();
    assert_eq!(error.code(), Code::REFERENCED);
    assert!(
        error
            .message()
            .contains("rows of `account` refer to it through `parentid`"),
        "{error}"
    );
    assert!(org.has(1));

    let elsewhere = Value::Lookup(Reference::new("contact", id(1)));
    let error = org.insert(&org.account(3).with("parentid", elsewhere)).unwrap_err();
    assert_eq!(
        error.message(),
        "column `parentid` of `account` refers to `account`, not to `contact`"
    );
}

#[test]
fn wrong_names_and_values_are_refused() {
    let org = Org::new();
    let account = &org.tables.account;
    let code = |error: Error| error.code();
    assert_eq!(
        code(org.insert(&org.account(1).with("nonsense", 1)).unwrap_err()),
        Code::ATTRIBUTE_UNKNOWN
    );
    let error = org.insert(&org.account(1).with("employees", "seven")).unwrap_err();
    assert_eq!(
        error.message(),
        "column `employees` of `account` takes int; the value given is of type text"
    );
    assert_eq!(
        code(org.insert(&org.account(1).with("accountid", id(2))).unwrap_err()),
        Code::INVALID_ARGUMENT
    );
    org.insert(&org.account(1).with("accountid", id(1))).unwrap();

    let select = |query: &Query| org.read(|tx| tx.select(&system(), account, query)).unwrap_err();
    assert_eq!(
        code(select(&Query::new("account").columns(&["nonsense"]))),
        Code::ATTRIBUTE_UNKNOWN
    );
    assert_eq!(
        code(select(&Query::new("account").order_by("nonsense"))),
        Code::ATTRIBUTE_UNKNOWN
    );
    assert_eq!(
        code(select(&Query::new("account").filter(Filter::eq("nonsense", 1)))),
        Code::ATTRIBUTE_UNKNOWN
    );
    assert_eq!(
        code(select(&Query::new("account").filter(Filter::eq("employees", "x")))),
        Code::INVALID_ARGUMENT
    );
    assert!(
        select(&Query::new("contact")).message().contains("`contact`"),
        "a query for another table"
    );
}

#[test]
fn a_detached_transaction_does_nothing() {
    let org = Org::new();
    let account = &org.tables.account;
    let mut tx = Tx::default();
    assert!(!tx.is_open() && !tx.writable());
    let closed = |error: Error| assert_eq!(error.message(), "no transaction is open");
    closed(tx.get(&system(), account, id(1), None).unwrap_err());
    closed(tx.select(&system(), account, &Query::new("account")).unwrap_err());
    closed(tx.count(&system(), account, &Filter::All).unwrap_err());
    closed(tx.insert(&system(), account, &org.account(1)).unwrap_err());
    closed(tx.update(&system(), account, &org.account(1)).unwrap_err());
    closed(tx.delete(&system(), account, id(1)).unwrap_err());
    closed(tx.facts().exists(account, id(1)).unwrap_err());
    closed(tx.facts().row(account, id(1), &[]).unwrap_err());
    closed(tx.next_version().unwrap_err());
    closed(tx.config_version().unwrap_err());
    closed(tx.set_config_version(1).unwrap_err());
    closed(tx.definitions().unwrap_err());
    closed(tx.save_definition(account).unwrap_err());
    closed(tx.create_table(account).unwrap_err());
    closed(tx.savepoint().unwrap_err());
}

#[test]
fn a_reader_cannot_write_and_sees_only_what_is_committed() {
    let org = Org::new();
    let account = &org.tables.account;
    let error = org
        .read(|tx| tx.insert(&system(), account, &org.account(1)))
        .unwrap_err();
    assert!(error.message().contains("only reads"), "{error}");
    org.write(|tx| {
        tx.insert(&system(), account, &org.account(1))?;
        assert!(tx.writable() && tx.facts().exists(account, id(1)).unwrap());
        assert!(!org.has(1), "not committed yet");
        Ok(())
    })
    .unwrap();
    assert!(org.has(1));
}

#[test]
fn a_reader_keeps_one_view() {
    let org = Org::new();
    let account = &org.tables.account;
    org.read(|tx| {
        assert_eq!(tx.count(&system(), account, &Filter::All).unwrap(), 0);
        org.insert(&org.account(1)).unwrap();
        assert_eq!(tx.count(&system(), account, &Filter::All).unwrap(), 0);
        Ok(())
    })
    .unwrap();
    assert!(org.has(1));
}

#[test]
fn versions_count_up() {
    let org = Org::new();
    let versions = org.write(|tx| Ok((tx.next_version()?, tx.next_version()?))).unwrap();
    let next = org.write(Tx::next_version).unwrap();
    assert!(versions.0 < versions.1 && versions.1 < next);
    // What is rolled back may leave a gap, and gives no version twice.
    let last = org
        .write(|tx| {
            let savepoint = tx.savepoint()?;
            let lost = (tx.next_version()?, tx.next_version()?);
            tx.rollback_to(savepoint)?;
            let kept = tx.next_version()?;
            assert!(next < lost.0 && lost.1 < kept);
            Ok(kept)
        })
        .unwrap();
    org.write(|tx| tx.next_version().and(Err::<(), _>(Error::host("not kept"))))
        .unwrap_err();
    assert!(org.write(Tx::next_version).unwrap() > last);
    assert_eq!(org.read(Tx::config_version).unwrap(), 0);
    org.write(|tx| tx.set_config_version(-77)).unwrap();
    assert_eq!(org.read(Tx::config_version).unwrap(), -77);
}
