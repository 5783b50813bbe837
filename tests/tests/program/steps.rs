//! Steps by command: several at once, at rest for some time, and which of them are listed.

use serde_json::Value;
use sluice_tests::world::{World, guest, id, list, probe_step, refused, text};

fn names(world: &World, arguments: &[&str]) -> Vec<String> {
    let all = [&["step", "list"], arguments].concat();
    let all = list(&world.admin().json(&all));
    all.iter().map(|step| text(step, "name")).collect()
}

const COMMISSION: &str = "commission: Create of account";
const NOTE: &str = "audit_note: Create of opportunity";

#[test]
fn several_steps_are_disabled_and_enabled_at_once() {
    let world = World::sample();
    let admin = world.admin();
    let done = list(&admin.json(&["step", "disable", COMMISSION, NOTE]));
    assert_eq!(done.len(), 2);
    assert!(done.iter().all(|step| step["enabled"] == false), "{done:#?}");
    assert_eq!(names(&world, &["--disabled"]), [COMMISSION, NOTE]);
    // All of them or none.
    refused(
        &admin,
        1,
        &["step", "enable", COMMISSION, "nothing", NOTE],
        &["there is no step \"nothing\"", "none of the 3 steps is changed"],
    );
    assert_eq!(names(&world, &["--disabled"]), [COMMISSION, NOTE]);
    let done = list(&admin.json(&["step", "enable", COMMISSION, NOTE, COMMISSION]));
    assert_eq!(done.len(), 2, "{done:#?}");
    assert_eq!(names(&world, &["--disabled"]), Vec::<String>::new());
}

/// What is one transaction is undone as one: that is what a process killed on the way leaves, too.
#[test]
fn several_steps_are_one_transaction() {
    let world = World::sample();
    let admin = world.admin();
    let records = || {
        let of_steps = "objecttypecode eq 'sdkmessageprocessingstep'";
        let rows = world.rows("audit", "transactionid", of_steps);
        let all = rows.iter().map(|row| row["transactionid"].to_string());
        all.collect::<Vec<String>>()
    };
    let before = records();
    admin.json(&["step", "disable", COMMISSION, NOTE, "--for", "2h"]);
    let new: Vec<String> = records().into_iter().filter(|one| !before.contains(one)).collect();
    assert_eq!(new.len(), 2, "{new:?}");
    assert_eq!(new[0], new[1]);
    admin.json(&["undo"]);
    assert_eq!(names(&world, &["--disabled"]), Vec::<String>::new());
}

#[test]
fn a_step_rests_and_is_marked_until_when_and_why() {
    let world = World::sample();
    let admin = world.admin();
    let rest = ["step", "disable", COMMISSION, "--for", "2h", "--reason", "month end"];
    let document = admin.json(&rest);
    let until = text(&document, "restsuntil");
    assert_eq!(names(&world, &["--disabled"]), [COMMISSION]);
    let listed = admin.run(&["step", "list"]).stdout;
    assert!(listed.contains(&format!("rests until {until}")), "{listed}");
    let shown = admin.run(&["step", "show", COMMISSION]).stdout;
    assert!(shown.contains(&format!("rests until {until}: month end")), "{shown}");
    let account = ["row", "create", "account", "name=Q", "address1_stateorprovince=CA"];
    world.user("seller.west").json(&account);
    admin.json(&["step", "enable", COMMISSION]);
    assert_eq!(names(&world, &["--disabled"]), Vec::<String>::new());
    refused(&world.user("seller.west"), 1, &account, &["commission"]);

    admin.json(&["step", "disable", NOTE]);
    refused(
        &admin,
        1,
        &["step", "disable", NOTE, "--for", "2h"],
        &["cannot rest until a time"],
    );
    for wrong in ["2", "soon", "0h"] {
        let run = admin.run(&["step", "disable", NOTE, "--for", wrong]);
        assert_eq!(run.code, 2, "{run:?}");
    }
}

