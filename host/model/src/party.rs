//! Who an error speaks of, and what they hold.

use serde::Serialize;
use uuid::Uuid;

use crate::{Depth, PrincipalKind};

/// Who an error speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrincipalInfo {
    /// The row's id.
    pub id: Uuid,
    /// The name people know.
    pub name: String,
    /// User or team.
    #[serde(rename = "type")]
    pub kind: PrincipalKind,
    /// The names of its roles, direct and through teams.
    pub roles: Vec<String>,
    /// The role that would get a missing privilege.
    #[serde(skip)]
    pub grantee: Option<Grantee>,
}

/// The role of a principal that a missing privilege is best granted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grantee {
    /// The role's id, or that of its copy, where it is known.
    pub id: Option<Uuid>,
    /// The role's name.
    pub role: String,
    /// What it holds at depth User counts for rows of its team alone.
    pub only_team: bool,
}

/// How deep a principal holds a privilege.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldDepth {
    /// The deepest depth.
    #[serde(serialize_with = "as_label")]
    pub depth: Depth,
    /// Where all that holds it counts for rows of teams alone: a role that does, and its team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<OnlyTeam>,
}

/// A role that a principal has through a team, and whose privileges at depth User count for rows of
/// that team alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OnlyTeam {
    /// The role's name.
    pub role: String,
    /// The team's name; nothing, where the reader is not told it.
    pub team: String,
}

impl std::fmt::Display for HeldDepth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "held at depth {}", self.depth.label())?;
        match &self.only {
            Some(only) if only.team.is_empty() => f.write_str(" for the rows of a team alone"),
            Some(only) => write!(f, " for the rows of the team {} alone", only.team),
            None => Ok(()),
        }
    }
}

fn as_label<S: serde::Serializer>(depth: &Depth, to: S) -> std::result::Result<S::Ok, S::Error> {
    to.serialize_str(depth.label())
}
