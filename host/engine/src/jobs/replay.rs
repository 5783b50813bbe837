//! The service calls of the plug-in of a job, with their answers, so that a run of a process that
//! was killed is gone on with: what was answered is answered so again, and not done twice.
//!
//! A call has a number, in the order in which the calls begin, and is written in its own
//! transaction; so are the calls before it that have written nothing. Those behind the last written
//! one have left nothing behind, and are made anew. Once the job has ended, or is to be tried
//! again, they are forgotten.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sluice_model::{
    Code, Error, Filter, Parameters, Query, Reference, Request, Response, Result, Row, Timestamp, Uuid,
};
use sluice_sandbox::Caller;

use crate::{Unit, operation::Operation, tables};

/// The calls of a job that is being run.
#[derive(Default)]
pub(crate) struct Replay {
    job: Uuid,
    attempt: u32,
    /// What randomness is made of.
    seed: String,
    /// How often randomness was asked for.
    random: u32,
    /// The number of the next call.
    next: u32,
    /// What a run that was interrupted was answered.
    earlier: BTreeMap<u32, Answered>,
    /// What was answered since the last transaction.
    unsaved: Vec<(u32, Answered)>,
    /// The calls under way, one inside the other.
    under_way: Vec<Call>,
    /// Why the run cannot be gone on with.
    broken: Option<Error>,
    /// There are rows of it.
    pub(super) is_kept: bool,
}

/// A call under way.
struct Call {
    number: u32,
    asked: Asked,
    /// Its answer is written.
    saved: bool,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    /// For people: `Create account`.
    what: String,
    /// All of it, as a digest.
    digest: String,
}

/// A call with its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Answered {
    #[serde(flatten)]
    asked: Asked,
    /// The last number of the calls that it set off.
    through: u32,
    answer: Answer,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    Outputs(Parameters),
    Refused(Box<Refused>),
    Now(Timestamp),
}

/// The part of an error that a plug-in and those who read of it see.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Refused {
    code: u32,
    message: String,
    subcode: Option<i32>,
    privilege: Option<String>,
    table: Option<String>,
    row: Option<Uuid>,
    plugin: Option<String>,
    call: Option<String>,
}

impl Refused {
    fn of(error: &Error) -> Self {
        let body = error.body();
        Self {
            code: body.code.0,
            message: body.message.clone(),
            subcode: body.subcode,
            privilege: body.privilege.clone(),
            table: body.table.clone(),
            row: body.row,
            plugin: body.plugin.clone(),
            call: body.call.clone(),
        }
    }

    fn error(self) -> Error {
        let mut error = Error::new(Code(self.code), self.message);
        let body = error.body_mut();
        body.subcode = self.subcode;
        body.privilege = self.privilege;
        body.table = self.table;
        body.row = self.row;
        body.plugin = self.plugin;
        body.call = self.call;
        error
    }
}

impl Asked {
    fn of(caller: Caller, request: &Request, what: &str) -> Result<Self> {
        let whole = (format!("{caller:?}"), &*request.message, &request.inputs);
        let text = serde_json::to_vec(&whole)
            .map_err(|error| Error::host(format!("a service call of a job cannot be kept: {error}")))?;
        Ok(Self {
            what: what.to_owned(),
            digest: hex(&Sha256::digest(text)),
        })
    }

