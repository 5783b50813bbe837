//! What a rule does to rows.

use serde_json::json;
use sluice_model::{Reference, Remedy, Request, Row, Value};
use sluice_platform::{Assembly, BusinessRuleSpec, Fix, PushOptions, StepSpec, prelude::*};
use sluice_tests::wasm;

use crate::world::{Workplace, account, switch, when};

#[test]
fn a_required_column_is_required_of_every_door() {
    let world = Workplace::new();
    let before = world.clerk.create(account("Earlier"));
    let rule = world.active(json!([{ "require": ["telephone1"] }]));
    let error = world.clerk.try_create(account("Novak")).unwrap_err();
    assert_eq!(error.message(), "Attribute 'telephone1' cannot be NULL");
    assert_eq!(error.code().to_string(), "0x80040200");
    assert_eq!(error.body().missing, ["telephone1"]);
    let id = world.clerk.create(account("Novak").with("telephone1", "555"));
    let emptied = Row::new("account", id).with("telephone1", Value::Null);
    assert!(world.clerk.try_update(emptied.clone()).is_err());
    assert!(world.admin.try_update(emptied).is_err(), "whoever it is");
    // A change of what the rule does not look at is none of its business.
    world.clerk.update(Row::new("account", before).with("name", "Renamed"));
    switch(&world.admin, rule, false).unwrap();
    world.clerk.create(account("Berg"));
}

/// Neither where the row is assigned itself, nor where it goes along with another one.
#[test]
fn an_assign_is_none_of_a_rules_business() {
    let world = Workplace::new();
    let to = Reference::new("systemuser", world.clerk.id());
    let whose = json!({ "compare": { "column": "ownerid", "is": "eq", "value": format!("systemuser:{}", to.id) } });
    world.active(json!([{ "check": { "if": whose, "then": [{ "require": ["fax"] }] } }]));
    let id = world.admin.create(account("Novak"));
    let parent = Reference::new("account", id);
    let below = account("Below").with("parentaccountid", parent.clone());
    let below = world.admin.create(below);
    let owned = Row::new("account", id).with("ownerid", to.clone());
    let error = world.admin.try_update(owned).unwrap_err();
    assert_eq!(error.message(), "Attribute 'fax' cannot be NULL");
    let assign = Request::new("Assign")
        .with("Target", parent)
        .with("Assignee", to.clone());
    world.admin.0.execute(assign).unwrap();
    assert_eq!(world.admin.get("account", below).lookup("ownerid"), Some(&to));
}

#[test]
fn a_rule_reckons_with_dates() {
    let world = Workplace::new();
    let late = json!({ "compare": { "column": "actualclosedate", "is": "gt",
                                    "value": { "column": "estimatedclosedate", "plus": { "months": 1 } } } });
    let rule = json!([
        { "default": { "actualclosedate": { "column": "estimatedclosedate", "plus": { "weeks": -1 } } } },
        { "check": { "if": late, "then": [
            { "set": { "description": { "text": ["due ", { "column": "estimatedclosedate", "plus": { "months": 1 } }] } } }
        ] } },
    ]);
    let rule = Row::unsaved("workflow")
        .with("category", Value::Choice(2))
        .with("name", "Dates")
        .with("primaryentity", "opportunity")
        .with("clientdata", json!({ "actions": rule }).to_string());
    let rule = world.admin.create(rule);
    switch(&world.admin, rule, true).unwrap();
    let day = |text: &str| Value::Date(text.parse().unwrap());
    let deal = Row::unsaved("opportunity").with("name", "Deal");
    let id = world.admin.create(deal.with("estimatedclosedate", day("2026-01-31")));
    let row = world.admin.get("opportunity", id);
    assert_eq!(row.get("actualclosedate"), Some(&day("2026-01-24")));
    let closed = |to: &str| {
        let change = Row::new("opportunity", id).with("actualclosedate", day(to));
        world.admin.update(change);
    };
    closed("2026-02-28");
    assert!(world.admin.get("opportunity", id).text("description").is_none());
    closed("2026-03-01");
    let row = world.admin.get("opportunity", id);
    assert_eq!(row.text("description"), Some("due 2026-02-28"));
}

