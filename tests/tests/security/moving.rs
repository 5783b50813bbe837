//! Users, teams and business units that move, are disabled and are deleted.

use std::collections::BTreeSet;

use sluice_model::{Depth, Error, Filter, Parameter, Reference, Request, Right, Row, Uuid, Value};
use sluice_tests::Actor;

use crate::world::{Security, assign, associate, grants, outcome, refusal, team, user};

const USER_ROLES: &str = "systemuserroles_association";
const TEAM_ROLES: &str = "teamroles_association";

/// Root ▸ L1 ▸ L2 and Root ▸ S.
struct Tree {
    world: Security,
    l1: Uuid,
    l2: Uuid,
    s: Uuid,
}

impl Tree {
    fn new() -> Self {
        let world = Security::new();
        let l1 = world.unit("L1", world.root());
        let (l2, s) = (world.unit("L2", l1), world.unit("S", world.root()));
        world.role("Reader", &grants("Account", &[Right::Read], Depth::BusinessUnit));
        Self { world, l1, l2, s }
    }

    /// Changes one column, and what the answer says of roles.
    fn change(&self, row: Reference, column: &str, value: impl Into<Value>) -> Result<Vec<Uuid>, Error> {
        let row = Row::new(row.table, row.id).with(column, value);
        let response = self.world.admin.0.execute(Request::update(row))?;
        Ok(match response.outputs.get("RolesRemoved") {
            Some(Parameter::References(roles)) => roles.iter().map(|role| role.id).collect(),
            _ => Vec::new(),
        })
    }

    fn roles_of(&self, table: &str, column: &str, holder: Uuid) -> BTreeSet<Uuid> {
        let rows = self.world.system().list(
            sluice_model::Query::new(table)
                .columns(&["roleid"])
                .filter(Filter::eq(column, holder)),
        );
        rows.iter().filter_map(|row| row.id_of("roleid")).collect()
    }

    fn manager_of(&self, user: &Actor) -> Option<Uuid> {
        self.world
            .admin
            .get("systemuser", user.id())
            .id_of("parentsystemuserid")
    }

    fn lies(&self, account: Uuid) -> Option<Uuid> {
        self.world.admin.get("account", account).id_of("owningbusinessunit")
    }

    fn names_in(&self, unit: Uuid) -> BTreeSet<String> {
        let roles = self.world.ids("role", Filter::eq("businessunitid", unit));
        let name = |id: &Uuid| self.world.admin.get("role", *id).text("name").unwrap().to_owned();
        roles.iter().map(name).collect()
    }

    fn role_at(&self, name: &str, unit: Uuid, grants: &[(String, Depth)]) -> Uuid {
        let row = Row::unsaved("role")
            .with("name", name)
            .with("businessunitid", Reference::new("businessunit", unit));
        let role = self.world.admin.create(row);
        self.world.allow(role, grants);
        role
    }
}

fn unit(id: Uuid) -> Reference {
    Reference::new("businessunit", id)
}

#[test]
fn a_user_leaves_the_roles_and_takes_the_rows() {
    let tree = Tree::new();
    let seller = tree.world.user("seller", tree.l1, &["Reader"]);
    let account = tree.world.account(user(&seller));
    let other = tree.world.account(user(&tree.world.admin));
    let reader = tree.world.role_in("Reader", tree.l1).id;
    assert_eq!(tree.lies(account), Some(tree.l1));
    let gone = tree.change(user(&seller), "businessunitid", unit(tree.s)).unwrap();
    assert_eq!(gone, [reader]);
    assert!(tree.roles_of("systemuserroles", "systemuserid", seller.id()).is_empty());
    assert_eq!(
        (tree.lies(account), tree.lies(other)),
        (Some(tree.s), Some(tree.world.root()))
    );
    let teams = tree
        .world
        .ids("teammembership", Filter::eq("systemuserid", seller.id()));
    assert_eq!(teams.len(), 1);
    let of_new = Filter::eq("systemuserid", seller.id()).and(Filter::eq("teamid", tree.world.default_team(tree.s)));
    assert_eq!(tree.world.ids("teammembership", of_new), teams);
    // Staying where one is takes nothing away.
    associate(
        &tree.world.admin,
        user(&seller),
        USER_ROLES,
        tree.world.role_in("Reader", tree.s),
    )
    .unwrap();
    assert!(
        tree.change(user(&seller), "businessunitid", unit(tree.s))
            .unwrap()
            .is_empty()
    );
    seller.count("account");
}

