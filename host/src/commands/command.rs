//! `sluice command`: which commands a form shows, and why. What a form hides can be given here
//! all the same.

use serde_json::{Value as Json, json};
use sluice_model::remedy::Resolution;
use sluice_sales::command::{self, Availability, COMMANDS, Condition};

use crate::{
    context::Context,
    output::{Grid, Outcome},
    remedies,
    report::filled,
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the commands of a form.
    List(Of),
    /// Say whether a form shows a command, with the value of each condition.
    Explain {
        /// The command: Qualify, Disqualify or Reactivate.
        command: String,
        #[command(flatten)]
        of: Of,
    },
}

/// Where the command would be shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Of {
    /// The table of the form.
    #[arg(long, default_value = "lead", value_name = "TABLE")]
    form: String,
    /// The lead that is open on it.
    #[arg(long, value_name = "ID")]
    lead: Option<String>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let of = match &command {
        Command::List(of) | Command::Explain { of, .. } => of,
    };
    if of.form != "lead" {
        return Err(Usage::because(format!(
            "the commands of the lead form can be explained, not those of `{}`",
            of.form
        )));
    }
    let lead = of
        .lead
        .as_deref()
        .map(|lead| session.find_one("lead", lead))
        .transpose()?;
    match &command {
        Command::List(_) => {
            let all = COMMANDS
                .into_iter()
                .map(|command| command::explain(&session, command, lead))
                .collect::<Result<Vec<_>, _>>()?;
            let mut grid = Grid::new(["command", "shown", "why not"]).uncut();
            for one in &all {
                grid.row([one.command, if one.visible { "yes" } else { "no" }, &reasons(one)]);
            }
            let items = all.iter().map(document).collect::<Result<_, _>>()?;
            Ok(Outcome::items(items, grid.text("no commands")))
        }
        Command::Explain { command, .. } => {
            let one = command::explain(&session, command, lead)?;
            let mut grid = Grid::new(["condition", "holds", "why not", "what to do"]).uncut();
            for condition in &one.conditions {
                grid.row([
                    condition.condition.as_str(),
                    if condition.holds { "yes" } else { "no" },
                    condition.reason.as_deref().unwrap_or_default(),
                    &cure(condition),
                ]);
            }
            let word = if one.visible { "visible" } else { "hidden" };
            let text = format!("{} is {word} on the form of lead\n{}", one.command, grid.text("always"));
            let mut document = document(&one)?;
            if let Some(map) = document.as_object_mut() {
                map.insert("state".to_owned(), json!(word));
            }
            Ok(Outcome::new(document, text))
        }
    }
}

/// What helps where a condition does not hold, with its commands.
fn cure(condition: &Condition) -> String {
    let worded = |(resolution, word): &(Resolution, String)| {
        remedies::worded(resolution, |command| {
            filled(command, &[("TABLE", word.clone()), ("LEAD", word.clone())])
        })
    };
    condition.cure.as_ref().map(worded).unwrap_or_default()
}

fn document(one: &Availability) -> Result<Json, serde_json::Error> {
    let mut document = serde_json::to_value(one)?;
    let conditions = document.get_mut("conditions").and_then(Json::as_array_mut);
    for (json, condition) in conditions.into_iter().flatten().zip(&one.conditions) {
        if condition.cure.is_some() {
            json["cure"] = cure(condition).into();
        }
    }
    Ok(document)
}

fn reasons(one: &Availability) -> String {
    let reasons: Vec<&str> = one
        .conditions
        .iter()
        .filter_map(|condition| condition.reason.as_deref())
        .collect();
    reasons.join("; ")
}
