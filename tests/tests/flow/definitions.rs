//! What a flow may be, and how it is guarded while processes go through it.

use sluice_model::{Code, Error, Ownership, Reference, Row, TableDef, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_platform::{FlowSpec, Status};

use crate::world::{Flows, SHIPPED, SHIPPED_ID, code, stands};

fn spec(name: &str, stages: usize, table: &str) -> FlowSpec {
    let stage = |index| format!("[[stages]]\nname = \"S{index}\"\ntable = \"{table}\"\n");
    let stages: String = (0..stages).map(stage).collect();
    FlowSpec::parse(&format!("name = \"{name}\"\n{stages}")).unwrap()
}

fn set_active(world: &Flows, flow: Uuid, active: bool) -> Result<(), Error> {
    let state = Value::Choice(i32::from(active));
    world
        .admin
        .try_update(Row::new("workflow", flow).with("statecode", state))
}

#[test]
fn ten_active_flows_begin_at_a_table_and_no_eleventh() {
    let world = Flows::new();
    let make = |name: &str, activate| world.admin.0.create_flow(&spec(name, 1, "lead"), activate);
    for index in 1..10 {
        make(&format!("Flow {index}"), true).unwrap();
    }
    let error = make("Eleventh", true).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80060420");
    assert_eq!(world.admin.0.flows().unwrap().len(), 10, "nothing of it is left");
    let draft = make("Eleventh", false).unwrap();
    assert_eq!(code(set_active(&world, draft, true)), "0x80060420");
    world
        .admin
        .0
        .create_flow(&spec("Elsewhere", 1, "contact"), true)
        .unwrap();
    // The limit is the organisation's.
    let organization = world
        .admin
        .list(sluice_model::Query::new("organization").columns(&[]))
        .remove(0);
    let more = ("maximumactivebusinessprocessflowsallowedperentity", Value::Int(11));
    world
        .admin
        .update(Row::new("organization", organization.id).with(more.0, more.1));
    set_active(&world, draft, true).unwrap();
}

#[test]
fn a_flow_has_thirty_stages_a_stage_thirty_steps_and_a_flow_five_tables() {
    let world = Flows::new();
    let make = |spec: &FlowSpec| world.admin.0.create_flow(spec, true);
    make(&spec("Thirty", 30, "lead")).unwrap();
    let error = make(&spec("Thirty-one", 31, "lead")).unwrap_err();
    assert_eq!(error.message(), "Thirty-one would have 31 stages, and 30 is the most");

    let mut wide = spec("Wide", 1, "lead");
    let step = |column: &str| sluice_platform::FlowStepSpec {
        column: column.to_owned(),
        label: None,
        required: false,
    };
    wide.stages[0].steps = vec![step("subject"); 31];
    let error = make(&wide).unwrap_err();
    assert_eq!(error.message(), "the stage S0 would have 31 steps, and 30 is the most");

    let mut far = spec("Far", 6, "lead");
    for (stage, table) in far
        .stages
        .iter_mut()
        .zip(["lead", "account", "contact", "opportunity", "campaign", "task"])
    {
        stage.table = table.to_owned();
    }
    let error = make(&far).unwrap_err();
    assert!(error.message().contains("6 tables"), "{error}");
    far.stages.pop();
    make(&far).unwrap();
}

#[test]
fn definitions_that_make_no_sense_are_refused_by_what_is_wrong() {
    let world = Flows::new();
    let flows = world.admin.0.flows().unwrap().len();
    let make = |toml: &str| {
        let spec = FlowSpec::parse(toml)?;
        world.admin.0.create_flow(&spec, true)
    };
    let refused = [
        ("name = \"No stage\"\nstages = []", "has no stage"),
        (
            "name = \"No table\"\nstages = [{ name = \"A\", table = \"leed\" }]",
            "leed",
        ),
        (
            "name = \"No column\"\nstages = [{ name = \"A\", table = \"lead\", steps = [{ column = \"colour\" }] }]",
            "colour",
        ),
        (
            "name = \"Hidden\"\nstages = [{ name = \"A\", table = \"privilege\" }]",
            "privilege",
        ),
        (
            "name = \"Of processes\"\nstages = [{ name = \"A\", table = \"leadtoopportunitysalesprocess\" }]",
            "no process flow",
        ),
        (
            "name = \"X\"\nuniquename = \"fastlane\"\nstages = [{ name = \"A\", table = \"lead\" }]",
            "fastlane",
        ),
        (
            "name = \"X\"\nuniquename = \"leadtoopportunitysalesprocess\"\nstages = [{ name = \"A\", table = \"lead\" }]",
            "leadtoopportunitysalesprocess",
        ),
        (
            "name = \"X\"\nstages = [{ name = \"A\", table = \"lead\", colour = 1 }]",
            "colour",
        ),
        (
            "name = \"Twice\"\nstages = [{ name = \"A\", table = \"lead\" }, { name = \"a\", table = \"opportunity\" }]",
            "has a stage \"A\" already",
        ),
        ("this is no TOML", "process flow"),
    ];
    for (toml, words) in refused {
        let error = make(toml).unwrap_err();
        assert!(error.message().contains(words), "{toml}: {error}");
    }
    assert_eq!(world.admin.0.flows().unwrap().len(), flows);
}

#[test]
fn a_definition_is_not_emptied_of_what_it_needs() {
    let world = Flows::new();
    let flow = world.flow("Lead to Opportunity Sales Process");
    let (stage, step) = (&flow.stages[0], &flow.stages[0].steps[0]);
    for (table, id, columns) in [
        ("workflow", flow.id, &["name"][..]),
        ("processstage", stage.id, &["stagename"]),
        ("sl_processstep", step.id, &["sl_column"]),
    ] {
        for column in columns {
            let error = world
                .admin
                .try_update(Row::new(table, id).with(*column, Value::Null))
                .unwrap_err();
            assert_eq!(error.code(), Code::REQUIRED_MISSING, "{error}");
            assert!(
                error.message().contains(&format!("needs the column `{column}`")),
                "{error}"
            );
        }
    }
    // An empty text is stored as nothing.
    for (table, id, column) in [("workflow", flow.id, "name"), ("processstage", stage.id, "stagename")] {
        let error = world
            .admin
            .try_update(Row::new(table, id).with(column, ""))
            .unwrap_err();
        assert_eq!(error.code(), Code::REQUIRED_MISSING, "{error}");
    }
    assert_eq!(world.flow("Lead to Opportunity Sales Process"), flow);
    // What a row can do without is emptied.
    world
        .admin
        .update(Row::new("sl_processstep", step.id).with("sl_name", Value::Null));
}

#[test]
fn a_flow_is_activated_by_who_has_the_privilege() {
    let world = Flows::new();
    let draft = world.admin.0.create_flow(&spec("Draft", 1, "lead"), false).unwrap();
    let designer = world.seller("designer", &["prvReadWorkflow", "prvWriteWorkflow"]);
    let error = designer
        .try_update(Row::new("workflow", draft).with("statecode", Value::Choice(1)))
        .unwrap_err();
    assert_eq!(
        error.body().privilege.as_deref(),
        Some("prvActivateBusinessProcessFlow")
    );
    designer.update(Row::new("workflow", draft).with("processorder", 3));
}

#[test]
fn a_flow_in_use_is_not_deleted_and_how_many_are_in_it_is_told() {
    let world = Flows::new();
    let leads = [world.lead(), world.lead(), world.lead()];
    world
        .admin
        .update(world.process("lead", leads[2]).becomes(Status::Aborted));
    let delete = || world.admin.try_delete("workflow", SHIPPED_ID);
    let error = delete().unwrap_err();
    assert_eq!(error.code().to_string(), "0x80040227");
    assert!(error.message().contains("2 processes are under way"), "{error}");

    set_active(&world, SHIPPED_ID, false).unwrap();
    assert_eq!(code(delete()), "0x80040227", "a draft is guarded as well");
    assert_eq!(
        world.stands("lead", leads[0]),
        "Qualify, Active",
        "what is under way stays"
    );
    assert!(world.processes("lead", world.lead()).is_empty(), "nothing is started");
    world.qualify(leads[0]);
    assert_eq!(world.stands("lead", leads[0]), "Develop, Active", "and goes on");
    for lead in &leads[..2] {
        world
            .admin
            .update(world.process("lead", *lead).becomes(Status::Aborted));
    }
    delete().unwrap();
    assert_eq!(world.admin.count("processstage"), 0);
    assert_eq!(world.admin.count("sl_processstep"), 0);
    assert_eq!(world.admin.count(SHIPPED), 3, "what has ended is kept");
}

#[test]
fn stages_change_in_a_draft_only_and_steps_at_any_time() {
    let world = Flows::new();
    let lead = world.lead();
    let flow = world.flow("Lead to Opportunity Sales Process");
    let more = || {
        let stage = Row::unsaved("processstage")
            .with("stagename", "Celebrate")
            .with("processid", Reference::new("workflow", flow.id))
            .with("primaryentitytypecode", "contact");
        world.admin.try_create(stage)
    };
    let error = more().unwrap_err();
    assert!(error.message().contains("deactivate"), "{error}");
    let (qualify, close) = (flow.stages[0].id, flow.stages[3].id);
    assert!(world.admin.try_delete("processstage", close).is_err());
    assert!(
        world
            .admin
            .try_update(Row::new("processstage", close).with("sl_position", 0))
            .is_err()
    );
    world
        .admin
        .update(Row::new("processstage", close).with("stagename", "Sign"));
    let step = Row::unsaved("sl_processstep")
        .with("sl_stageid", Reference::new("processstage", qualify))
        .with("sl_column", "jobtitle")
        .with("sl_required", true);
    let step = world.admin.create(step);
    assert_eq!(
        world.try_qualify(&world.admin, lead).unwrap_err().body().missing,
        ["jobtitle"]
    );
    assert!(
        world
            .admin
            .try_update(Row::new("sl_processstep", step).with("sl_column", "colour"))
            .is_err()
    );
    world.admin.try_delete("sl_processstep", step).unwrap();

    set_active(&world, flow.id, false).unwrap();
    more().unwrap();
    let error = world.admin.try_delete("processstage", qualify).unwrap_err();
    assert!(error.message().contains("1 process is at it"), "{error}");
    world.admin.try_delete("processstage", close).unwrap();
    set_active(&world, flow.id, true).unwrap();
    // The new stage is about a table that the processes had no lookup for; whatever the lead
    // becomes goes through the flow.
    let opportunity = world.qualify(lead);
    world.next(&world.admin, "opportunity", opportunity).unwrap();
    world.next(&world.admin, "opportunity", opportunity).unwrap();
    let contact = world.admin.get("lead", lead).id_of("parentcontactid").unwrap();
    assert_eq!(world.stands("contact", contact), "Celebrate, Active");
}

#[test]
fn processes_move_to_another_flow_and_what_cannot_be_moved_says_why() {
    let world = Flows::new();
    let (early, late) = (world.lead(), world.lead());
    let opportunity = world.qualify(late);
    world.require("Qualify", "budgetamount");
    let lane = world.fast_lane(9);
    let migrated = world.admin.0.migrate_processes(SHIPPED_ID, lane).unwrap();
    assert_eq!(migrated.len(), 2);
    let of = |lead: Uuid| migrated.iter().find(|one| one.process.rows["lead"].id == lead).unwrap();
    assert_eq!(of(early).outcome.as_ref().unwrap().stage, "Call");
    let error = of(late).outcome.as_ref().unwrap_err();
    assert!(
        error.message().contains("no stage about a row of `opportunity`"),
        "{error}"
    );
    let all: Vec<String> = world.processes("lead", early).iter().map(stands).collect();
    assert_eq!(all.len(), 2);
    assert!(
        all.contains(&"Call, Active".to_owned()) && all.contains(&"Qualify, Aborted".to_owned()),
        "{all:?}"
    );
    assert_eq!(world.admin.get("lead", early).id_of("processid"), Some(lane));
    assert_eq!(world.stands("opportunity", opportunity), "Develop, Active");

    // At the stage of the same name, required steps of the stages before or not.
    let twin = world.make(
        r#"
        name = "Twin"
        stages = [
            { name = "Ask", table = "lead", steps = [{ column = "jobtitle", required = true }] },
            { name = "Offer", table = "opportunity" },
            { name = "Develop", table = "opportunity" },
        ]
        "#,
    );
    let migrated = world.admin.0.migrate_processes(SHIPPED_ID, twin).unwrap();
    assert_eq!(migrated[0].outcome.as_ref().unwrap().stage, "Develop");
    let outsider = world.seller("outsider", &[]);
    assert_eq!(code(outsider.0.migrate_processes(twin, lane)), "0x80040220");
    assert!(world.admin.0.migrate_processes(lane, lane).is_err());
}

#[test]
fn a_flow_of_the_name_of_a_deleted_one_takes_over_its_table() {
    let world = Flows::new();
    let lane = world.fast_lane(-1);
    let lead = world.lead();
    world.admin.update(world.process("lead", lead).becomes(Status::Aborted));
    set_active(&world, lane, false).unwrap();
    world.admin.try_delete("workflow", lane).unwrap();
    assert!(world.processes("lead", lead).is_empty());
    let again = world.fast_lane(-1);
    assert_ne!(lane, again);
    let lead = world.lead();
    assert_eq!(world.stands("lead", lead), "Call, Active");
}

/// Its name and the privilege are asked for where a flow is made.
#[test]
fn another_process_does_not_become_a_flow() {
    let world = Flows::new();
    for category in [0, 1, 2, 3] {
        let row = Row::unsaved("workflow")
            .with("name", "Other")
            .with("category", Value::Choice(category))
            .with("primaryentity", "lead")
            .with("uniquename", "account");
        let id = world.admin.create(row);
        let change = Row::new("workflow", id).with("category", Value::Choice(4));
        let error = world.admin.try_update(change).unwrap_err();
        assert!(error.message().contains("does not become"), "{category}: {error}");
    }
    assert!(
        world
            .admin
            .0
            .flows()
            .unwrap()
            .iter()
            .all(|flow| flow.unique_name != "account")
    );
}

/// Its name was free when it was made.
#[test]
fn a_draft_takes_no_table_that_is_made_later() {
    let world = Flows::new();
    let lane = world.fast_lane(9);
    set_active(&world, lane, false).unwrap();
    let squat = Row::unsaved("workflow")
        .with("name", "Squat")
        .with("category", Value::Choice(4))
        .with("primaryentity", "lead")
        .with("uniquename", "sl_invoice");
    let squat = world.admin.create(squat);
    let stage = Row::unsaved("processstage")
        .with("stagename", "First")
        .with("processid", Reference::new("workflow", squat))
        .with("primaryentitytypecode", "lead")
        .with("stagecategory", Value::Choice(0));
    world.admin.create(stage);
    let table = TableDef::new("sl_invoice", Ownership::User);
    world.admin.0.create_table(&table).unwrap();
    let error = set_active(&world, squat, true).unwrap_err();
    assert!(error.message().contains("is that of the table sl_invoice"), "{error}");
    let catalog = world.admin.0.catalog().unwrap();
    assert!(catalog.table("sl_invoice").unwrap().column("bpf_leadid").is_none());
}

#[test]
fn nobody_moves_a_process_that_they_could_not_end() {
    let world = Flows::new();
    let lane = world.fast_lane(9);
    let both = [SHIPPED, "sl_fastlane"];
    let rights = both.map(|table| ["Create", "Read", "Write", "Append"].map(|right| format!("prv{right}{table}")));
    let rights: Vec<&str> = rights.iter().flatten().map(String::as_str).collect();
    let mover = world.seller("mover", &rights);
    let (own, other) = (world.lead_of(&mover), world.lead());
    let migrated = mover.0.migrate_processes(SHIPPED_ID, lane).unwrap();
    let of = |lead: Uuid| migrated.iter().find(|one| one.process.rows["lead"].id == lead).unwrap();
    assert_eq!(of(own).outcome.as_ref().unwrap().stage, "Call");
    let error = of(other).outcome.as_ref().unwrap_err();
    assert_eq!(error.code(), Code::ACCESS_DENIED, "{error}");
    assert_eq!(world.stands("lead", other), "Qualify, Active");
}
