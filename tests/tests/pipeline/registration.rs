//! Plug-ins and steps as an administrator handles them.

use sluice_model::{Filter, Query, Reference, Request, Row, Uuid, Value};
use sluice_platform::StepSpec;
use sluice_platform::prelude::*;

use crate::world::{POST_OPERATION, PRE_OPERATION, Pipeline, contact, probe};

fn step_row(world: &Pipeline, id: Uuid) -> Row {
    world.admin.get("sdkmessageprocessingstep", id)
}

/// The step that the hostile guest declares.
fn declared(world: &Pipeline) -> Row {
    let filter = Filter::eq("sl_origin", "declared").and(Filter::eq("name", "ok: Update of account"));
    let rows = world.admin.list(Query::new("sdkmessageprocessingstep").filter(filter));
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0].clone()
}

#[test]
fn a_step_is_a_row_with_what_was_asked_for() {
    let world = Pipeline::new();
    let integration = world.user("integration");
    let spec = StepSpec {
        rank: 17,
        name: Some("My step".to_owned()),
        description: Some("why".to_owned()),
        filtering: vec!["firstname".to_owned(), "lastname".to_owned()],
        secure: Some("hunter2".to_owned()),
        run_as: Some(integration),
        grants: vec!["clock".to_owned(), "system".to_owned()],
        limits: Some(r#"{"cpu": 500}"#.to_owned()),
        ..probe(PRE_OPERATION, "Update", "contact", "secure")
    };
    let id = world.step(&spec);
    let row = step_row(&world, id);
    assert_eq!(
        (row.text("name"), row.text("description")),
        (Some("My step"), Some("why"))
    );
    assert_eq!(
        (row.int("stage"), row.int("mode"), row.int("rank")),
        (Some(20), Some(0), Some(17))
    );
    assert_eq!(row.text("filteringattributes"), Some("firstname,lastname"));
    assert_eq!(row.text("configuration"), Some("secure"));
    assert_eq!(row.id_of("impersonatinguserid"), Some(integration));
    assert_eq!(
        (row.text("sl_grants"), row.text("sl_limits")),
        (Some("clock,system"), Some(r#"{"cpu": 500}"#))
    );
    assert_eq!((row.int("statecode"), row.int("statuscode")), (Some(0), Some(1)));
    assert_eq!(row.id_of("eventhandler"), row.id_of("plugintypeid"));
    assert!(
        !format!("{row:?}").contains("hunter2"),
        "the secret is in a table of its own"
    );
    let contact = world.admin.create(contact());
    world
        .update(&world.admin, Row::new("contact", contact).with("firstname", "Ada"))
        .says(&["secure hunter2"]);
    assert!(
        world
            .seller
            .0
            .list(Query::new("sdkmessageprocessingstepsecureconfig"))
            .is_err()
    );
}

#[test]
fn a_step_has_a_name_by_itself() {
    let world = Pipeline::new();
    let name = |spec: StepSpec| step_row(&world, world.step(&spec)).text("name").map(ToOwned::to_owned);
    assert_eq!(
        name(probe(PRE_OPERATION, "Create", "contact", "")).as_deref(),
        Some("probe: Create of contact")
    );
    assert_eq!(
        name(probe(PRE_OPERATION, "Delete", "", "")).as_deref(),
        Some("probe: Delete of any table")
    );
}

#[test]
fn a_disabled_step_does_not_run_until_it_is_enabled_again() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "trace on"));
    world.create(&world.admin, contact()).says(&["on"]);
    world.set_enabled(step, false);
    world.create(&world.admin, contact()).says(&[]);
    let row = step_row(&world, step);
    assert_eq!((row.int("statecode"), row.int("statuscode")), (Some(1), Some(2)));
    world.set_enabled(step, true);
    world.create(&world.admin, contact()).says(&["on"]);
    // Who only sells cannot do that.
    assert_eq!(
        world
            .seller
            .0
            .set_step_enabled(step, false)
            .unwrap_err()
            .code()
            .to_string(),
        "0x80040220"
    );
    world.create(&world.admin, contact()).says(&["on"]);
}

