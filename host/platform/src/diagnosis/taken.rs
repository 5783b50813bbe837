//! Since when a privilege is missing: who took it from a role, as far as the reader may read the
//! audit trail.

use serde_json::Value as Json;
use sluice_engine::tables;
use sluice_model::{Error, Filter, Order, Query, Reference, Result, Row, Timestamp, Value};

use super::{cures::lacking, trials::Trials};
use crate::audit::Action;

/// That a role held a missing privilege once.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The role's name.
    pub role: String,
    /// Who took it.
    pub by: Reference,
    /// When.
    pub when: Timestamp,
}

/// So many entries of a role's history are looked at.
const MOST: u32 = 100;

impl Trials<'_> {
    /// The last time that one of the roles of whoever lacks a privilege lost it.
    pub(super) fn taken(&mut self, error: &Error) -> Result<Option<Taken>> {
        let Some((principal, privilege, _)) = lacking(error) else {
            return Ok(None);
        };
        if self.session.check_named_privilege("prvReadAuditSummary").is_err() {
            return Ok(None);
        }
        let holders = self.holders()?;
        let mut last: Option<Taken> = None;
        for held in holders.of(principal.id) {
            let filter = Filter::eq("objectid", held.role.id).and(Filter::eq("action", Action::Privileges.value()));
            let mut query = Query::new(tables::AUDIT).filter(filter).top(MOST);
            query.order.push(Order {
                column: "createdon".into(),
                descending: true,
            });
            let Ok(entries) = self.session.list(query) else {
                return Ok(None);
            };
            // The newest entry about it says how it stands.
            let Some((row, is_taken)) = entries.iter().find_map(|row| Some((row, takes(row, privilege)?))) else {
                continue;
            };
            let (Some(Value::DateTime(when)), Some(by), true) = (row.get("createdon"), row.lookup("userid"), is_taken)
            else {
                continue;
            };
            if last.as_ref().is_none_or(|last| last.when < *when) {
                last = Some(Taken {
                    role: held.role.name,
                    by: by.clone(),
                    when: *when,
                });
            }
        }
        Ok(last)
    }
}

/// Whether an entry of the audit trail takes that privilege away; `None` where it is about others.
fn takes(row: &Row, privilege: &str) -> Option<bool> {
    let changes: Json = serde_json::from_str(row.text(tables::CHANGES)?).ok()?;
    let change = changes.get("changedAttributes")?.as_array()?.iter().find(|change| {
        let name = change.get("logicalName").and_then(Json::as_str);
        name.is_some_and(|name| name.eq_ignore_ascii_case(privilege))
    })?;
    Some(change.get("newValue").is_none_or(Json::is_null))
}
