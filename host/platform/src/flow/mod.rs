//! Business process flows: their definitions, which are rows of `workflow`, `processstage` and
//! `sl_processstep`, and the processes that go through them, which are rows of a table of
//! their own for each flow.
//!
//! | to | look at |
//! |---|---|
//! | see what a process may do: stages, required steps, states | `instance` |
//! | see what each move leaves behind: stage visits, the columns beside the row | `visits` |
//! | find the processes of a row | `process` |
//! | see how a new row gets its process | `start` |
//! | see how a flow is written in a file | `spec` |
//! | see what a definition may be, and how a flow is activated | `design`, `table` |
//! | move the processes of one flow into another | `migrate` |
mod dependants;
mod design;
mod instance;
mod migrate;
mod part;
mod process;
mod retrieve_active_path;
mod retrieve_process_instances;
mod spec;
pub(crate) mod start;
mod table;
pub(crate) mod visits;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use sluice_model::{
    Error, Name, Reference, Remedy, Result, Row, TableDef, Uuid, Value, looks,
    remedy::{Case, Resolution},
    situations::STEPS_MISSING,
    state::process::ACTIVATED,
};

pub(crate) use design::{FlowRules, StageRules, StepRules, in_use};
pub(crate) use instance::Instance;
pub use migrate::{MigrateProcesses, Migrated, Migration};
pub(crate) use part::flows;
pub use process::{Process, Processes, Status, process_of, processes_of};
pub use spec::{CreateFlows, FlowSpec, FlowStepSpec, StageSpec};

use sluice_engine::{Capability, Component, ComponentPart, ComponentStates, Tables, tables, tasks::Task};

/// A process flow with its stages and steps. It makes the table whose privileges roles have.
static COMPONENTS: Component = Component {
    only: &[("category", CATEGORY)],
    parts: &[ComponentPart {
        table: STAGE,
        key: &["stagename", "primaryentitytypecode"],
        parts: &[ComponentPart {
            table: PROCESS_STEP,
            key: &["sl_column"],
            parts: &[],
        }],
    }],
    states: Some(ComponentStates::ACTIVATED),
    is_released: true,
    in_use: |unit, id| {
        let snapshot = unit.snapshot()?;
        match flows(&snapshot).find(id) {
            Some(flow) => in_use(unit, flow),
            None => Ok(None),
        }
    },
    ..Component::plain("flow", tables::PROCESS)
};

pub(crate) const STAGE: &str = "processstage";
pub(crate) const PROCESS_STEP: &str = "sl_processstep";
pub(crate) const STAGE_VISIT: &str = "sl_stagevisit";

/// Business process flows.
pub(crate) static FLOWS: Capability = Capability {
    tables: sluice_engine::tables!["processstage", "sl_processstep", "sl_stagevisit"],
    components: &[&COMPONENTS],
    made: table::process_columns,
    messages: &[
        &retrieve_active_path::RetrieveActivePath,
        &retrieve_process_instances::RetrieveProcessInstances,
    ],
    tasks: &[Task::asked(design::ACTIVATE)],
    rules: &[
        (Tables::Named(tables::PROCESS), &FlowRules),
        (Tables::Named(PROCESS_STEP), &StepRules),
        (Tables::Named(STAGE), &StageRules),
        (Tables::Keyed(INSTANCE_KEY), &Instance),
    ],
    watches: &[&start::Place, &start::Begin],
    dependants: &[&dependants::Stages],
    parts: &[&part::FlowPart],
    ..Capability::named("flow")
};

/// The category of the processes that are business process flows.
pub(crate) const CATEGORY: i32 = 4;

/// The key of every table of processes: what they are known by.
pub(crate) const INSTANCE_KEY: &str = "businessprocessflowinstanceid";

/// A business process flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The row of `workflow`.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Its unique name, which is that of the table of its processes.
    pub unique_name: Name,
    /// What it is for.
    pub description: Option<String>,
    /// Its place among the flows of a table: the lowest comes first.
    pub order: i32,
    /// Whether processes can be started in it.
    pub active: bool,
    /// Its stages, in order.
    pub stages: Vec<Stage>,
}

/// A stage of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The row of `processstage`.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// The table whose row it is about.
    pub table: Name,
    /// Its steps, in order.
    pub steps: Vec<FlowStep>,
}

/// A step of a stage: a column to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowStep {
    /// The row of `sl_processstep`.
    pub id: Uuid,
    /// What people call it.
    pub label: String,
    /// The column, of the stage's table.
    pub column: Name,
    /// Whether it must be filled in before the stage is left.
    pub required: bool,
}

impl Flow {
    /// The stage with that id, and its position.
    pub fn stage(&self, id: Uuid) -> Option<(usize, &Stage)> {
        self.stages.iter().enumerate().find(|(_, stage)| stage.id == id)
    }

