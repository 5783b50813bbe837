//! What was asked about privileges while a recorded request ran: of whom, why of them, through what
//! it passed, by which step; and who is shown it.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use sluice_engine::{TracedCheck, TracedChecks};
use sluice_model::{Depth, Filter, Query, Request, Row, Uuid};
use sluice_platform::StepSpec;
use sluice_tests::{
    Actor, people,
    world::{list, text},
};

use crate::{
    why::campaigns,
    world::{PRE_OPERATION, Pipeline, contact, probe},
};

/// What was asked in the request with that correlation id, as a reader sees it.
fn shown(reader: &Actor, correlation: Uuid) -> Option<TracedChecks> {
    let query = Query::new("sl_messagetrace").filter(Filter::eq("sl_correlationid", correlation));
    let rows = reader.list(query);
    Some(serde_json::from_str(rows.first()?.text("sl_checks")?).unwrap())
}

fn of<'a>(found: &'a TracedChecks, privilege: &str, check: &str) -> &'a TracedCheck {
    let mut all = found.checks.iter();
    all.find(|one| one.privilege == privilege && one.check == check)
        .unwrap_or_else(|| panic!("{privilege}: {found:#?}"))
}

#[test]
fn what_was_asked_is_recorded_with_what_failed() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let refused = world.seller.0.execute(Request::create(contact())).unwrap_err();
    let found = shown(&world.admin, refused.body().correlation.unwrap()).unwrap();
    let missing = of(&found, "prvReadCampaign", "privilege");
    assert!(
        !missing.passed && missing.held.is_none() && missing.through.is_none(),
        "{missing:?}"
    );
    assert_eq!(missing.principal.id, world.seller.id());
    assert_eq!(missing.why(), "caller");
    assert_eq!(missing.step.as_ref().map(|step| step.id), Some(step));
    assert!(missing.call.as_ref().unwrap().ends_with(" campaign"), "{missing:?}");
    let held = of(&found, "prvCreateContact", "privilege");
    assert!(held.passed && held.step.is_none(), "{held:?}");
    assert_eq!(
        held.role.as_ref().and_then(|role| role.name.as_deref()),
        Some("Salesperson")
    );
    assert_eq!(held.call.as_deref(), Some("Create contact"));
}

#[test]
fn why_it_was_asked_of_somebody_else_is_told() {
    let world = Pipeline::new();
    let helper = people::user(&world.org, "helper", &[]);
    let script = campaigns("read");
    world.step(&StepSpec {
        run_as: Some(helper.id()),
        ..probe(PRE_OPERATION, "Create", "contact", &script)
    });
    let refused = world.seller.0.execute(Request::create(contact())).unwrap_err();
    let found = shown(&world.admin, refused.body().correlation.unwrap()).unwrap();
    let missing = of(&found, "prvReadCampaign", "privilege");
    assert_eq!((missing.principal.id, missing.why()), (helper.id(), "runs as"));
}

/// The depth that is needed is the shallowest that reaches the row, whatever is held.
#[test]
fn depths_held_and_needed_are_recorded() {
    let world = Pipeline::new();
    world.record_setting(2);
    let lead = world
        .seller
        .create(Row::unsaved("lead").with("subject", "Mine").with("lastname", "McKay"));
    let run = world.run(
        &world.admin,
        Request::update(Row::new("lead", lead).with("subject", "Ours")),
    );
    let answered = run.result.unwrap();
    drop(answered);
    let rows = world
        .admin
        .list(Query::new("sl_messagetrace").filter(Filter::eq("sl_message", "Update")));
    let newest = rows.last().unwrap().id_of("sl_correlationid").unwrap();
    let found = shown(&world.admin, newest).unwrap();
    let write = of(&found, "prvWriteLead", "access");
    assert_eq!(write.row, Some(lead));
    assert_eq!(write.held.as_deref(), Some(Depth::Organization.label()));
    assert!(write.passed && write.needed.is_some(), "{write:?}");
    let created = world
        .admin
        .list(Query::new("sl_messagetrace").filter(Filter::eq("sl_message", "Create")));
    let created = created.last().unwrap().id_of("sl_correlationid").unwrap();
    let found = shown(&world.admin, created).unwrap();
    assert_eq!(
        of(&found, "prvCreateLead", "access").needed.as_deref(),
        Some(Depth::User.label())
    );
}

#[test]
fn what_passes_is_recorded_where_it_is_asked_for_alone() {
    let world = Pipeline::new();
    world.trace_setting(2);
    let checks = |setting: i32| {
        world.record_setting(setting);
        world.run(&world.seller, Request::create(contact())).created();
        let rows = world
            .admin
            .list(Query::new("sl_messagetrace").filter(Filter::eq("sl_name", "Create contact")));
        rows.last().unwrap().text("sl_checks").map(str::len)
    };
    assert_eq!((checks(0), checks(1)), (None, None));
    assert!(checks(2).unwrap() > 100);
}

