//! What a workflow at work sees: rows, their columns, and the values that are made of them.

use std::{collections::BTreeSet, sync::Arc};

use sluice_engine::fill::made_of;
use sluice_model::{
    Code, ColumnDef, ColumnType, Error, Name, Reference, Request, Result, Row, TableDef, Value, codes::Kind, coerce,
};

use super::{Run, missing};
use crate::workflows::{
    check::hierarchy,
    definition::{Compare, Condition, Operator, Place, Source},
    naming, values,
};

/// So many characters a text has that goes to no column, or to a short one.
pub(crate) const LONGEST_TEXT: usize = 64 << 10;

/// So many levels a hierarchy is looked up.
const HIGHEST: usize = 100;

/// So many a text has that goes to a long one.
pub(super) const LONGEST_IN_COLUMN: usize = 1 << 20;

/// How long a text for a column becomes; the platform refuses what is longer than a short column.
pub(crate) fn longest_text(column: &ColumnDef) -> usize {
    let most = match &column.kind {
        ColumnType::Text { max_length } | ColumnType::Memo { max_length } => *max_length,
        _ => 0,
    };
    usize::try_from(most)
        .unwrap_or(usize::MAX)
        .clamp(LONGEST_TEXT, LONGEST_IN_COLUMN)
}

/// A text that is being built, and is cut where it becomes too long.
pub(crate) struct Bounded {
    pub(super) text: String,
    most: usize,
    /// How many characters may still come.
    left: usize,
    cut: bool,
}

impl Bounded {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            text: String::new(),
            most,
            left: most,
            cut: false,
        }
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there was more than there is room for.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    pub(crate) fn push(&mut self, part: &str) {
        let end = part.char_indices().nth(self.left).map(|(end, _)| end);
        self.cut |= end.is_some();
        let part = end.and_then(|end| part.get(..end)).unwrap_or(part);
        self.left -= part.chars().count();
        self.text.push_str(part);
    }

    /// The text.
    ///
    /// # Errors
    /// It was cut.
    pub(crate) fn whole(self) -> Result<String> {
        match self.cut {
            false => Ok(self.text),
            true => Err(Error::new(
                Code::OUT_OF_RANGE,
                format!(
                    "a text that the workflow builds is longer than {} characters",
                    self.most
                ),
            )),
        }
    }
}

