//! Marks of use: that somebody used a privilege on a day, by which way, for which step. A row for each
//! of these is written at most once, in a transaction of its own after the answer; what is written
//! already is known in memory, so that who does the same again costs a look-up. The id of a mark is
//! made of what it says, so that two processes write the same row.

use std::{collections::HashSet, sync::atomic::Ordering};

use jiff::civil::Date;
use sha2::{Digest, Sha256};
use sluice_access::{Asked, Check, Gate, PrincipalId, WayKind};
use sluice_model::{Catalog, Depth, Filter, Query, Result, Row, Timestamp, Uuid, Value};
use sluice_store::End;

use crate::{Session, Unit, engine::lock, keeping, tables};

/// A mark, without its day.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    principal: PrincipalId,
    asked: Asked,
    depth: Depth,
    way: &'static str,
    role: Option<Uuid>,
    team: Option<Uuid>,
    step: Option<Uuid>,
}

impl Mark {
    /// The mark that the answer to a question leaves; none, where it did not pass.
    fn of(check: &Check, step: Option<Uuid>) -> Option<Self> {
        let way = check.way?;
        let word = match (way.kind, check.gate, check.row, check.needed) {
            (WayKind::Share, ..) => "share",
            (WayKind::Inherited, ..) => "inherited",
            (WayKind::Manager, ..) => "manager",
            // Which of the rows that a list reaches are wanted, nobody knows.
            (_, Gate::Access, None, _) if matches!(check.asked, Asked::Right(_, sluice_model::Right::Read)) => "list",
            _ => "role",
        };
        Some(Self {
            principal: check.principal.identity(),
            asked: check.asked.clone(),
            depth: check.needed.unwrap_or(Depth::User),
            way: word,
            role: way.role,
            team: way.team,
            step,
        })
    }

    /// Its row.
    fn row(&self, day: i64, catalog: &Catalog) -> Option<Row> {
        let privilege = self.asked.privilege(catalog);
        let table = self.asked.table();
        let id = |id: Option<Uuid>| id.map_or(Value::Null, Value::Id);
        let date = Timestamp::from_second(day * DAY).ok()?;
        let date: Date = date.to_zoned(jiff::tz::TimeZone::UTC).date();
        let mut row = Row::new(tables::PRIVILEGE_USE, self.id(day, &privilege)?)
            .with("sl_privilege", privilege)
            .with("sl_principalid", self.principal.id)
            .with("sl_principaltype", self.principal.kind.table())
            .with("sl_depth", self.depth.number())
            .with("sl_way", self.way)
            .with("sl_day", Value::Date(date));
        if let Some(table) = table {
            row.set("sl_table", &**table);
        }
        for (column, value) in [
            ("sl_roleid", self.role),
            ("sl_teamid", self.team),
            ("sl_stepid", self.step),
        ] {
            if value.is_some() {
                row.set(column, id(value));
            }
        }
        Some(row)
    }

