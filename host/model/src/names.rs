//! Names that are nearly right, the ends of ids, and which names people can name a row by.

use uuid::Uuid;

use crate::looks;

/// How alike two names are for one to be meant by the other, from 0 to 1.
const ALIKE: f64 = 0.8;

/// `; did you mean `NAME`?`, where one of the known names is nearly the wrong one.
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wrong, known).map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// The known name that is nearest to a wrong one, if any is near.
fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let small = wrong.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&small, &name.to_lowercase()), name))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

/// So many digits at least are an end of an id: ids that are made one after another differ there.
const END: usize = 5;

/// So many digits has an id.
const WHOLE: usize = 32;

/// The last digits of an id, where a text may be that; its hyphens are left out.
pub fn end_of_id(text: &str) -> Option<String> {
    let digits = text.replace('-', "");
    let is_end = (END..WHOLE).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_end.then_some(digits)
}

/// Whether people who give this name for a row are taken to mean the row that is called so: it is no flag, stands for
/// no row (`@last`) and for no list of them (`-`), is no id and no end of one, names no table (`team:…`) and no columns
/// of a key (`…=…`), and all of it is seen.
pub fn is_plain(name: &str) -> bool {
    let is_word = !name.is_empty() && !name.eq_ignore_ascii_case("null") && name.trim() == name;
    let is_seen = !name.chars().any(|c| c.is_control() || looks::hides(c));
    is_word && is_seen && !misleads(name) && !name.contains('=') && end_of_id(name).is_none()
}

/// Whether a name is, of itself, one of something else: a flag, what stands for a row or a list, a row of a named table,
/// an id.
pub fn misleads(name: &str) -> bool {
    name.starts_with(['-', '@']) || name.contains(':') || name.parse::<Uuid>().is_ok()
}

/// A row as commands name it: by its name, or, where people who give that would be taken to mean something else, by its
/// id.
pub fn word(name: &str, id: Uuid) -> String {
    match is_plain(name) {
        true => name.to_owned(),
        false => id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_is_nothing_else() {
        for plain in [
            "seller.west",
            "Sales Manager",
            "O'Neil, Ann",
            "1234",
            "dead-line",
            "DOMAIN\\ann",
            "ann@x.example",
        ] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in [
            "",
            " ",
            "-",
            "--yes",
            "@last",
            "null",
            "NULL",
            "team:Squad",
            "user:ann",
            "number=7",
            "c9190",
            "01a22a93-83d7-7586-b5f0-9c01901c9190",
            "{01A22A93-83D7-7586-B5F0-9C01901C9190}",
            "two\nlines",
            "ends ",
            "a\u{202e}b",
        ] {
            assert!(!is_plain(other), "{other:?}");
        }
    }

    #[test]
    fn an_end_of_an_id_has_five_digits_and_no_others() {
        assert_eq!(end_of_id("c9190").as_deref(), Some("c9190"));
        assert_eq!(end_of_id("5F0-9C01901C9190").as_deref(), Some("5F09C01901C9190"));
        for text in [
            "9190",
            "commission",
            "c919x",
            "",
            "01a22a93-83d7-7586-b5f0-9c01901c9190",
        ] {
            assert_eq!(end_of_id(text), None, "{text}");
        }
    }

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        let known = ["QualifyLead", "Create", "RetrieveMultiple"];
        assert_eq!(did_you_mean("qualifylaed", known), "; did you mean `QualifyLead`?");
        assert_eq!(did_you_mean("Xyz", known), "");
    }
}
