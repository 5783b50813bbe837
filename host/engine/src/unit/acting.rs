//! In whose name a unit of work does something, and whether it is kept what is asked about them.

use std::sync::Arc;

use sluice_access::{Principal, PrincipalId};
use sluice_model::{Error, Reference, Result, Uuid};

use super::Unit;
use crate::{snapshot::RequestSetting, tables};

impl Unit {
    /// The user with that id, in whose name something is done: what is asked about it is kept.
    pub(crate) fn principal(&mut self, user: Uuid) -> Result<Arc<Principal>> {
        let principal = self.principal_of(&Reference::new(tables::USER, user))?;
        Ok(match self.keeps_checks() {
            true => Arc::new(principal.watched(self.trace.checks())),
            false => principal,
        })
    }

    /// The platform itself: of it nothing is asked, and what it asks about others is kept.
    pub(crate) fn system(&self) -> Arc<Principal> {
        let system = self.snapshot.system();
        match self.keeps_checks() {
            true => Arc::new(system.watched(self.trace.checks())),
            false => system.clone(),
        }
    }

    /// Whether anybody will want to know what was asked about principals.
    fn keeps_checks(&self) -> bool {
        let settings = &self.snapshot.settings;
        match self.purpose.is_trial() {
            true => self.purpose.checks().is_some(),
            false => settings.requests != RequestSetting::Off || self.notes_use(),
        }
    }

    /// The user or team that a row is, with what a diagnosis lends it.
    pub fn principal_of(&mut self, row: &Reference) -> Result<Arc<Principal>> {
        let mut principal = self.principal_itself(row)?;
        let lent = self.purpose.diagnosis().map(|trial| trial.lent.as_slice());
        for (to, privilege, depth) in lent.unwrap_or_default() {
            if *to == row.id {
                principal = Arc::new(principal.lend(privilege, *depth));
            }
        }
        Ok(self.as_shown(principal))
    }

    /// The user or team that a row is, without anything that a diagnosis lends it.
    pub(super) fn principal_itself(&mut self, row: &Reference) -> Result<Arc<Principal>> {
        let snapshot = self.snapshot()?;
        let which = PrincipalId::of(row).ok_or_else(|| {
            let message = format!("`{row}` is neither a user nor a team: only these have rights to rows");
            Error::invalid(message).with_table(&row.table)
        })?;
        match snapshot.known_principal(which) {
            Some(known) => Ok(known),
            None => self.read(|tx| snapshot.principal(tx, which)),
        }
    }
}
