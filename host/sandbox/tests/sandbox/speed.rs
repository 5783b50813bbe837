//! What a call costs. Run with `cargo test -p sluice-sandbox -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use sluice_sandbox::Plugin;

use crate::{
    files,
    support::{Fake, call, hostile, sandbox},
};

const ROUNDS: usize = 200;
const CALLS: u32 = 100;

#[test]
#[ignore = "a measurement, not a test"]
#[expect(clippy::print_stderr, reason = "the measurement is the output")]
fn what_a_call_costs() {
    // Three functions, then a Rust program of fifty imports that allocates.
    for (plugin, name) in [
        (files::smallest(), "any"),
        (hostile(), "ok"),
        (hostile(), "self-update"),
        (hostile(), "dump-context"),
    ] {
        let mut rounds: Vec<Duration> = (0..ROUNDS).map(|_| round(&plugin, name)).collect();
        rounds.sort();
        // The best is what it costs, the median what it costs on a machine as busy as this one.
        eprintln!(
            "{name}: {:?} at best, {:?} mostly",
            rounds[0] / CALLS,
            rounds[ROUNDS / 2] / CALLS
        );
    }
}

fn round(plugin: &Plugin, name: &str) -> Duration {
    let sandbox = sandbox();
    let calls: Vec<_> = (0..CALLS).map(|_| call(name)).collect();
    let started = Instant::now();
    for call in calls {
        assert_eq!(sandbox.call(plugin, call, Fake::default()).outcome, Ok(()));
    }
    started.elapsed()
}
