//! What one call of a plug-in may use. The maxima protect the host; within them an
//! administrator sets limits per step.

use std::time::Duration;

use sluice_model::{Error, Result, error::Limit};

/// What one call of a plug-in may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory, in bytes.
    pub memory: u64,
    /// Time in the plug-in itself, on a processor; what its service calls take is not counted.
    pub cpu: Duration,
    /// Time in all, service calls included.
    pub wall: Duration,
    /// Service calls.
    pub host_calls: u64,
    /// Rows read through service calls.
    pub rows: u64,
    /// Bytes that one service call may carry, each way.
    pub bytes_per_call: u64,
    /// Bytes that all service calls may carry.
    pub bytes_total: u64,
    /// Bytes that the plug-in may write into its context.
    pub output: u64,
    /// Bytes of the trace that are kept: the last ones.
    pub trace: u64,
}

const MIB: u64 = 1 << 20;

/// When a step runs: what it may take while others wait is less than what it may take by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In the request.
    Synchronous,
    /// After it.
    Asynchronous,
}

/// A limit by its name, as in `error.limit`.
struct Named {
    name: &'static str,
    unit: &'static str,
    get: fn(&Limits) -> u64,
    set: fn(&mut Limits, u64),
}

impl Named {
    const fn of(
        (name, unit): (&'static str, &'static str),
        get: fn(&Limits) -> u64,
        set: fn(&mut Limits, u64),
    ) -> Self {
        Self { name, unit, get, set }
    }
}

/// The limits, in the order of [`Limits`].
const ALL: [Named; 9] = [
    Named::of(("memory", "bytes"), |of| of.memory, |of, most| of.memory = most),
    Named::of(
        (CPU, "ms"),
        |of| milliseconds(of.cpu),
        |of, most| of.cpu = Duration::from_millis(most),
    ),
    Named::of(
        (WALL, "ms"),
        |of| milliseconds(of.wall),
        |of, most| of.wall = Duration::from_millis(most),
    ),
    Named::of(
        ("host-calls", "calls"),
        |of| of.host_calls,
        |of, most| of.host_calls = most,
    ),
    Named::of(("rows", "rows"), |of| of.rows, |of, most| of.rows = most),
    Named::of(
        ("bytes", "bytes"),
        |of| of.bytes_per_call,
        |of, most| of.bytes_per_call = most,
    ),
    Named::of(
        ("bytes-total", "bytes"),
        |of| of.bytes_total,
        |of, most| of.bytes_total = most,
    ),
    Named::of(("output", "bytes"), |of| of.output, |of, most| of.output = most),
    Named::of(("trace", "bytes"), |of| of.trace, |of, most| of.trace = most),
];

/// The limit of time on a processor.
const CPU: &str = "cpu";

/// The limit of time in all.
const WALL: &str = "wall";

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 * MIB,
            cpu: Duration::from_millis(200),
            wall: Duration::from_secs(5),
            host_calls: 500,
            rows: 5_000,
            bytes_per_call: 4 * MIB,
            bytes_total: 32 * MIB,
            output: 4 * MIB,
            trace: 10 << 10,
        }
    }
}

impl Limits {
    /// The most that a synchronous step may be given.
    pub const MAXIMUM: Self = Self {
        memory: 128 * MIB,
        cpu: Duration::from_secs(2),
        wall: Duration::from_secs(120),
        host_calls: 5_000,
        rows: 50_000,
        bytes_per_call: 16 * MIB,
        bytes_total: 128 * MIB,
        output: 16 * MIB,
        trace: 64 << 10,
    };

    /// What a step gets by default: an asynchronous one has more time.
    pub fn of(mode: Mode) -> Self {
        match mode {
            Mode::Synchronous => Self::default(),
            Mode::Asynchronous => Self {
                cpu: Duration::from_secs(2),
                wall: Duration::from_secs(120),
                ..Self::default()
            },
        }
    }

    /// The most that a step may be given.
    pub fn maximum(mode: Mode) -> Self {
        match mode {
            Mode::Synchronous => Self::MAXIMUM,
            Mode::Asynchronous => Self {
                cpu: Duration::from_secs(30),
                ..Self::MAXIMUM
            },
        }
    }

    /// The limits of a step: the defaults, changed by the members of a JSON object: `{"cpu": 500, "rows": 100}`.
    /// The names are those of [`Limits::to_json`]; times are in milliseconds, sizes in bytes.
    ///
    /// # Errors
    /// [`sluice_model::Code::INVALID_ARGUMENT`] for what is no limit, and for more than [`Limits::maximum`].
    pub fn from_json(mode: Mode, text: &str) -> Result<Self> {
        let (mut limits, maximum) = (Self::of(mode), Self::maximum(mode));
        let object: serde_json::Map<String, serde_json::Value> = sluice_model::document::parse(text)
            .map_err(|error| Error::invalid(format!("limits are a JSON object such as {{\"cpu\": 500}}: {error}")))?;
        for (name, value) in &object {
            let Some(limit) = ALL.iter().find(|limit| limit.name == name) else {
                let known: Vec<&str> = ALL.iter().map(|limit| limit.name).collect();
                return Err(Error::invalid(format!(
                    "there is no limit `{name}`; the limits are {}",
                    known.join(", ")
                )));
            };
            limit.put(&mut limits, value, &maximum)?;
        }
        Ok(limits)
    }

