//! What a part of the platform, or an app on it, brings along, as data. The core knows none of
//! them: whoever opens an organisation says which [`Capabilities`] it has.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use serde::Deserialize;
use sluice_model::{Catalog, ColumnDef, Error, Name, Reference, RelationshipDef, Result, Row, TableDef, Uuid};

use crate::{
    Component, Kept, Message, Rules, Unit,
    handler::StepSource,
    keeping, message, metadata, rules,
    runner::JobKind,
    snapshot::{Part, Snapshot},
    soundness::{self, Meaning, Sound},
    tables,
    tasks::{self, Task},
    watch::Watch,
};

/// What a capability adds to a table of the platform or of another one. A column of a name that is
/// there takes its place.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// The table.
    pub table: Name,
    /// The columns.
    #[serde(rename = "column")]
    pub columns: Vec<ColumnDef>,
    /// What happens along its lookups.
    #[serde(default, rename = "relationship")]
    pub relationships: Vec<RelationshipDef>,
}

/// The columns that a table made at run time gets of a capability.
pub type MadeColumns = fn(&TableDef) -> Result<Vec<ColumnDef>>;

/// The tables whose rows rules are for.
#[derive(Debug, Clone, Copy)]
pub enum Tables {
    /// The table of that name.
    Named(&'static str),
    /// Every table with that key: tables of one kind, which may be made at run time.
    Keyed(&'static str),
}

/// What a part of the platform, or an app, brings along.
#[derive(Clone, Copy)]
pub struct Capability {
    /// Its name.
    pub name: &'static str,
    /// Its tables.
    pub tables: fn() -> Result<Vec<TableDef>>,
    /// Columns that it adds to tables of others, or puts in the place of their columns.
    pub extensions: fn() -> Result<Vec<Extension>>,
    /// The columns that it gives every table of a kind that is made at run time.
    pub made: MadeColumns,
    /// Its messages.
    pub messages: &'static [&'static dyn Message],
    /// The rules of its tables. Where several capabilities have rules for a table, each of them
    /// looks after rows of its own.
    pub rules: &'static [(Tables, &'static dyn Rules)],
    /// What it does when rows of any table change. The order is that of [`Capabilities::order`].
    pub watches: &'static [&'static dyn Watch],
    /// What of it depends on tables and columns.
    pub dependants: &'static [&'static dyn Dependant],
    /// Parts of the configuration that are made of its tables.
    pub parts: &'static [&'static dyn Part],
    /// Where steps of its own come from.
    pub steps: &'static [&'static dyn StepSource],
    /// Its kinds of long work.
    pub jobs: &'static [&'static dyn JobKind],
    /// Rows that are removed once they are old.
    pub kept: &'static [Kept],
    /// Privileges that belong to no table, with what takes them.
    pub tasks: &'static [Task],
    /// Which texts in its rows stand for something else, and whether they do: `org check` asks.
    pub meanings: &'static [Meaning],
    /// What of its rows does not belong together.
    pub sound: Sound,
    /// What of it travels in solutions.
    pub components: &'static [&'static Component],
    /// Writes its default rows into a new organisation.
    pub install: fn(&mut Unit) -> Result<()>,
    /// Runs in a new organisation once all capabilities are installed.
    pub installed: fn(&mut Unit) -> Result<()>,
    /// Makes anew what was made by the rules for texts: those of the file have changed.
    pub compared_anew: fn(&mut Unit) -> Result<()>,
}

impl Capability {
    /// One that brings nothing yet.
    pub const fn named(name: &'static str) -> Self {
        Self {
            name,
            tables: || Ok(Vec::new()),
            extensions: || Ok(Vec::new()),
            made: |_| Ok(Vec::new()),
            messages: &[],
            rules: &[],
            watches: &[],
            dependants: &[],
            parts: &[],
            steps: &[],
            jobs: &[],
            kept: &[],
            tasks: &[],
            meanings: &[],
            sound: |_| Ok(Vec::new()),
            components: &[],
            install: |_| Ok(()),
            installed: |_| Ok(()),
            compared_anew: |_| Ok(()),
        }
    }
}

impl std::fmt::Debug for Capability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capability")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The capabilities that an organisation is opened with, and the order in which they see a change.
#[derive(Debug, Clone, Default)]
pub struct Capabilities {
    /// The capabilities; those that extend the tables of others come after them.
    pub all: Vec<Capability>,
    /// The watches by name, in the order in which a change passes them. One that is not here
    /// sees the change after all others.
    pub order: &'static [&'static str],
}

