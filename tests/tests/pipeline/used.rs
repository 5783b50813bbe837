//! Marks of use: what they say, that they are written once, that trials leave none; and the role that
//! is suggested from them.

use std::sync::Arc;

use sluice_engine::{Env, SeededEnv};
use sluice_model::{Depth, Filter, Query, Reference, Request, Row, Timestamp, json};
use sluice_platform::{UsedBy, prelude::*};
use sluice_tests::{
    Actor, people,
    world::{list, text},
};

use crate::world::{PRE_OPERATION, Pipeline, account, contact, probe};

/// The marks of somebody: privilege, depth, way; in that order.
fn marks(world: &Pipeline, of: &Actor) -> Vec<(String, i32, String)> {
    let query = Query::new("sl_privilegeuse").filter(Filter::eq("sl_principalid", of.id()));
    let rows = world.admin.list(query);
    let mut marks: Vec<_> = rows
        .iter()
        .map(|row| {
            let text = |name: &str| row.text(name).unwrap_or_default().to_owned();
            (text("sl_privilege"), row.int("sl_depth").unwrap(), text("sl_way"))
        })
        .collect();
    marks.sort();
    marks
}

fn mark(privilege: &str, depth: i32, way: &str) -> (String, i32, String) {
    (privilege.to_owned(), depth, way.to_owned())
}

fn seller(world: &Pipeline, depth: Depth) -> Actor {
    let all = [
        "prvCreateContact",
        "prvReadContact",
        "prvWriteContact",
        "prvDeleteContact",
    ];
    let all = all.map(|name| (name.to_owned(), depth));
    people::user(&world.org, "sam", &all)
}

#[test]
fn a_mark_says_what_was_needed_and_is_written_once() {
    let world = Pipeline::new();
    let sam = seller(&world, Depth::Organization);
    let mine = sam.create(contact());
    let after_create = marks(&world, &sam);
    assert!(
        after_create.contains(&mark("prvCreateContact", 0, "role")),
        "{after_create:?}"
    );
    assert!(
        !after_create
            .iter()
            .any(|(privilege, ..)| privilege == "prvWriteContact")
    );
    sam.create(contact());
    sam.create(contact());
    assert_eq!(marks(&world, &sam), after_create, "what is known is not written again");

    // Somebody else's row, in the same business unit, and another one.
    let theirs = world.admin.create(contact());
    sam.update(Row::new("contact", mine).with("lastname", "Mine"));
    sam.update(Row::new("contact", theirs).with("lastname", "Theirs"));
    let found = marks(&world, &sam);
    assert!(found.contains(&mark("prvWriteContact", 0, "role")), "{found:?}");
    assert!(
        found.contains(&mark("prvWriteContact", 1, "role")),
        "the business unit was enough: {found:?}"
    );
    assert!(
        !found
            .iter()
            .any(|(privilege, depth, _)| privilege == "prvWriteContact" && *depth > 1)
    );
    // A list is noted with the depth that was held, and after the answer.
    sam.list(Query::new("contact"));
    assert!(marks(&world, &sam).contains(&mark("prvReadContact", 3, "list")));
}

#[test]
fn another_process_writes_the_same_marks() {
    let world = Pipeline::new();
    let sam = seller(&world, Depth::Organization);
    sam.create(contact());
    let before = marks(&world, &sam);
    let second = Actor(world.org.second_process().session_of("sam").unwrap());
    second.create(contact());
    assert_eq!(marks(&world, &sam), before);
}

#[test]
fn trials_refusals_and_the_setting_leave_no_marks() {
    let world = Pipeline::new();
    let sam = seller(&world, Depth::User);
    let before = marks(&world, &sam);
    sam.0.execute(Request::create(account())).unwrap_err();
    world.admin.0.explain(sam.id(), &Request::create(contact())).unwrap();
    world.admin.0.isolate(sam.id(), &Request::create(contact())).unwrap();
    sam.0
        .rehearse(|batch| batch.execute(Request::create(contact())).map(|_| ()))
        .unwrap();
    assert_eq!(marks(&world, &sam), before);
    let organization = world.admin.list(Query::new("organization").columns(&[])).remove(0);
    world
        .admin
        .update(Row::new("organization", organization.id).with("sl_notesuse", false));
    sam.create(contact());
    assert_eq!(marks(&world, &sam), before);
    // What somebody may do is asked about, and not done.
    world
        .admin
        .update(Row::new("organization", organization.id).with("sl_notesuse", true));
    let mine = world
        .admin
        .list(Query::new("contact").filter(Filter::eq("ownerid", Reference::new("systemuser", sam.id()))));
    let asked = Request::new("RetrievePrincipalAccess").with("Target", Reference::new("systemuser", sam.id()));
    let _ = world
        .admin
        .0
        .execute(asked.with("Record", Reference::new("contact", mine[0].id)));
    assert_eq!(marks(&world, &sam), before);
}

