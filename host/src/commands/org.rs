//! `sluice org`: make, show, copy, restore, migrate and check an organisation.

use std::path::{Path, PathBuf};

use serde_json::json;
use sluice_engine::{Engine, Founding};
use sluice_model::{Error, Query, Request, codes::Kind, text::DEFAULT_LANGUAGE};
use sluice_sales::{capabilities, sample, starters};

use super::{reach, shipped};
use crate::{
    context::Context,
    output::{Exit, Outcome, tell},
    people::pairs,
    text::bytes,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a new organisation in a new file.
    Create(Create),
    /// Show the organisation.
    Show,
    /// Copy the organisation into another file, also while it is in use.
    Backup {
        /// The new file.
        file: PathBuf,
    },
    /// Put a backup in the place of the organisation.
    ///
    /// The backup has to be what `org backup` wrote, to the byte. The file that had the place is kept as
    /// FILE.replaced. No other process may have it open. Whoever restores needs the privilege to maintain it there, if
    /// it can still be asked.
    Restore {
        /// The backup.
        file: PathBuf,
        /// The organisation to be restored; by default the one of --org.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Also a copy that was not made by `org backup`, or was opened since, if its pages are sound.
        #[arg(long)]
        unsealed: bool,
    },
    /// Write the organisation's file anew, without the room of rows that are gone.
    ///
    /// Others wait meanwhile. On the disk there has to be room for the file once more, and as much where the system
    /// keeps temporary files (SQLITE_TMPDIR, TMPDIR).
    Vacuum,
    /// Check the organisation's file, and list the rows that break a rule of this version.
    Check,
    /// Bring a file that an earlier version made to the present form.
    ///
    /// Every command does that with the file that it opens, after a copy FILE.before-N beside it, N being the new form.
    /// No other process may have the file open. If it fails or is interrupted, the file is as it was.
    Migrate {
        /// Make no copy.
        #[arg(long)]
        no_copy: bool,
    },
}

/// `org create`
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// With business units, users, roles, rows and the plug-ins that ship.
    #[arg(long)]
    sample: bool,
    /// The organisation's name.
    #[arg(long, default_value = "Contoso")]
    name: String,
    /// The ISO code of the base currency.
    #[arg(long, default_value = "USD", value_parser = currency)]
    currency: String,
    /// The base language by its number, for good: texts are compared and ordered by it.
    #[arg(long, default_value_t = DEFAULT_LANGUAGE, value_name = "LCID")]
    language: i32,
}

fn currency(text: &str) -> Result<String, String> {
    match text.len() == 3 && text.chars().all(|c| c.is_ascii_alphabetic()) {
        true => Ok(text.to_ascii_uppercase()),
        false => Err("an ISO code has three letters, such as USD".to_owned()),
    }
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Create(create) => self::create(context, create),
        Command::Show => show(context),
        Command::Backup { file } => {
            context.session()?.backup(&file)?;
            Ok(context.did(Outcome::new(
                json!({ "file": file.display().to_string() }),
                format!("copied to {}", file.display()),
            )))
        }
        Command::Restore { file, to, unsealed } => restore(context, &file, to.as_deref(), unsealed),
        Command::Check => check(context),
        Command::Vacuum => vacuum(context),
        Command::Migrate { no_copy } => migrate(context, no_copy),
    }
}

fn migrate(context: &Context, no_copy: bool) -> anyhow::Result<Outcome> {
    let path = context.path()?;
    let migrated = Engine::migrate(path, &capabilities(), &context.env(), &context.options(), !no_copy)?;
    let mut document =
        json!({ "org": path.display().to_string(), "migrated": migrated.is_some(), "form": Engine::FORM });
    let Some(migrated) = migrated else {
        let text = format!("{} has the present form, {}, already", path.display(), Engine::FORM);
        return Ok(Outcome::new(document, text));
    };
    if let Some(map) = document.as_object_mut() {
        map.insert("from".to_owned(), migrated.from.into());
        let copy = migrated.copy.as_ref().map(|copy| copy.display().to_string());
        map.insert("copy".to_owned(), json!(copy));
    }
    Ok(context.did(Outcome::new(document, crate::context::of_migration(path, &migrated))))
}

fn create(context: &Context, args: Create) -> anyhow::Result<Outcome> {
    let path = context.path()?;
    if args.sample {
        tell("making the sample organisation: tables, users, roles, rows, plug-ins …");
    }
    let founding = Founding {
        name: args.name,
        currency: args.currency,
        language: args.language,
    };
    let fill = |engine: &Engine| {
        if args.sample {
            sample::fill(engine, &shipped::SAMPLE)
        } else {
            starters::begin(engine)
        }
    };
    Engine::create(
        path,
        &founding,
        &capabilities(),
        &context.env(),
        &context.options(),
        fill,
    )
    .map_err(|error| context.of_context(error.into()))?;
    let document = json!({ "org": path.display().to_string(), "name": founding.name, "currency": founding.currency, "sample": args.sample });
    let mut text = format!("created {} ({}, {})", path.display(), founding.name, founding.currency);
    text.push_str(match args.sample {
        true => "\nusers: admin, manager, seller.west, seller.east, integration; act as one of them with --as",
        false => "\nroles to begin with: `role list`; a user: `user create NAME --role Salesperson`",
    });
    Ok(context.did(Outcome::new(document, text)))
}

