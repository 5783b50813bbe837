//! `sluice import`: rows from a CSV file.

use std::{fs::File, io::Seek, path::PathBuf};

use anyhow::Context as _;
use sluice_model::Right;
use sluice_platform::import::{self, Options, Plan, Report};

use crate::{
    context::Context,
    files, interrupt,
    output::{Exit, Outcome},
    report,
    text::grouped,
    text::quoted,
    usage::Usage,
};

/// How many refusals people are shown.
const SHOWN: usize = 20;

const HELP: &str = "\
Each line becomes one row, in a transaction of its own; a line that is refused costs that line. Importing the same \
file again creates no second rows: lines whose rows are there count as present. So an import that was stopped or \
killed is finished by running it again; --resume-after saves it the lines that are done.

The map (TOML): [columns] \"heading\" = \"column\"; [ignore] columns = [\"heading\"]; [values.COLUMN] text = value; \
[constants] column = value; [lookups.COLUMN] table = \"account\", by = \"name\"; and above these, timezone = \"UTC\".";

/// What to import.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The CSV file: UTF-8, its first line the headings.
    file: PathBuf,
    /// The table that the rows go into.
    #[arg(long)]
    table: String,
    /// Which heading goes into which column.
    #[arg(long, value_name = "MAP.toml")]
    map: PathBuf,
    /// Pass over the lines up to this one.
    #[arg(long, value_name = "LINE", default_value_t = 0, hide_default_value = true)]
    resume_after: u64,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: Args) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    // Who may not make such rows is told before anything is read.
    session.check_privilege(&args.table, Right::Create)?;
    let plan =
        Plan::new(&session, &args.table, &files::description(&args.map)?).map_err(|error| named(error, &args.map))?;
    let unreadable = || format!("{} cannot be read", args.file.display());
    let mut file = File::open(&args.file).with_context(unreadable)?;
    if !file.metadata().with_context(unreadable)?.is_file() {
        return Err(Usage::because(format!(
            "{} is no file; it is read twice, so it cannot be a pipe",
            args.file.display()
        )));
    }
    let digest = import::digest(&file).with_context(unreadable)?;
    file.rewind().with_context(unreadable)?;

    let stop = interrupt::flag("finishing the lines in flight; Ctrl-C again ends at once")?;
    let options = Options {
        digest,
        resume_after: args.resume_after,
        workers: import::WORKERS,
        stop: &stop,
    };
    let bar = interrupt::progress_bar("{spinner} {human_pos} lines, {per_sec}");
    let result = import::import(&session, &plan, file, &options, &|lines| bar.set_position(lines));
    bar.finish_and_clear();
    let report = result.map_err(|error| named(error, &args.file))?;
    Ok(Outcome::new(report.to_json(), text(context, &args, &report)).with_exit(exit(&report)))
}

/// An error that says in which file it is.
fn named(mut error: sluice_model::Error, file: &std::path::Path) -> sluice_model::Error {
    let body = error.body_mut();
    body.message = format!("{}: {}", file.display(), body.message);
    error
}

fn exit(report: &Report) -> Exit {
    match &report.stopped {
        Some(stopped) if stopped.failure.is_some() => Exit::Host,
        Some(_) => Exit::Refused,
        None if report.refused.is_empty() => Exit::Done,
        None => Exit::Refused,
    }
}

fn text(context: &Context, args: &Args, report: &Report) -> String {
    let mut text = format!(
        "{} {} read: {} created",
        grouped(report.read),
        if report.read == 1 { "line" } else { "lines" },
        grouped(report.created)
    );
    if report.present > 0 {
        text.push_str(&format!(", {} there already", grouped(report.present)));
    }
    text.push_str(&format!(", {} refused", grouped(report.refused.len() as u64)));
    for refusal in report.refused.iter().take(SHOWN) {
        let column = refusal
            .column
            .as_ref()
            .map(|column| format!(", {column}"))
            .unwrap_or_default();
        text.push_str(&format!(
            "\n  line {}{column}: {}",
            refusal.line,
            refusal.error.message()
        ));
    }
    if report.refused.len() > SHOWN {
        text.push_str(&format!(
            "\n  and {} more; --json lists all",
            grouped((report.refused.len() - SHOWN) as u64)
        ));
    }
    if let Some(stopped) = &report.stopped {
        let path = |path: &std::path::Path| quoted(&path.display().to_string());
        let command = format!(
            "sluice import {} --table {} --map {} --resume-after {}",
            path(&args.file),
            args.table,
            path(&args.map),
            stopped.resume_after
        );
        text.push_str(&format!(
            "\n\nstopped: every line up to {} is done; go on with\n  {}",
            stopped.resume_after,
            context.command(&command)
        ));
        if let Some(failure) = &stopped.failure {
            text.push_str(&format!("\n\n{}", report::error(context, failure)));
        }
    }
    text
}
