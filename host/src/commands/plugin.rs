//! `sluice plugin`: plug-in files.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Error, Filter, Query, Reference, Remedy, Request, Row, Uuid, json as rows, state::step::ENABLED};
use sluice_platform::prelude::*;
use sluice_platform::{Assembly, PushOptions, Pushed, pushing};

use super::{
    case, plugin_new,
    plugin_pushed::{pushed_json, pushed_text, steps_json},
    plugin_versions, reach,
    selection::Selection,
    shipped, step_show, step_state, what_if,
};
use crate::{
    context::Context,
    names,
    output::{Grid, Outcome},
    people::{self, count},
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Push a plug-in: a new one, or a new version of one that is there.
    // Its --version is the plug-in's, not the program's.
    #[command(disable_version_flag = true, visible_aliases = ["create", "update"])]
    Push(Push),
    /// Make a package for plug-ins in Rust, which builds, tests and pushes anywhere.
    New(plugin_new::New),
    /// List the contents that a plug-in had: the last ten.
    History {
        /// The plug-in.
        plugin: String,
    },
    /// Bring back a content that a plug-in had.
    Rollback {
        /// The plug-in.
        plugin: String,
        /// Its version, or the beginning of its digest; by default the one before.
        #[arg(long, value_name = "VERSION|DIGEST")]
        to: Option<String>,
        #[command(flatten)]
        how: How,
    },
    /// Write a plug-in's component into a file.
    Export {
        /// The plug-in.
        plugin: String,
        /// The file; - for standard output.
        file: PathBuf,
        /// A content that it had: its version, or the beginning of its digest.
        #[arg(long, value_name = "VERSION|DIGEST")]
        which: Option<String>,
        /// Write over a file that is there.
        #[arg(long)]
        force: bool,
    },
    /// Run a case that `trace export` wrote again, with a file or with what was pushed.
    Replay(case::Replay),
    /// List the plug-ins.
    List,
    /// Show a plug-in with its types and steps.
    Show {
        /// The plug-in.
        plugin: String,
    },
    /// Remove a plug-in whose steps are gone.
    #[command(visible_alias = "delete")]
    Remove {
        /// The plug-in.
        plugin: String,
        /// Unregister its steps as well.
        #[arg(long)]
        steps: bool,
    },
    /// Disable all steps of plug-ins at once.
    Disable {
        #[command(flatten)]
        plugins: Selection,
        /// Also where they came with a managed solution.
        #[arg(long)]
        force: bool,
    },
    /// Enable the steps of plug-ins again that were enabled before.
    Enable(Selection),
}

/// `plugin push`
#[derive(Debug, clap::Args)]
pub(crate) struct Push {
    #[command(flatten)]
    source: shipped::Source,
    /// The name under which it is known; by default that of the file.
    #[arg(long)]
    name: Option<String>,
    /// What people should know of it.
    #[arg(long)]
    description: Option<String>,
    #[command(flatten)]
    how: How,
    /// The version; by default the one that the file says, which is that of its package.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    #[command(flatten)]
    what_if: what_if::Args,
}

/// How a plug-in is pushed.
#[derive(Debug, clap::Args)]
pub(crate) struct How {
    /// Remove the steps that the code no longer declares.
    #[arg(long)]
    prune: bool,
    /// Push a file that lacks registered types: their steps are disabled, workflows that call them
    /// are deactivated, and they are no types of the plug-in any more.
    #[arg(long)]
    force: bool,
    /// Only say what would be done.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Let the configurations that the code declares take the place of those that an administrator
    /// set.
    #[arg(long)]
    config: bool,
    /// What the declared steps are granted, as far as their types ask for it: clock, random,
    /// system. Without it, new steps that ask for something arrive disabled.
    #[arg(long, value_delimiter = ',', value_name = "CAPABILITY,…")]
    grant: Vec<Capability>,
}

/// What an administrator grants.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Capability {
    Clock,
    Random,
    System,
}

impl How {
    pub(super) fn options(&self, version: Option<&str>) -> PushOptions {
        let word = |capability: &Capability| match capability {
            Capability::Clock => "clock",
            Capability::Random => "random",
            Capability::System => "system",
        };
        PushOptions {
            prune: self.prune,
            force: self.force,
            dry_run: self.dry_run,
            configuration: self.config,
            grants: self
                .grant
                .iter()
                .map(|capability| word(capability).to_owned())
                .collect(),
            version: version.map(ToOwned::to_owned),
        }
    }
}

