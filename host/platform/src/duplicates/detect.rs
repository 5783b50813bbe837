//! Detection: which rows are the same as this one, and what the caller is told of them.

use std::{collections::HashMap, sync::Arc};

use sluice_access::Principal;
use sluice_model::{
    Code, Duplicates, Error, Match, Name, Reference, Result, Right, Row, TableDef, duplicates::Details,
};

use super::part::rules_of;
use super::{
    code::{Seen, matchcode},
    rule::{Rule, Side},
};
use sluice_engine::{
    Operation, Unit,
    change::{ChangeKind, RowChange},
    fill,
    message::input,
    snapshot::Snapshot,
    watch::Watch,
};

/// So many rows of a rule are listed.
pub(crate) const MOST: u32 = 1_000;

/// A row that is the same as another one by a rule.
#[derive(Debug, Clone)]
pub struct FoundDuplicate {
    /// The row.
    pub row: Reference,
    rule: Arc<Rule>,
}

impl FoundDuplicate {
    /// The rule's name.
    pub fn rule(&self) -> &str {
        &self.rule.name
    }
}

/// The rows that are the same as one row.
#[derive(Debug, Clone, Default)]
pub struct Matches {
    /// The rows, in the order of the rules; a row once for each rule.
    pub found: Vec<FoundDuplicate>,
    /// There are more than are listed.
    pub more: bool,
}

impl Matches {
    /// Those of both, a rule after the other.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.found.extend(other.found);
        self.more |= other.more;
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many different rows of a table there are.
    pub fn count(&self, table: &str) -> usize {
        self.rows().iter().filter(|(row, _)| *row.table == *table).count()
    }

    /// Each row once, with the names of the rules that found it.
    pub(crate) fn rows(&self) -> Vec<(&Reference, Vec<String>)> {
        let mut places: HashMap<&Reference, usize> = HashMap::new();
        let mut rows: Vec<(&Reference, Vec<String>)> = Vec::new();
        for found in &self.found {
            match places.get(&found.row).and_then(|place| rows.get_mut(*place)) {
                Some((_, rules)) => rules.push(found.rule().to_owned()),
                None => {
                    places.insert(&found.row, rows.len());
                    rows.push((&found.row, vec![found.rule().to_owned()]));
                }
            }
        }
        rows
    }
}

/// The watch that looks for duplicates on Create and Update: refuses a row that is the same as
/// another one, where the request asks for it.
pub(crate) struct Detection;

impl Watch for Detection {
    fn name(&self) -> &'static str {
        "duplicate detection"
    }

    fn wants(&self, snapshot: &Snapshot, table: &TableDef) -> bool {
        rules_of(snapshot).asked(&table.name).next().is_some()
    }

    fn before(&self, unit: &mut Unit, change: &mut RowChange<'_>) -> Result<()> {
        let Some(operation) = change.operation else {
            return Ok(());
        };
        // Activating or deactivating a row makes no duplicate of it.
        let state = |name: &Name| matches!(&**name, "statecode" | "statuscode");
        match change.kind {
            ChangeKind::Delete => Ok(()),
            _ if is_suppressed(operation)? => Ok(()),
            ChangeKind::Create => check(unit, operation, &change.row, None),
            ChangeKind::Update if operation.target()?.values.keys().all(state) => Ok(()),
            ChangeKind::Update => match change.before(unit)? {
                Some(before) => check(unit, operation, &before, Some(&change.row)),
                None => Ok(()),
            },
        }
    }
}