    /// The stage with that name, in any case, or that id.
    pub fn stage_named(&self, name: &str) -> Option<&Stage> {
        let id = name.parse::<Uuid>().ok();
        self.stages
            .iter()
            .find(|stage| Some(stage.id) == id || stage.name.eq_ignore_ascii_case(name))
    }

    /// The table at which it begins.
    pub fn begins_at(&self) -> Option<&Name> {
        self.stages.first().map(|stage| &stage.table)
    }

    /// The tables whose rows go through it, each once, in the order of the stages.
    pub fn tables(&self) -> Vec<&Name> {
        let mut tables: Vec<&Name> = Vec::new();
        for stage in &self.stages {
            if !tables.contains(&&stage.table) {
                tables.push(&stage.table);
            }
        }
        tables
    }

    /// The stages up to that position, as `traversedpath` has them.
    pub(crate) fn path(&self, position: usize) -> String {
        let ids = self.stages.iter().take(position + 1).map(|stage| stage.id.to_string());
        ids.collect::<Vec<_>>().join(",")
    }
}

/// Nothing is to be filled in by whoever moves the row: what counts as not filled in is not shown to them.
static NOT_SHOWN: Case = Case {
    cause: "a required step is about a secured column that is not shown to whoever moves the process: for them it counts \
            as not filled in",
    resolution: Resolution::new(
        "let somebody who may read the column move the process, or let a column security profile give it to read",
        &[Remedy::GrantColumn, Remedy::AddToProfile],
    ),
};

impl Stage {
    /// The required steps that the row leaves open. Of a yes-or-no column only yes counts: it is
    /// a box to be ticked.
    pub fn open_steps(&self, row: &Row) -> Vec<&FlowStep> {
        let filled = |column: &str| match row.get(column) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Text(text)) => !looks::is_blank(text),
            Some(_) => true,
        };
        let required = self.steps.iter().filter(|step| step.required);
        required.filter(|step| !filled(&step.column)).collect()
    }

    /// Error 2, where the row, as whoever moves it sees it, leaves a required step open. `hidden` are the columns that
    /// they do not see.
    ///
    /// # Errors
    /// [`Code::STEP_REQUIRED`] with the columns that are empty, or not shown.
    pub fn check_steps(&self, row: &Row, hidden: &[Name]) -> Result<()> {
        let open = self.open_steps(row);
        if open.is_empty() {
            return Ok(());
        }
        let is_hidden = |step: &FlowStep| hidden.iter().any(|name| **name == *step.column);
        let names: Vec<String> = open
            .iter()
            .map(|step| match is_hidden(step) {
                true => format!("{} ({}, which is not shown to you)", step.label, step.column),
                false => format!("{} ({})", step.label, step.column),
            })
            .collect();
        let to_fill: Vec<_> = open.iter().filter(|step| !is_hidden(step)).collect();
        let mut error = Error::of(&STEPS_MISSING)
            .with_table(&self.table)
            .with_word("ROW", row.id);
        let body = error.body_mut();
        let names = names.join(", ");
        body.message = format!("{} {}{names}.", STEPS_MISSING.sentence, self.names_itself());
        body.missing = open.iter().map(|step| step.column.to_string()).collect();
        if to_fill.is_empty() {
            let column = open.first().map(|step| step.column.to_string());
            return Err(error
                .in_case(&NOT_SHOWN)
                .with_word("COLUMN", column.unwrap_or_default())
                .with_word("RIGHT", "read"));
        }
        // Each of them is to be filled in.
        let filled = to_fill
            .iter()
            .fold(error, |error, step| error.with_word("COLUMN", &step.column));
        Err(filled)
    }

    /// How the refusal of [`Self::check_steps`] says which stage it is about.
    fn names_itself(&self) -> String {
        format!("Not filled in yet in the stage {}: ", self.name)
    }

    /// Whether these words, which a trace keeps, are the refusal to leave this stage because of
    /// its steps.
    pub fn is_refusal(&self, words: &str) -> bool {
        words.contains(&self.names_itself())
    }
}

/// The column of a table of processes that refers to a row of `target`: `leadid` in the shipped
/// one, `bpf_leadid` in those that are made at run time.
pub(crate) fn link(processes: &TableDef, target: &str) -> Option<Name> {
    let refers = |name: &str| !is_own(name) && !name.ends_with("by");
    let column = processes.columns.iter().find(|column| {
        refers(&column.name)
            && column
                .kind
                .targets()
                .is_some_and(|targets| matches!(targets, [only] if &**only == target))
    });
    column.map(|column| column.name.clone())
}

