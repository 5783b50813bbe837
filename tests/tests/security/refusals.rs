//! What a refusal says, to people and to machines.

use serde_json::json;
use sluice_model::{Code, Depth, Query, Reference, Request, Right, Row, Uuid, Value};
use sluice_sales::qualify::Choices;
use sluice_tests::people;

use crate::world::{Security, grant, grants, outcome, qualify, qualifying, refusal, share, user, without};

#[test]
fn a_missing_privilege_is_told_in_the_platforms_words() {
    let world = Security::sample();
    let seller = world.organisation.actor("seller.west");
    let error = seller.0.list(Query::new("sl_commissionrule")).unwrap_err();
    let (me, unit) = (
        seller.id(),
        world
            .admin
            .get("systemuser", seller.id())
            .id_of("businessunitid")
            .unwrap(),
    );
    let otc = world.admin.0.catalog().unwrap().table("sl_commissionrule").unwrap().otc;
    assert_eq!(
        error.message(),
        format!(
            "Principal user (Id={me}, type=8, roleCount=1, privilegeCount=49, accessMode='0 Read-Write', \
             AADObjectId='', MetadataCachePrivilegesCount={}, businessUnitId={unit}), is missing \
             prvReadsl_commissionrule privilege (Id={}) on OTC={otc} for entity 'sl_commissionrule' \
             (LocalizedName='Commission Rule'). context.Caller={me}. Consider adding missed privilege to one of the \
             principal (user/team) roles.",
            world.admin.count("privilege"),
            world.admin.find("privilege", "prvReadsl_commissionrule"),
        )
    );
    let mut told = error.to_json();
    for prose in ["message", "cause", "resolution", "remedies", "correlation"] {
        assert!(told.as_object_mut().unwrap().remove(prose).is_some(), "{prose}");
    }
    let expected = json!({
        "code": "0x80040220",
        "privilege": "prvReadsl_commissionrule",
        "table": "sl_commissionrule",
        "depth": "Organization",
        "principal": { "id": me, "name": "seller.west", "type": "User", "roles": ["Salesperson"] },
    });
    assert_eq!(told, expected);
}

/// Rows of the configuration, of which clients look one up by its name, are others': only all of them will do.
#[test]
fn the_shallowest_depth_that_finds_rows_is_told() {
    let world = Security::new();
    world.role(
        "Nothing much",
        &[grant("prvReadTransactionCurrency", Depth::Organization)],
    );
    let seller = world.user("seller", world.root(), &["Nothing much"]);
    for (table, depth) in [
        ("account", Depth::User),
        ("contact", Depth::User),
        ("team", Depth::Organization),
        ("entitymap", Depth::Organization),
    ] {
        let error = seller.0.list(Query::new(table)).unwrap_err();
        assert_eq!(error.body().depth, Some(depth), "{table}");
    }
}

#[test]
fn a_missing_privilege_of_no_table_is_told_in_the_platforms_words() {
    let world = Security::new();
    let role = world.role(
        "Seller",
        &without(qualifying(Depth::User), |privilege| privilege == "prvReadCustomization"),
    );
    let seller = world.user("seller", world.root(), &["Seller"]);
    let lead = world.lead(user(&seller));
    let error = qualify(&seller, lead, &Choices::default()).unwrap_err();
    assert_eq!(
        error.message(),
        format!(
            "Access denied or Insufficient permissions: SecLib::CheckPrivilege failed. User: {}, PrivilegeName: prvReadCustomization, PrivilegeId: {}, Required \
             Depth: Basic, BusinessUnitId: {}, MetadataCache Privileges Count: {}, User Privileges Count: 20",
            seller.id(),
            world.admin.find("privilege", "prvReadCustomization"),
            world.root(),
            world.admin.count("privilege"),
        )
    );
    assert_eq!(error.body().depth, Some(Depth::Organization));
    world.allow(role, &[grant("prvReadCustomization", Depth::Organization)]);
    qualify(&seller, lead, &Choices::default()).unwrap();
}

