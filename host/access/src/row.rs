//! What a decision needs to know of a row: whose it is, where it lies, who shares it.

use sluice_model::{Ownership, PrincipalKind, Reference, Rights, TableDef, Uuid};

/// Which user or team: who owns a row, or whom it is shared with. An id alone does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PrincipalId {
    /// User or team.
    pub kind: PrincipalKind,
    /// The user's or the team's id.
    pub id: Uuid,
}

impl PrincipalId {
    /// The user with that id.
    pub const fn user(id: Uuid) -> Self {
        Self {
            kind: PrincipalKind::User,
            id,
        }
    }

    /// The team with that id.
    pub const fn team(id: Uuid) -> Self {
        Self {
            kind: PrincipalKind::Team,
            id,
        }
    }

    /// The user or team that a row is; `None` for rows of other tables.
    pub fn of(row: &Reference) -> Option<Self> {
        match &*row.table {
            table if *table == *PrincipalKind::User.table() => Some(Self::user(row.id)),
            table if *table == *PrincipalKind::Team.table() => Some(Self::team(row.id)),
            _ => None,
        }
    }

    /// Its row.
    pub fn reference(self) -> Reference {
        Reference::new(self.kind.table(), self.id)
    }
}

/// What the store knows of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowFacts {
    /// The row's id.
    pub id: Uuid,
    /// Its owner; `None` where the table's rows have none.
    pub owner: Option<PrincipalId>,
    /// `owningbusinessunit`, or `businessunitid` of a business-owned table; `None` where the
    /// table's rows belong to no unit.
    pub business_unit: Option<Uuid>,
    /// What is shared with the caller.
    pub shared: Shared,
    /// What is shared with who limits the caller: with the one who calls on behalf of another.
    pub limit: Shared,
    /// What is shared with who is shown what the caller reads in a trial.
    pub reader: Shared,
}

/// What of a row is shared with somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shared {
    /// The union of the masks of its shares with the principal or one of the principal's teams.
    pub own: Rights,
    /// The union of what they inherit there from rows that the row refers to.
    pub inherited: Rights,
    /// The union of the masks of its shares with those who report to the principal, and their teams.
    pub direct: Rights,
    /// The same of those who report to these, as far down as the organisation lets managers look.
    pub indirect: Rights,
}

/// Whose a new row will be. Of a business-owned table only the unit counts, of an
/// organization-owned table nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerToBe {
    /// The user's or the team's id.
    pub id: Uuid,
    /// User or team.
    pub kind: PrincipalKind,
    /// The unit that the row will lie in: the owner's.
    pub business_unit: Uuid,
}

impl OwnerToBe {
    /// For a new row of a business-owned table: it has a unit and no owner.
    pub fn unit(business_unit: Uuid) -> Self {
        Self {
            id: Uuid::nil(),
            kind: PrincipalKind::User,
            business_unit,
        }
    }

    /// For a new row of an organization-owned table: it has neither unit nor owner.
    pub fn organization() -> Self {
        Self::unit(Uuid::nil())
    }
}

impl RowFacts {
    /// The new row of `table` as it will be.
    pub(crate) fn to_be(table: &TableDef, owner: &OwnerToBe) -> Self {
        let unit = Some(owner.business_unit);
        let (owner, business_unit) = match table.ownership {
            Ownership::User => (
                Some(PrincipalId {
                    id: owner.id,
                    kind: owner.kind,
                }),
                unit,
            ),
            Ownership::Business => (None, unit),
            Ownership::Organization | Ownership::None => (None, None),
        };
        Self {
            id: Uuid::nil(),
            owner,
            business_unit,
            shared: Shared::default(),
            limit: Shared::default(),
            reader: Shared::default(),
        }
    }

    /// Whose row it counts as: its owner's. Rows of business-owned tables have no owner; a
    /// user's or a team's own row is its own.
    pub(crate) fn holder(&self, table: &TableDef) -> Option<PrincipalId> {
        match table.ownership {
            Ownership::User => self.owner,
            Ownership::Business => PrincipalId::of(&Reference::new(table.name.clone(), self.id)),
            Ownership::Organization | Ownership::None => None,
        }
    }
}
