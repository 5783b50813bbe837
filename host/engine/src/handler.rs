//! What a step calls: a plug-in ([`crate::plugin`]), or what a capability brings. Frames, images,
//! traces, and who is to blame stay with the steps; a handler does the work in between.

use sluice_access::Principal;
use sluice_model::{Result, Uuid};
use sluice_sandbox::{Context, Usage};

use crate::{Operation, Unit, snapshot::Parts, step::Step};

/// What a step calls.
pub trait Handler: Send + Sync + std::fmt::Debug {
    /// What sort of handler it is, in a word for errors and traces: `plug-in`.
    fn kind(&self) -> &'static str;

    /// The plug-in that it is, as `assembly/type`; empty where it is none.
    fn plugin(&self) -> String {
        String::new()
    }

    /// The configuration that traces show.
    fn configuration(&self) -> Option<&str> {
        None
    }

    /// Makes ready what can take long, before the call begins.
    ///
    /// # Errors
    /// It cannot be called.
    fn prepare(&self, _: &mut Unit) -> Result<()> {
        Ok(())
    }

    /// Whether it has to do with the row of an operation.
    ///
    /// # Errors
    /// The database cannot be read.
    fn concerns(&self, _: &mut Unit, _: &Operation) -> Result<bool> {
        Ok(true)
    }

    /// As whom it acts in the place of `caller`, who set it off, where its step names nobody. Nothing, where it acts as
    /// the caller.
    ///
    /// # Errors
    /// The database cannot be read.
    fn acts_in_place_of(&self, _: &mut Unit, _caller: &Principal) -> Result<Option<Uuid>> {
        Ok(None)
    }

    /// Of an asynchronous step: writes the jobs that follow what an operation has just done, where
    /// they are of a kind of its own ([`Unit::queue_job`]). Without any, the step has a job as steps
    /// have, which calls the handler.
    ///
    /// # Errors
    /// They cannot be written.
    fn queue(&self, _: &mut Unit, _: &Operation) -> Result<Queued> {
        Ok(Queued::AsStep)
    }

    /// Does the work, in the name of the step's user ([`Unit::call_service`]).
    fn call(&self, unit: &mut Unit, step: &Step, context: Context) -> Called;
}

/// What follows an asynchronous step.
#[derive(Debug)]
pub enum Queued {
    /// A job that calls its handler.
    AsStep,
    /// These jobs, which run once the transaction is committed.
    Own(Vec<Uuid>),
}

/// What came of a call.
#[derive(Debug)]
pub struct Called {
    /// The context as the handler left it, whatever the outcome.
    pub context: Context,
    /// How it ended.
    pub outcome: Result<()>,
    /// What the plug-in said, and used; nothing where no plug-in ran.
    pub ran: Option<(String, Usage)>,
}

/// Where steps come from that are no rows of `sdkmessageprocessingstep`.
pub trait StepSource: Sync {
    /// The tables that they, and the parts of the configuration behind them, are made of. A write to one of them makes the steps anew.
    fn tables(&self) -> &'static [&'static str];

    /// The steps that are at work, by what capabilities keep of the configuration.
    fn steps(&self, parts: &Parts) -> Vec<Step>;
}
