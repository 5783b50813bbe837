//! What helps against workflows beside deactivating them: that one which rests is activated, and that one runs in
//! another name.

use sluice_engine::tables;
use sluice_model::{Code, Error, Reference, Result, Row, Uuid};

use super::{
    Fix,
    trials::{Subject, Trials},
};

/// `workflow.runas` of those that run as their owner.
const AS_OWNER: i32 = 0;
/// `workflow.statecode` of those that run.
const ACTIVE: i32 = 1;
/// `workflow.scope` of those that run for all rows, whoever owns the workflow.
const ORGANIZATION: i32 = 4;

impl Trials<'_> {
    /// The workflow that was to be started, where it is known which one.
    pub(super) fn activations(&self, error: &Error) -> Result<Vec<Fix>> {
        if !matches!(error.code(), Code::WORKFLOW_CHILD_INACTIVE | Code::WORKFLOW_NOT_ACTIVE) {
            return Ok(Vec::new());
        }
        let words = &error.body().words;
        let named = words.iter().find(|(word, _)| *word == "WORKFLOW");
        let Some(workflow) = named.and_then(|(_, id)| id.parse::<Uuid>().ok()) else {
            return Ok(Vec::new());
        };
        let row = Reference::new(tables::PROCESS, workflow);
        let (mut unit, _) = self.session.unit()?;
        let reason = "name the workflow that a cure activates";
        let row = unit.read_as_platform(reason, &row, Some(&["name".into(), "statecode".into()]))?;
        let row = row.filter(|row| row.int("statecode") != Some(ACTIVE));
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
