//! No row without a permit: the list filter shows exactly what the decision allows.

use std::{collections::HashMap, sync::Arc};

use proptest::prelude::*;
use sluice_access::{
    ColumnGrants, Permit, Principal, PrincipalFacts, PrincipalId, PrivilegeIds, RoleFacts, TeamFacts, Units, decide,
    list,
};
use sluice_model::{Depth, Filter, PrincipalKind, Query, Reference, Related, Right, Rights, Row, TableDef, Value};

use super::{Org, id, system};

const ME: u128 = 0x100;
const TEAM: u128 = 0x200;
const UNITS: [u128; 3] = [0x301, 0x302, 0x303];

fn units() -> Units {
    Units::new([
        (id(UNITS[0]), None),
        (id(UNITS[1]), Some(id(UNITS[0]))),
        (id(UNITS[2]), Some(id(UNITS[1]))),
    ])
}

fn me(depth: Option<Depth>, via_team: Option<Depth>, inherits: bool, privilege: &str) -> Principal {
    let role = |depth, team: Option<u128>| RoleFacts {
        id: id(1),
        name: "role".into(),
        via_team: team.map(id),
        unit: None,
        direct_inheritance: inherits,
        managed: false,
        privileges: Arc::new(HashMap::from([(privilege.to_ascii_lowercase(), depth)])),
    };
    let roles = depth
        .map(|depth| role(depth, None))
        .into_iter()
        .chain(via_team.map(|depth| role(depth, Some(TEAM))));
    Principal::new(PrincipalFacts {
        id: id(ME),
        kind: PrincipalKind::User,
        name: "Me".into(),
        business_unit: id(UNITS[1]),
        access_mode: 0,
        disabled: false,
        teams: vec![TeamFacts {
            id: id(TEAM),
            name: "Team".into(),
            business_unit: id(UNITS[2]),
            team_type: 0,
        }],
        roles: roles.collect(),
        directory_id: None,
        reports: Vec::new(),
        columns: ColumnGrants::default(),
    })
}

fn owned(number: u128, owner: u128, unit: u128) -> Row {
    let table = if owner == TEAM { "team" } else { "systemuser" };
    Row::new("account", id(number))
        .with("name", format!("account {number}"))
        .with("ownerid", Reference::new(table, id(owner)))
        .with("owningbusinessunit", Reference::new("businessunit", id(unit)))
}

fn share(number: u128, object: u128, principal: u128, mask: i32, inherited: i32) -> Row {
    Row::new("principalobjectaccess", id(0x1000 + number))
        .with("objectid", id(object))
        .with("objecttypecode", "account")
        .with("principalid", id(principal))
        .with(
            "principaltypecode",
            if principal == TEAM { "team" } else { "systemuser" },
        )
        .with("accessrightsmask", mask)
        .with("inheritedaccessrightsmask", inherited)
}

fn world(rows: &[(u128, usize)], shares: &[(u128, bool, i32, i32)]) -> Org {
    let org = Org::new();
    for unit in UNITS {
        org.insert(&Row::new("businessunit", id(unit)).with("name", "unit"))
            .unwrap();
    }
    for (number, (owner, unit)) in rows.iter().enumerate() {
        org.insert(&owned(number as u128 + 1, *owner, UNITS[*unit])).unwrap();
    }
    for (number, (object, team, mask, inherited)) in shares.iter().enumerate() {
        let principal = if *team { TEAM } else { ME };
        org.insert(&share(number as u128, *object, principal, *mask, *inherited))
            .unwrap();
    }
    org
}

fn ids(org: &Org, permit: &Permit, table: &TableDef) -> Vec<uuid::Uuid> {
    let rows = org
        .read(|tx| tx.select(permit, table, &Query::new(table.name.clone())))
        .unwrap();
    let count = org.read(|tx| tx.count(permit, table, &Filter::All)).unwrap();
    assert_eq!(count, rows.len() as u64);
    rows.iter().map(|row| row.id).collect()
}

