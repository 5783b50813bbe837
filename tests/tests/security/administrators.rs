//! The organisation keeps somebody who can administer it, one root, and its tree.

use sluice_model::{Depth, Error, Filter, Parameter, Reference, Request, Right, Row, Uuid, Value};
use sluice_tests::Actor;

use crate::world::{Security, add_privileges, associate, disassociate, grant, grants, outcome, refusal, team, user};

const USER_ROLES: &str = "systemuserroles_association";
const TEAM_ROLES: &str = "teamroles_association";
const ADMINISTRATOR: &str = "System Administrator";

/// One administrator, and a helper who may keep users, teams and units and is none.
struct Office {
    world: Security,
    helper: Actor,
}

impl Office {
    fn new() -> Self {
        let world = Security::new();
        let tables =
            ["User", "Team", "Role", "BusinessUnit"].map(|table| grants(table, &Right::ALL, Depth::Organization));
        let moves = [
            "prvReparentUser",
            "prvReparentTeam",
            "prvReparentBusinessUnit",
            "prvDisableUser",
            "prvDisableBusinessUnit",
        ]
        .map(|privilege| grant(privilege, Depth::Organization));
        world.role("Helper", &[tables.concat(), moves.to_vec()].concat());
        let helper = world.user("helper", world.root(), &["Helper"]);
        Self { world, helper }
    }

    fn admin(&self) -> Uuid {
        self.world.admin.id()
    }

    fn change(&self, column: &str, value: impl Into<Value>) -> Result<(), Error> {
        self.helper
            .try_update(Row::new("systemuser", self.admin()).with(column, value))
    }

    /// Another user with the role.
    fn another(&self, name: &str, unit: Uuid) -> Actor {
        self.world.user(name, unit, &[ADMINISTRATOR])
    }
}

fn unit(id: Uuid) -> Reference {
    Reference::new("businessunit", id)
}

#[track_caller]
fn said(result: Result<(), Error>, code: &str, text: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.code().to_string().as_str(), error.message()), (code, text));
}

const DISABLED: (&str, &str) = (
    "0x80041D2F",
    "A user cannot be disabled if they are the only user that has the System Administrator Role.",
);
const READ_ONLY: (&str, &str) = (
    "0x80041D38",
    "A user cannot be made a read only user if they are the last non read only user that has the System Administrator Role.",
);
const LAST: (&str, &str) = (
    "0x80041D30",
    "A user cannot be removed from the System Administrator Role if they are the only user that has the role.",
);

#[test]
fn the_only_administrator_stays_one() {
    let office = Office::new();
    let west = office.world.unit("West", office.world.root());
    let role = office.world.role_in(ADMINISTRATOR, office.world.root());
    let take = || disassociate(&office.helper, user(&office.world.admin), USER_ROLES, role.clone());
    said(office.change("isdisabled", true), DISABLED.0, DISABLED.1);
    for mode in [1, 2, 4] {
        said(
            office.change("accessmode", Value::Choice(mode)),
            READ_ONLY.0,
            READ_ONLY.1,
        );
    }
    said(office.change("businessunitid", unit(west)), LAST.0, LAST.1);
    said(take(), LAST.0, LAST.1);

    // With another one, all of it goes.
    let second = office.another("second", office.world.root());
    office.change("accessmode", Value::Choice(2)).unwrap();
    office.change("isdisabled", true).unwrap();
    take().unwrap();
    office.change("businessunitid", unit(west)).unwrap();
    let last = Row::new("systemuser", second.id()).with("isdisabled", true);
    said(office.helper.try_update(last), DISABLED.0, DISABLED.1);
}

