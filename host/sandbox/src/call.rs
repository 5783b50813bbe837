//! One call of a plug-in: what goes in, what it may reach, what comes back.

use std::{any::Any, collections::BTreeMap, sync::Arc, time::Duration};

use sluice_model::{
    Error, Name, Named, Order, Parameter, Parameters, Query, Request, Response, Result, Row, Timestamp, Uuid, Value,
};

use crate::Limits;

/// A call of one plug-in of a file.
#[derive(Debug, Clone)]
pub struct Call {
    /// The plug-in's name, as described.
    pub type_name: String,
    /// What the plug-in sees of the operation.
    pub context: Context,
    /// What the call may use.
    pub limits: Limits,
    /// What an administrator granted.
    pub grants: Grants,
    /// The configuration of the step that everybody may read who may read steps.
    pub configuration: Option<String>,
    /// The configuration that only administrators may read.
    pub secure_configuration: Option<String>,
    /// What is left for it of what the whole request may use.
    pub left: Left,
}

/// What is left for a call of what the whole request may use; nothing is said where there is no
/// bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// Linear memory, in bytes.
    pub memory: Option<u64>,
    /// Time in all.
    pub time: Option<Duration>,
}

/// What an administrator granted to a step. Nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grants {
    /// To ask for the time.
    pub clock: bool,
    /// To ask for randomness.
    pub random: bool,
    /// To make calls as the system.
    pub system: bool,
}

/// What a plug-in sees of the operation, and what it may change of it.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The message.
    pub message: Name,
    /// 10 pre-validation, 20 pre-operation, 40 post-operation.
    pub stage: i32,
    /// 0 synchronous, 1 asynchronous.
    pub mode: i32,
    /// 1 for the request itself, one more for each request made by a plug-in.
    pub depth: u32,
    /// The primary table, if the message has one.
    pub table: Option<Name>,
    /// The id of the primary row, once it is known.
    pub id: Option<Uuid>,
    /// The user that the step runs as.
    pub user: Uuid,
    /// The user whose request started the pipeline.
    pub initiating_user: Uuid,
    /// The business unit of `user`.
    pub business_unit: Uuid,
    /// The organization.
    pub organization: Uuid,
    /// Its name.
    pub organization_name: Arc<str>,
    /// The id that all operations of one outermost request share.
    pub correlation: Uuid,
    /// The id of the request, if it has one.
    pub request: Option<Uuid>,
    /// The step.
    pub step: Uuid,
    /// Whether the operation is in the transaction.
    pub in_transaction: bool,
    /// When the operation was created.
    pub created_on: Timestamp,
    /// The Target, where it is a row.
    pub target: Option<Row>,
    /// Which attempt of the job this is, from 1; 0 where that is not counted.
    pub attempt: u32,
    /// The other input parameters.
    pub inputs: Parameters,
    /// The output parameters.
    pub outputs: Parameters,
    /// The variables that steps of one pipeline pass on.
    pub shared: Named<Value>,
    /// The pre-images by alias.
    pub pre_images: Named<Arc<Row>>,
    /// The post-images by alias.
    pub post_images: Named<Arc<Row>>,
    /// The context of the operation that set this one off. Plug-ins can read it only.
    pub parent: Option<Arc<Context>>,
    /// Where the plug-in has written into the Target and the inputs, and what stood there before.
    pub changes: BTreeMap<Place, Option<Parameter>>,
    /// Of a step that consists of actions: which of them wrote there last.
    pub actions: BTreeMap<Place, String>,
}

/// A place of a context that a plug-in can write to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// A column of the Target.
    Column(Name),
    /// An input parameter.
    Input(Name),
}

impl Place {
    /// The name of the column or parameter.
    pub fn name(&self) -> &Name {
        match self {
            Self::Column(name) | Self::Input(name) => name,
        }
    }

    /// What stands there; nothing where it is absent.
    pub fn of(&self, context: &Context) -> Option<Parameter> {
        match self {
            Self::Column(name) => {
                let value = context.target.as_ref().and_then(|row| row.get(name));
                value.cloned().map(Parameter::Value)
            }
            Self::Input(name) => context.inputs.get(name).cloned(),
        }
    }

