//! Which relationships there are, what they do, and what they may be made to do.

use sluice_model::{
    Behaviours, Code, Depth, Follow, OnDelete, OnMerge, Ownership, Reference, Request, Required, Row,
    relationship::Relationship,
};
use sluice_platform::BehaviourChange;
use sluice_platform::prelude::*;
use sluice_tests::people;

use crate::world::{Related, lookup, refused};

/// Column, target and what happens: Assign, Share, Unshare, Reparent, Delete, Merge. C is
/// Cascade, N NoCascade, L RemoveLink, R Restrict.
const SHIPPED: &str = "
contact.parentcustomerid account CCCCCC
contact.parentcustomerid contact CCCCLC
account.parentaccountid account CCCCLC
account.primarycontactid contact NNNNLC
account.masterid account NNNNLN
contact.masterid contact NNNNLN
lead.masterid lead NNNNLN
opportunity.customerid account CCCCCC
opportunity.customerid contact CCCCCC
opportunity.parentaccountid account NNNNLC
opportunity.parentcontactid contact NNNNLC
lead.customerid account CCCCCC
lead.customerid contact CCCCCC
lead.parentaccountid account NNNNLC
lead.parentcontactid contact NNNNLC
lead.qualifyingopportunityid opportunity NNNNLN
lead.campaignid campaign NNNNLN
account.originatingleadid lead NNNNLC
contact.originatingleadid lead NNNNLC
opportunity.originatingleadid lead NNNNLC
task.regardingobjectid account CCCCCC
phonecall.regardingobjectid contact CCCCCC
email.regardingobjectid lead CCCCCC
appointment.regardingobjectid opportunity CCCCCN
opportunityclose.opportunityid opportunity CCCCCN
opportunityclose.regardingobjectid opportunity CCCCCN
annotation.objectid account CCCCCC
annotation.objectid contact CCCCCC
annotation.objectid lead CCCCCC
annotation.objectid opportunity CCCCCN
account.transactioncurrencyid transactioncurrency NNNNRN
opportunity.transactioncurrencyid transactioncurrency NNNNRN
account.owningbusinessunit businessunit NNNNRN
account.createdby systemuser NNNNNN
lead.owninguser systemuser NNNNNN
";

fn letters(relationship: &Relationship) -> String {
    let Behaviours {
        assign,
        share,
        unshare,
        reparent,
        delete,
        merge,
    } = relationship.behaviours;
    let follow = |follow| match follow {
        Follow::NoCascade => 'N',
        Follow::Active => 'A',
        Follow::UserOwned => 'U',
        Follow::Cascade => 'C',
    };
    let delete = match delete {
        OnDelete::Cascade => 'C',
        OnDelete::RemoveLink => 'L',
        OnDelete::Restrict => 'R',
        OnDelete::NoCascade => 'N',
    };
    let merge = match merge {
        OnMerge::Cascade => 'C',
        OnMerge::NoCascade => 'N',
    };
    let followed = [assign, share, unshare, reparent].map(follow);
    followed.into_iter().chain([delete, merge]).collect()
}

#[test]
fn what_ships_does_what_the_platform_does() {
    let world = Related::new();
    let catalog = world.admin.0.catalog().unwrap();
    for line in SHIPPED.trim().lines() {
        let [place, target, expected] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let (table, column) = place.split_once('.').unwrap();
        let mut all = catalog.relationships_of(table, column);
        let one = all
            .find(|one| *one.target == *target)
            .unwrap_or_else(|| panic!("{line}"));
        assert_eq!(letters(one), expected, "{line}");
    }
}

