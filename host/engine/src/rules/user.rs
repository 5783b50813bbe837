//! A user is a member of its business unit's default team, and loses its roles when it moves
//! to another business unit.

use sluice_model::{Filter, Query, Result, Row, Uuid};

use super::{Rules, select};
use crate::{Operation, Unit, message::membership, tables};

pub(super) struct User;

impl Rules for User {
    fn after_create(&self, unit: &mut Unit, _: &Operation, row: &Row) -> Result<()> {
        match (row.id_of("businessunitid"), default_team(unit, row)?) {
            (Some(_), Some(team)) => membership::link(unit, &membership::TEAM_MEMBERSHIP, [team, row.id]),
            _ => Ok(()),
        }
    }

    fn after_update(&self, unit: &mut Unit, _: &Operation, before: &Row, changed: &Row) -> Result<()> {
        let moved = changed.has("businessunitid") && changed.id_of("businessunitid") != before.id_of("businessunitid");
        if !moved {
            return Ok(());
        }
        if let Some(old) = default_team(unit, before)? {
            membership::unlink(unit, &membership::TEAM_MEMBERSHIP, [old, before.id])?;
        }
        if let Some(new) = default_team(unit, changed)? {
            membership::link(unit, &membership::TEAM_MEMBERSHIP, [new, before.id])?;
        }
        let roles = Query::new(tables::USER_ROLES)
            .columns(&["roleid"])
            .filter(Filter::eq("systemuserid", before.id));
        for held in select(unit, &roles)? {
            if let Some(role) = held.id_of("roleid") {
                membership::unlink(unit, &membership::USER_ROLES, [before.id, role])?;
            }
        }
        Ok(())
    }
}

fn default_team(unit: &mut Unit, user: &Row) -> Result<Option<Uuid>> {
    let Some(business_unit) = user.id_of("businessunitid") else {
        return Ok(None);
    };
    let filter = Filter::eq("businessunitid", business_unit).and(Filter::eq("isdefault", true));
    Ok(select(unit, &Query::new(tables::TEAM).columns(&[]).filter(filter))?
        .first()
        .map(|team| team.id))
}
