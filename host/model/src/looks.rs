//! How a text looks: characters that nobody sees or that put others in another order, and names
//! that cannot be told apart by eye.

use std::borrow::Cow;

use unicode_security::skeleton;

use crate::text::Collation;

/// Whether the character shows nothing, or makes what is around it show in another order: a format
/// or filler character of Unicode, a line or paragraph separator. (Selectors of a variant of the
/// character before them, as emoji have, are no such.)
pub fn hides(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether nobody sees anything of the text: it is empty, or of white space and characters that hide.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_unseen)
}

fn is_unseen(c: char) -> bool {
    c.is_whitespace() || c.is_control() || hides(c)
}

/// Whether nobody sees where the text begins or ends: it is blank, or there is a blank, or what hides, at an end.
pub fn has_unseen_ends(text: &str) -> bool {
    text.starts_with(is_unseen) || text.ends_with(is_unseen)
}

/// The text as it is shown to people: with `\u{202e}` for a character that [`hides`]. A joiner
/// stays where it belongs: between letters of other scripts than Latin, and within emoji.
pub fn shown(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(hides) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars() {
        let joins = matches!(c, '\u{200c}' | '\u{200d}') && before > '\u{2ff}' && !hides(before);
        match hides(c) && !joins {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
        before = c;
    }
    Cow::Owned(shown)
}

/// The beginning of what somebody has written, as a refusal repeats it.
pub fn clipped(text: &str) -> Cow<'_, str> {
    const MOST: usize = 300;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

/// Whether two names equal or look like each other, by the confusable characters of Unicode and by
/// how the organisation's language compares.
pub fn alike(collation: &Collation, left: &str, right: &str) -> bool {
    let (left, right) = (looks(collation, left), looks(collation, right));
    left.iter().any(|look| right.contains(look))
}

/// What names that look alike have in common: the first, or the second.
pub fn looks(collation: &Collation, name: &str) -> [String; 2] {
    let folded = collation.fold(name);
    let drawn: String = skeleton(name).collect();
    [skeleton(&folded).collect(), format!("\u{0}{}", collation.fold(&drawn))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_shown() {
        for (text, expected) in [
            ("plain, Größe, 日本", "plain, Größe, 日本"),
            ("evil\u{202e}gnp.exe", "evil\\u{202e}gnp.exe"),
            ("a\u{200b}b\u{ad}c\u{feff}", "a\\u{200b}b\\u{ad}c\\u{feff}"),
            ("x\u{2028}y\u{3164}", "x\\u{2028}y\\u{3164}"),
            // A family, a heart, a Persian word.
            (
                "\u{1f468}\u{200d}\u{1f469} \u{2764}\u{fe0f}",
                "\u{1f468}\u{200d}\u{1f469} \u{2764}\u{fe0f}",
            ),
            ("\u{645}\u{6cc}\u{200c}\u{62e}", "\u{645}\u{6cc}\u{200c}\u{62e}"),
            ("ad\u{200d}min", "ad\\u{200d}min"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn names_that_look_alike() {
        let english = Collation::usual();
        for (name, other) in [
            ("admin", "ADMIN"),
            ("admin", "аdmin"),
            ("admin", "admın"),
            ("admin", "ɑdmin"),
            ("admin", "ádmіn"),
            ("admin", "АDMIN"),
            ("seller.west", "seIler.west"),
            ("seller.west", "se1ler.west"),
            ("seller.west", "sеller.wеst"),
            ("manager", "rnanager"),
            ("o0", "O0"),
            ("o0", "οо"),
        ] {
            assert!(alike(english, name, other), "{name} {other}");
            assert!(alike(english, other, name), "{other} {name}");
        }
        for (name, other) in [
            ("admin", "admins"),
            ("ann", "anna"),
            ("seller.west", "seller.east"),
            ("user2", "user3"),
        ] {
            assert!(!alike(english, name, other), "{name} {other}");
        }
    }
}