#[test]
fn a_team_leaves_the_roles_and_takes_the_rows() {
    let tree = Tree::new();
    let member = tree.world.user("member", tree.l1, &[]);
    let crew = tree.world.owner_team("Crew", tree.l1, &["Reader"], &[&member]);
    let account = tree.world.account(team(crew));
    let there = tree.world.account(user(&tree.world.user("other", tree.s, &["Reader"])));
    let gone = tree.change(team(crew), "businessunitid", unit(tree.s)).unwrap();
    assert_eq!(gone, [tree.world.role_in("Reader", tree.l1).id]);
    assert!(tree.roles_of("teamroles", "teamid", crew).is_empty());
    assert_eq!(tree.lies(account), Some(tree.s));
    assert_eq!(outcome(&member.try_get("account", there)), "0x80042F09");
    let default = tree.world.default_team(tree.l1);
    assert_eq!(
        outcome(&tree.change(team(default), "businessunitid", unit(tree.s))),
        "0x80048308"
    );
}

#[test]
fn managers_stay_above_those_who_report_to_them() {
    let tree = Tree::new();
    let [top, boss, near, below] = [
        ("top", tree.world.root()),
        ("boss", tree.l1),
        ("near", tree.l1),
        ("below", tree.l2),
    ]
    .map(|(name, unit)| tree.world.user(name, unit, &[]));
    let reports = |who: &Actor, to: &Actor| tree.change(user(who), "parentsystemuserid", user(to)).map(|_| ());
    reports(&boss, &top).unwrap();
    reports(&near, &boss).unwrap();
    reports(&below, &boss).unwrap();
    for (who, to) in [(&top, &top), (&boss, &near), (&top, &below)] {
        let error = reports(who, to).unwrap_err();
        assert_eq!(error.code().to_string(), "0x80041D25");
        assert_eq!(
            error.message(),
            "You cannot set the selected user as the manager for this user because the selected user is either already \
             the manager or is in the user's immediate management hierarchy.  Either select another user to be the \
             manager or do not update the record."
        );
    }
    let aside = tree.world.user("aside", tree.s, &[]);
    let error = reports(&near, &aside).unwrap_err();
    assert_eq!(
        (error.code().to_string().as_str(), error.message()),
        ("0x80041D07", "The user is not in parent user's business hierarchy.")
    );
    // The boss goes down to L2: who stayed above reports to the former manager.
    tree.change(user(&boss), "businessunitid", unit(tree.l2)).unwrap();
    assert_eq!(tree.manager_of(&near), Some(top.id()));
    assert_eq!(tree.manager_of(&below), Some(boss.id()));
    assert_eq!(tree.manager_of(&boss), Some(top.id()));
    // Who leaves the manager's hierarchy has none.
    reports(&near, &boss).unwrap_err();
    tree.change(user(&top), "businessunitid", unit(tree.s)).unwrap();
    assert_eq!((tree.manager_of(&near), tree.manager_of(&boss)), (None, None));
    tree.change(user(&below), "businessunitid", unit(tree.s)).unwrap();
    assert_eq!(tree.manager_of(&below), None);
    let new = Row::unsaved("systemuser")
        .with("domainname", "new")
        .with("lastname", "new")
        .with("businessunitid", unit(tree.l1))
        .with("parentsystemuserid", user(&aside));
    assert_eq!(outcome(&tree.world.admin.try_create(new)), "0x80041D07");
}

