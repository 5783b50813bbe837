//! Dates by directives such as `%d.%m.%Y`. The library reads what contradicts itself as one of the
//! things that it says; here a format says each thing once, and what it says is what counts.

use jiff::{
    civil,
    fmt::strtime,
    tz::{self, TimeZone},
};
use sluice_model::{
    ColumnDef, ColumnType, Value,
    written::{self, NoTime},
};

/// A format that says which day is meant, and perhaps which time.
#[derive(Debug)]
pub(super) struct Directives {
    pub(super) format: String,
    /// The same with seconds that end at 59: the library takes a second 60 for that.
    strict: String,
}

impl Directives {
    /// # Errors
    /// What is wrong with the format, as the rest of a sentence about it.
    pub(super) fn new(format: &str) -> Result<Self, String> {
        let all: Vec<Directive<'_>> = directives(format).collect();
        let has = |letters: &[char]| all.iter().any(|one| letters.contains(&one.letter));
        if has(&['y', 'g', 'D', 'x', 'c']) {
            return Err(
                "has years of two digits, and no century; it takes %Y, and a file with years of four digits".to_owned(),
            );
        }
        check(&all)?;
        // What it writes of a day it reads back as the same.
        let day = civil::date(2031, 12, 24).at(0, 0, 0, 0).to_zoned(TimeZone::UTC);
        let read = day.ok().and_then(|day| {
            let text = strtime::format(format, &day).ok()?;
            Some(strtime::parse(format, text).ok()?.to_date().ok()? == day.date())
        });
        if read != Some(true) {
            return Err(
                "does not say day, month and year; it is written with directives such as %d.%m.%Y, %m/%d/%Y or \
                        %d.%m.%Y %H:%M"
                    .to_owned(),
            );
        }
        let mut strict = String::new();
        let mut rest = 0;
        for one in &all {
            strict.push_str(format.get(rest..one.start).unwrap_or_default());
            match one.letter {
                'T' => strict.push_str("%H:%M:%M"),
                'S' => strict.extend([one.text.trim_end_matches('S'), "M"]),
                _ => strict.push_str(one.text),
            }
            rest = one.start + one.text.len();
        }
        strict.push_str(format.get(rest..).unwrap_or_default());
        Ok(Self {
            format: format.to_owned(),
            strict,
        })
    }

    /// The value that a text means in a column.
    pub(super) fn read(&self, text: &str, zone: &TimeZone, column: &ColumnDef) -> Result<Value, NoTime> {
        let parts = strtime::parse(&self.format, text).map_err(|_| NoTime::Form)?;
        strtime::parse(&self.strict, text).map_err(|_| NoTime::Form)?;
        let date = parts.to_date().map_err(|_| NoTime::Form)?;
        let time = parts.to_time().map_err(|_| NoTime::Form)?;
        if column.kind == ColumnType::Date {
            return Ok(Value::Date(date));
        }
        let there = match (parts.offset(), parts.iana_time_zone()) {
            (Some(offset), _) if !written::is_of_a_zone(offset) => return Err(NoTime::Form),
            (Some(offset), _) => TimeZone::fixed(offset),
            (None, Some(name)) => tz::db().get(name).map_err(|_| NoTime::Form)?,
            (None, None) => zone.clone(),
        };
        written::in_zone(date.to_datetime(time), &there).map(Value::DateTime)
    }
}

/// A directive of a format.
struct Directive<'a> {
    start: usize,
    /// From its `%` to its letter, with what may stand between them.
    text: &'a str,
    letter: char,
}

fn directives(format: &str) -> impl Iterator<Item = Directive<'_>> {
    let mut signs = format.char_indices();
    std::iter::from_fn(move || {
        let (start, _) = signs.find(|(_, sign)| *sign == '%')?;
        let (end, letter) = signs.find(|(_, sign)| sign.is_alphabetic() || *sign == '%')?;
        Some(Directive {
            start,
            text: format.get(start..end + letter.len_utf8())?,
            letter,
        })
    })
}

/// What a directive says.
fn says(letter: char) -> &'static [&'static str] {
    match letter {
        'Y' | 'C' => &["year"],
        'm' | 'B' | 'b' | 'h' => &["month"],
        'd' | 'e' => &["day"],
        'F' => &["year", "month", "day"],
        'j' => &["day of the year"],
        'G' => &["year of the week"],
        'U' | 'W' | 'V' => &["week"],
        'a' | 'A' | 'u' | 'w' => &["weekday"],
        'H' | 'k' => &["hour"],
        'I' | 'l' => &["hour of twelve"],
        'p' | 'P' => &["half of the day"],
        'M' => &["minute"],
        'S' => &["second"],
        'T' => &["hour", "minute", "second"],
        'R' => &["hour", "minute"],
        'f' | 'N' => &["fraction"],
        'z' | 'Q' => &["offset"],
        _ => &[],
    }
}

