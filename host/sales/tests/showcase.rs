//! The showcase from end to end, on the engine: refused, diagnosed, cured.

use std::sync::Arc;

use sluice_engine::{Engine, Env, Fix, Founding, OpenOptions, SystemEnv};
use sluice_model::{Filter, Query, Value};
use sluice_sales::{APP, qualify, sample};

fn plugin(name: &'static str) -> sample::Plugin {
    let path = format!("{}/../../target/plugins/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}; run `make guests`"));
    sample::Plugin {
        name,
        bytes: bytes.leak(),
    }
}

#[test]
fn the_missing_privilege_is_found_and_cured() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("org.db");
    let env: Arc<dyn Env> = Arc::new(SystemEnv);
    let options = OpenOptions::default();
    let plugins = ["commission", "phone-normalizer", "name-guard", "audit-note", "vip-flag"].map(plugin);
    Engine::create(&path, &Founding::default(), &[APP], &env, &options, |engine| {
        sample::fill(engine, &plugins)
    })
    .unwrap();
    let engine = Engine::open(&path, &[APP], &env, &options).unwrap();
    let admin = engine.session_of("admin").unwrap();
    let seller = engine.session_of("seller.west").unwrap();
    let open = Filter::eq("statecode", Value::Choice(0))
        .and(Filter::eq("ownerid", seller.user()))
        .and(Filter::Not(Box::new(Filter::eq(
            "address1_stateorprovince",
            Value::Null,
        ))));
    let leads = seller
        .list(
            Query::new("lead")
                .columns(&["fullname"])
                .filter(open)
                .order_by("createdon")
                .top(2),
        )
        .unwrap();
    let request = qualify::request(leads[0].id, &qualify::Choices::default());

    let error = seller.execute(request.clone()).unwrap_err();
    println!("{}", serde_json::to_string_pretty(&error.to_json()).unwrap());
    assert_eq!(error.body().privilege.as_deref(), Some("prvReadsl_commissionrule"));
    assert_eq!(error.body().step.as_ref().unwrap().plugin, "commission/commission");

    let isolation = admin.isolate(seller.user(), &request).unwrap();
    println!("{isolation:#?}");
    assert!(isolation.passes);
    assert_eq!(isolation.culprits.len(), 1);
    let fixes = &isolation.culprits[0].fixes;
    assert_eq!(
        fixes.iter().map(Fix::kind).collect::<Vec<_>>(),
        ["grant", "disable", "run-as"]
    );

    let step = error.body().step.as_ref().unwrap().id;
    admin.set_step_enabled(step, false).unwrap();
    seller.execute(request).unwrap();
}
