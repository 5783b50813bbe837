//! What a permit covers and why it was given; what a principal tells of itself.

#[path = "common/people.rs"]
pub mod people;

use people::{CREW, EAST, SALLY, WEST, account, crew, id, privileges, reader, role, sally, team};
use sluice_access::{
    Named, OwnerToBe, Permit, Principal, PrincipalFacts, PrincipalId, Reason, RowFacts, RowFilter, RowScope, Shared,
    Through, Units, decide, decide_create, explain, list,
};
use sluice_model::{Code, Depth, PrincipalKind, Result, Right, Rights, Uuid};

fn units() -> Units {
    Units::new([(WEST, None), (EAST, Some(WEST))])
}

fn row(owner: PrincipalId, shares: Rights) -> RowFacts {
    RowFacts {
        id: id(0x50),
        owner: Some(owner),
        business_unit: Some(EAST),
        shared: Shared {
            own: shares,
            ..Shared::default()
        },
        limit: Shared::default(),
        reader: Shared::default(),
    }
}

const EVE: PrincipalId = PrincipalId::user(id(0x11));
const MINE: PrincipalId = PrincipalId::user(SALLY);
const OURS: PrincipalId = PrincipalId::team(CREW);

fn read(principal: &Principal, owner: PrincipalId, shares: Rights) -> Result<Permit> {
    decide(
        principal,
        &units(),
        &account(),
        Right::Read,
        &row(owner, shares),
        &privileges(),
    )
}

fn reason(principal: &Principal, owner: PrincipalId, shares: Rights) -> Option<Reason> {
    read(principal, owner, shares)
        .ok()
        .map(|permit| permit.reason().clone())
}

/// By the role Seller itself.
fn seller(depth: Depth) -> Through {
    Through {
        role: Some(named(id(1), "Seller")),
        depth,
        via_team: None,
    }
}

/// By the role Seller of the team Crew.
fn through_crew(depth: Depth) -> Through {
    Through {
        via_team: Some(named(CREW, "Crew")),
        ..seller(depth)
    }
}

fn named(id: Uuid, name: &str) -> Named {
    Named {
        id,
        name: name.to_owned(),
    }
}

#[test]
fn every_permit_says_why() {
    let shared = Rights::of(&[Right::Read]);
    assert_eq!(
        reason(&reader(Depth::User), MINE, shared),
        Some(Reason::Owner(seller(Depth::User)))
    );
    let team = through_crew(Depth::User).via_team.unwrap();
    let of_team = Reason::OwnerTeam {
        team,
        through: seller(Depth::User),
    };
    assert_eq!(reason(&reader(Depth::User), OURS, shared), Some(of_team));
    assert_eq!(reason(&reader(Depth::User), EVE, shared), Some(Reason::Share));
    assert_eq!(reason(&reader(Depth::User), EVE, Rights::of(&[Right::Write])), None);
    let below = RowFacts {
        shared: Shared {
            inherited: shared,
            ..Shared::default()
        },
        ..row(EVE, Rights::NONE)
    };
    let inherited = decide(
        &reader(Depth::User),
        &units(),
        &account(),
        Right::Read,
        &below,
        &privileges(),
    );
    assert_eq!(inherited.unwrap().reason(), &Reason::Inherited);
    let direct = Reason::Role(seller(Depth::ParentChild));
    assert_eq!(reason(&reader(Depth::ParentChild), EVE, shared), Some(direct));
    assert_eq!(
        reason(&Principal::system(id(1), "SYSTEM", WEST), EVE, Rights::NONE),
        Some(Reason::System)
    );

    let via_crew = role(1, "Seller", Some(CREW), &[("prvreadaccount", Depth::BusinessUnit)]);
    let reason = reason(&Principal::new(sally(vec![via_crew])), EVE, Rights::NONE).unwrap();
    assert_eq!(reason, Reason::Role(through_crew(Depth::BusinessUnit)));
    assert_eq!(reason.to_string(), "role at depth Business Unit (via team Crew)");
}

