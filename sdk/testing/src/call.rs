//! One call of a plug-in: the [`Backend`] of its context.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use sluice_model::{Code, Error};
use sluice_sdk::{
    Caller, Parameter, Parameters, Query, Question, Reference, Request, Row, ServiceError, Value,
    backend::{Backend, Host},
    registration::Image,
};

use crate::{
    frame::{Frame, MainOperation, Operation},
    pipeline,
    world::{self, Installed, State},
};

/// The context of a call. Its parents look at other operations with the same step.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) world: Rc<RefCell<State>>,
    pub(crate) frame: Rc<Frame>,
    pub(crate) step: Rc<StepCall>,
}

/// What a call is remembered by until it ends.
pub(crate) struct StepCall {
    installed: Installed,
    user: String,
    /// The handle of the last service call that failed.
    failed: Cell<Option<u32>>,
    /// What the plug-in used without asking for it.
    ungranted: Cell<Option<&'static str>>,
}

impl StepCall {
    pub(crate) fn new(installed: Installed, frame: &Frame) -> Self {
        let user = installed.run_as.clone().unwrap_or_else(|| frame.user.clone());
        Self {
            installed,
            user,
            failed: Cell::new(None),
            ungranted: Cell::new(None),
        }
    }

    /// Once a call has failed inside the transaction, the plug-in ends where it calls once more.
    fn ends_here(&self, frame: &Frame) {
        if self.failed.get().is_some() && frame.in_transaction.get() {
            std::panic::resume_unwind(Box::new(CalledOnceMore));
        }
    }

    /// The plug-in says that all is well. It is not if it swallowed the error of a service call
    /// in a transaction, or used what nobody granted.
    pub(crate) fn went_on(&self, world: &State, frame: &Frame) -> Result<(), Error> {
        if let Some(capability) = self.ungranted.get() {
            let message =
                format!("the plug-in uses `{capability}` without asking for it: declare `wants(\"{capability}\")`");
            return Err(Error::new(Code::FOREIGN_CONTRACT, message));
        }
        match self.failed.get() {
            Some(handle) if frame.in_transaction.get() => {
                let mut swallowed = world.error(handle);
                let message = "the plug-in caught the error of a service call inside the transaction and went on";
                swallowed.body_mut().message = format!("{message}: {}", swallowed.message());
                swallowed.body_mut().code = Code::ISV_TRANSACTION;
                Err(swallowed)
            }
            _ => Ok(()),
        }
    }

    fn wants(&self, capability: &str) -> bool {
        self.installed.plugin.wants.contains(&capability)
    }

    fn need(&self, capability: &'static str) {
        if !self.wants(capability) {
            self.ungranted.set(Some(capability));
        }
    }

    fn image(&self, alias: &str, wanted: fn(&Image) -> bool) -> Option<&'static Image> {
        self.installed
            .step
            .images
            .iter()
            .find(|image| image.alias == alias && wanted(image))
    }
}

/// What a plug-in ends with that calls once more after a call failed inside the transaction.
pub(crate) struct CalledOnceMore;

impl Call {
    /// Makes a call into the pipeline, one level deeper.
    fn call(
        &self,
        caller: Caller,
        work: MainOperation,
        target: Option<Row>,
        inputs: Parameters,
    ) -> Result<Parameters, ServiceError> {
        self.step.ends_here(&self.frame);
        let table = target.as_ref().map(Row::table).or(match &work {
            MainOperation::Delete(row) | MainOperation::Retrieve(row, _) => Some(row.table.as_str()),
            MainOperation::RetrieveMultiple(query) => Some(query.table.as_str()),
            MainOperation::Create | MainOperation::Update | MainOperation::Other(_) => None,
        });
        let call = match table {
            Some(table) => format!("{} {table}", work.message()),
            None => work.message().to_owned(),
        };
        self.world.borrow_mut().calls.push(call.clone());
        let user = match caller {
            Caller::StepUser => self.step.user.clone(),
            Caller::InitiatingUser => self.frame.initiating.clone(),
            Caller::System => {
                self.step.need("system");
                world::SYSTEM.to_owned()
            }
        };
        let initiating = self.frame.initiating.clone();
        let parent = Some(self.frame.clone());
        let answer = pipeline::run(
            &self.world,
            Operation {
                work,
                target,
                inputs,
                user,
                initiating,
                parent,
            },
        );
        answer.map_err(|mut error| {
            error.body_mut().call.get_or_insert(call);
            let (code, message) = (error.code().to_string(), error.message().to_owned());
            let handle = self.world.borrow_mut().keep(error);
            self.step.failed.set(Some(handle));
            ServiceError::new(handle, code, message)
        })
    }
}

