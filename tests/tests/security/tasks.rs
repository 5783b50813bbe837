//! Privileges that belong to no table: each is asked for by what it gates, and by nothing else.

use sluice_model::{Code, Depth, Query, Reference, Request, Right, Row, Timestamp, Uuid, Value};

use crate::world::{Security, grant, grants};

/// Merging takes its own privilege besides those on the rows.
#[test]
fn merging_takes_a_privilege_of_its_own() {
    let world = Security::new();
    let role = world.role("Clerk", &grants("Account", &Right::ALL, Depth::Organization));
    let clerk = world.user("clerk", world.root(), &["Clerk"]);
    let [kept, other] = ["Litware", "Litware Ltd"].map(|name| {
        let row = Row::unsaved("account").with("name", name);
        Reference::new("account", clerk.create(row))
    });
    let merge = Request::new("Merge").with("Target", kept).with("SubordinateId", other);
    let error = clerk.0.execute(merge.clone()).unwrap_err();
    assert_eq!(error.code(), Code::PRIVILEGE_DENIED);
    assert_eq!(error.body().privilege.as_deref(), Some("prvMerge"));
    world.allow(role, &[grant("prvMerge", Depth::Organization)]);
    clerk.0.execute(merge).unwrap();
}

/// What a column stays is no change, and what it comes to, whoever writes it, is one.
#[test]
fn what_a_column_stays_takes_nothing() {
    let world = Security::new();
    let rights = [Right::Read, Right::Write];
    let role = world.role("Clerk", &grants("User", &rights, Depth::Organization));
    let clerk = world.user("clerk", world.root(), &["Clerk"]);
    let other = world.user("other", world.root(), &[]);
    let row = || Row::new("systemuser", other.id());
    clerk.update(row().with("isdisabled", false));
    clerk.update(row().with("parentsystemuserid", Value::Null));
    clerk.update(row().with("businessunitid", Reference::new("businessunit", world.root())));
    for (change, privilege) in [
        (row().with("isdisabled", true), "prvDisableUser"),
        (
            row().with("positionid", Reference::new("position", Uuid::from_u128(3))),
            "prvAssignPosition",
        ),
    ] {
        let error = clerk.try_update(change).unwrap_err();
        assert_eq!(error.body().privilege.as_deref(), Some(privilege), "{error}");
    }
    world.allow(role, &[grant("prvDisableUser", Depth::Organization)]);
    clerk.update(row().with("isdisabled", true));
}

/// When a row was made elsewhere is said by who may, when it is made and never after.
#[test]
fn when_a_row_was_made_is_said_once_and_takes_a_privilege() {
    let world = Security::new();
    let role = world.role("Clerk", &grants("Account", &Right::ALL, Depth::Organization));
    let clerk = world.user("clerk", world.root(), &["Clerk"]);
    let earlier: Timestamp = "1999-01-01T00:00:00Z".parse().unwrap();
    let dated = |row: Row| row.with("overriddencreatedon", earlier);
    let row = || Row::unsaved("account").with("name", "Litware");
    let error = clerk.try_create(dated(row())).unwrap_err();
    assert_eq!(
        error.body().privilege.as_deref(),
        Some("prvOverrideCreatedOnCreatedBy"),
        "{error}"
    );
    world.allow(role, &[grant("prvOverrideCreatedOnCreatedBy", Depth::Organization)]);
    let account = clerk.create(dated(row()));
    let is = world.admin.get("account", account);
    assert_eq!(is.get("createdon"), Some(&Value::DateTime(earlier)));
    for actor in [&clerk, &world.admin] {
        let error = actor.try_update(dated(Row::new("account", account))).unwrap_err();
        assert_eq!(error.code(), Code::READ_ONLY_COLUMN, "{error}");
    }
    // An Upsert says it of the row that it makes, and of no other.
    let upsert = |row: Row| clerk.0.execute(Request::new("Upsert").with("Target", row)).unwrap();
    upsert(dated(Row::new("account", account).with("name", "Fabrikam")));
    let now = world.admin.get("account", account);
    assert_eq!(now.text("name"), Some("Fabrikam"));
    assert_eq!(now.get("overriddencreatedon"), is.get("overriddencreatedon"));
}

/// The page that administrators read has all of them.
#[test]
fn the_page_has_them_all() {
    let world = Security::new();
    let page = std::fs::read_to_string(sluice_tests::root().join("docs/security.md")).unwrap();
    let all = world
        .admin
        .list(Query::new("privilege").columns(&["name", "accessright"]));
    let named = all.iter().filter(|row| row.int("accessright") == Some(0));
    let missing: Vec<&str> = named
        .filter_map(|row| row.text("name"))
        .filter(|name| !page.contains(name))
        .collect();
    assert!(missing.is_empty(), "docs/security.md does not name {missing:?}");
}