impl Capabilities {
    /// All of them, the core first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Capability> {
        std::iter::once(&CORE).chain(&self.all)
    }

    /// What is known by its name or number is one thing: messages, watches, kinds of job, components. The order of
    /// watches names watches.
    ///
    /// # Errors
    /// Two have one name, or the order names none.
    pub fn check(&self) -> Result<()> {
        let messages = self.iter().flat_map(|one| one.messages);
        let messages = messages.flat_map(|message| [Some(message.name()), message.requested_as()]);
        once("message", messages.flatten().map(ToOwned::to_owned))?;
        let watches = || self.iter().flat_map(|one| one.watches).map(|watch| watch.name());
        once("watch", watches().map(ToOwned::to_owned))?;
        let jobs = self
            .iter()
            .flat_map(|one| one.jobs)
            .map(|kind| kind.number().to_string());
        once("kind of job", jobs)?;
        let components = self.iter().flat_map(|one| one.components);
        once("component", components.map(|component| component.word.to_owned()))?;
        match self.order.iter().find(|name| !watches().any(|watch| watch == **name)) {
            Some(name) => Err(Error::host(format!(
                "the order of watches names `{name}`, which none is called"
            ))),
            None => Ok(()),
        }
    }
}

/// Refuses what is there twice.
fn once(what: &str, names: impl Iterator<Item = String>) -> Result<()> {
    let mut seen = HashSet::new();
    let mut twice = names.filter(|name| !seen.insert(name.clone()));
    match twice.next() {
        Some(name) => Err(Error::host(format!("there are two of the {what} `{name}`"))),
        None => Ok(()),
    }
}

/// What the rest stands on: the rows' own messages, sharing, membership, roles, users, units.
static CORE: Capability = Capability {
    tables: metadata::CORE,
    messages: message::CORE,
    rules: rules::CORE,
    kept: keeping::CORE,
    tasks: tasks::CORE,
    meanings: soundness::CORE,
    ..Capability::named("core")
};

/// A table or a column that somebody wants to take away, on which others may depend.
#[derive(Debug, Clone, Copy)]
pub struct RequiredComponent<'a> {
    /// The table.
    pub table: &'a TableDef,
    /// The column, where it is about one; else the whole table.
    pub column: Option<&'a ColumnDef>,
}

/// What changes about definitions, or has changed.
#[derive(Clone, Copy)]
pub enum Redefinition<'a> {
    /// A column is about to get another type or format, or to go.
    Column {
        /// Its table.
        table: &'a str,
        /// The column.
        column: &'a str,
    },
    /// A table is about to change as a whole.
    Table {
        /// As it is.
        before: &'a TableDef,
        /// As it will be.
        after: &'a TableDef,
    },
    /// The definition of a table was written, whatever changed of it.
    Written {
        /// As it was, unless it is new.
        before: Option<&'a TableDef>,
        /// As it is, unless it is gone.
        after: Option<&'a TableDef>,
    },
    /// Profiles say from now on who reads a column, or no longer.
    Secured {
        /// Its table, as it is now.
        table: &'a TableDef,
        /// The column.
        column: &'a str,
    },
    /// Options were published; this is the configuration as it was.
    Options(&'a Snapshot),
}

/// Definitions as they are, and as they are about to be.
#[derive(Debug, Clone, Copy)]
pub struct Succession<'a> {
    /// As they are.
    pub before: &'a Arc<Catalog>,
    /// As they will be.
    pub after: &'a Arc<Catalog>,
}

impl Succession<'_> {
    /// Whether something that is understood by what is would be understood as something else by what will be,
    /// or no more.
    pub fn changes<T: PartialEq>(&self, understand: impl Fn(&Arc<Catalog>) -> Result<T>) -> bool {
        understand(self.before).is_ok_and(|before| understand(self.after).ok() != Some(before))
    }
}

/// What depends on a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// What people call it: `the step "X"`.
    pub name: String,
    /// What it has to do with the definition: `compares it`.
    pub does: &'static str,
    /// It gives way to a customizer, who is told, and only stands in the way of a solution that
    /// takes back what it brought.
    pub yields: bool,
}

impl Dependency {
    /// One that stands in the way.
    pub fn of(name: String, does: &'static str) -> Self {
        Self {
            name,
            does,
            yields: false,
        }
    }
}

