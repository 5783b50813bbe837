//! What people have at hand: contexts, roles by pattern, the newest row, who uses what, and what goes to
//! somebody else.

use serde_json::Value;
use sluice_tests::world::{World, argument, id, list, refused, text};

/// The privileges of a role, each with its depth.
fn held(world: &World, role: &str) -> Vec<(String, String)> {
    let role = world.admin().json(&["role", "show", role]);
    let all = role["privileges"].as_array().unwrap().iter();
    let mut all: Vec<_> = all.map(|held| (text(held, "name"), text(held, "depth"))).collect();
    all.sort();
    all
}

fn pair(name: &str, depth: &str) -> (String, String) {
    (name.to_owned(), depth.to_owned())
}

#[test]
fn roles_are_granted_by_patterns_all_or_nothing() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["role", "create", "Clerk"]);
    admin.json(&[
        "role",
        "grant",
        "Clerk",
        "account,contact:rA:bu",
        "lead:c:user",
        "prvReadEntity:org",
    ]);
    let expected = [
        pair("prvAppendToAccount", "Business Unit"),
        pair("prvAppendToContact", "Business Unit"),
        pair("prvCreateLead", "User"),
        pair("prvReadAccount", "Business Unit"),
        pair("prvReadContact", "Business Unit"),
        pair("prvReadEntity", "Organization"),
    ];
    assert_eq!(held(&world, "Clerk"), expected);
    for (pattern, why) in [
        ("lead:q:user", "`q` is no right"),
        ("lead:r:deepest", "no depth"),
        ("laed:r:user", "lead"),
        ("prvReadNothing:org", "prvReadNothing"),
    ] {
        let run = admin.run(&["role", "grant", "Clerk", "lead:w:user", pattern]);
        assert!(run.code != 0 && run.says(why), "{pattern}: {run:?}");
    }
    assert_eq!(held(&world, "Clerk"), expected, "nothing of it was granted");
    admin.json(&["role", "create", "Second", "--like", "Clerk"]);
    assert_eq!(held(&world, "Second"), expected);
}

