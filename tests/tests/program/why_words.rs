//! What refusals and `why` say first: who it is about, by name, and how deep what is lacking has to reach.

use sluice_tests::world::{World, guest, id, list, probe_step, text};

use crate::why::cured;

/// Words of a run as one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first line of a refusal of the request.
fn first_line(world: &World, user: &str, arguments: &[&str]) -> String {
    let run = world.user(user).run(arguments);
    assert_eq!(run.code, 1, "{run:?}");
    run.stderr.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_first_line_names_who_is_stopped() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe")]);
    admin.json(&["user", "create", "robot"]);
    let more = [
        "--stage",
        "pre-operation",
        "--config",
        "read campaign",
        "--run-as",
        "robot",
    ];
    let step = id(&admin.json(&probe_step("Create", "account", &more)));
    let create = ["row", "create", "account", "name=Q"];
    let told = first_line(&world, "seller.west", &create);
    assert!(told.contains("robot has no role at all"), "{told}");
    admin.json(&["step", "delete", &step]);

    admin.json(&["user", "create", "newbie", "--bu", "West"]);
    admin.json(&["role", "grant", "Salesperson", "prvAssignLead", "user"]);
    let lead = world.lead("seller.west");
    let assign = ["row", "assign", "lead", &lead, "newbie"];
    let told = first_line(&world, "seller.west", &assign);
    assert!(
        told.contains("newbie, whose the row is to be, lacks prvReadLead"),
        "{told}"
    );
    let found = cured(&world, "seller.west", &assign);
    assert_eq!(found["culprits"].as_array().unwrap().len(), 1);

    admin.json(&["user", "disable", "seller.east", "--yes"]);
    let told = first_line(&world, "seller.east", &create);
    assert!(told.contains("seller.east is disabled"), "{told}");
}

/// Who is to own what a step makes does not make it.
#[test]
fn the_owner_to_be_makes_no_call() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe")]);
    let newbie = id(&admin.json(&["user", "create", "newbie", "--bu", "West"]));
    admin.json(&["role", "grant", "Salesperson", "prvAssignAccount", "user"]);
    admin.json(&["role", "grant", "Salesperson", "prvWriteAccount", "user"]);
    let config = format!("assign-self systemuser {newbie}");
    let more = ["--stage", "post-operation", "--config", &config];
    admin.json(&probe_step("Create", "account", &more));
    let run = world.user("seller.west").run(&["row", "create", "account", "name=Q"]);
    assert_eq!(run.code, 1, "{run:?}");
    let told = flat(&world.user("seller.west").run(&["why"]).stdout);
    assert!(
        !told.contains("made as newbie") && told.contains("Whose the row is to be"),
        "{told}"
    );
}

/// Held for a team's rows alone is not held: also who may read no team is told so.
#[test]
fn a_privilege_for_team_rows_is_told_as_such() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "create", "TR", "--inherit", "team"]);
    admin.json(&["role", "grant", "TR", "account:crw:user"]);
    admin.json(&["team", "create", "Sq", "--role", "TR"]);
    admin.json(&["user", "create", "tim"]);
    admin.json(&["team", "member-add", "Sq", "tim"]);
    let told = first_line(&world, "tim", &["row", "create", "account", "name=x"]);
    let run = world.user("tim").run(&["row", "create", "account", "name=x"]);
    assert!(
        run.says("held at depth User for the rows of a team alone"),
        "{told}\n{run:?}"
    );
    assert!(!run.stderr.contains("Sq"), "{run:?}");
}

/// What a job runs is not disabled: without it there is no job.
#[test]
fn a_jobs_own_step_is_not_to_be_disabled() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe")]);
    let more = [
        "--stage",
        "post-operation",
        "--mode",
        "async",
        "--config",
        "update-self telephone1 1",
    ];
    admin.json(&probe_step("Create", "account", &more));
    let seller = world.user("seller.west");
    admin.json(&["role", "grant", "Salesperson", "account:w:user"]);
    let account = id(&seller.json(&["row", "create", "account", "name=Q"]));
    admin.json(&["row", "delete", "account", &account]);
    admin.run(&["jobs", "run"]);
    let jobs = list(&admin.json(&[
        "row",
        "list",
        "asyncoperation",
        "--select",
        "asyncoperationid,name,statecode",
    ]));
    for job in jobs {
        let run = admin.run(&["why", &text(&job, "asyncoperationid")]);
        assert!(!run.stdout.contains("step disable"), "{run:?}");
    }
}

