//! Activities: when one was closed, and that those who take part belong to it: their rows are
//! owned by whoever owns the activity, and go with it.

use sluice_access::Permit;
use sluice_model::{Filter, Query, Result, Row, Value};

use super::{Rules, read, select};
use crate::{Operation, Unit, tables};

/// The columns that say whose a row is.
const OWNING: [&str; 4] = ["ownerid", "owninguser", "owningteam", "owningbusinessunit"];

/// The states in which an activity is over: completed and cancelled.
const OVER: [i32; 2] = [1, 2];

/// The rules of `task`, `phonecall`, `email` and `appointment`.
pub(super) struct Activity;

impl Rules for Activity {
    fn before_update(&self, _: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let now = operation.created_on();
        let Some(target) = operation.context.target.as_mut() else {
            return Ok(());
        };
        let over = |row: &Row| row.int("statecode").is_some_and(|state| OVER.contains(&state));
        if over(target) && !over(before) && !target.has("actualend") && before.get("actualend").is_none() {
            target.set("actualend", now);
        }
        Ok(())
    }

    fn after_update(&self, unit: &mut Unit, _: &Operation, _: &Row, changed: &Row) -> Result<()> {
        if !changed.has("ownerid") {
            return Ok(());
        }
        let parties = Query::new(tables::ACTIVITY_PARTY)
            .columns(&[])
            .filter(Filter::eq("activityid", changed.id));
        for party in select(unit, &parties)? {
            follow(unit, &party, changed)?;
        }
        Ok(())
    }
}

/// The rules of `activityparty`.
pub(super) struct Party;

impl Rules for Party {
    fn after_create(&self, unit: &mut Unit, _: &Operation, row: &Row) -> Result<()> {
        let Some(activity) = row.lookup("activityid").cloned() else {
            return Ok(());
        };
        let activity = read(unit, &activity.table, activity.id)?;
        follow(unit, row, &activity)
    }
}

/// Gives the row of somebody who takes part to the owner of the activity.
fn follow(unit: &mut Unit, party: &Row, activity: &Row) -> Result<()> {
    let mut row = Row::new(tables::ACTIVITY_PARTY, party.id);
    for column in OWNING {
        row.set(column, activity.get(column).cloned().unwrap_or(Value::Null));
    }
    let table = unit.snapshot.table(tables::ACTIVITY_PARTY)?.clone();
    let permit = Permit::system("those who take part in an activity belong to whoever owns it");
    unit.tx.update(&permit, &table, &row)?;
    Ok(())
}
