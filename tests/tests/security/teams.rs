//! Roles that come through teams, and what each kind of team can hold.

use sluice_model::{Depth, Filter, Parameter, Query, Reference, Request, Right, Row, Uuid, Value};
use sluice_sales::qualify::Choices;
use sluice_tests::Actor;

use crate::world::{
    Security, assign, associate, disassociate, grants, outcome, qualify, qualifying, refusal, team, user,
};

const ALL_BUT_SHARE: [Right; 7] = [
    Right::Create,
    Right::Read,
    Right::Write,
    Right::Delete,
    Right::Assign,
    Right::Append,
    Right::AppendTo,
];

/// A user whose only role comes through a team, at User depth.
fn member(world: &Security, inheritance: i32) -> (Actor, Uuid) {
    let privileges = [qualifying(Depth::User), grants("Account", &ALL_BUT_SHARE, Depth::User)].concat();
    world.role_with_inheritance("Through the team", &privileges, inheritance);
    let member = world.user("member", world.root(), &[]);
    let crew = world.owner_team("Crew", world.root(), &["Through the team"], &[&member]);
    (member, crew)
}

#[test]
fn a_direct_user_role_of_a_team_reaches_the_members_own_rows_and_the_teams() {
    let world = Security::new();
    let (member, crew) = member(&world, 1);
    for owner in [user(&member), team(crew)] {
        let lead = world.lead(owner);
        qualify(&member, lead, &Choices::default()).unwrap();
    }
    member.create(Row::unsaved("account").with("name", "Own"));
    assert_eq!(member.count("account"), 3);
}

#[test]
fn a_team_only_role_reaches_the_teams_rows_and_no_others() {
    let world = Security::new();
    let (member, crew) = member(&world, 0);
    let (own, teams) = (world.account(user(&member)), world.account(team(crew)));
    assert_eq!(refusal(member.try_get("account", own)), "0x80048306 prvReadAccount");
    member.get("account", teams);
    assert_eq!(
        member
            .list(Query::new("account").columns(&[]))
            .iter()
            .map(|row| row.id)
            .collect::<Vec<_>>(),
        [teams]
    );

    let for_me = Row::unsaved("account").with("name", "Own");
    assert_eq!(
        refusal(member.try_create(for_me.clone())),
        "0x80048306 prvCreateAccount"
    );
    member.create(for_me.with("ownerid", team(crew)));

    let lead = world.lead(user(&member));
    assert_eq!(
        refusal(qualify(&member, lead, &Choices::default())),
        "0x80048306 prvReadLead"
    );
}

#[test]
fn the_most_permissive_of_direct_and_team_roles_wins() {
    let world = Security::new();
    let (near, far) = (world.unit("Near", world.root()), world.unit("Far", world.root()));
    world.role("Shallow", &grants("Account", &[Right::Read], Depth::User));
    world.role("Deep", &grants("Account", &[Right::Read], Depth::BusinessUnit));
    let seller = world.user("seller", near, &["Shallow"]);
    let neighbour = world.user("neighbour", near, &["Shallow"]);
    let stranger = world.user("stranger", far, &["Shallow"]);
    let (neighbours, strangers) = (world.account(user(&neighbour)), world.account(user(&stranger)));
    assert_eq!(seller.count("account"), 0);

    world.owner_team("Far readers", far, &["Deep"], &[&seller]);
    seller.get("account", strangers);
    assert_eq!(
        refusal(seller.try_get("account", neighbours)),
        "0x80048306 prvReadAccount"
    );
    world.owner_team("Near readers", near, &["Deep"], &[&seller]);
    seller.get("account", neighbours);
    assert_eq!(seller.count("account"), 2);
}

#[test]
fn a_role_through_a_team_is_shown_with_its_team() {
    let world = Security::new();
    let (member, _) = member(&world, 1);
    let refused = member.try_delete("contact", Uuid::nil()).unwrap_err();
    assert_eq!(
        refused.body().principal.as_ref().unwrap().roles,
        ["Through the team (via team Crew)"]
    );
}

