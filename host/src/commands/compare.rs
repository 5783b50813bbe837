//! What two users, or two roles, have and have not in common.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use sluice_model::Depth;

use super::holders::UNREAD;
use crate::output::Grid;

/// What each of two holds, by name; and how deep, of what has a depth.
#[derive(Debug, Default)]
pub(super) struct Compared {
    held: BTreeMap<String, [Option<String>; 2]>,
    /// Not all of it may be read.
    pub(super) is_part: bool,
}

impl Compared {
    /// The first of the two, or the second, holds something.
    pub(super) fn add(&mut self, second: bool, name: &str, held: &str) {
        let [one, other] = self.held.entry(name.to_owned()).or_default();
        *(if second { other } else { one }) = Some(held.to_owned());
    }

    /// Privileges, each at its deepest.
    pub(super) fn of_privileges(first: &[(String, Depth)], second: &[(String, Depth)]) -> Self {
        let mut all = Self::default();
        for (held, is_second) in [(first, false), (second, true)] {
            let mut deepest: BTreeMap<&str, Depth> = BTreeMap::new();
            for (name, depth) in held {
                let known = deepest.entry(name).or_insert(*depth);
                *known = (*known).max(*depth);
            }
            for (name, depth) in deepest {
                all.add(is_second, name, depth.label());
            }
        }
        all
    }

    fn different(&self) -> impl Iterator<Item = (&String, &[Option<String>; 2])> {
        self.held.iter().filter(|(_, [first, second])| first != second)
    }

    /// What differs, for machines.
    pub(super) fn json(&self, what: &str) -> Vec<Json> {
        let each = self.different();
        each.map(|(name, [first, second])| json!({ what: name, "first": first, "second": second }))
            .collect()
    }

    /// The same; nothing, where nothing is known to differ and not all of it may be read.
    pub(super) fn document(&self, what: &str) -> Json {
        match self.is_part && self.different().next().is_none() {
            true => Json::Null,
            false => self.json(what).into(),
        }
    }

    /// What differs, for people.
    pub(super) fn shown(&self, what: &str, names: [&str; 2]) -> crate::output::Written {
        let mut grid = Grid::new([what, names[0], names[1]]);
        for (name, held) in self.different() {
            let cell = |one: &Option<String>| one.clone().unwrap_or_else(|| "·".to_owned());
            let [first, second] = held;
            grid.row([name.clone(), cell(first), cell(second)]);
        }
        grid.text(&format!("no {what} differs"))
    }

    /// The same, with what is said of what may not be read.
    pub(super) fn told(&self, what: &str, names: [&str; 2]) -> String {
        let known = || self.shown(what, names).to_string();
        match (self.is_part, self.different().next()) {
            (false, _) => known(),
            (true, None) => format!("{what}: {UNREAD}"),
            (true, Some(_)) => format!("{}\n{what}: and {UNREAD}", known()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_is_left_out() {
        let held = |all: &[(&str, Depth)]| -> Vec<(String, Depth)> {
            all.iter().map(|(name, depth)| ((*name).to_owned(), *depth)).collect()
        };
        let first = held(&[
            ("prvReadLead", Depth::User),
            ("prvReadLead", Depth::BusinessUnit),
            ("prvReadNote", Depth::User),
        ]);
        let second = held(&[("prvReadLead", Depth::BusinessUnit), ("prvReadTask", Depth::User)]);
        let compared = Compared::of_privileges(&first, &second);
        assert_eq!(
            compared.json("privilege"),
            [
                json!({ "privilege": "prvReadNote", "first": "User", "second": null }),
                json!({ "privilege": "prvReadTask", "first": null, "second": "User" }),
            ]
        );
    }
}
