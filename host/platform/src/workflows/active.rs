//! The workflows that are active, as a part of the configuration, and the steps that call those
//! that run in real time.

use std::{
    any::{Any, TypeId},
    collections::{HashMap, HashSet},
    sync::Arc,
};

use sluice_access::{Principal, PrincipalId};
use sluice_model::{
    Code, Error, Filter, Name, Reference, Result, Row, Uuid, Value, state::process::ACTIVATED, text::Collation,
};
use sluice_sandbox::Context;

use super::{
    ACTIVATION, Trigger, background,
    definition::Definition,
    is_workflow,
    life::takes_workflows,
    log, owner,
    program::Program,
    run::{Next, Run, TABLE, action_at, cut_message},
    scope::Scope,
};
use sluice_engine::{
    Operation, Unit,
    capability::CalledType,
    handler::{Called, Handler, StepSource},
    snapshot::{Part, Parts, Reader, Snapshot, part_of},
    step::{self, Step},
    step_rows, tables,
};

/// A workflow that is active.
#[derive(Debug)]
pub(crate) struct Workflow {
    /// The definition, which is what people know; what runs is its copy.
    pub(crate) id: Uuid,
    pub(crate) name: String,
    /// The table whose rows it runs for.
    pub(crate) table: Name,
    pub(crate) owner: Option<Reference>,
    /// What it does, as its copy says it.
    pub(crate) definition: String,
    /// Its jobs are removed where they have succeeded.
    pub(crate) forgets: bool,
    /// In real time, what fails is logged.
    logs_failures: bool,
    pub(super) scope: Scope,
    as_owner: bool,
    pub(crate) in_real_time: bool,
    pub(crate) by_hand: bool,
    /// Any workflow may start it, not only those of its owner.
    is_child: bool,
    triggers: Vec<Trigger>,
    rank: i32,
    /// It came with a managed solution.
    pub(crate) is_managed: bool,
    program: Result<Program>,
}

impl Workflow {
    fn of(row: &Row, managed: &HashSet<Uuid>) -> Option<Self> {
        let id = row.id_of("parentworkflowid")?;
        let text = row.text("clientdata").unwrap_or_default();
        Some(Self {
            id,
            is_managed: managed.contains(&id),
            name: row.text("name").unwrap_or_default().to_owned(),
            table: row.text("primaryentity").unwrap_or_default().into(),
            owner: row.lookup("ownerid").cloned(),
            definition: text.to_owned(),
            forgets: row.bool("asyncautodelete") == Some(true),
            logs_failures: row.bool("syncworkflowlogonfailure") == Some(true),
            scope: Scope::of(row.int("scope")),
            as_owner: row.int("runas") == Some(0),
            in_real_time: row.int("mode") == Some(1),
            by_hand: is_by_hand(row),
            is_child: row.bool("subprocess") == Some(true),
            triggers: Trigger::all(row),
            rank: row.int("rank").unwrap_or_default(),
            program: Definition::activated(text).map(Program::of),
        })
    }

    /// Whether a workflow of that owner may start it.
    pub(crate) fn is_started_by(&self, owner: Option<&Reference>) -> bool {
        self.is_child || (self.by_hand && self.owner.as_ref() == owner)
    }

    /// Whether it runs as its owner, whoever sets it off.
    pub(super) fn runs_as_owner(&self) -> bool {
        self.as_owner || !self.in_real_time
    }

    /// Whether one of its actions starts that workflow.
    pub(super) fn starts(&self, workflow: Uuid) -> bool {
        self.program.as_ref().is_ok_and(|program| program.starts(workflow))
    }

    /// Whether one of its actions calls that type of a plug-in.
    fn calls(&self, callee: CalledType<'_>) -> bool {
        let is = |plugin: &str| match plugin.split_once('/') {
            Some((plugin, name)) => (plugin, name) == (callee.plugin, callee.name),
            None => plugin == callee.name,
        };
        let program = self.program.as_ref();
        program.is_ok_and(|program| program.calls().any(|call| is(&call.plugin)))
    }

