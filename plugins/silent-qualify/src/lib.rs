//! Lets leads be qualified without asking about duplicates: an example, which no organisation
//! has unless somebody pushes it.

use sluice_sdk::prelude::*;

/// Says in the name of whoever qualifies a lead that duplicates are not to be looked for, as
/// the grid does: the form passes silently.
///
/// Runs in pre-validation, before the platform looks.
#[plugin(step(
    message = "QualifyLead",
    table = "lead",
    stage = "pre-validation",
    description = "No question about duplicates",
))]
pub fn silent_qualify(cx: &Context) -> Result<()> {
    cx.set_input("SuppressDuplicateDetection", true);
    Ok(())
}

sluice_sdk::export!(silent_qualify);
