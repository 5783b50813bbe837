//! The life of a key: pending, in progress, active or failed. Its state is written here and nowhere
//! else.

use sluice_access::Principal;
use sluice_engine::{
    Unit, runner,
    runner::{NewJob, owned_row},
    tables,
};
use sluice_model::{
    Code, Error, Filter, Kept, KeyDef, MOST_KEYS, Name, Ownership, Query, Reference, Result, Row, TableDef, Uuid,
    Value, error::Limit,
};

use super::work::{self, Making};
use crate::{customizing::definitions, managed};

/// `entitykey.entitykeyindexstatus`: nobody has begun yet.
const PENDING: i32 = 0;
/// The index is being made.
const IN_PROGRESS: i32 = 1;
/// The key is at work.
const ACTIVE: i32 = 2;
/// The index cannot be made: rows have the same values.
const FAILED: i32 = 3;

/// A key that was asked for.
pub(crate) struct Asked {
    /// Its row.
    pub(crate) key: Uuid,
    /// The job that makes its index.
    pub(crate) job: Uuid,
}

/// Begins to make a key.
pub(crate) fn create(unit: &mut Unit, owner: &Principal, table: &str, key: &KeyDef, managed: bool) -> Result<Asked> {
    let definition = unit.snapshot()?.table(table)?.clone();
    check(unit, &definition, key)?;
    let names: Vec<&str> = key.columns.iter().map(|name| &**name).collect();
    let row = owned_row(unit, tables::ENTITY_KEY, owner);
    let mut row = Row::new(tables::ENTITY_KEY, row.id)
        .with("createdon", row.get("createdon").cloned().unwrap_or(Value::Null))
        .with("createdby", row.get("createdby").cloned().unwrap_or(Value::Null))
        .with("name", &*key.name)
        .with("displayname", key.label())
        .with("entitylogicalname", table)
        .with("keyattributes", names.join(","))
        .with("entitykeyindexstatus", Value::Choice(PENDING))
        .with("ismanaged", managed);
    let job = write_job(unit, owner, &definition, key, row.id)?;
    row.set("asyncjob", Reference::new(tables::JOB, job));
    let asked = Asked { key: row.id, job };
    unit.insert_as_platform("keep an alternate key that a customizer asked for", row)?;
    Ok(asked)
}

fn write_job(unit: &mut Unit, owner: &Principal, table: &TableDef, key: &KeyDef, row: Uuid) -> Result<Uuid> {
    let name = format!("Make the index of the key {} of {}", key.name, table.name);
    let job = NewJob::new(work::MAKE_INDEX, name, &Making::new(row))?.about(&table.name);
    runner::write(unit, owner, job)
}

/// Refuses a key that the table cannot have.
fn check(unit: &mut Unit, table: &TableDef, key: &KeyDef) -> Result<()> {
    definitions::check_name("key", &key.name)?;
    let owned = matches!(
        table.ownership,
        Ownership::User | Ownership::Organization | Ownership::Business
    );
    if !owned || table.configuration || table.kept != Kept::No {
        return Err(Error::invalid(format!(
            "the rows of `{}` are the platform's affair: the table takes no alternate keys",
            table.name
        ))
        .with_table(&table.name));
    }
    key.check(table)?;
    let others = keys_of(unit, &table.name)?;
    for other in &others {
        let same_name = other.text("name") == Some(&*key.name);
        if same_name || definition(other).is_made_of(key.columns.iter().map(|name| &**name)) {
            let what = if same_name { "of that name" } else { "of these columns" };
            return Err(Error::new(
                Code::DUPLICATE_KEY,
                format!(
                    "the table `{}` has a key {what} already: {}",
                    table.name,
                    other.text("name").unwrap_or_default()
                ),
            )
            .with_table(&table.name));
        }
    }
    if others.len() < MOST_KEYS {
        return Ok(());
    }
    let mut error = Error::invalid(format!(
        "the table `{}` has {MOST_KEYS} alternate keys, and may have no more",
        table.name
    ))
    .with_table(&table.name);
    error.body_mut().limit = Some(Limit {
        name: "keys".to_owned(),
        allowed: MOST_KEYS as u64,
        used: others.len() as u64 + 1,
        unit: "keys",
    });
    Err(error)
}

/// The rows of the keys of a table, whatever their states.
pub(crate) fn keys_of(unit: &mut Unit, table: &str) -> Result<Vec<Row>> {
    let query = Query::new(tables::ENTITY_KEY).filter(Filter::eq("entitylogicalname", table));
    unit.select_as_platform("see which alternate keys a table has", &query)
}

