//! `service`: calls into the pipeline.

use sluice_model::{
    Code, Error, Name, Order, Parameter, Parameters, Query, Request, Response, Result, Row, Uuid, codes::Kind,
};

use super::{State, abort};
use crate::{
    Caller,
    bindings::sluice::plugin::{
        service,
        types::{self, ServiceError},
    },
    convert,
};

/// What a service function gives: `Err` ends the call, the inner `Err` is the plug-in's to handle.
type Answer<T> = wasmtime::Result<std::result::Result<T, ServiceError>>;

impl State {
    /// Makes one service call: counted, limited, timed.
    fn serve(&mut self, caller: service::Caller, request: Result<Request>) -> Answer<Parameters> {
        let request = match self.permitted(caller).and(request) {
            Ok(request) => request,
            Err(error) => {
                self.services.refused(&error);
                return Ok(Err(self.failed(error)));
            }
        };
        self.carry(0, convert::parameters_size(&request.inputs))
            .map_err(abort)?;
        let since = self.budget.now();
        let result = self.services.execute(&self.context, caller_in(caller), request);
        match self.budget.away(since, result) {
            Err(error) => Ok(Err(self.failed(error))),
            Ok(Response { outputs }) => {
                self.budget.time().map_err(abort)?;
                let rows = u64::try_from(convert::row_count(&outputs)).unwrap_or(u64::MAX);
                self.carry(rows, convert::parameters_size(&outputs)).map_err(abort)?;
                Ok(Ok(outputs))
            }
        }
    }

    /// Counts what a service call carries, one way, for the call and for the request.
    fn carry(&mut self, rows: u64, bytes: u64) -> Result<()> {
        self.budget.rows(rows)?;
        self.budget.bytes(bytes)?;
        self.services.carried(rows, bytes)
    }

    /// Counts a service call, before anything of it is looked at.
    fn count(&mut self) -> wasmtime::Result<()> {
        self.services.before_call(self.budget.memory.size()).map_err(abort)?;
        self.budget.host_call().map_err(abort)
    }

    fn permitted(&self, caller: service::Caller) -> Result<()> {
        if matches!(caller, service::Caller::System) && !self.grants.system {
            let message = "the plug-in made a call as the system, which the step was not granted";
            let mut error = Error::new(Code::PRIVILEGE_DENIED, message);
            error.body_mut().capability = Some("system".to_owned());
            return Err(error);
        }
        Ok(())
    }

    /// Keeps an error on the host's side and gives the plug-in its handle.
    fn failed(&mut self, error: Error) -> ServiceError {
        let handle = u32::try_from(self.errors.len()).unwrap_or(u32::MAX);
        // What went wrong inside the host is not the plug-in's business.
        let message = match error.code().info().kind {
            Kind::Host => "the host failed".to_owned(),
            _ => error.message().to_owned(),
        };
        let answer = ServiceError {
            handle,
            code: error.code().to_string(),
            message,
        };
        self.errors.push(error);
        answer
    }

    fn query(&mut self, query: service::Query) -> Result<Query> {
        let order = query.order.into_iter().map(|one| Order {
            column: one.column.into(),
            descending: one.descending,
        });
        let columns = query.columns.into_iter().map(Name::from).collect();
        let top = Some(self.budget.top(query.top));
        let since = self.budget.now();
        let parsed = self
            .services
            .parse_query(&query.table, columns, query.filter.as_deref(), order.collect(), top);
        self.budget.away(since, parsed)
    }
}

impl service::Host for State {
    fn create(&mut self, caller: service::Caller, row: types::Row) -> Answer<String> {
        self.count()?;
        let outputs = self.serve(caller, convert::row_in(row).map(Request::create))?;
        finish(self, outputs, |mut outputs| match outputs.remove("id") {
            Some(Parameter::Value(value)) => value.as_id().map(|id: Uuid| id.to_string()),
            _ => None,
        })
    }

    fn retrieve(
        &mut self,
        caller: service::Caller,
        target: types::Reference,
        columns: Vec<String>,
    ) -> Answer<types::Row> {
        self.count()?;
        let request = convert::reference_in(&target.table, &target).map(|target| {
            let columns = columns.into_iter().map(Name::from).collect();
            Request::new("Retrieve")
                .with("Target", target)
                .with("ColumnSet", Parameter::Names(columns))
        });
        let outputs = self.serve(caller, request)?;
        finish(self, outputs, |mut outputs| match outputs.remove("BusinessEntity") {
            Some(Parameter::Row(row)) => Some(convert::row_out(&row)),
            _ => None,
        })
    }

    fn retrieve_multiple(&mut self, caller: service::Caller, query: service::Query) -> Answer<Vec<types::Row>> {
        self.count()?;
        let request = self.query(query).map(Request::retrieve_multiple);
        let outputs = self.serve(caller, request)?;
        finish(self, outputs, |mut outputs| {
            match outputs.remove("BusinessEntityCollection") {
                Some(Parameter::Rows(rows)) => Some(rows.iter().map(convert::row_out).collect()),
                _ => None,
            }
        })
    }

    fn update(&mut self, caller: service::Caller, row: types::Row) -> Answer<()> {
        self.count()?;
        let request = convert::row_in(row).and_then(with_id).map(Request::update);
        let outputs = self.serve(caller, request)?;
        finish(self, outputs, |_| Some(()))
    }

    fn delete(&mut self, caller: service::Caller, target: types::Reference) -> Answer<()> {
        self.count()?;
        let request = convert::reference_in(&target.table, &target).map(Request::delete);
        let outputs = self.serve(caller, request)?;
        finish(self, outputs, |_| Some(()))
    }

    fn execute(
        &mut self,
        caller: service::Caller,
        message: String,
        inputs: Vec<types::NamedParameter>,
    ) -> Answer<Vec<types::NamedParameter>> {
        self.count()?;
        let outputs = self.serve(caller, request_in(message, inputs))?;
        finish(self, outputs, |outputs| {
            let out = |(name, parameter): (&Name, &Parameter)| {
                let parameter = convert::parameter_out(parameter)?;
                Some(types::NamedParameter {
                    name: name.to_string(),
                    parameter,
                })
            };
            Some(outputs.iter().filter_map(out).collect())
        })
    }
}

/// Takes the answer out of the outputs; that it is not there is a failure of the host.
fn finish<T>(
    state: &mut State,
    outputs: std::result::Result<Parameters, ServiceError>,
    read: impl FnOnce(Parameters) -> Option<T>,
) -> Answer<T> {
    let outputs = match outputs {
        Ok(outputs) => outputs,
        Err(error) => return Ok(Err(error)),
    };
    Ok(read(outputs).ok_or_else(|| state.failed(Error::host("a message answered without its output parameter"))))
}

fn with_id(row: Row) -> Result<Row> {
    if row.id.is_nil() {
        return Err(Error::invalid(format!(
            "Update of `{}` without the row's id",
            row.table
        )));
    }
    Ok(row)
}

fn request_in(message: String, inputs: Vec<types::NamedParameter>) -> Result<Request> {
    let mut request = Request::new(message);
    for input in inputs {
        if request.input(&input.name).is_some() {
            return Err(Error::invalid(format!("the parameter `{}` is given twice", input.name)));
        }
        let parameter = convert::parameter_in(&input.name, input.parameter)?;
        request.inputs.insert(input.name.into(), parameter);
    }
    Ok(request)
}

fn caller_in(caller: service::Caller) -> Caller {
    match caller {
        service::Caller::StepUser => Caller::StepUser,
        service::Caller::InitiatingUser => Caller::InitiatingUser,
        service::Caller::System => Caller::System,
    }
}
