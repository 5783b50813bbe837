//! Rows from a CSV file, by a map.
//!
//! Each line is a request through the pipeline, kept or refused for itself. One worker does the
//! lines in their order, a run of them in one turn at the writer ([`Session::series`]), while the
//! next ones are read. A line that is broken or refused costs that line; a failure of the host ends
//! the import, and every line up to the resume line was answered.
//!
//! An import can be repeated, whatever became of the one before, a `kill -9` included: a line whose
//! row is there is skipped. By what a line is known is told in [`identity`]; where the map has a
//! `[key]`, by the row's values in those columns ([`key`]); and where the line gives its row's id,
//! by that.

mod directives;
mod format;
mod hints;
mod identity;
mod key;
mod plan;
mod present;
mod records;
mod refused;
mod report;
mod row;

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, sync_channel},
    },
};

use sluice_engine::{Batch, Session};
use sluice_model::{Code, Error, Request, Result, Row, Uuid, codes::Kind};

use identity::{Maker, Prints, Repeats};
use key::Existing;
pub use plan::Plan;
use plan::Target;
use present::{Present, Recognition};
use records::{Record, Records};
pub use refused::Opener;
use refused::Refused;
use report::{Answer, Tally};
pub use report::{Fault, Refusal, Report, Stopped};
use row::Line;

/// How an import runs.
pub struct Options<'a> {
    /// Lines up to this one are passed over.
    pub resume_after: u64,
    /// Becomes true when no further lines shall be begun.
    pub stop: &'a AtomicBool,
    /// Refuses lines whose rows the published duplicate rules find to be there already.
    pub detect_duplicates: bool,
    /// Makes the file that refused lines are written to.
    pub refused: Option<Opener<'a>>,
    /// What is said there of an error.
    pub words: &'a (dyn Fn(&Error) -> String + Sync),
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("resume_after", &self.resume_after)
            .field("detect_duplicates", &self.detect_duplicates)
            .finish_non_exhaustive()
    }
}

/// So many lines share a turn at the writer, …
pub const RUN: usize = 64;
/// … or about so many bytes of them.
const RUN_BYTES: usize = 1 << 20;

/// What a first reading of a file tells.
pub struct Survey {
    repeats: Repeats,
}

impl std::fmt::Debug for Survey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Survey")
    }
}

/// Reads a file of `size` bytes for the first time.
///
/// # Errors
/// It cannot be read; or its headings do not fit the plan.
pub fn survey(plan: &Plan, reader: impl Read, size: u64) -> Result<Survey> {
    let mut records = Records::new(reader, plan.separator).of_spreadsheet(plan.spreadsheet);
    let (headings, _) = headings(&mut records)?;
    let targets = plan.bind(&headings)?;
    let mut repeats = Repeats::new(size);
    if plan.knows_by_content() {
        let prints = Prints::new(&plan.table.name, &targets);
        while let Some(record) = records.next().map_err(|error| unreadable(&error))? {
            if let Some(said) = record.fields.ok().and_then(|fields| prints.of(&fields)) {
                repeats.note(&said)?;
            }
        }
    }
    repeats.noted();
    Ok(Survey { repeats })
}

/// So many bytes are looked at for the first line alone.
const FIRST: u64 = 1 << 16;

/// What the first line of a file would make, without what is looked up for it; nothing, where that cannot be read.
pub fn first_row(plan: &Plan, reader: impl Read) -> Option<Row> {
    let mut records = Records::new(reader.take(FIRST), plan.separator).of_spreadsheet(plan.spreadsheet);
    let (headings, _) = headings(&mut records).ok()?;
    let targets = plan.bind(&headings).ok()?;
    let record = records.next().ok()??;
    let mut line = Line::broken(record.line, record.raw, &plan.table, Vec::new());
    line.read(plan, &targets, record.fields.ok()?, Uuid::nil());
    Some(line.row)
}

