//! A duplicate rule names two tables that take part in duplicate detection. Its state is the
//! platform's, and while it is at work it stays as it is.

use super::{DUPLICATE_CONDITION, DUPLICATE_RULE, PUBLISHES};
use sluice_model::{Code, Error, Reference, Result, Right, Row, Value};

use crate::duplicates::{life, rule};
use sluice_engine::{Operation, Unit, rules::Rules};

pub(super) struct DuplicateRule;

/// The organisation's row: whether duplicates are detected.
pub(super) struct Detection;

/// Whether an Update switches duplicate detection off for the organisation.
fn switches_off(changed: &Row) -> bool {
    changed.has(SWITCH) && changed.bool(SWITCH) != Some(true)
}

/// The column that says whether duplicates are detected.
const SWITCH: &str = "isduplicatedetectionenabled";

impl Rules for Detection {
    /// Whoever switches it off unpublishes every rule, and needs what that takes.
    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        if !switches_off(operation.target()?) || before.bool(SWITCH) != Some(true) {
            return Ok(());
        }
        unit.require_named(operation, PUBLISHES)?;
        for rule in life::in_use(unit)? {
            unit.row_with_rights(operation, DUPLICATE_RULE, rule, &[Right::Write])?;
        }
        Ok(())
    }

    /// Where duplicate detection is switched off, every rule is unpublished; switched on again, they must be
    /// published again.
    fn after_update(&self, unit: &mut Unit, _: &Operation, _: &Row, changed: &Row) -> Result<()> {
        match switches_off(changed) {
            true => life::switched_off(unit),
            false => Ok(()),
        }
    }
}

/// The columns that publishing keeps.
const STATE: [&str; 2] = ["statecode", "statuscode"];

/// The state is written by publishing, not by callers.
fn refuse_state(target: &Row, before: Option<&Row>) -> Result<()> {
    let is = |column: &str| before.and_then(|row| row.int(column)).unwrap_or_default();
    match STATE
        .iter()
        .find(|column| target.has(column) && target.int(column) != Some(is(column)))
    {
        None => Ok(()),
        Some(column) => Err(Error::new(
            Code::READ_ONLY_COLUMN,
            format!(
                "`{column}` of a duplicate rule is not written: publish the rule (PublishDuplicateRule) or unpublish it \
                 (UnpublishDuplicateRule)"
            ),
        )
        .with_table(DUPLICATE_RULE)),
    }
}

impl Rules for DuplicateRule {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        refuse_state(operation.target()?, None)?;
        let target = operation.target()?.clone();
        // What is missing altogether is told by the check of required columns.
        if target.has("baseentityname") && target.has("matchingentityname") {
            let catalog = unit.snapshot()?.catalog().clone();
            rule::tables(&catalog, &target)?;
        }
        Ok(())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?.clone();
        refuse_state(&target, Some(before))?;
        // Another owner changes nothing about what the rule finds.
        if target.values.keys().any(|name| &**name != "ownerid") {
            life::refuse_in_use(before)?;
        }
        let mut after = before.clone();
        after.values.extend(target.values);
        let catalog = unit.snapshot()?.catalog().clone();
        rule::tables(&catalog, &after)?;
        for condition in life::conditions(unit, before.id)? {
            life::check_condition(unit, &after, &condition)?;
        }
        Ok(())
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let row = unit.need_as_platform(
            "a rule that is at work keeps its conditions",
            &Reference::new(DUPLICATE_RULE, operation.id()?),
        )?;
        life::refuse_in_use(&row)
    }
}

/// The conditions of a rule, which share its fate.
pub(super) struct DuplicateCondition;

fn rule_of(unit: &mut Unit, condition: &Row) -> Result<Row> {
    match condition.id_of("regardingobjectid") {
        Some(rule) => unit.need_as_platform(
            "a rule that is at work keeps its conditions",
            &Reference::new(DUPLICATE_RULE, rule),
        ),
        None => Err(Error::new(
            Code::REQUIRED_MISSING,
            "a condition needs the duplicate rule that it belongs to (`regardingobjectid`)",
        )),
    }
}

/// A second condition that compares the same columns in the same way says nothing.
fn refuse_same(unit: &mut Unit, rule: &Row, condition: &Row) -> Result<()> {
    let said = |row: &Row| {
        let text = |column: &str| row.text(column).map(ToOwned::to_owned);
        let number = |column: &str| row.int(column).unwrap_or_default();
        let columns = [text("baseattributename"), text("matchingattributename")];
        (columns, number("operatorcode"), number("operatorparam"))
    };
    let others = life::conditions(unit, rule.id)?;
    let mut others = others.iter().filter(|other| other.id != condition.id);
    if !others.any(|other| said(other) == said(condition)) {
        return Ok(());
    }
    let sentence = format!(
        "the rule \"{}\" compares `{}` with `{}` in this way already",
        rule.text("name").unwrap_or_default(),
        condition.text("baseattributename").unwrap_or_default(),
        condition.text("matchingattributename").unwrap_or_default()
    );
    Err(Error::invalid(sentence).with_table(DUPLICATE_CONDITION))
}

impl Rules for DuplicateCondition {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let target = operation.target()?.clone();
        let rule = rule_of(unit, &target)?;
        life::refuse_in_use(&rule)?;
        life::check_condition(unit, &rule, &target)?;
        refuse_same(unit, &rule, &target)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?.clone();
        if target.has("regardingobjectid") && target.id_of("regardingobjectid") != before.id_of("regardingobjectid") {
            return Err(Error::invalid(
                "a condition stays with its duplicate rule; make another one for the other rule",
            ));
        }
        let rule = rule_of(unit, before)?;
        life::refuse_in_use(&rule)?;
        let mut after = before.clone();
        after.values.extend(target.values);
        after.values.retain(|_, value| *value != Value::Null);
        life::check_condition(unit, &rule, &after)?;
        refuse_same(unit, &rule, &after)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let condition = unit.need_as_platform(
            "a rule that is at work keeps its conditions",
            &Reference::new(DUPLICATE_CONDITION, operation.id()?),
        )?;
        let rule = rule_of(unit, &condition)?;
        life::refuse_in_use(&rule)
    }
}
