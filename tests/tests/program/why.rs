//! `why` and its neighbours, as they are used: what a refusal prints is run as it stands, and what
//! `why` prints first is pasted.

use serde_json::Value;
use sluice_tests::{
    program::words,
    world::{World, guest, id, list, probe_step, text},
};

/// Runs printed commands as they stand, as the administrator.
pub(super) fn paste(world: &World, commands: &[Value]) {
    for command in commands {
        let command = words(command["command"].as_str().unwrap());
        assert_eq!(command[0], "sluice");
        let arguments: Vec<&str> = command[1..].iter().map(String::as_str).collect();
        world.admin().json(&arguments);
    }
}

/// The command `sluice why …` that a refusal prints.
pub(super) fn printed(told: &str) -> Vec<String> {
    let line = told.lines().find(|line| line.trim().starts_with("sluice why "));
    words(line.unwrap_or_else(|| panic!("{told}")).trim())
}

/// The refusal of a command, looked into by the administrator: what `why` says, cured as it says.
pub(crate) fn cured(world: &World, user: &str, arguments: &[&str]) -> Value {
    let refused = world.user(user).run(arguments);
    assert_eq!(refused.code, 1, "{refused:?}");
    let command = printed(&format!("{}{}", refused.stdout, refused.stderr));
    let command: Vec<&str> = command[1..].iter().map(String::as_str).collect();
    let text = world.admin().run(&command).stdout;
    let found = world.admin().json(&command);
    let first = found["cure"]["fixes"][0]["command"].as_str().unwrap();
    let shown = text.lines().find(|line| line.trim().starts_with("sluice ")).unwrap();
    assert_eq!(shown.trim(), first, "what cures all of it is printed first: {text}");
    paste(world, found["cure"]["fixes"].as_array().unwrap());
    let again = world.user(user).run(arguments);
    assert_eq!(again.code, 0, "{again:?}\n{text}");
    found
}

#[test]
fn a_refused_qualification_is_cured_by_what_is_printed_first() {
    let world = World::sample();
    world
        .admin()
        .json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    let more = ["--stage", "pre-operation", "--config", "read campaign"];
    world.admin().json(&probe_step("Create", "contact", &more));
    let lead = world.lead("seller.west");
    let found = cured(&world, "seller.west", &["lead", "qualify", &lead]);
    let culprits = list_of(&found["culprits"]);
    let privileges: Vec<&str> = culprits
        .iter()
        .map(|culprit| culprit["error"]["privilege"].as_str().unwrap())
        .collect();
    assert_eq!(privileges, ["prvReadsl_commissionrule", "prvReadCampaign"]);
    assert_eq!(found["request"]["message"], "QualifyLead");
}

