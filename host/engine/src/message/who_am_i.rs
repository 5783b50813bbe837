//! WhoAmI: says who the caller is.

use sluice_model::{ParameterType, Result, Value};

use super::{Message, ParameterDef, Shape, Takes, required};
use crate::{Operation, Unit};

/// `WhoAmI`.
pub(crate) struct WhoAmI;

impl Message for WhoAmI {
    fn name(&self) -> &'static str {
        "WhoAmI"
    }

    fn doc(&self) -> &'static str {
        "Says who the caller is."
    }

    fn shape(&self) -> Shape {
        const OUTPUTS: &[ParameterDef] = &[
            required("UserId", ParameterType::Id),
            required("BusinessUnitId", ParameterType::Id),
            required("OrganizationId", ParameterType::Id),
        ];
        Shape::reading(Takes::Nothing, &[], OUTPUTS)
    }

    /// Everybody may ask who they are.
    fn check_privileges(&self, _: &mut Unit, _: &Operation) -> Result<()> {
        Ok(())
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let organization = unit.snapshot.settings.id;
        let principal = operation.principal.clone();
        operation.output("UserId", Value::Id(principal.id()));
        operation.output("BusinessUnitId", Value::Id(principal.business_unit()));
        operation.output("OrganizationId", Value::Id(organization));
        Ok(())
    }
}
