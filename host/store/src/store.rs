//! An organisation's file: made, opened, read, copied, checked.
//!
//! Who may see what is not known here; who may write when is [`crate::writer`]'s.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::backup::{Backup, StepResult};
use sluice_model::{Error, Remedy, Result};
use tempfile::TempPath;

use crate::{
    Collation, End, Faults, Shipped, Tx,
    deadline::LONGEST_READ,
    definitions::INTERNAL,
    fault::fault,
    names::{self, check_target, side_files},
    open_file::OpenFile,
    presence::{Identity, clear_leftovers, clear_sides, scratch_in},
    restore,
    session::{APPLICATION_ID, FORM, Session},
    sql::ddl,
    writer::{PATIENCE, Writer},
};

/// How an organisation is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What a commit waits for.
    pub synchronous: Synchronous,
    /// Failures on demand, for tests.
    pub faults: Option<Faults>,
    /// The tables that ship: those that the program brings along.
    pub ships: Shipped,
}

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// Until the disk has it: an answer that was given survives a loss of power.
    #[default]
    Full,
    /// A loss of power may undo the last commits; the file stays whole.
    Normal,
    /// A loss of power may damage the file. For tests.
    Off,
}

impl Synchronous {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
            Self::Off => "OFF",
        }
    }
}

/// One organisation, open in this process. Shared by all threads.
pub struct Store {
    path: PathBuf,
    options: Options,
    pub(crate) writer: Writer,
    #[expect(
        clippy::vec_box,
        reason = "a transaction holds its session in a box; it moves in and out as it is"
    )]
    readers: Mutex<Vec<Box<Session>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.path)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// So many reading connections are kept for the next reader.
const KEPT_READERS: usize = 16;

impl Store {
    /// Makes an organisation at `path`: `build` fills it in one transaction, in a temporary
    /// file beside it that is renamed when it is whole. Its texts compare by `collation`. The
    /// tables that ship are made by it. References are checked at the end,
    /// so rows that refer to each other may come in any order. What is given back keeps others from
    /// taking the file for something that a killed process left.
    ///
    /// # Errors
    /// A host error where there is a file at `path` already, a lookup refers to a table that
    /// was not made, or a row to one that is not there; and whatever `build` gives. Then
    /// nothing is left behind.
    pub fn create(
        path: &Path,
        ships: &Shipped,
        collation: &'static Collation,
        build: impl FnOnce(&mut Tx) -> Result<()>,
    ) -> Result<File> {
        whole_new(path, |scratch| {
            let mut session = Session::scratch(scratch, ships, collation)?;
            session.run("BEGIN IMMEDIATE")?;
            session.conn.execute_batch(INTERNAL).map_err(fault)?;
            session.speak(collation)?;
            session.setting("application_id", &APPLICATION_ID.to_string())?;
            session.setting("user_version", &FORM.to_string())?;
            session.fit()?;
            let mut tx = Tx::new(Box::new(session));
            build(&mut tx)?;
            let session = tx.session()?;
            session.settle()?;
            check_targets(session)?;
            if let Some(broken) = broken_references(session)?.first() {
                return Err(Error::host(format!("the new organisation is not whole: {broken}")));
            }
            session.run("COMMIT")?;
            session.setting("journal_mode", "WAL")
        })
    }

