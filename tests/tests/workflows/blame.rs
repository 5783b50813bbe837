//! A workflow that stands in somebody's way is named with its action, and found, and deactivating
//! it cures.

use serde_json::json;
use sluice_model::{Depth, Reference, Remedy, Request, Row};
use sluice_platform::{Fix, prelude::*};
use sluice_tests::people;

use crate::world::{Workplace, account, seller, spec, switch, task};

#[test]
fn what_it_lacks_is_named_and_each_cure_helps() {
    let world = Workplace::new();
    let verbs = ["Create", "Read", "Write", "Append", "AppendTo"];
    let clerk = people::user(
        &world.org,
        "clerk",
        &people::privileges(&verbs, &["Account"], Depth::User),
    );
    let on = json!({ "on": { "create": true } });
    let id = world.active(&spec("Call them", &on, json!([task(json!("call"))])));
    let error = clerk.try_create(account("Novak")).unwrap_err();
    let body = error.body();
    assert_eq!(body.privilege.as_deref(), Some("prvCreateActivity"));
    assert_eq!(body.call.as_deref(), Some("Create task"));
    let step = body.step.as_ref().unwrap();
    assert_eq!((step.name.as_str(), step.id), ("Call them", id));
    assert_eq!(step.action.as_deref(), Some("1: create a row of task"));
    assert_eq!(error.to_json()["step"]["kind"], "workflow");
    assert!(
        error.remedies().contains(&Remedy::DeactivateFailed),
        "{:?}",
        error.remedies()
    );
    assert!(!error.remedies().contains(&Remedy::DisableStep));

    let request = sluice_model::Request::create(account("Novak"));
    let found = world.admin.0.isolate(clerk.id(), &request).unwrap();
    assert!(found.passes);
    assert_eq!(found.culprits.len(), 1);
    let fixes = &found.culprits[0].fixes();
    assert!(
        fixes.contains(&Fix::Deactivate {
            workflow: id,
            kind: "workflow"
        }),
        "{fixes:?}"
    );
    let grants = fixes.iter().filter(|fix| fix.kind() == "grant").count();
    assert!(grants > 0 && grants + 1 == fixes.len(), "{fixes:?}");

    switch(&world.admin, id, false).unwrap();
    clerk.create(account("Novak"));
    switch(&world.admin, id, true).unwrap();
    let able = seller(&world.org, "able", Depth::User);
    able.create(account("Berg"));
    assert_eq!(world.told(), ["call"]);
}

/// A workflow in the name of somebody who is disabled is given to somebody who has what it needs, and activated
/// again.
#[test]
fn another_owner_takes_the_place_of_one_who_is_disabled() {
    let world = Workplace::new();
    let owner = seller(&world.org, "owner", Depth::Organization);
    let able = seller(&world.org, "able", Depth::Organization);
    let clerk = seller(&world.org, "clerk", Depth::User);
    let more = json!({ "on": { "create": true }, "run-as": "owner" });
    let id = world.draft(&spec("Call them", &more, json!([task(json!("call"))])));
    let to = Reference::new("systemuser", owner.id());
    world.admin.update(Row::new("workflow", id).with("ownerid", to));
    switch(&world.admin, id, true).unwrap();
    world
        .admin
        .update(Row::new("systemuser", owner.id()).with("isdisabled", true));
    let request = Request::create(account("Novak"));
    let found = world.admin.0.isolate(clerk.id(), &request).unwrap();
    let cure = found.cure.unwrap_or_else(|| panic!("{:#?}", found.culprits));
    let [Fix::Own { workflow, id: new, .. }] = cure.fixes.as_slice() else {
        panic!("{cure:#?}")
    };
    assert_eq!((*workflow, *new), (id, able.id()));
    world.admin.0.execute_all(&cure.fixes[0].requests()).unwrap();
    clerk.create(account("Novak"));
    assert_eq!(world.told(), ["call"]);
}

#[test]
fn a_value_that_it_wrote_into_the_request_is_its_own() {
    let world = Workplace::new();
    let more = json!({ "on": { "update": ["name"] }, "when": "before" });
    let contact = world
        .admin
        .create(sluice_model::Row::unsaved("contact").with("lastname", "Wu"));
    let actions = json!([
        { "update": { "set": { "fax": "1" } } },
        { "update": { "set": { "primarycontactid": contact.to_string(), "fax": "1" } } },
        { "update": { "set": { "fax": "2" } } }
    ]);
    let id = world.active(&spec("Link", &more, actions));
    let clerk = seller(&world.org, "clerk", Depth::User);
    let row = clerk.create(account("Novak"));
    let change = sluice_model::Row::new("account", row).with("name", "Berg");
    let error = clerk.try_update(change).unwrap_err();
    let step = error.body().step.as_ref().unwrap();
    let action = "2: update the workflow's own row";
    assert_eq!((step.id, step.action.as_deref()), (id, Some(action)), "{error}");
}