/// `changes` are what an Update is about to write.
fn check(unit: &mut Unit, operation: &Operation, row: &Row, changes: Option<&Row>) -> Result<()> {
    let seen = changes.map_or(Seen::now(row), |changes| Seen::with(row, changes));
    let mut matches = search(unit, operation.principal(), row, seen, None, MOST)?;
    // Rules are not retroactive: what an Update leaves as it was makes no new duplicate.
    if let Some(changes) = changes {
        let code = |rule: &Rule, seen| matchcode(rule, Side::Base, seen);
        let new = |rule: &Rule| code(rule, Seen::now(row)) != code(rule, Seen::with(row, changes));
        matches.found.retain(|found| new(&found.rule));
    }
    if matches.is_empty() {
        return Ok(());
    }
    let mut error = Error::said(Code::DUPLICATES_FOUND).with_table(&row.table);
    error.body_mut().duplicates = Some(describe_matches(unit, operation, &matches)?);
    Err(error)
}

/// A request is spared detection unless it asks for it.
pub(crate) fn is_suppressed(operation: &Operation) -> Result<bool> {
    Ok(
        operation.input("SuppressDuplicateDetection").is_none()
            || input::bool(operation, "SuppressDuplicateDetection")?,
    )
}

fn search(
    unit: &mut Unit,
    reader: &Principal,
    row: &Row,
    seen: Seen<'_>,
    matching: Option<&str>,
    most: u32,
) -> Result<Matches> {
    let snapshot = unit.snapshot()?;
    let mut matches = Matches::default();
    for rule in rules_of(&snapshot).asked(&row.table) {
        let asked = matching.is_none_or(|matching| *rule.matching == *matching);
        if !asked || !rule.is_open_to(snapshot.catalog(), reader) {
            continue;
        }
        let Some(code) = matchcode(rule, Side::Base, seen) else {
            continue;
        };
        let ids = unit.beside_rows(
            "find the rows with a matchcode, which are shown as far as the caller may read them",
            |tx, permit| tx.rows_with_matchcode(permit, rule.set, &code, most + 1),
        )?;
        matches.more |= ids.len() > most as usize;
        let rows = ids.into_iter().take(most as usize).map(|id| Reference {
            table: rule.matching.clone(),
            id,
        });
        let itself = row.reference();
        matches
            .found
            .extend(rows.filter(|row| *row != itself).map(|row| FoundDuplicate {
                row,
                rule: rule.clone(),
            }));
    }
    Ok(matches)
}

/// Whether any published rule compares rows of a base table with those of a matching
/// table: without one, there is nothing to look for.
///
/// # Errors
/// The configuration cannot be read.
pub fn has_duplicate_rules(unit: &mut Unit, base: &str, matching: &str) -> Result<bool> {
    let snapshot = unit.snapshot()?;
    Ok(rules_of(&snapshot).asked(base).any(|rule| *rule.matching == *matching))
}

/// The rows that are the same as `row` by the published rules, those of one matching
/// table only where it is named. A row without an id is seen as a Create would fill it.
///
/// # Errors
/// A column is not there or holds a value that is not of its type.
pub fn duplicates_of(unit: &mut Unit, operation: &Operation, row: &Row, matching: Option<&str>) -> Result<Matches> {
    let reader = operation.principal();
    if !row.id.is_nil() {
        return search(unit, reader, row, Seen::now(row), matching, MOST);
    }
    let table = unit.snapshot()?.table(&row.table)?.clone();
    let draft = fill::draft(&table, row)?;
    search(unit, reader, &draft, Seen::now(&draft), matching, MOST)
}

/// As [`duplicates_of`], for a row that is filled, up to the platform's page.
pub(crate) fn duplicates_for(unit: &mut Unit, operation: &Operation, row: &Row, matching: &str) -> Result<Matches> {
    search(unit, operation.principal(), row, Seen::now(row), Some(matching), 5_000)
}

