//! How fast it is: `cargo test -p sluice-engine --test import -- --ignored --nocapture`.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use sluice_engine::{
    Engine, Env, Founding, OpenOptions, Synchronous, SystemEnv,
    import::{self, Options, Plan},
};

use crate::{again::many, org::PEOPLE};

#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stderr, reason = "a measurement")]
fn speed() {
    for synchronous in [Synchronous::Full, Synchronous::Off] {
        for workers in [1, 8, 16, 32, 64] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("org.db");
            let env: Arc<dyn Env> = Arc::new(SystemEnv);
            let options = OpenOptions {
                synchronous,
                cache_dir: None,
            };
            Engine::create(&path, &Founding::default(), &[], &env, &options, |_| Ok(())).unwrap();
            let session = Engine::open(&path, &[], &env, &options)
                .unwrap()
                .session_of("admin")
                .unwrap();
            let file = many();
            let plan = Plan::new(&session, "contact", PEOPLE).unwrap();
            let stop = AtomicBool::new(false);
            let options = Options {
                digest: [0; 32],
                resume_after: 0,
                workers,
                stop: &stop,
            };
            let begin = Instant::now();
            let report = import::import(&session, &plan, file.as_bytes(), &options, &|_| {}).unwrap();
            let rate = report.read as f64 / begin.elapsed().as_secs_f64();
            eprintln!("{synchronous:?} {workers} workers: {rate:.0} rows/s");
        }
    }
}
