//! Create: makes a row.
//!
//! The caller's columns are checked, the owner decided on, the links checked, and then the
//! platform fills what it fills.

use sluice_access::{Permit, RowFacts};
use sluice_model::{Result, Right, Rights, Row, TableDef, Value};

use super::{Images, Message, Parameter, Shape, Takes, required};
use crate::{
    Operation, Unit, attach, audit,
    duplicates::{detect, upkeep},
    fill, flow, managed, principals,
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
        const INPUTS: &[Parameter] = &[required("Target", "row")];
        const OUTPUTS: &[Parameter] = &[required("id", "id")];
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
        operation.check_target()?;
        managed::check_create(unit, operation)?;
        unit.rules(&table).before_create(unit, operation)?;
        let mut sent = operation.target()?.clone();
        if sent.id.is_nil() {
            sent.id = unit.core.env.new_id();
        }
        let id = sent.id;
        let (mut row, permit) = permitted(unit, operation, &table, &sent)?;

        fill::new_row(unit, operation, &table, &mut row)?;
        fill::check_required(&table, &row)?;
        let process = flow::start::choose(unit, operation, &table, &mut row)?;
        detect::check(unit, operation, &row, None)?;
        unit.tx.insert(&permit, &table, &row)?;
        upkeep::created(unit, &row)?;
        audit::created(unit, operation, &table, &row)?;
        if table.configuration {
            unit.configuration_written()?;
        }
        operation.context.id = Some(id);
        operation.output("id", Value::Id(id));
        unit.rules(&table).after_create(unit, operation, &row)?;
        process.map_or(Ok(()), |process| process.begin(unit, operation, &row))
    }
}

/// The new row with its owner, once it is clear that the caller may make it and attach it to what it names.
pub(super) fn permitted(unit: &mut Unit, operation: &Operation, table: &TableDef, sent: &Row) -> Result<(Row, Permit)> {
    let mut row = fill::checked(table, sent)?;
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
        shares: Rights::NONE,
    };
    attach::check_links(unit, operation, table, &row, None, &own)?;
    Ok((row, permit))
}
