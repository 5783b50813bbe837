//! The last change of a step, role, duplicate rule or setting is taken back.

use sluice_model::{Depth, Filter, Query, Reference, Row, Value};
use sluice_platform::{Wanted, prelude::*};
use sluice_tests::{
    Organisation, people,
    world::{World, list, refused},
};

const COMMISSION: &str = "commission: Create of account";

#[test]
fn the_last_change_is_taken_back_and_that_again() {
    let org = Organisation::sample();
    let admin = org.program();
    let enabled = || admin.json(&["step", "show", COMMISSION])["enabled"].clone();
    admin.json(&["step", "disable", COMMISSION, "--reason", "month end"]);
    let tried = admin.json(&["undo", "--dry-run"]);
    assert_eq!(
        (&tried["done"], &tried["by"]),
        (&false.into(), &"admin".into()),
        "{tried:#}"
    );
    assert_eq!(enabled(), false);
    let done = admin.json(&["undo"]);
    let columns = done["changes"][0]["columns"].as_array().unwrap().clone();
    assert!(
        columns
            .iter()
            .any(|column| column["column"] == "statecode" && column["to"] == 0),
        "{done:#}"
    );
    assert_eq!(enabled(), true);
    admin.json(&["undo", "step:commission: Create of account", "--redo"]);
    assert_eq!(enabled(), false);
    admin.json(&["undo"]);
    assert_eq!(enabled(), true);
}

#[test]
fn grants_and_settings_are_taken_back() {
    let org = Organisation::sample();
    let admin = org.program();
    let held = || {
        let role = admin.json(&["role", "show", "Salesperson"]);
        let all = role["privileges"].as_array().unwrap().clone();
        all.into_iter()
            .find(|held| held["name"] == "prvReadAccount")
            .map(|held| held["depth"].clone())
    };
    let before = held().unwrap();
    admin.json(&["role", "grant", "Salesperson", "prvReadAccount", "org"]);
    assert_ne!(held(), Some(before.clone()));
    admin.json(&["undo", "role:Salesperson"]);
    assert_eq!(held(), Some(before.clone()));
    admin.json(&["role", "revoke", "Salesperson", "prvReadAccount"]);
    assert_eq!(held(), None);
    admin.json(&["undo", "Salesperson"]);
    assert_eq!(held(), Some(before));

    admin.json(&["settings", "set", "cascade.max-rows", "7"]);
    admin.json(&["undo", "settings"]);
    assert_eq!(admin.json(&["settings", "get", "cascade.max-rows"])["value"], 10_000);
}

#[test]
fn a_rule_comes_back_with_its_conditions_and_its_state() {
    let org = Organisation::sample();
    let admin = org.program();
    let rules = || list(&admin.json(&["duprule", "list"]));
    let rule = rules().into_iter().find(|rule| rule["status"] == "Published").unwrap();
    let name = rule["name"].as_str().unwrap().to_owned();
    admin.json(&["duprule", "unpublish", &name]);
    admin.json(&["undo", &format!("duprule:{name}")]);
    assert_eq!(admin.json(&["duprule", "show", &name])["status"], "Published");
}

#[test]
fn what_is_no_longer_as_the_change_left_it_stays() {
    let org = Organisation::sample();
    let (admin, session) = (org.program(), org.admin());
    let step = session.find("sdkmessageprocessingstep", COMMISSION);
    session.update(Row::new("sdkmessageprocessingstep", step).with("rank", 7));
    // A change that is on no record.
    admin.json(&["audit", "disable", "sdkmessageprocessingstep"]);
    session.update(Row::new("sdkmessageprocessingstep", step).with("rank", 9));
    refused(
        &admin,
        1,
        &["undo", "step:commission: Create of account"],
        &["`rank` is no longer"],
    );
    assert_eq!(session.get("sdkmessageprocessingstep", step).int("rank"), Some(9));
}

#[test]
fn it_takes_the_privileges_of_the_change_itself() {
    let org = Organisation::sample();
    let admin = org.admin();
    let step = admin.find("sdkmessageprocessingstep", COMMISSION);
    admin.0.set_step_enabled(step, false).unwrap();
    let what = Reference::new("sdkmessageprocessingstep", step);
    let mut rights = people::privileges(&["Read"], &["SdkMessageProcessingStep"], Depth::Organization);
    let nobody = people::user(&org, "nobody", &rights);
    nobody.0.undo(&Wanted::of(&what), true).unwrap_err();
    rights.push(("prvReadAuditSummary".to_owned(), Depth::Organization));
    rights.push(("prvReadRecordAuditHistory".to_owned(), Depth::Organization));
    let reader = people::user(&org, "reader", &rights);
    let error = reader.0.undo(&Wanted::of(&what), true).unwrap_err();
    assert_eq!(
        error.body().privilege.as_deref(),
        Some("prvWriteSdkMessageProcessingStep"),
        "{error}"
    );
    assert_eq!(admin.get("sdkmessageprocessingstep", step).int("statecode"), Some(1));
    admin.0.undo(&Wanted::of(&what), true).unwrap();
    assert_eq!(admin.get("sdkmessageprocessingstep", step).int("statecode"), Some(0));
}

