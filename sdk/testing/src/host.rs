//! The door of this crate: a host to set up, and actors that make requests.

use std::{cell::RefCell, rc::Rc};

use sluice_model::{Code, Depth, Error, Ownership, Right};
use sluice_sdk::{Parameter, Parameters, Query, Reference, Request, Row, Value, registration::Plugin};

use crate::{
    Failure,
    frame::{MainOperation, Operation},
    pipeline,
    world::{self, Installed, SYSTEM, State},
};

/// A host in memory: tables, users with their privileges, rows, and plug-ins on their steps.
#[derive(Default)]
pub struct TestHost {
    world: Rc<RefCell<State>>,
}

/// Grants privileges to a user; see [`TestHost::user`].
#[derive(Default)]
pub struct UserBuilder {
    grants: Vec<(String, Right, Depth)>,
}

impl UserBuilder {
    /// One privilege on a table. An organization-owned table takes [`Depth::Organization`].
    #[must_use]
    pub fn grant(mut self, table: &str, right: Right, depth: Depth) -> Self {
        self.grants.push((table.to_owned(), right, depth));
        self
    }

    /// All eight privileges on a table.
    #[must_use]
    pub fn grant_all(self, table: &str, depth: Depth) -> Self {
        Right::ALL
            .into_iter()
            .fold(self, |user, right| user.grant(table, right, depth))
    }
}

/// Setting up.
impl TestHost {
    /// An empty host: no plug-in, no row, and nobody but SYSTEM.
    pub fn new() -> Self {
        let host = Self::default();
        host.world.borrow_mut().now = "2026-01-31T12:00:00Z".to_owned();
        host
    }

    /// Makes a table organization-owned. Other tables are user-owned, and made on first use.
    #[must_use]
    pub fn organization_table(self, name: &str) -> Self {
        self.world.borrow_mut().declare(name, Ownership::Organization);
        self
    }

    /// Installs plug-ins on the steps that they declare, with the capabilities that they want.
    #[must_use]
    pub fn plugins(self, plugins: &'static [Plugin]) -> Self {
        for plugin in plugins {
            self.world
                .borrow_mut()
                .steps
                .extend(plugin.steps.iter().map(|step| Installed {
                    plugin,
                    step,
                    run_as: None,
                    unsecure: None,
                    secure: None,
                    enabled: true,
                }));
        }
        self
    }

    /// Adds a user, in the one business unit, with these privileges.
    #[must_use]
    pub fn user(self, name: &str, grants: impl FnOnce(UserBuilder) -> UserBuilder) -> Self {
        let grants = grants(UserBuilder::default()).grants;
        self.world.borrow_mut().add_user(name, grants);
        self
    }

    /// Stores a row, as it is, that belongs to SYSTEM.
    #[must_use]
    pub fn row(self, row: Row) -> Self {
        self.row_of(SYSTEM, row)
    }

    /// Stores a row, as it is, that belongs to a user.
    #[must_use]
    pub fn row_of(self, owner: &str, row: Row) -> Self {
        self.world.borrow_mut().put(row, owner);
        self
    }

    /// Runs all steps of a plug-in as this user, as an administrator would register them.
    #[must_use]
    pub fn run_as(self, plugin: &str, user: &str) -> Self {
        self.each_step(plugin, |step| step.run_as = Some(user.to_owned()))
    }

    /// Configures all steps of a plug-in.
    #[must_use]
    pub fn configuration(self, plugin: &str, unsecure: Option<&str>, secure: Option<&str>) -> Self {
        self.each_step(plugin, |step| {
            step.unsecure = unsecure.map(str::to_owned);
            step.secure = secure.map(str::to_owned);
        })
    }

    /// Sets the time, RFC 3339 in UTC.
    #[must_use]
    pub fn at(self, now: &str) -> Self {
        self.world.borrow_mut().now = now.to_owned();
        self
    }

    /// Says what a message answers that is not one of the five on rows. Its steps run.
    #[must_use]
    pub fn answers(self, message: &str, outputs: Parameters) -> Self {
        self.world.borrow_mut().answers.insert(message.to_owned(), outputs);
        self
    }

    fn each_step(self, plugin: &str, change: impl Fn(&mut Installed)) -> Self {
        let named = |step: &&mut Installed| step.plugin.name == plugin;
        self.world.borrow_mut().steps.iter_mut().filter(named).for_each(change);
        self
    }
}

