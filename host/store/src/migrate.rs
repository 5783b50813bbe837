//! A file of an earlier form is brought to the present one: alone with the file, after a copy,
//! in one transaction. Until that is committed the file is what it was.
//!
//! What a new version brings is for the most part read off its definitions ([`crate::structure`]).
//! What cannot be is in a folder `migrations/FORM`, as statements before and after the tables
//! are made to fit; rows that only the engine can write are written by its part of the work.

use std::{
    fs::{self, File},
    io::{BufReader, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::backup::{Backup, StepResult};
use sluice_model::{Changes, Code, ColumnDef, Error, Name, Remedy, Result};
use tempfile::TempPath;

use crate::{
    Options, Store, Tx,
    fault::{busy, fault},
    names,
    presence::Identity,
    session::{FORM, Session},
    store::{broken_references, sync_folder},
    structure::taken,
};

/// How often it is tried to have the file alone, and how long each time: five seconds in all.
const TRIES: u32 = 20;
const PATIENCE: Duration = Duration::from_millis(250);

/// The statements of a form.
struct FormStep {
    form: i32,
    /// Before the tables are made to fit their definitions.
    before: &'static str,
    /// When they fit.
    after: &'static str,
}

macro_rules! steps {
    ($($form:literal),*) => {
        &[$(FormStep {
            form: $form,
            before: include_str!(concat!("../migrations/", $form, "/before.sql")),
            after: include_str!(concat!("../migrations/", $form, "/after.sql")),
        }),*]
    };
}

/// All forms that a file can be brought to, in their order.
const STEPS: &[FormStep] = steps!(3, 4, 5, 6, 7, 8);

/// A file was brought to the present form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigratedFile {
    /// The form that it had.
    pub from: i32,
    /// The form that it has.
    pub to: i32,
    /// The copy of the file as it was.
    pub copy: Option<PathBuf>,
}

impl Store {
    /// The form of new files.
    pub const FORM: i32 = FORM;

    /// The form of the file at `path`: this program's, or an earlier one that it can be brought
    /// from.
    ///
    /// # Errors
    /// A host error where there is no file, or one that is no organisation, or of another form.
    pub fn form(path: &Path) -> Result<i32> {
        Self::there(path)?;
        Identity::of_one_name(path)?;
        Session::peek(path).map(|(form, _)| form)
    }

    /// Whether the file at `path` has to be brought to what this program works with before it can
    /// be opened: it has an earlier form, or its indexes were made by other rules for texts.
    ///
    /// # Errors
    /// As [`Store::form`].
    pub fn is_behind(path: &Path) -> Result<bool> {
        Self::there(path)?;
        Identity::of_one_name(path)?;
        Session::peek(path).map(|(_, behind)| behind)
    }

    /// Brings the organisation at `path` to the present form. `work` is told the form that the file
    /// has, which is the present one where only the rules for texts are others; it brings the
    /// definitions to their present form, calls [`Tx::check_names`] and [`Tx::fit_tables`], and
    /// writes rows. Before that a copy is made beside the file, where `copy` says so.
    ///
    /// # Errors
    /// `BUSY` where another process has the file open. A host error where it cannot be written,
    /// is damaged, the disk is full, or the copy's name is taken; and whatever `work` gives. Then
    /// the file is what it was.
    pub fn migrate(
        path: &Path,
        options: &Options,
        copy: bool,
        work: impl FnOnce(&mut Tx, i32) -> Result<()>,
    ) -> Result<Option<MigratedFile>> {
        let failed = |error: std::io::Error| Error::host(format!("`{}` cannot be opened: {error}", path.display()));
        // What a link leads to is changed, and copied beside itself.
        Self::there(path)?;
        let path = path.canonicalize().map_err(failed)?;
        Identity::of_one_name(&path)?;
        let Some((session, from)) = alone(&path, options)? else {
            return Ok(None);
        };
        session.check_sound(&path)?;
        let copy = match copy {
            true => Some(keep_copy(&session, &path, from)?),
            false => None,
        };
        match session.step_up(from, work) {
            Ok(()) => Ok(Some(MigratedFile {
                from,
                to: FORM,
                copy: copy.map(|copy| copy.path),
            })),
            Err(error) => {
                if let Some(copy) = copy.filter(|copy| copy.is_new) {
                    let _ = fs::remove_file(copy.path);
                }
                Err(error)
            }
        }
    }
}

/// The file with nobody else in it, and its earlier form; nothing where it has the present one,
/// perhaps because another process was faster.
fn alone(path: &Path, options: &Options) -> Result<Option<(Session, i32)>> {
    for _ in 0..TRIES {
        if !Session::peek(path)?.1 {
            return Ok(None);
        }
        let session = Session::alone(path, options, PATIENCE);
        // The first access takes the lock.
        match session.and_then(|session| session.standing(path).map(|standing| (session, standing))) {
            Ok((_, (_, false))) => return Ok(None),
            Ok((mut session, (form, true))) => {
                session.learn()?;
                return Ok(Some((session, form)));
            }
            Err(error) if error.code() == Code::BUSY => {}
            Err(error) => return Err(error),
        }
    }
    let message = format!(
        "`{}` was made by an earlier version of Sluice and has to be brought to the present form (form {FORM}), for which \
         nobody else may have it open; another process has. End that process, then try again",
        path.display()
    );
    Err(Error::new(Code::BUSY, message))
}

impl Session {
    /// Refuses a file whose pages are damaged: it would become worse.
    pub(crate) fn check_sound(&self, path: &Path) -> Result<()> {
        let line: String = self
            .conn
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(fault)?;
        if line == "ok" {
            return Ok(());
        }
        Err(Error::host(format!(
            "`{}` is damaged ({line}) and is left as it is. Keep a copy, and restore the last backup",
            path.display()
        ))
        .with_remedy(Remedy::Restore))
    }

    /// All steps in one transaction.
    fn step_up(self, from: i32, work: impl FnOnce(&mut Tx, i32) -> Result<()>) -> Result<()> {
        self.run("BEGIN IMMEDIATE")?;
        let broken = broken_references(&self)?.len();
        for step in due(from) {
            self.batch(step.before)?;
        }
        // Before anything is looked up by them.
        self.order_anew()?;
        let mut tx = Tx::new(Box::new(self));
        work(&mut tx, from)?;
        let session = tx.session()?;
        session.settle()?;
        let now = broken_references(session)?;
        if let Some(line) = now.first().filter(|_| now.len() > broken) {
            return Err(Error::host(format!(
                "the organisation could not be brought to form {FORM} and is as it was: {line}"
            )));
        }
        session.setting("user_version", &FORM.to_string())?;
        session.run("COMMIT")
    }

    /// What the organisation made has no name of what ships; what it keeps of that is no more
    /// than it changed.
    fn check_names(&self) -> Result<()> {
        for (name, json) in self.kept()? {
            let Some(ships) = self.ships.get(&name) else {
                continue;
            };
            let changes: Changes = serde_json::from_str(&json).map_err(|_| taken(&name, None))?;
            let both = |column: &&ColumnDef| column.custom && ships.column(&column.name).is_some();
            if let Some(column) = changes.added.iter().find(both) {
                return Err(taken(&name, Some(&column.name)));
            }
            self.save(&changes.apply(ships)?)?;
        }
        Ok(())
    }
}

fn due(from: i32) -> impl Iterator<Item = &'static FormStep> {
    STEPS.iter().filter(move |step| step.form > from)
}

