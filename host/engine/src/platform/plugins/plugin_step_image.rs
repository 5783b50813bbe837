//! Which images a step may have. Source: the platform reference §1.5.

use sluice_model::{Code, Error, Result, Row, Value, coerce};

use crate::{
    Operation, Unit, Why, giving,
    message::Images,
    rules::{Rules, read},
    step, step_rows, tables,
};

pub(super) struct PluginStepImage;

impl Rules for PluginStepImage {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        if let Some(row) = &mut operation.context.target {
            if !row.has("messagepropertyname") {
                row.set("messagepropertyname", Value::from("Target"));
            }
            let whole = row.clone();
            check(unit, &whole)?;
            check_step(unit, operation, &whole)?;
        }
        Ok(())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let mut whole = before.clone();
        whole.values.extend(operation.target()?.values.clone());
        check(unit, &whole)?;
        check_step(unit, operation, before)?;
        check_step(unit, operation, &whole)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        // An image goes with its step.
        if operation.why == Why::Along {
            return Ok(());
        }
        let image = read(
            unit,
            "an image fits the step that it belongs to",
            tables::STEP_IMAGE,
            operation.id()?,
        )?;
        check_step(unit, operation, &image)
    }
}

/// What a step sees is a part of what it does.
fn check_step(unit: &mut Unit, operation: &Operation, image: &Row) -> Result<()> {
    match image.id_of("sdkmessageprocessingstepid") {
        Some(step) => {
            let step = read(unit, "an image fits the step that it belongs to", tables::STEP, step)?;
            giving::check_step(unit, operation, &step)
        }
        None => Ok(()),
    }
}

fn check(unit: &mut Unit, image: &Row) -> Result<()> {
    let step_id = image
        .id_of("sdkmessageprocessingstepid")
        .ok_or_else(|| Error::invalid("an image belongs to a step"))?;
    let step_row = read(unit, "an image fits the step that it belongs to", tables::STEP, step_id)?;
    let message = read(
        unit,
        "an image fits the step that it belongs to",
        tables::MESSAGE,
        step_row.id_of("sdkmessageid").unwrap_or_default(),
    )?;
    let message = message.text("name").unwrap_or_default().to_owned();
    let offered = unit.core.message(&message)?.shape().images;
    let kind = image.int("imagetype").unwrap_or_default();
    if offered == Images::None {
        return Err(Error::new(
            Code::IMAGE_NOT_SUPPORTED,
            format!("Message '{message}' does not support image registration."),
        ));
    }
    let before = kind != 1;
    let after = kind != 0;
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
    if let Some(filter) = step_row.id_of("sdkmessagefilterid") {
        let filter = read(
            unit,
            "an image fits the step that it belongs to",
            tables::MESSAGE_FILTER,
            filter,
        )?;
        if let Some(table) = filter
            .text("primaryobjecttypecode")
            .and_then(|name| unit.snapshot.catalog.find(name))
        {
            for name in step_rows::names(image.text("attributes")) {
                coerce::column(table, &name)?;
            }
        }
    }
    Ok(())
}
