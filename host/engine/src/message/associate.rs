//! Associate: links rows through a relationship.

use sluice_model::{Code, Error, Parameter, ParameterType, Reference, Request, Result, Right, Row, Uuid, Value};

use super::{
    Images, Message, ParameterDef, Shape, Takes, input,
    membership::{self, Linking, ManyToMany},
    relationship::{self, Relationship},
    required,
};
use crate::{Operation, Unit, principals, record_team, tables};

/// `Associate`.
pub(crate) struct Associate;

pub(super) const INPUTS: &[ParameterDef] = &[
    required("Target", ParameterType::Reference),
    required("Relationship", ParameterType::Text),
    required("RelatedEntities", ParameterType::References),
];

pub(super) fn shape() -> Shape {
    Shape {
        takes: Takes::Reference("Target"),
        tables: None,
        reads: false,
        images: Images::None,
        binds_table: false,
        inputs: INPUTS,
        outputs: &[],
    }
}

impl Message for Associate {
    fn name(&self) -> &'static str {
        "Associate"
    }

    fn doc(&self) -> &'static str {
        "Links rows through a relationship: gives roles, adds members, sets lookups."
    }

    fn shape(&self) -> Shape {
        shape()
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
                    check_link(unit, many, ids)?;
                    membership::set_link(unit, operation, many, (ids, related), Linking::Link)?;
                }
                Relationship::Lookup { table, column } => {
                    let (row, value) = relationship::holder(table, &target, &related)?;
                    let update = Row::new(row.table.clone(), row.id).with(column.clone(), Value::Lookup(value.clone()));
                    unit.run_as_caller(operation, Request::update(update))?;
                }
            }
        }
        Ok(())
    }
}

/// The rules of the platform's own relationships: a role belongs to the business unit of its
/// holder, access teams hold none, default teams keep their members themselves, and the access team of a
/// row takes neither members nor profiles.
pub(crate) fn check_link(unit: &mut Unit, relationship: &ManyToMany, ids: [Uuid; 2]) -> Result<()> {
    let holder_table = relationship.sides[0].table;
    if relationship.intersection == tables::TEAM_MEMBERSHIP {
        return check_default_team(unit, ids[0], Code::DEFAULT_TEAM_MEMBERS);
    }
    if relationship.intersection == tables::TEAM_PROFILES {
        return record_team::refuse_kept(&read(unit, holder_table, ids[0])?);
    }
    if relationship.is_of_profiles() {
        return Ok(());
    }
    let holder = read(unit, holder_table, ids[0])?;
    let role = read(unit, tables::ROLE, ids[1])?;
    if holder.int("teamtype") == Some(1) {
        return Err(Error::new(
            Code::TEAM_CANNOT_HOLD_ROLES,
            format!("{} is an access team and cannot hold roles", name(&holder)),
        ));
    }
    let (unit_of_holder, unit_of_role) = (holder.id_of("businessunitid"), role.id_of("businessunitid"));
    if unit_of_holder != unit_of_role && !unit.snapshot.settings.across.is_on {
        // The platform's own words, which differ in more than the holder.
        let (code, what, of_role) = match holder_table {
            tables::TEAM => (Code::ROLE_OTHER_UNIT, "team", "roleBusinessUnit"),
            _ => (Code::ROLE_OTHER_UNIT_USER, "user", "rolebusinessUnit"),
        };
        return Err(Error::new(
            code,
            format!(
                "The {what} with id={} belongs to a different business unit={} than the role with roleId={} and {of_role}={}.",
                holder.id,
                unit_of_holder.unwrap_or_default(),
                role.id,
                unit_of_role.unwrap_or_default()
            ),
        ));
    }
    Ok(())
}

/// The members of a default team are kept by the platform.
pub(crate) fn check_default_team(unit: &mut Unit, team: Uuid, code: Code) -> Result<()> {
    let team = read(unit, tables::TEAM, team)?;
    record_team::refuse_kept(&team)?;
    if team.bool("isdefault") == Some(true) {
        return Err(Error::new(
            code,
            format!(
                "members cannot be added to or removed from the default team {}",
                name(&team)
            ),
        ));
    }
    Ok(())
}

fn read(unit: &mut Unit, table: &str, id: Uuid) -> Result<Row> {
    unit.need_as_platform("see whether two rows may be linked", &Reference::new(table, id))
}

fn name(row: &Row) -> &str {
    row.text("name").or(row.text("fullname")).unwrap_or_default()
}

/// The request that links two rows.
pub(crate) fn request(target: Reference, relationship: &str, related: Vec<Reference>) -> Request {
    Request::new("Associate")
        .with("Target", target)
        .with("Relationship", relationship)
        .with("RelatedEntities", Parameter::References(related))
}
