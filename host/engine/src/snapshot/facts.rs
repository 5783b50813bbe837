//! What principals are made of: users and teams, their roles, and what these hold.

use std::sync::Arc;

use sluice_access::{PrincipalFacts, PrincipalId, RoleFacts, TeamFacts};
use sluice_model::{Depth, Error, Filter, PrincipalKind, Result, Uuid};

use super::{Reader, RolePrivileges, Snapshot, lock};
use crate::tables;

impl Snapshot {
    pub(super) fn principal_facts(&self, reader: &mut Reader<'_>, which: PrincipalId) -> Result<PrincipalFacts> {
        const USER: &[&str] = &[
            "fullname",
            "businessunitid",
            "accessmode",
            "isdisabled",
            "azureactivedirectoryobjectid",
        ];
        let PrincipalId { kind, id } = which;
        let (schema, columns) = match kind {
            PrincipalKind::User => ("SystemUser", USER),
            PrincipalKind::Team => ("Team", &["name", "businessunitid", "teamtype"][..]),
        };
        let row = reader.one(kind.table(), id, columns)?;
        let row = row.ok_or_else(|| Error::not_found(schema, kind.table(), id))?;
        let mut teams = Vec::new();
        let mut roles = Vec::new();
        if kind == PrincipalKind::User {
            for membership in reader.some(tables::TEAM_MEMBERSHIP, &["teamid"], Filter::eq("systemuserid", id))? {
                let Some(team) = membership.id_of("teamid") else {
                    continue;
                };
                let row = reader.one(tables::TEAM, team, &["name", "businessunitid", "teamtype"])?;
                // A team of a disabled unit gives its members nothing.
                let Some(row) = row.filter(|row| row.id_of("businessunitid").is_none_or(|unit| !self.is_stopped(unit)))
                else {
                    continue;
                };
                teams.push(TeamFacts {
                    id: team,
                    name: row.text("name").unwrap_or_default().to_owned(),
                    business_unit: row.id_of("businessunitid").unwrap_or_default(),
                    team_type: row.int("teamtype").unwrap_or_default(),
                });
                self.roles_of(reader, tables::TEAM_ROLES, "teamid", team, Some(team), &mut roles)?;
            }
            self.roles_of(reader, tables::USER_ROLES, "systemuserid", id, None, &mut roles)?;
        } else {
            teams.push(TeamFacts {
                id,
                name: row.text("name").unwrap_or_default().to_owned(),
                business_unit: row.id_of("businessunitid").unwrap_or_default(),
                team_type: row.int("teamtype").unwrap_or_default(),
            });
            self.roles_of(reader, tables::TEAM_ROLES, "teamid", id, None, &mut roles)?;
        }
        Ok(PrincipalFacts {
            id,
            kind,
            name: row.text("fullname").or(row.text("name")).unwrap_or_default().to_owned(),
            business_unit: row.id_of("businessunitid").unwrap_or_default(),
            access_mode: row.int("accessmode").unwrap_or_default(),
            disabled: row.bool("isdisabled").unwrap_or_default(),
            directory_id: row.id_of("azureactivedirectoryobjectid"),
            teams,
            roles,
        })
    }

    fn roles_of(
        &self,
        reader: &mut Reader<'_>,
        intersection: &str,
        column: &str,
        holder: Uuid,
        via_team: Option<Uuid>,
        roles: &mut Vec<RoleFacts>,
    ) -> Result<()> {
        for link in reader.some(intersection, &["roleid"], Filter::eq(column, holder))? {
            let Some(role) = link.id_of("roleid") else { continue };
            let Some(row) = reader.one(tables::ROLE, role, &["name", "isinherited"])? else {
                continue;
            };
            roles.push(RoleFacts {
                id: role,
                name: row.text("name").unwrap_or_default().to_owned(),
                via_team,
                direct_inheritance: row.int("isinherited").unwrap_or(1) == 1,
                privileges: self.role_privileges(reader, role)?,
            });
        }
        Ok(())
    }

    pub(super) fn role_privileges(&self, reader: &mut Reader<'_>, role: Uuid) -> Result<RolePrivileges> {
        if let Some(privileges) = lock(&self.principals.roles).get(&role) {
            return Ok(privileges.clone());
        }
        let rows = reader.some(
            tables::ROLE_PRIVILEGES,
            &["privilegeid", "privilegedepthmask"],
            Filter::eq("roleid", role),
        )?;
        let privileges = rows.into_iter().filter_map(|row| {
            let name = self.privilege_names.get(&row.id_of("privilegeid")?)?;
            Some((name.clone(), Depth::from_mask(row.int("privilegedepthmask")?)?))
        });
        let privileges: RolePrivileges = Arc::new(privileges.collect());
        lock(&self.principals.roles).insert(role, privileges.clone());
        Ok(privileges)
    }
}
