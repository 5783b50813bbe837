//! Random administrations by random people: whatever they try, the organisation keeps an
//! administrator, its root and its tree, and nobody has more than somebody could give.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sluice_model::{Depth, Error, Filter, Parameter, Query, Reference, Request, Right, Row, Uuid, Value};
use sluice_tests::Actor;

use crate::world::{Security, add_privileges, grants, team, user};

const PRIVILEGES: [&str; 3] = ["prvReadAccount", "prvWriteAccount", "prvReadContact"];

/// Something that somebody tries; numbers choose among what there is.
#[derive(Debug, Clone)]
enum Act {
    MoveUser(usize, usize),
    MoveTeam(usize, usize),
    MoveUnit(usize, usize),
    UserRole(bool, usize, usize),
    TeamRole(bool, usize, usize),
    Member(bool, usize, usize),
    Disable(usize, bool),
    Mode(usize, i32),
    DisableUnit(usize, bool),
    NewUnit(usize),
    DeleteUnit(usize),
    DeleteTeam(usize),
    DeleteRole(usize),
    NewRole(usize),
    Grant(usize, usize, usize),
    Revoke(usize, usize),
    Manager(usize, usize),
}

fn act() -> impl Strategy<Value = Act> {
    let (n, b) = (0..64usize, any::<bool>());
    prop_oneof![
        2 => (n.clone(), n.clone()).prop_map(|(a, b)| Act::MoveUser(a, b)),
        1 => (n.clone(), n.clone()).prop_map(|(a, b)| Act::MoveTeam(a, b)),
        2 => (n.clone(), n.clone()).prop_map(|(a, b)| Act::MoveUnit(a, b)),
        3 => (b, n.clone(), n.clone()).prop_map(|(give, a, b)| Act::UserRole(give, a, b)),
        2 => (b, n.clone(), n.clone()).prop_map(|(give, a, b)| Act::TeamRole(give, a, b)),
        2 => (b, n.clone(), n.clone()).prop_map(|(add, a, b)| Act::Member(add, a, b)),
        1 => (n.clone(), b).prop_map(|(a, off)| Act::Disable(a, off)),
        1 => (n.clone(), 0..5).prop_map(|(a, mode)| Act::Mode(a, mode)),
        1 => (n.clone(), b).prop_map(|(a, off)| Act::DisableUnit(a, off)),
        1 => n.clone().prop_map(Act::NewUnit),
        1 => n.clone().prop_map(Act::DeleteUnit),
        1 => n.clone().prop_map(Act::DeleteTeam),
        1 => n.clone().prop_map(Act::DeleteRole),
        1 => n.clone().prop_map(Act::NewRole),
        3 => (n.clone(), n.clone(), 0..4usize).prop_map(|(a, b, depth)| Act::Grant(a, b, depth)),
        1 => (n.clone(), n.clone()).prop_map(|(a, b)| Act::Revoke(a, b)),
        1 => (n.clone(), n).prop_map(|(a, b)| Act::Manager(a, b)),
    ]
}

/// What somebody holds: a privilege (a role that holds all of them is one, too), its depth, the unit.
type Held = BTreeSet<(Uuid, i32, Uuid)>;

struct Office {
    world: Security,
    people: Vec<Actor>,
    system: Actor,
}

impl Office {
    fn new() -> Self {
        let world = Security::new();
        let l1 = world.unit("L1", world.root());
        let l2 = world.unit("L2", l1);
        let s = world.unit("S", world.root());
        let everything = |depth: Depth| {
            let keep = ["User", "Role", "Team", "BusinessUnit"].map(|table| grants(table, &Right::ALL, depth));
            let named = [
                "prvReparentUser",
                "prvReparentTeam",
                "prvReparentBusinessUnit",
                "prvDisableUser",
                "prvDisableBusinessUnit",
            ]
            .map(|privilege| (privilege.to_owned(), Depth::Organization));
            [
                keep.concat(),
                named.to_vec(),
                grants("Privilege", &[Right::Read], Depth::Organization),
            ]
            .concat()
        };
        let account = |depth: Depth| grants("Account", &[Right::Read, Right::Write], depth);
        world.role(
            "Wide",
            &[everything(Depth::Organization), account(Depth::BusinessUnit)].concat(),
        );
        world.role(
            "Narrow",
            &[everything(Depth::ParentChild), account(Depth::ParentChild)].concat(),
        );
        world.role("Reader", &account(Depth::User));
        let people = vec![
            world.admin.clone(),
            world.user("wide", world.root(), &["Wide"]),
            world.user("narrow", l1, &["Narrow"]),
            world.user("reader", l2, &["Reader"]),
            world.user("aside", s, &["Narrow"]),
        ];
        world.owner_team("Crew", l1, &["Reader"], &[&people[2]]);
        world.owner_team("Bosses", s, &["System Administrator"], &[]);
        for one in &people[1..] {
            world.account(user(one));
        }
        world.account(team(world.admin.find("team", "Crew")));
        let system = world.system();
        Self { world, people, system }
    }

