//! Real data, through the program: restaurants of two guides by their telephone numbers, and
//! people with typing errors by surname and date of birth.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use serde_json::Value;
use sluice_tests::{program::Program, root};

/// A file of the data that every developer has beside the project, if it is there.
fn data(name: &str) -> Option<PathBuf> {
    let path = root().join("../shared/data").join(name);
    if !path.exists() {
        eprintln!("not run: no data folder");
        return None;
    }
    Some(path)
}

/// The rows of a plain CSV file by their headings.
fn csv(name: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let text = std::fs::read_to_string(data(name)?).unwrap();
    let mut lines = text.lines();
    let headings: Vec<&str> = lines.next()?.split(',').map(str::trim).collect();
    let row = |line: &str| {
        let fields = line.split(',').map(|field| field.trim().to_owned());
        headings
            .iter()
            .map(|heading| (*heading).to_owned())
            .zip(fields)
            .collect()
    };
    Some(lines.filter(|line| !line.is_empty()).map(row).collect())
}

struct Data {
    folder: tempfile::TempDir,
    program: Program,
}

impl Data {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::new(folder.path());
        program.json(&["org", "create"]);
        Self { folder, program }
    }

    /// Imports a file.
    fn import(&self, file: &str, table: &str, map: &str) -> u64 {
        let path = self.folder.path().join("map.toml");
        std::fs::write(&path, map).unwrap();
        let file = data(file).unwrap();
        let arguments = ["import", file.to_str().unwrap(), "--table", table, "--map", "map.toml"];
        // Outside a test the import waits for the disk after each line.
        let report = self.program.json(&[&arguments[..], &["--synchronous", "off"]].concat());
        assert_eq!(report["refused"], serde_json::json!([]));
        report["created"].as_u64().unwrap()
    }

    /// What a column holds in each row of a table.
    fn names(&self, table: &str, column: &str) -> BTreeMap<String, String> {
        let rows = self.program.json(&["row", "list", table, "--select", column]);
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let rows = rows["value"].as_array().unwrap();
        rows.iter()
            .map(|row| (text(row, &format!("{table}id")), text(row, column)))
            .collect()
    }

    /// The pairs that a job over a table finds by a rule.
    fn pairs(&self, table: &str, rule: &str) -> Vec<(String, String)> {
        let job = self.program.json(&["duplicates", "detect", table]);
        assert_eq!(job["state"], "succeeded", "{job}");
        let results = self
            .program
            .json(&["duplicates", "results", job["job"].as_str().unwrap()]);
        let end = |row: &Value, name: &str| row[name]["id"].as_str().unwrap().to_owned();
        let rows = results["value"].as_array().unwrap();
        assert_eq!(job["found"], rows.len());
        rows.iter()
            .filter(|row| row["rule"] == rule)
            .map(|row| (end(row, "base"), end(row, "duplicate")))
            .collect()
    }
}

fn pair(one: &str, other: &str) -> (String, String) {
    let (one, other) = (one.to_owned(), other.to_owned());
    if one < other { (one, other) } else { (other, one) }
}

#[test]
fn restaurants_of_two_guides_by_their_phones() {
    let Some(truth) = csv("matches_fodors_zagats.csv") else {
        return;
    };
    let world = Data::new();
    let mut created = 0;
    for guide in ["fodors", "zagats"] {
        let map = format!(
            "[columns]\nid = \"accountnumber\"\nname = \"name\"\ncity = \"address1_city\"\nphone = \"telephone1\"\n\
             [ignore]\ncolumns = [\"addr\", \"type\"]\n[constants]\ndescription = \"{guide}\"\n"
        );
        created += world.import(&format!("{guide}.csv"), "account", &map);
    }
    assert_eq!(created, 864);
    let rule = ["--base", "account", "--condition", "telephone1"];
    world
        .program
        .json(&[&["duprule", "create", "Accounts with the same phone"], &rule[..]].concat());
    let (numbers, guides) = (
        world.names("account", "accountnumber"),
        world.names("account", "description"),
    );
    let found: BTreeSet<_> = world
        .pairs("account", "Accounts with the same phone")
        .iter()
        .filter(|(one, other)| guides[one] != guides[other])
        .map(|(one, other)| pair(&numbers[one], &numbers[other]))
        .collect();
    let truth: BTreeSet<_> = truth
        .iter()
        .map(|row| pair(&row["fodors_id"], &row["zagats_id"]))
        .collect();
    assert_eq!(truth.len(), 112);
    let right = found.intersection(&truth).count();
    let recall = right as f64 / truth.len() as f64;
    let precision = right as f64 / found.len() as f64;
    assert!(
        recall >= 0.964 && precision >= 0.939,
        "recall {recall}, precision {precision}"
    );
}

#[test]
fn people_by_surname_and_date_of_birth() {
    let Some(people) = csv("febrl-dataset2.csv") else {
        return;
    };
    let world = Data::new();
    for column in ["sl_birthdate", "sl_record"] {
        world
            .program
            .json(&["column", "create", "contact", column, "text", "--max-length", "40"]);
    }
    let map = "[columns]\nrec_id = \"sl_record\"\ngiven_name = \"firstname\"\nsurname = \"lastname\"\n\
               date_of_birth = \"sl_birthdate\"\n[ignore]\ncolumns = [\"street_number\", \"address_1\", \"address_2\", \
               \"suburb\", \"postcode\", \"state\", \"soc_sec_id\"]\n";
    assert_eq!(world.import("febrl-dataset2.csv", "contact", map), 5_000);
    let rule = ["--condition", "lastname", "--condition", "sl_birthdate"];
    world
        .program
        .json(&[&["duprule", "create", "Same person", "--base", "contact"], &rule[..]].concat());
    let records = world.names("contact", "sl_record");
    let found: BTreeSet<_> = world
        .pairs("contact", "Same person")
        .iter()
        .map(|(one, other)| pair(&records[one], &records[other]))
        .collect();

    let mut groups: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for person in &people {
        let key = (person["surname"].as_str(), person["date_of_birth"].as_str());
        groups.entry(key).or_default().push(&person["rec_id"]);
    }
    let mut expected = BTreeSet::new();
    for group in groups.values() {
        for (place, one) in group.iter().enumerate() {
            expected.extend(group[place + 1..].iter().map(|other| pair(one, other)));
        }
    }
    assert_eq!(expected.len(), 971);
    assert!(
        found == expected,
        "missing {:?}, too many {:?}",
        &expected - &found,
        &found - &expected
    );
}
