//! How a step came to fail: by which value that it wrote, in whose call; what it lacks in all, and how deep; and
//! what of other steps lets it fail.

use sluice_model::{Code, Depth, Query, Reached, Reference, Request, Row, StepValue, Value};
use sluice_platform::{Cure, Fix, prelude::*};
use sluice_tests::people;

use crate::{
    why::{cure, kinds, steps, why},
    world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, account, contact, probe},
};

/// The correlation id of the seller's last refusal.
fn last(world: &Pipeline) -> String {
    let (refused, _) = world.seller.0.why(None).unwrap();
    let sluice_engine::Refused::Request(recorded) = refused else {
        panic!("{refused:?}")
    };
    recorded.correlation.to_string()
}

/// What is refused is what a step wrote, and no call of its: the column is named, or the input.
#[test]
fn the_value_that_is_refused_is_named() {
    let world = Pipeline::new();
    let theirs = world.admin.create(account());
    let long = format!("set jobtitle {}", "x".repeat(500));
    let link = format!("link parentcustomerid account {theirs}");
    for (script, column) in [(&long, "jobtitle"), (&link, "parentcustomerid")] {
        let step = world.step(&probe(PRE_OPERATION, "Create", "contact", script));
        let run = world.create(&world.seller, contact());
        let body = run.result.as_ref().unwrap_err().body();
        assert_eq!(body.step.as_ref().unwrap().id, step, "{script}");
        assert_eq!(body.values, [StepValue::Column(column.to_owned())]);
        assert_eq!((&body.call, body.reached.len()), (&None, 0));
        let told = world.org.program().as_user("seller.west").run(&["why"]).stdout;
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains(&format!("the value that it wrote into the column {column}")),
            "{told}"
        );
        world.set_enabled(step, false);
    }
    let nobody = people::user(&world.org, "nobody", &[]);
    let script = format!("link-input Assignee systemuser {}", nobody.id());
    world.step(&probe(PRE_VALIDATION, "Assign", "contact", &script));
    let mine = world.admin.create(contact());
    let assign = Request::new("Assign")
        .with("Target", Reference::new("contact", mine))
        .with("Assignee", Reference::new("systemuser", world.seller.id()));
    let error = world.admin.0.execute(assign).unwrap_err();
    assert_eq!(
        error.body().values,
        [StepValue::Input("Assignee".to_owned())],
        "{error}"
    );
    assert_eq!(error.to_json()["values"][0]["input"], "Assignee");
}

/// A step that refuses by itself made no call that failed; the calls in which it ran are those of others.
#[test]
fn the_calls_that_led_to_a_step_are_not_its_own() {
    let world = Pipeline::new();
    let outer = world.step(&probe(POST_OPERATION, "Create", "contact", "create account name x"));
    let middle = world.step(&probe(POST_OPERATION, "Create", "account", "create opportunity name y"));
    let inner = world.step(&probe(PRE_OPERATION, "Create", "opportunity", "fail not today"));
    let run = world.create(&world.seller, contact());
    let body = run.result.as_ref().unwrap_err().body();
    assert_eq!(body.step.as_ref().unwrap().id, inner);
    assert_eq!(body.call, None);
    let reached = |reached: &Reached| (reached.step.id, reached.call.clone());
    let led: Vec<_> = body.reached.iter().map(reached).collect();
    let call = |text: &str| text.to_owned();
    assert_eq!(
        led,
        [(middle, call("Create opportunity")), (outer, call("Create account"))]
    );
    let told = world.org.program().as_user("seller.west").run(&["why"]).stdout;
    assert!(told.contains("in the call") && !told.contains("Its call"), "{told}");
}

/// Each privilege that a step lacks is told, at the depth that does for the row that it changes.
#[test]
fn all_that_is_lacking_is_told_with_the_depth_that_does() {
    let world = Pipeline::new();
    let script = "update-self jobtitle Boss\ncreate campaign name x";
    let step = world.step(&probe(POST_OPERATION, "Create", "contact", script));
    let robot = people::user(
        &world.org,
        "robot",
        &people::privileges(&["Read"], &["Contact"], Depth::User),
    );
    let as_robot = Reference::new("systemuser", robot.id());
    world
        .admin
        .update(Row::new("sdkmessageprocessingstep", step).with("impersonatinguserid", as_robot));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    let lacks = found.culprits[0].lacks.iter();
    let lacks: Vec<_> = lacks.map(|lacked| (lacked.privilege.as_str(), lacked.depth)).collect();
    assert_eq!(
        lacks,
        [
            ("prvWriteContact", Depth::ParentChild),
            ("prvCreateCampaign", Depth::User)
        ],
        "{found:#?}"
    );
    let told = world.org.program().as_user("admin").run(&["why", &last(&world)]).stdout;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("prvWriteContact (to write contact), at depth Parent")
            && told.contains("and prvCreateCampaign (to create campaign), at depth User"),
        "{told}"
    );
    cure(&world, &found, &world.seller, &request);
}

