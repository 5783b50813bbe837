//! QualifyLead with a step that reads and one that writes, beside the bare SQL of the rows
//! that it writes and the bare calls of the same plug-ins.

use std::path::Path;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, types::Value};
use sluice_engine::{Session, Synchronous};
use sluice_model::{Depth, Filter, Parameter, Query, Reference, Request, Row, Uuid, Value as Held};
use sluice_sales::qualify::{self, Choices};

use crate::{
    bare::{self, Ready, Stored, Transaction},
    measure::{Figure, Target, Turns, alternate, timed},
    raw::{Answers, Host},
    world::{Leads, World, push},
};

pub(super) const NAMES: &[&str] = &["qualify"];

const PROCESS: &str = "leadtoopportunitysalesprocess";

const TURNS: Turns = Turns { turns: 80, runs: 8 };

pub(super) fn run(world: &World) -> Result<Vec<Figure>> {
    let count = (TURNS.turns + TURNS.turns.div_ceil(10)) * TURNS.runs;
    let start = world.copy()?;
    let leads = prepare(&world.open(&start, Synchronous::Off)?.session_of("admin")?, count)?;
    let conversions = conversions(world, &start, &leads)?;

    let seller = world
        .open(&world.copy_of(&start)?, Synchronous::Off)?
        .session_of("seller.west")?;
    let mut ours = leads.iter();
    let connection = bare::connect(&world.copy_of(&start)?, "OFF")?;
    let mut floor = Floor::new(&connection, &conversions)?;

    let host = Host::new()?;
    let target = |text: &str| Answers::target([&Held::from(text)]);
    let rule = target("WA")?.row("sl_commissionrule", "sl_rate", "0.025");
    let commission = host.load(&sluice_tests::wasm("plugins", "commission"), "commission", rule)?;
    let note = host.load(
        &sluice_tests::wasm("plugins", "audit-note"),
        "audit_note",
        target("Good prospect")?,
    )?;

    let [ours, floor] = alternate(
        TURNS,
        [
            Box::new(|| {
                let request = qualify::request(*ours.next().context("no leads are left")?, &Choices::default());
                timed(|| seller.execute(request))
            }),
            Box::new(|| {
                timed(|| {
                    commission.call()?;
                    note.call()?;
                    floor.write()
                })
            }),
        ],
    )?;
    Ok(vec![
        Figure::time("qualify", ours).over(floor).target(Target::Ratio(2.0)),
    ])
}

/// The two plug-ins with what they need, and leads of `seller.west`.
fn prepare(admin: &Session, leads: usize) -> Result<Vec<Uuid>> {
    push(admin, "commission", sluice_tests::wasm("plugins", "commission"))?;
    let integration = Reference::new("systemuser", admin.find_one("systemuser", "integration")?);
    for step in push(admin, "audit-note", sluice_tests::wasm("plugins", "audit-note"))? {
        let row = Row::new("sdkmessageprocessingstep", step).with("impersonatinguserid", integration.clone());
        admin.execute(Request::update(row))?;
    }
    let units = Query::new("businessunit")
        .columns(&[])
        .filter(Filter::eq("parentbusinessunitid", Held::Null));
    let root = admin.list(units)?.first().context("no root business unit")?.id;
    let role = Filter::eq("name", "Salesperson").and(Filter::eq("businessunitid", root));
    let role = admin
        .list(Query::new("role").columns(&[]).filter(role))?
        .first()
        .context("no role Salesperson")?
        .id;
    let privilege = Row::unsaved("roleprivilege")
        .with("PrivilegeName", "prvReadsl_commissionrule")
        .with("Depth", Depth::Organization.number());
    admin.execute(
        Request::new("AddPrivilegesRole")
            .with("RoleId", Held::Id(role))
            .with("Privileges", Parameter::Rows(vec![privilege])),
    )?;
    let owner = admin.find_one("systemuser", "seller.west")?;
    let create = |batch: &mut sluice_engine::Batch<'_>| {
        Leads::from(0)
            .owned_by(owner)
            .take(leads)
            .map(|lead| batch.create(lead))
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(admin.batch(create)?)
}

/// What qualifying a lead writes.
struct Conversion {
    account: Stored,
    account_id: Value,
    contact: Stored,
    /// What the account gets once the contact is there.
    primary: Stored,
    opportunity: Stored,
    note: Stored,
    /// What changes of the lead.
    lead: Stored,
    lead_id: Value,
    /// What changes of its process.
    process: Stored,
    process_id: Value,
    /// When the process left its first stage.
    left: Stored,
    left_id: Value,
    /// Its visit of the next one.
    visit: Stored,
    /// What the audit trail keeps of all that.
    audits: Vec<Stored>,
    /// What the duplicate rules keep of the account and the contact.
    codes: Vec<Stored>,
}

