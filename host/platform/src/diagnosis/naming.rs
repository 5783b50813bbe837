//! By what a cure's commands name its rows: by the names that people know, and by their ids where a name is that of
//! other rows as well.

use std::collections::HashSet;

use sluice_engine::tables;
use sluice_model::{Reference, Result, Uuid};

use super::{Fix, trials::Trials};

impl Fix {
    /// The rows that its commands name, with their names.
    fn named(&self) -> Vec<(Reference, &str)> {
        let role = |id: &Uuid| Reference::new(tables::ROLE, *id);
        let profile = |id: &Uuid| Reference::new(tables::PROFILE, *id);
        match self {
            Self::Share { with: to, name, .. } | Self::Assign { to, name, .. } | Self::NewProfile { to, name, .. } => {
                vec![(to.clone(), name)]
            }
            Self::GiveRole {
                to,
                name,
                copy,
                role: called,
                ..
            } => vec![(to.clone(), name), (role(copy), called)],
            Self::NewRole(new) => vec![(new.to.clone(), &new.name), (new.unit.clone(), &new.unit_name)],
            Self::Grant { id, role: called, .. } => vec![(role(id), called)],
            Self::JoinProfile {
                profile: id,
                called,
                to,
                name,
            } => vec![(profile(id), called), (to.clone(), name)],
            Self::GrantColumn {
                profile: id, called, ..
            } => vec![(profile(id), called)],
            Self::RunAs { id, user, .. } | Self::Own { id, user, .. } => {
                vec![(Reference::new(tables::USER, *id), user)]
            }
            Self::Enable { user, name, units, .. } => {
                let unit = |id: &Uuid| Reference::new(tables::BUSINESS_UNIT, *id);
                let units = units.iter().map(|(id, called)| (unit(id), called.as_str()));
                units
                    .chain([(Reference::new(tables::USER, *user), name.as_str())])
                    .collect()
            }
            // What these are about has its id in their commands.
            Self::Again { .. }
            | Self::Inherit { .. }
            | Self::AsCaller { .. }
            | Self::OpenAccess { .. }
            | Self::Allow { .. }
            | Self::Activate { .. }
            | Self::Deactivate { .. }
            | Self::Raise { .. }
            | Self::Disable { .. }
            | Self::Break { .. } => Vec::new(),
        }
    }
}

impl Trials<'_> {
    /// Of the rows that the commands of fixes name, those that their names do not name alone.
    pub(super) fn by_id<'a>(&self, fixes: impl IntoIterator<Item = &'a Fix>) -> Result<HashSet<Uuid>> {
        let (mut unit, _) = self.session.unit()?;
        let (mut asked, mut found) = (HashSet::new(), HashSet::new());
        for (row, name) in fixes.into_iter().flat_map(Fix::named) {
            if asked.insert(row.id) && !unit.is_name_of_one(&row.table, name)? {
                found.insert(row.id);
            }
        }
        Ok(found)
    }
}
