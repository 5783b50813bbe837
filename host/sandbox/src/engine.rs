//! The sandbox: one engine for all plug-ins, and the running of calls.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use sluice_model::{Error, Result};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Store, StoreContextMut,
    UpdateDeadline, WasmBacktraceDetails,
    component::{HasSelf, Linker, Resource},
};

use crate::{
    Call, Finished, Limits, Plugin, Services,
    bindings::{AnyPluginWithClockAndRandomPre, sluice::plugin as contract},
    cache::Cache,
    compile::Compiler,
    host::{self, State},
    outcome::{self, Ended},
    plugin::Digest,
};

/// How much of the calling thread's stack a guest may fill.
pub const GUEST_STACK: usize = 512 << 10;

/// The stack that a thread needs whose plug-ins set each other off `depth` levels deep.
pub const fn stack_for(depth: usize) -> usize {
    depth * GUEST_STACK + (8 << 20)
}

/// The most elements of a guest's table.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;

/// The most handles that a guest can hold on contexts.
const HANDLES: usize = 1_000;

/// The most memories, tables and core instances of a component.
const MEMORIES: u32 = 4;
const TABLES: u32 = 8;
const CORE_INSTANCES: u32 = 128;

/// How many places are kept ready while nobody needs them.
const WARM: u32 = 16;

/// How often a running guest is looked at.
const TICK: Duration = Duration::from_millis(5);

/// How the sandbox is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where compiled plug-ins are kept; without it, or where it cannot be written, in memory only.
    pub cache_dir: Option<PathBuf>,
    /// What compiles plug-ins; without it only those run that are in the cache.
    pub compiler: Option<Compiler>,
    /// How many instances can be alive at once: concurrent calls times depth.
    pub live: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cache_dir: None,
            compiler: None,
            live: 64,
        }
    }
}

/// Where plug-ins run. Cheap to clone; the clones are one.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    /// Whether the engine has a pool of instances.
    pub(crate) pooled: bool,
    pub(crate) compiler: Option<Compiler>,
    /// One per set of grants, by [`crate::plugin::set_of`].
    pub(crate) linkers: [Linker<State>; 4],
    pub(crate) cache: Option<Cache>,
    pub(crate) plugins: Mutex<HashMap<Digest, Plugin>>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

impl Sandbox {
    /// A sandbox without plug-ins.
    ///
    /// # Errors
    /// Where the machine cannot run one.
    pub fn new(settings: Settings) -> Result<Self> {
        let (engine, pooled) = engine(settings.live)?;
        tick(&engine)?;
        let linkers = [
            linker(&engine, false, false)?,
            linker(&engine, true, false)?,
            linker(&engine, false, true)?,
            linker(&engine, true, true)?,
        ];
        let cache = settings.cache_dir.and_then(|dir| Cache::open(dir, &engine));
        Ok(Self {
            inner: Arc::new(Inner {
                engine,
                pooled,
                compiler: settings.compiler,
                linkers,
                cache,
                plugins: Mutex::default(),
            }),
        })
    }

    /// Runs a plug-in once, in an instance of its own, on this thread. See [`stack_for`].
    ///
    /// # Panics
    /// Where a method of `services` panics; the services are lost then.
    pub fn call<S: Services>(&self, plugin: &Plugin, call: Call, services: S) -> Finished<S> {
        let pre = plugin.pre(call.grants);
        let (name, state) = State::new(call, Box::new(services));
        let mut store = store(pre, state);
        let ended = run(&mut store, pre, &name);
        let mut state = store.into_data();
        let outcome = outcome::classify(ended, &mut state);
        let usage = state.budget.usage();
        let State {
            context,
            services,
            trace,
            again,
            ..
        } = state;
        let outcome = outcome.map_err(|mut error| {
            error.body_mut().again = again.is_some();
            error
        });
        match services.into_any().downcast::<S>() {
            Ok(services) => Finished {
                services: *services,
                context,
                outcome,
                trace: trace.finish(),
                usage,
            },
            Err(_) => unreachable!("the services are those that went in"),
        }
    }
}

/// A store for one call.
pub(crate) fn store(pre: &AnyPluginWithClockAndRandomPre<State>, state: State) -> Store<State> {
    let fuel = usize::try_from(state.limits().bytes_per_call).unwrap_or(usize::MAX);
    let mut store = Store::new(pre.engine(), state);
    store.limiter(|state| &mut state.budget.memory);
    store.set_hostcall_fuel(fuel);
    store.set_max_component_handles(HANDLES);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| match store.data_mut().budget.tick() {
        Ok(()) => Ok(UpdateDeadline::Continue(1)),
        Err(error) => Err(wasmtime::Error::new(error)),
    });
    store
}