#[test]
fn values_are_set_where_the_condition_holds() {
    let world = Workplace::new();
    world.active(json!([
        { "default": { "numberofemployees": 10, "description": { "text": ["of ", { "column": "name" }] } } },
        { "check": {
            "if": { "compare": { "column": "numberofemployees", "is": "ge", "value": 100 } },
            "then": [
                { "set": { "telephone2": "large", "fax": null } },
                { "check": { "if": { "compare": { "column": "websiteurl", "is": "has-no-data" } },
                             "then": [{ "set": { "websiteurl": { "column": "telephone1" } } }] } } ],
            "else": [{ "set": { "telephone2": "small" } }] } }
    ]));
    let small = world.clerk.create(account("Novak"));
    let row = world.admin.get("account", small);
    assert_eq!(row.int("numberofemployees"), Some(10));
    assert_eq!(
        (row.text("telephone2"), row.text("description")),
        (Some("small"), Some("of Novak"))
    );

    let grown = Row::new("account", small)
        .with("numberofemployees", 100)
        .with("telephone1", "555")
        .with("fax", "1");
    world.clerk.update(grown);
    let row = world.admin.get("account", small);
    assert_eq!(
        (row.text("telephone2"), row.text("fax"), row.text("websiteurl")),
        (Some("large"), None, Some("555"))
    );
    // What a row had is no default's business, also where it was emptied.
    world
        .clerk
        .update(Row::new("account", small).with("description", Value::Null));
    assert_eq!(world.admin.get("account", small).get("description"), None);
    let given = world.clerk.create(account("Berg").with("numberofemployees", 3));
    assert_eq!(world.admin.get("account", given).int("numberofemployees"), Some(3));
}

#[test]
fn an_error_is_named_with_its_rule_and_found() {
    let world = Workplace::new();
    let refuse = json!([{ "error": { "column": "name", "message": "`test` is no name" } }]);
    let rule = world.active(json!([when("name", json!("test"), refuse)]));
    world.clerk.create(account("Novak"));
    let error = world.clerk.try_create(account("TEST")).unwrap_err();
    assert_eq!(
        (error.code().to_string(), error.message()),
        ("0x80040265".to_owned(), "`test` is no name")
    );
    let step = error.body().step.clone().unwrap();
    assert_eq!(
        (step.id, step.kind, step.name.as_str()),
        (rule, "business rule", "Rule")
    );
    assert_eq!(step.action.as_deref(), Some("1 then 1: refuse the row"));
    assert!(!error.remedies().contains(&Remedy::DisableStep));

    let request = Request::create(account("test"));
    let found = world.admin.0.isolate(world.clerk.id(), &request).unwrap();
    assert!(found.passes);
    let kind = "business rule";
    assert_eq!(found.culprits.len(), 1);
    assert_eq!(found.culprits[0].fixes(), [Fix::Deactivate { workflow: rule, kind }]);
}

#[test]
fn a_rule_comes_before_plug_ins() {
    let world = Workplace::new();
    let assembly = Assembly {
        name: "probe".to_owned(),
        bytes: wasm("guests", "probe"),
        description: None,
    };
    world.admin.0.push(&assembly, &PushOptions::default()).unwrap();
    let spec = StepSpec {
        plugin: "probe/probe".to_owned(),
        message: "Create".to_owned(),
        table: Some("account".to_owned()),
        stage: 20,
        rank: 1,
        configuration: Some("upper description".to_owned()),
        ..StepSpec::default()
    };
    world.admin.0.register_step(&spec).unwrap();
    world.active(json!([{ "default": { "description": "made by a rule" } }]));
    let id = world.clerk.create(account("Novak"));
    assert_eq!(
        world.admin.get("account", id).text("description"),
        Some("MADE BY A RULE")
    );
}

#[test]
fn a_value_that_the_row_does_not_take_is_the_rules_own() {
    let world = Workplace::new();
    let rule = world.active(json!([when(
        "name",
        json!("test"),
        json!([{ "set": { "numberofemployees": { "increment": 999_999_999 } } }])
    )]));
    let error = world
        .clerk
        .try_create(account("test").with("numberofemployees", 5))
        .unwrap_err();
    assert_eq!(error.body().step.as_ref().map(|step| step.id), Some(rule), "{error}");
}

