//! What is to be done about an error: what its sender can mend, what looks into it, and what they hand on who can cure
//! nothing of it.

use sluice_model::{Code, Error, Reached, Remedy, Uuid, codes::Kind};

use super::{filled, noun};
use crate::{context::Context, remedies, telling};

/// Whether to look for what stands in the way leads on from an error.
fn leads_on(error: &Error) -> bool {
    let body = error.body();
    let is_gate = matches!(
        body.code,
        Code::STEP_REQUIRED | Code::STAGE_NOT_ON_LEAD | Code::STAGE_NOT_ON_TABLE
    );
    body.step.is_some()
        || error.kind() == Kind::Denied
        || body.duplicates.is_some()
        || body.principal.is_some()
        || is_gate
}

/// Whether a refusal depends on more than how the request is written: then there is more to be found out about it.
fn is_about_more_than_words(error: &Error) -> bool {
    error.kind() == Kind::Refused && error.code() != Code::INVALID_ARGUMENT
}

/// The request, where it was recorded and can run again.
pub(super) fn recorded(error: &Error) -> Option<Uuid> {
    error.body().correlation.filter(|_| error.body().recorded)
}

/// The command that looks into a refusal, where there is more to be found out.
pub(super) fn looks_into(error: &Error) -> Option<String> {
    let more = leads_on(error) || is_about_more_than_words(error);
    let request = recorded(error).filter(|_| more)?;
    Some(format!("sluice why {request}"))
}

/// The command that looks into an error, as it is printed: where that is for somebody else, without who acts here.
pub(super) fn printed(context: &Context, error: &Error, command: &str) -> String {
    match telling::now().hands_on(error) || may_be_handed_on(error) {
        true => context.handed_on(command),
        false => context.command(command),
    }
}

/// Whether it is the sender's to mend, and somebody else may cure it as well: what a step refuses on purpose.
pub(crate) fn may_be_handed_on(error: &Error) -> bool {
    telling::now().may_hand_on(error)
}

/// `or ask an administrator, …`, for a sender who may do that instead of sending something else.
pub(super) fn or_hand_on(error: &Error) -> Option<String> {
    may_be_handed_on(error).then(|| format!("or {}", telling::HAND_ON))
}

/// The command that finds all that stands in the way of the acting user.
pub(crate) fn isolate(context: &Context, what: &str) -> String {
    format!("sluice diagnose isolate --user {} {what}", context.acting())
}

/// What helps against an error that a line of several has met, where it is not for whoever wrote the line
/// to see by itself: `what to do (PrivilegeDenied): …`; and the command that looks into it.
pub(crate) fn help(context: &Context, error: &Error) -> Option<(String, Option<String>)> {
    if !leads_on(error) {
        return None;
    }
    let looks = looks_into(error);
    let (texts, commands) = advice(error, looks.is_some());
    let looks = looks.map(|command| printed(context, error, &command));
    let commands = commands.iter().map(|command| context.command(command));
    let all: Vec<String> = texts.into_iter().chain(commands).collect();
    let code = error.code();
    let told = (!all.is_empty()).then(|| format!("what to do ({code} {}): {}", code.info().name, all.join("\n  ")));
    told.map(|told| (told, looks))
}

/// What helps against an error, by what it is: sentences, and the commands that its own case has.
/// What is for an administrator to do is handed on to one, where a command follows that looks into it.
pub(crate) fn advice(error: &Error, is_looked_into: bool) -> (Vec<String>, Vec<String>) {
    let telling = telling::now();
    if telling.hands_on(error) {
        // A guide's own words say what it is.
        let guide = error.body().situation.map(|situation| situation.resolutions);
        let guide = guide.into_iter().flatten().map(|resolution| resolution.text.to_owned());
        let mut texts: Vec<String> = guide.collect();
        let hand_on = match (texts.is_empty(), is_looked_into) {
            (_, false) => telling::ASK,
            (true, true) => telling::HAND_ON,
            (false, true) => "hand this on",
        };
        texts.push(hand_on.to_owned());
        return (texts, Vec::new());
    }
    let place = place_of_value(error);
    let words = error.words();
    let texts = error
        .resolutions()
        .iter()
        .map(|resolution| format!("{place}{}", remedies::worded(resolution, |text| filled(text, &words))));
    let wanted = telling.remedies(error).into_iter();
    let commands = wanted.flat_map(|remedy| {
        let command = |words: &[(&'static str, String)]| format!("sluice {}", filled(remedies::command(remedy), words));
        match remedy {
            // Several are missing at once.
            Remedy::Grant if !error.body().missing.is_empty() => {
                let missing = error.body().missing.iter();
                let each = missing.map(|privilege| command(&with("PRIVILEGE", privilege, &words)));
                each.collect::<Vec<_>>()
            }
            _ => vec![command(&words)],
        }
    });
    let or = or_hand_on(error).filter(|_| is_looked_into);
    (texts.chain(or).collect(), commands.collect())
}

/// `in the call Create account of the step "marker": `, where that call lacks a value, and not what was sent.
pub(super) fn place_of_value(error: &Error) -> String {
    let reached = error.body().reached.first();
    match reached.filter(|_| error.code() == Code::REQUIRED_MISSING) {
        Some(Reached { call, step }) => format!("in the call {call} of the {} \"{}\": ", noun(step), step.name),
        None => String::new(),
    }
}

/// The words with another value for one of them.
fn with(word: &str, value: &str, words: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
    let each = words.iter().map(|(known, is)| match *known == word {
        true => (*known, value.to_owned()),
        false => (*known, is.clone()),
    });
    each.collect()
}
