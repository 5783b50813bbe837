//! Where rows are merged, the rows that refer to the one that goes refer to the other, if their
//! relationship says so.

use sluice_model::{Behaviours, Ownership, Reference, Row};

use crate::world::Related;

#[test]
fn rows_go_over_by_their_relationships() {
    let world = Related::new();
    world.table("sl_part", Ownership::User);
    world.lookup("sl_part", "sl_account", &["account"], Behaviours::REFERENTIAL);
    let (kept, merged, earlier) = (world.account("Kept"), world.account("Merged"), world.account("Earlier"));
    world.merge(Reference::new("account", merged), earlier);
    let contact = world.contact(Some(Reference::new("account", merged)));
    let part = Row::unsaved("sl_part").with("sl_account", Reference::new("account", merged));
    let part = world.admin.create(part);
    world.merge(Reference::new("account", kept), merged);
    let of = |table: &str, id, column: &str| world.admin.get(table, id).lookup(column).cloned();
    let kept = Reference::new("account", kept);
    assert_eq!(of("contact", contact, "parentcustomerid").as_ref(), Some(&kept));
    assert_eq!(of("sl_part", part, "sl_account").as_ref(), Some(&kept));
    // Whom a row was merged into stays on record.
    assert_eq!(
        of("account", earlier, "masterid"),
        Some(Reference::new("account", merged))
    );
    assert_eq!(of("account", merged, "masterid"), Some(kept));
}