    /// Higher numbers for one of the limits of a step than it has now: twice as much, five times, and the most that it
    /// may be given; none where it has that, or there is no such limit. Time on the processor is raised to twice as much
    /// at most, or to what a synchronous step may be given: whoever tries it holds others up. What takes time while
    /// others wait is not raised.
    pub fn higher(&self, name: &str, mode: Mode) -> Vec<u64> {
        let Some(limit) = ALL.iter().find(|limit| limit.name == name && name != WALL) else {
            return Vec::new();
        };
        let (now, mut most) = ((limit.get)(self), (limit.get)(&Self::maximum(mode)));
        if limit.name == CPU {
            most = most.min(now.saturating_mul(2).max((limit.get)(&Self::MAXIMUM)));
        }
        let mut higher: Vec<u64> = [now.saturating_mul(2), now.saturating_mul(5), most]
            .into_iter()
            .filter(|number| *number > now && *number <= most)
            .collect();
        higher.dedup();
        higher
    }

    /// All limits by name.
    pub fn to_json(&self) -> serde_json::Value {
        ALL.iter()
            .map(|limit| (limit.name.to_owned(), (limit.get)(self).into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

impl Named {
    /// Sets the limit to what a JSON value says, as far as the maximum.
    fn put(&self, limits: &mut Limits, value: &serde_json::Value, maximum: &Limits) -> Result<()> {
        let Self { name, unit, .. } = self;
        let Some(number) = value.as_u64().filter(|number| *number > 0) else {
            return Err(Error::invalid(format!(
                "the limit `{name}` is a whole number of {unit}, not `{value}`"
            )));
        };
        let most = (self.get)(maximum);
        if number > most {
            let mut error = Error::invalid(format!("the limit `{name}` may be at most {most} {unit}, not {number}"));
            error.body_mut().limit = Some(Limit {
                name: (*name).to_owned(),
                allowed: most,
                used: number,
                unit,
            });
            return Err(error);
        }
        (self.set)(limits, number);
        Ok(())
    }
}

/// A duration in whole milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{
        Mode::{Asynchronous, Synchronous},
        *,
    };

    #[test]
    fn json_changes_what_it_names_and_nothing_else() {
        let limits = Limits::from_json(Synchronous, r#"{"cpu": 500, "rows": 7}"#).unwrap();
        assert_eq!(
            limits,
            Limits {
                cpu: Duration::from_millis(500),
                rows: 7,
                ..Limits::default()
            }
        );
        assert_eq!(Limits::from_json(Synchronous, "{}").unwrap(), Limits::default());
        assert_eq!(
            Limits::from_json(Synchronous, &Limits::MAXIMUM.to_json().to_string()).unwrap(),
            Limits::MAXIMUM
        );
        assert_eq!(
            Limits::from_json(Asynchronous, r#"{"cpu": 30000}"#).unwrap().cpu,
            Duration::from_secs(30)
        );
    }

    #[test]
    fn a_limit_is_raised_up_to_the_most() {
        let limits = Limits::default();
        assert_eq!(limits.higher("host-calls", Synchronous), [1_000, 2_500, 5_000]);
        assert_eq!(limits.higher("memory", Synchronous), [128 << 20], "each once");
        assert_eq!(limits.higher("cpu", Synchronous), [400, 1_000, 2_000]);
        assert_eq!(limits.higher("cpu", Asynchronous), [400, 1_000, 2_000]);
        assert_eq!(Limits::of(Asynchronous).higher("cpu", Asynchronous), [4_000]);
        assert_eq!(Limits::MAXIMUM.higher("rows", Synchronous), [0; 0]);
        assert_eq!(
            (limits.higher("wall", Synchronous), limits.higher("depth", Synchronous)),
            (vec![], vec![])
        );
    }

    #[test]
    fn json_is_refused_above_the_maximum_and_for_what_is_no_limit() {
        let error = Limits::from_json(Synchronous, r#"{"memory": 1073741824}"#).unwrap_err();
        assert_eq!(
            error.message(),
            "the limit `memory` may be at most 134217728 bytes, not 1073741824"
        );
        assert_eq!(error.body().limit.as_ref().unwrap().allowed, 128 << 20);
        for (text, says) in [
            (r#"{"memorie": 1}"#, "there is no limit `memorie`"),
            (r#"{"cpu": 0}"#, "a whole number of ms, not `0`"),
            (r#"{"cpu": -5}"#, "not `-5`"),
            (r#"{"cpu": "5"}"#, "not `\"5\"`"),
            ("[]", "limits are a JSON object"),
            ("", "limits are a JSON object"),
        ] {
            let error = Limits::from_json(Synchronous, text).unwrap_err();
            assert!(error.message().contains(says), "{text}: {error}");
        }
    }
}
