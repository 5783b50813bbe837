//! What comes after a request that passes: steps that rest, and work in the background.

use serde_json::{Value as Json, json};
use sluice_model::{Error, json::whole_seconds};
use sluice_platform::Resting;

use super::WIDTH;
use crate::{
    report,
    text::{indented, wrapped},
};

pub(super) fn resting(resting: &Resting) -> Json {
    json!({
        "step": resting.step,
        "until": whole_seconds(resting.until),
        "error": report::error_to_json(&resting.error),
    })
}

pub(super) fn resting_text(resting: &[Resting]) -> Option<String> {
    let lines = resting.iter().map(|one| {
        let until = whole_seconds(one.until);
        let then = report::headline(&one.error);
        wrapped(
            &format!(
                "The step \"{}\" rests until {until}. From then on it refuses this again: {then}",
                one.step.name
            ),
            WIDTH,
        )
    });
    Some(lines.collect::<Vec<_>>().join("\n")).filter(|text| !text.is_empty())
}

pub(super) fn background_text(failures: &[Error]) -> Option<String> {
    if failures.is_empty() {
        return None;
    }
    let mut lines = vec!["After it, in the background, these fail; the request passes all the same:".to_owned()];
    for error in failures {
        let step = error
            .body()
            .step
            .as_ref()
            .map(|step| format!("the {} \"{}\": ", super::noun(step), step.name));
        let text = format!("{}{}", step.unwrap_or_default(), report::headline(error));
        lines.push(indented(&wrapped(&text, WIDTH - 2), 2));
    }
    Some(lines.join("\n"))
}

/// That it was not looked any further, because whoever asks may not read what is read there.
pub(super) fn unseen_text(error: &Error) -> String {
    let mut text = error.message().to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let ask = "Somebody who may read it sees more.";
    wrapped(&format!("{text}. {ask}"), WIDTH)
}