/// The key of a table by its name.
pub(crate) fn find(unit: &mut Unit, table: &str, name: &str) -> Result<Row> {
    unit.snapshot()?.table(table)?;
    let found = keys_of(unit, table)?
        .into_iter()
        .find(|row| row.text("name") == Some(name));
    found.ok_or_else(|| {
        Error::new(Code::NOT_FOUND, format!("the table `{table}` has no key `{name}`")).with_table(tables::ENTITY_KEY)
    })
}

/// The row of a key, while it is there.
pub(super) fn read(unit: &mut Unit, key: Uuid) -> Result<Option<Row>> {
    let row = Reference::new(tables::ENTITY_KEY, key);
    unit.read_as_platform("see what became of an alternate key", &row, None)
}

/// The key as its table's definition has it.
pub(crate) fn definition(row: &Row) -> KeyDef {
    let text = |column| row.text(column).unwrap_or_default();
    let label = text("displayname");
    KeyDef {
        name: text("name").into(),
        label: if label == text("name") {
            String::new()
        } else {
            label.to_owned()
        },
        columns: text("keyattributes").split(',').map(Name::from).collect(),
    }
}

/// Whether somebody has begun, and nobody has ended.
pub(super) fn is_under_way(row: &Row) -> bool {
    matches!(row.int("entitykeyindexstatus"), Some(PENDING | IN_PROGRESS))
}

/// The index is being made.
pub(super) fn begun(unit: &mut Unit, key: Uuid) -> Result<()> {
    put(unit, state(key, IN_PROGRESS))
}

/// Makes the index, and puts the key to work.
///
/// # Errors
/// `KEY_TAKEN`: rows have the same values.
pub(super) fn activate(unit: &mut Unit, row: &Row) -> Result<()> {
    let table = unit.definition(row.text("entitylogicalname").unwrap_or_default())?;
    unit.add_key(&table, &definition(row))?;
    ended(unit, row.id, ACTIVE)
}

/// The index could not be made, or somebody gave up.
pub(super) fn failed(unit: &mut Unit, key: Uuid) -> Result<()> {
    ended(unit, key, FAILED)
}

fn state(key: Uuid, status: i32) -> Row {
    Row::new(tables::ENTITY_KEY, key).with("entitykeyindexstatus", Value::Choice(status))
}

/// Nobody works for the key any more.
fn ended(unit: &mut Unit, key: Uuid, status: i32) -> Result<()> {
    put(unit, state(key, status).with("asyncjob", Value::Null))
}

fn put(unit: &mut Unit, row: Row) -> Result<()> {
    unit.update_as_platform("keep the state of an alternate key", row)
}

/// Tries again to make the index of a key; its new job.
pub(super) fn reactivate(unit: &mut Unit, owner: &Principal, row: &Row) -> Result<Uuid> {
    if row.int("entitykeyindexstatus") != Some(FAILED) {
        return Err(Error::invalid(format!(
            "the key `{}` has not failed: there is nothing to try again",
            row.text("name").unwrap_or_default()
        ))
        .with_table(tables::ENTITY_KEY));
    }
    let table = unit
        .snapshot()?
        .table(row.text("entitylogicalname").unwrap_or_default())?
        .clone();
    definition(row).check(&table)?;
    let job = write_job(unit, owner, &table, &definition(row), row.id)?;
    put(
        unit,
        state(row.id, PENDING).with("asyncjob", Reference::new(tables::JOB, job)),
    )?;
    Ok(job)
}

/// What came with a managed solution goes with it.
pub(crate) fn refuse_managed(row: &Row, importing: bool) -> Result<()> {
    match row.bool("ismanaged") == Some(true) && !importing {
        true => {
            let what = format!("the key `{}`", row.text("name").unwrap_or_default());
            Err(managed::refused(Code::MANAGED, &what).with_table(tables::ENTITY_KEY))
        }
        false => Ok(()),
    }
}

/// Takes a key away, at work or not.
pub(crate) fn delete(unit: &mut Unit, row: &Row) -> Result<()> {
    let table = unit.definition(row.text("entitylogicalname").unwrap_or_default())?;
    let key = definition(row);
    if table.keys.iter().any(|other| other.name == key.name) {
        unit.drop_key(&table, &key)?;
    }
    let job = row.id_of("asyncjob").filter(|_| is_under_way(row));
    unit.forget(tables::ENTITY_KEY, Filter::eq("entitykeyid", row.id))?;
    job.map_or(Ok(()), |job| runner::cancel(unit, job))
}
