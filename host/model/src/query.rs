//! The query tree: what a list asks for. Its text forms are in [`crate::odata`] and
//! [`crate::fetchxml`]; its form in JSON is for jobs, which keep the question that they work on.

use serde::{Deserialize, Serialize};

use crate::{Code, Error, Name, Value};

/// How many related tables a text may name, as on the platform.
pub(crate) const MAX_RELATED: usize = 15;

/// A query has more links than that.
pub(crate) fn too_many_links(what: &str) -> Error {
    let message =
        format!("Number of link entities in query exceeded maximum limit. ({what} {MAX_RELATED} related tables.)");
    Error::new(Code::TOO_MANY_LINKS, message)
}

/// A question for a list of rows of one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// The logical name of the table.
    pub table: Name,
    /// The columns wanted; `None` is all of them.
    pub columns: Option<Vec<Name>>,
    /// Which rows.
    pub filter: Filter,
    /// In which order; the key is always the last criterion. Lookups go by the names of their
    /// rows, choices by their labels.
    pub order: Vec<Order>,
    /// Lookups go by their ids, and choices by their numbers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub raw_order: bool,
    /// At most how many.
    pub top: Option<u32>,
    /// Rows that are the same in all columns come once; the key is among the columns only where it
    /// is named.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub distinct: bool,
    /// Rows of other tables that are shown beside; a row comes once for each of them. A joined
    /// column is ordered by as `alias.column`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<Join>,
    /// What the rows come to, group by group, instead of the rows; ordered by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub totals: Vec<Total>,
    /// Which part of the rows; not together with `top`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    /// Whether it is told how many there are in all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counted: bool,
}

/// A row of another table beside each row: the one whose `other` is the same as the `column` of
/// the table that it is joined to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Join {
    /// What it is called in the query.
    pub alias: Name,
    /// The join to which it is joined; `None` is the query's own table.
    pub within: Option<Name>,
    /// The column there: its key, or a lookup.
    pub column: Name,
    /// The table whose rows are shown.
    pub table: Name,
    /// The column of that table: a lookup, or its key.
    pub other: Name,
    /// A row without another one comes as well.
    pub outer: bool,
    /// The columns that are shown, each with the name that it has in the answer.
    pub columns: Vec<(Name, Name)>,
    /// Which of its rows count.
    pub filter: Filter,
}

/// A number, or what makes a group, over the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// The join whose column it is; `None` is the query's own table.
    pub of: Option<Name>,
    /// The column; the key column is allowed.
    pub column: Name,
    /// The name that it has in the answer.
    pub name: Name,
    /// What is made of the column.
    pub what: What,
}

/// What is made of a column of several rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The rows are grouped by it.
    Group,
    /// They are grouped by a part of a date, UTC.
    Part(DatePart),
    /// How many rows.
    Count,
    /// In how many rows it holds something.
    CountColumn,
    /// How many different values it has.
    CountDistinct,
    /// The sum.
    Sum,
    /// The mean of those that hold something.
    Average,
    /// The least one.
    Least,
    /// The largest one.
    Most,
}

impl What {
    /// Whether rows are grouped by it.
    pub fn groups(self) -> bool {
        matches!(self, Self::Group | Self::Part(_))
    }
}

/// A part of a date, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DatePart {
    /// The day of the month.
    Day,
    /// The week of the year; it begins on Sunday, and the first one with the year.
    Week,
    /// The month, 1 to 12.
    Month,
    /// The quarter, 1 to 4.
    Quarter,
    /// The year.
    Year,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Which one, from 1.
    pub number: u32,
    /// How many rows it has.
    pub size: u32,
    /// Where the page before ended, as its answer said; then the number is not looked at.
    pub after: Option<String>,
}

impl Query {
    /// All rows and columns of `table`.
    pub fn new(table: impl Into<Name>) -> Self {
        Self {
            table: table.into(),
            columns: None,
            filter: Filter::All,
            order: Vec::new(),
            raw_order: false,
            top: None,
            distinct: false,
            joins: Vec::new(),
            totals: Vec::new(),
            page: None,
            counted: false,
        }
    }

    /// The query with this filter.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// The query with these columns only.
    #[must_use]
    pub fn columns(mut self, columns: &[&str]) -> Self {
        self.columns = Some(columns.iter().map(|column| Name::from(*column)).collect());
        self
    }

    /// The query in this order.
    #[must_use]
    pub fn order_by(mut self, column: &str) -> Self {
        self.order.push(Order {
            column: column.into(),
            descending: false,
        });
        self
    }

    /// Calls `visit` for each table that the query looks at beside its own, however deep.
    pub fn each_related(&self, visit: &mut impl FnMut(&Name)) {
        self.filter.each_related(visit);
        for join in &self.joins {
            visit(&join.table);
            join.filter.each_related(visit);
        }
    }

    /// Whether each row of the answer is one row of the table, and comes once.
    pub fn gives_rows(&self, key: &str) -> bool {
        let named = |columns: &Vec<Name>| columns.iter().any(|column| **column == *key);
        self.totals.is_empty() && self.joins.is_empty() && (!self.distinct || self.columns.as_ref().is_none_or(named))
    }

    /// The query limited to `top` rows.
    #[must_use]
    pub fn top(mut self, top: u32) -> Self {
        self.top = Some(top);
        self
    }
}

