//! Nobody gives what they do not hold. What is given by a role, a membership, a move or a step
//! that runs as somebody is gathered here; `sluice-access` decides whether the caller holds it.

use std::{collections::HashMap, sync::Arc};

use sluice_access::{ColumnGrants, ColumnRight, Holding, Principal};
use sluice_model::{Catalog, Code, Depth, Error, Filter, Name, PrincipalKind, Query, Reference, Result, Row, Uuid};

use crate::{Operation, Unit, organization, snapshot::RolePrivileges, step_rows, tables};

/// Privileges that are given, in a business unit.
pub(crate) struct Given {
    privileges: RolePrivileges,
    unit: Uuid,
    /// The team that they are given to with *Team privileges only*.
    only_team: Option<Uuid>,
}

impl Given {
    /// These privileges, by their names in lower case, in a business unit.
    pub(crate) fn new(privileges: Arc<HashMap<String, Depth>>, unit: Uuid) -> Self {
        Self {
            privileges,
            unit,
            only_team: None,
        }
    }

    /// What a role gives to whom it is given; `team` where that is a team.
    pub(crate) fn by_role(unit: &mut Unit, role: &Row, team: Option<Uuid>) -> Result<Self> {
        let snapshot = unit.snapshot()?;
        let team_only = role.int("isinherited") == Some(0);
        Ok(Self {
            privileges: snapshot.privileges_of_role(&mut unit.tx, role.id)?,
            unit: role.id_of("businessunitid").unwrap_or(snapshot.root_unit),
            only_team: team.filter(|_| team_only),
        })
    }

    /// What a team gives to whoever becomes a member. Its type may change: its roles count even
    /// where it is an access team.
    fn by_team(unit: &mut Unit, team: Uuid) -> Result<Vec<Self>> {
        let held = Query::new(tables::TEAM_ROLES)
            .columns(&["roleid"])
            .filter(Filter::eq("teamid", team));
        let mut given = Vec::new();
        for role in unit
            .select_as_platform("nobody gives what they do not hold: see what is given", &held)?
            .iter()
            .filter_map(|row| row.id_of("roleid"))
        {
            let role = unit.need_as_platform(
                "nobody gives what they do not hold: see what is given",
                &Reference::new(tables::ROLE, role),
            )?;
            given.push(Self::by_role(unit, &role, Some(team))?);
        }
        Ok(given)
    }
}

/// The default team of a business unit, of which its users are the members.
pub(crate) fn default_team(unit: &mut Unit, business_unit: Uuid) -> Result<Option<Uuid>> {
    let filter = Filter::eq("businessunitid", business_unit).and(Filter::eq("isdefault", true));
    let found = unit.select_as_platform(
        "nobody gives what they do not hold: see what is given",
        &Query::new(tables::TEAM).columns(&[]).filter(filter),
    )?;
    Ok(found.first().map(|team| team.id))
}

impl Unit {
    /// The caller holds everything that is given.
    ///
    /// # Errors
    /// [`Code::PRIVILEGE_DENIED`] with the first privilege that is missing.
    pub(crate) fn check_gives(&mut self, operation: &Operation, given: &[Given]) -> Result<()> {
        let wanted = given
            .iter()
            .flat_map(|given| Holding::of_role(&given.privileges, given.unit, given.only_team));
        let snapshot = self.snapshot()?;
        sluice_access::check_holds(&operation.principal, &snapshot.units, wanted, &snapshot.privileges)
    }
}

impl Unit {
    /// The caller holds all that a column security profile gives.
    ///
    /// # Errors
    /// [`Code::PRIVILEGE_DENIED`] with the first right that is missing.
    pub(crate) fn check_gives_profile(&mut self, operation: &Operation, profile: Uuid) -> Result<()> {
        let snapshot = self.snapshot()?;
        let mut given = ColumnGrants::default();
        self.read(|tx| snapshot.profile_gives(tx, profile, &mut given))?;
        sluice_access::check_gives_columns(&operation.principal, &given)
    }

    /// The caller holds all that a team gives to whoever becomes a member: by its roles, and by its column
    /// security profiles.
    ///
    /// # Errors
    /// As [`Self::check_gives`] and [`Self::check_gives_profile`].
    pub(crate) fn check_gives_membership(&mut self, operation: &Operation, team: Uuid) -> Result<()> {
        self.check_gives_profiles_of_team(operation, team)?;
        let given = Given::by_team(self, team)?;
        self.check_gives(operation, &given)
    }

