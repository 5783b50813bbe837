//! What leaves as cells comes back equal, and what a map says is what is stored.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sluice_tests::world::{World, id, text};

use crate::values::column;

/// Texts that spreadsheets and readers of CSV take for something else.
const ODD: [&str; 9] = [
    "=HYPERLINK(\"http://a.example\",\"x\")",
    "+49 30 12",
    "-1+1",
    "@SUM(A1)",
    "'=1",
    "\u{ff1d}1",
    "two\nlines, \"quoted\"",
    "evil\u{202e}gnp.exe",
    "-12.50",
];

/// Exports the accounts in a form, takes them into another organisation, and says what that has.
fn round(form: &str, head: &str) -> Vec<String> {
    let world = World::empty();
    for name in ODD {
        let name = format!("name:={}", Value::from(name));
        world.admin().json(&["row", "create", "account", &name]);
    }
    let out = ["row", "list", "account", "--select", "name", "-o", form];
    let out = world.admin().run(&out);
    assert_eq!(out.code, 0, "{out:?}");
    let other = World::empty();
    other.write("out.csv", &out.stdout);
    let map = format!("{head}[columns]\nname = \"name\"\n[ignore]\ncolumns = [\"id\"]\n");
    other.write("m.toml", map);
    let report = other
        .admin()
        .json(&["import", "out.csv", "--table", "account", "--map", "m.toml"]);
    assert_eq!(report["created"], ODD.len(), "{report}");
    let rows = other.rows("account", "name", "name ne null");
    let mut names: Vec<String> = rows.iter().map(|row| text(row, "name")).collect();
    names.sort();
    names
}

#[test]
fn cells_come_back_as_they_were() {
    let mut whole = ODD.map(str::to_owned);
    whole.sort();
    assert_eq!(round("csv", ""), whole);
    assert_eq!(round("spreadsheet", "spreadsheet = true\n"), whole);
}

#[test]
fn a_spreadsheet_gets_no_formula() {
    let world = World::empty();
    for name in ODD {
        let name = format!("name:={}", Value::from(name));
        world.admin().json(&["row", "create", "account", &name]);
    }
    world
        .admin()
        .json(&["row", "create", "account", "name=Debts", "creditlimit=5"]);
    let list = |form: &str| {
        let line = ["row", "list", "account", "--select", "name", "-o", form];
        world.admin().run(&line).stdout
    };
    let cells = |text: &str| {
        let lines = text.lines().map(|line| line.trim_start_matches('"').to_owned());
        lines.collect::<Vec<_>>()
    };
    let formula = |cell: &String| cell.starts_with(['=', '+', '@', '\u{ff1d}']) || cell.starts_with("-1+");
    assert_eq!(
        cells(&list("csv")).iter().filter(|cell| formula(cell)).count(),
        5,
        "as they are"
    );
    let out = list("spreadsheet");
    assert!(out.starts_with('\u{feff}'), "{out}");
    assert_eq!(cells(&out).iter().filter(|cell| formula(cell)).count(), 0, "{out}");
    assert!(cells(&out).iter().any(|cell| cell.starts_with("-12.50,")), "{out}");
}

#[test]
fn people_see_what_hides_in_a_text() {
    let world = World::empty();
    let admin = world.admin();
    let key = id(&admin.json(&["row", "create", "account", "name=evil\u{202e}gnp\u{200b}.exe"]));
    for line in [
        &["row", "list", "account"][..],
        &["row", "list", "account", "-o", "table"],
        &["row", "get", "account", &key],
        &["audit", "list"],
        &[
            "row",
            "create",
            "lead",
            "lastname=x",
            "parentaccountid=no\u{202e}\u{200b}ne",
        ],
    ] {
        let run = admin.run(line);
        let said = run.stdout + &run.stderr;
        assert!(!said.contains(['\u{202e}', '\u{200b}']), "{line:?}: {said}");
        assert!(
            said.contains("\\u{202e}") && said.contains("\\u{200b}"),
            "{line:?}: {said}"
        );
    }
    assert_eq!(
        text(&admin.json(&["row", "get", "account", &key]), "name"),
        "evil\u{202e}gnp\u{200b}.exe"
    );
}

