//! Cascades are no recursion: long chains and cycles end, and a request moves no more than the
//! organisation allows.

use std::collections::HashSet;

use sluice_model::{Behaviours, Code, Depth, Filter, Query, Reference, Request, Row, Uuid, Value};
use sluice_platform::BehaviourChange;

use crate::{
    assigning::assign,
    world::{Related, refused},
};

const LENGTH: usize = 5_000;
const NAME: &str = "sl_sl_part_sl_part_sl_whole";

/// A chain of rows, each below the one before.
fn chain(world: &Related, table: &'static str, column: &'static str, length: usize) -> Vec<Uuid> {
    let made = world.admin.0.batch(|batch| {
        let mut rows = Vec::with_capacity(length);
        for index in 0..length {
            let name = if table == "account" { "name" } else { "sl_name" };
            let mut row = Row::unsaved(table).with(name, format!("{index}").as_str());
            if let Some(above) = rows.last() {
                row.set(column, Reference::new(table, *above));
            }
            rows.push(batch.create(row)?);
        }
        Ok(rows)
    });
    made.unwrap()
}

fn count(world: &Related, table: &str, filter: Filter) -> usize {
    world.admin.list(Query::new(table).columns(&[]).filter(filter)).len()
}

#[test]
fn a_chain_of_accounts_is_assigned_and_shared() {
    let world = Related::new();
    let heir = world.user("heir", &["Read"], Depth::User);
    let reader = world.user("reader", &["Read"], Depth::User);
    let accounts = chain(&world, "account", "parentaccountid", LENGTH);
    let first = Reference::new("account", accounts[0]);
    assign(&world.admin, first.clone(), heir.id()).unwrap();
    let of_heir = Filter::eq("ownerid", Reference::new("systemuser", heir.id()));
    assert_eq!(count(&world, "account", of_heir), LENGTH);
    world.share(&world.admin, first.clone(), &reader, "ReadAccess").unwrap();
    assert_eq!(reader.list(Query::new("account").columns(&[])).len(), LENGTH);
    world.unshare(&world.admin, first, &reader).unwrap();
    assert_eq!(reader.list(Query::new("account").columns(&[])).len(), 0);
}

#[test]
fn a_chain_of_custom_rows_is_deleted() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    let parts = chain(&world, "sl_part", "sl_whole", LENGTH);
    world.admin.try_delete("sl_part", parts[0]).unwrap();
    assert_eq!(world.admin.count("sl_part"), 0);
}

#[test]
fn a_cycle_ends() {
    let world = Related::with_parts(Behaviours::REFERENTIAL);
    let heir = world.user("heir", &["Read"], Depth::User);
    let reader = world.user("reader", &["Read"], Depth::User);
    let parts = chain(&world, "sl_part", "sl_whole", 10);
    let last = Reference::new("sl_part", parts[9]);
    world.admin.update(Row::new("sl_part", parts[0]).with("sl_whole", last));
    world.change(
        NAME,
        BehaviourChange {
            all: Some(Behaviours::PARENTAL),
            ..BehaviourChange::default()
        },
    );
    let third = Reference::new("sl_part", parts[3]);
    world.share(&world.admin, third.clone(), &reader, "ReadAccess").unwrap();
    assert_eq!(reader.list(Query::new("sl_part")).len(), 10);
    // Another one of the cycle is shared: taking the first share back leaves it to that one.
    let seventh = Reference::new("sl_part", parts[7]);
    world
        .share(&world.admin, seventh.clone(), &reader, "ReadAccess")
        .unwrap();
    world.unshare(&world.admin, third.clone(), &reader).unwrap();
    assert_eq!(reader.list(Query::new("sl_part")).len(), 10);
    world.unshare(&world.admin, seventh, &reader).unwrap();
    assert_eq!(reader.list(Query::new("sl_part")).len(), 0);
    assign(&world.admin, third.clone(), heir.id()).unwrap();
    let owners: HashSet<_> = world
        .admin
        .list(Query::new("sl_part"))
        .iter()
        .map(|row| row.id_of("ownerid"))
        .collect();
    assert_eq!(owners, HashSet::from([Some(heir.id())]));
    world.admin.try_delete("sl_part", third.id).unwrap();
    assert_eq!(world.admin.count("sl_part"), 0);
}

#[test]
fn a_request_moves_no_more_than_it_may() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    let heir = world.user("heir", &["Read"], Depth::User);
    let parts = chain(&world, "sl_part", "sl_whole", 8);
    world.setting("sl_cascadelimit", Value::Int(6));
    let first = Reference::new("sl_part", parts[0]);
    let refusals = [
        assign(&world.admin, first.clone(), heir.id()),
        world.share(&world.admin, first.clone(), &heir, "ReadAccess"),
        world.admin.try_delete("sl_part", parts[0]),
    ];
    for refusal in refusals {
        let limit = refusal.as_ref().unwrap_err().body().limit.clone().unwrap();
        assert_eq!(
            (limit.name.as_str(), limit.allowed, limit.used),
            ("cascade.max-rows", 6, 7)
        );
        refused(refusal, Code::CASCADE_LIMIT, "7 rows would follow");
    }
    let untouched = Filter::eq("ownerid", Reference::new("systemuser", world.admin.id()));
    assert_eq!(count(&world, "sl_part", untouched), 8);
    assert!(heir.list(Query::new("sl_part")).is_empty());
    // One that moves as many as it may.
    assign(&world.admin, Reference::new("sl_part", parts[1]), heir.id()).unwrap();
    // Each request counts anew, and the setting is one of the organisation.
    world.org.program().json(&["settings", "set", "cascade.max-rows", "7"]);
    world.admin.try_delete("sl_part", parts[0]).unwrap();
    assert_eq!(world.admin.count("sl_part"), 0);
}

#[test]
fn a_step_in_a_cascade_adds_to_the_same_count() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    world.probe();
    let contacts = Reference::new("account", world.account("Litware"));
    for _ in 0..4 {
        world.contact(Some(contacts.clone()));
    }
    world.step(
        40,
        "Delete",
        "sl_part",
        &format!("at-depth 2 delete account {}", contacts.id),
    );
    let parts = chain(&world, "sl_part", "sl_whole", 2);
    world.setting("sl_cascadelimit", Value::Int(4));
    let error = world
        .admin
        .0
        .execute(Request::delete(Reference::new("sl_part", parts[0])))
        .unwrap_err();
    assert_eq!(error.body().limit.as_ref().map(|limit| limit.used), Some(5), "{error}");
}
