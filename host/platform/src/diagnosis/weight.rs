//! How far a privilege reaches: what it lets do, and to whose rows. Of several roles that would do, the one
//! is given that reaches least beyond what is needed: first to what is not one's own, then in all.

use std::collections::HashMap;

use sluice_engine::{Unit, tables};
use sluice_model::{Catalog, Depth, Query, Result, Right, Row, Uuid};

/// Privileges of no table that let nobody reach more rows than they reach without: they read definitions, or do
/// something further to rows that one may change or read.
const HARMLESS: [&str; 6] = [
    "prvReadCustomization",
    "prvReadEntity",
    "prvReadAttribute",
    "prvMerge",
    "prvExportToExcel",
    "prvWorkflowExecution",
];

/// What is to be known of each privilege.
pub(super) struct Weights(HashMap<Uuid, Kind>);

/// A privilege, without its depth.
#[derive(Clone, Copy)]
struct Kind {
    /// What it lets do to a row; none of one that belongs to no table.
    right: Option<Right>,
    /// Whether there are depths.
    is_of_owned: bool,
    /// Whether what it lets read, or do, is nobody's in particular: what everybody is shown who works here.
    is_harmless: bool,
}

/// How far something goes beyond what is held and needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Beyond {
    /// To rows of others, and to what works for everybody.
    pub(super) others: u32,
    /// In all.
    pub(super) all: u32,
}

impl Weights {
    /// Reads them.
    pub(super) fn read(unit: &mut Unit) -> Result<Self> {
        let query = Query::new(tables::PRIVILEGE).columns(&["name", "accessright", "canbebasic"]);
        let rows = unit.select_as_platform("find what would cure a refusal, and whom it reaches", &query)?;
        let catalog = unit.catalog();
        Ok(Self(rows.iter().map(|row| (row.id, Kind::of(row, &catalog))).collect()))
    }

    /// How far a privilege reaches at a depth: to others, and in all; nothing, where it is not held.
    fn of(&self, privilege: Uuid, depth: Option<Depth>) -> Beyond {
        let (Some(kind), Some(depth)) = (self.0.get(&privilege), depth) else {
            return Beyond { others: 0, all: 0 };
        };
        let (does, only_reads) = match kind.right {
            Some(Right::Read | Right::Append | Right::AppendTo) => (1, true),
            Some(Right::Create) => (2, false),
            Some(Right::Write | Right::Share | Right::Assign) | None => (3, false),
            Some(Right::Delete) => (4, false),
        };
        let whose = match depth {
            _ if kind.is_harmless => 2,
            // There is no smaller depth: of what is only read it says nothing.
            _ if !kind.is_of_owned && only_reads => 2,
            _ if !kind.is_of_owned => 10,
            Depth::User => 1,
            Depth::BusinessUnit => 4,
            Depth::ParentChild => 7,
            Depth::Organization => 10,
        };
        let all = does * whose;
        let others = if whose > 2 { all } else { 0 };
        Beyond { others, all }
    }

    /// How far these privileges reach, all together.
    pub(super) fn all(&self, gives: &HashMap<Uuid, Depth>) -> u32 {
        gives
            .iter()
            .map(|(privilege, depth)| self.of(*privilege, Some(*depth)).all)
            .sum()
    }

    /// How far beyond what is held and what is needed something goes that gives these privileges.
    pub(super) fn beyond<'a>(
        &self,
        gives: impl IntoIterator<Item = (&'a Uuid, &'a Depth)>,
        held: &HashMap<Uuid, Depth>,
        (needed, depth): (Uuid, Depth),
    ) -> Beyond {
        let mut sum = Beyond { others: 0, all: 0 };
        for (privilege, given) in gives {
            let need = (*privilege == needed).then_some(depth);
            let enough = self.of(*privilege, held.get(privilege).copied().max(need));
            let given = self.of(*privilege, Some(*given));
            sum.others += given.others.saturating_sub(enough.others);
            sum.all += given.all.saturating_sub(enough.all);
        }
        sum
    }
}

impl Kind {
    fn of(row: &Row, catalog: &Catalog) -> Self {
        let bit = row.int("accessright").unwrap_or_default().cast_unsigned();
        let right = Right::ALL.into_iter().find(|right| right.bit() == bit);
        let name = row.text("name").unwrap_or_default();
        let is_configuration = || {
            let table = catalog.privilege(name).and_then(|(table, _)| catalog.find(table));
            table.is_some_and(|table| table.configuration)
        };
        let is_harmless = match right {
            Some(right) => right == Right::Read && is_configuration(),
            None => HARMLESS.iter().any(|harmless| harmless.eq_ignore_ascii_case(name)),
        };
        Self {
            right,
            is_of_owned: row.bool("canbebasic") == Some(true),
            is_harmless,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Many privileges for own rows reach less than few for everybody's.
    #[test]
    fn depth_and_right_count_and_not_the_number() {
        let id = |number: u128| Uuid::from_u128(number);
        let owned = |right| Kind {
            right: Some(right),
            is_of_owned: true,
            is_harmless: false,
        };
        let kinds = Right::ALL.iter().enumerate();
        let weights = Weights(kinds.map(|(place, right)| (id(place as u128), owned(*right))).collect());
        let all_own: HashMap<Uuid, Depth> = (0..8).map(|place| (id(place), Depth::User)).collect();
        let delete_all = HashMap::from([(id(1), Depth::Organization), (id(3), Depth::Organization)]);
        let reach = |gives: &HashMap<Uuid, Depth>| weights.beyond(gives, &HashMap::new(), (id(1), Depth::User));
        assert!(reach(&all_own) < reach(&delete_all));
        let read = HashMap::from([(id(1), Depth::User)]);
        let nothing = Beyond { others: 0, all: 0 };
        assert_eq!(reach(&read), nothing, "no more than is needed");
        assert_eq!(
            weights.beyond(&all_own, &all_own, (id(1), Depth::User)),
            nothing,
            "nothing new"
        );
    }

    /// What works for everybody reaches further than any number of own rows; what everybody is shown does not.
    #[test]
    fn what_works_for_everybody_comes_last() {
        let id = |number: u128| Uuid::from_u128(number);
        let kind = |right, is_of_owned, is_harmless| Kind {
            right,
            is_of_owned,
            is_harmless,
        };
        let mut kinds: HashMap<Uuid, Kind> = (0..100)
            .map(|place| (id(place), kind(Some(Right::Write), true, false)))
            .collect();
        kinds.insert(id(100), kind(None, false, false));
        kinds.insert(id(101), kind(Some(Right::Write), false, false));
        kinds.insert(id(102), kind(Some(Right::Read), true, true));
        let weights = Weights(kinds);
        let reach = |gives: HashMap<Uuid, Depth>| weights.beyond(&gives, &HashMap::new(), (id(0), Depth::User));
        let own = reach((0..100).map(|place| (id(place), Depth::User)).collect());
        for strong in [100, 101] {
            assert!(own < reach(HashMap::from([(id(strong), Depth::Organization)])));
        }
        assert!(own > reach(HashMap::from([(id(102), Depth::Organization)])));
    }
}
