//! Plug-ins that are met before they are compiled. Nobody holds the writer while a compiler runs:
//! a transaction that meets such a plug-in is given up, the plug-in compiled, and the transaction
//! run again from its opening.

use std::{collections::HashMap, sync::Arc, time::Instant};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use sluice_model::{Error, Reference, Remedy, Result, Uuid};
use sluice_sandbox::{Plugin, PluginType};
use sluice_store::Beside;

use crate::{
    Unit,
    engine::{Core, lock},
    plugin::PluginHandler,
    step::Step,
    tables,
};

/// Of so many contents it is kept in memory what they declare.
const DECLARED: usize = 64;

/// So many components that were made of modules are kept in memory, until their plug-ins are there.
const MADE: usize = 4;

/// What the transaction under way waits for.
pub(crate) struct Waiting {
    digest: String,
    bytes: Vec<u8>,
    /// A core module, of which a component has to be made; else a component.
    is_module: bool,
}

/// The plug-ins that could not be compiled, by their digests: what ran again is told, and does not
/// wait once more.
pub(crate) type Uncompilable = HashMap<String, Error>;

impl Waiting {
    /// Compiles it; that it fails is remembered.
    pub(crate) fn compile(self, core: &Core, failed: &mut Uncompilable) {
        let done = core.sandbox().and_then(|sandbox| match self.is_module {
            true => sandbox
                .componentize(&self.bytes)
                .map(|component| keep_made(core, self.digest.clone(), component)),
            false => sandbox
                .load(&self.bytes)
                .map(|plugin| drop(lock(&core.plugins).insert(self.digest.clone(), plugin))),
        });
        if let Err(error) = done {
            failed.insert(self.digest, error);
        }
    }
}

fn keep_made(core: &Core, module: String, component: Vec<u8>) {
    let mut made = lock(&core.components);
    if made.len() >= MADE {
        made.clear();
    }
    made.insert(module, component);
}

/// Runs `attempt` until it meets no plug-in that is not compiled yet. Each time another one is, or
/// is known to be none, so this ends.
pub(crate) fn until_compiled<T>(unit: &mut Unit, mut attempt: impl FnMut(&mut Unit) -> T) -> T {
    loop {
        let ended = attempt(unit);
        let Some(waiting) = unit.waiting.take() else {
            return ended;
        };
        let began = Instant::now();
        let core = Arc::clone(&unit.core);
        waiting.compile(&core, &mut unit.uncompilable);
        // The compiler's time is not the request's.
        unit.budget.pause(began.elapsed());
    }
}

impl Unit {
    /// The compiled plug-in of a step.
    ///
    /// # Errors
    /// It is not what was pushed, or cannot be compiled. Inside a transaction that writes, one that
    /// is not compiled yet ends the transaction, which then runs again.
    pub(crate) fn plugin(&mut self, called: &PluginHandler) -> Result<Plugin> {
        self.compiled(&called.digest, |unit| unit.component(called.assembly, &called.digest))
    }

    /// What the content of a plug-in's file declares: `content` is asked where it is not known by
    /// its digest. It is run for that, under the limits of a call.
    ///
    /// # Errors
    /// As [`Self::plugin`]; it fails to say what it declares.
    pub fn declared(
        &mut self,
        digest: &str,
        content: impl FnOnce(&mut Self) -> Result<Vec<u8>>,
    ) -> Result<Arc<[PluginType]>> {
        if let Some(types) = lock(&self.core.declared).get(digest) {
            return Ok(types.clone());
        }
        let plugin = self.compiled(digest, content)?;
        let types: Arc<[PluginType]> = self.core.sandbox()?.describe(&plugin)?.into();
        let mut declared = lock(&self.core.declared);
        if declared.len() >= DECLARED {
            declared.clear();
        }
        declared.insert(digest.to_owned(), types.clone());
        Ok(types)
    }

