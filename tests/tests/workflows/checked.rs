//! What is checked before a workflow runs: whatever could not work is refused when the workflow is made or
//! activated, and not in somebody's request.

use serde_json::{Value as Json, json};
use sluice_model::{Code, Uuid};
use sluice_platform::WorkflowSpec;

use crate::{
    background::{background, on_create},
    world::{Workplace, account, is, spec, switch, task},
};

/// What activating a workflow with these actions is refused with.
#[track_caller]
fn refused(world: &Workplace, actions: Json) -> String {
    let on = json!({ "on": { "create": true } });
    let draft = world.draft(&spec("Wrong", &on, actions));
    let error = switch(&world.admin, draft, true).unwrap_err();
    world.admin.try_delete("workflow", draft).unwrap();
    error.message().to_owned()
}

#[test]
fn inputs_and_outputs_are_of_the_kinds_that_the_plug_in_declares() {
    let world = Workplace::new();
    world.push_probe();
    let call = |rate: Json| {
        json!({ "call": { "plugin": "probe/probe", "configuration": "input Rate\ntext-output Answer forty-two",
                          "inputs": { "Rate": rate }, "as": "probe" } })
    };
    let answer = json!({ "output": "Answer", "of": "probe" });
    for (actions, says) in [
        (
            json!([call(json!("abc"))]),
            "declares its input `Rate` as decimal, and is given `\"abc\"`",
        ),
        (json!([call(json!(true))]), "is given `true`"),
        (
            json!([call(json!({ "column": "name" }))]),
            "is given column `name`, which is text",
        ),
        (
            json!([call(json!({ "first": [{ "column": "numberofemployees" }, "many"] }))]),
            "is given `\"many\"`",
        ),
        (json!([call(json!({ "now": {} }))]), "is given a point in time"),
        (json!([call(json!({ "row": {} }))]), "is given a row of `account`"),
        (json!([call(json!(null))]), "needs its input `Rate`"),
        (
            json!([call(json!(1)), { "update": { "set": { "numberofemployees": answer } } }]),
            "action 2 of the workflow: the plug-in probe/probe declares its output `Answer` as text: column \
             `numberofemployees` of `account` is int",
        ),
        (
            json!([call(json!(1)), { "check": { "if": is("creditonhold", answer.clone()), "then": [] } }]),
            "column `creditonhold` of `account` is bool",
        ),
    ] {
        let message = refused(&world, actions);
        assert!(message.contains(says), "{message}");
        assert!(message.starts_with("action "), "the place is told: {message}");
    }
    let waits = json!([call(json!(1)), { "wait": { "until": answer } }]);
    let draft = world.draft(&spec(
        "Waits",
        &json!({ "on-demand": true, "mode": "background" }),
        waits,
    ));
    let error = switch(&world.admin, draft, true).unwrap_err();
    assert!(
        error
            .message()
            .contains("what is waited for, or moved, is a point in time"),
        "{error}"
    );
    world.active(&spec(
        "Right",
        &json!({ "on-demand": true }),
        json!([
            call(json!({ "first": [{ "column": "numberofemployees" }, 7] })),
            task(answer)
        ]),
    ));
}

#[test]
fn a_status_reason_is_one_of_its_state() {
    let world = Workplace::new();
    let made = |actions: Json| {
        let row = WorkflowSpec::parse(&spec("Wrong", &json!({}), actions)).unwrap().row();
        world.admin.try_create(row)
    };
    for actions in [
        json!([{ "change-state": { "state": 1, "status": 1 } }]),
        json!([{ "change-state": { "state": "Inactive", "status": "Active" } }]),
        json!([{ "update": { "set": { "statecode": 0, "statuscode": 2 } } }]),
        // A new row begins in the first state.
        json!([{ "create": { "table": "account", "set": { "name": "x", "statuscode": 2 } } }]),
    ] {
        let error = made(actions).unwrap_err();
        assert_eq!(error.code(), Code::INVALID_STATE, "{error}");
        assert!(
            error.message().starts_with("action 1 of the workflow:") && error.message().contains("valid there:"),
            "{error}"
        );
    }
    // To be won and lost are messages of their own, which no action sends.
    for (state, message) in [(json!(1), "WinOpportunity"), (json!("Lost"), "LoseOpportunity")] {
        let table = json!({ "table": "opportunity" });
        let closes = [
            json!([{ "change-state": { "state": state } }]),
            json!([{ "update": { "set": { "statecode": state } } }]),
        ];
        for actions in closes {
            let row = WorkflowSpec::parse(&spec("Wrong", &table, actions)).unwrap().row();
            let error = world.admin.try_create(row).unwrap_err();
            assert_eq!(error.code(), Code::INVALID_STATE, "{error}");
            assert!(error.message().contains(message), "{error}");
        }
    }
    let error = made(json!([{ "update": { "set": { "statecode": null } } }])).unwrap_err();
    assert!(error.message().contains("cannot be emptied"), "{error}");
    made(json!([{ "change-state": { "state": 1, "status": 2 } }])).unwrap();
    // In which state the row is by then is not known.
    made(json!([{ "update": { "set": { "statuscode": 2 } } }])).unwrap();
}

