//! A value is what was written, wherever it is written; and what people see of it is what is
//! filtered and ordered.

use serde_json::{Value, json};
use sluice_tests::world::{World, id, list, refused, text};

const RATING: [&str; 5] = ["1=5", "2=4", "3=3", "4=2", "5=1"];

pub(crate) fn column(world: &World, name: &str, kind: &str, options: &[&str], more: &[&str]) {
    let mut line = vec!["column", "create", "lead", name, kind];
    for option in options {
        line.extend(["--option", option]);
    }
    line.extend(more);
    world.admin().json(&line);
}

pub(crate) fn lead(world: &World, columns: &[&str]) -> String {
    id(&world
        .admin()
        .json(&[&["row", "create", "lead", "lastname=x"], columns].concat()))
}

fn get(world: &World, lead: &str, column: &str) -> Value {
    world.admin().json(&["row", "get", "lead", lead, "--select", column])[column].clone()
}

#[test]
fn a_number_is_a_number_whatever_the_labels_say() {
    let world = World::empty();
    column(&world, "zz_rating", "choice", &RATING, &[]);
    column(&world, "zz_dflt", "choice", &RATING, &["--default", "4"]);
    column(&world, "zz_many", "choices", &RATING, &[]);
    for written in ["zz_rating=4", "zz_rating:=4", "zz_rating:=\"4\""] {
        let lead = lead(&world, &[written, "zz_many:=[1,5]"]);
        assert_eq!(get(&world, &lead, "zz_rating"), 4, "{written}");
        assert_eq!(get(&world, &lead, "zz_dflt"), 4);
        assert_eq!(get(&world, &lead, "zz_many"), "1,5");
    }
    assert_eq!(world.count("lead", "zz_rating eq 4"), 3);
    world.write("f.csv", "n\nimported\n");
    world.write(
        "m.toml",
        "[columns]\n\"n\" = \"lastname\"\n[constants]\nzz_rating = 4\nzz_many = [1, \"5\"]\n",
    );
    world
        .admin()
        .json(&["import", "f.csv", "--table", "lead", "--map", "m.toml"]);
    let imported = &world.rows("lead", "zz_rating,zz_dflt,zz_many", "lastname eq 'imported'")[0];
    assert_eq!(
        (&imported["zz_rating"], &imported["zz_dflt"], &imported["zz_many"]),
        (&json!(4), &json!(4), &json!("1,5"))
    );
}

#[test]
fn a_label_that_is_a_number_is_meant_where_no_option_has_it() {
    let world = World::empty();
    column(&world, "zz_s", "choice", &["1=10", "10=Ten", "3=77"], &[]);
    let ten = lead(&world, &["zz_s=Ten"]);
    assert_eq!(get(&world, &ten, "zz_s"), 10);
    let seven = lead(&world, &["zz_s=77"]);
    assert_eq!(get(&world, &seven, "zz_s"), 3);
    assert_eq!(world.count("lead", "zz_s eq 77"), 0, "in a filter a number is no label");
    let refused = world.admin().refused(&["row", "update", "lead", &ten, "zz_s:=77"]);
    assert_eq!(refused["code"], "0x8004431A");
    let trail = world.admin().run(&["audit", "list"]).stdout;
    let line = trail.lines().find(|line| line.contains("zz_s") && line.contains("Ten"));
    assert!(line.is_some(), "{trail}");

    let number = ["option-set", "add", "lead.statuscode", "100000001", "3", "--state", "0"];
    world.admin().json(&number);
    let open = lead(&world, &["companyname=q"]);
    let qualified = world.admin().run(&["lead", "qualify", &open, "--status", "3"]);
    assert_eq!(qualified.code, 0, "{qualified:?}");
    assert_eq!(get(&world, &open, "statuscode"), 3);
}

