//! What a trace shows to whom, and in which form: names in the place of ids. What a refusal says
//! may name values of rows, and a plug-in's text anything: it is shown to whoever may look into the
//! request, for whom it is made again and says the same, and to whoever may read each row on the way to
//! where it failed and every secured column, if none of that was cut; a plug-in's text only to holders of
//! prvReadPluginTraceLog. Of a row that is gone, whatever has its id now, to whoever may read its table in the whole
//! organisation.
//! Codes, steps, privileges and times are shown to everybody who may read traces.

use std::{collections::HashSet, sync::Arc};

use jiff::SignedDuration;
use sluice_access::{ColumnRight, Principal};
use sluice_model::{Code, Error, Name, Reference, Result, Row, Timestamp, Uuid, Value};

use super::{ReadRules, Rules, trace_names::Names};
use crate::{
    Acting, Operation, Unit, gone, tables,
    trace::{CHECKS, KeptChecks, Node, REQUEST, Recorded},
};

pub(super) struct MessageTrace;
pub(super) struct PluginTrace;

/// What is shown in the place of what a refusal says.
pub(super) const NOT_SHOWN: &str =
    "(not shown: it may name values of a row that you may not read, or be a plug-in's own words)";

/// The column that holds the tree.
const TREE: &str = "sl_tree";

/// Members of an error that name no value of a row.
const HARMLESS: [&str; 10] = [
    "code",
    "situation",
    "cause",
    "limit",
    "privilege",
    "table",
    "depth",
    "step",
    "plugin",
    "call",
];

impl Rules for MessageTrace {
    fn reading(&self) -> Option<&dyn ReadRules> {
        Some(self)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        uncount(unit, operation)
    }
}

impl ReadRules for MessageTrace {
    fn after_read(
        &self,
        unit: &mut Unit,
        operation: &Operation,
        columns: Option<&[Name]>,
        rows: &mut [Row],
    ) -> Result<()> {
        show(unit, &operation.principal.clone(), columns, rows)
    }
}

/// Leaves of the rows what a reader is shown.
pub(crate) fn show(unit: &mut Unit, reader: &Arc<Principal>, columns: Option<&[Name]>, rows: &mut [Row]) -> Result<()> {
    let asked = columns.is_none_or(|columns| columns.iter().any(|name| [TREE, REQUEST, CHECKS].contains(&&**name)));
    if !asked {
        return Ok(());
    }
    let names = Names::of(unit, reader)?;
    for row in rows {
        if row.has(REQUEST) && !sees_request(unit, reader, row)? {
            row.set(REQUEST, Value::Null);
        }
        if row.has(CHECKS) {
            show_checks(unit, reader, row)?;
        }
        let Some(text) = row.text(TREE) else { continue };
        let Some(mut tree) = Node::read(text) else {
            // Nobody can say what it tells of whom.
            if !reader.is_system() {
                row.set(TREE, Value::Null);
            }
            continue;
        };
        if !is_shown_whole(unit, reader, row, &tree)? {
            hide(&mut tree);
        }
        names.conceal(&mut tree);
        row.set(TREE, serde_json::to_string(&tree).unwrap_or_default());
    }
    Ok(())
}

impl Rules for PluginTrace {
    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        uncount(unit, operation)
    }
}

/// Whether a reader sees what was sent: the platform itself, whoever sent it, who may read the row
/// that it was about.
fn sees_request(unit: &mut Unit, reader: &Arc<Principal>, row: &Row) -> Result<bool> {
    Ok(unseen_request(unit, reader, row)?.is_none())
}

/// What a reader lacks who does not see what was sent; nothing, where they do.
pub(crate) fn unseen_request(unit: &mut Unit, reader: &Arc<Principal>, row: &Row) -> Result<Option<Error>> {
    let whole = whole(unit, row.id)?;
    unseen_in(unit, reader, &whole)
}

fn whole(unit: &mut Unit, trace: Uuid) -> Result<Row> {
    let reason = "what was sent is shown to whoever sent it, and to those who may read the row";
    unit.need_as_platform(reason, &Reference::new(tables::MESSAGE_TRACE, trace))
}

