//! The crate's tests: on real files in temporary folders.

mod blocks;
mod deadline;
mod definitions;
mod files;
mod groups;
mod matchcodes;
mod migrate;
mod permits;
mod queries;
mod rows;
mod values;

use std::{path::PathBuf, sync::Arc};

use sluice_access::Permit;
use sluice_model::{
    Catalog, ColumnDef, ColumnType as C, Name, Ownership, Points, Result, Row, TableDef, Uuid, WhenGone,
};
use tempfile::TempDir;

use crate::{Collation, End, Options, Shipped, Store, Synchronous, Tx};

/// An organisation in a folder of its own.
pub(crate) struct Org {
    pub(crate) store: Store,
    pub(crate) path: PathBuf,
    pub(crate) tables: Tables,
    _folder: TempDir,
}

/// The tables of the test organisation.
pub(crate) struct Tables {
    pub(crate) unit: Arc<TableDef>,
    pub(crate) account: Arc<TableDef>,
    pub(crate) contact: Arc<TableDef>,
    pub(crate) shares: Arc<TableDef>,
    pub(crate) trace: Arc<TableDef>,
}

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(crate) fn system() -> Permit {
    Permit::system("test")
}

pub(crate) fn lookup(targets: &[&str]) -> C {
    C::Lookup {
        targets: targets.iter().map(|name| Name::from(*name)).collect(),
    }
}

pub(crate) fn table(name: &str, ownership: Ownership, columns: Vec<ColumnDef>) -> TableDef {
    let mut schema = name.to_owned();
    schema[..1].make_ascii_uppercase();
    let mut table = TableDef {
        display: schema.clone(),
        schema,
        columns: columns.into(),
        ..TableDef::new(name, ownership)
    };
    table.complete();
    table
}

pub(crate) fn text() -> C {
    C::Text { max_length: 1000 }
}

impl Tables {
    fn new() -> Self {
        let any = |name: &str, kind| ColumnDef::new(name, kind);
        let pointing = |name: &str, named_in: &str| ColumnDef {
            points: Some(Points::RowOf {
                named_in: named_in.into(),
                tables: Vec::new(),
                when_gone: WhenGone::Goes,
            }),
            ..ColumnDef::new(name, C::Id)
        };
        let account = vec![
            any("name", text()),
            any("about", C::Memo { max_length: 5000 }),
            any("employees", C::Int { min: None, max: None }),
            any("big", C::BigInt),
            any("score", C::Float),
            any("rate", C::Decimal { precision: 10 }),
            any("hot", C::Bool),
            any(
                "rating",
                C::Choice {
                    options: vec![],
                    global: None,
                },
            ),
            any(
                "tags",
                C::Choices {
                    options: vec![],
                    global: None,
                },
            ),
            any("seen", C::DateTime),
            any("born", C::Date),
            any("loose", C::Id),
            any("revenue", C::Money { precision: 2 }),
            any("parentid", lookup(&["account"])),
            any("customerid", lookup(&["account", "contact"])),
            any("primarycontactid", lookup(&["contact"])),
        ];
        let shares = vec![
            pointing("objectid", "objecttypecode"),
            any("objecttypecode", text()),
            pointing("principalid", "principaltypecode"),
            any("principaltypecode", text()),
            any("accessrightsmask", C::Int { min: None, max: None }),
            any("inheritedaccessrightsmask", C::Int { min: None, max: None }),
        ];
        Self {
            unit: table("businessunit", Ownership::Business, vec![any("name", text())]).into(),
            account: table("account", Ownership::User, account).into(),
            contact: table(
                "contact",
                Ownership::User,
                vec![any("lastname", text()), any("accountid", lookup(&["account"]))],
            )
            .into(),
            shares: table("principalobjectaccess", Ownership::None, shares).into(),
            trace: table("trace", Ownership::None, vec![any("line", text())]).into(),
        }
    }

    /// All of them, for conditions on related rows.
    pub(crate) fn catalog(&self) -> Catalog {
        let all = [&self.unit, &self.account, &self.contact, &self.shares, &self.trace];
        Catalog::new(all.map(|table| TableDef::clone(table)))
    }

    pub(crate) fn build(&self, tx: &mut Tx) -> Result<()> {
        let currency = table("transactioncurrency", Ownership::Organization, vec![]);
        for table in [
            &self.account,
            &self.contact,
            &self.unit,
            &self.shares,
            &self.trace,
            &Arc::new(currency),
        ] {
            tx.create_table(table)?;
        }
        Ok(())
    }
}

impl Org {
    pub(crate) fn new() -> Self {
        let tables = Tables::new();
        Self::with(|tx| tables.build(tx))
    }

    pub(crate) fn with(build: impl FnOnce(&mut Tx) -> Result<()>) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("org.db");
        Store::create(&path, &Shipped::default(), Collation::usual(), build).unwrap();
        let store = open(&path);
        Self {
            store,
            path,
            tables: Tables::new(),
            _folder: folder,
        }
    }

    /// One unit whose work stays if it succeeds.
    pub(crate) fn write<T>(&self, mut run: impl FnMut(&mut Tx) -> Result<T>) -> Result<T> {
        write(&self.store, &mut run)
    }

    pub(crate) fn read<T>(&self, run: impl FnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        self.store
            .read(|mut tx| {
                let value = run(&mut tx);
                (tx, value)
            })
            .unwrap()
    }

    pub(crate) fn account(&self, number: u128) -> Row {
        Row::new("account", id(number)).with("name", format!("account {number}"))
    }

    pub(crate) fn insert(&self, row: &Row) -> Result<()> {
        let table = match &*row.table {
            "account" => &self.tables.account,
            "contact" => &self.tables.contact,
            "businessunit" => &self.tables.unit,
            "principalobjectaccess" => &self.tables.shares,
            _ => &self.tables.trace,
        };
        self.write(|tx| tx.insert(&system(), table, row))
    }

    pub(crate) fn has(&self, number: u128) -> bool {
        self.read(|tx| tx.facts().exists(&self.tables.account, id(number)))
            .unwrap()
    }

    pub(crate) fn traces(&self) -> u64 {
        self.read(|tx| tx.count(&system(), &self.tables.trace, &sluice_model::Filter::All))
            .unwrap()
    }
}

impl Drop for Org {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(
                self.store.check().unwrap(),
                Vec::<String>::new(),
                "every test leaves a whole file"
            );
        }
    }
}

pub(crate) fn open(path: &std::path::Path) -> Store {
    Store::open(
        path,
        Options {
            synchronous: Synchronous::Off,
            ..Options::default()
        },
    )
    .unwrap()
}

pub(crate) fn write<T>(store: &Store, run: &mut dyn FnMut(&mut Tx) -> Result<T>) -> Result<T> {
    store
        .write(&mut |mut tx| {
            let value = run(&mut tx);
            (
                tx,
                End {
                    keep: value.is_ok(),
                    value,
                    beside: Vec::new(),
                },
            )
        })
        .and_then(|value| value)
}
