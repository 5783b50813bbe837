//! A cure, and whom it reaches.

use super::{Fix, Way};

/// Whom a cure reaches beside the one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// This request alone.
    Request,
    /// So many rows.
    Rows(usize),
    /// So many users.
    Users(usize),
    /// Everybody.
    Everybody,
}

/// Something that helps: all of its messages, in this order. It was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cure {
    /// The messages; none, where they are somebody else's to send and the reader may not know them.
    pub fixes: Vec<Fix>,
    /// Whom it reaches.
    pub reach: Reach,
    /// Whether who asked may send them all; else somebody else has to.
    pub is_own: bool,
    /// Whether the request passed behind it; else something else then stood in its way.
    pub passes: bool,
    /// Whether the request then came to what whoever asked may not read, so that it is not known whether it passes.
    pub is_unseen: bool,
}

impl Cure {
    /// Whether it is to send the request as it is, although duplicates were found.
    pub(super) fn is_nevertheless(&self) -> bool {
        let way = |fix: &Fix| {
            matches!(
                fix,
                Fix::Again {
                    way: Way::Continue | Way::Unchecked,
                    ..
                }
            )
        };
        self.fixes.first().is_some_and(way)
    }
}
