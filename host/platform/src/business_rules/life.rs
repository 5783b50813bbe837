//! From a draft to what applies and back: the rules of `workflow` for business rules. What is active
//! is not changed, nor deleted; it applies as it stands in its row.

use sluice_model::{
    Code, Depth, Error, Reference, Remedy, Result, Right, Row, Uuid, Value,
    remedy::{Case, Resolution},
    state::process::{ACTIVATED, DRAFT},
};

use super::{
    CATEGORY, DEFINITION, TABLE_SCOPE,
    definition::{Definition, of_rule},
};
use crate::workflows::{
    check_owner, check_sees,
    language::{are_there, check_once, numbered},
    refuse_system, takes_workflows,
};
use sluice_engine::{Arrived, Operation, Rules, Unit, tables};

/// The privilege to activate and deactivate rules.
pub(super) const ACTIVATE: &str = "prvActivateBusinessRule";

/// The rules of business rules.
pub(super) struct Life;

fn is_rule(row: &Row) -> bool {
    row.int("category") == Some(CATEGORY)
}

fn is_active(row: &Row) -> bool {
    ACTIVATED.is_of(row)
}

fn invalid<T>(message: String) -> Result<T> {
    Err(Error::invalid(message).with_table(tables::PROCESS))
}

fn name(row: &Row) -> &str {
    row.text("name").unwrap_or_default()
}

impl Rules for Life {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let Some(row) = operation.target_mut().filter(|row| is_rule(row)) else {
            return Ok(());
        };
        if row.int("type").is_some_and(|kind| kind != DEFINITION) {
            return invalid("a business rule is made as a definition (`type` is 1)".to_owned());
        }
        if is_active(row) {
            return invalid(format!("{} is made as a draft; then activate it", name(row)));
        }
        if row.int("scope").is_some_and(|scope| scope != TABLE_SCOPE) {
            return invalid("a business rule holds for its table, not for one form (`scope` is 4)".to_owned());
        }
        row.set("scope", Value::Choice(TABLE_SCOPE));
        row.set("mode", Value::Choice(1));
        row.set("runas", Value::Choice(1));
        let row = row.clone();
        refuse_system(unit, &row)?;
        check(unit, &row)?;
        keep_numbers(unit, operation, &row)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        if operation.why().is_platform() {
            return Ok(());
        }
        let target = operation.target()?.clone();
        if !is_rule(before) {
            return match is_rule(&target) {
                true => invalid("another process does not become a business rule; make one".to_owned()),
                false => Ok(()),
            };
        }
        refuse_system(unit, &target)?;
        let changes = |column: &str| target.has(column) && target.get(column) != before.get(column);
        for kept in ["category", "type", "primaryentity", "scope", "mode", "runas"] {
            if changes(kept) {
                return invalid(format!("a business rule keeps its `{kept}`; make another rule"));
            }
        }
        let may_change = |name: &str| matches!(name, "statecode" | "statuscode" | "ownerid" | "ismanaged");
        if is_active(before) && target.values.keys().any(|name| !may_change(name) && changes(name)) {
            return Err(Error::said(Code::WORKFLOW_PUBLISHED)
                .with_table(tables::PROCESS)
                .with_word("WORKFLOW", before.id));
        }
        let mut whole = before.clone();
        whole.values.extend(target.values.clone());
        let activates = is_active(&whole) && !is_active(before);
        if changes("clientdata") || activates {
            let rows = check(unit, &whole)?;
            if activates {
                are_there(unit, &rows).map_err(of_rule)?;
            }
            // What came with a managed solution is changed by the next one alone.
            if changes("clientdata") || before.bool(tables::MANAGED) != Some(true) {
                keep_numbers(unit, operation, &whole)?;
            }
        }
        if is_active(before) && changes("ownerid") {
            // What it sees of secured columns is its owner's: it is up to the new one.
            if let Some(target) = operation.target_mut() {
                target.set("statecode", Value::Choice(DRAFT.state));
                target.values.remove("statuscode");
            }
            return Ok(());
        }
        if is_active(&whole) == is_active(before) {
            return Ok(());
        }
        unit.require_named(operation, ACTIVATE)?;
        match is_active(&whole) {
            true => {
                may_activate(unit, operation, &whole)?;
                may_read(unit, operation, &whole)?;
                has_something_to_do(&whole)
            }
            false => Ok(()),
        }
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let row = operation.target_reference()?;
        let row = unit.need_as_platform("a business rule is not deleted while it is active", &row)?;
        match is_rule(&row) && is_active(&row) {
            true => Err(Error::said(Code::WORKFLOW_ACTIVE_DELETED)
                .with_table(tables::PROCESS)
                .with_word("WORKFLOW", row.id)),
            false => Ok(()),
        }
    }
}

