//! What starts a workflow, for whose rows, and in which order.

use serde_json::json;
use sluice_model::{Depth, Error, Filter, Query, Reference, Request, Row, Value};
use sluice_platform::{StepSpec, prelude::*};

use crate::world::{Workplace, account, is, run, seller, spec, switch, task};

#[test]
fn each_trigger_starts_it_and_nothing_else_does() {
    let world = Workplace::new();
    for (name, more) in [
        ("created", json!({ "on": { "create": true } })),
        ("name or phone", json!({ "on": { "update": ["name", "telephone1"] } })),
        ("state", json!({ "on": { "state": true } })),
        ("assigned", json!({ "on": { "assign": true } })),
        ("deleted", json!({ "on": { "delete": true } })),
        ("by hand", json!({ "on-demand": true })),
    ] {
        world.active(&spec(name, &more, json!([task(json!(name))])));
    }
    let other = seller(&world.org, "other", Depth::Organization);
    let id = world.admin.create(account("Novak"));
    let change = |row: Row| world.admin.update(row);
    change(Row::new("account", id).with("fax", "1"));
    change(Row::new("account", id).with("telephone1", "1"));
    change(Row::new("account", id).with("statecode", Value::Choice(1)));
    let assign = Request::new("Assign")
        .with("Target", Reference::new("account", id))
        .with("Assignee", Reference::new("systemuser", other.id()));
    world.admin.0.execute(assign).unwrap();
    world.admin.try_delete("account", id).unwrap();
    // A contact is none of its rows.
    world.admin.create(Row::unsaved("contact").with("lastname", "Novak"));
    assert_eq!(
        world.told(),
        ["created", "name or phone", "state", "assigned", "deleted"]
    );
}

#[test]
fn a_draft_and_one_that_was_deactivated_do_not_run() {
    let world = Workplace::new();
    let on = json!({ "on": { "create": true } });
    world.draft(&spec("draft", &on, json!([task(json!("draft"))])));
    let gone = world.active(&spec("gone", &on, json!([task(json!("gone"))])));
    switch(&world.admin, gone, false).unwrap();
    world.admin.create(account("Novak"));
    assert_eq!(world.told(), Vec::<String>::new());
    switch(&world.admin, gone, true).unwrap();
    world.admin.create(account("Berg"));
    assert_eq!(world.told(), ["gone"]);
}

#[test]
fn the_scope_is_seen_from_the_owner() {
    let world = Workplace::new();
    let program = world.org.program();
    program.json(&["bu", "create", "North"]);
    program.json(&["bu", "create", "Harbour", "--parent", "North"]);
    program.json(&["role", "create", "Worker"]);
    for privilege in ["prvReadWorkflow", "prvWriteWorkflow", "prvReadAccount"] {
        program.json(&["role", "grant", "Worker", privilege, "org"]);
    }
    let person = |name: &str, unit: &str| {
        program.json(&[
            "user",
            "create",
            name,
            &format!("lastname={name}"),
            "--bu",
            unit,
            "--role",
            "Worker",
        ]);
        world.admin.find("systemuser", name)
    };
    let root = world
        .admin
        .list(Query::new("businessunit").filter(Filter::eq("parentbusinessunitid", Value::Null)));
    let root = root[0].text("name").unwrap().to_owned();
    let (own, mate) = (person("own", "North"), person("mate", "North"));
    let (below, above) = (person("below", "Harbour"), person("above", &root));
    for scope in ["user", "business-unit", "parent-child", "organization"] {
        let more = json!({ "on": { "create": true }, "scope": scope });
        let id = world.draft(&spec(scope, &more, json!([task(json!(scope))])));
        let owner = Reference::new("systemuser", own);
        world.admin.update(Row::new("workflow", id).with("ownerid", owner));
        switch(&world.admin, id, true).unwrap();
    }
    for (owner, expected) in [
        (own, vec!["user", "business-unit", "parent-child", "organization"]),
        (mate, vec!["business-unit", "parent-child", "organization"]),
        (below, vec!["parent-child", "organization"]),
        (above, vec!["organization"]),
    ] {
        for task in world.admin.list(Query::new("task").columns(&[])) {
            world.admin.try_delete("task", task.id).unwrap();
        }
        let owner = Reference::new("systemuser", owner);
        world.admin.create(account("Novak").with("ownerid", owner));
        let mut told = world.told();
        told.sort_by_key(|scope| expected.iter().position(|known| known == scope));
        assert_eq!(told, expected);
    }
}

#[test]
fn the_lower_rank_comes_first_and_without_one_it_comes_before_plug_ins() {
    let world = Workplace::new();
    world.push_probe();
    let step = StepSpec {
        plugin: "probe/probe".to_owned(),
        message: "Update".to_owned(),
        table: Some("account".to_owned()),
        stage: 20,
        rank: 1,
        configuration: Some("set description plug-in".to_owned()),
        ..StepSpec::default()
    };
    world.admin.0.register_step(&step).unwrap();
    for (letter, rank) in [(" last", Some(5)), (" then", Some(3)), (" lost", None)] {
        let mut more = json!({ "on": { "update": ["name"] }, "when": "before" });
        if let Some(rank) = rank {
            more["rank"] = rank.into();
        }
        let text = json!({ "text": [{ "column": "description" }, letter] });
        let actions = json!([{ "update": { "set": { "description": text } } }]);
        world.active(&spec(letter.trim(), &more, actions));
    }
    let id = world.admin.create(account("Novak"));
    world.admin.update(Row::new("account", id).with("name", "Berg"));
    let described = world.admin.get("account", id);
    assert_eq!(described.text("description"), Some("plug-in then last"));
}

