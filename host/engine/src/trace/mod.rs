//! Traces: what a request set off, as a tree for the request and as a row for each plug-in
//! call. They are written beside the unit of work, so that its rollback spares them. What a request
//! may leave behind is bounded ([`room`]); what is cut is counted.

mod asked;
mod checks;
mod own;
mod recorded;
mod refused;
mod room;
mod rows;
#[cfg(test)]
mod tests;
mod tree;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::SignedDuration;
use serde_json::Value as Json;
use sluice_access::{CheckMark, Checks, Place};
use sluice_model::{Error, Name, Row, Timestamp, Uuid, Value};
use sluice_sandbox::{Context, Usage};

pub use checks::{AskedAs, Named as TracedName, TracedCheck, TracedChecks, TracedWithheld, asked_as};
pub(crate) use checks::{CHECKS, KeptChecks};
pub use recorded::{PastRequest, RecordedRequest};
pub(crate) use recorded::{REQUEST, Recorded};
pub use refused::Refused;
pub(crate) use tree::on_table;
pub use tree::{Discarded, Node};

use crate::{operation::Operation, plugin::KIND, snapshot::TraceSetting, step::Step, tables};
use room::Room;
use tree::{Failed, Kept, Tree, What};

/// What a node costs of the room, about.
const NODE: usize = 200;
/// What a row costs beside its texts, about.
const ROW: usize = 400;
/// The most bytes of one refusal; of a longer one only the code and the beginning are kept.
const REFUSAL: usize = 64 << 10;

/// Whether a text is the tree of a request.
pub(crate) fn is_tree(text: &str) -> bool {
    Node::read(text).is_some()
}

/// Whether a text is what was asked about principals.
pub(crate) fn are_checks(text: &str) -> bool {
    KeptChecks::read(text).is_some()
}

/// Whether a text is a request as it is recorded.
pub(crate) fn is_request(text: &str) -> bool {
    serde_json::from_str::<Recorded>(text).is_ok()
}

/// What is remembered while a request runs.
pub(crate) struct Trace {
    /// What is asked about principals.
    checks: Arc<Checks>,
    /// The messages and steps that set off the job that runs now, the outermost first.
    set_off_by: Vec<String>,
    /// The nodes under way, the outermost first.
    open: Vec<Open>,
    /// The outermost message, once it has ended.
    root: Option<Kept>,
    /// The names of the steps and users that nodes speak of.
    names: BTreeMap<Uuid, String>,
    /// What refusals said, each once.
    refusals: Vec<Json>,
    /// The rows of `plugintracelog`, one for each plug-in call that the setting keeps.
    calls: Vec<Row>,
    /// How many of them found no room.
    calls_cut: u64,
    /// Rows of other logs, which stay whatever becomes of the request and whatever is traced.
    logs: Vec<Row>,
    room: Room,
    /// Messages of a batch that left nothing, because there was no room.
    messages_cut: u64,
    /// When the last of them ended: each is a little later than the one before.
    last: Option<Timestamp>,
    /// The outermost message as it began.
    outermost: Option<Box<Operation>>,
    /// The request as it was sent.
    request: Option<Recorded>,
    /// The rows have been handed to the store.
    written: bool,
}

/// A node under way.
struct Open {
    node: Kept,
    began: Instant,
    /// There is room for it, whatever becomes of it.
    has_room: bool,
}

/// Where a trace stood, for a unit that runs again.
pub(crate) struct Mark {
    /// How many nodes lie below each that is open, and how many were cut.
    open: Vec<(usize, u64)>,
    refusals: usize,
    calls: usize,
    calls_cut: u64,
    logs: usize,
    room: Room,
    checks: CheckMark,
}

impl Default for Trace {
    fn default() -> Self {
        Self::noting(Arc::new(Checks::at_most(checks::MOST)))
    }
}

impl Trace {
    /// Nothing yet; what is asked about principals is kept there.
    pub(crate) fn noting(checks: Arc<Checks>) -> Self {
        Self {
            checks,
            set_off_by: Vec::new(),
            open: Vec::new(),
            root: None,
            names: BTreeMap::new(),
            refusals: Vec::new(),
            calls: Vec::new(),
            calls_cut: 0,
            logs: Vec::new(),
            room: Room::default(),
            messages_cut: 0,
            last: None,
            outermost: None,
            request: None,
            written: false,
        }
    }

    /// What follows has a trace of its own, in the room that is left: the jobs of a request.
    pub(crate) fn begin_anew(&mut self) {
        self.checks.clear();
        *self = Self {
            room: self.room,
            messages_cut: self.messages_cut,
            ..Self::noting(self.checks.clone())
        };
    }

    /// What follows has a trace and room of its own.
    pub(crate) fn clear(&mut self) {
        *self = Self::noting(self.checks.clone());
    }

    /// What was asked about principals.
    pub(crate) fn checks(&self) -> &Arc<Checks> {
        &self.checks
    }

