//! Questions inwards: who may do something, and through what. They say what is decided, neither
//! more nor less, and name what the reader may read.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::select};
use sluice_model::{Depth, Filter, Parameter, Query, Reference, Request, Response, Right, Rights, Row, Uuid, Value};
use sluice_tests::Actor;

use crate::world::{Security, associate, grant, grants, share, team, user};

/// The structures of an output.
fn lines(response: Response, output: &str) -> Vec<Row> {
    match response.outputs.get(output) {
        Some(Parameter::Rows(rows)) => rows.clone(),
        other => panic!("{output}: {other:?}"),
    }
}

fn text<'a>(line: &'a Row, column: &str) -> &'a str {
    line.text(column).unwrap_or("-")
}

fn why(reader: &Actor, principal: Reference, target: Reference) -> (Rights, Vec<Row>) {
    let request = Request::new("RetrieveAccessReasons")
        .with("Target", target)
        .with("Principal", principal);
    let response = reader.0.execute(request).unwrap();
    let rights = match response.outputs.get("AccessRights") {
        Some(Parameter::Value(Value::Text(text))) => Rights::parse(text).unwrap(),
        other => panic!("{other:?}"),
    };
    (rights, lines(response, "Reasons"))
}

fn who(reader: &Actor, target: Reference, right: Right) -> Vec<Row> {
    let request = Request::new("RetrievePrincipalsWithAccess")
        .with("Target", target)
        .with("AccessRight", right.access_name().as_str());
    lines(reader.0.execute(request).unwrap(), "Principals")
}

/// `Read: access yes Role Seller 1 West`, of one right.
fn told(all: &[Row], right: Right) -> Vec<String> {
    let of_right = all.iter().filter(|line| text(line, "Right") == right.access_name());
    let one = |line: &Row| {
        let depth = line.int("Depth").map_or("-".to_owned(), |depth| depth.to_string());
        let cells = [
            "Check",
            "Kind",
            "RoleName",
            "TeamName",
            "SharedWithName",
            "From",
            "Code",
        ];
        let cells: Vec<&str> = cells.iter().map(|column| text(line, column)).collect();
        format!("{} depth {depth}", cells.join(" ")).replace(" -", "")
    };
    of_right.map(one).collect()
}

/// Tina of West reads accounts through a role of hers and one of the team Crew of East.
struct Case {
    world: Security,
    tina: Actor,
    crew: Uuid,
    /// Of Tina, and of the administrator.
    accounts: [Reference; 2],
}

impl Case {
    fn new() -> Self {
        let world = Security::new();
        let (west, east) = (world.unit("West", world.root()), world.unit("East", world.root()));
        world.role("Seller", &grants("Account", &[Right::Read, Right::Write], Depth::User));
        world.role("Deep", &[grant("prvReadAccount", Depth::ParentChild)]);
        let tina = world.user("tina", west, &["Seller"]);
        let crew = world.owner_team("Crew", east, &["Deep"], &[&tina]);
        let accounts = [user(&tina), user(&world.admin)].map(|owner| Reference::new("account", world.account(owner)));
        Self {
            world,
            tina,
            crew,
            accounts,
        }
    }
}

#[test]
fn each_right_has_its_two_checks_and_every_way() {
    let case = Case::new();
    let [own, other] = case.accounts.clone();
    let (rights, all) = why(&case.world.admin, user(&case.tina), own);
    assert_eq!(rights.to_string(), "ReadAccess, WriteAccess");
    assert_eq!(
        told(&all, Right::Read),
        [
            "Privilege Deep Crew depth 2",
            "Privilege Seller depth 0",
            "Access Owner Deep Crew depth 2",
            "Access Owner Seller depth 0",
        ]
    );
    assert_eq!(told(&all, Right::Delete), ["Privilege 0x80040220 depth 0"]);

    share(
        &case.world.admin,
        other.clone(),
        user(&case.tina),
        "ReadAccess, DeleteAccess",
    )
    .unwrap();
    let (rights, all) = why(&case.world.admin, user(&case.tina), other.clone());
    assert_eq!(rights, Rights::READ, "a share does not help without the privilege");
    assert_eq!(told(&all, Right::Read)[2..], ["Access Share tina depth"]);
    assert_eq!(
        told(&all, Right::Write),
        ["Privilege Seller depth 0", "Access 0x80048306 depth 3"]
    );
}

