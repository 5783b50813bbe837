//! A plug-in's file, compiled and linked: once per content.

use std::{
    collections::HashMap,
    sync::{Arc, MutexGuard, PoisonError},
};

use sha2::{Digest as _, Sha256};
use sluice_model::{Code, Error, Name, Order, Query, Request, Response, Result, Timestamp};
use wasmtime::{Store, component::Component};

use crate::{
    Call, Caller, Context, Grants, Left, Limits, PluginType, Sandbox, Services,
    bindings::{AnyPluginWithClockAndRandom, AnyPluginWithClockAndRandomPre, sluice::plugin::types},
    cache::{self, Cache},
    compile, component, describe,
    engine::{self, Inner},
    host::State,
    outcome,
};

/// The SHA-256 of a component.
pub(crate) type Digest = [u8; 32];

/// How many files are kept compiled, at least; files in use are never dropped.
const KEPT: usize = 256;

/// A plug-in's file, ready to be called. Cheap to clone.
#[derive(Clone)]
pub struct Plugin {
    linked: Arc<Linked>,
}

struct Linked {
    digest: String,
    clock: bool,
    random: bool,
    bare: AnyPluginWithClockAndRandomPre<State>,
    /// Linked with more, where the file asks for more: by [`set_of`], without the first.
    granted: [Option<AnyPluginWithClockAndRandomPre<State>>; 3],
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("digest", &self.linked.digest)
            .finish_non_exhaustive()
    }
}

impl Plugin {
    /// The SHA-256 of the component, in hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.linked.digest
    }

    /// Whether anything in the file asks for the time.
    pub fn wants_clock(&self) -> bool {
        self.linked.clock
    }

    /// Whether anything in the file asks for randomness.
    pub fn wants_random(&self) -> bool {
        self.linked.random
    }

    /// The file linked with what is granted.
    pub(crate) fn pre(&self, grants: Grants) -> &AnyPluginWithClockAndRandomPre<State> {
        let set = set_of(grants.clock && self.linked.clock, grants.random && self.linked.random);
        let granted = set
            .checked_sub(1)
            .and_then(|index| self.linked.granted.get(index)?.as_ref());
        granted.unwrap_or(&self.linked.bare)
    }
}

/// The number of a set of grants.
pub(crate) fn set_of(clock: bool, random: bool) -> usize {
    usize::from(clock) | usize::from(random) << 1
}

impl Sandbox {
    /// The component, linked, if it is compiled already: it takes no compiler.
    ///
    /// # Errors
    /// [`Code::FOREIGN_CONTRACT`] for one that this host cannot run.
    pub fn ready(&self, component: &[u8]) -> Result<Option<Plugin>> {
        let digest: Digest = Sha256::digest(component).into();
        if let Some(plugin) = self.kept().get(&digest) {
            return Ok(Some(plugin.clone()));
        }
        let hex = hex(&digest);
        let cache = self.inner.cache.as_ref();
        let Some(code) = cache.and_then(|cache| cache.get(&self.inner.engine, &digest, &hex)) else {
            return Ok(None);
        };
        let plugin = self.inner.link(hex, &code, component)?;
        Ok(Some(self.keep(digest, plugin)))
    }

    /// Compiles and links a component, unless one with these bytes is there already. A process of
    /// its own compiles: this may take a minute, and longer where others wait as well.
    ///
    /// # Errors
    /// [`Code::NOT_A_PLUGIN`] for what is no component, [`Code::FOREIGN_CONTRACT`] for one
    /// that this host cannot run, [`Code::PLUGIN_TOO_LARGE`] for one that takes too much to be
    /// compiled.
    pub fn load(&self, component: &[u8]) -> Result<Plugin> {
        if let Some(plugin) = self.ready(component)? {
            return Ok(plugin);
        }
        if !component::admit(component)? {
            return Err(Error::new(
                Code::NOT_A_PLUGIN,
                "the file is a core module, not a component",
            ));
        }
        compile::in_turn(|| {
            let _alone = self.inner.cache.as_ref().map(Cache::alone);
            // Another thread or process may have done it while this one waited.
            if let Some(plugin) = self.ready(component)? {
                return Ok(plugin);
            }
            let digest: Digest = Sha256::digest(component).into();
            let plugin = self.inner.compile(&digest, component)?;
            Ok(self.keep(digest, plugin))
        })
    }

