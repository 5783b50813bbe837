//! A plug-in call as a case: what it was given, what its service calls were answered, and how it ended,
//! so that it can be run again without the organisation. A case is taken from a recorded request, which
//! runs once more, rolled back. The secure configuration is never in it.

use std::sync::{Arc, Mutex, PoisonError};

use sluice_model::{
    Code, Error, Name, Order, Query, Request, Response, Result, Right, Timestamp, Uuid,
    case::{Answer, Asked, Case, Ended, Question, Questions, described, rows_in},
};
use sluice_sandbox::{
    Call, Caller, Context, Grants, Left, Limits, Sandbox, Services, Settings, componentize, stack_for,
};

use crate::{OpenOptions, Refused, Session, jobs, plugin::PluginHandler, step::Step, tables, unit::Trial};

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
        let plugin = format!("{}/{}", handler.assembly_name, handler.type_name);
        let organization = (context.organization, context.organization_name.to_string());
        let mut case = Case::begin(plugin, step.name.clone(), organization, jobs::kept(context));
        case.configuration.clone_from(&handler.configuration);
        case.grants = [clock, random, system];
        lock(&self.open).push(case);
    }

    pub(crate) fn leave(&self, step: &Step, result: &Result<()>, context: &Context) {
        if let Some(mut case) = lock(&self.open).pop() {
            case.ended = ended(result, context);
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
    /// The call of a step in a request that was refused, or in a job (see [`Session::refused`]) as a case: of
    /// the step with that id, else of the one in which the request fails. The request runs again for that,
    /// rolled back.
    ///
    /// # Errors
    /// The request cannot be looked at or run again; no plug-in fails in it, or the step does not run; this
    /// user may not read the step, or one of the rows that are in the case.
    pub fn case(&self, which: Option<Uuid>, step: Option<Uuid>) -> Result<Case> {
        let refused = self.refused(which)?;
        let recorder = Arc::new(Recorder::default());
        let trial = Trial {
            recorder: Some(recorder.clone()),
            ..Trial::default()
        };
        let tried = match &refused {
            Refused::Request(recorded) => self.try_request(recorded.acting(), trial, &[], &recorded.request)?,
            Refused::Job(job) => self.try_job(job, trial, &[])?,
        };
        let wanted = match (step, &tried.result) {
            (_, Err(error)) if error.body().unseen => return Err(error.clone()),
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
        self.check_shown(&case, refused.acting().person() == self.acting().person())?;
        Ok(case)
    }

    /// Refuses where the case holds a row that this user may not read, or a column of one that is kept
    /// from them: a step may have read it with the rights of somebody else.
    fn check_shown(&self, case: &Case, is_own: bool) -> Result<()> {
        let (mut unit, reader) = self.unit()?;
        let mut all = case.rows();
        let mut around = Some(&case.context);
        while let Some(context) = around {
            all.extend(context.target.iter());
            all.extend(rows_in(&context.inputs));
            around = context.parent.as_deref();
        }
        let catalog = unit.catalog();
        for row in all {
            let hidden = catalog
                .find(&row.table)
                .map(|table| reader.hidden(table))
                .unwrap_or_default();
            if let Some(column) = hidden.iter().find(|column| row.has(column)) {
                let message = format!(
                    "the case holds the column `{column}` of {}, which is secured and not yours to read; somebody who may \
                     read it can write the case",
                    row.reference()
                );
                return Err(Error::new(Code::COLUMN_READ_DENIED, message).with_table(&row.table));
            }
        }
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
            if unit.catalog().find(&row.table).is_some() && !unit.shows_row(&reader, &row.table, id, None)? {
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

/// Runs a case again with the plug-in of a file, without an organisation. How plug-ins are compiled and kept
/// is said by the options of an organisation.
///
/// # Errors
/// The file is no plug-in, or the host fails. That the plug-in fails is inside.
pub fn replay(case: &Case, file: &[u8], options: &OpenOptions, secure: Option<String>) -> Result<Replayed> {
    let sandbox = Sandbox::new(Settings {
        cache_dir: options.cache_dir.clone(),
        compiler: options.compiler.clone(),
        live: 1,
    })?;
    let plugin = sandbox.load(&componentize(file)?)?;
    let [clock, random, system] = case.grants;
    let call = Call {
        type_name: case.type_name().to_owned(),
        context: jobs::whole(case.context.clone(), (case.organization, &case.organization_name)),
        limits: Limits::default(),
        grants: Grants { clock, random, system },
        configuration: case.configuration.clone(),
        secure_configuration: secure,
        left: Left::default(),
    };
    let services = Again(Questions::of(case));
    let finished = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(stack_for(1))
            .spawn_scoped(scope, || sandbox.call(&plugin, call, services))
            .map_err(|error| Error::host(format!("no thread for the plug-in can be made: {error}")))?;
        thread.join().map_err(|_| Error::host("the host panicked"))
    })?;
    let ended = ended(&finished.outcome, &finished.context);
    let Again(questions) = finished.services;
    Ok(Replayed {
        same: questions.same,
        difference: questions.end(&case.ended, &ended),
        failure: finished
            .outcome
            .err()
            .map(|error| format!("{} {}", error.code(), error.message())),
        said: finished.trace,
    })
}

/// How a call ended, and what it left.
fn ended(result: &Result<()>, context: &Context) -> Ended {
    Ended {
        result: Answer::of(result, |()| ()),
        target: context.target.clone(),
        inputs: context.inputs.clone(),
        outputs: context.outputs.clone(),
    }
}

/// The host of a case: it answers what it was asked then.
struct Again(Questions);

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
        match self.0.next(&now, is_same)? {
            Asked::Call { answer, .. } => answer.again().map(|outputs| Response { outputs }),
            _ => Err(Error::host("a case answers a call with something else")),
        }
    }

    fn now(&mut self) -> Timestamp {
        match self.0.next("the time", |asked| matches!(asked, Asked::Time(_))) {
            Ok(Asked::Time(time)) => time,
            _ => Timestamp::UNIX_EPOCH,
        }
    }

    fn random(&mut self, count: usize) -> Vec<u8> {
        let is_same = |asked: &Asked| matches!(asked, Asked::Random(bytes) if bytes.len() == count);
        match self.0.next("randomness", is_same) {
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
        // How many rows a step may still read is a limit, and no question.
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
        match self.0.next(&told, is_same)? {
            Asked::Query { answer, .. } => answer.again(),
            _ => Err(Error::host("a case answers a query with something else")),
        }
    }
}
