//! The workflows that a workflow starts: which they are, who may let it start them, and what is told
//! where one does not run.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use sluice_engine::{Arrived, Operation, Unit};
use sluice_model::{
    Code, Error, Filter, Name, Query, Reference, Result, Right, Row, Uuid,
    remedy::{Case, Remedy, Resolution},
};

use super::{
    DEFINITION,
    active::{self, Workflow},
    background,
    check::{Checker, Started, are_there, numbered},
    definition::{Child, Definition, LONGEST},
    is_workflow,
    run::TABLE,
};

fn name(row: &Row) -> &str {
    row.text("name").unwrap_or_default()
}

/// The workflows that one starts, found among those that are active.
///
/// # Errors
/// One of them does not run.
pub(super) fn found(unit: &mut Unit, asker: Option<&Operation>, row: &Row, called: Vec<Started>) -> Result<Vec<Child>> {
    let snapshot = unit.snapshot()?;
    let collation = snapshot.catalog().collation();
    let itself = |workflow: &str, table: &Name| {
        row.text("primaryentity") == Some(&**table)
            && active::is_by_hand(row)
            && active::is_called(collation, workflow, row.id, name(row))
    };
    let mut children = Vec::new();
    for Started { workflow, told, table } in called {
        let mut id = None;
        // Where the one that it started before is at work no more, one of its name may have taken its place.
        for called in [&workflow, &told] {
            if id.is_none() {
                id = match itself(called, &table) {
                    true => Some(row.id),
                    false => active::of(&snapshot).child(collation, called, &table)?,
                };
            }
        }
        match id {
            Some(id) => children.push(Child { workflow, table, id }),
            None => return Err(does_not_run(unit, asker, (&workflow, &told, &table), None)),
        }
    }
    Ok(children)
}

/// The definitions of a workflow that is activated, where they are other ones than what people wrote.
#[derive(Default)]
pub(super) struct Activated {
    /// With the ids of those that it starts, so that it finds them again whatever they are called by then.
    pub(super) kept: Option<String>,
    /// What its copy has: with numbers in the place of labels, with those that it starts, so that no other workflow
    /// takes their place, and with what wakes runs of earlier versions.
    pub(super) run: Option<String>,
}

/// The definitions of a workflow that is activated.
pub(super) fn to_run(unit: &mut Unit, row: &Row) -> Result<Activated> {
    let Some(text) = row.text("clientdata") else {
        return Ok(Activated::default());
    };
    let table = row.text("primaryentity").unwrap_or_default();
    let numbered = numbered(unit.snapshot()?.catalog(), table, text)?;
    let text = numbered.as_deref().unwrap_or(text);
    let checked = Checker::check(unit.snapshot()?.catalog(), table, &Definition::parse(text)?)?.children;
    let mut children = found(unit, None, row, checked)?;
    let awaited = background::awaited(unit, row.id)?;
    if children.is_empty() && awaited.is_empty() {
        return Ok(Activated {
            kept: None,
            run: numbered,
        });
    }
    let broken = |error: serde_json::Error| Error::host(format!("a workflow's definition is broken: {error}"));
    let mut definition: serde_json::Map<_, _> = serde_json::from_str(text).map_err(broken)?;
    let names = names_of(unit, row, &children)?;
    let changed = definition
        .get_mut("actions")
        .is_some_and(|actions| by_ids(actions, &names));
    let mut kept = None;
    if changed {
        let text = serde_json::to_string(&definition).map_err(broken)?;
        kept = Some(text).filter(|text| text.len() <= LONGEST);
        for child in &mut children {
            child.workflow = child.id.to_string();
        }
        children.sort_by_key(|child| child.id);
        children.dedup();
    }
    let children = serde_json::to_value(children).map_err(broken)?;
    definition.insert("children".to_owned(), children);
    if !awaited.is_empty() {
        let awaited = awaited.iter().map(|column| serde_json::Value::from(&**column));
        definition.insert("awaited".to_owned(), awaited.collect());
    }
    let run = serde_json::to_string(&definition).map(Some).map_err(broken)?;
    Ok(Activated { kept, run })
}

/// What an action calls a workflow, with that one's id and name.
type Names = BTreeMap<String, (Uuid, String)>;

