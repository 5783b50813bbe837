//! Groups: shared commits, and what one unit can do to its neighbours.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Barrier,
        atomic::{AtomicU32, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

use sluice_model::{Error, Result, Row};

use super::{Org, id, system};
use crate::{End, Store, Tx};

/// What the unit in the middle does.
type Deed = fn(Tx) -> (Tx, End<Result<()>>);

/// What joining a unit's thread gives: a panic, the store's error, or the unit's own result.
type Joined = std::thread::Result<Result<Result<()>>>;

/// Three units in one group: the first inserts account 1, the second does the deed, the third
/// inserts account 3. Says how often the first and the third ran, and what the three gave.
fn three(org: &Org, deed: Deed) -> ([u32; 3], Vec<Joined>) {
    let runs: [AtomicU32; 3] = Default::default();
    let (account, store) = (&org.tables.account, &org.store);
    let barrier = Barrier::new(2);
    let results = std::thread::scope(|scope| {
        let inserting = |number: u128, runs: &AtomicU32, mut tx: Tx| {
            runs.fetch_add(1, SeqCst);
            let value = tx.insert(&system(), account, &org.account(number));
            (
                tx,
                End {
                    keep: value.is_ok(),
                    value,
                    beside: Vec::new(),
                },
            )
        };
        let (first_runs, second_runs, third_runs) = (&runs[0], &runs[1], &runs[2]);
        let barrier = &barrier;
        let first = scope.spawn(move || {
            store.write(&mut |tx| {
                if first_runs.load(SeqCst) == 0 {
                    // The others queue up behind this one.
                    barrier.wait();
                    std::thread::sleep(Duration::from_millis(40));
                }
                inserting(1, first_runs, tx)
            })
        });
        barrier.wait();
        let second = scope.spawn(move || {
            store.write(&mut |tx| {
                second_runs.fetch_add(1, SeqCst);
                deed(tx)
            })
        });
        std::thread::sleep(Duration::from_millis(15));
        let third = scope.spawn(move || store.write(&mut |tx| inserting(3, third_runs, tx)));
        vec![first.join(), second.join(), third.join()]
    });
    (runs.map(AtomicU32::into_inner), results)
}

fn neighbours_are_well(org: &Org, results: &[Joined]) {
    for index in [0, 2] {
        results[index].as_ref().unwrap().as_ref().unwrap().as_ref().unwrap();
    }
    assert!(org.has(1) && org.has(3));
    org.insert(&org.account(99)).unwrap();
}

#[test]
fn units_share_a_commit() {
    let org = Org::new();
    let (runs, results) = three(&org, |tx| (tx, End::keep(Ok(()))));
    neighbours_are_well(&org, &results);
    assert_eq!(runs, [1, 1, 1]);
}

#[test]
fn a_unit_that_fails_takes_only_its_own_work_back() {
    let org = Org::new();
    let (runs, results) = three(&org, |mut tx| {
        let table = super::Tables::new().account;
        tx.insert(&system(), &table, &Row::new("account", id(2))).unwrap();
        (tx, End::discard(Err(Error::invalid("no"))))
    });
    neighbours_are_well(&org, &results);
    assert_eq!(runs, [1, 1, 1], "nobody ran again");
    assert!(!org.has(2));
    assert_eq!(
        results[1].as_ref().unwrap().as_ref().unwrap(),
        &Err(Error::invalid("no"))
    );
}

#[test]
fn a_destroyed_transaction_lets_the_others_run_again() {
    let org = Org::new();
    let (runs, results) = three(&org, |mut tx| {
        tx.destroy();
        (tx, End::discard(Err(Error::host("disk full"))))
    });
    neighbours_are_well(&org, &results);
    assert_eq!(
        runs,
        [2, 1, 1],
        "the first had shared the transaction; the third came after"
    );
    assert_eq!(
        results[1].as_ref().unwrap().as_ref().unwrap(),
        &Err(Error::host("disk full")),
        "its own error"
    );
}

#[test]
fn a_unit_that_thinks_it_succeeded_hears_that_nothing_was_kept() {
    let org = Org::new();
    let (_, results) = three(&org, |mut tx| {
        tx.destroy();
        (tx, End::keep(Ok(())))
    });
    neighbours_are_well(&org, &results);
    let error = results[1].as_ref().unwrap().as_ref().unwrap_err();
    assert!(error.message().contains("nothing of it was kept"), "{error}");
}

#[test]
fn a_transaction_that_is_not_handed_back_is_rolled_back() {
    let org = Org::new();
    let (runs, results) = three(&org, |mut tx| {
        let table = super::Tables::new().account;
        tx.insert(&system(), &table, &Row::new("account", id(2))).unwrap();
        (Tx::default(), End::keep(Ok(())))
    });
    neighbours_are_well(&org, &results);
    assert_eq!(runs, [2, 1, 1]);
    assert!(results[1].as_ref().unwrap().is_err() && !org.has(2));
}

#[test]
fn a_panic_harms_nobody_else() {
    let org = Org::new();
    let (runs, results) = three(&org, |_tx| panic!("a unit panics"));
    neighbours_are_well(&org, &results);
    assert_eq!(runs, [2, 1, 1]);
    let panic = results[1].as_ref().unwrap_err();
    assert_eq!(
        panic.downcast_ref(),
        Some(&"a unit panics"),
        "and goes on on its own thread"
    );
}

#[test]
fn a_failed_commit_makes_all_run_again() {
    let org = Org::new();
    org.store.writer.failing_commits.store(1, SeqCst);
    let (runs, results) = three(&org, |tx| (tx, End::keep(Ok(()))));
    neighbours_are_well(&org, &results);
    assert_eq!(runs, [2, 2, 2]);
}

#[test]
fn a_failed_commit_of_one_is_its_error() {
    let org = Org::new();
    org.store.writer.failing_commits.store(1, SeqCst);
    assert!(
        org.insert(&org.account(1))
            .unwrap_err()
            .message()
            .contains("the commit failed")
    );
    assert!(!org.has(1));
    org.insert(&org.account(1)).unwrap();
}

#[test]
fn commits_that_go_on_failing_end() {
    let org = Org::new();
    org.store.writer.failing_commits.store(100, SeqCst);
    let (runs, results) = three(&org, |tx| (tx, End::keep(Ok(()))));
    assert_eq!(runs, [2, 2, 2]);
    assert!(results.iter().all(|result| result.as_ref().unwrap().is_err()));
    org.store.writer.failing_commits.store(0, SeqCst);
    org.insert(&org.account(1)).unwrap();
}

#[test]
fn nobody_is_answered_before_the_commit() {
    let org = Org::new();
    let (answered, answers) = mpsc::channel();
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        let (org, barrier) = (&org, &barrier);
        scope.spawn(move || {
            org.write(|tx| {
                barrier.wait();
                std::thread::sleep(Duration::from_millis(20));
                tx.insert(&system(), &org.tables.account, &org.account(1))
            })
            .unwrap();
            assert!(org.has(1), "committed when answered");
            answered.send(()).unwrap();
        });
        barrier.wait();
        org.write(|tx| {
            assert!(
                tx.facts().exists(&org.tables.account, id(1)).unwrap(),
                "the same transaction"
            );
            assert!(!org.has(1));
            assert!(
                answers.recv_timeout(Duration::from_millis(20)).is_err(),
                "not answered yet"
            );
            Ok(())
        })
        .unwrap();
    });
    answers.recv().unwrap();
}

