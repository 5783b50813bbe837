//! Definitions of workflows, which depend on the tables and columns that they name, and on the types
//! of plug-ins that they call.

use std::sync::Arc;

use sluice_model::{Comparison, Filter, Query, Result, Row, Value, state::process::DRAFT};

use super::{
    DEFINITION,
    active::{self, KIND, Workflow},
    check::{Checker, numbered},
    definition::Definition,
    is_workflow, names,
    run::TABLE,
};
use sluice_engine::{
    Unit,
    capability::{CalledType, Dependant, Dependency, RequiredComponent, Succession, TypeCaller},
    step_rows,
};

/// The definitions of all workflows.
pub(super) struct Definitions;

impl Dependant for Definitions {
    fn callers(&self, unit: &mut Unit, callee: CalledType<'_>) -> Result<Vec<TypeCaller>> {
        let snapshot = unit.snapshot()?;
        let active = active::of(&snapshot);
        let mut callers: Vec<_> = active.calling(callee).collect();
        callers.sort_by_key(|workflow| workflow.id);
        let caller = |workflow: &Arc<Workflow>| {
            Ok(TypeCaller {
                word: KIND,
                name: workflow.name.clone(),
                is_active: true,
                is_managed: workflow.is_managed,
                runs_as: names::runs_as(unit, active, workflow.id)?,
                rest: Row::new(TABLE, workflow.id).in_state(DRAFT),
            })
        };
        callers.into_iter().map(caller).collect()
    }

    fn dependencies(&self, unit: &mut Unit, named: RequiredComponent<'_>) -> Result<Vec<Dependency>> {
        let definitions = is_workflow().and(Filter::eq("type", Value::Choice(DEFINITION)));
        let rows = unit.select_as_platform(
            "see which workflows depend on a definition",
            &Query::new(TABLE).filter(definitions),
        )?;
        let catalog = unit.catalog();
        let uses = |row: &&Row| {
            let table = row.text("primaryentity").unwrap_or_default();
            let triggers = step_rows::names(row.text("triggeronupdateattributelist"));
            let listens =
                *table == *named.table.name && named.column.is_none_or(|column| triggers.contains(&column.name));
            let definition = row.text("clientdata").map(Definition::parse);
            let checked = definition.and_then(std::result::Result::ok);
            let checked = checked.and_then(|definition| Checker::look(&catalog, table, &definition).ok());
            let wanted = |(table, column): &(_, Option<_>)| {
                *table == named.table.name && column.as_ref() == named.column.map(|column| &column.name)
            };
            listens || checked.is_some_and(|checked| checked.uses.iter().any(wanted))
        };
        let dependencies = rows.iter().filter(uses);
        Ok(dependencies
            .map(|row| {
                let name = row.text("name").unwrap_or_default();
                Dependency::of(format!("the workflow \"{name}\""), "uses it")
            })
            .collect())
    }

    fn misfits(&self, unit: &mut Unit, succession: Succession<'_>) -> Result<Vec<Dependency>> {
        let active = Filter::Compare {
            column: "statecode".into(),
            comparison: Comparison::Ne,
            value: Value::Choice(DRAFT.state),
        };
        let definitions = is_workflow().and(Filter::eq("type", Value::Choice(DEFINITION)));
        let rows = unit.select_as_platform(
            "see which workflows depend on a definition",
            &Query::new(TABLE).filter(definitions.and(active)),
        )?;
        let is_misfit = |row: &&Row| {
            let table = row.text("primaryentity").unwrap_or_default();
            let text = row.text("clientdata").unwrap_or_default();
            Definition::parse(text).is_ok_and(|definition| {
                succession.changes(|catalog| {
                    Checker::check(catalog, table, &definition)?;
                    numbered(catalog, table, text)
                })
            })
        };
        let dependencies = rows.iter().filter(is_misfit).map(|row| {
            let name = row.text("name").unwrap_or_default();
            Dependency::of(format!("the workflow \"{name}\""), "names one of them")
        });
        Ok(dependencies.collect())
    }
}
