//! Random organisations, each built twice: as it is, and among decoys. A decoy has the id of a
//! row of the other organisation in another table, or had it in the same table before it was
//! deleted; some have the ids of users and teams. Every question is asked and every change is
//! made in both: no answer and no row differs.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, option, prelude::*, sample::select};
use sluice_model::{Depth, Filter, Parameter, Query, Reference, Request, Right, Row, Uuid, Value};
use sluice_sales::timeline;
use sluice_tests::Actor;

use crate::world::{Security, assign, grants, outcome, revoke, share, team, user};

/// The tables of the rows, with the lookup through which a row belongs to an earlier one, and
/// what can be named there.
const TABLES: [(&str, Option<&str>, &[&str]); 5] = [
    ("account", Some("parentaccountid"), &["account"]),
    ("contact", Some("parentcustomerid"), &["account", "contact"]),
    ("lead", Some("customerid"), &["account", "contact"]),
    ("annotation", Some("objectid"), &["account", "contact", "lead"]),
    ("task", Some("regardingobjectid"), &["account", "contact", "lead"]),
];

/// A row: its table, its owner among the users and the team, and the earlier row it belongs to.
#[derive(Debug, Clone)]
struct Thing {
    table: usize,
    owner: usize,
    about: Option<usize>,
}

/// A change; rows are numbers of things, people numbers of principals.
#[derive(Debug, Clone)]
enum Change {
    Share(usize, usize),
    Revoke(usize, usize),
    Assign(usize, usize),
    Delete(usize),
    Merge(usize, usize),
    Move(usize, usize),
}

const THINGS: usize = 7;
const PRINCIPALS: usize = 4;

prop_compose! {
    fn things()(all in vec((0..TABLES.len(), 0..PRINCIPALS, option::weighted(0.8, 0..THINGS)), THINGS)) -> Vec<Thing> {
        let thing = |(table, owner, about)| Thing { table, owner, about };
        all.into_iter().map(thing).collect()
    }
}

fn change() -> impl Strategy<Value = Change> {
    let row = || 0..THINGS;
    prop_oneof![
        3 => (row(), 0..PRINCIPALS).prop_map(|(row, with)| Change::Share(row, with)),
        1 => (row(), 0..PRINCIPALS).prop_map(|(row, with)| Change::Revoke(row, with)),
        2 => (row(), 0..PRINCIPALS).prop_map(|(row, to)| Change::Assign(row, to)),
        2 => row().prop_map(Change::Delete),
        2 => (row(), row()).prop_map(|(kept, other)| Change::Merge(kept, other)),
        2 => (row(), row()).prop_map(|(row, about)| Change::Move(row, about)),
    ]
}

fn id(number: usize) -> Uuid {
    Uuid::from_u128(0xDEC0_0000 + number as u128)
}

/// An organisation with its people: three users and a team of the first.
struct Org<'a> {
    world: Security,
    users: Vec<Actor>,
    principals: Vec<Reference>,
    things: &'a [Thing],
    decoys: BTreeSet<Reference>,
}

impl<'a> Org<'a> {
    fn new(things: &'a [Thing]) -> Self {
        let world = Security::new();
        let all = |table, depth| grants(table, &Right::ALL, depth);
        let tables = ["Account", "Contact", "Lead", "Note", "Activity"];
        let role = |depth| tables.iter().flat_map(|table| all(table, depth)).collect::<Vec<_>>();
        world.role("Own", &role(Depth::User));
        world.role("Unit", &role(Depth::BusinessUnit));
        let (west, east) = (world.unit("West", world.root()), world.unit("East", world.root()));
        let users: Vec<Actor> = [("ann", west, "Own"), ("bob", west, "Unit"), ("cid", east, "Own")]
            .into_iter()
            .map(|(name, unit, role)| Self::person(&world, name, unit, role))
            .collect();
        let crew = Row::new("team", Uuid::from_u128(0xC4E3))
            .with("name", "Crew")
            .with("businessunitid", Reference::new("businessunit", east));
        let crew = world.admin.create(crew);
        let members = Parameter::References(vec![user(&users[0])]);
        let request = Request::new("AddMembersTeam").with("TeamId", Value::Id(crew));
        world.admin.0.execute(request.with("MemberIds", members)).unwrap();
        let of_crew = world.role_in("Own", east);
        crate::world::associate(&world.admin, team(crew), "teamroles_association", of_crew).unwrap();
        let principals = users.iter().map(user).chain([team(crew)]).collect();
        Self {
            world,
            users,
            principals,
            things,
            decoys: BTreeSet::new(),
        }
    }

