//! What an error tells to whom: names and commands only to who may read what they name, and to everybody else
//! what to hand on.

use sluice_tests::{
    program::words,
    world::{World, guest, id, probe_step, text},
};

/// A role that nobody may read, and a user who has it, as whom a step runs.
fn robot(world: &World) {
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    admin.json(&["user", "create", "secretrobot"]);
    admin.json(&["role", "create", "Secret Role"]);
    admin.json(&["role", "grant", "Secret Role", "account:r:user"]);
    admin.json(&["user", "role-add", "secretrobot", "Secret Role"]);
    let more = [
        "--stage",
        "post-operation",
        "--config",
        "read campaign",
        "--run-as",
        "secretrobot",
    ];
    admin.json(&probe_step("Create", "account", &more));
    admin.json(&["role", "create", "Tiny"]);
    admin.json(&["role", "grant", "Tiny", "account:cr:user"]);
    admin.json(&["user", "create", "tiny", "--role", "Tiny"]);
}

#[test]
fn who_may_not_read_users_and_roles_is_told_no_names_of_them() {
    let world = World::sample();
    robot(&world);
    let tiny = world.user("tiny");
    let create = ["row", "create", "account", "name=T"];
    let refused = tiny.run(&create);
    assert_eq!(refused.code, 1, "{refused:?}");
    let mut told = vec![refused.stderr.clone()];
    let explain = r#"Target:={"@odata.type":"account","name":"T"}"#;
    let explain = ["access", "explain", "--user", "tiny", "Create", explain];
    for arguments in [
        &explain[..],
        &[&explain[..], &["--json"]].concat(),
        &["why"],
        &["why", "--json"],
        &["trace", "tree"],
        &["trace", "tree", "--json"],
    ] {
        told.push(tiny.run(arguments).stdout);
    }
    told.push(tiny.run(&["row", "create", "account", "name=T", "--json"]).stdout);
    for text in &told {
        for name in [
            "secretrobot",
            "Secret Role",
            "role grant",
            "step disable",
            "step update",
        ] {
            assert!(!text.contains(name), "{name}: {text}");
        }
    }
    assert!(
        refused.stderr.contains("ask an administrator, and hand this on"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("sluice why "), "{}", refused.stderr);

    // Who may read them is told all of it: by the command that the other one hands on.
    let line = refused
        .stderr
        .lines()
        .find(|line| line.contains("sluice why "))
        .unwrap();
    let command = words(line.trim());
    let arguments: Vec<&str> = command[1..].iter().map(String::as_str).collect();
    let shown = world.admin().run(&arguments).stdout;
    assert!(
        shown.contains("secretrobot") && shown.contains("'Secret Role'"),
        "{shown}"
    );
}

/// Whoever sent it can fill it in: that is theirs to do, and no administrator's.
#[test]
fn who_can_fill_in_what_is_missing_is_told_so() {
    let world = World::sample();
    let admin = world.admin();
    let lead = world.lead("seller.west");
    let steps = admin.json(&["row", "list", "sl_processstep", "--select", "sl_column"]);
    let step = steps["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["sl_column"] == "budgetamount");
    let step = text(step.unwrap(), "sl_processstepid");
    admin.json(&["row", "update", "sl_processstep", &step, "sl_required=yes"]);
    let seller = world.user("seller.west");
    let refused = seller.run(&["lead", "qualify", &lead]);
    let told = format!("{}{}", refused.stdout, refused.stderr);
    assert!(told.contains("budgetamount=VALUE"), "{told}");
    assert!(!told.contains("flow next"), "{told}");
    let told = seller.run(&["why"]).stdout;
    assert!(told.contains("fill in the required columns"), "{told}");
    assert!(!told.contains("You can cure nothing"), "{told}");
}

/// What a business rule requires is for whoever writes the row to give.
#[test]
fn what_a_business_rule_requires_is_the_senders_to_give() {
    let world = World::sample();
    let rule = world.path("rule.json");
    let text = r#"{"name":"Phone","table":"account","actions":[{"require":["telephone1"]}]}"#;
    std::fs::write(&rule, text).unwrap();
    world
        .admin()
        .json(&["businessrule", "create", rule.to_str().unwrap(), "--activate"]);
    let seller = world.user("seller.west");
    let refused = seller.run(&["row", "create", "account", "name=Q"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let why = seller.run(&["why"]).stdout;
    for told in [&refused.stderr, &why] {
        assert!(!told.contains("deactivate"), "{told}");
        assert!(!told.contains("You can cure nothing"), "{told}");
    }
}

/// What it requires in the call of a step is not for whoever sent something else: they are told whom to ask, and
/// everybody which call it is.
#[test]
fn what_a_rule_requires_of_a_steps_row_is_not_the_senders_to_give() {
    let world = World::sample();
    let admin = world.admin();
    let rule = world.path("rule.json");
    let text = r#"{"name":"Phone","table":"account","actions":[{"require":["telephone1"]}]}"#;
    std::fs::write(&rule, text).unwrap();
    admin.json(&["businessrule", "create", rule.to_str().unwrap(), "--activate"]);
    admin.json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    let more = [
        "--stage",
        "post-operation",
        "--config",
        "create account name Abc",
        "--name",
        "maker",
    ];
    admin.json(&probe_step("Create", "contact", &more));
    let seller = world.user("seller.west");
    let create = ["row", "create", "contact", "lastname=x", "telephone1=123"];
    let refused = seller.run(&create);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.says("ask an administrator"), "{}", refused.stderr);
    assert!(
        !refused.stderr.contains("give the column a value"),
        "{}",
        refused.stderr
    );
    let why = seller.run(&["why"]).stdout;
    assert!(
        why.contains("Ask an administrator") && !why.contains("give the column a value"),
        "{why}"
    );
    let refused = admin.run(&create);
    let place = "in the call Create account of the step \"maker\": give the column a value";
    assert!(refused.says(place), "{}", refused.stderr);
}

/// The rule and the row that matches are named where somebody reads it.
#[test]
fn why_names_the_duplicate_rule_and_the_match() {
    let world = World::sample();
    let seller = world.user("seller.west");
    let create = ["row", "create", "account", "name=Zed", "--detect-duplicates"];
    seller.json(&create);
    assert_eq!(seller.run(&create).code, 1);
    let told = seller.run(&["why"]).stdout;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("account Zed") && told.contains("\"Accounts with the same name\""),
        "{told}"
    );
}

/// What is granted reaches the row: the command that a refusal prints cures it.
#[test]
fn the_grant_that_a_refusal_prints_reaches_the_row() {
    let world = World::sample();
    let admin = world.admin();
    for table in ["role", "systemuser", "team", "sdkmessageprocessingstep"] {
        admin.json(&["role", "grant", "Salesperson", &format!("{table}:r:org")]);
    }
    admin.json(&["role", "grant", "Salesperson", "prvReadAccount", "org"]);
    let theirs = id(&admin.json(&["row", "create", "account", "name=Theirs"]));
    let seller = world.user("seller.west");
    let delete = ["row", "delete", "account", &theirs, "--yes"];
    let refused = seller.run(&delete);
    let line = refused
        .stderr
        .lines()
        .find(|line| line.contains("role grant "))
        .unwrap_or_else(|| panic!("{refused:?}"));
    let grant = words(line.trim().trim_start_matches("what to do").trim());
    assert_eq!(grant.last().map(String::as_str), Some("org"), "{line}");
    let arguments: Vec<&str> = grant[1..].iter().map(String::as_str).collect();
    admin.json(&arguments);
    assert_eq!(seller.run(&delete).code, 0);

    // A row that only the depth keeps away is shared.
    let other = id(&admin.json(&["row", "create", "lead", "subject=s", "lastname=Theirs"]));
    let update = ["row", "update", "lead", &other, "jobtitle=x"];
    let refused = seller.run(&update);
    let share = refused
        .stderr
        .lines()
        .find(|line| line.contains("row share "))
        .unwrap_or_else(|| panic!("{refused:?}"));
    let share = words(share.trim());
    let arguments: Vec<&str> = share[1..].iter().map(String::as_str).collect();
    admin.json(&arguments);
    assert_eq!(seller.run(&update).code, 0, "{refused:?}");
}

/// A role that came with a managed solution takes no grant, and to act for everybody is nobody's cure.
#[test]
fn what_cannot_be_granted_or_should_not_be_is_not_printed() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "revoke", "Sales Manager", "prvCreateAccount"]);
    let manager = world.user("manager");
    let refused = manager.run(&["why", "01890000-0000-7000-8000-000000000000"]);
    assert!(
        !refused.stderr.contains("prvActOnBehalfOfAnotherUser org"),
        "{}",
        refused.stderr
    );
    world.user("seller.west").run(&["row", "list", "sl_commissionrule"]);
    let theirs = text(
        &admin.json(&["trace", "list", "--requests", "--failed"])["value"][0],
        "sl_correlationid",
    );
    let refused = manager.run(&["why", &theirs]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(!refused.stderr.contains("role grant"), "{}", refused.stderr);
}

/// The tree says which columns a message and its steps changed.
#[test]
fn the_tree_names_the_columns_that_were_changed() {
    let world = World::sample();
    let admin = world.admin();
    let create = [
        "row",
        "create",
        "lead",
        "lastname=Ph",
        "subject=s",
        "telephone1=(425) 555 0100",
    ];
    let lead = id(&admin.json(&create));
    let tree = admin.run(&["trace", "tree"]).stdout;
    assert!(tree.contains("changed: telephone1"), "{tree}");
    assert!(tree.contains(", plug-in phone-normalizer/phone_normalizer"), "{tree}");
    admin.json(&["row", "update", "lead", &lead, "jobtitle=Buyer", "subject=t"]);
    let tree = admin.run(&["trace", "tree"]).stdout;
    assert!(tree.contains("changed: jobtitle, subject"), "{tree}");
}
