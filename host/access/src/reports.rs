//! Managers: what they may do to the rows of those who report to them. The caller brings who that
//! is, by whatever model the organisation has.

use sluice_model::{Right, Rights, Uuid};

use crate::{Named, PrincipalId};

/// Somebody who reports to a manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The user's id.
    pub id: Uuid,
    /// The name people know.
    pub name: String,
    /// Whether without anybody in between.
    pub direct: bool,
    /// The teams that the user is in.
    pub teams: Vec<Uuid>,
}

impl Report {
    /// Whose rows, and shares with whom, it is about: the user's, and those of the user's teams.
    pub fn sharees(&self) -> impl Iterator<Item = PrincipalId> {
        let teams = self.teams.iter().copied().map(PrincipalId::team);
        std::iter::once(PrincipalId::user(self.id)).chain(teams)
    }

    pub(crate) fn gives(&self, right: Right) -> bool {
        rights(self.direct).has(right)
    }

    pub(crate) fn named(&self) -> Named {
        Named {
            id: self.id,
            name: self.name.clone(),
        }
    }
}

/// What a manager may do to rows of reports: never delete, assign or share them, and of those who
/// do not report to the manager directly, only read them.
pub(crate) fn rights(direct: bool) -> Rights {
    Rights::of(match direct {
        true => &[Right::Read, Right::Write, Right::Append, Right::AppendTo],
        false => &[Right::Read],
    })
}
