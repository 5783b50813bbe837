//! The duplicate rules at work as a part of the configuration.

use std::{
    any::{Any, TypeId},
    sync::Arc,
};

use sluice_model::{Filter, Result, Value};

use super::rule::{PUBLISHED, PUBLISHING, RuleTable};
use sluice_engine::{
    snapshot::{Part, Reader, Snapshot},
    tables,
};

/// The rules that are published, or on their way there.
pub(super) struct RulePart;

impl Part for RulePart {
    fn tables(&self) -> &'static [&'static str] {
        &[tables::DUPLICATE_RULE, tables::DUPLICATE_CONDITION]
    }

    fn kind(&self) -> TypeId {
        TypeId::of::<RuleTable>()
    }

    fn load(&self, reader: &mut Reader<'_>) -> Result<Arc<dyn Any + Send + Sync>> {
        let at_work = Filter::In {
            column: "statuscode".into(),
            values: [PUBLISHING, PUBLISHED].map(Value::Choice).to_vec(),
        };
        let rules = reader.whole(tables::DUPLICATE_RULE, at_work)?;
        if rules.is_empty() {
            return Ok(Arc::new(RuleTable::default()));
        }
        let conditions = reader.rows(tables::DUPLICATE_CONDITION)?;
        Ok(Arc::new(RuleTable::new(reader.catalog, &rules, &conditions)))
    }
}

/// The duplicate rules at work.
pub(crate) fn rules_of(snapshot: &Snapshot) -> &RuleTable {
    snapshot.part()
}