/// Puts numbers in the place of the labels of options.
fn keep_numbers(unit: &mut Unit, operation: &mut Operation, row: &Row) -> Result<()> {
    let (Some(table), Some(text)) = (row.text("primaryentity"), row.text("clientdata")) else {
        return Ok(());
    };
    let numbered = numbered(unit.snapshot()?.catalog(), table, text)?;
    if let (Some(definition), Some(target)) = (numbered, operation.target_mut()) {
        target.set("clientdata", definition);
    }
    Ok(())
}

/// Rules that are to be activated: one that names rows which are not here stays a draft.
pub(super) fn arrived(unit: &mut Unit, rules: Vec<Uuid>) -> Result<Arrived> {
    let catalog = unit.snapshot()?.catalog().clone();
    let mut arrived = Arrived::default();
    for id in rules {
        let reason = "a rule that names what is not here stays a draft";
        let row = unit.need_as_platform(reason, &Reference::new(tables::PROCESS, id))?;
        // One that makes no sense says so when it is activated.
        let rule = row.text("clientdata").and_then(|text| Definition::parse(text).ok());
        let table = row.text("primaryentity").unwrap_or_default();
        let rows = rule
            .and_then(|rule| rule.check(&catalog, table).ok())
            .unwrap_or_default();
        match are_there(unit, &rows) {
            Ok(()) => arrived.order.push(id),
            Err(error) => arrived.drafts.push((row, of_rule(error))),
        }
    }
    Ok(arrived)
}

/// The rows that a rule names by their ids, each with the place of its action.
type NamedRows = Vec<(String, Reference)>;

/// Whether what a rule says makes sense, as far as it says something.
fn check(unit: &mut Unit, row: &Row) -> Result<NamedRows> {
    let snapshot = unit.snapshot()?;
    let Some(table) = row.text("primaryentity") else {
        return Ok(NamedRows::new());
    };
    let table = snapshot.table(table)?.clone();
    if !takes_workflows(&table) {
        return invalid(format!("no business rule holds for rows of `{}`", table.name));
    }
    let Some(text) = row.text("clientdata") else {
        return Ok(NamedRows::new());
    };
    let wrong = |error: Error| error.or_table(tables::PROCESS);
    let rule = Definition::parse(text).map_err(wrong)?;
    check_once(text, "definition of a business rule").map_err(wrong)?;
    let checked = rule.check(snapshot.catalog(), &table.name);
    checked.map_err(wrong)
}

/// What is told of a rule whose activator may not change the workflows of everybody.
static TOO_WIDE: Case = Case {
    cause: "a business rule applies to the rows of everybody, in the name of whoever writes them",
    resolution: Resolution::new(
        "let somebody activate it who holds that privilege for the whole organisation, or be given it",
        &[Remedy::Grant],
    ),
};

/// Who activates a rule acts for its owner, and lets it apply to what everybody writes, as them.
fn may_activate(unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
    check_owner(unit, operation, row)?;
    let privilege = unit.snapshot()?.table(tables::PROCESS)?.privilege_name(Right::Write);
    let depth = operation.principal().depth_of(&privilege);
    if depth == Some(Depth::Organization) {
        return Ok(());
    }
    let message = format!(
        "the business rule {} cannot be activated: it applies to what everybody writes, which takes {privilege} at the \
         depth {}",
        name(row),
        Depth::Organization.label()
    );
    let mut error = Error::new(Code::PRIVILEGE_DENIED, message)
        .with_table(tables::PROCESS)
        .in_case(&TOO_WIDE);
    let body = error.body_mut();
    body.privilege = Some(privilege);
    body.depth = Some(Depth::Organization);
    body.principal = Some(operation.principal().info());
    Err(error)
}

/// Who activates somebody else's rule may read the secured columns that it names.
fn may_read(unit: &Unit, operation: &Operation, row: &Row) -> Result<()> {
    let table = row.text("primaryentity").unwrap_or_default();
    let rule = row.text("clientdata").map(Definition::parse).transpose()?;
    match rule {
        Some(rule) => check_sees(unit, operation, row, &rule.uses(&unit.catalog(), table)?),
        None => Ok(()),
    }
}

fn has_something_to_do(row: &Row) -> Result<()> {
    let rule = row.text("clientdata").map(Definition::parse).transpose()?;
    match rule.is_some_and(|rule| !rule.actions.is_empty()) {
        true => Ok(()),
        false => {
            let message = format!("the business rule {} cannot be activated: it has no action", name(row));
            Err(Error::new(Code::WORKFLOW_EMPTY, message).with_table(tables::PROCESS))
        }
    }
}
