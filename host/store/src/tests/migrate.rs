//! A file of an earlier form comes to the tables of the present one, or stays what it was.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use sluice_model::{Code, ColumnDef, ColumnType as C, Filter, Ownership, Query, Result, Row, TableDef, Value};
use tempfile::TempDir;

use super::{id, lookup, system, table, text};
use crate::{Collation, MigratedFile, Options, Shipped, Store, Synchronous, Tx};

/// What a migration is at least.
fn fit(tx: &mut Tx, from: i32) -> Result<()> {
    tx.check_names()?;
    tx.fit_tables(from)
}

fn options(tables: &[TableDef]) -> Options {
    Options {
        synchronous: Synchronous::Off,
        ships: tables.iter().cloned().collect(),
        ..Options::default()
    }
}

fn column(name: &str, kind: C) -> ColumnDef {
    ColumnDef::new(name, kind)
}

/// What ships at first: an account and its contacts.
fn early() -> Vec<TableDef> {
    let account = vec![column("name", text()), column("ownerref", lookup(&["contact"]))];
    let contact = vec![column("accountid", lookup(&["account"]))];
    vec![
        table("account", Ownership::None, account),
        table("contact", Ownership::None, contact),
        role(),
        step(),
    ]
}

/// A table that the statements of a form fill.
fn role() -> TableDef {
    let columns = vec![column("name", text()), column("roletemplateid", C::Id)];
    table("role", Ownership::None, columns)
}

/// Another one.
fn step() -> TableDef {
    table(
        "sdkmessageprocessingstep",
        Ownership::None,
        vec![column("canbebypassed", C::Bool)],
    )
}

/// What ships later: another table, columns, an index, a lookup with one target more.
fn late() -> Vec<TableDef> {
    let mut name = column("name", text());
    name.indexed = true;
    let mut rank = column("rank", C::Int { min: None, max: None });
    rank.default = Some(7.into());
    let account = vec![
        name,
        column("ownerref", lookup(&["contact", "lead"])),
        rank,
        column("note", text()),
    ];
    let contact = vec![
        column("accountid", lookup(&["account"])),
        column("lead", lookup(&["lead"])),
    ];
    vec![
        table("account", Ownership::None, account),
        table("contact", Ownership::None, contact),
        table("lead", Ownership::None, vec![column("subject", text())]),
        role(),
        step(),
    ]
}

/// A file of the form before, in a folder of its own.
struct Old {
    path: PathBuf,
    _folder: TempDir,
}

impl Old {
    fn new(build: impl FnOnce(&mut Tx) -> Result<()>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("org.db");
        let ships: Shipped = early().into_iter().collect();
        Store::create(&path, &ships, Collation::usual(), |tx| {
            let [account, contact, _, _] = early().try_into().unwrap();
            tx.insert(&system(), &account, &Row::new("account", id(1)).with("name", "Ärger"))?;
            let row = Row::new("contact", id(2)).with("accountid", sluice_model::Reference::new("account", id(1)));
            tx.insert(&system(), &contact, &row)?;
            build(tx)
        })
        .unwrap();
        let old = Self { path, _folder: folder };
        old.raw(&format!("PRAGMA user_version = {}", Store::FORM - 1));
        old
    }

    fn raw(&self, sql: &str) {
        Connection::open(&self.path).unwrap().execute_batch(sql).unwrap();
    }

    fn migrate(&self, ships: &[TableDef]) -> Result<Option<MigratedFile>> {
        Store::migrate(&self.path, &options(ships), true, fit)
    }

    fn open(&self, ships: &[TableDef]) -> Store {
        let store = Store::open(&self.path, options(ships)).unwrap();
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        store
    }

