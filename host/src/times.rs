//! Spans and points of time as people write them.

use sluice_model::{Timestamp, written};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How many seconds a span has: `90s`, `30m`, `2h`, `3d`, `1w`.
pub(crate) fn span(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no span of time, such as 30m, 2h or 3d");
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "s" => 1,
        "m" | "min" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        "w" => 7 * DAY,
        _ => return Err(wrong()),
    };
    let number: i64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).filter(|span| *span > 0).ok_or_else(wrong)
}

/// The time so many seconds away from another one; before it, if they are negative.
pub(crate) fn moved(from: Timestamp, seconds: i64) -> Result<Timestamp, String> {
    let there = from.as_second().checked_add(seconds);
    let there = there.and_then(|second| Timestamp::from_second(second).ok());
    there.ok_or_else(|| "that is farther away than there are dates".to_owned())
}

/// How long ago something was, for people who look now; of what is longer ago than a week, the day. What
/// is still to come is told whole.
pub(crate) fn ago(now: Timestamp, then: Timestamp) -> String {
    const WEEK: i64 = 7 * DAY;
    let seconds = now.as_second() - then.as_second();
    let number = |unit: i64, word: &str| format!("{} {word} ago", seconds / unit);
    match seconds {
        ..0 => then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        0..MINUTE => "just now".to_owned(),
        MINUTE..HOUR => number(MINUTE, "min"),
        HOUR..DAY => number(HOUR, "h"),
        DAY..WEEK => number(DAY, "d"),
        _ => then.strftime("%Y-%m-%d").to_string(),
    }
}

/// When something began: a span before now, or a point in time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Since {
    /// So many seconds ago.
    Ago(i64),
    /// Then.
    At(Timestamp),
}

impl Since {
    /// `2h`, `2026-01-31`, `2026-01-31T09:00:00Z`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match written::time(text) {
            Some(time) => Ok(Self::At(time)),
            None => span(text)
                .map(Self::Ago)
                .map_err(|error| format!("{error}, nor a point in time, such as 2026-01-31T09:00:00Z")),
        }
    }

    /// The point in time.
    pub(crate) fn before(self, now: Timestamp) -> Result<Timestamp, String> {
        match self {
            Self::Ago(seconds) => moved(now, -seconds),
            Self::At(time) => Ok(time),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_number_and_a_unit() {
        for (text, seconds) in [
            ("90s", 90),
            ("30m", 1_800),
            ("2h", 7_200),
            ("3d", 259_200),
            ("1w", 604_800),
        ] {
            assert_eq!(span(text), Ok(seconds));
        }
        for text in [
            "",
            "h",
            "2",
            "0h",
            "-2h",
            "2 h",
            "2y",
            "99999999999999999999h",
            "9223372036854775807w",
        ] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn people_are_told_how_long_ago_it_was() {
        let now: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        let told = |then: &str| ago(now, then.parse().unwrap());
        assert_eq!(told("2026-03-01T08:59:30Z"), "just now");
        assert_eq!(told("2026-03-01T08:00:00Z"), "1 h ago");
        assert_eq!(told("2026-02-27T08:00:00Z"), "2 d ago");
        assert_eq!(told("2026-02-01T08:00:00Z"), "2026-02-01");
        assert_eq!(told("2026-03-01T11:00:00Z"), "2026-03-01T11:00:00Z");
    }

    #[test]
    fn since_is_a_span_or_a_time() {
        let now: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        let at = |text: &str| Since::parse(text).unwrap().before(now).unwrap().to_string();
        assert_eq!(at("2h"), "2026-03-01T07:00:00Z");
        assert_eq!(at("2026-02-01"), "2026-02-01T00:00:00Z");
        assert!(Since::parse("yesterday").is_err());
        assert!(Since::Ago(i64::MAX).before(now).is_err());
    }
}
