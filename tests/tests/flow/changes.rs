//! A process is a row like others, and whoever changes it is held to the same.

use sluice_model::{Reference, Row, Uuid, Value};
use sluice_platform::Status;

use crate::world::{Flows, SHIPPED, code};

const SOME: Uuid = Uuid::from_u128(7);

#[test]
fn a_stage_must_be_one_of_the_flow() {
    let world = Flows::new();
    let lead = world.lead();
    let process = world.process("lead", lead).instance;
    let change = |value: Value| {
        world
            .admin
            .try_update(Row::new(SHIPPED, process.id).with("activestageid", value))
    };
    assert_eq!(code(change(Value::Null)), "0x80060449");
    let error = change(Value::Lookup(Reference::new("processstage", SOME))).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80060450");
    assert!(
        error.message().contains("Qualify (f99b4d48"),
        "it says which there are: {error}"
    );
    let lane = world.fast_lane(9);
    let other = world.flow("Fast lane").stages[1].id;
    assert_eq!(
        code(change(Value::Lookup(Reference::new("processstage", other)))),
        "0x80060450"
    );
    assert_ne!(lane, SOME);
    assert_eq!(world.stands("lead", lead), "Qualify, Active");
}

#[test]
fn a_traversed_path_must_be_the_one_there_is() {
    let world = Flows::new();
    let opportunity = world.qualify(world.lead());
    let process = world.process("opportunity", opportunity);
    let ids: Vec<String> = process.flow.stages.iter().map(|stage| stage.id.to_string()).collect();
    let [qualify, develop, propose, close] = [0, 1, 2, 3].map(|index: usize| ids[index].as_str());
    let to = |path: &str| {
        let change = process.to(process.next().unwrap()).with("traversedpath", path);
        world.admin.try_update(change)
    };
    let refused = [
        (format!("{qualify},{develop}"), "0x80060455"),
        (format!("{develop},{propose}"), "0x80060456"),
        (format!("{qualify},{propose}"), "0x80092007"),
        (format!("{qualify},{close},{propose}"), "0x80092007"),
        (format!("{qualify},{SOME},{propose}"), "0x80060450"),
        ("stages".to_owned(), "0x80060450"),
        (String::new(), "0x80060450"),
    ];
    for (path, expected) in refused {
        assert_eq!(code(to(&path)), expected, "{path}");
    }
    let alone = Row::new(SHIPPED, process.instance.id).with("traversedpath", qualify);
    assert_eq!(code(world.admin.try_update(alone)), "0x80060455");
    to(&format!("{qualify},{develop},{}", propose.to_uppercase())).unwrap();
    let path = world
        .process("opportunity", opportunity)
        .row
        .text("traversedpath")
        .unwrap()
        .to_owned();
    assert_eq!(path, format!("{qualify},{develop},{propose}"));
}

#[test]
fn a_process_keeps_its_flow_and_its_rows() {
    let world = Flows::new();
    let (lead, other) = (world.lead(), world.lead());
    let process = world.process("lead", lead).instance;
    let change = |column: &str, value: Value| {
        world
            .admin
            .try_update(Row::new(SHIPPED, process.id).with(column, value))
    };
    let lane = world.fast_lane(9);
    assert_eq!(
        code(change("processid", Reference::new("workflow", lane).into())),
        "0x80092001"
    );
    assert_eq!(code(change("processid", Value::Null)), "0x80092001");
    assert_eq!(
        code(change("leadid", Reference::new("lead", other).into())),
        "0x80092006"
    );
    assert_eq!(code(change("leadid", Value::Null)), "0x80092006");
    let early = world.admin.create(Row::unsaved("opportunity").with("name", "Early"));
    assert_eq!(
        code(change("opportunityid", Reference::new("opportunity", early).into())),
        "0x80092006",
        "it joins with its stage"
    );
    change("leadid", Reference::new("lead", lead).into()).unwrap();
    change("name", "Pumps".into()).unwrap();
}

#[test]
fn what_is_finished_or_given_up_does_not_move_until_it_is_taken_up() {
    let world = Flows::new();
    let opportunity = world.qualify(world.lead());
    let process = || world.process("opportunity", opportunity);
    let becomes = |status| world.admin.try_update(process().becomes(status));
    assert_eq!(code(becomes(Status::Finished)), "0x80092002", "it stands at Develop");
    becomes(Status::Aborted).unwrap();
    assert_eq!(code(world.next(&world.admin, "opportunity", opportunity)), "0x80060377");
    assert_eq!(code(becomes(Status::Finished)), "0x80092002");
    becomes(Status::Active).unwrap();
    world.next(&world.admin, "opportunity", opportunity).unwrap();
    world.next(&world.admin, "opportunity", opportunity).unwrap();
    becomes(Status::Finished).unwrap();
    assert_eq!(code(becomes(Status::Aborted)), "0x80092002");
    assert_eq!(code(world.to(&world.admin, &process(), "Propose")), "0x80060377");
    becomes(Status::Active).unwrap();
    assert_eq!(world.stands("opportunity", opportunity), "Close, Active");
}

#[test]
fn a_process_is_started_by_making_its_row() {
    let world = Flows::new();
    let none = crate::world::a_lead().with("processid", Uuid::nil());
    let lead = world.admin.create(none);
    assert!(world.processes("lead", lead).is_empty());
    let reference = Reference::new("lead", lead);
    let flow = world.flow("Lead to Opportunity Sales Process");
    let start = |change: &dyn Fn(Row) -> Row| {
        world
            .admin
            .try_create(change(Row::unsaved(SHIPPED).with("leadid", reference.clone())))
    };
    let at = |row: Row, stage: usize| row.with("activestageid", Reference::new("processstage", flow.stages[stage].id));
    assert_eq!(
        code(world.admin.try_create(Row::unsaved(SHIPPED))),
        "0x80092004",
        "of no lead"
    );
    assert_eq!(
        code(start(&|row| at(row, 1))),
        "0x80092007",
        "a later stage without a path"
    );
    let both = format!("{},{}", flow.stages[0].id, flow.stages[1].id);
    assert_eq!(
        code(start(&|row| at(row, 1).with("traversedpath", both.as_str()))),
        "0x80092004",
        "of no opportunity"
    );
    assert_eq!(
        code(start(&|row| row.with("statecode", Value::Choice(1)))),
        "0x80092002"
    );
    assert_eq!(
        code(start(&|row| row.with("processid", Reference::new("workflow", SOME)))),
        "0x80092001"
    );

    // As clients of the platform post it.
    let posted = |row: Row| {
        at(row, 0)
            .with("processid", Reference::new("workflow", flow.id))
            .with("traversedpath", flow.stages[0].id.to_string())
    };
    start(&posted).unwrap();
    assert_eq!(world.stands("lead", lead), "Qualify, Active");
    assert_eq!(world.admin.get("lead", lead).id_of("processid"), Some(flow.id));
    assert_eq!(code(start(&posted)), "0x80060397", "a row goes through a flow once");
}

#[test]
fn the_columns_beside_the_row_are_the_platforms() {
    let world = Flows::new();
    let lead = world.lead();
    let write = |column: &str, value: Value| world.admin.try_update(Row::new("lead", lead).with(column, value));
    assert_eq!(code(write("stageid", Value::Id(SOME))), "0x80040235");
    assert_eq!(code(write("traversedpath", "x".into())), "0x80040235");
    assert_eq!(code(write("processid", Value::Id(SOME))), "0x80092001");
    let same = world.admin.get("lead", lead).get("processid").unwrap().clone();
    write("processid", same).unwrap();
}
