//! The forms in which results are printed.

use serde_json::Value;
use sluice_tests::world::{World, list, text};

fn printed(world: &World, arguments: &[&str]) -> String {
    let run = world.admin().run(arguments);
    assert_eq!(run.code, 0, "{run:?}");
    run.stdout
}

#[test]
fn a_list_comes_in_every_form() {
    let world = World::empty();
    let admin = world.admin();
    let long = "Litware, \"the\" pump makers of the far and the near east and the west and the north";
    admin.json(&["row", "create", "account", &format!("name={long}"), "telephone1=1"]);
    admin.json(&["row", "create", "account", "name=Contoso"]);
    let rows = list(&admin.json(&["row", "list", "account", "--order", "name"]));
    let ids: Vec<String> = rows.iter().map(|row| text(row, "accountid")).collect();
    let with = |form: &[&str]| {
        let list = [
            "row",
            "list",
            "account",
            "--order",
            "name",
            "--select",
            "name,telephone1",
        ];
        printed(&world, &[&list, form].concat())
    };
    let tabs = format!("name\ttelephone1\tid\nContoso\t\t{}\n{long}\t1\t{}\n", ids[0], ids[1]);
    assert_eq!(with(&[]), tabs, "nobody looks at it");
    assert_eq!(with(&["-o", "tsv"]), tabs);
    let quoted = long.replace('"', "\"\"");
    let csv = format!("name,telephone1,id\nContoso,,{}\n\"{quoted}\",1,{}\n", ids[0], ids[1]);
    assert_eq!(with(&["-o", "csv"]), csv);
    assert_eq!(with(&["-o", "id"]), format!("{}\n{}\n", ids[0], ids[1]));
    let table = with(&["-o", "table"]);
    assert!(
        table.contains("│ Contoso") && table.contains('…') && table.ends_with("2 rows\n"),
        "{table}"
    );
    let json: Value = serde_json::from_str(&with(&["-o", "json"])).unwrap();
    assert_eq!(list(&json).len(), 2);
}

#[test]
fn other_results_come_in_every_form_as_well() {
    let world = World::sample();
    let steps = list(&world.admin().json(&["step", "list"]));
    let ids: String = steps
        .iter()
        .map(|step| format!("{}\n", text(step, "sdkmessageprocessingstepid")))
        .collect();
    assert_eq!(printed(&world, &["step", "list", "-o", "id"]), ids);
    let who = printed(&world, &["privilege", "who", "prvDeleteNote", "-o", "csv"]);
    assert!(who.contains("who,through what\n") && !who.contains('│'), "{who}");
    let made = printed(&world, &["row", "create", "account", "name=Q", "-o", "id"]);
    assert_eq!(made.trim().len(), 36, "{made}");
    let none = printed(
        &world,
        &[
            "row",
            "list",
            "account",
            "--filter",
            "name eq 'none'",
            "--select",
            "name",
            "-o",
            "csv",
        ],
    );
    assert_eq!(none, "name,id\n", "as of a list with rows");
    // A mistake is told in the form, too.
    let run = world.admin().run(&["row", "list", "-o", "json"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stdout.contains("0x80040203"), "{run:?}");
    assert_eq!(world.admin().run(&["step", "list", "-o", "xml"]).code, 2);
}

#[test]
fn a_variable_says_the_form_where_nothing_else_does() {
    let world = World::sample();
    let with = |variable: &str, form: &[&str]| {
        let arguments = [&["user", "list"], form].concat();
        let output = world
            .admin()
            .command(&arguments)
            .env("SLUICE_OUTPUT", variable)
            .output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert!(with("csv", &[]).1.starts_with("fullname,"));
    assert!(with("csv", &["-o", "tsv"]).1.starts_with("fullname\t"));
    assert!(with("csv", &["--json"]).1.starts_with('{'));
    assert!(with("", &[]).1.starts_with("fullname\t"));
    assert_eq!(with("xml", &[]).0, Some(2));
}

/// Rows that go out as files take a privilege of their own.
#[test]
fn rows_go_out_as_files_for_who_may_export() {
    let world = World::sample();
    let role = ["role", "revoke", "Salesperson", "prvExportToExcel"];
    let list = ["row", "list", "account", "--top", "1"];
    let with = |form: &str| {
        world
            .admin()
            .as_user("seller.west")
            .run(&[&list[..], &["-o", form]].concat())
    };
    assert_eq!(with("csv").code, 0);
    world.admin().run(&[&role[..], &["--yes"]].concat());
    for form in ["csv", "spreadsheet", "tsv"] {
        let run = with(form);
        assert_eq!(run.code, 1, "{form}");
        assert!(run.says("prvExportToExcel"), "{}", run.stderr);
    }
    for form in ["table", "plain", "json", "id"] {
        assert_eq!(with(form).code, 0, "{form}");
    }
}

/// Whichever command shows rows: the same privilege. What are no rows goes out without it.
#[test]
fn every_list_of_rows_takes_the_privilege_and_no_other_does() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "create", "Clerk", "--like", "System Administrator"]);
    admin.json(&["user", "create", "clerk", "--role", "Clerk"]);
    admin.json(&["row", "create", "account", "name=Litware"]);
    let run = |arguments: &[&str]| admin.as_user("clerk").run(arguments);
    let rows: [&[&str]; 19] = [
        &["user", "list"],
        &["team", "list"],
        &["bu", "list"],
        &["role", "list"],
        &["activity", "list"],
        &["jobs", "list"],
        &["trace", "list"],
        &["audit", "list"],
        &["step", "list"],
        &["plugin", "list"],
        &["workflow", "list"],
        &["view", "list", "account"],
        &["note", "list", "account", "Litware"],
        &["timeline", "account", "Litware"],
        &["access", "who", "account", "Litware"],
        &["access", "shares", "account", "Litware"],
        &["privilege", "who", "prvReadLead"],
        &["report", "aging"],
        &["report", "stale"],
    ];
    let others: [&[&str]; 6] = [
        &["table", "list"],
        &["column", "list", "account"],
        &["settings", "show"],
        &["example", "list"],
        &["report", "velocity"],
        &["errors", "list"],
    ];
    for arguments in rows.iter().chain(&others) {
        let run = run(&[arguments, &["-o", "csv"][..]].concat());
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
    }
    admin.json(&["role", "revoke", "Clerk", "prvExportToExcel"]);
    for arguments in rows {
        let refused = run(&[arguments, &["-o", "csv"]].concat());
        assert_eq!((refused.code, &*refused.stdout), (1, ""), "{arguments:?}: {refused:?}");
        assert!(refused.says("prvExportToExcel"), "{arguments:?}: {refused:?}");
        assert_eq!(run(arguments).code, 0, "{arguments:?}");
    }
    for arguments in others {
        let run = run(&[arguments, &["-o", "csv"]].concat());
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
    }
}

