//! What a running call has used, against its limits.

use std::time::{Duration, Instant};

use sluice_model::{Code, Error, Result, error::Limit};
use wasmtime::ResourceLimiter;

use crate::{Left, Limits, Usage, engine::TABLE_ELEMENTS, limits::milliseconds, os};

/// What a call has used so far.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) limits: Limits,
    /// What the request has left in time.
    left: Option<Duration>,
    started: Instant,
    /// Time spent in the services, on the clock that counts then: not the plug-in's own.
    away: Duration,
    /// From when on the processor's clock counts.
    turn: Option<Turn>,
    host_calls: u64,
    rows: u64,
    bytes: u64,
    output: u64,
    /// A deeper call that ran out of time: whose fault it is when this one does too.
    deeper_timeout: Option<Error>,
    pub(crate) memory: Memory,
}

/// The processor's clock costs a system call, for which most calls are too short: it counts from the first
/// tick on.
#[derive(Debug)]
struct Turn {
    /// The plug-in's own time by then.
    own: Duration,
    /// What the thread had worked by then.
    worked: Duration,
}

impl Budget {
    /// Nothing used; the clock runs from here.
    pub(crate) fn new(limits: Limits, left: Left) -> Self {
        let of_request = left.memory.filter(|memory| *memory < limits.memory);
        Self {
            limits,
            left: left.time,
            started: Instant::now(),
            away: Duration::ZERO,
            turn: None,
            host_calls: 0,
            rows: 0,
            bytes: 0,
            output: 0,
            deeper_timeout: None,
            memory: Memory {
                name: of_request.map_or("memory", |_| "request-memory"),
                limit: of_request.unwrap_or(limits.memory),
                size: 0,
                peak: 0,
                denied: None,
            },
        }
    }

    /// What was used.
    pub(crate) fn usage(&self) -> Usage {
        Usage {
            cpu: self.own(),
            wall: self.started.elapsed(),
            memory: self.memory.peak,
            host_calls: self.host_calls,
            rows: self.rows,
            bytes: self.bytes,
        }
    }

    /// The plug-in's own time: everything but its service calls. What the host does for getters and
    /// traces is the plug-in's doing; that the machine has other things to do is not, so a call that lasts
    /// is timed by what its thread works.
    fn own(&self) -> Duration {
        match &self.turn {
            None => self.started.elapsed().saturating_sub(self.away),
            Some(turn) => turn.own + os::thread_time().saturating_sub(turn.worked).saturating_sub(self.away),
        }
    }

    /// The call lasts: from now on the processor's clock counts. Whether there is time left.
    pub(crate) fn tick(&mut self) -> Result<()> {
        if self.turn.is_none() {
            self.turn = Some(Turn {
                own: self.own(),
                worked: os::thread_time(),
            });
            self.away = Duration::ZERO;
        }
        self.time()
    }

    /// Whether there is time left.
    pub(crate) fn time(&self) -> Result<()> {
        let (wall, cpu) = (self.started.elapsed(), self.own());
        if cpu > self.limits.cpu {
            return Err(timeout("cpu", "time of its own", self.limits.cpu, cpu));
        }
        if self.left.is_some_and(|left| wall > left) {
            return Err(match &self.deeper_timeout {
                Some(error) => error.clone(),
                // How long the whole request may take is the pipeline's to say.
                None => Error::new(
                    Code::MESSAGE_TIMEOUT,
                    "the time of the request was used up while the plug-in ran",
                ),
            });
        }
        if wall > self.limits.wall {
            return Err(match &self.deeper_timeout {
                Some(error) => error.clone(),
                None => timeout("wall", "time, service calls included", self.limits.wall, wall),
            });
        }
        Ok(())
    }

    /// Now, on the clock that counts.
    pub(crate) fn now(&self) -> Duration {
        match &self.turn {
            None => self.started.elapsed(),
            Some(_) => os::thread_time(),
        }
    }

    /// What came of a service that ran since then: time that is not the plug-in's own.
    pub(crate) fn away<T>(&mut self, since: Duration, result: Result<T>) -> Result<T> {
        self.away += self.now().saturating_sub(since);
        if let Err(error) = &result
            && (error.code() == Code::PLUGIN_TIMEOUT || error.code() == Code::MESSAGE_TIMEOUT)
        {
            self.deeper_timeout = Some(error.clone());
        }
        result
    }

    /// One more service call.
    pub(crate) fn host_call(&mut self) -> Result<()> {
        self.host_calls += 1;
        let (allowed, used) = (self.limits.host_calls, self.host_calls);
        within(
            "host-calls",
            "calls",
            allowed,
            used,
            Code::ISV_UNEXPECTED,
            "made more service calls than",
        )?;
        self.time()
    }

