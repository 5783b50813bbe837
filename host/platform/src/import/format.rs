//! How the numbers and dates of a file are written, where that is not as everywhere.

use jiff::tz::TimeZone;
use serde::Deserialize;
use sluice_model::{ColumnDef, ColumnType, Error, Result, TableDef, Value, coerce, written::NoTime};

use super::{directives::Directives, plan::wrong};

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
    Date(Directives),
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

    fn date(column: &ColumnDef, format: String) -> Result<Self> {
        match Directives::new(&format) {
            Ok(directives) => Ok(Self::Date(directives)),
            Err(why) => Err(wrong(&format!(
                "the format \"{format}\" of the column `{}` {why}",
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
            Self::Date(directives) => directives.read(text, zone, column).map_err(|why| match why {
                NoTime::Form => other(&format!("the format \"{}\" says", directives.format)),
                why => coerce::no_time(table, column, text, &why),
            }),
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

#[cfg(test)]
mod tests {
    use super::*;

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
