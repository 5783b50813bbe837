//! The vocabulary of the platform: values, rows, table and column definitions, the query
//! tree and the parsers of its text forms, messages, privileges and errors.
//!
//! Pure: this crate does no I/O, knows no database, no sandbox and no user.

mod alternate_key;
pub mod answer;
pub mod case;
pub mod catalog;
pub mod cells;
pub mod changes;
pub mod choices;
pub mod codes;
pub mod coerce;
pub mod definition;
pub mod document;
pub mod duplicates;
pub mod error;
pub mod fetchxml;
pub mod json;
pub mod looks;
pub mod message;
pub mod names;
pub mod odata;
pub mod operators;
pub mod parameter;
mod party;
pub mod privilege;
pub mod query;
pub mod relationship;
pub mod remedy;
mod securing;
mod shown;
pub mod situations;
pub mod state;
pub mod text;
pub mod value;
pub mod written;

pub use alternate_key::{KeyDef, MOST_KEYS};
pub use catalog::Catalog;
pub use changes::{ChangedRelationship, Changes};
pub use codes::Code;
pub use definition::{
    Choice, ColumnDef, ColumnType, Columns, Entered, Format, Kept, MADE_ELSEWHERE, Ownership, Points, Required,
    TableDef, WhenGone,
};
pub use duplicates::{Dialog, DialogKind, Duplicates, Match};
pub use error::{Error, Reached, Result, StepInfo, StepValue};
pub use message::{Parameter, Parameters, Request, Response};
pub use operators::Surroundings;
pub use parameter::ParameterType;
pub use party::{Grantee, HeldDepth, OnlyTeam, PrincipalInfo};
pub use privilege::{Depth, PrincipalKind, Right, Rights};
pub use query::{Comparison, DatePart, Filter, Join, Order, Page, Query, Related, Total, What};
pub use relationship::{Behaviours, Follow, OnDelete, OnMerge, Relationship, RelationshipDef};
pub use remedy::Remedy;
pub use situations::Situation;
pub use value::{Reference, Row, Value};

pub use jiff::{Timestamp, civil::Date, tz::TimeZone};
pub use rust_decimal::Decimal;
pub use uuid::Uuid;

/// A logical name of a table or a column, in lower case, or a name of the platform's: of a message, of a
/// parameter. Short ones, which nearly all are, lie in the value itself.
pub type Name = smol_str::SmolStr;

/// Things by name, in the order of the names. There are few, and most are made in that order.
pub type Named<T> = litemap::LiteMap<Name, T>;
