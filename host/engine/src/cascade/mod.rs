//! What happens to the rows that refer to a row when something happens to that row, by their
//! relationships.
//!
//! | to | look at |
//! |---|---|
//! | see which rows go with a row that is deleted, and which lose a link | `delete` |
//! | see which rows follow to another owner | `assign` |
//! | see who inherits rights on the rows below | `rights` |
//! | see what keeps a row from being above itself | `loops` |
//!
//! A cascade is no recursion. It first collects its rows, breadth-first and each once, so that
//! cycles end; then it counts them, for a request moves no more than the organisation allows; and
//! then it sends a message for each of them, all one level below the one that set it off. The
//! messages of its own rows set off nothing further: their rows are collected already. Rights that
//! come down set off no message.

mod assign;
mod delete;
mod loops;
mod referring;
mod rights;

use std::collections::{HashMap, HashSet};

use sluice_model::{Code, Error, Reference, Result, error::Limit};

use crate::Unit;

pub(crate) use assign::follow_owner;
pub(crate) use delete::{before_deletion, late_deletion};
pub(crate) use loops::refuse_loops;
pub(crate) use rights::{inherit, inherited_from, reparent, share_below, unshare_below};

/// So many rows may follow in one request, where the organisation says nothing else.
const MOST: usize = 10_000;
/// Where it says it.
const SETTING: &str = "sl_cascadelimit";

/// The cascades under way.
#[derive(Debug, Default)]
pub(crate) struct Cascades {
    /// Rows that are deleted by the one that collected them, with how many steps had run then.
    deleting: HashMap<Reference, u64>,
    /// Rows that are assigned by the one that collected them.
    assigning: HashSet<Reference>,
    /// How many rows have followed in the request.
    pub(crate) rows: usize,
}

impl Unit {
    /// A new request begins.
    pub(crate) fn forget_cascades(&mut self) {
        self.cascades = Cascades::default();
    }

    /// So many further rows follow.
    ///
    /// # Errors
    /// They are more than a request may move along.
    fn count_followers(&mut self, more: usize) -> Result<()> {
        self.cascades.rows += more;
        let said = self.setting(SETTING).and_then(sluice_model::Value::as_int);
        let most = said.and_then(|most| usize::try_from(most).ok()).unwrap_or(MOST);
        let rows = self.cascades.rows;
        if more == 0 || rows <= most {
            return Ok(());
        }
        let mut error = Error::new(
            Code::CASCADE_LIMIT,
            format!(
                "{rows} rows would follow, and one request may move {most} along (the setting cascade.max-rows): move some \
                 of them first, or have an administrator raise the limit"
            ),
        );
        error.body_mut().limit = Some(Limit {
            name: "cascade.max-rows".to_owned(),
            allowed: most.try_into().unwrap_or(u64::MAX),
            used: rows.try_into().unwrap_or(u64::MAX),
            unit: "rows",
        });
        Err(error)
    }
}