#[test]
fn an_organisation_begins_with_roles_that_do_their_work() {
    let world = World::empty();
    let admin = world.admin();
    let names: Vec<String> = list(&admin.json(&["role", "list"]))
        .iter()
        .map(|role| text(role, "name"))
        .collect();
    for name in ["Salesperson", "Sales Manager", "Basic User", "Support User"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    admin.json(&["user", "create", "tina", "--role", "Salesperson"]);
    admin.json(&["user", "create", "sam", "--role", "Support User"]);
    let (tina, sam) = (world.user("tina"), world.user("sam"));
    let lead = tina.json(&[
        "row",
        "create",
        "lead",
        "lastname=Ng",
        "companyname=Litware",
        "subject=Pumps",
    ]);
    let lead = text(&lead, "id");
    refused(
        &sam,
        1,
        &["row", "update", "lead", &lead, "subject=x"],
        &["prvWriteLead"],
    );
    assert_eq!(text(&sam.json(&["row", "get", "lead", "@last"]), "subject"), "Pumps");
    tina.json(&["lead", "qualify", &lead]);

    let made = |document: &Value| document["made"].as_array().unwrap().len();
    assert_eq!(made(&admin.json(&["role", "starter", "add"])), 0);
    admin.json(&["row", "update", "role", "Basic User", "name=Reader"]);
    assert_eq!(made(&admin.json(&["role", "starter", "add", "basic user"])), 1);
    refused(&admin, 1, &["role", "starter", "add", "Basic"], &["Support User"]);
    // A name is taken in whichever unit: the others are made.
    admin.json(&["row", "update", "role", "Basic User", "name=Other"]);
    admin.json(&["row", "update", "role", "Support User", "name=Helper"]);
    admin.json(&["bu", "create", "West"]);
    admin.json(&["role", "create", "Basic User", "--bu", "West"]);
    assert_eq!(made(&admin.json(&["role", "starter", "add"])), 1);
    refused(&tina, 1, &["role", "starter", "add"], &["prvReadRole"]);
}

#[test]
fn a_context_says_who_acts_where_until_somebody_says_otherwise() {
    let world = World::sample();
    let who = |arguments: &[&str]| {
        let run = world.admin().command(arguments).output().unwrap();
        String::from_utf8(run.stdout).unwrap()
    };
    let me = ["exec", "WhoAmI", "--json"];
    let id = |name: &str| {
        world.rows("systemuser", "domainname", &format!("domainname eq '{name}'"))[0]["systemuserid"].clone()
    };
    let is = |printed: &str, name: &str| printed.contains(id(name).as_str().unwrap());
    assert!(is(&who(&me), "admin"));
    let file = world.path("sluice.db");
    let context = format!("seller.west@{}", argument(&file));
    who(&["use", &context]);
    assert!(is(&who(&me), "seller.west"));
    assert!(is(&who(&[&me[..], &["--as", "manager"]].concat()), "manager"));
    who(&["use", "manager"]);
    assert!(is(&who(&me), "manager"), "in the same organisation");
    assert!(who(&["use"]).contains("seller.west@"), "both are listed");
    who(&["use", "--none"]);
    assert!(is(&who(&me), "admin"));
    for wrong in ["@x", "tina@", "tina@nowhere.db", "tina@https://crm.example"] {
        let run = world.admin().run(&["use", wrong]);
        assert_eq!(run.code, 2, "{wrong}: {run:?}");
    }
}

#[test]
fn who_uses_a_table_and_a_column_and_what_a_step_needs() {
    let world = World::sample();
    let (admin, seller) = (world.admin(), world.user("seller.west"));
    let names = |arguments: &[&str]| -> Vec<String> {
        list(&admin.json(arguments))
            .iter()
            .map(|user| text(user, "name"))
            .collect()
    };
    let step = "the step \"commission: Create of account\"".to_owned();
    assert!(names(&["table", "uses", "account"]).contains(&step));
    let of_email = names(&["column", "uses", "contact", "emailaddress1"]);
    assert!(
        of_email.iter().any(|name| name.starts_with("the duplicate rule")),
        "{of_email:?}"
    );
    refused(
        &admin,
        1,
        &["column", "uses", "contact", "emailadress1"],
        &["no column"],
    );
    let reader = ["role", "create", "Nothing"];
    admin.json(&reader);
    admin.json(&["user", "create", "nobody", "--role", "Nothing"]);
    refused(
        &world.user("nobody"),
        1,
        &["table", "uses", "account"],
        &["prvReadCustomization"],
    );

    let account = ["row", "create", "account", "name=Q", "address1_stateorprovince=CA"];
    refused(&seller, 1, &account, &["commission"]);
    let needs = admin.json(&["step", "needs", "commission: Create of account"]);
    let rule = needs["needs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|need| need["privilege"] == "prvReadsl_commissionrule");
    let rule = rule.unwrap_or_else(|| panic!("{needs:#}"));
    assert_eq!(rule["refused"][0], "seller.west", "{needs:#}");
    refused(
        &seller,
        1,
        &["step", "needs", "commission: Create of account"],
        &["prv"],
    );
}

#[test]
fn a_bundle_has_what_somebody_else_needs_and_no_values() {
    let world = World::sample();
    let (admin, seller) = (world.admin(), world.user("seller.west"));
    let account = [
        "row",
        "create",
        "account",
        "name=Quite Secret",
        "address1_stateorprovince=CA",
    ];
    refused(&seller, 1, &account, &["commission"]);
    let requests = admin.json(&["trace", "list", "--requests", "--failed"]);
    let id = text(&requests["value"][0], "sl_correlationid");
    let bundle = admin.json(&["support", "bundle", "--correlation", &id]);
    assert_eq!(bundle["request"]["inputs"]["Target"]["table"], "account");
    assert!(bundle["access"]["culprits"][0]["error"].is_object(), "{bundle:#}");
    assert!(!bundle["plugins"].as_array().unwrap().is_empty());
    assert!(!bundle.to_string().contains("Quite Secret"));
    let file = world.path("bundle.json");
    let arguments = ["support", "bundle", argument(&file), "--correlation", &id, "--values"];
    admin.json(&arguments);
    assert!(std::fs::read_to_string(&file).unwrap().contains("Quite Secret"));
    refused(&admin, 1, &arguments, &["exists already"]);
    let unknown = "00000000-0000-0000-0000-00000000abcd";
    refused(
        &admin,
        1,
        &["support", "bundle", "--correlation", unknown],
        &["no trace"],
    );
    // What somebody may not read is not in theirs.
    let own = seller.json(&["support", "bundle", "--correlation", &id]);
    assert_eq!(own["settings"], "not yours to read", "{own:#}");
    assert_eq!(own["request"]["message"], "Create");
}

#[test]
fn whom_a_change_reaches_is_said_before() {
    let world = World::sample();
    let admin = world.admin();
    let said = |arguments: &[&str]| {
        let run = admin.run(arguments);
        assert_eq!(run.code, 0, "{run:?}");
        run.stderr
    };
    let lowered = said(&["role", "grant", "Salesperson", "prvReadAccount", "org"]);
    assert_eq!(lowered, "", "it takes nothing from anybody");
    let lowered = said(&["role", "grant", "Salesperson", "prvReadAccount", "user"]);
    assert!(
        lowered.contains("2 users and teams") && lowered.contains("from Organization to User"),
        "{lowered}"
    );
    let taken = said(&["role", "revoke", "Salesperson", "prvReadAccount"]);
    assert!(taken.contains("prvReadAccount (User)"), "{taken}");
    assert_eq!(said(&["role", "revoke", "Salesperson", "prvCreateLead", "--yes"]), "");
    assert_eq!(said(&["role", "revoke", "Salesperson", "prvReadLead", "--what-if"]), "");
    let gone = said(&["row", "delete", "role", "Sales Manager"]);
    assert!(gone.contains("lose what it gives"), "{gone}");
    let moved = said(&["row", "update", "systemuser", "seller.west", "businessunitid=East"]);
    assert!(moved.contains("loses all roles"), "{moved}");
}

/// What is an Update or a Delete of a row is a verb of its noun, for several rows at once.
#[test]
fn nouns_have_the_same_verbs() {
    let world = World::sample();
    let admin = world.admin();
    let disabled = |users: &[&str]| -> Vec<Value> {
        let shown = users.iter().map(|user| admin.json(&["user", "show", user]));
        shown.map(|user| user["isdisabled"].clone()).collect()
    };
    let both = ["seller.west", "seller.east"];
    assert_eq!(
        list(&admin.json(&["user", "disable", "seller.west", "seller.east"])).len(),
        2
    );
    assert_eq!(disabled(&both), [true, true]);
    admin.json(&["user", "enable", "seller.west", "seller.east"]);
    assert_eq!(disabled(&both), [false, false]);
    let unit = |user: &str| admin.json(&["user", "show", user])["_businessunitid_value"].clone();
    admin.json(&["user", "move", "seller.east", "--to", "West"]);
    assert_eq!(unit("seller.east"), unit("seller.west"));
    admin.json(&["user", "update", "seller.east", "title=Boss"]);
    assert_eq!(admin.json(&["user", "show", "seller.east"])["title"], "Boss");

    admin.json(&["bu", "create", "South"]);
    admin.json(&["bu", "move", "South", "--to", "West"]);
    let children = admin.json(&["bu", "show", "West"])["children"].clone();
    assert_eq!(children[0]["name"], "South");
    admin.json(&["bu", "update", "South", "name=North"]);
    admin.json(&["bu", "disable", "North"]);
    admin.json(&["bu", "enable", "North"]);
    admin.json(&["bu", "disable", "North"]);
    admin.json(&["bu", "delete", "North"]);
    refused(&admin, 1, &["bu", "show", "North"], &["there is no business unit"]);
    admin.json(&["role", "create", "Temp"]);
    admin.json(&["role", "delete", "Temp"]);
    refused(&admin, 1, &["role", "show", "Temp"], &["there is no role"]);

    assert_eq!(
        admin.json(&["lead", "list", "--select", "subject", "--order", "subject"]),
        admin.json(&["row", "list", "lead", "--select", "subject", "--order", "subject"])
    );
    let view = [
        "view",
        "run",
        "My Open Leads",
        "--select",
        "subject",
        "--order",
        "subject desc",
    ];
    let rows = list(&world.user("seller.west").json(&view));
    let subjects: Vec<String> = rows.iter().map(|row| text(row, "subject").to_lowercase()).collect();
    assert!(
        subjects.len() > 1 && subjects.is_sorted_by(|one, next| one >= next),
        "{subjects:?}"
    );
    assert!(rows[0].get("companyname").is_none(), "{rows:?}");
}

/// The trail of one column: of all changes, the newest.
#[test]
fn changes_of_one_column_are_listed() {
    let world = World::sample();
    let admin = world.admin();
    let lead = id(&admin.json(&["row", "create", "lead", "lastname=One"]));
    admin.json(&["row", "update", "lead", &lead, "lastname=Two", "subject=s"]);
    admin.json(&["row", "update", "lead", &lead, "subject=t"]);
    let of = |more: &[&str]| {
        let line = [
            "audit", "list", "--table", "lead", "--row", &lead, "--column", "lastname",
        ];
        list(&admin.json(&[&line[..], more].concat()))
    };
    let changes = of(&[]);
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert_eq!(changes[0]["changes"].as_array().unwrap().len(), 1);
    assert_eq!(changes[0]["changes"][0]["to"], "Two");
    assert_eq!(of(&["--top", "1"]).len(), 1);
    assert_eq!(of(&["--to", "2020-01-01"]).len(), 0);
}

/// What is so already reaches nobody, and neither does what the settings leave in place.
#[test]
fn a_change_that_changes_nothing_says_nothing() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["user", "disable", "seller.east"]);
    admin.json(&["team", "create", "Crew", "--role", "Salesperson"]);
    let quiet = |arguments: &[&str]| {
        let run = admin.run(arguments);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments:?}: {run:?}");
    };
    quiet(&["user", "move", "seller.west", "--to", "West"]);
    quiet(&["row", "update", "systemuser", "seller.west", "businessunitid=West"]);
    quiet(&["user", "disable", "seller.east"]);
    for arguments in [
        &["user", "role-remove", "seller.west", "System Administrator"][..],
        &["team", "member-remove", "Crew", "integration"],
    ] {
        let run = admin.run(arguments);
        assert!(!run.says("loses what that gives"), "{arguments:?}: {run:?}");
    }
    admin.json(&["settings", "set", "ownership.across-units", "yes"]);
    admin.json(&["settings", "set", "ownership.keep-roles", "yes"]);
    quiet(&["user", "move", "seller.west", "--to", "East"]);
    let shown = admin.run(&["user", "show", "seller.west"]);
    assert!(shown.stdout.contains("Salesperson"), "{shown:?}");
    // Copies of one role are told apart by their units.
    let row = admin.json(&["user", "show", "seller.west"]);
    let held = text(&row["roles"][0], "id");
    let copies = world.rows("role", "roleid,name", "name eq 'Salesperson'");
    let other = copies
        .iter()
        .map(|copy| text(copy, "roleid"))
        .find(|id| *id != held)
        .unwrap();
    admin.json(&["user", "role-add", "seller.west", &other]);
    let shown = admin.run(&["user", "show", "seller.west"]).stdout;
    assert!(shown.contains("Salesperson of West"), "{shown}");
    admin.json(&["settings", "set", "ownership.keep-roles", "no"]);
    let moved = admin.run(&["user", "move", "seller.west", "--to", "West"]);
    assert!(moved.says("loses all roles"), "{moved:?}");
}

