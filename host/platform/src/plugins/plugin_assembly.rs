//! A plug-in file is checked when its content is written, becomes a component, and is known
//! by its digest; it goes only once no step depends on it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sluice_model::{Code, Error, Filter, Query, Request, Result, Row, Uuid, Value};

pub(crate) use sluice_engine::compiling::digest;
use sluice_engine::{
    Operation, Unit, giving,
    rules::{Rules, select},
    tables,
};

pub(super) struct PluginAssembly;

impl Rules for PluginAssembly {
    fn before_create(&self, _: &mut Unit, operation: &mut Operation) -> Result<()> {
        operation.context.target.as_mut().map_or(Ok(()), take_content)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        operation.context.target.as_mut().map_or(Ok(()), take_content)?;
        let target = operation.target()?;
        if !target.has("content") || target.text("sourcehash") == before.text("sourcehash") {
            return Ok(());
        }
        let types = types_of(unit, before.id)?;
        giving::check_steps_of(unit, operation, &types)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let types = types_of(unit, operation.id()?)?;
        for plugin_type in &types {
            let steps = Query::new(tables::STEP)
                .columns(&["name"])
                .filter(Filter::eq("plugintypeid", *plugin_type));
            let steps = select(
                unit,
                "a plug-in goes with its types, and stays while steps call them",
                &steps,
            )?;
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
        }
        for plugin_type in types {
            let reference = sluice_model::Reference::new(tables::PLUGIN_TYPE, plugin_type);
            unit.run_as_caller(operation, Request::delete(reference))?;
        }
        Ok(())
    }
}

fn types_of(unit: &mut Unit, assembly: Uuid) -> Result<Vec<Uuid>> {
    let types = Query::new(tables::PLUGIN_TYPE)
        .columns(&[])
        .filter(Filter::eq("pluginassemblyid", assembly));
    Ok(select(
        unit,
        "a plug-in goes with its types, and stays while steps call them",
        &types,
    )?
    .iter()
    .map(|row| row.id)
    .collect())
}

/// Checks the content, makes a component of it, and notes its digest.
fn take_content(target: &mut Row) -> Result<()> {
    let Some(Value::Text(content)) = target.get("content") else {
        return Ok(());
    };
    let bytes = BASE64_STANDARD.decode(content).map_err(|error| {
        Error::new(
            Code::NOT_A_PLUGIN,
            format!("the content of a plug-in is base64: {error}"),
        )
    })?;
    let component = sluice_sandbox::componentize(&bytes)?;
    target.set("sourcehash", digest(&component));
    target.set("content", BASE64_STANDARD.encode(component));
    Ok(())
}
