//! What it costs to ask why: a request that two of fifty steps refuse, by itself, and beside many writers.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use sluice_engine::{Session, Synchronous};
use sluice_model::{Request, Row, Uuid};
use sluice_platform::{StepSpec, prelude::*};

use crate::{
    measure::{Figure, Target, rounds, timed},
    neighbour,
    world::{Bench, Leads, push},
};

pub(super) const NAMES: &[&str] = &["why-50", "why-50-writers"];

/// So many steps are active, of which two fail.
const STEPS: i32 = 50;
/// Which fail, and the table that the caller may not read.
const FAILING: [(i32, &str); 2] = [(20, "campaign"), (40, "sl_commissionrule")];
const WRITERS: usize = 16;
const ROUNDS: usize = 3;
/// So long writers write in a round.
const WRITING: Duration = Duration::from_secs(5);

/// How long the whole command takes, and the slowest hundredth of what writers do beside it.
pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let path = world.copy()?;
    let engine = world.open(&path, Synchronous::Off)?;
    let admin = engine.session_of("admin")?;
    register(&admin)?;
    let request = refused(&engine.session_of("seller.west")?)?;
    let [alone] = rounds(ROUNDS, |_| Ok([timed(|| ask(&path, request))?.as_secs_f64() * 1e6]))?;
    let [idle, beside] = rounds(ROUNDS, |_| {
        let idle = slowest(&admin, || {
            std::thread::sleep(WRITING);
            Ok(())
        })?;
        let beside = slowest(&admin, || {
            let began = Instant::now();
            while began.elapsed() < WRITING {
                ask(&path, request)?;
            }
            Ok(())
        })?;
        Ok([idle, beside])
    })?;
    Ok(vec![
        Figure::time("why-50", alone).target(Target::Itself(1e6)),
        Figure::time("why-50-writers", beside)
            .over(idle)
            .target(Target::Ratio(2.0)),
    ])
}

fn register(admin: &Session) -> Result<()> {
    push(admin, "probe", sluice_tests::wasm("guests", "probe"))?;
    for rank in 1..=STEPS {
        let fails = FAILING.iter().find(|(place, _)| *place == rank);
        admin.register_step(&StepSpec {
            plugin: "probe/probe".to_owned(),
            message: "Create".to_owned(),
            table: Some("account".to_owned()),
            stage: 20,
            rank,
            name: Some(format!("step {rank}")),
            configuration: Some(match fails {
                Some((_, table)) => format!("read {table}"),
                None => "target name".to_owned(),
            }),
            ..StepSpec::default()
        })?;
    }
    Ok(())
}

/// The correlation id of a request that is refused.
fn refused(seller: &Session) -> Result<Uuid> {
    let account = Row::unsaved("account").with("name", "Adventure Works");
    let refusal = seller.execute(Request::create(account)).err();
    let refusal = refusal.context("nothing refused the account")?;
    refusal.body().correlation.context("the refusal was not recorded")
}

/// The command, as somebody types it; it names both steps.
fn ask(path: &Path, request: Uuid) -> Result<()> {
    let mut command = Command::new(sluice_tests::program::path());
    command
        .arg("--org")
        .arg(path)
        .args(["--json", "why", &request.to_string()]);
    let output = command.stdin(Stdio::null()).output()?;
    let answer = String::from_utf8_lossy(&output.stdout);
    let told = FAILING
        .iter()
        .all(|(rank, _)| answer.contains(&format!("\"step {rank}\"")));
    ensure!(output.status.success() && told, "`why` answered {answer}");
    Ok(())
}

/// What ninety-nine of a hundred Creates of the writers take at most while this work is done, in
/// microseconds.
fn slowest(session: &Session, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let ended = AtomicBool::new(false);
    let mut took = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let ended = &ended;
                let write = move || {
                    let mut took = Vec::new();
                    for row in Leads::from(writer * 100_000) {
                        if ended.load(Ordering::Relaxed) {
                            break;
                        }
                        let began = Instant::now();
                        neighbour::create(session, &row)?;
                        took.push(began.elapsed());
                    }
                    Ok(took)
                };
                scope.spawn(move || session.engine().on_pipeline_thread(write))
            })
            .collect();
        let worked = work();
        ended.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for writer in writers {
            all.extend(writer.join().ok().context("a writer panicked")??);
        }
        worked.map(|()| all)
    })?;
    took.sort_unstable();
    let place = (took.len() * 99 / 100).min(took.len().saturating_sub(1));
    let slowest = took.get(place).context("the writers wrote nothing")?;
    Ok(slowest.as_secs_f64() * 1e6)
}
