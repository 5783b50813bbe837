//! A workflow's actions as a list of lines, each with its place: where a workflow stands is the
//! number of a line, also in a job that goes on another day.

use std::collections::{BTreeMap, BTreeSet};

use sluice_model::{Name, Uuid};

use super::definition::{Action, Call, Check, Child, Condition, Definition, Place, Source, Wait, Who};

/// The actions of a workflow, ready to be run.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) lines: Vec<Line>,
    /// The columns that are looked at, by the row that has them.
    pub(crate) reads: BTreeMap<Place, BTreeSet<Name>>,
    /// It waits somewhere.
    pub(crate) waits: bool,
    /// The columns of its own row that it waits for, or a run of an earlier version does.
    pub(crate) woken_by: BTreeSet<Name>,
    children: Vec<Child>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Line {
    /// Where the definition has it: `2 then 1`.
    pub(crate) place: String,
    pub(crate) what: What,
}

/// What a line does.
#[derive(Debug)]
pub(crate) enum What {
    /// Goes on with the next line where it is so, else with that one.
    Check(Condition, usize),
    /// Goes on with that line.
    Go(usize),
    /// Does something.
    Do(Action),
}

impl What {
    /// Whether a run waits here for what may change: a condition, or a point in time that a row has.
    pub(crate) fn waits_for_event(&self) -> bool {
        matches!(self, Self::Do(Action::Wait(wait)) if wait.condition.is_some() || wait.follows(|_| true))
    }

    /// Whether a run looks again every now and then: not all that it waits for wakes it.
    pub(crate) fn looks_again(&self) -> bool {
        matches!(self, Self::Do(Action::Wait(wait)) if wait.condition.is_some() || wait.follows(|row| !row.is_this()))
    }
}

impl Program {
    /// The lines of a definition.
    pub(crate) fn of(definition: Definition) -> Self {
        let mut program = Self {
            children: definition.children,
            woken_by: definition.awaited,
            ..Self::default()
        };
        program.add_all(definition.actions, "");
        program
    }

    /// The workflow that an action starts by that name for a row of a table.
    pub(crate) fn child(&self, workflow: &str, table: &Name) -> Option<Uuid> {
        let is = |child: &&Child| child.workflow == workflow && child.table == *table;
        self.children.iter().find(is).map(|child| child.id)
    }

    /// Whether it starts that workflow.
    pub(crate) fn starts(&self, workflow: Uuid) -> bool {
        self.children.iter().any(|child| child.id == workflow)
    }

