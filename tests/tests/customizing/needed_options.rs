//! Options that something names stay, and are called as it names them.

use serde_json::json;

use crate::world::Customizing;

fn choice(world: &Customizing) {
    world.sluice("column create lead zz_c choice --option 1=One --option 2=Two --option 3=Three --default 2");
}

#[test]
fn a_column_that_is_not_there_yet_is_not_to_be_added_to() {
    let world = Customizing::new();
    for line in [
        "column create lead zz_d choice --option 1=One --default 5",
        "column create lead zz_n int --max 3 --default 5",
    ] {
        let said = world.run(line);
        assert!(
            said.says("choose another default") && !said.says("add it to the column"),
            "{said:?}"
        );
    }
}

#[track_caller]
fn refused(world: &Customizing, line: &str, words: &[&str]) {
    let error = world.refused(line);
    assert_eq!(error["code"], "0x80048417", "{error}");
    let said = error["message"].as_str().unwrap();
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn a_default_is_one_of_the_options() {
    let world = Customizing::new();
    choice(&world);
    world.sluice("option-set create zz_g --option 1=One --option 2=Two");
    world.sluice("column create account zz_g choice --global zz_g --default 2");
    world.sluice("column create account zz_many choices --option 1=One --option 2=Two --default [1,2]");
    refused(
        &world,
        "option-set remove lead.zz_c 2",
        &["the default of `lead.zz_c` is one of them"],
    );
    let said = world.run("option-set remove lead.zz_c 2");
    assert!(said.says("column update lead zz_c --default JSON"), "{said:?}");
    refused(&world, "option-set remove zz_g 2", &["the default of `account.zz_g`"]);
    refused(
        &world,
        "option-set remove account.zz_many 1",
        &["the default of `account.zz_many`"],
    );
    world.sluice("option-set remove lead.zz_c 3");
    world.sluice("option-set update lead.zz_c 2 --label Zwei");
    // Another default, or none, and it goes.
    let error = world.refused("column update lead zz_c --default 7");
    assert_eq!(error["code"], "0x8004431A");
    world.sluice("column update lead zz_c --default 1");
    world.sluice("option-set remove lead.zz_c 2");
    world.sluice("column update account zz_g --default null");
    world.sluice("option-set remove zz_g 2");
    world.sluice("row create lead lastname=x");
    let leads = world.sluice("row list lead --select zz_c");
    assert_eq!(leads["value"][0]["zz_c"], 1);
    world.sluice("row create account name=x");
    let error = world.refused("column update lead leadsourcecode --default 1");
    assert!(
        error["message"].as_str().unwrap().contains("belongs to the platform"),
        "{error}"
    );
}

#[test]
fn a_view_finds_its_options() {
    let world = Customizing::new();
    choice(&world);
    let view = |name: &str, value: &str| {
        let xml = format!(
            "<fetch><entity name='lead'><attribute name='lastname'/><filter><condition attribute='zz_c' operator='eq' \
             value='{value}'/></filter></entity></fetch>"
        );
        let file = world.org.path().parent().unwrap().join("v.xml");
        std::fs::write(&file, xml).unwrap();
        world.sluice(&format!(
            "view create \"{name}\" --table lead --fetch @{}",
            file.display()
        ));
    };
    view("By label", "Three");
    view("By number", "3");
    let named = ["the view \"By label\" of lead"];
    refused(&world, "option-set update lead.zz_c 3 --label Drei", &named);
    // A number that is no option finds rows that have it still.
    refused(&world, "option-set remove lead.zz_c 3", &named);
    world.sluice("option-set update lead.zz_c 3 --label THREE");
    world.sluice("view delete \"By label\"");
    world.sluice("option-set update lead.zz_c 3 --label Drei");
    world.sluice("option-set remove lead.zz_c 3");
    assert_eq!(world.sluice("view run \"By number\"")["value"], json!([]));
}

#[test]
fn a_business_rule_finds_its_options() {
    let world = Customizing::new();
    choice(&world);
    let rule = json!({
        "name": "BR", "table": "lead",
        "actions": [{"check": {
            "if": {"compare": {"column": "zz_c", "is": "eq", "value": 3}}, "then": [{"require": ["subject"]}]
        }}]
    });
    let file = world.org.path().parent().unwrap().join("br.json");
    std::fs::write(&file, rule.to_string()).unwrap();
    world.sluice(&format!("businessrule create {} --activate", file.display()));
    refused(
        &world,
        "option-set remove lead.zz_c 3",
        &["the business rule \"BR\" names one of them"],
    );
    world.sluice("option-set remove lead.zz_c 1");
    world.sluice("businessrule deactivate BR");
    world.sluice("option-set remove lead.zz_c 3");
    world.sluice("row create lead lastname=x");
}
