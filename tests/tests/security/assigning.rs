//! Giving rows away.

use sluice_model::{Depth, Query, Reference, Right, Row, Uuid, Value};
use sluice_tests::Actor;

use crate::world::{Security, assign, grants, outcome, refusal, user};

const GIVER: [Right; 4] = [Right::Create, Right::Read, Right::Write, Right::Assign];

/// A giver and a taker, both at User depth, and somebody who may not read accounts.
struct Three {
    world: Security,
    role: Uuid,
    giver: Actor,
    taker: Actor,
    blind: Actor,
}

impl Three {
    fn new() -> Self {
        let world = Security::new();
        let role = world.role("Giver", &grants("Account", &GIVER, Depth::User));
        world.role("Taker", &grants("Account", &[Right::Read, Right::Write], Depth::User));
        world.role("Blind", &grants("Contact", &[Right::Read], Depth::User));
        let giver = world.user("giver", world.root(), &["Giver"]);
        let taker = world.user("taker", world.unit("West", world.root()), &["Taker"]);
        let blind = world.user("blind", world.root(), &["Blind"]);
        Self {
            world,
            role,
            giver,
            taker,
            blind,
        }
    }

    fn account(&self) -> Reference {
        Reference::new(
            "account",
            self.giver.create(Row::unsaved("account").with("name", "Litware, Inc.")),
        )
    }

    fn share_to_previous_owner(&self, on: bool) {
        let organization = self.world.admin.list(Query::new("organization").columns(&[]));
        let row = Row::new("organization", organization[0].id).with("sharetopreviousowneronassign", on);
        self.world.admin.update(row);
    }
}

#[test]
fn an_assigned_row_belongs_to_the_new_owner_and_its_unit() {
    let three = Three::new();
    let account = three.account();
    assign(&three.giver, account.clone(), user(&three.taker)).unwrap();
    let row = three.taker.get("account", account.id);
    assert_eq!(row.id_of("ownerid"), Some(three.taker.id()));
    assert_eq!(row.id_of("owninguser"), Some(three.taker.id()));
    assert_eq!(
        row.id_of("owningbusinessunit"),
        three
            .world
            .admin
            .get("systemuser", three.taker.id())
            .id_of("businessunitid")
    );
}

#[test]
fn assigning_needs_assign_by_message_by_update_and_on_create() {
    let three = Three::new();
    let account = three.account();
    three.world.forbid(three.role, "prvAssignAccount");
    let for_the_taker = Row::unsaved("account")
        .with("name", "Fabrikam")
        .with("ownerid", user(&three.taker));
    let by_update = Row::new("account", account.id).with("ownerid", user(&three.taker));
    assert_eq!(
        refusal(assign(&three.giver, account, user(&three.taker))),
        "0x80040220 prvAssignAccount"
    );
    assert_eq!(
        refusal(three.giver.try_update(by_update)),
        "0x80040220 prvAssignAccount"
    );
    assert_eq!(
        refusal(three.giver.try_create(for_the_taker)),
        "0x80040220 prvAssignAccount"
    );
}

#[test]
fn assign_reaches_as_far_as_its_depth() {
    let three = Three::new();
    let account = Reference::new("account", three.world.account(user(&three.taker)));
    three.world.allow(
        three.role,
        &grants("Account", &[Right::Read, Right::Write], Depth::Organization),
    );
    let refused = assign(&three.giver, account.clone(), user(&three.giver)).unwrap_err();
    assert_eq!(refused.code().to_string(), "0x80048306");
    assert!(
        refused.message().contains(" does not have AssignAccess right(s) "),
        "{refused}"
    );
    assert_eq!(refused.body().depth, Some(Depth::ParentChild));
    three
        .world
        .allow(three.role, &grants("Account", &[Right::Assign], Depth::ParentChild));
    assign(&three.giver, account, user(&three.giver)).unwrap();
}

#[test]
fn an_owner_that_may_not_read_the_table_is_refused_and_named() {
    let three = Three::new();
    let account = three.account();
    let by_update = Row::new("account", account.id).with("ownerid", user(&three.blind));
    let on_create = Row::unsaved("account")
        .with("name", "Fabrikam")
        .with("ownerid", user(&three.blind));
    for error in [
        assign(&three.giver, account.clone(), user(&three.blind)).unwrap_err(),
        three.giver.try_update(by_update).unwrap_err(),
        three.giver.try_create(on_create).unwrap_err(),
    ] {
        let body = error.body();
        assert_eq!(error.code().to_string(), "0x80040299");
        let start = format!(
            "Read Privilege Check For Owner failed with exception: Principal user (Id={}, type=8, roleCount=1, ",
            three.blind.id()
        );
        assert!(error.message().starts_with(&start), "{error}");
        assert!(
            error.message().contains(", is missing prvReadAccount privilege (Id="),
            "{error}"
        );
        assert!(
            error
                .message()
                .ends_with(&format!(" context.Caller={}", three.giver.id())),
            "{error}"
        );
        assert_eq!(
            (body.privilege.as_deref(), body.table.as_deref()),
            (Some("prvReadAccount"), Some("account"))
        );
        assert_eq!(
            (body.depth, body.principal.as_ref().unwrap().id),
            (Some(Depth::User), three.blind.id())
        );
    }
    assert_eq!(
        three.giver.get("account", account.id).id_of("ownerid"),
        Some(three.giver.id())
    );
}

#[test]
fn even_an_administrator_gives_nothing_to_who_may_not_read_it() {
    let three = Three::new();
    let account = three.account();
    assert_eq!(
        refusal(assign(&three.world.admin, account, user(&three.blind))),
        "0x80040299 prvReadAccount"
    );
}

#[test]
fn an_owner_that_is_not_there_is_not_found() {
    let three = Three::new();
    let account = three.account();
    assert_eq!(
        outcome(&assign(
            &three.giver,
            account.clone(),
            Reference::new("systemuser", Uuid::from_u128(7))
        )),
        "0x80040217"
    );
    assert_eq!(
        outcome(&assign(&three.giver, account, Reference::new("team", three.taker.id()))),
        "0x80040217"
    );
}

#[test]
fn the_previous_owner_keeps_the_row_only_where_the_organisation_says_so() {
    let three = Three::new();
    for on in [false, true] {
        three.share_to_previous_owner(on);
        let account = three.account();
        assign(&three.giver, account.clone(), user(&three.taker)).unwrap();
        let read = outcome(&three.giver.try_get("account", account.id));
        let change = Row::new("account", account.id).with("telephone1", Value::from("425-555-0100"));
        let write = outcome(&three.giver.try_update(change));
        let expected = if on { "ok" } else { "0x80048306" };
        assert_eq!(
            (read.as_str(), write.as_str()),
            (expected, expected),
            "sharetopreviousowneronassign is {on}"
        );
    }
}
