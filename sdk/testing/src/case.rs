//! A case that a host wrote, run natively: the plug-in gets what it was given then, and its questions are
//! answered as they were. So a failure in an organisation becomes a test.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
};

use sluice_model::{
    self as model, Error, Name,
    case::{Answer, Asked, CaseContext, Ended, Question, Questions, described},
};
use sluice_sdk::{
    Caller, Context, Parameter, Parameters, Query, Reference, Request, Row, ServiceError, Value,
    backend::{Backend, Host},
    registration::Plugin,
};

use crate::{convert, failure::Failure, pipeline};

/// A plug-in call that a host wrote with `trace export`.
#[derive(Debug, Clone)]
pub struct Case(model::case::Case);

/// What came of running a case again.
#[derive(Debug)]
pub struct CaseRun {
    /// How the plug-in ended now.
    pub result: Result<(), Failure>,
    /// The first question that is not as it was, or how the ending differs; nothing, where all is the same.
    pub difference: Option<String>,
    /// What it traced.
    pub traces: Vec<String>,
}

impl Case {
    /// Reads a case: `Case::read(include_str!("case.json"))`.
    ///
    /// # Errors
    /// The text is none, or a later version wrote it.
    pub fn read(text: &str) -> Result<Self, Failure> {
        model::case::Case::read(text).map(Self).map_err(Failure)
    }

    /// Runs it with the plug-in of these that has its name.
    ///
    /// # Panics
    /// There is none of that name among them.
    #[must_use]
    #[expect(clippy::panic, reason = "a test that runs nothing must not pass")]
    pub fn run(&self, plugins: &'static [Plugin]) -> CaseRun {
        let wanted = self.0.type_name();
        let Some(plugin) = plugins.iter().find(|plugin| plugin.name == wanted) else {
            panic!("the case is of the plug-in `{wanted}`, which is not among these");
        };
        let shared = Rc::new(Shared {
            case: self.0.clone(),
            questions: RefCell::new(Questions::of(&self.0)),
            errors: RefCell::default(),
            traces: RefCell::default(),
        });
        let seen = Rc::new(RefCell::new(self.0.context.clone()));
        let context = Context::new(Box::new(Again {
            shared: shared.clone(),
            seen: seen.clone(),
        }));
        let ended = catch_unwind(AssertUnwindSafe(|| (plugin.run)(&context)));
        drop(context);
        let result = pipeline::outcome(ended, |handle| shared.error(handle));
        let seen = seen.borrow();
        let is = Ended {
            result: Answer::of(&result, |()| ()),
            target: seen.target.clone(),
            inputs: seen.inputs.clone(),
            outputs: seen.outputs.clone(),
        };
        let is = with_place(&self.0.ended, is);
        let questions = shared.questions.replace(Questions::of(&self.0));
        let difference = questions.end(&self.0.ended, &is);
        CaseRun {
            result: result.map_err(Failure),
            difference,
            traces: shared.traces.take(),
        }
    }
}

/// The end as it is, with the place of a panic as the case has it: of the same panic only a host knows where it was.
fn with_place(was: &Ended, mut is: Ended) -> Ended {
    let recorded = match &was.result {
        Answer::Refused { code, message } => Some((*code, message)),
        Answer::Passed(()) => None,
    };
    if let (Some((recorded_code, recorded)), Answer::Refused { code, message }) = (recorded, &mut is.result)
        && let Some(own) = message.strip_prefix("panic: ")
        && let Some(rest) = recorded.strip_prefix("the plug-in panicked: ")
        && let Some(place) = rest.strip_prefix(own)
        && *code == recorded_code
        && (place.is_empty() || place.starts_with(" in `") || place.starts_with(" at "))
    {
        message.clone_from(recorded);
    }
    is
}

/// What a call and its parents share.
struct Shared {
    case: model::case::Case,
    questions: RefCell<Questions>,
    errors: RefCell<Vec<Error>>,
    traces: RefCell<Vec<String>>,
}

