//! `sluice trace search`: in which traces a text is.

use serde_json::{Value as Json, json};
use sluice_model::{Comparison, Filter, Query, Right, Row, Value, codes::Kind, json as rows};

use super::trace::{CALL, REQUEST, Which, called_by, callers, newest};
use crate::{
    context::Context,
    cut,
    door::Door,
    names::Labels,
    output::{Grid, Outcome},
    people::count,
};

/// So many requests are looked at, the newest first: what their refusals said is shown to some only,
/// and therefore looked at after it was read.
const MOST: u32 = 2_000;

/// A place where the text is.
struct Hit {
    when: Json,
    kind: &'static str,
    what: String,
    line: String,
    correlation: Json,
    id: String,
}

/// Runs the command.
pub(super) fn search(
    context: &Context,
    session: &dyn Door,
    text: &str,
    which: &Which,
    top: u32,
) -> anyhow::Result<Outcome> {
    let mut hits = of_calls(context, session, text, which, cut::asked(top))?;
    let (of_requests, is_cut) = of_requests(context, session, text, which, cut::asked(top))?;
    hits.extend(of_requests);
    hits.sort_by(|one, other| other.when.as_str().cmp(&one.when.as_str()));
    let more = cut::to(&mut hits, top);
    let mut grid = Grid::new(["when", "trace", "of", "said", "request", "id"]);
    let mut documents = Vec::new();
    for hit in &hits {
        let request = hit.correlation.as_str().unwrap_or_default().to_owned();
        grid.row([
            hit.when.as_str().unwrap_or_default().to_owned(),
            hit.kind.to_owned(),
            hit.what.clone(),
            hit.line.clone(),
            request.clone(),
            hit.id.clone(),
        ]);
        documents.push(json!({
            "id": hit.id, "kind": hit.kind, "what": hit.what, "line": hit.line,
            "correlation": request, "when": hit.when,
        }));
    }
    let mut shown = grid.text("no trace has that text").to_string();
    if is_cut {
        shown.push_str(&format!(
            "\nOf the requests, the newest {MOST} were looked at; `--since` or `--user` looks at fewer of them."
        ));
    }
    let list = Outcome::list(documents, format!("{shown}\n{}", count(hits.len(), "trace")));
    Ok(cut::said(list, top, more))
}

/// What plug-ins said, and what their calls failed with.
fn of_calls(context: &Context, session: &dyn Door, text: &str, which: &Which, top: u32) -> anyhow::Result<Vec<Hit>> {
    let has = |column: &str| Filter::Compare {
        column: column.into(),
        comparison: Comparison::Contains,
        value: Value::from(text),
    };
    let texts = [
        "messageblock",
        "exceptiondetails",
        "typename",
        "primaryentity",
        "messagename",
    ];
    let filter = which.filter(context, session, false)?;
    let filter = filter.and(Filter::Or(texts.iter().map(|column| has(column)).collect()));
    let columns = [&texts[..], &["createdon", "correlationid", "pluginstepid"]].concat();
    let query = newest(Query::new(CALL).columns(&columns).filter(filter)).top(top);
    let found = match session.traces(query) {
        Ok(rows) => rows,
        // Who may not read what plug-ins say is told of the requests.
        Err(error) if error.kind() == Kind::Denied => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let labels = Labels::load(context, found.iter().flat_map(callers))?;
    let hits = found.iter().map(|row| {
        let said = texts.iter().filter_map(|column| row.text(column));
        Hit {
            when: row.get("createdon").map(rows::from_value).unwrap_or_default(),
            kind: "call",
            what: called_by(row, &labels),
            line: said.filter_map(|said| line_with(said, text)).next().unwrap_or_default(),
            correlation: row.get("correlationid").map(rows::from_value).unwrap_or_default(),
            id: row.id.to_string(),
        }
    });
    Ok(hits.collect())
}

/// The names of requests and of what they set off, and what refusals said, as far as the reader is
/// shown it.
fn of_requests(
    context: &Context,
    session: &dyn Door,
    text: &str,
    which: &Which,
    top: u32,
) -> anyhow::Result<(Vec<Hit>, bool)> {
    let filter = which.filter(context, session, true)?;
    let columns = ["sl_name", "sl_correlationid", "sl_tree", "createdon"];
    let query = newest(Query::new(REQUEST).columns(&columns).filter(filter)).top(MOST);
    let (mut hits, mut looked) = (Vec::new(), 0);
    let mut each = |found: Vec<Row>| {
        looked += found.len();
        for row in found {
            let tree: Json = row
                .text("sl_tree")
                .and_then(|tree| serde_json::from_str(tree).ok())
                .unwrap_or_default();
            let line = row.text("sl_name").and_then(|name| line_with(name, text));
            let Some(line) = line.or_else(|| in_tree(&tree, text)) else {
                continue;
            };
            if hits.len() < usize::try_from(top).unwrap_or(usize::MAX) {
                hits.push(Hit {
                    when: row.get("createdon").map(rows::from_value).unwrap_or_default(),
                    kind: "request",
                    what: row.text("sl_name").unwrap_or_default().to_owned(),
                    line,
                    correlation: row.get("sl_correlationid").map(rows::from_value).unwrap_or_default(),
                    id: row.id.to_string(),
                });
            }
        }
        Ok(())
    };
    match session.check_privilege(REQUEST, Right::Read) {
        Ok(()) => session.each(query, &mut each)?,
        // Of one's own requests there are no more than can be in memory.
        Err(_) => each(session.traces(query)?)?,
    }
    Ok((hits, looked >= usize::try_from(MOST).unwrap_or(usize::MAX)))
}

/// The first text of a tree that has the text: a name, or what a refusal said.
fn in_tree(tree: &Json, text: &str) -> Option<String> {
    match tree {
        Json::String(found) => line_with(found, text),
        Json::Array(all) => all.iter().find_map(|one| in_tree(one, text)),
        Json::Object(all) => all.values().find_map(|one| in_tree(one, text)),
        _ => None,
    }
}

/// The line of `said` that has the text, in any case.
fn line_with(said: &str, text: &str) -> Option<String> {
    let wanted = text.to_lowercase();
    let line = said.lines().find(|line| line.to_lowercase().contains(&wanted))?;
    Some(super::trace::line(line))
}
