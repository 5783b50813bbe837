//! How a solution goes again.

use serde_json::json;
use sluice_model::{Code, Query, Row};

use crate::world::{Site, says};
use sluice_platform::prelude::*;

fn vendor() -> Site {
    let world = Site::sample();
    world.all(&[
        "option-set add contact.statuscode 100000001 Hot --state 0",
        "option-set add contact.statuscode 100000002 Cold --state 0",
        "option-set create rsh_interest --option 1=Pumps",
        "column create lead rsh_interest choice --global rsh_interest",
        "column create lead rsh_a text",
        "mapping add lead contact jobtitle department",
    ]);
    world.duplicate_rule("Same mail");
    world
}

const ALL: &[&str] = &[
    "option-set contact.statuscode",
    "option-set rsh_interest",
    "table sl_commissionrule",
    "column lead.rsh_interest",
    "column lead.rsh_a",
    "mapping lead:contact",
    "role Salesperson",
    "plugin commission",
    "duplicate-rule Same mail",
];

/// A workflow, active, that starts another one or makes a task.
fn workflow(world: &Site, name: &str, starts: Option<&str>) {
    let action = match starts {
        Some(child) => json!({ "start-child": { "workflow": child } }),
        None => json!({ "create": { "table": "task", "set": { "subject": name } } }),
    };
    let text = json!({ "name": name, "table": "account", "scope": "organization", "child": true,
                       "on": { "update": ["fax"] }, "actions": [action] });
    std::fs::write(world.path("w.json"), text.to_string()).unwrap();
    world.sluice("workflow create w.json --activate");
}

/// What a workflow of one's own starts, also through another one that came with the solution, is needed.
#[test]
fn a_child_that_a_workflow_of_ones_own_starts_stays() {
    let from = Site::new();
    workflow(&from, "Inner", None);
    workflow(&from, "Kid", Some("Inner"));
    workflow(&from, "Other", Some("Kid"));
    let all = ["workflow Inner", "workflow Kid", "workflow Other"];
    let to = Site::new();
    to.import(&from.export("Kids", "1.0", &all, true));
    // As long as only the solution's own need each other, all of them go.
    assert_eq!(to.admin.0.delete_solution("Kids").unwrap().removed.len(), 3);
    to.import(&from.export("Kids", "1.0", &all, true));
    workflow(&to, "Mine", Some("Kid"));

    let next = from.export("Kids", "2.0", &["workflow Other"], true);
    let error = to.admin.0.import_solution(&next, false).unwrap_err();
    assert_eq!(error.code(), Code::COMPONENT_IN_USE);
    assert!(error.message().contains("starts it"), "{error}");

    let done = to.admin.0.delete_solution("Kids").unwrap();
    assert_eq!(done.removed, [("workflow".to_owned(), "Other".to_owned())]);
    let mut kept: Vec<&str> = done.kept.iter().map(|(_, name, _)| name.as_str()).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["Inner", "Kid"]);
    assert!(
        done.kept
            .iter()
            .all(|(_, _, why)| why.contains("which is active and your own")),
        "{:?}",
        done.kept
    );
    let row = to.admin.create(Row::unsaved("account").with("name", "Novak"));
    to.admin.update(Row::new("account", row).with("fax", "1"));
    let made = to.admin.list(Query::new("task").columns(&["subject"]));
    assert!(made.iter().all(|task| task.text("subject") == Some("Inner")) && !made.is_empty());
    for name in ["Inner", "Kid"] {
        let id = to.sluice(&format!("workflow show {name}"))["id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(to.admin.get("workflow", id).bool("ismanaged"), Some(false));
    }
}

#[test]
fn a_column_profile_with_members_stays() {
    let from = Site::new();
    from.all(&[
        "column create lead rsh_budget money",
        "publish",
        "column update lead rsh_budget --secured yes",
        "profile create Budgets",
        "profile grant Budgets lead rsh_budget read update",
    ]);
    let all = ["column lead.rsh_budget", "column-profile Budgets"];
    let file = from.export("Budgets", "1.0", &all, true);
    let to = Site::new();
    to.import(&file);
    assert_eq!(to.admin.0.delete_solution("Budgets").unwrap().kept, []);
    to.import(&file);
    to.all(&["user create clerk", "profile member-add Budgets clerk"]);
    to.sluice("row create lead lastname=A rsh_budget=5");
    let done = to.admin.0.delete_solution("Budgets").unwrap();
    let mut kept: Vec<&str> = done.kept.iter().map(|(kind, ..)| kind.as_str()).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["column", "column-profile"], "{done:?}");
    let profile = to.one("fieldsecurityprofile", "name", "Budgets").unwrap();
    assert_eq!(profile.bool("ismanaged"), Some(false));
    assert_eq!(to.admin.count("fieldpermission"), 1);
}

