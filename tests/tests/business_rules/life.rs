//! What may be drawn up, changed, activated and deleted, and by whom.

use serde_json::{Value as Json, json};
use sluice_model::{Reference, Row, Value};
use sluice_platform::BusinessRuleSpec;

use crate::world::{Workplace, account, spec, switch, when};

fn refusal(world: &Workplace, actions: Json) -> (String, String) {
    let error = world.admin.try_create(spec(actions)).unwrap_err();
    (error.code().to_string(), error.message().to_owned())
}

#[test]
fn activating_takes_a_privilege() {
    let world = Workplace::new();
    let rule = world.clerk.create(spec(json!([{ "require": ["telephone1"] }])));
    let error = switch(&world.clerk, rule, true).unwrap_err();
    assert_eq!(
        error.body().privilege.as_deref(),
        Some("prvActivateBusinessRule"),
        "{error}"
    );
    world.clerk.create(account("Novak"));
    switch(&world.admin, rule, true).unwrap();
    world.clerk.try_create(account("Novak")).unwrap_err();
    let error = switch(&world.clerk, rule, false).unwrap_err();
    assert_eq!(
        error.body().privilege.as_deref(),
        Some("prvActivateBusinessRule"),
        "{error}"
    );
}

#[test]
fn what_is_active_is_neither_changed_nor_deleted() {
    let world = Workplace::new();
    let rule = world.active(json!([{ "require": ["telephone1"] }]));
    let renamed = Row::new("workflow", rule).with("name", "Other");
    assert_eq!(
        world.admin.try_update(renamed.clone()).unwrap_err().code().to_string(),
        "0x80045002"
    );
    assert_eq!(
        world.admin.try_delete("workflow", rule).unwrap_err().code().to_string(),
        "0x8004500F"
    );
    switch(&world.admin, rule, false).unwrap();
    world.admin.update(renamed);
    let moved = Row::new("workflow", rule).with("primaryentity", "contact");
    assert!(
        world
            .admin
            .try_update(moved)
            .unwrap_err()
            .message()
            .contains("primaryentity")
    );
    world.admin.try_delete("workflow", rule).unwrap();
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    let world = Workplace::new();
    let (code, told) = refusal(&world, json!([{ "set": { "name": "x" } }]));
    assert_eq!(code, "0x80060013", "{told}");
    let unknown = json!([{ "require": ["name"] }, when("name", json!("x"), json!([{ "set": { "nmae": "x" } }]))]);
    let (_, told) = refusal(&world, unknown);
    assert!(
        told.contains("action 2 then 1 of the business rule") && told.contains("nmae"),
        "{told}"
    );
    let other = json!([{ "default": { "name": { "column": "lastname", "row": { "related": "primarycontactid" } } } }]);
    let (_, told) = refusal(&world, other);
    assert!(told.contains("its own row only"), "{told}");
    let (_, told) = refusal(&world, json!([{ "default": { "numberofemployees": "many" } }]));
    assert!(told.contains("numberofemployees"), "{told}");
    for (action, said) in [
        (json!({ "require": [] }), "it requires no column"),
        (
            json!({ "default": { "revenue": { "increment": 5 } } }),
            "a default is a value of its own",
        ),
        (
            when(
                "name",
                json!("x"),
                json!([{ "error": { "column": "fax", "message": " " } }]),
            ),
            "an error says something",
        ),
    ] {
        let (_, told) = refusal(&world, json!([action]));
        assert!(told.contains(said), "{told}");
    }
    let text = json!({ "name": "x", "table": "systemuser", "actions": [{ "require": ["title"] }] }).to_string();
    let rule = BusinessRuleSpec::parse(&text).unwrap().row();
    let error = world.admin.try_create(rule).unwrap_err();
    assert!(
        error
            .message()
            .contains("no business rule holds for rows of `systemuser`"),
        "{error}"
    );
    let empty = world.admin.create(spec(json!([])));
    assert_eq!(
        switch(&world.admin, empty, true).unwrap_err().code().to_string(),
        "0x80045018"
    );
    let made_active = spec(json!([])).with("statecode", Value::Choice(1));
    assert!(world.admin.try_create(made_active).is_err());
    for text in [
        "",
        "{}",
        r#"{"name": "x", "table": "account", "actions": [{"shout": 1}]}"#,
    ] {
        assert!(BusinessRuleSpec::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_column_that_a_rule_uses_is_not_deleted() {
    let world = Workplace::new();
    let rule = world.admin.create(spec(json!([{ "require": ["telephone1"] }])));
    let again = Row::new("workflow", rule).with("clientdata", r#"{"actions": [{"require": ["fax"]}]}"#);
    world.admin.update(again);
    let row = world.admin.get("workflow", rule);
    assert_eq!((row.int("category"), row.int("scope")), (Some(2), Some(4)));
    let shown = Reference::new("workflow", rule);
    assert_eq!(shown.id, row.id);
}

/// A rule that asks for what no request can give would refuse every new row.
#[test]
fn what_is_required_can_be_given() {
    let world = Workplace::new();
    for column in [
        "createdon",
        "modifiedon",
        "owningbusinessunit",
        "versionnumber",
        "accountid",
    ] {
        for actions in [
            json!([{ "require": [column] }]),
            when("name", json!("x"), json!([{ "require": ["fax", column] }])),
        ] {
            let actions = if actions.is_array() { actions } else { json!([actions]) };
            let error = world.admin.try_create(spec(actions)).unwrap_err();
            assert!(
                error.message().contains(column) && error.message().contains("no request can give it"),
                "{error}"
            );
        }
    }
    world.active(json!([{ "require": ["statuscode", "ownerid", "fax"] }]));
}

#[test]
fn rows_that_are_named_are_there_and_options_have_numbers() {
    let world = Workplace::new();
    let nobody = sluice_model::Uuid::from_u128(7).to_string();
    let rule = world
        .admin
        .create(spec(json!([{ "default": { "primarycontactid": nobody } }])));
    let error = switch(&world.admin, rule, true).unwrap_err();
    assert!(
        error
            .message()
            .starts_with("action 1 of the business rule: it names the row"),
        "{error}"
    );
    let rule = world.active(json!([when(
        "statuscode",
        json!("Active"),
        json!([{ "set": { "preferredcontactmethodcode": "Email" } }])
    )]));
    let row = world.admin.get("workflow", rule);
    let kept: Json = serde_json::from_str(row.text("clientdata").unwrap()).unwrap();
    let check = &kept["actions"][0]["check"];
    assert_eq!(check["if"]["compare"]["value"], 1);
    assert_eq!(check["then"][0]["set"]["preferredcontactmethodcode"], 2);
}
