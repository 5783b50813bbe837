//! Nobody gives what they do not hold: roles, privileges, memberships, steps that run as somebody.

use sluice_model::{Depth, Error, Parameter, Query, Reference, Request, Right, Row, Uuid, Value};
use sluice_tests::Actor;

use crate::world::{Security, add_privileges, associate, grant, grants, outcome, refusal, team, user};

const USER_ROLES: &str = "systemuserroles_association";
const TEAM_ROLES: &str = "teamroles_association";
const MEMBERS: &str = "teammembership_association";
const ADMINISTRATOR: &str = "System Administrator";
pub(super) const DENIED: &str = "0x80040220";

/// Root ▸ L1 ▸ L2 and Root ▸ S; in L1 a caller who keeps users, teams, roles and steps there.
pub(super) struct Tree {
    pub(super) world: Security,
    pub(super) l1: Uuid,
    pub(super) l2: Uuid,
    pub(super) s: Uuid,
    pub(super) caller: Actor,
    pub(super) peer: Actor,
}

/// What an administrator of one business unit may do there, and nothing of what is done with it.
fn desk() -> Vec<(String, Depth)> {
    let tables = ["User", "Role", "Team"].map(|table| grants(table, &Right::ALL, Depth::ParentChild));
    let registry = [
        "SdkMessageProcessingStep",
        "SdkMessageProcessingStepImage",
        "SdkMessageProcessingStepSecureConfig",
        "PluginAssembly",
        "PluginType",
        "SdkMessage",
        "SdkMessageFilter",
        "Privilege",
    ]
    .map(|table| {
        let rights: Vec<Right> = Right::ALL
            .into_iter()
            .filter(|right| !matches!(right, Right::Assign | Right::Share))
            .collect();
        grants(table, &rights, Depth::Organization)
    });
    let units = grants("BusinessUnit", &[Right::Read, Right::AppendTo], Depth::ParentChild);
    [
        tables.concat(),
        registry.concat(),
        units,
        vec![grant("prvReparentUser", Depth::Organization)],
    ]
    .concat()
}

impl Tree {
    pub(super) fn new() -> Self {
        Self::with(&[])
    }

    /// The caller holds these as well.
    pub(super) fn with(more: &[(String, Depth)]) -> Self {
        let world = Security::new();
        let l1 = world.unit("L1", world.root());
        let (l2, s) = (world.unit("L2", l1), world.unit("S", world.root()));
        world.role("Desk", &[desk(), more.to_vec()].concat());
        let caller = world.user("caller", l1, &["Desk"]);
        let peer = world.user("peer", l1, &[]);
        Self {
            world,
            l1,
            l2,
            s,
            caller,
            peer,
        }
    }

    pub(super) fn role(&self, name: &str, grants: &[(String, Depth)]) -> Reference {
        self.world.role(name, grants);
        self.world.role_in(name, self.l1)
    }
}

/// The platform's own words, with these parts.
#[track_caller]
pub(super) fn says(error: &Error, caller: &Actor, unit: Uuid, parts: &[String]) {
    let text = error.message();
    let begin = format!(
        "RoleService::VerifyCallerPrivileges failed. User: {}, UserBU: {unit}, PrivilegeName: prv",
        caller.id()
    );
    assert!(text.starts_with(&begin), "{text}");
    for part in parts {
        assert!(text.contains(part.as_str()), "no `{part}` in {text}");
    }
    assert_eq!(error.code().to_string(), DENIED);
}

#[test]
fn a_role_is_given_by_who_holds_what_is_in_it() {
    let tree = Tree::with(&grants("Account", &[Right::Read, Right::Write], Depth::BusinessUnit));
    let give = |role: Reference, to: &Actor| associate(&tree.caller, user(to), USER_ROLES, role);
    let administrator = tree.world.role_in(ADMINISTRATOR, tree.l1);
    for to in [&tree.caller, &tree.peer] {
        let error = give(administrator.clone(), to).unwrap_err();
        let parts = ["Depth: Global".to_owned(), format!("BusinessUnitId: {}", tree.l1)];
        says(&error, &tree.caller, tree.l1, &parts);
    }
    let weaker = tree.role("Weaker", &grants("Account", &[Right::Read], Depth::User));
    let same = tree.role(
        "Same",
        &grants("Account", &[Right::Read, Right::Write], Depth::BusinessUnit),
    );
    let deeper = tree.role(
        "Deeper",
        &grants("Account", &[Right::Read, Right::Write], Depth::ParentChild),
    );
    let other = tree.role(
        "Other",
        &[
            grants("Account", &[Right::Read], Depth::User),
            grants("Contact", &Right::ALL, Depth::User),
        ]
        .concat(),
    );
    give(weaker, &tree.peer).unwrap();
    give(same, &tree.peer).unwrap();
    let id = tree.world.admin.find("privilege", "prvReadAccount");
    says(
        &give(deeper, &tree.peer).unwrap_err(),
        &tree.caller,
        tree.l1,
        &[
            format!(
                "PrivilegeName: prvReadAccount, PrivilegeId: {id}, Depth: Deep, BusinessUnitId: {}",
                tree.l1
            ),
            "MissingPrivilegeCount: 2".to_owned(),
        ],
    );
    let error = give(other, &tree.peer).unwrap_err();
    says(
        &error,
        &tree.caller,
        tree.l1,
        &[
            "PrivilegeName: prvAppendContact".to_owned(),
            "MissingPrivilegeCount: 8".to_owned(),
        ],
    );
    assert_eq!(
        (error.body().privilege.as_deref(), error.body().depth),
        (Some("prvAppendContact"), Some(Depth::User))
    );
}

