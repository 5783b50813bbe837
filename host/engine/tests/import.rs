//! Importing CSV files: what becomes of each line.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use sluice_engine::{
    Engine, Env, Founding, OpenOptions, SeededEnv, Session, Synchronous,
    import::{self, Options, Plan, Report},
};
use sluice_model::{Code, Query, Request, Result, Row, Value};

/// An organisation with the platform's own tables.
struct Org {
    session: Session,
    _folder: tempfile::TempDir,
}

impl Org {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("org.db");
        let env: Arc<dyn Env> = Arc::new(SeededEnv::new(7, "2026-01-31T09:00:00Z".parse().unwrap()));
        let options = OpenOptions { synchronous: Synchronous::Off, cache_dir: None };
        Engine::create(&path, &Founding::default(), &[], &env, &options, |_| Ok(())).unwrap();
        let engine = Engine::open(&path, &[], &env, &options).unwrap();
        Self { session: engine.session_of("admin").unwrap(), _folder: folder }
    }

    fn import(&self, table: &str, map: &str, file: impl AsRef<[u8]>) -> Result<Report> {
        self.import_after(0, table, map, file)
    }

    fn import_after(&self, resume_after: u64, table: &str, map: &str, file: impl AsRef<[u8]>) -> Result<Report> {
        let file = file.as_ref();
        let plan = Plan::new(&self.session, table, map)?;
        let stop = AtomicBool::new(false);
        let digest = import::digest(file).unwrap();
        let options = Options { digest, resume_after, workers: 8, stop: &stop };
        import::import(&self.session, &plan, file, &options, &|_| {})
    }

    fn rows(&self, table: &str, order: &str) -> Vec<Row> {
        self.session.list(Query::new(table).order_by(order)).unwrap()
    }

    fn account(&self, name: &str) {
        self.session.execute(Request::create(Row::unsaved("account").with("name", name))).unwrap();
    }
}

const PEOPLE: &str = "[columns]\nfirst = \"firstname\"\nlast = \"lastname\"\nmail = \"emailaddress1\"\n";

/// The lines that were refused, with the headings.
fn refused(report: &Report) -> Vec<(u64, Option<&str>)> {
    report.refused.iter().map(|refusal| (refusal.line, refusal.column.as_deref())).collect()
}

fn message(result: Result<Report>) -> String {
    result.unwrap_err().message().to_owned()
}