impl<'a> Run<'a> {
    /// Whether a condition is met.
    pub(crate) fn holds(&mut self, condition: &Condition) -> Result<bool> {
        match condition {
            Condition::And(all) => {
                for one in all {
                    if !self.holds(one)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Or(all) => {
                for one in all {
                    if self.holds(one)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::Not(inner) => Ok(!self.holds(inner)?),
            Condition::Compare(compare) => self.compare(compare),
        }
    }

    fn compare(&mut self, compare: &Compare) -> Result<bool> {
        let left = self.column(&compare.row, &compare.column)?;
        let right = match (&compare.value, self.find(&compare.row)?) {
            (Some(source), Some(row)) => {
                let table = self.table(&row.table)?;
                self.value(source, &table, &compare.column)?
            }
            _ => Value::Null,
        };
        if compare.is.climbs() {
            let own = self.find(&compare.row)?.map(|row| row.table);
            let is_under = match own {
                Some(table) => self.is_under(&left, &right, &table)?,
                None => false,
            };
            return Ok(is_under == (compare.is == Operator::Under));
        }
        let (left, right) = match &compare.value {
            Some(source) => self.in_one_currency((&compare.row, &compare.column, left), (source, right))?,
            None => (left, right),
        };
        let catalog = self.unit.catalog();
        Ok(values::holds(&left, compare.is, &right, catalog.collation()))
    }

    /// Whether a row, of that table where only its id is known, is below another one: each row on the way up is
    /// read in the name of whoever the workflow runs as.
    fn is_under(&mut self, row: &Value, above: &Value, table: &Name) -> Result<bool> {
        let reference = |value: &Value| match value {
            Value::Lookup(row) => Some(row.clone()),
            other => other.as_id().map(|id| Reference::new(table.clone(), id)),
        };
        let (Some(mut at), Some(above)) = (reference(row), reference(above)) else {
            return Ok(false);
        };
        let catalog = self.unit.catalog();
        let Some(parent) = hierarchy(&catalog, &at.table).filter(|_| at.table == above.table) else {
            return Ok(false);
        };
        for _ in 0..HIGHEST {
            let request = Request::retrieve(at, &[&*parent]);
            let answer = self.unit.call_service(self.context, request)?;
            match answer.row().and_then(|row| row.lookup(&parent)) {
                Some(next) if *next == above => return Ok(true),
                Some(next) => at = next.clone(),
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// What a source gives, as a column of a table takes it.
    pub(super) fn value(&mut self, source: &Source, table: &TableDef, name: &Name) -> Result<Value> {
        let column = coerce::column(table, name)?;
        match source {
            Source::Constant(json) => coerce::from_json(table, column, json),
            Source::Column(from, row) => {
                let value = self.column(row, from)?;
                if let (Value::Lookup(named), true) = (&value, values::is_searched(column)) {
                    return self.name_of(row, from, named).map(Value::Text);
                }
                let definition = self.definition_of(row, from)?;
                Ok(values::fitted(value, column, definition.as_ref()))
            }
            Source::Row(place) => match self.find(place)? {
                Some(named) if values::is_searched(column) => self.name_of_row(place, &named).map(Value::Text),
                Some(row) => Ok(values::fitted(Value::Lookup(row), column, None)),
                None => Ok(Value::Null),
            },
            Source::First(sources) => {
                for source in sources {
                    let value = self.value(source, table, name)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Ok(Value::Null)
            }
            // What a column is changed by is asked for where it is changed.
            Source::Changed(_, by) => self.value(by, table, name),
            Source::Text(_) => {
                let text = self.text_up_to(source, longest_text(column))?;
                text.whole().map(Value::Text)
            }
            Source::Now(_) | Source::Moved(..) => Ok(values::fitted(self.moment(source)?, column, None)),
            Source::Output(output, of) => Ok(values::fitted(self.output(of, output), column, None)),
        }
    }

    /// What a source gives, as a text of so many characters at most.
    pub(in crate::workflows) fn text_up_to(&mut self, source: &Source, most: usize) -> Result<Bounded> {
        let mut text = Bounded::new(most);
        self.add(source, &mut text)?;
        Ok(text)
    }

    fn add(&mut self, source: &Source, text: &mut Bounded) -> Result<()> {
        match source {
            Source::Constant(serde_json::Value::String(constant)) => text.push(constant),
            Source::Constant(other) => text.push(&other.to_string()),
            Source::Column(from, row) => {
                let value = self.column(row, from)?;
                if let Value::Lookup(named) = &value {
                    let name = self.name_of(row, from, named)?;
                    text.push(&name);
                    return Ok(());
                }
                let definition = self.definition_of(row, from)?;
                text.push(&values::shown(&value, definition.as_ref()));
            }
            Source::Row(place) => {
                if let Some(row) = self.find(place)? {
                    let name = self.name_of_row(place, &row)?;
                    text.push(&name);
                }
            }
            Source::First(sources) => {
                let before = text.text.len();
                for source in sources {
                    self.add(source, text)?;
                    if text.text.len() > before {
                        return Ok(());
                    }
                }
            }
            Source::Text(parts) => {
                for part in parts {
                    if text.cut {
                        return Ok(());
                    }
                    self.add(part, text)?;
                }
            }
            Source::Now(_) | Source::Moved(..) => text.push(&values::shown(&self.moment(source)?, None)),
            Source::Changed(_, by) => self.add(by, text)?,
            Source::Output(output, of) => text.push(&values::shown(&self.output(of, output), None)),
        }
        Ok(())
    }

    /// What a row is called: to whoever may read it, or a lookup that refers to it.
    fn name_of_row(&mut self, place: &Place, row: &Reference) -> Result<String> {
        match &place.related {
            Some(lookup) => self.name_of(&Place::default(), lookup, row),
            None => naming::name_of(self.unit, self.context.user, row, false),
        }
    }

    /// What the row is called that a lookup refers to.
    fn name_of(&mut self, place: &Place, lookup: &Name, named: &Reference) -> Result<String> {
        let brought = self.context.target.as_ref().is_some_and(|target| target.has(lookup));
        let is_held = !(self.is_of_request(place) && brought);
        naming::name_of(self.unit, self.context.user, named, is_held)
    }

    /// A column of a row; nothing, where there is no such row.
    pub(in crate::workflows) fn column(&mut self, place: &Place, name: &Name) -> Result<Value> {
        let Some(row) = self.find(place)? else {
            return Ok(Value::Null);
        };
        if *self.table(&row.table)?.key == **name {
            return Ok(Value::Id(row.id));
        }
        let seen = self.see(place, &row)?;
        Ok(seen.get(name).cloned().unwrap_or(Value::Null))
    }

    pub(super) fn definition_of(&mut self, place: &Place, name: &Name) -> Result<Option<ColumnDef>> {
        let Some(row) = self.find(place)? else {
            return Ok(None);
        };
        Ok(self.table(&row.table)?.column(name).cloned())
    }

    /// The row at a place, with the columns that the workflow looks at.
    fn see(&mut self, place: &Place, row: &Reference) -> Result<&Row> {
        if !self.seen.contains_key(place) {
            let mut seen = self.retrieve(place, row)?;
            if let (Some(target), true) = (&self.context.target, self.is_of_request(place)) {
                let table = self.unit.snapshot()?.table(&row.table)?.clone();
                seen = self.unit.foreseen(&table, target, Some(&seen));
            }
            self.conceal(&mut seen)?;
            self.seen.insert(place.clone(), seen);
        }
        self.seen
            .get(place)
            .ok_or_else(|| Error::host("a row that a workflow has read is gone"))
    }

    /// Takes out of a row what the workflow's owner may not read of it: whoever sets off a workflow tells its
    /// author nothing by it.
    pub(super) fn conceal(&mut self, row: &mut Row) -> Result<()> {
        match &self.owner {
            Some(owner) => {
                let owner = self.unit.principal_of(owner)?;
                self.unit.conceal(&owner, row)
            }
            None => Ok(()),
        }
    }

    /// Whether the row at a place is that of an Update that is still to come.
    fn is_of_request(&self, place: &Place) -> bool {
        place.is_this() && self.is_in_request()
    }

    fn retrieve(&mut self, place: &Place, row: &Reference) -> Result<Row> {
        let table = self.table(&row.table)?;
        let mut columns: BTreeSet<Name> = self.program.reads.get(place).into_iter().flatten().cloned().collect();
        if self.is_of_request(place) {
            // What the row will be is made of these, and of the state that it has.
            let sources: Vec<Name> = columns.iter().flat_map(|column| made_of(&table, column)).collect();
            let state = table.states().map(|_| Name::from("statecode"));
            columns.extend(sources.into_iter().chain(state));
        }
        columns.remove(&table.key);
        let columns: Vec<&str> = columns.iter().map(|name| &**name).collect();
        let answer = self
            .unit
            .call_service(self.context, Request::retrieve(row.clone(), &columns))
            .map_err(|mut error| {
                if error.kind() == Kind::NotFound {
                    error.body_mut().code = Code::WORKFLOW_ROW_MISSING;
                }
                error
            })?;
        let found = answer.row().cloned();
        found.ok_or_else(|| Error::host("a row that was retrieved is not in the answer"))
    }

    /// The row at a place; nothing, where a lookup is empty or the row was not made.
    pub(in crate::workflows) fn find(&mut self, place: &Place) -> Result<Option<Reference>> {
        match (&place.created, &place.related) {
            (Some(name), _) => Ok(self.created.get(name).cloned()),
            (None, None) => Ok(Some(self.row.clone())),
            (None, Some(lookup)) => {
                let own = self.row.clone();
                let seen = self.see(&Place::default(), &own)?;
                let found = seen.lookup(lookup).cloned();
                Ok(found.filter(|row| place.table.as_ref().is_none_or(|table| *table == row.table)))
            }
        }
    }

    pub(super) fn need(&mut self, place: &Place) -> Result<Reference> {
        self.find(place)?.ok_or_else(|| missing(&place.to_string()))
    }

    pub(super) fn table(&mut self, name: &str) -> Result<Arc<TableDef>> {
        self.unit.snapshot()?.table(name).cloned()
    }
}
