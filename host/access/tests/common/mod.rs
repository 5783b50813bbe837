//! From the oracle's world to the facts that `sluice-access` takes, and its answers back.

use std::{collections::HashMap, sync::Arc};

use sluice_access::{
    ColumnGrants, ColumnRight, Explained, OwnerToBe, Permit, Principal, PrincipalFacts, PrincipalId, PrivilegeIds,
    Reader, Report, RoleFacts, RowFacts, Shared, TeamFacts, Units, decide, decide_create, explain,
};
use sluice_model::{Code, Depth, Error, Ownership, PrincipalKind, Result, Right, Rights, TableDef, Uuid};

use super::oracle::{self, Answer, Company, Id, Row};

pub const RIGHTS: [oracle::Right; 8] = [
    oracle::Right::Create,
    oracle::Right::Read,
    oracle::Right::Write,
    oracle::Right::Delete,
    oracle::Right::Assign,
    oracle::Right::Share,
    oracle::Right::Append,
    oracle::Right::AppendTo,
];

pub fn uuid(id: Id) -> Uuid {
    Uuid::from_u128(id)
}

pub fn right(right: oracle::Right) -> Right {
    match right {
        oracle::Right::Create => Right::Create,
        oracle::Right::Read => Right::Read,
        oracle::Right::Write => Right::Write,
        oracle::Right::Delete => Right::Delete,
        oracle::Right::Assign => Right::Assign,
        oracle::Right::Share => Right::Share,
        oracle::Right::Append => Right::Append,
        oracle::Right::AppendTo => Right::AppendTo,
    }
}

fn depth(depth: oracle::Depth) -> Depth {
    match depth {
        oracle::Depth::Basic => Depth::User,
        oracle::Depth::Local => Depth::BusinessUnit,
        oracle::Depth::Deep => Depth::ParentChild,
        oracle::Depth::Global => Depth::Organization,
    }
}

/// A table whose schema name is its logical name.
pub fn table(name: &str, ownership: oracle::Ownership) -> TableDef {
    let ownership = match ownership {
        oracle::Ownership::User => Ownership::User,
        oracle::Ownership::Business => Ownership::Business,
        oracle::Ownership::Organization => Ownership::Organization,
    };
    TableDef {
        otc: 10_000,
        ..TableDef::new(name, ownership)
    }
}

pub fn units(world: &Company) -> Units {
    Units::new(world.units.iter().map(|unit| (uuid(unit.id), unit.parent.map(uuid))))
}

pub fn principal(world: &Company, id: Id) -> Principal {
    let user = world.users.iter().find(|user| user.id == id);
    let team = world.teams.iter().find(|team| team.id == id);
    let unit = user
        .map(|user| user.unit)
        .or(team.map(|team| team.unit))
        .unwrap_or_default();
    let teams: Vec<&oracle::Team> = world
        .teams
        .iter()
        .filter(|team| is_member(world, id, team.id))
        .collect();
    let mut roles = roles(world, id, None);
    for team in &teams {
        roles.extend(self::roles(world, team.id, Some(team.id)));
    }
    Principal::new(PrincipalFacts {
        id: uuid(id),
        kind: if user.is_some() {
            PrincipalKind::User
        } else {
            PrincipalKind::Team
        },
        name: format!("principal {id}"),
        business_unit: uuid(unit),
        access_mode: 0,
        disabled: false,
        teams: teams.iter().map(|team| team_facts(team)).collect(),
        roles,
        directory_id: None,
        reports: reports(world, id),
        columns: columns(world, id),
    })
}

/// The principal on whose behalf another one calls.
pub fn on_behalf(world: &Company, caller: Id, id: Id) -> Principal {
    principal(world, id).limited_by(&Arc::new(principal(world, caller)))
}

/// The principal in a trial, and who is shown what it reads.
pub fn shown_to(world: &Company, reader: Id, id: Id) -> (Arc<Reader>, Principal) {
    let reader = Arc::new(Reader::new(&principal(world, reader)));
    let shown = principal(world, id).shown_to(&reader);
    (reader, shown)
}

