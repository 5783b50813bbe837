//! Many pieces of work in one turn at the writer, and in its commit. Each has a correlation, a budget
//! and traces of its own, and each request that it sends is kept or refused for itself, with its
//! steps of pre-validation outside of what is undone. What is saved is the hand-over
//! from request to request.

use std::time::{Duration, Instant};

use sluice_model::{Result, Uuid, codes::Kind};
use sluice_store::{Beside, End};

use crate::{Batch, Session, Unit, compiling, jobs, unit::Purpose};

/// After so long no further piece is begun, and others get their turn.
const LONGEST: Duration = Duration::from_millis(50);

impl Session {
    /// Does pieces of work one after the other, and returns when what they did is committed. Each
    /// request that a piece sends is kept or refused for itself. There are as many answers as pieces
    /// were begun: one at least, and none behind a failure of the host.
    ///
    /// `work` may be called again for the same piece, as long as nothing was answered.
    ///
    /// # Errors
    /// The transaction failed as a whole: nothing was kept of any piece.
    pub fn series<I: Sync, T: Send>(
        &self,
        pieces: &[I],
        work: impl Fn(&mut Batch<'_>, &I) -> Result<T> + Send + Sync,
    ) -> Result<Vec<Result<T>>> {
        self.engine.on_pipeline_thread(|| {
            let mut unit = self.engine.unit(Purpose::Work)?;
            let store = self.engine.core.store()?;
            let before = unit.snapshot.clone();
            let answers = compiling::until_compiled(&mut unit, |unit| {
                store.write(&mut |tx| {
                    unit.tx = tx;
                    unit.transaction_opened();
                    unit.in_series = true;
                    unit.jobs.clear();
                    unit.used.truncate(0);
                    unit.snapshot = before.clone();
                    unit.configuration_changed = false;
                    let mut traces = Vec::new();
                    let answers = unit
                        .refresh()
                        .and_then(|()| self.pieces(unit, pieces, &work, &mut traces));
                    unit.in_series = false;
                    let end = End {
                        keep: unit.core.keeps(answers.is_ok() && unit.waiting.is_none()),
                        value: answers,
                        beside: unit.unless_compiling(traces),
                    };
                    (std::mem::take(&mut unit.tx), end)
                })
            })??;
            unit.author = None;
            unit.transaction_over();
            let mut answered = Vec::new();
            for (answer, jobs) in answers {
                unit.begin_anew();
                unit.jobs = jobs;
                jobs::run_released(&mut unit);
                answered.push(answer);
            }
            unit.keep_use();
            Ok(answered)
        })
    }

    /// The answers, each with the jobs that its piece has set off.
    fn pieces<I, T>(
        &self,
        unit: &mut Unit,
        pieces: &[I],
        work: &impl Fn(&mut Batch<'_>, &I) -> Result<T>,
        traces: &mut Beside,
    ) -> Result<Vec<(Result<T>, Vec<Uuid>)>> {
        let began = Instant::now();
        let mut answers = Vec::new();
        for piece in pieces {
            if !answers.is_empty() && began.elapsed() >= LONGEST {
                break;
            }
            unit.begin_anew();
            let used = unit.used.len();
            let answer = self.whole(unit, traces, |batch| work(batch, piece));
            *traces = unit.with_rest(std::mem::take(traces));
            let last = answer.as_ref().is_err_and(|error| error.kind() == Kind::Host);
            if answer.is_err() {
                unit.used.truncate(used);
            }
            answers.push((answer, std::mem::take(&mut unit.jobs)));
            if last || unit.waiting.is_some() {
                break;
            }
        }
        Ok(answers)
    }
}
