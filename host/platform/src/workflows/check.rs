//! Whether a definition makes sense for the tables of the organisation. What is wrong is named
//! with its place.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value as Json;
use sluice_model::{
    Catalog, Code, ColumnDef, ColumnType, Error, Name, Ownership, Result, Row, TableDef, coerce, written,
};

use super::{
    definition::{
        Action, Check, Compare, Condition, Create, DEEPEST, Definition, Place, SendEmail, Source, StartChild, Stop,
        Verb, Wait,
    },
    run,
    values::{self, Gives},
};

/// How many actions a workflow has at most, those of its branches included.
const MOST_ACTIONS: usize = 500;

/// A definition that is looked through.
pub(crate) struct Checker<'a> {
    catalog: &'a Catalog,
    table: Arc<TableDef>,
    /// The rows that were made up to here, by their names.
    created: BTreeMap<String, Arc<TableDef>>,
    /// The tables and columns that it uses.
    pub(crate) uses: Vec<(Name, Option<Name>)>,
    /// The children that it starts, with the table of their row.
    pub(crate) children: Vec<(String, Name)>,
    /// The plug-ins that it calls.
    pub(crate) plugins: Vec<Called>,
    /// What it takes of what they give back: the name of the call, and of the output.
    pub(crate) taken: Vec<(String, Name)>,
    actions: usize,
}

/// A plug-in that is called.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    pub(crate) plugin: String,
    /// The names of its inputs; nothing, where it has those of the message.
    pub(crate) inputs: Option<Vec<Name>>,
    /// Under which name later actions know what it gives back.
    pub(crate) name: Option<String>,
}

/// Where something is wrong.
fn at(place: &str, mut error: Error) -> Error {
    let message = std::mem::take(&mut error.body_mut().message);
    error.body_mut().message = format!("action {place} of the workflow: {message}");
    error
}

fn invalid<T>(message: String) -> Result<T> {
    Err(Error::invalid(message))
}

impl<'a> Checker<'a> {
    /// Looks through the definition of a workflow for rows of a table.
    ///
    /// # Errors
    /// What is wrong with it first, with its place.
    pub(crate) fn check(catalog: &'a Catalog, table: &str, definition: &Definition) -> Result<Self> {
        let table = catalog.table(table)?.clone();
        let mut checker = Self {
            catalog,
            uses: vec![(table.name.clone(), None)],
            table,
            created: BTreeMap::new(),
            children: Vec::new(),
            plugins: Vec::new(),
            taken: Vec::new(),
            actions: 0,
        };
        checker.actions(&definition.actions, "", 0)?;
        Ok(checker)
    }

    fn actions(&mut self, actions: &[Action], within: &str, depth: usize) -> Result<()> {
        for (number, action) in (1..).zip(actions) {
            let place = format!("{within}{number}");
            self.actions += 1;
            if self.actions > MOST_ACTIONS {
                let message = format!("a workflow has {MOST_ACTIONS} actions at most");
                return Err(at(&place, Error::invalid(message)));
            }
            if let Action::Check(check) = action {
                self.condition(&check.condition, 0).map_err(|error| at(&place, error))?;
                self.branches(check, &place, depth)?;
            } else {
                self.action(action).map_err(|error| at(&place, error))?;
            }
        }
        Ok(())
    }

    fn branches(&mut self, check: &Check, place: &str, depth: usize) -> Result<()> {
        if depth >= DEEPEST {
            let message = format!("conditions stand {DEEPEST} deep inside each other at most");
            return Err(at(place, Error::invalid(message)));
        }
        self.actions(&check.then, &format!("{place} then "), depth + 1)?;
        self.actions(&check.otherwise, &format!("{place} else "), depth + 1)
    }

    fn action(&mut self, action: &Action) -> Result<()> {
        match action {
            Action::Check(_) => Ok(()),
            Action::Create(create) => self.create(create),
            Action::Update(update) => {
                let table = self.row(&update.row)?;
                if update.set.is_empty() {
                    return invalid("an update sets at least one column".to_owned());
                }
                for (name, source) in &update.set {
                    match source {
                        Source::Changed(verb, by) => self.changed(&table, name, *verb, by)?,
                        source => self.written(&table, name, source)?,
                    }
                }
                Ok(())
            }
            Action::Assign(assign) => {
                let table = self.row(&assign.row)?;
                if table.ownership != Ownership::User {
                    return invalid(format!("rows of `{}` have no owner", table.name));
                }
                self.written(&table, &"ownerid".into(), &assign.to)
            }
            Action::ChangeState(change) => {
                let table = self.row(&change.row)?;
                run::state(&table, change, Row::unsaved(table.name.clone())).map(|_| ())
            }
            Action::StartChild(StartChild { row, workflow }) => {
                let table = self.row(row)?;
                let child = (workflow.clone(), table.name.clone());
                if !self.children.contains(&child) {
                    self.children.push(child);
                }
                Ok(())
            }
            Action::Call(call) => {
                self.row(&call.row)?;
                for source in call.configuration.iter().chain(call.inputs.values()) {
                    self.source(source)?;
                }
                if let Some(name) = &call.name
                    && self.plugins.iter().any(|other| other.name.as_ref() == Some(name))
                {
                    return invalid(format!("two plug-ins are called as \"{name}\""));
                }
                self.plugins.push(Called {
                    plugin: call.plugin.clone(),
                    inputs: call.has_arguments().then(|| call.inputs.keys().cloned().collect()),
                    name: call.name.clone(),
                });
                Ok(())
            }
            Action::SendEmail(email) => self.send_email(email),
            Action::Wait(wait) => self.wait(wait),
            Action::Stop(Stop { message, .. }) => message.iter().try_for_each(|source| self.source(source).map(|_| ())),
        }
    }

