//! What a push did, for machines and for people.

use serde_json::{Value as Json, json};
use sluice_model::Uuid;
use sluice_platform::{Lacking, Pushed};

use super::plugin::How;
use crate::{context::Context, people::count, text::quoted};

pub(super) fn pushed_json(name: &str, pushed: &Pushed, how: &How) -> Json {
    let wants: Vec<Json> = pushed
        .wants
        .iter()
        .map(|(kind, wants)| json!({ "type": kind, "capabilities": wants }))
        .collect();
    let needs = pushed.privileges.iter();
    let needs: Vec<Json> = needs
        .map(|(kind, privileges)| json!({ "type": kind, "privileges": privileges }))
        .collect();
    json!({
        "id": pushed.id.to_string(),
        "name": name,
        "version": pushed.version,
        "dryRun": how.dry_run,
        "types": pushed.types,
        "added": steps_json(&pushed.added),
        "updated": steps_json(&pushed.updated),
        "changes": pushed.changes.iter().map(|(id, changes)| json!({ "id": id.to_string(), "columns": changes })).collect::<Vec<_>>(),
        "staysDisabled": steps_json(&pushed.resting),
        "sameTypesIn": pushed.twins,
        "undeclared": steps_json(&pushed.undeclared),
        "removed": steps_json(&pushed.removed),
        "givenUp": pushed.given_up,
        "disabled": steps_json(&pushed.disabled),
        "deactivated": steps_json(&pushed.deactivated),
        "kept": steps_json(&pushed.kept),
        "lacking": lacking_json(&pushed.lacking),
        "wants": wants,
        "privileges": needs,
    })
}

/// Steps that lack what their types ask for.
pub(crate) fn lacking_json(lacking: &[Lacking]) -> Json {
    let each = lacking.iter().map(|one| {
        let (id, name) = &one.step;
        json!({ "id": id.to_string(), "name": name, "grants": one.grants, "disabled": one.disabled })
    });
    each.collect()
}

pub(super) fn steps_json(steps: &[(Uuid, String)]) -> Json {
    steps
        .iter()
        .map(|(id, name)| json!({ "id": id.to_string(), "name": name }))
        .collect()
}

pub(super) fn pushed_text(context: &Context, (what, name): (&str, &str), pushed: &Pushed) -> String {
    let mut text = format!(
        "{what} {}: {} ({})",
        pushed.version,
        count(pushed.types.len(), "type"),
        pushed.types.join(", ")
    );
    let changed = [&pushed.added, &pushed.updated, &pushed.removed, &pushed.disabled];
    if changed.iter().all(|steps| steps.is_empty()) {
        text.push_str("; its steps are as they were");
    }
    for (what, steps) in [
        ("added", &pushed.added),
        ("updated", &pushed.updated),
        ("removed", &pushed.removed),
        ("disabled", &pushed.disabled),
        ("kept its configuration", &pushed.kept),
    ] {
        for (id, step) in steps {
            let changes = pushed.changes.iter().find(|(of, _)| of == id && what == "updated");
            let changes = changes.map_or_else(String::new, |(_, changes)| format!(" ({})", changes.join("; ")));
            text.push_str(&format!("\n  {what:8} {id}  {step}{changes}"));
        }
    }
    for (id, step) in &pushed.resting {
        text.push_str(&format!(
            "\n  stays disabled {id}  {step}: it was enabled before it was taken out of work"
        ));
    }
    if !pushed.resting.is_empty() {
        let enable = context.command(&format!("sluice plugin enable {}", quoted(name)));
        text.push_str(&format!("\n           {enable}"));
    }
    for (id, workflow) in &pushed.deactivated {
        text.push_str(&format!("\n  deactivated {id}  the workflow {workflow}"));
    }
    for plugin_type in &pushed.given_up {
        text.push_str(&format!("\n  given up  {plugin_type}: the file has no such type"));
    }
    for (kind, privileges) in &pushed.privileges {
        text.push_str(&format!("\n  {kind} needs {}", privileges.join(", ")));
    }
    text.push_str(&lacking_text(context, &pushed.lacking));
    if let Some(twin) = pushed.twins.first() {
        let also = pushed.twins.join(", ");
        text.push_str(&format!(
            "\nwarning: {name} is a new plug-in, and {also} has types of the same names: the steps of both run. A new version \
             of {twin} is pushed with --name {twin}; this one goes with\n           {}",
            context.command(&format!("sluice plugin remove {} --steps", quoted(name)))
        ));
    }
    let left: Vec<_> = pushed
        .undeclared
        .iter()
        .filter(|step| !pushed.removed.contains(step))
        .collect();
    for (id, step) in &left {
        text.push_str(&format!("\n  no longer declared  {id}  {step}"));
    }
    if !left.is_empty() {
        text.push_str(&format!(
            "\nremove what is no longer declared: {}",
            context.command("sluice plugin push … --prune")
        ));
    }
    text
}

/// The command that grants a step what it lacks: it says all that the step has from then on.
pub(super) fn grant(step: Uuid, held: &[String], lacks: &[String]) -> String {
    format!("sluice step update {step} --grant {}", [held, lacks].concat().join(","))
}

/// What to do about steps that lack what their types ask for.
pub(crate) fn lacking_text(context: &Context, lacking: &[Lacking]) -> String {
    let mut text = String::new();
    for one in lacking {
        let (id, name) = &one.step;
        let grants = one.grants.join(",");
        let is = if one.disabled { "disabled" } else { "enabled" };
        text.push_str(&format!(
            "\n  {is:8} {id}  {name}: it asks for {grants}, which it is not granted"
        ));
        let grant = context.command(&grant(*id, &one.held, &one.grants));
        text.push_str(&format!("\n           {grant}"));
        if one.disabled {
            let enable = context.command(&format!("sluice step enable {id}"));
            text.push_str(&format!("\n           {enable}"));
        }
    }
    text
}
