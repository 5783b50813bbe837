//! Rows per second of an import, with the five plug-ins that ship, at full safety; beside the same
//! rows written by bare statements, as many in a transaction, and the bare calls of the same plug-ins.

use std::{collections::HashSet, fmt::Write, path::Path, sync::atomic::AtomicBool, time::Instant};

use anyhow::{Context, Result, ensure};
use sluice_engine::{Session, Synchronous};
use sluice_model::{Query, Uuid, Value};
use sluice_platform::import::{self, Options, Plan, RUN};

use crate::{
    bare,
    measure::{Figure, Target, rounds},
    raw::{Answers, Host},
    world::{Bench, lead, push},
    written::{Floor, Written},
};

pub(super) const NAMES: &[&str] = &["import"];

const ROWS: usize = 32 * RUN;
const ROUNDS: usize = 7;

const COLUMNS: [&str; 12] = [
    "subject",
    "firstname",
    "lastname",
    "companyname",
    "jobtitle",
    "emailaddress1",
    "telephone1",
    "mobilephone",
    "address1_city",
    "address1_stateorprovince",
    "address1_postalcode",
    "description",
];

pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let start = world.copy()?;
    let admin = world.admin(&start)?;
    for plugin in sluice_tests::shipped() {
        push(&admin, plugin.name, plugin.bytes.to_vec())?;
    }
    drop(admin);
    let connection = bare::connect(&world.copy_of(&start)?, "FULL")?;
    let mut floor = Floor::new(&connection, written(world, &start)?)?;
    let calls = calls()?;
    let admin = world
        .open(&world.copy_of(&start)?, Synchronous::Full)?
        .session_of("admin")?;
    let [ours, floor] = rounds(ROUNDS, |round| {
        let ours = imported(&admin, round * ROWS, ROWS)?;
        let mut took = 0.0;
        for _ in 0..ROWS / RUN {
            floor.renew_many(world, RUN);
            let began = Instant::now();
            floor.write_many(RUN, &calls)?;
            took += began.elapsed().as_secs_f64();
        }
        Ok([ours, ROWS as f64 / took])
    })?;
    Ok(vec![
        Figure::rate("import", ours).over(floor).target(Target::Ratio(0.6)),
    ])
}

/// Imports leads, beginning with that one; rows per second.
fn imported(admin: &Session, first: usize, rows: usize) -> Result<f64> {
    let mut map = String::from("[columns]\n");
    for column in COLUMNS {
        writeln!(map, "{column} = \"{column}\"")?;
    }
    let plan = Plan::new(admin, "lead", &map)?;
    let file = csv(first, rows)?;
    let stop = AtomicBool::new(false);
    let options = Options {
        resume_after: 0,
        stop: &stop,
        detect_duplicates: false,
        refused: None,
        words: &|error| error.message().to_owned(),
    };
    let began = Instant::now();
    let survey = import::survey(&plan, file.as_bytes(), file.len() as u64)?;
    let report = import::import(admin, &plan, survey, file.as_bytes(), options, &|_| {})?;
    let took = began.elapsed();
    ensure!(
        report.created == rows as u64,
        "the import created {} rows: {:?}",
        report.created,
        report.refused.first()
    );
    Ok(rows as f64 / took.as_secs_f64())
}

/// What the import of each line writes: read in a copy in which so many were imported.
fn written(world: &Bench, start: &Path) -> Result<Vec<Written>> {
    let path = world.copy_of(start)?;
    let admin = world.admin(&path)?;
    let leads = |admin: &Session| -> Result<HashSet<Uuid>> {
        let rows = admin.list(Query::new("lead").columns(&[]))?;
        Ok(rows.iter().map(|row| row.id).collect())
    };
    let before = leads(&admin)?;
    imported(&admin, 0, RUN)?;
    let made: Vec<Uuid> = leads(&admin)?.difference(&before).copied().collect();
    Written::read(start, &path, &made)
}

/// The bare calls of the plug-ins that the Create of a lead sets off, told what they ask for.
fn calls() -> Result<impl Fn() -> Result<()>> {
    let host = Host::new()?;
    let row = lead(0);
    let told = |columns: &[&str]| {
        let values: Vec<Value> = columns
            .iter()
            .map(|column| row.get(column).cloned().unwrap_or(Value::from("")))
            .collect();
        Answers::target(&values)
    };
    let phone = ["telephone1", "telephone2", "telephone3", "mobilephone", "fax"];
    let normalizer = sluice_tests::wasm("plugins", "phone-normalizer");
    let normalizer = host.load(&normalizer, "phone_normalizer", told(&phone)?)?;
    let guard = sluice_tests::wasm("plugins", "name-guard");
    let guard = host.load(&guard, "name_guard", told(&["firstname", "lastname"])?)?;
    Ok(move || {
        normalizer.call()?;
        guard.call()
    })
}

/// A file of leads, beginning with that one.
fn csv(start: usize, rows: usize) -> Result<String> {
    let mut file = COLUMNS.join(",") + "\n";
    for index in start..start + rows {
        let row = lead(index);
        let fields = COLUMNS.map(|column| row.text(column).map(|text| format!("\"{text}\"")));
        let fields: Option<Vec<String>> = fields.into_iter().collect();
        writeln!(file, "{}", fields.context("a column is no text")?.join(","))?;
    }
    Ok(file)
}