/// A format says nothing twice, and no half of a thing.
fn check(all: &[Directive<'_>]) -> Result<(), String> {
    let mut said: Vec<&str> = Vec::new();
    for what in all.iter().flat_map(|one| says(one.letter)) {
        if said.contains(what) {
            return Err(format!("says the {what} twice"));
        }
        said.push(what);
    }
    let says = |what: &str| said.contains(&what);
    let ways = [says("day") || says("month"), says("day of the year"), says("week")];
    if ways.iter().filter(|way| **way).count() > 1 || (says("year") && says("year of the week")) {
        return Err("says the day in two ways, which may contradict each other".to_owned());
    }
    if says("hour") && (says("hour of twelve") || says("half of the day")) {
        return Err("has hours of 24 (%H) beside those of twelve (%I %p), which may contradict each other".to_owned());
    }
    match (says("hour of twelve"), says("half of the day")) {
        (true, false) => Err("has hours of twelve (%I), and no half of the day (%p)".to_owned()),
        (false, true) => Err("has a half of the day (%p), and no hours of twelve (%I)".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_four_digits() {
        for format in ["%d.%m.%y", "%m/%d/%-y", "%D", "%e %b %_y", "%%%y"] {
            let why = Directives::new(format).unwrap_err();
            assert!(why.contains("%Y"), "{format}: {why}");
        }
        for format in [
            "%d.%m.%Y",
            "%Y%%y-%m-%d",
            "%F",
            "%F %T",
            "%Y-%j",
            "%G-W%V-%u",
            "%A %d. %B %Y %I:%M %p",
        ] {
            assert!(Directives::new(format).is_ok(), "{format}");
        }
    }

    #[test]
    fn a_format_does_not_contradict_itself() {
        for (format, said) in [
            ("%d.%m.%Y %H:%M %p", "beside those of twelve"),
            ("%d.%m.%Y %H %I %p", "beside those of twelve"),
            ("%d.%m.%Y %I:%M", "no half of the day"),
            ("%d.%m.%Y %p", "no hours of twelve"),
            ("%F %F", "the year twice"),
            ("%d/%d/%m/%Y", "the day twice"),
            ("%d.%b.%m.%Y", "the month twice"),
            ("%F %T %S", "the second twice"),
            ("%F %T%z %:z", "the offset twice"),
            ("%A %d.%m.%Y %j", "in two ways"),
            ("%A %d.%m.%Y %u", "the weekday twice"),
            ("%d.%m.%Y %V", "in two ways"),
            ("%d.%m.%Y %G", "in two ways"),
            ("%H:%M", "day, month and year"),
            ("%d.%m.", "day, month and year"),
            ("%d.%m.%Y %q", "day, month and year"),
        ] {
            let why = Directives::new(format).unwrap_err();
            assert!(why.contains(said), "{format}: {why}");
        }
    }

    #[test]
    fn a_line_is_what_its_format_says_or_refused() {
        let column = ColumnDef::new("due", ColumnType::DateTime);
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let read = |format: &str, text: &str| match Directives::new(format).unwrap().read(text, &berlin, &column) {
            Ok(Value::DateTime(time)) => Ok(time.to_string()),
            other => Err(other),
        };
        for (format, text, time) in [
            ("%d.%m.%Y %H:%M", "1.2.2026 9:05", "2026-02-01T08:05:00Z"),
            ("%d.%m.%Y", "31.12.2026", "2026-12-30T23:00:00Z"),
            ("%F %T", "2026-07-01 10:00:59", "2026-07-01T08:00:59Z"),
            ("%F %H:%M:%S", "1960-07-01 10:59:00", "1960-07-01T09:59:00Z"),
            ("%m/%d/%Y %I:%M %p", "12/31/2026 12:15 AM", "2026-12-30T23:15:00Z"),
            ("%F %T%:z", "2026-10-25 02:30:00+01:00", "2026-10-25T01:30:00Z"),
            (
                "%F %T %:Q",
                "2026-07-01 10:00:00 America/New_York",
                "2026-07-01T14:00:00Z",
            ),
        ] {
            assert_eq!(read(format, text), Ok(time.to_owned()), "{format} {text}");
        }
        for (format, text) in [
            ("%d.%m.%Y %H:%M:%S", "31.12.2026 23:59:60"),
            ("%F %T", "2026-12-31 23:59:60"),
            ("%F %-S:%M:%H", "2026-12-31 60:59:23"),
            ("%F %T%z", "2026-07-01 10:00:00+2300"),
            ("%A %F", "Monday 2026-07-01"),
            ("%d.%m.%Y", "31.02.2026"),
            ("%d.%m.%Y", "31.12.2026 10:00"),
        ] {
            assert_eq!(read(format, text), Err(Err(NoTime::Form)), "{format} {text}");
        }
        let other = |format, text| read(format, text).unwrap_err().unwrap_err();
        assert!(matches!(other("%F %R", "2026-10-25 02:30"), NoTime::Twice(..)));
        assert!(matches!(
            other("%F %T %:Q", "2026-11-01 01:30:00 America/New_York"),
            NoTime::Twice(..)
        ));
        assert!(matches!(other("%F %R", "2026-03-29 02:30"), NoTime::Skipped(_)));
        assert_eq!(other("%F %R", "9999-12-31 12:00"), NoTime::Late);
    }
}