#[test]
fn a_managed_solution_goes_with_everything() {
    let from = vendor();
    let to = Site::new();
    let tables = |world: &Site| {
        let catalog = world.admin.0.catalog().unwrap();
        let names: Vec<String> = catalog
            .iter()
            .flat_map(|table| {
                table
                    .columns
                    .iter()
                    .map(|column| format!("{}.{}", table.name, column.name))
            })
            .collect();
        names
    };
    let counted = [
        "attributemap",
        "duplicaterule",
        "duplicaterulecondition",
        "optionset",
        "pluginassembly",
        "plugintype",
        "privilege",
        "role",
        "sdkmessagefilter",
        "sdkmessageprocessingstep",
        "solution",
        "solutioncomponent",
    ];
    let counts = |world: &Site| counted.map(|table| world.admin.count(table));
    let before = (tables(&to), counts(&to));
    to.import(&from.export("Vendor", "1.0", ALL, true));
    assert_ne!((tables(&to), counts(&to)), before);
    let done = to.admin.0.delete_solution("Vendor").unwrap();
    assert_eq!(done.kept, []);
    assert_eq!(done.removed.len(), ALL.len());
    assert_eq!((tables(&to), counts(&to)), before);
    assert_eq!(to.admin.0.unpublished().unwrap(), []);
    assert_eq!(to.admin.0.published("optionset").unwrap(), []);
    // It can come again.
    to.import(&from.export("Vendor", "1.0", ALL, true));
}

