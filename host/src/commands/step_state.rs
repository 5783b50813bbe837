//! `step enable` and `step disable`, and the same for all steps of a plug-in: whether steps work.

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{
    Error, Filter, Query, Request, Row, Timestamp, Uuid, Value,
    codes::Kind,
    json::whole_seconds,
    remedy::{Case, Resolution},
    state,
};
use sluice_platform::prelude::*;

use super::{
    selection::{Picked, Selection},
    several, step_show, what_if,
};
use crate::{context::Context, door::Door, names, output::Outcome, people::count, times, usage::Usage};

/// `step disable`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What was said last counts: enable, disable, --for and --monitor each end what the others began. A step that \
rests is watched from now on with --monitor; one that is watched rests with --for, and works again after that. \
A disabled step neither rests nor is watched: it has to be enabled. Several steps are changed together: all of them \
or none.")]
pub(crate) struct Disable {
    #[command(flatten)]
    pub(super) steps: Selection,
    /// For so long: 30m, 2h, 3d. Then they run again by themselves.
    #[arg(long = "for", value_name = "TIME", value_parser = times::span)]
    span: Option<i64>,
    /// Only watch them: each runs, its trace says what it did, and what it did is discarded.
    #[arg(long, conflicts_with = "span")]
    monitor: bool,
    /// Why, for those who look at the list.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Also steps that came with a managed solution, and the platform's own.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    pub(super) what_if: what_if::Args,
}

/// Lets steps work again.
/// `warnings` has a line for each thing that a step lacks.
pub(super) fn enable(
    context: &Context,
    session: &dyn Door,
    steps: &Picked,
    warnings: impl Fn(Uuid) -> Vec<String>,
) -> anyhow::Result<Outcome> {
    let row = Row::unsaved(step_show::STEP).in_state(state::step::ENABLED);
    change(context, session, steps, (&row, true), |step, name| Done {
        document: json!({ "enabled": true }),
        text: format!("enabled step {name}"),
        warnings: warnings(step),
    })
}

/// Takes steps out of work, for some time or so that they are only watched.
pub(super) fn disable(
    context: &Context,
    session: &dyn Door,
    steps: &Picked,
    args: &Disable,
) -> anyhow::Result<Outcome> {
    let mut row = Row::unsaved(step_show::STEP);
    let until = match args.span {
        Some(span) => Some(times::moved(context.env().now(), span).map_err(Usage::because)?),
        None => None,
    };
    match until {
        Some(until) => row.set("sl_restsuntil", until),
        None if args.monitor => row.set("sl_monitored", true),
        None => state::step::DISABLED.put(&mut row),
    }
    row.set("sl_restreason", args.reason.as_deref().map_or(Value::Null, Value::from));
    let forced = args.force || args.what_if.is_trial();
    change(context, session, steps, (&row, forced), |_, step| {
        let (document, text) = match until {
            Some(until) => {
                let until = whole_seconds(until);
                let text = format!("step {step} rests until {until}, and runs again then");
                (json!({ "enabled": true, "restsuntil": until }), text)
            }
            None if args.monitor => {
                let text = format!("step {step} is only watched: what it does is discarded, and `trace tree` shows it");
                (json!({ "enabled": true, "monitored": true }), text)
            }
            None => (json!({ "enabled": false }), format!("disabled step {step}")),
        };
        Done {
            document,
            text,
            warnings: Vec::new(),
        }
    })
}

/// What became of a step.
struct Done {
    document: Json,
    text: String,
    /// What is said of it beside.
    warnings: Vec<String>,
}

