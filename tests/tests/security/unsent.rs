//! What nobody sent: what the platform itself puts into rows, values that do not lie in their row, and keys
//! that come to be at work later than they were asked for.

use std::sync::atomic::AtomicBool;

use rusqlite::Connection;
use sluice_model::{
    Code, ColumnDef, ColumnType, Depth, Filter, Parameter, Query, Reference, Request, Right, Row, Uuid, Value,
};
use sluice_platform::{ColumnChange, prelude::*};
use sluice_tests::Actor;

use crate::{
    columns::{Columns, join, permission, secure},
    world::{Security, grants, outcome},
};

fn lookup(default: Option<Uuid>) -> ColumnDef {
    let targets = vec!["account".into()];
    let mut column = ColumnDef::new("ab_acc", ColumnType::Lookup { targets });
    column.custom = true;
    column.default = default.map(|id| id.to_string().into());
    column
}

#[test]
fn a_lookup_takes_no_default() {
    let world = Security::new();
    let secret = world.account(Reference::new("systemuser", world.admin.id()));
    let error = world.admin.0.create_column("lead", &lookup(Some(secret))).unwrap_err();
    assert!(error.message().contains("takes no default"), "{error}");
    world.admin.0.create_column("lead", &lookup(None)).unwrap();
    let change = ColumnChange {
        default: Some(secret.to_string().into()),
        ..ColumnChange::default()
    };
    let error = world.admin.0.update_column("lead", "ab_acc", &change).unwrap_err();
    assert!(error.message().contains("takes no default"), "{error}");
}

#[test]
fn a_default_of_a_lookup_in_an_older_file_attaches_nothing() {
    let world = Security::new();
    world.role("Leads", &grants("Lead", &[Right::Create, Right::Read], Depth::User));
    let seller = world.user("seller", world.root(), &["Leads"]);
    let secret = world.account(Reference::new("systemuser", world.admin.id()));
    world.admin.0.create_column("lead", &lookup(None)).unwrap();
    let file = Connection::open(world.organisation.path()).unwrap();
    let changed = format!(
        "UPDATE _definition SET json = replace(json, '\"name\":\"ab_acc\"', '\"name\":\"ab_acc\",\"default\":\"{secret}\"') \
         WHERE name = 'lead'"
    );
    assert_eq!(file.execute(&changed, []).unwrap(), 1);
    drop(file);
    let engine = world.organisation.second_process();
    assert!(engine.check().unwrap().is_empty(), "nothing is damaged");
    let told = engine.strays().unwrap();
    let says = |what: &str| told.iter().any(|row| row.rule.contains(what));
    assert!(
        says("column `ab_acc` of `lead` is a lookup, which takes no default"),
        "{told:?}"
    );
    let seller = Actor(engine.session(seller.id()));
    let made = seller.create(Row::unsaved("lead").with("subject", "Pumps").with("lastname", "Novak"));
    assert_eq!(seller.get("lead", made).get("ab_acc"), None);
    // Another change of the table passes, and the one that mends it.
    let admin = Actor(engine.session_of("admin").unwrap());
    let change = |column: &str, change: ColumnChange| admin.0.update_column("lead", column, &change).map(|_| ());
    let secured = ColumnChange {
        secured: Some(true),
        ..ColumnChange::default()
    };
    change("fax", secured).unwrap();
    let none = ColumnChange {
        default: Some(serde_json::Value::Null),
        ..ColumnChange::default()
    };
    change("ab_acc", none).unwrap();
    assert_eq!(engine.check().unwrap(), Vec::<String>::new());
}

/// Notes about an account whose attachments are secured.
struct Notes {
    columns: Columns,
    note: Uuid,
}

impl Notes {
    fn new() -> Self {
        let columns = Columns::new();
        columns
            .world
            .role("Notes", &grants("Note", &Right::ALL, Depth::Organization));
        let role = columns.world.role_in("Notes", columns.world.root());
        let seller = Reference::new("systemuser", columns.seller.id());
        crate::world::associate(&columns.world.admin, seller, "systemuserroles_association", role).unwrap();
        secure(&columns.world.admin, "annotation", "documentbody", true).unwrap();
        let note = columns
            .world
            .admin
            .create(Self::row(columns.account).with("documentbody", "c2VjcmV0"));
        Self { columns, note }
    }

    fn row(account: Uuid) -> Row {
        Row::unsaved("annotation")
            .with("subject", "Offer")
            .with("objectid", Reference::new("account", account))
    }

    fn gives(&self, rights: [bool; 3]) {
        let row = permission(self.columns.profile, "documentbody", rights).with("entityname", "annotation");
        self.columns.world.admin.create(row);
        join(&self.columns.world, &self.columns.seller, self.columns.profile);
    }

    /// What the seller is told of the attachment by Retrieve, by a list, and by a download.
    fn told(&self) -> [String; 3] {
        let seller = &self.columns.seller;
        let body = |row: &Row| row.text("documentbody").unwrap_or("nothing").to_owned();
        let note = Reference::new("annotation", self.note);
        let got = seller
            .0
            .execute(Request::retrieve(note.clone(), &["documentbody"]))
            .unwrap();
        let listed = seller.list(Query::new("annotation").columns(&["documentbody"]));
        let begun = seller
            .0
            .execute(Request::new("InitializeAnnotationBlocksDownload").with("Target", note));
        [body(got.row().unwrap()), body(&listed[0]), outcome(&begun)]
    }

