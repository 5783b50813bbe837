//! The commands, from a file to a refusal that names the rule, and the rule in a solution.

use sluice_tests::world::{World, list, text};

#[test]
fn from_a_file_to_a_refusal_and_away() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["businessrule", "new", "rule.json", "--table", "account"]);
    let made = admin.json(&["businessrule", "create", "rule.json"]);
    assert_eq!(made["active"], false);
    admin.json(&["businessrule", "activate", "Each account has a name"]);
    let refused = admin.refused(&["row", "create", "account", "name=test"]);
    assert_eq!(refused["message"], "`test` is no name");
    assert_eq!(refused["step"]["kind"], "business rule");
    let id = text(&made, "id");
    let listed = list(&admin.json(&["businessrule", "list", "--table", "account"]));
    assert_eq!((listed.len(), &listed[0]["active"]), (1, &true.into()));
    // The administrator's procedure goes through all that stands on a table.
    let processes = list(&admin.json(&["workflow", "list", "--table", "account"]));
    assert_eq!((processes.len(), &processes[0]["kind"]), (1, &"business rule".into()));
    let shown = admin.json(&["businessrule", "show", &id]);
    assert_eq!(shown["actions"][0]["require"][0], "name");
    assert_eq!(
        admin.refused(&["businessrule", "update", &id, "rule.json"])["code"],
        "0x80045002"
    );
    admin.json(&["businessrule", "deactivate", "Each account has a name"]);
    admin.json(&["row", "create", "account", "name=test"]);
    admin.json(&["businessrule", "update", &id, "rule.json"]);
    admin.json(&["businessrule", "delete", &id]);
    assert_eq!(admin.refused(&["businessrule", "show", &id])["code"], "0x80040217");
    let schema = admin.json(&["businessrule", "schema"]);
    assert_eq!(schema["title"], "A business rule of Sluice");
}

#[test]
fn a_rule_travels_in_a_solution() {
    let (from, to) = (World::empty(), World::empty());
    from.write(
        "rule.json",
        r#"{"name": "Phone", "table": "account", "actions": [{"require": ["telephone1"]}]}"#,
    );
    let admin = from.admin();
    admin.json(&["businessrule", "create", "rule.json", "--activate"]);
    admin.json(&["solution", "create", "Rules"]);
    admin.json(&["solution", "add", "Rules", "business-rule", "Phone"]);
    admin.json(&["solution", "export", "Rules", "rules.zip"]);
    let file = from.path("rules.zip");
    to.admin()
        .json(&["solution", "import", sluice_tests::world::argument(&file)]);
    let refused = to.admin().refused(&["row", "create", "account", "name=Novak"]);
    assert_eq!(refused["message"], "Attribute 'telephone1' cannot be NULL");
    let told = to.admin().run(&["row", "create", "account", "name=Novak"]);
    assert!(told.says("sluice workflow deactivate "), "{told:?}");
    let words: Vec<&str> = told.stderr.split("sluice workflow deactivate ").collect();
    let id: String = words[1]
        .chars()
        .take_while(|c| !c.is_whitespace() && *c != '`')
        .collect();
    to.admin().json(&["workflow", "deactivate", &id]);
    to.admin().json(&["row", "create", "account", "name=Novak"]);
}