fn decided(org: &Org, me: &Principal, table: &TableDef) -> Vec<uuid::Uuid> {
    let sharees: Vec<_> = me.sharees().collect();
    let mut all = ids(org, &system(), table);
    all.retain(|id| {
        let facts = org.read(|tx| tx.facts().row(table, *id, &sharees)).unwrap().unwrap();
        let Ok(permit) = decide(me, &units(), table, Right::Read, &facts, &PrivilegeIds::default()) else {
            return false;
        };
        org.read(|tx| tx.get(&permit, table, *id, None)).unwrap().is_some()
    });
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_list_shows_what_decide_allows(
        rows in prop::collection::vec((prop::sample::select(vec![ME, TEAM, 0x999]), 0_usize..3), 1..12),
        shares in prop::collection::vec((1_u128..12, any::<bool>(), 0..4, 0..2), 0..6),
        depth in prop::option::of(prop::sample::select(Depth::ALL.to_vec())),
        via_team in prop::option::of(prop::sample::select(Depth::ALL.to_vec())),
        inherits in any::<bool>(),
    ) {
        let org = world(&rows, &shares);
        for (table, privilege) in [(&org.tables.account, "prvReadAccount"), (&org.tables.unit, "prvReadBusinessunit")] {
            let me = me(depth, via_team, inherits, privilege);
            let listed = match list(&me, &units(), table, &PrivilegeIds::default()) {
                Ok(permit) => ids(&org, &permit, table),
                Err(_) => Vec::new(),
            };
            prop_assert_eq!(listed, decided(&org, &me, table), "{}", table.name);
        }
    }

    #[test]
    fn a_condition_on_related_rows_counts_only_those_that_may_be_read(
        rows in prop::collection::vec((prop::sample::select(vec![ME, TEAM, 0x999]), 0_usize..3), 1..12),
        shares in prop::collection::vec((1_u128..12, any::<bool>(), 0..4, 0..2), 0..6),
        depth in prop::sample::select(Depth::ALL.to_vec()),
    ) {
        let org = world(&rows, &shares);
        for number in 1..=rows.len() as u128 {
            let contact = Row::new("contact", id(number)).with("accountid", Reference::new("account", id(number)));
            org.insert(&contact).unwrap();
        }
        let me = me(Some(depth), None, true, "prvReadAccount");
        let accounts = list(&me, &units(), &org.tables.account, &PrivilegeIds::default()).unwrap();
        let everybodys = self::me(Some(Depth::Organization), None, true, "prvReadContact");
        let contacts = list(&everybodys, &units(), &org.tables.contact, &PrivilegeIds::default()).unwrap();
        let permit = contacts.clone().and(&accounts).unwrap();
        let has_account = Filter::Related(Box::new(Related {
            column: "accountid".into(),
            table: "account".into(),
            other: "accountid".into(),
            filter: Filter::All,
        }));
        let catalog = org.tables.catalog();
        let found = |filter: Filter| -> Vec<uuid::Uuid> {
            let query = Query::new("contact").columns(&[]).filter(filter);
            let rows = org.read(|tx| tx.select_across(&permit, &catalog, &query)).unwrap();
            rows.iter().map(|row| row.id).collect()
        };
        let readable = decided(&org, &me, &org.tables.account);
        prop_assert_eq!(&found(has_account.clone()), &readable);
        let hidden: Vec<_> = (1..=rows.len() as u128).map(id).filter(|id| !readable.contains(id)).collect();
        prop_assert_eq!(found(has_account.clone().negated()), hidden);
        let count = org.read(|tx| tx.count_across(&permit, &catalog, &Query::new("contact").filter(has_account.clone()))).unwrap();
        prop_assert_eq!(count, readable.len() as u64);
        let query = Query::new("contact").filter(has_account);
        let refused = org.read(|tx| tx.select_across(&contacts, &catalog, &query));
        prop_assert!(refused.is_err(), "the permit is for contacts only");
    }
}

#[test]
fn the_filter_of_the_query_does_not_widen_the_permit() {
    let org = world(&[(ME, 0), (0x999, 0)], &[]);
    let account = &org.tables.account;
    let permit = list(
        &me(Some(Depth::User), None, true, "prvReadAccount"),
        &units(),
        account,
        &PrivilegeIds::default(),
    )
    .unwrap();
    let anything = Filter::Or(vec![Filter::All, Filter::eq("name", "account 2")]);
    let query = Query::new("account").filter(anything.clone());
    let rows = org.read(|tx| tx.select(&permit, account, &query)).unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [id(1)]);
    assert_eq!(org.read(|tx| tx.count(&permit, account, &anything)).unwrap(), 1);
}

#[test]
fn a_permit_is_for_what_it_says() {
    let org = world(&[(ME, 0), (ME, 0)], &[]);
    let account = &org.tables.account;
    let reader = me(Some(Depth::User), None, true, "prvReadAccount");
    let facts = org.read(|tx| tx.facts().row(account, id(1), &[])).unwrap().unwrap();
    let read = decide(
        &reader,
        &units(),
        account,
        Right::Read,
        &facts,
        &PrivilegeIds::default(),
    )
    .unwrap();
    let all = list(&reader, &units(), account, &PrivilegeIds::default()).unwrap();

    org.read(|tx| {
        assert!(tx.get(&read, account, id(1), None).unwrap().is_some());
        tx.get(&read, account, id(2), None).expect_err("another row");
        tx.get(&all, account, id(1), None).expect_err("a list is not a row");
        tx.select(&read, account, &Query::new("account"))
            .expect_err("a row is not a list");
        tx.count(&read, account, &Filter::All).expect_err("a row is not a list");
        tx.select(&all, &org.tables.contact, &Query::new("contact"))
            .expect_err("another table");
        Ok(())
    })
    .unwrap();
    org.write(|tx| {
        let row = owned(1, ME, 0).with("name", Value::Null);
        tx.insert(&read, account, &row).expect_err("Read is not Create");
        tx.update(&read, account, &row).expect_err("Read is not Write");
        tx.delete(&read, account, id(1)).expect_err("Read is not Delete");
        Ok(())
    })
    .unwrap();
}