fn list_of(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

#[test]
fn one_row_of_somebody_else_is_shared() {
    let world = World::sample();
    let theirs = id(&world.admin().json(&["row", "create", "account", "name=Theirs"]));
    let found = cured(&world, "seller.west", &["row", "get", "account", &theirs]);
    assert_eq!(found["cure"]["fixes"][0]["kind"], "share");
    assert_eq!(found["cure"]["reach"], "this row alone");
}

#[test]
fn a_seller_is_told_whom_to_ask() {
    let world = World::sample();
    let lead = world.lead("seller.west");
    world.user("seller.west").run(&["lead", "qualify", &lead]);
    let seller = world.user("seller.west").run(&["why"]);
    assert_eq!(seller.code, 0);
    assert!(seller.stdout.contains("Ask an administrator"), "{}", seller.stdout);
    assert!(!seller.stdout.contains("role grant"), "{}", seller.stdout);
    let again = world.user("seller.west").json(&["why"]);
    assert_eq!(
        text(&again["request"], "message"),
        "QualifyLead",
        "`why` leaves no refusal of its own"
    );
    let none = world.user("manager").refused(&["why"]);
    assert_eq!(none["code"], "0x80040217");
}

#[test]
fn who_else_and_what_before_and_what_if() {
    let world = World::sample();
    let values = ["name=Test", "address1_stateorprovince=WA"];
    let everyone = world
        .admin()
        .json(&[&["diagnose", "everyone", "--table", "account"][..], &values].concat());
    let refused: Vec<String> = list(&everyone)
        .iter()
        .filter(|user| user["ok"] == false)
        .map(|user| text(user, "user"))
        .collect();
    assert!(
        refused.contains(&"seller.west".to_owned()) && refused.contains(&"seller.east".to_owned()),
        "{everyone}"
    );

    let lead = world.lead("seller.west");
    let lead_of = ["--user", "seller.west", "--action", "qualify", "--lead", &lead];
    let told = world.admin().json(&[&["access", "explain"][..], &lead_of].concat());
    let needs = list_of(&told["needs"]);
    let missing: Vec<&str> = needs
        .iter()
        .filter(|need| need["missing"] == true)
        .map(|need| need["privilege"].as_str().unwrap())
        .collect();
    assert_eq!(missing, ["prvReadsl_commissionrule"]);
    assert!(
        needs.iter().any(|need| need["check"] == "access"),
        "both checks are told: {needs:?}"
    );

    world.user("seller.west").run(&["lead", "qualify", &lead]);
    let grant = [
        "role",
        "grant",
        "Salesperson",
        "prvReadsl_commissionrule",
        "org",
        "--what-if",
    ];
    let turned = world.admin().json(&grant);
    assert_eq!(list_of(&turned["turned"]).len(), 1, "{turned}");
    assert_eq!(turned["turned"][0]["user"], "seller.west");
    let still = world.user("seller.west").run(&["lead", "qualify", &lead]);
    assert_eq!(still.code, 1, "nothing was granted");
}

/// Whoever may not read users is told no names, and `why` is refused nothing that it would then explain.
#[test]
fn it_leaves_no_refusal_of_its_own() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "create", "Reader"]);
    admin.json(&["role", "grant", "Reader", "prvReadAccount", "user"]);
    admin.json(&["user", "create", "rita", "--role", "Reader"]);
    let theirs = id(&admin.json(&["row", "create", "account", "name=Theirs"]));
    world.user("rita").refused(&["row", "delete", "account", &theirs]);
    for _ in 0..2 {
        let found = world.user("rita").json(&["why"]);
        assert_eq!(text(&found["request"], "message"), "Delete");
    }
}

