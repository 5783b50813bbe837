//! Traces: what a request set off, as a tree for the request and as a row for each plug-in
//! call. They are written beside the unit of work, so that its rollback spares them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use sluice_model::{Error, Row, TableDef, Timestamp, Value};
use sluice_sandbox::Usage;

use crate::{Unit, operation::Operation, snapshot::TraceSetting, step::Step, tables};

/// A node of a request's tree: a message, a step or a service call, with what it set off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// `message`, `step` or `call`.
    pub kind: String,
    /// `Create account`, the step's name, or the call.
    pub name: String,
    /// The depth of a message, the stage of a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<i32>,
    /// In whose name a message ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How long it took, in microseconds.
    pub microseconds: u64,
    /// What a plug-in call used: `cpu 120 µs, memory 1 MiB, 2 calls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// Why it failed: an object with `code` and `message`; where it failed first, and for the whole
    /// request, everything that the refusal said.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "refusal")]
    pub error: Option<serde_json::Value>,
    /// The row that a message worked on: `account:ID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// The columns that had to be filled in first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What it set off, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Node>,
}

impl Node {
    /// Why it failed, in a line: code and message.
    pub fn refusal(&self) -> Option<String> {
        let error = self.error.as_ref()?;
        let text = |name: &str| error.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        Some(format!("{} {}", text("code"), text("message")).trim_end().to_owned())
    }
}

/// An error as an object. Earlier versions kept a line: code and message.
fn refusal<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<serde_json::Value>, D::Error> {
    use serde_json::{Value as Json, json};
    Ok(Option::<Json>::deserialize(from)?.map(|error| match error.as_str() {
        Some(line) => {
            let (code, message) = line.split_once(' ').unwrap_or((line, ""));
            json!({ "code": code, "message": message })
        }
        None => error,
    }))
}

/// What is remembered while a request runs.
#[derive(Default)]
pub(crate) struct Trace {
    /// The nodes under way, the outermost first.
    open: Vec<(Node, Instant)>,
    /// The outermost message, once it has ended.
    root: Option<Node>,
    /// The rows of `plugintracelog`, one for each plug-in call that the setting keeps.
    calls: Vec<Row>,
    /// When the last of them ended: each is a little later than the one before.
    last: Option<Timestamp>,
    /// The outermost message as it began.
    outermost: Option<Box<Operation>>,
    /// The rows have been handed to the store.
    written: bool,
}

/// Where a trace stood, for a unit that runs again.
pub(crate) struct Mark {
    open: Vec<usize>,
    calls: Vec<Row>,
}

impl Trace {
    pub(crate) fn enter_message(&mut self, operation: &Operation) {
        if self.open.is_empty() && self.outermost.is_none() {
            self.outermost = Some(Box::new(operation.outline()));
        }
        let context = &operation.context;
        let name = match &context.table {
            Some(table) => format!("{} {table}", context.message),
            None => context.message.to_string(),
        };
        let level = i32::try_from(context.depth).ok();
        self.enter("message", name, level, Some(operation.principal.name().to_owned()));
        if let (Some((node, _)), Ok(row)) = (self.open.last_mut(), operation.target_reference()) {
            node.row = Some(row.to_string());
        }
    }

    pub(crate) fn enter_step(&mut self, step: &Step) {
        self.enter("step", step.name.clone(), Some(step.stage), None);
    }

    pub(crate) fn enter_call(&mut self, description: &str) {
        self.enter("call", description.to_owned(), None, None);
    }

    fn enter(&mut self, kind: &str, name: String, level: Option<i32>, user: Option<String>) {
        let kind = kind.to_owned();
        let node = Node {
            kind,
            name,
            level,
            user,
            microseconds: 0,
            usage: None,
            error: None,
            row: None,
            missing: Vec::new(),
            children: Vec::new(),
        };
        self.open.push((node, Instant::now()));
    }

