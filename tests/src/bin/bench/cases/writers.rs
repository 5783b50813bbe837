//! Many writers at once: what is left of the speed where a commit waits for the disk. The
//! group commit shares the wait among those who write at the same time.

use std::{sync::Barrier, time::Instant};

use anyhow::{Context, Result};
use sluice_engine::{Session, Synchronous};
use sluice_model::{Request, Row};

use crate::{
    measure::{Figure, Target, rounds},
    world::{Bench, Leads},
};

pub(super) const NAMES: &[&str] = &["writers-64"];

const WRITERS: usize = 64;
/// Rows that each writes in a round.
const ROWS: usize = 60;
const ROUNDS: usize = 7;

pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let opened = |synchronous| anyhow::Ok(world.open(&world.copy()?, synchronous)?.session_of("admin")?);
    let (full, off) = (opened(Synchronous::Full)?, opened(Synchronous::Off)?);
    let [full, off] = rounds(ROUNDS, |_| Ok([burst(&full, WRITERS)?, burst(&off, WRITERS)?]))?;
    Ok(vec![
        Figure::rate("writers-64", full).over(off).target(Target::Ratio(0.7)),
    ])
}

/// Lets so many threads create rows, all beginning at once; rows per second until the last has
/// ended.
fn burst(session: &Session, writers: usize) -> Result<f64> {
    let gate = Barrier::new(writers + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|writer| {
                let rows: Vec<Row> = Leads::from(writer * 1000).take(ROWS).collect();
                let gate = &gate;
                let write = move || {
                    gate.wait();
                    rows.into_iter()
                        .try_for_each(|row| session.execute(Request::create(row)).map(|_| ()))
                };
                scope.spawn(|| session.engine().on_pipeline_thread(write))
            })
            .collect();
        gate.wait();
        let began = Instant::now();
        for thread in threads {
            thread.join().ok().context("a writer panicked")??;
        }
        Ok((writers * ROWS) as f64 / began.elapsed().as_secs_f64())
    })
}
