//! What a workflow gives to the plug-ins that it calls, and takes from them, by what their files
//! declare.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use sluice_model::{ColumnDef, ColumnType, Error, Name, Parameter, Parameters, Result, Value, written};

use super::{
    check::{Called, Checker, Goes, Offer, Taken, at},
    definition::{Call, Source},
    run::{LONGEST_TEXT, Run},
    values::{self, Gives},
};
use sluice_engine::{Argument, Arguments, Unit};

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
            Source::Now(_) | Source::Moved(..) => self.time(source)?.map_or(Value::Null, Value::DateTime),
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
pub(super) fn values_of(outputs: Parameters) -> BTreeMap<Name, Value> {
    let value = |(name, parameter): (Name, Parameter)| match parameter {
        Parameter::Value(value) => Some((name, value)),
        Parameter::Reference(reference) => Some((name, Value::Lookup(reference))),
        _ => None,
    };
    outputs.into_iter().filter_map(value).collect()
}

/// Whether a value that is written, or one of that sort, can be one of a declared kind: where that depends on
/// what a row holds by then, it can.
fn takes(argument: &Argument, offer: &Offer, declared: &Declared) -> bool {
    use ColumnType as C;
    let kind = argument.kind.as_str();
    match offer {
        Offer::Constant(json) => of_kind(argument, constant(json)).is_ok(),
        _ if kind == "text" => true,
        Offer::Column(column) => matches!(
            (kind, &column.kind),
            ("boolean", C::Bool)
                | ("integer" | "decimal", C::Int { .. })
                | ("id", C::Key | C::Id)
                | ("integer", C::Choice { .. } | C::State { .. } | C::Status { .. })
                | ("decimal", C::Decimal { .. } | C::Money { .. })
                | ("date-time", C::DateTime | C::Date)
                | ("id" | "reference", C::Lookup { .. })
                | ("date-time" | "id", C::Text { .. } | C::Memo { .. })
        ),
        Offer::Row(_) => matches!(kind, "id" | "reference"),
        Offer::Text => matches!(kind, "date-time" | "id"),
        Offer::Time => kind == "date-time",
        Offer::Output(of, output) => declared.kind_of(of, output).is_none_or(|gives| {
            let becomes = [
                ("integer", "decimal"),
                ("reference", "id"),
                ("text", "date-time"),
                ("text", "id"),
            ];
            gives == kind || becomes.contains(&(gives, kind))
        }),
    }
}

/// Whether a column takes what a plug-in gives back of a declared kind, or can be compared with it.
fn column_takes(column: &ColumnDef, kind: &str) -> bool {
    use ColumnType as C;
    match (kind, &column.kind) {
        ("date-time", _) => values::takes(column, Gives::Time),
        (_, C::Text { .. } | C::Memo { .. }) => true,
        ("boolean", C::Bool) | ("integer", C::Int { .. } | C::BigInt | C::Float) => true,
        ("integer", C::Choice { .. } | C::State { .. } | C::Status { .. }) => true,
        ("integer" | "decimal", C::Decimal { .. } | C::Money { .. }) => true,
        ("id" | "reference", C::Key | C::Id) | ("reference", C::Lookup { .. }) => true,
        ("id", C::Lookup { targets }) => targets.len() == 1,
        _ => false,
    }
}

/// What the plug-ins that a workflow calls declare, by the names of their calls.
#[derive(Default)]
struct Declared(BTreeMap<String, (String, Arguments)>);

impl Declared {
    /// The kind of an output, where the file of its plug-in says it.
    fn kind_of(&self, of: &str, output: &str) -> Option<&str> {
        let (_, declared) = self.0.get(of)?;
        let output = declared.outputs.iter().find(|one| one.name == output)?;
        Some(&output.kind)
    }
}

fn declares_nothing(declared: &Arguments) -> bool {
    declared.inputs.is_empty() && declared.outputs.is_empty()
}

