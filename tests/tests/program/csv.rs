//! What `row list -o csv` writes, `import` takes back as it was.

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use sluice_tests::world::{World, list};

const COLUMNS: &[(&str, &[&str])] = &[
    ("sl_text", &["text"]),
    ("sl_memo", &["memo"]),
    ("sl_int", &["int"]),
    ("sl_big", &["big-int"]),
    ("sl_float", &["float"]),
    ("sl_decimal", &["decimal", "--precision", "5"]),
    ("sl_amount", &["money"]),
    ("sl_bool", &["bool"]),
    ("sl_day", &["date"]),
    ("sl_time", &["date-time"]),
    ("sl_contact", &["lookup", "--target", "contact"]),
    ("sl_party", &["lookup", "--target", "contact", "--target", "account"]),
];

/// Labels that could be taken for others, or for the numbers of others.
const LABELS: &[(i32, &str)] = &[
    (1, "Plain"),
    (2, "a, b"),
    (3, "a"),
    (4, "b"),
    (5, "Same"),
    (6, "Same"),
    (7, "8"),
    (8, "7"),
    (9, "say \"so\""),
    (10, "two\nlines"),
    (11, " leading"),
    (12, "plain"),
    (13, "null"),
];

fn a_text() -> impl Strategy<Value = Value> {
    let part = prop::sample::select(vec![
        "a", "Z", "7", ",", ";", "\"", "'", "\n", "\r\n", " ", "\t", "=", "null", "\u{a0}", "é", "\u{200b}", "#",
    ]);
    let text = prop::collection::vec(part, 1..8).prop_map(|parts| parts.concat());
    text.prop_map(|text| json!(text))
}

fn an_option() -> impl Strategy<Value = i32> {
    prop::sample::select(LABELS.iter().map(|(number, _)| *number).collect::<Vec<_>>())
}

/// A row of JSON with some of the columns.
fn a_row() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let of = |name: &'static str, value: BoxedStrategy<Value>| {
        prop::option::of(value).prop_map(move |value| (name, value.unwrap_or(Value::Null)))
    };
    let number = |most: i64| (-most..most).prop_map(|number| json!(number)).boxed();
    let decimal = |places: u32| {
        let scale = 10_i64.pow(places);
        (-9_000_000_i64..9_000_000)
            .prop_map(move |units| {
                json!(format!(
                    "{}{}.{:0width$}",
                    if units < 0 { "-" } else { "" },
                    units.abs() / scale,
                    units.abs() % scale,
                    width = places as usize
                ))
            })
            .boxed()
    };
    let day = (1760_i32..2500, 1_u32..13, 1_u32..29).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"));
    let time =
        (day.clone(), 0..24, 0..60).prop_map(|(day, hour, minute)| json!(format!("{day}T{hour:02}:{minute:02}:07Z")));
    let several = prop::collection::btree_set(an_option(), 1..4);
    (
        of("sl_text", a_text().boxed()),
        of("sl_memo", a_text().boxed()),
        of("sl_int", number(2_000_000_000)),
        of("sl_big", number(9_000_000_000_000_000)),
        of("sl_float", (-1e9..1e9_f64).prop_map(|it| json!(it)).boxed()),
        of("sl_decimal", decimal(5)),
        (
            of("sl_amount", decimal(2)),
            of("sl_bool", any::<bool>().prop_map(|it| json!(it)).boxed()),
        ),
        of("sl_day", day.prop_map(|day| json!(day)).boxed()),
        of("sl_time", time.boxed()),
        of("sl_choice", an_option().prop_map(|it| json!(it)).boxed()),
        of("sl_choices", several.prop_map(|it| json!(it)).boxed()),
        prop::option::of(0_usize..3).prop_map(|which| ("which", json!(which))),
    )
        .prop_map(|all| {
            let (a, b, c, d, e, f, (g, h), i, j, k, l, m) = all;
            vec![a, b, c, d, e, f, g, h, i, j, k, l, m]
        })
}

fn thing(world: &World) {
    let admin = world.admin();
    admin.json(&["table", "create", "sl_thing", "--ownership", "user"]);
    for (name, kind) in COLUMNS {
        admin.json(&[&["column", "create", "sl_thing", name][..], kind].concat());
    }
    let options: Vec<String> = LABELS
        .iter()
        .flat_map(|(number, label)| ["--option".to_owned(), format!("{number}={label}")])
        .collect();
    for (name, kind) in [("sl_choice", "choice"), ("sl_choices", "choices")] {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        admin.json(&[&["column", "create", "sl_thing", name, kind][..], &options].concat());
    }
}

