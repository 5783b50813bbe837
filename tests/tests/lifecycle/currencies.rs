//! An amount is one of its currency, whatever row it comes into.

use serde_json::{Value, json};
use sluice_tests::world::{World, id, text};

fn create(world: &World, arguments: &[&str]) -> String {
    id(&world.admin().json(&[&["row", "create"], arguments].concat()))
}

/// An organisation in dollars that has yen beside: a hundred for a dollar.
fn with_yen() -> (World, String) {
    let world = World::empty();
    let yen = create(
        &world,
        &[
            "transactioncurrency",
            "currencyname=Yen",
            "isocurrencycode=JPY",
            "currencysymbol=¥",
            "exchangerate=100",
        ],
    );
    (world, yen)
}

/// An account in yen.
fn in_yen(world: &World, name: &str) -> String {
    let name = format!("name={name}");
    create(world, &["account", &name, "revenue=1000", "transactioncurrencyid=Yen"])
}

fn row(world: &World, table: &str, id: &str) -> Value {
    world.admin().json(&["row", "get", table, id])
}

#[test]
fn a_merge_takes_no_amount_of_another_currency() {
    let (world, yen) = with_yen();
    let keep = create(&world, &["account", "name=Kept", "creditlimit=5"]);
    let other = in_yen(&world, "Merged");
    let take = |columns: &'static str| {
        [
            "merge".to_owned(),
            "account".to_owned(),
            keep.clone(),
            other.clone(),
            "--take".to_owned(),
            columns.to_owned(),
        ]
    };
    // Nor does the currency that comes make other amounts of those that the row has.
    for some in ["revenue", "revenue,transactioncurrencyid"] {
        let some = take(some);
        let some: Vec<&str> = some.iter().map(String::as_str).collect();
        let error = world.admin().refused(&some);
        assert_eq!(error["code"], "0x80040203", "{error}");
        assert!(text(&error, "message").contains("another currency"), "{error}");
        assert_eq!(row(&world, "account", &keep)["revenue"], Value::Null);
    }
    // An amount that is theirs once it is rounded is theirs.
    let (target, closed) = (
        format!("Target=account:{keep}"),
        format!("SubordinateId=account:{other}"),
    );
    let content = r#"UpdateContent:={"@odata.type":"account","revenue":1000.0000001}"#;
    let error = world.admin().refused(&["exec", "Merge", &target, &closed, content]);
    assert!(text(&error, "message").contains("another currency"), "{error}");
    let both = take("revenue,creditlimit,transactioncurrencyid");
    let both: Vec<&str> = both.iter().map(String::as_str).collect();
    world.admin().json(&both);
    let kept = row(&world, "account", &keep);
    assert_eq!((&kept["revenue"], &kept["revenue_base"]), (&json!(1000), &json!(10)));
    assert_eq!(text(&kept, "_transactioncurrencyid_value"), yen);

    let (dollars, other) = (create(&world, &["account", "name=D"]), in_yen(&world, "Y"));
    world
        .admin()
        .json(&["row", "update", "account", &other, "description=filled"]);
    let merged = world.admin().json(&["merge", "account", &dollars, &other, "--fill"]);
    assert_eq!(merged["left"], json!(["revenue"]), "{merged}");
    let kept = row(&world, "account", &dollars);
    assert_eq!(
        (&kept["revenue"], &kept["description"]),
        (&Value::Null, &json!("filled"))
    );

    let (keep, other) = (in_yen(&world, "Y1"), in_yen(&world, "Y2"));
    world
        .admin()
        .json(&["row", "update", "account", &other, "creditlimit=300"]);
    world.admin().json(&["merge", "account", &keep, &other, "--fill"]);
    let kept = row(&world, "account", &keep);
    assert_eq!(
        (&kept["creditlimit"], &kept["creditlimit_base"]),
        (&json!(300), &json!(3))
    );
}

