//! Rows that are owned across business units, by the three settings.

use sluice_model::{Code, Depth, Query, Reference, Request, Right, Row, Uuid, Value};
use sluice_platform::{Fix, Reach, prelude::*};
use sluice_tests::Actor;

use crate::world::{Security, assign, associate, disassociate, grants, user};

struct Units {
    world: Security,
    west: Uuid,
    east: Uuid,
    south: Uuid,
}

impl Units {
    fn new() -> Self {
        let world = Security::new();
        let [west, east, south] = ["West", "East", "South"].map(|name| world.unit(name, world.root()));
        let rights: Vec<_> = Right::ALL.into_iter().filter(|right| *right != Right::Delete).collect();
        world.role("Own", &grants("Account", &rights, Depth::User));
        world.role("Unit", &grants("Account", &rights, Depth::BusinessUnit));
        Self {
            world,
            west,
            east,
            south,
        }
    }

    fn set(&self, column: &str, on: impl Into<Value>) {
        let organization = self.world.admin.list(Query::new("organization").columns(&[]));
        let row = Row::new("organization", organization[0].id).with(column, on);
        self.world.admin.update(row);
    }

    /// Gives somebody the role of a unit.
    fn give(&self, to: &Actor, role: &str, of: Uuid) -> Result<(), sluice_model::Error> {
        let role = self.world.role_in(role, of);
        associate(&self.world.admin, user(to), "systemuserroles_association", role)
    }

    fn lies_in(&self, account: Uuid) -> Uuid {
        self.world
            .admin
            .get("account", account)
            .id_of("owningbusinessunit")
            .unwrap()
    }

    fn put(&self, row: Row, into: Uuid) -> Row {
        row.with("owningbusinessunit", Reference::new("businessunit", into))
    }
}

fn account(name: &str) -> Row {
    Row::unsaved("account").with("name", name)
}

fn read(actor: &Actor, account: Uuid) -> bool {
    let one = actor.try_get("account", account).is_ok();
    let listed = actor.list(Query::new("account").columns(&[]));
    assert_eq!(
        listed.iter().any(|row| row.id == account),
        one,
        "the list and the decision say the same"
    );
    one
}

#[test]
fn without_it_a_row_lies_with_its_owner_and_roles_are_of_the_own_unit() {
    let units = Units::new();
    let ann = units.world.user("ann", units.west, &["Own"]);
    let error = units.give(&ann, "Unit", units.east).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80041409");
    let error = ann.try_create(units.put(account("A"), units.east)).unwrap_err();
    assert_eq!(error.code(), Code::READ_ONLY_COLUMN, "{error}");
    let row = units.world.account(user(&ann));
    assert_eq!(units.lies_in(row), units.west);
}

#[test]
fn a_role_reaches_the_rows_of_its_own_unit() {
    let units = Units::new();
    units.set("sl_ownershipacross", true);
    let ann = units.world.user("ann", units.west, &["Own"]);
    let eve = units.world.user("eve", units.east, &["Own"]);
    units.give(&ann, "Unit", units.east).unwrap();
    let of_eve = eve.create(account("Eve's"));
    assert!(read(&ann, of_eve) && read(&eve, of_eve));
    let of_ann = ann.create(account("Ann's"));
    assert_eq!(units.lies_in(of_ann), units.west, "the unit of who makes it");
    assert!(read(&ann, of_ann) && !read(&eve, of_ann));
    // What is made for somebody else lies with who makes it.
    units.give(&ann, "Unit", units.west).unwrap();
    let for_eve = account("For Eve").with("ownerid", user(&eve));
    let for_eve = ann.create(for_eve);
    assert_eq!(units.lies_in(for_eve), units.west);
    assert!(!read(&eve, for_eve), "her role is of East");
    units.give(&eve, "Own", units.west).unwrap();
    assert!(read(&eve, for_eve));
}

#[test]
fn a_row_is_put_where_rows_may_be_attached() {
    let units = Units::new();
    units.set("sl_ownershipacross", true);
    let ann = units.world.user("ann", units.west, &["Own"]);
    units.give(&ann, "Own", units.east).unwrap();
    let there = || units.put(account("There"), units.east);
    let error = ann.try_create(there()).unwrap_err();
    assert_eq!(
        error.body().privilege.as_deref(),
        Some("prvAppendToBusinessUnit"),
        "{error}"
    );
    units.world.role(
        "Attach",
        &grants("BusinessUnit", &[Right::AppendTo], Depth::BusinessUnit),
    );
    units.give(&ann, "Attach", units.west).unwrap();
    let error = ann.try_create(there()).unwrap_err();
    assert_eq!(error.code(), Code::ACCESS_DENIED, "{error}");
    units.give(&ann, "Attach", units.east).unwrap();
    let row = ann.create(there());
    assert_eq!(units.lies_in(row), units.east);
    assert!(read(&ann, row));
    ann.update(units.put(Row::new("account", row), units.west));
    assert_eq!(units.lies_in(row), units.west);
}

