//! Names that are nearly right.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        let known = ["QualifyLead", "Create", "RetrieveMultiple"];
        assert_eq!(did_you_mean("qualifylaed", known), "; did you mean `QualifyLead`?");
        assert_eq!(did_you_mean("Xyz", known), "");
    }
}
