//! What people see of their own requests and of others', and what leads on from a refusal.

use serde_json::Value as Json;
use sluice_tests::{
    program::{Program, words},
    world::{World, guest, id, list, probe_step, refused, text},
};

const ACCOUNT: [&str; 5] = ["row", "create", "account", "name=Q", "address1_stateorprovince=CA"];

/// Whoever sent a request sees its trace without Read on traces, and nobody else's.
#[test]
fn the_sender_of_a_request_sees_its_trace() {
    let world = World::sample();
    let (seller, other) = (world.user("seller.west"), world.user("seller.east"));
    refused(
        &other,
        1,
        &["row", "create", "campaign", "name=x"],
        &["prvCreateCampaign"],
    );
    let theirs = text(&other.json(&["trace", "privileges"]), "correlation");
    refused(&seller, 1, &ACCOUNT, &["commission"]);
    let tree = seller.json(&["trace", "tree"]);
    assert_eq!(tree["name"], "Create account", "{tree:#}");
    let correlation = text(&tree, "correlation");
    let checks = seller.json(&["trace", "privileges", &correlation]);
    assert!(
        checks["checks"]
            .as_array()
            .unwrap()
            .iter()
            .any(|check| check["passed"] == false)
    );
    let requests = list(&seller.json(&["trace", "list", "--requests"]));
    let sent: Vec<_> = requests.iter().map(|row| text(row, "sl_correlationid")).collect();
    assert!(
        sent.contains(&correlation) && !sent.contains(&theirs),
        "their own alone: {sent:?}"
    );
    let calls = list(&seller.json(&["trace", "list"]));
    assert!(
        calls.len() == sent.len()
            && calls
                .iter()
                .all(|call| call["messageblock"].is_null() && call["exceptiondetails"].is_null()),
        "{calls:#?}"
    );
    let failed = list(&seller.json(&["trace", "list", "--failed"]));
    assert_eq!(failed.len(), calls.len(), "each of these calls failed");
    let shown = seller.json(&["trace", "show", "@last", "--checks"]);
    assert_eq!(shown["correlationid"], correlation);
    assert!(shown.get("configuration").is_none_or(serde_json::Value::is_null));
    for of_others in [&["trace", "tree", &theirs][..], &["trace", "privileges", &theirs]] {
        assert_eq!(seller.run(of_others).code, 1, "{of_others:?}");
    }
    // What was looked at is still what was refused last.
    assert_eq!(text(&seller.json(&["why"])["request"], "correlation"), correlation);
    let found = list(&seller.json(&["trace", "search", "account"]));
    assert!(
        found.iter().all(|hit| sent.contains(&text(hit, "correlation"))),
        "{found:#?}"
    );
    assert_eq!(text(&seller.json(&["why"])["request"], "correlation"), correlation);
}

/// What somebody's workflow does in the background is theirs, whoever set it off.
#[test]
fn the_sender_does_not_see_the_background_of_others() {
    let world = World::sample();
    let (admin, seller) = (world.admin(), world.user("seller.west"));
    admin.json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    world.write(
        "ask.json",
        r#"{"name": "Ask", "table": "task", "mode": "background", "on": {"create": true}, "scope": "organization",
            "actions": [{"call": {"plugin": "probe/probe", "configuration": "trace on", "inputs": {"Rate": 1}}}]}"#,
    );
    admin.json(&["workflow", "create", "ask.json", "--activate"]);
    let more = ["--stage", "post-operation", "--mode", "async", "--config", "trace on"];
    let own = id(&admin.json(&probe_step("Create", "task", &more)));
    seller.json(&["row", "create", "task", "subject=Q"]);
    let calls = |program: &Program| -> Vec<String> {
        let calls = list(&program.json(&["trace", "list"]));
        let of_probe = calls.iter().filter(|call| text(call, "typename").contains("probe"));
        of_probe.map(|call| text(call, "pluginstepid")).collect()
    };
    assert_eq!(calls(&admin).len(), 2, "the step's and the workflow's");
    assert_eq!(calls(&seller), [own]);
}

