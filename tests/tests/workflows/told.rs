//! What a workflow tells its author of what others may read.

use serde_json::json;
use sluice_model::{Depth, Filter, Parameter, Query, Reference, Request, Row, Value};
use sluice_platform::{ColumnChange, WorkflowSpec, prelude::*};
use sluice_tests::{Actor, people};

use crate::world::{Workplace, account, run, spec, switch};

fn secure(world: &Workplace, column: &str) {
    let secured = ColumnChange {
        secured: Some(true),
        ..ColumnChange::default()
    };
    world.admin.0.update_column("account", column, &secured).unwrap();
}

/// Somebody who makes workflows in real time, works with all accounts, and is in no profile.
fn author(world: &Workplace) -> Actor {
    let mut rights = people::privileges(&["Create", "Read", "Write"], &["Workflow"], Depth::Organization);
    rights.extend(people::privileges(&["Read"], &["Account"], Depth::Organization));
    rights.push(("prvActivateSynchronousWorkflow".to_owned(), Depth::Organization));
    people::user(&world.org, "author", &rights)
}

fn copies(what: &str) -> serde_json::Value {
    let text = json!({ "text": ["limit ", { "column": "creditlimit" }] });
    json!([{ "update": { "set": { what: text } } }])
}

#[test]
fn what_its_owner_may_not_read_is_empty_to_a_workflow_in_somebody_elses_name() {
    let world = Workplace::new();
    let author = author(&world);
    secure(&world, "creditlimit");
    let more = json!({ "on": { "create": true }, "mode": "real-time" });
    let made = author.create(
        WorkflowSpec::parse(&spec("Copy", &more, copies("description")))
            .unwrap()
            .row(),
    );
    switch(&author, made, true).unwrap();
    let rich = || account("Litware").with("creditlimit", Value::Money(777.into()));
    let seen = || {
        let id = world.admin.create(rich());
        author.get("account", id).text("description").unwrap().to_owned()
    };
    assert_eq!(seen(), "limit ");
    let profile = world
        .admin
        .create(Row::unsaved("fieldsecurityprofile").with("name", "Finance"));
    let profile = Reference::new("fieldsecurityprofile", profile);
    let permission = Row::unsaved("fieldpermission")
        .with("fieldsecurityprofileid", profile.clone())
        .with("entityname", "account")
        .with("attributelogicalname", "creditlimit")
        .with("canread", Value::Choice(4));
    world.admin.create(permission);
    let join = Request::new("Associate")
        .with("Target", profile)
        .with("Relationship", "systemuserprofiles_association")
        .with(
            "RelatedEntities",
            Parameter::References(vec![Reference::new("systemuser", author.id())]),
        );
    world.admin.0.execute(join).unwrap();
    assert_eq!(seen(), "limit 777");
}

#[test]
fn a_run_in_the_background_that_somebody_else_asked_for_tells_no_more() {
    let world = Workplace::new();
    let author = author(&world);
    secure(&world, "creditlimit");
    let more = json!({ "on-demand": true });
    let made = author.create(
        WorkflowSpec::parse(&spec("Copy", &more, copies("description")))
            .unwrap()
            .row(),
    );
    switch(&author, made, true).unwrap();
    let id = world
        .admin
        .create(account("Litware").with("creditlimit", Value::Money(777.into())));
    run(&world.admin, made, id).unwrap();
    assert_eq!(author.get("account", id).text("description"), Some("limit "));
}

#[test]
fn what_its_owner_may_not_read_is_not_added_to() {
    let world = Workplace::new();
    let author = author(&world);
    let more = json!({ "on": { "create": true }, "mode": "real-time" });
    let adds = json!([{ "update": { "set": { "numberofemployees": { "increment": 1 } } } }]);
    let made = author.create(WorkflowSpec::parse(&spec("Count", &more, adds)).unwrap().row());
    switch(&author, made, true).unwrap();
    secure(&world, "numberofemployees");
    let error = world
        .admin
        .try_create(account("Litware").with("numberofemployees", 7))
        .unwrap_err();
    assert_eq!(error.code().to_string(), "0x8004F504", "{error}");
}

/// What a run knows and what it says may name values: jobs are read by more people than the row.
#[test]
fn a_job_says_what_it_says_to_those_who_may_read_its_row() {
    let world = Workplace::new();
    secure(&world, "description");
    let says = json!({ "text": ["no: ", { "column": "description" }] });
    let actions = json!([{ "stop": { "as": "canceled", "message": says } }]);
    world.active(&spec(
        "No",
        &json!({ "on": { "create": true }, "mode": "background" }),
        actions.clone(),
    ));
    let mut rights = people::privileges(
        &["Read"],
        &["Account", "AsyncOperation", "WorkflowLog"],
        Depth::Organization,
    );
    rights.push(("prvReadPluginTraceLog".to_owned(), Depth::Organization));
    let support = people::user(&world.org, "support", &rights);
    world.admin.create(account("Litware").with("description", "SECRET"));
    let logs = json!({ "on": { "update": ["fax"] }, "mode": "real-time", "log-failures": true });
    let made = world.admin.create(account("Novak").with("description", "SECRET"));
    world.active(&spec("Logged", &logs, actions));
    world
        .admin
        .try_update(Row::new("account", made).with("fax", "1"))
        .unwrap_err();
    for table in ["asyncoperation", "workflowlog"] {
        let all = |reader: &Actor| -> Vec<String> {
            let rows = reader.list(Query::new(table));
            rows.iter()
                .filter_map(|row| row.text("message").map(ToOwned::to_owned))
                .collect()
        };
        let (known, told) = (all(&world.admin), all(&support));
        assert!(
            !known.is_empty() && known.iter().all(|text| text == "no: SECRET"),
            "{table}: {known:?}"
        );
        let is_hidden = |text: &String| text.starts_with("(not shown");
        assert!(
            told.len() == known.len() && told.iter().all(is_hidden),
            "{table}: {told:?}"
        );
        let searched = support
            .0
            .list(Query::new(table).filter(Filter::eq("message", "no: SECRET")));
        assert!(
            searched.unwrap_err().message().contains("cannot be searched"),
            "{table}"
        );
    }
    let data: Vec<Row> = support.list(Query::new("asyncoperation").columns(&["data"]));
    let data = data.iter().filter_map(|row| row.text("data")).collect::<String>();
    assert!(
        !data.contains("SECRET") && !data.contains("definition") && data.contains("at"),
        "{data}"
    );
}
