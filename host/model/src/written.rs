//! Numbers, days and points in time as they are written. The parsers of the libraries take more
//! than people mean, and make another value of it; what is not written plainly is refused.

use std::{fmt, str::FromStr};

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    fmt::temporal::DateTimeParser,
    tz::{AmbiguousOffset, Disambiguation, Offset, OffsetConflict, TimeZone},
};
use rust_decimal::Decimal;

/// Whether a text is written as a whole number, however large.
pub fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is written as a number, with or without a fraction, however large.
pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (whole, places) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    all(whole) && all(places) && !(whole.is_empty() && places.is_empty()) && is_whole(exponent)
}

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

/// Why a text is no point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoTime {
    /// It is not written as one.
    Form,
    /// The clocks of this zone skip it.
    Skipped(String),
    /// The clocks of this zone show it twice, with these offsets.
    Twice(String, [Offset; 2]),
    /// It lies behind the last one that there is.
    Late,
}

impl fmt::Display for NoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("is not a point in time, such as 2026-01-31T09:00:00Z"),
            Self::Skipped(zone) => write!(f, "is a time that the clocks of {zone} skip"),
            Self::Twice(zone, [first, second]) => write!(
                f,
                "is a time that the clocks of {zone} show twice; write it with its offset, {first} or {second}"
            ),
            Self::Late => write!(f, "is later than the last point in time, {LAST_TIME}"),
        }
    }
}

/// The last point in time that is stored. Comparisons with a later one are as with [`Timestamp::MAX`],
/// which no row has.
pub const LAST_TIME: Timestamp = Timestamp::constant(253_402_207_199, 0);

/// A point in time: RFC 3339, or a day with or without a time, which without an offset is meant
/// in UTC.
pub fn time(text: &str) -> Option<Timestamp> {
    time_in(text, &TimeZone::UTC).ok()
}

/// As [`time`], where what has no offset is meant in `zone`. A time that the clocks of the zone
/// skip is none, and neither is one that they show twice. The name of a zone in brackets counts, and
/// must agree with the offset.
///
/// # Errors
/// What is wrong with it.
pub fn time_in(text: &str, zone: &TimeZone) -> Result<Timestamp, NoTime> {
    // The libraries take second 60 for 59.
    let rest = text.get(DAY..).unwrap_or_default();
    if !begins_with_day(text) || rest.contains(":60") || !has_offset_of_a_zone(rest) {
        return Err(NoTime::Form);
    }
    let read = read(text, rest, zone);
    // The last days are none to the library: what is written so is seen in another year.
    let earlier = || time_in(&format!("9998{}", text.get(4..).unwrap_or_default()), zone);
    match read {
        Err(NoTime::Form) if text >= "9999-12-30" && earlier() != Err(NoTime::Form) => Err(NoTime::Late),
        read => read,
    }
}

fn read(text: &str, rest: &str, zone: &TimeZone) -> Result<Timestamp, NoTime> {
    if text.contains('[') {
        const ONE_OF_TWO: DateTimeParser = DateTimeParser::new().offset_conflict(OffsetConflict::Reject);
        const STRICT: DateTimeParser = ONE_OF_TWO.disambiguation(Disambiguation::Reject);
        return STRICT.parse_zoned(text).map(|zoned| zoned.timestamp()).or_else(|_| {
            let zoned = ONE_OF_TWO.parse_zoned(text).map_err(|_| NoTime::Form)?;
            let civil = text.split('[').next().and_then(|civil| DateTime::from_str(civil).ok());
            in_zone(civil.ok_or(NoTime::Form)?, zoned.time_zone())
        });
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if rest.contains(['+', '-', 'Z', 'z']) {
        return Err(NoTime::Form);
    }
    let civil = DateTime::from_str(text).ok().or_else(|| day(text).map(DateTime::from));
    in_zone(civil.ok_or(NoTime::Form)?, zone)
}

/// The moment at which the clocks of a zone show this.
///
/// # Errors
/// There is none, or there are two.
pub fn in_zone(civil: DateTime, zone: &TimeZone) -> Result<Timestamp, NoTime> {
    let there = zone.to_ambiguous_timestamp(civil);
    let name = || zone.iana_name().unwrap_or("the zone").to_owned();
    match there.offset() {
        AmbiguousOffset::Gap { .. } => Err(NoTime::Skipped(name())),
        AmbiguousOffset::Fold { before, after } => Err(NoTime::Twice(name(), [before, after])),
        AmbiguousOffset::Unambiguous { .. } => there.unambiguous().map_err(|_| match civil.year() > 0 {
            true => NoTime::Late,
            false => NoTime::Form,
        }),
    }
}

/// Whether a zone may have this offset: no clock is further from UTC than 14 hours, and none is off
/// by seconds; the libraries take both.
pub fn is_of_a_zone(offset: Offset) -> bool {
    offset.seconds().abs() <= 14 * 3_600 && offset.seconds() % 60 == 0
}

/// See [`is_of_a_zone`].
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
    fn a_zone_may_skip_a_time_or_show_it_twice() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text| time_in(text, &berlin).map(|time| time.to_string());
        let utc = |text| time_in(text, &TimeZone::UTC).map(|time| time.to_string());
        assert_eq!(at("2026-07-01T10:00").as_deref(), Ok("2026-07-01T08:00:00Z"));
        assert_eq!(at("2026-10-25T02:30:00+01:00").as_deref(), Ok("2026-10-25T01:30:00Z"));
        assert_eq!(
            utc("2026-10-25T02:30:00+02:00[Europe/Berlin]").as_deref(),
            Ok("2026-10-25T00:30:00Z")
        );
        let skipped = || Err(NoTime::Skipped("Europe/Berlin".to_owned()));
        assert_eq!(
            [at("2026-03-29T02:30"), utc("2026-03-29T02:30[Europe/Berlin]")],
            [skipped(), skipped()]
        );
        let twice = NoTime::Twice("Europe/Berlin".to_owned(), [jiff::tz::offset(2), jiff::tz::offset(1)]);
        assert!(
            twice
                .to_string()
                .ends_with("show twice; write it with its offset, +02 or +01"),
            "{twice}"
        );
        for told in [at("2026-10-25T02:30"), utc("2026-10-25T02:30:00[Europe/Berlin]")] {
            assert_eq!(told, Err(twice.clone()));
        }
    }

    #[test]
    fn time_has_an_end() {
        for late in [
            "9999-12-31",
            "9999-12-31T23:59:59Z",
            "9999-12-30T23:59:59",
            "9999-12-31 10:00+02:00",
        ] {
            assert_eq!(time_in(late, &TimeZone::UTC), Err(NoTime::Late), "{late}");
        }
        for wrong in ["9999-12-32", "9999-12-31T25:00:00Z", "9999-12-31x"] {
            assert_eq!(time_in(wrong, &TimeZone::UTC), Err(NoTime::Form), "{wrong}");
        }
        assert_eq!(at("9999-12-30T21:59:59Z"), Some(LAST_TIME.to_string()));
        assert_eq!(day("9999-12-31"), Some(Date::constant(9999, 12, 31)));
    }

    #[test]
    fn a_day_has_no_time() {
        assert_eq!(day("2026-01-31"), Some(Date::constant(2026, 1, 31)));
        for wrong in ["2026-01-31T23:00:00-05:00", "20260131", "2026-1-31", "2026-02-30"] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }
}
