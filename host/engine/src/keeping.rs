//! What accumulates, and is kept for a time: traces, finished jobs, answers to requests, what
//! capabilities add to these. Nobody has to be asked to remove what is old: each process that has
//! committed something looks afterwards whether it is time, and then removes some, for 20 ms at most.
//! So it is also done where nothing but single commands is used. What is not done by then is gone on
//! with after the next commit, whoever makes it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use jiff::SignedDuration;
use sluice_model::{Comparison, Filter, Query, Reference, Result, Row, Timestamp, Uuid, Value};
use sluice_store::{End, weight};

use crate::{Engine, Unit, engine::Core, jobs, tables, unit::Purpose, used};

/// Rows that are removed once they are old.
#[derive(Clone, Copy)]
pub struct Kept {
    /// For how many days they are kept, by the organisation's settings; `None` is for ever.
    pub days: fn(&Unit) -> Option<i64>,
    /// Removes a few of those that were made before a point in time, the oldest first. Whether
    /// there may be more of them.
    pub remove: fn(&mut Unit, Timestamp) -> Result<bool>,
}

/// A step that has worked so long begins nothing new, so that it ends within 20 ms.
const NEARLY: Duration = Duration::from_millis(14);
/// So many rows are removed between two looks at the watch.
pub const FEW: u32 = 8;
/// When all is done, the next look is an hour later, or where traces have become too large.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// A process looks into the file so often: after so many commits, or so long.
const COMMITS: u64 = 64;
const GLANCE: SignedDuration = SignedDuration::from_secs(60);

/// The rows of the core.
pub(crate) static CORE: &[Kept] = &[
    Kept {
        days: |unit| days(unit, "sl_tracekeep"),
        remove: |unit, before| remove_traces(unit, tables::PLUGIN_TRACE, Some(before)),
    },
    Kept {
        days: |unit| days(unit, "sl_tracekeep"),
        remove: |unit, before| remove_traces(unit, tables::MESSAGE_TRACE, Some(before)),
    },
    used::KEPT,
    Kept {
        days: |unit| days(unit, "sl_jobkeep"),
        remove: remove_jobs,
    },
    Kept {
        days: |_| Some(1),
        remove: |unit, before| unit.remove_old(tables::REQUEST_ANSWER, before),
    },
];

/// A number of days that a setting says; 0 is for ever.
pub fn days(unit: &Unit, setting: &str) -> Option<i64> {
    let days = unit.setting(setting).and_then(Value::as_int)?;
    Some(i64::from(days)).filter(|days| *days > 0)
}

/// What a process knows of it.
pub(crate) struct Keeper {
    /// The commits of this process that it has looked after.
    commits: u64,
    /// It need not look into the file before.
    next: Timestamp,
}

impl Default for Keeper {
    fn default() -> Self {
        Self {
            commits: 0,
            next: Timestamp::MIN,
        }
    }
}

impl Core {
    /// What a unit of work ends with is kept, or is not; whether it is.
    pub(crate) fn keeps(&self, keep: bool) -> bool {
        self.work_kept.fetch_or(keep, Ordering::Relaxed);
        keep
    }
}

impl Engine {
    /// Whether this process has changed anything in the organisation: what it leaves in traces and marks of use
    /// is no change.
    pub fn has_written(&self) -> bool {
        self.core.work_kept.load(Ordering::Relaxed)
    }

    /// How often this process has committed something, marks of use left out: whoever only reads
    /// removes nothing.
    pub(crate) fn commits(&self) -> u64 {
        let all = self.core.store().map(|store| store.commits()).unwrap_or_default();
        all.saturating_sub(self.core.use_commits.load(Ordering::Relaxed))
    }

    /// Removes some of what is old, where this process has committed something since there were so
    /// many commits, and it is time. That it cannot be done fails nobody: the next one does it.
    pub(crate) fn keep_house(&self, since: u64) {
        if self.commits() == since {
            return;
        }
        if let Err(error) = self.look_after() {
            tracing::debug!(%error, "what is old is removed another time");
        }
    }

    fn look_after(&self) -> Result<()> {
        let core = &self.core;
        let Ok(mut keeper) = core.keeper.try_lock() else {
            return Ok(());
        };
        let store = core.store()?;
        let commits = store.commits();
        if core.is_alone() {
            return Ok(());
        }
        let now = core.env.now();
        if now < keeper.next && commits < keeper.commits + COMMITS {
            return Ok(());
        }
        let snapshot = core.current_snapshot()?;
        let mut unit = Unit::new(core.clone(), snapshot, Purpose::Work);
        let kept = unit.read(|tx| tx.keeping())?;
        let due = kept.next <= now.as_microsecond() || is_too_much(&unit, kept.traces);
        keeper.next = match due {
            // A step that fails is not tried at once again.
            true => after(now, GLANCE),
            false => after(now, GLANCE).min(Timestamp::from_microsecond(kept.next).unwrap_or(now)),
        };
        let done = if due { step(core, &mut unit, now) } else { Ok(true) };
        unit.transaction_over();
        jobs::run_released(&mut unit);
        if !done? {
            keeper.next = now;
        }
        keeper.commits = store.commits();
        Ok(())
    }
}

