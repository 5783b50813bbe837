//! The first gate for what somebody hands in as a file: a user who lacks the privilege is
//! refused before anything of it is read.

use sluice_model::{Filter, Query, Result, Right};

use crate::{Session, Unit, tables};

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

    /// As [`Self::check_privilege`], for a privilege that belongs to no table.
    ///
    /// # Errors
    /// The privilege is missing, or the user is disabled.
    pub fn check_named_privilege(&self, privilege: &str) -> Result<()> {
        self.at_the_gate(|unit, user| {
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

    fn at_the_gate(&self, gate: impl FnOnce(&mut Unit, &sluice_access::Principal) -> Result<()>) -> Result<()> {
        let (mut unit, user) = self.unit()?;
        gate(&mut unit, &user)
    }
}