    /// A user whose id is the same in every organisation.
    fn person(world: &Security, name: &str, unit: Uuid, role: &str) -> Actor {
        let key = Uuid::from_u128(0xA0_0000 + u128::from(name.as_bytes()[0]));
        let row = Row::new("systemuser", key)
            .with("domainname", name)
            .with("lastname", name)
            .with("businessunitid", Reference::new("businessunit", unit));
        world.admin.create(row);
        let role = world.role_in(role, unit);
        let person = Reference::new("systemuser", key);
        crate::world::associate(&world.admin, person, "systemuserroles_association", role).unwrap();
        world.organisation.actor(name)
    }

    fn admin(&self) -> &Actor {
        &self.world.admin
    }

    fn reference(&self, number: usize) -> Reference {
        Reference::new(TABLES[self.things[number].table].0, id(number))
    }

    /// A thing as a row.
    fn row(&self, number: usize) -> Row {
        let thing = &self.things[number];
        let (table, lookup, _) = TABLES[thing.table];
        let row = named(Row::new(table, id(number)), "real").with("ownerid", self.principals[thing.owner].clone());
        let about = thing
            .about
            .filter(|about| *about < number && self.may_be_about(number, *about));
        match (lookup, about) {
            (Some(lookup), Some(about)) => row.with(lookup, self.reference(about)),
            _ => row,
        }
    }

    fn may_be_about(&self, number: usize, about: usize) -> bool {
        let targets = TABLES[self.things[number].table].2;
        targets.contains(&TABLES[self.things[about].table].0)
    }

    fn build(&self, number: usize) {
        self.admin().create(self.row(number));
    }

    /// Makes a row with the id of a thing, shared with everybody, with a note and a task about it.
    fn decoy(&mut self, table: &str, key: Uuid, owner: usize) {
        let owner = self.principals[owner % PRINCIPALS].clone();
        let row = named(Row::new(table, key), "decoy").with("ownerid", owner);
        let reference = Reference::new(table, self.admin().create(row));
        for principal in self.principals.clone() {
            // Whose it is is not given it.
            let _ = share(
                self.admin(),
                reference.clone(),
                principal,
                "ReadAccess, WriteAccess, DeleteAccess",
            );
        }
        for (of, lookup, targets) in TABLES {
            if matches!(of, "annotation" | "task") && targets.contains(&table) {
                let about = named(Row::unsaved(of), "decoy").with(lookup.unwrap(), reference.clone());
                let made = self.admin().create(about);
                self.decoys.insert(Reference::new(of, made));
            }
        }
        self.decoys.insert(reference);
    }

    /// What was there before, and is gone.
    fn predecessor(&mut self, number: usize) {
        let reference = self.reference(number);
        self.decoy(&reference.table, reference.id, number + 1);
        self.admin().try_delete(&reference.table, reference.id).unwrap();
        self.decoys.remove(&reference);
    }

    /// Rows with that id in every other table.
    fn twins(&mut self, key: Uuid, but: Option<&str>) {
        for (number, (table, ..)) in TABLES.into_iter().enumerate() {
            if Some(table) != but {
                self.decoy(table, key, number);
            }
        }
    }

    /// Decoys are changed and deleted, and made again.
    fn mischief(&mut self, round: usize) {
        let number = round % THINGS;
        let own = self.reference(number);
        let other = TABLES[(self.things[number].table + 1 + round % 4) % TABLES.len()].0;
        if *other == *own.table {
            return;
        }
        let decoy = Reference::new(other, id(number));
        let _ = assign(self.admin(), decoy.clone(), self.principals[round % PRINCIPALS].clone());
        if matches!(other, "account" | "contact" | "lead") && round.is_multiple_of(2) {
            let kept = self.admin().create(named(Row::unsaved(other), "decoy"));
            self.decoys.insert(Reference::new(other, kept));
            let _ = merge(self.admin(), &Reference::new(other, kept), &decoy);
        }
        let _ = self.admin().try_delete(other, decoy.id);
        self.decoy(other, decoy.id, round);
    }

    /// Makes a change; `ok`, or the code.
    fn change(&self, change: &Change) -> String {
        let (row, who) = (
            |number: &usize| self.reference(*number),
            |number: &usize| self.principals[*number].clone(),
        );
        let admin = self.admin();
        match change {
            Change::Share(of, with) => outcome(&share(admin, row(of), who(with), "ReadAccess, WriteAccess")),
            Change::Revoke(of, from) => outcome(&revoke(admin, row(of), who(from))),
            Change::Assign(of, to) => outcome(&assign(admin, row(of), who(to))),
            Change::Delete(of) => outcome(&admin.try_delete(&row(of).table, id(*of))),
            Change::Merge(kept, other) => outcome(&merge(admin, &row(kept), &row(other))),
            Change::Move(of, about) => match TABLES[self.things[*of].table].1 {
                Some(lookup) if self.may_be_about(*of, *about) => {
                    let moved = Row::new(row(of).table, id(*of)).with(lookup, row(about));
                    outcome(&admin.try_update(moved))
                }
                _ => "-".to_owned(),
            },
        }
    }

