//! What is measured, a file for each question.

mod cascade;
mod create;
mod dispatch;
mod duplicates;
mod import;
mod jobs;
mod qualify;
mod reading;
mod recording;
mod reload;
mod size;
mod step;
mod why;
mod workflow;
mod writers;

use anyhow::{Context, Result};
use sluice_engine::Session;
use sluice_model::{Request, Row};

use crate::{
    measure::{Contender, Figure, timed},
    world::Bench,
};

/// A question, and the figures that answer it.
pub(crate) struct Case {
    /// The names of its figures, in their order.
    pub(crate) names: &'static [&'static str],
    pub(crate) run: fn(&Bench) -> Result<Vec<Figure>>,
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
        names: create::CHILD_NAMES,
        run: create::run_child,
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
        names: recording::NAMES,
        run: recording::run,
    },
    Case {
        names: why::NAMES,
        run: why::run,
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
        names: workflow::NAMES,
        run: workflow::run,
    },
    Case {
        names: workflow::MANY_NAMES,
        run: workflow::run_many,
    },
    Case {
        names: jobs::NAMES,
        run: jobs::run,
    },
    Case {
        names: jobs::CLAIM_NAMES,
        run: jobs::run_claim,
    },
    Case {
        names: jobs::TWO_NAMES,
        run: jobs::run_two,
    },
    Case {
        names: reload::NAMES,
        run: reload::run,
    },
    Case {
        names: size::NAMES,
        run: size::run,
    },
    Case {
        names: reading::NAMES,
        run: reading::run,
    },
    Case {
        names: duplicates::NAMES,
        run: duplicates::run,
    },
    Case {
        names: cascade::NAMES,
        run: cascade::run,
    },
    Case {
        names: cascade::LARGE_NAMES,
        run: cascade::run_large,
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