/// Whether the plug-ins that a workflow calls take and give what it says, as far as their files say so.
///
/// # Errors
/// The first that does not, with the place of the action.
pub(super) fn check(unit: &mut Unit, checked: &Checker<'_>) -> Result<()> {
    let mut all = Declared::default();
    for called in &checked.plugins {
        unit.check_plugin(&called.plugin)?;
        let declared = unit.arguments_of_plugin(&called.plugin)?;
        if let Some(name) = &called.name {
            all.0.insert(name.clone(), (called.plugin.clone(), declared.clone()));
        }
        if !declares_nothing(&declared) {
            check_inputs(called, &declared, &all).map_err(|error| at(&called.place, error))?;
        }
    }
    let mut taken = checked.taken.iter();
    taken.try_for_each(|taken| check_output(taken, &all).map_err(|error| at(&taken.place, error)))
}

/// The plug-in is given what it declares, of the kinds that it declares.
fn check_inputs(called: &Called, declared: &Arguments, all: &Declared) -> Result<()> {
    let inputs = &called.inputs;
    let plugin = &called.plugin;
    let refuse = |what: String| Err(Error::invalid(format!("the plug-in {plugin} {what}")));
    for (name, offers) in inputs {
        let Some(argument) = declared.inputs.iter().find(|one| *one.name == **name) else {
            return refuse(format!("declares no input `{name}`"));
        };
        if let Some(wrong) = offers.iter().find(|offer| !takes(argument, offer, all)) {
            return refuse(format!(
                "declares its input `{name}` as {}, and is given {}",
                argument.kind,
                described(wrong, all)
            ));
        }
    }
    let is_given = |(_, offers): &(Name, Vec<Offer>)| {
        let is_nothing = |offer: &Offer| matches!(offer, Offer::Constant(Json::Null));
        !offers.iter().all(is_nothing)
    };
    let gives = |argument: &Argument| {
        let mut named = inputs.iter().filter(|(name, _)| **name == *argument.name);
        named.any(is_given)
    };
    match declared.inputs.iter().find(|one| one.required && !gives(one)) {
        Some(missing) => refuse(format!(
            "needs its input `{}`, which the workflow does not give",
            missing.name
        )),
        None => Ok(()),
    }
}

/// What a plug-in gives back is declared, and goes where it can.
fn check_output(taken: &Taken, all: &Declared) -> Result<()> {
    let Some((plugin, _)) = all.0.get(&taken.of).filter(|(_, declared)| !declares_nothing(declared)) else {
        return Ok(());
    };
    let output = &taken.output;
    let Some(kind) = all.kind_of(&taken.of, output) else {
        return Err(Error::invalid(format!(
            "the plug-in {plugin} declares no output `{output}`"
        )));
    };
    let goes = match &taken.goes {
        Goes::Anywhere => return Ok(()),
        Goes::Column(_, column) if column_takes(column, kind) => return Ok(()),
        Goes::Time if kind == "date-time" => return Ok(()),
        Goes::Column(table, column) => format!(
            "column `{}` of `{table}` is {} and does not take that",
            column.name,
            column.kind.word()
        ),
        Goes::Time => "what is waited for, or moved, is a point in time".to_owned(),
    };
    Err(Error::invalid(format!(
        "the plug-in {plugin} declares its output `{output}` as {kind}: {goes}"
    )))
}

/// What is given, for people.
fn described(offer: &Offer, all: &Declared) -> String {
    match offer {
        Offer::Constant(json) => format!("`{json}`"),
        Offer::Column(column) => format!("column `{}`, which is {}", column.name, column.kind.word()),
        Offer::Row(table) => format!("a row of `{table}`"),
        Offer::Text => "a text".to_owned(),
        Offer::Time => "a point in time".to_owned(),
        Offer::Output(of, output) => {
            let kind = all.kind_of(of, output).unwrap_or_default();
            format!("the output `{output}` of \"{of}\", which is {kind}")
        }
    }
}
