//! Workflows in the background: each run is a job that stands at a line of its program, and knows
//! the program on which it began. What an action does and where the job stands after it are
//! written in one transaction, so that a run goes on where it was and does nothing twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use sluice_model::{
    Code, Error, Filter, Name, Query, Reference, Result, Row, Timestamp, Uuid, Value,
    remedy::{Case, Resolution},
    state::job,
};
use sluice_sandbox::Context;

use super::{
    active::{KIND, Workflow, blamed},
    definition::Definition,
    log::{self, Status},
    program::{Program, What},
    run::{Next, Outputs, Run, TABLE, action_at},
};
use sluice_engine::{
    Acting, Operation, Unit,
    handler::{Called, Handler, Queued},
    runner::{self, JobKind, JobStep, NewJob},
    step::Step,
    tables,
};

/// `asyncoperation.operationtype`: Workflow.
const WORKFLOW: i32 = 10;

/// What is told of a run that has ended.
static HAS_ENDED: Case = Case {
    cause: "what a workflow did before it ended stays done, so that its run is not begun once more",
    resolution: Resolution::new(
        "run the workflow for the row, where it runs on demand, or do again what sets it off",
        &[],
    ),
};

/// So many runs of a workflow for one row may come of one request.
const MOST_RUNS: u64 = 16;
/// So long a run that waits for what may change is left alone, where nothing that wakes it does.
const PAUSE: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);
/// The message as which a run makes its calls.
const MESSAGE: &str = "ExecuteWorkflow";

/// What a job knows of its run.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Progress {
    workflow: Uuid,
    name: String,
    definition: String,
    row: Reference,
    /// As whom it runs, and who set it off.
    user: Uuid,
    initiating: Uuid,
    /// Who initiated it called on behalf of the user.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    limited: bool,
    /// The level of the message that set it off: what ends a chain of runs.
    #[serde(default = "outermost")]
    level: u32,
    /// The messages and steps that led to it; none in runs that were begun by an earlier version.
    #[serde(default)]
    chain: Vec<String>,
    /// The line at which it stands.
    at: usize,
    /// The rows that it made, by their names.
    created: BTreeMap<String, Reference>,
    /// What plug-ins gave back, by the names of their calls.
    #[serde(default)]
    outputs: Outputs,
    /// Until when it waits.
    until: Option<Timestamp>,
    /// Whose workflow it is; nobody's in runs that were begun by an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<Reference>,
    /// Since when it waits for a point in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// The job is removed once it has succeeded.
    forgets: bool,
}

/// The level of runs that were begun by an earlier version.
fn outermost() -> u32 {
    1
}

/// Writes the job of a run; none, where everything is undone in the end.
pub(super) fn start(
    unit: &mut Unit,
    operation: &Operation,
    workflow: &Workflow,
    row: Reference,
    user: Uuid,
) -> Result<Option<Uuid>> {
    let context = operation.context();
    let progress = Progress {
        workflow: workflow.id,
        name: workflow.name.clone(),
        definition: workflow.definition.clone(),
        row: row.clone(),
        user,
        initiating: operation.initiating().id(),
        limited: operation.principal().limit().is_some() && user == operation.caller_id(),
        level: operation.level(),
        chain: unit.chain(),
        at: 0,
        created: BTreeMap::new(),
        outputs: Outputs::new(),
        until: None,
        owner: workflow.owner.clone(),
        since: None,
        forgets: workflow.forgets,
    };
    let earlier = runs(workflow.id, &row).and(Filter::eq("correlationid", context.correlation));
    let earlier = unit.count_as_platform("stop a workflow that sets itself off", tables::JOB, &earlier)?;
    let mut job = NewJob::new(WORKFLOW, workflow.name.clone(), &progress)?
        .about(&row.table)
        .with("messagename", &*context.message)
        .with("correlationid", context.correlation)
        .with("depth", i32::try_from(context.depth).unwrap_or(i32::MAX))
        .with("workflowactivationid", Reference::new(TABLE, workflow.id))
        .with("sl_rowid", row.id);
    let catalog = unit.catalog();
    let regarding = catalog.table(tables::JOB)?.column("regardingobjectid");
    let takes = regarding.is_some_and(|column| column.targets().contains(&row.table));
    if takes && &*context.message != "Delete" {
        job = job.with("regardingobjectid", row);
    }
    if earlier < MOST_RUNS {
        return unit.queue_job(user, job);
    }
    let told = format!(
        "This workflow job was canceled because the workflow that started it included an infinite loop. Correct the \
         workflow logic and try again. (It ran {earlier} times for one row. The chain: {}.)",
        unit.chain().join(" → ")
    );
    let job = job
        .with("statecode", Value::Choice(job::FAILED.state))
        .with("statuscode", Value::Choice(job::FAILED.status))
        .with("completedon", context.created_on)
        .with("errorcode", Code::DEPTH.signed())
        .with("message", told);
    unit.queue_job(user, job)?;
    Ok(None)
}

