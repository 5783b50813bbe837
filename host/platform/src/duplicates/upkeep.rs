//! The codes of rows follow the rows, in the transaction of the change: whatever a rule finds
//! is as new as the table itself.

use sluice_model::{Reference, Result, Row, TableDef};

use super::part::rules_of;
use super::{
    code::{Seen, matchcode},
    rule::{Rule, Side},
};
use sluice_engine::{
    Unit,
    change::{ChangeKind, RowChange},
    snapshot::Snapshot,
    watch::Watch,
};

/// The watch that keeps the codes of rows.
pub(crate) struct Codes;

impl Watch for Codes {
    fn name(&self) -> &'static str {
        "matchcodes"
    }

    fn wants(&self, snapshot: &Snapshot, table: &TableDef) -> bool {
        !rules_of(snapshot).kept_up(&table.name).is_empty()
    }

    fn before(&self, unit: &mut Unit, change: &mut RowChange<'_>) -> Result<()> {
        let snapshot = unit.snapshot()?;
        let mut rules = rules_of(&snapshot).kept_up(&change.table.name).iter();
        // The codes of the row as it was have to go, where they are others.
        let concerned = match change.kind {
            ChangeKind::Create => false,
            ChangeKind::Update => rules.any(|rule| {
                change
                    .row
                    .values
                    .keys()
                    .any(|column| reads(rule, &change.table, column))
            }),
            ChangeKind::Delete => rules.next().is_some(),
        };
        if concerned {
            change.before(unit)?;
        }
        Ok(())
    }

    fn after(&self, unit: &mut Unit, change: &mut RowChange<'_>) -> Result<()> {
        match (change.kind, change.seen()) {
            (ChangeKind::Create, _) => keep(unit, None, Some(Seen::now(&change.row)), &change.row.reference()),
            (ChangeKind::Update, Some(before)) => {
                let after = Seen::with(before, &change.row);
                keep(unit, Some(before), Some(after), &change.row.reference())
            }
            (ChangeKind::Update, None) => Ok(()),
            (ChangeKind::Delete, before) => keep(unit, before, None, &change.row.reference()),
        }
    }
}

/// Whether the code of a row by a rule may be made of the column.
fn reads(rule: &Rule, table: &TableDef, column: &str) -> bool {
    matches!(column, "statecode" | "merged") || rule.compares(&table.name, column)
}

/// Writes the codes of a row as it is, in place of those of the row as it was.
fn keep(unit: &mut Unit, before: Option<&Row>, after: Option<Seen<'_>>, row: &Reference) -> Result<()> {
    let snapshot = unit.snapshot()?;
    for rule in rules_of(&snapshot).kept_up(&row.table) {
        let code = |seen| matchcode(rule, Side::Matching, seen);
        let old = before.and_then(|before| code(Seen::now(before)));
        let new = after.and_then(code);
        if old == new {
            continue;
        }
        let reason = "keep the matchcodes of rows, which a rule needs of all of them";
        unit.beside_rows(reason, |tx, permit| {
            if let Some(code) = &old {
                tx.remove_matchcode(permit, rule.set, code, row.id)?;
            }
            match &new {
                Some(code) => tx.put_matchcode(permit, rule.set, code, row.id),
                None => Ok(()),
            }
        })?;
    }
    Ok(())
}
