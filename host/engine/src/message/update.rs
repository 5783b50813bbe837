//! Update: changes columns of a row. Owner, state and status are columns like others, with
//! rules of their own.

use std::sync::Arc;

use sluice_access::ColumnRight;
use sluice_model::{Code, Error, ParameterType, Result, Right, Row, TableDef};

use super::{Images, Message, ParameterDef, Shape, Takes, optional, required};
use crate::{
    Operation, Rules as _, Unit, attach, cascade,
    change::{ChangeKind, RowChange},
    fill, principals, tasks,
};

/// `Update`.
pub(crate) struct Update;

fn is_state(column: &str) -> bool {
    matches!(column, "statecode" | "statuscode")
}

impl Message for Update {
    fn name(&self) -> &'static str {
        "Update"
    }

    fn doc(&self) -> &'static str {
        "Changes columns of a row; also its owner, state and status."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("Target", ParameterType::Row)];
        const OUTPUTS: &[ParameterDef] = &[optional("RolesRemoved", ParameterType::References)];
        Shape {
            takes: Takes::Row,
            tables: None,
            reads: false,
            images: Images::Both,
            binds_table: true,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        operation.id()?;
        principals::require(unit, operation, &*operation.table()?, Right::Write)
    }

    /// State and status together with other columns: the inner stages run twice. Lookups that the
    /// platform itself sets go along with the state.
    fn parts(&self, operation: &Operation) -> Result<Vec<Operation>> {
        let target = operation.target()?;
        let along = |name: &str| is_state(name) || operation.platform_links.contains(&name);
        if !target.values.keys().any(|name| is_state(name)) || target.values.keys().all(|name| along(name)) {
            return Ok(Vec::new());
        }
        Ok(vec![
            operation.part(|name| !along(name)),
            operation.part(|name| along(name)),
        ])
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let id = operation.id()?;
        operation.check_target(unit)?;
        let permit = unit.decide(operation, &table, Right::Write, id)?;
        operation.refuse_kept()?;
        unit.check_columns(operation, &table, ColumnRight::Update, id)?;
        let reason = "compare a row that the caller may change with what it becomes";
        let before = Arc::new(unit.need_as_platform(reason, &operation.target_reference()?)?);
        fill::check_currency(operation, &table, &before)?;
        if table.closes && !operation.why.allows().closed {
            refuse_inactive(&table, &before, operation.target()?)?;
        }
        unit.ask_watches(operation, ChangeKind::Update, Some(&before))?;
        tasks::check_changes(unit, operation, &table, &before)?;
        let hidden = operation.hidden(&table);
        let seen = principals::without(&before, &hidden);
        unit.rules(&table).before_update(unit, operation, &seen)?;
        let mut row = fill::checked(&table, operation.target()?)?;
        fill::check_still_required(&table, &row)?;
        row.id = id;
        let own = unit.row_facts(&operation.principal.clone(), &table, id)?;
        attach::check_links(unit, operation, &table, &row, Some(&before), &own)?;

        cascade::refuse_loops(unit, &table, &row, &before)?;
        fill::changed_owner(unit, operation, &table, &mut row, &before)?;
        fill::changed_row(unit, &table, (&mut row, &before), &hidden)?;
        let change = RowChange::of(operation, ChangeKind::Update, permit, table.clone(), row);
        let row = unit.write(change.from(before.clone()))?.row;
        unit.rules(&table).after_update(unit, operation, &before, &row)?;
        cascade::reparent(unit, operation, &table, &before, &row)?;
        cascade::follow_owner(unit, operation, &before, &row)
    }
}

/// A row that is closed takes another state or owner, and nothing else.
fn refuse_inactive(table: &TableDef, before: &Row, target: &Row) -> Result<()> {
    let Some(state) = before.int("statecode").filter(|state| *state != 0) else {
        return Ok(());
    };
    let Some(column) = target
        .values
        .keys()
        .find(|name| !is_state(name) && &***name != "ownerid")
    else {
        return Ok(());
    };
    let label = table
        .states()
        .and_then(|(states, _)| states.iter().find(|option| option.value == state))
        .map_or_else(|| state.to_string(), |option| option.label.clone());
    Err(Error::new(
        Code::INACTIVE,
        format!(
            "The object cannot be updated because it is inactive: {} {} is {label}, and `{column}` was to be changed.",
            table.display, before.id
        ),
    )
    .with_table(&table.name))
}