/// The runs of a workflow for a row.
fn runs(workflow: Uuid, row: &Reference) -> Filter {
    Filter::eq("operationtype", Value::Choice(WORKFLOW))
        .and(Filter::eq("workflowactivationid", workflow))
        .and(Filter::eq("sl_rowid", row.clone()))
}

/// What wakes the runs of a workflow that wait: each ends on the version on which it began.
pub(super) fn awaited(unit: &mut Unit, workflow: Uuid) -> Result<BTreeSet<Name>> {
    let of_workflow = Filter::eq("workflowactivationid", workflow).and(is_waiting());
    let waiting = Query::new(tables::JOB).columns(&["data"]).filter(of_workflow);
    let reason = "a workflow goes on when what it waits for has changed";
    let jobs = unit.select_as_platform(reason, &waiting)?;
    let progress = jobs
        .iter()
        .filter_map(|job| runner::parse::<Progress>(job.text("data")?).ok());
    let definitions: BTreeSet<String> = progress.map(|progress| progress.definition).collect();
    let mut awaited = BTreeSet::new();
    for definition in definitions {
        let mut definition = Definition::activated(&definition)?;
        definition.awaited.clear();
        awaited.extend(Program::of(definition).woken_by);
    }
    Ok(awaited)
}

/// The jobs that something wakes.
fn is_waiting() -> Filter {
    Filter::eq("operationtype", Value::Choice(WORKFLOW))
        .and(Filter::eq("iswaitingforevent", true))
        .and(job::WAITING.rows())
}

/// Starts a run for the row of a message.
#[derive(Debug)]
pub(super) struct Start(pub(super) Arc<Workflow>);

impl Handler for Start {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concerns(&self, unit: &mut Unit, operation: &Operation) -> Result<bool> {
        self.0.concerns(unit, operation)
    }

    fn queue(&self, unit: &mut Unit, operation: &Operation) -> Result<Queued> {
        let row = operation.target_reference()?;
        let owner = self.0.owner.as_ref().map_or(operation.caller_id(), |owner| owner.id);
        let job = start(unit, operation, &self.0, row, owner)?;
        Ok(Queued::Own(job.into_iter().collect()))
    }

    fn call(&self, _: &mut Unit, _: &Step, context: Context) -> Called {
        nothing(context)
    }
}

/// Lets the runs go on that wait for a change of the row of a message.
#[derive(Debug)]
pub(super) struct Wake(pub(super) Uuid);

impl Handler for Wake {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn queue(&self, unit: &mut Unit, operation: &Operation) -> Result<Queued> {
        let waiting = runs(self.0, &operation.target_reference()?).and(is_waiting());
        let reason = "a workflow goes on when what it waits for has changed";
        let jobs = unit.select_as_platform(reason, &Query::new(tables::JOB).columns(&[]).filter(waiting))?;
        Ok(Queued::Own(jobs.iter().map(|job| job.id).collect()))
    }

    fn call(&self, _: &mut Unit, _: &Step, context: Context) -> Called {
        nothing(context)
    }
}

/// What only writes jobs does nothing when it is called.
fn nothing(context: Context) -> Called {
    Called {
        context,
        outcome: Ok(()),
        ran: None,
    }
}

/// The part of a run that is done in one transaction: up to the next action.
#[derive(Debug)]
struct Part {
    program: Program,
    /// The run, what follows, and the line at which something was done.
    state: Mutex<(Progress, Option<Next>, usize)>,
}

impl Part {
    fn run(&self, unit: &mut Unit, step: &Step, context: &mut Context) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (progress, follows, acted_at) = &mut *state;
        let mut run = Run::new(unit, context, (progress.workflow, &self.program), progress.row.clone());
        run.created.clone_from(&progress.created);
        run.outputs.clone_from(&progress.outputs);
        (run.until, run.since) = (progress.until, progress.since);
        run.owner.clone_from(&progress.owner);
        loop {
            let at = progress.at;
            *acted_at = at;
            let next = run.line(at).map_err(|error| blamed(error, step, &self.program, at))?;
            (progress.until, progress.since) = (run.until, run.since);
            let Next::Line(line) = next else {
                *follows = Some(next);
                return Ok(());
            };
            progress.at = line;
            let acted = self.program.lines.get(at);
            if acted.is_some_and(|line| matches!(line.what, What::Do(_))) {
                progress.created.clone_from(&run.created);
                progress.outputs.clone_from(&run.outputs);
                *follows = Some(Next::Line(line));
                return Ok(());
            }
        }
    }
}

