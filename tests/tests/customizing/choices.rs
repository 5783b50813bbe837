//! The options of choices, and what their rules refuse.

use sluice_model::{Code, Filter, Query, Request, Row, Value};

use crate::world::{Customizing, says};
use sluice_platform::prelude::*;

#[test]
fn a_column_of_a_global_choice_has_a_default_from_the_beginning() {
    let world = Customizing::new();
    world.sluice("option-set create rsh_level --option 1=Low --option 2=High");
    world.sluice("column create lead rsh_level choice --global rsh_level --default 2");
    world.sluice("column create lead rsh_levels choices --global rsh_level --default [1,2]");
    let lead = world.admin.get("lead", world.lead(&[]));
    assert_eq!(lead.int("rsh_level"), Some(2));
    assert_eq!(lead.get("rsh_levels"), Some(&Value::Choices(vec![1, 2])));
    for wrong in [
        "choice --global rsh_level --default 3",
        "choices --global rsh_level --default [3]",
    ] {
        let run = world.run(&format!("column create lead rsh_more {wrong}"));
        assert!(run.code == 1 && run.says("1 (Low), 2 (High)"), "{run:?}");
    }
}

#[test]
fn two_tables_share_a_global_choice() {
    let world = Customizing::new();
    world.sluice("option-set create rsh_interest --option 1=Pumps --option 2=Valves");
    for table in ["lead", "opportunity"] {
        world.sluice(&format!(
            "column create {table} rsh_interest choice --global rsh_interest"
        ));
    }
    let answer = world.sluice("mapping add lead opportunity rsh_interest rsh_interest");
    assert_eq!(answer["warnings"].as_array().unwrap().len(), 0, "{answer}");
    // An option is added once, and both columns have it.
    world.sluice("option-set add rsh_interest 3 Filters");
    let lead = world.lead(&[("rsh_interest", Value::Choice(3))]);
    let [.., opportunity] = world.qualify(lead);
    assert_eq!(opportunity.int("rsh_interest"), Some(3));
    let row = world.run(&format!("row get opportunity {} --select rsh_interest", opportunity.id));
    assert!(row.stdout.contains("Filters"), "{row:?}");
    // While columns have it, it stays.
    let choice = world
        .admin
        .list(Query::new("optionset").filter(Filter::eq("name", "rsh_interest")));
    let words = "lead.rsh_interest, opportunity.rsh_interest have its options";
    says(
        world.admin.try_delete("optionset", choice[0].id),
        Code::CHOICE_IN_USE,
        words,
    );
    // Its options are not changed through one of its columns.
    let error = world.refused("option-set add lead.rsh_interest 4 Seals");
    assert_eq!(error["code"], "0x80044320", "{error}");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("global choice `rsh_interest`")
    );
    let shown = world.sluice("option-set show lead.rsh_interest");
    assert_eq!(shown["global"], "rsh_interest");
}

#[test]
fn an_option_counts_when_it_is_published() {
    let world = Customizing::new();
    world.sluice("option-set add lead.industrycode 777 Shipyards --draft");
    let create = || {
        let row = Row::unsaved("lead")
            .with("lastname", "A")
            .with("industrycode", Value::Choice(777));
        world.admin.try_create(row)
    };
    says(create(), Code::OUT_OF_RANGE, "777");
    world.sluice("publish");
    create().unwrap();
    world.sluice("option-set update lead.industrycode 777 --label 'Ships and boats'");
    let options = world.sluice("option-set show lead.industrycode");
    let options = options["options"].as_array().unwrap().clone();
    assert!(options.iter().any(|option| option["label"] == "Ships and boats"));
    assert!(options.len() > 10, "the platform's options stay beside it");
    world.sluice("option-set remove lead.industrycode 777");
    says(create(), Code::OUT_OF_RANGE, "777");
}