/// A lookup in a text is the name of its row, to whom the lookup shows it.
#[test]
fn a_lookup_in_a_text_is_a_name() {
    let world = Workplace::new();
    let text = json!({ "text": ["with ", { "column": "primarycontactid" }, " of ", { "column": "ownerid" }] });
    let name = json!({ "column": "primarycontactid" });
    world.active(json!([when(
        "name",
        json!("Novak"),
        json!([{ "set": { "description": text, "fax": name } }])
    )]));
    let contact = world.admin.create(Row::unsaved("contact").with("lastname", "Wu"));
    let lookup = sluice_model::Reference::new("contact", contact);
    let owner = sluice_model::Reference::new("systemuser", world.admin.id());
    let novak = account("Novak")
        .with("primarycontactid", lookup.clone())
        .with("ownerid", owner);
    let id = world.admin.create(novak);
    let row = world.admin.get("account", id);
    let admin = world.admin.get("systemuser", world.admin.id());
    let told = format!("with Wu of {}", admin.text("fullname").unwrap());
    assert_eq!(row.text("description"), Some(told.as_str()));
    assert_eq!(row.text("fax"), Some("Wu"));
}

/// A value is judged as it is stored: rounded to the column's places, without fractions of a second.
#[test]
fn what_a_rule_looks_at_is_what_is_stored() {
    let world = Workplace::new();
    let program = world.org.program();
    program.json(&["column", "create", "account", "zz_m", "money", "--precision", "2"]);
    program.json(&["column", "create", "account", "zz_d", "decimal", "--precision", "0"]);
    program.json(&["column", "create", "account", "zz_t", "date-time"]);
    let refuse = |column: &str, is: &str, value: serde_json::Value| {
        json!({ "check": { "if": { "compare": { "column": column, "is": is, "value": value } },
                           "then": [{ "error": { "column": column, "message": "no" } }] } })
    };
    let has = json!({ "compare": { "column": "telephone1", "is": "has-data" } });
    world.active(json!([
        refuse("zz_m", "ge", json!(100)),
        refuse("zz_d", "ge", json!(10)),
        refuse("zz_t", "eq", json!("2026-01-01T00:00:00Z")),
        // What a rule sets is looked at as it will be stored as well.
        { "check": { "if": has, "then": [
            { "set": { "zz_m": { "multiply": 0.333 } } },
            refuse("zz_m", "eq", json!("1.01"))
        ] } },
        { "check": { "if": { "compare": { "column": "fax", "is": "has-data" } },
                     "then": [{ "error": { "column": "fax", "message": "no" } }] } },
    ]));
    let money = |text: &str| Value::Money(text.parse().unwrap());
    let number = |text: &str| Value::Decimal(text.parse().unwrap());
    let time = |text: &str| Value::DateTime(text.parse().unwrap());
    for (column, value) in [
        ("zz_m", money("99.996")),
        ("zz_d", number("9.6")),
        ("zz_t", time("2026-01-01T00:00:00.4Z")),
    ] {
        let error = world
            .clerk
            .try_create(account("Novak").with(column, value))
            .unwrap_err();
        assert_eq!(error.message(), "no", "{column}");
    }
    let third = account("Novak").with("telephone1", "1").with("zz_m", money("3.03"));
    assert_eq!(world.clerk.try_create(third).unwrap_err().message(), "no");
    let id = world
        .clerk
        .create(account("Berg").with("zz_m", money("99.994")).with("fax", ""));
    let change = Row::new("account", id).with("zz_m", money("99.995"));
    assert_eq!(world.clerk.try_update(change).unwrap_err().message(), "no");
}

