//! Detection on Create and Update, and RetrieveDuplicates.

use sluice_model::{Parameter, Reference, Request, Row, Uuid, Value};

use crate::world::{
    Duplicates, NONE, account, code, contact, create, detecting, exact, ids, matches, retrieve, update,
};

const SENTENCE: &str = "A record was not created or updated because a duplicate of the current record already exists.";

#[test]
fn a_request_is_spared_unless_it_asks() {
    let world = Duplicates::new();
    world.rule("Accounts by name", ["account", "account"], &[exact("name")]);
    let id = world
        .admin
        .create(account("Litware").with("telephone1", "1").with("address1_city", "Brno"));
    world.admin.create(account("litware"));
    let suppressed = Request::create(account("litware")).with("SuppressDuplicateDetection", true);
    world.admin.0.execute(suppressed).unwrap();

    let error = create(&world.admin, account("LITWARE")).unwrap_err();
    assert_eq!(
        (error.code().to_string().as_str(), error.message()),
        ("0x80040333", SENTENCE)
    );
    assert_eq!(error.body().table.as_deref(), Some("account"));
    let (situation, found) = matches(Err::<(), _>(error));
    assert_eq!((situation, found.len()), (None, 3));
    let first = found.iter().find(|found| found.id == Some(id)).unwrap();
    assert_eq!(
        (first.name.as_str(), first.rules.join("|").as_str()),
        ("Litware", "Accounts by name")
    );
    assert_eq!(first.details.phone.as_deref(), Some("1"));
    assert_eq!(first.details.city.as_deref(), Some("Brno"));
    assert!(!world.is_there(account("another"), "account"));
    create(&world.admin, account("another")).unwrap();
    let wrong = Request::create(account("x")).with("SuppressDuplicateDetection", 1);
    assert_eq!(code(world.admin.0.execute(wrong)), "0x80040203");
}

#[test]
fn a_change_into_a_duplicate() {
    let world = Duplicates::new();
    world.rule("name", ["account", "account"], &[exact("name")]);
    let (one, two) = (
        world.admin.create(account("Litware")),
        world.admin.create(account("Proseware")),
    );
    let rename = |name: &str| Row::new("account", two).with("name", name);
    let (_, found) = matches(update(&world.admin, rename("litware")));
    assert_eq!(found[0].id, Some(one));
    assert_eq!(world.admin.get("account", two).text("name"), Some("Proseware"));
    update(&world.admin, rename("PROSEWARE")).unwrap();
    world.admin.update(rename("litware"));
    // Now that there are two, a change that leaves the names says nothing of it, nor does
    // their activation.
    update(&world.admin, Row::new("account", two).with("fax", "1")).unwrap();
    update(&world.admin, rename("LITWARE")).unwrap();
    let state = |state: i32| Row::new("account", two).with("statecode", Value::Choice(state));
    update(&world.admin, state(1)).unwrap();
    update(&world.admin, state(0)).unwrap();
}

#[test]
fn rules_between_two_tables() {
    let world = Duplicates::shipped();
    let id = world.admin.create(contact("Novak", "Ada@novak.example"));
    let lead = || {
        Row::unsaved("lead")
            .with("subject", "x")
            .with("emailaddress1", "ada@NOVAK.example")
    };
    let (_, found) = matches(create(&world.admin, lead()));
    assert_eq!((found.len(), &*found[0].table, found[0].id), (1, "contact", Some(id)));
    assert_eq!(found[0].rules, ["Leads and contacts with the same e-mail address"]);
    // The rule has the lead as its base: a contact is not compared with leads.
    world.admin.create(
        Row::unsaved("lead")
            .with("subject", "y")
            .with("emailaddress1", "grace@hopper.example"),
    );
    create(&world.admin, contact("Hopper", "grace@hopper.example")).unwrap();
}

#[test]
fn duplicates_that_were_there_before_say_nothing_by_themselves() {
    let world = Duplicates::new();
    let (one, _) = (
        world.admin.create(account("Litware")),
        world.admin.create(account("Litware")),
    );
    world.rule("name", ["account", "account"], &[exact("name")]);
    world.admin.update(Row::new("account", one).with("fax", "1"));
    world.admin.create(account("Litware"));
}

