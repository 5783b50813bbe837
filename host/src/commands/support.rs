//! `sluice support bundle`: all that somebody else needs to look at a request, as one document.

use std::{io::Write, path::PathBuf};

use serde_json::{Map, Value as Json, json};
use sluice_engine::{Refused, Session};
use sluice_model::{Code, Error, Filter, Query, Row, Uuid, codes::Kind, json as rows, parameter};
use sluice_platform::prelude::*;

use super::{settings, trace};
use crate::{
    context::Context,
    culprits::{self, Sender},
    door::Door,
    files,
    names::Labels,
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
    /// The request: its correlation id, or the end of it.
    #[arg(long, value_name = "ID")]
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
    let session = context.session()?;
    let correlation = trace::correlation(&session, &args.correlation)?;
    let document = bundle(context, &session, correlation, args.values)?;
    let text = serde_json::to_string_pretty(&document)?;
    let Some(file) = &args.file else {
        return Ok(Outcome::new(document, text));
    };
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
        Ok(Outcome::new(json!({ "file": file.display().to_string() }), told))
    })
}

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
            None => "not yours to read".into(),
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
            None => "not yours to read".into(),
        },
        "calls": match &calls {
            Some(rows) => table_json("plugintracelog", rows, &["messageblock", "configuration"])?,
            None => "not yours to read".into(),
        },
        "access": access(context, session, correlation)?,
        "settings": match settings::document(session) {
            Ok(settings) => settings,
            Err(error) if is_denied(&error) => "not yours to read".into(),
            Err(error) => return Err(error),
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

/// The rows of a query; nothing, where they are not the reader's to read.
fn listed(session: &dyn Door, query: Query) -> anyhow::Result<Option<Vec<Row>>> {
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
fn access(context: &Context, session: &Session, correlation: Uuid) -> anyhow::Result<Json> {
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
    let caller = acting.caller.map(|caller| labels.name(&user(caller)));
    let sender = Sender::of(&labels.name(&user(acting.user)), caller.as_deref());
    let qualifies = matches!(&refused, Refused::Request(recorded) if &*recorded.request.message == "QualifyLead");
    Ok(culprits::json(context, &found, &sender, qualifies))
}