/// Use in a step counts for whoever the step runs as, with the step.
#[test]
fn the_step_that_used_it_is_noted() {
    let world = Pipeline::new();
    let sam = seller(&world, Depth::User);
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "read contact"));
    sam.create(contact());
    let query = Query::new("sl_privilegeuse").filter(Filter::eq("sl_stepid", step));
    let rows = world.admin.list(query);
    assert!(!rows.is_empty());
    assert!(rows.iter().all(|row| row.id_of("sl_principalid") == Some(sam.id())));
    assert!(
        rows.iter()
            .all(|row| row.text("sl_privilege") == Some("prvReadContact")),
        "{rows:?}"
    );
}

#[test]
fn marks_of_another_day_are_others_and_go_when_they_are_old() {
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let clock: Arc<dyn Env> = Arc::new(SeededEnv::new(7, start));
    let world = Pipeline::on(&clock);
    let sam = seller(&world, Depth::User);
    sam.create(contact());
    let first = marks(&world, &sam).len();
    assert!(first > 0);
    let later: Timestamp = "2026-08-01T12:00:00Z".parse().unwrap();
    let later: Arc<dyn Env> = Arc::new(SeededEnv::new(8, later));
    let second = world.org.second_process_with(&later);
    let sam_later = Actor(second.session_of("sam").unwrap());
    for _ in 0..40 {
        sam_later.create(contact());
    }
    let days = |wanted: &str| {
        let all = world.admin.list(Query::new("sl_privilegeuse"));
        let days = all.iter().filter_map(|row| row.get("sl_day")).map(json::from_value);
        days.filter(|day| day == wanted).count()
    };
    assert!(days("2026-08-01") > 0);
    assert_eq!(days("2026-03-01"), 0, "older than 90 days");
}

#[test]
fn the_smallest_role_is_suggested_and_made() {
    let world = Pipeline::new();
    let sam = seller(&world, Depth::Organization);
    let mine = sam.create(contact());
    sam.update(Row::new("contact", mine).with("lastname", "Mine"));
    let of = UsedBy::Principal(Reference::new("systemuser", sam.id()));
    let found = world.admin.0.suggest_role(&of, 30).unwrap();
    let depth = |name: &str| {
        found
            .needs
            .iter()
            .find(|need| need.privilege == name)
            .map(|need| need.depth)
    };
    assert_eq!(depth("prvCreateContact"), Some(Depth::User));
    assert_eq!(depth("prvWriteContact"), Some(Depth::User));
    assert_eq!(depth("prvDeleteContact"), None);
    let unused = |name: &str| {
        found
            .unused
            .iter()
            .find(|one| one.privilege == name)
            .map(|one| one.used)
    };
    assert_eq!(unused("prvDeleteContact"), Some(None));
    assert_eq!(unused("prvWriteContact"), Some(Some(Depth::User)), "not so deep");
    let by_role = UsedBy::Role(world.admin.find("role", "role of sam"));
    let of_role = world.admin.0.suggest_role(&by_role, 30).unwrap();
    assert_eq!(
        of_role.needs.iter().map(|need| &need.privilege).collect::<Vec<_>>(),
        found.needs.iter().map(|need| &need.privilege).collect::<Vec<_>>()
    );

    // Whoever has that role alone can do what was done.
    let program = world.org.program();
    let made = program.json(&["role", "suggest", "--from", "sam", "--create", "Least"]);
    assert!(!made["unseen"].as_array().unwrap().is_empty());
    let tom = people::user(&world.org, "tom", &[]);
    program.run(&["user", "role-add", "tom", "Least"]);
    let his = tom.create(contact());
    tom.update(Row::new("contact", his).with("lastname", "His"));
    tom.try_delete("contact", his).unwrap_err();

    let told = list(&serde_json::json!({ "value": made["needs"] }));
    assert!(told.iter().any(|need| text(need, "privilege") == "prvCreateContact"));
    let refused = sam.0.suggest_role(&by_role, 30).unwrap_err();
    assert_eq!(refused.body().privilege.as_deref(), Some("prvActOnBehalfOfAnotherUser"));
    assert_eq!(program.run(&["role", "suggest", "--from", "nobody"]).code, 1);
    let idle = program.run(&["role", "suggest", "--from", "seller.east", "--create", "None"]);
    assert_eq!(idle.code, 1, "{idle:?}");
}

