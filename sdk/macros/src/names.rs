//! The words of a declaration, and what the platform knows of them.

/// The stages that take steps, with their numbers.
pub(crate) const STAGES: [(&str, i32); 3] = [("pre-validation", 10), ("pre-operation", 20), ("post-operation", 40)];

/// The modes, with their numbers.
pub(crate) const MODES: [(&str, i32); 2] = [("sync", 0), ("async", 1)];

/// What a workflow can give and take.
pub(crate) const ARGUMENTS: [&str; 7] = ["boolean", "integer", "decimal", "text", "date-time", "id", "reference"];

/// What an administrator can grant.
pub(crate) const WANTS: [&str; 3] = ["clock", "random", "system"];

/// The messages that have a row for an image to show.
pub(crate) const WITH_IMAGES: [&str; 10] = [
    "Assign",
    "Create",
    "Delete",
    "DeliverIncoming",
    "DeliverPromote",
    "Merge",
    "Route",
    "Send",
    "SetState",
    "Update",
];

/// Messages that are often written in the wrong case. The platform's names have capitals.
const COMMON: [&str; 19] = [
    "Assign",
    "Associate",
    "Create",
    "CreateMultiple",
    "Delete",
    "Disassociate",
    "GrantAccess",
    "Lose",
    "Merge",
    "ModifyAccess",
    "QualifyLead",
    "Retrieve",
    "RetrieveMultiple",
    "RevokeAccess",
    "SetState",
    "Update",
    "UpdateMultiple",
    "Upsert",
    "Win",
];

/// The platform's spelling of a message that is right but for its capitals.
pub(crate) fn respell(message: &str) -> Option<&'static str> {
    COMMON
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(message) && *known != message)
}

/// The words in a sentence: `"a"`, `"b"` or `"c"`.
pub(crate) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