#[test]
fn what_is_asked_often_is_kept_once_and_counted() {
    let world = Pipeline::new();
    let script = format!("{}refuse enough", "read account\n".repeat(40));
    world.step(&probe(PRE_OPERATION, "Create", "contact", &script));
    let refused = world.seller.0.execute(Request::create(contact())).unwrap_err();
    let found = shown(&world.admin, refused.body().correlation.unwrap()).unwrap();
    let read = of(&found, "prvReadAccount", "privilege");
    assert!(read.times >= 40, "{read:?}");
    assert!(found.checks.len() < 40, "{}", found.checks.len());
}

#[test]
fn checks_are_shown_to_whoever_sent_the_request_and_who_may_read_its_row() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let reader = people::user(
        &world.org,
        "reader",
        &[("prvReadsl_messagetrace".to_owned(), Depth::Organization)],
    );
    let refused = world.seller.0.execute(Request::create(contact())).unwrap_err();
    let correlation = refused.body().correlation.unwrap();
    assert_eq!(shown(&reader, correlation), None);
    let all = people::user(
        &world.org,
        "contacts",
        &[
            ("prvReadsl_messagetrace".to_owned(), Depth::Organization),
            ("prvReadContact".to_owned(), Depth::Organization),
        ],
    );
    let found = shown(&all, correlation).unwrap();
    let held = of(&found, "prvCreateContact", "privilege");
    assert!(
        held.role.as_ref().is_some_and(|role| role.name.is_none()),
        "no names of roles: {held:?}"
    );
    assert_eq!(held.principal.name, None, "nor of users");
}

#[test]
fn traces_are_searched_and_their_privileges_listed() {
    let world = Pipeline::new();
    world.trace_setting(2);
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "trace the Blue Whale sings\nread campaign",
    ));
    world.seller.0.execute(Request::create(contact())).unwrap_err();
    world
        .create(&world.seller, Row::unsaved("account").with("name", "x"))
        .created();
    let program = world.org.program();
    let found = list(&program.json(&["trace", "search", "blue whale"]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(text(&found[0], "line"), "the Blue Whale sings");
    let found = list(&program.json(&[
        "trace",
        "search",
        "prvreadcampaign",
        "--failed",
        "--user",
        "seller.west",
    ]));
    let kinds: Vec<String> = found.iter().map(|hit| text(hit, "kind")).collect();
    assert!(
        kinds.contains(&"request".to_owned()) && kinds.contains(&"call".to_owned()),
        "{found:?}"
    );
    assert_eq!(list(&program.json(&["trace", "search", "no such words"])).len(), 0);

    let all = program.json(&["trace", "privileges"]);
    let refused = program.json(&["trace", "privileges", "--refused"]);
    let (all, refused) = (all["checks"].as_array().unwrap(), refused["checks"].as_array().unwrap());
    assert!(all.len() > refused.len());
    assert_eq!(refused.len(), 1);
    assert_eq!(text(&refused[0], "privilege"), "prvReadCampaign");
    let called = list(&program.json(&["trace", "list", "--failed"]));
    let of_call = program.json(&["trace", "show", "--checks", &text(&called[0], "plugintracelogid")]);
    assert!(
        of_call["checks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|check| check["step"].is_object()),
        "{of_call}"
    );
    let shown = program.run(&["trace", "privileges"]).stdout;
    assert!(
        shown.contains("prvReadCampaign") && shown.contains("1 refused"),
        "{shown}"
    );
    assert_eq!(program.run(&["trace", "privileges", "abcdef"]).code, 1);
}

#[test]
fn traces_are_followed_as_they_come() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "Create", "contact", "refuse first"));
    world.create(&world.seller, contact()).refused("0x80040265");
    let program = world.org.program();
    let mut child = program
        .command(&["--json", "trace", "list", "--requests", "--failed", "--follow"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> serde_json::Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let first = next();
    world.create(&world.seller, contact()).refused("0x80040265");
    let second = next();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        (text(&first, "sl_name"), text(&second, "sl_name")),
        ("Create contact".into(), "Create contact".into())
    );
    assert_ne!(first["sl_messagetraceid"], second["sl_messagetraceid"]);
}

/// A request that is about no row may carry some: what they hold is shown to those who may read their tables.
#[test]
fn rows_that_a_request_carries_are_shown_to_those_who_may_read_them() {
    let world = Pipeline::new();
    let request = Request::new("RetrieveDuplicates")
        .with("BusinessEntity", Row::unsaved("lead").with("lastname", "Confidential"))
        .with("MatchingEntityName", "nosuch");
    let refused = world.seller.0.execute(request).unwrap_err();
    let traces = [("prvReadsl_messagetrace".to_owned(), Depth::Organization)];
    let reader = people::user(&world.org, "reader", &traces);
    let leads = [&traces[..], &[("prvReadLead".to_owned(), Depth::Organization)]].concat();
    let of_leads = people::user(&world.org, "of leads", &leads);
    let shows = |actor: &Actor| {
        let filter = Filter::eq("sl_correlationid", refused.body().correlation.unwrap());
        let rows = actor.list(Query::new("sl_messagetrace").filter(filter));
        rows[0]
            .text("sl_request")
            .is_some_and(|text| text.contains("Confidential"))
    };
    assert_eq!([&world.admin, &reader, &of_leads].map(shows), [true, false, true]);
}
