//! What a business rule does, as it is written in JSON. Its conditions and values are those of
//! workflows, as far as they are about the row itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sluice_model::{Catalog, Code, Error, Name, Reference, Result, TableDef};

use crate::workflows::language::{
    Action as Step, Check as Branch, Checker, Compare, Condition, Definition as Steps, Ending, LONGEST, Operator,
    Place, Source, Stop, Update, malformed, values,
};

/// The content of `clientdata`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Definition {
    /// In the order in which they are done.
    pub(super) actions: Vec<Action>,
}

/// Something that a rule does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Action {
    /// Does one thing or another.
    Check(Check),
    /// Gives columns these values.
    Set(BTreeMap<Name, Source>),
    /// Gives columns of a new row these values, where they are empty.
    Default(BTreeMap<Name, Source>),
    /// Refuses a row whose columns are empty.
    Require(Vec<Name>),
    /// Refuses the row.
    Error(Refusal),
}

/// Does one thing or another.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    /// What is asked.
    #[serde(rename = "if")]
    pub(super) condition: Condition,
    /// What is done where it is so.
    pub(super) then: Vec<Action>,
    /// What is done where it is not.
    #[serde(default, rename = "else")]
    pub(super) otherwise: Vec<Action>,
}

/// Refuses the row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    /// The column that is wrong.
    #[serde(default)]
    pub(super) column: Option<Name>,
    /// What people are told.
    pub(super) message: String,
}

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    /// It is too long, or the place in the text that is wrong.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if text.len() > LONGEST {
            return Err(Error::invalid(format!(
                "the definition of a business rule has {} bytes, and {LONGEST} is the most",
                text.len()
            )));
        }
        serde_json::from_str(text).map_err(|error| malformed("definition of a business rule", &error))
    }

    /// Whether it makes sense for rows of a table; the rows that it names by their ids, each with its place.
    ///
    /// # Errors
    /// What is wrong with it first, with its place.
    pub(super) fn check(&self, catalog: &Catalog, table: &str) -> Result<Vec<(String, Reference)>> {
        all_own(&self.actions, "", false)?;
        all_do_something(&self.actions, "")?;
        let checked = Checker::check(catalog, table, &self.steps()).map_err(of_rule)?;
        can_be_given(catalog.table(table)?, &self.actions, "")?;
        Ok(checked.rows)
    }

    /// The tables and columns that it uses.
    ///
    /// # Errors
    /// It cannot be read for rows of that table.
    pub(super) fn uses(&self, catalog: &Catalog, table: &str) -> Result<Vec<(Name, Option<Name>)>> {
        Checker::look(catalog, table, &self.steps()).map(|checked| checked.uses)
    }

    /// The lookups of which texts are made.
    pub(super) fn texts_of_lookups(&self, table: &TableDef) -> BTreeSet<Name> {
        let mut found = BTreeSet::new();
        texts_in(table, &self.actions, &mut found);
        let is_lookup = |name: &Name| table.column(name).is_some_and(|column| column.kind.targets().is_some());
        found.retain(is_lookup);
        found
    }

    /// The columns of the row that it looks at; what it only sets, or names in an error, is not among them.
    pub(super) fn reads(&self) -> BTreeSet<Name> {
        let mut found = BTreeSet::new();
        read_in(&self.actions, &mut found);
        found
    }

    fn steps(&self) -> Steps {
        Steps {
            actions: self.actions.iter().map(step).collect(),
            children: Vec::new(),
            awaited: BTreeSet::new(),
        }
    }
}

fn read_in(actions: &[Action], found: &mut BTreeSet<Name>) {
    for action in actions {
        match action {
            Action::Check(check) => {
                asked_in(&check.condition, found);
                read_in(&check.then, found);
                read_in(&check.otherwise, found);
            }
            Action::Set(set) | Action::Default(set) => {
                for (name, source) in set {
                    columns_in(source, found);
                    // What is appended to, or counted up, is looked at.
                    if matches!(source, Source::Changed(..)) {
                        found.insert(name.clone());
                    }
                }
            }
            Action::Require(columns) => found.extend(columns.iter().cloned()),
            Action::Error(_) => {}
        }
    }
}

