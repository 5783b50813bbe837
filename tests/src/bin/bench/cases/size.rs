//! What the size of an organisation costs: the same Create where there are a thousand leads,
//! and where there are a million.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use rusqlite::types::Value;

use sluice_model::{Reference, Row};

use super::creating;
use crate::{
    bare::{self, Ready, Stored, Transaction},
    measure::{Figure, Target, Turns, alternate},
    world::{Bench, Leads, create_all, email, name, unpublish_rules, warm},
};

pub(super) const NAMES: &[&str] = &["create-at-1k", "create-at-1m"];

pub(super) const SMALL: usize = 1_000;
pub(super) const LARGE: usize = 1_000_000;

/// Counts up when the rows that are written here change.
const FORM: u32 = 3;

pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let small = small(world)?;
    let (large, _) = large(world)?;
    warm(&large)?;
    let opened = |path: &Path| anyhow::Ok(creating(world.admin(path)?, Leads::from(5 * LARGE)));
    let [at_small, at_large] = alternate(Turns::MANY, [opened(&small)?, opened(&large)?])?;
    Ok(vec![
        Figure::time("create-at-1k", at_small),
        Figure::time("create-at-1m", at_large)
            .over(at_small)
            .target(Target::Ratio(1.2)),
    ])
}

/// The small organisation. No duplicate rule is at work in either: the rows are written past
/// the engine, so they have no codes.
pub(super) fn small(world: &Bench) -> Result<PathBuf> {
    let path = without_rules(world)?;
    fill(world, &path, SMALL)?;
    Ok(path)
}

fn without_rules(world: &Bench) -> Result<PathBuf> {
    let path = world.copy()?;
    unpublish_rules(&world.admin(&path)?)?;
    Ok(path)
}

/// The large organisation, with the stamp of its tables: made once for a form of the tables, and
/// kept. A run adds a few thousand leads to it.
pub(super) fn large(world: &Bench) -> Result<(PathBuf, u64)> {
    let template = without_rules(world)?;
    let mut stamp = DefaultHasher::new();
    FORM.hash(&mut stamp);
    let connection = bare::connect(&template, "OFF")?;
    let mut schema = connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")?;
    for sql in schema.query_map([], |row| row.get::<_, String>(0))? {
        sql?.hash(&mut stamp);
    }
    drop(schema);
    let form: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    form.hash(&mut stamp);
    connection.close().map_err(|(_, error)| error)?;
    let stamp = stamp.finish();
    let path = world.kept("leads-1m", stamp, || {
        eprintln!("         making an organisation with {LARGE} leads, once; this takes a minute or two");
        fill(world, &template, LARGE)?;
        Ok(template)
    })?;
    Ok((path, stamp))
}

/// Writes leads into an organisation until there are so many.
fn fill(world: &Bench, path: &Path, count: usize) -> Result<()> {
    let forms = forms(world)?;
    let connection = bare::connect(path, "OFF")?;
    for (name, value) in [
        ("journal_mode", "OFF"),
        ("foreign_keys", "OFF"),
        ("cache_size", "-600000"),
    ] {
        connection.pragma_update(None, name, value)?;
    }
    let there = bare::count(path, "lead", &[])?;
    let first = forms.first().context("no leads to copy")?;
    let mut insert = Ready::new(&connection, &first.insert_sql())?;
    let now = world.microseconds();
    Transaction::new(&connection)?.run(|| {
        for (index, age) in (there..count).zip(0_i64..) {
            let mut lead: Stored = forms[index % forms.len()].clone();
            let (first, last) = name(index);
            lead.set("fullname", Value::Text(format!("{first} {last}")))?;
            lead.set("firstname", Value::Text(first))?;
            lead.set("lastname", Value::Text(last))?;
            lead.set("emailaddress1", Value::Text(email(index)))?;
            lead.set("leadid", bare::blob(world.new_id()))?;
            // One a second, the newest first; one in five is disqualified.
            lead.set("createdon", Value::Integer(now - age * 1_000_000))?;
            if index % 5 == 0 {
                lead.set("statecode", Value::Integer(2))?;
                lead.set("statuscode", Value::Integer(4))?;
            }
            insert.write(&lead)?;
        }
        Ok(())
    })?;
    drop(insert);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Leads as the engine writes them, with all that it fills; one in eight is a seller's.
fn forms(world: &Bench) -> Result<Vec<Stored>> {
    let path = world.copy()?;
    let admin = world.admin(&path)?;
    let seller = admin.find_one("systemuser", "seller.west")?;
    let owned = |index: usize, mut lead: Row| {
        if index.is_multiple_of(8) {
            lead.set("ownerid", Reference::new("systemuser", seller));
        }
        lead
    };
    let leads = || Leads::from(0).take(64).enumerate();
    let ids = create_all(&admin, || leads().map(|(index, lead)| owned(index, lead)))?;
    let connection = bare::connect(&path, "OFF")?;
    ids.iter()
        .map(|id| Stored::one(&connection, "lead", "leadid", *id))
        .collect()
}
