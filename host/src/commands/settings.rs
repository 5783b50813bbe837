//! `sluice settings`: the organisation's settings, columns of its one row.

use clap::ValueEnum;
use serde_json::json;
use sluice_engine::Session;
use sluice_model::{Code, Error, Query, Request, Row, Value};

use crate::{context::Context, failure::Usage, output::Outcome, people::pairs};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show the settings.
    Show,
    /// Change a setting.
    Set {
        /// Which.
        #[arg(value_enum)]
        name: Setting,
        /// To what: off, exception or all for trace; yes or no for the others.
        value: String,
    },
}

/// The settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Setting {
    /// Which requests and plug-in calls leave a trace.
    Trace,
    /// Whether qualifying makes account, contact and opportunity without asking.
    Createonqualify,
    /// Whether duplicates are detected at all; switched off, every rule is unpublished.
    #[value(name = "duplicates.enabled")]
    DuplicatesEnabled,
    /// Whether the dialog about duplicates lists them all, or has two lookups.
    #[value(name = "duplicates.improved")]
    DuplicatesImproved,
    /// Whether the previous owner of a row keeps access when it is assigned.
    ShareToPreviousOwner,
}

const TRACE: [&str; 3] = ["off", "exception", "all"];
const COLUMNS: [&str; 5] = [
    "plugintracelogsetting",
    "sl_createonqualify",
    "isduplicatedetectionenabled",
    "sl_improvedduplicates",
    "sharetopreviousowneronassign",
];

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::Show => Ok(show(&row(&session)?)),
        Command::Set { name, value } => {
            let (column, value) = change(name, &value)?;
            let organization = row(&session)?;
            let update = Row::new("organization", organization.id).with(column, value);
            session.execute(Request::update(update))?;
            Ok(show(&row(&session)?))
        }
    }
}

fn row(session: &Session) -> anyhow::Result<Row> {
    let rows = session.list(Query::new("organization").columns(&COLUMNS))?;
    rows.into_iter()
        .next()
        .ok_or_else(|| Error::new(Code::NOT_FOUND, "you may not see the organisation's row").into())
}

fn change(name: Setting, value: &str) -> anyhow::Result<(&'static str, Value)> {
    let yes_or_no = || match value {
        "yes" | "true" | "on" => Ok(Value::Bool(true)),
        "no" | "false" | "off" => Ok(Value::Bool(false)),
        _ => Err(Usage::because(format!("`{value}` is neither yes nor no"))),
    };
    Ok(match name {
        Setting::Trace => {
            let known = (0..)
                .zip(TRACE)
                .find(|(_, word)| *word == value)
                .map(|(number, _)| number);
            let number = known.ok_or_else(|| Usage::because(format!("`{value}` is none of {}", TRACE.join(", "))))?;
            ("plugintracelogsetting", Value::Choice(number))
        }
        Setting::Createonqualify => ("sl_createonqualify", yes_or_no()?),
        Setting::DuplicatesEnabled => ("isduplicatedetectionenabled", yes_or_no()?),
        Setting::DuplicatesImproved => ("sl_improvedduplicates", yes_or_no()?),
        Setting::ShareToPreviousOwner => ("sharetopreviousowneronassign", yes_or_no()?),
    })
}

fn show(row: &Row) -> Outcome {
    let trace = row
        .int("plugintracelogsetting")
        .and_then(|number| TRACE.get(usize::try_from(number).ok()?))
        .copied()
        .unwrap_or("off");
    let on_qualify = row.bool("sl_createonqualify") != Some(false);
    let share = row.bool("sharetopreviousowneronassign") == Some(true);
    let detects = row.bool("isduplicatedetectionenabled") != Some(false);
    let improved = row.bool("sl_improvedduplicates") != Some(false);
    let document = json!({
        "trace": trace,
        "createonqualify": on_qualify,
        "duplicates.enabled": detects,
        "duplicates.improved": improved,
        "share-to-previous-owner": share,
    });
    let word = |yes: bool| if yes { "yes" } else { "no" };
    let text = pairs(&[
        ("trace", trace),
        ("createonqualify", word(on_qualify)),
        ("duplicates.enabled", word(detects)),
        ("duplicates.improved", word(improved)),
        ("share-to-previous-owner", word(share)),
    ]);
    Outcome::new(document, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_take_words() {
        assert_eq!(
            change(Setting::Trace, "all").unwrap(),
            ("plugintracelogsetting", Value::Choice(2))
        );
        assert_eq!(
            change(Setting::Createonqualify, "no").unwrap(),
            ("sl_createonqualify", Value::Bool(false))
        );
        assert!(change(Setting::Trace, "some").unwrap_err().is::<Usage>());
    }
}
