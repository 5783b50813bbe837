//! The long work: giving every row of a table its code, finding all duplicates of a list of
//! rows, removing the codes of a rule that is gone. Each in steps, which [`sluice_engine::runner`]
//! runs, each in a transaction of its own.

use std::{collections::HashSet, sync::Arc};

use serde::{Deserialize, Serialize};
use sluice_model::{
    Comparison, Filter, Name, Order, Query, Reference, Result, Right, Row, TableDef, Timestamp, Uuid, Value,
    codes::Kind,
};

use super::part::rules_of;
use super::{
    DUPLICATE_RECORD, DUPLICATE_RULE,
    code::{Seen, matchcode},
    detect::MOST,
    life,
    rule::{PUBLISHING, Rule, Side},
};
use sluice_engine::{
    Acting, Unit, recurrence,
    runner::{self, JobStep},
};

/// `asyncoperation.operationtype`: Duplicate Detection Rule Publish.
pub(crate) const PUBLISH: i32 = 7;
/// `asyncoperation.operationtype`: Bulk Duplicate Detection.
pub(crate) const DETECT: i32 = 8;
/// `asyncoperation.operationtype`: Matchcode Update.
pub(crate) const PURGE: i32 = 12;

/// So many rows in a step.
const ROWS: u32 = 1_000;
/// So many codes are removed in a step.
const CODES: u32 = 5_000;
/// So many duplicates does a job report.
const MOST_FOUND: u64 = 5_000;

/// How far a job has gone through a table, in the order of the keys.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Scan {
    cursor: Option<Uuid>,
    done: u64,
    total: Option<u64>,
}

impl Scan {
    /// The part of a question that asks for the next rows.
    fn next(&self, table: &TableDef, filter: Filter) -> Filter {
        match self.cursor {
            None => filter,
            Some(cursor) => Filter::Compare {
                column: table.key.clone(),
                comparison: Comparison::Gt,
                value: Value::Id(cursor),
            }
            .and(filter),
        }
    }

    /// Whether these rows were the last ones.
    pub(super) fn took(&mut self, rows: &[Row]) -> bool {
        self.cursor = rows.last().map(|row| row.id).or(self.cursor);
        self.done += rows.len() as u64;
        rows.len() < ROWS as usize
    }

    fn step(&self, data: &impl Serialize) -> Result<JobStep> {
        JobStep::new(data, self.done, self.total.unwrap_or(self.done))
    }
}

/// What the job knows that publishes a rule.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Publishing {
    rule: Uuid,
    set: i64,
    scan: Scan,
}

impl Publishing {
    pub(super) fn new(rule: Uuid, set: i64) -> Self {
        Self {
            rule,
            set,
            scan: Scan::default(),
        }
    }
}

/// Gives the next rows of the matching table their codes.
pub(super) fn publish_step(unit: &mut Unit, data: &str) -> Result<JobStep> {
    let mut data: Publishing = runner::parse(data)?;
    let snapshot = unit.snapshot()?;
    let mut at_work = rules_of(&snapshot).all();
    let Some(rule) = at_work
        .find(|rule| rule.id == data.rule && rule.set == data.set && !rule.published)
        .cloned()
    else {
        // Unpublished meanwhile, or published by another runner and unpublished again.
        return Ok(data.scan.step(&data)?.canceled());
    };
    let table = snapshot.table(&rule.matching)?.clone();
    if data.scan.total.is_none() {
        let all = unit.count_as_platform("say how far the publishing of a rule is", &table.name, &Filter::All)?;
        data.scan.total = Some(all);
    }
    let rows = give_codes(unit, &rule, &table, &data.scan)?;
    if !data.scan.took(&rows) {
        return data.scan.step(&data);
    }
    let row = life::read(unit, rule.id)?;
    life::published(unit, &row)?;
    let told = format!(
        "the rule \"{}\" is published: {} {} of `{}`",
        rule.name,
        data.scan.done,
        if data.scan.done == 1 { "row" } else { "rows" },
        rule.matching
    );
    Ok(data.scan.step(&data)?.done(told))
}

/// Gives the next rows of a table their codes by a rule; the rows.
fn give_codes(unit: &mut Unit, rule: &Arc<Rule>, table: &TableDef, scan: &Scan) -> Result<Vec<Row>> {
    let query = page(rule, table, scan);
    let rows = unit.select_as_platform("give all rows of a table their codes by a rule", &query)?;
    put_codes(unit, rule, &rows)?;
    Ok(rows)
}

