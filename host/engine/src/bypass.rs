//! What a request passes over of the organisation's own logic, by the platform's optional parameters
//! ("Bypass custom business logic" of its developer guide). What the message itself sends, as
//! QualifyLead does its creates, is a part of it and passes over the same; what a step sends is not.

use std::sync::Arc;

use sluice_model::{Error, Parameter, Parameters, Result, Uuid, Value, names};

use crate::{
    Unit,
    operation::Operation,
    step::{self, Step},
};

/// All synchronous custom logic; needs [`PLUGINS_PRIVILEGE`].
pub const PLUGINS: &str = "BypassCustomPluginExecution";
/// Custom logic by its kind: `CustomSync`, `CustomAsync`, or both with a comma between; needs
/// [`LOGIC_PRIVILEGE`].
pub const LOGIC: &str = "BypassBusinessLogicExecution";
/// Single steps and workflows by their ids, with commas between; needs [`LOGIC_PRIVILEGE`].
pub const STEPS: &str = "BypassBusinessLogicExecutionStepIds";

/// All of them.
pub const PARAMETERS: [&str; 3] = [PLUGINS, LOGIC, STEPS];

/// The privilege for [`PLUGINS`].
pub const PLUGINS_PRIVILEGE: &str = "prvBypassCustomPlugins";
/// The privilege for [`LOGIC`]. The platform names none for [`STEPS`]: here it is the same.
pub const LOGIC_PRIVILEGE: &str = "prvBypassCustomBusinessLogic";

/// Both.
pub const PRIVILEGES: [&str; 2] = [PLUGINS_PRIVILEGE, LOGIC_PRIVILEGE];

/// How many ids a request may name, where the setting says nothing.
const MOST_STEPS: i32 = 3;

/// What a request passes over.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Bypass {
    plugins: bool,
    synchronous: bool,
    asynchronous: bool,
    steps: Vec<Uuid>,
}

impl Bypass {
    /// What the parameters of a request say.
    ///
    /// # Errors
    /// Names the parameter that cannot be read.
    pub(crate) fn of(inputs: &Parameters) -> Result<Option<Arc<Self>>> {
        let value = |name: &str| match inputs.get(name) {
            Some(Parameter::Value(value)) => Some(value),
            _ => None,
        };
        let text = |name: &str| value(name).and_then(Value::as_text).unwrap_or_default();
        let mut bypass = Self {
            plugins: value(PLUGINS) == Some(&Value::Bool(true)),
            ..Self::default()
        };
        for word in words(text(LOGIC)) {
            match word {
                "CustomSync" => bypass.synchronous = true,
                "CustomAsync" => bypass.asynchronous = true,
                other => {
                    let hint = names::did_you_mean(other, ["CustomSync", "CustomAsync"]);
                    return Err(Error::invalid(format!(
                        "the parameter `{LOGIC}` takes CustomSync, CustomAsync or both with a comma between: `{other}` is \
                         neither{hint}"
                    )));
                }
            }
        }
        for word in words(text(STEPS)) {
            let id = word.parse().map_err(|_| {
                Error::invalid(format!("the parameter `{STEPS}` takes ids of steps: `{word}` is no id"))
            })?;
            if !bypass.steps.contains(&id) {
                bypass.steps.push(id);
            }
        }
        Ok((bypass != Self::default()).then(|| Arc::new(bypass)))
    }

    /// The privileges that it takes.
    fn privileges(&self) -> Vec<&'static str> {
        let logic = self.synchronous || self.asynchronous || !self.steps.is_empty();
        let wanted = [(self.plugins, PLUGINS_PRIVILEGE), (logic, LOGIC_PRIVILEGE)];
        wanted
            .into_iter()
            .filter_map(|(is, privilege)| is.then_some(privilege))
            .collect()
    }

    /// Whether the step is passed over. What came managed, is the platform's own or says that it
    /// cannot be bypassed never is.
    pub(crate) fn passes_over(&self, step: &Step) -> bool {
        let of_kind = match step.mode {
            step::SYNCHRONOUS => self.synchronous || self.plugins,
            _ => self.asynchronous,
        };
        step.is_bypassable && (of_kind || self.steps.contains(&step.id))
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// Refuses who may not pass over what the request itself names, or names too much.
///
/// # Errors
/// A privilege is missing, or there are more ids than the setting allows.
pub(crate) fn check(unit: &Unit, operation: &Operation) -> Result<()> {
    if operation.bypass.is_none() {
        return Ok(());
    }
    let Some(own) = Bypass::of(&operation.context.inputs)? else {
        return Ok(());
    };
    let privileges = &unit.snapshot.privileges;
    let wanted = own.privileges().into_iter();
    let refusals = wanted
        .map(|privilege| sluice_access::check_named(&operation.principal, privilege, privileges))
        .filter_map(Result::err);
    if let Some(refusal) = Error::together(refusals) {
        return Err(refusal);
    }
    check_number(unit, own.steps.len())
}

/// Refuses to pass over so many steps by their ids, whoever does.
///
/// # Errors
/// The setting allows fewer.
pub fn check_number(unit: &Unit, named: usize) -> Result<()> {
    let most = unit
        .setting("sl_bypasslimit")
        .and_then(Value::as_int)
        .unwrap_or(MOST_STEPS);
    match i32::try_from(named).is_ok_and(|named| named <= most) {
        true => Ok(()),
        false => Err(Error::invalid(format!(
            "the parameter `{STEPS}` names {named} steps; this organisation allows {most} in one request \
             (the setting limits.bypass-steps)"
        ))),
    }
}
