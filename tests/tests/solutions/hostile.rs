//! Files that somebody wrote by hand: a definition in a file may say what the verbs may say, and is asked
//! for by the same privileges.

use std::io::{Cursor, Write};

use serde_json::{Value as Json, json};
use sluice_model::{Code, ColumnDef, ColumnType, Error, Ownership, Row, TableDef, Value};
use sluice_platform::{Imported, prelude::*};
use sluice_tests::Actor;

use crate::world::{Site, says};

/// The file of a solution with these components: kind, name and content.
fn pack(name: &str, managed: bool, components: &[(&str, &str, Json)]) -> Vec<u8> {
    let file = |place: usize, kind: &str| format!("{kind}/{place}.json");
    let listed = components.iter().enumerate();
    let listed: Vec<Json> = listed
        .map(|(place, (kind, name, _))| json!({ "kind": kind, "name": name, "file": file(place, kind) }))
        .collect();
    let manifest = json!({
        "format": 1,
        "uniqueName": name,
        "friendlyName": name,
        "version": "1.0",
        "managed": managed,
        "components": listed,
    });
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, content: &Json| {
        writer
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content.to_string().as_bytes()).unwrap();
    };
    add("manifest.json", &manifest);
    for (place, (kind, _, content)) in components.iter().enumerate() {
        add(&file(place, kind), content);
    }
    writer.finish().unwrap().into_inner()
}

/// A custom table with a name, and more columns.
fn table(name: &str, columns: &[Json]) -> Json {
    let mut all = vec![json!({ "name": "ab_name", "type": "text", "max_length": 100, "label": "Name" })];
    all.extend_from_slice(columns);
    json!({
        "name": name,
        "schema": name,
        "display": "Thing",
        "set": format!("{name}s"),
        "key": format!("{name}id"),
        "primary_name": "ab_name",
        "ownership": "user",
        "custom": true,
        "column": all,
    })
}

/// A definition with another property.
fn with(mut definition: Json, property: &str, value: Json) -> Json {
    definition[property] = value;
    definition
}

/// A column of a table, as a component has it.
fn column(table: &str, column: Json) -> Json {
    json!({ "table": table, "column": column })
}

/// Who imports solutions, and holds no more than that takes and these privileges.
fn importer(world: &Site, more: &str) -> Actor {
    let import =
        "prvImportCustomization:org prvPublishCustomization:org solution:crwdaA:org solutioncomponent:crwdaA:org";
    world.all(&[
        "role create Importer",
        &format!("role grant Importer {import} {more}"),
        "user create importer --role Importer",
    ]);
    world.org.actor("importer")
}

fn imported(who: &Actor, kind: &str, name: &str, content: Json) -> Result<Imported, Error> {
    let file = pack("Hostile", false, &[(kind, name, content)]);
    who.0.import_solution(&file, false)
}

#[track_caller]
fn lacks<T: std::fmt::Debug>(result: Result<T, Error>, privilege: &str) {
    says(result, Code::PRIVILEGE_DENIED, privilege);
}

/// What columns of the platform have beside what customizers may say.
fn claims_of_columns() -> Vec<(&'static str, Json)> {
    vec![
        ("points", json!({ "at": "row", "table": "lead", "when_gone": "goes" })),
        ("filled", json!(true)),
        ("indexed", json!(true)),
        ("withheld", json!(true)),
        ("range", json!(["1", "2"])),
    ]
}

