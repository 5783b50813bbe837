//! `sluice jobs`: the work that goes on behind requests, and what became of it.

use std::{io::Write as _, sync::atomic::Ordering, time::Duration};

use serde_json::{Map, Value as Json, json};
use sluice_engine::{JobOutcome, JobProgress, JobState, Session};
use sluice_model::{Code, Filter, Query, Request, Row, TableDef, Uuid, Value, codes::Kind, state::job};

use super::{
    each,
    selection::{Chosen, Picked, Selection},
    several,
};
use crate::{
    context::Context,
    cut, interrupt,
    names::{self, Labels},
    output::{Exit, Grid, Outcome},
    people::{self, pairs},
    text::grouped,
    times,
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the jobs, the newest first.
    List {
        /// Only those that failed.
        #[arg(long, conflicts_with = "open")]
        failed: bool,
        /// Only those that have not ended.
        #[arg(long)]
        open: bool,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 100)]
        top: u32,
    },
    /// Show a job.
    Show {
        /// Its id or name.
        job: String,
    },
    /// Go on with jobs that were interrupted, that wait, or whose time has come. An asynchronous step runs again
    /// from its beginning: what it had committed stays.
    Resume {
        /// Ids or names, or - for those that standard input names; all that are due where none is given.
        #[arg(value_name = "JOB", conflicts_with_all = ["view", "filter", "top"])]
        jobs: Vec<String>,
        #[command(flatten)]
        chosen: Chosen,
    },
    /// Run jobs of asynchronous steps once more that have failed, with what the steps were given then.
    Retry(Selection),
    /// Put off jobs that have not ended: until then, or for so long.
    Postpone {
        #[command(flatten)]
        jobs: Selection,
        /// A point in time, such as 2026-01-31T09:00:00Z, or a span from now: 30m, 2h, 3d.
        #[arg(long, value_name = "TIME")]
        until: String,
    },
    /// Run all jobs that are due, one after the other. Several processes may do so at once.
    Run {
        /// Go on until Ctrl-C, and run each job when it becomes due.
        #[arg(long)]
        watch: bool,
    },
    /// Cancel jobs that have not ended. A step that waits will not run; one that is running ends by
    /// itself. The rule that a job was publishing is unpublished; the duplicates that it found stay.
    Cancel(Selection),
    /// Remove jobs that have ended.
    Delete(Selection),
}

const TABLE: &str = "asyncoperation";
/// What the runner knows of a job, and nobody needs to see.
const UNSHOWN: [&str; 3] = ["data", "hostid", "modifiedon"];
const COLUMNS: [&str; 20] = [
    "name",
    "operationtype",
    "statecode",
    "statuscode",
    "createdon",
    "startedon",
    "completedon",
    "postponeuntil",
    "retrycount",
    "errorcode",
    "recurrencepattern",
    "ownerid",
    "regardingobjectid",
    "correlationid",
    "owningextensionid",
    "friendlymessage",
    "message",
    "data",
    "hostid",
    "modifiedon",
];

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List { failed, open, top } => list(context, &session, failed, open, top),
        Command::Show { job } => {
            let row = names::row(&session, TABLE, &job, &COLUMNS)?;
            show(context, &session, &row)
        }
        Command::Resume { jobs, chosen } => {
            let all_due = jobs.is_empty() && !chosen.asks();
            let jobs = chosen.pick(&session, TABLE, &jobs)?;
            resume(context, &session, (!all_due).then_some(&jobs.rows))
        }
        Command::Retry(jobs) => retry(context, &session, &jobs.pick(&session, TABLE)?),
        Command::Postpone { jobs, until } => postpone(context, &session, &jobs.pick(&session, TABLE)?, &until),
        Command::Run { watch } => run_due(context, &session, watch),
        Command::Delete(jobs) => several::delete(context, &session, TABLE, &jobs.pick(&session, TABLE)?),
        Command::Cancel(jobs) => {
            let jobs = jobs.pick(&session, TABLE)?;
            let outcome = each_job(context, &session, (&jobs, "canceled"), |id| {
                let canceled = Row::new(TABLE, id).in_state(job::CANCELED);
                session.execute(Request::update(canceled))?;
                let mut item = several::item(id);
                item.insert("state".to_owned(), "canceled".into());
                Ok((item, format!("canceled job {id}")))
            })?;
            with_removals(context, &session, outcome)
        }
    }
}