    /// The request that begins, for its trace.
    pub(crate) fn record(&mut self, request: Recorded) {
        self.request = Some(request);
    }

    /// Whether its rows have been handed to the store.
    pub(crate) fn is_written(&self) -> bool {
        self.written
    }

    pub(crate) fn enter_message(&mut self, operation: &Operation) {
        if self.open.is_empty() && self.outermost.is_none() {
            self.outermost = Some(Box::new(operation.outline()));
        }
        let context = &operation.context;
        self.checks.enter(Place::Message {
            message: context.message.clone(),
            table: context.table.clone(),
        });
        let user = operation.principal.id();
        self.name(user, operation.principal.name());
        self.enter(What::Message {
            message: context.message.clone(),
            table: context.table.clone(),
            id: context.id,
            depth: context.depth,
            user,
        });
        if &*context.message == "Update" {
            let sent = context.target.iter().flat_map(|row| row.values.keys());
            self.changed(sent.cloned().collect());
        }
    }

    /// The columns that the message or step under way changes.
    pub(crate) fn changed(&mut self, columns: Vec<Name>) {
        if let Some(open) = self.open.last_mut() {
            open.node.changed = columns;
        }
    }

    pub(crate) fn enter_step(&mut self, step: &Step) {
        self.name(step.id, &step.name);
        self.checks.enter(Place::Step {
            step: step.id,
            run_as: step.run_as,
            is_plugin: step.handler.kind() == KIND,
        });
        self.enter(What::Step {
            step: step.id,
            stage: step.stage,
            handler: Some(step.handler.kind())
                .filter(|kind| *kind != KIND)
                .map(ToOwned::to_owned),
        });
    }

    pub(crate) fn enter_call(&mut self, message: Name, table: Option<Name>) {
        self.enter(What::Call { message, table });
    }

    /// The handler of a step calls a plug-in.
    pub(crate) fn enter_plugin(&mut self, step: &Step) {
        self.enter(What::Plugin {
            plugin: step.handler.plugin(),
            step: step.id,
        });
    }

    fn name(&mut self, id: Uuid, name: &str) {
        self.names.entry(id).or_insert_with(|| name.to_owned());
    }

    fn enter(&mut self, what: What) {
        let has_room = self.room.take(NODE, false);
        self.open.push(Open {
            node: Kept::new(what),
            began: Instant::now(),
            has_room,
        });
    }

    pub(crate) fn leave(&mut self, error: Option<&Error>) {
        let Some(Open {
            mut node,
            began,
            has_room,
        }) = self.open.pop()
        else {
            return;
        };
        if matches!(node.what, What::Message { .. } | What::Step { .. }) {
            self.checks.leave();
        }
        let is_root = self.open.is_empty();
        let kept = has_room || is_root || (error.is_some() && self.room.take(NODE, true));
        node.took = microseconds(began);
        if kept {
            node.failed = error.map(|error| self.failed(&node, error, is_root));
        }
        match self.open.last_mut() {
            Some(parent) if kept => parent.node.below.push(node),
            Some(parent) => {
                // What failed below it, and was not handed on.
                let (below, cut) = node.size();
                parent.node.cut += u64::try_from(below).unwrap_or(u64::MAX) + cut;
                self.room.give_back(below - 1, (below - 1) * NODE);
            }
            None => self.root = Some(node),
        }
    }

    /// What the step did that has just ended was discarded.
    pub(crate) fn discarded(&mut self, discarded: Discarded) {
        let ended = match self.open.last_mut() {
            Some(parent) => parent.node.below.last_mut(),
            None => self.root.as_mut(),
        };
        if let Some(node) = ended.filter(|node| matches!(node.what, What::Step { .. })) {
            node.changed.clear();
            node.discarded = Some(discarded);
        }
    }

    /// Everything that a refusal said stands where it began, and at the root; a node that hands it
    /// on has its code.
    fn failed(&mut self, node: &Kept, error: &Error, is_root: bool) -> Failed {
        let begins = node.below.iter().all(|below| below.failed.is_none());
        let code = error.code().0;
        let told = |refusal: &&Json| {
            refusal.get("message").and_then(Json::as_str) == Some(error.message())
                && refusal.get("code").and_then(Json::as_str) == Some(&*error.code().to_string())
        };
        if is_root {
            self.refusals.push(document(error));
            return Failed {
                code,
                told: self.refusals.len().checked_sub(1),
            };
        }
        let known = self.refusals.iter().rposition(|refusal| told(&refusal));
        let told = match known {
            Some(known) => Some(known).filter(|_| begins),
            None => {
                let document = document(error);
                let fits = self.room.take(document.to_string().len(), true);
                fits.then(|| {
                    self.refusals.push(document);
                    self.refusals.len() - 1
                })
            }
        };
        Failed { code, told }
    }

    /// What follows is a job that these messages and steps have set off.
    pub(crate) fn goes_on_behind(&mut self, chain: Vec<String>) {
        self.set_off_by = chain;
    }

