//! What principals are made of: users and teams, their roles and profiles, and what these hold; who
//! reports to whom.

use std::{collections::HashSet, sync::Arc};

use sluice_access::{ColumnGrants, ColumnRight, PrincipalFacts, PrincipalId, Report, RoleFacts, TeamFacts};
use sluice_model::{Depth, Error, Filter, PrincipalKind, Result, Row, Uuid, Value};

use super::{Reader, RolePrivileges, Snapshot, lock};
use crate::{organization, tables};

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
        let (teams, roles, columns) = self.held(reader, which, &row)?;
        let reports = match kind {
            PrincipalKind::User => self.reports(reader, id)?,
            PrincipalKind::Team => Vec::new(),
        };
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
            reports,
            columns,
        })
    }

    /// The teams, the roles and the column permissions of a user or team.
    fn held(
        &self,
        reader: &mut Reader<'_>,
        which: PrincipalId,
        row: &Row,
    ) -> Result<(Vec<TeamFacts>, Vec<RoleFacts>, ColumnGrants)> {
        let id = which.id;
        let mut held = (Vec::new(), ColumnGrants::default());
        if which.kind == PrincipalKind::Team {
            let home = row.id_of("businessunitid");
            self.roles_of(reader, (tables::TEAM_ROLES, "teamid", id), (None, home), &mut held)?;
            self.columns_of(reader, which, None, &mut held.1)?;
            return Ok((vec![team_facts(row)], held.0, held.1));
        }
        let mut teams = Vec::new();
        for team in self.teams_of(reader, id)? {
            // The roles of an access team count for nothing.
            if team.team_type != ACCESS_TEAM {
                self.roles_of(
                    reader,
                    (tables::TEAM_ROLES, "teamid", team.id),
                    (Some(team.id), Some(team.business_unit)),
                    &mut held,
                )?;
            }
            self.columns_of(reader, PrincipalId::team(team.id), Some(&team.name), &mut held.1)?;
            teams.push(team);
        }
        let home = row.id_of("businessunitid");
        self.roles_of(
            reader,
            (tables::USER_ROLES, "systemuserid", id),
            (None, home),
            &mut held,
        )?;
        self.columns_of(reader, which, None, &mut held.1)?;
        Ok((teams, held.0, held.1))
    }

    /// The teams that somebody is in, and that give them something: one of a disabled unit gives nothing.
    fn teams_of(&self, reader: &mut Reader<'_>, user: Uuid) -> Result<Vec<TeamFacts>> {
        let mut teams = Vec::new();
        for membership in reader.some(tables::TEAM_MEMBERSHIP, &["teamid"], Filter::eq("systemuserid", user))? {
            let Some(team) = membership.id_of("teamid") else {
                continue;
            };
            let row = reader.one(tables::TEAM, team, &["name", "businessunitid", "teamtype"])?;
            let counts = |row: &Row| row.id_of("businessunitid").is_none_or(|unit| !self.is_stopped(unit));
            teams.extend(row.filter(counts).as_ref().map(team_facts));
        }
        Ok(teams)
    }

    /// The roles of a holder, whose business unit is `home`. Those of another unit count only where rows
    /// are owned across units.
    fn roles_of(
        &self,
        reader: &mut Reader<'_>,
        (intersection, column, holder): (&str, &str, Uuid),
        (via_team, home): (Option<Uuid>, Option<Uuid>),
        (roles, columns): &mut (Vec<RoleFacts>, ColumnGrants),
    ) -> Result<()> {
        for link in reader.some(intersection, &["roleid"], Filter::eq(column, holder))? {
            let Some(role) = link.id_of("roleid") else { continue };
            let Some(row) = reader.one(tables::ROLE, role, ROLE)? else {
                continue;
            };
            let unit = row.id_of("businessunitid");
            if !self.settings.across.is_on && unit != home {
                continue;
            }
            if organization::is_administrator(&row) {
                columns.give_all(organization::ADMINISTRATOR_ROLE);
            }
            roles.push(RoleFacts {
                id: role,
                name: row.text("name").unwrap_or_default().to_owned(),
                via_team,
                unit: unit.filter(|_| self.settings.across.is_on),
                direct_inheritance: row.int("isinherited").unwrap_or(1) == 1,
                managed: is_managed(reader, &row)?,
                privileges: self.role_privileges(reader, role)?,
            });
        }
        Ok(())
    }

    /// What the column security profiles of a user or team give; `via` is the team through which
    /// somebody else has it.
    fn columns_of(
        &self,
        reader: &mut Reader<'_>,
        holder: PrincipalId,
        via: Option<&str>,
        columns: &mut ColumnGrants,
    ) -> Result<()> {
        let (intersection, column) = match holder.kind {
            PrincipalKind::User => (tables::USER_PROFILES, "systemuserid"),
            PrincipalKind::Team => (tables::TEAM_PROFILES, "teamid"),
        };
        for link in reader.some(intersection, &["fieldsecurityprofileid"], Filter::eq(column, holder.id))? {
            let Some(profile) = link.id_of("fieldsecurityprofileid") else {
                continue;
            };
            profile_gives(reader, profile, via, columns)?;
        }
        Ok(())
    }

    /// Those whose rows a user may see as their manager: by the managers of users, or by positions.
    fn reports(&self, reader: &mut Reader<'_>, user: Uuid) -> Result<Vec<Report>> {
        let settings = &self.settings.row;
        if settings.bool("ishierarchicalsecuritymodelenabled") != Some(true) {
            return Ok(Vec::new());
        }
        let levels = settings.int("maxdepthforhierarchicalsecuritymodel").unwrap_or(3);
        let by_positions = settings.bool("usepositionhierarchy") == Some(true);
        let own = reader.one(tables::USER, user, &["businessunitid", "positionid"])?;
        let own = own.ok_or_else(|| Error::not_found("SystemUser", tables::USER, user))?;
        let unit = own.id_of("businessunitid").unwrap_or_default();
        let mut found = Vec::new();
        let mut seen = HashSet::from([user]);
        let mut above: Vec<Uuid> = match by_positions {
            true => own.id_of("positionid").into_iter().collect(),
            false => vec![user],
        };
        for level in 1..=levels {
            if above.is_empty() {
                break;
            }
            let below: Vec<Row> = if by_positions {
                let positions = reader.some(tables::POSITION, &[], one_of("parentpositionid", &above))?;
                above = positions
                    .iter()
                    .map(|row| row.id)
                    .filter(|id| seen.insert(*id))
                    .collect();
                reader.some(
                    tables::USER,
                    &["fullname", "businessunitid"],
                    one_of("positionid", &above),
                )?
            } else {
                let mut rows = reader.some(
                    tables::USER,
                    &["fullname", "businessunitid"],
                    one_of("parentsystemuserid", &above),
                )?;
                // A manager sits in the business unit of those who report to him, or above; anywhere, where
                // rows are owned across units.
                rows.retain(|row| {
                    let home = row.id_of("businessunitid").unwrap_or_default();
                    let is_above = self.settings.across.is_on || self.units.is_same_or_below(home, unit);
                    is_above && !seen.contains(&row.id)
                });
                above = rows.iter().map(|row| row.id).collect();
                rows
            };
            for row in below.into_iter().filter(|row| seen.insert(row.id)) {
                let teams = self.teams_of(reader, row.id)?;
                found.push(Report {
                    id: row.id,
                    name: row.text("fullname").unwrap_or_default().to_owned(),
                    direct: level == 1,
                    teams: teams.iter().map(|team| team.id).collect(),
                });
            }
        }
        Ok(found)
    }

    pub(super) fn role_privileges(&self, reader: &mut Reader<'_>, role: Uuid) -> Result<RolePrivileges> {
        if let Some(privileges) = lock(&self.roles).get(&role) {
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
        lock(&self.roles).insert(role, privileges.clone());
        Ok(privileges)
    }
}

