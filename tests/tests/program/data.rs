//! Files of leads as they come from the world, read a second time by a reader of our own.

use std::collections::BTreeMap;

use serde_json::Value;
use sluice_tests::{program::words, root};

use sluice_tests::world::{World, argument, data, example, id, text};

/// A line by its headings, with the physical line on which it begins.
type Line = (usize, BTreeMap<String, String>);

/// An independent reading of a CSV file.
fn read(text: &str) -> Vec<Line> {
    let (mut records, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut line, mut began) = (false, 1, 1);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        line += usize::from(c == '\n');
        match (quoted, c) {
            (true, '"') if characters.next_if_eq(&'"').is_some() => field.push('"'),
            (_, '"') => quoted = !quoted,
            (false, ',') => fields.push(std::mem::take(&mut field).trim().to_owned()),
            (false, '\r') => {}
            (false, '\n') => {
                fields.push(std::mem::take(&mut field).trim().to_owned());
                records.push((began, std::mem::take(&mut fields)));
                began = line;
            }
            (_, c) => field.push(c),
        }
    }
    if !fields.is_empty() {
        fields.push(field.trim().to_owned());
        records.push((began, fields));
    }
    let (_, headings) = records.remove(0);
    let named = |fields: Vec<String>| {
        assert_eq!(fields.len(), headings.len());
        headings.iter().cloned().zip(fields).collect()
    };
    records
        .into_iter()
        .map(|(line, fields)| (line, named(fields)))
        .collect()
}