#[test]
fn what_was_made_goes_and_what_was_deleted_comes_back() {
    let org = Organisation::sample();
    let admin = org.admin();
    let step = admin.find("sdkmessageprocessingstep", COMMISSION);
    let before = admin.get("sdkmessageprocessingstep", step);
    admin
        .0
        .execute(sluice_model::Request::delete(before.reference()))
        .unwrap();
    admin.0.undo(&Wanted::default(), true).unwrap();
    let after = admin.get("sdkmessageprocessingstep", step);
    for column in [
        "name",
        "stage",
        "rank",
        "statecode",
        "sdkmessageid",
        "sdkmessagefilterid",
        "plugintypeid",
    ] {
        assert_eq!(after.get(column), before.get(column), "{column}");
    }
    let redo = Wanted {
        redo: true,
        ..Wanted::default()
    };
    admin.0.undo(&redo, true).unwrap();
    admin.try_get("sdkmessageprocessingstep", step).unwrap_err();
}

#[test]
fn a_role_that_was_made_goes_with_its_copies() {
    let org = Organisation::sample();
    let admin = org.program();
    let roles = || list(&admin.json(&["role", "list"])).len();
    let before = roles();
    admin.json(&["role", "create", "Watcher", "--like", "Salesperson"]);
    assert!(roles() > before);
    admin.json(&["undo"]);
    assert_eq!(roles(), before);
}

#[test]
fn a_role_that_was_changed_is_changed_back_with_its_copies() {
    let org = Organisation::sample();
    let admin = org.admin();
    let roles = || {
        let named = Query::new("role").filter(Filter::eq("name", "Salesperson"));
        let roles = admin.list(named);
        assert!(roles.len() > 1, "a copy in each unit");
        roles
    };
    let before: Vec<_> = roles().iter().map(|role| role.int("isinherited")).collect();
    let root = roles().into_iter().find(|role| role.lookup("parentroleid").is_none());
    let other = i32::from(before[0] != Some(1));
    admin.update(Row::new("role", root.unwrap().id).with("isinherited", Value::Choice(other)));
    let undone = admin.0.undo(&Wanted::default(), true).unwrap();
    assert_eq!(undone.changes.len(), 1, "{undone:?}");
    let after: Vec<_> = roles().iter().map(|role| role.int("isinherited")).collect();
    assert_eq!(after, before);
}

/// Where the last change is none that is taken back, an older one is not taken back in its place.
#[test]
fn nothing_older_is_taken_back_in_the_place_of_another_change() {
    let org = Organisation::sample();
    let admin = org.program();
    let others: [&[&str]; 6] = [
        &["user", "role-add", "manager", "Integration"],
        &["row", "update", "systemuser", "manager", "title=Head"],
        &["team", "create", "Night shift"],
        &["table", "update", "account", "--audit", "no"],
        &["column", "update", "account", "creditlimit", "--secured", "yes"],
        &["column", "create", "account", "zz_more", "text"],
    ];
    for other in others {
        admin.json(&["step", "disable", COMMISSION]);
        let run = admin.run(other);
        if run.code != 0 {
            // Every one of them must be a command that there is.
            panic!("{run:?}");
        }
        refused(&admin, 1, &["undo"], &["configuration"]);
        assert_eq!(admin.json(&["step", "show", COMMISSION])["enabled"], false, "{other:?}");
        admin.json(&["undo", &format!("step:{COMMISSION}")]);
        assert_eq!(admin.json(&["step", "show", COMMISSION])["enabled"], true, "{other:?}");
    }
    // Changes of rows are no changes of the configuration.
    admin.json(&["step", "disable", COMMISSION]);
    admin.json(&["row", "create", "account", "name=Q"]);
    admin.json(&["undo"]);
    assert_eq!(admin.json(&["step", "show", COMMISSION])["enabled"], true);
}

