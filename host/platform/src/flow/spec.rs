//! A flow as it is written in a file: its stages with their steps.

use super::{PROCESS_STEP, STAGE};
use serde::Deserialize;
use sluice_model::{Error, Reference, Request, Result, Row, Uuid, Value, state::process::ACTIVATED};

use super::CATEGORY;
use sluice_engine::{Batch, Session, tables};

/// A flow to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowSpec {
    /// What people call it.
    pub name: String,
    /// Its unique name, with a publisher's prefix; made of the name where there is none.
    #[serde(default)]
    pub uniquename: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Its place among the flows of its table: the lowest comes first.
    #[serde(default)]
    pub order: i32,
    /// Its stages, in order.
    pub stages: Vec<StageSpec>,
}

/// A stage of a flow to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageSpec {
    /// What people call it.
    pub name: String,
    /// The table whose row it is about.
    pub table: String,
    /// Its steps, in order.
    #[serde(default)]
    pub steps: Vec<FlowStepSpec>,
}

/// A step of a stage to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowStepSpec {
    /// The column to be filled in.
    pub column: String,
    /// What people call it; the column's label where there is none.
    #[serde(default)]
    pub label: Option<String>,
    /// Whether it must be filled in before the stage is left.
    #[serde(default)]
    pub required: bool,
}

/// The categories of stages, by their names.
const CATEGORIES: [&str; 8] = [
    "Qualify", "Develop", "Propose", "Close", "Identify", "Research", "Resolve", "Approval",
];

impl FlowSpec {
    /// Reads a flow's file.
    ///
    /// # Errors
    /// The place in the text that is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| Error::invalid(format!("this is no process flow: {error}")))
    }
}

/// Making flows from a description.
pub trait CreateFlows {
    /// Makes a flow with its stages and steps, and activates it, unless it stays a draft; its
    /// id. All of it or nothing.
    ///
    /// # Errors
    /// What is wrong with it, or the privilege that the user lacks.
    fn create_flow(&self, spec: &FlowSpec, activate: bool) -> Result<Uuid>;
}

impl CreateFlows for Session {
    fn create_flow(&self, spec: &FlowSpec, activate: bool) -> Result<Uuid> {
        self.batch(|batch| {
            let flow = create(batch, spec)?;
            if activate {
                let active = Row::new(tables::PROCESS, flow).in_state(ACTIVATED);
                batch.execute(Request::update(active))?;
            }
            Ok(flow)
        })
    }
}

fn create(batch: &mut Batch<'_>, spec: &FlowSpec) -> Result<Uuid> {
    let first = spec.stages.first().ok_or_else(|| {
        Error::invalid(format!("the process flow {} has no stage", spec.name)).with_table(tables::PROCESS)
    })?;
    let mut row = Row::unsaved(tables::PROCESS)
        .with("name", spec.name.as_str())
        .with("category", Value::Choice(CATEGORY))
        .with("primaryentity", first.table.as_str())
        .with("processorder", spec.order);
    for (column, text) in [("uniquename", &spec.uniquename), ("description", &spec.description)] {
        if let Some(text) = text {
            row.set(column, text.as_str());
        }
    }
    let flow = batch.create(row)?;
    for stage in &spec.stages {
        create_stage(batch, flow, stage)?;
    }
    Ok(flow)
}

fn create_stage(batch: &mut Batch<'_>, flow: Uuid, spec: &StageSpec) -> Result<()> {
    let mut row = Row::unsaved(STAGE)
        .with("stagename", spec.name.as_str())
        .with("processid", Reference::new(tables::PROCESS, flow))
        .with("primaryentitytypecode", spec.table.as_str());
    let category = (0..).zip(CATEGORIES).find(|(_, name)| *name == spec.name);
    if let Some((category, _)) = category {
        row.set("stagecategory", Value::Choice(category));
    }
    let stage = batch.create(row)?;
    for step in &spec.steps {
        let mut row = Row::unsaved(PROCESS_STEP)
            .with("sl_stageid", Reference::new(STAGE, stage))
            .with("sl_column", step.column.as_str())
            .with("sl_required", step.required);
        if let Some(label) = &step.label {
            row.set("sl_name", label.as_str());
        }
        batch.create(row)?;
    }
    Ok(())
}
