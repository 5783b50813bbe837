//! How far a privilege reaches: what it lets do, and to whose rows. Of several roles that would do, the one
//! is given that reaches least beyond what is needed.

use std::collections::HashMap;

use sluice_engine::{Unit, tables};
use sluice_model::{Depth, Query, Result, Right, Row, Uuid};

/// What is to be known of each privilege.
pub(super) struct Weights(HashMap<Uuid, Kind>);

/// A privilege, without its depth.
#[derive(Clone, Copy)]
struct Kind {
    /// What it lets do to a row; none of one that belongs to no table.
    right: Option<Right>,
    /// Whether there are depths.
    is_of_owned: bool,
}

impl Weights {
    /// Reads them.
    pub(super) fn read(unit: &mut Unit) -> Result<Self> {
        let query = Query::new(tables::PRIVILEGE).columns(&["accessright", "canbebasic"]);
        let rows = unit.select_as_platform("find what would cure a refusal, and whom it reaches", &query)?;
        let kind = |row: &Row| {
            let bit = row.int("accessright").unwrap_or_default().cast_unsigned();
            let kind = Kind {
                right: Right::ALL.into_iter().find(|right| right.bit() == bit),
                is_of_owned: row.bool("canbebasic") == Some(true),
            };
            (row.id, kind)
        };
        Ok(Self(rows.iter().map(kind).collect()))
    }

    /// How far a privilege reaches at a depth; nothing, where it is not held.
    fn of(&self, privilege: Uuid, depth: Option<Depth>) -> u32 {
        let (Some(kind), Some(depth)) = (self.0.get(&privilege), depth) else {
            return 0;
        };
        let does = match kind.right {
            Some(Right::Read | Right::Append | Right::AppendTo) => 1,
            Some(Right::Create) => 2,
            Some(Right::Write | Right::Share | Right::Assign) | None => 3,
            Some(Right::Delete) => 4,
        };
        let whose = match depth {
            // There is no smaller depth: it says nothing.
            _ if !kind.is_of_owned => 2,
            Depth::User => 1,
            Depth::BusinessUnit => 4,
            Depth::ParentChild => 7,
            Depth::Organization => 10,
        };
        does * whose
    }

    /// How far these privileges reach, all together.
    pub(super) fn all(&self, gives: &HashMap<Uuid, Depth>) -> u32 {
        gives
            .iter()
            .map(|(privilege, depth)| self.of(*privilege, Some(*depth)))
            .sum()
    }

    /// How far beyond what is held and what is needed something goes that gives these privileges.
    pub(super) fn beyond<'a>(
        &self,
        gives: impl IntoIterator<Item = (&'a Uuid, &'a Depth)>,
        held: &HashMap<Uuid, Depth>,
        (needed, depth): (Uuid, Depth),
    ) -> u32 {
        let beyond = |(privilege, given): (&Uuid, &Depth)| {
            let need = (*privilege == needed).then_some(depth);
            let enough = held.get(privilege).copied().max(need);
            self.of(*privilege, Some(*given))
                .saturating_sub(self.of(*privilege, enough))
        };
        gives.into_iter().map(beyond).sum()
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
        };
        let kinds = Right::ALL.iter().enumerate();
        let weights = Weights(kinds.map(|(place, right)| (id(place as u128), owned(*right))).collect());
        let all_own: HashMap<Uuid, Depth> = (0..8).map(|place| (id(place), Depth::User)).collect();
        let delete_all = HashMap::from([(id(1), Depth::Organization), (id(3), Depth::Organization)]);
        let reach = |gives: &HashMap<Uuid, Depth>| weights.beyond(gives, &HashMap::new(), (id(1), Depth::User));
        assert!(reach(&all_own) < reach(&delete_all));
        let read = HashMap::from([(id(1), Depth::User)]);
        assert_eq!(reach(&read), 0, "no more than is needed");
        assert_eq!(
            weights.beyond(&all_own, &all_own, (id(1), Depth::User)),
            0,
            "nothing new"
        );
    }
}
