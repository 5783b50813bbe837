//! What is told of who holds what: by `access explain`, by refusals, by `why`, and by what was recorded.

use serde_json::{Value, json};
use sluice_tests::{
    program::words,
    world::{World, guest, id, list, probe_step, refused, text},
};

/// A user whose only role comes through a team; `inherited` says whether members use it for rows of their
/// own.
fn member(world: &World, privileges: &[&str], inherited: bool) {
    let admin = world.admin();
    admin.json(&["role", "create", "Crew"]);
    for privilege in privileges {
        admin.json(&["role", "grant", "Crew", privilege, "user"]);
    }
    let inherited = format!("isinherited={}", u8::from(inherited));
    admin.json(&["row", "update", "role", "Crew", &inherited]);
    admin.json(&["team", "create", "Deal"]);
    admin.json(&["team", "role-add", "Deal", "Crew"]);
    admin.json(&["user", "create", "tom"]);
    admin.json(&["team", "member-add", "Deal", "tom"]);
}

const ACCOUNT: &str = r#"Target:={"@odata.type":"account","name":"Litware"}"#;

/// The line of a check in what `access explain` says.
fn need(explained: &Value, privilege: &str, check: &str) -> Value {
    let needs = list_of(&explained["needs"]);
    let is_it = |need: &&Value| need["privilege"] == privilege && need["check"] == check;
    needs
        .iter()
        .find(is_it)
        .cloned()
        .unwrap_or_else(|| panic!("{explained:#}"))
}

fn list_of(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// The privilege is held, the row is not reached: each line says its own, and so does each right that
/// comes behind the first refusal.
#[test]
fn a_privilege_for_the_rows_of_a_team_passes_one_check_and_not_the_other() {
    let world = World::sample();
    let admin = world.admin();
    let all = ["prvReadAccount", "prvWriteAccount", "prvCreateAccount"];
    member(&world, &all, false);
    let account = id(&admin.json(&["row", "create", "account", "name=Q"]));
    admin.json(&["row", "assign", "account", &account, "tom"]);
    let target = format!(r#"Target:={{"@odata.type":"account","accountid":"{account}","name":"R"}}"#);
    for (message, target, privilege) in [
        ("Update", target.as_str(), "prvWriteAccount"),
        ("Create", ACCOUNT, "prvCreateAccount"),
    ] {
        let explained = admin.json(&["access", "explain", "--user", "tom", message, target]);
        let held = need(&explained, privilege, "privilege");
        assert_eq!((&held["missing"], &held["asked"]), (&json!(false), &json!(true)));
        assert_eq!(held["because"], "Crew (via team Deal)");
        let reached = need(&explained, privilege, "access");
        assert_eq!((&reached["missing"], &reached["asked"]), (&json!(true), &json!(true)));
        assert_eq!(
            (&reached["held"], &reached["heldForTeamAlone"]),
            (&json!("User"), &json!("Deal"))
        );
    }
    // A row of the team is what the role is for.
    admin.json(&["row", "assign", "account", &account, "team:Deal"]);
    let explained = admin.json(&["access", "explain", "--user", "tom", "Update", &target]);
    assert_eq!(need(&explained, "prvWriteAccount", "access")["missing"], false);
}

/// What lies behind the first refusal is told as it is, and not as its cure would make it.
#[test]
fn a_right_that_is_asked_for_later_is_missing_too() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "copy", "Salesperson", "Crew"]);
    admin.json(&["row", "update", "role", "Crew", "isinherited=0"]);
    admin.json(&["team", "create", "Deal"]);
    admin.json(&["team", "role-add", "Deal", "Crew"]);
    admin.json(&["user", "create", "tom"]);
    admin.json(&["team", "member-add", "Deal", "tom"]);
    let lead = world.lead("seller.west");
    admin.json(&["row", "assign", "lead", &lead, "tom"]);
    let explained = admin.json(&[
        "access", "explain", "--user", "tom", "--action", "qualify", "--lead", &lead,
    ]);
    for privilege in ["prvReadLead", "prvWriteLead", "prvCreateAccount"] {
        assert_eq!(need(&explained, privilege, "access")["missing"], true, "{privilege}");
        let held = need(&explained, privilege, "privilege");
        assert_eq!(
            held["because"], "Crew (via team Deal)",
            "nothing that a cure would give"
        );
    }
    let note = need(&explained, "prvCreateNote", "privilege");
    assert_eq!(
        (&note["principal"], &note["as"]),
        (&json!("integration"), &json!("runs as"))
    );
}

