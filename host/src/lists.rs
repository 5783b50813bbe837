//! Lists, which go out while they are read, so that one may be longer than the memory.
//!
//! With `--json` a list is one document, which is whole when it has its closing bracket: a list that
//! breaks off has none.

use std::{io, sync::Arc};

use serde_json::{Map, Value as Json, json};
use sluice_engine::tasks::EXPORT;
use sluice_model::{
    Error, Parameter, Query, Request, Response, Result, Row, TableDef, Value,
    answer::{self, Field},
    json as rows,
};

use crate::{
    context::Context,
    door::Door,
    output::{self, Outcome, with_count},
    people,
    text::grouped,
};

/// A list that broke off: a part of it is out already.
#[derive(Debug)]
pub(crate) struct BrokenOff(String);

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the list breaks off here: {}; it changed nothing", self.0)
    }
}

impl std::error::Error for BrokenOff {}

/// The outcome of a command, where the acting user may take its rows out.
///
/// # Errors
/// The privilege is missing.
pub(crate) fn allowed(context: &Context, outcome: Outcome) -> anyhow::Result<Outcome> {
    if outcome.takes_rows_out() {
        context.session()?.check_task(EXPORT)?;
    }
    Ok(outcome)
}

/// Refuses who may not take rows out, where the form is one in which they go out: before a list goes out while
/// it is read.
///
/// # Errors
/// The privilege is missing.
pub(crate) fn check_export(session: &dyn Door) -> Result<()> {
    match output::takes_out() {
        true => session.check_task(EXPORT),
        false => Ok(()),
    }
}

/// Has a query ask for no more than its first rows; so many of its answer count. A page stays the one that it is: which
/// rows a later one begins with goes by its size.
pub(crate) fn limit(query: &mut Query, top: Option<u32>) -> usize {
    match (&mut query.page, top) {
        (None, top) => query.top = [query.top, top].into_iter().flatten().min(),
        (Some(page), Some(top)) if page.number <= 1 || page.after.is_some() => page.size = top.clamp(1, page.size),
        (Some(_), _) => {}
    }
    top.map_or(usize::MAX, |top| usize::try_from(top).unwrap_or(usize::MAX))
}

/// Lists the first rows of a query, or all.
pub(crate) fn list(
    context: &Context,
    session: &dyn Door,
    mut query: Query,
    top: Option<u32>,
) -> anyhow::Result<Outcome> {
    check_export(session)?;
    let most = limit(&mut query, top);
    if query.page.is_some() || query.counted {
        return part(context, session, query, most);
    }
    let shown = Shown::of(session, &query)?;
    let mut going = Going {
        context,
        shown: &shown,
        document: Document::default(),
        waiting: Vec::new(),
        count: 0,
        told: 0,
    };
    let mut failed = None;
    let read = session.each(query, &mut |rows| {
        going.rows(rows).map_err(|error| {
            failed = Some(error);
            Error::host("the list cannot be shown")
        })
    });
    let ended = match (read, failed) {
        (Ok(()), _) => going.end(),
        (Err(_), Some(error)) => Err(error),
        (Err(error), None) => Err(error.into()),
    };
    finished(ended, going.has_begun())
}

fn is_closed(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// What a list shows of its rows.
struct Shown {
    table: Arc<TableDef>,
    query: Query,
    fields: Vec<Field>,
}

impl Shown {
    fn of(session: &dyn Door, query: &Query) -> Result<Self> {
        let catalog = session.catalog()?;
        Ok(Self {
            table: catalog.table(&query.table)?.clone(),
            query: query.clone(),
            fields: answer::fields(&catalog, query)?,
        })
    }

    fn json(&self, row: &Row) -> Json {
        rows::from_answer(&self.table, &self.query, &self.fields, row)
    }

    fn grid(&self, context: &Context, rows: &[Row], goes_on: bool) -> anyhow::Result<output::Written> {
        let grid = people::answer(context, &self.table, &self.query, &self.fields, rows)?;
        Ok(grid.going_on(goes_on).text("no rows"))
    }
}

/// So many rows stand in one table for people.
const GRID: usize = 5_000;

/// A list on its way.
struct Going<'a> {
    context: &'a Context,
    shown: &'a Shown,
    document: Document,
    /// Rows for the next table.
    waiting: Vec<Row>,
    count: usize,
    /// Tables that are out.
    told: usize,
}