/// A privilege that is not held at all, and then not deep enough, is one thing that stands in the way.
#[test]
fn a_privilege_that_is_missing_and_then_too_shallow_is_one_culprit() {
    let world = Pipeline::new();
    let clerk = people::user(
        &world.org,
        "clerk",
        &people::privileges(&["Read"], &["Account"], Depth::Organization),
    );
    let theirs = world.admin.create(account());
    let request = Request::update(Row::new("account", theirs).with("telephone1", "1"));
    let found = why(&world, &world.admin, &clerk, &request);
    assert_eq!(found.culprits.len(), 1, "{found:#?}");
    assert_eq!(found.culprits[0].error.code(), Code::PRIVILEGE_DENIED);
    let [lacked] = found.culprits[0].lacks.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!(
        (lacked.depth, lacked.if_shared),
        (Depth::BusinessUnit, Some(Depth::User)),
        "both are of the root"
    );
    assert_eq!(kinds(&found), ["grant", "share"], "the least: own rows, and this one");
    cure(&world, &found, &clerk, &request);
}

/// One writes what two refuse: without it none of them fails, and that is less than to disable both.
#[test]
fn the_one_without_which_none_fails_is_disabled_first() {
    let world = Pipeline::new();
    let marker = world.step(&probe(PRE_VALIDATION, "Create", "contact", "set jobtitle Boss"));
    let guard = world.step(&probe(PRE_OPERATION, "Create", "contact", "fail-if jobtitle Boss"));
    let second = world.step(&probe(POST_OPERATION, "Create", "contact", "fail-if jobtitle Boss"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(guard), Some(second)], "{found:#?}");
    for culprit in &found.culprits {
        let sets: Vec<Vec<_>> = culprit
            .sets
            .iter()
            .map(|set| set.iter().map(|step| step.id).collect())
            .collect();
        assert_eq!(sets, [[marker]]);
    }
    let only = |cure: &Cure| matches!(cure.fixes.as_slice(), [Fix::Break { step, .. }] if step.id == marker);
    assert!(only(found.cure.as_ref().unwrap()), "{found:#?}");
    assert!(found.cure.as_ref().unwrap().passes);
    cure(&world, &found, &world.seller, &request);
}

/// Where either of two is enough, it takes both of them, or the one that fails.
#[test]
fn of_two_sets_a_member_of_each_is_disabled() {
    let world = Pipeline::new();
    let one = world.step(&probe(PRE_VALIDATION, "Create", "contact", "set jobtitle Boss"));
    let idle = world.step(&probe(PRE_VALIDATION, "Create", "contact", "trace nothing"));
    let other = world.step(&probe(PRE_OPERATION, "Create", "contact", "set jobtitle Boss"));
    let fails = world.step(&probe(POST_OPERATION, "Create", "contact", "fail-if jobtitle Boss"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(fails)], "not {idle}");
    let both = |cure: &&Cure| cure.fixes.len() == 2;
    let both = found.culprits[0]
        .cures
        .iter()
        .find(both)
        .unwrap_or_else(|| panic!("{found:#?}"));
    let broken = |fix: &Fix| match fix {
        Fix::Break { step, .. } => step.id,
        _ => panic!("{fix:?}"),
    };
    let mut broken: Vec<_> = both.fixes.iter().map(broken).collect();
    broken.sort();
    assert_eq!(broken, [one, other]);
    let isolate = [
        "diagnose",
        "isolate",
        "--user",
        "seller.west",
        "--table",
        "contact",
        "lastname=Ng",
    ];
    let told = world.org.program().as_user("admin").run(&isolate).stdout;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(", or together with"), "{told}");
    cure(&world, &found, &world.seller, &request);
}

