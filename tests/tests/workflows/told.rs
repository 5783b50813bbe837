//! What a workflow tells its author of what others may read.

use serde_json::json;
use sluice_model::{Depth, Error, Filter, Parameter, Query, Reference, Request, Row, Uuid, Value};
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

/// What is said of a row that is gone, of which there is but the table, is told to those who read all of its rows.
#[test]
fn of_a_row_that_is_gone_who_reads_all_of_its_table_is_told() {
    let world = Workplace::new();
    // It refuses, because the row is gone.
    let actions = json!([{ "update": { "set": { "fax": "1" } } }]);
    let on = json!({ "on": { "delete": true }, "mode": "background" });
    world.active(&spec("Gone", &on, actions));
    let gone = world.admin.create(account("Litware"));
    world.admin.try_delete("account", gone).unwrap();
    let reader = |name: &str, depth: Depth| {
        let logs = ["AsyncOperation", "WorkflowLog"];
        let mut rights = people::privileges(&["Read"], &logs, Depth::Organization);
        rights.extend(people::privileges(&["Read"], &["Account"], depth));
        people::user(&world.org, name, &rights)
    };
    let all = reader("all", Depth::Organization);
    let some = reader("some", Depth::BusinessUnit);
    for table in ["asyncoperation", "workflowlog"] {
        let shown = |reader: &Actor| -> Vec<bool> {
            let rows = reader.list(Query::new(table));
            let texts = rows.iter().filter_map(|row| row.text("message"));
            texts.map(|text| !text.starts_with("(not shown")).collect()
        };
        assert_eq!(
            [&world.admin, &all, &some].map(shown),
            [[true], [true], [false]],
            "{table}"
        );
    }
}

/// Somebody who makes workflows, activates those of others, and is in no profile; and what they make of it.
fn deputy(world: &Workplace) -> Actor {
    let tables = ["Workflow", "Account", "Contact", "User"];
    let verbs = ["Create", "Read", "Write", "Assign", "AppendTo"];
    let mut rights = people::privileges(&verbs, &tables, Depth::Organization);
    for task in ["prvActivateSynchronousWorkflow", "prvActOnBehalfOfAnotherUser"] {
        rights.push((task.to_owned(), Depth::Organization));
    }
    people::user(&world.org, "deputy", &rights)
}

fn assign(actor: &Actor, workflow: Uuid, to: Uuid) -> Result<(), Error> {
    let request = Request::new("Assign")
        .with("Target", Reference::new("workflow", workflow))
        .with("Assignee", Reference::new("systemuser", to));
    actor.0.execute(request).map(|_| ())
}

fn refused(result: Result<(), Error>, column: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code().to_string(), "0x80040220", "{error}");
    assert!(error.message().contains("names a secured column"), "{error}");
    assert!(
        error
            .message()
            .contains(&format!("no Read permission for the column `{column}`")),
        "{error}"
    );
}

/// A workflow sees of secured columns what its owner may read: nobody lets one loose in the name of an owner who
/// reads more than they do, be it as whoever sets it off, over a lookup, or to write to somebody.
#[test]
fn nobody_lets_the_workflow_of_another_read_what_they_may_not_read() {
    let world = Workplace::new();
    let deputy = deputy(&world);
    secure(&world, "creditlimit");
    secure(&world, "emailaddress1");
    let on = json!({ "on": { "create": true } });
    let over_a_lookup = json!({
        "name": "Of a contact", "table": "contact", "on": { "create": true }, "scope": "organization",
        "actions": [{ "update": { "set": { "fax": { "text": [
            { "column": "creditlimit", "row": { "related": "parentcustomerid", "table": "account" } }] } } } }],
    });
    let sends = json!([{ "send-email": { "to": [{}], "subject": "x" } }]);
    let asks = json!([{ "check": { "if": { "compare": { "column": "creditlimit", "is": "ge", "value": 5 } },
                                   "then": [{ "stop": { "as": "canceled" } }] } }]);
    for (column, text) in [
        ("creditlimit", spec("Copy", &on, copies("description"))),
        ("creditlimit", over_a_lookup.to_string()),
        ("creditlimit", spec("Ask", &on, asks)),
        ("emailaddress1", spec("Send", &on, sends)),
    ] {
        let own = deputy.create(WorkflowSpec::parse(&text).unwrap().row());
        switch(&deputy, own, true).unwrap();
        // Somebody else's, in each way in which it becomes that.
        assign(&deputy, own, world.admin.id()).unwrap();
        refused(switch(&deputy, own, true), column);
        let theirs = world.draft(&text);
        refused(switch(&deputy, theirs, true), column);
        switch(&world.admin, theirs, true).unwrap();
        switch(&deputy, theirs, false).unwrap();
        refused(switch(&deputy, theirs, true), column);
        assign(&deputy, theirs, deputy.id()).unwrap();
        switch(&deputy, theirs, true).unwrap();
    }
    // What is not secured is anybody's to let loose.
    let plain = world.draft(&spec(
        "Plain",
        &on,
        json!([{ "update": { "set": { "fax": { "column": "name" } } } }]),
    ));
    switch(&deputy, plain, true).unwrap();
}

#[test]
fn the_platform_owns_no_workflow() {
    let world = Workplace::new();
    let system = world.org.engine().system_id().unwrap();
    let text = spec("Copy", &json!({ "on": { "create": true } }), copies("description"));
    let made = world.draft(&text);
    let owner = Reference::new("systemuser", system);
    let made_so = WorkflowSpec::parse(&text).unwrap().row().with("ownerid", owner.clone());
    for error in [
        assign(&world.admin, made, system).unwrap_err(),
        world
            .admin
            .try_update(Row::new("workflow", made).with("ownerid", owner))
            .unwrap_err(),
        world.admin.try_create(made_so).unwrap_err(),
    ] {
        assert!(error.message().contains("owns no workflow and no rule"), "{error}");
    }
}
