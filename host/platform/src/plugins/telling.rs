//! What a push tells beside what it did, so that nothing of it goes unseen: other plug-ins with the same types, steps
//! that stay out of work, and what became of the columns of steps.

use sluice_engine::{Batch, tables};
use sluice_model::{Filter, Query, Reference, Request, Result, Uuid, Value, state::step::ENABLED};

use super::{
    push::File,
    registration::{named, steps_of},
};

/// The names of the other plug-ins that have types of these names: what they declare runs beside what this file
/// declares.
pub(super) fn twins(batch: &mut Batch<'_>, assembly: Uuid, file: &File) -> Result<Vec<String>> {
    let names = file.types.iter().map(|declared| declared.name.as_str().into());
    let same = Filter::In {
        column: "typename".into(),
        values: names.collect(),
    };
    let same = same
        .and(Filter::eq("pluginassemblyid", assembly).negated())
        .and(Filter::eq(tables::GIVEN_UP, true).negated());
    let types = batch.list(
        Query::new(tables::PLUGIN_TYPE)
            .columns(&["pluginassemblyid"])
            .filter(same),
    )?;
    let mut others: Vec<Uuid> = types.iter().filter_map(|row| row.id_of("pluginassemblyid")).collect();
    others.sort();
    others.dedup();
    let mut names = Vec::new();
    for other in others {
        let other = Request::retrieve(Reference::new(tables::ASSEMBLY, other), &["name"]);
        let response = batch.execute(other)?;
        names.extend(response.row().and_then(|row| row.text("name")).map(ToOwned::to_owned));
    }
    Ok(names)
}

/// The steps that were enabled before they were taken out of work with others of their plug-in, and stay so.
pub(super) fn resting(batch: &mut Batch<'_>, assembly: Uuid) -> Result<Vec<(Uuid, String)>> {
    let mut steps = steps_of(batch, assembly)?;
    steps.retain(|step| !ENABLED.is_of(step) && step.bool("sl_enabledbefore") == Some(true));
    Ok(steps.iter().map(named).collect())
}

/// `rank from 40 to 1`; of what may be long, its name alone.
pub(super) fn change(column: &str, now: &Value, then: &Value) -> String {
    let word = match column {
        "filteringattributes" => "columns",
        other => other,
    };
    let told = |value: &Value| match (column, value) {
        ("mode", Value::Choice(0)) => "synchronous".to_owned(),
        ("mode", Value::Choice(_)) => "asynchronous".to_owned(),
        ("filteringattributes", Value::Null) => "all".to_owned(),
        (_, Value::Int(number)) => number.to_string(),
        (_, Value::Text(text)) => text.to_string(),
        _ => "nothing".to_owned(),
    };
    match column {
        "configuration" | "description" => word.to_owned(),
        _ => format!("{word} from {} to {}", told(now), told(then)),
    }
}