    fn send_email(&mut self, email: &SendEmail) -> Result<()> {
        if email.to.is_empty() {
            return invalid("an e-mail goes to somebody (`to`)".to_owned());
        }
        for row in &email.to {
            let table = self.row(row)?;
            if run::address_column(&table.name).is_none() {
                return invalid(format!(
                    "rows of `{}` have no address that an e-mail goes to",
                    table.name
                ));
            }
        }
        self.row(&email.row)?;
        self.source(&email.subject)?;
        if let Some(body) = &email.body {
            self.source(body)?;
        }
        let table = self.catalog.table(run::EMAIL)?.clone();
        self.uses.push((table.name.clone(), None));
        if let Some(name) = &email.name
            && self.created.insert(name.clone(), table).is_some()
        {
            return invalid(format!("two rows are made as \"{name}\""));
        }
        Ok(())
    }

    fn wait(&mut self, wait: &Wait) -> Result<()> {
        if let Some(condition) = &wait.condition {
            self.condition(condition, 0)?;
        }
        match &wait.until {
            None if wait.condition.is_none() => {
                invalid("a wait has a point in time (`until`), a condition (`for`), or both".to_owned())
            }
            None => Ok(()),
            Some(until) => self.time(until),
        }
    }

    /// The source gives a point in time.
    fn time(&mut self, source: &Source) -> Result<()> {
        let is_time = match source {
            Source::Constant(Json::String(text)) => written::time(text).is_some(),
            Source::First(sources) => return sources.iter().try_for_each(|source| self.time(source)),
            source => match self.source(source)? {
                Offer::Column(column) => matches!(column.kind, ColumnType::DateTime | ColumnType::Date),
                Offer::Time | Offer::Output => true,
                Offer::Row(_) | Offer::Text => false,
            },
        };
        match is_time {
            true => Ok(()),
            false => invalid("what is waited for is no point in time, such as 2026-01-31T09:00:00Z".to_owned()),
        }
    }

    fn create(&mut self, create: &Create) -> Result<()> {
        let table = self.catalog.table(&create.table)?.clone();
        self.uses.push((table.name.clone(), None));
        self.columns(&table, &create.set)?;
        if let Some(name) = &create.name
            && self.created.insert(name.clone(), table).is_some()
        {
            return invalid(format!("two rows are made as \"{name}\""));
        }
        Ok(())
    }

    fn columns(&mut self, table: &TableDef, set: &BTreeMap<Name, Source>) -> Result<()> {
        set.iter()
            .try_for_each(|(name, source)| self.written(table, name, source))
    }

    /// A column that an update changes takes that, and what it is changed by.
    fn changed(&mut self, table: &TableDef, name: &Name, verb: Verb, by: &Source) -> Result<()> {
        let column = self.use_column(table, name)?;
        let fits = match verb {
            Verb::Append => values::is_searched(column),
            Verb::Increment | Verb::Decrement | Verb::Multiply => values::is_number(column),
        };
        if !fits {
            let what = if verb == Verb::Append { "text" } else { "number" };
            return invalid(format!(
                "column `{name}` of `{}` is {} and no {what} that could be changed",
                table.name,
                column.kind.word()
            ));
        }
        self.written(table, name, by)
    }

    /// A column that is written takes what the source gives.
    fn written(&mut self, table: &TableDef, name: &Name, source: &Source) -> Result<()> {
        let column = self.use_column(table, name)?.clone();
        if column.filled {
            let message = format!("the platform fills column `{name}` of `{}`", table.name);
            return Err(Error::new(Code::READ_ONLY_COLUMN, message).with_table(&table.name));
        }
        self.fits(table, &column, source)
    }

    fn fits(&mut self, table: &TableDef, column: &ColumnDef, source: &Source) -> Result<()> {
        match source {
            Source::Constant(json) => {
                let value = coerce::from_json(table, column, json)?;
                coerce::check(table, column, value).map(|_| ())
            }
            Source::First(sources) => sources.iter().try_for_each(|source| self.fits(table, column, source)),
            source => {
                let refusal = |what: &str| {
                    invalid(format!(
                        "column `{}` of `{}` is {} and does not take {what}",
                        column.name,
                        table.name,
                        column.kind.word()
                    ))
                };
                let given = self.source(source)?;
                match given {
                    Offer::Column(from) if !values::takes(column, Gives::Column(&from)) => {
                        refusal(&format!("that of `{}`, which is {}", from.name, from.kind.word()))
                    }
                    Offer::Row(of) if !values::takes(column, Gives::Row(&of)) => refusal(&format!("a row of `{of}`")),
                    Offer::Text if !values::takes(column, Gives::Text) => refusal("a text"),
                    Offer::Time if !values::takes(column, Gives::Time) => refusal("a point in time"),
                    _ => Ok(()),
                }
            }
        }
    }

