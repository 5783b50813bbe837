//! For which rows a workflow or a business rule runs.

use sluice_model::Depth;

/// For which rows a workflow runs: whose they are, seen from its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The owner's own.
    User,
    /// Those of the owner's business unit.
    BusinessUnit,
    /// Those of that and of the units below it.
    ParentChild,
    /// All.
    Organization,
}

impl Scope {
    pub(crate) fn of(number: Option<i32>) -> Self {
        match number {
            Some(2) => Self::BusinessUnit,
            Some(3) => Self::ParentChild,
            Some(4) => Self::Organization,
            _ => Self::User,
        }
    }

    /// As far as it goes for an owner who holds the privilege to change workflows so deep.
    pub(super) fn within(self, held: Option<Depth>) -> Self {
        match held {
            Some(held) if held >= self.depth() => self,
            Some(Depth::ParentChild) => Self::ParentChild,
            Some(Depth::BusinessUnit) => Self::BusinessUnit,
            _ => Self::User,
        }
    }

    /// The depth of a privilege that reaches as far.
    pub(crate) fn depth(self) -> Depth {
        match self {
            Self::User => Depth::User,
            Self::BusinessUnit => Depth::BusinessUnit,
            Self::ParentChild => Depth::ParentChild,
            Self::Organization => Depth::Organization,
        }
    }
}