#[test]
fn a_row_out_of_reach_is_told_in_the_platforms_words() {
    let world = Security::new();
    let west = world.unit("West", world.root());
    world.role("Seller", &grants("Lead", &[Right::Read, Right::Write], Depth::User));
    let (seller, colleague) = (
        world.user("seller", west, &["Seller"]),
        world.user("colleague", west, &["Seller"]),
    );
    let lead = world.lead(user(&colleague));
    share(&world.admin, Reference::new("lead", lead), user(&seller), "ReadAccess").unwrap();
    let error = seller
        .try_update(Row::new("lead", lead).with("subject", "Mine"))
        .unwrap_err();

    let (text, details) = error.message().split_once(" Details: ").unwrap();
    let me = seller.id();
    let expected =
        format!("Principal with id {me} does not have WriteAccess right(s) for record with id {lead} of entity lead.");
    assert_eq!(text, expected);
    let details: serde_json::Value = serde_json::from_str(details).unwrap();
    let told = |member: &str| details[member].clone();
    assert_eq!(
        told("CallerPrincipal"),
        json!({ "PrincipalId": me, "Type": 8, "IsUserPrincipal": true })
    );
    assert_eq!(
        told("OwnerPrincipal"),
        json!({ "PrincipalId": colleague.id(), "Type": 8, "IsUserPrincipal": true })
    );
    assert_eq!(
        (told("ObjectId"), told("ObjectTypeCode"), told("EntityName")),
        (json!(lead), json!(4), json!("lead"))
    );
    assert_eq!(
        (told("ObjectBusinessUnitId"), told("RightsToCheck")),
        (json!(west), json!("WriteAccess"))
    );
    assert_eq!(
        (told("RoleAccessRights"), told("PoaAccessRights")),
        (json!("None"), json!("ReadAccess"))
    );
    assert_eq!(
        (told("GrantedAccessRights"), told("EntityOwnershipTypeMask")),
        (json!("ReadAccess"), json!(1))
    );
    let messages = told("Messages");
    assert!(
        messages
            .as_array()
            .unwrap()
            .contains(&json!("MinimumPrivilegeDepthRequired = Local")),
        "{messages}"
    );

    let machine = error.to_json();
    assert_eq!(
        (&machine["code"], &machine["privilege"]),
        (&json!("0x80048306"), &json!("prvWriteLead"))
    );
    assert_eq!(
        (&machine["table"], &machine["depth"]),
        (&json!("lead"), &json!("Business Unit"))
    );
    let principal = json!({ "id": me, "name": "seller", "type": "User", "roles": ["Seller"] });
    assert_eq!(machine["principal"], principal);
}

#[test]
fn the_depth_that_would_do_is_told() {
    let world = Security::new();
    let west = world.unit("West", world.root());
    let (coast, east) = (world.unit("Coast", west), world.unit("East", world.root()));
    world.role("Seller", &grants("Lead", &[Right::Read], Depth::User));
    let seller = world.user("seller", west, &["Seller"]);
    for (unit, depth) in [
        (west, Depth::BusinessUnit),
        (coast, Depth::ParentChild),
        (east, Depth::Organization),
    ] {
        let owner = world.user(&format!("owner at {}", depth.word()), unit, &["Seller"]);
        let error = seller.try_get("lead", world.lead(user(&owner))).unwrap_err();
        assert_eq!(error.body().depth, Some(depth));
    }
}

#[test]
fn a_user_without_any_role_is_told_so() {
    let world = Security::new();
    let nobody = world.user("nobody", world.root(), &[]);
    let lead = world.lead(user(&world.admin));
    for result in [
        qualify(&nobody, lead, &Choices::default()).map(|_| ()),
        nobody.try_get("lead", lead).map(|_| ()),
        nobody.0.list(Query::new("lead")).map(|_| ()),
        nobody
            .try_create(Row::unsaved("lead").with("lastname", "McKay"))
            .map(|_| ()),
        nobody.try_delete("lead", lead),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.code().to_string(), "0x80042F09");
        assert_eq!(error.message(), "The user has not been assigned any roles.");
        assert_eq!(error.body().principal.as_ref().unwrap().name, "nobody");
    }
}