#[test]
fn disabling_a_plugin_remembers_which_steps_ran() {
    let world = Pipeline::new();
    let on = world.step(&probe(PRE_OPERATION, "Create", "contact", "trace on"));
    let off = world.step(&probe(PRE_OPERATION, "Create", "contact", "trace off"));
    world.set_enabled(off, false);
    let assembly = world.admin.find("pluginassembly", "probe");
    let ids = |changed: Vec<(Uuid, String)>| changed.into_iter().map(|(id, _)| id).collect::<Vec<_>>();

    assert_eq!(ids(world.admin.0.set_plugin_enabled(assembly, false).unwrap()), [on]);
    world.create(&world.admin, contact()).says(&[]);
    assert!(
        world.admin.0.set_plugin_enabled(assembly, false).unwrap().is_empty(),
        "twice is as good as once"
    );
    assert_eq!(ids(world.admin.0.set_plugin_enabled(assembly, true).unwrap()), [on]);
    world.create(&world.admin, contact()).says(&["on"]);
    assert_eq!(step_row(&world, off).int("statecode"), Some(1));
    assert!(world.admin.0.set_plugin_enabled(assembly, true).unwrap().is_empty());
}

#[test]
fn a_step_enabled_by_hand_in_between_is_not_remembered_twice() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "trace on"));
    let assembly = world.admin.find("pluginassembly", "probe");
    world.admin.0.set_plugin_enabled(assembly, false).unwrap();
    world.set_enabled(step, true);
    world.set_enabled(step, false);
    // The administrator's last word was: disabled.
    world.admin.0.set_plugin_enabled(assembly, true).unwrap();
    assert_eq!(step_row(&world, step).int("statecode"), Some(1));
}

#[test]
fn pushing_again_keeps_what_administrators_decided() {
    let world = Pipeline::new();
    let first = world.push("hostile", "hostile", false);
    assert_eq!((first.added.len(), first.updated.len()), (1, 0));
    assert!(first.types.contains(&"eats-memory".to_owned()));
    assert_eq!(first.wants, [("clock".to_owned(), vec!["clock".to_owned()])]);
    let step = declared(&world);
    assert_eq!((step.int("rank"), step.text("configuration")), (Some(5), Some("c")));
    let integration = Reference::new("systemuser", world.user("integration"));
    let changes = Row::new("sdkmessageprocessingstep", step.id)
        .with("impersonatinguserid", integration.clone())
        .with("sl_limits", r#"{"rows": 7}"#)
        .with("rank", 77)
        .with("configuration", "mine");
    world.admin.0.update_step(&changes, Some(&[]), Some("hunter2")).unwrap();
    world.set_enabled(step.id, false);
    let secure = step_row(&world, step.id).id_of("sdkmessageprocessingstepsecureconfigid");
    assert!(secure.is_some());

    let again = world.push("hostile", "hostile", false);
    assert_eq!(again.id, first.id);
    assert!(again.added.is_empty() && again.undeclared.is_empty(), "{again:?}");
    assert_eq!(again.updated.len(), 1);
    let row = step_row(&world, step.id);
    assert_eq!(row.lookup("impersonatinguserid"), Some(&integration));
    assert_eq!(row.id_of("sdkmessageprocessingstepsecureconfigid"), secure);
    assert_eq!(
        (row.int("statecode"), row.text("sl_limits")),
        (Some(1), Some(r#"{"rows": 7}"#))
    );
    // What the code declares is the code's again, with its image; the configuration is theirs.
    assert_eq!((row.int("rank"), row.text("configuration")), (Some(5), Some("mine")));
    assert_eq!(again.kept.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [step.id]);
    let images = Query::new("sdkmessageprocessingstepimage").filter(Filter::eq("sdkmessageprocessingstepid", step.id));
    assert_eq!(world.admin.list(images).len(), 1);

    let third = world.push("hostile", "hostile", false);
    assert!(
        third.added.is_empty() && third.updated.is_empty(),
        "nothing left to change: {third:?}"
    );
}

#[test]
fn images_of_a_step_are_replaced_as_a_whole() {
    let world = Pipeline::new();
    let image = |alias: &str| sluice_platform::ImageSpec {
        kind: 0,
        alias: alias.to_owned(),
        columns: vec![],
    };
    let spec = probe(PRE_OPERATION, "Update", "contact", "pre-columns a\npre-columns b");
    let step = world.step(&StepSpec {
        images: vec![image("a")],
        ..spec
    });
    world
        .admin
        .0
        .update_step(&Row::new("sdkmessageprocessingstep", step), Some(&[image("b")]), None)
        .unwrap();
    let id = world.admin.create(contact());
    let said = world
        .update(&world.admin, Row::new("contact", id).with("firstname", "x"))
        .said();
    assert_eq!(said[0], "pre a: absent");
    assert!(
        said[1].starts_with("pre b: ") && said[1].contains("lastname"),
        "{said:?}"
    );
}

#[test]
fn an_assembly_with_steps_stays_until_they_are_gone() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "trace x"));
    let assembly = world.admin.find("pluginassembly", "probe");
    let error = world.admin.try_delete("pluginassembly", assembly).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80040227");
    assert!(error.message().contains("probe: Create of contact"), "{error}");
    world.admin.try_delete("sdkmessageprocessingstep", step).unwrap();
    world.create(&world.admin, contact()).says(&[]);
    world.admin.try_delete("pluginassembly", assembly).unwrap();
    let types = Query::new("plugintype").filter(Filter::eq("typename", "probe"));
    assert!(world.admin.list(types).is_empty());
}

