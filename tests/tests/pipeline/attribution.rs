//! Whose value it was: what a step put into a request is the step's, whatever check it runs into.

use sluice_model::{Filter, Query, Reference, Request, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_platform::{Fix, StepSpec};

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, Run, account, contact, probe};

/// The refusal with that code is that step's.
#[track_caller]
fn blames(run: &Run, code: &str, step: Uuid) {
    let error = run.refused(code);
    let blamed = error.body().step.as_ref().map(|step| step.id);
    assert_eq!(blamed, Some(step), "{:#}", error.to_json());
}

/// The refusal with that code is the request's own.
#[track_caller]
fn blames_nobody(run: &Run, code: &str) {
    let error = run.refused(code);
    assert_eq!(error.body().step, None, "{:#}", error.to_json());
}

fn linked(table: &str, id: Uuid, column: &str) -> Row {
    contact().with(column, Reference::new(table, id))
}

/// One step, one value, and the check of the platform that it runs into.
#[test]
fn each_check_names_the_step_whose_value_it_refuses() {
    let world = Pipeline::new();
    let theirs = world.admin.create(account());
    let (admin, nobody) = (world.admin.id(), Uuid::from_u128(7));
    let cases = [
        (format!("link parentcustomerid account {theirs}"), "0x80048306"),
        (format!("link ownerid systemuser {admin}"), "0x80040220"),
        (format!("link parentcustomerid account {nobody}"), "0x80040217"),
        (format!("link parentcustomerid lead {nobody}"), "0x80040504"),
        (format!("set jobtitle {}", "x".repeat(101)), "0x80044331"),
        ("set nosuchcolumn x".to_owned(), "0x80041103"),
        ("number jobtitle 5".to_owned(), "0x80040203"),
        ("number gendercode 4711".to_owned(), "0x8004431A"),
        ("set createdon x".to_owned(), "0x80040265"),
    ];
    for (script, code) in cases {
        for stage in [PRE_VALIDATION, PRE_OPERATION] {
            let step = world.step(&probe(stage, "Create", "contact", &script));
            let run = world.create(&world.seller, contact());
            let found = run.result.as_ref().unwrap_err();
            let blamed = found.body().step.as_ref().map(|step| step.id);
            assert_eq!(blamed, Some(step), "{script}: {:#}", found.to_json());
            if code != "0x80040265" {
                assert_eq!(found.code().to_string(), code, "{script}: {found}");
            }
            world.set_enabled(step, false);
            world.create(&world.seller, contact()).created();
        }
    }
}

#[test]
fn what_the_request_itself_says_is_nobody_elses() {
    let world = Pipeline::new();
    let theirs = world.admin.create(account());
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "set jobtitle Boss"));
    let run = world.create(&world.seller, linked("account", theirs, "parentcustomerid"));
    blames_nobody(&run, "0x80048306");
    world.set_enabled(step, false);
    // Also where the step writes there what stands there already.
    let script = format!("link parentcustomerid account {theirs}");
    world.step(&probe(PRE_OPERATION, "Create", "contact", &script));
    let run = world.create(&world.seller, linked("account", theirs, "parentcustomerid"));
    blames_nobody(&run, "0x80048306");
    let run = world.create(&world.seller, contact());
    run.refused("0x80048306");
}

/// A step that mends one fault of a request is not to blame for another one.
#[test]
fn a_step_that_mends_a_fault_is_not_to_blame_for_the_next() {
    let world = Pipeline::new();
    let theirs = world.admin.create(account());
    world.step(&probe(PRE_OPERATION, "Create", "contact", "set jobtitle short"));
    let long = linked("account", theirs, "parentcustomerid").with("jobtitle", "x".repeat(101));
    blames_nobody(&world.create(&world.seller, long), "0x80048306");
    // The last name is needed: without what the step fills in, another refusal would come first.
    world.step(&probe(PRE_OPERATION, "Create", "contact", "set lastname Filled"));
    let row = Row::unsaved("contact").with("parentcustomerid", Reference::new("account", theirs));
    blames_nobody(&world.create(&world.seller, row), "0x80048306");
}

