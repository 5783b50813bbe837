//! Traces as support reads them: which are listed, and what plug-ins said at their places in the tree.

use serde_json::Value as Json;
use sluice_model::Row;
use sluice_tests::world::{list, text};

use crate::world::{POST_OPERATION, PRE_OPERATION, Pipeline, contact, probe};

/// Whether each step said something, in the order of the tree.
fn said(node: &Json) -> Vec<String> {
    let own = node["said"].as_str().map(str::to_owned);
    let below = node["children"].as_array().into_iter().flatten().flat_map(said);
    own.into_iter().chain(below).collect()
}

#[test]
fn the_tree_shows_what_each_step_said_each_time() {
    let world = Pipeline::new();
    world.trace_setting(2);
    world.step(&probe(PRE_OPERATION, "Create", "account", "trace inner\ntarget name"));
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "trace outer\ncreate account name One\ncreate account name Two",
    ));
    world.step(&probe(POST_OPERATION, "Create", "contact", ""));
    world.create(&world.seller, contact()).created();
    let program = world.org.program();
    let tree = program.json(&["trace", "tree"]);
    assert_eq!(
        said(&tree),
        [
            "outer\ncreated account\ncreated account",
            "inner\ntarget name=Text(\"One\")",
            "inner\ntarget name=Text(\"Two\")",
        ]
    );
    let shown = program.run(&["trace", "tree"]).stdout;
    let places = [
        "said: outer",
        "      created account",
        "said: inner",
        "target name=Text(\"Two",
    ]
    .map(|words| shown.find(words));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{shown}");
    let last = program.json(&["trace", "show", "@last"]);
    assert_eq!(
        last["plugintracelogid"],
        list(&program.json(&["trace", "list"]))[0]["plugintracelogid"]
    );
}

#[test]
fn traces_are_listed_by_outcome_user_and_time() {
    let world = Pipeline::new();
    world.trace_setting(2);
    world.step(&probe(PRE_OPERATION, "Create", "contact", "trace fine"));
    world.step(&probe(PRE_OPERATION, "Create", "account", "refuse no"));
    world.create(&world.seller, contact()).created();
    world.create(&world.admin, contact()).created();
    world
        .create(&world.seller, Row::unsaved("account").with("name", "Litware"))
        .refused("0x80040265");
    // The platform refuses this itself: no plug-in is called.
    world
        .create(&world.seller, Row::unsaved("role").with("name", "Mine"))
        .refused("0x80040220");
    let program = world.org.program();
    let names = |more: &[&str], column: &str| -> Vec<String> {
        let all = list(&program.json(&[&["trace", "list"], more].concat()));
        all.iter().map(|row| text(row, column)).collect()
    };
    let calls = |more: &[&str]| names(more, "plugintracelogid").len();
    assert_eq!(calls(&["--user", "seller.west"]), 2);
    assert_eq!(calls(&["--user", "admin"]), 1);
    assert_eq!(calls(&["--failed"]), 1);
    assert_eq!(calls(&["--failed", "--user", "admin"]), 0);
    assert_eq!(calls(&["--since", "1h"]), 3);
    assert_eq!(calls(&["--since", "2999-01-01"]), 0);
    let requests = |more: &[&str]| names(&[&["--requests"], more].concat(), "sl_name");
    let failed = requests(&["--failed", "--user", "seller.west", "--since", "2h"]);
    assert_eq!(failed, ["Create role", "Create account"]);
    assert_eq!(requests(&["--failed", "--user", "admin"]), Vec::<String>::new());
    assert_eq!(requests(&["--user", "admin", "--top", "1"]).len(), 1);
    assert_eq!(program.run(&["trace", "list", "--since", "lately"]).code, 2);
}
