//! The periods of time that operators mean, as they lie from now.

use jiff::{Span, Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::{Means, Unit};
use crate::{
    ColumnDef, ColumnType, Comparison, Filter, Value,
    written::{self, NoTime},
};

/// A period of days.
pub(super) struct Period {
    from: Begin,
    until: Until,
}

/// How a period begins.
enum Begin {
    Ever,
    Now,
    /// With this day.
    Day(Date),
}

/// How a period ends.
enum Until {
    Never,
    Now,
    /// Before this day begins.
    Day(Date),
}

impl Period {
    pub(super) fn filter(&self, column: &ColumnDef, now: Timestamp) -> Filter {
        let is_date = column.kind == ColumnType::Date;
        let day = |day: Date| {
            if is_date {
                return Value::Date(day);
            }
            // Behind the last day there is nothing.
            let midnight = day.to_zoned(TimeZone::UTC);
            Value::DateTime(midnight.map_or(Timestamp::MAX, |midnight| midnight.timestamp()))
        };
        let compare = |comparison, value| Filter::Compare {
            column: column.name.clone(),
            comparison,
            value,
        };
        let this_moment = match is_date {
            true => Value::Date(today(now)),
            false => Value::DateTime(now),
        };
        let from = match self.from {
            Begin::Ever => None,
            Begin::Now => Some(compare(Comparison::Ge, this_moment.clone())),
            Begin::Day(from) => Some(compare(Comparison::Ge, day(from))),
        };
        let until = match self.until {
            Until::Never => None,
            Until::Now => Some(compare(Comparison::Le, this_moment)),
            Until::Day(until) => Some(compare(Comparison::Lt, day(until))),
        };
        from.into_iter().chain(until).fold(Filter::All, Filter::and)
    }
}

fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// The period that an operator means; nothing where the value is none that it takes.
pub(super) fn period(means: Means, now: Timestamp, value: &str) -> Option<Period> {
    let today = today(now);
    let given = || {
        written::day(value).or_else(|| match written::time_in(value, &TimeZone::UTC) {
            Ok(time) => Some(self::today(time)),
            Err(NoTime::Late) => Some(Date::MAX),
            Err(_) => None,
        })
    };
    let behind = |last: Date, count: i32| last.checked_add(count.days()).map_or(Until::Never, Until::Day);
    let days = |from: Date, count: i32| {
        Some(Period {
            from: Begin::Day(from),
            until: behind(from, count),
        })
    };
    let until_now = |from: Date| Period {
        from: Begin::Day(from),
        until: Until::Now,
    };
    let through = |last: Date| {
        Some(Period {
            from: Begin::Now,
            until: behind(last, 1),
        })
    };
    match means {
        Means::Last(unit) => Some(until_now(today.checked_sub(many(unit, value)?).ok()?)),
        Means::LastDays(count) => Some(until_now(today.checked_sub(count.days()).ok()?)),
        Means::Next(unit) => through(today.checked_add(many(unit, value)?).ok()?),
        Means::NextDays(count) => through(today.checked_add(count.days()).ok()?),
        Means::Older(unit) => Some(Period {
            from: Begin::Ever,
            until: Until::Day(today.checked_sub(many(unit, value)?).ok()?),
        }),
        Means::Day(offset) => days(today.checked_add(offset.days()).ok()?, 1),
        Means::This(unit) => whole(today, unit),
        Means::Previous(unit) => whole(today.checked_sub(span(unit, 1)?).ok()?, unit),
        Means::Following(unit) => whole(today.checked_add(span(unit, 1)?).ok()?, unit),
        Means::On => days(given()?, 1),
        Means::From => Some(Period {
            from: Begin::Day(given()?),
            until: Until::Never,
        }),
        Means::UpTo => Some(Period {
            from: Begin::Ever,
            until: behind(given()?, 1),
        }),
        _ => None,
    }
}

fn span(unit: Unit, count: i32) -> Option<Span> {
    let span = Span::new();
    match unit {
        Unit::Day => span.try_days(count),
        Unit::Week => span.try_weeks(count),
        Unit::Month => span.try_months(count),
        Unit::Year => span.try_years(count),
    }
    .ok()
}

/// So many units.
fn many(unit: Unit, count: &str) -> Option<Span> {
    let count: i32 = count.trim().parse().ok().filter(|count| (1..=5_000).contains(count))?;
    span(unit, count)
}

/// The day, the week from Sunday on, the month or the year in which a day lies.
fn whole(day: Date, unit: Unit) -> Option<Period> {
    let first = match unit {
        Unit::Year => day.first_of_year(),
        Unit::Month => day.first_of_month(),
        Unit::Week => {
            let since_sunday = i32::from(day.weekday().to_sunday_zero_offset());
            day.checked_sub(since_sunday.days()).ok()?
        }
        Unit::Day => day,
    };
    Some(Period {
        from: Begin::Day(first),
        until: Until::Day(first.checked_add(span(unit, 1)?).ok()?),
    })
}