impl Shared {
    fn error(&self, handle: u32) -> Error {
        let errors = self.errors.borrow();
        let known = usize::try_from(handle).ok().and_then(|handle| errors.get(handle));
        known
            .cloned()
            .unwrap_or_else(|| Error::host("the plug-in made up the error of a service call"))
    }

    fn failed(&self, error: Error) -> ServiceError {
        let (code, message) = (error.code().to_string(), error.message().to_owned());
        let mut errors = self.errors.borrow_mut();
        errors.push(error);
        let handle = u32::try_from(errors.len() - 1).unwrap_or(u32::MAX);
        ServiceError::new(handle, code, message)
    }

    fn call(
        &self,
        caller: Caller,
        message: &str,
        inputs: impl IntoIterator<Item = (Name, model::Parameter)>,
    ) -> Result<model::Parameters, ServiceError> {
        let inputs: model::Parameters = inputs.into_iter().collect();
        let by = match caller {
            Caller::StepUser => 0,
            Caller::InitiatingUser => 1,
            Caller::System => 2,
        };
        let is_same = |asked: &Asked| match asked {
            Asked::Call {
                caller,
                message: known,
                inputs: given,
                ..
            } => *caller == by && **known == *message && *given == inputs,
            _ => false,
        };
        let asked = self.questions.borrow_mut().next(&described(message, &inputs), is_same);
        match asked {
            Ok(Asked::Call { answer, .. }) => answer.again().map_err(|error| self.failed(error)),
            Ok(_) => Err(self.failed(Error::host("a case answers a call with something else"))),
            Err(error) => Err(self.failed(error)),
        }
    }
}

/// The backend of a call that runs again.
struct Again {
    shared: Rc<Shared>,
    seen: Rc<RefCell<CaseContext>>,
}

fn columns(row: &model::Row) -> Vec<(String, Value)> {
    let each = row.values.iter();
    each.map(|(name, value)| (name.to_string(), convert::value(value)))
        .collect()
}

impl Backend for Again {
    fn message(&self) -> String {
        self.seen.borrow().message.to_string()
    }

    fn stage(&self) -> i32 {
        self.seen.borrow().stage
    }

    fn mode(&self) -> i32 {
        self.seen.borrow().mode
    }

    fn depth(&self) -> i32 {
        i32::try_from(self.seen.borrow().depth).unwrap_or(i32::MAX)
    }

    fn primary_table(&self) -> Option<String> {
        self.seen.borrow().table.as_ref().map(ToString::to_string)
    }

    fn primary_id(&self) -> Option<String> {
        self.seen.borrow().id.map(|id| id.to_string())
    }

    fn user_id(&self) -> String {
        self.seen.borrow().user.to_string()
    }

    fn initiating_user_id(&self) -> String {
        self.seen.borrow().initiating_user.to_string()
    }

    fn business_unit_id(&self) -> String {
        self.seen.borrow().business_unit.to_string()
    }

    fn organization_id(&self) -> String {
        self.shared.case.organization.to_string()
    }

    fn organization_name(&self) -> String {
        self.shared.case.organization_name.clone()
    }

    fn correlation_id(&self) -> String {
        self.seen.borrow().correlation.to_string()
    }

    fn request_id(&self) -> Option<String> {
        self.seen.borrow().request.map(|id| id.to_string())
    }

    fn owning_extension(&self) -> String {
        self.seen.borrow().step.to_string()
    }

    fn is_in_transaction(&self) -> bool {
        self.seen.borrow().in_transaction
    }

    fn operation_created_on(&self) -> String {
        self.seen.borrow().created_on.to_string()
    }

    fn target_columns(&self) -> Option<Vec<(String, Value)>> {
        self.seen.borrow().target.as_ref().map(columns)
    }

    fn target(&self, column: &str) -> Option<Value> {
        self.seen
            .borrow()
            .target
            .as_ref()?
            .values
            .get(column)
            .map(convert::value)
    }

    fn set_target(&self, column: &str, value: Value) {
        if let Some(target) = self.seen.borrow_mut().target.as_mut() {
            target.values.insert(Name::from(column), convert::to_value(&value));
        }
    }