impl Handler for Part {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn call(&self, unit: &mut Unit, step: &Step, mut context: Context) -> Called {
        let outcome = self.run(unit, step, &mut context);
        Called {
            context,
            outcome,
            ran: None,
        }
    }
}

/// The runs of workflows in the background.
pub(super) struct Jobs;

impl JobKind for Jobs {
    fn number(&self) -> i32 {
        WORKFLOW
    }

    fn label(&self) -> &'static str {
        "Workflow"
    }

    fn ended(&self) -> &'static Case {
        &HAS_ENDED
    }

    fn step(&self, unit: &mut Unit, job: &Row, data: &str) -> Result<JobStep> {
        let progress: Progress = runner::parse(data)?;
        let users = (progress.user, progress.initiating, progress.limited);
        let set_off = (progress.chain.clone(), progress.level);
        let (id, name) = (progress.workflow, progress.name.clone());
        let program = Program::of(Definition::activated(&progress.definition)?);
        let lines = count(program.lines.len());
        let part = Arc::new(Part {
            program,
            state: Mutex::new((progress, None, 0)),
        });
        let mut step = Step::calling(part.clone());
        step.id = id;
        step.name = name;
        step.message = MESSAGE.into();
        step.table = Some(TABLE.into());
        step.stage = sluice_engine::step::POST_OPERATION;
        step.run_as = Some(users.0).filter(|_| !users.2);
        unit.run_step_in_job(job, users, set_off, &Arc::new(step))?;
        let (progress, follows, at) = part.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        part.log(unit, job, (&progress, follows.as_ref(), at))?;
        let done = JobStep::new(&progress, count(progress.at), lines)?;
        Ok(match follows {
            Some(Next::End(told)) => done.done(told),
            Some(Next::Canceled(told)) => done.canceled_saying(told),
            Some(Next::Wait) => {
                let for_event = part.waits(progress.at, What::waits_for_event);
                let pause = unit.author().when.checked_add(PAUSE).ok();
                let pause = pause.filter(|_| part.waits(progress.at, What::looks_again));
                done.waiting(progress.until.into_iter().chain(pause).min(), for_event)
            }
            Some(Next::Line(_)) | None => done,
        })
    }

    /// What a service call was refused can be mended; what was refused on purpose, or goes round in
    /// circles, cannot.
    fn waits_after(&self, error: &Error) -> bool {
        !matches!(error.code(), Code::ISV_ABORTED | Code::DEPTH)
    }

    fn runs(&self, data: &str) -> Option<(Acting, Uuid)> {
        let progress: Progress = runner::parse(data).ok()?;
        let acting = Acting {
            user: progress.user,
            caller: Some(progress.initiating).filter(|_| progress.limited),
        };
        Some((acting, progress.workflow))
    }

    fn stopped(&self, unit: &mut Unit, job: &Row, data: &str, error: &Error) -> Result<()> {
        let progress: Progress = runner::parse(data)?;
        let status = match self.waits_after(error) {
            true => Status::Waiting,
            false => Status::Failed,
        };
        let action = error.body().step.as_ref().and_then(|step| step.action.clone());
        log::write(unit, (job.id, progress.user), action, status, Some(error))
    }

    fn is_removed(&self, data: &str) -> bool {
        runner::parse::<Progress>(data).is_ok_and(|progress| progress.forgets)
    }
}

impl Part {
    /// Keeps what the action at a line came to; that a run goes on waiting is not kept once more.
    fn log(
        &self,
        unit: &mut Unit,
        job: &Row,
        (progress, follows, at): (&Progress, Option<&Next>, usize),
    ) -> Result<()> {
        let does = self.program.lines.get(at);
        let does_something = does.is_some_and(|line| matches!(line.what, What::Do(_)));
        let waited = job.int("statuscode") == Some(job::WAITING.status);
        let status = match follows {
            Some(Next::Wait) if waited => return Ok(()),
            Some(Next::Wait) => Status::Waiting,
            Some(Next::Canceled(_)) => Status::Canceled,
            _ if does_something => Status::Succeeded,
            _ => return Ok(()),
        };
        if progress.forgets && status == Status::Succeeded {
            return Ok(());
        }
        log::write(
            unit,
            (job.id, progress.user),
            action_at(&self.program, at),
            status,
            None,
        )
    }

    /// Whether the run waits so at that line.
    fn waits(&self, at: usize, so: impl Fn(&What) -> bool) -> bool {
        self.program.lines.get(at).is_some_and(|line| so(&line.what))
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
