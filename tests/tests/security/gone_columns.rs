//! What a secured column held stays hidden once the column is gone, also where a later one has its name.

use sluice_model::{Code, ColumnDef, ColumnType, Depth, Filter, Ownership, Query, Row, TableDef, Value};
use sluice_platform::prelude::*;
use sluice_tests::{Actor, people};

use crate::{columns::secure, world::Security};

const SECRET: &str = "TOPSECRET77";

/// An account with a secret in a secured column of a customizer's own, and somebody who reads accounts, the trail and
/// traces, and deletes columns and tables.
struct Gone {
    world: Security,
    mallory: Actor,
}

impl Gone {
    fn new() -> Self {
        let world = Security::new();
        let organization = world.ids("organization", Filter::All).into_iter().next().unwrap();
        let all = Row::new("organization", organization).with("sl_tracerequests", Value::Choice(2));
        world.admin.update(all);
        let tables = ["Account", "Audit", "AuditSummary", "sl_messagetrace", "Entity"];
        let mut rights = people::privileges(&["Read"], &tables, Depth::Organization);
        rights.extend(
            ["prvDeleteAttribute", "prvDeleteEntity", "prvActOnBehalfOfAnotherUser"]
                .map(|name| (name.to_owned(), Depth::Organization)),
        );
        rights.retain(|(name, _)| !world.ids("privilege", Filter::eq("name", name.as_str())).is_empty());
        let mallory = people::user(&world.organisation, "mallory", &rights);
        let gone = Self { world, mallory };
        gone.add_column();
        secure(&gone.world.admin, "account", "new_sec", true).unwrap();
        gone.account(SECRET);
        gone
    }

    fn add_column(&self) {
        let column = ColumnDef::new("new_sec", ColumnType::Text { max_length: 50 });
        self.world.admin.0.create_column("account", &column).unwrap();
    }

    fn account(&self, secret: &str) {
        let row = Row::unsaved("account").with("name", "Litware").with("new_sec", secret);
        self.world.admin.create(row);
    }

    /// Whether the trail, and whether requests in traces, tell somebody of that text.
    fn told(&self, actor: &Actor, text: &str) -> (bool, bool) {
        let told = |query: Query| actor.list(query).iter().any(|row| format!("{row:?}").contains(text));
        (told(Query::new("audit")), told(Query::new("sl_messagetrace")))
    }
}

#[test]
fn what_a_secured_column_held_is_not_shown_once_it_is_gone() {
    let gone = Gone::new();
    let admin = &gone.world.admin;
    assert_eq!(gone.told(admin, SECRET), (true, true));
    assert_eq!(gone.told(&gone.mallory, SECRET), (false, false));
    admin.0.delete_column("account", "new_sec").unwrap();
    assert_eq!(gone.told(&gone.mallory, SECRET), (false, false));
    assert!(gone.told(&gone.mallory, "Litware").0, "the rest is shown");
    // A later column of its name is another one.
    gone.add_column();
    gone.account("OPEN88");
    assert_eq!(gone.told(&gone.mallory, SECRET), (false, false));
    assert_eq!(gone.told(&gone.mallory, "OPEN88"), (true, true));
    assert_eq!(gone.told(admin, SECRET), (true, true));
    // Nor does another process tell.
    let there = gone.world.organisation.second_process().session(gone.mallory.id());
    assert_eq!(gone.told(&Actor(there), SECRET), (false, false));
}

/// What the table has no longer may have been secured.
#[test]
fn a_column_that_is_gone_is_told_to_those_who_read_every_column() {
    let gone = Gone::new();
    secure(&gone.world.admin, "account", "new_sec", false).unwrap();
    assert!(gone.told(&gone.mallory, SECRET).0);
    gone.world.admin.0.delete_column("account", "new_sec").unwrap();
    assert!(!gone.told(&gone.mallory, SECRET).0);
    assert!(gone.told(&gone.world.admin, SECRET).0);
}

#[test]
fn a_secured_column_is_taken_away_by_those_who_read_it() {
    let gone = Gone::new();
    let admin = &gone.world.admin;
    let denied = gone.mallory.0.delete_column("account", "new_sec").unwrap_err();
    assert_eq!(denied.code(), Code::PRIVILEGE_DENIED);
    let mut table = TableDef::new("new_table", Ownership::User);
    table.primary_name = Some("new_name".into());
    for name in ["new_name", "new_sec"] {
        table
            .columns
            .push(ColumnDef::new(name, ColumnType::Text { max_length: 50 }));
    }
    admin.0.create_table(&table).unwrap();
    secure(admin, "new_table", "new_sec", true).unwrap();
    let denied = gone.mallory.0.delete_table("new_table").unwrap_err();
    assert_eq!(denied.code(), Code::PRIVILEGE_DENIED);
    admin.0.delete_table("new_table").unwrap();
    admin.0.delete_column("account", "new_sec").unwrap();
}
