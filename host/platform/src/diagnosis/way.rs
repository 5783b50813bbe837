//! Other ways to send a request than the one in which it was refused.

use sluice_engine::bypass;
use sluice_model::{Reference, Request, Uuid};

/// Another way to send a request in which duplicates were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// With the rows that are there instead of new ones, of each table one.
    Existing(Vec<Reference>),
    /// Although something matches: Continue on the form.
    Continue,
    /// Without looking for duplicates.
    Unchecked,
    /// Passing over these steps.
    PassingOver(Vec<Uuid>),
    /// Passing over nothing.
    Whole,
}

impl Way {
    /// The request in this way.
    pub(super) fn apply(&self, request: &Request) -> Request {
        match self {
            Self::Existing(rows) => rows.iter().fold(request.clone(), |request, row| {
                let (existing, create) = match &*row.table {
                    "contact" => ("ExistingContactId", "CreateContact"),
                    _ => ("ExistingAccountId", "CreateAccount"),
                };
                request.with(existing, row.clone()).with(create, false)
            }),
            Self::Continue => request.clone().with("IgnoreMatches", true),
            Self::Unchecked => request.clone().with("SuppressDuplicateDetection", true),
            Self::Whole => {
                let mut whole = request.clone();
                whole.inputs.retain(|name, _| !bypass::PARAMETERS.contains(&&**name));
                whole
            }
            Self::PassingOver(steps) => {
                let ids: Vec<String> = steps.iter().map(ToString::to_string).collect();
                request.clone().with(bypass::STEPS, &*ids.join(","))
            }
        }
    }
}
