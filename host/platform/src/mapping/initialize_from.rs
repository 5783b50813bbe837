//! InitializeFrom: what a new row would get from another one by the mappings, without making
//! it.

use sluice_model::{Code, Error, ParameterType, Result, Right};

use super::mapped;
use crate::mapping::entity_map;
use sluice_engine::{
    Operation, Unit,
    message::{Message, ParameterDef, Shape, Takes, input, optional, required},
    principals,
};

/// `InitializeFrom`.
pub(crate) struct InitializeFrom;

impl Message for InitializeFrom {
    fn name(&self) -> &'static str {
        "InitializeFrom"
    }

    fn doc(&self) -> &'static str {
        "Gives an unsaved row of `TargetEntityName` with what the mappings carry over, and a reference to its parent."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("EntityMoniker", ParameterType::Reference),
            required("TargetEntityName", ParameterType::Text),
            optional("TargetFieldType", ParameterType::Int),
        ];
        const OUTPUTS: &[ParameterDef] = &[required("Entity", ParameterType::Row)];
        Shape::reading(Takes::Reference("EntityMoniker"), INPUTS, OUTPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let target = input::text(operation, "TargetEntityName")?;
        // All, for a Create, for an Update, for a reader: what is mapped is never filled by the
        // platform, so that all four are the same here.
        if !matches!(input::int(operation, "TargetFieldType")?.unwrap_or_default(), 0..=3) {
            return Err(Error::invalid(
                "TargetFieldType is 0 (All), 1 (ValidForCreate), 2 (ValidForUpdate) or 3 (ValidForRead)",
            ));
        }
        let source = unit.row_with_rights(operation, &table.name, operation.id()?, &[Right::Read])?;
        let catalog = unit.catalog();
        let definition = catalog.table(&target)?;
        let parent = entity_map::relationship(&table, definition).ok_or_else(|| {
            let message = format!("`{target}` has no column that refers to `{}`", table.name);
            Error::new(Code::INVALID_MAP, message).with_table(&target)
        })?;
        let mut row = mapped(unit, &source, &definition.name)?;
        // An amount is one of its currency.
        let has_amounts = definition.amounts().any(|column| row.has(&column.name));
        if let Some(currency) = source.get("transactioncurrencyid").filter(|_| has_amounts) {
            row.set("transactioncurrencyid", currency.clone());
        }
        row.set(parent, source.reference());
        operation.output("Entity", row);
        Ok(())
    }
}
