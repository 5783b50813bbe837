//! What jobs cost: many that wait are drained, one is claimed beside many that have ended, and two
//! processes share a queue.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::AtomicBool,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use sluice_engine::{Session, Synchronous};
use sluice_model::{Filter, Query, Reference, Request, Row, Uuid};
use sluice_platform::{StepSpec, prelude::*};

use crate::{
    bare::{self, Ready, Stored, Transaction},
    measure::{Figure, Target, Turns, alternate, rounds, timed},
    world::{Bench, create_all},
};

pub(super) const NAMES: &[&str] = &["drain", "drain-full"];
pub(super) const CLAIM_NAMES: &[&str] = &["claim", "claim-due"];
pub(super) const TWO_NAMES: &[&str] = &["drain-two"];

const JOBS: usize = 10_000;
/// Where each commit waits for the disk, and for two processes.
const FEWER: usize = 2_000;
const ENDED: usize = 100_000;
const ROUNDS: usize = 3;

/// Jobs in a second, each of which makes a task, beside tasks in a second that are made by requests:
/// one job, or one request, at a time.
pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let of = |jobs: usize, synchronous: Synchronous| -> Result<[f64; 2]> {
        let start = waiting(world, jobs)?;
        rounds(ROUNDS, |_| {
            let drained = world.open(&world.copy_of(&start)?, synchronous)?.session_of("admin")?;
            let asked = world.open(&world.copy_of(&start)?, synchronous)?.session_of("admin")?;
            let query = Query::new("contact").columns(&[]).filter(Filter::eq("lastname", NAME));
            let mut contacts = Vec::new();
            asked.each(query, &mut |some| {
                contacts.extend(some);
                Ok(())
            })?;
            ensure!(contacts.len() == jobs, "{} contacts", contacts.len());
            Ok([drain(&drained, jobs)?, ask(&asked, &contacts)?])
        })
    };
    let (off, full) = (of(JOBS, Synchronous::Off)?, of(FEWER, Synchronous::Full)?);
    let figure = |name: &str, [ours, floor]: [f64; 2]| Figure::rate(name, ours).over(floor).target(Target::Ratio(0.7));
    Ok(vec![figure("drain", off), figure("drain-full", full)])
}

/// Running one job, and asking which are due, where there are no jobs besides and where there are many
/// that have ended.
pub(super) fn run_claim(world: &Bench) -> Result<Vec<Figure>> {
    let few = waiting(world, 1_000)?;
    let many = world.copy_of(&few)?;
    end_many(world, &many)?;
    let sessions = [&few, &many].map(|path| world.admin(path));
    let [few, many] = sessions;
    let (few, many) = (few?, many?);
    let turns = Turns { turns: 50, runs: 8 };
    let [due_few, due_many] = alternate(turns, [asking(&few), asking(&many)])?;
    let [one_few, one_many] = alternate(turns, [running(&few)?, running(&many)?])?;
    Ok(vec![
        Figure::time("claim", one_many).over(one_few).target(Target::Ratio(1.2)),
        Figure::time("claim-due", due_many)
            .over(due_few)
            .target(Target::Ratio(1.2)),
    ])
}

/// Jobs in a second of two processes, beside those of one; each runs once.
pub(super) fn run_two(world: &Bench) -> Result<Vec<Figure>> {
    let start = waiting(world, FEWER)?;
    let [one, two] = rounds(ROUNDS, |_| {
        Ok([processes(world, &start, 1)?, processes(world, &start, 2)?])
    })?;
    Ok(vec![
        Figure::rate("drain-two", two).over(one).target(Target::Ratio(1.0)),
    ])
}

/// What the contacts are called that jobs are about.
const NAME: &str = "Waiting";

/// An organisation with so many jobs whose time has come: each has asked to be tried again, and makes a
/// task then.
fn waiting(world: &Bench, jobs: usize) -> Result<PathBuf> {
    const TURN: usize = 1_000;
    let path = world.copy()?;
    let admin = world.admin(&path)?;
    admin.register_step(&StepSpec {
        plugin: "bench/later".to_owned(),
        message: "Create".to_owned(),
        table: Some("contact".to_owned()),
        stage: 40,
        mode: 1,
        rank: 1,
        ..StepSpec::default()
    })?;
    for turn in (0..jobs).step_by(TURN) {
        let contacts = || (turn..jobs.min(turn + TURN)).map(|_| Row::unsaved("contact").with("lastname", NAME));
        create_all(&admin, contacts)?;
    }
    drop(admin);
    let connection = bare::connect(&path, "OFF")?;
    let due = "UPDATE asyncoperation SET postponeuntil = createdon WHERE statuscode = 10";
    let changed = connection.execute(due, [])?;
    ensure!(changed == jobs, "{changed} jobs wait where {jobs} should");
    drop(connection);
    Ok(path)
}

