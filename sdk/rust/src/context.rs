//! The context of one call.

use rust_decimal::Decimal;

#[cfg(target_arch = "wasm32")]
use crate::backend::Backend;
use crate::{Caller, Parameter, Question, Reference, Row, Service, Value, backend::Host};

/// The stage of the pipeline in which a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// 10: before the caller's privileges are checked; outside the transaction for the outermost message.
    PreValidation,
    /// 20: in the transaction, before the row is written. Change the Target here.
    PreOperation,
    /// 40: in the transaction, after the row is written; asynchronous steps run after the commit.
    PostOperation,
}

impl Stage {
    /// Its number, as the platform writes it: 10, 20 or 40.
    pub const fn number(self) -> i32 {
        match self {
            Self::PreValidation => 10,
            Self::PreOperation => 20,
            Self::PostOperation => 40,
        }
    }
}

/// When a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// While the caller waits.
    Synchronous,
    /// Afterwards.
    Asynchronous,
}

/// The context of one call: what happens, to which row, for whom. Each getter is a call to the
/// host and costs a fraction of a microsecond; where you need most columns, take them all
/// with [`target`](Self::target) or [`pre_image`](Self::pre_image).
pub struct Context<'a> {
    host: Host<'a>,
}

/// What happens, and for whom.
impl<'a> Context<'a> {
    /// For hosts: the context that `host` answers for.
    #[doc(hidden)]
    pub fn new(host: Host<'a>) -> Self {
        Self { host }
    }

    /// The message: `Create`.
    pub fn message(&self) -> String {
        self.host.message()
    }

    /// The stage.
    pub fn stage(&self) -> Stage {
        match self.host.stage() {
            10 => Stage::PreValidation,
            20 => Stage::PreOperation,
            _ => Stage::PostOperation,
        }
    }

    /// Whether the caller waits.
    pub fn mode(&self) -> Mode {
        if self.host.mode() == 0 {
            Mode::Synchronous
        } else {
            Mode::Asynchronous
        }
    }

    /// 1 for the request itself, one more for each request made by a plug-in. The platform stops at 8.
    pub fn depth(&self) -> i32 {
        self.host.depth()
    }

    /// The logical name of the primary table, if the message has one.
    pub fn primary_table(&self) -> Option<String> {
        self.host.primary_table()
    }

    /// The id of the primary row, once it is known.
    pub fn primary_id(&self) -> Option<String> {
        self.host.primary_id()
    }

    /// The primary row, once it is known.
    pub fn primary(&self) -> Option<Reference> {
        Some(Reference {
            table: self.primary_table()?,
            id: self.primary_id()?,
        })
    }

    /// The user that the step runs as.
    pub fn user_id(&self) -> String {
        self.host.user_id()
    }

    /// The user whose request started the pipeline.
    pub fn initiating_user_id(&self) -> String {
        self.host.initiating_user_id()
    }

    /// The business unit of the calling user.
    pub fn business_unit_id(&self) -> String {
        self.host.business_unit_id()
    }

    /// The organisation's id.
    pub fn organization_id(&self) -> String {
        self.host.organization_id()
    }

    /// The organisation's name.
    pub fn organization_name(&self) -> String {
        self.host.organization_name()
    }

    /// What ties all calls of one request together, in traces too.
    pub fn correlation_id(&self) -> String {
        self.host.correlation_id()
    }

    /// The caller's own id of the request, if it gave one.
    pub fn request_id(&self) -> Option<String> {
        self.host.request_id()
    }

    /// The id of the step.
    pub fn owning_extension(&self) -> String {
        self.host.owning_extension()
    }

    /// Whether what the plug-in writes is undone when the operation fails.
    pub fn is_in_transaction(&self) -> bool {
        self.host.is_in_transaction()
    }

    /// When the operation was created, RFC 3339 in UTC. Needs no grant, unlike [`now`](Self::now).
    pub fn operation_created_on(&self) -> String {
        self.host.operation_created_on()
    }

    /// Which attempt this is of an asynchronous step: 1, and one more for each time that it
    /// asked to be tried again ([`Error::try_again`](crate::Error::try_again)). 1 for a synchronous one.
    pub fn attempt(&self) -> u32 {
        self.host.attempt()
    }

    /// The context of the operation that set this one off. After Create, Update and Delete began, it
    /// carries the variables that pre-validation steps shared.
    pub fn parent(&self) -> Option<Context<'static>> {
        self.host.parent().map(Context::new)
    }
}

