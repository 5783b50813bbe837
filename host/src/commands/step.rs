//! `sluice step`: which plug-in runs on which message.

use clap::ValueEnum;
use sluice_engine::{Found, Session};
use sluice_model::{Filter, Query, Reference, Request, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_platform::{ImageSpec, StepSpec, changing_step};

use super::{reach, row, selection::Selection, several, step_show, step_state, step_written, uses, what_if};
use crate::{context::Context, door::Door, names, output::Outcome, reading, usage::Usage};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Register a step.
    #[command(visible_alias = "create")]
    Register(Register),
    /// List the steps, enabled and disabled.
    List(List),
    /// Show everything about a step.
    Show {
        /// The step's id or name.
        step: String,
    },
    /// Show what a step's calls were seen to need, in recorded requests that run again for that, rolled back.
    Needs(uses::Needs),
    /// Change a step. `none`, or an empty text, takes a property away; of the name it gives the default again.
    Update(Update),
    /// Let steps run again; a rest ends, and so does watching.
    Enable {
        #[command(flatten)]
        steps: Selection,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Take steps out of work: until they are enabled, for some time, or so that they are only watched.
    Disable(step_state::Disable),
    /// Remove steps.
    #[command(visible_alias = "delete")]
    Unregister(Selection),
}

/// `step register`
#[derive(Debug, clap::Args)]
pub(crate) struct Register {
    /// The plug-in: ASSEMBLY/TYPE, or the type alone where it is unique.
    #[arg(long, value_name = "ASSEMBLY/TYPE")]
    plugin: String,
    /// The message, such as Create.
    #[arg(long, value_name = "M")]
    message: String,
    /// The table; without it, every table.
    #[arg(long, value_name = "T")]
    table: Option<String>,
    /// When it runs.
    #[arg(long, value_enum)]
    stage: Stage,
    #[command(flatten)]
    settings: Settings,
}

/// `step list`
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only steps that run on this table.
    #[arg(long, value_name = "T")]
    table: Option<String>,
    /// Only steps on this message.
    #[arg(long, value_name = "M")]
    message: Option<String>,
    /// Only steps of this plug-in: ASSEMBLY, ASSEMBLY/TYPE or TYPE.
    #[arg(long, value_name = "PLUG-IN")]
    plugin: Option<String>,
    /// Only steps of this stage.
    #[arg(long, value_enum)]
    stage: Option<Stage>,
    /// Only steps that do not work: disabled, at rest, or only watched.
    #[arg(long)]
    disabled: bool,
    /// Also the platform's own steps.
    #[arg(long)]
    all: bool,
}

/// `step update`
#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    /// The step's id or name.
    step: String,
    /// When it runs.
    #[arg(long, value_enum)]
    stage: Option<Stage>,
    #[command(flatten)]
    settings: Settings,
    /// Take all images away.
    #[arg(long, conflicts_with = "image")]
    no_images: bool,
    #[command(flatten)]
    what_if: what_if::Args,
}

/// The properties of a step. In an update, `none` empties one, and images replace images.
#[derive(Debug, clap::Args)]
struct Settings {
    /// At once, or as a job after the transaction.
    #[arg(long, value_enum)]
    mode: Option<Mode>,
    /// The execution order: smaller ones first.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    rank: Option<i32>,
    /// Of a step on Create or Update: the columns that it listens to.
    #[arg(long, value_name = "a,b", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// The row as it was or will be: pre, post or both, an alias, and columns (none for all); as often as needed. In an
    /// update, those that are given take the place of all that the step has.
    #[arg(long, value_name = "pre:ALIAS:a,b", value_parser = image)]
    image: Vec<ImageSpec>,
    /// What the plug-in gets as its configuration; @F is the contents of a file.
    #[arg(long, value_name = "S|@F")]
    config: Option<String>,
    /// The same, for nobody else to read.
    #[arg(long, value_name = "S|@F")]
    secure: Option<String>,
    /// In whose name its calls are made; by default in the caller's.
    #[arg(long, value_name = "U")]
    run_as: Option<String>,
    /// The name; by default made of type, message and table.
    #[arg(long)]
    name: Option<String>,
    /// What people should know of it.
    #[arg(long)]
    description: Option<String>,
    /// Capabilities: clock, random, system.
    #[arg(long, value_name = "a,b", value_delimiter = ',')]
    grant: Option<Vec<String>>,
    /// Limits that differ from the defaults: '{"cpu": 500}'; in an update, in the place of all that the step has.
    #[arg(long, value_name = "JSON|@F")]
    limits: Option<String>,
    /// Whether a job that succeeded is deleted.
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    async_delete: Option<bool>,
}

/// When a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    #[value(aliases = ["10", "prevalidation"])]
    PreValidation,
    #[value(aliases = ["20", "preoperation", "pre"])]
    PreOperation,
    #[value(aliases = ["40", "postoperation", "post"])]
    PostOperation,
}

impl Stage {
    fn number(self) -> i32 {
        match self {
            Self::PreValidation => 10,
            Self::PreOperation => 20,
            Self::PostOperation => 40,
        }
    }
}

