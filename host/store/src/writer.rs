//! The one writer of a process, and the group commit.
//!
//! There is one writing connection and no thread of its own: whoever has the [`Turn`] has the
//! connection. A unit of work waits for its turn, runs on its caller's thread (inside a
//! savepoint, where the transaction has another's work already), and, if others wait, hands the
//! turn on with the transaction still open. The last of the group commits for all, and only
//! then does anyone get an answer.
//!
//! A unit can take the whole transaction with it (a full disk, a panic, a `Tx` that is not
//! handed back). Then the others of its group run again, each in a transaction of its own;
//! none of them had been answered. What a unit does is not known here.

use std::{
    any::Any,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::ThreadId,
    time::{Duration, Instant},
};

use sluice_model::{Code, Error, Result};

use crate::{
    Options, Tx,
    open_file::OpenFile,
    session::Session,
    unit::{self, End},
};

/// At most so many units share a commit.
const GROUP: u32 = 64;
/// Under load, other processes get their chance at least this often …
const HOLD: Duration = Duration::from_millis(100);
/// … for this long.
const GAP: Duration = Duration::from_millis(2);

/// How long to wait for another process, at least: 30 s.
pub(crate) const PATIENCE: u64 = 30_000;

/// Where units wait for their turn.
pub(crate) struct Writer {
    file: OpenFile,
    options: Options,
    /// How long to wait for another process, in milliseconds.
    patience: AtomicU64,
    line: Mutex<Line>,
    /// How often this process has committed.
    commits: AtomicU64,
    /// Injected by tests: so many commits fail.
    #[cfg(test)]
    pub(crate) failing_commits: std::sync::atomic::AtomicU32,
}

struct Line {
    /// The turn, while nobody has it.
    free: Option<Turn>,
    waiting: VecDeque<Arc<Seat>>,
    /// The thread that has the turn.
    holder: Option<ThreadId>,
}

/// The right to write, with the connection.
struct Turn {
    /// None until it is opened, and after it was lost.
    session: Option<Box<Session>>,
    /// The open transaction's group.
    group: Option<Group>,
    /// Since when the file's lock has been held without a gap.
    since: Instant,
    /// When it was last released.
    released: Instant,
}

/// The units that share the open transaction.
#[derive(Default)]
struct Group {
    outcome: Arc<Outcome>,
    units: u32,
    /// Whether there is anything to commit.
    dirty: bool,
}

/// What became of a group. Its members wait for it.
#[derive(Default)]
struct Outcome {
    committed: Mutex<Option<bool>>,
    known: Condvar,
}

/// One who waits.
struct Seat {
    /// Wants a transaction of its own.
    alone: bool,
    thread: ThreadId,
    turn: Mutex<Option<Turn>>,
    called: Condvar,
}

/// How an attempt at a unit is made.
#[derive(Clone, Copy)]
struct Attempt {
    alone: bool,
    /// Whether to write the trace rows.
    beside: bool,
    began: Instant,
    /// How long to wait for another process, where it is not as long as for any other.
    patience: Option<Duration>,
}

/// How an attempt ended.
enum Ended<T> {
    /// Committed, or as good as: nothing was to be kept.
    Done(Result<T>),
    /// The group's last member will commit.
    Waiting(Arc<Outcome>, T),
    /// The transaction was lost, and not by the unit's own fault.
    Again(Attempt),
    Panicked(Box<dyn Any + Send>),
}

impl Writer {
    pub(crate) fn new(file: OpenFile, options: Options, session: Box<Session>) -> Self {
        let now = Instant::now();
        let turn = Turn {
            session: Some(session),
            group: None,
            since: now,
            released: now,
        };
        Self {
            file,
            options,
            patience: AtomicU64::new(PATIENCE),
            line: Mutex::new(Line {
                free: Some(turn),
                waiting: VecDeque::new(),
                holder: None,
            }),
            commits: AtomicU64::new(0),
            #[cfg(test)]
            failing_commits: 0.into(),
        }
    }

    /// Runs a unit until it is committed, rolled back, or has failed.
    pub(crate) fn write<T>(&self, patience: Option<Duration>, run: &mut dyn FnMut(Tx) -> (Tx, End<T>)) -> Result<T> {
        let mut attempt = Attempt {
            alone: false,
            beside: true,
            began: Instant::now(),
            patience,
        };
        loop {
            let turn = self.take(attempt)?;
            match self.attempt(turn, attempt, run) {
                Ended::Done(value) => return value,
                Ended::Waiting(outcome, value) if outcome.wait() => return Ok(value),
                Ended::Waiting(..) => attempt.alone = true,
                Ended::Again(next) => attempt = next,
                Ended::Panicked(panic) => resume_unwind(panic),
            }
            tracing::info!("the transaction of a group was lost; its unit runs again alone");
        }
    }

