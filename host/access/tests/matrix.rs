//! The privilege matrix of a tiny organisation, as a golden file: every principal, every
//! row, every right. Asked of the decision and of the oracle; both must print the same.
//!
//! If you are here because this failed: a rule of access changed. Read the difference line by
//! line; if it is what you meant, `UPDATE_GOLDEN=1 cargo test -p sluice-access --test matrix`.

pub mod common;
#[path = "../../../tests/oracle/oracle.rs"]
pub mod oracle;

use std::fmt::Write;

use common::{RIGHTS, answer, ask, ask_oracle, principal};
use oracle::{
    Answer, Assignment, Company, Depth, Grant, Id, Membership, Ownership, Right, Role, Row, Share, Team, Unit, User,
};

const CONTOSO: Id = 1;
const WEST: Id = 2;
const EAST: Id = 3;

const COLE: Id = 20;
const EVE: Id = 21;
const BOSS: Id = 22;

const CREW: Id = 30;
const BAND: Id = 31;
const DESK: Id = 32;
const GUESTS: Id = 33;

/// Who asks: id, what the reader needs to know, unit.
const ASKERS: [(Id, &str, Id); 12] = [
    (10, "no role (West), shared row", WEST),
    (11, "role for another table (West), shared row", WEST),
    (12, "User (West)", WEST),
    (13, "Business Unit (West)", WEST),
    (14, "Parent: Child (West)", WEST),
    (15, "Parent: Child (Contoso)", CONTOSO),
    (16, "Organization (West)", WEST),
    (17, "User via Crew, team privileges only (West)", WEST),
    (18, "User via Band, direct inheritance (West)", WEST),
    (19, "Business Unit via Desk in East (West)", WEST),
    (23, "User, in access team Guests (West)", WEST),
    (24, "reads all, else User (West), shared row", WEST),
];

const DEAL: (&str, Ownership) = ("deal", Ownership::User);
const PERSON: (&str, Ownership) = ("systemuser", Ownership::Business);
const RATE: (&str, Ownership) = ("rate", Ownership::Organization);