#[test]
fn no_message_is_sent_that_the_platform_keeps_for_itself() {
    let world = Workplace::new();
    let text = spec(
        "Wrong",
        &json!({}),
        json!([{ "create": { "table": "audit", "set": {} } }]),
    );
    let error = world
        .admin
        .try_create(WorkflowSpec::parse(&text).unwrap().row())
        .unwrap_err();
    assert!(
        error
            .message()
            .contains("the platform keeps the rows of `audit` itself"),
        "{error}"
    );
}

#[test]
fn rows_that_are_named_are_there() {
    let world = Workplace::new();
    let nobody = Uuid::from_u128(7);
    for actions in [
        json!([{ "assign": { "to": format!("team:{nobody}") } }]),
        json!([{ "update": { "set": { "primarycontactid": nobody.to_string() } } }]),
        json!([{ "check": { "if": is("primarycontactid", json!(nobody.to_string())), "then": [] } }]),
    ] {
        let message = refused(&world, actions);
        assert!(
            message.starts_with("action 1 of the workflow: it names the row") && message.contains(&nobody.to_string()),
            "{message}"
        );
    }
    let team = world
        .admin
        .create(sluice_model::Row::unsaved("team").with("name", "West"));
    world.active(&spec(
        "There",
        &json!({ "on-demand": true }),
        json!([{ "assign": { "to": format!("team:{team}") } }]),
    ));
}

/// A label is what people see, and may be another one tomorrow.
#[test]
fn options_are_kept_by_their_numbers() {
    let world = Workplace::new();
    let admin = world.org.program();
    admin.json(&["option-set", "add", "account.industrycode", "500", "Space"]);
    let on = json!({ "on": { "create": true } });
    let actions = json!([
        { "check": { "if": { "or": [is("industrycode", json!("Space")), { "not": is("statecode", json!("Active")) }] },
            "then": [{ "update": { "set": { "industrycode": { "first": [{ "column": "accountcategorycode" }, "Space"] } } } }],
            "else": [task(json!("Space"))] } },
        { "create": { "table": "lead", "as": "lead", "set": { "lastname": "Wu", "leadqualitycode": "Hot" } } },
        { "change-state": { "row": { "created": "lead" }, "state": "Disqualified", "status": "Lost" } }
    ]);
    let id = world.active(&spec("Space", &on, actions));
    let kept: Json = serde_json::from_str(world.admin.get("workflow", id).text("clientdata").unwrap()).unwrap();
    let check = &kept["actions"][0]["check"];
    assert_eq!(check["if"]["or"][0]["compare"]["value"], 500);
    assert_eq!(check["if"]["or"][1]["not"]["compare"]["value"], 0);
    assert_eq!(check["then"][0]["update"]["set"]["industrycode"]["first"][1], 500);
    assert_eq!(
        check["else"][0]["create"]["set"]["subject"], "Space",
        "a text stays one"
    );
    assert_eq!(kept["actions"][1]["create"]["set"]["leadqualitycode"], 1);
    assert_eq!(kept["actions"][2]["change-state"]["state"], 2);

    admin.json(&[
        "option-set",
        "update",
        "account.industrycode",
        "500",
        "--label",
        "Cosmos",
    ]);
    admin.json(&["option-set", "update", "lead.statuscode", "4", "--label", "Gone"]);
    world
        .admin
        .create(account("Novak").with("industrycode", sluice_model::Value::Choice(500)));
    world.admin.create(account("Berg"));
    assert_eq!(world.told(), ["Space"]);
}

