//! A workflow at work on a row: it looks at rows and changes them by service calls, in the name of
//! whoever it runs as. In pre-operation of an Update it sees the row as it will be, and its own
//! changes of that row go into the request.

mod currency;
mod email;
mod sight;

use std::collections::BTreeMap;

use sluice_access::{ColumnRight, check_columns};
use sluice_engine::{Unit, step, tables};
use sluice_model::{
    Code, Error, Filter, Name, Parameter, Query, Reference, Request, Response, Result, Row, TableDef, Timestamp, Uuid,
    Value, coerce,
};
use sluice_sandbox::{Context, Place as At};

use super::{
    active, arguments, children,
    definition::{Action, Call, ChangeState, Create, Ending, Place, Source, Stop, Wait, beginning},
    program::{Line, Program, What},
    values,
};

pub(crate) use sight::{Bounded, LONGEST_TEXT, longest_text};

/// A workflow at work.
pub(crate) struct Run<'a> {
    pub(crate) unit: &'a mut Unit,
    pub(crate) context: &'a mut Context,
    pub(crate) program: &'a Program,
    workflow: Uuid,
    /// The row that it runs for.
    pub(crate) row: Reference,
    /// The rows that it made, by their names.
    pub(crate) created: BTreeMap<String, Reference>,
    /// What plug-ins gave back, by the names of their calls.
    pub(crate) outputs: Outputs,
    /// Until when it waits, where it does.
    pub(crate) until: Option<Timestamp>,
    /// Who answers for what it says: it sees no more of secured columns than they may read.
    pub(crate) owner: Option<Reference>,
    /// Since when it waits for a point in time.
    pub(crate) since: Option<Timestamp>,
    /// The rows as it has seen them since it last changed something.
    seen: BTreeMap<Place, Row>,
}

/// What plug-ins gave back, by the names of their calls.
pub(crate) type Outputs = BTreeMap<String, BTreeMap<Name, Value>>;

/// What follows on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// That line.
    Line(usize),
    /// Nothing: the workflow has ended, with what it tells.
    End(String),
    /// Nothing: the workflow refuses, with what it tells.
    Canceled(String),
    /// The same line, once its time has come or something has happened.
    Wait,
}

