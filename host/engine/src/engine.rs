//! The engine: one organisation open in this process, and the sessions of its users.

mod founding;
mod places;

use std::{
    cell::Cell,
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use sluice_model::{Code, ColumnDef, Error, Result, TableDef, Uuid, names};
use sluice_sandbox::{Compiler, Plugin, PluginType, Sandbox, Settings};
use sluice_store::{Faults, MigratedFile, Options, Shipped, Store, Synchronous, Tx};

use places::Places;

use crate::{
    Component, Env, Message, Session, Unit,
    capability::{Capabilities, Dependant, MadeColumns, Tables},
    handler::StepSource,
    keeping::{Keeper, Kept},
    migration,
    organization::{self},
    pipeline,
    rules::RulesOf,
    runner::JobKind,
    secret,
    snapshot::{Part, Snapshot},
    soundness::{Meaning, Sound},
    tables,
    tasks::Tasks,
    unit::Purpose,
    used,
    watch::Watch,
};

/// The stack of a pipeline thread: eight nested plug-in calls may fill theirs (512 KiB each), and
/// the host needs its own beside them, for the messages that are inside each other.
const STACK: usize = 8 * (512 << 10) + (4 << 20) + (pipeline::MAX_NESTING as usize) * (512 << 10);

/// So many requests run at once in a process; others wait for their turn before they begin. A group
/// of writers has fewer members, so that some may read meanwhile.
const REQUESTS: usize = 80;

/// Other writers wait so much longer for the lock than a transaction may take.
const MARGIN: Duration = Duration::from_secs(10);

thread_local! {
    static ON_PIPELINE_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// How an organisation is opened.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// How carefully a commit reaches the disk.
    pub synchronous: Synchronous,
    /// Where compiled plug-ins are kept; `None` compiles in memory.
    pub cache_dir: Option<PathBuf>,
    /// What compiles plug-ins; without it only those run that are in the cache.
    pub compiler: Option<Compiler>,
    /// Failures of the store on demand, for tests.
    pub faults: Option<Faults>,
}

/// One organisation open in this process. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) core: Arc<Core>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

/// Makes something anew.
type Again = fn(&mut Unit) -> Result<()>;

/// What all units of work of an organisation share.
pub(crate) struct Core {
    pub(crate) env: Arc<dyn Env>,
    /// The tables that ship.
    pub(crate) ships: Shipped,
    made: Vec<MadeColumns>,
    store: OnceLock<Arc<Store>>,
    /// The file had an earlier form when it was opened.
    migrated: OnceLock<MigratedFile>,
    sandbox: OnceLock<Sandbox>,
    settings: Settings,
    messages: HashMap<&'static str, &'static dyn Message>,
    /// Those that requests ask for by another name, by that name.
    requested: HashMap<&'static str, &'static dyn Message>,
    rules: HashMap<&'static str, RulesOf>,
    /// The rules of tables that are known by their key.
    keyed_rules: Vec<(&'static str, RulesOf)>,
    /// All watches, in their order.
    watches: Vec<&'static dyn Watch>,
    dependants: Vec<&'static dyn Dependant>,
    parts: Vec<&'static dyn Part>,
    steps: Vec<&'static dyn StepSource>,
    jobs: Vec<&'static dyn JobKind>,
    compared_anew: Vec<Again>,
    kept: Vec<Kept>,
    /// The privileges that belong to no table.
    pub(crate) tasks: Tasks,
    meanings: Vec<&'static Meaning>,
    pub(crate) sound: Vec<Sound>,
    /// What travels in solutions as rows.
    pub(crate) travelling: Vec<&'static Component>,
    pub(crate) keeper: Mutex<Keeper>,
    /// The marks of use that are in the file.
    pub(crate) use_written: Mutex<used::Written>,
    /// How often marks of use were committed.
    pub(crate) use_commits: AtomicU64,
    /// The snapshot of the newest configuration that was seen.
    current: Mutex<Option<Arc<Snapshot>>>,
    /// Whether work of this process was kept: traces and marks of use are none.
    pub(crate) work_kept: AtomicBool,
    /// Whether a request may begin on it: this process has changed nothing since it was read.
    is_assumable: AtomicBool,
    /// Nobody else can have the file: it is being made.
    alone: bool,
    places: Places,
    pub(crate) plugins: Mutex<HashMap<String, Plugin>>,
    /// What contents of plug-ins declare, by their digests.
    pub(crate) declared: Mutex<HashMap<String, Arc<[PluginType]>>>,
    /// The components that were made of core modules, by the digests of these.
    pub(crate) components: Mutex<HashMap<String, Vec<u8>>>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    fn new(capabilities: &Capabilities, env: Arc<dyn Env>, options: &OpenOptions) -> Result<Self> {
        capabilities.check()?;
        let all: Vec<_> = capabilities.iter().collect();
        let messages = all.iter().flat_map(|capability| capability.messages).copied();
        let requested = messages.clone();
        let requested = requested.filter_map(|message| Some((message.requested_as()?, message)));
        let (mut rules, mut keyed_rules) = (HashMap::<_, RulesOf>::new(), Vec::new());
        for (tables, of) in all.iter().flat_map(|capability| capability.rules) {
            match tables {
                Tables::Named(name) => rules.entry(*name).or_default().add(*of),
                Tables::Keyed(key) => keyed_rules.push((*key, RulesOf::from(*of))),
            }
        }
        let mut watches: Vec<_> = all.iter().flat_map(|capability| capability.watches).copied().collect();
        let order = capabilities.order;
        let place = |watch: &&dyn Watch| order.iter().position(|name| *name == watch.name());
        watches.sort_by_key(|watch| place(watch).unwrap_or(order.len()));
        Ok(Self {
            env,
            ships: organization::shipped_tables(capabilities)?,
            made: all.iter().map(|capability| capability.made).collect(),
            store: OnceLock::new(),
            migrated: OnceLock::new(),
            sandbox: OnceLock::new(),
            settings: Settings {
                cache_dir: options.cache_dir.clone(),
                compiler: options.compiler.clone(),
                // Each request may have as many plug-ins inside each other as there are levels, and
                // each that is pushed describes itself.
                live: u32::try_from(REQUESTS)
                    .unwrap_or(u32::MAX)
                    .saturating_mul(pipeline::MAX_LEVEL + 1),
            },
            messages: messages.map(|message| (message.name(), message)).collect(),
            requested: requested.collect(),
            rules,
            keyed_rules,
            watches,
            dependants: all
                .iter()
                .flat_map(|capability| capability.dependants)
                .copied()
                .collect(),
            parts: all.iter().flat_map(|capability| capability.parts).copied().collect(),
            steps: all.iter().flat_map(|capability| capability.steps).copied().collect(),
            jobs: all.iter().flat_map(|capability| capability.jobs).copied().collect(),
            compared_anew: all.iter().map(|capability| capability.compared_anew).collect(),
            kept: all.iter().flat_map(|capability| capability.kept).copied().collect(),
            travelling: all
                .iter()
                .flat_map(|capability| capability.components)
                .copied()
                .collect(),
            tasks: Tasks::of(all.iter().flat_map(|capability| capability.tasks)),
            sound: all.iter().map(|capability| capability.sound).collect(),
            meanings: all.iter().flat_map(|capability| capability.meanings).collect(),
            keeper: Mutex::default(),
            use_written: Mutex::default(),
            use_commits: AtomicU64::default(),
            work_kept: AtomicBool::default(),
            current: Mutex::default(),
            is_assumable: AtomicBool::new(false),
            alone: false,
            places: Places::new(REQUESTS),
            plugins: Mutex::default(),
            declared: Mutex::default(),
            components: Mutex::default(),
        })
    }

    /// The columns that capabilities give a table which was made at run time.
    pub(crate) fn made_columns(&self, table: &TableDef) -> Result<Vec<ColumnDef>> {
        let columns: Result<Vec<_>> = self.made.iter().map(|of| of(table)).collect();
        Ok(columns?.concat())
    }

    fn options(&self, options: &OpenOptions) -> Options {
        Options {
            synchronous: options.synchronous,
            faults: options.faults.clone(),
            ships: self.ships.clone(),
        }
    }

    /// Whether nobody waits for this process: the file is being made or migrated.
    pub(crate) fn is_alone(&self) -> bool {
        self.alone || self.store.get().is_none()
    }

    pub(crate) fn store(&self) -> Result<Arc<Store>> {
        self.store
            .get()
            .cloned()
            .ok_or_else(|| Error::host("the organisation is still being founded"))
    }

    /// The sandbox; made when the first plug-in is called.
    pub(crate) fn sandbox(&self) -> Result<Sandbox> {
        if let Some(sandbox) = self.sandbox.get() {
            return Ok(sandbox.clone());
        }
        let sandbox = Sandbox::new(self.settings.clone())?;
        Ok(self.sandbox.get_or_init(|| sandbox).clone())
    }

    /// The message of that name.
    pub(crate) fn message(&self, name: &str) -> Result<&'static dyn Message> {
        let known = self.messages.get(name).or_else(|| self.requested.get(name));
        known.copied().ok_or_else(|| {
            let hint = names::did_you_mean(name, self.messages().iter().map(|message| message.name()));
            Error::new(Code::MESSAGE_UNKNOWN, format!("there is no message `{name}`{hint}"))
        })
    }

    /// The rules of a table: those for its name, else those for its kind.
    pub(crate) fn rules(&self, table: &TableDef) -> RulesOf {
        let keyed = || self.keyed_rules.iter().find(|(key, _)| **key == *table.key);
        match self.rules.get(&*table.name) {
            Some(rules) => rules.clone(),
            None => keyed().map(|(_, rules)| rules.clone()).unwrap_or_default(),
        }
    }

    /// The watches of a table, in their order.
    pub(crate) fn watches(&self, snapshot: &Snapshot, table: &TableDef) -> Vec<&'static dyn Watch> {
        let wanted = self.watches.iter().filter(|watch| watch.wants(snapshot, table));
        wanted.copied().collect()
    }

    /// What depends on definitions, in the order of the capabilities.
    pub(crate) fn dependants(&self) -> &[&'static dyn Dependant] {
        &self.dependants
    }

    /// The parts of the configuration that capabilities bring.
    pub(crate) fn parts(&self) -> &[&'static dyn Part] {
        &self.parts
    }

    /// The texts that stand for something else.
    pub(crate) fn meanings(&self) -> &[&'static Meaning] {
        &self.meanings
    }

    /// What capabilities make anew where the rules for texts have changed.
    pub(crate) fn compared_anew(&self) -> &[Again] {
        &self.compared_anew
    }

    /// Where steps come from that are not registered.
    pub(crate) fn step_sources(&self) -> &[&'static dyn StepSource] {
        &self.steps
    }

    /// The kinds of long work.
    pub(crate) fn jobs(&self) -> &[&'static dyn JobKind] {
        &self.jobs
    }

    /// The rows that are removed once they are old.
    pub(crate) fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// All messages, by name.
    pub(crate) fn messages(&self) -> Vec<&'static dyn Message> {
        let mut all: Vec<_> = self.messages.values().copied().collect();
        all.sort_by_key(|message| message.name());
        all
    }

    /// The configuration at `version`, from the cache or as `tx` sees it.
    pub(crate) fn snapshot(&self, tx: &mut Tx, version: i64) -> Result<Arc<Snapshot>> {
        let known = lock(&self.current).clone();
        if let Some(snapshot) = known.as_ref().filter(|snapshot| snapshot.version == version) {
            return Ok(snapshot.clone());
        }
        let snapshot = Arc::new(Snapshot::load(self, tx, version, known.as_deref())?);
        if let Some(store) = self.store.get() {
            store.wait_at_least(snapshot.settings.transaction + MARGIN);
        }
        *lock(&self.current) = Some(snapshot.clone());
        Ok(snapshot)
    }

    /// The configuration that was read last, unless this process has changed it since.
    fn last_snapshot(&self) -> Option<Arc<Snapshot>> {
        let last = lock(&self.current).clone();
        last.filter(|_| self.is_assumable.load(Ordering::Relaxed))
    }

    /// This process changes the configuration: the next request reads it.
    pub(crate) fn assume_nothing(&self) {
        self.is_assumable.store(false, Ordering::Relaxed);
    }

    pub(crate) fn current_snapshot(&self) -> Result<Arc<Snapshot>> {
        self.is_assumable.store(true, Ordering::Relaxed);
        self.store()?.read(|mut tx| {
            let result = tx.config_version().and_then(|version| self.snapshot(&mut tx, version));
            (tx, result)
        })?
    }
}

