//! The parameters of a message are what its form says: checked when the message begins, after
//! each step that could change them, and after the main operation.

use sluice_model::{Error, ParameterType, Parameters, Result, names};

use super::{ParameterDef, Shape, Takes, optional};
use crate::bypass;

/// Parameters that any request may carry.
const OF_ANY: &[ParameterDef] = &[
    optional("tag", ParameterType::Text),
    optional("SuppressDuplicateDetection", ParameterType::Bool),
    optional(bypass::PLUGINS, ParameterType::Bool),
    optional(bypass::LOGIC, ParameterType::Text),
    optional(bypass::STEPS, ParameterType::Text),
];

impl Shape {
    /// The input parameters: the message's own, and those that any message takes.
    pub fn inputs(&self) -> impl Iterator<Item = &'static ParameterDef> + use<> {
        self.inputs.iter().chain(OF_ANY)
    }

    /// The input parameter of that name.
    ///
    /// # Errors
    /// The message has none; one whose name is nearly the same is named.
    pub fn input(&self, message: &str, name: &str) -> Result<&'static ParameterDef> {
        self.inputs().find(|parameter| parameter.name == name).ok_or_else(|| {
            let hint = names::did_you_mean(name, self.inputs().map(|parameter| parameter.name));
            Error::invalid(format!("message {message} has no parameter `{name}`{hint}"))
        })
    }

    /// Checks what a request carries: nothing that the message does not know, everything that it
    /// needs, each of its type. An optional parameter that is empty is absent.
    ///
    /// # Errors
    /// Names the parameter.
    pub(crate) fn check_request(&self, message: &str, inputs: &mut Parameters) -> Result<()> {
        for name in inputs.keys() {
            self.input(message, name)?;
        }
        self.inputs()
            .try_for_each(|parameter| check(parameter, message, inputs))
    }

    /// Checks what a step left: of the right types, and nothing that is needed made empty. What it
    /// put beside the message's own parameters is nobody's business.
    ///
    /// # Errors
    /// Names the parameter.
    pub(crate) fn check_inputs(&self, message: &str, inputs: &mut Parameters) -> Result<()> {
        // The Target row is not among them while the message is under way.
        let elsewhere = |parameter: &ParameterDef| self.takes == Takes::Row && parameter.name == "Target";
        self.inputs()
            .filter(|parameter| !elsewhere(parameter))
            .try_for_each(|parameter| check(parameter, message, inputs))
    }

    /// Checks the types of what comes out.
    ///
    /// # Errors
    /// Names the parameter.
    pub(crate) fn check_outputs(&self, message: &str, outputs: &mut Parameters) -> Result<()> {
        for parameter in self.outputs {
            let Some(given) = outputs.get_mut(parameter.name) else {
                continue;
            };
            if !parameter.kind.takes(given) && !given.is_null() {
                let place = format!("message {message}: the output `{}`", parameter.name);
                return Err(parameter.kind.refusal(&place, given));
            }
            parameter.kind.settle(given);
        }
        Ok(())
    }
}

fn check(parameter: &ParameterDef, message: &str, inputs: &mut Parameters) -> Result<()> {
    let given = inputs.get_mut(parameter.name).filter(|given| !given.is_null());
    match given {
        Some(given) if parameter.kind.takes(given) => parameter.kind.settle(given),
        Some(given) => {
            let place = format!("message {message}: the parameter `{}`", parameter.name);
            return Err(parameter.kind.refusal(&place, given));
        }
        None if parameter.required => {
            let sentence = format!(
                "message {message} needs the parameter `{}` ({})",
                parameter.name,
                parameter.kind.word()
            );
            return Err(Error::invalid(sentence));
        }
        None => {
            inputs.remove(parameter.name);
        }
    }
    Ok(())
}
