//! The operators of filters that are more than a comparison: periods of time as they lie from
//! now, and the user who asks. One table serves both text forms; each operator becomes plain
//! comparisons.
//!
//! Days, months and years are those of UTC. "The last N months" begin on the same day N months
//! ago, at midnight, and end now; what is older than N months is everything before that. "The next N
//! months" begin now and end with the same day N months ahead. A week begins on Sunday.

mod periods;

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::{Catalog, ColumnDef, ColumnType, Error, Filter, Result, TableDef, Value};
use periods::period;

/// What the text form of a query is read in: the tables that there are, and when and by whom
/// it is asked.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The organisation's tables.
    pub catalog: Arc<Catalog>,
    /// The point in time from which periods are counted.
    pub now: Timestamp,
    /// The user who asks.
    pub user: Uuid,
    /// The user's business unit.
    pub business_unit: Uuid,
    /// The user's teams.
    pub teams: Vec<Uuid>,
}

/// An operator by its two names.
#[derive(Debug)]
pub struct Operator {
    /// In FetchXML: `last-x-months`.
    pub fetch: &'static str,
    /// In OData, after `Microsoft.Dynamics.CRM.`: `LastXMonths`.
    pub odata: &'static str,
    means: Means,
}

/// What an operator means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    /// From so many of them ago until now.
    Last(Unit),
    /// Before that.
    Older(Unit),
    /// From now until the end of the day so many of them ahead.
    Next(Unit),
    /// From so many days ago until now.
    LastDays(i32),
    /// From now until the end of the day so many days ahead.
    NextDays(i32),
    /// Today, or a day near it.
    Day(i32),
    /// The unit of time in which now lies.
    This(Unit),
    /// The one before it.
    Previous(Unit),
    /// The one after it.
    Following(Unit),
    /// On the day that is given.
    On,
    /// From that day on.
    From,
    /// Up to that day, and on it.
    UpTo,
    /// The user who asks.
    User,
    /// The user who asks, or one of the user's teams.
    UserOrTeams,
    /// One of the user's teams.
    Teams,
    /// The business unit of the user who asks.
    BusinessUnit,
    /// Anybody else.
    NotUser,
    /// Another business unit.
    NotBusinessUnit,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Year,
}

const fn operator(fetch: &'static str, odata: &'static str, means: Means) -> Operator {
    Operator { fetch, odata, means }
}

/// Every operator.
pub static ALL: &[Operator] = &[
    operator("last-x-days", "LastXDays", Means::Last(Unit::Day)),
    operator("last-x-weeks", "LastXWeeks", Means::Last(Unit::Week)),
    operator("last-x-months", "LastXMonths", Means::Last(Unit::Month)),
    operator("last-x-years", "LastXYears", Means::Last(Unit::Year)),
    operator("olderthan-x-days", "OlderThanXDays", Means::Older(Unit::Day)),
    operator("olderthan-x-weeks", "OlderThanXWeeks", Means::Older(Unit::Week)),
    operator("olderthan-x-months", "OlderThanXMonths", Means::Older(Unit::Month)),
    operator("olderthan-x-years", "OlderThanXYears", Means::Older(Unit::Year)),
    operator("last-seven-days", "Last7Days", Means::LastDays(7)),
    operator("next-x-days", "NextXDays", Means::Next(Unit::Day)),
    operator("next-x-weeks", "NextXWeeks", Means::Next(Unit::Week)),
    operator("next-x-months", "NextXMonths", Means::Next(Unit::Month)),
    operator("next-x-years", "NextXYears", Means::Next(Unit::Year)),
    operator("next-seven-days", "Next7Days", Means::NextDays(7)),
    operator("today", "Today", Means::Day(0)),
    operator("yesterday", "Yesterday", Means::Day(-1)),
    operator("tomorrow", "Tomorrow", Means::Day(1)),
    operator("this-week", "ThisWeek", Means::This(Unit::Week)),
    operator("last-week", "LastWeek", Means::Previous(Unit::Week)),
    operator("next-week", "NextWeek", Means::Following(Unit::Week)),
    operator("this-month", "ThisMonth", Means::This(Unit::Month)),
    operator("last-month", "LastMonth", Means::Previous(Unit::Month)),
    operator("next-month", "NextMonth", Means::Following(Unit::Month)),
    operator("this-year", "ThisYear", Means::This(Unit::Year)),
    operator("last-year", "LastYear", Means::Previous(Unit::Year)),
    operator("next-year", "NextYear", Means::Following(Unit::Year)),
    operator("on", "On", Means::On),
    operator("on-or-after", "OnOrAfter", Means::From),
    operator("on-or-before", "OnOrBefore", Means::UpTo),
    operator("eq-userid", "EqualUserId", Means::User),
    operator("ne-userid", "NotEqualUserId", Means::NotUser),
    operator("eq-useroruserteams", "EqualUserOrUserTeams", Means::UserOrTeams),
    operator("eq-userteams", "EqualUserTeams", Means::Teams),
    operator("eq-businessid", "EqualBusinessId", Means::BusinessUnit),
    operator("ne-businessid", "NotEqualBusinessId", Means::NotBusinessUnit),
];