fn list(context: &Context, session: &Session, failed: bool, open: bool, top: u32) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(TABLE)?.clone();
    let mut query = Query::new(TABLE).columns(&COLUMNS).top(cut::asked(top));
    query.order = vec![sluice_model::Order {
        column: "createdon".into(),
        descending: true,
    }];
    if failed {
        query.filter = Filter::eq("statuscode", Value::Choice(job::FAILED.status));
    }
    if open {
        query.filter = Filter::Not(Box::new(job::FAILED.rows()));
    }
    let mut rows = session.list(query)?;
    let more = cut::to(&mut rows, top);
    let labels = Labels::of(context, &rows)?;
    let mut grid = Grid::new(["name", "type", "status", "progress", "created", "owner", "id"]);
    for row in &rows {
        let cell = |column: &str| shown(&table, row, column, &labels);
        grid.row([
            cell("name"),
            cell("operationtype"),
            status(session, &table, row),
            progress_of(row).map(fraction).unwrap_or_default(),
            cell("createdon"),
            cell("ownerid"),
            row.id.to_string(),
        ]);
    }
    let documents = rows.iter().map(|row| document(session, &table, row)).collect();
    Ok(cut::said(Outcome::list(documents, grid.text("no jobs")), top, more))
}

fn shown(table: &TableDef, row: &Row, column: &str, labels: &Labels) -> String {
    match (table.column(column), row.get(column)) {
        (Some(column), Some(value)) => people::cell(column, value, labels),
        _ => String::new(),
    }
}

/// The status of a job, and whether the process is gone that was to bring it to its end.
fn status(session: &Session, table: &TableDef, row: &Row) -> String {
    let status = shown(table, row, "statuscode", &Labels::default());
    match session.is_interrupted(row) {
        true => format!("{status} (interrupted)"),
        false => status,
    }
}

/// The row in the Web API's form, without what only the runner reads; and how far it is.
fn document(session: &Session, table: &TableDef, row: &Row) -> Json {
    let columns: Vec<_> = COLUMNS.iter().map(|name| (*name).into()).collect();
    let mut document = sluice_model::json::from_row(table, row, Some(&columns));
    if let Some(map) = document.as_object_mut() {
        for column in UNSHOWN {
            map.shift_remove(column);
        }
        map.insert("code".to_owned(), code_of(row).map(|code| code.to_string()).into());
        map.insert("status".to_owned(), status(session, table, row).into());
        map.insert("interrupted".to_owned(), session.is_interrupted(row).into());
        if let Some(JobProgress { done, total }) = progress_of(row) {
            map.insert("progress".to_owned(), json!({ "done": done, "total": total }));
        }
    }
    document
}

/// The code of what a job was refused.
fn code_of(row: &Row) -> Option<Code> {
    row.int("errorcode").map(|code| Code(code.cast_unsigned()))
}

/// How far a job has come, where it counts.
fn progress_of(row: &Row) -> Option<JobProgress> {
    let data: Json = serde_json::from_str(row.text("data")?).ok()?;
    let scan = data.get("scan").unwrap_or(&data);
    let done = scan.get("done")?.as_u64()?;
    let total = scan.get("total").and_then(Json::as_u64).unwrap_or(done);
    Some(JobProgress { done, total })
}

fn fraction(JobProgress { done, total }: JobProgress) -> String {
    format!("{} of {}", grouped(done), grouped(total))
}

fn show(context: &Context, session: &Session, row: &Row) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(TABLE)?.clone();
    let labels = Labels::of(context, std::slice::from_ref(row))?;
    let mut lines = vec![("id".to_owned(), row.id.to_string())];
    for column in COLUMNS.iter().filter(|column| !UNSHOWN.contains(column)) {
        let cell = match *column {
            "statuscode" => status(session, &table, row),
            "errorcode" => code_of(row).map(|code| code.to_string()).unwrap_or_default(),
            column => shown(&table, row, column, &labels),
        };
        if !cell.is_empty() {
            lines.push(((*column).to_owned(), cell));
        }
    }
    if let Some(progress) = progress_of(row) {
        lines.push(("progress".to_owned(), fraction(progress)));
    }
    if session.is_looked_into(row.id)? {
        lines.push(("why".to_owned(), context.command(&format!("sluice why {}", row.id))));
    }
    Ok(Outcome::new(document(session, &table, row), pairs(&lines)))
}

/// Does the same to each job.
fn each_job(
    context: &Context,
    session: &Session,
    (jobs, done): (&Picked, &str),
    work: impl FnMut(Uuid) -> anyhow::Result<each::Done>,
) -> anyhow::Result<Outcome> {
    let find = |name: &str| session.find_one(TABLE, name);
    several::picked(context, ("job", done), jobs, find, several::quietly, work)
}