    fn remove_target(&self, column: &str) {
        if let Some(target) = self.seen.borrow_mut().target.as_mut() {
            target.values.remove(column);
        }
    }

    fn pre_image_columns(&self, alias: &str) -> Option<Vec<(String, Value)>> {
        self.seen.borrow().pre_images.get(alias).map(columns)
    }

    fn pre_image(&self, alias: &str, column: &str) -> Option<Value> {
        self.seen
            .borrow()
            .pre_images
            .get(alias)?
            .values
            .get(column)
            .map(convert::value)
    }

    fn post_image_columns(&self, alias: &str) -> Option<Vec<(String, Value)>> {
        self.seen.borrow().post_images.get(alias).map(columns)
    }

    fn post_image(&self, alias: &str, column: &str) -> Option<Value> {
        self.seen
            .borrow()
            .post_images
            .get(alias)?
            .values
            .get(column)
            .map(convert::value)
    }

    fn input_names(&self) -> Vec<String> {
        let seen = self.seen.borrow();
        let told = seen
            .inputs
            .iter()
            .filter(|(_, input)| !matches!(input, model::Parameter::Query(_)));
        told.map(|(name, _)| name.to_string()).collect()
    }

    fn input(&self, name: &str) -> Option<Parameter> {
        self.seen.borrow().inputs.get(name).and_then(convert::parameter)
    }

    fn question_of(&self, input: &str) -> Option<sluice_sdk::Question> {
        match self.seen.borrow().inputs.get(input) {
            Some(model::Parameter::Query(query)) => Some(convert::question(query)),
            _ => None,
        }
    }

    fn attempt(&self) -> u32 {
        1
    }

    fn set_input(&self, name: &str, parameter: Parameter) {
        self.seen
            .borrow_mut()
            .inputs
            .insert(name.into(), convert::to_parameter(&parameter));
    }

    fn output_names(&self) -> Vec<String> {
        self.seen.borrow().outputs.keys().map(ToString::to_string).collect()
    }

    fn output(&self, name: &str) -> Option<Parameter> {
        self.seen.borrow().outputs.get(name).and_then(convert::parameter)
    }

    fn set_output(&self, name: &str, parameter: Parameter) {
        self.seen
            .borrow_mut()
            .outputs
            .insert(name.into(), convert::to_parameter(&parameter));
    }

    fn shared_names(&self) -> Vec<String> {
        self.seen.borrow().shared.keys().map(ToString::to_string).collect()
    }

    fn shared(&self, name: &str) -> Option<Value> {
        self.seen.borrow().shared.get(name).map(convert::value)
    }

    fn set_shared(&self, name: &str, value: Value) {
        self.seen
            .borrow_mut()
            .shared
            .insert(name.into(), convert::to_value(&value));
    }