    /// The other files in the folder.
    fn beside(&self) -> Vec<String> {
        let files = fs::read_dir(self.path.parent().unwrap()).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != "org.db").collect();
        names.sort();
        names
    }

    #[track_caller]
    fn refuses(&self, ships: &[TableDef], words: &str) {
        let before = fs::read(&self.path).unwrap();
        let error = self.migrate(ships).unwrap_err();
        assert!(error.message().contains(words), "{error}");
        assert_eq!(fs::read(&self.path).unwrap(), before, "the file is what it was");
        assert_eq!(self.beside(), Vec::<String>::new());
    }
}

fn copy_name() -> String {
    format!("org.db.before-{}", Store::FORM)
}

/// What a file's tables and indexes are made with; of columns the order does not matter.
fn schema(path: &Path) -> BTreeMap<String, Vec<String>> {
    let file = Connection::open(path).unwrap();
    let mut statement = file
        .prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
    let parts = |sql: String| {
        let mut parts: Vec<String> = sql.split([',', '(', ')']).map(|part| part.trim().to_owned()).collect();
        parts.sort();
        parts
    };
    rows.unwrap()
        .map(|row| row.unwrap())
        .map(|(name, sql)| (name, parts(sql)))
        .collect()
}

fn rows(store: &Store, table: &TableDef) -> Vec<Row> {
    let rows = store.read(|mut tx| {
        let rows = tx.select(&system(), table, &Query::new(table.name.clone()));
        (tx, rows)
    });
    rows.unwrap().unwrap()
}

#[test]
fn a_file_comes_to_the_tables_of_a_new_one_and_keeps_its_rows() {
    let old = Old::new(|_| Ok(()));
    let migrated = old.migrate(&late()).unwrap().unwrap();
    assert_eq!((migrated.from, migrated.to), (Store::FORM - 1, Store::FORM));
    let new = old.path.with_file_name("new.db");
    Store::create(&new, &late().into_iter().collect(), Collation::usual(), |_| Ok(())).unwrap();
    assert_eq!(schema(&old.path), schema(&new));

    let [account, contact, lead, _, _] = late().try_into().unwrap();
    let store = old.open(&late());
    let found = rows(&store, &account);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].text("name"), Some("Ärger"));
    assert_eq!(found[0].int("rank"), Some(7), "the default of a column that is new");
    assert_eq!(rows(&store, &contact)[0].id_of("accountid"), Some(id(1)));
    assert!(rows(&store, &lead).is_empty());
    // Also while it is open.
    assert_eq!(old.migrate(&late()).unwrap(), None, "once is enough");
}

