//! `sluice import`: rows from a CSV file.

use std::{
    fs::File,
    io::{self, BufWriter, Seek, Write},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::Context as _;
use sluice_engine::{Session, check_target};
use sluice_model::{Error, Request, Right, Row};
use sluice_platform::import::{self, Options, Plan, Report, Stopped};

use crate::{
    context::Context,
    files, interrupt,
    output::{Exit, Outcome},
    reading, report,
    text::grouped,
    text::quoted,
    usage::Usage,
};

/// How many refusals people are shown.
const SHOWN: usize = 20;

const HELP: &str = "\
Each line is a request of its own; a line that is refused costs that line. Refused lines are written to a file, each \
with all that is wrong with it: correct them there and import that file with the same map, or correct the first file \
and import it again. A line that has its row already is skipped, wherever it stands and whatever else changed in the \
file. So an import that was stopped or killed is finished by running it again; --resume-after saves it the lines that \
are done.

The map (TOML): [columns] \"heading\" = \"column\"; [ignore] columns = [\"heading\"]; [values.COLUMN] text = value; \
[constants] column = value; [lookups.COLUMN] table = \"account\", by = \"name\"; [formats.COLUMN] date = \"%d.%m.%Y\", \
or decimal = \",\", thousands = \".\"; [key] columns = [\"column\"], existing = \"update\" or \"skip\"; and above these, \
timezone = \"UTC\", separator = \",\".";

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
    /// Refuse lines whose rows the published duplicate rules find to be there already.
    #[arg(long)]
    detect_duplicates: bool,
    /// Where refused lines are written, if there are any; NAME.refused.csv beside the file without it.
    #[arg(long, value_name = "FILE.csv")]
    refused: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: Args) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    // Who may not make such rows is told that, whatever is in the files: they are read only for what is recorded of the
    // refusal.
    session
        .check_privilege(&args.table, Right::Create)
        .map_err(|refusal| not_allowed(&session, &args, refusal))?;
    let plan =
        Plan::new(&session, &args.table, &reading::description(&args.map)?).map_err(|error| named(error, &args.map))?;
    let unreadable = || format!("{} cannot be read", args.file.display());
    let mut file = File::open(&args.file).with_context(unreadable)?;
    let metadata = file.metadata().with_context(unreadable)?;
    if !metadata.is_file() {
        return Err(Usage::because(format!(
            "{} is no file; it is read twice, so it cannot be a pipe",
            args.file.display()
        )));
    }
    args.refused.as_deref().map_or(Ok(()), check_target)?;
    if let Some(refused) = args.refused.as_ref().filter(|path| path.symlink_metadata().is_ok()) {
        return Err(Usage::because(format!(
            "{} exists already; choose another name for the refused lines",
            refused.display()
        )));
    }
    let survey = import::survey(&plan, &file, metadata.len()).map_err(|error| named(error, &args.file))?;
    file.rewind().with_context(unreadable)?;

    let stop = interrupt::flag("finishing the lines in flight; Ctrl-C again ends at once")?;
    let written = OnceLock::new();
    let options = Options {
        resume_after: args.resume_after,
        stop: &stop,
        detect_duplicates: args.detect_duplicates,
        refused: Some(Box::new(|| refused_file(&args, &written))),
        words: &report::in_line,
    };
    let bar = interrupt::progress_bar("{spinner} {human_pos} lines, {per_sec}");
    let result = import::import(&session, &plan, survey, file, options, &|lines| bar.set_position(lines));
    bar.finish_and_clear();
    let report = result.map_err(|error| named(error, &args.file))?;
    let written = written.get().map(PathBuf::as_path);
    let mut document = report.to_json();
    if let (Some(document), Some(path)) = (document.as_object_mut(), written) {
        document.insert("refused_file".to_owned(), path.display().to_string().into());
    }
    Ok(Outcome::new(document, text(context, &args, &report, written)).with_exit(exit(&report)))
}

/// The refusal of whoever may not make such rows, recorded as that of the first line: so it can be looked into.
fn not_allowed(session: &Session, args: &Args, refusal: Error) -> Error {
    let Ok(catalog) = session.catalog() else { return refusal };
    let Some(table) = catalog.find(&args.table) else {
        return refusal;
    };
    let is_file = |path: &Path| path.metadata().is_ok_and(|metadata| metadata.is_file());
    let first = || {
        // What is no file is not even opened: that may wait for whoever writes into it.
        let map = is_file(&args.map)
            .then(|| reading::description(&args.map).ok())
            .flatten()?;
        let plan = Plan::read(session, &table.name, &map).ok()?;
        let file = is_file(&args.file).then(|| File::open(&args.file).ok()).flatten()?;
        import::first_row(&plan, file)
    };
    let row = first().unwrap_or_else(|| Row::unsaved(table.name.clone()));
    session.refused_at_gate(&Request::create(row), refusal)
}

