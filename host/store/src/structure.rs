//! The tables of a file beside what the definitions say: what differs, and what brings them
//! there. A new file and one of an earlier form come to the same tables in the same way.
//!
//! A column is compared by the text that makes it. What no definition knows is left as it is:
//! data goes only where a numbered step says so.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::OptionalExtension as _;
use sluice_model::{Error, Result, TableDef, coerce};

use crate::{fault::fault, form, session::Session, sql::ddl};

/// The text of each column in a statement that makes a table, by its name.
type Texts = BTreeMap<String, String>;

impl Session {
    /// Makes the tables, the columns and the indexes that the definitions say and the file
    /// lacks. Existing rows get the default of a column that ships.
    pub(crate) fn fit(&self) -> Result<()> {
        for table in self.definitions()? {
            self.fit_table(&table)?;
        }
        Ok(())
    }

    fn fit_table(&self, table: &TableDef) -> Result<()> {
        let wanted = ddl::create_table(table)?;
        let Some(there) = self.made_with(&table.name)? else {
            return self.change(&wanted);
        };
        let (wanted, there) = (texts(wanted.first().map_or("", String::as_str)), texts(&there));
        let differs = |(name, text): (&String, &String)| there.get(name).is_some_and(|other| other != text);
        if wanted.iter().any(differs) {
            self.make_anew(table, &wanted, &there)?;
        } else {
            for text in new(&wanted, &there).map(|(_, text)| text) {
                self.batch(&format!("ALTER TABLE \"{}\" ADD COLUMN {text}", table.name))?;
            }
        }
        for (name, _) in new(&wanted, &there) {
            self.fill(table, name)?;
        }
        let (named, there) = (ddl::indexes(table), self.indexes(&table.name)?);
        for name in there
            .iter()
            .filter(|name| !named.iter().any(|(other, _)| other == *name))
        {
            self.batch(&format!("DROP INDEX \"{name}\""))?;
        }
        for (_, sql) in named.iter().filter(|(name, _)| !there.contains(name)) {
            self.batch(sql)?;
        }
        Ok(())
    }

    /// Makes a table with other columns and moves the rows.
    fn make_anew(&self, table: &TableDef, wanted: &Texts, there: &Texts) -> Result<()> {
        const NEW: &str = "_new";
        let unknown = there.iter().filter(|(name, _)| !wanted.contains_key(*name));
        let all: Vec<&str> = wanted.iter().chain(unknown).map(|(_, text)| text.as_str()).collect();
        let moved: Vec<String> = there.keys().map(|name| format!("\"{name}\"")).collect();
        let (name, all, moved) = (&table.name, all.join(", "), moved.join(", "));
        self.change(&[
            format!("CREATE TABLE \"{NEW}\" ( {all} )"),
            format!("INSERT INTO \"{NEW}\" ({moved}) SELECT {moved} FROM \"{name}\""),
            format!("DROP TABLE \"{name}\""),
            format!("ALTER TABLE \"{NEW}\" RENAME TO \"{name}\""),
        ])
    }

    /// Gives the rows that are there the default of a column that ships.
    fn fill(&self, table: &TableDef, name: &str) -> Result<()> {
        let ships = self.ships.get(&table.name).and_then(|table| table.column(name));
        let Some((column, default)) = ships.and_then(|column| Some((column, column.default.as_ref()?))) else {
            return Ok(());
        };
        let value = coerce::stored(table, column, default)?;
        let cell = form::compared(table, column, &value)?;
        let mut statement = self.statement(&format!("UPDATE \"{}\" SET \"{name}\" = ?", table.name))?;
        statement.execute([cell]).map_err(fault)?;
        Ok(())
    }

    /// The statement that made a table, as it would be written now.
    fn made_with(&self, table: &str) -> Result<Option<String>> {
        let mut statement =
            self.statement("SELECT \"sql\" FROM sqlite_schema WHERE \"type\" = 'table' AND \"name\" = ?")?;
        statement.query_row([table], |row| row.get(0)).optional().map_err(fault)
    }

    /// The names of a table's indexes, the database's own aside.
    fn indexes(&self, table: &str) -> Result<BTreeSet<String>> {
        let sql =
            "SELECT \"name\" FROM sqlite_schema WHERE \"type\" = 'index' AND \"tbl_name\" = ? AND \"sql\" IS NOT NULL";
        let mut statement = self.statement(sql)?;
        let names = statement.query_map([table], |row| row.get(0)).map_err(fault)?;
        names.collect::<rusqlite::Result<_>>().map_err(fault)
    }

    /// In what the file's tables are not as the definitions say, a line each.
    pub(crate) fn differences(&self) -> Result<Vec<String>> {
        let definitions = self.definitions()?;
        let mut lines = Vec::new();
        for table in &definitions {
            let Some(there) = self.made_with(&table.name)? else {
                lines.push(format!("the table `{}` is missing", table.name));
                continue;
            };
            let wanted = texts(ddl::create_table(table)?.first().map_or("", String::as_str));
            let there = texts(&there);
            let names: BTreeSet<&String> = wanted.keys().chain(there.keys()).collect();
            for name in names.into_iter().filter(|name| wanted.get(*name) != there.get(*name)) {
                let what = match (wanted.contains_key(name), there.contains_key(name)) {
                    (true, false) => "is missing",
                    (false, true) => "is in no definition",
                    _ => "is not as it is defined",
                };
                lines.push(format!("the column `{name}` of `{}` {what}", table.name));
            }
            let wanted: BTreeSet<String> = ddl::indexes(table).into_iter().map(|(name, _)| name).collect();
            let there = self.indexes(&table.name)?;
            lines.extend(
                wanted
                    .difference(&there)
                    .map(|name| format!("the index `{name}` is missing")),
            );
            lines.extend(
                there
                    .difference(&wanted)
                    .map(|name| format!("the index `{name}` is in no definition")),
            );
        }
        let mut others = self.statement(
            "SELECT \"type\", \"name\" FROM sqlite_schema WHERE \"type\" != 'index' AND \"name\" NOT GLOB 'sqlite_*' \
             ORDER BY \"name\"",
        )?;
        let others = others.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        for other in others.map_err(fault)? {
            let (kind, name) = other.map_err(fault)?;
            let known =
                kind == "table" && (name.starts_with('_') || definitions.iter().any(|table| *table.name == *name));
            if !known {
                lines.push(format!("the {kind} `{name}` is in no definition"));
            }
        }
        Ok(lines)
    }
}

/// The columns that `there` lacks.
fn new<'a>(wanted: &'a Texts, there: &'a Texts) -> impl Iterator<Item = (&'a String, &'a String)> {
    wanted.iter().filter(|(name, _)| !there.contains_key(*name))
}

/// The columns in the text of a statement that makes a table, as this crate writes it.
fn texts(sql: &str) -> Texts {
    let columns = sql.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'));
    let columns = columns.map_or("", |(columns, _)| columns);
    let named = columns.split(", \"").map(|text| {
        let text = text.trim().trim_start_matches('"');
        let name = text.split_once('"').map_or(text, |(name, _)| name);
        (name.to_owned(), format!("\"{text}"))
    });
    named.collect()
}

/// What the organisation made and what ships must not have one name.
pub(crate) fn taken(table: &str, column: Option<&str>) -> Error {
    let what = match column {
        Some(column) => format!("the column `{column}` that this organisation added to `{table}`"),
        None => format!("the table `{table}` that this organisation made"),
    };
    Error::host(format!(
        "{what} has the name of one that this version of Sluice brings along: take it out with the earlier version, or \
         keep to that version; nothing was changed"
    ))
}