fn asked_in(condition: &Condition, found: &mut BTreeSet<Name>) {
    match condition {
        Condition::And(all) | Condition::Or(all) => all.iter().for_each(|one| asked_in(one, found)),
        Condition::Not(inner) => asked_in(inner, found),
        Condition::Compare(compare) => {
            found.insert(compare.column.clone());
            compare.value.iter().for_each(|value| columns_in(value, found));
        }
    }
}

/// What texts are made of that columns are set to, or compared with.
fn texts_in(table: &TableDef, actions: &[Action], found: &mut BTreeSet<Name>) {
    let is_text = |name: &Name| table.column(name).is_some_and(values::is_searched);
    for action in actions {
        match action {
            Action::Check(check) => {
                compared_in(&check.condition, found);
                texts_in(table, &check.then, found);
                texts_in(table, &check.otherwise, found);
            }
            Action::Set(set) | Action::Default(set) => {
                let texts = set.iter().filter(|(name, _)| is_text(name));
                texts.for_each(|(_, source)| columns_in(source, found));
            }
            Action::Require(_) | Action::Error(_) => {}
        }
    }
}

fn compared_in(condition: &Condition, found: &mut BTreeSet<Name>) {
    match condition {
        Condition::And(all) | Condition::Or(all) => all.iter().for_each(|one| compared_in(one, found)),
        Condition::Not(inner) => compared_in(inner, found),
        Condition::Compare(compare) => {
            if let Some(source @ Source::Text(_)) = &compare.value {
                columns_in(source, found);
            }
        }
    }
}

fn columns_in(source: &Source, found: &mut BTreeSet<Name>) {
    match source {
        Source::Column(name, _) => drop(found.insert(name.clone())),
        Source::First(sources) | Source::Text(sources) => sources.iter().for_each(|one| columns_in(one, found)),
        Source::Changed(_, by) | Source::Moved(by, _) => columns_in(by, found),
        Source::Constant(_) | Source::Row(_) | Source::Now(_) | Source::Output(..) => {}
    }
}

/// An error of what a workflow would do, as it is told of a rule.
pub(super) fn of_rule(mut error: Error) -> Error {
    let said = error.message().replace("of the workflow:", "of the business rule:");
    error.body_mut().message = said;
    error
}

/// What is required can be given by a request: of what the platform fills, nobody is asked for more.
fn can_be_given(table: &TableDef, actions: &[Action], within: &str) -> Result<()> {
    for (number, action) in (1..).zip(actions) {
        let place = format!("{within}{number}");
        match action {
            Action::Check(check) => {
                can_be_given(table, &check.then, &format!("{place} then "))?;
                can_be_given(table, &check.otherwise, &format!("{place} else "))?;
            }
            Action::Require(columns) => {
                let is_filled = |name: &&Name| {
                    let column = table.column(name);
                    column.is_some_and(|column| column.filled || column.name == table.key)
                };
                if let Some(filled) = columns.iter().find(is_filled) {
                    let message = format!(
                        "action {place} of the business rule: the platform fills column `{filled}` of `{}`: no request can \
                         give it",
                        table.name
                    );
                    return Err(Error::new(Code::READ_ONLY_COLUMN, message).with_table(&table.name));
                }
            }
            Action::Set(_) | Action::Default(_) | Action::Error(_) => {}
        }
    }
    Ok(())
}

