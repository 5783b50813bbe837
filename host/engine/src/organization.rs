//! Founding an organisation: the rows without which nothing can be decided, then everything
//! else through the pipeline as SYSTEM.

use std::{collections::HashSet, sync::Arc};

use sluice_access::Permit;
use sluice_model::{
    Catalog, Depth, Filter, Ownership, Query, Reference, Result, Right, Row, TableDef, Uuid, Value,
    definition::{Choice, ColumnDef},
    text::DEFAULT_LANGUAGE,
};

use sluice_store::{Shipped, Tx};

use crate::{
    Message, Unit,
    capability::{Capabilities, Extension},
    engine::Core,
    fill, filters,
    message::{self, membership},
    runner::JobKind,
    secret,
    snapshot::Snapshot,
    tables,
    unit::Purpose,
};

/// The role that may do everything.
pub const ADMINISTRATOR_ROLE: &str = "System Administrator";
/// `role.roletemplateid` of that role and its copies, the same in every organisation.
const ADMINISTRATOR_TEMPLATE: Uuid = uuid::uuid!("627090ff-40a3-4053-8790-584edc5be201");

/// The column security profile that gives everything, the same in every organisation. Who has the
/// role System Administrator has it as well.
pub const ADMINISTRATOR_PROFILE: Uuid = uuid::uuid!("572329c1-a042-4e22-be47-367c6374ea45");

/// The role System Administrator and its copies. In a file of an earlier version they have no
/// template yet; no other role has their name.
pub(crate) fn administrator_roles() -> Filter {
    Filter::Or(vec![
        Filter::eq("roletemplateid", ADMINISTRATOR_TEMPLATE),
        Filter::eq("name", ADMINISTRATOR_ROLE),
    ])
}

/// Whether a role is System Administrator, or a copy of it.
pub fn is_administrator(role: &Row) -> bool {
    role.id_of("roletemplateid") == Some(ADMINISTRATOR_TEMPLATE) || role.text("name") == Some(ADMINISTRATOR_ROLE)
}

/// What a new organisation is called and counts in.
#[derive(Debug, Clone)]
pub struct Founding {
    /// The organisation's name, and that of its root business unit.
    pub name: String,
    /// The ISO code of the base currency.
    pub currency: String,
    /// The number of the base language, such as 1033, by which texts compare.
    pub language: i32,
}

impl Default for Founding {
    fn default() -> Self {
        Self {
            name: "Contoso".to_owned(),
            currency: "USD".to_owned(),
            language: DEFAULT_LANGUAGE,
        }
    }
}

/// Writes a new organisation into a file that has all tables and no rows.
pub(crate) fn found(core: &Arc<Core>, tx: &mut Tx, founding: &Founding, capabilities: &Capabilities) -> Result<()> {
    let catalog = Catalog::new(tx.definitions()?).speaking(tx.collation()?);
    let first = FirstRows {
        core,
        catalog: &catalog,
    };
    first.write(tx, founding)?;
    secret::make(core, tx)?;
    tx.set_config_version(1)?;

    let snapshot = Arc::new(Snapshot::load(core, tx, 1, None)?);
    let mut unit = Unit::new(core.clone(), snapshot, Purpose::Work);
    unit.tx = std::mem::take(tx);
    let result = write_platform_rows(&mut unit, founding)
        .and_then(|()| {
            let mut all = capabilities.iter();
            all.try_for_each(|capability| (capability.install)(&mut unit))
        })
        .and_then(|()| {
            let mut all = capabilities.iter();
            all.try_for_each(|capability| (capability.installed)(&mut unit))
        });
    *tx = std::mem::take(&mut unit.tx);
    result
}

/// What ships: the tables of all capabilities, with the columns in them that others add, and the kinds of their jobs.
pub(crate) fn shipped_tables(capabilities: &Capabilities) -> Result<Shipped> {
    let mut definitions: Vec<TableDef> = Vec::new();
    let jobs: Vec<&dyn JobKind> = capabilities.iter().flat_map(|one| one.jobs).copied().collect();
    for capability in capabilities.iter() {
        definitions.extend((capability.tables)()?);
        for extension in (capability.extensions)()? {
            let mut tables = definitions.iter_mut();
            if let Some(definition) = tables.find(|definition| definition.name == extension.table) {
                extend(definition, extension);
            }
        }
    }
    let kinds_of_jobs = definitions
        .iter_mut()
        .filter(|table| *table.name == *tables::JOB)
        .flat_map(|table| table.columns.iter_mut())
        .find(|column| *column.name == *"operationtype")
        .and_then(|column| column.kind.options_mut());
    if let Some(options) = kinds_of_jobs {
        options.extend(jobs.iter().map(|kind| Choice::new(kind.number(), kind.label())));
        options.sort_by_key(|option| option.value);
    }
    Ok(definitions.into_iter().collect())
}

