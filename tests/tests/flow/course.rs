//! The way of a process from a new lead to a closed opportunity.

use sluice_model::{Row, Value, situations};
use sluice_platform::Status;
use sluice_sales::qualify::{self, Choices, Party};

use crate::world::{Flows, SHIPPED, SHIPPED_ID, code, names};

#[test]
fn the_shipped_flow_leads_from_the_lead_to_the_opportunity() {
    let world = Flows::new();
    let flow = world.flow("Lead to Opportunity Sales Process");
    assert_eq!((flow.id, &*flow.unique_name, flow.active), (SHIPPED_ID, SHIPPED, true));
    assert_eq!(names(&flow.stages), ["Qualify", "Develop", "Propose", "Close"]);
    let tables: Vec<&str> = flow.stages.iter().map(|stage| &*stage.table).collect();
    assert_eq!(tables, ["lead", "opportunity", "opportunity", "opportunity"]);
    let required = flow
        .stages
        .iter()
        .flat_map(|stage| &stage.steps)
        .filter(|step| step.required);
    assert_eq!(required.count(), 0, "nobody is held up by what nobody asked for");
}

#[test]
fn a_new_lead_has_its_process_from_the_start() {
    let world = Flows::new();
    let lead = world.lead();
    let process = world.process("lead", lead);
    assert_eq!(world.stands("lead", lead), "Qualify, Active");
    let row = world.admin.get("lead", lead);
    assert_eq!(row.id_of("processid"), Some(SHIPPED_ID));
    assert_eq!(row.id_of("stageid"), Some(process.stage().unwrap().id));
    assert_eq!(row.text("traversedpath"), process.row.text("traversedpath"));
    assert_eq!(
        process.row.text("traversedpath"),
        Some("f99b4d48-7aad-456e-864a-8e7d543f7495")
    );
}

#[test]
fn next_stage_on_a_lead_that_is_not_qualified_is_refused_and_changes_nothing() {
    let world = Flows::new();
    let lead = world.lead();
    let error = world.next(&world.admin, "lead", lead).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80092004");
    assert_eq!(error.body().situation, Some(&situations::NO_NEXT_STAGE));
    assert!(error.message().contains("you must qualify the lead"), "{error}");
    assert_eq!(world.stands("lead", lead), "Qualify, Active");
}

#[test]
fn qualifying_moves_the_same_process_to_the_opportunity() {
    let world = Flows::new();
    let lead = world.lead();
    let before = world.process("lead", lead);
    let opportunity = world.qualify(lead);
    let after = world.process("opportunity", opportunity);
    assert_eq!(after.instance, before.instance);
    assert_eq!(world.stands("lead", lead), "Develop, Active");
    assert_eq!(after.rows.len(), 2);
    assert_eq!(
        (after.rows["lead"].id, after.rows["opportunity"].id),
        (lead, opportunity)
    );
    let path = format!("{},{}", before.stage().unwrap().id, after.stage().unwrap().id);
    for (table, id) in [("lead", lead), ("opportunity", opportunity)] {
        let row = world.admin.get(table, id);
        assert_eq!(row.id_of("processid"), Some(SHIPPED_ID), "{table}");
        assert_eq!(row.id_of("stageid"), Some(after.stage().unwrap().id), "{table}");
        assert_eq!(row.text("traversedpath"), Some(&*path), "{table}");
    }
}

#[test]
fn without_an_opportunity_the_lead_is_qualified_and_the_process_stays() {
    let world = Flows::new();
    let lead = world.lead();
    let choices = Choices {
        opportunity: false,
        ..Choices::default()
    };
    world.admin.0.execute(qualify::request(lead, &choices)).unwrap();
    assert_eq!(world.admin.get("lead", lead).int("statecode"), Some(1));
    assert_eq!(world.stands("lead", lead), "Qualify, Active");
}

#[test]
fn a_reactivated_lead_is_qualified_again_once_its_stage_is_set_active() {
    let world = Flows::new();
    let lead = world.lead();
    let first = world.qualify(lead);
    world
        .admin
        .update(Row::new("lead", lead).with("statecode", Value::Choice(0)));
    let error = world.try_qualify(&world.admin, lead).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80100002");
    assert_eq!(error.body().situation, Some(&situations::STAGE_ELSEWHERE));
    assert_eq!(error.message(), "Active stage is not on 'lead' entity.");
    assert_eq!(world.admin.count("opportunity"), 1, "nothing was made");

    world.to(&world.admin, &world.process("lead", lead), "Qualify").unwrap();
    assert_eq!(world.stands("lead", lead), "Qualify, Active");
    let error = world.next(&world.admin, "lead", lead).unwrap_err();
    assert_eq!(
        error.body().situation,
        Some(&situations::NO_NEXT_STAGE),
        "the lead is open again"
    );
    let second = world.qualify(lead);
    assert_ne!(first, second);
    assert_eq!(world.stands("opportunity", second), "Develop, Active");
    let left = world.admin.get("opportunity", first);
    assert!(!left.has("processid") && !left.has("stageid") && !left.has("traversedpath"));
    assert!(
        world.processes("opportunity", first).is_empty(),
        "the process went on with the new one"
    );
}

