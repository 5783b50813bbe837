//! Several flows for one table, and several processes for one row.

use sluice_model::{Reference, Row, Uuid, Value};
use sluice_platform::Status;
use sluice_platform::prelude::*;

use crate::world::{Flows, SHIPPED, SHIPPED_ID, a_lead, code, on, stands};

#[test]
fn the_first_flow_that_the_caller_may_use_is_the_one_that_starts() {
    let world = Flows::new();
    let lane = world.fast_lane(-1);
    // A third one, before both, that does not match: it begins at the opportunity.
    world.make(
        r#"
        name = "Of opportunities"
        uniquename = "sl_ofopportunities"
        order = -2
        stages = [{ name = "Sell", table = "opportunity" }]
        "#,
    );
    let a = world.seller("a", &refs(&[on("sl_fastlane"), on(SHIPPED)].concat()));
    let b = world.seller("b", &refs(&on(SHIPPED)));
    let c = world.seller("c", &[]);
    assert_eq!(world.process("lead", world.lead_of(&a)).flow.id, lane);
    assert_eq!(world.process("lead", world.lead_of(&b)).flow.id, SHIPPED_ID);
    assert!(world.processes("lead", world.lead_of(&c)).is_empty());
    // Another order, another default.
    world.admin.update(Row::new("workflow", lane).with("processorder", 5));
    assert_eq!(world.process("lead", world.lead_of(&a)).flow.id, SHIPPED_ID);
}

#[test]
fn who_makes_a_row_may_choose_its_flow_or_none() {
    let world = Flows::new();
    let lane = world.fast_lane(9);
    let with = |flow: Uuid| world.admin.create(a_lead().with("processid", flow));
    assert_eq!(world.process("lead", with(lane)).flow.id, lane);
    let none = with(Uuid::nil());
    assert!(world.processes("lead", none).is_empty());
    assert!(!world.admin.get("lead", none).has("processid"));
    let error = world.admin.try_create(a_lead().with("processid", Uuid::from_u128(7)));
    assert_eq!(code(error), "0x80040217");
    let outsider = world.seller("outsider", &[]);
    let error = outsider.try_create(a_lead().with("processid", lane)).unwrap_err();
    assert_eq!(error.body().privilege.as_deref(), Some("prvCreatesl_fastlane"));
}

#[test]
fn a_row_has_several_processes_and_the_one_that_changed_last_counts() {
    let world = Flows::new();
    world.fast_lane(9);
    let lead = world.lead();
    let reference = Reference::new("lead", lead);
    world.clock.pass_hours(1);
    world
        .admin
        .create(Row::unsaved("sl_fastlane").with("bpf_leadid", reference.clone()));
    let counts = || {
        world
            .processes("lead", lead)
            .iter()
            .map(|process| process.flow.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(counts(), ["Fast lane", "Lead to Opportunity Sales Process"]);
    // Qualifying goes by the one that counts, and that one asks for the telephone.
    let error = world.try_qualify(&world.admin, lead).unwrap_err();
    assert_eq!(error.body().missing, ["telephone1"]);
    // Switching back touches the other process, and keeps this one.
    world.clock.pass_hours(1);
    let shipped = world.processes("lead", lead).remove(1);
    world.admin.update(shipped.to(shipped.stage().unwrap()));
    assert_eq!(counts(), ["Lead to Opportunity Sales Process", "Fast lane"]);
    assert_eq!(world.admin.get("lead", lead).id_of("processid"), Some(SHIPPED_ID));
    world.qualify(lead);
    let where_to: Vec<String> = world.processes("lead", lead).iter().map(stands).collect();
    assert_eq!(where_to, ["Develop, Active", "Call, Active"]);
}

#[test]
fn a_qualification_may_name_the_process_that_moves() {
    let world = Flows::new();
    world.fast_lane(9);
    let lead = world.lead();
    world.clock.pass_hours(1);
    let reference = Reference::new("lead", lead);
    let lane = world
        .admin
        .create(Row::unsaved("sl_fastlane").with("bpf_leadid", reference));
    let shipped = world.processes("lead", lead).remove(1).instance;
    let naming = |instance: Reference| {
        sluice_sales::qualify::request(lead, &sluice_sales::qualify::Choices::default())
            .with("ProcessInstanceId", instance)
    };
    let error = world
        .admin
        .0
        .execute(naming(Reference::new(SHIPPED, Uuid::from_u128(7))));
    assert_eq!(code(error), "0x80040217");
    let aborted = world.processes("lead", lead).remove(0);
    world.admin.update(aborted.becomes(Status::Aborted));
    assert_eq!(
        code(world.admin.0.execute(naming(Reference::new("sl_fastlane", lane)))),
        "0x80060377"
    );
    world.admin.update(aborted.becomes(Status::Active));
    world.clock.pass_hours(1);
    world.admin.0.execute(naming(shipped)).unwrap();
    assert_eq!(stands(&world.processes("lead", lead)[0]), "Develop, Active");
}

#[test]
fn a_custom_table_has_processes_like_any_other() {
    let world = Flows::new();
    let table = sluice_model::TableDef {
        primary_name: Some("sl_name".into()),
        columns: vec![sluice_model::ColumnDef::new(
            "sl_name",
            sluice_model::ColumnType::Text { max_length: 100 },
        )]
        .into(),
        ..sluice_model::TableDef::new("sl_visit", sluice_model::Ownership::User)
    };
    world.admin.0.create_table(&table).unwrap();
    world.make(
        r#"
        name = "Of visits"
        stages = [
            { name = "Plan", table = "sl_visit", steps = [{ column = "sl_name", required = true }] },
            { name = "Pay", table = "account" },
        ]
        "#,
    );
    let visit = world.admin.create(Row::unsaved("sl_visit"));
    assert_eq!(world.stands("sl_visit", visit), "Plan, Active");
    let process = world.process("sl_visit", visit);
    assert_eq!(&*process.instance.table, "sl_ofvisits", "named after the flow");
    assert_eq!(code(world.next(&world.admin, "sl_visit", visit)), "0x8006041A");
    world
        .admin
        .update(Row::new("sl_visit", visit).with("sl_name", "Monday"));
    assert_eq!(
        code(world.next(&world.admin, "sl_visit", visit)),
        "0x80092004",
        "there is no account"
    );
    let account = world
        .admin
        .create(Row::unsaved("account").with("name", "Litware, Inc."));
    let next = process.to(process.next().unwrap());
    let next = next.with("bpf_accountid", Reference::new("account", account));
    world.admin.update(next);
    assert_eq!(world.stands("account", account), "Pay, Active");
    assert_eq!(
        world.admin.get("account", account).get("processid"),
        Some(&Value::Id(process.flow.id))
    );
}

fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
