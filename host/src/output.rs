//! The one place that writes to standard output: results, as text or as one JSON document.

use std::{
    io::{self, IsTerminal, Write},
    sync::OnceLock,
};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value as Json, json};
use sluice_model::{Timestamp, Uuid, cells, looks};

use crate::{
    screen::{Screen, ends, screen},
    text::wrapped,
    times,
};

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
}

impl Outcome {
    /// A command that did what it was asked.
    pub(crate) fn new(document: Json, text: impl Into<String>) -> Self {
        Self {
            document,
            text: text.into(),
            exit: Exit::Done,
            printed: false,
            rows: false,
            beside: None,
            listed: "value",
        }
    }

    /// A table, with what is said before it and behind it: to people with it, and beside it where its cells alone
    /// are wanted.
    pub(crate) fn table(document: Json, before: &str, table: String, behind: &str) -> Self {
        let joined = |texts: &[&str]| {
            let texts = texts.iter().copied().filter(|text| !text.is_empty());
            texts.collect::<Vec<_>>().join("\n")
        };
        match takes_out() {
            true => Self {
                beside: Some(joined(&[before, behind])),
                ..Self::new(document, table)
            },
            false => Self::new(document, joined(&[before, &table, behind])),
        }
    }

    /// The same outcome, of which the list is called so whose ids may be wanted.
    #[must_use]
    pub(crate) fn listing(self, listed: &'static str) -> Self {
        Self { listed, ..self }
    }

    /// What went out while it was made.
    pub(crate) fn printed() -> Self {
        Self {
            printed: true,
            ..Self::new(Json::Null, "")
        }
    }

    /// A list of rows of a table: `{"value": [...]}`.
    pub(crate) fn list(rows: Vec<Json>, text: impl Into<String>) -> Self {
        Self::items(rows, text).with_rows()
    }

    /// A list of what are no rows: definitions, numbers, what the program itself knows, what became of each of
    /// several things.
    pub(crate) fn items(items: Vec<Json>, text: impl Into<String>) -> Self {
        Self::new(json!({ "value": items }), text)
    }

    /// What shows rows of tables beside other things.
    #[must_use]
    pub(crate) fn with_rows(self) -> Self {
        Self { rows: true, ..self }
    }

    /// Whether rows of tables go out with it, as files take them.
    pub(crate) fn takes_rows_out(&self) -> bool {
        self.rows && takes_out()
    }

