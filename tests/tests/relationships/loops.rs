//! No row comes to be above itself.

use sluice_model::{Behaviours, Code, Reference, Row};

use crate::world::{Related, refused};

#[test]
fn accounts_contacts_and_others_have_codes_of_their_own() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    let chain = |table: &str, column: &str, code: Code| {
        let new = |above: Option<sluice_model::Uuid>| {
            let named = match table {
                "account" => Row::unsaved(table).with("name", "x"),
                "contact" => Row::unsaved(table).with("lastname", "x"),
                _ => Row::unsaved(table).with("sl_name", "x"),
            };
            world.admin.create(match above {
                Some(above) => named.with(column, Reference::new(table, above)),
                None => named,
            })
        };
        let first = new(None);
        let second = new(Some(first));
        let third = new(Some(second));
        for below in [first, second, third] {
            let put = Row::new(table, first).with(column, Reference::new(table, below));
            refused(world.admin.try_update(put), code, "above itself");
        }
        // What is not below it may be above it.
        let other = new(None);
        world
            .admin
            .update(Row::new(table, first).with(column, Reference::new(table, other)));
    };
    chain("account", "parentaccountid", Code::ACCOUNT_LOOP);
    chain("contact", "parentcustomerid", Code::CONTACT_LOOP);
    chain("sl_part", "sl_whole", Code::ROW_LOOP);
    assert_eq!(
        [Code::ACCOUNT_LOOP, Code::CONTACT_LOOP, Code::ROW_LOOP].map(|code| code.to_string()),
        ["0x80040507", "0x8004050A", "0x80040387"]
    );
}

#[test]
fn where_nothing_follows_rows_may_refer_to_each_other() {
    let world = Related::with_parts(Behaviours::REFERENTIAL);
    let first = world.part("first", None);
    let second = world.part("second", Some(first));
    world
        .admin
        .update(Row::new("sl_part", first).with("sl_whole", Reference::new("sl_part", second)));
}
