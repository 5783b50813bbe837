//! Roles of other business units, where rows are owned across units: there they reach rows that lie there.

use std::collections::HashSet;

use sluice_model::{Depth, Error, Parameter, Reference, Result, Uuid, Value};

use super::{
    Fix,
    cures::lacking,
    holders::reference,
    trials::{Subject, Trials},
};

/// The column that says in which business unit a row lies.
const UNIT: &str = "owningbusinessunit";

impl Trials<'_> {
    /// The roles that hold what is missing, in the business unit in which the row lies, or is to lie; none, where no
    /// role counts there.
    pub(super) fn roles_of_other_units(&mut self, error: &Error) -> Result<Vec<Fix>> {
        let Some((principal, privilege, _)) = lacking(error) else {
            return Ok(Vec::new());
        };
        let (mut unit, _) = self.session.unit()?;
        if unit.setting("sl_ownershipacross").and_then(Value::as_bool) != Some(true) {
            return Ok(Vec::new());
        }
        let holders = self.holders()?;
        let mut places = self.places(error)?;
        places.retain(|place| holders.unit_of(principal.id).is_none_or(|(home, _)| home != *place));
        let mut fixes = Vec::new();
        for (role, gives, beyond) in holders.with_privilege(&mut unit, (privilege, Depth::User), &HashSet::new())? {
            let copies = places.iter().filter_map(|place| holders.copy_in(role.id, *place));
            let free = copies.filter(|(copy, _)| !holders.holds(principal.id, *copy));
            fixes.extend(free.map(|(copy, of_unit)| Fix::GiveRole {
                to: reference(principal),
                name: principal.name.clone(),
                copy,
                of_unit: Some(of_unit),
                role: role.name.clone(),
                gives,
                reaches_others: beyond.others > 0,
            }));
        }
        Ok(fixes)
    }

    /// The business units that the refused row lies in, and that the request puts rows into.
    fn places(&self, error: &Error) -> Result<HashSet<Uuid>> {
        let mut places = HashSet::new();
        if let Subject::Request(request) = self.subject {
            let rows = request.inputs.values().filter_map(|parameter| match parameter {
                Parameter::Row(row) => row.id_of(UNIT),
                _ => None,
            });
            places.extend(rows);
        }
        let (mut unit, _) = self.session.unit()?;
        let body = error.body();
        let catalog = self.session.catalog()?;
        let table = body.table.as_ref().and_then(|table| catalog.find(table));
        if let (Some(table), Some(id)) = (table.filter(|table| table.column(UNIT).is_some()), body.row) {
            let row = Reference::new(table.name.clone(), id);
            let row = unit.read_as_platform("see in which business unit a row lies", &row, Some(&[UNIT.into()]))?;
            places.extend(row.and_then(|row| row.id_of(UNIT)));
        }
        Ok(places)
    }
}