/// Adds columns; one of a name that is there takes its place.
fn extend(definition: &mut TableDef, extension: Extension) {
    let mut all: Vec<ColumnDef> = std::mem::take(&mut definition.columns).into();
    for column in extension.columns {
        match all.iter_mut().find(|there| there.name == column.name) {
            Some(there) => *there = column,
            None => all.push(column),
        }
    }
    definition.columns = all.into();
    for relationship in extension.relationships {
        definition.put_relationship(relationship);
    }
    definition.complete();
}

/// The rows that the first decision needs: written straight into the store.
struct FirstRows<'a> {
    core: &'a Core,
    catalog: &'a Catalog,
}

impl FirstRows<'_> {
    fn write(&self, tx: &mut Tx, founding: &Founding) -> Result<()> {
        let [organization, business_unit, system, currency] = [(); 4].map(|()| self.core.env.new_id());
        let stamp = |mut row: Row, tx: &mut Tx| -> Result<Row> {
            let now = self.core.env.now();
            let by = Reference::new(tables::USER, system);
            row.set("createdon", now);
            row.set("modifiedon", now);
            row.set("createdby", by.clone());
            row.set("modifiedby", by);
            row.set("versionnumber", Value::BigInt(tx.next_version()?));
            Ok(row)
        };
        let unit = Row::new(tables::BUSINESS_UNIT, business_unit).with("name", founding.name.as_str());
        let (symbol, name) = currency_names(&founding.currency);
        let money = Row::new(tables::CURRENCY, currency)
            .with("isocurrencycode", founding.currency.as_str())
            .with("currencyname", name)
            .with("currencysymbol", symbol)
            .with("currencyprecision", 2)
            .with("exchangerate", Value::Decimal(1.into()))
            .with("statecode", Value::Choice(0))
            .with("statuscode", Value::Choice(1));
        let user = Row::new(tables::USER, system)
            .with("fullname", "SYSTEM")
            .with("lastname", "SYSTEM")
            .with("domainname", "SYSTEM")
            .with("accessmode", Value::Choice(0))
            .with("isdisabled", false)
            .with("businessunitid", Reference::new(tables::BUSINESS_UNIT, business_unit));
        let row = settings(
            self.catalog.table(tables::ORGANIZATION)?,
            organization,
            founding,
            currency,
        )?;
        for row in [unit, user, money, row] {
            let table = self.catalog.table(&row.table)?;
            let row = stamp(row, tx)?;
            tx.insert(&Permit::system("found the organisation"), table, &row)?;
        }
        // The privileges have to be there before the first role.
        let mut written = HashSet::new();
        for table in self.catalog.iter() {
            for (name, right) in table_privileges(table) {
                // Tables may share their privileges, as the activities do.
                if !written.insert(name.clone()) {
                    continue;
                }
                let row = privilege_row(self.core, &name, Some((table, right)));
                self.insert_privilege(tx, row, &stamp)?;
            }
        }
        for name in self.core.tasks.privileges() {
            self.insert_privilege(tx, privilege_row(self.core, name, None), &stamp)?;
        }
        Ok(())
    }

    fn insert_privilege(&self, tx: &mut Tx, row: Row, stamp: &impl Fn(Row, &mut Tx) -> Result<Row>) -> Result<()> {
        let row = stamp(row, tx)?;
        tx.insert(
            &Permit::system("found the organisation"),
            self.catalog.table(tables::PRIVILEGE)?,
            &row,
        )
    }
}

fn currency_names(code: &str) -> (&str, &str) {
    match code {
        "USD" => ("$", "US Dollar"),
        "EUR" => ("€", "Euro"),
        "GBP" => ("£", "Pound Sterling"),
        other => (other, other),
    }
}

/// The privileges of a table: none where its rows belong to nobody, and no Assign and no Share
/// where they belong to the organisation.
pub fn table_privileges(table: &TableDef) -> Vec<(String, Right)> {
    if table.ownership == Ownership::None {
        return Vec::new();
    }
    let owned = table.ownership != Ownership::Organization;
    Right::ALL
        .into_iter()
        .filter(|right| owned || right.is_of_organization())
        .map(|right| (table.privilege_name(right), right))
        .collect()
}

/// A row of `privilege`.
pub(crate) fn privilege_row(core: &Core, name: &str, of: Option<(&TableDef, Right)>) -> Row {
    let known = of.and_then(|(table, right)| table.privilege_ids.get(&right).copied());
    let shallow = of.is_some_and(|(table, _)| table.ownership != Ownership::Organization);
    Row::new(tables::PRIVILEGE, known.unwrap_or_else(|| core.env.new_id()))
        .with("name", name)
        .with("accessright", of.map_or(0, |(_, right)| right.bit().cast_signed()))
        .with("canbebasic", shallow)
        .with("canbelocal", shallow)
        .with("canbedeep", shallow)
        .with("canbeglobal", true)
}

