//! What `why` says of workflows that start others, and of who has no role at all in a step.

use serde_json::{Value, json};
use sluice_tests::world::{World, guest, id, list, probe_step, text};

fn workflow(world: &World, definition: &Value, more: &[&str]) {
    world.write("workflow.json", definition.to_string());
    let create = ["workflow", "create", "workflow.json", "--activate"];
    world.admin().json(&[&create[..], more].concat());
}

/// A child that stops, one that starts it by hand, and with `auto` one that a new contact sets off.
fn family(auto: bool) -> World {
    let world = World::sample();
    let start = json!([{ "start-child": { "workflow": "Kid" } }]);
    let of = |name: &str, actions: &Value| json!({ "name": name, "table": "contact", "scope": "organization", "actions": actions });
    let mut kid = of("Kid", &json!([{ "stop": { "as": "canceled", "message": "no" } }]));
    kid["child"] = true.into();
    let mut parent = of("Par", &start);
    parent["on-demand"] = true.into();
    workflow(&world, &kid, &[]);
    workflow(&world, &parent, &[]);
    if auto {
        let mut auto = of("Auto", &start);
        auto["on"] = json!({ "create": true });
        workflow(&world, &auto, &[]);
    }
    world
}

fn commands(cure: &Value) -> Vec<String> {
    let fixes = cure["fixes"].as_array().cloned().unwrap_or_default();
    fixes.iter().map(|fix| text(fix, "command")).collect()
}

/// What the administrator's last refused request fails in, and all commands that are printed against it.
fn found(world: &World) -> (Value, Vec<String>) {
    let found = world.admin().json(&["why"]);
    let culprits = found["culprits"].as_array().unwrap().clone();
    assert_eq!(culprits.len(), 1, "{found:#}");
    assert_eq!(culprits[0]["error"]["step"]["name"], "Kid", "{found:#}");
    let cures = culprits[0]["cures"].as_array().unwrap().iter().flat_map(commands);
    let all = cures.chain(commands(&found["cure"])).collect();
    (found, all)
}

/// Whoever runs a workflow by hand cannot do without it, and its child is not taken from the others that start it.
#[test]
fn a_child_that_refuses_is_the_only_culprit() {
    let world = family(false);
    let contact = id(&world.admin().json(&["row", "create", "contact", "lastname=x"]));
    assert_eq!(world.admin().run(&["workflow", "run", "Par", &contact]).code, 1);
    let (found, printed) = found(&world);
    assert_eq!(
        printed,
        Vec::<String>::new(),
        "it is mended, and nothing else: {found:#}"
    );
    let told = world.admin().run(&["why"]).stdout;
    assert!(told.contains("follow its message"), "{told}");
    assert!(!told.contains("With all of this out of the way"), "{told}");
}

/// Where a new row sets off the one that starts it, that one is passed over or deactivated, and not the child.
#[test]
fn the_workflow_that_starts_a_child_is_passed_over() {
    let world = family(true);
    let create = ["row", "create", "contact", "lastname=y"];
    assert_eq!(world.admin().run(&create).code, 1);
    let (found, printed) = found(&world);
    let kid = text(&world.rows("workflow", "name", "name eq 'Kid'")[0], "workflowid");
    let auto = text(&world.rows("workflow", "name", "name eq 'Auto'")[0], "workflowid");
    assert!(
        !printed.is_empty() && printed.iter().all(|command| !command.contains(&kid)),
        "{found:#}"
    );
    assert!(
        printed
            .iter()
            .any(|command| *command == format!("sluice workflow deactivate {auto}")),
        "{found:#}"
    );
    assert_eq!(found["cure"]["reach"], "this request alone", "{found:#}");
    let words = sluice_tests::program::words(&text(&found["cure"]["fixes"][0], "command"));
    let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    assert_eq!(world.admin().run(&words).code, 0, "{found:#}");

    // A seller passes over nothing: the one that starts it is deactivated.
    assert_eq!(world.user("seller.west").run(&create).code, 1);
    let requests = list(&world.admin().json(&["trace", "list", "--requests", "--failed"]));
    let found = world.admin().json(&["why", &text(&requests[0], "sl_correlationid")]);
    assert_eq!(commands(&found["cure"]), [format!("sluice workflow deactivate {auto}")]);
}

/// Gives a role to whoever had none, and shares the one row: no role learns to change everybody's rows.
fn cured_by_a_share(found: &Value, who: &str) {
    let cure = commands(&found["cure"]);
    let [role, share] = &cure[..2] else { panic!("{found:#}") };
    assert_eq!(*role, format!("sluice user role-add {who} Salesperson"), "{found:#}");
    assert!(share.starts_with("sluice row share "), "{found:#}");
    assert!(!cure.iter().any(|command| command.contains("role grant")), "{found:#}");
    let culprits = found["culprits"].as_array().unwrap().iter();
    let all: Vec<String> = culprits
        .flat_map(|culprit| culprit["cures"].as_array().unwrap())
        .flat_map(commands)
        .collect();
    assert!(
        all.contains(&format!("sluice user role-add {who} Writers")),
        "their own role is offered: {found:#}"
    );
}

fn writers(world: &World, who: &str) {
    let admin = world.admin();
    admin.json(&["role", "create", "Writers"]);
    admin.json(&["role", "grant", "Writers", "workflow:crwd:org", "lead:crw:org"]);
    admin.json(&["user", "create", who, "--bu", "East", "--role", "Writers"]);
}

/// In a job, who has no role at all is given one, and then the row: as in the foreground.
#[test]
fn who_has_no_role_in_a_job_is_shared_the_row() {
    let world = World::sample();
    let admin = world.admin();
    writers(&world, "uo");
    let changes = json!({ "name": "LW", "table": "lead", "mode": "background", "scope": "organization",
        "on": { "create": true }, "actions": [{ "update": { "set": { "telephone2": "x" } } }] });
    workflow(&world, &changes, &["--as", "uo"]);
    admin.json(&["user", "role-remove", "uo", "Writers"]);
    admin.json(&["row", "create", "lead", "subject=a", "lastname=b"]);
    let job = text(
        &world.rows("asyncoperation", "name", "name eq 'LW'")[0],
        "asyncoperationid",
    );
    let found = admin.json(&["why", &job]);
    cured_by_a_share(&found, "uo");
    super::why::paste(&world, found["cure"]["fixes"].as_array().unwrap());
    admin.json(&["jobs", "resume", &job]);
    assert_eq!(world.count("lead", "telephone2 eq 'x'"), 1);
}

/// The same in a step that runs as somebody without a role.
#[test]
fn who_has_no_role_in_a_step_is_shared_the_row() {
    let world = World::sample();
    let admin = world.admin();
    writers(&world, "nu");
    admin.json(&["plugin", "push", &guest("probe")]);
    let lead = world.lead("seller.west");
    let config = [
        "--stage",
        "post-operation",
        "--run-as",
        "nu",
        "--config",
        "update-self telephone2 x",
    ];
    admin.json(&probe_step(
        "Update",
        "lead",
        &[&config[..], &["--columns", "lastname"]].concat(),
    ));
    admin.json(&["user", "role-remove", "nu", "Writers"]);
    let update = ["row", "update", "lead", &lead, "lastname=c"];
    let found = super::why::cured(&world, "seller.west", &update);
    cured_by_a_share(&found, "nu");
}
