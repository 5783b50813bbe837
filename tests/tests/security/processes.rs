//! A change of rights counts from the next request, in every process that has the file open,
//! and at once within a batch.

use sluice_engine::Batch;
use sluice_model::{Depth, Query, Reference, Request, Right, Row, Uuid};
use sluice_tests::Actor;

use crate::world::{
    Security, add_privileges, associate, disassociate, grants, outcome, refusal, revoke, share, team, user,
};

const USER_ROLES: &str = "systemuserroles_association";

/// The same user in this process and in another one.
struct Twice {
    world: Security,
    role: Uuid,
    here: Actor,
    there: Actor,
}

impl Twice {
    fn new() -> Self {
        let world = Security::new();
        let role = world.role("Reader", &grants("Account", &[Right::Read], Depth::Organization));
        let here = world.user("reader", world.root(), &["Reader"]);
        let there = Actor(world.organisation.second_process().session(here.id()));
        let twice = Self {
            world,
            role,
            here,
            there,
        };
        twice.both("ok");
        twice
    }

    #[track_caller]
    fn both(&self, expected: &str) {
        for (place, actor) in [("there", &self.there), ("here", &self.here)] {
            assert_eq!(outcome(&actor.0.list(Query::new("account"))), expected, "{place}");
        }
    }

    /// The administrator in the other process.
    fn admin_there(&self) -> Actor {
        Actor(self.there.0.engine().session_of("admin").unwrap())
    }
}

#[test]
fn a_privilege_taken_and_given_counts_in_the_other_process() {
    let twice = Twice::new();
    twice.world.forbid(twice.role, "prvReadAccount");
    twice.both("0x80040220");
    let back = add_privileges(twice.role, &grants("Account", &[Right::Read], Depth::User));
    twice.admin_there().0.execute(back).unwrap();
    twice.both("ok");
}

#[test]
fn a_depth_that_changes_counts_in_the_other_process() {
    let twice = Twice::new();
    let account = twice.world.account(user(&twice.world.admin));
    twice.there.get("account", account);
    twice
        .world
        .allow(twice.role, &grants("Account", &[Right::Read], Depth::User));
    assert_eq!(
        refusal(twice.there.try_get("account", account)),
        "0x80048306 prvReadAccount"
    );
    assert_eq!(twice.there.count("account"), 0);
}

#[test]
fn a_role_taken_and_given_counts_in_the_other_process() {
    let twice = Twice::new();
    let role = Reference::new("role", twice.role);
    disassociate(&twice.world.admin, user(&twice.here), USER_ROLES, role.clone()).unwrap();
    twice.both("0x80042F09");
    associate(&twice.admin_there(), user(&twice.here), USER_ROLES, role).unwrap();
    twice.both("ok");
}

#[test]
fn a_team_that_brings_the_role_counts_in_the_other_process() {
    let twice = Twice::new();
    disassociate(
        &twice.world.admin,
        user(&twice.here),
        USER_ROLES,
        Reference::new("role", twice.role),
    )
    .unwrap();
    twice.both("0x80042F09");
    let crew = twice
        .world
        .owner_team("Crew", twice.world.root(), &["Reader"], &[&twice.here]);
    twice.both("ok");
    twice.admin_there().try_delete("team", crew).unwrap();
    twice.both("0x80042F09");
}

#[test]
fn a_user_that_is_disabled_or_moved_is_so_in_the_other_process() {
    let twice = Twice::new();
    let switch = |disabled: bool| Row::new("systemuser", twice.here.id()).with("isdisabled", disabled);
    twice.world.admin.update(switch(true));
    twice.both("0x80040225");
    twice.admin_there().update(switch(false));
    twice.both("ok");
    let west = Reference::new("businessunit", twice.world.unit("West", twice.world.root()));
    twice
        .world
        .admin
        .update(Row::new("systemuser", twice.here.id()).with("businessunitid", west));
    twice.both("0x80042F09");
}

