//! The story of the missing privilege, told by a script: every answer in the form of the
//! design, every printed command run as it stands.

use serde_json::Value;
use sluice_tests::program::words;

use sluice_tests::world::{World, guest, id, list, text};

const TABLES: [&str; 3] = ["account", "contact", "opportunity"];

/// The one item of an answer over several things.
fn only(answer: &Value) -> Value {
    let items = list(answer);
    assert_eq!(items.len(), 1, "{answer}");
    items[0].clone()
}

/// Qualifies as the user: the ids of account, contact and opportunity.
fn qualify(world: &World, user: &str, lead: &str) -> Vec<String> {
    let item = only(&world.user(user).json(&["lead", "qualify", lead]));
    assert_eq!(item["lead"], lead);
    let created = item["created"].as_array().unwrap();
    let tables: Vec<&str> = created.iter().map(|row| row["table"].as_str().unwrap()).collect();
    assert_eq!(tables, TABLES, "{item}");
    assert!(created.iter().all(|row| !text(row, "name").is_empty()), "{item}");
    created.iter().map(id).collect()
}

/// Qualifies as the user, who is refused: the error.
fn refused(world: &World, user: &str, lead: &str) -> Value {
    let run = world.user(user).run(&["lead", "qualify", lead, "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let item = only(&run.json());
    assert_eq!(item["lead"], lead);
    item["error"].clone()
}

/// The printed command of that kind, as it stands.
fn command(culprit: &Value, kind: &str) -> Vec<String> {
    let fixes = culprit["fixes"].as_array().unwrap();
    let fix = fixes.iter().find(|fix| fix["kind"] == kind);
    let command = fix.unwrap_or_else(|| panic!("no {kind}: {culprit}"))["command"]
        .as_str()
        .unwrap();
    words(command)
}

fn run(world: &World, command: &[String]) {
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    assert_eq!(command[0], "sluice");
    world.admin().json(&command[1..]);
}

/// The names of the nodes of that kind, outer ones first.
fn nodes(tree: &Value, kind: &str) -> Vec<String> {
    let mut names = Vec::new();
    if tree["kind"] == kind {
        names.push(text(tree, "name"));
    }
    for child in tree["children"].as_array().into_iter().flatten() {
        names.extend(nodes(child, kind));
    }
    names
}

#[test]
fn the_story_is_told_by_a_script() {
    let world = World::sample();
    let (first, second) = (world.lead("seller.west"), world.lead("seller.west"));
    let before = (world.counts(), world.steps());

    let error = refused(&world, "seller.west", &first);
    let step = world.step("commission: Create of account");
    names_the_step_and_the_privilege(&error, &step);
    assert_eq!(
        (world.counts(), world.steps()),
        before,
        "the refused request changed something"
    );
    let (disable, grant) = the_table_and_the_cures(&world, &first, &step);
    assert_eq!((world.counts(), world.steps()), before, "asking changed something");

    run(&world, &disable);
    let rows = qualify(&world, "seller.west", &first);
    let lead = world.admin().json(&["row", "get", "lead", &first]);
    without_the_step(&world, &lead, &rows);

    world.admin().json(&["step", "enable", &step]);
    run(&world, &grant);
    let rows = qualify(&world, "seller.west", &second);
    let account = world.admin().json(&["row", "get", "account", &rows[0]]);
    let state = text(&lead, "address1_stateorprovince");
    let rule = &world.rows("sl_commissionrule", "sl_rate", &format!("sl_name eq '{state}'"))[0];
    assert!(rule["sl_rate"].is_number());
    assert_eq!(account["sl_commissionrate"], rule["sl_rate"]);
    both_requests_have_traces(&world, &error);
}

fn names_the_step_and_the_privilege(error: &Value, step: &str) {
    assert_eq!(error["code"], "0x80040220");
    assert_eq!(error["privilege"], "prvReadsl_commissionrule");
    assert_eq!(error["table"], "sl_commissionrule");
    assert_eq!(error["depth"], "Organization");
    assert_eq!(error["call"], "RetrieveMultiple sl_commissionrule");
    assert_eq!(error["principal"]["name"], "seller.west");
    assert_eq!(error["principal"]["type"], "User");
    // Roles are named to those who may read them.
    assert_eq!(error["principal"]["roles"], serde_json::json!(["a role"]));
    assert_eq!(error["plugin"], "commission/commission");
    let named = &error["step"];
    assert_eq!(named["id"], *step);
    for (part, value) in [
        ("name", "commission: Create of account"),
        ("plugin", "commission/commission"),
    ] {
        assert_eq!(named[part], value);
    }
    assert_eq!(
        (&named["message"], &named["table"], &named["stage"]),
        (&"Create".into(), &"account".into(), &20.into())
    );
    for part in ["message", "cause", "resolution", "correlation"] {
        assert!(!text(error, part).is_empty(), "{part}");
    }
}

/// Asks which table fails and which step: the commands that disable the step, and that grant what
/// it lacks.
fn the_table_and_the_cures(world: &World, first: &str, step: &str) -> (Vec<String>, Vec<String>) {
    let each = list(
        &world
            .admin()
            .json(&["diagnose", "create-each", "--user", "seller.west"]),
    );
    let tables: Vec<(&str, bool)> = each
        .iter()
        .map(|trial| (trial["table"].as_str().unwrap(), trial["ok"] == true))
        .collect();
    assert_eq!(tables, [("account", false), ("contact", true), ("opportunity", true)]);
    assert_eq!(each[0]["error"]["step"]["id"], *step);
    assert!(each[1]["error"].is_null());

    let isolation = world
        .admin()
        .json(&["diagnose", "isolate", "--user", "seller.west", "--lead", first]);
    assert_eq!(isolation["culprits"].as_array().unwrap().len(), 1);
    assert!(isolation["trials"].as_u64().unwrap() > 1);
    let culprit = &isolation["culprits"][0];
    assert_eq!(culprit["error"]["step"]["id"], *step);
    assert_eq!(culprit["error"]["privilege"], "prvReadsl_commissionrule");
    assert_eq!(command(culprit, "disable"), ["sluice", "step", "disable", step]);
    let grant = command(culprit, "grant");
    assert_eq!(
        grant,
        [
            "sluice",
            "role",
            "grant",
            "Salesperson",
            "prvReadsl_commissionrule",
            "org"
        ]
    );
    (command(culprit, "disable"), grant)
}

fn without_the_step(world: &World, lead: &Value, rows: &[String]) {
    assert_eq!(lead["statecode"], 1);
    for (table, row) in TABLES.iter().zip(rows) {
        let row = world.admin().json(&["row", "get", table, row]);
        assert_eq!(row["_originatingleadid_value"], lead["leadid"], "{table}");
        match *table {
            "account" => assert_eq!(
                (&row["name"], &row["sl_commissionrate"]),
                (&lead["companyname"], &Value::Null)
            ),
            "contact" => assert_eq!(
                (&row["fullname"], &row["lastname"]),
                (&lead["fullname"], &lead["lastname"])
            ),
            _ => assert_eq!(row["name"], lead["subject"]),
        }
    }
}

fn both_requests_have_traces(world: &World, error: &Value) {
    let traces = list(&world.admin().json(&["trace", "list"]));
    let ran = traces
        .iter()
        .find(|row| row["typename"] == "commission/commission")
        .unwrap();
    assert!(ran["exceptiondetails"].is_null(), "the newest run succeeded: {ran}");
    let tree = world.admin().json(&["trace", "tree", &text(ran, "correlationid")]);
    assert_eq!(nodes(&tree, "message")[0], "QualifyLead lead");
    assert!(
        nodes(&tree, "step").contains(&"commission: Create of account".to_owned()),
        "{tree}"
    );
    assert!(
        nodes(&tree, "call").contains(&"RetrieveMultiple sl_commissionrule".to_owned()),
        "{tree}"
    );

    let failed = world.admin().json(&["trace", "tree", &text(error, "correlation")]);
    assert!(
        nodes(&failed, "step").contains(&"commission: Create of account".to_owned()),
        "{failed}"
    );
}

/// An organisation with a second culprit, on contact.
fn two_culprits() -> (World, Value, String) {
    let world = World::sample();
    world
        .admin()
        .json(&["table", "create", "sl_rating", "--ownership", "organization"]);
    world.admin().json(&["plugin", "push", &guest("probe")]);
    let stage = ["--message", "Create", "--table", "contact", "--stage", "pre-operation"];
    let probe = [
        "step",
        "register",
        "--plugin",
        "probe/probe",
        "--config",
        "read sl_rating",
    ];
    world.admin().json(&[&probe[..], &stage[..]].concat());
    let lead = world.lead("seller.west");
    let before = (world.counts(), world.steps());
    let found = world
        .admin()
        .json(&["diagnose", "isolate", "--user", "seller.west", "--lead", &lead]);
    assert_eq!((world.counts(), world.steps()), before, "asking changed something");
    (world, found, lead)
}

#[test]
fn two_culprits_on_two_tables_are_found_at_once_and_the_printed_grants_suffice() {
    let (world, found, lead) = two_culprits();
    let culprits = found["culprits"].as_array().unwrap();
    let found: Vec<_> = culprits
        .iter()
        .map(|culprit| {
            (
                text(&culprit["error"]["step"], "table"),
                text(&culprit["error"], "privilege"),
            )
        })
        .collect();
    let expected = [("account", "prvReadsl_commissionrule"), ("contact", "prvReadsl_rating")];
    assert_eq!(
        found,
        expected.map(|(table, privilege)| (table.to_owned(), privilege.to_owned()))
    );
    for culprit in culprits {
        run(&world, &command(culprit, "grant"));
    }
    qualify(&world, "seller.west", &lead);
}

#[test]
fn each_printed_cure_alone_lets_the_step_pass() {
    let (world, found, lead) = two_culprits();
    let culprits = found["culprits"].as_array().unwrap();
    run(&world, &command(&culprits[0], "run-as"));
    assert_eq!(refused(&world, "seller.west", &lead)["privilege"], "prvReadsl_rating");
    run(&world, &command(&culprits[1], "disable"));
    let rows = qualify(&world, "seller.west", &lead);
    let account = world.admin().json(&["row", "get", "account", &rows[0]]);
    assert!(account["sl_commissionrate"].is_number(), "{account}");
}

#[test]
fn a_user_with_a_mended_role_qualifies_at_the_first_try() {
    let (world, found, _) = two_culprits();
    world.admin().json(&["role", "create", "Mended"]);
    let role = world.admin().json(&["role", "show", "Salesperson"]);
    for privilege in role["privileges"].as_array().unwrap() {
        let depth = match text(privilege, "depth").as_str() {
            "User" => "user",
            "Organization" => "org",
            depth => panic!("a salesperson has a privilege at {depth}"),
        };
        world
            .admin()
            .json(&["role", "grant", "Mended", &text(privilege, "name"), depth]);
    }
    for culprit in found["culprits"].as_array().unwrap() {
        let grant = command(culprit, "grant");
        world.admin().json(&["role", "grant", "Mended", &grant[4], &grant[5]]);
    }
    world
        .admin()
        .json(&["user", "create", "novice", "--bu", "West", "--role", "Mended"]);
    let lead = world.lead("novice");
    qualify(&world, "novice", &lead);
    assert_eq!(
        refused(&world, "novice", &lead)["code"],
        "0x80040519",
        "a closed lead stays closed"
    );
}

#[test]
fn one_of_several_that_is_refused_costs_no_other() {
    let world = World::sample();
    let (first, second) = (world.lead("seller.west"), world.lead("seller.west"));
    world
        .admin()
        .json(&["role", "grant", "Salesperson", "prvReadsl_commissionrule", "org"]);
    let nobody = "11111111-1111-4111-8111-111111111111";
    let run = world
        .user("seller.west")
        .run(&["lead", "qualify", &first, nobody, &second, "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let items = list(&run.json());
    let outcomes: Vec<bool> = items.iter().map(|item| item["created"].is_array()).collect();
    assert_eq!(outcomes, [true, false, true]);
    assert_eq!(
        (&items[1]["lead"], &items[1]["error"]["code"]),
        (&nobody.into(), &"0x80040501".into())
    );
}

/// A row that is there, and whose name the seller may not read, is not said to be new.
#[test]
fn a_dry_run_tells_new_rows_from_those_that_may_not_be_read() {
    let world = World::sample();
    let grant = ["role", "grant", "Salesperson", "prvReadsl_commissionrule", "org"];
    world.admin().json(&grant);
    let lead = world.lead("seller.west");
    let run = world.user("seller.west").run(&["lead", "qualify", &lead, "--dry-run"]);
    assert_eq!(run.code, 0, "{run:?}");
    let told: String = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!told.contains("the new transactioncurrency"), "{told}");
    assert!(
        told.contains("a row of transactioncurrency that you may not read"),
        "{told}"
    );
    assert!(
        told.contains("the new account") && told.contains("the new contact"),
        "{told}"
    );
}
