//! The service that plug-ins call: each call is a message of its own, one level deeper.

use sluice_model::{Error, Name, Order, Parameter, Query, Reached, Request, Response, Result, Timestamp, odata};
use sluice_sandbox::{Caller, Context, Services, parameters_size, row_count};

use crate::{
    Unit,
    jobs::{self, Made},
    operation::Incoming,
    pipeline,
    steps::swallowed_error,
    trace::on_table,
};

impl Services for Unit {
    /// Once a call has ended the transaction, none does anything any more.
    fn before_call(&mut self, memory: u64) -> Result<()> {
        let frame = self.frames.last().filter(|frame| frame.in_transaction);
        match frame.and_then(|frame| frame.failed_call.as_ref()) {
            Some(failed) => Err(swallowed_error(failed)),
            None => self.spend_call(memory),
        }
    }

    fn carried(&mut self, rows: u64, bytes: u64) -> Result<()> {
        self.spend_data(rows, bytes)
    }

    fn execute(&mut self, context: &Context, caller: Caller, request: Request) -> Result<Response> {
        let Some(frame) = self.frames.last() else {
            return Err(Error::host("a service call outside any step"));
        };
        let (initiating, level) = (frame.initiating.clone(), frame.level + 1);
        let in_transaction = frame.in_transaction;
        let principal = match caller {
            Caller::StepUser => frame.step_user.clone(),
            Caller::InitiatingUser => initiating.clone(),
            // The sandbox lets such a call through only where the step was granted it.
            Caller::System => self.as_shown(self.system()),
        };
        jobs::renew(self)?;
        let (message, table) = (request.message.clone(), table_of(&request));
        let description = on_table(&message, table.as_ref());
        let recorder = self
            .purpose
            .recorder()
            .cloned()
            .map(|recorder| (recorder, request.clone()));
        let number = match self.call_of_job(caller, &request, &description)? {
            Made::Before(answer) => return answer,
            Made::Now(number) => number,
        };
        let incoming = Incoming::nested(context, level, principal, initiating, request);
        self.trace.enter_call(message, table);
        // Before the request's transaction a call has one of its own: in a trial, whose
        // transaction is open from the start, it is a savepoint.
        let own = match self.tx.is_open() && !in_transaction {
            true => Some(self.savepoint()?),
            false => None,
        };
        let mut result = pipeline::run(self, incoming);
        if let Some(before) = own {
            // What holds at the end of a transaction holds at the end of this one.
            result = result.and_then(|response| self.check_administration().map(|()| response));
            match &result {
                Ok(_) => self.release(before)?,
                Err(_) => self.back_to(before)?,
            }
        }
        let result = result.map_err(|error| self.through_call(error, description));
        self.trace.leave(result.as_ref().err());
        if let Some((recorder, request)) = recorder {
            recorder.called(caller, request, &result);
        }
        self.call_of_job_answered(number, &result);
        if let Err(error) = &result {
            self.call_failed(error);
        }
        result
    }

    /// A call that the sandbox itself refused is a failed service call like any other.
    fn refused(&mut self, error: &Error) {
        self.call_failed(error);
    }

    fn now(&mut self) -> Timestamp {
        let now = self.time_of_job();
        if let Some(recorder) = self.purpose.recorder() {
            recorder.told_time(now);
        }
        now
    }

    fn random(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        if !self.random_of_job(&mut bytes) {
            self.core.env.random(&mut bytes);
        }
        if let Some(recorder) = self.purpose.recorder() {
            recorder.gave(&bytes);
        }
        bytes
    }

    fn parse_query(
        &mut self,
        table: &str,
        columns: Vec<Name>,
        filter: Option<&str>,
        order: Vec<Order>,
        top: Option<u32>,
    ) -> Result<Query> {
        let asked = self
            .purpose
            .recorder()
            .cloned()
            .map(|recorder| (recorder, columns.clone(), order.clone()));
        let parsed = self.query_of(table, columns, filter, order, top);
        if let Some((recorder, columns, order)) = asked {
            recorder.parsed((table, &columns, filter), &order, top, &parsed);
        }
        parsed
    }
}

impl Unit {
    /// A service call of the step that runs now has failed. Inside the transaction none after it does anything.
    fn call_failed(&mut self, error: &Error) {
        match self.frames.last_mut() {
            Some(frame) if frame.in_transaction => {
                frame.failed_call.get_or_insert_with(|| error.clone());
            }
            Some(frame) => frame.failed_call = Some(error.clone()),
            None => {}
        }
    }

    /// The error of a service call of the step that runs now. Where no other step is to blame, the call is what
    /// failed; else it only led to the one that is.
    fn through_call(&self, mut error: Error, call: String) -> Error {
        let body = error.body_mut();
        match (&body.step, self.frames.last()) {
            (Some(_), Some(frame)) => body.reached.push(Reached {
                step: frame.step.info(),
                call,
            }),
            _ => {
                body.call.get_or_insert(call);
            }
        }
        error
    }

    /// The query that texts say, in the name of the step's user.
    fn query_of(
        &mut self,
        table: &str,
        columns: Vec<Name>,
        filter: Option<&str>,
        order: Vec<Order>,
        top: Option<u32>,
    ) -> Result<Query> {
        let step_user = self.frames.last().map(|frame| frame.step_user.clone());
        let surroundings = self.surroundings(&step_user.ok_or_else(|| Error::host("a query outside any step"))?)?;
        let table = surroundings.catalog.table(table)?;
        let mut query = Query::new(table.name.clone());
        query.columns = Some(columns).filter(|columns| !columns.is_empty());
        query.order = order;
        query.top = top;
        if let Some(text) = filter {
            query.filter = odata::filter(&surroundings, table, text)?;
        }
        Ok(query)
    }
}

impl Unit {
    /// Makes a service call for the handler that runs now, in the name of its step's user.
    ///
    /// # Errors
    /// Those of the message; the request may make no further call.
    pub fn call_service(&mut self, context: &Context, request: Request) -> Result<Response> {
        self.before_call(0)?;
        self.carried(0, parameters_size(&request.inputs))?;
        let response = self.execute(context, Caller::StepUser, request)?;
        let rows = u64::try_from(row_count(&response.outputs)).unwrap_or(u64::MAX);
        self.carried(rows, parameters_size(&response.outputs))?;
        Ok(response)
    }

    /// What sort of handler made the message under way; nothing, where none did.
    pub fn called_by(&self) -> Option<&'static str> {
        self.frames.last().map(|frame| frame.step.handler.kind())
    }
}

/// The table that a call is about.
fn table_of(request: &Request) -> Option<Name> {
    request.inputs.values().find_map(|parameter| match parameter {
        Parameter::Row(row) => Some(row.table.clone()),
        Parameter::Reference(reference) => Some(reference.table.clone()),
        Parameter::Query(query) => Some(query.table.clone()),
        _ => None,
    })
}
