//! A plug-in call as a case: what it was given, what its service calls were answered, and how it ended,
//! so that it can be run again without the organisation. A case is taken from a recorded request, which
//! runs once more, rolled back. The secure configuration is never in it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use sluice_model::{
    Code, Error, Name, Order, Parameter, Parameters, Query, Request, Response, Result, Right, Row, Timestamp, Uuid,
};
use sluice_sandbox::{
    Call, Caller, Context, Grants, Left, Limits, Sandbox, Services, Settings, componentize, stack_for,
};

use crate::{OpenOptions, Session, jobs::KeptContext, plugin::PluginHandler, step::Step, tables, unit::Trial};

/// The form in which cases are written. A reader refuses later ones.
const FORM: u32 = 1;

/// A plug-in call that can be run again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case {
    form: u32,
    /// The plug-in, as `assembly/type`.
    pub plugin: String,
    /// What the step is called.
    pub step: String,
    configuration: Option<String>,
    grants: [bool; 3],
    organization: Uuid,
    organization_name: String,
    context: KeptContext,
    /// What it asked, and what it was answered, in order.
    asked: Vec<Asked>,
    /// How it ended.
    ended: Ended,
}

/// A question to the host, with its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Asked {
    Call {
        caller: u8,
        message: Name,
        inputs: Parameters,
        answer: Answer<Parameters>,
    },
    Query {
        question: Question,
        answer: Box<Answer<Query>>,
    },
    Time(Timestamp),
    Random(Vec<u8>),
}

/// The texts of a query that a plug-in asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Question {
    table: String,
    columns: Vec<Name>,
    filter: Option<String>,
    order: Vec<Order>,
    top: Option<u32>,
}

/// What came of something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer<T> {
    Passed(T),
    Refused { code: u32, message: String },
}

impl<T> Answer<T> {
    fn of<U>(result: &Result<U>, passed: impl FnOnce(&U) -> T) -> Self {
        match result {
            Ok(value) => Self::Passed(passed(value)),
            Err(error) => Self::Refused {
                code: error.code().0,
                message: error.message().to_owned(),
            },
        }
    }

    fn again(self) -> Result<T> {
        match self {
            Self::Passed(value) => Ok(value),
            Self::Refused { code, message } => Err(Error::new(Code(code), message)),
        }
    }
}

/// How a call ended, and what it left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Ended {
    result: Answer<()>,
    target: Option<Row>,
    inputs: Parameters,
    outputs: Parameters,
}

impl Ended {
    fn of(result: &Result<()>, context: &Context) -> Self {
        Self {
            result: Answer::of(result, |()| ()),
            target: context.target.clone(),
            inputs: context.inputs.clone(),
            outputs: context.outputs.clone(),
        }
    }
}

