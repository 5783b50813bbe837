//! Rules as rows: what may be written when, by whom, and how many.

use sluice_model::{Depth, Error, Query, Reference, Request, Row, Uuid, Value};
use sluice_tests::{Actor, people};

use crate::world::{Condition, Duplicates, about, account, code, condition_row, exact, rule};

fn name(of: &str) -> [Condition; 1] {
    [exact(match of {
        "account" => "name",
        _ => "lastname",
    })]
}

#[test]
fn a_draft_does_nothing_until_it_is_published_and_nothing_after() {
    let world = Duplicates::new();
    world.admin.create(account("Litware"));
    let rule = world.draft("name", ["account", "account"], &name("account"));
    assert!(!world.is_there(account("litware"), "account"));
    world.publish(rule);
    assert!(world.is_there(account("litware"), "account"));
    world.unpublish(rule);
    assert!(!world.is_there(account("litware"), "account"));
    assert_eq!(world.status(rule), 0);
    world.unpublish(rule);
}

#[test]
fn what_is_published_is_unpublished_before_it_is_changed() {
    let world = Duplicates::new();
    let draft = world.draft("name", ["account", "account"], &name("account"));
    let condition = world.admin.create(condition_row(draft, exact("telephone1")));
    world.publish(draft);
    let rename = || Row::new("duplicaterule", draft).with("name", "another");
    let more = || condition_row(draft, exact("emailaddress1"));
    let change = || Row::new("duplicaterulecondition", condition).with("ignoreblankvalues", true);
    let in_use = "0x80048428";
    assert_eq!(code(world.admin.try_update(rename())), in_use);
    assert_eq!(code(world.admin.try_delete("duplicaterule", draft)), in_use);
    assert_eq!(code(world.admin.try_create(more())), in_use);
    assert_eq!(code(world.admin.try_update(change())), in_use);
    assert_eq!(
        code(world.admin.try_delete("duplicaterulecondition", condition)),
        in_use
    );
    assert_eq!(code(world.try_publish(draft)), in_use, "once is enough");
    // Another owner changes nothing about what it finds.
    let owner = Reference::new("systemuser", world.org.actor("manager").id());
    let given = Row::new("duplicaterule", draft).with("ownerid", owner);
    assert_eq!(
        code(world.admin.try_update(given)),
        "0x80040299",
        "the manager may not read rules"
    );
    world.unpublish(draft);
    world.admin.update(rename());
    world.admin.create(more());
    world.admin.update(change());
    world.publish(draft);
    world.unpublish(draft);
    world.admin.try_delete("duplicaterule", draft).unwrap();
    assert!(
        world.admin.try_get("duplicaterulecondition", condition).is_err(),
        "conditions go along"
    );
}

#[test]
fn the_state_is_written_by_publishing_only() {
    let world = Duplicates::new();
    let draft = world.draft("name", ["account", "account"], &name("account"));
    for (column, number) in [("statuscode", 2), ("statecode", 1)] {
        let row = Row::new("duplicaterule", draft).with(column, Value::Choice(number));
        assert_eq!(code(world.admin.try_update(row)), "0x80040235");
        let row = rule("born published", ["account", "account"]).with(column, Value::Choice(number));
        assert_eq!(code(world.admin.try_create(row)), "0x80040235");
    }
    let set = Row::new("duplicaterule", draft).with("sl_matchcodeset", Value::BigInt(1));
    assert_eq!(code(world.admin.try_update(set)), "0x80040235");
}

#[test]
fn at_most_five_rules_of_a_base_table_are_published() {
    let world = Duplicates::new();
    let columns = ["name", "telephone1", "emailaddress1", "websiteurl", "fax", "sic"];
    let rules = columns.map(|column| world.draft(column, ["account", "account"], &[exact(column)]));
    for rule in &rules[..5] {
        world.publish(*rule);
    }
    let error = world.try_publish(rules[5]).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80048419");
    assert!(error.message().contains("\"name\""), "the five are named: {error}");
    // Of another base table it is another five.
    world.rule(
        "contacts",
        ["contact", "account"],
        &[Condition("fullname", "name", 0, None, false)],
    );
    world.unpublish(rules[0]);
    world.publish(rules[5]);
}

#[test]
fn rules_that_are_publishing_count_as_well() {
    let world = Duplicates::new();
    let columns = ["name", "telephone1", "emailaddress1", "websiteurl", "fax", "sic"];
    let rules = columns.map(|column| world.draft(column, ["account", "account"], &[exact(column)]));
    for rule in &rules[..5] {
        world.begin_publishing(*rule);
    }
    assert_eq!(code(world.try_publish(rules[5])), "0x80048419");
}

#[test]
fn a_code_is_neither_empty_nor_too_long() {
    let world = Duplicates::new();
    let empty = world.draft("empty", ["lead", "lead"], &[]);
    assert_eq!(code(world.try_publish(empty)), "0x80048414");
    let long = world.draft("long", ["lead", "lead"], &[exact("subject"), exact("fullname")]);
    let error = world.try_publish(long).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80048429");
    assert!(error.message().contains("461 characters"), "300 + 1 + 160: {error}");
    let short = [Condition("subject", "subject", 1, Some(289), false), exact("fullname")];
    world.rule("short", ["lead", "lead"], &short);
}