#[test]
fn an_assigned_row_moves_or_stays_by_the_setting() {
    for moves in [true, false] {
        let units = Units::new();
        units.set("sl_ownershipacross", true);
        units.set("sl_moverowstoowner", moves);
        let ann = units.world.user("ann", units.west, &["Own"]);
        let eve = units.world.user("eve", units.east, &["Own"]);
        let row = ann.create(account("A"));
        assign(&ann, Reference::new("account", row), user(&eve)).unwrap();
        assert_eq!(units.lies_in(row), if moves { units.east } else { units.west });
        assert_eq!(read(&eve, row), moves, "she holds no role of West");
        if let Err(error) = eve.try_get("account", row) {
            let why = error.body().inner.as_deref().unwrap_or_default();
            assert!(why.contains("lies in a business unit of which no role"), "{why}");
        }
        units.give(&eve, "Own", units.west).unwrap();
        assert!(read(&eve, row));
    }
}

#[test]
fn who_moves_takes_along_what_the_settings_say() {
    for (moves, keeps) in [(true, false), (true, true), (false, false), (false, true)] {
        let units = Units::new();
        units.set("sl_ownershipacross", true);
        units.set("sl_moverowstoowner", moves);
        units.set("sl_keeprolesonmove", keeps);
        let ann = units.world.user("ann", units.west, &["Own"]);
        let row = ann.create(account("A"));
        let to = Reference::new("businessunit", units.east);
        units
            .world
            .admin
            .update(Row::new("systemuser", ann.id()).with("businessunitid", to));
        assert_eq!(units.lies_in(row), if moves { units.east } else { units.west });
        if keeps {
            assert_eq!(read(&ann, row), !moves, "the role is of West");
        } else {
            ann.try_get("account", row).unwrap_err();
        }
        units.give(&ann, "Own", units.east).unwrap();
        assert_eq!(read(&ann, row), moves || keeps);
    }
}

#[test]
fn switched_off_or_emptied_every_row_lies_with_its_owner_again() {
    for off in [Value::Bool(false), Value::Null] {
        let units = Units::new();
        units.set("sl_ownershipacross", true);
        units.set("sl_moverowstoowner", false);
        let ann = units.world.user("ann", units.west, &["Own"]);
        let eve = units.world.user("eve", units.east, &["Own"]);
        units.give(&eve, "Unit", units.west).unwrap();
        let (of_eve, of_ann) = (ann.create(account("E")), ann.create(account("A")));
        assign(&ann, Reference::new("account", of_eve), user(&eve)).unwrap();
        assert_eq!(units.lies_in(of_eve), units.west);
        assert!(read(&eve, of_ann));
        units.set("sl_ownershipacross", off);
        assert_eq!(units.lies_in(of_eve), units.east);
        assert!(read(&eve, of_eve));
        assert!(!read(&eve, of_ann), "a role of another unit counts for nothing");
    }
}

#[test]
fn switched_off_the_organisation_keeps_an_administrator() {
    let units = Units::new();
    units.set("sl_ownershipacross", true);
    let boss = units.world.user("boss", units.west, &[]);
    units.give(&boss, "System Administrator", units.east).unwrap();
    let of_root = units.world.role_in("System Administrator", units.world.root());
    let admin = user(&units.world.admin);
    disassociate(&boss, admin.clone(), "systemuserroles_association", of_root.clone()).unwrap();
    let organization = boss.list(Query::new("organization").columns(&[]));
    let off = Row::new("organization", organization[0].id).with("sl_ownershipacross", false);
    let error = boss.try_update(off.clone()).unwrap_err();
    assert_eq!(error.code(), Code::LAST_ADMINISTRATOR, "{error}");
    associate(&boss, admin, "systemuserroles_association", of_root).unwrap();
    boss.try_update(off).unwrap();
}

