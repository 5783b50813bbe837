//! The tree of a request in its two forms: as it is kept, with ids, and each name and each refusal
//! once; and as clients see it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sluice_model::{Code, Name, Reference, Uuid};
use sluice_sandbox::Usage;

/// A node of a request's tree as clients see it: a message, a step or a service call, with what it
/// set off.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// `message`, `step` or `call`; of a step that calls no plug-in, what it calls: `workflow`.
    pub kind: String,
    /// `Create account`, the step's name, or the call.
    pub name: String,
    /// The table of a message.
    #[serde(skip)]
    pub table: Option<Name>,
    /// Which step it is, or which one's handler called the plug-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Uuid>,
    /// What the plug-in of a step said: in its own row, from which whoever shows the tree puts it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// The plug-in that a step calls: whoever shows the tree puts it here, where the reader may know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
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
    /// Why it failed: an object with `code`; where it failed first, and for the whole request,
    /// everything that the refusal said. A node that only handed the refusal on has the code alone.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "refusal")]
    pub error: Option<Json>,
    /// The row that a message worked on: `account:ID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// The columns that had to be filled in first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The columns of the row that the message or step changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Name>,
    /// Of a step that is only watched: what it did was discarded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discarded: Option<Discarded>,
    /// So many nodes below it were not kept: the budget of the trace was used up.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut: u64,
    /// Of a whole request: so many plug-in calls have no row of their own, for the same reason.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub calls_cut: u64,
    /// What it set off, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Node>,
}

/// What is known of what a step did that was then discarded. Its calls are below it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discarded {
    /// The columns of the Target that it set, changed or took away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Name>,
}

impl Node {
    /// Why it failed, in a line: code and message.
    pub fn refusal(&self) -> Option<String> {
        let error = self.error.as_ref()?;
        let text = |name: &str| error.get(name).and_then(Json::as_str).unwrap_or_default();
        Some(format!("{} {}", text("code"), text("message")).trim_end().to_owned())
    }

    /// Whether it is of a request: not of what one set off in the background.
    pub(crate) fn is_request(&self) -> bool {
        matches!(self.kind.as_str(), "message" | "request")
    }

    /// The tree that a column holds, in whatever form it was kept.
    pub(crate) fn read(text: &str) -> Option<Self> {
        match serde_json::from_str::<Tree>(text) {
            Ok(tree) => Some(tree.shown()),
            // Earlier versions kept what clients see.
            Err(_) => serde_json::from_str(text).ok().map(Self::with_tables),
        }
    }

    /// Of what earlier versions kept, the tables of messages, which stand in their names alone.
    fn with_tables(mut self) -> Self {
        let table = self.name.split_once(' ').map(|(_, table)| table.into());
        self.table = table.filter(|_| self.kind == "message");
        self.children = self.children.into_iter().map(Self::with_tables).collect();
        self
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// An error as an object. Earlier versions kept a line: code and message.
fn refusal<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Json>, D::Error> {
    Ok(Option::<Json>::deserialize(from)?.map(|error| match error.as_str() {
        Some(line) => {
            let (code, message) = line.split_once(' ').unwrap_or((line, ""));
            serde_json::json!({ "code": code, "message": message })
        }
        None => error,
    }))
}

/// What a node stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum What {
    Message {
        message: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        table: Option<Name>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Uuid>,
        depth: u32,
        user: Uuid,
    },
    Step {
        step: Uuid,
        stage: i32,
        /// What sort of handler it calls, where that is no plug-in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handler: Option<String>,
    },
    Call {
        message: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        table: Option<Name>,
    },
    /// A plug-in that a step's handler calls.
    Plugin { plugin: String, step: Uuid },
}

/// That a node failed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Failed {
    pub(super) code: u32,
    /// Which of the tree's refusals it is, where it began here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) told: Option<usize>,
}

/// What a plug-in call used: microseconds, KiB, calls, rows, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Used(u64, u64, u64, u64, u64);