    pub(crate) fn leave(&mut self, error: Option<&Error>) {
        let Some((node, began)) = self.open.pop() else { return };
        let node = finished(node, began, error, self.open.is_empty());
        match self.open.last_mut() {
            Some((parent, _)) => parent.children.push(node),
            None => self.root = Some(node),
        }
    }

    /// The messages and steps under way, for the error of a loop.
    pub(crate) fn chain(&self) -> String {
        let names = self
            .open
            .iter()
            .filter(|(node, _)| node.kind != "call")
            .map(|(node, _)| node.name.as_str());
        names.collect::<Vec<_>>().join(" → ")
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            open: self.open.iter().map(|(node, _)| node.children.len()).collect(),
            calls: self.calls.clone(),
        }
    }

    pub(crate) fn back_to(&mut self, mark: &Mark) {
        self.open.truncate(mark.open.len());
        for ((node, _), children) in self.open.iter_mut().zip(&mark.open) {
            node.children.truncate(*children);
        }
        self.calls.clone_from(&mark.calls);
    }

    /// Keeps what a plug-in call said and used.
    pub(crate) fn finish_step(
        &mut self,
        operation: &Operation,
        step: &Step,
        (started, ended): (Timestamp, Timestamp),
        (text, usage): (String, Usage),
        error: Option<&Error>,
        setting: TraceSetting,
    ) {
        let context = &operation.context;
        if let Some((node, _)) = self.open.last_mut() {
            node.usage = Some(format!(
                "cpu {} µs, memory {} KiB, {} calls, {} rows, {} bytes",
                usage.cpu.as_micros(),
                usage.memory / 1024,
                usage.host_calls,
                usage.rows,
                usage.bytes
            ));
        }
        if setting == TraceSetting::Off || (setting == TraceSetting::Exception && error.is_none()) {
            return;
        }
        let ended = self.after_the_last(ended);
        let mut row = Row::unsaved(tables::PLUGIN_TRACE)
            .with("createdon", ended)
            .with("typename", step.plugin())
            .with("messagename", &*context.message)
            .with("mode", Value::Choice(step.mode))
            .with("operationtype", Value::Choice(1))
            .with("depth", i32::try_from(context.depth).unwrap_or(i32::MAX))
            .with("correlationid", context.correlation)
            .with("pluginstepid", step.id)
            .with("issystemcreated", true)
            .with("performanceexecutionstarttime", started)
            .with("performanceexecutionduration", milliseconds(usage.wall));
        if let Some(table) = &context.table {
            row.set("primaryentity", &**table);
        }
        if let Some(request) = context.request {
            row.set("requestid", request);
        }
        if !text.is_empty() {
            row.set("messageblock", text);
        }
        if let Some(configuration) = &step.configuration {
            row.set("configuration", configuration.as_str());
        }
        if let Some(error) = error {
            row.set("exceptiondetails", format!("{} {}", error.code(), error.message()));
        }
        self.calls.push(row);
    }

    /// The time, or a moment after that of the row before: the rows of a request have an order.
    fn after_the_last(&mut self, now: Timestamp) -> Timestamp {
        let least = self
            .last
            .and_then(|last| last.checked_add(SignedDuration::from_micros(1)).ok());
        let time = least.map_or(now, |least| least.max(now));
        self.last = Some(time);
        time
    }
}

fn finished(mut node: Node, began: Instant, error: Option<&Error>, outermost: bool) -> Node {
    node.microseconds = began.elapsed().as_micros().try_into().unwrap_or(u64::MAX);
    let whole = outermost || node.children.iter().all(|child| child.error.is_none());
    node.error = error.map(|error| match whole {
        true => error.to_json(),
        false => serde_json::json!({ "code": error.code().to_string(), "message": error.message() }),
    });
    node.missing = error.map(|error| error.body().missing.clone()).unwrap_or_default();
    node
}

