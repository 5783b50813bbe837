//! `make soak`: mixed requests for an hour (`SOAK=SECONDS` for another time), by a process that is
//! killed again and again, and by commands, of which some are killed as well. After each kill the
//! file has to be whole, and everything that was answered there. Writes `target/soak/summary.json`
//! and ends with 1 where something was found.

mod ledger;
mod memory;
mod worker;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sluice_tests::{program::Program, root};

use crate::{ledger::Ledger, memory::Memory, worker::Dice};

/// How long, where nobody says it.
const HOUR: u64 = 3_600;
/// A process whose memory grows by so much a minute, over five minutes at least, leaks.
const SLOPE: f64 = 2_048.0;
/// A write leaves no more in the file: its row, its audit rows, indexes, its share of traces.
const BYTES: u64 = 64 << 10;
/// The word for the process that is killed.
const WORKER: &str = "worker";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(WORKER) {
        let (Some(file), Some(seed)) = (arguments.next(), arguments.next()) else {
            return ExitCode::FAILURE;
        };
        return worker::run(Path::new(&file), seed.parse().unwrap_or(1));
    }
    match soak() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the soak could not be done: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What is known by now.
#[derive(Default)]
struct Found {
    ledger: Ledger,
    findings: Vec<String>,
    worker_kills: u64,
    command_kills: u64,
    commands: u64,
    checks: u64,
    memory: Memory,
}

type Shared = Arc<Mutex<Found>>;

fn locked(found: &Shared) -> MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long it lasts.
fn seconds() -> Result<u64> {
    match std::env::var("SOAK") {
        Ok(text) => text
            .parse()
            .with_context(|| format!("SOAK={text} is no number of seconds")),
        Err(_) => Ok(HOUR),
    }
}

/// The sample organisation, in a fresh folder.
fn sample(folder: &Path) -> Result<Program> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    let program = Program::new(folder);
    let made = program.run(&["org", "create", "--sample"]);
    ensure!(made.code == 0, "no organisation could be made: {}", made.stderr);
    Ok(program)
}

fn soak() -> Result<bool> {
    let seconds = seconds()?;
    let folder = root().join("target/soak");
    let program = sample(&folder)?;
    let file = folder.join("sluice.db");
    let start_bytes = size(&file);
    let found = Shared::default();
    let (began, over) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let end = began + Duration::from_secs(seconds);
    let commands = {
        let (program, found, over) = (program.clone(), found.clone(), over.clone());
        thread::spawn(move || commands(&program, &found, &over))
    };
    let mut dice = Dice::new(1);
    let mut life = 0;
    while Instant::now() < end {
        // The first one lives long, so that its memory shows where it goes.
        let lives = match life {
            0 => seconds / 4,
            _ => 2 + dice.below(seconds / 60 + 3),
        };
        life += 1;
        let until = end.min(Instant::now() + Duration::from_secs(lives) + Duration::from_millis(dice.below(1_000)));
        live(&file, life, until, &found)?;
        locked(&found).worker_kills += 1;
        check(&program, &file, &found, false)?;
    }
    over.store(true, Ordering::Release);
    let _ = commands.join();
    check(&program, &file, &found, true)?;
    let mut found = locked(&found);
    let (end_bytes, answered) = (size(&file), found.ledger.writes.max(1));
    let per_write = end_bytes.saturating_sub(start_bytes) / answered;
    if per_write > BYTES {
        found
            .findings
            .push(format!("the file grew by {per_write} bytes a write"));
    }
    let slope = found.memory.slope();
    if let Some((slope, over)) = slope.filter(|(slope, over)| *over >= 300.0 && *slope > SLOPE) {
        found
            .findings
            .push(format!("memory grew by {slope:.0} KiB a minute, for {over:.0} s"));
    }
    let summary = json!({
        "seconds": began.elapsed().as_secs(),
        "requests": {
            "writes": found.ledger.writes,
            "reads": found.ledger.reads,
            "refused": found.ledger.refused,
            "commands": found.commands,
        },
        "kills": { "processes": found.worker_kills, "commands": found.command_kills },
        "checks": found.checks,
        "rows_compared": found.ledger.compared,
        "memory": {
            "peak_kib": found.memory.peak(),
            "slope_kib_per_minute": slope.map(|(slope, _)| slope),
            "over_seconds": slope.map(|(_, over)| over),
        },
        "file": { "start_bytes": start_bytes, "end_bytes": end_bytes, "bytes_per_write": per_write },
        "findings": found.findings,
    });
    let text = serde_json::to_string_pretty(&summary)?;
    fs::write(folder.join("summary.json"), format!("{text}\n"))?;
    println!("{text}");
    ensure!(found.ledger.writes > 0 && found.checks > 0, "nothing was done");
    Ok(found.findings.is_empty())
}

