//! Options that something names stay, and are called as it names them.

use serde_json::{Value as Json, json};

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

/// What a row that is made now has in a column.
fn made(world: &Customizing, column: &str) -> Json {
    let lead = sluice_tests::world::id(&world.sluice("row create lead lastname=x"));
    world.sluice(&format!("row get lead {lead} --select {column}"))[column].clone()
}

fn listing(world: &Customizing, name: &str, condition: &str) {
    let xml =
        format!("<fetch><entity name='lead'><attribute name='lastname'/><filter>{condition}</filter></entity></fetch>");
    let file = world.org.path().parent().unwrap().join("v.xml");
    std::fs::write(&file, xml).unwrap();
    let file = file.display();
    world.sluice(&format!("view create {name} --table lead --fetch @{file}"));
}

fn last_names(world: &Customizing, view: &str) -> Vec<String> {
    let rows = sluice_tests::world::list(&world.sluice(&format!("view run {view}")));
    let mut names: Vec<String> = rows
        .iter()
        .map(|row| sluice_tests::world::text(row, "lastname"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_default_is_the_option_that_it_was_when_it_was_given() {
    let world = Customizing::new();
    world.sluice("column create lead zz_w choice --option 1=5 --option 5=Two --default '\"5\"'");
    world.sluice("column create lead zz_v choice --option 1=2 --option 3=X --default '\"2\"'");
    world.sluice("option-set create zz_g --option 1=5 --option 5=Two");
    world.sluice("column create lead zz_g choice --global zz_g --default Two");
    world.sluice("column create lead zz_m choices --option 1=5 --option 5=Two --default '\"5,1\"'");
    refused(
        &world,
        "option-set remove lead.zz_w 5",
        &["the default of `lead.zz_w` is one of them"],
    );
    refused(&world, "option-set remove zz_g 5", &["the default of `lead.zz_g`"]);
    refused(&world, "option-set remove lead.zz_m 5", &["the default of `lead.zz_m`"]);
    // An option that is called as nothing was, or has the number that was a label.
    world.sluice("option-set update zz_g 5 --label Zwei");
    world.sluice("option-set add lead.zz_v 2 Two");
    let made = ["zz_w", "zz_v", "zz_g", "zz_m"].map(|column| made(&world, column));
    assert_eq!(made, [json!(5), json!(1), json!(5), json!("1,5")]);
    // Another default is kept so as well.
    world.sluice("column update lead zz_v --default '\"X\"'");
    world.sluice("option-set update lead.zz_v 3 --label Y");
    assert_eq!(self::made(&world, "zz_v"), 3);
}

#[test]
fn a_number_in_a_condition_is_that_number() {
    let world = Customizing::new();
    world.sluice("option-set create zz_g --option 1=5 --option 5=Two");
    world.sluice("column create lead zz_w choice --option 1=5 --option 5=Two");
    world.sluice("column create lead zz_g choice --global zz_g");
    world.sluice("column create lead zz_m choices --option 1=5 --option 5=Two");
    for number in [1, 5] {
        let all = format!("zz_w:={number} zz_g:={number} zz_m:=[{number}]");
        world.sluice(&format!("row create lead lastname=l{number} {all}"));
    }
    for column in ["zz_w", "zz_g"] {
        listing(
            &world,
            &format!("{column}_eq"),
            &format!("<condition attribute='{column}' operator='eq' value='5'/>"),
        );
        listing(
            &world,
            &format!("{column}_in"),
            &format!("<condition attribute='{column}' operator='in'><value>5</value><value>7</value></condition>"),
        );
    }
    listing(
        &world,
        "many",
        "<condition attribute='zz_m' operator='contain-values'><value>5</value></condition>",
    );
    world.sluice("--yes option-set remove lead.zz_w 5");
    world.sluice("--yes option-set remove lead.zz_m 5");
    world.sluice("--yes option-set remove zz_g 5");
    for view in ["zz_w_eq", "zz_w_in", "zz_g_eq", "zz_g_in", "many"] {
        assert_eq!(last_names(&world, view), ["l5"], "{view}");
    }
    let found = |filter: &str| world.sluice(&format!("row list lead --count --filter \"{filter}\""))["count"].clone();
    for (filter, count) in [
        ("zz_w eq 5", 1),
        ("zz_w eq 5 and lastname eq 'l5'", 1),
        ("zz_w ne 5", 1),
        ("zz_w in (5)", 1),
        ("zz_w eq '5'", 1),
        ("contains(zz_m,5) and lastname eq 'l5'", 1),
        ("zz_m eq '5' and lastname eq 'l5'", 1),
        // By its label where it is searched.
        ("startswith(zz_w,'5') and lastname eq 'l1'", 1),
    ] {
        assert_eq!(found(filter), count, "{filter}");
    }
    assert_eq!(world.run("org check").code, 0);
}

#[test]
fn a_label_in_a_view_stays_the_same_options() {
    let world = Customizing::new();
    choice(&world);
    world.sluice("option-set create zz_g --option 1=One --option 2=Two");
    world.sluice("column create lead zz_g choice --global zz_g");
    world.sluice("column create lead zz_m choices --option 1=One --option 2=Two");
    listing(
        &world,
        "own",
        "<condition attribute='zz_c' operator='in'><value>Three</value></condition>",
    );
    listing(
        &world,
        "global",
        "<condition attribute='zz_g' operator='ne' value='Two'/>",
    );
    listing(
        &world,
        "many",
        "<condition attribute='zz_m' operator='eq' value='One,Two'/>",
    );
    listing(
        &world,
        "part",
        "<condition attribute='zz_c' operator='like' value='T%'/>",
    );
    // Another one would be meant as well.
    refused(
        &world,
        "option-set add lead.zz_c 4 Three",
        &["the view \"own\" of lead"],
    );
    refused(
        &world,
        "option-set update zz_g 1 --label Two",
        &["the view \"global\" of lead"],
    );
    // What reads as two things is none.
    refused(
        &world,
        "option-set add lead.zz_m 3 \"One,Two\"",
        &["the view \"many\" of lead"],
    );
    // Parts of labels name no option.
    world.sluice("option-set add lead.zz_c 4 Ten");
    world.sluice("option-set add zz_g 3 Three");
    world.sluice("option-set add lead.zz_m 4 Four");
}

/// A whole number is a number, whatever a label says: a view that asks for a label so is listed.
#[test]
fn a_view_that_asks_for_no_option_is_listed() {
    let world = Customizing::new();
    world.sluice("column create lead zz_year choice --option 1=2024 --option 2=2025");
    listing(
        &world,
        "of_2024",
        "<condition attribute='zz_year' operator='eq' value='2024'/>",
    );
    listing(
        &world,
        "of_one",
        "<condition attribute='zz_year' operator='eq' value='1'/>",
    );
    let check = world.sluice("org check");
    let rows = check["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{check}");
    assert!(rows[0].to_string().contains("asks for 2024"), "{check}");
}
