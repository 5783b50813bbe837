//! An organisation to import into.

use std::sync::{Arc, atomic::AtomicBool};

use sluice_engine::{Engine, Env, Founding, OpenOptions, SeededEnv, Session, Synchronous};
use sluice_model::{Query, Request, Result, Row};
use sluice_platform::import::{self, Options, Plan, Report};

/// An organisation with the platform's own tables.
pub(crate) struct Org {
    pub(crate) session: Session,
    _folder: tempfile::TempDir,
}

impl Org {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("org.db");
        let env: Arc<dyn Env> = Arc::new(SeededEnv::new(7, "2026-01-31T09:00:00Z".parse().unwrap()));
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
        let file = file.as_ref();
        let plan = Plan::new(&self.session, table, map)?;
        let stop = AtomicBool::new(false);
        let digest = import::digest(file).unwrap();
        let options = Options {
            digest,
            resume_after,
            workers: 8,
            stop: &stop,
        };
        import::import(&self.session, &plan, file, &options, &|_| {})
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

/// A map for people.
pub(crate) const PEOPLE: &str = "[columns]\nfirst = \"firstname\"\nlast = \"lastname\"\nmail = \"emailaddress1\"\n";

/// The lines that were refused, with the headings.
pub(crate) fn refused(report: &Report) -> Vec<(u64, Option<&str>)> {
    report
        .refused
        .iter()
        .map(|refusal| (refusal.line, refusal.column.as_deref()))
        .collect()
}

pub(crate) fn message(result: Result<Report>) -> String {
    result.unwrap_err().message().to_owned()
}
