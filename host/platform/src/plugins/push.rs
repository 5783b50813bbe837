//! A plug-in file that is pushed: what it declares, its types, and the steps that it asks for.

use sluice_engine::{Batch, Engine, tables};
use sluice_model::{Code, Error, Filter, Query, Reference, Request, Result, Row, Uuid, Value};
use sluice_sandbox::{DeclaredStep, PluginType};

use super::registration::{
    Assembly, ImageSpec, Pushed, StepSpec, declared_columns, images_of, message_and_filter, register, set_images,
    step_name, steps_of,
};

/// What a component declares; run once, under limits.
pub(crate) fn describe(engine: &Engine, component: &[u8]) -> Result<Vec<PluginType>> {
    let sandbox = engine.sandbox()?;
    let types = sandbox.describe(&sandbox.load(component)?)?;
    let mut names: Vec<&str> = types.iter().map(|plugin_type| plugin_type.name.as_str()).collect();
    names.sort_unstable();
    if let Some([twice, _]) = names.windows(2).find(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(Error::new(
            Code::PLUGIN_TYPE_TWICE,
            format!(
                "Multiple plug-in types from the same assembly and with the same typename are not allowed. (`{twice}`)"
            ),
        ));
    }
    if names.is_empty() {
        return Err(Error::new(
            Code::NO_PLUGIN_TYPE,
            "the file declares no plug-in; name one in `export!`",
        ));
    }
    Ok(types)
}

/// [`super::registration::Registration::push`] as a part of a batch.
pub(crate) fn push(
    batch: &mut Batch<'_>,
    assembly: &Assembly,
    digest: &str,
    content: &str,
    types: &[PluginType],
    prune: bool,
) -> Result<Pushed> {
    let id = write_assembly(batch, assembly, digest, content)?;
    let mut pushed = Pushed {
        id,
        ..Pushed::default()
    };
    let known = Query::new(tables::PLUGIN_TYPE).filter(Filter::eq("pluginassemblyid", id));
    let known = batch.list(known)?;
    let mut declared = Vec::new();
    for plugin_type in types {
        let existing = known.iter().find(|row| row.text("typename") == Some(&plugin_type.name));
        let type_id = write_type(batch, id, existing, plugin_type)?;
        pushed.types.push(plugin_type.name.clone());
        if !plugin_type.wants.is_empty() {
            pushed.wants.push((plugin_type.name.clone(), plugin_type.wants.clone()));
        }
        for step in &plugin_type.steps {
            declared.push(write_step(
                batch,
                type_id,
                &assembly.name,
                plugin_type,
                step,
                &mut pushed,
            )?);
        }
    }
    for step in steps_of(batch, id)? {
        if declared.contains(&step.id) || step.text("sl_origin") != Some(DECLARED) {
            continue;
        }
        let entry = (step.id, step.text("name").unwrap_or_default().to_owned());
        pushed.undeclared.push(entry.clone());
        if prune {
            batch.execute(Request::delete(step.reference()))?;
            pushed.removed.push(entry);
        }
    }
    if prune {
        for gone in known
            .iter()
            .filter(|row| !types.iter().any(|kind| row.text("typename") == Some(&kind.name)))
        {
            batch.execute(Request::delete(gone.reference()))?;
        }
    }
    Ok(pushed)
}

fn write_assembly(batch: &mut Batch<'_>, assembly: &Assembly, digest: &str, content: &str) -> Result<Uuid> {
    let query = Query::new(tables::ASSEMBLY)
        .columns(&["sourcehash"])
        .filter(Filter::eq("name", assembly.name.as_str()));
    let existing = batch.list(query)?.pop();
    let mut row = Row::unsaved(tables::ASSEMBLY);
    if let Some(description) = &assembly.description {
        row.set("description", description.as_str());
    }
    match existing {
        Some(existing) => {
            row.id = existing.id;
            if existing.text("sourcehash") != Some(digest) {
                row.set("content", content);
            }
            if !row.values.is_empty() {
                batch.execute(Request::update(row))?;
            }
            Ok(existing.id)
        }
        None => {
            row.set("name", assembly.name.as_str());
            row.set("content", content);
            row.set("version", "1.0.0.0");
            row.set("isolationmode", Value::Choice(2));
            row.set("sourcetype", Value::Choice(0));
            batch.create(row)
        }
    }
}