    /// The component that a plug-in's file becomes.
    ///
    /// # Errors
    /// As [`Self::plugin`]; the file is none of a plug-in.
    pub fn componentize(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        if sluice_sandbox::admit(bytes)? {
            return Ok(bytes.to_vec());
        }
        let digest = digest(bytes);
        if let Some(component) = lock(&self.core.components).get(&digest) {
            return Ok(component.clone());
        }
        if let Some(error) = self.uncompilable.get(&digest) {
            return Err(error.clone());
        }
        self.check_waiting()?;
        if !self.tx.writable() {
            return self.core.sandbox()?.componentize(bytes);
        }
        self.waiting = Some(Waiting {
            digest,
            bytes: bytes.to_vec(),
            is_module: true,
        });
        Err(waits())
    }

    /// What the content of a plug-in as it is stored declares.
    ///
    /// # Errors
    /// As [`Self::declared`]; there is no such plug-in.
    pub fn declared_by(&mut self, assembly: Uuid) -> Result<Arc<[PluginType]>> {
        let row = Reference::new(tables::ASSEMBLY, assembly);
        let row = self.read_as_platform("see what a plug-in declares", &row, Some(&["sourcehash".into()]))?;
        let Some(digest) = row.as_ref().and_then(|row| row.text("sourcehash")) else {
            return Ok(Arc::default());
        };
        self.declared(digest, |unit| unit.component(assembly, digest))
    }

    /// The compiled plug-in of that digest; `content` is asked where there is none yet.
    fn compiled(&mut self, digest: &str, content: impl FnOnce(&mut Self) -> Result<Vec<u8>>) -> Result<Plugin> {
        if let Some(plugin) = lock(&self.core.plugins).get(digest) {
            return Ok(plugin.clone());
        }
        if let Some(error) = self.uncompilable.get(digest) {
            return Err(error.clone());
        }
        self.check_waiting()?;
        let component = content(self)?;
        let sandbox = self.core.sandbox()?;
        let plugin = match sandbox.ready(&component)? {
            Some(plugin) => plugin,
            None if self.tx.writable() => {
                self.waiting = Some(Waiting {
                    digest: digest.to_owned(),
                    bytes: component,
                    is_module: false,
                });
                return Err(waits());
            }
            None => sandbox.load(&component).inspect_err(|error| {
                let error = error.clone();
                self.uncompilable.insert(digest.to_owned(), error);
            })?,
        };
        lock(&self.core.plugins).insert(digest.to_owned(), plugin.clone());
        Ok(plugin)
    }

    /// Compiles what the steps call before the first of them starts, where calls are committed as
    /// they come: none of them is made twice. That one cannot be compiled is told when it is called.
    pub(crate) fn compile_ahead<'a>(&mut self, steps: impl Iterator<Item = &'a Arc<Step>>) {
        if self.tx.is_open() {
            return;
        }
        for step in steps {
            let _ = step.handler.prepare(self);
        }
    }

    /// A transaction that is given up does nothing more.
    pub(crate) fn check_waiting(&self) -> Result<()> {
        match self.waiting {
            Some(_) => Err(waits()),
            None => Ok(()),
        }
    }

    /// What an attempt leaves behind, unless it is made again.
    pub(crate) fn unless_compiling(&self, beside: Beside) -> Beside {
        match self.waiting {
            Some(_) => Beside::new(),
            None => beside,
        }
    }

    /// The component of a plug-in, as it was pushed.
    fn component(&mut self, assembly: Uuid, pushed: &str) -> Result<Vec<u8>> {
        let row = Reference::new(tables::ASSEMBLY, assembly);
        let row = self.read_as_platform("load the plug-in of a step", &row, Some(&["content".into()]))?;
        let content = row.as_ref().and_then(|row| row.text("content")).unwrap_or_default();
        let component = BASE64_STANDARD.decode(content).unwrap_or_default();
        match digest(&component) == pushed {
            true => Ok(component),
            false => Err(Error::host(format!(
                "the organisation's file is damaged: the content of the plug-in {assembly} is not what was pushed, and is \
                 not run. Push it again, or restore a backup"
            ))
            .with_remedy(Remedy::Restore)),
        }
    }
}

/// The digest by which a component is known.
pub fn digest(component: &[u8]) -> String {
    Sha256::digest(component)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn waits() -> Error {
    Error::host("a plug-in is being compiled, and the request runs again then")
}
