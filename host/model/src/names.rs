//! Names that are nearly right, and the ends of ids.

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

#[cfg(test)]
mod tests {
    use super::*;

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
