//! A row that was made with the id of an earlier one is another row: what is on record of the earlier one is not shown to
//! whoever reads the later one.

use serde_json::json;
use sluice_model::{Depth, Filter, Query, Row, Timestamp, Uuid, Value};
use sluice_platform::{TableChange, WorkflowSpec, prelude::*};
use sluice_tests::{Actor, people};

use crate::world::{Security, user};

const SECRET: &str = "TOPSECRET77";

/// An organisation that records every request, with a workflow that tells in its job what an account says; and somebody
/// who reads what is on record, and of accounts their own, and chooses their ids.
struct Remade {
    world: Security,
    mallory: Actor,
}

impl Remade {
    fn new() -> Self {
        let world = Security::new();
        let organization = world.ids("organization", Filter::All).into_iter().next().unwrap();
        let all = Row::new("organization", organization).with("sl_tracerequests", Value::Choice(2));
        world.admin.update(all);
        let tables = [
            "Audit",
            "AuditSummary",
            "RecordAuditHistory",
            "sl_messagetrace",
            "AsyncOperation",
        ];
        let mut rights = people::privileges(&["Read"], &tables, Depth::Organization);
        rights.extend(people::privileges(&["Create", "Read"], &["Account"], Depth::User));
        rights.push(("prvOverrideCreatedOnCreatedBy".to_owned(), Depth::Organization));
        rights.retain(|(name, _)| !world.ids("privilege", Filter::eq("name", name.as_str())).is_empty());
        let mallory = people::user(&world.organisation, "mallory", &rights);
        let text = json!({
            "name": "tells", "table": "account", "mode": "background", "on": { "create": true }, "scope": "organization",
            "actions": [{ "stop": { "as": "canceled", "message": { "text": ["no: ", { "column": "description" }] } } }],
        });
        let workflow = WorkflowSpec::parse(&text.to_string()).unwrap().row();
        let workflow = world.admin.create(workflow);
        world
            .admin
            .update(Row::new("workflow", workflow).with("statecode", Value::Choice(1)));
        Self { world, mallory }
    }

    fn audits(&self, audited: bool) {
        let change = TableChange {
            audited: Some(audited),
            ..TableChange::default()
        };
        self.world.admin.0.update_table("account", change).unwrap();
    }

    /// An account that tells the secret, of whom it is, and a change of it that was refused.
    fn account(&self, owner: &Actor) -> Uuid {
        let admin = &self.world.admin;
        let row = Row::unsaved("account")
            .with("name", "Litware")
            .with("description", SECRET);
        let account = admin.create(row.with("ownerid", user(owner)));
        let refused = Row::new("account", account)
            .with("description", SECRET)
            .with("numberofemployees", -5);
        admin.try_update(refused).unwrap_err();
        account
    }

    /// Whether recorded requests, jobs and the trail tell somebody of the secret.
    fn told(&self, actor: &Actor) -> [bool; 3] {
        let told = |table: &str| {
            actor
                .list(Query::new(table))
                .iter()
                .any(|row| format!("{row:?}").contains(SECRET))
        };
        ["sl_messagetrace", "asyncoperation", "audit"].map(told)
    }
}

#[test]
fn who_makes_a_row_with_the_id_of_one_that_is_gone_is_told_nothing_of_that_one() {
    let remade = Remade::new();
    let admin = &remade.world.admin;
    let account = remade.account(admin);
    assert_eq!(remade.told(admin), [true; 3]);
    assert_eq!(remade.told(&remade.mallory), [false; 3]);
    admin.try_delete("account", account).unwrap();
    assert_eq!(remade.told(&remade.mallory), [false; 3]);
    // What is not watched marks nothing of the earlier row.
    remade.audits(false);
    remade.mallory.create(Row::new("account", account).with("name", "Mine"));
    remade.audits(true);
    assert_eq!(remade.told(&remade.mallory), [false; 3]);
    assert_eq!(remade.told(admin), [true; 3], "who reads all accounts is told");
}

/// When a row was made is when that was done, and not what it says of it.
#[test]
fn a_row_that_is_dated_back_is_no_earlier_one() {
    let remade = Remade::new();
    let admin = &remade.world.admin;
    let account = remade.account(admin);
    admin.try_delete("account", account).unwrap();
    remade.audits(false);
    let earlier: Timestamp = "1999-01-01T00:00:00Z".parse().unwrap();
    let mine = Row::new("account", account)
        .with("name", "Mine")
        .with("overriddencreatedon", earlier);
    remade.mallory.create(mine);
    assert_eq!(remade.told(&remade.mallory), [false; 3]);
}

/// The request that made a row began before the row was there, and is about that row all the same.
#[test]
fn who_reads_a_row_is_told_how_it_was_made() {
    let remade = Remade::new();
    remade.account(&remade.mallory);
    assert_eq!(remade.told(&remade.mallory), [true; 3]);
}
