//! What is printed against a refusal cures it, and `why` tries it.

use serde_json::{Value as Json, json};
use sluice_model::{Code, Depth, Uuid};
use sluice_platform::{Fix, prelude::*};
use sluice_tests::{
    people,
    world::{World, list, text},
};

use crate::world::{Workplace, account, is, run, seller, spec, switch, task};

fn child(world: &Workplace, name: &str) -> Uuid {
    world.active(&spec(name, &json!({ "child": true }), json!([task(json!("kid"))])))
}

#[test]
fn a_child_that_rests_is_activated() {
    let world = Workplace::new();
    let kid = child(&world, "Kid");
    let starts = json!([{ "start-child": { "workflow": "Kid" } }]);
    let parent = world.active(&spec("Parent", &json!({ "on": { "create": true } }), starts.clone()));
    switch(&world.admin, kid, false).unwrap();

    let error = world.admin.try_create(account("Novak")).unwrap_err();
    assert_eq!(error.code(), Code::WORKFLOW_CHILD_INACTIVE);
    let step = error.body().step.as_ref().unwrap();
    assert_eq!((step.name.as_str(), step.id), ("Parent", parent), "the parent failed");
    let program = world.org.program();
    let told = program.run(&["row", "create", "account", "name=Novak"]);
    assert!(told.says(&format!("workflow activate {kid}")), "{}", told.stderr);
    assert!(told.says(&format!("workflow deactivate {parent}")), "{}", told.stderr);
    assert!(!told.says(&format!("workflow deactivate {kid}")), "{}", told.stderr);

    let request = sluice_model::Request::create(account("Novak"));
    let found = world.admin.0.isolate(world.admin.id(), &request).unwrap();
    let activates = Fix::Activate {
        workflow: kid,
        name: "Kid".to_owned(),
    };
    assert_eq!(found.culprits[0].cures[0].fixes, std::slice::from_ref(&activates));
    assert!(found.culprits[0].cures[0].passes && found.passes);
    switch(&world.admin, kid, true).unwrap();
    world.admin.create(account("Novak"));

    // The same of one in the background, by its job.
    switch(&world.admin, parent, false).unwrap();
    let later = json!({ "on": { "create": true }, "mode": "background" });
    world.active(&spec("Later", &later, starts));
    switch(&world.admin, kid, false).unwrap();
    world.admin.create(account("Berg"));
    let job = list(&program.json(&["jobs", "list", "--open"]));
    let (_, found) = world
        .admin
        .0
        .why(Some(job[0]["asyncoperationid"].as_str().unwrap().parse().unwrap()))
        .unwrap();
    assert!(
        found.culprits[0].fixes().contains(&activates),
        "{:?}",
        found.culprits[0].fixes()
    );
}

#[test]
fn a_child_that_is_not_there_is_not_to_be_activated() {
    let world = Workplace::new();
    let starts = |name: &str| json!([{ "start-child": { "workflow": name } }]);
    let on = json!({ "on": { "create": true } });
    let draft = world.draft(&spec("Parent", &on, starts("Nope")));
    let program = world.org.program();
    let told = program.run(&["workflow", "activate", "Parent"]);
    assert!(told.says("make a workflow of that name"), "{}", told.stderr);
    assert!(!told.says("workflow activate"), "{}", told.stderr);
    world.draft(&spec("Plain", &on, json!([task(json!("x"))])));
    let other = world.draft(&spec("Other", &on, starts("Plain")));
    let told = program.run(&["workflow", "activate", &other.to_string()]);
    assert!(
        told.says("let that one be a child, or run on demand"),
        "{}",
        told.stderr
    );

    world.draft(&spec("Nope", &json!({ "child": true }), json!([task(json!("x"))])));
    let error = switch(&world.admin, draft, true).unwrap_err();
    let nope = world.admin.find("workflow", "Nope").to_string();
    assert!(error.words().contains(&("WORKFLOW", nope)), "{:?}", error.words());
}

/// The parent goes on with the child that it found, so that one cannot go, and no other takes its place.
#[test]
fn a_child_that_an_active_workflow_starts_is_not_deleted() {
    let world = Workplace::new();
    let kid = child(&world, "Kid");
    let middle = json!([{ "start-child": { "workflow": "Kid" } }]);
    let middle = world.active(&spec("Middle", &json!({ "child": true }), middle));
    let starts = json!([{ "start-child": { "workflow": "Middle" } }]);
    let parent = world.active(&spec("Parent", &json!({ "on": { "create": true } }), starts));
    switch(&world.admin, kid, false).unwrap();
    let error = world.admin.try_delete("workflow", kid).unwrap_err();
    assert_eq!(error.code(), Code::COMPONENT_IN_USE);
    assert!(error.message().contains("starts it"), "{error}");
    switch(&world.admin, middle, false).unwrap();
    world.admin.try_delete("workflow", kid).unwrap();
    assert!(world.admin.try_delete("workflow", middle).is_err());
    switch(&world.admin, parent, false).unwrap();
    world.admin.try_delete("workflow", middle).unwrap();

    // One that starts itself is nobody's child.
    let again = json!([{ "start-child": { "workflow": "Again" } }]);
    let again = world.active(&spec("Again", &json!({ "child": true }), again));
    switch(&world.admin, again, false).unwrap();
    world.admin.try_delete("workflow", again).unwrap();
}