    fn rows(&self, table: &str) -> Vec<Row> {
        self.system.list(Query::new(table))
    }

    /// The row that a number chooses.
    fn pick(&self, table: &str, number: usize) -> Reference {
        let ids: Vec<Uuid> = self.world.ids(table, Filter::All).into_iter().collect();
        Reference::new(table, ids[number % ids.len()])
    }

    fn link(&self, give: bool, target: Reference, relationship: &str, related: Reference) -> Request {
        Request::new(if give { "Associate" } else { "Disassociate" })
            .with("Target", target)
            .with("Relationship", relationship)
            .with("RelatedEntities", Parameter::References(vec![related]))
    }

    /// A role that the number chooses among those of the holder's unit.
    fn role_for(&self, holder: &Reference, number: usize) -> Reference {
        let unit = self
            .system
            .get(&holder.table, holder.id)
            .id_of("businessunitid")
            .unwrap();
        let roles: Vec<Uuid> = self
            .world
            .ids("role", Filter::eq("businessunitid", unit))
            .into_iter()
            .collect();
        Reference::new("role", roles[number % roles.len()])
    }

    fn request(&self, act: &Act) -> Request {
        let change = |row: Reference, column: &str, value: Value| {
            Request::update(Row::new(row.table, row.id).with(column, value))
        };
        let unit = |number: usize| self.pick("businessunit", number);
        match *act {
            Act::MoveUser(who, to) => change(self.pick("systemuser", who), "businessunitid", unit(to).into()),
            Act::MoveTeam(which, to) => change(self.pick("team", which), "businessunitid", unit(to).into()),
            Act::MoveUnit(which, to) => change(unit(which), "parentbusinessunitid", unit(to).into()),
            Act::UserRole(give, who, role) => {
                let who = self.pick("systemuser", who);
                let role = self.role_for(&who, role);
                self.link(give, who, "systemuserroles_association", role)
            }
            Act::TeamRole(give, which, role) => {
                let which = self.pick("team", which);
                let role = self.role_for(&which, role);
                self.link(give, which, "teamroles_association", role)
            }
            Act::Member(add, which, who) => {
                let (which, who) = (self.pick("team", which), self.pick("systemuser", who));
                self.link(add, which, "teammembership_association", who)
            }
            Act::Disable(who, off) => change(self.pick("systemuser", who), "isdisabled", off.into()),
            Act::Mode(who, mode) => change(self.pick("systemuser", who), "accessmode", Value::Choice(mode)),
            Act::DisableUnit(which, off) => change(unit(which), "isdisabled", off.into()),
            Act::NewUnit(below) => {
                let row = Row::unsaved("businessunit").with("name", Uuid::from_u128(below as u128).to_string());
                Request::create(row.with("parentbusinessunitid", unit(below)))
            }
            Act::DeleteUnit(which) => Request::delete(unit(which)),
            Act::DeleteTeam(which) => Request::delete(self.pick("team", which)),
            Act::DeleteRole(which) => Request::delete(self.pick("role", which)),
            Act::NewRole(of) => {
                let row = Row::unsaved("role").with("name", Uuid::from_u128(of as u128).to_string());
                Request::create(row.with("businessunitid", unit(of)))
            }
            Act::Grant(role, privilege, depth) => {
                let privilege = PRIVILEGES[privilege % PRIVILEGES.len()].to_owned();
                add_privileges(self.pick("role", role).id, &[(privilege, Depth::ALL[depth])])
            }
            Act::Revoke(role, privilege) => {
                let role = self.pick("role", role).id;
                self.world
                    .remove_privilege(role, PRIVILEGES[privilege % PRIVILEGES.len()])
            }
            Act::Manager(who, by) => {
                let manager = self.pick("systemuser", by).into();
                change(self.pick("systemuser", who), "parentsystemuserid", manager)
            }
        }
    }

