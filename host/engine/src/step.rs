//! A registered step as the pipeline uses it, and the table that finds the steps of a
//! message.

use std::{collections::HashMap, sync::Arc};

use sluice_model::{Name, Row, StepInfo, Timestamp, Uuid};

use crate::{handler::Handler, plugin::PluginHandler};

use crate::Env;

/// Before the privilege gate; outside the transaction for the outermost message.
pub const PRE_VALIDATION: i32 = 10;
/// Inside the transaction, before the main operation.
pub const PRE_OPERATION: i32 = 20;
/// Inside the transaction, after the main operation.
pub const POST_OPERATION: i32 = 40;

/// Mode of a step that runs inside the request.
pub const SYNCHRONOUS: i32 = 0;

/// Mode of a step that runs as a job.
pub const ASYNCHRONOUS: i32 = 1;

/// `sdkmessageprocessingstepimage.imagetype`; 2 is both.
pub mod image {
    /// The row before the main operation.
    pub const BEFORE: i32 = 0;
    /// The row after it.
    pub const AFTER: i32 = 1;
}

/// An image that a step asks for.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) alias: Name,
    /// 0 before, 1 after, 2 both.
    pub(crate) kind: i32,
    /// Empty: all columns.
    pub(crate) columns: Vec<Name>,
    /// Those of them that whoever gets it looks at; `None`: all, as far as anybody knows.
    pub(crate) reads: Option<Vec<Name>>,
}

/// An enabled step.
#[derive(Debug)]
pub struct Step {
    /// The row that says what it does, and takes it out of work.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// The message.
    pub message: Name,
    /// The table; every table, where there is none.
    pub table: Option<Name>,
    /// The stage.
    pub stage: i32,
    pub(crate) mode: i32,
    /// Its place among the steps of the stage: the lowest comes first.
    pub rank: i32,
    /// Breaks ties between equal ranks, as on the platform.
    pub(crate) filter: Option<Uuid>,
    /// Of Create and Update: at least one must be among the columns sent. Empty: any.
    pub filtering: Vec<Name>,
    pub(crate) images: Vec<Image>,
    /// As whom it runs; as the caller, where nothing is said.
    pub run_as: Option<Uuid>,
    pub(crate) auto_delete: bool,
    /// Until then it is passed over.
    pub(crate) rests_until: Option<Timestamp>,
    /// It runs, and what it does is discarded.
    pub(crate) is_monitored: bool,
    /// Whether a request may pass over it.
    pub is_bypassable: bool,
    /// What it calls.
    pub(crate) handler: Arc<dyn Handler>,
}

impl Default for Step {
    fn default() -> Self {
        Self::calling(Arc::new(PluginHandler::default()))
    }
}

impl Step {
    /// A synchronous step that calls `handler`, and of which nothing else is said yet.
    pub fn calling(handler: Arc<dyn Handler>) -> Self {
        Self {
            id: Uuid::nil(),
            name: String::new(),
            message: Name::default(),
            table: None,
            stage: 0,
            mode: SYNCHRONOUS,
            rank: 0,
            filter: None,
            filtering: Vec::new(),
            images: Vec::new(),
            run_as: None,
            rests_until: None,
            is_monitored: false,
            is_bypassable: true,
            auto_delete: false,
            handler,
        }
    }

    /// What calls `handler` as a part of the step.
    pub(crate) fn instead(&self, handler: Arc<dyn Handler>) -> Self {
        Self {
            id: self.id,
            name: self.name.clone(),
            message: self.message.clone(),
            table: self.table.clone(),
            stage: self.stage,
            mode: self.mode,
            run_as: self.run_as,
            ..Self::calling(handler)
        }
    }

    /// The step, where it follows once the transaction is committed.
    #[must_use]
    pub fn in_background(mut self) -> Self {
        self.mode = ASYNCHRONOUS;
        self.stage = POST_OPERATION;
        self
    }

    /// The step, which is to know the row as it was before the main operation.
    #[must_use]
    pub fn knowing_row_before(mut self) -> Self {
        self.images.push(Image {
            alias: "PreBusinessEntity".into(),
            kind: image::BEFORE,
            columns: Vec::new(),
            reads: None,
        });
        self
    }