    fn check_gives_profiles_of_team(&mut self, operation: &Operation, team: Uuid) -> Result<()> {
        let held = Query::new(tables::TEAM_PROFILES)
            .columns(&["fieldsecurityprofileid"])
            .filter(Filter::eq("teamid", team));
        let held = self.select_as_platform("nobody gives what they do not hold: see what is given", &held)?;
        held.iter()
            .filter_map(|row| row.id_of("fieldsecurityprofileid"))
            .try_for_each(|profile| self.check_gives_profile(operation, profile))
    }
}

/// A step does in the caller's name only what the caller could do: it runs as somebody whose
/// privileges the caller holds, and as SYSTEM where the caller holds the whole of System
/// Administrator. `step` is the row as it will be.
pub fn check_step(unit: &mut Unit, operation: &Operation, step: &Row) -> Result<()> {
    if let Some(user) = step.id_of("impersonatinguserid").filter(|id| !id.is_nil()) {
        check_run_as(unit, operation, user)?;
    }
    if step_rows::grants(step.text("sl_grants")).system {
        let roles = Query::new(tables::ROLE)
            .columns(&["businessunitid", "parentroleid"])
            .filter(organization::administrator_roles());
        for role in unit.select_as_platform("nobody gives what they do not hold: see what is given", &roles)? {
            if role.lookup("parentroleid").is_none() {
                let given = Given::by_role(unit, &role, None)?;
                unit.check_gives(operation, &[given])?;
            }
        }
    }
    Ok(())
}

/// The caller may let something run as a user: whose privileges the caller holds, and who is not SYSTEM.
///
/// # Errors
/// The caller may not, or nothing runs as that user.
pub fn check_run_as(unit: &mut Unit, operation: &Operation, user: Uuid) -> Result<()> {
    let run_as = unit.principal(user)?;
    if run_as.kind() != PrincipalKind::User {
        return Err(Error::not_found("SystemUser", tables::USER, user));
    }
    if run_as.is_system() {
        return Err(Error::invalid(
            "no step runs as SYSTEM, which is the platform itself: name another user, or grant the step the capability `system`",
        )
        .with_table(tables::STEP));
    }
    if run_as.is_disabled() {
        return Err(Error::said(Code::USER_DISABLED).with_table(tables::STEP));
    }
    unit.require_named(operation, "prvActOnBehalfOfAnotherUser")?;
    let snapshot = unit.snapshot()?;
    sluice_access::check_holds(
        &operation.principal,
        &snapshot.units,
        run_as.holdings(),
        &snapshot.privileges,
    )?;
    sluice_access::check_gives_columns(&operation.principal, run_as.column_grants())
}

/// The caller may let something run as a user, who may be the caller. Otherwise as [`check_run_as`].
///
/// # Errors
/// As [`check_run_as`].
pub fn check_acts_as(unit: &mut Unit, operation: &Operation, user: Uuid) -> Result<()> {
    match operation.is_called_by(user) {
        true => Ok(()),
        false => check_run_as(unit, operation, user),
    }
}

/// The caller may read each of these columns of tables that is secured: what is let loose in the name of somebody
/// who reads them tells what they hold, and what becomes of a secured column, that it is opened or goes, is up to
/// those who read it.
///
/// # Errors
/// [`Code::PRIVILEGE_DENIED`] with the first column that the caller may not read.
pub fn check_reads<'a>(
    catalog: &Catalog,
    caller: &Principal,
    columns: impl IntoIterator<Item = (&'a Name, &'a Name)>,
) -> Result<()> {
    let mut read = ColumnGrants::default();
    for (table, column) in columns {
        let table = catalog.table(table)?;
        if let Some(secured) = table.secured_as(column) {
            read.give(&table.name, secured, ColumnRight::Read, "what is let loose");
        }
    }
    sluice_access::check_gives_columns(caller, &read)
}

/// What these plug-in types do is changed, for all who call them.
pub fn check_callers_of(unit: &mut Unit, operation: &Operation, types: &[Uuid]) -> Result<()> {
    for plugin_type in types {
        let steps = Query::new(tables::STEP)
            .columns(&["impersonatinguserid", "sl_grants"])
            .filter(Filter::eq("plugintypeid", *plugin_type));
        for step in unit.select_as_platform("nobody gives what they do not hold: see what is given", &steps)? {
            check_step(unit, operation, &step)?;
        }
        for caller in unit.callers_of(*plugin_type)? {
            for user in caller.runs_as {
                check_acts_as(unit, operation, user)?;
            }
        }
    }
    Ok(())
}
