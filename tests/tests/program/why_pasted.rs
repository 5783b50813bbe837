//! What `why` prints, pasted as it stands, where a name is not enough, a role is lacking, or several rows are there.

use serde_json::Value;
use sluice_tests::world::{World, guest, id, list, probe_step, text};

use super::why::{cured, paste};

fn commands(fixes: &Value) -> Vec<String> {
    let fixes = fixes.as_array().cloned().unwrap_or_default();
    fixes.iter().map(|fix| text(fix, "command")).collect()
}

/// Roles, profiles and teams of one name: a command names each by its id.
#[test]
fn what_shares_its_name_is_named_by_its_id() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    let reads = ["--stage", "pre-operation", "--config", "read campaign"];
    admin.json(&probe_step("Create", "account", &reads));
    let west = id(&admin.json(&["role", "create", "Loc", "--bu", "West"]));
    admin.json(&["role", "create", "Loc", "--bu", "East"]);
    admin.json(&["role", "grant", &west, "account:cr:user"]);
    admin.json(&["user", "create", "loc", "--bu", "West"]);
    admin.json(&["user", "role-add", "loc", &west]);
    let found = cured(&world, "loc", &["row", "create", "account", "name=x"]);
    let granted = format!("sluice role grant {west} prvReadCampaign user");
    assert_eq!(commands(&found["cure"]["fixes"]), [granted]);

    admin.json(&["column", "update", "account", "creditlimit", "--secured", "yes"]);
    let fin = id(&admin.json(&["profile", "create", "Fin"]));
    admin.json(&["profile", "create", "Fin"]);
    admin.json(&["profile", "grant", &fin, "account", "creditlimit", "read"]);
    let filtered = ["row", "list", "account", "--filter", "creditlimit gt 5"];
    let found = cured(&world, "seller.west", &filtered);
    let joined = format!("sluice profile member-add {fin} seller.west");
    assert_eq!(commands(&found["cure"]["fixes"]), [joined]);

    let squad = id(&admin.json(&["team", "create", "Squad", "--bu", "West"]));
    admin.json(&["team", "create", "Squad", "--bu", "East"]);
    let lead = world.lead("seller.west");
    let found = cured(
        &world,
        "admin",
        &["row", "assign", "lead", &lead, &format!("team:{squad}")],
    );
    let first = &commands(&found["cure"]["fixes"])[0];
    assert!(first.starts_with(&format!("sluice team role-add {squad} ")), "{first}");
}

/// The grant that a refusal prints is for the role of that name that the user has.
#[test]
fn a_refusal_names_a_role_by_its_id_where_others_are_called_so() {
    let world = World::sample();
    let admin = world.admin();
    let west = id(&admin.json(&["role", "create", "Loc", "--bu", "West"]));
    admin.json(&["role", "create", "Loc", "--bu", "East"]);
    for privileges in [
        "role,team,systemuser,businessunit,sdkmessageprocessingstep:r:org",
        "account:r:user",
    ] {
        admin.json(&["role", "grant", &west, privileges]);
    }
    admin.json(&["user", "create", "loc", "--bu", "West", "--role", "Loc"]);
    let refused = world.user("loc").run(&["row", "create", "account", "name=x"]);
    let command = format!("sluice role grant {west} prvCreateAccount user");
    assert!(refused.says(&command), "{}", refused.stderr);
}

/// Nobody's role holds what is missing, and the user has none that could get it: a role is made for the user alone.
#[test]
fn a_role_is_made_where_none_can_be_changed_and_none_would_do() {
    let world = World::sample();
    world.admin().json(&["user", "create", "vic", "--bu", "West"]);
    let found = cured(&world, "vic", &["row", "list", "campaign"]);
    let expected = [
        "sluice role create 'Role of vic' --bu West",
        "sluice role grant 'Role of vic' prvReadCampaign user",
        "sluice user role-add vic 'Role of vic'",
    ];
    assert_eq!(commands(&found["cure"]["fixes"]), expected);
    assert_eq!(found["cure"]["reach"], "1 user");
}

