//! CreateEntityKey: begins to make an alternate key. The index is the work of a job, which whoever
//! asked for it runs.

use sluice_engine::{
    Operation, Unit,
    message::{Images, Message, ParameterDef, Shape, Takes, input, optional, required},
    tables,
};
use sluice_model::{KeyDef, ParameterType, Result, Right, Value};

use super::life;

/// `CreateEntityKey`.
pub(super) struct CreateEntityKey;

/// Gate 1 of all three messages.
pub(super) fn require(unit: &mut Unit, operation: &Operation, right: Right) -> Result<()> {
    let table = unit.snapshot()?.table(tables::ENTITY_KEY)?.clone();
    sluice_engine::principals::require(unit, operation, &table, right)
}

/// A message without a row of its own.
pub(super) const fn shape(inputs: &'static [ParameterDef], outputs: &'static [ParameterDef]) -> Shape {
    Shape {
        takes: Takes::Nothing,
        tables: None,
        reads: false,
        images: Images::None,
        binds_table: false,
        inputs,
        outputs,
    }
}

impl Message for CreateEntityKey {
    fn name(&self) -> &'static str {
        "CreateEntityKey"
    }

    fn doc(&self) -> &'static str {
        "Begins to make an alternate key of a table; its job makes the index over the rows that are there."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("EntityName", ParameterType::Text),
            required("Name", ParameterType::Text),
            required("KeyAttributes", ParameterType::Names),
            optional("DisplayName", ParameterType::Text),
        ];
        const OUTPUTS: &[ParameterDef] = &[
            required("EntityKeyId", ParameterType::Id),
            required("JobId", ParameterType::Id),
        ];
        shape(INPUTS, OUTPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        require(unit, operation, Right::Create)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let key = KeyDef {
            name: input::text(operation, "Name")?.into(),
            label: input::optional_text(operation, "DisplayName")?.unwrap_or_default(),
            columns: input::names(operation, "KeyAttributes")?.to_vec(),
        };
        let table = input::text(operation, "EntityName")?;
        let owner = operation.principal().clone();
        let made = life::create(unit, &owner, &table, &key, false)?;
        operation.output("EntityKeyId", Value::Id(made.key));
        operation.output("JobId", Value::Id(made.job));
        Ok(())
    }
}
