//! Text without regard to case: how texts are compared, searched and told to be the same.
//!
//! Characters are folded one by one through lower, upper and lower case again, which joins
//! `ß`, `ẞ` and `SS`, and the three sigmas. Accents count.

use std::cmp::Ordering;

/// Orders two texts without regard to case.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (mut a, mut b) = (left.bytes(), right.bytes());
    let mut same = 0;
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii() && y.is_ascii() => {
                match x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase()) {
                    Ordering::Equal => same += 1,
                    other => return other,
                }
            }
            // `same` bytes of both were ASCII, so both may be cut there.
            _ => {
                return folded(left.get(same..).unwrap_or_default()).cmp(folded(right.get(same..).unwrap_or_default()));
            }
        }
    }
}

/// Whether two texts are the same without regard to case.
pub fn same(left: &str, right: &str) -> bool {
    compare(left, right).is_eq()
}

/// Whether `part` is in `text`.
pub fn contains(text: &str, part: &str) -> bool {
    fold(text).contains(&fold(part))
}

/// Whether `text` starts with `part`.
pub fn starts_with(text: &str, part: &str) -> bool {
    let mut text = folded(text);
    folded(part).all(|c| text.next() == Some(c))
}

/// Whether `text` ends with `part`.
pub fn ends_with(text: &str, part: &str) -> bool {
    fold(text).ends_with(&fold(part))
}

/// The text with its case folded: two texts are equal without regard to case where their folds
/// are equal.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        folded(text).collect()
    }
}

fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(fold_char)
}

fn fold_char(c: char) -> impl Iterator<Item = char> {
    // The dotless i is a letter of its own, though its upper case is that of `i`.
    let keep = (c == 'ı').then_some(c);
    let fold = keep.is_none().then(|| {
        c.to_lowercase()
            .flat_map(char::to_uppercase)
            .flat_map(char::to_lowercase)
    });
    keep.into_iter().chain(fold.into_iter().flatten())
}