/// How a step runs.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    Sync,
    Async,
}

impl Mode {
    fn number(self) -> i32 {
        match self {
            Self::Sync => 0,
            Self::Async => 1,
        }
    }
}

fn image(text: &str) -> Result<ImageSpec, String> {
    let mut parts = text.splitn(3, ':');
    let kind = match parts.next() {
        Some("pre") => 0,
        Some("post") => 1,
        Some("both") => 2,
        _ => return Err("an image begins with pre, post or both: pre:ALIAS:a,b".to_owned()),
    };
    let alias = parts.next().map(str::trim).filter(|alias| !alias.is_empty());
    let alias =
        alias.ok_or_else(|| "an image needs an alias, by which the plug-in asks for it: pre:ALIAS:a,b".to_owned())?;
    Ok(ImageSpec {
        kind,
        alias: alias.to_owned(),
        columns: list(parts.next().unwrap_or_default().split(',')),
    })
}

/// Words without the empty ones; `none` alone is none.
fn list<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let words: Vec<String> = words
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(ToOwned::to_owned)
        .collect();
    if words == ["none"] { Vec::new() } else { words }
}

fn words(given: Option<&Vec<String>>) -> Vec<String> {
    list(given.into_iter().flatten().map(String::as_str))
}

/// `none` and an empty text stand for nothing.
fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty() && *text != "none")
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::Register(args) => register(context, &session, &args),
        Command::List(args) => list_steps(context, &session, &args),
        Command::Show { step } => {
            let step = find(&session, &step)?;
            let mut outcome = step_show::show(context, &session, step)?;
            let (needs, warnings) = step_written::lacks(context, &session, step);
            for warning in warnings {
                outcome.say(&warning);
            }
            if let Some(map) = outcome.document.as_object_mut() {
                map.insert("lacks".to_owned(), needs.lacks.into());
                map.insert("ungranted".to_owned(), needs.ungranted.into());
            }
            Ok(outcome)
        }
        Command::Needs(args) => uses::step_needs(context, &session, &args),
        Command::Update(args) => update(context, &session, &args),
        Command::Enable { steps, what_if } => {
            let steps = steps.pick(&session, step_show::STEP)?;
            what_if.or_do(context, &session, |door| {
                let warnings = |step| match what_if.is_trial() {
                    true => Vec::new(),
                    false => step_written::lacks(context, &session, step).1,
                };
                step_state::enable(context, door, &steps, warnings)
            })
        }
        Command::Disable(args) => {
            let steps = args.steps.pick(&session, step_show::STEP)?;
            args.what_if.or_do(context, &session, |door| {
                step_state::disable(context, door, &steps, &args)
            })
        }
        Command::Unregister(steps) => {
            let steps = steps.pick(&session, step_show::STEP)?;
            let find = |name: &str| Ok(several::Known(Reference::new(step_show::STEP, find(&session, name)?)));
            let first = |found: &[&several::Known]| {
                let steps: Vec<Reference> = found.iter().map(|step| step.0.clone()).collect();
                reach::of_deletes(context, &steps)
            };
            several::picked(
                context,
                ("step", "unregistered"),
                &steps,
                find,
                first,
                |several::Known(step)| {
                    let (id, name) = names::called(&session, step_show::STEP, &step.id.to_string())?;
                    session.execute(Request::delete(step))?;
                    Ok((several::item(id), format!("unregistered step {name} ({id})")))
                },
            )
        }
    }
}

fn find(session: &dyn Door, step: &str) -> sluice_model::Result<Uuid> {
    session.find_one(step_show::STEP, step)
}

fn register(context: &Context, session: &Session, args: &Register) -> anyhow::Result<Outcome> {
    let settings = &args.settings;
    let user = settings.run_as.as_deref().and_then(some);
    let spec = StepSpec {
        plugin: args.plugin.clone(),
        message: args.message.clone(),
        table: args.table.clone(),
        stage: args.stage.number(),
        mode: settings.mode.map_or(0, Mode::number),
        rank: settings.rank.unwrap_or(1),
        name: settings.name.clone(),
        description: settings.description.clone(),
        filtering: words(settings.columns.as_ref()),
        images: settings.image.clone(),
        configuration: settings.config.as_deref().map(reading::text_or_file).transpose()?,
        secure: settings.secure.as_deref().map(reading::text_or_file).transpose()?,
        run_as: user.map(|user| session.find_one("systemuser", user)).transpose()?,
        grants: words(settings.grant.as_ref()),
        limits: settings
            .limits
            .as_deref()
            .and_then(some)
            .map(reading::text_or_file)
            .transpose()?,
        auto_delete: settings.async_delete.unwrap_or(false),
    };
    let id = session.register_step(&spec)?;
    let done = format!("registered step {id}");
    Ok(step_written::written(context, session, id, &done))
}