    /// A service call that carries `bytes`, one way.
    pub(crate) fn bytes(&mut self, bytes: u64) -> Result<()> {
        self.bytes += bytes;
        let says = "passed more bytes in one service call than";
        within(
            "bytes",
            "bytes",
            self.limits.bytes_per_call,
            bytes,
            Code::TOO_MUCH_DATA,
            says,
        )?;
        let says = "passed more bytes in its service calls than";
        within(
            "bytes-total",
            "bytes",
            self.limits.bytes_total,
            self.bytes,
            Code::TOO_MUCH_DATA,
            says,
        )
    }

    /// A service call that read `rows`.
    pub(crate) fn rows(&mut self, rows: u64) -> Result<()> {
        self.rows += rows;
        within(
            "rows",
            "rows",
            self.limits.rows,
            self.rows,
            Code::TOO_MUCH_DATA,
            "read more rows than",
        )
    }

    /// How many rows a query may bring: one more than is left, so that too many are noticed.
    pub(crate) fn top(&self, wanted: Option<u32>) -> u32 {
        let left = u32::try_from(self.limits.rows.saturating_sub(self.rows)).unwrap_or(u32::MAX);
        left.saturating_add(1).min(wanted.unwrap_or(u32::MAX))
    }

    /// `bytes` more written into the context.
    pub(crate) fn output(&mut self, bytes: u64) -> Result<()> {
        self.output += bytes;
        let says = "wrote more bytes into its context than";
        within(
            "output",
            "bytes",
            self.limits.output,
            self.output,
            Code::TOO_MUCH_DATA,
            says,
        )
    }
}

/// The error of a limit that was overrun.
pub(crate) fn overrun(code: Code, message: String, name: &str, unit: &'static str, allowed: u64, used: u64) -> Error {
    let mut error = Error::new(code, message);
    error.body_mut().limit = Some(Limit {
        name: name.to_owned(),
        allowed,
        used,
        unit,
    });
    error
}

fn within(name: &str, unit: &'static str, allowed: u64, used: u64, code: Code, says: &str) -> Result<()> {
    if used <= allowed {
        return Ok(());
    }
    Err(overrun(
        code,
        format!("the plug-in {says} its limit `{name}` of {allowed} allows"),
        name,
        unit,
        allowed,
        used,
    ))
}

fn timeout(name: &str, what: &str, allowed: Duration, used: Duration) -> Error {
    let (allowed, used) = (milliseconds(allowed), milliseconds(used));
    let message = format!("the plug-in used {used} ms of {what}; its limit `{name}` is {allowed} ms");
    overrun(Code::PLUGIN_TIMEOUT, message, name, "ms", allowed, used)
}

/// What refused to grow: its limit's name, what is allowed, what was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Denied {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) allowed: u64,
    pub(crate) wanted: u64,
}

/// The memories and tables of one call.
#[derive(Debug)]
pub(crate) struct Memory {
    /// The limit's name.
    name: &'static str,
    limit: u64,
    size: u64,
    peak: u64,
    pub(crate) denied: Option<Denied>,
}

impl Memory {
    /// How many bytes there are now.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let more = u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX);
        let size = self.size.saturating_add(more);
        if size > self.limit {
            self.denied = Some(Denied {
                name: self.name,
                unit: "bytes",
                allowed: self.limit,
                wanted: size,
            });
            return Ok(false);
        }
        self.size = size;
        self.peak = self.peak.max(size);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = u64::try_from(desired).unwrap_or(u64::MAX);
        let allowed = u64::try_from(TABLE_ELEMENTS).unwrap_or(u64::MAX);
        if wanted > allowed {
            self.denied = Some(Denied {
                name: "table",
                unit: "elements",
                allowed,
                wanted,
            });
        }
        Ok(wanted <= allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(time: Duration) {
        let began = os::thread_time();
        while os::thread_time().saturating_sub(began) < time {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn a_call_that_lasts_is_timed_by_what_its_thread_works() {
        let cpu = Duration::from_millis(40);
        let limits = Limits {
            cpu,
            ..Limits::default()
        };
        let mut budget = Budget::new(limits, Left::default());
        budget.tick().unwrap();
        // Others have the processor.
        std::thread::sleep(2 * cpu);
        budget.tick().unwrap();
        // A service works for it.
        let since = budget.now();
        busy(2 * cpu);
        budget.away(since, Ok(())).unwrap();
        budget.tick().unwrap();
        busy(2 * cpu);
        assert_eq!(budget.tick().unwrap_err().code(), Code::PLUGIN_TIMEOUT);
    }
}