/// A refusal of who calls on behalf of others without the privilege leads on, and names the caller.
#[test]
fn who_may_not_call_on_behalf_of_others_is_named() {
    let world = World::sample();
    let behalf = [&ACCOUNT[..], &["--on-behalf-of", "manager"]].concat();
    let run = world.user("seller.west").run(&behalf);
    assert!(run.says("0x8004A110") && run.says("sluice why"), "{run:?}");
    let found = world.admin().json(&["trace", "list", "--requests", "--failed"]);
    let correlation = text(&list(&found)[0], "sl_correlationid");
    let told = world.admin().run(&["why", &correlation]).stdout;
    assert!(
        told.starts_with("seller.west, on behalf of manager, cannot create"),
        "{told}"
    );
    assert!(
        told.contains("The user seller.west") && told.contains("prvActOnBehalfOfAnotherUser"),
        "{told}"
    );
}

/// A secured column that no profile gives is one culprit, and a profile of one's own cures it.
#[test]
fn a_profile_is_made_for_who_needs_a_secured_column() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["column", "update", "account", "creditlimit", "--secured", "yes"]);
    let row = ["row", "create", "account", "name=Q", "creditlimit=5"];
    refused(&world.user("seller.west"), 1, &row, &["creditlimit"]);
    let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
    let found = admin.json(&["why", &text(&requests[0], "sl_correlationid")]);
    assert_eq!(found["culprits"].as_array().unwrap().len(), 1, "{found:#}");
    let fixes = found["cure"]["fixes"].as_array().unwrap();
    assert_eq!(found["cure"]["reach"], "1 user", "{found:#}");
    for fix in fixes {
        assert_eq!(fix["kind"], "new-profile");
        let command = words(fix["command"].as_str().unwrap());
        let command: Vec<&str> = command.iter().skip(1).map(String::as_str).collect();
        admin.json(&command);
    }
    world.user("seller.west").json(&row);
}

/// Of two checks the second is not asked while the first refuses.
#[test]
fn an_access_check_behind_a_missing_privilege_is_not_said_to_pass() {
    let world = World::sample();
    world
        .admin()
        .json(&["role", "revoke", "Salesperson", "prvWriteAccount"]);
    let account = text(&world.admin().json(&["row", "create", "account", "name=Q"]), "id");
    world
        .admin()
        .json(&["row", "assign", "account", &account, "seller.west"]);
    let target = format!(r#"Target:={{"@odata.type":"account","accountid":"{account}","name":"R"}}"#);
    let explained = world
        .admin()
        .json(&["access", "explain", "--user", "seller.west", "Update", &target]);
    let of = |check: &str| {
        let needs = explained["needs"].as_array().unwrap();
        let is_it = |need: &&serde_json::Value| need["privilege"] == "prvWriteAccount" && need["check"] == check;
        needs.iter().find(is_it).cloned().unwrap()
    };
    assert_eq!(
        (&of("privilege")["missing"], &of("privilege")["asked"]),
        (&true.into(), &true.into())
    );
    assert_eq!(of("access")["asked"], false, "{explained:#}");
    assert!(of("access")["because"].is_null());
}

/// What a request needs is told with what runs behind it.
#[test]
fn what_is_needed_in_the_background_stands_beside_the_rest() {
    let world = World::sample();
    let step = [
        "step",
        "register",
        "--plugin",
        "commission/commission",
        "--message",
        "Create",
        "--table",
        "account",
        "--stage",
        "post-operation",
        "--mode",
        "async",
        "--name",
        "late",
    ];
    world.admin().json(&step);
    let target = r#"Target:={"@odata.type":"account","name":"R","address1_stateorprovince":"CA"}"#;
    let arguments = ["access", "explain", "--user", "seller.west", "Create", target];
    let explained = world.admin().json(&arguments);
    let needs = explained["needs"].as_array().unwrap();
    for privilege in ["prvCreateAccount", "prvReadsl_commissionrule"] {
        assert!(
            needs.iter().any(|need| need["privilege"] == privilege),
            "{privilege}: {explained:#}"
        );
    }
}

/// What a plug-in declares stands beside what it was seen to ask for; a rule with two sides is one user.
#[test]
fn what_is_declared_is_told_and_a_rule_is_told_once() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe")]);
    let more = ["--stage", "post-operation", "--name", "asks nothing"];
    admin.json(&probe_step("Create", "task", &more));
    let needs = admin.json(&["step", "needs", "asks nothing"]);
    assert_eq!(needs["declared"]["privileges"], serde_json::json!(["prvReadAccount"]));
    let users = list(&admin.json(&["table", "uses", "account"]));
    let rules = users
        .iter()
        .filter(|user| text(user, "name").contains("duplicate rule"));
    assert_eq!(rules.count(), 1, "{users:#?}");
    refused(&admin, 1, &["use", "nobody"], &["no user", "nobody"]);
}

