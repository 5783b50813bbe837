//! An organisation with tables of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use sluice_engine::CallOptions;
use sluice_model::{
    Behaviours, Code, ColumnDef, ColumnType, Depth, Error, Filter, Name, Ownership, Parameter, Query, Reference,
    Request, Row, TableDef, Uuid, Value,
};
use sluice_platform::prelude::*;
use sluice_platform::{Assembly, BehaviourChange, StepSpec};
use sluice_tests::{Actor, Organisation, people, wasm};

pub struct Related {
    pub org: Organisation,
    pub admin: Actor,
}

pub fn lookup(name: &str, targets: &[&str]) -> ColumnDef {
    let targets = targets.iter().map(|target| Name::from(*target)).collect();
    ColumnDef::new(name, ColumnType::Lookup { targets })
}

impl Related {
    pub fn new() -> Self {
        let org = Organisation::empty();
        let admin = org.admin();
        Self { org, admin }
    }

    /// With a table of people's rows, `sl_part`, which may refer to each other and to accounts.
    pub fn with_parts(behaviours: Behaviours) -> Self {
        let world = Self::new();
        world.table("sl_part", Ownership::User);
        world.lookup("sl_part", "sl_whole", &["sl_part"], behaviours);
        world
    }

    pub fn table(&self, name: &str, ownership: Ownership) {
        let mut table = TableDef::new(name, ownership);
        table
            .columns
            .push(ColumnDef::new("sl_name", ColumnType::Text { max_length: 100 }));
        table.primary_name = Some("sl_name".into());
        self.admin.0.create_table(&table).unwrap();
    }

    #[track_caller]
    pub fn lookup(&self, table: &str, column: &str, targets: &[&str], behaviours: Behaviours) {
        let made = self.admin.0.create_lookup(table, &lookup(column, targets), behaviours);
        made.unwrap_or_else(|error| panic!("{error}"));
    }

    #[track_caller]
    pub fn change(&self, relationship: &str, change: BehaviourChange) {
        let changed = self.admin.0.update_relationship(relationship, &change);
        changed.unwrap_or_else(|error| panic!("{error}"));
    }

    pub fn behaviours(&self, relationship: &str) -> Behaviours {
        self.admin
            .0
            .catalog()
            .unwrap()
            .relationship(relationship)
            .unwrap()
            .behaviours
    }

    /// A row of `sl_part`, perhaps below another one.
    pub fn part(&self, name: &str, whole: Option<Uuid>) -> Uuid {
        let mut row = Row::unsaved("sl_part").with("sl_name", name);
        if let Some(whole) = whole {
            row.set("sl_whole", Reference::new("sl_part", whole));
        }
        self.admin.create(row)
    }

    pub fn account(&self, name: &str) -> Uuid {
        self.admin.create(Row::unsaved("account").with("name", name))
    }

    pub fn contact(&self, of: Option<Reference>) -> Uuid {
        let mut row = Row::unsaved("contact").with("lastname", "Ng");
        if let Some(of) = of {
            row.set("parentcustomerid", of);
        }
        self.admin.create(row)
    }

    pub fn there(&self, table: &str, id: Uuid) -> bool {
        let catalog = self.admin.0.catalog().unwrap();
        let key = catalog.table(table).unwrap().key.clone();
        !self
            .admin
            .list(Query::new(table).filter(Filter::eq(&key, id)))
            .is_empty()
    }

    /// The plug-in that does what its step says, and traces of all that it says.
    pub fn probe(&self) {
        let assembly = Assembly {
            name: "probe".to_owned(),
            bytes: wasm("guests", "probe"),
            description: None,
        };
        self.admin
            .0
            .push(&assembly, &sluice_platform::PushOptions::default())
            .unwrap();
        self.setting("plugintracelogsetting", Value::Choice(2));
    }

    pub fn setting(&self, column: &str, value: Value) {
        let row = self.admin.list(Query::new("organization").columns(&[])).remove(0);
        self.admin.update(Row::new("organization", row.id).with(column, value));
    }

