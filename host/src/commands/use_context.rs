//! `sluice use`: who acts where, from now on.

use std::path::{Path, PathBuf};

use serde_json::json;
use sluice_model::names::did_you_mean;

use crate::{
    context::Context,
    contexts::{self, Contexts, Kept},
    output::{Grid, Outcome},
    usage::Usage,
};

/// `use`
#[derive(Debug, clap::Args)]
#[command(after_help = "--as, --org, SLUICE_AS and SLUICE_ORG come before it.")]
pub(crate) struct Args {
    /// USER, or USER@ORG with the organisation's file. Without it, the contexts are listed.
    who: Option<String>,
    /// Use none any more; a file of contexts that cannot be read is put aside.
    #[arg(long, conflicts_with = "who")]
    pub(crate) none: bool,
    /// Forget this context.
    #[arg(long, value_name = "USER@ORG", conflicts_with_all = ["who", "none"])]
    forget: Option<String>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> anyhow::Result<Outcome> {
    let path = contexts::path()
        .ok_or_else(|| Usage::because("there is no place for the file of contexts: set SLUICE_CONTEXTS or HOME"))?;
    if args.none {
        return none(&path);
    }
    let mut all = Contexts::read(&path)?;
    if let Some(name) = &args.forget {
        if all.contexts.remove(name).is_none() {
            let hint = did_you_mean(name, all.contexts.keys().map(String::as_str));
            return Err(Usage::because(format!("there is no context `{name}`{hint}")));
        }
        all.current = all.current.filter(|current| current != name);
        all.write(&path)?;
        return Ok(Outcome::new(json!({ "forgotten": name }), format!("forgot {name}")));
    }
    let Some(who) = &args.who else {
        return Ok(listed(&all));
    };
    let (name, kept) = match all.contexts.get(who) {
        Some(kept) => (who.clone(), kept.clone()),
        None => made(who, &all)?,
    };
    check_user(context, &kept)?;
    all.contexts.insert(name.clone(), kept.clone());
    all.current = Some(name.clone());
    all.write(&path)?;
    let place = kept
        .org
        .as_deref()
        .map_or("the organisation of --org".to_owned(), shown);
    let document = json!({ "current": name, "user": kept.user, "org": kept.org, "url": kept.url });
    Ok(Outcome::new(
        document,
        format!("from now on {} acts in {place}", kept.user),
    ))
}

/// Uses none any more, whatever the file holds: one that cannot be read is put aside.
fn none(path: &Path) -> anyhow::Result<Outcome> {
    let text = "no context is used any more";
    let broken = match Contexts::read(path) {
        Ok(mut all) => {
            all.current = None;
            all.write(path)?;
            return Ok(Outcome::new(json!({ "current": null }), text));
        }
        Err(error) => error,
    };
    let Ok(aside) = contexts::set_aside(path) else {
        return Err(broken);
    };
    let text = format!(
        "{text}; {} is no file of contexts, and is kept as {}",
        path.display(),
        aside.display()
    );
    Ok(Outcome::new(json!({ "current": null, "broken": aside }), text))
}

/// Refuses who is nobody there, where the organisation is there.
fn check_user(context: &Context, kept: &Kept) -> anyhow::Result<()> {
    let path = match &kept.org {
        Some(path) => path,
        None if kept.url.is_some() => return Ok(()),
        None => context.path()?,
    };
    if path.exists() {
        context.open(path)?.session_of(&kept.user)?;
    }
    Ok(())
}

/// A context that nobody kept yet.
fn made(who: &str, all: &Contexts) -> anyhow::Result<(String, Kept)> {
    let (user, org) = match who.split_once('@') {
        Some((user, org)) => (user, Some(org)),
        None => (who, None),
    };
    if user.is_empty() || org.is_some_and(str::is_empty) {
        return Err(Usage::because(format!("`{who}` is not USER or USER@ORG")));
    }
    let mut kept = Kept {
        user: user.to_owned(),
        org: None,
        url: None,
        token: None,
    };
    match org {
        Some(url) if url.contains("://") => {
            return Err(Usage::because(format!(
                "`{url}` is an address, and this version reaches none; name the organisation's file"
            )));
        }
        Some(file) => {
            let file: PathBuf = std::path::absolute(file)?;
            if !file.exists() {
                return Err(Usage::because(format!("there is no file {}", file.display())));
            }
            kept.org = Some(file);
        }
        // Somebody else, where one works already.
        None => kept.org = all.current().and_then(|current| current.org.clone()),
    }
    let name = match &kept.org {
        Some(org) => format!("{user}@{}", org.display()),
        None => user.to_owned(),
    };
    Ok((name, kept))
}

fn listed(all: &Contexts) -> Outcome {
    let mut grid = Grid::new(["", "context", "user", "organisation"]);
    let mut documents = Vec::new();
    for (name, kept) in &all.contexts {
        let current = all.current.as_ref() == Some(name);
        let place = kept.org.as_deref().map(shown).or_else(|| kept.url.clone());
        grid.row([
            if current { "*" } else { "" },
            name,
            &kept.user,
            &place.unwrap_or_default(),
        ]);
        documents.push(json!({
            "name": name, "user": kept.user, "org": kept.org, "url": kept.url, "current": current,
        }));
    }
    Outcome::items(documents, grid.text("no contexts; `sluice use USER@ORG` makes one"))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