/// All that speaks for it, the reason that counts first.
#[test]
fn an_explanation_has_every_way() {
    let roles = vec![
        role(1, "Seller", None, &[("prvreadaccount", Depth::User)]),
        role(
            2,
            "Lead",
            Some(CREW),
            &[
                ("prvreadaccount", Depth::BusinessUnit),
                ("prvwriteaccount", Depth::User),
            ],
        ),
    ];
    let principal = Principal::new(sally(roles));
    let asked = |right, owner, shares| {
        let facts = row(owner, Rights::of(shares));
        explain(&principal, &units(), &account(), right, &facts, &privileges())
    };
    let lead = |depth| Through {
        role: Some(named(id(2), "Lead")),
        ..through_crew(depth)
    };
    let (deep, own) = (lead(Depth::BusinessUnit), seller(Depth::User));
    let reading = asked(Right::Read, MINE, &[Right::Read]);
    assert_eq!(reading.privilege.unwrap(), [deep.clone(), own.clone()]);
    let ways = [
        Reason::Owner(own),
        Reason::Owner(deep.clone()),
        Reason::Role(deep),
        Reason::Share,
    ];
    assert_eq!(reading.access.unwrap().unwrap(), ways);

    let writing = asked(Right::Write, EVE, &[]);
    assert!(!writing.passes());
    assert_eq!(writing.privilege.unwrap(), [lead(Depth::User)]);
    assert_eq!(writing.access.unwrap().unwrap_err().code(), Code::ACCESS_DENIED);

    // A share does not help where the privilege is missing: the second gate is not asked.
    let deleting = asked(Right::Delete, EVE, &[Right::Delete]);
    assert!(!deleting.passes() && deleting.access.is_none());
    assert_eq!(deleting.privilege.unwrap_err().code(), Code::PRIVILEGE_DENIED);
}

#[test]
fn a_permit_for_one_row_allows_nothing_else() {
    let permit = read(&reader(Depth::User), MINE, Rights::NONE).unwrap();
    permit.covers("account", Right::Read, Some(id(0x50))).unwrap();
    for (table, right, row) in [
        ("account", Right::Write, Some(id(0x50))),
        ("account", Right::Read, Some(id(0x51))),
        ("account", Right::Read, None),
        ("contact", Right::Read, Some(id(0x50))),
    ] {
        assert_eq!(permit.covers(table, right, row).unwrap_err().code(), Code::UNEXPECTED);
    }
    assert_eq!(
        permit.covers("contact", Right::Write, None).unwrap_err().message(),
        "a permit for ReadAccess on row 00000000-0000-0000-0000-000000000050 of `account` was used for WriteAccess on \
         a new row of `contact`"
    );
    assert!(permit.rows("account").is_err());
}

#[test]
fn permits_for_one_row_add_up() {
    let principal = reader(Depth::User).lend("prvWriteAccount", Depth::User);
    let row = row(MINE, Rights::NONE);
    let write = decide(&principal, &units(), &account(), Right::Write, &row, &privileges()).unwrap();
    let both = read(&principal, MINE, Rights::NONE).unwrap().and(&write).unwrap();
    both.covers("account", Right::Read, Some(row.id)).unwrap();
    both.covers("account", Right::Write, Some(row.id)).unwrap();
    assert!(both.covers("account", Right::Delete, Some(row.id)).is_err());

    let other = RowFacts { id: id(0x51), ..row };
    let other = decide(&principal, &units(), &account(), Right::Write, &other, &privileges()).unwrap();
    assert!(both.and(&other).is_err());
}

#[test]
fn a_permit_to_create_covers_a_new_row_only() {
    let principal = reader(Depth::User).lend("prvCreateAccount", Depth::User);
    let mine = OwnerToBe {
        id: SALLY,
        kind: PrincipalKind::User,
        business_unit: WEST,
    };
    let permit = decide_create(&principal, &units(), &account(), &mine, &privileges()).unwrap();
    permit.covers("account", Right::Create, None).unwrap();
    assert!(permit.covers("account", Right::Create, Some(id(0x50))).is_err());

    let eves = OwnerToBe {
        id: EVE.id,
        kind: EVE.kind,
        business_unit: EAST,
    };
    let error = decide_create(&principal, &units(), &account(), &eves, &privileges()).unwrap_err();
    assert_eq!(
        (error.code(), error.body().depth),
        (Code::ACCESS_DENIED, Some(Depth::ParentChild))
    );
}