#[test]
fn steps_are_listed_by_plug_in_and_stage() {
    let world = World::sample();
    for of in ["commission", "commission/commission", "COMMISSION"] {
        let found = names(&world, &["--plugin", of]);
        assert!(
            found.contains(&COMMISSION.to_owned()) && !found.contains(&NOTE.to_owned()),
            "{of}: {found:?}"
        );
    }
    let post = names(&world, &["--stage", "post-operation"]);
    assert!(
        post.contains(&NOTE.to_owned()) && !post.contains(&COMMISSION.to_owned()),
        "{post:?}"
    );
    assert_eq!(
        names(&world, &["--plugin", "commission", "--table", "opportunity"]),
        Vec::<String>::new()
    );
    refused(
        &world.admin(),
        1,
        &["step", "list", "--plugin", "nothing"],
        &["there is no plug-in"],
    );
}

#[test]
fn a_step_is_watched_until_it_is_enabled() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["settings", "set", "trace", "all"]);
    let document = admin.json(&[
        "step",
        "disable",
        COMMISSION,
        "--monitor",
        "--reason",
        "is it to blame?",
    ]);
    assert_eq!(document["monitored"], true);
    assert_eq!(names(&world, &["--disabled"]), [COMMISSION]);
    let shown = admin.run(&["step", "show", COMMISSION]).stdout;
    assert!(shown.contains("watched: is it to blame?"), "{shown}");
    let account = ["row", "create", "account", "name=Q", "address1_stateorprovince=CA"];
    world.user("seller.west").json(&account);
    let tree = admin.run(&["trace", "tree"]).stdout;
    assert!(
        tree.contains(COMMISSION) && tree.contains("only watched: discarded"),
        "{tree}"
    );
    admin.json(&["step", "enable", COMMISSION]);
    refused(&world.user("seller.west"), 1, &account, &["commission"]);
}

/// What a command ends is said.
#[test]
fn what_was_said_last_counts_and_is_told() {
    let world = World::sample();
    let admin = world.admin();
    let state = || {
        let step = admin.json(&["step", "show", COMMISSION]);
        (
            step["enabled"] == true,
            !step["restsuntil"].is_null(),
            step["monitored"] == true,
        )
    };
    let text = |arguments: &[&str]| admin.run(&[&["step"], arguments, &[COMMISSION]].concat()).stdout;
    text(&["disable", "--for", "2h"]);
    let said = text(&["disable", "--monitor"]);
    assert!(
        said.contains("is only watched") && said.contains("its rest until"),
        "{said}"
    );
    assert_eq!(state(), (true, false, true));
    let said = text(&["disable", "--for", "2h"]);
    assert!(
        said.contains("runs again then") && said.contains("only watched ends"),
        "{said}"
    );
    assert_eq!(state(), (true, true, false));
    assert!(text(&["enable"]).contains("its rest until"));
    assert_eq!(state(), (true, false, false));
    assert!(!text(&["disable"]).contains("ends"));
    assert_eq!(state(), (false, false, false));
}

#[test]
fn one_command_passes_over_steps() {
    let world = World::sample();
    let (admin, seller) = (world.admin(), world.user("seller.west"));
    let account = ["row", "create", "account", "name=Q", "address1_stateorprovince=CA"];
    refused(&seller, 1, &account, &["commission"]);
    let step = world.step(COMMISSION);
    for flags in [
        &["--bypass-steps", &*step][..],
        &["--bypass-logic", "sync,async"],
        &["--bypass-plugins"],
    ] {
        refused(&seller, 1, &[&account[..], flags].concat(), &["prvBypassCustom"]);
    }
    admin.json(&["role", "grant", "Salesperson", "prvBypassCustomBusinessLogic", "org"]);
    seller.json(&[&account[..], &["--bypass-steps", &step]].concat());
    admin.json(&[&account[..], &["--bypass-steps", COMMISSION]].concat());
    seller.json(&[&account[..], &["--bypass-logic", "sync"]].concat());
    refused(&seller, 1, &account, &["commission"]);
    refused(
        &admin,
        1,
        &[&account[..], &["--bypass-steps", "nothing"]].concat(),
        &["nothing"],
    );
    assert_eq!(admin.run(&[&account[..], &["--bypass-logic", "snyc"]].concat()).code, 2);
}