    pub fn step(&self, stage: i32, message: &str, table: &str, script: &str) {
        let spec = StepSpec {
            plugin: "probe/probe".to_owned(),
            message: message.to_owned(),
            table: Some(table.to_owned()),
            stage,
            configuration: Some(script.to_owned()),
            ..StepSpec::default()
        };
        self.admin.0.register_step(&spec).unwrap();
    }

    /// What the steps of a request said, in the order in which they began.
    #[track_caller]
    pub fn said(&self, request: Request) -> Vec<String> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = Uuid::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into());
        let options = CallOptions { request_id: Some(id) };
        if let Err(error) = self.admin.0.execute_with(request, &options) {
            panic!("{error}");
        }
        let query = Query::new("plugintracelog").filter(Filter::eq("requestid", id));
        let calls = self.admin.list(query.order_by("performanceexecutionstarttime"));
        let blocks = calls
            .iter()
            .filter_map(|row| row.text("messageblock").map(ToOwned::to_owned));
        blocks
            .flat_map(|block| block.lines().map(ToOwned::to_owned).collect::<Vec<_>>())
            .collect()
    }

    /// Somebody who may do these things to accounts, contacts and parts.
    pub fn user(&self, name: &str, verbs: &[&str], depth: Depth) -> Actor {
        let tables = ["Account", "Contact", "sl_part"];
        let there = |table: &&str| self.admin.0.catalog().unwrap().find(&table.to_lowercase()).is_some();
        let tables: Vec<&str> = tables.into_iter().filter(there).collect();
        people::user(&self.org, name, &people::privileges(verbs, &tables, depth))
    }

    pub fn share(&self, by: &Actor, row: Reference, with: &Actor, mask: &str) -> Result<(), Error> {
        let request = Request::new("GrantAccess")
            .with("Target", row)
            .with("Principal", Reference::new("systemuser", with.id()))
            .with("AccessMask", mask);
        by.0.execute(request).map(|_| ())
    }

    pub fn unshare(&self, by: &Actor, row: Reference, with: &Actor) -> Result<(), Error> {
        let request = Request::new("RevokeAccess")
            .with("Target", row)
            .with("Revokee", Reference::new("systemuser", with.id()));
        by.0.execute(request).map(|_| ())
    }

    /// What somebody may do to a row, with the reasons.
    pub fn access(&self, row: Reference, of: &Actor) -> (String, Vec<String>) {
        let request = Request::new("RetrievePrincipalAccess")
            .with("Target", row)
            .with("Principal", Reference::new("systemuser", of.id()));
        let outputs = self.admin.0.execute(request).unwrap().outputs;
        let rights = match outputs.get("AccessRights").unwrap() {
            Parameter::Value(value) => value.as_text().unwrap().to_owned(),
            other => panic!("{other:?}"),
        };
        let reasons = match outputs.get("Reasons").unwrap() {
            Parameter::Names(names) => names.iter().map(|name| name.to_string()).collect(),
            other => panic!("{other:?}"),
        };
        (rights, reasons)
    }

    /// Whether somebody reads a row: by the decision, in a list, and as it is told, which must agree.
    #[track_caller]
    pub fn reads(&self, of: &Actor, row: &Reference) -> bool {
        let decided = of.try_get(&row.table, row.id).is_ok();
        let key = self.admin.0.catalog().unwrap().table(&row.table).unwrap().key.clone();
        let listed = of
            .list(Query::new(row.table.clone()).filter(Filter::eq(&key, row.id)))
            .len()
            == 1;
        let told = self.access(row.clone(), of).0.contains("ReadAccess");
        assert_eq!(
            (decided, decided),
            (listed, told),
            "the decision, and list and explanation"
        );
        decided
    }

    pub fn merge(&self, kept: Reference, merged: Uuid) {
        let request = Request::new("Merge")
            .with("SubordinateId", Reference::new(kept.table.clone(), merged))
            .with("Target", kept);
        self.admin.0.execute(request).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// It is refused with that code, and says so.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T, Error>, code: Code, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}
