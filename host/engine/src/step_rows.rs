//! The steps as a part of the configuration: what their rows say, and those of what they call.

use std::{collections::HashMap, sync::Arc};

use sluice_model::{Name, Result, Uuid, state::step::ENABLED};
use sluice_sandbox::{Grants, Limits, Mode};

use crate::{
    handler::StepSource,
    plugin::PluginHandler,
    snapshot::{Parts, Reader},
    step::{self, Image, Step, StepTable},
    tables,
};

/// The enabled steps: those that are registered, and those of other sources.
pub(crate) fn steps(reader: &mut Reader<'_>, sources: &[&'static dyn StepSource], parts: &Parts) -> Result<StepTable> {
    let mut steps = registered(reader)?;
    for source in sources {
        steps.extend(source.steps(parts));
    }
    Ok(StepTable::new(steps))
}

fn registered(reader: &mut Reader<'_>) -> Result<Vec<Step>> {
    let messages = reader.index(tables::MESSAGE, &["name"])?;
    let filters = reader.index(tables::MESSAGE_FILTER, &["primaryobjecttypecode"])?;
    let types = reader.index(tables::PLUGIN_TYPE, &["typename", "pluginassemblyid"])?;
    let assemblies = reader.index(tables::ASSEMBLY, &["name", "sourcehash"])?;
    let secrets = reader.index(tables::SECURE_CONFIG, &["secureconfig"])?;
    let mut images = images(reader)?;
    let mut steps = Vec::new();
    for row in reader.some(tables::STEP, STEP_COLUMNS, ENABLED.rows())? {
        let plugin_type = row.id_of("plugintypeid").and_then(|id| types.get(&id));
        let assembly = plugin_type
            .and_then(|kind| kind.id_of("pluginassemblyid"))
            .and_then(|id| assemblies.get(&id));
        let message = row
            .id_of("sdkmessageid")
            .and_then(|id| messages.get(&id))
            .and_then(|row| row.text("name"));
        let (Some(plugin_type), Some(assembly), Some(message)) = (plugin_type, assembly, message) else {
            tracing::warn!(step = %row.id, "a step without plug-in or message is passed over");
            continue;
        };
        let filter = row.id_of("sdkmessagefilterid");
        let text = |column: &str| row.text(column).map(ToOwned::to_owned);
        let plugin = PluginHandler {
            type_name: plugin_type.text("typename").unwrap_or_default().to_owned(),
            assembly: assembly.id,
            assembly_name: assembly.text("name").unwrap_or_default().to_owned(),
            digest: assembly.text("sourcehash").unwrap_or_default().to_owned(),
            configuration: text("configuration"),
            secure: row
                .id_of("sdkmessageprocessingstepsecureconfigid")
                .and_then(|id| secrets.get(&id))
                .and_then(|row| row.text("secureconfig"))
                .map(ToOwned::to_owned),
            grants: grants(row.text("sl_grants")),
            limits: limits(row.int("mode").unwrap_or_default(), row.text("sl_limits"))?,
        };
        steps.push(Step {
            id: row.id,
            name: text("name").unwrap_or_default(),
            message: message.into(),
            table: filter
                .and_then(|id| filters.get(&id))
                .and_then(|row| row.text("primaryobjecttypecode"))
                .filter(|table| *table != "none")
                .map(Name::from),
            stage: row.int("stage").unwrap_or_default(),
            mode: row.int("mode").unwrap_or_default(),
            rank: row.int("rank").unwrap_or_default(),
            filter,
            filtering: names(row.text("filteringattributes")),
            images: images.remove(&row.id).unwrap_or_default(),
            run_as: row.id_of("impersonatinguserid").filter(|id| !id.is_nil()),
            auto_delete: row.bool("asyncautodelete").unwrap_or_default(),
            is_monitored: row.bool("sl_monitored").unwrap_or_default(),
            is_bypassable: row.bool("canbebypassed") != Some(false)
                && row.bool(tables::MANAGED) != Some(true)
                && row.int("customizationlevel") != Some(0),
            rests_until: row.get("sl_restsuntil").and_then(sluice_model::Value::as_time),
            handler: Arc::new(plugin),
        });
    }
    Ok(steps)
}

const STEP_COLUMNS: &[&str] = &[
    "name",
    "sdkmessageid",
    "sdkmessagefilterid",
    "plugintypeid",
    "stage",
    "mode",
    "rank",
    "filteringattributes",
    "configuration",
    "sdkmessageprocessingstepsecureconfigid",
    "impersonatinguserid",
    "asyncautodelete",
    "sl_grants",
    "sl_limits",
    "sl_restsuntil",
    "sl_monitored",
    "canbebypassed",
    "customizationlevel",
    tables::MANAGED,
];

fn images(reader: &mut Reader<'_>) -> Result<HashMap<Uuid, Vec<Image>>> {
    let mut images: HashMap<Uuid, Vec<Image>> = HashMap::new();
    for row in reader.all(
        tables::STEP_IMAGE,
        &["sdkmessageprocessingstepid", "entityalias", "imagetype", "attributes"],
    )? {
        let (Some(step), Some(alias)) = (row.id_of("sdkmessageprocessingstepid"), row.text("entityalias")) else {
            continue;
        };
        images.entry(step).or_default().push(Image {
            alias: alias.into(),
            kind: row.int("imagetype").unwrap_or_default(),
            columns: names(row.text("attributes")),
            reads: None,
        });
    }
    Ok(images)
}

/// The limits of a step: the defaults of its mode, with what an administrator changed.
pub fn limits(mode: i32, changes: Option<&str>) -> Result<Limits> {
    let mode = limited_as(mode);
    changes.map_or_else(|| Ok(Limits::of(mode)), |changes| Limits::from_json(mode, changes))
}

/// How a step of a mode is limited.
fn limited_as(mode: i32) -> Mode {
    match mode == step::SYNCHRONOUS {
        true => Mode::Synchronous,
        false => Mode::Asynchronous,
    }
}

/// The own limits of a step, with a higher number for one of them: each way to raise it, the least first, and to how
/// much.
///
/// # Errors
/// What it has is no limits.
pub fn higher_limits(mode: i32, changes: Option<&str>, name: &str) -> Result<Vec<(String, u64)>> {
    let now = limits(mode, changes)?;
    let own: serde_json::Map<String, serde_json::Value> = changes
        .and_then(|changes| serde_json::from_str(changes).ok())
        .unwrap_or_default();
    let with = |to: u64| {
        let mut own = own.clone();
        own.insert(name.to_owned(), to.into());
        (serde_json::Value::Object(own).to_string(), to)
    };
    Ok(now.higher(name, limited_as(mode)).into_iter().map(with).collect())
}

/// A comma-separated list of names.
pub fn names(text: Option<&str>) -> Vec<Name> {
    text.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(Name::from)
        .collect()
}

/// The capabilities that an administrator granted to a step.
pub(crate) fn grants(text: Option<&str>) -> Grants {
    let granted = names(text);
    let has = |capability: &str| granted.iter().any(|name| &**name == capability);
    Grants {
        clock: has("clock"),
        random: has("random"),
        system: has("system"),
    }
}
