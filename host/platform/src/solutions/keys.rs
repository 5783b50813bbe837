//! Alternate keys in solutions: what they are made of. The index is made by a job, when everything
//! has arrived.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sluice_engine::{Session, tables};
use sluice_model::{Error, Filter, KeyDef, Query, Reference, Result, Row};

use super::{Applied, Gone, Installation, document, misfit};
use crate::keys::life;

/// A key and the table that it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    table: String,
    key: KeyDef,
}

/// The table and the key that `TABLE.KEY` names.
fn split(name: &str) -> Result<(&str, &str)> {
    name.split_once('.')
        .ok_or_else(|| Error::invalid(format!("`{name}` names no key; write TABLE.KEY")))
}

pub(super) fn export(session: &Session, name: &str) -> Result<Json> {
    let (table, key) = split(name)?;
    session.catalog()?.table(table)?;
    let filter = Filter::eq("entitylogicalname", table).and(Filter::eq("name", key));
    let rows = session.list(Query::new(tables::ENTITY_KEY).filter(filter))?;
    let row = rows
        .first()
        .ok_or_else(|| Error::invalid(format!("the table `{table}` has no key `{key}`")))?;
    document(&Key {
        table: table.to_owned(),
        key: life::definition(row),
    })
}

pub(super) fn apply(work: &mut Installation<'_, '_>, name: &str, sent: &Key) -> Result<Applied> {
    if name != format!("{}.{}", sent.table, sent.key.name) {
        return Err(misfit(format!(
            "the file of the key `{name}` holds `{}.{}`",
            sent.table, sent.key.name
        )));
    }
    work.catalog()?.table(&sent.table)?;
    let there = life::keys_of(work.batch.unit(), &sent.table)?;
    let there = there.into_iter().find(|row| row.text("name") == Some(&*sent.key.name));
    let row = match there {
        Some(row) if life::definition(&row).columns == sent.key.columns => {
            let managed = row.bool("ismanaged") == Some(true);
            if work.managed && !managed {
                work.batch.require("prvWriteEntityKey")?;
                work.taken.push(String::new());
                let change = Row::new(tables::ENTITY_KEY, row.id).with("ismanaged", true);
                let reason = "keep that an alternate key came with a managed solution";
                work.batch.unit().update_as_platform(reason, change)?;
            }
            row.id
        }
        Some(other) => {
            work.batch.require("prvDeleteEntityKey")?;
            life::refuse_managed(&other, work.managed)?;
            life::delete(work.batch.unit(), &other)?;
            make(work, sent)?
        }
        None => make(work, sent)?,
    };
    Ok(Applied {
        row: Some(row),
        parts: Vec::new(),
    })
}

fn make(work: &mut Installation<'_, '_>, sent: &Key) -> Result<sluice_model::Uuid> {
    work.batch.require("prvCreateEntityKey")?;
    let user = Reference::new(tables::USER, work.batch.principal().id());
    let owner = work.batch.unit().principal_of(&user)?;
    let asked = life::create(work.batch.unit(), &owner, &sent.table, &sent.key, work.managed)?;
    work.jobs.push(asked.job);
    Ok(asked.key)
}

pub(super) fn remove(work: &mut Installation<'_, '_>, gone: &Gone) -> Result<()> {
    let (table, key) = split(&gone.name)?;
    work.batch.require("prvDeleteEntityKey")?;
    let there = life::keys_of(work.batch.unit(), table)?;
    match there.into_iter().find(|row| row.text("name") == Some(key)) {
        Some(row) => life::delete(work.batch.unit(), &row),
        None => Ok(()),
    }
}
