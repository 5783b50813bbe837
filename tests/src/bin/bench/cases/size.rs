//! What the size of an organisation costs: the same Create where there are a thousand leads,
//! and where there are a million.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use rusqlite::types::Value;
use sluice_engine::Synchronous;

use super::{creating, stored_leads};
use crate::{
    bare::{self, Ready, Stored, Transaction},
    measure::{Figure, Target, Turns, alternate},
    world::{Leads, World, email, name, unpublish_rules},
};

pub(super) const NAMES: &[&str] = &["create-at-1k", "create-at-1m"];

pub(super) const SMALL: usize = 1_000;
pub(super) const LARGE: usize = 1_000_000;

/// Counts up when the rows that are written here change.
const FORM: u32 = 2;

pub(super) fn run(world: &World) -> Result<Vec<Figure>> {
    let small = small(world)?;
    let large = large(world)?;
    // What a busy organisation has in the machine's memory anyway.
    io::copy(&mut fs::File::open(&large)?, &mut io::sink())?;
    let opened = |path: &Path| {
        let session = world.open(path, Synchronous::Off)?.session_of("admin")?;
        anyhow::Ok(creating(session, Leads::from(5 * LARGE)))
    };
    let [at_small, at_large] = alternate(Turns { turns: 150, runs: 16 }, [opened(&small)?, opened(&large)?])?;
    Ok(vec![
        Figure::time("create-at-1k", at_small),
        Figure::time("create-at-1m", at_large)
            .over(at_small)
            .target(Target::Ratio(1.2)),
    ])
}

/// The small organisation. No duplicate rule is at work in either: the rows are written past
/// the engine, so they have no codes.
pub(super) fn small(world: &World) -> Result<PathBuf> {
    let path = without_rules(world)?;
    fill(world, &path, SMALL)?;
    Ok(path)
}

fn without_rules(world: &World) -> Result<PathBuf> {
    let path = world.copy()?;
    unpublish_rules(&world.open(&path, Synchronous::Off)?.session_of("admin")?)?;
    Ok(path)
}

/// The large organisation: made once for a form of the tables, and kept. A run adds a few
/// thousand leads to it.
pub(super) fn large(world: &World) -> Result<PathBuf> {
    let template = without_rules(world)?;
    let mut stamp = DefaultHasher::new();
    FORM.hash(&mut stamp);
    let connection = bare::connect(&template, "OFF")?;
    let mut schema = connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")?;
    for sql in schema.query_map([], |row| row.get::<_, String>(0))? {
        sql?.hash(&mut stamp);
    }
    drop(schema);
    connection.close().map_err(|(_, error)| error)?;
    let path = world.home.join(format!("leads-1m-{:016x}.db", stamp.finish()));
    if path.exists() {
        return Ok(path);
    }
    for old in fs::read_dir(&world.home)?.flatten() {
        if old.file_name().to_string_lossy().starts_with("leads-1m-") {
            fs::remove_file(old.path())?;
        }
    }
    eprintln!("         making an organisation with {LARGE} leads, once; this takes a minute or two");
    fill(world, &template, LARGE)?;
    fs::rename(&template, &path)?;
    Ok(path)
}

/// Writes leads into an organisation until there are so many.
fn fill(world: &World, path: &Path, count: usize) -> Result<()> {
    let forms = stored_leads(world, 64)?;
    let connection = bare::connect(path, "OFF")?;
    for (name, value) in [
        ("journal_mode", "OFF"),
        ("foreign_keys", "OFF"),
        ("cache_size", "-600000"),
    ] {
        connection.pragma_update(None, name, value)?;
    }
    let there: i64 = connection.query_row("SELECT count(*) FROM lead", [], |row| row.get(0))?;
    let first = forms.first().context("no leads to copy")?;
    let mut insert = Ready::new(&connection, &first.insert_sql())?;
    Transaction::new(&connection)?.run(|| {
        for index in usize::try_from(there)?..count {
            let mut lead: Stored = forms[index % forms.len()].clone();
            let (first, last) = name(index);
            lead.set("fullname", Value::Text(format!("{first} {last}")))?;
            lead.set("firstname", Value::Text(first))?;
            lead.set("lastname", Value::Text(last))?;
            lead.set("emailaddress1", Value::Text(email(index)))?;
            lead.set("leadid", bare::blob(world.new_id()))?;
            insert.write(&lead)?;
        }
        Ok(())
    })?;
    drop(insert);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}
