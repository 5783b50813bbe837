//! Disassociate: unlinks rows of a relationship.

use sluice_model::{Request, Result, Right, Row, Value};

use super::{
    Message, Shape, associate, input, membership,
    relationship::{self, Relationship},
};
use crate::{Operation, Unit, principals, tables};

/// `Disassociate`.
pub(crate) struct Disassociate;

impl Message for Disassociate {
    fn name(&self) -> &'static str {
        "Disassociate"
    }

    fn doc(&self) -> &'static str {
        "Unlinks rows of a relationship: takes roles, removes members, empties lookups."
    }

    fn shape(&self) -> Shape {
        associate::shape()
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Append)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let target = operation.target_reference()?;
        let named = relationship::named(unit, operation)?;
        for related in input::references(operation, "RelatedEntities")? {
            match &named {
                Relationship::ManyToMany(many) => {
                    let ids = relationship::sides(many, &target, &related)?;
                    relationship::check_both(unit, operation, &target, &related)?;
                    if many.intersection == tables::TEAM_MEMBERSHIP {
                        associate::check_default_team(unit, ids[0])?;
                    }
                    membership::unlink(unit, many, ids)?;
                }
                Relationship::Lookup { table, column } => {
                    let row = if related.table == table.name { &related } else { &target };
                    let update = Row::new(row.table.clone(), row.id).with(column.clone(), Value::Null);
                    unit.run_as_caller(operation, Request::update(update))?;
                }
            }
        }
        Ok(())
    }
}
