//! What a workflow asks about rows.

use serde::Deserialize;
use sluice_model::Name;

use super::{Place, Source};

/// A question about rows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Condition {
    /// All of them.
    And(Vec<Condition>),
    /// One of them.
    Or(Vec<Condition>),
    /// The opposite.
    Not(Box<Condition>),
    /// A column of a row.
    Compare(Compare),
}

/// A question about a column of a row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Compare {
    /// The row.
    #[serde(default)]
    pub(crate) row: Place,
    /// Its column.
    pub(crate) column: Name,
    /// How it is compared.
    pub(crate) is: Operator,
    /// With what.
    #[serde(default)]
    pub(crate) value: Option<Source>,
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Operator {
    /// It is the same.
    Eq,
    /// It is another one, or empty.
    Ne,
    /// It is more.
    Gt,
    /// It is more or the same.
    Ge,
    /// It is less.
    Lt,
    /// It is less or the same.
    Le,
    /// The text has a part.
    Contains,
    /// The text begins with it.
    BeginsWith,
    /// The text ends with it.
    EndsWith,
    /// It is not empty.
    HasData,
    /// It is empty.
    HasNoData,
    /// The row that it refers to is below that one in the hierarchy of its table.
    Under,
    /// It is not, or it is empty.
    NotUnder,
}

impl Operator {
    /// Whether it compares with a value.
    pub(crate) fn takes_value(self) -> bool {
        !matches!(self, Self::HasData | Self::HasNoData)
    }

    /// Whether it looks into a text.
    pub(crate) fn searches(self) -> bool {
        matches!(self, Self::Contains | Self::BeginsWith | Self::EndsWith)
    }

    /// Whether it looks up a hierarchy.
    pub(crate) fn climbs(self) -> bool {
        matches!(self, Self::Under | Self::NotUnder)
    }

    /// Whether it asks for an order.
    pub(crate) fn orders(self) -> bool {
        matches!(self, Self::Gt | Self::Ge | Self::Lt | Self::Le)
    }
}
