//! The rows of which a step is made: the step, its images, its secure configuration, its message and filter.

use sluice_engine::{Batch, tables};
use sluice_model::{Code, Error, Filter, Query, Reference, Remedy, Request, Result, Row, Uuid, Value};

use super::registration::{ImageSpec, StepSpec};

pub(super) fn register(batch: &mut Batch<'_>, plugin_type: Uuid, spec: &StepSpec) -> Result<Uuid> {
    register_as(batch, Uuid::nil(), plugin_type, spec)
}

/// As [`register`], under an id that the caller chose, unless it is nil.
pub(crate) fn register_as(batch: &mut Batch<'_>, id: Uuid, plugin_type: Uuid, spec: &StepSpec) -> Result<Uuid> {
    let (message, filter) = message_and_filter(batch, &spec.message, spec.table.as_deref())?;
    let mut row = Row::new(tables::STEP, id)
        .with("plugintypeid", Reference::new(tables::PLUGIN_TYPE, plugin_type))
        .with("sdkmessageid", Reference::new(tables::MESSAGE, message))
        .with("stage", Value::Choice(spec.stage));
    if let Some(filter) = filter {
        row.set("sdkmessagefilterid", Reference::new(tables::MESSAGE_FILTER, filter));
    }
    for (column, value) in declared_columns(spec) {
        if !value.is_null() {
            row.set(column, value);
        }
    }
    if let Some(name) = &spec.name {
        row.set("name", name.as_str());
    }
    if let Some(user) = spec.run_as {
        row.set("impersonatinguserid", Reference::new(tables::USER, user));
    }
    if !spec.grants.is_empty() {
        row.set("sl_grants", spec.grants.join(","));
    }
    if let Some(limits) = &spec.limits {
        row.set("sl_limits", limits.as_str());
    }
    row.set("asyncautodelete", spec.auto_delete);
    if let Some(secure) = &spec.secure {
        row.set(
            "sdkmessageprocessingstepsecureconfigid",
            secure_configuration(batch, secure)?,
        );
    }
    let id = batch.create(row)?;
    set_images(batch, id, &spec.images)?;
    Ok(id)
}

pub(super) fn secure_configuration(batch: &mut Batch<'_>, secure: &str) -> Result<Reference> {
    let row = Row::unsaved(tables::SECURE_CONFIG).with("secureconfig", secure);
    Ok(Reference::new(tables::SECURE_CONFIG, batch.create(row)?))
}

/// Writes the secret into the row that the step has, or gives the step one. An empty text
/// takes it away, row and all.
pub(super) fn change_secure_configuration(batch: &mut Batch<'_>, step: &mut Row, secure: &str) -> Result<()> {
    const COLUMN: &str = "sdkmessageprocessingstepsecureconfigid";
    let now = batch.execute(Request::retrieve(Reference::new(tables::STEP, step.id), &[COLUMN]))?;
    let held = now.row().and_then(|row| row.lookup(COLUMN).cloned());
    match held {
        // The secret goes with the last step that has it.
        Some(_) if secure.is_empty() => {
            let emptied = Row::new(tables::STEP, step.id).with(COLUMN, Value::Null);
            batch.execute(Request::update(emptied))?;
        }
        Some(held) => {
            batch.execute(Request::update(
                Row::new(tables::SECURE_CONFIG, held.id).with("secureconfig", secure),
            ))?;
        }
        None if secure.is_empty() => {}
        None => step.set(COLUMN, secure_configuration(batch, secure)?),
    }
    Ok(())
}

pub(crate) fn set_images(batch: &mut Batch<'_>, step: Uuid, images: &[ImageSpec]) -> Result<()> {
    let of_step = Filter::eq("sdkmessageprocessingstepid", step);
    for old in batch.list(Query::new(tables::STEP_IMAGE).columns(&[]).filter(of_step))? {
        batch.execute(Request::delete(old.reference()))?;
    }
    for image in images {
        let mut row = Row::unsaved(tables::STEP_IMAGE)
            .with("sdkmessageprocessingstepid", Reference::new(tables::STEP, step))
            .with("name", image.alias.as_str())
            .with("entityalias", image.alias.as_str())
            .with("imagetype", Value::Choice(image.kind))
            .with("messagepropertyname", "Target");
        if !image.columns.is_empty() {
            row.set("attributes", image.columns.join(","));
        }
        batch.create(row)?;
    }
    Ok(())
}