/// What shows a thing and a list is the list alone as cells; of a user the row.
#[test]
fn as_cells_there_is_one_table() {
    let world = World::sample();
    let admin = world.admin();
    for (arguments, headings) in [
        (&["user", "show", "seller.west"][..], "fullname,"),
        (&["role", "show", "Salesperson"], "table,"),
        (&["report", "funnel"], "flow,stage,"),
        (&["report", "qualify-rate"], "by,"),
        (&["option-set", "show", "lead.leadsourcecode"], "value,label,"),
        (&["flow", "show", "Lead to Opportunity Sales Process"], ",stage,"),
    ] {
        let run = admin.run(&[arguments, &["-o", "csv"]].concat());
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        assert!(run.stdout.starts_with(headings), "{arguments:?}: {run:?}");
        let commas = |line: &str| line.matches(',').count();
        let first = run.stdout.lines().next().map(commas);
        let is_cells = |line: &str| line.contains('"') || Some(commas(line)) == first;
        assert!(run.stdout.lines().all(is_cells), "{arguments:?}: {run:?}");
    }
}

/// The rows of a view are listed where rows are.
#[test]
fn views_are_listed_as_rows_are() {
    let world = World::sample();
    let admin = world.admin();
    let view = ["--view", "My Open Leads", "--count"];
    let seller = world.user("seller.west");
    let run = seller.json(&["view", "run", "My Open Leads", "--count"]);
    assert_eq!(seller.json(&[&["lead", "list"], &view[..]].concat()), run);
    assert_eq!(seller.json(&[&["row", "list", "lead"], &view[..]].concat()), run);
    assert_eq!(
        admin.json(&["view", "list", "--table", "lead"]),
        admin.json(&["view", "list", "lead"])
    );
}

/// A setting is refused in its own words and units.
#[test]
fn settings_out_of_range_say_what_they_take() {
    let world = World::empty();
    let admin = world.admin();
    for (name, value, takes) in [
        ("trace.keep", "99999999d", "trace.keep takes: 1d to 36500d, or forever"),
        ("limits.transaction", "121s", "limits.transaction takes: 1s to 120s"),
        ("hierarchy.depth", "0", "hierarchy.depth takes: 1 to 100"),
    ] {
        let run = admin.run(&["settings", "set", name, value]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.says(takes), "{run:?}");
    }
}