/// Does what the lines of `reader`, the file of the survey, say, as the user of `session`. `progress`
/// is told how many lines were answered, from another thread.
///
/// # Errors
/// The headings do not fit the plan, or cannot be read: nothing was done. What happens later is in
/// the report.
pub fn import(
    session: &Session,
    plan: &Plan,
    survey: Survey,
    reader: impl Read,
    options: Options<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Report> {
    let mut records = Records::new(reader, plan.separator).of_spreadsheet(plan.spreadsheet);
    let (headings, raw) = headings(&mut records)?;
    let targets = plan.bind(&headings)?;
    let refused = Refused::new((options.refused, options.words), &headings, &raw, plan.separator);
    let run = Run {
        session,
        plan,
        prints: Prints::new(&plan.table.name, &targets),
        maker: Maker::of(session)?,
        targets,
        headings: headings.iter().map(|heading| heading.as_str().into()).collect(),
        detect_duplicates: options.detect_duplicates,
        tally: Tally::new(options.resume_after.max(1), refused),
        progress,
    };
    let reading = Reading {
        records,
        repeats: survey.repeats,
        resume_after: options.resume_after,
        stop: options.stop,
    };
    let asked_to_stop = run.all(reading);
    Ok(run.tally.finish(asked_to_stop))
}

/// The headings, and their line as it is written.
fn headings(records: &mut Records<impl Read>) -> Result<(Vec<String>, Vec<u8>)> {
    if let Some(wrong) = records.wrong_encoding().map_err(|error| unreadable(&error))? {
        return Err(Error::invalid(wrong));
    }
    let first = records.next().map_err(|error| unreadable(&error))?;
    let first = first.ok_or_else(|| Error::invalid("the file is empty; its first line has to hold the headings"))?;
    match first.fields {
        Ok(fields) => Ok((
            fields.iter().map(|heading| heading.trim().to_owned()).collect(),
            first.raw,
        )),
        Err(faults) => Err(Error::invalid(format!(
            "the headings in line {} cannot be read: {}",
            first.line,
            faults.first().map_or("", |fault| &fault.reason)
        ))),
    }
}

fn unreadable(error: &io::Error) -> Error {
    Error::host(format!("the file cannot be read: {error}"))
}

/// A file that is read for the second time.
struct Reading<'a, R> {
    records: Records<R>,
    repeats: Repeats,
    resume_after: u64,
    stop: &'a AtomicBool,
}