#[test]
fn a_list_is_filtered_by_what_the_roles_reach() {
    let scope = |principal: &Principal| {
        let permit = list(principal, &units(), &account(), &privileges()).unwrap();
        assert!(permit.covers("account", Right::Read, Some(id(0x50))).is_err());
        assert!(permit.rows("contact").is_err());
        permit.rows("account").unwrap()
    };
    let own = RowFilter {
        owners: vec![MINE, OURS],
        shared_with: vec![MINE, OURS],
        ..RowFilter::default()
    };
    assert_eq!(scope(&reader(Depth::User)), RowScope::Only(vec![own.clone()]));
    let below = RowFilter {
        business_units: vec![WEST, EAST],
        ..own
    };
    assert_eq!(scope(&reader(Depth::ParentChild)), RowScope::Only(vec![below]));
    assert_eq!(scope(&reader(Depth::Organization)), RowScope::Everything);
    assert_eq!(scope(&Principal::system(id(1), "SYSTEM", WEST)), RowScope::Everything);
}

#[test]
fn the_system_permit_covers_everything() {
    let permit = Permit::system("a test");
    permit.covers("account", Right::Delete, Some(id(0x50))).unwrap();
    permit.covers("account", Right::Create, None).unwrap();
    assert_eq!(permit.rows("contact").unwrap(), RowScope::Everything);
    assert_eq!(permit.reason(), &Reason::System);
}

#[test]
fn a_principal_tells_its_roles_and_privileges() {
    let deep = [
        ("prvreadaccount", Depth::Organization),
        ("prvwriteaccount", Depth::User),
    ];
    let shallow = [("prvreadaccount", Depth::User)];
    let principal = Principal::new(sally(vec![
        role(1, "Seller", None, &shallow),
        role(1, "Seller", Some(CREW), &deep),
        role(2, "Seller", None, &shallow),
        role(3, "Ghost", Some(id(0x99)), &[("prvdeleteaccount", Depth::Organization)]),
    ]));
    assert_eq!(principal.info().roles, ["Seller", "Seller (via team Crew)"]);
    assert_eq!(principal.depth_of("prvReadAccount"), Some(Depth::Organization));
    assert_eq!(principal.depth_of("prvDeleteAccount"), None);
    let mut effective = vec![
        ("prvreadaccount", Depth::User, None),
        ("prvreadaccount", Depth::Organization, Some("Crew")),
        ("prvwriteaccount", Depth::User, Some("Crew")),
    ];
    assert_eq!(principal.effective(), effective);

    let richer = principal.lend("prvReadAccount", Depth::BusinessUnit);
    effective[0].1 = Depth::BusinessUnit;
    assert_eq!(richer.effective(), effective);
    assert_eq!(richer.info(), principal.info());
}

#[test]
fn an_access_team_gives_shares_and_no_roles() {
    let via_crew = role(1, "Seller", Some(CREW), &[("prvreadaccount", Depth::Organization)]);
    let guest = Principal::new(PrincipalFacts {
        teams: vec![crew(1)],
        ..sally(vec![via_crew])
    });
    assert_eq!(guest.depth_of("prvReadAccount"), None);
    assert_eq!(guest.sharees().collect::<Vec<_>>(), [MINE, OURS]);
    let reader = guest.lend("prvReadAccount", Depth::User);
    assert_eq!(reason(&reader, OURS, Rights::NONE), None);
    assert_eq!(reason(&reader, OURS, Rights::of(&[Right::Read])), Some(Reason::Share));
}

/// A team may have the id of a user, in an organisation of an earlier version.
#[test]
fn an_owner_of_the_other_kind_is_somebody_else() {
    for twin in [PrincipalId::team(SALLY), PrincipalId::user(CREW)] {
        assert_eq!(reason(&reader(Depth::User), twin, Rights::NONE), None, "{twin:?}");
    }
}

#[test]
fn a_team_owns_its_rows() {
    let team = team(0).lend("prvReadAccount", Depth::User);
    let lent = Through {
        role: None,
        ..seller(Depth::User)
    };
    assert_eq!(reason(&team, OURS, Rights::NONE), Some(Reason::Owner(lent)));
    assert_eq!(reason(&team, EVE, Rights::NONE), None);
}
