//! What the configuration tables say, read once and shared until one of them changes: the
//! catalogue, the business units, the steps, the roles and principals, the settings.
//!
//! A snapshot belongs to one configuration version. Principals and roles are read when they
//! are first asked for; an organisation may have many.

pub(crate) mod facts;
mod reader;
mod settings;

use std::{
    any::{Any, TypeId},
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use sluice_access::{ColumnGrants, Permit, Principal, PrincipalId, PrivilegeIds, Units};
use sluice_model::{Catalog, Choice, Decimal, Depth, Error, Name, Result, Row, TableDef, Uuid};
use sluice_store::Tx;

use crate::{engine::Core, options, pointers::Pointers, published, step::StepTable, step_rows, tables, watch::Watch};

pub use reader::Reader;
pub use settings::OrganizationSettings;
use settings::settings;
pub(crate) use settings::{AcrossUnits, LONGEST_TRANSACTION, RequestSetting, TraceSetting};

/// What a role holds: the depth of each privilege, by its name in lower case.
pub(crate) type RolePrivileges = Arc<HashMap<String, Depth>>;

/// Under this name the definitions of tables have their version: all parts are made of them.
pub(crate) const DEFINITIONS: &str = "*";

/// What a principal may do is made of these.
const PRINCIPAL_TABLES: &[&str] = &[
    tables::USER,
    tables::TEAM,
    tables::ROLE,
    tables::ROLE_PRIVILEGES,
    tables::USER_ROLES,
    tables::TEAM_ROLES,
    tables::TEAM_MEMBERSHIP,
    tables::PRIVILEGE,
    tables::BUSINESS_UNIT,
    tables::ORGANIZATION,
    tables::PROFILE,
    tables::COLUMN_PERMISSION,
    tables::USER_PROFILES,
    tables::TEAM_PROFILES,
    tables::POSITION,
];

/// What roles hold is made of these.
const ROLE_TABLES: &[&str] = &[tables::ROLE, tables::ROLE_PRIVILEGES, tables::PRIVILEGE];

/// What steps are made of.
const STEP_TABLES: &[&str] = &[
    tables::MESSAGE,
    tables::MESSAGE_FILTER,
    tables::ASSEMBLY,
    tables::PLUGIN_TYPE,
    tables::SECURE_CONFIG,
    tables::STEP,
    tables::STEP_IMAGE,
];

/// A part of the configuration that a capability brings, made of the rows of some tables.
pub trait Part: Sync {
    /// The tables. A write to one of them makes the part anew; a write to another does not.
    fn tables(&self) -> &'static [&'static str];

    /// Which type it has: how it is asked for.
    fn kind(&self) -> TypeId;

    /// Makes it.
    ///
    /// # Errors
    /// The rows cannot be read, or say nothing that makes sense.
    fn load(&self, reader: &mut Reader<'_>) -> Result<Arc<dyn Any + Send + Sync>>;
}

/// The parts of the configuration, by their types.
pub type Parts = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

/// The users and teams that were asked for.
type Principals = Mutex<HashMap<PrincipalId, Arc<Principal>>>;

/// What the roles hold of which they have been made.
type Roles = Mutex<HashMap<Uuid, RolePrivileges>>;

/// The configuration of an organisation at one version. What no write has touched since an
/// earlier version is that version's.
pub struct Snapshot {
    pub(crate) version: i64,
    /// The versions of the tables that configuration is made of.
    versions: HashMap<String, i64>,
    pub(crate) catalog: Arc<Catalog>,
    /// What points at rows by loose ids.
    pub(crate) pointers: Arc<Pointers>,
    pub(crate) units: Arc<Units>,
    pub(crate) root_unit: Uuid,
    /// The business units that are disabled, and all below them.
    stopped_units: Arc<HashSet<Uuid>>,
    pub(crate) privileges: Arc<PrivilegeIds>,
    pub(crate) settings: Arc<OrganizationSettings>,
    pub(crate) steps: Arc<StepTable>,
    pub(crate) system: Arc<Principal>,
    /// Units of the base currency for one unit of each currency.
    pub(crate) exchange_rates: Arc<HashMap<Uuid, Decimal>>,
    /// What capabilities have made.
    parts: Parts,
    /// Who watches the rows of which table, in their order.
    watches: Arc<HashMap<Name, Vec<&'static dyn Watch>>>,
    /// The rows that count of the tables whose rows are published.
    published: Arc<HashMap<Name, Vec<Row>>>,
    privilege_names: Arc<PrivilegeNames>,
    principals: Arc<Principals>,
    roles: Arc<Roles>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The permit for reading configuration.
pub(crate) fn permit() -> Permit {
    Permit::system("read the configuration that decisions are made from")
}

/// What was written since an earlier snapshot.
struct Since<'a> {
    earlier: Option<&'a Snapshot>,
    versions: &'a HashMap<String, i64>,
}

impl<'a> Since<'a> {
    /// The earlier snapshot, if none of these tables was written since, nor any definition.
    fn unchanged(&self, of: &[&str]) -> Option<&'a Snapshot> {
        let same = |earlier: &Snapshot, table: &str| earlier.versions.get(table) == self.versions.get(table);
        self.earlier
            .filter(|earlier| same(earlier, DEFINITIONS) && of.iter().all(|table| same(earlier, table)))
    }
}