/// What a refusal proposes to who may read roles and steps is tried as it is printed.
fn proposed(world: &World, arguments: &[&str]) -> String {
    let reads = "systemuser,team,role,sdkmessageprocessingstep:r:org";
    world.admin().json(&["role", "grant", "Crew", reads]);
    let refused = world.user("tom").run(arguments);
    let told = format!("{}{}", refused.stdout, refused.stderr);
    let proposes = |line: &&str| line.trim().starts_with("sluice ro");
    let line = told.lines().find(proposes).unwrap_or_else(|| panic!("{told}"));
    let command = words(line.trim());
    let command: Vec<&str> = command.iter().skip(1).map(String::as_str).collect();
    world.admin().json(&command);
    let again = world.user("tom").run(arguments);
    assert_eq!(again.code, 0, "{again:?}\n{told}");
    told
}

#[test]
fn a_refusal_proposes_the_least_that_works() {
    let create = ["row", "create", "account", "name=X"];
    let world = World::sample();
    member(&world, &["prvCreateAccount"], false);
    let told = proposed(&world, &create);
    assert!(told.contains("row update role Crew isinherited=1"), "{told}");
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("held at depth User for the rows of the team Deal alone"),
        "{told}"
    );

    let world = World::sample();
    member(&world, &["prvReadAccount"], true);
    let told = proposed(&world, &create);
    assert!(told.contains("role grant Crew prvCreateAccount user"), "{told}");
}

/// A plug-in that goes wrong because it was not shown a value: the value is nowhere.
#[test]
fn a_secured_column_that_a_step_was_not_shown_is_named() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["column", "update", "account", "creditlimit", "--secured", "yes"]);
    let account = ["row", "create", "account", "name=Q", "creditlimit=98765"];
    let account = id(&admin.json(&account));
    admin.json(&["row", "assign", "account", &account, "seller.west"]);
    admin.json(&["plugin", "push", &guest("probe")]);
    let more = [
        "--stage",
        "pre-operation",
        "--config",
        "read account\nfail no limit",
        "--name",
        "limits",
    ];
    admin.json(&probe_step("Create", "contact", &more));
    let contact = ["row", "create", "contact", "lastname=Q"];
    assert_eq!(world.user("seller.west").run(&contact).code, 1);
    let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
    let correlation = text(&requests[0], "sl_correlationid");

    let wanted = "account.creditlimit was withheld from seller.west";
    let target = r#"Target:={"@odata.type":"contact","lastname":"Q"}"#;
    let doors: [&[&str]; 5] = [
        &["why", &correlation],
        &["trace", "privileges", &correlation],
        &["trace", "show", "@last", "--checks"],
        &["trace", "show", "@last"],
        &["access", "explain", "--user", "seller.west", "Create", target],
    ];
    for door in doors {
        let told = admin.run(door).stdout;
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(wanted) && !told.contains("98765"), "{door:?}: {told}");
    }
    let found = admin.json(&["why", &correlation]);
    let withheld = &found["culprits"][0]["withheld"];
    let expected = json!([{ "table": "account", "column": "creditlimit", "from": "seller.west" }]);
    assert_eq!(*withheld, expected, "{found:#}");

    // To whom a profile shows it, nothing is withheld.
    admin.json(&["profile", "create", "Finance"]);
    admin.json(&["profile", "grant", "Finance", "account", "creditlimit", "read"]);
    admin.json(&["profile", "member-add", "Finance", "seller.west"]);
    let found = admin.json(&["why", &correlation]);
    assert_eq!(found["culprits"][0]["withheld"], json!([]), "{found:#}");
}

/// A business rule is given the row as it was, and looks at few columns of it: of what else is secured nothing is told.
#[test]
fn a_rule_is_told_to_have_read_what_it_reads() {
    let world = World::sample();
    let admin = world.admin();
    for column in ["jobtitle", "department"] {
        admin.json(&["column", "update", "contact", column, "--secured", "yes"]);
    }
    admin.json(&["role", "grant", "Salesperson", "prvWriteContact", "user"]);
    let contact = [
        "row",
        "create",
        "contact",
        "lastname=Mix",
        "jobtitle=Chief",
        "department=Sales",
    ];
    let contact = id(&admin.json(&contact));
    admin.json(&["row", "assign", "contact", &contact, "seller.west"]);
    let withheld = |required: &str, change: &str| {
        let rule = json!({ "name": required, "table": "contact", "actions": [{ "check": {
            "if": { "compare": { "column": "fax", "is": "eq", "value": change } },
            "then": [{ "set": { "department": "None" } }, { "require": [required] }],
        }}]});
        world.write("rule.json", rule.to_string());
        admin.json(&["businessrule", "create", "rule.json", "--activate"]);
        let update = ["row", "update", "contact", &contact, &format!("fax={change}")];
        refused(&world.user("seller.west"), 1, &update, &[required]);
        let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
        let found = admin.json(&["why", &text(&requests[0], "sl_correlationid")]);
        found["culprits"][0]["withheld"].clone()
    };
    // What a rule only sets is not looked at either.
    assert_eq!(withheld("pager", "5"), json!([]));
    let expected = json!([{ "table": "contact", "column": "jobtitle", "from": "seller.west" }]);
    assert_eq!(withheld("jobtitle", "6"), expected);
}