#[test]
fn only_the_previous_or_the_next_stage_can_be_set() {
    let world = Flows::new();
    let opportunity = world.qualify(world.lead());
    let process = || world.process("opportunity", opportunity);
    assert_eq!(code(world.to(&world.admin, &process(), "Close")), "0x80092003");
    world.next(&world.admin, "opportunity", opportunity).unwrap();
    assert_eq!(world.stands("opportunity", opportunity), "Propose, Active");
    assert_eq!(code(world.to(&world.admin, &process(), "Qualify")), "0x80092003");
    world.to(&world.admin, &process(), "Develop").unwrap();
    assert_eq!(world.stands("opportunity", opportunity), "Develop, Active");
    let path = process().row.text("traversedpath").unwrap().to_owned();
    assert_eq!(
        path.split(',').count(),
        2,
        "what was left backwards is no longer on the path"
    );
}

#[test]
fn the_path_of_a_process_is_not_emptied() {
    let world = Flows::new();
    let lead = world.lead();
    let process = world.process("lead", lead);
    let path = process.row.text("traversedpath").map(ToOwned::to_owned);
    for nothing in [Value::Null, Value::from("")] {
        let emptied = Row::new(SHIPPED, process.instance.id).with("traversedpath", nothing);
        assert_eq!(code(world.admin.try_update(emptied)), "0x80060450");
    }
    let after = world.process("lead", lead);
    assert!(path.is_some() && after.row.text("traversedpath") == path.as_deref());
}

#[test]
fn an_opportunity_closed_at_the_last_stage_finishes_its_process() {
    for (message, status) in [("WinOpportunity", 3), ("LoseOpportunity", 4), ("LoseOpportunity", 5)] {
        let world = Flows::new();
        let opportunity = world.qualify(world.lead());
        for _ in 0..2 {
            world.next(&world.admin, "opportunity", opportunity).unwrap();
        }
        assert_eq!(world.stands("opportunity", opportunity), "Close, Active");
        world.close(message, opportunity, status).unwrap();
        assert_eq!(world.stands("opportunity", opportunity), "Close, Finished");
        assert_eq!(code(world.close(message, opportunity, status)), "0x80040515");
    }
}

#[test]
fn an_opportunity_lost_on_the_way_leaves_its_process_where_it_is() {
    let world = Flows::new();
    let opportunity = world.qualify(world.lead());
    world.close("LoseOpportunity", opportunity, 4).unwrap();
    assert_eq!(world.stands("opportunity", opportunity), "Develop, Active");
}

#[test]
fn a_disqualified_lead_gives_its_process_up_and_takes_it_up_again() {
    let world = Flows::new();
    let lead = world.lead();
    let to = |state: i32| {
        world
            .admin
            .update(Row::new("lead", lead).with("statecode", Value::Choice(state)))
    };
    to(2);
    assert_eq!(world.stands("lead", lead), "Qualify, Aborted");
    to(0);
    assert_eq!(world.stands("lead", lead), "Qualify, Active");
    world.qualify(lead);
    assert_eq!(world.stands("lead", lead), "Develop, Active");
}

#[test]
fn a_lead_whose_process_was_given_up_is_qualified_all_the_same() {
    let world = Flows::new();
    world.require("Qualify", "budgetamount");
    let lead = world.lead();
    world.admin.update(world.process("lead", lead).becomes(Status::Aborted));
    world.qualify(lead);
    assert_eq!(world.stands("lead", lead), "Qualify, Aborted");
}

#[test]
fn disqualifying_through_qualify_lead_gives_the_process_up_and_asks_for_no_step() {
    let world = Flows::new();
    world.require("Qualify", "budgetamount");
    let lead = world.lead();
    let nothing = Choices {
        account: Party::Skip,
        contact: Party::Skip,
        opportunity: false,
        ..Choices::default()
    };
    let request = qualify::request(lead, &nothing).with("Status", 5);
    world.admin.0.execute(request).unwrap();
    assert_eq!(world.admin.get("lead", lead).int("statecode"), Some(2));
    assert_eq!(world.stands("lead", lead), "Qualify, Aborted");
}

#[test]
fn a_lead_that_is_entered_as_closed_goes_through_nothing() {
    let world = Flows::new();
    let lead = world
        .admin
        .create(crate::world::a_lead().with("statecode", Value::Choice(2)));
    assert!(world.processes("lead", lead).is_empty());
    assert!(!world.admin.get("lead", lead).has("processid"));
}

#[test]
fn with_the_lead_its_process_goes_and_with_the_opportunity_it_stays() {
    let world = Flows::new();
    let lead = world.lead();
    let opportunity = world.qualify(lead);
    world.admin.try_delete("opportunity", opportunity).unwrap();
    assert_eq!(world.stands("lead", lead), "Develop, Active");
    assert!(world.admin.count("sl_stagevisit") > 0);
    let other = world.lead();
    let kept = world.qualify(other);
    // Who may delete leads need not be allowed to delete processes.
    let sweeper = world.seller("sweeper", &["prvDeleteLead", "prvReadLead"]);
    for lead in [lead, other] {
        sweeper.try_delete("lead", lead).unwrap();
    }
    assert!(!world.admin.get("opportunity", kept).has("processid"));
    assert_eq!((world.admin.count(SHIPPED), world.admin.count("sl_stagevisit")), (0, 0));
}