/// The next rows of a table, with what their codes by a rule are made of.
pub(super) fn page(rule: &Rule, table: &TableDef, scan: &Scan) -> Query {
    Query {
        columns: Some(columns_of([rule], Side::Matching, table)),
        top: Some(ROWS),
        ..Query::new(rule.matching.clone()).filter(scan.next(table, Filter::All))
    }
}

/// Gives the newest rows of a table their codes by a rule, of those that were made before a time: as
/// many as a step of its job does.
pub(super) fn code_newest(unit: &mut Unit, rule: Uuid, made_before: Timestamp) -> Result<()> {
    let snapshot = unit.snapshot()?;
    let Some(rule) = rules_of(&snapshot).all().find(|known| known.id == rule).cloned() else {
        return Ok(());
    };
    let table = snapshot.table(&rule.matching)?.clone();
    let mut query = Query {
        columns: Some(columns_of([&*rule], Side::Matching, &table)),
        top: Some(ROWS),
        ..Query::new(rule.matching.clone()).filter(Filter::Compare {
            column: "createdon".into(),
            comparison: Comparison::Lt,
            value: Value::DateTime(made_before),
        })
    };
    query.order.push(Order {
        column: table.key.clone(),
        descending: true,
    });
    let rows = unit.select_as_platform("give all rows of a table their codes by a rule", &query)?;
    put_codes(unit, &rule, &rows)
}

fn put_codes(unit: &mut Unit, rule: &Arc<Rule>, rows: &[Row]) -> Result<()> {
    let mut codes: Vec<(String, Uuid)> = rows
        .iter()
        .filter_map(|row| Some((matchcode(rule, Side::Matching, Seen::now(row))?, row.id)))
        .collect();
    // In the order of the index.
    codes.sort_unstable();
    unit.beside_rows("give all rows of a table their codes by a rule", |tx, permit| {
        codes
            .iter()
            .try_for_each(|(code, row)| tx.put_matchcode(permit, rule.set, code, *row))
    })
}

/// Texts compare by other rules from now on: every code is made anew.
pub(super) fn code_anew(unit: &mut Unit) -> Result<()> {
    let snapshot = unit.snapshot()?;
    let rules: Vec<Arc<Rule>> = rules_of(&snapshot).all().cloned().collect();
    for rule in rules {
        while purge(unit, rule.set)?.more {}
        let table = snapshot.table(&rule.matching)?.clone();
        let mut scan = Scan::default();
        while !scan.took(&give_codes(unit, &rule, &table, &scan)?) {}
    }
    Ok(())
}