/// Where a value that was withheld is what a step stumbles over, to show it cures: each way was tried.
#[test]
fn a_profile_cures_a_step_that_stumbles_over_a_withheld_value() {
    let world = World::sample();
    let admin = world.admin();
    for column in ["creditlimit", "revenue"] {
        admin.json(&["column", "update", "account", column, "--secured", "yes"]);
    }
    let account = id(&admin.json(&["row", "create", "account", "name=Q", "creditlimit=98765", "revenue=5"]));
    admin.json(&["row", "assign", "account", &account, "seller.west"]);
    admin.json(&["role", "grant", "Salesperson", "prvWriteAccount", "user"]);
    admin.json(&["plugin", "push", &guest("probe")]);
    let needs = ["--stage", "pre-operation", "--config", "need creditlimit\nneed revenue"];
    admin.json(&probe_step("Update", "account", &needs));
    let update = ["row", "update", "account", &account, "telephone1=7"];
    let seller = world.user("seller.west");
    refused(&seller, 1, &update, &["creditlimit is empty"]);
    let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
    let found = admin.json(&["why", &text(&requests[0], "sl_correlationid")]);
    let fixes = found["cure"]["fixes"].as_array().unwrap();
    assert!(fixes.iter().all(|fix| fix["kind"] == "new-profile"), "{found:#}");
    for fix in fixes {
        let command = text(fix, "command");
        let arguments = words(&command);
        let arguments: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
        let run = admin.run(&arguments);
        assert_eq!(run.code, 0, "{command}: {run:?}");
    }
    seller.json(&update);
}

/// What was recorded of a step counts, also where its requests cannot run again.
#[test]
fn what_a_step_needs_is_what_was_recorded_and_what_is_declared() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["settings", "set", "trace.requests", "all"]);
    admin.json(&["plugin", "push", &guest("probe")]);
    let more = [
        "--stage",
        "pre-operation",
        "--config",
        "read account",
        "--name",
        "looks",
    ];
    admin.json(&probe_step("Create", "contact", &more));
    world
        .user("seller.west")
        .json(&["row", "create", "contact", "lastname=Q"]);
    admin.json(&["step", "disable", "looks"]);
    let needs = admin.json(&["step", "needs", "looks"]);
    assert_eq!((&needs["recorded"], &needs["ran"]), (&json!(1), &json!(0)), "{needs:#}");
    let read = need(&needs, "prvReadAccount", "privilege");
    assert_eq!((&read["declared"], &read["times"]), (&json!(true), &json!(0)));
    assert!(read["recorded"].as_u64() > Some(0), "{needs:#}");
}

/// What an asynchronous step asked was recorded with its job, and counts as what a request asked.
#[test]
fn what_a_step_needs_in_the_background_is_what_its_jobs_asked() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe")]);
    let more = [
        "--stage",
        "post-operation",
        "--mode",
        "async",
        "--config",
        "read campaign",
        "--name",
        "later",
    ];
    admin.json(&probe_step("Create", "contact", &more));
    world
        .user("seller.west")
        .json(&["row", "create", "contact", "lastname=Q"]);
    let needs = admin.json(&["step", "needs", "later"]);
    assert_eq!(needs["recorded"], 1, "{needs:#}");
    let read = need(&needs, "prvReadCampaign", "privilege");
    assert_eq!(read["refused"], json!(["seller.west"]), "{needs:#}");
    let grant = ["role", "grant", "Salesperson", "prvReadCampaign", "org", "--what-if"];
    let found = admin.json(&grant);
    let turned = list_of(&found["turned"]);
    assert_eq!(turned.len(), 1, "{found:#}");
    assert_eq!(turned[0]["user"], "seller.west", "{found:#}");
}

