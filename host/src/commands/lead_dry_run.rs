//! `sluice lead qualify --dry-run`: what leads would become, value by value. Nothing is kept.

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Catalog, Result, Uuid, Value, codes::Kind, json as rows};
use sluice_sales::qualify::{self, Choices, Origin, Previewed};

use crate::{
    context::Context,
    names::Labels,
    output::{Exit, Grid, Outcome},
    people, report,
};

/// Shows what each of the leads would become; `leads` are as they were named and as they were
/// found.
pub(super) fn run(
    context: &Context,
    session: &Session,
    leads: Vec<(&str, Result<Uuid>)>,
    choices: &Choices,
) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let mut items = Vec::new();
    let mut texts = Vec::new();
    let mut exit = Exit::Done;
    for (given, lead) in leads {
        let name = lead.as_ref().map_or_else(|_| given.to_owned(), Uuid::to_string);
        match lead.and_then(|lead| qualify::preview(session, lead, choices)) {
            Ok(records) => {
                let documents: Vec<Json> = records.iter().map(document).collect();
                items.push(json!({ "lead": name, "dryRun": true, "records": documents }));
                texts.push(text(context, &catalog, &name, &records)?);
            }
            Err(error) => {
                items.push(json!({ "lead": name, "dryRun": true, "error": error.to_json() }));
                texts.push(format!(
                    "lead {name} would not be qualified\n{}",
                    report::error(context, &error)
                ));
                exit = if error.kind() == Kind::Host {
                    Exit::Host
                } else {
                    Exit::Refused
                };
            }
        }
    }
    Ok(Outcome::list(items, texts.join("\n\n")).with_exit(exit))
}

fn document(record: &Previewed) -> Json {
    let values = record.values.iter().map(|(column, value, origin)| {
        json!({ "column": column, "value": rows::from_value(value), "source": source(origin) })
    });
    json!({ "table": record.table, "values": values.collect::<Vec<_>>() })
}

/// Where a value comes from, in a word or as a column of the lead.
fn source(origin: &Origin) -> String {
    match origin {
        Origin::Lead(column) => format!("lead.{column}"),
        Origin::Qualify => "qualify".to_owned(),
        Origin::Default => "default".to_owned(),
        Origin::Platform => "platform".to_owned(),
        Origin::Step => "plug-in step".to_owned(),
    }
}

fn text(context: &Context, catalog: &Catalog, lead: &str, records: &[Previewed]) -> anyhow::Result<String> {
    let mut parts = vec![format!("lead {lead} would become this; nothing was kept:")];
    if records.is_empty() {
        parts.push("no record".to_owned());
    }
    let references = records
        .iter()
        .flat_map(|record| &record.values)
        .filter_map(|(_, value, _)| value.as_lookup().cloned());
    let labels = Labels::load(context, references)?;
    for record in records {
        let table = catalog.table(&record.table)?;
        let mut grid = Grid::new([&*record.table, "value", "comes from"]);
        for (name, value, origin) in &record.values {
            let Some(column) = table.column(name) else { continue };
            let shown = match value {
                // A row of the trial has no name to be looked up by.
                Value::Lookup(reference) if labels.find(reference).is_none() => {
                    format!("the new {}", reference.table)
                }
                value => people::cell(column, value, &labels),
            };
            grid.row([&**name, &shown, &source(origin)]);
        }
        parts.push(grid.text("no values"));
    }
    Ok(parts.join("\n"))
}