#[test]
fn an_administrator_who_cannot_act_is_none() {
    let office = Office::new();
    let west = office.world.unit("West", office.world.root());
    let second = office.another("second", west);
    let row = || Row::new("systemuser", second.id());
    for (column, value) in [("isdisabled", Value::Bool(true)), ("accessmode", Value::Choice(2))] {
        office.world.admin.update(row().with(column, value));
        said(office.change("isdisabled", true), DISABLED.0, DISABLED.1);
        let back = row().with("isdisabled", false).with("accessmode", Value::Choice(0));
        office.world.admin.update(back);
    }
    office
        .world
        .admin
        .update(Row::new("businessunit", west).with("isdisabled", true));
    said(office.change("isdisabled", true), DISABLED.0, DISABLED.1);
    office
        .world
        .admin
        .update(Row::new("businessunit", west).with("isdisabled", false));
    office.change("isdisabled", true).unwrap();
}

#[test]
fn an_administrator_through_a_team_counts_while_the_team_gives() {
    let office = Office::new();
    let world = &office.world;
    let west = world.unit("West", world.root());
    let second = world.user("second", world.root(), &[]);
    let bosses = world.owner_team("Bosses", world.root(), &[ADMINISTRATOR], &[&second]);
    let role = world.role_in(ADMINISTRATOR, world.root());
    disassociate(&second, user(&world.admin), USER_ROLES, role.clone()).unwrap();
    let leave = |actor: &Actor| {
        let members = Parameter::References(vec![user(&second)]);
        let request = Request::new("RemoveMembersTeam").with("TeamId", Value::Id(bosses));
        actor.0.execute(request.with("MemberIds", members)).map(|_| ())
    };
    for actor in [&office.helper, &second] {
        said(leave(actor), LAST.0, LAST.1);
        said(actor.try_delete("team", bosses), LAST.0, LAST.1);
        let access = Row::new("team", bosses).with("teamtype", Value::Choice(1));
        said(actor.try_update(access), LAST.0, LAST.1);
        let moved = Row::new("team", bosses).with("businessunitid", unit(west));
        said(actor.try_update(moved), LAST.0, LAST.1);
        said(
            disassociate(actor, team(bosses), TEAM_ROLES, role.clone()),
            LAST.0,
            LAST.1,
        );
    }
    associate(&second, user(&world.admin), USER_ROLES, role).unwrap();
    office.helper.try_delete("team", bosses).unwrap();
}

#[test]
fn several_changes_at_once_are_looked_at_together() {
    let office = Office::new();
    let world = &office.world;
    let second = world.user("second", world.root(), &[]);
    let role = world.role_in(ADMINISTRATOR, world.root());
    let link = |message: &str, to: &Actor| {
        Request::new(message)
            .with("Target", user(to))
            .with("Relationship", USER_ROLES)
            .with("RelatedEntities", Parameter::References(vec![role.clone()]))
    };
    let off = Row::new("systemuser", world.admin.id()).with("isdisabled", true);
    // The helper cannot give the role, so the administrator does; nobody is left only for a moment.
    let swap = world.admin.0.batch(|batch| {
        batch.execute(link("Associate", &second))?;
        Ok(())
    });
    swap.unwrap();
    let both = office.helper.0.batch(|batch| {
        batch.execute(Request::update(off.clone()))?;
        batch.execute(link("Disassociate", &second))?;
        Ok(())
    });
    assert_eq!(outcome(&both), DISABLED.0);
    assert_eq!(
        world.admin.get("systemuser", world.admin.id()).bool("isdisabled"),
        Some(false)
    );
}

#[test]
fn a_unit_with_the_only_administrator_is_not_disabled() {
    let office = Office::new();
    let world = &office.world;
    let west = world.unit("West", world.root());
    let coast = world.unit("Coast", west);
    office.another("second", coast);
    office.change("isdisabled", true).unwrap();
    for id in [west, coast] {
        said(
            office
                .helper
                .try_update(Row::new("businessunit", id).with("isdisabled", true)),
            "0x80041D59",
            "Business unit cannot be disabled: no active user with system admin role exists outside of business unit subtree.",
        );
    }
    said(
        office
            .helper
            .try_update(Row::new("businessunit", world.root()).with("isdisabled", true)),
        "0x80041D63",
        "Root Business unit cannot be disabled.",
    );
}

