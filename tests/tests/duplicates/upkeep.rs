//! Codes follow their rows, whatever door a change comes through.

use sluice_model::{ColumnDef, ColumnType, Query, Reference, Row, Value};

use crate::world::{Duplicates, NONE, account, contact, exact};
use sluice_platform::prelude::*;

#[test]
fn new_changed_and_deleted_rows() {
    let world = Duplicates::new();
    world.rule("name", ["account", "account"], &[exact("name")]);
    let found = |name: &str| world.duplicates(account(name), "account");
    let id = world.admin.create(account("Litware"));
    assert_eq!(found("litware"), [id]);
    world.admin.update(Row::new("account", id).with("name", "Proseware"));
    assert_eq!(found("litware"), NONE);
    assert_eq!(found("proseware"), [id]);
    world.admin.update(Row::new("account", id).with("telephone1", "1"));
    assert_eq!(found("proseware"), [id], "another column");
    world.admin.update(Row::new("account", id).with("name", "PROSEWARE"));
    assert_eq!(found("proseware"), [id], "the same code");
    world.admin.try_delete("account", id).unwrap();
    assert_eq!(found("proseware"), NONE);
}

#[test]
fn a_value_that_is_emptied() {
    let world = Duplicates::new();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    let id = world.admin.create(contact("Novak", "a@b.example"));
    world
        .admin
        .update(Row::new("contact", id).with("emailaddress1", Value::Null));
    assert!(!world.is_there(contact("x", "a@b.example"), "contact"));
}

#[test]
fn a_full_name_follows_its_parts() {
    let world = Duplicates::new();
    world.rule("name", ["contact", "contact"], &[exact("fullname")]);
    let id = world.admin.create(contact("Novak", "").with("firstname", "Ada"));
    let asked = |first: &str, last: &str| Row::unsaved("contact").with("firstname", first).with("lastname", last);
    assert_eq!(
        world.duplicates(asked("ADA", "novak"), "contact"),
        [id],
        "also of an unsaved row"
    );
    world.admin.update(Row::new("contact", id).with("lastname", "Lovelace"));
    assert_eq!(world.duplicates(asked("ada", "lovelace"), "contact"), [id]);
    assert!(!world.is_there(asked("ada", "novak"), "contact"));
}

#[test]
fn inactive_rows_come_and_go_where_they_are_passed_over() {
    let world = Duplicates::new();
    let keeping = world.rule("all", ["account", "account"], &[exact("name")]);
    let id = world.admin.create(account("Litware"));
    let state = |state: i32| Row::new("account", id).with("statecode", Value::Choice(state));
    world.admin.update(state(1));
    assert!(
        world.is_there(account("litware"), "account"),
        "by default inactive rows count"
    );
    world.unpublish(keeping);
    world.excluding("active", ["account", "account"], &[exact("name")]);
    assert!(!world.is_there(account("litware"), "account"));
    world.admin.update(state(0));
    assert_eq!(world.duplicates(account("litware"), "account"), [id]);
    world.admin.update(state(1));
    assert!(!world.is_there(account("litware"), "account"));
}

#[test]
fn a_reference_that_the_platform_empties() {
    let world = Duplicates::new();
    let lookup = ColumnType::Lookup {
        targets: vec!["contact".into()],
    };
    world
        .admin
        .0
        .create_column("account", &ColumnDef::new("sl_patron", lookup))
        .unwrap();
    world.rule(
        "patron",
        ["account", "account"],
        &[exact("sl_patron"), exact("address1_name")],
    );
    let patron = world.admin.create(contact("Medici", ""));
    let patronized = |name: &str| account(name).with("sl_patron", Reference::new("contact", patron));
    let id = world.admin.create(patronized("one").with("address1_name", "Florence"));
    let asked = || account("two").with("address1_name", "florence");
    assert_eq!(
        world.duplicates(asked().with("sl_patron", Reference::new("contact", patron)), "account"),
        [id]
    );
    assert_eq!(world.duplicates(asked(), "account"), NONE);
    world.admin.try_delete("contact", patron).unwrap();
    assert_eq!(
        world.duplicates(asked(), "account"),
        [id],
        "nothing equals nothing, beside another condition"
    );
}

#[test]
fn what_is_rolled_back_leaves_no_code() {
    let world = Duplicates::new();
    world.rule("name", ["account", "account"], &[exact("name")]);
    let kept = world.admin.create(account("Litware"));
    let failed = world.admin.0.batch(|batch| {
        batch.create(account("Proseware"))?;
        batch.execute(sluice_model::Request::update(
            Row::new("account", kept).with("name", "Gone"),
        ))?;
        batch.create(account("x").with("industrycode", Value::Choice(-1)))
    });
    assert!(failed.is_err());
    assert!(!world.is_there(account("proseware"), "account") && !world.is_there(account("gone"), "account"));
    assert_eq!(world.duplicates(account("litware"), "account"), [kept]);
}

#[test]
fn the_lead_that_is_qualified_and_the_rows_made_of_it() {
    let world = Duplicates::new();
    world.rule("accounts", ["account", "account"], &[exact("name")]);
    world.excluding("leads", ["lead", "lead"], &[exact("companyname")]);
    let lead = world.lead("Tailor Shop No. 7", "");
    let asked = || Row::unsaved("lead").with("companyname", "tailor shop no. 7");
    assert_eq!(world.duplicates(asked(), "lead"), [lead]);
    crate::world::qualify(&world.seller, lead).unwrap();
    assert!(
        world.is_there(account("tailor shop no. 7"), "account"),
        "made one level deeper"
    );
    assert!(!world.is_there(asked(), "lead"), "closed");
}

#[test]
fn imported_rows_and_rows_of_another_process() {
    let world = Duplicates::new();
    world.rule("name", ["account", "account"], &[exact("name")]);
    let other = world.org.second_process();
    let admin = sluice_tests::Actor(other.session_of("admin").unwrap());
    let id = admin.create(account("Litware"));
    assert_eq!(world.duplicates(account("litware"), "account"), [id]);
    // And a rule that another process publishes is kept up here at once.
    let rule = world.draft("phone", ["account", "account"], &[exact("telephone1")]);
    let job = crate::world::job(
        &admin
            .0
            .execute(crate::world::about("PublishDuplicateRule", rule))
            .unwrap(),
    );
    let late = world.admin.create(account("late").with("telephone1", "12-34"));
    world.run(job);
    assert_eq!(
        world.duplicates(account("x").with("telephone1", "1234"), "account"),
        [late]
    );
}

#[test]
fn codes_are_those_of_a_rule_published_anew() {
    let world = Duplicates::new();
    let rule = world.rule("name", ["account", "account"], &[exact("name")]);
    // Changes while the rule is out of work.
    world.unpublish(rule);
    let id = world.admin.create(account("Litware"));
    let gone = world.admin.create(account("Proseware"));
    world.admin.try_delete("account", gone).unwrap();
    world.publish(rule);
    let found: Vec<_> = world.duplicates(account("litware"), "account");
    assert_eq!(found, [id]);
    // For every row: the rules find exactly the rows with the same name.
    let all = world.admin.list(Query::new("account").columns(&["name"]));
    for row in &all {
        let code = |row: &Row| row.text("name").map(|name| name.trim().to_lowercase());
        let mut expected: Vec<_> = all
            .iter()
            .filter(|other| other.id != row.id && code(other) == code(row))
            .map(|row| row.id)
            .collect();
        expected.sort();
        let mut found = world.duplicates(Row::new("account", row.id), "account");
        found.sort();
        assert_eq!(found, expected, "{row:?}");
    }
}