fn run(store: &mut Store<State>, pre: &AnyPluginWithClockAndRandomPre<State>, name: &str) -> Ended {
    let plugin = pre.instantiate(&mut *store)?;
    plugin.call_execute(&mut *store, name, Resource::new_borrow(0))
}

/// The engine, and whether it has a pool of instances.
fn engine(live: u32) -> Result<(Engine, bool)> {
    let mut pooled = config();
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(live.max(1))));
    match Engine::new(&pooled) {
        Ok(engine) => Ok((engine, true)),
        Err(reason) => {
            tracing::warn!(%reason, "no pool of instances on this machine: plug-in calls are slower");
            Ok((made(&plain())?, false))
        }
    }
}

/// The engine that compiles for one of [`engine`]: it runs nothing, so it has no pool.
pub(crate) fn of_compiler(is_plain: bool) -> Result<Engine> {
    let mut config = if is_plain { plain() } else { config() };
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    made(&config)
}

fn made(config: &Config) -> Result<Engine> {
    Engine::new(config).map_err(|error| Error::host(format!("wasm cannot run on this machine: {error}")))
}

/// For a machine where address space is scarce: memories must not reserve 4 GiB each.
fn plain() -> Config {
    let mut plain = config();
    plain
        .memory_reservation(Limits::MAXIMUM.memory)
        .memory_reservation_for_growth(0)
        .memory_guard_size(64 << 10)
        .allocation_strategy(InstanceAllocationStrategy::OnDemand);
    plain
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(GUEST_STACK)
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(32))
        .generate_address_map(true)
        .native_unwind_info(false)
        .cranelift_opt_level(OptLevel::Speed)
        // The language that plug-ins need, and no more. Multi-memory stays: turning it off panics in 48.
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_relaxed_simd(false)
        .wasm_custom_page_sizes(false);
    config
}

fn pool(live: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    let memory = usize::try_from(Limits::MAXIMUM.memory).unwrap_or(usize::MAX);
    // Whoever has an instance has everything that a file may want of it.
    pool.total_component_instances(live)
        .total_memories(live.saturating_mul(MEMORIES))
        .total_tables(live.saturating_mul(TABLES))
        .total_core_instances(live.saturating_mul(CORE_INSTANCES))
        .max_memory_size(memory)
        .table_elements(TABLE_ELEMENTS)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memories_per_module(2)
        .max_tables_per_module(4)
        .max_component_instance_size(1 << 20)
        .max_core_instance_size(1 << 20)
        // At least a guest's first pages: then no call pays a system call for its reset.
        .linear_memory_keep_resident(512 << 10)
        .table_keep_resident(64 << 10)
        .max_unused_warm_slots(live.min(WARM))
        .decommit_batch_size(1);
    pool
}

/// Moves the engine's epoch on as long as there is an engine.
fn tick(engine: &Engine) -> Result<()> {
    let engine = engine.weak();
    let beat = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    match std::thread::Builder::new().name("sluice-epoch".to_owned()).spawn(beat) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::host(format!("no thread for the plug-ins' clock: {error}"))),
    }
}

fn linker(engine: &Engine, clock: bool, random: bool) -> Result<Linker<State>> {
    link(engine, clock, random).map_err(|error| Error::host(format!("the contract cannot be linked: {error}")))
}

/// What plug-ins with these grants can reach. It has the names of the newest version of the contract,
/// and the linker finds what files of earlier ones ask for under these. In the place of what is not granted stands a
/// function that ends the call, so that one plug-in of a file can do without what another needs.
fn link(engine: &Engine, clock: bool, random: bool) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::<State>::new(engine);
    contract::types::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    contract::context::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    contract::service::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    contract::log::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    contract::configuration::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    contract::background::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    if clock {
        contract::clock::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    } else {
        let refuse =
            |_: StoreContextMut<'_, State>, (): ()| -> wasmtime::Result<(String,)> { Err(host::not_granted("clock")) };
        linker.instance("sluice:plugin/clock@1.1.0")?.func_wrap("now", refuse)?;
    }
    if random {
        contract::random::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    } else {
        let refuse = |_: StoreContextMut<'_, State>, (_,): (u32,)| -> wasmtime::Result<(Vec<u8>,)> {
            Err(host::not_granted("random"))
        };
        linker
            .instance("sluice:plugin/random@1.1.0")?
            .func_wrap("bytes", refuse)?;
    }
    Ok(linker)
}