    /// The outcome with another ending.
    #[must_use]
    pub(crate) fn with_exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
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

pub(crate) fn form() -> Form {
    FORM.get().copied().unwrap_or(Form::Table)
}

/// Writes an outcome to standard output.
pub(crate) fn show(outcome: &Outcome) -> io::Result<()> {
    match form() {
        _ if outcome.printed => Ok(()),
        Form::Json => document(&outcome.document),
        Form::Id => ids(&outcome.document, outcome.listed),
        Form::Table | Form::Plain | Form::Csv | Form::Spreadsheet | Form::Tsv => {
            outcome.beside.iter().for_each(|said| tell(said));
            write(&outcome.text)
        }
    }
}

/// Writes the id of each row of a list, or of the one that a document is about: the first of its
/// values that is one. Of what was refused it is told beside them why.
fn ids(document: &Json, listed: &str) -> io::Result<()> {
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

/// A table.
pub(crate) struct Grid {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
    wraps: bool,
    goes_on: bool,
}

/// Longer cells are cut in lists, and wrapped in what explains.
const CELL: usize = 60;

impl Grid {
    /// A table with these headings.
    pub(crate) fn new<T: ToString>(headings: impl IntoIterator<Item = T>) -> Self {
        Self {
            headings: headings.into_iter().map(|heading| heading.to_string()).collect(),
            rows: Vec::new(),
            wraps: false,
            goes_on: false,
        }
    }

    /// The table with long cells in several lines, where they are read rather than looked over.
    #[must_use]
    pub(crate) fn uncut(mut self) -> Self {
        self.wraps = true;
        self
    }

    /// The table as the further part of one whose beginning is out: where nothing is drawn, the
    /// headings stand once.
    #[must_use]
    pub(crate) fn going_on(mut self, goes_on: bool) -> Self {
        self.goes_on = goes_on;
        self
    }

    /// Adds a line.
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows
            .push(cells.into_iter().map(|text| text.as_ref().to_owned()).collect());
    }

    /// The table in the form that is wanted; for people, what is said instead where it has no lines.
    pub(crate) fn text(&self, empty: &str) -> String {
        match form() {
            Form::Csv => self.lines(",", quoted),
            // The mark by which a spreadsheet knows the encoding.
            Form::Spreadsheet if !self.goes_on => format!("\u{feff}{}", self.lines(",", in_spreadsheet)),
            Form::Spreadsheet => self.lines(",", in_spreadsheet),
            Form::Tsv => self.lines("\t", in_line),
            _ if self.rows.is_empty() => empty.to_owned(),
            Form::Plain => self.lines("\t", flat),
            Form::Table | Form::Json | Form::Id => self.drawn(),
        }
    }

    /// A line for each row, its cells whole.
    fn lines(&self, between: &str, cell: fn(&str) -> String) -> String {
        let headings = (!self.goes_on).then_some(&self.headings);
        let line = |cells: &Vec<String>| cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(between);
        let lines: Vec<String> = headings.into_iter().chain(&self.rows).map(line).collect();
        lines.join("\n")
    }

    fn drawn(&self) -> String {
        match screen() {
            Some(screen) => self.fitted(screen).table(Some(screen.width)),
            None => self.table(None),
        }
    }

    /// The table as people look it over on a screen: ids by their ends, times by how long ago they are, and
    /// without columns that say nothing where it would be too wide with them.
    fn fitted(&self, screen: Screen) -> Self {
        let mut rows = self.rows.clone();
        for column in 0..self.headings.len() {
            let cells: Vec<&String> = self.rows.iter().filter_map(|row| row.get(column)).collect();
            let ends = ends(&cells);
            for cell in rows.iter_mut().filter_map(|row| row.get_mut(column)) {
                if let (Some(end), true) = (ends, cell.parse::<Uuid>().is_ok()) {
                    *cell = cell.get(cell.len() - end..).unwrap_or_default().to_owned();
                } else if let Ok(then) = cell.parse::<Timestamp>() {
                    *cell = times::ago(screen.now, then);
                }
            }
        }
        let mut headings = self.headings.clone();
        let width = |at: usize| {
            let cells = rows
                .iter()
                .filter_map(|row| row.get(at))
                .map(|cell| cell.chars().count().min(CELL));
            cells
                .chain([headings.get(at).map_or(0, |heading| heading.chars().count())])
                .max()
                .unwrap_or(0)
                + 3
        };
        let all: usize = (0..headings.len()).map(width).sum();
        if all + 1 > screen.width.into() {
            let empty = |at: usize| rows.iter().all(|row| row.get(at).is_none_or(String::is_empty));
            let kept: Vec<bool> = (0..headings.len()).map(|at| !empty(at)).collect();
            let keep = |cells: &mut Vec<String>| {
                let mut places = kept.iter();
                cells.retain(|_| places.next().copied().unwrap_or(true));
            };
            if kept.contains(&true) {
                keep(&mut headings);
                rows.iter_mut().for_each(keep);
            }
        }
        Self {
            headings,
            rows,
            wraps: self.wraps,
            goes_on: self.goes_on,
        }
    }

    fn table(&self, width: Option<u16>) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        if let Some(width) = width {
            table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width);
        }
        table.set_header(self.headings.iter().map(|heading| line(heading)));
        for row in &self.rows {
            let cell = |text: &String| match self.wraps {
                true => wrapped(&flat(text), CELL),
                false => line(text),
            };
            table.add_row(row.iter().map(cell));
        }
        table.trim_fmt()
    }
}

/// A table with how many rows it has, where people look at it.
pub(crate) fn with_count(table: String, count: &str) -> String {
    match form() {
        Form::Plain | Form::Csv | Form::Spreadsheet | Form::Tsv => table,
        Form::Table | Form::Json | Form::Id => format!("{table}\n{count}"),
    }
}