/// Those below a manager, level by level.
fn reports(world: &Company, manager: Id) -> Vec<Report> {
    let units = units(world);
    let unit_of = |id| {
        world
            .users
            .iter()
            .find(|user| user.id == id)
            .map(|user| uuid(user.unit))
    };
    let Some(home) = unit_of(manager) else {
        return Vec::new();
    };
    let position = |position: &&oracle::Position| position.users.contains(&manager);
    let own_position = world.positions.iter().find(position).map(|position| position.id);
    let mut above: Vec<Id> = match world.hierarchy {
        oracle::Hierarchy::Off => return Vec::new(),
        oracle::Hierarchy::ByManagers => vec![manager],
        oracle::Hierarchy::ByPositions => own_position.into_iter().collect(),
    };
    let (mut found, mut seen) = (Vec::new(), vec![manager]);
    for level in 1..=world.levels {
        let below: Vec<Id> = match world.hierarchy {
            oracle::Hierarchy::ByPositions => {
                let positions = world.positions.iter();
                let positions: Vec<_> = positions
                    .filter(|position| position.parent.is_some_and(|parent| above.contains(&parent)))
                    .collect();
                above = positions.iter().map(|position| position.id).collect();
                positions.iter().flat_map(|position| position.users.clone()).collect()
            }
            _ => {
                let links = world.managers.iter().filter(|link| above.contains(&link.manager));
                let within =
                    |id: &Id| world.across || unit_of(*id).is_some_and(|unit| units.is_same_or_below(unit, home));
                above = links.map(|link| link.user).filter(within).collect();
                above.clone()
            }
        };
        for id in below {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            found.push(Report {
                id: uuid(id),
                name: format!("principal {id}"),
                direct: level == 1,
                teams: world
                    .teams
                    .iter()
                    .filter(|team| is_member(world, id, team.id))
                    .map(|team| uuid(team.id))
                    .collect(),
            });
        }
    }
    found
}

pub fn column_right(right: oracle::ColumnRight) -> ColumnRight {
    match right {
        oracle::ColumnRight::Create => ColumnRight::Create,
        oracle::ColumnRight::Read => ColumnRight::Read,
        oracle::ColumnRight::Update => ColumnRight::Update,
    }
}

fn columns(world: &Company, id: Id) -> ColumnGrants {
    let mut grants = ColumnGrants::default();
    for permission in &world.columns {
        if permission.holder == id || is_member(world, id, permission.holder) {
            grants.give(
                permission.table,
                permission.column,
                column_right(permission.right),
                "a profile",
            );
        }
    }
    grants
}

fn is_member(world: &Company, user: Id, team: Id) -> bool {
    world
        .memberships
        .iter()
        .any(|membership| membership.user == user && membership.team == team)
}

fn team_facts(team: &oracle::Team) -> TeamFacts {
    let oracle::Team { id, unit, access } = *team;
    TeamFacts {
        id: uuid(id),
        name: format!("team {id}"),
        business_unit: uuid(unit),
        team_type: i32::from(access),
    }
}

/// The roles that `holder` was given, as the principal that gets them `via_team` sees them.
fn roles(world: &Company, holder: Id, via_team: Option<Id>) -> Vec<RoleFacts> {
    let given = |role: &&oracle::Role| {
        world
            .assignments
            .iter()
            .any(|assignment| assignment.holder == holder && assignment.role == role.id)
    };
    let held = world.roles.iter().filter(given);
    held.map(|role| {
        let mut privileges: HashMap<String, Depth> = HashMap::new();
        for grant in world.grants.iter().filter(|grant| grant.role == role.id) {
            let name = table(grant.table, oracle::Ownership::User).privilege_name(right(grant.right));
            let held = privileges.entry(name.to_lowercase()).or_insert(depth(grant.depth));
            *held = depth(grant.depth).max(*held);
        }
        RoleFacts {
            id: uuid(role.id),
            name: format!("role {}", role.id),
            via_team: via_team.map(uuid),
            unit: world.across.then(|| uuid(role.unit)),
            direct_inheritance: role.members_inherit,
            managed: false,
            privileges: Arc::new(privileges),
        }
    })
    .collect()
}