#[test]
fn labels_are_found_in_any_case_and_listed_where_none_fits() {
    let world = World::empty();
    column(&world, "zz_p", "choice", &["1=Öltank", "2=Ящик", "3=Box"], &[]);
    for (written, number) in [("box", 3), ("öltank", 1), ("ЯЩИК", 2), ("2", 2)] {
        let lead = lead(&world, &[&format!("zz_p={written}")]);
        assert_eq!(get(&world, &lead, "zz_p"), number, "{written}");
    }
    let refused = world
        .admin()
        .refused(&["row", "create", "lead", "lastname=x", "zz_p=Bocks"]);
    let message = refused["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("Bocks") && message.contains("1 (Öltank), 2 (Ящик), 3 (Box)"),
        "{message}"
    );
}

#[test]
fn amounts_and_numbers_have_ranges() {
    let world = World::empty();
    for (column, wrong, right) in [
        ("revenue", "-5", "0"),
        ("revenue", "100000000000000.01", "100000000000000"),
        ("address1_latitude", "100", "-90"),
        ("address1_longitude", "180.5", "180"),
    ] {
        let error = world
            .admin()
            .refused(&["row", "create", "lead", "lastname=x", &format!("{column}={wrong}")]);
        assert_eq!(error["code"], "0x8004431A", "{error}");
        assert!(
            error["message"].as_str().unwrap().contains("Accepted Values: "),
            "{error}"
        );
        lead(&world, &[&format!("{column}={right}")]);
    }
    column(&world, "zz_exact", "money", &[], &[]);
    let exact = lead(&world, &["zz_exact:=123456789012345.5"]);
    assert_eq!(get(&world, &exact, "zz_exact"), json!(123_456_789_012_345.5));
    let cents = lead(&world, &["zz_exact:=922337203685476.99"]);
    assert_eq!(
        get(&world, &cents, "zz_exact"),
        "922337203685476.99",
        "no number of JSON is it"
    );
}

#[test]
fn a_time_is_found_as_it_is_shown() {
    let world = World::empty();
    column(&world, "zz_when", "date-time", &[], &[]);
    let cut = lead(&world, &["zz_when=2026-07-01T10:00:00.999Z"]);
    assert_eq!(get(&world, &cut, "zz_when"), "2026-07-01T10:00:00Z");
    for _ in 0..6 {
        lead(&world, &[]);
    }
    let made = world.rows("lead", "createdon", "");
    for lead in &made {
        let (shown, id) = (text(lead, "createdon"), text(lead, "leadid"));
        for (condition, holds) in [
            ("eq", true),
            ("ge", true),
            ("le", true),
            ("ne", false),
            ("gt", false),
            ("lt", false),
        ] {
            let filter = format!("createdon {condition} {shown} and leadid eq {id}");
            assert_eq!(world.count("lead", &filter), usize::from(holds), "{filter}");
        }
        let several = format!("createdon in ({shown},2020-01-01T00:00:00Z) and leadid eq {id}");
        assert_eq!(world.count("lead", &several), 1, "{several}");
    }
    let ids = |rows: &[Value]| rows.iter().map(|row| text(row, "leadid")).collect::<Vec<_>>();
    let mut ordered = ids(&list(&world.admin().json(&[
        "row",
        "list",
        "lead",
        "--order",
        "createdon desc",
    ])));
    ordered.reverse();
    assert_eq!(ordered, ids(&made), "rows of one second keep their order");
}