#[test]
fn every_lookup_has_one_relationship_for_each_of_its_tables_and_no_two_have_one_name() {
    let world = Related::new();
    let catalog = world.admin.0.catalog().unwrap();
    let wanted: usize = catalog.iter().map(|table| table.references().count()).sum();
    let mut names: Vec<String> = catalog
        .relationships()
        .map(|one| one.name.to_ascii_lowercase())
        .collect();
    assert_eq!(names.len(), wanted);
    names.sort();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn what_a_definition_keeps_speaks_of_its_lookups() {
    let world = Related::new();
    let catalog = world.admin.0.catalog().unwrap();
    for table in catalog.iter() {
        for kept in &table.relationships {
            let there = table
                .references()
                .any(|(column, target)| (&column.name, target) == (&kept.column, &kept.target));
            assert!(there, "{} of {}: {kept:?}", kept.column, table.name);
        }
    }
}

#[test]
fn a_lookup_is_referential_unless_it_is_said_otherwise() {
    let world = Related::new();
    world.table("sl_part", Ownership::User);
    world
        .admin
        .0
        .create_column("sl_part", &lookup("sl_account", &["account", "contact"]))
        .unwrap();
    assert_eq!(
        world.behaviours("sl_account_sl_part_sl_account"),
        Behaviours::REFERENTIAL
    );
    assert_eq!(
        world.behaviours("sl_contact_sl_part_sl_account"),
        Behaviours::REFERENTIAL
    );
    world.lookup("sl_part", "sl_lead", &["lead"], Behaviours::PARENTAL);
    assert_eq!(world.behaviours("sl_lead_sl_part_sl_lead"), Behaviours::PARENTAL);
    // Where rows are not merged, nothing happens when they are.
    world.lookup("sl_part", "sl_deal", &["opportunity"], Behaviours::RESTRICT);
    let expected = Behaviours {
        merge: OnMerge::NoCascade,
        ..Behaviours::RESTRICT
    };
    assert_eq!(world.behaviours("sl_opportunity_sl_part_sl_deal"), expected);
    // One that every row needs is not emptied.
    let mut needed = lookup("sl_needed", &["account"]);
    needed.required = Required::System;
    world.admin.0.create_column("sl_part", &needed).unwrap();
    assert_eq!(world.behaviours("sl_account_sl_part_sl_needed"), Behaviours::RESTRICT);
}

#[test]
fn behaviours_that_a_relationship_cannot_have_are_refused_with_the_platforms_codes() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    let create = |table: &str, column: &str, target: &str, behaviours| {
        world
            .admin
            .0
            .create_lookup(table, &lookup(column, &[target]), behaviours)
    };
    // One parental relationship for two tables.
    let second = create("sl_part", "sl_other", "sl_part", Behaviours::PARENTAL);
    refused(second, Code::PARENTAL_EXISTS, "A parental relationship already exists.");
    let only_delete = Behaviours {
        delete: OnDelete::Cascade,
        ..Behaviours::REFERENTIAL
    };
    refused(
        create("sl_part", "sl_other", "sl_part", only_delete),
        Code::PARENTAL_EXISTS,
        "sl_sl_part_sl_part_sl_whole",
    );
    create("sl_part", "sl_other", "sl_part", Behaviours::RESTRICT).unwrap();
    let change = BehaviourChange {
        assign: Some(Follow::Active),
        ..BehaviourChange::default()
    };
    let update = |name: &str, change| world.admin.0.update_relationship(name, &change);
    refused(
        update("sl_sl_part_sl_part_sl_other", change),
        Code::PARENTAL_EXISTS,
        "already exists",
    );
    // A custom table above one of the platform.
    let above = create("account", "sl_part", "sl_part", Behaviours::PARENTAL);
    refused(above, Code::CUSTOM_PARENT, "cannot be the parent");
    create("account", "sl_part", "sl_part", Behaviours::RESTRICT).unwrap();
    refused(
        update("sl_sl_part_account_sl_part", change),
        Code::CUSTOM_PARENT,
        "cannot be the parent",
    );
}

#[test]
fn behaviours_that_the_tables_of_a_relationship_do_not_bear_are_refused() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    world.table("sl_shared", Ownership::Organization);
    let update = |name: &str, change| world.admin.0.update_relationship(name, &change);
    let create = |behaviours| {
        let column = lookup("sl_account", &["account"]);
        world.admin.0.create_lookup("sl_shared", &column, behaviours)
    };
    // What belongs to the organisation has no owner.
    let owned = create(Behaviours::PARENTAL);
    refused(
        owned,
        Code::REPARENT_OWNED_ONLY,
        "Cannot perform Cascade Reparent on Non-UserOwned entities",
    );
    create(Behaviours::REFERENTIAL).unwrap();
    let by_owner = BehaviourChange {
        share: Some(Follow::UserOwned),
        ..BehaviourChange::default()
    };
    refused(
        update("sl_account_sl_shared_sl_account", by_owner),
        Code::USER_OWNED_ONLY,
        "UserOwned",
    );
    // What every row needs is not emptied.
    let mut needed = lookup("sl_needed", &["account"]);
    needed.required = Required::System;
    let emptied = world.admin.0.create_lookup("sl_part", &needed, Behaviours::REFERENTIAL);
    refused(emptied, Code::REQUIRED_LINK, "every row needs the column");
    // Delete and Merge take other words.
    let stays = BehaviourChange {
        delete: Some(OnDelete::NoCascade),
        ..BehaviourChange::default()
    };
    refused(
        update("contact_customer_accounts", stays),
        Code::CASCADE_TYPE,
        "not valid",
    );
    for (name, merge) in [
        ("contact_customer_accounts", OnMerge::NoCascade),
        ("sl_sl_part_sl_part_sl_whole", OnMerge::Cascade),
    ] {
        let change = BehaviourChange {
            merge: Some(merge),
            ..BehaviourChange::default()
        };
        refused(update(name, change), Code::CASCADE_TYPE, "Merge");
    }
    assert_eq!(world.behaviours("contact_customer_accounts"), Behaviours::PARENTAL);
}

