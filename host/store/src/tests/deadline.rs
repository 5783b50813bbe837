//! Statements that would take longer than there is time.

use std::time::{Duration, Instant};

use sluice_model::{Code, Error, Filter, Query, Related, Result, Row};

use super::*;

/// Many accounts, of which each leads to all, these to all, and so on.
fn crowd() -> (Org, Query) {
    let org = Org::new();
    for number in 1..=40 {
        let row = Row::new("account", id(number)).with("parentid", sluice_model::Reference::new("account", id(1)));
        org.insert(&row).unwrap();
    }
    let filter = (0..3).fold(Filter::eq("name", "nonesuch"), |filter, _| {
        Filter::Related(Box::new(Related {
            column: "parentid".into(),
            table: "account".into(),
            other: "parentid".into(),
            filter,
        }))
    });
    (org, Query::new("account").filter(filter))
}

fn look(org: &Org, tx: &mut Tx, query: &Query) -> Result<usize> {
    tx.select_across(&system(), &org.tables.catalog(), query)
        .map(|rows| rows.len())
}

fn is_late(error: &Error) -> bool {
    error.code() == Code::MESSAGE_TIMEOUT && error.body().limit.is_none()
}

#[test]
fn a_question_is_given_up_when_its_time_is_over() {
    let (org, query) = crowd();
    assert_eq!(org.read(|tx| look(&org, tx, &query)), Ok(0), "there is an end, if late");
    let given_up = org.read(|tx| {
        tx.ends_at(Instant::now());
        look(&org, tx, &query)
    });
    assert!(is_late(&given_up.unwrap_err()));
    // Whoever has the connection next has its own time.
    assert_eq!(org.read(|tx| look(&org, tx, &query)), Ok(0));
    let early = org.read(|tx| {
        tx.ends_at(Instant::now() + Duration::from_secs(3_600));
        look(&org, tx, &query)
    });
    assert_eq!(early, Ok(0));
}

#[test]
fn a_transaction_goes_on_without_a_question_that_was_given_up() {
    let (org, query) = crowd();
    org.write(|tx| {
        let before = tx.savepoint()?;
        tx.ends_at(Instant::now());
        assert!(is_late(&look(&org, tx, &query).unwrap_err()));
        tx.rollback_to(before)?;
        tx.insert(&system(), &org.tables.account, &org.account(90))
    })
    .unwrap();
    assert!(org.has(90));
    org.write(|tx| look(&org, tx, &query)).unwrap();
}

#[test]
fn a_write_that_is_given_up_takes_its_transaction_along() {
    let (org, query) = crowd();
    let late = org.write(|tx| {
        tx.insert(&system(), &org.tables.account, &org.account(90))?;
        tx.ends_at(Instant::now());
        let many = "CREATE TABLE crowd AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 100000) \
                    SELECT x FROM n";
        let late = tx.session()?.run(many).unwrap_err();
        let alone = tx.insert(&system(), &org.tables.account, &org.account(91));
        assert!(alone.unwrap_err().message().contains("undone the transaction"));
        Err::<(), _>(late)
    });
    assert!(is_late(&late.unwrap_err()));
    assert!(!org.has(90) && !org.has(91));
    org.write(|tx| look(&org, tx, &query)).unwrap();
}

#[test]
fn rows_that_are_taken_one_by_one_have_time_again() {
    let (org, _) = crowd();
    let mut taken = 0;
    org.read(|tx| {
        tx.ends_at(Instant::now());
        let all = Query::new("account");
        tx.each_across(&system(), &org.tables.catalog(), &all, &mut |_| {
            taken += 1;
            Ok(())
        })
    })
    .unwrap();
    assert_eq!(taken, 40);
}
