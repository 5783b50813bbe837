//! `step needs`, `table uses` and `column uses`: what something needs, and who uses it.

use std::sync::atomic::Ordering;

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_platform::{DeclaredNeeds, Gate, SeenNeed, prelude::*};

use crate::{
    context::Context,
    interrupt,
    output::{Grid, Outcome},
    people::count,
    times::Since,
    usage::Usage,
};

/// `step needs`
#[derive(Debug, clap::Args)]
pub(crate) struct Needs {
    /// The step's id or name.
    step: String,
    /// As far as requests were recorded since then: 30m, 2h, 3d ago, or 2026-01-31T09:00:00Z.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = Since::parse)]
    since: Since,
}

/// What the user lacks that a step runs as, of what its type says that it needs.
pub(super) fn lacking(needs: &DeclaredNeeds) -> Option<String> {
    let user = needs.run_as.as_deref().filter(|_| !needs.lacks.is_empty())?;
    Some(format!(
        "it runs as {user}, who lacks {}, which its plug-in says that it needs",
        needs.lacks.join(", ")
    ))
}

/// What a plug-in says that its step needs.
fn declared(needs: &DeclaredNeeds) -> String {
    let says = match needs.privileges.as_slice() {
        [] => "its plug-in says of no privilege that it needs it".to_owned(),
        privileges => format!("its plug-in says that it needs {}", privileges.join(", ")),
    };
    match lacking(needs) {
        Some(line) => format!("{says}\nwarning: {line}"),
        None => says,
    }
}

/// What a step was seen to need, and what its plug-in says.
pub(super) fn step_needs(context: &Context, session: &Session, args: &Needs) -> anyhow::Result<Outcome> {
    let step = session.find_one("sdkmessageprocessingstep", &args.step)?;
    let since = args.since.before(context.env().now()).map_err(Usage::because)?;
    let says = session.declared_needs(step)?;
    let stop = interrupt::flag("telling what is known by now; Ctrl-C again ends at once")?;
    let seen = session.step_needs(step, since, &mut |_, _| !stop.load(Ordering::Acquire))?;
    let refused = |need: &SeenNeed| need.refused.iter().map(|who| who.name.clone()).collect::<Vec<_>>();
    let check = |gate: Gate| match gate {
        Gate::Privilege => "privilege",
        Gate::Access => "access",
    };
    let mut grid = Grid::new(["privilege", "check", "declared", "recorded", "run again", "refused to"]);
    let is_declared = |name: &str| says.privileges.iter().any(|known| known.eq_ignore_ascii_case(name));
    let yes = |is_so: bool| if is_so { "yes" } else { "" };
    for need in &seen.needs {
        grid.row([
            need.privilege.clone(),
            check(need.gate).to_owned(),
            yes(need.gate == Gate::Privilege && is_declared(&need.privilege)).to_owned(),
            need.recorded.to_string(),
            need.times.to_string(),
            refused(need).join(", "),
        ]);
    }
    let mut text = format!(
        "recorded with {}; seen in {} of {}, run again and rolled back",
        count(seen.recorded, "request"),
        seen.ran,
        count(seen.requests, "recorded request")
    );
    if seen.unrecorded > 0 {
        text.push_str(&format!(
            "; {} were not recorded whole",
            count(seen.unrecorded, "request")
        ));
    }
    if seen.is_cut {
        text.push_str("; there were more");
    }
    if seen.ran == 0 && seen.recorded == 0 {
        text.push_str(
            "\nA step that is disabled runs in none, and only requests that failed are recorded by default: \
             `settings set trace.requests all` for a while shows more.",
        );
    }
    let needs = seen.needs.iter().map(|need| {
        json!({
            "privilege": need.privilege,
            "table": need.table.as_deref(),
            "check": check(need.gate),
            "declared": is_declared(&need.privilege),
            "recorded": need.recorded,
            "times": need.times,
            "refused": refused(need),
        })
    });
    let document = json!({
        "step": step.to_string(),
        "needs": needs.collect::<Vec<Json>>(),
        "declared": { "privileges": says.privileges, "runsAs": says.run_as, "lacks": says.lacks },
        "recorded": seen.recorded,
        "ran": seen.ran,
        "requests": seen.requests,
        "unrecorded": seen.unrecorded,
        "cut": seen.is_cut,
    });
    let table = grid.text("its calls were seen to ask for nothing");
    Ok(Outcome::table(document, &declared(&says), table, &text))
}

/// Who uses a table, or a column of it.
pub(super) fn uses(session: &Session, table: &str, column: Option<&str>) -> anyhow::Result<Outcome> {
    let users = session.uses(table, column)?;
    let mut grid = Grid::new(["who", "how", "gives way"]);
    let mut documents = Vec::new();
    for user in &users {
        grid.row([&*user.name, user.does, if user.yields { "yes" } else { "" }]);
        documents.push(json!({ "name": user.name, "does": user.does, "yields": user.yields }));
    }
    let what = column.map_or_else(|| table.to_owned(), |column| format!("{table}.{column}"));
    Ok(Outcome::items(documents, grid.text(&format!("nothing uses {what}"))))
}
