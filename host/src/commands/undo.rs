//! `sluice undo`: the last change of what the organisation is configured by, taken back.

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Catalog, Code, Depth, Query, Reference, Row, coerce, json as rows};
use sluice_platform::{TakenBack, Undone, Wanted, prelude::*};

use super::{jobs, reach};
use crate::{
    context::Context,
    door::Door,
    names::{self, Labels},
    output::{Exit, Grid, Outcome, tell},
    people,
};

/// `undo`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It is taken back by ordinary messages, with your own privileges, and is on record like any change. The same \
again goes one change further back, and --redo makes again what was taken back last. Where something is no \
longer as the change left it, nothing is taken back.")]
pub(crate) struct Args {
    /// step:NAME, role:NAME, duprule:NAME, profile:NAME, workflow:NAME, businessrule:NAME, flow:NAME or settings; a name
    /// alone where it is the only one. What is a part of it (images, conditions, privileges) counts as it does.
    /// Without it, your last request that changed any of them, as a whole.
    what: Option<String>,
    /// The last change of this user's; by default, of what is named, whoever changed it, or else your own.
    #[arg(long, value_name = "USER")]
    by: Option<String>,
    /// Make again what was taken back last.
    #[arg(long)]
    redo: bool,
    /// Only show what would be taken back.
    #[arg(long)]
    dry_run: bool,
}

/// The kinds by the words for them.
const KINDS: [(&str, &str); 7] = [
    ("step", "sdkmessageprocessingstep"),
    ("role", "role"),
    ("duprule", "duplicaterule"),
    ("profile", "fieldsecurityprofile"),
    ("workflow", "workflow"),
    ("businessrule", "workflow"),
    ("flow", "workflow"),
];

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let by = args.by.as_deref().map(|user| session.find_one("systemuser", user));
    let wanted = Wanted {
        what: args.what.as_deref().map(|what| find(&session, what)).transpose()?,
        by: by.transpose()?,
        redo: args.redo,
    };
    if !args.dry_run && !context.goes_on() {
        let undone = session.undo(&wanted, false)?;
        say_whose(context, &session, &undone, args.redo)?;
        say_reach(context, &session, &undone)?;
    }
    let undone = session.undo(&wanted, !args.dry_run)?;
    let mut exit = Exit::Done;
    let mut told = Vec::new();
    if !args.dry_run {
        for job in &undone.jobs {
            let outcome = jobs::run_job(&session, *job)?;
            told.push(jobs::told(context, *job, &outcome));
            if outcome.state != sluice_engine::JobState::Succeeded {
                exit = Exit::Refused;
            }
        }
    }
    Ok(shown(context, &session, &undone, args, &told)?.with_exit(exit))
}

/// Says whose change is taken back, and of what; where it is not one's own, it is asked whether to go on.
fn say_whose(context: &Context, session: &Session, undone: &Undone, redo: bool) -> anyhow::Result<()> {
    let rows = undone.changes.iter().map(|change| change.row.clone());
    let labels = Labels::load(context, rows.chain([undone.by.clone()]))?;
    let of = undone.changes.iter().map(|change| {
        let name = labels.find(&change.row).or(change.name.as_deref());
        let name = name.map_or_else(|| change.row.id.to_string(), |name| format!("\"{name}\""));
        format!("{} {name}", sluice_engine::noun(&change.row.table))
    });
    let (by, when) = (labels.name(&undone.by), rows::whole_seconds(undone.when));
    let of: Vec<String> = of.collect();
    let what = match redo {
        true => format!("this makes again what {by} took back at {when}"),
        false => format!("this takes back what {by} changed at {when}"),
    };
    let what = format!("{what}: {}", of.join(", "));
    match undone.by.id == session.user() {
        true => tell(&what),
        false => reach::told(context, &what)?,
    }
    Ok(())
}

/// Says whom it reaches that a change is taken back: what was made goes, and what was given is taken.
fn say_reach(context: &Context, session: &Session, undone: &Undone) -> anyhow::Result<()> {
    let catalog = session.catalog()?;
    let made: Vec<Reference> = undone
        .changes
        .iter()
        .filter(|one| one.is_made)
        .map(|one| one.row.clone())
        .collect();
    reach::of_deletes(context, &made)?;
    let mut changed = Vec::new();
    // What is a part of a row that goes is not told by itself.
    for change in undone.changes.iter().filter(|one| !made.contains(&one.row)) {
        let table = catalog.table(&change.row.table)?;
        let depths = change
            .columns
            .iter()
            .filter(|(name, ..)| table.column(name).is_none())
            .map(|(privilege, _, then)| (privilege.clone(), then.as_str().and_then(Depth::parse)));
        let depths: Vec<_> = depths.collect();
        if &*table.name == "role" && !depths.is_empty() {
            let name = names::called(session, "role", &change.row.id.to_string())?.1;
            reach::of_lowering(context, (&name, change.row.id), &depths)?;
        } else {
            let mut row = Row::new(table.name.clone(), change.row.id);
            for (name, _, then) in &change.columns {
                let value = table.column(name).map(|column| coerce::from_json(table, column, then));
                if let Some(Ok(value)) = value {
                    row.set(name.as_str(), value);
                }
            }
            changed.push(row);
        }
    }
    reach::of_updates(context, &changed)
}