#[test]
fn rows_are_created_trimmed_and_in_utf8() {
    let org = Org::new();
    let file = "\u{feff}first , last,mail\r\n Zoë ,Ünal,\r\n\"a \"\"b\"\"\",\"two\r\nlines\",x@y.z\r\n";
    let report = org.import("contact", PEOPLE, file).unwrap();
    assert_eq!((report.read, report.created, report.present), (2, 2, 0));
    assert_eq!(report.to_json().to_string(), r#"{"read":2,"created":2,"refused":[]}"#);
    let rows = org.rows("contact", "lastname");
    let texts: Vec<_> = rows.iter().map(|row| (row.text("firstname"), row.text("lastname"), row.text("emailaddress1"))).collect();
    assert!(texts.contains(&(Some("Zoë"), Some("Ünal"), None)));
    assert!(texts.contains(&(Some("a \"b\""), Some("two\r\nlines"), Some("x@y.z"))));
}

#[test]
fn headings_are_checked_before_the_first_row() {
    let org = Org::new();
    let error = |map: &str, file: &str| message(org.import("contact", map, file));
    assert!(error(PEOPLE, "first,last,mail,age,\nA,B,C,1,\n").contains("`age`, ``"));
    assert!(error(PEOPLE, "first,last\nA,B\n").contains("`mail`"));
    assert!(error(PEOPLE, "first,last,mail,last\nA,B,C,D\n").contains("`last` twice"));
    assert!(error(PEOPLE, "").contains("empty"));
    assert!(error(PEOPLE, "\u{feff}\n\n").contains("empty"));
    assert!(org.import("contact", PEOPLE, b"f\xFFrst,last,mail\n").unwrap_err().message().contains("not UTF-8"));
    assert!(org.rows("contact", "lastname").is_empty());

    let report = org.import("contact", &format!("{PEOPLE}[ignore]\ncolumns = [\"age\"]\n"), "first,last,mail,age\nA,B,C,1\n");
    assert_eq!(report.unwrap().created, 1);
}

#[test]
fn a_map_is_checked_against_the_table() {
    let org = Org::new();
    let error = |map: &str| message(org.import("contact", map, "a,b\n"));
    assert!(error("[columns]\na = \"firstnam\"").contains("did you mean `firstname`"));
    assert!(error("[columns]\na = \"firstname\"\nb = \"firstname\"").contains("both go into"));
    assert!(error("[columns]\na = \"firstname\"\n\"a \" = \"lastname\"").contains("twice"));
    assert!(error("[colums]\na = \"firstname\"").contains("unknown field"));
    assert!(error("[columns]\na = \"firstname\"\n[lookups.parentcustomerid]\ntabel = \"x\"").contains("unknown field"));
    assert!(error("[columns]\na = \"createdon\"").contains("overriddencreatedon"));
    assert!(error("[columns]\na = \"firstname\"\n[ignore]\ncolumns = [\"a\"]").contains("both mapped and ignored"));
    assert!(error("[columns]\na = \"firstname\"\n[constants]\nfirstname = \"x\"").contains("constant"));
    assert!(error("[constants]\naccountrolecode = 77").contains("77"));
    assert!(error("[values.firstname]\nx = \"y\"").contains("no heading goes into it"));
    assert!(error("[columns]\na = \"accountrolecode\"\n[values.accountrolecode]\nx = 99").contains("99"));
    assert!(error("[columns]\na = \"firstname\"\n[lookups.firstname]\nby = \"name\"").contains("no lookup"));
    assert!(error("[columns]\na = \"parentcustomerid\"\n[lookups.parentcustomerid]\nby = \"name\"").contains("account, contact"));
    assert!(error("timezone = \"Mars/Olympus\"").contains("Mars/Olympus"));
    assert_eq!(org.import("nothing", "", "").unwrap_err().code(), Code::ENTITY_UNKNOWN);
}

#[test]
fn a_broken_line_costs_that_line() {
    let org = Org::new();
    let mut file = b"first,last,mail\nA,One,a@x\nB,Two\nC,\"Three,c@x\nD,Four,d@x\n".to_vec();
    file.extend(b"E,F\xFCnf,e@x\n\nF,\"Six\",f@x\nG,Seven,g@x,\n");
    file.extend(format!("H,{},h@x\nI,Nine,i@x", "x".repeat(51)).into_bytes());
    let report = org.import("contact", PEOPLE, file).unwrap();
    assert_eq!(refused(&report), [(3, None), (4, None), (6, Some("last")), (9, None), (10, Some("last"))]);
    assert_eq!((report.read, report.created), (9, 4));
    let codes: Vec<Code> = report.refused.iter().map(|refusal| refusal.error.code()).collect();
    assert_eq!(codes[4], Code::TEXT_TOO_LONG);
    let json = report.refused[4].to_json();
    assert_eq!(json["line"], 10);
    assert_eq!(json["column"], "last");
    assert_eq!(json["code"], "0x80044331");
    assert!(json["reason"].as_str().unwrap().contains("lastname"));
    let names: Vec<_> = org.rows("contact", "lastname").iter().map(|row| row.text("lastname").unwrap().to_owned()).collect();
    assert_eq!(names, ["Four", "Nine", "One", "Six"]);
}

#[test]
fn choices_come_by_table_label_or_number() {
    let org = Org::new();
    let map = "[columns]\nname = \"lastname\"\nrole = \"accountrolecode\"\nno = \"donotphone\"\n\
               [values.accountrolecode]\nboss = 1\nworker = \"Employee\"\nnone = \"\"\n\
               [constants]\njobtitle = \"Imported\"\naddress1_latitude = 1.5\n";
    let file = "name,role,no\na,boss,yes\nb,worker,\nc,influencer,0\nd,2,1\ne,none,\nf,Boss,\ng,9,\nh,,perhaps\n";
    let report = org.import("contact", map, file).unwrap();
    assert_eq!(refused(&report), [(7, Some("role")), (8, Some("role")), (9, Some("no"))]);
    let rows = org.rows("contact", "lastname");
    let roles: Vec<_> = rows.iter().map(|row| row.int("accountrolecode")).collect();
    assert_eq!(roles, [Some(1), Some(2), Some(3), Some(2), None]);
    assert_eq!(rows[0].bool("donotphone"), Some(true));
    assert!(rows.iter().all(|row| row.text("jobtitle") == Some("Imported")));
}

#[test]
fn a_lookup_finds_one_row_or_the_line_is_refused() {
    let org = Org::new();
    ["Acme", "Twin", "Twin"].iter().for_each(|name| org.account(name));
    let map = "[columns]\nname = \"lastname\"\ncompany = \"parentcustomerid\"\n\
               [lookups.parentcustomerid]\ntable = \"account\"\nby = \"name\"\n";
    let report = org.import("contact", map, "name,company\na,acme\nb,Twin\nc,Nobody\nd,\n").unwrap();
    assert_eq!(refused(&report), [(3, Some("company")), (4, Some("company"))]);
    let codes: Vec<Code> = report.refused.iter().map(|refusal| refusal.error.code()).collect();
    assert_eq!(codes, [Code::AMBIGUOUS, Code::NOT_FOUND]);
    let rows = org.rows("contact", "lastname");
    assert_eq!(rows[0].lookup("parentcustomerid").map(|lookup| lookup.table.to_string()), Some("account".to_owned()));
    assert_eq!(rows[1].lookup("parentcustomerid"), None);

    // Without a word about it: by id or name.
    let map = "[columns]\nname = \"name\"\nparent = \"parentaccountid\"\n";
    let report = org.import("account", map, "name,parent\nchild,Acme\nlost,null\n").unwrap();
    assert_eq!((report.created, refused(&report)), (1, vec![(3, Some("parent"))]));
}

#[test]
fn times_without_an_offset_are_in_the_maps_zone() {
    let org = Org::new();
    let file = "name,at\na,2025-07-01T12:00\nb,2025-07-01 12:00:00Z\nc,2025-01-01T00:00:00+05:00\nd,2025-07-01\ne,soon\n";
    let map = "[columns]\nname = \"lastname\"\nat = \"overriddencreatedon\"\n";
    let report = org.import("contact", &format!("timezone = \"Europe/Berlin\"\n{map}"), file).unwrap();
    assert_eq!(refused(&report), [(6, Some("at"))]);
    let times = |org: &Org| -> Vec<String> {
        let rows = org.rows("contact", "lastname");
        rows.iter().map(|row| row.get("createdon").and_then(Value::as_time).unwrap().to_string()).collect()
    };
    assert_eq!(times(&org), ["2025-07-01T10:00:00Z", "2025-07-01T12:00:00Z", "2024-12-31T19:00:00Z", "2025-06-30T22:00:00Z"]);

    let org = Org::new();
    org.import("contact", map, file).unwrap();
    assert_eq!(times(&org)[0], "2025-07-01T12:00:00Z");
}

#[test]
fn the_same_file_makes_no_second_rows() {
    let org = Org::new();
    let map = "[columns]\nname = \"lastname\"\nrole = \"accountrolecode\"\n";
    let file = "name,role\na,1\nb,boss\nc,\n";
    assert_eq!(org.import("contact", map, file).unwrap().created, 2);
    // With a better map, what was refused comes in.
    let better = format!("{map}[values.accountrolecode]\nboss = 1\n");
    let report = org.import("contact", &better, file).unwrap();
    assert_eq!((report.read, report.created, report.present, report.refused.len()), (3, 1, 2, 0));
    assert_eq!(report.to_json()["present"], 2);
    // Also under a worse one: what is there counts as there.
    let report = org.import("contact", map, file).unwrap();
    assert_eq!((report.created, report.present, report.refused.len()), (0, 3, 0));
    // A row that was deleted comes back; another file is another file.
    let row = org.rows("contact", "lastname")[0].reference();
    org.session.execute(Request::delete(row)).unwrap();
    assert_eq!(org.import("contact", &better, file).unwrap().created, 1);
    assert_eq!(org.import("contact", &better, format!("{file}d,\n")).unwrap().created, 4);
}

#[test]
fn a_key_in_the_file_is_the_rows_key() {
    let org = Org::new();
    let map = "[columns]\nid = \"contactid\"\nname = \"lastname\"\n";
    let file = "id,name\n95caf95f-6873-6558-7d21-88235eee7dd3,a\n95caf95f-6873-6558-7d21-88235eee7dd3,b\nx,c\n,d\n";
    let report = org.import("contact", map, file).unwrap();
    assert_eq!((report.created, report.present, report.refused.len()), (2, 0, 2));
    let codes: Vec<Code> = report.refused.iter().map(|refusal| refusal.error.code()).collect();
    assert_eq!(codes, [Code::DUPLICATE_KEY, Code::INVALID_ARGUMENT]);
}

#[test]
fn an_import_goes_on_after_a_line() {
    let org = Org::new();
    let file = "first,last,mail\nA,a,\nB,b,\nbroken\nC,c,\nD,d,\n";
    let report = org.import_after(4, "contact", PEOPLE, file).unwrap();
    assert_eq!((report.read, report.created, report.refused.len()), (2, 2, 0));
    let report = org.import_after(99, "contact", PEOPLE, file).unwrap();
    assert_eq!((report.read, report.created), (0, 0));
    let report = org.import("contact", PEOPLE, file).unwrap();
    assert_eq!((report.created, report.present, refused(&report)), (2, 2, vec![(4, None)]));
}

/// Fails in the middle of the file.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the cable is out")),
            some => Ok(some),
        }
    }
}

