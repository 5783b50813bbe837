//! Solutions: customizations that travel from one organisation to another as one file.
//!
//! | to | look at |
//! |---|---|
//! | see what a file looks like | `manifest`, `archive` |
//! | see how a solution is filled, written, read and removed | `contents`, `import`, `uninstall` |
//! | see what of a kind of component travels, and how it arrives | a module for each: `definitions`, `options`, `maps`, `role`, `plugin`, `rows` |
//!
//! Everything is read and written by ordinary messages in the caller's name. What is managed
//! says so in its row or its definition, and `crate::managed` keeps it.
mod archive;
mod contents;
mod count;
mod defaults;
mod definitions;
mod holders;
mod import;
mod keys;
mod left_options;
pub(crate) mod manifest;
mod maps;
mod options;
mod plugin;
mod removing;
mod role;
mod rows;
mod rules;
mod states;
mod uninstall;

pub use contents::SolutionContents;
pub use holders::Filled;
pub use import::{ImportOptions, ImportSolutions, Imported};
pub use uninstall::{UninstallSolutions, Uninstalled};

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as Json;
use sluice_model::{Catalog, Code, Error, Parameter, Reference, Request, Result, Right, TableDef, Uuid};

use crate::plugins::registration::Lacking;
use sluice_engine::{
    Batch, Capability, Component, ComponentPart, Engine, Meaning, Session, Tables, tables, tasks::Task,
};

pub(crate) const SOLUTION_COMPONENT: &str = "solutioncomponent";

/// Solutions, and what came with managed ones.
pub(crate) static SOLUTIONS: Capability = Capability {
    tables: sluice_engine::tables!["solution", "solutioncomponent"],
    tasks: &[
        Task::asked("prvImportCustomization"),
        Task::asked("prvExportCustomization"),
    ],
    rules: &[(Tables::Named(tables::SOLUTION), &rules::Solution)],
    meanings: &[Meaning::new(SOLUTION_COMPONENT, "sl_parts", |_, text| {
        uninstall::are_parts(text)
    })],
    ..Capability::named("solutions")
};

use manifest::{Kind, broken};

