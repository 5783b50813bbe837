//! `sluice why`: what a request was refused for, and what cures it. The recorded request runs again
//! as its caller, in transactions that are rolled back.

use serde_json::{Value as Json, json};
use sluice_engine::RecordedRequest;
use sluice_model::{Parameter, Reference};
use sluice_platform::prelude::*;

use super::trace;
use crate::{
    context::Context,
    culprits::{self, Report},
    names::Labels,
    output::Outcome,
};

/// See the module.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The correlation id of the request, or the end of it, or the id of its trace; by default (or as
    /// @last) your last request that was refused.
    trace: Option<String>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let which = args.trace.as_deref().filter(|trace| *trace != "@last");
    let which = which.map(|which| trace::correlation(&session, which)).transpose()?;
    let (recorded, found) = session.why(which)?;
    let caller = Reference::new("systemuser", recorded.caller);
    let row = row_of(&recorded);
    let labels = Labels::load(context, [caller.clone()].into_iter().chain(row.clone()))?;
    let user = if recorded.caller == session.user() {
        context.user().to_owned()
    } else {
        labels.name(&caller)
    };
    let what = what(&recorded, row.as_ref(), &labels);
    let text = Report {
        context,
        catalog: &*session.catalog()?,
        user: &user,
        what: &what,
        qualifies: &*recorded.request.message == "QualifyLead",
        tells_commands: culprits::tells_commands(&session),
    }
    .text(&found, &format!("sluice why {}", recorded.correlation));
    let mut document = culprits::json(context, &found, &user, &*recorded.request.message == "QualifyLead");
    if let Json::Object(map) = &mut document {
        let request = json!({
            "correlation": recorded.correlation.to_string(),
            "message": &*recorded.request.message,
            "row": row.map(|row| row.to_string()),
            "user": user,
            "startedon": recorded.started.to_string(),
            "succeeded": recorded.succeeded,
        });
        map.insert("request".to_owned(), request);
    }
    Ok(Outcome::new(document, text))
}

/// The row that a request was about, where it was there already.
fn row_of(recorded: &RecordedRequest) -> Option<Reference> {
    let rows = ["Target", "LeadId", "OpportunityClose"];
    rows.iter().find_map(|name| match recorded.request.inputs.get(*name)? {
        Parameter::Reference(row) => Some(row.clone()),
        Parameter::Row(row) if !row.id.is_nil() => Some(row.reference()),
        _ => None,
    })
}

/// `qualify the lead "Yvonne McKay"`, `create a row of account with name`.
fn what(recorded: &RecordedRequest, row: Option<&Reference>, labels: &Labels) -> String {
    let message = &*recorded.request.message;
    let target = recorded.request.inputs.get("Target");
    let columns = match target {
        Some(Parameter::Row(row)) if !row.values.is_empty() => {
            let names: Vec<&str> = row.values.keys().map(|name| &**name).collect();
            format!(" with {}", names.join(", "))
        }
        _ => String::new(),
    };
    match (message, row, target) {
        ("QualifyLead", Some(row), _) => format!("qualify the lead \"{}\"", labels.name(row)),
        ("Create", _, Some(Parameter::Row(row))) => format!("create a row of {}{columns}", row.table),
        ("Update" | "Delete" | "Assign" | "Retrieve", Some(row), _) => {
            format!(
                "{} the {} \"{}\"{columns}",
                message.to_lowercase(),
                row.table,
                labels.name(row)
            )
        }
        (message, Some(row), _) => format!("send {message} for the {} \"{}\"", row.table, labels.name(row)),
        ("RetrieveMultiple", ..) => match recorded.request.inputs.get("Query") {
            Some(Parameter::Query(query)) => format!("list rows of {}", query.table),
            _ => "list rows".to_owned(),
        },
        (message, None, _) => format!("send {message}"),
    }
}
