//! Errors as people read them: what happened, what to do, the platform's own words, and then in which step and
//! call it was and what is missing to whom.

mod advice;

use serde_json::Value as Json;
use sluice_engine::{HIDDEN_ROLE, Telling};
use sluice_model::{
    Code, Duplicates, Error, Match, PrincipalInfo, PrincipalKind, Reached, StepInfo, StepValue, error::numbered,
};

use crate::{
    context::Context,
    people::pairs,
    remedies, telling,
    text::{grouped, indented, quoted, wrapped},
};

pub(crate) use advice::{advice, help, isolate, may_be_handed_on};
use advice::{looks_into, or_hand_on, place_of_value, printed, recorded};

/// Messages are broken at this width.
const WIDTH: usize = 110;

/// An error with everything that is known about it.
pub(crate) fn error(context: &Context, error: &Error) -> String {
    let step = error
        .body()
        .step
        .as_ref()
        .filter(|step| step.message == "Create" && !is_on_purpose(error));
    let table = step.and_then(|step| step.table.as_ref());
    let isolate = table.map(|table| isolate(context, &format!("--table {table}")));
    error_with(context, error, isolate, [])
}

/// An error, with further commands that lead on from it. Where the request was recorded, it is that
/// one that is looked into; else one that `isolate` makes.
pub(crate) fn error_with(
    context: &Context,
    error: &Error,
    isolate: Option<String>,
    more: impl IntoIterator<Item = String>,
) -> String {
    let telling = telling::now();
    let looks = looks_into(error).or(isolate);
    let (texts, own) = advice(error, looks.is_some());
    let looks = looks.map(|command| printed(context, error, &command));
    let error = &telling.error(error);
    let recorded = recorded(error);
    let told = |command: String| context.command(&command);
    let commands = own.into_iter().map(told).chain(looks).chain(more.into_iter().map(told));
    let labels = std::iter::once("what to do").chain(std::iter::repeat(""));
    let mut lines: Vec<(&str, String)> = labels.zip(texts.into_iter().chain(commands)).collect();
    let sentence = sentence(error);
    let own_words = sentence.is_some().then(|| error.message());
    let inner = error.body().inner.as_deref();
    let because = inner.filter(|_| sentence.is_some());
    let words = own_words.or(inner).map(|words| ("platform", words));
    let words = because.map(|words| ("because", words)).into_iter().chain(words);
    lines.extend(words.map(|(name, words)| (name, wrapped(for_people(words), WIDTH - 12))));
    lines.extend(details(error, telling));
    if let Some(correlation) = recorded {
        lines.push(("trace", context.command(&format!("sluice trace tree {correlation}"))));
    }
    let title = match sentence {
        Some(sentence) => titled(error, &sentence),
        None => headline(error),
    };
    let message = wrapped(&format!("error {title}"), WIDTH);
    format!(
        "{}\n{}",
        indented(&message, 2).trim_start(),
        indented(&pairs(&lines), 2)
    )
}

/// An error in one line: who lacks what by their names, and which rows match.
pub(crate) fn in_line(error: &Error) -> String {
    let told = telling::now().error(error);
    let mut text = sentence(&told).unwrap_or_else(|| in_step(&told, for_people(told.message())));
    if let Some(duplicates) = &told.body().duplicates {
        text.push_str(&format!(" It matches {}", matches(duplicates).replace('\n', "; ")));
    }
    text
}

/// What a step is, in a word.
pub(crate) fn noun(step: &StepInfo) -> &'static str {
    if step.calls_plugin() { "step" } else { step.kind }
}

/// Code, name and message; of the platform's refusals without the details for machines, whose
/// substance is told below it.
pub(crate) fn headline(error: &Error) -> String {
    titled(error, for_people(error.message()))
}

fn titled(error: &Error, sentence: &str) -> String {
    format!("{} {}: {sentence}", error.code(), error.code().info().name)
}

/// The words of an error, with the step in which it came up.
fn in_step(error: &Error, words: &str) -> String {
    match &error.body().step {
        Some(step) => format!("{words} (in the {} \"{}\")", noun(step), step.name),
        None => words.to_owned(),
    }
}

