//! `sluice view` from outside, and the page that describes it.

use sluice_model::operators;
use sluice_tests::{Organisation, root};

fn names(list: &serde_json::Value, column: &str) -> Vec<String> {
    let rows = list["value"].as_array().unwrap();
    rows.iter()
        .map(|row| row[column].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_view_is_run_by_its_name() {
    let organisation = Organisation::sample();
    let admin = organisation.program();
    let west = admin.as_user("seller.west");
    let rows = west.json(&["view", "run", "my open leads", "--top", "3"]);
    let first = &rows["value"].as_array().unwrap()[0];
    let columns: Vec<&str> = first.as_object().unwrap().keys().map(String::as_str).collect();
    for column in ["leadid", "subject", "statuscode", "_ownerid_value", "createdon"] {
        assert!(columns.contains(&column), "{column}: {first}");
    }
    assert!(!columns.contains(&"description"), "only the view's columns");
    assert_eq!(rows["value"].as_array().unwrap().len(), 3);
    let shown = west.run(&["view", "run", "My Open Leads", "-o", "table"]);
    assert!(
        shown.stdout.contains("subject") && shown.stdout.contains("rows"),
        "{shown:?}"
    );

    let all = admin.json(&["view", "run", "Open Leads", "--count"])["count"]
        .as_u64()
        .unwrap();
    let own = west.json(&["view", "run", "Open Leads", "--count"])["count"]
        .as_u64()
        .unwrap();
    assert!(0 < own && own < all, "{own} of {all}");
    let listed = west.json(&["view", "run", "Open Leads"]);
    assert_eq!(listed["value"].as_array().unwrap().len() as u64, own);
    let some = [
        "view",
        "run",
        "Open Leads",
        "--count",
        "--filter",
        "contains(companyname,'novak') or lastname ne null",
    ];
    assert!(west.json(&some)["count"].as_u64().unwrap() <= own);
}

#[test]
fn a_query_need_not_be_stored() {
    let organisation = Organisation::sample();
    let admin = organisation.program();
    let fetch =
        "<fetch top='2'><entity name='account'><attribute name='name'/><order attribute='name'/></entity></fetch>";
    let folder = organisation.path().parent().unwrap();
    std::fs::write(folder.join("accounts.xml"), fetch).unwrap();
    let by_file = admin.json(&["view", "run", "--fetch", "@accounts.xml"]);
    assert_eq!(names(&by_file, "name").len(), 2);
    assert_eq!(by_file, admin.json(&["view", "run", "--fetch", fetch]));
    assert_eq!(admin.json(&["view", "run", "--fetch", fetch, "--count"])["count"], 2);
    let list = admin.json(&[
        "row", "list", "account", "--select", "name", "--order", "name", "--top", "2",
    ]);
    assert_eq!(by_file, list);
}

#[test]
fn views_are_made_changed_and_removed() {
    let organisation = Organisation::sample();
    let admin = organisation.program();
    let fetch = "<fetch><entity name='account'><attribute name='name'/></entity></fetch>";
    admin.json(&[
        "view",
        "create",
        "Open Leads",
        "--table",
        "account",
        "--fetch",
        fetch,
        "--description",
        "Odd",
    ]);
    let run = admin.run(&["view", "run", "Open Leads", "--json"]);
    assert_eq!(run.code, 2, "two tables have a view of that name: {run:?}");
    assert!(
        run.stdout.contains("(account)") && run.stdout.contains("(lead)"),
        "{run:?}"
    );
    let accounts = admin.json(&["view", "run", "Open Leads", "--table", "account"]);
    assert!(names(&accounts, "name").len() > 10);
    admin.json(&[
        "view",
        "update",
        "Open Leads",
        "--table",
        "account",
        "--name",
        "Accounts",
        "--default",
    ]);
    let views = admin.json(&["view", "list", "account"]);
    let default: Vec<&serde_json::Value> = views["value"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|view| view["isdefault"] == true)
        .collect();
    assert_eq!(default.len(), 1);
    assert_eq!(default[0]["name"], "Accounts");
    assert_eq!(admin.json(&["view", "show", "Accounts"])["description"], "Odd");
    assert_eq!(
        admin.run(&["view", "delete", "Accounts"]).code,
        1,
        "the lists begin with it"
    );
    admin.json(&["view", "update", "Active Accounts", "--default"]);
    admin.json(&["view", "delete", "Accounts"]);
    assert_eq!(admin.refused(&["view", "show", "Accounts"])["code"], "0x80040217");
}

#[test]
fn wrong_usage_and_refusals() {
    let organisation = Organisation::sample();
    let admin = organisation.program();
    for wrong in [
        &["view", "run"][..],
        &["view", "run", "Open Leads", "--fetch", "<fetch/>"],
        &["view", "run", "Open Leads", "--count", "--top", "1"],
        &["view", "update", "Open Leads"],
        &["view", "create", "V", "--table", "lead"],
    ] {
        assert_eq!(admin.run(wrong).code, 2, "{wrong:?}");
    }
    let bomb = "<!DOCTYPE a [<!ENTITY b 'c'>]><fetch/>";
    for (refused, code) in [
        (&["view", "run", "--fetch", bomb][..], "0x80040203"),
        (&["view", "run", "No such view"], "0x80040217"),
        (&["view", "list", "nothing"], "0x80041102"),
        (&["view", "run", "Open Leads", "--filter", "nothing eq 1"], "0x80041103"),
    ] {
        assert_eq!(admin.refused(refused)["code"], code, "{refused:?}");
    }
    let west = admin.as_user("seller.west");
    let error = west.refused(&["view", "list", "workflow"]);
    assert_eq!(error["privilege"], "prvReadWorkflow");
}

/// `docs/views.md` names every operator in both forms.
#[test]
fn the_page_names_every_operator() {
    let page = std::fs::read_to_string(root().join("docs/views.md")).unwrap();
    for operator in operators::ALL {
        for name in [operator.fetch, operator.odata] {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
    }
}