fn traced(org: &Org, keep: bool, number: u128, spoil: fn(&mut Tx)) -> Result<()> {
    let trace = |number| Row::new("trace", id(number)).with("line", "what happened");
    org.store.write(&mut |mut tx| {
        tx.insert(&system(), &org.tables.account, &org.account(number)).unwrap();
        spoil(&mut tx);
        let beside = vec![
            (org.tables.trace.clone(), trace(number)),
            (org.tables.trace.clone(), trace(1)),
        ];
        (
            tx,
            End {
                keep,
                value: (),
                beside,
            },
        )
    })
}

#[test]
fn traces_survive_a_rollback_and_cannot_fail_a_unit() {
    let org = Org::new();
    traced(&org, true, 1, |_| ()).unwrap();
    assert_eq!(
        (org.has(1), org.traces()),
        (true, 1),
        "the second has a key that is taken: lost, with a warning"
    );
    traced(&org, false, 2, |_| ()).unwrap();
    assert_eq!((org.has(2), org.traces()), (false, 2));
    traced(&org, false, 3, Tx::destroy).unwrap();
    assert_eq!(
        (org.has(3), org.traces()),
        (false, 3),
        "even when the transaction was lost"
    );
}

#[test]
fn a_unit_inside_a_unit_is_refused() {
    let org = Org::new();
    org.write(|_| {
        let error = org.insert(&org.account(1)).unwrap_err();
        assert!(error.message().contains("inside another one"), "{error}");
        Ok(())
    })
    .unwrap();
    org.insert(&org.account(1)).unwrap();
}

#[test]
fn many_threads_with_accidents() {
    let org = Org::new();
    std::thread::scope(|scope| {
        for thread in 0..16_u128 {
            let org = &org;
            scope.spawn(move || {
                for number in 0..40_u128 {
                    let key = thread * 1000 + number + 1;
                    let accident = catch_unwind(AssertUnwindSafe(|| {
                        org.store.write(&mut |mut tx| {
                            tx.insert(&system(), &org.tables.account, &org.account(key)).unwrap();
                            match number % 10 {
                                3 => return (tx, End::discard(())),
                                5 if thread % 4 == 0 => tx.destroy(),
                                7 if thread % 4 == 1 => panic!("an accident"),
                                _ => (),
                            }
                            (tx, End::keep(()))
                        })
                    }));
                    let kept = matches!(accident, Ok(Ok(()))) && number % 10 != 3;
                    assert_eq!(org.has(key), kept, "{thread} {number}");
                }
            });
        }
    });
}

#[test]
fn a_store_is_shared_by_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    fn sent<T: Send + 'static>() {}
    shared::<Store>();
    sent::<Tx>();
}
