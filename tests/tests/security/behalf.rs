//! Calls on behalf of another user: both must be allowed what is done.

use sluice_model::{Code, Depth, Filter, Query, Reference, Request, Right, Row, Value};
use sluice_tests::Actor;

use crate::world::{Security, grant, grants, outcome, refusal, share, user};

/// A service that calls on behalf of sellers: it reads all accounts and contacts, writes accounts of
/// its own unit, and has nothing on leads.
struct Behalf {
    world: Security,
    service: Actor,
    seller: Actor,
    /// The service, calling on behalf of the seller.
    both: Actor,
}

impl Behalf {
    fn new() -> Self {
        let world = Security::new();
        let mut rights = grants("Account", &[Right::Read], Depth::Organization);
        rights.extend(grants("Account", &[Right::Create, Right::Write], Depth::BusinessUnit));
        rights.push(grant("prvActOnBehalfOfAnotherUser", Depth::Organization));
        rights.extend(grants("User", &[Right::Read], Depth::Organization));
        world.role("Service", &rights);
        let mut all = grants("Account", &Right::ALL, Depth::User);
        all.extend(grants("Lead", &Right::ALL, Depth::User));
        world.role("Seller", &all);
        let west = world.unit("West", world.root());
        let service = world.user("service", west, &["Service"]);
        let seller = world.user("seller", west, &["Seller"]);
        let both = Actor(service.0.on_behalf_of(seller.id()));
        Self {
            world,
            service,
            seller,
            both,
        }
    }
}

#[test]
fn what_is_made_is_the_users_and_says_who_called() {
    let behalf = Behalf::new();
    let account = behalf
        .both
        .create(Row::unsaved("account").with("name", "Litware, Inc."));
    let row = behalf.world.admin.get("account", account);
    assert_eq!(row.id_of("ownerid"), Some(behalf.seller.id()));
    assert_eq!(row.id_of("createdby"), Some(behalf.seller.id()));
    assert_eq!(row.id_of("createdonbehalfby"), Some(behalf.service.id()));
    behalf.both.update(Row::new("account", account).with("name", "Litware"));
    let row = behalf.world.admin.get("account", account);
    assert_eq!(row.id_of("modifiedby"), Some(behalf.seller.id()));
    assert_eq!(row.id_of("modifiedonbehalfby"), Some(behalf.service.id()));
    let of = Filter::eq("objectid", account);
    let trail = behalf.world.admin.list(Query::new("audit").filter(of));
    assert!(!trail.is_empty());
    for record in trail {
        assert_eq!(record.id_of("userid"), Some(behalf.seller.id()));
        assert_eq!(record.id_of("callinguserid"), Some(behalf.service.id()));
    }
    behalf.seller.update(Row::new("account", account).with("name", "Other"));
    let row = behalf.world.admin.get("account", account);
    assert!(!row.has("modifiedonbehalfby"), "the seller called: {row:?}");
}

#[test]
fn each_privilege_is_needed_of_both() {
    let behalf = Behalf::new();
    let lead = behalf.world.lead(user(&behalf.seller));
    behalf.seller.get("lead", lead);
    let error = behalf.both.try_get("lead", lead).unwrap_err();
    assert_eq!(error.code(), Code::PRIVILEGE_DENIED);
    assert_eq!(error.body().privilege.as_deref(), Some("prvReadLead"));
    assert_eq!(
        error.body().principal.as_ref().unwrap().id,
        behalf.service.id(),
        "who lacks it"
    );
    // And what the service may do, the seller may not.
    let others = behalf.world.account(user(&behalf.world.admin));
    behalf.service.get("account", others);
    let error = behalf.both.try_get("account", others).unwrap_err();
    assert_eq!(error.code(), Code::ACCESS_DENIED);
    assert_eq!(error.body().principal.as_ref().unwrap().id, behalf.seller.id());
}

