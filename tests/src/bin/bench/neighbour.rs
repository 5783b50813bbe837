//! Somebody who works on the same organisation in another process, and waits while one's own
//! work holds the file.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use sluice_engine::Session;
use sluice_model::{Code, Request, Row};

use crate::measure::timed;

/// Creates a row every few milliseconds.
pub(crate) struct Neighbour<R> {
    session: Session,
    rows: R,
}

const PAUSE: Duration = Duration::from_millis(3);

impl<R: Iterator<Item = Row> + Send> Neighbour<R> {
    /// `session` is of an engine of its own.
    pub(crate) fn new(session: Session, rows: R) -> Self {
        Self { session, rows }
    }

    /// The longest that a Create takes while nothing else happens, in microseconds.
    pub(crate) fn waits_idle(&mut self) -> Result<f64> {
        self.waits(|| {
            std::thread::sleep(Duration::from_secs(10));
            Ok(())
        })
    }

    /// The longest that a Create takes while this work is done, in microseconds.
    pub(crate) fn waits(&mut self, work: impl FnOnce() -> Result<()>) -> Result<f64> {
        let ended = AtomicBool::new(false);
        let longest = std::thread::scope(|scope| {
            let writing = scope.spawn(|| {
                let mut longest = Duration::ZERO;
                while !ended.load(Ordering::Relaxed) {
                    let row = self.rows.next().context("no rows are left")?;
                    longest = longest.max(timed(|| create(&self.session, &row))?);
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
}

/// Creates a row, and tries again as long as the organisation is busy.
pub(crate) fn create(session: &Session, row: &Row) -> sluice_model::Result<()> {
    loop {
        match session.execute(Request::create(row.clone())) {
            Err(error) if error.code() == Code::BUSY => {}
            done => return done.map(|_| ()),
        }
    }
}
