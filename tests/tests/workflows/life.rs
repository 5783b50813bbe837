//! From a draft to what runs and back: copies, who may switch, what may be changed.

use serde_json::json;
use sluice_model::{Code, Depth, Error, Filter, Query, Reference, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_tests::people;

use crate::world::{Workplace, account, seller, spec, switch, task};

fn copies(world: &Workplace, of: Uuid) -> Vec<Row> {
    let of = Filter::eq("parentworkflowid", of);
    world.admin.list(Query::new("workflow").filter(of))
}

fn code(result: Result<(), Error>) -> String {
    result.unwrap_err().code().to_string()
}

#[test]
fn what_runs_is_a_copy_that_nobody_changes() {
    let world = Workplace::new();
    let on = json!({ "on": { "create": true } });
    let id = world.draft(&spec("w", &on, json!([task(json!("ran"))])));
    assert!(copies(&world, id).is_empty());
    switch(&world.admin, id, true).unwrap();
    let copy = copies(&world, id).remove(0);
    let definition = world.admin.get("workflow", id);
    assert_eq!(definition.id_of("activeworkflowid"), Some(copy.id));
    assert_eq!((copy.int("type"), copy.int("statecode")), (Some(2), Some(1)));
    let rename = |id| world.admin.try_update(Row::new("workflow", id).with("name", "other"));
    assert_eq!(code(rename(id)), "0x80045002");
    assert_eq!(code(rename(copy.id)), "0x80045003");
    assert_eq!(code(world.admin.try_delete("workflow", copy.id)), "0x80045004");
    assert_eq!(code(world.admin.try_delete("workflow", id)), "0x8004500F");
    switch(&world.admin, id, false).unwrap();
    assert!(copies(&world, id).is_empty());
    rename(id).unwrap();
    world.admin.try_delete("workflow", id).unwrap();
}

#[test]
fn a_workflow_keeps_what_it_is() {
    let world = Workplace::new();
    let id = world.draft(&spec("w", &json!({}), json!([task(json!("ran"))])));
    for row in [
        Row::new("workflow", id).with("category", Value::Choice(4)),
        Row::new("workflow", id).with("type", Value::Choice(2)),
        Row::new("workflow", id).with("primaryentity", "contact"),
    ] {
        assert_eq!(code(world.admin.try_update(row)), "0x80040203");
    }
    let other = Row::unsaved("workflow")
        .with("name", "an action")
        .with("category", Value::Choice(3))
        .with("primaryentity", "account");
    let other = Row::new("workflow", world.admin.create(other)).with("category", Value::Choice(0));
    assert_eq!(code(world.admin.try_update(other)), "0x80040203");
    let made_active = Row::unsaved("workflow")
        .with("name", "w")
        .with("category", Value::Choice(0))
        .with("primaryentity", "account")
        .with("statecode", Value::Choice(1));
    assert_eq!(
        code(world.admin.try_create(made_active.clone()).map(|_| ())),
        "0x80040203"
    );
    let made_copy = made_active
        .with("statecode", Value::Choice(0))
        .with("type", Value::Choice(2));
    assert_eq!(code(world.admin.try_create(made_copy).map(|_| ())), "0x80040203");
}

#[test]
fn assigning_an_active_one_deactivates_it() {
    let world = Workplace::new();
    let on = json!({ "on": { "create": true } });
    let id = world.active(&spec("w", &on, json!([task(json!("ran"))])));
    let other = seller(&world.org, "other", Depth::Organization);
    let owner = Reference::new("systemuser", other.id());
    world.admin.update(Row::new("workflow", id).with("ownerid", owner));
    assert_eq!(world.admin.get("workflow", id).int("statecode"), Some(0));
    assert!(copies(&world, id).is_empty());
    world.admin.create(account("Novak"));
    assert_eq!(world.told(), Vec::<String>::new());
}

#[test]
fn only_the_owner_switches_it_or_somebody_who_acts_for_others() {
    let world = Workplace::new();
    let mut rights = people::privileges(&["Create", "Read", "Write"], &["Workflow"], Depth::Organization);
    let author = people::user(&world.org, "author", &rights);
    let on = json!({ "on": { "create": true } });
    let text = spec("w", &on, json!([task(json!("ran"))]));
    let own = author.create(sluice_platform::WorkflowSpec::parse(&text).unwrap().row());
    let error = switch(&author, own, true).unwrap_err();
    assert_eq!(
        error.body().privilege.as_deref(),
        Some("prvActivateSynchronousWorkflow")
    );
    rights.push(("prvActivateSynchronousWorkflow".to_owned(), Depth::Organization));
    let second = people::user(&world.org, "second", &rights);
    assert_eq!(code(switch(&second, own, true)), "0x8004500B");
    let foreign = second.create(sluice_platform::WorkflowSpec::parse(&text).unwrap().row());
    switch(&second, foreign, true).unwrap();
    switch(&world.admin, foreign, false).unwrap();
    switch(&world.admin, own, true).unwrap();
    assert_eq!(code(switch(&second, own, false)), "0x8004500B");
}

/// Who activates a workflow that runs as somebody else lets it do only what he could do.
#[test]
fn nobody_lets_it_run_as_somebody_who_may_more() {
    let world = Workplace::new();
    let mut rights = people::privileges(
        &["Create", "Read", "Write", "Assign"],
        &["Workflow"],
        Depth::Organization,
    );
    for privilege in ["prvActivateSynchronousWorkflow", "prvActOnBehalfOfAnotherUser"] {
        rights.push((privilege.to_owned(), Depth::Organization));
    }
    let clever = people::user(&world.org, "clever", &rights);
    let more = json!({ "on": { "create": true }, "run-as": "owner" });
    let text = spec("w", &more, json!([task(json!("ran"))]));
    let id = clever.create(sluice_platform::WorkflowSpec::parse(&text).unwrap().row());
    let owner = Reference::new("systemuser", world.admin.id());
    clever.update(Row::new("workflow", id).with("ownerid", owner));
    let error = switch(&clever, id, true).unwrap_err();
    assert_eq!(error.code(), Code::PRIVILEGE_DENIED);
    assert!(error.message().contains("it runs as its owner, who holds"), "{error}");
    assert_eq!(world.admin.get("workflow", id).int("statecode"), Some(0));

    // What is printed cures it, and nobody tries hundreds of grants.
    let (_, found) = world.admin.0.why(error.body().correlation).unwrap();
    assert!(found.trials < 50, "{} trials", found.trials);
    let program = world.org.program();
    let told = error.resolution();
    assert!(told.contains("let it run as the caller"), "{told}");
    program.json(&["row", "update", "workflow", &id.to_string(), "runas=1"]);
    switch(&clever, id, true).unwrap();
    switch(&clever, id, false).unwrap();
    program.json(&["row", "update", "workflow", &id.to_string(), "runas=0"]);
    program.json(&["row", "assign", "workflow", &id.to_string(), &clever.id().to_string()]);
    switch(&clever, id, true).unwrap();
}

#[test]
fn a_column_that_a_workflow_uses_stays() {
    let world = Workplace::new();
    let program = world.org.program();
    program.json(&["column", "create", "account", "new_grade", "text", "--max-length", "20"]);
    let first = json!({ "first": [{ "column": "new_grade" }, "none"] });
    for actions in [
        json!([{ "update": { "set": { "new_grade": "A" } } }]),
        json!([task(json!({ "text": ["grade ", first] }))]),
        json!([{ "stop": { "as": "canceled", "message": first } }]),
    ] {
        let id = world.draft(&spec("grades", &json!({ "on": { "create": true } }), actions));
        let error = program.refused(&["column", "delete", "account", "new_grade"]);
        assert!(
            error["message"].as_str().unwrap().contains("the workflow \"grades\""),
            "{error}"
        );
        world.admin.try_delete("workflow", id).unwrap();
    }
}

/// A file may hold one that was activated when its table still took workflows.
#[test]
fn nothing_that_is_done_to_a_workflow_starts_one() {
    let world = Workplace::new();
    let on = json!({ "on": { "state": true, "create": true, "assign": true } });
    let lock = world.active(&spec("lock", &on, json!([{ "stop": { "as": "canceled" } }])));
    let file = rusqlite::Connection::open(world.org.path()).unwrap();
    file.create_collation("UNICODE_CI", str::cmp).unwrap();
    let bind = r#"UPDATE "workflow" SET "primaryentity" = 'workflow' WHERE "category" = 0"#;
    assert_eq!(file.execute(bind, []).unwrap(), 2);
    let by_hand = json!({ "on-demand": true });
    world.draft(&spec("other", &by_hand, json!([task(json!("x"))])));
    world.draft(&spec("another", &by_hand, json!([task(json!("x"))])));
    switch(&world.admin, lock, false).unwrap();
    world.admin.try_delete("workflow", lock).unwrap();
}

/// What others do sets a workflow off, and it may do what they may: its author may have it run for
/// as many rows as he may change workflows of.
#[test]
fn the_scope_is_no_wider_than_what_the_owner_may_change() {
    let world = Workplace::new();
    for (depth, allowed) in [
        (Depth::User, 1),
        (Depth::BusinessUnit, 2),
        (Depth::ParentChild, 3),
        (Depth::Organization, 4),
    ] {
        let author = author(&world, &format!("author {}", depth.word()), depth);
        let on = json!({ "on": { "create": true } });
        let id = author.create(
            sluice_platform::WorkflowSpec::parse(&spec("w", &on, json!([task(json!("ran"))])))
                .unwrap()
                .row(),
        );
        for scope in 1..=4 {
            author.update(Row::new("workflow", id).with("scope", Value::Choice(scope)));
            let outcome = switch(&author, id, true);
            if scope <= allowed {
                outcome.unwrap();
                switch(&author, id, false).unwrap();
                continue;
            }
            let error = outcome.unwrap_err();
            assert_eq!(error.body().privilege.as_deref(), Some("prvWriteWorkflow"));
            let told = format!("its owner holds prvWriteWorkflow at the depth {} only", depth.label());
            assert!(error.message().contains(&told), "{error}");
        }
    }
}

/// Somebody who draws up and activates workflows of his own, at a depth.
fn author(world: &Workplace, name: &str, depth: Depth) -> sluice_tests::Actor {
    let mut rights = people::privileges(&["Create", "Read", "Write"], &["Workflow"], depth);
    rights.push(("prvActivateSynchronousWorkflow".to_owned(), Depth::Organization));
    people::user(&world.org, name, &rights)
}

#[test]
fn a_plug_in_is_called_for_those_who_may_register_steps() {
    let world = Workplace::new();
    world.push_probe();
    let author = author(&world, "author", Depth::Organization);
    let on = json!({ "on": { "create": true } });
    let text = spec(
        "w",
        &on,
        json!([{ "call": { "plugin": "probe", "configuration": "trace hi", "inputs": { "Rate": 1 } } }]),
    );
    let id = author.create(sluice_platform::WorkflowSpec::parse(&text).unwrap().row());
    let error = switch(&author, id, true).unwrap_err();
    assert_eq!(
        error.body().privilege.as_deref(),
        Some("prvCreateSdkMessageProcessingStep")
    );
    switch(&world.admin, id, true).unwrap();
}

/// Who lets a workflow start another one knows that one, and it is meant for others or his own.
#[test]
fn a_workflow_of_somebody_else_is_started_only_as_a_child() {
    let world = Workplace::new();
    let text = |name: &str, more: serde_json::Value, child: Option<&str>| {
        let actions = match child {
            Some(child) => json!([{ "start-child": { "workflow": child } }]),
            None => json!([task(json!("ran"))]),
        };
        spec(name, &more, actions)
    };
    world.active(&text("by hand", json!({ "on-demand": true }), None));
    world.active(&text("child", json!({ "child": true }), None));
    let try_to_start = |author: &sluice_tests::Actor, child: &str| {
        let text = text("w", json!({ "on": { "create": true }, "scope": "user" }), Some(child));
        let id = author.create(sluice_platform::WorkflowSpec::parse(&text).unwrap().row());
        switch(author, id, true)
    };
    let all = author(&world, "all", Depth::Organization);
    assert_eq!(code(try_to_start(&all, "by hand")), "0x80045046");
    try_to_start(&all, "child").unwrap();
    let own = author(&world, "own", Depth::User);
    let error = try_to_start(&own, "child").unwrap_err();
    assert_eq!(error.body().privilege.as_deref(), Some("prvReadWorkflow"));
    try_to_start(&world.admin, "by hand").unwrap();
}

/// A parent is no door to a row: it is started for what its user may read.
#[test]
fn a_child_is_started_for_a_row_that_may_be_read() {
    let world = Workplace::new();
    world.active(
        &spec(
            "child",
            &json!({ "child": true, "run-as": "owner" }),
            json!([task(json!("ran"))]),
        )
        .replace("\"account\"", "\"contact\""),
    );
    let parent = json!([{ "start-child": { "workflow": "child", "row": { "related": "primarycontactid" } } }]);
    world.active(&spec("parent", &json!({ "on": { "update": ["fax"] } }), parent));
    let contact = world.admin.create(Row::unsaved("contact").with("lastname", "Novak"));
    let clerk = seller(&world.org, "clerk", Depth::User);
    let row = clerk.create(account("Novak"));
    let contact = Reference::new("contact", contact);
    world
        .admin
        .update(Row::new("account", row).with("primarycontactid", contact));
    let fax = Row::new("account", row).with("fax", "1");
    assert_eq!(code(clerk.try_update(fax.clone())), "0x80048306");
    assert_eq!(world.told(), Vec::<String>::new());
    world.admin.update(fax);
    assert_eq!(world.told(), ["ran"]);
}

#[test]
fn on_behalf_of_somebody_nothing_is_left_that_runs_as_them() {
    let world = Workplace::new();
    let mut rights = people::privileges(&["Create", "Read", "Write"], &["Workflow"], Depth::Organization);
    for name in ["prvActOnBehalfOfAnotherUser", "prvActivateSynchronousWorkflow"] {
        rights.push((name.to_owned(), Depth::Organization));
    }
    let clever = people::user(&world.org, "clever", &rights);
    let both = sluice_tests::Actor(clever.0.on_behalf_of(world.admin.id()));
    for more in [
        json!({ "mode": "background", "on": { "create": true } }),
        json!({ "on": { "create": true }, "run-as": "owner" }),
    ] {
        let text = spec("planted", &more, json!([task("planted".into())]));
        let draft = both.create(sluice_platform::WorkflowSpec::parse(&text).unwrap().row());
        assert_eq!(
            world.admin.get("workflow", draft).id_of("ownerid"),
            Some(world.admin.id()),
            "{more}"
        );
        let error = switch(&both, draft, true).unwrap_err();
        assert_eq!(error.code().to_string(), "0x80040220", "{error}");
    }
    world.admin.create(account("Litware"));
    assert_eq!(world.told(), Vec::<String>::new());
}

/// In the background a workflow runs as its owner, and a team sends no request: it is not activated before it
/// belongs to a user.
#[test]
fn a_team_runs_no_workflow_in_the_background() {
    let world = Workplace::new();
    let reads = people::privileges(&["Read", "Write"], &["Workflow"], Depth::Organization);
    people::user(&world.org, "giver", &reads);
    let crew = ["team", "create", "Crew", "--role", "role of giver"];
    world.org.program().json(&crew);
    let crew = Reference::new("team", world.admin.find("team", "Crew"));
    let on = |mode: &str| json!({ "on": { "create": true }, "mode": mode });
    for (mode, runs) in [("background", false), ("real-time", true)] {
        let id = world.draft(&spec(mode, &on(mode), json!([task(json!(mode))])));
        world
            .admin
            .update(Row::new("workflow", id).with("ownerid", crew.clone()));
        let activated = switch(&world.admin, id, true);
        match runs {
            true => activated.unwrap(),
            false => {
                let error = activated.unwrap_err();
                assert!(error.message().contains("which is a team"), "{error}");
                assert!(error.message().contains("assign it to a user"), "{error}");
                let admin = Reference::new("systemuser", world.admin.id());
                world.admin.update(Row::new("workflow", id).with("ownerid", admin));
                switch(&world.admin, id, true).unwrap();
            }
        }
    }
    world.admin.create(account("Novak"));
    assert_eq!(world.told().len(), 2);
}