fn retry(context: &Context, session: &Session, jobs: &Picked) -> anyhow::Result<Outcome> {
    let find = |name: &str| session.find_one(TABLE, name);
    let what = ("job", "run once more");
    several::picked_with_ends(context, what, jobs, find, several::quietly, |id| {
        session.retry_job(id)?;
        let outcome = run_job(session, id)?;
        let exit = if is_refusal(&outcome) {
            Exit::Refused
        } else {
            Exit::Done
        };
        let document = outcome_document(id, &outcome).into();
        Ok(Outcome::new(document, told(context, id, &outcome)).with_exit(exit))
    })
}

fn resume(context: &Context, session: &Session, jobs: Option<&Vec<String>>) -> anyhow::Result<Outcome> {
    let jobs: Vec<Uuid> = match jobs {
        None => session.due_jobs()?,
        Some(jobs) => {
            let find = |job: &String| session.find_one(TABLE, job);
            jobs.iter().map(find).collect::<sluice_model::Result<_>>()?
        }
    };
    let (documents, mut texts, exit) = run_all(context, session, &jobs)?;
    if texts.is_empty() {
        texts.push("no job is due".to_owned());
    }
    Ok(Outcome::items(documents, texts.join("\n")).with_exit(exit))
}

fn postpone(context: &Context, session: &Session, jobs: &Picked, until: &str) -> anyhow::Result<Outcome> {
    let wrong = |why: String| Usage::because(why);
    let until = match times::Since::parse(until).map_err(wrong)? {
        times::Since::Ago(seconds) => times::moved(session.now(), seconds).map_err(wrong)?,
        times::Since::At(time) => time,
    };
    if until <= session.now() {
        return Err(Usage::because(format!("{until} is not in the future")));
    }
    each_job(context, session, (jobs, "put off"), |id| {
        session.execute(Request::update(Row::new(TABLE, id).with("postponeuntil", until)))?;
        let mut item = several::item(id);
        item.insert("postponeuntil".to_owned(), until.to_string().into());
        let until = sluice_model::json::whole_seconds(until);
        Ok((item, format!("the job {id} waits until {until}")))
    })
}

/// Runs what is due; with `watch`, also what becomes due until Ctrl-C.
fn run_due(context: &Context, session: &Session, watch: bool) -> anyhow::Result<Outcome> {
    let stop = interrupt::flag("finishing the step in hand; Ctrl-C again ends at once")?;
    let (mut documents, mut texts, mut exit) = (Vec::new(), Vec::new(), Exit::Done);
    loop {
        session.run_due_jobs(&stop, &mut |job, outcome| {
            let (text, document) = match outcome {
                Err(error) if error.kind() == Kind::Host => return Err(error),
                // One that cannot be run stands in no other one's way.
                Err(error) => {
                    exit = Exit::Refused;
                    let document = json!({ "job": job.to_string(), "error": error.to_json() });
                    (format!("the job {job} was not run: {}", error.message()), document)
                }
                Ok(outcome) => {
                    if is_refusal(&outcome) {
                        exit = Exit::Refused;
                    }
                    let document = Json::Object(outcome_document(job, &outcome));
                    (told(context, job, &outcome), document)
                }
            };
            // Who watches has no end to wait for.
            if watch {
                let line = if context.json() { document.to_string() } else { text };
                return writeln!(std::io::stdout(), "{line}")
                    .map_err(|error| sluice_model::Error::host(format!("what came of a job cannot be told: {error}")));
            }
            documents.push(document);
            texts.push(text);
            Ok(())
        })?;
        if !watch || stop.load(Ordering::Acquire) {
            break;
        }
        std::thread::sleep(PAUSE);
    }
    if watch {
        return Ok(Outcome::printed());
    }
    if texts.is_empty() {
        texts.push("no job is due".to_owned());
    }
    Ok(Outcome::items(documents, texts.join("\n")).with_exit(exit))
}

/// So often it is looked whether a job has become due.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether a job came to something that somebody has to mend. One that waits for its time has done
/// what it was to do for now.
fn is_refusal(outcome: &JobOutcome) -> bool {
    let waits = outcome.state == JobState::Waiting && outcome.message.is_empty();
    outcome.state != JobState::Succeeded && !waits
}

