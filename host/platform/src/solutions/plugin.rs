//! Plug-ins in solutions: the component itself with its steps and their images. What belongs to
//! an organisation stays there: the secure configuration, the user that a step runs as, and the
//! capabilities that were granted to it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sluice_model::{
    Code, Error, Filter, Query, Reference, Remedy, Request, Result, Row, Uuid, Value, state::step::ENABLED,
};

use super::{Applied, Gone, Installation, document, misfit, removing, states};
use crate::{
    managed::MARK,
    plugins::{
        push::{self, DECLARED, DECLARED_CONFIGURATION, File, lacking},
        registration::{Assembly, ImageSpec, Lacking, PushOptions, StepSpec, limits_of},
        step_writing,
    },
};

use sluice_engine::{Engine, Session, step_rows, tables};

/// A plug-in as a file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Sent {
    version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The component, in Base64.
    content: String,
    steps: Vec<CarriedStep>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CarriedStep {
    id: Uuid,
    name: String,
    #[serde(rename = "type")]
    plugin_type: String,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    stage: i32,
    mode: i32,
    rank: i32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    filtering: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    configuration: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limits: Option<String>,
    auto_delete: bool,
    /// Whether the code declares it.
    declared: bool,
    enabled: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    images: Vec<Image>,
}

/// An image of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    kind: i32,
    alias: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    columns: Vec<String>,
}

/// A plug-in that is one: its component was loaded and asked what it declares.
pub(super) struct Plugin {
    sent: Sent,
    file: File,
}

impl Plugin {
    /// Checks that the content is a plug-in of this contract.
    pub(super) fn checked(engine: &Engine, name: &str, sent: Sent) -> Result<Self> {
        let checked = || {
            let bytes = BASE64_STANDARD
                .decode(&sent.content)
                .map_err(|error| Error::new(Code::NOT_A_PLUGIN, format!("its content is no Base64: {error}")))?;
            let mut file = File::read(engine, &bytes)?;
            // Which steps there are is said by the solution, not by the code.
            file.types.iter_mut().for_each(|declared| declared.steps.clear());
            sent.steps
                .iter()
                .try_for_each(|step| limits_of(step.mode, step.limits.as_deref()).map(|_| ()))?;
            Ok(file)
        };
        let file = checked().map_err(|mut error: Error| {
            let body = error.body_mut();
            body.message = format!("the plug-in `{name}`: {}; nothing was changed", body.message);
            error
        })?;
        Ok(Self { sent, file })
    }
}

pub(super) fn export(session: &Session, name: &str) -> Result<Json> {
    let query = Query::new(tables::ASSEMBLY).filter(Filter::eq("name", name));
    let assembly = session.list(query)?.pop().ok_or_else(|| {
        Error::new(Code::NOT_FOUND, format!("there is no plug-in `{name}`")).with_remedy(Remedy::ListPlugins)
    })?;
    let mut steps = Vec::new();
    let has = Filter::eq("pluginassemblyid", assembly.id).and(Filter::eq(tables::GIVEN_UP, true).negated());
    let types = Query::new(tables::PLUGIN_TYPE).filter(has);
    for plugin_type in session.list(types)? {
        let of_type = Query::new(tables::STEP).filter(Filter::eq("plugintypeid", plugin_type.id));
        for step in session.list(of_type)? {
            steps.push(export_step(session, text(&plugin_type, "typename"), &step)?);
        }
    }
    steps.sort_by_key(|step| step.id);
    document(&Sent {
        version: text(&assembly, "version").to_owned(),
        description: assembly.text("description").map(ToOwned::to_owned),
        content: text(&assembly, "content").to_owned(),
        steps,
    })
}

fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.text(column).unwrap_or_default()
}

fn strings(list: Option<&str>) -> Vec<String> {
    step_rows::names(list).iter().map(ToString::to_string).collect()
}