fn write_platform_rows(unit: &mut Unit, founding: &Founding) -> Result<()> {
    let snapshot = unit.snapshot()?;
    let root = Reference::new(tables::BUSINESS_UNIT, snapshot.root_unit);
    let team = Row::unsaved(tables::TEAM)
        .with("name", founding.name.as_str())
        .with("businessunitid", root.clone())
        .with("isdefault", true)
        .with("teamtype", Value::Choice(0));
    let team = unit.found(team)?;
    membership::link(unit, &membership::TEAM_MEMBERSHIP, [team.id, snapshot.system.id()])?;

    let role = Row::unsaved(tables::ROLE)
        .with("name", ADMINISTRATOR_ROLE)
        .with("roletemplateid", ADMINISTRATOR_TEMPLATE)
        .with("businessunitid", root.clone());
    let role = unit.found(role)?;
    let query = Query::new(tables::PRIVILEGE).columns(&[]);
    for privilege in unit.select_as_platform("give System Administrator every privilege", &query)? {
        message::set_role_privilege(unit, role.id, privilege.id, Some(Depth::Organization))?;
    }
    write_administrator_profile(unit)?;
    let admin = Row::unsaved(tables::USER)
        .with("domainname", "admin")
        .with("lastname", "admin")
        .with("businessunitid", root);
    let admin = unit.found(admin)?;
    unit.found_message(message::associate_request(
        admin,
        membership::USER_ROLES.name,
        vec![role],
    ))?;
    write_messages(unit)
}

/// The column security profile that gives everything, unless it is there.
pub(crate) fn write_administrator_profile(unit: &mut Unit) -> Result<()> {
    let table = unit.snapshot()?.table(tables::PROFILE)?.clone();
    if unit.read(|tx| tx.facts().exists(&table, ADMINISTRATOR_PROFILE))? {
        return Ok(());
    }
    let row = Row::new(tables::PROFILE, ADMINISTRATOR_PROFILE)
        .with("name", ADMINISTRATOR_ROLE)
        .with("description", "Gives every right on every secured column.");
    unit.found(row).map(|_| ())
}

/// The rows of the messages, and which table takes which.
fn write_messages(unit: &mut Unit) -> Result<()> {
    for message in unit.core.messages() {
        let row = write_message(unit, message)?;
        filters::write_filters(unit, message, &row, &HashSet::new())?;
    }
    Ok(())
}

/// The row of a message.
pub(crate) fn write_message(unit: &mut Unit, message: &dyn Message) -> Result<Reference> {
    let row = Row::unsaved(tables::MESSAGE)
        .with("name", message.name())
        .with("isprivate", false)
        .with("isactive", true);
    unit.found(row)
}

/// Writes a privilege, of a table or of its own. System Administrator has it at once, in the copies
/// of its role, too.
pub fn add_privilege(unit: &mut Unit, name: &str, of: Option<(&TableDef, Right)>) -> Result<()> {
    let query = Query::new(tables::ROLE).columns(&[]).filter(administrator_roles());
    let roles = unit.select_as_platform("System Administrator may do everything, also with a new table", &query)?;
    let system = Reference::new(tables::USER, unit.snapshot()?.system.id());
    let row = privilege_row(&unit.core, name, of)
        .with("createdby", system.clone())
        .with("modifiedby", system);
    let id = row.id;
    unit.insert_as_platform("write the privileges of a new table", row)?;
    for role in &roles {
        message::set_role_privilege(unit, role.id, id, Some(Depth::Organization))?;
    }
    Ok(())
}

impl Unit {
    /// Removes rows that the platform itself keeps about what is not there any more: a table, a
    /// privilege, a message.
    pub fn forget(&mut self, table: &str, filter: Filter) -> Result<()> {
        let query = Query::new(table).filter(filter);
        for row in self.select_as_platform("see what is kept of what is not there any more", &query)? {
            self.delete_as_platform(
                "remove what the platform keeps about a table that is taken away",
                &row.reference(),
            )?;
        }
        Ok(())
    }
}

/// The organisation's own row: its settings are the defaults of their columns.
fn settings(table: &TableDef, id: Uuid, founding: &Founding, currency: Uuid) -> Result<Row> {
    let mut row = Row::new(tables::ORGANIZATION, id)
        .with("name", founding.name.as_str())
        .with("languagecode", founding.language)
        .with("basecurrencyid", Reference::new(tables::CURRENCY, currency));
    fill::defaults(table, &mut row)?;
    Ok(row)
}
