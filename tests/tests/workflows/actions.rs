//! What a workflow does: rows made and changed, conditions, values, ends, children.

use serde_json::{Value as Json, json};
use sluice_model::{Depth, Query, Reference, Row, Uuid, Value};
use sluice_platform::WorkflowSpec;

use crate::world::{Workplace, account, is, seller, spec, switch, task};

#[test]
fn it_makes_changes_assigns_and_closes_rows() {
    let world = Workplace::new();
    let other = seller(&world.org, "other", Depth::Organization);
    let actions = json!([
        { "create": { "table": "contact", "as": "person", "set": {
            "lastname": { "text": ["Head of ", { "column": "name" }] },
            "parentcustomerid": { "row": {} },
            "telephone1": { "first": [{ "column": "telephone1" }, "none"] },
            "birthdate": "1980-01-31" } } },
        { "update": { "set": { "primarycontactid": { "row": { "created": "person" } }, "revenue": 1500.5 } } },
        { "update": { "row": { "created": "person" }, "set": { "description": { "column": "revenue" } } } },
        { "assign": { "row": { "created": "person" }, "to": format!("systemuser:{}", other.id()) } },
        { "change-state": { "row": { "created": "person" }, "state": "Inactive" } },
    ]);
    world.active(&spec("all", &json!({ "on": { "create": true } }), actions));
    let id = world.admin.create(account("Novak"));
    let made = world.admin.get("account", id);
    let person = world.admin.get("contact", made.id_of("primarycontactid").unwrap());
    assert_eq!(person.text("lastname"), Some("Head of Novak"));
    assert_eq!(person.text("telephone1"), Some("none"));
    assert_eq!(person.text("description"), Some("1500.5"));
    assert_eq!(person.lookup("parentcustomerid"), Some(&Reference::new("account", id)));
    assert_eq!(person.id_of("ownerid"), Some(other.id()));
    assert_eq!(person.int("statecode"), Some(1));
}

#[test]
fn conditions_lead_one_way_or_the_other() {
    let world = Workplace::new();
    let big = json!({ "and": [
        { "compare": { "column": "revenue", "is": "ge", "value": 1000 } },
        { "not": is("industrycode", json!("Accounting")) },
        { "or": [
            { "compare": { "column": "name", "is": "begins-with", "value": "no" } },
            { "compare": { "column": "lastname", "row": { "related": "primarycontactid" }, "is": "has-data" } },
        ] },
    ] });
    let actions = json!([
        { "check": { "if": big, "then": [task(json!({ "text": ["big ", { "column": "industrycode" }] }))],
                     "else": [{ "check": { "if": { "compare": { "column": "revenue", "is": "has-no-data" } },
                                           "then": [task(json!("none"))], "else": [task(json!("small"))] } }] } },
    ]);
    world.active(&spec("sizes", &json!({ "on": { "create": true } }), actions));
    let person = world.admin.create(Row::unsaved("contact").with("lastname", "Wu"));
    let person = Reference::new("contact", person);
    let money = |amount: i32| Value::Money(amount.into());
    for row in [
        account("Novak")
            .with("revenue", money(1000))
            .with("industrycode", Value::Choice(2)),
        account("Novak")
            .with("revenue", money(1000))
            .with("industrycode", Value::Choice(1)),
        account("Novak").with("revenue", money(999)),
        account("Berg"),
        account("Berg").with("revenue", money(5000)),
        account("Berg")
            .with("revenue", money(5000))
            .with("primarycontactid", person),
    ] {
        world.admin.create(row);
    }
    let second = world.admin.0.catalog().unwrap();
    let label = second
        .table("account")
        .unwrap()
        .column("industrycode")
        .unwrap()
        .kind
        .options()
        .unwrap()[1]
        .label
        .clone();
    assert_eq!(
        world.told(),
        [
            format!("big {label}").as_str(),
            "small",
            "small",
            "none",
            "small",
            "big "
        ]
    );
}