    fn parent(&self) -> Option<Host<'static>> {
        let parent = self.seen.borrow().parent.as_deref()?.clone();
        Some(Box::new(Self {
            shared: self.shared.clone(),
            seen: Rc::new(RefCell::new(parent)),
        }))
    }

    fn create(&self, caller: Caller, row: Row) -> Result<String, ServiceError> {
        let inputs = [("Target".into(), model::Parameter::Row(convert::to_row(&row)))];
        let outputs = self.shared.call(caller, "Create", inputs)?;
        match outputs.get("id") {
            Some(model::Parameter::Value(model::Value::Id(id))) => Ok(id.to_string()),
            _ => Ok(String::new()),
        }
    }

    fn retrieve(&self, caller: Caller, row: &Reference, columns: Vec<String>) -> Result<Row, ServiceError> {
        let columns = columns.iter().map(|column| Name::from(&**column)).collect();
        let inputs = [
            ("Target".into(), model::Parameter::Reference(convert::to_reference(row))),
            ("ColumnSet".into(), model::Parameter::Names(columns)),
        ];
        let outputs = self.shared.call(caller, "Retrieve", inputs)?;
        match outputs.get("BusinessEntity") {
            Some(model::Parameter::Row(found)) => Ok(convert::row(found)),
            _ => Ok(Row::of(row)),
        }
    }

    fn retrieve_multiple(&self, caller: Caller, query: Query) -> Result<Vec<Row>, ServiceError> {
        let parsed = self.parse(&query).map_err(|error| self.shared.failed(error))?;
        let inputs = [("Query".into(), model::Parameter::Query(parsed))];
        let outputs = self.shared.call(caller, "RetrieveMultiple", inputs)?;
        match outputs.get("BusinessEntityCollection") {
            Some(model::Parameter::Rows(rows)) => Ok(rows.iter().map(convert::row).collect()),
            _ => Ok(Vec::new()),
        }
    }

    fn update(&self, caller: Caller, row: Row) -> Result<(), ServiceError> {
        let inputs = [("Target".into(), model::Parameter::Row(convert::to_row(&row)))];
        self.shared.call(caller, "Update", inputs).map(|_| ())
    }

    fn delete(&self, caller: Caller, row: &Reference) -> Result<(), ServiceError> {
        let inputs = [("Target".into(), model::Parameter::Reference(convert::to_reference(row)))];
        self.shared.call(caller, "Delete", inputs).map(|_| ())
    }

    fn execute(&self, caller: Caller, request: Request) -> Result<Parameters, ServiceError> {
        let inputs = request.inputs.0.iter();
        let inputs = inputs.map(|(name, given)| (Name::from(&**name), convert::to_parameter(given)));
        let outputs = self.shared.call(caller, &request.message, inputs)?;
        let given = outputs.iter();
        let given = given.filter_map(|(name, output)| Some((name.to_string(), convert::parameter(output)?)));
        Ok(Parameters(given.collect()))
    }

    fn trace(&self, line: &str) {
        self.shared.traces.borrow_mut().push(line.to_owned());
    }

    fn unsecure_configuration(&self) -> Option<String> {
        self.shared.case.configuration.clone()
    }

    fn secure_configuration(&self) -> Option<String> {
        None
    }

    fn now(&self) -> String {
        let is_time = |asked: &Asked| matches!(asked, Asked::Time(_));
        match self.shared.questions.borrow_mut().next("the time", is_time) {
            Ok(Asked::Time(time)) => time.to_string(),
            _ => self.operation_created_on(),
        }
    }

    fn random_bytes(&self, count: u32) -> Vec<u8> {
        let count = usize::try_from(count.min(1024)).unwrap_or_default();
        let is_same = |asked: &Asked| matches!(asked, Asked::Random(bytes) if bytes.len() == count);
        match self.shared.questions.borrow_mut().next("randomness", is_same) {
            Ok(Asked::Random(bytes)) => bytes,
            _ => vec![0; count],
        }
    }
}

impl Again {
    /// The query that the texts of a plug-in's query were.
    fn parse(&self, query: &Query) -> model::Result<model::Query> {
        let now = question(query);
        let told = format!(
            "a query on {} where {}",
            now.table,
            now.filter.as_deref().unwrap_or("anything")
        );
        // The host asks for no more rows than the limits leave.
        let is_same = |asked: &Asked| match asked {
            Asked::Query { question, .. } => {
                *question
                    == Question {
                        top: question.top,
                        ..now.clone()
                    }
            }
            _ => false,
        };
        match self.shared.questions.borrow_mut().next(&told, is_same)? {
            Asked::Query { answer, .. } => answer.again(),
            _ => Err(Error::host("a case answers a query with something else")),
        }
    }
}

/// A query as the contract carries it.
fn question(query: &Query) -> Question {
    Question {
        table: query.table.clone(),
        columns: query.columns.iter().map(|column| Name::from(&**column)).collect(),
        filter: query.filter.as_ref().map(ToString::to_string),
        order: query
            .order
            .iter()
            .map(|order| model::Order {
                column: Name::from(&*order.column),
                descending: order.descending,
            })
            .collect(),
        top: query.top,
    }
}