#[test]
fn a_column_of_a_file_claims_nothing_of_the_platform() {
    let world = Site::new();
    world.all(&[
        "column create account ab_there id",
        "option-set create ab_kind --option 1=One",
        "publish",
    ]);
    let before = world.everything();
    for (claim, value) in claims_of_columns() {
        for name in ["ab_new", "ab_there"] {
            let sent = with(
                json!({ "name": name, "type": "id", "custom": true }),
                claim,
                value.clone(),
            );
            let words = format!("the column `{name}` claims what only columns of the platform have (`{claim}`)");
            let place = format!("account.{name}");
            let done = imported(&world.admin, "column", &place, column("account", sent.clone()));
            says(done, Code::INVALID_ARGUMENT, &words);
            let done = imported(&world.admin, "table", "ab_thing", table("ab_thing", &[sent]));
            says(done, Code::IMPORT_FAILED, &words);
        }
    }
    let key = table(
        "ab_thing",
        &[json!({ "name": "ab_thingid", "type": "text", "max_length": 50 })],
    );
    says(
        imported(&world.admin, "table", "ab_thing", key),
        Code::INVALID_ARGUMENT,
        "the key is called so",
    );
    let kind = json!({ "name": "ab_new", "type": "choice", "global": "ab_kind", "default": 9 });
    let done = imported(&world.admin, "column", "account.ab_new", column("account", kind));
    says(done, Code::OUT_OF_RANGE, "ab_new");
    let format = json!({ "name": "ab_new", "type": "int", "format": "email" });
    let done = imported(&world.admin, "column", "account.ab_new", column("account", format));
    says(done, Code::INVALID_ARGUMENT, "only a text has a format");
    for (option, words) in [
        (json!({ "value": 1, "label": " " }), "needs a label"),
        (
            json!({ "value": 1, "label": "One", "state": 0 }),
            "only status reasons do",
        ),
        (
            json!({ "value": 1, "label": "One", "default_status": 1 }),
            "only states have one",
        ),
        (
            json!({ "value": 1, "label": "One", "entered": "win" }),
            "only states do",
        ),
    ] {
        let choice = json!({ "name": "ab_new", "type": "choice", "options": [option] });
        let done = imported(&world.admin, "column", "account.ab_new", column("account", choice));
        says(done, Code::INVALID_ARGUMENT, words);
    }
    assert_eq!(world.everything(), before);
    // The other door.
    let filled = ColumnDef::filled("ab_new", ColumnType::BigInt);
    says(
        world.admin.0.create_column("account", &filled),
        Code::INVALID_ARGUMENT,
        "`filled`",
    );
}

#[test]
fn a_table_of_a_file_claims_nothing_of_the_platform() {
    let world = Site::new();
    world.sluice("table create ab_there");
    let before = world.everything();
    let claims = [
        ("schema", json!("Lead")),
        ("privilege", json!("Lead")),
        ("key", json!("createdon")),
        ("key", json!("statecode")),
        ("configuration", json!(true)),
        ("closes", json!(true)),
        ("kept", json!("whole")),
        ("takes_steps", json!(false)),
        ("takes_workflows", json!(false)),
        ("copy_of", json!("ab_whole")),
        ("part_of", json!("ab_whole")),
        ("merges", json!(true)),
        ("alternate_key", json!([{ "name": "ab_key", "columns": ["ab_name"] }])),
    ];
    for (claim, value) in claims {
        for name in ["ab_new", "ab_there"] {
            let sent = with(table(name, &[]), claim, value.clone());
            let words = format!("the table `{name}` claims what only tables of the platform have (`{claim}`)");
            says(imported(&world.admin, "table", name, sent), Code::IMPORT_FAILED, &words);
        }
    }
    for (property, value, code, words) in [
        ("set", "A B/../c", Code::IMPORT_FAILED, "is no set name"),
        ("set", "", Code::IMPORT_FAILED, "is no set name"),
        (
            "primary_name",
            "ab_nope",
            Code::INVALID_ARGUMENT,
            "cannot be named by `ab_nope`",
        ),
        (
            "primary_name",
            "ab_newid",
            Code::INVALID_ARGUMENT,
            "cannot be named by `ab_newid`",
        ),
        (
            "primary_name",
            "ab_size",
            Code::INVALID_ARGUMENT,
            "cannot be named by `ab_size`",
        ),
    ] {
        let columns = [
            json!({ "name": "ab_size", "type": "int" }),
            json!({ "name": "ab_newid", "type": "text", "max_length": 50 }),
        ];
        let sent = with(table("ab_new", &columns), property, json!(value));
        says(imported(&world.admin, "table", "ab_new", sent), code, words);
    }
    assert_eq!(world.everything(), before);
    // The other door.
    let merges = TableDef {
        merges: true,
        ..TableDef::new("ab_new", Ownership::User)
    };
    says(
        world.admin.0.create_table(&merges),
        Code::INVALID_ARGUMENT,
        "(`merges`)",
    );
    let error = world.refused("table create ab_new --set 'a b'");
    assert!(error["message"].as_str().unwrap().contains("is no set name"), "{error}");
}

/// Names of rows are shown to whoever sees a lookup to them.
#[test]
fn a_secured_column_does_not_become_the_name_of_its_rows() {
    let world = Site::new();
    world.all(&[
        "table create ab_thing",
        "column create ab_thing ab_secret text",
        "column update ab_thing ab_secret --secured yes",
    ]);
    let before = world.everything();
    let sent = with(table("ab_thing", &[]), "primary_name", json!("ab_secret"));
    says(
        imported(&world.admin, "table", "ab_thing", sent),
        Code::IMPORT_FAILED,
        "a table keeps the column that names its rows",
    );
    let secret = json!({ "name": "ab_secret", "type": "text", "max_length": 50, "secured": true });
    let new = with(table("ab_new", &[secret]), "primary_name", json!("ab_secret"));
    says(
        imported(&world.admin, "table", "ab_new", new),
        Code::INVALID_ARGUMENT,
        "it is the name of the row",
    );
    assert_eq!(world.everything(), before);
}

