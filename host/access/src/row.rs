//! What a decision needs to know of a row: whose it is, where it lies, who shares it.

use sluice_model::{Ownership, PrincipalKind, Rights, TableDef, Uuid};

/// Who owns a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The user's or the team's id.
    pub id: Uuid,
    /// User or team.
    pub kind: PrincipalKind,
}

/// What the store knows of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowFacts {
    /// The row's id.
    pub id: Uuid,
    /// Its owner; `None` where the table's rows have none.
    pub owner: Option<Owner>,
    /// `owningbusinessunit`, or `businessunitid` of a business-owned table; `None` where the
    /// table's rows belong to no unit.
    pub business_unit: Option<Uuid>,
    /// The union of the masks of its shares with the caller or one of the caller's teams.
    pub shares: Rights,
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
                Some(Owner {
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
            shares: Rights::NONE,
        }
    }

    /// Whose row it counts as: its owner's; a row of a business-owned table, which has no
    /// owner, is its own (a user's row belongs to that user).
    pub(crate) fn holder(&self, table: &TableDef) -> Option<Uuid> {
        match table.ownership {
            Ownership::User => self.owner.map(|owner| owner.id),
            Ownership::Business => Some(self.id),
            Ownership::Organization | Ownership::None => None,
        }
    }
}
