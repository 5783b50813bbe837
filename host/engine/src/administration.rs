//! What an organisation never loses: somebody who can administer it, its one root, and the tree
//! of its business units. Looked at once, before the commit of a unit of work that wrote users,
//! roles, teams or business units, whatever it did and through whichever door.

use std::collections::{BTreeSet, HashMap};

use sluice_access::Units;
use sluice_model::{Catalog, Code, Depth, Error, Filter, Query, Result, Row, Uuid};
use sluice_store::Tx;

use crate::{
    Unit, organization,
    snapshot::{self, AcrossUnits, Snapshot},
    tables,
};

/// The tables that decide who can administer the organisation.
const WATCHED: [&str; 10] = [
    tables::BUSINESS_UNIT,
    // Whether a role of another unit counts.
    tables::ORGANIZATION,
    tables::PRIVILEGE,
    tables::ROLE,
    tables::ROLE_PRIVILEGES,
    tables::TEAM,
    tables::TEAM_MEMBERSHIP,
    tables::TEAM_ROLES,
    tables::USER,
    tables::USER_ROLES,
];

/// What is wrong with an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// There is not exactly one business unit without a parent.
    Roots,
    /// Business units lie below each other.
    Loop,
    /// Nobody who is enabled and reads and writes holds the whole of System Administrator.
    Administrator,
}

impl Unit {
    /// What is done now may take the last administrator away: where it does, the refusal has
    /// this code.
    pub(crate) fn may_shut_out(&mut self, code: Code) {
        self.shut_out.get_or_insert(code);
    }

    /// Refuses to commit what would leave the organisation without its administrator, its root or
    /// its tree. A fault that was there before is not this unit's, and does not keep people from
    /// mending it.
    ///
    /// # Errors
    /// The platform's refusal.
    pub(crate) fn check_administration(&mut self) -> Result<()> {
        if !WATCHED.iter().any(|table| self.tx.has_written(table)) {
            return Ok(());
        }
        // The definitions of these tables are the same, whatever the unit has written.
        let snapshot = self.snapshot.clone();
        let system = snapshot.system.id();
        let roles = [tables::PRIVILEGE, tables::ROLE_PRIVILEGES];
        let known = match roles.iter().any(|table| self.tx.has_written(table)) {
            true => None,
            false => Some(&*snapshot),
        };
        let Some(fault) = fault(&mut self.tx, &snapshot.catalog, known, system)? else {
            return Ok(());
        };
        let earlier = self.core.store()?.read(|mut tx| {
            let earlier = self::fault(&mut tx, &snapshot.catalog, None, system);
            (tx, earlier)
        })??;
        if earlier == Some(fault) {
            return Ok(());
        }
        Err(Error::said(match fault {
            Fault::Roots => Code::ONE_ROOT,
            Fault::Loop => Code::UNIT_LOOP_EXISTS,
            Fault::Administrator => self.shut_out.unwrap_or(Code::LAST_ADMINISTRATOR),
        }))
    }
}

/// What is wrong with the organisation as `tx` sees it. What roles hold is as `known` has it, where
/// something does.
fn fault(tx: &mut Tx, catalog: &Catalog, known: Option<&Snapshot>, system: Uuid) -> Result<Option<Fault>> {
    let mut reader = Reader { tx, catalog, known };
    let units = reader.all(
        tables::BUSINESS_UNIT,
        &["parentbusinessunitid", "isdisabled"],
        Filter::All,
    )?;
    let tree = Units::new(units.iter().map(|row| (row.id, row.id_of("parentbusinessunitid"))));
    let mut roots = units.iter().filter(|row| row.lookup("parentbusinessunitid").is_none());
    let (Some(root), None) = (roots.next(), roots.next()) else {
        return Ok(Some(Fault::Roots));
    };
    if units.iter().any(|unit| !tree.is_same_or_below(unit.id, root.id)) {
        return Ok(Some(Fault::Loop));
    }
    let disabled = units.iter().filter(|row| row.bool("isdisabled") == Some(true));
    let stopped: BTreeSet<Uuid> = disabled.flat_map(|row| tree.subtree(row.id)).collect();
    Ok(match reader.has_administrator(&stopped, system)? {
        true => None,
        false => Some(Fault::Administrator),
    })
}

/// Reads what the question needs.
struct Reader<'a> {
    tx: &'a mut Tx,
    catalog: &'a Catalog,
    known: Option<&'a Snapshot>,
}