#[test]
fn what_is_chosen_about_a_table_takes_the_privileges_of_the_verbs() {
    let world = Site::new();
    world.all(&["table create ab_there", "column create ab_there ab_more text"]);
    let who = importer(&world, "prvCreateEntity:org prvWriteAttribute:org");
    let there = with(table("ab_there", &[]), "display", json!("There"));
    let sent = |property: &str, value: Json| with(there.clone(), property, value);
    for (property, value) in [("audited", json!(true)), ("display", json!("Other"))] {
        lacks(
            imported(&who, "table", "ab_there", sent(property, value)),
            "prvWriteEntity",
        );
    }
    world.sluice("role grant Importer prvWriteEntity:org");
    let outside = sent("outside_hierarchy", json!(true));
    let privilege = "prvWriteHierarchicalSecurityConfiguration";
    lacks(imported(&who, "table", "ab_there", outside.clone()), privilege);
    let new = with(table("ab_new", &[]), "outside_hierarchy", json!(true));
    lacks(imported(&who, "table", "ab_new", new), privilege);
    // What lies in a table of the organisation is shared with nobody.
    let teams = with(table("ab_new", &[]), "access_teams", json!(true));
    says(
        imported(&who, "table", "ab_new", with(teams, "ownership", json!("organization"))),
        Code::INVALID_ARGUMENT,
        "nobody owns rows of `ab_new`",
    );
    // More than the name takes what makes it.
    let more = json!({ "name": "ab_more", "type": "int" });
    lacks(
        imported(&who, "table", "ab_new", table("ab_new", &[more])),
        "prvCreateAttribute",
    );
    world.sluice("role grant Importer prvCreateAttribute:org");
    let lookup = json!({ "name": "ab_lead", "type": "lookup", "targets": ["lead"] });
    lacks(
        imported(&who, "table", "ab_new", table("ab_new", &[lookup])),
        "prvCreateRelationship",
    );
    let catalog = world.admin.0.catalog().unwrap();
    assert!(catalog.find("ab_new").is_none());
    assert!(!catalog.table("ab_there").unwrap().outside_hierarchy);
    // With all of it, it arrives.
    world.sluice(&format!("role grant Importer {privilege}:org"));
    imported(&who, "table", "ab_there", outside).unwrap();
    imported(
        &who,
        "table",
        "ab_new",
        with(table("ab_new", &[]), "audited", json!(true)),
    )
    .unwrap();
    let catalog = world.admin.0.catalog().unwrap();
    assert!(catalog.table("ab_there").unwrap().outside_hierarchy);
    assert!(catalog.table("ab_new").unwrap().audited);
    assert_eq!(catalog.table("ab_new").unwrap().display, "Thing");
}

#[test]
fn removing_takes_the_privileges_of_the_verbs_and_leaves_rows_their_names() {
    let world = Site::new();
    world.all(&["table create ab_thing", "table create ab_used"]);
    let lookup = json!({ "name": "ab_lead", "type": "lookup", "targets": ["lead"] });
    let name = table("ab_thing", &[])["column"][0].clone();
    let components = [
        ("column", "account.ab_lead", column("account", lookup)),
        ("column", "ab_thing.ab_name", column("ab_thing", name)),
    ];
    world.import(&pack("Vendor", true, &components));
    let used = table("ab_used", &[]);
    world.import(&pack("Used", true, &[("table", "ab_used", used)]));
    world.sluice("row create ab_used ab_name=x");
    let who = importer(&world, "prvDeleteAttribute:org");
    lacks(who.0.delete_solution("Used"), "prvWriteEntity");
    lacks(who.0.delete_solution("Vendor"), "prvWriteAttribute");
    world.sluice("role grant Importer prvWriteAttribute:org prvWriteEntity:org");
    lacks(who.0.delete_solution("Vendor"), "prvDeleteRelationship");
    world.sluice("role grant Importer prvDeleteRelationship:org");
    let done = who.0.delete_solution("Vendor").unwrap();
    let kept: Vec<(&str, &str)> = done.kept.iter().map(|(_, name, why)| (&**name, &**why)).collect();
    assert_eq!(kept, [("ab_thing.ab_name", "it names the rows of the table")]);
    assert_eq!(done.removed, [("column".to_owned(), "account.ab_lead".to_owned())]);
    who.0.delete_solution("Used").unwrap();
    let catalog = world.admin.0.catalog().unwrap();
    let name = catalog.table("ab_thing").unwrap().column("ab_name").unwrap();
    assert!(!name.managed && !catalog.table("ab_used").unwrap().managed);
}

