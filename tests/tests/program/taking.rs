//! What takes something away for good says what, before it does: in a terminal it asks then, without one it goes on.

use sluice_tests::{
    program::Program,
    wasm,
    world::{World, id, list},
};

/// Each of the commands is done, and says these words before.
fn say(admin: &Program, commands: &[(&[&str], &str)]) {
    for (arguments, told) in commands {
        let run = admin.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        assert!(run.says(told), "{arguments:?}: {run:?}");
    }
}

#[test]
fn what_goes_with_rows_is_said_before() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["row", "create", "account", "name=Par"]);
    admin.json(&["row", "create", "account", "name=Other"]);
    admin.json(&[
        "row",
        "create",
        "contact",
        "lastname=Kid",
        "parentcustomerid=account:Par",
    ]);
    admin.json(&["row", "create", "opportunity", "name=Opp", "customerid=account:Par"]);
    admin.json(&["row", "share", "account", "Par", "seller.west", "read"]);
    say(
        &admin,
        &[
            (
                &["row", "unshare", "account", "Par", "seller.west"],
                "seller.west loses what sharing account Par gives",
            ),
            (
                &["row", "delete", "account", "Par"],
                "account Par will be deleted, and with it:",
            ),
            (
                &["role", "update", "Salesperson", "isinherited=0"],
                "have the role Salesperson",
            ),
        ],
    );
    assert_eq!(world.count("opportunity", "name eq 'Opp'"), 0);
    admin.json(&["row", "create", "account", "name=Par"]);
    admin.json(&[
        "row",
        "create",
        "contact",
        "lastname=Kid",
        "parentcustomerid=account:Par",
    ]);
    admin.json(&["row", "create", "opportunity", "name=Opp", "customerid=account:Par"]);
    say(&admin, &[(&["row", "delete", "account", "Par"], "1 contact (Kid)")]);
    // Who has said that it is meant is told nothing.
    admin.json(&["row", "create", "account", "name=Par"]);
    assert_eq!(admin.run(&["row", "delete", "account", "Par", "--yes"]).stderr, "");
    for name in ["One", "Two"] {
        admin.json(&["row", "create", "account", &format!("name={name}")]);
    }
    say(
        &admin,
        &[(
            &["merge", "account", "One", "Two"],
            "will be merged into One and closed; there is no way back",
        )],
    );
}

#[test]
fn what_goes_with_definitions_is_said_before() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["column", "create", "lead", "sl_hint", "text"]);
    admin.json(&[
        "row",
        "update",
        "lead",
        "--filter",
        "statecode eq 0",
        "--top",
        "5",
        "sl_hint=x",
    ]);
    admin.json(&["option-set", "add", "lead.leadsourcecode", "77", "Fair"]);
    admin.json(&["row", "create", "lead", "lastname=Fay", "leadsourcecode=77"]);
    admin.json(&["table", "create", "sl_thing"]);
    admin.json(&["solution", "create", "empty"]);
    say(
        &admin,
        &[
            (
                &["column", "delete", "lead", "sl_hint"],
                "for good: 5 leads with a value there",
            ),
            (
                &["option-set", "remove", "lead.leadsourcecode", "77"],
                "1 lead in leadsourcecode",
            ),
            (&["table", "delete", "sl_thing"], "with what roles hold on it"),
            (&["solution", "delete", "empty"], "what is in it stays"),
            (
                &["audit", "disable", "lead"],
                "no change of a row of lead will be on record",
            ),
            (&["settings", "set", "audit", "no"], "no change will be on record"),
            (
                &["settings", "set", "trace.keep", "1d"],
                "traces beyond 1d go, for good",
            ),
            (&["settings", "set", "trace.keep", "2d"], ""),
        ],
    );
    let longer = admin.run(&["settings", "set", "trace.keep", "forever"]);
    assert_eq!((longer.code, &*longer.stderr), (0, ""), "it takes nothing away");
    let again = admin.run(&["audit", "disable", "lead"]);
    assert_eq!((again.code, &*again.stderr), (0, ""), "it is so already");
}

#[test]
fn who_loses_what_a_profile_gives_is_said_before() {
    let world = World::sample();
    let admin = world.admin();
    let column = ["account", "creditlimit"];
    let secure = |yes: &str| {
        [&["column", "update"], &column[..], &["--secured", yes]]
            .concat()
            .join(" ")
    };
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let run = |line: &str| {
        let words = words(line);
        let run = admin.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(run.code, 0, "{line}: {run:?}");
        run
    };
    run(&secure("yes"));
    run("profile create F");
    run("profile grant F account creditlimit read update");
    run("profile member-add F seller.west");
    let revoked = run("profile revoke F account creditlimit update");
    assert!(
        revoked.says("1 member of F may no longer update account.creditlimit"),
        "{revoked:?}"
    );
    let left = run("profile member-remove F seller.west");
    assert!(left.says("what F gives is lost by seller.west"), "{left:?}");
    let opened = run(&secure("no"));
    for told in [
        "everybody who may read rows of account may read creditlimit then",
        "(F: read)",
    ] {
        assert!(opened.says(told), "{opened:?}");
    }
}