pub(crate) fn images_of(batch: &mut Batch<'_>, step: Uuid) -> Result<Vec<ImageSpec>> {
    let query = Query::new(tables::STEP_IMAGE)
        .filter(Filter::eq("sdkmessageprocessingstepid", step))
        .order_by("createdon");
    let rows = batch.list(query)?;
    let image = |row: &Row| ImageSpec {
        kind: row.int("imagetype").unwrap_or_default(),
        alias: row.text("entityalias").unwrap_or_default().to_owned(),
        columns: sluice_engine::step_rows::names(row.text("attributes"))
            .iter()
            .map(ToString::to_string)
            .collect(),
    };
    Ok(rows.iter().map(image).collect())
}

pub(crate) fn message_and_filter(
    batch: &mut Batch<'_>,
    message: &str,
    table: Option<&str>,
) -> Result<(Uuid, Option<Uuid>)> {
    // Nearly the name of one is told; a request's own name for one is known.
    let message = batch.unit().message(message)?.name();
    let row = batch
        .list(
            Query::new(tables::MESSAGE)
                .columns(&["name"])
                .filter(Filter::eq("name", message)),
        )?
        .pop();
    let row = row.ok_or_else(|| Error::new(Code::MESSAGE_UNKNOWN, format!("there is no message `{message}`")))?;
    let Some(table) = table else { return Ok((row.id, None)) };
    batch.unit().snapshot()?.table(table)?;
    let filter = Filter::eq("sdkmessageid", row.id).and(Filter::eq("primaryobjecttypecode", table));
    let filter = batch
        .list(Query::new(tables::MESSAGE_FILTER).columns(&[]).filter(filter))?
        .pop();
    let filter = filter.ok_or_else(|| {
        Error::new(
            Code::STEP_NOT_ALLOWED,
            format!("Custom SdkMessageProcessingStep is not allowed on the specified message and entity. ({message} of {table})"),
        )
    })?;
    Ok((row.id, Some(filter.id)))
}

pub(super) fn plugin_type(batch: &mut Batch<'_>, name: &str) -> Result<Uuid> {
    let (assembly, kind) = match name.split_once('/') {
        Some((assembly, kind)) => (Some(assembly), kind),
        None => (None, name),
    };
    let mut filter = Filter::eq("typename", kind).and(Filter::eq(tables::GIVEN_UP, true).negated());
    if let Some(assembly) = assembly {
        let rows = batch.list(
            Query::new(tables::ASSEMBLY)
                .columns(&[])
                .filter(Filter::eq("name", assembly)),
        )?;
        let id = rows.first().map(|row| row.id).ok_or_else(|| {
            Error::new(Code::NOT_FOUND, format!("there is no plug-in `{assembly}`")).with_remedy(Remedy::ListPlugins)
        })?;
        filter = filter.and(Filter::eq("pluginassemblyid", id));
    }
    let rows = batch.list(Query::new(tables::PLUGIN_TYPE).columns(&["typename"]).filter(filter))?;
    match rows.as_slice() {
        [row] => Ok(row.id),
        [] => Err(
            Error::new(Code::NOT_FOUND, format!("there is no plug-in type `{name}`")).with_remedy(Remedy::ListPlugins),
        ),
        _ => Err(Error::new(
            Code::AMBIGUOUS,
            format!("several plug-ins have a type `{kind}`; name it as ASSEMBLY/{kind}"),
        )),
    }
}

/// The columns that a declaration decides on.
pub(super) fn declared_columns(spec: &StepSpec) -> Vec<(&'static str, Value)> {
    let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
    let filtering = spec.filtering.join(",");
    vec![
        ("rank", Value::Int(spec.rank)),
        ("mode", Value::Choice(spec.mode)),
        (
            "filteringattributes",
            if filtering.is_empty() {
                Value::Null
            } else {
                Value::from(filtering)
            },
        ),
        ("configuration", text(&spec.configuration)),
        ("description", text(&spec.description)),
    ]
}