    /// Made of the day, so that older marks have smaller ids, and of what the mark says.
    fn id(&self, day: i64, privilege: &str) -> Option<Uuid> {
        let mut hash = Sha256::new();
        hash.update(privilege.to_ascii_lowercase());
        hash.update([0]);
        hash.update(self.principal.kind.table());
        hash.update(self.way);
        hash.update([u8::try_from(self.depth.number()).unwrap_or_default()]);
        for id in [Some(self.principal.id), self.role, self.team, self.step] {
            hash.update(id.unwrap_or_default().as_bytes());
        }
        let digest = hash.finalize();
        let random: [u8; 10] = digest.get(..10)?.try_into().ok()?;
        let millis = u64::try_from(day * DAY * 1_000).ok()?;
        Some(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

impl Session {
    /// Notes and writes what was asked outside any message, unless this session leaves no marks.
    pub fn keep_asked(&self, unit: &mut Unit) {
        if self.notes_use {
            unit.note_asked();
            unit.keep_use();
        }
    }
}

/// Seconds of a day.
const DAY: i64 = 86_400;

/// What is written already, of one day.
#[derive(Debug, Default)]
pub(crate) struct Written {
    day: i64,
    marks: HashSet<Mark>,
}

/// More marks are not remembered: then it is begun anew, and looked into the file again.
const MOST: usize = 50_000;

/// What a unit of work has used and nobody has written yet.
#[derive(Debug, Default)]
pub(crate) struct Used {
    day: i64,
    marks: Vec<Mark>,
}

impl Used {
    /// How much there is.
    pub(crate) fn len(&self) -> usize {
        self.marks.len()
    }

    /// Forgets all but so much.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.marks.truncate(len);
    }
}

impl Unit {
    /// Whether use leaves marks here.
    pub(crate) fn notes_use(&self) -> bool {
        self.snapshot.settings.notes_use && !self.purpose.is_trial() && !self.core.is_alone()
    }

    /// A message that began at `when` passed: what it used is noted, as far as it is not written yet.
    pub(crate) fn note_use(&mut self, when: Timestamp) {
        if !self.notes_use() {
            return;
        }
        let day = when.as_second().div_euclid(DAY);
        let checks = self.trace.checks().clone();
        let core = self.core.clone();
        let mut written = lock(&core.use_written);
        if written.day != day {
            *written = Written {
                day,
                marks: HashSet::new(),
            };
        }
        self.used.day = day;
        checks.new_since(|check, step| {
            if let Some(mark) = Mark::of(check, step).filter(|mark| !written.marks.contains(mark)) {
                self.used.marks.push(mark);
            }
        });
    }

    /// What was asked outside any message is used as well: by it, something was shown or done.
    pub(crate) fn note_asked(&mut self) {
        self.note_use(self.core.env.now());
    }

    /// Writes what was noted, in a transaction of its own. That it cannot be written fails nobody: it
    /// is noted again the next time.
    pub(crate) fn keep_use(&mut self) {
        let Used { day, marks } = std::mem::take(&mut self.used);
        if marks.is_empty() {
            return;
        }
        let marks: HashSet<Mark> = marks.into_iter().collect();
        let catalog = self.snapshot.catalog.clone();
        let mut rows: Vec<Row> = marks.iter().filter_map(|mark| mark.row(day, &catalog)).collect();
        rows.sort_by_key(|row| row.id);
        if let Err(error) = self.write_use(&rows) {
            return tracing::debug!(%error, "what was used is noted another time");
        }
        let core = self.core.clone();
        let mut written = lock(&core.use_written);
        if written.day == day {
            if written.marks.len() > MOST {
                written.marks.clear();
            }
            written.marks.extend(marks);
        }
    }

    fn write_use(&mut self, rows: &[Row]) -> Result<()> {
        if self.without_marks(rows)?.is_empty() {
            return Ok(());
        }
        let store = self.core.store()?;
        // Who looks at a backup leaves it as it is.
        if store.is_sealed() {
            return Ok(());
        }
        // Nobody waits for a mark.
        store.write_if_free(&mut |tx| {
            self.tx = tx;
            self.transaction_opened();
            let result = self.refresh().and_then(|()| {
                for row in self.without_marks(rows)? {
                    self.insert_as_platform("note that somebody used a privilege", row)?;
                }
                Ok(())
            });
            let end = End {
                keep: result.is_ok(),
                value: result,
                beside: Vec::new(),
            };
            (std::mem::take(&mut self.tx), end)
        })??;
        self.transaction_over();
        self.core.use_commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Those of these rows that are not there.
    fn without_marks(&mut self, rows: &[Row]) -> Result<Vec<Row>> {
        let query = Query::new(tables::PRIVILEGE_USE).columns(&[]).filter(Filter::In {
            column: "sl_privilegeuseid".into(),
            values: rows.iter().map(|row| Value::Id(row.id)).collect(),
        });
        let there = self.select_as_platform("see which marks of use are there already", &query)?;
        let there: HashSet<Uuid> = there.iter().map(|row| row.id).collect();
        Ok(rows.iter().filter(|row| !there.contains(&row.id)).cloned().collect())
    }
}

/// Removes a few marks that are older than the organisation keeps them.
pub(crate) const KEPT: keeping::Kept = keeping::Kept {
    days: |unit| keeping::days(unit, "sl_usekeep"),
    remove: |unit, before| unit.remove_old(tables::PRIVILEGE_USE, before),
};