fn things(world: &World) -> Vec<Value> {
    let mut rows = list(&world.admin().json(&["row", "list", "sl_thing"]));
    rows.sort_by_key(|row| row["sl_thingid"].to_string());
    for row in &mut rows {
        let row = row.as_object_mut().unwrap();
        row.retain(|name, _| !(name.ends_with("on") || name.contains("version") || name.contains("etag")));
    }
    rows
}

#[test]
fn what_is_listed_as_csv_is_imported_as_it_was() {
    let world = World::empty();
    let admin = world.admin();
    thing(&world);
    let people = ["Wu", " Led by a blank", "account:Odd, \"name\""].map(|name| {
        let name = format!("lastname={name}");
        sluice_tests::world::id(&admin.json(&["row", "create", "contact", &name]))
    });
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for number in 0..40 {
        let mut words = vec![format!("sl_name=Row {number}")];
        for (name, value) in a_row().new_tree(&mut runner).unwrap().current() {
            match (name, value) {
                (_, Value::Null) => {}
                ("which", which) => {
                    let person = &people[usize::try_from(which.as_u64().unwrap()).unwrap()];
                    words.push(format!("sl_contact={person}"));
                    words.push(format!("sl_party=contact:{person}"));
                }
                (name, Value::String(text)) => words.push(format!("{name}={text}")),
                (name, Value::Array(numbers)) => {
                    let numbers: Vec<String> = numbers.iter().map(Value::to_string).collect();
                    words.push(format!("{name}={}", numbers.join(",")));
                }
                (name, value) => words.push(format!("{name}={value}")),
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        admin.json(&[&["row", "create", "sl_thing"][..], &words].concat());
    }
    let before = things(&world);
    assert_eq!(before.len(), 40);
    let mut names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    names.extend([
        "sl_name",
        "sl_choice",
        "sl_choices",
        "statecode",
        "statuscode",
        "ownerid",
    ]);
    let csv = admin.run(&["row", "list", "sl_thing", "--select", &names.join(","), "-o", "csv"]);
    assert_eq!(csv.code, 0, "{csv:?}");
    world.write("things.csv", &csv.stdout);
    let columns = names.iter().map(|name| format!("{name} = \"{name}\"\n"));
    world.write(
        "map.toml",
        format!("[columns]\nid = \"sl_thingid\"\n{}", columns.collect::<String>()),
    );
    admin.json(&["row", "delete", "sl_thing", "--filter", "sl_name ne null", "--yes"]);
    assert!(things(&world).is_empty());
    let import = admin.run(&["import", "things.csv", "--table", "sl_thing", "--map", "map.toml"]);
    assert_eq!(import.code, 0, "{import:?}\n{}", csv.stdout);
    let after = things(&world);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after, "{}", csv.stdout);
    }
    assert_eq!(before.len(), after.len());
}

#[test]
fn a_label_that_two_options_have_is_refused_with_both() {
    let world = World::empty();
    thing(&world);
    world.write("t.csv", "name,what\nA,Same\nB,6\nC,Plain\n");
    world.write("t.toml", "[columns]\nname = \"sl_name\"\nwhat = \"sl_choice\"\n");
    let run = world
        .admin()
        .run(&["import", "t.csv", "--table", "sl_thing", "--map", "t.toml"]);
    assert!(
        run.stdout.contains("2 created, 1 refused") && run.stdout.contains("5 (Same), 6 (Same)"),
        "{run:?}"
    );
}

/// A list without rows has the headings that a full one has, and what became of several things ends with `error`,
/// whatever came of them.
#[test]
fn headings_do_not_depend_on_what_came() {
    let world = World::sample();
    let headings = |arguments: &[&str]| {
        let run = world.admin().run(&[arguments, &["-o", "csv", "--yes"]].concat());
        run.stdout.lines().next().unwrap_or_default().to_owned()
    };
    let full = headings(&["lead", "list", "--top", "1"]);
    assert!(full.ends_with(",id"), "{full}");
    assert_eq!(
        headings(&["lead", "list", "--filter", "lastname eq 'nobody at all'"]),
        full
    );
    let lead = world.lead("admin");
    let closed = headings(&["lead", "disqualify", &lead, "--reason", "Lost"]);
    assert_eq!(
        closed,
        headings(&["lead", "disqualify", &world.lead("admin"), "nobody", "--reason", "Lost"])
    );
    assert!(closed.ends_with(",error"), "{closed}");
}