    /// The calls of plug-ins.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.lines.iter().filter_map(|line| match &line.what {
            What::Do(Action::Call(call)) => Some(call),
            _ => None,
        })
    }

    fn add_all(&mut self, actions: Vec<Action>, within: &str) {
        for (number, action) in (1..).zip(actions) {
            let place = format!("{within}{number}");
            match action {
                Action::Check(check) => self.add_check(check, &place),
                action => {
                    self.read_by(&action);
                    self.add(place, What::Do(action));
                }
            }
        }
    }

    fn add(&mut self, place: String, what: What) {
        self.lines.push(Line { place, what });
    }

    fn add_check(&mut self, check: Check, place: &str) {
        self.read_by_condition(&check.condition);
        let at = self.lines.len();
        self.add(place.to_owned(), What::Check(check.condition, 0));
        self.add_all(check.then, &format!("{place} then "));
        let end_of_then = self.lines.len();
        if !check.otherwise.is_empty() {
            self.add(place.to_owned(), What::Go(0));
        }
        let otherwise = self.lines.len();
        self.add_all(check.otherwise, &format!("{place} else "));
        let end = self.lines.len();
        if let Some(Line {
            what: What::Check(_, target),
            ..
        }) = self.lines.get_mut(at)
        {
            *target = otherwise;
        }
        if let Some(Line {
            what: What::Go(target), ..
        }) = self.lines.get_mut(end_of_then).filter(|_| end_of_then < otherwise)
        {
            *target = end;
        }
    }

    fn read_by(&mut self, action: &Action) {
        match action {
            Action::Create(create) => create.set.values().for_each(|source| self.read_by_source(source)),
            Action::Update(update) => {
                self.find(&update.row);
                for (name, source) in &update.set {
                    self.read_by_source(source);
                    if matches!(source, Source::Changed(..)) {
                        self.read(&update.row, name);
                    }
                }
            }
            Action::Assign(assign) => {
                self.find(&assign.row);
                self.read_by_source(&assign.to);
            }
            Action::ChangeState(change) => self.find(&change.row),
            Action::StartChild(start) => self.find(&start.row),
            Action::Call(call) => {
                self.find(&call.row);
                call.configuration.iter().for_each(|source| self.read_by_source(source));
                call.inputs.values().for_each(|source| self.read_by_source(source));
            }
            Action::SendEmail(email) => {
                self.find(&email.row);
                let recipients = email.recipients().map(|(_, recipient)| recipient);
                for recipient in email.from.iter().chain(recipients) {
                    match recipient.who() {
                        Ok(Who::Row(place)) => self.find(&place),
                        Ok(Who::Address(source)) => self.read_by_source(source),
                        // It was refused when it was written.
                        Err(_) => {}
                    }
                }
                self.read_by_source(&email.subject);
                email.body.iter().for_each(|source| self.read_by_source(source));
            }
            Action::Wait(wait) => self.wait(wait),
            Action::Stop(stop) => stop.message.iter().for_each(|source| self.read_by_source(source)),
            Action::Check(_) => {}
        }
    }

    fn wait(&mut self, wait: &Wait) {
        self.waits = true;
        let before = std::mem::take(&mut self.reads);
        wait.until.iter().for_each(|source| self.read_by_source(source));
        wait.condition
            .iter()
            .for_each(|condition| self.read_by_condition(condition));
        let looked_at = std::mem::replace(&mut self.reads, before);
        self.woken_by
            .extend(looked_at.get(&Place::default()).into_iter().flatten().cloned());
        for (row, columns) in looked_at {
            self.reads.entry(row).or_default().extend(columns);
        }
    }

    fn read_by_condition(&mut self, condition: &Condition) {
        match condition {
            Condition::And(all) | Condition::Or(all) => all.iter().for_each(|one| self.read_by_condition(one)),
            Condition::Not(inner) => self.read_by_condition(inner),
            Condition::Compare(compare) => {
                self.read(&compare.row, &compare.column);
                compare.value.iter().for_each(|source| self.read_by_source(source));
            }
        }
    }

    fn read_by_source(&mut self, source: &Source) {
        match source {
            Source::Column(column, row) => self.read(row, column),
            Source::Row(row) => self.find(row),
            Source::First(sources) | Source::Text(sources) => {
                sources.iter().for_each(|source| self.read_by_source(source));
            }
            Source::Changed(_, source) | Source::Moved(source, _) => self.read_by_source(source),
            Source::Constant(_) | Source::Now(_) | Source::Output(..) => {}
        }
    }

    fn read(&mut self, row: &Place, column: &Name) {
        self.find(row);
        self.reads.entry(row.clone()).or_default().insert(column.clone());
    }

    /// To find a related row, the lookup of the workflow's own row is looked at.
    fn find(&mut self, row: &Place) {
        if let Some(lookup) = &row.related {
            self.reads.entry(Place::default()).or_default().insert(lookup.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_become_jumps_and_places_stay() {
        let text = r#"{"actions": [
            {"check": {"if": {"compare": {"column": "a", "row": {"related": "b"}, "is": "has-data"}},
                       "then": [{"stop": {"as": "succeeded"}}],
                       "else": [{"check": {"if": {"and": []}, "then": [{"stop": {"as": "canceled"}}]}}]}},
            {"stop": {"as": "succeeded"}}]}"#;
        let program = Program::of(Definition::parse(text).unwrap());
        let shown = program.lines.iter().map(|line| {
            let what = match &line.what {
                What::Check(_, otherwise) => format!("check, else {otherwise}"),
                What::Go(to) => format!("go {to}"),
                What::Do(_) => "do".to_owned(),
            };
            format!("{}: {what}", line.place)
        });
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [
                "1: check, else 3",
                "1 then 1: do",
                "1: go 5",
                "1 else 1: check, else 5",
                "1 else 1 then 1: do",
                "2: do"
            ]
        );
        let reads: Vec<usize> = program.reads.values().map(BTreeSet::len).collect();
        assert_eq!(reads, [1, 1], "the lookup of the row, and the column of the other one");
    }
}