/// The job that was to publish a rule is canceled or failed: the rule is as it was before.
pub(super) fn publish_ended(unit: &mut Unit, data: &str) -> Result<()> {
    let data: Publishing = runner::parse(data)?;
    match life::read(unit, data.rule) {
        Ok(row) if row.int("statuscode") == Some(PUBLISHING) && set_of(&row) == Some(data.set) => {
            life::unpublish(unit, None, &row).map(|_| ())
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == Kind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn set_of(row: &Row) -> Option<i64> {
    match row.get("sl_matchcodeset") {
        Some(Value::BigInt(set)) => Some(*set),
        _ => None,
    }
}

/// What the job knows that removes codes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Purging {
    set: i64,
    done: u64,
    total: u64,
}

impl Purging {
    /// What is left after a first part was removed.
    pub(super) fn after(unit: &mut Unit, set: i64, removed: u64) -> Result<Self> {
        let left = unit.beside_rows("count the codes of a rule that is out of work", |tx, permit| {
            tx.count_matchcodes(permit, set)
        })?;
        Ok(Self {
            set,
            done: removed,
            total: removed + left,
        })
    }
}

/// What a part of a removal came to.
pub(super) struct Purged {
    pub(super) removed: u64,
    pub(super) more: bool,
}

/// Removes some codes of a set.
pub(super) fn purge(unit: &mut Unit, set: i64) -> Result<Purged> {
    let removed = unit.beside_rows("remove the codes of a rule that is out of work", |tx, permit| {
        tx.purge_matchcodes(permit, set, CODES)
    })?;
    Ok(Purged {
        removed,
        more: removed == u64::from(CODES),
    })
}

fn removed(codes: u64) -> String {
    match codes {
        1 => "1 matchcode removed".to_owned(),
        codes => format!("{codes} matchcodes removed"),
    }
}

/// Removes the next codes of a set.
pub(super) fn purge_step(unit: &mut Unit, data: &str) -> Result<JobStep> {
    let mut data: Purging = runner::parse(data)?;
    let purged = purge(unit, data.set)?;
    data.done += purged.removed;
    let step = JobStep::new(&data, data.done, data.total)?;
    Ok(match purged.more {
        true => step,
        false => step.done(removed(data.done)),
    })
}

/// What the job knows that looks for duplicates.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Detecting {
    query: Query,
    found: u64,
    /// Whom to tell that it is done.
    pub(crate) tell: Vec<Uuid>,
    scan: Scan,
    /// Who asked for it on behalf of its owner: it finds what both may read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    caller: Option<Uuid>,
}

impl Detecting {
    pub(crate) fn new(query: Query, tell: Vec<Uuid>, caller: Option<Uuid>) -> Self {
        Self {
            query,
            found: 0,
            tell,
            scan: Scan::default(),
            caller,
        }
    }

    /// The same from the beginning.
    pub(crate) fn anew(self) -> Self {
        Self::new(self.query, self.tell, self.caller)
    }
}

/// Whoever asked for a job, in whose name it runs to its end, whoever it is given to; where they called on behalf of
/// somebody, as far as both may.
fn asker_of(unit: &mut Unit, job: &Row, caller: Option<Uuid>) -> Result<Arc<sluice_access::Principal>> {
    let asker = job.lookup("createdby");
    let asker = asker.ok_or_else(|| sluice_model::Error::host(format!("nobody asked for the job {}", job.id)))?;
    match caller {
        Some(_) => unit.who_acts(Acting { user: asker.id, caller }),
        None => unit.principal_of(asker),
    }
}

/// Looks for the duplicates of the next rows, in the name of whoever asked for the job.
pub(super) fn detect_step(unit: &mut Unit, job: &Row, data: &str) -> Result<JobStep> {
    let mut data: Detecting = runner::parse(data)?;
    let snapshot = unit.snapshot()?;
    let table = snapshot.table(&data.query.table)?.clone();
    let owner = asker_of(unit, job, data.caller)?;
    let permit = unit.list_permit(&owner, &data.query)?;
    let catalog = unit.catalog();
    if data.scan.total.is_none() {
        let all = Query::new(table.name.clone()).filter(data.query.filter.clone());
        let count = unit.read(|tx| tx.count_across(&permit, &catalog, &all))?;
        data.scan.total = Some(count);
    }
    let rules: Vec<_> = rules_of(&snapshot).asked(&table.name).cloned().collect();
    if rules.is_empty() {
        let told = format!(
            "no rule is published for `{}` any more; {} duplicates found",
            table.name, data.found
        );
        return Ok(data.scan.step(&data)?.done(told));
    }
    let query = Query {
        columns: Some(columns_of(rules.iter().map(|rule| &**rule), Side::Base, &table)),
        top: Some(ROWS),
        ..Query::new(table.name.clone()).filter(data.scan.next(&table, data.query.filter.clone()))
    };
    let rows = unit.read(|tx| tx.select_across(&permit, &catalog, &query))?;
    let mut report = Report {
        job,
        owner,
        found: data.found,
    };
    let mut looked_at = 0;
    for row in &rows {
        for rule in &rules {
            report.row(unit, rule, row)?;
        }
        looked_at += 1;
        if report.is_full() {
            break;
        }
    }
    data.found = report.found;
    let last = data.scan.took(rows.get(..looked_at).unwrap_or_default());
    let step = data.scan.step(&data)?;
    Ok(match (report.is_full(), last) {
        (true, _) => step.done(format!(
            "{MOST_FOUND} duplicates found, and a job reports no more: it looked at {} of {} rows; narrow its filter",
            data.scan.done,
            data.scan.total.unwrap_or(data.scan.done)
        )),
        (false, true) => step.done(match data.found {
            1 => "1 duplicate found".to_owned(),
            found => format!("{found} duplicates found"),
        }),
        (false, false) => step,
    })
}

/// What the codes of rows are made of: what the rules compare, and whether a row is active or
/// was merged into another one.
fn columns_of<'a>(rules: impl IntoIterator<Item = &'a Rule>, side: Side, table: &TableDef) -> Vec<Name> {
    let conditions = rules.into_iter().flat_map(|rule| &rule.conditions);
    let mut columns: Vec<Name> = conditions.map(|condition| condition.column(side).clone()).collect();
    let states = ["statecode", "merged"].iter().filter_map(|name| table.column(name));
    columns.extend(states.map(|column| column.name.clone()));
    columns.sort();
    columns.dedup();
    columns
}