/// An account and a contact match: both are taken before both are made a second time.
#[test]
fn an_account_and_a_contact_that_are_there_are_taken_together() {
    let world = World::sample();
    let (admin, seller) = (world.admin(), world.user("seller.west"));
    let make = |table: &str, name: &str, more: &str| {
        id(&admin.json(&["row", "create", table, name, more, "ownerid=seller.west"]))
    };
    let account = make("account", "name=DupCo", "description=x");
    let contact = make("contact", "lastname=Dup", "emailaddress1=dup@example.com");
    let lead = [
        "row",
        "create",
        "lead",
        "lastname=Dup",
        "firstname=Ray",
        "companyname=DupCo",
        "emailaddress1=dup@example.com",
        "subject=s",
    ];
    let lead = id(&seller.json(&lead));
    assert_eq!(seller.run(&["lead", "qualify", &lead]).code, 1);
    let counts = || (world.count("account", ""), world.count("contact", ""));
    let before = counts();
    let found = seller.json(&["why"]);
    let both = format!("--account existing:{account} --contact existing:{contact}");
    let first = commands(&found["cure"]["fixes"]);
    assert!(first.len() == 1 && first[0].contains(&both), "{found:#}");
    assert_eq!(found["cure"]["reach"], "this request alone");
    let cures = list_of(&found["culprits"][0]["cures"]);
    assert!(commands(&cures[1]["fixes"])[0].contains("--continue"), "{found:#}");
    paste(&world, found["cure"]["fixes"].as_array().unwrap());
    assert_eq!(counts(), before, "the rows that are there were taken");
}

fn list_of(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// Lists that pass are not recorded: the marks of use tell of them before a privilege is taken away.
#[test]
fn what_if_tells_what_was_used_and_not_recorded() {
    let world = World::sample();
    let admin = world.admin();
    for seller in ["seller.west", "seller.east"] {
        world.user(seller).json(&["row", "list", "account"]);
    }
    let revoke = ["role", "revoke", "Salesperson", "prvReadAccount", "--what-if"];
    let told = admin.json(&revoke);
    assert_eq!(told["turned"], serde_json::json!([]), "{told:#}");
    let uses = list_of(&told["uses"]);
    let mut lost: Vec<(String, String)> = uses
        .iter()
        .map(|lost| (text(lost, "principal"), text(lost, "privilege")))
        .collect();
    lost.sort();
    let read = |who: &str| (who.to_owned(), "prvReadAccount".to_owned());
    assert_eq!(lost, [read("seller.east"), read("seller.west")]);
    assert!(uses.iter().all(|lost| lost["then"].is_null()), "{told:#}");
    let said = admin.run(&revoke);
    let said = format!("{}{}", said.stdout, said.stderr);
    assert!(said.contains("seller.east") && said.contains("no lists"), "{said}");
    let other = admin.json(&["role", "revoke", "Salesperson", "prvShareNote", "--what-if"]);
    assert_eq!(
        other["uses"],
        serde_json::json!([]),
        "what nobody used is nobody's loss"
    );
    let still = world.user("seller.west").run(&["row", "list", "account"]);
    assert_eq!(still.code, 0, "nothing was taken");
}

/// Whoever may pass over steps is told that first, for all of them at once, as a command.
#[test]
fn steps_are_passed_over_in_one_command() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    for config in ["read campaign", "refuse no"] {
        let more = ["--stage", "pre-operation", "--config", config];
        admin.json(&probe_step("Create", "account", &more));
    }
    admin.json(&["role", "create", "By"]);
    admin.json(&["role", "grant", "By", "prvBypassCustomBusinessLogic", "org"]);
    admin.json(&["user", "role-add", "seller.west", "By"]);
    let values = ["name=Hara & Sons", "revenue=12.50", "industrycode=1"];
    let seller = world.user("seller.west");
    let refused = seller.run(&[&["row", "create", "account"][..], &values].concat());
    assert_eq!(refused.code, 1, "{refused:?}");
    let correlation = text(
        &admin.json(&["trace", "list", "--requests", "--failed"])["value"][0],
        "sl_correlationid",
    );
    admin.json(&["support", "bundle", "bundle.json", "--correlation", &correlation]);
    let bundle = std::fs::read_to_string(world.path("bundle.json")).unwrap();
    assert!(
        bundle.contains("bypass-steps") && !bundle.contains("Hara"),
        "what was sent is left out"
    );
    let found = admin.json(&["why", &correlation]);
    let first = commands(&found["cure"]["fixes"]);
    assert!(
        first.len() == 1 && first[0].starts_with("sluice exec Create "),
        "{found:#}"
    );
    assert_eq!(found["cure"]["reach"], "this request alone");
    for culprit in list_of(&found["culprits"]) {
        assert_eq!(culprit["cures"][0]["reach"], "this request alone", "least first");
    }
    paste(&world, found["cure"]["fixes"].as_array().unwrap());
    let made = world.rows("account", "name,revenue,industrycode", "startswith(name,'Hara')");
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(
        (text(&made[0], "name").as_str(), &made[0]["industrycode"]),
        ("Hara & Sons", &serde_json::json!(1))
    );
}

