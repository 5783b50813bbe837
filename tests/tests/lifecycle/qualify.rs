//! QualifyLead in full: its parameters, what it makes by default, the same request twice, many
//! at once.

use serde_json::{Value, json};
use sluice_tests::{
    program::Program,
    world::{World, id, list, text},
};

pub(super) const TABLES: [&str; 3] = ["account", "contact", "opportunity"];

pub(super) fn lead(world: &World, more: &[&str]) -> String {
    lead_of(world, "Novak Ltd", more)
}

pub(super) fn lead_of(world: &World, company: &str, more: &[&str]) -> String {
    let company = format!("companyname={company}");
    let row = [
        "row",
        "create",
        "lead",
        "subject=Pumps",
        "firstname=Ada",
        "lastname=Novak",
        &company,
    ];
    id(&world.admin().json(&[&row, more].concat()))
}

/// The tables of the rows that qualifying made.
pub(super) fn made(program: &Program, arguments: &[&str]) -> Vec<String> {
    let item = list(&program.json(&[&["lead", "qualify"], arguments].concat())).remove(0);
    let created = item["created"].as_array().unwrap();
    created.iter().map(|row| text(row, "table")).collect()
}

pub(super) fn error(program: &Program, arguments: &[&str]) -> Value {
    let run = program.run(&[&["lead", "qualify"], arguments, &["--json"]].concat());
    assert_eq!(run.code, 1, "{run:?}");
    run.json()["value"][0]["error"].clone()
}

#[test]
fn each_combination_of_flags_makes_exactly_what_it_says() {
    let world = World::empty();
    for bits in 0..8_u32 {
        let lead = lead(&world, &[]);
        let before = TABLES.map(|table| world.count(table, ""));
        let wanted = [0, 1, 2].map(|bit| bits >> bit & 1 == 1);
        let flags: Vec<String> = TABLES
            .iter()
            .zip(wanted)
            .map(|(table, wanted)| format!("--{table}={}", if wanted { "create" } else { "skip" }))
            .collect();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let tables = made(
            &world.admin(),
            &[&[lead.as_str(), "--from", "grid"], &flags[..]].concat(),
        );
        let expected: Vec<&str> = TABLES
            .into_iter()
            .zip(wanted)
            .filter(|(_, wanted)| *wanted)
            .map(|(table, _)| table)
            .collect();
        assert_eq!(tables, expected);
        let after = TABLES.map(|table| world.count(table, ""));
        assert_eq!(after.map(|n| n), [0, 1, 2].map(|i| before[i] + usize::from(wanted[i])));
    }
}

