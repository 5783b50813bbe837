//! What duplicate detection tells a person: the rows that match, by which rule, and the dialog
//! that a client shows for them.
//! The wording of the titles is the guides'.

use serde::Serialize;
use uuid::Uuid;

use crate::Name;

/// What an error about duplicates carries.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Duplicates {
    /// The rows that match, in the order of the rules; a row once for each rule.
    pub matches: Vec<Match>,
    /// More rows match than are listed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// What a client asks, where a person may choose what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialog: Option<Dialog>,
}

impl Duplicates {
    /// Says them as somebody else reads them than whoever sent the request.
    pub fn tell_another(&mut self) {
        let dialog = self.dialog.iter_mut();
        let shown = dialog.flat_map(|dialog| dialog.accounts.iter_mut().chain(&mut dialog.contacts));
        self.matches.iter_mut().chain(shown).for_each(Match::tell_another);
    }
}

/// A row that matches.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Match {
    /// Its table.
    pub table: Name,
    /// Its id; absent where the reader may not open it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// What people call it, or that there is one that the reader cannot open.
    pub name: String,
    /// The rules by which it matches.
    pub rules: Vec<String>,
    /// The row is one that the same request has made or is about to close.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub in_flight: bool,
    /// What tells it from others.
    #[serde(skip_serializing_if = "Details::is_empty")]
    pub details: Details,
}

/// What a row is called that whoever sent the request may not open, to them and to somebody else.
const HIDDEN: (&str, &str) = (
    "a matching record you cannot open",
    "a matching record that the sender cannot open",
);

impl Match {
    /// What a row is called for whoever sent the request and may not open it.
    pub fn hidden(owner: &str) -> String {
        format!("{} (owner: {owner})", HIDDEN.0)
    }

    fn tell_another(&mut self) {
        if self.id.is_none()
            && let Some(owner) = self.name.strip_prefix(HIDDEN.0)
        {
            self.name = format!("{}{owner}", HIDDEN.1);
        }
    }

    /// Whether the text is in what a reader sees of the row, in any case.
    pub fn shows(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let seen = [
            Some(&self.name),
            self.details.email.as_ref(),
            self.details.phone.as_ref(),
            self.details.city.as_ref(),
        ];
        seen.into_iter()
            .flatten()
            .any(|part| part.to_lowercase().contains(&text))
    }
}

/// What tells rows of one name apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Details {
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
}

impl Details {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which experience the organisation has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DialogKind {
    /// Two lookups, for the account and the contact, filtered to what matches.
    Classic,
    /// The lists of all matches.
    Improved,
}

impl DialogKind {
    /// `classic` or `improved`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Improved => "improved",
        }
    }

    /// The heading of the dialog.
    pub fn title(self) -> &'static str {
        match self {
            Self::Classic => "Duplicate warning",
            Self::Improved => "Account or Contact may already exist",
        }
    }
}

/// What a client asks when accounts or contacts match a lead that is to be qualified.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dialog {
    /// The experience.
    pub kind: DialogKind,
    /// The heading.
    pub title: &'static str,
    /// The accounts that match.
    pub accounts: Vec<Match>,
    /// The contacts that match.
    pub contacts: Vec<Match>,
}

impl Dialog {
    /// The dialog about these matches.
    pub fn new(kind: DialogKind, matches: &[Match]) -> Self {
        let of = |table: &str| matches.iter().filter(|found| &*found.table == table).cloned().collect();
        Self {
            kind,
            title: kind.title(),
            accounts: of("account"),
            contacts: of("contact"),
        }
    }
}