#[test]
fn an_option_that_is_named_is_not_removed() {
    let world = Workplace::new();
    let admin = world.org.program();
    admin.json(&["option-set", "add", "account.industrycode", "499", "Sea"]);
    admin.json(&["option-set", "add", "account.industrycode", "500", "Space"]);
    let id = world.active(&spec(
        "Space",
        &json!({ "on": { "create": true } }),
        json!([{ "check": { "if": is("industrycode", json!(500)), "then": [task(json!("x"))] } }]),
    ));
    let error = admin.refused(&["option-set", "remove", "account.industrycode", "500"]);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("the workflow \"Space\" names one of them"),
        "{message}"
    );
    switch(&world.admin, id, false).unwrap();
    world.admin.try_delete("workflow", id).unwrap();
    admin.json(&["option-set", "remove", "account.industrycode", "500"]);
}

#[test]
fn what_is_waited_for_is_kept_by_numbers() {
    let world = Workplace::new();
    let admin = world.org.program();
    let add = |value: &str, label: &str| admin.json(&["option-set", "add", "account.industrycode", value, label]);
    // A number that is a label here, and the number of another option later.
    add("500", "600");
    let wait = json!([{ "wait": { "for": { "and": [is("industrycode", json!("600"))] } } }, task(json!("x"))]);
    let id = world.active(&background("Waiting", &on_create(), wait));
    add("600", "Other");
    let kept = world.admin.get("workflow", id);
    let kept: Json = serde_json::from_str(kept.text("clientdata").unwrap()).unwrap();
    assert_eq!(kept["actions"][0]["wait"]["for"]["and"][0]["compare"]["value"], 500);
}

/// What one thing says and another takes back is refused by its name.
#[test]
fn what_contradicts_itself_is_no_definition() {
    let none = || json!([{ "stop": { "as": "succeeded" } }]);
    let told = |more: Json| WorkflowSpec::parse(&spec("Odd", &more, none())).map(|_| String::new());
    let background = |more: Json| {
        let mut whole = json!({ "mode": "background", "on": { "update": ["name"] } });
        whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        whole
    };
    for (more, says) in [
        (
            json!({ "on": { "create": true }, "when": "before" }),
            "`when` is `before`",
        ),
        (
            json!({ "on": { "delete": true }, "when": "after" }),
            "`when` is `after`",
        ),
        (
            json!({ "on": { "create": true, "delete": true }, "when": "before" }),
            "`when` is `before`",
        ),
        (json!({ "child": true, "when": "before" }), "`when` is `before`"),
        (
            json!({ "on": { "create": true }, "auto-delete": true }),
            "`auto-delete` is said of workflows in the background",
        ),
        (
            background(json!({ "rank": 1 })),
            "`rank` is said of workflows in real time",
        ),
        (
            background(json!({ "when": "after" })),
            "`when` is said of workflows in real time",
        ),
        (
            background(json!({ "run-as": "caller" })),
            "`run-as` is said of workflows in real time",
        ),
        (
            background(json!({ "log-failures": true })),
            "`log-failures` is said of workflows in real time",
        ),
    ] {
        let error = told(more.clone()).unwrap_err();
        assert!(error.message().contains(says), "{more}: {error}");
    }
    for more in [
        json!({ "on": { "create": true }, "when": "after" }),
        json!({ "on": { "delete": true }, "when": "before" }),
        json!({ "on": { "create": true, "update": ["name"], "delete": true }, "when": "before" }),
        background(json!({ "auto-delete": true, "log-failures": false })),
    ] {
        told(more).unwrap();
    }
}

/// Of two members of one name one would be lost: in a file, and in a row.
#[test]
fn nothing_is_said_twice() {
    let world = Workplace::new();
    let twice = r#"{"actions": [{"update": {"set": {"description": "a", "description": "b"}}}]}"#;
    let says = "the member \"description\" is there twice";
    let file = format!(r#"{{"name": "T", "table": "account", {}"#, &twice[1..]);
    let error = WorkflowSpec::parse(&file).unwrap_err();
    assert!(error.message().contains(says), "{error}");
    let row = WorkflowSpec::parse(&file.replacen(r#""description": "a", "#, "", 1))
        .unwrap()
        .row();
    let error = world
        .admin
        .try_create(row.clone().with("clientdata", twice))
        .unwrap_err();
    assert!(error.message().contains(says), "{error}");
    world.admin.try_create(row).unwrap();
}
