//! `sluice publish`: what customizers changed counts only when it is published.

use std::collections::HashMap;

use serde_json::{Value as Json, json};
use sluice_engine::{Batch, Session};
use sluice_model::{Name, Parameter, Reference, Request, Value, json as rows};
use sluice_platform::prelude::*;
use sluice_platform::{Change, Unpublished};

use super::row::references;
use crate::{context::Context, output::Outcome, people::count};

/// See the module.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only show what is not yet published.
    #[arg(long)]
    diff: bool,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let changes = session.unpublished()?;
    if args.diff {
        let text = if changes.is_empty() {
            "everything is published".to_owned()
        } else {
            changes.iter().map(described).collect::<Vec<_>>().join("\n")
        };
        return Ok(Outcome::items(changes.iter().map(document).collect(), text));
    }
    let response = session.execute(Request::new("PublishAllXml"))?;
    let published = references(&response, "Published");
    // Somebody may have changed more since the look: that has no name here, but was published.
    let known: HashMap<&Reference, &Unpublished> = changes.iter().map(|change| (&change.row, change)).collect();
    let mut items = Vec::new();
    let mut lines = vec![format!("published {}", count(published.len(), "change"))];
    for row in published {
        let change = known.get(row);
        items.push(match change {
            Some(change) => document(change),
            None => {
                json!({ "table": row.table, "id": row.id.to_string(), "name": row.id.to_string(), "change": "changed" })
            }
        });
        lines.push(match change {
            Some(change) => described(change),
            None => format!("changed  {:20} {}", row.table, row.id),
        });
    }
    Ok(Outcome::new(json!({ "published": items }), lines.join("\n")))
}

/// Publishes these rows as a part of what a command does; the rows whose changes were published.
pub(crate) fn rows_of(batch: &mut Batch<'_>, rows: Vec<Reference>) -> sluice_model::Result<Vec<Reference>> {
    let request = Request::new("PublishXml").with("Components", Parameter::References(rows));
    let response = batch.execute(request)?;
    Ok(references(&response, "Published").to_vec())
}

/// Changes that were waiting when a command began, and that it published with its own.
#[derive(Debug, Default)]
pub(crate) struct Along(Vec<Unpublished>);

impl Along {
    /// What waits now; nothing, where the command publishes nothing.
    pub(crate) fn waiting(session: &Session, draft: bool) -> sluice_model::Result<Self> {
        Ok(Self(if draft { Vec::new() } else { session.unpublished()? }))
    }

    /// Those of them that were published.
    pub(crate) fn published(mut self, published: &[Reference]) -> Self {
        self.0.retain(|change| published.contains(&change.row));
        self
    }

    /// As a part of a document.
    pub(crate) fn documents(&self) -> Vec<Json> {
        self.0.iter().map(document).collect()
    }

    /// As lines for people.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|change| format!("published with it, as it was waiting:\n{}", described(change)))
            .collect()
    }
}

fn document(change: &Unpublished) -> Json {
    let columns = change.columns.iter().map(
        |(column, from, to)| json!({ "column": column, "from": rows::from_value(from), "to": rows::from_value(to) }),
    );
    json!({
        "table": change.row.table,
        "id": change.row.id.to_string(),
        "name": change.name,
        "change": change.change.word(),
        "columns": columns.collect::<Json>(),
    })
}

fn described(change: &Unpublished) -> String {
    let mut lines = vec![format!(
        "{:8} {:20} {}",
        change.change.word(),
        change.row.table,
        change.name
    )];
    // What is new or gone has its name; a choice is its options.
    let told = change
        .columns
        .iter()
        .filter(|column| change.change == Change::Changed || is_options(column));
    lines.extend(told.flat_map(changed));
    lines.join("\n")
}

/// Whether a column is a list of options.
fn is_options((_, from, to): &(Name, Value, Value)) -> bool {
    options(from).or_else(|| options(to)).is_some()
}

/// The lines that say how a column changed; of a list of options, each option's.
fn changed(difference: &(Name, Value, Value)) -> Vec<String> {
    let (column, from, to) = difference;
    if is_options(difference) {
        let (old, new) = (options(from).unwrap_or_default(), options(to).unwrap_or_default());
        let gone = old.iter().filter(|option| !new.contains(option));
        let come = new.iter().filter(|option| !old.contains(option));
        return gone
            .map(|option| format!("           − {option}"))
            .chain(come.map(|option| format!("           + {option}")))
            .collect();
    }
    let shown = |value: &Value| match rows::from_value(value) {
        Json::Null => "(nothing)".to_owned(),
        Json::String(text) => text,
        other => other.to_string(),
    };
    vec![format!("           {column}: {} → {}", shown(from), shown(to))]
}

/// The options in a value that is a list of them.
fn options(value: &Value) -> Option<Vec<String>> {
    let list: Vec<Json> = serde_json::from_str(value.as_text()?).ok()?;
    list.iter()
        .map(|option| {
            let state = option.get("state").map(|state| format!(", state {state}"));
            Some(format!(
                "{} {}{}",
                option.get("value")?,
                option.get("label")?.as_str()?,
                state.unwrap_or_default()
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_options_shows_the_options_that_differ() {
        let old = Value::from(r#"[{"value":1,"label":"New","state":0}]"#);
        let new = Value::from(r#"[{"value":1,"label":"New","state":0},{"value":7,"label":"Hot","state":0}]"#);
        assert_eq!(
            changed(&("options".into(), old.clone(), new)),
            ["           + 7 Hot, state 0"]
        );
        assert_eq!(
            changed(&("options".into(), Value::Null, old)),
            ["           + 1 New, state 0"]
        );
        let text = changed(&("name".into(), Value::from("a"), Value::Null));
        assert_eq!(text, ["           name: a → (nothing)"]);
    }
}
