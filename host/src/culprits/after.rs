//! What comes after a request that passes: steps that rest, and work in the background.

use serde_json::{Value as Json, json};
use sluice_model::{Error, json::whole_seconds};
use sluice_platform::{Isolation, Resting};

use super::{Report, WIDTH};
use crate::{report, text::wrapped};

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

impl Report<'_> {
    /// What fails in the background, each as what stands in the way.
    pub(super) fn background_text(&self, found: &Isolation) -> Option<String> {
        if found.background.is_empty() {
            return None;
        }
        // Each is a job of its own: what lets a job go on that was refused is of another one.
        let report = Self {
            sender: self.sender.clone(),
            then: None,
            gives_up: None,
            runs: None,
            ..*self
        };
        let mut parts = vec!["After it, in the background, these fail; the request passes all the same:".to_owned()];
        for (position, failure) in found.background.iter().enumerate() {
            let earlier = found.background.get(..position).unwrap_or_default();
            parts.push(report.culprit_text(earlier, (failure, "fails"), found.is_own));
        }
        Some(parts.join("\n\n"))
    }
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