#[test]
fn of_several_writers_the_last_is_named() {
    let world = Pipeline::new();
    let (one, other) = (world.admin.create(account()), world.admin.create(account()));
    let writes = |rank: i32, script: String| {
        let spec = probe(PRE_OPERATION, "Create", "contact", &script);
        world.step(&StepSpec { rank, ..spec })
    };
    let first = writes(1, format!("link parentcustomerid account {one}"));
    let last = writes(2, format!("link parentcustomerid account {other}"));
    blames(&world.create(&world.seller, contact()), "0x80048306", last);
    world.set_enabled(last, false);
    blames(&world.create(&world.seller, contact()), "0x80048306", first);
    // Who takes it out again mends it.
    let mends = writes(3, "remove parentcustomerid".to_owned());
    world.create(&world.seller, contact()).created();
    world.set_enabled(mends, false);
    world.set_enabled(first, false);
    // Two values, each a fault: the one that is met first.
    let title = writes(4, format!("set jobtitle {}", "x".repeat(101)));
    let link = writes(5, format!("link parentcustomerid account {one}"));
    blames(&world.create(&world.seller, contact()), "0x80044331", title);
    world.set_enabled(title, false);
    blames(&world.create(&world.seller, contact()), "0x80048306", link);
}

#[test]
fn a_value_two_levels_down_and_a_bad_parameter() {
    let world = Pipeline::new();
    let theirs = world.admin.create(account());
    world.step(&probe(
        POST_OPERATION,
        "Create",
        "account",
        "create contact lastname Inner",
    ));
    let script = format!("link parentcustomerid account {theirs}");
    let inner = world.step(&probe(PRE_OPERATION, "Create", "contact", &script));
    blames(&world.create(&world.seller, account()), "0x80048306", inner);
    let (_, request) = world.lead();
    blames(&world.run(&world.seller, request), "0x80048306", inner);
    world.set_enabled(inner, false);

    let input = world.step(&probe(
        PRE_OPERATION,
        "QualifyLead",
        "lead",
        "text-input CreateAccount perhaps",
    ));
    let (lead, request) = world.lead();
    let run = world.run(&world.seller, request.clone());
    let error = run.result.as_ref().unwrap_err();
    assert_eq!(error.body().step.as_ref().unwrap().id, input, "{error}");
    assert_eq!(world.seller.get("lead", lead).int("statecode"), Some(0));
    world.set_enabled(input, false);
    world.run(&world.seller, request).result.unwrap();
}

#[test]
fn an_update_and_its_owner() {
    let world = Pipeline::new();
    world.grant("Salesperson", "prvWriteContact", 0);
    let id = world.seller.create(contact());
    let (admin, theirs) = (world.admin.id(), world.admin.create(account()));
    let change = || world.update(&world.seller, Row::new("contact", id).with("jobtitle", "Boss"));
    for (script, code) in [
        (format!("link parentcustomerid account {theirs}"), "0x80048306"),
        ("number statecode 7".to_owned(), "0x80048408"),
        (format!("link ownerid team {admin}"), "0x80040220"),
    ] {
        let step = world.step(&probe(PRE_OPERATION, "Update", "contact", &script));
        blames(&change(), code, step);
        world.set_enabled(step, false);
        change().result.unwrap();
    }
}

/// A step that took out what every row needs.
#[test]
fn a_column_that_every_row_needs() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "task", "remove subject"));
    let task = || Row::unsaved("task").with("subject", "Call");
    blames(&world.create(&world.seller, task()), "0x80040200", step);
    world.set_enabled(step, false);
    world.create(&world.seller, task()).created();
}

/// What was tried to find the step has left nothing behind.
#[test]
fn the_search_leaves_nothing_behind() {
    let world = Pipeline::new();
    let nobody = Uuid::from_u128(7);
    world.step(&probe(
        PRE_OPERATION,
        "QualifyLead",
        "lead",
        &format!("trace once\nlink-input SourceCampaignId campaign {nobody}"),
    ));
    world.step(&probe(
        POST_OPERATION,
        "Create",
        "account",
        "trace account\ncreate contact lastname Left",
    ));
    let before = world.counts(["account", "contact", "opportunity"]);
    let (_, request) = world.lead();
    let run = world.run(&world.seller, request);
    if run.result.is_err() {
        assert_eq!(world.counts(["account", "contact", "opportunity"]), before);
        let said = run.said();
        assert!(said.iter().filter(|line| *line == "account").count() <= 1, "{said:?}");
    }
}