/// A type of a plug-in, by the names under which it is called.
#[derive(Debug, Clone, Copy)]
pub struct CalledType<'a> {
    /// Its id.
    pub id: Uuid,
    /// The name of its plug-in.
    pub plugin: &'a str,
    /// Its own name.
    pub name: &'a str,
}

/// Somebody who calls a type of a plug-in, or would, if it were at work.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeCaller {
    /// What it is: `step`, `workflow`.
    pub word: &'static str,
    /// Its name.
    pub name: String,
    /// Whether it is at work.
    pub is_active: bool,
    /// Whether it came with a managed solution.
    pub is_managed: bool,
    /// In whose names it calls, whoever sets it off. What steps run as is asked of the steps.
    pub runs_as: BTreeSet<Uuid>,
    /// The change of its row that puts it out of work.
    pub rest: Row,
}

/// What of a capability depends on definitions and on types of plug-ins: asked before one goes, told
/// when a definition changes.
pub trait Dependant: Sync {
    /// Who calls a type of a plug-in.
    ///
    /// # Errors
    /// The database cannot be read.
    fn callers(&self, _: &mut Unit, _: CalledType<'_>) -> Result<Vec<TypeCaller>> {
        Ok(Vec::new())
    }

    /// Who uses a table or a column.
    ///
    /// # Errors
    /// The database cannot be read.
    fn dependencies(&self, _: &mut Unit, _: RequiredComponent<'_>) -> Result<Vec<Dependency>> {
        Ok(Vec::new())
    }

    /// Who is understood by definitions, and otherwise or no more by those that follow them.
    ///
    /// # Errors
    /// The database cannot be read.
    fn misfits(&self, _: &mut Unit, _: Succession<'_>) -> Result<Vec<Dependency>> {
        Ok(Vec::new())
    }

    /// Follows a change of definitions; what the customizer is told of it.
    ///
    /// # Errors
    /// What it does fails.
    fn redefined(&self, _: &mut Unit, _: Redefinition<'_>) -> Result<Vec<Error>> {
        Ok(Vec::new())
    }
}

impl Unit {
    /// Who calls a type of a plug-in, in the order of the capabilities.
    pub fn callers_of(&mut self, plugin_type: Uuid) -> Result<Vec<TypeCaller>> {
        let reason = "see who calls a type of a plug-in";
        let row = self.need_as_platform(reason, &Reference::new(tables::PLUGIN_TYPE, plugin_type))?;
        let columns = ["name"].map(Into::into);
        let plugin = match row.id_of("pluginassemblyid") {
            Some(id) => self.read_as_platform(reason, &Reference::new(tables::ASSEMBLY, id), Some(&columns))?,
            None => None,
        };
        let callee = CalledType {
            id: plugin_type,
            plugin: plugin.as_ref().and_then(|row| row.text("name")).unwrap_or_default(),
            name: row.text("typename").unwrap_or_default(),
        };
        let core = self.core.clone();
        let mut callers = Vec::new();
        for dependant in core.dependants() {
            callers.extend(dependant.callers(self, callee)?);
        }
        Ok(callers)
    }

    /// Who uses a table or a column, in the order of the capabilities.
    pub fn dependencies_of(&mut self, definition: RequiredComponent<'_>) -> Result<Vec<Dependency>> {
        let core = self.core.clone();
        let mut dependencies = Vec::new();
        for dependant in core.dependants() {
            dependencies.extend(dependant.dependencies(self, definition)?);
        }
        Ok(dependencies)
    }

    /// Who is understood otherwise, or no more, by definitions that follow others, in the order of the capabilities.
    pub fn misfits_of(&mut self, succession: Succession<'_>) -> Result<Vec<Dependency>> {
        let core = self.core.clone();
        let mut dependencies = Vec::new();
        for dependant in core.dependants() {
            dependencies.extend(dependant.misfits(self, succession)?);
        }
        Ok(dependencies)
    }

    /// Tells all that depend on definitions of a change; what they have to say of it.
    pub fn redefined(&mut self, what: Redefinition<'_>) -> Result<Vec<Error>> {
        let core = self.core.clone();
        let mut notices = Vec::new();
        for dependant in core.dependants() {
            notices.extend(dependant.redefined(self, what)?);
        }
        Ok(notices)
    }
}
