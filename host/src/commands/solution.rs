//! `sluice solution`: customizations that travel as one file.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Error, Query, Request, Row, json as rows};
use sluice_platform::{Filled, ImportOptions, Imported};

use super::{
    jobs,
    plugin_pushed::{lacking_json, lacking_text},
    reach,
};
use crate::{
    context::Context,
    files, names,
    output::{Grid, Outcome},
    people::{self, count},
    reading, report,
    usage::Usage,
};
use sluice_platform::prelude::*;

const SOLUTIONS: &str = "solution";

/// A file that is larger is read no further: it is refused anyway.
const LARGEST: u64 = 65 << 20;

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make an empty solution.
    // Its --version is the solution's, not the program's.
    #[command(disable_version_flag = true)]
    Create {
        /// The name by which it is known everywhere: letters, digits, underscores.
        name: String,
        /// What people see.
        #[arg(long)]
        friendly: Option<String>,
        /// Its version. A managed one is replaced by the same or a higher one.
        #[arg(long, value_name = "1.0.0.0", default_value = "1.0.0.0")]
        version: String,
    },
    /// Change what a solution is called, and its version.
    #[command(disable_version_flag = true)]
    Update {
        /// The solution.
        name: String,
        /// What people see.
        #[arg(long)]
        friendly: Option<String>,
        /// Its version.
        #[arg(long, value_name = "1.0.0.0")]
        version: Option<String>,
    },
    /// Add components: table, column (TABLE.COLUMN), key (TABLE.KEY), option-set (NAME or TABLE.COLUMN), mapping
    /// (SOURCE:TARGET), role, plugin, workflow, business-rule, duplicate-rule, flow, form and view (TABLE:NAME),
    /// web-resource, column-profile, team-template, offline-profile.
    Add(Components),
    /// Take components out again; in the organisation they stay.
    Remove(Components),
    /// List the solutions.
    List,
    /// Show a solution with its components.
    Show {
        /// The solution.
        name: String,
    },
    /// Write a solution to a file, with what is published of its components.
    Export {
        /// The solution.
        name: String,
        /// The file; - for standard output.
        file: PathBuf,
        /// Where it arrives, nobody but its next version changes it.
        #[arg(long)]
        managed: bool,
        /// Replace the file if it is there.
        #[arg(long)]
        force: bool,
    },
    /// Read a solution from a file: all of it or nothing. It is published at once.
    Import {
        /// The file; - for standard input.
        file: PathBuf,
        /// As a managed one, even if it was exported as an unmanaged one.
        #[arg(long)]
        managed: bool,
        /// Although a plug-in in it lacks registered types: their steps are disabled, and they are
        /// no types of the plug-in any more.
        #[arg(long)]
        force: bool,
        /// Set configurations of steps to those of the file, although an administrator has set others.
        #[arg(long)]
        config: bool,
        /// Although a role or column profile of a name in it is here already, came by something else, and somebody has
        /// it: whoever has it gets what the file gives by it.
        #[arg(long)]
        to_holders: bool,
    },
    /// Remove a solution: a managed one with what it brought, an unmanaged one by itself.
    Delete {
        /// The solution.
        name: String,
    },
}

/// Which components of which solution.
#[derive(Debug, clap::Args)]
pub(crate) struct Components {
    /// The solution.
    name: String,
    /// What they are.
    kind: String,
    /// Their names.
    #[arg(required = true)]
    components: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::Create {
            name,
            friendly,
            version,
        } => create(&session, &name, friendly.as_deref(), &version),
        Command::Update {
            name,
            friendly,
            version,
        } => update(&session, &name, friendly.as_deref(), version.as_deref()),
        Command::Add(args) => {
            let added = session.add_to_solution(&args.name, &args.kind, &args.components)?;
            let there = args.components.iter().filter(|name| !added.contains(name));
            let there: Vec<String> = there.map(|name| format!("\n{name} is in it already")).collect();
            changed(&args, &added, "added to", &there.concat())
        }
        Command::Remove(args) => {
            session.remove_from_solution(&args.name, &args.kind, &args.components)?;
            changed(&args, &args.components, "taken out of", "")
        }
        Command::List => list(context, &session),
        Command::Show { name } => show(context, &session, &name),
        Command::Export {
            name,
            file,
            managed,
            force,
        } => export(context, &session, &name, &file, (managed, force)),
        Command::Import {
            file,
            managed,
            force,
            config,
            to_holders,
        } => {
            let options = ImportOptions {
                managed,
                force,
                configuration: config,
                to_holders,
            };
            import(context, &session, &file, options)
        }
        Command::Delete { name } => delete(context, &session, &name),
    }
}