#[test]
fn wrong_rules_are_refused_when_they_are_written() {
    let world = Duplicates::new();
    for (tables, expected) in [
        (["acount", "account"], "0x80041102"),
        (["account", "systemuser"], "0x80048411"),
        (["duplicaterule", "account"], "0x80048411"),
    ] {
        assert_eq!(
            code(world.admin.try_create(rule("wrong", tables))),
            expected,
            "{tables:?}"
        );
    }
    let draft = world.draft("name", ["account", "contact"], &[]);
    let (operator, column) = ("0x80048415", "0x80048430");
    for (condition, expected) in [
        (Condition("nam", "lastname", 0, None, false), "0x80041103"),
        (Condition("name", "revenue", 0, None, false), "0x80041103"),
        (Condition("revenue", "lastname", 0, None, false), column),
        (Condition("telephone1", "emailaddress1", 0, None, false), column),
        (Condition("accountid", "contactid", 0, None, false), column),
        (Condition("primarycontactid", "parentcustomerid", 0, None, false), "ok"),
        (
            Condition("primarycontactid", "transactioncurrencyid", 0, None, false),
            column,
        ),
        (Condition("name", "lastname", 0, Some(3), false), operator),
        (Condition("name", "lastname", 1, None, false), operator),
        (Condition("name", "lastname", 1, Some(0), false), operator),
        (Condition("name", "lastname", 2, Some(-1), false), operator),
        (Condition("name", "lastname", 3, None, false), operator),
        (Condition("createdon", "createdon", 0, None, false), operator),
        (Condition("createdon", "birthdate", 3, None, false), "ok"),
        (Condition("createdon", "birthdate", 4, None, false), operator),
        (Condition("revenue", "annualincome", 1, Some(2), false), operator),
        (Condition("statuscode", "statuscode", 0, None, false), operator),
        (Condition("statuscode", "statuscode", 6, None, false), "ok"),
        (Condition("name", "lastname", 6, None, false), operator),
    ] {
        let shown = format!("{} {} {}", condition.0, condition.1, condition.2);
        match world.admin.try_create(condition_row(draft, condition)) {
            Ok(_) => assert_eq!("ok", expected, "{shown}"),
            Err(error) => assert_eq!(error.code().to_string(), expected, "{shown}: {error}"),
        }
    }
    let unknown = condition_row(draft, Condition("name", "lastname", 9, None, false));
    assert_eq!(code(world.admin.try_create(unknown)), operator);
}

#[test]
fn a_rule_cannot_change_to_tables_that_its_conditions_do_not_fit() {
    let world = Duplicates::new();
    let draft = world.draft("name", ["account", "account"], &name("account"));
    let other = Row::new("duplicaterule", draft).with("matchingentityname", "contact");
    let error = world.admin.try_update(other).unwrap_err();
    assert!(error.message().contains("`contact` has no column `name`"), "{error}");
    let another = world.draft("other", ["account", "account"], &[]);
    let condition = world.admin.create(condition_row(draft, exact("fax")));
    let moved = Row::new("duplicaterulecondition", condition)
        .with("regardingobjectid", Reference::new("duplicaterule", another));
    assert_eq!(code(world.admin.try_update(moved)), "0x80040203");
}

#[test]
fn sellers_neither_make_nor_publish_rules() {
    let world = Duplicates::new();
    let draft = world.draft("name", ["account", "account"], &name("account"));
    let privilege = |request: Request| {
        let error = world.seller.0.execute(request).unwrap_err();
        assert_eq!(error.code().to_string(), "0x80040220");
        error.body().privilege.clone().unwrap()
    };
    assert_eq!(
        privilege(Request::create(rule("mine", ["account", "account"]))),
        "prvCreateDuplicateRule"
    );
    assert_eq!(
        privilege(about("PublishDuplicateRule", draft)),
        "prvPublishDuplicateRule"
    );
    assert_eq!(
        privilege(about("UnpublishDuplicateRule", draft)),
        "prvPublishDuplicateRule"
    );
    assert_eq!(world.status(draft), 0);
    assert_eq!(code(world.try_publish(Uuid::from_u128(7))), "0x80040217");
}

/// The organisation's switch unpublishes every rule, and takes what that takes.
#[test]
fn who_switches_detection_off_may_unpublish_every_rule() {
    let world = Duplicates::new();
    let rule = world.rule("name", ["account", "account"], &name("account"));
    let mut rights = people::privileges(&["Read", "Write"], &["Organization"], Depth::Organization);
    let clerk = people::user(&world.org, "clerk", &rights);
    let organization = clerk.list(Query::new("organization")).remove(0).id;
    let switch = |actor: &Actor, on: bool| {
        actor.try_update(Row::new("organization", organization).with("isduplicatedetectionenabled", on))
    };
    let lacks = |result: Result<(), Error>| result.unwrap_err().body().privilege.clone();
    assert_eq!(lacks(switch(&clerk, false)).as_deref(), Some("prvPublishDuplicateRule"));
    rights.push(("prvPublishDuplicateRule".to_owned(), Depth::Organization));
    let clerk = people::user(&world.org, "clerk.two", &rights);
    assert_eq!(lacks(switch(&clerk, false)).as_deref(), Some("prvWriteDuplicateRule"));
    assert_eq!(world.status(rule), 2);
    rights.extend(people::privileges(
        &["Read", "Write"],
        &["DuplicateRule"],
        Depth::Organization,
    ));
    let clerk = people::user(&world.org, "clerk.three", &rights);
    switch(&clerk, false).unwrap();
    assert_eq!(world.status(rule), 0);
}

#[test]
fn publishing_is_on_record() {
    let world = Duplicates::new();
    let rule = world.rule("name", ["account", "account"], &name("account"));
    let changes = world
        .admin
        .list(sluice_model::Query::new("audit").filter(sluice_model::Filter::eq("objectid", rule)));
    let publishing = changes.iter().find(|row| {
        row.text("changedata")
            .is_some_and(|data| data.contains(r#""logicalName":"statuscode","oldValue":0,"newValue":1"#))
    });
    assert_eq!(publishing.unwrap().id_of("userid"), Some(world.admin.id()));
}
