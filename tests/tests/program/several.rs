//! The same done to several rows: by name, from standard input, or as those of a view or a filter; and the verbs that
//! every noun has.

use std::{io::Write, process::Stdio};

use serde_json::Value;
use sluice_tests::{
    program::{Program, Run},
    world::{World, id, list, refused, text},
};

/// A run that is given these lines on standard input.
fn fed(program: &Program, lines: &str, arguments: &[&str]) -> Run {
    let mut child = program
        .command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Accounts of these names.
fn accounts(world: &World, names: &[&str]) -> Vec<String> {
    let make = |name: &&str| {
        id(&world
            .admin()
            .json(&["row", "create", "account", &format!("name={name}")]))
    };
    names.iter().map(make).collect()
}

#[test]
fn rows_are_changed_several_at_once_and_a_refusal_costs_its_row() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["user", "create", "tina", "--role", "Salesperson"]);
    let ids = accounts(&world, &["One", "Two", "Three"]);
    let described = |what: &str| world.count("account", &format!("description eq '{what}'"));

    let run = admin.run(&["row", "update", "account", "One", "Nowhere", &ids[1], "description=a"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("2 of 3 accounts done, the others not"), "{run:?}");
    assert!(run.stdout.contains("account Nowhere is not updated"), "{run:?}");
    assert_eq!(described("a"), 2);

    let run = fed(
        &admin,
        &format!("{}\n\n  Three \n", ids[0]),
        &["row", "update", "account", "-", "description=b"],
    );
    assert!(run.code == 0 && run.stdout.contains("all 2 accounts done"), "{run:?}");
    assert_eq!(described("b"), 2);

    let filter = "startswith(name,'T')";
    admin.json(&[
        "row",
        "update",
        "account",
        "--filter",
        filter,
        "--top",
        "1",
        "description=c",
    ]);
    assert_eq!(described("c"), 1);
    admin.json(&["row", "update", "account", "--view", "All Accounts", "description=d"]);
    assert_eq!(described("d"), 3);

    let owned = || world.count("account", "ownerid_systemuser/domainname eq 'tina'");
    admin.json(&["row", "assign", "account", "One", "Two", "tina"]);
    assert_eq!(owned(), 2);
    admin.json(&["row", "assign", "account", "--filter", filter, "tina"]);
    assert_eq!(owned(), 3);
    let shares = |account: &str| {
        let shares = admin.json(&["access", "shares", "account", account]);
        list(&shares).len()
    };
    admin.json(&["row", "assign", "account", "--filter", "name ne null", "admin"]);
    admin.json(&["row", "share", "account", "One", "Two", "tina", "read"]);
    assert_eq!((shares("One"), shares("Two"), shares("Three")), (1, 1, 0));
    admin.json(&["row", "unshare", "account", "--filter", "name ne null", "tina"]);
    assert_eq!((shares("One"), shares("Two")), (0, 0));

    let run = fed(&admin, &ids.join("\n"), &["row", "delete", "account", "-"]);
    assert!(
        run.code == 0 && run.says("3 accounts (One, Two, Three) will be deleted"),
        "{run:?}"
    );
    assert_eq!(world.count("account", "name ne null"), 0);
}

/// The rows of a view are those that it lists, whatever page of a query it is.
#[test]
fn what_a_view_lists_is_what_it_is_done_to() {
    let world = World::empty();
    let admin = world.admin();
    accounts(&world, &["A1", "A2", "A3", "A4", "A5", "A6", "A7"]);
    let view = |name: &str, fetch: &str| {
        let query = format!(
            "<fetch {fetch}><entity name=\"account\"><attribute name=\"name\"/><order attribute=\"name\"/></entity></fetch>"
        );
        admin.json(&["view", "create", name, "--table", "account", "--fetch", &query]);
    };
    let names = |line: &[&str]| -> Vec<String> {
        let rows = list(&admin.json(line));
        rows.iter().map(|row| text(row, "name").to_owned()).collect()
    };
    let described = |what: &str| {
        let filter = format!("description eq '{what}'");
        names(&["row", "list", "account", "--filter", &filter, "--order", "name"])
    };
    view("Second", "count=\"2\" page=\"2\"");
    let cookie = admin.json(&["view", "run", "Second"]);
    let cookie = text(&cookie, "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie").replace('"', "&quot;");
    view("Third", &format!("count=\"2\" paging-cookie=\"{cookie}\""));
    view("Last", "count=\"3\" page=\"3\"");
    for (name, all) in [
        ("Second", &["A3", "A4"][..]),
        ("Third", &["A5", "A6"]),
        ("Last", &["A7"]),
    ] {
        assert_eq!(names(&["view", "run", name]), all);
        assert_eq!(admin.json(&["view", "run", name, "--count"])["count"], all.len());
        admin.json(&[
            "row",
            "update",
            "account",
            "--view",
            name,
            &format!("description={name}"),
        ]);
        assert_eq!(described(name), all);
        assert_eq!(names(&["view", "run", name, "--top", "1"]), all[..1]);
        let first = format!("description=first of {name}");
        admin.json(&["row", "update", "account", "--view", name, "--top", "1", &first]);
        assert_eq!(described(&format!("first of {name}")), all[..1]);
    }
    admin.json(&["row", "delete", "account", "--view", "Second", "--yes"]);
    assert_eq!(
        names(&["row", "list", "account", "--order", "name"]),
        ["A1", "A2", "A5", "A6", "A7"]
    );
}

