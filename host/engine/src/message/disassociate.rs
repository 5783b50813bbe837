//! Disassociate: unlinks rows of a relationship.

use sluice_model::{Code, Error, Reference, Request, Result, Right, Row, Uuid, Value};

use super::{
    Message, Shape, associate, input, membership,
    relationship::{self, Relationship},
};
use crate::{Operation, Unit, organization, principals, tables};

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
                    relationship::check_both(unit, operation, many, &target, &related)?;
                    if many.intersection == tables::TEAM_MEMBERSHIP {
                        associate::check_default_team(unit, ids[0], Code::DEFAULT_TEAM_REMOVE)?;
                    }
                    if many.intersection == tables::USER_ROLES && ids[0] == operation.caller_id() {
                        refuse_own_administrator(unit, ids[1])?;
                    }
                    membership::set_link(unit, operation, many, (ids, related), membership::Linking::Unlink)?;
                }
                Relationship::Lookup { table, column } => {
                    let (row, other) = relationship::holder(table, &target, &related)?;
                    let now = unit.row_with_rights(operation, &row.table, row.id, &[Right::Read])?;
                    if now.lookup(column) != Some(other) {
                        continue;
                    }
                    let update = Row::new(row.table.clone(), row.id).with(column.clone(), Value::Null);
                    unit.run_as_caller(operation, Request::update(update))?;
                }
            }
        }
        Ok(())
    }
}

/// An administrator cannot lock themselves out.
fn refuse_own_administrator(unit: &mut Unit, role: Uuid) -> Result<()> {
    let role = Reference::new(tables::ROLE, role);
    let row = unit.read_as_platform("see whether a role is the administrator's", &role, None)?;
    match row.as_ref().is_some_and(organization::is_administrator) {
        true => Err(Error::invalid(
            "nobody takes their own role System Administrator; let another administrator do it",
        )),
        false => Ok(()),
    }
}