/// Runs all jobs that are due; how many in a second.
fn drain(admin: &Session, jobs: usize) -> Result<f64> {
    let began = Instant::now();
    let mut ran = 0;
    admin.run_due_jobs(&AtomicBool::new(false), &mut |_, outcome| {
        ran += 1;
        outcome.map(|_| ())
    })?;
    let took = began.elapsed().as_secs_f64();
    ensure!(ran == jobs, "{ran} jobs ran");
    Ok(jobs as f64 / took)
}

fn task(contact: Uuid) -> Request {
    let about = Reference::new("contact", contact);
    Request::create(
        Row::unsaved("task")
            .with("subject", "Call")
            .with("regardingobjectid", about),
    )
}

/// Makes the same tasks by requests; how many in a second.
fn ask(admin: &Session, contacts: &[Row]) -> Result<f64> {
    let began = Instant::now();
    for contact in contacts {
        admin.execute(task(contact.id))?;
    }
    Ok(contacts.len() as f64 / began.elapsed().as_secs_f64())
}

/// Copies a job that has ended, many times.
fn end_many(world: &Bench, path: &Path) -> Result<()> {
    const TABLE: &str = "asyncoperation";
    let connection = bare::connect(path, "OFF")?;
    let mut ended = Stored::all(&connection, TABLE)?
        .into_iter()
        .next()
        .context("there are no jobs")?;
    for (column, number) in [("statecode", 3), ("statuscode", 30)] {
        ended.set(column, rusqlite::types::Value::Integer(number))?;
    }
    let mut insert = Ready::new(&connection, &ended.insert_sql())?;
    Transaction::new(&connection)?.run(|| {
        for _ in 0..ENDED {
            // Each of a request of its own.
            for column in ["asyncoperationid", "correlationid"] {
                ended.set(column, bare::blob(world.new_id()))?;
            }
            insert.write(&ended)?;
        }
        Ok(())
    })?;
    connection.execute(
        "UPDATE asyncoperation SET completedon = createdon WHERE statuscode = 30",
        [],
    )?;
    Ok(())
}

fn asking(admin: &Session) -> crate::measure::Contender<'_> {
    Box::new(|| timed(|| admin.due_jobs()))
}

/// Runs the next of the jobs that are due.
fn running(admin: &Session) -> Result<crate::measure::Contender<'_>> {
    let mut due = admin.due_jobs()?.into_iter();
    Ok(Box::new(move || {
        let job = due.next().context("no jobs are left")?;
        timed(|| admin.run_job(job, &AtomicBool::new(false), &|_| {}))
    }))
}

/// Lets so many processes drain a copy; jobs in a second. Each ran once.
fn processes(world: &Bench, start: &Path, count: usize) -> Result<f64> {
    let path = world.copy_of(start)?;
    let run = || -> Result<Child> {
        let mut command = Command::new(sluice_tests::program::path());
        command.arg("--org").arg(&path).args(["jobs", "run"]);
        Ok(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    };
    let began = Instant::now();
    let children: Vec<Child> = (0..count).map(|_| run()).collect::<Result<_>>()?;
    for mut child in children {
        ensure!(child.wait()?.success(), "a process that ran jobs failed");
    }
    let took = began.elapsed().as_secs_f64();
    let connection = bare::connect(&path, "OFF")?;
    let of = |what: &str| -> Result<i64> {
        let sql = format!("SELECT count({what}) FROM task WHERE subject = 'Call'");
        Ok(connection.query_row(&sql, [], |row| row.get(0))?)
    };
    let (tasks, about) = (of("*")?, of("DISTINCT regardingobjectid")?);
    ensure!(
        (tasks, about) == (FEWER as i64, FEWER as i64),
        "{tasks} tasks about {about} contacts, of {FEWER}"
    );
    Ok(FEWER as f64 / took)
}
