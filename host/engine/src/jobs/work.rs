//! What capabilities do for jobs of their own kinds: put them into the queue, and run a handler for
//! one of them.

use std::sync::Arc;

use sluice_model::{Result, Row, Uuid};
use sluice_sandbox::Context;

use crate::{
    Unit,
    operation::Operation,
    runner::{self, NewJob},
    step::{self, Step},
    steps,
};

impl Unit {
    /// Writes a job that runs once the transaction is committed, and belongs to a user; none, where
    /// everything is undone in the end and nothing runs after it.
    ///
    /// # Errors
    /// The request has set off too many, or the job cannot be written.
    pub fn queue_job(&mut self, owner: Uuid, job: NewJob) -> Result<Option<Uuid>> {
        if self.purpose.is_trial() && self.purpose.diagnosis().is_none() {
            return Ok(None);
        }
        self.spend_job()?;
        let owner = self.principal(owner)?;
        runner::write(self, &owner, job).map(Some)
    }

    /// Lets a job run once the transaction is committed; it runs once, however often it is released.
    pub fn release_job(&mut self, job: Uuid) {
        if !self.jobs.contains(&job) {
            self.jobs.push(job);
        }
    }

    /// The messages and steps under way, the outermost first: what leads to a job that is written now.
    pub fn chain(&self) -> Vec<String> {
        self.trace.chain()
    }

    /// Runs a step as a part of a job, in its transaction: as a message of its own that `user` sent,
    /// behind the chain that led to the job ([`Self::chain`]), at the level at which that was done
    /// ([`Operation::level`]).
    ///
    /// # Errors
    /// The step fails.
    pub fn run_step_in_job(
        &mut self,
        job: &Row,
        (user, initiating, limited): (Uuid, Uuid, bool),
        (chain, level): (Vec<String>, u32),
        step: &Arc<Step>,
    ) -> Result<()> {
        let snapshot = self.snapshot()?;
        let principal = match limited {
            true => self.limited(user, initiating)?,
            false => self.principal(user)?,
        };
        let initiating = self.principal(initiating)?;
        let correlation = job.id_of("correlationid").unwrap_or_else(|| self.new_id());
        self.budget.goes_on_for(correlation);
        let depth = job.int("depth").and_then(|depth| u32::try_from(depth).ok());
        let context = Context {
            message: step.message.clone(),
            stage: step::POST_OPERATION,
            mode: step::SYNCHRONOUS,
            depth: depth.unwrap_or(1),
            table: step.table.clone(),
            user: principal.id(),
            initiating_user: initiating.id(),
            business_unit: principal.business_unit(),
            organization: snapshot.settings.id,
            organization_name: snapshot.settings.name.clone(),
            correlation,
            created_on: self.core.env.now(),
            ..Context::default()
        };
        let message = self.core.message(&step.message)?;
        let table = match &step.table {
            Some(table) => Some(snapshot.table(table)?.clone()),
            None => None,
        };
        let mut operation = Operation::kept(message, (principal, initiating), table, context, level);
        self.job_level = level;
        self.trace.goes_on_behind(chain);
        let result = steps::run_one(self, &mut operation, step);
        self.trace.goes_on_behind(Vec::new());
        self.job_level = 0;
        let outline = operation.outline();
        let rows = self.trace_rows(&outline, result.as_ref().err());
        self.left_behind.extend(rows);
        result
    }
}
