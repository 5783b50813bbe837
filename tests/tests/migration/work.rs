//! A migrated organisation works on: with its own tables, its plug-ins, rules and flows.

use sluice_tests::world::{World, id, list, text};

use crate::FORMS;

#[test]
fn a_customised_organisation_works_on() {
    for form in FORMS {
        let world = World::old(form, "customised");
        let admin = world.admin();
        let ship = admin.json(&[
            "row",
            "create",
            "fa_ship",
            "fa_name=Corona",
            "fa_tonnage=5",
            "fa_seas:=[4]",
        ]);
        let ship = admin.json(&["row", "get", "fa_ship", &id(&ship)]);
        assert_eq!((&ship["fa_chartered"], &ship["fa_tonnage"]), (&true.into(), &5.into()));
        // Its options, its mapping, its step, its flow, its rule.
        let lead = [
            "row",
            "create",
            "lead",
            "lastname=Zoe",
            "companyname=Zoe Co",
            "ve_source=web",
            "leadsourcecode=900",
            "fa_ship=Aurora",
        ];
        let lead = id(&world.user("ann").json(&lead));
        let made = world.user("ann").json(&[
            "lead",
            "qualify",
            &lead,
            "--account",
            "create",
            "--contact",
            "skip",
            "--opportunity",
            "skip",
        ]);
        let account = text(&made["value"][0]["created"][0], "id");
        assert_eq!(admin.json(&["row", "get", "account", &account])["ve_source"], "web");
        admin.json(&["row", "update", "account", &account, "fa_region=Inland"]);
        let again = admin.refused(&["row", "create", "fa_ship", "fa_name=Corona", "--detect-duplicates"]);
        assert!(text(&again, "message").contains("duplicate"), "{again}");
        let other = id(&admin.json(&["row", "create", "lead", "lastname=Flow"]));
        admin.json(&["flow", "start", &other, "--flow", "Charter"]);
        assert!(admin.run(&["flow", "next", &other]).code == 1, "the ship is required");
        // What is shared and what belongs to units still counts.
        assert_eq!(
            list(
                &world
                    .user("cid")
                    .json(&["row", "list", "account", "--filter", "name eq 'Harbour Ltd'"])
            )
            .len(),
            1
        );
        assert_eq!(
            list(
                &world
                    .user("ben")
                    .json(&["row", "list", "fa_ship", "--filter", "fa_name eq 'Aurora'"])
            )
            .len(),
            1
        );
        what_lies_beside_the_rows_is_there(&world);
    }
}

/// Attachments, jobs, history.
fn what_lies_beside_the_rows_is_there(world: &World) {
    let admin = world.admin();
    let harbour = text(
        &world.rows("account", "accountid", "name eq 'Harbour Ltd'")[0],
        "accountid",
    );
    let notes = list(&admin.json(&["note", "list", "account", &harbour]));
    assert_eq!(notes.len(), 1, "{notes:?}");
    admin.json(&["note", "save", &text(&notes[0], "annotationid"), "saved.bin"]);
    assert_eq!(std::fs::read(world.path("saved.bin")).unwrap(), vec![b'x'; 40_000]);
    assert!(!list(&admin.json(&["jobs", "list"])).is_empty());
    assert!(!list(&admin.json(&["audit", "list", "--table", "contact"])).is_empty());
}

/// What came with a solution is still its own, and goes with it.
#[test]
fn solutions_go_on() {
    for form in FORMS {
        let world = World::old(form, "customised");
        let admin = world.admin();
        let refused = admin.refused(&["column", "update", "ve_contract", "ve_number", "--label", "No."]);
        assert_eq!(refused["code"], "0x8004F032", "{refused}");
        admin.json(&["solution", "export", "Fleet", "fleet.zip"]);
        let other = World::empty();
        std::fs::copy(world.path("fleet.zip"), other.path("fleet.zip")).unwrap();
        other.admin().run(&["solution", "import", "fleet.zip"]);
        let contract = text(&world.rows("ve_contract", "ve_contractid", "")[0], "ve_contractid");
        admin.json(&["row", "delete", "ve_contract", &contract]);
        for account in world.rows("account", "accountid", "ve_grade ne null") {
            admin.json(&[
                "row",
                "update",
                "account",
                &text(&account, "accountid"),
                "ve_grade=null",
            ]);
        }
        admin.json(&["solution", "delete", "Contracts"]);
        let tables = list(&admin.json(&["table", "list"]));
        assert!(!tables.iter().any(|table| table["name"] == "ve_contract"));
    }
}

/// What an earlier version took and this one would refuse stays, and is listed.
#[test]
fn rows_that_break_a_rule_are_left_and_listed() {
    let world = World::old(FORMS[0], "customised");
    let file = rusqlite::Connection::open(world.path("sluice.db")).unwrap();
    // No text is compared here; the statements only want the collation to be there.
    file.create_collation("UNICODE_CI", |one, other| one.cmp(other))
        .unwrap();
    file.execute_batch(
        "UPDATE account SET parentaccountid = accountid WHERE accountid IN (SELECT accountid FROM account LIMIT 1);
         UPDATE contact SET parentcustomerid = contactid, \"parentcustomerid_type\" = 'contact'
             WHERE contactid IN (SELECT contactid FROM contact LIMIT 1);
         UPDATE sdkmessageprocessingstep SET impersonatinguserid = (SELECT createdby FROM organization)
             WHERE impersonatinguserid IS NOT NULL;
         UPDATE principalobjectaccess SET objectid = x'00112233445566778899aabbccddeeff'
             WHERE principalobjectaccessid IN (SELECT principalobjectaccessid FROM principalobjectaccess LIMIT 1);
         DELETE FROM roleprivileges WHERE privilegeid IN (SELECT privilegeid FROM privilege LIMIT 1);",
    )
    .unwrap();
    drop(file);
    let check = world.admin().json(&["org", "check"]);
    assert_eq!(check["ok"], true, "{check}");
    let rules = check["rows"].as_array().unwrap();
    for (table, words, count) in [
        ("role", "the role System Administrator lacks", 4),
        ("sdkmessageprocessingstep", "Watch accounts runs as SYSTEM", 1),
        ("principalobjectaccess", "a row that is not there", 1),
        ("account", "in a loop, through `parentaccountid`", 1),
        ("contact", "in a loop, through `parentcustomerid`", 1),
    ] {
        let found = rules
            .iter()
            .filter(|row| row["table"] == table && text(row, "rule").contains(words));
        assert_eq!(found.count(), count, "{table}: {check}");
    }
    assert_eq!(rules.len(), 8, "{check}");
    let people = world.admin().run(&["org", "check"]);
    assert!(
        people.stdout.contains("is whole") && people.stdout.contains("runs as SYSTEM"),
        "{people:?}"
    );
    let clean = World::old(FORMS[0], "customised").admin().json(&["org", "check"]);
    assert_eq!(clean["rows"], serde_json::json!([]));
}
