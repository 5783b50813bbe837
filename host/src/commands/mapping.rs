//! `sluice mapping`: which columns a row takes over from another. What a command changes is
//! published at once, unless it is to stay a draft.

use std::{
    collections::HashMap,
    io::{BufRead, IsTerminal, stderr, stdin},
};

use serde_json::json;
use sluice_engine::{Batch, Session};
use sluice_model::{Code, Error, Filter, Query, Reference, Request, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_platform::{Change, MappingProblem};

use super::{
    publish::{self, Along},
    reach,
    row::references,
};
use crate::{
    context::Context,
    output::{self, Exit, Grid, Outcome, tell},
    people::count,
    usage::Usage,
};

const TABLES: &str = "entitymap";
const COLUMNS: &str = "attributemap";

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the mappings from one table to another.
    List {
        #[command(flatten)]
        tables: Tables,
        /// As customizers have them, with what is not yet published.
        #[arg(long)]
        draft: bool,
    },
    /// Map a column onto another.
    #[command(visible_alias = "create")]
    Add {
        #[command(flatten)]
        tables: Tables,
        #[command(flatten)]
        columns: Columns,
        /// Do not publish it yet.
        #[arg(long)]
        draft: bool,
    },
    /// Remove a mapping.
    #[command(visible_alias = "delete")]
    Remove {
        #[command(flatten)]
        tables: Tables,
        #[command(flatten)]
        columns: Columns,
        /// Do not publish it yet.
        #[arg(long)]
        draft: bool,
    },
    /// Generate mappings: replace all that you made by those of columns of one name and type.
    Generate {
        #[command(flatten)]
        tables: Tables,
        /// Do not publish them yet.
        #[arg(long)]
        draft: bool,
    },
    /// Find mappings that are wrong before somebody qualifies a lead.
    Lint,
}

/// From which table to which.
#[derive(Debug, clap::Args)]
pub(crate) struct Tables {
    /// The table that is mapped, such as lead.
    source: String,
    /// The table that is mapped onto, such as opportunity.
    target: String,
}

/// From which column to which.
#[derive(Debug, clap::Args)]
pub(crate) struct Columns {
    /// The column of the source.
    source_column: String,
    /// The column of the target.
    target_column: String,
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List { tables, draft } => list(&session, &tables, draft),
        Command::Add { tables, columns, draft } => add(&session, &tables, &columns, draft),
        Command::Remove { tables, columns, draft } => remove(context, &session, &tables, &columns, draft),
        Command::Generate { tables, draft } => generate(&session, &tables, context.goes_on(), draft),
        Command::Lint => lint(&session),
    }
}

fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.text(column).unwrap_or_default()
}

/// The row of the two tables among these.
fn of_tables<'a>(maps: &'a [Row], tables: &Tables) -> Option<&'a Row> {
    maps.iter()
        .find(|map| text(map, "sourceentityname") == tables.source && text(map, "targetentityname") == tables.target)
}

fn list(session: &Session, tables: &Tables, draft: bool) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    catalog.table(&tables.source)?;
    catalog.table(&tables.target)?;
    // What is published is read with the privileges on the drafts.
    let drafts = (session.list(Query::new(TABLES))?, session.list(Query::new(COLUMNS))?);
    let (maps, mut rows) = if draft {
        drafts
    } else {
        (session.published(TABLES)?, session.published(COLUMNS)?)
    };
    let mut changes: HashMap<Uuid, &'static str> = HashMap::new();
    if draft {
        let unpublished = session.unpublished()?.into_iter();
        for change in unpublished.filter(|change| &*change.row.table == COLUMNS) {
            changes.insert(change.row.id, change.change.word());
            if change.change == Change::Removed {
                let published = session.published(COLUMNS)?;
                rows.extend(published.into_iter().filter(|row| row.id == change.row.id));
            }
        }
    }
    let Some(map) = of_tables(&maps, tables) else {
        let nothing = format!("nothing is mapped from {} to {}", tables.source, tables.target);
        return Ok(Outcome::items(Vec::new(), nothing));
    };
    rows.retain(|row| row.id_of("entitymapid") == Some(map.id));
    rows.sort_by(|a, b| text(a, "targetattributename").cmp(text(b, "targetattributename")));
    let mut grid = Grid::new([tables.source.as_str(), &tables.target, "of", "not yet published"]);
    let mut documents = Vec::new();
    for row in &rows {
        let (system, managed) = (row.bool("issystem") == Some(true), row.bool("ismanaged") == Some(true));
        let owner = match (system, managed) {
            (true, _) => "the platform",
            (_, true) => "managed",
            _ => "",
        };
        let change = changes.get(&row.id).copied();
        let (source, target) = (text(row, "sourceattributename"), text(row, "targetattributename"));
        grid.row([source, target, owner, change.unwrap_or_default()]);
        documents.push(json!({
            "id": row.id.to_string(),
            "source": source,
            "target": target,
            "system": system,
            "managed": managed,
            "unpublished": change,
        }));
    }
    Ok(Outcome::items(documents, grid.text("no mappings")))
}

