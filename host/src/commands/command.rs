//! `sluice command`: which commands a form shows, and why. What a form hides can be given here
//! all the same.

use serde_json::json;
use sluice_sales::command::{self, Availability, COMMANDS};

use crate::{
    context::Context,
    output::{Grid, Outcome},
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
            let items = all.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
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
                    condition.cure.as_deref().unwrap_or_default(),
                ]);
            }
            let word = if one.visible { "visible" } else { "hidden" };
            let text = format!("{} is {word} on the form of lead\n{}", one.command, grid.text("always"));
            let mut document = serde_json::to_value(&one)?;
            if let Some(map) = document.as_object_mut() {
                map.insert("state".to_owned(), json!(word));
            }
            Ok(Outcome::new(document, text))
        }
    }
}

fn reasons(one: &Availability) -> String {
    let reasons: Vec<&str> = one
        .conditions
        .iter()
        .filter_map(|condition| condition.reason.as_deref())
        .collect();
    reasons.join("; ")
}
