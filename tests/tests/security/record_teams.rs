//! Access teams of rows: made by templates, kept by the platform. And shares that are replaced.

use sluice_model::{Code, Depth, Error, Filter, Parameter, Query, Reference, Request, Right, Rights, Row, Uuid, Value};
use sluice_platform::{TableChange, prelude::*};
use sluice_tests::Actor;

use crate::{
    columns::{permission, secure},
    world::{Security, associate, grant, grants, outcome, revoke, share, team, user},
};

/// A seller with an account, a colleague, and a template.
struct Teams {
    world: Security,
    seller: Actor,
    colleague: Actor,
    template: Uuid,
    account: Reference,
}

fn mask(rights: &[Right]) -> i32 {
    Rights::of(rights).0.cast_signed()
}

fn template(world: &Security, name: &str, rights: i32) -> Result<Uuid, Error> {
    let code = world.admin.0.catalog().unwrap().table("account").unwrap().otc;
    world.admin.try_create(
        Row::unsaved("teamtemplate")
            .with("teamtemplatename", name)
            .with("objecttypecode", code)
            .with("defaultaccessrightsmask", rights),
    )
}

fn enabled(access_teams: bool) -> TableChange {
    TableChange {
        access_teams: Some(access_teams),
        ..TableChange::default()
    }
}

impl Teams {
    fn new() -> Self {
        let world = Security::new();
        let mut rights = grants("Account", &Right::ALL, Depth::User);
        rights.extend(grants("User", &[Right::Read], Depth::Organization));
        rights.push(grant("prvReadTeamTemplate", Depth::Organization));
        world.role("Seller", &rights);
        let seller = world.user("seller", world.unit("West", world.root()), &["Seller"]);
        let colleague = world.user("colleague", world.unit("East", world.root()), &["Seller"]);
        world.admin.0.update_table("account", enabled(true)).unwrap();
        let template = template(&world, "Deal", mask(&[Right::Read, Right::Write])).unwrap();
        let account = Reference::new(
            "account",
            seller.create(Row::unsaved("account").with("name", "Litware, Inc.")),
        );
        Self {
            world,
            seller,
            colleague,
            template,
            account,
        }
    }

    fn member(&self, actor: &Actor, message: &str, member: &Actor) -> Result<Uuid, Error> {
        let request = Request::new(message)
            .with("Record", self.account.clone())
            .with("SystemUserId", Value::Id(member.id()))
            .with("TeamTemplateId", Value::Id(self.template));
        match actor.0.execute(request)?.outputs.get("AccessTeamId") {
            Some(Parameter::Value(Value::Id(team))) => Ok(*team),
            other => panic!("{other:?}"),
        }
    }

    fn add(&self, member: &Actor) -> Result<Uuid, Error> {
        self.member(&self.seller, "AddUserToRecordTeam", member)
    }

    fn remove(&self, member: &Actor) -> Result<Uuid, Error> {
        self.member(&self.seller, "RemoveUserFromRecordTeam", member)
    }

    fn kept(&self) -> usize {
        self.world.ids("team", Filter::eq("systemmanaged", true)).len()
    }

    fn shares(&self) -> usize {
        self.world
            .ids("principalobjectaccess", Filter::eq("objectid", self.account.id))
            .len()
    }
}

#[test]
fn the_first_user_makes_the_team_and_the_last_takes_it_along() {
    let teams = Teams::new();
    assert_eq!(
        outcome(&teams.colleague.try_get("account", teams.account.id)),
        "0x80048306"
    );
    let first = teams.add(&teams.colleague).unwrap();
    let row = teams.world.admin.get("team", first);
    assert_eq!(row.int("teamtype"), Some(1));
    assert_eq!(row.id_of("teamtemplateid"), Some(teams.template));
    assert_eq!(row.id_of("regardingobjectid"), Some(teams.account.id));
    teams
        .colleague
        .update(Row::new("account", teams.account.id).with("name", "Litware"));
    assert_eq!(
        outcome(&teams.colleague.try_delete("account", teams.account.id)),
        "0x80048306"
    );
    let third = teams.world.user("third", teams.world.root(), &["Seller"]);
    assert_eq!(teams.add(&third).unwrap(), first, "one team for a row and a template");
    assert_eq!((teams.kept(), teams.shares()), (1, 1));
    teams.remove(&teams.colleague).unwrap();
    assert_eq!(
        outcome(&teams.colleague.try_get("account", teams.account.id)),
        "0x80048306"
    );
    assert_eq!(teams.kept(), 1);
    teams.remove(&third).unwrap();
    assert_eq!((teams.kept(), teams.shares()), (0, 0));
    assert_eq!(outcome(&teams.remove(&third)), Code::NOT_FOUND.to_string());
}

