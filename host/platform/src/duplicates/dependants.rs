//! Duplicate rules depend on the columns that they compare: one whose column changes is
//! unpublished, and the customizer is told.

use super::{DUPLICATE_CONDITION, DUPLICATE_RULE};
use sluice_model::{Error, Filter, Query, Result, Row};

use super::life;
use sluice_engine::{
    Unit,
    capability::{Definition, Dependant, Redefinition, User},
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
fn add(users: &mut Vec<User>, user: User) {
    if !users.iter().any(|known| known.name == user.name) {
        users.push(user);
    }
}

impl Dependant for DuplicateRules {
    fn users(&self, unit: &mut Unit, definition: Definition<'_>) -> Result<Vec<User>> {
        let reason = "see which duplicate rules depend on a definition";
        let mut users = Vec::new();
        for (side, end) in SIDES {
            let rules = Query::new(DUPLICATE_RULE).filter(Filter::eq(side, &*definition.table.name));
            for rule in unit.select_as_platform(reason, &rules)? {
                let Some(column) = definition.column else {
                    add(&mut users, User::of(name(&rule), "is about it"));
                    continue;
                };
                let of_column = Filter::eq("regardingobjectid", rule.id).and(Filter::eq(end, &*column.name));
                let conditions = Query::new(DUPLICATE_CONDITION).columns(&[]).filter(of_column);
                if !unit.select_as_platform(reason, &conditions)?.is_empty() {
                    let compares = User {
                        yields: true,
                        ..User::of(name(&rule), "compares it")
                    };
                    add(&mut users, compares);
                }
            }
        }
        Ok(users)
    }

    fn redefined(&self, unit: &mut Unit, what: Redefinition<'_>) -> Result<Vec<Error>> {
        match what {
            Redefinition::Column { table, column } => return life::column_changed(unit, table, column),
            Redefinition::Table { after, .. } if !after.duplicate_detection => {
                life::table_switched_off(unit, &after.name)?;
            }
            Redefinition::Table { .. } | Redefinition::Written { .. } => {}
            Redefinition::Options(before) => life::options_published(unit, before)?,
        }
        Ok(Vec::new())
    }
}