#[test]
fn a_role_of_a_unit_below_is_given_by_who_reaches_it() {
    let tree = Tree::with(
        &[
            grants("Account", &[Right::Read], Depth::BusinessUnit),
            grants("Contact", &[Right::Read], Depth::ParentChild),
        ]
        .concat(),
    );
    tree.world
        .role("Accounts", &grants("Account", &[Right::Read], Depth::User));
    tree.world
        .role("Contacts", &grants("Contact", &[Right::Read], Depth::ParentChild));
    let below = tree.world.user("below", tree.l2, &[]);
    let give = |name: &str| {
        associate(
            &tree.caller,
            user(&below),
            USER_ROLES,
            tree.world.role_in(name, tree.l2),
        )
    };
    says(
        &give("Accounts").unwrap_err(),
        &tree.caller,
        tree.l1,
        &["Depth: Basic".to_owned(), format!("BusinessUnitId: {}", tree.l2)],
    );
    give("Contacts").unwrap();
}

#[test]
fn what_comes_through_a_team_is_held_in_the_units_of_the_team() {
    let tree = Tree::new();
    tree.world
        .role("Far", &grants("Account", &[Right::Read], Depth::BusinessUnit));
    tree.world
        .role_with_inheritance("Team only", &grants("Contact", &[Right::Read], Depth::User), 0);
    tree.world.owner_team("Elsewhere", tree.s, &["Far"], &[&tree.caller]);
    tree.world.owner_team("Here", tree.l1, &["Team only"], &[&tree.caller]);
    let give = |name: &str| {
        associate(
            &tree.caller,
            user(&tree.peer),
            USER_ROLES,
            tree.world.role_in(name, tree.l1),
        )
    };
    for name in ["Far", "Team only"] {
        assert_eq!(outcome(&give(name)), DENIED, "{name}");
    }
    // The members of its own team it may choose: they get no more than it has itself.
    let here = tree.world.admin.find("team", "Here");
    associate(&tree.caller, team(here), MEMBERS, user(&tree.peer)).unwrap();
}

#[test]
fn giving_needs_rights_on_the_role_and_on_the_holder_besides() {
    let tree = Tree::with(&grants("Account", &[Right::Read], Depth::BusinessUnit));
    let role = tree.role("Reader", &grants("Account", &[Right::Read], Depth::User));
    let desk = tree.world.admin.find("role", "Desk");
    let crew = tree.world.owner_team("Crew", tree.l1, &[], &[]);
    let needed = [
        ("prvReadRole", true, true),
        ("prvAssignRole", true, true),
        ("prvReadUser", true, false),
        ("prvAppendUser", true, false),
        ("prvAppendToUser", true, false),
        ("prvReadTeam", false, true),
        ("prvAppendTeam", false, true),
        ("prvAppendToTeam", false, true),
    ];
    for (privilege, of_user, of_team) in needed {
        tree.world.forbid(desk, privilege);
        let to_user = associate(&tree.caller, user(&tree.peer), USER_ROLES, role.clone());
        let to_team = associate(&tree.caller, team(crew), TEAM_ROLES, role.clone());
        for (result, expected) in [(to_user, of_user), (to_team, of_team)] {
            match expected {
                true => assert_eq!(refusal(result), format!("{DENIED} {privilege}")),
                false => result.unwrap(),
            }
        }
        tree.world.allow(desk, &[grant(privilege, Depth::ParentChild)]);
    }
    associate(&tree.caller, user(&tree.peer), USER_ROLES, role).unwrap();
}