#[test]
fn what_is_inherited_says_from_where() {
    let case = Case::new();
    let account = case.accounts[0].clone();
    case.world.role("Reader", &[grant("prvReadContact", Depth::User)]);
    let west = case.world.admin.find("businessunit", "West");
    let role = case.world.role_in("Reader", west);
    associate(&case.world.admin, user(&case.tina), "systemuserroles_association", role).unwrap();
    let contact = case.world.admin.create(
        Row::unsaved("contact")
            .with("lastname", "Below")
            .with("parentcustomerid", account),
    );
    let contact = Reference::new("contact", contact);
    let (_, all) = why(&case.world.admin, user(&case.tina), contact.clone());
    assert_eq!(
        told(&all, Right::Read)[1..],
        ["Access Inherited tina account Litware, Inc. depth"]
    );
    let request = Request::new("RetrieveSharedPrincipalsAndAccess").with("Target", contact);
    let shares = lines(case.world.admin.0.execute(request).unwrap(), "PrincipalAccesses");
    let tinas = shares
        .iter()
        .find(|line| text(line, "PrincipalName") == "tina")
        .unwrap();
    assert_eq!(
        ["AccessMask", "InheritedAccessMask", "From"].map(|column| text(tinas, column)),
        ["None", "ReadAccess", "account Litware, Inc."]
    );
}

#[test]
fn names_are_told_to_those_who_may_read_them() {
    let case = Case::new();
    let own = case.accounts[0].clone();
    // Tina reads accounts, and neither users nor roles nor teams.
    let (rights, all) = why(&case.tina, user(&case.tina), own.clone());
    assert!(rights.has(Right::Read));
    for line in &all {
        for column in ["RoleName", "TeamName", "PrincipalName", "SharedWithName"] {
            assert_eq!(line.text(column), None, "{line:?}");
        }
    }
    assert_eq!(who(&case.tina, own.clone(), Right::Read), []);
    let everybody = who(&case.world.admin, own, Right::Write);
    let names: BTreeSet<&str> = everybody.iter().map(|line| text(line, "PrincipalName")).collect();
    assert_eq!(names, BTreeSet::from(["admin", "tina"]));
}

#[test]
fn a_privilege_has_its_roles_and_its_holders() {
    let case = Case::new();
    let privilege = case.world.admin.find("privilege", "prvReadAccount");
    let request = Request::new("RetrievePrivilegeHolders").with("PrivilegeId", Value::Id(privilege));
    let answer = case.world.admin.0.execute(request).unwrap();
    let holder = |line: &Row| {
        let cells = ["PrincipalName", "RoleName", "TeamName"].map(|column| text(line, column));
        format!("{} {}", cells.join(" "), line.int("Depth").unwrap())
    };
    let roles: Vec<String> = lines(answer.clone(), "Roles").iter().map(holder).collect();
    assert_eq!(roles, ["- Deep - 2", "- Seller - 0", "- System Administrator - 3"]);
    let holders: Vec<String> = lines(answer, "Holders").iter().map(holder).collect();
    assert_eq!(
        holders,
        [
            "admin System Administrator - 3",
            "tina Deep Crew 2",
            "tina Seller - 0",
            "Crew Deep - 2",
        ]
    );
    let request = Request::new("RetrieveUserPrivileges").with("UserId", Value::Id(case.tina.id()));
    let held = lines(case.world.admin.0.execute(request).unwrap(), "RolePrivileges");
    let held: Vec<String> = held
        .iter()
        .map(|line| format!("{} {}", text(line, "PrivilegeName"), holder(line)))
        .collect();
    assert_eq!(
        held,
        [
            "prvReadAccount - Deep Crew 2",
            "prvReadAccount - Seller - 0",
            "prvWriteAccount - Seller - 0",
        ]
    );
    assert!(!case.crew.is_nil());
}