/// One criterion of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The column.
    pub column: Name,
    /// Largest first.
    pub descending: bool,
}

/// How a column is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// Equal; text without regard to case. With `Null`: is empty.
    Eq,
    /// Not equal; rows whose column is empty count as different. With `Null`: is not empty.
    Ne,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Text contains.
    Contains,
    /// Text starts with.
    StartsWith,
    /// Text ends with.
    EndsWith,
}

/// A condition on rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Filter {
    /// Every row.
    All,
    /// Every one of these.
    And(Vec<Filter>),
    /// At least one of these.
    Or(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// A column against a value. A lookup compares with `Value::Id`.
    Compare {
        /// The column; the key column is allowed.
        column: Name,
        /// How.
        comparison: Comparison,
        /// With what; typed as the column by [`crate::odata`] or the caller.
        value: Value,
    },
    /// The column is one of these.
    In {
        /// The column; the key column is allowed.
        column: Name,
        /// The values.
        values: Vec<Value>,
    },
    /// A related row exists.
    Related(Box<Related>),
}

/// A condition that looks at another table: there is a row of `table` whose `other` is the
/// same as this row's `column`, and for which `filter` holds. Whoever asks counts only the
/// rows of `table` that they may read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Related {
    /// The column of this table: its key, or a lookup.
    pub column: Name,
    /// The other table.
    pub table: Name,
    /// The column of the other table: a lookup, or its key.
    pub other: Name,
    /// Which of its rows count.
    pub filter: Filter,
}

impl Related {
    /// What is asked of the row that this leads to, where that is one at most. A column of a row that is not there is
    /// empty.
    pub fn of_one(self, asked: Filter) -> Filter {
        let not_there_passes = asked.is_true_of_nothing();
        let asked = match (not_there_passes, asked) {
            (false, asked) => asked,
            (true, Filter::Not(failing)) => *failing,
            (true, asked) => asked.negated(),
        };
        let filter = self.filter.and(asked);
        let there = Filter::Related(Box::new(Self { filter, ..self }));
        match not_there_passes {
            // None is there that fails.
            true => there.negated(),
            false => there,
        }
    }
}

impl Filter {
    /// The text of `column`, or the digits of its id, end so.
    pub fn ends_with(column: &str, end: &str) -> Self {
        Self::Compare {
            column: column.into(),
            comparison: Comparison::EndsWith,
            value: end.into(),
        }
    }

    /// `column` equals `value`.
    pub fn eq(column: &str, value: impl Into<Value>) -> Self {
        Self::Compare {
            column: column.into(),
            comparison: Comparison::Eq,
            value: value.into(),
        }
    }

    /// The opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Whether it is true of a row whose columns are all empty.
    pub fn is_true_of_nothing(&self) -> bool {
        match self {
            Self::All => true,
            Self::And(filters) => filters.iter().all(Self::is_true_of_nothing),
            Self::Or(filters) => filters.iter().any(Self::is_true_of_nothing),
            Self::Not(filter) => !filter.is_true_of_nothing(),
            Self::Compare { comparison, value, .. } => match comparison {
                Comparison::Eq => value.is_null(),
                Comparison::Ne => !value.is_null(),
                _ => false,
            },
            Self::In { values, .. } => values.iter().any(Value::is_null),
            Self::Related(_) => false,
        }
    }

    /// Calls `visit` for each related table that the condition looks at, however deep.
    pub fn each_related(&self, visit: &mut impl FnMut(&Name)) {
        match self {
            Self::And(filters) | Self::Or(filters) => filters.iter().for_each(|filter| filter.each_related(visit)),
            Self::Not(filter) => filter.each_related(visit),
            Self::Related(related) => {
                visit(&related.table);
                related.filter.each_related(visit);
            }
            Self::All | Self::Compare { .. } | Self::In { .. } => {}
        }
    }

    /// Whether `is` holds for one of the related tables that the condition looks at, however deep.
    pub fn any_related(&self, is: &impl Fn(&Related) -> bool) -> bool {
        match self {
            Self::And(filters) | Self::Or(filters) => filters.iter().any(|filter| filter.any_related(is)),
            Self::Not(filter) => filter.any_related(is),
            Self::Related(related) => is(related) || related.filter.any_related(is),
            Self::All | Self::Compare { .. } | Self::In { .. } => false,
        }
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, other) => other,
            (this, Self::All) => this,
            (Self::And(mut all), other) => {
                all.push(other);
                Self::And(all)
            }
            (this, other) => Self::And(vec![this, other]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_keeps_its_question() {
        let any = Filter::Or(vec![
            Filter::eq("revenue", Value::Money("12.5".parse().unwrap())),
            Filter::Not(Box::new(Filter::eq(
                "createdon",
                Value::DateTime("2026-01-31T09:00:00Z".parse().unwrap()),
            ))),
            Filter::In {
                column: "leadid".into(),
                values: vec![Value::Id(uuid::Uuid::from_u128(7)), Value::Null],
            },
        ]);
        let query = Query::new("lead")
            .columns(&["subject"])
            .filter(any)
            .order_by("subject")
            .top(5);
        let text = serde_json::to_string(&query).unwrap();
        assert_eq!(serde_json::from_str::<Query>(&text).unwrap(), query);
    }
}