#[test]
fn inactive_matches_count_unless_the_rule_passes_over_them() {
    let world = Duplicates::new();
    let lead = world.lead("", "ada@novak.example");
    let all = world.rule("all", ["lead", "lead"], &[exact("emailaddress1")]);
    crate::world::qualify(&world.seller, lead).unwrap();
    let again = || {
        Row::unsaved("lead")
            .with("subject", "again")
            .with("emailaddress1", "ada@novak.example")
    };
    let (_, found) = matches(create(&world.admin, again()));
    assert_eq!(found[0].id, Some(lead));
    world.unpublish(all);
    world.excluding("open", ["lead", "lead"], &[exact("emailaddress1")]);
    create(&world.admin, again()).unwrap();
    assert_eq!(code(create(&world.admin, again())), "0x80040333", "the open one counts");
}

#[test]
fn of_a_row_that_the_caller_may_not_open_only_its_owner_is_told() {
    let world = Duplicates::new();
    world.rule("name", ["account", "account"], &[exact("name")]);
    let manager = world.org.actor("manager");
    let of = |owner: &sluice_tests::Actor| {
        account("Litware")
            .with("telephone1", "12-34")
            .with("ownerid", Reference::new("systemuser", owner.id()))
    };
    let (own, other) = (world.admin.create(of(&world.seller)), world.admin.create(of(&manager)));
    let (_, found) = matches(create(&world.seller, account("litware")));
    let seen: Vec<_> = found.iter().map(|found| (found.id, found.name.as_str())).collect();
    let hidden = (None, "a matching record you cannot open (owner: manager)");
    assert_eq!(seen.len(), 2);
    assert!(
        seen.contains(&(Some(own), "Litware")) && seen.contains(&hidden),
        "{seen:?}"
    );
    let told = found.iter().find(|found| found.id.is_none()).unwrap();
    assert_eq!(told.details, sluice_model::duplicates::Details::default());
    assert!(!format!("{found:?}").contains(&other.to_string()));
    // RetrieveDuplicates gives rows, so only those that may be read.
    assert_eq!(
        ids(&retrieve(&world.seller, account("litware"), "account").unwrap()),
        [own]
    );
}

#[test]
fn retrieving_needs_no_row_and_no_leave() {
    let world = Duplicates::new();
    world.rule("name", ["account", "account"], &[exact("name")]);
    let mut made: Vec<Uuid> = (0..5).map(|_| world.admin.create(account("Litware"))).collect();
    made.sort();
    assert_eq!(world.duplicates(account("litware"), "account"), made);
    assert_eq!(world.duplicates(Row::new("account", made[0]), "account"), made[1..]);
    assert_eq!(
        world.duplicates(Row::new("account", made[0]).with("name", "new"), "account"),
        NONE
    );
    let page = |number: i32, count: i32| {
        let request = Request::new("RetrieveDuplicates")
            .with("BusinessEntity", account("litware"))
            .with("MatchingEntityName", "account")
            .with(
                "PagingInfo",
                Row::unsaved("paginginfo")
                    .with("PageNumber", number)
                    .with("Count", count),
            );
        world.admin.0.execute(request)
    };
    let more = |number, count| {
        let response = page(number, count).unwrap();
        let more = *response.outputs.get("MoreRecords").unwrap() == Parameter::Value(Value::Bool(true));
        (ids(&response), more)
    };
    assert_eq!(more(1, 2), (made[..2].to_vec(), true));
    assert_eq!(more(3, 2), (made[4..].to_vec(), false));
    assert_eq!(more(4, 2), (vec![], false));
    for (number, count) in [(0, 5), (1, 0), (1, 5_001), (-1, 2)] {
        assert_eq!(code(page(number, count)), "0x80040203", "{number} {count}");
    }
    let error = |row: Row, matching: &str| code(retrieve(&world.admin, row, matching));
    assert_eq!(error(account("x").with("nam", "y"), "account"), "0x80041103");
    assert_eq!(error(account("x"), "acount"), "0x80041102");
    assert_eq!(error(Row::new("account", Uuid::from_u128(7)), "account"), "0x80040217");
}

#[test]
fn a_plug_in_that_creates_is_spared_as_well_and_may_ask() {
    let world = Duplicates::new();
    world.rule("name", ["account", "account"], &[exact("name")]);
    let all = world.admin.0.batch(|batch| {
        batch.create(account("Litware"))?;
        batch.execute(detecting(Request::create(account("litware"))))
    });
    assert_eq!(code(all), "0x80040333", "a batch sees its own rows");
    assert!(!world.is_there(account("litware"), "account"));
}
