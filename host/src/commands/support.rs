//! `sluice support bundle`: all that somebody else needs to look at a request, as one document.

use std::{io::Write, path::PathBuf};

use serde_json::{Map, Value as Json, json};
use sluice_engine::{Refused, Session};
use sluice_model::{Code, Error, Filter, Query, Right, Row, Uuid, codes::Kind, json as rows, parameter};
use sluice_platform::prelude::*;

use super::{settings, trace, why};
use crate::{
    context::Context,
    culprits::{self, Sender},
    door::Door,
    files,
    names::{self, Labels},
    output::Outcome,
    report,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Put the trace of a request, why it was refused, versions and settings into one JSON document. Values of
    /// rows are left out.
    Bundle(Bundle),
}

/// `support bundle`
#[derive(Debug, clap::Args)]
pub(crate) struct Bundle {
    /// The file; without it, or as -, standard output.
    file: Option<PathBuf>,
    /// The request: its correlation id, or the end of it; or the id of a job that it set off. By default the newest.
    #[arg(long, value_name = "ID", default_value = "@last", hide_default_value = true)]
    correlation: String,
    /// With what the request sent and what plug-ins said.
    #[arg(long)]
    values: bool,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let Command::Bundle(args) = command;
    context.only_looks();
    let session = context.session()?;
    let correlation = correlation(&session, &args.correlation)?;
    let mut document = bundle(context, &session, correlation, args.values)?;
    if !args.values {
        without_names_of_matches(&mut document, false);
    }
    let text = serde_json::to_string_pretty(&document)?;
    let Some(file) = &args.file else {
        return Ok(Outcome::new(document, text));
    };
    let left_out = left_out(&document);
    let write = |out: &mut dyn Write| Ok(out.write_all(text.as_bytes())?);
    files::deliver(context, file, args.force, write, |()| {
        let told = format!(
            "wrote {}, {}",
            file.display(),
            match args.values {
                true => "with values of rows: mind who gets it",
                false => "without values of rows",
            }
        );
        let told = match left_out.as_slice() {
            [] => told,
            parts => format!(
                "{told}\nnot in it, because you may not look into it: {}",
                parts.join("; ")
            ),
        };
        let document = json!({ "file": file.display().to_string(), "leftOut": left_out });
        Ok(Outcome::new(document, told))
    })
}

/// The request with that correlation id, or the end of it; or the one that set off the job with that id.
fn correlation(session: &Session, text: &str) -> anyhow::Result<Uuid> {
    let id = match text {
        "@last" => return trace::correlation(session, text),
        text => why::which(session, text)?,
    };
    // Who may read no jobs has not asked for one.
    let reads_jobs = session.check_privilege("asyncoperation", Right::Read).is_ok();
    let jobs = reads_jobs.then(|| names::by_ids(session, "asyncoperation", [id], &["correlationid"]));
    let jobs = jobs.and_then(std::result::Result::ok).unwrap_or_default();
    match jobs.get(&id).and_then(|job| job.id_of("correlationid")) {
        Some(request) => Ok(request),
        None => trace::correlation(session, &id.to_string()),
    }
}

/// The parts that whoever writes it may not look into, each with what is said of it.
fn left_out(document: &Json) -> Vec<String> {
    let parts = document.as_object().into_iter().flatten();
    let said = parts.filter_map(|(name, part)| match part {
        Json::String(text) if text == NOT_YOURS => Some(name.clone()),
        Json::Object(members) => {
            let message = members.get("unknown")?.get("message").and_then(Json::as_str);
            Some(format!("{name} ({})", message.unwrap_or_default()))
        }
        _ => None,
    });
    said.collect()
}

/// Takes out of a document what matching rows are called and what they match by; their ids stay.
fn without_names_of_matches(json: &mut Json, of_matches: bool) {
    match json {
        Json::Array(each) => each
            .iter_mut()
            .for_each(|one| without_names_of_matches(one, of_matches)),
        Json::Object(members) => {
            if of_matches {
                members.retain(|name, _| !["name", "details"].contains(&name.as_str()));
            }
            for (name, member) in members {
                match (name.as_str(), &member) {
                    ("sl_tree", Json::String(text)) => {
                        if let Ok(mut tree) = serde_json::from_str(text) {
                            without_names_of_matches(&mut tree, false);
                            *member = tree.to_string().into();
                        }
                    }
                    (name, _) => without_names_of_matches(member, of_matches || name == "duplicates"),
                }
            }
        }
        _ => {}
    }
}

/// What stands in the place of a part that whoever writes it may not read.
const NOT_YOURS: &str = "not yours to read";

