//! What somebody is told of how access comes about. The decision is `sluice-access`'s; here it is
//! told: which roles, teams and rows it goes by, with the names of those that the reader may read.

use std::{collections::HashMap, sync::Arc};

use sluice_access::{Check, Explained, Named, Principal, PrincipalId, Reason, Report, Through};
use sluice_model::{Filter, Query, Reference, Result, Right, Rights, Row, TableDef, Uuid, Value, codes::Kind};

use crate::{Operation, Unit, cascade, tables};

/// A share of a row.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    /// With whom.
    pub(crate) with: Reference,
    /// What was shared.
    pub(crate) own: Rights,
    /// What comes down from rows that the row refers to.
    pub(crate) inherited: Rights,
}

/// The shares of a row that the reader may read, in the order in which they were made.
pub(crate) fn shares(unit: &mut Unit, row: &Reference) -> Result<Vec<Shared>> {
    let reason = "tell who shares a row that the caller may read";
    let query = Query::new(tables::SHARE).filter(Filter::eq("objectid", row.clone()));
    let rows = unit.select_as_platform(reason, &query)?;
    let mask = |row: &Row, column| Rights(row.int(column).unwrap_or_default().cast_unsigned());
    let shared = rows.iter().filter_map(|row| {
        Some(Shared {
            with: Reference::new(row.text("principaltypecode")?, row.id_of("principalid")?),
            own: mask(row, "accessrightsmask"),
            inherited: mask(row, "inheritedaccessrightsmask"),
        })
    });
    Ok(shared.collect())
}

impl Unit {
    /// What both gates say of a right on a row, and through what.
    pub(crate) fn explain(
        &mut self,
        principal: &Arc<Principal>,
        table: &TableDef,
        right: Right,
        id: Uuid,
    ) -> Result<Explained> {
        let facts = self.row_facts(principal, table, id)?;
        let snapshot = self.snapshot()?;
        let (units, privileges) = (&snapshot.units, &snapshot.privileges);
        Ok(sluice_access::explain(
            principal, units, table, right, &facts, privileges,
        ))
    }
}

impl Unit {
    /// A question that a trial asked, asked once more as things are: of a row that only the trial made, as
    /// it was there. `None` where the table or the user is gone.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn ask_now(&mut self, check: &Check) -> Result<Option<Check>> {
        let Some(principal) = there(self.principal_of(&check.principal.identity().reference()))? else {
            return Ok(None);
        };
        let table = match check.asked.table() {
            Some(table) => self.snapshot()?.catalog.find(table).cloned(),
            None => None,
        };
        let now = match (&table, check.row) {
            (Some(table), Some(row)) => there(self.row_facts(&principal, table, row))?,
            _ => None,
        };
        let snapshot = self.snapshot()?;
        let by = (&*snapshot.units, &*snapshot.privileges);
        Ok(check.again(&principal, table.as_deref(), now.or(check.facts).as_ref(), by))
    }
}