/// The Target: the columns that the operation writes.
impl Context<'_> {
    /// All columns of the Target, if the message has one: Create and Update do. Of Assign, Delete,
    /// Retrieve and Merge the Target is a reference, which [`primary`](Self::primary) gives; of
    /// messages such as QualifyLead or Win what there is stands in the [`input`](Self::input)s.
    pub fn target(&self) -> Option<Row> {
        let columns = self.host.target_columns()?;
        let (table, id) = (
            self.primary_table().unwrap_or_default(),
            self.primary_id().unwrap_or_default(),
        );
        Some(Row::from_parts(table, id, columns))
    }

    /// A column of the Target; `None` if it was not sent, [`Value::Empty`] if it was cleared.
    pub fn target_value(&self, column: &str) -> Option<Value> {
        self.host.target(column)
    }

    /// Whether the column was sent, even if empty.
    pub fn target_has(&self, column: &str) -> bool {
        self.target_value(column).is_some()
    }

    /// The text of a column of the Target, if it was sent and is not empty.
    pub fn target_text(&self, column: &str) -> Option<String> {
        match self.target_value(column)? {
            Value::Text(text) | Value::DateTime(text) | Value::Date(text) | Value::Id(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number of a column of the Target, also of a choice.
    pub fn target_integer(&self, column: &str) -> Option<i32> {
        self.target_value(column)?.as_integer()
    }

    /// The exact number of a decimal, money or whole-number column of the Target.
    pub fn target_decimal(&self, column: &str) -> Option<Decimal> {
        self.target_value(column)?.as_decimal()
    }

    /// Yes or no, of a column of the Target.
    pub fn target_boolean(&self, column: &str) -> Option<bool> {
        self.target_value(column)?.as_boolean()
    }

    /// The reference in a column of the Target.
    pub fn target_lookup(&self, column: &str) -> Option<Reference> {
        match self.target_value(column)? {
            Value::Lookup(reference) => Some(reference),
            _ => None,
        }
    }

    /// Sets a column of the Target. Counts before the main operation only: afterwards the
    /// row is written, and a change needs [`Service::update`].
    pub fn set_target(&self, column: &str, value: impl Into<Value>) {
        self.host.set_target(column, value.into());
    }

    /// Takes a column out of the Target, so that the operation leaves it as it is.
    pub fn remove_target(&self, column: &str) {
        self.host.remove_target(column);
    }
}

/// Images, parameters and shared variables.
impl Context<'_> {
    /// The row before the operation; `None` if the step has no pre-image of that alias, or there
    /// was no row. A column that was empty, or that the image does not have, is not in it.
    pub fn pre_image(&self, alias: &str) -> Option<Row> {
        self.host.pre_image_columns(alias).map(|columns| self.image(columns))
    }

    /// Whether the step has a pre-image of that alias: it tells an alias that is not there from a
    /// column that was empty.
    pub fn has_pre_image(&self, alias: &str) -> bool {
        self.host.pre_image_columns(alias).is_some()
    }

    /// One column of a pre-image; `None` if it was empty, or there is no such image.
    pub fn pre_image_value(&self, alias: &str, column: &str) -> Option<Value> {
        self.host.pre_image(alias, column)
    }

    /// Whether the step has a post-image of that alias.
    pub fn has_post_image(&self, alias: &str) -> bool {
        self.host.post_image_columns(alias).is_some()
    }

    /// The row after the operation; `None` if the step has no post-image of that alias.
    pub fn post_image(&self, alias: &str) -> Option<Row> {
        self.host.post_image_columns(alias).map(|columns| self.image(columns))
    }

    /// One column of a post-image; `None` if it was empty, or there is no such image.
    pub fn post_image_value(&self, alias: &str, column: &str) -> Option<Value> {
        self.host.post_image(alias, column)
    }

    fn image(&self, columns: Vec<(String, Value)>) -> Row {
        Row::from_parts(
            self.primary_table().unwrap_or_default(),
            self.primary_id().unwrap_or_default(),
            columns,
        )
    }

    /// The names of the input parameters other than a Target row.
    pub fn input_names(&self) -> Vec<String> {
        self.host.input_names()
    }

    /// An input parameter.
    pub fn input(&self, name: &str) -> Option<Parameter> {
        self.host.input(name)
    }

    /// The question for rows that RetrieveMultiple asks: its input `Query`.
    pub fn question(&self) -> Option<Question> {
        self.question_of("Query")
    }

    /// An input parameter that is a question for rows; it is not among the
    /// [`input_names`](Self::input_names).
    pub fn question_of(&self, input: &str) -> Option<Question> {
        self.host.question_of(input)
    }

    /// Sets an input parameter.
    pub fn set_input(&self, name: &str, parameter: impl Into<Parameter>) {
        self.host.set_input(name, parameter.into());
    }

    /// The names of the output parameters; there are none before the main operation.
    pub fn output_names(&self) -> Vec<String> {
        self.host.output_names()
    }

    /// An output parameter.
    pub fn output(&self, name: &str) -> Option<Parameter> {
        self.host.output(name)
    }

    /// Sets an output parameter.
    pub fn set_output(&self, name: &str, parameter: impl Into<Parameter>) {
        self.host.set_output(name, parameter.into());
    }

    /// The names of the shared variables.
    pub fn shared_names(&self) -> Vec<String> {
        self.host.shared_names()
    }

    /// A variable that an earlier step of the pipeline shared.
    pub fn shared(&self, name: &str) -> Option<Value> {
        self.host.shared(name)
    }

    /// Shares a variable with later steps of the pipeline.
    pub fn set_shared(&self, name: &str, value: impl Into<Value>) {
        self.host.set_shared(name, value.into());
    }
}

/// What a plug-in can do.
impl Context<'_> {
    /// Calls into the pipeline as the step's user: the run-as user, or else the calling user.
    pub fn service(&self) -> Service<'_> {
        self.service_as(Caller::StepUser)
    }

    /// Calls into the pipeline in another name.
    pub fn service_as(&self, caller: Caller) -> Service<'_> {
        Service::new(&self.host, caller)
    }

    /// Writes a line into the trace of the call; see also [`trace!`](crate::trace!).
    pub fn trace(&self, line: &str) {
        self.host.trace(line);
    }

    /// The step's configuration, readable by everybody who may read steps.
    pub fn configuration(&self) -> Option<String> {
        self.host.unsecure_configuration()
    }

    /// The step's secret configuration, readable by administrators only.
    pub fn secure_configuration(&self) -> Option<String> {
        self.host.secure_configuration()
    }

    /// Now, RFC 3339 in UTC. The plug-in has to declare `wants("clock")`.
    pub fn now(&self) -> String {
        self.host.now()
    }

    /// Random bytes, at most 1,024. The plug-in has to declare `wants("random")`.
    pub fn random_bytes(&self, count: u32) -> Vec<u8> {
        self.host.random_bytes(count)
    }
}