    fn the_time() -> Self {
        Self {
            what: "the time".to_owned(),
            digest: String::new(),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is known of a call that is about to be made.
pub(crate) enum Made {
    /// It was answered before.
    Before(Result<Response>),
    /// It is made now, under that number; 0 where it is not counted.
    Now(u32),
}

/// Whether a text is what a call was answered.
pub(crate) fn is_answer(text: &str) -> bool {
    serde_json::from_str::<Answered>(text).is_ok()
}

impl Replay {
    /// The calls of a job that is about to run: those that it made before, where a run of it was
    /// interrupted.
    pub(super) fn begin(unit: &mut Unit, job: Uuid, attempt: u32, seed: String, was_running: bool) -> Result<Self> {
        let mut replay = Self {
            job,
            attempt,
            seed,
            next: 1,
            ..Self::default()
        };
        if !was_running {
            return Ok(replay);
        }
        for row in rows(unit, job)? {
            replay.is_kept = true;
            let (Some(number), Some(text)) = (row.int("sl_number"), row.text("sl_answer")) else {
                continue;
            };
            let answered = serde_json::from_str(text).map_err(|error| {
                Error::invalid(format!(
                    "the job cannot be gone on with: what its calls were answered is broken ({error})"
                ))
            })?;
            let is_of_this = row.int("sl_attempt") == i32::try_from(attempt).ok();
            if let Some(number) = u32::try_from(number).ok().filter(|_| is_of_this) {
                replay.earlier.insert(number, answered);
            }
        }
        Ok(replay)
    }

    /// What was answered under the next number, where something was.
    fn again(&mut self, asked: &Asked) -> Result<Option<Answer>> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let Some(answered) = self.earlier.get(&self.next) else {
            return Ok(None);
        };
        if answered.asked != *asked {
            let now = match answered.asked.what == asked.what {
                true => format!("asks for {} with something else in it", asked.what),
                false => format!("asks for {}", asked.what),
            };
            let error = not_repeatable(self.next, &answered.asked.what, &now);
            self.broken = Some(error.clone());
            return Err(error);
        }
        self.next = answered.through + 1;
        Ok(Some(answered.answer.clone()))
    }

    /// Why the run is no success: it did not ask what it asked before.
    pub(super) fn broken(&self) -> Option<Error> {
        let missed = || {
            let (number, answered) = self.earlier.range(self.next..).next()?;
            Some(not_repeatable(
                *number,
                &answered.asked.what,
                "ends without asking for it",
            ))
        };
        self.broken.clone().or_else(missed)
    }
}

fn not_repeatable(number: u32, before: &str, now: &str) -> Error {
    Error::new(
        Code::JOB_NOT_REPEATABLE,
        format!(
            "the run is not repeatable: its process was interrupted after its call {number} was answered, which asked \
             for {before}; now the plug-in {now}"
        ),
    )
}

/// The rows of a job's calls.
fn rows(unit: &mut Unit, job: Uuid) -> Result<Vec<Row>> {
    let of_job = Query::new(tables::JOB_CALL).filter(Filter::eq("sl_job", job));
    unit.select_as_platform("give the calls of a job the answers that they had", &of_job)
}

/// The calls of a job that has ended, or begins anew.
pub(super) fn forget(unit: &mut Unit, job: Uuid) -> Result<()> {
    for row in rows(unit, job)? {
        let row = Reference::new(tables::JOB_CALL, row.id);
        unit.delete_as_platform("a job that has ended needs no answers to its calls", &row)?;
    }
    Ok(())
}

impl Unit {
    /// Looks up a service call that is about to be made, whose question is called `what`. Only calls
    /// of jobs outside any transaction are counted: the others go with the one around them.
    ///
    /// # Errors
    /// The run asks something else than it asked before.
    pub(crate) fn call_of_job(&mut self, caller: Caller, request: &Request, what: &str) -> Result<Made> {
        if self.tx.is_open() {
            return Ok(Made::Now(0));
        }
        let Some(replay) = self.replay.as_mut() else {
            return Ok(Made::Now(0));
        };
        let asked = Asked::of(caller, request, what)?;
        match replay.again(&asked)? {
            Some(Answer::Outputs(outputs)) => Ok(Made::Before(Ok(Response { outputs }))),
            Some(Answer::Refused(refused)) => Ok(Made::Before(Err(refused.error()))),
            Some(Answer::Now(_)) => Err(Error::host("a service call was answered with a time")),
            None => {
                let number = replay.next;
                replay.next += 1;
                replay.under_way.push(Call {
                    number,
                    asked,
                    saved: false,
                });
                Ok(Made::Now(number))
            }
        }
    }

    /// A call that was counted has its answer.
    pub(crate) fn call_of_job_answered(&mut self, number: u32, result: &Result<Response>) {
        let Some(replay) = self.replay.as_mut().filter(|_| number > 0) else {
            return;
        };
        let Some(call) = replay.under_way.pop().filter(|call| !call.saved) else {
            return;
        };
        let answer = match result {
            Ok(response) => Answer::Outputs(response.outputs.clone()),
            Err(error) => Answer::Refused(Box::new(Refused::of(error))),
        };
        let answered = Answered {
            asked: call.asked,
            through: replay.next - 1,
            answer,
        };
        replay.unsaved.push((call.number, answered));
    }

    /// The time, as the job under way was told it before.
    pub(crate) fn time_of_job(&mut self) -> Timestamp {
        let (now, is_open) = (self.core.env.now(), self.tx.is_open());
        let Some(replay) = self.replay.as_mut().filter(|_| !is_open) else {
            return now;
        };
        match replay.again(&Asked::the_time()) {
            Ok(Some(Answer::Now(time))) => time,
            // That the run asks something else ends it with its next call, or at its end.
            Ok(Some(_)) | Err(_) => now,
            Ok(None) => {
                let number = replay.next;
                replay.next += 1;
                let answered = Answered {
                    asked: Asked::the_time(),
                    through: number,
                    answer: Answer::Now(now),
                };
                replay.unsaved.push((number, answered));
                now
            }
        }
    }

    /// Randomness that is the same in each run of an attempt of a job; whether a job runs.
    pub(crate) fn random_of_job(&mut self, bytes: &mut [u8]) -> bool {
        let Some(replay) = self.replay.as_mut().filter(|replay| !replay.seed.is_empty()) else {
            return false;
        };
        for part in bytes.chunks_mut(32) {
            replay.random += 1;
            let block = Sha256::digest(format!("{} {} {}", replay.seed, replay.attempt, replay.random));
            for (byte, random) in part.iter_mut().zip(block) {
                *byte = random;
            }
        }
        true
    }

    /// Writes the answer of the call under way into its transaction, with those before it that are
    /// not written yet.
    pub(crate) fn keep_calls(&mut self, operation: &Operation) -> Result<()> {
        let Some(replay) = &self.replay else {
            return Ok(());
        };
        let Some(call) = replay.under_way.last().filter(|call| !call.saved) else {
            return Ok(());
        };
        let answered = Answered {
            asked: call.asked.clone(),
            through: replay.next - 1,
            answer: Answer::Outputs(outputs(&call.asked, operation)),
        };
        let last = (call.number, answered);
        let (job, attempt) = (replay.job, replay.attempt);
        let all: Vec<_> = replay.unsaved.iter().chain([&last]).cloned().collect();
        for (number, answered) in all {
            let text = serde_json::to_string(&answered)
                .map_err(|error| Error::host(format!("the answer to a call of a job cannot be kept: {error}")))?;
            let row = Row::new(tables::JOB_CALL, self.new_id())
                .with("sl_job", job)
                .with("sl_attempt", i32::try_from(attempt).unwrap_or(i32::MAX))
                .with("sl_number", i32::try_from(number).unwrap_or(i32::MAX))
                .with("sl_answer", text);
            self.insert_as_platform("keep what a call of a job was answered", row)?;
        }
        Ok(())
    }

    /// Whether what [`Self::keep_calls`] wrote is committed.
    pub(crate) fn calls_are_kept(&mut self, committed: bool) {
        if committed
            && let Some(replay) = self.replay.as_mut()
            && let Some(call) = replay.under_way.last_mut()
            && !call.saved
        {
            call.saved = true;
            replay.unsaved.clear();
            replay.is_kept = true;
        }
    }
}

/// What a call is answered with: an Upsert runs as another message, whose answer is not its own.
fn outputs(asked: &Asked, operation: &Operation) -> Parameters {
    let outputs = operation.context.outputs.clone();
    if !asked.what.starts_with("Upsert") {
        return outputs;
    }
    match operation.target_reference() {
        Ok(target) => {
            let created = operation.message.name() == "Create";
            let upsert = Response { outputs }
                .with("RecordCreated", created)
                .with("Target", target);
            let mut outputs = upsert.outputs;
            outputs.remove("id");
            outputs
        }
        Err(_) => outputs,
    }
}