fn export_step(session: &Session, plugin_type: &str, step: &Row) -> Result<CarriedStep> {
    let name_of = |reference: Option<&Reference>, column: &str| -> Result<Option<String>> {
        let Some(reference) = reference else { return Ok(None) };
        let response = session.execute(Request::retrieve(reference.clone(), &[column]))?;
        Ok(response.row().and_then(|row| row.text(column)).map(ToOwned::to_owned))
    };
    let message = name_of(step.lookup("sdkmessageid"), "name")?.unwrap_or_default();
    let table = name_of(step.lookup("sdkmessagefilterid"), "primaryobjecttypecode")?;
    let of_step = Query::new(tables::STEP_IMAGE)
        .filter(Filter::eq("sdkmessageprocessingstepid", step.id))
        .order_by("createdon");
    let images = session.list(of_step)?;
    let optional = |column: &str| step.text(column).map(ToOwned::to_owned);
    Ok(CarriedStep {
        id: step.id,
        name: text(step, "name").to_owned(),
        plugin_type: plugin_type.to_owned(),
        message,
        table: table.filter(|table| table != "none"),
        stage: step.int("stage").unwrap_or_default(),
        mode: step.int("mode").unwrap_or_default(),
        rank: step.int("rank").unwrap_or(1),
        filtering: strings(step.text("filteringattributes")),
        description: optional("description"),
        configuration: optional("configuration"),
        limits: optional("sl_limits"),
        auto_delete: step.bool("asyncautodelete") == Some(true),
        declared: step.text("sl_origin") == Some(DECLARED),
        enabled: ENABLED.is_of(step),
        images: images
            .iter()
            .map(|image| Image {
                kind: image.int("imagetype").unwrap_or_default(),
                alias: text(image, "entityalias").to_owned(),
                columns: strings(image.text("attributes")),
            })
            .collect(),
    })
}

pub(super) fn apply(work: &mut Installation<'_, '_>, name: &str, plugin: &Plugin) -> Result<Applied> {
    let assembly = Assembly {
        name: name.to_owned(),
        bytes: Vec::new(),
        description: plugin.sent.description.clone(),
    };
    let there = work.batch.select_as_platform(
        "see which plug-ins and steps a solution meets",
        tables::ASSEMBLY,
        Filter::eq("name", name),
    )?;
    if work.managed && there.iter().any(|row| row.bool(MARK) != Some(true)) {
        work.taken.push(String::new());
    }
    let options = PushOptions {
        force: work.force,
        version: Some(plugin.sent.version.clone()),
        ..PushOptions::default()
    };
    let pushed = push::push(work.batch, &assembly, &plugin.file, &options)?;
    work.disabled.extend(pushed.disabled.iter().cloned());
    work.deactivated.extend(pushed.deactivated.iter().cloned());
    let mut change = Row::new(tables::ASSEMBLY, pushed.id);
    mark(work, &mut change);
    if !change.values.is_empty() {
        work.batch.execute(Request::update(change))?;
    }
    let types = types_of(work, pushed.id)?;
    for row in &types {
        let mut change = row_of(row);
        mark(work, &mut change);
        if !change.values.is_empty() && row.bool(MARK) != Some(true) {
            work.batch.execute(Request::update(change))?;
        }
    }
    let mut parts = Vec::new();
    for step in &plugin.sent.steps {
        let plugin_type = types.iter().find(|row| text(row, "typename") == step.plugin_type);
        let plugin_type = plugin_type.ok_or_else(|| {
            misfit(format!(
                "the step \"{}\" runs `{}`, which the plug-in `{name}` does not have",
                step.name, step.plugin_type
            ))
        })?;
        let wants = plugin.file.types.iter().find(|kind| kind.name == step.plugin_type);
        let wants = wants.map_or(&[][..], |kind| kind.wants.as_slice());
        parts.push(put_step(work, &types, (plugin_type.id, wants), step)?.to_string());
    }
    Ok(Applied {
        row: Some(pushed.id),
        parts,
    })
}

fn row_of(row: &Row) -> Row {
    Row::new(row.table.clone(), row.id)
}

fn mark(work: &Installation<'_, '_>, change: &mut Row) {
    if work.managed {
        change.set(MARK, true);
    }
}

fn types_of(work: &mut Installation<'_, '_>, assembly: Uuid) -> Result<Vec<Row>> {
    work.batch.select_as_platform(
        "see which plug-ins and steps a solution meets",
        tables::PLUGIN_TYPE,
        Filter::eq("pluginassemblyid", assembly),
    )
}