    fn condition(&mut self, condition: &Condition, depth: usize) -> Result<()> {
        if depth > DEEPEST {
            return invalid(format!("conditions stand {DEEPEST} deep inside each other at most"));
        }
        match condition {
            Condition::And(all) | Condition::Or(all) => all.iter().try_for_each(|one| self.condition(one, depth + 1)),
            Condition::Not(inner) => self.condition(inner, depth + 1),
            Condition::Compare(compare) => self.compare(compare),
        }
    }

    fn compare(&mut self, compare: &Compare) -> Result<()> {
        let table = self.row(&compare.row)?;
        let column = self.use_column(&table, &compare.column)?.clone();
        let of = || format!("column `{}` of `{}`", column.name, table.name);
        match (&compare.value, compare.is.takes_value()) {
            (None, true) => return invalid(format!("{} is compared with no `value`", of())),
            (Some(_), false) => return invalid(format!("whether {} is empty takes no `value`", of())),
            _ => {}
        }
        if compare.is.searches() && !values::is_searched(&column) {
            return invalid(format!("{} holds no text that could be searched", of()));
        }
        if compare.is.orders() && !values::is_ordered(&column) {
            return invalid(format!("{} is {} and has no order", of(), column.kind.word()));
        }
        compare
            .value
            .iter()
            .try_for_each(|source| self.fits(&table, &column, source))
    }

    /// What a source gives, where that is no constant and no choice of several.
    fn source(&mut self, source: &Source) -> Result<Offer> {
        Ok(match source {
            Source::Constant(Json::Array(_)) => return invalid("a text has no list in it".to_owned()),
            Source::Constant(_) => Offer::Text,
            Source::Column(name, row) => {
                let table = self.row(row)?;
                Offer::Column(Box::new(self.use_column(&table, name)?.clone()))
            }
            Source::Row(row) => Offer::Row(self.row(row)?.name.clone()),
            Source::First(parts) | Source::Text(parts) => {
                for part in parts {
                    self.source(part)?;
                }
                Offer::Text
            }
            Source::Now(_) => Offer::Time,
            Source::Output(output, of) => {
                if !self.plugins.iter().any(|called| called.name.as_ref() == Some(of)) {
                    return invalid(format!("no action before this one calls a plug-in as \"{of}\""));
                }
                self.taken.push((of.clone(), output.clone()));
                Offer::Output
            }
            Source::Changed(..) => {
                return invalid("only a column of an `update` is appended to, incremented or multiplied".to_owned());
            }
        })
    }

    /// The table of the row at a place.
    fn row(&mut self, place: &Place) -> Result<Arc<TableDef>> {
        let lookup = match (&place.created, &place.related, &place.table) {
            (Some(name), None, None) => {
                return self
                    .created
                    .get(name)
                    .cloned()
                    .ok_or_else(|| Error::invalid(format!("no action before this one makes a row as \"{name}\"")));
            }
            (None, None, None) => return Ok(self.table.clone()),
            (None, Some(lookup), _) => lookup,
            _ => return invalid("a row is `related` (with `table`) or `created`, not both".to_owned()),
        };
        let table = self.table.clone();
        let column = self.use_column(&table, lookup)?.clone();
        let Some(targets) = column.kind.targets() else {
            let message = format!("column `{lookup}` of `{}` refers to no row", table.name);
            return invalid(message);
        };
        let target = match (&place.table, targets) {
            (Some(named), targets) if targets.contains(named) => named,
            (None, [only]) => only,
            _ => {
                let names: Vec<String> = targets.iter().map(|name| format!("`{name}`")).collect();
                return invalid(format!(
                    "column `{lookup}` of `{}` refers to a row of {}: say which in `table`",
                    table.name,
                    names.join(" or ")
                ));
            }
        };
        self.uses.push((target.clone(), None));
        self.catalog.table(target).cloned()
    }

    fn use_column<'t>(&mut self, table: &'t TableDef, name: &Name) -> Result<&'t ColumnDef> {
        let column = coerce::column(table, name)?;
        self.uses.push((table.name.clone(), Some(column.name.clone())));
        Ok(column)
    }
}

/// What a source gives.
enum Offer {
    Column(Box<ColumnDef>),
    Row(Name),
    Text,
    Time,
    /// What a plug-in gives back is known when it does.
    Output,
}

/// Each of these is a column of the table, and is named once.
pub(crate) fn columns_exist(table: &TableDef, names: &[Name]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for name in names {
        coerce::column(table, name)?;
        if !seen.insert(name) {
            return invalid(format!("column `{name}` of `{}` is named twice", table.name));
        }
    }
    Ok(())
}