#[test]
fn rows_are_named_once() {
    let world = World::empty();
    let admin = world.admin();
    let ids = accounts(&world, &["One"]);
    for (arguments, why) in [
        (&["row", "delete", "account"][..], "required"),
        (
            &["row", "delete", "account", "One", "--filter", "name eq 'One'"],
            "cannot be used with",
        ),
        (&["row", "update", "account", "One"], "say what becomes of which column"),
        (
            &["row", "update", "account", "name=x"],
            "say what becomes of which column",
        ),
        (
            &["row", "update", "account", "One", "--filter", "name eq 'One'", "name=x"],
            "give one of them",
        ),
        (&["row", "assign", "account", "One"], "say who is to own them"),
        (
            &["row", "share", "account", "One", "admin"],
            "say with whom, and which rights",
        ),
        (
            &["row", "assign", "account", "One", "admin", "--top", "1"],
            "--top goes with",
        ),
    ] {
        let run = admin.run(arguments);
        assert!(run.code == 2 && run.says(why), "{arguments:?}: {run:?}");
    }
    // A row that is named by itself is its own document, and its refusal that of the command.
    let updated = admin.json(&["row", "update", "account", "One", "description=x"]);
    assert_eq!(updated, serde_json::json!({ "id": ids[0] }));
    refused(
        &admin,
        1,
        &["row", "delete", "account", "Nowhere"],
        &["there is no account"],
    );
    // A column that is nobody's is no row.
    refused(&admin, 1, &["row", "update", "account", "One", "nmae=x"], &["nmae"]);
}

#[test]
fn a_refusal_is_told_where_ids_alone_are_wanted() {
    let world = World::empty();
    let admin = world.admin();
    let ids = accounts(&world, &["One"]);
    let run = admin.run(&["row", "delete", "account", "One", "Nowhere", "-o", "id"]);
    assert_eq!((run.code, run.stdout.trim()), (1, &*ids[0]), "{run:?}");
    assert!(run.says("there is no account \"Nowhere\""), "{run:?}");
    let run = admin.run(&["user", "disable", "nosuch", "-o", "id"]);
    assert!(run.code == 1 && run.stdout.is_empty(), "{run:?}");
    assert!(run.says("there is no user \"nosuch\""), "{run:?}");
}

#[test]
fn every_command_that_takes_rows_takes_a_selection() {
    let world = World::sample();
    let admin = world.admin();
    let leads = admin.run(&[
        "row",
        "list",
        "lead",
        "--filter",
        "statecode eq 0",
        "--top",
        "2",
        "-o",
        "id",
    ]);
    let run = fed(&admin, &leads.stdout, &["lead", "disqualify", "-", "--reason", "Lost"]);
    assert!(run.code == 0 && run.stdout.contains("all 2 leads done"), "{run:?}");
    for name in ["Big", "Bigger"] {
        admin.json(&["opportunity", "create", &format!("name={name}")]);
    }
    let of = ["--filter", "startswith(name,'Big')"];
    let state = || world.rows("opportunity", "statecode", "startswith(name,'Big')");
    let states = |state: Vec<Value>| state.iter().map(|row| row["statecode"].clone()).collect::<Vec<_>>();
    let run = admin.run(&[&["opportunity", "win"], &of[..]].concat());
    assert!(run.stdout.contains("all 2 opportunities done"), "{run:?}");
    assert_eq!(states(state()), [1, 1]);
    admin.json(&["opportunity", "reopen", "Big", "Bigger"]);
    admin.json(&["opportunity", "update", "Big", "Bigger", "description=x"]);
    admin.json(&[&["opportunity", "lose", "--reason", "Canceled"], &of[..]].concat());
    assert_eq!(states(state()), [2, 2]);
    assert_eq!(admin.json(&["opportunity", "show", "Big"])["name"], "Big");
    admin.json(&[&["opportunity", "delete"], &of[..]].concat());
    assert!(state().is_empty());
}