/// The depth that is named is the one that is enough, also where something else refuses before it is known.
#[test]
fn the_depth_that_is_named_is_that_of_the_cure() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe")]);
    admin.json(&["team", "create", "Squad", "--bu", "West"]);
    let squad = text(&world.rows("team", "name", "name eq 'Squad'")[0], "teamid");
    admin.json(&["role", "grant", "Sales Manager", "prvReadTeam", "bu"]);
    let more = ["--stage", "pre-operation", "--config", "read campaign"];
    admin.json(&probe_step("Update", "team", &more));
    let found = cured(&world, "manager", &["row", "update", "team", &squad, "description=x"]);
    let culprit = found["culprits"]
        .as_array()
        .unwrap()
        .iter()
        .find(|culprit| culprit["error"]["privilege"] == "prvWriteTeam")
        .unwrap_or_else(|| panic!("{found:#}"));
    let cure = found["cure"]["fixes"].to_string();
    assert_eq!(culprit["lacks"][0]["depth"], "Business Unit", "{found:#}");
    assert!(cure.contains("prvWriteTeam bu"), "{cure}");
}

/// To look what somebody needs, and what a change would do, uses nothing.
#[test]
fn who_explains_leaves_no_marks() {
    let world = World::sample();
    let admin = world.admin();
    let explain = r#"Target:={"@odata.type":"opportunity","name":"L"}"#;
    let explain = ["access", "explain", "--user", "seller.west", "Create", explain];
    let marks = || world.count("sl_privilegeuse", "");
    // What the count itself reads is marked once.
    marks();
    let before = marks();
    admin.json(&explain);
    assert_eq!(marks(), before);
}

/// A plug-in went on behind an error: who lacks what comes first, then what to do, then the platform's words.
#[test]
fn an_error_that_was_caught_is_told_in_a_sentence() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    let more = [
        "--stage",
        "pre-operation",
        "--name",
        "careless",
        "--config",
        "swallow-read campaign\ntrace on",
    ];
    admin.json(&probe_step("Create", "contact", &more));
    let run = world
        .user("seller.west")
        .run(&["row", "create", "contact", "lastname=Q"]);
    let place = |word: &str| {
        let at = run.stderr.lines().position(|line| line.trim_start().starts_with(word));
        at.unwrap_or_else(|| panic!("{word}: {}", run.stderr))
    };
    let (to_do, platform) = (place("what to do"), place("platform"));
    let first: Vec<&str> = run.stderr.lines().take(to_do).collect();
    let told = flat(&first.join(" "));
    let sentence = "The plug-in of the step \"careless\" caught the error of its call RetrieveMultiple campaign and went \
                    on: seller.west lacks prvReadCampaign";
    assert!(told.ends_with(sentence) && told.contains("0x8009000C"), "{told}");
    assert!(to_do < platform, "{}", run.stderr);
}

/// Where rows are owned across business units, the first line has names, too.
#[test]
fn across_units_the_first_line_has_names() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["settings", "set", "ownership.across-units", "yes"]);
    admin.json(&["role", "grant", "Salesperson", "prvAppendToBusinessUnit", "org"]);
    let east = &world.rows("businessunit", "businessunitid", "name eq 'East'")[0];
    let unit = format!("owningbusinessunit={}", text(east, "businessunitid"));
    let create = ["row", "create", "account", "name=x", &unit];
    let told = first_line(&world, "seller.west", &create);
    assert!(
        told.contains("seller.west may not do that with this row of account"),
        "{told}"
    );
    let run = world.user("seller.west").run(&create);
    assert!(
        run.says("because the row is the principal's own, and lies in a business unit"),
        "{}",
        run.stderr
    );
    assert!(run.says("platform Principal with id"), "{}", run.stderr);
}

/// A depth that does not reach the rows is not said to be none.
#[test]
fn a_merge_that_is_not_reached_says_so() {
    let world = World::sample();
    let own = world.lead("seller.west");
    let others = world.lead("manager");
    let seller = world.user("seller.west");
    assert_eq!(seller.run(&["merge", "lead", &own, &others]).code, 1);
    let told = seller.run(&["why"]).stdout;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("deep enough for that row; it is held at depth"), "{told}");
    assert!(!told.contains("at any depth"), "{told}");
}
