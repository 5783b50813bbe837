//! From the texts of a line to the row that it is about.

use std::sync::Arc;

use sluice_engine::{Batch, fill};
use sluice_model::{
    Code, ColumnType, Error, Filter, Query, Reference, Result, Row, TableDef, Uuid, Value, codes::Kind, coerce, looks,
};

use super::{
    identity::Ids,
    plan::{Lookup, Plan, Target},
    present::Present,
    report::Fault,
};

/// A line on its way: what it says, as far as that can be told without looking at other rows.
pub(super) struct Line {
    /// The physical line.
    pub(super) number: u64,
    /// Its bytes.
    pub(super) raw: Vec<u8>,
    pub(super) row: Row,
    /// Values that name other rows.
    pub(super) names: Vec<(Arc<Target>, String)>,
    pub(super) faults: Vec<Fault>,
    /// The row is there already, and how that is known.
    pub(super) present: Option<Present>,
    /// The ids that its row may have, where it is known by what it says.
    pub(super) ids: Option<Ids>,
}

impl Line {
    /// A line that holds no fields.
    pub(super) fn broken(number: u64, raw: Vec<u8>, table: &TableDef, faults: Vec<Fault>) -> Self {
        Self {
            number,
            raw,
            row: Row::unsaved(table.name.clone()),
            names: Vec::new(),
            faults,
            present: None,
            ids: None,
        }
    }

    /// Reads the values. `id` is the row's key, unless the file gives one.
    pub(super) fn read(&mut self, plan: &Plan, targets: &[Option<Arc<Target>>], fields: Vec<String>, id: Uuid) {
        self.row.id = id;
        self.row.values.extend(plan.constants.iter().cloned());
        let mut says = targets.iter().all(Option::is_none);
        let mut reasons = Vec::new();
        for (target, text) in targets.iter().zip(fields) {
            let Some(target) = target else { continue };
            // Blanks belong to texts alone.
            let is_text = matches!(target.column.kind, ColumnType::Text { .. } | ColumnType::Memo { .. });
            if text.is_empty() || (!is_text && text.trim().is_empty()) {
                continue;
            }
            says |= !looks::is_blank(&text);
            let text = match is_text && !target.values.contains_key(text.trim()) {
                true => text,
                false => text.trim().to_owned(),
            };
            if matches!(target.column.kind, ColumnType::Lookup { .. }) && !target.values.contains_key(&text) {
                self.names.push((target.clone(), text));
                continue;
            }
            if matches!(target.column.kind, ColumnType::Status { .. }) {
                reasons.push((target, text));
                continue;
            }
            let value = value(plan, target, None, &text);
            self.put(target, value);
        }
        // Which status reasons there are, the state says.
        let new = plan.table.first_state().filter(|_| plan.key.is_none());
        for (target, text) in reasons {
            let value = value(plan, target, self.row.int("statecode").or(new), &text);
            self.put(target, value);
        }
        if !says {
            let nothing =
                "the line has nothing under the headings that the map names, and would make a row without a word";
            self.faults.push(Fault::of_line(Error::invalid(nothing)));
        }
    }

    /// Looks up what the line names.
    ///
    /// # Errors
    /// The host failed.
    pub(super) fn look_up(&self, batch: &mut Batch<'_>, plan: &Plan) -> Result<(Row, Vec<Fault>)> {
        let mut line = Self {
            number: self.number,
            raw: Vec::new(),
            row: self.row.clone(),
            names: Vec::new(),
            faults: self.faults.clone(),
            present: None,
            ids: None,
        };
        for (target, text) in &self.names {
            let found = named(batch, plan, target, text);
            let found = found.and_then(|value| coerce::check(&plan.table, &target.column, value));
            match found {
                Err(error) if error.kind() == Kind::Host => return Err(error),
                found => line.put(target, found),
            }
        }
        if !line.faults.is_empty() {
            let lacking = line.lacking(plan);
            line.faults.extend(lacking);
        }
        Ok((line.row, line.faults))
    }

    fn put(&mut self, target: &Arc<Target>, value: Result<Value>) {
        match value {
            // An id of zeros is none.
            Ok(Value::Id(key)) if target.column.kind == ColumnType::Key && key.is_nil() => {}
            Ok(Value::Id(key)) if target.column.kind == ColumnType::Key => self.row.id = key,
            Ok(value) => self.row.set(target.column.name.clone(), value),
            Err(error) => self.faults.push(Fault::under(target, error)),
        }
    }

    /// What the row of the line lacks, which is refused: an error for each column.
    pub(super) fn lacking(&self, plan: &Plan) -> Vec<Fault> {
        let faulty = self.faults.iter().filter_map(|fault| fault.written_to.as_deref());
        let named = self.names.iter().map(|(target, _)| &*target.column.name);
        let mut row = self.row.clone();
        for name in faulty.chain(named) {
            // Something is there, whatever it is.
            row.set(name, true);
        }
        fill::lacking(&plan.table, &row).map(Fault::of_line).collect()
    }
}

fn value(plan: &Plan, target: &Target, state: Option<i32>, text: &str) -> Result<Value> {
    let (table, column) = (&plan.table, &target.column);
    if let Some(value) = target.values.get(text) {
        return Ok(value.clone());
    }
    let value = match (&target.format, &column.kind) {
        (Some(format), _) => format.value(table, column, &plan.timezone, text)?,
        (None, ColumnType::DateTime) => coerce::time(table, column, &plan.timezone, text)?,
        _ => coerce::from_text_in(table, column, state, text)?,
    };
    coerce::check(table, column, value)
}

/// The row that a text names.
fn named(batch: &mut Batch<'_>, plan: &Plan, target: &Target, text: &str) -> Result<Value> {
    if let Some(lookup) = &target.lookup {
        return found(batch, plan, lookup, text);
    }
    // People write `null` for an empty value; in a file it is a name like any other.
    let value = match text {
        "null" => coerce::from_text(&plan.table, &target.column, text),
        text => batch.value(&plan.table, &target.column, text),
    };
    let several = target.column.kind.targets().is_some_and(|targets| targets.len() > 1);
    value.map_err(|mut error| {
        if several && error.code() == Code::INVALID_ARGUMENT {
            let column = &target.column.name;
            let body = error.body_mut();
            body.message = format!(
                "{}; the map can say in which table a name is looked for, and by which column: [lookups.{column}] with \
                 `table` and `by`",
                body.message
            );
        }
        error
    })
}

/// The one row that `text` leads to.
fn found(batch: &mut Batch<'_>, plan: &Plan, lookup: &Lookup, text: &str) -> Result<Value> {
    let table = &lookup.table;
    let wanted = match lookup.by.kind {
        ColumnType::DateTime => coerce::time(table, &lookup.by, &plan.timezone, text)?,
        _ => coerce::from_text(table, &lookup.by, text)?,
    };
    let query = Query::new(table.name.clone())
        .columns(&[])
        .filter(Filter::eq(&lookup.by.name, wanted))
        .top(2);
    let told = |code, what: &str| {
        let message = format!("{what} `{}` has the {} \"{text}\"", table.name, lookup.by.name);
        Err(Error::new(code, message).with_table(&table.name))
    };
    match batch.list(query)?.as_slice() {
        [] => told(Code::NOT_FOUND, "no row of"),
        [row] => Ok(Value::Lookup(Reference::new(table.name.clone(), row.id))),
        _ => told(Code::AMBIGUOUS, "more than one row of"),
    }
}
