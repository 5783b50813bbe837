//! Plug-ins that a workflow calls with parameters of its own, e-mails, and the log of its actions.

use serde_json::{Value as Json, json};
use sluice_model::{Depth, Query, Row, Value};

use crate::world::{Workplace, account, is, seller, spec, switch, task};

#[test]
fn a_plug_in_is_given_inputs_and_gives_back() {
    let world = Workplace::new();
    world.push_probe();
    let call = |inputs: serde_json::Value| {
        json!({ "call": { "plugin": "probe/probe", "configuration": "input Rate\ntext-output Answer forty-two",
                          "inputs": inputs, "as": "probe" } })
    };
    let actions = json!([
        call(json!({ "Rate": { "column": "numberofemployees" } })),
        task(json!({ "text": ["answer ", { "output": "Answer", "of": "probe" }] })),
        { "update": { "set": { "description": { "output": "Answer", "of": "probe" } } } }
    ]);
    for mode in ["real-time", "background"] {
        let name = format!("Ask in the {mode}");
        let workflow = world.active(&spec(
            &name,
            &json!({ "on": { "create": true }, "mode": mode }),
            actions.clone(),
        ));
        let id = world.admin.create(account("Novak").with("numberofemployees", 7));
        assert_eq!(world.told(), ["answer forty-two"], "{mode}");
        assert_eq!(world.admin.get("account", id).text("description"), Some("forty-two"));
        // What it is to have, and does not, refuses the request in real time.
        let without = world.admin.try_create(account("Berg"));
        assert_eq!(without.is_err(), mode == "real-time", "{mode}");
        switch(&world.admin, workflow, false).unwrap();
        for task in world.admin.list(Query::new("task")) {
            world.admin.try_delete("task", task.id).unwrap();
        }
    }
    let on = json!({ "on": { "create": true } });
    for (actions, says) in [
        (
            json!([call(json!({ "Speed": 1, "Rate": 2 }))]),
            "declares no input `Speed`",
        ),
        (json!([call(json!({}))]), "needs its input `Rate`"),
        (
            json!([
                call(json!({ "Rate": 2 })),
                task(json!({ "output": "Reply", "of": "probe" }))
            ]),
            "declares no output `Reply`",
        ),
    ] {
        let draft = world.draft(&spec("Wrong", &on, actions));
        let error = switch(&world.admin, draft, true).unwrap_err();
        assert!(error.message().contains(says), "{error}");
    }
    let early = json!([
        task(json!({ "output": "Answer", "of": "probe" })),
        call(json!({ "Rate": 2 }))
    ]);
    let row = sluice_platform::WorkflowSpec::parse(&spec("Early", &on, early))
        .unwrap()
        .row();
    let error = world.admin.try_create(row).unwrap_err();
    assert!(
        error
            .message()
            .contains("no action before this one calls a plug-in as \"probe\""),
        "{error}"
    );
}

/// So it is asked for what its file requires where the call says nothing of inputs.
#[test]
fn a_plug_in_that_is_given_nothing_is_asked_for_what_it_requires() {
    let world = Workplace::new();
    world.push_probe();
    let on = json!({ "on": { "create": true } });
    for call in [
        json!({ "plugin": "probe/probe" }),
        json!({ "plugin": "probe/probe", "inputs": {} }),
    ] {
        let draft = world.draft(&spec("Wrong", &on, json!([{ "call": call }])));
        let error = switch(&world.admin, draft, true).unwrap_err();
        assert!(error.message().contains("needs its input `Rate`"), "{error}");
    }
}

#[test]
fn an_e_mail_waits_to_be_sent() {
    let world = Workplace::new();
    let mail = json!([
        { "send-email": { "to": [{}], "subject": { "text": ["Welcome, ", { "column": "name" }] }, "body": "Hello", "as": "mail" } },
        { "update": { "row": { "created": "mail" }, "set": { "prioritycode": 2 } } }
    ]);
    let only_sent = json!([mail[0].clone()]);
    world.active(&spec("Greet", &json!({ "on": { "create": true } }), only_sent));
    let id = world
        .admin
        .create(account("Novak").with("emailaddress1", "novak@example.com"));
    let mails = world.admin.list(Query::new("email"));
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(
        (mail.text("subject"), mail.text("description")),
        (Some("Welcome, Novak"), Some("Hello"))
    );
    assert_eq!(mail.text("torecipients"), Some("novak@example.com"));
    assert_eq!((mail.int("statecode"), mail.int("statuscode")), (Some(1), Some(6)));
    assert_eq!(mail.lookup("regardingobjectid").map(|row| row.id), Some(id));
    let error = world.admin.try_create(account("Without")).unwrap_err();
    assert!(
        error.message().contains("which has no address in `emailaddress1`"),
        "{error}"
    );
    let to_a_task = json!([{ "create": { "table": "task", "set": { "subject": "x" }, "as": "t" } },
                           { "send-email": { "to": [{ "created": "t" }], "subject": "x" } }]);
    let text = spec("Wrong", &json!({ "on": { "create": true } }), to_a_task);
    let row = sluice_platform::WorkflowSpec::parse(&text).unwrap().row();
    let error = world.admin.try_create(row).unwrap_err();
    assert!(
        error.message().contains("have no address that an e-mail goes to"),
        "{error}"
    );
}

