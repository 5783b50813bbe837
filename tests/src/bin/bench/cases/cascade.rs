//! What it costs that the rows below a row follow it: an account is assigned, and deleted, with
//! the contacts that belong to it; and how long others wait meanwhile.

use std::{path::PathBuf, time::Duration};

use anyhow::{Result, ensure};
use sluice_engine::Session;
use sluice_model::{Reference, Request, Row, Uuid, Value};

use crate::{
    bare,
    measure::{Figure, rounds, timed},
    neighbour::Neighbour,
    world::{Bench, Leads, contact, create, create_all, set},
};

pub(super) const NAMES: &[&str] = &["cascade-1k", "cascade-1k-assign"];
pub(super) const LARGE_NAMES: &[&str] = &["cascade-50k", "cascade-50k-assign", "cascade-50k-waiting"];

const SMALL: usize = 1_000;
const LARGE: usize = 50_000;
const ROUNDS: usize = 7;

pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let organization = Organization::open(world, world.copy()?)?;
    let [assign, delete] = rounds(ROUNDS, |_| {
        let account = organization.account_with_contacts(SMALL)?;
        Ok([organization.assign(account)?, organization.delete(account)?])
    })?;
    Ok(vec![
        Figure::rate("cascade-1k", delete),
        Figure::rate("cascade-1k-assign", assign),
    ])
}

pub(super) fn run_large(world: &Bench) -> Result<Vec<Figure>> {
    let start = world.copy()?;
    let organization = Organization::open(world, start.clone())?;
    organization.raise_limit(LARGE)?;
    let account = organization.account_with_contacts(LARGE)?;
    drop(organization);

    let alone = Organization::open(world, world.copy_of(&start)?)?;
    let assign = alone.assign(account)?;
    let delete = alone.delete(account)?;
    drop(alone);

    let shared = Organization::open(world, world.copy_of(&start)?)?;
    let mut neighbour = Neighbour::new(world.admin(&shared.path)?, Leads::from(0));
    let idle = neighbour.waits_idle()?;
    let waiting = neighbour.waits(|| shared.delete(account).map(drop))?;
    Ok(vec![
        Figure::rate("cascade-50k", delete),
        Figure::rate("cascade-50k-assign", assign),
        Figure::time("cascade-50k-waiting", waiting).over(idle),
    ])
}

/// An organisation, and its administrator.
struct Organization {
    path: PathBuf,
    admin: Session,
}

impl Organization {
    fn open(world: &Bench, path: PathBuf) -> Result<Self> {
        let admin = world.admin(&path)?;
        Ok(Self { path, admin })
    }

    /// Lets a request change so many rows along with others.
    fn raise_limit(&self, rows: usize) -> Result<()> {
        Ok(set(&self.admin, "sl_cascadelimit", Value::Int(i32::try_from(rows)?))?)
    }

    /// An account with so many contacts, all of the administrator.
    fn account_with_contacts(&self, contacts: usize) -> Result<Uuid> {
        let account = create(&self.admin, Row::unsaved("account").with("name", "Adventure Works"))?;
        create_all(&self.admin, || (0..contacts).map(|index| contact(index, account)))?;
        Ok(account)
    }

    /// Assigns the account to somebody else, whom its contacts follow; rows per second.
    fn assign(&self, account: Uuid) -> Result<f64> {
        let assignee = self.admin.find_one("systemuser", "seller.west")?;
        let request = Request::new("Assign")
            .with("Target", Reference::new("account", account))
            .with("Assignee", Reference::new("systemuser", assignee));
        let took = timed(|| self.admin.execute(request))?;
        let of_assignee = [("parentcustomerid", account), ("ownerid", assignee)];
        let followed = bare::count(&self.path, "contact", &of_assignee)?;
        let contacts = bare::count(&self.path, "contact", &[("parentcustomerid", account)])?;
        ensure!(followed == contacts, "{followed} contacts of {contacts} followed");
        Ok(rate(followed, took))
    }

    /// Deletes the account; rows per second.
    fn delete(&self, account: Uuid) -> Result<f64> {
        let of_account = [("parentcustomerid", account)];
        let contacts = bare::count(&self.path, "contact", &of_account)?;
        let request = Request::new("Delete").with("Target", Reference::new("account", account));
        let took = timed(|| self.admin.execute(request))?;
        let left = bare::count(&self.path, "contact", &of_account)?;
        ensure!(left == 0, "{left} contacts of {contacts} are left");
        Ok(rate(contacts, took))
    }
}

/// Rows per second, the account among them.
fn rate(contacts: usize, took: Duration) -> f64 {
    (contacts + 1) as f64 / took.as_secs_f64()
}