/// As [`unseen_request`], of the whole row of a trace.
fn unseen_in(unit: &mut Unit, reader: &Arc<Principal>, row: &Row) -> Result<Option<Error>> {
    if reader.is_system() || Acting::sender_of(row) == Some(Acting::person_of(reader)) {
        return Ok(None);
    }
    let Some(root) = row.text(TREE).and_then(Node::read) else {
        return Ok(Some(Error::said(Code::ACCESS_DENIED)));
    };
    let when = When::of(row);
    if let Some(unread) = unread(unit, reader, &root, when)? {
        return Ok(Some(unread));
    }
    // Of the row that the message is about it is known; it may carry others.
    let about = root.table.as_deref();
    let carried = row.text(REQUEST).map(|text| Recorded::carried(unit, text));
    let carried = carried.unwrap_or_default();
    let others = carried.iter().filter(|(table, _)| Some(&**table) != about);
    for (table, id) in others {
        if let Some(mut hidden) = unit.hidden_row(reader, table, *id, when.ended)? {
            // Which row it was is a part of what was sent.
            hidden.body_mut().row = None;
            hidden.body_mut().code.text().clone_into(&mut hidden.body_mut().message);
            return Ok(Some(hidden));
        }
    }
    Ok(None)
}

/// The refusal of who may not look into something, in words that name what is missing.
pub(crate) fn not_yours(what: &str, mut unseen: Error) -> Error {
    let body = unseen.body();
    let missing = match (&body.privilege, body.depth, body.code) {
        (_, _, Code::COLUMN_READ_DENIED) => format!(
            ": no column security profile of yours gives Read on {}, and it may name what any of them holds",
            body.missing.join(", ")
        ),
        (Some(privilege), Some(depth), _) => format!(": what is missing is {privilege} at depth {}", depth.label()),
        _ => String::new(),
    };
    let message = format!(
        "{what} is not yours to see, because it may name values of rows or columns that you may not read{missing}; \
         whoever sent it, or somebody who may read them, can look"
    );
    let body = unseen.body_mut();
    body.missing.clear();
    // Whoever reads it lacks it: nobody gives what they do not hold.
    if let Some(who) = &mut body.principal {
        who.grantee = None;
    }
    let said = std::mem::replace(&mut body.message, message);
    // The platform's words on a column are of one row, and there is none.
    let said = Some(said).filter(|_| body.code != Code::COLUMN_READ_DENIED);
    body.inner = said.map(|said| said.split(" Details: {").next().unwrap_or_default().to_owned());
    unseen
}

/// What was asked about principals, for those who see what was sent; roles, teams and users by name
/// for those who may read them.
fn show_checks(unit: &mut Unit, reader: &Arc<Principal>, row: &mut Row) -> Result<()> {
    let kept = row.text(CHECKS).and_then(KeptChecks::read);
    let whole = whole(unit, row.id)?;
    let sees = unseen_in(unit, reader, &whole)?.is_none();
    let Some(kept) = kept.filter(|_| sees) else {
        row.set(CHECKS, Value::Null);
        return Ok(());
    };
    let mut hidden = HashSet::new();
    for named in kept.named() {
        if !reader.is_system() && !unit.shows_row(reader, &named.table, Some(named.id), When::of(&whole).ended)? {
            hidden.insert(named.id);
        }
    }
    row.set(CHECKS, serde_json::to_string(&kept.shown(&hidden)).unwrap_or_default());
    Ok(())
}

/// The bytes of a trace row that goes are not counted any more.
fn uncount(unit: &mut Unit, operation: &Operation) -> Result<()> {
    let row = operation.target_reference()?;
    let row = unit.read_as_platform("see how large a trace is that goes", &row, None)?;
    unit.tx
        .traces_removed(row.as_ref().map(sluice_store::weight).unwrap_or_default())
}

/// Whether a reader sees everything of a tree: the platform itself, who may look into the request, who
/// may see its refusals.
fn is_shown_whole(unit: &mut Unit, reader: &Arc<Principal>, row: &Row, tree: &Node) -> Result<bool> {
    if reader.is_system() || tree.error.is_none() {
        return Ok(true);
    }
    let reason = "a refusal is shown to whoever made the request, and to those who may have it made again";
    let whole = unit.need_as_platform(reason, &Reference::new(tables::MESSAGE_TRACE, row.id))?;
    Ok(may_look_into(unit, reader, &whole)? || may_see(unit, reader, tree, When::of(&whole))?)
}

/// Whether somebody may look into a request, for which it is made again: whoever sent it, and who may act
/// for others and sees what was sent. What it says then, it says in its trace as well.
pub(crate) fn may_look_into(unit: &mut Unit, reader: &Arc<Principal>, trace: &Row) -> Result<bool> {
    if Acting::sender_of(trace) == Some(Acting::person_of(reader)) {
        return Ok(true);
    }
    let snapshot = unit.snapshot()?;
    let acts_for_others = sluice_access::check_named(reader, "prvActOnBehalfOfAnotherUser", &snapshot.privileges);
    Ok(acts_for_others.is_ok() && trace.text(REQUEST).is_some() && sees_request(unit, reader, trace)?)
}

