//! Random organisations whose relationships pass rights on or do not: after every change, what an
//! oracle computes from the rows as they are, the decision that is told, the list, and what
//! reading and writing the one row come to are the same.
//!
//! Whoever owns a row inherits nothing on it, and so passes nothing on that they would have
//! inherited: the rows here belong to others than those with whom they are shared.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, option, prelude::*};
use sluice_model::{Behaviours, Depth, Follow, Parameter, Query, Reference, Request, Right, Rights, Row, Uuid};
use sluice_platform::BehaviourChange;
use sluice_tests::Actor;

use crate::world::Related;

/// The tables, each with its lookup to a row above.
const TABLES: [(&str, &str, &str); 3] = [
    ("account", "parentaccountid", "name"),
    ("contact", "parentcustomerid", "lastname"),
    ("sl_part", "sl_whole", "sl_name"),
];

/// The relationships by which rows come below others: the numbers of both tables, and the name;
/// that of the parts is made with its table.
const RELATIONSHIPS: [(usize, usize, &str); 4] = [
    (0, 0, "account_parent_account"),
    (1, 0, "contact_customer_accounts"),
    (1, 1, "contact_customer_contacts"),
    (2, 2, ""),
];

const ROWS: usize = 8;

/// The first ones own rows, the others come by rows as they are shared.
const OWNERS: usize = 2;

/// What each user may do, in the order of their numbers.
const VERBS: [&[&str]; 4] = [
    &[
        "Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign", "Share",
    ],
    &["Read"],
    &["Read", "Write", "Share"],
    &["Read"],
];

/// The number of the team, of which the last two users are members.
const TEAM: usize = VERBS.len();

/// The rights that are asked about.
const RIGHTS: [Right; 7] = [
    Right::Read,
    Right::Write,
    Right::Delete,
    Right::Append,
    Right::AppendTo,
    Right::Assign,
    Right::Share,
];

/// What the relationships do: whether rights come down, and whether owners do.
type Follows = [(bool, bool); RELATIONSHIPS.len()];

#[derive(Debug, Clone)]
struct Thing {
    table: usize,
    owner: usize,
    above: Option<usize>,
}

#[derive(Debug, Clone)]
enum Change {
    Share(usize, usize, u8),
    Revoke(usize, usize),
    Move(usize, Option<usize>),
    Assign(usize, usize),
}

fn things() -> impl Strategy<Value = Vec<Thing>> {
    let thing = (0..TABLES.len(), 0..OWNERS, option::weighted(0.8, 0..ROWS));
    vec(
        thing.prop_map(|(table, owner, above)| Thing { table, owner, above }),
        ROWS,
    )
}

fn change() -> impl Strategy<Value = Change> {
    let (row, with) = (0..ROWS, OWNERS..=TEAM);
    prop_oneof![
        3 => (row.clone(), with.clone(), 0u8..64).prop_map(|(row, with, rights)| Change::Share(row, with, rights)),
        1 => (row.clone(), with).prop_map(|(row, with)| Change::Revoke(row, with)),
        2 => (row.clone(), option::weighted(0.8, 0..ROWS)).prop_map(|(row, above)| Change::Move(row, above)),
        2 => (row, 0..OWNERS).prop_map(|(row, to)| Change::Assign(row, to)),
    ]
}

/// Some rights; Read always, without which nobody passes anything on.
fn rights(bits: u8) -> Rights {
    let others = RIGHTS.iter().skip(1).enumerate();
    let some = others
        .filter(|(place, _)| bits & (1 << place) != 0)
        .map(|(_, right)| *right);
    Rights::of(&some.chain([Right::Read]).collect::<Vec<_>>())
}

/// The relationship by which a row of one table comes below one of another.
fn relationship(below: usize, above: usize) -> Option<usize> {
    let is = |one: &(usize, usize, &str)| (one.0, one.1) == (below, above);
    RELATIONSHIPS.iter().position(is)
}

/// The organisation as the oracle knows it: an owner, a row above, and shares.
struct Oracle {
    follows: Follows,
    rows: Vec<Thing>,
    shares: BTreeMap<(usize, usize), Rights>,
}

