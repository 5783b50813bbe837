//! How a step came to fail: by a value that it wrote, through whose calls it ran, and by what it caught.

use serde::Serialize;

use super::{Error, StepInfo};

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

impl Error {
    /// Where it comes from: the refusal that its plug-in caught before it ended with words of its own, and so on
    /// down; else itself.
    pub fn origin(&self) -> &Self {
        match &self.body().caught {
            Some(caught) => caught.origin(),
            None => self,
        }
    }

    /// Itself and what was caught before it, the first that happened first: [`Self::origin`], and what each plug-in
    /// made of it.
    pub fn from_origin(&self) -> Vec<&Self> {
        let caught = self.body().caught.as_ref();
        let mut all = caught.map(Self::from_origin).unwrap_or_default();
        all.push(self);
        all
    }
}