/// The row of the two tables; a new one where there is none.
fn table_map(batch: &mut Batch<'_>, tables: &Tables) -> sluice_model::Result<Reference> {
    let maps = batch.list(Query::new(TABLES))?;
    let id = match of_tables(&maps, tables) {
        Some(map) => map.id,
        None => batch.create(
            Row::unsaved(TABLES)
                .with("sourceentityname", tables.source.as_str())
                .with("targetentityname", tables.target.as_str()),
        )?,
    };
    Ok(Reference::new(TABLES, id))
}

fn add(session: &Session, tables: &Tables, columns: &Columns, draft: bool) -> anyhow::Result<Outcome> {
    let along = Along::waiting(session, draft)?;
    let (id, published) = session.batch(|batch| {
        let map = table_map(batch, tables)?;
        let row = Row::unsaved(COLUMNS)
            .with("entitymapid", map.clone())
            .with("sourceattributename", columns.source_column.as_str())
            .with("targetattributename", columns.target_column.as_str());
        let id = batch.create(row)?;
        let mut published = Vec::new();
        if !draft {
            published = publish::rows_of(batch, vec![map, Reference::new(COLUMNS, id)])?;
        }
        Ok((id, published))
    })?;
    let along = along.published(&published);
    let warnings = session.mapping_warnings(
        (&tables.source, &columns.source_column),
        (&tables.target, &columns.target_column),
    )?;
    let document = json!({
        "id": id.to_string(),
        "published": !draft,
        "warnings": warnings,
        "along": along.documents(),
    });
    let mut lines = vec![format!("{} is mapped{}", named(tables, columns), not_yet(draft))];
    lines.extend(warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.extend(along.lines());
    Ok(Outcome::new(document, lines.join("\n")))
}

fn named(tables: &Tables, columns: &Columns) -> String {
    format!(
        "{}.{} → {}.{}",
        tables.source, columns.source_column, tables.target, columns.target_column
    )
}

fn not_yet(draft: bool) -> &'static str {
    if draft {
        "; it counts when it is published (`sluice publish`)"
    } else {
        ""
    }
}

fn remove(
    context: &Context,
    session: &Session,
    tables: &Tables,
    columns: &Columns,
    draft: bool,
) -> anyhow::Result<Outcome> {
    reach::of_definition(context, &format!("mapping {}", named(tables, columns)))?;
    let find = |maps: &[Row], rows: Vec<Row>| {
        let map = of_tables(maps, tables)?.id;
        rows.into_iter().find(|row| {
            row.id_of("entitymapid") == Some(map)
                && text(row, "sourceattributename") == columns.source_column
                && text(row, "targetattributename") == columns.target_column
        })
    };
    let id = session.batch(|batch| {
        let drafts = find(&batch.list(Query::new(TABLES))?, batch.list(Query::new(COLUMNS))?);
        let id = match drafts {
            Some(row) => {
                batch.execute(Request::delete(row.reference()))?;
                row.id
            }
            // Removed already, and not yet published.
            None => find(&session.published(TABLES)?, session.published(COLUMNS)?)
                .map(|row| row.id)
                .ok_or_else(|| {
                    let message = format!(
                        "{} is not mapped; `mapping list {} {}` shows what is",
                        named(tables, columns),
                        tables.source,
                        tables.target
                    );
                    Error::new(Code::NOT_FOUND, message).with_table(COLUMNS)
                })?,
        };
        if !draft {
            publish::rows_of(batch, vec![Reference::new(COLUMNS, id)])?;
        }
        Ok(id)
    })?;
    let document = json!({ "id": id.to_string(), "published": !draft });
    let text = format!("{} is no longer mapped{}", named(tables, columns), not_yet(draft));
    Ok(Outcome::new(document, text))
}