/// Who lacks what, by their names, where the platform's own words have ids; nothing, where they are for people.
fn sentence(error: &Error) -> Option<String> {
    let body = error.body();
    if error.code() == Code::ISV_TRANSACTION {
        return swallowed(error);
    }
    // A case of its own has words of its own; where the platform's have ids, more is said beside them.
    let has_words = body.inner.is_some() && !error.message().starts_with("Principal with id");
    if has_words || (body.case.is_some() && error.code() != Code::USER_DISABLED) {
        return None;
    }
    // A guide's own words come first.
    let guide = body.situation.and_then(|_| error.message().split_once(": Principal"));
    let guide = guide.map(|(words, _)| format!("{words}: "));
    if body.situation.is_some() && guide.is_none() {
        return None;
    }
    let principal = body.principal.as_ref()?;
    let who = match principal.kind {
        PrincipalKind::User => principal.name.clone(),
        PrincipalKind::Team => format!("the team {}", principal.name),
    };
    let values: Vec<String> = body.values.iter().map(StepValue::label).collect();
    let asked = match &body.step {
        Some(step) if !values.is_empty() => {
            format!(
                " for the value that the {} \"{}\" wrote into the {}",
                noun(step),
                step.name,
                values.join(" and the ")
            )
        }
        Some(step) if step.calls_plugin() => format!(" in the step \"{}\"", step.name),
        Some(step) => format!(" in the {} \"{}\"", step.kind, step.name),
        None => String::new(),
    };
    let of = body
        .table
        .as_ref()
        .map(|table| format!(" of {table}"))
        .unwrap_or_default();
    if let Some(stopped) = stopped(error) {
        return Some(format!(
            "{who} {stopped}{}{asked}",
            if asked.is_empty() { "" } else { "," }
        ));
    }
    let privilege = body.privilege.as_ref()?;
    let all = body.missing.join(" and ");
    let privilege = if all.is_empty() { privilege } else { &all };
    let told = match error.code() {
        Code::OWNER_LACKS_READ => format!("{who}, whose the row is to be, lacks {privilege}{asked}"),
        Code::PRIVILEGE_DENIED => format!("{who} lacks {privilege}{asked}"),
        Code::ACCESS_DENIED => {
            let depth = body.depth.map(|depth| format!(" at depth {}", depth.label()));
            let held = body.held.as_ref().map(|held| format!("; it is {held}"));
            format!(
                "{who} may not do that with this row{of}{asked}: it takes {privilege}{}{}",
                depth.unwrap_or_default(),
                held.unwrap_or_default()
            )
        }
        _ => return None,
    };
    Some(format!("{}{told}", guide.unwrap_or_default()))
}

/// What keeps somebody from doing anything of the kind, whatever they hold.
fn stopped(error: &Error) -> Option<&'static str> {
    match error.code() {
        Code::USER_DISABLED if error.body().case.is_some() => {
            Some("can do nothing: the business unit of the user is disabled, or one above it")
        }
        Code::USER_DISABLED => Some("is disabled"),
        Code::READ_ONLY_ACCESS_MODE => Some("may only read, by the access mode"),
        Code::NO_ROLES => Some("has no role at all"),
        _ => None,
    }
}

/// Which step went on behind an error, and what that was: who lacked what, or its words.
fn swallowed(error: &Error) -> Option<String> {
    let body = error.body();
    let (step, call) = (body.step.as_ref()?, body.call.as_ref()?);
    let (_, caught) = error.message().split_once(CAUGHT)?;
    let lacks = |who: &PrincipalInfo| Some(format!("{} lacks {}", who.name, body.privilege.as_ref()?));
    let what = body.principal.as_ref().and_then(lacks);
    let what = what.unwrap_or_else(|| for_people(caught).to_owned());
    Some(format!(
        "The plug-in of the step \"{}\" caught the error of its call {call} and went on: {what}",
        step.name
    ))
}

/// Behind this the platform tells which error was caught.
const CAUGHT: &str = "The error that was caught: ";

fn for_people(message: &str) -> &str {
    message.split(" Details: {").next().unwrap_or(message)
}