    /// The step that does what the workflow does for a row; without one, for that of the message.
    fn step(self: &Arc<Self>, row: Option<Reference>) -> Step {
        self.named(Arc::new(Call {
            workflow: self.clone(),
            row,
        }))
    }

    /// The step that goes on with those that wait for a change of their row.
    fn waking(&self) -> Option<Step> {
        let program = self.program.as_ref().ok()?;
        if program.woken_by.is_empty() {
            return None;
        }
        let mut step = self.named(Arc::new(background::Wake(self.id))).in_background();
        step.message = "Update".into();
        step.table = Some(self.table.clone());
        step.filtering = program.woken_by.iter().cloned().collect();
        Some(step)
    }

    /// The step by which a trigger starts it.
    fn triggered(self: &Arc<Self>, trigger: &Trigger) -> Step {
        let mut step = match self.in_real_time {
            true => self.step(None),
            false => self.named(Arc::new(background::Start(self.clone()))).in_background(),
        };
        if self.in_real_time {
            step.stage = trigger.stage;
        } else if trigger.message == "Delete" {
            step = step.knowing_row_before();
        }
        step.message = trigger.message.into();
        step.table = Some(self.table.clone());
        step.filtering.clone_from(&trigger.columns);
        step
    }

    /// A step of the workflow's.
    fn named(&self, handler: Arc<dyn Handler>) -> Step {
        let mut step = Step::calling(handler);
        step.id = self.id;
        step.name.clone_from(&self.name);
        step.rank = self.rank;
        step.is_bypassable = !self.is_managed;
        let owner = self.owner.as_ref().filter(|_| self.as_owner);
        step.run_as = owner.map(|owner| owner.id);
        step
    }

    /// The step that runs it for one row because somebody asked for it.
    pub(crate) fn step_by_hand(self: &Arc<Self>, row: Reference, message: &str) -> Step {
        let mut step = self.step(Some(row));
        step.message = message.into();
        step.table = Some(TABLE.into());
        step.stage = step::POST_OPERATION;
        step
    }

    /// Whether it runs for the row of an operation, by whose it is.
    pub(crate) fn concerns(&self, unit: &mut Unit, operation: &Operation) -> Result<bool> {
        let Ok(row) = operation.target_reference() else {
            return Ok(false);
        };
        let Some(owner) = &self.owner else {
            return Ok(true);
        };
        // One that acts as others do goes as far as its owner may change workflows now.
        let scope = match self.runs_as_owner() {
            true => self.scope,
            false => self.scope.within(owner::depth(unit, owner)?),
        };
        if scope == Scope::Organization {
            return Ok(true);
        }
        // A row that is gone was somebody's.
        let before = || {
            let row = operation.row_before()?;
            Some((
                row.lookup("ownerid").and_then(PrincipalId::of),
                row.id_of("owningbusinessunit"),
            ))
        };
        let Some((owned_by, business_unit)) = unit.ownership(&row)?.or_else(before) else {
            return Ok(false);
        };
        if scope == Scope::User {
            return Ok(owned_by == PrincipalId::of(owner));
        }
        let own = unit.principal_of(owner)?.business_unit();
        Ok(match scope {
            Scope::BusinessUnit => business_unit == Some(own),
            _ => business_unit.is_some_and(|of_row| unit.configuration().units().is_same_or_below(of_row, own)),
        })
    }
}

/// A step's call of a workflow.
#[derive(Debug)]
struct Call {
    workflow: Arc<Workflow>,
    /// The row, where it is not that of the message.
    row: Option<Reference>,
}

/// What a workflow is called among the handlers.
pub(crate) const KIND: &str = "workflow";

impl Handler for Call {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concerns(&self, unit: &mut Unit, operation: &Operation) -> Result<bool> {
        self.workflow.concerns(unit, operation)
    }

    /// What somebody runs by hand, and a child, acts as who starts it: they know it.
    fn acts_in_place_of(&self, unit: &mut Unit, caller: &Principal) -> Result<Option<Uuid>> {
        let owner = self.workflow.owner.as_ref().filter(|_| self.row.is_none());
        owner.map_or(Ok(None), |owner| {
            owner::in_place_of(unit, &self.workflow.name, owner, caller)
        })
    }

