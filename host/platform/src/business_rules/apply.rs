//! What a business rule does to a row that is about to be written.

use std::collections::HashMap;

use sluice_engine::Unit;
use sluice_model::{
    Code, ColumnDef, Error, Name, Parameter, Reference, Result, Row, TableDef, Value, coerce, text::Collation,
};
use sluice_sandbox::{Context, Place as At};

use super::definition::{Action, Definition};
use crate::workflows::language::{Bounded, Condition, Source, longest_text, values};

/// A rule at work on the row of a request.
pub(super) struct Applied<'a> {
    pub(super) unit: &'a mut Unit,
    pub(super) table: &'a TableDef,
    pub(super) collation: &'a Collation,
    pub(super) context: &'a mut Context,
    /// The row as it is; nothing, where it is about to be made.
    pub(super) before: Option<Row>,
    /// What the request has of it.
    pub(super) sent: Row,
    /// The row as it will be.
    pub(super) row: Row,
    /// What the rows are called that its lookups refer to: the rule asks for no row.
    pub(super) names: HashMap<Reference, String>,
    /// What it looks at as if it were empty: what its owner may not read.
    pub(super) hidden: Vec<Name>,
}

/// Where a rule stood when it refused, and why.
pub(super) type Refused = (String, Error);

impl Applied<'_> {
    /// Applies a rule.
    ///
    /// # Errors
    /// The rule refuses the row, or cannot be applied to it: with the place of the action.
    pub(super) fn apply(&mut self, rule: &Definition) -> std::result::Result<(), Refused> {
        self.all(&rule.actions, "")
    }

    fn all(&mut self, actions: &[Action], within: &str) -> std::result::Result<(), Refused> {
        for (number, action) in (1..).zip(actions) {
            let place = format!("{within}{number}");
            let refused = |what: &str, error: Error| (format!("{place}: {what}"), error);
            match action {
                Action::Check(check) => {
                    let holds = self.holds(&check.condition);
                    let (branch, word) = match holds.map_err(|error| refused("check a condition", error))? {
                        true => (&check.then, "then"),
                        false => (&check.otherwise, "else"),
                    };
                    self.all(branch, &format!("{place} {word} "))?;
                }
                Action::Set(set) => {
                    let action = format!("{place}: set columns");
                    for (name, source) in set {
                        self.set(name, source, &action)
                            .map_err(|error| (action.clone(), error))?;
                    }
                }
                // A default of the column's own is for what no rule fills.
                Action::Default(set) if self.before.is_none() => {
                    let action = format!("{place}: set columns of a new row");
                    for (name, source) in set {
                        if self.sent.get(name).is_none_or(Value::is_null) {
                            self.set(name, source, &action)
                                .map_err(|error| (action.clone(), error))?;
                        }
                    }
                }
                Action::Default(_) => {}
                Action::Require(columns) => {
                    if let Some(missing) = columns.iter().find(|name| self.value_of(name).is_null()) {
                        return Err(refused("require columns", self.is_missing(missing)));
                    }
                }
                Action::Error(refusal) => {
                    let error = Error::new(Code::ISV_ABORTED, refusal.message.as_str()).with_table(&self.table.name);
                    return Err(refused("refuse the row", error));
                }
            }
        }
        Ok(())
    }

    fn is_missing(&self, column: &Name) -> Error {
        let message = format!("Attribute '{column}' cannot be NULL");
        let mut error = Error::new(Code::REQUIRED_MISSING, message).with_table(&self.table.name);
        error.body_mut().missing.push(column.to_string());
        error
    }

    fn value_of(&self, name: &Name) -> Value {
        if *name == self.table.key && !self.row.id.is_nil() {
            return Value::Id(self.row.id);
        }
        self.row.get(name).cloned().unwrap_or(Value::Null)
    }

    /// What the rule may tell of a column, by what it sets and by whether it does so.
    fn seen(&self, name: &Name) -> Value {
        match self.hidden.contains(name) {
            true => Value::Null,
            false => self.value_of(name),
        }
    }

    /// Gives a column a value, in the request, where the row does not have it already; `action` is the one that does.
    fn set(&mut self, name: &Name, source: &Source, action: &str) -> Result<()> {
        let column = coerce::column(self.table, name)?;
        let held = self.value_of(name);
        let value = match source {
            Source::Changed(verb, by) => values::changed(&held, *verb, &self.value(by, column)?, column)?,
            Source::Constant(constant) => coerce::stored(self.table, column, constant)?,
            source => self.value(source, column)?,
        };
        let value = coerce::formed(column, value);
        if value == held {
            return Ok(());
        }
        self.sent.set(name.clone(), value.clone());
        self.row = self.unit.foreseen(self.table, &self.sent, self.before.as_ref());
        let at = At::Column(name.clone());
        let before = at.of(self.context);
        at.put(self.context, Some(Parameter::Value(value)));
        self.context.actions.insert(at.clone(), action.to_owned());
        self.context.changes.entry(at).or_insert(before);
        Ok(())
    }

    fn holds(&self, condition: &Condition) -> Result<bool> {
        Ok(match condition {
            Condition::And(all) => {
                for one in all {
                    if !self.holds(one)? {
                        return Ok(false);
                    }
                }
                true
            }
            Condition::Or(all) => {
                for one in all {
                    if self.holds(one)? {
                        return Ok(true);
                    }
                }
                false
            }
            Condition::Not(inner) => !self.holds(inner)?,
            Condition::Compare(compare) => {
                let column = coerce::column(self.table, &compare.column)?;
                let right = match &compare.value {
                    Some(source) => self.value(source, column)?,
                    None => Value::Null,
                };
                values::holds(&self.seen(&compare.column), compare.is, &right, self.collation)
            }
        })
    }

    /// What a source gives, as a column takes it.
    fn value(&self, source: &Source, column: &ColumnDef) -> Result<Value> {
        Ok(match source {
            Source::Constant(constant) => coerce::from_json(self.table, column, constant)?,
            Source::Column(from, _) => match (self.seen(from), values::is_searched(column)) {
                (Value::Lookup(row), true) => Value::Text(self.name(&row)),
                (value, _) => values::fitted(value, column, self.table.column(from)),
            },
            Source::First(sources) => {
                for source in sources {
                    let value = self.value(source, column)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Value::Null
            }
            Source::Text(_) => {
                let mut text = Bounded::new(longest_text(column));
                self.add(source, &mut text)?;
                Value::Text(text.whole()?)
            }
            Source::Now(_) | Source::Moved(..) => values::fitted(self.moment(source)?, column, None),
            Source::Changed(_, by) => self.value(by, column)?,
            Source::Row(_) | Source::Output(..) => Value::Null,
        })
    }

    fn add(&self, source: &Source, text: &mut Bounded) -> Result<()> {
        match source {
            Source::Constant(serde_json::Value::String(constant)) => text.push(constant),
            Source::Constant(other) => text.push(&other.to_string()),
            Source::Column(from, _) => match self.seen(from) {
                Value::Lookup(row) => text.push(&self.name(&row)),
                value => text.push(&values::shown(&value, self.table.column(from))),
            },
            Source::First(sources) => {
                let before = text.len();
                for source in sources {
                    self.add(source, text)?;
                    if text.len() > before {
                        break;
                    }
                }
            }
            Source::Text(parts) => {
                for part in parts {
                    if text.is_cut() {
                        break;
                    }
                    self.add(part, text)?;
                }
            }
            Source::Now(_) | Source::Moved(..) => text.push(&values::shown(&self.moment(source)?, None)),
            Source::Changed(_, by) => self.add(by, text)?,
            Source::Row(_) | Source::Output(..) => {}
        }
        Ok(())
    }

    fn name(&self, row: &Reference) -> String {
        self.names.get(row).cloned().unwrap_or_else(|| row.id.to_string())
    }

    /// The point in time, or the day, that a source gives.
    fn moment(&self, source: &Source) -> Result<Value> {
        source.moment(self.context.created_on, &mut |found| {
            Ok(match found {
                Source::Column(from, _) => self.seen(from),
                _ => Value::Null,
            })
        })
    }
}
