//! Definitions that make no sense: each refusal names what is wrong, and where.

use serde_json::{Value as Json, json};
use sluice_model::{Query, Row, Value};
use sluice_platform::WorkflowSpec;

use crate::world::{Workplace, is, spec, switch, task};

/// What making a workflow with these actions is refused with.
#[track_caller]
fn refused(world: &Workplace, actions: Json) -> String {
    let text = spec("w", &json!({}), actions);
    let row = WorkflowSpec::parse(&text).unwrap().row();
    world.admin.try_create(row).unwrap_err().message().to_owned()
}

#[test]
fn what_is_not_there_is_named_with_its_place() {
    let world = Workplace::new();
    let wrong = json!([task(json!({ "column": "nmae" }))]);
    for (actions, told) in [
        (
            json!([task(json!("a")), { "check": { "if": is("name", json!("x")), "then": [], "else": [
                { "update": { "set": { "nmae": "x" } } }] } }]),
            "action 2 else 1 of the workflow: table `account` has no column `nmae`",
        ),
        (wrong, "action 1 of the workflow: table `account` has no column `nmae`"),
        (json!([{ "create": { "table": "acount", "set": {} } }]), "`acount`"),
        (
            json!([{ "update": { "row": { "created": "x" }, "set": { "name": "x" } } }]),
            "no action before this one makes a row as \"x\"",
        ),
        (
            json!([{ "update": { "row": { "related": "name" }, "set": { "name": "x" } } }]),
            "column `name` of `account` refers to no row",
        ),
        (
            json!([{ "update": { "set": { "createdon": "2026-01-01" } } }]),
            "the platform fills column `createdon`",
        ),
        (
            json!([{ "update": { "set": { "overriddencreatedon": "2026-01-01" } } }]),
            "column `overriddencreatedon` of `account` is given when a row is made",
        ),
        (
            json!([{ "update": { "set": { "revenue": "much" } } }]),
            "`much` is not an amount",
        ),
        (
            json!([{ "update": { "set": { "revenue": { "column": "name" } } } }]),
            "does not take that of `name`",
        ),
        (
            json!([{ "update": { "set": { "primarycontactid": { "row": {} } } } }]),
            "does not take a row of `account`",
        ),
        (
            json!([{ "update": { "set": { "name": { "increment": 1 } } } }]),
            "no number that could be changed",
        ),
        (
            json!([{ "create": { "table": "task", "set": { "subject": { "append": "x" } } } }]),
            "only a column of an `update`",
        ),
        (
            json!([task(
                json!({ "text": ["a", { "first": [{ "first": [{ "column": "nmae" }] }, "b"] }] })
            )]),
            "action 1 of the workflow: table `account` has no column `nmae`",
        ),
        (
            json!([{ "stop": { "as": "canceled", "message": { "first": [{ "column": "nmae" }, "b"] } } }]),
            "table `account` has no column `nmae`",
        ),
        (
            json!([{ "call": { "plugin": "a/b", "configuration": { "first": [{ "column": "nmae" }, "b"] } } }]),
            "table `account` has no column `nmae`",
        ),
        (json!([{ "change-state": { "state": "Won" } }]), "Won"),
        (
            json!([{ "check": { "if": { "compare": { "column": "name", "is": "eq" } }, "then": [] } }]),
            "is compared with no `value`",
        ),
        (
            json!([{ "check": { "if": { "compare": { "column": "revenue", "is": "contains", "value": "1" } }, "then": [] } }]),
            "holds no text",
        ),
        (
            json!([{ "check": { "if": { "compare": { "column": "donotemail", "is": "gt", "value": true } }, "then": [] } }]),
            "has no order",
        ),
    ] {
        let message = refused(&world, actions);
        assert!(message.contains(told), "{message}");
    }
}

#[test]
fn a_lookup_to_several_tables_says_which() {
    let world = Workplace::new();
    let update = |row: Json| json!([{ "update": { "row": row, "set": { "description": "x" } } }]);
    let text = |row| {
        let mut whole: Json = serde_json::from_str(&spec("w", &json!({}), update(row))).unwrap();
        whole["table"] = json!("contact");
        whole.to_string()
    };
    let open = WorkflowSpec::parse(&text(json!({ "related": "parentcustomerid" }))).unwrap();
    let message = world.admin.try_create(open.row()).unwrap_err().message().to_owned();
    assert!(message.contains("say which in `table`"), "{message}");
    world.draft(&text(json!({ "related": "parentcustomerid", "table": "account" })));
}