impl Tx {
    /// In a migration, before anything else asks for the definitions: the organisation made nothing
    /// with the name of what ships, and of what ships the file keeps no more than was changed.
    ///
    /// # Errors
    /// A host error where no writing transaction is open, or such a name is taken.
    pub fn check_names(&mut self) -> Result<()> {
        self.writer()?.check_names()
    }

    /// In a migration from an earlier form, when the definitions are in their present form: makes
    /// the file's tables fit them, and fills their rows.
    ///
    /// # Errors
    /// A host error where no writing transaction is open.
    pub fn fit_tables(&mut self, from: i32) -> Result<()> {
        let session = self.writer()?;
        session.fit()?;
        due(from).try_for_each(|step| session.batch(step.after))
    }

    /// What the file keeps of definitions, in its JSON form, by the names of the tables: for
    /// migrations.
    ///
    /// # Errors
    /// A host error where no transaction is open.
    pub fn kept_definitions(&mut self) -> Result<Vec<(Name, String)>> {
        Ok(self.session()?.kept()?.into_iter().collect())
    }

    /// Keeps this of a table's definition, or nothing: for migrations.
    ///
    /// # Errors
    /// A host error where no writing transaction is open.
    pub fn keep_definition(&mut self, table: &str, json: Option<&str>) -> Result<()> {
        self.writer()?.keep(table, json)
    }
}