#[test]
fn each_row_is_reached_by_both_and_lists_show_no_other() {
    let behalf = Behalf::new();
    // The seller's own, which the service reads and writes in its unit.
    let own = behalf.seller.create(Row::unsaved("account").with("name", "Own"));
    behalf.both.update(Row::new("account", own).with("name", "Own 2"));
    // Shared with the seller; the service may not write it, which lies in another unit.
    let shared = Reference::new("account", behalf.world.account(user(&behalf.world.admin)));
    share(
        &behalf.world.admin,
        shared.clone(),
        user(&behalf.seller),
        "ReadAccess, WriteAccess",
    )
    .unwrap();
    behalf
        .seller
        .update(Row::new("account", shared.id).with("name", "Shared"));
    assert_eq!(
        refusal(behalf.both.try_update(Row::new("account", shared.id).with("name", "x"))),
        "0x80048306 prvWriteAccount"
    );
    // Shared with the service alone, it is not the seller's.
    let services = Reference::new("account", behalf.world.account(user(&behalf.world.admin)));
    share(
        &behalf.world.admin,
        services.clone(),
        user(&behalf.service),
        "ReadAccess",
    )
    .unwrap();
    let names = |actor: &Actor| {
        let mut ids: Vec<_> = actor
            .list(Query::new("account").columns(&[]))
            .iter()
            .map(|row| row.id)
            .collect();
        ids.sort();
        ids
    };
    let mut expected = vec![own, shared.id];
    expected.sort();
    assert_eq!(names(&behalf.both), expected);
    assert_eq!(names(&behalf.service).len(), 3);
    // Both lists are narrowed where neither reads all.
    let role = behalf.world.ids(
        "role",
        Filter::eq("name", "Service").and(Filter::eq("parentroleid", Value::Null)),
    );
    behalf.world.allow(
        role.into_iter().next().unwrap(),
        &grants("Account", &[Right::Read], Depth::BusinessUnit),
    );
    assert_eq!(names(&behalf.both), [own]);
}

#[test]
fn it_takes_the_privilege_to_call_on_behalf_of_others() {
    let behalf = Behalf::new();
    let stranger = Actor(behalf.seller.0.on_behalf_of(behalf.world.admin.id()));
    let error = stranger.0.execute(Request::new("WhoAmI")).unwrap_err();
    assert_eq!(error.code().to_string(), "0x8004A110");
    assert_eq!(
        error.message(),
        "User does not have the privilege to act on behalf another user."
    );
    assert_eq!(error.body().privilege.as_deref(), Some("prvActOnBehalfOfAnotherUser"));
    // On one's own behalf it takes nothing.
    Actor(behalf.seller.0.on_behalf_of(behalf.seller.id()))
        .0
        .execute(Request::new("WhoAmI"))
        .unwrap();
    let system = behalf.world.system().id();
    let error = Actor(behalf.service.0.on_behalf_of(system))
        .0
        .execute(Request::new("WhoAmI"))
        .unwrap_err();
    assert_eq!(error.code(), Code::INVALID_ARGUMENT);
}

#[test]
fn a_disabled_user_is_nobody_to_call_for_and_calls_for_nobody() {
    let behalf = Behalf::new();
    let disable = |actor: &Actor, disabled: bool| {
        behalf
            .world
            .admin
            .update(Row::new("systemuser", actor.id()).with("isdisabled", disabled));
    };
    for actor in [&behalf.seller, &behalf.service] {
        disable(actor, true);
        assert_eq!(outcome(&behalf.both.0.execute(Request::new("WhoAmI"))), "0x80040225");
        disable(actor, false);
        behalf.both.0.execute(Request::new("WhoAmI")).unwrap();
    }
}

#[test]
fn nobody_is_given_through_another_what_the_caller_does_not_hold() {
    let behalf = Behalf::new();
    // On behalf of an administrator, a service gives itself nothing.
    let mut rights = grants("User", &Right::ALL, Depth::Organization);
    rights.extend(grants("Role", &Right::ALL, Depth::Organization));
    let role = behalf.world.ids(
        "role",
        Filter::eq("name", "Service").and(Filter::eq("parentroleid", Value::Null)),
    );
    behalf.world.allow(role.into_iter().next().unwrap(), &rights);
    let as_admin = Actor(behalf.service.0.on_behalf_of(behalf.world.admin.id()));
    let unit = behalf
        .world
        .ids("businessunit", Filter::eq("name", "West"))
        .into_iter()
        .next()
        .unwrap();
    let administrator = behalf.world.role_in("System Administrator", unit);
    let given = crate::world::associate(
        &as_admin,
        user(&behalf.service),
        "systemuserroles_association",
        administrator,
    );
    assert_eq!(outcome(&given), "0x80040220");
}