/// A refusal says what happened, then what to do, then what the platform says of it, and then the rest.
#[test]
fn what_to_do_stands_before_what_the_platform_says() {
    let world = World::sample();
    world
        .admin()
        .json(&["role", "revoke", "Salesperson", "prvCreateAccount"]);
    let refused = world.user("seller.west").run(&["row", "create", "account", "name=Q"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let mut lines = refused.stderr.lines();
    let first = lines.next().unwrap();
    assert_eq!(
        first,
        "error 0x80040220 PrivilegeDenied: seller.west lacks prvCreateAccount"
    );
    let label = |line: &str| line.get(2..14).map(|label| label.trim().to_owned());
    let labels: Vec<String> = lines.filter_map(label).filter(|label| !label.is_empty()).collect();
    let expected = ["what to do", "platform", "cause", "privilege", "who", "trace"];
    assert_eq!(labels, expected, "{}", refused.stderr);
}

/// Duplicates leave two ways: to take the row that is there, and to go on nevertheless. Behind the second one stands
/// what stands there for every new account; a recorded refusal and a diagnosis tell the same.
#[test]
fn what_stands_behind_continue_is_named() {
    let world = World::sample();
    let lead = id(&world.admin().json(&[
        "row",
        "create",
        "lead",
        "lastname=Zed",
        "companyname=Fourth Coffee",
        "address1_stateorprovince=WA",
        "ownerid=seller.west",
    ]));
    let refusal = world.user("seller.west").run(&["lead", "qualify", &lead, "--json"]);
    assert_eq!(refusal.code, 1, "{refusal:?}");
    let correlation = text(&list(&refusal.json())[0]["error"], "correlation");
    let diagnosed = ["diagnose", "isolate", "--user", "seller.west", "--lead", &lead];
    for arguments in [&diagnosed[..], &["why", &correlation]] {
        let found = world.admin().json(arguments);
        let culprits = found["culprits"].as_array().unwrap();
        assert_eq!(culprits.len(), 2, "{found:#}");
        let commands: Vec<&str> = culprits[0]["fixes"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|fix| fix["command"].as_str())
            .collect();
        assert!(commands[0].contains("--account existing:"), "{commands:?}");
        assert!(commands[1].contains("--continue"), "{commands:?}");
        assert_eq!(culprits[0]["cures"][1]["passes"], false);
        assert_eq!(culprits[1]["error"]["step"]["name"], "commission: Create of account");
        assert!(
            text(&culprits[1]["onlyBehind"][0], "command").contains("--continue"),
            "{found:#}"
        );
        let cure = text(&found["cure"]["fixes"][0], "command");
        assert!(cure.contains("--account existing:"), "{found:#}");
    }
}

/// What was too long to be recorded cannot run again: what was recorded of it can be looked at.
#[test]
fn a_request_that_was_too_long_leads_to_what_was_recorded() {
    let world = World::sample();
    let seller = world.user("seller.west");
    world
        .admin()
        .json(&["role", "revoke", "Salesperson", "prvCreateAccount"]);
    let long = format!("description={}", "x".repeat(70_000));
    seller.refused(&["row", "create", "account", "name=Q", &long]);
    let told = seller.run(&["why"]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.stderr.contains("only sizes were recorded"), "{told:?}");
    assert!(told.stderr.contains("was not recorded"), "{told:?}");
    let line = told
        .stderr
        .lines()
        .find(|line| line.contains("sluice trace privileges "));
    let command = words(line.unwrap_or_else(|| panic!("{told:?}")).trim());
    let command: Vec<&str> = command[1..].iter().map(String::as_str).collect();
    let asked = seller.run(&command);
    assert!(
        asked.code == 0 && asked.stdout.contains("prvCreateAccount"),
        "{asked:?}"
    );
}

/// What was to be done is said with the row that it was about.
#[test]
fn what_was_refused_is_told_with_its_row() {
    let world = World::sample();
    let admin = world.admin();
    for privilege in ["prvWriteOpportunity", "prvWriteTeam"] {
        admin.run(&["role", "revoke", "Salesperson", privilege]);
    }
    let mine = id(&admin.json(&["row", "create", "opportunity", "name=Pumps", "ownerid=seller.west"]));
    let squad = id(&admin.json(&["team", "create", "Squad"]));
    let east = text(
        &admin.json(&["row", "get", "systemuser", "seller.east"]),
        "systemuserid",
    );
    let refusals: [(&[&str], &str); 2] = [
        (&["opportunity", "win", &mine], "win the opportunity \"Pumps\""),
        (&["team", "member-add", &squad, &east], "add members to the team"),
    ];
    for (arguments, wanted) in refusals {
        let refused = world.user("seller.west").run(arguments);
        assert_eq!(refused.code, 1, "{refused:?}");
        let command = printed(&format!("{}{}", refused.stdout, refused.stderr));
        let command: Vec<&str> = command[1..].iter().map(String::as_str).collect();
        let told = admin.run(&command).stdout;
        assert!(told.contains(wanted), "{told}");
    }
}

/// Of a process the row is told that goes through it.
#[test]
fn what_moves_through_a_process_is_told() {
    let world = World::sample();
    let (admin, seller) = (world.admin(), world.user("seller.west"));
    admin.json(&["step", "disable", "commission: Create of account"]);
    let lead = world.lead("seller.west");
    seller.json(&["lead", "qualify", &lead]);
    for step in list(&admin.json(&["row", "list", "sl_processstep"])) {
        admin.json(&[
            "row",
            "update",
            "sl_processstep",
            &text(&step, "sl_processstepid"),
            "sl_required=yes",
        ]);
    }
    let of_lead = format!("_originatingleadid_value eq {lead}");
    let found = list(&seller.json(&["row", "list", "opportunity", "--filter", &of_lead]));
    let opportunity = text(&found[0], "opportunityid");
    seller.refused(&["flow", "next", &opportunity, "--table", "opportunity"]);
    let told = seller.run(&["why"]).stdout;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("cannot move the opportunity") && told.contains("to another stage of its process"),
        "{told}"
    );
}
