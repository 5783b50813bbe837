//! A rule applies to what others write, as them: who may let it, and what it is told of.

use serde_json::json;
use sluice_model::{Depth, Parameter, Reference, Request, Row, Uuid, Value};
use sluice_platform::{ColumnChange, prelude::*};
use sluice_tests::{Actor, people};

use crate::world::{Workplace, account, spec, switch};

/// Somebody who draws up rules and activates them, and may change workflows of that depth.
fn author(world: &Workplace, name: &str, depth: Depth) -> Actor {
    let verbs = ["Create", "Read", "Write", "Assign"];
    let mut rights = people::privileges(&verbs, &["Workflow"], depth);
    rights.extend(people::privileges(&["Create", "Read"], &["Account"], Depth::User));
    rights.push(("prvActivateBusinessRule".to_owned(), Depth::Organization));
    people::user(&world.org, name, &rights)
}

#[test]
fn who_activates_a_rule_may_change_the_workflows_of_everybody() {
    let world = Workplace::new();
    let rule = || spec(json!([{ "require": ["telephone1"] }]));
    for depth in [Depth::User, Depth::BusinessUnit, Depth::ParentChild] {
        let weak = author(&world, &format!("{depth:?}"), depth);
        let id = weak.create(rule());
        let error = switch(&weak, id, true).unwrap_err();
        assert_eq!(error.body().privilege.as_deref(), Some("prvWriteWorkflow"), "{error}");
        assert!(error.message().contains("what everybody writes"), "{error}");
    }
    world.clerk.create(account("Novak"));
    let strong = author(&world, "strong", Depth::Organization);
    let id = strong.create(rule());
    switch(&strong, id, true).unwrap();
    world.clerk.try_create(account("Novak")).unwrap_err();
    // Of another one's rule, who acts for others.
    let other = world.clerk.create(rule());
    assert_eq!(
        switch(&strong, other, true).unwrap_err().code().to_string(),
        "0x8004500B"
    );
    switch(&world.admin, other, true).unwrap();
}

fn profile(world: &Workplace, of: &Actor) {
    let admin = &world.admin;
    let profile = admin.create(Row::unsaved("fieldsecurityprofile").with("name", "Finance"));
    let profile = Reference::new("fieldsecurityprofile", profile);
    admin.create(
        Row::unsaved("fieldpermission")
            .with("fieldsecurityprofileid", profile.clone())
            .with("entityname", "account")
            .with("attributelogicalname", "creditlimit")
            .with("canread", Value::Choice(4)),
    );
    let join = Request::new("Associate")
        .with("Target", profile)
        .with("Relationship", "systemuserprofiles_association")
        .with(
            "RelatedEntities",
            Parameter::References(vec![Reference::new("systemuser", of.id())]),
        );
    admin.0.execute(join).unwrap();
}

#[test]
fn what_the_owner_of_a_rule_may_not_read_is_empty_to_it() {
    let world = Workplace::new();
    let author = author(&world, "author", Depth::Organization);
    let text = json!({ "text": ["limit ", { "column": "creditlimit" }] });
    let till = json!({ "text": ["till ", { "column": "lastusedincampaign", "plus": { "days": 1 } }] });
    let has = |column: &str| json!({ "compare": { "column": column, "is": "has-data" } });
    let rules = json!([
        { "check": { "if": has("name"), "then": [{ "set": { "description": text } }] } },
        { "check": { "if": has("creditlimit"), "then": [{ "set": { "fax": "rich" } }] } },
        { "default": { "creditlimit": 5 } },
        { "check": { "if": has("name"), "then": [{ "set": { "ftpsiteurl": till } }] } },
    ]);
    let rule = author.create(spec(rules));
    switch(&author, rule, true).unwrap();
    // Whenever it is secured, also behind the rule's back.
    let secured = ColumnChange {
        secured: Some(true),
        ..ColumnChange::default()
    };
    for column in ["creditlimit", "lastusedincampaign"] {
        world.admin.0.update_column("account", column, &secured).unwrap();
    }
    let used = || Value::DateTime("2026-01-31T00:00:00Z".parse().unwrap());
    let rich = || {
        let row = account("Litware").with("creditlimit", Value::Money(777.into()));
        row.with("lastusedincampaign", used())
    };
    let seen = |id: Uuid| {
        let row = world.admin.get("account", id);
        let text = |column: &str| row.text(column).unwrap_or("-").to_owned();
        let limit = row.get("creditlimit").cloned();
        (text("description"), text("fax"), limit)
    };
    let limit = |amount: i64| Some(Value::Money(amount.into()));
    let hidden = ("limit ".to_owned(), "-".to_owned(), limit(777));
    let there = world.admin.create(rich());
    assert_eq!(seen(there), hidden);
    assert_eq!(world.admin.get("account", there).text("ftpsiteurl"), Some("till "));
    profile(&world, &author);
    let (description, fax, _) = seen(world.admin.create(rich()));
    assert_eq!((&*description, &*fax), ("limit 777", "rich"));
    // It is the owner who answers for it, so that another one lets it apply anew.
    let assign = Request::new("Assign")
        .with("Target", Reference::new("workflow", rule))
        .with("Assignee", Reference::new("systemuser", world.admin.id()));
    author.0.execute(assign).unwrap();
    assert_eq!(world.admin.get("workflow", rule).int("statecode"), Some(0));
    let plain = world.admin.create(account("Plain"));
    assert_eq!(seen(plain), ("-".to_owned(), "-".to_owned(), None));
}

/// It sees of secured columns what its owner may read: who may not lets no other one's rule apply.
#[test]
fn nobody_lets_the_rule_of_another_read_what_they_may_not_read() {
    let world = Workplace::new();
    let verbs = ["Create", "Read", "Write", "Assign", "AppendTo"];
    let mut rights = people::privileges(&verbs, &["Workflow", "Account", "User"], Depth::Organization);
    for task in ["prvActivateBusinessRule", "prvActOnBehalfOfAnotherUser"] {
        rights.push((task.to_owned(), Depth::Organization));
    }
    let deputy = people::user(&world.org, "deputy", &rights);
    let secured = ColumnChange {
        secured: Some(true),
        ..ColumnChange::default()
    };
    world.admin.0.update_column("account", "creditlimit", &secured).unwrap();
    let has = json!({ "compare": { "column": "name", "is": "has-data" } });
    let text = json!({ "text": [{ "column": "creditlimit" }] });
    let copies = || spec(json!([{ "check": { "if": has, "then": [{ "set": { "fax": text } }] } }]));
    let give = |rule: Uuid, to: Uuid| {
        let assign = Request::new("Assign")
            .with("Target", Reference::new("workflow", rule))
            .with("Assignee", Reference::new("systemuser", to));
        deputy.0.execute(assign)
    };
    let own = deputy.create(copies());
    switch(&deputy, own, true).unwrap();
    give(own, world.admin.id()).unwrap();
    let theirs = world.admin.create(copies());
    for rule in [own, theirs] {
        let error = switch(&deputy, rule, true).unwrap_err();
        assert_eq!(error.code().to_string(), "0x80040220", "{error}");
        assert!(
            error
                .message()
                .contains("no Read permission for the column `creditlimit`"),
            "{error}"
        );
    }
    let system = world.org.engine().system_id().unwrap();
    let error = give(own, system).unwrap_err();
    assert!(error.message().contains("owns no workflow and no rule"), "{error}");
    profile(&world, &deputy);
    switch(&deputy, theirs, true).unwrap();
}