/// What was taken back, for machines and for people.
fn shown(
    context: &Context,
    session: &Session,
    undone: &Undone,
    args: &Args,
    jobs: &[String],
) -> anyhow::Result<Outcome> {
    let named = undone.changes.iter().map(|change| change.row.clone());
    let labels = Labels::load(context, named.chain([undone.by.clone()]))?;
    let catalog = session.catalog()?;
    let actions = catalog.table("audit")?.column("action").cloned();
    let mut grid = Grid::new(["was", "table", "row", "column", "is", "becomes"]);
    let mut documents = Vec::new();
    for change in &undone.changes {
        let number = sluice_model::Value::Choice(change.action);
        let action = actions.as_ref().map(|column| people::cell(column, &number, &labels));
        let action = action.unwrap_or_else(|| change.action.to_string());
        let own = labels.find(&change.row).map(ToOwned::to_owned);
        let name = own.or_else(|| change.name.clone());
        let name = name.unwrap_or_else(|| change.row.id.to_string());
        let mut head = [action.clone(), change.row.table.to_string(), name.clone()];
        for (column, now, then) in &change.columns {
            let values = [now, then].map(|value| value_text(&catalog, change, column, value, &labels));
            grid.row(head.iter().chain([column]).chain(&values));
            head = Default::default();
        }
        if change.columns.is_empty() {
            grid.row(&head);
        }
        let columns = change.columns.iter();
        let columns = columns.map(|(column, now, then)| json!({ "column": column, "from": now, "to": then }));
        documents.push(json!({
            "was": action,
            "table": &*change.row.table,
            "row": change.row.id.to_string(),
            "name": name,
            "columns": columns.collect::<Vec<_>>(),
        }));
    }
    let (done, did) = match args.redo {
        true => ("made again", "took back"),
        false => ("taken back", "changed"),
    };
    let would = if args.dry_run { "would be " } else { "" };
    let (by, when) = (labels.name(&undone.by), rows::whole_seconds(undone.when));
    let before = format!("{would}{done}: what {by} {did} at {when}");
    let document = json!({
        "done": !args.dry_run,
        "by": by,
        "at": when,
        "changes": documents,
        "jobs": undone.jobs.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    Ok(Outcome::table(document, &before, grid.text("no changes"), &jobs.join("\n")).listing("changes"))
}

/// A recorded value as people read it.
fn value_text(catalog: &Catalog, change: &TakenBack, column: &str, value: &Json, labels: &Labels) -> String {
    let typed = catalog.find(&change.row.table).and_then(|table| {
        let column = table.column(column)?;
        let value = coerce::from_json(table, column, value).ok()?;
        Some(people::cell(column, &value, labels))
    });
    typed.unwrap_or_else(|| match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// The row that somebody means.
fn find(session: &Session, what: &str) -> anyhow::Result<Reference> {
    if matches!(what, "settings" | "setting") {
        let rows = session.list(Query::new("organization").columns(&[]))?;
        let row = rows.first().map(sluice_model::Row::reference);
        return row.ok_or_else(|| sluice_model::Error::invalid("you may not read the settings").into());
    }
    let kind = |word: &str| KINDS.iter().find(|(known, _)| *known == word);
    if let Some((table, name)) = what
        .split_once(':')
        .and_then(|(word, name)| Some((kind(word)?.1, name)))
    {
        return Ok(Reference::new(table, session.find_one(table, name)?));
    }
    let mut first = None;
    for (_, table) in KINDS {
        match Door::find_one(session, table, what) {
            Ok(id) => return Ok(Reference::new(table, id)),
            Err(error) if error.code() == Code::NOT_FOUND => first = first.or(Some(error)),
            Err(error) => return Err(error.into()),
        }
    }
    let hint = names::near_any(session, KINDS.map(|(_, table)| Query::new(table)), "name", what);
    let message = format!(
        "there is no step, role, duplicate rule, profile or process \"{what}\"{hint}; write settings for the settings"
    );
    Err(first
        .map_or_else(
            || sluice_model::Error::invalid(message.clone()),
            |error| sluice_model::Error::new(error.code(), message.clone()),
        )
        .into())
}