/// What a job has found so far.
struct Report<'a> {
    job: &'a Row,
    owner: Arc<sluice_access::Principal>,
    found: u64,
}

impl Report<'_> {
    fn is_full(&self) -> bool {
        self.found >= MOST_FOUND
    }

    /// Reports the rows that are the same as this one by a rule.
    fn row(&mut self, unit: &mut Unit, rule: &Rule, row: &Row) -> Result<()> {
        let Some(code) = matchcode(rule, Side::Base, Seen::now(row)) else {
            return Ok(());
        };
        let same_table = rule.base == rule.matching;
        let reason = "find the rows with a matchcode, of which a job reports what its owner may read";
        let ids = unit.beside_rows(reason, |tx, permit| {
            tx.rows_with_matchcode(permit, rule.set, &code, MOST)
        })?;
        // The keys ascend: a smaller one may have been looked at before, and the pair reported.
        let reported = match same_table && ids.iter().any(|id| *id < row.id) {
            true => self.bases(unit, rule, row.reference())?,
            false => HashSet::new(),
        };
        for id in ids {
            let itself = same_table && id == row.id;
            if itself || self.is_full() || reported.contains(&id) {
                continue;
            }
            if self.may_read(unit, rule, id)? {
                self.write(unit, rule, row.id, id)?;
                self.found += 1;
            }
        }
        Ok(())
    }

    /// The rows of which the job has reported this one to be a duplicate. They are looked up by
    /// the row alone: what other jobs have found for it is little beside all that they found.
    fn bases(&self, unit: &mut Unit, rule: &Rule, duplicate: Reference) -> Result<HashSet<Uuid>> {
        let query = Query::new(DUPLICATE_RECORD)
            .columns(&["asyncoperationid", "duplicateruleid", "baserecordid"])
            .filter(Filter::eq("duplicaterecordid", duplicate));
        let found = unit.select_as_platform("report no pair of duplicates twice", &query)?;
        let own = found.iter().filter(|found| {
            found.id_of("asyncoperationid") == Some(self.job.id) && found.id_of("duplicateruleid") == Some(rule.id)
        });
        Ok(own.filter_map(|found| found.id_of("baserecordid")).collect())
    }

    fn may_read(&self, unit: &mut Unit, rule: &Rule, id: Uuid) -> Result<bool> {
        if !rule.is_open_to(&unit.catalog(), &self.owner) {
            return Ok(false);
        }
        let table = unit.snapshot()?.table(&rule.matching)?.clone();
        match unit.decide_for(&self.owner, &table, Right::Read, id) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Kind::Denied => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn write(&self, unit: &mut Unit, rule: &Rule, base: Uuid, duplicate: Uuid) -> Result<()> {
        let found = runner::owned_row(unit, DUPLICATE_RECORD, &self.owner)
            .with("asyncoperationid", self.job.reference())
            .with("duplicateruleid", Reference::new(DUPLICATE_RULE, rule.id))
            .with("baserecordid", Reference::new(rule.base.clone(), base))
            .with("duplicaterecordid", Reference::new(rule.matching.clone(), duplicate));
        unit.insert_as_platform("keep what a job finds, which was asked for by its owner", found)
    }
}

/// A job of ours that is done: whoever wants to is told, and the next one is planned.
pub(super) fn detect_ended(unit: &mut Unit, job: &Row, data: &str, told: &str) -> Result<()> {
    let data: Detecting = runner::parse(data)?;
    let tell = data.tell.clone();
    if let Some(days) = job.text("recurrencepattern").map(recurrence::days).transpose()? {
        let owner = asker_of(unit, job, data.caller)?;
        let name = job.text("name").unwrap_or_default().to_owned();
        let table = data.query.table.clone();
        let start = runner::next_start(unit, job, days)?;
        let next = runner::NewJob::new(DETECT, name, &data.anew())?
            .about(&table)
            .from(start)
            .again(job.text("recurrencepattern"));
        runner::write(unit, &owner, next)?;
    }
    for user in tell {
        super::notice::write(unit, job, user, told)?;
    }
    Ok(())
}