/// Acting and looking.
impl TestHost {
    /// A user that makes requests. One that nobody added has no privileges.
    pub fn as_user(&self, name: &str) -> Actor<'_> {
        Actor {
            host: self,
            name: name.to_owned(),
        }
    }

    /// SYSTEM, which may do everything.
    pub fn as_system(&self) -> Actor<'_> {
        self.as_user(SYSTEM)
    }

    /// Grants one privilege more.
    pub fn grant(&self, user: &str, table: &str, right: Right, depth: Depth) {
        self.world
            .borrow_mut()
            .grants(user)
            .push((table.to_owned(), right, depth));
    }

    /// Takes a privilege away.
    pub fn revoke(&self, user: &str, table: &str, right: Right) {
        self.world
            .borrow_mut()
            .grants(user)
            .retain(|(known, held, _)| known != table || *held != right);
    }

    /// Deactivates all steps of a plug-in.
    pub fn disable(&self, plugin: &str) {
        self.switch(plugin, false);
    }

    /// Activates them again.
    pub fn enable(&self, plugin: &str) {
        self.switch(plugin, true);
    }

    fn switch(&self, plugin: &str, enabled: bool) {
        for step in self
            .world
            .borrow_mut()
            .steps
            .iter_mut()
            .filter(|step| step.plugin.name == plugin)
        {
            step.enabled = enabled;
        }
    }

    /// All rows of a table with all columns, in the order in which they were written.
    pub fn rows(&self, table: &str) -> Vec<Row> {
        self.world.borrow().all(table)
    }

    /// A user as a lookup's value.
    pub fn reference(&self, user: &str) -> Reference {
        Reference::new("systemuser", world::user_id(user).to_string())
    }

    /// The lines that plug-ins traced, also those of failed requests.
    pub fn traces(&self) -> Vec<String> {
        self.world.borrow().traces.clone()
    }

    /// The service calls that plug-ins made: `RetrieveMultiple sl_commissionrule`.
    pub fn calls(&self) -> Vec<String> {
        self.world.borrow().calls.clone()
    }

    /// How asynchronous steps failed: their callers were not there any more.
    pub fn job_failures(&self) -> Vec<Failure> {
        self.world.borrow().job_failures.iter().cloned().map(Failure).collect()
    }
}

/// A user that makes requests.
pub struct Actor<'h> {
    host: &'h TestHost,
    name: String,
}

impl Actor<'_> {
    /// Makes a row; answers with all of it as it was written.
    ///
    /// # Errors
    /// As on the platform.
    pub fn create(&self, row: Row) -> Result<Row, Failure> {
        let table = row.table().to_owned();
        let outputs = self.run(MainOperation::Create, Some(row), Parameters::default())?;
        let id = match outputs.get("id") {
            Some(Parameter::Value(Value::Id(id))) => id.as_str(),
            _ => "",
        };
        self.written(&table, id)
    }

    /// Changes the columns that are present in `row`; answers with all of it as it was written.
    ///
    /// # Errors
    /// As on the platform.
    pub fn update(&self, row: Row) -> Result<Row, Failure> {
        let (table, id) = (row.table().to_owned(), row.id().unwrap_or_default().to_owned());
        self.run(MainOperation::Update, Some(row), Parameters::default())?;
        self.written(&table, &id)
    }

    /// Removes a row.
    ///
    /// # Errors
    /// As on the platform.
    pub fn delete(&self, row: &Reference) -> Result<(), Failure> {
        self.run(MainOperation::Delete(row.clone()), None, Parameters::default())
            .map(|_| ())
    }

    /// Reads all columns of a row.
    ///
    /// # Errors
    /// As on the platform.
    pub fn retrieve(&self, row: &Reference) -> Result<Row, Failure> {
        let outputs = self.run(
            MainOperation::Retrieve(row.clone(), Vec::new()),
            None,
            Parameters::default(),
        )?;
        match outputs.get("BusinessEntity") {
            Some(Parameter::Row(row)) => Ok(row.clone()),
            _ => Ok(Row::of(row)),
        }
    }

    /// Reads the rows that a query asks for.
    ///
    /// # Errors
    /// As on the platform.
    pub fn retrieve_multiple(&self, query: Query) -> Result<Vec<Row>, Failure> {
        let outputs = self.run(MainOperation::RetrieveMultiple(query), None, Parameters::default())?;
        match outputs.get("BusinessEntityCollection") {
            Some(Parameter::Rows(rows)) => Ok(rows.clone()),
            _ => Ok(Vec::new()),
        }
    }

    /// Runs any other message, for which the host has to know what it [answers](TestHost::answers).
    ///
    /// # Errors
    /// As on the platform.
    pub fn execute(&self, request: Request) -> Result<Parameters, Failure> {
        self.run(MainOperation::Other(request.message), None, request.inputs)
    }

    fn run(&self, work: MainOperation, target: Option<Row>, inputs: Parameters) -> Result<Parameters, Failure> {
        let (user, initiating) = (self.name.clone(), self.name.clone());
        pipeline::run(
            &self.host.world,
            Operation {
                work,
                target,
                inputs,
                user,
                initiating,
                parent: None,
            },
        )
        .map_err(Failure)
    }

    fn written(&self, table: &str, id: &str) -> Result<Row, Failure> {
        let gone = || {
            Failure(Error::new(
                Code::NOT_FOUND,
                "a plug-in deleted the row after it was written",
            ))
        };
        self.host.world.borrow().find(table, id).ok_or_else(gone)
    }
}
