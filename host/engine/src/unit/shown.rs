//! Who is shown what a trial reads. What somebody has tried in the name of another user, or behind what only
//! somebody else could have done, reads no more than they may read: its answer would tell them of it.

use std::sync::Arc;

use sluice_access::{Principal, Reader};
use sluice_model::{Error, Parameter, Reference, Request, Result, Right, Row, TableDef, Uuid, codes::Kind};

use super::Unit;
use crate::{Acting, preview::Sent, tables, unit::Trial};

/// Whose reading has to be shown to a reader.
#[derive(Debug, Clone)]
pub(crate) enum Whose {
    /// That of these users, in whose name the request runs.
    These([Option<Uuid>; 2]),
    /// Everybody's: what was lent, or sent before the request, may let anybody read more.
    Everybodys,
}

impl Whose {
    /// Whose it is in a trial that somebody makes; nothing, where it is only what they could do themselves.
    pub(crate) fn of(asking: Acting, trial: &Trial, before: &[Sent], acting: Option<Acting>) -> Option<Self> {
        let is_beyond = !trial.lent.is_empty() || before.iter().any(|sent| sent.sender != asking.user);
        match acting {
            _ if is_beyond => Some(Self::Everybodys),
            Some(acting) if acting.person() == asking.person() => None,
            Some(acting) => Some(Self::These([Some(acting.user), acting.caller])),
            None => Some(Self::Everybodys),
        }
    }
}

/// A reader, and whose reading they are shown.
#[derive(Debug)]
pub(crate) struct Shown {
    reader: Arc<Reader>,
    whose: Whose,
}

impl Unit {
    /// From now on what a trial reads is shown to this user, with what they may read now.
    pub(crate) fn show_to(&mut self, person: Uuid, whose: Option<Whose>) -> Result<()> {
        self.shown = None;
        if let Some(whose) = whose {
            let person = self.principal_itself(&Reference::new(tables::USER, person))?;
            let reader = Arc::new(Reader::new(&person));
            self.shown = Some(Shown { reader, whose });
        }
        Ok(())
    }

    /// The first thing that the reader of the trial was not shown.
    pub(crate) fn unseen(&self) -> Option<Error> {
        self.shown.as_ref()?.reader.refused()
    }

    /// The principal as it reads in the trial under way.
    pub(crate) fn as_shown(&self, principal: Arc<Principal>) -> Arc<Principal> {
        let is_meant = |shown: &&Shown| match &shown.whose {
            Whose::Everybodys => true,
            Whose::These(users) => users.contains(&Some(principal.id())),
        };
        match self.shown.as_ref().filter(is_meant) {
            Some(shown) => Arc::new(principal.shown_to(&shown.reader)),
            None => principal,
        }
    }

    /// Refuses a row that a step is to be given for a principal, where the reader of the trial may not read it.
    pub(crate) fn check_shown(&mut self, principal: &Principal, table: &TableDef, id: Uuid) -> Result<()> {
        let Some(reader) = principal.reader_of(Right::Read).cloned() else {
            return Ok(());
        };
        let person = Arc::new(reader.principal().clone());
        match self.decide_for(&person, table, Right::Read, id) {
            Err(error) if error.kind() != Kind::NotFound => Err(reader.refuse(error)),
            _ => Ok(()),
        }
    }

    /// The same of every row that a request names: what the platform itself reads of it on the way would be told
    /// as well.
    pub(crate) fn check_shown_in(&mut self, acting: Acting, request: &Request) -> Result<()> {
        if self.shown.is_none() {
            return Ok(());
        }
        let principal = self.who_acts(acting)?;
        let catalog = self.catalog();
        for parameter in request.inputs.values() {
            let rows = match parameter {
                Parameter::Reference(row) => vec![row.clone()],
                Parameter::References(rows) => rows.clone(),
                Parameter::Row(row) => vec![row.reference()],
                Parameter::Rows(rows) => rows.iter().map(Row::reference).collect(),
                _ => Vec::new(),
            };
            for row in rows.into_iter().filter(|row| !row.id.is_nil()) {
                if let Some(table) = catalog.find(&row.table) {
                    self.check_shown(&principal, table, row.id)?;
                }
            }
        }
        Ok(())
    }
}