    /// As [`Self::knowing_row_before`], where it looks at these columns of it alone: of no other one it is told
    /// that it was withheld.
    #[must_use]
    pub fn looking_at_row_before(self, columns: impl IntoIterator<Item = Name>) -> Self {
        let mut step = self.knowing_row_before();
        if let Some(image) = step.images.last_mut() {
            image.reads = Some(columns.into_iter().collect());
        }
        step
    }

    /// What errors and traces say of the step.
    pub fn info(&self) -> StepInfo {
        StepInfo {
            id: self.id,
            name: self.name.clone(),
            kind: self.handler.kind(),
            plugin: self.handler.plugin(),
            action: None,
            message: self.message.to_string(),
            table: self.table.as_ref().map(ToString::to_string),
            stage: self.stage,
        }
    }

    /// Whether it rests; the clock is read only for a step that ever did.
    pub(crate) fn rests(&self, env: &dyn Env) -> bool {
        self.rests_until.is_some_and(|until| env.now() < until)
    }

    /// Until when it rests, if it does at that time.
    pub fn rests_at(&self, time: Timestamp) -> Option<Timestamp> {
        self.rests_until.filter(|until| time < *until)
    }

    /// Whether it has an image of the row before the main operation.
    pub(crate) fn wants_row_before(&self) -> bool {
        self.images.iter().any(|image| image.kind != image::AFTER)
    }

    /// Whether it has an image of the row after the main operation.
    pub(crate) fn wants_row_after(&self) -> bool {
        self.images.iter().any(|image| image.kind != image::BEFORE)
    }

    /// Whether a Create or Update of `target` concerns the step.
    pub(crate) fn listens_to(&self, target: Option<&Row>) -> bool {
        match target {
            Some(row) if takes_filter(&self.message) && !self.filtering.is_empty() => {
                self.filtering.iter().any(|column| row.has(column))
            }
            _ => true,
        }
    }
}

/// Whether steps on a message may listen to some columns only.
pub fn takes_filter(message: &str) -> bool {
    matches!(message, "Create" | "Update")
}

/// The enabled steps by message and table, in the order in which they run.
#[derive(Debug, Default)]
pub struct StepTable {
    messages: HashMap<Name, MessageSteps>,
}

#[derive(Debug, Default)]
struct MessageSteps {
    any_table: Vec<Arc<Step>>,
    by_table: HashMap<Name, Vec<Arc<Step>>>,
}

impl StepTable {
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        let mut table = Self::default();
        for step in steps.into_iter().map(Arc::new) {
            let message = table.messages.entry(step.message.clone()).or_default();
            match &step.table {
                Some(name) => message.by_table.entry(name.clone()).or_default().push(step),
                None => message.any_table.push(step),
            }
        }
        for message in table.messages.values_mut() {
            for list in message.by_table.values_mut() {
                list.extend(message.any_table.iter().cloned());
                list.sort_by_key(|step| (step.stage, step.rank, step.filter, step.id));
            }
            message
                .any_table
                .sort_by_key(|step| (step.stage, step.rank, step.filter, step.id));
        }
        table
    }

    /// The ids of all of them.
    pub fn ids(&self) -> impl Iterator<Item = Uuid> {
        let lists = self
            .messages
            .values()
            .flat_map(|of| of.by_table.values().chain([&of.any_table]));
        lists.flatten().map(|step| step.id)
    }

    /// The enabled step of that id.
    pub fn find(&self, id: Uuid) -> Option<&Arc<Step>> {
        let lists = self
            .messages
            .values()
            .flat_map(|of| of.by_table.values().chain([&of.any_table]));
        lists.flatten().find(|step| step.id == id)
    }

    /// The steps of a message on a table, in the order in which they run.
    pub(crate) fn of(&self, message: &str, table: Option<&str>) -> &[Arc<Step>] {
        let Some(steps) = self.messages.get(message) else {
            return &[];
        };
        table
            .and_then(|table| steps.by_table.get(table))
            .unwrap_or(&steps.any_table)
    }
}