fn write_type(batch: &mut Batch<'_>, id: Uuid, existing: Option<&Row>, declared: &PluginType) -> Result<Uuid> {
    match existing {
        Some(row) => {
            if row.text("description").unwrap_or_default() != declared.description {
                let row = Row::new(tables::PLUGIN_TYPE, row.id).with("description", declared.description.as_str());
                batch.execute(Request::update(row))?;
            }
            Ok(row.id)
        }
        None => batch.create(
            Row::unsaved(tables::PLUGIN_TYPE)
                .with("name", declared.name.as_str())
                .with("typename", declared.name.as_str())
                .with("friendlyname", declared.name.as_str())
                .with("description", declared.description.as_str())
                .with("pluginassemblyid", Reference::new(tables::ASSEMBLY, id)),
        ),
    }
}

/// Adds or updates a declared step: it is known by type, message, table and stage.
fn write_step(
    batch: &mut Batch<'_>,
    plugin_type: Uuid,
    assembly: &str,
    kind: &PluginType,
    step: &DeclaredStep,
    pushed: &mut Pushed,
) -> Result<Uuid> {
    let spec = declared(assembly, kind, step);
    let (message, filter) = message_and_filter(batch, &spec.message, spec.table.as_deref())?;
    let same = Filter::eq("plugintypeid", plugin_type)
        .and(Filter::eq("sdkmessageid", message))
        .and(Filter::eq("stage", Value::Choice(spec.stage)))
        .and(Filter::eq("sdkmessagefilterid", filter.map_or(Value::Null, Value::Id)));
    let existing = batch.list(Query::new(tables::STEP).filter(same))?.into_iter().next();
    let Some(existing) = existing else {
        let id = register(batch, plugin_type, &spec)?;
        let mark = Row::new(tables::STEP, id).with("sl_origin", DECLARED);
        batch.execute(Request::update(mark))?;
        pushed.added.push((id, step_name(batch, id)?));
        return Ok(id);
    };
    let mut row = Row::new(tables::STEP, existing.id);
    for (column, value) in declared_columns(&spec) {
        let now = existing.get(column).cloned().unwrap_or(Value::Null);
        if now != value {
            row.set(column, value);
        }
    }
    let images_differ = images_of(batch, existing.id)? != spec.images;
    if !row.values.is_empty() || images_differ {
        if !row.values.is_empty() {
            batch.execute(Request::update(row))?;
        }
        if images_differ {
            set_images(batch, existing.id, &spec.images)?;
        }
        pushed
            .updated
            .push((existing.id, existing.text("name").unwrap_or_default().to_owned()));
    }
    Ok(existing.id)
}

/// `sl_origin` of a step that a push made from a declaration.
pub(crate) const DECLARED: &str = "declared";

fn declared(assembly: &str, kind: &PluginType, step: &DeclaredStep) -> StepSpec {
    StepSpec {
        plugin: format!("{assembly}/{}", kind.name),
        message: step.message.clone(),
        table: Some(step.table.clone()).filter(|table| !table.is_empty()),
        stage: step.stage,
        mode: step.mode,
        rank: step.rank,
        description: Some(step.description.clone()).filter(|text| !text.is_empty()),
        filtering: step.filtering_columns.clone(),
        images: step
            .images
            .iter()
            .map(|image| ImageSpec {
                kind: match image.kind.as_str() {
                    "pre" => 0,
                    "post" => 1,
                    _ => 2,
                },
                alias: image.alias.clone(),
                columns: image.columns.clone(),
            })
            .collect(),
        configuration: step.configuration.clone(),
        ..StepSpec::default()
    }
}