/// The row as the store would describe it to `principal`.
pub fn row_facts(world: &Company, principal: &Principal, row: &Row) -> RowFacts {
    RowFacts {
        id: uuid(row.id),
        owner: row.owner.map(|owner| PrincipalId {
            id: uuid(owner),
            kind: kind(world, owner),
        }),
        business_unit: row.unit.map(uuid),
        shared: shared(world, principal, row),
        limit: principal
            .limit()
            .map(|limit| shared(world, limit, row))
            .unwrap_or_default(),
        reader: principal
            .reader_of(Right::Read)
            .map(|reader| shared(world, reader.principal(), row))
            .unwrap_or_default(),
    }
}

fn shared(world: &Company, principal: &Principal, row: &Row) -> Shared {
    let union = |with: &[PrincipalId], rights: fn(&oracle::Share) -> &Vec<oracle::Right>| {
        let of_row = world.shares.iter().filter(|share| share.row == row.id);
        let with_them = of_row.filter(|share| with.iter().any(|one| one.id == uuid(share.with)));
        let all = with_them.flat_map(|share| rights(share).iter().copied().map(right));
        all.fold(Rights::NONE, |all, right| all | Rights::of(&[right]))
    };
    let own: Vec<PrincipalId> = principal.sharees().collect();
    let reports = |direct| {
        let reports = principal.reports().iter().filter(move |report| report.direct == direct);
        reports.flat_map(Report::sharees).collect::<Vec<_>>()
    };
    Shared {
        own: union(&own, |share| &share.rights),
        inherited: union(&own, |share| &share.inherited),
        direct: union(&reports(true), |share| &share.rights),
        indirect: union(&reports(false), |share| &share.rights),
    }
}

fn kind(world: &Company, id: Id) -> PrincipalKind {
    if world.teams.iter().any(|team| team.id == id) {
        PrincipalKind::Team
    } else {
        PrincipalKind::User
    }
}

/// Asks `sluice-access`; Create is asked of a new row that will be like `row`.
pub fn ask(world: &Company, principal: &Principal, wanted: oracle::Right, row: &Row) -> Result<Permit> {
    let (units, table, ids) = (units(world), table(row.table, row.ownership), PrivilegeIds::default());
    let facts = row_facts(world, principal, row);
    if wanted != oracle::Right::Create {
        return decide(principal, &units, &table, right(wanted), &facts, &ids);
    }
    let business_unit = facts.business_unit.unwrap_or_default();
    let owner = match facts.owner {
        Some(PrincipalId { id, kind }) => OwnerToBe {
            id,
            kind,
            business_unit,
        },
        None => OwnerToBe::unit(business_unit),
    };
    decide_create(principal, &units, &table, &owner, &ids)
}

/// Asks `sluice-access` why, or why not; not of Create.
pub fn ask_why(world: &Company, principal: &Principal, wanted: oracle::Right, row: &Row) -> Explained {
    let (units, table) = (units(world), table(row.table, row.ownership));
    let facts = row_facts(world, principal, row);
    explain(
        principal,
        &units,
        &table,
        right(wanted),
        &facts,
        &PrivilegeIds::default(),
    )
}

/// Asks the oracle the same.
pub fn ask_oracle(world: &Company, principal: Id, wanted: oracle::Right, row: &Row) -> Answer {
    match wanted {
        oracle::Right::Create => oracle::may(world, principal, wanted, &Row { id: 0, ..row.clone() }),
        _ => oracle::may(world, principal, wanted, row),
    }
}

/// What the oracle would call it; `None` for an error that it does not know.
pub fn answer(result: &Result<Permit>) -> Option<Answer> {
    match result.as_ref().map_err(Error::code) {
        Ok(_) => Some(Answer::Yes),
        Err(Code::NO_ROLES) => Some(Answer::NoRoles),
        Err(Code::PRIVILEGE_DENIED) => Some(Answer::NoPrivilege),
        Err(Code::ACCESS_DENIED) => Some(Answer::NoAccess),
        Err(_) => None,
    }
}