/// Rows that lie in another business unit are reached by a role of that unit, and by no role for everything.
#[test]
fn a_role_of_the_rows_unit_is_given() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["settings", "set", "ownership.across-units", "yes"]);
    admin.json(&["role", "grant", "Salesperson", "prvAppendToBusinessUnit", "org"]);
    let units = world.rows("businessunit", "businessunitid", "name eq 'East'");
    let east = text(&units[0], "businessunitid");
    let unit = format!("owningbusinessunit={east}");
    let found = cured(&world, "seller.west", &["row", "create", "account", "name=x", &unit]);
    let fix = &found["cure"]["fixes"][0];
    assert_eq!(
        (text(fix, "kind").as_str(), &found["cure"]["reach"]),
        ("give-role", &"1 user".into()),
        "{found:#}"
    );
}

/// Of what matches, one row may be opened and one may not: the one is taken, and the request goes on nevertheless.
#[test]
fn what_may_be_opened_is_taken_beside_what_may_not() {
    let world = World::sample();
    let (admin, seller) = (world.admin(), world.user("seller.west"));
    let open = id(&admin.json(&["row", "create", "account", "name=DupCo", "ownerid=seller.west"]));
    admin.json(&[
        "row",
        "create",
        "contact",
        "lastname=Dup",
        "emailaddress1=dup@example.com",
    ]);
    let lead = [
        "row",
        "create",
        "lead",
        "lastname=Dup",
        "companyname=DupCo",
        "emailaddress1=dup@example.com",
        "subject=s",
    ];
    let lead = id(&seller.json(&lead));
    assert_eq!(seller.run(&["lead", "qualify", &lead]).code, 1);
    let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
    let correlation = text(&requests[0], "sl_correlationid");
    let found = admin.json(&["why", &correlation]);
    let first = commands(&found["culprits"][0]["cures"][0]["fixes"]);
    let taken = format!("--account existing:{open} --continue");
    assert!(first.len() == 1 && first[0].contains(&taken), "{found:#}");
    assert_eq!(commands(&found["cure"]["fixes"]), first, "{found:#}");
    let told = admin.run(&["why", &correlation]).stdout;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let title = "Take the account that is there, and go on although something else matches";
    assert!(told.contains(title), "{told}");
    assert!(
        told.contains("contact: a matching record that the sender cannot open"),
        "{told}"
    );
    let told = seller.run(&["why"]).stdout;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("contact: a matching record you cannot open"), "{told}");
    paste(&world, found["cure"]["fixes"].as_array().unwrap());
}

/// A caller who is disabled, and a step that they may pass over: both are told.
#[test]
fn behind_who_is_enabled_a_step_is_passed_over() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    let more = ["--stage", "pre-operation", "--config", "refuse no"];
    let step = text(&admin.json(&probe_step("Create", "contact", &more)), "id");
    admin.json(&["role", "grant", "Salesperson", "prvBypassCustomBusinessLogic", "org"]);
    admin.json(&["user", "disable", "seller.west", "--yes"]);
    let create = ["row", "create", "contact", "lastname=Q"];
    assert_eq!(world.user("seller.west").run(&create).code, 1);
    let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
    let found = admin.json(&["why", &text(&requests[0], "sl_correlationid")]);
    let passing = commands(&found["culprits"][1]["cures"][0]["fixes"]);
    assert!(passing[0].contains(&format!("--bypass-steps {step}")), "{found:#}");
    let all = commands(&found["cure"]["fixes"]);
    assert!(
        all[0].contains("user enable") && all[1].contains("--bypass-steps"),
        "{found:#}"
    );
    paste(&world, found["cure"]["fixes"].as_array().unwrap());
}