/// What the error says, beside its message and the platform's; without what to do about it.
fn details(error: &Error, telling: Telling) -> Vec<(&'static str, String)> {
    let body = error.body();
    let mut lines = vec![("cause", error.cause().to_owned())];
    if !body.missing.is_empty() {
        lines.push(("missing", body.missing.join(", ")));
    }
    if let Some(subcode) = body.subcode {
        lines.push(("subcode", subcode.to_string()));
    }
    if let Some(limit) = &body.limit {
        lines.push((
            "limit",
            format!(
                "{}: {} {} allowed, {} used",
                limit.name,
                grouped(limit.allowed),
                limit.unit,
                grouped(limit.used)
            ),
        ));
    }
    if let Some(step) = &body.step {
        let (what, calls) = match step.calls_plugin() {
            true => ("step", format!(", plug-in {}", step.plugin)),
            false => {
                let action = step.action.as_ref().map(|action| format!(", action {action}"));
                (step.kind, action.unwrap_or_default())
            }
        };
        let id = Some(format!(" ({})", step.id)).filter(|_| telling.administers());
        let id = id.unwrap_or_default();
        lines.push((what, format!("\"{}\", {}{calls}{id}", step.name, place(step))));
    } else if let Some(plugin) = &body.plugin {
        lines.push(("plug-in", plugin.clone()));
    }
    let value = |value: &StepValue| ("value", format!("{}, as the step wrote it", value.label()));
    lines.extend(body.values.iter().map(value));
    let looked_up = |name: &String| ("looked up", of_look_up(name, body.table.as_deref()));
    lines.extend(body.looked_up.iter().map(looked_up));
    lines.extend(body.call.iter().map(|call| ("call", call.clone())));
    let reached = |reached: &Reached| ("reached by", format!("{} in \"{}\"", reached.call, reached.step.name));
    lines.extend(body.reached.iter().map(reached));
    if let Some(caught) = &body.caught {
        let call = caught.body().call.as_ref().map(|call| format!("{call}: "));
        lines.push(("caught", format!("{}{}", call.unwrap_or_default(), in_line(caught))));
    }
    if let Some(privilege) = &body.privilege {
        let table = body
            .table
            .as_ref()
            .map(|table| format!(" on table {table}"))
            .unwrap_or_default();
        let depth = body
            .depth
            .map(|depth| format!(", depth {}", depth.label()))
            .unwrap_or_default();
        lines.push(("privilege", format!("{privilege}{table}{depth}")));
    } else if let Some(table) = &body.table {
        lines.push(("table", table.clone()));
    }
    if let Some(principal) = &body.principal {
        lines.push(("who", who(principal)));
    }
    if let Some(duplicates) = &body.duplicates {
        lines.push(("matches", matches(duplicates)));
    }
    lines
}

/// That a look-up alone was refused.
fn of_look_up(name: &str, table: Option<&str>) -> String {
    let noun = table.map_or("row", sluice_engine::noun);
    format!(
        "the {noun} \"{name}\" by its name; what was to be done with it was not sent, and may take more: by the id nothing \
         is looked up"
    )
}

/// The rows that match, a line each.
pub(crate) fn matches(duplicates: &Duplicates) -> String {
    let mut lines: Vec<String> = duplicates.matches.iter().map(matched).collect();
    if duplicates.more {
        lines.push("and more".to_owned());
    }
    lines.join("\n")
}

fn matched(found: &Match) -> String {
    let details = [&found.details.email, &found.details.phone, &found.details.city];
    // Of a row that the reader cannot open, the name says just that.
    let hidden = found.id.is_none() && !found.in_flight;
    let mut line = format!("{}{} {}", found.table, if hidden { ":" } else { "" }, found.name);
    for detail in details.into_iter().flatten() {
        line.push_str(&format!(", {detail}"));
    }
    if let Some(id) = found.id {
        line.push_str(&format!(" ({id})"));
    }
    let word = if found.rules.len() == 1 { "rule" } else { "rules" };
    line.push_str(&format!(", by the {word} {}", quoted_each(&found.rules)));
    line
}

/// Names that people gave, which may hold commas: `"A", "B"`.
pub(crate) fn quoted_each(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    quoted.join(", ")
}