#[test]
fn it_stops_as_succeeded_or_refuses_with_its_words() {
    let world = Workplace::new();
    let actions = json!([
        { "check": { "if": is("name", json!("Fine")), "then": [{ "stop": { "as": "succeeded" } }] } },
        task(json!("lost with the refusal")),
        { "check": { "if": is("name", json!("Bad")), "then": [
            { "stop": { "as": "canceled", "message": { "text": ["no ", { "column": "name" }, " here"] } } }] } },
    ]);
    let id = world.active(&spec("guard", &json!({ "on": { "create": true } }), actions));
    world.admin.create(account("Fine"));
    assert_eq!(world.told(), Vec::<String>::new());
    let error = world.admin.try_create(account("Bad")).unwrap_err();
    assert_eq!(
        (error.code().to_string().as_str(), error.message()),
        ("0x80040265", "no Bad here")
    );
    let step = error.body().step.clone().unwrap();
    assert_eq!((step.id, step.name.as_str(), step.kind), (id, "guard", "workflow"));
    assert_eq!(step.action.as_deref(), Some("3 then 1: stop as canceled"));
    assert_eq!(world.told(), Vec::<String>::new(), "what it did before is undone");
    assert_eq!(world.admin.count("account"), 1);
}

#[test]
fn a_child_runs_in_the_same_transaction() {
    let world = Workplace::new();
    let child = json!({ "child": true });
    world.active(&spec(
        "child",
        &child,
        json!([task(json!({ "text": ["child of ", { "column": "name" }] }))]),
    ));
    let parent = json!([{ "start-child": { "workflow": "Child" } }, task(json!("parent"))]);
    world.active(&spec("parent", &json!({ "on": { "create": true } }), parent));
    // A child needs no privilege on workflows of whoever sets its parent off.
    let clerk = seller(&world.org, "clerk", Depth::Organization);
    clerk.create(account("Novak"));
    assert_eq!(world.told(), ["child of Novak", "parent"]);
}

/// A child is the one that was found when its parent was activated.
#[test]
fn another_workflow_of_its_name_is_no_child() {
    let world = Workplace::new();
    let child = |told: &str, more: serde_json::Value| spec("Größe", &more, json!([task(json!(told))]));
    // Neither a child nor on demand: it is not meant.
    world.active(&child("by itself", json!({ "on": { "delete": true } })));
    let first = world.active(&child("first", json!({ "child": true })));
    let parent = json!([{ "start-child": { "workflow": "GRÖSSE" } }]);
    let parent = world.active(&spec("parent", &json!({ "on": { "create": true } }), parent));
    world.active(&child("second", json!({ "on-demand": true })));
    world.admin.create(account("Novak"));
    assert_eq!(world.told(), ["first"]);
    switch(&world.admin, first, false).unwrap();
    let error = world.admin.try_create(account("Berg")).unwrap_err();
    assert_eq!(error.code().to_string(), "0x8004502F");
    assert!(error.message().contains("\"Größe\""), "{error}");
    assert_eq!(world.told(), ["first"]);
    // Activated anew, the parent finds the one that is there now.
    switch(&world.admin, parent, false).unwrap();
    switch(&world.admin, parent, true).unwrap();
    world.admin.create(account("Berg"));
    assert_eq!(world.told(), ["first", "second"]);
    // It is known by now which of two is meant; a new parent has to say it.
    switch(&world.admin, first, true).unwrap();
    switch(&world.admin, parent, false).unwrap();
    switch(&world.admin, parent, true).unwrap();
    world.admin.create(account("Novak"));
    assert_eq!(world.told(), ["first", "second", "second"]);
    let other = json!([{ "start-child": { "workflow": "GRÖSSE" } }]);
    let other = world.draft(&spec("other", &json!({ "on": { "create": true } }), other));
    let error = switch(&world.admin, other, true).unwrap_err();
    assert!(error.message().contains("give the id"), "{error}");
}

#[test]
fn what_is_neither_a_child_nor_on_demand_is_not_started() {
    let world = Workplace::new();
    let on = json!({ "on": { "create": true } });
    world.active(&spec("other", &on, json!([task(json!("other"))])));
    for child in ["other", "itself"] {
        let actions = json!([{ "start-child": { "workflow": child } }]);
        let id = world.draft(&spec("itself", &on, actions));
        let error = switch(&world.admin, id, true).unwrap_err();
        assert_eq!(error.code().to_string(), "0x8004502F");
    }
}

