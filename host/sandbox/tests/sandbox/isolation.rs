//! Nothing survives a call, whatever its outcome and whichever slot it ran in.

use sluice_model::{Code, Response};
use sluice_sandbox::{Call, Sandbox, Settings};

use crate::support::{Fake, HOSTILE, call};

#[test]
fn no_call_sees_what_another_left() {
    // One instance at a time: each call gets the slot of the one before it.
    let sandbox = Sandbox::new(Settings {
        live: 1,
        ..crate::support::settings()
    })
    .unwrap();
    let plugin = sandbox.load(&HOSTILE).unwrap();
    let run = |call: Call| sandbox.call(&plugin, call, Fake::default()).outcome;
    for round in 0..120 {
        assert_eq!(run(call("mark-memory")), Ok(()), "round {round}");
        match round % 40 {
            // Also after a call that did not end well.
            0 => drop(run(call("eats-memory")).unwrap_err()),
            1 => drop(run(call("unreachable")).unwrap_err()),
            _ => {}
        }
        assert_eq!(run(call("look-for-mark")), Ok(()), "round {round}");
    }
}

#[test]
fn calls_on_many_threads_do_not_meet() {
    let sandbox = Sandbox::new(crate::support::settings()).unwrap();
    let plugin = sandbox.load(&HOSTILE).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    for name in ["mark-memory", "look-for-mark"] {
                        assert_eq!(sandbox.call(&plugin, call(name), Fake::default()).outcome, Ok(()));
                    }
                }
            });
        }
    });
}

#[test]
fn a_full_pool_is_said_to_be_full() {
    let sandbox = Sandbox::new(Settings {
        live: 1,
        ..crate::support::settings()
    })
    .unwrap();
    let plugin = sandbox.load(&HOSTILE).unwrap();
    let (inner_sandbox, inner_plugin) = (sandbox.clone(), plugin.clone());
    let nested = Fake::answering(move |_, _| {
        let finished = inner_sandbox.call(&inner_plugin, call("ok"), Fake::default());
        finished.outcome.map(|()| Response::default())
    });
    // A machine with too little address space for a pool has no such limit.
    if let Err(error) = sandbox.call(&plugin, call("self-update"), nested).outcome {
        assert_eq!(error.code(), Code::NO_SANDBOX);
    }
}