fn generate(session: &Session, tables: &Tables, yes: bool, draft: bool) -> anyhow::Result<Outcome> {
    if !yes {
        ask(session, tables)?;
    }
    let (removed, created) = session.batch(|batch| {
        let map = table_map(batch, tables)?;
        let request = Request::new("AutoMapEntity").with("EntityMapId", Value::Id(map.id));
        let response = batch.execute(request)?;
        let rows = |name| references(&response, name).to_vec();
        let (removed, created): (Vec<Reference>, Vec<Reference>) = (rows("Removed"), rows("Created"));
        if !draft {
            // All of them are replaced, those of earlier drafts as well.
            let counting = session.published(COLUMNS)?.into_iter();
            let counting = counting.filter(|row| row.id_of("entitymapid") == Some(map.id));
            let replaced = counting.map(|row| row.reference());
            publish::rows_of(
                batch,
                replaced.chain(created.iter().cloned()).chain([map.clone()]).collect(),
            )?;
        }
        Ok((removed.len(), created.len()))
    })?;
    let document = json!({ "removed": removed, "created": created, "published": !draft });
    let text = format!(
        "{} → {}: {} removed, {created} generated{}",
        tables.source,
        tables.target,
        count(removed, "mapping"),
        not_yet(draft)
    );
    Ok(Outcome::new(document, text))
}

/// Generating makes many mappings at once and replaces what somebody made: only with their
/// consent.
fn ask(session: &Session, tables: &Tables) -> anyhow::Result<()> {
    let maps = session.list(Query::new(TABLES))?;
    let own = match of_tables(&maps, tables) {
        Some(map) => {
            let own = Filter::eq("entitymapid", map.id)
                .and(Filter::eq("issystem", false))
                .and(Filter::eq("ismanaged", false));
            session.list(Query::new(COLUMNS).columns(&[]).filter(own))?.len()
        }
        None => 0,
    };
    let replaces = match own {
        0 => String::new(),
        own => format!("replaces {} and ", count(own, "mapping")),
    };
    let warning = format!(
        "generating {replaces}maps all columns of one name and type from {} to {}",
        tables.source, tables.target
    );
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Err(Usage::because(format!("{warning}; say --yes if that is meant")));
    }
    tell(&format!("{warning}. Go on? [y/N]"));
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer)?;
    if answer.trim().to_lowercase().starts_with('y') {
        Ok(())
    } else {
        Err(Usage::because("nothing was generated"))
    }
}

fn lint(session: &Session) -> anyhow::Result<Outcome> {
    let problems = session.mapping_problems()?;
    let documents = problems.iter().map(document).collect();
    let line = |problem: &MappingProblem| {
        format!(
            "{}.{} → {}.{}: {}: {}{}",
            problem.source.0,
            problem.source.1,
            problem.target.0,
            problem.target.1,
            problem.sort,
            problem.text,
            if problem.published { "" } else { " (not yet published)" }
        )
    };
    let text = match problems.len() {
        0 => "all mappings are in order".to_owned(),
        _ => problems.iter().map(line).collect::<Vec<_>>().join("\n"),
    };
    let exit = if problems.is_empty() { Exit::Done } else { Exit::Refused };
    let text = match output::takes_out() {
        true => cells(&problems).into(),
        false => output::Text::from(text),
    };
    Ok(Outcome::items(documents, text).with_exit(exit))
}

/// The problems where cells alone are wanted.
fn cells(problems: &[MappingProblem]) -> crate::output::Written {
    let mut grid = Grid::new(["source", "target", "problem", "message", "published"]);
    for problem in problems {
        grid.row([
            format!("{}.{}", problem.source.0, problem.source.1),
            format!("{}.{}", problem.target.0, problem.target.1),
            problem.sort.to_owned(),
            problem.text.clone(),
            if problem.published { "yes" } else { "no" }.to_owned(),
        ]);
    }
    grid.text("")
}

fn document(problem: &MappingProblem) -> serde_json::Value {
    json!({
        "id": problem.map.to_string(),
        "source": problem.source.0,
        "sourceColumn": problem.source.1,
        "target": problem.target.0,
        "targetColumn": problem.target.1,
        "published": problem.published,
        "problem": problem.sort,
        "message": problem.text,
    })
}