#[test]
fn a_share_counts_in_the_other_process() {
    let twice = Twice::new();
    let account = Reference::new("account", twice.world.account(user(&twice.world.admin)));
    twice
        .world
        .allow(twice.role, &grants("Account", &[Right::Read], Depth::User));
    assert_eq!(twice.there.count("account"), 0);
    let deal = team(twice.world.access_team("Deal", twice.world.root(), &[&twice.here]));
    share(&twice.world.admin, account.clone(), deal.clone(), "ReadAccess").unwrap();
    assert_eq!(twice.there.count("account"), 1);
    revoke(&twice.admin_there(), account, deal).unwrap();
    assert_eq!(twice.there.count("account"), 0);
    assert_eq!(twice.here.count("account"), 0);
}

fn give_role(batch: &mut Batch<'_>, to: Reference, role: Uuid) -> sluice_model::Result<()> {
    link_role(batch, "Associate", to, role)
}

fn link_role(batch: &mut Batch<'_>, message: &str, to: Reference, role: Uuid) -> sluice_model::Result<()> {
    let request = Request::new(message)
        .with("Target", to)
        .with("Relationship", USER_ROLES)
        .with(
            "RelatedEntities",
            sluice_model::Parameter::References(vec![Reference::new("role", role)]),
        );
    batch.execute(request).map(|_| ())
}

#[test]
fn within_a_batch_a_new_owner_can_read_as_soon_as_it_has_the_role() {
    let world = Security::new();
    let role = world.role("Reader", &grants("Account", &[Right::Read], Depth::User));
    let newcomer = world.user("newcomer", world.root(), &[]);
    let account = world.account(user(&world.admin));
    let owned = Row::new("account", account).with("ownerid", user(&newcomer));
    assert_eq!(
        refusal(world.admin.try_update(owned.clone())),
        "0x80040299 prvReadAccount"
    );
    let batch = |batch: &mut Batch<'_>| {
        give_role(batch, user(&newcomer), role)?;
        batch.execute(Request::update(owned.clone())).map(|_| ())
    };
    world.admin.0.batch(batch).unwrap();
    newcomer.get("account", account);
}

#[test]
fn within_a_batch_a_privilege_that_is_taken_is_gone() {
    let world = Security::new();
    let role = world.role("Reader", &grants("Account", &[Right::Read], Depth::User));
    let reader = world.user("reader", world.root(), &["Reader"]);
    let account = world.account(user(&world.admin));
    let take = world.remove_privilege(role, "prvReadAccount");
    let refused = world.admin.0.batch(|batch| {
        batch.execute(take.clone())?;
        batch
            .execute(Request::update(
                Row::new("account", account).with("ownerid", user(&reader)),
            ))
            .map(|_| ())
    });
    assert_eq!(refusal(refused), "0x80040299 prvReadAccount");
    assert_eq!(reader.count("account"), 0);
}

#[test]
fn within_a_batch_the_callers_own_roles_count_at_once() {
    let world = Security::new();
    let reader = world.role("Reader", &grants("Account", &[Right::Read], Depth::User));
    let taker = [
        grants(
            "User",
            &[Right::Read, Right::Append, Right::AppendTo],
            Depth::Organization,
        ),
        grants(
            "Role",
            &[Right::Read, Right::Append, Right::Assign],
            Depth::Organization,
        ),
    ]
    .concat();
    world.role("Taker", &taker);
    let taker = world.user("taker", world.root(), &["Taker", "Reader"]);
    let accounts = || Request::retrieve_multiple(Query::new("account"));
    let without = |batch: &mut Batch<'_>| {
        link_role(batch, "Disassociate", user(&taker), reader)?;
        batch.execute(accounts()).map(|_| ())
    };
    assert_eq!(refusal(taker.0.batch(without)), "0x80040220 prvReadAccount");
    taker.count("account");
    taker
        .0
        .batch(|batch| link_role(batch, "Disassociate", user(&taker), reader))
        .unwrap();
    assert_eq!(refusal(taker.0.execute(accounts())), "0x80040220 prvReadAccount");
}
