//! 1:N relationships: what happens to the rows that refer to a row, through one column and to
//! one table, when something happens to that row. A column that may refer to two tables has two.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Code, ColumnDef, Error, Name, Ownership, Required, Result, TableDef};

macro_rules! words {
    ($(#[$doc:meta])* $type:ident, offers [$($offered:ident),*], $($(#[$of:meta])* $variant:ident),* $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $type {
            $($(#[$of])* $variant),*
        }

        impl $type {
            /// Those that can be chosen.
            pub const OFFERED: &[Self] = &[$(Self::$offered),*];

            /// The platform's word for it.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant)),*
                }
            }
        }

        impl std::str::FromStr for $type {
            type Err = Error;

            /// The platform's word, in any case, with or without hyphens.
            fn from_str(text: &str) -> Result<Self> {
                let plain = text.replace('-', "");
                Self::OFFERED.iter().copied().find(|one| one.word().eq_ignore_ascii_case(&plain)).ok_or_else(|| {
                    let words: Vec<&str> = Self::OFFERED.iter().map(|one| one.word()).collect();
                    Error::new(
                        Code::CASCADE_TYPE,
                        format!("The cascade link type is not valid for the cascade action: `{text}`; it can be {}", words.join(", ")),
                    )
                })
            }
        }
    };
}

words! {
    /// Which rows follow the row that they refer to.
    Follow, offers [NoCascade, Active, UserOwned, Cascade],
    /// None.
    #[default]
    NoCascade,
    /// Those in the active state.
    Active,
    /// Those of the same owner.
    UserOwned,
    /// All.
    Cascade,
}

words! {
    /// What becomes of the rows that refer to a row which is deleted.
    OnDelete, offers [Cascade, RemoveLink, Restrict],
    /// Their reference is emptied.
    #[default]
    RemoveLink,
    /// They are deleted as well.
    Cascade,
    /// The row is not deleted while there are any.
    Restrict,
    /// They stay as they are: who made a row stays on record. Only of columns that the platform
    /// adds to every table.
    NoCascade,
}

words! {
    /// What becomes of the rows that refer to a row which is merged into another.
    OnMerge, offers [Cascade, NoCascade],
    /// They refer to the other one.
    #[default]
    Cascade,
    /// They stay as they are.
    NoCascade,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a relationship does. As it is made, it does nothing but empty references to rows that are
/// deleted: a referential one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Behaviours {
    /// When the row gets another owner.
    #[serde(default, skip_serializing_if = "is_default")]
    pub assign: Follow,
    /// When the row is shared.
    #[serde(default, skip_serializing_if = "is_default")]
    pub share: Follow,
    /// When a share of the row is taken back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unshare: Follow,
    /// When a row comes to refer to the row.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reparent: Follow,
    /// When the row is deleted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delete: OnDelete,
    /// When the row is merged into another one; nothing, where its table's rows are not merged.
    #[serde(default, skip_serializing_if = "is_default")]
    pub merge: OnMerge,
}

impl Behaviours {
    /// Everything follows.
    pub const PARENTAL: Self = Self {
        assign: Follow::Cascade,
        share: Follow::Cascade,
        unshare: Follow::Cascade,
        reparent: Follow::Cascade,
        delete: OnDelete::Cascade,
        merge: OnMerge::Cascade,
    };
    /// Nothing follows; the reference to a row that is deleted is emptied.
    pub const REFERENTIAL: Self = Self {
        assign: Follow::NoCascade,
        share: Follow::NoCascade,
        unshare: Follow::NoCascade,
        reparent: Follow::NoCascade,
        delete: OnDelete::RemoveLink,
        merge: OnMerge::Cascade,
    };
    /// Nothing follows; a row that others refer to is not deleted.
    pub const RESTRICT: Self = Self {
        delete: OnDelete::Restrict,
        ..Self::REFERENTIAL
    };
    /// As of the columns that say who made a row.
    const STAYS: Self = Self {
        delete: OnDelete::NoCascade,
        merge: OnMerge::NoCascade,
        ..Self::REFERENTIAL
    };

    /// The behaviours that rows follow by, with their words.
    pub fn follows(&self) -> [(&'static str, Follow); 4] {
        [
            ("Assign", self.assign),
            ("Share", self.share),
            ("Unshare", self.unshare),
            ("Reparent", self.reparent),
        ]
    }

    /// Whether anything but Merge follows: then it is the parental one of its two tables.
    pub fn is_parental(&self) -> bool {
        self.delete == OnDelete::Cascade || self.follows().iter().any(|(_, follow)| *follow != Follow::NoCascade)
    }
}

/// A relationship as the definition of the table that refers keeps it. One that it does not keep
/// is referential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationshipDef {
    /// The schema name, where the platform has one of its own: `contact_customer_accounts`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The lookup.
    pub column: Name,
    /// The table that it refers to.
    pub target: Name,
    /// What it does.
    #[serde(flatten)]
    pub behaviours: Behaviours,
}

