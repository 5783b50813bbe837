//! Checks what the platform would refuse at registration, so that it does not compile.
//! All mistakes are reported at once, each at its place.

use std::collections::HashSet;

use proc_macro2::Span;
use syn::{Error, LitStr, Result};

use crate::{
    declaration::{Argument, Declaration, Image, StepArguments},
    names::{ARGUMENTS, MODES, STAGES, WANTS, WITH_IMAGES, one_of, respell},
};

/// A declaration that the platform will accept.
pub(crate) struct Checked {
    pub(crate) steps: Vec<CheckedStep>,
}

/// A step with the numbers that its words stand for.
pub(crate) struct CheckedStep {
    pub(crate) step: StepArguments,
    pub(crate) stage: i32,
    pub(crate) mode: i32,
    pub(crate) rank: i32,
}

/// Checks all of it.
pub(crate) fn check(declaration: &mut Declaration) -> Result<Checked> {
    let mut errors = Errors(None);
    if let Some(name) = &declaration.name {
        not_empty(name, "name", &mut errors);
    }
    for want in &declaration.wants {
        if !WANTS.contains(&want.value().as_str()) {
            errors.add(
                want.span(),
                format!("nobody can grant that; a plug-in wants {}", one_of(&WANTS)),
            );
        }
    }
    for privilege in &declaration.needs {
        if !privilege.value().starts_with("prv") {
            errors.add(
                privilege.span(),
                "the name of a privilege is needed here, such as \"prvReadaccount\"",
            );
        }
    }
    for (what, arguments) in [("input", &declaration.inputs), ("output", &declaration.outputs)] {
        check_arguments(what, arguments, &mut errors);
    }
    let steps = std::mem::take(&mut declaration.steps);
    let steps = steps.into_iter().map(|step| check_step(step, &mut errors)).collect();
    errors.end()?;
    Ok(Checked { steps })
}

fn check_arguments(what: &str, arguments: &[Argument], errors: &mut Errors) {
    let mut names = HashSet::new();
    for argument in arguments {
        match &argument.name {
            None => errors.add(argument.span, format!("an {what} needs its name: `name = \"Rate\"`")),
            Some(name) => {
                not_empty(name, "name", errors);
                if !names.insert(name.value()) {
                    errors.add(name.span(), format!("there are two {what}s of this name"));
                }
            }
        }
        match &argument.kind {
            Some(kind) if ARGUMENTS.contains(&kind.value().as_str()) => {}
            Some(kind) => errors.add(
                kind.span(),
                format!("unknown kind; the kinds are {}", one_of(&ARGUMENTS)),
            ),
            None => errors.add(
                argument.span,
                format!("an {what} needs its kind: {}", one_of(&ARGUMENTS)),
            ),
        }
        if argument.required && what == "output" {
            errors.add(argument.span, "only an input is required");
        }
    }
}

fn check_step(step: StepArguments, errors: &mut Errors) -> CheckedStep {
    let message = check_message(&step, errors);
    let stage = check_stage(&step, errors);
    let mode = check_mode(&step, stage, errors);
    let rank = step
        .rank
        .as_ref()
        .map_or(Ok(1), syn::LitInt::base10_parse)
        .unwrap_or_else(|error| {
            errors.merge(error);
            1
        });
    for column in step.columns.iter().chain(&step.table) {
        lower_case(column, errors);
    }
    if let Some(column) = step.columns.first()
        && message
            .as_deref()
            .is_some_and(|message| !matches!(message, "Create" | "Update"))
    {
        errors.add(
            column.span(),
            "only Create and Update have filtering columns: a step on another message runs each time",
        );
    }
    let mut aliases = HashSet::new();
    for image in &step.images {
        check_image(image, message.as_deref(), stage, &mut aliases, errors);
    }
    CheckedStep {
        step,
        stage,
        mode,
        rank,
    }
}

