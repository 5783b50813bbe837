//! What takes rules out of work: the switches of the organisation and of a table, and changes
//! of the columns that they compare.

use sluice_model::{Choice, ColumnDef, ColumnType, Ownership, Reference, Request, Row, TableDef, Value};
use sluice_platform::prelude::*;
use sluice_platform::{ColumnChange, StepSpec, TableChange};

use crate::world::{Condition, Duplicates, account, code, create, exact};

fn text(name: &str, max_length: u32) -> ColumnDef {
    ColumnDef::new(name, ColumnType::Text { max_length })
}

#[test]
fn the_organisation_is_switched_off_and_on() {
    let world = Duplicates::new();
    let rule = world.rule("name", ["account", "account"], &[exact("name")]);
    let publishing = world.draft("phone", ["account", "account"], &[exact("telephone1")]);
    let job = world.begin_publishing(publishing);
    world.admin.create(account("Litware"));
    world.set("isduplicatedetectionenabled", false);
    assert_eq!((world.status(rule), world.status(publishing)), (0, 0));
    assert_eq!(world.run(job).state, sluice_engine::JobState::Canceled);
    create(&world.admin, account("litware")).unwrap();
    assert_eq!(code(world.try_publish(rule)), "0x80048412");
    world.set("isduplicatedetectionenabled", true);
    create(&world.admin, account("litware")).unwrap();
    world.publish(rule);
    assert_eq!(code(create(&world.admin, account("litware"))), "0x80040333");
}

#[test]
fn a_table_takes_part_or_not() {
    let world = Duplicates::new();
    let rule = world.rule("name", ["account", "account"], &[exact("name")]);
    let switch = |yes: bool| {
        let change = TableChange {
            duplicate_detection: Some(yes),
            ..TableChange::default()
        };
        world.admin.0.update_table("account", change).unwrap();
    };
    switch(false);
    assert_eq!(world.status(rule), 0);
    assert_eq!(code(world.try_publish(rule)), "0x80048411");
    switch(true);
    world.publish(rule);
}

#[test]
fn a_custom_table_takes_part_once_it_is_switched_on() {
    let world = Duplicates::new();
    let table = TableDef {
        primary_name: Some("sl_name".into()),
        columns: vec![text("sl_name", 100)].into(),
        ..TableDef::new("sl_thing", Ownership::User)
    };
    world.admin.0.create_table(&table).unwrap();
    let rule = || crate::world::rule("things", ["sl_thing", "sl_thing"]);
    assert_eq!(code(world.admin.try_create(rule())), "0x80048411");
    let on = TableChange {
        duplicate_detection: Some(true),
        ..TableChange::default()
    };
    world.admin.0.update_table("sl_thing", on).unwrap();
    let rule = world.draft_with(rule(), &[exact("sl_name")]);
    world.publish(rule);
    let thing = || Row::unsaved("sl_thing").with("sl_name", "Pump");
    world.admin.create(thing());
    assert_eq!(code(create(&world.admin, thing())), "0x80040333");
}

#[test]
fn a_column_that_is_changed_takes_its_rules_out_of_work_and_says_so() {
    let world = Duplicates::new();
    world.admin.0.create_column("account", &text("sl_code", 20)).unwrap();
    let rule = world.rule("Same code", ["account", "account"], &[exact("sl_code")]);
    let untouched = world.rule("Same name", ["account", "account"], &[exact("name")]);
    let longer = |length: u32| ColumnChange {
        max_length: Some(length),
        ..ColumnChange::default()
    };
    let change = |change: &ColumnChange| world.admin.0.update_column("account", "sl_code", change);
    let notices = change(&longer(30)).unwrap();
    let [notice] = notices.as_slice() else {
        panic!("{notices:?}")
    };
    assert_eq!(notice.code().to_string(), "0x8004F039");
    assert!(
        notice.message().contains("\"Same code\"") && notice.message().contains("`sl_code`"),
        "{notice}"
    );
    assert_eq!((world.status(rule), world.status(untouched)), (0, 2));
    world.admin.create(account("x").with("sl_code", "x".repeat(30)));
    assert!(change(&longer(40)).unwrap().is_empty(), "nothing is at work any more");
    assert_eq!(code(change(&longer(10))), "0x80040203", "rows may hold longer texts");
    assert!(change(&longer(40)).unwrap().is_empty(), "no change is none");

    world.publish(rule);
    let notices = world.admin.0.delete_column("account", "sl_code").unwrap();
    assert_eq!((notices.len(), world.status(rule)), (1, 0));
    let error = world.try_publish(rule).unwrap_err();
    assert!(error.message().contains("no column `sl_code`"), "{error}");
    let all = world.admin.list(sluice_model::Query::new("account"));
    assert!(all.iter().all(|row| !row.has("sl_code")));
    assert_eq!(
        code(world.admin.try_create(account("x").with("sl_code", "1"))),
        "0x80041103"
    );
    // Its condition is taken out, and the rule is whole again.
    let condition = world.admin.list(
        sluice_model::Query::new("duplicaterulecondition").filter(sluice_model::Filter::eq("regardingobjectid", rule)),
    );
    world
        .admin
        .try_delete("duplicaterulecondition", condition[0].id)
        .unwrap();
    world.admin.create(crate::world::condition_row(rule, exact("fax")));
    world.publish(rule);
}