/// What a workflow would do that names the same columns and values: it is checked alike.
fn step(action: &Action) -> Step {
    let asks = |columns: &[Name]| {
        let each = columns.iter().map(|column| {
            Condition::Compare(Compare {
                row: Place::default(),
                column: column.clone(),
                is: Operator::HasData,
                value: None,
            })
        });
        Step::Check(Branch {
            condition: Condition::And(each.collect()),
            then: Vec::new(),
            otherwise: Vec::new(),
        })
    };
    match action {
        Action::Check(check) => Step::Check(Branch {
            condition: check.condition.clone(),
            then: check.then.iter().map(step).collect(),
            otherwise: check.otherwise.iter().map(step).collect(),
        }),
        Action::Set(set) | Action::Default(set) => Step::Update(Update {
            row: Place::default(),
            set: set.clone(),
        }),
        Action::Require(columns) => asks(columns),
        Action::Error(Refusal {
            column: Some(column), ..
        }) => asks(std::slice::from_ref(column)),
        Action::Error(Refusal { column: None, .. }) => Step::Stop(Stop {
            ending: Ending::Canceled,
            message: None,
        }),
    }
}

/// What would do nothing, or say nothing, is a mistake; so is to change what a new row holds in a column that is
/// empty.
fn all_do_something(actions: &[Action], within: &str) -> Result<()> {
    for (number, action) in (1..).zip(actions) {
        let place = format!("{within}{number}");
        let refused = |what: &str| {
            let message = format!("action {place} of the business rule: {what}");
            Err(Error::invalid(message))
        };
        match action {
            Action::Check(check) => {
                all_do_something(&check.then, &format!("{place} then "))?;
                all_do_something(&check.otherwise, &format!("{place} else "))?;
            }
            Action::Require(columns) if columns.is_empty() => return refused("it requires no column"),
            Action::Error(refusal) if refusal.message.trim().is_empty() => {
                return refused("an error says something (`message`)");
            }
            Action::Default(set) if set.values().any(|source| matches!(source, Source::Changed(..))) => {
                return refused(
                    "a default is a value of its own: there is nothing to append to, increment or multiply",
                );
            }
            Action::Set(_) | Action::Default(_) | Action::Require(_) | Action::Error(_) => {}
        }
    }
    Ok(())
}

/// A rule knows nothing but its row; what it sets, and what it refuses, is under a condition.
fn all_own(actions: &[Action], within: &str, has_condition: bool) -> Result<()> {
    for (number, action) in (1..).zip(actions) {
        let place = format!("{within}{number}");
        let other_rows = || {
            Err(Error::invalid(format!(
                "action {place} of the business rule: a rule looks at its own row only"
            )))
        };
        match action {
            Action::Check(check) => {
                if !is_own_condition(&check.condition) {
                    return other_rows();
                }
                all_own(&check.then, &format!("{place} then "), true)?;
                all_own(&check.otherwise, &format!("{place} else "), true)?;
            }
            Action::Set(_) | Action::Error(_) if !has_condition => {
                let message = format!(
                    "action {place} of the business rule: a set value or an error needs a condition; put it into a `check`"
                );
                return Err(Error::new(Code::RULE_NEEDS_CONDITION, message));
            }
            Action::Set(set) | Action::Default(set) if !set.values().all(is_own) => return other_rows(),
            Action::Set(_) | Action::Default(_) | Action::Require(_) | Action::Error(_) => {}
        }
    }
    Ok(())
}

fn is_own_condition(condition: &Condition) -> bool {
    match condition {
        Condition::And(all) | Condition::Or(all) => all.iter().all(is_own_condition),
        Condition::Not(inner) => is_own_condition(inner),
        // Whether a row is below another one is said by the rows between them.
        Condition::Compare(compare) => {
            compare.row.is_this() && !compare.is.climbs() && compare.value.iter().all(is_own)
        }
    }
}

fn is_own(source: &Source) -> bool {
    match source {
        Source::Column(_, row) => row.is_this(),
        Source::Row(_) | Source::Output(..) => false,
        Source::First(sources) | Source::Text(sources) => sources.iter().all(is_own),
        Source::Changed(_, source) | Source::Moved(source, _) => is_own(source),
        Source::Constant(_) | Source::Now(_) => true,
    }
}
