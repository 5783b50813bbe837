//! What duplicate rules cost: a Create under five published rules beside one without, with
//! detection and without, where there are a thousand leads and where there are a million; how
//! fast a rule is published over the million, and how long others wait meanwhile.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use sluice_engine::{JobState, Session, Synchronous};
use sluice_model::{Filter, Parameter, Query, Reference, Request, Row, Uuid, Value};

use super::{creating, size};
use crate::{
    bare,
    measure::{Contender, Figure, Target, Turns, alternate, timed},
    world::{Leads, World},
};

pub(super) const NAMES: &[&str] = &[
    "rules-5-at-1k",
    "rules-5-detecting-at-1k",
    "rules-5-at-1m",
    "rules-5-detecting-at-1m",
    "publish-1m",
    "publish-1m-waiting",
];

/// What the five rules compare: the address, which every lead has of its own, alone and
/// beside another column.
const RULES: [&[&str]; 5] = [
    &["emailaddress1"],
    &["telephone1", "emailaddress1"],
    &["lastname", "emailaddress1"],
    &["address1_city", "emailaddress1"],
    &["firstname", "emailaddress1"],
];

const SUPPRESSED: Target = Target::Ratio(1.5);
const DETECTING: Target = Target::Ratio(2.0);

const TURNS: Turns = Turns { turns: 150, runs: 16 };

pub(super) fn run(world: &World) -> Result<Vec<Figure>> {
    let small = size::small(world)?;
    let small_rules = world.copy_of(&small)?;
    publish(&session(world, &small_rules)?)?;
    let large = size::large(world)?;
    let large_rules = large_with_rules(world, &large)?;
    let mut figures = Vec::new();
    for (size, without, with) in [("1k", &small, &small_rules), ("1m", &large, &large_rules)] {
        // What a busy organisation has in the machine's memory anyway.
        for file in [without, with] {
            io::copy(&mut fs::File::open(file)?, &mut io::sink())?;
        }
        // Rows of another run have other addresses.
        let start = 10 * leads(with)?;
        let [none, suppressed, detecting] = alternate(
            TURNS,
            [
                creating(session(world, without)?, Leads::from(start)),
                creating(session(world, with)?, Leads::from(start)),
                asking(session(world, with)?, Leads::from(start + 1_000_000_000)),
            ],
        )?;
        let figure = |name: &str, ours| Figure::time(format!("rules-5{name}-at-{size}"), ours).over(none);
        figures.push(figure("", suppressed).target(SUPPRESSED));
        figures.push(figure("-detecting", detecting).target(DETECTING));
    }
    figures.push(Figure::rate("publish-1m", published_again(world, &large_rules)?));
    let (idle, waiting) = longest_waits(world, &large_rules)?;
    figures.push(Figure::time("publish-1m-waiting", waiting).over(idle));
    Ok(figures)
}

fn session(world: &World, path: &Path) -> Result<Session> {
    Ok(world.open(path, Synchronous::Off)?.session_of("admin")?)
}

fn leads(path: &Path) -> Result<usize> {
    let connection = bare::connect(path, "OFF")?;
    let count: i64 = connection.query_row("SELECT count(*) FROM lead", [], |row| row.get(0))?;
    Ok(usize::try_from(count)?)
}

/// Creates the next of some rows, each in a request that asks for duplicate detection.
fn asking<'a>(session: Session, mut rows: impl Iterator<Item = Row> + 'a) -> Contender<'a> {
    Box::new(move || {
        let row = rows.next().context("no rows are left")?;
        let request = Request::create(row).with("SuppressDuplicateDetection", false);
        timed(|| session.execute(request))
    })
}

/// The large organisation with the five rules: made once, as the one without is.
fn large_with_rules(world: &World, large: &Path) -> Result<PathBuf> {
    let name = large
        .file_name()
        .context("a file")?
        .to_string_lossy()
        .replace("leads", "rules");
    let path = world.home.join(name);
    if path.exists() {
        return Ok(path);
    }
    for old in fs::read_dir(&world.home)?.flatten() {
        if old.file_name().to_string_lossy().starts_with("rules-1m-") {
            fs::remove_file(old.path())?;
        }
    }
    eprintln!("         publishing five rules over a million leads, once; this takes a minute or two");
    let copy = world.copy_of(large)?;
    publish(&session(world, &copy)?)?;
    fs::rename(&copy, &path)?;
    Ok(path)
}

