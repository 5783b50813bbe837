//! The one place that writes to standard output: results, as text or as one JSON document.

mod cells;
mod grid;

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value as Json, json};
use sluice_model::{Uuid, looks};

pub(crate) use grid::{Grid, Written};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// The platform refused, or one item of several was refused.
    Refused,
    /// Wrong usage, or an ambiguous name.
    Usage,
    /// The host failed.
    Host,
}

impl Exit {
    /// The exit status.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Host => 3,
        }
    }
}

/// What a command gives back: the document for machines, and the same for people.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// For machines.
    pub(crate) document: Json,
    /// For people.
    pub(crate) text: String,
    /// The text is one table, and nothing beside it.
    is_table: bool,
    /// How it ended.
    pub(crate) exit: Exit,
    /// It went out while it was made.
    printed: bool,
    /// Rows of tables are in it: as a file, they are exported.
    rows: bool,
    /// What is said beside a table of which the cells alone are wanted.
    beside: Option<String>,
    /// Where in the document the list is whose ids may be wanted.
    listed: &'static str,
    /// Where the list is that goes out as cells, where that is another one.
    celled: Option<String>,
    /// The member of each item that is the last cell of its line, whether an item has it or not.
    last: Option<&'static str>,
    /// What is told of each that was refused, where the text does not go out.
    refused: Vec<String>,
}

impl Outcome {
    /// A command that did what it was asked.
    pub(crate) fn new(document: Json, text: impl Into<Text>) -> Self {
        let Text { text, is_table } = text.into();
        Self {
            document,
            text,
            is_table,
            exit: Exit::Done,
            printed: false,
            rows: false,
            beside: None,
            listed: "value",
            celled: None,
            last: None,
            refused: Vec::new(),
        }
    }

    /// A table, with what is said before it and behind it: to people with it, and beside it where its cells alone
    /// are wanted.
    pub(crate) fn table(document: Json, before: &str, table: impl Into<Text>, behind: &str) -> Self {
        let joined = |texts: &[&str]| {
            let texts = texts.iter().copied().filter(|text| !text.is_empty());
            texts.collect::<Vec<_>>().join("\n")
        };
        let table = table.into();
        match takes_out() {
            true => Self {
                beside: Some(joined(&[before, behind])),
                ..Self::new(document, table)
            },
            false => Self::new(document, joined(&[before, &table.text, behind])),
        }
    }

    /// The same outcome, of which the list is called so whose ids may be wanted.
    #[must_use]
    pub(crate) fn listing(self, listed: &'static str) -> Self {
        Self { listed, ..self }
    }

    /// The same outcome, of which the list goes out as cells that is called so.
    #[must_use]
    pub(crate) fn with_cells(self, listed: &str) -> Self {
        Self {
            celled: Some(listed.to_owned()),
            ..self
        }
    }

    /// The same outcome, whose cells end with that member of each item, whether an item has it or not.
    #[must_use]
    pub(crate) fn with_last(self, last: &'static str) -> Self {
        Self {
            last: Some(last),
            ..self
        }
    }

    /// The same outcome, of which this is told of each that was refused, where its text does not go out.
    #[must_use]
    pub(crate) fn with_refused(self, refused: Vec<String>) -> Self {
        Self { refused, ..self }
    }

    /// What went out while it was made.
    pub(crate) fn printed() -> Self {
        Self {
            printed: true,
            ..Self::new(Json::Null, "")
        }
    }

    /// A list of rows of a table: `{"value": [...]}`.
    pub(crate) fn list(rows: Vec<Json>, text: impl Into<Text>) -> Self {
        Self::items(rows, text).with_rows()
    }

    /// A list of what are no rows: definitions, numbers, what the program itself knows, what became of each of
    /// several things.
    pub(crate) fn items(items: Vec<Json>, text: impl Into<Text>) -> Self {
        Self::new(json!({ "value": items }), text)
    }

    /// What shows rows of tables beside other things.
    #[must_use]
    pub(crate) fn with_rows(self) -> Self {
        Self { rows: true, ..self }
    }

    /// Whether rows of tables go out with it, as files take them.
    pub(crate) fn takes_rows_out(&self) -> bool {
        (self.rows || ROW_SHOWN.load(Ordering::Relaxed)) && takes_out()
    }

    /// Says something more: to people below it, and beside it where its cells alone are wanted.
    pub(crate) fn say(&mut self, more: &str) {
        let said = match takes_out() {
            true => self.beside.get_or_insert_default(),
            false => &mut self.text,
        };
        if !said.is_empty() {
            said.push('\n');
        }
        said.push_str(more);
    }

    /// The outcome with another ending.
    #[must_use]
    pub(crate) fn with_exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }
}

