//! Error 6 of the guide, its cause and its cures.

use sluice_model::{Code, Remedy, Row, Value};

use crate::world::{Customizing, says};

const HOT: i32 = 100_000_001;

/// The status reason is mapped, and the option was added to the lead only.
fn broken() -> Customizing {
    let world = Customizing::new();
    world.sluice("option-set add lead.statuscode 100000001 Hot --state 0");
    world.sluice("mapping add lead contact statuscode statuscode");
    world
}

#[test]
fn the_status_reason_of_the_lead_is_not_one_of_the_contact() {
    let world = broken();
    let lead = world.lead(&[("statuscode", Value::Choice(HOT))]);
    let before = world.counts();
    let error = world.try_qualify(lead).unwrap_err();
    assert_eq!(error.code(), Code::INVALID_STATE);
    let sentence = "Invalid status code error for a contact: 100000001 is not a valid status code for state code \
                    ContactState.Active on contact with Id ";
    assert!(error.message().starts_with(sentence), "{error}");
    assert_eq!(error.body().situation.map(|situation| situation.id), Some("e6"));
    assert_eq!(world.counts(), before);
    assert_eq!(world.admin.get("lead", lead).int("statecode"), Some(0));
    // The codes can be seen and compared.
    let options = world.sluice("option-set show lead.statuscode");
    let hot = options["options"]
        .as_array()
        .unwrap()
        .iter()
        .find(|option| option["value"] == HOT)
        .unwrap();
    assert_eq!((&hot["label"], &hot["state"]), (&"Hot".into(), &0.into()));
    let diff = world.sluice("option-set diff lead contact opportunity");
    let hot = diff["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|option| option["value"] == HOT)
        .unwrap();
    assert_eq!(hot["missing"], serde_json::json!(["contact", "opportunity"]));
    // The same number of another state is another status reason.
    let contacted = diff["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|option| option["value"] == 2)
        .unwrap();
    assert_eq!(
        (&contacted["in"]["lead"]["state"], &contacted["in"]["contact"]["state"]),
        (&0.into(), &1.into())
    );
    let people = world.run("option-set diff lead contact");
    assert!(people.stdout.contains("missing"), "{people:?}");
}

#[test]
fn cure_one_make_the_status_reasons_the_same() {
    let world = broken();
    let lead = world.lead(&[("statuscode", Value::Choice(HOT))]);
    world.sluice("option-set add contact.statuscode 100000001 Hot --state 0");
    assert_eq!(world.qualify(lead)[1].int("statuscode"), Some(HOT));
}

#[test]
fn cure_two_remove_the_mapping() {
    let world = broken();
    let lead = world.lead(&[("statuscode", Value::Choice(HOT))]);
    world.sluice("mapping remove lead contact statuscode statuscode");
    assert_eq!(world.qualify(lead)[1].int("statuscode"), Some(1));
}

#[test]
fn a_status_reason_of_another_state_is_not_carried_over() {
    let world = Customizing::new();
    world.sluice("mapping add lead contact statuscode statuscode");
    // 2 is Contacted of an open lead, and Inactive of an inactive contact.
    let lead = world.lead(&[("statuscode", Value::Choice(2))]);
    says(
        world.try_qualify(lead),
        Code::INVALID_STATE,
        "2 is not a valid status code for state code ContactState.Active",
    );
}

#[test]
fn an_account_and_an_opportunity_are_called_by_their_names() {
    for (table, words) in [
        ("account", "Invalid status code error for an account: 100000001"),
        ("opportunity", "Invalid status code error for an opportunity: 100000001"),
    ] {
        let world = Customizing::new();
        world.sluice("option-set add lead.statuscode 100000001 Hot --state 0");
        world.sluice(&format!("mapping add lead {table} statuscode statuscode"));
        let lead = world.lead(&[("statuscode", Value::Choice(HOT))]);
        let error = world.try_qualify(lead).unwrap_err();
        let cure = format!("mapping remove lead {table} statuscode statuscode");
        let advised = error.resolutions().iter().flat_map(|resolution| resolution.remedies);
        assert!(advised.copied().any(|remedy| remedy == Remedy::RemoveStatusMapping));
        assert!(error.words().contains(&("TABLE", table.to_owned())));
        says::<()>(Err(error), Code::INVALID_STATE, words);
        // People are told the same.
        let people = world.run(&format!("lead qualify {lead}"));
        let added = format!("option-set add {table}.statuscode VALUE LABEL");
        assert!(
            people.stdout.contains(&cure) && people.stdout.contains(&added),
            "{people:?}"
        );
        world.sluice(&cure);
        world.qualify(lead);
    }
}

#[test]
fn an_added_status_reason_belongs_to_its_state() {
    let world = Customizing::new();
    world.sluice("option-set add lead.statuscode 100000001 Hot --state 0");
    world.sluice("option-set add lead.statuscode 100000002 Bankrupt --state 2");
    let lead = world.lead(&[("statuscode", Value::Choice(HOT))]);
    let change = |state: i32, status: i32| {
        Row::new("lead", lead)
            .with("statecode", Value::Choice(state))
            .with("statuscode", Value::Choice(status))
    };
    says(
        world.admin.try_update(change(2, HOT)),
        Code::INVALID_STATE,
        "LeadState.Disqualified",
    );
    world.admin.update(change(2, 100_000_002));
    // Labels of customizers are shown and taken like any.
    let row = world.run(&format!("row get lead {lead} --select statuscode"));
    assert!(row.stdout.contains("Bankrupt"), "{row:?}");
}