#[test]
fn what_is_too_much_is_refused() {
    let world = Workplace::new();
    let many: Vec<Json> = (0..501).map(|_| task(json!("x"))).collect();
    assert!(refused(&world, many.into()).contains("500 actions at most"));
    let mut deep = json!([task(json!("x"))]);
    for _ in 0..11 {
        deep = json!([{ "check": { "if": is("name", json!("x")), "then": deep } }]);
    }
    assert!(refused(&world, deep).contains("10 deep"));
    let mut condition = is("name", json!("x"));
    for _ in 0..12 {
        condition = json!({ "not": condition });
    }
    let deep = json!([{ "check": { "if": condition, "then": [] } }]);
    assert!(refused(&world, deep).contains("10 deep"));
    let row = Row::unsaved("workflow")
        .with("name", "w")
        .with("category", Value::Choice(0))
        .with("primaryentity", "account");
    let long = format!("{{\"actions\": []{}}}", " ".repeat(10 << 20));
    let message = world.admin.try_create(row.with("clientdata", long)).unwrap_err();
    assert!(message.message().contains("is the most"), "{message}");
    assert_eq!(
        WorkflowSpec::parse(&"[".repeat(10 << 20))
            .unwrap_err()
            .code()
            .to_string(),
        "0x80040203"
    );
}

#[test]
fn what_has_nothing_to_do_or_nothing_that_starts_it_is_not_activated() {
    let world = Workplace::new();
    let on = json!({ "on": { "create": true } });
    for (text, told) in [
        (spec("empty", &on, json!([])), "it has no action"),
        (spec("idle", &json!({}), json!([task(json!("x"))])), "nothing starts it"),
    ] {
        let id = world.draft(&text);
        let error = switch(&world.admin, id, true).unwrap_err();
        assert_eq!(error.code().to_string(), "0x80045018");
        assert!(error.message().contains(told), "{error}");
    }
    let parent = json!([{ "start-child": { "workflow": "nobody" } }]);
    let id = world.draft(&spec("parent", &on, parent));
    let error = switch(&world.admin, id, true).unwrap_err();
    assert_eq!(error.code().to_string(), "0x8004502F");
}

#[test]
fn what_no_update_sends_starts_nothing() {
    let world = Workplace::new();
    let on = |column: &str| spec("w", &json!({ "on": { "update": [column] } }), json!([task(json!("x"))]));
    for column in [
        "createdon",
        "overriddencreatedon",
        "modifiedon",
        "accountid",
        "versionnumber",
        "revenue_base",
        "owninguser",
    ] {
        let row = WorkflowSpec::parse(&on(column)).unwrap().row();
        let error = world.admin.try_create(row).unwrap_err();
        assert_eq!(error.code().to_string(), "0x80040235", "{error}");
        assert!(
            error.message().contains("nothing would ever start the workflow"),
            "{error}"
        );
    }
    for column in ["revenue", "ownerid", "statuscode", "owningbusinessunit"] {
        world.draft(&on(column));
    }
}

#[test]
fn tables_that_take_no_workflow_are_refused() {
    let world = Workplace::new();
    let of = |table: &str, scope: i32| {
        let row = Row::unsaved("workflow")
            .with("name", "w")
            .with("category", Value::Choice(0))
            .with("primaryentity", table)
            .with("scope", Value::Choice(scope));
        world
            .admin
            .try_create(row)
            .map(|_| ())
            .map_err(|error| error.message().to_owned())
    };
    // Those by which the organisation is administered: a workflow that refuses would lock out
    // whoever could take it away.
    for table in [
        "workflow",
        "sdkmessageprocessingstep",
        "pluginassembly",
        "plugintype",
        "role",
        "privilege",
        "systemuser",
        "team",
        "businessunit",
        "organization",
        "solution",
        "solutioncomponent",
    ] {
        let told = of(table, 4).unwrap_err();
        assert!(told.contains("no workflow runs for rows"), "{table}: {told}");
    }
    assert!(of("nowhere", 4).unwrap_err().contains("nowhere"));
    assert!(of("transactioncurrency", 1).unwrap_err().contains("scope Organization"));
}

#[test]
fn a_column_that_starts_it_is_named_once() {
    let world = Workplace::new();
    let on = json!({ "on": { "update": ["name"] } });
    let row = WorkflowSpec::parse(&spec("w", &on, json!([task(json!("x"))])))
        .unwrap()
        .row();
    let often = row.with("triggeronupdateattributelist", "name,fax,".repeat(100_000));
    let error = world.admin.try_create(often).unwrap_err();
    assert!(
        error.message().contains("column `name` of `account` is named twice"),
        "{error}"
    );
}

/// A request that is recorded has no definition: it holds configurations of plug-ins.
#[test]
fn a_definition_is_not_recorded_with_a_request() {
    let world = Workplace::new();
    let call = json!([{ "call": { "plugin": "probe", "configuration": "hunter2" } }, task(json!({ "column": "no" }))]);
    let row = WorkflowSpec::parse(&spec("recorded", &json!({}), call)).unwrap().row();
    world.admin.try_create(row).unwrap_err();
    let recorded = format!("{:?}", world.admin.list(Query::new("sl_messagetrace")));
    assert!(recorded.contains("recorded"), "{recorded}");
    assert!(!recorded.contains("hunter2"), "{recorded}");
}