    fn call(&self, unit: &mut Unit, step: &Step, mut context: Context) -> Called {
        let outcome = self.run(unit, step, &mut context);
        let outcome = outcome.and_then(|outcome| match outcome {
            Ok(()) => Ok(()),
            Err((error, canceled)) => {
                if self.workflow.logs_failures {
                    log::failed(
                        unit,
                        (self.workflow.id, context.user),
                        self.row_of(&context),
                        &error,
                        canceled,
                    )?;
                }
                Err(error)
            }
        });
        Called {
            context,
            outcome,
            ran: None,
        }
    }
}

/// What refused the request, and whether the workflow did so on purpose.
type Refused = (Error, bool);

impl Call {
    /// The row that it runs for.
    fn row_of(&self, context: &Context) -> Option<Reference> {
        let own = context.table.clone().zip(context.id);
        self.row.clone().or(own.map(|(table, id)| Reference { table, id }))
    }

    fn run(&self, unit: &mut Unit, step: &Step, context: &mut Context) -> Result<std::result::Result<(), Refused>> {
        let row = self.row_of(context);
        let row = row.ok_or_else(|| Error::host("a workflow runs for no row"))?;
        let program = self.workflow.program.as_ref().map_err(Error::clone)?;
        let mut run = Run::new(unit, context, (self.workflow.id, program), row);
        run.owner.clone_from(&self.workflow.owner);
        let mut at = 0;
        loop {
            let (error, canceled) = match run.line(at) {
                Ok(Next::Line(next)) => {
                    at = next;
                    continue;
                }
                Ok(Next::End(_) | Next::Wait) => return Ok(Ok(())),
                Ok(Next::Canceled(told)) => (Error::new(Code::ISV_ABORTED, told), true),
                Err(error) => (error, false),
            };
            return Ok(Err((blamed(error, step, program, at), canceled)));
        }
    }
}

/// The error, which names the workflow and its action where it names no step below.
pub(crate) fn blamed(mut error: Error, step: &Step, program: &Program, at: usize) -> Error {
    let mut info = step.info();
    info.action = action_at(program, at);
    cut_message(&mut error.body_mut().message);
    error.body_mut().step.get_or_insert(info);
    error
}

/// The workflows that are active.
#[derive(Debug, Default)]
pub(crate) struct Active {
    by_id: HashMap<Uuid, Arc<Workflow>>,
}

impl Active {
    /// The one with that id, which may be that of its copy.
    pub(crate) fn find(&self, id: Uuid) -> Option<&Arc<Workflow>> {
        self.by_id.get(&id)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Workflow>> {
        self.by_id.values()
    }

    /// Those that call that type of a plug-in.
    pub(crate) fn calling(&self, callee: CalledType<'_>) -> impl Iterator<Item = &Arc<Workflow>> {
        self.by_id.values().filter(move |workflow| workflow.calls(callee))
    }

    /// The one that another workflow starts by that name or id, for rows of a table: a child, or on demand.
    ///
    /// # Errors
    /// There are several of that name.
    pub(crate) fn child(&self, collation: &Collation, called: &str, table: &str) -> Result<Option<Uuid>> {
        let is = |workflow: &&Arc<Workflow>| {
            workflow.by_hand && *workflow.table == *table && is_called(collation, called, workflow.id, &workflow.name)
        };
        let mut found = self.by_id.values().filter(is);
        match (found.next(), found.next()) {
            (found, None) => Ok(found.map(|workflow| workflow.id)),
            (None, Some(_)) => Ok(None),
            (Some(_), Some(_)) => Err(Error::new(
                Code::AMBIGUOUS,
                format!("several active workflows for rows of {table} are called \"{called}\": give the id"),
            )),
        }
    }
}

/// Whether a workflow is the one that another one calls so: by its id, or by its name as texts compare.
pub(crate) fn is_called(collation: &Collation, called: &str, id: Uuid, name: &str) -> bool {
    called.parse() == Ok(id) || collation.same(called, name)
}

/// Whether a workflow may be run by hand or as a child.
pub(crate) fn is_by_hand(row: &Row) -> bool {
    [row.bool("ondemand"), row.bool("subprocess")].contains(&Some(true))
}

/// The active workflows of the organisation.
pub(crate) fn of(snapshot: &Snapshot) -> &Active {
    snapshot.part()
}

const COLUMNS: &[&str] = &[
    "name",
    "primaryentity",
    "parentworkflowid",
    "ownerid",
    "mode",
    "scope",
    "runas",
    "rank",
    "triggeroncreate",
    "triggeronupdateattributelist",
    "triggerondelete",
    "createstage",
    "updatestage",
    "deletestage",
    "ondemand",
    "subprocess",
    "asyncautodelete",
    "syncworkflowlogonfailure",
    "clientdata",
];

/// The part of the configuration.
pub(super) struct ActivePart;

impl Part for ActivePart {
    fn tables(&self) -> &'static [&'static str] {
        &[tables::PROCESS]
    }

