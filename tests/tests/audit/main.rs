//! The audit trail from outside: who changed what, when, from what to what.

mod parts;
mod undo;
mod undo_processes;

use serde_json::Value;
use sluice_tests::{Organisation, program::Program};

fn list(program: &Program, arguments: &[&str]) -> Vec<Value> {
    let document = program.json(&[&["audit", "list"], arguments].concat());
    document["value"].as_array().unwrap().clone()
}

/// The newest entry of a table as `who action row: column from > to, …`.
fn newest(program: &Program, table: &str) -> String {
    let entry = &list(program, &["--table", table, "--top", "1"])[0];
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or("-").to_owned();
    let changes = entry["changes"].as_array().unwrap().iter().map(|change| {
        format!(
            "{} {} > {}",
            text(change, "column"),
            text(change, "from_text"),
            text(change, "to_text")
        )
    });
    format!(
        "{} {} {}: {}",
        text(entry, "user"),
        text(entry, "action"),
        text(entry, "name"),
        changes.collect::<Vec<_>>().join(", ")
    )
}

fn first(program: &Program, table: &str, filter: &str) -> String {
    let rows = program.json(&[
        "row",
        "list",
        table,
        "--filter",
        filter,
        "--select",
        "createdon",
        "--top",
        "1",
    ]);
    let row = rows["value"][0].as_object().unwrap();
    row.values().next().unwrap().as_str().unwrap().to_owned()
}

#[test]
fn one_of_everything() {
    let organisation = Organisation::sample();
    let admin = organisation.program();
    admin.json(&["role", "grant", "Salesperson", "prvReadCampaign", "user"]);
    assert_eq!(
        newest(&admin, "role"),
        "admin Assign Privileges To Role Salesperson: prvReadCampaign  > User"
    );
    admin.json(&["role", "grant", "Salesperson", "prvReadCampaign", "org"]);
    assert_eq!(
        newest(&admin, "role"),
        "admin Assign Privileges To Role Salesperson: prvReadCampaign User > Organization"
    );
    admin.json(&["role", "revoke", "Salesperson", "prvReadCampaign"]);
    assert_eq!(
        newest(&admin, "role"),
        "admin Assign Privileges To Role Salesperson: prvReadCampaign Organization > "
    );
    admin.json(&["user", "role-add", "seller.west", "Sales Manager"]);
    assert_eq!(
        newest(&admin, "systemuser"),
        "admin Associate Entities seller.west: systemuserroles_association  > Sales Manager"
    );
    admin.json(&["step", "disable", "commission: Create of account"]);
    assert_eq!(
        newest(&admin, "sdkmessageprocessingstep"),
        "admin Deactivate commission: Create of account: statecode Enabled > Disabled, statuscode Enabled > Disabled"
    );
    admin.json(&["mapping", "add", "lead", "contact", "jobtitle", "department"]);
    let pair = first(&admin, "attributemap", "targetattributename eq 'department'");
    admin.json(&["row", "delete", "attributemap", &pair]);
    let deleted = newest(&admin, "attributemap");
    assert!(
        deleted.starts_with("admin Delete ") && deleted.contains("targetattributename department > "),
        "{deleted}"
    );
    admin.json(&["settings", "set", "createonqualify", "no"]);
    assert_eq!(
        newest(&admin, "organization"),
        "admin Update Contoso: sl_createonqualify yes > no"
    );
    let west = admin.as_user("seller.west");
    let lead = first(&west, "lead", "statuscode eq 1");
    west.json(&[
        "row",
        "update",
        "lead",
        &lead,
        "subject=Twelve pumps",
        "statuscode=Contacted",
    ]);
    let entries = list(&admin, &["--row", &lead, "--user", "seller.west"]);
    let columns: Vec<&str> = entries
        .iter()
        .flat_map(|entry| entry["changes"].as_array().unwrap())
        .map(|change| change["column"].as_str().unwrap())
        .collect();
    assert!(
        columns.contains(&"subject") && columns.contains(&"statuscode"),
        "{entries:?}"
    );
}