/// Two thousand people, one of them twice as broken as the others.
fn many() -> String {
    let mut file = "first,last,mail\n".to_owned();
    for n in 2..2002 {
        file.push_str(&if n == 700 { "broken\n".to_owned() } else { format!("f{n},l{n},m{n}@example.com\n") });
    }
    file
}

#[test]
fn a_failure_of_the_host_ends_it_and_says_where() {
    let org = Org::new();
    let file = many();
    let plan = Plan::new(&org.session, "contact", PEOPLE).unwrap();
    let stop = AtomicBool::new(false);
    let digest = import::digest(file.as_bytes()).unwrap();
    let options = Options { digest, resume_after: 0, workers: 8, stop: &stop };
    // The last whole line of the first part is 1000.
    let half = file.find("f1001,").unwrap();
    let report = import::import(&org.session, &plan, Failing(&file.as_bytes()[..half]), &options, &|_| {}).unwrap();
    let stopped = report.stopped.as_ref().unwrap();
    assert!(stopped.failure.as_ref().unwrap().message().contains("the cable is out"));
    assert!(stopped.resume_after <= 1000);
    assert_eq!(report.to_json()["error"]["code"], "0x80044150");
    assert_eq!(org.rows("contact", "lastname").len() as u64, report.created);

    let rest = org.import_after(stopped.resume_after, "contact", PEOPLE, &file).unwrap();
    assert_eq!(report.created + rest.created, 1999);
    assert!(rest.stopped.is_none());
    assert_eq!(org.rows("contact", "lastname").len(), 1999);
}