/// The bytes of the file and of its log.
fn size(file: &Path) -> u64 {
    let of = |path: PathBuf| fs::metadata(path).map(|file| file.len()).unwrap_or_default();
    of(file.to_owned()) + of(PathBuf::from(format!("{}-wal", file.display())))
}

/// One process, from its start until it is killed.
fn live(file: &Path, life: u64, until: Instant, found: &Shared) -> Result<()> {
    let mut child = Command::new(std::env::current_exe()?)
        .args([WORKER, &file.display().to_string(), &life.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .context("the worker does not start")?;
    let output = child.stdout.take().context("the worker says nothing")?;
    let listening = {
        let found = found.clone();
        thread::spawn(move || {
            // A line that is not whole was not answered.
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                let mut found = locked(&found);
                let found = &mut *found;
                found.ledger.hear(&String::from_utf8_lossy(&line), &mut found.findings);
            }
        })
    };
    let began = Instant::now();
    while Instant::now() < until {
        thread::sleep(Duration::from_millis(500).min(until.saturating_duration_since(Instant::now())));
        let kib = memory::resident(child.id());
        locked(found).memory.seen(life, began.elapsed(), kib);
        if let Some(status) = child.try_wait()? {
            locked(found)
                .findings
                .push(format!("process {life} ended by itself: {status}"));
            break;
        }
    }
    end(&mut child);
    let _ = listening.join();
    Ok(())
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Whether the file is whole, and what was answered is there: all of it, or what was touched since
/// the last time and some of the rest.
fn check(program: &Program, file: &Path, found: &Shared, everything: bool) -> Result<()> {
    let run = program.run(&["org", "check"]);
    let mut found = locked(found);
    let found = &mut *found;
    found.checks += 1;
    if run.code != 0 {
        let said = format!("org check: {} {}{}", run.code, run.stdout, run.stderr);
        found.findings.push(said);
    }
    let session = worker::open(file)?;
    found.ledger.compare(&session, everything, &mut found.findings);
    Ok(())
}

/// Commands beside it: rows that are made, a file that is imported; some are killed.
fn commands(program: &Program, found: &Shared, over: &AtomicBool) {
    let mut dice = Dice::new(7);
    let csv: String = (0..200).map(|line| format!("Line {line},Company {line}\n")).collect();
    let folder = root().join("target/soak");
    let _ = fs::write(folder.join("lines.csv"), format!("last,company\n{csv}"));
    let map = "[columns]\nlast = \"lastname\"\ncompany = \"companyname\"\n";
    let _ = fs::write(folder.join("map.toml"), map);
    let import = ["import", "lines.csv", "--table", "lead", "--map", "map.toml"];
    while !over.load(Ordering::Acquire) {
        if dice.below(3) == 0 {
            let mut child = program.start(&import);
            thread::sleep(Duration::from_millis(20 + dice.below(400)));
            end(&mut child);
            locked(found).command_kills += 1;
        } else {
            let subject = format!("command {}", dice.below(1 << 30));
            let line = [
                "row",
                "create",
                "lead",
                "lastname=Command",
                &format!("subject={subject}"),
                "--json",
            ];
            let run = program.run(&line);
            let mut found = locked(found);
            found.commands += 1;
            let id = serde_json::from_str::<serde_json::Value>(&run.stdout)
                .ok()
                .and_then(|document| document["id"].as_str().map(str::to_owned));
            match (run.code, id) {
                (0, Some(id)) => {
                    let found = &mut *found;
                    found.ledger.hear(&format!("row {id} {subject}"), &mut found.findings);
                }
                // It waited for the writer in vain: that is an answer.
                (3, _) if run.stdout.contains("0x80044151") => {}
                _ => found.findings.push(format!("row create: {run:?}")),
            }
        }
        thread::sleep(Duration::from_millis(dice.below(300)));
    }
}