#[test]
fn lookups_and_choices_are_shown_by_name() {
    let organisation = Organisation::sample();
    let admin = organisation.program();
    // Not one that the seller in the east has already.
    let lead = first(&admin.as_user("seller.west"), "lead", "statuscode eq 1");
    admin.json(&["row", "assign", "lead", &lead, "seller.east"]);
    let entry = newest(&admin, "lead");
    assert!(entry.contains("Assign") && entry.ends_with("> seller.east"), "{entry}");
    admin.json(&["row", "update", "lead", &lead, "statecode=2", "statuscode=Lost"]);
    let entry = newest(&admin, "lead");
    assert!(
        entry.contains("Disqualify") && entry.contains("> Disqualified"),
        "{entry}"
    );
    let shown = admin.run(&["audit", "list", "--row", &lead, "--table", "lead"]);
    assert!(
        shown.stdout.contains("seller.east") && shown.stdout.contains("Disqualified"),
        "{shown:?}"
    );
    admin.json(&["row", "delete", "lead", &lead]);
    let entry = newest(&admin, "lead");
    assert!(
        entry.starts_with("admin Delete ") && !entry.contains(&lead),
        "by the name that it had: {entry}"
    );
}

#[test]
fn what_is_not_watched_leaves_nothing_and_turning_it_off_does() {
    let organisation = Organisation::sample();
    let admin = organisation.program();
    admin.json(&["audit", "disable", "lead"]);
    let entry = newest(&admin, "lead");
    assert_eq!(entry, "admin Entity Audit Stopped -: isauditenabled yes > no");
    let count = || list(&admin, &["--table", "lead", "--top", "5000"]).len();
    let before = count();
    admin.json(&["row", "create", "lead", "subject=Quiet", "lastname=Unseen"]);
    assert_eq!(count(), before);
    let table = admin.json(&["audit", "enable", "lead"]);
    assert_eq!(table["audit"], true);
    admin.json(&["row", "create", "lead", "subject=Loud", "lastname=Seen"]);
    assert_eq!(count(), before + 2);
    let table = admin.json(&[
        "table",
        "update",
        "lead",
        "--read-only-in-mobile",
        "yes",
        "--duplicate-detection",
        "no",
    ]);
    assert_eq!(
        (
            &table["read-only-in-mobile"],
            &table["duplicate-detection"],
            &table["audit"]
        ),
        (&true.into(), &false.into(), &true.into())
    );
    let organization = first(&admin, "organization", "name eq 'Contoso'");
    for yes in ["false", "true"] {
        admin.json(&[
            "row",
            "update",
            "organization",
            &organization,
            &format!("isauditenabled={yes}"),
        ]);
    }
    let switches = list(&admin, &["--table", "organization", "--top", "2"]);
    let to: Vec<&str> = switches
        .iter()
        .map(|entry| entry["changes"][0]["to_text"].as_str().unwrap())
        .collect();
    assert_eq!(to, ["yes", "no"], "off and on again are both on record");
}

#[test]
fn the_trail_is_for_those_who_may_read_it_and_nobody_writes_it() {
    let organisation = Organisation::sample();
    let admin = organisation.program();
    let west = admin.as_user("seller.west");
    assert_eq!(west.refused(&["audit", "list"])["privilege"], "prvReadAuditSummary");
    assert_eq!(
        west.refused(&["audit", "disable", "lead"])["privilege"],
        "prvWriteEntity"
    );
    let entry = list(&admin, &["--top", "1"])[0]["auditid"].as_str().unwrap().to_owned();
    assert_eq!(admin.refused(&["row", "delete", "audit", &entry])["code"], "0x80040800");
    assert_eq!(
        admin.refused(&["audit", "list", "--table", "nothing"])["code"],
        "0x80041102"
    );
    assert_eq!(
        admin.refused(&["audit", "list", "--from", "soon"])["code"],
        "0x80040203"
    );
    assert_eq!(admin.run(&["audit", "list", "--row", "McKay"]).code, 2);
    assert!(list(&admin, &["--from", "2999-01-01"]).is_empty());
}

#[test]
fn the_history_of_a_row_is_not_that_of_an_earlier_one_with_its_id() {
    let organisation = Organisation::empty();
    let admin = organisation.program();
    let id = "00000000-0000-0000-0000-000000000acc";
    let key = format!("accountid={id}");
    admin.json(&["row", "create", "account", "name=first", &key]);
    admin.json(&["row", "update", "account", id, "name=secret"]);
    admin.json(&["row", "delete", "account", id]);
    admin.json(&["row", "create", "account", "name=second", &key]);
    let names = |arguments: &[&str]| -> Vec<String> {
        let entries = list(&admin, arguments);
        let name = |entry: &Value| entry["name"].as_str().unwrap_or("-").to_owned();
        entries.iter().map(name).collect()
    };
    assert_eq!(names(&["--table", "account", "--row", id]), ["second"]);
    // Under the name that the earlier row had; what made it says none.
    assert_eq!(names(&["--table", "account"]), ["second", "secret", "first", "-"]);
}

