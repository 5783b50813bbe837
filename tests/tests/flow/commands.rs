//! `sluice flow`, as people and scripts use it.

use serde_json::Value;
use sluice_tests::program::{Program, words};

/// A folder with a new organisation; its administrator.
struct Folder {
    folder: tempfile::TempDir,
    admin: Program,
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let admin = Program::new(folder.path());
        admin.json(&["org", "create"]);
        Self { folder, admin }
    }

    fn lead(&self, name: &str) -> String {
        let name = format!("lastname={name}");
        let row = self.admin.json(&["row", "create", "lead", "subject=Pumps", &name]);
        row["id"].as_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Where the processes of a lead stand, the one that counts first.
    fn stands(&self, lead: &str) -> Vec<String> {
        let processes = self.admin.json(&["flow", "instances", "lead", lead]);
        let stands = |process: &Value| {
            format!(
                "{} {} {}",
                text(process, "flow"),
                text(process, "stage"),
                text(process, "status")
            )
        };
        processes["value"].as_array().unwrap().iter().map(stands).collect()
    }

    fn names(&self, program: &Program, arguments: &[&str]) -> Vec<String> {
        let list = program.json(arguments);
        list["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|flow| text(flow, "name"))
            .collect()
    }
}

fn text(document: &Value, name: &str) -> String {
    document[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {document}"))
        .to_owned()
}

const SHIPPED: &str = "Lead to Opportunity Sales Process";

const LANE: &str = r#"
    name = "Fast lane"
    uniquename = "sl_fastlane"
    order = -1
    [[stages]]
    name = "Call"
    table = "lead"
    steps = [{ column = "telephone1", label = "Phone", required = true }]
    [[stages]]
    name = "Sell"
    table = "opportunity"
"#;

#[test]
fn the_shipped_flow_is_shown_with_its_stages_and_tables() {
    let world = Folder::new();
    let flow = world.admin.json(&["flow", "show"]);
    assert_eq!(
        (text(&flow, "name"), text(&flow, "id")),
        (SHIPPED.to_owned(), "919e14d1-6489-4852-abd0-a63a6ecaac5d".to_owned())
    );
    let stages: Vec<String> = flow["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| format!("{} {}", text(stage, "name"), text(stage, "table")))
        .collect();
    assert_eq!(
        stages,
        [
            "Qualify lead",
            "Develop opportunity",
            "Propose opportunity",
            "Close opportunity"
        ]
    );
    let roles = ["Sales Manager", "Salesperson", "System Administrator"];
    assert_eq!(flow["roles"], serde_json::json!(roles));
    let people = world
        .admin
        .run(&["flow", "show", "leadtoopportunitysalesprocess"])
        .stdout;
    assert!(people.contains("Identify Decision Maker"), "{people}");
    let error = world.admin.refused(&["flow", "show", "Slow lane"]);
    assert!(text(&error, "message").contains("flow list"), "{error}");
}

#[test]
fn a_lead_is_led_through_its_process() {
    let world = Folder::new();
    let lead = world.lead("Blake");
    let refused = world.admin.refused(&["flow", "next", "Blake"]);
    assert_eq!(
        (text(&refused, "code"), text(&refused, "situation")),
        ("0x80092004".to_owned(), "e7".to_owned())
    );
    assert!(text(&refused, "message").contains("you must qualify the lead"));
    assert_eq!(world.stands(&lead), [format!("{SHIPPED} Qualify Active")]);

    let made = world.admin.json(&["lead", "qualify", &lead]);
    let created = made["value"][0]["created"].as_array().unwrap();
    let opportunity = text(created.last().unwrap(), "id");
    let on_opportunity = |verb: &str| {
        world
            .admin
            .json(&["flow", verb, &opportunity, "--table", "opportunity"])
    };
    assert_eq!(text(&on_opportunity("next"), "stage"), "Propose");
    assert_eq!(text(&on_opportunity("next"), "stage"), "Close");
    assert_eq!(text(&on_opportunity("previous"), "stage"), "Propose");
    let refused = world.admin.refused(&["flow", "finish", &lead]);
    assert_eq!(text(&refused, "code"), "0x80092002");
    on_opportunity("next");
    let refused = world.admin.refused(&["flow", "next", &lead]);
    assert!(text(&refused, "message").contains("flow finish"), "{refused}");
    assert_eq!(text(&on_opportunity("finish"), "status"), "Finished");
    let refused = world.admin.refused(&["flow", "next", &lead]);
    assert!(text(&refused, "message").contains("is Finished"), "{refused}");
    assert_eq!(text(&on_opportunity("reactivate"), "status"), "Active");
    assert_eq!(text(&on_opportunity("abandon"), "status"), "Aborted");
    let visits = world.admin.json(&["flow", "instances", "lead", "Blake"])["value"][0]["visits"].clone();
    let stages: Vec<String> = visits
        .as_array()
        .unwrap()
        .iter()
        .map(|visit| text(visit, "stage"))
        .collect();
    assert_eq!(
        stages,
        ["Qualify", "Develop", "Propose", "Close", "Propose", "Close", "Close"]
    );
}

#[test]
fn set_active_cures_error_3() {
    let world = Folder::new();
    let lead = world.lead("Blake");
    world.admin.json(&["lead", "qualify", &lead]);
    world.admin.json(&["row", "update", "lead", &lead, "statecode=0"]);
    let run = world.admin.run(&["lead", "qualify", &lead, "--json"]);
    let error = &run.json()["value"][0]["error"];
    assert_eq!(
        (run.code, text(error, "code"), text(error, "situation")),
        (1, "0x80100002".to_owned(), "e3".to_owned())
    );
    assert!(text(error, "resolution").contains("flow set-active"), "{error}");
    let error = world
        .admin
        .refused(&["flow", "set-active", &lead, "--stage", "Qualified"]);
    assert!(
        text(&error, "message").contains("Qualify, Develop, Propose, Close"),
        "{error}"
    );
    world.admin.json(&["flow", "set-active", &lead, "--stage", "qualify"]);
    world.admin.json(&["lead", "qualify", &lead]);
    assert_eq!(world.stands(&lead), [format!("{SHIPPED} Develop Active")]);
}

#[test]
fn a_flow_comes_out_of_a_file_and_is_granted_to_a_role() {
    let world = Folder::new();
    let file = world.file("lane.toml", LANE);
    let draft = world.admin.json(&["flow", "create", &file, "--draft"]);
    assert_eq!(draft["active"], false);
    world
        .admin
        .refused(&["flow", "grant", "Fast lane", "System Administrator"]);
    world.admin.json(&["flow", "activate", "sl_fastlane"]);
    assert_eq!(
        world.names(&world.admin, &["flow", "list", "--table", "lead"]),
        ["Fast lane", SHIPPED]
    );
    assert!(
        world
            .names(&world.admin, &["flow", "list", "--table", "contact"])
            .is_empty()
    );

    for command in [
        &["role", "create", "Clerk"][..],
        &["role", "grant", "Clerk", "prvReadLead", "org"],
        &["role", "grant", "Clerk", "prvCreateLead", "user"],
        &["role", "grant", "Clerk", "prvAppendToLead", "user"],
        &["user", "create", "clerk"],
        &["user", "role-add", "clerk", "Clerk"],
    ] {
        world.admin.json(command);
    }
    let clerk = world.admin.as_user("clerk");
    assert!(world.names(&clerk, &["flow", "list"]).is_empty());
    let lead = world.lead("Blake");
    let start = ["flow", "start", lead.as_str(), "--flow", "Fast lane"];
    let error = clerk.refused(&start);
    assert_eq!(
        (text(&error, "code"), text(&error, "privilege")),
        ("0x80040220".to_owned(), "prvCreatesl_fastlane".to_owned())
    );
    world.admin.json(&["flow", "grant", "Fast lane", "Clerk"]);
    assert_eq!(world.names(&clerk, &["flow", "list"]), ["Fast lane"]);
    let row = clerk.json(&["row", "create", "lead", "subject=Pumps", "lastname=Ames"]);
    assert_eq!(world.stands(&text(&row, "id")), ["Fast lane Call Active"]);
    let seen = clerk.json(&["flow", "instances", "lead", &text(&row, "id")]);
    assert!(seen["value"][0]["visits"].is_null(), "may not be read: {seen}");
    let revoked = world.admin.run(&["flow", "revoke", "Fast lane", "Clerk"]);
    assert_eq!(revoked.code, 0, "{revoked:?}");
    assert!(
        revoked.says("role Clerk, which 1 user or team have, loses"),
        "{revoked:?}"
    );
    assert!(world.names(&clerk, &["flow", "list"]).is_empty());
}

#[test]
fn a_row_is_switched_between_two_flows() {
    let world = Folder::new();
    let lead = world.lead("Blake");
    let file = world.file("lane.toml", LANE);
    world.admin.json(&["flow", "create", &file]);
    let switch = |flow: &str| world.admin.json(&["flow", "switch", &lead, "--flow", flow]);
    switch("sl_fastlane");
    assert_eq!(
        world.stands(&lead),
        ["Fast lane Call Active".to_owned(), format!("{SHIPPED} Qualify Active")]
    );
    switch(SHIPPED);
    assert_eq!(
        world.stands(&lead),
        [format!("{SHIPPED} Qualify Active"), "Fast lane Call Active".to_owned()]
    );
    world.admin.json(&["flow", "abandon", &lead, "--flow", "Fast lane"]);
    let error = world.admin.refused(&["flow", "reactivate", &lead, "--flow", SHIPPED]);
    assert_eq!(text(&error, "code"), "0x80092002", "it is active");
    let error = world.admin.refused(&["flow", "switch", &lead, "--flow", "Fast lane"]);
    assert!(text(&error, "message").contains("flow reactivate"), "{error}");
    world.admin.json(&["flow", "reactivate", &lead, "--flow", "Fast lane"]);
    assert_eq!(text(&switch("Fast lane"), "flow"), "Fast lane");
}

#[test]
fn a_flow_in_use_is_guarded_moved_and_then_deleted() {
    let world = Folder::new();
    let lead = world.lead("Blake");
    let file = world.file("lane.toml", LANE);
    world.admin.json(&["flow", "create", &file]);
    let error = world.admin.refused(&["flow", "delete", SHIPPED]);
    assert!(text(&error, "message").contains("1 process is under way"), "{error}");
    world.admin.json(&["flow", "deactivate", SHIPPED]);
    let moved = world.admin.json(&["flow", "migrate", SHIPPED, "--to", "Fast lane"]);
    assert_eq!(text(&moved["value"][0], "stage"), "Call");
    assert_eq!(
        world.stands(&lead),
        ["Fast lane Call Active".to_owned(), format!("{SHIPPED} Qualify Aborted")]
    );
    world.admin.json(&["flow", "delete", SHIPPED]);
    assert_eq!(world.stands(&lead), ["Fast lane Call Active"]);
}

#[test]
fn lint_warns_of_too_many_required_steps_and_tells_which_of_them_stopped_people() {
    let world = Folder::new();
    let steps: String = [
        "telephone1",
        "jobtitle",
        "budgetamount",
        "purchaseprocess",
        "description",
        "sic",
    ]
    .map(|column| format!("{{ column = \"{column}\", required = true }},"))
    .concat();
    let file = world.file(
        "many.toml",
        &format!("name = \"Many\"\norder = -1\n[[stages]]\nname = \"Ask\"\ntable = \"lead\"\nsteps = [{steps}]\n[[stages]]\nname = \"Sell\"\ntable = \"opportunity\""),
    );
    world.admin.json(&["flow", "create", &file]);
    let lead = world.lead("Blake");
    world.admin.run(&["lead", "qualify", &lead]);
    let rest = [
        "jobtitle=Boss",
        "budgetamount=1",
        "purchaseprocess=1",
        "description=x",
        "sic=1",
    ];
    world
        .admin
        .json(&[&["row", "update", "lead", &lead], &rest[..]].concat());
    world.admin.run(&["lead", "qualify", &lead]);
    world.admin.json(&["row", "update", "lead", &lead, "telephone1=1"]);
    world.admin.json(&["lead", "qualify", &lead]);

    let lint = world.admin.json(&["flow", "lint"]);
    assert_eq!(lint["warnings"][0]["required"], 6);
    assert!(text(&lint["warnings"][0], "message").contains("Many"));
    let steps = lint["value"].as_array().unwrap();
    let step = |column: &str| steps.iter().find(|step| step["column"] == column).unwrap();
    assert_eq!(
        (&step("telephone1")["blocked"], &step("sic")["blocked"]),
        (&2.into(), &1.into())
    );
    assert_eq!(
        (&step("sic")["passed"], &step("sic")["attempts"]),
        (&1.into(), &3.into())
    );
    assert!((step("sic")["rate"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-9);
    let quiet = world.admin.json(&["flow", "lint", "Many", "--max", "6"]);
    assert!(quiet["warnings"].as_array().unwrap().is_empty());
    assert!(world.admin.run(&["flow", "lint"]).stdout.contains("warning: "));
}

#[test]
fn lint_takes_every_attempt_to_leave_the_stage_into_the_rate() {
    let world = Folder::new();
    let require = |column: &str, stage: &str| {
        let steps = world.admin.json(&["flow", "show", SHIPPED]);
        let stages = steps["stages"].as_array().unwrap();
        let stage = stages.iter().find(|one| one["name"] == stage).unwrap().clone();
        let row = format!("sl_stageid={}", text(&stage, "id"));
        let column = format!("sl_column={column}");
        world
            .admin
            .json(&["row", "create", "sl_processstep", &row, &column, "sl_required=yes"]);
    };
    require("telephone1", "Qualify");
    let file = world.file(
        "lane.toml",
        &LANE.replace(
            "steps = [",
            r#"steps = [{ column = "jobtitle", required = true }, { column = "sic", required = true }, "#,
        ),
    );
    world.admin.json(&["flow", "create", &file]);
    let lead = world.lead("Blake");
    let fill = |values: &[&str]| {
        world.admin.json(&[&["row", "update", "lead", &lead], values].concat());
    };
    fill(&["sic=1", "jobtitle=Boss"]);
    for _ in 0..3 {
        assert_eq!(world.admin.run(&["lead", "qualify", &lead]).code, 1);
    }
    fill(&["telephone1=1", "jobtitle=null"]);
    assert_eq!(world.admin.run(&["lead", "qualify", &lead]).code, 1);
    fill(&["jobtitle=Boss"]);
    world.admin.json(&["lead", "qualify", &lead]);

    let lint = || {
        let lint = world.admin.json(&["flow", "lint"]);
        let steps = lint["value"].as_array().unwrap().iter();
        steps
            .map(|step| format!("{} {} {}", text(step, "stage"), text(step, "column"), step["rate"]))
            .collect::<Vec<_>>()
    };
    // Nobody tried to leave the stage of the other flow, though it asks for the phone as well.
    let expected = |stage: &str| {
        let of = |column: &str, rate: &str| format!("{stage} {column} {rate}");
        [
            of("jobtitle", "0.2"),
            of("sic", "0.0"),
            of("telephone1", "0.6"),
            "Qualify telephone1 null".to_owned(),
        ]
    };
    assert_eq!(lint(), expected("Call"));
    let people = world.admin.run(&["flow", "lint", "-o", "table"]).stdout;
    for rate in ["60 %", "20 %", " 0 %"] {
        assert!(people.contains(rate), "{people}");
    }
    // Under another name it is the same stage.
    let stages = world.admin.json(&["flow", "show", "Fast lane"])["stages"].clone();
    let stage = text(&stages[0], "id");
    world
        .admin
        .json(&["row", "update", "processstage", &stage, "stagename=Ring"]);
    assert_eq!(lint()[..3], expected("Ring")[..3]);
}

/// What is printed for a stage with several open steps fills in all of them.
#[test]
fn all_open_steps_are_filled_in_by_one_command() {
    let world = Folder::new();
    let steps = r#"steps = [{ column = "jobtitle", required = true }, "#;
    let file = world.file("lane.toml", &LANE.replace("steps = [", steps));
    world.admin.json(&["flow", "create", &file]);
    let lead = world.lead("Blake");
    let refused = world.admin.run(&["lead", "qualify", &lead]);
    let told = format!("{}{}", refused.stdout, refused.stderr);
    let (_, printed) = told.split_once("(`row update lead").unwrap_or_else(|| panic!("{told}"));
    let (given, _) = printed.split_once("`)").unwrap();
    assert!(given.ends_with(" jobtitle=VALUE telephone1=VALUE"), "{told}");
    let given = words(&given.replace("VALUE", "1"));
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    world.admin.json(&[&["row", "update", "lead"], &given[..]].concat());
    world.admin.json(&["lead", "qualify", &lead]);
}

/// Nobody passed the step: one lead was stopped by it, one was given up, one went by before.
#[test]
fn lint_counts_as_passed_what_went_on_since_the_step_is_required() {
    let world = Folder::new();
    let [early, stopped, dropped] = ["Early", "Stopped", "Dropped"].map(|name| world.lead(name));
    world.admin.json(&["lead", "qualify", &early]);
    let steps = world.admin.json(&[
        "row",
        "list",
        "sl_processstep",
        "--filter",
        "sl_column eq 'budgetamount'",
        "--select",
        "sl_column",
    ]);
    let steps = steps["value"].as_array().unwrap().clone();
    for step in &steps {
        let step = text(step, "sl_processstepid");
        world
            .admin
            .json(&["row", "update", "sl_processstep", &step, "sl_required=yes"]);
    }
    assert_eq!(world.admin.run(&["lead", "qualify", &stopped]).code, 1);
    world.admin.json(&["lead", "disqualify", &dropped, "--reason", "Lost"]);
    let lint = || {
        let lint = world.admin.json(&["flow", "lint", SHIPPED]);
        let of_lead = lint["value"].as_array().unwrap().iter();
        of_lead
            .filter(|step| step["stage"] == "Qualify" && step["column"] == "budgetamount")
            .map(|step| format!("{} {} {}", step["blocked"], step["passed"], step["rate"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(lint(), ["1 0 1.0"]);
    world.admin.json(&["row", "update", "lead", &stopped, "budgetamount=1"]);
    world.admin.json(&["lead", "qualify", &stopped]);
    assert_eq!(lint(), ["1 1 0.5"]);
}

#[test]
fn wrong_usage_is_told_apart_from_refusals() {
    let world = Folder::new();
    let file = world.file("wrong.toml", "name = 1");
    assert_eq!(world.admin.run(&["flow", "create", &file]).code, 1);
    assert_eq!(world.admin.run(&["flow", "create", "missing.toml"]).code, 3);
    assert_eq!(world.admin.run(&["flow", "set-active", "x"]).code, 2);
    assert_eq!(world.admin.run(&["flow", "next", "Nobody"]).code, 1);
    assert_eq!(world.admin.run(&["flow", "list", "--table", "leed"]).code, 1);
    let none = world.admin.json(&["row", "create", "contact", "lastname=Ames"]);
    let error = world
        .admin
        .refused(&["flow", "next", &text(&none, "id"), "--table", "contact"]);
    assert!(text(&error, "message").contains("flow start"), "{error}");
}
