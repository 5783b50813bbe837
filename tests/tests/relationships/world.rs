//! An organisation with tables of its own.

use sluice_engine::BehaviourChange;
use sluice_model::{
    Behaviours, Code, ColumnDef, ColumnType, Error, Filter, Name, Ownership, Query, Reference, Request, Row, TableDef,
    Uuid,
};
use sluice_tests::{Actor, Organisation};

pub struct World {
    pub org: Organisation,
    pub admin: Actor,
}

pub fn lookup(name: &str, targets: &[&str]) -> ColumnDef {
    let targets = targets.iter().map(|target| Name::from(*target)).collect();
    ColumnDef::new(name, ColumnType::Lookup { targets })
}

impl World {
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