/// What helps whoever has the role of another unit only is the same role of the right one, and nothing that opens
/// more: it is tried, and whoever asks why is told.
#[test]
fn the_same_role_of_the_right_unit_is_the_cure() {
    let units = Units::new();
    units.set("sl_ownershipacross", true);
    let eve = units.world.user("eve", units.east, &[]);
    units.give(&eve, "Own", units.west).unwrap();
    let cure = |request: Request| {
        let found = units.world.admin.0.isolate(eve.id(), &request).unwrap();
        let cure = found.cure.unwrap();
        assert!(cure.reach == Reach::Users(1), "{cure:?}");
        let [
            Fix::GiveRole {
                copy,
                role,
                of_unit: unit,
                gives,
                ..
            },
        ] = cure.fixes.as_slice()
        else {
            panic!("{cure:?}")
        };
        assert_eq!((role.as_str(), *gives), ("Own", 0));
        (*copy, unit.clone().unwrap())
    };
    // Where she makes rows: in her own unit.
    let (copy, unit) = cure(Request::create(account("Eve's")));
    assert_eq!(
        (copy, unit.as_str()),
        (units.world.role_in("Own", units.east).id, "East")
    );
    units.give(&eve, "Own", units.east).unwrap();
    let row = eve.create(account("Eve's"));

    // Where her own row lies.
    units
        .world
        .admin
        .update(units.put(Row::new("account", row), units.south));
    assert!(!read(&eve, row));
    let (copy, unit) = cure(Request::retrieve(Reference::new("account", row), &["name"]));
    assert_eq!(
        (copy, unit.as_str()),
        (units.world.role_in("Own", units.south).id, "South")
    );
    let program = units.world.organisation.program();
    let told = program.run(&["access", "why", "eve", "account", &row.to_string()]);
    let told = told.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("a role of the business unit in which the row lies would"),
        "{told}"
    );
    program.json(&["user", "role-add", "eve", &copy.to_string()]);
    assert!(read(&eve, row));
}

/// Whoever holds no role that would do, or none at all, gets one of the unit in which the row lies; what a role brings
/// is counted once, and beside what they hold.
#[test]
fn a_role_that_nobody_held_is_given_of_the_unit_of_the_row() {
    let units = Units::new();
    units.set("sl_ownershipacross", true);
    units.set("sl_moverowstoowner", false);
    units
        .world
        .role("Part", &grants("Account", &[Right::Create, Right::Write], Depth::User));
    let ann = units.world.user("ann", units.west, &["Own"]);
    for (name, roles, brings) in [("eve", &["Part"][..], 5), ("ida", &[], 7)] {
        let user_of = units.world.user(name, units.east, roles);
        // Whoever owns a row reads accounts.
        units.give(&user_of, "Own", units.east).unwrap();
        let row = ann.create(account("A"));
        assign(&ann, Reference::new("account", row), user(&user_of)).unwrap();
        let own = units.world.role_in("Own", units.east);
        disassociate(&units.world.admin, user(&user_of), "systemuserroles_association", own).unwrap();
        assert_eq!(units.lies_in(row), units.west);
        let request = Request::retrieve(Reference::new("account", row), &["name"]);
        let found = units.world.admin.0.isolate(user_of.id(), &request).unwrap();
        let cure = found.cure.unwrap();
        let given = cure.fixes.iter().map(|fix| match fix {
            Fix::GiveRole {
                copy, of_unit, gives, ..
            } => (*copy, of_unit.as_deref(), *gives),
            _ => panic!("{cure:?}"),
        });
        let given: Vec<_> = given.collect();
        let of = |unit| units.world.role_in("Own", unit).id;
        // Whoever has no role at all gets one first.
        let wanted = match roles.is_empty() {
            true => vec![(of(units.east), None, brings), (of(units.west), Some("West"), 0)],
            false => vec![(of(units.west), Some("West"), brings)],
        };
        assert_eq!(given, wanted, "{cure:?}");
        units.give(&user_of, "Own", units.west).unwrap();
        assert!(read(&user_of, row));
    }
}

/// Managers sit in any unit then.
#[test]
fn a_manager_sits_in_any_unit() {
    let units = Units::new();
    let (ann, eve) = (
        units.world.user("ann", units.west, &["Own"]),
        units.world.user("eve", units.east, &["Own"]),
    );
    units.set("ishierarchicalsecuritymodelenabled", true);
    let managed = Row::new("systemuser", ann.id()).with("parentsystemuserid", user(&eve));
    let error = units.world.admin.try_update(managed.clone()).unwrap_err();
    assert_eq!(error.code(), Code::MANAGER_OTHER_UNIT);
    units.set("sl_ownershipacross", true);
    units.world.admin.update(managed);
    let row = ann.create(account("A"));
    assert!(read(&eve, row));
}
