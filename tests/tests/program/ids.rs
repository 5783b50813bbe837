//! Rows by the end of their id, and who acts.

use sluice_tests::world::{World, id, list, refused, text};

const ONE: &str = "0a0a0a0a-0000-4000-8000-0000000abcde";
const OTHER: &str = "0b0b0b0b-0000-4000-8000-0000001abcde";

fn account(world: &World, id: &str, name: &str) {
    let target = format!(r#"Target:={{"@odata.type":"account","accountid":"{id}","name":"{name}"}}"#);
    world.admin().json(&["exec", "Create", &target]);
}

fn end(id: &str) -> &str {
    &id[id.len() - 5..]
}

#[test]
fn a_row_is_named_by_the_end_of_its_id() {
    let world = World::empty();
    let admin = world.admin();
    account(&world, ONE, "One");
    assert_eq!(text(&admin.json(&["row", "get", "account", "abcde"]), "name"), "One");
    assert_eq!(
        text(&admin.json(&["row", "get", "account", "0-0000000ABCDE"]), "name"),
        "One"
    );
    refused(&admin, 1, &["row", "get", "account", "bcde"], &["there is no account"]);
    refused(
        &admin,
        1,
        &["row", "get", "account", "fabcde"],
        &["there is no account"],
    );
    // As a lookup and as a reference.
    let contact = id(&admin.json(&[
        "row",
        "create",
        "contact",
        "lastname=Ng",
        "parentcustomerid=account:abcde",
    ]));
    assert_eq!(
        admin.json(&["row", "get", "contact", end(&contact)])["_parentcustomerid_value"],
        ONE
    );

    account(&world, OTHER, "Other");
    refused(
        &admin,
        2,
        &["row", "get", "account", "abcde"],
        &["is ambiguous in account", ONE, OTHER, "One", "Other"],
    );
    assert_eq!(text(&admin.json(&["row", "get", "account", "1abcde"]), "name"), "Other");
    // A name does not come first: either may be meant.
    admin.json(&["row", "create", "account", "name=ABCDE"]);
    refused(
        &admin,
        2,
        &["row", "get", "account", "abcde"],
        &["is ambiguous in account", ONE, OTHER, "ABCDE"],
    );
}

#[test]
fn the_end_of_an_id_finds_what_the_reader_may_read() {
    let world = World::sample();
    let lead = world.lead("seller.west");
    let get = ["row", "get", "lead", end(&lead)];
    assert_eq!(text(&world.user("seller.west").json(&get), "leadid"), lead);
    refused(&world.user("seller.east"), 1, &get, &["there is no lead"]);

    // Also what has no name, or another way to be found.
    let admin = world.admin();
    let share = world.admin().json(&["settings", "set", "trace", "all"]);
    assert!(share.is_object());
    admin.json(&["row", "create", "account", "name=Q", "address1_stateorprovince=CA"]);
    let traced = &list(&admin.json(&["trace", "list", "--top", "1"]))[0];
    let (correlation, trace) = (text(traced, "correlationid"), text(traced, "plugintracelogid"));
    assert_eq!(
        text(&admin.json(&["trace", "tree", end(&correlation)]), "correlation"),
        correlation
    );
    assert_eq!(
        list(&admin.json(&["trace", "list", "--correlation", end(&correlation)])).len(),
        1
    );
    assert_eq!(
        text(&admin.json(&["trace", "show", end(&trace)]), "plugintracelogid"),
        trace
    );
    let run = admin.run(&["trace", "tree", "nonsense"]);
    assert_eq!(run.code, 2, "{run:?}");
    let task = id(&admin.json(&["activity", "create", "task", "--subject", "Call"]));
    admin.json(&["activity", "complete", end(&task)]);
}

#[test]
fn who_acts_is_said_once_for_all() {
    let world = World::sample();
    let admin = world.admin();
    let who = |variable: &str, arguments: &[&str]| {
        let arguments = [&["exec", "WhoAmI", "--json"], arguments].concat();
        let output = admin.command(&arguments).env("SLUICE_AS", variable).output().unwrap();
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let user = text(&document, "UserId");
        let users = world.rows("systemuser", "domainname", &format!("systemuserid eq {user}"));
        text(&users[0], "domainname")
    };
    assert_eq!(who("manager", &[]), "manager");
    assert_eq!(who("manager", &["--as", "seller.west"]), "seller.west");
    assert_eq!(who("", &[]), "admin");
}

#[test]
fn a_name_that_is_the_end_of_an_id_names_either_row() {
    let world = World::empty();
    let admin = world.admin();
    let one = id(&admin.json(&["row", "create", "lead", "lastname=one"]));
    let other = id(&admin.json(&["row", "create", "lead", &format!("lastname={}", end(&one))]));
    let run = admin.run(&["row", "update", "lead", end(&one), "firstname=x"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.says(&one) && run.says(&other), "{run:?}");
    for (lead, name) in [(&one, "one"), (&other, end(&one))] {
        let row = admin.json(&["row", "get", "lead", lead]);
        assert_eq!(
            (text(&row, "lastname").as_str(), row["firstname"].is_null()),
            (name, true)
        );
    }
    // A name that is no end of another's id goes on being a name.
    let own = id(&admin.json(&["row", "create", "lead", "lastname=facade"]));
    assert_eq!(text(&admin.json(&["row", "get", "lead", "facade"]), "leadid"), own);
}