    fn kind(&self) -> TypeId {
        TypeId::of::<Active>()
    }

    fn load(&self, reader: &mut Reader<'_>) -> Result<Arc<dyn Any + Send + Sync>> {
        let copies = is_workflow()
            .and(Filter::eq("type", Value::Choice(ACTIVATION)))
            .and(ACTIVATED.rows());
        let rows = reader.some(TABLE, COLUMNS, copies)?;
        // A file may hold one that was activated when its table still took workflows.
        let takes = |workflow: &Workflow| {
            reader
                .catalog
                .table(&workflow.table)
                .is_ok_and(|table| takes_workflows(table))
        };
        // A copy is nobody's; what says where a workflow came from is its definition.
        let managed = is_workflow().and(Filter::eq(tables::MANAGED, Value::Bool(true)));
        let managed = reader.some(TABLE, &[], managed)?;
        let managed: HashSet<Uuid> = managed.iter().map(|row| row.id).collect();
        let workflows = rows
            .iter()
            .filter_map(|row| Workflow::of(row, &managed))
            .filter(takes)
            .map(Arc::new);
        let by_id = workflows.map(|workflow| (workflow.id, workflow));
        Ok(Arc::new(Active { by_id: by_id.collect() }))
    }
}

/// The steps of active workflows.
pub(super) struct Steps;

impl StepSource for Steps {
    fn tables(&self) -> &'static [&'static str] {
        &[tables::PROCESS]
    }

    fn steps(&self, parts: &Parts) -> Vec<Step> {
        let mut steps = Vec::new();
        let active = part_of::<Active>(parts);
        let mut active: Vec<&Arc<Workflow>> = active.into_iter().flat_map(|active| active.by_id.values()).collect();
        active.sort_by_key(|workflow| workflow.id);
        for workflow in active {
            steps.extend(workflow.triggers.iter().map(|trigger| workflow.triggered(trigger)));
            steps.extend(workflow.waking());
        }
        steps
    }
}

impl Trigger {
    /// What starts a workflow by itself.
    fn all(row: &Row) -> Vec<Self> {
        let stage = |column: &str, usual: i32| row.int(column).unwrap_or(usual);
        let trigger = |message, stage, columns| Self {
            message,
            stage,
            columns,
        };
        let mut triggers = Vec::new();
        if row.bool("triggeroncreate") == Some(true) {
            triggers.push(trigger(
                "Create",
                stage("createstage", step::POST_OPERATION),
                Vec::new(),
            ));
        }
        let columns = step_rows::names(row.text("triggeronupdateattributelist"));
        if !columns.is_empty() {
            triggers.push(trigger("Update", stage("updatestage", step::POST_OPERATION), columns));
        }
        if row.bool("triggerondelete") == Some(true) {
            triggers.push(trigger("Delete", stage("deletestage", step::PRE_OPERATION), Vec::new()));
        }
        triggers
    }
}
