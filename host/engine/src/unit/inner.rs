//! Requests that a unit of work makes on the way: one level deeper, in the caller's name or as the platform.

use std::sync::Arc;

use sluice_access::Principal;
use sluice_model::{Reference, Request, Response, Result, Row};

use super::Unit;
use crate::{
    change::Why,
    operation::{Incoming, Operation},
    pipeline,
};

impl Unit {
    /// Runs a further message as a part of `operation`, one level deeper, in the name of
    /// its principal.
    ///
    /// # Errors
    /// Whatever the message gives.
    pub fn run_as_caller(&mut self, operation: &Operation, request: Request) -> Result<Response> {
        let principal = operation.principal().clone();
        self.run_nested(operation, principal, Why::Asked, request, &[])
    }

    /// As [`Self::run_as_caller`], for a row in which the platform itself set these lookups:
    /// they need no Append and no AppendTo.
    ///
    /// # Errors
    /// Whatever the message gives.
    pub fn run_with_platform_links(
        &mut self,
        operation: &Operation,
        request: Request,
        platform_links: &'static [&'static str],
    ) -> Result<Response> {
        let principal = operation.principal().clone();
        self.run_nested(operation, principal, Why::Asked, request, platform_links)
    }

    /// Runs a further message as a part of `operation`, one level deeper, as the system.
    /// `reason` says why the caller's own privileges do not count.
    ///
    /// # Errors
    /// Whatever the message gives.
    pub fn run_as_system(&mut self, operation: &Operation, reason: &'static str, request: Request) -> Result<Response> {
        let principal = self.system();
        self.run_nested(operation, principal, Why::Platform(reason), request, &[])
    }

    /// Starts the process of a row that `operation` has just made, as the system: who may make
    /// the row has its process started.
    pub fn run_fresh(&mut self, operation: &Operation, table: &str, request: Request) -> Result<Response> {
        let snapshot = self.snapshot()?;
        let (system, initiating) = (self.system(), operation.initiating.clone());
        // Where no step can look at it, the parent's row is not copied: every new lead comes here.
        let level = operation.level;
        let nested = if snapshot.steps.of("Create", Some(table)).is_empty() {
            Incoming::nested(&operation.outline().context, level, system, initiating, request)
        } else {
            Incoming::nested(&operation.context, level, system, initiating, request)
        };
        pipeline::run(
            self,
            Incoming {
                why: Why::Along,
                bypass: operation.bypass.clone(),
                ..nested
            },
        )
    }

    fn run_nested(
        &mut self,
        operation: &Operation,
        principal: Arc<Principal>,
        why: Why,
        request: Request,
        platform_links: &'static [&'static str],
    ) -> Result<Response> {
        let incoming = Incoming {
            why,
            part_of: Some(operation.message.name()),
            platform_links,
            importing: operation.importing,
            bypass: operation.bypass.clone(),
            ..Incoming::nested(
                &operation.context,
                operation.level,
                principal,
                operation.initiating.clone(),
                request,
            )
        };
        pipeline::run(self, incoming)
    }

    /// Writes a row as the system, outside any operation: only while an organisation is
    /// founded or an app installed.
    ///
    /// # Errors
    /// Whatever Create gives.
    pub fn found(&mut self, row: Row) -> Result<Reference> {
        let table = row.table.clone();
        let response = self.found_message(Request::create(row))?;
        Ok(Reference {
            table,
            id: response.created().unwrap_or_default(),
        })
    }

    /// Runs a message as the system, outside any operation: only while an organisation is
    /// founded or an app installed.
    ///
    /// # Errors
    /// Whatever the message gives.
    pub fn found_message(&mut self, request: Request) -> Result<Response> {
        self.run_for_host("found the organisation", request)
    }

    /// Runs a message as the system that is a part of no other one: what the host itself does.
    pub fn run_for_host(&mut self, reason: &'static str, request: Request) -> Result<Response> {
        let system = self.snapshot()?.system.clone();
        let correlation = self.core.env.new_id();
        let incoming = Incoming {
            why: Why::Platform(reason),
            ..Incoming::outermost(system, correlation, request)
        };
        pipeline::run(self, incoming)
    }
}