    /// Opens an organisation. Never makes one.
    ///
    /// # Errors
    /// A host error where there is no file, or one that is no organisation, or one that a
    /// newer version wrote, or one that has several names.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        Self::there(path)?;
        clear_leftovers(path);
        let identity = Identity::of_one_name(path)?;
        let session = Session::open(path, &options, true).map_err(|mut error| {
            let body = error.body_mut();
            body.message = format!("`{}`: {}", path.display(), body.message);
            error
        })?;
        let session = Box::new(session);
        identity.check(path)?;
        let writer = Writer::new(OpenFile::new(path.to_owned(), identity), options.clone(), session);
        Ok(Self {
            path: path.to_owned(),
            options,
            writer,
            readers: Mutex::default(),
        })
    }

    /// Refuses a path at which there is no file.
    pub(crate) fn there(path: &Path) -> Result<()> {
        match path.is_file() {
            true => Ok(()),
            false => Err(Error::host(format!(
                "there is no organisation at `{}`; check the path, or make one",
                path.display()
            ))
            .with_remedy(Remedy::CreateOrganisation)),
        }
    }

    /// Runs a writing unit of work on this thread, and returns when it is committed. `run`
    /// gets the transaction and gives it back. It may be called **again**, if a neighbour in
    /// the same commit destroyed the transaction; so nothing outside of it may have changed.
    ///
    /// # Errors
    /// `BUSY` where another process held the lock too long; a host error where the commit or
    /// the disk failed. Then nothing of the unit was kept.
    ///
    /// # Panics
    /// Where `run` panics; the units beside it are not harmed.
    pub fn write<T>(&self, run: &mut dyn FnMut(Tx) -> (Tx, End<T>)) -> Result<T> {
        self.writer.write(None, run)
    }

    /// As [`Self::write`], for what can be done another time: it does not wait for another process.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_if_free<T>(&self, run: &mut dyn FnMut(Tx) -> (Tx, End<T>)) -> Result<T> {
        self.writer.write(Some(Duration::ZERO), run)
    }

    /// Waits for other processes so long, and at least as long as by default.
    pub fn wait_at_least(&self, patience: Duration) {
        self.writer.set_patience(patience.max(Duration::from_millis(PATIENCE)));
    }

    /// Runs a reading unit of work on what is committed. After two minutes its statements are given up.
    ///
    /// # Errors
    /// A host error where the file cannot be read.
    pub fn read<T>(&self, run: impl FnOnce(Tx) -> (Tx, T)) -> Result<T> {
        self.read_within(Some(LONGEST_READ), run)
    }

    /// As [`Self::read`], for what goes over the whole file: it takes as long as it takes.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_at_leisure<T>(&self, run: impl FnOnce(Tx) -> (Tx, T)) -> Result<T> {
        self.read_within(None, run)
    }

    fn read_within<T>(&self, time: Option<Duration>, run: impl FnOnce(Tx) -> (Tx, T)) -> Result<T> {
        let session = self.reader()?;
        session.deadline.set(time.map(|time| Instant::now() + time));
        session.run("BEGIN")?;
        let number = session.number;
        let (tx, value) = run(Tx::new(session));
        if let Some(mut session) = tx.into_session().filter(|session| session.number == number) {
            session.depth = 0;
            session.deadline.set(None);
            if !session.conn.is_autocommit() {
                session.run("ROLLBACK")?;
            }
            let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            if readers.len() < KEPT_READERS {
                readers.push(session);
            }
        }
        Ok(value)
    }

    fn reader(&self) -> Result<Box<Session>> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let session = Session::open(&self.path, &self.options, false)?;
        self.writer.file().check()?;
        Ok(Box::new(session))
    }

    /// Copies what is committed to a new file, while others read and write, and seals the copy:
    /// [`Self::restore`] takes it only as it is now.
    ///
    /// # Errors
    /// A host error where there is a file at `to` already or it cannot be written.
    pub fn backup(&self, to: &Path) -> Result<()> {
        let reader = self.reader()?;
        whole_new(to, |scratch| {
            let mut copy = rusqlite::Connection::open(names::as_file(scratch)).map_err(fault)?;
            // One that is not whole is thrown away.
            copy.pragma_update(None, "journal_mode", "OFF").map_err(fault)?;
            let backup = Backup::new(&reader.conn, &mut copy).map_err(fault)?;
            // In one step: one consistent state, and nobody can make it start again.
            let done = backup.step(-1).map_err(fault)?;
            drop(backup);
            drop(copy);
            match done {
                StepResult::Done => restore::seal(scratch)
                    .map_err(|error| Error::host(format!("cannot write `{}`: {error}", to.display()))),
                _ => Err(crate::fault::busy()),
            }
        })?;
        Ok(())
    }

    /// Writes the file anew without what was given free in it. Others wait meanwhile; on the disk there
    /// has to be room for it once more, and once more where the system keeps temporary files.
    ///
    /// # Errors
    /// `BUSY` where another process has been writing for too long; a host error where there is no
    /// room. Then the file is as it was.
    pub fn vacuum(&self) -> Result<()> {
        self.writer.quietly(|| {
            let session = Session::open(&self.path, &self.options, true)?;
            self.writer.file().check()?;
            session.set_patience(self.writer.patience());
            // Not in memory, which it may be too large for.
            session.setting("temp_store", "FILE")?;
            session.run("VACUUM")?;
            session.empty_log();
            self.writer.file().check()
        })
    }

    /// Whether the file is a backup with its seal, that nobody has written since.
    pub fn is_sealed(&self) -> bool {
        restore::has_seal(&self.path)
    }

    /// How often this process has committed something to the file.
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }

    /// What is wrong with the file; empty where all is well.
    ///
    /// # Errors
    /// A host error where the file cannot even be read.
    pub fn check(&self) -> Result<Vec<String>> {
        let session = self.reader()?;
        let mut statement = session.conn.prepare("PRAGMA integrity_check").map_err(fault)?;
        let lines = statement.query_map([], |row| row.get::<_, String>(0)).map_err(fault)?;
        let mut wrong = lines.collect::<rusqlite::Result<Vec<_>>>().map_err(fault)?;
        wrong.retain(|line| line != "ok");
        wrong.extend(broken_references(&session)?);
        wrong.extend(session.own_problems()?);
        // A definition that cannot be read is one of the things that may be wrong.
        match session.differences() {
            Ok(lines) => wrong.extend(lines),
            Err(error) => wrong.push(error.message().to_owned()),
        }
        Ok(wrong)
    }
}

