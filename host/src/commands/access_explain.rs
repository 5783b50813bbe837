//! `sluice access explain`: what a request needs, before anybody sends it.

use serde_json::{Value as Json, json};
use sluice_engine::{AskedAs, Session};
use sluice_model::{Reference, Request, error::StepInfo};
use sluice_platform::{Explanation, Gate, Need, WithheldColumn, prelude::*};
use sluice_sales::qualify::{self, Choices};

use super::{diagnose, exec};
use crate::{
    context::Context,
    culprits::{self, Report, Sender},
    door::Door as _,
    names,
    output::{Grid, Outcome},
    report,
    text::quoted,
    usage::Usage,
};

/// `access explain`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose request it would be.
    #[arg(long, value_name = "U")]
    user: String,
    /// Qualify this lead.
    #[arg(long, value_name = "ID", conflicts_with = "message")]
    lead: Option<String>,
    /// What the user wants to do; `qualify` goes with --lead.
    #[arg(long, value_name = "ACTION", requires = "lead", value_parser = ["qualify"])]
    action: Option<String>,
    /// A message, such as Update.
    message: Option<String>,
    /// Its input parameters, as in `exec`.
    #[arg(value_name = "NAME=VALUE")]
    parameters: Vec<String>,
}

impl Args {
    /// The command that asks the same again, of the user that commands name so.
    fn again(&self, user: &str) -> String {
        let mut command = format!("sluice access explain --user {user}");
        if let Some(lead) = &self.lead {
            command.push_str(&format!(" --action qualify --lead {}", quoted(lead)));
        }
        for word in self.message.iter().chain(&self.parameters) {
            command.push_str(&format!(" {}", quoted(word)));
        }
        command
    }
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> anyhow::Result<Outcome> {
    context.only_looks();
    let session = context.session()?;
    let user = diagnose::who(context, &session, &args.user)?;
    let (request, what) = wanted(&session, args)?;
    let explained = session.explain(user, &request)?;
    let name = diagnose::name_of(context, "systemuser", user)?;
    let found = &explained.found;
    let mut document = culprits::json(
        context,
        found,
        &Sender::of(&session, (user, &name), None),
        &*request.message == "QualifyLead",
    );
    if let Json::Object(map) = &mut document {
        map.insert("user".to_owned(), name.clone().into());
        let withheld = explained.withheld.iter().map(culprits::withheld_json).collect();
        map.insert("withheld".to_owned(), withheld);
        map.insert(
            "steps".to_owned(),
            explained.steps.iter().map(|step| json!(step)).collect(),
        );
        map.insert(
            "needs".to_owned(),
            explained
                .needs
                .iter()
                .map(|need| need_json(need, &explained.steps))
                .collect(),
        );
    }
    let again = args.again(&names::word(&session, &Reference::new("systemuser", user), &name));
    let report = Report {
        context,
        catalog: &*session.catalog()?,
        user: &name,
        sender: Sender::of(&session, (user, &name), None),
        then: None,
        gives_up: None,
        what: &what,
        qualifies: &*request.message == "QualifyLead",
        runs: None,
    };
    let text = format!("{}\n\n{}", needs_text(&explained), report.text(found, &again));
    Ok(Outcome::new(document, text).with_cells("needs"))
}

fn wanted(session: &Session, args: &Args) -> anyhow::Result<(Request, String)> {
    if let Some(lead) = &args.lead {
        let lead = session.find_one("lead", lead)?;
        return Ok((
            qualify::request(lead, &Choices::default()),
            "qualify this lead".to_owned(),
        ));
    }
    let Some(message) = &args.message else {
        return Err(Usage::because(
            "say what the user wants to do: --lead, or a message with its parameters",
        ));
    };
    let message = session.message(message)?;
    let request = exec::request(session, message, &args.parameters)?;
    let what = format!("send {}", request.message);
    Ok((request, what))
}

/// `privilege check` and `access check` are two lines, because they are two checks.
fn gate(gate: Gate) -> &'static str {
    match gate {
        Gate::Privilege => "privilege",
        Gate::Access => "access",
    }
}

fn asked_by<'a>(need: &Need, steps: &'a [StepInfo]) -> Option<&'a StepInfo> {
    steps.iter().find(|step| Some(step.id) == need.step)
}

fn need_json(need: &Need, steps: &[StepInfo]) -> Json {
    json!({
        "principal": need.name,
        "privilege": need.privilege,
        "table": need.table.as_deref(),
        "row": need.row.map(|row| row.to_string()),
        "check": gate(need.gate),
        "as": need.asked_as.words(),
        "held": need.held.as_ref().map(|held| held.depth.label()),
        "heldForTeamAlone": need.held.as_ref().and_then(|held| Some(&held.only.as_ref()?.team)),
        "because": need.because,
        "step": asked_by(need, steps).map(|step| step.name.clone()),
        "times": need.times,
        "missing": need.is_missing,
        "asked": need.is_asked,
    })
}

fn needs_text(explained: &Explanation) -> String {
    let mut grid = Grid::new(["", "privilege", "check", "who", "through", "asked by"]);
    for need in &explained.needs {
        let step = asked_by(need, &explained.steps);
        grid.row([
            match (need.is_asked, need.is_missing) {
                (false, _) => "–",
                (true, true) => "✗",
                (true, false) => "✓",
            }
            .to_owned(),
            need.privilege.clone(),
            gate(need.gate).to_owned(),
            match need.asked_as {
                AskedAs::Caller => need.name.clone(),
                other => format!("{} ({})", need.name, other.words()),
            },
            match (need.is_asked, need.is_missing, &need.held) {
                (false, ..) => "not asked: the privilege is missing".to_owned(),
                (true, true, Some(held)) => format!("{held}, which does not reach the row"),
                (true, true, None) => "missing".to_owned(),
                (true, false, _) => need.because.clone().unwrap_or_default(),
            },
            step.map_or("the platform".to_owned(), |step| step.name.clone()),
        ]);
    }
    let mut lines = Vec::new();
    for step in &explained.steps {
        lines.push(format!("  \"{}\", {}", step.name, report::place(step)));
    }
    let ran = match lines.is_empty() {
        true => "No step runs.".to_owned(),
        false => format!("These steps run:\n{}", lines.join("\n")),
    };
    let named = |one: &WithheldColumn| {
        let step = explained.steps.iter().find(|step| Some(step.id) == one.step);
        let reads = step.map_or("The request".to_owned(), |step| format!("The step \"{}\"", step.name));
        format!("\n{reads}: {}", culprits::withheld_text(one))
    };
    let withheld: String = explained.withheld.iter().map(named).collect();
    format!("{}\n\n{ran}{withheld}", grid.text("nothing is asked"))
}
