//! Merging: one row of two, with everything that belonged to both.

use sluice_tests::world::{World, guest, id, probe_step, text};

fn create(world: &World, arguments: &[&str]) -> String {
    id(&world.admin().json(&[&["row", "create"], arguments].concat()))
}

fn lead(world: &World, more: &[&str]) -> String {
    create(world, &[&["lead", "subject=Pumps", "lastname=Okafor"], more].concat())
}

#[test]
fn the_kept_lead_takes_columns_and_children_and_the_other_is_closed() {
    let world = World::empty();
    let keep = lead(&world, &["telephone1=1"]);
    let other = lead(&world, &["telephone1=2", "jobtitle=Owner"]);
    for (lead, title) in [(&keep, "kept"), (&other, "moved")] {
        let (about, title) = (format!("objectid=lead:{lead}"), format!("subject={title}"));
        create(&world, &["annotation", &about, &title]);
        let about = format!("regardingobjectid=lead:{lead}");
        create(&world, &["task", "subject=Call", &about]);
        let origin = format!("originatingleadid={lead}");
        create(&world, &["opportunity", "name=Pumps", &origin]);
    }
    let answer = world
        .admin()
        .json(&["merge", "lead", &keep, &other, "--take", "telephone1"]);
    assert_eq!(answer["taken"]["telephone1"], "2");
    let kept = world.admin().json(&["row", "get", "lead", &keep]);
    assert_eq!(
        (kept["telephone1"].as_str(), kept["jobtitle"].is_null()),
        (Some("2"), true)
    );
    for (table, column) in [
        ("annotation", "objectid"),
        ("task", "regardingobjectid"),
        ("opportunity", "originatingleadid"),
    ] {
        assert_eq!(world.count(table, &format!("_{column}_value eq {keep}")), 2, "{table}");
        assert_eq!(world.count(table, &format!("_{column}_value eq {other}")), 0, "{table}");
    }
    let closed = world.admin().json(&["row", "get", "lead", &other]);
    assert_eq!(
        (closed["statecode"].as_i64(), closed["merged"].as_bool()),
        (Some(2), Some(true))
    );
    assert_eq!(text(&closed, "_masterid_value"), keep);
}

#[test]
fn what_is_empty_is_filled_where_that_is_wanted() {
    let world = World::empty();
    let keep = create(&world, &["account", "name=Litware", "telephone1=1"]);
    let other = create(
        &world,
        &[
            "account",
            "name=Litware Ltd",
            "telephone1=2",
            "websiteurl=http://litware.example",
        ],
    );
    world.admin().json(&["merge", "account", &keep, &other, "--fill"]);
    let kept = world.admin().json(&["row", "get", "account", &keep]);
    assert_eq!(
        (
            text(&kept, "name"),
            text(&kept, "telephone1"),
            text(&kept, "websiteurl")
        ),
        (
            "Litware".to_owned(),
            "1".to_owned(),
            "http://litware.example".to_owned()
        )
    );
    let closed = world.admin().json(&["row", "get", "account", &other]);
    assert_eq!(closed["statecode"], 1);
}

#[test]
fn rows_that_cannot_be_merged_are_refused_and_stay_as_they_are() {
    let world = World::empty();
    let parent = create(&world, &["account", "name=Parent"]);
    let of_parent = format!("parentaccountid={parent}");
    let child = create(&world, &["account", "name=Child", &of_parent]);
    let inactive = create(&world, &["account", "name=Asleep"]);
    world
        .admin()
        .json(&["row", "update", "account", &inactive, "statecode=1"]);
    let (lead, contact) = (lead(&world, &[]), create(&world, &["contact", "lastname=Ng"]));
    let contact = format!("contact:{contact}");
    for (table, keep, other, code) in [
        ("account", &child, &parent, "0x80045300"),
        ("account", &child, &child, "0x80045305"),
        ("account", &child, &inactive, "0x80045304"),
        ("lead", &lead, &contact, "0x80045303"),
        ("task", &lead, &lead, "0x80045303"),
    ] {
        let error = world.admin().refused(&["merge", table, keep, other]);
        assert_eq!(error["code"], code, "{table} {keep} {other}: {error}");
    }
    let state = ["merge", "account", &parent, &child, "--take", "statecode"];
    let error = world.admin().refused(&state);
    assert_eq!(error["code"], "0x80040203", "{error}");
    let run = world
        .admin()
        .run(&["merge", "account", &parent, &child, "--same-parent", "--json"]);
    assert_eq!(run.json()["error"]["code"], "0x80040203", "their parents differ");
    assert_eq!(world.count("account", "merged eq true"), 0);
    world.admin().json(&["merge", "account", &parent, &child]);
}