/// Those of the workflows that one starts. One name may stand for several, for rows of several tables: then
/// it stays, as the table tells which is meant.
fn names_of(unit: &mut Unit, row: &Row, children: &[Child]) -> Result<Names> {
    let snapshot = unit.snapshot()?;
    let active = active::of(&snapshot);
    let mut names = Names::new();
    for child in children {
        let one = children.iter().filter(|other| other.workflow == child.workflow);
        if one.into_iter().any(|other| other.id != child.id) {
            return Ok(Names::new());
        }
        let called = match active.find(child.id) {
            _ if child.id == row.id => name(row),
            Some(child) => &child.name,
            None => &child.workflow,
        };
        names.insert(child.workflow.clone(), (child.id, called.to_owned()));
    }
    Ok(names)
}

/// Puts ids in the place of the names of workflows that actions start: whether anything has changed.
fn by_ids(actions: &mut Json, names: &Names) -> bool {
    let mut changed = false;
    let actions = actions.as_array_mut().into_iter().flatten();
    for (kind, action) in actions.filter_map(Json::as_object_mut).flatten() {
        match kind.as_str() {
            "check" => {
                for branch in ["then", "else"] {
                    changed |= action.get_mut(branch).is_some_and(|actions| by_ids(actions, names));
                }
            }
            "start-child" => {
                let called = action.get("workflow").and_then(Json::as_str).unwrap_or_default();
                let Some(((id, name), action)) = names.get(called).zip(action.as_object_mut()) else {
                    continue;
                };
                for (word, value) in [("workflow", id.to_string()), ("called", name.clone())] {
                    let value = Json::from(value);
                    changed |= action.insert(word.to_owned(), value.clone()) != Some(value);
                }
            }
            _ => {}
        }
    }
    changed
}

/// Who lets a workflow start another one knows that one, and it is meant for others or is the
/// same owner's.
pub(super) fn may_start(unit: &mut Unit, operation: &Operation, row: &Row, child: &Workflow) -> Result<()> {
    let table = unit.snapshot()?.table(TABLE)?.clone();
    unit.decide(operation, &table, Right::Read, child.id)?;
    if child.is_started_by(row.lookup("ownerid")) {
        return Ok(());
    }
    let message = format!(
        "the workflow {} cannot be activated: it starts \"{}\", which is no child and belongs to somebody else",
        name(row),
        child.name
    );
    Err(Error::new(Code::WORKFLOW_NOT_STARTED_BY_HAND, message)
        .with_table(TABLE)
        .with_word("WORKFLOW", child.id))
}

/// What is told where no workflow is called so.
static GONE: Case = Case {
    cause: "a workflow starts another one that is not there, or not for rows of that table",
    resolution: Resolution::new(
        "make a workflow of that name that is a child, and activate it; or let this one start another",
        &[],
    ),
};

/// What is told where the workflow that was found at activation is gone.
static DELETED: Case = Case {
    cause: "a workflow that was activated with a child goes on with that one, which was deleted",
    resolution: Resolution::new(
        "make a workflow of that name that is a child, and activate it, where there is none; then deactivate the one \
         that starts it, and activate that again: it finds its children anew",
        &[Remedy::DeactivateWorkflow, Remedy::ActivateWorkflow],
    ),
};

/// What is told where the workflow that is called so may not be started by others.
static NOT_BY_HAND: Case = Case {
    cause: "a workflow starts another one that is neither a child nor on demand",
    resolution: Resolution::new(
        "let that one be a child, or run on demand, and activate it; it is changed as a draft",
        &[],
    ),
};