    fn parents(&self) -> BTreeMap<Uuid, Option<Uuid>> {
        let units = self.rows("businessunit");
        units
            .iter()
            .map(|row| (row.id, row.id_of("parentbusinessunitid")))
            .collect()
    }

    /// What each user holds, directly and through owner teams.
    fn held(&self) -> BTreeMap<Uuid, Held> {
        let unit_of: BTreeMap<Uuid, Uuid> = self
            .rows("role")
            .iter()
            .map(|role| (role.id, role.id_of("businessunitid").unwrap()))
            .collect();
        let administrators = self.world.ids("role", Filter::eq("name", "System Administrator"));
        let mut privileges: BTreeMap<Uuid, Held> = BTreeMap::new();
        for role in &administrators {
            let all = (Uuid::nil(), Depth::Organization.mask(), unit_of[role]);
            privileges.entry(*role).or_default().insert(all);
        }
        for row in self.rows("roleprivileges") {
            let role = row.id_of("roleid").unwrap();
            if !administrators.contains(&role) {
                let one = (
                    row.id_of("privilegeid").unwrap(),
                    row.int("privilegedepthmask").unwrap(),
                    unit_of[&role],
                );
                privileges.entry(role).or_default().insert(one);
            }
        }
        let mut held: BTreeMap<Uuid, Held> = BTreeMap::new();
        let mut give = |who: Uuid, role: Uuid| {
            let of_role = privileges.get(&role).cloned().unwrap_or_default();
            held.entry(who).or_default().extend(of_role);
        };
        for row in self.rows("systemuserroles") {
            give(row.id_of("systemuserid").unwrap(), row.id_of("roleid").unwrap());
        }
        let members = self.rows("teammembership");
        for row in self.rows("teamroles") {
            let of_team = members
                .iter()
                .filter(|member| member.id_of("teamid") == row.id_of("teamid"));
            for member in of_team {
                give(member.id_of("systemuserid").unwrap(), row.id_of("roleid").unwrap());
            }
        }
        held
    }

    /// What must hold of every organisation at any time.
    fn check(&self) {
        let parents = self.parents();
        let roots: Vec<&Uuid> = parents
            .iter()
            .filter(|(_, parent)| parent.is_none())
            .map(|(id, _)| id)
            .collect();
        assert_eq!(roots, [&self.world.root()]);
        assert!(
            parents.keys().all(|unit| is_below(&parents, *unit, *roots[0])),
            "a loop"
        );
        let users = self.rows("systemuser");
        let teams = self.rows("team");
        let lies: BTreeMap<Uuid, Uuid> = users
            .iter()
            .chain(&teams)
            .map(|row| (row.id, row.id_of("businessunitid").unwrap()))
            .collect();
        self.check_administrator(&parents, &users);
        self.check_memberships(&users, &teams, &lies);
        for user in &users {
            if let Some(manager) = user.id_of("parentsystemuserid") {
                assert!(
                    is_below(&parents, lies[&user.id], lies[&manager]),
                    "a manager of another unit"
                );
            }
        }
        for row in self.rows("account") {
            assert_eq!(
                row.id_of("owningbusinessunit"),
                lies.get(&row.id_of("ownerid").unwrap()).copied()
            );
        }
        self.check_copies(&parents);
    }

    fn check_administrator(&self, parents: &BTreeMap<Uuid, Option<Uuid>>, users: &[Row]) {
        let disabled = self.world.ids("businessunit", Filter::eq("isdisabled", true));
        let stopped = |unit: Uuid| disabled.iter().any(|off| is_below(parents, unit, *off));
        let held = self.held();
        let usable = users.iter().any(|user| {
            user.id != self.system.id()
                && user.bool("isdisabled") != Some(true)
                && user.int("accessmode") == Some(0)
                && !stopped(user.id_of("businessunitid").unwrap())
                && held
                    .get(&user.id)
                    .is_some_and(|held| held.iter().any(|one| one.0.is_nil() && !stopped(one.2)))
        });
        assert!(usable, "nobody can administer the organisation");
    }

