//! How a solution is filled and written: by names, with what is published.

use sluice_model::{Code, Depth, Parameter, Request, Row, Value};

use crate::world::{Site, says};
use sluice_platform::prelude::*;

#[test]
fn a_solution_has_components_by_their_names() {
    let world = Site::sample();
    world.all(&[
        "solution create Sales --friendly 'Our sales'",
        "solution add Sales role Salesperson Integration",
        "solution add Sales plugin commission",
        "solution add Sales role Salesperson",
    ]);
    let shown = world.sluice("solution show Sales");
    assert_eq!(shown["friendlyname"], "Our sales");
    assert_eq!(
        shown["components"],
        serde_json::json!([
            { "kind": "role", "name": "Integration" },
            { "kind": "role", "name": "Salesperson" },
            { "kind": "plugin", "name": "commission" },
        ])
    );
    world.sluice("solution remove Sales role Integration");
    assert_eq!(
        world.sluice("solution show Sales")["components"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    world.admin.find("role", "Integration");
    let listed = world.sluice("solution list");
    assert_eq!(listed["value"][0]["version"], "1.0.0.0");
    world.sluice("solution update Sales --version 1.1");
    assert_eq!(world.sluice("solution list")["value"][0]["version"], "1.1");
}

#[test]
fn what_does_not_travel_does_not_come_in() {
    let world = Site::sample();
    world.sluice("solution create Sales");
    for (line, words) in [
        ("role 'System Administrator'", "does not travel"),
        ("role Nobody", "there is no role"),
        ("table lead", "is a table of the platform"),
        ("table nothing", "there is no table"),
        ("column lead.subject", "only custom columns travel"),
        ("column subject", "write TABLE.COLUMN"),
        ("option-set lead.statuscode", "no option was added"),
        ("option-set lead.subject", "has no options"),
        ("option-set sl_nothing", "no published global choice"),
        ("mapping lead:contact", "nothing but the platform's own"),
        ("mapping lead", "write SOURCE:TARGET"),
        ("plugin nothing", "there is no plug-in"),
        ("view Leads", "write TABLE:NAME"),
        ("view lead:Leads", "there is no view"),
        ("dashboard x", "is no kind of component"),
    ] {
        let error = world.refused(&format!("solution add Sales {line}"));
        assert!(error["message"].as_str().unwrap().contains(words), "{line}: {error}");
    }
    // All of them or none.
    world.refused("solution add Sales role Salesperson Nobody");
    assert_eq!(world.admin.0.solution_components("Sales").unwrap().len(), 0);
    let error = world.refused("solution export Sales empty.zip");
    assert!(
        error["message"].as_str().unwrap().contains("has no components"),
        "{error}"
    );
    assert!(!world.path("empty.zip").exists());
    world.refused("solution remove Sales role Salesperson");
}

#[test]
fn names_and_versions_are_checked() {
    let world = Site::new();
    for line in ["'my sales'", "1st", "Sales --version one", "Sales --version 1.2.3.4.5"] {
        assert_eq!(
            world.refused(&format!("solution create {line}"))["code"],
            "0x80040203",
            "{line}"
        );
    }
    world.sluice("solution create Sales");
    assert_eq!(world.refused("solution create Sales")["code"], "0x8004F023");
    assert_eq!(world.refused("solution update Sales --version x")["code"], "0x80040203");
    let row = world.solution("Sales").unwrap();
    let renamed = Row::new("solution", row.id).with("uniquename", "Other");
    says(
        world.admin.try_update(renamed),
        Code::INVALID_ARGUMENT,
        "keeps its name",
    );
    let marked = Row::new("solution", row.id).with("ismanaged", true);
    says(world.admin.try_update(marked), Code::READ_ONLY_COLUMN, "ismanaged");
}

#[test]
fn what_is_not_yet_published_does_not_travel() {
    let world = Site::new();
    world.all(&[
        "mapping add lead contact jobtitle department",
        "mapping add lead contact salutation spousesname --draft",
        "solution create Maps",
        "solution add Maps mapping lead:contact",
    ]);
    let other = Site::new();
    other.import(&world.admin.0.export_solution("Maps", false).unwrap());
    let maps = other.sluice("mapping list lead contact");
    let own: Vec<_> = maps["value"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|map| map["system"] == false)
        .collect();
    assert_eq!(own.len(), 1, "{own:?}");
    assert_eq!(own[0]["target"], "department");
}

#[test]
fn a_file_that_is_there_is_not_overwritten() {
    let world = Site::sample();
    world.all(&[
        "solution create Sales",
        "solution add Sales role Salesperson",
        "solution export Sales sales.zip",
    ]);
    let before = std::fs::read(world.path("sales.zip")).unwrap();
    let run = world
        .program()
        .run(&["solution", "export", "Sales", "sales.zip", "--managed"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.says("sales.zip exists already"), "{run:?}");
    assert_eq!(std::fs::read(world.path("sales.zip")).unwrap(), before);
    world.sluice("solution export Sales sales.zip --managed --force");
    assert_ne!(std::fs::read(world.path("sales.zip")).unwrap(), before);
}

#[test]
fn what_is_in_it_already_is_said_and_what_became_empty_is_taken_out() {
    let world = Site::new();
    world.all(&[
        "mapping add lead contact jobtitle department",
        "solution create Sales",
        "solution add Sales mapping lead:contact",
    ]);
    let again = world.sluice("solution add Sales mapping lead:contact");
    assert_eq!(again["components"], serde_json::json!([]));
    world.sluice("mapping remove lead contact jobtitle department");
    let error = world.refused("solution export Sales empty.zip");
    let cure = &error["remedies"][0];
    assert_eq!(
        (&cure["do"], &cure["component"]),
        (&"RemoveComponent".into(), &"lead:contact".into()),
        "{error}"
    );
    world.sluice("solution remove Sales mapping lead:contact");

    world.sluice("option-set create rsh_c --option 1=A");
    let to = Site::new();
    to.import(&world.export("Other", "1.0", &["option-set rsh_c"], true));
    let error = to.refused("solution add Other option-set rsh_c");
    assert_eq!(error["code"], "0x8004F024", "{error}");
}

#[test]
fn exporting_and_importing_are_privileges() {
    let world = Site::sample();
    let file = world.export("Sales", "1.0", &["role Salesperson"], false);
    let role = world.admin.create(Row::unsaved("role").with("name", "Reader").with(
        "businessunitid",
        sluice_model::Reference::new("businessunit", world.one("businessunit", "name", "Contoso").unwrap().id),
    ));
    let wanted = ["prvReadSolution", "prvReadSolutionComponent", "prvReadUser"].map(|privilege| {
        Row::unsaved("roleprivilege")
            .with("PrivilegeName", privilege)
            .with("Depth", Depth::Organization.number())
    });
    let grant = Request::new("AddPrivilegesRole")
        .with("RoleId", Value::Id(role))
        .with("Privileges", Parameter::Rows(wanted.to_vec()));
    world.admin.0.execute(grant).unwrap();
    world.sluice("user create reader");
    world.sluice("user role-add reader Reader");
    let reader = world.org.actor("reader");
    says(
        reader.0.export_solution("Sales", false),
        Code::PRIVILEGE_DENIED,
        "prvExportCustomization",
    );
    says(
        reader.0.import_solution(&file, false),
        Code::PRIVILEGE_DENIED,
        "prvImportCustomization",
    );
    assert!(reader.0.delete_solution("Sales").is_err());
}
