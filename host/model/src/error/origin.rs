//! How a step came to fail: by a value that it wrote, and through whose calls it ran.

use serde::Serialize;

use super::StepInfo;

/// A value that a step put into an operation, and that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepValue {
    /// In this column of the Target.
    Column(String),
    /// In this input parameter.
    Input(String),
}

impl StepValue {
    /// What it is, in words: `column ownerid`.
    pub fn label(&self) -> String {
        match self {
            Self::Column(name) => format!("column {name}"),
            Self::Input(name) => format!("input {name}"),
        }
    }
}

/// A call of another step in which a step ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The step that called.
    pub step: StepInfo,
    /// What it called: `Create campaign`.
    pub call: String,
}