fn row(id: Id, (table, ownership): (&'static str, Ownership), owner: Option<Id>, unit: Option<Id>) -> Row {
    Row {
        id,
        table,
        ownership,
        owner,
        unit,
    }
}

/// The rows, as seen by one asker: its own come first.
fn rows(asker: Id, unit: Id) -> Vec<(&'static str, Row)> {
    vec![
        ("deal of mine", row(50, DEAL, Some(asker), Some(unit))),
        ("deal of mine, moved to East", row(51, DEAL, Some(asker), Some(EAST))),
        ("deal of Crew (East)", row(52, DEAL, Some(CREW), Some(EAST))),
        ("deal of Band (East)", row(53, DEAL, Some(BAND), Some(EAST))),
        ("deal in Contoso", row(54, DEAL, Some(BOSS), Some(CONTOSO))),
        ("deal in West", row(55, DEAL, Some(COLE), Some(WEST))),
        ("deal in East", row(56, DEAL, Some(EVE), Some(EAST))),
        (
            "deal in East, shared to read and write",
            row(57, DEAL, Some(EVE), Some(EAST)),
        ),
        ("my own person", row(asker, PERSON, None, Some(unit))),
        ("person in West", row(COLE, PERSON, None, Some(WEST))),
        ("person in East", row(EVE, PERSON, None, Some(EAST))),
        ("rate of the organisation", row(60, RATE, None, None)),
    ]
}

fn world() -> Company {
    let unit = |id, parent| Unit { id, parent };
    let team = |id, access| Team { id, unit: EAST, access };
    let assign = |holder, role| Assignment { holder, role };
    let share = |with| Share {
        row: 57,
        with,
        rights: vec![Right::Read, Right::Write],
        inherited: Vec::new(),
    };
    let colleagues = [(COLE, WEST), (EVE, EAST), (BOSS, CONTOSO)];
    let askers = ASKERS.map(|(id, _, unit)| (id, unit));
    Company {
        units: vec![
            unit(CONTOSO, None),
            unit(WEST, Some(CONTOSO)),
            unit(EAST, Some(CONTOSO)),
        ],
        users: askers
            .into_iter()
            .chain(colleagues)
            .map(|(id, unit)| User { id, unit })
            .collect(),
        teams: vec![
            team(CREW, false),
            team(BAND, false),
            team(DESK, false),
            team(GUESTS, true),
        ],
        memberships: [(17, CREW), (18, BAND), (19, DESK), (23, GUESTS)]
            .map(|(user, team)| Membership { user, team })
            .to_vec(),
        roles: (40..47)
            .map(|id| Role {
                id,
                members_inherit: id != 45,
                unit: EAST,
            })
            .collect(),
        assignments: vec![
            assign(11, 44),
            assign(12, 40),
            assign(13, 41),
            assign(14, 42),
            assign(15, 42),
            assign(16, 43),
            assign(CREW, 45),
            assign(BAND, 40),
            assign(DESK, 41),
            assign(23, 40),
            assign(24, 46),
        ],
        grants: grants(),
        rows: Vec::new(),
        shares: vec![share(10), share(11), share(24), share(GUESTS)],
        ..Company::default()
    }
}

/// Roles 40 to 43 give everything at one depth, and Read of the organisation's table; 43
/// gives that table altogether. 44 gives another table, 45 is 40 for "team privileges only",
/// 46 reads everything and does the rest at User depth.
fn grants() -> Vec<Grant> {
    let mut grants = vec![Grant {
        role: 44,
        table: "other",
        right: Right::Read,
        depth: Depth::Global,
    }];
    let by_depth = [
        (40, Depth::Basic),
        (41, Depth::Local),
        (42, Depth::Deep),
        (43, Depth::Global),
        (45, Depth::Basic),
    ];
    for right in RIGHTS {
        for (role, depth) in by_depth {
            grants.push(Grant {
                role,
                table: DEAL.0,
                right,
                depth,
            });
            grants.push(Grant {
                role,
                table: PERSON.0,
                right,
                depth,
            });
            if right == Right::Read || depth == Depth::Global {
                grants.push(Grant {
                    role,
                    table: RATE.0,
                    right,
                    depth: Depth::Global,
                });
            }
        }
        let depth = if right == Right::Read {
            Depth::Global
        } else {
            Depth::Basic
        };
        grants.push(Grant {
            role: 46,
            table: DEAL.0,
            right,
            depth,
        });
    }
    grants
}

/// The matrix, with the answers that `ask` gives.
fn matrix(ask: impl Fn(Id, Right, &Row) -> Option<Answer>) -> String {
    let mut text = String::from(
        "yes      granted\n\
         shallow  0x80048306: the privilege is held, and does not reach the row\n\
         missing  0x80040220: the privilege is held at no depth\n\
         roleless 0x80042F09: no role at all\n",
    );
    let header: String = RIGHTS
        .iter()
        .map(|right| format!(" {:<9}", format!("{right:?}")))
        .collect();
    for (asker, about, unit) in ASKERS {
        let _ = writeln!(text, "\n{}", format!("{about:<42}{header}").trim_end());
        for (label, row) in rows(asker, unit) {
            let cells = RIGHTS.iter().map(|right| match ask(asker, *right, &row) {
                Some(Answer::Yes) => "yes",
                Some(Answer::NoAccess) => "shallow",
                Some(Answer::NoPrivilege) => "missing",
                Some(Answer::NoRoles) => "roleless",
                None => "ERROR",
            });
            let cells: String = cells.map(|cell| format!(" {cell:<9}")).collect();
            let _ = writeln!(text, "{}", format!("  {label:<40}{cells}").trim_end());
        }
    }
    text
}

#[test]
fn the_matrix_is_the_golden_one_and_the_oracles() {
    let world = world();
    let decided = matrix(|asker, right, row| answer(&ask(&world, &principal(&world, asker), right, row)));
    let expected = matrix(|asker, right, row| Some(ask_oracle(&world, asker, right, row)));
    assert!(decided == expected, "decision:\n{decided}\noracle:\n{expected}");

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/matrix.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &decided).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    for (number, (now, before)) in decided.lines().zip(golden.lines()).enumerate() {
        assert_eq!(
            now,
            before,
            "line {} of {path}; UPDATE_GOLDEN=1 rewrites it",
            number + 1
        );
    }
    assert!(
        decided == golden,
        "{path} has another length; UPDATE_GOLDEN=1 rewrites it"
    );
}