fn create(session: &Session, name: &str, friendly: Option<&str>, version: &str) -> anyhow::Result<Outcome> {
    let row = Row::unsaved(SOLUTIONS)
        .with("uniquename", name)
        .with("friendlyname", friendly.unwrap_or(name))
        .with("version", version);
    let id = session.execute(Request::create(row))?.created().unwrap_or_default();
    Ok(Outcome::new(
        json!({ "id": id.to_string(), "name": name }),
        format!("made the solution {name}; `sluice solution add {name} KIND COMPONENT` fills it"),
    ))
}

fn update(session: &Session, name: &str, friendly: Option<&str>, version: Option<&str>) -> anyhow::Result<Outcome> {
    let mut row = Row::new(SOLUTIONS, session.find_one(SOLUTIONS, name)?);
    for (column, value) in [("friendlyname", friendly), ("version", version)] {
        if let Some(value) = value {
            row.set(column, value);
        }
    }
    if row.values.is_empty() {
        return Err(Usage::because("nothing is to be changed; give --friendly or --version"));
    }
    let id = row.id;
    session.execute(Request::update(row))?;
    Ok(Outcome::new(
        json!({ "id": id.to_string(), "name": name }),
        format!("updated the solution {name}"),
    ))
}

fn changed(args: &Components, components: &[String], what: &str, note: &str) -> anyhow::Result<Outcome> {
    let document = json!({ "name": args.name, "kind": args.kind, "components": components });
    let text = format!(
        "{} {what} the solution {}{note}",
        count(components.len(), "component"),
        args.name
    );
    Ok(Outcome::new(document, text))
}

fn list(context: &Context, session: &Session) -> anyhow::Result<Outcome> {
    let query = Query::new(SOLUTIONS)
        .columns(&["uniquename", "friendlyname", "version", "ismanaged", "installedon"])
        .order_by("uniquename");
    people::list(context, session, query)
}

fn show(context: &Context, session: &Session, name: &str) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let table = catalog.table(SOLUTIONS)?;
    let row = names::row(session, SOLUTIONS, name, &[])?;
    let components = session.solution_components(row.text("uniquename").unwrap_or_default())?;
    let mut document = rows::from_row(table, &row, None);
    if let Json::Object(map) = &mut document {
        map.insert("components".to_owned(), pairs(&components));
    }
    let mut grid = Grid::new(["kind", "component"]);
    for (kind, name) in &components {
        grid.row([kind, name]);
    }
    let sheet = if context.json() {
        String::new()
    } else {
        people::sheet(context, table, &row)?
    };
    Ok(Outcome::table(
        document,
        &format!("{sheet}\n"),
        grid.text("no components"),
        "",
    ))
}

fn pairs(components: &[(String, String)]) -> Json {
    components
        .iter()
        .map(|(kind, name)| json!({ "kind": kind, "name": name }))
        .collect()
}

fn export(
    context: &Context,
    session: &Session,
    name: &str,
    path: &Path,
    (managed, force): (bool, bool),
) -> anyhow::Result<Outcome> {
    let bytes = session.export_solution(name, managed)?;
    let write = |out: &mut dyn Write| Ok(out.write_all(&bytes)?);
    files::deliver(context, path, force, write, |()| {
        let components = session.solution_components(name)?;
        let document = json!({
            "name": name,
            "file": path.display().to_string(),
            "managed": managed,
            "bytes": bytes.len(),
            "components": pairs(&components),
        });
        let text = format!(
            "wrote {} of {name}{} to {}",
            count(components.len(), "component"),
            if managed { ", managed," } else { "" },
            path.display()
        );
        Ok(Outcome::new(document, text))
    })
}

/// The import is kept; what it left to be done failed.
fn half_done(mut error: anyhow::Error, done: &Imported) -> anyhow::Error {
    let kept = format!("{} {} was imported and is kept", done.solution, done.version);
    match error.downcast_mut::<Error>() {
        Some(inner) => {
            let body = inner.body_mut();
            body.message = format!(
                "{kept}, but its duplicate rules are not published yet, `sluice jobs resume` goes on with that: {}",
                body.message
            );
            error
        }
        None => error.context(kept),
    }
}

/// The bytes of a file, as far as a solution may be large.
fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("{} cannot be read", path.display());
    let mut bytes = Vec::new();
    reading::open(path)?
        .take(LARGEST)
        .read_to_end(&mut bytes)
        .with_context(cannot)?;
    Ok(bytes)
}