/// Makes the file of the refused lines: one that is there may be one that somebody corrects.
fn refused_file(args: &Args, made: &OnceLock<PathBuf>) -> io::Result<Box<dyn Write + Send>> {
    let candidates: Vec<PathBuf> = match &args.refused {
        Some(path) => vec![path.clone()],
        None => (1..=999).map(|number| refused_name(&args.file, number)).collect(),
    };
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for path in candidates {
        match files::make_new(&path) {
            Ok(file) => {
                let _ = made.set(path);
                return Ok(Box::new(BufWriter::new(file)));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// `leads.refused.csv`, `leads.refused-2.csv`, … beside `leads.csv`; of a file of refused lines the
/// next one.
fn refused_name(file: &Path, number: u32) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name = match stem.rsplit_once(".refused") {
        Some((name, rest))
            if rest
                .strip_prefix('-')
                .unwrap_or(rest)
                .bytes()
                .all(|byte| byte.is_ascii_digit()) =>
        {
            name
        }
        _ => &stem,
    };
    let number = match number {
        1 => String::new(),
        number => format!("-{number}"),
    };
    file.with_file_name(format!("{name}.refused{number}.csv"))
}

/// An error that says in which file it is.
fn named(mut error: sluice_model::Error, file: &Path) -> sluice_model::Error {
    let body = error.body_mut();
    body.message = format!("{}: {}", file.display(), body.message);
    error
}

fn exit(report: &Report) -> Exit {
    match &report.stopped {
        Some(stopped) if stopped.failure.is_some() => Exit::Host,
        Some(_) => Exit::Refused,
        None if report.refused_lines == 0 => Exit::Done,
        None => Exit::Refused,
    }
}

fn text(context: &Context, args: &Args, report: &Report, refused: Option<&Path>) -> String {
    let mut text = format!(
        "{} {} read: {} created",
        grouped(report.read),
        if report.read == 1 { "line" } else { "lines" },
        grouped(report.created)
    );
    for (count, what) in [(report.updated, "updated"), (report.skipped, "there already")] {
        if count > 0 {
            text.push_str(&format!(", {} {what}", grouped(count)));
        }
    }
    if report.of_others > 0 {
        text.push_str(&format!(" ({} from imports of others)", grouped(report.of_others)));
    }
    text.push_str(&format!(", {} refused", grouped(report.refused_lines)));
    for refusal in report.refused.iter().take(SHOWN) {
        for (number, fault) in refusal.faults.iter().enumerate() {
            let column = fault.column.as_deref();
            let (place, column) = match number {
                0 => (
                    format!("line {}", refusal.line),
                    column.map(|column| format!(", {column}")),
                ),
                _ => ("  ".to_owned(), column.map(str::to_owned)),
            };
            let column = column.unwrap_or_default();
            let mark = if number > 0 && column.is_empty() { "" } else { ": " };
            text.push_str(&format!("\n  {place}{column}{mark}{}", report::in_line(&fault.error)));
        }
    }
    let shown = report.refused.len().min(SHOWN) as u64;
    if report.refused_lines > shown {
        text.push_str(&format!("\n  and {} more", grouped(report.refused_lines - shown)));
    }
    for help in what_helps(context, report) {
        text.push_str(&format!("\n\n{help}"));
    }
    if let Some(path) = refused {
        let command = import_command(args, path);
        text.push_str(&format!(
            "\n\nthe refused lines are in {}, each with what is wrong with it; correct them there and give them again:\n  {}",
            path.display(),
            context.command(&command)
        ));
    }
    if let Some(error) = &report.unwritten {
        text.push_str(&format!(
            "\n\nnot all refused lines could be written to a file of their own: {error}"
        ));
    }
    if let Some(stopped) = &report.stopped {
        text.push_str(&stopped_text(context, args, stopped));
    }
    text
}

/// Where an import stopped, and how to go on.
fn stopped_text(context: &Context, args: &Args, stopped: &Stopped) -> String {
    let command = import_command(args, &args.file);
    let mut text = match stopped.goes_on_after() {
        None => format!(
            "\n\nstopped: what was imported is in the file that was opened, not in the one that is at its path now; see \
             what that one is, and begin again with\n  {}",
            context.command(&command)
        ),
        Some(line) => format!(
            "\n\nstopped: every line up to {line} is done; go on with\n  {}",
            context.command(&format!("{command} --resume-after {line}"))
        ),
    };
    if let Some(failure) = &stopped.failure {
        text.push_str(&format!("\n\n{}", report::error(context, failure)));
    }
    text
}

/// What helps against the refusals that are shown, as far as the lines themselves do not say it: once for
/// each of their kind, with what looks into the first of it.
fn what_helps(context: &Context, report: &Report) -> Vec<String> {
    let faults = report.refused.iter().take(SHOWN).flat_map(|refusal| &refusal.faults);
    let mut told: Vec<(String, Option<String>)> = Vec::new();
    for error in faults.map(|fault| &fault.error) {
        let help = report::help(context, error);
        told.extend(help.filter(|(help, _)| told.iter().all(|(known, _)| known != help)));
    }
    let with_look = |(help, looks): (String, Option<String>)| match looks {
        Some(looks) => format!("{help}\n  {looks}"),
        None => help,
    };
    told.into_iter().map(with_look).collect()
}

fn import_command(args: &Args, file: &Path) -> String {
    let path = |path: &Path| quoted(&path.display().to_string());
    let detecting = if args.detect_duplicates {
        " --detect-duplicates"
    } else {
        ""
    };
    format!(
        "sluice import {} --table {} --map {}{detecting}",
        path(file),
        args.table,
        path(&args.map)
    )
}