/// So is one that a plug-in wrote which it calls.
#[test]
fn a_value_that_its_plug_in_wrote_into_the_request_has_the_action_that_calls() {
    let world = Workplace::new();
    world.push_probe();
    let more = json!({ "on": { "update": ["name"] }, "when": "before" });
    let long = "x".repeat(60);
    let call = json!({ "plugin": "probe/probe", "configuration": format!("set fax {long}"), "inputs": { "Rate": 1 } });
    world.active(&spec("Ask", &more, json!([{ "call": call }])));
    let row = world.admin.create(account("Novak"));
    let change = sluice_model::Row::new("account", row).with("name", "Berg");
    let error = world.admin.try_update(change).unwrap_err();
    let step = error.body().step.as_ref().unwrap();
    assert_eq!(
        step.action.as_deref(),
        Some("1: call the plug-in probe/probe"),
        "{error}"
    );
}

#[test]
fn the_trace_shows_it_among_the_steps() {
    let world = Workplace::new();
    let program = world.org.program();
    program.json(&["settings", "set", "trace", "all"]);
    let on = json!({ "on": { "create": true } });
    world.active(&spec("Call them", &on, json!([task(json!("call"))])));
    world.admin.create(account("Novak"));
    let run = program.run(&["trace", "tree"]);
    assert!(
        run.stdout.contains("workflow \"Call them\" (post-operation)"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("call Create task"), "{}", run.stdout);
}

/// What failed is undone with the request; the log of it stays, where it is asked for.
#[test]
fn what_fails_is_logged_where_it_says_so() {
    let world = Workplace::new();
    let program = world.org.program();
    program.json(&["settings", "set", "trace", "off"]);
    program.json(&["settings", "set", "trace.requests", "off"]);
    let stop = json!([task(json!("call")), { "stop": { "as": "canceled", "message": "not today" } }]);
    let on = |logs: bool| json!({ "on": { "create": true }, "log-failures": logs });
    let silent = world.active(&spec("Silent", &on(false), stop.clone()));
    world.admin.try_create(account("Novak")).unwrap_err();
    assert_eq!(world.admin.count("workflowlog"), 0);
    switch(&world.admin, silent, false).unwrap();

    let id = world.active(&spec("Loud", &on(true), stop));
    world.admin.try_create(account("Novak")).unwrap_err();
    assert_eq!(world.told(), [""; 0], "it is undone");
    let logs = world.admin.list(sluice_model::Query::new("workflowlog"));
    let log = logs.first().unwrap();
    assert_eq!(logs.len(), 1);
    assert_eq!((log.int("status"), log.text("message")), (Some(4), Some("not today")));
    assert_eq!(log.text("stepname"), Some("2: stop as canceled"));
    assert_eq!(
        (log.id_of("sl_workflow"), log.text("sl_rowtable")),
        (Some(id), Some("account"))
    );
    assert_eq!(log.id_of("ownerid"), Some(world.admin.id()));
    let shown = program.json(&["workflow", "log", "Loud"]);
    assert_eq!(shown["value"][0]["status"], "Canceled");

    let contact = world
        .admin
        .create(sluice_model::Row::unsaved("contact").with("lastname", "Wu"));
    let refused = json!([{ "update": { "set": { "primarycontactid": contact.to_string() } } }]);
    switch(&world.admin, id, false).unwrap();
    let next = world.active(&spec("Broken", &on(true), refused));
    world.admin.try_delete("contact", contact).unwrap();
    world.admin.try_create(account("Berg")).unwrap_err();
    let logs = program.json(&["workflow", "log", "Broken"]);
    assert_eq!(logs["value"][0]["status"], "Failed");
    // Nothing is logged of a trial, nor of what goes well; and the log goes with its workflow.
    let request = sluice_model::Request::create(account("Kern"));
    world.admin.0.isolate(world.admin.id(), &request).unwrap();
    assert_eq!(world.admin.count("workflowlog"), 2);
    switch(&world.admin, next, false).unwrap();
    world.admin.create(account("Kern"));
    program.json(&["workflow", "delete", "Broken"]);
    assert_eq!(world.admin.count("workflowlog"), 1);
}
