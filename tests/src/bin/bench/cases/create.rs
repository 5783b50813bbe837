//! What Create costs, with no, one and five steps, and below a parent that is shared, beside the
//! bare transaction and the bare calls of the same plug-in.

use std::{cell::RefCell, path::Path};

use anyhow::Result;
use sluice_engine::{Session, Synchronous};
use sluice_model::{Reference, Request, Row, Uuid};

use super::creating;
use crate::{
    bare,
    measure::{Contender, Figure, Target, Turns, alternate, timed},
    raw::{self, Raw},
    world::{Bench, Leads, contact, create, create_all},
    written::{Floor, Written},
};

pub(super) const NAMES: &[&str] = &[
    "create-0",
    "create-0-seller",
    "create-1",
    "create-1-seller",
    "create-5",
    "create-5-seller",
];
pub(super) const CHILD_NAMES: &[&str] = &["create-0-child"];
pub(super) const FULL_NAMES: &[&str] = &["create-0-full"];

/// So many different rows does the floor write, over and over.
const FORMS: usize = 64;

/// How much dearer than the bare transaction a Create may be, in microseconds.
const EXCESS: Target = Target::Excess(45.0);
/// The same where the new row inherits a share.
const EXCESS_CHILD: Target = Target::Excess(60.0);
/// How much dearer a Create with five steps may be than the bare transaction and five bare calls.
const FIVE_STEPS: Target = Target::Ratio(1.3);

pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let start = world.copy()?;
    let connection = bare::connect(&world.copy_of(&start)?, "OFF")?;
    let floor = RefCell::new(floor(world, &connection, &start, || Leads::from(0))?);
    let raw = raw::getters()?;
    let bare = |calls| writing(world, &floor, vec![&raw; calls]);
    let pair = |steps| {
        let engine = world.open(&world.with_steps(steps)?, Synchronous::Off)?;
        let of = |user| anyhow::Ok(creating(engine.session_of(user)?, Leads::from(0)));
        anyhow::Ok((of("admin")?, of("seller.west")?))
    };
    let ((admin_0, seller_0), (admin_1, seller_1), (admin_5, seller_5)) = (pair(0)?, pair(1)?, pair(5)?);
    let [bare_0, bare_1, bare_5, ours @ ..] = alternate(
        Turns::MANY,
        [
            bare(0),
            bare(1),
            bare(5),
            admin_0,
            seller_0,
            admin_1,
            seller_1,
            admin_5,
            seller_5,
        ],
    )?;
    let floors = [
        (bare_0, Some(EXCESS)),
        (bare_0, Some(EXCESS)),
        (bare_1, None),
        (bare_1, None),
        (bare_5, Some(FIVE_STEPS)),
        (bare_5, Some(FIVE_STEPS)),
    ];
    let figures = NAMES
        .iter()
        .zip(ours)
        .zip(floors)
        .map(|((name, ours), (bare, target))| {
            let figure = Figure::time(*name, ours).over(bare);
            match target {
                Some(target) => figure.target(target),
                None => figure,
            }
        });
    Ok(figures.collect())
}

/// A contact below an account that is shared with another user, who has the same rights to the
/// contact.
pub(super) fn run_child(world: &Bench) -> Result<Vec<Figure>> {
    let start = world.copy()?;
    let account = shared_account(&world.admin(&start)?)?;
    let contacts = move || (0..).map(move |index| contact(index, account));
    let connection = bare::connect(&world.copy_of(&start)?, "OFF")?;
    let floor = RefCell::new(floor(world, &connection, &start, contacts)?);
    let admin = world.admin(&world.copy_of(&start)?)?;
    let [bare, ours] = alternate(
        Turns::MANY,
        [writing(world, &floor, Vec::new()), creating(admin, contacts())],
    )?;
    Ok(vec![
        Figure::time("create-0-child", ours).over(bare).target(EXCESS_CHILD),
    ])
}

fn shared_account(admin: &Session) -> Result<Uuid> {
    let account = create(admin, Row::unsaved("account").with("name", "Adventure Works"))?;
    let reader = Reference::new("systemuser", admin.find_one("systemuser", "seller.west")?);
    admin.execute(
        Request::new("GrantAccess")
            .with("Target", Reference::new("account", account))
            .with("Principal", reader)
            .with("AccessMask", "ReadAccess"),
    )?;
    Ok(account)
}

/// The same as `create-0` where a commit waits for the disk.
pub(super) fn run_full(world: &Bench) -> Result<Vec<Figure>> {
    let start = world.copy()?;
    let connection = bare::connect(&world.copy_of(&start)?, "FULL")?;
    let floor = RefCell::new(floor(world, &connection, &start, || Leads::from(0))?);
    let admin = world
        .open(&world.copy_of(&start)?, Synchronous::Full)?
        .session_of("admin")?;
    let [bare, ours] = alternate(
        Turns { turns: 60, runs: 8 },
        [writing(world, &floor, Vec::new()), creating(admin, Leads::from(0))],
    )?;
    Ok(vec![Figure::time("create-0-full", ours).over(bare)])
}

/// The floor of creating rows in an organisation that lies at `start`.
fn floor<'c, R>(
    world: &Bench,
    connection: &'c rusqlite::Connection,
    start: &Path,
    rows: impl Fn() -> R + Send + Sync,
) -> Result<Floor<'c>>
where
    R: Iterator<Item = Row>,
{
    let path = world.copy_of(start)?;
    let created = create_all(&world.admin(&path)?, || rows().take(FORMS))?;
    Floor::new(connection, Written::read(start, &path, &created)?)
}

/// Calls these plug-ins and writes the next rows, under new ids.
fn writing<'a>(world: &'a Bench, floor: &'a RefCell<Floor<'_>>, calls: Vec<&'a Raw>) -> Contender<'a> {
    Box::new(move || {
        let mut floor = floor.borrow_mut();
        floor.renew(world);
        timed(|| {
            calls.iter().try_for_each(|raw| raw.call())?;
            floor.write()
        })
    })
}