#[test]
fn lists_are_ordered_and_filtered_by_what_people_see() {
    let world = World::empty();
    column(&world, "zz_kind", "choice", &["1=Zebra", "2=Apple", "3=Mango"], &[]);
    for (account, kind) in [("Zulu", "Zebra"), ("alpha", "Apple"), ("Mike", "Mango")] {
        world
            .admin()
            .json(&["row", "create", "account", &format!("name={account}")]);
        lead(
            &world,
            &[&format!("parentaccountid={account}"), &format!("zz_kind={kind}")],
        );
    }
    let kinds = |rows: &[Value]| -> Vec<i64> { rows.iter().map(|row| row["zz_kind"].as_i64().unwrap()).collect() };
    let ordered = |order: &str| {
        kinds(&list(
            &world
                .admin()
                .json(&["row", "list", "lead", "--order", order, "--select", "zz_kind"]),
        ))
    };
    assert_eq!(ordered("parentaccountid"), [2, 3, 1]);
    assert_eq!(ordered("parentaccountid desc"), [1, 3, 2]);
    assert_eq!(ordered("zz_kind"), [2, 3, 1]);
    let fetch = |flag: &str| {
        let xml = format!(
            "<fetch {flag}><entity name=\"lead\"><attribute name=\"zz_kind\"/><order attribute=\"zz_kind\"/></entity></fetch>"
        );
        kinds(&list(&world.admin().json(&["view", "run", "--fetch", &xml])))
    };
    assert_eq!(fetch(""), [2, 3, 1]);
    assert_eq!(fetch("useraworderby=\"1\""), [1, 2, 3]);
    for (filter, kinds_found) in [
        ("parentaccountid eq 'ALPHA'", vec![2]),
        ("parentaccountid ne 'alpha'", vec![1, 3]),
        ("parentaccountid gt 'lima'", vec![1, 3]),
        ("contains(parentaccountid,'lph')", vec![2]),
        ("parentaccountid in ('alpha','Zulu')", vec![1, 2]),
        ("contains(zz_kind,'ang')", vec![3]),
        ("zz_kind ge 'mango'", vec![1, 3]),
        ("ownerid eq 'admin'", vec![1, 2, 3]),
        ("ownerid eq 'nobody'", vec![]),
    ] {
        let mut found = kinds(&world.rows("lead", "zz_kind", filter));
        found.sort_unstable();
        assert_eq!(found, kinds_found, "{filter}");
    }
}

#[test]
fn an_ambiguous_name_says_what_tells_the_rows_apart() {
    let world = World::sample();
    for company in ["Adatum", "Blue Yonder"] {
        let company = format!("companyname={company}");
        let line = [
            "row",
            "create",
            "lead",
            "lastname=Twice",
            &company,
            "emailaddress1=t@example.com",
        ];
        world.user("seller.west").json(&line);
    }
    let refused = world.admin().run(&["row", "get", "lead", "Twice"]);
    assert_eq!(refused.code, 2);
    for told in ["Adatum", "Blue Yonder", "t@example.com", "owned by ", "created "] {
        assert!(refused.says(told), "{told}: {refused:?}");
    }
}

#[test]
fn labels_with_commas_are_no_guess() {
    let world = World::empty();
    let options = ["1=North, South", "2=East", "3=North", "4=South", "5=Far, far away"];
    column(&world, "zz_m", "choices", &options, &[]);
    let of = |written: &str| {
        let lead = lead(&world, &[&format!("zz_m={written}")]);
        get(&world, &lead, "zz_m")
    };
    assert_eq!(of("North,East"), "2,3");
    assert_eq!(of("east, Far, far away"), "2,5");
    assert_eq!(of("1, 2"), "1,2");
    for two_ways in ["North, South", "North, South, East"] {
        let line = ["row", "create", "lead", "lastname=x", &format!("zz_m={two_ways}")];
        let error = world.admin().refused(&line);
        assert!(text(&error, "message").contains("in several ways"), "{error}");
    }
    let fetch = |operator: &str| {
        let fetch = format!(
            "<fetch><entity name='lead'><filter><condition attribute='zz_m' operator='{operator}'><value>east</value><value>3</value></condition></filter></entity></fetch>"
        );
        list(&world.admin().json(&["view", "run", "--fetch", &fetch])).len()
    };
    lead(&world, &["zz_m=4"]);
    lead(&world, &[]);
    assert_eq!(["contain-values", "not-contain-values"].map(fetch), [3, 2]);
    // What is taken out means the same where it comes in.
    let world = World::empty();
    column(&world, "zz_m", "choices", &options, &[]);
    lead(&world, &["zz_m:=[1,2]"]);
    let csv = world
        .admin()
        .run(&["row", "list", "lead", "--select", "lastname,zz_m", "-o", "csv"]);
    world.write("t.csv", &csv.stdout);
    world.write(
        "t.toml",
        "[columns]\nlastname = \"lastname\"\nzz_m = \"zz_m\"\n[ignore]\ncolumns = [\"id\"]\n",
    );
    world
        .admin()
        .json(&["import", "t.csv", "--table", "lead", "--map", "t.toml"]);
    assert_eq!(world.count("lead", "contains(zz_m,1) and contains(zz_m,2)"), 2);
}

