//! Each misbehaviour ends in a typed error, gives the services back, and harms no later call.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sluice_model::{Code, Error, Response, Row};
use sluice_sandbox::{Call, Finished, Left, Limits};

use crate::support::{Fake, call, context, denied, error, finish, run, run_with};

/// The error of a call, after checking what must hold whatever happened.
fn refused(finished: Finished<Fake>) -> Error {
    assert_eq!(
        finished.context.correlation,
        context().correlation,
        "the context comes back"
    );
    assert_eq!(run("ok").outcome, Ok(()), "the next call is well");
    error(finished)
}

#[track_caller]
fn overran(error: &Error, code: Code, name: &str, allowed: u64) {
    assert_eq!(error.code(), code, "{error}");
    let limit = error.body().limit.as_ref().unwrap();
    assert_eq!((limit.name.as_str(), limit.allowed), (name, allowed), "{error}");
    assert!(limit.used >= limit.allowed, "{limit:?}");
}

fn limited(name: &str, limits: impl FnOnce(&mut Limits)) -> Finished<Fake> {
    let mut call = call(name);
    limits(&mut call.limits);
    finish(call, Fake::default())
}

#[test]
fn a_call_that_ends_well_says_what_it_used() {
    let finished = run("ok");
    assert_eq!(finished.outcome, Ok(()));
    assert_eq!(finished.trace, "");
    assert!(finished.usage.memory >= 65_536, "{:?}", finished.usage);
    assert!(finished.usage.wall >= finished.usage.cpu);
}

#[test]
fn endless_loops_run_out_of_cpu() {
    for name in ["loops", "loops-in-getters"] {
        let error = refused(limited(name, |limits| limits.cpu = Duration::from_millis(30)));
        overran(&error, Code::PLUGIN_TIMEOUT, "cpu", 30);
        assert!(error.message().contains("its limit `cpu` is 30 ms"), "{error}");
    }
}

#[test]
fn time_in_service_calls_is_not_the_plugins_own() {
    let slow = Fake::answering(|_, _| {
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(300) {
            std::hint::spin_loop();
        }
        Ok(Response::default())
    });
    let mut call = call("self-update");
    call.limits.cpu = Duration::from_millis(250);
    let finished = finish(call, slow);
    assert_eq!(finished.outcome, Ok(()));
    assert!(
        finished.usage.wall >= Duration::from_millis(300),
        "{:?}",
        finished.usage
    );
}

#[test]
fn loops_of_service_calls_run_out_of_time_or_calls() {
    let slow = Fake::answering(|_, _| {
        std::thread::sleep(Duration::from_millis(20));
        Ok(Response::default())
    });
    let mut slow_call = call("loops-in-calls");
    slow_call.limits.wall = Duration::from_millis(50);
    overran(&refused(finish(slow_call, slow)), Code::PLUGIN_TIMEOUT, "wall", 50);

    let finished = run("flood-calls");
    assert_eq!((finished.services.calls.len(), finished.usage.host_calls), (500, 501));
    overran(&refused(finished), Code::ISV_UNEXPECTED, "host-calls", 500);
}

#[test]
fn a_deeper_timeout_is_not_blamed_on_the_outer_plugin() {
    let slow = Fake::answering(|_, _| {
        std::thread::sleep(Duration::from_millis(60));
        let mut error = Error::new(Code::PLUGIN_TIMEOUT, "the inner one");
        error.body_mut().call = Some("Update account".to_owned());
        Err(error)
    });
    let mut call = call("loops-in-calls");
    call.limits.wall = Duration::from_millis(50);
    assert_eq!(refused(finish(call, slow)).message(), "the inner one");
}

#[test]
fn memory_has_an_end() {
    overran(&refused(run("eats-memory")), Code::PLUGIN_CRASHED, "memory", 64 << 20);
    // As little as the guest starts with, and less.
    let error = refused(limited("ok", |limits| limits.memory = 65_536));
    overran(&error, Code::PLUGIN_CRASHED, "memory", 65_536);
    // A guest that asks and takes no for an answer is well.
    let finished = limited("asks-for-memory", |limits| limits.memory = 8 << 20);
    assert_eq!(finished.outcome, Ok(()));
    assert!(
        finished.trace.starts_with("got 7 MiB") || finished.trace.starts_with("got 6 MiB"),
        "{}",
        finished.trace
    );
    assert!(finished.usage.memory <= 8 << 20);
}

#[test]
fn stacks_have_an_end() {
    overran(
        &refused(run_with("recurses", "100000000")),
        Code::PLUGIN_CRASHED,
        "stack",
        512 << 10,
    );
    // So has the stack that compilers keep in the guest's memory.
    let error = refused(run_with("recurses-shadow", "100000000"));
    assert_eq!(error.code(), Code::PLUGIN_CRASHED, "{error}");
    assert!(
        error.message().contains("overflowed the stack in its memory; at "),
        "{error}"
    );
}

#[test]
fn a_panic_says_what_where() {
    let error = refused(run("panics"));
    assert_eq!(error.code(), Code::ISV_UNEXPECTED);
    let message = error.message();
    assert!(
        message.starts_with("the plug-in panicked: the moon is full in `hostile::panics` at "),
        "{message}"
    );
    assert!(message.contains("lib.rs:"), "{message}");
}

#[test]
fn a_trap_names_its_frames() {
    let error = refused(run("unreachable"));
    assert_eq!(error.code(), Code::ISV_UNEXPECTED);
    let message = error.message();
    assert!(
        message.starts_with("the plug-in trapped: wasm `unreachable` instruction executed; at "),
        "{message}"
    );
    assert!(
        message.contains("unreachable_instruction") && message.contains("lib.rs:"),
        "{message}"
    );
}

