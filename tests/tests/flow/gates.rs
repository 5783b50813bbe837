//! Who sees a flow, starts it and moves in it; and that the minimal role qualifies as before.

use sluice_model::{Reference, Request, Row, Uuid, Value};
use sluice_platform::StepSpec;
use sluice_platform::prelude::*;
use sluice_tests::{Organisation, wasm};

use crate::world::{Flows, SHIPPED, SHIPPED_ID, code, on, stands};

#[test]
fn a_user_without_the_flow_neither_sees_nor_starts_nor_moves_it() {
    let world = Flows::new();
    let outsider = world.seller("outsider", &[]);
    assert!(outsider.0.flows().unwrap().is_empty());
    let lead = world.lead_of(&outsider);
    assert!(world.processes("lead", lead).is_empty());
    let error = outsider
        .try_create(Row::unsaved(SHIPPED).with("leadid", Reference::new("lead", lead)))
        .unwrap_err();
    assert_eq!(error.code().to_string(), "0x80040220");
    assert_eq!(
        error.body().privilege.as_deref(),
        Some("prvCreateleadtoopportunitysalesprocess")
    );

    // A process that somebody else started stays out of sight.
    world
        .admin
        .create(Row::unsaved(SHIPPED).with("leadid", Reference::new("lead", lead)));
    let reference = Reference::new("lead", lead);
    assert!(outsider.0.processes_of(&reference).unwrap().is_empty());
    let process = world.process("lead", lead);
    let error = world.to(&outsider, &process, "Develop").unwrap_err();
    assert_eq!(
        error.body().privilege.as_deref(),
        Some("prvWriteleadtoopportunitysalesprocess")
    );
}

#[test]
fn with_the_flow_a_user_sees_it_and_moves_in_it() {
    let world = Flows::new();
    let names = on(SHIPPED);
    let seller = world.seller("seller", &names.iter().map(String::as_str).collect::<Vec<_>>());
    let flows = seller.0.flows().unwrap();
    assert_eq!(flows.len(), 1);
    let lead = world.lead_of(&seller);
    let opportunity = crate::world::opportunity(&world.try_qualify(&seller, lead).unwrap());
    world.next(&seller, "opportunity", opportunity).unwrap();
    let seen = seller
        .0
        .processes_of(&Reference::new("opportunity", opportunity))
        .unwrap();
    assert_eq!(seen.iter().map(stands).collect::<Vec<_>>(), ["Propose, Active"]);
}

/// Processes belong to the organisation; what one tells, and what becomes of it, is for those who may read
/// its row.
#[test]
fn a_process_is_moved_by_those_who_may_read_its_row() {
    let world = Flows::new();
    let names = on(SHIPPED);
    let names: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .chain(["prvDeleteleadtoopportunitysalesprocess"])
        .collect();
    let stranger = world.seller("stranger", &names);
    let lead = world.lead();
    let process = world.process("lead", lead);
    let instance = || Row::new(SHIPPED, process.instance.id);
    assert_eq!(
        code(
            stranger.try_update(
                instance()
                    .with("statecode", Value::Choice(1))
                    .with("statuscode", Value::Choice(3))
            )
        ),
        "0x80048306"
    );
    assert_eq!(code(stranger.try_update(instance().with("name", "mine"))), "0x80048306");
    assert_eq!(code(stranger.try_delete(SHIPPED, process.instance.id)), "0x80048306");
    assert_eq!(world.stands("lead", lead), "Qualify, Active");
    // One's own is one's own.
    let own = world.lead_of(&stranger);
    let process = world.process("lead", own);
    stranger.update(Row::new(SHIPPED, process.instance.id).with("name", "mine"));
}

#[test]
fn the_minimal_role_qualifies_with_and_without_a_process() {
    let world = Flows::new();
    let seller = world.seller("seller", &[]);
    let without = world.lead_of(&seller);
    world.try_qualify(&seller, without).unwrap();
    assert!(world.processes("lead", without).is_empty());

    let with = world.lead_of(&seller);
    world
        .admin
        .create(Row::unsaved(SHIPPED).with("leadid", Reference::new("lead", with)));
    world.try_qualify(&seller, with).unwrap();
    assert_eq!(world.stands("lead", with), "Develop, Active");
    world.require("Qualify", "budgetamount");
    let held = world.lead_of(&seller);
    world
        .admin
        .create(Row::unsaved(SHIPPED).with("leadid", Reference::new("lead", held)));
    assert_eq!(
        code(world.try_qualify(&seller, held)),
        "0x8006041A",
        "who does not see it is held up as well"
    );
}

#[test]
fn steps_on_the_table_of_processes_run_as_on_any() {
    let org = Organisation::sample();
    let admin = org.admin();
    let assembly = sluice_platform::Assembly {
        name: "probe".to_owned(),
        bytes: wasm("guests", "probe"),
        description: None,
    };
    admin
        .0
        .push(&assembly, &sluice_platform::PushOptions::default())
        .unwrap();
    for (message, configuration) in [("Create", "trace started\nusers"), ("Update", "refuse no further")] {
        admin
            .0
            .register_step(&StepSpec {
                plugin: "probe/probe".to_owned(),
                message: message.to_owned(),
                table: Some(SHIPPED.to_owned()),
                stage: 40,
                configuration: Some(configuration.to_owned()),
                ..StepSpec::default()
            })
            .unwrap();
    }
    let lead = admin.create(crate::world::a_lead());
    let calls = admin.list(sluice_model::Query::new("plugintracelog"));
    let started: Vec<&str> = calls
        .iter()
        .filter_map(|row| row.text("messageblock"))
        .filter(|text| text.contains("started"))
        .collect();
    assert!(
        started.iter().any(|text| text.contains(&admin.id().to_string())),
        "{started:?}"
    );
    // What a plug-in refuses on the process is refused to the whole qualification.
    let request = sluice_sales::qualify::request(lead, &sluice_sales::qualify::Choices::default());
    let error = admin.0.execute(request).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80040265", "{error}");
    assert_eq!(admin.get("lead", lead).int("statecode"), Some(0));
}

#[test]
fn the_messages_of_the_platform_tell_where_a_row_stands() {
    let world = Flows::new();
    let lead = world.lead();
    let request = Request::new("RetrieveProcessInstances")
        .with("EntityId", Value::Id(lead))
        .with("EntityLogicalName", "lead");
    let response = world.admin.0.execute(request).unwrap();
    let Some(sluice_model::Parameter::Rows(rows)) = response.outputs.get("Processes") else {
        panic!("{response:?}");
    };
    let stage = world.flow("Lead to Opportunity Sales Process").stages[0].id;
    assert_eq!(rows[0].id_of("processid"), Some(SHIPPED_ID));
    assert_eq!(rows[0].id_of("processstageid"), Some(stage));
    assert_eq!(rows[0].text("name"), Some("Lead to Opportunity Sales Process"));

    let path = |id: Uuid| {
        world
            .admin
            .0
            .execute(Request::new("RetrieveActivePath").with("ProcessInstanceId", Value::Id(id)))
    };
    let response = path(rows[0].id).unwrap();
    let Some(sluice_model::Parameter::Rows(stages)) = response.outputs.get("ProcessStages") else {
        panic!("{response:?}");
    };
    let names: Vec<&str> = stages.iter().filter_map(|row| row.text("stagename")).collect();
    assert_eq!(names, ["Qualify", "Develop", "Propose", "Close"]);
    assert_eq!(code(path(Uuid::from_u128(7))), "0x80040217");
}
