//! `sluice timeline`: the notes and activities of a row, the newest first.

use serde_json::{Map, Value as Json, json};
use sluice_model::{Catalog, Name, Parameter, Query, Reference, Row, TableDef, json as rows};
use sluice_sales::timeline;

use super::row;
use crate::{
    context::Context,
    door::Door,
    names::Labels,
    output::{Grid, Outcome},
    people,
};

/// What to show.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The table.
    table: String,
    /// The row's id or name.
    id: String,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let target = row::target(&session, &args.table, &args.id)?;
    let Timeline { entries, missing } = read(&session, &target)?;
    let catalog = session.catalog()?;
    let mut grid = Grid::new(["when", "what", "title", "text", "status", "about", "by", "id"]);
    let labels = Labels::of(context, &entries)?;
    for entry in &entries {
        let table = catalog.table(&entry.table)?;
        let cell = |column: &str| cell(table, entry, column, &labels);
        let text = [cell("notetext"), cell("description")].concat();
        let status = match (entry.get("statuscode"), attachment(entry)) {
            (Some(_), _) => cell("statuscode"),
            (None, Some(file)) => file,
            (None, None) => String::new(),
        };
        grid.row([
            cell("createdon"),
            table.display.clone(),
            cell("subject"),
            text,
            status,
            about(entry, &target, &labels),
            cell("createdby"),
            entry.id.to_string(),
        ]);
    }
    let mut text = grid.text("nothing").to_string();
    if !missing.is_empty() {
        let named: Vec<&str> = missing.iter().map(|privilege| &**privilege).collect();
        text.push_str(&format!(
            "\nnote: you may not read all of it, and what you may not read is not shown: you lack {}",
            named.join(" and ")
        ));
    }
    let document = json!({ "value": documents(&catalog, &entries)?, "missingPrivileges": missing });
    Ok(Outcome::new(document, text).with_rows())
}

/// The notes of a row.
pub(crate) fn notes(context: &Context, session: &dyn Door, target: &Reference) -> anyhow::Result<Outcome> {
    // A timeline leaves out what somebody may not read at all; a list of notes says so.
    session.list(Query::new("annotation").columns(&[]).top(0))?;
    let mut entries = read(session, target)?.entries;
    entries.retain(|entry| &*entry.table == "annotation");
    let catalog = session.catalog()?;
    let table = catalog.table("annotation")?;
    let labels = Labels::of(context, &entries)?;
    let mut grid = Grid::new(["title", "text", "attachment", "about", "by", "created", "id"]);
    for entry in &entries {
        let cell = |column: &str| cell(table, entry, column, &labels);
        grid.row([
            cell("subject"),
            cell("notetext"),
            attachment(entry).unwrap_or_default(),
            about(entry, target, &labels),
            cell("createdby"),
            cell("createdon"),
            entry.id.to_string(),
        ]);
    }
    Ok(Outcome::list(documents(&catalog, &entries)?, grid.text("no notes")))
}

/// What belongs to a row.
#[derive(Default)]
pub(super) struct Timeline {
    /// The notes and activities, the newest first.
    pub(super) entries: Vec<Row>,
    /// The privileges without which some of them are not shown.
    missing: Vec<Name>,
}

/// The notes and activities of a row, as far as the acting user may read them.
pub(super) fn read(session: &dyn Door, target: &Reference) -> anyhow::Result<Timeline> {
    let mut response = session.execute(timeline::request(target.clone()))?;
    let mut timeline = Timeline::default();
    if let Some(Parameter::Rows(rows)) = response.outputs.remove("Entries") {
        timeline.entries = rows;
    }
    if let Some(Parameter::Names(names)) = response.outputs.remove("MissingPrivileges") {
        timeline.missing = names;
    }
    Ok(timeline)
}

/// Rows of several tables: each says of which it is.
fn documents(catalog: &Catalog, entries: &[Row]) -> anyhow::Result<Vec<Json>> {
    let mut documents = Vec::new();
    for entry in entries {
        let columns: Vec<Name> = entry.values.keys().cloned().collect();
        let mut map = Map::new();
        map.insert("table".to_owned(), entry.table.to_string().into());
        if let Json::Object(row) = rows::from_row(catalog.table(&entry.table)?, entry, Some(&columns)) {
            map.extend(row);
        }
        documents.push(Json::Object(map));
    }
    Ok(documents)
}

fn cell(table: &TableDef, row: &Row, column: &str, labels: &Labels) -> String {
    match (table.column(column), row.get(column)) {
        (Some(column), Some(value)) => people::cell(column, value, labels),
        _ => String::new(),
    }
}

/// What the entry is about, where that is another row than the one that was asked for.
fn about(entry: &Row, target: &Reference, labels: &Labels) -> String {
    let about = entry.lookup("objectid").or(entry.lookup("regardingobjectid"));
    match about {
        Some(about) if about != target => format!("{} {}", about.table, labels.name(about)),
        _ => String::new(),
    }
}

/// The attachment of a note: its name and size.
fn attachment(entry: &Row) -> Option<String> {
    let size = entry.int("filesize")?;
    let name = entry.text("filename").unwrap_or("(without a name)");
    Some(format!(
        "{name}, {}",
        crate::text::bytes(u64::from(size.unsigned_abs()))
    ))
}
