//! Results as cells, by one rule for all commands: what is one table goes out as it is; of all else the list of its
//! document, an item a line, or the document itself as one line. What has parts of its own is JSON in its cell.

use serde_json::{Map, Value as Json};

use super::{Grid, Outcome};

/// The cells of an outcome. What has no document is its text.
pub(super) fn of(outcome: &Outcome) -> String {
    match outcome.document.is_null() || outcome.is_table {
        true => outcome.text.clone(),
        false => {
            let listed = outcome.celled.as_deref().unwrap_or(outcome.listed);
            rows(&outcome.document, listed, outcome.last)
        }
    }
}

fn rows(document: &Json, listed: &str, last: Option<&str>) -> String {
    let items = match document.get(listed) {
        Some(Json::Array(items)) => items.iter().map(named).collect(),
        Some(row @ Json::Object(_)) => vec![named(row)],
        _ => vec![named(document)],
    };
    let mut headings: Vec<&str> = Vec::new();
    for name in items.iter().flat_map(Map::keys) {
        if !headings.contains(&name.as_str()) && last != Some(name) {
            headings.push(name);
        }
    }
    headings.extend(last.filter(|_| !headings.is_empty()));
    if headings.is_empty() {
        return String::new();
    }
    let mut grid = Grid::new(&headings);
    for item in &items {
        grid.row(headings.iter().map(|name| cell(item.get(*name))));
    }
    grid.text("").to_string()
}

/// The members of an item; of what has none, itself.
fn named(item: &Json) -> Map<String, Json> {
    match item {
        Json::Object(map) => map.clone(),
        other => Map::from_iter([("value".to_owned(), other.clone())]),
    }
}

fn cell(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
