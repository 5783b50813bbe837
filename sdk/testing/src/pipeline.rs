//! The pipeline in small: pre-validation, the privilege gate, the transaction with
//! pre-operation, the main operation and post-operation, and asynchronous steps after it.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
};

use sluice_model::{Code, Error, Result};
use sluice_sdk::{Context, Error as Ended, Parameters};

use crate::{
    call::{Call, CalledOnceMore, StepCall},
    frame::{Frame, Operation},
    world::{Installed, State},
};

const PRE_VALIDATION: i32 = 10;
const PRE_OPERATION: i32 = 20;
const POST_OPERATION: i32 = 40;

/// The deepest level, as on the platform.
const MAX_DEPTH: i32 = 8;

/// Runs a request through the pipeline; its outputs are named as on the platform.
pub(crate) fn run(world: &Rc<RefCell<State>>, operation: Operation) -> Result<Parameters> {
    let frame = Rc::new(Frame::new(operation, &world.borrow()));
    let outermost = frame.depth == 1;
    let result = run_operation(world, frame);
    if outermost {
        run_jobs(world);
    }
    result
}

fn run_operation(world: &Rc<RefCell<State>>, frame: Rc<Frame>) -> Result<Parameters> {
    if frame.depth > MAX_DEPTH {
        return Err(Error::new(
            Code::DEPTH,
            "steps set each other off more than eight levels deep: an endless loop",
        ));
    }
    run_steps(world, &frame, PRE_VALIDATION)?;
    frame.gate(&world.borrow())?;

    let joins = frame.in_transaction.get();
    let saved = (world.borrow().rows.clone(), world.borrow().jobs.len());
    let frame = frame.enter_transaction();
    let result = in_the_transaction(world, &frame);
    if result.is_err() && !joins {
        let mut world = world.borrow_mut();
        world.rows = saved.0;
        world.jobs.truncate(saved.1);
    }
    result.map(|()| frame.outputs.borrow().clone())
}

fn in_the_transaction(world: &Rc<RefCell<State>>, frame: &Rc<Frame>) -> Result<()> {
    run_steps(world, frame, PRE_OPERATION)?;
    frame.operate(&mut world.borrow_mut())?;
    run_steps(world, frame, POST_OPERATION)
}

/// Runs the synchronous steps of a stage in the order of their ranks, and queues the others.
fn run_steps(world: &Rc<RefCell<State>>, frame: &Rc<Frame>, stage: i32) -> Result<()> {
    let mut steps = world.borrow().steps.clone();
    steps.retain(|installed| installed.enabled && installed.step.stage == stage && frame.concerns(installed.step));
    steps.sort_by_key(|installed| installed.step.rank);
    for installed in steps {
        if installed.step.mode == 0 {
            run_step(world, frame, installed)?;
        } else {
            world.borrow_mut().jobs.push((installed, frame.clone()));
        }
    }
    Ok(())
}

/// So often a job runs whose plug-in asks for it.
const ATTEMPTS: u32 = 4;

/// Runs the asynchronous steps that the committed operation left behind. Nobody waits for
/// them: their errors are kept for the test to look at. One that asks to be tried again is, at once.
fn run_jobs(world: &Rc<RefCell<State>>) {
    loop {
        let Some((installed, frame)) = world.borrow_mut().take_job() else {
            return;
        };
        frame.in_transaction.set(false);
        for attempt in 1..=ATTEMPTS {
            world.borrow_mut().attempt = attempt;
            let Err(error) = run_step(world, &frame, installed.clone()) else {
                break;
            };
            if !error.body().again || attempt == ATTEMPTS {
                world.borrow_mut().job_failures.push(error);
                break;
            }
        }
        world.borrow_mut().attempt = 1;
    }
}

fn run_step(world: &Rc<RefCell<State>>, frame: &Rc<Frame>, installed: Installed) -> Result<()> {
    let plugin = installed.plugin;
    let step = Rc::new(StepCall::new(installed, frame));
    let context = Context::new(Box::new(Call {
        world: world.clone(),
        frame: frame.clone(),
        step: step.clone(),
    }));
    let ended = catch_unwind(AssertUnwindSafe(|| (plugin.run)(&context)));
    // Where it called once more, it is as if it had gone on: that is refused next.
    let ended = match ended {
        Err(panic) if panic.is::<CalledOnceMore>() => Ok(Ok(())),
        ended => ended,
    };
    let result = outcome(ended, |handle| world.borrow().error(handle));
    let result = result.and_then(|()| step.went_on(&world.borrow(), frame));
    result.map_err(|mut error| {
        error.body_mut().plugin.get_or_insert_with(|| plugin.name.to_owned());
        error
    })
}

/// How a plug-in ended: `service` has the failed service calls by handle.
pub(crate) fn outcome(
    ended: std::thread::Result<std::result::Result<(), Ended>>,
    service: impl FnOnce(u32) -> Error,
) -> Result<()> {
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Ended::Refused(refusal))) => {
            let mut error = Error::new(Code::ISV_ABORTED, refusal.message);
            error.body_mut().subcode = refusal.code;
            Err(error)
        }
        Ok(Err(Ended::TryAgain(message))) => {
            let mut error = Error::new(Code::ISV_ABORTED, message);
            error.body_mut().again = true;
            Err(error)
        }
        Ok(Err(Ended::Service(error))) => Err(service(error.handle())),
        Ok(Err(Ended::Unexpected(message))) => Err(Error::new(Code::ISV_UNEXPECTED, message)),
        Err(panic) => Err(Error::new(
            Code::ISV_UNEXPECTED,
            format!("panic: {}", panic_message(&*panic)),
        )),
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let owned = || panic.downcast_ref::<String>().map(String::as_str);
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(owned)
        .unwrap_or("without a message")
}