/// The refusal of a workflow that starts another one, which does not run. Where it is `known` which one was
/// meant, and which one starts it, that one is looked at; else the one of that name, as far as `asker` may read it.
pub(super) fn does_not_run(
    unit: &mut Unit,
    asker: Option<&Operation>,
    (called, told, table): (&str, &str, &str),
    known: Option<(Uuid, Uuid)>,
) -> Error {
    let error = Error::new(
        Code::WORKFLOW_CHILD_INACTIVE,
        format!(
            "This workflow cannot run because one or more child workflows it uses have not been published or have been \
             deleted: there is no active workflow \"{told}\" for rows of {table} that is a child or runs on demand."
        ),
    );
    match (
        meant(unit, asker, (called, table), known.map(|(child, _)| child)),
        known,
    ) {
        (Err(error), _) => error,
        (Ok(None), Some((_, starter))) => Error::new(
            Code::WORKFLOW_CHILD_INACTIVE,
            format!(
                "This workflow cannot run because one or more child workflows it uses have not been published or have \
                 been deleted: the workflow \"{told}\" that it starts for rows of {table} was deleted. No other one of \
                 that name takes its place before this one is activated again."
            ),
        )
        .in_case(&DELETED)
        .with_word("WORKFLOW", starter),
        (Ok(Some(row)), _) if active::is_by_hand(&row) => error.with_word("WORKFLOW", row.id),
        (Ok(Some(_)), _) => error.in_case(&NOT_BY_HAND),
        (Ok(None), None) => error.in_case(&GONE),
    }
}

/// The one workflow for rows of a table that is meant by a name.
fn meant(
    unit: &mut Unit,
    asker: Option<&Operation>,
    (called, table): (&str, &str),
    known: Option<Uuid>,
) -> Result<Option<Row>> {
    let catalog = unit.snapshot()?.catalog().clone();
    let is = match known.or_else(|| called.parse().ok()) {
        Some(id) => Filter::eq("workflowid", id),
        None => Filter::eq("name", called),
    };
    let of_table = Filter::eq("primaryentity", table).and(Filter::eq("type", sluice_model::Value::Choice(DEFINITION)));
    let query = Query::new(TABLE).filter(is_workflow().and(of_table).and(is));
    let found = unit.select_as_platform("tell a workflow that rests from one that is not there", &query)?;
    let [row] = found.as_slice() else { return Ok(None) };
    if let Some(asker) = asker {
        let table = catalog.table(TABLE)?;
        if unit.decide(asker, table, Right::Read, row.id).is_err() {
            return Ok(None);
        }
    }
    Ok(Some(row.clone()))
}

/// Workflows that are to be activated, in an order in which they can be: those that others start come first.
/// One that names rows which are not here stays a draft, and so do those that start it.
pub(super) fn children_first(unit: &mut Unit, workflows: Vec<Uuid>) -> Result<Arrived> {
    let catalog = unit.snapshot()?.catalog().clone();
    let mut left = Vec::new();
    let mut arrived = Arrived::default();
    for id in workflows {
        let row = unit.need_as_platform("workflows that others start come first", &Reference::new(TABLE, id))?;
        // One that makes no sense says so when it is activated.
        let definition = row.text("clientdata").and_then(|text| Definition::parse(text).ok());
        let table = row.text("primaryentity").unwrap_or_default();
        let checked = definition.and_then(|definition| Checker::check(&catalog, table, &definition).ok());
        let (children, rows) = checked
            .map(|checked| (checked.children, checked.rows))
            .unwrap_or_default();
        match are_there(unit, &rows) {
            Ok(()) => left.push((row, children)),
            Err(error) => arrived.drafts.push((row, error)),
        }
    }
    let is = |row: &Row, child: &Started| active::is_called(catalog.collation(), &child.workflow, row.id, name(row));
    while let Some(place) = left.iter().position(|(_, children)| {
        let mut drafts = arrived.drafts.iter();
        drafts.any(|(draft, _)| children.iter().any(|child| is(draft, child)))
    }) {
        let (row, children) = left.remove(place);
        let draft = |child: &Started| {
            let mut drafts = arrived.drafts.iter();
            let draft = drafts.find(|(draft, _)| is(draft, child))?;
            Some((child.clone(), draft.0.id))
        };
        if let Some((child, id)) = children.iter().find_map(draft) {
            let called = (&*child.workflow, &*child.told, &*child.table);
            let error = does_not_run(unit, None, called, Some((id, row.id)));
            arrived.drafts.push((row, error));
        }
    }
    while !left.is_empty() {
        let waits = |(row, children): &(Row, Vec<Started>)| {
            let starts = |other: &Row| other.id != row.id && children.iter().any(|child| is(other, child));
            left.iter().any(|(other, _)| starts(other))
        };
        // Where they go round in circles, the refusal says so.
        let next = left.iter().position(|one| !waits(one)).unwrap_or_default();
        arrived.order.push(left.remove(next).0.id);
    }
    Ok(arrived)
}