    /// Waits for the turn.
    fn take(&self, attempt: Attempt) -> Result<Turn> {
        let me = std::thread::current().id();
        let mut line = lock(&self.line);
        if line.holder == Some(me) {
            return Err(Error::host(
                "a unit of work was started inside another one of the same thread",
            ));
        }
        if let Some(turn) = line.free.take() {
            line.holder = Some(me);
            return Ok(turn);
        }
        let seat = Arc::new(Seat {
            alone: attempt.alone,
            thread: me,
            turn: Mutex::new(None),
            called: Condvar::new(),
        });
        line.waiting.push_back(Arc::clone(&seat));
        drop(line);
        let mut turn = lock(&seat.turn);
        loop {
            match turn.take() {
                Some(turn) => return Ok(turn),
                None => turn = seat.called.wait(turn).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Gives the turn to the next who waits, or leaves it free.
    fn pass(&self, turn: Turn) {
        let mut line = lock(&self.line);
        match line.waiting.pop_front() {
            Some(seat) => {
                line.holder = Some(seat.thread);
                drop(line);
                *lock(&seat.turn) = Some(turn);
                seat.called.notify_one();
            }
            None => {
                line.holder = None;
                line.free = Some(turn);
            }
        }
    }

    /// Whether somebody waits who would join a group.
    fn is_joined(&self) -> bool {
        lock(&self.line).waiting.front().is_some_and(|seat| !seat.alone)
    }

    /// One attempt at a unit. The turn is passed on in every case.
    fn attempt<T>(&self, mut turn: Turn, attempt: Attempt, run: &mut dyn FnMut(Tx) -> (Tx, End<T>)) -> Ended<T> {
        let session = match self.begun(&mut turn, attempt) {
            Ok(session) => session,
            Err(error) => {
                self.pass(turn);
                return Ended::Done(Err(error));
            }
        };
        let beside = attempt.beside;
        let first = turn.group.as_ref().is_none_or(|group| group.units == 0);
        match catch_unwind(AssertUnwindSafe(|| unit::run(session, first, beside, run))) {
            Err(panic) => {
                self.lose(turn);
                Ended::Panicked(panic)
            }
            Ok(unit::Ran::Kept { session, value, dirty }) => {
                turn.session = Some(session);
                if let Some(group) = &mut turn.group {
                    group.units += 1;
                    group.dirty |= dirty;
                }
                self.finish(turn, attempt, value)
            }
            Ok(unit::Ran::Lost { own_fault, value }) => {
                self.lose(turn);
                match own_fault {
                    Some(beside) => {
                        self.write_beside(beside);
                        Ended::Done(value)
                    }
                    None => Ended::Again(Attempt {
                        alone: true,
                        beside: false,
                        ..attempt
                    }),
                }
            }
        }
    }

    /// The turn's session with an open transaction, begun if this unit is the group's first.
    fn begun(&self, turn: &mut Turn, attempt: Attempt) -> Result<Box<Session>> {
        let session = match turn.session.take() {
            Some(session) => session,
            None => {
                self.file.check()?;
                Box::new(Session::open(self.file.path(), &self.options, true)?)
            }
        };
        if turn.group.is_some() {
            return Ok(session);
        }
        let idle = turn.released.elapsed();
        let pause = if turn.since.elapsed() >= HOLD {
            GAP.saturating_sub(idle)
        } else {
            Duration::ZERO
        };
        std::thread::sleep(pause);
        session.set_patience(
            attempt
                .patience
                .unwrap_or_else(|| self.patience())
                .saturating_sub(attempt.began.elapsed()),
        );
        let begun = session.run("BEGIN IMMEDIATE");
        // Free for long enough, or held by somebody else: a gap.
        if turn.released.elapsed() >= GAP {
            turn.since = Instant::now();
        }
        match begun {
            Ok(()) => {
                turn.group = Some(Group::default());
                Ok(session)
            }
            // The connection is well: somebody else has the lock.
            Err(error) if error.code() == Code::BUSY => {
                turn.session = Some(session);
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// After a unit: hand the open transaction on, or commit.
    fn finish<T>(&self, mut turn: Turn, attempt: Attempt, value: T) -> Ended<T> {
        let Some(group) = &turn.group else {
            return Ended::Done(Err(Error::host("the writer lost its group")));
        };
        let small = group.units < GROUP && turn.since.elapsed() < HOLD;
        if !attempt.alone && small && self.is_joined() {
            let outcome = Arc::clone(&group.outcome);
            self.pass(turn);
            return Ended::Waiting(outcome, value);
        }
        let (units, dirty) = (group.units, group.dirty);
        match self.commit(&turn, dirty) {
            Ok(()) => {
                let group = turn.group.take();
                turn.released = Instant::now();
                self.pass(turn);
                if let Some(group) = group {
                    group.outcome.publish(true);
                }
                Ended::Done(Ok(value))
            }
            Err(error) => {
                tracing::warn!(%error, units, "a commit failed");
                self.lose(turn);
                if units > 1 {
                    Ended::Again(Attempt { alone: true, ..attempt })
                } else {
                    Ended::Done(Err(error))
                }
            }
        }
    }

    fn commit(&self, turn: &Turn, dirty: bool) -> Result<()> {
        #[cfg(test)]
        {
            use Ordering::SeqCst;
            let fails = |n: u32| n.checked_sub(1);
            if self.failing_commits.fetch_update(SeqCst, SeqCst, fails).is_ok() {
                return Err(Error::host("injected: the commit failed"));
            }
        }
        let session = turn
            .session
            .as_ref()
            .ok_or_else(|| Error::host("the writer lost its connection"))?;
        if !dirty {
            return session.run("ROLLBACK");
        }
        // Before: what is lost anyway is not committed. After: nor answered.
        self.file.check_before_commit(session)?;
        session.run("COMMIT")?;
        self.file.check_after_commit(session)?;
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Runs `work` while nobody of this process writes, outside any transaction.
    pub(crate) fn quietly<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let turn = self.take(Attempt {
            alone: true,
            beside: true,
            began: Instant::now(),
            patience: None,
        })?;
        if turn.group.is_some() {
            // Whoever wants to be alone is given no open transaction.
            self.lose(turn);
            return Err(Error::host("the writer gave away an open transaction; try again"));
        }
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(done) => {
                self.pass(turn);
                done
            }
            Err(panic) => {
                self.lose(turn);
                resume_unwind(panic)
            }
        }
    }

    /// Leaves nothing in the log of the file, which has no name any more.
    pub(crate) fn empty_log(&self) {
        let line = lock(&self.line);
        if let Some(session) = line.free.as_ref().and_then(|turn| turn.session.as_ref()) {
            session.empty_log();
        }
    }

    /// The file that it writes.
    pub(crate) fn file(&self) -> &OpenFile {
        &self.file
    }

    /// What lies in the log stays out of a file that has another one by now; whether so it is.
    pub(crate) fn gives_up_log(&self) -> bool {
        let line = lock(&self.line);
        let session = line.free.as_ref().and_then(|turn| turn.session.as_ref());
        self.file.gives_up_log(session.map(|session| &**session))
    }

    /// How often something was committed since the file was opened.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// How long to wait for another process.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_millis(self.patience.load(Ordering::Relaxed))
    }

    /// Waits so long for another process.
    pub(crate) fn set_patience(&self, patience: Duration) {
        let milliseconds = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        self.patience.store(milliseconds, Ordering::Relaxed);
    }

    /// The transaction is gone: closes the connection, lets the group know, passes the turn on.
    fn lose(&self, mut turn: Turn) {
        // Closing first frees the lock for those who run again.
        drop(turn.session.take());
        turn.released = Instant::now();
        let group = turn.group.take();
        self.pass(turn);
        if let Some(group) = group {
            group.outcome.publish(false);
        }
    }

    /// Trace rows of a unit that lost its transaction, in one of their own.
    fn write_beside(&self, beside: unit::Beside) {
        if beside.is_empty() {
            return;
        }
        let written = self.write(None, &mut |tx| {
            (
                tx,
                End {
                    keep: true,
                    value: (),
                    beside: beside.clone(),
                },
            )
        });
        if let Err(error) = written {
            tracing::warn!(%error, "trace rows were lost");
        }
    }
}

impl Outcome {
    fn publish(&self, committed: bool) {
        *lock(&self.committed) = Some(committed);
        self.known.notify_all();
    }

    fn wait(&self) -> bool {
        let mut committed = lock(&self.committed);
        loop {
            match *committed {
                Some(committed) => return committed,
                None => committed = self.known.wait(committed).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// No panic happens while these locks are held: what they guard is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