fn reached_json(reached: &Filled) -> Json {
    json!({ "kind": reached.kind, "name": reached.name, "holders": reached.holders, "count": reached.count })
}

/// What an import did, for scripts.
fn imported(done: &Imported, jobs: &[Json]) -> Json {
    json!({
        "name": done.solution,
        "version": done.version,
        "before": done.before,
        "managed": done.managed,
        "components": pairs(&done.components),
        "taken": pairs(&done.taken),
        "removed": pairs(&done.removed),
        "lacking": lacking_json(&done.lacking),
        "reached": done.reached.iter().map(reached_json).collect::<Vec<_>>(),
        "keptConfigurations": done.kept_configurations,
        "disabled": done.disabled.iter().map(|(id, name)| json!({ "id": id.to_string(), "name": name })).collect::<Vec<_>>(),
        "deactivated": done.deactivated.iter().map(|(id, name)| json!({ "id": id.to_string(), "name": name })).collect::<Vec<_>>(),
        "notices": done.notices.iter().map(Error::to_json).collect::<Vec<_>>(),
        "jobs": jobs,
    })
}

fn import(context: &Context, session: &Session, path: &Path, options: ImportOptions) -> anyhow::Result<Outcome> {
    session.check_named_privilege("prvImportCustomization")?;
    let done = session
        .import_solution_with(&bytes(path)?, options)
        .map_err(|error| error.with_word("FILE", path.display()))?;
    let (jobs, told, exit) = jobs::run_all(context, session, &done.jobs).map_err(|error| half_done(error, &done))?;
    let document = imported(&done, &jobs);
    let mut lines = vec![format!(
        "imported {} {}{}{}",
        done.solution,
        done.version,
        if done.managed { ", managed" } else { "" },
        done.before
            .map_or_else(String::new, |before| format!(", in place of {before}"))
    )];
    lines.extend(done.components.iter().map(|(kind, name)| format!("  {kind:16} {name}")));
    let taken = |(kind, name): &(String, String)| {
        format!("  {kind:16} {name}: was yours, is the solution's now, and goes with it when it is deleted")
    };
    lines.extend(done.taken.iter().map(taken));
    lines.extend(
        done.removed
            .iter()
            .map(|(kind, name)| format!("  {kind:16} {name}: taken away")),
    );
    let reached = |reached: &Filled| {
        let (kind, name) = (&reached.kind, &reached.name);
        format!(
            "  {kind:16} {name}: was here, and gives what the solution gives to {}",
            reached.who()
        )
    };
    lines.extend(done.reached.iter().map(reached));
    let kept = done.kept_configurations.iter();
    lines.extend(kept.map(|step| {
        format!("  step {step}: keeps the configuration that an administrator set; --config sets it to the file's")
    }));
    lines.extend(
        done.disabled
            .iter()
            .map(|(id, name)| format!("  disabled {id}  {name}: the new file lacks its type")),
    );
    lines.extend(
        done.deactivated.iter().map(|(id, name)| {
            format!("  deactivated {id}  the workflow {name}: the new file lacks a type that it calls")
        }),
    );
    lines.extend(
        lacking_text(context, &done.lacking)
            .lines()
            .skip(1)
            .map(ToOwned::to_owned),
    );
    lines.extend(
        done.notices
            .iter()
            .map(|notice| format!("notice {}", report::headline(notice))),
    );
    lines.extend(told);
    jobs::with_removals(
        context,
        session,
        Outcome::new(document, lines.join("\n")).with_exit(exit),
    )
}

fn delete(context: &Context, session: &Session, name: &str) -> anyhow::Result<Outcome> {
    reach::of_solution(context, name)?;
    let done = session.delete_solution(name)?;
    // What was removed is out of work; that its codes are removed later would harm nobody.
    jobs::run_all(context, session, &done.jobs)?;
    let kept: Json = done
        .kept
        .iter()
        .map(|(kind, name, why)| json!({ "kind": kind, "name": name, "reason": why }))
        .collect();
    let document = json!({ "name": name, "managed": done.managed, "removed": pairs(&done.removed), "kept": kept });
    let mut lines = vec![format!("removed the solution {name}")];
    if !done.managed {
        lines.push("what was in it stays in the organisation".to_owned());
    }
    lines.extend(
        done.removed
            .iter()
            .map(|(kind, name)| format!("  {kind:16} {name}: taken away")),
    );
    let kept = done
        .kept
        .iter()
        .map(|(kind, name, why)| format!("  {kind:16} {name}: stays, and is your own now: {why}"));
    lines.extend(kept);
    Ok(Outcome::new(document, lines.join("\n")))
}