/// A context that leads astray is named.
#[test]
fn a_context_is_named_where_its_file_is_meant() {
    let world = World::empty();
    let admin = world.admin();
    std::fs::copy(world.path("sluice.db"), world.path("other.db")).unwrap();
    admin.json(&["use", "admin@other.db"]);
    let made = admin.run(&["org", "create"]);
    assert!(made.code != 0 && made.says("the context in use"), "{made:?}");
    std::fs::remove_file(world.path("other.db")).unwrap();
    let gone = admin.run(&["lead", "list"]);
    assert!(gone.code != 0 && gone.says("`sluice use --none` ends it"), "{gone:?}");
    let named = admin.run(&["lead", "list", "--org", "sluice.db"]);
    assert_eq!(named.code, 0, "{named:?}");
    admin.json(&["use", "--none"]);
}

/// The verbs below a noun, as its help lists them; of the program, the nouns.
fn below(world: &World, noun: &[&str]) -> Vec<String> {
    let help = world.admin().run(&[noun, &["--help"]].concat()).stdout;
    let Some((_, listed)) = help.split_once("Commands:\n") else {
        return Vec::new();
    };
    let lines = listed.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(ToOwned::to_owned).collect()
}

/// How many cells each line of a text of cells has.
fn widths(text: &str) -> Vec<usize> {
    let (mut widths, mut cells, mut is_quoted, mut is_empty) = (Vec::new(), 1, false, true);
    for c in text.chars() {
        is_empty &= c == '\n';
        match c {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells += 1,
            '\n' if !is_quoted => {
                widths.push(cells);
                cells = 1;
            }
            _ => {}
        }
    }
    if is_empty { Vec::new() } else { widths }
}

/// What commands take where they take something; what shows a thing that the sample lacks is told that there is none.
const TAKEN: [(&str, &[&str]); 38] = [
    ("row list", &["account"]),
    ("view show", &["All Accounts"]),
    ("note list", &["lead", "@last"]),
    ("note show", &["none"]),
    ("activity show", &["none"]),
    ("lead show", &["@last"]),
    ("opportunity show", &["none"]),
    ("form show", &["lead"]),
    ("user show", &["seller.west"]),
    ("user privileges", &["seller.west"]),
    ("user diff", &["seller.west", "seller.east"]),
    ("access-team show", &["none"]),
    ("profile show", &["System Administrator"]),
    ("team show", &["West"]),
    ("bu show", &["West"]),
    ("role show", &["Salesperson"]),
    ("role diff", &["Salesperson", "Sales Manager"]),
    ("role suggest", &["--from", "seller.west"]),
    ("access show", &["--user", "seller.west", "lead", "@last"]),
    ("access explain", &["--user", "seller.west", "--lead", "@last"]),
    ("table show", &["account"]),
    ("column list", &["account"]),
    ("column show", &["account", "name"]),
    ("key show", &["account", "none"]),
    ("relationship show", &["account_parent_account"]),
    ("mapping list", &["lead", "account"]),
    ("option-set show", &["lead.leadsourcecode"]),
    ("solution show", &["none"]),
    ("duprule show", &["Accounts with the same name"]),
    ("jobs show", &["none"]),
    ("plugin show", &["commission"]),
    ("step show", &["commission: Create of account"]),
    ("trace show", &["00000"]),
    ("workflow show", &["none"]),
    ("businessrule show", &["none"]),
    ("example show", &["access-bu"]),
    ("errors explain", &["e1"]),
    ("trace tree", &[]),
];

/// Whichever command lists or shows something: as cells it has lines of one length.
#[test]
fn every_command_that_looks_has_cells() {
    let world = World::sample();
    world.lead("seller.west");
    world.admin().run(&["settings", "set", "trace.requests", "all"]);
    world.admin().run(&["settings", "set", "trace", "all"]);
    world.lead("seller.west");
    let mut wrong = Vec::new();
    for noun in below(&world, &[]) {
        for verb in below(&world, &[&noun]) {
            let called = format!("{noun} {verb}");
            let is_named = TAKEN.iter().any(|(name, _)| *name == called);
            if !is_named && !matches!(&*verb, "list" | "show") {
                continue;
            }
            let taken = TAKEN.iter().find(|(name, _)| *name == called).map(|(_, words)| *words);
            let run = world
                .admin()
                .run(&[&[&*noun, &*verb], taken.unwrap_or_default(), &["-o", "csv"]].concat());
            let widths = widths(&run.stdout);
            let is_none = taken
                .and_then(<[_]>::last)
                .is_some_and(|last| matches!(*last, "none" | "00000"));
            if run.code != i32::from(is_none)
                || widths.is_empty() != is_none
                || widths.iter().any(|width| Some(width) != widths.first())
            {
                wrong.push(format!("{called}: {} {widths:?} {}", run.code, run.stderr));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