#[test]
fn a_deleted_type_takes_its_steps_and_their_images_along() {
    let world = Pipeline::new();
    let image = sluice_platform::ImageSpec {
        kind: 1,
        alias: "i".to_owned(),
        columns: vec![],
    };
    let spec = probe(POST_OPERATION, "Create", "contact", "trace x");
    let step = world.step(&StepSpec {
        images: vec![image],
        ..spec
    });
    let plugin_type = world.admin.0.find_plugin_type("probe/probe").unwrap();
    world.admin.try_delete("plugintype", plugin_type).unwrap();
    world.create(&world.admin, contact()).says(&[]);
    assert!(world.admin.try_get("sdkmessageprocessingstep", step).is_err());
    let images = Query::new("sdkmessageprocessingstepimage").filter(Filter::eq("sdkmessageprocessingstepid", step));
    assert!(world.admin.list(images).is_empty());
    let assembly = world.admin.find("pluginassembly", "probe");
    world.admin.try_delete("pluginassembly", assembly).unwrap();
}

#[test]
fn a_step_changed_as_a_row_is_checked_as_at_registration() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "trace x"));
    let change = |column: &str, value: Value| {
        let row = Row::new("sdkmessageprocessingstep", step).with(column, value);
        world
            .admin
            .0
            .execute(Request::update(row))
            .map(|_| ())
            .unwrap_err()
            .code()
            .to_string()
    };
    assert_eq!(change("mode", Value::Choice(1)), "0x80044184");
    assert_eq!(change("stage", Value::Choice(30)), "0x80044184");
    assert_eq!(change("filteringattributes", Value::from("nosuchcolumn")), "0x80041103");
    assert_eq!(change("sl_limits", Value::from(r#"{"cpu": 100000}"#)), "0x80040203");
    assert_eq!(change("sl_grants", Value::from("root")), "0x80040203");
    world.create(&world.admin, contact()).says(&["x"]);
}

#[test]
fn filtering_columns_are_for_create_and_update_in_any_case() {
    let world = Pipeline::new();
    let filtered = |message: &str, table: &str, columns: &[&str]| StepSpec {
        filtering: columns.iter().map(|name| (*name).to_owned()).collect(),
        ..probe(PRE_OPERATION, message, table, &format!("trace {message}"))
    };
    let step = world.step(&filtered("Create", "contact", &["JobTitle", "firstname"]));
    assert_eq!(
        step_row(&world, step).text("filteringattributes"),
        Some("jobtitle,firstname")
    );
    world.create(&world.admin, contact()).says(&[]);
    world
        .create(&world.admin, contact().with("jobtitle", "Boss"))
        .says(&["Create"]);
    for (message, table) in [("Delete", "contact"), ("QualifyLead", "lead"), ("Create", "")] {
        assert_eq!(
            world.refused_step(&filtered(message, table, &["createdon"])),
            "0x80044187"
        );
    }
}

#[test]
fn a_step_takes_its_secret_along() {
    let world = Pipeline::new();
    let spec = StepSpec {
        secure: Some("hunter2".to_owned()),
        ..probe(PRE_OPERATION, "Create", "contact", "secure")
    };
    let (one, other) = (world.step(&spec), world.step(&spec));
    let secrets = || world.admin.count("sdkmessageprocessingstepsecureconfig");
    let emptied = world.step(&spec);
    let row = Row::new("sdkmessageprocessingstep", emptied);
    world.admin.0.update_step(&row, None, Some("")).unwrap();
    assert_eq!(secrets(), 2, "an emptied secret is gone");
    assert_eq!(
        step_row(&world, emptied).id_of("sdkmessageprocessingstepsecureconfigid"),
        None
    );
    world.admin.0.update_step(&row, None, Some("")).unwrap();
    let before = secrets();
    world.admin.try_delete("sdkmessageprocessingstep", one).unwrap();
    assert_eq!(secrets(), before - 1);
    let kept = step_row(&world, other)
        .id_of("sdkmessageprocessingstepsecureconfigid")
        .unwrap();
    let shared = Row::new(
        "sdkmessageprocessingstep",
        world.step(&probe(PRE_OPERATION, "Create", "contact", "secure")),
    );
    let reference = Reference::new("sdkmessageprocessingstepsecureconfig", kept);
    let shared_step = shared.id;
    world
        .admin
        .update(shared.with("sdkmessageprocessingstepsecureconfigid", reference));
    world.admin.try_delete("sdkmessageprocessingstep", other).unwrap();
    assert_eq!(secrets(), before - 1, "another step has the same");
    world.admin.try_delete("sdkmessageprocessingstep", shared_step).unwrap();
    assert_eq!(secrets(), before - 2);
}

/// A change of steps counts from the next request, not within the one that makes it.
#[test]
fn a_step_that_is_removed_while_its_message_runs_still_runs() {
    let world = Pipeline::new();
    let later = world.step(&probe(POST_OPERATION, "Create", "contact", "trace later"));
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        &format!("delete sdkmessageprocessingstep {later}\ntrace removed"),
    ));
    world.create(&world.admin, contact()).says(&["removed", "later"]);
    let error = world.create(&world.admin, contact()).result.unwrap_err();
    assert!(error.message().contains("Does Not Exist"), "{error}");
}