fn restore(context: &Context, file: &Path, to: Option<&Path>, unsealed: bool) -> anyhow::Result<Outcome> {
    let to = match to {
        Some(to) => to,
        None => context.path()?,
    };
    check_restore(context, to)?;
    reach::of_restore(context, (file, to), context.env().now())?;
    let restored = Engine::restore(file, to, unsealed)?;
    let replaced = restored.replaced.as_ref().map(|path| path.display().to_string());
    let document = json!({
        "org": restored.path.display().to_string(),
        "from": file.display().to_string(),
        "bytes": restored.bytes,
        "sealed": restored.sealed,
        "replaced": replaced,
    });
    let mut text = format!("restored {} from {}", restored.path.display(), file.display());
    if let Some(replaced) = replaced {
        text.push_str(&format!("; what was there before is kept as {replaced}"));
    }
    Ok(context.did(Outcome::new(document, text)))
}

/// Whether the organisation in the place lets the user put another file there. Where it cannot answer,
/// being damaged or of another version, there is nothing to ask.
fn check_restore(context: &Context, to: &Path) -> anyhow::Result<()> {
    let Some(engine) = Engine::open_as_it_is(to, &capabilities(), &context.env(), &context.options()) else {
        return Ok(());
    };
    let asked = context
        .session_in(&engine)
        .and_then(|session| Ok(session.check_restore()?));
    match asked {
        Err(error)
            if error
                .downcast_ref::<Error>()
                .is_some_and(|error| error.kind() == Kind::Host) =>
        {
            Ok(())
        }
        asked => asked,
    }
}

fn show(context: &Context) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let columns = ["name", "basecurrencyid", "createdon", "languagecode"];
    let rows = session.list(Query::new("organization").columns(&columns))?;
    let row = rows.first();
    let catalog = session.catalog()?;
    let currency = row.and_then(|row| row.lookup("basecurrencyid")).cloned();
    let currency = match currency {
        Some(reference) => {
            let response = session.execute(Request::retrieve(reference, &["isocurrencycode"])).ok();
            let row = response.as_ref().and_then(|response| response.row());
            row.and_then(|row| row.text("isocurrencycode")).map(ToOwned::to_owned)
        }
        None => None,
    };
    let name = row.and_then(|row| row.text("name")).unwrap_or_default();
    let created = row
        .and_then(|row| row.get("createdon"))
        .map(sluice_model::json::from_value)
        .unwrap_or_default();
    let path = std::path::absolute(context.path()?)?;
    let size = std::fs::metadata(&path).map(|file| file.len()).unwrap_or_default();
    let custom = catalog.iter().filter(|table| table.custom).count();
    let mut document = json!({ "org": path.display().to_string(), "name": name, "currency": currency, "createdon": created, "bytes": size });
    if let (Some(map), Some(row)) = (document.as_object_mut(), row) {
        map.insert("organizationid".to_owned(), row.id.to_string().into());
        map.insert("tables".to_owned(), catalog.iter().count().into());
        map.insert("customtables".to_owned(), custom.into());
        map.insert("form".to_owned(), Engine::FORM.into());
        map.insert("language".to_owned(), row.int("languagecode").into());
    }
    let text = pairs(&[
        ("organisation", name.to_owned()),
        (
            "file",
            format!("{} ({}, form {})", path.display(), bytes(size), Engine::FORM),
        ),
        ("currency", currency.unwrap_or_default()),
        ("language", catalog.collation().language().to_string()),
        ("created", created.as_str().unwrap_or_default().to_owned()),
        ("tables", format!("{}, {custom} of them custom", catalog.iter().count())),
    ]);
    Ok(Outcome::new(document, text))
}

fn vacuum(context: &Context) -> anyhow::Result<Outcome> {
    let path = context.path()?;
    let size = || std::fs::metadata(path).map(|file| file.len()).unwrap_or_default();
    let before = size();
    context.session()?.vacuum()?;
    let after = size();
    let document = json!({ "org": path.display().to_string(), "before": before, "after": after });
    let text = format!("{}: {} before, {} now", path.display(), bytes(before), bytes(after));
    Ok(context.did(Outcome::new(document, text)))
}

fn check(context: &Context) -> anyhow::Result<Outcome> {
    // Its locks would go, were it asked while it is open; whoever may not check it is told nothing of it.
    let sealed = context.path().and_then(|path| Ok(Engine::is_as_backed_up(path)?));
    let session = context.session()?;
    let mut problems = session.check()?;
    let sealed = sealed?;
    if sealed == Some(false) {
        problems.insert(
            0,
            "its bytes are not those that were copied into this backup: its seal does not fit".to_owned(),
        );
    }
    if !problems.is_empty() {
        let text = format!(
            "the organisation's file is damaged:\n  {}\nkeep a copy, and restore the last backup: sluice org restore BACKUP",
            problems.join("\n  ")
        );
        let document = json!({ "ok": false, "problems": problems, "rows": [], "sealed": sealed });
        return Ok(Outcome::new(document, text).with_exit(Exit::Host));
    }
    let strays = session.strays()?;
    let rows = strays
        .iter()
        .map(|row| json!({ "table": row.table, "id": row.id, "rule": row.rule }));
    let rows: Vec<_> = rows.collect();
    let document = json!({ "ok": true, "problems": [], "rows": rows, "sealed": sealed });
    let mut text = "the organisation's file is whole".to_owned();
    if sealed.is_some() {
        text.push_str("; before it was opened, it was to the byte what `org backup` wrote");
    }
    if !strays.is_empty() {
        text.push_str("\nwhat breaks a rule of this version is left as it is:");
        for row in strays {
            let of = row.id.map(|id| format!("{} {id}: ", row.table)).unwrap_or_default();
            text.push_str(&format!("\n  {of}{}", row.rule));
        }
    }
    Ok(Outcome::new(document, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_an_iso_code() {
        assert_eq!(currency("eur").unwrap(), "EUR");
        assert!(currency("euro").is_err());
    }
}
