//! How a plug-in ends when it does not end well.

use std::fmt;

/// What a plug-in returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a plug-in does not let the operation go on.
#[derive(Debug, Clone, PartialEq)]
pub enum Error {
    /// On purpose: the user sees the message.
    Refused(Refusal),
    /// A service call failed, and the plug-in hands the error on.
    Service(ServiceError),
    /// Something went wrong that the author did not foresee.
    Unexpected(String),
    /// The step of a job asks to be run again later, for this reason. Four runs in all, then the
    /// job fails; in a synchronous step it is a refusal like any other.
    TryAgain(String),
}

/// A refusal on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The sentence that the user sees.
    pub message: String,
    /// The plug-in's own code, which clients get as `subcode`.
    pub code: Option<i32>,
}

impl Error {
    /// Cancels the operation with a sentence for the user.
    ///
    /// ```
    /// # use sluice_sdk::prelude::*;
    /// fn check(name: &str) -> Result<()> {
    ///     if name == "test" {
    ///         return Err(Error::refuse("`test` is not a name: enter the lead's real one").with_code(17));
    ///     }
    ///     Ok(())
    /// }
    /// assert!(check("test").is_err());
    /// ```
    pub fn refuse(message: impl Into<String>) -> Self {
        Self::Refused(Refusal {
            message: message.into(),
            code: None,
        })
    }

    /// Asks for another run of an asynchronous step later: what it needs is not there yet. What the
    /// run did so far stays, as each of its calls has a transaction of its own.
    ///
    /// ```
    /// # use sluice_sdk::prelude::*;
    /// fn check(cx: &Context, rates: &[Row]) -> Result<()> {
    ///     if rates.is_empty() {
    ///         return Err(Error::try_again(format!("no rates yet, in run {}", cx.attempt())));
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn try_again(reason: impl Into<String>) -> Self {
        Self::TryAgain(reason.into())
    }

    /// Adds the plug-in's own code to a refusal; other errors have their code already.
    #[must_use]
    pub fn with_code(self, code: i32) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(Refusal {
                code: Some(code),
                ..refusal
            }),
            other => other,
        }
    }

    /// Any other error, such as one of another crate: `.map_err(Error::unexpected)?`
    pub fn unexpected(error: impl fmt::Display) -> Self {
        Self::Unexpected(error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => f.write_str(&refusal.message),
            Self::Service(error) => error.fmt(f),
            Self::Unexpected(message) | Self::TryAgain(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

impl From<ServiceError> for Error {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

/// A failed service call. The host keeps the whole error, with the missing privilege and the
/// call, and recognises it when the plug-in hands it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    handle: u32,
    code: String,
    message: String,
}

impl ServiceError {
    /// The platform's code, such as `0x80040220`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What happened, in a sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// For hosts: the error that they know by `handle`.
    #[doc(hidden)]
    pub fn new(handle: u32, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            handle,
            code: code.into(),
            message: message.into(),
        }
    }

    /// For hosts: by what they know the error.
    #[doc(hidden)]
    pub fn handle(&self) -> u32 {
        self.handle
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for ServiceError {}