/// Registered under the platform's names, and delivered so: no Target, and the request's own
/// parameters.
#[test]
fn steps_run_on_win_and_lose_of_an_opportunity() {
    let world = Pipeline::new();
    let opportunity = world.admin.create(Row::unsaved("opportunity").with("name", "Pumps"));
    let close = |message: &str, status: i32| {
        let close = Row::unsaved("opportunityclose").with("opportunityid", Reference::new("opportunity", opportunity));
        let request = Request::new(message).with("OpportunityClose", close);
        world.run(&world.admin, request.with("Status", status))
    };
    for message in ["Win", "LoseOpportunity"] {
        world.step(&probe(PRE_OPERATION, message, "opportunity", "dump\ncolumns\noutputs"));
    }
    let dump = |message: &str| {
        format!(
            "message={message} stage=PreOperation mode=Synchronous depth=1 table=opportunity in-transaction=true \
             user-is-initiating=true id=true parent="
        )
    };
    let said = close("LoseOpportunity", 4).said();
    assert_eq!((&*said[0], &*said[1]), (&*dump("Lose"), "columns "));
    world
        .admin
        .update(Row::new("opportunity", opportunity).with("statecode", Value::Choice(0)));
    let said = close("WinOpportunity", 3).said();
    assert_eq!((&*said[0], &*said[1]), (&*dump("Win"), "columns "));
    let images = StepSpec {
        images: vec![sluice_platform::ImageSpec {
            kind: 0,
            alias: "before".to_owned(),
            columns: Vec::new(),
        }],
        ..probe(PRE_OPERATION, "Win", "opportunity", "")
    };
    assert_eq!(world.refused_step(&images), "0x80044189");
    assert_eq!(
        world.refused_step(&probe(PRE_OPERATION, "Win", "account", "")),
        "0x80044187"
    );
}

/// What the platform alone writes is sent by nobody, so a step there would never run.
#[test]
fn no_step_is_registered_where_the_platform_alone_writes() {
    let world = Pipeline::new();
    let closed = [
        "audit",
        "sl_stagevisit",
        "entitykey",
        "plugintracelog",
        "asyncoperation",
        "sl_messagetrace",
    ];
    let closed = closed.map(|table| ("Create", table)).into_iter();
    for (message, table) in closed.chain([
        ("Retrieve", "audit"),
        ("Merge", "opportunity"),
        ("Create", "organization"),
        ("Delete", "organization"),
    ]) {
        let error = world
            .admin
            .0
            .register_step(&probe(PRE_OPERATION, message, table, ""))
            .unwrap_err();
        assert_eq!(error.code().to_string(), "0x80044187", "{message} of {table}: {error}");
    }
    world.step(&probe(PRE_OPERATION, "Update", "organization", ""));
}