/// What was found; nothing, where it is not there.
fn there<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// Tells one reader.
pub(crate) struct Teller<'a> {
    pub(crate) unit: &'a mut Unit,
    operation: &'a Operation,
    /// Which rows the reader may read, as far as it was asked.
    read: HashMap<Reference, bool>,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(unit: &'a mut Unit, operation: &'a Operation) -> Self {
        Self {
            unit,
            operation,
            read: HashMap::new(),
        }
    }

    fn may_read(&mut self, row: &Reference) -> Result<bool> {
        if let Some(known) = self.read.get(row) {
            return Ok(*known);
        }
        let table = self.unit.snapshot()?.table(&row.table)?.clone();
        let may = match self.unit.decide(self.operation, &table, Right::Read, row.id) {
            Ok(_) => true,
            Err(error) if matches!(error.kind(), Kind::Denied | Kind::NotFound) => false,
            Err(error) => return Err(error),
        };
        self.read.insert(row.clone(), may);
        Ok(may)
    }

    /// The users and teams that the reader may read, in the order of their names, without SYSTEM.
    pub(crate) fn principals(&mut self) -> Result<Vec<Arc<Principal>>> {
        let mut all = Vec::new();
        for (table, name) in [(tables::USER, "fullname"), (tables::TEAM, "name")] {
            let query = Query::new(table).columns(&[name]).order_by(name);
            let rows = match self.unit.list_as_caller(self.operation, &query) {
                Ok(rows) => rows,
                Err(error) if error.kind() == Kind::Denied => continue,
                Err(error) => return Err(error),
            };
            for row in rows {
                let principal = self.unit.principal_of(&row.reference())?;
                if !principal.is_system() {
                    all.push(principal);
                }
            }
        }
        Ok(all)
    }

    /// Puts the role, the depth and the team of a way into `row`.
    pub(crate) fn through(&mut self, row: &mut Row, through: &Through) -> Result<()> {
        row.set("Depth", through.depth.number());
        if let Some(role) = &through.role {
            self.named(row, "Role", tables::ROLE, role)?;
        }
        if let Some(team) = &through.via_team {
            self.named(row, "Team", tables::TEAM, team)?;
        }
        Ok(())
    }

    fn named(&mut self, row: &mut Row, what: &str, table: &str, named: &Named) -> Result<()> {
        row.set(format!("{what}Id"), Value::Id(named.id));
        if self.may_read(&Reference::new(table, named.id))? {
            row.set(format!("{what}Name"), named.name.as_str());
        }
        Ok(())
    }

    /// Puts a user or team into `row`: its id, its table, and its name.
    pub(crate) fn principal(&mut self, row: &mut Row, what: &str, principal: &Reference) -> Result<()> {
        row.set(format!("{what}Id"), Value::Id(principal.id));
        row.set(format!("{what}Type"), &*principal.table);
        if PrincipalId::of(principal).is_some() && self.may_read(principal)? {
            let name = self.unit.principal_of(principal)?.name().to_owned();
            row.set(format!("{what}Name"), name);
        }
        Ok(())
    }

    /// The rows from which somebody inherits a right, by name where the reader may read them.
    pub(crate) fn sources(&mut self, row: &Reference, principal: &Reference, right: Right) -> Result<Vec<String>> {
        let mut told = Vec::new();
        for source in cascade::inherited_from(self.unit, row, principal, right)? {
            if self.may_read(&source)? {
                told.push(self.called(&source)?);
            }
        }
        Ok(told)
    }

    /// `account Litware`
    fn called(&mut self, row: &Reference) -> Result<String> {
        let table = self.unit.snapshot()?.table(&row.table)?.clone();
        let Some(column) = table.primary_name.clone() else {
            return Ok(row.to_string());
        };
        let query = Query::new(row.table.clone())
            .columns(&[&column])
            .filter(Filter::eq(&table.key, row.id));
        let found = self.unit.list_as_caller(self.operation, &query)?;
        let name = found.first().and_then(|found| found.text(&column));
        Ok(format!(
            "{} {}",
            row.table,
            name.map_or_else(|| row.id.to_string(), str::to_owned)
        ))
    }

    /// The access check of a right, a line for each way by which it passes.
    pub(crate) fn access(
        &mut self,
        asked: &Asked<'_>,
        principal: &Principal,
        right: Right,
        reasons: &[Reason],
    ) -> Result<Vec<Row>> {
        let mut lines = Vec::new();
        for reason in reasons {
            let line = Row::unsaved(LINE).with("Kind", kind(reason));
            match reason {
                Reason::Share => lines.extend(self.by_shares(asked, principal, &line, |share| share.own.has(right))?),
                Reason::ManagerShare => lines.extend(self.by_shares_of_reports(asked, principal, &line, right)?),
                Reason::Manager { report, .. } => {
                    let mut line = line;
                    self.principal(&mut line, "Report", &Reference::new(tables::USER, report.id))?;
                    lines.push(line);
                }
                Reason::Inherited => {
                    let inherited = self.by_shares(asked, principal, &line, |share| share.inherited.has(right))?;
                    for line in inherited {
                        lines.push(self.inherited(asked.target, right, line)?);
                    }
                }
                _ => lines.push(self.by_role(line, reason)?),
            }
        }
        Ok(lines)
    }

    fn by_role(&mut self, mut line: Row, reason: &Reason) -> Result<Row> {
        if let Reason::OwnerTeam { team, .. } = reason {
            self.principal(&mut line, "Owner", &Reference::new(tables::TEAM, team.id))?;
        }
        if let Some(through) = reason.through() {
            self.through(&mut line, through)?;
        }
        Ok(line)
    }

    /// A line for each share by which the principal profits.
    fn by_shares(
        &mut self,
        asked: &Asked<'_>,
        principal: &Principal,
        line: &Row,
        wanted: impl Fn(&Shared) -> bool,
    ) -> Result<Vec<Row>> {
        let mine = |with: &Reference| principal.sharees().any(|sharee| sharee.reference() == *with);
        let mut lines = Vec::new();
        for share in asked.shares.iter().filter(|share| wanted(share) && mine(&share.with)) {
            let mut line = line.clone();
            self.principal(&mut line, "SharedWith", &share.with)?;
            lines.push(line);
        }
        Ok(lines)
    }

    /// A line for each share with somebody who reports to the principal.
    fn by_shares_of_reports(
        &mut self,
        asked: &Asked<'_>,
        principal: &Principal,
        line: &Row,
        right: Right,
    ) -> Result<Vec<Row>> {
        let mut lines = Vec::new();
        for share in asked.shares.iter().filter(|share| share.own.has(right)) {
            let mut reports = principal.reports().iter();
            let with = |report: &&Report| report.sharees().any(|sharee| sharee.reference() == share.with);
            let Some(report) = reports.find(|report| (report.direct || right == Right::Read) && with(report)) else {
                continue;
            };
            let mut line = line.clone();
            self.principal(&mut line, "Report", &Reference::new(tables::USER, report.id))?;
            self.principal(&mut line, "SharedWith", &share.with)?;
            lines.push(line);
        }
        Ok(lines)
    }

    /// The line with the rows from which the right comes down.
    fn inherited(&mut self, target: &Reference, right: Right, mut line: Row) -> Result<Row> {
        let with = (line.text("SharedWithType"), line.id_of("SharedWithId"));
        if let (Some(table), Some(id)) = with {
            let from = self.sources(target, &Reference::new(table, id), right)?;
            if !from.is_empty() {
                line.set("From", from.join(", "));
            }
        }
        Ok(line)
    }
}

/// The row that is asked about, with its shares.
pub(crate) struct Asked<'a> {
    pub(crate) target: &'a Reference,
    pub(crate) shares: &'a [Shared],
}

/// What a line of an explanation is called.
pub(crate) const LINE: &str = "accessreason";

fn kind(reason: &Reason) -> &'static str {
    match reason {
        Reason::System => "System",
        Reason::Owner(_) => "Owner",
        Reason::OwnerTeam { .. } => "OwnerTeam",
        Reason::Role(_) => "Role",
        Reason::Share => "Share",
        Reason::Inherited => "Inherited",
        Reason::Manager { direct: true, .. } => "Manager",
        Reason::Manager { direct: false, .. } => "IndirectManager",
        Reason::ManagerShare => "ManagerShare",
        Reason::OrganizationOwned(_) => "Organization",
    }
}