impl Oracle {
    /// The row above one, with its relationship. Only an earlier row can be above: there is no loop.
    fn above(&self, row: usize) -> Option<(usize, usize)> {
        let above = self.rows[row].above.filter(|above| *above < row)?;
        Some((above, relationship(self.rows[row].table, self.rows[above].table)?))
    }

    /// What somebody has on a row by its shares, and by the rows above it.
    fn shared(&self, row: usize, with: usize) -> Rights {
        let own = self.shares.get(&(row, with)).copied().unwrap_or(Rights::NONE);
        let inherited = match self.above(row) {
            Some((above, by)) if self.follows[by].0 => {
                let read = self.rows[above].owner == with;
                let owned = if read { Rights::READ } else { Rights::NONE };
                owned | self.shared(above, with)
            }
            _ => Rights::NONE,
        };
        own | inherited
    }

    /// What a user may do to a row.
    fn may(&self, row: usize, user: usize) -> BTreeSet<Right> {
        let mut shared = self.shared(row, user);
        if user >= TEAM - 2 {
            shared = shared | self.shared(row, TEAM);
        }
        let held = |right: &&Right| VERBS[user].contains(&right.verb());
        let reached = |right: &&Right| self.rows[row].owner == user || shared.has(**right);
        RIGHTS.iter().filter(held).filter(reached).copied().collect()
    }

    /// The rows that get another owner with one.
    fn assign(&mut self, row: usize, to: usize) {
        if self.rows[row].owner == to {
            return;
        }
        self.rows[row].owner = to;
        for below in row + 1..ROWS {
            if self
                .above(below)
                .is_some_and(|(above, by)| above == row && self.follows[by].1)
            {
                self.assign(below, to);
            }
        }
    }
}

/// The same in the engine.
struct Real {
    world: Related,
    users: Vec<Actor>,
    team: Uuid,
    rows: Vec<Reference>,
}

impl Real {
    fn new(follows: &Follows, things: &[Thing]) -> Self {
        let follow = |yes: bool| if yes { Follow::Cascade } else { Follow::NoCascade };
        let behaviours = |(rights, owners): (bool, bool)| Behaviours {
            assign: follow(owners),
            share: follow(rights),
            unshare: follow(rights),
            reparent: follow(rights),
            ..Behaviours::PARENTAL
        };
        let world = Related::with_parts(behaviours(follows[3]));
        for ((_, _, name), follows) in RELATIONSHIPS.iter().zip(follows).take(3) {
            let Behaviours {
                assign,
                share,
                unshare,
                reparent,
                ..
            } = behaviours(*follows);
            let change = BehaviourChange {
                assign: Some(assign),
                share: Some(share),
                unshare: Some(unshare),
                reparent: Some(reparent),
                ..BehaviourChange::default()
            };
            world.change(name, change);
        }
        let user = |(number, verbs): (usize, &&[&str])| world.user(&format!("user{number}"), verbs, Depth::User);
        let users: Vec<Actor> = VERBS.iter().enumerate().map(user).collect();
        let unit = world.admin.list(Query::new("businessunit")).remove(0);
        let team = Row::unsaved("team")
            .with("name", "Crew")
            .with("businessunitid", unit.reference());
        let team = world.admin.create(team);
        let members = users[TEAM - 2..]
            .iter()
            .map(|user| Reference::new("systemuser", user.id()));
        let request = Request::new("AddMembersTeam")
            .with("TeamId", sluice_model::Value::Id(team))
            .with("MemberIds", Parameter::References(members.collect()));
        world.admin.0.execute(request).unwrap();
        let mut real = Self {
            world,
            users,
            team,
            rows: Vec::new(),
        };
        for (number, thing) in things.iter().enumerate() {
            let (table, column, name) = TABLES[thing.table];
            let mut row = Row::unsaved(table)
                .with(name, number.to_string())
                .with("ownerid", Reference::new("systemuser", real.users[thing.owner].id()));
            if let Some(above) = thing.above {
                row.set(column, real.rows[above].clone());
            }
            let id = real.world.admin.create(row);
            real.rows.push(Reference::new(table, id));
        }
        real
    }

    fn principal(&self, number: usize) -> Reference {
        match self.users.get(number) {
            Some(user) => Reference::new("systemuser", user.id()),
            None => Reference::new("team", self.team),
        }
    }

