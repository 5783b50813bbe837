//! What the audit trail calls a change, by the platform's numbers.
//! Source: the published table reference of `audit`.

use sluice_model::Value;

/// The actions of the trail, each with its number.
macro_rules! actions {
    ($($name:ident = $number:literal,)*) => {
        /// What `audit.action` says.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Action {
            $($name = $number,)*
        }

        impl Action {
            /// The action that a record names.
            pub(super) fn of(number: i32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

actions! {
    Create = 1,
    Update = 2,
    Delete = 3,
    Activate = 4,
    Deactivate = 5,
    Cascade = 11,
    Merge = 12,
    Assign = 13,
    Share = 14,
    Qualify = 24,
    Disqualify = 25,
    Associate = 33,
    Disassociate = 34,
    SetState = 41,
    Win = 44,
    Lose = 45,
    ModifyShare = 48,
    Unshare = 49,
    Privileges = 57,
    TableStarted = 105,
    TableStopped = 108,
}

/// What `audit.operation` says: the sort of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Create = 1,
    Update = 2,
    Delete = 3,
}

impl Action {
    pub(super) fn sort(self) -> Sort {
        match self {
            Self::Create => Sort::Create,
            Self::Delete => Sort::Delete,
            _ => Sort::Update,
        }
    }

    /// As a condition or a record has it.
    pub(crate) fn value(self) -> Value {
        Value::Choice(self as i32)
    }

    /// Whether it is about who has a role, or with whom a row is shared.
    pub(super) fn is_link(self) -> bool {
        matches!(
            self,
            Self::Share | Self::ModifyShare | Self::Unshare | Self::Associate | Self::Disassociate
        )
    }
}

impl Sort {
    pub(super) fn value(self) -> Value {
        Value::Choice(self as i32)
    }
}
