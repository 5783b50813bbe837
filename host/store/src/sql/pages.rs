//! Where a page begins: behind the place in the order where the one before ended, or after so many
//! rows.

use sea_query::{Cond, Expr, ExprTrait, Query, SqliteQueryBuilder};
use sha2::{Digest, Sha256};
use sluice_model::{Page, Result};

use super::{cookie::Cookie, list::List};

/// One criterion of an order.
pub(super) struct By {
    pub(super) expression: Expr,
    pub(super) descending: bool,
}

/// The order of a list.
pub(super) struct Order {
    pub(super) by: Vec<By>,
    /// What it goes by says where a row stands, whatever is made or removed meanwhile: it tells all
    /// rows apart, and each row of the answer has one of each.
    pub(super) is_place: bool,
}

impl Order {
    /// What tells it from other orders: a page begins where one of the same order ended.
    fn digest(&self) -> String {
        let mut all = Query::select();
        for by in &self.by {
            all.expr(by.expression.clone());
            all.expr(Expr::val(by.descending));
        }
        let digest = Sha256::digest(all.to_string(SqliteQueryBuilder));
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// So many criteria make a place at most.
pub(super) const MOST_PLACES: usize = 64;

/// Begins a page where the one before ended.
pub(super) fn turn(list: &mut List<'_>, page: &Page, order: &Order) -> Result<()> {
    let orders = order.by.as_slice();
    let before = u64::from(page.number.saturating_sub(1)) * u64::from(page.size);
    let cookie = page.after.as_deref().map(Cookie::parse).transpose()?;
    match cookie {
        None => list.skipped = before,
        Some(Cookie::Skip(rows)) => list.skipped = rows,
        Some(Cookie::After { at, by }) if order.is_place && at.len() == orders.len() && by == order.digest() => {
            let place = at.iter().map(sea_query::Value::from);
            list.select.cond_where(after(orders, &place.collect::<Vec<_>>()));
        }
        Some(Cookie::After { .. }) => return Err(Cookie::foreign()),
    }
    if list.skipped > 0 {
        list.select.offset(list.skipped);
    }
    if order.is_place {
        for by in orders {
            list.select.expr(by.expression.clone());
        }
        list.ordered = Some((orders.len(), order.digest()));
    }
    Ok(())
}

/// The rows that stand behind a place: at the first criterion that differs.
fn after(orders: &[By], place: &[sea_query::Value]) -> Cond {
    let mut any = Cond::any();
    for (at, (by, value)) in orders.iter().zip(place).enumerate() {
        let empty = is_empty(value);
        let column = || by.expression.clone();
        let behind = match (by.descending, empty) {
            (false, true) => column().is_not_null(),
            (false, false) => column().gt(value.clone()),
            (true, true) => continue,
            (true, false) => column().lt(value.clone()).or(column().is_null()),
        };
        let same = orders.iter().zip(place).take(at);
        let same = same.fold(Cond::all(), |all, (by, value)| {
            all.add(match is_empty(value) {
                true => by.expression.clone().is_null(),
                false => by.expression.clone().eq(value.clone()),
            })
        });
        any = any.add(same.add(behind));
    }
    any
}

fn is_empty(value: &sea_query::Value) -> bool {
    matches!(value, sea_query::Value::BigInt(None))
}