/// What a plug-in's file says that it needs is compared with what its run-as user holds.
#[test]
fn a_run_as_user_who_lacks_what_the_file_names_is_told() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    admin.json(&["role", "create", "Robot"]);
    admin.json(&["user", "create", "robot", "--role", "Robot"]);
    let register = |run_as: &[&str]| {
        let more = [&["--stage", "post-operation"], run_as].concat();
        admin.run(&probe_step("Create", "account", &more))
    };
    let run = register(&["--run-as", "robot"]);
    assert!(run.stdout.contains("robot, who lacks prvReadAccount"), "{run:?}");
    assert!(!register(&[]).stdout.contains("who lacks"), "it runs as whoever calls");
    let step = list(&admin.json(&["step", "list", "--table", "account"]));
    let ids: Vec<String> = step
        .iter()
        .map(|step| text(step, "sdkmessageprocessingstepid"))
        .collect();
    let needs: Vec<Value> = ids
        .iter()
        .map(|id| admin.json(&["step", "needs", id])["declared"].clone())
        .collect();
    let of_robot = needs.iter().find(|declared| declared["runsAs"] == "robot").unwrap();
    assert_eq!(of_robot["privileges"], serde_json::json!(["prvReadAccount"]));
    assert_eq!(of_robot["lacks"], serde_json::json!(["prvReadAccount"]));
    admin.json(&["role", "grant", "Robot", "prvReadAccount", "user"]);
    let held = ids
        .iter()
        .map(|id| admin.json(&["step", "needs", id])["declared"]["lacks"].clone());
    assert!(held.eq(ids.iter().map(|_| serde_json::json!([]))));
}

/// The platform allows it, and nobody means it.
#[test]
fn a_step_that_is_registered_twice_is_named_in_a_warning() {
    let world = World::sample();
    let register = |more: &[&str]| {
        let step = [
            "step",
            "register",
            "--plugin",
            "name-guard/name_guard",
            "--message",
            "Create",
            "--table",
            "contact",
        ];
        world
            .admin()
            .run(&[&step[..], &["--stage", "pre-operation"], more].concat())
    };
    let first = register(&["--name", "the first"]);
    assert_eq!((first.code, first.stderr.as_str()), (0, ""), "{first:?}");
    let other = register(&["--name", "the other", "--rank", "7"]);
    assert_eq!((other.code, other.stderr.as_str()), (0, ""), "{other:?}");
    let second = register(&["--name", "the second"]);
    assert_eq!(second.code, 0, "{second:?}");
    assert!(second.says("warning: the step \"the first\""), "{second:?}");
    let unregistered = world.admin().run(&["step", "unregister", "@last"]);
    assert!(
        unregistered.stdout.contains("unregistered step the second"),
        "{unregistered:?}"
    );
    assert!(
        unregistered.says("the second runs for nobody any more"),
        "{unregistered:?}"
    );
}

/// A version has numbers, as on the platform.
#[test]
fn a_version_of_a_plugin_is_one() {
    let world = World::empty();
    let push = |version: &str| {
        world
            .admin()
            .run(&["plugin", "push", &guest("probe"), "--version", version])
    };
    for wrong in ["banana", "1.2.3.4.5", "1..2", "v1", "1.x", "-rc", "4294967296"] {
        let run = world
            .admin()
            .run(&["plugin", "push", &guest("probe"), &format!("--version={wrong}")]);
        assert!(
            run.code == 1 && run.says("is no version of a plug-in"),
            "{wrong}: {run:?}"
        );
    }
    for right in ["2", "2.1.0.4", "2.1.1-rc.1+b"] {
        assert_eq!(push(right).code, 0, "{right}");
    }
}

