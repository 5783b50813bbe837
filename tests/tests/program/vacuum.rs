//! What is kept for a time, and the room of what is gone, from outside.

use std::sync::Arc;

use sluice_engine::Env;
use sluice_model::{Query, Row, Value};
use sluice_tests::{
    Organisation,
    clock::Clock,
    world::{World, refused, text},
};

#[test]
fn a_vacuum_gives_back_the_room_of_what_is_gone() {
    let world = World::sample();
    world.write("drawing.bin", vec![7; 3 << 20]);
    let file = world.path("drawing.bin");
    let lead = world.lead("admin");
    let arguments = [
        "note",
        "add",
        "lead",
        &lead,
        "--title",
        "drawing",
        "--file",
        file.to_str().unwrap(),
    ];
    world.admin().json(&arguments);
    world.admin().json(&["note", "delete", "drawing"]);
    let done = world.admin().json(&["org", "vacuum"]);
    let size = |name: &str| done[name].as_u64().unwrap();
    assert!(size("before") > size("after") + (2 << 20), "{done}");
    assert_eq!(size("after"), std::fs::metadata(world.path("sluice.db")).unwrap().len());
    refused(
        &world.user("seller.west"),
        1,
        &["org", "vacuum"],
        &["prvsl_MaintainOrganization"],
    );
}

#[test]
fn what_is_kept_and_for_how_long_is_a_setting() {
    let world = World::empty();
    for (name, first, other) in [
        ("trace.keep", "7d", "30d"),
        ("trace.keep-size", "200MB", "512MB"),
        ("jobs.keep", "30d", "forever"),
        ("audit.keep", "forever", "365d"),
        ("limits.transaction", "20s", "120s"),
    ] {
        assert_eq!(
            text(&world.admin().json(&["settings", "get", name]), "value"),
            first,
            "{name}"
        );
        world.admin().json(&["settings", "set", name, other]);
        assert_eq!(
            text(&world.admin().json(&["settings", "get", name]), "value"),
            other,
            "{name}"
        );
    }
    refused(
        &world.admin(),
        2,
        &["settings", "set", "trace.keep", "a week"],
        &["days such as 30d"],
    );
    // The platform's two minutes are the most.
    refused(
        &world.admin(),
        2,
        &["settings", "set", "limits.transaction", "121s"],
        &["1s to 120s"],
    );
}

/// Where nothing but single commands is used, each of them does a step of it.
#[test]
fn commands_remove_what_is_old() {
    let then = Arc::new(Clock::at("2020-01-01T09:00:00Z"));
    let env: Arc<dyn Env> = then.clone();
    let organisation = Organisation::sample_with(&env);
    let program = organisation.program();
    {
        let admin = organisation.admin();
        let setting = admin.list(Query::new("organization").columns(&[])).remove(0);
        let all = Row::new("organization", setting.id).with("sl_tracerequests", Value::Choice(2));
        admin.update(all);
        for number in 0..40 {
            admin.create(Row::unsaved("account").with("name", format!("Old {number}")));
            then.pass_hours(1);
        }
    }
    let count = |table: &str| {
        let line = [
            "row",
            "list",
            table,
            "--filter",
            "createdon lt 2020-06-01T00:00:00Z",
            "--count",
        ];
        program.json(&line)["count"].as_u64().unwrap()
    };
    let audits = count("audit");
    assert!(count("sl_messagetrace") >= 40 && audits >= 40);
    let mut commands = 0;
    while count("sl_messagetrace") > 0 {
        program.json(&["row", "create", "account", "name=New"]);
        commands += 1;
        assert!(commands < 60, "{} old traces are left", count("sl_messagetrace"));
    }
    assert_eq!(count("audit"), audits, "the trail is kept for ever");
}