/// What the platform fills is there for the rule, as the row will have it.
#[test]
fn a_rule_looks_at_the_row_as_it_will_be() {
    let world = Workplace::new();
    let program = world.org.program();
    program.json(&[
        "column",
        "create",
        "account",
        "zz_def",
        "choice",
        "--option",
        "1=A",
        "--option",
        "2=B",
        "--default",
        "2",
    ]);
    let error = |column: &str| json!([{ "error": { "column": column, "message": format!("no {column}") } }]);
    let rule = world.active(json!([when("zz_def", json!(2), error("zz_def"))]));
    let refused = world.clerk.try_create(account("Novak")).unwrap_err();
    assert_eq!(refused.message(), "no zz_def");
    world.clerk.create(account("Novak").with("zz_def", Value::Choice(1)));
    switch(&world.admin, rule, false).unwrap();
    // A default of a rule comes before the column's own.
    let first = world.active(json!([{ "default": { "zz_def": 1 } }]));
    let id = world.clerk.create(account("First"));
    assert_eq!(world.admin.get("account", id).int("zz_def"), Some(1));
    switch(&world.admin, first, false).unwrap();

    let owner = format!("systemuser:{}", world.clerk.id());
    let whose = json!({ "compare": { "column": "ownerid", "is": "eq", "value": owner } });
    let has = |column: &str| json!({ "compare": { "column": column, "is": "has-data" } });
    let all = [
        "createdon",
        "createdby",
        "owningbusinessunit",
        "owninguser",
        "exchangerate",
    ]
    .map(has);
    world.active(json!([
        { "require": ["ownerid", "statecode", "statuscode", "donotphone", "transactioncurrencyid"] },
        { "check": { "if": { "and": [whose, { "and": all }] }, "then": [{ "set": { "fax": "mine" } }] } },
        when("revenue_base", json!(500), json!([{ "set": { "telephone1": "rich" } }])),
    ]));
    let rich = |amount: i64| Value::Money(amount.into());
    let id = world.clerk.create(account("Berg").with("revenue", rich(500)));
    let row = world.admin.get("account", id);
    assert_eq!((row.text("fax"), row.text("telephone1")), (Some("mine"), Some("rich")));
    let id = world.clerk.create(account("Poor").with("revenue", rich(5)));
    assert_eq!(world.admin.get("account", id).text("telephone1"), None);
    world.clerk.update(Row::new("account", id).with("revenue", rich(500)));
    assert_eq!(world.admin.get("account", id).text("telephone1"), Some("rich"));
}

/// A full name is made of its parts also where a rule has set one of them.
#[test]
fn what_is_made_of_other_columns_is_made_before_a_rule_looks() {
    let world = Workplace::new();
    let test = json!({ "compare": { "column": "fullname", "is": "contains", "value": "test" } });
    let nobody = json!({ "compare": { "column": "lastname", "is": "eq", "value": "Nobody" } });
    let actions = json!([
        { "check": { "if": nobody, "then": [{ "set": { "firstname": "Test" } }] } },
        { "check": { "if": test, "then": [{ "error": { "column": "lastname", "message": "no tests" } }] } },
    ]);
    let text = json!({ "name": "Names", "table": "contact", "actions": actions }).to_string();
    let rule = world
        .admin
        .create(sluice_platform::BusinessRuleSpec::parse(&text).unwrap().row());
    let contact = |last: &str| Row::unsaved("contact").with("lastname", last);
    let id = world.admin.create(contact("Test"));
    switch(&world.admin, rule, true).unwrap();
    for name in ["Testa", "Nobody"] {
        let refused = world.admin.try_create(contact(name)).unwrap_err();
        assert_eq!(refused.message(), "no tests", "{name}");
    }
    world.admin.update(Row::new("contact", id).with("lastname", "Fine"));
}

/// A condition on a time speaks of the whole second, whatever the platform keeps of it.
#[test]
fn a_rule_compares_times_by_the_second() {
    let world = Workplace::new();
    let later = json!({ "compare": { "column": "createdon", "is": "gt", "value": { "column": "scheduledend" } } });
    let refuses = json!([{ "check": { "if": later, "then": [{ "error": { "message": "made later" } }] } }]);
    let text = json!({ "name": "Rule", "table": "task", "actions": refuses }).to_string();
    let rule = world.admin.create(BusinessRuleSpec::parse(&text).unwrap().row());
    switch(&world.admin, rule, true).unwrap();
    let id = world.admin.create(Row::unsaved("task").with("subject", "x"));
    // What is sent is cut to the second that people see.
    let made = world.admin.get("task", id).get("createdon").unwrap().clone();
    let ends = |time: Value| world.admin.try_update(Row::new("task", id).with("scheduledend", time));
    ends(made).unwrap();
    let error = ends(Value::DateTime("2020-01-01T00:00:00Z".parse().unwrap())).unwrap_err();
    assert_eq!(error.message(), "made later");
}

/// What the platform refuses of what a rule set names the rule with its action.
#[test]
fn a_value_of_a_rules_that_is_refused_has_its_action() {
    let world = Workplace::new();
    let contact = world.admin.create(Row::unsaved("contact").with("lastname", "Wu"));
    let links = json!([{ "set": { "primarycontactid": contact.to_string() } }]);
    let rule = world.active(json!([when("fax", json!("5"), links)]));
    let error = world.clerk.try_create(account("Novak").with("fax", "5")).unwrap_err();
    let step = error.body().step.as_ref().unwrap();
    assert_eq!(
        (step.id, step.action.as_deref()),
        (rule, Some("1 then 1: set columns")),
        "{error}"
    );
}