/// A component as a file has it, checked for its form.
enum Content {
    Table(Box<TableDef>),
    Column(Box<definitions::Column>),
    Key(keys::Key),
    OptionSet(options::Options),
    Mapping(maps::Maps),
    Role(role::Role),
    Plugin(Box<plugin::Plugin>),
    Row(&'static Component, rows::Content),
}

/// What the import of a component left.
#[derive(Debug, Default)]
struct Applied {
    /// The row that it is.
    row: Option<Uuid>,
    /// What of it came, where an organisation may have more of the same.
    parts: Vec<String>,
}

/// A component that is to be taken away, whole or in parts.
#[derive(Debug, Clone)]
struct Gone {
    kind: Kind,
    name: String,
    row: Option<Uuid>,
    parts: Vec<String>,
    /// Nothing of it stays. Of a column that stays, the parts are options of its own.
    whole: bool,
}

/// Who exports a component may read what it is kept in, also where it is published and every client
/// shows what comes of it.
fn check_read(session: &Session, kind: Kind) -> Result<()> {
    let read = |table: &str| session.check_use(table, Right::Read);
    match kind {
        Kind::Table | Kind::Column => {
            session.check_named_privilege("prvReadEntity")?;
            session.check_named_privilege("prvReadAttribute")
        }
        Kind::Key => read(tables::ENTITY_KEY),
        Kind::OptionSet => read(tables::OPTION_SET),
        Kind::Mapping => read(tables::ENTITY_MAP).and_then(|()| read(tables::ATTRIBUTE_MAP)),
        Kind::Role => read(tables::ROLE),
        Kind::Plugin => read(tables::ASSEMBLY),
        Kind::Row(component) => {
            read(component.table)?;
            component.parts.iter().try_for_each(|part| read_part(session, part))
        }
    }
}

fn read_part(session: &Session, part: &ComponentPart) -> Result<()> {
    session.check_use(part.table, Right::Read)?;
    part.parts.iter().try_for_each(|part| read_part(session, part))
}

/// What a component of a solution is in an organisation, as a JSON document.
fn export(session: &Session, kind: Kind, name: &str) -> Result<Json> {
    check_read(session, kind)?;
    match kind {
        Kind::Table => definitions::export_table(session, name),
        Kind::Column => definitions::export_column(session, name),
        Kind::Key => keys::export(session, name),
        Kind::OptionSet => options::export(session, name),
        Kind::Mapping => maps::export(session, name),
        Kind::Role => role::export(session, name),
        Kind::Plugin => plugin::export(session, name),
        Kind::Row(kind) => rows::export(session, kind, name),
    }
}

/// Checks the form of a component.
fn parse(engine: &Engine, component: &archive::Component) -> Result<Content> {
    let archive::Component { kind, name, content } = component;
    Ok(match kind {
        Kind::Table => Content::Table(Box::new(form(*kind, name, content)?)),
        Kind::Column => Content::Column(Box::new(form(*kind, name, content)?)),
        Kind::Key => Content::Key(form(*kind, name, content)?),
        Kind::OptionSet => Content::OptionSet(form(*kind, name, content)?),
        Kind::Mapping => Content::Mapping(form(*kind, name, content)?),
        Kind::Role => Content::Role(form(*kind, name, content)?),
        Kind::Plugin => {
            let sent: plugin::Sent = form(*kind, name, content)?;
            Content::Plugin(Box::new(plugin::Plugin::checked(engine, name, sent)?))
        }
        Kind::Row(row) => Content::Row(row, form(*kind, name, content)?),
    })
}

fn form<T: DeserializeOwned>(kind: Kind, name: &str, content: &Json) -> Result<T> {
    T::deserialize(content).map_err(|error| broken(format!("the {} `{name}` is wrong: {error}", kind.word())))
}

fn document(content: &impl Serialize) -> Result<Json> {
    serde_json::to_value(content).map_err(|error| Error::host(format!("a component cannot be written: {error}")))
}

/// The refusal of a component that does not fit.
fn misfit(why: impl Into<String>) -> Error {
    Error::new(Code::IMPORT_FAILED, why)
}

/// The import of a solution, or its removal, under way.
struct Installation<'a, 'b> {
    batch: &'a mut Batch<'b>,
    /// Whether what arrives is managed.
    managed: bool,
    /// Whether plug-ins give up types that their new files lack.
    force: bool,
    /// The steps that arrived without what their types ask for.
    lacking: Vec<Lacking>,
    /// Steps that were disabled because a new file lacks their types.
    disabled: Vec<(Uuid, String)>,
    /// Workflows that were deactivated because a new file lacks a type that they call.
    deactivated: Vec<(Uuid, String)>,
    /// Columns that wait for the tables that they refer to.
    later: Vec<definitions::Column>,
    /// Rows that are still to be published.
    touched: Vec<Reference>,
    /// What is to be activated when all of its kind are there.
    activations: Vec<(&'static Component, Uuid)>,
    /// Jobs that are to be run when the work is done.
    jobs: Vec<Uuid>,
    /// The duplicate rules that went out of work because what they compare was changed.
    notices: Vec<Error>,
    /// What of the component that arrives was the organisation's own and is managed from here:
    /// its parts, or nothing of it where that is the component itself.
    taken: Vec<String>,
    /// Whether configurations of steps that an administrator set are set back.
    configuration: bool,
    /// The steps that keep theirs, because an administrator set it.
    kept_configurations: Vec<String>,
    /// The managed solution that was here before, of which this is the next version.
    before: Option<Uuid>,
    /// Whether those who have a role or profile that did not come by it get what it brings.
    to_holders: bool,
    /// The roles and profiles by which they do.
    reached: Vec<Filled>,
}

impl<'a, 'b> Installation<'a, 'b> {
    fn new(batch: &'a mut Batch<'b>, managed: bool) -> Self {
        Self {
            batch,
            managed,
            force: false,
            lacking: Vec::new(),
            disabled: Vec::new(),
            deactivated: Vec::new(),
            later: Vec::new(),
            touched: Vec::new(),
            activations: Vec::new(),
            jobs: Vec::new(),
            notices: Vec::new(),
            taken: Vec::new(),
            configuration: false,
            kept_configurations: Vec::new(),
            before: None,
            to_holders: false,
            reached: Vec::new(),
        }
    }

