//! That a list is asked for to find the row that somebody named: what was to be done with it is not sent yet.

use sluice_model::{Error, ParameterType};

use super::{ParameterDef, input, optional};
use crate::Operation;

/// Sluice's own: the name that somebody gave.
pub(crate) const NAME: &str = "LookedUp";

/// The parameter.
pub(super) const GIVEN: ParameterDef = optional(NAME, ParameterType::Text);

/// The refusal of a look-up says what was looked up.
pub(super) fn told(mut error: Error, operation: &Operation) -> Error {
    error.body_mut().looked_up = input::optional_text(operation, NAME).ok().flatten();
    error
}
