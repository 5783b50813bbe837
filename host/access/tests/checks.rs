//! What is asked about a principal, kept for whoever wants to know afterwards.

#[path = "common/people.rs"]
pub mod people;

use std::sync::Arc;

use people::{EAST, SALLY, WEST, account, id, privileges, role, sally};
use sluice_access::{
    Checks, Gate, Place, Principal, PrincipalId, RowFacts, Shared, Units, WayKind, check_named, decide, list,
};
use sluice_model::{Depth, Right, Rights, Uuid};

fn row(owner: Uuid, unit: Uuid, shares: Rights) -> RowFacts {
    RowFacts {
        id: id(0x50),
        owner: Some(PrincipalId::user(owner)),
        business_unit: Some(unit),
        shared: Shared {
            own: shares,
            ..Shared::default()
        },
        limit: Shared::default(),
        reader: Shared::default(),
    }
}

fn watched(depth: Depth, checks: &Arc<Checks>) -> Principal {
    Principal::new(sally(vec![role(1, "Seller", None, &[("prvreadaccount", depth)])])).watched(checks)
}

/// The shallowest depth that reaches a row, whatever is held; a share needs the privilege alone.
#[test]
fn the_depth_that_a_row_needs_is_kept() {
    let units = Units::new([(WEST, None), (EAST, Some(WEST))]);
    let other = id(0x77);
    let home = sally(Vec::new()).business_unit;
    let elsewhere = if home == WEST { EAST } else { WEST };
    let beyond = match home == WEST {
        true => Depth::ParentChild,
        false => Depth::Organization,
    };
    let cases = [
        (row(SALLY, elsewhere, Rights::NONE), Depth::User, Some(WayKind::Own)),
        (row(other, home, Rights::NONE), Depth::BusinessUnit, Some(WayKind::Role)),
        (row(other, elsewhere, Rights::NONE), beyond, Some(WayKind::Role)),
    ];
    for (row, needed, way) in cases {
        let checks = Arc::new(Checks::default());
        let sally = watched(Depth::Organization, &checks);
        decide(&sally, &units, &account(), Right::Read, &row, &privileges()).unwrap();
        let (all, cut) = checks.all();
        assert_eq!((all.len(), cut), (2, 0), "both gates: {all:?}");
        assert_eq!((all[0].gate, all[0].needed), (Gate::Privilege, None));
        assert_eq!((all[1].gate, all[1].needed), (Gate::Access, Some(needed)));
        assert_eq!(all[1].way.map(|way| way.kind), way);
    }
    let checks = Arc::new(Checks::default());
    let sally = watched(Depth::User, &checks);
    let shared = row(other, elsewhere, Rights::of(&[Right::Read]));
    decide(&sally, &units, &account(), Right::Read, &shared, &privileges()).unwrap();
    let refused = row(other, elsewhere, Rights::NONE);
    decide(&sally, &units, &account(), Right::Read, &refused, &privileges()).unwrap_err();
    list(&sally, &units, &account(), &privileges()).unwrap();
    let (all, _) = checks.all();
    let access: Vec<_> = all.iter().filter(|check| check.gate == Gate::Access).collect();
    assert_eq!(access[0].needed, Some(Depth::User), "{:?}", access[0]);
    assert_eq!(access[0].way.map(|way| way.kind), Some(WayKind::Share));
    assert_eq!((access[1].way, access[1].needed), (None, Some(beyond)));
    assert_eq!(
        (access[2].row, access[2].needed),
        (None, Some(Depth::User)),
        "a list uses what is held"
    );
}

#[test]
fn what_finds_no_room_is_counted_and_refusals_have_some_of_their_own() {
    let checks = Arc::new(Checks::at_most(10));
    let sally = watched(Depth::User, &checks);
    for _ in 0..15 {
        check_named(&sally, "prvReadAccount", &privileges()).unwrap();
    }
    for _ in 0..3 {
        check_named(&sally, "prvReadEntity", &privileges()).unwrap_err();
    }
    let (all, cut) = checks.all();
    assert_eq!((all.len(), cut), (11, 5 + 2));
    assert!(all.last().is_some_and(|check| check.way.is_none()));
}

/// Where it was asked, as it was then; going back forgets what was asked since.
#[test]
fn the_step_around_a_question_is_kept() {
    let checks = Arc::new(Checks::default());
    let sally = watched(Depth::User, &checks);
    let ask = || check_named(&sally, "prvReadAccount", &privileges()).unwrap();
    let step = |step: u128| Place::Step {
        step: id(step),
        run_as: None,
        is_plugin: true,
    };
    let message = |name: &str| Place::Message {
        message: name.into(),
        table: None,
    };
    checks.enter(message("Create"));
    ask();
    checks.enter(step(1));
    checks.enter(message("Retrieve"));
    ask();
    let mark = checks.mark();
    checks.enter(step(2));
    ask();
    let inner = checks.all().0[2].clone();
    assert_eq!(checks.step_of(&inner), Some(id(2)));
    checks.back_to(mark);
    checks.leave();
    checks.leave();
    ask();
    let (all, _) = checks.all();
    let steps: Vec<Option<Uuid>> = all.iter().map(|check| checks.step_of(check)).collect();
    assert_eq!(steps, [None, Some(id(1)), None]);
    let mut seen = 0;
    checks.new_since(|_, _| seen += 1);
    checks.new_since(|_, _| seen += 1);
    ask();
    checks.new_since(|_, _| seen += 1);
    assert_eq!(seen, 4, "each once");
}
