//! `sluice trace privileges`: every question about a privilege that a recorded request asked, as it
//! was answered then.

use sluice_engine::{TracedCheck, TracedChecks, TracedName};
use sluice_model::{Code, Error, Filter, Query, Row, Uuid};

use super::trace::{CALL, REQUEST, correlation, newest, one};
use crate::{
    door::Door,
    output::{Grid, Outcome},
    people::count,
    text::grouped,
};

const CHECKS: &str = "sl_checks";

/// Runs the command.
pub(super) fn privileges(session: &dyn Door, wanted: Option<&str>, refused: bool) -> anyhow::Result<Outcome> {
    let traces = match wanted {
        Some(text) => of_request(
            session,
            Filter::eq("sl_correlationid", correlation(session, text)?),
            None,
        )?,
        None => newest_recorded(session)?,
    };
    let mut found = read(&traces)?;
    if refused {
        found.checks.retain(|check| !check.passed);
    }
    let first = traces.first();
    let title = first.and_then(|row| Some((row.id_of("sl_correlationid")?, row.text("sl_name")?)));
    let title = title
        .map(|(id, name)| format!("request {id}, {name}\n"))
        .unwrap_or_default();
    let mut document = serde_json::to_value(&found)?;
    if let (Some(map), Some(id)) = (
        document.as_object_mut(),
        first.and_then(|row| row.id_of("sl_correlationid")),
    ) {
        map.insert("correlation".to_owned(), id.to_string().into());
    }
    Ok(Outcome::new(document, format!("{title}{}", text(&found))))
}

fn of_request(session: &dyn Door, filter: Filter, top: Option<u32>) -> anyhow::Result<Vec<Row>> {
    let columns = ["sl_name", "sl_correlationid", CHECKS];
    let mut query = newest(Query::new(REQUEST).columns(&columns).filter(filter));
    query.top = top;
    Ok(session.traces(query)?)
}

/// The newest request, or, where it was not recorded, the newest that failed.
fn newest_recorded(session: &dyn Door) -> anyhow::Result<Vec<Row>> {
    let newest = of_request(session, Filter::All, Some(1))?;
    match newest.iter().any(|row| row.has(CHECKS)) {
        true => Ok(newest),
        false => of_request(session, Filter::eq("sl_succeeded", false), Some(1)),
    }
}

/// What was recorded of the request of a plug-in call, and its step.
fn of_call(session: &dyn Door, call: Uuid) -> anyhow::Result<(Vec<Row>, Option<Uuid>)> {
    let row = one(session, CALL, call, &["correlationid", "pluginstepid"])?;
    let request = row.id_of("correlationid").unwrap_or_default();
    let query = Query::new(REQUEST)
        .columns(&[CHECKS])
        .filter(Filter::eq("sl_correlationid", request));
    Ok((session.traces(query)?, row.id_of("pluginstepid")))
}

/// A plug-in call, with the secured columns that were withheld in its step: it may have stumbled over one.
pub(super) fn withheld_beside(session: &dyn Door, call: Uuid, shown: Outcome) -> anyhow::Result<Outcome> {
    let (traces, step) = of_call(session, call)?;
    let traces: Vec<Row> = traces.into_iter().filter(|row| row.text(CHECKS).is_some()).collect();
    if traces.is_empty() {
        return Ok(shown);
    }
    let mut found = read(&traces)?;
    found
        .withheld
        .retain(|withheld| withheld.step.as_ref().map(|step| step.id) == step);
    if found.withheld.is_empty() {
        return Ok(shown);
    }
    let mut document = shown.document;
    if let Some(map) = document.as_object_mut() {
        map.insert("withheld".to_owned(), serde_json::to_value(&found.withheld)?);
    }
    Ok(Outcome::new(
        document,
        format!("{}\n{}", shown.text, withheld_text(&found)),
    ))
}

/// A plug-in call, with what was asked in its step.
pub(super) fn beside(session: &dyn Door, call: Uuid, shown: Outcome) -> anyhow::Result<Outcome> {
    let (traces, step) = of_call(session, call)?;
    let mut found = read(&traces)?;
    found
        .checks
        .retain(|check| check.step.as_ref().map(|step| step.id) == step);
    found
        .withheld
        .retain(|withheld| withheld.step.as_ref().map(|step| step.id) == step);
    let mut document = shown.document;
    if let Some(map) = document.as_object_mut() {
        map.insert("checks".to_owned(), serde_json::to_value(&found.checks)?);
        map.insert("withheld".to_owned(), serde_json::to_value(&found.withheld)?);
        map.insert("cut".to_owned(), found.cut.into());
    }
    Ok(Outcome::new(document, format!("{}\n\n{}", shown.text, text(&found))))
}

