//! So much later than a point in time, or earlier.

use jiff::{Span, tz::TimeZone};
use serde::Deserialize;
use sluice_model::{Error, Result, Timestamp, Value, written};

/// So much later; earlier, where the numbers are negative. All of it is counted in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Later {
    years: i32,
    months: i32,
    weeks: i32,
    days: i32,
    hours: i32,
    minutes: i32,
}

impl Later {
    /// As spans, one behind the other, because each has a sign of its own; nothing, where one is longer than the
    /// calendar.
    pub(super) fn spans(self) -> Option<[Span; 3]> {
        let wide = i64::from;
        Some([
            Span::new().try_months(12 * wide(self.years) + wide(self.months)).ok()?,
            Span::new().try_days(7 * wide(self.weeks) + wide(self.days)).ok()?,
            Span::new()
                .try_minutes(60 * wide(self.hours) + wide(self.minutes))
                .ok()?,
        ])
    }

    /// What is so much later than a point in time: years and months first, and a month that is too short
    /// for the day ends with its last one. A day stays one, unless hours or minutes are added.
    ///
    /// # Errors
    /// It lies beyond the calendar.
    pub(crate) fn than(self, value: Value) -> Result<Value> {
        let beyond = || Error::invalid("the time lies beyond the end of the calendar");
        let [months, days, minutes] = self.spans().ok_or_else(beyond)?;
        if let (Value::Date(day), true) = (&value, minutes.is_zero()) {
            let moved = day.checked_add(months).and_then(|day| day.checked_add(days));
            return moved.map(Value::Date).map_err(|_| beyond());
        }
        let Some(time) = beginning(&value) else {
            return Ok(Value::Null);
        };
        let time = time.to_zoned(TimeZone::UTC);
        let moved = time.checked_add(months).and_then(|time| time.checked_add(days));
        let moved = moved.and_then(|time| time.checked_add(minutes)).map_err(|_| beyond())?;
        match moved.timestamp() {
            time if time <= written::LAST_TIME => Ok(Value::DateTime(time)),
            _ => Err(beyond()),
        }
    }
}

/// A point in time; of a day, its beginning.
pub(crate) fn beginning(value: &Value) -> Option<Timestamp> {
    match value {
        Value::DateTime(time) => Some(*time),
        Value::Date(day) => written::time(&day.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(json: serde_json::Value, than: &str) -> String {
        let later: Later = serde_json::from_value(json).unwrap();
        let than = match than.contains('T') {
            true => Value::DateTime(than.parse().unwrap()),
            false => Value::Date(than.parse().unwrap()),
        };
        match later.than(than).unwrap() {
            Value::DateTime(time) => time.to_string(),
            Value::Date(day) => day.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn months_that_are_too_short_end_with_their_last_day() {
        use serde_json::json;
        for (span, than, expected) in [
            (json!({ "months": 1 }), "2026-01-31", "2026-02-28"),
            (json!({ "months": -1 }), "2028-03-31", "2028-02-29"),
            (json!({ "years": 1 }), "2028-02-29", "2029-02-28"),
            (
                json!({ "years": 1, "months": 1, "days": 1 }),
                "2027-01-31",
                "2028-03-01",
            ),
            (json!({ "weeks": -1, "days": 2 }), "2026-01-01", "2025-12-27"),
            (json!({ "days": -3 }), "2026-03-01T10:00:00Z", "2026-02-26T10:00:00Z"),
            (
                json!({ "months": 13, "hours": -1, "minutes": 5 }),
                "2026-01-31T00:30:00Z",
                "2027-02-27T23:35:00Z",
            ),
            (json!({ "hours": 25 }), "2026-01-01", "2026-01-02T01:00:00Z"),
            (json!({}), "2026-01-01", "2026-01-01"),
        ] {
            assert_eq!(later(span.clone(), than), expected, "{span} after {than}");
        }
    }

    #[test]
    fn the_calendar_ends() {
        let later = |years| Later {
            years,
            ..Later::default()
        };
        let day = || Value::Date("2026-01-01".parse().unwrap());
        assert!(later(9_000).than(day()).is_err() && later(i32::MAX).than(day()).is_err());
        let time = Value::DateTime("2026-01-01T00:00:00Z".parse().unwrap());
        assert!(later(7_974).than(time.clone()).is_err());
        assert!(later(7_973).than(time).is_ok());
        assert_eq!(later(1).than(Value::Null).unwrap(), Value::Null);
    }
}
