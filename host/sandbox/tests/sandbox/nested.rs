//! Plug-ins that set each other off: through the services, back into the sandbox.

use sluice_model::{Code, Error, Name, Order, Query, Request, Response, Result, Timestamp};
use sluice_sandbox::{Call, Caller, Services, stack_for};

use crate::support::{Fake, call, finish};

const LEVELS: u32 = 8;

/// Services whose every message runs the plug-in again, one level deeper.
struct Pipeline {
    call: Call,
    /// How often each level came back.
    returned: u32,
}

impl Services for Pipeline {
    fn execute(&mut self, _: &sluice_sandbox::Context, _: Caller, _: Request) -> Result<Response> {
        let mut deeper = self.call.clone();
        deeper.context.depth += 1;
        if deeper.context.depth > LEVELS {
            return Err(Error::new(Code::DEPTH, "too deep"));
        }
        // The unit of work moves into the deeper call and comes back from it.
        let finished = finish(
            deeper.clone(),
            Self {
                call: deeper,
                returned: self.returned,
            },
        );
        self.returned = finished.services.returned + 1;
        finished.outcome.map(|()| Response::default())
    }

    fn now(&mut self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn random(&mut self, _: usize) -> Vec<u8> {
        Vec::new()
    }

    fn parse_query(
        &mut self,
        table: &str,
        _: Vec<Name>,
        _: Option<&str>,
        _: Vec<Order>,
        _: Option<u32>,
    ) -> Result<Query> {
        Ok(Query::new(table))
    }
}

fn on_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(stack_for(8));
        builder.spawn_scoped(scope, work).unwrap().join().unwrap()
    })
}

fn dive(depth: u32) -> Call {
    Call {
        configuration: Some(depth.to_string()),
        ..call("dives-and-updates")
    }
}

#[test]
fn the_same_plugin_runs_inside_itself() {
    on_a_thread(|| {
        let call = call("self-update");
        let finished = finish(call.clone(), Pipeline { call, returned: 0 });
        assert_eq!(
            finished.outcome.unwrap_err().code(),
            Code::DEPTH,
            "the deepest error, handed on by all"
        );
        assert_eq!(finished.services.returned, LEVELS - 1);
    });
}

#[test]
fn eight_levels_of_full_stacks_fit_on_a_pipeline_thread() {
    assert_eq!(stack_for(8), 12 << 20);
    // How deep a guest can go before its stack is full: to the last frame.
    let (mut fits, mut overflows) = (0, 1_000_000);
    while overflows - fits > 1 {
        let middle = (fits + overflows) / 2;
        match on_a_thread(|| finish(dive(middle), Fake::default()).outcome) {
            Ok(()) => fits = middle,
            Err(_) => overflows = middle,
        }
    }
    assert!(fits > 1_000, "{fits}");
    on_a_thread(|| {
        // A little less, for an error takes more of the stack than an answer.
        let call = dive(fits / 50 * 49);
        let finished = finish(call.clone(), Pipeline { call, returned: 0 });
        assert_eq!(finished.outcome.unwrap_err().code(), Code::DEPTH);
        assert_eq!(finished.services.returned, LEVELS - 1);
        // One more, and the outermost overflows: an error, not the end of the process.
        let call = dive(overflows);
        let finished = finish(call.clone(), Pipeline { call, returned: 0 });
        let error = finished.outcome.unwrap_err();
        assert_eq!(error.code(), Code::PLUGIN_CRASHED, "{error}");
    });
}