#[test]
fn the_diagnosis_finds_it_and_disables_it() {
    let world = Pipeline::new();
    let theirs = world.admin.create(account());
    let script = format!("link parentcustomerid account {theirs}");
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", &script));
    let isolation = world
        .admin
        .0
        .isolate(world.seller.id(), &Request::create(contact()))
        .unwrap();
    let [culprit] = isolation.culprits.as_slice() else {
        panic!("{isolation:#?}")
    };
    assert!(isolation.passes);
    assert_eq!(culprit.error.body().step.as_ref().unwrap().id, step);
    assert!(
        culprit.fixes().contains(&Fix::Disable { step, is_own: true }),
        "{culprit:#?}"
    );
    assert!(
        !culprit.fixes().iter().any(|fix| fix.kind() == "run-as"),
        "{culprit:#?}"
    );
}

#[test]
fn the_diagnosis_finds_a_step_that_takes_the_row_away() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Update", "contact", "delete-self"));
    world.step(&probe(PRE_OPERATION, "Update", "contact", "trace innocent"));
    let id = world.seller.create(contact());
    world.grant("Salesperson", "prvWriteContact", 0);
    world.grant("Salesperson", "prvDeleteContact", 0);
    let request = Request::update(Row::new("contact", id).with("jobtitle", "Boss"));
    let isolation = world.admin.0.isolate(world.seller.id(), &request).unwrap();
    let [culprit] = isolation.culprits.as_slice() else {
        panic!("{isolation:#?}")
    };
    assert_eq!(culprit.error.body().step.as_ref().map(|step| step.id), Some(step));
    assert_eq!(culprit.fixes(), [Fix::Disable { step, is_own: true }]);
    assert!(isolation.passes);
}

/// Behind the call that is refused now, another step is refused: both are found, and with what is
/// printed for both the request passes.
#[test]
fn the_diagnosis_looks_behind_a_grant() {
    let world = Pipeline::new();
    let outer = world.step(&probe(POST_OPERATION, "Create", "contact", "create campaign name x"));
    let inner = world.step(&probe(PRE_OPERATION, "Create", "campaign", "read sl_commissionrule"));
    let request = Request::create(contact());
    let isolation = world.admin.0.isolate(world.seller.id(), &request).unwrap();
    let steps: Vec<_> = isolation
        .culprits
        .iter()
        .map(|culprit| culprit.error.body().step.as_ref().unwrap().id)
        .collect();
    assert_eq!(steps, [outer, inner], "{isolation:#?}");
    for fix in isolation.culprits.iter().flat_map(|culprit| culprit.fixes()) {
        if let Fix::Grant {
            role, privilege, depth, ..
        } = fix
        {
            world.grant(&role, &privilege, depth.number());
        }
    }
    world.run(&world.seller, request).result.unwrap();
}

#[test]
fn a_platforms_refusal_stays_the_platforms() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "Create", "contact", "set jobtitle Boss"));
    let theirs = world.admin.create(account());
    let request = Request::create(linked("account", theirs, "parentcustomerid"));
    let isolation = world.admin.0.isolate(world.seller.id(), &request).unwrap();
    assert_eq!(isolation.culprits.len(), 1);
    assert_eq!(isolation.culprits[0].error.body().step, None);
    let none = world
        .admin
        .list(Query::new("contact").filter(Filter::eq("jobtitle", Value::from("Boss"))));
    assert!(none.is_empty());
}

/// The links of a lead that is closed are the platform's; a step that puts another account there
/// needs what the caller would need.
#[test]
fn a_step_does_not_pass_for_the_platform_where_a_lead_is_closed() {
    let world = Pipeline::new();
    let theirs = world.admin.create(account());
    let script = format!("link parentaccountid account {theirs}");
    let step = world.step(&probe(PRE_OPERATION, "Update", "lead", &script));
    let (lead, qualify) = world.lead();
    blames(&world.run(&world.seller, qualify.clone()), "0x80048306", step);
    world.set_enabled(step, false);
    world.run(&world.seller, qualify).result.unwrap();
    let closed = world.admin.get("lead", lead);
    assert_eq!(closed.int("statecode"), Some(1));
    assert_ne!(closed.lookup("parentaccountid").map(|account| account.id), Some(theirs));
}
