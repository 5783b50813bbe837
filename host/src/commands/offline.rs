//! `sluice offline`: which tables the mobile offline profiles keep on a device. A change counts
//! once it is published, which each command does with its own change, unless it is told to
//! leave a draft.

use serde_json::json;
use sluice_engine::Session;
use sluice_model::{Code, Error, Filter, Query, Reference, Request, Row};

use super::{form::Draft, reach};
use crate::{
    context::Context,
    output::{Grid, Outcome},
};
use sluice_platform::prelude::*;

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the tables of each profile.
    List,
    /// Add a table to a profile.
    #[command(visible_alias = "create")]
    Add(Change),
    /// Take a table out of a profile.
    #[command(visible_alias = "delete")]
    Remove(Change),
}

/// What is changed.
#[derive(Debug, clap::Args)]
pub(crate) struct Change {
    /// The table.
    table: String,
    /// The profile; the only one, where there is but one.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    #[command(flatten)]
    draft: Draft,
}

const ITEM: &str = "mobileofflineprofileitem";

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List => list(&session),
        Command::Add(change) => {
            session.catalog()?.table(&change.table)?;
            let profile = profile(&session, change.profile.as_deref())?;
            if !items(&session, &profile, &change.table)?.is_empty() {
                let message = format!("{} is in the profile already", change.table);
                return Err(Error::new(Code::DUPLICATE_KEY, message).into());
            }
            let row = Row::unsaved(ITEM)
                .with("name", change.table.as_str())
                .with("mobileofflineprofileid", profile.clone())
                .with("selectedentitytypecode", change.table.as_str());
            let id = session.execute(Request::create(row))?.created().unwrap_or_default();
            // The profile itself may be a draft.
            let published = change
                .draft
                .publish(&session, vec![profile, Reference::new(ITEM, id)])?;
            Ok(done("added", &change.table, published))
        }
        Command::Remove(change) => {
            let profile = profile(&session, change.profile.as_deref())?;
            let found = items(&session, &profile, &change.table)?;
            if found.is_empty() {
                let message = format!("{} is not in the profile; `offline list` shows what is", change.table);
                return Err(Error::new(Code::NOT_FOUND, message).into());
            }
            reach::of_definition(context, &format!("{} in the profile", change.table))?;
            for item in &found {
                session.execute(Request::delete(item.clone()))?;
            }
            let published = change.draft.publish(&session, found)?;
            Ok(done("removed", &change.table, published))
        }
    }
}

fn done(what: &str, table: &str, published: &str) -> Outcome {
    Outcome::new(
        json!({ "table": table, "change": what, "published": published == "published" }),
        format!("{what} {table}; {published}"),
    )
}

fn profile(session: &Session, name: Option<&str>) -> anyhow::Result<Reference> {
    const PROFILE: &str = "mobileofflineprofile";
    if let Some(name) = name {
        return Ok(Reference::new(PROFILE, session.find_one(PROFILE, name)?));
    }
    let profiles = session.list(Query::new(PROFILE).columns(&["name"]))?;
    match profiles.as_slice() {
        [only] => Ok(only.reference()),
        several => {
            let names: Vec<&str> = several.iter().filter_map(|row| row.text("name")).collect();
            let message = format!(
                "there are {} profiles ({}): say which with --profile",
                several.len(),
                names.join(", ")
            );
            Err(Error::new(Code::AMBIGUOUS, message).into())
        }
    }
}

fn items(session: &Session, profile: &Reference, table: &str) -> anyhow::Result<Vec<Reference>> {
    let filter = Filter::eq("mobileofflineprofileid", profile.id).and(Filter::eq("selectedentitytypecode", table));
    let rows = session.list(Query::new(ITEM).columns(&[]).filter(filter))?;
    Ok(rows.iter().map(Row::reference).collect())
}

fn list(session: &Session) -> anyhow::Result<Outcome> {
    let published = session.published(ITEM)?;
    let profiles = session.list(Query::new("mobileofflineprofile").columns(&["name"]).order_by("name"))?;
    let mut grid = Grid::new(["profile", "table", "published"]);
    let mut lines = Vec::new();
    for profile in profiles {
        let name = profile.text("name").unwrap_or_default().to_owned();
        let filter = Filter::eq("mobileofflineprofileid", profile.id);
        let columns = ["selectedentitytypecode"];
        let drafts = session.list(Query::new(ITEM).columns(&columns).filter(filter))?;
        let of_profile = |row: &&Row| row.id_of("mobileofflineprofileid") == Some(profile.id);
        for row in &drafts {
            let there = published.iter().any(|copy| copy.id == row.id);
            lines.push((name.clone(), row.clone(), if there { "yes" } else { "not yet" }));
        }
        for row in published.iter().filter(of_profile) {
            if !drafts.iter().any(|draft| draft.id == row.id) {
                lines.push((name.clone(), row.clone(), "until the next publish"));
            }
        }
    }
    let mut items = Vec::new();
    for (profile, row, state) in &lines {
        let table = row.text("selectedentitytypecode").unwrap_or_default();
        grid.row([profile, table, state]);
        items.push(json!({ "profile": profile, "table": table, "published": state }));
    }
    Ok(Outcome::list(items, grid.text("no table is kept on a device")))
}
