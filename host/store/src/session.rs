//! One connection to the file, with what belongs to it: its settings, the collation and the
//! functions, and the texts of the statements it has built.
//!
//! What a unit of work has asked for and counted is kept here while it runs ([`crate::unit`]).
//! A session does not know for whom it works.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rusqlite::{CachedStatement, Connection, OpenFlags, config::DbConfig};
use sluice_model::{Error, Name, Remedy, Result, TableDef};

use crate::{
    Faults, Options, Shipped, Synchronous,
    deadline::Deadline,
    facts::Known,
    fault::fault,
    names,
    open_file::LogFiles,
    sql::ShareMask,
    text::{self, Collation},
};

/// Written into the file's header: `SLUC`.
pub(crate) const APPLICATION_ID: i32 = 0x534C_5543;
/// The form of a file: of the store's own tables, and of the tables and rows that ship. What
/// changes one of them counts up, once a version has been handed out whose files have the form.
pub(crate) const FORM: i32 = 8;
/// Files of this form and later ones can be brought to the present form.
const FIRST: i32 = 2;

/// A file that has to be brought to the present form before it can be worked with.
fn is_earlier(path: &Path, form: i32) -> Error {
    Error::host(format!(
        "`{}` was made by an earlier version of Sluice (form {form}, this one needs {FORM}), and was put in the \
         place of the file that was opened; open it anew",
        path.display()
    ))
}

/// One connection.
pub(crate) struct Session {
    pub(crate) conn: Connection,
    /// How texts compare, once the session has learned it.
    pub(crate) collation: &'static Collation,
    /// Tells sessions apart: a unit must give back the one it was given.
    pub(crate) number: u64,
    pub(crate) writable: bool,
    /// How many savepoints are open.
    pub(crate) depth: u32,
    /// How shares are read, once that is known.
    pub(crate) shares: Option<ShareMask>,
    /// What the unit knows of rows already.
    pub(crate) known: Known,
    /// The last row version that the unit has taken.
    pub(crate) row_version: Option<i64>,
    /// The configuration tables that the unit has written.
    pub(crate) changed: BTreeSet<Name>,
    /// The tables that the program brings along.
    pub(crate) ships: Shipped,
    /// The log that it works by, where it writes.
    pub(crate) log: Option<LogFiles>,
    /// When its statements have to be over.
    pub(crate) deadline: Deadline,
    faults: Option<Faults>,
    patience: Arc<AtomicU64>,
    texts: HashMap<String, Arc<str>>,
    key: String,
}

impl Session {
    /// A row of the table is written.
    pub(crate) fn writes(&mut self, table: &TableDef) {
        if table.configuration && !self.changed.contains(&table.name) {
            self.changed.insert(table.name.clone());
        }
    }

