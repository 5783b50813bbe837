//! What arrives in another organisation.

use serde_json::json;
use sluice_model::{Code, Filter, Query, Reference, Row, Value};

use crate::world::{Site, says};
use sluice_platform::prelude::*;

/// An organisation with one of everything that travels, and the names of all of it.
fn vendor() -> (Site, Vec<&'static str>) {
    let world = Site::sample();
    world.all(&[
        "option-set add contact.statuscode 100000001 Hot --state 0",
        "option-set create rsh_interest --option 1=Pumps --option 2=Valves",
        "column create lead rsh_interest choice --global rsh_interest",
        "column create opportunity rsh_interest choice --global rsh_interest",
        "column create lead rsh_budget money --label 'Budget here'",
        "column create lead rsh_kind choice --option 1=New --option 2=Old",
        "option-set add lead.rsh_kind 3 Used",
        "mapping add lead opportunity rsh_interest rsh_interest",
        "table create rsh_region --display Region --ownership organization",
        "column create rsh_region rsh_parent lookup --target rsh_region",
        "table create rsh_branch",
        "column create rsh_branch rsh_region lookup --target rsh_region",
        "column create rsh_region rsh_main lookup --target rsh_branch",
        "row create savedquery name='Hot Leads' returnedtypecode=lead fetchxml='<fetch><entity name=\"lead\"/></fetch>'",
        "row create systemform name=Quick objecttypecode=lead formjson='{}'",
        "row create webresource name=rsh_/lead.js content=x",
        "row create mobileofflineprofile name=Field",
        "row create mobileofflineprofileitem mobileofflineprofileid=Field selectedentitytypecode=lead",
        "publish",
    ]);
    world.sluice("column update lead rsh_budget --secured yes");
    world.sluice("profile create Budgets");
    world.sluice("profile grant Budgets lead rsh_budget read update");
    world.duplicate_rule("Same mail");
    world.process("Our process");
    let names = vec![
        "option-set contact.statuscode",
        "option-set rsh_interest",
        "table rsh_branch",
        "table rsh_region",
        "table sl_commissionrule",
        "column account.sl_commissionrate",
        "column lead.rsh_budget",
        "column lead.rsh_interest",
        "column lead.rsh_kind",
        "column opportunity.rsh_interest",
        "web-resource rsh_/lead.js",
        "form lead:Quick",
        "view lead:Hot Leads",
        "mapping lead:opportunity",
        "role Integration",
        "role Salesperson",
        "plugin commission",
        "plugin phone-normalizer",
        "duplicate-rule Same mail",
        "flow Our process",
        "offline-profile Field",
        "column-profile Budgets",
    ];
    (world, names)
}

#[test]
fn everything_arrives_and_can_be_sent_on() {
    let (from, names) = vendor();
    let file = from.export("All", "1.0", &names, false);
    let to = Site::new();
    let done = to.import(&file);
    assert_eq!(done.components.len(), names.len());
    assert!(!done.managed && done.before.is_none() && done.removed.is_empty());
    // What arrived is the same: sent on, it makes the same file.
    assert_eq!(to.admin.0.export_solution("All", false).unwrap(), file);
    // Again: nothing new.
    let before = to.admin.count("solutioncomponent");
    to.import(&file);
    assert_eq!(to.admin.count("solutioncomponent"), before);
    assert_eq!(to.admin.0.export_solution("All", false).unwrap(), file);
    assert_eq!(to.admin.0.unpublished().unwrap(), []);

    let catalog = to.admin.0.catalog().unwrap();
    let lead = catalog.table("lead").unwrap();
    assert_eq!(lead.column("rsh_budget").unwrap().label(), "Budget here");
    assert!(
        lead.column("rsh_budget_base").is_some(),
        "an amount brings its base amount"
    );
    assert_eq!(lead.column("rsh_kind").unwrap().kind.options().unwrap().len(), 3);
    assert_eq!(lead.column("rsh_interest").unwrap().kind.options().unwrap().len(), 2);
    assert_eq!(to.options("contact.statuscode").len(), 3);
    assert!(!lead.column("rsh_kind").unwrap().managed);
    assert!(lead.column("rsh_budget").unwrap().secured);
    let given = to.admin.list(Query::new("fieldpermission"));
    assert_eq!(given.len(), 1);
    assert_eq!((given[0].int("canread"), given[0].int("cancreate")), (Some(4), Some(0)));
    // An unmanaged solution's parts are the organisation's own.
    to.sluice("option-set remove contact.statuscode 100000001");
    to.sluice("role revoke Integration prvReadLead");
}