/// Those rules with base table `row` and the table of `other` by which the two are the
/// same: without a look-up, also where the codes are not written yet.
///
/// # Errors
/// The configuration cannot be read.
pub fn same_by_rules(unit: &mut Unit, operation: &Operation, row: &Row, other: &Row) -> Result<Matches> {
    let snapshot = unit.snapshot()?;
    let rules = rules_of(&snapshot).asked(&row.table);
    let open = |rule: &&Arc<Rule>| rule.is_open_to(snapshot.catalog(), operation.principal());
    let same = rules.filter(open).filter(|rule| {
        let code = matchcode(rule, Side::Base, Seen::now(row));
        *rule.matching == *other.table && code.is_some() && code == matchcode(rule, Side::Matching, Seen::now(other))
    });
    Ok(Matches {
        found: same
            .map(|rule| FoundDuplicate {
                row: other.reference(),
                rule: rule.clone(),
            })
            .collect(),
        more: false,
    })
}

/// What the caller is told of some matches: of a row that they may not read, only that it
/// is there and whose it is.
///
/// # Errors
/// The database cannot be read.
pub fn describe_matches(unit: &mut Unit, operation: &Operation, matches: &Matches) -> Result<Duplicates> {
    let mut described = Vec::new();
    for (row, rules) in matches.rows() {
        described.extend(describe(unit, operation, row, rules)?);
    }
    Ok(Duplicates {
        matches: described,
        more: matches.more,
        dialog: None,
    })
}

fn describe(unit: &mut Unit, operation: &Operation, row: &Reference, rules: Vec<String>) -> Result<Option<Match>> {
    let table = unit.snapshot()?.table(&row.table)?.clone();
    let columns = told(&table);
    let reason = "say that a row is there, and what of it to whom";
    let Some(mut found) = unit.read_as_platform(reason, row, Some(&columns))? else {
        return Ok(None);
    };
    unit.conceal(operation.principal(), &mut found)?;
    let text = |column: &str| found.text(column).map(ToOwned::to_owned);
    let readable = may_read(unit, operation, &table, row)?;
    let mut told = Match {
        table: table.name.clone(),
        id: Some(row.id),
        name: table
            .primary_name
            .as_ref()
            .and_then(|name| text(name))
            .unwrap_or_else(|| "(no name)".to_owned()),
        rules,
        in_flight: false,
        details: Details {
            email: text("emailaddress1"),
            phone: text("telephone1"),
            city: text("address1_city"),
        },
    };
    if !readable {
        let owner = match found.lookup("ownerid") {
            Some(owner) => unit.principal_of(owner)?.name().to_owned(),
            None => "the organization".to_owned(),
        };
        told.id = None;
        told.name = Match::hidden(&owner);
        told.details = Details::default();
    }
    Ok(Some(told))
}

/// Whether the caller may read a row; that they may not is no error here.
pub(crate) fn may_read(unit: &mut Unit, operation: &Operation, table: &TableDef, row: &Reference) -> Result<bool> {
    match unit.decide(operation, table, Right::Read, row.id) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == sluice_model::codes::Kind::Denied => Ok(false),
        Err(error) => Err(error),
    }
}

/// The columns that people tell rows apart by.
fn told(table: &TableDef) -> Vec<Name> {
    let names = ["emailaddress1", "telephone1", "address1_city", "ownerid"];
    let known = names.into_iter().filter(|name| table.column(name).is_some());
    table
        .primary_name
        .iter()
        .cloned()
        .chain(known.map(Name::from))
        .collect()
}

/// The row that a request asks about: what it sent, and what is stored where it names a row
/// that the caller may read.
pub(crate) fn asked_about(unit: &mut Unit, operation: &Operation, sent: &Row) -> Result<Row> {
    let table = unit.snapshot()?.table(&sent.table)?.clone();
    if sent.id.is_nil() {
        return fill::draft(&table, sent);
    }
    let permit = unit.decide(operation, &table, Right::Read, sent.id)?;
    let stored = unit.read(|tx| tx.get(&permit, &table, sent.id, None))?;
    let mut row = stored.ok_or_else(|| Error::not_found(&table.schema, &table.name, sent.id))?;
    row.values.extend(fill::checked(&table, sent)?.values);
    Ok(row)
}
