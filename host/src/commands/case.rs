//! `sluice trace export` and `sluice plugin replay`: a plug-in call as a file, and run again from it.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Code, Error, Filter, Uuid, Value, case::Case, names::end_of_id};
use sluice_platform::prelude::*;

use super::{trace::of_call, why};
use crate::{
    context::Context,
    door::Door,
    output::{Exit, Outcome},
    people::count,
    reading,
    text::indented,
};

/// `plugin replay`
#[derive(Debug, clap::Args)]
#[command(after_help = "Ends with 0 where all is as it was, and with 1 where something differs.")]
pub(crate) struct Replay {
    /// The case, as `trace export` wrote it.
    case: PathBuf,
    /// The file whose plug-in runs; without it, the one that the organisation has.
    #[arg(long, value_name = "FILE")]
    wasm: Option<PathBuf>,
    /// The secure configuration, which is in no case.
    #[arg(long, value_name = "S|@F")]
    secure: Option<String>,
}

/// Writes the call of a step in a request as a case.
pub(super) fn export(
    context: &Context,
    session: &Session,
    trace: Option<&str>,
    step: Option<&str>,
) -> anyhow::Result<Outcome> {
    let trace = trace.filter(|trace| *trace != "@last");
    let which = trace.map(|trace| which(session, trace)).transpose()?;
    let (which, called) = which.map_or((None, None), |(which, called)| (Some(which), called));
    let step = step
        .map(|step| session.find_one("sdkmessageprocessingstep", step))
        .transpose()?
        .or(called);
    let case = session.case(which, step).map_err(|error| match which {
        None if error.code() == Code::NOT_FOUND => of_others(context, session, error),
        _ => error,
    })?;
    let text = case.text()?;
    let document: Json = serde_json::from_str(&text)?;
    Ok(Outcome::new(document, text))
}

/// The request that a text stands for; of a plug-in call also the step that called it.
fn which(session: &Session, text: &str) -> anyhow::Result<(Uuid, Option<Uuid>)> {
    let of_call = |text: &str| match (text.parse::<Uuid>(), end_of_id(text)) {
        (Ok(id), _) => of_call(session, &Filter::eq(CALL_ID, Value::Id(id))),
        (Err(_), Some(end)) => of_call(session, &Filter::ends_with(CALL_ID, &end)),
        (Err(_), None) => Ok(None),
    };
    match (text.parse::<Uuid>(), why::which(session, text)) {
        (Ok(id), _) => Ok(of_call(text)?.unwrap_or((id, None))),
        (Err(_), Ok(request)) => Ok((request, None)),
        (Err(_), Err(error)) => of_call(text)?.ok_or(error),
    }
}

/// Where nothing was refused to the user: how to come to the calls in what was refused to others.
fn of_others(context: &Context, session: &Session, mut error: Error) -> Error {
    let others = session.refused_of_others(OTHERS).unwrap_or_default();
    let commands = others.iter().map(|past| {
        let command = context.command(&format!("sluice trace export {}", past.correlation));
        format!("`{command}` ({})", past.message)
    });
    let commands: Vec<String> = commands.collect();
    if !commands.is_empty() {
        let told = format!("; of others these were, the newest first: {}", commands.join(", "));
        error.body_mut().message.push_str(&told);
    }
    error
}

const CALL_ID: &str = "plugintracelogid";

/// So many requests of others are named.
const OTHERS: usize = 3;

/// Runs a case again.
pub(super) fn replay(context: &Context, args: &Replay) -> anyhow::Result<Outcome> {
    let case = Case::read(&reading::text(&args.case)?)?;
    let secure = args.secure.as_deref().map(reading::text_or_file).transpose()?;
    let component = match &args.wasm {
        Some(file) => reading::bytes(file)?,
        None => pushed(context, &case)?,
    };
    let replayed = sluice_engine::replay(&case, &component, &context.options(), secure)?;
    let from = args
        .wasm
        .as_deref()
        .map_or("the organisation's own file".to_owned(), shown);
    let mut text = format!("{} of step \"{}\", run again with {from}: ", case.plugin, case.step);
    text.push_str(&match &replayed.difference {
        None => format!(
            "all is as it was, {} and how it ended",
            count(replayed.same, "question")
        ),
        Some(difference) => format!(
            "{} as they were, then it differs\n{}",
            count(replayed.same, "question"),
            indented(difference, 2)
        ),
    });
    if let Some(failure) = &replayed.failure {
        text.push_str(&format!("\nit failed: {failure}"));
    }
    let said = replayed.said.trim_end();
    if !said.is_empty() {
        text.push_str(&format!("\nit said:\n{}", indented(said, 2)));
    }
    let document = json!({
        "plugin": case.plugin,
        "step": case.step,
        "same": replayed.difference.is_none(),
        "questions": replayed.same,
        "difference": replayed.difference,
        "failure": replayed.failure,
        "said": replayed.said,
    });
    let exit = match replayed.difference {
        None => Exit::Done,
        Some(_) => Exit::Refused,
    };
    Ok(Outcome::new(document, text).with_exit(exit))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The component that the organisation has for a case.
fn pushed(context: &Context, case: &Case) -> anyhow::Result<Vec<u8>> {
    let session = context.session()?;
    let assembly = case
        .plugin
        .split_once('/')
        .map_or(&*case.plugin, |(assembly, _)| assembly);
    let id = Door::find_one(&session, "pluginassembly", assembly)?;
    Ok(session.plugin_content(id, None)?.1)
}
