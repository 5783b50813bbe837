//! The plug-ins that come with the program.

use sluice_tests::world::{World, text};

#[test]
fn the_program_knows_the_plugins_that_ship_by_name() {
    let world = World::sample();
    let admin = world.admin();
    let before = world.steps();
    for name in ["scripted", "vip-flag"] {
        let pushed = admin.json(&["plugin", "push", name, "--shipped"]);
        assert_eq!(text(&pushed, "name"), name);
    }
    assert_eq!(world.steps(), before, "it has no steps, and the other has its own");
    assert_eq!(world.count("pluginassembly", "name eq 'scripted'"), 1);
    let error = admin.refused(&["plugin", "push", "scriptd", "--shipped"]);
    assert_eq!(error["code"], "0x80040217");
    assert!(text(&error, "message").contains("did you mean `scripted`?"), "{error}");
}

/// A configuration that says nothing is no step that does nothing.
#[test]
fn what_is_no_instruction_is_told() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", "scripted", "--shipped"]);
    let step = [
        "step",
        "register",
        "--plugin",
        "scripted/scripted",
        "--message",
        "Create",
        "--table",
        "contact",
        "--stage",
        "pre-operation",
        "--config",
        "set jobtitle=Head of purchasing; reed campaign",
    ];
    let step = admin.json(&step);
    let error = admin.refused(&["row", "create", "contact", "lastname=Novak"]);
    assert!(
        text(&error, "message").contains("`reed campaign` is no instruction"),
        "{error}"
    );
    let id = text(&step, "id");
    admin.json(&["step", "update", &id, "--config", "set jobtitle=Head of purchasing"]);
    admin.json(&["row", "create", "contact", "lastname=Novak"]);
    assert_eq!(world.count("contact", "jobtitle eq 'Head of purchasing'"), 1);
}