fn check_message(step: &StepArguments, errors: &mut Errors) -> Option<String> {
    let Some(message) = &step.message else {
        errors.add(step.span, "a step needs its message: `message = \"Create\"`");
        return None;
    };
    not_empty(message, "message", errors);
    if let Some(right) = respell(&message.value()) {
        errors.add(message.span(), format!("the platform writes this message `{right}`"));
    }
    Some(message.value())
}

fn check_stage(step: &StepArguments, errors: &mut Errors) -> i32 {
    let words = STAGES.map(|(word, _)| word);
    let Some(stage) = &step.stage else {
        errors.add(step.span, format!("a step needs its stage: {}", one_of(&words)));
        return 0;
    };
    let number = STAGES
        .iter()
        .find(|(word, _)| *word == stage.value())
        .map(|(_, number)| *number);
    number.unwrap_or_else(|| {
        errors.add(
            stage.span(),
            format!("unknown stage; the stages are {}", one_of(&words)),
        );
        0
    })
}

fn check_mode(step: &StepArguments, stage: i32, errors: &mut Errors) -> i32 {
    let Some(mode) = &step.mode else { return 0 };
    let words = MODES.map(|(word, _)| word);
    match MODES.iter().find(|(word, _)| *word == mode.value()) {
        Some((_, 1)) if stage == 10 || stage == 20 => {
            errors.add(
                mode.span(),
                "an asynchronous step runs after the operation: `stage = \"post-operation\"`",
            );
            1
        }
        Some((_, number)) => *number,
        None => {
            errors.add(mode.span(), format!("unknown mode; the modes are {}", one_of(&words)));
            0
        }
    }
}

fn check_image(
    image: &Image,
    message: Option<&str>,
    stage: i32,
    aliases: &mut HashSet<(&'static str, String)>,
    errors: &mut Errors,
) {
    for column in &image.columns {
        lower_case(column, errors);
    }
    let Some(kind) = image.kind else {
        errors.add(image.span, "an image needs its kind: `pre`, `post` or `both`");
        return;
    };
    match &image.alias {
        None => errors.add(image.span, "an image needs its alias: `alias = \"before\"`"),
        Some(alias) => {
            not_empty(alias, "alias", errors);
            let kinds: &[&'static str] = if kind == "both" { &["pre", "post"] } else { &[kind] };
            for kind in kinds {
                if !aliases.insert((*kind, alias.value())) {
                    errors.add(alias.span(), format!("the step has two {kind}-images of this alias"));
                }
            }
        }
    }
    let (pre, post) = (kind != "post", kind != "pre");
    if post && (stage == 10 || stage == 20) {
        errors.add(
            image.span,
            "before the operation there is no post-image: `stage = \"post-operation\"`, or `pre`",
        );
    }
    match message {
        Some("Create") if pre => errors.add(image.span, "Create has no pre-image: there was no row before it"),
        Some("Delete") if post => errors.add(image.span, "Delete has no post-image: there is no row after it"),
        Some(message) if !WITH_IMAGES.contains(&message) && respell(message).is_none() => {
            errors.add(
                image.span,
                format!("{message} has no images; {} have", WITH_IMAGES.join(", ")),
            );
        }
        _ => {}
    }
}

fn not_empty(word: &LitStr, what: &str, errors: &mut Errors) {
    if word.value().trim().is_empty() {
        errors.add(word.span(), format!("the {what} is empty"));
    }
}

/// Logical names have no capitals; schema names, which are easily mistaken for them, have.
fn lower_case(name: &LitStr, errors: &mut Errors) {
    let value = name.value();
    if value.is_empty() {
        errors.add(name.span(), "the name is empty");
    } else if value.chars().any(|c| c.is_uppercase() || c.is_whitespace()) {
        let right = value.to_lowercase();
        errors.add(
            name.span(),
            format!("a logical name, in lower case, is needed here: `{}`", right.trim()),
        );
    }
}

/// The mistakes found so far.
struct Errors(Option<Error>);

impl Errors {
    fn add(&mut self, span: Span, message: impl std::fmt::Display) {
        self.merge(Error::new(span, message));
    }

    fn merge(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn end(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests;