#[test]
fn a_share_does_not_help_a_user_without_any_role() {
    let world = Security::new();
    let nobody = world.user("nobody", world.root(), &[]);
    let lead = world.lead(user(&world.admin));
    share(&world.admin, Reference::new("lead", lead), user(&nobody), "ReadAccess").unwrap();
    assert_eq!(outcome(&nobody.try_get("lead", lead)), "0x80042F09");
}

#[test]
fn a_disabled_user_is_refused_until_enabled_again() {
    let world = Security::new();
    world.role("Seller", &qualifying(Depth::User));
    let seller = world.user("seller", world.root(), &["Seller"]);
    let lead = world.lead(user(&seller));
    let switch = |disabled: bool| {
        world
            .admin
            .update(Row::new("systemuser", seller.id()).with("isdisabled", disabled))
    };
    switch(true);
    assert_eq!(outcome(&seller.try_get("lead", lead)), "0x80040225");
    assert_eq!(outcome(&qualify(&seller, lead, &Choices::default())), "0x80040225");
    let text = seller.0.list(Query::new("lead")).unwrap_err();
    assert!(text.message().contains(&seller.id().to_string()), "{text}");
    switch(false);
    qualify(&seller, lead, &Choices::default()).unwrap();
}

#[test]
fn a_user_in_read_mode_reads_and_writes_nothing() {
    let world = Security::new();
    world.role(
        "Seller",
        &[qualifying(Depth::User), grants("Account", &Right::ALL, Depth::User)].concat(),
    );
    let seller = world.user("seller", world.root(), &["Seller"]);
    let account = world.account(user(&seller));
    let lead = world.lead(user(&seller));
    world
        .admin
        .update(Row::new("systemuser", seller.id()).with("accessmode", Value::Choice(2)));
    seller.get("account", account);
    assert_eq!(seller.count("account"), 1);
    let mine = Reference::new("account", account);
    for refused in [
        seller.try_update(Row::new("account", account).with("name", "Mine")),
        seller
            .try_create(Row::unsaved("account").with("name", "Mine"))
            .map(|_| ()),
        seller.try_delete("account", account),
        share(&seller, mine, user(&world.admin), "ReadAccess"),
        qualify(&seller, lead, &Choices::default()).map(|_| ()),
    ] {
        assert_eq!(refusal(refused), "0x80044502 -");
    }
}

/// A name that is taken is no row that is there: the Upsert of another row is refused for it.
#[test]
fn an_upsert_of_a_taken_name_is_refused() {
    let world = Security::new();
    let there = world.user("there", world.root(), &[]);
    let row = world.admin.get("systemuser", there.id());
    for id in [Uuid::nil(), Uuid::from_u128(7)] {
        let mut twin = Row::new("systemuser", id);
        for column in ["domainname", "firstname", "lastname", "businessunitid"] {
            twin.values
                .extend(row.get(column).map(|value| (column.into(), value.clone())));
        }
        let error = world
            .admin
            .0
            .execute(Request::new("Upsert").with("Target", twin))
            .unwrap_err();
        assert_eq!(error.code(), Code::DUPLICATE_KEY, "{error}");
    }
    assert_eq!(world.admin.get("systemuser", there.id()), row);
}

/// Whether an Upsert is a Create or an Update tells what is there: who may do only one of the two is
/// refused alike.
#[test]
fn an_upsert_tells_nobody_what_is_there() {
    let world = Security::new();
    let account = world.admin.create(Row::unsaved("account").with("name", "There"));
    let everything = Depth::Organization;
    let held = |verb, table| people::privileges(&[verb], &[table], everything);
    let people = [
        ("nobody", held("Read", "Contact"), "prvCreateAccount"),
        ("maker", held("Create", "Account"), "prvWriteAccount"),
        ("changer", held("Write", "Account"), "prvCreateAccount"),
    ];
    for (name, held, lacks) in people {
        let user = people::user(&world.organisation, name, &held);
        for id in [account, Uuid::from_u128(7)] {
            let upsert = Request::new("Upsert").with("Target", Row::new("account", id).with("name", "New"));
            let error = user.0.execute(upsert).unwrap_err();
            assert_eq!(error.body().privilege.as_deref(), Some(lacks), "{name}: {error}");
        }
    }
    assert_eq!(world.admin.get("account", account).text("name"), Some("There"));
}