impl RelationshipDef {
    /// A referential one.
    pub fn new(column: &str, target: &str) -> Self {
        Self {
            name: String::new(),
            column: column.into(),
            target: target.into(),
            behaviours: Behaviours::REFERENTIAL,
        }
    }

    /// Whether the column is one that the platform itself adds to tables.
    pub fn is_of_platform(column: &str) -> bool {
        Self::of_platform(column).is_some()
    }

    /// What the platform itself adds to tables: rows stay on record with whoever made them, and
    /// owner, unit and currency of a row are not deleted.
    fn of_platform(column: &str) -> Option<Behaviours> {
        match column {
            "createdby" | "createdonbehalfby" | "modifiedby" | "modifiedonbehalfby" | "owninguser" | "owningteam" => {
                Some(Behaviours::STAYS)
            }
            "ownerid" | "owningbusinessunit" | "transactioncurrencyid" => Some(Behaviours::RESTRICT),
            _ => None,
        }
    }
}

impl TableDef {
    /// The relationship of a lookup to one of its tables, as this definition has it.
    pub fn relationship(&self, column: &str, target: &str) -> RelationshipDef {
        let kept = self.kept_relationship(column, target).cloned();
        kept.unwrap_or_else(|| RelationshipDef::new(column, target))
    }

    fn kept_relationship(&self, column: &str, target: &str) -> Option<&RelationshipDef> {
        let same = |kept: &&RelationshipDef| *kept.column == *column && *kept.target == *target;
        self.relationships.iter().find(same)
    }

    /// Keeps a relationship in the place of the one of its column and target.
    pub fn put_relationship(&mut self, relationship: RelationshipDef) {
        let same =
            |kept: &&mut RelationshipDef| kept.column == relationship.column && kept.target == relationship.target;
        match self.relationships.iter_mut().find(same) {
            Some(kept) => *kept = relationship,
            None => self.relationships.push(relationship),
        }
    }

    /// Adds the relationships of the columns that the platform adds, where the definition has
    /// none for them.
    pub(crate) fn complete_relationships(&mut self) {
        let mut added = Vec::new();
        for column in &self.columns {
            let Some(behaviours) = RelationshipDef::of_platform(&column.name) else {
                continue;
            };
            for target in column.kind.targets().unwrap_or_default() {
                if self.kept_relationship(&column.name, target).is_none() {
                    let new = RelationshipDef::new(&column.name, target);
                    added.push(RelationshipDef { behaviours, ..new });
                }
            }
        }
        self.relationships.extend(added);
    }

    /// The lookups and the tables that they refer to, in the order of the columns.
    pub fn references(&self) -> impl Iterator<Item = (&ColumnDef, &Name)> {
        let targets = |column| ColumnDef::targets(column).iter().map(move |target| (column, target));
        self.columns.iter().flat_map(targets)
    }
}

/// A relationship of an organisation.
#[derive(Debug, Clone)]
pub struct Relationship {
    /// The schema name.
    pub name: String,
    /// The table whose rows refer.
    pub table: Arc<TableDef>,
    /// The lookup.
    pub column: Name,
    /// The table whose rows they refer to.
    pub target: Name,
    /// What it does.
    pub behaviours: Behaviours,
}

impl Relationship {
    /// The one of a lookup of `table` to `target`.
    pub fn of(table: &Arc<TableDef>, column: &ColumnDef, target: &TableDef) -> Self {
        let RelationshipDef {
            mut name,
            column: _,
            target: _,
            mut behaviours,
        } = table.relationship(&column.name, &target.name);
        if !target.merges {
            behaviours.merge = OnMerge::NoCascade;
        }
        if name.is_empty() {
            let prefix = column.name.split_once('_').filter(|_| column.custom);
            let prefix = prefix.map(|(prefix, _)| format!("{prefix}_")).unwrap_or_default();
            name = format!("{prefix}{}_{}_{}", target.name, table.name, column.name);
        }
        Self {
            name,
            table: table.clone(),
            column: column.name.clone(),
            target: target.name.clone(),
            behaviours,
        }
    }

    /// Whether the rows that refer are of the table that they refer to.
    pub fn is_of_itself(&self) -> bool {
        self.table.name == self.target
    }

    /// Whether rows inherit rights from the rows that they refer to.
    pub fn passes_rights(&self) -> bool {
        let Behaviours { share, reparent, .. } = self.behaviours;
        let owned = self.table.ownership == Ownership::User;
        owned && [share, reparent].iter().any(|follow| *follow != Follow::NoCascade)
    }