/// A change that takes something from others says whom it reaches, before it is made.
#[test]
fn a_change_says_whom_it_reaches() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&[
        "step",
        "update",
        "commission: Create of account",
        "--run-as",
        "integration",
    ]);
    admin.json(&["team", "create", "Crew", "--role", "Salesperson"]);
    admin.json(&["team", "member-add", "Crew", "integration"]);
    let runs = "2 steps (audit_note: Create of opportunity, commission: Create of account)";
    for (arguments, told) in [
        (&["user", "role-remove", "integration", "Integration"][..], runs),
        (
            &["team", "role-remove", "Crew", "Salesperson"],
            "Crew loses what that gives, and so do those who are in it (1 member)",
        ),
        (&["team", "member-remove", "Crew", "integration"], runs),
        (&["row", "update", "systemuser", "integration", "isdisabled=yes"], runs),
        // Of one who is disabled already there is nothing to say.
        (&["user", "enable", "integration"], ""),
        (&["user", "disable", "integration"], runs),
        (&["bu", "disable", "East"], "1 user (seller.east)"),
        (&["settings", "set", "duplicates.enabled", "no"], "3 rules ("),
        (&["row", "delete", "plugintype", "vip_flag"], "1 step ("),
    ] {
        let run = admin.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        assert!(run.says(told), "{arguments:?}: {run:?}");
    }
    let quiet = admin.run(&["settings", "set", "audit", "yes"]);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn whoever_opens_a_column_is_told_what_goes_with_it() {
    let world = World::empty();
    let admin = world.admin();
    let secured = |answer| ["column", "update", "account", "creditlimit", "--secured", answer];
    admin.json(&secured("yes"));
    admin.json(&["profile", "create", "Credit"]);
    admin.json(&["profile", "grant", "Credit", "account", "creditlimit", "read", "update"]);
    let run = admin.run(&secured("no"));
    assert!(run.code == 0 && run.says("Credit: read,update"), "{run:?}");
    // There is nothing to be told where nothing goes.
    admin.json(&secured("yes"));
    let run = admin.run(&secured("no"));
    assert!(run.code == 0 && !run.says("Credit"), "{run:?}");
}

#[test]
fn a_name_that_a_context_gives_is_told_as_such() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["use", "seller.west"]);
    admin.json(&["--org", "other.db", "org", "create"]);
    let run = admin.run(&["--org", "other.db", "row", "list", "lead"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.says("seller.west") && run.says("`sluice use --none`"), "{run:?}");
    // Who typed it knows where it comes from.
    let run = admin.run(&["--org", "other.db", "row", "list", "lead", "--as", "seller.west"]);
    assert!(run.code == 1 && !run.says("--none"), "{run:?}");
    admin.json(&["use", "--none"]);
}
