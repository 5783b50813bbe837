//! `sluice duplicates`: rows that are the same, one by one and by jobs.

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{
    Error, Filter, Parameter, Query, Reference, Request, Row, Uuid, Value, codes::Kind, odata, state::job::COMPLETED,
    written,
};

use super::jobs;
use crate::{
    assign,
    context::Context,
    door::Door,
    names::{self, Labels},
    output::{Exit, Grid, Outcome},
    people, report,
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Find the duplicates of a row, or of one that is not saved.
    Find(Find),
    /// Find all duplicates of a table's rows, as a job.
    Detect(Detect),
    /// Show what a job has found.
    Results {
        /// The job's id or name.
        job: String,
    },
}

/// `duplicates find`
#[derive(Debug, clap::Args)]
pub(crate) struct Find {
    /// The table.
    table: String,
    /// The row's id or name, and values that it would have instead; or values alone.
    #[arg(required = true, value_name = "ROW|NAME=VALUE")]
    row: Vec<String>,
    /// The table that is searched; by default the same.
    #[arg(long, value_name = "TABLE")]
    matching: Option<String>,
    /// Which page.
    #[arg(long, value_name = "N", default_value_t = 1)]
    page: i32,
    /// So many rows a page.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    count: i32,
}

/// `duplicates detect`
#[derive(Debug, clap::Args)]
pub(crate) struct Detect {
    /// The table.
    table: String,
    /// Which rows: "statecode eq 0".
    #[arg(long, value_name = "ODATA")]
    filter: Option<String>,
    /// The job's name.
    #[arg(long)]
    name: Option<String>,
    /// Again, so many days after: 1d.
    #[arg(long, value_name = "Nd")]
    every: Option<String>,
    /// Not before this point in time: 2026-01-31T09:00:00Z. `jobs resume` runs what is due.
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// Leave an e-mail to be sent when it is done.
    #[arg(long)]
    email: bool,
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::Find(args) => find(context, &session, &args),
        Command::Detect(args) => detect(context, &session, &args),
        Command::Results { job } => results(context, &session, &job),
    }
}

fn find(context: &Context, session: &dyn Door, args: &Find) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(&args.table)?.clone();
    let (named, values) = match args.row.split_first() {
        Some((first, rest)) if !first.contains('=') => (Some(first), rest),
        _ => (None, args.row.as_slice()),
    };
    let mut row = assign::row(session, &table, values)?;
    if let Some(name) = named {
        row.id = session.find_one(&table.name, name)?;
        // To the message, a row without an id is one that is not saved.
        if row.id.is_nil() {
            return Err(Error::not_found(&table.schema, &table.name, row.id).into());
        }
    }
    let matching = args.matching.as_deref().unwrap_or(&table.name);
    let page = Row::unsaved("paginginfo")
        .with("PageNumber", args.page)
        .with("Count", args.count);
    let request = Request::new("RetrieveDuplicates")
        .with("BusinessEntity", row)
        .with("MatchingEntityName", matching)
        .with("PagingInfo", page);
    let response = session.execute(request)?;
    let rows = |name: &str| match response.outputs.get(name) {
        Some(Parameter::Rows(rows)) => rows.as_slice(),
        _ => &[],
    };
    let more = matches!(
        response.outputs.get("MoreRecords"),
        Some(Parameter::Value(Value::Bool(true)))
    );
    let found = session.catalog()?.table(matching)?.clone();
    let duplicates = rows("DuplicateCollection");
    let rules: Vec<Vec<String>> = duplicates
        .iter()
        .map(|row| {
            let of_row = rows("MatchedRules").iter().filter(|rule| rule.id == row.id);
            of_row
                .filter_map(|rule| rule.text("rule").map(ToOwned::to_owned))
                .collect()
        })
        .collect();
    let shown: Vec<String> = rules.iter().map(|names| report::quoted_each(names)).collect();
    let mut outcome = people::rows_with(context, &found, duplicates, None, Some(("rules", &shown)))?;
    if let Some(list) = outcome.document.get_mut("value").and_then(Json::as_array_mut) {
        for (row, rules) in list.iter_mut().zip(rules) {
            if let Some(map) = row.as_object_mut() {
                map.insert("rules".to_owned(), rules.into());
            }
        }
    }
    if let Some(map) = outcome.document.as_object_mut() {
        map.insert("more".to_owned(), more.into());
    }
    if more {
        outcome.say(&format!("and more: --page {}", args.page + 1));
    }
    Ok(outcome)
}