fn spec(step: &CarriedStep) -> StepSpec {
    StepSpec {
        message: step.message.clone(),
        table: step.table.clone(),
        stage: step.stage,
        mode: step.mode,
        rank: step.rank,
        name: Some(step.name.clone()),
        description: step.description.clone(),
        filtering: step.filtering.clone(),
        images: images(step),
        configuration: step.configuration.clone(),
        limits: step.limits.clone(),
        auto_delete: step.auto_delete,
        ..StepSpec::default()
    }
}

fn images(step: &CarriedStep) -> Vec<ImageSpec> {
    let images = step.images.iter().map(|image| ImageSpec {
        kind: image.kind,
        alias: image.alias.clone(),
        columns: image.columns.clone(),
    });
    images.collect()
}

/// Registers a step, or brings the one that is there to what was sent; its id. Whether one that
/// is there is enabled is decided where it runs.
fn put_step(
    work: &mut Installation<'_, '_>,
    types: &[Row],
    (plugin_type, wants): (Uuid, &[String]),
    step: &CarriedStep,
) -> Result<Uuid> {
    let (message, filter) = step_writing::message_and_filter(work.batch, &step.message, step.table.as_deref())
        .map_err(|error| misfit(format!("the step \"{}\": {}", step.name, error.message())))?;
    let mut all = Vec::new();
    for row in types {
        all.extend(work.batch.select_as_platform(
            "see which plug-ins and steps a solution meets",
            tables::STEP,
            Filter::eq("plugintypeid", row.id),
        )?);
    }
    let alike = |row: &&Row| {
        row.id_of("plugintypeid") == Some(plugin_type)
            && row.id_of("sdkmessageid") == Some(message)
            && row.id_of("sdkmessagefilterid") == filter
            && row.int("stage") == Some(step.stage)
            && text(row, "name") == step.name
    };
    let there = all
        .iter()
        .find(|row| row.id == step.id)
        .or_else(|| all.iter().find(alike));
    let Some(there) = there else {
        return register(work, (plugin_type, wants), step);
    };
    let reference =
        |table: &'static str, id: Option<Uuid>| id.map_or(Value::Null, |id| Value::Lookup(Reference::new(table, id)));
    let optional = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
    let filtering = Some(step.filtering.join(",")).filter(|text| !text.is_empty());
    let wanted = [
        ("plugintypeid", reference(tables::PLUGIN_TYPE, Some(plugin_type))),
        ("eventhandler", reference(tables::PLUGIN_TYPE, Some(plugin_type))),
        ("sdkmessageid", reference(tables::MESSAGE, Some(message))),
        ("sdkmessagefilterid", reference(tables::MESSAGE_FILTER, filter)),
        ("name", Value::from(step.name.as_str())),
        ("stage", Value::Choice(step.stage)),
        ("mode", Value::Choice(step.mode)),
        ("rank", Value::Int(step.rank)),
        ("filteringattributes", filtering.map_or(Value::Null, Value::from)),
        ("description", optional(&step.description)),
        ("configuration", optional(&step.configuration)),
        ("sl_limits", optional(&step.limits)),
        ("asyncautodelete", Value::Bool(step.auto_delete)),
    ];
    let mut change = changed(work, there, step, wanted);
    if there.bool(MARK) != Some(true) {
        mark(work, &mut change);
        if work.managed {
            work.taken.push(step.name.clone());
        }
    }
    if !change.values.is_empty() {
        work.batch.execute(Request::update(change))?;
    }
    if step_writing::images_of(work.batch, there.id)? != images(step) {
        step_writing::set_images(work.batch, there.id, &images(step))?;
    }
    Ok(there.id)
}

