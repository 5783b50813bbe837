//! Rows from a CSV file, by a map.
//!
//! Each line is one Create through the pipeline, in a transaction of its own, with many lines
//! in flight so that they share commits. A line that is broken or refused costs that line; a
//! failure of the host ends the import.
//!
//! Lines are answered in any order. The resume line is the last one up to which *every* line
//! was answered, so some lines behind it may have become rows already. Going on must not
//! create these again, and neither must a new run after a `kill -9`. So a row's id is made of
//! the file's digest, the table and the line: a line whose row is there counts as `present`.
//! It follows that a file imported twice into a table makes no second rows, that a second run
//! with a better map creates just what was refused in the first, and that all this holds
//! only for the same file: a file that was edited is another file. Where the map fills the
//! key itself, a line whose key is taken is refused.

mod plan;
mod records;
mod report;
mod row;

use std::{
    io::{self, Read},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, sync_channel},
    },
};

use sha2::{Digest as _, Sha256};
use sluice_model::{Code, Error, Request, Result, Uuid, codes::Kind};

pub use plan::Plan;
use plan::Target;
use records::{Fault, Records};
use report::{Answer, Tally, Ticket};
pub use report::{Refusal, Report, Stopped};

use sluice_engine::Session;

/// How an import runs.
#[derive(Debug)]
pub struct Options<'a> {
    /// The file's [`digest`].
    pub digest: [u8; 32],
    /// Lines up to this one are passed over.
    pub resume_after: u64,
    /// How many lines are in flight at once.
    pub workers: usize,
    /// Becomes true when no further lines shall be begun.
    pub stop: &'a AtomicBool,
}

/// How many lines are in flight unless somebody says otherwise.
pub const WORKERS: usize = 16;

/// What identifies a file: the SHA-256 of its bytes.
///
/// # Errors
/// It cannot be read.
pub fn digest(mut file: impl Read) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    io::copy(&mut file, &mut hash)?;
    Ok(hash.finalize().into())
}