const ASSEMBLY: &str = "pluginassembly";
const COLUMNS: [&str; 4] = ["name", "description", "sourcehash", "modifiedon"];

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    // A package is made where there is no organisation, too.
    if let Command::New(args) = &command {
        return plugin_new::run(args);
    }
    // A case needs none either.
    if let Command::Replay(args) = &command {
        return case::replay(context, args);
    }
    let session = context.session()?;
    match command {
        Command::Push(args) => push(context, &session, &args),
        Command::New(args) => plugin_new::run(&args),
        Command::History { plugin } => plugin_versions::list(context, &session, &plugin),
        Command::Rollback { plugin, to, how } => {
            plugin_versions::roll_back(context, &session, &plugin, to.as_deref(), &how)
        }
        Command::Export {
            plugin,
            file,
            which,
            force,
        } => plugin_versions::export(context, &session, &plugin, which.as_deref(), (&file, force)),
        Command::Replay(args) => case::replay(context, &args),
        Command::List => list(context, &session),
        Command::Show { plugin } => show(context, &session, &plugin),
        Command::Remove { plugin, steps } => remove(context, &session, &plugin, steps),
        Command::Disable { plugins, force } => {
            let plugins = plugins.pick(&session, ASSEMBLY)?;
            step_state::of_plugins(context, &session, &plugins, (false, force))
        }
        Command::Enable(plugins) => {
            let plugins = plugins.pick(&session, ASSEMBLY)?;
            step_state::of_plugins(context, &session, &plugins, (true, false))
        }
    }
}

fn push(context: &Context, session: &Session, args: &Push) -> anyhow::Result<Outcome> {
    let file = args.source.file()?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => name_of(&file).ok_or_else(|| Usage::because("the file has no name; give one with --name"))?,
    };
    // Who may not push it is told before anything of it is read.
    session.check_push(&name)?;
    let assembly = Assembly {
        name: name.clone(),
        bytes: args.source.bytes(&file)?,
        description: args.description.clone(),
    };
    let options = args.how.options(args.version.as_deref());
    let change = |_| Ok(pushing(session, assembly.clone(), options.clone())?);
    if let Some(outcome) = args.what_if.tried(context, session, change)? {
        return Ok(outcome);
    }
    let push = |options: &PushOptions| session.push(&assembly, options);
    let pushed = pushed_asking(context, &options, push).map_err(|error| match error.downcast::<Error>() {
        Ok(error) => of_file(error, &file).into(),
        Err(error) => error,
    })?;
    let what = if args.how.dry_run { "would push" } else { "pushed" };
    Ok(Outcome::new(
        pushed_json(&name, &pushed, &args.how),
        pushed_text(context, (&format!("{what} {name}"), &name), &pushed),
    ))
}

/// Pushes; what may take steps away or out of work is tried first, and said before it is done.
pub(super) fn pushed_asking(
    context: &Context,
    options: &PushOptions,
    mut push: impl FnMut(&PushOptions) -> sluice_model::Result<Pushed>,
) -> anyhow::Result<Pushed> {
    let takes = (options.prune || options.force) && !options.dry_run && !context.goes_on();
    if takes {
        let trial = push(&PushOptions {
            dry_run: true,
            ..options.clone()
        })?;
        reach::of_push(context, &trial)?;
    }
    Ok(push(options)?)
}

/// What was wrong with a file says which one it was.
fn of_file(mut error: Error, file: &Path) -> Error {
    let body = error.body_mut();
    body.message = format!("{}: {}", file.display(), body.message);
    // Other remedies speak of another file, as that of a solution.
    match body.remedies.contains(&Remedy::PushForced) {
        true => error.with_word("FILE", file.display()),
        false => error,
    }
}

/// The name that a file stands for: `phone_normalizer.wasm` is `phone-normalizer`.
fn name_of(file: &Path) -> Option<String> {
    let stem = file.file_stem()?.to_str().filter(|stem| *stem != "-")?;
    let stem = stem.strip_suffix(".component").unwrap_or(stem);
    Some(stem.replace('_', "-")).filter(|name| !name.is_empty())
}

/// A plug-in's types and its steps.
fn parts(session: &Session, assembly: Uuid) -> anyhow::Result<(Vec<Row>, Vec<Row>)> {
    let types = Query::new("plugintype")
        .columns(&["typename", "description", "sl_gone"])
        .filter(Filter::eq("pluginassemblyid", assembly));
    let types = session.list(types.order_by("typename"))?;
    let mut steps = Vec::new();
    for plugin_type in &types {
        let query = Query::new(step_show::STEP).filter(Filter::eq("plugintypeid", plugin_type.id));
        steps.extend(session.list(query)?);
    }
    Ok((types, steps))
}