/// `seller.west, who has the role Salesperson`.
pub(crate) fn who(principal: &PrincipalInfo) -> String {
    let kind = match principal.kind {
        PrincipalKind::User => "user",
        PrincipalKind::Team => "team",
    };
    match principal.roles.as_slice() {
        [hidden] if hidden == HIDDEN_ROLE => format!("{kind} {}", principal.name),
        [] => format!("{kind} {}, without any role", principal.name),
        [role] => format!("{kind} {}, role {role}", principal.name),
        roles => format!("{kind} {}, roles {}", principal.name, roles.join(", ")),
    }
}

/// `pre-operation of Create account`.
pub(crate) fn place(step: &StepInfo) -> String {
    let table = step.table.as_ref().map(|table| format!(" {table}")).unwrap_or_default();
    format!("{} of {}{table}", stage(step.stage), step.message)
}

/// The stage's name.
pub(crate) fn stage(number: i32) -> String {
    match number {
        10 => "pre-validation".to_owned(),
        20 => "pre-operation".to_owned(),
        30 => "main operation".to_owned(),
        40 => "post-operation".to_owned(),
        other => format!("stage {other}"),
    }
}

/// What gives a column a value, in a command.
const GIVEN: &str = " COLUMN=VALUE";

/// The command with what is known in place of its words, as a shell takes it. Where several columns are to be given a
/// value, each of them is.
pub(crate) fn filled(command: &str, words: &[(&'static str, String)]) -> String {
    let columns = words.iter().filter(|(word, _)| *word == "COLUMN");
    if let Some((before, behind)) = command.split_once(GIVEN).filter(|_| columns.clone().count() > 1) {
        let given = columns.map(|column| filled(GIVEN, std::slice::from_ref(column)));
        return format!(
            "{}{}{}",
            filled(before, words),
            given.collect::<String>(),
            filled(behind, words)
        );
    }
    let mut text = String::with_capacity(command.len());
    let mut rest = command;
    let is_part = |c: char| c.is_ascii_uppercase();
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        text.push_str(before);
        match words.iter().find(|(known, _)| *known == word) {
            Some((_, value)) => text.push_str(&quoted(value)),
            None => text.push_str(word),
        }
        rest = after;
    }
    text + rest
}

/// An error as a document: what helps is worded with the commands that do it.
pub(crate) fn error_to_json(error: &Error) -> Json {
    let telling = telling::now();
    let hands_on = telling.hands_on(error);
    let is_looked_into = looks_into(error).is_some();
    let handed = or_hand_on(error).filter(|_| is_looked_into);
    let error = &telling.error(error);
    let mut document = error.to_json();
    let words = error.words();
    let advice = error.resolutions().iter();
    let texts = advice.map(|resolution| remedies::worded(resolution, |text| filled(text, &words)));
    let place = place_of_value(error);
    if let Some(object) = document.as_object_mut() {
        let texts = match hands_on {
            true => {
                object.remove("remedies");
                let hand_on = if is_looked_into { telling::HAND_ON } else { telling::ASK };
                vec![hand_on.to_owned()]
            }
            false => {
                let texts = texts.map(|text| format!("{place}{text}"));
                texts.chain(handed.map(|_| telling::HAND_ON.to_owned())).collect()
            }
        };
        object.insert("resolution".to_owned(), numbered(texts).into());
        if let Some(caught) = &error.body().caught {
            object.insert("caught".to_owned(), error_to_json(caught));
        }
    }
    document
}

/// A plug-in that refuses does its work: nothing is to be disabled.
fn is_on_purpose(error: &Error) -> bool {
    error.code() == Code::ISV_ABORTED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_commands_are_filled_in_whole() {
        let words = [("RULE", "Same mail".to_owned()), ("LEAD", "RULE".to_owned())];
        let text = filled("a RULE RULES existing:LEAD x.RULE OTHER", &words);
        assert_eq!(text, "a 'Same mail' RULES existing:RULE x.'Same mail' OTHER");
        let words = [("COLUMN", "a".to_owned()), ("COLUMN", "b".to_owned())];
        let text = filled("row update lead ROW COLUMN=VALUE", &words);
        assert_eq!(text, "row update lead ROW a=VALUE b=VALUE");
    }
}
