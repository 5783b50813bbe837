//! Whether a definition makes sense for the tables of the organisation. What is wrong is named
//! with its place.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sluice_engine::tables;
use sluice_model::{Catalog, Code, ColumnDef, Error, Name, Ownership, Reference, Result, Row, TableDef, coerce};

mod given;
mod options;
mod states;

pub(crate) use given::{Offer, are_there};
pub(crate) use options::numbered;

use super::{
    definition::{
        Action, Call, Check, Compare, Condition, Create, DEEPEST, Definition, Place, SendEmail, Source, Stop, Wait, Who,
    },
    run, values,
};
use crate::email;

/// How many actions a workflow has at most, those of its branches included.
const MOST_ACTIONS: usize = 500;

/// A workflow that another one starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Started {
    /// Its name or id.
    pub(crate) workflow: String,
    /// What people are told that it is called.
    pub(crate) told: String,
    /// The table of the row that it is about.
    pub(crate) table: Name,
}

/// A definition that is looked through.
pub(crate) struct Checker<'a> {
    catalog: &'a Catalog,
    table: Arc<TableDef>,
    /// The rows that were made up to here, by their names.
    created: BTreeMap<String, Arc<TableDef>>,
    /// The tables and columns that it uses.
    pub(crate) uses: Vec<(Name, Option<Name>)>,
    /// The children that it starts.
    pub(crate) children: Vec<Started>,
    /// The plug-ins that it calls.
    pub(crate) plugins: Vec<Called>,
    /// What it takes of what they give back.
    pub(crate) taken: Vec<Taken>,
    /// The rows that it names by their ids, each with the place of its action.
    pub(crate) rows: Vec<(String, Reference)>,
    actions: usize,
    /// Where the action is that is looked at.
    place: String,
    /// What cannot work, although it can be read: what it uses is known all the same.
    wrong: Option<Error>,
}

/// A plug-in that is called.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    /// The place of the action.
    pub(crate) place: String,
    pub(crate) plugin: String,
    /// Its inputs, with all that each may be given.
    pub(crate) inputs: Vec<(Name, Vec<Offer>)>,
    /// Under which name later actions know what it gives back.
    pub(crate) name: Option<String>,
}

/// An output of a plug-in that goes somewhere.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    /// The place of the action.
    pub(crate) place: String,
    /// The name of the call.
    pub(crate) of: String,
    pub(crate) output: Name,
    pub(crate) goes: Goes,
}

/// Where an output goes.
#[derive(Debug, Clone)]
pub(crate) enum Goes {
    /// Into a text, or where another part says what it has to be.
    Anywhere,
    /// Into a column of that table, or it is compared with one.
    Column(Name, Box<ColumnDef>),
    /// It is waited for, or moved.
    Time,
}

