//! The workflows that a workflow starts: which they are, who may let it start them, and what is told
//! where one does not run.

use sluice_engine::{Arrived, Operation, Unit};
use sluice_model::{
    Code, Error, Filter, Name, Query, Reference, Result, Right, Row, Uuid,
    remedy::{Case, Remedy, Resolution},
};

use super::{
    DEFINITION,
    active::{self, Workflow},
    background,
    check::{Checker, are_there, numbered},
    definition::{Child, Definition},
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
pub(super) fn found(
    unit: &mut Unit,
    asker: Option<&Operation>,
    row: &Row,
    called: Vec<(String, Name)>,
) -> Result<Vec<Child>> {
    let snapshot = unit.snapshot()?;
    let collation = snapshot.catalog().collation();
    let itself = |workflow: &str, table: &Name| {
        row.text("primaryentity") == Some(&**table)
            && active::is_by_hand(row)
            && active::is_called(collation, workflow, row.id, name(row))
    };
    let mut children = Vec::new();
    for (workflow, table) in called {
        let id = match itself(&workflow, &table) {
            true => Some(row.id),
            false => active::of(&snapshot).child(collation, &workflow, &table)?,
        };
        match id {
            Some(id) => children.push(Child { workflow, table, id }),
            None => return Err(does_not_run(unit, asker, (&workflow, &table), None)),
        }
    }
    Ok(children)
}

/// The definition of a workflow as its copy has it, where that is another one: with numbers in the place of
/// labels, with those that it starts, so that no other workflow takes their place, and with what wakes runs of
/// earlier versions.
pub(super) fn to_run(unit: &mut Unit, row: &Row) -> Result<Option<String>> {
    let Some(text) = row.text("clientdata") else {
        return Ok(None);
    };
    let table = row.text("primaryentity").unwrap_or_default();
    let numbered = numbered(unit.snapshot()?.catalog(), table, text)?;
    let text = numbered.as_deref().unwrap_or(text);
    let checked = Checker::check(unit.snapshot()?.catalog(), table, &Definition::parse(text)?)?.children;
    let children = found(unit, None, row, checked)?;
    let awaited = background::awaited(unit, row.id)?;
    if children.is_empty() && awaited.is_empty() {
        return Ok(numbered);
    }
    let broken = |error: serde_json::Error| Error::host(format!("a workflow's definition is broken: {error}"));
    let mut definition: serde_json::Map<_, _> = serde_json::from_str(text).map_err(broken)?;
    let children = serde_json::to_value(children).map_err(broken)?;
    definition.insert("children".to_owned(), children);
    if !awaited.is_empty() {
        let awaited = awaited.iter().map(|column| serde_json::Value::from(&**column));
        definition.insert("awaited".to_owned(), awaited.collect());
    }
    serde_json::to_string(&definition).map(Some).map_err(broken)
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
    (called, table): (&str, &str),
    known: Option<(Uuid, Uuid)>,
) -> Error {
    let error = Error::new(
        Code::WORKFLOW_CHILD_INACTIVE,
        format!(
            "This workflow cannot run because one or more child workflows it uses have not been published or have been \
             deleted: there is no active workflow \"{called}\" for rows of {table} that is a child or runs on demand."
        ),
    );
    match (meant(unit, asker, (called, table), known.map(|(child, _)| child)), known) {
        (Err(error), _) => error,
        (Ok(None), Some((_, starter))) => Error::new(
            Code::WORKFLOW_CHILD_INACTIVE,
            format!(
                "This workflow cannot run because one or more child workflows it uses have not been published or have \
                 been deleted: the workflow \"{called}\" that it starts for rows of {table} was deleted. No other one of \
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
    let is = |row: &Row, child: &str| active::is_called(catalog.collation(), child, row.id, name(row));
    while let Some(place) = left.iter().position(|(_, children)| {
        let mut drafts = arrived.drafts.iter();
        drafts.any(|(draft, _)| children.iter().any(|(child, _)| is(draft, child)))
    }) {
        let (row, children) = left.remove(place);
        let draft = |(child, table): &(String, Name)| {
            let mut drafts = arrived.drafts.iter();
            let draft = drafts.find(|(draft, _)| is(draft, child))?;
            Some((child.clone(), table.clone(), draft.0.id))
        };
        if let Some((child, table, id)) = children.iter().find_map(draft) {
            let error = does_not_run(unit, None, (&child, &table), Some((id, row.id)));
            arrived.drafts.push((row, error));
        }
    }
    while !left.is_empty() {
        let waits = |(row, children): &(Row, Vec<(String, Name)>)| {
            let starts = |other: &Row| other.id != row.id && children.iter().any(|(child, _)| is(other, child));
            left.iter().any(|(other, _)| starts(other))
        };
        // Where they go round in circles, the refusal says so.
        let next = left.iter().position(|one| !waits(one)).unwrap_or_default();
        arrived.order.push(left.remove(next).0.id);
    }
    Ok(arrived)
}
