//! What the file of a solution says of itself: its name, its version, and its components.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use sluice_engine::Component;
use sluice_model::{Code, Error, Result};

use crate::TRAVEL;

/// The form of the files that this version writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Manifest {
    /// The form of the file.
    pub(super) format: u32,
    /// The name by which the solution is known in every organisation.
    pub(super) unique_name: String,
    /// What people see.
    pub(super) friendly_name: String,
    /// `1.0.0.0`.
    pub(super) version: String,
    /// What people should know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    /// Whether it was exported as a managed one.
    pub(super) managed: bool,
    /// Its components.
    pub(super) components: Vec<Entry>,
}

/// A component, and the file of the archive that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// The word for what it is.
    pub(super) kind: String,
    /// Its name.
    pub(super) name: String,
    /// `option-set/1.json`.
    pub(super) file: String,
}

/// What a component is. The order is that of an import ([`TRAVEL`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A global choice, or the options that were added to one column.
    OptionSet,
    /// A custom table.
    Table,
    /// A custom column.
    Column,
    /// An alternate key.
    Key,
    /// What is mapped from one table to another.
    Mapping,
    /// A security role with its privileges.
    Role,
    /// A plug-in file with its steps.
    Plugin,
    /// What is a row, with rows that belong to it.
    Row(&'static Component),
}

impl Kind {
    /// Those that are no rows.
    const OWN: [Self; 7] = [
        Self::OptionSet,
        Self::Table,
        Self::Column,
        Self::Key,
        Self::Mapping,
        Self::Role,
        Self::Plugin,
    ];

    /// The word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::OptionSet => "option-set",
            Self::Table => "table",
            Self::Column => "column",
            Self::Key => "key",
            Self::Mapping => "mapping",
            Self::Role => "role",
            Self::Plugin => "plugin",
            Self::Row(component) => component.word,
        }
    }

    /// Its place in an import; what the platform does not know comes last.
    fn place(self) -> usize {
        let place = TRAVEL.iter().position(|word| *word == self.word());
        place.unwrap_or(TRAVEL.len())
    }
}

/// The kinds that an organisation knows, in the order of an import.
#[derive(Debug, Clone)]
pub(super) struct Kinds(Vec<Kind>);

impl Kinds {
    /// Those that are no rows, and these.
    pub(super) fn with(components: &[&'static Component]) -> Self {
        let rows = components.iter().copied().map(Kind::Row);
        let mut all: Vec<Kind> = Kind::OWN.into_iter().chain(rows).collect();
        all.sort();
        Self(all)
    }

    /// The kind that a word means.
    ///
    /// # Errors
    /// None; the message lists them.
    pub(super) fn parse(&self, word: &str) -> Result<Kind> {
        self.0.iter().find(|kind| kind.word() == word).copied().ok_or_else(|| {
            let words: Vec<&str> = self.0.iter().map(|kind| kind.word()).collect();
            Error::invalid(format!(
                "`{word}` is no kind of component; there are {}",
                words.join(", ")
            ))
        })
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.place(), self.word()).cmp(&(other.place(), other.word()))
    }
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The numbers of a version; missing ones are 0.
pub(crate) fn version(text: &str) -> Result<[u32; 4]> {
    let wrong = || Error::invalid(format!("`{text}` is no version such as 1.0.0.0"));
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() > 4 {
        return Err(wrong());
    }
    let mut numbers = [0; 4];
    for (number, part) in numbers.iter_mut().zip(parts) {
        let digits = part.chars().all(|c| c.is_ascii_digit());
        *number = part.parse().ok().filter(|_| digits).ok_or_else(wrong)?;
    }
    Ok(numbers)
}

/// A solution's name: letters, digits and underscores, a letter first.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let fine = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 65
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if fine {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "`{name}` is no name for a solution: it begins with a letter and has letters, digits and underscores, at most 65"
    )))
}

/// The file is broken in some way.
pub(super) fn broken(why: impl std::fmt::Display) -> Error {
    Error::new(
        Code::IMPORT_BROKEN,
        format!("the file is no solution that could be imported: {why}; nothing was changed"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_that_compare() {
        assert_eq!(version("1.2").unwrap(), [1, 2, 0, 0]);
        assert!(version("1.10").unwrap() > version("1.9.9.9").unwrap());
        for wrong in ["", "1.", "a", "1.2.3.4.5", "-1", "+1", "99999999999"] {
            assert!(version(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn kinds_have_their_words() {
        let rows: Vec<_> = crate::ALL
            .iter()
            .flat_map(|capability| capability.components)
            .copied()
            .collect();
        let kinds = Kinds::with(&rows);
        for kind in &kinds.0 {
            assert_eq!(kinds.parse(kind.word()).unwrap(), *kind);
        }
        let words: Vec<&str> = kinds.0.iter().map(|kind| kind.word()).collect();
        assert_eq!(words, TRAVEL, "each of the platform's has its place");
        assert!(kinds.parse("entity").unwrap_err().message().contains("option-set"));
    }

    #[test]
    fn names_are_simple() {
        assert!(check_name("SalesOptions_2").is_ok());
        for wrong in ["", "2a", "a b", "a/b", "ä"] {
            assert!(check_name(wrong).is_err(), "{wrong}");
        }
    }
}
