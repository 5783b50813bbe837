//! Plug-in types that are registered and that a plug-in's file lacks. A file that lacks one is
//! refused, whatever door it comes through; whoever forces it gives those types up: who calls them
//! is put out of work, and they are no types of the plug-in any more until a file has them again. A
//! type that something at work calls by its name neither goes nor gets another name.

use sluice_model::{Code, Error, Filter, Query, Remedy, Request, Result, Row, Uuid, Value, state::step::DISABLED};
use sluice_sandbox::PluginType;

use super::registration::Pushed;
use sluice_engine::{
    Batch, Unit,
    capability::TypeCaller,
    tables::{self, GIVEN_UP},
};

const OWN: &str = "a plug-in's file has every type that is registered";

/// The plug-in's types that were not given up.
fn registered(unit: &mut Unit, assembly: Uuid) -> Result<Vec<Row>> {
    let types = Query::new(tables::PLUGIN_TYPE)
        .columns(&["typename"])
        .filter(Filter::eq("pluginassemblyid", assembly).and(Filter::eq(GIVEN_UP, true).negated()));
    unit.select_as_platform(OWN, &types)
}

fn is_step(caller: &TypeCaller) -> bool {
    *caller.rest.table == *tables::STEP
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
    let mut callers = Vec::new();
    for plugin_type in &missing {
        for caller in unit.callers_of(plugin_type.id)? {
            let disabled = if caller.is_active { "" } else { " (disabled)" };
            let named = format!("the {} \"{}\"{disabled}", caller.word, caller.name);
            if !callers.contains(&named) {
                callers.push(named);
            }
        }
    }
    message.push_str(&match callers.as_slice() {
        [] => " Nothing calls what is missing; nothing was changed.".to_owned(),
        callers => format!(
            " These call what is missing: {}; nothing was changed.",
            callers.join(", ")
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

/// The registered types that the content of their plug-in lacks, a line each. That a content is not what
/// was pushed, or that nothing can be compiled here, is told elsewhere.
pub(super) fn sound(unit: &mut Unit) -> Result<Vec<String>> {
    let assemblies = Query::new(tables::ASSEMBLY).columns(&["name"]);
    let mut lines = Vec::new();
    for assembly in unit.select_as_platform(OWN, &assemblies)? {
        let Ok(types) = unit.declared_by(assembly.id) else {
            continue;
        };
        for row in registered(unit, assembly.id)? {
            let name = row.text("typename").unwrap_or_default();
            if lacks(&types, name) {
                let plugin = assembly.text("name").unwrap_or_default();
                lines.push(format!(
                    "the plug-in `{plugin}` has no type `{name}`, which is registered"
                ));
            }
        }
    }
    Ok(lines)
}

/// Gives up the types that the new content lacks, before it is written: who calls them is put out of
/// work. A type that no step names goes altogether.
pub(super) fn give_up(batch: &mut Batch<'_>, assembly: Uuid, types: &[PluginType], pushed: &mut Pushed) -> Result<()> {
    for row in registered(batch.unit(), assembly)? {
        let name = row.text("typename").unwrap_or_default();
        if !lacks(types, name) {
            continue;
        }
        pushed.given_up.push(name.to_owned());
        let callers = batch.unit().callers_of(row.id)?;
        let has_steps = callers.iter().any(is_step);
        for caller in callers.into_iter().filter(|caller| caller.is_active) {
            let list = match is_step(&caller) {
                true => &mut pushed.disabled,
                false => &mut pushed.deactivated,
            };
            let (id, is_step) = (caller.rest.id, is_step(&caller));
            list.push((id, caller.name));
            batch.execute(Request::update(caller.rest))?;
            if is_step {
                let remember = Row::new(tables::STEP, id).with("sl_enabledbefore", true);
                batch.execute(Request::update(remember))?;
            }
        }
        if !has_steps {
            batch.execute(Request::delete(row.reference()))?;
            continue;
        }
        mark(batch.unit(), row.id, Value::Bool(true))?;
    }
    Ok(())
}

/// Says whether a type was given up.
fn mark(unit: &mut Unit, plugin_type: Uuid, gone: Value) -> Result<()> {
    let row = Row::new(tables::PLUGIN_TYPE, plugin_type).with(GIVEN_UP, gone);
    unit.update_as_platform("note that a plug-in's file lacks a type, or has it again", row)
}

/// Types that were given up and that the new content has are types of the plug-in again.
pub(super) fn take_back(unit: &mut Unit, assembly: Uuid) -> Result<()> {
    let gone = Query::new(tables::PLUGIN_TYPE)
        .columns(&["typename"])
        .filter(Filter::eq("pluginassemblyid", assembly).and(Filter::eq(GIVEN_UP, true)));
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
        .filter(Filter::eq("pluginassemblyid", assembly).and(Filter::eq(GIVEN_UP, true)));
    for row in batch.unit().select_as_platform(OWN, &gone)? {
        if !batch.unit().callers_of(row.id)?.iter().any(is_step) {
            batch.execute(Request::delete(row.reference()))?;
        }
    }
    Ok(())
}

/// Refuses to take types away, or to name them anew, that something at work calls by its name. Steps
/// know their type as a row: what follows their type is said by the relationship.
pub(super) fn check_called(unit: &mut Unit, types: &[Uuid], what: &str) -> Result<()> {
    for plugin_type in types {
        let callers = unit.callers_of(*plugin_type)?;
        let Some(caller) = callers.iter().find(|caller| caller.is_active && !is_step(caller)) else {
            continue;
        };
        let message = format!(
            "the {} \"{}\" is active and calls {what}, so it cannot be removed and keeps its name: deactivate the {} first",
            caller.word, caller.name, caller.word
        );
        return Err(Error::new(Code::COMPONENT_IN_USE, message)
            .with_table(tables::PLUGIN_TYPE)
            .with_remedy(Remedy::DeactivateWorkflow)
            .with_word("WORKFLOW", caller.rest.id));
    }
    Ok(())
}

/// Refuses to put a step to work whose type was given up.
pub(super) fn check_step(unit: &mut Unit, step: &Row, plugin_type: &Row) -> Result<()> {
    if plugin_type.bool(GIVEN_UP) != Some(true) || DISABLED.is_of(step) {
        return Ok(());
    }
    check_type(unit, plugin_type)
}