/// Makes a file out of a temporary one beside it, which is gone if `fill` fails.
fn whole_new(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<File> {
    let shown = path.display();
    check_target(path)?;
    if path.symlink_metadata().is_ok() {
        return Err(Error::invalid(format!(
            "there is a file at `{shown}` already; choose another path, or remove it first"
        )));
    }
    let folder = folder_of(path);
    let failed = |error: std::io::Error| Error::host(format!("cannot make `{shown}`: {error}"));
    clear_leftovers(path);
    let (file, scratch): (File, TempPath) = scratch_in(folder).map_err(failed)?.into_parts();
    // Who clears what killed processes left passes over what is locked.
    file.lock().map_err(failed)?;
    let filled = fill(&scratch);
    for side in side_files(&scratch) {
        let _ = std::fs::remove_file(side);
    }
    filled?;
    file.sync_all().map_err(failed)?;
    clear_sides(path).map_err(failed)?;
    scratch.persist_noclobber(path).map_err(|error| failed(error.error))?;
    sync_folder(path);
    Ok(file)
}

/// Gives a finished file its name, which survives a loss of power, and never takes the place of
/// another. Whoever wrote it has closed it.
///
/// # Errors
/// There is a file of that name, or it cannot be made, or what was written last still lies beside the
/// file, because there was no room in it.
pub fn publish(unfinished: &Path, path: &Path) -> Result<()> {
    let shown = path.display();
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::invalid(format!("{shown} exists already; choose another name, or remove it"))
        }
        _ => Error::host(format!("{shown} cannot be written: {error}")),
    };
    write_back(unfinished)?;
    File::open(unfinished)
        .and_then(|file| file.sync_all())
        .map_err(failed)?;
    clear_sides(path).map_err(failed)?;
    std::fs::hard_link(unfinished, path).map_err(failed)?;
    sync_folder(path);
    Ok(())
}

/// Brings what lies in the log of a file that nobody has open into the file itself: whoever closed it
/// last may have found no room for it, and does not tell.
fn write_back(path: &Path) -> Result<()> {
    if !side_files(path).iter().any(|side| side.exists()) {
        return Ok(());
    }
    let alone = rusqlite::Connection::open(names::as_file(path)).map_err(fault)?;
    // Before the first access: then it needs no further file, for which there may be no room.
    alone.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(fault)?;
    let kept_out = alone.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    match kept_out.map_err(fault)? {
        0 => alone.close().map_err(|(_, error)| fault(error)),
        _ => Err(crate::fault::busy()),
    }
}

impl Drop for Store {
    /// Where another file has the place by now, the database would leave its log beside that one; where
    /// the file has another log by now, it would play this one over what was written by that.
    fn drop(&mut self) {
        let readers = self.readers.get_mut().unwrap_or_else(PoisonError::into_inner);
        if self.writer.file().lost_its_path() {
            readers.clear();
            self.writer.empty_log();
        } else if self.writer.gives_up_log() {
            readers.iter().for_each(|reader| reader.leave_log());
            readers.clear();
        }
    }
}

/// The name of a new file, too, must survive a loss of power; not every system can promise it.
pub(crate) fn sync_folder(path: &Path) {
    let _ = std::fs::File::open(folder_of(path)).and_then(|folder| folder.sync_all());
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A table whose lookup refers to no table could not take a row.
fn check_targets(session: &Session) -> Result<()> {
    let tables = session.definitions()?;
    for (table, column) in tables
        .iter()
        .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
    {
        if let Some(target) = ddl::references(column)
            && !tables.iter().any(|table| table.name == *target)
        {
            return Err(Error::host(format!(
                "column `{}` of `{}` refers to the table `{target}`, which is not defined",
                column.name, table.name
            )));
        }
    }
    Ok(())
}

pub(crate) fn broken_references(session: &Session) -> Result<Vec<String>> {
    let mut statement = session.conn.prepare("PRAGMA foreign_key_check").map_err(fault)?;
    let rows = statement.query_map([], |row| {
        let (table, row, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let row = row.map_or_else(String::new, |row| format!(" number {row}"));
        Ok(format!(
            "a row{row} of `{table}` refers to a row of `{parent}` that is not there"
        ))
    });
    rows.map_err(fault)?.collect::<rusqlite::Result<_>>().map_err(fault)
}