/// Creates a row for each line of `reader`, as the user of `session`. `progress` is told how
/// many lines were answered, from any thread.
///
/// # Errors
/// The headings do not fit the plan, or cannot be read: nothing was created. What happens
/// later is in the report.
pub fn import(
    session: &Session,
    plan: &Plan,
    reader: impl Read,
    options: &Options<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Report> {
    let mut records = Records::new(reader);
    let headings = headings(&mut records)?;
    let targets = plan.bind(&headings)?;
    let run = Run {
        session,
        plan,
        targets,
        headings: headings.iter().map(|heading| heading.as_str().into()).collect(),
        keys: (!plan.has_key()).then(|| Keys::new(&options.digest, &plan.table.name)),
        tally: Tally::new(options.resume_after.max(1)),
        progress,
    };
    let asked_to_stop = run.all(&mut records, options);
    Ok(run.tally.finish(asked_to_stop))
}

fn headings(records: &mut Records<impl Read>) -> Result<Vec<String>> {
    let first = records.next().map_err(|error| unreadable(&error))?;
    let first = first.ok_or_else(|| Error::invalid("the file is empty; its first line has to hold the headings"))?;
    first.fields.map_err(|fault| {
        Error::invalid(format!(
            "the headings in line {} cannot be read: {}",
            first.line, fault.reason
        ))
    })
}

fn unreadable(error: &io::Error) -> Error {
    Error::host(format!("the file cannot be read: {error}"))
}

/// The ids of a file's rows: the beginning tells the file and the table, the end the line, so
/// that the rows lie side by side in the index. UUIDs of version 8.
struct Keys([u8; 9]);

impl Keys {
    fn new(digest: &[u8; 32], table: &str) -> Self {
        let hash = Sha256::new()
            .chain_update(b"sluice import\0")
            .chain_update(digest)
            .chain_update(table)
            .finalize();
        let mut first = [0; 9];
        first.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self(first)
    }

    fn of(&self, line: u64) -> Uuid {
        let [_, line @ ..] = line.to_be_bytes();
        let mut bytes = [0; 16];
        bytes
            .iter_mut()
            .zip(self.0.into_iter().chain(line))
            .for_each(|(to, from)| *to = from);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// A line for a worker.
type Task = (Ticket, Vec<String>);

/// An import under way.
struct Run<'a> {
    session: &'a Session,
    plan: &'a Plan,
    targets: Vec<Option<Arc<Target>>>,
    headings: Vec<Arc<str>>,
    /// `None` where the file gives the keys.
    keys: Option<Keys>,
    tally: Tally,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl Run<'_> {
    /// Reads the file on this thread and creates the rows on others. Whether somebody asked to
    /// stop before the end.
    fn all(&self, records: &mut Records<impl Read>, options: &Options<'_>) -> bool {
        let workers = options.workers.max(1);
        let (sender, receiver) = sync_channel::<Task>(4 * workers);
        let receiver = Arc::new(Mutex::new(receiver));
        std::thread::scope(|scope| {
            for _ in 0..workers {
                let receiver = receiver.clone();
                let worker = move || {
                    // Once for the worker: each row runs on that same thread.
                    let work = || self.work(&receiver);
                    self.session
                        .engine()
                        .on_pipeline_thread(work)
                        .unwrap_or_else(|error| self.tally.fail(error));
                };
                if let Err(error) = std::thread::Builder::new()
                    .name("import".to_owned())
                    .spawn_scoped(scope, worker)
                {
                    self.tally
                        .fail(Error::host(format!("no thread for the import can be made: {error}")));
                }
            }
            // Only the workers hold it now: when they are gone, sending fails instead of waiting.
            drop(receiver);
            // And with the last line the sender goes, which ends the workers.
            self.feed(records, options, move |task| sender.send(task).is_ok())
        })
    }

    /// Hands the lines to the workers. Whether somebody asked to stop before the end.
    fn feed(&self, records: &mut Records<impl Read>, options: &Options<'_>, send: impl Fn(Task) -> bool) -> bool {
        let mut place = 0;
        while !self.tally.has_failed() {
            let record = match records.next() {
                Ok(Some(record)) if record.line <= options.resume_after => continue,
                Ok(Some(record)) => record,
                Ok(None) => return false,
                Err(error) => {
                    self.tally.fail(unreadable(&error));
                    return false;
                }
            };
            if options.stop.load(Ordering::Acquire) {
                return true;
            }
            let ticket = Ticket {
                place,
                line: record.line,
            };
            place += 1;
            match record.fields {
                Ok(fields) => {
                    if !send((ticket, fields)) {
                        return false;
                    }
                }
                Err(fault) => self.answer(ticket, self.broken(fault)),
            }
        }
        false
    }

    fn broken(&self, fault: Fault) -> Answer {
        let heading = fault.field.and_then(|position| self.headings.get(position));
        Answer::Refused(heading.cloned(), Error::invalid(fault.reason))
    }

    fn answer(&self, ticket: Ticket, answer: Answer) {
        (self.progress)(self.tally.answer(ticket, answer));
    }

    /// Creates rows until there are no more lines, or the host fails.
    fn work(&self, tasks: &Mutex<Receiver<Task>>) -> Result<()> {
        loop {
            let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((ticket, fields)) = task else { return Ok(()) };
            if self.tally.has_failed() {
                return Ok(());
            }
            let answer = self.create(ticket.line, &fields)?;
            self.answer(ticket, answer);
        }
    }

    /// What becomes of a line; a failure of the host is no answer.
    fn create(&self, line: u64, fields: &[String]) -> Result<Answer> {
        let id = self.keys.as_ref().map(|keys| keys.of(line));
        let row = row::row(self.session, self.plan, &self.targets, fields, id.unwrap_or_default());
        let created = row.map_err(|(heading, error)| (Some(heading), error)).and_then(|row| {
            let created = self.session.execute(Request::create(row));
            created.map_err(|error| (None, error))
        });
        let Err((heading, error)) = created else {
            return Ok(Answer::Created);
        };
        if error.kind() == Kind::Host {
            return Err(error);
        }
        match id {
            Some(id) if self.is_present(id, &error)? => Ok(Answer::Present),
            _ => Ok(Answer::Refused(heading, error)),
        }
    }

    /// Whether a line was refused whose row is there, from an earlier run.
    fn is_present(&self, id: Uuid, refusal: &Error) -> Result<bool> {
        let by_key = refusal.code() == Code::DUPLICATE_KEY && refusal.body().step.is_none();
        if by_key && refusal.body().table.as_deref() == Some(&*self.plan.table.name) {
            return Ok(true);
        }
        match row::is_there(self.session, self.plan, id) {
            Err(error) if error.kind() == Kind::Host => Err(error),
            // Who may not read the table is not told.
            found => Ok(found.unwrap_or(false)),
        }
    }
}