/// A row without a name is of use to nobody; white space is no name.
#[test]
fn no_account_and_no_contact_without_a_name_is_made_unless_it_is_asked_for() {
    let world = World::empty();
    let of = |columns: &[&str]| {
        id(&world
            .admin()
            .json(&[&["row", "create", "lead", "subject=Boiler"], columns].concat()))
    };
    let person = of(&["firstname=Pat", "lastname=Privat"]);
    let blank = of(&["lastname=W", "companyname=   "]);
    let hidden = of(&["lastname=W", "companyname=\u{200b}\u{a0}"]);
    let company = of(&["companyname=OnlyCo"]);
    let neither = of(&[]);
    for (lead, tables) in [
        (&person, &["contact", "opportunity"][..]),
        (&blank, &["contact", "opportunity"]),
        (&hidden, &["contact", "opportunity"]),
        (&company, &["account", "opportunity"]),
        (&neither, &["opportunity"]),
    ] {
        let trial = list(&world.admin().json(&["lead", "qualify", lead, "--dry-run"])).remove(0);
        let records: Vec<String> = trial["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| text(row, "table"))
            .collect();
        assert_eq!(records, tables, "for trial");
        assert_eq!(made(&world.admin(), &[lead]), tables);
        let lead = world.admin().json(&["row", "get", "lead", lead]);
        let opportunity = text(&lead, "_qualifyingopportunityid_value");
        let opportunity = world.admin().json(&["row", "get", "opportunity", &opportunity]);
        let made = ["_parentaccountid_value", "_parentcontactid_value"].map(|column| lead[column].clone());
        let customer = made.iter().find(|id| !id.is_null()).cloned().unwrap_or_default();
        assert_eq!(opportunity["_customerid_value"], customer);
    }
    assert_eq!(world.rows("account", "name", "").len(), 1);
    let asked = of(&["lastname=Only"]);
    assert_eq!(made(&world.admin(), &[&asked, "--account", "create"]), TABLES);

    // Nobody is asked about what has no name, either.
    world
        .admin()
        .json(&["settings", "set", "sales.qualify.create-by-default", "no"]);
    let lead = format!("LeadId={}", of(&["lastname=Asked"]));
    let refused = world
        .admin()
        .refused(&["exec", "QualifyLead", &lead, "Status=3", "ByDefault=yes"]);
    assert_eq!(refused["missing"], json!(["CreateContact", "CreateOpportunity"]));
}

#[test]
fn a_status_of_disqualified_closes_the_lead_and_makes_nothing() {
    let world = World::empty();
    let lead = lead(&world, &[]);
    let unknown = world.admin().run(&["lead", "qualify", &lead, "--status", "Asleep"]);
    assert!(unknown.code == 2 && unknown.says("5 (Cannot Contact)"), "{unknown:?}");
    let run = world
        .admin()
        .run(&["lead", "qualify", &lead, "--status", "cannot contact"]);
    assert_eq!(run.stdout, format!("disqualified lead {lead}; nothing was created\n"));
    let row = world.admin().json(&["row", "get", "lead", &lead]);
    assert_eq!(
        (row["statecode"].as_i64(), row["statuscode"].as_i64()),
        (Some(2), Some(5))
    );
}

#[test]
fn an_open_status_or_records_with_a_disqualified_one_are_refused() {
    let world = World::empty();
    let lead = lead(&world, &[]);
    for (status, why) in [
        ("2", "3 (Qualified)"),
        ("5", "disqualifies the lead"),
        ("99", "3 (Qualified)"),
    ] {
        let error = error(&world.admin(), &[&lead, "--status", status, "--account", "create"]);
        assert_eq!(error["code"], "0x80048408", "{status}");
        assert!(text(&error, "message").contains(why), "{error}");
    }
    let account = id(&world.admin().json(&["row", "create", "account", "name=Other Ltd"]));
    let existing = format!("existing:{account}");
    let error = error(&world.admin(), &[&lead, "--status", "5", "--account", &existing]);
    assert!(text(&error, "message").contains("disqualifies the lead"), "{error}");
}

#[test]
fn the_setting_and_its_toggles_say_what_is_made_without_asking() {
    let world = World::empty();
    let set = |name: &str, value: &str| world.admin().json(&["settings", "set", name, value]);
    assert_eq!(made(&world.admin(), &[&lead_of(&world, "A", &[])]), TABLES);
    set("sales.qualify.create-contact", "no");
    assert_eq!(
        made(&world.admin(), &[&lead_of(&world, "B", &[])]),
        ["account", "opportunity"]
    );
    set("sales.qualify.create-by-default", "no");
    let third = lead_of(&world, "C", &[]);
    let run = world.admin().run(&["lead", "qualify", &third, "--json"]);
    assert_eq!(run.code, 2, "{run:?}");
    for flag in ["--account", "--contact", "--opportunity"] {
        assert!(run.stdout.contains(flag), "{run:?}");
    }
    let run = world
        .admin()
        .run(&["lead", "qualify", &third, "--account", "skip", "--json"]);
    assert_eq!(run.code, 2, "what no flag says is not skipped in silence: {run:?}");
    assert!(run.stdout.contains("--contact, --opportunity"), "{run:?}");
    let account = id(&world.admin().json(&["row", "create", "account", "name=Other Ltd"]));
    let parent = format!("parentaccountid={account}");
    let settled = lead_of(&world, "E", &[&parent]);
    let rest = ["--contact", "skip", "--opportunity", "create"];
    assert_eq!(
        made(&world.admin(), &[&[&*settled][..], &rest].concat()),
        ["opportunity"],
        "nobody is asked about an account that the lead has"
    );
    let closed = error(&world.admin(), &[&settled]);
    assert_eq!(
        closed["code"], "0x80040519",
        "nor about a lead that is closed: {closed}"
    );
    let skipping = ["--account", "skip", "--contact", "skip", "--opportunity", "create"];
    assert_eq!(
        made(&world.admin(), &[&[&*third][..], &skipping].concat()),
        ["opportunity"]
    );
    set("sales.qualify.create-by-default", "yes");
    assert_eq!(
        made(&world.admin(), &[&lead_of(&world, "D", &[])]),
        ["account", "opportunity"]
    );
}

/// As on the platform, what a request leaves out is not made; what the form decides is asked for.
#[test]
fn the_message_decides_like_the_form_only_where_it_is_asked_to() {
    let world = World::empty();
    let send = |company: &str, more: &[&str]| {
        let lead = format!("LeadId={}", lead_of(&world, company, &[]));
        world
            .admin()
            .run(&[&["exec", "QualifyLead", &lead, "--json"], more].concat())
    };
    let made = |company: &str, more: &[&str]| -> Vec<String> {
        let answer = send(company, more).json();
        let rows = answer["CreatedEntities"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| text(row, "@odata.type").replace("#Microsoft.Dynamics.CRM.", ""))
            .collect()
    };
    let nothing: [&str; 0] = [];
    assert_eq!(made("A", &["Status=3"]), nothing);
    assert_eq!(
        made("B", &["Status=3", "CreateContact=yes", "ByDefault=no"]),
        ["contact"]
    );
    assert_eq!(made("C", &["Status=3", "ByDefault=yes"]), TABLES);
    assert_eq!(
        made("D", &["Status=3", "ByDefault=yes", "CreateAccount=no"]),
        ["contact", "opportunity"]
    );
    assert_eq!(
        made("E", &["Status=5", "ByDefault=yes"]),
        nothing,
        "of a disqualified lead nothing is made"
    );
    world
        .admin()
        .json(&["settings", "set", "sales.qualify.create-by-default", "no"]);
    let run = send("F", &["Status=3", "ByDefault=yes", "CreateContact=no"]);
    let asked = run.json()["error"].clone();
    assert_eq!((run.code, &asked["code"]), (1, &json!("0x80044153")), "{asked:#}");
    assert_eq!(asked["missing"], json!(["CreateAccount", "CreateOpportunity"]));
    let open = world.rows("lead", "statecode", "companyname eq 'F'");
    assert_eq!(open[0]["statecode"], 0, "a question changes nothing");
    let decided = [
        "Status=3",
        "ByDefault=yes",
        "CreateAccount=yes",
        "CreateContact=no",
        "CreateOpportunity=no",
    ];
    assert_eq!(made("G", &decided), ["account"]);
    assert_eq!(made("H", &["Status=3"]), nothing);
}

#[test]
fn an_account_and_a_contact_that_are_there_are_taken() {
    let world = World::empty();
    let account = id(&world.admin().json(&["row", "create", "account", "name=Other Ltd"]));
    let contact = id(&world.admin().json(&["row", "create", "contact", "lastname=Other"]));
    let chosen = lead(&world, &[]);
    let (by_account, by_contact) = (format!("existing:{account}"), format!("existing:{contact}"));
    assert_eq!(
        made(
            &world.admin(),
            &[&chosen, "--account", &by_account, "--contact", &by_contact]
        ),
        ["opportunity"]
    );
    let row = world.admin().json(&["row", "get", "lead", &chosen]);
    assert_eq!(text(&row, "_parentaccountid_value"), account);
    let opportunity = world.admin().json(&[
        "row",
        "get",
        "opportunity",
        &text(&row, "_qualifyingopportunityid_value"),
    ]);
    assert_eq!(text(&opportunity, "_parentaccountid_value"), account);
    assert_eq!(text(&opportunity, "_parentcontactid_value"), contact);
    assert_eq!(text(&opportunity, "_customerid_value"), account);

    let parent = format!("parentcontactid={contact}");
    let named = lead_of(&world, "Novak and Sons", &[&parent]);
    assert_eq!(made(&world.admin(), &[&named]), ["account", "opportunity"]);
    let row = world.admin().json(&["row", "get", "lead", &named]);
    assert_eq!(text(&row, "_parentcontactid_value"), contact);
}

#[test]
fn currency_customer_and_campaign_reach_the_opportunity() {
    let world = World::empty();
    let currency = [
        "row",
        "create",
        "transactioncurrency",
        "currencyname=Euro",
        "isocurrencycode=EUR",
        "exchangerate=2",
    ];
    world.admin().json(&[&currency[..], &["currencysymbol=€"]].concat());
    world.admin().json(&["row", "create", "campaign", "name=Spring"]);
    let contact = id(&world.admin().json(&["row", "create", "contact", "lastname=Buyer"]));
    let (lead, customer) = (lead(&world, &[]), format!("contact:{contact}"));
    let flags = ["--currency", "Euro", "--campaign", "Spring", "--customer", &customer];
    assert_eq!(
        made(&world.admin(), &[&[lead.as_str()], &flags[..]].concat()),
        ["account", "opportunity"]
    );
    let opportunities = world.rows(
        "opportunity",
        "name,campaignid,customerid,transactioncurrencyid,parentcontactid",
        "",
    );
    assert_eq!(opportunities.len(), 1);
    assert_eq!(text(&opportunities[0], "_customerid_value"), contact);
    assert_eq!(text(&opportunities[0], "_parentcontactid_value"), contact);
    assert!(opportunities[0]["_campaignid_value"].is_string());
    let euro = world.rows("transactioncurrency", "currencyname", "isocurrencycode eq 'EUR'");
    assert_eq!(
        text(&opportunities[0], "_transactioncurrencyid_value"),
        text(&euro[0], "transactioncurrencyid")
    );
}

#[test]
fn the_answer_says_how_many_fields_were_carried_over() {
    let world = World::empty();
    let lead = lead(
        &world,
        &["emailaddress1=ada@novak.example", "websiteurl=http://novak.example"],
    );
    let trial = list(&world.admin().json(&["lead", "qualify", &lead, "--dry-run"])).remove(0);
    let from_lead = |record: &Value| {
        let values = record["values"].as_array().unwrap().iter();
        let sources = values.filter(|value| text(value, "source").starts_with("lead."));
        i64::try_from(sources.count()).unwrap()
    };
    let trial: Vec<i64> = trial["records"].as_array().unwrap().iter().map(from_lead).collect();
    let item = list(&world.admin().json(&["lead", "qualify", &lead])).remove(0);
    let counts: Vec<i64> = item["created"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["fieldsCopied"].as_i64().unwrap())
        .collect();
    // Account: name, e-mail, website. Contact: two names, e-mail, website. Opportunity: name,
    // currency. That mail may be sent is what a new row says anyway.
    assert_eq!(counts, [3, 4, 2], "{item}");
    assert_eq!(trial, counts, "the dry run names each of them");
}

#[test]
fn every_record_knows_its_lead_and_its_neighbours() {
    let world = World::empty();
    let lead = lead(&world, &[]);
    made(&world.admin(), &[&lead]);
    let [account, contact, opportunity] = TABLES.map(|table| {
        let row = &world.rows(table, "createdon", "")[0];
        world
            .admin()
            .json(&["row", "get", table, &text(row, &format!("{table}id"))])
    });
    for row in [&account, &contact, &opportunity] {
        assert_eq!(text(row, "_originatingleadid_value"), lead);
    }
    assert_eq!(account["_primarycontactid_value"], contact["contactid"]);
    assert_eq!(contact["_parentcustomerid_value"], account["accountid"]);
    assert_eq!(opportunity["_customerid_value"], account["accountid"]);
    let row = world.admin().json(&["row", "get", "lead", &lead]);
    assert_eq!(row["_qualifyingopportunityid_value"], opportunity["opportunityid"]);
    assert_eq!(json!([row["statecode"], row["statuscode"]]), json!([1, 3]));
}

#[test]
fn the_guides_exact_role_is_enough_where_the_organisation_says_so() {
    let world = World::sample();
    let seller = world.user("seller.west");
    let row = [
        "row",
        "create",
        "lead",
        "subject=Pumps",
        "lastname=Novak",
        "companyname=Novak and Daughters",
    ];
    let lead = id(&seller.json(&row));
    world.admin().json(&["role", "revoke", "Salesperson", "prvWriteLead"]);
    let refused = error(&seller, &[&lead]);
    assert_eq!(
        (text(&refused, "code"), text(&refused, "privilege")),
        ("0x80040220".to_owned(), "prvWriteLead".to_owned())
    );
    assert!(text(&refused, "message").starts_with("Access denied or Insufficient permissions: "));
    let found = world
        .admin()
        .json(&["diagnose", "isolate", "--user", "seller.west", "--lead", &lead]);
    let note = text(&found["culprits"][0], "note");
    assert!(note.contains("guide's list of privileges does not have it"), "{found}");
    world
        .admin()
        .json(&["settings", "set", "compat.qualifyNeedsLeadWrite", "no"]);
    assert_eq!(made(&seller, &[&lead]), TABLES);
    let closed = world.admin().json(&["row", "get", "lead", &lead]);
    assert_eq!(closed["statecode"], 1);
}

#[test]
fn a_row_on_the_lead_that_the_seller_may_not_link_to_is_refused_in_the_guides_words() {
    let world = World::sample();
    let seller = world.user("seller.west");
    let lead = world.lead("seller.west");
    let east = id(&world
        .user("seller.east")
        .json(&["row", "create", "account", "name=East Ltd"]));
    let preset = format!("parentaccountid={east}");
    world.admin().json(&["row", "update", "lead", &lead, &preset]);
    let refused = error(&seller, &[&lead]);
    assert_eq!(
        (text(&refused, "code"), text(&refused, "situation")),
        ("0x80048306".to_owned(), "e4".to_owned())
    );
    assert!(
        text(&refused, "message").starts_with("Access denied or Insufficient permissions: "),
        "{refused}"
    );
}
