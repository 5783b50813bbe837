//! The Lead to Opportunity Sales Process: its definition, and what becomes of a process when its
//! lead is qualified, disqualified or taken up again, and when its opportunity is closed.

use sluice_engine::{Operation, Unit};
use sluice_model::{
    Code, Error, Name, Reference, Request, Result, Row, Uuid, Value, names, situations::STAGE_ELSEWHERE,
    state::process::ACTIVATED,
};
use sluice_platform::flow::processes_of;
use sluice_platform::{Process, Status};

/// The flow; its id is the same in every organisation.
const FLOW: Uuid = Uuid::from_u128(0x919e_14d1_6489_4852_abd0_a63a_6eca_ac5d);

/// A stage: its id, name, category and table, and the columns to be filled in. None is required:
/// what a stage asks for without need is what people give up at.
type Stage = (
    Uuid,
    &'static str,
    i32,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const STAGES: &[Stage] = &[
    (
        Uuid::from_u128(0xf99b_4d48_7aad_456e_864a_8e7d_543f_7495),
        "Qualify",
        0,
        "lead",
        &[
            ("parentcontactid", "Existing Contact?"),
            ("parentaccountid", "Existing Account?"),
            ("purchasetimeframe", "Purchase Timeframe"),
            ("budgetamount", "Estimated Budget"),
            ("purchaseprocess", "Purchase Process"),
            ("decisionmaker", "Identify Decision Maker"),
            ("description", "Capture Summary"),
        ],
    ),
    (
        Uuid::from_u128(0xbfc9_108c_8389_406b_9166_2c32_98a2_e41f),
        "Develop",
        1,
        "opportunity",
        &[
            ("customerneed", "Customer Need"),
            ("proposedsolution", "Proposed Solution"),
            ("identifycustomercontacts", "Identify Stakeholders"),
            ("identifycompetitors", "Identify Competitors"),
        ],
    ),
    (
        Uuid::from_u128(0x3a27_5c22_fc45_4e89_97fc_41e5_ec57_8743),
        "Propose",
        2,
        "opportunity",
        &[
            ("identifypursuitteam", "Identify Sales Team"),
            ("developproposal", "Develop Proposal"),
            ("completeinternalreview", "Complete Internal Review"),
            ("presentproposal", "Present Proposal"),
        ],
    ),
    (
        Uuid::from_u128(0x7f52_47fe_cfc3_42bc_aa77_b1d8_36d9_b7c0),
        "Close",
        3,
        "opportunity",
        &[
            ("completefinalproposal", "Complete Final Proposal"),
            ("presentfinalproposal", "Present Final Proposal"),
            ("finaldecisiondate", "Confirm Decision Date"),
            ("sendthankyounote", "Send Thank You"),
            ("filedebrief", "File De-brief"),
        ],
    ),
];

/// Writes the flow into a new organisation, and activates it.
pub(crate) fn install(unit: &mut Unit) -> Result<()> {
    let flow = Row::new("workflow", FLOW)
        .with("name", "Lead to Opportunity Sales Process")
        .with("uniquename", "leadtoopportunitysalesprocess")
        .with("category", Value::Choice(4))
        .with("primaryentity", "lead");
    let flow = unit.found(flow)?;
    for (id, name, category, table, steps) in STAGES {
        let stage = Row::new("processstage", *id)
            .with("stagename", *name)
            .with("processid", flow.clone())
            .with("stagecategory", Value::Choice(*category))
            .with("primaryentitytypecode", *table);
        let stage = unit.found(stage)?;
        for (column, label) in *steps {
            unit.found(
                Row::unsaved("sl_processstep")
                    .with("sl_stageid", stage.clone())
                    .with("sl_column", *column)
                    .with("sl_name", *label),
            )?;
        }
    }
    let active = Row::new("workflow", FLOW).in_state(ACTIVATED);
    unit.found_message(Request::update(active)).map(|_| ())
}

/// May the lead be qualified as far as its process is concerned? It stands at a stage of the lead
/// (error 3), and the required steps are filled in (error 2).
pub(crate) fn check_qualifies(process: &Process, lead: &Row, hidden: &[Name]) -> Result<()> {
    let Some(stage) = process.stage() else {
        return Ok(());
    };
    if &*stage.table != "lead" {
        let mut error = Error::of(&STAGE_ELSEWHERE)
            .with_table("lead")
            .with_word("LEAD", lead.id);
        let own = process.flow.stages.iter().rfind(|stage| &*stage.table == "lead");
        if let Some(own) = own {
            error = error.with_word("STAGE", names::word(&own.name, own.id));
        }
        error.body_mut().inner = Some(Code::STAGE_NOT_ON_LEAD.text().to_owned());
        return Err(error);
    }
    stage.check_steps(lead, hidden)?;
    let further = process.to_come().iter().take_while(|stage| &*stage.table == "lead");
    further
        .into_iter()
        .try_for_each(|stage| stage.check_steps(lead, hidden))
}

/// The process of a lead that was qualified goes on to the first stage of what became of it,
/// stage by stage; where nothing became of it that the next stage is about, it stays.
pub(crate) fn advance(unit: &mut Unit, operation: &Operation, process: &Process, rows: &[&Reference]) -> Result<()> {
    let to_come = process.to_come();
    let Some(end) = to_come.iter().position(|stage| &*stage.table != "lead") else {
        return Ok(());
    };
    let arrives = to_come
        .get(end)
        .is_some_and(|stage| rows.iter().any(|row| row.table == stage.table));
    if !arrives {
        return Ok(());
    }
    for (position, stage) in to_come.iter().take(end + 1).enumerate() {
        let mut change = process.to(stage);
        for row in rows.iter().filter(|_| position == end) {
            if let Some(column) = process.column_for(&row.table) {
                change.set(column.clone(), (*row).clone());
            }
        }
        let reason = "qualifying a lead moves its process, whatever the user may do with processes";
        unit.run_as_system(operation, reason, Request::update(change))?;
    }
    Ok(())
}

/// The processes of a lead that was disqualified are given up.
pub(crate) fn abort(unit: &mut Unit, operation: &Operation, lead: &Reference) -> Result<()> {
    for process in processes_of(unit, lead)? {
        if process.status == Status::Active {
            let reason = "disqualifying a lead gives up its process";
            unit.run_as_system(operation, reason, Request::update(process.becomes(Status::Aborted)))?;
        }
    }
    Ok(())
}

/// The process of a lead that was disqualified and is open again goes on.
pub(crate) fn take_up(unit: &mut Unit, operation: &Operation, lead: &Reference) -> Result<()> {
    let processes = processes_of(unit, lead)?;
    let last = processes.iter().find(|process| process.status == Status::Aborted);
    let Some(process) = last else { return Ok(()) };
    let reason = "reactivating a disqualified lead takes up its process";
    unit.run_as_system(operation, reason, Request::update(process.becomes(Status::Active)))?;
    Ok(())
}

/// The processes of an opportunity that was closed are finished, as far as they have come to their
/// last stage.
pub(crate) fn finish(unit: &mut Unit, operation: &Operation, opportunity: &Reference) -> Result<()> {
    for process in processes_of(unit, opportunity)? {
        let last = process.stage().is_some_and(|stage| stage.table == opportunity.table) && process.next().is_none();
        if process.status == Status::Active && last {
            let reason = "closing an opportunity finishes its process";
            unit.run_as_system(operation, reason, Request::update(process.becomes(Status::Finished)))?;
        }
    }
    Ok(())
}
