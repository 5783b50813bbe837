//! Whether duplicate rules can do what they say: their columns are there, and rows have the codes of the
//! rules that are published.

use sluice_engine::Unit;
use sluice_model::{Filter, Query, Result, Row, Value, coerce};

use super::{
    DUPLICATE_CONDITION, DUPLICATE_RULE,
    code::{Seen, matchcode},
    part::rules_of,
    rule::{PUBLISHED, Rule, Side},
    work::{Scan, page},
};

const OWN: &str = "see whether duplicate rules can do what they say";

/// What is wrong with the rules and their codes.
pub(super) fn check(unit: &mut Unit) -> Result<Vec<String>> {
    let rules = unit.select_as_platform(OWN, &Query::new(DUPLICATE_RULE))?;
    let mut lines = Vec::new();
    for rule in rules {
        lines.extend(conditions(unit, &rule)?);
    }
    let snapshot = unit.snapshot()?;
    for rule in rules_of(&snapshot).all().filter(|rule| rule.published) {
        lines.extend(codes(unit, rule)?);
    }
    Ok(lines)
}

/// What is wrong with the conditions of a rule. One that is not published may be under way, and its
/// tables may take part in detection again: its columns have to be there.
fn conditions(unit: &mut Unit, rule: &Row) -> Result<Option<String>> {
    let own = Query::new(DUPLICATE_CONDITION).filter(Filter::eq("regardingobjectid", rule.id));
    let own = unit.select_as_platform(OWN, &own)?;
    let catalog = unit.catalog();
    let known = || -> Result<()> {
        for (table, column) in [
            ("baseentityname", "baseattributename"),
            ("matchingentityname", "matchingattributename"),
        ] {
            let table = catalog.table(rule.text(table).unwrap_or_default())?;
            for condition in &own {
                coerce::column(table, condition.text(column).unwrap_or_default())?;
            }
        }
        Ok(())
    };
    let sound = match rule.get("statuscode") == Some(&Value::Choice(PUBLISHED)) {
        true => Rule::compile(&catalog, rule, &own).map(|_| ()),
        false => known(),
    };
    let name = rule.text("name").unwrap_or_default();
    Ok(sound.err().map(|error| {
        format!(
            "the duplicate rule \"{name}\" compares what cannot be compared: {}",
            error.message()
        )
    }))
}

/// Which rows lack their code by a published rule, and how many codes are of no row: the table is gone
/// through in pages, as when the rule was published.
fn codes(unit: &mut Unit, rule: &Rule) -> Result<Option<String>> {
    let snapshot = unit.snapshot()?;
    let table = snapshot.table(&rule.matching)?.clone();
    let (lacking, with_code, held) = unit.beside_rows(OWN, |tx, permit| {
        let (mut lacking, mut with_code, mut scan) = (0_u64, 0_u64, Scan::default());
        loop {
            let rows = tx.select(permit, &table, &page(rule, &table, &scan))?;
            for row in &rows {
                let Some(code) = matchcode(rule, Side::Matching, Seen::now(row)) else {
                    continue;
                };
                with_code += 1;
                if !tx.has_matchcode(permit, rule.set, &code, row.id)? {
                    lacking += 1;
                }
            }
            if scan.took(&rows) {
                break;
            }
        }
        Ok((lacking, with_code, tx.count_matchcodes(permit, rule.set)?))
    })?;
    let strange = held.saturating_sub(with_code - lacking);
    Ok((lacking + strange > 0).then(|| {
        format!(
            "the duplicate rule \"{}\" is published, and {lacking} rows of `{}` lack their matchcode; {strange} matchcodes \
             are of no row as it is",
            rule.name, rule.matching
        )
    }))
}