#[test]
fn a_workflow_that_rests_is_activated_to_be_run() {
    let world = Workplace::new();
    let id = world.draft(&spec("Note", &json!({ "on-demand": true }), json!([task(json!("x"))])));
    let row = world.admin.create(account("Novak"));
    assert_eq!(
        run(&world.admin, id, row).unwrap_err().code(),
        Code::WORKFLOW_NOT_ACTIVE
    );
    let (_, found) = world.admin.0.why(None).unwrap();
    assert_eq!(found.culprits[0].fixes()[0].kind(), "activate");
}

/// Nothing but to give it up helps a run whose row is gone; that its workflow rests does not.
#[test]
fn a_run_whose_row_was_deleted_is_given_up() {
    let world = Workplace::new();
    let wait = json!([{ "wait": { "for": is("fax", json!("1")) } }]);
    let more = json!({ "mode": "background", "on": { "create": true } });
    world.active(&spec("W", &more, wait));
    let row = world.admin.create(account("Novak"));
    world.admin.try_delete("account", row).unwrap();
    let program = world.org.program();
    let jobs = program.json(&["row", "list", "asyncoperation", "--select", "name"]);
    let job = jobs["value"][0]["asyncoperationid"].as_str().unwrap().to_owned();
    program.run(&["jobs", "resume", &job]);
    let told = program.run(&["why", &job]);
    let said = |words: &str| told.stdout.contains(words);
    assert!(
        said(&format!("jobs cancel {job}")) && said(&format!("jobs resume {job}")),
        "{}",
        told.stdout
    );
    assert!(!said("workflow deactivate"), "{}", told.stdout);
}

#[test]
fn what_is_advised_is_about_what_was_refused() {
    let world = Workplace::new();
    let program = world.org.program();
    let told = |text: &str, arguments: &[&str]| {
        std::fs::write(world.org.path().parent().unwrap().join("w.json"), text).unwrap();
        program.run(arguments)
    };
    let create = ["workflow", "create", "w.json", "--activate"];
    // An unknown column is one of the table's, not of the table of workflows.
    let unknown = spec("w", &json!({}), json!([task(json!({ "column": "nmae" }))]));
    let run = told(&unknown, &create);
    assert!(
        run.says("column list account") && !run.says("column list workflow"),
        "{}",
        run.stderr
    );
    let listens = spec("w", &json!({ "on": { "update": ["nmae"] } }), json!([task(json!("x"))]));
    assert!(told(&listens, &create).says("column list account"));
    let waits = json!([{ "wait": { "until": { "now": { "days": 1 } } } }]);
    let run = told(&spec("w", &json!({ "on-demand": true }), waits), &create);
    assert!(
        run.says("let it run in the background") && !run.says("give it an action"),
        "{}",
        run.stderr
    );
    let rule = json!({ "name": "r", "table": "account", "actions": [{ "require": ["nmae"] }] }).to_string();
    assert!(told(&rule, &["businessrule", "create", "w.json"]).says("column list account"));
}

#[test]
fn the_run_of_a_workflow_is_not_begun_once_more() {
    let world = Workplace::new();
    let program = world.org.program();
    let background = json!({ "on": { "create": true }, "mode": "background" });
    let waits = json!([{ "wait": { "until": { "now": { "days": 1 } } } }]);
    world.active(&spec("Waits", &background, waits));
    world.active(&spec("Ends", &background, json!([task(json!("x"))])));
    world.admin.create(account("Novak"));
    for job in list(&program.json(&["jobs", "list"])) {
        let id = text(&job, "asyncoperationid");
        let run = program.run(&["jobs", "retry", &id]);
        assert!(!run.says("choose a table"), "{}", run.stderr);
        match text(&job, "name").starts_with("Waits") {
            true => assert!(run.says(&format!("jobs resume {id}")), "{}", run.stderr),
            false => assert!(run.says("run the workflow for the row"), "{}", run.stderr),
        }
    }
}