    /// What becomes of a new note with an attachment, of another attachment of the note, and of uploads for both.
    fn written(&self) -> [String; 4] {
        let seller = &self.columns.seller;
        let new = || Self::row(self.columns.account);
        let old = || Row::new("annotation", self.note);
        let upload = |row: Row| {
            let begin = Request::new("InitializeAnnotationBlocksUpload").with("Target", row);
            outcome(&seller.0.execute(begin))
        };
        [
            outcome(&seller.try_create(new().with("documentbody", "SGk="))),
            outcome(&seller.try_update(old().with("documentbody", "SGk="))),
            upload(new()),
            upload(old()),
        ]
    }
}

#[test]
fn an_attachment_is_read_and_written_as_its_column_is_secured() {
    let notes = Notes::new();
    assert_eq!(notes.told(), ["nothing", "nothing", "0x8004F504"]);
    assert_eq!(
        notes.written(),
        ["0x8004F502", "0x8004F507", "0x8004F502", "0x8004F507"]
    );
    notes.gives([false, true, false]);
    assert_eq!(notes.told(), ["c2VjcmV0", "c2VjcmV0", "ok"]);
    assert_eq!(notes.written()[..2], ["0x8004F502", "0x8004F507"]);
}

#[test]
fn who_may_write_an_attachment_writes_it() {
    let notes = Notes::new();
    notes.gives([true, false, true]);
    assert_eq!(notes.written(), ["ok", "ok", "ok", "ok"]);
    assert_eq!(notes.told()[2], "0x8004F504");
}

#[test]
fn an_upload_that_began_before_is_not_committed() {
    let notes = Notes::new();
    let (admin, seller) = (&notes.columns.world.admin, &notes.columns.seller);
    secure(admin, "annotation", "documentbody", false).unwrap();
    let target = || Row::new("annotation", notes.note);
    let begin = Request::new("InitializeAnnotationBlocksUpload").with("Target", target());
    let answer = seller.0.execute(begin).unwrap();
    let Some(Parameter::Value(Value::Text(token))) = answer.outputs.get("FileContinuationToken") else {
        panic!("{answer:?}");
    };
    secure(admin, "annotation", "documentbody", true).unwrap();
    let commit = Request::new("CommitAnnotationBlocksUpload")
        .with("Target", target())
        .with("BlockList", Parameter::Names(Vec::new()))
        .with("FileContinuationToken", token.as_str());
    assert_eq!(outcome(&seller.0.execute(commit)), "0x8004F507");
}

fn key(admin: &Actor, column: &str) -> Uuid {
    let asked = Request::new("CreateEntityKey")
        .with("EntityName", "account")
        .with("Name", "ab_key")
        .with("KeyAttributes", Parameter::Names(vec![column.into()]));
    job_of(&admin.0.execute(asked).unwrap())
}

fn job_of(answer: &sluice_model::Response) -> Uuid {
    match answer.outputs.get("JobId") {
        Some(Parameter::Value(Value::Id(job))) => *job,
        _ => panic!("{answer:?}"),
    }
}

fn run(admin: &Actor, job: Uuid) {
    // What became of it stands in the row of the key.
    drop(admin.0.run_job(job, &AtomicBool::new(false), &|_| ()));
}

fn status(world: &Security) -> i32 {
    let keys = world
        .system()
        .list(Query::new("entitykey").filter(Filter::eq("name", "ab_key")));
    keys[0].int("entitykeyindexstatus").unwrap()
}

#[test]
fn a_key_that_failed_is_no_way_to_a_secured_column() {
    let world = Security::new();
    let account = |number: &str| {
        world
            .admin
            .create(Row::unsaved("account").with("accountnumber", number))
    };
    let (_, other) = (account("4711"), account("4711"));
    let job = key(&world.admin, "accountnumber");
    run(&world.admin, job);
    assert_eq!(status(&world), 3, "two rows have the same value");
    secure(&world.admin, "account", "accountnumber", true).unwrap();
    world
        .admin
        .update(Row::new("account", other).with("accountnumber", "4712"));
    let again = Request::new("ReactivateEntityKey")
        .with("EntityLogicalName", "account")
        .with("EntityKeyLogicalName", "ab_key");
    let error = world.admin.0.execute(again.clone()).unwrap_err();
    assert!(error.message().contains("which is secured"), "{error}");
    secure(&world.admin, "account", "accountnumber", false).unwrap();
    let job = job_of(&world.admin.0.execute(again).unwrap());
    run(&world.admin, job);
    assert_eq!(status(&world), 2);
    assert_eq!(
        secure(&world.admin, "account", "accountnumber", true)
            .unwrap_err()
            .code(),
        Code::INVALID_ARGUMENT
    );
}

#[test]
fn a_key_that_waits_is_checked_as_the_table_is_when_it_is_made() {
    let world = Security::new();
    world
        .admin
        .create(Row::unsaved("account").with("accountnumber", "4711"));
    let job = key(&world.admin, "accountnumber");
    secure(&world.admin, "account", "accountnumber", true).unwrap();
    run(&world.admin, job);
    assert_eq!(status(&world), 3);
    let target = Row::unsaved("account").with("accountnumber", "4711");
    let upsert = Request::new("Upsert")
        .with("Target", target)
        .with("KeyAttributes", Parameter::Names(vec!["accountnumber".into()]));
    assert_eq!(world.admin.0.execute(upsert).unwrap_err().code(), Code::NOT_A_KEY);
}
