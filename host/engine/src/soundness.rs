//! Whether an organisation's file is whole: every row can be read, and what stands in texts for
//! something else (a plug-in, a change, a trace) is that.

use std::collections::HashMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::de::IgnoredAny;
use sluice_model::{Name, Result, Row, TableDef, Uuid};
use sluice_store::{Holder, Tx};

use crate::{Engine, change::permit_to_check, compiling::digest, snapshot::Snapshot, tables};

/// Columns whose texts are JSON.
const JSON: [(&str, &str); 8] = [
    (tables::AUDIT, "changedata"),
    (tables::MESSAGE_TRACE, "sl_tree"),
    (tables::JOB_CONTEXT, "sl_context"),
    (tables::JOB_CALL, "sl_answer"),
    (tables::REQUEST_ANSWER, "sl_answer"),
    (tables::PUBLICATION, "sl_content"),
    (tables::STEP, "sl_limits"),
    (tables::SOLUTION_COMPONENT, "sl_parts"),
];

/// So many lines of one table are listed; more are counted.
const LISTED: usize = 20;

impl Engine {
    /// Checks the file: its pages, its tables, its rows and what they stand for. What is wrong, a
    /// line each.
    ///
    /// # Errors
    /// The file cannot be read at all.
    pub fn check(&self) -> Result<Vec<String>> {
        let store = self.core.store()?;
        let mut wrong = store.check()?;
        let read = store.read(|mut tx| {
            let lines = all_rows(&mut tx).and_then(|mut lines| {
                // The configuration, as a process that starts now reads it.
                let version = tx.config_version()?;
                if let Err(error) = Snapshot::load(&self.core, &mut tx, version, None) {
                    lines.push(format!("the configuration cannot be read: {}", error.message()));
                }
                Ok(lines)
            });
            (tx, lines)
        })?;
        match read {
            Ok(lines) => wrong.extend(lines),
            Err(error) => wrong.push(error.message().to_owned()),
        }
        Ok(wrong)
    }
}

fn all_rows(tx: &mut Tx) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for table in tx.definitions()? {
        let mut looked = Looked::default();
        let permit = permit_to_check();
        let read = tx.each_row(&permit, &table, &mut |row| looked.at(&table, row));
        if let Err(error) = read {
            looked.add(format!(
                "the table `{}` cannot be read: {}",
                table.name,
                error.message()
            ));
        }
        let sizes = std::mem::take(&mut looked.sizes);
        for (id, size) in sizes {
            let held = tx.blocks(&permit, Holder { table: &table, id })?;
            let held: u64 = held.iter().map(|block| block.size).sum();
            if held != size {
                looked.add(format!(
                    "the attachment of the note {id} has {held} bytes instead of {size}"
                ));
            }
        }
        lines.extend(looked.lines(&table.name));
    }
    Ok(lines)
}

/// What was found in a table.
#[derive(Default)]
struct Looked {
    lines: Vec<String>,
    more: usize,
    /// The size that each note says its attachment has.
    sizes: HashMap<Uuid, u64>,
}

impl Looked {
    fn add(&mut self, line: String) {
        match self.lines.len() < LISTED {
            true => self.lines.push(line),
            false => self.more += 1,
        }
    }

    fn lines(mut self, table: &Name) -> Vec<String> {
        if self.more > 0 {
            self.lines.push(format!("and {} more of `{table}`", self.more));
        }
        self.lines
    }

    fn at(&mut self, table: &TableDef, row: Result<Row>) {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                return self.add(format!("a row of `{}` cannot be read: {}", table.name, error.message()));
            }
        };
        let of_table = JSON.iter().filter(|(name, _)| *name == &*table.name);
        for (name, column) in of_table {
            let broken = row
                .text(column)
                .is_some_and(|text| serde_json::from_str::<IgnoredAny>(text).is_err());
            if broken {
                self.add(format!(
                    "the column `{column}` of the row {} of `{name}` is no JSON",
                    row.id
                ));
            }
        }
        if &*table.name == tables::ASSEMBLY && !is_as_pushed(&row) {
            let name = row.text("name").unwrap_or_default();
            self.add(format!("the content of the plug-in `{name}` is not what was pushed"));
        }
        if let (tables::NOTE, Some(size)) = (&*table.name, row.int("filesize")) {
            self.sizes.insert(row.id, u64::from(size.unsigned_abs()));
        }
    }
}

fn is_as_pushed(assembly: &Row) -> bool {
    let Some(content) = assembly.text("content") else {
        return assembly.text("sourcehash").is_none();
    };
    BASE64_STANDARD
        .decode(content)
        .is_ok_and(|component| assembly.text("sourcehash") == Some(&digest(&component)))
}
