//! The same done to each of several rows: one outcome for each. One that is refused neither stops
//! nor undoes the others; a failure of the host ends it.

use serde_json::{Map, Value as Json, json};
use sluice_model::{Code, Error, Result, codes::Kind};

use crate::{
    output::{Exit, Outcome},
    people::{count, plural},
};

/// What was done to one row: for machines and for people.
pub(super) type Done = (Map<String, Json>, String);

/// The rows with the names that somebody gave, each as it is called in its outcome. An ambiguous
/// name ends the command; a row that is not there is its own outcome.
pub(super) fn found<T: ToString>(
    given: &[String],
    find: impl Fn(&str) -> Result<T>,
) -> anyhow::Result<Vec<(String, Result<T>)>> {
    let one = |name: &String| match find(name) {
        Err(error) if error.code() == Code::AMBIGUOUS => Err(error.into()),
        Err(error) => Ok((name.clone(), Err(error))),
        Ok(row) => Ok((row.to_string(), Ok(row))),
    };
    given.iter().map(one).collect()
}

/// Does `work` to each; `what` each outcome is about, and what is told of one that was refused.
pub(super) fn each<T>(
    what: &str,
    found: Vec<(String, Result<T>)>,
    refused: impl Fn(&str, &Error) -> String,
    mut work: impl FnMut(T) -> anyhow::Result<Done>,
) -> anyhow::Result<Outcome> {
    let (all, mut done) = (found.len(), 0);
    let (mut items, mut texts, mut exit) = (Vec::new(), Vec::new(), Exit::Done);
    let mut told = Vec::new();
    for (name, row) in found {
        let mut item = Map::new();
        item.insert(what.to_owned(), name.clone().into());
        match row.map_err(Into::into).and_then(&mut work) {
            Ok((more, text)) => {
                item.extend(more);
                texts.push(text);
                done += 1;
            }
            Err(error) => {
                let error = error.downcast::<Error>()?;
                item.insert("error".to_owned(), crate::report::error_to_json(&error));
                let text = refused(&name, &error);
                told.push(text.clone());
                texts.push(text);
                let failed = error.kind() == Kind::Host;
                exit = if failed { Exit::Host } else { Exit::Refused };
            }
        }
        items.push(Json::Object(item));
        if exit == Exit::Host {
            break;
        }
    }
    match all {
        0 => texts.push(format!("no {}", plural(what))),
        1 => {}
        _ if done == all => texts.push(format!("all {} done", count(all, what))),
        _ => texts.push(format!("{done} of {} done, the others not", count(all, what))),
    }
    let document = json!({ "value": items });
    Ok(Outcome::new(document, joined(&texts))
        .with_last("error")
        .with_refused(told)
        .with_exit(exit))
}

/// The texts one below the other; those of several lines stand apart.
fn joined(texts: &[String]) -> String {
    let mut all = String::new();
    for (place, text) in texts.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| texts.get(place));
        match before.map(|before| before.contains('\n') || text.contains('\n')) {
            Some(true) => all.push_str("\n\n"),
            Some(false) => all.push('\n'),
            None => {}
        }
        all.push_str(text);
    }
    all
}