    /// Opens a file that must be an organisation.
    pub(crate) fn open(path: &Path, options: &Options, writable: bool) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut session = Self::connect(path, flags, writable)?;
        session.faults.clone_from(&options.faults);
        session.ships.clone_from(&options.ships);
        match session.form(path)? {
            FORM => {}
            earlier => return Err(is_earlier(path, earlier)),
        }
        if !session.has_our_order()? {
            return Err(Error::host(format!(
                "the indexes of `{}` were made by other rules for texts; open it anew",
                path.display()
            )));
        }
        session.learn()?;
        session.setting("journal_mode", "WAL")?;
        session.setting("foreign_keys", "ON")?;
        // A savepoint keeps the pages it changes; past 64 KiB they would go to a file that is
        // made and deleted for each unit.
        // What a reader sorts may be larger than the memory.
        session.setting("temp_store", if writable { "MEMORY" } else { "FILE" })?;
        session.setting("synchronous", options.synchronous.word())?;
        // KiB of pages: the indexes that a Create touches stay in memory.
        session.setting("cache_size", if writable { "-16384" } else { "-4096" })?;
        // What a file's schema may call is ours alone.
        session.setting("trusted_schema", "OFF")?;
        // Fewer, larger checkpoints: each costs two waits for the disk.
        session.setting("wal_autocheckpoint", "4000")?;
        session.setting("query_only", if writable { "OFF" } else { "ON" })?;
        if writable {
            // Whoever reads has the log opened.
            session
                .conn
                .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
                .map_err(fault)?;
            session.log = LogFiles::of(path);
        }
        Ok(session)
    }

    /// Opens the empty file in which an organisation is built. A failure there discards the
    /// file, so nothing is kept safe on the way.
    pub(crate) fn scratch(path: &Path, ships: &Shipped, collation: &'static Collation) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut session = Self::connect(path, flags, true)?;
        session.ships.clone_from(ships);
        session.setting("journal_mode", "MEMORY")?;
        session.setting("synchronous", Synchronous::Off.word())?;
        session.setting("foreign_keys", "OFF")?;
        text::teach(&session.conn, collation)?;
        session.collation = collation;
        Ok(session)
    }

    fn connect(path: &Path, flags: OpenFlags, writable: bool) -> Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let mut conn = Connection::open_with_flags(names::as_file(path), flags).map_err(fault)?;
        conn.set_prepared_statement_cache_capacity(512);
        // A plan does not hang on the values that are bound: otherwise some statements would be
        // prepared anew for each value.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(fault)?;
        let patience = Arc::new(AtomicU64::new(30_000));
        let limit = Arc::clone(&patience);
        conn.busy_handler(Some(move |tries: i32| {
            let more = u64::try_from(tries).is_ok_and(|tries| tries < limit.load(Ordering::Relaxed));
            if more {
                std::thread::sleep(Duration::from_millis(1));
            }
            more
        }))
        .map_err(fault)?;
        let deadline = Deadline::of(&mut conn)?;
        Ok(Self {
            conn,
            collation: Collation::usual(),
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            writable,
            depth: 0,
            shares: None,
            known: Known::default(),
            row_version: None,
            changed: BTreeSet::new(),
            ships: Shipped::default(),
            log: None,
            deadline,
            faults: None,
            patience,
            texts: HashMap::new(),
            key: String::new(),
        })
    }

    /// Opens a file that nobody else has open, of whatever form, and keeps everybody else out
    /// until the session is dropped.
    pub(crate) fn alone(path: &Path, options: &Options, patience: Duration) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut session = Self::connect(path, flags, true)?;
        if session.conn.is_readonly("main").map_err(fault)? {
            return Err(Error::host(format!(
                "`{}` was made by an earlier version of Sluice and has to be brought to the present form (form {FORM}), but \
                 this account may not write it: give it the permission, or copy the file to where it can be written",
                path.display()
            )));
        }
        session.set_patience(patience);
        session.faults.clone_from(&options.faults);
        session.ships.clone_from(&options.ships);
        // Before the first access: the lock is then taken with it.
        session.setting("locking_mode", "EXCLUSIVE")?;
        session.setting("trusted_schema", "OFF")?;
        session.setting("temp_store", "MEMORY")?;
        session.setting("synchronous", options.synchronous.word())?;
        session.setting("cache_size", "-65536")?;
        // Tables are made anew, with rows that refer to them; references are checked at the end.
        session.setting("foreign_keys", "OFF")?;
        Ok(session)
    }

    /// The form of the file at `path`, and whether something is to be done before it can be
    /// worked with.
    pub(crate) fn peek(path: &Path) -> Result<(i32, bool)> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self::connect(path, flags, false)?.standing(path)
    }

    /// The form of the file, and whether it is behind: of an earlier form, or with indexes that
    /// were made by other rules for texts.
    ///
    /// # Errors
    /// As [`Session::form`].
    pub(crate) fn standing(&self, path: &Path) -> Result<(i32, bool)> {
        let form = self.form(path)?;
        Ok((form, form < FORM || !self.has_our_order()?))
    }

    /// The form of a file, which may be an earlier one.
    ///
    /// # Errors
    /// A host error where it is no organisation, or of a form that is not known.
    pub(crate) fn form(&self, path: &Path) -> Result<i32> {
        let shown = path.display();
        let number = |name| {
            self.conn
                .pragma_query_value(None, name, |row| row.get::<_, i32>(0))
                .map_err(fault)
        };
        if number("application_id")? != APPLICATION_ID {
            return Err(Error::host(format!(
                "`{shown}` is a file of another program, not an organisation of Sluice"
            )));
        }
        match number("user_version")? {
            form if (FIRST..=FORM).contains(&form) => Ok(form),
            newer if newer > FORM => Err(Error::host(format!(
                "`{shown}` was written by a newer version of Sluice (form {newer}, this one knows {FORM}); use that version"
            ))),
            1 => Err(Error::host(format!(
                "`{shown}` was made by an earlier version of Sluice (form 1, this one needs {FORM}), whose organisations lack \
                 most of what this one works with: make a new one and import the rows"
            ))
            .with_remedy(Remedy::CreateOrganisation)),
            odd => Err(Error::host(format!(
                "`{shown}` has the form {odd}, which no version of Sluice wrote; restore a backup"
            ))
            .with_remedy(Remedy::Restore)),
        }
    }

    /// Sets one of the connection's settings.
    pub(crate) fn setting(&self, name: &str, value: &str) -> Result<()> {
        self.conn.pragma_update(None, name, value).map_err(fault)
    }

    /// How long to wait for another process's lock.
    pub(crate) fn set_patience(&self, patience: Duration) {
        self.patience.store(
            u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
    }

    /// Brings what lies in the log into the file that is open, and empties the log: another file
    /// has the name by now, and would take the log for its own.
    pub(crate) fn empty_log(&self) {
        self.set_patience(Duration::from_secs(1));
        let emptied = self
            .conn
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        if !matches!(emptied, Ok(0)) {
            tracing::warn!("the log of a file that was replaced could not be emptied");
        }
    }

    /// What lies in the log stays out of the file, which others have written since by another log.
    pub(crate) fn leave_log(&self) {
        let left = self
            .conn
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        if !matches!(left, Ok(true)) {
            tracing::warn!("the log of a file that was replaced could not be left alone");
        }
    }

    /// Runs a constant statement that answers nothing.
    pub(crate) fn run(&self, sql: &str) -> Result<()> {
        self.statement(sql)?.raw_execute().map_err(fault)?;
        Ok(())
    }

    /// Runs statements that answer nothing.
    pub(crate) fn batch(&self, sql: &str) -> Result<()> {
        if let Some(faults) = &self.faults {
            faults.count()?;
        }
        self.conn.execute_batch(sql).map_err(fault)
    }

    /// A prepared statement, from the cache if it was used before.
    pub(crate) fn statement(&self, sql: &str) -> Result<CachedStatement<'_>> {
        if let Some(faults) = &self.faults {
            faults.count()?;
        }
        self.conn.prepare_cached(sql).map_err(fault)
    }

    /// The text of a statement by its key; built when it is asked for the first time.
    pub(crate) fn sql(&mut self, key: impl FnOnce(&mut String), build: impl FnOnce() -> String) -> Arc<str> {
        /// More texts than a session needs: definitions changed often. Start again.
        const MANY: usize = 4096;
        self.key.clear();
        key(&mut self.key);
        if let Some(text) = self.texts.get(&self.key) {
            return Arc::clone(text);
        }
        if self.texts.len() >= MANY {
            self.texts.clear();
        }
        let text: Arc<str> = build().into();
        self.texts.insert(self.key.clone(), Arc::clone(&text));
        text
    }
}
