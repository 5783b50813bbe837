//! How things are measured: contenders take turns within one run, and medians are compared.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value as Json, json};

/// One of the things that take turns: does it once and says how long that took.
pub(crate) type Contender<'a> = Box<dyn FnMut() -> Result<Duration> + 'a>;

/// How long `work` takes.
pub(crate) fn timed<T, E: Into<anyhow::Error>>(work: impl FnOnce() -> Result<T, E>) -> Result<Duration> {
    let began = Instant::now();
    let done = work();
    let took = began.elapsed();
    done.map_err(Into::into)?;
    Ok(took)
}

/// How often each contender runs, and how often in a row before the next one's turn: so many
/// that its own code and pages are warm, so few that the machine's mood is the same for all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turns {
    /// Turns that count.
    pub(crate) turns: usize,
    /// Runs in a turn.
    pub(crate) runs: usize,
}

impl Turns {
    /// Enough for a median that holds from run to run, where once takes some hundred microseconds.
    pub(crate) const MANY: Self = Self { turns: 150, runs: 16 };
}

/// Lets the contenders take turns; the median of each, in microseconds. The first tenth of
/// the turns only warms up, and each turn is opened by another contender than the last.
pub(crate) fn alternate<const N: usize>(turns: Turns, mut contenders: [Contender<'_>; N]) -> Result<[f64; N]> {
    let mut samples = [const { Vec::new() }; N];
    let warm = turns.turns.div_ceil(10);
    for turn in 0..warm + turns.turns {
        for place in 0..N {
            let which = (turn + place) % N;
            for _ in 0..turns.runs {
                let took = contenders[which]()?;
                if turn >= warm {
                    samples[which].push(took.as_secs_f64() * 1e6);
                }
            }
        }
    }
    Ok(samples.map(median))
}

/// The medians of what some rounds found, each told its number. The one before them only warms up.
pub(crate) fn rounds<const N: usize>(
    count: usize,
    mut round: impl FnMut(usize) -> Result<[f64; N]>,
) -> Result<[f64; N]> {
    let mut samples = [const { Vec::new() }; N];
    round(0)?;
    for number in 1..=count {
        for (samples, found) in samples.iter_mut().zip(round(number)?) {
            samples.push(found);
        }
    }
    Ok(samples.map(median))
}

/// The median of some samples.
fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    match samples.len() {
        0 => f64::NAN,
        n if n % 2 == 0 => f64::midpoint(samples[n / 2 - 1], samples[n / 2]),
        n => samples[n / 2],
    }
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    Lower,
    Higher,
}

/// What a figure has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// So many times the floor.
    Ratio(f64),
    /// So much more than the floor, in the figure's unit.
    Excess(f64),
    /// So much itself, in the figure's unit.
    Itself(f64),
}

/// A result.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    name: String,
    ours: f64,
    floor: Option<f64>,
    unit: &'static str,
    better: Better,
    target: Option<Target>,
}

impl Figure {
    /// A time in microseconds.
    pub(crate) fn time(name: impl Into<String>, ours: f64) -> Self {
        Self {
            name: name.into(),
            ours,
            floor: None,
            unit: "µs",
            better: Better::Lower,
            target: None,
        }
    }

    /// Rows in a second.
    pub(crate) fn rate(name: impl Into<String>, ours: f64) -> Self {
        Self {
            name: name.into(),
            ours,
            floor: None,
            unit: "rows/s",
            better: Better::Higher,
            target: None,
        }
    }

    /// What it is compared with.
    pub(crate) fn over(self, floor: f64) -> Self {
        Self {
            floor: Some(floor),
            ..self
        }
    }

    /// What it has to be.
    pub(crate) fn target(self, target: Target) -> Self {
        Self {
            target: Some(target),
            ..self
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn ratio(&self) -> Option<f64> {
        self.floor.map(|floor| self.ours / floor)
    }

    fn met(&self) -> Option<bool> {
        let (value, limit) = match self.target? {
            Target::Ratio(limit) => (self.ratio()?, limit),
            Target::Excess(limit) => (self.ours - self.floor?, limit),
            Target::Itself(limit) => (self.ours, limit),
        };
        Some(match self.better {
            Better::Lower => value <= limit,
            Better::Higher => value >= limit,
        })
    }

    /// The document of a figure. `compares` says what `target` limits: the ratio of ours to
    /// the floor, their difference, or ours itself.
    pub(crate) fn to_json(&self, measured: &str) -> Json {
        let (target, compares) = match self.target {
            Some(Target::Ratio(limit)) => (Some(limit), Some("ratio")),
            Some(Target::Excess(limit)) => (Some(limit), Some("difference")),
            Some(Target::Itself(limit)) => (Some(limit), Some("ours")),
            None => (None, None),
        };
        json!({
            "name": self.name,
            "ours": rounded(self.ours, 1),
            "floor": self.floor.map(|floor| rounded(floor, 1)),
            "ratio": self.ratio().map(|ratio| rounded(ratio, 3)),
            "target": target,
            "better": match self.better { Better::Lower => "lower", Better::Higher => "higher" },
            "met": self.met(),
            "unit": self.unit,
            "compares": compares,
            "measured": measured,
        })
    }

    /// The cells of the table: name, ours, floor, ratio, target, met.
    pub(crate) fn cells(&self) -> [String; 6] {
        let sign = match self.better {
            Better::Lower => '≤',
            Better::Higher => '≥',
        };
        [
            self.name.clone(),
            format!("{:.1} {}", self.ours, self.unit),
            self.floor
                .map(|floor| format!("{floor:.1} {}", self.unit))
                .unwrap_or_default(),
            self.ratio().map(|ratio| format!("{ratio:.2} ×")).unwrap_or_default(),
            match (self.target, self.floor) {
                (Some(Target::Ratio(limit)), _) => format!("{sign} {limit} ×"),
                (Some(Target::Excess(limit)), Some(floor)) => {
                    format!("{:+.1} {sign} {limit} {}", self.ours - floor, self.unit)
                }
                (Some(Target::Itself(limit)), _) => format!("{sign} {limit} {}", self.unit),
                _ => String::new(),
            },
            match self.met() {
                Some(true) => "met".to_owned(),
                Some(false) => "MISSED".to_owned(),
                None => String::new(),
            },
        ]
    }
}

fn rounded(value: f64, places: i32) -> f64 {
    let scale = 10_f64.powi(places);
    (value * scale).round() / scale
}