/// Qualifies the leads in a copy, and reads there what came of it.
fn conversions(world: &World, start: &Path, leads: &[Uuid]) -> Result<Vec<Conversion>> {
    let path = world.copy_of(start)?;
    let seller = world.open(&path, Synchronous::Off)?.session_of("seller.west")?;
    for lead in leads {
        seller.execute(qualify::request(*lead, &Choices::default()))?;
    }
    let (before, after) = (bare::connect(start, "OFF")?, bare::connect(&path, "OFF")?);
    leads
        .iter()
        .map(|lead| conversion(&before, &after, lead.as_bytes()))
        .collect()
}

fn conversion(before: &Connection, after: &Connection, lead: &[u8]) -> Result<Conversion> {
    let of_lead = |table| Stored::one(after, table, "originatingleadid", lead);
    let (account, contact, opportunity) = (of_lead("account")?, of_lead("contact")?, of_lead("opportunity")?);
    let note = Stored::one(after, "annotation", "objectid", &opportunity.id("opportunityid")?)?;
    let was = Stored::one(before, "lead", "leadid", lead)?;
    let is = Stored::one(after, "lead", "leadid", lead)?;
    let process = |connection| Stored::one(connection, PROCESS, "leadid", lead);
    let (process_was, process_is) = (process(before)?, process(after)?);
    let process_id = process_is.id("businessprocessflowinstanceid")?;
    let visits = Stored::read(
        after,
        "sl_stagevisit",
        "sl_instanceid = ? ORDER BY sl_enteredon",
        &process_id,
    )?;
    let [left, visit] = visits.as_slice() else {
        bail!("{} visits where there should be two", visits.len());
    };
    let codes = |id| Stored::read(after, "_matchcode", "row = ?", id);
    let mut of_both = codes(account.id("accountid")?)?;
    of_both.extend(codes(contact.id("contactid")?)?);
    let audits = Stored::read(after, "audit", "objectid = ?", account.id("accountid")?)?;
    let unit = audits
        .first()
        .context("the account left no audit row")?
        .id("transactionid")?;
    let later = ["primarycontactid", "modifiedon", "modifiedby", "versionnumber"];
    Ok(Conversion {
        account_id: Value::Blob(account.id("accountid")?),
        primary: account.part(|column, _| later.contains(&column)),
        account: account.part(|column, _| column != "primarycontactid"),
        contact,
        opportunity,
        note,
        lead: is.part(|column, value| was.get(column) != Some(value)),
        lead_id: Value::Blob(lead.to_vec()),
        process: process_is.part(|column, value| process_was.get(column) != Some(value)),
        process_id: Value::Blob(process_id),
        left_id: Value::Blob(left.id("sl_stagevisitid")?),
        left: left.part(|column, _| column == "sl_lefton"),
        visit: visit.clone(),
        audits: Stored::read(after, "audit", "transactionid = ?", unit)?,
        codes: of_both,
    })
}

/// Writes conversions, each in a transaction of its own.
struct Floor<'c> {
    transaction: Transaction<'c>,
    account: Ready<'c>,
    contact: Ready<'c>,
    primary: Ready<'c>,
    opportunity: Ready<'c>,
    note: Ready<'c>,
    lead: Ready<'c>,
    process: Ready<'c>,
    left: Ready<'c>,
    visit: Ready<'c>,
    audit: Ready<'c>,
    code: Ready<'c>,
    conversions: std::slice::Iter<'c, Conversion>,
}

impl<'c> Floor<'c> {
    fn new(connection: &'c Connection, conversions: &'c [Conversion]) -> Result<Self> {
        let first = conversions.first().context("nothing was converted")?;
        let insert = |row: &Stored| Ready::new(connection, &row.insert_sql());
        Ok(Self {
            transaction: Transaction::new(connection)?,
            account: insert(&first.account)?,
            contact: insert(&first.contact)?,
            primary: Ready::new(connection, &first.primary.update_sql("accountid"))?,
            opportunity: insert(&first.opportunity)?,
            note: insert(&first.note)?,
            lead: Ready::new(connection, &first.lead.update_sql("leadid"))?,
            process: Ready::new(connection, &first.process.update_sql("businessprocessflowinstanceid"))?,
            left: Ready::new(connection, &first.left.update_sql("sl_stagevisitid"))?,
            visit: insert(&first.visit)?,
            audit: insert(first.audits.first().context("no audit rows")?)?,
            code: insert(first.codes.first().context("no matchcodes")?)?,
            conversions: conversions.iter(),
        })
    }

    fn write(&mut self) -> Result<()> {
        let next = self.conversions.next().context("no conversions are left")?;
        self.transaction.run(|| {
            self.account.write(&next.account)?;
            self.contact.write(&next.contact)?;
            self.primary.change(&next.primary, &next.account_id)?;
            self.opportunity.write(&next.opportunity)?;
            self.note.write(&next.note)?;
            self.lead.change(&next.lead, &next.lead_id)?;
            self.process.change(&next.process, &next.process_id)?;
            self.left.change(&next.left, &next.left_id)?;
            self.visit.write(&next.visit)?;
            next.codes.iter().try_for_each(|code| self.code.write(code))?;
            next.audits.iter().try_for_each(|audit| self.audit.write(audit))
        })
    }
}
