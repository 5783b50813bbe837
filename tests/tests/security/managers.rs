//! Hierarchical security: what managers reach of those who report to them.

use sluice_model::{Code, Depth, Filter, Parameter, Query, Reference, Request, Right, Row, Value};
use sluice_platform::{TableChange, prelude::*};
use sluice_tests::Actor;

use crate::world::{Grant, Security, grant, grants, outcome, share, team, user};

/// A director above a manager above a seller, all with User depth on accounts.
struct Company {
    world: Security,
    director: Actor,
    manager: Actor,
    seller: Actor,
}

impl Company {
    fn new() -> Self {
        let world = Security::new();
        world.role("Seller", &grants("Account", &Right::ALL, Depth::User));
        let west = world.unit("West", world.root());
        let director = world.user("director", world.root(), &["Seller"]);
        let manager = world.user("manager", west, &["Seller"]);
        let seller = world.user("seller", west, &["Seller"]);
        let company = Self {
            world,
            director,
            manager,
            seller,
        };
        company.reports(&company.manager, &company.director);
        company.reports(&company.seller, &company.manager);
        company
    }

    fn reports(&self, user: &Actor, manager: &Actor) {
        let to = Reference::new("systemuser", manager.id());
        self.world
            .admin
            .update(Row::new("systemuser", user.id()).with("parentsystemuserid", to));
    }

    fn set(&self, column: &str, value: impl Into<Value>) {
        self.try_set(&self.world.admin, column, value).unwrap();
    }

    fn try_set(&self, actor: &Actor, column: &str, value: impl Into<Value>) -> Result<(), sluice_model::Error> {
        let id = self.world.ids("organization", Filter::All).into_iter().next().unwrap();
        actor.try_update(Row::new("organization", id).with(column, value.into()))
    }

    fn enable(&self) {
        self.set("ishierarchicalsecuritymodelenabled", true);
    }

    fn account(&self) -> Reference {
        Reference::new(
            "account",
            self.seller
                .create(Row::unsaved("account").with("name", "Litware, Inc.")),
        )
    }

    /// What somebody may do to a row, by the platform's own message.
    fn rights(&self, actor: &Actor, row: &Reference) -> String {
        let request = Request::new("RetrievePrincipalAccess")
            .with("Target", row.clone())
            .with("Principal", user(actor));
        match self
            .world
            .admin
            .0
            .execute(request)
            .unwrap()
            .outputs
            .remove("AccessRights")
        {
            Some(Parameter::Value(Value::Text(rights))) => rights,
            other => panic!("{other:?}"),
        }
    }

    fn lists(&self, actor: &Actor) -> usize {
        actor.list(Query::new("account").columns(&[])).len()
    }
}

const DIRECT: &str = "ReadAccess, WriteAccess, AppendAccess, AppendToAccess";

#[test]
fn managers_reach_rows_of_their_reports_once_it_is_switched_on() {
    let company = Company::new();
    let account = company.account();
    for manager in [&company.manager, &company.director] {
        assert_eq!(company.rights(manager, &account), "None");
        assert_eq!(company.lists(manager), 0);
    }
    company.enable();
    assert_eq!(company.rights(&company.manager, &account), DIRECT);
    assert_eq!(company.rights(&company.director, &account), "ReadAccess");
    company
        .manager
        .update(Row::new("account", account.id).with("name", "Litware"));
    company.director.get("account", account.id);
    let change = company
        .director
        .try_update(Row::new("account", account.id).with("name", "x"));
    assert_eq!(outcome(&change), "0x80048306");
    assert_eq!(
        outcome(&company.manager.try_delete("account", account.id)),
        "0x80048306"
    );
    for manager in [&company.manager, &company.director] {
        assert_eq!(company.lists(manager), 1);
    }
    // Nobody looks upwards.
    let theirs = company.manager.create(Row::unsaved("account").with("name", "Theirs"));
    assert_eq!(outcome(&company.seller.try_get("account", theirs)), "0x80048306");
}

#[test]
fn how_far_down_managers_see_is_a_setting() {
    let company = Company::new();
    company.enable();
    let account = company.account();
    company.set("maxdepthforhierarchicalsecuritymodel", 1);
    assert_eq!(company.rights(&company.manager, &account), DIRECT);
    assert_eq!(company.rights(&company.director, &account), "None");
    assert_eq!(company.lists(&company.director), 0);
    let none = company.try_set(&company.world.admin, "maxdepthforhierarchicalsecuritymodel", 0);
    assert_eq!(outcome(&none), "0x8004431A");
}

#[test]
fn a_manager_needs_the_privilege_at_least_at_user_depth() {
    let company = Company::new();
    company.enable();
    let account = company.account();
    let role = company.world.ids(
        "role",
        Filter::eq("name", "Seller").and(Filter::eq("parentroleid", Value::Null)),
    );
    let other: Vec<Grant> = grants("Account", &[Right::Read], Depth::User);
    company.world.role("Reader", &other);
    let west = company
        .world
        .ids("businessunit", Filter::eq("name", "West"))
        .into_iter()
        .next()
        .unwrap();
    let reader = company.world.user("reader", west, &["Reader"]);
    company.reports(&company.seller, &reader);
    assert!(!role.is_empty());
    reader.get("account", account.id);
    let change = reader.try_update(Row::new("account", account.id).with("name", "x"));
    assert_eq!(outcome(&change), "0x80040220");
}

