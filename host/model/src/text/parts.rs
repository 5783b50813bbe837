//! Parts of folded texts. A fold has letters and their accents apart, and the parts of a Korean
//! syllable; a part of a text begins and ends between whole characters: `o` is no part of `ö` where
//! these are two letters.

use icu_properties::{
    CodePointMapData,
    props::{GeneralCategory, GeneralCategoryGroup},
};

/// The characters of a text, each with what belongs to it: its accents, the rest of its syllable.
pub fn characters(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    let mut starts: Vec<usize> = text
        .char_indices()
        .map(|(place, _)| place)
        .filter(|place| is_between(text, *place))
        .collect();
    starts.push(text.len());
    let pairs: Vec<(usize, usize)> = starts.iter().copied().zip(starts.iter().copied().skip(1)).collect();
    pairs
        .into_iter()
        .map(|(from, to)| text.get(from..to).unwrap_or_default())
}

pub(super) fn contains(text: &str, part: &str) -> bool {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(part)) {
        let begin = from + found;
        if is_between(text, begin) && is_between(text, begin + part.len()) {
            return true;
        }
        let step = text.get(begin..).and_then(|rest| rest.chars().next());
        match step {
            Some(step) => from = begin + step.len_utf8(),
            None => return false,
        }
    }
    false
}

pub(super) fn starts_with(text: &str, part: &str) -> bool {
    text.starts_with(part) && is_between(text, part.len())
}

pub(super) fn ends_with(text: &str, part: &str) -> bool {
    text.ends_with(part) && is_between(text, text.len() - part.len())
}

/// Whether a place in a text lies between two characters, and not within one.
fn is_between(text: &str, place: usize) -> bool {
    let Some((before, behind)) = text.split_at_checked(place) else {
        return false;
    };
    match (before.chars().next_back(), behind.chars().next()) {
        (Some(before), Some(behind)) => behind.is_ascii() || !continues(before, behind),
        _ => true,
    }
}

/// Whether a character is the rest of the one before it.
fn continues(before: char, c: char) -> bool {
    let is_lead = |c| matches!(c, '\u{1100}'..='\u{115f}' | '\u{a960}'..='\u{a97c}');
    let is_vowel = |c| matches!(c, '\u{1160}'..='\u{11a7}' | '\u{d7b0}'..='\u{d7c6}');
    match c {
        _ if is_vowel(c) => is_lead(before),
        '\u{11a8}'..='\u{11ff}' | '\u{d7cb}'..='\u{d7fb}' => is_vowel(before),
        _ => GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(c)),
    }
}
