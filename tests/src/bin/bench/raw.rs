//! The floor of a plug-in call: wasmtime with the sandbox's settings, a new store, a fresh
//! instance, the same export called, and host functions that answer constants. No budget, no
//! context, no conversion, nobody asked.

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Context as _, Result, anyhow};
use sluice_model as model;
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Store, StoreContextMut,
    WasmBacktraceDetails,
    component::{Component, Linker, Resource, ResourceType},
};

use bindings::{
    PluginWithClockAndRandomPre,
    sluice::plugin::{service, types},
};

use crate::world::{self, COLUMNS};

/// The contract, generated.
mod bindings {
    wasmtime::component::bindgen!({
        path: "../sdk/wit/1.1",
        world: "plugin-with-clock-and-random",
        with: { "sluice:plugin/context.execution-context": crate::raw::ExecutionContext },
    });
}

/// What a plug-in has a handle on.
#[derive(Debug)]
pub enum ExecutionContext {}

type Handle = Resource<ExecutionContext>;

/// What the host's functions answer.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    target: Vec<types::Value>,
    rows: Vec<types::Row>,
}

impl Answers {
    /// To `target`, these values, in the order in which they are asked for.
    pub(crate) fn target<'v>(values: impl IntoIterator<Item = &'v model::Value>) -> Result<Self> {
        Ok(Self {
            target: values.into_iter().map(value).collect::<Result<_>>()?,
            rows: Vec::new(),
        })
    }

    /// And to `retrieve-multiple`, one row with one column.
    pub(crate) fn row(mut self, table: &str, column: &str, decimal: &str) -> Self {
        let value = types::Value::Decimal(decimal.to_owned());
        let columns = vec![types::Column {
            name: column.to_owned(),
            value,
        }];
        self.rows.push(types::Row {
            table: table.to_owned(),
            id: ID.to_owned(),
            columns,
        });
        self
    }
}

const ID: &str = "0198c0de-0000-7000-8000-000000000000";
const TIME: &str = "2026-01-31T12:00:00Z";

fn value(value: &model::Value) -> Result<types::Value> {
    Ok(match value {
        model::Value::Text(text) => types::Value::Text(text.clone()),
        model::Value::Int(n) => types::Value::Integer(*n),
        model::Value::Choice(n) => types::Value::Choice(*n),
        model::Value::Bool(b) => types::Value::Boolean(*b),
        model::Value::Money(n) => types::Value::Money(n.to_string()),
        other => return Err(anyhow!("{other:?} is not among the constants")),
    })
}

struct State {
    answers: Arc<Answers>,
    asked: usize,
}

/// One engine, set up as the sandbox's.
pub(crate) struct Host(Engine);

impl Host {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Engine::new(&config()).map_err(failed)?))
    }

    /// A plug-in compiled and linked, to be called by its name.
    pub(crate) fn load(&self, module: &[u8], name: &'static str, answers: Answers) -> Result<Raw> {
        let component = sluice_sandbox::componentize(module)?;
        let component = Component::from_binary(&self.0, &component).map_err(failed)?;
        let pre = link(&self.0, &component).and_then(|linker| linker.instantiate_pre(&component));
        let pre = pre.and_then(PluginWithClockAndRandomPre::new).map_err(failed)?;
        Ok(Raw {
            pre,
            name,
            answers: Arc::new(answers),
        })
    }
}

/// The measured plug-in, which asks for twenty columns of a lead.
pub(crate) fn getters() -> Result<Raw> {
    let sample = world::lead(0);
    let values = COLUMNS
        .iter()
        .map(|column| sample.get(column).context("the lead lacks a column"));
    let answers = Answers::target(values.collect::<Result<Vec<_>>>()?)?;
    Host::new()?.load(&sluice_tests::wasm("guests", "bench"), "getters", answers)
}

/// A plug-in without a sandbox around it.
pub(crate) struct Raw {
    pre: PluginWithClockAndRandomPre<State>,
    name: &'static str,
    answers: Arc<Answers>,
}