    fn check_memberships(&self, users: &[Row], teams: &[Row], lies: &BTreeMap<Uuid, Uuid>) {
        let default: BTreeSet<Uuid> = teams
            .iter()
            .filter(|team| team.bool("isdefault") == Some(true))
            .map(|team| team.id)
            .collect();
        let members = self.rows("teammembership");
        for user in users {
            let own: Vec<Uuid> = members
                .iter()
                .filter(|row| row.id_of("systemuserid") == Some(user.id))
                .filter_map(|row| row.id_of("teamid").filter(|team| default.contains(team)))
                .map(|team| lies[&team])
                .collect();
            assert_eq!(
                own,
                [lies[&user.id]],
                "the default team of {:?}",
                user.text("domainname")
            );
        }
        for (table, holder) in [("systemuserroles", "systemuserid"), ("teamroles", "teamid")] {
            for row in self.rows(table) {
                let role = self.system.get("role", row.id_of("roleid").unwrap());
                assert_eq!(
                    role.id_of("businessunitid"),
                    lies.get(&row.id_of(holder).unwrap()).copied()
                );
            }
        }
    }

    /// Each unit has one copy of each role of the unit above, hung on it, with the same privileges.
    fn check_copies(&self, parents: &BTreeMap<Uuid, Option<Uuid>>) {
        let roles = self.rows("role");
        let mut privileges: BTreeMap<Uuid, BTreeSet<(Uuid, i32)>> = BTreeMap::new();
        for row in self.rows("roleprivileges") {
            let one = (
                row.id_of("privilegeid").unwrap(),
                row.int("privilegedepthmask").unwrap(),
            );
            privileges.entry(row.id_of("roleid").unwrap()).or_default().insert(one);
        }
        let of = |unit: Uuid| {
            roles
                .iter()
                .filter(move |role| role.id_of("businessunitid") == Some(unit))
        };
        for (unit, parent) in parents {
            let Some(parent) = parent else { continue };
            for above in of(*parent) {
                let copies: Vec<&Row> = of(*unit)
                    .filter(|role| role.id_of("parentroleid") == Some(above.id))
                    .collect();
                assert_eq!(copies.len(), 1, "copies of {:?}", above.text("name"));
                assert_eq!(copies[0].id_of("parentrootroleid"), above.id_of("parentrootroleid"));
                assert_eq!(privileges.get(&copies[0].id), privileges.get(&above.id));
            }
            let copied = of(*unit).filter(|role| role.lookup("parentroleid").is_some()).count();
            assert_eq!(copied, of(*parent).count(), "copies of what is not above");
        }
    }
}

fn is_below(parents: &BTreeMap<Uuid, Option<Uuid>>, unit: Uuid, of: Uuid) -> bool {
    std::iter::successors(Some(unit), |unit| parents.get(unit).copied().flatten())
        .take(parents.len() + 1)
        .any(|unit| unit == of)
}

/// Whether somebody who holds `held` could give it.
fn could_give(parents: &BTreeMap<Uuid, Option<Uuid>>, held: &Held, home: Uuid, given: (Uuid, i32, Uuid)) -> bool {
    held.iter().any(|(privilege, depth, unit)| {
        let everything = privilege.is_nil();
        let reaches = match depth {
            8 => true,
            4 => is_below(parents, given.2, *unit),
            2 => given.2 == *unit,
            _ => given.2 == *unit || given.2 == home,
        };
        everything || (*privilege == given.0 && *depth >= given.1 && reaches)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_try(acts in prop::collection::vec((0..64usize, act()), 24)) {
        let office = Office::new();
        for (who, act) in acts {
            let actor = &office.people[who % office.people.len()];
            let (parents, before) = (office.parents(), office.held());
            let home = office.system.get("systemuser", actor.id()).id_of("businessunitid").unwrap();
            let own = before.get(&actor.id()).cloned().unwrap_or_default();
            let done: Result<_, Error> = actor.0.execute(office.request(&act));
            office.check();
            for (user, held) in office.held() {
                let had = before.get(&user).cloned().unwrap_or_default();
                for one in held.difference(&had) {
                    prop_assert!(could_give(&parents, &own, home, *one), "{act:?} gave {user} {one:?}: {done:?}");
                }
            }
        }
    }
}
