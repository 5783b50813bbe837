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

use rusqlite::{CachedStatement, Connection, OpenFlags, config::DbConfig, functions::FunctionFlags};
use sluice_model::{Error, Name, Result, TableDef};

use crate::{Faults, Options, Synchronous, definitions::Versions, facts::Known, fault::fault, sql::ShareMask, text};

/// Written into the file's header: `SLUC`.
pub(crate) const APPLICATION_ID: i32 = 0x534C_5543;
/// The form of the internal tables. A change of form counts up; a file of another form is refused.
pub(crate) const FORM: i32 = 2;

/// One connection.
pub(crate) struct Session {
    pub(crate) conn: Connection,
    /// Tells sessions apart: a unit must give back the one it was given.
    pub(crate) number: u64,
    pub(crate) writable: bool,
    /// How many savepoints are open.
    pub(crate) depth: u32,
    /// How shares are read, once that is known.
    pub(crate) shares: Option<ShareMask>,
    /// What the unit knows of rows already.
    pub(crate) known: Known,
    /// The row versions that the unit has taken.
    pub(crate) versions: Versions,
    /// The configuration tables that the unit has written.
    pub(crate) changed: BTreeSet<Name>,
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
        session.check_header(path)?;
        session.setting("journal_mode", "WAL")?;
        session.setting("foreign_keys", "ON")?;
        // A savepoint keeps the pages it changes; past 64 KiB they would go to a file that is
        // made and deleted for each unit.
        session.setting("temp_store", "MEMORY")?;
        session.setting("synchronous", options.synchronous.word())?;
        // KiB of pages: the indexes that a Create touches stay in memory.
        session.setting("cache_size", if writable { "-16384" } else { "-4096" })?;
        // What a file's schema may call is ours alone.
        session.setting("trusted_schema", "OFF")?;
        // Fewer, larger checkpoints: each costs two waits for the disk.
        session.setting("wal_autocheckpoint", "4000")?;
        session.setting("query_only", if writable { "OFF" } else { "ON" })?;
        Ok(session)
    }

    /// Opens the empty file in which an organisation is built. A failure there discards the
    /// file, so nothing is kept safe on the way.
    pub(crate) fn scratch(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let session = Self::connect(path, flags, true)?;
        session.setting("journal_mode", "MEMORY")?;
        session.setting("synchronous", Synchronous::Off.word())?;
        session.setting("foreign_keys", "OFF")?;
        Ok(session)
    }

    fn connect(path: &Path, flags: OpenFlags, writable: bool) -> Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let mut conn = Connection::open_with_flags(path, flags).map_err(fault)?;
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
        conn.create_collation(text::COLLATION, text::compare).map_err(fault)?;
        for (name, test) in [
            (text::CONTAINS, text::contains as fn(&str, &str) -> bool),
            (text::STARTS, text::starts_with),
            (text::ENDS, text::ends_with),
        ] {
            let flags =
                FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
            conn.create_scalar_function(name, 2, flags, move |context| {
                let (text, part) = (context.get_raw(0), context.get_raw(1));
                Ok(text
                    .as_str_or_null()?
                    .zip(part.as_str_or_null()?)
                    .map(|(text, part)| test(text, part)))
            })
            .map_err(fault)?;
        }
        Ok(Self {
            conn,
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            writable,
            depth: 0,
            shares: None,
            known: Known::default(),
            versions: Versions::default(),
            changed: BTreeSet::new(),
            faults: None,
            patience,
            texts: HashMap::new(),
            key: String::new(),
        })
    }

    fn check_header(&self, path: &Path) -> Result<()> {
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
            FORM => Ok(()),
            newer if newer > FORM => Err(Error::host(format!(
                "`{shown}` was written by a newer version of Sluice (form {newer}, this one knows {FORM}); use that version"
            ))),
            1 => Err(Error::host(format!(
                "`{shown}` was made by an earlier version of Sluice (form 1, this one needs {FORM}), whose organisations lack \
                 most of what this one works with: make a new one (`org create`) and import the rows"
            ))),
            odd => Err(Error::host(format!(
                "`{shown}` has the form {odd}, which no version of Sluice wrote; restore a backup"
            ))),
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

    /// Runs a constant statement that answers nothing.
    pub(crate) fn run(&self, sql: &str) -> Result<()> {
        self.statement(sql)?.raw_execute().map_err(fault)?;
        Ok(())
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