#[test]
fn what_the_platform_keeps_together_is_not_taken_apart() {
    let world = Related::new();
    let restrict = BehaviourChange {
        all: Some(Behaviours::RESTRICT),
        ..BehaviourChange::default()
    };
    for name in [
        "systemuser_account_ownerid",
        "systemuser_account_createdby",
        "account_master_account",
        "businessunit_role_businessunitid",
        "lead_leadtoopportunitysalesprocess_leadid",
        "role_systemuserroles_roleid",
        "transactioncurrency_account_transactioncurrencyid",
    ] {
        let referential = BehaviourChange {
            all: Some(Behaviours::REFERENTIAL),
            ..BehaviourChange::default()
        };
        let now = world.behaviours(name);
        let change = if now.delete == OnDelete::Restrict {
            referential
        } else {
            restrict
        };
        refused(
            world.admin.0.update_relationship(name, &change),
            Code::INVALID_ARGUMENT,
            "platform's affair",
        );
        assert_eq!(world.behaviours(name), now);
    }
    // Nor does a new lookup take it along.
    for table in ["team", "role", "systemuser", "businessunit", "audit"] {
        let column = lookup("sl_account", &["account"]);
        let create = |behaviours| world.admin.0.create_lookup(table, &column, behaviours);
        refused(
            create(Behaviours::PARENTAL),
            Code::INVALID_ARGUMENT,
            "platform's affair",
        );
        create(Behaviours::REFERENTIAL).unwrap();
    }
}

#[test]
fn customizers_need_the_privileges_of_relationships() {
    let world = Related::new();
    world.table("sl_part", Ownership::User);
    let privileges = people::privileges(&["Create", "Write", "Delete"], &["Attribute"], Depth::Organization);
    let author = people::user(&world.org, "author", &privileges);
    let column = lookup("sl_account", &["account"]);
    refused(
        author.0.create_column("sl_part", &column),
        Code::PRIVILEGE_DENIED,
        "prvCreateRelationship",
    );
    world.admin.0.create_column("sl_part", &column).unwrap();
    let change = BehaviourChange {
        all: Some(Behaviours::PARENTAL),
        ..BehaviourChange::default()
    };
    let name = "sl_account_sl_part_sl_account";
    refused(
        author.0.update_relationship(name, &change),
        Code::PRIVILEGE_DENIED,
        "prvWriteRelationship",
    );
    refused(
        author.0.delete_column("sl_part", "sl_account"),
        Code::PRIVILEGE_DENIED,
        "prvDeleteRelationship",
    );
    let all = people::privileges(&["Create", "Write", "Delete"], &["Relationship"], Depth::Organization);
    let whole = people::user(&world.org, "whole", &[privileges, all].concat());
    whole.0.update_relationship(name, &change).unwrap();
    assert_eq!(world.behaviours(name), Behaviours::PARENTAL);
    whole.0.delete_column("sl_part", "sl_account").unwrap();
    whole.0.create_lookup("sl_part", &column, Behaviours::RESTRICT).unwrap();
    assert_eq!(
        world.behaviours(name),
        Behaviours::RESTRICT,
        "nothing is left of the earlier one"
    );
}