/// The part of that type.
pub fn part_of<T: Any + Send + Sync>(parts: &Parts) -> Option<&T> {
    parts.get(&TypeId::of::<T>())?.downcast_ref()
}

/// Keeps a part of the earlier configuration, or makes it anew.
macro_rules! part {
    ($since:expr, $of:expr, $field:ident, $new:expr) => {
        match $since.unchanged($of) {
            Some(earlier) => earlier.$field.clone(),
            None => Arc::new($new),
        }
    };
}

/// What the capabilities make, and whether everything by which they choose what they watch is as
/// it was.
fn load_parts(core: &Core, reader: &mut Reader<'_>, since: &Since<'_>) -> Result<(Parts, bool)> {
    let mut parts = Parts::new();
    let mut same = since.unchanged(&[tables::ORGANIZATION]).is_some();
    for part in core.parts() {
        let kept = since
            .unchanged(part.tables())
            .and_then(|earlier| earlier.parts.get(&part.kind()));
        same &= kept.is_some();
        let made = match kept {
            Some(kept) => kept.clone(),
            None => part.load(reader)?,
        };
        parts.insert(part.kind(), made);
    }
    Ok((parts, same))
}

impl Snapshot {
    /// Reads the configuration as `tx` sees it; of `earlier` it takes what was not written since.
    pub(crate) fn load(core: &Core, tx: &mut Tx, version: i64, earlier: Option<&Self>) -> Result<Self> {
        let versions = tx.table_versions()?;
        // Somebody who names no tables has written: nothing is known of what.
        let earlier = earlier.filter(|earlier| earlier.versions != versions);
        let since = Since {
            earlier,
            versions: &versions,
        };
        let (catalog, published) = match since.unchanged(&[]) {
            Some(earlier) => (earlier.catalog.clone(), earlier.published.clone()),
            None => definitions(tx)?,
        };
        let pointers = part!(since, &[], pointers, Pointers::of(&catalog));
        let mut reader = Reader {
            tx,
            catalog: &catalog,
            published: &published,
        };
        let (units, root_unit, stopped_units) = match since.unchanged(&[tables::BUSINESS_UNIT]) {
            Some(earlier) => (earlier.units.clone(), earlier.root_unit, earlier.stopped_units.clone()),
            None => units(&mut reader)?,
        };
        let (privilege_names, privileges) = match since.unchanged(&[tables::PRIVILEGE]) {
            Some(earlier) => (earlier.privilege_names.clone(), earlier.privileges.clone()),
            None => privileges(&mut reader)?,
        };
        let rates = &[tables::CURRENCY];
        let exchange_rates = part!(since, rates, exchange_rates, exchange_rates(&mut reader)?);
        let settings = part!(since, &[tables::ORGANIZATION], settings, settings(&mut reader)?);
        let (parts, same) = load_parts(core, &mut reader, &since)?;
        let sources = core.step_sources();
        let of_steps: Vec<&str> = sources.iter().flat_map(|source| source.tables()).copied().collect();
        let of_steps = [STEP_TABLES, &of_steps].concat();
        let steps = part!(since, &of_steps, steps, step_rows::steps(&mut reader, sources, &parts)?);
        let principals = match since.unchanged(PRINCIPAL_TABLES) {
            Some(earlier) => earlier.principals.clone(),
            None => Arc::default(),
        };
        let roles = part!(since, ROLE_TABLES, roles, Roles::default());
        // SYSTEM is who made the organisation's own row: a name could be taken by anybody.
        let system = Arc::new(Principal::system(settings.founder, "SYSTEM", root_unit));
        let watches = earlier.filter(|_| same).map(|earlier| earlier.watches.clone());
        let mut snapshot = Self {
            version,
            pointers,
            units,
            root_unit,
            stopped_units,
            privileges,
            settings,
            steps,
            system,
            exchange_rates,
            parts,
            watches: watches.clone().unwrap_or_default(),
            published,
            privilege_names,
            principals,
            roles,
            catalog,
            versions,
        };
        if watches.is_none() {
            let of = |table: &Arc<TableDef>| (table.name.clone(), core.watches(&snapshot, table));
            snapshot.watches = Arc::new(snapshot.catalog.iter().map(of).collect());
        }
        Ok(snapshot)
    }