/// Of one step, two refusals that come one behind the other: each has its own reason.
#[test]
fn a_step_that_refuses_again_behind_its_cure_is_a_culprit_again() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe")]);
    let step = [
        "step",
        "register",
        "--plugin",
        "probe/probe",
        "--message",
        "Create",
        "--stage",
        "pre-operation",
        "--name",
        "everywhere",
        "--config",
        "read campaign",
    ];
    admin.json(&step);
    let lead = [
        "row",
        "create",
        "lead",
        "lastname=Hope",
        "subject=x",
        "companyname=Hope",
    ];
    admin.json(&["step", "disable", "everywhere"]);
    let lead = id(&world.user("seller.west").json(&lead));
    admin.json(&["step", "enable", "everywhere"]);
    let found = admin.json(&["diagnose", "isolate", "--user", "seller.west", "--lead", &lead]);
    let of_step = |culprit: &Value| {
        let error = &culprit["error"];
        (error["step"]["name"] == "everywhere").then(|| text(&error["principal"], "name"))
    };
    let culprits = list_of(&found["culprits"]);
    let refused: Vec<String> = culprits.iter().filter_map(of_step).collect();
    assert_eq!(refused, ["seller.west", "integration"], "{found:#}");
    for fix in list_of(&found["cure"]["fixes"]) {
        assert_eq!(fix["kind"], "grant", "{found:#}");
        let command = words(fix["command"].as_str().unwrap());
        let command: Vec<&str> = command.iter().skip(1).map(String::as_str).collect();
        admin.json(&command);
    }
    world.user("seller.west").json(&["lead", "qualify", &lead]);
}

/// What `why` says to somebody, the tree of the same request says to them as well.
#[test]
fn the_tree_and_why_are_for_the_same_readers() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "starter", "add"]);
    admin.json(&["user", "create", "sue", "--role", "Support User"]);
    let lead = world.lead("seller.west");
    world.user("seller.west").run(&["lead", "qualify", &lead]);
    let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
    let correlation = text(&requests[0], "sl_correlationid");
    let missing = "is missing prvReadsl_commissionrule privilege";
    let says = |user: &str, command: &str| {
        let told = world.user(user).run(&[command, &correlation][..]).stdout;
        told.split_whitespace().collect::<Vec<_>>().join(" ").contains(missing)
    };
    let tree = |user: &str| {
        let told = world.user(user).run(&["trace", "tree", &correlation]).stdout;
        told.split_whitespace().collect::<Vec<_>>().join(" ").contains(missing)
    };
    assert!(says("sue", "why") && tree("sue"));
    admin.json(&["role", "revoke", "Support User", "prvActOnBehalfOfAnotherUser"]);
    assert!(!says("sue", "why") && !tree("sue"));
}

/// Who was refused nothing is told what was refused to others, as far as they may look into it.
#[test]
fn an_administrator_is_led_to_what_others_were_refused() {
    let world = World::sample();
    let lead = world.lead("seller.west");
    world.user("seller.west").run(&["lead", "qualify", &lead]);
    let found = world.admin().json(&["why"]);
    let refused = list_of(&found["refused"]);
    assert_eq!(refused.len(), 1, "{found:#}");
    assert_eq!(
        (&refused[0]["user"], &refused[0]["message"], &refused[0]["privilege"]),
        (
            &json!("seller.west"),
            &json!("QualifyLead"),
            &json!("prvReadsl_commissionrule")
        )
    );
    let command = words(refused[0]["command"].as_str().unwrap());
    let command: Vec<&str> = command.iter().skip(1).map(String::as_str).collect();
    assert_eq!(list_of(&world.admin().json(&command)["culprits"]).len(), 1);
    let none = world.user("manager").refused(&["why"]);
    assert_eq!(none["code"], "0x80040217");
}

/// A call that fails for everybody is nobody's: least of all the caller's, where the step runs as another
/// user.
#[test]
fn a_call_that_fails_for_everybody_is_not_said_to_be_the_callers() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe")]);
    let more = [
        "--stage",
        "pre-operation",
        "--run-as",
        "integration",
        "--config",
        "create nosuch name x",
    ];
    admin.json(&probe_step("Create", "contact", &more));
    let target = r#"Target:={"@odata.type":"contact","lastname":"Q"}"#;
    let told = admin.run(&["access", "explain", "--user", "seller.west", "Create", target]);
    let told = told.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("Its call Create nosuch is refused."), "{told}");
    assert!(!told.contains("made as seller.west"), "{told}");
}