#[test]
fn the_steps_work_where_they_arrive() {
    let (from, names) = vendor();
    let to = Site::new();
    to.import(&from.export("All", "1.0", &names, true));
    to.sluice("row create sl_commissionrule sl_name=WA sl_rate=0.05");
    to.sluice("user create seller");
    to.sluice("user role-add seller Salesperson");
    let account = Row::unsaved("account")
        .with("name", "Litware")
        .with("address1_stateorprovince", "WA");
    let account = to.admin.create(account);
    assert_eq!(
        to.admin.get("account", account).get("sl_commissionrate"),
        Some(&Value::Decimal("0.05".parse().unwrap()))
    );
    let steps = to.steps("commission");
    assert_eq!(steps.len(), from.steps("commission").len());
    assert_eq!(steps[0].id, from.steps("commission")[0].id, "an id that is free stays");
    assert_eq!(steps[0].bool("ismanaged"), Some(true));
}

#[test]
fn roles_bring_their_privileges_and_not_their_holders() {
    let (from, names) = vendor();
    let to = Site::new();
    to.import(&from.export("All", "1.0", &names, true));
    let held = |world: &Site| {
        let mut held: Vec<String> = world.sluice("role show Salesperson")["privileges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|privilege| format!("{} {}", privilege["name"], privilege["depth"]))
            .collect();
        held.sort();
        held
    };
    assert_eq!(held(&to), held(&from));
    assert_eq!(to.admin.list(Query::new("systemuser")).len(), 2, "nobody came along");
}

#[test]
fn secrets_users_and_grants_stay_at_home() {
    let from = Site::sample();
    let step = from.steps("commission")[0].id;
    from.all(&[
        &format!("step update {step} --secure s3cret --run-as integration --grant clock --limits '{{\"cpu\": 500}}'"),
        &format!("step disable {step}"),
    ]);
    let file = from.export(
        "Plugins",
        "1.0",
        &["plugin commission", "table sl_commissionrule"],
        true,
    );
    assert!(!String::from_utf8_lossy(&file).contains("s3cret"));
    let to = Site::new();
    to.import(&file);
    let arrived = to.steps("commission").remove(0);
    for column in [
        "sdkmessageprocessingstepsecureconfigid",
        "impersonatinguserid",
        "sl_grants",
    ] {
        assert_eq!(arrived.get(column), None, "{column}");
    }
    assert!(arrived.text("sl_limits").unwrap().contains("500"));
    assert_eq!(arrived.int("statecode"), Some(1), "it arrives as it was: disabled");
    // They are the organisation's to give, and stay with the next version.
    to.sluice(&format!("step update {} --secure ours --grant clock", arrived.id));
    to.sluice(&format!("step enable {}", arrived.id));
    to.import(&from.export(
        "Plugins",
        "1.1",
        &["plugin commission", "table sl_commissionrule"],
        true,
    ));
    let after = to.steps("commission").remove(0);
    assert_eq!(after.text("sl_grants"), Some("clock"));
    assert!(after.lookup("sdkmessageprocessingstepsecureconfigid").is_some());
    assert_eq!(
        after.int("statecode"),
        Some(0),
        "whether it runs is decided where it runs"
    );
}

#[test]
fn rules_and_processes_are_activated_when_they_are_whole() {
    let from = Site::new();
    let rule = from.duplicate_rule("Same mail");
    let process = from.process("Our process");
    from.sluice("duprule publish 'Same mail'");
    from.admin.update(
        Row::new("workflow", process)
            .with("statecode", Value::Choice(1))
            .with("statuscode", Value::Choice(2)),
    );
    let file = from.export("Rules", "1.0", &["duplicate-rule Same mail", "flow Our process"], true);
    let to = Site::new();
    to.import(&file);
    let arrived = to.one("duplicaterule", "name", "Same mail").unwrap();
    // Its job remains to be run; the command runs it.
    assert_eq!((arrived.id, arrived.int("statuscode")), (rule, Some(1)));
    assert_eq!(to.conditions("Same mail"), 1);
    assert_eq!(to.sluice("jobs resume")["value"].as_array().unwrap().len(), 1);
    let arrived = to.one("duplicaterule", "name", "Same mail").unwrap();
    assert_eq!(arrived.int("statuscode"), Some(2));
    let stages = to
        .admin
        .list(Query::new("processstage").filter(Filter::eq("processid", process)));
    assert_eq!(stages.len(), 1);
    assert_eq!(
        to.one("workflow", "name", "Our process").unwrap().int("statecode"),
        Some(1)
    );
    // Support deactivates one; the next version leaves it so.
    to.admin.update(
        Row::new("workflow", process)
            .with("statecode", Value::Choice(0))
            .with("statuscode", Value::Choice(1)),
    );
    to.import(&file);
    assert_eq!(
        to.one("workflow", "name", "Our process").unwrap().int("statecode"),
        Some(0)
    );
}

#[test]
fn what_is_there_under_the_same_name_is_taken_for_the_same() {
    let from = Site::new();
    from.duplicate_rule("Same mail");
    let file = from.export("Rules", "1.0", &["duplicate-rule Same mail"], false);
    let to = Site::new();
    let own = to.duplicate_rule("Same mail");
    to.admin.create(
        Row::unsaved("duplicaterulecondition")
            .with("regardingobjectid", Reference::new("duplicaterule", own))
            .with("baseattributename", "lastname")
            .with("matchingattributename", "lastname")
            .with("operatorcode", Value::Choice(0)),
    );
    to.import(&file);
    assert_eq!(to.one("duplicaterule", "name", "Same mail").unwrap().id, own);
    assert_eq!(to.conditions("Same mail"), 1, "a component is as in the file");
    // Two of one name cannot be told apart.
    to.duplicate_rule("Same mail");
    says(to.admin.0.import_solution(&file, false), Code::AMBIGUOUS, "several");
}

#[test]
fn a_component_that_does_not_fit_changes_nothing() {
    let from = Site::sample();
    from.all(&[
        "column create lead rsh_size text --max-length 50",
        "column create contact rsh_size text --max-length 50",
        "mapping add lead contact rsh_size rsh_size",
        "option-set add lead.statuscode 100000001 Hot --state 0",
    ]);
    let cases: [(&[&str], &[&str], Code, &str); 6] = [
        (
            &["role Integration"],
            &[],
            Code::IMPORT_FAILED,
            "which this organisation does not know; bring its table along",
        ),
        (
            &["mapping lead:contact"],
            &[],
            Code::ATTRIBUTE_UNKNOWN,
            "the mapping `lead:contact` of the solution",
        ),
        (
            &["column lead.rsh_size"],
            &["column create lead rsh_size int"],
            Code::IMPORT_FAILED,
            "a column keeps its type",
        ),
        (
            &["column lead.rsh_size"],
            &["column create lead rsh_size text --max-length 90"],
            Code::IMPORT_FAILED,
            "a column gets no shorter",
        ),
        (
            &["option-set lead.statuscode"],
            &["option-set add lead.statuscode 100000001 Cold --state 2"],
            Code::IMPORT_FAILED,
            "another state",
        ),
        (
            &["table sl_commissionrule"],
            &["table create sl_commissionrule --ownership user"],
            Code::IMPORT_FAILED,
            "another table `sl_commissionrule`",
        ),
    ];
    for (number, (components, preparation, code, words)) in cases.into_iter().enumerate() {
        let name = format!("Case{number}");
        // What comes before the misfit does not stay either.
        let all: Vec<&str> = ["option-set account.industrycode"]
            .iter()
            .chain(components)
            .copied()
            .collect();
        if number == 0 {
            from.sluice("option-set add account.industrycode 900 Shipyards");
        }
        let file = from.export(&name, "1.0", &all, true);
        let to = Site::new();
        to.all(preparation);
        let before = to.everything();
        says(to.admin.0.import_solution(&file, false), code, words);
        assert_eq!(to.everything(), before, "{components:?}");
    }
}

#[test]
fn the_program_says_what_arrived() {
    let from = Site::sample();
    from.all(&[
        "solution create Sales --version 2.0",
        "solution add Sales table sl_commissionrule",
        "solution add Sales role Salesperson",
        "solution export Sales sales.zip --managed",
    ]);
    let to = Site::new();
    std::fs::copy(from.path("sales.zip"), to.path("sales.zip")).unwrap();
    let answer = to.sluice("solution import sales.zip");
    assert_eq!(
        answer,
        json!({
            "name": "Sales",
            "version": "2.0",
            "before": null,
            "managed": true,
            "components": [
                { "kind": "table", "name": "sl_commissionrule" },
                { "kind": "role", "name": "Salesperson" },
            ],
            "taken": [],
            "disabled": [],
            "deactivated": [],
            "lacking": [],
            "reached": [],
            "keptConfigurations": [],
            "removed": [],
            "notices": [],
            "jobs": [],
        })
    );
    let people = to.program().run(&["solution", "import", "sales.zip"]);
    assert!(
        people.stdout.contains("imported Sales 2.0, managed, in place of 2.0"),
        "{people:?}"
    );
    for (line, word) in [("table list --custom", "yes"), ("role list", "ismanaged")] {
        let words: Vec<&str> = line.split(' ').collect();
        assert!(to.program().run(&words).stdout.contains(word), "{line}");
    }
}

/// A column that an import lengthens may be longer than the one that it is mapped onto.
#[test]
fn a_mapping_that_an_import_outgrew_is_found_by_lint_and_named_by_the_error() {
    let from = Site::new();
    from.sluice("column create lead rsh_detail text --max-length 100");
    let to = Site::new();
    to.all(&[
        "column create lead rsh_detail text --max-length 50",
        "column create opportunity rsh_detail text --max-length 50",
        "mapping add lead opportunity rsh_detail rsh_detail",
        "mapping lint",
    ]);
    to.import(&from.export("Longer", "1.0", &["column lead.rsh_detail"], false));
    let run = to.program().run(&["mapping", "lint", "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(run.json()["value"][0]["problem"], "length");
    let lead = Row::unsaved("lead")
        .with("lastname", "McKay")
        .with("companyname", "Fourth Coffee")
        .with("rsh_detail", "x".repeat(80));
    let lead = to.admin.create(lead);
    let request = sluice_sales::qualify::request(lead, &sluice_sales::qualify::Choices::default());
    let words = "the mapping lead.rsh_detail → opportunity.rsh_detail cannot carry the value over";
    says(to.admin.0.execute(request), Code::TEXT_TOO_LONG, words);
    assert_eq!(to.admin.count("account"), 0);
}

/// Its table has the privileges of the role.
#[test]
fn a_flow_and_a_role_that_may_use_it_arrive_together_and_a_flow_in_use_stays() {
    let from = Site::new();
    let flow = from.process("Visits");
    from.admin
        .update(Row::new("workflow", flow).with("statecode", Value::Choice(1)));
    from.all(&["role create Clerk", "flow grant Visits Clerk"]);
    let file = from.export("Vendor", "1.0", &["role Clerk", "flow Visits"], true);
    let to = Site::new();
    to.import(&file);
    let role = to.sluice("role show Clerk");
    assert!(role.to_string().contains("prvReadsl_visits"), "{role}");
    let lead = to.sluice("row create lead lastname=A processid=00000000-0000-0000-0000-000000000000");
    to.sluice(&format!("flow start {} --flow Visits", lead["id"].as_str().unwrap()));
    let done = to.admin.0.delete_solution("Vendor").unwrap();
    assert_eq!(done.removed, [("role".to_owned(), "Clerk".to_owned())]);
    let kept = |(kind, name, why): &(String, String, String)| format!("{kind} {name}: {why}");
    assert_eq!(
        done.kept.iter().map(kept).collect::<Vec<_>>(),
        ["flow Visits: 1 process is under way in it"]
    );
    let row = to.one("workflow", "name", "Visits").unwrap();
    assert_eq!(row.bool("ismanaged"), Some(false));
}

/// The rules that a new organisation has are at work already.
#[test]
fn a_managed_rule_takes_the_place_of_one_at_work_and_stays_at_work() {
    const RULE: &str = "Leads with the same e-mail address";
    let from = Site::new();
    let file = from.export("Rules", "1.0", &[&format!("duplicate-rule {RULE}")], true);
    let to = Site::new();
    std::fs::write(to.path("rules.zip"), file).unwrap();
    let rule = || to.one("duplicaterule", "name", RULE).unwrap();
    assert_eq!(
        (rule().int("statuscode"), rule().bool("ismanaged")),
        (Some(2), Some(false))
    );
    let answer = to.sluice("solution import rules.zip");
    assert_eq!(answer["taken"], json!([{ "kind": "duplicate-rule", "name": RULE }]));
    assert_eq!(
        (rule().int("statuscode"), rule().bool("ismanaged")),
        (Some(2), Some(true))
    );
    // The next version leaves it at work.
    let again = to.sluice("solution import rules.zip");
    assert_eq!((&again["taken"], &again["jobs"]), (&json!([]), &json!([])));
    assert_eq!(rule().int("statuscode"), Some(2));
    // One out of work stays so.
    let other = Site::new();
    std::fs::copy(to.path("rules.zip"), other.path("rules.zip")).unwrap();
    other.sluice(&format!("duprule unpublish '{RULE}'"));
    other.sluice("solution import rules.zip");
    let rule = other.one("duplicaterule", "name", RULE).unwrap();
    assert_eq!((rule.int("statuscode"), rule.bool("ismanaged")), (Some(0), Some(true)));
}

#[test]
fn what_was_yours_is_said_once() {
    let from = Site::new();
    let file = from.export("Offline", "1.0", &["offline-profile Sales"], true);
    let to = Site::new();
    std::fs::write(to.path("offline.zip"), file).unwrap();
    let run = to.program().run(&["solution", "import", "offline.zip"]);
    assert_eq!(run.stdout.matches("was yours").count(), 1, "{run:?}");
    let items = to.admin.list(Query::new("mobileofflineprofileitem"));
    assert!(items.len() > 1 && items.iter().all(|item| item.bool("ismanaged") == Some(true)));
}

/// A plug-in comes with its steps or not at all: one on a table that is not there is named.
#[test]
fn a_plugin_with_a_step_on_a_table_that_is_not_there_does_not_arrive() {
    let from = Site::sample();
    from.all(&[
        "table create rsh_region",
        "step register --plugin name-guard/name_guard --message Create --table rsh_region --stage pre-operation",
    ]);
    let file = from.export("Guarded", "1.0", &["plugin name-guard"], true);
    let to = Site::new();
    let before = to.everything();
    let words = "the step \"name_guard: Create of rsh_region\": there is no table `rsh_region` in this organisation";
    says(to.admin.0.import_solution(&file, false), Code::IMPORT_FAILED, words);
    assert_eq!(to.everything(), before);
}