#[test]
fn there_is_one_root_for_ever_and_no_loop() {
    let office = Office::new();
    let (world, admin) = (&office.world, &office.world.admin);
    let west = world.unit("West", world.root());
    let coast = world.unit("Coast", west);
    let below =
        |id: Uuid, parent: Value| admin.try_update(Row::new("businessunit", id).with("parentbusinessunitid", parent));
    for id in [west, coast] {
        said(
            below(id, Value::Null),
            "0x80041D35",
            "Only one organization and one root business are allowed.",
        );
    }
    for (id, parent) in [
        (world.root(), coast),
        (world.root(), world.root()),
        (west, coast),
        (west, west),
    ] {
        said(
            below(id, unit(parent).into()),
            "0x80041D21",
            "Creating this parental association would create a loop in business hierarchy.",
        );
    }
    below(world.root(), Value::Null).unwrap();
    below(coast, unit(world.root()).into()).unwrap();
}

#[test]
fn what_administrators_do_has_privileges_of_its_own() {
    let office = Office::new();
    let world = &office.world;
    let west = world.unit("West", world.root());
    let east = world.unit("East", world.root());
    let seller = world.user("seller", west, &[]);
    let crew = world.owner_team("Crew", west, &[], &[]);
    let role = world.admin.find("role", "Helper");
    let to = || unit(east);
    let changes = [
        (
            "prvReparentUser",
            Row::new("systemuser", seller.id()).with("businessunitid", to()),
        ),
        ("prvReparentTeam", Row::new("team", crew).with("businessunitid", to())),
        (
            "prvReparentBusinessUnit",
            Row::new("businessunit", west).with("parentbusinessunitid", to()),
        ),
        (
            "prvDisableUser",
            Row::new("systemuser", seller.id()).with("isdisabled", true),
        ),
        (
            "prvDisableUser",
            Row::new("systemuser", seller.id()).with("isdisabled", false),
        ),
        (
            "prvDisableBusinessUnit",
            Row::new("businessunit", west).with("isdisabled", true),
        ),
        (
            "prvDisableBusinessUnit",
            Row::new("businessunit", west).with("isdisabled", false),
        ),
    ];
    for (privilege, change) in changes {
        world.forbid(role, privilege);
        let refused = refusal(office.helper.try_update(change.clone()));
        assert_eq!(refused, format!("0x80040220 {privilege}"));
        world.allow(role, &[grant(privilege, Depth::Organization)]);
        office.helper.update(change);
    }
}

#[test]
fn system_is_nobody_to_be_changed() {
    let office = Office::new();
    let system = office.world.organisation.engine().system_id().unwrap();
    let change = Row::new("systemuser", system).with("lastname", "Nobody");
    said(
        office.world.admin.try_update(change),
        "0x80041D33",
        "No modifications to the 'SYSTEM' or 'INTEGRATION' user are permitted.",
    );
    // Nobody can act as it, so the role makes no administrator of it.
    let role = office.world.role_in(ADMINISTRATOR, office.world.root());
    let given = associate(
        &office.world.admin,
        Reference::new("systemuser", system),
        USER_ROLES,
        role,
    );
    let _ = given;
    said(office.change("isdisabled", true), DISABLED.0, DISABLED.1);
}

#[test]
fn a_depth_that_a_privilege_does_not_take_is_refused_in_the_platforms_words() {
    let office = Office::new();
    let role = office.world.role("Reader", &[]);
    let request = add_privileges(role, &[grant("prvReadTransactionCurrency", Depth::User)]);
    assert_eq!(outcome(&office.world.admin.0.execute(request)), "0x8004140B");
    assert_eq!(sluice_model::Code(0x8004_0231).info().name, "PrincipalPrivilegeDenied");
    assert_eq!(office.world.ids("role", Filter::eq("name", "Reader")).len(), 1);
}