/// What a plug-in calls is not the workflow's, although a workflow called the plug-in.
#[test]
fn a_plug_in_that_it_calls_runs_no_workflow_without_the_privilege() {
    let world = Workplace::new();
    world.push_probe();
    let other = world.active(&spec(
        "other",
        &json!({ "on-demand": true }),
        json!([task(json!("other"))]),
    ));
    let script = format!("run-workflow {other}");
    let calls = json!([{ "call": { "plugin": "probe/probe", "configuration": script, "inputs": { "Rate": 1 } } }]);
    world.active(&spec("calls", &json!({ "on": { "create": true } }), calls));
    let clerk = seller(&world.org, "clerk", Depth::Organization);
    let error = clerk.try_create(account("Novak")).unwrap_err();
    assert_eq!(error.body().privilege.as_deref(), Some("prvWorkflowExecution"));
    assert_eq!(error.body().plugin.as_deref(), Some("probe/probe"));
    assert_eq!(error.body().step.as_ref().unwrap().name, "calls");
    assert_eq!(world.told(), Vec::<String>::new());
    world.admin.create(account("Novak"));
    assert_eq!(world.told(), ["other"]);
}

#[test]
fn what_a_plug_in_that_it_calls_says_is_traced() {
    let world = Workplace::new();
    world.push_probe();
    world.org.program().json(&["settings", "set", "trace", "all"]);
    let calls = json!([
        { "call": { "plugin": "probe/probe", "configuration": "trace one", "inputs": { "Rate": 1 } } },
        { "call": { "plugin": "probe/probe", "configuration": "trace two", "inputs": { "Rate": 1 } } },
    ]);
    for mode in ["real-time", "background"] {
        world.active(&spec(
            mode,
            &json!({ "on": { "create": true }, "mode": mode }),
            calls.clone(),
        ));
    }
    world.admin.create(account("Novak"));
    let rows = world.admin.list(Query::new("plugintracelog").order_by("createdon"));
    let told: Vec<_> = rows
        .iter()
        .filter_map(|row| row.text("messageblock"))
        .map(str::trim)
        .collect();
    assert_eq!(told, ["one", "two", "one", "two"]);
    assert!(
        rows.iter().all(|row| row.text("typename") == Some("probe/probe")),
        "{rows:?}"
    );
    let tree = world.org.program().run(&["trace", "tree"]).stdout;
    assert!(tree.contains("one") && tree.contains("two"), "{tree}");
}

#[test]
fn one_that_sets_itself_off_is_stopped() {
    let world = Workplace::new();
    let again = json!([{ "update": { "set": { "description": { "text": [{ "column": "description" }, "x"] } } } }]);
    let id = world.active(&spec("again", &json!({ "on": { "update": ["description"] } }), again));
    let row = world.admin.create(account("Novak"));
    let error = world
        .admin
        .try_update(Row::new("account", row).with("description", "x"))
        .unwrap_err();
    assert_eq!(error.code().to_string(), "0x80044182");
    assert_eq!(error.body().step.as_ref().unwrap().id, id);
    assert_eq!(world.admin.get("account", row).text("description"), None);

    let itself = json!([{ "start-child": { "workflow": "itself" } }]);
    let id = world.active(&spec(
        "itself",
        &json!({ "on": { "create": true }, "child": true }),
        itself,
    ));
    let error = world.admin.try_create(account("Berg")).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80044182");
    assert_eq!(error.body().step.as_ref().unwrap().id, id);
}

#[test]
fn a_row_that_is_not_there_is_said() {
    let world = Workplace::new();
    let actions = json!([{ "update": { "row": { "related": "primarycontactid" }, "set": { "fax": "1" } } }]);
    world.active(&spec("fax", &json!({ "on": { "create": true } }), actions));
    let error = world.admin.try_create(account("Novak")).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80045031");
    assert!(
        error.message().contains("the row that `primarycontactid` refers to"),
        "{error}"
    );
}

#[test]
fn the_time_is_that_of_the_request() {
    let world = Workplace::new();
    let actions = json!([{ "create": { "table": "task", "set": {
        "subject": "due", "scheduledend": { "now": { "days": 2, "hours": 1 } } } } }]);
    world.active(&spec("due", &json!({ "on": { "create": true } }), actions));
    world.admin.create(account("Novak"));
    let tasks = world
        .admin
        .list(Query::new("task").columns(&["scheduledend", "createdon"]));
    let time = |column: &str| tasks[0].get(column).unwrap().as_time().unwrap();
    let later = time("scheduledend").duration_since(time("createdon")).as_secs();
    assert!((49 * 3600 - 2..=49 * 3600).contains(&later), "{later}");
}