    /// The tables as they are now, with what the work itself changed.
    fn catalog(&mut self) -> Result<Arc<Catalog>> {
        Ok(self.batch.unit().snapshot()?.catalog().clone())
    }

    fn apply(&mut self, name: &str, content: &Content) -> Result<Applied> {
        match content {
            Content::Table(table) => definitions::apply_table(self, name, table),
            Content::Column(column) => definitions::apply_column(self, name, column),
            Content::Key(key) => keys::apply(self, name, key),
            Content::OptionSet(options) => options::apply(self, name, options),
            Content::Mapping(sent) => maps::apply(self, name, sent),
            Content::Role(role) => role::apply(self, name, role),
            Content::Plugin(plugin) => plugin::apply(self, name, plugin),
            Content::Row(shape, sent) => rows::apply(self, shape, name, sent),
        }
    }

    /// Why something cannot be taken away without losing data; nothing, where it can.
    fn in_use(&mut self, gone: &Gone) -> Result<Option<String>> {
        match gone.kind {
            Kind::Table => definitions::table_in_use(self, gone),
            Kind::Column if gone.whole => definitions::column_in_use(self, &gone.name),
            Kind::Column | Kind::OptionSet => options::in_use(self, gone),
            Kind::Role => role::in_use(self, gone),
            Kind::Plugin => plugin::in_use(self, gone),
            Kind::Row(kind) => removing::in_use(self, kind, gone),
            _ => Ok(None),
        }
    }

    /// Takes something away that is not in use. From here it no longer counts: what it needed
    /// may go next.
    fn remove(&mut self, gone: &Gone) -> Result<()> {
        match gone.kind {
            Kind::Table => definitions::remove_table(self, gone),
            Kind::Column if gone.whole => definitions::remove_column(self, &gone.name),
            Kind::Column => left_options::remove(self, gone),
            Kind::Key => keys::remove(self, gone),
            Kind::OptionSet => options::remove(self, gone),
            Kind::Mapping => maps::remove(self, gone),
            Kind::Role => removing::delete(self, sluice_engine::tables::ROLE, gone.row),
            Kind::Plugin => plugin::remove(self, gone),
            Kind::Row(kind) => removing::remove(self, kind, gone),
        }?;
        self.publish()
    }

    /// Leaves something that is in use, as the organisation's own.
    fn release(&mut self, gone: &Gone) -> Result<()> {
        match gone.kind {
            Kind::Table => definitions::release_table(self, &gone.name),
            Kind::Column => definitions::release_column(self, &gone.name),
            Kind::OptionSet => options::release(self, gone),
            Kind::Role => removing::release(self, sluice_engine::tables::ROLE, gone.row),
            Kind::Plugin => plugin::release(self, gone),
            Kind::Row(kind) if kind.is_released => removing::release(self, kind.table, gone.row),
            _ => Ok(()),
        }
    }

    /// Publishes what was touched so far, so that what comes next can build on it.
    fn publish(&mut self) -> Result<()> {
        let mut rows = std::mem::take(&mut self.touched);
        rows.sort();
        rows.dedup();
        if rows.is_empty() {
            return Ok(());
        }
        let request = Request::new("PublishXml").with("Components", Parameter::References(rows));
        self.batch.execute(request).map(|_| ())
    }
}
