//! The permit: proof that a decision was made. The store asks for one before it touches a
//! row, and only this crate can make one.

use std::fmt;

use sluice_model::{Error, Name, Result, Right, Rights, TableDef, Uuid};

use crate::{Principal, PrincipalId, Reason, columns::Hidden};

/// Proof that a principal may do something: to one row, to a new row, or to the rows that a
/// list may show. It says why (design, invariants 1 and 8).
#[derive(Debug, Clone)]
pub struct Permit {
    reason: Reason,
    grant: Grant,
    /// What of the rows is kept from whoever has the permit.
    hidden: Hidden,
}

/// What a permit allows.
#[derive(Debug, Clone)]
enum Grant {
    /// Everything, with the reason that the code gave.
    System(&'static str),
    /// These rights on one row; `None` is a row that is yet to be made.
    Row {
        table: Name,
        rights: Rights,
        id: Option<Uuid>,
    },
    /// Reading the rows of these scopes, each of another table: a list, and what its
    /// conditions look at.
    Rows(Vec<(Name, RowScope)>),
}

/// Which rows of a table a list may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowScope {
    /// All of them.
    Everything,
    /// Those that pass all of these filters: the principal's, and that of who limits it.
    Only(Vec<RowFilter>),
}

/// The rows that are in: those for which **any** of these holds. An empty filter lets
/// nothing through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowFilter {
    /// The owner is one of these.
    pub owners: Vec<PrincipalId>,
    /// The owner is this one, and the business unit that one.
    pub owned_within: Vec<(PrincipalId, Uuid)>,
    /// The key is one of these; only the tables of users and teams, whose rows have no owner, use it.
    pub ids: Vec<Uuid>,
    /// The business unit is one of these.
    pub business_units: Vec<Uuid>,
    /// A share with one of these has Read.
    pub shared_with: Vec<PrincipalId>,
    /// A share with one of these has Read, and not only because it comes down from another row.
    pub shared_directly_with: Vec<PrincipalId>,
}

impl Permit {
    /// The one escape from the decisions: for what the host itself must do. `reason` says
    /// what for; the call sites are a golden list (design, invariant 1).
    pub fn system(reason: &'static str) -> Self {
        tracing::trace!(reason, "system permit");
        Self {
            reason: Reason::System,
            grant: Grant::System(reason),
            hidden: Hidden::default(),
        }
    }

    pub(crate) fn row(principal: &Principal, table: &TableDef, right: Right, id: Option<Uuid>, reason: Reason) -> Self {
        let grant = Grant::Row {
            table: table.name.clone(),
            rights: Rights::of(&[right]),
            id,
        };
        Self {
            reason,
            grant,
            hidden: Hidden::of(principal, table),
        }
    }

    pub(crate) fn list(principal: &Principal, table: &TableDef, scope: RowScope, reason: Reason) -> Self {
        Self {
            reason,
            grant: Grant::Rows(vec![(table.name.clone(), scope)]),
            hidden: Hidden::of(principal, table),
        }
    }

    pub(crate) fn hidden(&self) -> &Hidden {
        &self.hidden
    }

    /// Whether it is the escape from the decisions: the host itself asks.
    pub fn is_of_platform(&self) -> bool {
        matches!(self.grant, Grant::System(_))
    }

    /// Why access is granted.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// One permit with the rights of both, for an operation that needs several on the same
    /// row (reading what it writes), or for the lists of both, where one asks about the rows of
    /// the other. What one of them hides is hidden. The reason stays that of the first.
    ///
    /// # Errors
    /// A host error where the two do not speak of the same row.
    pub fn and(self, other: &Self) -> Result<Self> {
        let hidden = self.hidden.and(&other.hidden);
        match (self.grant, &other.grant) {
            (
                Grant::Row { table, rights, id },
                Grant::Row {
                    table: other_table,
                    rights: more,
                    id: other_id,
                },
            ) if table == *other_table && id == *other_id => Ok(Self {
                reason: self.reason,
                grant: Grant::Row {
                    table,
                    rights: rights | *more,
                    id,
                },
                hidden,
            }),
            (Grant::Rows(mut scopes), Grant::Rows(more)) => {
                for (table, scope) in more {
                    // Of one table the first permit counts.
                    if !scopes.iter().any(|(known, _)| known == table) {
                        scopes.push((table.clone(), scope.clone()));
                    }
                }
                Ok(Self {
                    reason: self.reason,
                    grant: Grant::Rows(scopes),
                    hidden,
                })
            }
            (mine, others) => Err(mismatch(&mine, &format!("a permit for {others}"))),
        }
    }

    /// What the store asks before it touches the row `id` of `table`; `None` is a new row.
    ///
    /// # Errors
    /// A host error where the permit does not cover it: the host is wrong, not the caller.
    pub fn covers(&self, table: &str, right: Right, id: Option<Uuid>) -> Result<()> {
        let covered = match &self.grant {
            Grant::System(_) => true,
            Grant::Row {
                table: permitted,
                rights,
                id: row,
            } => **permitted == *table && rights.has(right) && *row == id,
            Grant::Rows(_) => false,
        };
        if covered {
            return Ok(());
        }
        let row = id.map_or_else(|| "a new row".to_owned(), |id| format!("row {id}"));
        Err(mismatch(
            &self.grant,
            &format!("{} on {row} of `{table}`", right.access_name()),
        ))
    }

    /// What the store asks before it lists rows of `table`: which of them.
    ///
    /// # Errors
    /// A host error where the permit is not for lists of that table.
    pub fn rows(&self, table: &str) -> Result<RowScope> {
        let scope = match &self.grant {
            Grant::System(_) => return Ok(RowScope::Everything),
            Grant::Rows(scopes) => scopes.iter().find(|(permitted, _)| **permitted == *table),
            Grant::Row { .. } => None,
        };
        scope
            .map(|(_, scope)| scope.clone())
            .ok_or_else(|| mismatch(&self.grant, &format!("a list of `{table}`")))
    }
}

fn mismatch(grant: &Grant, used: &str) -> Error {
    Error::host(format!("a permit for {grant} was used for {used}"))
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(reason) => write!(f, "everything ({reason})"),
            Self::Row {
                table,
                rights,
                id: Some(id),
            } => write!(f, "{rights} on row {id} of `{table}`"),
            Self::Row {
                table,
                rights,
                id: None,
            } => write!(f, "{rights} on a new row of `{table}`"),
            Self::Rows(scopes) => {
                let tables: Vec<String> = scopes.iter().map(|(table, _)| format!("`{table}`")).collect();
                write!(f, "a list of {}", tables.join(" and "))
            }
        }
    }
}