impl Engine {
    /// The form of the files of this version.
    pub const FORM: i32 = Store::FORM;

    /// Opens an organisation. A file of an earlier form is brought to the present one before,
    /// after a copy: see [`Self::migrated`].
    ///
    /// # Errors
    /// The file is missing, is no organisation, belongs to a newer version, or is of an earlier
    /// form that it cannot be brought from.
    pub fn open(path: &Path, capabilities: &Capabilities, env: &Arc<dyn Env>, options: &OpenOptions) -> Result<Self> {
        Self::opened(Arc::new(Core::new(capabilities, env.clone(), options)?), path, options)
    }

    fn opened(core: Arc<Core>, path: &Path, options: &OpenOptions) -> Result<Self> {
        let store = match Store::open(path, core.options(options)) {
            Ok(store) => store,
            // What was wrong may have been the file's form, and another process may be bringing the
            // file to the present one, or have done so since.
            Err(error) => match Store::form(path) {
                Ok(_) => {
                    if let Some(migrated) = migration::run(&core, path, &core.options(options), true)? {
                        let _ = core.migrated.set(migrated);
                    }
                    Store::open(path, core.options(options))?
                }
                Err(busy) if busy.code() == Code::BUSY => return Err(busy),
                Err(_) => return Err(error),
            },
        };
        let _ = core.store.set(Arc::new(store));
        secret::make_in_opened(&core);
        Ok(Self { core })
    }