#[test]
fn a_unit_takes_what_lies_below_it_and_gets_the_roles_of_its_new_parents() {
    let tree = Tree::new();
    let world = &tree.world;
    let l3 = world.unit("L3", tree.l2);
    tree.role_at(
        "Of L1",
        tree.l1,
        &grants("Contact", &[Right::Read], Depth::BusinessUnit),
    );
    tree.role_at(
        "Of L2",
        tree.l2,
        &grants("Contact", &[Right::Read], Depth::BusinessUnit),
    );
    tree.role_at("Of S", tree.s, &grants("Lead", &[Right::Read], Depth::ParentChild));
    let seller = world.user("seller", l3, &["Reader", "Of L1", "Of L2"]);
    let boss = world.user("boss", tree.l1, &[]);
    tree.change(user(&seller), "parentsystemuserid", user(&boss)).unwrap();
    let account = world.account(user(&seller));
    let of_l1 = world.role_in("Of L1", l3).id;

    let gone = tree
        .change(unit(tree.l2), "parentbusinessunitid", unit(tree.s))
        .unwrap();
    assert_eq!(gone, [of_l1]);
    let names: BTreeSet<String> = ["System Administrator", "Reader", "Of L2", "Of S"]
        .map(str::to_owned)
        .into();
    for below in [tree.l2, l3] {
        assert_eq!(tree.names_in(below), names);
    }
    let held: BTreeSet<Uuid> = [world.role_in("Reader", l3).id, world.role_in("Of L2", l3).id].into();
    assert_eq!(tree.roles_of("systemuserroles", "systemuserid", seller.id()), held);
    let copy = world.admin.get("role", world.role_in("Of S", l3).id);
    assert_eq!(copy.id_of("parentroleid"), Some(world.role_in("Of S", tree.l2).id));
    let copy = world.admin.get("role", world.role_in("Reader", tree.l2).id);
    assert_eq!(copy.id_of("parentroleid"), Some(world.role_in("Reader", tree.s).id));
    assert_eq!((tree.lies(account), tree.manager_of(&seller)), (Some(l3), None));
    // What reaches below S reaches there.
    let chief = world.user("chief", tree.s, &["Of S"]);
    world.role("Owner", &grants("Lead", &[Right::Read], Depth::User));
    associate(&world.admin, user(&seller), USER_ROLES, world.role_in("Owner", l3)).unwrap();
    let lead = world.lead(user(&seller));
    chief.get("lead", lead);
    // A change of the root reaches the copies at their new place.
    world.forbid(world.admin.find("role", "Reader"), "prvReadAccount");
    assert_eq!(refusal(seller.try_get("account", account)), "0x80040220 prvReadAccount");
}

#[test]
fn a_unit_does_not_move_onto_a_role_of_one_name() {
    let tree = Tree::new();
    tree.role_at("Twin", tree.l2, &[]);
    tree.role_at("Twin", tree.s, &[]);
    let before = tree.names_in(tree.l2);
    assert_eq!(
        outcome(&tree.change(unit(tree.l2), "parentbusinessunitid", unit(tree.s))),
        "0x80040237"
    );
    assert_eq!(tree.names_in(tree.l2), before);
}

#[test]
fn units_below_one_parent_have_different_names() {
    let tree = Tree::new();
    let admin = &tree.world.admin;
    let make = |name: &str, parent: Uuid| {
        let row = Row::unsaved("businessunit").with("name", name);
        admin.try_create(row.with("parentbusinessunitid", unit(parent)))
    };
    let taken = "0x8004022A";
    assert_eq!(outcome(&make("s", tree.world.root())), taken);
    assert_eq!(outcome(&tree.change(unit(tree.s), "name", "L1")), taken);
    let twin = make("S", tree.l1).unwrap();
    assert_eq!(
        outcome(&tree.change(unit(twin), "parentbusinessunitid", unit(tree.world.root()))),
        taken
    );
    tree.change(unit(tree.s), "name", "South").unwrap();
    let default = admin.get("team", tree.world.default_team(tree.s));
    assert_eq!(default.text("name"), Some("South"));
}