#[test]
fn who_leaves_the_team_loses_its_role() {
    let world = Security::new();
    let (member, crew) = member(&world, 1);
    member.count("account");
    let request = Request::new("RemoveMembersTeam").with("TeamId", Value::Id(crew));
    world
        .admin
        .0
        .execute(request.with("MemberIds", Parameter::References(vec![user(&member)])))
        .unwrap();
    let refused = member.0.list(Query::new("account"));
    assert_eq!(outcome(&refused), "0x80042F09");
}

#[test]
fn access_teams_hold_no_roles() {
    let world = Security::new();
    world.role("Reader", &grants("Account", &[Right::Read], Depth::User));
    let id = world.access_team("Deal", world.root(), &[]);
    let role = world.role_in("Reader", world.root());
    assert_eq!(
        outcome(&associate(&world.admin, team(id), "teamroles_association", role)),
        "0x80048331"
    );
}

#[test]
fn access_teams_own_no_rows() {
    let world = Security::new();
    let deal = team(world.access_team("Deal", world.root(), &[]));
    let account = world.account(user(&world.admin));
    assert_eq!(
        outcome(&assign(&world.admin, Reference::new("account", account), deal.clone())),
        "0x80048340"
    );
    let row = Row::unsaved("account").with("name", "Deal's").with("ownerid", deal);
    assert_eq!(outcome(&world.admin.try_create(row)), "0x80048340");
}

#[test]
fn an_owner_team_owns_rows_only_if_it_may_read_them() {
    let world = Security::new();
    world.role("Reader", &grants("Account", &[Right::Read], Depth::User));
    let (without, with) = (
        world.owner_team("Without", world.root(), &[], &[]),
        world.owner_team("With", world.root(), &["Reader"], &[]),
    );
    let account = Reference::new("account", world.account(user(&world.admin)));
    assert_eq!(
        refusal(assign(&world.admin, account.clone(), team(without))),
        "0x80040299 prvReadAccount"
    );
    assign(&world.admin, account.clone(), team(with)).unwrap();
    let row = world.admin.get("account", account.id);
    assert_eq!(
        (row.id_of("ownerid"), row.id_of("owningteam"), row.lookup("owninguser")),
        (Some(with), Some(with), None)
    );
}

#[test]
fn every_user_is_in_the_default_team_of_its_unit() {
    let world = Security::new();
    let (west, east) = (world.unit("West", world.root()), world.unit("East", world.root()));
    world.role("Reader", &grants("Account", &[Right::Read], Depth::BusinessUnit));
    let seller = world.user("seller", west, &[]);
    let reader = world.role_in("Reader", west);
    associate(
        &world.admin,
        team(world.default_team(west)),
        "teamroles_association",
        reader,
    )
    .unwrap();
    assert_eq!(seller.count("account"), 0);

    let moved = Row::new("systemuser", seller.id()).with("businessunitid", Reference::new("businessunit", east));
    world.admin.update(moved);
    assert_eq!(outcome(&seller.0.list(Query::new("account"))), "0x80042F09");
    let reader = world.role_in("Reader", east);
    associate(
        &world.admin,
        team(world.default_team(east)),
        "teamroles_association",
        reader,
    )
    .unwrap();
    assert_eq!(seller.count("account"), 0);
}

#[test]
fn the_members_of_a_default_team_are_not_changed_by_hand() {
    let world = Security::new();
    let west = world.unit("West", world.root());
    let (inside, outside) = (
        world.user("inside", west, &[]),
        world.user("outside", world.root(), &[]),
    );
    let default = world.default_team(west);
    let members = || world.ids("teammembership", Filter::eq("teamid", default));
    let before = members();
    let by_message = |message: &str, member: &Actor| {
        let members = Parameter::References(vec![user(member)]);
        let request = Request::new(message)
            .with("TeamId", Value::Id(default))
            .with("MemberIds", members);
        outcome(&world.admin.0.execute(request))
    };
    assert_eq!(by_message("AddMembersTeam", &outside), "0x8004830B");
    assert_ne!(by_message("RemoveMembersTeam", &inside), "ok");
    let relationship = "teammembership_association";
    assert_eq!(
        outcome(&associate(&world.admin, team(default), relationship, user(&outside))),
        "0x8004830B"
    );
    assert_ne!(
        outcome(&disassociate(&world.admin, team(default), relationship, user(&inside))),
        "ok"
    );
    assert_eq!(outcome(&world.admin.try_delete("team", default)), "0x80048307");
    assert_eq!(members(), before);
}