#[test]
fn the_team_goes_with_the_row_and_with_the_template() {
    let teams = Teams::new();
    teams.add(&teams.colleague).unwrap();
    teams.seller.try_delete("account", teams.account.id).unwrap();
    assert_eq!((teams.kept(), teams.shares()), (0, 0));
    let teams = Teams::new();
    teams.add(&teams.colleague).unwrap();
    teams.world.admin.try_delete("teamtemplate", teams.template).unwrap();
    assert_eq!((teams.kept(), teams.shares()), (0, 0));
    assert_eq!(
        outcome(&teams.colleague.try_get("account", teams.account.id)),
        "0x80048306"
    );
}

#[test]
fn nobody_else_changes_the_team_or_shares_with_it() {
    let teams = Teams::new();
    let admin = &teams.world.admin;
    let kept = teams.add(&teams.colleague).unwrap();
    let other = Reference::new("account", teams.world.account(user(admin)));
    let members = Request::new("AddMembersTeam")
        .with("TeamId", Value::Id(kept))
        .with("MemberIds", Parameter::References(vec![user(&teams.seller)]));
    let refused = [
        admin.0.execute(members).map(|_| ()),
        associate(admin, team(kept), "teammembership_association", user(&teams.seller)),
        share(admin, other, team(kept), "ReadAccess"),
        share(admin, teams.account.clone(), team(kept), "DeleteAccess"),
        revoke(admin, teams.account.clone(), team(kept)),
        admin.try_update(Row::new("team", kept).with("name", "Mine")),
        admin.try_delete("team", kept),
    ];
    for (place, tried) in refused.into_iter().enumerate() {
        assert_eq!(outcome(&tried), "0x80048339", "{place}");
    }
}

#[test]
fn who_adds_gives_no_more_than_they_have_and_who_is_added_can_use_it() {
    let teams = Teams::new();
    // The colleague may neither share the row, nor anything of it.
    let error = teams
        .member(&teams.colleague, "AddUserToRecordTeam", &teams.colleague)
        .unwrap_err();
    assert_eq!(error.code(), Code::ACCESS_DENIED);
    assert_eq!(error.body().right, Some(Right::Share));
    // With Share alone, the rights of the template are missing.
    share(
        &teams.seller,
        teams.account.clone(),
        user(&teams.colleague),
        "ReadAccess, ShareAccess",
    )
    .unwrap();
    let error = teams
        .member(&teams.colleague, "AddUserToRecordTeam", &teams.colleague)
        .unwrap_err();
    assert_eq!(error.body().right, Some(Right::Write));
    // Who is added needs each right of the template on the table, at whatever depth.
    teams
        .world
        .role("Reader", &grants("Account", &[Right::Read], Depth::User));
    let reader = teams.world.user("reader", teams.world.root(), &["Reader"]);
    let error = teams.add(&reader).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80048342");
    assert_eq!(
        error.message(),
        "The user can't be added to the team because the user doesn't have the \"prvWriteAccount\" privilege."
    );
    assert_eq!(teams.kept(), 0, "nothing was made");
}

/// A team that somebody made who holds more on the rows below its row gives a member more than whoever adds them holds.
#[test]
fn who_adds_holds_what_came_down_to_the_team_on_the_rows_below() {
    let teams = Teams::new();
    let rights = grants("Contact", &[Right::Read, Right::Write], Depth::User);
    teams.world.role("Contacts", &rights);
    for (actor, unit) in [(&teams.seller, "West"), (&teams.colleague, "East")] {
        let unit = teams
            .world
            .ids("businessunit", Filter::eq("name", unit))
            .into_iter()
            .next()
            .unwrap();
        let role = teams.world.role_in("Contacts", unit);
        associate(&teams.world.admin, user(actor), "systemuserroles_association", role).unwrap();
    }
    let contact = Row::unsaved("contact")
        .with("lastname", "Novak")
        .with("ownerid", user(&teams.world.admin))
        .with("parentcustomerid", teams.account.clone());
    let contact = teams.world.admin.create(contact);
    teams
        .member(&teams.world.admin, "AddUserToRecordTeam", &teams.colleague)
        .unwrap();
    let change = Row::new("contact", contact).with("lastname", "Pwned");
    assert_eq!(
        outcome(&teams.colleague.try_update(change.clone())),
        "ok",
        "it came down"
    );
    assert_eq!(outcome(&teams.seller.try_update(change.clone())), "0x80048306");
    let error = teams.add(&teams.seller).unwrap_err();
    assert_eq!(error.code(), Code::ACCESS_DENIED, "{error}");
    assert_eq!(outcome(&teams.seller.try_update(change)), "0x80048306");
    teams
        .member(&teams.world.admin, "AddUserToRecordTeam", &teams.seller)
        .unwrap();
}