#[test]
fn no_row_becomes_its_own_parent_by_what_it_takes() {
    let world = World::empty();
    let top = create(&world, &["account", "name=Top"]);
    let middle = create(&world, &["account", "name=Middle", &format!("parentaccountid={top}")]);
    let low = create(&world, &["account", "name=Low", &format!("parentaccountid={middle}")]);
    for (other, more) in [
        (&middle, &["--take", "parentaccountid"][..]),
        (&low, &["--take", "parentaccountid"]),
        (&low, &["--fill"]),
    ] {
        let error = world
            .admin()
            .refused(&[&["merge", "account", &top, other], more].concat());
        assert_eq!(error["code"], "0x80045300", "{more:?}: {error}");
    }
    // What is empty is not filled with the row itself.
    world.admin().json(&["merge", "account", &top, &middle, "--fill"]);
    let kept = world.admin().json(&["row", "get", "account", &top]);
    assert!(kept["_parentaccountid_value"].is_null(), "{kept}");
    let moved = world.admin().json(&["row", "get", "account", &low]);
    assert_eq!(text(&moved, "_parentaccountid_value"), top);
}

#[test]
fn who_may_not_write_both_rows_may_not_merge_them() {
    let world = World::sample();
    let mine = id(&world
        .user("seller.west")
        .json(&["row", "create", "lead", "subject=Mine", "lastname=Ng"]));
    let theirs = id(&world
        .user("seller.east")
        .json(&["row", "create", "lead", "subject=Theirs", "lastname=Ng"]));
    let error = world.user("seller.west").refused(&["merge", "lead", &mine, &theirs]);
    assert_eq!(error["code"], "0x80045301");
    assert_eq!(error["privilege"], "prvReadLead");
    assert!(text(&error, "inner").starts_with("Principal with id"), "{error}");
    let people = world.user("seller.west").run(&["merge", "lead", &mine, &theirs]).stderr;
    assert!(
        people.contains("prvReadLead at the depth ") && !people.contains("Details: {"),
        "{people}"
    );
    let row = world.admin().json(&["row", "get", "lead", &theirs]);
    assert_eq!(row["statecode"], 0);
}

/// A step before the merge may name another row: what is said is what was merged.
#[test]
fn it_is_said_which_row_was_merged() {
    let world = World::empty();
    let admin = world.admin();
    let [keep, other, third] = [lead(&world, &[]), lead(&world, &[]), lead(&world, &[])];
    admin.json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    let config = format!("link-input SubordinateId lead {third}");
    admin.json(&probe_step(
        "Merge",
        "lead",
        &["--stage", "pre-operation", "--config", &config],
    ));
    let answer = admin.json(&["merge", "lead", &keep, &other]);
    assert_eq!(text(&answer, "merged"), third);
    let closed = |lead: &str| admin.json(&["row", "get", "lead", lead])["merged"] == true;
    assert_eq!((closed(&third), closed(&other)), (true, false));
}

/// What tells rows apart is one row's: the kept row takes it over.
#[test]
fn the_value_of_a_key_goes_over() {
    let world = World::empty();
    world
        .admin()
        .json(&["key", "create", "account", "sl_number", "--columns", "accountnumber"]);
    let keep = create(&world, &["account", "name=A"]);
    let other = create(&world, &["account", "name=B", "accountnumber=K1"]);
    world
        .admin()
        .json(&["--yes", "merge", "account", &keep, &other, "--fill"]);
    let number = |id: &str| world.admin().json(&["row", "get", "account", id])["accountnumber"].clone();
    assert_eq!((number(&keep), number(&other)), ("K1".into(), serde_json::Value::Null));
}

/// What the row that is closed needs, it keeps: the refusal says so.
#[test]
fn a_key_that_both_rows_need_is_not_taken() {
    let world = World::empty();
    world
        .admin()
        .json(&["column", "create", "account", "zz_req", "text", "--required"]);
    world
        .admin()
        .json(&["key", "create", "account", "zz_r", "--columns", "zz_req"]);
    let keep = create(&world, &["account", "name=A", "zz_req=a"]);
    let other = create(&world, &["account", "name=B", "zz_req=b"]);
    let merge = ["--yes", "merge", "account", &keep, &other, "--take", "zz_req"];
    let error = world.admin().refused(&merge);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("the row that is merged needs it, too"),
        "{error}"
    );
}