/// What of a step differs from what the solution brings, without a configuration that an administrator set.
fn changed(
    work: &mut Installation<'_, '_>,
    there: &Row,
    step: &CarriedStep,
    wanted: impl IntoIterator<Item = (&'static str, Value)>,
) -> Row {
    let mut change = row_of(there);
    for (column, value) in wanted {
        if there.get(column).cloned().unwrap_or(Value::Null) == value {
            continue;
        }
        if column == "configuration" && !work.configuration && is_own(there, &value) {
            work.kept_configurations.push(step.name.clone());
            continue;
        }
        change.set(column, value);
    }
    // A push goes by what the push before it declared.
    if change.has("configuration") && !was_pushed(there) {
        let came = step.configuration.as_deref().map_or(Value::Null, Value::from);
        change.set(DECLARED_CONFIGURATION, came);
    }
    change
}

/// Whether a step is here by a push, and not by a managed solution.
fn was_pushed(there: &Row) -> bool {
    there.text("sl_origin") == Some(DECLARED) && there.bool(MARK) != Some(true)
}

/// Whether an administrator set the configuration of a step: it differs from what came last. Where nothing was noted
/// then, what a push left is an administrator's, and what an import left is the solution's.
fn is_own(there: &Row, sent: &Value) -> bool {
    let came = there.get(DECLARED_CONFIGURATION).filter(|came| !came.is_null());
    match came {
        None => sent.is_null() || was_pushed(there) && there.text("configuration").is_some(),
        came => came != there.get("configuration"),
    }
}

/// Nobody here has granted a new step anything: one that asks for something arrives disabled.
fn register(
    work: &mut Installation<'_, '_>,
    (plugin_type, wants): (Uuid, &[String]),
    step: &CarriedStep,
) -> Result<Uuid> {
    let taken = removing::is_taken(work, tables::STEP, step.id)?;
    let id = if taken { Uuid::nil() } else { step.id };
    let id = step_writing::register_as(work.batch, id, plugin_type, &spec(step))?;
    let mut change = Row::new(tables::STEP, id);
    mark(work, &mut change);
    if step.declared {
        change.set("sl_origin", DECLARED);
    }
    if let Some(configuration) = &step.configuration {
        change.set(DECLARED_CONFIGURATION, configuration.as_str());
    }
    if !change.values.is_empty() {
        work.batch.execute(Request::update(change))?;
    }
    let lacks = lacking(wants, &[]);
    if !step.enabled || !lacks.is_empty() {
        states::set_step_enabled(work, id, false)?;
    }
    if !lacks.is_empty() {
        work.lacking.push(Lacking {
            step: (id, step.name.clone()),
            grants: lacks,
            held: Vec::new(),
            disabled: true,
        });
    }
    Ok(id)
}

/// All steps of a plug-in.
fn steps_of(work: &mut Installation<'_, '_>, assembly: Uuid) -> Result<Vec<Row>> {
    let mut steps = Vec::new();
    for row in types_of(work, assembly)? {
        steps.extend(work.batch.select_as_platform(
            "see which plug-ins and steps a solution meets",
            tables::STEP,
            Filter::eq("plugintypeid", row.id),
        )?);
    }
    Ok(steps)
}

/// A plug-in that steps or workflows of the organisation's own call is not taken from under them.
pub(super) fn in_use(work: &mut Installation<'_, '_>, gone: &Gone) -> Result<Option<String>> {
    let (Some(assembly), true) = (gone.row, gone.whole) else {
        return Ok(None);
    };
    for row in types_of(work, assembly)? {
        let callers = work.batch.unit().callers_of(row.id)?;
        if let Some(own) = callers.iter().find(|caller| !caller.is_managed) {
            let (word, name) = (own.word, &own.name);
            return Ok(Some(format!("the {word} \"{name}\", which is your own, calls it")));
        }
    }
    Ok(None)
}

pub(super) fn remove(work: &mut Installation<'_, '_>, gone: &Gone) -> Result<()> {
    let Some(assembly) = gone.row else { return Ok(()) };
    for step in steps_of(work, assembly)? {
        if gone.whole || gone.parts.contains(&step.id.to_string()) {
            removing::delete(work, tables::STEP, Some(step.id))?;
        }
    }
    if gone.whole {
        removing::delete(work, tables::ASSEMBLY, Some(assembly))?;
    }
    Ok(())
}

pub(super) fn release(work: &mut Installation<'_, '_>, gone: &Gone) -> Result<()> {
    let Some(assembly) = gone.row else { return Ok(()) };
    for step in steps_of(work, assembly)? {
        removing::release(work, tables::STEP, Some(step.id))?;
    }
    for row in types_of(work, assembly)? {
        removing::release(work, tables::PLUGIN_TYPE, Some(row.id))?;
    }
    removing::release(work, tables::ASSEMBLY, Some(assembly))
}
