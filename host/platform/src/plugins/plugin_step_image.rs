//! Which images a step may have.

use sluice_model::{Code, Error, Filter, Query, Reference, Result, Row, Uuid, Value};

use super::plugin_step::columns_of;
use sluice_engine::{Operation, Unit, Why, giving, message::Images, rules::Rules, step, step_rows, tables};

pub(super) struct PluginStepImage;

impl Rules for PluginStepImage {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        if let Some(row) = operation.target_mut() {
            if !row.has("messagepropertyname") {
                row.set("messagepropertyname", Value::from("Target"));
            }
            let whole = row.clone();
            let columns = check(unit, &whole)?;
            check_step(unit, operation, &whole)?;
            set_columns(operation, columns);
        }
        Ok(())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let mut whole = before.clone();
        whole.values.extend(operation.target()?.values.clone());
        let columns = check(unit, &whole)?;
        check_step(unit, operation, before)?;
        check_step(unit, operation, &whole)?;
        set_columns(operation, columns);
        Ok(())
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        // An image goes with its step.
        if operation.why() == Why::Along {
            return Ok(());
        }
        let image = unit.need_as_platform(
            "an image fits the step that it belongs to",
            &Reference::new(tables::STEP_IMAGE, operation.id()?),
        )?;
        check_step(unit, operation, &image)
    }
}

/// What a step sees is a part of what it does.
fn check_step(unit: &mut Unit, operation: &Operation, image: &Row) -> Result<()> {
    match image.id_of("sdkmessageprocessingstepid") {
        Some(step) => {
            let step = unit.need_as_platform(
                "an image fits the step that it belongs to",
                &Reference::new(tables::STEP, step),
            )?;
            giving::check_step(unit, operation, &step)
        }
        None => Ok(()),
    }
}

/// The columns stand in the row as the table names them.
fn set_columns(operation: &mut Operation, columns: Option<String>) {
    if let (Some(columns), Some(target)) = (columns, operation.target_mut())
        && target.has("attributes")
    {
        target.set("attributes", columns);
    }
}

/// Checks an image in its step; its columns, as the table names them.
fn check(unit: &mut Unit, image: &Row) -> Result<Option<String>> {
    let step_id = image
        .id_of("sdkmessageprocessingstepid")
        .ok_or_else(|| Error::invalid("an image belongs to a step"))?;
    let step_row = unit.need_as_platform(
        "an image fits the step that it belongs to",
        &Reference::new(tables::STEP, step_id),
    )?;
    let columns = check_with(unit, image, &step_row)?;
    check_alias(unit, image, step_id)?;
    Ok(columns)
}

/// Checks that the images that a step has fit the step as it will be.
pub(super) fn check_all(unit: &mut Unit, step: &Row) -> Result<()> {
    let reason = "an image fits the step that it belongs to";
    let query = Query::new(tables::STEP_IMAGE).filter(Filter::eq("sdkmessageprocessingstepid", step.id));
    for image in unit.select_as_platform(reason, &query)? {
        check_with(unit, &image, step)?;
    }
    Ok(())
}

/// Checks an image with the step that it belongs to; its columns, as the table names them.
fn check_with(unit: &mut Unit, image: &Row, step_row: &Row) -> Result<Option<String>> {
    let message = unit.need_as_platform(
        "an image fits the step that it belongs to",
        &Reference::new(tables::MESSAGE, step_row.id_of("sdkmessageid").unwrap_or_default()),
    )?;
    let message = message.text("name").unwrap_or_default().to_owned();
    let offered = unit.message(&message)?.shape().images;
    let kind = image.int("imagetype").unwrap_or_default();
    if offered == Images::None {
        return Err(Error::new(
            Code::IMAGE_NOT_SUPPORTED,
            format!("Message '{message}' does not support image registration."),
        ));
    }
    let before = kind != step::image::AFTER;
    let after = kind != step::image::BEFORE;
    if (before && offered == Images::After) || (after && offered == Images::Before) {
        return Err(Error::new(
            Code::IMAGE_TYPE,
            format!("Message {message} does not support this image type."),
        ));
    }
    if after && step_row.int("stage") != Some(step::POST_OPERATION) {
        return Err(Error::new(
            Code::IMAGE_BEFORE_OPERATION,
            "PreEvent step registration does not support Post Image.",
        ));
    }
    let columns = step_rows::names(image.text("attributes"));
    if let Some(filter) = step_row.id_of("sdkmessagefilterid") {
        let filter = unit.need_as_platform(
            "an image fits the step that it belongs to",
            &Reference::new(tables::MESSAGE_FILTER, filter),
        )?;
        if let Some(table) = filter
            .text("primaryobjecttypecode")
            .and_then(|name| unit.configuration().catalog().find(name))
        {
            return Ok(Some(columns_of(table, &columns)?).filter(|columns| !columns.is_empty()));
        }
    }
    Ok(None)
}

/// A plug-in asks for an image by its alias, so that a step has no two of one alias that are both
/// of the row before, or both of the row after.
fn check_alias(unit: &mut Unit, image: &Row, of: Uuid) -> Result<()> {
    let Some(alias) = image.text("entityalias") else {
        return Ok(());
    };
    let kind = |row: &Row| row.int("imagetype").unwrap_or_default();
    let of_step = Filter::eq("sdkmessageprocessingstepid", of);
    let others = unit.select_as_platform(
        "a step has one image of an alias",
        &Query::new(tables::STEP_IMAGE).filter(of_step),
    )?;
    let same = others.iter().find(|other| {
        let both_before = kind(other) != step::image::AFTER && kind(image) != step::image::AFTER;
        let both_after = kind(other) != step::image::BEFORE && kind(image) != step::image::BEFORE;
        other.id != image.id && other.text("entityalias") == Some(alias) && (both_before || both_after)
    });
    match same {
        None => Ok(()),
        Some(_) => Err(Error::invalid(format!(
            "the step has an image with the alias `{alias}` already, of the row at the same moment; a plug-in could ask \
             for one of them only"
        ))
        .with_table(tables::STEP_IMAGE)),
    }
}
