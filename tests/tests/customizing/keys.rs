//! Alternate keys: what they keep apart, how they are made, and who finds rows by them.

use std::process::Stdio;

use sluice_model::{Code, Row};
use sluice_platform::prelude::*;

use crate::world::{Customizing, says};

fn codes(world: &Customizing, lines: &[(&str, &str)]) {
    for (line, code) in lines {
        assert_eq!(world.refused(line)["code"], *code, "{line}");
    }
}

#[test]
fn a_key_keeps_values_apart() {
    let world = Customizing::new();
    world.sluice("row create account name=Old accountnumber=A-1");
    let made = world.sluice("key create account sl_number --columns accountnumber --label Number");
    assert_eq!(
        (&made["status"], &made["columns"][0]),
        (&"Active".into(), &"accountnumber".into()),
        "{made}"
    );
    let error = world.refused("row create account name=Other accountnumber=a-1");
    assert_eq!(error["code"], "0x80060892");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("Entity Key Number violated. A record with the same value for Account Number already exists."),
        "{error}"
    );
    let other = world.sluice("row create account name=Other accountnumber=A-2")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    codes(
        &world,
        &[(&format!("row update account {other} accountnumber=A-1"), "0x80060892")],
    );
    // A row without the value is not compared, and a value of its own is written again.
    world.sluice("row create account name=None");
    world.sluice("row create account name=Nor");
    world.sluice(&format!("row update account {other} accountnumber=A-2"));
    // Whoever writes it, through whichever door.
    let row = Row::unsaved("account").with("accountnumber", "A-2");
    says(world.admin.try_create(row), Code::KEY_TAKEN, "Number");
    world.sluice("key delete account sl_number");
    world.sluice("row create account name=Again accountnumber=A-1");
    assert_eq!(world.sluice("key list account")["value"].as_array().unwrap().len(), 0);
}

#[test]
fn a_key_over_rows_that_are_the_same_fails_and_is_tried_again() {
    let world = Customizing::new();
    let ids = ["X", "Y"].map(|name| {
        let answer = world.sluice(&format!(
            "row create account name={name} accountnumber=7 address1_city=Kiel"
        ));
        answer["id"].as_str().unwrap().to_owned()
    });
    let run = world.run("key create account sl_number --columns accountnumber,address1_city --json");
    assert_eq!(run.code, 1, "{run:?}");
    let key = &world.sluice("key list account")["value"][0].clone();
    assert_eq!(key["status"], "Failed");
    assert!(run.stdout.contains("2 rows have the same values"), "{run:?}");
    assert!(
        !run.stdout.contains("Kiel"),
        "no values: whoever makes a key may not be able to read the rows"
    );
    // It keeps nothing apart and names nothing.
    world.sluice("row create account name=Z accountnumber=7 address1_city=Kiel");
    codes(
        &world,
        &[("row get account accountnumber=7,address1_city=Kiel", "0x80060890")],
    );
    world.sluice(&format!("row update account {} accountnumber=8", ids[0]));
    world.sluice("row update account Z accountnumber=9");
    let made = world.sluice("key retry account sl_number");
    assert_eq!(made["status"], "Active", "{made}");
    codes(
        &world,
        &[
            ("key retry account sl_number", "0x80040203"),
            ("key retry account sl_other", "0x80040217"),
        ],
    );
}

#[test]
fn what_cannot_be_a_key_is_refused() {
    let world = Customizing::new();
    codes(
        &world,
        &[
            ("key create account number --columns accountnumber", "0x80040203"),
            ("key create account sl_k --columns nothing", "0x80041103"),
            ("key create account sl_k --columns description", "0x80040203"),
            ("key create account sl_k --columns revenue", "0x80040203"),
            ("key create role sl_k --columns name", "0x80040203"),
        ],
    );
    world.sluice("key create account sl_k --columns accountnumber");
    codes(
        &world,
        &[
            ("key create account sl_k --columns name", "0x80040237"),
            ("key create account sl_l --columns accountnumber", "0x80040237"),
        ],
    );
    // What a key is made of stays.
    world.sluice("column create account sl_code text --max-length 20");
    world.sluice("key create account sl_c --columns sl_code");
    let error = world.refused("column delete account sl_code");
    assert!(error["message"].as_str().unwrap().contains("the key sl_c"), "{error}");
    world.sluice("key delete account sl_c");
    world.sluice("column delete account sl_code");
}

#[test]
fn rows_are_named_by_their_keys() {
    let world = Customizing::new();
    world.sluice("key create account sl_number --columns accountnumber");
    world.sluice("key create account sl_place --columns address1_city,name");
    world.sluice("row create account 'name=Novak, Ltd' accountnumber=A-1 address1_city=Kiel");
    let name = |line: &str| world.sluice(line)["name"].as_str().unwrap().to_owned();
    assert_eq!(name("row get account accountnumber=a-1"), "Novak, Ltd");
    assert_eq!(
        name("row get account 'name=Novak, Ltd,address1_city=KIEL'"),
        "Novak, Ltd"
    );
    codes(
        &world,
        &[
            ("row get account accountnumber=A-9", "0x80060891"),
            ("row get account name=Novak", "0x80060890"),
        ],
    );
    world.sluice("row update account accountnumber=A-1 telephone1=1");
    world.sluice("row create contact lastname=Of parentcustomerid=account:accountnumber=A-1");
    let contact = world.sluice("row get contact Of");
    assert!(contact["_parentcustomerid_value"].is_string(), "{contact}");
    world.sluice("row delete contact Of");
    world.sluice("row delete account accountnumber=A-1");
}

