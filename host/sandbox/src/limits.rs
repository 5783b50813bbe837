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

    /// The most that an asynchronous step may be given.
    pub const MAXIMUM_ASYNCHRONOUS: Self = Self {
        cpu: Duration::from_secs(30),
        ..Self::MAXIMUM
    };

    /// What an asynchronous step gets by default: like a synchronous one, with more time.
    pub fn asynchronous() -> Self {
        Self {
            cpu: Duration::from_secs(2),
            wall: Duration::from_secs(120),
            ..Self::default()
        }
    }

    /// The limits of a synchronous step: the defaults, changed by the members of a JSON
    /// object: `{"cpu": 500, "rows": 100}`. The names are those of [`Limits::to_json`];
    /// times are in milliseconds, sizes in bytes.
    ///
    /// # Errors
    /// [`sluice_model::Code::INVALID_ARGUMENT`] for what is no limit, and for more than [`Limits::MAXIMUM`].
    pub fn from_json(text: &str) -> Result<Self> {
        Self::parse(text, Self::default(), &Self::MAXIMUM)
    }

    /// The same for an asynchronous step.
    ///
    /// # Errors
    /// As [`Limits::from_json`], with [`Limits::MAXIMUM_ASYNCHRONOUS`].
    pub fn asynchronous_from_json(text: &str) -> Result<Self> {
        Self::parse(text, Self::asynchronous(), &Self::MAXIMUM_ASYNCHRONOUS)
    }

    /// Higher numbers for one of the limits of a synchronous or an asynchronous step than it has now: twice as much,
    /// five times, and the most that it may be given; none where it has that, or there is no such limit. What takes
    /// time while others wait is not raised.
    pub fn higher(&self, name: &str, synchronous: bool) -> Vec<u64> {
        let most = match synchronous {
            true => Self::MAXIMUM,
            false => Self::MAXIMUM_ASYNCHRONOUS,
        };
        if name == "wall" || !NAMES.iter().any(|(known, _)| *known == name) {
            return Vec::new();
        }
        let (now, most) = (self.number(name), most.number(name));
        let mut higher: Vec<u64> = [now.saturating_mul(2), now.saturating_mul(5), most]
            .into_iter()
            .filter(|number| *number > now && *number <= most)
            .collect();
        higher.dedup();
        higher
    }

    /// All limits by name.
    pub fn to_json(&self) -> serde_json::Value {
        NAMES
            .iter()
            .map(|(name, _)| ((*name).to_owned(), self.number(name).into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    fn parse(text: &str, mut limits: Self, maximum: &Self) -> Result<Self> {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)
            .map_err(|error| Error::invalid(format!("limits are a JSON object such as {{\"cpu\": 500}}: {error}")))?;
        for (name, value) in &object {
            let Some((_, unit)) = NAMES.iter().find(|(known, _)| known == name) else {
                let known: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
                return Err(Error::invalid(format!(
                    "there is no limit `{name}`; the limits are {}",
                    known.join(", ")
                )));
            };
            let Some(number) = value.as_u64().filter(|number| *number > 0) else {
                return Err(Error::invalid(format!(
                    "the limit `{name}` is a whole number of {unit}, not `{value}`"
                )));
            };
            let most = maximum.number(name);
            if number > most {
                let mut error =
                    Error::invalid(format!("the limit `{name}` may be at most {most} {unit}, not {number}"));
                error.body_mut().limit = Some(Limit {
                    name: name.clone(),
                    allowed: most,
                    used: number,
                    unit,
                });
                return Err(error);
            }
            limits.set(name, number);
        }
        Ok(limits)
    }

    fn number(&self, name: &str) -> u64 {
        match name {
            "memory" => self.memory,
            "cpu" => milliseconds(self.cpu),
            "wall" => milliseconds(self.wall),
            "host-calls" => self.host_calls,
            "rows" => self.rows,
            "bytes" => self.bytes_per_call,
            "bytes-total" => self.bytes_total,
            "output" => self.output,
            _ => self.trace,
        }
    }

    fn set(&mut self, name: &str, number: u64) {
        match name {
            "memory" => self.memory = number,
            "cpu" => self.cpu = Duration::from_millis(number),
            "wall" => self.wall = Duration::from_millis(number),
            "host-calls" => self.host_calls = number,
            "rows" => self.rows = number,
            "bytes" => self.bytes_per_call = number,
            "bytes-total" => self.bytes_total = number,
            "output" => self.output = number,
            _ => self.trace = number,
        }
    }
}

/// The names of the limits with their units, in the order of [`Limits`]; as in `error.limit`.
const NAMES: [(&str, &str); 9] = [
    ("memory", "bytes"),
    ("cpu", "ms"),
    ("wall", "ms"),
    ("host-calls", "calls"),
    ("rows", "rows"),
    ("bytes", "bytes"),
    ("bytes-total", "bytes"),
    ("output", "bytes"),
    ("trace", "bytes"),
];

/// A duration in whole milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_changes_what_it_names_and_nothing_else() {
        let limits = Limits::from_json(r#"{"cpu": 500, "rows": 7}"#).unwrap();
        assert_eq!(
            limits,
            Limits {
                cpu: Duration::from_millis(500),
                rows: 7,
                ..Limits::default()
            }
        );
        assert_eq!(Limits::from_json("{}").unwrap(), Limits::default());
        assert_eq!(
            Limits::from_json(&Limits::MAXIMUM.to_json().to_string()).unwrap(),
            Limits::MAXIMUM
        );
        assert_eq!(
            Limits::asynchronous_from_json(r#"{"cpu": 30000}"#).unwrap().cpu,
            Duration::from_secs(30)
        );
    }

    #[test]
    fn a_limit_is_raised_up_to_the_most() {
        let limits = Limits::default();
        assert_eq!(limits.higher("host-calls", true), [1_000, 2_500, 5_000]);
        assert_eq!(limits.higher("memory", true), [128 << 20], "each once");
        assert_eq!(limits.higher("cpu", true), [400, 1_000, 2_000]);
        assert_eq!(limits.higher("cpu", false), [400, 1_000, 30_000]);
        assert_eq!(Limits::MAXIMUM.higher("rows", true), [0; 0]);
        assert_eq!(
            (limits.higher("wall", true), limits.higher("depth", true)),
            (vec![], vec![])
        );
    }

    #[test]
    fn json_is_refused_above_the_maximum_and_for_what_is_no_limit() {
        let error = Limits::from_json(r#"{"memory": 1073741824}"#).unwrap_err();
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
            let error = Limits::from_json(text).unwrap_err();
            assert!(error.message().contains(says), "{text}: {error}");
        }
    }
}