/// Keeps the plug-in calls of a trial as cases.
#[derive(Debug, Default)]
pub struct Recorder {
    open: Mutex<Vec<Case>>,
    done: Mutex<Vec<(Uuid, Case)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorder {
    pub(crate) fn enter(&self, handler: &PluginHandler, step: &Step, context: &Context) {
        let Grants { clock, random, system } = handler.grants;
        lock(&self.open).push(Case {
            form: FORM,
            plugin: format!("{}/{}", handler.assembly_name, handler.type_name),
            step: step.name.clone(),
            configuration: handler.configuration.clone(),
            grants: [clock, random, system],
            organization: context.organization,
            organization_name: context.organization_name.to_string(),
            context: KeptContext::of(context),
            asked: Vec::new(),
            ended: Ended::of(&Ok(()), context),
        });
    }

    pub(crate) fn leave(&self, step: &Step, result: &Result<()>, context: &Context) {
        if let Some(mut case) = lock(&self.open).pop() {
            case.ended = Ended::of(result, context);
            lock(&self.done).push((step.id, case));
        }
    }

    fn asked(&self, asked: Asked) {
        if let Some(case) = lock(&self.open).last_mut() {
            case.asked.push(asked);
        }
    }

    pub(crate) fn called(&self, caller: Caller, request: Request, result: &Result<Response>) {
        self.asked(Asked::Call {
            caller: number(caller),
            message: request.message,
            inputs: request.inputs,
            answer: Answer::of(result, |response| response.outputs.clone()),
        });
    }

    pub(crate) fn told_time(&self, time: Timestamp) {
        self.asked(Asked::Time(time));
    }

    pub(crate) fn gave(&self, bytes: &[u8]) {
        self.asked(Asked::Random(bytes.to_vec()));
    }

    pub(crate) fn parsed(
        &self,
        (table, columns, filter): (&str, &[Name], Option<&str>),
        order: &[Order],
        top: Option<u32>,
        result: &Result<Query>,
    ) {
        self.asked(Asked::Query {
            question: Question {
                table: table.to_owned(),
                columns: columns.to_vec(),
                filter: filter.map(ToOwned::to_owned),
                order: order.to_vec(),
                top,
            },
            answer: Box::new(Answer::of(result, Query::clone)),
        });
    }
}

fn number(caller: Caller) -> u8 {
    match caller {
        Caller::StepUser => 0,
        Caller::InitiatingUser => 1,
        Caller::System => 2,
    }
}

impl Session {
    /// The call of a step in a recorded request (see [`Session::recorded_request`]) as a case: of the step
    /// with that id, else of the one in which the request fails. The request runs again for that,
    /// rolled back.
    ///
    /// # Errors
    /// The request cannot be looked at or run again; no plug-in fails in it, or the step does not run; this
    /// user may not read the step, or one of the rows that are in the case.
    pub fn case(&self, which: Option<Uuid>, step: Option<Uuid>) -> Result<Case> {
        let recorded = self.recorded_request(which)?;
        let recorder = Arc::new(Recorder::default());
        let trial = Trial {
            recorder: Some(recorder.clone()),
            ..Trial::default()
        };
        let tried = self.try_request(recorded.caller, trial, &[], &recorded.request)?;
        let wanted = match (step, &tried.result) {
            (Some(step), _) => step,
            (None, Err(error)) => error.body().step.as_ref().map(|step| step.id).ok_or_else(|| {
                Error::invalid("no step is to blame for what refused the request; name a step to have its call")
            })?,
            (None, Ok(_)) => {
                let message = "the request passes by now, so no call of it fails; name a step to have its call";
                return Err(Error::invalid(message));
            }
        };
        let done = std::mem::take(&mut *lock(&recorder.done));
        let of_step = done.into_iter().filter(|(id, _)| *id == wanted).map(|(_, case)| case);
        let case = of_step.last().ok_or_else(|| {
            Error::invalid(format!(
                "no plug-in is called by the step {wanted} when the request runs again"
            ))
        })?;
        // To ask leaves no trace: the last refused request stays the one that was looked at.
        self.check_privilege(tables::STEP, Right::Read)?;
        self.check_shown(&case, recorded.caller == self.user())?;
        Ok(case)
    }

    /// Refuses where the case holds a row that this user may not read.
    fn check_shown(&self, case: &Case, is_own: bool) -> Result<()> {
        let (mut unit, reader) = self.unit()?;
        let mut rows = case.rows();
        if !(is_own && case.context.depth == 1) {
            rows.extend(case.context.target.iter());
            rows.extend(rows_in(&case.context.inputs));
        }
        let mut parent = case.context.parent.as_deref();
        while let Some(context) = parent.filter(|context| !(is_own && context.depth == 1)) {
            rows.extend(context.target.iter());
            rows.extend(rows_in(&context.inputs));
            parent = context.parent.as_deref();
        }
        for row in rows {
            let id = Some(row.id).filter(|id| !id.is_nil());
            if unit.catalog().find(&row.table).is_some() && !unit.shows_row(&reader, &row.table, id)? {
                return Err(Error::invalid(format!(
                    "the case holds {}, which is not yours to read; somebody who may read it can write the case",
                    row.reference()
                ))
                .with_table(&row.table));
            }
        }
        Ok(())
    }
}

fn rows_in(parameters: &Parameters) -> Vec<&Row> {
    let mut rows = Vec::new();
    for parameter in parameters.values() {
        match parameter {
            Parameter::Row(row) => rows.push(row),
            Parameter::Rows(more) => rows.extend(more),
            _ => {}
        }
    }
    rows
}

/// What came of running a case again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// How many questions were asked as they had been.
    pub same: usize,
    /// The first that was not, or how the ending differs; nothing, where all was the same.
    pub difference: Option<String>,
    /// Why the plug-in failed now, if it did.
    pub failure: Option<String>,
    /// What it said.
    pub said: String,
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    /// The text is none, or a later version wrote it.
    pub fn read(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Form {
            form: u32,
        }
        let broken = |error| Error::invalid(format!("this is no case of a plug-in call ({error})"));
        let Form { form } = serde_json::from_str(text).map_err(broken)?;
        if form > FORM {
            return Err(Error::invalid(format!(
                "a later version wrote this case (form {form}; this version knows forms up to {FORM})"
            )));
        }
        serde_json::from_str(text).map_err(broken)
    }

