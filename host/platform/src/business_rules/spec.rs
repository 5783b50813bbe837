//! A business rule as it is written in a file.

use serde::Deserialize;
use serde_json::{Value as Json, json};
use sluice_model::{Result, Row, Value};

use super::{CATEGORY, definition::Action};
use crate::workflows::language::read;
use sluice_engine::tables;

/// A rule to be made.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    /// The schema by which an editor helps to write it.
    #[serde(default, rename = "$schema")]
    _schema: Option<String>,
    name: String,
    #[serde(default)]
    description: Option<String>,
    table: String,
    /// Among the rules of the table: the lowest comes first.
    #[serde(default)]
    order: Option<i32>,
    actions: Vec<Action>,
}

/// A rule to be made, out of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct BusinessRuleSpec {
    file: File,
    /// The actions as they are written.
    actions: Json,
}

impl BusinessRuleSpec {
    /// Reads a rule's file.
    ///
    /// # Errors
    /// It is too long, or the place in the text that is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        let (file, actions) = read(text, "business rule")?;
        Ok(Self { file, actions })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// The row that it becomes: a draft.
    pub fn row(&self) -> Row {
        let file = &self.file;
        let mut row = Row::unsaved(tables::PROCESS)
            .with("category", Value::Choice(CATEGORY))
            .with("name", file.name.as_str())
            .with("primaryentity", file.table.as_str())
            .with("processorder", file.order.unwrap_or_default())
            .with("clientdata", json!({ "actions": self.actions }).to_string());
        if let Some(description) = &file.description {
            row.set("description", description.as_str());
        }
        row
    }
}