    /// Brings an organisation's file to the present form, where it has an earlier one; with a
    /// copy of the file beside it, or without.
    ///
    /// # Errors
    /// Another process has the file open, it cannot be written or is damaged, the disk is full,
    /// another copy is there, or a name that ships is taken. Then nothing was changed.
    pub fn migrate(
        path: &Path,
        capabilities: &Capabilities,
        env: &Arc<dyn Env>,
        options: &OpenOptions,
        copy: bool,
    ) -> Result<Option<MigratedFile>> {
        let core = Arc::new(Core::new(capabilities, env.clone(), options)?);
        migration::run(&core, path, &core.options(options), copy)
    }

    /// What became of the file when it was opened, where it had an earlier form.
    pub fn migrated(&self) -> Option<&MigratedFile> {
        self.core.migrated.get()
    }

    /// The session of the user with that id.
    pub fn session(&self, user: Uuid) -> Session {
        Session {
            along: Arc::default(),
            engine: self.clone(),
            acting: user.into(),
            notes_use: true,
        }
    }

    /// The session of the user with that name, domain name or id.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn session_of(&self, user: &str) -> Result<Session> {
        let system = self.session(self.system_id()?);
        Ok(self.session(system.find_one(tables::USER, user)?))
    }

    /// The id of the SYSTEM user.
    ///
    /// # Errors
    /// The configuration cannot be read.
    pub fn system_id(&self) -> Result<Uuid> {
        Ok(self.core.current_snapshot()?.system.id())
    }

    /// All messages, in the order of their names.
    pub fn messages(&self) -> Vec<&'static dyn Message> {
        self.core.messages()
    }

    /// A message by its name.
    ///
    /// # Errors
    /// There is none; one whose name is nearly the same is named.
    pub fn message(&self, name: &str) -> Result<&'static dyn Message> {
        self.core.message(name)
    }

    /// The sandbox that plug-ins run in.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn sandbox(&self) -> Result<Sandbox> {
        self.core.sandbox()
    }

    /// Runs `work` on a thread whose stack is large enough for nested plug-in calls, and for which
    /// there are instances for as many of them as may be inside each other: whoever works on it
    /// waits for none. Where too many work already, it waits before it begins. On such a thread
    /// already, it runs there.
    ///
    /// # Errors
    /// No thread can be made, or `work` panics.
    pub fn on_pipeline_thread<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        if ON_PIPELINE_THREAD.get() {
            return work();
        }
        let _place = self.core.places.take();
        let commits = self.commits();
        std::thread::scope(|scope| {
            let builder = std::thread::Builder::new()
                .name("pipeline".to_owned())
                .stack_size(STACK);
            let thread = builder.spawn_scoped(scope, || {
                ON_PIPELINE_THREAD.set(true);
                let done = work();
                self.keep_house(commits);
                done
            });
            let thread =
                thread.map_err(|error| Error::host(format!("no thread for the pipeline can be made: {error}")))?;
            thread.join().unwrap_or_else(|_| {
                Err(Error::host(
                    "the host panicked; what the request had not committed is undone",
                ))
            })
        })
    }

    /// A unit for one request, on the configuration that this process read last. Whether the
    /// organisation still has it is seen where the request first reads or writes, and before its first step.
    pub(crate) fn unit_for_request(&self) -> Result<Unit> {
        let Some(snapshot) = self.core.last_snapshot() else {
            return self.unit(Purpose::Work);
        };
        let mut unit = Unit::new(self.core.clone(), snapshot, Purpose::Work);
        unit.assumed = true;
        Ok(unit)
    }

    pub(crate) fn unit(&self, purpose: Purpose) -> Result<Unit> {
        Ok(Unit::new(self.core.clone(), self.core.current_snapshot()?, purpose))
    }
}