    /// Puts something there, or takes away what is there.
    pub fn put(&self, context: &mut Context, what: Option<Parameter>) {
        match (self, what) {
            (Self::Column(name), Some(Parameter::Value(value))) => {
                if let Some(target) = &mut context.target {
                    target.values.insert(name.clone(), value);
                }
            }
            (Self::Column(name), _) => {
                if let Some(target) = &mut context.target {
                    target.values.remove(name);
                }
            }
            (Self::Input(name), Some(parameter)) => {
                context.inputs.insert(name.clone(), parameter);
            }
            (Self::Input(name), None) => {
                context.inputs.remove(name);
            }
        }
    }
}

/// In whose name a service call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    /// The step's user: the run-as user, or else the calling user.
    StepUser,
    /// The user whose request started the pipeline.
    InitiatingUser,
    /// The system. Only calls that were granted it get here.
    System,
}

/// What a plug-in's calls reach: the pipeline's unit of work. It moves into the call and comes
/// back with [`Finished`], also after a trap. Only if one of these methods panics is it lost;
/// the panic then passes through [`crate::Sandbox::call`].
pub trait Services: Send + 'static {
    /// Runs a message, one level deeper. `context` is that of the calling plug-in, as it has changed it so far.
    ///
    /// # Errors
    /// Those of the pipeline; the plug-in gets code and message, and can hand the error on whole.
    fn execute(&mut self, context: &Context, caller: Caller, request: Request) -> Result<Response>;

    /// Asked before each service call is looked at. The plug-in has `memory` bytes meanwhile.
    ///
    /// # Errors
    /// Why no call is served any more; the plug-in's own call ends with it.
    fn before_call(&mut self, memory: u64) -> Result<()> {
        let _ = memory;
        Ok(())
    }

    /// Told what a service call carries: the bytes that go in, then the bytes and rows that come out.
    ///
    /// # Errors
    /// It is more than the request may; the plug-in's own call ends with it.
    fn carried(&mut self, rows: u64, bytes: u64) -> Result<()> {
        let _ = (rows, bytes);
        Ok(())
    }

    /// The time, for a plug-in that was granted `clock`.
    fn now(&mut self) -> Timestamp;

    /// `count` random bytes, at most 1,024, for a plug-in that was granted `random`.
    fn random(&mut self, count: usize) -> Vec<u8>;

    /// The query that a plug-in's retrieve-multiple asks for. `columns` empty means all; `filter` is OData's.
    ///
    /// # Errors
    /// Where the texts are no query on that table.
    fn parse_query(
        &mut self,
        table: &str,
        columns: Vec<Name>,
        filter: Option<&str>,
        order: Vec<Order>,
        top: Option<u32>,
    ) -> Result<Query>;

    /// Called where the sandbox itself failed a service call, before it came to
    /// [`Services::execute`]: a value of the wrong form, or a caller that was not granted.
    /// For a unit of work that counts failed calls; does nothing by default.
    fn refused(&mut self, error: &Error) {
        let _ = error;
    }
}

/// What a call leaves behind.
#[derive(Debug)]
pub struct Finished<S> {
    /// What went in as services.
    pub services: S,
    /// The context as the plug-in left it, whatever the outcome.
    pub context: Context,
    /// How the plug-in ended. The error names no step and no plug-in: that is the caller's to add.
    pub outcome: Result<()>,
    /// The trace: its last lines.
    pub trace: String,
    /// What the call used.
    pub usage: Usage,
}

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Time in the plug-in itself.
    pub cpu: Duration,
    /// Time in all, service calls included.
    pub wall: Duration,
    /// Linear memory at its largest, in bytes.
    pub memory: u64,
    /// Service calls.
    pub host_calls: u64,
    /// Rows read through service calls.
    pub rows: u64,
    /// Bytes that service calls carried.
    pub bytes: u64,
}

/// [`Services`] of any type, to be turned back into it.
pub(crate) trait AnyServices: Services {
    /// The services as what [`Any`] can turn back.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<S: Services> AnyServices for S {
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
