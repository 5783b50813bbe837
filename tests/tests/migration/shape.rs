//! Tables and columns change with the form of the file: else a file that was handed out lacks what this version reads.

use rusqlite::Connection;
use sha2::{Digest, Sha256};
use sluice_tests::Organisation;

use crate::content::schema;

/// The present form, and what its files look like.
const SHAPE: (i32, &str) = (8, "69069f71587d3a26");

#[test]
fn another_shape_has_another_form() {
    let empty = Organisation::empty();
    let file = Connection::open(empty.path()).unwrap();
    let form: i32 = file.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let digest = Sha256::digest(format!("{:#?}", schema(empty.path())));
    let shape: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        (form, &*shape),
        SHAPE,
        "the tables of a new file changed: where files of form {} were handed out, `FORM` counts up, with \
         `host/store/migrations/FORM` and packed files of the form before; then this pair is set",
        SHAPE.0
    );
}
