//! `make bench`: what the runtime costs, beside what it cannot cost less than.
//!
//! `bench` measures everything, `bench NAME…` only what is named. Prints a table and writes
//! `target/bench/summary.json`. `docs/benchmarks.md` says what each figure means.

mod bare;
mod cases;
mod measure;
mod neighbour;
mod raw;
mod world;
mod written;

use std::{collections::BTreeMap, fs, process::ExitCode, time::Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value as Json;

use crate::{cases::CASES, measure::Figure, world::Bench};

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    match measured(&names) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Nothing was written: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measured(names: &[String]) -> Result<()> {
    let known = || CASES.iter().flat_map(|case| case.names);
    if let Some(unknown) = names.iter().find(|name| !known().any(|known| known == name)) {
        let known: Vec<&str> = known().copied().collect();
        bail!("there is no benchmark `{unknown}`; there are {}", known.join(", "));
    }
    let world = Bench::new()?;
    // All on one thread of the pipeline's kind: no request makes one of its own.
    let engine = world.open(&world.copy()?, sluice_engine::Synchronous::Off)?;
    engine.on_pipeline_thread(move || Ok(run(&world, names)))?
}

fn run(world: &Bench, names: &[String]) -> Result<()> {
    let mut figures = Vec::new();
    for case in CASES {
        if !names.is_empty() && !case.names.iter().any(|name| names.iter().any(|wanted| wanted == name)) {
            continue;
        }
        let began = Instant::now();
        let found = (case.run)(world).with_context(|| case.names.join(", "))?;
        let told: Vec<&str> = found.iter().map(Figure::name).collect();
        ensure!(told == case.names, "a case of {:?} gave {told:?}", case.names);
        eprintln!("{:>6.1} s  {}", began.elapsed().as_secs_f64(), told.join(", "));
        figures.extend(found);
    }
    print(&figures);
    write(world, &figures)
}

fn print(figures: &[Figure]) {
    let heading = ["name", "ours", "floor", "ratio", "target", ""].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(heading)
        .chain(figures.iter().map(Figure::cells))
        .collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    for row in &rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let pad = " ".repeat(width(column) - cell.chars().count());
            if column == 0 {
                format!("{cell}{pad}")
            } else {
                format!("{pad}{cell}")
            }
        });
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// Writes the figures. Those of other names stay as an earlier run left them, with its time.
fn write(world: &Bench, figures: &[Figure]) -> Result<()> {
    let path = world.home.join("summary.json");
    let earlier = fs::read_to_string(&path)
        .ok()
        .and_then(|text| serde_json::from_str::<Vec<Json>>(&text).ok());
    let mut all: BTreeMap<String, Json> = earlier
        .unwrap_or_default()
        .into_iter()
        .filter_map(|figure| Some((figure.get("name")?.as_str()?.to_owned(), figure)))
        .collect();
    let now = world.now();
    for figure in figures {
        all.insert(figure.name().to_owned(), figure.to_json(&now));
    }
    let ordered: Vec<Json> = CASES
        .iter()
        .flat_map(|case| case.names)
        .filter_map(|name| all.remove(*name))
        .collect();
    fs::write(&path, serde_json::to_string_pretty(&ordered)? + "\n").with_context(|| path.display().to_string())
}
