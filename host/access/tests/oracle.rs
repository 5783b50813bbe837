//! Random worlds: the decision, the list's filter and the oracle say the same.

pub mod common;
#[path = "../../../tests/oracle/oracle.rs"]
pub mod oracle;

use common::{answer, ask, ask_oracle, ask_why, column_right, on_behalf, principal, shown_to, table, units, uuid};
use oracle::{
    Answer, Assignment, ColumnPermission, ColumnRight, Company, Depth, Grant, Hierarchy, Id, Manager, Membership,
    Ownership, Position, Right, Role, Row, Share, Team, Unit, User,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use sluice_access::{Principal, PrincipalId, PrivilegeIds, RowScope, Through, list};

const TABLES: [(&str, Ownership); 3] = [
    ("deal", Ownership::User),
    ("systemuser", Ownership::Business),
    ("rate", Ownership::Organization),
];
/// Three rights are enough to tell one privilege from another.
const RIGHTS: [Right; 3] = [Right::Create, Right::Read, Right::Write];
const DEPTHS: [Depth; 4] = [Depth::Basic, Depth::Local, Depth::Deep, Depth::Global];

/// The ids of each sort of thing: few, so that they meet.
fn ids(first: Id, count: Id) -> impl Strategy<Value = Id> + Clone {
    first..first + count
}

fn unit() -> impl Strategy<Value = Id> + Clone {
    ids(100, 5)
}
fn user() -> impl Strategy<Value = Id> + Clone {
    ids(200, 3)
}
fn team() -> impl Strategy<Value = Id> + Clone {
    ids(300, 4)
}
/// The fourth team is the access team, which owns nothing.
fn owner() -> impl Strategy<Value = Id> + Clone {
    prop_oneof![user(), ids(300, 3)]
}
fn role() -> impl Strategy<Value = Id> + Clone {
    ids(400, 4)
}

prop_compose! {
    /// Any parents at all: trees, forests and cycles.
    fn all_units()(parents in vec(option::weighted(0.8, unit()), 5)) -> Vec<Unit> {
        (100..).zip(parents).map(|(id, parent)| Unit { id, parent }).collect()
    }
}

prop_compose! {
    fn all_principals()(
        users in vec(unit(), 3),
        teams in vec(unit(), 4),
        members in vec((user(), team()), 0..6),
    ) -> (Vec<User>, Vec<Team>, Vec<Membership>) {
        let users = (200..).zip(users).map(|(id, unit)| User { id, unit }).collect();
        let teams = (300..).zip(teams).map(|(id, unit)| Team { id, unit, access: id == 303 }).collect();
        (users, teams, members.into_iter().map(|(user, team)| Membership { user, team }).collect())
    }
}

prop_compose! {
    /// Access teams may be given roles here: such roles must count for nothing.
    fn all_roles()(
        inherit in vec((any::<bool>(), unit()), 4),
        assigned in vec((prop_oneof![user(), team()], role()), 0..8),
        granted in vec((role(), select(&TABLES), select(&RIGHTS), select(&DEPTHS)), 0..24),
    ) -> (Vec<Role>, Vec<Assignment>, Vec<Grant>) {
        let roles = (400..).zip(inherit).map(|(id, (members_inherit, unit))| Role { id, members_inherit, unit }).collect();
        let assignments = assigned.into_iter().map(|(holder, role)| Assignment { holder, role }).collect();
        let grant = |(role, (table, _), right, depth)| Grant { role, table, right, depth };
        (roles, assignments, granted.into_iter().map(grant).collect())
    }
}

prop_compose! {
    fn all_rows()(
        deals in vec((owner(), unit()), 5),
        people in vec(unit(), 4),
        shares in vec(
            (ids(500, 5), prop_oneof![user(), team()], vec(select(&RIGHTS[1..]), 0..3), vec(select(&RIGHTS[1..]), 0..3)),
            0..5,
        ),
    ) -> (Vec<Row>, Vec<Share>) {
        let [deal, person, rate] = TABLES;
        let row = |id, (table, ownership), owner, unit| Row { id, table, ownership, owner, unit };
        let mut rows = vec![row(600, rate, None, None)];
        rows.extend((500..).zip(deals).map(|(id, (owner, unit))| row(id, deal, Some(owner), Some(unit))));
        // The first three of these are the users' own rows.
        rows.extend((200..).zip(people).map(|(id, unit)| row(id, person, None, Some(unit))));
        let share = |(row, with, rights, inherited)| Share { row, with, rights, inherited };
        (rows, shares.into_iter().map(share).collect())
    }
}

/// The managers or positions of a world, how many levels they see, and the permissions of profiles.
type Extras = (Hierarchy, usize, Vec<Manager>, Vec<Position>, Vec<ColumnPermission>);

prop_compose! {
    /// Any managers and positions at all: those that form a cycle, too.
    fn all_extras()(
        hierarchy in select(&[Hierarchy::Off, Hierarchy::ByManagers, Hierarchy::ByPositions][..]),
        levels in 1_usize..4,
        managers in vec(option::weighted(0.8, user()), 3),
        parents in vec(option::weighted(0.8, ids(700, 3)), 3),
        held in vec(option::weighted(0.9, 0_usize..3), 3),
        columns in vec((prop_oneof![user(), team()], select(&COLUMNS[..]), select(&COLUMN_RIGHTS[..])), 0..6),
    ) -> Extras {
        let links = (200..).zip(managers);
        let links = links.filter_map(|(user, manager)| Some(Manager { user, manager: manager? }));
        let managers = links.filter(|link| link.user != link.manager).collect();
        let users = |place| (200..).zip(&held).filter(|(_, at)| **at == Some(place)).map(|(user, _)| user).collect();
        let positions = (700..).zip(parents).enumerate();
        let positions = positions.map(|(place, (id, parent))| Position { id, parent, users: users(place) }).collect();
        let permission = |(holder, column, right)| ColumnPermission { holder, table: "deal", column, right };
        (hierarchy, levels, managers, positions, columns.into_iter().map(permission).collect())
    }
}

const COLUMNS: [&str; 2] = ["worth", "margin"];
const COLUMN_RIGHTS: [ColumnRight; 3] = [ColumnRight::Create, ColumnRight::Read, ColumnRight::Update];

prop_compose! {
    fn worlds()(
        units in all_units(),
        (users, teams, memberships) in all_principals(),
        (roles, assignments, grants) in all_roles(),
        (rows, shares) in all_rows(),
        across in any::<bool>(),
        (hierarchy, levels, managers, positions, columns) in all_extras(),
    ) -> Company {
        Company {
            units, users, teams, memberships, roles, assignments, grants, rows, shares,
            across, hierarchy, levels, managers, positions, columns,
        }
    }
}

/// How many worlds are made up: 500, or as many as `SLUICE_WORLDS` says.
fn cases() -> u32 {
    let wanted = std::env::var("SLUICE_WORLDS").ok();
    wanted.and_then(|count| count.parse().ok()).unwrap_or(500)
}

/// The users and one owner team.
const PRINCIPALS: [Id; 4] = [200, 201, 202, 300];

fn has(principals: &[PrincipalId], id: Id) -> bool {
    principals.iter().any(|principal| principal.id == uuid(id))
}

/// The rows of a table that the list shows, found naively; `None` where gate 1 refuses.
fn listed(world: &Company, principal: &Principal, (name, ownership): (&str, Ownership)) -> Option<Vec<Id>> {
    let permit = list(
        principal,
        &units(world),
        &table(name, ownership),
        &PrivilegeIds::default(),
    )
    .ok()?;
    let scope = permit.rows(name).ok()?;
    let shows = |row: &&Row| match &scope {
        RowScope::Everything => true,
        RowScope::Only(filters) => filters.iter().all(|filter| {
            row.owner.is_some_and(|owner| has(&filter.owners, owner))
                || filter
                    .owned_within
                    .iter()
                    .any(|(owner, unit)| row.owner.map(uuid) == Some(owner.id) && row.unit.map(uuid) == Some(*unit))
                || filter.ids.contains(&uuid(row.id))
                || row.unit.is_some_and(|unit| filter.business_units.contains(&uuid(unit)))
                || world.shares.iter().any(|share| {
                    let reads = share.rights.contains(&Right::Read) || share.inherited.contains(&Right::Read);
                    share.row == row.id && reads && has(&filter.shared_with, share.with)
                })
                || world.shares.iter().any(|share| {
                    let reads = share.rights.contains(&Right::Read);
                    share.row == row.id && reads && has(&filter.shared_directly_with, share.with)
                })
        }),
    };
    Some(
        world
            .rows
            .iter()
            .filter(|row| row.table == name)
            .filter(shows)
            .map(|row| row.id)
            .collect(),
    )
}

/// Whether an assignment is the one that a way goes by.
fn is(assignment: &Assignment, principal: Id, through: &Through) -> bool {
    let holder = through.via_team.as_ref().map_or(uuid(principal), |team| team.id);
    let role = through.role.as_ref().map(|role| role.id);
    uuid(assignment.holder) == holder && Some(uuid(assignment.role)) == role
}

/// The world in which the principal has no other role than the one of that way.
fn only(world: &Company, principal: Id, through: &Through) -> Company {
    let mut world = world.clone();
    world
        .assignments
        .retain(|assignment| is(assignment, principal, through));
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decision_and_oracle_agree(world in worlds()) {
        for id in PRINCIPALS {
            let principal = principal(&world, id);
            for row in &world.rows {
                for right in [Right::Create, Right::Read, Right::Write, Right::Delete] {
                    let expected = ask_oracle(&world, id, right, row);
                    let result = ask(&world, &principal, right, row);
                    prop_assert_eq!(answer(&result), Some(expected), "{} {:?} {:?}: {:?}", id, right, row, result);
                }
            }
        }
    }

    /// Who is told why is told what is decided: for each user and row the two gates, the reason that
    /// counts first, and as many ways as there are roles and shares that reach the row alone.
    #[test]
    fn explanation_and_decision_agree(world in worlds()) {
        for id in PRINCIPALS {
            let principal = principal(&world, id);
            for row in &world.rows {
                for right in [Right::Read, Right::Write, Right::Delete] {
                    let decided = ask(&world, &principal, right, row);
                    let explained = ask_why(&world, &principal, right, row);
                    let first = match (explained.privilege, explained.access) {
                        (Ok(_), Some(Ok(reasons))) => Ok(reasons[0].clone()),
                        (Ok(ways), Some(Err(error))) => {
                            prop_assert!(!ways.is_empty());
                            Err(error)
                        }
                        (Err(error), None) => Err(error),
                        other => return Err(TestCaseError::fail(format!("{other:?}"))),
                    };
                    let decided = decided.map(|permit| permit.reason().clone());
                    prop_assert_eq!(format!("{first:?}"), format!("{decided:?}"), "{} {:?} {:?}", id, right, row);
                }
            }
        }
    }

    /// Each way in an explanation is one: a principal with nothing but it passes; and there is no
    /// other: with all of them taken away nobody passes.
    #[test]
    fn every_way_of_an_explanation_is_one(world in worlds()) {
        for id in PRINCIPALS {
            let principal = principal(&world, id);
            for row in &world.rows {
                let explained = ask_why(&world, &principal, Right::Write, row);
                let Some(Ok(reasons)) = explained.access else { continue };
                let roles: Vec<_> = reasons.iter().filter_map(|reason| reason.through()).collect();
                for through in &roles {
                    let alone = only(&world, id, through);
                    let bare = Company { shares: Vec::new(), ..alone };
                    prop_assert_eq!(ask_oracle(&bare, id, Right::Write, row), Answer::Yes, "{:?} {:?}", through, row);
                }
                let mut rest = world.clone();
                rest.assignments.retain(|assignment| !roles.iter().any(|through| is(assignment, id, through)));
                if !reasons.iter().any(|reason| reason.through().is_none()) {
                    prop_assert_ne!(ask_oracle(&rest, id, Right::Write, row), Answer::Yes, "{:?} {:?}", reasons, row);
                }
            }
        }
    }

    /// Who calls on behalf of another one does what both may do, and lists what both may read.
    #[test]
    fn who_calls_on_behalf_does_what_both_may(world in worlds()) {
        for (caller, id) in [(200, 201), (201, 200), (202, 200)] {
            let principal = on_behalf(&world, caller, id);
            for row in &world.rows {
                for right in [Right::Read, Right::Write, Right::Append, Right::Delete] {
                    let expected = oracle::may_on_behalf(&world, caller, id, right, row);
                    let result = ask(&world, &principal, right, row);
                    prop_assert_eq!(answer(&result), Some(expected), "{} for {} {:?} {:?}", caller, id, right, row);
                    let explained = ask_why(&world, &principal, right, row);
                    prop_assert_eq!(explained.passes(), expected == Answer::Yes);
                }
            }
            for of_table in TABLES {
                let rows = world.rows.iter().filter(|row| row.table == of_table.0);
                let answers: Vec<(Id, Answer)> = rows
                    .map(|row| (row.id, oracle::may_on_behalf(&world, caller, id, Right::Read, row)))
                    .collect();
                let passes_gate = answers.iter().all(|(_, answer)| matches!(answer, Answer::Yes | Answer::NoAccess));
                let readable = answers.iter().filter(|(_, answer)| *answer == Answer::Yes);
                let readable = readable.map(|(row, _)| *row).collect();
                prop_assert_eq!(listed(&world, &principal, of_table), passes_gate.then_some(readable));
            }
        }
    }

    /// What a trial reads whoever has it tried may read as well; all else is decided as without them, and what they
    /// were not shown is known afterwards.
    #[test]
    fn a_trial_reads_what_its_reader_may_read(world in worlds()) {
        for (reader, id) in [(200, 201), (201, 200), (202, 200), (200, 200)] {
            let yes = |who: Id, right: Right, row: &Row| ask_oracle(&world, who, right, row) == Answer::Yes;
            for row in &world.rows {
                for right in [Right::Read, Right::Write, Right::Append, Right::Delete] {
                    let (shown, principal) = shown_to(&world, reader, id);
                    let result = ask(&world, &principal, right, row);
                    let expected = yes(id, right, row) && (right != Right::Read || yes(reader, right, row));
                    prop_assert_eq!(result.is_ok(), expected, "{} {} {:?} {:?}: {:?}", reader, id, right, row, result);
                    let unseen = result.is_err_and(|error| error.body().unseen);
                    prop_assert_eq!(unseen, yes(id, right, row) && !expected);
                    prop_assert_eq!(shown.refused().is_some(), unseen);
                }
            }
            for of_table in TABLES {
                let (shown, principal) = shown_to(&world, reader, id);
                let rows = world.rows.iter().filter(|row| row.table == of_table.0);
                let readable = rows.filter(|row| yes(id, Right::Read, row) && yes(reader, Right::Read, row));
                let readable: Vec<Id> = readable.map(|row| row.id).collect();
                match listed(&world, &principal, of_table) {
                    Some(rows) => prop_assert_eq!(rows, readable),
                    None => prop_assert!(listed(&world, &common::principal(&world, id), of_table).is_none() || shown.refused().is_some()),
                }
            }
        }
    }

    /// A secured column is read, made and changed by whom a profile lets, and on behalf of another by
    /// whom profiles of both let.
    #[test]
    fn secured_columns_are_those_of_profiles(world in worlds()) {
        let mut deal = table("deal", Ownership::User);
        for name in COLUMNS.iter().chain(&["open"]) {
            let mut column = sluice_model::ColumnDef::new(name, sluice_model::ColumnType::Bool);
            column.secured = *name != "open";
            deal.columns.push(column);
        }
        for id in PRINCIPALS {
            let (principal, behalf) = (principal(&world, id), on_behalf(&world, 202, id));
            for column in COLUMNS {
                for right in COLUMN_RIGHTS {
                    let own = oracle::may_with_column(&world, id, "deal", column, right);
                    let callers = oracle::may_with_column(&world, 202, "deal", column, right);
                    let right = column_right(right);
                    prop_assert_eq!(principal.may_with_column(&deal, column, right), own);
                    prop_assert_eq!(behalf.may_with_column(&deal, column, right), own && callers);
                    let checked = sluice_access::check_columns(&principal, &deal, right, [&column.into()], uuid(id));
                    prop_assert_eq!(checked.is_ok(), own);
                }
                let read = oracle::may_with_column(&world, id, "deal", column, ColumnRight::Read);
                if let Ok(permit) = list(&principal, &units(&world), &deal, &PrivilegeIds::default()) {
                    prop_assert_eq!(permit.hides("deal", column), !read);
                    prop_assert!(!permit.hides("deal", "open"));
                    let asked = sluice_model::Query::new("deal").order_by(column);
                    prop_assert_eq!(permit.check_query(&asked).is_ok(), read);
                }
            }
        }
    }

    #[test]
    fn list_shows_exactly_what_the_oracle_lets_read(world in worlds()) {
        for id in PRINCIPALS {
            let principal = principal(&world, id);
            for of_table in TABLES {
                let rows = world.rows.iter().filter(|row| row.table == of_table.0);
                let answers: Vec<(Id, Answer)> =
                    rows.map(|row| (row.id, ask_oracle(&world, id, Right::Read, row))).collect();
                let passes_gate = answers.iter().all(|(_, answer)| matches!(answer, Answer::Yes | Answer::NoAccess));
                let readable = answers.iter().filter(|(_, answer)| *answer == Answer::Yes);
                let readable = readable.map(|(row, _)| *row).collect();
                prop_assert_eq!(listed(&world, &principal, of_table), passes_gate.then_some(readable));
            }
        }
    }

    /// What an error calls enough is enough, and nothing shallower is.
    #[test]
    fn the_depth_in_a_refusal_is_the_shallowest_that_helps(world in worlds()) {
        for id in PRINCIPALS {
            let principal = principal(&world, id);
            for row in &world.rows {
                let Err(error) = ask(&world, &principal, Right::Write, row) else { continue };
                let body = error.body();
                let (Some(privilege), Some(needed)) = (&body.privilege, body.depth) else {
                    return Err(TestCaseError::fail(format!("no privilege or depth in {body:?}")));
                };
                for depth in sluice_model::Depth::ALL {
                    let result = ask(&world, &principal.lend(privilege, depth), Right::Write, row);
                    if answer(&Err(error.clone())) == Some(Answer::NoAccess) {
                        prop_assert_eq!(result.is_ok(), depth >= needed, "{:?} {:?}", row, result);
                    } else {
                        // Gate 1 knows no row: lending its depth leads at most to gate 2.
                        prop_assert!(matches!(answer(&result), Some(Answer::Yes | Answer::NoAccess)));
                    }
                }
            }
        }
    }

    /// No role ever takes anything away.
    #[test]
    fn more_roles_never_give_less(world in worlds(), depth in select(&sluice_model::Depth::ALL[..])) {
        for id in PRINCIPALS {
            let principal = principal(&world, id);
            for row in &world.rows {
                if ask(&world, &principal, Right::Read, row).is_ok() {
                    let name = format!("prvRead{}", row.table);
                    prop_assert!(ask(&world, &principal.lend(&name, depth), Right::Read, row).is_ok());
                }
            }
        }
    }
}