/// What a role holds.
type Held = Vec<(Right, &'static str, Depth)>;

/// A random organisation, in numbers.
#[derive(Debug, Clone)]
struct Plan {
    /// What each role holds, and whether the members of a team inherit it.
    roles: Vec<(Held, bool)>,
    /// The unit of each user, and its roles.
    users: Vec<(usize, [bool; 3])>,
    /// The unit of each team, its roles and its members; the last is an access team.
    teams: Vec<(usize, [bool; 3], [bool; 4])>,
    /// The table of each row, its owner, and the account that it is below.
    rows: Vec<(bool, usize, usize)>,
    /// The row, with whom, and which rights.
    shares: Vec<(usize, usize, Vec<Right>)>,
}

const RIGHTS: [Right; 4] = [Right::Read, Right::Write, Right::Delete, Right::Share];

prop_compose! {
    fn plan()(
        roles in vec((vec((select(&RIGHTS[..]), select(&["Account", "Contact"][..]), select(&Depth::ALL[..])), 1..5), any::<bool>()), 3),
        users in vec((0..4usize, any::<[bool; 3]>()), 4),
        teams in vec((0..4usize, any::<[bool; 3]>(), any::<[bool; 4]>()), 3),
        rows in vec((any::<bool>(), 0..7usize, 0..6usize), 6),
        shares in vec((0..6usize, 0..7usize, vec(select(&RIGHTS[..]), 1..3)), 0..8),
    ) -> Plan {
        Plan { roles, users, teams, rows, shares }
    }
}

/// The organisation of a plan.
struct Built {
    world: Security,
    users: Vec<Actor>,
    teams: Vec<Reference>,
    rows: Vec<Reference>,
}

/// The rows of a plan, each below an earlier one where it can be.
fn rows(world: &Security, plan: &Plan, principals: &[Reference]) -> Vec<Reference> {
    let mut rows: Vec<Reference> = Vec::new();
    for (contact, owner, above) in &plan.rows {
        let row = match contact {
            true => Row::unsaved("contact").with("lastname", "Below"),
            false => Row::unsaved("account").with("name", "Above"),
        };
        let row = match rows.get(*above).filter(|above| *contact && *above.table == *"account") {
            Some(above) => row.with("parentcustomerid", above.clone()),
            None => row,
        };
        // Who may read nothing owns nothing: the row is the administrator's then.
        let owned = row.clone().with("ownerid", principals[*owner].clone());
        let id = world
            .admin
            .try_create(owned)
            .unwrap_or_else(|_| world.admin.create(row.clone()));
        rows.push(Reference::new(row.table, id));
    }
    rows
}

impl Built {
    fn new(plan: &Plan) -> Self {
        let world = Security::new();
        let root = world.root();
        let west = world.unit("West", root);
        let units = [root, west, world.unit("East", root), world.unit("South", west)];
        let names = ["One", "Two", "Three"];
        for (name, (held, inherits)) in names.iter().zip(&plan.roles) {
            let held: Vec<_> = held
                .iter()
                .map(|(right, table, depth)| grant(&format!("prv{}{table}", right.verb()), *depth))
                .collect();
            world.role_with_inheritance(name, &held, i32::from(*inherits));
        }
        let given = |roles: &[bool; 3]| -> Vec<&str> {
            let held = names.iter().zip(roles).filter(|(_, held)| **held);
            held.map(|(name, _)| *name).collect()
        };
        let users: Vec<Actor> = plan
            .users
            .iter()
            .enumerate()
            .map(|(number, (unit, roles))| world.user(&format!("user {number}"), units[*unit], &given(roles)))
            .collect();
        let mut principals: Vec<Reference> = users.iter().map(user).collect();
        for (number, (unit, roles, members)) in plan.teams.iter().enumerate() {
            let members: Vec<&Actor> = users
                .iter()
                .zip(members)
                .filter(|(_, is)| **is)
                .map(|(one, _)| one)
                .collect();
            let name = format!("team {number}");
            let id = match number {
                2 => world.access_team(&name, units[*unit], &members),
                _ => world.owner_team(&name, units[*unit], &given(roles), &members),
            };
            principals.push(team(id));
        }
        let rows = rows(&world, plan, &principals);
        for (row, with, rights) in &plan.shares {
            // The owner's own row is not shared with them.
            let _ = share(
                &world.admin,
                rows[*row].clone(),
                principals[*with].clone(),
                &Rights::of(rights).to_string(),
            );
        }
        let teams = principals.split_off(users.len());
        Self {
            world,
            users,
            teams,
            rows,
        }
    }

    /// Whether the message passes for the user; the trial is rolled back by its own refusal or
    /// changes nothing that is asked about.
    fn passes(&self, actor: &Actor, row: &Reference, right: Right) -> bool {
        let request = match right {
            Right::Read => Request::retrieve(row.clone(), &[]),
            _ => Request::update(Row::new(row.table.clone(), row.id).with("description", "tried")),
        };
        match actor.0.execute(request) {
            Ok(_) => true,
            Err(error) => {
                let code = error.code().to_string();
                assert!(
                    ["0x80040220", "0x80042F09", "0x80048306"].contains(&code.as_str()),
                    "{error}"
                );
                false
            }
        }
    }
}

/// The rights whose access check is told to pass.
fn passing(all: &[Row]) -> Rights {
    let passes = |right: &Right| {
        all.iter().any(|line| {
            text(line, "Right") == right.access_name()
                && text(line, "Check") == "Access"
                && line.bool("Passes") == Some(true)
        })
    };
    Rights::of(&Right::ALL.into_iter().filter(passes).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// For every user and row: who is told why, who is listed, what a list shows and what a message
    /// lets pass are the same.
    #[test]
    fn what_is_told_is_what_is_decided(plan in plan()) {
        let built = Built::new(&plan);
        let admin = &built.world.admin;
        for row in &built.rows {
            let listed: Vec<(Right, BTreeSet<Option<Uuid>>)> = RIGHTS
                .map(|right| (right, who(admin, row.clone(), right).iter().map(|line| line.id_of("PrincipalId")).collect()))
                .to_vec();
            for actor in &built.users {
                let (rights, all) = why(admin, user(actor), row.clone());
                prop_assert_eq!(rights, passing(&all));
                for (right, listed) in &listed {
                    prop_assert_eq!(listed.contains(&Some(actor.id())), rights.has(*right), "{:?} {:?}", right, all);
                }
                let reads = built.passes(actor, row, Right::Read);
                prop_assert_eq!(reads, rights.has(Right::Read), "{:?}", all);
                prop_assert_eq!(built.passes(actor, row, Right::Write), rights.has(Right::Write), "{:?}", all);
                let query = Query::new(row.table.clone()).columns(&[]).filter(Filter::eq(
                    &format!("{}id", row.table),
                    row.id,
                ));
                let shown = actor.0.list(query).map_or(0, |rows| rows.len());
                prop_assert_eq!(shown, usize::from(reads));
            }
            for team in &built.teams {
                let (rights, _) = why(admin, team.clone(), row.clone());
                for (right, listed) in &listed {
                    prop_assert_eq!(listed.contains(&Some(team.id)), rights.has(*right), "{:?} {}", right, team);
                }
            }
        }
    }
}