#[test]
fn a_label_of_several_options_is_no_guess() {
    let world = World::empty();
    for (number, state) in [("100", "Open"), ("101", "1"), ("102", "2"), ("103", "2")] {
        let label = if number == "103" { "Cold" } else { "Warm" };
        world
            .admin()
            .json(&["option-set", "add", "lead.statuscode", number, label, "--state", state]);
    }
    world
        .admin()
        .json(&["option-set", "add", "lead.statuscode", "104", "Cold", "--state", "2"]);
    // Of status reasons it is the one of the state that the row comes into.
    let open = lead(&world, &["statuscode=Warm"]);
    let qualified = lead(&world, &["statuscode=Warm", "statecode=Qualified"]);
    let lost = lead(&world, &["statecode=2", "statuscode=warm"]);
    let reasons = [&open, &qualified, &lost].map(|lead| get(&world, lead, "statuscode"));
    assert_eq!(reasons, [json!(100), json!(101), json!(102)]);
    assert_eq!(world.count("lead", "statuscode eq 'Warm'"), 3, "all that are called so");
    assert_eq!(world.count("lead", "statuscode ne 'Warm'"), 0);
    assert_eq!(world.count("lead", "statuscode in ('warm','Lost')"), 3);
    world.write("f.csv", "n,s,r\na,Disqualified,Warm\nb,,Warm\nc,Qualified,Warm\n");
    world.write(
        "m.toml",
        "[columns]\nn = \"lastname\"\ns = \"statecode\"\nr = \"statuscode\"\n",
    );
    let report = world
        .admin()
        .json(&["import", "f.csv", "--table", "lead", "--map", "m.toml"]);
    assert_eq!(report["created"], 3, "{report}");
    assert_eq!(world.count("lead", "lastname eq 'c' and statuscode eq 101"), 1);
    let closing = lead(&world, &["companyname=q", "statuscode=100"]);
    let run = world.admin().run(&["lead", "qualify", &closing, "--status", "Warm"]);
    assert_ne!(run.code, 0, "it may be the reason of two closed states: {run:?}");

    // Two in one state, or in a choice: the number tells.
    column(&world, "zz_d", "choice", &["1=Same", "2=Same", "3=case", "4=CASE"], &[]);
    for (column, told) in [
        ("zz_d=Same", "1 (Same), 2 (Same)"),
        ("zz_d=Case", "3 (case), 4 (CASE)"),
        ("statuscode=Cold", "103 (Cold), 104 (Cold)"),
    ] {
        let line = ["row", "create", "lead", "lastname=x", "statecode=2", column];
        let error = world.admin().refused(&line);
        let message = text(&error, "message");
        assert!(
            message.contains("label of several options") && message.contains(told),
            "{error}"
        );
    }
    lead(&world, &["zz_d=1"]);
    lead(&world, &["zz_d=2"]);
    assert_eq!(world.count("lead", "zz_d eq 'Same'"), 2);
    assert_eq!(world.count("lead", "zz_d ne 'Same'"), 7);
    assert_eq!(world.count("lead", "zz_d in ('Same','case')"), 2);
    let fetch = "<fetch><entity name='lead'><filter><condition attribute='zz_d' operator='not-in'><value>Same</value></condition></filter></entity></fetch>";
    assert_eq!(list(&world.admin().json(&["view", "run", "--fetch", fetch])).len(), 7);
}

