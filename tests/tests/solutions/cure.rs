//! The third cure of error 6: the status reason comes with a managed solution.

use sluice_model::{Row, Value};
use sluice_sales::qualify::{self, Choices};

use crate::world::Site;

#[test]
fn cure_three_import_the_option_through_a_managed_solution() {
    let vendor = Site::new();
    vendor.all(&[
        "option-set add contact.statuscode 100000001 Hot --state 0",
        "solution create Options --friendly 'Status reasons' --version 1.0",
        "solution add Options option-set contact.statuscode",
        "solution export Options opts.zip",
    ]);

    let world = Site::new();
    world.all(&[
        "option-set add lead.statuscode 100000001 Hot --state 0",
        "mapping add lead contact statuscode statuscode",
    ]);
    let lead = Row::unsaved("lead")
        .with("lastname", "McKay")
        .with("companyname", "Fourth Coffee")
        .with("statuscode", Value::Choice(100_000_001));
    let lead = world.admin.create(lead);
    let qualify = || world.admin.0.execute(qualify::request(lead, &Choices::default()));
    let error = qualify().unwrap_err();
    assert_eq!(error.body().situation.map(|situation| situation.id), Some("e6"));

    std::fs::copy(vendor.path("opts.zip"), world.path("opts.zip")).unwrap();
    let answer = world.sluice("solution import opts.zip --managed");
    assert_eq!(answer["managed"], true);
    qualify().unwrap();
    let contact = world.one("contact", "lastname", "McKay").unwrap();
    assert_eq!(contact.int("statuscode"), Some(100_000_001));

    // It is listed as managed, and cannot be deleted directly.
    assert_eq!(
        world.options("contact.statuscode"),
        [(1, false), (2, false), (100_000_001, true)]
    );
    let listed = world.sluice("option-set list");
    let listed = listed["value"].as_array().unwrap();
    let of = |name: &str| listed.iter().find(|row| row["name"] == name).unwrap()["managed"].clone();
    assert_eq!(
        (of("contact.statuscode"), of("lead.statuscode")),
        (true.into(), false.into())
    );
    let error = world.refused("option-set remove contact.statuscode 100000001");
    assert_eq!(error["code"], "0x8004F032", "{error}");
    assert!(error["message"].as_str().unwrap().contains("is managed"), "{error}");
}