/// Whether somebody may see what the refusals of a request say.
fn may_see(unit: &mut Unit, reader: &Arc<Principal>, node: &Node, when: When) -> Result<bool> {
    if node.error.is_none() {
        return Ok(true);
    }
    // What led to the failure may be among what was cut.
    if node.cut > 0 {
        return Ok(false);
    }
    let here = match node.kind.as_str() {
        "message" => unread(unit, reader, node, when)?.is_none(),
        "call" => true,
        // What a step says, whatever it calls, may be anything.
        _ => reads_plugins(unit, reader)?,
    };
    node.children
        .iter()
        .try_fold(here, |so_far, child| Ok(so_far && may_see(unit, reader, child, when)?))
}

/// Whether somebody may read what plug-ins say.
pub(super) fn reads_plugins(unit: &mut Unit, reader: &Principal) -> Result<bool> {
    let snapshot = unit.snapshot()?;
    Ok(sluice_access::check_named(reader, "prvReadPluginTraceLog", &snapshot.privileges).is_ok())
}

/// What somebody lacks who may not read the row that a message worked on; nothing, where they may.
fn unread(unit: &mut Unit, reader: &Arc<Principal>, node: &Node, when: When) -> Result<Option<Error>> {
    let row = node.row.as_deref().and_then(reference);
    unread_at(unit, reader, (node.table.as_deref(), row.as_ref()), when)
}

/// When that was of which a trace, a job or a line of a log tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct When {
    /// What was secured then, or later, is hidden.
    began: Option<Timestamp>,
    /// A row that was made later is another one. A request makes rows once it has begun, so its end counts.
    ended: Option<Timestamp>,
}

impl When {
    /// Of the whole row of a trace, a job or a line of a log.
    pub(crate) fn of(row: &Row) -> Self {
        let time = |column: &str| row.get(column).and_then(Value::as_time);
        let began = time("sl_startedon").or_else(|| time("createdon"));
        let took = SignedDuration::from_micros(row.int("sl_duration").unwrap_or_default().into());
        let ended = began.map(|began| began.checked_add(took).unwrap_or(began));
        Self { began, ended }
    }
}

/// What somebody lacks who may not read a row, or, where only its table is known, the table in the whole organisation,
/// and every secured column; nothing, where they may.
/// `when` is the time of what tells of it: of a row that was made later it does not.
pub(crate) fn unread_at(
    unit: &mut Unit,
    reader: &Arc<Principal>,
    (table, row): (Option<&str>, Option<&Reference>),
    when: When,
) -> Result<Option<Error>> {
    let hidden = hidden_columns(unit, reader, when.began);
    match (hidden, row, table) {
        (None, Some(row), _) => unit.hidden_row(reader, &row.table, Some(row.id), when.ended),
        (None, None, Some(table)) => unit.hidden_row(reader, table, None, None),
        (hidden, ..) => Ok(hidden),
    }
}

/// What somebody lacks from whom a secured column is kept: what was sent, and what a refusal says, may tell of any.
/// Of what is of that time, those that are gone count as well.
fn hidden_columns(unit: &Unit, reader: &Principal, when: Option<Timestamp>) -> Option<Error> {
    let catalog = unit.catalog();
    let mut refused = gone::refused(&unit.gone_columns(reader, when));
    for table in catalog.iter() {
        let hidden = reader.hidden(table);
        if hidden.is_empty() {
            continue;
        }
        let right = ColumnRight::Read;
        let error = sluice_access::check_columns(reader, table, right, &hidden, Uuid::nil()).err();
        let refused = refused.get_or_insert_with(|| error.unwrap_or_else(|| Error::said(Code::COLUMN_READ_DENIED)));
        let each = hidden.iter().filter(|name| table.secured_as(name) == Some(*name));
        refused
            .body_mut()
            .missing
            .extend(each.map(|name| format!("{}.{name}", table.name)));
    }
    refused
}

fn reference(text: &str) -> Option<Reference> {
    let (table, id) = text.split_once(':')?;
    Some(Reference::new(table, id.parse().ok()?))
}

/// Leaves out what may name values.
fn hide(node: &mut Node) {
    if let Some(serde_json::Value::Object(error)) = &mut node.error {
        let says = error.contains_key("message");
        error.retain(|member, _| HARMLESS.contains(&&**member));
        if says {
            error.insert("message".to_owned(), NOT_SHOWN.into());
        }
    }
    node.children.iter_mut().for_each(hide);
}
