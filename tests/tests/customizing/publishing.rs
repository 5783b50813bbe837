//! What is published, and what is not yet.

use sluice_model::{Code, Depth, Parameter, Request, Row};

use crate::world::{Customizing, says};
use sluice_platform::prelude::*;

#[test]
fn the_difference_says_what_publishing_would_do() {
    let world = Customizing::new();
    assert_eq!(world.sluice("publish --diff")["value"].as_array().unwrap().len(), 0);
    world.sluice("mapping add lead contact jobtitle department");
    world.sluice("option-set create rsh_interest --option 1=Pumps");
    world.sluice("mapping remove lead contact jobtitle department --draft");
    world.sluice("mapping add lead contact jobtitle spousesname --draft");
    world.sluice("option-set add rsh_interest 2 Valves --draft");

    let diff = world.sluice("publish --diff");
    let changes: Vec<(String, String)> = diff["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            (
                change["change"].to_string(),
                change["name"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let expected = |change: &str, name: &str| (format!("\"{change}\""), name.to_owned());
    assert_eq!(
        changes,
        [
            expected("added", "lead.jobtitle → contact.spousesname"),
            expected("removed", "lead.jobtitle → contact.department"),
            expected("changed", "rsh_interest"),
        ]
    );
    let column = &diff["value"][2]["columns"][0];
    assert_eq!(column["column"], "options");
    assert!(!column["from"].as_str().unwrap().contains("Valves"));
    assert!(column["to"].as_str().unwrap().contains("Valves"));
    let people = world.run("publish --diff");
    assert!(people.stdout.contains("+ 2 Valves"), "{people:?}");
    // Looking changed nothing.
    assert_eq!(world.sluice("publish --diff"), diff);

    let published = world.sluice("publish");
    assert_eq!(published["published"].as_array().unwrap().len(), 3, "{published}");
    assert_eq!(world.sluice("publish --diff")["value"].as_array().unwrap().len(), 0);
    assert_eq!(world.run("publish --diff").stdout, "everything is published\n");
    world.sluice("option-set add lead.leadsourcecode 77 Fair --draft");
    let first = world.run("publish --diff");
    assert!(
        first.stdout.contains("+ 77 Fair"),
        "the first change of a choice as well: {first:?}"
    );
}

#[test]
fn a_verb_publishes_its_own_change_and_no_other() {
    let world = Customizing::new();
    world.sluice("mapping add lead contact jobtitle department --draft");
    world.sluice("mapping add lead contact salutation spousesname");
    let diff = world.sluice("publish --diff");
    assert_eq!(diff["value"].as_array().unwrap().len(), 1);
    assert_eq!(diff["value"][0]["name"], "lead.jobtitle → contact.department");
    let list = world.sluice("mapping list lead contact --draft");
    let of = |target: &str| {
        let maps = list["value"].as_array().unwrap();
        maps.iter().find(|map| map["target"] == target).unwrap()["unpublished"].clone()
    };
    assert_eq!(
        (of("department"), of("spousesname")),
        ("added".into(), serde_json::Value::Null)
    );
}

#[test]
fn forms_count_when_they_are_published() {
    let world = Customizing::new();
    let before = world.admin.0.published("systemform").unwrap().len();
    let form = Row::unsaved("systemform")
        .with("name", "Lead")
        .with("objecttypecode", "lead");
    let form = world.admin.create(form);
    assert_eq!(world.admin.0.published("systemform").unwrap().len(), before);
    let components = Parameter::References(vec![sluice_model::Reference::new("systemform", form)]);
    world
        .admin
        .0
        .execute(Request::new("PublishXml").with("Components", components))
        .unwrap();
    assert_eq!(world.admin.0.published("systemform").unwrap().len(), before + 1);
}

#[test]
fn whoever_may_not_publish_changes_nothing() {
    let world = Customizing::sample();
    let role = world.admin.find("role", "Salesperson");
    let maps = ["prvCreateAttributeMap", "prvAppendAttributeMap", "prvAppendToEntityMap"];
    for privilege in maps {
        let wanted = Row::unsaved("roleprivilege")
            .with("PrivilegeName", privilege)
            .with("Depth", Depth::Organization.number());
        let request = Request::new("AddPrivilegesRole")
            .with("RoleId", sluice_model::Value::Id(role))
            .with("Privileges", Parameter::Rows(vec![wanted]));
        world.admin.0.execute(request).unwrap();
    }
    let seller = world.program().as_user("seller.west");
    let error = seller.refused(&["mapping", "add", "lead", "contact", "jobtitle", "department"]);
    assert_eq!(error["privilege"], "prvPublishCustomization", "{error}");
    assert!(
        world.map(("lead", "jobtitle"), ("contact", "department")).is_none(),
        "all or nothing"
    );
    seller.json(&["mapping", "add", "lead", "contact", "jobtitle", "department", "--draft"]);
    let seller = world.org.actor("seller.west");
    says(
        seller.0.unpublished(),
        Code::PRIVILEGE_DENIED,
        "prvPublishCustomization",
    );
    says(
        seller.0.execute(Request::new("PublishAllXml")),
        Code::PRIVILEGE_DENIED,
        "prvPublishCustomization",
    );
}

#[test]
fn the_removal_that_freed_a_target_is_published_with_the_new_mapping() {
    let world = Customizing::new();
    let published = |target: &str| -> Vec<String> {
        let maps = world.sluice("mapping list lead contact");
        let maps = maps["value"].as_array().unwrap().iter();
        maps.filter(|map| map["target"] == target)
            .map(|map| map["source"].as_str().unwrap().to_owned())
            .collect()
    };
    world.sluice("mapping add lead contact jobtitle department");
    world.sluice("mapping remove lead contact jobtitle department --draft");
    let added = world.sluice("mapping add lead contact salutation department");
    assert_eq!(added["along"][0]["name"], "lead.jobtitle → contact.department");
    assert_eq!(published("department"), ["salutation"]);

    world.sluice("mapping generate lead contact --yes --draft");
    world.sluice("mapping generate lead contact --yes");
    assert!(world.admin.0.unpublished().unwrap().is_empty());
    assert_eq!(published("address2_city"), ["address2_city"]);
    assert_eq!(published("department"), [""; 0]);
    assert_eq!(world.run("mapping lint").code, 0);
}

#[test]
fn what_was_waiting_in_a_choice_and_is_published_with_it_is_said() {
    let world = Customizing::new();
    world.sluice("option-set create rsh_interest --option 1=Pumps");
    world.sluice("option-set add rsh_interest 2 Valves --draft");
    let run = world.run("option-set add rsh_interest 3 Pipes");
    assert!(run.stdout.contains("published with it"), "{run:?}");
    assert!(
        run.stdout.contains("+ 2 Valves") && !run.stdout.contains("+ 3 Pipes"),
        "{run:?}"
    );
    world.sluice("option-set remove rsh_interest 3 --draft");
    let run = world.run("publish");
    assert!(run.stdout.contains("− 3 Pipes"), "{run:?}");
}

#[test]
fn a_form_that_is_called_otherwise_waits_for_being_published() {
    let world = Customizing::new();
    let state = || world.sluice("form list lead")["value"][0]["published"].clone();
    assert_eq!(state(), "yes");
    world.sluice("row update systemform Lead name=Prospect");
    assert_eq!(state(), "changed since");
    world.sluice("publish");
    assert_eq!(state(), "yes");

    world.sluice("row create webresource name=a.js webresourcetype=3");
    let error = world.refused("row create webresource name=A.js webresourcetype=3");
    assert_eq!(error["code"], "0x80040237", "{error}");
}