#[test]
fn the_states_of_a_lead_are_fixed() {
    let world = Customizing::new();
    let options = world.sluice("option-set show lead.statecode");
    let values: Vec<i64> = options["options"]
        .as_array()
        .unwrap()
        .iter()
        .map(|option| option["value"].as_i64().unwrap())
        .collect();
    assert_eq!(values, [0, 1, 2]);
    let error = world.refused("option-set add lead.statecode 3 Parked");
    assert_eq!(error["code"], "0x80044320");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("the states of `lead` are fixed"),
        "{error}"
    );
    let lead = world.lead(&[]);
    let parked = Row::new("lead", lead).with("statecode", Value::Choice(3));
    assert_eq!(world.admin.try_update(parked).unwrap_err().code(), Code::INVALID_STATE);
}

#[test]
fn the_platforms_status_reasons_stay_in_their_states() {
    let world = Customizing::new();
    for value in [1, 3, 4] {
        let error = world.refused(&format!("option-set remove lead.statuscode {value}"));
        assert_eq!(error["code"], "0x80044341", "{error}");
    }
    world.sluice("option-set update lead.statuscode 2 --label Called");
    let options = world.sluice("option-set show lead.statuscode");
    assert_eq!(options["options"][1]["label"], "Called");
    // Nor do they change their state by a row's update.
    let row = world
        .admin
        .list(Query::new("optionset").filter(Filter::eq("name", "lead.statuscode")));
    let text = row[0].text("options").unwrap().replace(
        r#"{"value":2,"label":"Called","state":0}"#,
        r#"{"value":2,"label":"Called","state":2}"#,
    );
    assert_ne!(Some(text.as_str()), row[0].text("options"));
    let moved = Row::new("optionset", row[0].id).with("options", text);
    says(world.admin.try_update(moved), Code::DEFAULT_STATUS, "2 (Contacted)");
}

#[test]
fn the_options_of_a_choice_are_not_emptied() {
    let vendor = Customizing::new();
    vendor.sluice("option-set add contact.statuscode 100000001 Hot --state 0");
    vendor.sluice("solution create Options --version 1.0");
    vendor.sluice("solution add Options option-set contact.statuscode");
    let file = vendor.org.path().parent().unwrap().join("options.zip");
    vendor.sluice(&format!("solution export Options {}", file.display()));
    let world = Customizing::new();
    world.sluice(&format!("solution import {} --managed", file.display()));
    world.sluice("option-set add lead.statuscode 100000001 Hot --state 0");
    world.sluice("option-set create rsh_interest --option 1=Pumps");
    for (name, code, words) in [
        ("contact.statuscode", Code::MANAGED, "100000001 (Hot)"),
        ("lead.statuscode", Code::INVALID_ARGUMENT, "at least one option"),
        ("rsh_interest", Code::INVALID_ARGUMENT, "at least one option"),
    ] {
        let choices = || {
            world
                .admin
                .list(Query::new("optionset").filter(Filter::eq("name", name)))
        };
        let before = choices().remove(0);
        for nothing in [Value::Null, Value::from("[]")] {
            let emptied = Row::new("optionset", before.id).with("options", nothing);
            says(world.admin.try_update(emptied), code, words);
        }
        assert_eq!(choices()[0].text("options"), before.text("options"));
    }
    let created = Row::unsaved("optionset")
        .with("name", "rsh_other")
        .with("options", Value::Null);
    says(
        world.admin.try_create(created),
        Code::INVALID_ARGUMENT,
        "at least one option",
    );
}

