//! Roles of other business units, where rows are owned across units: there they reach rows that lie there.

use std::collections::{BTreeSet, HashSet};

use sluice_model::{Depth, Error, Parameter, Reference, Result, Uuid, Value};

use super::{
    Fix,
    candidates::LITTLE,
    cures::lacking,
    holders::reference,
    trials::{Setup, Subject, Trials},
};

/// The column that says in which business unit a row lies.
const UNIT: &str = "owningbusinessunit";

impl Trials<'_> {
    /// The roles that hold what is missing, in the business unit in which the row lies, or is to lie; one that is held
    /// as one of another unit, in the holder's own as well. None, where no role counts there.
    pub(super) fn roles_of_other_units(&mut self, error: &Error, large: bool, here: &Setup) -> Result<Vec<Fix>> {
        let Some((principal, privilege, _)) = lacking(error) else {
            return Ok(Vec::new());
        };
        let (mut unit, _) = self.session.unit()?;
        if unit.setting("sl_ownershipacross").and_then(Value::as_bool) != Some(true) {
            return Ok(Vec::new());
        }
        let holders = self.holders()?;
        let with = holders.with(principal.id, &here.fixes);
        let held: HashSet<Uuid> = with.iter().map(|held| held.role.id).collect();
        let home = holders.unit_of(principal.id).map(|(home, _)| home);
        let mut places = self.places(error)?;
        places.retain(|place| Some(*place) != home);
        let mut fixes = Vec::new();
        for (role, gives, beyond) in holders.with_privilege(&mut unit, (privilege, Depth::User), &held)? {
            // Whoever has no role at all gets one first.
            if (held.is_empty() || beyond.all <= LITTLE) == large {
                continue;
            }
            let own = home.filter(|_| held.contains(&role.id));
            let copies = places.iter().copied().chain(own);
            let copies = copies.filter_map(|place| holders.copy_in(role.id, place));
            let free = copies.filter(|(copy, _)| !holders.holds(principal.id, *copy, &here.fixes));
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
    fn places(&self, error: &Error) -> Result<BTreeSet<Uuid>> {
        let mut places = BTreeSet::new();
        if let Subject::Request(request) = self.subject {
            let rows = request.inputs.values().filter_map(|parameter| match parameter {
                Parameter::Row(row) => row.id_of(UNIT),
                _ => None,
            });
            places.extend(rows);
        }
        let body = error.body();
        if let (Some(table), Some(id)) = (&body.table, body.row) {
            let (mut unit, _) = self.session.unit()?;
            let of_row = unit.ownership(&Reference::new(table.as_str(), id))?;
            places.extend(of_row.and_then(|(_, unit)| unit));
        }
        Ok(places)
    }
}
