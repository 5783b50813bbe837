//! What is measured, a file for each question.

mod create;
mod dispatch;
mod duplicates;
mod import;
mod qualify;
mod size;
mod step;
mod writers;

use anyhow::{Context, Result};
use sluice_engine::{Session, Synchronous};
use sluice_model::{Request, Row};

use crate::{
    bare::{self, Stored},
    measure::{Contender, Figure, timed},
    world::{Leads, World},
};

/// A question, and the figures that answer it.
pub(crate) struct Case {
    /// The names of its figures, in their order.
    pub(crate) names: &'static [&'static str],
    pub(crate) run: fn(&World) -> Result<Vec<Figure>>,
}

/// In the order in which they run.
pub(crate) const CASES: &[Case] = &[
    Case {
        names: step::NAMES,
        run: step::run,
    },
    Case {
        names: create::NAMES,
        run: create::run,
    },
    Case {
        names: create::FULL_NAMES,
        run: create::run_full,
    },
    Case {
        names: writers::NAMES,
        run: writers::run,
    },
    Case {
        names: qualify::NAMES,
        run: qualify::run,
    },
    Case {
        names: dispatch::NAMES,
        run: dispatch::run,
    },
    Case {
        names: size::NAMES,
        run: size::run,
    },
    Case {
        names: duplicates::NAMES,
        run: duplicates::run,
    },
    Case {
        names: import::NAMES,
        run: import::run,
    },
];

/// Creates the next of some rows, each in a request of its own.
fn creating<'a>(session: Session, mut rows: impl Iterator<Item = Row> + 'a) -> Contender<'a> {
    Box::new(move || {
        let request = Request::create(rows.next().context("no rows are left")?);
        timed(|| session.execute(request))
    })
}

/// Leads as the engine writes them: `count` of them, with all that it fills.
fn stored_leads(world: &World, count: usize) -> Result<Vec<Stored>> {
    let path = world.copy()?;
    let admin = world.open(&path, Synchronous::Off)?.session_of("admin")?;
    let ids = admin.batch(|batch| {
        Leads::from(0)
            .take(count)
            .map(|lead| batch.create(lead))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let connection = bare::connect(&path, "OFF")?;
    ids.iter()
        .map(|id| Stored::one(&connection, "lead", "leadid", id.as_bytes()))
        .collect()
}
