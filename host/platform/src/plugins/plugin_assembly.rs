//! A plug-in file is checked when its content is written, becomes a component, and is known
//! by its digest; it goes only once no step depends on it.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sluice_model::{Code, Error, Filter, Query, Request, Result, Row, Uuid, Value, looks};

use super::{history, missing};
use sluice_engine::{Operation, Unit, compiling::digest, giving, rules::Rules, tables};

pub(super) struct PluginAssembly;

impl Rules for PluginAssembly {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        check_words(operation.target()?)?;
        refuse_taken(unit, operation.target()?, Uuid::nil())?;
        if let Some(component) = operation
            .target_mut()
            .map_or(Ok(None), |target| take_content(unit, target))?
        {
            declared(unit, &component)?;
        }
        Ok(())
    }

    fn after_create(&self, unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
        history::keep(unit, operation, None, row)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        check_words(operation.target()?)?;
        let target = operation.target_mut();
        let component = target.map_or(Ok(None), |target| take_content(unit, target))?;
        let target = operation.target()?;
        if target.has("name") && target.text("name") != before.text("name") {
            let types = types_of(unit, before.id)?;
            missing::check_called(unit, &types, "a type of the plug-in")?;
            refuse_taken(unit, operation.target()?, before.id)?;
        }
        let Some(component) = component.filter(|_| target.text("sourcehash") != before.text("sourcehash")) else {
            return Ok(());
        };
        let mut whole = before.clone();
        whole.values.extend(target.values.clone());
        let types = types_of(unit, before.id)?;
        giving::check_callers_of(unit, operation, &types)?;
        let declared = declared(unit, &component)?;
        missing::check(unit, &whole, &declared)
    }

    fn after_update(&self, unit: &mut Unit, operation: &Operation, before: &Row, changed: &Row) -> Result<()> {
        let mut whole = before.clone();
        whole.values.extend(changed.values.clone());
        let same = |column| whole.text(column) == before.text(column);
        if same("sourcehash") && same("version") {
            return Ok(());
        }
        missing::take_back(unit, whole.id)?;
        history::keep(unit, operation, Some(before), &whole)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let types = types_of(unit, operation.id()?)?;
        missing::check_called(unit, &types, "a type of the plug-in")?;
        let steps = Query::new(tables::STEP).columns(&["name"]).filter(Filter::In {
            column: "plugintypeid".into(),
            values: types.iter().map(|id| Value::Id(*id)).collect(),
        });
        let steps =
            unit.select_as_platform("a plug-in goes with its types, and stays while steps call them", &steps)?;
        if let Some(step) = steps.first() {
            return Err(Error::new(
                Code::REFERENCED,
                format!(
                    "the plug-in cannot be removed: {} of its steps are registered, such as \"{}\"; unregister them first",
                    steps.len(),
                    step.text("name").unwrap_or_default()
                ),
            ));
        }
        for plugin_type in types {
            let reference = sluice_model::Reference::new(tables::PLUGIN_TYPE, plugin_type);
            unit.run_as_caller(operation, Request::delete(reference))?;
        }
        Ok(())
    }
}

fn check_words(target: &Row) -> Result<()> {
    check_name(target)?;
    target.text("version").map_or(Ok(()), check_version)
}

/// A version has up to four numbers, as on the platform; behind them may stand what a package has there: `-rc.1`.
pub(super) fn check_version(version: &str) -> Result<()> {
    let end = version.find(['-', '+']).unwrap_or(version.len());
    let (numbers, more) = version.split_at(end);
    let mut numbers = numbers.split('.');
    let is_number = |part: &str| part.chars().all(|c| c.is_ascii_digit()) && part.parse::<u32>().is_ok();
    let is_word = more.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c));
    match numbers.clone().count() <= 4 && numbers.all(is_number) && is_word && version.len() <= 48 {
        true => Ok(()),
        false => Err(Error::invalid(format!(
            "`{}` is no version of a plug-in: up to four numbers, such as 1.2.0.0",
            looks::shown(version)
        ))
        .with_table(tables::ASSEMBLY)),
    }
}

/// A workflow finds a plug-in by its name, so there is one of each.
fn refuse_taken(unit: &mut Unit, target: &Row, own: Uuid) -> Result<()> {
    let name = target.text("name").unwrap_or_default();
    let same = Query::new(tables::ASSEMBLY)
        .columns(&[])
        .filter(Filter::eq("name", name));
    let others = unit.select_as_platform("a plug-in is found by its name", &same)?;
    match others.iter().any(|other| other.id != own) {
        true => Err(Error::new(
            Code::DUPLICATE_KEY,
            format!("there is a plug-in `{}` already", looks::shown(name)),
        )
        .with_table(tables::ASSEMBLY)),
        false => Ok(()),
    }
}

/// Steps name a type as ASSEMBLY/TYPE, and people see the name.
fn check_name(target: &Row) -> Result<()> {
    let Some(name) = target.text("name") else {
        return Ok(());
    };
    let is_odd = |c: char| c == '/' || c.is_control() || looks::hides(c);
    match name.trim().is_empty() || name.contains(is_odd) {
        true => Err(Error::invalid(format!(
            "`{}` is no name of a plug-in: it has letters that are seen, and no /",
            looks::shown(name)
        ))
        .with_table(tables::ASSEMBLY)),
        false => Ok(()),
    }
}

fn types_of(unit: &mut Unit, assembly: Uuid) -> Result<Vec<Uuid>> {
    let types = Query::new(tables::PLUGIN_TYPE)
        .columns(&[])
        .filter(Filter::eq("pluginassemblyid", assembly));
    Ok(unit
        .select_as_platform("a plug-in goes with its types, and stays while steps call them", &types)?
        .iter()
        .map(|row| row.id)
        .collect())
}

/// What a content declares.
fn declared(unit: &mut Unit, component: &[u8]) -> Result<Arc<[sluice_sandbox::PluginType]>> {
    unit.declared(&digest(component), |_| Ok(component.to_vec()))
}

/// Checks the content, makes a component of it, and notes its digest; the component.
fn take_content(unit: &mut Unit, target: &mut Row) -> Result<Option<Vec<u8>>> {
    let Some(Value::Text(content)) = target.get("content") else {
        return Ok(None);
    };
    let bytes = BASE64_STANDARD.decode(content).map_err(|error| {
        Error::new(
            Code::NOT_A_PLUGIN,
            format!("the content of a plug-in is base64: {error}"),
        )
    })?;
    let component = unit.componentize(&bytes)?;
    target.set("sourcehash", digest(&component));
    target.set("content", BASE64_STANDARD.encode(&component));
    Ok(Some(component))
}