#[test]
fn a_privilege_is_granted_by_who_holds_it_wherever_the_role_has_a_copy() {
    let tree = Tree::with(
        &[
            grants("Account", &[Right::Read], Depth::BusinessUnit),
            grants("Contact", &[Right::Read], Depth::ParentChild),
        ]
        .concat(),
    );
    let row = Row::unsaved("role")
        .with("name", "Mine")
        .with("businessunitid", Reference::new("businessunit", tree.l1));
    let mine = tree.caller.create(row);
    let add = |role: Uuid, privilege: &str, depth: Depth| {
        tree.caller.0.execute(add_privileges(role, &[grant(privilege, depth)]))
    };
    add(mine, "prvReadContact", Depth::ParentChild).unwrap();
    for depth in [Depth::BusinessUnit, Depth::User] {
        let error = add(mine, "prvReadAccount", depth).unwrap_err();
        says(&error, &tree.caller, tree.l1, &[format!("BusinessUnitId: {}", tree.l2)]);
    }
    for (privilege, depth) in [
        ("prvReadContact", Depth::Organization),
        ("prvReadAccount", Depth::Organization),
        ("prvDeleteAccount", Depth::User),
        ("prvActOnBehalfOfAnotherUser", Depth::Organization),
    ] {
        assert_eq!(outcome(&add(mine, privilege, depth)), DENIED, "{privilege}");
    }
    // The role that the caller itself holds is at the root, out of its reach; with Write there the
    // answer is the same.
    let desk = tree.world.admin.find("role", "Desk");
    tree.world
        .allow(desk, &grants("Role", &[Right::Write], Depth::Organization));
    let error = add(desk, "prvReadAccount", Depth::Organization).unwrap_err();
    says(&error, &tree.caller, tree.l1, &["MissingPrivilegeCount: 1".to_owned()]);
}

#[test]
fn members_are_given_what_their_team_holds() {
    let tree = Tree::new();
    let bosses = tree.world.owner_team("Bosses", tree.l1, &[ADMINISTRATOR], &[]);
    let join = |member: &Actor| {
        let members = Parameter::References(vec![user(member)]);
        let request = Request::new("AddMembersTeam").with("TeamId", Value::Id(bosses));
        tree.caller.0.execute(request.with("MemberIds", members)).map(|_| ())
    };
    for member in [&tree.caller, &tree.peer] {
        says(&join(member).unwrap_err(), &tree.caller, tree.l1, &[]);
        let linked = associate(&tree.caller, team(bosses), MEMBERS, user(member));
        says(&linked.unwrap_err(), &tree.caller, tree.l1, &[]);
        let linked = associate(&tree.caller, user(member), MEMBERS, team(bosses));
        says(&linked.unwrap_err(), &tree.caller, tree.l1, &[]);
    }
    // A team without roles gives nothing.
    let crew = tree.world.owner_team("Crew", tree.l1, &[], &[]);
    associate(&tree.caller, team(crew), MEMBERS, user(&tree.peer)).unwrap();
    // As an access team it gives nothing either, until it is an owner team again.
    tree.world
        .admin
        .update(Row::new("team", bosses).with("teamtype", Value::Choice(1)));
    says(&join(&tree.caller).unwrap_err(), &tree.caller, tree.l1, &[]);
}

#[test]
fn whoever_comes_into_a_unit_is_given_what_its_default_team_holds() {
    let tree = Tree::with(&grants("User", &[Right::Write], Depth::Organization));
    tree.world
        .role("Rich", &grants("Account", &Right::ALL, Depth::Organization));
    let default = tree.world.default_team(tree.l2);
    associate(
        &tree.world.admin,
        team(default),
        TEAM_ROLES,
        tree.world.role_in("Rich", tree.l2),
    )
    .unwrap();
    let to = |unit: Uuid| Reference::new("businessunit", unit);
    for id in [tree.caller.id(), tree.peer.id()] {
        let moved = tree
            .caller
            .try_update(Row::new("systemuser", id).with("businessunitid", to(tree.l2)));
        says(
            &moved.unwrap_err(),
            &tree.caller,
            tree.l1,
            &["MissingPrivilegeCount: 8".to_owned()],
        );
    }
    let new = Row::unsaved("systemuser")
        .with("domainname", "double")
        .with("lastname", "double");
    let made = tree.caller.try_create(new.clone().with("businessunitid", to(tree.l2)));
    says(&made.unwrap_err(), &tree.caller, tree.l1, &[]);
    tree.caller.create(new.with("businessunitid", to(tree.l1)));
}

#[test]
fn a_role_that_becomes_its_members_own_gives_them_its_privileges() {
    let tree = Tree::with(&grants("Role", &[Right::Write], Depth::Organization));
    let wide = |role: Uuid| {
        tree.caller
            .try_update(Row::new("role", role).with("isinherited", Value::Choice(1)))
    };
    let rich = tree
        .world
        .role_with_inheritance("Rich", &grants("Account", &[Right::Read], Depth::User), 0);
    says(&wide(rich).unwrap_err(), &tree.caller, tree.l1, &[]);
    let poor = tree.world.role_with_inheritance("Poor", &[], 0);
    wide(poor).unwrap();
}

