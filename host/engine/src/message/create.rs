//! Create: makes a row.
//!
//! The caller's columns are checked, the owner decided on, the links checked, and then the
//! platform fills what it fills.

use sluice_access::{ColumnRight, Permit, RowFacts, Shared};
use sluice_model::{ParameterType, Result, Right, Row, TableDef, Value};

use super::{Images, Message, ParameterDef, Shape, Takes, required};
use crate::{
    Operation, Rules as _, Unit, attach, cascade,
    change::{ChangeKind, RowChange},
    fill, principals, tasks,
};

/// `Create`.
pub(crate) struct Create;

impl Message for Create {
    fn name(&self) -> &'static str {
        "Create"
    }

    fn doc(&self) -> &'static str {
        "Makes a row."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("Target", ParameterType::Row)];
        const OUTPUTS: &[ParameterDef] = &[required("id", ParameterType::Id)];
        Shape {
            takes: Takes::Row,
            tables: None,
            reads: false,
            images: Images::After,
            binds_table: true,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Create)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        operation.check_target(unit)?;
        operation.refuse_kept()?;
        // As it was sent: the rules of the table may put away what does not lie in the row.
        unit.check_columns(operation, &table, ColumnRight::Create, operation.target()?.id)?;
        unit.ask_watches(operation, ChangeKind::Create, None)?;
        tasks::check_new(unit, operation, &table)?;
        unit.rules(&table).before_create(unit, operation)?;
        let (mut row, permit) = permitted(unit, operation, &table)?;

        fill::new_row(unit, operation, &table, &mut row)?;
        fill::check_required(&table, &row)?;
        operation.context.id = Some(row.id);
        operation.output("id", Value::Id(row.id));
        let change = RowChange::of(operation, ChangeKind::Create, permit, table.clone(), row);
        let row = unit.write(change)?.row;
        cascade::inherit(unit, &table, &row)?;
        unit.rules(&table).after_create(unit, operation, &row)
    }
}

/// The new row with its owner, once it is clear that the caller may make it and attach it to what it names.
pub fn permitted(unit: &mut Unit, operation: &Operation, table: &TableDef) -> Result<(Row, Permit)> {
    let mut row = fill::checked(table, operation.target()?)?;
    if row.id.is_nil() {
        row.id = unit.core.env.new_id();
    }
    let owner = fill::owner(unit, operation, table, &mut row)?;
    let snapshot = unit.snapshot()?;
    let permit = sluice_access::decide_create(
        &operation.principal,
        &snapshot.units,
        table,
        &owner,
        &snapshot.privileges,
    )?;
    let own = RowFacts {
        id: row.id,
        owner: owner.as_owner(),
        business_unit: owner.business_unit(),
        shared: Shared::default(),
        limit: Shared::default(),
        reader: Shared::default(),
    };
    unit.check_columns(operation, table, ColumnRight::Create, row.id)?;
    attach::check_links(unit, operation, table, &row, None, &own)?;
    Ok((row, permit))
}