fn publish(admin: &Session) -> Result<()> {
    for columns in RULES {
        let rule = admin.batch(|batch| {
            let rule = Row::unsaved("duplicaterule")
                .with("name", columns.join(" and "))
                .with("baseentityname", "lead")
                .with("matchingentityname", "lead");
            let rule = Reference::new("duplicaterule", batch.create(rule)?);
            for column in columns {
                let condition = Row::unsaved("duplicaterulecondition")
                    .with("regardingobjectid", rule.clone())
                    .with("baseattributename", *column)
                    .with("matchingattributename", *column);
                batch.create(condition)?;
            }
            Ok(rule.id)
        })?;
        run_job(admin, "PublishDuplicateRule", rule)?;
    }
    Ok(())
}

/// Runs a message about a rule, and the job that it leaves; the rows of the job.
fn run_job(admin: &Session, message: &str, rule: Uuid) -> Result<u64> {
    let response = admin.execute(Request::new(message).with("DuplicateRuleId", Value::Id(rule)))?;
    let Some(Parameter::Value(job)) = response.outputs.get("JobId") else {
        return Ok(0);
    };
    let job = job.as_id().context("a job")?;
    let outcome = admin.run_job(job, &AtomicBool::new(false), &|_| {})?;
    ensure!(outcome.state == JobState::Succeeded, "{outcome:?}");
    Ok(outcome.progress.done)
}

/// Rows per second, where a rule is published over the large organisation.
fn published_again(world: &World, path: &Path) -> Result<f64> {
    let admin = session(world, path)?;
    let rule = unpublished(&admin)?;
    let mut rows = 0;
    let took = timed(|| {
        rows = run_job(&admin, "PublishDuplicateRule", rule)?;
        anyhow::Ok(())
    })?;
    Ok(rows as f64 / took.as_secs_f64())
}

/// One of the rules, out of work.
fn unpublished(admin: &Session) -> Result<Uuid> {
    let rules = admin.list(Query::new("duplicaterule").filter(Filter::eq("name", "emailaddress1")))?;
    let rule = rules.first().context("a rule")?.id;
    run_job(admin, "UnpublishDuplicateRule", rule)?;
    Ok(rule)
}

/// The longest that a Create of somebody who works in another process takes, in microseconds:
/// while nothing else happens, and while a rule is published.
fn longest_waits(world: &World, path: &Path) -> Result<(f64, f64)> {
    const IDLE: Duration = Duration::from_secs(10);
    let admin = session(world, path)?;
    let writer = session(world, path)?;
    let mut rows = Leads::from(20 * leads(path)?);
    let idle = during(&writer, &mut rows, || {
        std::thread::sleep(IDLE);
        Ok(())
    })?;
    let rule = unpublished(&admin)?;
    let busy = during(&writer, &mut rows, || {
        run_job(&admin, "PublishDuplicateRule", rule).map(drop)
    })?;
    Ok((idle, busy))
}

/// Creates a row every few milliseconds until the work has ended; the longest that one took.
fn during(
    writer: &Session,
    rows: &mut (impl Iterator<Item = Row> + Send),
    work: impl FnOnce() -> Result<()>,
) -> Result<f64> {
    const PAUSE: Duration = Duration::from_millis(3);
    let ended = AtomicBool::new(false);
    let longest = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while !ended.load(Ordering::Relaxed) {
                let row = rows.next().context("no rows are left")?;
                longest = longest.max(timed(|| writer.execute(Request::create(row)))?);
                std::thread::sleep(PAUSE);
            }
            anyhow::Ok(longest)
        });
        let worked = work();
        ended.store(true, Ordering::Relaxed);
        let longest = writing.join().ok().context("the writer panicked")??;
        worked.map(|()| longest)
    })?;
    Ok(longest.as_secs_f64() * 1e6)
}