impl Going<'_> {
    fn has_begun(&self) -> bool {
        self.document.begun || self.told > 0
    }

    fn rows(&mut self, rows: Vec<Row>) -> anyhow::Result<()> {
        self.count += rows.len();
        if self.context.json() {
            let mut text = String::new();
            for row in &rows {
                self.document.add(&mut text, &self.shown.json(row))?;
            }
            output::bytes(text.as_bytes())?;
            return Ok(());
        }
        if self.context.ids() {
            let ids = rows
                .iter()
                .filter(|row| !row.id.is_nil())
                .map(|row| format!("{}\n", row.id));
            output::bytes(ids.collect::<String>().as_bytes())?;
            return Ok(());
        }
        self.waiting.extend(rows);
        if self.waiting.len() > GRID {
            let later = self.waiting.split_off(GRID);
            output::write(&self.shown.grid(self.context, &self.waiting, self.told > 0)?)?;
            self.told += 1;
            self.waiting = later;
        }
        Ok(())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        if self.context.json() {
            output::bytes(self.document.end(&Map::new())?.as_bytes())?;
            return Ok(());
        }
        if self.context.ids() {
            return Ok(());
        }
        let grid = self.shown.grid(self.context, &self.waiting, self.told > 0)?;
        let text = match self.count {
            0 => grid.into(),
            count => with_count(grid, &people::count(count, "row")),
        };
        output::write(&text)?;
        Ok(())
    }
}

/// `{"value": […]}` as it is written, row by row.
#[derive(Debug, Default)]
pub(crate) struct Document {
    begun: bool,
    any: bool,
    /// Nobody reads it any more.
    closed: bool,
}

impl Document {
    /// Adds a row to the text that goes out next.
    pub(crate) fn add(&mut self, text: &mut String, row: &Json) -> serde_json::Result<()> {
        self.begin(text);
        text.push_str(if self.any { ",\n    " } else { "\n    " });
        self.any = true;
        text.push_str(&serde_json::to_string_pretty(row)?.replace('\n', "\n    "));
        Ok(())
    }

    fn begin(&mut self, text: &mut String) {
        if !self.begun {
            self.begun = true;
            text.push_str("{\n  \"value\": [");
        }
    }

    /// The end of the text, with what stands behind the rows.
    pub(crate) fn end(&mut self, more: &Map<String, Json>) -> serde_json::Result<String> {
        let mut text = String::new();
        self.begin(&mut text);
        text.push_str(if self.any { "\n  ]" } else { "]" });
        for (name, value) in more {
            let value = serde_json::to_string_pretty(value)?.replace('\n', "\n  ");
            text.push_str(&format!(",\n  {}: {value}", Json::from(name.as_str())));
        }
        text.push_str("\n}\n");
        Ok(text)
    }
}

/// A document of rows that goes out as they are read.
#[derive(Debug, Default)]
pub(crate) struct Written {
    document: Document,
    failed: Option<anyhow::Error>,
}

impl Written {
    /// The next rows.
    pub(crate) fn rows(&mut self, rows: impl Iterator<Item = Json>) -> anyhow::Result<()> {
        let mut text = String::new();
        for row in rows {
            self.document.add(&mut text, &row)?;
        }
        Ok(output::bytes(text.as_bytes())?)
    }

    /// Keeps why the rows cannot be shown; what is said of it to whoever reads them.
    pub(crate) fn failed(&mut self, error: anyhow::Error) -> Error {
        self.failed = Some(error);
        Error::host("the list cannot be shown")
    }

