//! Imports that end early, and the run after them.

use std::{
    io::{self, Read},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use sha2::{Digest as _, Sha256};
use sluice_model::{Code, Request, Row, Uuid, Value};
use sluice_platform::import::{self, Plan};

use crate::org::{Org, PEOPLE, codes, options, refused};

#[test]
fn a_line_is_recognised_when_it_comes_again() {
    let org = Org::new();
    let map = "[columns]\nname = \"lastname\"\nrole = \"accountrolecode\"\n";
    let file = "name,role\na,1\nb,boss\nc,\n";
    assert_eq!(org.import("contact", map, file).unwrap().created, 2);
    // With a better map, what was refused comes in.
    let better = format!("{map}[values.accountrolecode]\nboss = 1\n");
    let report = org.import("contact", &better, file).unwrap();
    assert_eq!(
        (report.read, report.created, report.skipped, report.refused.len()),
        (3, 1, 2, 0)
    );
    assert_eq!(report.to_json()["skipped"], 2);
    // Also under a worse one: what is there counts as there.
    let report = org.import("contact", map, file).unwrap();
    assert_eq!((report.created, report.skipped, report.refused.len()), (0, 3, 0));
    // A row that was deleted comes back.
    let row = org.rows("contact", "lastname")[0].reference();
    org.session.execute(Request::delete(row)).unwrap();
    assert_eq!(org.import("contact", &better, file).unwrap().created, 1);
}

/// The id that earlier versions gave the row of a line, without the secret of the organisation.
fn earlier_id(table: &str, said: &[(&str, &str)]) -> Uuid {
    let mut hash = Sha256::new().chain_update(b"line of an import\0").chain_update(table);
    for part in said.iter().flat_map(|(column, text)| [column, text]) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    uuid::Builder::from_custom_bytes(digest[..16].try_into().unwrap()).into_uuid()
}

const CONTACT: &str = "[columns]\na = \"lastname\"\nc = \"description\"\n";

#[test]
fn an_id_tells_nothing_of_the_line() {
    let org = Org::new();
    org.import("contact", CONTACT, "a,c\nX,one\n").unwrap();
    let row = org.rows("contact", "lastname").remove(0);
    assert_ne!(
        row.id,
        earlier_id("contact", &[("description", "one"), ("lastname", "X")])
    );
    // In another organisation it is another one.
    let other = Org::seeded(8);
    other.import("contact", CONTACT, "a,c\nX,one\n").unwrap();
    assert_ne!(row.id, other.rows("contact", "lastname").remove(0).id);
}

/// Anybody can make a row of the id that earlier versions gave; it counts only where it is as old as they.
#[test]
fn a_row_of_the_id_of_earlier_versions_takes_no_line_away() {
    let org = Org::new();
    let time = "2020-01-01T00:00:00Z";
    let dated = format!("{CONTACT}at = \"overriddencreatedon\"\n");
    let said = [("description", "one"), ("lastname", "X"), ("overriddencreatedon", time)];
    for (map, file, said, earlier) in [
        (CONTACT, "a,c\nX,one\n", &said[..2], false),
        (CONTACT, "a,c\nX,one\n", &said[..2], true),
        (&dated, "a,c,at\nX,one,2020-01-01T00:00:00Z\n", &said[..], true),
    ] {
        let id = earlier_id("contact", said);
        let mut row = Row::new("contact", id).with("lastname", "Rubbish");
        let earlier = earlier.then(|| time.parse::<sluice_model::Timestamp>().unwrap());
        if let Some(earlier) = earlier {
            row.set("overriddencreatedon", earlier);
        }
        org.session.execute(Request::create(row)).unwrap();
        if let Some(earlier) = earlier {
            // Nor can it be made older.
            let later = Row::new("contact", id).with("overriddencreatedon", earlier);
            let error = org.session.execute(Request::update(later)).unwrap_err();
            assert_eq!(error.code(), Code::READ_ONLY_COLUMN, "{error}");
        }
        let report = org.import("contact", map, file).unwrap();
        assert_eq!((report.created, report.skipped), (1, 0), "{map}");
        for row in org.rows("contact", "lastname") {
            org.session.execute(Request::delete(row.reference())).unwrap();
        }
    }
}

/// The line breaks of a cell are those of the file, and change with it.
#[test]
fn line_breaks_are_one_however_they_are_written() {
    let org = Org::new();
    let unix = "a,c\nX,\"two\nlines\"\nX,\"two\nlines\"\nY,one\n";
    assert_eq!(org.import("contact", CONTACT, unix).unwrap().created, 3);
    let again = org.import("contact", CONTACT, unix.replace('\n', "\r\n")).unwrap();
    assert_eq!((again.created, again.skipped), (0, 3));
    // In one file, too, they are one line that comes twice.
    let mixed = "a,c\nZ,\"two\r\nlines\"\nZ,\"two\nlines\"\n";
    assert_eq!(org.import("contact", CONTACT, mixed).unwrap().created, 2);
    assert_eq!(org.import("contact", CONTACT, mixed).unwrap().skipped, 2);
}

#[test]
fn lines_without_an_id_are_recognised_beside_those_that_have_one() {
    let org = Org::new();
    let map = "[columns]\nk = \"contactid\"\nn = \"lastname\"\n";
    let file = "k,n\n11111111-1111-1111-1111-111111111111,a\n,h\n00000000-0000-0000-0000-000000000000,e\n,h\n";
    let first = org.import("contact", map, file).unwrap();
    assert_eq!((first.created, first.skipped, first.refused.len()), (4, 0, 0));
    let again = org.import("contact", map, file).unwrap();
    assert_eq!((again.created, again.skipped, again.refused.len()), (0, 4, 0));
    let more = "n,k\ne,\nnew,\nh,\nh,\nz,nonsense\na,11111111-1111-1111-1111-111111111111\n";
    let more = org.import("contact", map, more).unwrap();
    assert_eq!((more.created, more.skipped), (1, 4));
    assert_eq!(refused(&more), [(6, Some("k"))]);
    assert_eq!(org.rows("contact", "lastname").len(), 5);
}

#[test]
fn what_else_changed_in_the_file_does_not_matter() {
    let org = Org::new();
    let map = "[columns]\nname = \"lastname\"\nrole = \"accountrolecode\"\n";
    let wider = format!("{map}[ignore]\ncolumns = [\"more\"]\n");
    let report = org.import("contact", map, "name,role\nX,not\nY,2\nZ,\n").unwrap();
    assert_eq!((report.created, report.refused.len()), (2, 1));
    for (map, file, created, skipped) in [
        // Corrected; in another order; with a new line; written otherwise; with more in it.
        (map, "name,role\nX,1\nY,2\nZ,\n", 1, 2),
        (map, "name,role\nZ,\nX,1\n\nY,2\n", 0, 3),
        (map, "name,role\nNew,1\nX,1\nY,2\nZ,\n", 1, 3),
        (map, "\u{feff}role,name\r\n 1 ,\"X\"\r\n2,Y\r\n,Z\r\n", 0, 3),
        (&wider, "name,more,role\nX,7,1\nY,8,2\nZ,9,\n", 0, 3),
    ] {
        let report = org.import("contact", map, file).unwrap();
        assert_eq!(
            (report.created, report.skipped, report.refused.len()),
            (created, skipped, 0),
            "{file}"
        );
    }
    assert_eq!(org.rows("contact", "lastname").len(), 4);
    // In another table it is another row.
    let map = "[columns]\nname = \"name\"\n[ignore]\ncolumns = [\"role\"]\n";
    assert_eq!(org.import("account", map, "name,role\nX,1\n").unwrap().created, 1);
}

#[test]
fn lines_that_say_the_same_are_as_many_rows() {
    let org = Org::new();
    let file = "first,last,mail\nA,Twin,\nB,Other,\nA,Twin,\nA,Twin,\n";
    assert_eq!(org.import("contact", PEOPLE, file).unwrap().created, 4);
    let report = org.import("contact", PEOPLE, file).unwrap();
    assert_eq!((report.created, report.skipped), (0, 4));
    let report = org.import("contact", PEOPLE, format!("{file}A,Twin,\n")).unwrap();
    assert_eq!((report.created, report.skipped), (1, 4));
    // The lines that are passed over count.
    let report = org
        .import_after(5, "contact", PEOPLE, format!("{file}A,Twin,\n"))
        .unwrap();
    assert_eq!((report.read, report.skipped), (1, 1));
}

#[test]
fn refused_lines_are_corrected_and_imported_again() {
    let org = Org::new();
    let map = "[columns]\nname = \"lastname\"\nrole = \"accountrolecode\"\nno = \"donotphone\"\n";
    let file = "name,role,no\na,9,perhaps\nb,1,\nbroken\n\"c, \"\"d\"\"\",8,no\n";
    let (report, refused) = org.import_refusing("contact", map, file);
    assert_eq!((report.created, report.refused_lines), (1, 3));
    let faults = report.refused[0].to_json();
    assert_eq!(faults["faults"].as_array().unwrap().len(), 2, "{faults}");
    assert!(
        faults["reason"].as_str().unwrap().contains("role: ") && faults["reason"].as_str().unwrap().contains("no: ")
    );
    let lines: Vec<&str> = refused.lines().collect();
    assert_eq!(lines[0], "import_line,import_faults,name,role,no");
    assert!(
        lines[1].starts_with("2,\"role: ") && lines[1].ends_with(",a,9,perhaps"),
        "{refused}"
    );
    assert!(lines[2].starts_with("4,\"the line has 1 fields") && lines[2].ends_with(",broken"));
    assert!(lines[3].starts_with("5,\"role: ") && lines[3].ends_with(",\"c, \"\"d\"\"\",8,no"));
    // One is corrected, the others come back as they were, with the line in the first file.
    let (report, still) = org.import_refusing("contact", map, &refused.replace(",a,9,perhaps", ",a,2,yes"));
    assert_eq!((report.created, report.refused_lines), (1, 2));
    assert!(
        still.starts_with("import_line,import_faults,name,role,no\n4,"),
        "{still}"
    );
    assert!(still.ends_with(",\"c, \"\"d\"\"\",8,no\n"), "{still}");
    let corrected = still.replace(",8,no", ",1,no").replace(",broken", ",b2,1,");
    let (report, none) = org.import_refusing("contact", map, &corrected);
    assert_eq!((report.created, report.refused_lines, none.as_str()), (2, 0, ""));
    let names: Vec<String> = org
        .rows("contact", "lastname")
        .iter()
        .filter_map(|row| row.text("lastname").map(str::to_owned))
        .collect();
    assert_eq!(names, ["a", "b", "b2", "c, \"d\""]);
}

#[test]
fn a_key_decides_which_row_a_line_is_about() {
    let org = Org::new();
    let map = format!("{PEOPLE}[key]\ncolumns = [\"emailaddress1\"]\n");
    let file = "first,last,mail\nA,One,a@x\nB,Two,B@x\nC,Three,\n";
    let report = org.import("contact", &map, file).unwrap();
    assert_eq!((report.created, refused(&report)), (2, vec![(4, None)]));
    // What says the same is skipped, what says something else is updated, as by an Upsert.
    let report = org
        .import("contact", &map, "first,last,mail\nA,One,a@x\nBob,Two,b@x\n")
        .unwrap();
    assert_eq!((report.created, report.updated, report.skipped), (0, 1, 1));
    let rows = org.rows("contact", "lastname");
    let firsts: Vec<_> = rows.iter().map(|row| row.text("firstname")).collect();
    assert_eq!(firsts, [Some("A"), Some("Bob")]);
    // Or stays as it is.
    let keep = map.replace("[key]\n", "[key]\nexisting = \"skip\"\n");
    let report = org
        .import("contact", &keep, "first,last,mail\nZoe,One,a@x\nD,Four,d@x\n")
        .unwrap();
    assert_eq!((report.created, report.updated, report.skipped), (1, 0, 1));
    // Later lines see the earlier ones.
    let report = org
        .import("contact", &map, "first,last,mail\nE,Five,e@x\nEve,Five,e@x\n")
        .unwrap();
    assert_eq!((report.created, report.updated), (1, 1));
    // Two rows that have it: the line is about neither.
    org.session
        .execute(Request::create(
            sluice_model::Row::unsaved("contact").with("emailaddress1", "e@x"),
        ))
        .unwrap();
    let report = org.import("contact", &map, "first,last,mail\nE,Five,e@x\n").unwrap();
    assert_eq!(codes(&report), [sluice_model::Code::AMBIGUOUS]);
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
    assert_eq!(
        (report.created, report.skipped, refused(&report)),
        (2, 2, vec![(4, None)])
    );
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

/// Two thousand people, and a broken line.
pub(crate) fn many() -> String {
    let mut file = "first,last,mail\n".to_owned();
    for n in 2..2002 {
        file.push_str(&if n == 700 {
            "broken\n".to_owned()
        } else {
            format!("f{n},l{n},m{n}@example.com\n")
        });
    }
    file
}

#[test]
fn a_failure_of_the_host_ends_it_and_says_where() {
    let org = Org::new();
    let file = many();
    let plan = Plan::new(&org.session, "contact", PEOPLE).unwrap();
    let stop = AtomicBool::new(false);
    let survey = import::survey(&plan, file.as_bytes(), file.len() as u64).unwrap();
    // The last whole line of the first part is 1000.
    let half = file.find("f1001,").unwrap();
    let report = import::import(
        &org.session,
        &plan,
        survey,
        Failing(&file.as_bytes()[..half]),
        options(&stop),
        &|_| {},
    )
    .unwrap();
    let stopped = report.stopped.as_ref().unwrap();
    assert!(stopped.failure.as_ref().unwrap().message().contains("the cable is out"));
    assert!(stopped.resume_after <= 1000);
    assert_eq!(report.to_json()["error"]["code"], "0x80044150");
    assert_eq!(org.rows("contact", "lastname").len() as u64, report.created);

    let rest = org
        .import_after(stopped.resume_after, "contact", PEOPLE, &file)
        .unwrap();
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
    let survey = import::survey(&plan, file.as_bytes(), file.len() as u64).unwrap();
    let told = AtomicU64::new(0);
    let progress = |lines: u64| {
        told.fetch_max(lines, Ordering::Relaxed);
        if lines == 300 {
            stop.store(true, Ordering::Release);
        }
    };
    let report = import::import(&org.session, &plan, survey, file.as_bytes(), options(&stop), &progress).unwrap();
    let stopped = report.stopped.as_ref().unwrap();
    assert!(stopped.failure.is_none());
    assert!((300..700).contains(&report.read), "{}", report.read);
    assert_eq!(report.read, told.load(Ordering::Relaxed));
    // What was in flight was finished: nothing is unanswered behind the resume line.
    assert_eq!(stopped.resume_after, report.read + 1);
    let rest = org
        .import_after(stopped.resume_after, "contact", PEOPLE, &file)
        .unwrap();
    assert_eq!((rest.skipped, report.created + rest.created), (0, 1999));
    assert_eq!(refused(&rest), [(700, None)]);
}

#[test]
fn only_what_differs_is_sent_for_a_row_that_is_there() {
    let org = Org::new();
    let map = "[columns]\nn = \"lastname\"\ns = \"statecode\"\nk = \"emailaddress1\"\n\
               [key]\ncolumns = [\"emailaddress1\"]\n";
    for (line, became) in [
        ("b,Inactive,b@x", (1, 0, 0)),
        ("b,Active,B@x", (0, 1, 0)),
        ("b,Inactive,b@x", (0, 1, 0)),
        ("b,Inactive,B@x", (0, 0, 1)),
    ] {
        let report = org.import("contact", map, format!("n,s,k\n{line}\n")).unwrap();
        assert_eq!(
            (report.created, report.updated, report.skipped),
            became,
            "{line}: {report:?}"
        );
    }
    let contact = &org.rows("contact", "lastname")[0];
    assert_eq!(contact.int("statecode"), Some(1));
    assert_eq!(
        contact.text("emailaddress1"),
        Some("b@x"),
        "the key stays as it is written"
    );
}

#[test]
fn quoted_blanks_belong_to_a_text() {
    let org = Org::new();
    let map = "[columns]\nl = \"lastname\"\nd = \"description\"\nn = \"numberofchildren\"\ne = \"emailaddress1\"\n";
    let file = "l,d,n,e\n\"  W  \",\"\n a\n\",\" 7 \", a@x \n";
    assert_eq!(org.import("contact", map, file).unwrap().created, 1);
    let contact = &org.rows("contact", "lastname")[0];
    assert_eq!(
        (contact.text("lastname"), contact.text("description")),
        (Some("  W  "), Some("\n a\n"))
    );
    assert_eq!(
        (contact.int("numberofchildren"), contact.text("emailaddress1")),
        (Some(7), Some("a@x"))
    );
    // The blanks tell no line from another.
    let file = "l,d,n,e\nW,a,7,a@x\n";
    assert_eq!(org.import("contact", map, file).unwrap().skipped, 1);
}

/// When a row was made elsewhere is said of one that the import makes; what is there stays as it was made.
#[test]
fn when_rows_were_made_is_no_change_of_those_that_are_there() {
    let org = Org::new();
    let columns = "[columns]\nn = \"lastname\"\nk = \"emailaddress1\"\nat = \"overriddencreatedon\"\n";
    let keyed = format!("{columns}[key]\ncolumns = [\"emailaddress1\"]\n");
    let own = "[columns]\nn = \"lastname\"\nid = \"contactid\"\nat = \"overriddencreatedon\"\n";
    let id = "11111111-1111-1111-1111-111111111111";
    for (map, heads, line, other) in [
        (
            keyed.as_str(),
            "n,k,at",
            "A,a@x,2020-01-01T00:00:00Z",
            "B,a@x,2021-01-01T00:00:00Z",
        ),
        (own, "n,id,at", &format!("A,{id},2020-01-01T00:00:00Z"), ""),
    ] {
        for (line, became) in [(line, (1, 0, 0)), (line, (0, 0, 1)), (other, (0, 1, 0))] {
            if line.is_empty() {
                continue;
            }
            let report = org.import("contact", map, format!("{heads}\n{line}\n")).unwrap();
            assert_eq!(
                (report.created, report.updated, report.skipped),
                became,
                "{line}: {report:?}"
            );
        }
        for row in org.rows("contact", "lastname") {
            let made = row.get("createdon").and_then(Value::as_time).unwrap();
            assert_eq!(made.to_string(), "2020-01-01T00:00:00Z");
            org.session.execute(Request::delete(row.reference())).unwrap();
        }
    }
}