    /// The case as a text.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn text(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|error| Error::host(format!("a case cannot be written: {error}")))
    }

    /// The rows that are in it, but for what the request itself carried.
    fn rows(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.context.pre_images.values().collect();
        rows.extend(self.context.post_images.values());
        rows.extend(rows_in(&self.context.outputs));
        for asked in &self.asked {
            if let Asked::Call {
                answer: Answer::Passed(outputs),
                ..
            } = asked
            {
                rows.extend(rows_in(outputs));
            }
        }
        rows
    }

    /// Runs it again with the plug-in of a file, without an organisation. How plug-ins are compiled and
    /// kept is said by the options of an organisation.
    ///
    /// # Errors
    /// The file is no plug-in, or the host fails. That the plug-in fails is inside.
    pub fn replay(&self, file: &[u8], options: &OpenOptions, secure: Option<String>) -> Result<Replayed> {
        let sandbox = Sandbox::new(Settings {
            cache_dir: options.cache_dir.clone(),
            compiler: options.compiler.clone(),
            live: 1,
        })?;
        let plugin = sandbox.load(&componentize(file)?)?;
        let [clock, random, system] = self.grants;
        let call = Call {
            type_name: self
                .plugin
                .split_once('/')
                .map_or(&*self.plugin, |(_, name)| name)
                .to_owned(),
            context: self
                .context
                .clone()
                .whole_of((self.organization, &self.organization_name)),
            limits: Limits::default(),
            grants: Grants { clock, random, system },
            configuration: self.configuration.clone(),
            secure_configuration: secure,
            left: Left::default(),
        };
        let services = Again {
            asked: self.asked.iter().cloned().collect(),
            same: 0,
            difference: None,
        };
        let finished = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .stack_size(stack_for(1))
                .spawn_scoped(scope, || sandbox.call(&plugin, call, services))
                .map_err(|error| Error::host(format!("no thread for the plug-in can be made: {error}")))?;
            thread.join().map_err(|_| Error::host("the host panicked"))
        })?;
        let Again {
            asked,
            same,
            difference,
        } = finished.services;
        let ended = Ended::of(&finished.outcome, &finished.context);
        Ok(Replayed {
            same,
            difference: difference
                .or_else(|| {
                    asked
                        .front()
                        .map(|next| format!("it no longer asks for {}", next.described()))
                })
                .or_else(|| self.ended.difference(&ended)),
            failure: finished
                .outcome
                .err()
                .map(|error| format!("{} {}", error.code(), error.message())),
            said: finished.trace,
        })
    }
}

impl Ended {
    /// How another ending differs, in a line.
    fn difference(&self, other: &Self) -> Option<String> {
        let told = |result: &Answer<()>| match result {
            Answer::Passed(()) => "it passed".to_owned(),
            Answer::Refused { code, message } => format!("{} {message}", Code(*code)),
        };
        if self.result != other.result {
            return Some(format!(
                "it ended with: {}; now: {}",
                told(&self.result),
                told(&other.result)
            ));
        }
        let differs = |name: &str, was: Option<&Parameter>, is: Option<&Parameter>| {
            let told =
                |parameter: Option<&Parameter>| parameter.map_or_else(|| "nothing".to_owned(), Parameter::described);
            (was != is).then(|| format!("it left in {name} {}; now {}", told(was), told(is)))
        };
        let columns = |row: &Option<Row>| -> Parameters {
            let values = row.iter().flat_map(|row| row.values.iter());
            values
                .map(|(name, value)| (name.clone(), Parameter::Value(value.clone())))
                .collect()
        };
        let of_target = (columns(&self.target), columns(&other.target));
        let parts = [
            ("the Target's", &of_target.0, &of_target.1),
            ("the input", &self.inputs, &other.inputs),
            ("the output", &self.outputs, &other.outputs),
        ];
        parts.into_iter().find_map(|(what, was, is)| {
            let names = was.keys().chain(is.keys());
            let mut names = names.map(|name| differs(&format!("{what} `{name}`"), was.get(name), is.get(name)));
            names.find_map(|difference| difference)
        })
    }
}