#[test]
fn notes_activities_and_members_are_taken_several_at_once() {
    let world = World::sample();
    let admin = world.admin();
    let account = id(&admin.json(&["row", "create", "account", "name=Q"]));
    for title in ["n1", "n2"] {
        admin.json(&["note", "create", "account", &account, "--title", title]);
    }
    admin.json(&["note", "update", "n1", "notetext=said"]);
    assert_eq!(admin.json(&["note", "show", "n1"])["notetext"], "said");
    admin.json(&["note", "delete", "n1", "n2"]);

    for kind in ["task", "phonecall"] {
        admin.json(&["activity", "create", kind, "--subject", "Ask"]);
    }
    admin.json(&["activity", "update", "@last", "subject=Ask again"]);
    assert_eq!(admin.json(&["activity", "show", "@last"])["table"], "phonecall");
    let run = admin.run(&["activity", "complete", "--filter", "startswith(subject,'Ask')"]);
    assert!(run.stdout.contains("all 2 activities done"), "{run:?}");
    refused(
        &admin,
        1,
        &["activity", "show", "Ask agian"],
        &["did you mean `Ask again`?"],
    );
    admin.json(&["activity", "delete", "Ask", "Ask again"]);

    admin.json(&["team", "create", "Crew"]);
    admin.json(&["team", "member-add", "Crew", "seller.west", "seller.east"]);
    let members = |team: Value| team["members"].as_array().unwrap().len();
    assert_eq!(members(admin.json(&["team", "show", "Crew"])), 2);
    admin.json(&[
        "team",
        "member-remove",
        "Crew",
        "--filter",
        "startswith(domainname,'seller')",
    ]);
    assert_eq!(members(admin.json(&["team", "show", "Crew"])), 0);
    admin.json(&["team", "update", "Crew", "name=Gang"]);
    admin.json(&["team", "delete", "Gang"]);
    let moved = admin.run(&["flow", "finish", "--filter", "statecode eq 0", "--top", "2"]);
    assert!(
        moved.code == 1 && moved.stdout.contains("0 of 2 leads done"),
        "{moved:?}"
    );
}

#[test]
fn workflows_run_for_several_rows_and_are_found_as_rows_are() {
    let world = World::empty();
    let admin = world.admin();
    accounts(&world, &["One", "Two"]);
    admin.json(&["workflow", "new", "w.json"]);
    let file = std::fs::read_to_string(world.path("w.json")).unwrap();
    let mut file: Value = serde_json::from_str(&file).unwrap();
    file["on-demand"] = true.into();
    world.write("w.json", file.to_string());
    let made = id(&admin.json(&["workflow", "create", "w.json"]));
    assert_eq!(id(&admin.json(&["workflow", "show", "@last"])), made);
    let end = &made[made.len() - 6..];
    assert_eq!(id(&admin.json(&["workflow", "show", end])), made);
    refused(
        &admin,
        1,
        &["businessrule", "show", &made],
        &["there is no business rule"],
    );
    refused(&admin, 1, &["flow", "show", &made], &["there is no process flow"]);
    admin.json(&["workflow", "enable", "@last"]);
    let run = admin.run(&["workflow", "run", "@last", "One", "Two", "Three"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("2 of 3 accounts done"), "{run:?}");
    let run = admin.run(&["workflow", "run", end, "--filter", "name ne null"]);
    assert!(run.code == 0 && run.stdout.contains("all 2 accounts done"), "{run:?}");
    admin.json(&["workflow", "disable", end]);
    admin.json(&["workflow", "delete", "@last"]);
    let view = id(&admin.json(&[
        "view",
        "create",
        "Mine",
        "--table",
        "account",
        "--fetch",
        "<fetch><entity name='account'/></fetch>",
    ]));
    let shown = |name: &str| text(&admin.json(&["view", "show", name]), "savedqueryid");
    assert_eq!(shown("@last"), view);
    assert_eq!(shown(&view[view.len() - 6..]), view);
}

#[test]
fn one_row_as_cells_is_a_list_of_one() {
    let world = World::empty();
    let admin = world.admin();
    accounts(&world, &["One, Inc."]);
    let csv = |more: &[&str]| {
        admin
            .run(&[&["row", "show", "Account", "@last", "-o", "csv"], more].concat())
            .stdout
    };
    let part = csv(&["--select", "name,accountnumber"]);
    assert!(part.starts_with("name,accountnumber,id\n\"One, Inc.\",,"), "{part}");
    let whole = csv(&[]);
    let lines: Vec<&str> = whole.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains("telephone1"), "{whole}");
}

