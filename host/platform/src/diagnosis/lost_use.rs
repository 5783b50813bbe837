//! What was used and would be missing behind a change, by the marks of use: they tell also of what passes and is not
//! recorded.

use std::collections::BTreeMap;

use jiff::{civil::Date, tz::TimeZone};
use sluice_engine::tables;
use sluice_model::{Comparison, Depth, Filter, Order, Query, Reference, Result, Right, Row, Timestamp, Value};

use super::what_if::{Trials, WhatIf};

/// A privilege that was used and would not be held so deep any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostUse {
    /// By whom.
    pub who: Reference,
    /// The privilege.
    pub privilege: String,
    /// How deep it was used; of lists, how deep it was held.
    pub used: Depth,
    /// How deep it would be held.
    pub then: Option<Depth>,
    /// The last day on which it was used.
    pub last: Date,
}

/// More marks are not looked at.
const MOST: u32 = 20_000;

/// A mark: by whom, which privilege, by which way.
type Mark = (Reference, String, String);

/// Marks of use, each with how deep and the last day.
type Marks = BTreeMap<Mark, (Depth, Date)>;

impl Trials<'_> {
    /// What was used since a time, and would not be held so deep behind the change; not what turned requests lack.
    /// Nothing where the reader may not read the marks.
    pub(super) fn lost_uses(&self, since: Timestamp, found: &mut WhatIf) -> Result<()> {
        if self
            .session
            .check_privilege(tables::PRIVILEGE_USE, Right::Read)
            .is_err()
        {
            return Ok(());
        }
        let (marks, is_cut) = self.marks(since)?;
        let asked: Vec<(Reference, String)> = marks
            .keys()
            .map(|(who, privilege, _)| (who.clone(), privilege.clone()))
            .collect();
        let today = self.session.held_behind(&self.trial, &[], &asked)?;
        let then = self.session.held_behind(&self.trial, self.before, &asked)?;
        let turned = found.turned.iter().filter_map(|turned| turned.with.as_ref());
        let mut lost: Vec<LostUse> = Vec::new();
        for (((who, privilege, way), (depth, last)), (today, then)) in
            marks.into_iter().zip(today.into_iter().zip(then))
        {
            // A share, or a manager's row, takes the privilege at any depth.
            let used = match way.as_str() {
                "role" | "list" => depth,
                _ => Depth::User,
            };
            let is_told = turned.clone().any(|error| {
                let body = error.body();
                let is_theirs = body.principal.as_ref().is_some_and(|refused| refused.id == who.id);
                is_theirs && body.privilege.as_deref() == Some(&*privilege)
            });
            if is_told || then >= Some(used) || then >= today {
                continue;
            }
            let use_of = LostUse {
                who,
                privilege,
                used,
                then,
                last,
            };
            match lost.last_mut() {
                Some(before) if before.who == use_of.who && before.privilege == use_of.privilege => {
                    before.used = before.used.max(use_of.used);
                    before.last = before.last.max(use_of.last);
                }
                _ => lost.push(use_of),
            }
        }
        found.uses = Some(lost);
        found.is_cut |= is_cut;
        Ok(())
    }

    /// The marks since a time, how deep and the last day, the newest of them; and whether there are more.
    fn marks(&self, since: Timestamp) -> Result<(Marks, bool)> {
        let mut query = Query::new(tables::PRIVILEGE_USE)
            .columns(&[
                "sl_principalid",
                "sl_principaltype",
                "sl_privilege",
                "sl_depth",
                "sl_way",
                "sl_day",
            ])
            .filter(Filter::Compare {
                column: "sl_day".into(),
                comparison: Comparison::Ge,
                value: Value::Date(since.to_zoned(TimeZone::UTC).date()),
            })
            .top(MOST + 1);
        query.order = vec![Order {
            column: "sl_day".into(),
            descending: true,
        }];
        let (mut unit, _) = self.session.unit()?;
        let rows = unit.select_as_platform("say what was used that a change takes away", &query)?;
        let mut marks: BTreeMap<Mark, (Depth, Date)> = BTreeMap::new();
        let most = usize::try_from(MOST).unwrap_or(usize::MAX);
        for row in rows.iter().take(most) {
            let Some((mark, depth, day)) = mark(row) else { continue };
            let (deepest, last) = marks.entry(mark).or_insert((depth, day));
            (*deepest, *last) = (depth.max(*deepest), day.max(*last));
        }
        Ok((marks, rows.len() > most))
    }
}

fn mark(row: &Row) -> Option<(Mark, Depth, Date)> {
    let text = |column: &str| row.text(column).map(str::to_owned);
    let who = Reference::new(text("sl_principaltype")?, row.id_of("sl_principalid")?);
    let depth = row.int("sl_depth").and_then(Depth::from_number).unwrap_or(Depth::User);
    let Some(Value::Date(day)) = row.get("sl_day") else {
        return None;
    };
    Some(((who, text("sl_privilege")?, text("sl_way")?), depth, *day))
}
