//! What readers of a job, and of the log of a process, see of it. How far it has come they see, and not what it
//! knows, such as what plug-ins gave back. What it says may name values of rows, or be a plug-in's own words: it is
//! shown to whoever it was done for, and to those who may read the row that it is about and every secured column.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use sluice_access::Principal;
use sluice_model::{Name, Reference, Result, Row, Uuid, Value};

use super::{
    ReadRules,
    message_trace::{NOT_SHOWN, When, reads_plugins, unread_at},
};
use crate::{Acting, Operation, Unit, jobs, tables};

/// The rules of jobs.
pub(super) struct JobShown;

/// The column in which a job keeps what it knows.
const DATA: &str = "data";
/// The column in which it says what it was refused.
const MESSAGE: &str = "message";
/// What is shown of what a job knows: how far it has come, and until when it waits.
const SHOWN: [&str; 4] = ["done", "total", "at", "until"];

impl ReadRules for JobShown {
    fn after_read(&self, unit: &mut Unit, operation: &Operation, _: Option<&[Name]>, rows: &mut [Row]) -> Result<()> {
        let reader = operation.principal.clone();
        if reader.is_system() {
            return Ok(());
        }
        for row in rows {
            if let Some(text) = row.text(DATA) {
                let shown = progress(text);
                row.set(DATA, shown.map_or(Value::Null, Value::from));
            }
            if row.text(MESSAGE).is_some() && !hears_job(unit, &reader, row.id)? {
                row.set(MESSAGE, NOT_SHOWN);
            }
        }
        Ok(())
    }
}

/// Leaves of what a job knows how far it has come.
fn progress(text: &str) -> Option<String> {
    let kept = |map: Map<String, Json>| -> Map<String, Json> {
        map.into_iter().filter(|(name, _)| SHOWN.contains(&&**name)).collect()
    };
    let Ok(Json::Object(mut whole)) = serde_json::from_str(text) else {
        return None;
    };
    let scan = whole.remove("scan");
    let mut shown = kept(whole);
    if let Some(Json::Object(scan)) = scan {
        shown.extend(kept(scan));
    }
    Some(Json::Object(shown).to_string())
}

/// Whether somebody hears what a job says.
///
/// # Errors
/// It cannot be seen whose it is.
fn hears_job(unit: &mut Unit, reader: &Arc<Principal>, id: Uuid) -> Result<bool> {
    let reason = "what a job says is shown to whoever it was done for, and to those who may read its row";
    let job = unit.need_as_platform(reason, &Reference::new(tables::JOB, id))?;
    let person = Acting::person_of(reader);
    let (done_for, about) = match jobs::known(unit, &job) {
        Ok(Some((acting, _, about))) => (Some(acting.person()), about),
        _ => (job.id_of("createdby"), job.lookup("regardingobjectid").cloned()),
    };
    if done_for == Some(person) {
        return Ok(true);
    }
    if jobs::is_at_once(&job) && !reads_plugins(unit, reader)? {
        return Ok(false);
    }
    let at = (job.text("primaryentitytype"), about.as_ref());
    Ok(unread_at(unit, reader, at, When::of(&job))?.is_none())
}

impl Unit {
    /// What the process log says of rows, for those who may hear it: of a job, who hears the job; else who may read
    /// the row that it names.
    ///
    /// # Errors
    /// It cannot be seen whose they are.
    pub fn conceal_log(&mut self, reader: &Arc<Principal>, rows: &mut [Row]) -> Result<()> {
        if reader.is_system() {
            return Ok(());
        }
        for row in rows.iter_mut().filter(|row| row.text(MESSAGE).is_some()) {
            let reason = "what the process log says is shown to whoever hears its job, or may read its row";
            let whole = self.need_as_platform(reason, &row.reference())?;
            let heard = match whole.id_of("asyncoperationid") {
                Some(job) => hears_job(self, reader, job)?,
                None if whole.id_of("createdby") == Some(Acting::person_of(reader)) => true,
                None => {
                    let table = whole.text("sl_rowtable");
                    let id = whole.id_of("sl_rowid");
                    let about = table.zip(id).map(|(table, id)| Reference::new(table, id));
                    unread_at(self, reader, (table, about.as_ref()), When::of(&whole))?.is_none()
                }
            };
            if !heard {
                row.set(MESSAGE, NOT_SHOWN);
            }
        }
        Ok(())
    }
}