#[test]
fn each_action_in_the_background_is_logged() {
    let world = Workplace::new();
    let actions =
        json!([task(json!("one")), { "change-state": { "row": { "related": "primarycontactid" }, "state": 1 } }]);
    let more = json!({ "on": { "create": true }, "mode": "background" });
    world.active(&spec("Log me", &more, actions));
    world.admin.create(account("Novak"));
    let logged: Vec<(String, i32)> = world
        .admin
        .list(Query::new("workflowlog"))
        .iter()
        .map(|row| (row.text("stepname").unwrap().to_owned(), row.int("status").unwrap()))
        .collect();
    assert_eq!(
        logged,
        [
            ("1: create a row of task".to_owned(), 2),
            (
                "2: change the state of the row that `primarycontactid` refers to".to_owned(),
                5
            )
        ]
    );
    let row = Row::unsaved("workflowlog").with("stepname", "x");
    assert!(world.admin.try_create(row).is_err(), "the platform makes them");
    let job = world.admin.list(Query::new("asyncoperation")).remove(0);
    let canceled = Row::new("asyncoperation", job.id).with("statecode", Value::Choice(3));
    world.admin.update(canceled.with("statuscode", Value::Choice(32)));
    world.admin.try_delete("asyncoperation", job.id).unwrap();
    assert_eq!(world.admin.count("workflowlog"), 0, "it goes with its job");
}

/// What was logged of it on the way goes with it.
#[test]
fn a_run_that_is_removed_takes_its_log_along() {
    let world = Workplace::new();
    let more = json!({ "on": { "create": true }, "mode": "background", "auto-delete": true });
    let actions = json!([{ "wait": { "for": is("fax", json!("1")) } }, task(json!("done"))]);
    world.active(&spec("quiet", &more, actions));
    let row = world.admin.create(account("Novak"));
    let left = || ["asyncoperation", "workflowlog"].map(|table| world.admin.count(table));
    assert_eq!(left(), [1, 1]);
    world.admin.update(Row::new("account", row).with("fax", "1"));
    assert_eq!(world.told(), ["done"]);
    assert_eq!(left(), [0, 0]);
}

#[test]
fn who_runs_a_child_may_read_it() {
    let world = Workplace::new();
    world.active(&spec("Child", &json!({ "child": true }), json!([task(json!("child"))])));
    world.active(&spec(
        "Parent",
        &json!({ "on": { "create": true } }),
        json!([{ "start-child": { "workflow": "Child" } }]),
    ));
    let able = seller(&world.org, "able", Depth::User);
    able.create(account("Novak"));
    assert_eq!(world.told(), ["child"]);
    let verbs = ["Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign"];
    let rights = sluice_tests::people::privileges(&verbs, &["Account", "Contact", "Activity"], Depth::User);
    let blind = sluice_tests::people::user(&world.org, "blind", &rights);
    let error = blind.try_create(account("Berg")).unwrap_err();
    assert_eq!(error.body().privilege.as_deref(), Some("prvReadWorkflow"), "{error}");
}

/// Once it was found, it is known by its id: another name changes nothing, and another workflow of the old name
/// is not it.
#[test]
fn a_child_that_was_renamed_is_found_again() {
    let world = Workplace::new();
    let child = world.active(&spec("Child", &json!({ "child": true }), json!([task(json!("made"))])));
    let starts = json!([{ "check": {
        "if": { "compare": { "column": "name", "is": "has-data" } },
        "then": [{ "start-child": { "workflow": "Child" } }],
    } }]);
    let parent = world.active(&spec("Parent", &json!({ "on": { "create": true } }), starts));
    let again = |name: &str| {
        switch(&world.admin, child, false).unwrap();
        world.admin.update(Row::new("workflow", child).with("name", name));
        switch(&world.admin, child, true).unwrap();
        switch(&world.admin, parent, false).unwrap();
        switch(&world.admin, parent, true).unwrap();
    };
    again("Other");
    world.admin.create(account("Novak"));
    assert_eq!(world.told(), ["made"]);
    world.active(&spec(
        "Child",
        &json!({ "child": true }),
        json!([task(json!("not this one"))]),
    ));
    again("Third");
    world.admin.create(account("Berg"));
    assert_eq!(world.told(), ["made", "made"]);
    let definition = world.admin.get("workflow", parent);
    let definition: Json = serde_json::from_str(definition.text("clientdata").unwrap()).unwrap();
    let start = &definition["actions"][0]["check"]["then"][0]["start-child"];
    assert_eq!(*start, json!({ "workflow": child.to_string(), "called": "Third" }));
    // What is told of it is its name.
    switch(&world.admin, child, false).unwrap();
    let error = world.admin.try_create(account("Without")).unwrap_err();
    assert!(error.message().contains("no active workflow \"Third\""), "{error}");
}
