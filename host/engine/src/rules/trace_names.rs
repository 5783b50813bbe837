//! Names in the tree of a request: of users, teams and roles those are told that its reader may read.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use sluice_access::Principal;
use sluice_model::{Result, Right};

use crate::{Unit, tables, trace::Node};

/// Which names a reader is told.
pub(super) struct Names {
    own: (String, String),
    users: bool,
    teams: bool,
    roles: bool,
}

impl Names {
    pub(super) fn of(unit: &mut Unit, reader: &Arc<Principal>) -> Result<Self> {
        let snapshot = unit.snapshot()?;
        // Whom a trace is shown to uses nothing by that.
        let reader = reader.unwatched();
        let reads = |name: &str| {
            let table = snapshot.table(name)?;
            Ok(sluice_access::check_privilege(&reader, table, Right::Read, &snapshot.privileges).is_ok())
        };
        Ok(Self {
            own: (reader.id().to_string(), reader.name().to_owned()),
            users: reads(tables::USER)?,
            teams: reads(tables::TEAM)?,
            roles: reads(tables::ROLE)?,
        })
    }

    /// Leaves out the others, in a tree.
    pub(super) fn conceal(&self, node: &mut Node) {
        if self.users && self.teams && self.roles {
            return;
        }
        if !self.users && node.user.as_ref().is_some_and(|user| *user != self.own.1) {
            node.user = Some("another user".to_owned());
        }
        if let Some(Json::Object(error)) = &mut node.error {
            self.conceal_in(error);
        }
        node.children.iter_mut().for_each(|child| self.conceal(child));
    }

    fn conceal_in(&self, error: &mut Map<String, Json>) {
        if let Some(Json::Object(principal)) = error.get_mut("principal") {
            let text = |name: &str| principal.get(name).and_then(Json::as_str).unwrap_or_default();
            let is_user = !text("type").eq_ignore_ascii_case("team");
            let may = if is_user {
                self.users || text("id") == self.own.0
            } else {
                self.teams
            };
            if !may {
                principal.remove("name");
            }
            if !(self.roles && self.teams) {
                principal.remove("roles");
            }
        }
        if !self.roles {
            error.remove("remedies");
        }
        if !(self.roles && self.teams)
            && let Some(Json::Object(held)) = error.get_mut("held")
        {
            held.remove("only");
        }
    }
}
