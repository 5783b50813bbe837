//! The first gate for what somebody hands in as a file: a user who lacks the privilege is refused whatever is in it.

use sluice_model::{Error, Filter, Query, Request, Result, Right};

use crate::{Operation, Session, Unit, operation::Incoming, tables, unit::Purpose};

impl Session {
    /// Refuses a user who may not do that to rows of the table at all. The message that follows
    /// asks again, and has the last word.
    ///
    /// # Errors
    /// What the message would answer: the privilege is missing, the user is disabled or reads
    /// only; there is no such table.
    pub fn check_privilege(&self, table: &str, right: Right) -> Result<()> {
        self.at_the_gate(|unit, user| {
            let snapshot = unit.snapshot()?;
            let table = snapshot.table(table)?;
            sluice_access::check_privilege(user, table, right, &snapshot.privileges)
        })
    }

    /// As [`Self::check_privilege`], where no message follows that asks again: what passes is used, and leaves its
    /// mark.
    ///
    /// # Errors
    /// As there.
    pub fn check_use(&self, table: &str, right: Right) -> Result<()> {
        self.used_at_the_gate(|unit, user| {
            let snapshot = unit.snapshot()?;
            sluice_access::check_privilege(user, snapshot.table(table)?, right, &snapshot.privileges)
        })
    }

    /// As [`Self::check_use`], for a privilege that belongs to no table.
    ///
    /// # Errors
    /// The privilege is missing, or the user is disabled.
    pub fn check_named_privilege(&self, privilege: &str) -> Result<()> {
        self.used_at_the_gate(|unit, user| {
            let snapshot = unit.snapshot()?;
            sluice_access::check_named(user, privilege, &snapshot.privileges)
        })
    }

    /// Refuses a user who may not push a plug-in of that name: make it and its types, or, where it
    /// is there, change it.
    ///
    /// # Errors
    /// What the push would answer.
    pub fn check_push(&self, name: &str) -> Result<()> {
        let there = Query::new(tables::ASSEMBLY)
            .columns(&[])
            .filter(Filter::eq("name", name));
        if !self.list(there)?.is_empty() {
            return self.check_privilege(tables::ASSEMBLY, Right::Write);
        }
        self.check_privilege(tables::ASSEMBLY, Right::Create)?;
        self.check_privilege(tables::PLUGIN_TYPE, Right::Create)
    }

    /// The refusal that one of these gates gave, recorded as that of the message which would have followed: so it
    /// can be looked into. The message is not run.
    pub fn refused_at_gate(&self, request: &Request, refusal: Error) -> Error {
        let recorded = self.engine.on_pipeline_thread(|| {
            let mut unit = self.engine.unit(Purpose::Work)?;
            let correlation = self.engine.core.env.new_id();
            let principal = unit.who_acts(self.acting)?;
            let request = self.completed(request.clone());
            unit.record(&request);
            let operation = Operation::begin(&mut unit, Incoming::outermost(principal, correlation, request))?;
            unit.trace.enter_message(&operation);
            unit.trace.leave(Some(&refusal));
            unit.write_leftover_traces(Some(&refusal));
            Ok(unit.refused(refusal.clone(), correlation))
        });
        // What cannot be recorded is refused all the same.
        recorded.unwrap_or(refusal)
    }

    fn at_the_gate(&self, gate: impl FnOnce(&mut Unit, &sluice_access::Principal) -> Result<()>) -> Result<()> {
        let (mut unit, user) = self.unit()?;
        gate(&mut unit, &user)
    }

    fn used_at_the_gate(&self, gate: impl FnOnce(&mut Unit, &sluice_access::Principal) -> Result<()>) -> Result<()> {
        let (mut unit, user) = self.unit()?;
        gate(&mut unit, &user)?;
        self.keep_asked(&mut unit);
        Ok(())
    }
}