#[test]
fn a_map_stands_for_what_is_written_in_it() {
    let world = World::empty();
    world.write("f.csv", "n,m\na,1\nb,2\n,\n , \n");
    let map = "[columns]\nn = \"name\"\nm = \"accountnumber\"\n[values.accountnumber]\n1 = 1.50\n2 = 1e5\n\
               [constants]\nrevenue = 99999999999999.99\ntelephone1 = 0x1F\nfax = 1_000\ncreditlimit = 1_000.25\n";
    world.write("m.toml", map);
    let report = world
        .admin()
        .json(&["import", "f.csv", "--table", "account", "--map", "m.toml"]);
    assert_eq!(
        (&report["read"], &report["created"]),
        (&2.into(), &2.into()),
        "lines of separators are none"
    );
    for (name, number) in [("a", "1.50"), ("b", "1e5")] {
        let row = &world.rows(
            "account",
            "accountnumber,revenue,telephone1,fax,creditlimit",
            &format!("name eq '{name}' and revenue eq 99999999999999.99"),
        )[0];
        assert_eq!(text(row, "accountnumber"), number);
        assert_eq!(
            (text(row, "telephone1"), text(row, "fax")),
            ("0x1F".to_owned(), "1_000".to_owned())
        );
        assert_eq!(row["creditlimit"], 1000.25);
    }
}

#[test]
fn a_fraction_is_no_group_of_thousands() {
    let world = World::empty();
    world.write("f.csv", "n,r\na,0.001\nb,1.500\nc,00.100\n");
    let map = "[columns]\nn = \"name\"\nr = \"revenue\"\n[formats.revenue]\ndecimal = \",\"\nthousands = \".\"\n";
    world.write("m.toml", map);
    let run = world
        .admin()
        .run(&["import", "f.csv", "--table", "account", "--map", "m.toml"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("1 created, 2 refused"), "{run:?}");
    assert_eq!(world.count("account", "name eq 'b' and revenue eq 1500"), 1);
}

#[test]
fn nothing_is_stored_that_the_file_does_not_say() {
    let world = World::empty();
    column(&world, "zz_when", "date-time", &[], &[]);
    column(&world, "zz_day", "date", &[], &[]);
    world.write(
        "m.toml",
        "timezone = \"Europe/Berlin\"\n[columns]\n\"n\" = \"lastname\"\n\"when\" = \"zz_when\"\n\"rev\" = \"revenue\"\n\"day\" = \"zz_day\"\n",
    );
    world.write(
        "f.csv",
        "n,when,rev,day\n\
         new york,2026-07-01T10:00:00[America/New_York],,\n\
         contradiction,2026-07-01T10:00:00+02:00[America/New_York],,\n\
         underscore,,1_000,\n\
         plain,2026-07-01T10:00:00,1000,2026-07-01\n\
         skipped,2026-03-29T02:30:00,,\n\
         leap,2016-12-31T23:59:60Z,,\n\
         early,1752-12-31T00:00:00Z,,\n\
         day and time,,,2026-07-01T23:00:00-05:00\n",
    );
    let ran = world
        .admin()
        .run(&["--json", "import", "f.csv", "--table", "lead", "--map", "m.toml"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let refused: Vec<(i64, &str)> = report["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["line"].as_i64().unwrap(), line["column"].as_str().unwrap()))
        .collect();
    assert_eq!(
        refused,
        [
            (3, "when"),
            (4, "rev"),
            (6, "when"),
            (7, "when"),
            (8, "when"),
            (9, "day")
        ],
        "{report}"
    );
    let rows = world.rows("lead", "lastname,zz_when,revenue,zz_day", "");
    // Rows of one import share their time and have ids of no order.
    let found: BTreeMap<String, (Value, Value)> = rows
        .iter()
        .map(|row| (text(row, "lastname"), (row["zz_when"].clone(), row["revenue"].clone())))
        .collect();
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        [
            ("new york".to_owned(), (json!("2026-07-01T14:00:00Z"), Value::Null)),
            ("plain".to_owned(), (json!("2026-07-01T08:00:00Z"), json!(1000))),
        ]
    );
}