#[test]
fn which_columns_are_changed_and_deleted() {
    let world = Duplicates::new();
    let admin = &world.admin.0;
    let label = ColumnChange {
        label: Some("Postcode".to_owned()),
        ..ColumnChange::default()
    };
    let rule = world.rule("post", ["account", "account"], &[exact("address1_postalcode")]);
    let notices = admin.update_column("account", "address1_postalcode", &label).unwrap();
    assert!(
        notices.is_empty() && world.status(rule) == 2,
        "a label is compared by nobody"
    );
    let catalog = admin.catalog().unwrap();
    let column = catalog
        .table("account")
        .unwrap()
        .column("address1_postalcode")
        .unwrap()
        .clone();
    assert_eq!(column.label, "Postcode");
    assert_eq!(code(admin.delete_column("account", "name")), "0x80040203");
    assert_eq!(code(admin.delete_column("account", "nam")), "0x80041103");
    let long = ColumnChange {
        max_length: Some(50),
        ..ColumnChange::default()
    };
    assert_eq!(
        code(admin.update_column("account", "revenue", &long)),
        "0x80040203",
        "an amount has no length"
    );
    let refused = world.seller.0.update_column("account", "name", &label).unwrap_err();
    assert_eq!(refused.body().privilege.as_deref(), Some("prvWriteAttribute"));
    let refused = world.seller.0.delete_column("account", "name").unwrap_err();
    assert_eq!(refused.body().privilege.as_deref(), Some("prvDeleteAttribute"));
}

#[test]
fn a_column_that_mappings_and_steps_name_stays() {
    let world = Duplicates::new();
    let admin = &world.admin.0;
    for table in ["lead", "account"] {
        admin.create_column(table, &text("sl_code", 20)).unwrap();
    }
    let map = sluice_model::Filter::eq("sourceentityname", "lead")
        .and(sluice_model::Filter::eq("targetentityname", "account"));
    let map = world
        .admin
        .list(sluice_model::Query::new("entitymap").columns(&[]).filter(map))
        .remove(0);
    let pair = world.admin.create(
        Row::unsaved("attributemap")
            .with("entitymapid", map.reference())
            .with("sourceattributename", "sl_code")
            .with("targetattributename", "sl_code"),
    );
    let error = admin.delete_column("account", "sl_code").unwrap_err();
    assert_eq!(error.code().to_string(), "0x80040227");
    assert!(
        error.message().contains("the mapping lead.sl_code → account.sl_code"),
        "{error}"
    );
    world.admin.0.execute(Request::new("PublishAllXml")).unwrap();
    world.admin.try_delete("attributemap", pair).unwrap();
    assert_eq!(
        code(admin.delete_column("lead", "sl_code")),
        "0x80040227",
        "it is published still"
    );
    world.admin.0.execute(Request::new("PublishAllXml")).unwrap();
    admin.delete_column("lead", "sl_code").unwrap();

    let probe = sluice_platform::Assembly {
        name: "probe".to_owned(),
        bytes: sluice_tests::wasm("guests", "probe"),
        description: None,
    };
    admin.push(&probe, &sluice_platform::PushOptions::default()).unwrap();
    let step = admin
        .register_step(&StepSpec {
            plugin: "probe/probe".to_owned(),
            message: "Update".to_owned(),
            table: Some("account".to_owned()),
            stage: 20,
            name: Some("code watcher".to_owned()),
            filtering: vec!["sl_code".into()],
            ..StepSpec::default()
        })
        .unwrap();
    let error = admin.delete_column("account", "sl_code").unwrap_err();
    assert!(error.message().contains("the step \"code watcher\""), "{error}");
    world.admin.try_delete("sdkmessageprocessingstep", step).unwrap();
    admin.delete_column("account", "sl_code").unwrap();
}

#[test]
fn amounts_and_lookups_go_with_what_belongs_to_them() {
    let world = Duplicates::new();
    let admin = &world.admin.0;
    let lookup = ColumnType::Lookup {
        targets: vec!["contact".into()],
    };
    admin
        .create_column("account", &ColumnDef::new("sl_patron", lookup))
        .unwrap();
    admin
        .create_column(
            "account",
            &ColumnDef::new("sl_budget", ColumnType::Money { precision: 2 }),
        )
        .unwrap();
    let patron = world.admin.create(crate::world::contact("Medici", ""));
    let row = account("x")
        .with("sl_patron", Reference::new("contact", patron))
        .with("sl_budget", Value::Money(5.into()));
    let id = world.admin.create(row);
    assert!(world.admin.get("account", id).has("sl_budget_base"));
    admin.delete_column("account", "sl_patron").unwrap();
    admin.delete_column("account", "sl_budget").unwrap();
    let row = world.admin.get("account", id);
    assert!(
        !row.has("sl_patron") && !row.has("sl_budget") && !row.has("sl_budget_base"),
        "{row:?}"
    );
    world.admin.try_delete("contact", patron).unwrap();
    world.admin.update(Row::new("account", id).with("name", "y"));
    world.admin.create(account("z"));
}

#[test]
fn labels_that_are_changed_take_the_rules_out_of_work_that_compare_them() {
    let world = Duplicates::new();
    let label = |rule: &str, column: &'static str, operator: i32| {
        world.rule(
            rule,
            ["account", "account"],
            &[Condition(column, column, operator, None, false)],
        )
    };
    let (by_label, by_value) = (label("label", "industrycode", 5), label("value", "industrycode", 6));
    let catalog = world.admin.0.catalog().unwrap();
    let column = catalog
        .table("account")
        .unwrap()
        .column("industrycode")
        .unwrap()
        .clone();
    let mut options: Vec<Choice> = column.kind.options().unwrap().to_vec();
    options[0].label = "Bookkeeping".to_owned();
    world.admin.create(
        Row::unsaved("optionset")
            .with("name", "account.industrycode")
            .with("options", serde_json::to_string(&options).unwrap()),
    );
    assert_eq!(world.status(by_label), 2, "a draft changes nothing");
    world.admin.0.execute(Request::new("PublishAllXml")).unwrap();
    assert_eq!((world.status(by_label), world.status(by_value)), (0, 2));
}