/// Runs jobs one after the other, until one is stopped: what came of them for machines, for
/// people, and altogether.
pub(crate) fn run_all(
    context: &Context,
    session: &Session,
    jobs: &[Uuid],
) -> anyhow::Result<(Vec<Json>, Vec<String>, Exit)> {
    let (mut documents, mut texts) = (Vec::new(), Vec::new());
    let mut exit = Exit::Done;
    for job in jobs {
        let outcome = run_job(session, *job)?;
        texts.push(told(context, *job, &outcome));
        documents.push(Json::Object(outcome_document(*job, &outcome)));
        if is_refusal(&outcome) {
            exit = Exit::Refused;
        }
        if outcome.state == JobState::Stopped {
            break;
        }
    }
    Ok((documents, texts, exit))
}

/// The outcome of a command that may have taken rules out of work, with what is left to remove
/// of them and the command that does.
pub(crate) fn with_removals(context: &Context, session: &Session, mut outcome: Outcome) -> anyhow::Result<Outcome> {
    let left = match session.due_removals() {
        Err(error) if error.kind() == Kind::Denied => Vec::new(),
        other => other?,
    };
    if left.is_empty() {
        return Ok(outcome);
    }
    let jobs: Vec<String> = left.iter().map(Uuid::to_string).collect();
    let command = context.command(&format!("sluice jobs resume {}", jobs.join(" ")));
    outcome.say(&format!(
        "the matchcodes of {} that are out of work are still there, which harms nothing but takes room; remove them with\n  \
         {command}",
        people::count(left.len(), "rule")
    ));
    if let Some(map) = outcome.document.as_object_mut() {
        map.insert("removals".to_owned(), jobs.into());
    }
    Ok(outcome)
}

/// Runs a job with a bar, until it ends or Ctrl-C.
pub(crate) fn run_job(session: &Session, job: Uuid) -> anyhow::Result<JobOutcome> {
    let stop = interrupt::flag("finishing the step in hand; Ctrl-C again ends at once")?;
    let bar = interrupt::progress_bar("{spinner} {human_pos} of {human_len} rows, {per_sec}");
    let outcome = session.run_job(job, &stop, &|progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    });
    bar.finish_and_clear();
    Ok(outcome?)
}

/// What came of a job, for machines.
pub(crate) fn outcome_document(job: Uuid, outcome: &JobOutcome) -> Map<String, Json> {
    let mut document = Map::new();
    document.insert("job".to_owned(), job.to_string().into());
    document.insert("state".to_owned(), outcome.state.word().into());
    document.insert("message".to_owned(), outcome.message.as_str().into());
    if outcome.ended_before {
        document.insert("endedBefore".to_owned(), true.into());
        return document;
    }
    document.insert("done".to_owned(), outcome.progress.done.into());
    document.insert("total".to_owned(), outcome.progress.total.into());
    document
}

/// What came of a job, for people.
pub(crate) fn told(context: &Context, job: Uuid, outcome: &JobOutcome) -> String {
    let why = match outcome.message.as_str() {
        "" => String::new(),
        message => format!(": {message}"),
    };
    match outcome.state {
        state if outcome.ended_before => {
            format!(
                "the job {job} ended before, and nothing was run; it {}{why}",
                ended(state)
            )
        }
        JobState::Succeeded if outcome.message.is_empty() => format!("the job {job} succeeded"),
        JobState::Succeeded => outcome.message.clone(),
        JobState::Stopped => format!(
            "stopped at {}; go on with\n  {}",
            fraction(outcome.progress),
            context.command(&format!("sluice jobs resume {job}"))
        ),
        state => format!("the job {job} {}{why}{}", ended(state), leads_on(context, job, outcome)),
    }
}

/// The command that says why, where there is more to say.
fn leads_on(context: &Context, job: Uuid, outcome: &JobOutcome) -> String {
    match outcome.is_looked_into {
        true => format!("\n  {}", context.command(&format!("sluice why {job}"))),
        false => String::new(),
    }
}

/// How a job ended, as the end of a sentence.
fn ended(state: JobState) -> &'static str {
    match state {
        JobState::Canceled => "was canceled",
        JobState::Waiting => "waits",
        other => other.word(),
    }
}

/// A whole number of days: `1d`.
pub(crate) fn days(text: &str) -> anyhow::Result<u16> {
    text.strip_suffix('d')
        .and_then(|days| days.parse().ok())
        .filter(|days| *days > 0)
        .ok_or_else(|| Usage::because(format!("`{text}` is no number of days, such as 1d")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_a_number() {
        assert_eq!(days("7d").unwrap(), 7);
        for wrong in ["", "d", "0d", "1w", "1", "-1d"] {
            assert!(days(wrong).unwrap_err().is::<Usage>(), "{wrong}");
        }
    }
}
