//! How the numbers and dates of a file are written, where that is not as everywhere.

use jiff::{civil, fmt::strtime, tz::TimeZone};
use serde::Deserialize;
use sluice_model::{ColumnDef, ColumnType, Error, Result, TableDef, Value, coerce};

use super::plan::wrong;

/// The part `[formats.COLUMN]` of a map.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    date: Option<String>,
    decimal: Option<String>,
    thousands: Option<String>,
}

/// How the values of a column are written.
#[derive(Debug)]
pub(super) enum Format {
    /// By directives such as `%d.%m.%Y`.
    Date(String),
    /// With these signs before the fraction and between groups of three.
    Number { decimal: char, thousands: Option<char> },
}

impl Format {
    pub(super) fn new(column: &ColumnDef, written: Written) -> Result<Self> {
        let (is_date, is_number) = match column.kind {
            ColumnType::Date | ColumnType::DateTime => (true, false),
            ColumnType::Int { .. } | ColumnType::BigInt | ColumnType::Float => (false, true),
            ColumnType::Decimal { .. } | ColumnType::Money { .. } => (false, true),
            _ => (false, false),
        };
        match written {
            Written {
                date: Some(date),
                decimal: None,
                thousands: None,
            } if is_date => Self::date(column, date),
            Written {
                date: None,
                decimal,
                thousands,
            } if is_number && (decimal.is_some() || thousands.is_some()) => Self::number(column, decimal, thousands),
            _ => Err(wrong(&format!(
                "`[formats.{}]` does not fit a column that holds {}: a date has `date`, a number `decimal` and \
                 `thousands`, and nothing else has a format",
                column.name,
                column.kind.word()
            ))),
        }
    }

    /// A format has to say which day is meant: what it writes of one it reads back as the same.
    fn date(column: &ColumnDef, format: String) -> Result<Self> {
        if directives(&format).any(|directive| matches!(directive, 'y' | 'g' | 'D' | 'x' | 'c')) {
            return Err(wrong(&format!(
                "the format \"{format}\" of the column `{}` has years of two digits, and no century; it takes %Y, and a \
                 file with years of four digits",
                column.name
            )));
        }
        let day = civil::date(2031, 12, 24).at(0, 0, 0, 0).to_zoned(TimeZone::UTC);
        let read = day.ok().and_then(|day| {
            let text = strtime::format(&format, &day).ok()?;
            Some((strtime::parse(&format, text).ok()?.to_date().ok()?, day.date()))
        });
        match read {
            Some((read, day)) if read == day => Ok(Self::Date(format)),
            _ => Err(wrong(&format!(
                "the format \"{format}\" of the column `{}` does not say day, month and year; it is written with \
                 directives such as %d.%m.%Y, %m/%d/%Y or %d.%m.%Y %H:%M",
                column.name
            ))),
        }
    }

    fn number(column: &ColumnDef, decimal: Option<String>, thousands: Option<String>) -> Result<Self> {
        let sign = |text: Option<String>| -> Result<Option<char>> {
            let Some(text) = text else { return Ok(None) };
            let mut signs = text.chars();
            match (signs.next(), signs.next()) {
                (Some(sign), None) if !sign.is_ascii_digit() && !matches!(sign, '-' | '+') => Ok(Some(sign)),
                _ => Err(wrong(&format!(
                    "the formats of the column `{}`: \"{text}\" is not one sign, such as a comma, a point or a blank",
                    column.name
                ))),
            }
        };
        let (decimal, thousands) = (sign(decimal)?.unwrap_or('.'), sign(thousands)?);
        if thousands == Some(decimal) {
            return Err(wrong(&format!(
                "the formats of the column `{}`: the same sign stands before the fraction and between thousands",
                column.name
            )));
        }
        Ok(Self::Number { decimal, thousands })
    }

