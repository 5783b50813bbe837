//! What duplicate rules cost: a Create under five published rules beside one without, with
//! detection and without, where there are a thousand leads and where there are a million; how
//! fast a rule is published over the million, and how long others wait meanwhile.

use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use anyhow::{Context, Result, ensure};
use sluice_engine::{JobState, Session};
use sluice_model::{Filter, Parameter, Query, Reference, Request, Row, Uuid, Value};

use super::{creating, size};
use crate::{
    bare,
    measure::{Contender, Figure, Target, Turns, alternate, timed},
    neighbour::Neighbour,
    world::{Bench, Leads, warm},
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

pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let small = size::small(world)?;
    let small_rules = world.copy_of(&small)?;
    publish(&world.admin(&small_rules)?)?;
    let (large, stamp) = size::large(world)?;
    let large_rules = large_with_rules(world, &large, stamp)?;
    let mut figures = Vec::new();
    for (size, without, with) in [("1k", &small, &small_rules), ("1m", &large, &large_rules)] {
        for file in [without, with] {
            warm(file)?;
        }
        // Rows of another run have other addresses.
        let start = 10 * bare::count(with, "lead", &[])?;
        let [none, suppressed, detecting] = alternate(
            Turns::MANY,
            [
                creating(world.admin(without)?, Leads::from(start)),
                creating(world.admin(with)?, Leads::from(start)),
                asking(world.admin(with)?, Leads::from(start + 1_000_000_000)),
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

/// Creates the next of some rows, each in a request that asks for duplicate detection.
fn asking<'a>(session: Session, mut rows: impl Iterator<Item = Row> + 'a) -> Contender<'a> {
    Box::new(move || {
        let row = rows.next().context("no rows are left")?;
        let request = Request::create(row).with("SuppressDuplicateDetection", false);
        timed(|| session.execute(request))
    })
}

/// The large organisation with the five rules: made once, as the one without is.
fn large_with_rules(world: &Bench, large: &Path, stamp: u64) -> Result<PathBuf> {
    world.kept("rules-1m", stamp, || {
        eprintln!("         publishing five rules over a million leads, once; this takes a minute or two");
        let copy = world.copy_of(large)?;
        publish(&world.admin(&copy)?)?;
        Ok(copy)
    })
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
fn published_again(world: &Bench, path: &Path) -> Result<f64> {
    let admin = world.admin(path)?;
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

/// The longest waits of another process, in microseconds: while nothing else happens, and while
/// a rule is published.
fn longest_waits(world: &Bench, path: &Path) -> Result<(f64, f64)> {
    let admin = world.admin(path)?;
    let mut neighbour = Neighbour::new(world.admin(path)?, Leads::from(20 * bare::count(path, "lead", &[])?));
    let idle = neighbour.waits_idle()?;
    let rule = unpublished(&admin)?;
    let busy = neighbour.waits(|| run_job(&admin, "PublishDuplicateRule", rule).map(drop))?;
    Ok((idle, busy))
}
