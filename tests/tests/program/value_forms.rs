//! Values at the ends of their ranges, in the forms in which they are written, and in refusals.

use serde_json::json;
use sluice_tests::world::World;

use crate::values::{column, lead};

#[test]
fn time_has_an_end_and_days_go_to_it() {
    let world = World::empty();
    column(&world, "zz_day", "date", &[], &[]);
    column(&world, "zz_at", "date-time", &[], &[]);
    lead(&world, &["zz_day=9999-12-31", "zz_at=9999-12-30T21:59:59Z"]);
    lead(&world, &["zz_day=2026-01-31", "zz_at=2026-01-31T10:00:00Z"]);
    for (filter, count) in [
        ("zz_day eq 9999-12-31", 1),
        (
            "Microsoft.Dynamics.CRM.On(PropertyName='zz_day',PropertyValue='9999-12-31')",
            1,
        ),
        (
            "Microsoft.Dynamics.CRM.OnOrAfter(PropertyName='zz_day',PropertyValue='9999-12-31')",
            1,
        ),
        (
            "Microsoft.Dynamics.CRM.OnOrBefore(PropertyName='zz_day',PropertyValue='9999-12-31')",
            2,
        ),
        (
            "Microsoft.Dynamics.CRM.On(PropertyName='zz_at',PropertyValue='9999-12-31')",
            0,
        ),
        (
            "Microsoft.Dynamics.CRM.On(PropertyName='zz_at',PropertyValue='9999-12-30')",
            1,
        ),
        (
            "Microsoft.Dynamics.CRM.OnOrAfter(PropertyName='zz_at',PropertyValue='9999-12-31')",
            0,
        ),
        (
            "Microsoft.Dynamics.CRM.OnOrBefore(PropertyName='zz_at',PropertyValue='9999-12-31')",
            2,
        ),
        ("zz_at lt 9999-12-31", 2),
        ("zz_at le 9999-12-31T23:59:59Z", 2),
        ("zz_at gt 9999-12-31", 0),
        ("zz_at eq 9999-12-31", 0),
    ] {
        assert_eq!(world.count("lead", filter), count, "{filter}");
    }
    for late in ["9999-12-31", "9999-12-31T23:59:59Z", "9999-12-30T22:00:00Z"] {
        let refused = world
            .admin()
            .refused(&["row", "create", "lead", "lastname=x", &format!("zz_at={late}")]);
        assert_eq!(refused["code"], "0x80040239", "{late}");
        let said = refused["message"].as_str().unwrap();
        assert!(said.contains("Maximum value supported: 9999-12-30T21:59:59Z"), "{said}");
    }
}

#[test]
fn what_is_written_is_what_is_filtered() {
    let world = World::empty();
    world.admin().json(&["row", "create", "account", "name=Acme"]);
    let customer = [
        "row",
        "create",
        "contact",
        "lastname=x",
        "parentcustomerid=account:Acme",
    ];
    world.admin().json(&customer);
    for (filter, count) in [
        ("parentcustomerid eq 'account:Acme'", 1),
        ("parentcustomerid eq 'account:ACME'", 1),
        ("parentcustomerid eq 'contact:Acme'", 0),
        ("parentcustomerid ne 'account:Acme'", 0),
    ] {
        assert_eq!(world.count("contact", filter), count, "{filter}");
    }
    column(&world, "zz_many", "choices", &["1=One", "2=Two", "-5=Neg"], &[]);
    lead(&world, &["zz_many:=[1,-5]"]);
    lead(&world, &["zz_many:=[2]"]);
    for (filter, count) in [
        ("contains(zz_many,'one')", 1),
        ("contains(zz_many,'2')", 1),
        ("contains(zz_many,'-5')", 1),
    ] {
        assert_eq!(world.count("lead", filter), count, "{filter}");
    }
    let refused = world
        .admin()
        .refused(&["row", "list", "lead", "--filter", "contains(zz_many,'three')"]);
    assert_eq!(refused["code"], "0x8004431A");
    world
        .admin()
        .json(&["option-set", "add", "lead.zz_many", "-7", "Seven"]);
}

#[test]
fn a_refusal_repeats_the_beginning_of_what_was_written() {
    let world = World::empty();
    let long = "[".repeat(50_000);
    for line in [
        format!("revenue={long}"),
        format!("revenue:={long}"),
        long.clone(),
        format!("leadsourcecode={long}"),
    ] {
        let run = world.admin().run(&["row", "create", "lead", "lastname=x", &line]);
        assert!(
            run.code != 0 && run.stderr.len() + run.stdout.len() < 4_000,
            "{}",
            run.stderr.len()
        );
        assert!(run.says("[[[[") && run.says("…"), "{run:?}");
    }
}

#[test]
fn a_number_that_is_too_large_is_told_as_such() {
    let world = World::empty();
    for (column, told) in [
        ("numberofemployees=2147483648", "outside the valid range"),
        ("creditlimit=1e29", "lies outside 0 to"),
        ("numberofemployees=many", "is not a whole number"),
        ("creditlimit=much", "is not an amount"),
    ] {
        let error = world.admin().refused(&["row", "create", "account", "name=x", column]);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(told), "{column}: {error}");
    }
}

#[test]
fn a_default_is_kept_in_the_form_of_a_cell() {
    let world = World::empty();
    let number = |name: &str, kind: &str, default: &str| {
        column(&world, name, kind, &[], &["--precision", "2", "--default", default]);
    };
    number("zz_n", "decimal", "1.005");
    number("zz_m", "money", "0.125");
    number("zz_t", "decimal", "\"2.675\"");
    let shown = |filter: &str| world.rows("lead", "lastname,zz_n,zz_m,zz_m_base,zz_t", filter);
    world.admin().json(&["row", "create", "lead", "lastname=default"]);
    let given = ["lastname=given", "zz_n=1.005", "zz_m=0.125", "zz_t=2.675"];
    world
        .admin()
        .json(&[&["row", "create", "lead"], given.as_slice()].concat());
    let [default, given] = ["default", "given"].map(|name| {
        let row = &shown(&format!("lastname eq '{name}'"))[0];
        ["zz_n", "zz_m", "zz_m_base", "zz_t"].map(|column| row[column].clone())
    });
    assert_eq!(default, [json!(1), json!(0.12), json!(0.12), json!(2.68)]);
    assert_eq!(default, given);
    assert_eq!(shown("zz_n eq 1").len(), 2);
    world
        .admin()
        .json(&["column", "update", "lead", "zz_n", "--default", "3.14159"]);
    world.admin().json(&["row", "create", "lead", "lastname=later"]);
    assert_eq!(shown("zz_n eq 3.14").len(), 1);
}
