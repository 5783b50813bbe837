//! The query tree: what a list asks for. Its text forms are in [`crate::odata`] and
//! [`crate::fetchxml`]; its form in JSON is for jobs, which keep the question that they work on.

use serde::{Deserialize, Serialize};

use crate::{Name, Value};

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

impl Filter {
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