    /// The value that a text means, written like this.
    pub(super) fn value(&self, table: &TableDef, column: &ColumnDef, zone: &TimeZone, text: &str) -> Result<Value> {
        let other = |how: &str| {
            Error::invalid(format!(
                "`{text}` is not written as {how} (column `{}` of `{}`)",
                column.name, table.name
            ))
        };
        match self {
            Self::Number { decimal, thousands } => {
                let between = thousands.map_or(String::new(), |sign| format!(" and '{sign}' between thousands"));
                let plain = plain(text, *decimal, *thousands)
                    .ok_or_else(|| other(&format!("a number with '{decimal}' before the fraction{between}")))?;
                coerce::from_text(table, column, &plain)
            }
            Self::Date(format) => {
                date(format, text, zone, column).ok_or_else(|| other(&format!("the format \"{format}\" says")))
            }
        }
    }
}

/// The number with a point before the fraction and nothing between thousands. Groups are of three
/// digits, or there are none.
fn plain(text: &str, decimal: char, thousands: Option<char>) -> Option<String> {
    let (sign, unsigned) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.get(..1)?, rest),
        None => ("", text),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = match unsigned.split_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let groups: Vec<&str> = match thousands {
        Some(sign) => whole.split(sign).collect(),
        None => vec![whole],
    };
    // Nobody groups `0.001` or `00.100`: the sign is one before a fraction there.
    let leads = |first: &&str| first.len() <= 3 && !first.starts_with('0');
    let first_fits = groups.len() == 1 || groups.first().is_some_and(leads);
    let rest_fits = groups.iter().skip(1).all(|group| group.len() == 3);
    let all_digits = groups.iter().all(|group| digits(group)) && fraction.is_none_or(digits);
    if !(first_fits && rest_fits && all_digits) {
        return None;
    }
    let point = fraction.map_or(String::new(), |fraction| format!(".{fraction}"));
    Some(format!("{sign}{}{point}", groups.concat()))
}

/// The letters of the directives of a format, without what may stand between them and the `%`.
fn directives(format: &str) -> impl Iterator<Item = char> {
    let mut signs = format.chars();
    std::iter::from_fn(move || {
        signs.find(|sign| *sign == '%')?;
        signs.find(|sign| sign.is_alphabetic() || *sign == '%')
    })
}

fn date(format: &str, text: &str, zone: &TimeZone, column: &ColumnDef) -> Option<Value> {
    let parts = strtime::parse(format, text).ok()?;
    // A second 60 is read as 59.
    if parts.second() == Some(59) && !text.contains("59") {
        return None;
    }
    let date = parts.to_date().ok()?;
    if column.kind == ColumnType::Date {
        return Some(Value::Date(date));
    }
    if parts.offset().is_some() || parts.iana_time_zone().is_some() {
        return parts.to_zoned().ok().map(|zoned| Value::DateTime(zoned.timestamp()));
    }
    let time = match parts.hour().is_some() {
        true => parts.to_time().ok()?,
        false => civil::Time::midnight(),
    };
    super::row::in_zone(date.to_datetime(time), zone).map(Value::DateTime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_four_digits() {
        let column = ColumnDef::new("due", ColumnType::Date);
        for format in ["%d.%m.%y", "%m/%d/%-y", "%D", "%e %b %_y", "%%%y"] {
            let error = Format::date(&column, format.to_owned()).unwrap_err();
            assert!(error.message().contains("%Y"), "{format}: {error}");
        }
        for format in ["%d.%m.%Y", "%Y%%y-%m-%d", "%F"] {
            assert!(Format::date(&column, format.to_owned()).is_ok(), "{format}");
        }
    }

    #[test]
    fn a_number_is_written_plainly_or_not_at_all() {
        let german = |text| plain(text, ',', Some('.'));
        for (text, number) in [
            ("1.234,50", "1234.50"),
            ("1234,5", "1234.5"),
            ("-1.234.567", "-1234567"),
            ("0,05", "0.05"),
            ("0", "0"),
            ("007,5", "007.5"),
        ] {
            assert_eq!(german(text).as_deref(), Some(number), "{text}");
        }
        for text in [
            "1,234.50", "1.23", "12.34,5", "1234.567", ".5", "1,", "", "1_000", "1 000", "--1", "1.", ",5", "1,5,5",
            "0.001", "00.100", "-0.001,5",
        ] {
            assert_eq!(german(text), None, "{text}");
        }
        assert_eq!(plain("1 234.5", '.', Some(' ')).as_deref(), Some("1234.5"));
        assert_eq!(plain("1,5", '.', None), None);
    }
}
