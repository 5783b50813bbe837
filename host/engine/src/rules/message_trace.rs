//! What a trace shows to whom. What a refusal says may name values of rows, and a plug-in's text
//! anything: it is shown to whoever made the request, and to whoever may read each row on the way
//! to where it failed; a plug-in's text only to holders of prvReadPluginTraceLog. Of a row that is
//! gone, to whoever may read its table in the whole organisation. Codes, steps, privileges and
//! times are shown to everybody who may read traces.

use std::sync::Arc;

use sluice_access::Principal;
use sluice_model::{Name, Reference, Result, Row};

use super::{Rules, read};
use crate::{Operation, Unit, tables, trace::Node};

pub(super) struct MessageTrace;

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

/// Whether a column shows a part of its value only, depending on the reader and the row: such a
/// column is not searched or sorted by, because that would tell the rest.
pub(crate) fn is_shown_in_part(table: &str, column: &str) -> bool {
    matches!(
        (table, column),
        (tables::MESSAGE_TRACE, TREE) | (tables::AUDIT, tables::CHANGES)
    )
}

impl Rules for MessageTrace {
    fn after_read(
        &self,
        unit: &mut Unit,
        operation: &Operation,
        columns: Option<&[Name]>,
        rows: &mut [Row],
    ) -> Result<()> {
        let reader = operation.principal.clone();
        let asked = columns.is_none_or(|columns| columns.iter().any(|name| &**name == TREE));
        if reader.is_system() || !asked {
            return Ok(());
        }
        for row in rows {
            let caller = match row.id_of("sl_userid") {
                Some(caller) => Some(caller),
                None => read(
                    unit,
                    "a refusal is shown to whoever made the request",
                    tables::MESSAGE_TRACE,
                    row.id,
                )?
                .id_of("sl_userid"),
            };
            let tree = row.text(TREE).and_then(|text| serde_json::from_str::<Node>(text).ok());
            let Some(mut tree) = tree.filter(|tree| tree.error.is_some() && caller != Some(reader.id())) else {
                continue;
            };
            if !may_see(unit, &reader, &tree)? {
                hide(&mut tree);
                row.set(TREE, serde_json::to_string(&tree).unwrap_or_default());
            }
        }
        Ok(())
    }
}

/// Whether somebody may see what the refusals of a request say.
fn may_see(unit: &mut Unit, reader: &Arc<Principal>, node: &Node) -> Result<bool> {
    if node.error.is_none() {
        return Ok(true);
    }
    let here = match node.kind.as_str() {
        "step" => {
            let snapshot = unit.snapshot()?;
            sluice_access::check_named(reader, "prvReadPluginTraceLog", &snapshot.privileges).is_ok()
        }
        "message" => may_read(unit, reader, node)?,
        _ => true,
    };
    node.children
        .iter()
        .try_fold(here, |so_far, child| Ok(so_far && may_see(unit, reader, child)?))
}

/// Whether somebody may read the row that a message worked on.
fn may_read(unit: &mut Unit, reader: &Arc<Principal>, node: &Node) -> Result<bool> {
    let row = node.row.as_deref().and_then(reference);
    let table = match (&row, node.name.split_once(' ')) {
        (Some(row), _) => row.table.clone(),
        (None, Some((_, table))) => table.into(),
        (None, None) => return Ok(true),
    };
    unit.shows_row(reader, &table, row.map(|row| row.id))
}

fn reference(text: &str) -> Option<Reference> {
    let (table, id) = text.split_once(':')?;
    Some(Reference::new(table, id.parse().ok()?))
}

/// Leaves out what may name values.
fn hide(node: &mut Node) {
    if let Some(serde_json::Value::Object(error)) = &mut node.error {
        error.retain(|member, _| HARMLESS.contains(&&**member));
        let message = "(not shown: it may name values of a row that you may not read, or be a plug-in's own words)";
        error.insert("message".to_owned(), message.into());
    }
    node.children.iter_mut().for_each(hide);
}