/// The shell asks the program, which knows what the organisation has.
#[test]
fn names_are_completed() {
    let world = World::sample();
    let script = world.admin().run(&["completions", "bash"]).stdout;
    assert!(script.contains("SLUICE_COMPLETE"), "{script}");
    let completed = |words: &[&str]| {
        let arguments = [&["--", "sluice"][..], words].concat();
        let index = words.len().to_string();
        let output = world
            .admin()
            .command(&arguments)
            .env("SLUICE_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", index)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(completed(&["role", "show", "Sales"]), "Sales\\ Manager\nSalesperson");
    assert_eq!(completed(&["role", "show", "Sales\\ "]), "Sales\\ Manager");
    assert_eq!(completed(&["bu", "show", "We"]), "West");
    assert_eq!(
        completed(&["row", "list", "lead", "--as", "seller"]),
        "seller.east\nseller.west"
    );
    assert_eq!(completed(&["row", "list", "sl_comm"]), "sl_commissionrule");
    assert!(completed(&["step", "disable", "comm"]).starts_with("commission:"));
    // Columns are those of the table that stands before.
    let select = ["row", "list", "lead", "--select"];
    assert_eq!(completed(&[&select[..], &["firstn"]].concat()), "firstname");
    assert_eq!(
        completed(&[&select[..], &["subject,firstn"]].concat()),
        "subject,firstname"
    );
    assert_eq!(completed(&["row", "create", "lead", "firstn"]), "firstname=");
    assert_eq!(
        completed(&["column", "show", "account", "creditlimit_"]),
        "creditlimit_base"
    );
    assert_eq!(completed(&["row", "list", "nothing", "--select", "firstn"]), "");
    // Tables are told to whoever may look at definitions.
    assert_eq!(
        completed(&["--as", "seller.west", "row", "list", "sl_comm"]),
        "sl_commissionrule"
    );
    world.admin().json(&["role", "revoke", "Salesperson", "prvReadEntity"]);
    assert_eq!(completed(&["--as", "seller.west", "row", "list", "sl_comm"]), "");
    // Who may not read them is told none, and is refused nothing that would be on record.
    assert_eq!(completed(&["--as", "seller.west", "role", "show", "Sales"]), "");
    let refusals = world.admin().json(&["trace", "list", "--requests", "--failed"]);
    assert!(list(&refusals).is_empty(), "{refusals:#}");
}

/// To complete a word changes no file: one of an earlier form keeps it, and one of the present form gets no mark.
#[test]
fn completing_writes_nothing() {
    let world = World::old("form-3", "sample");
    let bytes = || std::fs::read(world.path("sluice.db")).unwrap();
    let complete = || {
        let command = &mut world.admin().command(&["--", "sluice", "role", "show", "Sales"]);
        let output = command
            .env("SLUICE_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", "3")
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let before = bytes();
    assert_eq!(complete(), "");
    assert!(bytes() == before, "the file was migrated");
    world.admin().json(&["role", "list"]);
    let before = bytes();
    assert_eq!(complete(), "Sales\\ Manager\nSalesperson");
    assert!(bytes() == before, "a mark of use was left");
}

/// A file of contexts that cannot be read stands in the way of everything but that none is used any more: then it is
/// put aside.
#[test]
fn a_broken_file_of_contexts_is_put_aside() {
    let world = World::sample();
    let contexts = world.path("contexts.json");
    world.write("contexts.json", "{ broken");
    let run = |arguments: &[&str]| {
        let mut command = world.admin().command(arguments);
        let output = command.env("SLUICE_CONTEXTS", &contexts).output().unwrap();
        let told = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        (output.status.success(), told)
    };
    assert!(!run(&["use"]).0);
    let (done, told) = run(&["use", "--none"]);
    assert!(done && told.contains("contexts.json.broken"), "{told}");
    assert_eq!(
        std::fs::read_to_string(world.path("contexts.json.broken")).unwrap(),
        "{ broken"
    );
    let (done, told) = run(&["use"]);
    assert!(done && told.contains("no contexts"), "{told}");
    // What is there already stays.
    world.write("contexts.json", "{");
    let (done, told) = run(&["use", "--none"]);
    assert!(done && told.contains("contexts.json.broken-2"), "{told}");
}

/// The id of a plug-in call, which `trace list` shows, leads to its request as well, and to that very call.
#[test]
fn the_id_of_a_call_stands_for_its_request() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe")]);
    let steps = [("First", "1", "trace hello"), ("Second", "2", "fail so")];
    for (name, rank, does) in steps {
        let more = [
            "--stage",
            "pre-operation",
            "--name",
            name,
            "--rank",
            rank,
            "--config",
            does,
        ];
        admin.json(&probe_step("Create", "contact", &more));
    }
    assert_eq!(admin.run(&["row", "create", "contact", "lastname=x"]).code, 1);
    let calls = list(&admin.json(&["trace", "list"]));
    for (name, ..) in steps {
        let of_step = |call: &&Json| call["step"] == name;
        let call = calls
            .iter()
            .find(of_step)
            .unwrap_or_else(|| panic!("no {name}: {calls:#?}"));
        let (id, request) = (text(call, "plugintracelogid"), text(call, "correlationid"));
        for which in [id.as_str(), &id[id.len() - 8..]] {
            assert_eq!(text(&admin.json(&["trace", "tree", which]), "correlation"), request);
            let case = admin.json(&["trace", "export", which]);
            assert_eq!(
                (&case["plugin"], &case["step"]),
                (&"probe/probe".into(), &name.into()),
                "{case:#}"
            );
        }
    }
}

/// The id that the list of requests shows leads to its request, wherever one is asked for.
#[test]
fn the_id_of_a_trace_stands_for_its_request() {
    let world = World::sample();
    let admin = world.admin();
    assert_eq!(
        world
            .user("seller.west")
            .run(&["row", "create", "campaign", "name=x"])
            .code,
        1
    );
    let row = &list(&admin.json(&["trace", "list", "--requests", "--failed"]))[0];
    let (id, request) = (text(row, "sl_messagetraceid"), text(row, "sl_correlationid"));
    assert_ne!(id, request);
    for which in [id.as_str(), &id[id.len() - 8..]] {
        assert_eq!(text(&admin.json(&["trace", "tree", which]), "correlation"), request);
        let asked = admin.json(&["trace", "privileges", which, "--refused"]);
        assert!(asked.to_string().contains("prvCreateCampaign"), "{asked:#}");
        let bundle = admin.json(&["support", "bundle", "--correlation", which]);
        assert!(bundle.to_string().contains(&request), "{bundle:#}");
        let found = admin.json(&["trace", "list", "--requests", "--correlation", which]);
        assert_eq!(list(&found).len(), 1, "{found:#}");
    }
}
