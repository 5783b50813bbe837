//! What Create costs, with no, one and five steps, beside the bare transaction.

use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::{Connection, types::Value};
use sluice_engine::Synchronous;

use super::creating;
use crate::{
    bare::{self, Ready, Stored, Transaction, blob},
    measure::{Figure, Target, Turns, alternate, timed},
    world::{Leads, World},
};

pub(super) const NAMES: &[&str] = &[
    "create-0",
    "create-0-seller",
    "create-1",
    "create-1-seller",
    "create-5",
    "create-5-seller",
];
pub(super) const FULL_NAMES: &[&str] = &["create-0-full"];

/// So many different leads does the floor write, over and over.
const FORMS: usize = 64;

/// How much dearer than the bare transaction a Create may be.
const EXCESS: Target = Target::Excess(60.0);

pub(super) fn run(world: &World) -> Result<Vec<Figure>> {
    let connection = bare::connect(&world.copy()?, "OFF")?;
    let mut floor = Floor::new(world, &connection)?;
    let pair = |steps| {
        let engine = world.open(&world.with_steps(steps)?, Synchronous::Off)?;
        let of = |user| anyhow::Ok(creating(engine.session_of(user)?, Leads::from(0)));
        anyhow::Ok((of("admin")?, of("seller.west")?))
    };
    let ((admin_0, seller_0), (admin_1, seller_1), (admin_5, seller_5)) = (pair(0)?, pair(1)?, pair(5)?);
    let [bare, ours @ ..] = alternate(
        Turns { turns: 150, runs: 16 },
        [
            Box::new(|| floor.write()),
            admin_0,
            seller_0,
            admin_1,
            seller_1,
            admin_5,
            seller_5,
        ],
    )?;
    let figures = NAMES.iter().zip(ours).map(|(name, ours)| {
        let figure = Figure::time(*name, ours).over(bare);
        if name.starts_with("create-0") {
            figure.target(EXCESS)
        } else {
            figure
        }
    });
    Ok(figures.collect())
}

/// The same where a commit waits for the disk.
pub(super) fn run_full(world: &World) -> Result<Vec<Figure>> {
    let connection = bare::connect(&world.copy()?, "FULL")?;
    let mut floor = Floor::new(world, &connection)?;
    let admin = world.open(&world.copy()?, Synchronous::Full)?.session_of("admin")?;
    let [bare, ours] = alternate(
        Turns { turns: 60, runs: 8 },
        [Box::new(|| floor.write()), creating(admin, Leads::from(0))],
    )?;
    Ok(vec![Figure::time("create-0-full", ours).over(bare)])
}

/// What creating a lead writes: the lead with its audit row, and its process with its own and the
/// visit of the first stage.
struct Creation {
    lead: Stored,
    lead_audit: Stored,
    process: Stored,
    process_audit: Stored,
    visit: Stored,
}

const PROCESS: &str = "leadtoopportunitysalesprocess";
const PROCESS_KEY: &str = "businessprocessflowinstanceid";

impl Creation {
    fn read(connection: &Connection, lead: &[u8]) -> Result<Self> {
        let process = Stored::one(connection, PROCESS, "leadid", lead)?;
        let id = process.id(PROCESS_KEY)?;
        Ok(Self {
            lead: Stored::one(connection, "lead", "leadid", lead)?,
            lead_audit: Stored::one(connection, "audit", "objectid", lead)?,
            process_audit: Stored::one(connection, "audit", "objectid", &id)?,
            visit: Stored::one(connection, "sl_stagevisit", "sl_instanceid", &id)?,
            process,
        })
    }

    /// Gives every row a new id, and lets those that refer to each other go on doing so.
    fn renew(&mut self, world: &World) -> Result<()> {
        let new = || blob(world.new_id());
        let (lead, process): (Value, Value) = (new(), new());
        self.lead.set("leadid", lead.clone())?;
        self.lead_audit.set("auditid", new())?;
        self.lead_audit.set("objectid", lead.clone())?;
        self.process.set(PROCESS_KEY, process.clone())?;
        self.process.set("leadid", lead.clone())?;
        self.process_audit.set("auditid", new())?;
        self.process_audit.set("objectid", process.clone())?;
        self.visit.set("sl_stagevisitid", new())?;
        self.visit.set("sl_instanceid", process)?;
        self.visit.set("sl_row", lead)
    }
}

/// Writes such rows again and again, each lead in a transaction of its own.
struct Floor<'c> {
    world: &'c World,
    transaction: Transaction<'c>,
    lead: Ready<'c>,
    audit: Ready<'c>,
    process: Ready<'c>,
    visit: Ready<'c>,
    version: Ready<'c>,
    creations: Vec<Creation>,
    next: usize,
}

impl<'c> Floor<'c> {
    fn new(world: &'c World, connection: &'c Connection) -> Result<Self> {
        let creations = creations(world)?;
        let first = creations.first().context("nothing was created")?;
        let insert = |row: &Stored| Ready::new(connection, &row.insert_sql());
        Ok(Self {
            world,
            transaction: Transaction::new(connection)?,
            lead: insert(&first.lead)?,
            audit: insert(&first.lead_audit)?,
            process: insert(&first.process)?,
            visit: insert(&first.visit)?,
            version: Ready::new(connection, bare::NEXT_VERSION)?,
            creations,
            next: 0,
        })
    }

    /// Writes the next rows under new ids; how long that took.
    fn write(&mut self) -> Result<Duration> {
        let index = self.next % self.creations.len();
        self.next += 1;
        self.creations[index].renew(self.world)?;
        let next = &self.creations[index];
        timed(|| {
            self.transaction.run(|| {
                self.version.run([])?;
                self.lead.write(&next.lead)?;
                self.audit.write(&next.lead_audit)?;
                self.version.run([])?;
                self.process.write(&next.process)?;
                self.audit.write(&next.process_audit)?;
                self.visit.write(&next.visit)
            })
        })
    }
}

/// Creates leads in a copy, and reads there what came of it.
fn creations(world: &World) -> Result<Vec<Creation>> {
    let path = world.copy()?;
    let admin = world.open(&path, Synchronous::Off)?.session_of("admin")?;
    let leads = admin.batch(|batch| {
        let leads = Leads::from(0).take(FORMS);
        leads.map(|lead| batch.create(lead)).collect::<Result<Vec<_>, _>>()
    })?;
    let connection = bare::connect(&path, "OFF")?;
    leads
        .iter()
        .map(|lead| Creation::read(&connection, lead.as_bytes()))
        .collect()
}