#[test]
fn an_update_changes_what_a_column_holds() {
    let world = Workplace::new();
    let actions = json!([{ "update": { "set": {
        "description": { "append": { "text": [" / ", { "column": "name" }] } },
        "numberofemployees": { "increment": 2 },
        "revenue": { "multiply": 1.5 },
        "creditlimit": { "multiply": 2 },
        "marketcap": { "decrement": { "column": "revenue" } },
        "sharesoutstanding": { "multiply": { "column": "importsequencenumber" } },
        "fax": null,
    } } }]);
    world.active(&spec("change", &json!({ "on": { "create": true } }), actions));
    let money = |amount: i32| Value::Money(amount.into());
    let id = world.admin.create(
        account("Novak")
            .with("description", "old")
            .with("fax", "1")
            .with("numberofemployees", 40)
            .with("revenue", money(100))
            .with("marketcap", money(300))
            .with("sharesoutstanding", 30),
    );
    let row = world.admin.get("account", id);
    assert_eq!(row.text("description"), Some("old / Novak"));
    assert_eq!(row.int("numberofemployees"), Some(42));
    let amount = |column: &str| {
        row.get(column)
            .and_then(Value::as_decimal)
            .map(|n| n.normalize().to_string())
    };
    assert_eq!(amount("revenue").as_deref(), Some("150"));
    assert_eq!(amount("creditlimit"), None, "nothing is no number to multiply");
    assert_eq!(amount("marketcap").as_deref(), Some("200"), "by the revenue as it was");
    assert_eq!(
        row.int("sharesoutstanding"),
        Some(30),
        "nothing is no number to multiply by"
    );
    assert_eq!(row.text("fax"), None);
}

#[test]
fn it_calls_a_plug_in_in_real_time_and_in_the_background() {
    let world = Workplace::new();
    world.push_probe();
    let script = json!({ "text": ["create task subject of-", { "column": "name" }] });
    let calls = |script: serde_json::Value| json!([{ "call": { "plugin": "probe/probe", "configuration": script, "inputs": { "Rate": 1 } } }]);
    for mode in ["real-time", "background"] {
        let more = json!({ "on": { "create": true }, "mode": mode });
        world.active(&spec(mode, &more, calls(script.clone())));
    }
    world.admin.create(account("Novak"));
    assert_eq!(world.told(), ["of-Novak", "of-Novak"]);
    // What it changes of the row before an Update goes into the request.
    let before = json!({ "on": { "update": ["name"] }, "when": "before" });
    world.active(&spec("before", &before, calls(json!("set description by-plug-in"))));
    let id = world.admin.find("account", "Novak");
    world.admin.update(Row::new("account", id).with("name", "Berg"));
    assert_eq!(world.admin.get("account", id).text("description"), Some("by-plug-in"));
}

#[test]
fn a_plug_in_that_fails_or_is_not_there_is_named() {
    let world = Workplace::new();
    world.push_probe();
    for (script, code) in [("refuse no", "0x80040265"), ("swallow-read sl_nothing", "0x8009000C")] {
        let actions = json!([{ "call": { "plugin": "probe", "configuration": script, "inputs": { "Rate": 1 } } }]);
        let id = world.active(&spec("calls", &json!({ "on": { "create": true } }), actions));
        let error = world.admin.try_create(account("Novak")).unwrap_err();
        assert_eq!(error.code().to_string(), code);
        assert_eq!(error.body().plugin.as_deref(), Some("probe/probe"));
        let step = error.body().step.as_ref().unwrap();
        assert_eq!(
            (step.id, step.action.as_deref()),
            (id, Some("1: call the plug-in probe"))
        );
        switch(&world.admin, id, false).unwrap();
    }
    let actions = json!([{ "call": { "plugin": "nobody/nothing" } }]);
    let id = world.draft(&spec("calls", &json!({ "on": { "create": true } }), actions));
    let error = switch(&world.admin, id, true).unwrap_err();
    assert!(
        error.message().contains("there is no plug-in \"nobody/nothing\""),
        "{error}"
    );
}

