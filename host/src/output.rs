//! The one place that writes to standard output: results, as text or as one JSON document.

use std::io::{self, Write};

use comfy_table::{Table, presets};
use serde_json::{Value as Json, json};

use crate::text::wrapped;

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
}

impl Outcome {
    /// A command that did what it was asked.
    pub(crate) fn new(document: Json, text: impl Into<String>) -> Self {
        Self {
            document,
            text: text.into(),
            exit: Exit::Done,
            printed: false,
        }
    }

    /// What went out while it was made.
    pub(crate) fn printed() -> Self {
        Self {
            printed: true,
            ..Self::new(Json::Null, "")
        }
    }

    /// A list: `{"value": [...]}`.
    pub(crate) fn list(rows: Vec<Json>, text: impl Into<String>) -> Self {
        Self::new(json!({ "value": rows }), text)
    }

    /// The outcome with another ending.
    #[must_use]
    pub(crate) fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

/// Writes an outcome to standard output.
pub(crate) fn show(outcome: &Outcome, json: bool) -> io::Result<()> {
    if outcome.printed {
        Ok(())
    } else if json {
        document(&outcome.document)
    } else {
        write(&outcome.text)
    }
}

/// Writes the one JSON document.
pub(crate) fn document(document: &Json) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    raw(text.as_bytes())
}

/// Writes text for people, with a line end.
pub(crate) fn write(text: &str) -> io::Result<()> {
    let mut text = plain(text);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    raw(text.as_bytes())
}

/// Writes bytes as they are, a part of something longer.
pub(crate) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush())
}

fn raw(text: &[u8]) -> io::Result<()> {
    bytes(text)
}

/// A line for people on standard error: progress, warnings, refusals. Where it cannot be
/// written there is nobody to tell.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", plain(text));
}

/// Text without the characters that move a terminal's cursor or change its colours: names
/// and messages come from rows and plug-ins.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

/// A table for people.
pub(crate) struct Grid {
    table: Table,
    wraps: bool,
}

/// Longer cells are cut in lists, and wrapped in what explains.
const CELL: usize = 60;

impl Grid {
    /// A table with these headings.
    pub(crate) fn new<T: ToString>(headings: impl IntoIterator<Item = T>) -> Self {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header(
            headings
                .into_iter()
                .map(|heading| line(&heading.to_string()))
                .collect::<Vec<_>>(),
        );
        Self { table, wraps: false }
    }

    /// The table with long cells in several lines, where they are read rather than looked over.
    #[must_use]
    pub(crate) fn uncut(mut self) -> Self {
        self.wraps = true;
        self
    }

    /// Adds a line.
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let cell = |text: &str| match self.wraps {
            true => wrapped(&flat(text), CELL),
            false => line(text),
        };
        let cells: Vec<String> = cells.into_iter().map(|text| cell(text.as_ref())).collect();
        self.table.add_row(cells);
    }

    /// The table as text; what is said instead where it has no lines.
    pub(crate) fn text(&self, empty: &str) -> String {
        if self.table.is_empty() {
            empty.to_owned()
        } else {
            self.table.trim_fmt()
        }
    }
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
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
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
    fn what_explains_is_wrapped() {
        let mut grid = Grid::new(["why"]).uncut();
        let text = "word ".repeat(40);
        grid.row([&text]);
        let shown = grid.text("");
        assert_eq!(shown.matches("word").count(), 40, "{shown}");
        assert!(!shown.contains('…') && shown.lines().count() > 5, "{shown}");
    }

    #[test]
    fn a_terminal_is_left_alone() {
        assert_eq!(plain("red \u{1b}[31mtext\n"), "red [31mtext\n");
    }
}
