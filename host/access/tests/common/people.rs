//! A few people and tables, spelt out: for tests of exact texts.

use std::sync::Arc;

use sluice_access::{ColumnGrants, Principal, PrincipalFacts, PrivilegeIds, RoleFacts, TeamFacts};
use sluice_model::{Depth, Ownership, PrincipalKind, TableDef, Uuid};

pub const SALLY: Uuid = id(0x10);
pub const WEST: Uuid = id(0x20);
pub const EAST: Uuid = id(0x21);
pub const CREW: Uuid = id(0x30);
pub const DIRECTORY: Uuid = id(0x40);

pub const fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub fn table(name: &str, schema: &str, ownership: Ownership) -> TableDef {
    TableDef {
        schema: schema.to_owned(),
        display: format!("{schema} Display"),
        otc: 4490,
        ..TableDef::new(name, ownership)
    }
}

pub fn account() -> TableDef {
    table("account", "Account", Ownership::User)
}

pub fn privileges() -> PrivilegeIds {
    let ids = [
        ("prvreadaccount", 0xA1),
        ("prvWriteAccount", 0xA2),
        ("prvWriteOptionSet", 0xA3),
    ];
    PrivilegeIds::new(ids.map(|(name, n)| (name.to_owned(), id(n))))
}

pub fn role(n: u128, name: &str, via_team: Option<Uuid>, privileges: &[(&str, Depth)]) -> RoleFacts {
    let privileges = privileges
        .iter()
        .map(|(name, depth)| ((*name).to_owned(), *depth))
        .collect();
    RoleFacts {
        id: id(n),
        name: name.to_owned(),
        via_team,
        unit: None,
        direct_inheritance: true,
        managed: false,
        privileges: Arc::new(privileges),
    }
}

pub fn crew(team_type: i32) -> TeamFacts {
    TeamFacts {
        id: CREW,
        name: "Crew".to_owned(),
        business_unit: EAST,
        team_type,
    }
}

/// Sally of West with these roles, a member of the owner team Crew of East.
pub fn sally(roles: Vec<RoleFacts>) -> PrincipalFacts {
    PrincipalFacts {
        id: SALLY,
        kind: PrincipalKind::User,
        name: "Sally Seller".to_owned(),
        business_unit: WEST,
        access_mode: 0,
        disabled: false,
        teams: vec![crew(0)],
        roles,
        directory_id: Some(DIRECTORY),
        reports: Vec::new(),
        columns: ColumnGrants::default(),
    }
}

/// A seller who reads accounts at that depth.
pub fn reader(depth: Depth) -> Principal {
    Principal::new(sally(vec![role(1, "Seller", None, &[("prvreadaccount", depth)])]))
}

/// The team Crew itself, without roles.
pub fn team(team_type: i32) -> Principal {
    Principal::new(PrincipalFacts {
        id: CREW,
        kind: PrincipalKind::Team,
        name: "Crew".to_owned(),
        business_unit: EAST,
        teams: vec![crew(team_type)],
        directory_id: None,
        ..sally(Vec::new())
    })
}
