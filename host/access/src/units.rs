//! The tree of business units. It knows ids and parents, nothing else of a unit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sluice_model::Uuid;

/// The tree of business units. Rows that form a cycle do no harm: every
/// walk ends.
#[derive(Debug, Clone, Default)]
pub struct Units {
    parents: BTreeMap<Uuid, Uuid>,
    children: HashMap<Uuid, Vec<Uuid>>,
}

impl Units {
    /// The tree of these units, each with its parent; the root has none.
    pub fn new(parents: impl IntoIterator<Item = (Uuid, Option<Uuid>)>) -> Self {
        let parents: BTreeMap<Uuid, Uuid> = parents
            .into_iter()
            .filter_map(|(unit, parent)| Some((unit, parent?)))
            .collect();
        let mut children: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for (unit, parent) in &parents {
            children.entry(*parent).or_default().push(*unit);
        }
        Self { parents, children }
    }

    /// Whether `unit` is `of`, or lies anywhere below it.
    pub fn is_same_or_below(&self, unit: Uuid, of: Uuid) -> bool {
        // A path without a cycle has at most as many edges as there are parents.
        std::iter::successors(Some(unit), |unit| self.parents.get(unit).copied())
            .take(self.parents.len() + 1)
            .any(|unit| unit == of)
    }

    /// `unit` and all units below it, each once, in the order of their ids.
    pub fn subtree(&self, unit: Uuid) -> Vec<Uuid> {
        let mut found = BTreeSet::new();
        let mut open = vec![unit];
        while let Some(next) = open.pop() {
            if found.insert(next) {
                open.extend(self.children.get(&next).into_iter().flatten());
            }
        }
        found.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn units(edges: &[(u128, u128)]) -> Units {
        Units::new(
            edges
                .iter()
                .map(|(unit, parent)| (id(*unit), (*parent != 0).then(|| id(*parent)))),
        )
    }

    #[test]
    fn below_means_anywhere_below() {
        let units = units(&[(1, 0), (2, 1), (3, 2), (4, 1)]);
        assert!(units.is_same_or_below(id(3), id(1)));
        assert!(units.is_same_or_below(id(2), id(2)));
        assert!(!units.is_same_or_below(id(1), id(2)));
        assert!(!units.is_same_or_below(id(4), id(2)));
        assert_eq!(units.subtree(id(2)), [id(2), id(3)]);
        assert_eq!(units.subtree(id(1)), [id(1), id(2), id(3), id(4)]);
    }

    #[test]
    fn an_unknown_unit_is_alone() {
        let units = units(&[(1, 0)]);
        assert_eq!(units.subtree(id(9)), [id(9)]);
        assert!(units.is_same_or_below(id(9), id(9)));
        assert!(!units.is_same_or_below(id(9), id(1)));
    }

    #[test]
    fn walks_end_where_rows_form_a_cycle() {
        let units = units(&[(1, 2), (2, 3), (3, 2), (4, 4)]);
        assert!(units.is_same_or_below(id(1), id(3)));
        assert!(!units.is_same_or_below(id(2), id(1)));
        assert_eq!(units.subtree(id(2)), [id(1), id(2), id(3)]);
        assert_eq!(units.subtree(id(4)), [id(4)]);
    }
}