/// What the rows of a request hold.
fn read(traces: &[Row]) -> anyhow::Result<TracedChecks> {
    let mut all = TracedChecks::default();
    let mut any = false;
    for row in traces {
        let Some(text) = row.text(CHECKS) else { continue };
        let of_row: TracedChecks = serde_json::from_str(text)
            .map_err(|error| Error::host(format!("the checks of the trace {} are broken: {error}", row.id)))?;
        any = true;
        all.checks.extend(of_row.checks);
        all.withheld.extend(of_row.withheld);
        all.cut += of_row.cut;
    }
    if any {
        return Ok(all);
    }
    let message = match traces.is_empty() {
        true => "there is no such trace of a request that was recorded; `settings get trace.requests` says which are",
        false => {
            "what was asked about privileges was not recorded with that request, or you may neither read its row nor \
             have sent it; `settings get trace.requests` says which are recorded"
        }
    };
    Err(Error::new(Code::NOT_FOUND, message).into())
}

fn text(found: &TracedChecks) -> String {
    let mut grid = Grid::new([
        "",
        "privilege",
        "check",
        "who",
        "held",
        "needed",
        "through",
        "row",
        "asked by",
        "times",
    ]);
    for check in &found.checks {
        grid.row([
            if check.passed { "✓" } else { "✗" }.to_owned(),
            check.privilege.clone(),
            check.check.clone(),
            format!("{} ({})", name(&check.principal), check.why()),
            check.held.clone().unwrap_or_else(|| "no".to_owned()),
            check.needed.clone().unwrap_or_default(),
            through(check),
            check.row.map(|row| row.to_string()).unwrap_or_default(),
            asked_by(check),
            check.times.to_string(),
        ]);
    }
    let mut text = grid.text("nothing was asked").to_string();
    let refused = found.checks.iter().filter(|check| !check.passed).count();
    text.push_str(&format!("\n{}, {refused} refused", count(found.checks.len(), "check")));
    if found.cut > 0 {
        text.push_str(&format!(
            "; {} more were not kept: the trace was full",
            grouped(found.cut)
        ));
    }
    text.push_str(&withheld_text(found));
    text
}

/// A line for each secured column that was withheld.
fn withheld_text(found: &TracedChecks) -> String {
    let mut text = String::new();
    for withheld in &found.withheld {
        let step = withheld
            .step
            .as_ref()
            .map(|step| format!(" in the step \"{}\"", name(step)));
        text.push_str(&format!(
            "\nThe secured column {}.{} was withheld from {}{}: no column security profile gives Read on it.",
            withheld.table,
            withheld.column,
            name(&withheld.principal),
            step.unwrap_or_default()
        ));
    }
    text
}

fn name(named: &TracedName) -> String {
    named.name.clone().unwrap_or_else(|| named.id.to_string())
}

/// `Salesperson via team West: own row`
fn through(check: &TracedCheck) -> String {
    let Some(way) = &check.through else {
        return "refused".to_owned();
    };
    let called = |named: &TracedName, what: &str| named.name.clone().unwrap_or_else(|| what.to_owned());
    let role = check.role.as_ref().map(|role| called(role, "a role"));
    let team = check.team.as_ref().map(|team| {
        format!(
            " via {}",
            team.name
                .as_ref()
                .map_or("a team".to_owned(), |name| format!("team {name}"))
        )
    });
    match role {
        Some(role) if check.check == "privilege" => format!("{role}{}", team.unwrap_or_default()),
        Some(role) => format!("{role}{}: {way}", team.unwrap_or_default()),
        None => way.clone(),
    }
}

/// `step "commission", Retrieve sl_commissionrule`
fn asked_by(check: &TracedCheck) -> String {
    let step = check.step.as_ref().map(|step| format!("step \"{}\"", name(step)));
    let all: Vec<String> = step.into_iter().chain(check.call.clone()).collect();
    match all.is_empty() {
        true => "the platform".to_owned(),
        false => all.join(", "),
    }
}