#[test]
fn secured_columns_are_those_that_both_may_read() {
    let behalf = Behalf::new();
    let account = behalf.seller.create(Row::unsaved("account").with("name", "Own"));
    behalf
        .world
        .admin
        .update(Row::new("account", account).with("telephone1", "1"));
    crate::columns::secure(&behalf.world.admin, "account", "telephone1", true).unwrap();
    let profile = behalf
        .world
        .admin
        .create(Row::unsaved("fieldsecurityprofile").with("name", "Phones"));
    behalf
        .world
        .admin
        .create(crate::columns::permission(profile, "telephone1", [true; 3]));
    let reads = || behalf.both.get("account", account).has("telephone1");
    crate::columns::join(&behalf.world, &behalf.seller, profile);
    assert!(!reads());
    let change = || {
        behalf
            .both
            .try_update(Row::new("account", account).with("telephone1", "2"))
    };
    let error = change().unwrap_err();
    assert_eq!(error.code(), Code::COLUMN_UPDATE_DENIED);
    assert_eq!(error.body().principal.as_ref().unwrap().id, behalf.service.id());
    crate::columns::join(&behalf.world, &behalf.service, profile);
    assert!(reads());
    change().unwrap();
}

#[test]
fn on_behalf_of_somebody_their_own_requests_are_not_shown() {
    let world = Security::new();
    let mut rights = grants("Account", &Right::ALL, Depth::User);
    rights.extend(grants("sl_messagetrace", &[Right::Read], Depth::Organization));
    rights.push(grant("prvActOnBehalfOfAnotherUser", Depth::Organization));
    world.role("Clever", &rights);
    let clever = world.user("clever", world.root(), &["Clever"]);
    let both = Actor(clever.0.on_behalf_of(world.admin.id()));
    let refused = Row::unsaved("lead")
        .with("lastname", "Secret")
        .with("statecode", Value::Choice(77));
    assert!(world.admin.try_create(refused).is_err());
    let traces = |actor: &Actor| actor.list(Query::new("sl_messagetrace").columns(&["sl_request"]));
    let secret = |rows: &[Row]| {
        rows.iter()
            .any(|row| row.text("sl_request").is_some_and(|sent| sent.contains("Secret")))
    };
    assert!(secret(&traces(&world.admin)));
    assert!(!secret(&traces(&clever)) && !secret(&traces(&both)));
    assert!(
        both.0.recorded_request(None).is_err(),
        "the administrator's last refusal is not theirs"
    );
    let trace = traces(&world.admin)[0].id;
    let error = both.0.recorded_request(Some(trace)).unwrap_err();
    assert_eq!(error.code(), Code::PRIVILEGE_DENIED, "{error}");
    assert!(error.message().contains("prvReadLead at depth Organization"), "{error}");
    // What they sent themselves on somebody's behalf is theirs.
    let refused = Row::unsaved("account")
        .with("name", "Mine")
        .with("statecode", Value::Choice(77));
    assert!(both.try_create(refused).is_err());
    assert_eq!(both.0.recorded_request(None).unwrap().sender(), clever.id());
    assert_eq!(clever.0.recorded_request(None).unwrap().sender(), clever.id());
}

#[test]
fn on_behalf_of_somebody_what_they_may_is_not_told() {
    let world = Security::new();
    let mut rights = grants("Account", &Right::ALL, Depth::Organization);
    rights.push(grant("prvActOnBehalfOfAnotherUser", Depth::Organization));
    world.role("Clever", &rights);
    let clever = world.user("clever", world.root(), &["Clever"]);
    let both = Actor(clever.0.on_behalf_of(world.admin.id()));
    let account = world.admin.create(Row::unsaved("account").with("name", "Litware"));
    let why = |asks: &Actor, about: &Actor| {
        let request = Request::new("RetrieveAccessReasons")
            .with("Target", Reference::new("account", account))
            .with("Principal", user(about));
        outcome(&asks.0.execute(request))
    };
    assert_eq!(why(&world.admin, &world.admin), "ok");
    assert_eq!(why(&clever, &clever), "ok");
    // The administrator is somebody else, whose row the caller may not read.
    assert_eq!(why(&clever, &world.admin), "0x80040220");
    assert_eq!(why(&both, &world.admin), "0x80040220");
}