fn after(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.checked_add(pause).unwrap_or(now)
}

/// Whether trace rows are more than the organisation keeps.
fn is_too_much(unit: &Unit, bytes: i64) -> bool {
    let most = unit
        .setting("sl_tracekeepsize")
        .and_then(Value::as_int)
        .unwrap_or_default();
    most > 0 && bytes > i64::from(most) << 20
}

/// One step, in a transaction of its own; whether all is done. Where another process writes, it is
/// for another time.
fn step(core: &Arc<Core>, unit: &mut Unit, now: Timestamp) -> Result<bool> {
    let store = core.store()?;
    store.write_if_free(&mut |tx| {
        unit.tx = tx;
        unit.transaction_opened();
        let result = unit.refresh().and_then(|()| remove(core, unit, now));
        let keep = result.is_ok();
        (
            std::mem::take(&mut unit.tx),
            End {
                keep,
                value: result,
                beside: Vec::new(),
            },
        )
    })?
}

fn remove(core: &Core, unit: &mut Unit, now: Timestamp) -> Result<bool> {
    let began = Instant::now();
    let is_late = || began.elapsed() >= NEARLY;
    for kept in core.kept() {
        let Some(days) = (kept.days)(unit) else {
            continue;
        };
        let Ok(before) = now.checked_sub(SignedDuration::from_hours(24 * days)) else {
            continue;
        };
        while (kept.remove)(unit, before)? {
            if is_late() {
                return Ok(false);
            }
        }
    }
    loop {
        let traces = unit.tx.keeping()?.traces;
        if !is_too_much(unit, traces) {
            break;
        }
        if is_late() {
            return Ok(false);
        }
        remove_oldest_traces(unit)?;
    }
    unit.tx.keep_next(after(now, PAUSE))?;
    Ok(true)
}

/// The oldest rows of a table whose ids are as old as they are.
fn oldest(unit: &mut Unit, table: &str, most: u32, columns: Option<&[&str]>) -> Result<Vec<Row>> {
    let mut query = Query::new(table).top(most);
    if let Some(columns) = columns {
        query = query.columns(columns);
    }
    unit.select_as_platform("see which rows are older than the organisation keeps them", &query)
}

/// When a row was made, by its id.
fn made(id: Uuid) -> Option<Timestamp> {
    let (seconds, nanoseconds) = id.get_timestamp()?.to_unix();
    let nanoseconds = i32::try_from(nanoseconds).ok()?;
    Timestamp::new(i64::try_from(seconds).ok()?, nanoseconds).ok()
}

impl Unit {
    /// Removes a few rows of a table that were made before a point in time, the oldest first, by
    /// their ids; whether there may be more. Nothing may refer to them.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub fn remove_old(&mut self, table: &str, before: Timestamp) -> Result<bool> {
        let rows = oldest(self, table, FEW, Some(&[]))?;
        let old: Vec<Reference> = rows
            .iter()
            .filter(|row| made(row.id).is_some_and(|made| made < before))
            .map(Row::reference)
            .collect();
        for row in &old {
            self.delete_as_platform("remove what is older than the organisation keeps it", row)?;
        }
        Ok(old.len() == FEW as usize)
    }
}

/// Removes a few trace rows: of those that are older, or without that the oldest.
fn remove_traces(unit: &mut Unit, table: &str, before: Option<Timestamp>) -> Result<bool> {
    let mut rows = oldest(unit, table, FEW, None)?;
    rows.retain(|row| before.is_none_or(|before| made(row.id).is_none_or(|made| made < before)));
    for row in &rows {
        unit.delete_as_platform("remove what is older than the organisation keeps it", &row.reference())?;
    }
    unit.tx.traces_removed(rows.iter().map(weight).sum())?;
    Ok(rows.len() == FEW as usize)
}

fn remove_oldest_traces(unit: &mut Unit) -> Result<()> {
    let mut first = |table: &'static str| -> Result<Option<(Uuid, &'static str)>> {
        let rows = oldest(unit, table, 1, Some(&[]))?;
        Ok(rows.first().map(|row| (row.id, table)))
    };
    let (call, request) = (first(tables::PLUGIN_TRACE)?, first(tables::MESSAGE_TRACE)?);
    match call.into_iter().chain(request).min() {
        Some((_, table)) => remove_traces(unit, table, None).map(|_| ()),
        // Somebody has removed them all.
        None => unit.tx.no_traces(),
    }
}

/// Removes a few jobs that ended long ago, with what belongs to them.
fn remove_jobs(unit: &mut Unit, before: Timestamp) -> Result<bool> {
    let ended = Filter::Compare {
        column: "completedon".into(),
        comparison: Comparison::Lt,
        value: Value::DateTime(before),
    };
    let query = Query::new(tables::JOB)
        .columns(&[])
        .filter(ended)
        .order_by("completedon")
        .top(FEW);
    let rows = unit.select_as_platform("see which jobs ended long ago", &query)?;
    let mut removed = 0;
    for row in &rows {
        removed += usize::from(jobs::remove(unit, row)?);
    }
    // Where none of them goes, the next ones are behind them, and wait for another time.
    Ok(removed > 0 && rows.len() == FEW as usize)
}