#[test]
fn rows_of_teams_and_shares_of_reports_are_reached_as_they_reach_them() {
    let company = Company::new();
    company.enable();
    let admin = &company.world.admin;
    let crew = company
        .world
        .owner_team("Crew", company.world.root(), &["Seller"], &[&company.seller]);
    let teams = Reference::new("account", company.world.account(team(crew)));
    assert_eq!(company.rights(&company.manager, &teams), DIRECT);
    let others = Reference::new("account", company.world.account(user(admin)));
    share(
        admin,
        others.clone(),
        user(&company.seller),
        "ReadAccess, DeleteAccess, AppendAccess",
    )
    .unwrap();
    // No more than the report, and no more than a manager.
    assert_eq!(company.rights(&company.manager, &others), "ReadAccess, AppendAccess");
    assert_eq!(company.rights(&company.director, &others), "ReadAccess");
    assert_eq!(company.lists(&company.director), 2);
    // What a report sees by the depth of a role is not the manager's.
    let deep = company
        .world
        .role("Deep", &grants("Account", &[Right::Read], Depth::Organization));
    assert!(!deep.is_nil());
    let unseen = company.world.account(user(admin));
    let west = company
        .world
        .ids("businessunit", Filter::eq("name", "West"))
        .into_iter()
        .next()
        .unwrap();
    let role = company.world.role_in("Deep", west);
    crate::world::associate(admin, user(&company.seller), "systemuserroles_association", role).unwrap();
    company.seller.get("account", unseen);
    assert_eq!(outcome(&company.manager.try_get("account", unseen)), "0x80048306");
}

/// A team of a disabled unit gives its members nothing, so nothing to whom they report to.
#[test]
fn a_team_of_a_disabled_unit_gives_the_manager_of_a_member_nothing() {
    let company = Company::new();
    company.enable();
    let world = &company.world;
    let east = world.unit("East", world.root());
    let crew = world.owner_team("Crew", east, &["Seller"], &[&company.seller]);
    let teams = Reference::new("account", world.account(team(crew)));
    assert_eq!(company.rights(&company.manager, &teams), DIRECT);
    let switch = |off: bool| {
        let change = Row::new("businessunit", east).with("isdisabled", off);
        world.admin.update(change);
    };
    switch(true);
    for actor in [&company.seller, &company.manager, &company.director] {
        assert_eq!(company.rights(actor, &teams), "None");
        assert_eq!(company.lists(actor), 0);
    }
    switch(false);
    assert_eq!(company.rights(&company.manager, &teams), DIRECT);
}

#[test]
fn a_manager_of_another_branch_reaches_nothing() {
    let company = Company::new();
    company.enable();
    let account = company.account();
    let admin = &company.world.admin;
    // Where a report has moved away, who was above him is not.
    let east = company.world.unit("East", company.world.root());
    let elsewhere = company.world.user("elsewhere", east, &["Seller"]);
    let to = Reference::new("systemuser", elsewhere.id());
    let error = admin
        .try_update(Row::new("systemuser", company.seller.id()).with("parentsystemuserid", to))
        .unwrap_err();
    assert_eq!(error.code(), Code::MANAGER_OTHER_UNIT);
    assert_eq!(company.rights(&elsewhere, &account), "None");
    let to = Reference::new("systemuser", company.seller.id());
    let error = admin
        .try_update(Row::new("systemuser", company.director.id()).with("parentsystemuserid", to))
        .unwrap_err();
    assert_eq!(error.code(), Code::MANAGER_LOOP);
}

#[test]
fn positions_are_another_way_to_say_who_reports_to_whom() {
    let company = Company::new();
    company.enable();
    let account = company.account();
    let admin = &company.world.admin;
    let position = |name: &str, above: Option<sluice_model::Uuid>| {
        let mut row = Row::unsaved("position").with("name", name);
        if let Some(above) = above {
            row.set("parentpositionid", Reference::new("position", above));
        }
        admin.create(row)
    };
    let head = position("Head", None);
    let lead = position("Lead", Some(head));
    let staff = position("Staff", Some(lead));
    // A position knows no business units.
    let east = company.world.unit("East", company.world.root());
    let elsewhere = company.world.user("elsewhere", east, &["Seller"]);
    let has = |actor: &Actor, position| {
        admin.update(Row::new("systemuser", actor.id()).with("positionid", Reference::new("position", position)));
    };
    has(&elsewhere, lead);
    has(&company.seller, staff);
    has(&company.director, head);
    assert_eq!(company.rights(&elsewhere, &account), "None");
    company.set("usepositionhierarchy", true);
    assert_eq!(company.rights(&elsewhere, &account), DIRECT);
    assert_eq!(company.rights(&company.director, &account), "ReadAccess");
    assert_eq!(
        company.rights(&company.manager, &account),
        "None",
        "managers count no more"
    );
    let above = Row::new("position", head).with("parentpositionid", Reference::new("position", staff));
    assert_eq!(admin.try_update(above).unwrap_err().code(), Code::ROW_LOOP);
    assert_eq!(
        admin.try_delete("position", staff).unwrap_err().code(),
        Code::POSITION_IN_USE
    );
}

