//! Why access is granted, and all that speaks for it.

use std::fmt;

use sluice_model::{Depth, Uuid};

/// A role or a team: its id and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The row's id.
    pub id: Uuid,
    /// The name people know.
    pub name: String,
}

/// How a principal holds a privilege.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Through {
    /// The role that has it; `None` is a privilege that is lent for a trial.
    pub role: Option<Named>,
    /// How deep.
    pub depth: Depth,
    /// The team that the role comes through; `None` is a direct role.
    pub via_team: Option<Named>,
}

/// Why access is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// SYSTEM may do everything.
    System,
    /// The row is the principal's own, and the privilege is held at any depth.
    Owner(Through),
    /// The row belongs to a team that the principal is in, and the privilege is held at any depth.
    OwnerTeam {
        /// The team.
        team: Named,
        /// How the privilege is held.
        through: Through,
    },
    /// The depth of a role reaches the row.
    Role(Through),
    /// The row is shared with the principal or one of its teams.
    Share,
    /// The row refers to one whose owner the principal or one of its teams is, or which is shared
    /// with them.
    Inherited,
    /// The row belongs to somebody who reports to the principal, or to one of that one's teams.
    Manager {
        /// Who reports to the principal.
        report: Named,
        /// Whether without anybody in between.
        direct: bool,
    },
    /// The row is shared with somebody who reports to the principal, or with one of that one's teams.
    ManagerShare,
    /// The table belongs to the organisation, and the privilege reaches all of it.
    OrganizationOwned(Through),
}

impl Reason {
    /// How the privilege is held that reaches the row; a share, and the place of a manager, need it at any
    /// depth, by whatever role.
    pub fn through(&self) -> Option<&Through> {
        match self {
            Self::Owner(through)
            | Self::OwnerTeam { through, .. }
            | Self::Role(through)
            | Self::OrganizationOwned(through) => Some(through),
            Self::System | Self::Share | Self::Inherited | Self::Manager { .. } | Self::ManagerShare => None,
        }
    }
}

/// Without the names of roles: not everybody who is told may read them.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("the system may do everything"),
            Self::Owner(_) => f.write_str("own row"),
            Self::OwnerTeam { .. } => f.write_str("row of an own team"),
            Self::Role(through) => {
                write!(f, "role at depth {}", through.depth.label())?;
                match &through.via_team {
                    Some(team) => write!(f, " (via team {})", team.name),
                    None => Ok(()),
                }
            }
            Self::Share => f.write_str("shared"),
            Self::Inherited => f.write_str("inherited from a row that it refers to"),
            Self::Manager { direct: true, .. } => f.write_str("row of a direct report"),
            Self::Manager { direct: false, .. } => f.write_str("row of an indirect report"),
            Self::ManagerShare => f.write_str("shared with a report"),
            Self::OrganizationOwned(_) => f.write_str("role, for the whole organisation"),
        }
    }
}