/// An import under way.
struct Run<'a> {
    session: &'a Session,
    plan: &'a Plan,
    prints: Prints,
    maker: Maker,
    targets: Vec<Option<Arc<Target>>>,
    headings: Vec<Arc<str>>,
    detect_duplicates: bool,
    tally: Tally<'a>,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl Run<'_> {
    /// Reads the file on this thread and does what it says on another. Whether somebody asked to
    /// stop before the end.
    fn all(&self, reading: Reading<'_, impl Read>) -> bool {
        let (sender, receiver) = sync_channel::<Vec<Line>>(1);
        std::thread::scope(|scope| {
            let worker = move || {
                // Once for all: each line runs on that same thread. Only the worker holds the
                // receiver: when it is gone, sending fails instead of waiting.
                let work = move || self.work(&receiver);
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
            // And with the last lines the sender goes, which ends the worker.
            self.feed(reading, move |run| sender.send(run).is_ok())
                .unwrap_or_else(|error| {
                    self.tally.fail(error);
                    false
                })
        })
    }

    /// Hands the lines to the worker. Whether somebody asked to stop before the end.
    fn feed(&self, mut reading: Reading<'_, impl Read>, send: impl Fn(Vec<Line>) -> bool) -> Result<bool> {
        let (mut run, mut bytes) = (Vec::new(), 0);
        let (mut asked_to_stop, mut failure) = (false, None);
        while !self.tally.has_failed() {
            let record = match reading.records.next() {
                Ok(Some(record)) => record,
                Ok(None) => break,
                Err(error) => {
                    failure = Some(unreadable(&error));
                    break;
                }
            };
            let Some(line) = self.line(record, &mut reading)? else {
                continue;
            };
            if reading.stop.load(Ordering::Acquire) {
                asked_to_stop = true;
                break;
            }
            bytes += line.raw.len();
            run.push(line);
            if run.len() == RUN || bytes >= RUN_BYTES {
                bytes = 0;
                if !send(self.looked_up(std::mem::take(&mut run))?) {
                    return Ok(false);
                }
            }
        }
        if !run.is_empty() {
            send(self.looked_up(run)?);
        }
        failure.map_or(Ok(asked_to_stop), Err)
    }

    /// What a record says; nothing where it is passed over.
    fn line(&self, record: Record, reading: &mut Reading<'_, impl Read>) -> Result<Option<Line>> {
        let fields = match record.fields {
            Ok(fields) => fields,
            Err(_) if record.line <= reading.resume_after => return Ok(None),
            Err(faults) => {
                let told = |fault: records::Fault| Fault {
                    column: fault.field.and_then(|place| self.headings.get(place)).cloned(),
                    ..Fault::of_line(Error::invalid(fault.reason))
                };
                let faults = faults.into_iter().map(told).collect();
                let line = Line::broken(record.line, record.raw, &self.plan.table, faults);
                return Ok(Some(line));
            }
        };
        let said = self.prints.of(&fields).filter(|_| self.plan.knows_by_content());
        // Of lines that are passed over, it counts how often they have come.
        let numbered = said.map(|said| reading.repeats.count(said));
        if record.line <= reading.resume_after {
            return Ok(None);
        }
        let ids = numbered.map(|line| self.maker.ids(&line)).transpose()?;
        let mut line = Line::broken(record.line, record.raw, &self.plan.table, Vec::new());
        let id = ids.as_ref().map(|ids| ids.own);
        line.ids = ids;
        line.read(self.plan, &self.targets, fields, id.unwrap_or_default());
        Ok(Some(line))
    }

    /// The lines, with those marked whose rows are there.
    fn looked_up(&self, mut lines: Vec<Line>) -> Result<Vec<Line>> {
        let recognition = Recognition {
            prints: &self.prints,
            since: self.maker.secret.since(),
        };
        present::mark(self.session, &self.plan.table, &recognition, &mut lines)?;
        Ok(lines)
    }

    fn answer(&self, line: &Line, answer: Answer) {
        (self.progress)(self.tally.answer(line.number, &line.raw, answer));
    }

    /// Does what lines say until there are no more, or the host fails.
    fn work(&self, runs: &Receiver<Vec<Line>>) -> Result<()> {
        for run in runs {
            if self.tally.has_failed() {
                return Ok(());
            }
            self.run(&run)?;
        }
        Ok(())
    }

    fn run(&self, lines: &[Line]) -> Result<()> {
        let mut rest = lines;
        while let Some(first) = rest.first() {
            let answered = match first.present {
                Some(whose) => {
                    self.answer(first, Answer::Skipped(whose));
                    1
                }
                None => self.series(rest)?,
            };
            rest = rest.get(answered..).unwrap_or_default();
        }
        Ok(())
    }

    /// Does what the first of some lines say, in one turn; how many.
    fn series(&self, lines: &[Line]) -> Result<usize> {
        let until = lines
            .iter()
            .position(|line| line.present.is_some())
            .unwrap_or(lines.len());
        let lines = lines.get(..until).unwrap_or_default();
        let answers = self.session.series(lines, |batch, line| self.piece(batch, line))?;
        let count = answers.len();
        for (line, answer) in lines.iter().zip(answers) {
            let answer = answer.or_else(|error| self.refusal(line, error))?;
            self.answer(line, answer);
        }
        Ok(count)
    }

    /// What becomes of a line that the platform refused; a failure of the host is no answer.
    fn refusal(&self, line: &Line, error: Error) -> Result<Answer> {
        if error.kind() == Kind::Host {
            return Err(error);
        }
        // Another import of the same file may have been faster; a name that is taken has the same code.
        let by_id = error.code() == Code::DUPLICATE_KEY && error.body().step.is_none();
        if by_id && present::was_made_meanwhile(self.session, &self.plan.table, line)? {
            return Ok(Answer::Skipped(Present::Known));
        }
        let lacks = error.code() == Code::REQUIRED_MISSING && error.body().step.is_none();
        let all: Vec<Fault> = match lacks {
            true => line.lacking(self.plan),
            false => Vec::new(),
        };
        Ok(Answer::Refused(match all.len() {
            0 | 1 => vec![Fault::of_line(error)],
            _ => all,
        }))
    }

    /// Does what a line says, in a transaction that others share.
    fn piece(&self, batch: &mut Batch<'_>, line: &Line) -> Result<Answer> {
        let (row, faults) = line.look_up(batch, self.plan)?;
        if !faults.is_empty() {
            return Ok(Answer::Refused(faults));
        }
        let there = match &self.plan.key {
            Some(key) => key.find(batch, &self.plan.table, &row)?,
            None if line.ids.is_some() => None,
            None => key::of_id(batch, &row)?,
        };
        let (answer, request) = match (there, self.plan.existing()) {
            (None, _) => (Answer::Created, Request::create(row)),
            (Some(_), Some(Existing::Skip)) => return Ok(Answer::Skipped(Present::Known)),
            (Some(there), existing) => match key::change(batch, (there, self.plan.key.as_ref()), row.clone())? {
                None => return Ok(Answer::Skipped(Present::Known)),
                Some(request) if existing.is_some() => (Answer::Updated, request),
                // A row of the file's own id that says something else: the Create is refused.
                Some(_) => (Answer::Created, Request::create(row)),
            },
        };
        let request = match self.detect_duplicates {
            true => request.with("SuppressDuplicateDetection", false),
            false => request,
        };
        batch.execute(request)?;
        Ok(answer)
    }
}
