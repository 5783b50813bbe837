//! `sluice note`: notes of rows, and their attachments.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::json;
use sluice_model::{Error, Reference, Request, Right, Row};

use super::{
    row::{self, Shown},
    row_change::{self, Changes},
    selection::Selection,
    timeline,
};
use crate::{context::Context, door::Door, files, output::Outcome, reading, transfer, usage::Usage};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Write a note about a row, with a file if one is given.
    #[command(visible_alias = "create")]
    Add(Add),
    /// List the notes of a row; of an opportunity, those of its lead, too.
    List {
        /// The table.
        table: String,
        /// The row's id or name.
        id: String,
    },
    /// Show a note: the same as `row get annotation`.
    Show(Shown),
    /// Change columns of notes, such as subject and notetext: the same as `row update annotation`.
    Update(Changes),
    /// Save the attachment of a note.
    Save {
        /// The note's id or title.
        note: String,
        /// The file; - for standard output.
        file: PathBuf,
        /// Replace a file that is there.
        #[arg(long)]
        force: bool,
    },
    /// Remove notes with their attachments.
    Delete(Selection),
}

/// `note add`
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// The table.
    table: String,
    /// The row's id or name.
    id: String,
    /// The title; by default the name of the file.
    #[arg(long)]
    title: Option<String>,
    /// The text.
    #[arg(long, value_name = "TEXT|@FILE")]
    text: Option<String>,
    /// A file to attach.
    #[arg(long)]
    file: Option<PathBuf>,
    /// The type of the file; by default by the ending of its name.
    #[arg(long, requires = "file")]
    mime_type: Option<String>,
}

const TABLE: &str = "annotation";

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::Add(args) => add(&session, &args),
        Command::List { table, id } => timeline::notes(context, &session, &row::target(&session, &table, &id)?),
        Command::Save { note, file, force } => save(context, &session, &note, &file, force),
        Command::Show(shown) => row::show(context, &session, TABLE, &shown),
        Command::Update(changes) => row_change::update(context, &session, TABLE, &changes),
        Command::Delete(notes) => row_change::delete(context, &session, TABLE, &notes),
    }
}

fn add(session: &dyn Door, args: &Add) -> anyhow::Result<Outcome> {
    let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    if blank(&args.title) && blank(&args.text) && args.file.is_none() {
        return Err(Usage::because("the note is empty: give --title, --text or --file"));
    }
    session
        .check_privilege(TABLE, Right::Create)
        .map_err(|refusal| not_allowed(session, args, refusal))?;
    let about = row::target(session, &args.table, &args.id)?;
    let mut note = Row::unsaved(TABLE).with("objectid", about.clone());
    let by_file = args.file.as_ref().and_then(|file| file.file_name());
    if let Some(title) = args
        .title
        .clone()
        .or(by_file.map(|name| name.to_string_lossy().into_owned()))
    {
        note.set("subject", title);
    }
    if let Some(text) = &args.text {
        note.set("notetext", reading::text_or_file(text)?);
    }
    if let Some(kind) = &args.mime_type {
        note.set("mimetype", kind.as_str());
    }
    let Some(file) = &args.file else {
        let id = session.execute(Request::create(note))?.created().unwrap_or_default();
        return Ok(Outcome::new(
            json!({ "id": id.to_string() }),
            format!("created note {id} about {}", shown(&about)),
        ));
    };
    let moved = transfer::upload(session, note, file)?;
    Ok(Outcome::new(
        json!({ "id": moved.note.to_string(), "filesize": moved.size }),
        format!(
            "created note {} about {}, with {}",
            moved.note,
            shown(&about),
            crate::text::bytes(moved.size)
        ),
    ))
}

/// The refusal of whoever may write no note, recorded as that of the note without what is in files: so it can be
/// looked into.
fn not_allowed(session: &dyn Door, args: &Add, refusal: Error) -> Error {
    let about = match args.id.parse() {
        Ok(id) => Some(Reference::new(&*args.table, id)),
        Err(_) => row::target(session, &args.table, &args.id).ok(),
    };
    let mut note = Row::unsaved(TABLE);
    if let Some(about) = about {
        note.set("objectid", about);
    }
    if let Some(title) = &args.title {
        note.set("subject", title.as_str());
    }
    if let Some(text) = args.text.as_ref().filter(|text| !text.starts_with('@')) {
        note.set("notetext", text.as_str());
    }
    session.refused_at_gate(&Request::create(note), refusal)
}

fn shown(row: &Reference) -> String {
    format!("{} {}", row.table, row.id)
}

fn save(context: &Context, session: &dyn Door, note: &str, file: &Path, force: bool) -> anyhow::Result<Outcome> {
    let note = session.find_one(TABLE, note)?;
    let write = |out: &mut dyn Write| transfer::download(session, note, &mut |bytes| out.write_all(bytes));
    files::deliver(context, file, force, write, |size| {
        Ok(Outcome::new(
            json!({ "id": note.to_string(), "file": file.display().to_string(), "filesize": size }),
            format!("saved {} to {}", crate::text::bytes(size), file.display()),
        ))
    })
}
