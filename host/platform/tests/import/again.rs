//! Imports that end early, and the run after them.

use std::{
    io::{self, Read},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use sluice_model::Request;
use sluice_platform::import::{self, Options, Plan};

use crate::org::{Org, PEOPLE, refused};

#[test]
fn the_same_file_makes_no_second_rows() {
    let org = Org::new();
    let map = "[columns]\nname = \"lastname\"\nrole = \"accountrolecode\"\n";
    let file = "name,role\na,1\nb,boss\nc,\n";
    assert_eq!(org.import("contact", map, file).unwrap().created, 2);
    // With a better map, what was refused comes in.
    let better = format!("{map}[values.accountrolecode]\nboss = 1\n");
    let report = org.import("contact", &better, file).unwrap();
    assert_eq!(
        (report.read, report.created, report.present, report.refused.len()),
        (3, 1, 2, 0)
    );
    assert_eq!(report.to_json()["present"], 2);
    // Also under a worse one: what is there counts as there.
    let report = org.import("contact", map, file).unwrap();
    assert_eq!((report.created, report.present, report.refused.len()), (0, 3, 0));
    // A row that was deleted comes back; another file is another file.
    let row = org.rows("contact", "lastname")[0].reference();
    org.session.execute(Request::delete(row)).unwrap();
    assert_eq!(org.import("contact", &better, file).unwrap().created, 1);
    assert_eq!(
        org.import("contact", &better, format!("{file}d,\n")).unwrap().created,
        4
    );
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
        (report.created, report.present, refused(&report)),
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
    let digest = import::digest(file.as_bytes()).unwrap();
    let options = Options {
        digest,
        resume_after: 0,
        workers: 8,
        stop: &stop,
    };
    // The last whole line of the first part is 1000.
    let half = file.find("f1001,").unwrap();
    let report = import::import(
        &org.session,
        &plan,
        Failing(&file.as_bytes()[..half]),
        &options,
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
    let digest = import::digest(file.as_bytes()).unwrap();
    let options = Options {
        digest,
        resume_after: 0,
        workers: 8,
        stop: &stop,
    };
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
    let rest = org
        .import_after(stopped.resume_after, "contact", PEOPLE, &file)
        .unwrap();
    assert_eq!((rest.present, report.created + rest.created), (0, 1999));
    assert_eq!(refused(&rest), [(700, None)]);
}
