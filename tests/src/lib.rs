//! The harness: sample organisations to work in, actors who work in them, and the program to
//! be run from outside.
//!
//! Every organisation is checked when its test ends: the database is sound, and every row
//! that users own has an owner and a business unit.

pub mod clock;
pub mod fuzz;
pub mod pages;
pub mod people;
pub mod program;
pub mod templates;
pub mod world;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use sluice_engine::{Engine, Env, Faults, Founding, OpenOptions, Session, Synchronous, SystemEnv};
use sluice_model::{Error, Filter, Ownership, Query, Reference, Request, Row, Uuid, Value};
use sluice_sales::{capabilities, sample};
use templates::template;

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Holds a text to a file of the repository, line by line. With `UPDATE_GOLDEN` set, the file is
/// written instead: for what is reviewed as a difference, and never for a list of exceptions.
pub fn golden(path: &str, text: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap();
    let what_to_do = "run the tests with UPDATE_GOLDEN=1 and review the difference";
    for (number, (is, was)) in text.lines().zip(expected.lines()).enumerate() {
        assert_eq!(is, was, "line {} of {path}; {what_to_do}", number + 1);
    }
    assert_eq!(text, expected, "{path}; {what_to_do}");
}

/// A built plug-in or guest; `make guests` builds them.
pub fn wasm(folder: &str, name: &str) -> Vec<u8> {
    let path = root().join("target").join(folder).join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `make guests`", path.display()))
}

