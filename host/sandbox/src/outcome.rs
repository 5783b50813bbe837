//! How a call ended: from wasmtime's errors to the platform's codes.

use sluice_model::{Code, Error, Result};
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};

use crate::{
    bindings::sluice::plugin::types::PluginError,
    budget::overrun,
    engine::GUEST_STACK,
    host::{Panic, State},
};

/// What the plug-in gave back, or what stopped it.
pub(crate) type Ended = wasmtime::Result<std::result::Result<(), PluginError>>;

/// The outcome of a call.
pub(crate) fn classify(ended: Ended, state: &mut State) -> Result<()> {
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(given(error, state)),
        Err(error) => Err(stopped(&error, state)),
    }
}

/// The plug-in ended with an error of its own.
fn given(error: PluginError, state: &mut State) -> Error {
    match error {
        PluginError::Refused(refusal) => {
            let message = match refusal.message.is_empty() {
                true => "ISV code aborted the operation.".to_owned(),
                false => short(refusal.message),
            };
            let mut error = Error::new(Code::ISV_ABORTED, message);
            error.body_mut().subcode = refusal.code;
            error
        }
        PluginError::Service(answer) => {
            let index = usize::try_from(answer.handle).unwrap_or(usize::MAX);
            match state.errors.get(index) {
                Some(error) => error.clone(),
                None => unexpected("the plug-in handed on the error of a service call that it never made"),
            }
        }
        PluginError::Unexpected(text) if text.is_empty() => unexpected("the plug-in failed without saying why"),
        PluginError::Unexpected(text) => unexpected(short(text)),
    }
}

/// The plug-in was stopped, by itself or by the host.
pub(crate) fn stopped(error: &wasmtime::Error, state: &mut State) -> Error {
    if let Some(error) = error.downcast_ref::<Error>() {
        return error.clone();
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Error::new(
            Code::NO_SANDBOX,
            "as many plug-ins run at this moment as the host has room for; try again",
        );
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => {
            let size = u64::try_from(GUEST_STACK).unwrap_or(u64::MAX);
            let message = format!("the plug-in overflowed its stack of {size} bytes{}", frames(error));
            overrun(Code::PLUGIN_CRASHED, message, "stack", "bytes", size, size)
        }
        Some(trap) => trapped(*trap, error, state),
        None => other(error, state),
    }
}

fn trapped(trap: Trap, error: &wasmtime::Error, state: &mut State) -> Error {
    if let Some(panic) = state.panic.take() {
        return panicked(&panic);
    }
    // A guest whose memory was denied aborts, whatever language it is written in.
    if trap == Trap::UnreachableCodeReached
        && let Some(error) = memory(state)
    {
        return error;
    }
    if trap == Trap::MemoryOutOfBounds && is_below_memory(error) {
        let message = format!("the plug-in overflowed the stack in its memory{}", frames(error));
        return Error::new(Code::PLUGIN_CRASHED, message);
    }
    let text = trap.to_string();
    let reason = text.strip_prefix("wasm trap: ").unwrap_or(&text);
    unexpected(format!("the plug-in trapped: {reason}{}", frames(error)))
}

/// Whether a guest reached for what lies below its memory. The stack that compilers keep in the
/// memory begins near its lowest address and grows downwards: an overflow wraps around to the
/// highest addresses of the four gigabytes, where no guest has memory.
fn is_below_memory(error: &wasmtime::Error) -> bool {
    const UPPER_HALF: u64 = 1 << 31;
    // The fault's type is private to wasmtime; a test sees that it still says so.
    let address = error.chain().find_map(|cause| {
        let text = cause.to_string();
        let (_, rest) = text.split_once("memory fault at wasm address 0x")?;
        u64::from_str_radix(rest.split(' ').next()?, 16).ok()
    });
    address.is_some_and(|address| address >= UPPER_HALF)
}

fn panicked(panic: &Panic) -> Error {
    let Panic {
        message,
        function,
        file,
        line,
    } = panic;
    let function = if function.is_empty() {
        String::new()
    } else {
        format!(" in `{function}`")
    };
    let place = if file.is_empty() {
        String::new()
    } else {
        format!(" at {file}:{line}")
    };
    unexpected(short(format!("the plug-in panicked: {message}{function}{place}")))
}

/// Neither a trap nor one of ours: the guest gave what the contract does not allow, or it
/// could not even be started.
fn other(error: &wasmtime::Error, state: &State) -> Error {
    let reason = error.root_cause().to_string();
    // The error's type is private to wasmtime; a test sees that it still says so.
    if reason.contains("fuel allocated for hostcalls has been exhausted") {
        let allowed = state.limits().bytes_per_call;
        let message = format!("the plug-in passed more bytes at once than its limit `bytes` of {allowed} allows");
        return overrun(
            Code::TOO_MUCH_DATA,
            message,
            "bytes",
            "bytes",
            allowed,
            allowed.saturating_add(1),
        );
    }
    memory(state).unwrap_or_else(|| unexpected(format!("the plug-in broke the contract: {reason}{}", frames(error))))
}

/// The error of a plug-in that was denied memory, if it was.
fn memory(state: &State) -> Option<Error> {
    let denied = state.budget.memory.denied?;
    let message = format!(
        "the plug-in wanted {} {} of {}; its limit is {}",
        denied.wanted, denied.unit, denied.name, denied.allowed
    );
    Some(overrun(
        Code::PLUGIN_CRASHED,
        message,
        denied.name,
        denied.unit,
        denied.allowed,
        denied.wanted,
    ))
}

/// A text of the plug-in's making, cut where it is no message any more.
fn short(mut text: String) -> String {
    if text.len() > MOST_TEXT {
        text.truncate(text.floor_char_boundary(MOST_TEXT));
        text.push('…');
    }
    text
}

/// The most bytes of a plug-in's error that are passed on.
const MOST_TEXT: usize = 10_000;

fn unexpected(message: impl Into<String>) -> Error {
    Error::new(Code::ISV_UNEXPECTED, message)
}

/// Where the guest was, innermost first: `; at f (src/lib.rs:12), g (src/lib.rs:30)`.
fn frames(error: &wasmtime::Error) -> String {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return String::new();
    };
    let mut places = Vec::new();
    for frame in backtrace.frames() {
        if frame.symbols().is_empty() {
            places.extend(frame.func_name().map(readable));
        }
        for symbol in frame.symbols() {
            let name = readable(symbol.name().or_else(|| frame.func_name()).unwrap_or("?"));
            places.push(match (symbol.file(), symbol.line()) {
                (Some(file), Some(line)) => format!("{name} ({file}:{line})"),
                _ => name,
            });
        }
    }
    places.truncate(MOST_FRAMES);
    if places.is_empty() {
        String::new()
    } else {
        format!("; at {}", places.join(", "))
    }
}

const MOST_FRAMES: usize = 8;

/// A function's name as its author wrote it, without the compiler's hash.
fn readable(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
