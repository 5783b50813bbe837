//! Required steps: they hold up the stage, and nothing else.

use sluice_model::{Decimal, Row, Value, situations};
use sluice_platform::Status;

use crate::world::{Flows, code};

#[test]
fn an_empty_required_step_holds_up_qualifying_and_is_named() {
    let world = Flows::new();
    world.require("Qualify", "budgetamount");
    world.require("Qualify", "description");
    let lead = world.lead();
    let error = world.try_qualify(&world.admin, lead).unwrap_err();
    assert_eq!(error.code().to_string(), "0x8006041A");
    assert_eq!(error.body().situation, Some(&situations::STEPS_MISSING));
    assert!(
        error
            .message()
            .starts_with("To move to the next stage, complete the required steps."),
        "{error}"
    );
    assert_eq!(error.body().missing, ["budgetamount", "description"]);
    assert_eq!(world.admin.count("account"), 0, "nothing was made");

    // The row can be saved as it is.
    world.admin.update(Row::new("lead", lead).with("jobtitle", "Boss"));
    world
        .admin
        .update(Row::new("lead", lead).with("budgetamount", Value::Money(Decimal::from(500))));
    let error = world.try_qualify(&world.admin, lead).unwrap_err();
    assert_eq!(error.body().missing, ["description"]);
    world
        .admin
        .update(Row::new("lead", lead).with("description", "They need twelve."));
    world.qualify(lead);
    assert_eq!(world.stands("lead", lead), "Develop, Active");
}

#[test]
fn blanks_and_a_box_that_is_not_ticked_are_not_filled_in() {
    let world = Flows::new();
    world.require("Qualify", "description");
    world.require("Qualify", "decisionmaker");
    let lead = world.lead();
    let fill = |text: &str, ticked: bool| {
        let row = Row::new("lead", lead)
            .with("description", text)
            .with("decisionmaker", ticked);
        world.admin.update(row);
    };
    fill("  ", false);
    let error = world.try_qualify(&world.admin, lead).unwrap_err();
    assert_eq!(error.body().missing, ["decisionmaker", "description"]);
    fill("Yes", true);
    world.qualify(lead);
}

#[test]
fn steps_that_are_not_required_hold_up_nothing() {
    let world = Flows::new();
    let opportunity = world.qualify(world.lead());
    for _ in 0..2 {
        world.next(&world.admin, "opportunity", opportunity).unwrap();
    }
    let process = world.process("opportunity", opportunity);
    world.admin.update(process.becomes(Status::Finished));
}

#[test]
fn the_stages_of_the_opportunity_hold_up_as_well() {
    let world = Flows::new();
    world.require("Develop", "customerneed");
    world.require("Close", "filedebrief");
    let opportunity = world.qualify(world.lead());
    let next = || world.next(&world.admin, "opportunity", opportunity);
    let fill = |row: Row| world.admin.update(row);
    let error = next().unwrap_err();
    assert_eq!(error.code().to_string(), "0x8006041A");
    assert_eq!(error.body().missing, ["customerneed"]);
    assert_eq!(error.body().table.as_deref(), Some("opportunity"));
    // Back is always open.
    world
        .to(&world.admin, &world.process("opportunity", opportunity), "Qualify")
        .unwrap();
    let lead = world.process("opportunity", opportunity).rows["lead"].id;
    assert_eq!(world.admin.get("lead", lead).int("statecode"), Some(1));
    world.next(&world.admin, "opportunity", opportunity).unwrap();

    fill(Row::new("opportunity", opportunity).with("customerneed", "Water"));
    next().unwrap();
    next().unwrap();
    let finish = || {
        let process = world.process("opportunity", opportunity);
        world.admin.try_update(process.becomes(Status::Finished))
    };
    assert_eq!(finish().unwrap_err().body().missing, ["filedebrief"]);
    fill(Row::new("opportunity", opportunity).with("filedebrief", true));
    finish().unwrap();
}

#[test]
fn winning_is_not_held_up_by_the_steps_of_the_last_stage() {
    let world = Flows::new();
    world.require("Close", "filedebrief");
    let opportunity = world.qualify(world.lead());
    for _ in 0..2 {
        world.next(&world.admin, "opportunity", opportunity).unwrap();
    }
    world.close("WinOpportunity", opportunity, 3).unwrap();
    assert_eq!(world.stands("opportunity", opportunity), "Close, Finished");
}

#[test]
fn every_stage_of_the_lead_is_held_to_its_steps_and_passed_through() {
    let world = Flows::new();
    let flow = world.make(
        r#"
        name = "Long way"
        uniquename = "sl_longway"
        order = -1
        [[stages]]
        name = "Look"
        table = "lead"
        steps = [{ column = "telephone1", required = true }]
        [[stages]]
        name = "Talk"
        table = "lead"
        steps = [{ column = "jobtitle", label = "What they do", required = true }]
        [[stages]]
        name = "Sell"
        table = "opportunity"
        "#,
    );
    let lead = world.lead();
    assert_eq!(world.process("lead", lead).flow.id, flow);
    world.admin.update(Row::new("lead", lead).with("telephone1", "1"));
    let error = world.try_qualify(&world.admin, lead).unwrap_err();
    assert_eq!(error.body().missing, ["jobtitle"]);
    assert!(error.message().contains("What they do"), "{error}");
    assert_eq!(
        code(
            world
                .next(&world.admin, "lead", lead)
                .and_then(|()| world.next(&world.admin, "lead", lead))
        ),
        "0x80092004"
    );
    world.to(&world.admin, &world.process("lead", lead), "Look").unwrap();
    world.admin.update(Row::new("lead", lead).with("jobtitle", "Boss"));
    let opportunity = world.qualify(lead);
    assert_eq!(world.stands("opportunity", opportunity), "Sell, Active");
    let visits = world.visits(&world.process("lead", lead));
    assert_eq!(visits.len(), 5, "Look, Talk, Look, Talk, Sell: {visits:?}");
}