/// Somebody else's workflow: what is printed is enough, and there is no list that `why` would look into.
#[test]
fn whoever_may_read_no_workflow_is_told_how_deep_it_takes() {
    let world = World::sample();
    let admin = world.admin();
    world.write(
        "od.json",
        json!({ "name": "od", "table": "lead", "on-demand": true, "scope": "organization",
                "actions": [{ "update": { "set": { "description": "noted" } } }] })
        .to_string(),
    );
    admin.json(&["workflow", "create", "od.json", "--activate"]);
    admin.json(&["role", "revoke", "Salesperson", "prvReadWorkflow"]);
    let seller = world.user("seller.west");
    let lead = text(&seller.json(&["row", "create", "lead", "lastname=Wu"]), "id");
    let run = || seller.run(&["workflow", "run", "od", &lead]);
    for _ in 0..4 {
        let told = run();
        if told.code == 0 {
            break;
        }
        let error: Json = seller.run(&["workflow", "run", "od", &lead, "--json"]).json()["error"].clone();
        // The seller is told what is missing and how deep, and hands that on.
        let depth = match error["depth"].as_str() {
            Some("Organization") => "org",
            Some("Business Unit") => "bu",
            _ => "user",
        };
        let privilege = text(&error, "privilege");
        assert!(privilege != "prvReadWorkflow" || depth == "org", "{error}");
        admin.json(&["role", "grant", "Salesperson", &privilege, depth]);
    }
    assert_eq!(run().code, 0);
}

/// A workflow that is refused something as its owner runs as whoever sets it off, or as somebody else.
#[test]
fn a_workflow_runs_in_another_name() {
    let world = Workplace::new();
    let owner = seller(&world.org, "owner", Depth::Organization);
    let able = seller(&world.org, "able", Depth::Organization);
    let caller = seller(&world.org, "caller", Depth::Organization);
    let actions = json!([{ "create": { "table": "lead", "set": { "lastname": "Wu" } } }]);
    let more = json!({ "on": { "create": true }, "run-as": "owner" });
    let id = world.active(&spec("Make a lead", &more, actions));
    let give = sluice_model::Request::new("Assign")
        .with("Target", sluice_model::Reference::new("workflow", id))
        .with("Assignee", sluice_model::Reference::new("systemuser", owner.id()));
    world.admin.0.execute(give).unwrap();
    switch(&world.admin, id, true).unwrap();
    for name in ["able", "caller"] {
        let role = world.admin.find("role", &format!("role of {name}"));
        let leads = people::privileges(&["Create", "Read"], &["Lead"], Depth::User);
        people::grant(&world.org, role, &leads);
    }

    let request = sluice_model::Request::create(account("Novak"));
    let found = world.admin.0.isolate(caller.id(), &request).unwrap();
    let fixes = found.culprits[0].fixes();
    assert!(fixes.contains(&Fix::AsCaller { workflow: id }), "{fixes:?}");
    let owned = fixes
        .iter()
        .any(|fix| matches!(fix, Fix::Own { id, .. } if *id == able.id()));
    assert!(owned, "{fixes:?}");
}

/// What its owner may not read stops a workflow that runs as whoever sets it off: a person may own it, SYSTEM never.
#[test]
fn no_cure_gives_a_workflow_to_the_platform() {
    let world = Workplace::new();
    let author = seller(&world.org, "author", Depth::Organization);
    let more = json!({ "on": { "update": ["fax"] } });
    let adds = json!([{ "update": { "set": { "numberofemployees": { "increment": 1 } } } }]);
    let made = world.active(&spec("Count", &more, adds));
    let assign = sluice_model::Request::new("Assign")
        .with("Target", sluice_model::Reference::new("workflow", made))
        .with("Assignee", sluice_model::Reference::new("systemuser", author.id()));
    world.admin.0.execute(assign).unwrap();
    switch(&world.admin, made, true).unwrap();
    let secured = sluice_platform::ColumnChange {
        secured: Some(true),
        ..sluice_platform::ColumnChange::default()
    };
    world
        .admin
        .0
        .update_column("account", "numberofemployees", &secured)
        .unwrap();
    let id = world.admin.create(account("Novak"));
    let request = sluice_model::Request::update(sluice_model::Row::new("account", id).with("fax", "1"));
    let found = world.admin.0.isolate(world.admin.id(), &request).unwrap();
    let system = world.org.engine().system_id().unwrap();
    let fixes = found.culprits[0].fixes();
    assert!(!fixes.is_empty());
    let is_systems = |fix: &Fix| matches!(fix, Fix::Own { id, .. } if *id == system);
    assert!(!fixes.iter().any(is_systems), "{fixes:?}");
}
