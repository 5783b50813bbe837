//! A type of a plug-in that an active workflow calls is not taken away from under it.

use serde_json::{Value as Json, json};
use sluice_model::{Code, Depth, Error, Query, Row, Uuid};
use sluice_platform::{Assembly, PushOptions, Pushed, StepSpec, WorkflowSpec, prelude::*};
use sluice_tests::{Actor, people, wasm};

use crate::world::{Workplace, account, spec, switch, task};

fn push(world: &Workplace, guest: &str, force: bool) -> Result<Pushed, Error> {
    let assembly = Assembly {
        name: "probe".to_owned(),
        bytes: wasm("guests", guest),
        description: None,
    };
    let options = PushOptions {
        force,
        ..PushOptions::default()
    };
    world.admin.0.push(&assembly, &options)
}

/// An active workflow that calls the type by that name, and the plug-in's and the type's ids.
fn calling(world: &Workplace, called: &str) -> (Uuid, Uuid, Uuid) {
    let pushed = push(world, "probe", false).unwrap();
    let workflow = world.active(&spec(
        "Ask",
        &json!({ "on": { "create": true }, "mode": "real-time" }),
        json!([{ "call": { "plugin": called, "inputs": { "Rate": 1 } } }]),
    ));
    let kind = world.admin.0.find_plugin_type("probe/probe").unwrap();
    (workflow, pushed.id, kind)
}

fn state(world: &Workplace, workflow: Uuid) -> Option<i32> {
    world.admin.get("workflow", workflow).int("statecode")
}

#[test]
fn a_type_that_an_active_workflow_calls_stays() {
    for called in ["probe/probe", "probe"] {
        let world = Workplace::new();
        let (workflow, plugin, kind) = calling(&world, called);
        let refused = |error: Error, code: Code| {
            assert_eq!(error.code(), code, "{error}");
            assert!(error.message().contains("the workflow \"Ask\""), "{error}");
        };
        refused(push(&world, "hostile", false).unwrap_err(), Code::NOT_A_PLUGIN);
        let deleted = |table: &str, id| world.admin.try_delete(table, id).unwrap_err();
        refused(deleted("plugintype", kind), Code::COMPONENT_IN_USE);
        refused(deleted("pluginassembly", plugin), Code::COMPONENT_IN_USE);
        let renamed = Row::new("pluginassembly", plugin).with("name", "other");
        refused(world.admin.try_update(renamed).unwrap_err(), Code::COMPONENT_IN_USE);
        world.admin.create(account("Novak"));

        switch(&world.admin, workflow, false).unwrap();
        world.admin.try_delete("pluginassembly", plugin).unwrap();
        assert!(world.admin.list(Query::new("plugintype")).is_empty());
    }
}

#[test]
fn whoever_forces_it_deactivates_the_workflow() {
    let world = Workplace::new();
    let (workflow, ..) = calling(&world, "probe/probe");
    let pushed = push(&world, "hostile", true).unwrap();
    assert_eq!(pushed.deactivated, [(workflow, "Ask".to_owned())]);
    assert_eq!(state(&world, workflow), Some(0));
    for step in pushed.added {
        world.admin.0.set_step_enabled(step.0, false).unwrap();
    }
    world.admin.create(account("Novak"));
}

/// A type that was given up stays as a row while a step names it, and nothing calls it by its name.
#[test]
fn a_type_that_was_given_up_is_called_by_nobody() {
    let world = Workplace::new();
    let (workflow, ..) = calling(&world, "probe/probe");
    let step = StepSpec {
        plugin: "probe/probe".to_owned(),
        message: "Create".to_owned(),
        table: Some("contact".to_owned()),
        stage: 40,
        rank: 1,
        ..StepSpec::default()
    };
    world.admin.0.register_step(&step).unwrap();
    push(&world, "hostile", true).unwrap();
    let error = switch(&world.admin, workflow, true).unwrap_err();
    assert_eq!(error.code(), Code::NOT_FOUND, "{error}");
    push(&world, "probe", true).unwrap();
    switch(&world.admin, workflow, true).unwrap();
}