/// A step that uses more than it may gets more, as far as that helps.
#[test]
fn a_limit_is_raised_as_far_as_it_takes() {
    let world = Pipeline::new();
    let script = ["read account"; 5].join("\n");
    let step = world.step(&sluice_platform::StepSpec {
        limits: Some(r#"{"host-calls": 2, "rows": 700}"#.to_owned()),
        ..probe(PRE_OPERATION, "Create", "contact", &script)
    });
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(
        (steps(&found), kinds(&found)),
        (vec![Some(step)], vec!["raise"]),
        "{found:#?}"
    );
    let Some(Fix::Raise { limit, to, limits, .. }) = found.cure.as_ref().unwrap().fixes.first() else {
        panic!("{found:#?}")
    };
    assert_eq!((limit.as_str(), *to), ("host-calls", 8));
    assert!(limits.contains(r#""rows":700"#), "its other limits stay: {limits}");
    cure(&world, &found, &world.seller, &request);
}

/// What never ends overruns any limit.
#[test]
fn a_limit_that_no_number_cures_is_not_raised() {
    let world = Pipeline::new();
    world.step(&sluice_platform::StepSpec {
        limits: Some(r#"{"cpu": 20}"#.to_owned()),
        ..probe(PRE_OPERATION, "Create", "contact", "spin")
    });
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(kinds(&found), ["disable"], "{found:#?}");
    // A higher limit is tried once, whatever else is out of the way: it holds others up.
    assert!(found.trials <= 20, "{} trials", found.trials);
}

/// Who may only read by their access mode may write again with another one.
#[test]
fn an_access_mode_that_reads_only_is_opened() {
    let world = Pipeline::new();
    let of_seller = |mode: i32| Row::new("systemuser", world.seller.id()).with("accessmode", Value::Choice(mode));
    world.admin.update(of_seller(2));
    world.step(&probe(PRE_OPERATION, "Create", "contact", "read campaign"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(found.culprits[0].error.code(), Code::READ_ONLY_ACCESS_MODE);
    assert_eq!(
        kinds(&found),
        ["open-access", "grant"],
        "what stands behind it is looked at: {found:#?}"
    );
    cure(&world, &found, &world.seller, &request);
}

/// Of two roles that would do, the one is given that reaches least, however many privileges it has.
#[test]
fn a_role_is_chosen_by_how_far_it_reaches() {
    let world = Pipeline::new();
    let role = |name: &str, privileges: &[(String, Depth)]| {
        let role = world.admin.create(Row::unsaved("role").with("name", name));
        people::grant(&world.org, role, privileges);
    };
    let all = [
        "Create", "Read", "Write", "Delete", "Assign", "Share", "Append", "AppendTo",
    ];
    role("Own campaigns", &people::privileges(&all, &["Campaign"], Depth::User));
    let few = people::privileges(&["Read", "Delete"], &["Campaign"], Depth::Organization);
    role("All campaigns", &few);
    world.step(&probe(PRE_OPERATION, "Create", "contact", "read campaign"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    let Some(Fix::GiveRole { role, .. }) = found.cure.as_ref().unwrap().fixes.first() else {
        panic!("{found:#?}")
    };
    assert_eq!(role, "Own campaigns");
    cure(&world, &found, &world.seller, &request);
}

/// A role that does alone is given alone, although a smaller one was given first.
#[test]
fn one_role_is_given_where_one_does() {
    let world = Pipeline::new();
    let role = |name: &str, privileges: &[(String, Depth)]| {
        let role = world.admin.create(Row::unsaved("role").with("name", name));
        people::grant(&world.org, role, privileges);
    };
    let read = people::privileges(&["Read"], &["Campaign"], Depth::User);
    role("Campaigns", &read);
    let rules = people::privileges(&["Read"], &["sl_commissionrule"], Depth::Organization);
    role("Campaigns and rules", &[read, rules].concat());
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "read campaign\nread sl_commissionrule",
    ));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    let gives = |cure: &&Cure| cure.fixes[0].kind() == "give-role";
    let first = found.culprits[0]
        .cures
        .iter()
        .find(gives)
        .unwrap_or_else(|| panic!("{found:#?}"));
    let [Fix::GiveRole { role, .. }] = first.fixes.as_slice() else {
        panic!("{first:#?}")
    };
    assert_eq!(role, "Campaigns and rules");
    cure(&world, &found, &world.seller, &request);
}

/// Who looks into a refusal leaves no marks of use, and nothing else.
#[test]
fn who_looks_leaves_no_marks() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "Create", "contact", "read campaign"));
    world.create(&world.seller, contact()).refused("0x80040220");
    let marks = || {
        world
            .admin
            .list(Query::new("sl_privilegeuse").columns(&["createdon"]))
            .len()
    };
    let program = world.org.program();
    marks();
    let before = marks();
    for user in ["seller.west", "admin"] {
        program.as_user(user).run(&["why"]);
    }
    assert_eq!(marks(), before);
}

/// Where there are more smallest sets than are looked for, that is said.
#[test]
fn sets_that_are_not_looked_for_are_not_kept_quiet() {
    let world = Pipeline::new();
    for _ in 0..26 {
        world.step(&probe(PRE_OPERATION, "Create", "contact", "set description x"));
    }
    world.step(&probe(POST_OPERATION, "Create", "contact", "fail-if description x"));
    let error = world.seller.0.execute(Request::create(contact())).unwrap_err();
    let (_, found) = world.admin.0.why(error.body().correlation).unwrap();
    assert!(found.culprits[0].sets.len() >= 20, "{found:#?}");
    assert!(found.is_cut, "{found:#?}");
}
