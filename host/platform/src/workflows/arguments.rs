//! What a workflow gives to the plug-ins that it calls, and takes from them, by what their files
//! declare.

use serde_json::Value as Json;
use sluice_model::{Error, Name, Parameter, Parameters, Result, Value, written};

use super::{
    check::Checker,
    definition::{Call, Source},
    run::{LONGEST_TEXT, Run},
    values,
};
use sluice_engine::{Argument, Unit};

impl Run<'_> {
    /// The input parameters of a plug-in, of the kinds that it declares.
    pub(super) fn arguments(&mut self, call: &Call) -> Result<Parameters> {
        let declared = self.unit.arguments_of_plugin(&call.plugin)?;
        let mut inputs = Parameters::new();
        for (name, source) in &call.inputs {
            let value = self.raw(source)?;
            let kind = declared.inputs.iter().find(|one| *one.name == **name);
            let value = match kind {
                Some(argument) => of_kind(argument, value)?,
                None => value,
            };
            match value {
                Value::Null => {}
                Value::Lookup(reference) => drop(inputs.insert(name.clone(), Parameter::Reference(reference))),
                value => drop(inputs.insert(name.clone(), Parameter::Value(value))),
            }
        }
        match declared
            .inputs
            .iter()
            .find(|one| one.required && !inputs.contains_key(&*one.name))
        {
            Some(missing) => Err(Error::invalid(format!(
                "the plug-in {} needs its input `{}`, which is empty",
                call.plugin, missing.name
            ))),
            None => Ok(inputs),
        }
    }

    /// What a source gives, whatever takes it.
    fn raw(&mut self, source: &Source) -> Result<Value> {
        Ok(match source {
            Source::Constant(json) => constant(json),
            Source::Column(name, row) => self.column(row, name)?,
            Source::Row(row) => self.find(row)?.map_or(Value::Null, Value::Lookup),
            Source::First(sources) => {
                for source in sources {
                    let value = self.raw(source)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Value::Null
            }
            Source::Text(_) => Value::Text(self.text_up_to(source, LONGEST_TEXT)?.whole()?),
            Source::Now(later) => Value::DateTime(self.later(*later)?),
            Source::Output(output, of) => self.output(of, output),
            Source::Changed(..) => Value::Null,
        })
    }
}

/// A value as it is written in a definition.
fn constant(json: &Json) -> Value {
    match json {
        Json::Bool(yes) => Value::Bool(*yes),
        Json::Number(number) => {
            let whole = number.as_i64().and_then(|whole| i32::try_from(whole).ok());
            let decimal = || number.to_string().parse().ok().map(Value::Decimal);
            whole.map(Value::Int).or_else(decimal).unwrap_or(Value::Null)
        }
        Json::String(text) => Value::Text(text.clone()),
        Json::Null | Json::Array(_) | Json::Object(_) => Value::Null,
    }
}

/// A value as an argument of a declared kind takes it.
fn of_kind(argument: &Argument, value: Value) -> Result<Value> {
    let wrong = |value: &Value| {
        Error::invalid(format!(
            "the input `{}` is of the kind {}, and is given `{}`",
            argument.name,
            argument.kind,
            values::shown(value, None)
        ))
    };
    let fitted = match (argument.kind.as_str(), &value) {
        (_, Value::Null) => Some(Value::Null),
        ("boolean", Value::Bool(_)) | ("integer", Value::Int(_)) | ("decimal", Value::Decimal(_)) => {
            Some(value.clone())
        }
        ("integer", Value::Choice(number)) => Some(Value::Int(*number)),
        ("decimal", Value::Money(_) | Value::Int(_)) => value.as_decimal().map(Value::Decimal),
        ("text", value) => Some(Value::Text(values::shown(value, None))),
        ("date-time", Value::DateTime(_)) => Some(value.clone()),
        ("date-time", Value::Date(day)) => written::time(&day.to_string()).map(Value::DateTime),
        ("date-time", Value::Text(text)) => written::time(text).map(Value::DateTime),
        ("id", Value::Id(_)) | ("reference", Value::Lookup(_)) => Some(value.clone()),
        ("id", Value::Lookup(reference)) => Some(Value::Id(reference.id)),
        ("id", Value::Text(text)) => text.parse().ok().map(Value::Id),
        _ => None,
    };
    fitted.ok_or_else(|| wrong(&value))
}

/// What a plug-in gave back, as far as it is values and references.
pub(super) fn values_of(outputs: Parameters) -> std::collections::BTreeMap<Name, Value> {
    let value = |(name, parameter): (Name, Parameter)| match parameter {
        Parameter::Value(value) => Some((name, value)),
        Parameter::Reference(reference) => Some((name, Value::Lookup(reference))),
        _ => None,
    };
    outputs.into_iter().filter_map(value).collect()
}

/// Whether the plug-ins that a workflow calls take and give what it says, as far as their files say so.
///
/// # Errors
/// The first that does not.
pub(super) fn check(unit: &mut Unit, checked: &Checker<'_>) -> Result<()> {
    for called in &checked.plugins {
        unit.check_plugin(&called.plugin)?;
        let Some(inputs) = &called.inputs else { continue };
        let declared = unit.arguments_of_plugin(&called.plugin)?;
        if declared.inputs.is_empty() && declared.outputs.is_empty() {
            continue;
        }
        let plugin = &called.plugin;
        let refuse = |what: String| Err(Error::invalid(format!("the plug-in {plugin} {what}")));
        let unknown = inputs
            .iter()
            .find(|name| !declared.inputs.iter().any(|one| *one.name == ***name));
        if let Some(unknown) = unknown {
            return refuse(format!("declares no input `{unknown}`"));
        }
        let missing = declared
            .inputs
            .iter()
            .find(|one| one.required && !inputs.iter().any(|name| **name == *one.name));
        if let Some(missing) = missing {
            return refuse(format!(
                "needs its input `{}`, which the workflow does not give",
                missing.name
            ));
        }
        let taken = checked.taken.iter().filter(|(of, _)| called.name.as_ref() == Some(of));
        for (_, output) in taken {
            if !declared.outputs.iter().any(|one| *one.name == **output) {
                return refuse(format!("declares no output `{output}`"));
            }
        }
    }
    Ok(())
}
