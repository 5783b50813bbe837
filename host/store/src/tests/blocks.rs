//! Attachments in blocks: their order, their bytes, and whose they are.

use proptest::prelude::*;
use sluice_model::Result;

use super::{Org, id, system};
use crate::{Block, Holder, Tx};

fn holder(org: &Org, number: u128) -> Holder<'_> {
    Holder {
        table: &org.tables.account,
        id: id(number),
    }
}

fn put(tx: &mut Tx, of: Holder<'_>, name: &str, bytes: &[u8]) -> Result<()> {
    tx.put_block(&system(), of, name, bytes)
}

fn all(org: &Org, number: u128) -> Vec<u8> {
    org.read(|tx| tx.read_blocks(&system(), holder(org, number), 0, usize::MAX))
        .unwrap()
}

/// How many rows the store itself keeps.
fn kept(org: &Org) -> (i64, i64) {
    let count = |table: &str| {
        org.read(|tx| {
            let sql = format!(r#"SELECT COUNT(*) FROM "{table}""#);
            let conn = &tx.session()?.conn;
            Ok(conn.query_row(&sql, [], |row| row.get(0)).unwrap())
        })
        .unwrap()
    };
    (count("_block"), count("_bytes"))
}

#[test]
fn blocks_come_in_the_order_that_is_asked_for() {
    let org = Org::new();
    org.write(|tx| {
        put(tx, holder(&org, 1), "b", b"world")?;
        put(tx, holder(&org, 1), "a", b"hello ")?;
        put(tx, holder(&org, 1), "unused", b"!")?;
        put(tx, holder(&org, 1), "b", b"World")?;
        put(tx, holder(&org, 2), "1", b"old")
    })
    .unwrap();
    let blocks = org.read(|tx| tx.blocks(&system(), holder(&org, 1))).unwrap();
    let block = |name: &str, size| Block {
        name: name.to_owned(),
        size,
    };
    assert_eq!(blocks, [block("a", 6), block("unused", 1), block("b", 5)]);
    org.write(|tx| tx.move_blocks(&system(), holder(&org, 1), holder(&org, 2), &["a", "b"]))
        .unwrap();
    assert_eq!(all(&org, 2), b"hello World");
    assert_eq!(all(&org, 1), b"");
    assert_eq!(kept(&org), (2, 2), "nothing is left of what was replaced or not used");
    org.write(|tx| tx.drop_blocks(&system(), holder(&org, 2))).unwrap();
    assert_eq!(kept(&org), (0, 0));
}

#[test]
fn a_block_that_is_not_there_moves_nothing() {
    let org = Org::new();
    org.write(|tx| {
        put(tx, holder(&org, 1), "a", b"new")?;
        put(tx, holder(&org, 2), "1", b"old")
    })
    .unwrap();
    let missing = org.write(|tx| tx.move_blocks(&system(), holder(&org, 1), holder(&org, 2), &["a", "c"]));
    assert!(missing.unwrap_err().message().contains("no block `c`"));
    assert_eq!((all(&org, 1), all(&org, 2)), (b"new".to_vec(), b"old".to_vec()));
}

#[test]
fn a_permit_for_another_row_covers_no_blocks() {
    let org = Org::new();
    org.insert(&org.account(1)).unwrap();
    org.write(|tx| put(tx, holder(&org, 1), "a", b"secret")).unwrap();
    let list = sluice_access::list(
        &sluice_access::Principal::system(id(9), "SYSTEM", id(9)),
        &sluice_access::Units::new([]),
        &org.tables.account,
        &sluice_access::PrivilegeIds::default(),
    )
    .unwrap();
    org.read(|tx| {
        tx.read_blocks(&list, holder(&org, 1), 0, 10)
            .expect_err("a list is not a row");
        tx.blocks(&list, holder(&org, 1)).expect_err("a list is not a row");
        Ok(())
    })
    .unwrap();
    org.write(|tx| {
        tx.put_block(&list, holder(&org, 1), "a", b"")
            .expect_err("reading is not writing");
        tx.drop_blocks(&list, holder(&org, 1))
            .expect_err("reading is not writing");
        Ok(())
    })
    .unwrap();
    assert_eq!(all(&org, 1), b"secret");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_part_of_the_whole_can_be_read(
        blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..6),
        offset in 0_usize..50,
        length in 0_usize..50,
    ) {
        let org = Org::new();
        let whole = blocks.concat();
        org.write(|tx| {
            for (number, bytes) in blocks.iter().enumerate() {
                put(tx, holder(&org, 1), &number.to_string(), bytes)?;
            }
            Ok(())
        })
        .unwrap();
        let part = org.read(|tx| tx.read_blocks(&system(), holder(&org, 1), offset as u64, length)).unwrap();
        let expected: Vec<u8> = whole.into_iter().skip(offset).take(length).collect();
        prop_assert_eq!(part, expected);
    }
}