impl Operator {
    /// The operator of that name in FetchXML.
    pub fn in_fetch(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|operator| operator.fetch == name)
    }

    /// The operator of that name in OData.
    pub fn in_odata(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|operator| operator.odata == name)
    }

    /// Whether it needs a value.
    pub fn takes_value(&self) -> bool {
        matches!(
            self.means,
            Means::Last(_) | Means::Older(_) | Means::Next(_) | Means::On | Means::From | Means::UpTo
        )
    }

    /// The comparisons that the operator stands for.
    ///
    /// # Errors
    /// The column is of another sort, or the value is missing, too much, or of the wrong form.
    pub fn filter(
        &self,
        surroundings: &Surroundings,
        table: &TableDef,
        column: &ColumnDef,
        value: Option<&str>,
    ) -> Result<Filter> {
        let value = match (self.takes_value(), value) {
            (true, None) => return Err(self.wrong(table, column, "it needs a value")),
            (false, Some(_)) => return Err(self.wrong(table, column, "it takes no value")),
            (_, value) => value.unwrap_or_default(),
        };
        match self.means {
            Means::User
            | Means::NotUser
            | Means::UserOrTeams
            | Means::Teams
            | Means::BusinessUnit
            | Means::NotBusinessUnit => self.about_user(surroundings, table, column),
            _ if !matches!(column.kind, ColumnType::DateTime | ColumnType::Date) => {
                Err(self.wrong(table, column, "it works on dates"))
            }
            means => {
                let period = period(means, surroundings.now, value)
                    .ok_or_else(|| self.wrong(table, column, &format!("`{value}` is {}", self.expects())))?;
                Ok(period.filter(column, surroundings.now))
            }
        }
    }

    fn about_user(&self, surroundings: &Surroundings, table: &TableDef, column: &ColumnDef) -> Result<Filter> {
        if !matches!(
            column.kind,
            ColumnType::Lookup { .. } | ColumnType::Key | ColumnType::Id
        ) {
            return Err(self.wrong(table, column, "it works on lookups"));
        }
        let one = |id: Uuid| Filter::eq(&column.name, id);
        let some = |ids: Vec<Uuid>| Filter::In {
            column: column.name.clone(),
            values: ids.into_iter().map(Value::Id).collect(),
        };
        Ok(match self.means {
            Means::User => one(surroundings.user),
            Means::NotUser => one(surroundings.user).negated(),
            Means::BusinessUnit => one(surroundings.business_unit),
            Means::NotBusinessUnit => one(surroundings.business_unit).negated(),
            Means::Teams => some(surroundings.teams.clone()),
            _ => some([&[surroundings.user], surroundings.teams.as_slice()].concat()),
        })
    }

    fn expects(&self) -> &'static str {
        match self.means {
            Means::Last(_) | Means::Older(_) | Means::Next(_) => "no whole number from 1 to 5,000",
            _ => "no day, such as 2026-01-31",
        }
    }

    fn wrong(&self, table: &TableDef, column: &ColumnDef, what: &str) -> Error {
        Error::invalid(format!(
            "operator {} on column `{}` of `{}`: {what}",
            self.fetch, column.name, table.name
        ))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Comparison, Ownership};

    /// Monday, 31 August 2026, in the afternoon.
    pub(crate) fn surroundings(tables: Vec<TableDef>) -> Surroundings {
        Surroundings {
            catalog: Arc::new(Catalog::new(tables)),
            now: "2026-08-31T15:30:00Z".parse().unwrap(),
            user: Uuid::from_u128(1),
            business_unit: Uuid::from_u128(2),
            teams: vec![Uuid::from_u128(3)],
        }
    }

    fn table() -> TableDef {
        let mut table = TableDef::new("lead", Ownership::User);
        table.columns.push(ColumnDef::new("due", ColumnType::Date));
        table
            .columns
            .push(ColumnDef::new("subject", ColumnType::Text { max_length: 10 }));
        table.complete();
        table
    }

    fn of(operator: &str, column: &str, value: Option<&str>) -> Result<Filter> {
        let table = table();
        let column = table.column(column).unwrap();
        Operator::in_fetch(operator)
            .unwrap()
            .filter(&surroundings(Vec::new()), &table, column, value)
    }

    /// The bounds of a period, as `>=2026-02-28 <=…`.
    fn bounds(operator: &str, column: &str, value: Option<&str>) -> String {
        let filter = of(operator, column, value).unwrap();
        let parts = match &filter {
            Filter::And(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let shown = parts.iter().map(|part| match part {
            Filter::Compare { comparison, value, .. } => {
                let sign = match comparison {
                    Comparison::Ge => ">=",
                    Comparison::Lt => "<",
                    Comparison::Le => "<=",
                    other => panic!("{other:?}"),
                };
                match value {
                    Value::DateTime(time) => format!("{sign}{time}"),
                    Value::Date(date) => format!("{sign}{date}"),
                    other => panic!("{other:?}"),
                }
            }
            other => panic!("{other:?}"),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_periods_from_a_day_that_some_months_lack() {
        for (operator, value, expected) in [
            (
                "last-x-months",
                Some("6"),
                ">=2026-02-28T00:00:00Z <=2026-08-31T15:30:00Z",
            ),
            ("olderthan-x-months", Some("6"), "<2026-02-28T00:00:00Z"),
            (
                "last-x-days",
                Some("1"),
                ">=2026-08-30T00:00:00Z <=2026-08-31T15:30:00Z",
            ),
            (
                "last-x-weeks",
                Some("2"),
                ">=2026-08-17T00:00:00Z <=2026-08-31T15:30:00Z",
            ),
            (
                "last-x-years",
                Some("2"),
                ">=2024-08-31T00:00:00Z <=2026-08-31T15:30:00Z",
            ),
            ("today", None, ">=2026-08-31T00:00:00Z <2026-09-01T00:00:00Z"),
            ("yesterday", None, ">=2026-08-30T00:00:00Z <2026-08-31T00:00:00Z"),
            ("this-month", None, ">=2026-08-01T00:00:00Z <2026-09-01T00:00:00Z"),
            ("last-month", None, ">=2026-07-01T00:00:00Z <2026-08-01T00:00:00Z"),
            ("this-year", None, ">=2026-01-01T00:00:00Z <2027-01-01T00:00:00Z"),
            ("last-year", None, ">=2025-01-01T00:00:00Z <2026-01-01T00:00:00Z"),
            ("tomorrow", None, ">=2026-09-01T00:00:00Z <2026-09-02T00:00:00Z"),
            ("this-week", None, ">=2026-08-30T00:00:00Z <2026-09-06T00:00:00Z"),
            ("last-week", None, ">=2026-08-23T00:00:00Z <2026-08-30T00:00:00Z"),
            ("next-week", None, ">=2026-09-06T00:00:00Z <2026-09-13T00:00:00Z"),
            ("next-month", None, ">=2026-09-01T00:00:00Z <2026-10-01T00:00:00Z"),
            ("next-year", None, ">=2027-01-01T00:00:00Z <2028-01-01T00:00:00Z"),
            (
                "next-x-months",
                Some("6"),
                ">=2026-08-31T15:30:00Z <2027-03-01T00:00:00Z",
            ),
            ("next-x-days", Some("1"), ">=2026-08-31T15:30:00Z <2026-09-02T00:00:00Z"),
            ("next-seven-days", None, ">=2026-08-31T15:30:00Z <2026-09-08T00:00:00Z"),
            ("last-seven-days", None, ">=2026-08-24T00:00:00Z <=2026-08-31T15:30:00Z"),
            ("on", Some("2026-02-03"), ">=2026-02-03T00:00:00Z <2026-02-04T00:00:00Z"),
            ("on-or-after", Some("2026-02-03"), ">=2026-02-03T00:00:00Z"),
            ("on-or-before", Some("2026-02-03T10:00:00Z"), "<2026-02-04T00:00:00Z"),
        ] {
            assert_eq!(bounds(operator, "createdon", value), expected, "{operator}");
        }
        assert_eq!(bounds("last-x-months", "due", Some("6")), ">=2026-02-28 <=2026-08-31");
        assert_eq!(bounds("next-x-weeks", "due", Some("1")), ">=2026-08-31 <2026-09-08");
        assert_eq!(bounds("this-month", "due", None), ">=2026-08-01 <2026-09-01");
    }

    #[test]
    fn the_user_who_asks() {
        assert_eq!(
            of("eq-userid", "ownerid", None).unwrap(),
            Filter::eq("ownerid", Uuid::from_u128(1))
        );
        let Filter::In { values, .. } = of("eq-useroruserteams", "ownerid", None).unwrap() else {
            panic!("no list");
        };
        assert_eq!(values, [1, 3].map(|id| Value::Id(Uuid::from_u128(id))));
        assert_eq!(
            of("eq-businessid", "owningbusinessunit", None).unwrap(),
            Filter::eq("owningbusinessunit", Uuid::from_u128(2))
        );
    }

    #[test]
    fn refusals_say_what_is_wrong() {
        for (operator, column, value, part) in [
            ("last-x-months", "createdon", None, "needs a value"),
            ("last-x-months", "createdon", Some("0"), "`0` is no whole number"),
            ("last-x-years", "createdon", Some("999999999999"), "no whole number"),
            ("last-x-months", "subject", Some("6"), "it works on dates"),
            ("today", "createdon", Some("1"), "takes no value"),
            ("on", "createdon", Some("soon"), "`soon` is no day"),
            ("eq-userid", "subject", None, "it works on lookups"),
        ] {
            let error = of(operator, column, value).unwrap_err();
            assert!(error.message().contains(part), "{operator}: {error}");
        }
    }

    #[test]
    fn every_name_is_there_once() {
        for names in [
            ALL.iter().map(|operator| operator.fetch).collect::<Vec<_>>(),
            ALL.iter().map(|operator| operator.odata).collect::<Vec<_>>(),
        ] {
            let mut unique = names.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), names.len());
        }
    }
}