#[test]
fn before_an_update_it_sees_the_row_as_it_will_be() {
    let world = Workplace::new();
    let more = json!({ "on": { "update": ["name"] }, "when": "before" });
    let set = json!({ "text": [{ "column": "name" }, " / ", { "column": "telephone1" }] });
    let actions = json!([
        { "update": { "set": { "description": set, "fax": "1" } } },
        { "check": { "if": is("fax", json!("1")), "then": [{ "update": { "set": { "fax": "2" } } }] } },
    ]);
    world.active(&spec("before", &more, actions));
    let id = world.admin.create(account("Novak").with("telephone1", "111"));
    let before = world.admin.get("account", id).get("versionnumber").cloned();
    world.admin.update(Row::new("account", id).with("name", "Berg"));
    let row = world.admin.get("account", id);
    assert_eq!(row.text("description"), Some("Berg / 111"));
    assert_eq!(row.text("fax"), Some("2"), "it sees its own changes");
    assert_ne!(row.get("versionnumber").cloned(), before);
}

#[test]
fn it_runs_as_its_owner_or_as_whoever_sets_it_off() {
    let world = Workplace::new();
    let clerk = seller(&world.org, "clerk", Depth::User);
    for run_as in ["owner", "caller"] {
        let more = json!({ "on": { "create": true }, "run-as": run_as });
        world.active(&spec(run_as, &more, json!([task(json!(run_as))])));
    }
    clerk.create(account("Novak"));
    let tasks = world.admin.list(Query::new("task").columns(&["subject", "ownerid"]));
    let owner = |subject: &str| {
        let task = tasks.iter().find(|task| task.text("subject") == Some(subject));
        task.unwrap().id_of("ownerid")
    };
    assert_eq!(owner("owner"), Some(world.admin.id()));
    assert_eq!(owner("caller"), Some(clerk.id()));
}

#[test]
fn by_hand_it_runs_where_it_is_meant_to() {
    let world = Workplace::new();
    let by_hand = world.active(&spec(
        "by hand",
        &json!({ "on-demand": true }),
        json!([task(json!("ran"))]),
    ));
    let by_itself = json!({ "on": { "delete": true } });
    let by_itself = world.active(&spec("by itself", &by_itself, json!([task(json!("no"))])));
    let id = world.admin.create(account("Novak"));
    run(&world.admin, by_hand, id).unwrap();
    assert_eq!(world.told(), ["ran"]);
    let code = |result: Result<(), Error>| result.unwrap_err().code().to_string();
    assert_eq!(code(run(&world.admin, by_itself, id)), "0x80045046");
    assert_eq!(
        code(run(&world.admin, by_hand, by_hand)),
        "0x80040217",
        "there is no such account"
    );
    switch(&world.admin, by_hand, false).unwrap();
    assert_eq!(code(run(&world.admin, by_hand, id)), "0x80045047");
    let clerk = seller(&world.org, "clerk", Depth::Organization);
    switch(&world.admin, by_hand, true).unwrap();
    let error = run(&clerk, by_hand, id).unwrap_err();
    assert_eq!(error.body().privilege.as_deref(), Some("prvWorkflowExecution"));
}

/// Before an Update a value is what is stored, and what the platform makes of it is there.
#[test]
fn before_an_update_values_are_as_they_are_stored() {
    let world = Workplace::new();
    let stop = json!([{ "stop": { "as": "canceled", "message": "no" } }]);
    let more = json!({ "on": { "update": ["revenue", "fax"] }, "when": "before" });
    let half = json!({ "multiply": 0.333 });
    let actions = json!([
        { "check": { "if": { "compare": { "column": "revenue", "is": "ge", "value": 100 } }, "then": stop } },
        { "check": { "if": { "compare": { "column": "revenue_base", "is": "eq", "value": 50 } }, "then": stop } },
        { "check": { "if": is("fax", json!("third")), "then": [
            { "update": { "set": { "revenue": half } } },
            { "check": { "if": is("revenue", json!("3.33")), "then": stop } },
        ] } },
    ]);
    world.active(&spec("before", &more, actions));
    let money = |text: &str| Value::Money(text.parse().unwrap());
    let id = world.admin.create(account("Novak").with("revenue", money("10.01")));
    let change = |value: &str| Row::new("account", id).with("revenue", money(value));
    for value in ["99.996", "50"] {
        assert_eq!(
            world.admin.try_update(change(value)).unwrap_err().message(),
            "no",
            "{value}"
        );
    }
    world.admin.update(change("10.01"));
    let third = Row::new("account", id).with("fax", "third");
    assert_eq!(world.admin.try_update(third).unwrap_err().message(), "no");
}
