//! The first, the second, the third … statement of the store fails: what a request left is the
//! state before it, or the state after it.

use std::{collections::BTreeMap, sync::atomic::AtomicBool};

use sluice_engine::{Faults, JobState, Session};
use sluice_model::{Error, Parameter, Query, Reference, Request, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_sales::qualify::{self, Choices};
use sluice_tests::{Actor, Organisation};

/// Tables in which a failed request may leave something.
const TRACES: [&str; 3] = ["plugintracelog", "sl_messagetrace", "sl_privilegeuse"];

/// Every row of every other table.
fn everything(org: &Organisation) -> BTreeMap<String, Vec<Row>> {
    let reader = org.second_process();
    let system = Actor(reader.session(reader.system_id().unwrap()));
    let catalog = system.0.catalog().unwrap();
    let tables = catalog.iter().filter(|table| !TRACES.contains(&&*table.name));
    tables
        .map(|table| (table.name.to_string(), system.list(Query::new(table.name.clone()))))
        .collect()
}

/// Lets every statement of `work` fail in turn, until it is done before the failure comes.
/// How often it failed.
fn fail_everywhere(
    org: &Organisation,
    faults: &Faults,
    session: &Session,
    work: impl Fn(&Session) -> Result<(), Error>,
) -> u64 {
    let mut failures = 0;
    let before = everything(org);
    for n in 1.. {
        faults.at(n);
        let result = work(session);
        let struck = faults.struck();
        faults.at(0);
        match result {
            // A failure on the way may have cost the unit a second run, and no more.
            Ok(()) => {
                assert_ne!(everything(org), before, "statement {n}: it said that it was done");
                assert!(!struck || n > 1, "the first statement failed, and nobody noticed");
                return failures;
            }
            Err(error) => {
                assert!(error.message().contains("injected") || struck, "statement {n}: {error}");
                assert_eq!(everything(org), before, "statement {n} failed: {error}");
                failures += 1;
            }
        }
    }
    unreachable!("there is always another number")
}

fn lead(admin: &Actor, more: &[(&'static str, Value)]) -> Uuid {
    let mut row = Row::unsaved("lead")
        .with("subject", "Pumps")
        .with("firstname", "Ada")
        .with("lastname", "Novak")
        .with("companyname", "Novak Ltd");
    for (column, value) in more {
        row.set(*column, value.clone());
    }
    admin.create(row)
}

#[test]
fn qualifying_leaves_all_or_nothing() {
    let faults = Faults::default();
    let org = Organisation::failing(&faults);
    let admin = org.admin();
    let lead = lead(&admin, &[]);
    let failures = fail_everywhere(&org, &faults, &admin.0, |session| {
        session.execute(qualify::request(lead, &Choices::default())).map(|_| ())
    });
    assert!(failures > 30, "only {failures} statements");
    assert_eq!(admin.get("lead", lead).int("statecode"), Some(1));
}

#[test]
fn merging_leaves_all_or_nothing() {
    let faults = Faults::default();
    let org = Organisation::failing(&faults);
    let admin = org.admin();
    let (keep, other) = (lead(&admin, &[]), lead(&admin, &[("jobtitle", Value::from("Owner"))]));
    let about = |id| Reference::new("lead", id);
    admin.create(Row::unsaved("annotation").with("objectid", about(other)));
    admin.create(
        Row::unsaved("task")
            .with("subject", "Call")
            .with("regardingobjectid", about(other)),
    );
    let failures = fail_everywhere(&org, &faults, &admin.0, |session| {
        let request = Request::new("Merge")
            .with("Target", about(keep))
            .with("SubordinateId", about(other))
            .with("UpdateContent", Row::unsaved("lead").with("jobtitle", "Owner"));
        session.execute(request).map(|_| ())
    });
    assert!(failures > 30, "only {failures} statements");
    assert_eq!(admin.get("lead", other).bool("merged"), Some(true));
}

#[test]
fn publishing_leaves_all_or_nothing() {
    let faults = Faults::default();
    let org = Organisation::failing(&faults);
    let admin = org.admin();
    let form = admin.find("systemform", "Lead");
    admin.update(Row::new("systemform", form).with("formjson", "{}"));
    admin.create(
        Row::unsaved("systemform")
            .with("name", "Slim")
            .with("objecttypecode", "lead"),
    );
    let failures = fail_everywhere(&org, &faults, &admin.0, |session| {
        let response = session.execute(Request::new("PublishAllXml"))?;
        assert!(matches!(response.outputs.get("Published"), Some(Parameter::References(rows)) if rows.len() == 2));
        Ok(())
    });
    assert!(failures > 10, "only {failures} statements");
    assert!(admin.0.unpublished().unwrap().is_empty());
}

/// Publishing a rule is a message and a job. Whichever statement of them fails, the rule is not
/// published, or its job can be gone on with; and then it finds what there is.
#[test]
fn publishing_a_rule_leaves_it_unpublished_or_can_be_gone_on_with() {
    let faults = Faults::default();
    let org = Organisation::failing(&faults);
    let admin = org.admin();
    let pair = [lead(&admin, &[]), lead(&admin, &[])];
    let rule = admin.create(
        Row::unsaved("duplicaterule")
            .with("name", "Same company")
            .with("baseentityname", "lead")
            .with("matchingentityname", "lead"),
    );
    admin.create(
        Row::unsaved("duplicaterulecondition")
            .with("regardingobjectid", Reference::new("duplicaterule", rule))
            .with("baseattributename", "companyname")
            .with("matchingattributename", "companyname")
            .with("operatorcode", Value::Choice(0)),
    );
    let message = |name: &str| Request::new(name).with("DuplicateRuleId", Value::Id(rule));
    let run = |job| admin.0.run_job(job, &AtomicBool::new(false), &|_| {});
    let publish = || -> Result<(), Error> {
        let response = admin.0.execute(message("PublishDuplicateRule"))?;
        let Some(Parameter::Value(Value::Id(job))) = response.outputs.get("JobId") else {
            panic!("no job");
        };
        assert_eq!(run(*job)?.state, JobState::Succeeded);
        Ok(())
    };
    let mut failures = 0;
    for n in 1.. {
        faults.at(n);
        let result = publish();
        faults.at(0);
        let row = admin.get("duplicaterule", rule);
        match (&result, row.int("statuscode")) {
            (Err(_), Some(0)) => {
                failures += 1;
                continue;
            }
            (Err(_), Some(1)) => {
                failures += 1;
                let job = row.id_of("sl_publishjob").unwrap();
                assert_eq!(run(job).unwrap().state, JobState::Succeeded, "statement {n}");
            }
            (_, status) => assert_eq!(status, Some(2), "statement {n}: {result:?}"),
        }
        let request = Request::new("RetrieveDuplicates")
            .with("BusinessEntity", admin.get("lead", pair[0]))
            .with("MatchingEntityName", "lead");
        let found = admin.0.execute(request).unwrap();
        let Some(Parameter::Rows(found)) = found.outputs.get("DuplicateCollection") else {
            panic!("no list");
        };
        assert_eq!(
            found.iter().map(|row| row.id).collect::<Vec<_>>(),
            [pair[1]],
            "statement {n}"
        );
        admin.0.execute(message("UnpublishDuplicateRule")).unwrap();
        if result.is_ok() {
            break;
        }
    }
    assert!(failures > 10, "only {failures} statements");
}
