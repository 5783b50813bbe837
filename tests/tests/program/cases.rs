//! A failed plug-in call becomes a file, and runs again from it without the organisation.

use sluice_tests::{
    wasm,
    world::{World, argument, probe_step, refused},
};

#[test]
fn a_failure_is_exported_and_replayed() {
    let world = World::sample();
    let (admin, seller) = (world.admin(), world.user("seller.west"));
    let account = ["row", "create", "account", "name=Q", "address1_stateorprovince=CA"];
    refused(&seller, 1, &account, &["commission"]);
    let requests = admin.json(&["trace", "list", "--requests", "--failed"]);
    let trace = requests["value"][0]["sl_correlationid"].as_str().unwrap().to_owned();
    let case = admin.run(&["trace", "export", &trace]);
    assert_eq!(case.code, 0, "{case:?}");
    assert!(
        case.stdout.contains("commission/commission") && case.stdout.contains("\"CA\""),
        "{case:?}"
    );
    world.write("case.json", &case.stdout);
    world.write("commission.wasm", wasm("plugins", "commission"));
    let (file, component) = (world.path("case.json"), world.path("commission.wasm"));
    let wasm = ["plugin", "replay", argument(&file), "--wasm", argument(&component)];
    for arguments in [&wasm[..], &wasm[..3]] {
        let replayed = admin.json(arguments);
        assert_eq!(replayed["same"], true, "{replayed:#}");
        assert!(
            replayed["failure"].as_str().unwrap().contains("0x80040220"),
            "{replayed:#}"
        );
    }
    // Another answer than then: the first difference is told.
    let other = case.stdout.replacen("\"CA\"", "\"WA\"", 1);
    world.write("other.json", other);
    let file = world.path("other.json");
    let run = admin.run(&["plugin", "replay", argument(&file), "--wasm", argument(&component)]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("it differs"), "{run:?}");
    world.write("none.json", "{}");
    let file = world.path("none.json");
    refused(
        &admin,
        1,
        &["plugin", "replay", argument(&file)],
        &["no case of a plug-in call"],
    );
}

#[test]
fn a_case_is_written_by_who_may_read_what_is_in_it() {
    let world = World::sample();
    let (admin, seller) = (world.admin(), world.user("seller.west"));
    let account = ["row", "create", "account", "name=Q", "address1_stateorprovince=CA"];
    refused(&seller, 1, &account, &["commission"]);
    // Their own request, but the step with its configuration is not theirs to read.
    refused(&seller, 1, &["trace", "export"], &["prvReadSdkMessageProcessingStep"]);
    refused(
        &admin,
        1,
        &["trace", "export"],
        &["none of your requests", "sluice trace export "],
    );
}

/// What passes over a step for one request is the whole command where it is one's own: pasted, it passes. Who
/// mends the plug-in is told how to come to the call.
#[test]
fn an_own_request_is_sent_again_by_what_is_printed() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", "scripted", "--shipped"]);
    let step = [
        "step",
        "register",
        "--plugin",
        "scripted/scripted",
        "--table",
        "account",
    ];
    let of = [
        "--message",
        "Create",
        "--stage",
        "pre-operation",
        "--config",
        "set creditlimit=abc",
    ];
    admin.json(&[&step[..], &of].concat());
    let create = ["row", "create", "account", "name=Zed & Sons", "creditlimit=5"];
    assert_eq!(admin.run(&create).code, 1);
    let found = admin.json(&["why"]);
    let command = found["cure"]["fixes"][0]["command"].as_str().unwrap();
    assert!(
        command.contains("row create account") && command.contains("--bypass-steps"),
        "{command}"
    );
    let words = sluice_tests::program::words(command);
    let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let run = admin.run(&words);
    assert_eq!(run.code, 0, "{command}: {run:?}");
    assert_eq!(world.count("account", "name eq 'Zed & Sons'"), 1);
}

#[test]
fn what_a_step_read_with_other_rights_is_no_ones_to_export() {
    let world = World::sample();
    let (admin, seller) = (world.admin(), world.user("seller.west"));
    world.write("probe.wasm", wasm("guests", "probe"));
    let probe = world.path("probe.wasm");
    admin.json(&["plugin", "push", argument(&probe)]);
    let account = admin.json(&["row", "create", "account", "name=Own", "creditlimit=77777"]);
    let account = account["id"].as_str().unwrap().to_owned();
    admin.json(&["row", "assign", "account", &account, "seller.west"]);
    admin.json(&["column", "update", "account", "creditlimit", "--secured", "yes"]);
    let more = [
        "--stage",
        "pre-operation",
        "--run-as",
        "admin",
        "--config",
        "refuse nope",
        "--image",
        "pre:b:name,creditlimit",
    ];
    admin.json(&probe_step("Update", "account", &more));
    admin.json(&["role", "grant", "Salesperson", "prvWriteAccount", "user"]);
    admin.json(&["role", "grant", "Salesperson", "prvReadSdkMessageProcessingStep", "org"]);
    refused(&seller, 1, &["row", "update", "account", &account, "fax=1"], &["nope"]);
    refused(&seller, 1, &["trace", "export"], &["creditlimit"]);
    let requests = admin.json(&["trace", "list", "--requests", "--failed"]);
    let trace = requests["value"][0]["sl_correlationid"].as_str().unwrap().to_owned();
    let case = admin.run(&["trace", "export", &trace]);
    assert!(case.stdout.contains("77777"), "{case:?}");
}

/// What a request of several in one transaction was refused for is told, though it meets something else alone.
#[test]
fn a_request_of_a_transaction_says_what_it_was_refused_for() {
    let world = World::sample();
    let admin = world.admin();
    let register = [
        "step",
        "register",
        "--plugin",
        "vip-flag/vip_flag",
        "--stage",
        "pre-operation",
    ];
    let of = [
        "--message",
        "Update",
        "--table",
        "account",
        "--image",
        "pre:before:revenu",
    ];
    refused(&admin, 1, &[&register[..], &of].concat(), &["revenue"]);
    let why = admin.run(&["why"]);
    assert_eq!(why.code, 0, "{why:?}");
    let text = why.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.starts_with("It was refused with 0x"), "{why:?}");
    assert!(
        text.contains("revenu") && text.contains("others of its transaction"),
        "{why:?}"
    );
}

/// Who is stopped with a business unit is told so, and not that the user may be disabled.
#[test]
fn who_is_stopped_with_a_business_unit_is_told_so() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["bu", "disable", "East"]);
    let lead = ["row", "create", "lead", "lastname=X", "subject=s"];
    let stopped = world.user("seller.east").refused(&lead);
    assert_eq!(
        stopped["cause"],
        "the business unit of the user is disabled, or one above it"
    );
    admin.json(&["bu", "enable", "East"]);
    admin.json(&["user", "disable", "seller.east"]);
    let run = world.user("seller.east").run(&lead);
    assert!(run.code == 1 && !run.says("or one above it"), "{run:?}");
}
