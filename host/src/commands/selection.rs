//! The rows of a table that something is done to: by ids and names, from standard input, or as those of a view or
//! of a filter.

use std::path::Path;

use sluice_engine::Session;
use sluice_model::{Query, Right, fetchxml, odata};
use sluice_platform::prelude::*;

use super::row;
use crate::{door::after_privilege, lists, reading, usage::Usage};

/// The rows of a table.
#[derive(Debug, clap::Args)]
pub(crate) struct Selection {
    /// Ids or names; - reads them from standard input, one a line.
    #[arg(
        value_name = "ID",
        required_unless_present_any = ["view", "filter"],
        conflicts_with_all = ["view", "filter", "top"]
    )]
    rows: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
}

impl Selection {
    pub(super) fn pick(&self, session: &Session, table: &str) -> anyhow::Result<Picked> {
        self.chosen.pick(session, table, &self.rows)
    }

    /// The same of several tables: those by name once, those of a view or a filter of each.
    pub(super) fn pick_of_all(&self, session: &Session, tables: &[&str]) -> anyhow::Result<Picked> {
        match (&self.chosen, tables) {
            (chosen, [first, ..]) if !chosen.asks() => self.pick(session, first),
            (Chosen { view: Some(view), .. }, [_, _, ..]) => Err(Usage::because(format!(
                "a view is of one table: say with --kind of which `{view}` is"
            ))),
            _ => {
                let mut rows = Vec::new();
                for table in tables {
                    rows.extend(self.pick(session, table)?.rows);
                }
                Ok(Picked { rows, alone: false })
            }
        }
    }
}

/// The rows of a table that nobody names one by one.
#[derive(Debug, clap::Args)]
pub(crate) struct Chosen {
    /// The rows of a view, instead.
    #[arg(long, value_name = "VIEW")]
    view: Option<String>,
    /// The rows that a filter leaves, instead: "statecode eq 0 and revenue gt 1000". With --view, those of the view.
    #[arg(long, value_name = "ODATA")]
    filter: Option<String>,
    /// At most so many of them.
    #[arg(long, value_name = "N")]
    top: Option<u32>,
}

/// What somebody picked.
#[derive(Debug)]
pub(super) struct Picked {
    /// The rows, as somebody named them, or by their ids.
    pub(super) rows: Vec<String>,
    /// It is one that was named by itself: what becomes of it is told by itself as well.
    pub(super) alone: bool,
}

impl Picked {
    /// Rows by their names, or those that standard input names.
    pub(super) fn named(given: &[String]) -> anyhow::Result<Self> {
        let alone = matches!(given, [name] if name != INPUT);
        let mut rows = Vec::new();
        for name in given {
            match &**name {
                INPUT => rows.extend(from_input()?),
                name => rows.push(name.to_owned()),
            }
        }
        Ok(Self { rows, alone })
    }

    /// The same, with what becomes of each told in a list, also where it is one.
    pub(super) fn listed(self) -> Self {
        Self { alone: false, ..self }
    }
}

/// What stands for the rows that standard input names.
const INPUT: &str = "-";

impl Chosen {
    /// Whether a view or a filter says which rows.
    pub(super) fn asks(&self) -> bool {
        self.view.is_some() || self.filter.is_some()
    }

    /// Those of the words that name rows, and the rest of them; `begins` says where the rest begins that follows so
    /// many words or more.
    ///
    /// # Errors
    /// Rows are named that a view or a filter says as well, or none is in either way.
    pub(super) fn split<'a>(
        &self,
        words: &'a [String],
        begins: impl FnOnce(usize) -> usize,
    ) -> anyhow::Result<(&'a [String], &'a [String])> {
        // The first word names a row, whatever it looks like, where nothing else does.
        let least = usize::from(!self.asks());
        let (rows, rest) = words.split_at(begins(least).min(words.len()));
        match (self.asks(), rows) {
            (true, [one, ..]) => Err(Usage::because(format!(
                "`{one}` names a row, and --view or --filter says which rows: give one of them"
            ))),
            (false, []) => Err(Usage::because(
                "say which rows: by id or name, with - from standard input, or with --view or --filter",
            )),
            (false, _) if self.top.is_some() => Err(Usage::because(
                "--top goes with --view or --filter: rows that are named are all meant",
            )),
            _ => Ok((rows, rest)),
        }
    }

    /// The rows, by their names, or those that are asked for.
    pub(super) fn pick(&self, session: &Session, table: &str, named: &[String]) -> anyhow::Result<Picked> {
        if self.asks() {
            let query = self.query(session, table);
            let mut query = query.or_else(|error| after_privilege(session, table, Right::Read, error))?;
            let most = lists::limit(&mut query, self.top);
            let rows = row::pages(session, &query)?;
            let rows = rows.iter().take(most).map(|row| row.id.to_string()).collect();
            return Ok(Picked { rows, alone: false });
        }
        Picked::named(named)
    }

    fn query(&self, session: &Session, table: &str) -> anyhow::Result<Query> {
        let surroundings = session.surroundings()?;
        let table = surroundings.catalog.table(table)?;
        let mut query = match &self.view {
            Some(view) => fetchxml::parse(&surroundings, &session.view(view, Some(&*table.name))?.fetch)?,
            None => Query::new(table.name.clone()),
        };
        if let Some(filter) = &self.filter {
            query.filter = query.filter.and(odata::filter(&surroundings, table, filter)?);
        }
        if !query.gives_rows(&table.key) {
            return Err(Usage::because(format!(
                "the view joins, counts or groups rows of {}; name one that lists them",
                table.name
            )));
        }
        query.columns = Some(Vec::new());
        Ok(query)
    }
}

/// The rows that standard input names, one a line.
fn from_input() -> anyhow::Result<Vec<String>> {
    let text = reading::text(Path::new(INPUT))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(ToOwned::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(filter: Option<&str>) -> Chosen {
        Chosen {
            view: None,
            filter: filter.map(ToOwned::to_owned),
            top: None,
        }
    }

    #[test]
    fn rows_stand_before_the_rest_unless_a_filter_says_which() {
        let words = ["a=b", "c", "d=e"].map(str::to_owned);
        let last = |words: &[String]| words.len().saturating_sub(1);
        let split = |chosen: &Chosen, words: &[String]| {
            let split = chosen.split(words, |least| last(words).max(least));
            split.map(|(rows, rest)| (rows.len(), rest.len())).ok()
        };
        assert_eq!(split(&chosen(None), &words), Some((2, 1)));
        assert_eq!(split(&chosen(Some("x")), &words), None, "rows are named twice");
        assert_eq!(split(&chosen(Some("x")), &words[..1]), Some((0, 1)));
        assert_eq!(split(&chosen(None), &words[..1]), Some((1, 0)), "the first names a row");
    }
}
