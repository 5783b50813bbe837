//! The reports as the program prints them: as a table, as one document, as a plot.

use serde_json::Value;
use sluice_tests::program::Program;

/// A new organisation with leads whose ages and ends are known.
fn world() -> (tempfile::TempDir, Program) {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(folder.path());
    program.json(&["org", "create"]);
    let create = |name: &str, more: &[&str]| {
        let name = format!("lastname={name}");
        let row = program.json(&[&["row", "create", "lead", "subject=Pumps", &name], more].concat());
        row["id"].as_str().unwrap().to_owned()
    };
    create("Old", &["overriddencreatedon=2020-01-01T00:00:00Z"]);
    create("Young", &[]);
    let qualified = create("Won", &["leadsourcecode=Web"]);
    program.json(&["lead", "qualify", &qualified]);
    for reason in ["4", "5", "5"] {
        let lead = create("Lost", &["leadsourcecode=Web"]);
        let reason = format!("statuscode={reason}");
        program.json(&["row", "update", "lead", &lead, "statecode=2", &reason]);
    }
    (folder, program)
}

fn items(document: &Value) -> Vec<Value> {
    document["value"].as_array().unwrap().clone()
}

#[test]
fn every_report_is_one_document_with_a_list() {
    let (_folder, program) = world();
    let velocity = items(&program.json(&["report", "velocity"]));
    assert_eq!(
        (&velocity[0]["stage"], &velocity[0]["left"], &velocity[0]["standing"]),
        (&"Qualify".into(), &4.into(), &2.into())
    );
    assert!(velocity[0]["median"].is_number() && velocity[1]["median"].is_null());

    let rate = program.json(&["report", "qualify-rate"]);
    assert_eq!(rate["total"]["rate"], 0.25);
    let web = items(&rate).into_iter().find(|line| line["name"] == "Web").unwrap();
    assert_eq!(
        (&web["by"], &web["qualified"], &web["closed"]),
        (&"source".into(), &1.into(), &4.into())
    );

    let stale = items(&program.json(&["report", "stale", "--days", "90"]));
    assert_eq!((stale.len(), &stale[0]["name"]), (1, &"Old".into()));

    let reasons = items(&program.json(&["report", "reasons"]));
    assert_eq!(
        (&reasons[0]["reason"], &reasons[0]["leads"]),
        (&"Cannot Contact".into(), &2.into())
    );

    let funnel = program.json(&["report", "funnel"]);
    assert_eq!(funnel["volume"]["leads"]["open"], 2);
    assert_eq!(funnel["rate"]["closed"], 4);
    assert_eq!(funnel["velocity"][0]["stage"], "Qualify");
}

#[test]
fn the_ages_of_new_leads_raise_an_alert_that_a_script_sees() {
    let (_folder, program) = world();
    let aging = program.json(&["report", "aging", "--status", "New"]);
    assert_eq!((&aging["alerts"], items(&aging).len()), (&1.into(), 2));
    assert_eq!(items(&aging)[0]["alert"], true);
    let check = ["report", "aging", "--alert", "14", "--check"];
    assert_eq!(program.run(&check).code, 1);
    assert!(program.run(&check).stdout.contains("Old"));
    assert_eq!(program.run(&["report", "aging", "--alert", "40000", "--check"]).code, 0);
    assert_eq!(program.run(&["report", "aging", "--alert", "soon"]).code, 2);
    let error = program.refused(&["report", "aging", "--status", "Older"]);
    assert!(error["message"].as_str().unwrap().contains("Contacted"), "{error}");
}

#[test]
fn every_report_is_a_table_and_a_plot() {
    let (_folder, program) = world();
    for report in ["velocity", "qualify-rate", "aging", "stale", "funnel", "reasons"] {
        let table = program.run(&["report", report, "-o", "table"]);
        assert_eq!(table.code, 0, "{table:?}");
        assert!(table.stdout.contains('│') && !table.stdout.contains('█'), "{table:?}");
        let plot = program.run(&["report", report, "--plot"]);
        assert_eq!(plot.code, 0, "{plot:?}");
        // Nothing has lasted any time yet, and no bar says otherwise.
        assert_eq!(plot.stdout.contains('█'), report != "velocity", "{plot:?}");
    }
}

#[test]
fn cells_alone_go_into_csv() {
    let (_folder, program) = world();
    for (report, said) in [
        (&["report", "aging"][..], "open leads with the status"),
        (&["report", "stale"], "open for more than"),
        (&["flow", "lint"], "blocked: requests that were refused"),
    ] {
        let run = program.run(&[report, &["-o", "csv"]].concat());
        assert!(run.says(said) && !run.stdout.contains(said), "{report:?}: {run:?}");
    }
    let lint = program.run(&["mapping", "lint", "-o", "csv"]);
    assert_eq!(
        lint.stdout.lines().next(),
        Some("source,target,problem,message,published"),
        "{lint:?}"
    );
}
