//! From a draft to what runs and back: the rules of `workflow` for workflows. A definition is
//! changed as a draft; what is activated is a copy, which nobody changes.

use sluice_model::{
    Code, ColumnDef, Error, Name, Ownership, Reference, Result, Row, TableDef, Value,
    remedy::{Case, Resolution},
    state::process::{ACTIVATED, DRAFT},
};

use super::{
    ACTIVATION, CATEGORY, DEFINITION, active, arguments,
    check::{Checker, are_there, columns_exist, numbered},
    children,
    definition::{Definition, check_once},
    names, owner,
    program::Program,
    run::TABLE,
    scope::Scope,
};
use sluice_engine::{Operation, Rules, Unit, giving, step, step_rows};

/// The privilege to activate and deactivate what runs in real time.
pub(super) const ACTIVATE: &str = "prvActivateSynchronousWorkflow";
/// The privilege to do so for somebody else.
pub(super) const FOR_OTHERS: &str = "prvActOnBehalfOfAnotherUser";

/// The privilege to register steps: who lets a workflow call a plug-in does the same.
const REGISTER: &str = "prvCreateSdkMessageProcessingStep";

/// What a definition says: it is looked through when one of these changes, and when it is activated.
const OF_DEFINITIONS: [&str; 6] = [
    "clientdata",
    "scope",
    "triggeronupdateattributelist",
    "createstage",
    "updatestage",
    "deletestage",
];

/// The rules of workflows.
pub(super) struct Life;

fn is_workflow(row: &Row) -> bool {
    row.int("category") == Some(CATEGORY)
}

fn is_copy(row: &Row) -> bool {
    row.int("type") == Some(ACTIVATION)
}

fn is_active(row: &Row) -> bool {
    ACTIVATED.is_of(row)
}

pub(super) fn invalid<T>(message: String) -> Result<T> {
    Err(Error::invalid(message).with_table(TABLE))
}

pub(super) fn name(row: &Row) -> &str {
    row.text("name").unwrap_or_default()
}

impl Rules for Life {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let Some(mut row) = operation.take_target() else {
            return Ok(());
        };
        let result = match is_workflow(&row) {
            true => owner::refuse_system(unit, &row).and_then(|()| new(unit, &mut row)),
            false => Ok(()),
        };
        operation.put_target(row);
        result
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        if operation.why().is_platform() {
            return Ok(());
        }
        if !is_workflow(before) {
            return match is_workflow(operation.target()?) {
                true => invalid("another process does not become a workflow; make one".to_owned()),
                false => Ok(()),
            };
        }
        if is_copy(before) {
            return Err(Error::said(Code::WORKFLOW_COPY_CHANGED).with_table(TABLE));
        }
        if let Some(target) = operation.target_mut().filter(|target| target.has("scope"))
            && target.int("scope").is_none()
            && let Some(table) = before.text("primaryentity")
        {
            let usual = usual_scope(unit.snapshot()?.table(table)?);
            target.set("scope", Value::Choice(usual));
        }
        let target = operation.target()?.clone();
        owner::refuse_system(unit, &target)?;
        let changes = |column: &str| target.has(column) && target.get(column) != before.get(column);
        for kept in ["category", "type", "primaryentity"] {
            if changes(kept) {
                return invalid(format!("a workflow keeps its `{kept}`; make another workflow"));
            }
        }
        let mut whole = before.clone();
        whole.values.extend(target.values.clone());
        // Whether it is managed is said by imports alone, and changes nothing of what runs.
        let on_an_active = |name: &Name| matches!(&**name, "statecode" | "statuscode" | "ownerid" | "ismanaged");
        if is_active(before) && target.values.keys().any(|name| !on_an_active(name) && changes(name)) {
            return Err(Error::said(Code::WORKFLOW_PUBLISHED)
                .with_table(TABLE)
                .with_word("WORKFLOW", before.id));
        }
        if is_active(before) && changes("ownerid") {
            if let Some(target) = operation.target_mut() {
                target.set("statecode", Value::Choice(DRAFT.state));
                target.values.remove("statuscode");
            }
            return Ok(());
        }
        if !is_active(before) && (is_active(&whole) || OF_DEFINITIONS.into_iter().any(changes)) {
            check(unit, &whole)?;
        }
        if changes("clientdata") {
            let table = whole.text("primaryentity").unwrap_or_default();
            let numbered = numbered(
                unit.snapshot()?.catalog(),
                table,
                whole.text("clientdata").unwrap_or_default(),
            )?;
            if let (Some(definition), Some(target)) = (numbered, operation.target_mut()) {
                target.set("clientdata", definition);
            }
        }
        if is_active(&whole) != is_active(before) {
            may_switch(unit, operation, &whole)?;
        }
        match is_active(&whole) && !is_active(before) {
            true => may_run(unit, operation, &whole),
            false => Ok(()),
        }
    }

    fn after_update(&self, unit: &mut Unit, _: &Operation, before: &Row, changed: &Row) -> Result<()> {
        if !is_workflow(before) || !changed.has("statecode") || is_active(before) == is_active(changed) {
            return Ok(());
        }
        match is_active(changed) {
            true => copy(unit, before),
            false => forget_copy(unit, before),
        }
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let row = operation.target_reference()?;
        let row = unit.need_as_platform("a workflow is not deleted while it is active", &row)?;
        if !is_workflow(&row) {
            return Ok(());
        }
        if is_copy(&row) {
            return Err(Error::said(Code::WORKFLOW_COPY_DELETED).with_table(TABLE));
        }
        if is_active(&row) {
            return Err(Error::said(Code::WORKFLOW_ACTIVE_DELETED)
                .with_table(TABLE)
                .with_word("WORKFLOW", row.id));
        }
        match names::needs(unit, row.id, operation.is_import())? {
            Some(starter) => {
                let name = name(&row);
                let message = format!(
                    "the workflow {name} cannot be deleted: the active workflow \"{starter}\" starts it, and would be \
                     refused; deactivate that one first"
                );
                Err(Error::new(Code::COMPONENT_IN_USE, message).with_table(TABLE))
            }
            None => Ok(()),
        }
    }
}

