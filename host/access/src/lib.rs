//! Who may do what to which row.
//!
//! Pure functions over facts that the caller brings; the only maker of a [`Permit`]. This
//! crate does no I/O, knows no database and no clock. Absent privilege means denied.
//!
//! Two gates stand before every row. The first, [`check_privilege`], asks whether the
//! principal holds the privilege at any depth; the second, [`decide`], asks whether the row
//! is its own, within the depth of one of its roles, shared with it, or of somebody who reports to
//! it. Where somebody calls on behalf of another, both must pass. Every message passes both gates, and what comes out is a [`Permit`] that says why.

mod again;
mod checks;
mod columns;
mod decide;
mod gate;
mod giving;
mod held;
mod permit;
mod place;
mod principal;
mod reader;
mod reason;
mod reports;
mod row;
mod text;
mod units;
mod withheld;

pub use checks::{Asked, Check, CheckMark, Checks, Gate, Way, WayKind};
pub use columns::{ColumnGrants, ColumnRight, check_columns, check_gives_columns};
pub use decide::{Explained, decide, decide_create, explain, list, needed_depth};
pub use gate::{PrivilegeIds, check_enabled, check_named, check_owner_to_be, check_privilege};
pub use giving::{Holding, check_holds};
pub use permit::{Permit, RowFilter, RowScope};
pub use place::{Place, Placed, step_around};
pub use principal::{Principal, PrincipalFacts, RoleFacts, TeamFacts};
pub use reader::Reader;
pub use reason::{Named, Reason, Through};
pub use reports::Report;
pub use row::{OwnerToBe, PrincipalId, RowFacts, Shared};
pub use units::Units;
pub use withheld::Withheld;
