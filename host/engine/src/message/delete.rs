//! Delete: removes a row, and does to the rows that refer to it what their relationships say
//! (`cascade/delete.rs`): the database itself never changes rows.

use sluice_model::{ParameterType, Result, Right, Row};

use super::{Images, Message, ParameterDef, Shape, Takes, required};
use crate::{
    Operation, Rules as _, Unit, cascade,
    change::{ChangeKind, RowChange},
    pointers, principals,
};

/// `Delete`.
pub(crate) struct Delete;

impl Message for Delete {
    fn name(&self) -> &'static str {
        "Delete"
    }

    fn doc(&self) -> &'static str {
        "Removes a row."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("Target", ParameterType::Reference)];
        Shape {
            takes: Takes::Reference("Target"),
            tables: None,
            reads: false,
            images: Images::Before,
            binds_table: true,
            inputs: INPUTS,
            outputs: &[],
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Delete)
    }

    /// Whoever may not delete the row learns nothing of what refers to it, and what may not be
    /// deleted takes nothing along.
    fn before_steps(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        unit.decide(operation, &table, Right::Delete, operation.id()?)?;
        operation.refuse_kept()?;
        unit.ask_watches(operation, ChangeKind::Delete, None)?;
        unit.rules(&table).before_delete(unit, operation)?;
        cascade::before_deletion(unit, operation)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let target = operation.target_reference()?;
        let permit = unit.decide(operation, &table, Right::Delete, target.id)?;
        cascade::late_deletion(unit, operation)?;
        pointers::release(unit, &target)?;
        let gone = Row::new(target.table, target.id);
        unit.write(RowChange::of(operation, ChangeKind::Delete, permit, table, gone))
            .map(|_| ())
    }
}
