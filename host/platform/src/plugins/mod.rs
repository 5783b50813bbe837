//! Plug-ins and their steps as a capability, and what of them depends on tables and columns.

pub(crate) mod history;
mod missing;
pub mod needs;
mod plugin_assembly;
mod plugin_step;
mod plugin_step_image;
mod plugin_type;
pub(crate) mod push;
pub(crate) mod registration;
mod secure_configuration;
pub(crate) mod step_writing;
mod telling;

use std::collections::BTreeSet;

use sluice_model::{Comparison, Filter, Query, Result, Row, Uuid, Value, state::step::ENABLED};

use sluice_engine::{
    Meaning, Unit,
    capability::{CalledType, Capability, Dependant, Dependency, RequiredComponent, Tables, TypeCaller},
    is_component,
    step_rows::names,
    tables,
};

pub(crate) const PLUGIN_VERSION: &str = "sl_pluginversion";

/// The registration of plug-ins and of steps that call them.
pub(crate) static PLUGINS: Capability = Capability {
    tables: sluice_engine::tables!["sl_pluginversion"],
    rules: &[
        (Tables::Named(tables::ASSEMBLY), &plugin_assembly::PluginAssembly),
        (Tables::Named(tables::PLUGIN_TYPE), &plugin_type::PluginType),
        (
            Tables::Named(tables::SECURE_CONFIG),
            &secure_configuration::SecureConfiguration,
        ),
        (Tables::Named(tables::STEP), &plugin_step::PluginStep),
        (Tables::Named(tables::STEP_IMAGE), &plugin_step_image::PluginStepImage),
    ],
    dependants: &[&Steps],
    meanings: &[Meaning::new("sl_pluginversion", "sl_content", |version, text| {
        is_component(text, version.text("sl_digest"))
    })],
    sound: missing::sound,
    ..Capability::named("plug-ins")
};

/// Steps, which depend on their table, on the columns that they filter by, and on those in their
/// images.
struct Steps;

fn step(row: &Row, does: &'static str) -> Dependency {
    Dependency::of(format!("the step \"{}\"", row.text("name").unwrap_or_default()), does)
}

/// The steps that are registered on a table.
fn steps_on(unit: &mut Unit, table: &str) -> Result<Vec<Row>> {
    let filters = Query::new(tables::MESSAGE_FILTER)
        .columns(&[])
        .filter(Filter::eq("primaryobjecttypecode", table));
    let filters = unit.select_as_platform("see which steps depend on a definition", &filters)?;
    let of_table = Filter::In {
        column: "sdkmessagefilterid".into(),
        values: filters.iter().map(|filter| filter.reference().into()).collect(),
    };
    let steps = Query::new(tables::STEP).filter(of_table);
    unit.select_as_platform("see which steps depend on a definition", &steps)
}

/// The steps that have the column in an image.
fn imaging(unit: &mut Unit, column: &str) -> Result<Vec<Uuid>> {
    let containing = Filter::Compare {
        column: "attributes".into(),
        comparison: Comparison::Contains,
        value: Value::from(column),
    };
    let images = Query::new(tables::STEP_IMAGE).filter(containing);
    let images = unit.select_as_platform("see which steps depend on a definition", &images)?;
    Ok(images
        .iter()
        .filter(|image| names(image.text("attributes")).iter().any(|name| **name == *column))
        .filter_map(|image| image.id_of("sdkmessageprocessingstepid"))
        .collect())
}

impl Dependant for Steps {
    fn callers(&self, unit: &mut Unit, callee: CalledType<'_>) -> Result<Vec<TypeCaller>> {
        let steps = Query::new(tables::STEP)
            .columns(&["name", "statecode", tables::MANAGED])
            .filter(Filter::eq("plugintypeid", callee.id));
        let steps = unit.select_as_platform("see who calls a type of a plug-in", &steps)?;
        let caller = |step: &Row| TypeCaller {
            word: "step",
            name: step.text("name").unwrap_or_default().to_owned(),
            is_active: ENABLED.is_of(step),
            is_managed: step.bool(tables::MANAGED) == Some(true),
            runs_as: BTreeSet::new(),
            rest: registration::state_row(step.id, false),
        };
        Ok(steps.iter().map(caller).collect())
    }

    fn dependencies(&self, unit: &mut Unit, definition: RequiredComponent<'_>) -> Result<Vec<Dependency>> {
        let steps = steps_on(unit, &definition.table.name)?;
        let Some(column) = definition.column else {
            return Ok(steps.iter().map(|row| step(row, "is registered on it")).collect());
        };
        let imaging = imaging(unit, &column.name)?;
        let uses =
            |row: &&Row| imaging.contains(&row.id) || names(row.text("filteringattributes")).contains(&column.name);
        Ok(steps.iter().filter(uses).map(|row| step(row, "uses it")).collect())
    }
}