#[test]
fn the_end_of_an_opportunity_is_in_its_currency() {
    let (world, yen) = with_yen();
    let opportunity = create(
        &world,
        &[
            "opportunity",
            "name=O",
            "estimatedvalue=1000",
            "transactioncurrencyid=Yen",
        ],
    );
    world
        .admin()
        .json(&["opportunity", "win", &opportunity, "--revenue", "900"]);
    let won = row(&world, "opportunity", &opportunity);
    assert_eq!(
        (&won["actualvalue"], &won["actualvalue_base"]),
        (&json!(900), &json!(9))
    );
    let closes = world.rows(
        "opportunityclose",
        "actualrevenue,actualrevenue_base,transactioncurrencyid",
        "",
    );
    assert_eq!(
        (&closes[0]["actualrevenue"], &closes[0]["actualrevenue_base"]),
        (&json!(900), &json!(9))
    );
    assert_eq!(text(&closes[0], "_transactioncurrencyid_value"), yen);

    let other = create(
        &world,
        &[
            "opportunity",
            "name=P",
            "estimatedvalue=1000",
            "transactioncurrencyid=Yen",
        ],
    );
    let dollar = text(
        &world.rows("transactioncurrency", "currencyname", "isocurrencycode eq 'USD'")[0],
        "transactioncurrencyid",
    );
    let close = json!({
        "@odata.type": "opportunityclose",
        "opportunityid@odata.bind": format!("opportunities({other})"),
        "transactioncurrencyid@odata.bind": format!("transactioncurrencies({dollar})"),
        "actualrevenue": 900,
    });
    let parameter = format!("OpportunityClose:={close}");
    let error = world
        .admin()
        .refused(&["exec", "WinOpportunity", &parameter, "Status:=3"]);
    assert!(text(&error, "message").contains("another currency"), "{error}");
}

#[test]
fn what_a_lead_carries_over_is_in_its_currency() {
    let (world, yen) = with_yen();
    let lead = |company: &str| {
        let company = format!("companyname={company}");
        create(
            &world,
            &[
                "lead",
                "lastname=Q",
                "subject=Q",
                &company,
                "revenue=100000",
                "budgetamount=500",
                "transactioncurrencyid=Yen",
            ],
        )
    };
    let from = format!("lead:{}", lead("one"));
    let account = create(&world, &["account", "name=A", "--from", &from]);
    let account = row(&world, "account", &account);
    assert_eq!(
        (&account["revenue"], &account["revenue_base"]),
        (&json!(100_000), &json!(1000))
    );
    assert_eq!(text(&account, "_transactioncurrencyid_value"), yen);

    // Another currency would make dollars of the yen; amounts that are given are what they are.
    let from_it = ["row", "create", "account", "name=B", "--from", &from];
    let in_dollars = [&from_it[..], &["transactioncurrencyid=US Dollar"]].concat();
    let error = world.admin().refused(&in_dollars);
    assert_eq!(error["code"], "0x80040203", "{error}");
    assert!(text(&error, "message").contains("`revenue`"), "{error}");
    assert_eq!(world.count("account", "name eq 'B'"), 0);
    let dollars = id(&world.admin().json(&[&in_dollars[..], &["revenue=1000"]].concat()));
    assert_eq!(row(&world, "account", &dollars)["revenue_base"], json!(1000));
    let yen_again = id(&world
        .admin()
        .json(&[&from_it[..], &["transactioncurrencyid=Yen"]].concat()));
    assert_eq!(row(&world, "account", &yen_again)["revenue_base"], json!(1000));

    world
        .admin()
        .json(&["mapping", "add", "lead", "opportunity", "budgetamount", "budgetamount"]);
    let lead = lead("two");
    let qualify = ["lead", "qualify", &lead, "--json"];
    let run = world
        .admin()
        .run(&[&qualify[..], &["--currency", "US Dollar"]].concat());
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("another currency than the lead"), "{run:?}");
    assert_eq!(world.count("opportunity", "name ne null"), 0);
    assert_eq!(world.admin().run(&qualify).code, 0);
    let made = world.rows("opportunity", "budgetamount,budgetamount_base", "");
    assert_eq!(
        (&made[0]["budgetamount"], &made[0]["budgetamount_base"]),
        (&json!(500), &json!(5))
    );
}