    /// The messages and steps under way, behind those that set their job off: for the error of a loop, and for the
    /// jobs that they set off in their turn.
    pub(crate) fn chain(&self) -> Vec<String> {
        let name = |open: &Open| match &open.node.what {
            What::Message { message, table, .. } => Some(on_table(message, table.as_ref())),
            What::Step { step, .. } => self.names.get(step).cloned(),
            What::Call { .. } | What::Plugin { .. } => None,
        };
        let under_way = self.open.iter().filter_map(name);
        self.set_off_by.iter().cloned().chain(under_way).collect()
    }

    /// The steps in which the outermost message failed, the outermost first.
    pub(crate) fn steps_around_failure(&self) -> Vec<Uuid> {
        let mut steps = Vec::new();
        let mut next = self.root.as_ref();
        let fails = |node: &Kept| node.failed.is_some() && node.discarded.is_none();
        while let Some(node) = next.filter(|node| fails(node)) {
            if let What::Step { step, .. } = node.what {
                steps.push(step);
            }
            next = node.below.iter().rfind(|below| fails(below));
        }
        steps
    }

    pub(crate) fn mark(&self) -> Mark {
        let open = self.open.iter().map(|open| (open.node.below.len(), open.node.cut));
        Mark {
            open: open.collect(),
            refusals: self.refusals.len(),
            calls: self.calls.len(),
            calls_cut: self.calls_cut,
            logs: self.logs.len(),
            room: self.room,
            checks: self.checks.mark(),
        }
    }

    pub(crate) fn back_to(&mut self, mark: &Mark) {
        self.open.truncate(mark.open.len());
        for (open, (below, cut)) in self.open.iter_mut().zip(&mark.open) {
            open.node.below.truncate(*below);
            open.node.cut = *cut;
        }
        self.refusals.truncate(mark.refusals);
        self.calls.truncate(mark.calls);
        self.calls_cut = mark.calls_cut;
        self.logs.truncate(mark.logs);
        self.room = mark.room;
        self.checks.back_to(mark.checks);
    }

    /// Keeps what a plug-in call said and used.
    pub(crate) fn finish_step(
        &mut self,
        context: &Context,
        step: &Step,
        (started, ended): (Timestamp, Timestamp),
        (text, usage): (String, Usage),
        error: Option<&Error>,
        setting: TraceSetting,
    ) {
        if let Some(open) = self.open.last_mut() {
            open.node.used = Some(usage.into());
        }
        if !setting.keeps(error.is_some()) {
            return;
        }
        let details = error.map(|error| format!("{} {}", error.code(), error.message()));
        let texts = [Some(&*text), step.handler.configuration(), details.as_deref()];
        let bytes: usize = texts.into_iter().flatten().map(str::len).sum();
        if !self.room.take(ROW + bytes, error.is_some()) {
            self.calls_cut += 1;
            return;
        }
        let ended = self.after_the_last(ended);
        let mut row = call_row(context, step, (started, ended), usage);
        if !text.is_empty() {
            row.set("messageblock", text);
        }
        if let Some(details) = details {
            row.set("exceptiondetails", details);
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

    /// The tree of the outermost message, which is either ended or the only one still open.
    fn tree(&mut self, error: Option<&Error>) -> Option<Tree> {
        let root = match self.open.first() {
            Some(open) => {
                let (mut node, took) = (open.node.clone(), microseconds(open.began));
                node.took = took;
                node.failed = error.map(|error| self.failed(&node, error, true));
                node
            }
            None => self.root.clone()?,
        };
        Some(Tree {
            root,
            names: self.names.clone(),
            refusals: self.refusals.clone(),
            calls_cut: self.calls_cut,
        })
    }
}

/// The row of a plug-in call, without its texts.
fn call_row(context: &Context, step: &Step, (started, ended): (Timestamp, Timestamp), usage: Usage) -> Row {
    let mut row = Row::unsaved(tables::PLUGIN_TRACE)
        .with("createdon", ended)
        .with("typename", step.handler.plugin())
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
    if let Some(configuration) = step.handler.configuration() {
        row.set("configuration", configuration);
    }
    row
}

/// What is kept of a refusal.
fn document(error: &Error) -> Json {
    let whole = error.to_json();
    if whole.to_string().len() <= REFUSAL {
        return whole;
    }
    let message = error.message();
    let short = message
        .get(..message.floor_char_boundary(REFUSAL / 4))
        .unwrap_or_default();
    serde_json::json!({ "code": error.code().to_string(), "message": format!("{short}…"), "missing": error.body().missing })
}

fn microseconds(since: Instant) -> u64 {
    since.elapsed().as_micros().try_into().unwrap_or(u64::MAX)
}

fn milliseconds(duration: Duration) -> i32 {
    duration.as_millis().try_into().unwrap_or(i32::MAX)
}
