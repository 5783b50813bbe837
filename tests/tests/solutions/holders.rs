//! Roles and column profiles of a name that is taken where a solution arrives: whoever has one gets nothing by it
//! unseen.

use sluice_model::{Code, Remedy};
use sluice_platform::{ImportOptions, prelude::*};

use crate::world::{Site, says};

/// Files with a role and a column profile, and the privilege granted by a second version as well.
fn vendor(managed: bool) -> [Vec<u8>; 2] {
    let from = Site::sample();
    from.all(&[
        "role create Vendor",
        "role grant Vendor prvReadAccount org",
        "column update account creditlimit --secured yes",
        "profile create Finance",
        "profile grant Finance account creditlimit read",
    ]);
    let components = ["role Vendor", "column-profile Finance"];
    let first = from.export("Sol", "1.0", &components, managed);
    from.all(&[
        "role grant Vendor prvReadContact org",
        "profile grant Finance account creditlimit read update",
    ]);
    [first, from.export("Sol", "1.1", &components, managed)]
}

/// Where it arrives: somebody may make roles of a unit, and profiles.
fn customer() -> Site {
    let to = Site::sample();
    to.all(&[
        "column update account creditlimit --secured yes",
        "user create mallory --bu West",
    ]);
    to
}

fn to_holders() -> ImportOptions {
    ImportOptions {
        to_holders: true,
        ..ImportOptions::default()
    }
}

#[test]
fn a_role_of_another_unit_is_another_role() {
    for managed in [false, true] {
        let [file, _] = vendor(managed);
        let to = customer();
        to.all(&["role create Vendor --bu West", "user role-add mallory Vendor"]);
        for options in [ImportOptions::default(), to_holders()] {
            let refused = to.admin.0.import_solution_with(&file, options);
            says(refused, Code::IMPORT_FAILED, "below the root");
        }
        to.refused("row list account --as mallory");
    }
}

#[test]
fn who_has_what_is_there_gets_no_more_unseen() {
    for managed in [false, true] {
        let [first, second] = vendor(managed);
        let to = customer();
        to.all(&["role create Vendor", "user role-add mallory Vendor"]);
        let refused = to.admin.0.import_solution(&first, false);
        assert!(
            refused
                .as_ref()
                .unwrap_err()
                .remedies()
                .contains(&Remedy::ImportToHolders)
        );
        says(refused, Code::IMPORT_FAILED, "mallory");
        to.refused("row list account --as mallory");
        to.all(&[
            "user role-remove mallory Vendor",
            "profile create Finance",
            "profile member-add Finance mallory",
        ]);
        says(
            to.admin.0.import_solution(&first, false),
            Code::IMPORT_FAILED,
            "mallory",
        );
        let done = to.admin.0.import_solution_with(&first, to_holders()).unwrap();
        let [reached] = done.reached.as_slice() else {
            panic!("{done:?}");
        };
        assert_eq!((reached.name.as_str(), reached.who().as_str()), ("Finance", "mallory"));
        // What came by a managed solution is its own from then on.
        match managed {
            true => assert!(to.import(&second).reached.is_empty()),
            false => says(
                to.admin.0.import_solution(&second, false),
                Code::IMPORT_FAILED,
                "mallory",
            ),
        }
    }
}

/// What gives nobody more needs no word, nor does what nobody has.
#[test]
fn what_gives_nobody_more_arrives() {
    let [first, second] = vendor(false);
    let to = customer();
    to.all(&["role create Vendor", "profile create Finance"]);
    assert!(to.import(&second).reached.is_empty());
    to.all(&["user role-add mallory Vendor", "profile member-add Finance mallory"]);
    assert!(to.import(&second).reached.is_empty());
    // Less is given.
    assert!(to.import(&first).reached.is_empty());
}

/// Another managed solution's books do not count for this one.
#[test]
fn what_another_solution_brought_is_not_this_ones() {
    let from = Site::sample();
    from.all(&["role create Vendor", "role grant Vendor prvReadAccount org"]);
    let first = from.export("One", "1.0", &["role Vendor"], true);
    from.all(&["role grant Vendor prvReadContact org"]);
    let second = from.export("Two", "1.0", &["role Vendor"], true);
    let to = customer();
    to.import(&first);
    to.all(&["user role-add mallory Vendor"]);
    says(
        to.admin.0.import_solution(&second, false),
        Code::IMPORT_FAILED,
        "mallory",
    );
    let done = to.admin.0.import_solution_with(&second, to_holders()).unwrap();
    assert_eq!(done.reached.len(), 1);
}

/// The command names who gets it, before and after.
#[test]
fn the_command_says_whom_it_reaches() {
    let [file, _] = vendor(true);
    let to = customer();
    std::fs::write(to.path("s.zip"), &file).unwrap();
    to.all(&["role create Vendor", "user role-add mallory Vendor"]);
    let refused = to.program().run(&["solution", "import", "s.zip"]);
    let cure = "sluice solution import s.zip --to-holders";
    assert!(refused.says("mallory") && refused.says(cure), "{refused:?}");
    let done = to.program().run(&["solution", "import", "s.zip", "--to-holders"]);
    assert!(
        done.stdout.contains("gives what the solution gives to mallory"),
        "{}",
        done.stdout
    );
}