/// What a new workflow says, and what it leaves to the platform.
fn new(unit: &mut Unit, row: &mut Row) -> Result<()> {
    if row.int("type").is_some_and(|kind| kind != DEFINITION) {
        return invalid("a workflow is made as a definition: the copy that runs is the platform's".to_owned());
    }
    if is_active(row) {
        return invalid(format!("{} is made as a draft; then activate it", name(row)));
    }
    let Some(table) = row.text("primaryentity") else {
        return Ok(());
    };
    let table = unit.snapshot()?.table(table)?.clone();
    for (column, usual) in [
        ("mode", 0),
        ("scope", usual_scope(&table)),
        ("runas", 1),
        ("createstage", step::POST_OPERATION),
        ("updatestage", step::POST_OPERATION),
        ("deletestage", step::PRE_OPERATION),
    ] {
        if row.int(column).is_none() {
            row.set(column, Value::Choice(usual));
        }
    }
    for column in ["triggeroncreate", "triggerondelete", "ondemand", "subprocess"] {
        if row.bool(column).is_none() {
            row.set(column, false);
        }
    }
    check(unit, row)?;
    if let Some(definition) = numbered(
        unit.snapshot()?.catalog(),
        &table.name,
        row.text("clientdata").unwrap_or_default(),
    )? {
        row.set("clientdata", definition);
    }
    Ok(())
}

/// The scope of a workflow that says none.
fn usual_scope(table: &TableDef) -> i32 {
    match table.ownership {
        Ownership::User => 1,
        _ => 4,
    }
}

/// A workflow is started by the columns that an Update sends.
fn can_be_sent(table: &TableDef, columns: &[Name]) -> Result<()> {
    let is_stamped = |name: &&Name| {
        let follows = |name: &str| name.ends_with("_base") || matches!(name, "owninguser" | "owningteam");
        let is_stamped = |column: &ColumnDef| {
            column.is_given_once() || column.filled && (column.is_of_every_table() || follows(name))
        };
        **name == table.key || table.column(name).is_some_and(is_stamped)
    };
    let Some(filled) = columns.iter().find(is_stamped) else {
        return Ok(());
    };
    let message = format!(
        "the platform fills column `{filled}` of `{}`: no Update sends it, so that nothing would ever start the workflow",
        table.name
    );
    Err(Error::new(Code::READ_ONLY_COLUMN, message).with_table(&table.name))
}

/// Whether what a workflow says makes sense, as far as it says something.
fn check(unit: &mut Unit, row: &Row) -> Result<()> {
    let snapshot = unit.snapshot()?;
    let table = snapshot.table(row.text("primaryentity").unwrap_or_default())?.clone();
    let wrong = |error: Error| error.or_table(TABLE);
    check_table(&table, row)?;
    let columns = step_rows::names(row.text("triggeronupdateattributelist"));
    columns_exist(&table, &columns).map_err(wrong)?;
    can_be_sent(&table, &columns).map_err(wrong)?;
    for (column, only, what) in [
        ("createstage", step::POST_OPERATION, "after a row was made"),
        ("deletestage", step::PRE_OPERATION, "before a row is deleted"),
    ] {
        if row.int(column).is_some_and(|stage| stage != only) {
            return invalid(format!("a workflow runs {what}: `{column}` is {only}"));
        }
    }
    if let Some(text) = row.text("clientdata") {
        let definition = Definition::parse(text).map_err(wrong)?;
        check_once(text, "definition of a workflow").map_err(wrong)?;
        if !definition.children.is_empty() || !definition.awaited.is_empty() {
            let found = "the platform finds the `children` of a workflow, and what is `awaited`, when it is activated";
            return invalid(found.to_owned());
        }
        Checker::check(snapshot.catalog(), &table.name, &definition).map_err(wrong)?;
    }
    Ok(())
}

/// Whether workflows run for rows of a table.
pub(crate) fn takes_workflows(table: &TableDef) -> bool {
    table.takes_workflows && table.takes_steps && table.ownership != Ownership::None
}