    /// The component that a plug-in's file becomes. A component stays as it is, and is checked when it
    /// is compiled; of a core module a process of its own makes one: this may take as long as
    /// [`Self::load`].
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn componentize(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        match component::admit(bytes)? {
            true => Ok(bytes.to_vec()),
            false => compile::in_turn(|| compile::componentize(self.inner.compiler.as_ref(), bytes)),
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Digest, Plugin>> {
        self.inner.plugins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, digest: Digest, plugin: Plugin) -> Plugin {
        let mut plugins = self.kept();
        if plugins.len() >= KEPT {
            plugins.retain(|_, plugin| Arc::strong_count(&plugin.linked) > 1);
        }
        plugins.entry(digest).or_insert(plugin).clone()
    }

    /// What the file says of itself. It runs under the default limits and reaches nothing.
    ///
    /// # Errors
    /// As for a call that does not end well; more types or steps than a file may declare.
    pub fn describe(&self, plugin: &Plugin) -> Result<Vec<PluginType>> {
        let call = Call {
            type_name: String::new(),
            context: Context::default(),
            limits: Limits::default(),
            grants: Grants::default(),
            configuration: None,
            secure_configuration: None,
            left: Left::default(),
        };
        let (_, state) = State::new(call, Box::new(Nothing));
        let mut store = engine::store(&plugin.linked.bare, state);
        let described = described(&plugin.linked.bare, &mut store);
        let mut state = store.into_data();
        match described {
            Ok((types, details)) => {
                let types = types.into_iter().map(PluginType::from).collect();
                let mut types = describe::within_limits(types)?;
                describe::with_details(&mut types, details)?;
                Ok(types)
            }
            Err(error) => Err(outcome::stopped(&error, &mut state)),
        }
    }
}

/// What a file describes, and the details that it tells beside; those of version 1.0 tell none.
fn described(
    pre: &AnyPluginWithClockAndRandomPre<State>,
    store: &mut Store<State>,
) -> wasmtime::Result<(Vec<types::PluginType>, Vec<types::TypeDetails>)> {
    let instance = pre.instance_pre().instantiate(&mut *store)?;
    let plugin = AnyPluginWithClockAndRandom::new(&mut *store, &instance)?;
    let described = plugin.call_describe(&mut *store)?;
    let Some(details) = instance.get_func(&mut *store, "details") else {
        return Ok((described, Vec::new()));
    };
    let details = details.typed::<(), (Vec<types::TypeDetails>,)>(&*store)?;
    let (details,) = details.call(&mut *store, ())?;
    Ok((described, details))
}

impl Inner {
    fn link(&self, hex: String, component: &Component, bytes: &[u8]) -> Result<Plugin> {
        let (clock, random) = component::wants(bytes)?;
        let pre = |set: usize| {
            let linker = self
                .linkers
                .get(set)
                .ok_or_else(|| Error::host("no such set of grants"))?;
            let pre = linker
                .instantiate_pre(component)
                .and_then(AnyPluginWithClockAndRandomPre::new);
            pre.map_err(|error| foreign(&error))
        };
        let mut granted = [None, None, None];
        for (index, slot) in granted.iter_mut().enumerate() {
            let set = index + 1;
            if set & set_of(clock, random) == set {
                *slot = Some(pre(set)?);
            }
        }
        let linked = Linked {
            digest: hex,
            clock,
            random,
            bare: pre(0)?,
            granted,
        };
        Ok(Plugin {
            linked: Arc::new(linked),
        })
    }

    fn compile(&self, digest: &Digest, bytes: &[u8]) -> Result<Plugin> {
        let code = compile::compile(self.compiler.as_ref(), self.pooled, bytes)?;
        let component = cache::load(&self.engine, &code).map_err(|error| foreign(&error))?;
        let hex = hex(digest);
        if let Some(cache) = &self.cache {
            cache.put(&code, digest, &hex);
        }
        self.link(hex, &component, bytes)
    }
}

fn hex(digest: &Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Valid, but not for this host.
fn foreign(error: &wasmtime::Error) -> Error {
    let reason: Vec<String> = error.chain().map(ToString::to_string).collect();
    Error::new(
        Code::FOREIGN_CONTRACT,
        format!("this host cannot run the plug-in: {}", reason.join(": ")),
    )
}

/// The services of a file that describes itself.
struct Nothing;

impl Services for Nothing {
    fn execute(&mut self, _: &crate::Context, _: Caller, _: Request) -> Result<Response> {
        Err(nothing_there())
    }

    fn now(&mut self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn random(&mut self, _: usize) -> Vec<u8> {
        Vec::new()
    }

    fn parse_query(&mut self, _: &str, _: Vec<Name>, _: Option<&str>, _: Vec<Order>, _: Option<u32>) -> Result<Query> {
        Err(nothing_there())
    }
}

fn nothing_there() -> Error {
    Error::new(
        Code::ISV_UNEXPECTED,
        "a plug-in makes no service calls while it describes itself",
    )
}
