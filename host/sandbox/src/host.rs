//! The host's side of the contract: what a running plug-in can reach.

mod context;
mod log;
mod service;

pub(crate) use log::not_granted;

use sluice_model::{Code, Error};

use crate::{Call, Context, Grants, Limits, budget::Budget, call::AnyServices, trace::Trace};

/// The handle that a plug-in holds on a context: how many parents up, 0 for its own.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum ExecutionContext {}

/// Everything of one call; lives in the call's store.
pub(crate) struct State {
    pub(crate) context: Context,
    pub(crate) services: Box<dyn AnyServices>,
    pub(crate) grants: Grants,
    pub(crate) configuration: Option<String>,
    pub(crate) secure_configuration: Option<String>,
    pub(crate) budget: Budget,
    pub(crate) trace: Trace,
    /// The failed service calls, found by their handle.
    pub(crate) errors: Vec<Error>,
    pub(crate) panic: Option<Panic>,
    /// Why the plug-in asked to be tried again.
    pub(crate) again: Option<String>,
}

/// Why the plug-in was about to trap, in its own words.
#[derive(Debug)]
pub(crate) struct Panic {
    pub(crate) message: String,
    pub(crate) function: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

impl State {
    /// The state at the start of `call`, with the name of the plug-in to call.
    pub(crate) fn new(call: Call, services: Box<dyn AnyServices>) -> (String, Self) {
        let Call {
            type_name,
            context,
            limits,
            grants,
            configuration,
            secure_configuration,
            left,
        } = call;
        let state = Self {
            context,
            services,
            grants,
            configuration,
            secure_configuration,
            budget: Budget::new(limits, left),
            trace: Trace::new(limits.trace),
            errors: Vec::new(),
            panic: None,
            again: None,
        };
        (type_name, state)
    }

    /// The limits of the call.
    pub(crate) fn limits(&self) -> &Limits {
        &self.budget.limits
    }
}

/// Ends the call with `error`.
fn abort(error: Error) -> wasmtime::Error {
    wasmtime::Error::new(error)
}

/// Ends the call because the plug-in gave the host something of the wrong form where the
/// contract has no room for an answer.
fn misuse(error: Error) -> wasmtime::Error {
    let mut error = error;
    error.body_mut().code = Code::ISV_UNEXPECTED;
    abort(error)
}
