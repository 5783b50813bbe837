//! Rows per second of an import, with the five plug-ins that ship, at full safety.

use std::{fmt::Write, sync::atomic::AtomicBool, time::Instant};

use anyhow::{Context, Result, ensure};
use sluice_engine::Synchronous;
use sluice_platform::import::{self, Options, Plan, WORKERS};

use crate::{
    measure::{Figure, rounds},
    world::{World, lead, push},
};

pub(super) const NAMES: &[&str] = &["import"];

const ROWS: usize = 2_000;
const ROUNDS: usize = 5;

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

pub(super) fn run(world: &World) -> Result<Vec<Figure>> {
    let admin = world.open(&world.copy()?, Synchronous::Full)?.session_of("admin")?;
    for plugin in sluice_tests::shipped() {
        push(&admin, plugin.name, plugin.bytes.to_vec())?;
    }
    let mut map = String::from("[columns]\n");
    for column in COLUMNS {
        writeln!(map, "{column} = \"{column}\"")?;
    }
    let plan = Plan::new(&admin, "lead", &map)?;
    let [rate] = rounds(ROUNDS, |round| {
        let file = csv(round * ROWS)?;
        let stop = AtomicBool::new(false);
        let began = Instant::now();
        let options = Options {
            digest: import::digest(file.as_bytes())?,
            resume_after: 0,
            workers: WORKERS,
            stop: &stop,
        };
        let report = import::import(&admin, &plan, file.as_bytes(), &options, &|_| {})?;
        let took = began.elapsed();
        ensure!(
            report.created == ROWS as u64,
            "the import created {} rows: {:?}",
            report.created,
            report.refused.first()
        );
        Ok([ROWS as f64 / took.as_secs_f64()])
    })?;
    Ok(vec![Figure::rate("import", rate)])
}

/// A file of leads, beginning with that one.
fn csv(start: usize) -> Result<String> {
    let mut file = COLUMNS.join(",") + "\n";
    for index in start..start + ROWS {
        let row = lead(index);
        let fields = COLUMNS.map(|column| row.text(column).map(|text| format!("\"{text}\"")));
        let fields: Option<Vec<String>> = fields.into_iter().collect();
        writeln!(file, "{}", fields.context("a column is no text")?.join(","))?;
    }
    Ok(file)
}