    /// Refuses behaviours that the relationship cannot have; `others` are the relationships
    /// between the same two tables.
    ///
    /// # Errors
    /// The platform's code for the first one.
    pub fn check<'a>(&self, target: &TableDef, others: impl IntoIterator<Item = &'a Self>) -> Result<()> {
        let wanted = &self.behaviours;
        let refused = |code: Code, why: String| Err(Error::new(code, why).with_table(&self.table.name));
        let named = format!(
            "`{}` (`{}.{}` → `{}`)",
            self.name, self.table.name, self.column, self.target
        );
        if wanted.delete == OnDelete::NoCascade {
            let why = format!(
                "The cascade link type is not valid for the cascade action: Delete of {named} is Cascade, RemoveLink or Restrict"
            );
            return refused(Code::CASCADE_TYPE, why);
        }
        if (wanted.merge == OnMerge::Cascade) != target.merges {
            let (is, because) = match target.merges {
                true => ("Cascade", "rows of that table can be merged"),
                false => ("NoCascade", "rows of that table cannot be merged"),
            };
            let why = format!(
                "The cascade link type is not valid for the cascade action: Merge of {named} is {is}, because {because}"
            );
            return refused(Code::CASCADE_TYPE, why);
        }
        let column = self.table.column(&self.column);
        if wanted.delete == OnDelete::RemoveLink && column.is_some_and(|column| column.required == Required::System) {
            let why = format!(
                "{named} cannot be emptied when a row is deleted (RemoveLink): every row needs the column; choose Restrict or Cascade"
            );
            return refused(Code::REQUIRED_LINK, why);
        }
        let owned = self.table.ownership == Ownership::User && target.ownership == Ownership::User;
        let by_owner = wanted
            .follows()
            .into_iter()
            .find(|(_, follow)| *follow == Follow::UserOwned);
        if let Some((what, _)) = by_owner.filter(|_| !owned) {
            let why = format!("{what} of {named} cannot be UserOwned: both tables must belong to users and teams");
            return refused(Code::USER_OWNED_ONLY, why);
        }
        if wanted.reparent != Follow::NoCascade && !owned {
            let why = format!("Cannot perform Cascade Reparent on Non-UserOwned entities: {named}");
            return refused(Code::REPARENT_OWNED_ONLY, why);
        }
        if !wanted.is_parental() {
            return Ok(());
        }
        if target.custom && !self.table.custom {
            let why = format!(
                "the custom table `{}` cannot be the parent of the table `{}` of the platform: {named} may be referential or restrict",
                target.name, self.table.name
            );
            return refused(Code::CUSTOM_PARENT, why);
        }
        let other = others
            .into_iter()
            .find(|other| other.column != self.column && other.behaviours.is_parental());
        match other {
            None => Ok(()),
            Some(other) => {
                let why = format!(
                    "A parental relationship already exists. (`{}` is the one of `{}` and `{}`; change that first)",
                    other.name, self.table.name, target.name
                );
                refused(Code::PARENTAL_EXISTS, why)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalog, ColumnType};

    fn lookup(name: &str, targets: &[&str]) -> ColumnDef {
        let targets = targets.iter().map(|target| Name::from(*target)).collect();
        ColumnDef::new(name, ColumnType::Lookup { targets })
    }

    fn catalog() -> Catalog {
        let mut account = TableDef::new("account", Ownership::User);
        account.merges = true;
        account.complete();
        let mut ticket = TableDef::new("sl_ticket", Ownership::User);
        ticket.custom = true;
        ticket.columns.push(ColumnDef {
            custom: true,
            ..lookup("sl_customer", &["account", "sl_ticket"])
        });
        ticket.put_relationship(RelationshipDef {
            behaviours: Behaviours::PARENTAL,
            ..RelationshipDef::new("sl_customer", "account")
        });
        ticket.complete();
        Catalog::new([account, ticket])
    }

    #[test]
    fn a_column_with_two_targets_has_two_relationships() {
        let catalog = catalog();
        let of = |name: &str| catalog.relationship(name).unwrap().behaviours;
        assert_eq!(of("sl_account_sl_ticket_sl_customer"), Behaviours::PARENTAL);
        let other = Behaviours {
            merge: OnMerge::NoCascade,
            ..Behaviours::REFERENTIAL
        };
        assert_eq!(of("sl_sl_ticket_sl_ticket_sl_customer"), other);
        assert_eq!(catalog.relationships_to("account").len(), 1);
    }

    #[test]
    fn what_the_platform_adds_is_known_by_its_name() {
        let catalog = catalog();
        let to_user = |column: &str| {
            let table = catalog.table("account").unwrap();
            table.relationship(column, "systemuser").behaviours.delete
        };
        assert_eq!(to_user("createdby"), OnDelete::NoCascade);
        assert_eq!(to_user("ownerid"), OnDelete::Restrict);
    }

    #[test]
    fn words_are_read_in_any_form() {
        assert_eq!("UserOwned".parse::<Follow>().unwrap(), Follow::UserOwned);
        assert_eq!("user-owned".parse::<Follow>().unwrap(), Follow::UserOwned);
        assert_eq!("restrict".parse::<OnDelete>().unwrap(), OnDelete::Restrict);
        assert_eq!("active".parse::<OnMerge>().unwrap_err().code(), Code::CASCADE_TYPE);
        assert_eq!("nocascade".parse::<OnDelete>().unwrap_err().code(), Code::CASCADE_TYPE);
    }
}
