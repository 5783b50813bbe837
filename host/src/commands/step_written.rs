//! What is said of a step beside what became of it: what its plug-in needs and it lacks, and whether another one is the
//! same.

use serde_json::json;
use sluice_engine::Session;
use sluice_model::{Filter, Query, Row, Uuid, Value, state::step::ENABLED};
use sluice_platform::{DeclaredNeeds, prelude::*};

use super::{plugin_pushed, step_show, uses};
use crate::{
    context::Context,
    door::Door,
    names,
    output::{Outcome, tell},
};

/// What a step lacks of what its plug-in says that it needs, a line for each; nothing of that to who may not read it.
pub(super) fn lacks(context: &Context, session: &Session, step: Uuid) -> (DeclaredNeeds, Vec<String>) {
    let needs = session.declared_needs(step).unwrap_or_default();
    let mut lines: Vec<String> = uses::lacking(&needs).into_iter().collect();
    if !needs.ungranted.is_empty() {
        let grants = needs.ungranted.join(",");
        let grant = context.command(&plugin_pushed::grant(step, &needs.granted, &needs.ungranted));
        lines.push(format!(
            "its plug-in asks for {grants}, which the step is not granted: where it uses that, the request is refused\n  {grant}"
        ));
    }
    let lines = lines.into_iter().map(|line| format!("warning: {line}")).collect();
    (needs, lines)
}

/// What a step was registered or changed to, with a line where its run-as user lacks what its type says
/// that it needs, and one where the step was not granted what its type asks for.
pub(super) fn written(context: &Context, session: &Session, id: Uuid, done: &str) -> Outcome {
    let (needs, warnings) = lacks(context, session, id);
    let lines: Vec<String> = std::iter::once(done.to_owned()).chain(warnings).collect();
    let same = same(session, id).unwrap_or_default();
    for other in &same {
        let name = other.text("name").unwrap_or_default();
        tell(&format!(
            "warning: the step \"{name}\" ({}) calls the same plug-in at the same place, in the same order and as the same \
             user: it is called twice there",
            other.id
        ));
    }
    if let Some(name) = also_called(session, id).unwrap_or_default() {
        let another = context.command(&format!("sluice step update {id} --name …"));
        tell(&format!(
            "warning: another step is called \"{name}\" as well: commands take these by their ids; another name gives\n  \
             {another}"
        ));
    }
    let same: Vec<String> = same.iter().map(|other| other.id.to_string()).collect();
    Outcome::new(
        json!({ "id": id.to_string(), "lacks": needs.lacks, "ungranted": needs.ungranted, "same": same }),
        lines.join("\n"),
    )
}

/// The name of a step, where another one has it as well.
fn also_called(session: &dyn Door, id: Uuid) -> anyhow::Result<Option<String>> {
    let step = names::get(session, step_show::STEP, id, &["name"])?;
    let Some(name) = step.text("name") else { return Ok(None) };
    let others = Filter::eq("name", name).and(Filter::eq("sdkmessageprocessingstepid", id).negated());
    let others = session.list(Query::new(step_show::STEP).columns(&[]).filter(others).top(1))?;
    Ok((!others.is_empty()).then(|| name.to_owned()))
}

/// What of two steps is the same where one of them is registered twice.
const PLACE: [&str; 7] = [
    "plugintypeid",
    "sdkmessageid",
    "sdkmessagefilterid",
    "stage",
    "mode",
    "rank",
    "impersonatinguserid",
];

/// The other enabled steps that call what a step calls, when it does and as who it does. The platform allows it.
fn same(session: &dyn Door, id: Uuid) -> anyhow::Result<Vec<Row>> {
    let step = names::get(session, step_show::STEP, id, &PLACE)?;
    let place = PLACE.iter().map(|column| {
        let value = step.get(column).cloned().unwrap_or(Value::Null);
        Filter::eq(column, value)
    });
    let others = Filter::eq("sdkmessageprocessingstepid", id).negated();
    let others = place.fold(others.and(ENABLED.rows()), Filter::and);
    Ok(session.list(Query::new(step_show::STEP).columns(&["name"]).filter(others))?)
}
