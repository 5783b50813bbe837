//! A question that was asked, asked once more as things are.

use sluice_model::TableDef;

use crate::{Asked, Check, Gate, Principal, PrivilegeIds, RowFacts, Units, Way, check_named, check_privilege, explain};

impl Check {
    /// The same question of the same user or team as it is now: of its table, and of the row as it is now.
    /// `None` where the table is gone.
    pub fn again(
        &self,
        principal: &Principal,
        table: Option<&TableDef>,
        row: Option<&RowFacts>,
        (units, privileges): (&Units, &PrivilegeIds),
    ) -> Option<Self> {
        let principal = principal.unwatched();
        let name = match (&self.asked, table) {
            (Asked::Named(name), _) => name.to_string(),
            (Asked::Right(_, right), table) => table?.privilege_name(*right),
        };
        let held = || {
            principal
                .routes(&name.to_ascii_lowercase())
                .next()
                .map(|route| Way::held(&route))
        };
        let way = match (&self.asked, table) {
            (Asked::Named(_), _) => check_named(&principal, &name, privileges).ok().and_then(|()| held()),
            (Asked::Right(_, right), table) => {
                let (table, right) = (table?, *right);
                match (self.gate, row) {
                    (Gate::Privilege, _) => {
                        let passes = check_privilege(&principal, table, right, privileges);
                        passes.ok().and_then(|()| held())
                    }
                    (Gate::Access, Some(row)) => {
                        let explained = explain(&principal, units, table, right, row, privileges);
                        explained
                            .access
                            .and_then(Result::ok)
                            .and_then(|reasons| Way::of(reasons.first()?))
                    }
                    (Gate::Access, None) => {
                        let list = crate::list(&principal, units, table, privileges).ok();
                        list.and_then(|permit| Way::of(permit.reason()))
                    }
                }
            }
        };
        let facts = row.copied();
        Some(Self {
            principal,
            facts,
            way,
            ..self.clone()
        })
    }
}