#[test]
fn the_role_that_may_do_everything_stays_as_it_is() {
    let tree = Tree::new();
    let admin = &tree.world.admin;
    let roles = tree.world.ids("role", sluice_model::Filter::eq("name", ADMINISTRATOR));
    assert_eq!(roles.len(), 4);
    let root = admin.find("role", ADMINISTRATOR);
    let template = Uuid::from_u128(0x6270_90ff_40a3_4053_8790_584e_dc5b_e201);
    for role in &roles {
        assert_eq!(admin.get("role", *role).id_of("roletemplateid"), Some(template));
        for row in [
            Row::new("role", *role).with("name", "Chief"),
            Row::new("role", *role).with("isinherited", Value::Choice(0)),
        ] {
            let error = admin.try_update(row).unwrap_err();
            assert_eq!(
                (error.code().to_string().as_str(), error.message()),
                ("0x80041D31", "The System Administrator Role cannot be modified.")
            );
        }
        let error = admin.try_delete("role", *role).unwrap_err();
        assert_eq!(
            (error.code().to_string().as_str(), error.message()),
            ("0x80041D2E", "The System Administrator Role cannot be deleted.")
        );
    }
    for depth in Depth::ALL {
        let lowered = admin.0.execute(add_privileges(root, &[grant("prvWriteRole", depth)]));
        assert_eq!(outcome(&lowered), "0x80041D31");
    }
    let removed = admin.0.execute(tree.world.remove_privilege(root, "prvWriteRole"));
    assert_eq!(outcome(&removed), "0x80041D31");
    let stolen = Row::unsaved("role")
        .with("name", "Chief")
        .with("roletemplateid", template)
        .with("businessunitid", Reference::new("businessunit", tree.world.root()));
    assert_eq!(outcome(&admin.try_create(stolen)), "0x80040235");
}

#[test]
fn a_role_is_deleted_by_who_may_delete_it_with_all_its_copies() {
    let tree = Tree::new();
    let desk = tree.world.admin.find("role", "Desk");
    tree.world.forbid(desk, "prvDeleteRole");
    tree.world
        .allow(desk, &grants("Role", &[Right::Delete], Depth::BusinessUnit));
    let row = Row::unsaved("role")
        .with("name", "Mine")
        .with("businessunitid", Reference::new("businessunit", tree.l1));
    let mine = tree.caller.create(row);
    assert_eq!(
        tree.world.ids("role", sluice_model::Filter::eq("name", "Mine")).len(),
        2
    );
    tree.caller.try_delete("role", mine).unwrap();
    assert!(
        tree.world
            .ids("role", sluice_model::Filter::eq("name", "Mine"))
            .is_empty()
    );
}

#[test]
fn what_belongs_to_the_organisation_is_neither_shared_nor_assigned() {
    let tree = Tree::new();
    let admin = &tree.world.admin;
    for privilege in [
        "prvShareTransactionCurrency",
        "prvAssignTransactionCurrency",
        "prvSharePrivilege",
    ] {
        let there = tree.world.ids("privilege", sluice_model::Filter::eq("name", privilege));
        assert!(there.is_empty(), "{privilege}");
    }
    let base = admin
        .list(Query::new("transactioncurrency").columns(&[]))
        .remove(0)
        .reference();
    let peer = user(&tree.peer);
    let requests = [
        Request::new("GrantAccess")
            .with("Target", base.clone())
            .with("Principal", peer.clone())
            .with("AccessMask", "ReadAccess"),
        Request::new("RevokeAccess")
            .with("Target", base.clone())
            .with("Revokee", peer.clone()),
        Request::new("Assign")
            .with("Target", base)
            .with("Assignee", peer.clone()),
        Request::new("GrantAccess")
            .with("Target", user(&tree.caller))
            .with("Principal", peer)
            .with("AccessMask", "ReadAccess"),
    ];
    for request in requests {
        let message = request.message.clone();
        let error = admin.0.execute(request).unwrap_err();
        assert_eq!(error.code().to_string(), "0x80040800");
        let text = format!("The '{message}' method does not support entities of type '");
        assert!(error.message().starts_with(&text), "{error}");
    }
}

#[test]
fn a_row_always_belongs_to_somebody() {
    let tree = Tree::new();
    let account = tree.world.account(user(&tree.world.admin));
    let nobody = tree
        .world
        .admin
        .try_update(Row::new("account", account).with("ownerid", Value::Null));
    assert_eq!(outcome(&nobody), "0x80040200");
    let new = Row::unsaved("account")
        .with("name", "Nobody's")
        .with("ownerid", Value::Null);
    assert_eq!(outcome(&tree.world.admin.try_create(new)), "0x80040200");
}