#[test]
fn an_upsert_runs_as_create_or_update() {
    let world = Customizing::new();
    world.sluice("key create account sl_number --columns accountnumber");
    let made = world.sluice("row upsert account accountnumber=A-1 name=Novak");
    assert_eq!(made["created"], true, "{made}");
    let changed = world.sluice("row upsert account accountnumber=A-1 telephone1=5");
    assert_eq!((&changed["created"], &changed["id"]), (&false.into(), &made["id"]));
    let row = world.sluice("row get account accountnumber=A-1");
    assert_eq!((&row["name"], &row["telephone1"]), (&"Novak".into(), &"5".into()));
    codes(
        &world,
        &[
            ("row upsert account name=Novak telephone1=6", "0x80060890"),
            ("row upsert account accountnumber= name=x", "0x80040203"),
        ],
    );
    let answer = world.sluice(
        "exec Upsert 'Target:={\"@odata.type\":\"account\",\"accountnumber\":\"A-2\",\"name\":\"Higa\"}' KeyAttributes=accountnumber",
    );
    assert_eq!(answer["RecordCreated"], true, "{answer}");
    assert!(answer["Target"]["accountid"].is_string());
    // By id: the row is made with it, then changed.
    let id = "0198c0de-0000-7000-8000-00000000abcd";
    for created in [true, false] {
        let line =
            format!("exec Upsert 'Target:={{\"@odata.type\":\"account\",\"accountid\":\"{id}\",\"name\":\"By id\"}}'");
        let answer = world.sluice(&line);
        assert_eq!(
            (&answer["RecordCreated"], &answer["Target"]["accountid"]),
            (&created.into(), &id.into())
        );
    }
    // The trace says what ran.
    world.sluice("settings set trace all");
    world.sluice("row upsert account accountnumber=A-1 telephone1=7");
    let tree = world.run("trace tree");
    assert!(
        tree.stdout.contains("Update account") && !tree.stdout.contains("Upsert"),
        "{tree:?}"
    );
}

#[test]
fn of_upserts_at_once_one_makes_the_row_and_the_others_change_it() {
    let world = Customizing::new();
    world.sluice("key create account zz_number --columns accountnumber");
    let upserts: Vec<_> = (0..8)
        .map(|number| {
            let name = format!("name=N{number}");
            let line = ["row", "upsert", "account", "accountnumber=A-1", &name, "--json"];
            let mut command = world.program().command(&line);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut created = 0;
    for upsert in upserts {
        let ended = upsert.wait_with_output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
        let answer: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
        created += usize::from(answer["created"] == true);
    }
    assert_eq!(created, 1);
}

/// A pre-validation step makes the row before the Upsert itself does: what the step committed stays, with its jobs.
#[test]
fn jobs_of_an_upsert_that_begins_anew_run() {
    let world = Customizing::new();
    world.sluice("key create account zz_number --columns accountnumber");
    let plugin = sluice_tests::world::guest("probe");
    world.sluice(&format!("plugin push {plugin} --name probe"));
    let step = |more: &[&str]| {
        world
            .program()
            .json(&sluice_tests::world::probe_step("Create", "account", more))
    };
    step(&[
        "--stage",
        "pre-validation",
        "--config",
        "at-depth 1 create account accountnumber A-1",
    ]);
    step(&[
        "--stage",
        "post-operation",
        "--mode",
        "async",
        "--config",
        "trace released",
    ]);
    let answer = world.sluice("row upsert account accountnumber=A-1 name=Late");
    assert_eq!(answer["created"], false, "{answer}");
    let jobs = world.sluice("row list asyncoperation --select statuscode --filter \"messagename eq 'Create'\"");
    let jobs = jobs["value"].as_array().unwrap().clone();
    let succeeded = jobs.iter().filter(|job| job["statuscode"] == 30).count();
    assert_eq!((jobs.len(), succeeded), (1, 1), "{jobs:?}");
}

#[test]
fn keys_travel_in_solutions() {
    let from = Customizing::new();
    from.sluice("column create account sl_code text --max-length 20");
    from.sluice("key create account sl_c --columns sl_code --label Code");
    from.sluice("solution create Keys --version 1.0.0.0");
    from.sluice("solution add Keys column account.sl_code");
    from.sluice("solution add Keys key account.sl_c");
    for managed in [false, true] {
        let file = from.admin.0.export_solution("Keys", managed).unwrap();
        let to = Customizing::new();
        std::fs::write(to.org.path().with_file_name("keys.zip"), &file).unwrap();
        to.sluice("solution import keys.zip");
        let key = to.sluice("key list account")["value"][0].clone();
        assert_eq!(
            (&key["status"], &key["label"], &key["managed"]),
            (&"Active".into(), &"Code".into(), &managed.into())
        );
        to.sluice("row create account name=a sl_code=1");
        codes(&to, &[("row create account name=b sl_code=1", "0x80060892")]);
        // Once more changes nothing.
        to.sluice("solution import keys.zip");
        if managed {
            codes(&to, &[("key delete account sl_c", "0x8004F032")]);
            to.sluice("row delete account sl_code=1");
            to.sluice("solution delete Keys");
            assert_eq!(to.sluice("key list account")["value"].as_array().unwrap().len(), 0);
        }
    }
}

/// Rows that lack one of the values are not compared, and are not counted.
#[test]
fn a_key_says_how_many_rows_it_tells_apart() {
    let world = Customizing::new();
    world.sluice("row create account name=A accountnumber=1");
    world.sluice("row create account name=B");
    world.sluice("key create account sl_number --columns accountnumber");
    let jobs = world.sluice("row list asyncoperation --select message");
    let told = jobs["value"].to_string();
    assert!(told.contains("1 row is told apart by it"), "{told}");
}
