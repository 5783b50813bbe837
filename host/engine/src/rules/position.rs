//! Positions: none is above itself, and none goes that somebody has.

use std::collections::HashSet;

use sluice_model::{Code, Error, Filter, Reference, Result, Row, Uuid};

use super::Rules;
use crate::{Operation, Unit, tables};

pub(super) struct Position;

const ABOVE: &str = "parentpositionid";

impl Rules for Position {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let target = operation.target()?;
        let (own, above) = (target.id, target.id_of(ABOVE));
        check(unit, own, above)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let above = operation.target()?.id_of(ABOVE);
        check(unit, before.id, above)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let of_position = Filter::eq("positionid", operation.id()?);
        match unit.count_as_platform("no position goes that somebody has", tables::USER, &of_position)? {
            0 => Ok(()),
            _ => Err(Error::said(Code::POSITION_IN_USE).with_table(tables::POSITION)),
        }
    }
}

fn check(unit: &mut Unit, own: Uuid, above: Option<Uuid>) -> Result<()> {
    let (mut seen, mut next) = (HashSet::new(), above);
    while let Some(id) = next.filter(|id| seen.insert(*id)) {
        if id == own {
            let message = format!("the position {own} would be above itself");
            return Err(Error::new(Code::ROW_LOOP, message).with_table(tables::POSITION));
        }
        let row = Reference::new(tables::POSITION, id);
        let row = unit.read_as_platform("no position is above itself", &row, Some(&[ABOVE.into()]))?;
        next = row.and_then(|row| row.id_of(ABOVE));
    }
    Ok(())
}
