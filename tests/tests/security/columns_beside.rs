//! What stands beside a row, and is made of it, tells no more of its secured columns than the row.

use std::sync::atomic::AtomicBool;

use sluice_model::{Code, Depth, Filter, Parameter, Query, Reference, Request, Right, Row, Value};
use sluice_tests::Actor;

use crate::{
    columns::{Columns, join, secure},
    world::{CUSTOMIZATIONS, associate, grant, grants, user},
};

#[test]
fn the_audit_trail_tells_no_more_than_the_row() {
    let columns = Columns::new();
    let mut trail = grants("audit", &[Right::Read], Depth::Organization);
    trail[0].0 = "prvReadAuditSummary".to_owned();
    let known = columns
        .world
        .ids("privilege", Filter::eq("name", "prvReadAuditSummary"));
    if known.is_empty() {
        trail[0].0 = "prvReadAudit".to_owned();
    }
    trail.push(grant("prvReadRecordAuditHistory", Depth::Organization));
    columns.world.role("Auditor", &trail);
    let role = columns.world.role_in("Auditor", columns.world.root());
    associate(
        &columns.world.admin,
        user(&columns.seller),
        "systemuserroles_association",
        role,
    )
    .unwrap();
    let of = Filter::eq("objectid", columns.account).and(Filter::eq("objecttypecode", "account"));
    let query = Query::new("audit").columns(&["changedata"]).filter(of);
    let told = |actor: &Actor| {
        actor.list(query.clone())[0]
            .text("changedata")
            .unwrap_or_default()
            .to_owned()
    };
    assert!(told(&columns.world.admin).contains("425-555-0100"));
    let seen = told(&columns.seller);
    assert!(
        seen.contains("Litware, Inc.") && !seen.contains("425-555-0100") && !seen.contains("creditlimit"),
        "{seen}"
    );
}

#[test]
fn duplicates_are_not_told_by_what_is_not_shown() {
    let columns = Columns::new();
    let admin = &columns.world.admin;
    let rule = admin.create(
        Row::unsaved("duplicaterule")
            .with("name", "Accounts with the same telephone")
            .with("baseentityname", "account")
            .with("matchingentityname", "account"),
    );
    admin.create(
        Row::unsaved("duplicaterulecondition")
            .with("regardingobjectid", Reference::new("duplicaterule", rule))
            .with("baseattributename", "telephone1")
            .with("matchingattributename", "telephone1")
            .with("operatorcode", Value::Choice(0)),
    );
    let publish = Request::new("PublishDuplicateRule").with("DuplicateRuleId", Value::Id(rule));
    let job = admin.0.execute(publish).unwrap();
    let Some(Parameter::Value(Value::Id(job))) = job.outputs.get("JobId") else {
        panic!("{job:?}");
    };
    admin.0.run_job(*job, &AtomicBool::new(false), &|_| ()).unwrap();
    columns.gives("telephone1", [true, false, false]);
    join(&columns.world, &columns.seller, columns.profile);
    let same = || {
        let row = Row::unsaved("account")
            .with("name", "Fabrikam")
            .with("telephone1", "425-555-0100");
        Request::create(row).with("SuppressDuplicateDetection", false)
    };
    let found = admin.0.execute(same()).unwrap_err();
    assert_eq!(found.code(), Code::DUPLICATES_FOUND);
    columns.seller.0.execute(same()).unwrap();
}

#[test]
fn a_copy_of_a_row_has_what_the_caller_reads() {
    let columns = Columns::new();
    let mut rights = grants("Lead", &Right::ALL, Depth::Organization);
    for privilege in CUSTOMIZATIONS {
        rights.push(grant(privilege, Depth::Organization));
    }
    columns.world.role("Leads", &rights);
    let role = columns.world.role_in("Leads", columns.world.root());
    associate(
        &columns.world.admin,
        user(&columns.seller),
        "systemuserroles_association",
        role,
    )
    .unwrap();
    let lead = Row::unsaved("lead")
        .with("subject", "Pumps")
        .with("lastname", "Novak")
        .with("companyname", "Novak Ltd")
        .with("telephone1", "425-555-0100");
    let lead = columns.world.admin.create(lead);
    secure(&columns.world.admin, "lead", "telephone1", true).unwrap();
    let from = Request::new("InitializeFrom")
        .with("EntityMoniker", Reference::new("lead", lead))
        .with("TargetEntityName", "account");
    let mapped = |actor: &Actor| {
        let answer = actor.0.execute(from.clone()).unwrap();
        match answer.outputs.get("Entity") {
            Some(Parameter::Row(row)) => row.clone(),
            other => panic!("{other:?}"),
        }
    };
    let whole = mapped(&columns.world.admin);
    let seen = mapped(&columns.seller);
    assert!(whole.has("telephone1"), "{whole:?}");
    assert!(!seen.has("telephone1") && seen.has("name"), "{seen:?}");
}

#[test]
fn why_names_the_profiles_that_give_something() {
    let columns = Columns::new();
    columns.gives("telephone1", [false, true, false]);
    join(&columns.world, &columns.seller, columns.profile);
    let request = Request::new("RetrieveAccessReasons")
        .with("Target", Reference::new("account", columns.account))
        .with("Principal", user(&columns.seller));
    let answer = columns.world.admin.0.execute(request).unwrap();
    let Some(Parameter::Rows(lines)) = answer.outputs.get("SecuredColumns") else {
        panic!("{answer:?}");
    };
    let line = |column: &str| lines.iter().find(|line| line.text("Column") == Some(column)).unwrap();
    assert_eq!(line("telephone1").text("ReadThrough"), Some("Finance"));
    assert_eq!(line("telephone1").bool("Update"), Some(false));
    assert_eq!(line("creditlimit").bool("Read"), Some(false));
}
