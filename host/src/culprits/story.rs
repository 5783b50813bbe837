//! A culprit in a few sentences: which step, which call, which privilege, who.

use serde_json::{Value as Json, json};
use sluice_model::{Code, Error, Reached, StepInfo, StepValue};
use sluice_platform::Culprit;

use super::{Report, commands::commands_of, missing::missing, note};
use crate::report::{self, noun};

impl Report<'_> {
    /// What stands in the way, and what is missing for it.
    pub(super) fn story(&self, (culprit, stops): (&Culprit, &str), is_own: bool) -> String {
        let error = culprit.error.origin();
        let body = error.body();
        let mut text = stopped(&culprit.error, stops);
        let set = |set: &Vec<StepInfo>| {
            let names: Vec<String> = set.iter().map(|step| format!("\"{}\"", step.name)).collect();
            names.join(" and ")
        };
        let with: Vec<String> = culprit.sets.iter().map(set).collect();
        if !with.is_empty() {
            let or = ", or together with ";
            text.push_str(&format!(" It fails only together with {}.", with.join(or)));
        }
        for command in culprit.behind.iter().flat_map(|fix| commands_of(fix, &self.sender)) {
            let command = self.context.command(&command);
            text.push_str(&format!(
                " It is met only with `{command}`, and not where the request passes in another way."
            ));
        }
        text.push_str(&missing(self.catalog, culprit, is_own));
        if let Some(duplicates) = &body.duplicates {
            let found = report::matches(duplicates).replace('\n', "; ");
            text.push_str(&format!(" There is already: {found}."));
        }
        if let Some(note) = note(error, self.qualifies) {
            text.push_str(&format!(" {note}"));
        }
        if let Some(limit) = &body.limit {
            text.push_str(&format!(
                " It overran the limit {}: {} of {} {}.",
                limit.name, limit.used, limit.allowed, limit.unit
            ));
        }
        text
    }
}

/// Which step stops it; where that caught a refusal and said something else, both.
fn stopped(error: &Error, stops: &str) -> String {
    let body = error.body();
    let Some(step) = &body.step else {
        return "The platform itself refuses it, not a plug-in.".to_owned();
    };
    let mut text = format!("The {} \"{}\" {stops}. {}", noun(step), step.name, runs(step));
    match &body.caught {
        Some(caught) => {
            text.push_str(&format!(
                " It ends with words of its own, \"{}\", after its call {} was refused.",
                error.message(),
                refused_call(caught, step)
            ));
            text + &inside(caught, step)
        }
        None => text + &refused(error) + &written(&body.values) + &reached(&body.reached),
    }
}

/// `It runs the plug-in bot/bot in the pre-operation of Create contact.`
fn runs(step: &StepInfo) -> String {
    let does = match (&step.action, step.calls_plugin()) {
        (_, true) => format!("runs the plug-in {}", step.plugin),
        (Some(action), false) => format!("fails at the action {action}"),
        (None, false) => "fails".to_owned(),
    };
    format!("It {does} in the {}.", report::place(step))
}

/// ` Its call Create task, made as seller.west, is refused.`
fn refused(error: &Error) -> String {
    let body = error.body();
    let call = body.call.as_ref();
    call.map(|call| format!(" Its call {call}{} is refused.", made_as(error)))
        .unwrap_or_default()
}

/// In whose name a step calls is known of a refusal that is somebody's alone.
fn made_as(error: &Error) -> String {
    let body = error.body();
    let who = body.principal.as_ref().filter(|_| body.code != Code::OWNER_LACKS_READ);
    who.map(|principal| format!(", made as {},", principal.name))
        .unwrap_or_default()
}

/// The call of a step in which that was refused which it caught.
fn refused_call(caught: &Error, step: &StepInfo) -> String {
    let body = caught.body();
    let through = body.reached.iter().rfind(|reached| reached.step.id == step.id);
    match (through, &body.call) {
        (Some(reached), _) => reached.call.clone(),
        (None, Some(call)) => format!("{call}{}", made_as(caught)),
        (None, None) => "of the service".to_owned(),
    }
}

/// What stops it inside that call, where that is another step.
fn inside(caught: &Error, step: &StepInfo) -> String {
    let inner = caught.body().step.as_ref();
    match inner.filter(|inner| inner.id != step.id) {
        Some(_) => {
            // Which call that is was said.
            let mut caught = caught.clone();
            caught.body_mut().reached.retain(|reached| reached.step.id != step.id);
            format!(" In that call: {}", stopped(&caught, "stops it"))
        }
        None => written(&caught.body().values),
    }
}

/// The words with which plug-ins ended that had caught what is told, the innermost first.
pub(super) fn own_words_json(error: &Error) -> Json {
    let made_of_it = error.from_origin().into_iter().skip(1);
    let words = made_of_it.map(
        |error| json!({ "code": error.code().to_string(), "message": error.message(), "step": error.body().step }),
    );
    words.collect()
}

/// That it is a value of the step's that is refused, and where it stands.
fn written(values: &[StepValue]) -> String {
    let places: Vec<String> = values.iter().map(StepValue::label).collect();
    match places.is_empty() {
        true => String::new(),
        false => format!(
            " What is refused is the value that it wrote into the {}; with what was sent there it would not be.",
            places.join(" and the ")
        ),
    }
}

/// Through which calls of other steps it ran.
fn reached(reached: &[Reached]) -> String {
    let one = |reached: &Reached| {
        format!(
            "{} by the {} \"{}\"",
            reached.call,
            noun(&reached.step),
            reached.step.name
        )
    };
    let each: Vec<String> = reached.iter().map(one).collect();
    match each.is_empty() {
        true => String::new(),
        false => format!(" It runs in the call {}.", each.join(", that one in the call ")),
    }
}