/// Whether a type was given up.
fn is_gone(plugin_type: &Row) -> bool {
    plugin_type.bool("sl_gone") == Some(true)
}

fn list(context: &Context, session: &Session) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let table = catalog.table(ASSEMBLY)?;
    let query = Query::new(ASSEMBLY).columns(&COLUMNS).order_by("name");
    let columns = query.columns.clone();
    let assemblies = session.list(query)?;
    let mut grid = Grid::new(["name", "types", "steps", "enabled", "description", "id"]);
    if !context.json() {
        for row in &assemblies {
            let (types, steps) = parts(session, row.id)?;
            let there = types.iter().filter(|row| !is_gone(row));
            let names: Vec<&str> = there.filter_map(|row| row.text("typename")).collect();
            let enabled = steps.iter().filter(|step| ENABLED.is_of(step)).count();
            grid.row([
                row.text("name").unwrap_or_default(),
                &names.join(", "),
                &steps.len().to_string(),
                &enabled.to_string(),
                row.text("description").unwrap_or_default(),
                &row.id.to_string(),
            ]);
        }
    }
    let documents = assemblies
        .iter()
        .map(|row| rows::from_row(table, row, columns.as_deref()))
        .collect();
    Ok(Outcome::list(documents, grid.text("no plug-ins")))
}

fn show(context: &Context, session: &Session, plugin: &str) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let table = catalog.table(ASSEMBLY)?;
    let columns = [
        "name",
        "version",
        "description",
        "sourcehash",
        "isolationmode",
        "createdon",
        "modifiedon",
    ];
    let row = names::row(session, ASSEMBLY, plugin, &columns)?;
    let (types, steps) = parts(session, row.id)?;
    let registered = step_show::Registry::of(context, &steps)?;
    let wanted: Vec<_> = columns.iter().map(|name| sluice_model::Name::from(*name)).collect();
    let mut document = rows::from_row(table, &row, Some(&wanted));
    if let Json::Object(map) = &mut document {
        let kind = |row: &Row| json!({ "id": row.id.to_string(), "name": row.text("typename"), "description": row.text("description") });
        let there = types.iter().filter(|row| !is_gone(row));
        map.insert("types".to_owned(), there.map(kind).collect());
        map.insert(
            "steps".to_owned(),
            step_show::documents(&catalog, &steps, &registered)?.into(),
        );
    }
    if context.json() {
        return Ok(Outcome::new(document, String::new()));
    }
    let mut text = people::sheet(context, table, &row)?;
    for kind in &types {
        let about = match is_gone(kind) {
            true => "(given up: the file has no such type)",
            false => kind.text("description").unwrap_or_default(),
        };
        text.push_str(&format!(
            "\n\ntype {}: {about}",
            kind.text("typename").unwrap_or_default()
        ));
    }
    text.push_str(&format!("\n\n{}", step_show::grid(&steps, &registered)));
    Ok(Outcome::new(document, text))
}

fn remove(context: &Context, session: &Session, plugin: &str, with_steps: bool) -> anyhow::Result<Outcome> {
    let (id, plugin) = names::called(session, ASSEMBLY, plugin)?;
    let steps = if with_steps { parts(session, id)?.1 } else { Vec::new() };
    let parts = steps.iter().map(Row::reference).chain([Reference::new(ASSEMBLY, id)]);
    let parts: Vec<Reference> = parts.collect();
    reach::of_deletes(context, &parts)?;
    session.execute_all(&parts.into_iter().map(Request::delete).collect::<Vec<_>>())?;
    let removed: Vec<(Uuid, String)> = steps.iter().map(named).collect();
    let text = format!("removed plug-in {plugin} and {}", count(removed.len(), "step"));
    Ok(Outcome::new(
        json!({ "id": id.to_string(), "removed": steps_json(&removed) }),
        text,
    ))
}

fn named(step: &Row) -> (Uuid, String) {
    (step.id, step.text("name").unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_called_as_its_file() {
        assert_eq!(
            name_of(Path::new("/x/phone_normalizer.wasm")).as_deref(),
            Some("phone-normalizer")
        );
        assert_eq!(
            name_of(Path::new("commission.component.wasm")).as_deref(),
            Some("commission")
        );
    }
}
