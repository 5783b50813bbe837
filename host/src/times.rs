//! Spans of time as people write them.

use sluice_model::Timestamp;

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
}
