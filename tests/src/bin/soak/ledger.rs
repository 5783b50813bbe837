//! What was answered, as it has to be found.

use std::collections::{HashMap, HashSet};

use sluice_engine::Session;
use sluice_model::{Code, Reference, Request, Uuid};

/// So many rows that were not touched lately are compared with the others.
const SOME: usize = 200;

/// The leads by their ids: the subject that they have, or nothing where they are gone.
#[derive(Default)]
pub(crate) struct Ledger {
    rows: HashMap<Uuid, Option<String>>,
    /// Rows to which something is being done: either state is right.
    open: HashSet<Uuid>,
    touched: HashSet<Uuid>,
    pub(crate) writes: u64,
    pub(crate) reads: u64,
    pub(crate) refused: u64,
    pub(crate) compared: u64,
}

impl Ledger {
    /// What the process said: `will ID`, `row ID SUBJECT`, `gone ID`, `read`, `refused`, `wrong WHAT`.
    pub(crate) fn hear(&mut self, line: &str, findings: &mut Vec<String>) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (id, subject) = rest.split_once(' ').unwrap_or((rest, ""));
        match (word, id.parse::<Uuid>()) {
            ("read", _) => self.reads += 1,
            ("refused", _) => self.refused += 1,
            ("will", Ok(id)) => drop(self.open.insert(id)),
            ("row", Ok(id)) => self.is(id, Some(subject.to_owned())),
            ("gone", Ok(id)) => self.is(id, None),
            // The last line of a process that was killed may not be whole.
            _ if word == "wrong" => findings.push(rest.to_owned()),
            _ => {}
        }
    }

    fn is(&mut self, id: Uuid, subject: Option<String>) {
        self.rows.insert(id, subject);
        self.open.remove(&id);
        self.touched.insert(id);
        self.writes += 1;
    }

    /// Compares the rows with the file. What was being done to a row when the process was killed is
    /// done or not: such rows are forgotten.
    pub(crate) fn compare(&mut self, session: &Session, everything: bool, findings: &mut Vec<String>) {
        for id in self.open.drain() {
            self.rows.remove(&id);
        }
        let touched = std::mem::take(&mut self.touched);
        let others = self.rows.keys().filter(|id| !touched.contains(id));
        let others: Vec<Uuid> = others
            .take(if everything { usize::MAX } else { SOME })
            .copied()
            .collect();
        for id in touched.into_iter().chain(others) {
            let Some(expected) = self.rows.get(&id) else { continue };
            self.compared += 1;
            let request = Request::retrieve(Reference::new("lead", id), &["subject"]);
            let there = match session.execute(request) {
                Ok(answer) => Ok(answer.row().and_then(|row| row.text("subject")).map(str::to_owned)),
                Err(error) if error.code() == Code::NOT_FOUND => Ok(None),
                Err(error) => Err(error),
            };
            match there {
                Ok(there) if there == *expected => {}
                Ok(there) => findings.push(format!("lead {id}: {expected:?} was answered, {there:?} is there")),
                Err(error) => findings.push(format!("lead {id} cannot be read: {error}")),
            }
        }
    }
}