/// Who stays where he is, or keeps his roles, loses none.
#[test]
fn a_move_says_that_roles_are_lost_where_they_are() {
    let world = World::sample();
    let admin = world.admin();
    let says = |to: &str| {
        admin
            .run(&["user", "move", "seller.west", "--to", to])
            .says("loses all roles")
    };
    assert!(!says("West"), "seller.west is there");
    admin.json(&["settings", "set", "ownership.across-units", "yes"]);
    admin.json(&["settings", "set", "ownership.keep-roles", "yes"]);
    assert!(!says("East"));
    admin.json(&["settings", "unset", "ownership.keep-roles"]);
    assert!(says("West"));
}

/// What is taken from a role is written as what is granted to it, without a depth.
#[test]
fn privileges_are_taken_by_patterns_all_or_nothing() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["role", "create", "Clerk"]);
    admin.json(&["role", "grant", "Clerk", "account,contact:rw:org", "lead:c:user"]);
    let held = || {
        admin.json(&["role", "show", "Clerk"])["privileges"]
            .as_array()
            .unwrap()
            .len()
    };
    let run = admin.run(&["role", "revoke", "Clerk", "account:r", "lead:q"]);
    assert!(run.code == 2 && run.says("`q` is no right"), "{run:?}");
    refused(
        &admin,
        1,
        &["role", "revoke", "Clerk", "account:r", "prvNothing"],
        &["prvNothing"],
    );
    assert_eq!(held(), 5, "nothing of it was taken");
    admin.json(&["role", "revoke", "Clerk", "account,contact:w", "prvCreateLead"]);
    assert_eq!(held(), 2);
}

/// Roles are given to several, and whom it reaches is said of those who lose one.
#[test]
fn roles_are_given_to_several_and_a_loss_is_said() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "create", "Extra"]);
    let both = ["seller.west", "seller.east"];
    let run = admin.run(&[&["user", "role-add"], &both[..], &["Extra"]].concat());
    assert!(run.code == 0 && run.stdout.contains("all 2 users done"), "{run:?}");
    let run = admin.run(&[&["user", "role-remove"], &both[..], &["Extra"]].concat());
    assert!(run.code == 0 && run.says("loses what that gives"), "{run:?}");
    admin.json(&["team", "create", "Crew"]);
    admin.json(&["team", "member-add", "Crew", "seller.west"]);
    let run = admin.run(&["team", "role-remove", "Crew", "Extra"]);
    assert!(!run.says("loses what that gives"), "it has no such role: {run:?}");
    let run = admin.run(&["flow", "disable", "@last"]);
    assert!(
        run.says("nobody starts a process in Lead to Opportunity Sales Process any more"),
        "{run:?}"
    );
    let run = admin.run(&["row", "assign", "account", "@last", "Crew"]);
    assert!(run.says("a team is called so: team:Crew"), "{run:?}");
    let run = admin.run(&["relationship", "show", "account_primary_contac"]);
    assert!(run.says("did you mean `account_primary_contact`?"), "{run:?}");
}

/// Where only ids go out, or cells, each refusal says beside them of which row it is, and what to do.
#[test]
fn what_is_refused_is_told_whole_beside_the_ids() {
    let world = World::sample();
    let admin = world.admin();
    let [open, closed] = [world.lead("admin"), world.lead("admin")];
    admin.json(&["lead", "qualify", &closed]);
    for form in ["id", "csv"] {
        let refused = world
            .user("seller.west")
            .run(&["lead", "qualify", &open, &closed, "-o", form]);
        assert_eq!(refused.code, 1, "{refused:?}");
        for lead in [&open, &closed] {
            assert!(refused.says(&format!("lead {lead} is not qualified")), "{refused:?}");
        }
        assert!(refused.says("sluice why"), "{refused:?}");
    }
}