/// Every change of state says what the platform calls it, and none is the other way round.
#[test]
fn changes_of_state_have_the_platforms_actions() {
    let organisation = Organisation::empty();
    let admin = organisation.program();
    let id = |arguments: &[&str]| {
        let row = admin.json(&[&["row", "create"], arguments].concat());
        row["id"].as_str().unwrap().to_owned()
    };
    let action = |table: &str, row: &str| {
        let entry = &list(&admin, &["--table", table, "--row", row, "--top", "1"])[0];
        entry["action"].as_str().unwrap().to_owned()
    };
    let lead = id(&["lead", "subject=Pumps", "lastname=A", "companyname=A"]);
    admin.json(&["lead", "disqualify", &lead, "--reason", "Lost"]);
    assert_eq!(action("lead", &lead), "Disqualify");
    admin.json(&["lead", "reactivate", &lead]);
    assert_eq!(action("lead", &lead), "Activate");
    admin.json(&["lead", "qualify", &lead]);
    assert_eq!(action("lead", &lead), "Qualify");
    let opportunity = id(&["opportunity", "name=Pumps"]);
    for (command, said) in [
        (&["win"][..], "Win"),
        (&["reopen"], "Activate"),
        (&["lose", "--reason", "Canceled"], "Lose"),
    ] {
        let (verb, rest) = command.split_first().unwrap();
        admin.json(&[&["opportunity", verb, &opportunity], rest].concat());
        assert_eq!(action("opportunity", &opportunity), said);
    }
    let (kept, merged) = (id(&["account", "name=Kept"]), id(&["account", "name=Merged"]));
    admin.json(&["row", "update", "account", &kept, "statecode=Inactive"]);
    assert_eq!(action("account", &kept), "Deactivate");
    admin.json(&["row", "update", "account", &kept, "statecode=Active"]);
    assert_eq!(action("account", &kept), "Activate");
    let child = id(&[
        "contact",
        "lastname=Child",
        &format!("parentcustomerid=account:{merged}"),
    ]);
    admin.json(&["merge", "account", &kept, &merged, "--take", "name"]);
    assert_eq!(
        [
            action("account", &kept),
            action("account", &merged),
            action("contact", &child)
        ],
        ["Merge", "Merge", "Cascade"]
    );
    // The platform does it, and whoever merged has done it.
    for (table, row) in [("account", &merged), ("contact", &child)] {
        let newest = &list(&admin, &["--table", table, "--row", row, "--top", "1"])[0];
        assert_eq!(newest["user"], "admin", "{newest}");
    }
    // A link that a deletion removes.
    let primary = id(&["contact", "lastname=Primary"]);
    let account = id(&["account", "name=Of the contact", &format!("primarycontactid={primary}")]);
    admin.json(&["row", "delete", "contact", &primary]);
    assert_eq!(action("account", &account), "Cascade");
}

#[test]
fn what_comes_into_work_and_out_of_it_is_activated_and_deactivated() {
    let organisation = Organisation::empty();
    let admin = organisation.program();
    let action = |table: &str, row: &str| {
        let entry = &list(&admin, &["--table", table, "--row", row, "--top", "1"])[0];
        entry["action"].as_str().unwrap().to_owned()
    };
    let rule = admin.json(&[
        "row",
        "create",
        "duplicaterule",
        "name=R",
        "baseentityname=lead",
        "matchingentityname=lead",
    ]);
    let rule = rule["id"].as_str().unwrap().to_owned();
    admin.json(&["duprule", "add-condition", "R", "companyname"]);
    admin.json(&["duprule", "publish", "R"]);
    assert_eq!(action("duplicaterule", &rule), "Activate");
    admin.json(&["duprule", "unpublish", "R"]);
    assert_eq!(action("duplicaterule", &rule), "Deactivate");
    let flow = "Lead to Opportunity Sales Process";
    let flow_id = first(&admin, "workflow", &format!("name eq '{flow}'"));
    admin.json(&["flow", "deactivate", flow]);
    assert_eq!(action("workflow", &flow_id), "Deactivate");
    admin.json(&["flow", "activate", flow]);
    assert_eq!(action("workflow", &flow_id), "Activate");
}