/// Privileges are found whatever the case of their names.
#[test]
fn a_role_keeps_what_a_file_calls_otherwise() {
    let world = Site::new();
    let role = |name: &str| json!({ "isinherited": 1, "privileges": [{ "name": name, "depth": 3 }] });
    for name in ["prvReadLead", "PRVREADLEAD"] {
        imported(&world.admin, "role", "Reader", role(name)).unwrap();
        let held = world.sluice("role show Reader").to_string();
        assert_eq!(held.matches("prvReadLead\"").count(), 1, "{name}: {held}");
    }
}

/// The table of a flow's processes is the platform's.
#[test]
fn the_table_of_processes_does_not_travel_by_itself() {
    let world = Site::new();
    let process = world.process("Our process");
    let change = Row::new("workflow", process)
        .with("statecode", Value::Choice(1))
        .with("statuscode", Value::Choice(2));
    world.admin.update(change);
    let table = world.one("workflow", "name", "Our process").unwrap();
    let table = table.text("uniquename").unwrap().to_owned();
    world.sluice("solution create Ours");
    says(
        world.admin.0.add_to_solution("Ours", "table", &[table]),
        Code::INVALID_ARGUMENT,
        "a process flow brings the table of its processes along",
    );
}

/// Who made a file cannot let the platform's own rows go with theirs.
#[test]
fn no_lookup_of_a_file_takes_the_platforms_own_rows_along() {
    let world = Site::new();
    let before = world.everything();
    let lookup = json!({ "name": "ab_lead", "type": "lookup", "targets": ["lead"] });
    for name in [
        "team",
        "role",
        "systemuser",
        "businessunit",
        "sdkmessageprocessingstep",
        "audit",
    ] {
        for (what, word) in [("delete", "cascade"), ("assign", "cascade"), ("share", "active")] {
            let along = json!([{ "column": "ab_lead", "target": "lead", what: word }]);
            let sent = with(column(name, lookup.clone()), "relationship", along);
            let done = imported(&world.admin, "column", &format!("{name}.ab_lead"), sent);
            says(done, Code::INVALID_ARGUMENT, "is the platform's affair");
        }
    }
    assert_eq!(world.everything(), before);
    // One that is emptied goes through.
    imported(&world.admin, "column", "team.ab_lead", column("team", lookup)).unwrap();
}

#[test]
fn exporting_takes_what_reading_takes() {
    let world = Site::sample();
    world.all(&[
        "option-set create ab_kind --option 1=One",
        "mapping add lead contact jobtitle department",
        "solution create Theirs",
        "role create Exporter",
        "role grant Exporter prvExportCustomization:org solution:crwdaA:org solutioncomponent:crwdaA:org",
        "user create exporter --role Exporter",
    ]);
    let who = world.org.actor("exporter");
    for (kind, name, privilege) in [
        ("table", "sl_commissionrule", "prvReadEntity"),
        ("column", "account.sl_commissionrate", "prvReadAttribute"),
        ("option-set", "ab_kind", "prvReadOptionSet"),
        ("mapping", "lead:contact", "prvReadEntityMap"),
        ("mapping", "lead:contact", "prvReadAttributeMap"),
        ("form", "lead:Lead", "prvReadSystemForm"),
        ("role", "Salesperson", "prvReadRole"),
        ("plugin", "commission", "prvReadPluginAssembly"),
    ] {
        let add = || who.0.add_to_solution("Theirs", kind, &[name.to_owned()]);
        lacks(add(), privilege);
        // What was added by somebody else does not leave either.
        world
            .admin
            .0
            .add_to_solution("Theirs", kind, &[name.to_owned()])
            .unwrap();
        lacks(who.0.export_solution("Theirs", false), privilege);
        world
            .admin
            .0
            .remove_from_solution("Theirs", kind, &[name.to_owned()])
            .unwrap();
        world.sluice(&format!("role grant Exporter {privilege}:org"));
    }
    for (kind, name) in [
        ("option-set", "ab_kind"),
        ("mapping", "lead:contact"),
        ("form", "lead:Lead"),
    ] {
        who.0.add_to_solution("Theirs", kind, &[name.to_owned()]).unwrap();
    }
    who.0.export_solution("Theirs", false).unwrap();
}