impl Reader<'_> {
    fn all(&mut self, table: &str, columns: &[&str], filter: Filter) -> Result<Vec<Row>> {
        let query = Query::new(table).columns(columns).filter(filter);
        self.tx.select(&snapshot::permit(), self.catalog.table(table)?, &query)
    }

    /// The ids in a column of the rows where another one is `id`.
    fn linked(&mut self, table: &str, near: &str, id: Uuid, far: &str) -> Result<Vec<Uuid>> {
        let rows = self.all(table, &[far], Filter::eq(near, id))?;
        Ok(rows.iter().filter_map(|row| row.id_of(far)).collect())
    }

    /// Whether somebody who can use it holds the whole role System Administrator.
    fn has_administrator(&mut self, stopped: &BTreeSet<Uuid>, system: Uuid) -> Result<bool> {
        let roles = self.all(tables::ROLE, &["businessunitid"], organization::administrator_roles())?;
        let settings = self.all(tables::ORGANIZATION, &[AcrossUnits::COLUMN], Filter::All)?;
        let across = settings.iter().any(|row| AcrossUnits::of(row).is_on);
        for role in &roles {
            if !self.is_whole(role.id)? {
                continue;
            }
            // Unless rows are owned across units, a role counts for who is in its unit.
            let home = role.id_of("businessunitid").filter(|_| !across);
            // Who has it, and the unit that they have to be in for that.
            let direct = self.linked(tables::USER_ROLES, "roleid", role.id, "systemuserid")?;
            let mut users: Vec<_> = direct.into_iter().map(|user| (user, home)).collect();
            for team in self.linked(tables::TEAM_ROLES, "roleid", role.id, "teamid")? {
                if self.gives_roles(team, stopped, home)? {
                    let members = self.linked(tables::TEAM_MEMBERSHIP, "teamid", team, "systemuserid")?;
                    users.extend(members.into_iter().map(|user| (user, None)));
                }
            }
            for (user, home) in users {
                if user != system && self.is_usable(user, stopped, home)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether a role holds every privilege in the whole organisation.
    fn is_whole(&mut self, role: Uuid) -> Result<bool> {
        if let Some(known) = self.known {
            return known.is_whole(self.tx, role);
        }
        let privileges = self.all(tables::PRIVILEGE, &[], Filter::All)?.len();
        let held = self.all(
            tables::ROLE_PRIVILEGES,
            &["privilegeid", "privilegedepthmask"],
            Filter::eq("roleid", role),
        )?;
        let everywhere: HashMap<Uuid, i32> = held
            .iter()
            .filter_map(|row| Some((row.id_of("privilegeid")?, row.int("privilegedepthmask")?)))
            .filter(|(_, mask)| *mask == Depth::Organization.mask())
            .collect();
        Ok(everywhere.len() == privileges)
    }

    /// Whether a team hands the roles of the unit `home`, where it has to be one, on to its members.
    fn gives_roles(&mut self, team: Uuid, stopped: &BTreeSet<Uuid>, home: Option<Uuid>) -> Result<bool> {
        let team = self.all(
            tables::TEAM,
            &["teamtype", "businessunitid"],
            Filter::eq("teamid", team),
        )?;
        Ok(team.first().is_some_and(|team| {
            let unit = team.id_of("businessunitid");
            team.int("teamtype") != Some(1) && unit.is_none_or(|unit| !stopped.contains(&unit)) && is_at(unit, home)
        }))
    }

    /// Whether a user is enabled, in an enabled business unit, in `home` where it has to be that one, and
    /// reads and writes.
    fn is_usable(&mut self, user: Uuid, stopped: &BTreeSet<Uuid>, home: Option<Uuid>) -> Result<bool> {
        let user = self.all(
            tables::USER,
            &["isdisabled", "accessmode", "businessunitid"],
            Filter::eq("systemuserid", user),
        )?;
        Ok(user.first().is_some_and(|user| {
            let unit = user.id_of("businessunitid");
            user.bool("isdisabled") != Some(true)
                && user.int("accessmode").unwrap_or_default() == 0
                && unit.is_none_or(|unit| !stopped.contains(&unit))
                && is_at(unit, home)
        }))
    }
}

/// Whether somebody of that unit is where they have to be.
fn is_at(unit: Option<Uuid>, home: Option<Uuid>) -> bool {
    home.is_none() || unit.is_none() || unit == home
}