/// A cell of CSV: in quotes where it needs them.
fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

fn in_spreadsheet(cell: &str) -> String {
    quoted(&cells::for_spreadsheet(cell))
}

/// A cell without what ends cells and lines.
fn in_line(cell: &str) -> String {
    cell.replace(['\t', '\n', '\r'], " ")
}

/// One line of a cell's text, cut where it is long.
fn line(text: &str) -> String {
    let flat = flat(text);
    match flat.char_indices().nth(CELL) {
        Some((at, _)) => format!("{}…", flat.get(..at).unwrap_or_default().trim_end()),
        None => flat,
    }
}

fn flat(text: &str) -> String {
    looks::shown(text)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_one_line_and_cut() {
        assert_eq!(line("a\nb\u{1b}[31m"), "a b [31m");
        assert_eq!(line(&"ü".repeat(61)).chars().count(), 61);
        assert!(line(&"ü".repeat(61)).ends_with('…'));
    }

    #[test]
    fn a_screen_shows_the_ends_of_ids_and_how_long_ago_something_was() {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let mut grid = Grid::new(["name", "run as", "created", "id"]);
        grid.row(["a", "", "2026-03-02T08:57:00Z", "01a225a2-b9d3-7000-8000-0000000abcde"]);
        grid.row(["b", "", "2026-01-02T08:57:00Z", "01a225a2-b9d3-7000-8000-0000001abcde"]);
        let shown = grid.fitted(Screen { width: 200, now });
        assert_eq!(shown.rows[0], ["a", "", "3 min ago", "0abcde"]);
        assert_eq!(shown.rows[1], ["b", "", "2026-01-02", "1abcde"]);
        let narrow = grid.fitted(Screen { width: 30, now });
        assert_eq!(narrow.headings, ["name", "created", "id"]);
        let table = grid.fitted(Screen { width: 30, now }).table(Some(30));
        assert!(table.lines().all(|line| line.chars().count() <= 30), "{table}");
    }

    #[test]
    fn what_explains_is_wrapped() {
        let mut grid = Grid::new(["why"]).uncut();
        let text = "word ".repeat(40);
        grid.row([&text]);
        let shown = grid.table(None);
        assert_eq!(shown.matches("word").count(), 40, "{shown}");
        assert!(!shown.contains('…') && shown.lines().count() > 5, "{shown}");
    }

    #[test]
    fn lines_have_whole_cells_and_quotes_where_they_need_them() {
        let mut grid = Grid::new(["name", "said"]);
        grid.row(["Litware, Inc.".to_owned(), format!("a \"b\"\tc{}", "d".repeat(80))]);
        let csv = grid.lines(",", quoted);
        let long = "d".repeat(80);
        assert_eq!(csv, format!("name,said\n\"Litware, Inc.\",\"a \"\"b\"\"\tc{long}\""));
        let further = grid.going_on(true).lines("\t", flat);
        assert_eq!(further, format!("Litware, Inc.\ta \"b\" c{long}"));
    }

    #[test]
    fn machines_get_cells_as_they_are_and_people_see_what_hides() {
        let mut grid = Grid::new(["name"]);
        grid.row(["x\u{202e}y\nz"]);
        assert_eq!(grid.lines(",", quoted), "name\n\"x\u{202e}y\nz\"");
        assert_eq!(grid.lines("\t", in_line), "name\nx\u{202e}y z");
        assert_eq!(grid.lines("\t", flat), "name\nx\\u{202e}y z");
        assert!(grid.drawn().contains("x\\u{202e}y z"), "{}", grid.drawn());
        assert_eq!(in_spreadsheet("=a,b"), "\"'=a,b\"");
    }

    #[test]
    fn a_terminal_is_left_alone() {
        assert_eq!(plain("red \u{1b}[31mtext\n"), "red [31mtext\n");
        assert_eq!(plain("exe.\u{202e}gnp"), "exe.\\u{202e}gnp");
    }
}
