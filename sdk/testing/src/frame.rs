//! One operation on its way through the pipeline: what its steps share, and what it does.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use sluice_model::{Code, Error, Result, Right};
use sluice_sdk::{Parameter, Parameters, Query, Reference, Row, Value, registration::Step};

use crate::world::State;

/// What an operation does between the steps.
#[derive(Clone)]
pub(crate) enum MainOperation {
    /// Writes the Target as a new row.
    Create,
    /// Writes the Target over a row.
    Update,
    Delete(Reference),
    Retrieve(Reference, Vec<String>),
    RetrieveMultiple(Query),
    /// Any other message: the test says what it answers.
    Other(String),
}

impl MainOperation {
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete(_) => "Delete",
            Self::Retrieve(..) => "Retrieve",
            Self::RetrieveMultiple(_) => "RetrieveMultiple",
            Self::Other(message) => message,
        }
    }

    fn right(&self) -> Option<Right> {
        match self {
            Self::Create => Some(Right::Create),
            Self::Update => Some(Right::Write),
            Self::Delete(_) => Some(Right::Delete),
            Self::Retrieve(..) | Self::RetrieveMultiple(_) => Some(Right::Read),
            Self::Other(_) => None,
        }
    }

    /// The primary row, as far as it is known; the table may be known without the id.
    fn primary(&self, target: Option<&Row>) -> (Option<String>, Option<String>) {
        match self {
            Self::Create | Self::Update => (
                target.map(|row| row.table().to_owned()),
                target.and_then(Row::id).map(str::to_owned),
            ),
            Self::Delete(row) | Self::Retrieve(row, _) => (Some(row.table.clone()), Some(row.id.clone())),
            Self::RetrieveMultiple(query) => (Some(query.table.clone()), None),
            Self::Other(_) => (None, None),
        }
    }
}

/// A request with everything that decides how it runs.
pub(crate) struct Operation {
    pub(crate) work: MainOperation,
    pub(crate) target: Option<Row>,
    pub(crate) inputs: Parameters,
    /// In whose name it runs.
    pub(crate) user: String,
    /// Whose request started it all.
    pub(crate) initiating: String,
    /// The operation whose step asked for it.
    pub(crate) parent: Option<Rc<Frame>>,
}

/// An operation on its way.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) work: MainOperation,
    pub(crate) table: Option<String>,
    pub(crate) id: RefCell<Option<String>>,
    pub(crate) user: String,
    pub(crate) initiating: String,
    pub(crate) depth: i32,
    pub(crate) in_transaction: Cell<bool>,
    pub(crate) target: RefCell<Option<Row>>,
    pub(crate) inputs: RefCell<Parameters>,
    pub(crate) outputs: RefCell<Parameters>,
    pub(crate) shared: RefCell<Vec<(String, Value)>>,
    pub(crate) before: RefCell<Option<Row>>,
    pub(crate) after: RefCell<Option<Row>>,
    pub(crate) parent: Option<Rc<Frame>>,
}

impl Frame {
    pub(crate) fn new(operation: Operation, world: &State) -> Self {
        let Operation {
            work,
            target,
            inputs,
            user,
            initiating,
            parent,
        } = operation;
        let (table, id) = work.primary(target.as_ref());
        let before = match (&work, &table, &id) {
            (MainOperation::Update | MainOperation::Delete(_), Some(table), Some(id)) => world.find(table, id),
            _ => None,
        };
        Self {
            work,
            table,
            id: RefCell::new(id),
            user,
            initiating,
            depth: parent.as_ref().map_or(1, |parent| parent.depth + 1),
            in_transaction: Cell::new(parent.as_ref().is_some_and(|parent| parent.in_transaction.get())),
            target: RefCell::new(target),
            inputs: RefCell::new(inputs),
            outputs: RefCell::default(),
            shared: RefCell::default(),
            before: RefCell::new(before),
            after: RefCell::default(),
            parent,
        }
    }

    /// The frame for what comes after pre-validation. Of Create, Update and Delete it is one of
    /// its own, so that a plug-in finds what pre-validation shared in the parent's variables.
    pub(crate) fn enter_transaction(self: Rc<Self>) -> Rc<Self> {
        let frame = match self.work {
            MainOperation::Create | MainOperation::Update | MainOperation::Delete(_) => {
                let mut frame = Self::clone(&self);
                frame.shared.take();
                frame.parent = Some(self);
                Rc::new(frame)
            }
            _ => self,
        };
        frame.in_transaction.set(true);
        frame
    }

    /// Whether a step listens to this operation.
    pub(crate) fn concerns(&self, step: &Step) -> bool {
        let target = self.target.borrow();
        let is_sent = |column: &&str| target.as_ref().is_some_and(|row| row.has(column));
        step.message == self.work.message()
            && (step.table.is_empty() || Some(step.table) == self.table.as_deref())
            && (step.filtering_columns.is_empty() || step.filtering_columns.iter().any(is_sent))
    }

    /// The first gate, which knows no row: does the user hold the privilege at any depth?
    pub(crate) fn gate(&self, world: &State) -> Result<()> {
        match (self.work.right(), &self.table) {
            (Some(right), Some(table)) => world.gate(&self.user, table, right),
            _ => Ok(()),
        }
    }

    /// The main operation, with the second gate.
    pub(crate) fn operate(&self, world: &mut State) -> Result<()> {
        match &self.work {
            MainOperation::Create => {
                let row = self.row()?;
                let id = row.id().map_or_else(|| world.next_id(), str::to_owned);
                world.create(&self.user, row.with_id(&id))?;
                self.id.replace(Some(id.clone()));
                self.give("id", Value::Id(id));
            }
            MainOperation::Update => world.update(&self.user, self.row()?)?,
            MainOperation::Delete(row) => world.delete(&self.user, row)?,
            MainOperation::Retrieve(row, columns) => {
                self.give("BusinessEntity", world.retrieve(&self.user, row, columns)?);
            }
            MainOperation::RetrieveMultiple(query) => {
                self.give("BusinessEntityCollection", world.retrieve_multiple(&self.user, query)?);
            }
            MainOperation::Other(message) => {
                let answer = world.answers.get(message).cloned();
                let unknown = || {
                    let message = format!("the test host does not know `{message}`: say what it `answers`");
                    Error::new(Code::MESSAGE_UNKNOWN, message)
                };
                self.outputs.replace(answer.ok_or_else(unknown)?);
            }
        }
        if let (MainOperation::Create | MainOperation::Update, Some(table), Some(id)) =
            (&self.work, &self.table, &*self.id.borrow())
        {
            self.after.replace(world.find(table, id));
        }
        Ok(())
    }

    fn row(&self) -> Result<Row> {
        self.target
            .borrow()
            .clone()
            .ok_or_else(|| Error::invalid("the request has no Target"))
    }

    fn give(&self, name: &str, parameter: impl Into<Parameter>) {
        self.outputs.borrow_mut().0.push((name.to_owned(), parameter.into()));
    }
}