#[test]
fn amounts_do_not_lose_their_currency() {
    let (world, _) = with_yen();
    let account = in_yen(&world, "A");
    let update = ["row", "update", "account", &account];
    let with = |columns: &[&'static str]| [&update[..], columns].concat();
    let error = world.admin().refused(&with(&["transactioncurrencyid=null"]));
    assert_eq!(error["code"], "0x80040203", "{error}");
    assert!(text(&error, "message").contains("`revenue`"), "{error}");
    world
        .admin()
        .json(&with(&["transactioncurrencyid=null", "revenue=null"]));
    let bare = row(&world, "account", &account);
    assert_eq!(
        (&bare["_transactioncurrencyid_value"], &bare["exchangerate"]),
        (&Value::Null, &Value::Null)
    );
    // The next amount is one of the base currency.
    world.admin().json(&with(&["revenue=7"]));
    let again = row(&world, "account", &account);
    assert_eq!(
        (&again["revenue"], &again["revenue_base"], &again["exchangerate"]),
        (&json!(7), &json!(7), &json!(1))
    );
    assert!(again["_transactioncurrencyid_value"].is_string(), "{again}");
}

#[test]
fn the_base_currency_stays_what_it_is() {
    let (world, _) = with_yen();
    for change in ["statecode=1", "isocurrencycode=EUR", "exchangerate=2"] {
        let error = world
            .admin()
            .refused(&["row", "update", "transactioncurrency", "US Dollar", change]);
        assert_eq!(error["code"], "0x80040203", "{change}: {error}");
    }
    for code in ["12", "EURO", "usd", "JPY"] {
        let line = [
            "row",
            "create",
            "transactioncurrency",
            "currencyname=Other",
            &format!("isocurrencycode={code}"),
            "currencysymbol=O",
            "exchangerate=2",
        ];
        let error = world.admin().refused(&line);
        assert_eq!(error["code"], "0x80040203", "{code}: {error}");
    }
    // A name is one currency's, as texts compare, and its own is written again.
    for (name, code) in [("yen", "XYZ"), ("US DOLLAR", "XYZ"), ("Other", "USD")] {
        let (name, code) = (format!("currencyname={name}"), format!("isocurrencycode={code}"));
        let new = ["currencysymbol=O", "exchangerate=2", &name, &code];
        let error = world
            .admin()
            .refused(&[&["row", "create", "transactioncurrency"], &new[..]].concat());
        assert_eq!(error["code"], "0x80040203", "{error}");
        assert!(
            text(&error, "message").contains("there is a currency with the"),
            "{error}"
        );
    }
    let renamed = |name: &'static str| ["row", "update", "transactioncurrency", "Yen", name];
    world.admin().refused(&renamed("currencyname=us dollar"));
    world.admin().json(&renamed("currencyname=YEN"));
    world
        .admin()
        .json(&["row", "update", "transactioncurrency", "Yen", "exchangerate=120"]);
    world
        .admin()
        .json(&["row", "update", "transactioncurrency", "Yen", "isocurrencycode=JPY"]);
}

#[test]
fn currencies_of_one_name_are_listed() {
    let (world, yen) = with_yen();
    let file = rusqlite::Connection::open(world.path("sluice.db")).unwrap();
    file.create_collation("UNICODE_CI", |one, other| one.cmp(other))
        .unwrap();
    file.execute_batch("UPDATE transactioncurrency SET currencyname = 'us dollar', isocurrencycode = 'USD' WHERE isocurrencycode = 'JPY'")
        .unwrap();
    drop(file);
    let found = world.admin().json(&["org", "check"])["rows"].clone();
    let rules: Vec<String> = found.as_array().unwrap().iter().map(|row| text(row, "rule")).collect();
    assert!(
        rules.len() == 2 && rules.iter().all(|rule| rule.contains("by the organisation's language")),
        "{found}"
    );
    assert!(found.to_string().contains("isocurrencycode") && found.to_string().contains("currencyname"));
    // It is renamed back without more ado, and reads as it is until then.
    world.admin().json(&[
        "row",
        "update",
        "transactioncurrency",
        &yen,
        "currencyname=Yen",
        "isocurrencycode=JPY",
    ]);
    assert_eq!(world.admin().json(&["org", "check"])["rows"], json!([]));
}

#[test]
fn without_a_currency_there_are_no_base_amounts() {
    let (world, _) = with_yen();
    let account = in_yen(&world, "Empty");
    let emptied = [
        "row",
        "update",
        "account",
        &account,
        "revenue=null",
        "transactioncurrencyid=null",
    ];
    world.admin().json(&emptied);
    let left = row(&world, "account", &account);
    for column in [
        "revenue",
        "revenue_base",
        "exchangerate",
        "_transactioncurrencyid_value",
    ] {
        assert_eq!(left[column], Value::Null, "{column}: {left}");
    }
}

/// What is judged is what is stored: a rate that comes to nothing is none.
#[test]
fn a_rate_is_judged_as_it_is_stored() {
    let (world, _) = with_yen();
    let new = [
        "row",
        "create",
        "transactioncurrency",
        "currencyname=Z",
        "isocurrencycode=ZZZ",
        "currencysymbol=z",
        "exchangerate=0.00000000001",
    ];
    let change = [
        "row",
        "update",
        "transactioncurrency",
        "Yen",
        "exchangerate=0.00000000004",
    ];
    for line in [&new[..], &change] {
        let error = world.admin().refused(line);
        assert!(
            text(&error, "message").contains("an exchange rate is above zero"),
            "{error}"
        );
    }
    // What comes to one is the rate of the base currency.
    world.admin().json(&[
        "row",
        "update",
        "transactioncurrency",
        "US Dollar",
        "exchangerate=1.00000000001",
    ]);
}