/// Where something is wrong.
pub(crate) fn at(place: &str, mut error: Error) -> Error {
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
        let mut checker = Self::look(catalog, table, definition)?;
        match checker.wrong.take() {
            Some(wrong) => Err(wrong),
            None => Ok(checker),
        }
    }

    /// As [`Self::check`], of what may be in a file since before it was looked at so closely.
    ///
    /// # Errors
    /// It cannot be read for rows of that table.
    pub(crate) fn look(catalog: &'a Catalog, table: &str, definition: &Definition) -> Result<Self> {
        let mut checker = Self::nothing(catalog, table)?;
        checker.actions(&definition.actions, "", 0)?;
        Ok(checker)
    }

    /// For rows of a table, before anything was looked through.
    fn nothing(catalog: &'a Catalog, table: &str) -> Result<Self> {
        let table = catalog.table(table)?.clone();
        Ok(Self {
            catalog,
            uses: vec![(table.name.clone(), None)],
            table,
            created: BTreeMap::new(),
            children: Vec::new(),
            plugins: Vec::new(),
            taken: Vec::new(),
            rows: Vec::new(),
            actions: 0,
            place: String::new(),
            wrong: None,
        })
    }

    fn actions(&mut self, actions: &[Action], within: &str, depth: usize) -> Result<()> {
        for (number, action) in (1..).zip(actions) {
            let place = format!("{within}{number}");
            self.actions += 1;
            if self.actions > MOST_ACTIONS {
                let message = format!("a workflow has {MOST_ACTIONS} actions at most");
                return Err(at(&place, Error::invalid(message)));
            }
            self.place.clone_from(&place);
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

    /// Keeps what cannot work, the first of it.
    fn cannot_work(&mut self, error: Error) {
        if self.wrong.is_none() {
            self.wrong = Some(at(&self.place, error));
        }
    }

    /// A message is sent to rows of a table.
    fn sends(&mut self, message: &str, table: &TableDef) {
        if table.kept.refuses(message) {
            let what = format!(
                "the platform keeps the rows of `{}` itself: {message} does not work on them",
                table.name
            );
            self.cannot_work(Error::new(Code::MESSAGE_NOT_SUPPORTED, what).with_table(&table.name));
        }
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
                self.sends("Update", &table);
                for (name, source) in &update.set {
                    coerce::check_changes(&table, self.use_column(&table, name)?)?;
                    match source {
                        Source::Changed(verb, by) => self.changed(&table, name, *verb, by)?,
                        source => self.written(&table, name, source)?,
                    }
                }
                self.states(&table, &states::constants(&table, &update.set), false);
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
                self.sends("Update", &table);
                let row = run::state(&table, change, Row::unsaved(table.name.clone()))?;
                self.states(&table, &row, false);
                Ok(())
            }
            Action::StartChild(start) => {
                let table = self.row(&start.row)?;
                let child = Started {
                    workflow: start.workflow.clone(),
                    told: start.told().to_owned(),
                    table: table.name.clone(),
                };
                if !self.children.contains(&child) {
                    self.children.push(child);
                }
                Ok(())
            }
            Action::Call(call) => self.call(call),
            Action::SendEmail(email) => self.send_email(email),
            Action::Wait(wait) => self.wait(wait),
            Action::Stop(Stop { message, .. }) => message.iter().try_for_each(|source| self.source(source).map(|_| ())),
        }
    }

    fn call(&mut self, call: &Call) -> Result<()> {
        self.row(&call.row)?;
        if let Some(configuration) = &call.configuration {
            self.source(configuration)?;
        }
        let mut inputs = Vec::new();
        for (name, source) in &call.inputs {
            inputs.push((name.clone(), self.offers(source)?));
        }
        if let Some(name) = &call.name
            && self.plugins.iter().any(|other| other.name.as_ref() == Some(name))
        {
            return invalid(format!("two plug-ins are called as \"{name}\""));
        }
        self.plugins.push(Called {
            place: self.place.clone(),
            plugin: call.plugin.clone(),
            inputs,
            name: call.name.clone(),
        });
        Ok(())
    }

    fn send_email(&mut self, send: &SendEmail) -> Result<()> {
        if send.to.is_empty() {
            return invalid("an e-mail goes to somebody (`to`)".to_owned());
        }
        if let Some(from) = &send.from {
            match from.who()? {
                Who::Address(_) => return invalid("Sender cannot be unresolved: `from` is a row".to_owned()),
                Who::Row(place) => self.has_address(&place, false)?,
            }
        }
        for (_, recipient) in send.recipients() {
            match recipient.who()? {
                Who::Address(address) => {
                    self.source(address)?;
                }
                Who::Row(place) => self.has_address(&place, true)?,
            }
        }
        self.row(&send.row)?;
        self.source(&send.subject)?;
        if let Some(body) = &send.body {
            self.source(body)?;
        }
        let table = self.catalog.table(email::TABLE)?.clone();
        self.uses.push((table.name.clone(), None));
        if let Some(name) = &send.name
            && self.created.insert(name.clone(), table).is_some()
        {
            return invalid(format!("two rows are made as \"{name}\""));
        }
        Ok(())
    }

    /// The row at a place has an address, or is a team whose members have.
    fn has_address(&mut self, place: &Place, or_members: bool) -> Result<()> {
        let table = self.row(place)?;
        let address = email::address_column(&table.name);
        if address.is_some() || or_members && &*table.name == tables::TEAM {
            let members = self.catalog.table(tables::USER)?.clone();
            let (table, address) = match address {
                Some(address) => (&*table, address),
                None => (&*members, email::address_column(tables::USER).unwrap_or_default()),
            };
            return self.use_column(table, &address.into()).map(|_| ());
        }
        let says = match &*table.name == tables::TEAM {
            true => "an e-mail comes from one sender, and not from a team".to_owned(),
            false => format!("rows of `{}` have no address that an e-mail goes to", table.name),
        };
        invalid(says)
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
            Some(until) => self.time(until, "what is waited for"),
        }
    }

    fn create(&mut self, create: &Create) -> Result<()> {
        let table = self.catalog.table(&create.table)?.clone();
        self.uses.push((table.name.clone(), None));
        self.sends("Create", &table);
        self.columns(&table, &create.set)?;
        self.states(&table, &states::constants(&table, &create.set), true);
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
        if compare.is.climbs() {
            let own = [table.name.clone()];
            let targets = match column.kind.targets() {
                Some(targets) => targets,
                None if column.name == table.key => &own,
                None => return invalid(format!("{} refers to no row", of())),
            };
            let trees = targets
                .iter()
                .filter_map(|table| Some((table.clone(), hierarchy(self.catalog, table)?)));
            let trees: Vec<_> = trees.collect();
            if trees.is_empty() {
                return invalid(format!("{} refers to rows that stand in no hierarchy", of()));
            }
            self.uses
                .extend(trees.into_iter().map(|(table, parent)| (table, Some(parent))));
        }
        if compare.is.orders() && !values::is_ordered(&column) {
            return invalid(format!("{} is {} and has no order", of(), column.kind.word()));
        }
        compare
            .value
            .iter()
            .try_for_each(|source| self.fits(&table, &column, source))
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

/// The lookup by which rows of a table stand in a hierarchy: to the row above, of the same table.
pub(crate) fn hierarchy(catalog: &Catalog, table: &str) -> Option<Name> {
    let mut lookups = catalog.relationships_to(table).iter();
    let found = lookups.find(|one| one.is_of_itself() && one.behaviours.is_parental())?;
    Some(found.column.clone())
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
