//! QualifyLead as an administrator sees it.

use std::sync::Arc;

use sluice_engine::{Engine, Env, Founding, OpenOptions, SystemEnv};
use sluice_model::{Reference, Request, Row, Value};
use sluice_sales::{APP, qualify};

fn organisation() -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("org.db");
    let env: Arc<dyn Env> = Arc::new(SystemEnv);
    let options = OpenOptions::default();
    Engine::create(&path, &Founding::default(), &[APP], &env, &options, |_| Ok(())).unwrap();
    (folder, Engine::open(&path, &[APP], &env, &options).unwrap())
}

#[test]
fn a_lead_becomes_three_rows() {
    let (_folder, engine) = organisation();
    let admin = engine.session_of("admin").unwrap();
    let lead = Row::unsaved("lead")
        .with("subject", "Twelve pumps")
        .with("firstname", "Yvonne")
        .with("lastname", "McKay")
        .with("companyname", "Fourth Coffee")
        .with("telephone1", "425-555-0100");
    let lead = admin.execute(Request::create(lead)).unwrap().created().unwrap();
    let row = admin
        .execute(Request::retrieve(Reference::new("lead", lead), &[]))
        .unwrap()
        .row()
        .cloned()
        .unwrap();
    assert_eq!(row.text("fullname"), Some("Yvonne McKay"));
    assert_eq!(row.get("statuscode"), Some(&Value::Choice(1)));

    let response = admin
        .execute(qualify::request(lead, &qualify::Choices::default()))
        .unwrap();
    let Some(sluice_model::Parameter::References(made)) = response.outputs.get("CreatedEntities") else {
        panic!()
    };
    assert_eq!(made.len(), 3);
    let error = admin
        .execute(qualify::request(lead, &qualify::Choices::default()))
        .unwrap_err();
    assert_eq!(error.code().to_string(), "0x80040519");
}
