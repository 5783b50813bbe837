//! Wrong usage of the command line.

/// A command line that makes no sense.
#[derive(Debug)]
pub(crate) struct Usage(String);

impl Usage {
    /// The error that says so.
    pub(crate) fn because(message: impl Into<String>) -> anyhow::Error {
        Self(message.into()).into()
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}
