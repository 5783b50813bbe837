//! UnpublishDuplicateRule: takes a duplicate rule out of work, at once.

use super::DUPLICATE_RULE;
use sluice_model::{ParameterType, Result, Value};

use super::publish_duplicate_rule::{check, rule};
use crate::duplicates::life;
use sluice_engine::{
    Operation, Unit,
    message::{Images, Message, ParameterDef, Shape, Takes, optional, required},
};

/// `UnpublishDuplicateRule`.
pub(crate) struct UnpublishDuplicateRule;

impl Message for UnpublishDuplicateRule {
    fn name(&self) -> &'static str {
        "UnpublishDuplicateRule"
    }

    fn doc(&self) -> &'static str {
        "Takes a duplicate rule out of work, at once."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("DuplicateRuleId", ParameterType::Id)];
        // Sluice's own: how many matchcodes were removed, and the job that removes the rest,
        // where they are many.
        const OUTPUTS: &[ParameterDef] = &[
            required("MatchcodesRemoved", ParameterType::Int),
            optional("JobId", ParameterType::Id),
        ];
        Shape {
            takes: Takes::IdOf {
                table: DUPLICATE_RULE,
                parameter: "DuplicateRuleId",
            },
            tables: None,
            reads: false,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        check(unit, operation)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let rule = rule(unit, operation)?;
        let removal = life::unpublish(unit, Some(operation), &rule)?;
        operation.output("MatchcodesRemoved", i32::try_from(removal.removed).unwrap_or(i32::MAX));
        if let Some(job) = removal.job {
            operation.output("JobId", Value::Id(job));
        }
        Ok(())
    }
}