    /// The rows were read to the end, or were not.
    pub(crate) fn read(mut self, read: Result<()>) -> anyhow::Result<Self> {
        let error = match (read, self.failed.take()) {
            (_, Some(error)) => error,
            (Err(error), None) => error.into(),
            (Ok(()), None) => return Ok(self),
        };
        match is_closed(&error) {
            true => {
                self.document.closed = true;
                Ok(self)
            }
            false if self.document.begun || error.is::<io::Error>() => Err(BrokenOff(format!("{error:#}")).into()),
            false => Err(error),
        }
    }

    /// The end, with what stands behind the rows.
    pub(crate) fn end(mut self, more: &Json) -> anyhow::Result<Outcome> {
        let none = Map::new();
        let end = self.document.end(more.as_object().unwrap_or(&none))?;
        match self.document.closed {
            true => Ok(Outcome::printed()),
            false => finished(output::bytes(end.as_bytes()).map_err(Into::into), true),
        }
    }
}

/// How a list ended of which a part may be out.
fn finished(ended: anyhow::Result<()>, begun: bool) -> anyhow::Result<Outcome> {
    match ended {
        Ok(()) => Ok(Outcome::printed()),
        // A reader that has seen enough is no failure.
        Err(error) if is_closed(&error) => Ok(Outcome::printed()),
        Err(error) if begun || error.is::<io::Error>() => Err(BrokenOff(format!("{error:#}")).into()),
        Err(error) => Err(error),
    }
}

/// A page, or rows with how many there are in all.
fn part(context: &Context, session: &dyn Door, query: Query, most: usize) -> anyhow::Result<Outcome> {
    let shown = Shown::of(session, &query)?;
    let answer = session.execute(Request::retrieve_multiple(query))?;
    let all = answer.rows();
    let rows = all.get(..most).unwrap_or(all);
    let mut document = json!({ "value": rows.iter().map(|row| shown.json(row)).collect::<Vec<_>>() });
    let grid = shown.grid(context, rows, false)?;
    let mut lines = vec![people::count(rows.len(), "row")];
    let is_cut = rows.len() < all.len();
    let more = is_cut || matches!(value(&answer, "MoreRecords"), Some(Value::Bool(true)));
    if let Json::Object(map) = &mut document {
        if let Some(Value::BigInt(count)) = value(&answer, "TotalRecordCount") {
            map.insert("@Microsoft.Dynamics.CRM.totalrecordcount".to_owned(), (*count).into());
            lines.push(format!("{} in all", grouped(count.unsigned_abs())));
        }
        map.insert("@Microsoft.Dynamics.CRM.morerecords".to_owned(), more.into());
        // Behind the rows that are shown no cookie begins.
        if let Some(Value::Text(cookie)) = value(&answer, "PagingCookie").filter(|_| !is_cut) {
            map.insert(
                "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie".to_owned(),
                cookie.as_str().into(),
            );
            lines.push(format!(
                "there are more; the next page begins with paging-cookie {cookie}"
            ));
        }
    }
    Ok(Outcome::new(document, with_count(grid, &lines.join("\n"))))
}

fn value<'a>(answer: &'a Response, name: &str) -> Option<&'a Value> {
    match answer.outputs.get(name) {
        Some(Parameter::Value(value)) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_is_written_row_by_row_is_the_same() {
        for rows in [
            vec![],
            vec![json!({"a": 1})],
            vec![json!({"a": [1, {}]}), json!({}), json!({"b": "x\ny"})],
        ] {
            let (mut document, mut text) = (Document::default(), String::new());
            for row in &rows {
                document.add(&mut text, row).unwrap();
            }
            let Json::Object(more) = json!({"more": {"c": 1}}) else {
                panic!()
            };
            text += &document.end(&more).unwrap();
            let whole = json!({"value": rows, "more": {"c": 1}});
            assert_eq!(text, serde_json::to_string_pretty(&whole).unwrap() + "\n");
        }
    }
}
