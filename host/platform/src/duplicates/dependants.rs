//! Duplicate rules depend on the columns that they compare: one whose column changes is
//! unpublished, and the customizer is told.

use super::{DUPLICATE_CONDITION, DUPLICATE_RULE};
use sluice_model::{Error, Filter, Query, Result, Row};

use super::life;
use sluice_engine::{
    Unit,
    capability::{Dependant, Dependency, Redefinition, RequiredComponent},
};

/// The rules, published or not.
pub(super) struct DuplicateRules;

/// The tables of a rule, and the columns of its conditions that are theirs.
const SIDES: [(&str, &str); 2] = [
    ("baseentityname", "baseattributename"),
    ("matchingentityname", "matchingattributename"),
];

fn name(rule: &Row) -> String {
    format!("the duplicate rule \"{}\"", rule.text("name").unwrap_or_default())
}

/// A rule that has both sides in one table is one user of it.
fn add(dependencies: &mut Vec<Dependency>, dependency: Dependency) {
    if !dependencies.iter().any(|known| known.name == dependency.name) {
        dependencies.push(dependency);
    }
}

impl Dependant for DuplicateRules {
    fn dependencies(&self, unit: &mut Unit, definition: RequiredComponent<'_>) -> Result<Vec<Dependency>> {
        let reason = "see which duplicate rules depend on a definition";
        let mut dependencies = Vec::new();
        for (side, end) in SIDES {
            let rules = Query::new(DUPLICATE_RULE).filter(Filter::eq(side, &*definition.table.name));
            for rule in unit.select_as_platform(reason, &rules)? {
                let Some(column) = definition.column else {
                    add(&mut dependencies, Dependency::of(name(&rule), "is about it"));
                    continue;
                };
                let of_column = Filter::eq("regardingobjectid", rule.id).and(Filter::eq(end, &*column.name));
                let conditions = Query::new(DUPLICATE_CONDITION).columns(&[]).filter(of_column);
                if !unit.select_as_platform(reason, &conditions)?.is_empty() {
                    let compares = Dependency {
                        yields: true,
                        ..Dependency::of(name(&rule), "compares it")
                    };
                    add(&mut dependencies, compares);
                }
            }
        }
        Ok(dependencies)
    }

    fn redefined(&self, unit: &mut Unit, what: Redefinition<'_>) -> Result<Vec<Error>> {
        match what {
            Redefinition::Column { table, column } => return life::column_changed(unit, table, column),
            Redefinition::Table { after, .. } if !after.duplicate_detection => {
                life::table_switched_off(unit, &after.name)?;
            }
            Redefinition::Table { .. } | Redefinition::Written { .. } | Redefinition::Secured { .. } => {}
            Redefinition::Options(before) => life::options_published(unit, before)?,
        }
        Ok(Vec::new())
    }
}
