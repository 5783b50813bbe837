//! A new business unit gets its default team and the copies of its parent's roles.

use sluice_model::{Code, Error, Filter, Query, Reference, Request, Result, Row, Value};

use super::{Rules, read, role, select};
use crate::{Operation, Unit, tables};

pub(super) struct BusinessUnit;

impl Rules for BusinessUnit {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let root = unit.snapshot.root_unit;
        if let Some(target) = &mut operation.context.target
            && target.get("parentbusinessunitid").is_none_or(Value::is_null)
        {
            target.set("parentbusinessunitid", Reference::new(tables::BUSINESS_UNIT, root));
        }
        Ok(())
    }

    fn after_create(&self, unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
        let name = row.text("name").unwrap_or_default();
        let own = Reference::new(tables::BUSINESS_UNIT, row.id);
        let team = Row::unsaved(tables::TEAM)
            .with("name", name)
            .with("businessunitid", own)
            .with("isdefault", true)
            .with("teamtype", Value::Choice(0));
        unit.run_as_system(
            operation,
            "the platform keeps the default team of a business unit",
            Request::create(team),
        )?;
        let Some(parent) = row.id_of("parentbusinessunitid") else {
            return Ok(());
        };
        let roles = Query::new(tables::ROLE).filter(Filter::eq("businessunitid", parent));
        for inherited in select(unit, &roles)? {
            role::copy_into(unit, operation, &inherited, row.id)?;
        }
        Ok(())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let Some(parent) = operation.target()?.id_of("parentbusinessunitid") else {
            return Ok(());
        };
        let snapshot = unit.snapshot()?;
        if snapshot.units.is_same_or_below(parent, before.id) {
            return Err(Error::invalid(format!(
                "business unit {} cannot lie below itself",
                before.text("name").unwrap_or_default()
            )));
        }
        Ok(())
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let id = operation.id()?;
        let row = read(unit, tables::BUSINESS_UNIT, id)?;
        if row.lookup("parentbusinessunitid").is_none() {
            return Err(Error::new(Code::REFERENCED, "the root business unit cannot be deleted"));
        }
        Ok(())
    }
}