/// A value as text; nothing is the empty text.
fn shown(row: &Value, column: &str) -> String {
    match &row[column] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn table(rows: &[Value], columns: &[&str]) -> Vec<Vec<String>> {
    sorted(
        rows.iter()
            .map(|row| columns.iter().map(|column| shown(row, column)).collect())
            .collect(),
    )
}

fn sorted(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    rows.sort();
    rows
}

/// The same rows, however long the lists.
#[track_caller]
fn same(found: &[Vec<String>], expected: &[Vec<String>]) {
    if let Some((found, expected)) = found.iter().zip(expected).find(|(found, expected)| found != expected) {
        panic!("{found:?} should be {expected:?}");
    }
    assert_eq!(found.len(), expected.len());
}

/// A number of the United States as the plug-in writes it.
fn canonical(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let national = digits
        .strip_prefix('1')
        .filter(|rest| rest.len() == 10)
        .unwrap_or(&digits);
    match national.len() {
        10 => format!("{}-{}-{}", &national[..3], &national[3..6], &national[6..]),
        _ => phone.to_owned(),
    }
}

fn leadmatch(world: &World, phones: impl Fn(&str) -> String) {
    let Some(file) = data("leadmatch-leads.csv") else {
        return;
    };
    let map = example("import/leadmatch.toml");
    let arguments = ["import", argument(&file), "--table", "lead", "--map", &map];
    let report = world.admin().json(&arguments);
    assert_eq!(
        report,
        serde_json::json!({ "read": 2_000, "created": 2_000, "updated": 0, "skipped": 0, "refused": [] })
    );

    let lines = read(&std::fs::read_to_string(&file).unwrap());
    let expected = lines.iter().map(|(_, line)| {
        let source = match line["source"].as_str() {
            "web_form" => "8",
            "google_ads" | "facebook_ads" => "1",
            "referral" => "3",
            "call" | "sms" => "10",
            other => panic!("{other}"),
        };
        let made = format!("{}:00Z", line["created_at"]);
        let mut fields: Vec<String> = ["first_name", "last_name", "email", "company", "city", "zip"]
            .map(|heading| line[heading].clone())
            .to_vec();
        fields.extend([phones(&line["phone"]), source.to_owned(), made]);
        fields
    });
    let columns = [
        "firstname",
        "lastname",
        "emailaddress1",
        "companyname",
        "address1_city",
        "address1_postalcode",
        "telephone1",
        "leadsourcecode",
        "createdon",
    ];
    let rows = world.rows("lead", &columns.join(","), "subject eq 'Imported'");
    same(&table(&rows, &columns), &sorted(expected.collect()));

    let again = world.admin().json(&arguments);
    assert_eq!((&again["created"], &again["skipped"]), (&0.into(), &2_000.into()));
    assert_eq!(world.count("lead", "subject eq 'Imported'"), 2_000);
}

#[test]
fn leadmatch_comes_in_whole_without_plug_ins() {
    leadmatch(&World::empty(), ToOwned::to_owned);
}

#[test]
fn leadmatch_comes_in_whole_with_the_five_plug_ins() {
    let world = World::sample();
    assert_eq!(world.count("pluginassembly", ""), 5);
    leadmatch(&world, canonical);
}

fn education(world: &World) {
    let Some(file) = data("education-leads.csv") else {
        return;
    };
    let readme = std::fs::read_to_string(root().join("examples/import/README.md")).unwrap();
    let commands: Vec<_> = readme
        .lines()
        .filter(|line| line.starts_with("sluice column create"))
        .map(words)
        .collect();
    assert_eq!(commands.len(), 9);
    for command in &commands {
        world
            .admin()
            .json(&command[1..].iter().map(String::as_str).collect::<Vec<_>>());
    }
    let map = example("import/education.toml");
    let report = world
        .admin()
        .json(&["import", argument(&file), "--table", "lead", "--map", &map]);
    assert_eq!(
        report,
        serde_json::json!({ "read": 9_240, "created": 9_240, "updated": 0, "skipped": 0, "refused": [] })
    );

    let place = |options: &[&str], label: &str| {
        let place = options.iter().position(|option| *option == label);
        place.map_or_else(|| panic!("{label}"), |place| (place + 1).to_string())
    };
    let origins = ["API", "Landing Page Submission", "Lead Add Form", "Lead Import"];
    let occupations = ["Unemployed", "Student", "Working Professional", "Other"];
    let lines = read(&std::fs::read_to_string(&file).unwrap());
    let expected = lines.iter().map(|(_, line)| {
        vec![
            line["ProspectID"].clone(),
            place(&origins, &line["LeadOrigin"]),
            line["LeadSource"].clone(),
            line["TotalVisits"].clone(),
            line["TotalTime"].clone(),
            line["PageViews"].clone(),
            Some(&line["Specialization"])
                .filter(|name| *name != "Select")
                .cloned()
                .unwrap_or_default(),
            place(&occupations, &line["Occupation"]),
            (line["Converted"] == "1").to_string(),
        ]
    });
    let columns = [
        "sl_prospectid",
        "sl_leadorigin",
        "sl_leadsource",
        "sl_totalvisits",
        "sl_totaltime",
        "sl_pageviews",
        "sl_specialization",
        "sl_occupation",
        "sl_converted",
    ];
    let rows = world.rows("lead", &columns.join(","), "subject eq 'Education'");
    same(&table(&rows, &columns), &sorted(expected.collect()));
    assert_eq!(world.count("lead", "sl_converted eq true"), 3_561);
}

#[test]
fn education_comes_in_whole_without_plug_ins() {
    education(&World::empty());
}

#[test]
fn education_comes_in_whole_with_the_five_plug_ins() {
    education(&World::sample());
}

const SAMPLE: &str = include_str!("sample-leads.csv");
const MAP: &str = include_str!("sample-leads.toml");

/// The lines that are refused, with the heading whose field is at fault.
const REFUSED: [(usize, &str, &str); 2] = [(12, "Source", "carrier pigeon"), (25, "Employer", "Nowhere Works")];

/// When leads of the sample were made, by their last names.
const CREATED: [(&str, &str); 6] = [
    ("Novak", "2025-07-01T08:00:00Z"),
    ("O'Neil", "2025-01-15T09:00:00Z"),
    ("Żak", "2025-07-01T10:00:00Z"),
    ("山田", "2025-06-30T22:00:00Z"),
    ("Semi", "2025-03-30T01:30:00Z"),
    ("Last", "1999-12-31T23:59:59Z"),
];

/// What becomes of a line of the sample: the columns in the order of the test.
fn row_of(line: &BTreeMap<String, String>, employer: &str, phones: fn(&str) -> String) -> Vec<String> {
    let source = match line["Source"].to_lowercase().as_str() {
        "" => "",
        "web" => "8",
        "fair" => "7",
        "advertisement" => "1",
        "phone call" | "other" => "10",
        other => panic!("{other}"),
    };
    let mut fields = ["Firma", "First", "Last", "E-Mail"]
        .map(|heading| line[heading].clone())
        .to_vec();
    let revenue = line["Revenue"].parse().map(|revenue: f64| revenue.to_string());
    let employer = if line["Employer"].is_empty() {
        String::new()
    } else {
        employer.to_owned()
    };
    fields.extend([
        phones(&line["Phone"]),
        source.to_owned(),
        revenue.unwrap_or_default(),
        employer,
    ]);
    fields
}

#[test]
fn our_own_sample_comes_in_but_for_two_lines() {
    for (world, phones) in [
        (World::empty(), str::to_owned as fn(&str) -> String),
        (World::sample(), plugged),
    ] {
        let admin = world.admin();
        world.write("leads.csv", SAMPLE);
        world.write("map.toml", MAP);
        let employer = id(&admin.json(&["row", "create", "account", "name=Pump Works"]));
        let import = ["import", "leads.csv", "--table", "lead", "--map", "map.toml"];
        let run = admin.run(&[&import[..], &["--json"]].concat());
        assert_eq!(run.code, 1, "{run:?}");
        let report = run.json();
        assert_eq!((&report["read"], &report["created"]), (&30.into(), &28.into()));
        let refused = report["refused"].as_array().unwrap();
        assert_eq!(refused.len(), REFUSED.len(), "{report}");
        for (refused, (line, column, word)) in refused.iter().zip(REFUSED) {
            assert_eq!((&refused["line"], &refused["column"]), (&line.into(), &column.into()));
            assert!(text(refused, "reason").contains(word), "{refused}");
        }

        let lines = read(SAMPLE);
        let expected = lines
            .iter()
            .filter(|(line, _)| REFUSED.iter().all(|(refused, ..)| refused != line));
        let expected = expected.map(|(_, line)| row_of(line, &employer, phones));
        let columns = [
            "companyname",
            "firstname",
            "lastname",
            "emailaddress1",
            "telephone1",
            "leadsourcecode",
            "revenue",
            "_parentaccountid_value",
        ];
        let rows = world.rows(
            "lead",
            &columns[..7]
                .join(",")
                .replace("revenue", "revenue,parentaccountid,createdon"),
            FAIR,
        );
        same(&table(&rows, &columns), &sorted(expected.collect()));
        for (name, time) in CREATED {
            let row = rows.iter().find(|row| row["lastname"] == name).unwrap();
            assert_eq!(row["createdon"], time, "{name}");
        }

        // The two lines, mended, as a file of their own.
        let heading = SAMPLE.lines().next();
        let mended = heading
            .into_iter()
            .chain(REFUSED.iter().filter_map(|(line, ..)| SAMPLE.lines().nth(line - 1)));
        let mended = mended.collect::<Vec<_>>().join("\n");
        world.write(
            "leads.csv",
            mended
                .replace("carrier pigeon", "web")
                .replace("Nowhere Works", "Pump Works"),
        );
        assert_eq!(admin.json(&import)["created"], 2);
        assert_eq!(world.count("lead", FAIR), 30);
    }
}

const FAIR: &str = "subject eq 'Fair'";

/// What the plug-in makes of the sample's phones: it leaves what it does not understand.
fn plugged(phone: &str) -> String {
    match phone {
        "+49 30 1234567" => "+49301234567".to_owned(),
        "+33 1 23 45 67 89" => "+33123456789".to_owned(),
        "603-491-4035 x12" => phone.to_owned(),
        _ => canonical(phone),
    }
}