#[test]
fn what_is_no_list_of_options_is_refused() {
    let world = Customizing::new();
    let choice = |name: &str, options: &str| {
        let row = Row::unsaved("optionset").with("name", name).with("options", options);
        world.admin.try_create(row)
    };
    let invalid = Code::INVALID_ARGUMENT;
    says(choice("rsh_x", "nonsense"), invalid, "these are no options");
    says(choice("rsh_x", r#"[{"value":1}]"#), invalid, "label");
    says(choice("rsh_x", "[]"), invalid, "at least one option");
    says(
        choice("rsh_x", r#"[{"value":1,"label":" "}]"#),
        invalid,
        "needs a label",
    );
    says(
        choice("rsh_x", r#"[{"value":1,"label":"A"},{"value":1,"label":"B"}]"#),
        invalid,
        "number 1",
    );
    says(
        choice("rsh_x", r#"[{"value":1,"label":"A","state":0}]"#),
        invalid,
        "only status reasons",
    );
    says(
        choice("rsh_x", r#"[{"value":1,"label":"A","managed":true}]"#),
        invalid,
        "only the import",
    );
    says(
        choice("interest", r#"[{"value":1,"label":"A"}]"#),
        invalid,
        "publisher's prefix",
    );
    says(
        choice("lead.subject", r#"[{"value":1,"label":"A"}]"#),
        Code::NOT_A_CHOICE,
        "type text",
    );
    says(
        choice("lead.no_such", r#"[{"value":1,"label":"A"}]"#),
        Code::ATTRIBUTE_UNKNOWN,
        "no_such",
    );
    says(
        choice(
            "contact.statuscode",
            r#"[{"value":1,"label":"A","state":0},{"value":2,"label":"B","state":7}]"#,
        ),
        Code::INVALID_STATE,
        "needs a state of `contact`: 0 Active, 1 Inactive",
    );
    assert_eq!(world.admin.count("optionset"), 0);
}

#[test]
fn numbers_come_by_themselves_and_once() {
    let world = Customizing::new();
    world.sluice("option-set create rsh_interest --option 1=Pumps");
    let insert = || {
        let request = Request::new("InsertOptionValue")
            .with("OptionSetName", "rsh_interest")
            .with("Label", "Another");
        let response = world.admin.0.execute(request).unwrap();
        match response.outputs.get("NewOptionValue") {
            Some(sluice_model::Parameter::Value(value)) => value.as_int(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(insert(), Some(100_000_000));
    assert_eq!(insert(), Some(100_000_001));
    let error = world.refused("option-set add rsh_interest 1 Again");
    assert_eq!(error["code"], "0x80040237", "{error}");
    let error = world.refused("option-set update rsh_interest 9 --label X");
    assert!(error["message"].as_str().unwrap().contains("has no option 9"));
    let error = world.refused("option-set add rsh_nothing 9 X");
    assert_eq!(error["code"], "0x80040217");
    let error = world.refused("option-set create rsh_interest --option 1=Pumps");
    assert_eq!(error["code"], "0x80040237");
    let nameless = Request::new("InsertOptionValue")
        .with("Label", "A")
        .with("EntityLogicalName", "lead");
    says(world.admin.0.execute(nameless), Code::INVALID_ARGUMENT, "OptionSetName");
}

#[test]
fn a_status_reason_needs_a_state() {
    let world = Customizing::new();
    let error = world.refused("option-set add contact.statuscode 7 Hot");
    assert_eq!(error["code"], "0x80048408", "{error}");
    let error = world.refused("option-set add contact.statuscode 7 Hot --state 4");
    assert!(
        error["message"].as_str().unwrap().contains("0 Active, 1 Inactive"),
        "{error}"
    );
    assert_eq!(world.admin.count("optionset"), 0, "a refused option leaves no row");
}

/// The options that customizers published are laid over a definition, and not kept in it.
#[test]
fn a_change_of_the_table_leaves_added_options_what_they_are() {
    let world = Customizing::new();
    world.sluice("option-set add lead.statuscode 100000001 Hot --state 0");
    world.sluice("column create lead rsh_note text");
    let change = sluice_platform::TableChange {
        audited: Some(false),
        ..sluice_platform::TableChange::default()
    };
    world.admin.0.update_table("lead", change).unwrap();
    world.sluice("option-set remove lead.statuscode 100000001");
    let options = world.sluice("option-set show lead.statuscode");
    assert_eq!(options["options"].as_array().unwrap().len(), 7);
}