fn update(context: &Context, session: &Session, args: &Update) -> anyhow::Result<Outcome> {
    let settings = &args.settings;
    let mut row = Row::new(step_show::STEP, find(session, &args.step)?);
    let text = |given: &Option<String>| -> anyhow::Result<Option<Value>> {
        let Some(given) = given else { return Ok(None) };
        Ok(Some(match some(given) {
            Some(given) => Value::Text(reading::text_or_file(given)?),
            None => Value::Null,
        }))
    };
    let joined = |given: &Option<Vec<String>>| {
        given.as_ref().map(|given| {
            Some(words(Some(given)).join(","))
                .filter(|text| !text.is_empty())
                .map_or(Value::Null, Value::Text)
        })
    };
    let plain = |given: &Option<String>| {
        given
            .as_deref()
            .map(|given| some(given).map_or(Value::Null, Value::from))
    };
    let run_as = match settings.run_as.as_deref() {
        None => None,
        Some(user) => Some(match some(user) {
            Some(user) => Value::Lookup(Reference::new("systemuser", session.find_one("systemuser", user)?)),
            None => Value::Null,
        }),
    };
    let changes = [
        ("stage", args.stage.map(|stage| Value::Choice(stage.number()))),
        ("mode", settings.mode.map(|mode| Value::Choice(mode.number()))),
        ("rank", settings.rank.map(Value::Int)),
        ("filteringattributes", joined(&settings.columns)),
        ("configuration", text(&settings.config)?),
        ("impersonatinguserid", run_as),
        ("name", plain(&settings.name)),
        ("description", plain(&settings.description)),
        ("sl_grants", joined(&settings.grant)),
        ("sl_limits", text(&settings.limits)?),
        ("asyncautodelete", settings.async_delete.map(Value::Bool)),
    ];
    for (column, value) in changes {
        if let Some(value) = value {
            row.set(column, value);
        }
    }
    let mut secure = settings.secure.as_deref().map(reading::text_or_file).transpose()?;
    if secure.as_deref().is_some_and(|secure| some(secure).is_none()) {
        // An empty text takes the secret away.
        secure = Some(String::new());
    }
    let images = (args.no_images || !settings.image.is_empty()).then_some(settings.image.as_slice());
    if row.values.is_empty() && images.is_none() && secure.is_none() {
        return Err(Usage::because(
            "nothing is to be changed; `step update --help` shows what can be",
        ));
    }
    let id = row.id;
    let change = |_| Ok(changing_step(row.clone(), images.map(<[_]>::to_vec), secure.clone()));
    if let Some(outcome) = args.what_if.tried(context, session, change)? {
        return Ok(outcome);
    }
    if let Some(images) = images {
        reach::of_images(context, id, images)?;
    }
    session.update_step(&row, images, secure.as_deref())?;
    let done = format!("updated step {id}");
    Ok(step_written::written(context, session, id, &done))
}

fn list_steps(context: &Context, session: &dyn Door, args: &List) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    if let Some(wanted) = &args.table {
        catalog.table(wanted)?;
    }
    let mut query = Query::new(step_show::STEP);
    if let Some(message) = &args.message {
        query = query.filter(Filter::eq("sdkmessageid", session.find_one("sdkmessage", message)?));
    }
    let mut steps = row::pages(session, &query)?;
    steps.retain(|step| args.all || step.int("customizationlevel") != Some(0));
    let registry = step_show::Registry::of(context, &steps)?;
    if let Some(wanted) = &args.table {
        steps.retain(|step| registry.table(step).is_none_or(|table| table == wanted));
    }
    if let Some(wanted) = &args.plugin {
        check_plugin(session, wanted)?;
        steps.retain(|step| registry.is_of(step, wanted));
    }
    if let Some(stage) = args.stage {
        steps.retain(|step| step.int("stage") == Some(stage.number()));
    }
    steps.retain(|step| !args.disabled || !registry.runs(step));
    registry.sort(&mut steps);
    Ok(Outcome::list(
        step_show::documents(&catalog, &steps, &registry)?,
        step_show::grid(&steps, &registry),
    ))
}

/// There is a plug-in of that name, or a type.
fn check_plugin(session: &dyn Door, wanted: &str) -> anyhow::Result<()> {
    let assembly = wanted.split_once('/').map_or(wanted, |(assembly, _)| assembly);
    match session.find("pluginassembly", assembly)? {
        Found::None if assembly == wanted && session.find("plugintype", wanted)? != Found::None => Ok(()),
        Found::None => Ok(session.find_one("pluginassembly", assembly).map(|_| ())?),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_a_kind_an_alias_and_columns() {
        let spec = |kind, alias: &str, columns: &[&str]| ImageSpec {
            kind,
            alias: alias.to_owned(),
            columns: columns.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(
            image("pre:before:revenue, name"),
            Ok(spec(0, "before", &["revenue", "name"]))
        );
        assert_eq!(image("both:row"), Ok(spec(2, "row", &[])));
        assert!(image("pre").is_err() && image("pre::a").is_err() && image("middle:x").is_err());
    }

    #[test]
    fn none_stands_for_nothing() {
        assert_eq!(list("none".split(',')), Vec::<String>::new());
        assert_eq!(list("a,,b".split(',')), ["a", "b"]);
        assert_eq!((some("none"), some(""), some("x")), (None, None, Some("x")));
    }
}
