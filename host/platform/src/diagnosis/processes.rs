//! What helps against workflows beside deactivating them: that one which rests is activated, and that one runs in
//! another name.

use sluice_engine::tables;
use sluice_model::{
    Code, Error, Parameter, Reference, Request, Result, Row, StepInfo, Uuid, Value, state::process::ACTIVATED,
};

use super::{
    Fix,
    trials::{Subject, Trials},
};

/// `workflow.runas` of those that run as their owner.
const AS_OWNER: i32 = 0;
/// `workflow.scope` of those that run for all rows, whoever owns the workflow.
const ORGANIZATION: i32 = 4;

/// The message that runs a workflow.
const RUN: &str = "ExecuteWorkflow";

/// Whether a request asks for nothing but to run that workflow.
pub(super) fn is_run_by(request: &Request, workflow: Uuid) -> bool {
    let asked = request.inputs.get("WorkflowId");
    &*request.message == RUN && matches!(asked, Some(Parameter::Value(Value::Id(id))) if *id == workflow)
}

/// The workflow that was to be started and does not run, where it is known which one.
fn not_running(error: &Error) -> Option<Uuid> {
    let is_it = matches!(error.code(), Code::WORKFLOW_CHILD_INACTIVE | Code::WORKFLOW_NOT_ACTIVE);
    let named = error.body().words.iter().filter(|_| is_it);
    let named = named.into_iter().find(|(word, _)| *word == "WORKFLOW");
    named.and_then(|(_, id)| id.parse().ok())
}

/// Whether what is refused is only that a workflow does not run which one of these takes out of work.
pub(super) fn comes_of(fixes: &[(Fix, Uuid)], error: &Error) -> bool {
    let wanted = not_running(error.origin());
    let takes = |fix: &Fix| match fix {
        Fix::Deactivate { workflow, .. } => Some(*workflow),
        Fix::Break { step, .. } => Some(step.id),
        _ => None,
    };
    wanted.is_some() && fixes.iter().any(|(fix, _)| takes(fix) == wanted)
}

/// The step without which a refusal does not come: the one that refuses; of a workflow that others start, the
/// outermost that does, which without its child would fail, too.
pub(super) fn set_off_by(error: &Error) -> Option<&StepInfo> {
    let body = error.body();
    let starts = |call: &str| call.split(' ').next() == Some(RUN);
    let starters = body.reached.iter().take_while(|reached| starts(&reached.call));
    starters.last().map(|reached| &reached.step).or(body.step.as_ref())
}

impl Trials<'_> {
    /// The workflow that was to be started, where it is known which one.
    pub(super) fn activations(&self, error: &Error) -> Result<Vec<Fix>> {
        let Some(workflow) = not_running(error) else {
            return Ok(Vec::new());
        };
        let row = Reference::new(tables::PROCESS, workflow);
        let (mut unit, _) = self.session.unit()?;
        let reason = "name the workflow that a cure activates";
        let row = unit.read_as_platform(reason, &row, Some(&["name".into(), "statecode".into()]))?;
        let row = row.filter(|row| !ACTIVATED.is_of(row));
        let fix = |name: &str| Fix::Activate {
            workflow,
            name: name.to_owned(),
        };
        Ok(row.iter().filter_map(|row| row.text("name")).map(fix).collect())
    }

    /// The workflow in real time that was refused something as its owner; nothing, where it was another one, or
    /// the run is a job already, which keeps its owner.
    fn refused_as_owner(&self, error: &Error) -> Result<Option<Row>> {
        let body = error.body();
        let (Some(step), Some(refused), Subject::Request(_)) = (&body.step, &body.principal, self.subject) else {
            return Ok(None);
        };
        let columns = ["ownerid", "runas"].map(Into::into);
        let (mut unit, _) = self.session.unit()?;
        let row = Reference::new(tables::PROCESS, step.id);
        let row = match step.kind == "workflow" {
            true => unit.read_as_platform("see as whom a workflow runs", &row, Some(&columns))?,
            false => None,
        };
        let is_own = |row: &Row| row.int("runas") == Some(AS_OWNER) && row.id_of("ownerid") == Some(refused.id);
        Ok(row.filter(is_own).filter(|_| refused.id != self.user))
    }

    /// The workflow as whoever sets it off.
    pub(super) fn as_callers(&self, error: &Error) -> Result<Vec<Fix>> {
        let row = self.refused_as_owner(error)?;
        Ok(row.map(|row| Fix::AsCaller { workflow: row.id }).into_iter().collect())
    }

    /// Whether a workflow runs for all rows, whoever owns it.
    pub(super) fn runs_for_all(&self, workflow: Uuid) -> Result<bool> {
        let (mut unit, _) = self.session.unit()?;
        let row = Reference::new(tables::PROCESS, workflow);
        let row = unit.read_as_platform("see as whom a workflow runs", &row, Some(&["scope".into()]))?;
        Ok(row.is_some_and(|row| row.int("scope") == Some(ORGANIZATION)))
    }
}
