//! Retrieve: reads one row.

use sluice_model::{Error, Name, ParameterType, Result, Right, coerce};

use super::{Images, Message, ParameterDef, Shape, Takes, input, lookup_names, optional, required};
use crate::{Operation, Unit, principals};

/// `Retrieve`.
pub(crate) struct Retrieve;

impl Message for Retrieve {
    fn name(&self) -> &'static str {
        "Retrieve"
    }

    fn doc(&self) -> &'static str {
        "Reads one row."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("Target", ParameterType::Reference),
            optional("ColumnSet", ParameterType::Names),
            lookup_names::WANTED,
        ];
        const OUTPUTS: &[ParameterDef] = &[required("BusinessEntity", ParameterType::Row), lookup_names::GIVEN];
        Shape {
            takes: Takes::Reference("Target"),
            tables: None,
            reads: true,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let id = operation.id()?;
        let columns: Option<Vec<Name>> = input::optional_names(operation, "ColumnSet")?
            .filter(|names| !names.is_empty())
            .map(<[Name]>::to_vec);
        for name in columns.iter().flatten() {
            coerce::column(&table, name)?;
        }
        let permit = unit.decide(operation, &table, Right::Read, id)?;
        operation.principal.note_withheld(&table, columns.as_ref());
        let row = unit
            .tx
            .get(&permit, &table, id, columns.as_deref())?
            .ok_or_else(|| Error::not_found(&table.schema, &table.name, id))?;
        let mut rows = [row];
        unit.core
            .rules(&table)
            .after_read(unit, operation, columns.as_deref(), &mut rows)?;
        lookup_names::give(unit, operation, &rows)?;
        let [row] = rows;
        operation.output("BusinessEntity", row);
        Ok(())
    }
}