/// Who turns the tree of positions round makes other managers of those who have them.
#[test]
fn the_tree_of_positions_is_turned_by_those_who_may_give_positions() {
    let company = Company::new();
    let admin = &company.world.admin;
    let mut rights = grants(
        "Position",
        &[Right::Read, Right::Write, Right::Append],
        Depth::Organization,
    );
    rights.push(grant("prvAppendToPosition", Depth::Organization));
    let role = company.world.role("Keeper", &rights);
    let keeper = company.world.user("keeper", company.world.root(), &["Keeper"]);
    let position = |name: &str| Reference::new("position", admin.create(Row::unsaved("position").with("name", name)));
    let (top, bottom) = (position("Top"), position("Bottom"));
    let below = || Row::new("position", top.id).with("parentpositionid", bottom.clone());
    let error = keeper.try_update(below()).unwrap_err();
    assert_eq!(error.body().privilege.as_deref(), Some("prvAssignPosition"), "{error}");
    keeper.update(
        Row::new("position", top.id)
            .with("name", "Head")
            .with("parentpositionid", Value::Null),
    );
    company
        .world
        .allow(role, &[grant("prvAssignPosition", Depth::Organization)]);
    keeper.update(below());
}

#[test]
fn what_another_may_do_to_a_row_is_told_to_those_who_may_read_them() {
    let company = Company::new();
    let account = company.account();
    let asks = |asked: &Actor, of: &Actor| {
        let request = Request::new("RetrievePrincipalAccess")
            .with("Target", account.clone())
            .with("Principal", user(of));
        asked.0.execute(request)
    };
    asks(&company.seller, &company.seller).unwrap();
    let error = asks(&company.seller, &company.manager).unwrap_err();
    assert_eq!(error.code(), Code::PRIVILEGE_DENIED);
    assert_eq!(error.body().privilege.as_deref(), Some("prvReadUser"));
    asks(&company.world.admin, &company.manager).unwrap();
}

#[test]
fn a_table_can_be_left_out() {
    let company = Company::new();
    company.enable();
    let account = company.account();
    let without = TableChange {
        hierarchy: Some(false),
        ..TableChange::default()
    };
    company.world.admin.0.update_table("account", without).unwrap();
    assert_eq!(company.rights(&company.manager, &account), "None");
    assert_eq!(company.lists(&company.manager), 0);
}

#[test]
fn who_is_whose_manager_and_what_that_gives_have_privileges_of_their_own() {
    let company = Company::new();
    let mut rights = grants("User", &Right::ALL, Depth::Organization);
    rights.extend(grants(
        "Organization",
        &[Right::Read, Right::Write],
        Depth::Organization,
    ));
    rights.extend(grants("Position", &[Right::Read, Right::AppendTo], Depth::Organization));
    let role = company.world.role("Clerk", &rights);
    let clerk = company.world.user("clerk", company.world.root(), &["Clerk"]);
    let position = company
        .world
        .admin
        .create(Row::unsaved("position").with("name", "Head"));
    let report = Row::new("systemuser", company.seller.id());
    let managed = report.clone().with(
        "parentsystemuserid",
        Reference::new("systemuser", company.director.id()),
    );
    let placed = report.with("positionid", Reference::new("position", position));
    for (tried, privilege) in [
        (clerk.try_update(managed.clone()), "prvAssignManager"),
        (clerk.try_update(placed.clone()), "prvAssignPosition"),
        (
            company.try_set(&clerk, "ishierarchicalsecuritymodelenabled", true),
            "prvWriteHierarchicalSecurityConfiguration",
        ),
    ] {
        let error = tried.unwrap_err();
        assert_eq!(error.code(), Code::PRIVILEGE_DENIED);
        assert_eq!(error.body().privilege.as_deref(), Some(privilege));
        company.world.allow(role, &[grant(privilege, Depth::Organization)]);
    }
    clerk.update(managed);
    clerk.update(placed);
    company
        .try_set(&clerk, "ishierarchicalsecuritymodelenabled", true)
        .unwrap();
}

#[test]
fn why_names_the_report() {
    let company = Company::new();
    company.enable();
    let account = company.account();
    let request = Request::new("RetrieveAccessReasons")
        .with("Target", account)
        .with("Principal", user(&company.manager));
    let answer = company.world.admin.0.execute(request).unwrap();
    let Some(Parameter::Rows(lines)) = answer.outputs.get("Reasons") else {
        panic!("{answer:?}");
    };
    let read = lines
        .iter()
        .find(|line| line.text("Right") == Some("ReadAccess") && line.text("Check") == Some("Access"))
        .unwrap();
    assert_eq!(read.text("Kind"), Some("Manager"));
    assert_eq!(read.id_of("ReportId"), Some(company.seller.id()));
}
