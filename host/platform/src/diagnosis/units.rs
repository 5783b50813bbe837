//! Business units, as cures need to know them: which are disabled, and what lies below each.

use std::collections::{HashMap, HashSet};

use sluice_model::{Row, Uuid};

/// The business units, by id.
pub(super) struct Tree(HashMap<Uuid, OneUnit>);

struct OneUnit {
    name: String,
    parent: Option<Uuid>,
    is_disabled: bool,
}

impl Tree {
    /// The columns that are read of each.
    pub(super) const COLUMNS: [&str; 3] = ["name", "parentbusinessunitid", "isdisabled"];

    pub(super) fn of(rows: &[Row]) -> Self {
        let one = |row: &Row| {
            let one = OneUnit {
                name: row.text("name").unwrap_or_default().to_owned(),
                parent: row.id_of("parentbusinessunitid"),
                is_disabled: row.bool("isdisabled") == Some(true),
            };
            (row.id, one)
        };
        Self(rows.iter().map(one).collect())
    }

    /// The name of a unit.
    pub(super) fn name(&self, unit: Uuid) -> Option<&str> {
        Some(&self.0.get(&unit)?.name)
    }

    /// A unit and those above it.
    fn upwards(&self, unit: Uuid) -> impl Iterator<Item = (Uuid, &OneUnit)> {
        let mut next = Some(unit);
        let mut seen = HashSet::new();
        std::iter::from_fn(move || {
            let id = next.filter(|id| seen.insert(*id))?;
            let one = self.0.get(&id)?;
            next = one.parent;
            Some((id, one))
        })
    }

    /// Those that are disabled of a unit and those above it, by id and name, the highest first.
    pub(super) fn disabled_above(&self, unit: Uuid) -> Vec<(Uuid, String)> {
        let disabled = self.upwards(unit).filter(|(_, one)| one.is_disabled);
        let mut found: Vec<_> = disabled.map(|(id, one)| (id, one.name.clone())).collect();
        found.reverse();
        found
    }

    /// Whether a unit is this one, or lies below it.
    pub(super) fn is_below(&self, unit: Uuid, top: Uuid) -> bool {
        self.upwards(unit).any(|(id, _)| id == top)
    }
}

#[cfg(test)]
mod tests {
    use sluice_model::Reference;

    use super::*;

    #[test]
    fn all_that_are_disabled_are_found_upwards() {
        let id = |number: u128| Uuid::from_u128(number);
        let unit = |number, parent: Option<u128>, name: &str, is_disabled: bool| {
            let row = Row::new("businessunit", id(number))
                .with("name", name)
                .with("isdisabled", is_disabled);
            match parent {
                Some(parent) => row.with("parentbusinessunitid", Reference::new("businessunit", id(parent))),
                None => row,
            }
        };
        let tree = Tree::of(&[
            unit(1, None, "Root", false),
            unit(2, Some(1), "North", true),
            unit(3, Some(2), "Oslo", true),
            unit(4, Some(3), "Field", false),
            unit(5, Some(1), "field", true),
        ]);
        let names: Vec<String> = tree.disabled_above(id(4)).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["North", "Oslo"]);
        assert_eq!(tree.disabled_above(id(5)), [(id(5), "field".to_owned())]);
        assert_eq!((tree.name(id(4)), tree.name(id(6))), (Some("Field"), None));
        assert!(tree.is_below(id(4), id(2)) && !tree.is_below(id(2), id(4)));
    }
}