/// A text is cut while it is built: many long parts cost no more than the longest that is taken.
#[test]
fn a_text_that_becomes_too_long_is_refused_and_a_message_is_cut() {
    let world = Workplace::new();
    let parts: Vec<Json> = (0..9_000).map(|_| json!({ "column": "description" })).collect();
    let tell = json!([{ "update": { "set": { "fax": { "text": parts } } } }]);
    world.active(&spec("tell", &json!({ "on": { "update": ["telephone1"] } }), tell));
    let stop = json!([{ "stop": { "as": "canceled", "message": { "text": parts } } }]);
    world.active(&spec("stop", &json!({ "on": { "update": ["telephone2"] } }), stop));
    let long = "x".repeat(2_000);
    let row = world.admin.create(account("Novak").with("description", long));
    let change = |column: &str| {
        world
            .admin
            .try_update(Row::new("account", row).with(column, "1"))
            .unwrap_err()
    };
    let error = change("telephone1");
    assert!(error.message().contains("is longer than 65536 characters"), "{error}");
    assert_eq!(change("telephone2").message().chars().count(), 4_000);
}

/// What a workflow reads and writes counts like the calls of plug-ins.
#[test]
fn what_it_carries_counts_for_the_request() {
    let world = Workplace::new();
    let create = [
        "column",
        "create",
        "account",
        "new_long",
        "memo",
        "--max-length",
        "1000000",
    ];
    world.org.program().json(&create);
    let look = json!({ "check": {
        "if": { "compare": { "column": "new_long", "is": "has-data" } },
        "then": [{ "update": { "set": { "fax": "1" } } }] } });
    let many: Vec<Json> = (0..249).map(|_| look.clone()).collect();
    let on = |column: &str| json!({ "on": { "update": [column] } });
    world.active(&spec("many", &on("telephone1"), many.clone().into()));
    world.active(&spec("more", &on("telephone1"), many.into()));
    let long = "x".repeat(1_000_000);
    let row = world.admin.create(account("Novak").with("new_long", long));
    let error = world
        .admin
        .try_update(Row::new("account", row).with("telephone1", "1"))
        .unwrap_err();
    assert_eq!(error.body().limit.as_ref().unwrap().name, "request-bytes");
}

/// A row is below those on the way up its hierarchy, and not below itself; what is empty is below nothing.
#[test]
fn a_condition_asks_for_the_place_in_a_hierarchy() {
    let world = Workplace::new();
    let make = |name: &str, above: Option<Uuid>| {
        let row = account(name);
        world.admin.create(match above {
            Some(id) => row.with("parentaccountid", Reference::new("account", id)),
            None => row,
        })
    };
    let top = make("Top", None);
    let middle = make("Middle", Some(top));
    let other = make("Other", None);
    let asks = |column: &str, is: &str, what: &str| {
        let compare = json!({ "compare": { "column": column, "is": is, "value": top.to_string() } });
        json!({ "check": { "if": compare, "then": [task(json!({ "text": [{ "column": "name" }, what] }))] } })
    };
    let actions = json!([
        asks("accountid", "under", " is under"),
        asks("parentaccountid", "under", "'s parent is under"),
        asks("parentaccountid", "not-under", "'s parent is not under"),
    ]);
    world.active(&spec("Where", &json!({ "on": { "create": true } }), actions));
    make("A", Some(middle));
    make("B", Some(top));
    make("C", Some(other));
    make("D", None);
    assert_eq!(
        world.told(),
        [
            "A is under",
            "A's parent is under",
            "B is under",
            "B's parent is not under",
            "C's parent is not under",
            "D's parent is not under",
        ]
    );
    let wrong = json!([asks("name", "under", ""), asks("transactioncurrencyid", "under", "")]);
    for action in wrong.as_array().unwrap() {
        let text = spec("Wrong", &json!({ "child": true }), json!([action]));
        let error = world
            .admin
            .try_create(WorkflowSpec::parse(&text).unwrap().row())
            .unwrap_err();
        let told = error.message();
        assert!(
            told.contains("refers to no row") || told.contains("stand in no hierarchy"),
            "{told}"
        );
    }
}
