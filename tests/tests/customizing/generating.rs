//! *Generate mappings* replaces all.

use sluice_model::{Request, Row, Value};

use crate::world::Customizing;
use sluice_platform::prelude::*;

#[test]
fn what_somebody_made_gives_way_and_what_the_platform_made_stays() {
    let world = Customizing::new();
    world.sluice("mapping add lead contact jobtitle department");
    let before = world.sluice("mapping list lead contact")["value"]
        .as_array()
        .unwrap()
        .len();
    let answer = world.sluice("mapping generate lead contact --yes");
    assert_eq!(answer["removed"], 1);
    let created = usize::try_from(answer["created"].as_i64().unwrap()).unwrap();
    let maps = world.sluice("mapping list lead contact");
    let maps = maps["value"].as_array().unwrap();
    assert_eq!(maps.len(), before - 1 + created);
    for map in maps.iter().filter(|map| map["system"] == false) {
        assert_eq!(map["source"], map["target"], "{map}");
    }
    let has = |column: &str| {
        maps.iter()
            .any(|map| map["source"] == column && map["target"] == column)
    };
    assert!(has("address2_city") && has("firstname"));
    assert!(!has("statuscode"), "status reasons only look alike");
    assert!(!has("ownerid") && !has("importsequencenumber"));
    assert_eq!(world.run("mapping lint").code, 0, "what is generated is in order");
    // Again: the same.
    let again = world.sluice("mapping generate lead contact --yes");
    assert_eq!(
        (&again["removed"], &again["created"]),
        (&created.into(), &created.into())
    );
}

/// Nothing carries what is secured into what is not.
#[test]
fn a_secured_column_is_not_mapped_onto_an_open_one() {
    let world = Customizing::new();
    let has_fax = || {
        world.sluice("mapping generate lead contact --yes");
        let maps = world.sluice("mapping list lead contact");
        let maps = maps["value"].as_array().unwrap().clone();
        maps.iter().any(|map| map["target"] == "jobtitle") && maps.iter().any(|map| map["target"] == "address2_fax")
    };
    assert!(has_fax());
    world.sluice("column update lead address2_fax --secured yes");
    assert!(!has_fax());
    world.sluice("column update contact address2_fax --secured yes");
    assert!(has_fax());
}

#[test]
fn it_warns_before_it_replaces() {
    let world = Customizing::new();
    let run = world.run("mapping generate lead opportunity");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.says("maps all columns of one name"), "{run:?}");
    world.sluice("mapping generate lead opportunity --yes");
    let run = world.run("mapping generate lead opportunity");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.says("generating replaces"), "{run:?}");
    assert!(run.says("--yes"), "{run:?}");
}

#[test]
fn the_message_says_what_it_did_and_publishes_nothing() {
    let world = Customizing::new();
    let map = world.map(("lead", "subject"), ("opportunity", "name")).unwrap();
    let request = Request::new("AutoMapEntity").with("EntityMapId", Value::Id(map.id_of("entitymapid").unwrap()));
    let response = world.admin.0.execute(request).unwrap();
    let created = match response.outputs.get("Created") {
        Some(sluice_model::Parameter::References(rows)) => rows.len(),
        other => panic!("{other:?}"),
    };
    assert!(created > 5);
    assert_eq!(world.admin.0.unpublished().unwrap().len(), created);
    let lead = world.lead(&[("budgetamount", Value::Money(7.into()))]);
    assert_eq!(world.qualify(lead)[2].get("budgetamount"), None);
    world.publish();
    let lead = world.lead(&[("budgetamount", Value::Money(7.into()))]);
    assert_eq!(
        world.qualify(lead)[2].get("budgetamount"),
        Some(&Value::Money(7.into()))
    );
}

#[test]
fn two_tables_that_were_not_mapped_are_from_then_on() {
    let world = Customizing::new();
    let answer = world.sluice("mapping generate account contact --yes");
    assert_eq!(answer["removed"], 0);
    assert!(answer["created"].as_i64().unwrap() > 10, "{answer}");
    let account = world
        .admin
        .create(Row::unsaved("account").with("name", "Contoso").with("fax", "1"));
    let request = Request::new("InitializeFrom")
        .with("EntityMoniker", sluice_model::Reference::new("account", account))
        .with("TargetEntityName", "contact");
    let response = world.admin.0.execute(request).unwrap();
    let Some(sluice_model::Parameter::Row(row)) = response.outputs.get("Entity") else {
        panic!("{response:?}")
    };
    assert_eq!(row.text("fax"), Some("1"));
}