/// Whether a role came with a managed solution; its copies in other units go by the original.
fn is_managed(reader: &mut Reader<'_>, role: &Row) -> Result<bool> {
    let original = role.id_of("parentrootroleid").filter(|original| *original != role.id);
    let managed = match original {
        Some(original) => reader
            .one(tables::ROLE, original, &[tables::MANAGED])?
            .and_then(|row| row.bool(tables::MANAGED)),
        None => role.bool(tables::MANAGED),
    };
    Ok(managed.unwrap_or_default())
}

const ROLE: &[&str] = &[
    "name",
    "isinherited",
    tables::MANAGED,
    "parentrootroleid",
    "roletemplateid",
    "businessunitid",
];

/// `team.teamtype` of access teams.
const ACCESS_TEAM: i32 = 1;

fn team_facts(row: &Row) -> TeamFacts {
    TeamFacts {
        id: row.id,
        name: row.text("name").unwrap_or_default().to_owned(),
        business_unit: row.id_of("businessunitid").unwrap_or_default(),
        team_type: row.int("teamtype").unwrap_or_default(),
    }
}

/// What a column security profile gives.
pub(crate) fn profile_gives(
    reader: &mut Reader<'_>,
    profile: Uuid,
    via: Option<&str>,
    columns: &mut ColumnGrants,
) -> Result<()> {
    let row = reader.one(tables::PROFILE, profile, &["name"])?;
    let name = row.as_ref().and_then(|row| row.text("name")).unwrap_or_default();
    let through = match via {
        Some(team) => format!("{name} (via team {team})"),
        None => name.to_owned(),
    };
    if profile == organization::ADMINISTRATOR_PROFILE {
        columns.give_all(&through);
    }
    let permissions = reader.whole(tables::COLUMN_PERMISSION, Filter::eq("fieldsecurityprofileid", profile))?;
    for row in permissions {
        let (Some(table), Some(column)) = (row.text("entityname"), row.text("attributelogicalname")) else {
            continue;
        };
        for right in given_by(&row) {
            columns.give(table, column, right, &through);
        }
    }
    Ok(())
}

/// The rights that the row of a column permission gives.
pub(crate) fn given_by(permission: &Row) -> impl Iterator<Item = ColumnRight> {
    let of = |column| permission.int(column) == Some(ALLOWED);
    let rights = [of("cancreate"), of("canread"), of("canupdate")];
    let all = ColumnRight::ALL.into_iter().zip(rights);
    all.filter_map(|(right, given)| given.then_some(right))
}

/// What a column permission says of a right that it gives.
pub(crate) const ALLOWED: i32 = 4;

fn one_of(column: &str, ids: &[Uuid]) -> Filter {
    Filter::In {
        column: column.into(),
        values: ids.iter().copied().map(Value::Id).collect(),
    }
}
