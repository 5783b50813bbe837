//! Jobs that run again: those whose plug-in asks for it, after pauses that grow, and those that
//! failed and that somebody wants to be run once more.

use jiff::SignedDuration;
use sluice_model::{
    Code, Error, Filter, Query, Remedy, Request, Result, Right, Row, Timestamp, Uuid, Value,
    codes::Kind,
    remedy::{Case, Resolution},
};

use super::{COMPLETED, FAILED, READY, WAITING, is_at_once, lease};
use crate::{Acting, Session, Unit, runner, tables, unit::Purpose};

/// So often a job runs whose plug-in asks for it, in all.
pub(super) const ATTEMPTS: u32 = 4;

/// How long a job waits after its first run. After each further one it waits five times as long.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);
const GROWTH: i32 = 5;

/// How many times the job has run again so far.
pub(super) fn retries(job: &Row) -> i32 {
    job.int("retrycount").unwrap_or_default().max(0)
}

/// When a job that has run again so many times is tried once more; never, where it has been often
/// enough.
pub(super) fn next(retries: i32, now: Timestamp) -> Option<Timestamp> {
    let retries = u32::try_from(retries).ok()?;
    if retries + 1 >= ATTEMPTS {
        return None;
    }
    let growth = GROWTH.checked_pow(retries)?;
    now.checked_add(PAUSE.checked_mul(growth)?).ok()
}

/// What the row of a job says that is to be tried again then.
pub(super) fn waits(row: &mut Row, retries: i32, until: Timestamp) {
    WAITING.put(row);
    row.set("retrycount", retries + 1);
    row.set("postponeuntil", until);
}

impl Session {
    /// Runs a job of an asynchronous step once more that has failed, with what its step was given
    /// then: makes it ready, as it was before its first run.
    ///
    /// # Errors
    /// There is no such job, it has not failed, it is of another kind, the user may not change it.
    pub fn retry_job(&self, job: Uuid) -> Result<()> {
        let ready = self.engine.on_pipeline_thread(|| {
            let mut unit = self.engine.unit(Purpose::Work)?;
            lease::apart(&mut unit, &Vec::new(), |unit| make_ready(unit, job, self.acting))
        });
        ready.map_err(|refusal| self.not_their_job(job, refusal))
    }

    /// The refusal of whoever may not change a job, recorded as that of an Update of it: so it can be looked into.
    pub(crate) fn not_their_job(&self, job: Uuid, refusal: Error) -> Error {
        match refusal.kind() {
            Kind::Denied => self.refused_at_gate(&Request::update(Row::new(tables::JOB, job)), refusal),
            _ => refusal,
        }
    }
}

/// What is told of a job that has not ended, where somebody wants it to be run once more.
static GOES_ON: Case = Case {
    cause: "the job has not ended: it waits, or is under way",
    resolution: Resolution::new("go on with it where it is", &[Remedy::Resume]),
};

fn make_ready(unit: &mut Unit, job: Uuid, asker: Acting) -> Result<()> {
    let table = unit.snapshot()?.table(tables::JOB)?.clone();
    let Some(row) = lease::find(unit, job)? else {
        return Err(Error::not_found(&table.schema, &table.name, job));
    };
    let asker = unit.acting(asker)?;
    if row.id_of("ownerid") != Some(asker.id()) {
        unit.decide_for(&asker, &table, Right::Write, job)?;
    }
    let name = row.text("name").unwrap_or_default();
    let refused = |code, why: &str| {
        let message = format!("the job \"{name}\" {why}");
        Error::new(code, message).with_table(tables::JOB).with_word("JOB", job)
    };
    let has_ended = row.int("statecode") == Some(COMPLETED);
    if !is_at_once(&row) {
        let why = "is not that of an asynchronous step: only those are run again once they have failed";
        let case = match (has_ended, runner::kind(&unit.core, &row)) {
            (false, _) => &GOES_ON,
            (true, Some(kind)) => kind.ended(),
            (true, None) => &runner::HAS_ENDED,
        };
        return Err(refused(Code::MESSAGE_NOT_SUPPORTED, why).in_case(case));
    }
    if !has_ended {
        let why = "has not failed; only what has failed is run again";
        return Err(refused(Code::JOB_ENDED, why).in_case(&GOES_ON));
    }
    if row.int("statuscode") != Some(FAILED) {
        return Err(refused(
            Code::JOB_ENDED,
            "has not failed; only what has failed is run again",
        ));
    }
    let kept = Query::new(tables::JOB_CONTEXT)
        .columns(&[])
        .filter(Filter::eq("sl_jobcontextid", job));
    if unit
        .select_as_platform("see whether a job can be run again", &kept)?
        .is_empty()
    {
        return Err(refused(
            Code::JOB_ENDED,
            "cannot be run again: what its step was to be given is not kept any more",
        ));
    }
    let mut ready = Row::new(tables::JOB, job)
        .with("retrycount", 0)
        .with("modifiedon", unit.core.env.now());
    READY.put(&mut ready);
    for column in [
        "completedon",
        "startedon",
        "postponeuntil",
        "message",
        "errorcode",
        "hostid",
    ] {
        ready.set(column, Value::Null);
    }
    lease::update(unit, ready)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let now = Timestamp::UNIX_EPOCH;
        let pauses: Vec<Option<i64>> = (0..5)
            .map(|retries| next(retries, now).map(|until| until.as_second() / 60))
            .collect();
        assert_eq!(pauses, [Some(1), Some(5), Some(25), None, None]);
    }
}