#[test]
fn a_changed_template_counts_for_new_teams() {
    let teams = Teams::new();
    teams.add(&teams.colleague).unwrap();
    let less = Row::new("teamtemplate", teams.template).with("defaultaccessrightsmask", mask(&[Right::Read]));
    teams.world.admin.update(less);
    // The team that is there gives more than the template does now, and who adds holds that, too.
    let third = teams.world.user("third", teams.world.root(), &["Seller"]);
    let readable = teams.account.clone();
    share(&teams.seller, readable, user(&third), "ReadAccess, ShareAccess").unwrap();
    let error = teams.member(&third, "AddUserToRecordTeam", &third).unwrap_err();
    assert_eq!(error.body().right, Some(Right::Write));
    teams
        .colleague
        .update(Row::new("account", teams.account.id).with("name", "Litware"));
    teams.remove(&teams.colleague).unwrap();
    teams.add(&teams.colleague).unwrap();
    let change = teams
        .colleague
        .try_update(Row::new("account", teams.account.id).with("name", "x"));
    assert_eq!(outcome(&change), "0x80048306");
}

#[test]
fn templates_are_held_to_what_teams_can_be() {
    let teams = Teams::new();
    let world = &teams.world;
    assert_eq!(outcome(&template(world, "None", 0)), "0x80048335");
    assert_eq!(
        outcome(&template(world, "Create", mask(&[Right::Create]))),
        "0x80048335"
    );
    template(world, "Second", mask(&[Right::Read])).unwrap();
    assert_eq!(outcome(&template(world, "Third", mask(&[Right::Read]))), "0x80048333");
    world.admin.0.update_table("account", enabled(false)).unwrap();
    assert_eq!(outcome(&template(world, "Fourth", mask(&[Right::Read]))), "0x80048334");
    assert_eq!(outcome(&teams.add(&teams.colleague)), "0x80048334");
    assert_eq!(
        outcome(&world.admin.0.update_table("position", enabled(true))),
        "0x80040203"
    );
}

#[test]
fn modify_access_replaces_where_grant_access_adds() {
    let teams = Teams::new();
    let with = user(&teams.colleague);
    let shared = || {
        let query = Query::new("principalobjectaccess").filter(Filter::eq("objectid", teams.account.id));
        teams.world.system().list(query)[0].int("accessrightsmask").unwrap()
    };
    let modify = |actor: &Actor, mask: &str| {
        let request = Request::new("ModifyAccess")
            .with("Target", teams.account.clone())
            .with("Principal", with.clone())
            .with("AccessMask", mask);
        actor.0.execute(request).map(|_| ())
    };
    share(
        &teams.seller,
        teams.account.clone(),
        with.clone(),
        "ReadAccess, WriteAccess",
    )
    .unwrap();
    share(&teams.seller, teams.account.clone(), with.clone(), "AppendAccess").unwrap();
    assert_eq!(shared(), mask(&[Right::Read, Right::Write, Right::Append]));
    modify(&teams.seller, "ReadAccess, AppendToAccess").unwrap();
    assert_eq!(shared(), mask(&[Right::Read, Right::AppendTo]));
    assert_eq!(outcome(&modify(&teams.colleague, "ReadAccess")), "0x80048306");
    assert_eq!(
        outcome(&modify(&teams.seller, "None")),
        Code::INVALID_ACCESS_RIGHTS.to_string()
    );
}

/// Who is added to a team has what its column profiles give, so whoever adds them holds that; and the team of a row
/// takes no profile.
#[test]
fn who_adds_gives_no_column_that_they_may_not_read() {
    let teams = Teams::new();
    let admin = &teams.world.admin;
    secure(admin, "account", "creditlimit", true).unwrap();
    let profile = admin.create(Row::unsaved("fieldsecurityprofile").with("name", "Finance"));
    admin.create(permission(profile, "creditlimit", [false, true, true]));
    let kept = teams.add(&teams.colleague).unwrap();
    let of = |team: Uuid| {
        let team = Reference::new("team", team);
        let profile = Reference::new("fieldsecurityprofile", profile);
        [
            associate(admin, profile.clone(), "teamprofiles_association", team.clone()),
            associate(admin, team, "teamprofiles_association", profile),
        ]
    };
    for refused in of(kept) {
        assert_eq!(outcome(&refused), "0x80048339");
    }
    // A file of before may hold one that took it.
    let other = teams.world.access_team("Other", teams.world.root(), &[]);
    for given in of(other) {
        given.unwrap();
    }
    let file = rusqlite::Connection::open(teams.world.organisation.path()).unwrap();
    let [kept, other] = [kept, other].map(|id| id.as_bytes().to_vec());
    let moved = file.execute("update teamprofiles set teamid = ?1 where teamid = ?2", (kept, other));
    assert_eq!(moved.unwrap(), 1);
    drop(file);
    let there = teams.world.organisation.second_process();
    let seller = Actor(there.session(teams.seller.id()));
    let error = teams.member(&seller, "AddUserToRecordTeam", &seller).unwrap_err();
    assert_eq!(error.code(), Code::PRIVILEGE_DENIED, "{error}");
    assert!(!seller.get("account", teams.account.id).has("creditlimit"));
    let admin = Actor(there.session(admin.id()));
    teams.member(&admin, "AddUserToRecordTeam", &seller).unwrap();
}