    /// Every answer to every question, by the question.
    fn answers(&self) -> BTreeMap<String, String> {
        let mut answers = BTreeMap::new();
        let system = self.world.system();
        let everybody = || self.users.iter().chain([self.admin()]);
        for number in 0..THINGS {
            let row = self.reference(number);
            for actor in everybody() {
                let read = actor.try_get(&row.table, row.id).map(|row| told(&row));
                let answer = read.unwrap_or_else(|error| error.code().to_string());
                answers.insert(format!("{} reads {row}", actor.id()), answer);
                let entries = actor.0.execute(timeline::request(row.clone()));
                let entries = entries.map(|response| match response.outputs.get("Entries") {
                    Some(Parameter::Rows(rows)) => format!("{:?}", self.real(rows)),
                    _ => "none".to_owned(),
                });
                let answer = entries.unwrap_or_else(|error| error.code().to_string());
                answers.insert(format!("{} sees the timeline of {row}", actor.id()), answer);
            }
            for principal in &self.principals {
                let request = Request::new("RetrievePrincipalAccess")
                    .with("Target", row.clone())
                    .with("Principal", principal.clone());
                let rights = self
                    .admin()
                    .0
                    .execute(request)
                    .map(|answer| format!("{:?}", answer.outputs));
                let answer = rights.unwrap_or_else(|error| error.code().to_string());
                answers.insert(format!("{principal} may on {row}"), answer);
            }
            let shares = Query::new("principalobjectaccess").filter(Filter::eq("objectid", row.clone()));
            let mut shares: Vec<_> = system.list(shares).iter().map(told).collect();
            shares.sort();
            answers.insert(format!("shares of {row}"), format!("{shares:?}"));
            let history = Filter::eq("objectid", row.clone()).and(Filter::eq("sl_ofearlierrow", true).negated());
            let mut history: Vec<_> = system
                .list(Query::new("audit").filter(history))
                .iter()
                .map(told)
                .collect();
            // What one request records has no order.
            history.sort();
            answers.insert(format!("history of {row}"), format!("{history:?}"));
        }
        for (table, ..) in TABLES {
            for actor in everybody() {
                let listed = self.real(&actor.list(Query::new(table).columns(&[])));
                answers.insert(format!("{} lists {table}", actor.id()), format!("{listed:?}"));
            }
        }
        answers
    }

    /// The rows without the decoys.
    fn real(&self, rows: &[Row]) -> Vec<Reference> {
        let mut real: Vec<_> = rows.iter().map(Row::reference).collect();
        real.retain(|row| !self.decoys.contains(row));
        real.sort();
        real
    }
}

/// A row that has what its table asks for.
fn named(row: Row, name: &str) -> Row {
    let column = match &*row.table {
        "account" => "name",
        "contact" | "lead" => "lastname",
        _ => "subject",
    };
    // No two are duplicates of each other.
    let name = format!("{name} {} {}", row.table, row.id);
    row.with(column, name)
}

fn merge(actor: &Actor, kept: &Reference, other: &Reference) -> Result<(), sluice_model::Error> {
    let request = Request::new("Merge")
        .with("Target", kept.clone())
        .with("SubordinateId", other.clone())
        .with("PerformParentingChecks", Value::Bool(false));
    actor.0.execute(request).map(|_| ())
}

/// What a row says, but for what differs from run to run.
fn told(row: &Row) -> String {
    let said = row.values.iter().filter(|(name, value)| {
        !matches!(value, Value::DateTime(_) | Value::BigInt(_))
            && !matches!(
                &***name,
                "owningbusinessunit" | "createdby" | "modifiedby" | "userid" | "callinguserid" | "transactionid"
            )
    });
    said.map(|(name, value)| format!("{name}={value:?} ")).collect()
}

#[track_caller]
fn same(plain: &BTreeMap<String, String>, among: &BTreeMap<String, String>) {
    for (question, answer) in plain {
        assert_eq!(Some(answer), among.get(question), "{question}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decoys_change_no_answer_and_no_row(
        things in things(),
        changes in vec(change(), 1..8),
        early in select(vec![false, true]),
    ) {
        let (plain, mut among) = (Org::new(&things), Org::new(&things));
        for principal in among.principals.clone() {
            among.twins(principal.id, None);
        }
        for number in 0..THINGS {
            let own = among.reference(number).table;
            if early {
                among.twins(id(number), Some(&own));
            }
            among.predecessor(number);
            plain.build(number);
            among.build(number);
            if !early {
                among.twins(id(number), Some(&own));
            }
        }
        same(&plain.answers(), &among.answers());
        for (round, change) in changes.iter().enumerate() {
            among.mischief(round);
            prop_assert_eq!(plain.change(change), among.change(change), "{:?}", change);
        }
        same(&plain.answers(), &among.answers());
    }
}
