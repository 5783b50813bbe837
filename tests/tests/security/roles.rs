//! Roles and their copies in the business units below, and who may edit
//! them.

use std::collections::BTreeSet;

use sluice_model::{Depth, Filter, Parameter, Query, Reference, Request, Right, Row, Uuid, Value};

use crate::world::{Security, add_privileges, associate, disassociate, grant, grants, outcome, refusal, team, user};

const USER_ROLES: &str = "systemuserroles_association";
const TEAM_ROLES: &str = "teamroles_association";
const INHERITED: &str = "0x80044152";
const OTHER_UNIT: &str = "0x8004140D";
const OTHER_UNIT_USER: &str = "0x80041409";

/// Two units, one below the other, and a role at the root.
struct Tree {
    world: Security,
    units: Vec<Uuid>,
    role: Uuid,
}

impl Tree {
    fn new() -> Self {
        let world = Security::new();
        let west = world.unit("West", world.root());
        let coast = world.unit("Coast", west);
        let role = world.role("Reader", &grants("Account", &[Right::Read], Depth::User));
        Self {
            world,
            units: vec![west, coast],
            role,
        }
    }

    fn copies(&self) -> Vec<Uuid> {
        self.units
            .iter()
            .map(|unit| self.world.role_in("Reader", *unit).id)
            .collect()
    }

    fn held(&self, role: Uuid) -> BTreeSet<(Uuid, i32)> {
        let query = Query::new("roleprivileges").filter(Filter::eq("roleid", role));
        let rows = self.world.system().list(query);
        rows.iter()
            .map(|row| {
                (
                    row.id_of("privilegeid").unwrap(),
                    row.int("privilegedepthmask").unwrap(),
                )
            })
            .collect()
    }
}

#[test]
fn every_unit_has_a_copy_of_the_roles_above_it() {
    let mut tree = Tree::new();
    tree.units.push(tree.world.unit("Later", tree.units[1]));
    let above = [vec![tree.role], tree.copies()].concat();
    for (parent, copy) in above.iter().zip(tree.copies()) {
        let row = tree.world.admin.get("role", copy);
        assert_eq!(row.id_of("parentroleid"), Some(*parent));
        assert_eq!(row.id_of("parentrootroleid"), Some(tree.role));
        assert_eq!(tree.held(copy), tree.held(tree.role));
    }
    assert_eq!(tree.held(tree.role).len(), 1);
}

#[test]
fn changes_at_the_root_reach_every_copy() {
    let tree = Tree::new();
    let copies = tree.copies();
    tree.world.allow(
        tree.role,
        &grants("Contact", &[Right::Read, Right::Write], Depth::ParentChild),
    );
    tree.world
        .allow(tree.role, &grants("Account", &[Right::Read], Depth::BusinessUnit));
    tree.world.forbid(tree.role, "prvWriteContact");
    let row = Row::new("role", tree.role)
        .with("name", "Keeper")
        .with("isinherited", Value::Choice(0));
    tree.world.admin.update(row);
    let masks: Vec<i32> = tree.held(tree.role).into_iter().map(|(_, mask)| mask).collect();
    assert_eq!(
        masks.iter().sum::<i32>(),
        Depth::BusinessUnit.mask() + Depth::ParentChild.mask()
    );
    for copy in copies {
        let row = tree.world.admin.get("role", copy);
        assert_eq!((row.text("name"), row.int("isinherited")), (Some("Keeper"), Some(0)));
        assert_eq!(tree.held(copy), tree.held(tree.role));
    }
}

#[test]
fn a_privilege_added_at_the_root_counts_for_who_holds_a_copy() {
    let tree = Tree::new();
    let seller = tree.world.user("seller", tree.units[1], &["Reader"]);
    let row = Row::unsaved("account").with("name", "Litware, Inc.");
    assert_eq!(refusal(seller.try_create(row.clone())), "0x80040220 prvCreateAccount");
    tree.world
        .allow(tree.role, &grants("Account", &[Right::Create], Depth::User));
    let account = seller.create(row);
    tree.world.forbid(tree.role, "prvReadAccount");
    assert_eq!(refusal(seller.try_get("account", account)), "0x80040220 prvReadAccount");
}

#[test]
fn a_copy_cannot_be_changed() {
    let tree = Tree::new();
    let (admin, copy) = (&tree.world.admin, tree.copies()[1]);
    let root = Reference::new("businessunit", tree.world.root());
    let before = (admin.get("role", copy), tree.held(copy));
    assert_eq!(
        outcome(&admin.try_update(Row::new("role", copy).with("name", "Mine"))),
        INHERITED
    );
    assert_eq!(outcome(&admin.try_delete("role", copy)), INHERITED);
    let more = add_privileges(copy, &grants("Account", &[Right::Write], Depth::User));
    assert_eq!(outcome(&admin.0.execute(more)), INHERITED);
    assert_eq!(
        outcome(&admin.0.execute(tree.world.remove_privilege(copy, "prvReadAccount"))),
        INHERITED
    );
    let moved = associate(admin, Reference::new("role", copy), "role.businessunitid", root);
    assert_eq!(outcome(&moved), INHERITED);
    assert_eq!((admin.get("role", copy), tree.held(copy)), before);
}

#[test]
fn a_role_that_is_deleted_takes_its_copies_along() {
    let tree = Tree::new();
    let seller = tree.world.user("seller", tree.units[1], &["Reader"]);
    tree.world.admin.try_delete("role", tree.role).unwrap();
    assert_eq!(tree.world.ids("role", Filter::eq("name", "Reader")), BTreeSet::new());
    assert_eq!(outcome(&seller.0.list(Query::new("account"))), "0x80042F09");
}

