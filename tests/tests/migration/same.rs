//! A migrated organisation equals a new one: in its tables, its definitions, its privileges and
//! the rows that every organisation has. What ships with a later version and does not reach old
//! files by itself fails here.

use std::collections::BTreeMap;

use sluice_engine::Session;
use sluice_model::{Depth, Filter, Query, Request, Row, Value};
use sluice_sales::starters::STARTERS;
use sluice_tests::{Organisation, people};

use crate::{
    FORMS,
    content::{rows, schema},
};

/// Tables whose rows are history: what a file has been through, not what it is.
const HISTORY: [&str; 2] = ["audit", "sl_privilegeuse"];

fn system(organisation: &Organisation) -> Session {
    let engine = organisation.engine();
    engine.session(engine.system_id().unwrap())
}

/// The first line in which two lists differ, for a reader.
#[track_caller]
fn assert_same(what: &str, migrated: &[String], new: &[String]) {
    let lacks: Vec<_> = new.iter().filter(|line| !migrated.contains(line)).take(5).collect();
    let more: Vec<_> = migrated.iter().filter(|line| !new.contains(line)).take(5).collect();
    assert!(
        lacks.is_empty() && more.is_empty() && migrated.len() == new.len(),
        "{what}: a migrated file lacks {lacks:#?} and has besides {more:#?} ({} rows and {})",
        migrated.len(),
        new.len()
    );
}

fn assert_same_definitions(migrated: &Organisation, new: &Organisation) {
    let definitions = |organisation: &Organisation| -> BTreeMap<String, String> {
        let catalog = system(organisation).catalog().unwrap();
        let tables = catalog
            .iter()
            .map(|table| (table.name.to_string(), serde_json::to_string_pretty(&**table).unwrap()));
        tables.collect()
    };
    let (migrated, new) = (definitions(migrated), definitions(new));
    assert_eq!(migrated.keys().collect::<Vec<_>>(), new.keys().collect::<Vec<_>>());
    for (name, definition) in new {
        assert_eq!(migrated[&name], definition, "the definition of {name}");
    }
}

fn assert_same_tables(migrated: &Organisation, new: &Organisation) {
    let (migrated, new) = (schema(migrated.path()), schema(new.path()));
    assert_eq!(migrated.keys().collect::<Vec<_>>(), new.keys().collect::<Vec<_>>());
    for (name, parts) in new {
        assert_eq!(migrated[&name], parts, "{name}");
    }
}

fn assert_same_rows(migrated: &Organisation, new: &Organisation, without: &[&str]) {
    let (migrated, new) = (rows(&system(migrated), without), rows(&system(new), without));
    assert_eq!(migrated.keys().collect::<Vec<_>>(), new.keys().collect::<Vec<_>>());
    for (table, new) in new {
        assert_same(&table, &set_up(&migrated[&table]), &set_up(&new));
    }
}

/// The lines without who set an organisation up: SYSTEM, and in earlier samples their administrator.
fn set_up(lines: &[String]) -> Vec<String> {
    let columns = ["createdby", "modifiedby", "createdonbehalfby", "modifiedonbehalfby"];
    let authors = columns
        .iter()
        .flat_map(|column| ["admin", "SYSTEM"].map(|who| format!("{column}=systemuser:{who}")));
    let authors: Vec<String> = authors.collect();
    let without = |line: &String| {
        let words = line
            .split(' ')
            .filter(|word| !authors.iter().any(|author| author == word));
        words.collect::<Vec<_>>().join(" ")
    };
    let mut lines: Vec<String> = lines.iter().map(without).collect();
    lines.sort();
    lines
}

/// What people begin with is theirs, and in files since form 5: those of before have none, nor has a new one
/// that no command made.
fn without_starters(organisation: &Organisation) {
    let admin = system(organisation);
    let names = STARTERS.iter().map(|starter| Value::from(starter.name)).collect();
    let starters = Filter::In {
        column: "name".into(),
        values: names,
    };
    for role in admin.list(Query::new("role").filter(starters)).unwrap() {
        admin.execute(Request::delete(role.reference())).unwrap();
    }
}

#[test]
fn an_empty_organisation() {
    let new = Organisation::empty();
    for form in FORMS {
        let migrated = Organisation::old(form, "empty");
        without_starters(&migrated);
        assert_same_tables(&migrated, &new);
        assert_same_definitions(&migrated, &new);
        assert_same_rows(&migrated, &new, &HISTORY);
    }
}

/// Of the sample, besides history: its leads are made in an order that the clock decides, and its
/// plug-ins are built anew.
#[test]
fn the_sample_organisation() {
    let own = [
        "audit",
        "asyncoperation",
        "plugintracelog",
        "sl_messagetrace",
        "sl_privilegeuse",
        "pluginassembly",
        // What plug-ins were is kept from the first push on.
        "sl_pluginversion",
        "sl_stagevisit",
        // What rows inherit comes when they come below others: rows of an earlier file did before.
        "principalobjectaccess",
    ];
    let new = Organisation::sample();
    for form in FORMS {
        let migrated = Organisation::old(form, "sample");
        // Roles are people's: what the sample's manager may do since, an old file's is not given.
        let roles = system(&migrated).list(Query::new("role").filter(Filter::eq("name", "Sales Manager")));
        let roles = roles.unwrap();
        let root = roles.iter().find(|role| role.lookup("parentroleid").is_none()).unwrap();
        let since = ("prvReadRecordAuditHistory".to_owned(), Depth::Organization);
        people::grant(&migrated, root.id, &[since]);
        for name in ["Salesperson", "Sales Manager"] {
            let roles = system(&migrated).list(Query::new("role").filter(Filter::eq("name", name)));
            let roles = roles.unwrap();
            let root = roles.iter().find(|role| role.lookup("parentroleid").is_none()).unwrap();
            let tasks = ["prvMerge", "prvExportToExcel", "prvWorkflowExecution"];
            let tasks = tasks.map(|name| (name.to_owned(), Depth::Organization));
            people::grant(&migrated, root.id, &tasks);
        }
        // So are accounts: an old file does not know that nobody signs in as this one.
        let admin = migrated.admin();
        let service = admin.find("systemuser", "integration");
        admin.update(Row::new("systemuser", service).with("accessmode", Value::Choice(4)));
        assert_same_tables(&migrated, &new);
        assert_same_definitions(&migrated, &new);
        assert_same_rows(&migrated, &new, &own);
    }
}