/// The columns of an image that the row has.
fn columns(row: &Row, image: &Image) -> Vec<(String, Value)> {
    let wanted = |column: &str| image.columns.is_empty() || image.columns.contains(&column);
    row.columns()
        .filter(|(name, _)| wanted(name))
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect()
}

fn find<T>(pairs: Vec<(String, T)>, name: &str) -> Option<T> {
    pairs
        .into_iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}

fn set<T>(pairs: &mut Vec<(String, T)>, name: &str, value: T) {
    pairs.retain(|(known, _)| known != name);
    pairs.push((name.to_owned(), value));
}

fn names<T>(pairs: &[(String, T)]) -> Vec<String> {
    pairs.iter().map(|(name, _)| name.clone()).collect()
}

impl Backend for Call {
    fn message(&self) -> String {
        self.frame.work.message().to_owned()
    }

    fn stage(&self) -> i32 {
        self.step.installed.step.stage
    }

    fn mode(&self) -> i32 {
        self.step.installed.step.mode
    }

    fn depth(&self) -> i32 {
        self.frame.depth
    }

    fn primary_table(&self) -> Option<String> {
        self.frame.table.clone()
    }

    fn primary_id(&self) -> Option<String> {
        self.frame.id.borrow().clone()
    }

    fn user_id(&self) -> String {
        world::user_id(&self.step.user).to_string()
    }

    fn initiating_user_id(&self) -> String {
        world::user_id(&self.frame.initiating).to_string()
    }

    fn business_unit_id(&self) -> String {
        world::unit().to_string()
    }

    fn organization_id(&self) -> String {
        world::user_id("the organisation").to_string()
    }

    fn organization_name(&self) -> String {
        "test".to_owned()
    }

    fn correlation_id(&self) -> String {
        world::user_id("the request").to_string()
    }

    fn request_id(&self) -> Option<String> {
        None
    }

    fn owning_extension(&self) -> String {
        world::user_id(self.step.installed.plugin.function).to_string()
    }

    fn is_in_transaction(&self) -> bool {
        self.frame.in_transaction.get()
    }

    fn operation_created_on(&self) -> String {
        self.world.borrow().now.clone()
    }

    fn target_columns(&self) -> Option<Vec<(String, Value)>> {
        let target = self.frame.target.borrow();
        target.as_ref().map(|row| {
            row.columns()
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .collect()
        })
    }

    fn target(&self, column: &str) -> Option<Value> {
        self.frame.target.borrow().as_ref()?.get(column).cloned()
    }

    fn set_target(&self, column: &str, value: Value) {
        if let Some(row) = self.frame.target.borrow_mut().as_mut() {
            row.set(column, value);
        }
    }

    fn remove_target(&self, column: &str) {
        if let Some(row) = self.frame.target.borrow_mut().as_mut() {
            row.remove(column);
        }
    }

    fn pre_image_columns(&self, alias: &str) -> Option<Vec<(String, Value)>> {
        let image = self.step.image(alias, Image::is_pre)?;
        self.frame.before.borrow().as_ref().map(|row| columns(row, image))
    }

    fn pre_image(&self, alias: &str, column: &str) -> Option<Value> {
        find(self.pre_image_columns(alias)?, column)
    }

    fn post_image_columns(&self, alias: &str) -> Option<Vec<(String, Value)>> {
        let image = self.step.image(alias, Image::is_post)?;
        self.frame.after.borrow().as_ref().map(|row| columns(row, image))
    }

    fn post_image(&self, alias: &str, column: &str) -> Option<Value> {
        find(self.post_image_columns(alias)?, column)
    }

    fn input_names(&self) -> Vec<String> {
        names(&self.frame.inputs.borrow().0)
    }

    fn input(&self, name: &str) -> Option<Parameter> {
        self.frame.inputs.borrow().get(name).cloned()
    }

