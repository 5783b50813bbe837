//! Whether an organisation's file is whole: every row can be read, and what stands in texts for
//! something else (a plug-in, a change, a trace) is that.

mod values;

use std::collections::HashMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::de::IgnoredAny;
use sluice_model::{Name, Result, Row, TableDef, Uuid};
use sluice_store::{Holder, Tx};

use crate::{
    Engine, Unit, answers, change::permit_to_check, compiling, engine::Core, jobs, options, plugin, snapshot::Snapshot,
    step_rows, tables, trace, unit::Purpose,
};

/// A text in rows that stands for something else: whoever works with the row takes it apart. Whether
/// that can be done is a part of whether the file is whole.
pub struct Meaning {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// Whether the text of that column can be taken apart.
    pub holds: fn(&Row, &str) -> bool,
}

impl Meaning {
    /// One of them.
    pub const fn new(table: &'static str, column: &'static str, holds: fn(&Row, &str) -> bool) -> Self {
        Self { table, column, holds }
    }
}

/// The texts of the core's own tables.
pub(crate) const CORE: &[Meaning] = &[
    Meaning::new(tables::MESSAGE_TRACE, "sl_tree", |_, text| trace::is_tree(text)),
    Meaning::new(tables::MESSAGE_TRACE, "sl_checks", |_, text| trace::are_checks(text)),
    Meaning::new(tables::MESSAGE_TRACE, "sl_request", |_, text| trace::is_request(text)),
    Meaning::new(tables::JOB, "data", |_, text| is_json(text)),
    Meaning::new(tables::JOB_CONTEXT, "sl_context", |_, text| jobs::is_context(text)),
    Meaning::new(tables::JOB_CALL, "sl_answer", |_, text| jobs::is_answer(text)),
    Meaning::new(tables::REQUEST_ANSWER, "sl_answer", |_, text| answers::is_answer(text)),
    Meaning::new(tables::PUBLICATION, "sl_content", |_, text| is_json(text)),
    Meaning::new(tables::OPTION_SET, "options", |_, text| options::parse(text).is_ok()),
    Meaning::new(tables::STEP, "sl_limits", |step, text| {
        step_rows::limits(step.int("mode").unwrap_or_default(), Some(text)).is_ok()
    }),
    Meaning::new(tables::PLUGIN_TYPE, "customworkflowactivityinfo", |_, text| {
        plugin::are_arguments(text)
    }),
];

/// What of a capability's rows does not belong together, a line each; `org check` asks. However many
/// rows there are, it holds few of them at a time.
pub type Sound = fn(&mut Unit) -> Result<Vec<String>>;

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether a text is the Base64 of the component that has the digest.
pub fn is_component(text: &str, digest: Option<&str>) -> bool {
    BASE64_STANDARD
        .decode(text)
        .is_ok_and(|component| digest == Some(&compiling::digest(&component)))
}

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
        let read = store.read_at_leisure(|mut tx| {
            let lines = all_rows(&self.core, &mut tx).and_then(|mut lines| {
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
        wrong.extend(self.on_pipeline_thread(|| self.what_belongs_together())?);
        Ok(wrong)
    }

    /// What does not belong together, as each capability knows it. Where the configuration cannot be read,
    /// that is told already.
    fn what_belongs_together(&self) -> Result<Vec<String>> {
        let Ok(mut unit) = self.unit(Purpose::Work) else {
            return Ok(Vec::new());
        };
        let mut lines = Vec::new();
        for sound in &self.core.sound {
            match sound(&mut unit) {
                Ok(found) => lines.extend(found),
                Err(error) => lines.push(error.message().to_owned()),
            }
        }
        Ok(lines)
    }
}

fn all_rows(core: &Core, tx: &mut Tx) -> Result<Vec<String>> {
    let meanings = core.meanings();
    let mut lines = Vec::new();
    let tables = tx.definitions()?;
    for table in &tables {
        let mut looked = Looked::default();
        let permit = permit_to_check();
        let read = tx.each_row(&permit, table, &mut |row| looked.at(meanings, table, row));
        let referred = std::mem::take(&mut looked.referred);
        let read = read.and_then(|()| referred.find(tx, &permit, table, &tables, &mut looked));
        if let Err(error) = read {
            looked.add(format!(
                "the table `{}` cannot be read: {}",
                table.name,
                error.message()
            ));
        }
        let sizes = std::mem::take(&mut looked.sizes);
        for (id, size) in sizes {
            let held = tx.blocks(&permit, Holder { table, id })?;
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
    /// The tables that its lookups refer to.
    referred: values::Referred,
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

    fn at(&mut self, meanings: &[&'static Meaning], table: &TableDef, row: Result<Row>) {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                return self.add(format!("a row of `{}` cannot be read: {}", table.name, error.message()));
            }
        };
        for meaning in meanings.iter().filter(|meaning| *meaning.table == *table.name) {
            let column = meaning.column;
            if row.text(column).is_some_and(|text| !(meaning.holds)(&row, text)) {
                self.add(format!(
                    "the column `{column}` of the row {} of `{}` is broken: what it stands for cannot be read",
                    row.id, table.name
                ));
            }
        }
        for problem in values::problems(table, &row) {
            self.add(problem);
        }
        self.referred.at(table, &row);
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
    is_component(content, assembly.text("sourcehash"))
}