#[test]
fn a_role_of_another_unit_is_refused() {
    let tree = Tree::new();
    let (west, coast) = (tree.units[0], tree.units[1]);
    let seller = tree.world.user("seller", coast, &[]);
    let crew = tree.world.owner_team("Crew", coast, &[], &[]);
    for unit in [west, tree.world.root()] {
        let role = tree.world.role_in("Reader", unit);
        let by_user = associate(&tree.world.admin, user(&seller), USER_ROLES, role.clone());
        let by_user = by_user.unwrap_err();
        assert_eq!(by_user.code().to_string(), OTHER_UNIT_USER);
        assert_eq!(
            by_user.message(),
            format!(
                "The user with id={} belongs to a different business unit={coast} than the role with roleId={} and \
                 rolebusinessUnit={unit}.",
                seller.id(),
                role.id
            )
        );
        let by_team = associate(&tree.world.admin, team(crew), TEAM_ROLES, role.clone()).unwrap_err();
        assert_eq!(by_team.code().to_string(), OTHER_UNIT);
        assert_eq!(
            by_team.message(),
            format!(
                "The team with id={crew} belongs to a different business unit={coast} than the role with roleId={} and \
                 roleBusinessUnit={unit}.",
                role.id
            )
        );
        let from_the_role = associate(&tree.world.admin, role, USER_ROLES, user(&seller));
        assert_eq!(outcome(&from_the_role), OTHER_UNIT_USER);
    }
}

#[test]
fn who_moves_to_another_unit_leaves_the_roles_behind() {
    let tree = Tree::new();
    let (west, coast) = (tree.units[0], tree.units[1]);
    let seller = tree.world.user("seller", coast, &["Reader"]);
    seller.count("account");
    let moved = Row::new("systemuser", seller.id()).with("businessunitid", Reference::new("businessunit", west));
    tree.world.admin.update(moved.clone());
    assert_eq!(outcome(&seller.0.list(Query::new("account"))), "0x80042F09");
    associate(
        &tree.world.admin,
        user(&seller),
        USER_ROLES,
        tree.world.role_in("Reader", west),
    )
    .unwrap();
    tree.world.admin.update(moved);
    seller.count("account");
}

#[test]
fn a_role_that_is_taken_away_gives_nothing_any_more() {
    let tree = Tree::new();
    let seller = tree.world.user("seller", tree.units[0], &["Reader"]);
    let role = tree.world.role_in("Reader", tree.units[0]);
    seller.count("account");
    disassociate(&tree.world.admin, user(&seller), USER_ROLES, role).unwrap();
    assert_eq!(outcome(&seller.0.list(Query::new("account"))), "0x80042F09");
}

#[test]
fn what_belongs_to_the_organisation_is_granted_at_organization_or_not_at_all() {
    let tree = Tree::new();
    for depth in Depth::ALL {
        let request = add_privileges(tree.role, &[grant("prvReadTransactionCurrency", depth)]);
        let expected = if depth == Depth::Organization {
            "ok"
        } else {
            "0x8004140B"
        };
        assert_eq!(
            outcome(&tree.world.admin.0.execute(request)),
            expected,
            "{}",
            depth.label()
        );
    }
}

#[test]
fn a_salesperson_edits_no_roles() {
    let world = Security::sample();
    let seller = world.organisation.actor("seller.west");
    let role = world.admin.find("role", "Salesperson");
    let own = associate(&seller, user(&seller), USER_ROLES, Reference::new("role", role));
    assert_eq!(refusal(own), "0x80040220 prvAppendUser");
    let more = add_privileges(role, &grants("Account", &[Right::Delete], Depth::Organization));
    assert_eq!(refusal(seller.0.execute(more)), "0x80040220 prvWriteRole");
    assert_eq!(
        refusal(seller.0.execute(world.remove_privilege(role, "prvReadLead"))),
        "0x80040220 prvWriteRole"
    );
    let new = Row::unsaved("role")
        .with("name", "Own")
        .with("businessunitid", Reference::new("businessunit", world.root()));
    assert_eq!(refusal(seller.try_create(new)), "0x80040220 prvCreateRole");
    let members = Parameter::References(vec![user(&seller)]);
    let join = Request::new("AddMembersTeam").with("TeamId", Value::Id(world.default_team(world.root())));
    assert_eq!(
        refusal(seller.0.execute(join.with("MemberIds", members))),
        "0x80040220 prvWriteTeam"
    );
    let elsewhere =
        Row::new("systemuser", seller.id()).with("businessunitid", Reference::new("businessunit", world.root()));
    assert_eq!(refusal(seller.try_update(elsewhere)), "0x80040220 prvWriteUser");
}

/// Who makes roles makes none that is taken for another one.
#[test]
fn a_role_does_not_look_like_another_one() {
    let world = Security::new();
    world.role("Reader", &[]);
    let root = Reference::new("businessunit", world.root());
    let named = |name: &str| {
        let row = Row::unsaved("role")
            .with("name", name)
            .with("businessunitid", root.clone());
        outcome(&world.admin.try_create(row))
    };
    for name in [
        "Reader",
        "READER",
        "Reader ",
        "Rea\u{200b}der",
        "System Administrat\u{43e}r",
    ] {
        assert_eq!(named(name), "0x80040237", "{name:?}");
    }
    assert_eq!(named("Readers"), "ok");
}
