//! What a plug-in's file says of itself.

use sluice_model::{Code, Error, Result, error::Limit};

use crate::bindings::sluice::plugin::types;

/// A file declares at most so many types.
const TYPES: usize = 200;

/// Its types declare at most so many steps, together.
const STEPS: usize = 1_000;

/// What a file declares, unless it is more than is taken: each type and step becomes a row, in one
/// transaction.
pub(crate) fn within_limits(types: Vec<PluginType>) -> Result<Vec<PluginType>> {
    let steps = types.iter().map(|kind| kind.steps.len()).sum();
    for (what, used, most) in [("types", types.len(), TYPES), ("steps", steps, STEPS)] {
        if used > most {
            let message = format!("the file declares {used} {what}; one file may declare {most}");
            let mut error = Error::new(Code::PLUGIN_TOO_LARGE, message);
            error.body_mut().limit = Some(Limit {
                name: what.to_owned(),
                allowed: most as u64,
                used: used as u64,
                unit: what,
            });
            return Err(error);
        }
    }
    Ok(types)
}

/// One plug-in of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginType {
    /// The name by which [`crate::Call`] calls it.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Capabilities that it asks for: `clock`, `random`, `system`. An administrator grants.
    pub wants: Vec<String>,
    /// The steps that it declares.
    pub steps: Vec<DeclaredStep>,
    /// The privileges that whoever it runs as needs.
    pub privileges: Vec<String>,
    /// What workflows that call it give.
    pub inputs: Vec<Argument>,
    /// What they take.
    pub outputs: Vec<Argument>,
}

/// What a workflow gives to a plug-in, or takes from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// `boolean`, `integer`, `decimal`, `text`, `date-time`, `id` or `reference`.
    pub kind: String,
    /// Of an input: a workflow has to give it.
    pub required: bool,
    /// What it is.
    pub description: String,
}

impl From<types::Argument> for Argument {
    fn from(from: types::Argument) -> Self {
        let types::Argument {
            name,
            kind,
            required,
            description,
        } = from;
        Self {
            name,
            kind,
            required,
            description,
        }
    }
}

/// The kinds of arguments.
const ARGUMENTS: [&str; 7] = ["boolean", "integer", "decimal", "text", "date-time", "id", "reference"];

/// What a file says beside the description of its types. One of version 1.0 of the contract says
/// nothing: this is the one place that tells the versions apart.
///
/// # Errors
/// It speaks of a type that the file does not declare, or of an argument of no known kind.
pub(crate) fn with_details(types: &mut [PluginType], details: Vec<types::TypeDetails>) -> Result<()> {
    let wrong = |message: String| Err(Error::new(Code::FOREIGN_CONTRACT, message));
    for one in details {
        let Some(declared) = types.iter_mut().find(|declared| declared.name == one.name) else {
            return wrong(format!(
                "the file tells details of `{}`, which it does not declare",
                one.name
            ));
        };
        let arguments = || one.inputs.iter().chain(&one.outputs);
        if let Some(argument) = arguments().find(|one| !ARGUMENTS.contains(&one.kind.as_str())) {
            return wrong(format!(
                "the argument `{}` of `{}` is of no kind that there is: `{}`",
                argument.name, one.name, argument.kind
            ));
        }
        if arguments().count() > MOST_DETAILS || one.privileges.len() > MOST_DETAILS {
            return wrong(format!(
                "`{}` has more than {MOST_DETAILS} arguments or privileges",
                one.name
            ));
        }
        declared.privileges = one.privileges;
        declared.inputs = one.inputs.into_iter().map(Argument::from).collect();
        declared.outputs = one.outputs.into_iter().map(Argument::from).collect();
    }
    Ok(())
}

/// More arguments or privileges a type does not have.
const MOST_DETAILS: usize = 100;

/// A step that a plug-in declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredStep {
    /// The message.
    pub message: String,
    /// The table; empty for every table.
    pub table: String,
    /// 10 pre-validation, 20 pre-operation, 40 post-operation.
    pub stage: i32,
    /// 0 synchronous, 1 asynchronous.
    pub mode: i32,
    /// The order among the steps of a stage.
    pub rank: i32,
    /// The columns of Update that the step listens to; empty for all.
    pub filtering_columns: Vec<String>,
    /// The images that it asks for.
    pub images: Vec<DeclaredImage>,
    /// The configuration.
    pub configuration: Option<String>,
    /// What the step is for.
    pub description: String,
}

/// An image that a step asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredImage {
    /// `pre`, `post` or `both`.
    pub kind: String,
    /// The name under which the plug-in finds it.
    pub alias: String,
    /// The columns; empty for all.
    pub columns: Vec<String>,
}

impl From<types::PluginType> for PluginType {
    fn from(from: types::PluginType) -> Self {
        let types::PluginType {
            name,
            description,
            wants,
            steps,
        } = from;
        Self {
            name,
            description,
            wants,
            steps: steps.into_iter().map(DeclaredStep::from).collect(),
            privileges: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
        }
    }
}

impl From<types::Step> for DeclaredStep {
    fn from(from: types::Step) -> Self {
        let types::Step {
            message,
            table,
            stage,
            mode,
            rank,
            filtering_columns,
            images,
            configuration,
            description,
        } = from;
        let images = images.into_iter().map(DeclaredImage::from).collect();
        Self {
            message,
            table,
            stage,
            mode,
            rank,
            filtering_columns,
            images,
            configuration,
            description,
        }
    }
}

impl From<types::Image> for DeclaredImage {
    fn from(from: types::Image) -> Self {
        let types::Image { kind, alias, columns } = from;
        Self { kind, alias, columns }
    }
}