#[test]
fn a_disabled_unit_stops_everybody_in_it_and_below_it() {
    let tree = Tree::new();
    let world = &tree.world;
    let [seller, below, outside] = [("seller", tree.l1), ("below", tree.l2), ("outside", tree.s)]
        .map(|(name, unit)| world.user(name, unit, &["Reader"]));
    let crew = world.owner_team("Crew", tree.l1, &["Reader"], &[&outside]);
    let (account, crews) = (world.account(user(&seller)), world.account(team(crew)));
    outside.get("account", crews);
    tree.change(unit(tree.l1), "isdisabled", true).unwrap();
    for stopped in [&seller, &below] {
        for result in [
            stopped.try_get("account", account).map(|_| ()),
            stopped.0.execute(Request::new("WhoAmI")).map(|_| ()),
        ] {
            let error = result.unwrap_err();
            assert_eq!(
                (error.code().to_string().as_str(), error.message()),
                (
                    "0x80040225",
                    "The specified user is either disabled or is not a member of any business unit."
                )
            );
        }
    }
    // A team of the unit gives nothing any more.
    assert_eq!(refusal(outside.try_get("account", crews)), "0x80048306 prvReadAccount");

    let mine = Reference::new("account", world.account(user(&world.admin)));
    let elsewhere = "0x8004032D";
    for owner in [user(&seller), team(crew), user(&below)] {
        let error = assign(&world.admin, mine.clone(), owner.clone()).unwrap_err();
        assert_eq!(
            (error.code().to_string().as_str(), error.message()),
            (
                elsewhere,
                "The specified business unit cannot be assigned to because it is disabled."
            )
        );
        let new = Row::unsaved("account")
            .with("name", "Litware, Inc.")
            .with("ownerid", owner);
        assert_eq!(outcome(&world.admin.try_create(new)), elsewhere);
    }
    assert_eq!(
        outcome(&tree.change(user(&outside), "businessunitid", unit(tree.l2))),
        elsewhere
    );
    let other = world.owner_team("Other", tree.s, &[], &[]);
    assert_eq!(
        outcome(&tree.change(team(other), "businessunitid", unit(tree.l1))),
        elsewhere
    );
    let error = tree
        .change(unit(tree.s), "parentbusinessunitid", unit(tree.l1))
        .unwrap_err();
    assert_eq!(
        (error.code().to_string().as_str(), error.message()),
        ("0x8004032C", "The specified business unit is disabled.")
    );
    // The rows keep their owners, and work again with the unit.
    assert_eq!(world.admin.get("account", account).id_of("ownerid"), Some(seller.id()));
    tree.change(unit(tree.l1), "isdisabled", false).unwrap();
    seller.get("account", account);
    below.count("account");
    outside.get("account", crews);
}

#[test]
fn a_unit_is_deleted_once_it_is_disabled_and_empty() {
    let tree = Tree::new();
    let (world, admin) = (&tree.world, &tree.world.admin);
    let delete = |id: Uuid| {
        admin
            .try_delete("businessunit", id)
            .map_err(|error| (error.code().to_string(), error.message().to_owned()))
    };
    let refused = |id: Uuid, code: &str, text: &str| {
        let (got, message) = delete(id).unwrap_err();
        assert_eq!((got.as_str(), message.as_str()), (code, text));
    };
    refused(tree.s, "0x80041D60", "Not disabled business unit cannot be deleted.");
    let disable = |id: Uuid| tree.change(unit(id), "isdisabled", true).map(|_| ());
    disable(tree.l1).unwrap();
    refused(
        tree.l1,
        "0x80041D61",
        "Business unit has a child business unit and cannot be deleted.",
    );

    let seller = world.user("seller", tree.s, &[]);
    let crew = world.owner_team("Crew", tree.s, &[], &[]);
    let default = world.default_team(tree.s);
    associate(admin, team(default), TEAM_ROLES, world.role_in("Reader", tree.s)).unwrap();
    let account = world.account(team(default));
    disable(tree.s).unwrap();
    assert_eq!(delete(tree.s).unwrap_err().0, "0x80040227");
    tree.change(user(&seller), "businessunitid", unit(world.root()))
        .unwrap();
    assert_eq!(delete(tree.s).unwrap_err().0, "0x80040227");
    admin.try_delete("team", crew).unwrap();
    refused(
        tree.s,
        "0x80041D62",
        &format!(
            "Business unit default team owns records. Business unit (Id = {}) cannot be deleted. Reassign the records \
             owned by default team and try again.",
            tree.s
        ),
    );
    assign(admin, Reference::new("account", account), user(admin)).unwrap();
    delete(tree.s).unwrap();
    assert!(world.ids("role", Filter::eq("businessunitid", tree.s)).is_empty());
    assert!(world.ids("team", Filter::eq("businessunitid", tree.s)).is_empty());
}