fn milliseconds(duration: Duration) -> i32 {
    duration.as_millis().try_into().unwrap_or(i32::MAX)
}

impl Unit {
    /// The rows that the outermost message leaves behind, under the organisation's setting.
    pub(crate) fn trace_rows(&mut self, operation: &Operation, error: Option<&Error>) -> Vec<(Arc<TableDef>, Row)> {
        self.trace.written = true;
        let setting = self.snapshot.settings.trace;
        let calls = std::mem::take(&mut self.trace.calls);
        if self.trial.rolled_back || setting == TraceSetting::Off {
            return Vec::new();
        }
        if setting == TraceSetting::Exception && error.is_none() {
            return Vec::new();
        }
        let mut rows = calls;
        if let Some(row) = self.tree_row(operation, error) {
            rows.push(row);
        }
        let now = self.core.env.now();
        let now = self.trace.after_the_last(now);
        let system = self.snapshot.system.id();
        let snapshot = self.snapshot.clone();
        rows.into_iter()
            .filter_map(|mut row| {
                row.id = self.core.env.new_id();
                let table = snapshot.catalog.find(&row.table)?.clone();
                if !row.has("createdon") {
                    row.set("createdon", now);
                }
                row.set("createdby", sluice_model::Reference::new(tables::USER, system));
                Some((table, row))
            })
            .collect()
    }

    /// Writes the traces of a request whose own transaction could not take them along: it
    /// was refused before there was one, or it only read.
    pub(crate) fn write_leftover_traces(&mut self, error: Option<&Error>) {
        let Some(operation) = self.trace.outermost.take().filter(|_| !self.trace.written) else {
            return;
        };
        // Who waited in vain for the write lock does not wait again for the trace.
        let busy = error.is_some_and(|error| error.code() == sluice_model::Code::BUSY);
        if busy || (error.is_none() && self.trace.calls.is_empty()) {
            return;
        }
        let rows = self.trace_rows(&operation, error);
        if rows.is_empty() {
            return;
        }
        let done = self.core.store().and_then(|store| {
            store.write(&mut |tx| {
                (
                    tx,
                    sluice_store::End {
                        keep: true,
                        value: (),
                        beside: rows.clone(),
                    },
                )
            })
        });
        if let Err(error) = done {
            tracing::warn!(%error, "the trace of a request could not be written");
        }
    }

    /// The traces of one message of a batch; the next one begins anew.
    pub(crate) fn traces_of_part(&mut self, error: Option<&Error>) -> Vec<(Arc<TableDef>, Row)> {
        let Some(operation) = self.trace.outermost.take() else {
            return Vec::new();
        };
        let only_read = error.is_none() && self.trace.calls.is_empty() && operation.message.shape().reads;
        let rows = if only_read {
            Vec::new()
        } else {
            self.trace_rows(&operation, error)
        };
        self.trace = Trace::default();
        rows
    }

    /// The tree of the outermost message, which is either ended or the only one still open.
    fn tree_row(&mut self, operation: &Operation, error: Option<&Error>) -> Option<Row> {
        let root = match self.trace.open.first() {
            Some((node, began)) => finished(node.clone(), *began, error, true),
            None => self.trace.root.clone()?,
        };
        let context = &operation.context;
        let mut row = Row::unsaved(tables::MESSAGE_TRACE)
            .with("sl_name", root.name.as_str())
            .with("sl_correlationid", context.correlation)
            .with("sl_message", &*context.message)
            .with(
                "sl_userid",
                sluice_model::Reference::new(tables::USER, operation.principal.id()),
            )
            .with("sl_startedon", context.created_on)
            .with("sl_duration", i32::try_from(root.microseconds).unwrap_or(i32::MAX))
            .with("sl_succeeded", error.is_none())
            .with("sl_tree", serde_json::to_string(&root).unwrap_or_default());
        if let Some(table) = &context.table {
            row.set("sl_table", &**table);
        }
        Some(row)
    }
}
