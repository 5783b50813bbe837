//! The life of a rule: unpublished, publishing, published, and back again. Its state is
//! written here and nowhere else.

use sluice_model::{Code, Error, Filter, Query, Reference, Result, Row, Uuid, Value};

use super::part::rules_of;
use super::{
    DUPLICATE_CONDITION, DUPLICATE_RULE,
    rule::{self, PUBLISHED, PUBLISHING, Rule, UNPUBLISHED},
    work::{self, Publishing, Purging},
};
use sluice_engine::{Operation, Unit, runner, snapshot::Snapshot, tables};

/// So many rules of one base table may be published.
const MOST_PUBLISHED: usize = 5;

/// Whether a rule is published, or on its way there.
pub(crate) fn is_in_use(row: &Row) -> bool {
    row.int("statuscode").unwrap_or(UNPUBLISHED) != UNPUBLISHED
}

/// Refuses to change what a rule at work is made of.
pub(crate) fn refuse_in_use(row: &Row) -> Result<()> {
    if !is_in_use(row) {
        return Ok(());
    }
    let state = match row.int("statuscode") {
        Some(PUBLISHING) => "is being published",
        _ => "is published",
    };
    Err(refused_in_use(row, &format!("it {state}")))
}

fn refused_in_use(row: &Row, why: &str) -> Error {
    let sentence = format!(
        "The duplicate detection rule is currently in use and cannot be updated or deleted: rule \"{}\", {why}.",
        row.text("name").unwrap_or_default()
    );
    Error::new(Code::RULE_IN_USE, sentence).with_table(DUPLICATE_RULE)
}

/// The conditions of a rule, in the order in which they were made.
pub(crate) fn conditions(unit: &mut Unit, rule: Uuid) -> Result<Vec<Row>> {
    let query = Query::new(DUPLICATE_CONDITION).filter(Filter::eq("regardingobjectid", rule));
    unit.select_as_platform("see what a duplicate rule is made of", &query)
}

/// Begins to publish a rule: from this commit on every change of a matching row writes its
/// code; those of the rows that are there are the job's.
pub(crate) fn publish(unit: &mut Unit, operation: &Operation, row: &Row) -> Result<Uuid> {
    let rule = publishable(unit, row)?;
    let set = next_set(unit)?;
    let data = Publishing::new(rule.id, set);
    let owner = operation.principal().clone();
    let name = format!("Publish the duplicate rule \"{}\"", rule.name);
    let job = runner::NewJob::new(work::PUBLISH, name, &data)?.about(&rule.matching);
    let job = runner::write(unit, &owner, job)?;
    let change = state(row.id, PUBLISHING)
        .with("sl_matchcodeset", Value::BigInt(set))
        .with("sl_publishjob", Reference::new(tables::JOB, job));
    write(unit, change)?;
    Ok(job)
}

/// What a rule must be to be published.
fn publishable(unit: &mut Unit, row: &Row) -> Result<Rule> {
    let name = row.text("name").unwrap_or_default();
    match row.int("statuscode") {
        Some(PUBLISHING) => {
            let job = row.id_of("sl_publishjob").unwrap_or_default();
            let sentence = format!(
                "The selected duplicate detection rule is already being published: rule \"{name}\". If its job was \
                 interrupted, go on with the job {job}."
            );
            return Err(Error::new(Code::RULE_PUBLISHING, sentence)
                .with_table(DUPLICATE_RULE)
                .with_word("JOB", job));
        }
        Some(PUBLISHED) => return Err(refused_in_use(row, "it is published already")),
        _ => {}
    }
    if unit.setting("isduplicatedetectionenabled").and_then(Value::as_bool) == Some(false) {
        return Err(Error::new(
            Code::DUPLICATE_DETECTION_OFF,
            "Duplicate detection is not enabled. To enable duplicate detection, click Settings, click Data Management, and \
             then click Duplicate Detection Settings.",
        ));
    }
    let conditions = conditions(unit, row.id)?;
    let snapshot = unit.snapshot()?;
    let rule = Rule::compile(snapshot.catalog(), row, &conditions)?;
    rule.check_publishable()?;
    let published = rules_of(&snapshot).of_base(&rule.base);
    if published.len() >= MOST_PUBLISHED {
        let names: Vec<String> = published.iter().map(|rule| format!("\"{}\"", rule.name)).collect();
        let sentence = format!(
            "The selected record type already has the maximum number of published rules. Unpublish or delete existing rules \
             for this record type, and then try again. (Published for `{}`: {}.)",
            rule.base,
            names.join(", ")
        );
        return Err(Error::new(Code::TOO_MANY_RULES, sentence));
    }
    Ok(rule)
}

/// All rows have their codes: the rule is asked from now on.
pub(super) fn published(unit: &mut Unit, row: &Row) -> Result<()> {
    let change = state(row.id, PUBLISHED).with("sl_publishjob", Value::Null);
    write(unit, change)
}

/// Publishes a rule of a new organisation, whose tables are empty.
pub(crate) fn published_when_founded(unit: &mut Unit, id: Uuid) -> Result<()> {
    let row = read(unit, id)?;
    publishable(unit, &row)?;
    let set = next_set(unit)?;
    let change = state(id, PUBLISHED).with("sl_matchcodeset", Value::BigInt(set));
    write(unit, change)
}

/// What became of the codes of a rule that is out of work.
#[derive(Debug, Default)]
pub(crate) struct Removal {
    /// So many are removed.
    pub(crate) removed: u64,
    /// The job that removes the rest, where they are many.
    pub(crate) job: Option<Uuid>,
}