fn check_table(table: &TableDef, row: &Row) -> Result<()> {
    if !takes_workflows(table) {
        return invalid(format!("no workflow runs for rows of `{}`", table.name));
    }
    if table.ownership != Ownership::User && Scope::of(row.int("scope")) != Scope::Organization {
        return invalid(format!(
            "rows of `{}` belong to nobody: a workflow for them has the scope Organization (`scope` is 4)",
            table.name
        ));
    }
    Ok(())
}

/// Who activates or deactivates a workflow is its owner, or acts for others.
fn may_switch(unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
    check_owner(unit, operation, row)?;
    match row.int("mode") == Some(1) {
        true => unit.require_named(operation, ACTIVATE),
        false => Ok(()),
    }
}

/// Who calls owns the process, or acts for others.
pub(crate) fn check_owner(unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
    if !row.id_of("ownerid").is_some_and(|owner| operation.is_called_by(owner)) {
        unit.require_named(operation, FOR_OTHERS).map_err(|mut error| {
            let said = Error::said(Code::WORKFLOW_NOT_OWNER);
            error.body_mut().code = said.code();
            said.message().clone_into(&mut error.body_mut().message);
            error.with_table(TABLE)
        })?;
    }
    Ok(())
}

/// What is told of a workflow that waits, and would have to in a request.
static WAITS: Case = Case {
    cause: "a workflow in real time runs within the request that starts it, and cannot wait",
    resolution: Resolution::new(
        "let it run in the background (`mode` is `background`), or take the wait out of it",
        &[],
    ),
};

/// A workflow that is to run has something to do, something that starts it, and somebody as whom
/// it runs.
fn may_run(unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
    let refused = |why: &str| {
        let message = format!("the workflow {} cannot be activated: {why}", name(row));
        Error::new(Code::WORKFLOW_EMPTY, message).with_table(TABLE)
    };
    let definition = row.text("clientdata").map(Definition::parse).transpose()?;
    let Some(definition) = definition.filter(|definition| !definition.actions.is_empty()) else {
        return Err(refused("it has no action"));
    };
    let says = |column: &str| row.bool(column) == Some(true);
    let starts = ["triggeroncreate", "triggerondelete", "ondemand", "subprocess"];
    let on_update = !step_rows::names(row.text("triggeronupdateattributelist")).is_empty();
    if !on_update && !starts.into_iter().any(says) {
        return Err(refused(
            "nothing starts it; give it a trigger, or let it run on demand or as a child",
        ));
    }
    if row.int("mode") == Some(1) && Program::of(definition.clone()).waits {
        return Err(refused("it waits, which is done in the background only").in_case(&WAITS));
    }
    owner::check_scope(unit, row)?;
    let snapshot = unit.snapshot()?;
    let table = row.text("primaryentity").unwrap_or_default();
    let checked = Checker::check(snapshot.catalog(), table, &definition)?;
    if !checked.plugins.is_empty() {
        unit.require_named(operation, REGISTER)?;
    }
    arguments::check(unit, &checked)?;
    are_there(unit, &checked.rows)?;
    for child in children::found(unit, Some(operation), row, checked.children)? {
        if child.id != row.id {
            let active = active::of(&snapshot);
            let child = active
                .find(child.id)
                .ok_or_else(|| Error::not_found("Workflow", TABLE, child.id))?;
            children::may_start(unit, operation, row, child)?;
        }
    }
    // What starts it runs it in names of its own.
    for user in names::runs_as(unit, active::of(&snapshot), row.id)? {
        giving::check_acts_as(unit, operation, user)?;
    }
    owner::check(unit, operation, row)?;
    owner::check_sees(unit, operation, row, &checked.uses)
}

/// Makes the copy that runs.
fn copy(unit: &mut Unit, definition: &Row) -> Result<()> {
    let reason = "a workflow that is active runs as a copy";
    let whole = unit.need_as_platform(reason, &definition.reference())?;
    let mut copy = Row::new(TABLE, unit.new_id());
    copy.values.clone_from(&whole.values);
    copy.values.remove("uniquename");
    copy.set("type", Value::Choice(ACTIVATION));
    copy.set("parentworkflowid", definition.reference());
    copy.set("ismanaged", false);
    let activated = children::to_run(unit, &whole)?;
    if let Some(definition) = activated.run {
        copy.set("clientdata", definition);
    }
    let mut active = Row::new(TABLE, definition.id).with("activeworkflowid", copy.reference());
    if let Some(definition) = activated.kept {
        active.set("clientdata", definition);
    }
    unit.insert_as_platform("a workflow that is active runs as a copy", copy)?;
    unit.update_as_platform("a workflow that is active runs as a copy", active)
}

/// What is not active any more has no copy.
fn forget_copy(unit: &mut Unit, definition: &Row) -> Result<()> {
    let Some(copy) = definition.lookup("activeworkflowid").cloned() else {
        return Ok(());
    };
    let without = Row::new(TABLE, definition.id).with("activeworkflowid", Value::Null);
    unit.update_as_platform("a workflow that is active runs as a copy", without)?;
    unit.delete_as_platform(
        "a workflow that is active runs as a copy",
        &Reference::new(TABLE, copy.id),
    )
}
