//! The eight rights of a table, the four depths, and the kinds of principals.

use serde::{Deserialize, Serialize};

/// One of the eight things that can be done to a row. The order is that of `PrivilegeType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Right {
    /// Make a row.
    Create,
    /// See a row.
    Read,
    /// Change a row.
    Write,
    /// Remove a row.
    Delete,
    /// Give a row to another owner.
    Assign,
    /// Share a row.
    Share,
    /// Attach this row to another one.
    Append,
    /// Have another row attached to this one.
    AppendTo,
}

impl Right {
    /// All eight, in the platform's order.
    pub const ALL: [Self; 8] = [
        Self::Create,
        Self::Read,
        Self::Write,
        Self::Delete,
        Self::Assign,
        Self::Share,
        Self::Append,
        Self::AppendTo,
    ];

    /// Whether there is such a privilege on tables whose rows belong to the organisation: these have
    /// no owner, and nobody shares them.
    pub fn is_of_organization(self) -> bool {
        !matches!(self, Self::Assign | Self::Share)
    }

    /// The verb in a privilege's name: `Create` in `prvCreateAccount`.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Delete => "Delete",
            Self::Assign => "Assign",
            Self::Share => "Share",
            Self::Append => "Append",
            Self::AppendTo => "AppendTo",
        }
    }

    /// The bit in an access mask (`AccessRights` of the SDK).
    pub const fn bit(self) -> u32 {
        match self {
            Self::Read => 1,
            Self::Write => 2,
            Self::Append => 4,
            Self::AppendTo => 16,
            Self::Create => 32,
            Self::Delete => 0x1_0000,
            Self::Share => 0x4_0000,
            Self::Assign => 0x8_0000,
        }
    }

    /// The name in access messages: `WriteAccess`.
    pub fn access_name(self) -> String {
        format!("{}Access", self.verb())
    }
}

/// A set of rights: the mask of a share (`AccessRights` of the SDK).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rights(pub u32);

impl Rights {
    /// No right at all.
    pub const NONE: Self = Self(0);

    /// Read alone.
    pub const READ: Self = Self(Right::Read.bit());

    /// The set of these rights.
    pub fn of(rights: &[Right]) -> Self {
        Self(rights.iter().fold(0, |mask, right| mask | right.bit()))
    }

    /// Those that are not among these.
    #[must_use]
    pub fn without(self, these: Self) -> Self {
        Self(self.0 & !these.0)
    }

    /// Whether `right` is in the set.
    pub fn has(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// The rights in the set, in the platform's order.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.has(*right))
    }

    /// Parses `ReadAccess, WriteAccess` (with or without `Access`), in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut mask = 0;
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            // `append-to`, `AppendTo` and `AppendToAccess` are one.
            let lower = part.to_ascii_lowercase().replace('-', "");
            let name = lower.strip_suffix("access").unwrap_or(&lower);
            if name == "none" {
                continue;
            }
            let right = Right::ALL
                .into_iter()
                .find(|right| right.verb().eq_ignore_ascii_case(name))?;
            mask |= right.bit();
        }
        Some(Self(mask))
    }
}

impl std::ops::BitOr for Rights {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::BitAnd for Rights {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl std::fmt::Display for Rights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == 0 {
            return f.write_str("None");
        }
        let names: Vec<String> = self.iter().map(Right::access_name).collect();
        f.write_str(&names.join(", "))
    }
}

/// How far a privilege reaches. `PrivilegeDepth` of the SDK: Basic 0 … Global 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Depth {
    /// Own rows, and rows of own teams.
    User,
    /// Rows of the own business unit.
    BusinessUnit,
    /// Rows of the own business unit and those below it.
    ParentChild,
    /// Every row.
    Organization,
}

impl Depth {
    /// All four, shallow to deep.
    pub const ALL: [Self; 4] = [Self::User, Self::BusinessUnit, Self::ParentChild, Self::Organization];

    /// The name that people see.
    pub fn label(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::BusinessUnit => "Business Unit",
            Self::ParentChild => "Parent: Child Business Units",
            Self::Organization => "Organization",
        }
    }

    /// The platform's internal name, as in `MinimumPrivilegeDepthRequired = Local`.
    pub fn internal_name(self) -> &'static str {
        match self {
            Self::User => "Basic",
            Self::BusinessUnit => "Local",
            Self::ParentChild => "Deep",
            Self::Organization => "Global",
        }
    }

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::BusinessUnit => "bu",
            Self::ParentChild => "parent-child",
            Self::Organization => "org",
        }
    }

    /// `PrivilegeDepth`: 0 … 3.
    pub fn number(self) -> i32 {
        match self {
            Self::User => 0,
            Self::BusinessUnit => 1,
            Self::ParentChild => 2,
            Self::Organization => 3,
        }
    }

    /// `roleprivileges.privilegedepthmask`: 1, 2, 4 or 8.
    pub fn mask(self) -> i32 {
        1 << self.number()
    }

    /// The depth with this `PrivilegeDepth` number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|depth| depth.number() == number)
    }

    /// The deepest depth in a `privilegedepthmask`.
    pub fn from_mask(mask: i32) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|depth| mask & depth.mask() != 0)
    }

    /// Any of the names above, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|depth| {
            [depth.word(), depth.label(), depth.internal_name()]
                .iter()
                .any(|name| name.eq_ignore_ascii_case(text))
        })
    }
}

/// Who can own rows and hold roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PrincipalKind {
    /// `systemuser`, object type code 8.
    User,
    /// `team`, object type code 9.
    Team,
}

impl PrincipalKind {
    /// The logical name of the table.
    pub fn table(self) -> &'static str {
        match self {
            Self::User => "systemuser",
            Self::Team => "team",
        }
    }

    /// The object type code.
    pub fn type_code(self) -> i32 {
        match self {
            Self::User => 8,
            Self::Team => 9,
        }
    }
}
