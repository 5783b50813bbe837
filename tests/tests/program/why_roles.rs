//! A role that `why` makes for somebody whose roles came managed: it gives what is missing, once, and no more.

use serde_json::Value;
use sluice_tests::world::{World, argument, guest, id, list, probe_step, text};

use super::why::cured;

/// A sample with the probe and a managed role, which may do everything with one's own contacts.
fn with_managed_role() -> World {
    let maker = World::sample();
    let file = maker.path("visits.zip");
    for command in [
        &["role", "create", "Visits"][..],
        &["role", "grant", "Visits", "contact:crwaA:user"],
        &["solution", "create", "Visits"],
        &["solution", "add", "Visits", "role", "Visits"],
        &["solution", "export", "Visits", argument(&file), "--managed"],
    ] {
        maker.admin().json(command);
    }
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["solution", "import", argument(&file)]);
    admin.json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    world
}

fn visitor(world: &World, name: &str) {
    let visitor = ["user", "create", name, "--bu", "East", "--role", "Visits"];
    world.admin().json(&visitor);
}

fn commands(fixes: &Value) -> Vec<String> {
    let fixes = fixes.as_array().cloned().unwrap_or_default();
    fixes.iter().map(|fix| text(fix, "command")).collect()
}

/// Steps that lack something each in the name of one user get one role, and none of them is switched off.
#[test]
fn what_several_steps_lack_is_given_by_one_role() {
    let world = with_managed_role();
    visitor(&world, "vic");
    visitor(&world, "rob");
    for (reads, more) in [
        ("read campaign", &[][..]),
        ("read position", &[]),
        ("read campaign", &["--run-as", "rob"]),
        ("read position", &["--run-as", "rob"]),
    ] {
        let config = [&["--stage", "pre-operation", "--config", reads], more].concat();
        world.admin().json(&probe_step("Create", "contact", &config));
    }
    let found = cured(&world, "vic", &["row", "create", "contact", "lastname=x"]);
    let of = |name: &str| {
        [
            format!("sluice role create 'Role of {name}' --bu East"),
            format!("sluice role grant 'Role of {name}' prvReadCampaign user"),
            format!("sluice role grant 'Role of {name}' prvReadPosition org"),
            format!("sluice user role-add {name} 'Role of {name}'"),
        ]
    };
    assert_eq!(commands(&found["cure"]["fixes"]), [of("vic"), of("rob")].concat());
    assert_eq!(found["cure"]["reach"], "2 users");
}

/// What is told against each of several culprits makes a role once, with all that they lack.
#[test]
fn one_role_is_made_once_in_a_list_of_culprits() {
    let world = with_managed_role();
    visitor(&world, "vic");
    for reads in ["read campaign", "read position"] {
        let config = ["--stage", "pre-operation", "--config", reads];
        world.admin().json(&probe_step("Create", "contact", &config));
    }
    let create = ["row", "create", "contact", "lastname=x"];
    assert_eq!(world.user("vic").run(&create).code, 1);
    let requests = list(&world.admin().json(&["trace", "list", "--requests", "--failed"]));
    let correlation = text(&requests[0], "sl_correlationid");
    let told = world.admin().run(&["why", &correlation]).stdout;
    // What cures all of it comes first.
    let culprits = told.split_once("\n1. ").unwrap().1;
    assert_eq!(culprits.matches("sluice role create").count(), 1, "{told}");
    let found = world.admin().json(&["why", &correlation]);
    let first = commands(&found["culprits"][0]["cures"][0]["fixes"]);
    assert_eq!(first, commands(&found["cure"]["fixes"]), "{found:#}");
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("once, as under 1."), "{told}");
}

/// What is made for somebody else takes one privilege deeper once the next one is there: the role that is made is
/// deepened, and the search does not go round.
#[test]
fn a_role_that_is_made_is_deepened() {
    let world = with_managed_role();
    visitor(&world, "vic");
    let boss = [
        "user",
        "create",
        "boss",
        "--bu",
        "East",
        "--role",
        "System Administrator",
    ];
    let boss = id(&world.admin().json(&boss));
    let owner = format!("ownerid=systemuser:{boss}");
    let found = cured(&world, "vic", &["row", "create", "campaign", "name=x", &owner]);
    let expected = [
        "sluice role create 'Role of vic' --bu East",
        "sluice role grant 'Role of vic' prvCreateCampaign bu",
        "sluice role grant 'Role of vic' prvAssignCampaign user",
        "sluice user role-add vic 'Role of vic'",
    ];
    assert_eq!(commands(&found["cure"]["fixes"]), expected);
    assert!(found["trials"].as_u64().unwrap() < 100, "{found:#}");
}

/// A role that reaches everybody's rows holds what is missing: one with that alone comes before it.
#[test]
fn a_role_of_ones_own_comes_before_one_that_reaches_much_beyond() {
    let world = with_managed_role();
    visitor(&world, "vic");
    let reads = ["--stage", "post-operation", "--config", "read campaign"];
    world.admin().json(&probe_step("Delete", "contact", &reads));
    let contact = id(&world.user("vic").json(&["row", "create", "contact", "lastname=x"]));
    let found = cured(&world, "vic", &["row", "delete", "contact", &contact, "--yes"]);
    let expected = [
        "sluice role create 'Role of vic' --bu East",
        "sluice role grant 'Role of vic' prvDeleteContact user",
        "sluice role grant 'Role of vic' prvReadCampaign user",
        "sluice user role-add vic 'Role of vic'",
    ];
    assert_eq!(commands(&found["cure"]["fixes"]), expected);
    let cures = found["culprits"][0]["cures"].as_array().unwrap();
    let gives = |cure: &Value| {
        commands(&cure["fixes"])
            .iter()
            .any(|command| command.contains("Integration"))
    };
    let place = cures.iter().position(gives);
    assert!(place.is_some_and(|place| place > 0), "it is offered behind: {found:#}");
}
