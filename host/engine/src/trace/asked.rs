//! What past requests asked about privileges, asked once more: of those that cannot run again.

use std::sync::Arc;

use sluice_access::{Principal, WayKind};
use sluice_model::{Code, Depth, Error, Reference, Result, Right, TableDef, codes::Kind};

use super::{checks::KeptCheck, recorded::PastRequest};
use crate::{
    Session, Unit,
    preview::{self, Sent},
    unit::Trial,
};

impl PastRequest {
    /// Whether what it asked tells what becomes of it: all of it is known, and what refused it was one
    /// of these questions.
    pub fn can_be_asked(&self) -> bool {
        let Some(kept) = self.checks.as_ref().filter(|kept| !kept.is_cut()) else {
            return false;
        };
        self.succeeded || kept.checks.iter().any(|check| check.way.is_none())
    }
}

impl Session {
    /// Asks what past requests asked, behind these messages, which are rolled back: for each why it
    /// would be refused now; `None` where everything passes that is known of it.
    ///
    /// # Errors
    /// One of the messages is refused, or the database cannot be read.
    pub fn ask_again(&self, trial: &Trial, before: &[Sent], past: &[&PastRequest]) -> Result<Vec<Option<Error>>> {
        let all = |unit: &mut Unit| past.iter().map(|past| unit.ask_again(past)).collect();
        if before.is_empty() {
            let (mut unit, _) = self.unit()?;
            return all(&mut unit);
        }
        preview::behind(self, trial, before, all)
    }

    /// How deep each of these users and teams holds a privilege, behind these messages, which are rolled back.
    ///
    /// # Errors
    /// One of the messages is refused, or the database cannot be read.
    pub fn held_behind(
        &self,
        trial: &Trial,
        before: &[Sent],
        asked: &[(Reference, String)],
    ) -> Result<Vec<Option<Depth>>> {
        let depth = |unit: &mut Unit, (who, privilege): &(Reference, String)| match unit.principal_of(who) {
            Ok(principal) => Ok(principal.depth_of(privilege)),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        preview::behind(self, trial, before, |unit| {
            asked.iter().map(|one| depth(unit, one)).collect()
        })
    }
}

impl Unit {
    fn ask_again(&mut self, past: &PastRequest) -> Result<Option<Error>> {
        let Some(kept) = &past.checks else { return Ok(None) };
        // Of what did not pass, the last one refused the request; the others were asked to know.
        let refused = kept.checks.iter().rposition(|check| check.way.is_none());
        let refused = refused.filter(|_| !past.succeeded);
        for (place, check) in kept.checks.iter().enumerate() {
            let counts = check.way.is_some() || refused == Some(place);
            let snapshot = self.snapshot()?;
            let step = check.step.map(|step| snapshot.steps.find(step).cloned());
            // A step that does not run any more asks nothing.
            if !counts || matches!(step, Some(None)) {
                continue;
            }
            let Some(who) = kept.principal(check) else { continue };
            let principal = match self.principal_of(&who) {
                Ok(principal) => principal,
                Err(error) if error.kind() == Kind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if let Err(mut error) = self.ask_one(&principal, check) {
                if error.kind() == Kind::Host {
                    return Err(error);
                }
                error.body_mut().step = step.flatten().map(|step| step.info());
                return Ok(Some(error));
            }
        }
        Ok(None)
    }

    fn ask_one(&mut self, principal: &Arc<Principal>, check: &KeptCheck) -> Result<()> {
        let snapshot = self.snapshot()?;
        let (Some(table), Some(right)) = (&check.table, check.right) else {
            return sluice_access::check_named(principal, &check.privilege, &snapshot.privileges);
        };
        let Some(table) = snapshot.catalog.find(table).cloned() else {
            return Err(Error::new(
                Code::NOT_FOUND,
                format!("there is no table `{table}` any more"),
            ));
        };
        sluice_access::check_privilege(principal, &table, right, &snapshot.privileges)?;
        // Of a list, less depth shows less and refuses nothing.
        let is_list = check.row.is_none() && right == Right::Read;
        if !check.access || is_list {
            return Ok(());
        }
        if let Some(row) = check.row {
            match self.decide_for(principal, &table, right, row) {
                Ok(_) => return Ok(()),
                // The row is gone: what counts is the depth that it needed.
                Err(error) if error.kind() == Kind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        reaches(principal, &table, right, check)
    }
}

/// Whether the depth that is held reaches a row of which only the depth that it needed is known.
fn reaches(principal: &Principal, table: &TableDef, right: Right, check: &KeptCheck) -> Result<()> {
    let kind = check.way.as_deref().and_then(WayKind::of_word);
    if matches!(kind, Some(WayKind::Share | WayKind::Inherited | WayKind::Manager)) {
        return Ok(());
    }
    let privilege = table.privilege_name(right);
    let held = principal.depth_of(&privilege);
    let Some(needed) = check.needed.filter(|needed| held < Some(*needed)) else {
        return Ok(());
    };
    let has = held.map_or("no depth", |depth| depth.label());
    let message = format!(
        "{} holds {privilege} at {has}, and the row needed {}",
        principal.name(),
        needed.label()
    );
    let mut error = Error::new(Code::ACCESS_DENIED, message).with_table(&table.name);
    error.body_mut().privilege = Some(privilege);
    Err(error)
}
