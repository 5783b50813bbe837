//! The contract's imports as a [`Backend`].

use super::{
    bindings::{
        ExecutionContext,
        sluice::plugin::{background, clock, configuration, log, random, service},
    },
    convert::pairs,
};
use crate::{
    Caller, Parameter, Parameters, Query, Question, Reference, Request, Row, ServiceError, Value,
    backend::{Backend, Host},
};

/// The host's context: the one of the call, which is lent, or its parent, which is given.
pub enum Guest<'a> {
    /// Lent for the call.
    Borrowed(&'a ExecutionContext),
    /// Given.
    Owned(ExecutionContext),
}

impl Guest<'_> {
    fn context(&self) -> &ExecutionContext {
        match self {
            Self::Borrowed(context) => context,
            Self::Owned(context) => context,
        }
    }
}

impl Backend for Guest<'_> {
    fn message(&self) -> String {
        self.context().message()
    }

    fn stage(&self) -> i32 {
        self.context().stage()
    }

    fn mode(&self) -> i32 {
        self.context().mode()
    }

    fn depth(&self) -> i32 {
        self.context().depth()
    }

    fn primary_table(&self) -> Option<String> {
        self.context().primary_table()
    }

    fn primary_id(&self) -> Option<String> {
        self.context().primary_id()
    }

    fn user_id(&self) -> String {
        self.context().user_id()
    }

    fn initiating_user_id(&self) -> String {
        self.context().initiating_user_id()
    }

    fn business_unit_id(&self) -> String {
        self.context().business_unit_id()
    }

    fn organization_id(&self) -> String {
        self.context().organization_id()
    }

    fn organization_name(&self) -> String {
        self.context().organization_name()
    }

    fn correlation_id(&self) -> String {
        self.context().correlation_id()
    }

    fn request_id(&self) -> Option<String> {
        self.context().request_id()
    }

    fn owning_extension(&self) -> String {
        self.context().owning_extension()
    }

    fn is_in_transaction(&self) -> bool {
        self.context().is_in_transaction()
    }

    fn operation_created_on(&self) -> String {
        self.context().operation_created_on()
    }

    fn target_columns(&self) -> Option<Vec<(String, Value)>> {
        self.context().target_columns().map(pairs)
    }

    fn target(&self, column: &str) -> Option<Value> {
        self.context().target(column).map(Into::into)
    }

    fn set_target(&self, column: &str, value: Value) {
        self.context().set_target(column, &value.into());
    }

    fn remove_target(&self, column: &str) {
        self.context().remove_target(column);
    }

    fn pre_image_columns(&self, alias: &str) -> Option<Vec<(String, Value)>> {
        self.context().pre_image_columns(alias).map(pairs)
    }

    fn pre_image(&self, alias: &str, column: &str) -> Option<Value> {
        self.context().pre_image(alias, column).map(Into::into)
    }

    fn post_image_columns(&self, alias: &str) -> Option<Vec<(String, Value)>> {
        self.context().post_image_columns(alias).map(pairs)
    }

    fn post_image(&self, alias: &str, column: &str) -> Option<Value> {
        self.context().post_image(alias, column).map(Into::into)
    }

    fn input_names(&self) -> Vec<String> {
        self.context().input_names()
    }

    fn input(&self, name: &str) -> Option<Parameter> {
        self.context().input(name).map(Into::into)
    }

    fn set_input(&self, name: &str, parameter: Parameter) {
        self.context().set_input(name, &parameter.into());
    }

    fn output_names(&self) -> Vec<String> {
        self.context().output_names()
    }

    fn output(&self, name: &str) -> Option<Parameter> {
        self.context().output(name).map(Into::into)
    }

    fn set_output(&self, name: &str, parameter: Parameter) {
        self.context().set_output(name, &parameter.into());
    }

    fn shared_names(&self) -> Vec<String> {
        self.context().shared_names()
    }

    fn shared(&self, name: &str) -> Option<Value> {
        self.context().shared(name).map(Into::into)
    }

    fn set_shared(&self, name: &str, value: Value) {
        self.context().set_shared(name, &value.into());
    }

    fn question_of(&self, input: &str) -> Option<Question> {
        self.context().question_of(input).map(Into::into)
    }

    fn attempt(&self) -> u32 {
        background::attempt()
    }

    fn parent(&self) -> Option<Host<'static>> {
        self.context().parent().map(Guest::Owned)
    }

    fn create(&self, caller: Caller, row: Row) -> Result<String, ServiceError> {
        service::create(caller.into(), &row.into()).map_err(Into::into)
    }

    fn retrieve(&self, caller: Caller, row: &Reference, columns: Vec<String>) -> Result<Row, ServiceError> {
        service::retrieve(caller.into(), &row.clone().into(), &columns)
            .map(Into::into)
            .map_err(Into::into)
    }

    fn retrieve_multiple(&self, caller: Caller, query: Query) -> Result<Vec<Row>, ServiceError> {
        let rows = service::retrieve_multiple(caller.into(), &query.into())?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    fn update(&self, caller: Caller, row: Row) -> Result<(), ServiceError> {
        service::update(caller.into(), &row.into()).map_err(Into::into)
    }

    fn delete(&self, caller: Caller, row: &Reference) -> Result<(), ServiceError> {
        service::delete(caller.into(), &row.clone().into()).map_err(Into::into)
    }

    fn execute(&self, caller: Caller, request: Request) -> Result<Parameters, ServiceError> {
        let inputs: Vec<_> = request.inputs.into();
        service::execute(caller.into(), &request.message, &inputs)
            .map(Into::into)
            .map_err(Into::into)
    }

    fn trace(&self, line: &str) {
        log::trace(line);
    }

    fn unsecure_configuration(&self) -> Option<String> {
        configuration::unsecure()
    }

    fn secure_configuration(&self) -> Option<String> {
        configuration::secure()
    }

    fn now(&self) -> String {
        clock::now()
    }

    fn random_bytes(&self, count: u32) -> Vec<u8> {
        random::bytes(count)
    }
}