/// A company that no other row of a test's organisation has: its lead can be qualified.
pub fn new_company() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    format!("Company No. {}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// The plug-ins that ship, as the sample organisation has them.
pub fn shipped() -> Vec<sample::Plugin> {
    ["commission", "phone-normalizer", "name-guard", "audit-note", "vip-flag"]
        .map(|name| sample::Plugin {
            name,
            bytes: wasm("plugins", name).leak(),
        })
        .to_vec()
}

/// An organisation in a folder of its own.
pub struct Organisation {
    engine: Engine,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

fn env() -> Arc<dyn Env> {
    Arc::new(SystemEnv)
}

fn options(synchronous: Synchronous) -> OpenOptions {
    OpenOptions {
        synchronous,
        cache_dir: Some(root().join("target/tests-cache")),
        compiler: Some(program::compiler()),
        faults: None,
    }
}

fn create(path: &Path, fill: impl FnOnce(&Engine) -> sluice_model::Result<()>) {
    let founding = Founding::default();
    Engine::create(
        path,
        &founding,
        &capabilities(),
        &env(),
        &options(Synchronous::Off),
        fill,
    )
    .unwrap();
}

impl Organisation {
    /// The sample organisation.
    pub fn sample() -> Self {
        Self::sample_with(&env())
    }

    /// The sample organisation, whose time is that of `env`.
    pub fn sample_with(env: &Arc<dyn Env>) -> Self {
        let template = template("sample", |path| create(path, |engine| sample::fill(engine, &shipped())));
        Self::copy_of(&template, env)
    }

    /// A new organisation with nothing in it.
    pub fn empty() -> Self {
        Self::empty_with(&env())
    }

    /// A new organisation with nothing in it, whose store fails on demand.
    pub fn failing(faults: &Faults) -> Self {
        let mut org = Self::empty();
        let options = OpenOptions {
            faults: Some(faults.clone()),
            ..options(Synchronous::Off)
        };
        org.engine = Engine::open(&org.path, &capabilities(), &env(), &options).unwrap();
        org
    }

    /// A new organisation with nothing in it, whose time is that of `env`.
    pub fn empty_with(env: &Arc<dyn Env>) -> Self {
        let template = template("empty", |path| create(path, |_| Ok(())));
        Self::copy_of(&template, env)
    }

    /// The organisation in a file that an earlier version made; opening it brings it to the
    /// present form.
    pub fn old(form: &str, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sluice.db");
        world::unpack(form, name, &path);
        Self::opened(folder, path, &env())
    }

    fn copy_of(template: &Path, env: &Arc<dyn Env>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sluice.db");
        std::fs::copy(template, &path).unwrap();
        Self::opened(folder, path, env)
    }

    fn opened(folder: tempfile::TempDir, path: PathBuf, env: &Arc<dyn Env>) -> Self {
        let engine = Engine::open(&path, &capabilities(), env, &options(Synchronous::Off)).unwrap();
        Self {
            engine,
            path,
            _folder: folder,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The engine that has it open.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The file opened once more, as another process opens it.
    pub fn second_process(&self) -> Engine {
        self.second_process_with(&env())
    }

    /// The same, in a process whose time is that of `env`.
    pub fn second_process_with(&self, env: &Arc<dyn Env>) -> Engine {
        Engine::open(&self.path, &capabilities(), env, &options(Synchronous::Off)).unwrap()
    }

    /// The program in the folder of the file.
    pub fn program(&self) -> program::Program {
        program::Program::new(self.path.parent().unwrap())
    }

    /// The user at work.
    pub fn actor(&self, name: &str) -> Actor {
        Actor(self.engine.session_of(name).unwrap())
    }

    /// The administrator.
    pub fn admin(&self) -> Actor {
        self.actor("admin")
    }
}

impl Drop for Organisation {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        assert_eq!(
            self.engine.check().unwrap(),
            Vec::<String>::new(),
            "the database is unsound"
        );
        let system = Actor(self.engine.session(self.engine.system_id().unwrap()));
        let catalog = system.0.catalog().unwrap();
        for table in catalog.iter().filter(|table| table.ownership == Ownership::User) {
            let orphans = Filter::Or(vec![
                Filter::eq("ownerid", Value::Null),
                Filter::eq("owningbusinessunit", Value::Null),
            ]);
            let orphans = system.list(Query::new(table.name.clone()).columns(&[]).filter(orphans));
            assert!(orphans.is_empty(), "rows of {} without owner: {orphans:?}", table.name);
        }
    }
}

/// A user at work. What is not expected to fail panics if it does.
#[derive(Clone)]
pub struct Actor(pub Session);

impl Actor {
    /// The user's id.
    pub fn id(&self) -> Uuid {
        self.0.user()
    }

    /// Creates a row.
    pub fn create(&self, row: Row) -> Uuid {
        self.try_create(row).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Creates a row, or is refused.
    ///
    /// # Errors
    /// The refusal.
    pub fn try_create(&self, row: Row) -> Result<Uuid, Error> {
        Ok(self.0.execute(Request::create(row))?.created().unwrap())
    }

    /// Changes a row.
    pub fn update(&self, row: Row) {
        self.try_update(row).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Changes a row, or is refused.
    ///
    /// # Errors
    /// The refusal.
    pub fn try_update(&self, row: Row) -> Result<(), Error> {
        self.0.execute(Request::update(row)).map(|_| ())
    }

    /// Deletes a row, or is refused.
    ///
    /// # Errors
    /// The refusal.
    pub fn try_delete(&self, table: &str, id: Uuid) -> Result<(), Error> {
        self.0.execute(Request::delete(Reference::new(table, id))).map(|_| ())
    }

    /// The row.
    pub fn get(&self, table: &str, id: Uuid) -> Row {
        self.try_get(table, id).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The row, or the refusal.
    ///
    /// # Errors
    /// The refusal.
    pub fn try_get(&self, table: &str, id: Uuid) -> Result<Row, Error> {
        let response = self.0.execute(Request::retrieve(Reference::new(table, id), &[]))?;
        Ok(response.row().unwrap().clone())
    }

    /// The rows that a query gives.
    pub fn list(&self, query: Query) -> Vec<Row> {
        self.0.list(query).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The row of a table with that name.
    pub fn find(&self, table: &str, name: &str) -> Uuid {
        self.0.find_one(table, name).unwrap_or_else(|error| panic!("{error}"))
    }

    /// How many rows of a table there are for this user.
    pub fn count(&self, table: &str) -> usize {
        self.list(Query::new(table).columns(&[])).len()
    }
}
