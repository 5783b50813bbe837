//! Matchcodes: sets apart from each other, exact look-ups, removal in parts.

use sluice_access::{Permit, RowFacts, Shared, Units, decide};
use sluice_model::Right;

use super::{Org, id, system};

#[test]
fn a_code_is_found_in_its_set_only_and_exactly() {
    let org = Org::new();
    let (first, second) = org
        .write(|tx| {
            let (first, second) = (tx.next_matchcode_set(&system())?, tx.next_matchcode_set(&system())?);
            tx.put_matchcode(&system(), first, "a@b.c", id(2))?;
            tx.put_matchcode(&system(), first, "a@b.c", id(1))?;
            tx.put_matchcode(&system(), first, "a@b.c", id(1))?;
            tx.put_matchcode(&system(), first, "A@b.c", id(3))?;
            tx.put_matchcode(&system(), second, "a@b.c", id(4))?;
            Ok((first, second))
        })
        .unwrap();
    assert_ne!(first, second);
    let rows = |set, code: &str, limit| {
        org.read(|tx| tx.rows_with_matchcode(&system(), set, code, limit))
            .unwrap()
    };
    assert_eq!(rows(first, "a@b.c", 10), [id(1), id(2)]);
    assert_eq!(rows(first, "a@b.c", 1), [id(1)]);
    assert_eq!(rows(second, "a@b.c", 10), [id(4)]);
    assert!(rows(second, "a@b.", 10).is_empty());
}

#[test]
fn a_code_is_taken_out_by_itself_and_a_set_in_parts() {
    let org = Org::new();
    let rest = org
        .write(|tx| {
            let (set, other) = (tx.next_matchcode_set(&system())?, tx.next_matchcode_set(&system())?);
            for number in 0..10 {
                tx.put_matchcode(&system(), set, &format!("{}", number % 3), id(number))?;
            }
            tx.put_matchcode(&system(), other, "0", id(0))?;
            tx.remove_matchcode(&system(), set, "0", id(0))?;
            tx.remove_matchcode(&system(), set, "0", id(1))?;
            assert_eq!(tx.rows_with_matchcode(&system(), set, "0", 99)?, [id(3), id(6), id(9)]);
            let removed = [4, 4, 4, 4].map(|limit| tx.purge_matchcodes(&system(), set, limit).unwrap());
            assert_eq!(removed, [4, 4, 1, 0]);
            tx.rows_with_matchcode(&system(), other, "0", 99)
        })
        .unwrap();
    assert_eq!(rest, [id(0)]);
}

#[test]
fn a_permit_for_rows_reaches_no_code() {
    let org = Org::new();
    let user = sluice_access::Principal::system(id(1), "SYSTEM", id(2));
    let facts = RowFacts {
        id: id(3),
        owner: None,
        business_unit: None,
        shared: Shared::default(),
        limit: Shared::default(),
        reader: Shared::default(),
    };
    let units = Units::new([(id(2), None)]);
    let privileges = sluice_access::PrivilegeIds::new([]);
    let permit: Permit = decide(&user, &units, &org.tables.account, Right::Read, &facts, &privileges).unwrap();
    let refused = org.read(|tx| tx.rows_with_matchcode(&permit, 1, "a", 1));
    assert!(refused.unwrap_err().message().contains("_matchcode"));
}
