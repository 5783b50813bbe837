//! Whose the lead is, against the level of the role.

use sluice_model::{Depth, Reference, Right, Uuid};
use sluice_sales::qualify::{Choices, Party};
use sluice_tests::Actor;

use crate::world::{Security, grant, grants, outcome, qualify, qualifying, share, team, user};

const DENIED: &str = "0x80040220";
const OUT_OF_REACH: &str = "0x80048306";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Lead {
    Mine,
    OfATeamIAmIn,
    OfAColleague,
    InAChildUnit,
    InAnotherUnit,
    InAnotherUnitButSharedWithMe,
    MineWithAColleaguesAccount,
}

/// The table of the requirements, and its note on existing accounts.
#[rustfmt::skip]
const TABLE: [(Lead, [&str; 5]); 7] = [
    //                                   none    User          Business Unit Parent: Child Organization
    (Lead::Mine,                         [DENIED, "ok",         "ok",         "ok",         "ok"]),
    (Lead::OfATeamIAmIn,                 [DENIED, "ok",         "ok",         "ok",         "ok"]),
    (Lead::OfAColleague,                 [DENIED, OUT_OF_REACH, "ok",         "ok",         "ok"]),
    (Lead::InAChildUnit,                 [DENIED, OUT_OF_REACH, OUT_OF_REACH, "ok",         "ok"]),
    (Lead::InAnotherUnit,                [DENIED, OUT_OF_REACH, OUT_OF_REACH, OUT_OF_REACH, "ok"]),
    (Lead::InAnotherUnitButSharedWithMe, [DENIED, "ok",         "ok",         "ok",         "ok"]),
    (Lead::MineWithAColleaguesAccount,   [DENIED, OUT_OF_REACH, "ok",         "ok",         "ok"]),
];

struct People {
    world: Security,
    me: Vec<Actor>,
    ours: Uuid,
    colleague: Actor,
    below: Actor,
    elsewhere: Actor,
}

impl People {
    fn new() -> Self {
        let world = Security::new();
        let here = world.unit("Here", world.root());
        let below = world.unit("Below", here);
        let elsewhere = world.unit("Elsewhere", world.root());
        world.role(
            "Owner",
            &[
                grants("Lead", &[Right::Read], Depth::User),
                grants("Account", &[Right::Read], Depth::User),
            ]
            .concat(),
        );
        world.role("None", &[grant("prvReadTransactionCurrency", Depth::Organization)]);
        let mut me = vec![world.user("me without", here, &["None"])];
        for depth in Depth::ALL {
            world.role(depth.label(), &qualifying(depth));
            me.push(world.user(&format!("me at {}", depth.word()), here, &[depth.label()]));
        }
        let members: Vec<&Actor> = me.iter().collect();
        let ours = world.owner_team("Ours", here, &["Owner"], &members);
        let colleague = world.user("colleague", here, &["Owner"]);
        let below = world.user("below", below, &["Owner"]);
        let elsewhere = world.user("elsewhere", elsewhere, &["Owner"]);
        Self {
            world,
            me,
            ours,
            colleague,
            below,
            elsewhere,
        }
    }

    fn owner(&self, lead: Lead, me: &Actor) -> Reference {
        match lead {
            Lead::Mine | Lead::MineWithAColleaguesAccount => user(me),
            Lead::OfATeamIAmIn => team(self.ours),
            Lead::OfAColleague => user(&self.colleague),
            Lead::InAChildUnit => user(&self.below),
            Lead::InAnotherUnit | Lead::InAnotherUnitButSharedWithMe => user(&self.elsewhere),
        }
    }

    fn attempt(&self, kind: Lead, me: &Actor) -> String {
        let lead = self.world.lead(self.owner(kind, me));
        let mut choices = Choices::default();
        if kind == Lead::MineWithAColleaguesAccount {
            choices.account = Party::Existing(self.world.account(user(&self.colleague)));
        }
        if kind == Lead::InAnotherUnitButSharedWithMe {
            let mask = "ReadAccess, WriteAccess, AppendAccess, AppendToAccess";
            share(&self.world.admin, Reference::new("lead", lead), user(me), mask).unwrap();
        }
        let before = self.world.written();
        let result = qualify(me, lead, &choices);
        let after = self.world.written();
        match &result {
            Err(_) => assert_eq!(before, after, "{kind:?}: the refusal left something behind"),
            Ok(_) => assert!(after.1.contains(&lead), "{kind:?}: the lead is still open"),
        }
        outcome(&result)
    }
}

#[test]
fn a_lead_is_qualified_as_the_table_of_owners_and_levels_says() {
    let people = People::new();
    for (lead, expected) in TABLE {
        let actual: Vec<String> = people.me.iter().map(|me| people.attempt(lead, me)).collect();
        assert_eq!(actual, expected, "the lead is {lead:?}");
    }
}

#[test]
fn what_a_level_reaches_a_deeper_level_reaches() {
    for (lead, expected) in TABLE {
        let reached: Vec<bool> = expected.iter().map(|outcome| *outcome == "ok").collect();
        assert!(reached.is_sorted(), "{lead:?}");
    }
}