#[test]
fn what_the_organisation_made_stays() {
    let own = table("sl_own", Ownership::None, vec![column("line", text())]);
    let mut added = column("sl_added", text());
    added.custom = true;
    let [mut account, _, _, _] = early().try_into().unwrap();
    account.audited = true;
    let old = Old::new(|tx| {
        tx.create_table(&own)?;
        tx.insert(&system(), &own, &Row::new("sl_own", id(5)).with("line", "x"))?;
        tx.save_definition(&account)?;
        tx.add_column(&account, &added)
    });
    // Nothing that ships knows of it.
    old.raw(r#"ALTER TABLE "account" ADD COLUMN "leftover" text; UPDATE "account" SET "leftover" = 'y'"#);
    old.migrate(&late()).unwrap().unwrap();
    let leftover = Connection::open(&old.path)
        .unwrap()
        .query_row(r#"SELECT "leftover" FROM "account""#, [], |row| row.get::<_, String>(0));
    assert_eq!(leftover.unwrap(), "y", "data goes only where a step says so");
    let store = Store::open(&old.path, options(&late())).unwrap();
    let wrong = store.check().unwrap();
    assert_eq!(wrong, ["the column `leftover` of `account` is in no definition"]);
    let definitions = store.read(|mut tx| {
        let definitions = tx.definitions();
        (tx, definitions)
    });
    let definitions = definitions.unwrap().unwrap();
    let account = definitions.iter().find(|table| &*table.name == "account").unwrap();
    assert!(account.audited && account.column("sl_added").is_some() && account.column("rank").is_some());
    assert_eq!(rows(&store, &own)[0].text("line"), Some("x"));
}

#[test]
fn the_copy_is_the_file_as_it_was() {
    let old = Old::new(|_| Ok(()));
    let before = schema(&old.path);
    let migrated = old.migrate(&late()).unwrap().unwrap();
    let copy = migrated.copy.unwrap();
    assert_eq!(old.beside(), [copy_name()]);
    assert_eq!(schema(&copy), before);
    assert_eq!(Store::form(&copy).unwrap(), Store::FORM - 1);
    let without = Old::new(|_| Ok(()));
    let migrated = Store::migrate(&without.path, &options(&late()), false, fit);
    assert_eq!(migrated.unwrap().unwrap().copy, None);
    assert_eq!(without.beside(), Vec::<String>::new());
}

#[test]
fn another_copy_is_never_overwritten_and_the_same_one_serves() {
    let old = Old::new(|_| Ok(()));
    let copy = old.path.with_file_name(copy_name());
    fs::write(&copy, "precious").unwrap();
    let error = old.migrate(&late()).unwrap_err();
    assert!(error.message().contains("another copy"), "{error}");
    assert_eq!(fs::read(&copy).unwrap(), b"precious");
    assert_eq!(Store::form(&old.path).unwrap(), Store::FORM - 1);
    fs::remove_file(&copy).unwrap();

    // As a killed process leaves it: the copy is whole, the file is what it was.
    let twin = old.path.with_file_name("twin.db");
    fs::copy(&old.path, &twin).unwrap();
    old.migrate(&late()).unwrap().unwrap();
    fs::rename(&twin, &old.path).unwrap();
    fs::write(old.path.with_file_name(copy_name() + ".part"), "half a copy").unwrap();
    let migrated = old.migrate(&late()).unwrap().unwrap();
    assert_eq!(migrated.copy.unwrap().file_name().unwrap(), &*copy_name());
    assert_eq!(old.beside(), [copy_name()]);
    old.open(&late());
}

#[cfg(unix)]
#[test]
fn what_a_link_leads_to_is_migrated_and_copied_beside_itself() {
    let old = Old::new(|_| Ok(()));
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.db");
    std::os::unix::fs::symlink(&old.path, &link).unwrap();
    let migrated = Store::migrate(&link, &options(&late()), true, fit);
    let copy = migrated.unwrap().unwrap().copy.unwrap();
    assert_eq!(
        copy.canonicalize().unwrap(),
        old.path.canonicalize().unwrap().with_file_name(copy_name())
    );
    assert!(link.is_symlink());
    // A link that leads nowhere takes the name of the copy as much as a file.
    let second = Old::new(|_| Ok(()));
    std::os::unix::fs::symlink("/nowhere/at/all", second.path.with_file_name(copy_name())).unwrap();
    assert!(second.migrate(&late()).is_err());
    assert_eq!(Store::form(&second.path).unwrap(), Store::FORM - 1);
}

#[test]
fn names_that_ship_by_now_are_refused() {
    let with_lead = Old::new(|tx| tx.create_table(&table("lead", Ownership::None, vec![column("own", text())])));
    with_lead.refuses(&late(), "the table `lead` that this organisation made");
    let with_rank = Old::new(|tx| {
        let [account, _, _, _] = early().try_into().unwrap();
        let mut rank = column("rank", text());
        rank.custom = true;
        tx.add_column(&account, &rank)
    });
    with_rank.refuses(&late(), "the column `rank` that this organisation added to `account`");
    // What the platform itself added is the same thing.
    let same = Old::new(|tx| {
        let [account, _, _, _] = early().try_into().unwrap();
        tx.add_column(&account, &column("note", text()))
    });
    same.migrate(&late()).unwrap().unwrap();
    same.open(&late());
}

#[test]
fn work_that_fails_leaves_the_file() {
    let old = Old::new(|_| Ok(()));
    let before = fs::read(&old.path).unwrap();
    let failed = Store::migrate(&old.path, &options(&late()), true, |tx, from| {
        fit(tx, from)?;
        Err(sluice_model::Error::invalid("no"))
    });
    assert_eq!(failed.unwrap_err().message(), "no");
    assert_eq!(fs::read(&old.path).unwrap(), before);
    assert_eq!(old.beside(), Vec::<String>::new());
    let broken = Store::migrate(&old.path, &options(&late()), true, |tx, from| {
        fit(tx, from)?;
        let [_, contact, _, _, _] = late().try_into().unwrap();
        let nowhere = Value::Id(id(99));
        tx.insert(
            &system(),
            &contact,
            &Row::new("contact", id(9)).with("accountid", nowhere),
        )
    });
    let broken = broken.unwrap_err();
    assert!(
        broken.message().contains("`contact` refers to a row of `account`"),
        "{broken}"
    );
    assert_eq!(fs::read(&old.path).unwrap(), before);
}

#[test]
fn a_file_that_somebody_has_open_is_refused() {
    let old = Old::new(|_| Ok(()));
    let other = Connection::open(&old.path).unwrap();
    let count = |_: &rusqlite::Row<'_>| Ok(());
    other.query_row("SELECT count(*) FROM \"account\"", [], count).unwrap();
    let error = old.migrate(&late()).unwrap_err();
    assert_eq!(error.code(), Code::BUSY);
    assert!(error.message().contains("another process has"), "{error}");
    drop(other);
    old.migrate(&late()).unwrap().unwrap();
    let store = old.open(&late());
    let [account, _, _, _, _] = late().try_into().unwrap();
    let all = store.read(|mut tx| {
        let count = tx.count(&system(), &account, &Filter::All);
        (tx, count)
    });
    assert_eq!(all.unwrap().unwrap(), 1);
}

#[test]
fn a_damaged_file_is_left_alone() {
    let old = Old::new(|_| Ok(()));
    let mut bytes = fs::read(&old.path).unwrap();
    // Past the first page, so that the header is read.
    for byte in bytes.iter_mut().skip(4096).step_by(3) {
        *byte ^= 0x5a;
    }
    fs::write(&old.path, &bytes).unwrap();
    let error = old.migrate(&late()).unwrap_err();
    assert!(error.message().contains("damaged"), "{error}");
    assert_eq!(fs::read(&old.path).unwrap(), bytes);
    assert_eq!(old.beside(), Vec::<String>::new());
}

#[test]
fn other_rules_for_texts_make_the_indexes_anew() {
    // Those of an earlier program, and those of a later one.
    for version in [0, sluice_model::text::VERSION + 1] {
        made_anew(version);
    }
}

fn made_anew(version: i64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("org.db");
    let ships: Shipped = late().into_iter().collect();
    Store::create(&path, &ships, Collation::of(2057).unwrap(), |_| Ok(())).unwrap();
    assert!(!Store::is_behind(&path).unwrap());
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch(&format!(
        "UPDATE \"_meta\" SET \"value\" = {version} WHERE \"key\" = 'collation'"
    ))
    .unwrap();
    drop(raw);
    assert!(Store::is_behind(&path).unwrap());
    assert!(
        Store::open(&path, options(&late())).is_err(),
        "its indexes are of no use"
    );
    let migrated = Store::migrate(&path, &options(&late()), true, fit).unwrap().unwrap();
    assert_eq!((migrated.from, migrated.to), (Store::FORM, Store::FORM));
    assert!(migrated.copy.unwrap().to_string_lossy().ends_with("-texts-2"));
    let store = Store::open(&path, options(&late())).unwrap();
    let language = store.read(|mut tx| {
        let language = tx.collation().map(Collation::language);
        (tx, language)
    });
    assert_eq!(language.unwrap().unwrap(), 2057, "the language stays");
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}