/// A text for people.
#[derive(Debug)]
pub(crate) struct Text {
    text: String,
    is_table: bool,
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { text, is_table: false }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Written> for Text {
    fn from(table: Written) -> Self {
        Self {
            text: table.0,
            is_table: true,
        }
    }
}

/// In which form results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// Tables with lines around them: what a terminal gets.
    Table,
    /// Tables as lines of cells with tabs between them: what a pipe or a file gets.
    Plain,
    /// Comma-separated values with a line of headings.
    Csv,
    /// The same for a spreadsheet: no cell is taken for a formula.
    Spreadsheet,
    /// Values with tabs between them.
    Tsv,
    /// Exactly one JSON document.
    Json,
    /// The ids of the rows, one a line.
    Id,
}

/// The form of this run: every table is written in it.
static FORM: OnceLock<Form> = OnceLock::new();

/// Says in which form results are written; without a wish, by whether people look at them.
pub(crate) fn set_form(wanted: Option<Form>) -> Form {
    let by_reader = || match io::stdout().is_terminal() {
        true => Form::Table,
        false => Form::Plain,
    };
    *FORM.get_or_init(|| wanted.unwrap_or_else(by_reader))
}

/// Whether results are written as files take them: rows that go out with them are exported.
pub(crate) fn takes_out() -> bool {
    matches!(form(), Form::Csv | Form::Spreadsheet | Form::Tsv)
}

/// Whether a row of a table was shown by itself.
static ROW_SHOWN: AtomicBool = AtomicBool::new(false);

/// A row of a table is shown by itself: as a file, it is exported.
pub(crate) fn shows_row() {
    ROW_SHOWN.store(true, Ordering::Relaxed);
}

pub(crate) fn form() -> Form {
    FORM.get().copied().unwrap_or(Form::Table)
}

/// Writes an outcome to standard output.
pub(crate) fn show(outcome: &Outcome) -> io::Result<()> {
    match form() {
        _ if outcome.printed => Ok(()),
        Form::Json => document(&outcome.document),
        Form::Id => {
            outcome.refused.iter().for_each(|told| tell(told));
            ids(&outcome.document, outcome.listed, outcome.refused.is_empty())
        }
        Form::Table | Form::Plain => write(&outcome.text),
        Form::Csv | Form::Spreadsheet | Form::Tsv => {
            outcome.refused.iter().for_each(|told| tell(told));
            outcome.beside.iter().for_each(|said| tell(said));
            let cells = cells::of(outcome);
            if cells != outcome.text && !outcome.text.contains('\n') {
                tell(&outcome.text);
            }
            write(&cells)
        }
    }
}

/// Writes the id of each row of a list, or of the one that a document is about: the first of its
/// values that is one. Of what was refused it is told beside them why, unless that is done.
fn ids(document: &Json, listed: &str, tells: bool) -> io::Result<()> {
    let one = |item: &Json| {
        // What was refused is no row that something was done to.
        let map = item.as_object().filter(|map| !map.contains_key("error"))?;
        let texts = map.get("id").into_iter().chain(map.values()).filter_map(Json::as_str);
        let mut ids = texts.filter(|text| text.parse::<Uuid>().is_ok());
        ids.next().map(str::to_owned)
    };
    let refusal = |item: &Json| {
        let error = item.get("error")?;
        let text = |name: &str| error.get(name).and_then(Json::as_str).unwrap_or_default();
        Some(format!("error {}: {}", text("code"), text("message")))
    };
    let items = document.get(listed).and_then(Json::as_array);
    items
        .into_iter()
        .flatten()
        .filter(|_| tells)
        .filter_map(refusal)
        .for_each(|told| tell(&told));
    let ids: Vec<String> = match document.get(listed).and_then(Json::as_array) {
        Some(items) => items.iter().filter_map(one).collect(),
        None => one(document).into_iter().collect(),
    };
    write(&ids.join("\n"))
}

/// Writes the one JSON document.
pub(crate) fn document(document: &Json) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    bytes(text.as_bytes())
}

/// Writes text with a line end: for people, or, where cells are wanted that are whole, for machines.
pub(crate) fn write(text: &str) -> io::Result<()> {
    let exact = matches!(form(), Form::Csv | Form::Spreadsheet | Form::Tsv) && !io::stdout().is_terminal();
    let mut text = if exact { text.to_owned() } else { plain(text) };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    bytes(text.as_bytes())
}

/// Writes bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush())
}

/// A line for people on standard error: progress, warnings, refusals. Where it cannot be
/// written there is nobody to tell.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", plain(text));
}

/// Text without the characters that move a terminal's cursor or change its colours, and with those
/// to be seen that hide or reorder others: names and messages come from rows and plug-ins.
pub(crate) fn plain(text: &str) -> String {
    looks::shown(text)
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

/// A table with how many rows it has, where people look at it.
pub(crate) fn with_count(table: Written, count: &str) -> Text {
    match form() {
        Form::Plain | Form::Csv | Form::Spreadsheet | Form::Tsv => table.into(),
        Form::Table | Form::Json | Form::Id => format!("{table}\n{count}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_left_alone() {
        assert_eq!(plain("red \u{1b}[31mtext\n"), "red [31mtext\n");
        assert_eq!(plain("exe.\u{202e}gnp"), "exe.\\u{202e}gnp");
    }
}