/// What no message asks, of whoever takes a list out, looks at definitions, changes or exports them, is used as well:
/// whoever has the suggested role alone does it again.
#[test]
fn what_is_asked_outside_a_message_is_used() {
    let world = Pipeline::new();
    let admin = world.org.program();
    admin.json(&["user", "create", "cust", "--role", "System Administrator"]);
    let cust = admin.as_user("cust");
    cust.json(&["solution", "create", "S1"]);
    cust.json(&["option-set", "list"]);
    let does = |user: &str| {
        let column = format!("us_{user}");
        let file = format!("{user}.zip");
        let all = [
            &["table", "list"][..],
            &["column", "list", "lead"],
            &["column", "create", "lead", &column, "text"],
            &["column", "update", "lead", &column, "--label", "Y"],
            &["row", "list", "lead", "-o", "csv"],
            &["solution", "export", "S1", &file],
        ];
        for arguments in all {
            let run = admin.as_user(user).run(arguments);
            assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
            if user == "cust" && arguments[1] == "create" {
                cust.json(&["solution", "add", "S1", "column", &format!("lead.{column}")]);
            }
        }
    };
    does("cust");
    admin.json(&["role", "suggest", "--from", "cust", "--create", "Custo"]);
    admin.json(&["user", "create", "other", "--role", "Custo"]);
    does("other");

    // Whoever only looks what others did, and what is refused, leaves no marks.
    let sam = seller(&world, Depth::User);
    let before = marks(&world, &sam);
    sam.0.check_named_privilege("prvExportToExcel").unwrap_err();
    let held = [("prvExportToExcel".to_owned(), Depth::Organization)];
    let tina = people::user(&world.org, "tina", &held);
    let looking = tina.0.clone().leaving_no_marks();
    looking.check_named_privilege("prvExportToExcel").unwrap();
    assert_eq!((marks(&world, &sam), marks(&world, &tina)), (before, Vec::new()));
    tina.0.check_named_privilege("prvExportToExcel").unwrap();
    assert_eq!(marks(&world, &tina), [mark("prvExportToExcel", 0, "role")]);
}

/// What the owner needs of a row that somebody else makes for them is asked of them: it is recorded and noted like
/// everything that they need themselves.
#[test]
fn what_the_owner_of_a_row_needs_is_noted() {
    let world = Pipeline::new();
    world.record_setting(2);
    let program = world.org.program();
    let give = || program.run(&["row", "create", "task", "subject=Call", "ownerid=user:seller.west"]);
    let first = give();
    assert_eq!(first.code, 0, "{first:?}");
    let used = marks(&world, &world.seller);
    assert!(
        used.iter().any(|(privilege, ..)| privilege == "prvReadActivity"),
        "{used:?}"
    );
    let asked = program.json(&["trace", "privileges"]).to_string();
    assert!(asked.contains("prvReadActivity"), "{asked}");
    let without = ["role", "revoke", "Salesperson", "prvReadActivity"];
    let turned = program.json(&[&without[..], &["--what-if"]].concat());
    assert!(
        !list(&serde_json::json!({ "value": turned["turned"] })).is_empty(),
        "{turned}"
    );
    program.json(&without);
    assert_eq!(give().code, 1);
}

/// What makes process flows visible is used by whoever looks at them; of a flow that is there and that they do not
/// see it is not said that it was deleted.
#[test]
fn what_makes_flows_visible_is_noted() {
    let world = Pipeline::new();
    world.lead();
    let privilege = "prvReadleadtoopportunitysalesprocess";
    let program = world.org.program();
    let seller = program.as_user("seller.west");
    let shown = seller.run(&["flow", "list"]);
    assert!(shown.stdout.contains("Lead to Opportunity"), "{shown:?}");
    let used = marks(&world, &world.seller);
    assert!(
        used.iter().any(|(used, ..)| used.eq_ignore_ascii_case(privilege)),
        "{used:?}"
    );
    program.json(&["role", "revoke", "Salesperson", privilege]);
    let report = seller.run(&["report", "velocity"]).stdout;
    assert!(!report.contains("deleted"), "{report}");
    assert!(report.contains("a flow that you do not see"), "{report}");
}