    /// The tables and their columns.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The business units.
    pub fn units(&self) -> &Units {
        &self.units
    }

    /// The business unit at the top.
    pub fn root_unit(&self) -> Uuid {
        self.root_unit
    }

    /// The ids of the privileges.
    pub fn privileges(&self) -> &PrivilegeIds {
        &self.privileges
    }

    /// The organisation's settings.
    pub fn settings(&self) -> &OrganizationSettings {
        &self.settings
    }

    /// The steps that run.
    pub fn steps(&self) -> &StepTable {
        &self.steps
    }

    /// SYSTEM, the user.
    pub fn system(&self) -> &Arc<Principal> {
        &self.system
    }

    /// A part of the configuration that a capability brings.
    #[expect(
        clippy::expect_used,
        reason = "a capability that asks for its part has it in its own list"
    )]
    pub fn part<T: Any + Send + Sync>(&self) -> &T {
        part_of(&self.parts).expect("a part of the configuration that no capability brings")
    }

    /// Who watches the rows of a table, in their order.
    pub(crate) fn watches(&self, table: &str) -> &[&'static dyn Watch] {
        self.watches.get(table).map_or(&[], Vec::as_slice)
    }

    /// The user or team with that id, if somebody has asked for it already.
    pub(crate) fn known_principal(&self, which: PrincipalId) -> Option<Arc<Principal>> {
        if which == self.system.identity() {
            return Some(self.system.clone());
        }
        lock(&self.principals).get(&which).cloned()
    }

    /// The user or team with that id, and what it may do.
    pub(crate) fn principal(&self, tx: &mut Tx, which: PrincipalId) -> Result<Arc<Principal>> {
        if let Some(known) = self.known_principal(which) {
            return Ok(known);
        }
        let mut reader = Reader {
            tx,
            catalog: &self.catalog,
            published: &self.published,
        };
        let principal = Principal::new(self.principal_facts(&mut reader, which)?);
        let principal = Arc::new(match self.is_stopped(principal.business_unit()) {
            true => principal.stopped_with_its_unit(),
            false => principal,
        });
        lock(&self.principals).insert(which, principal.clone());
        Ok(principal)
    }

    /// Whether a business unit, or one above it, is disabled.
    pub(crate) fn is_stopped(&self, unit: Uuid) -> bool {
        self.stopped_units.contains(&unit)
    }

    /// Whether a role holds every privilege in the whole organisation.
    pub(crate) fn is_whole(&self, tx: &mut Tx, role: Uuid) -> Result<bool> {
        let held = self.privileges_of_role(tx, role)?;
        Ok(held.len() == self.privilege_names.len() && held.values().all(|depth| *depth == Depth::Organization))
    }

    /// What a role holds, by the privileges' names in lower case.
    pub(crate) fn privileges_of_role(&self, tx: &mut Tx, role: Uuid) -> Result<RolePrivileges> {
        let mut reader = Reader {
            tx,
            catalog: &self.catalog,
            published: &self.published,
        };
        self.role_privileges(&mut reader, role)
    }

    /// What a column security profile gives.
    pub(crate) fn profile_gives(&self, tx: &mut Tx, profile: Uuid, columns: &mut ColumnGrants) -> Result<()> {
        let mut reader = Reader {
            tx,
            catalog: &self.catalog,
            published: &self.published,
        };
        facts::profile_gives(&mut reader, profile, None, columns)
    }

    /// The names of the global choices.
    pub fn global_choices(&self) -> HashMap<Name, Vec<Choice>> {
        let rows = self.published(tables::OPTION_SET).iter();
        rows.filter(|row| row.bool("isglobal") == Some(true))
            .filter_map(|row| {
                let options = options::parse(row.text("options").unwrap_or("[]")).unwrap_or_default();
                Some((Name::from(row.text("name")?), options))
            })
            .collect()
    }

    /// The rows that count of a table whose rows are published.
    pub fn published(&self, table: &str) -> &[Row] {
        self.published.get(table).map_or(&[], Vec::as_slice)
    }

    /// The definition of a table that the platform cannot do without.
    pub fn table(&self, name: &str) -> Result<&Arc<TableDef>> {
        self.catalog.table(name)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The rows that count of the tables whose rows are published.
type Published = HashMap<Name, Vec<Row>>;

/// The tables with the options that are published, and what else is.
fn definitions(tx: &mut Tx) -> Result<(Arc<Catalog>, Arc<Published>)> {
    let mut definitions = tx.definitions()?;
    let stored = match definitions.iter().find(|table| *table.name == *tables::PUBLICATION) {
        Some(publication) => published::stored(tx, &permit(), publication)?,
        None => Vec::new(),
    };
    options::lay_over(&mut definitions, &stored)?;
    let catalog = Arc::new(Catalog::new(definitions).speaking(tx.collation()?));
    let published = published::rows(&catalog, &stored)?;
    Ok((catalog, Arc::new(published)))
}

/// The tree of business units, its root, and those that are disabled or below one that is.
fn units(reader: &mut Reader<'_>) -> Result<(Arc<Units>, Uuid, Arc<HashSet<Uuid>>)> {
    let rows = reader.all(tables::BUSINESS_UNIT, &["parentbusinessunitid", "isdisabled"])?;
    let parent = |row: &Row| (row.id, row.id_of("parentbusinessunitid"));
    let root = rows.iter().find(|row| row.lookup("parentbusinessunitid").is_none());
    let root = root
        .ok_or_else(|| Error::host("the organisation has no root business unit"))?
        .id;
    let units = Units::new(rows.iter().map(parent));
    let disabled = rows.iter().filter(|row| row.bool("isdisabled") == Some(true));
    let stopped = disabled.flat_map(|row| units.subtree(row.id)).collect();
    Ok((Arc::new(units), root, Arc::new(stopped)))
}

/// The names of privileges by their ids, in lower case.
type PrivilegeNames = HashMap<Uuid, String>;

/// The names of the privileges, and their ids the other way round.
fn privileges(reader: &mut Reader<'_>) -> Result<(Arc<PrivilegeNames>, Arc<PrivilegeIds>)> {
    let rows = reader.all(tables::PRIVILEGE, &["name"])?;
    let names: Vec<(Uuid, String)> = rows
        .iter()
        .filter_map(|row| Some((row.id, row.text("name")?.to_owned())))
        .collect();
    let ids = PrivilegeIds::new(names.iter().map(|(id, name)| (name.clone(), *id)));
    let names = names.into_iter().map(|(id, name)| (id, name.to_ascii_lowercase()));
    Ok((Arc::new(names.collect()), Arc::new(ids)))
}

fn exchange_rates(reader: &mut Reader<'_>) -> Result<HashMap<Uuid, Decimal>> {
    let rates = reader.all(tables::CURRENCY, &["exchangerate"])?;
    Ok(rates
        .into_iter()
        .filter_map(|row| Some((row.id, row.get("exchangerate")?.as_decimal()?)))
        .collect())
}

#[cfg(test)]
mod tests;
