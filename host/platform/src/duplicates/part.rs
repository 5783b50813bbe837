//! The duplicate rules at work as a part of the configuration.

use super::{DUPLICATE_CONDITION, DUPLICATE_RULE};
use std::{
    any::{Any, TypeId},
    sync::Arc,
};

use sluice_model::{Filter, Result, Value};

use super::rule::{PUBLISHED, PUBLISHING, RuleTable};
use sluice_engine::snapshot::{Part, Reader, Snapshot};

/// The rules that are published, or on their way there.
pub(super) struct RulePart;

impl Part for RulePart {
    fn tables(&self) -> &'static [&'static str] {
        &[DUPLICATE_RULE, DUPLICATE_CONDITION]
    }

    fn kind(&self) -> TypeId {
        TypeId::of::<RuleTable>()
    }

    fn load(&self, reader: &mut Reader<'_>) -> Result<Arc<dyn Any + Send + Sync>> {
        let at_work = Filter::In {
            column: "statuscode".into(),
            values: [PUBLISHING, PUBLISHED].map(Value::Choice).to_vec(),
        };
        let rules = reader.whole(DUPLICATE_RULE, at_work)?;
        if rules.is_empty() {
            return Ok(Arc::new(RuleTable::default()));
        }
        let conditions = reader.rows(DUPLICATE_CONDITION)?;
        Ok(Arc::new(RuleTable::new(reader.catalog, &rules, &conditions)))
    }
}

/// The duplicate rules at work.
pub(crate) fn rules_of(snapshot: &Snapshot) -> &RuleTable {
    snapshot.part()
}
