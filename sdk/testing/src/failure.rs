//! How a request ends when it does not end well.

use std::fmt;

use sluice_model::{Code, Error};

/// Why a request was refused: what a person would see.
#[derive(Clone, PartialEq)]
pub struct Failure(pub(crate) Error);

impl Failure {
    /// The platform's code: `0x80040220`.
    pub fn code(&self) -> String {
        self.0.code().to_string()
    }

    /// What happened, in a sentence.
    pub fn message(&self) -> &str {
        self.0.message()
    }

    /// The missing privilege: `prvReadsl_commissionrule`.
    pub fn privilege(&self) -> Option<&str> {
        self.0.body().privilege.as_deref()
    }

    /// The table that was refused.
    pub fn table(&self) -> Option<&str> {
        self.0.body().table.as_deref()
    }

    /// The depth that would have been enough.
    pub fn depth(&self) -> Option<crate::Depth> {
        self.0.body().depth
    }

    /// Who was refused.
    pub fn principal(&self) -> Option<&str> {
        self.0
            .body()
            .principal
            .as_ref()
            .map(|principal| principal.name.as_str())
    }

    /// The plug-in in which it happened.
    pub fn plugin(&self) -> Option<&str> {
        self.0.body().plugin.as_deref()
    }

    /// The plug-in's service call that failed: `RetrieveMultiple sl_commissionrule`.
    pub fn call(&self) -> Option<&str> {
        self.0.body().call.as_deref()
    }

    /// The plug-in's own code, where it refused with one.
    pub fn subcode(&self) -> Option<i32> {
        self.0.body().subcode
    }

    /// Whether a plug-in refused on purpose.
    pub fn is_refusal(&self) -> bool {
        self.0.code() == Code::ISV_ABORTED
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.message(), self.0.code())?;
        if let Some(plugin) = self.plugin() {
            write!(f, ", in plug-in `{plugin}`")?;
        }
        if let Some(call) = self.call() {
            write!(f, ", in its call `{call}`")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::error::Error for Failure {}