/// Units below stop with the one that is disabled, and with their users what runs as these.
#[test]
fn whom_a_disabled_business_unit_stops_is_said_of_those_below() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["bu", "create", "North"]);
    admin.json(&["bu", "create", "Oslo", "--parent", "North"]);
    admin.json(&["user", "create", "anna", "--bu", "North", "--role", "Salesperson"]);
    admin.json(&["user", "create", "bo", "--bu", "Oslo", "--role", "System Administrator"]);
    let step = "commission: Create of account";
    admin.json(&["step", "update", step, "--run-as", "bo"]);
    let run = admin.run(&["bu", "disable", "North"]);
    for told in ["the units below it (Oslo)", "2 users (anna, bo)", "1 step (commission"] {
        assert!(run.says(told), "{run:?}");
    }
}

/// Who moves loses roles: which, is said by the verb as by the Update that it is.
#[test]
fn a_move_says_which_roles_it_took() {
    let world = World::sample();
    let admin = world.admin();
    let moved = admin.json(&["user", "move", "seller.west", "--to", "East"]);
    let one = &list(&moved)[0];
    assert_eq!(one["rolesRemoved"][0]["name"], "Salesperson", "{moved:#}");
}

#[test]
fn a_restore_says_what_it_replaces_and_how_to_go_back() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["org", "backup", "b.db"]);
    let restored = admin.run(&["org", "restore", "b.db"]);
    assert!(restored.says("what was done since is not in it"), "{restored:?}");
    let back = admin.run(&["org", "restore", "sluice.db.replaced"]);
    assert_eq!(back.code, 3);
    assert!(
        back.says("sluice org restore sluice.db.replaced --to ./sluice.db --unsealed"),
        "{back:?}"
    );
    assert!(!back.says("read the message and the log"), "{back:?}");
    admin.json(&["org", "restore", "sluice.db.replaced", "--unsealed"]);
}

/// Images that are given take the place of all: those that go are named.
#[test]
fn images_that_go_are_named() {
    let world = World::sample();
    let admin = world.admin();
    let step = "vip_flag: Update of account";
    let update = ["step", "update", step, "--image", "pre:old:revenue"];
    let run = admin.run(&update);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.says("the step no longer has 1 image (before)"), "{run:?}");
    assert!(!admin.run(&update).says("no longer has"), "it is there already");
}

/// A file under another name is another plug-in: that the steps of both run is said.
#[test]
fn a_second_plug_in_of_the_same_types_is_told() {
    let world = World::sample();
    let admin = world.admin();
    world.write("vip-flag-2.wasm", wasm("plugins", "vip-flag"));
    let told = "vip-flag-2 is a new plug-in, and vip-flag has types of the same names";
    for more in [&["--dry-run"][..], &[]] {
        let run = admin.run(&[&["plugin", "push", "vip-flag-2.wasm"], more].concat());
        assert_eq!(run.code, 0, "{run:?}");
        let stdout = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(stdout.contains(told), "{more:?}: {run:?}");
        assert!(stdout.contains("--name vip-flag"), "{run:?}");
    }
    let again = admin.json(&["plugin", "push", "vip-flag-2.wasm"]);
    assert_eq!(again["sameTypesIn"], serde_json::json!([]), "it is no new one by now");
}

/// What a push sets back that an administrator set is told, also where it is only tried.
#[test]
fn a_push_says_what_it_changes_of_steps() {
    let world = World::sample();
    let admin = world.admin();
    let step = "vip_flag: Update of account";
    admin.json(&["step", "update", step, "--rank", "40", "--columns", "revenue,name"]);
    world.write("vip-flag.wasm", wasm("plugins", "vip-flag"));
    let push = ["plugin", "push", "vip-flag.wasm", "--version", "9.1"];
    for arguments in [[&push[..], &["--dry-run"]].concat(), push.to_vec()] {
        let run = admin.run(&arguments);
        assert!(run.stdout.contains("rank from 40 to 1"), "{run:?}");
        assert!(run.stdout.contains("columns from "), "{run:?}");
    }
}

/// One of several that is deleted says so by its name, and who made a thing is asked by what goes.
#[test]
fn one_row_says_its_name() {
    let world = World::empty();
    let admin = world.admin();
    let made = id(&admin.json(&["row", "create", "lead", "lastname=Solo"]));
    let run = admin.run(&["lead", "delete", &made]);
    assert!(run.says("lead Solo will be deleted"), "{run:?}");
    assert_eq!(world.count("lead", ""), 0);
}