#[test]
fn somebody_may_ask_to_stop() {
    let org = Org::new();
    let file = many();
    let plan = Plan::new(&org.session, "contact", PEOPLE).unwrap();
    let stop = AtomicBool::new(false);
    let digest = import::digest(file.as_bytes()).unwrap();
    let options = Options { digest, resume_after: 0, workers: 8, stop: &stop };
    let told = AtomicU64::new(0);
    let progress = |lines: u64| {
        told.fetch_max(lines, Ordering::Relaxed);
        if lines == 300 {
            stop.store(true, Ordering::Release);
        }
    };
    let report = import::import(&org.session, &plan, file.as_bytes(), &options, &progress).unwrap();
    let stopped = report.stopped.as_ref().unwrap();
    assert!(stopped.failure.is_none());
    assert!((300..700).contains(&report.read), "{}", report.read);
    assert_eq!(report.read, told.load(Ordering::Relaxed));
    // What was in flight was finished: nothing is unanswered behind the resume line.
    assert_eq!(stopped.resume_after, report.read + 1);
    let rest = org.import_after(stopped.resume_after, "contact", PEOPLE, &file).unwrap();
    assert_eq!((rest.present, report.created + rest.created), (0, 1999));
    assert_eq!(refused(&rest), [(700, None)]);
}

/// `cargo test -p sluice-engine --test import -- --ignored --nocapture speed`
#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stderr, reason = "a measurement")]
fn speed() {
    for synchronous in [Synchronous::Full, Synchronous::Off] {
        for workers in [1, 8, 16, 32, 64] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("org.db");
            let env: Arc<dyn Env> = Arc::new(sluice_engine::SystemEnv);
            let options = OpenOptions { synchronous, cache_dir: None };
            Engine::create(&path, &Founding::default(), &[], &env, &options, |_| Ok(())).unwrap();
            let session = Engine::open(&path, &[], &env, &options).unwrap().session_of("admin").unwrap();
            let file = many();
            let plan = Plan::new(&session, "contact", PEOPLE).unwrap();
            let stop = AtomicBool::new(false);
            let options = Options { digest: [0; 32], resume_after: 0, workers, stop: &stop };
            let begin = std::time::Instant::now();
            let report = import::import(&session, &plan, file.as_bytes(), &options, &|_| {}).unwrap();
            let rate = report.read as f64 / begin.elapsed().as_secs_f64();
            eprintln!("{synchronous:?} {workers} workers: {rate:.0} rows/s");
        }
    }
}
