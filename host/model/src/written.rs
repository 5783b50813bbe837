//! Numbers, days and points in time as they are written. The parsers of the libraries take more
//! than people mean, and make another value of it; what is not written plainly is refused.

use std::str::FromStr;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    fmt::temporal::DateTimeParser,
    tz::{AmbiguousOffset, Disambiguation, OffsetConflict, TimeZone},
};
use rust_decimal::Decimal;

/// An exact number: digits with a sign and a point; as JSON has it, also with an exponent.
/// Nothing where it has more digits than a decimal number holds.
pub fn decimal(text: &str) -> Option<Decimal> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, places) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !digits(whole) || !digits(places) || whole.len() + places.len() == 0 {
        return None;
    }
    if !digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)) {
        return None;
    }
    if mantissa.len() == unsigned.len() {
        return Decimal::from_str_exact(text).ok();
    }
    // The library rounds such a number where it has too many digits.
    let number = Decimal::from_scientific(text).ok()?;
    let same = number.is_zero() == mantissa.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    (whole.len() + places.len() <= 28 && same).then_some(number)
}

/// A floating point number. One that is too large, or too small to be told from nothing, is none.
pub fn float(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let is_zero = !mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    ((number == 0.0) == is_zero).then_some(number)
}

/// A day: `2026-01-31`.
pub fn day(text: &str) -> Option<Date> {
    (text.len() == DAY && begins_with_day(text)).then(|| text.parse().ok())?
}

/// A point in time: RFC 3339, or a day with or without a time, which without an offset is meant
/// in UTC.
pub fn time(text: &str) -> Option<Timestamp> {
    time_in(text, &TimeZone::UTC)
}

/// As [`time`], where what has no offset is meant in `zone`. A time that the clocks of the zone
/// skip is none; of one that they show twice it is the first. The name of a zone in brackets
/// counts, and must agree with the offset.
pub fn time_in(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    // The libraries take second 60 for 59.
    let rest = text.get(DAY..).unwrap_or_default();
    if !begins_with_day(text) || rest.contains(":60") || !has_offset_of_a_zone(rest) {
        return None;
    }
    if text.contains('[') {
        const STRICT: DateTimeParser = DateTimeParser::new()
            .offset_conflict(OffsetConflict::Reject)
            .disambiguation(Disambiguation::Reject);
        return STRICT.parse_zoned(text).ok().map(|zoned| zoned.timestamp());
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if rest.contains(['+', '-', 'Z', 'z']) {
        return None;
    }
    let civil = DateTime::from_str(text)
        .ok()
        .or_else(|| day(text).map(DateTime::from))?;
    let there = zone.to_ambiguous_timestamp(civil);
    match there.offset() {
        AmbiguousOffset::Gap { .. } => None,
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => there.compatible().ok(),
    }
}

/// No clock is further from UTC than 14 hours, and none is off by seconds; the libraries take both.
fn has_offset_of_a_zone(time: &str) -> bool {
    let time = time.split('[').next().unwrap_or_default();
    let Some((_, offset)) = time.rsplit_once(['+', '-']) else {
        return true;
    };
    let digits: String = offset.chars().filter(|c| *c != ':').collect();
    let minutes = match digits.len() {
        2 => digits.parse::<u32>().map(|hours| hours * 60),
        4 => digits.parse::<u32>().map(|number| number / 100 * 60 + number % 100),
        _ => return false,
    };
    minutes.is_ok_and(|minutes| minutes <= 14 * 60)
}

/// The length of `2026-01-31`.
const DAY: usize = 10;

fn begins_with_day(text: &str) -> bool {
    let bytes = text.as_bytes().get(..DAY);
    bytes.is_some_and(|bytes| {
        bytes.iter().enumerate().all(|(place, byte)| match place {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<String> {
        time(text).map(|time| time.to_string())
    }

    #[test]
    fn a_number_is_what_is_written_or_none() {
        for (text, number) in [
            ("12.50", "12.50"),
            ("-0.1", "-0.1"),
            ("+7", "7"),
            (".5", "0.5"),
            ("1e3", "1000"),
            ("123456789012345.6789", "123456789012345.6789"),
        ] {
            assert_eq!(decimal(text).map(|n| n.to_string()).as_deref(), Some(number), "{text}");
        }
        for wrong in [
            "",
            "-",
            ".",
            "1_000",
            "1,000",
            "1 000",
            " 1",
            "0x10",
            "1e",
            "1e1_0",
            "NaN",
            "١٢",
            "--1",
            "0.12345678901234567890123456789012345",
            "1e-40",
        ] {
            assert_eq!(decimal(wrong), None, "{wrong}");
        }
        assert_eq!(float("1.5e3"), Some(1500.0));
        assert_eq!(float("-0.0e5"), Some(-0.0));
        for wrong in ["1_0", "inf", "NaN", "1e400", "1e-400", ""] {
            assert_eq!(float(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_time_is_what_is_written_or_none() {
        for (text, time) in [
            ("2026-07-01", "2026-07-01T00:00:00Z"),
            ("2026-07-01T10:00:00", "2026-07-01T10:00:00Z"),
            ("2026-07-01 10:00", "2026-07-01T10:00:00Z"),
            ("2026-07-01T10:00:00+02:00", "2026-07-01T08:00:00Z"),
            ("2026-07-01T10:00:00[America/New_York]", "2026-07-01T14:00:00Z"),
            ("2026-07-01T10:00:00-04:00[America/New_York]", "2026-07-01T14:00:00Z"),
            ("2026-07-01T10:00:00Z[Europe/Berlin]", "2026-07-01T10:00:00Z"),
            ("2026-07-01T10:00:00.75Z", "2026-07-01T10:00:00.75Z"),
            ("2026-07-01T10:00:00+14:00", "2026-06-30T20:00:00Z"),
            ("2026-07-01T10:00:00-0930", "2026-07-01T19:30:00Z"),
        ] {
            assert_eq!(at(text).as_deref(), Some(time), "{text}");
        }
        for wrong in [
            "2026-07-01T10:00:00+02:00[America/New_York]",
            "2026-07-01T10:00:00[Nowhere/Else]",
            "2026-07-01T10:00:00+02:00[u-ca=japanese]",
            "2026-03-08T02:30:00[America/New_York]",
            "2016-12-31T23:59:60Z",
            "20260701",
            "-002026-07-01",
            "2026-07-01T10:00:00+99:00",
            "2026-07-01T10:00:00+25:00",
            "2026-07-01T10:00:00+14:01",
            "2026-07-01T10:00:00+01:00:30",
            "2026-07-01T10:00:00+24:00[Europe/Berlin]",
            "2026-02-30",
            "tomorrow",
        ] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_zone_may_skip_a_time() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text| time_in(text, &berlin).map(|time| time.to_string());
        assert_eq!(at("2026-07-01T10:00").as_deref(), Some("2026-07-01T08:00:00Z"));
        assert_eq!(at("2026-03-29T02:30"), None);
        assert_eq!(at("2026-10-25T02:30").as_deref(), Some("2026-10-25T00:30:00Z"));
    }

    #[test]
    fn a_day_has_no_time() {
        assert_eq!(day("2026-01-31"), Some(Date::constant(2026, 1, 31)));
        for wrong in ["2026-01-31T23:00:00-05:00", "20260131", "2026-1-31", "2026-02-30"] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }
}
