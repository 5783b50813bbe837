//! `sluice lead qualify --dry-run`: what leads would become, value by value. Nothing is kept.

use serde_json::{Map, Value as Json, json};
use sluice_model::{Catalog, Uuid, Value, json as rows};
use sluice_sales::qualify::{Origin, Previewed};

use crate::{context::Context, door::Door, names::Labels, output::Grid, people};

/// What a lead would become: for machines and for people.
pub(super) fn of(
    context: &Context,
    session: &dyn Door,
    lead: Uuid,
    records: &[Previewed],
) -> anyhow::Result<(Map<String, Json>, String)> {
    let catalog = session.catalog()?;
    let mut item = Map::new();
    item.insert("dryRun".to_owned(), true.into());
    item.insert("records".to_owned(), records.iter().map(document).collect());
    Ok((item, text(context, &catalog, &lead.to_string(), records)?))
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
        let mut grid = Grid::new([&*record.table, "value", "comes from"]).uncut();
        let mut by_default = 0;
        for (name, value, origin) in &record.values {
            if *origin == Origin::Default {
                by_default += 1;
                continue;
            }
            let Some(column) = table.column(name) else { continue };
            let shown = match value {
                // A row of the trial has no name to be looked up by.
                Value::Lookup(reference) if labels.find(reference).is_none() => match record.is_new(reference) {
                    true => format!("the new {}", reference.table),
                    false => format!("a row of {} that you may not read", reference.table),
                },
                value => people::cell(column, value, &labels),
            };
            grid.row([&**name, &shown, &source(origin)]);
        }
        parts.push(grid.text("no values").to_string());
        if by_default > 0 {
            let values = people::count(by_default, "value");
            parts.push(format!("and {values} that a new {} has by itself", record.table));
        }
    }
    Ok(parts.join("\n"))
}
