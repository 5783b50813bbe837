//! How a solution goes again.

use serde_json::json;
use sluice_model::Code;

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
