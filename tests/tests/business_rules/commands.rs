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

/// What names a row of the organisation in which it was made does not run in another one; it arrives all the
/// same, and it is said.
#[test]
fn what_names_a_row_that_is_not_here_arrives_as_a_draft() {
    let (from, to) = (World::empty(), World::empty());
    let admin = from.admin();
    let team = text(&admin.json(&["team", "create", "West"]), "id");
    let contact = text(&admin.json(&["row", "create", "contact", "lastname=Wu"]), "id");
    let workflow = |name: &str, actions: String| {
        let text = format!(
            r#"{{"name": "{name}", "table": "account", "child": true, "on": {{"create": true}}, "actions": [{actions}]}}"#
        );
        from.write("w.json", text);
        admin.json(&["workflow", "create", "w.json", "--activate"]);
    };
    workflow("Assigns", format!(r#"{{"assign": {{"to": "team:{team}"}}}}"#));
    workflow("Starts", r#"{"start-child": {"workflow": "Assigns"}}"#.to_owned());
    workflow("Whole", r#"{"update": {"set": {"fax": "1"}}}"#.to_owned());
    from.write(
        "r.json",
        format!(
            r#"{{"name": "Asks", "table": "account", "actions": [{{"default": {{"primarycontactid": "{contact}"}}}}]}}"#
        ),
    );
    admin.json(&["businessrule", "create", "r.json", "--activate"]);
    admin.json(&["solution", "create", "Flows"]);
    for name in ["Assigns", "Starts", "Whole"] {
        admin.json(&["solution", "add", "Flows", "workflow", name]);
    }
    admin.json(&["solution", "add", "Flows", "business-rule", "Asks"]);
    admin.json(&["solution", "export", "Flows", "flows.zip"]);
    let file = from.path("flows.zip");
    let run = to
        .admin()
        .run(&["solution", "import", sluice_tests::world::argument(&file)]);
    assert_eq!(run.code, 0, "{run:?}");
    let unfolded = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        format!(
            "the workflow `Assigns` is a draft here, and does not run: action 1 of the workflow: it names the row {team}"
        ),
        "the workflow `Starts` is a draft here".to_owned(),
        format!(
            "the business-rule `Asks` is a draft here, and does not run: action 1 of the business rule: it names the row {contact}"
        ),
    ] {
        assert!(unfolded.contains(&told), "{unfolded}");
    }
    let active = |name: &str| to.admin().json(&["workflow", "show", name])["active"].clone();
    for (name, is_active) in [("Assigns", false), ("Starts", false), ("Asks", false), ("Whole", true)] {
        assert_eq!(active(name), is_active, "{name}");
    }
    to.admin().json(&["row", "create", "account", "name=Novak"]);
}

/// The refusal of an import names what was refused, and says that nothing was changed.
#[test]
fn a_workflow_whose_child_did_not_travel_is_named() {
    let (from, to) = (World::empty(), World::empty());
    let admin = from.admin();
    for (name, actions) in [
        ("Kid", r#"{"update": {"set": {"fax": "1"}}}"#),
        ("Top", r#"{"start-child": {"workflow": "Kid"}}"#),
    ] {
        from.write(
            "w.json",
            format!(r#"{{"name": "{name}", "table": "account", "child": true, "actions": [{actions}]}}"#),
        );
        admin.json(&["workflow", "create", "w.json", "--activate"]);
    }
    admin.json(&["solution", "create", "Flows"]);
    admin.json(&["solution", "add", "Flows", "workflow", "Top"]);
    admin.json(&["solution", "export", "Flows", "flows.zip"]);
    let file = from.path("flows.zip");
    let run = to
        .admin()
        .run(&["solution", "import", sluice_tests::world::argument(&file)]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.says("the workflow `Top` of the solution:") && run.says("nothing was changed"),
        "{run:?}"
    );
    assert!(!run.says("workflow activate Kid"), "{run:?}");
    assert_eq!(list(&to.admin().json(&["workflow", "list"])).len(), 0);
}