/// What is given is taken away in several ways: each says so.
#[test]
fn rights_that_go_are_said_before() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["row", "create", "account", "name=Par"]);
    admin.json(&["row", "share", "account", "Par", "seller.west", "read,write"]);
    admin.json(&["table", "update", "account", "--access-teams", "yes"]);
    admin.json(&["access-team", "create", "Helpers", "account", "read"]);
    admin.json(&["access-team", "add", "Helpers", "account", "Par", "seller.west"]);
    admin.json(&["plugin", "remove", "vip-flag", "--steps", "--yes"]);
    say(
        &admin,
        &[
            (
                &["row", "share", "account", "Par", "seller.west", "read", "--replace"],
                "of sharing account Par nothing is left to seller.west but ReadAccess",
            ),
            (
                &["access-team", "remove", "Helpers", "account", "Par", "seller.west"],
                "seller.west loses what being in the access team of account Par gives",
            ),
            (
                &["plugin", "remove", "commission", "--steps"],
                "step commission: Create of account and plug-in commission will be deleted",
            ),
        ],
    );
}

/// What goes with several rows goes with them, and is asked without marks of use: they would say that it was needed.
#[test]
fn what_is_only_asked_to_be_said_leaves_no_marks() {
    let world = World::sample();
    let admin = world.admin();
    let sam = world.user("seller.west");
    for name in ["One", "Two"] {
        sam.json(&["row", "create", "account", &format!("name={name}")]);
        let parent = format!("parentcustomerid=account:{name}");
        sam.json(&["row", "create", "contact", &format!("lastname=Kid {name}"), &parent]);
    }
    admin.json(&["role", "grant", "Salesperson", "prvDeleteAccount", "org"]);
    admin.json(&["role", "grant", "Salesperson", "prvDeleteContact", "org"]);
    let marked = |privilege: &str| world.count("sl_privilegeuse", &format!("sl_privilege eq '{privilege}'"));
    assert_eq!(marked("prvReadContact"), 0);
    let run = sam.run(&["row", "delete", "account", "One", "Two"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.says("2 accounts (One, Two) will be deleted, and with them: 2 contacts (Kid One, Kid Two)"),
        "{run:?}"
    );
    assert_eq!(marked("prvDeleteAccount"), 1, "marks are kept");
    assert_eq!(marked("prvReadContact"), 0);
}

/// Who may delete no solution learns nothing of which there are; who may read none deletes them all the same.
#[test]
fn who_may_delete_no_solution_is_told_that_first() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["role", "create", "Nothing"]);
    admin.json(&["user", "create", "noone", "--role", "Nothing"]);
    for name in ["there", "nowhere"] {
        if name == "there" {
            admin.json(&["solution", "create", name]);
        }
        let error = world.user("noone").refused(&["solution", "delete", name]);
        assert_eq!(error["privilege"], "prvDeleteSolution", "{error:#}");
    }
}

/// Whether somebody was a member is asked by the way: who may not see it is not refused that.
#[test]
fn who_may_not_see_members_is_refused_nothing() {
    let world = World::empty();
    let admin = world.admin();
    let team = id(&admin.json(&["team", "create", "Crew"]));
    let tina = id(&admin.json(&["user", "create", "tina"]));
    admin.json(&["role", "create", "Blind"]);
    for privilege in [
        "prvWriteTeam",
        "prvWriteUser",
        "prvAppendTeam",
        "prvAppendToUser",
        "prvAssignTeam",
    ] {
        admin.run(&["role", "grant", "Blind", privilege, "org"]);
    }
    admin.json(&["user", "create", "hand", "--role", "Blind"]);
    let hand = world.user("hand");
    let run = hand.run(&["team", "member-add", &team, &tina]);
    assert_eq!(run.code, 0, "{run:?}");
    let run = hand.run(&["team", "member-remove", &team, &tina]);
    assert_eq!(run.code, 0, "{run:?}");
    let none = hand.refused(&["why"]);
    assert_eq!(none["code"], "0x80040217", "no request of theirs was refused: {none:#}");
}

/// Of a business unit goes its default team alone: others keep it there, and are not said to go.
#[test]
fn only_what_goes_is_said_to_go() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["bu", "create", "Nord"]);
    admin.json(&["team", "create", "North team", "--bu", "Nord"]);
    admin.json(&["bu", "disable", "Nord"]);
    let run = admin.run(&["bu", "delete", "Nord"]);
    assert!(run.code == 1 && run.stdout.contains("0x80040227"), "{run:?}");
    assert!(run.says("1 team (Nord)"), "{run:?}");
}