fn bundle(context: &Context, session: &Session, correlation: Uuid, values: bool) -> anyhow::Result<Json> {
    let catalog = session.catalog()?;
    let requests = listed(
        session,
        Query::new("sl_messagetrace").filter(Filter::eq("sl_correlationid", correlation)),
    )?;
    let calls = listed(
        session,
        Query::new("plugintracelog").filter(Filter::eq("correlationid", correlation)),
    )?;
    if [&requests, &calls]
        .iter()
        .all(|rows| rows.as_ref().is_some_and(Vec::is_empty))
    {
        let message = format!("there is no trace of a request {correlation}");
        return Err(Error::new(Code::NOT_FOUND, message).into());
    }
    let table_json = |table: &str, rows: &[Row], left_out: &[&str]| -> anyhow::Result<Json> {
        let table = catalog.table(table)?;
        let each = rows.iter().map(|row| {
            let mut row = row.clone();
            row.values.retain(|name, _| values || !left_out.contains(&&**name));
            rows::from_row(table, &row, None)
        });
        Ok(each.collect())
    };
    let parts = |table: &str, columns: &[&str]| -> anyhow::Result<Json> {
        let rows = listed(session, Query::new(table).columns(columns))?;
        Ok(match rows {
            Some(rows) => table_json(table, &rows, &[])?,
            None => NOT_YOURS.into(),
        })
    };
    Ok(json!({
        "correlation": correlation.to_string(),
        "written": context.env().now().to_string(),
        "values": values,
        "version": env!("CARGO_PKG_VERSION"),
        "request": request(session, correlation, values)?,
        "requests": match &requests {
            Some(rows) => table_json("sl_messagetrace", rows, &["sl_request"])?,
            None => NOT_YOURS.into(),
        },
        "calls": match &calls {
            Some(rows) => table_json("plugintracelog", rows, &["messageblock", "configuration"])?,
            None => NOT_YOURS.into(),
        },
        "access": access(context, session, correlation, values)?,
        "settings": match session.check_privilege("organization", Right::Read).map(|()| settings::document(session)) {
            Err(_) => NOT_YOURS.into(),
            Ok(Ok(settings)) => settings,
            Ok(Err(error)) if is_denied(&error) => NOT_YOURS.into(),
            Ok(Err(error)) => return Err(error),
        },
        "plugins": parts("pluginassembly", &["name", "version", "sourcehash", "modifiedon"])?,
        "solutions": parts("solution", &["uniquename", "version", "ismanaged"])?,
        "steps": parts("sdkmessageprocessingstep", &[
            "name", "stage", "mode", "rank", "statecode", "sl_restsuntil", "sl_monitored", "ismanaged", "modifiedon",
        ])?,
    }))
}

fn is_denied(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<Error>();
    error.is_some_and(|error| error.kind() == Kind::Denied)
}

/// The rows of a query; nothing, where they are not the reader's to read. A refusal would be on record as one of
/// theirs.
fn listed(session: &dyn Door, query: Query) -> anyhow::Result<Option<Vec<Row>>> {
    if session.check_privilege(&query.table, Right::Read).is_err() {
        return Ok(None);
    }
    match session.list(query) {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if error.kind() == Kind::Denied => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What was sent: the names of parameters and columns, and with `values` what was in them.
fn request(session: &Session, correlation: Uuid, values: bool) -> anyhow::Result<Json> {
    let recorded = match session.recorded_request(Some(correlation)) {
        Ok(recorded) => recorded,
        Err(error) => {
            let unknown = json!({ "unknown": report::error_to_json(&error) });
            // What failed is a job, which knows what it was to do.
            return Ok(match session.refused(Some(correlation)) {
                Ok(Refused::Job(job)) => json!({
                    "job": job.id.to_string(),
                    "name": job.name,
                    "message": job.message,
                    "user": job.acting.user.to_string(),
                }),
                _ => unknown,
            });
        }
    };
    let catalog = session.catalog()?;
    let mut inputs = Map::new();
    for (name, input) in &recorded.request.inputs {
        let shown = match (values, input) {
            (true, input) => parameter::to_json(&catalog, input),
            (false, sluice_model::Parameter::Row(row)) => json!({
                "table": &*row.table,
                "columns": row.values.keys().map(|name| &**name).collect::<Vec<_>>(),
            }),
            (false, input) => json!({ "is": kind_of(input) }),
        };
        inputs.insert(name.to_string(), shown);
    }
    Ok(json!({
        "message": &*recorded.request.message,
        "caller": recorded.caller.to_string(),
        "startedon": recorded.started.to_string(),
        "succeeded": recorded.succeeded,
        "inputs": inputs,
    }))
}

fn kind_of(parameter: &sluice_model::Parameter) -> &'static str {
    use sluice_model::Parameter;
    match parameter {
        Parameter::Value(_) => "a value",
        Parameter::Row(_) => "a row",
        Parameter::Rows(_) => "rows",
        Parameter::Reference(_) => "a reference",
        Parameter::References(_) => "references",
        Parameter::Names(_) => "names",
        Parameter::Query(_) => "a query",
    }
}

/// What stands in the request's way, as `why` says it.
fn access(context: &Context, session: &Session, correlation: Uuid, values: bool) -> anyhow::Result<Json> {
    let (refused, found) = match session.why(Some(correlation)) {
        Ok(found) => found,
        Err(error) => return Ok(json!({ "unknown": report::error_to_json(&error) })),
    };
    let acting = refused.acting();
    let user = |id| sluice_model::Reference::new("systemuser", id);
    let labels = Labels::load(
        context,
        [Some(acting.user), acting.caller].into_iter().flatten().map(user),
    )?;
    let caller = acting.caller.map(|caller| (caller, labels.name(&user(caller))));
    let caller = caller.as_ref().map(|(id, name)| (*id, name.as_str()));
    let sender = Sender::of(session, (acting.user, &labels.name(&user(acting.user))), caller).showing(values);
    let qualifies = matches!(&refused, Refused::Request(recorded) if &*recorded.request.message == "QualifyLead");
    Ok(culprits::json(context, &found, &sender, qualifies))
}
