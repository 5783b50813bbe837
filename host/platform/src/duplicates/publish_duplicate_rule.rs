//! PublishDuplicateRule: begins to publish a duplicate rule. The codes of the rows that are
//! there are the work of a job, which whoever asked for it runs.

use super::DUPLICATE_RULE;
use sluice_model::{ParameterType, Result, Right, Value};

use crate::duplicates::life;
use sluice_engine::{
    Operation, Unit,
    message::{Images, Message, ParameterDef, Shape, Takes, required},
};

/// `PublishDuplicateRule`.
pub(crate) struct PublishDuplicateRule;

/// Publishing and unpublishing take a privilege of their own, and Write on the rule.
pub(super) fn check(unit: &mut Unit, operation: &Operation) -> Result<()> {
    sluice_engine::principals::require(unit, operation, &*operation.table()?, Right::Write)
}

/// The rule, which must be the caller's to write.
pub(super) fn rule(unit: &mut Unit, operation: &Operation) -> Result<sluice_model::Row> {
    unit.row_with_rights(operation, DUPLICATE_RULE, operation.id()?, &[Right::Write])
}

impl Message for PublishDuplicateRule {
    fn name(&self) -> &'static str {
        "PublishDuplicateRule"
    }

    fn doc(&self) -> &'static str {
        "Begins to publish a duplicate rule; its job gives the rows that are there their matchcodes."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("DuplicateRuleId", ParameterType::Id)];
        const OUTPUTS: &[ParameterDef] = &[required("JobId", ParameterType::Id)];
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
        let job = life::publish(unit, operation, &rule)?;
        operation.output("JobId", Value::Id(job));
        Ok(())
    }
}