/// The columns of a table of processes that refer to the rows that go through them; nothing of another table.
pub fn rows_of_process(table: &TableDef) -> Option<Vec<Name>> {
    let lookups = table.columns.iter().filter(|column| {
        let is_link = !is_own(&column.name) && !column.name.ends_with("by");
        is_link && column.kind.targets().is_some_and(|targets| targets.len() == 1)
    });
    (&*table.key == INSTANCE_KEY).then(|| lookups.map(|column| column.name.clone()).collect())
}

/// The lookups of a process that lead to no row that goes through it.
fn is_own(column: &str) -> bool {
    matches!(column, "activestageid" | "processid" | "transactioncurrencyid")
}

/// The flows of an organisation.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    /// In the order in which they are tried.
    all: Vec<Arc<Flow>>,
    /// The active ones by the table at which they begin.
    beginning: HashMap<Name, Vec<Arc<Flow>>>,
}

/// The rows that flows are made of.
pub(crate) struct FlowRows {
    pub(crate) processes: Vec<Row>,
    pub(crate) stages: Vec<Row>,
    pub(crate) steps: Vec<Row>,
}

impl Flows {
    pub(crate) fn new(mut rows: FlowRows) -> Self {
        let position = |row: &Row| (row.int("sl_position").unwrap_or_default(), row.id);
        rows.stages.sort_by_key(position);
        rows.steps.sort_by_key(position);
        let mut steps: BTreeMap<Uuid, Vec<FlowStep>> = BTreeMap::new();
        for row in &rows.steps {
            if let Some(stage) = row.id_of("sl_stageid") {
                steps.entry(stage).or_default().push(step(row));
            }
        }
        let mut stages: BTreeMap<Uuid, Vec<Stage>> = BTreeMap::new();
        for row in &rows.stages {
            if let Some(process) = row.id_of("processid") {
                let steps = steps.remove(&row.id).unwrap_or_default();
                stages.entry(process).or_default().push(stage(row, steps));
            }
        }
        let mut all: Vec<Arc<Flow>> = rows
            .processes
            .iter()
            .map(|row| Arc::new(flow(row, stages.remove(&row.id).unwrap_or_default())))
            .collect();
        all.sort_by(|a, b| (a.order, &a.name, a.id).cmp(&(b.order, &b.name, b.id)));
        let mut beginning: HashMap<Name, Vec<Arc<Flow>>> = HashMap::new();
        for flow in all.iter().filter(|flow| flow.active) {
            if let Some(table) = flow.begins_at() {
                beginning.entry(table.clone()).or_default().push(flow.clone());
            }
        }
        Self { all, beginning }
    }

    /// All of them, in the order in which they are tried.
    pub(crate) fn all(&self) -> &[Arc<Flow>] {
        &self.all
    }

    /// The active flows that begin at a table, in the order in which they are tried.
    pub(crate) fn beginning_at(&self, table: &str) -> &[Arc<Flow>] {
        self.beginning.get(table).map_or(&[], Vec::as_slice)
    }

    /// The flow with that id.
    pub(crate) fn find(&self, id: Uuid) -> Option<&Arc<Flow>> {
        self.all.iter().find(|flow| flow.id == id)
    }

    /// The flow whose processes are the rows of that table.
    pub(crate) fn of_processes(&self, table: &str) -> Option<&Arc<Flow>> {
        self.all.iter().find(|flow| *flow.unique_name == *table)
    }

    /// The flows that rows of a table go through.
    pub(crate) fn through(&self, table: &str) -> impl Iterator<Item = &Arc<Flow>> {
        self.all
            .iter()
            .filter(move |flow| flow.stages.iter().any(|stage| *stage.table == *table))
    }
}

fn flow(row: &Row, stages: Vec<Stage>) -> Flow {
    Flow {
        id: row.id,
        name: row.text("name").unwrap_or_default().to_owned(),
        unique_name: row.text("uniquename").unwrap_or_default().into(),
        description: row.text("description").map(ToOwned::to_owned),
        order: row.int("processorder").unwrap_or_default(),
        active: ACTIVATED.is_of(row),
        stages,
    }
}

fn stage(row: &Row, steps: Vec<FlowStep>) -> Stage {
    Stage {
        id: row.id,
        name: row.text("stagename").unwrap_or_default().to_owned(),
        table: row.text("primaryentitytypecode").unwrap_or_default().into(),
        steps,
    }
}

fn step(row: &Row) -> FlowStep {
    let column: Name = row.text("sl_column").unwrap_or_default().into();
    FlowStep {
        id: row.id,
        label: row.text("sl_name").unwrap_or(&column).to_owned(),
        column,
        required: row.bool("sl_required").unwrap_or_default(),
    }
}

/// A stage as a reference.
fn stage_reference(stage: &Stage) -> Reference {
    Reference::new(STAGE, stage.id)
}
