//! QualifyLead with a step that reads and one that writes, beside the bare SQL of the rows
//! that it writes and the bare calls of the same plug-ins.

use std::path::Path;

use anyhow::{Context, Result};
use sluice_engine::{Session, Synchronous};
use sluice_model::{Reference, Request, Row, Uuid, Value as Held};
use sluice_sales::qualify::{self, Choices};

use crate::{
    bare,
    measure::{Figure, Target, Turns, alternate, timed},
    raw::{Answers, Host},
    world::{Bench, Leads, create_all, grant, push},
    written::{Floor, Written},
};

pub(super) const NAMES: &[&str] = &["qualify"];

const TURNS: Turns = Turns { turns: 80, runs: 8 };

pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let count = (TURNS.turns + TURNS.turns.div_ceil(10)) * TURNS.runs;
    let start = world.copy()?;
    let leads = prepare(&world.admin(&start)?, count)?;
    let conversions = conversions(world, &start, &leads)?;

    let seller = world
        .open(&world.copy_of(&start)?, Synchronous::Off)?
        .session_of("seller.west")?;
    let mut ours = leads.iter();
    let connection = bare::connect(&world.copy_of(&start)?, "OFF")?;
    let mut floor = Floor::new(&connection, conversions)?;

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
        Figure::time("qualify", ours).over(floor).target(Target::Ratio(1.7)),
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
    grant(admin, "Salesperson", "prvReadsl_commissionrule")?;
    let owner = admin.find_one("systemuser", "seller.west")?;
    Ok(create_all(admin, || Leads::from(0).owned_by(owner).take(leads))?)
}

/// Qualifies the leads in a copy, and reads there what came of it.
fn conversions(world: &Bench, start: &Path, leads: &[Uuid]) -> Result<Vec<Written>> {
    let path = world.copy_of(start)?;
    let seller = world.open(&path, Synchronous::Off)?.session_of("seller.west")?;
    for lead in leads {
        seller.execute(qualify::request(*lead, &Choices::default()))?;
    }
    Written::read(start, &path, leads)
}