/// The copy of a file as it was.
struct Copy {
    path: PathBuf,
    /// Made just now, and not left by an attempt that was killed.
    is_new: bool,
}

/// Copies the file beside itself, by the database's own means: to open it in another way would
/// give up the lock.
fn keep_copy(session: &Session, path: &Path, from: i32) -> Result<Copy> {
    let texts = match from {
        FORM => format!("-texts-{}", sluice_model::text::VERSION),
        _ => String::new(),
    };
    let named = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".before-{FORM}{texts}{ending}"));
        PathBuf::from(name)
    };
    let (copy, part) = (named(""), named(".part"));
    let failed = |error: std::io::Error| {
        Error::host(format!(
            "the copy `{}` cannot be made: {error}; nothing was changed",
            copy.display()
        ))
    };
    match fs::remove_file(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let file = File::create_new(&part).map_err(failed)?;
    let part = TempPath::try_from_path(part).map_err(failed)?;
    let permissions = fs::metadata(path).map_err(failed)?.permissions();
    fs::set_permissions(&part, permissions).map_err(failed)?;
    copy_pages(session, &part)?;
    file.sync_all().map_err(failed)?;
    if copy.symlink_metadata().is_ok() {
        if is_same(&part, &copy).map_err(failed)? {
            return Ok(Copy {
                path: copy,
                is_new: false,
            });
        }
        return Err(Error::host(format!(
            "`{}` is there already and is another copy; rename or remove it, or do without a copy. Nothing was changed",
            copy.display()
        )));
    }
    part.persist_noclobber(&copy).map_err(|error| failed(error.error))?;
    sync_folder(path);
    Ok(Copy {
        path: copy,
        is_new: true,
    })
}

fn copy_pages(session: &Session, to: &Path) -> Result<()> {
    let mut copy = rusqlite::Connection::open(names::as_file(to)).map_err(fault)?;
    // One that is not whole is thrown away.
    copy.pragma_update(None, "journal_mode", "OFF").map_err(fault)?;
    copy.pragma_update(None, "synchronous", "OFF").map_err(fault)?;
    let backup = Backup::new(&session.conn, &mut copy).map_err(fault)?;
    match backup.step(-1).map_err(fault)? {
        StepResult::Done => Ok(()),
        _ => Err(busy()),
    }
}

fn is_same(one: &Path, other: &Path) -> std::io::Result<bool> {
    let (about, about_other) = (fs::metadata(one)?, fs::metadata(other)?);
    if !about_other.is_file() || about.len() != about_other.len() {
        return Ok(false);
    }
    let [one, other] = [one, other].map(File::open);
    let (mut one, mut other) = (BufReader::new(one?).bytes(), BufReader::new(other?).bytes());
    loop {
        match (one.next().transpose()?, other.next().transpose()?) {
            (None, None) => return Ok(true),
            (byte, same) if byte == same => {}
            _ => return Ok(false),
        }
    }
}