#[test]
fn facts_say_whose_where_and_shared_how() {
    let org = world(&[(TEAM, 2)], &[(1, false, 1, 2), (1, true, 0x1_0000, 0)]);
    let (account, unit) = (&org.tables.account, &org.tables.unit);
    let facts = |principals: &[u128]| {
        let kind = |principal: &u128| match *principal {
            TEAM => PrincipalId::team(id(TEAM)),
            user => PrincipalId::user(id(user)),
        };
        let principals: Vec<_> = principals.iter().map(kind).collect();
        org.read(|tx| tx.facts().row(account, id(1), &principals))
            .unwrap()
            .unwrap()
    };
    let both = facts(&[ME, TEAM]);
    assert_eq!(
        both.owner.map(|owner| (owner.id, owner.kind)),
        Some((id(TEAM), PrincipalKind::Team))
    );
    assert_eq!(both.business_unit, Some(id(UNITS[2])));
    assert_eq!(both.shared.own, Rights::of(&[Right::Read, Right::Delete]));
    assert_eq!(both.shared.inherited, Rights::of(&[Right::Write]));
    assert_eq!(facts(&[TEAM]).shared.own, Rights::of(&[Right::Delete]));
    assert_eq!(facts(&[]).shared.own, Rights::NONE);
    let of_unit = org.read(|tx| tx.facts().row(unit, id(UNITS[0]), &[])).unwrap().unwrap();
    assert_eq!(
        (of_unit.owner, of_unit.business_unit),
        (None, Some(id(UNITS[0]))),
        "a unit lies in itself"
    );
    assert_eq!(org.read(|tx| tx.facts().row(account, id(77), &[])).unwrap(), None);
}

#[test]
fn what_a_unit_knows_of_a_row_is_as_new_as_the_row() {
    let org = world(&[(TEAM, 2)], &[]);
    let account = &org.tables.account;
    let share = Row::new("principalobjectaccess", id(4711))
        .with("objectid", id(1))
        .with("objecttypecode", "account")
        .with("principalid", id(ME))
        .with("principaltypecode", "systemuser")
        .with("accessrightsmask", 1);
    org.write(|tx| {
        let facts = |tx: &mut crate::Tx| {
            Ok::<_, sluice_model::Error>(tx.facts().row(account, id(1), &[PrincipalId::user(id(ME))])?.unwrap())
        };
        let before = facts(tx)?;
        assert_eq!(before.shared.own, Rights::NONE);
        let savepoint = tx.savepoint()?;
        tx.insert(&system(), &org.tables.shares, &share)?;
        assert_eq!(facts(tx)?.shared.own, Rights::of(&[Right::Read]));
        let owner = Reference::new("systemuser", id(ME));
        tx.update(&system(), account, &Row::new("account", id(1)).with("ownerid", owner))?;
        assert_eq!(facts(tx)?.owner.map(|owner| owner.id), Some(id(ME)));
        tx.delete(&system(), &org.tables.shares, share.id)?;
        assert_eq!(facts(tx)?.shared.own, Rights::NONE);
        tx.rollback_to(savepoint)?;
        assert_eq!(facts(tx)?, before);
        Ok(())
    })
    .unwrap();
}

/// Of a row that it has made a unit knows whose it is without asking: what the file says.
#[test]
fn what_a_unit_knows_of_a_row_that_it_made_is_what_the_file_says() {
    let org = world(&[(ME, 0)], &[]);
    let (account, unit) = (&org.tables.account, &org.tables.unit);
    org.write(|tx| {
        let made = [
            (account, owned(41, ME, UNITS[1])),
            (account, owned(42, TEAM, UNITS[2])),
            (unit, Row::new("businessunit", id(43)).with("name", "unit")),
        ];
        for (table, row) in &made {
            tx.insert(&system(), table, row)?;
            let principals = [PrincipalId::user(id(ME)), PrincipalId::team(id(TEAM))];
            let known = tx.facts().row(table, row.id, &principals)?;
            // What is rolled back takes what was known along.
            let savepoint = tx.savepoint()?;
            tx.rollback_to(savepoint)?;
            assert_eq!(known, tx.facts().row(table, row.id, &principals)?, "{row:?}");
            assert!(known.is_some());
        }
        let later = share(9, 41, ME, 1, 0);
        tx.insert(&system(), account, &owned(44, TEAM, UNITS[2]))?;
        tx.insert(&system(), &org.tables.shares, &later.with("objectid", id(44)))?;
        let facts = tx.facts().row(account, id(44), &[PrincipalId::user(id(ME))])?.unwrap();
        assert_eq!(facts.shared.own, Rights::of(&[Right::Read]), "shared after it was made");
        Ok(())
    })
    .unwrap();
}