/// Whoever is refused to pass over something is told all that it takes.
#[test]
fn a_refused_bypass_names_all_that_it_takes() {
    let world = World::sample();
    let bypassing = [
        "row",
        "create",
        "account",
        "name=Q",
        "--bypass-plugins",
        "--bypass-steps",
    ];
    let run = |step: &str| world.user("seller.west").run(&[&bypassing[..], &[step]].concat());
    let id = text(
        &list(&world.admin().json(&["step", "list"]))[0],
        "sdkmessageprocessingstepid",
    );
    for (step, all) in [
        (
            id.as_str(),
            &["prvBypassCustomPlugins", "prvBypassCustomBusinessLogic"][..],
        ),
        (
            "commission: Create of account",
            &[
                "prvBypassCustomPlugins",
                "prvBypassCustomBusinessLogic",
                "prvReadSdkMessageProcessingStep",
            ],
        ),
    ] {
        let refused = run(step);
        assert_eq!(refused.code, 1, "{refused:?}");
        for privilege in all {
            assert!(refused.says(privilege), "{privilege}: {refused:?}");
        }
        assert!(
            !refused.says("role grant"),
            "who may not read roles is told none: {refused:?}"
        );
    }
    for privilege in ["prvBypassCustomPlugins", "prvBypassCustomBusinessLogic"] {
        world.admin().json(&["role", "grant", "Salesperson", privilege, "org"]);
    }
    assert_eq!(run(&id).code, 0, "what is named is enough");
}

/// Who registers a step sees that it lacks what its plug-in asks for, and who meets it, how it is cured.
#[test]
fn a_step_that_lacks_a_capability_is_told_of_and_cured() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("hostile"), "--name", "h"]);
    let register = [
        "step",
        "register",
        "--plugin",
        "h/clock",
        "--message",
        "Create",
        "--table",
        "lead",
        "--stage",
        "post-operation",
        "--grant",
        "random",
    ];
    let step = admin.json(&register);
    assert_eq!(step["ungranted"], serde_json::json!(["clock"]));
    let id = text(&step, "id");
    let create = ["row", "create", "lead", "lastname=V", "subject=S"];
    let error = admin.refused(&create);
    let remedies = error["remedies"].as_array().unwrap();
    let grant = remedies
        .iter()
        .find(|remedy| remedy["do"] == "GrantCapability")
        .unwrap();
    assert_eq!(
        (text(grant, "step"), text(grant, "grants")),
        (id.clone(), "random,clock".to_owned())
    );
    let cure = format!("sluice step update {id} --grant random,clock");
    let run = admin.run(&create);
    let quoted = format!("sluice step update {id} --grant 'random,clock'");
    assert!(format!("{}{}", run.stdout, run.stderr).contains(&quoted), "{run:?}");

    let run = admin.run(&["step", "update", &id, "--grant", "random"]);
    assert!(
        run.stdout.contains("asks for clock") && run.stdout.contains(&cure),
        "{run:?}"
    );
    let cured = admin.json(&["step", "update", &id, "--grant", "random,clock"]);
    assert_eq!(cured["ungranted"], serde_json::json!([]));
    admin.json(&create);
}

/// A step without a name is called as by default, and two of one name are told.
#[test]
fn a_step_has_a_name() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe")]);
    let first = id(&admin.json(&probe_step(
        "Create",
        "contact",
        &["--stage", "pre-operation", "--name", "mine"],
    )));
    for nothing in ["", " "] {
        admin.json(&["step", "update", &first, "--name", nothing]);
        let name = text(&admin.json(&["step", "show", &first]), "name");
        assert_eq!(name, "probe: Create of contact");
        admin.json(&["step", "update", &first, "--name", "mine"]);
    }
    admin.json(&["step", "update", &first, "--name", "none"]);
    let second = admin.run(&probe_step("Create", "contact", &["--stage", "post-operation"]));
    assert!(
        second.code == 0 && second.says("another step is called \"probe: Create of contact\""),
        "{second:?}"
    );
    let third = admin.run(&probe_step(
        "Create",
        "contact",
        &["--stage", "post-operation", "--name", "other"],
    ));
    assert!(third.code == 0 && !third.says("another step is called"), "{third:?}");
}