impl<'a> Run<'a> {
    /// A workflow that is about to begin.
    pub(crate) fn new(
        unit: &'a mut Unit,
        context: &'a mut Context,
        (workflow, program): (Uuid, &'a Program),
        row: Reference,
    ) -> Self {
        Self {
            unit,
            context,
            program,
            workflow,
            row,
            created: BTreeMap::new(),
            outputs: Outputs::new(),
            until: None,
            owner: None,
            since: None,
            seen: BTreeMap::new(),
        }
    }

    /// Does what a line says.
    ///
    /// # Errors
    /// A service call was refused, a row is not there, or the workflow itself refuses.
    pub(crate) fn line(&mut self, at: usize) -> Result<Next> {
        let program = self.program;
        let Some(Line { what, .. }) = program.lines.get(at) else {
            return Ok(Next::End(String::new()));
        };
        match what {
            What::Go(to) => Ok(Next::Line(*to)),
            What::Check(condition, otherwise) => Ok(Next::Line(match self.holds(condition)? {
                true => at + 1,
                false => *otherwise,
            })),
            What::Do(Action::Stop(stop)) => self.stop(stop),
            What::Do(Action::Wait(wait)) => self.wait(at, wait),
            What::Do(action) => {
                let before = self.written();
                self.act(action)?;
                self.note_writer(at, &before);
                Ok(Next::Line(at + 1))
            }
        }
    }

    /// What stands where the workflow has written into the request.
    fn written(&self) -> BTreeMap<At, Option<Parameter>> {
        let places = self.context.changes.keys();
        places.map(|place| (place.clone(), place.of(self.context))).collect()
    }

    /// Keeps which action wrote into the request what was not there before it.
    fn note_writer(&mut self, at: usize, before: &BTreeMap<At, Option<Parameter>>) {
        for (place, now) in self.written() {
            if before.get(&place) != Some(&now)
                && let Some(action) = action_at(self.program, at)
            {
                self.context.actions.insert(place, action);
            }
        }
    }

    fn stop(&mut self, stop: &Stop) -> Result<Next> {
        let told = match &stop.message {
            Some(source) => self.text_up_to(source, LONGEST_MESSAGE)?.text,
            None => String::new(),
        };
        Ok(match stop.ending {
            Ending::Succeeded => Next::End(told),
            Ending::Canceled if told.is_empty() => Next::Canceled("the workflow stopped as canceled".to_owned()),
            Ending::Canceled => Next::Canceled(told),
        })
    }

    fn wait(&mut self, at: usize, wait: &Wait) -> Result<Next> {
        let since = self.since.take();
        let met = match &wait.condition {
            Some(condition) => self.holds(condition)?,
            None => false,
        };
        // What an earlier version began to wait for stays as it was found.
        if let Some(source) = &wait.until
            && (since.is_some() || self.until.is_none())
        {
            self.since = since.or(Some(self.context.created_on));
            self.until = self.time(source)?;
            if self.until.is_none() && wait.condition.is_none() && !wait.follows(|_| true) {
                return Err(Error::invalid(
                    "the point in time that the workflow is to wait for is empty",
                ));
            }
        }
        let come = self.until.is_some_and(|until| until <= self.context.created_on);
        if !met && !come {
            return Ok(Next::Wait);
        }
        (self.until, self.since) = (None, None);
        Ok(Next::Line(at + 1))
    }

    /// The point in time that a source gives; a day is its beginning.
    pub(super) fn time(&mut self, source: &Source) -> Result<Option<Timestamp>> {
        Ok(beginning(&self.moment(source)?))
    }

    /// The point in time, or the day, that a source gives.
    pub(super) fn moment(&mut self, source: &Source) -> Result<Value> {
        // What is waited for is so much later than the wait began.
        let now = self.since.unwrap_or(self.context.created_on);
        source.moment(now, &mut |found| match found {
            Source::Column(name, row) => self.column(row, name),
            Source::Output(output, of) => Ok(self.output(of, output)),
            _ => Ok(Value::Null),
        })
    }

    /// What is kept from whoever the workflow runs as, or from its owner, is not reckoned with: it would count as
    /// empty.
    fn check_held(&mut self, row: &Reference, table: &TableDef, column: &Name) -> Result<()> {
        if table.secured_as(column).is_none() {
            return Ok(());
        }
        if let Some(owner) = &self.owner {
            let owner = self.unit.principal_of(owner)?;
            check_columns(&owner, table, ColumnRight::Read, [column], row.id)?;
        }
        let holds = Filter::eq(column, Value::Null).negated();
        let query = Query::new(row.table.clone())
            .columns(&[])
            .filter(Filter::eq(&table.key, row.id).and(holds));
        self.call(Request::retrieve_multiple(query)).map(|_| ())
    }

    fn act(&mut self, action: &Action) -> Result<()> {
        match action {
            Action::Create(create) => self.create(create)?,
            Action::Update(update) => {
                let row = self.need(&update.row)?;
                let table = self.table(&row.table)?;
                let mut change = Row::new(row.table.clone(), row.id);
                for (name, source) in &update.set {
                    let value = match source {
                        Source::Changed(verb, by) => {
                            self.check_held(&row, &table, name)?;
                            let held = self.column(&update.row, name)?;
                            let by = self.value(by, &table, name)?;
                            values::changed(&held, *verb, &by, coerce::column(&table, name)?)?
                        }
                        source => self.value(source, &table, name)?,
                    };
                    change.set(name.clone(), value);
                }
                self.keep_currency(&table, &mut change, (&update.set, Some(&update.row)))?;
                self.update(&update.row, change)?;
            }
            Action::Assign(assign) => {
                let row = self.need(&assign.row)?;
                let table = self.table(&row.table)?;
                let owner = self.value(&assign.to, &table, &"ownerid".into())?;
                let Value::Lookup(owner) = owner else {
                    return Err(missing("whom the row is to be assigned to"));
                };
                let request = Request::new("Assign").with("Target", row).with("Assignee", owner);
                self.call(request)?;
            }
            Action::ChangeState(change) => {
                let row = self.need(&change.row)?;
                let table = self.table(&row.table)?;
                let row = state(&table, change, Row::new(row.table, row.id))?;
                self.call(Request::update(row))?;
            }
            Action::StartChild(start) => {
                let row = self.need(&start.row)?;
                let snapshot = self.unit.snapshot()?;
                // No other workflow takes the place of the one that was found at activation.
                let child = self.program.child(&start.workflow, &row.table);
                let Some(child) = child.filter(|id| active::of(&snapshot).find(*id).is_some()) else {
                    let called = (&*start.workflow, start.told(), &*row.table);
                    let known = child.map(|child| (child, self.workflow));
                    return Err(children::does_not_run(self.unit, None, called, known));
                };
                let request = Request::new("ExecuteWorkflow")
                    .with("WorkflowId", Value::Id(child))
                    .with("EntityId", Value::Id(row.id));
                self.call(request)?;
            }
            Action::Call(call) => self.call_plugin(call)?,
            Action::SendEmail(email) => self.send_email(email)?,
            Action::Check(_) | Action::Stop(_) | Action::Wait(_) => {}
        }
        Ok(())
    }

    fn create(&mut self, create: &Create) -> Result<()> {
        let table = self.table(&create.table)?;
        let mut row = Row::unsaved(create.table.clone());
        for (name, source) in &create.set {
            let value = self.value(source, &table, name)?;
            if !value.is_null() {
                row.set(name.clone(), value);
            }
        }
        self.keep_currency(&table, &mut row, (&create.set, None))?;
        let made = self.call(Request::create(row))?.created();
        if let (Some(name), Some(id)) = (&create.name, made) {
            let row = Reference::new(create.table.clone(), id);
            self.created.insert(name.clone(), row);
        }
        Ok(())
    }

    /// Changes a row; that of an Update which is still to come gets the columns beside its own.
    fn update(&mut self, place: &Place, change: Row) -> Result<()> {
        if !(place.is_this() && self.is_in_request()) {
            return self.call(Request::update(change)).map(|_| ());
        }
        let table = self.table(&change.table)?;
        for (name, value) in change.values {
            let value = coerce::formed(coerce::column(&table, &name)?, value);
            let at = At::Column(name);
            let before = at.of(self.context);
            at.put(self.context, Some(Parameter::Value(value)));
            self.context.changes.entry(at).or_insert(before);
        }
        self.seen.clear();
        Ok(())
    }

    /// Calls a plug-in, which is told its row as the primary one.
    fn call_plugin(&mut self, call: &Call) -> Result<()> {
        let row = self.need(&call.row)?;
        let configuration = match &call.configuration {
            Some(source) => Some(self.text_up_to(source, LONGEST_TEXT)?.whole()?),
            None => None,
        };
        // What its file requires is given here: no message gives it.
        let given = Some(self.arguments(call)?).filter(|_| call.has_arguments());
        self.seen.clear();
        let own = (self.context.table.replace(row.table), self.context.id.replace(row.id));
        // With parameters of its own, the plug-in has nothing to do with those of the message.
        let of_message = given.map(|inputs| {
            (
                std::mem::replace(&mut self.context.inputs, inputs),
                std::mem::take(&mut self.context.outputs),
                self.context.changes.clone(),
            )
        });
        let outcome = self.unit.call_plugin(&call.plugin, configuration, self.context);
        (self.context.table, self.context.id) = own;
        if let Some((inputs, outputs, changes)) = of_message {
            self.context.inputs = inputs;
            let gave = std::mem::replace(&mut self.context.outputs, outputs);
            self.context.changes.retain(|at, _| matches!(at, At::Column(_)));
            for (at, before) in changes {
                self.context.changes.entry(at).or_insert(before);
            }
            if let Some(name) = &call.name {
                self.outputs.insert(name.clone(), arguments::values_of(gave));
            }
        }
        outcome
    }

    /// What a plug-in gave back; nothing, where it was not called.
    pub(super) fn output(&self, of: &str, output: &Name) -> Value {
        let outputs = self.outputs.get(of);
        outputs
            .and_then(|outputs| outputs.get(output))
            .cloned()
            .unwrap_or(Value::Null)
    }

    /// Whether the row is that of an Update that is still to come.
    fn is_in_request(&self) -> bool {
        let target = self.context.target.as_ref();
        self.context.stage < step::POST_OPERATION
            && &*self.context.message == "Update"
            && target.is_some_and(|target| target.id == self.row.id && target.table == self.row.table)
    }

    fn call(&mut self, request: Request) -> Result<Response> {
        self.seen.clear();
        self.unit.call_service(self.context, request)
    }
}

/// So many characters of a message people are told.
const LONGEST_MESSAGE: usize = 4_000;

/// What people are told of an error, without what is too long to be read.
pub(crate) fn cut_message(message: &mut String) {
    if let Some((end, _)) = message.char_indices().nth(LONGEST_MESSAGE) {
        message.truncate(end);
    }
}

fn missing(what: &str) -> Error {
    let message = format!("A record required by this workflow job could not be found: {what}.");
    Error::new(Code::WORKFLOW_ROW_MISSING, message)
}

/// The change of a row's state that an action asks for.
pub(crate) fn state(table: &TableDef, change: &ChangeState, mut row: Row) -> Result<Row> {
    let wanted = [
        ("statecode", Some(&change.state)),
        ("statuscode", change.status.as_ref()),
    ];
    for (name, json) in wanted {
        if let Some(json) = json {
            let column = coerce::column(table, name)?;
            row.set(name, coerce::from_json(table, column, json)?);
        }
    }
    Ok(row)
}

/// What an action does, for people.
pub(crate) fn described(action: &Action) -> String {
    match action {
        Action::Check(_) => "check a condition".to_owned(),
        Action::Create(create) => format!("create a row of {}", create.table),
        Action::Update(update) => format!("update {}", update.row),
        Action::Assign(assign) => format!("assign {}", assign.row),
        Action::ChangeState(change) => format!("change the state of {}", change.row),
        Action::StartChild(start) => format!("start the workflow \"{}\"", start.told()),
        Action::Call(call) => format!("call the plug-in {}", call.plugin),
        Action::SendEmail(_) => "send an e-mail".to_owned(),
        Action::Wait(_) => "wait".to_owned(),
        Action::Stop(Stop { ending, .. }) => match ending {
            Ending::Succeeded => "stop as succeeded".to_owned(),
            Ending::Canceled => "stop as canceled".to_owned(),
        },
    }
}

/// The place of a line and what it does, for people.
pub(crate) fn action_at(program: &Program, at: usize) -> Option<String> {
    let Line { place, what } = program.lines.get(at)?;
    let does = match what {
        What::Do(action) => described(action),
        What::Check(..) | What::Go(_) => "check a condition".to_owned(),
    };
    Some(format!("{place}: {does}"))
}

/// The table of processes, of which workflows are rows.
pub(crate) const TABLE: &str = tables::PROCESS;
