//! Plug-in types that are registered and that a plug-in's file lacks. A file that lacks one is
//! refused, whatever door it comes through; whoever forces it gives those types up: their steps
//! are disabled, and they are no types of the plug-in any more until a file has them again.

use sluice_model::{Code, Error, Filter, Query, Remedy, Request, Result, Row, Uuid, Value};
use sluice_sandbox::PluginType;

use super::registration::{Pushed, named, state_row};
use sluice_engine::{Batch, Unit, tables};

/// The column of a type that was given up.
pub(super) const GONE: &str = "sl_gone";

const OWN: &str = "a plug-in's file has every type that is registered";

/// The plug-in's types that were not given up.
fn registered(unit: &mut Unit, assembly: Uuid) -> Result<Vec<Row>> {
    let types = Query::new(tables::PLUGIN_TYPE)
        .columns(&["typename"])
        .filter(Filter::eq("pluginassemblyid", assembly).and(Filter::eq(GONE, true).negated()));
    unit.select_as_platform(OWN, &types)
}

fn steps_of(unit: &mut Unit, plugin_type: Uuid) -> Result<Vec<Row>> {
    let steps = Query::new(tables::STEP)
        .columns(&["name", "statecode"])
        .filter(Filter::eq("plugintypeid", plugin_type));
    unit.select_as_platform(OWN, &steps)
}

fn lacks(types: &[PluginType], name: &str) -> bool {
    types.iter().all(|declared| declared.name != name)
}

/// Refuses a content of the plug-in that lacks a registered type.
pub(super) fn check(unit: &mut Unit, assembly: &Row, types: &[PluginType]) -> Result<()> {
    let mut missing = registered(unit, assembly.id)?;
    missing.retain(|row| lacks(types, row.text("typename").unwrap_or_default()));
    let Some(first) = missing.first() else { return Ok(()) };
    let mut message = not_found(assembly, first.text("typename").unwrap_or_default(), types.len());
    let others: Vec<&str> = missing.iter().skip(1).filter_map(|row| row.text("typename")).collect();
    if !others.is_empty() {
        message.push_str(&format!(" It lacks {} as well.", others.join(", ")));
    }
    let mut steps = Vec::new();
    for plugin_type in &missing {
        for step in steps_of(unit, plugin_type.id)? {
            let disabled = if step.int("statecode") == Some(0) {
                ""
            } else {
                " (disabled)"
            };
            steps.push(format!("\"{}\"{disabled}", step.text("name").unwrap_or_default()));
        }
    }
    message.push_str(&match steps.as_slice() {
        [] => " No step runs what is missing; nothing was changed.".to_owned(),
        steps => format!(
            " These steps run what is missing: {}; nothing was changed.",
            steps.join(", ")
        ),
    });
    Err(Error::new(Code::NOT_A_PLUGIN, message)
        .with_table(tables::ASSEMBLY)
        .with_remedy(Remedy::PushForced)
        .with_word("PLUGIN", assembly.text("name").unwrap_or_default()))
}

/// That a plug-in has no such type, in the platform's words.
fn not_found(assembly: &Row, name: &str, total: usize) -> String {
    let part = |column: &str, default: &'static str| assembly.text(column).unwrap_or(default).to_owned();
    format!(
        "PluginType [{name}] not found in PluginAssembly [{}, Version={}, Culture={}, PublicKeyToken={}] which has a total of \
         [{total}] plugin/workflow activity types.",
        part("name", ""),
        part("version", "1.0.0.0"),
        part("culture", "neutral"),
        part("publickeytoken", "null"),
    )
}

/// Refuses a type that the content of its plug-in does not have.
pub(super) fn check_type(unit: &mut Unit, plugin_type: &Row) -> Result<()> {
    let (Some(assembly), Some(name)) = (plugin_type.id_of("pluginassemblyid"), plugin_type.text("typename")) else {
        // Create itself refuses a type without them.
        return Ok(());
    };
    let types = unit.declared_by(assembly)?;
    if !lacks(&types, name) {
        return Ok(());
    }
    let assembly = sluice_model::Reference::new(tables::ASSEMBLY, assembly);
    let columns = ["name", "version", "culture", "publickeytoken"].map(Into::into);
    let assembly = unit.read_as_platform(OWN, &assembly, Some(&columns))?;
    let assembly = assembly.unwrap_or_else(|| Row::unsaved(tables::ASSEMBLY));
    let message = not_found(&assembly, name, types.len());
    Err(Error::new(Code::NOT_A_PLUGIN, message).with_table(tables::PLUGIN_TYPE))
}

/// Gives up the types that the new content lacks, before it is written: their steps are disabled. A
/// type that no step names goes altogether.
pub(super) fn give_up(batch: &mut Batch<'_>, assembly: Uuid, types: &[PluginType], pushed: &mut Pushed) -> Result<()> {
    for row in registered(batch.unit(), assembly)? {
        let name = row.text("typename").unwrap_or_default();
        if !lacks(types, name) {
            continue;
        }
        pushed.given_up.push(name.to_owned());
        let steps = steps_of(batch.unit(), row.id)?;
        if steps.is_empty() {
            batch.execute(Request::delete(row.reference()))?;
            continue;
        }
        for step in steps.iter().filter(|step| step.int("statecode") == Some(0)) {
            batch.execute(Request::update(state_row(step.id, false)))?;
            pushed.disabled.push(named(step));
        }
        mark(batch.unit(), row.id, Value::Bool(true))?;
    }
    Ok(())
}

/// Says whether a type was given up.
fn mark(unit: &mut Unit, plugin_type: Uuid, gone: Value) -> Result<()> {
    let row = Row::new(tables::PLUGIN_TYPE, plugin_type).with(GONE, gone);
    unit.update_as_platform("note that a plug-in's file lacks a type, or has it again", row)
}

/// Types that were given up and that the new content has are types of the plug-in again.
pub(super) fn take_back(unit: &mut Unit, assembly: Uuid) -> Result<()> {
    let gone = Query::new(tables::PLUGIN_TYPE)
        .columns(&["typename"])
        .filter(Filter::eq("pluginassemblyid", assembly).and(Filter::eq(GONE, true)));
    let gone = unit.select_as_platform(OWN, &gone)?;
    if gone.is_empty() {
        return Ok(());
    }
    let types = unit.declared_by(assembly)?;
    for row in gone {
        if !lacks(&types, row.text("typename").unwrap_or_default()) {
            mark(unit, row.id, Value::Null)?;
        }
    }
    Ok(())
}

/// Removes the types that were given up and that no step names any more.
pub(super) fn forget(batch: &mut Batch<'_>, assembly: Uuid) -> Result<()> {
    let gone = Query::new(tables::PLUGIN_TYPE)
        .columns(&[])
        .filter(Filter::eq("pluginassemblyid", assembly).and(Filter::eq(GONE, true)));
    for row in batch.unit().select_as_platform(OWN, &gone)? {
        if steps_of(batch.unit(), row.id)?.is_empty() {
            batch.execute(Request::delete(row.reference()))?;
        }
    }
    Ok(())
}

/// Refuses to put a step to work whose type was given up.
pub(super) fn check_step(unit: &mut Unit, step: &Row, plugin_type: &Row) -> Result<()> {
    if plugin_type.bool(GONE) != Some(true) || step.int("statecode") == Some(1) {
        return Ok(());
    }
    check_type(unit, plugin_type)
}
