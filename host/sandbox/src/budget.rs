//! What a running call has used, against its limits.

use std::time::{Duration, Instant};

use sluice_model::{Code, Error, Result, error::Limit};
use wasmtime::ResourceLimiter;

use crate::{Left, Limits, Usage, engine::TABLE_ELEMENTS, limits::milliseconds};

/// What a call has used so far.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) limits: Limits,
    /// What the request has left in time.
    left: Option<Duration>,
    started: Instant,
    /// What the thread had spent on a processor by then.
    processor: Option<Duration>,
    /// Time spent in the services: not the plug-in's own.
    away: Duration,
    host_calls: u64,
    rows: u64,
    bytes: u64,
    output: u64,
    /// A deeper call that ran out of time: whose fault it is when this one does too.
    deeper_timeout: Option<Error>,
    pub(crate) memory: Memory,
}

impl Budget {
    /// Nothing used; the clock runs from here.
    pub(crate) fn new(limits: Limits, left: Left) -> Self {
        let of_request = left.memory.filter(|memory| *memory < limits.memory);
        Self {
            limits,
            left: left.time,
            started: Instant::now(),
            processor: on_processor(),
            away: Duration::ZERO,
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
        let wall = self.started.elapsed();
        Usage {
            cpu: self.own(wall),
            wall,
            memory: self.memory.peak,
            host_calls: self.host_calls,
            rows: self.rows,
            bytes: self.bytes,
        }
    }

    /// The plug-in's own time, of all that has gone by: everything but its service calls (what the
    /// host does for getters and traces is the plug-in's doing), and not more than the thread was on
    /// a processor: that a machine is busy is nobody's doing.
    fn own(&self, wall: Duration) -> Duration {
        let own = wall.saturating_sub(self.away);
        let at_work = self.processor.zip(on_processor());
        at_work.map_or(own, |(before, now)| own.min(now.saturating_sub(before)))
    }

    /// Whether there is time left.
    pub(crate) fn time(&self) -> Result<()> {
        let wall = self.started.elapsed();
        // What has not gone by needs no second look.
        let may_be_over = wall.saturating_sub(self.away) > self.limits.cpu;
        let cpu = if may_be_over { self.own(wall) } else { Duration::ZERO };
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

    /// Runs `work` in the services: time that is not the plug-in's own.
    pub(crate) fn away<T>(&mut self, since: Instant, result: Result<T>) -> Result<T> {
        self.away += since.elapsed();
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

/// The time that this thread has spent on a processor, where the system tells.
#[cfg(unix)]
fn on_processor() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Some(Duration::new(
        u64::try_from(time.tv_sec).ok()?,
        u32::try_from(time.tv_nsec).ok()?,
    ))
}

#[cfg(not(unix))]
fn on_processor() -> Option<Duration> {
    None
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

    /// A thread that waits, as one does for a processor on a busy machine, spends no time of its own.
    #[cfg(unix)]
    #[test]
    fn waiting_is_no_time_of_its_own() {
        let mut budget = Budget::new(Limits::default(), Left::default());
        budget.started = Instant::now().checked_sub(Duration::from_secs(4)).unwrap();
        assert!(budget.usage().cpu < Duration::from_secs(4));
        budget.time().unwrap();
        budget.started = Instant::now().checked_sub(Duration::from_secs(6)).unwrap();
        let error = budget.time().unwrap_err();
        assert!(error.message().contains("`wall`"), "{error}");
        // Where more was spent, that is the limit.
        budget.started = Instant::now().checked_sub(Duration::from_secs(4)).unwrap();
        budget.limits.cpu = Duration::ZERO;
        let error = budget.time().unwrap_err();
        assert!(error.message().contains("`cpu`"), "{error}");
    }
}