/// How an organisation is set up is nobody's change, whether it is the sample or one with the roles to begin with.
#[test]
fn what_an_organisation_begins_with_is_not_taken_back() {
    for org in [World::sample(), World::empty()] {
        let admin = org.admin();
        refused(&admin, 1, &["undo"], &["no change"]);
        refused(&admin, 1, &["undo", "settings"], &["no change"]);
        admin.json(&["settings", "set", "cascade.max-rows", "7"]);
        admin.json(&["undo"]);
        assert_eq!(admin.json(&["settings", "get", "cascade.max-rows"])["value"], 10_000);
    }
}

/// A changed column is on record with its table.
#[test]
fn changes_of_columns_are_on_record() {
    let org = Organisation::sample();
    let admin = org.program();
    admin.json(&["column", "update", "account", "creditlimit", "--secured", "yes"]);
    admin.json(&["column", "create", "account", "zz_more", "text"]);
    admin.json(&["column", "delete", "account", "zz_more", "--yes"]);
    let trail = admin.run(&["audit", "list", "--table", "account", "--top", "3"]).stdout;
    for told in ["creditlimit.secured\t\tyes", "zz_more\t\ttext", "zz_more\ttext\t"] {
        assert!(trail.contains(told), "{told}: {trail}");
    }
    refused(&admin, 1, &["undo"], &["the table account", "zz_more"]);
}

/// What taking a change back takes from others is said before.
#[test]
fn whom_it_reaches_is_said() {
    let org = Organisation::sample();
    let admin = org.program();
    admin.json(&["role", "create", "Fresh", "--like", "Salesperson"]);
    admin.json(&["user", "role-add", "seller.west", "Fresh"]);
    let run = admin.run(&["undo", "role:Fresh"]);
    assert!(
        run.code == 0 && run.says("1 user or team have the role Fresh"),
        "{run:?}"
    );
    admin.json(&["role", "grant", "Salesperson", "prvDeleteAccount", "org"]);
    let run = admin.run(&["undo"]);
    assert!(run.code == 0 && run.says("loses prvDeleteAccount"), "{run:?}");
}

/// Whoever asks takes back what they did themselves, the last first, one change after the other; what others did where
/// that is said, and not without whose it is.
#[test]
fn one_takes_back_ones_own_changes_one_after_the_other() {
    let org = Organisation::sample();
    let admin = org.program();
    admin.json(&["user", "create", "other", "--role", "System Administrator"]);
    let setting = |name: &str| admin.json(&["settings", "get", name])["value"].clone();
    let before = ["cascade.max-rows", "jobs.keep", "limits.bypass-steps"].map(setting);
    admin.json(&["settings", "set", "cascade.max-rows", "7"]);
    admin.json(&["settings", "set", "jobs.keep", "11d"]);
    admin.json(&["settings", "set", "limits.bypass-steps", "5", "--as", "other"]);

    let told = admin.run(&["undo"]);
    assert!(told.says("this takes back what admin changed at "), "{told:?}");
    assert_eq!(
        (setting("jobs.keep"), setting("cascade.max-rows")),
        (before[1].clone(), 7.into())
    );
    admin.json(&["undo"]);
    assert_eq!(setting("cascade.max-rows"), before[0]);
    // Before that, one of another kind was made.
    refused(&admin, 1, &["undo"], &["of a kind that is not taken back"]);
    // What was taken back last comes again first.
    admin.json(&["undo", "--redo"]);
    assert_eq!(
        (setting("cascade.max-rows"), setting("jobs.keep")),
        (7.into(), before[1].clone())
    );
    admin.json(&["undo", "--redo"]);
    assert_ne!(setting("jobs.keep"), before[1]);
    refused(
        &admin,
        1,
        &["undo", "--redo"],
        &["was taken back and could be made again"],
    );

    let told = admin.run(&["undo", "--by", "other"]);
    assert!(told.says("this takes back what other changed at "), "{told:?}");
    assert_eq!(setting("limits.bypass-steps"), before[2]);
}

/// What changes nothing is told as that, and is nothing that is taken back.
#[test]
fn a_setting_that_is_so_already_is_not_changed() {
    let org = Organisation::sample();
    let admin = org.program();
    admin.json(&["settings", "set", "cascade.max-rows", "7"]);
    let records = || list(&admin.json(&["audit", "list", "--table", "organization"])).len();
    let before = records();
    let told = admin.run(&["settings", "set", "cascade.max-rows", "7"]);
    assert!(
        told.stdout.contains("it was so already, and nothing is changed"),
        "{told:?}"
    );
    assert_eq!(records(), before);
    let west = org.program();
    refused(
        &west,
        1,
        &["settings", "set", "cascade.max-rows", "7", "--as", "seller.west"],
        &["prvReadOrganization"],
    );
}