impl From<Usage> for Used {
    fn from(usage: Usage) -> Self {
        let cpu = usage.cpu.as_micros().try_into().unwrap_or(u64::MAX);
        Self(cpu, usage.memory / 1024, usage.host_calls, usage.rows, usage.bytes)
    }
}

/// A node as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) what: What,
    pub(super) took: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) used: Option<Used>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<Failed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) changed: Vec<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) discarded: Option<Discarded>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) cut: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) below: Vec<Kept>,
}

impl Kept {
    pub(super) fn new(what: What) -> Self {
        Self {
            what,
            took: 0,
            used: None,
            failed: None,
            changed: Vec::new(),
            discarded: None,
            cut: 0,
            below: Vec::new(),
        }
    }

    /// So many nodes it and those below it are: kept, and cut already.
    pub(super) fn size(&self) -> (usize, u64) {
        let below = self.below.iter().map(Self::size);
        below.fold((1, self.cut), |(kept, cut), (more, gone)| (kept + more, cut + gone))
    }
}

/// A tree as it is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tree {
    pub(super) root: Kept,
    /// The names of steps and users, as they were.
    pub(super) names: BTreeMap<Uuid, String>,
    /// What refusals said, each once.
    pub(super) refusals: Vec<Json>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) calls_cut: u64,
}

impl Tree {
    fn shown(self) -> Node {
        let calls_cut = self.calls_cut;
        let root = self.node(&self.root);
        Node { calls_cut, ..root }
    }

    /// The name of the whole: of a message, or of the step that a job ran.
    pub(super) fn name(&self) -> String {
        self.name_of(&self.root.what)
    }

    fn name_of(&self, what: &What) -> String {
        match what {
            What::Message { message, table, .. } | What::Call { message, table } => on_table(message, table.as_ref()),
            What::Step { step, .. } => self.named(step),
            What::Plugin { plugin, .. } => plugin.clone(),
        }
    }

    fn named(&self, id: &Uuid) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn node(&self, kept: &Kept) -> Node {
        let error = kept.failed.map(|failed| self.refusal(failed));
        let missing = error.as_ref().and_then(|error| error.get("missing")?.as_array());
        let missing = missing.into_iter().flatten().filter_map(Json::as_str);
        let missing = missing.map(ToOwned::to_owned).collect();
        let node = Node {
            name: self.name_of(&kept.what),
            microseconds: kept.took,
            usage: kept.used.map(|Used(cpu, memory, calls, rows, bytes)| {
                format!("cpu {cpu} µs, memory {memory} KiB, {calls} calls, {rows} rows, {bytes} bytes")
            }),
            missing,
            error,
            changed: kept.changed.clone(),
            discarded: kept.discarded.clone(),
            cut: kept.cut,
            children: kept.below.iter().map(|below| self.node(below)).collect(),
            ..Node::default()
        };
        match &kept.what {
            What::Message {
                table, id, depth, user, ..
            } => Node {
                kind: "message".to_owned(),
                table: table.clone(),
                level: i32::try_from(*depth).ok(),
                user: Some(self.named(user)),
                row: table
                    .clone()
                    .zip(*id)
                    .map(|(table, id)| Reference { table, id }.to_string()),
                ..node
            },
            What::Step { step, stage, handler } => Node {
                kind: handler.clone().unwrap_or_else(|| "step".to_owned()),
                step: Some(*step),
                level: Some(*stage),
                ..node
            },
            What::Call { .. } => Node {
                kind: "call".to_owned(),
                ..node
            },
            What::Plugin { step, .. } => Node {
                kind: "call".to_owned(),
                step: Some(*step),
                ..node
            },
        }
    }

    fn refusal(&self, failed: Failed) -> Json {
        let told = failed.told.and_then(|told| self.refusals.get(told));
        told.cloned()
            .unwrap_or_else(|| serde_json::json!({ "code": Code(failed.code).to_string() }))
    }
}

/// `Create account`
pub(crate) fn on_table(message: &str, table: Option<&Name>) -> String {
    match table {
        Some(table) => format!("{message} {table}"),
        None => message.to_owned(),
    }
}