/// Takes a rule out of work at once; its codes go.
pub(crate) fn unpublish(unit: &mut Unit, operation: Option<&Operation>, row: &Row) -> Result<Removal> {
    if !is_in_use(row) {
        return Ok(Removal::default());
    }
    let change = state(row.id, UNPUBLISHED)
        .with("sl_matchcodeset", Value::Null)
        .with("sl_publishjob", Value::Null);
    write(unit, change)?;
    if let Some(job) = row.id_of("sl_publishjob") {
        runner::cancel(unit, job)?;
    }
    let Some(Value::BigInt(set)) = row.get("sl_matchcodeset") else {
        return Ok(Removal::default());
    };
    let purged = work::purge(unit, *set)?;
    if !purged.more {
        return Ok(Removal {
            removed: purged.removed,
            job: None,
        });
    }
    let owner = match operation {
        Some(operation) => operation.principal().clone(),
        None => unit.snapshot()?.system().clone(),
    };
    let name = format!(
        "Remove the matchcodes of the rule \"{}\"",
        row.text("name").unwrap_or_default()
    );
    let job = runner::NewJob::new(work::PURGE, name, &Purging::after(unit, *set, purged.removed)?)?;
    Ok(Removal {
        removed: purged.removed,
        job: Some(runner::write(unit, &owner, job)?),
    })
}

/// The rules that are published, or on their way there.
pub(super) fn in_use(unit: &mut Unit) -> Result<Vec<Uuid>> {
    let snapshot = unit.snapshot()?;
    Ok(rules_of(&snapshot).all().map(|rule| rule.id).collect())
}

/// Unpublishes the rules that pass; their names.
fn unpublish_those(unit: &mut Unit, mut which: impl FnMut(&Rule) -> bool) -> Result<Vec<String>> {
    let snapshot = unit.snapshot()?;
    let rules = rules_of(&snapshot).all().filter(|rule| which(rule));
    let rules: Vec<Uuid> = rules.map(|rule| rule.id).collect();
    let mut names = Vec::new();
    for id in rules {
        let row = read(unit, id)?;
        unpublish(unit, None, &row)?;
        names.push(row.text("name").unwrap_or_default().to_owned());
    }
    Ok(names)
}

/// A column was changed or is about to go: what compares it is unpublished, and says so.
pub(crate) fn column_changed(unit: &mut Unit, table: &str, column: &str) -> Result<Vec<Error>> {
    let names = unpublish_those(unit, |rule| rule.compares(table, column))?;
    Ok(names.iter().map(|name| notice(table, column, name)).collect())
}

fn notice(table: &str, column: &str, rule: &str) -> Error {
    let sentence = format!(
        "the duplicate rule \"{rule}\" was unpublished, because it compares the column `{column}` of `{table}`, which was \
         changed; look at the rule, and publish it again"
    );
    Error::new(Code::RULE_UNPUBLISHED, sentence).with_table(table)
}

/// Duplicate detection was switched off for a table.
pub(crate) fn table_switched_off(unit: &mut Unit, table: &str) -> Result<()> {
    unpublish_those(unit, |rule| *rule.base == *table || *rule.matching == *table).map(|_| ())
}

/// Duplicate detection was switched off for the organisation.
pub(crate) fn switched_off(unit: &mut Unit) -> Result<()> {
    unpublish_those(unit, |_| true).map(|_| ())
}

/// Options were published: a rule that compares labels has codes of the old ones.
pub(crate) fn options_published(unit: &mut Unit, before: &Snapshot) -> Result<()> {
    let after = unit.snapshot()?;
    let stays = |rule: &Rule| rules_of(&after).all().any(|other| **other == *rule);
    let stale: Vec<Uuid> = rules_of(before)
        .all()
        .filter(|rule| !stays(rule))
        .map(|rule| rule.id)
        .collect();
    for id in stale {
        let row = read(unit, id)?;
        tracing::warn!(
            rule = row.text("name"),
            "unpublished: options that it compares were changed"
        );
        unpublish(unit, None, &row)?;
    }
    Ok(())
}

/// The row of a rule.
pub(super) fn read(unit: &mut Unit, id: Uuid) -> Result<Row> {
    unit.need_as_platform(
        "bring a duplicate rule into another state",
        &Reference::new(DUPLICATE_RULE, id),
    )
}

/// The change that brings a rule into a state.
fn state(id: Uuid, status: i32) -> Row {
    Row::new(DUPLICATE_RULE, id)
        .with("statecode", Value::Choice(i32::from(status == PUBLISHED)))
        .with("statuscode", Value::Choice(status))
}

fn write(unit: &mut Unit, change: Row) -> Result<()> {
    unit.update_as_platform("keep the state of a duplicate rule", change)
}

fn next_set(unit: &mut Unit) -> Result<i64> {
    unit.beside_rows("number the codes of a rule that is published", |tx, permit| {
        tx.next_matchcode_set(permit)
    })
}

/// A condition is checked against the tables of its rule.
pub(crate) fn check_condition(unit: &mut Unit, rule: &Row, condition: &Row) -> Result<()> {
    let catalog = unit.snapshot()?.catalog().clone();
    let [base, matching] = rule::tables(&catalog, rule)?;
    let fold = rule.bool("iscasesensitive") != Some(true);
    rule::Condition::compile([&base, &matching], (fold, catalog.collation()), condition).map(|_| ())
}
