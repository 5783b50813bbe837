//! Plug-ins in wasmtime: load, check, link once, run once, limit, refuse.
//!
//! A plug-in's file becomes a component once ([`Sandbox::componentize`]) and is compiled, in a process of its
//! own, is linked once ([`Sandbox::load`]), and runs in a fresh instance for each call ([`Sandbox::call`]), which
//! cannot reach anything but what the contract's interfaces hand it. The pipeline's unit of
//! work goes in as [`Services`] and comes back with whatever happened, also after a trap.
//!
//! The only crate that knows wasmtime, and no type of it shows. It knows no database, no
//! table definition and no principal: those are behind [`Services`].
//!
//! A thread that calls [`Sandbox::call`] needs a stack of [`stack_for`] the depth to which
//! plug-ins may set each other off: a guest fills up to [`GUEST_STACK`] of the caller's
//! stack, and the overflow of the thread's own stack would end the process.

mod bindings;
mod budget;
mod cache;
mod call;
mod compile;
mod component;
mod convert;
mod describe;
mod engine;
mod host;
mod limits;
mod os;
mod outcome;
mod plugin;
mod structure;
mod trace;

pub use call::{Call, Caller, Context, Finished, Grants, Left, Place, Services, Usage};
pub use compile::{Compiler, run_compiler};
pub use component::{MAXIMUM_SIZE, admit, componentize, version};
pub use convert::{parameters_size, row_count};
pub use describe::{Argument, DeclaredImage, DeclaredStep, PluginType};
pub use engine::{GUEST_STACK, Sandbox, Settings, stack_for};
pub use limits::{Limits, Mode};
pub use plugin::Plugin;
