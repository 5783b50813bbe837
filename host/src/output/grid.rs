//! Tables, in the form that is wanted.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use sluice_model::{Timestamp, Uuid, cells, looks};

use super::{Form, form};
use crate::{
    screen::{Screen, ends, screen},
    text::wrapped,
    times,
};

/// A table.
pub(crate) struct Grid {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
    wraps: bool,
    goes_on: bool,
    /// The columns that a narrow screen does without, the first one first.
    spare: &'static [&'static str],
}

/// A table as it is written, and nothing beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written(pub(super) String);

impl std::ops::Deref for Written {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
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
            spare: &[],
        }
    }

    /// The table with columns that a narrow screen does without, the first one first.
    #[must_use]
    pub(crate) fn sparing(mut self, columns: &'static [&'static str]) -> Self {
        self.spare = columns;
        self
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
    pub(crate) fn text(&self, empty: &str) -> Written {
        Written(match form() {
            Form::Csv => self.lines(",", quoted),
            // The mark by which a spreadsheet knows the encoding.
            Form::Spreadsheet if !self.goes_on => format!("\u{feff}{}", self.lines(",", in_spreadsheet)),
            Form::Spreadsheet => self.lines(",", in_spreadsheet),
            Form::Tsv => self.lines("\t", in_line),
            _ if self.rows.is_empty() => empty.to_owned(),
            Form::Plain => self.lines("\t", flat),
            Form::Table | Form::Json | Form::Id => self.drawn(),
        })
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
        let mut fitted = Self {
            headings: self.headings.clone(),
            rows,
            ..*self
        };
        let is_empty = |at: usize| self.rows.iter().all(|row| row.get(at).is_none_or(String::is_empty));
        let empty: Vec<usize> = (0..self.headings.len()).filter(|at| is_empty(*at)).collect();
        if fitted.needs() > screen.width.into() && empty.len() < self.headings.len() {
            empty.into_iter().rev().for_each(|at| fitted.leave_out(at));
        }
        for spare in self.spare {
            let place = fitted.headings.iter().position(|heading| heading == spare);
            if let Some(place) = place.filter(|_| fitted.needs() > screen.width.into()) {
                fitted.leave_out(place);
            }
        }
        fitted
    }

    fn leave_out(&mut self, column: usize) {
        self.headings.remove(column);
        for row in self.rows.iter_mut().filter(|row| row.len() > column) {
            row.remove(column);
        }
    }

    /// How wide a column is.
    fn width(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at));
        let all = cells.chain(self.headings.get(at));
        all.map(|text| text.chars().count().min(CELL)).max().unwrap_or_default()
    }

    /// How wide a screen it needs to be read; what is long may be in several lines.
    fn needs(&self) -> usize {
        const LINE: usize = 20;
        let longest = if self.spare.is_empty() { CELL } else { LINE };
        let widths = (0..self.headings.len()).map(|at| self.width(at).min(longest) + 3);
        widths.sum::<usize>() + 1
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
        let whole = width.map_or_else(Vec::new, |width| self.whole(width.into()));
        for column in whole {
            if let Some(column) = table.column_mut(column) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        table.trim_fmt()
    }

    /// The columns that are not narrowed where all of them are too wide: ids, which are copied, then the narrowest,
    /// as long as the others keep room to be read. What is long shares the rest.
    fn whole(&self, screen: usize) -> Vec<usize> {
        const READ: usize = 12;
        let is_id = |at: &usize| self.headings.get(*at).is_some_and(|heading| heading == "id");
        let mut columns: Vec<usize> = (0..self.headings.len()).collect();
        columns.sort_by_key(|at| (!is_id(at), self.width(*at)));
        let mut room = screen.saturating_sub(3 * columns.len() + 1);
        let mut others = columns.len();
        columns.retain(|at| {
            others -= 1;
            let fits = self.width(*at) + others * READ <= room || is_id(at);
            if fits {
                room = room.saturating_sub(self.width(*at));
            }
            fits
        });
        columns
    }
}

/// A cell of CSV, in quotes where it is not read again as what it is without: blanks around one are passed over.
fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) || cell.trim() != cell {
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
    fn ids_and_short_cells_stay_whole_where_a_screen_is_narrow() {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let mut grid = Grid::new(["step", "message", "stage", "rank", "state", "id"]).sparing(&["message", "rank"]);
        for end in ["0", "1"] {
            let id = format!("01a225a2-b9d3-7000-8000-000000{end}abcde");
            let step = "commission of the seller: Create of account in the whole organisation";
            grid.row([step, "Create account", "pre-operation", "1", "enabled", &id]);
        }
        for width in [80, 60] {
            let screen = Screen { width, now };
            let shown = grid.fitted(screen).table(Some(width));
            assert!(
                shown.contains("0abcde") && shown.contains("enabled"),
                "{width}: {shown}"
            );
            assert!(
                shown.lines().all(|line| line.chars().count() <= width.into()),
                "{width}: {shown}"
            );
        }
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
}