#[test]
fn too_much_data_is_refused_before_it_is_copied() {
    for name in ["big-string", "million-empty", "big-refusal"] {
        let finished = run(name);
        assert!(finished.services.calls.is_empty());
        overran(&refused(finished), Code::TOO_MUCH_DATA, "bytes", 4 << 20);
    }
    overran(&refused(run("big-output")), Code::TOO_MUCH_DATA, "output", 4 << 20);
    let mut handles = call("many-handles");
    handles.context.parent = Some(Arc::new(context()));
    let error = refused(finish(handles, Fake::default()));
    assert_eq!(error.code(), Code::ISV_UNEXPECTED, "{error}");
    assert!(error.message().contains("handle"), "{error}");
}

#[test]
fn rows_and_bytes_read_are_limited() {
    let rows = |count: usize, size: usize| {
        Fake::answering(move |_, _| {
            let row = Row::new("account", crate::support::id(1)).with("name", "x".repeat(size));
            Ok(Response::default().with(
                "BusinessEntityCollection",
                sluice_model::Parameter::Rows(vec![row; count]),
            ))
        })
    };
    let finished = finish(call("reads"), rows(5_000, 10));
    assert_eq!((finished.outcome, finished.usage.rows), (Ok(()), 5_000));
    let finished = finish(call("reads"), rows(5_001, 10));
    assert_eq!(
        finished.services.tops,
        [Some(5_001)],
        "no more rows are asked for than show that it is too many"
    );
    overran(&refused(finished), Code::TOO_MUCH_DATA, "rows", 5_000);
    overran(
        &refused(finish(call("reads"), rows(100, 100_000))),
        Code::TOO_MUCH_DATA,
        "bytes",
        4 << 20,
    );

    let mut many = call("loops-in-calls");
    many.limits.host_calls = 1_000;
    many.limits.bytes_total = 10_000;
    overran(
        &refused(finish(many, Fake::default())),
        Code::TOO_MUCH_DATA,
        "bytes-total",
        10_000,
    );
}

#[test]
fn a_hundred_megabytes_of_trace_are_the_last_ten_kilobytes() {
    let finished = run("huge-trace");
    assert_eq!(finished.outcome, Ok(()));
    assert!(
        finished.trace.len() <= 10 << 10 && finished.trace.len() > 9 << 10,
        "{}",
        finished.trace.len()
    );
    assert!(finished.trace.starts_with('[') && finished.trace.ends_with("trace \n"));
}

#[test]
fn refusals_are_verbatim() {
    let error = refused(run("refuse"));
    assert_eq!(
        (error.code(), error.message()),
        (Code::ISV_ABORTED, "no business on a Sunday")
    );
    assert_eq!(error.body().subcode, Some(-42));
    let error = refused(run("refuse-empty"));
    assert_eq!(
        (error.code(), error.message()),
        (Code::ISV_ABORTED, "ISV code aborted the operation.")
    );
    assert_eq!(error.body().subcode, None);
    let error = refused(run_with("long-refusal", "20000"));
    assert_eq!(error.message().len(), 10_000 + '…'.len_utf8());
    let error = refused(run("unexpected"));
    assert_eq!(
        (error.code(), error.message()),
        (Code::ISV_UNEXPECTED, "did not see this coming")
    );
}

#[test]
fn a_service_error_handed_on_is_the_very_error() {
    assert_eq!(error(finish(call("hands-on"), Fake::denying())), denied());
    let finished = finish(call("swallow"), Fake::denying());
    assert_eq!(
        finished.outcome,
        Ok(()),
        "what a swallowed error means is the pipeline's to say"
    );
    assert_eq!(finished.trace, "swallowed 0x80040220 missing prvWriteAccount\n");
    let error = refused(run("forges-handle"));
    assert_eq!(error.code(), Code::ISV_UNEXPECTED, "{error}");
}

#[test]
fn a_failure_of_the_host_is_not_told_to_the_plugin() {
    let broken = || Fake::answering(|_, _| Err(Error::host("/var/lib/secret.db: disk full")));
    assert_eq!(
        finish(call("swallow"), broken()).trace,
        "swallowed 0x80044150 the host failed\n"
    );
    assert_eq!(
        error(finish(call("hands-on"), broken())).message(),
        "/var/lib/secret.db: disk full"
    );
}

#[test]
fn an_unknown_plugin_of_the_file_fails() {
    let call = Call {
        type_name: "nobody".to_owned(),
        ..call("ok")
    };
    assert!(
        error(finish(call, Fake::default()))
            .message()
            .contains("no plug-in `nobody`")
    );
}

#[test]
fn a_panic_of_the_services_passes_through() {
    let panicking = Fake::answering(|_, _| panic!("out of luck"));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| finish(call("self-update"), panicking)));
    assert!(result.is_err());
    assert_eq!(run("ok").outcome, Ok(()));
}

#[test]
fn what_is_left_of_the_request_is_a_limit_too() {
    let left = |left| {
        let call = Call {
            left,
            ..call("eats-memory")
        };
        refused(finish(call, Fake::default()))
    };
    let error = left(Left {
        memory: Some(8 << 20),
        time: None,
    });
    overran(&error, Code::PLUGIN_CRASHED, "request-memory", 8 << 20);
    let call = Call {
        left: Left {
            memory: None,
            time: Some(Duration::from_millis(30)),
        },
        ..call("loops")
    };
    let error = refused(finish(call, Fake::default()));
    assert_eq!(error.code(), Code::MESSAGE_TIMEOUT, "{error}");
    assert_eq!(
        error.body().limit,
        None,
        "how long the request may take is not known here"
    );
}
