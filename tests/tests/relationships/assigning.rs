//! Assign: who follows a row to its new owner, in whose name, and how that looks to steps.

use sluice_model::{Behaviours, Code, Depth, Error, Follow, Reference, Request, Row, Uuid, Value};
use sluice_platform::BehaviourChange;
use sluice_tests::{Actor, people};

use crate::world::{Related, refused};

const NAME: &str = "sl_sl_part_sl_part_sl_whole";

pub fn assign(actor: &Actor, row: Reference, to: Uuid) -> Result<(), Error> {
    let request = Request::new("Assign")
        .with("Target", row)
        .with("Assignee", Reference::new("systemuser", to));
    actor.0.execute(request).map(|_| ())
}

fn owner(world: &Related, table: &str, id: Uuid) -> Uuid {
    world.admin.get(table, id).id_of("ownerid").unwrap()
}

fn part(id: Uuid) -> Reference {
    Reference::new("sl_part", id)
}

#[test]
fn an_account_takes_its_contacts_and_their_activities_along() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    let heir = world.user("heir", &["Read"], Depth::User);
    people::grant(
        &world.org,
        world.admin.find("role", "role of heir"),
        &people::privileges(&["Read"], &["Activity"], Depth::User),
    );
    let account = Reference::new("account", world.account("Litware"));
    let contact = world.contact(Some(account.clone()));
    let task = Row::unsaved("task")
        .with("subject", "Call")
        .with("regardingobjectid", Reference::new("contact", contact));
    let task = world.admin.create(task);
    assign(&world.admin, account.clone(), heir.id()).unwrap();
    for (table, id) in [("account", account.id), ("contact", contact), ("task", task)] {
        assert_eq!(owner(&world, table, id), heir.id(), "{table}");
    }
}

#[test]
fn who_follows_is_said_by_the_relationship() {
    let follow = |which| BehaviourChange {
        assign: Some(which),
        ..BehaviourChange::default()
    };
    let world = Related::with_parts(Behaviours::PARENTAL);
    let heir = world.user("heir", &["Read"], Depth::User);
    let other = world.user("other", &["Read"], Depth::User);
    for (which, followers) in [
        (Follow::NoCascade, vec![]),
        (Follow::Cascade, vec!["active", "closed", "another's"]),
        (Follow::Active, vec!["active", "another's"]),
        (Follow::UserOwned, vec!["active", "closed"]),
    ] {
        world.change(NAME, follow(which));
        let whole = world.part("whole", None);
        let parts: Vec<(&str, Uuid)> = ["active", "closed", "another's"]
            .into_iter()
            .map(|name| (name, world.part(name, Some(whole))))
            .collect();
        world
            .admin
            .update(Row::new("sl_part", parts[1].1).with("statecode", Value::Choice(1)));
        assign(&world.admin, part(parts[2].1), other.id()).unwrap();
        world
            .admin
            .update(Row::new("sl_part", whole).with("ownerid", Reference::new("systemuser", heir.id())));
        let followed: Vec<&str> = parts
            .iter()
            .filter(|(_, id)| owner(&world, "sl_part", *id) == heir.id())
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(followed, followers, "{which:?}");
    }
}

#[test]
fn a_row_that_has_the_owner_already_stays_with_what_is_below_it() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    let heir = world.user("heir", &["Read"], Depth::User);
    let whole = world.part("whole", None);
    let has = world.part("has", Some(whole));
    let below = world.part("below", Some(has));
    world.change(
        NAME,
        BehaviourChange {
            assign: Some(Follow::NoCascade),
            ..BehaviourChange::default()
        },
    );
    assign(&world.admin, part(has), heir.id()).unwrap();
    world.change(
        NAME,
        BehaviourChange {
            assign: Some(Follow::Cascade),
            ..BehaviourChange::default()
        },
    );
    assign(&world.admin, part(whole), heir.id()).unwrap();
    assert_eq!(owner(&world, "sl_part", below), world.admin.id());
}

#[test]
fn nobody_assigns_along_what_they_could_not_assign() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    let verbs = ["Read", "Write", "Assign", "Append", "AppendTo", "Create"];
    let heir = world.user("heir", &verbs, Depth::User);
    let clerk = world.user("clerk", &verbs, Depth::User);
    let whole = Row::unsaved("sl_part").with("sl_name", "whole");
    let whole = clerk.create(whole);
    let part_of_others = world.part("part", Some(whole));
    let before = owner(&world, "sl_part", part_of_others);
    refused(
        assign(&clerk, part(whole), heir.id()),
        Code::ACCESS_DENIED,
        "WriteAccess",
    );
    assert_eq!(owner(&world, "sl_part", whole), clerk.id(), "all or nothing");
    assert_eq!(owner(&world, "sl_part", part_of_others), before);
}

#[test]
fn each_follower_has_an_assign_of_its_own_one_level_below() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    world.probe();
    world.step(10, "Assign", "sl_part", "dump");
    world.step(10, "Update", "sl_part", "dump");
    let heir = world.user("heir", &["Read"], Depth::User);
    let whole = world.part("whole", None);
    let middle = world.part("middle", Some(whole));
    world.part("end", Some(middle));
    let messages = |request| -> Vec<String> {
        let word = |line: &str, name: &str| {
            let word = line.split(' ').find_map(|word| word.strip_prefix(name)).unwrap();
            word.to_owned()
        };
        let said = world.said(request);
        said.iter()
            .map(|line| format!("{} {}", word(line, "message="), word(line, "depth=")))
            .collect()
    };
    let request = Request::new("Assign")
        .with("Target", part(whole))
        .with("Assignee", Reference::new("systemuser", heir.id()));
    // The Update of an Assign is one level below it; what follows is one below the first Assign.
    let expected = ["Assign 1", "Update 2", "Assign 2", "Update 3", "Assign 2", "Update 3"];
    assert_eq!(messages(request), expected);
    let back = Row::new("sl_part", whole).with("ownerid", Reference::new("systemuser", world.admin.id()));
    let expected = ["Update 1", "Assign 2", "Update 3", "Assign 2", "Update 3"];
    assert_eq!(messages(Request::update(back)), expected);
}