    fn send(&self, request: Request) {
        self.world
            .admin
            .0
            .execute(request)
            .unwrap_or_else(|error| panic!("{error}"));
    }

    /// What a user may do to a row, as it is told.
    fn told(&self, row: usize, user: &Actor) -> BTreeSet<Right> {
        let (text, _) = self.world.access(self.rows[row].clone(), user);
        let all = Rights::parse(&text).unwrap_or(Rights::NONE);
        RIGHTS.iter().filter(|right| all.has(**right)).copied().collect()
    }

    /// Whether the user can write the row: its name becomes what it is.
    fn writes(&self, row: usize, things: &[Thing], user: &Actor) -> bool {
        let name = TABLES[things[row].table].2;
        let change = Row::new(self.rows[row].table.clone(), self.rows[row].id);
        user.try_update(change.with(name, row.to_string())).is_ok()
    }
}

/// Makes a change in both, where it is one that can be made.
fn make(change: &Change, oracle: &mut Oracle, real: &Real) {
    match *change {
        Change::Share(row, with, bits) => {
            let all = oracle.shares.entry((row, with)).or_insert(Rights::NONE);
            *all = *all | rights(bits);
            let request = Request::new("GrantAccess").with("Target", real.rows[row].clone());
            let request = request.with("Principal", real.principal(with));
            real.send(request.with("AccessMask", rights(bits).to_string().as_str()));
        }
        Change::Revoke(row, with) => {
            oracle.shares.remove(&(row, with));
            let request = Request::new("RevokeAccess").with("Target", real.rows[row].clone());
            real.send(request.with("Revokee", real.principal(with)));
        }
        Change::Move(row, above) => {
            let before = oracle.rows[row].above;
            oracle.rows[row].above = above;
            oracle.rows[row].above = oracle.above(row).map(|(above, _)| above);
            if before == oracle.rows[row].above {
                return;
            }
            let target = &real.rows[row];
            let column = TABLES[oracle.rows[row].table].1;
            let value = oracle.rows[row].above.map(|above| real.rows[above].clone());
            let change = Row::new(target.table.clone(), target.id);
            real.world.admin.update(match value {
                Some(above) => change.with(column, above),
                None => change.with(column, sluice_model::Value::Null),
            });
        }
        Change::Assign(row, to) => {
            oracle.assign(row, to);
            let request = Request::new("Assign").with("Target", real.rows[row].clone());
            real.send(request.with("Assignee", real.principal(to)));
        }
    }
}

/// Everybody may do to every row what the oracle says, by every way of asking.
fn agree(oracle: &Oracle, real: &Real) -> Result<(), TestCaseError> {
    for (number, user) in real.users.iter().enumerate() {
        let mut listed = BTreeSet::new();
        for (table, ..) in TABLES {
            listed.extend(user.list(Query::new(table)).iter().map(Row::reference));
        }
        for (row, reference) in real.rows.iter().enumerate() {
            let may = oracle.may(row, number);
            let reads = may.contains(&Right::Read);
            prop_assert_eq!(
                real.told(row, user),
                may.clone(),
                "user {} and row {} as it is told",
                number,
                row
            );
            prop_assert_eq!(
                listed.contains(reference),
                reads,
                "user {} and row {} in lists",
                number,
                row
            );
            let alone = user.try_get(&reference.table, reference.id).is_ok();
            prop_assert_eq!(alone, reads, "user {} and row {} read alone", number, row);
            let writes = real.writes(row, &oracle.rows, user);
            prop_assert_eq!(
                writes,
                may.contains(&Right::Write),
                "user {} and row {} written",
                number,
                row
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_down_is_what_the_oracle_says(
        follows in proptest::array::uniform4((proptest::bool::weighted(0.7), proptest::bool::weighted(0.4))),
        things in things(),
        changes in vec(change(), 1..14),
    ) {
        let mut oracle = Oracle { follows, rows: things, shares: BTreeMap::new() };
        for row in 0..ROWS {
            oracle.rows[row].above = oracle.above(row).map(|(above, _)| above);
        }
        let real = Real::new(&follows, &oracle.rows);
        agree(&oracle, &real)?;
        for change in &changes {
            make(change, &mut oracle, &real);
        }
        agree(&oracle, &real)?;
    }
}
