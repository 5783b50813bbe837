//! What the two exports of a plug-in do.

use std::cell::Cell;

use super::{
    bindings::{
        ExecutionContext,
        sluice::plugin::{background, log, types as wit},
    },
    imports::Guest,
};
use crate::{
    Context, Error,
    registration::{Argument, Image, Plugin, Step},
};

thread_local! {
    /// The path of the function that runs, for the report of a panic.
    static FUNCTION: Cell<&'static str> = const { Cell::new("") };
}

/// The export `describe`.
pub fn describe(plugins: &[Plugin]) -> Vec<wit::PluginType> {
    plugins
        .iter()
        .map(|plugin| wit::PluginType {
            name: plugin.name.to_owned(),
            description: plugin.description.to_owned(),
            wants: owned(plugin.wants),
            steps: plugin.steps.iter().map(step).collect(),
        })
        .collect()
}

/// The export `details`.
pub fn details(plugins: &[Plugin]) -> Vec<wit::TypeDetails> {
    let argument = |argument: &Argument| wit::Argument {
        name: argument.name.to_owned(),
        kind: argument.kind.to_owned(),
        required: argument.required,
        description: argument.description.to_owned(),
    };
    let details = plugins.iter().map(|plugin| wit::TypeDetails {
        name: plugin.name.to_owned(),
        privileges: owned(plugin.privileges),
        inputs: plugin.inputs.iter().map(argument).collect(),
        outputs: plugin.outputs.iter().map(argument).collect(),
    });
    details.collect()
}

/// The export `execute`.
///
/// # Errors
/// The plug-in's own, and an unexpected one where the file has no plug-in `name`.
pub fn execute(plugins: &[Plugin], name: &str, context: &ExecutionContext) -> Result<(), wit::PluginError> {
    let Some(plugin) = Plugin::find(plugins, name) else {
        return Err(wit::PluginError::Unexpected(format!(
            "there is no plug-in `{name}` in this file"
        )));
    };
    FUNCTION.set(plugin.function);
    std::panic::set_hook(Box::new(report));
    (plugin.run)(&Context::new(Guest::Borrowed(context))).map_err(error)
}

/// A panic ends in a trap, which tells nothing: the host is told before.
fn report(panic: &std::panic::PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("panic without a message");
    let (file, line) = panic
        .location()
        .map_or(("", 0), |location| (location.file(), location.line()));
    log::report_panic(message, FUNCTION.get(), file, line);
}

fn error(error: Error) -> wit::PluginError {
    match error {
        Error::Refused(refusal) => wit::PluginError::Refused(wit::Refusal {
            message: refusal.message,
            code: refusal.code,
        }),
        Error::Service(error) => wit::PluginError::Service(error.into()),
        Error::Unexpected(message) => wit::PluginError::Unexpected(message),
        Error::TryAgain(message) => {
            background::try_again(&message);
            wit::PluginError::Refused(wit::Refusal { message, code: None })
        }
    }
}

fn step(step: &Step) -> wit::Step {
    wit::Step {
        message: step.message.to_owned(),
        table: step.table.to_owned(),
        stage: step.stage,
        mode: step.mode,
        rank: step.rank,
        filtering_columns: owned(step.filtering_columns),
        images: step.images.iter().map(image).collect(),
        configuration: step.configuration.map(str::to_owned),
        description: step.description.to_owned(),
    }
}

fn image(image: &Image) -> wit::Image {
    wit::Image {
        kind: image.kind.to_owned(),
        alias: image.alias.to_owned(),
        columns: owned(image.columns),
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