/// A user who keeps plug-ins and workflows, and holds nothing of what the administrator does.
fn keeper(world: &Workplace) -> Actor {
    let verbs = ["Create", "Read", "Write", "Delete", "Append", "AppendTo"];
    let tables = ["PluginAssembly", "PluginType", "SdkMessageProcessingStep", "Workflow"];
    let mut rights = people::privileges(&verbs, &tables, Depth::Organization);
    rights.extend(people::privileges(
        &["Read"],
        &["SdkMessage", "SdkMessageFilter", "Account"],
        Depth::Organization,
    ));
    people::user(&world.org, "keeper", &rights)
}

/// The probe, with other bytes.
fn other_content() -> Assembly {
    let mut bytes = wasm("guests", "probe");
    // A section that says nothing.
    bytes.extend([0, 2, 1, b'x']);
    Assembly {
        name: "probe".to_owned(),
        bytes,
        description: None,
    }
}

#[test]
fn who_changes_what_a_workflow_calls_holds_what_its_owner_holds() {
    let world = Workplace::new();
    world.push_probe();
    let workflow = world.active(&spec(
        "Ask",
        &json!({ "on": { "create": true }, "mode": "background" }),
        json!([{ "call": { "plugin": "probe/probe", "inputs": { "Rate": 1 } } }]),
    ));
    let keeper = keeper(&world);
    let push = || keeper.0.push(&other_content(), &PushOptions::default());
    let error = push().unwrap_err();
    assert_eq!(error.code(), Code::PRIVILEGE_DENIED, "{error}");
    switch(&world.admin, workflow, false).unwrap();
    push().unwrap();
}

#[test]
fn who_changes_a_child_holds_what_those_hold_who_start_it() {
    let world = Workplace::new();
    let keeper = keeper(&world);
    let child = json!({ "child": true, "scope": "user", "mode": "background" });
    let child = spec("Child", &child, json!([task(json!("harmless"))]));
    let child = keeper.create(WorkflowSpec::parse(&child).unwrap().row());
    switch(&keeper, child, true).unwrap();
    let start =
        |name: &str, called: &str, more: Json| spec(name, &more, json!([{ "start-child": { "workflow": called } }]));
    // Directly, and through another one.
    world.active(&start(
        "Between",
        "Child",
        json!({ "child": true, "mode": "real-time" }),
    ));
    let parent = world.active(&start(
        "Parent",
        "Between",
        json!({ "on": { "create": true }, "mode": "background" }),
    ));
    switch(&keeper, child, false).unwrap();
    let error = switch(&keeper, child, true).unwrap_err();
    assert_eq!(error.code(), Code::PRIVILEGE_DENIED, "{error}");
    switch(&world.admin, parent, false).unwrap();
    switch(&keeper, child, true).unwrap();
}

/// A workflow finds a plug-in by its name: a second one of it would take it out of work.
#[test]
fn no_other_plug_in_gets_the_name_of_one() {
    let world = Workplace::new();
    let (_, plugin, kind) = calling(&world, "probe/probe");
    let other = Assembly {
        name: "other".to_owned(),
        bytes: wasm("guests", "probe"),
        description: None,
    };
    let other = world.admin.0.push(&other, &PushOptions::default()).unwrap().id;
    let taken = |result: Result<(), Error>| assert_eq!(result.unwrap_err().code(), Code::DUPLICATE_KEY);
    taken(
        world
            .admin
            .try_update(Row::new("pluginassembly", other).with("name", "probe")),
    );
    let mut again = world.admin.get("pluginassembly", plugin);
    again.values.retain(|name, _| matches!(&**name, "name" | "content"));
    again.id = Uuid::nil();
    taken(world.admin.try_create(again).map(drop));
    let mut again = world.admin.get("plugintype", kind);
    again
        .values
        .retain(|name, _| matches!(&**name, "typename" | "pluginassemblyid"));
    again.id = Uuid::nil();
    taken(world.admin.try_create(again).map(drop));
    world.admin.create(account("Novak"));
}