fn detect(context: &Context, session: &Session, args: &Detect) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(&args.table)?.clone();
    let mut query = Query::new(table.name.clone());
    if let Some(text) = &args.filter {
        query.filter = odata::filter(&session.surroundings()?, &table, text)?;
    }
    let name = args
        .name
        .clone()
        .unwrap_or_else(|| format!("Duplicates of {}", table.name));
    let mut request = Request::new("BulkDetectDuplicates")
        .with("Query", query)
        .with("JobName", name.as_str())
        .with("SendEmailNotification", args.email);
    if let Some(every) = &args.every {
        let pattern = format!("FREQ=DAILY;INTERVAL={};", jobs::days(every)?);
        request = request.with("RecurrencePattern", pattern.as_str());
    }
    let mut waits = false;
    if let Some(text) = &args.start {
        let start = written::time(text)
            .ok_or_else(|| Usage::because(format!("`{text}` is no point in time, such as 2026-01-31T09:00:00Z")))?;
        waits = start > context.env().now();
        request = request.with("RecurrenceStartTime", Value::DateTime(start));
    }
    let response = session.execute(request)?;
    let job = match response.outputs.get("JobId") {
        Some(Parameter::Value(job)) => job.as_id().unwrap_or_default(),
        _ => Uuid::nil(),
    };
    if waits {
        return Ok(Outcome::new(
            json!({ "job": job.to_string(), "state": "waiting" }),
            format!("the job {job} waits; when its time has come, `sluice jobs resume` runs it"),
        ));
    }
    let outcome = jobs::run_job(session, job)?;
    let mut document = jobs::outcome_document(job, &outcome);
    let mut text = jobs::told(context, job, &outcome);
    let done = outcome.state == sluice_engine::JobState::Succeeded;
    match session.list(of_job(job).columns(&[])) {
        Ok(found) => {
            document.insert("found".to_owned(), found.len().into());
            if done && !found.is_empty() {
                let command = context.command(&format!("sluice duplicates results {job}"));
                text.push_str(&format!("; see\n  {command}"));
            }
        }
        // The job did its work all the same.
        Err(error) if error.kind() == Kind::Denied => {
            let lacks = error.body().privilege.as_deref().unwrap_or("a right");
            text.push_str(&format!(
                "\nnote: you cannot read what it found, because {lacks} is missing"
            ));
            document.insert("unreadable".to_owned(), crate::report::error_to_json(&error));
        }
        Err(error) => return Err(error.into()),
    }
    let exit = if done { Exit::Done } else { Exit::Refused };
    Ok(Outcome::new(Json::Object(document), text).with_exit(exit))
}

fn of_job(job: Uuid) -> Query {
    Query::new("duplicaterecord").filter(Filter::eq("asyncoperationid", job))
}

fn results(context: &Context, session: &dyn Door, job: &str) -> anyhow::Result<Outcome> {
    let job = names::row(session, "asyncoperation", job, &["statecode"])?;
    let has_ended = job.int("statecode") == Some(COMPLETED);
    let found = session.list(of_job(job.id))?;
    let labels = Labels::of(context, &found)?;
    let mut grid = Grid::new(["row", "table", "id", "same as", "table", "id", "rule"]);
    let mut documents = Vec::new();
    for record in &found {
        let end = |column: &str| {
            record
                .lookup(column)
                .cloned()
                .unwrap_or_else(|| Reference::new("", Uuid::nil()))
        };
        let (base, duplicate, rule) = (end("baserecordid"), end("duplicaterecordid"), end("duplicateruleid"));
        grid.row([
            labels.name(&base).as_str(),
            &base.table,
            &base.id.to_string(),
            &labels.name(&duplicate),
            &duplicate.table,
            &duplicate.id.to_string(),
            &labels.name(&rule),
        ]);
        let shown = |row: &Reference| json!({ "table": row.table, "id": row.id.to_string(), "name": labels.find(row) });
        documents.push(json!({
            "duplicateid": record.id.to_string(),
            "base": shown(&base),
            "duplicate": shown(&duplicate),
            "rule": labels.find(&rule),
        }));
    }
    let none = if has_ended {
        "no duplicates"
    } else {
        "nothing yet: the job has not ended"
    };
    Ok(Outcome::list(documents, grid.text(none)))
}