#[test]
fn what_an_organisation_changed_stays_and_a_second_process_sees_it() {
    let world = Related::new();
    world.change(
        "contact_customer_accounts",
        BehaviourChange {
            assign: Some(Follow::NoCascade),
            delete: Some(OnDelete::Restrict),
            ..BehaviourChange::default()
        },
    );
    let expected = Behaviours {
        assign: Follow::NoCascade,
        delete: OnDelete::Restrict,
        ..Behaviours::PARENTAL
    };
    assert_eq!(world.behaviours("contact_customer_accounts"), expected);
    let second = world.org.second_process().session_of("admin").unwrap();
    let catalog = second.catalog().unwrap();
    assert_eq!(
        catalog.relationship("contact_customer_accounts").unwrap().behaviours,
        expected
    );
    // And back, so that nothing of it is kept.
    world.change(
        "contact_customer_accounts",
        BehaviourChange {
            all: Some(Behaviours::PARENTAL),
            ..BehaviourChange::default()
        },
    );
    assert_eq!(world.behaviours("contact_customer_accounts"), Behaviours::PARENTAL);
}

#[test]
fn delete_does_what_the_relationship_says() {
    let world = Related::with_parts(Behaviours::REFERENTIAL);
    let name = "sl_sl_part_sl_part_sl_whole";
    let whole = world.part("whole", None);
    let part = world.part("part", Some(whole));
    world.admin.try_delete("sl_part", whole).unwrap();
    assert_eq!(world.admin.get("sl_part", part).lookup("sl_whole"), None);

    let all = |all| BehaviourChange {
        all: Some(all),
        ..BehaviourChange::default()
    };
    world.change(name, all(Behaviours::RESTRICT));
    let whole = world.part("whole", None);
    let part = world.part("part", Some(whole));
    refused(
        world.admin.try_delete("sl_part", whole),
        Code::REFERENCED,
        "1 row of `sl_part`",
    );
    assert!(world.there("sl_part", part));

    world.change(name, all(Behaviours::PARENTAL));
    world.admin.try_delete("sl_part", whole).unwrap();
    assert!(!world.there("sl_part", part));
}

#[test]
fn a_relationship_is_named_where_rows_are_associated() {
    let world = Related::new();
    let (account, contact) = (world.account("Litware"), world.contact(None));
    let request = Request::new("Associate")
        .with("Target", Reference::new("account", account))
        .with("Relationship", "contact_customer_accounts")
        .with(
            "RelatedEntities",
            sluice_model::Parameter::References(vec![Reference::new("contact", contact)]),
        );
    world.admin.0.execute(request).unwrap();
    let linked = world.admin.get("contact", contact);
    assert_eq!(
        linked.lookup("parentcustomerid"),
        Some(&Reference::new("account", account))
    );
    // The ordinary way does the same.
    world
        .admin
        .update(Row::new("contact", contact).with("parentcustomerid", sluice_model::Value::Null));
}

#[test]
fn the_program_lists_shows_and_changes_them() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    let program = world.org.program();
    let all = program.json(&["relationship", "list", "sl_part"]);
    let all = sluice_tests::world::list(&all);
    assert!(
        all.iter()
            .any(|one| one["name"] == "sl_sl_part_sl_part_sl_whole" && one["behaviour"] == "parental"),
        "{all:?}"
    );
    let shown = program.json(&["relationship", "show", "sl_part.sl_whole"]);
    assert_eq!(
        (&shown["assign"], &shown["delete"], &shown["merge"]),
        (&"Cascade".into(), &"Cascade".into(), &"NoCascade".into())
    );
    let name = "sl_sl_part_sl_part_sl_whole";
    let changed = program.json(&[
        "relationship",
        "update",
        name,
        "--assign",
        "userowned",
        "--delete",
        "restrict",
    ]);
    assert_eq!(
        (&changed["assign"], &changed["delete"]),
        (&"UserOwned".into(), &"Restrict".into())
    );
    assert_eq!(changed["behaviour"], "custom");
    for (option, word) in [
        ("--delete", "active"),
        ("--merge", "active"),
        ("--assign", "removelink"),
    ] {
        let error = program.refused(&["relationship", "update", name, option, word]);
        assert_eq!(error["code"], "0x80048204", "{error}");
    }
    program.json(&[
        "column",
        "create",
        "sl_part",
        "sl_account",
        "lookup",
        "--target",
        "account",
        "--behaviour",
        "restrict",
    ]);
    assert_eq!(world.behaviours("sl_account_sl_part_sl_account"), Behaviours::RESTRICT);
    let run = program.run(&[
        "column",
        "create",
        "sl_part",
        "sl_note",
        "text",
        "--behaviour",
        "restrict",
    ]);
    assert_eq!(run.code, 2, "{run:?}");
    let run = program.run(&["relationship", "show", "contact.parentcustomerid"]);
    assert_eq!(run.code, 2, "{run:?}");
}