#[test]
fn an_amount_keeps_its_digits_through_json() {
    let world = World::empty();
    let target = r#"Target:={"@odata.type":"account","name":"exact","revenue":99999999999999.99}"#;
    world.admin().json(&["exec", "Create", target]);
    assert_eq!(
        world.count("account", "name eq 'exact' and revenue eq 99999999999999.99"),
        1
    );
    for (wrong, word) in [
        (r#"{"@odata.type":"account","name":"a","name":"b"}"#, "there twice"),
        (r#"{"@odata.type":"account","name":"#, "JSON"),
    ] {
        let run = world.admin().run(&["exec", "Create", &format!("Target:={wrong}")]);
        assert!(run.code == 2 && run.says(word), "{run:?}");
    }
    assert_eq!(world.count("account", "name ne null"), 1);
}

#[test]
fn no_clock_is_a_day_off() {
    let world = World::empty();
    column(&world, "zz_when", "date-time", &[], &[]);
    for wrong in [
        "2026-01-31T09:00:00+25:00",
        "2026-01-31T09:00:00+01:00:30",
        "2026-01-31T09:00:00-14:30",
    ] {
        let line = ["row", "create", "lead", "lastname=x", &format!("zz_when={wrong}")];
        assert_eq!(world.admin().refused(&line)["code"], "0x80040203", "{wrong}");
        let filter = format!("zz_when gt {wrong}");
        let refused = world.admin().refused(&["row", "list", "lead", "--filter", &filter]);
        assert_eq!(refused["code"], "0x80040203", "{wrong}");
    }
    let there = lead(&world, &["zz_when=2026-01-31T09:00:00+14:00"]);
    assert_eq!(get(&world, &there, "zz_when"), "2026-01-30T19:00:00Z");
}

/// A user or a team as a value is named as everywhere else.
#[test]
fn owners_are_named_by_user_and_team() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "create", "Owners"]);
    admin.json(&["role", "grant", "Owners", "account:r:user"]);
    admin.json(&["team", "role-add", "West", "Owners"]);
    let owner = |id: &str| {
        text(
            &admin.json(&["row", "get", "account", id, "--select", "ownerid"]),
            "_ownerid_value",
        )
    };
    let of = |table: &str, filter: &str| {
        text(
            &world.rows(table, &format!("{table}id"), filter)[0],
            &format!("{table}id"),
        )
    };
    let seller = of("systemuser", "domainname eq 'seller.west'");
    let west = of("team", "name eq 'West'");
    let account = id(&admin.json(&["row", "create", "account", "name=Litware", "ownerid=user:seller.west"]));
    assert_eq!(owner(&account), seller);
    admin.json(&["row", "update", "account", &account, "ownerid=team:West"]);
    assert_eq!(owner(&account), west);
    admin.json(&["row", "assign", "account", &account, "user:seller.west"]);
    assert_eq!(owner(&account), seller);
    admin.json(&[
        "row",
        "update",
        "systemuser",
        "seller.west",
        "parentsystemuserid=user:manager",
    ]);
}

/// A name says which row is meant where one of the tables that a lookup may refer to has such a row, and no other.
#[test]
fn a_name_is_looked_for_in_each_table_that_a_lookup_may_refer_to() {
    let world = World::sample();
    let admin = world.admin();
    let made = lead(&world, &["ownerid=seller.west"]);
    let owner = admin.json(&["row", "get", "lead", &made])["_ownerid_value"].clone();
    let west = admin.json(&["user", "show", "seller.west"])["systemuserid"].clone();
    assert_eq!(owner, west);
    let arguments = ["row", "create", "lead", "lastname=x", "ownerid=nobody"];
    refused(&admin, 1, &arguments, &["`nobody` is not `TABLE:ID`"]);
    admin.json(&["user", "create", "West"]);
    let arguments = ["row", "create", "lead", "lastname=x", "ownerid=West"];
    refused(&admin, 2, &arguments, &["names a row of systemuser and of team"]);
}

#[test]
fn rights_are_named_as_people_write_them() {
    let world = World::sample();
    let lead = lead(&world, &[]);
    let share = |rights: &str| {
        world
            .admin()
            .json(&["row", "share", "lead", &lead, "seller.east", rights])["rights"]
            .clone()
    };
    for rights in ["append-to", "appendto", "AppendToAccess"] {
        assert_eq!(share(rights), "AppendToAccess");
    }
}