/// Changes the steps in one transaction, all of them or none, managed ones if that is `forced`; `done` says of one,
/// which people call so, what became of it.
fn change(
    context: &Context,
    session: &dyn Door,
    steps: &Picked,
    (change, forced): (&Row, bool),
    done: impl Fn(Uuid, &str) -> Done,
) -> anyhow::Result<Outcome> {
    let mut ids = Vec::new();
    for name in &steps.rows {
        let id = session
            .find_one(step_show::STEP, name)
            .map_err(|error| of_several(error, steps.rows.len()))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let before = ids.iter().map(|id| step_before(session, *id));
    let before: Vec<Row> = before.collect::<anyhow::Result<_>>()?;
    if !forced {
        refuse_managed(&before.iter().collect::<Vec<_>>(), "disabled")?;
    }
    let changed = |id: &Uuid| {
        Request::update(Row {
            id: *id,
            ..change.clone()
        })
    };
    match ids.as_slice() {
        [] => {}
        [id] => session.execute(changed(id)).map(|_| ())?,
        several => session
            .execute_all(&several.iter().map(changed).collect::<Vec<_>>())
            .map(|_| ())?,
    }
    let changed = Picked {
        rows: ids.iter().map(Uuid::to_string).collect(),
        alone: steps.alone,
    };
    let known = |id: &str| session.find_one(step_show::STEP, id);
    several::picked(context, ("step", "changed"), &changed, known, several::quietly, |id| {
        let name = names::called(session, step_show::STEP, &id.to_string())?.1;
        let unknown = Row::new(step_show::STEP, id);
        let before = before.iter().find(|row| row.id == id).unwrap_or(&unknown);
        let done = done(id, &format!("{name} ({id})"));
        let ended = ended(before, change, context.env().now());
        let first = format!("{}; it counts from the next request{ended}", done.text);
        let mut item = several::item(id);
        item.extend(done.document.as_object().cloned().unwrap_or_default());
        if !done.warnings.is_empty() {
            item.insert("warnings".to_owned(), done.warnings.clone().into());
        }
        let lines: Vec<String> = std::iter::once(first).chain(done.warnings).collect();
        Ok((item, lines.join("\n")))
    })
}

/// That one of several is refused is said of all.
fn of_several(mut error: Error, steps: usize) -> Error {
    if steps > 1 {
        let message = &mut error.body_mut().message;
        message.push_str(&format!("; none of the {steps} steps is changed"));
    }
    error
}

/// What of a step says whether it works, and whose it is.
const STATE: [&str; 6] = [
    "name",
    "statecode",
    "sl_restsuntil",
    "sl_monitored",
    "ismanaged",
    "customizationlevel",
];

/// A step as it is before the change.
fn step_before(session: &dyn Door, step: Uuid) -> anyhow::Result<Row> {
    let query = Query::new(step_show::STEP)
        .columns(&STATE)
        .filter(Filter::eq("sdkmessageprocessingstepid", step));
    let found = match session.list(query) {
        Ok(found) => found.into_iter().next(),
        // The change itself says then what is missing for it.
        Err(error) if error.kind() == Kind::Denied => None,
        Err(error) => return Err(error.into()),
    };
    Ok(found.unwrap_or_else(|| Row::new(step_show::STEP, step)))
}

/// What of the state before it the change ends.
fn ended(before: &Row, change: &Row, now: Timestamp) -> String {
    let enabled = state::step::ENABLED.is_of(before);
    let until = before.get("sl_restsuntil").and_then(Value::as_time);
    match until.filter(|until| enabled && *until > now) {
        Some(until) if !change.has("sl_restsuntil") => {
            format!("; its rest until {} ends with that", whole_seconds(until))
        }
        _ if step_show::is_watched(before) && !change.has("sl_monitored") => {
            "; that it was only watched ends with that".to_owned()
        }
        _ => String::new(),
    }
}

/// What is told of steps that others rely on.
static MANAGED: Case = Case {
    cause: "the step is not the organisation's own, and nobody said that it is meant all the same",
    resolution: Resolution::new("say that it is meant, with --force, or leave the step at work", &[]),
};

/// Refuses to take steps out of work that are not the organisation's own.
fn refuse_managed(steps: &[&Row], what: &str) -> anyhow::Result<()> {
    let whose = |step: &&&Row| !step_show::managed(step).is_empty();
    let managed: Vec<String> = steps
        .iter()
        .filter(whose)
        .map(|step| format!("\"{}\"", step.text("name").unwrap_or_default()))
        .collect();
    if managed.is_empty() {
        return Ok(());
    }
    let (are, they) = match managed.len() {
        1 => ("is", "it"),
        _ => ("are", "they"),
    };
    Err(Error::invalid(format!(
        "{} {are} not this organisation's own: {they} came with a managed solution or with the platform, which may rely \
         on {}; with --force {they} {are} {what} all the same",
        managed.join(", "),
        if managed.len() == 1 { "it" } else { "them" },
    ))
    .in_case(&MANAGED)
    .with_table(step_show::STEP)
    .into())
}

/// Disables all steps of plug-ins, or enables those again that were enabled before.
pub(super) fn of_plugins(
    context: &Context,
    session: &Session,
    plugins: &Picked,
    (enabled, forced): (bool, bool),
) -> anyhow::Result<Outcome> {
    let done = if enabled { "enabled" } else { "disabled" };
    let find = |name: &str| session.find_one(ASSEMBLY, name);
    several::picked(context, ("plug-in", done), plugins, find, several::quietly, |id| {
        let plugin = names::called(session, ASSEMBLY, &id.to_string())?.1;
        if !enabled && !forced {
            let steps = steps_at_work(session, id)?;
            refuse_managed(&steps.iter().collect::<Vec<_>>(), "disabled")?;
        }
        let changed = session.set_plugin_enabled(id, enabled)?;
        let mut text = format!("{done} {} of {plugin}", count(changed.len(), "step"));
        for (id, name) in &changed {
            text.push_str(&format!("\n  {id}  {name}"));
        }
        let steps = changed
            .iter()
            .map(|(id, name)| json!({ "id": id.to_string(), "name": name }));
        let mut item = several::item(id);
        item.insert("enabled".to_owned(), enabled.into());
        item.insert("steps".to_owned(), steps.collect());
        Ok((item, text))
    })
}

const ASSEMBLY: &str = "pluginassembly";

/// The enabled steps of a plug-in.
fn steps_at_work(session: &dyn Door, plugin: Uuid) -> anyhow::Result<Vec<Row>> {
    let types = Query::new("plugintype")
        .columns(&[])
        .filter(Filter::eq("pluginassemblyid", plugin));
    let of_types = Filter::In {
        column: "plugintypeid".into(),
        values: session.list(types)?.iter().map(|row| Value::Id(row.id)).collect(),
    };
    let enabled = of_types.and(state::step::ENABLED.rows());
    Ok(session.list(Query::new(step_show::STEP).columns(&STATE).filter(enabled))?)
}