impl Asked {
    fn described(&self) -> String {
        match self {
            Self::Call { message, inputs, .. } => described(message, inputs),
            Self::Query { question, .. } => format!("a query on {}", question.table),
            Self::Time(_) => "the time".to_owned(),
            Self::Random(_) => "randomness".to_owned(),
        }
    }
}

fn described(message: &str, inputs: &Parameters) -> String {
    let each = inputs.iter().map(|(name, parameter)| match parameter {
        Parameter::Row(row) => {
            let columns = row
                .values
                .iter()
                .map(|(name, value)| format!("{name}={}", value.described()));
            format!("{name} {} {{{}}}", row.table, columns.collect::<Vec<_>>().join(", "))
        }
        other => format!("{name} {}", other.described()),
    });
    format!("{message} ({})", each.collect::<Vec<_>>().join("; "))
}

/// The host of a case: it answers what it was asked then, as long as the questions are the same.
struct Again {
    asked: VecDeque<Asked>,
    same: usize,
    difference: Option<String>,
}

impl Again {
    /// The next question on record, where it is the one that is asked now.
    fn next(&mut self, now: &str, is_same: impl FnOnce(&Asked) -> bool) -> Result<Asked> {
        match self.asked.pop_front() {
            Some(asked) if self.difference.is_none() && is_same(&asked) => {
                self.same += 1;
                Ok(asked)
            }
            other => {
                let was = other.map_or_else(|| "nothing more".to_owned(), |asked| asked.described());
                let number = self.same + 1;
                let told = format!("question {number} was {was}; now it is {now}");
                let told = self.difference.get_or_insert(told).clone();
                Err(Error::invalid(format!("the case has no answer: {told}")))
            }
        }
    }
}

impl Services for Again {
    fn execute(&mut self, _: &Context, caller: Caller, request: Request) -> Result<Response> {
        let now = described(&request.message, &request.inputs);
        let is_same = |asked: &Asked| match asked {
            Asked::Call {
                caller: by,
                message,
                inputs,
                ..
            } => *by == number(caller) && *message == request.message && *inputs == request.inputs,
            _ => false,
        };
        match self.next(&now, is_same)? {
            Asked::Call { answer, .. } => answer.again().map(|outputs| Response { outputs }),
            _ => Err(Error::host("a case answers a call with something else")),
        }
    }

    fn now(&mut self) -> Timestamp {
        match self.next("the time", |asked| matches!(asked, Asked::Time(_))) {
            Ok(Asked::Time(time)) => time,
            _ => Timestamp::UNIX_EPOCH,
        }
    }

    fn random(&mut self, count: usize) -> Vec<u8> {
        let is_same = |asked: &Asked| matches!(asked, Asked::Random(bytes) if bytes.len() == count);
        match self.next("randomness", is_same) {
            Ok(Asked::Random(bytes)) => bytes,
            _ => vec![0; count],
        }
    }

    fn parse_query(
        &mut self,
        table: &str,
        columns: Vec<Name>,
        filter: Option<&str>,
        order: Vec<Order>,
        top: Option<u32>,
    ) -> Result<Query> {
        let now = Question {
            table: table.to_owned(),
            columns,
            filter: filter.map(ToOwned::to_owned),
            order,
            top,
        };
        let told = format!("a query on {table} where {}", filter.unwrap_or("anything"));
        let is_same = |asked: &Asked| matches!(asked, Asked::Query { question, .. } if *question == now);
        match self.next(&told, is_same)? {
            Asked::Query { answer, .. } => answer.again(),
            _ => Err(Error::host("a case answers a query with something else")),
        }
    }
}