impl Raw {
    /// Calls it once, in an instance of its own.
    pub(crate) fn call(&self) -> Result<()> {
        let mut store = Store::new(
            self.pre.engine(),
            State {
                answers: self.answers.clone(),
                asked: 0,
            },
        );
        store.set_epoch_deadline(1);
        let plugin = self.pre.instantiate(&mut store).map_err(failed)?;
        let ended = plugin
            .call_execute(&mut store, self.name, Resource::new_borrow(0))
            .map_err(failed)?;
        ended.map_err(|error| anyhow!("the plug-in ended with {error:?}"))
    }
}

/// The settings of `host/sandbox/src/engine.rs`, where their reasons are.
fn config() -> Config {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(64)
        .total_memories(64 * 3)
        .total_tables(64 * 4)
        .total_core_instances(64 * 64)
        .max_memory_size(128 << 20)
        .table_elements(20_000)
        .max_core_instances_per_component(128)
        .max_memories_per_component(4)
        .max_tables_per_component(8)
        .max_memories_per_module(2)
        .max_tables_per_module(4)
        .max_component_instance_size(1 << 20)
        .max_core_instance_size(1 << 20)
        .linear_memory_keep_resident(512 << 10)
        .table_keep_resident(64 << 10)
        .max_unused_warm_slots(16)
        .decommit_batch_size(1);
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(sluice_sandbox::GUEST_STACK)
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(32))
        .generate_address_map(true)
        .native_unwind_info(false)
        .cranelift_opt_level(OptLevel::Speed)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_relaxed_simd(false)
        .wasm_custom_page_sizes(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

type Asking<'a> = StoreContextMut<'a, State>;
type Answer<T> = wasmtime::Result<(T,)>;

/// Only what the measured plug-ins call; the rest traps, by name.
fn link(engine: &Engine, component: &Component) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::<State>::new(engine);
    // The world has it under its own name, too.
    linker
        .root()
        .resource("execution-context", ResourceType::host::<ExecutionContext>(), |_, _| {
            Ok(())
        })?;
    let mut context = linker.instance("sluice:plugin/context@1.1.0")?;
    context.resource("execution-context", ResourceType::host::<ExecutionContext>(), |_, _| {
        Ok(())
    })?;
    context.func_wrap(
        "[method]execution-context.target",
        |mut asking: Asking<'_>, (_, _): (Handle, String)| -> Answer<Option<types::Value>> {
            let state = asking.data_mut();
            let answer = state.answers.target.get(state.asked).cloned();
            state.asked += 1;
            Ok((answer,))
        },
    )?;
    context.func_wrap(
        "[method]execution-context.set-target",
        |_: Asking<'_>, (_, _, _): (Handle, String, types::Value)| -> wasmtime::Result<()> { Ok(()) },
    )?;
    for name in ["primary-table", "primary-id"] {
        context.func_wrap(
            &format!("[method]execution-context.{name}"),
            |_: Asking<'_>, (_,): (Handle,)| -> Answer<Option<String>> { Ok((Some(ID.to_owned()),)) },
        )?;
    }
    for name in ["initiating-user-id", "operation-created-on"] {
        context.func_wrap(
            &format!("[method]execution-context.{name}"),
            |_: Asking<'_>, (_,): (Handle,)| -> Answer<String> { Ok((TIME.to_owned(),)) },
        )?;
    }
    let mut services = linker.instance("sluice:plugin/service@1.1.0")?;
    services.func_wrap(
        "create",
        |_: Asking<'_>, (_, _): (service::Caller, types::Row)| -> Answer<Result<String, types::ServiceError>> {
            Ok((Ok(ID.to_owned()),))
        },
    )?;
    services.func_wrap(
        "retrieve-multiple",
        |asking: Asking<'_>,
         (_, _): (service::Caller, service::Query)|
         -> Answer<Result<Vec<types::Row>, types::ServiceError>> {
            Ok((Ok(asking.data().answers.rows.clone()),))
        },
    )?;
    linker
        .instance("sluice:plugin/log@1.1.0")?
        .func_wrap("trace", |_: Asking<'_>, (_,): (String,)| -> wasmtime::Result<()> {
            Ok(())
        })?;
    linker.define_unknown_imports_as_traps(component)?;
    Ok(linker)
}

fn failed(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:?}")
}
