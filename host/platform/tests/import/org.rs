//! An organisation to import into.

use std::{
    io::Read as _,
    sync::{Arc, atomic::AtomicBool},
};

use sluice_engine::{Engine, Env, Founding, OpenOptions, SeededEnv, Session, Synchronous};
use sluice_model::{Code, Query, Request, Result, Row};
use sluice_platform::import::{self, Options, Plan, Report};

/// An organisation with the platform's own tables.
pub(crate) struct Org {
    pub(crate) session: Session,
    _folder: tempfile::TempDir,
}

impl Org {
    pub(crate) fn new() -> Self {
        Self::seeded(7)
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("org.db");
        let env: Arc<dyn Env> = Arc::new(SeededEnv::new(seed, "2026-01-31T09:00:00Z".parse().unwrap()));
        let options = OpenOptions {
            synchronous: Synchronous::Off,
            ..OpenOptions::default()
        };
        Engine::create(
            &path,
            &Founding::default(),
            &sluice_platform::with(&[]),
            &env,
            &options,
            |_| Ok(()),
        )
        .unwrap();
        let engine = Engine::open(&path, &sluice_platform::with(&[]), &env, &options).unwrap();
        Self {
            session: engine.session_of("admin").unwrap(),
            _folder: folder,
        }
    }

    pub(crate) fn import(&self, table: &str, map: &str, file: impl AsRef<[u8]>) -> Result<Report> {
        self.import_after(0, table, map, file)
    }

    pub(crate) fn import_after(
        &self,
        resume_after: u64,
        table: &str,
        map: &str,
        file: impl AsRef<[u8]>,
    ) -> Result<Report> {
        let stop = AtomicBool::new(false);
        let options = Options {
            resume_after,
            ..options(&stop)
        };
        self.import_with(options, table, map, file.as_ref())
    }

    /// The report, and the file of the refused lines.
    pub(crate) fn import_refusing(&self, table: &str, map: &str, file: &str) -> (Report, String) {
        let stop = AtomicBool::new(false);
        let mut refused = tempfile::NamedTempFile::new().unwrap();
        let written = refused.reopen().unwrap();
        let options = Options {
            refused: Some(Box::new(move || Ok(Box::new(written)))),
            ..options(&stop)
        };
        let report = self.import_with(options, table, map, file.as_bytes()).unwrap();
        let mut text = String::new();
        refused.read_to_string(&mut text).unwrap();
        (report, text)
    }

    pub(crate) fn import_with(&self, options: Options<'_>, table: &str, map: &str, file: &[u8]) -> Result<Report> {
        let plan = Plan::new(&self.session, table, map)?;
        let survey = import::survey(&plan, file, file.len() as u64)?;
        import::import(&self.session, &plan, survey, file, options, &|_| {})
    }

    pub(crate) fn rows(&self, table: &str, order: &str) -> Vec<Row> {
        self.session.list(Query::new(table).order_by(order)).unwrap()
    }

    pub(crate) fn account(&self, name: &str) {
        self.session
            .execute(Request::create(Row::unsaved("account").with("name", name)))
            .unwrap();
    }
}

/// An import of the whole file, without anything special.
pub(crate) fn options(stop: &AtomicBool) -> Options<'_> {
    Options {
        resume_after: 0,
        stop,
        detect_duplicates: false,
        refused: None,
        words: &|error| error.message().to_owned(),
    }
}

/// A map for people.
pub(crate) const PEOPLE: &str = "[columns]\nfirst = \"firstname\"\nlast = \"lastname\"\nmail = \"emailaddress1\"\n";

/// The lines that were refused, with the heading of each fault.
pub(crate) fn refused(report: &Report) -> Vec<(u64, Option<&str>)> {
    let lines = report.refused.iter();
    let faults = lines.flat_map(|refusal| {
        refusal
            .faults
            .iter()
            .map(|fault| (refusal.line, fault.column.as_deref()))
    });
    faults.collect()
}

/// The codes of all faults.
pub(crate) fn codes(report: &Report) -> Vec<Code> {
    let faults = report.refused.iter().flat_map(|refusal| &refusal.faults);
    faults.map(|fault| fault.error.code()).collect()
}

pub(crate) fn message(result: Result<Report>) -> String {
    result.unwrap_err().message().to_owned()
}