#[test]
fn what_holds_data_stays_and_is_said_to() {
    let from = vendor();
    let to = Site::new();
    to.import(&from.export("Vendor", "1.0", ALL, true));
    to.all(&[
        "row create sl_commissionrule sl_name=WA",
        "row create lead lastname=A rsh_a=kept",
        "row create contact lastname=B statuscode=100000002",
        "user create seller",
        "user role-add seller Salesperson",
        "step register --plugin commission/commission --message Update --table account --stage post --name Ours",
    ]);
    let done = to.sluice("solution delete Vendor");
    let kept: Vec<(String, String)> = done["kept"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kept| {
            (
                kept["name"].as_str().unwrap().to_owned(),
                kept["reason"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let expected = [
        ("commission", "the step \"Ours\", which is your own, calls it"),
        ("Salesperson", "1 user or team holds it"),
        (
            "contact.statuscode",
            "1 row holds the option 100000002 in `contact.statuscode`",
        ),
        ("lead.rsh_a", "1 row holds data in it"),
        ("sl_commissionrule", "1 row holds data"),
    ];
    assert_eq!(
        kept,
        expected.map(|(name, reason)| (name.to_owned(), reason.to_owned()))
    );
    assert!(to.solution("Vendor").is_none());
    // It is the organisation's own now.
    let shown = to.sluice("option-set show contact.statuscode");
    assert!(
        shown["options"]
            .as_array()
            .unwrap()
            .iter()
            .all(|option| option["managed"] == false)
    );
    to.all(&[
        "option-set update contact.statuscode 100000002 --label Ours",
        "role revoke Salesperson prvReadLead",
        "column create sl_commissionrule rsh_more text",
    ]);
    let catalog = to.admin.0.catalog().unwrap();
    assert!(!catalog.table("sl_commissionrule").unwrap().managed);
    assert!(!catalog.table("lead").unwrap().column("rsh_a").unwrap().managed);
    for step in to.steps("commission") {
        to.sluice(&format!("step unregister {}", step.id));
    }
}

#[test]
fn what_two_solutions_brought_stays_with_the_other() {
    let from = vendor();
    let to = Site::new();
    to.import(&from.export(
        "One",
        "1.0",
        &["option-set contact.statuscode", "role Salesperson"],
        true,
    ));
    from.sluice("option-set remove contact.statuscode 100000002");
    from.sluice("option-set add contact.statuscode 100000003 New --state 0");
    to.import(&from.export(
        "Two",
        "1.0",
        &["option-set contact.statuscode", "role Salesperson"],
        true,
    ));
    let done = to.admin.0.delete_solution("One").unwrap();
    assert_eq!(
        done.removed,
        [("option-set".to_owned(), "contact.statuscode 100000002".to_owned())]
    );
    assert_eq!(
        to.options("contact.statuscode"),
        [(1, false), (2, false), (100_000_001, true), (100_000_003, true)]
    );
    assert!(to.admin.0.find_one("role", "Salesperson").is_ok());
    to.admin.0.delete_solution("Two").unwrap();
    assert_eq!(to.options("contact.statuscode"), [(1, false), (2, false)]);
    assert!(to.admin.0.find_one("role", "Salesperson").is_err());
}

#[test]
fn of_an_unmanaged_one_only_the_container_goes() {
    let from = vendor();
    let to = Site::new();
    to.import(&from.export("Ours", "1.0", ALL, false));
    let done = to.sluice("solution delete Ours");
    assert_eq!(
        done,
        json!({ "name": "Ours", "managed": false, "removed": [], "kept": [] })
    );
    assert_eq!(to.admin.count("solutioncomponent"), 0);
    assert!(to.one("duplicaterule", "name", "Same mail").is_some());
    assert_eq!(to.options("contact.statuscode").len(), 4);
    says(
        to.admin.0.delete_solution("Ours"),
        Code::NOT_FOUND,
        "there is no solution",
    );
}

#[test]
fn nobody_deletes_the_row_of_a_managed_one() {
    let from = vendor();
    let to = Site::new();
    to.import(&from.export("Vendor", "1.0", &["mapping lead:contact"], true));
    let id = to.solution("Vendor").unwrap().id;
    says(
        to.admin.try_delete("solution", id),
        Code::MANAGED_SOLUTION,
        "is managed",
    );
}

/// A file may give a status reason of the platform another label: that is no reason to take the
/// status reason away.
#[test]
fn what_came_with_the_platform_stays() {
    let from = vendor();
    let to = Site::new();
    let file = from.export("Vendor", "1.0", &["option-set contact.statuscode"], true);
    let bent = crate::broken_files::rewritten(&file, |name, text| match name.starts_with("option-set/") {
        true => text.replace("100000001", "1"),
        false => text,
    });
    to.import(&bent);
    assert_eq!(
        to.options("contact.statuscode"),
        [(1, true), (2, false), (100_000_002, true)]
    );
    to.admin.0.delete_solution("Vendor").unwrap();
    assert_eq!(to.options("contact.statuscode"), [(1, false), (2, false)]);
}

#[test]
fn a_value_that_is_the_default_is_data_all_the_same() {
    let from = Site::new();
    from.all(&[
        "column create lead zz_region text --default '\"West\"'",
        "column create lead zz_stars choice --option 1=One --option 2=Two --default 2",
        "column create lead zz_box bool --default false",
        "column create lead zz_none int",
    ]);
    let columns = ["zz_region", "zz_stars", "zz_box", "zz_none"].map(|name| format!("column lead.{name}"));
    let to = Site::new();
    to.import(&from.export("S", "1.0", &columns.each_ref().map(String::as_str), true));
    to.sluice("row create lead lastname=a zz_region=West zz_box=no");
    let done = to.sluice("solution delete S");
    let kept: Vec<(&str, &str)> = done["kept"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kept| (kept["name"].as_str().unwrap(), kept["reason"].as_str().unwrap()))
        .collect();
    let holds = "1 row holds data in it";
    assert_eq!(kept, [("lead.zz_stars", holds), ("lead.zz_region", holds)]);
    let row = &to.sluice("row list lead --select zz_region,zz_stars")["value"][0];
    assert_eq!((&row["zz_region"], &row["zz_stars"]), (&json!("West"), &json!(2)));
}

#[test]
fn an_option_that_your_own_definitions_name_stays() {
    let from = Site::new();
    from.sluice("option-set create zz_g --option 1=One --option 3=Three");
    let to = Site::new();
    to.import(&from.export("S", "1.0", &["option-set zz_g"], true));
    to.sluice("option-set add zz_g 9 Nine");
    to.sluice("column create account zz_mine choice --global zz_g --default 3");
    let done = to.sluice("solution delete S");
    let reason = done["kept"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the default of `account.zz_mine`"), "{done}");
    to.sluice("row create account name=a");
}