    fn set_input(&self, name: &str, parameter: Parameter) {
        set(&mut self.frame.inputs.borrow_mut().0, name, parameter);
    }

    fn output_names(&self) -> Vec<String> {
        names(&self.frame.outputs.borrow().0)
    }

    fn output(&self, name: &str) -> Option<Parameter> {
        self.frame.outputs.borrow().get(name).cloned()
    }

    fn set_output(&self, name: &str, parameter: Parameter) {
        set(&mut self.frame.outputs.borrow_mut().0, name, parameter);
    }

    fn shared_names(&self) -> Vec<String> {
        names(&self.frame.shared.borrow())
    }

    fn shared(&self, name: &str) -> Option<Value> {
        find(self.frame.shared.borrow().clone(), name)
    }

    fn set_shared(&self, name: &str, value: Value) {
        set(&mut self.frame.shared.borrow_mut(), name, value);
    }

    fn question_of(&self, input: &str) -> Option<Question> {
        match &self.frame.work {
            MainOperation::RetrieveMultiple(query) if input == "Query" => Some(Question {
                table: query.table.clone(),
                columns: query.columns.clone(),
                filter: query.filter.as_ref().map(ToString::to_string),
                order: query.order.clone(),
                top: query.top,
                related: Vec::new(),
            }),
            _ => None,
        }
    }

    fn attempt(&self) -> u32 {
        self.world.borrow().attempt.max(1)
    }

    fn parent(&self) -> Option<Host<'static>> {
        let parent = self.frame.parent.clone()?;
        Some(Box::new(Self {
            frame: parent,
            ..self.clone()
        }))
    }

    fn create(&self, caller: Caller, row: Row) -> Result<String, ServiceError> {
        let outputs = self.call(caller, MainOperation::Create, Some(row), Parameters::default())?;
        match outputs.get("id") {
            Some(Parameter::Value(Value::Id(id))) => Ok(id.clone()),
            _ => Ok(String::new()),
        }
    }

    fn retrieve(&self, caller: Caller, row: &Reference, columns: Vec<String>) -> Result<Row, ServiceError> {
        let outputs = self.call(
            caller,
            MainOperation::Retrieve(row.clone(), columns),
            None,
            Parameters::default(),
        )?;
        match outputs.get("BusinessEntity") {
            Some(Parameter::Row(row)) => Ok(row.clone()),
            _ => Ok(Row::of(row)),
        }
    }

    fn retrieve_multiple(&self, caller: Caller, query: Query) -> Result<Vec<Row>, ServiceError> {
        let outputs = self.call(
            caller,
            MainOperation::RetrieveMultiple(query),
            None,
            Parameters::default(),
        )?;
        match outputs.get("BusinessEntityCollection") {
            Some(Parameter::Rows(rows)) => Ok(rows.clone()),
            _ => Ok(Vec::new()),
        }
    }

    fn update(&self, caller: Caller, row: Row) -> Result<(), ServiceError> {
        self.call(caller, MainOperation::Update, Some(row), Parameters::default())
            .map(|_| ())
    }

    fn delete(&self, caller: Caller, row: &Reference) -> Result<(), ServiceError> {
        self.call(caller, MainOperation::Delete(row.clone()), None, Parameters::default())
            .map(|_| ())
    }

    fn execute(&self, caller: Caller, request: Request) -> Result<Parameters, ServiceError> {
        self.call(caller, MainOperation::Other(request.message), None, request.inputs)
    }

    fn trace(&self, line: &str) {
        self.world.borrow_mut().traces.push(line.to_owned());
    }

    fn unsecure_configuration(&self) -> Option<String> {
        let declared = self.step.installed.step.configuration.map(str::to_owned);
        self.step.installed.unsecure.clone().or(declared)
    }

    fn secure_configuration(&self) -> Option<String> {
        self.step.installed.secure.clone()
    }

    fn now(&self) -> String {
        self.step.need("clock");
        self.world.borrow().now.clone()
    }

    fn random_bytes(&self, count: u32) -> Vec<u8> {
        self.step.need("random");
        let id = self.world.borrow_mut().next_id();
        id.bytes()
            .cycle()
            .take(usize::try_from(count.min(1024)).unwrap_or_default())
            .collect()
    }
}
