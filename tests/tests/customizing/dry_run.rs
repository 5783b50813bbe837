//! What a lead would become.

use serde_json::Value as Json;
use sluice_model::Value;

use crate::world::Customizing;

/// The value of a column in a record of the preview, and where it comes from.
fn value<'a>(item: &'a Json, table: &str, column: &str) -> Option<(&'a Json, &'a str)> {
    let records = item["records"].as_array().unwrap();
    let record = records.iter().find(|record| record["table"] == table)?;
    let value = record["values"]
        .as_array()
        .unwrap()
        .iter()
        .find(|value| value["column"] == column)?;
    Some((&value["value"], value["source"].as_str().unwrap()))
}

#[test]
fn every_value_says_where_it_comes_from_and_no_row_is_written() {
    let world = Customizing::new();
    world.sluice("mapping add lead contact jobtitle department");
    let lead = world.lead(&[
        ("companyname", "Fourth Coffee".into()),
        ("jobtitle", "Buyer".into()),
        ("revenue", Value::Money(12.into())),
    ]);
    let before = (world.counts(), world.admin.count("sl_messagetrace"));
    let answer = world.sluice(&format!("lead qualify {lead} --dry-run"));
    let item = &answer["value"][0];
    assert_eq!(
        (&item["lead"], &item["dryRun"]),
        (&lead.to_string().into(), &true.into())
    );
    let tables: Vec<&str> = item["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["table"].as_str().unwrap())
        .collect();
    assert_eq!(tables, ["account", "contact", "opportunity"]);
    let of = |table, column| value(item, table, column).unwrap();
    assert_eq!(of("account", "name"), (&"Fourth Coffee".into(), "lead.companyname"));
    assert_eq!(of("account", "revenue"), (&12.into(), "lead.revenue"));
    assert_eq!(of("contact", "department"), (&"Buyer".into(), "lead.jobtitle"));
    assert_eq!(of("contact", "jobtitle"), (&"Buyer".into(), "lead.jobtitle"));
    assert_eq!(of("contact", "parentcustomerid").1, "qualify");
    assert_eq!(of("account", "primarycontactid").1, "qualify");
    assert_eq!(of("opportunity", "name"), (&"Twelve pumps".into(), "lead.subject"));
    assert_eq!(
        of("opportunity", "originatingleadid"),
        (&lead.to_string().into(), "qualify")
    );
    assert_eq!(of("opportunity", "statuscode"), (&1.into(), "default"));
    assert_eq!(of("opportunity", "ownerid").1, "platform");
    // The currency: the lead has the organisation's.
    assert_eq!(
        of("opportunity", "transactioncurrencyid").1,
        "lead.transactioncurrencyid"
    );

    assert_eq!((world.counts(), world.admin.count("sl_messagetrace")), before);
    let row = world.admin.get("lead", lead);
    assert_eq!((row.int("statecode"), row.get("parentaccountid")), (Some(0), None));
    // The real thing makes the very same.
    let made = world.qualify(lead);
    for row in &made {
        for (column, value) in &row.values {
            let Some((shown, _)) = self::value(item, &row.table, column) else {
                continue;
            };
            if value.as_lookup().is_none() {
                assert_eq!(shown, &sluice_model::json::from_value(value), "{}.{column}", row.table);
            }
        }
    }
}

#[test]
fn the_flags_decide_as_they_do_in_earnest() {
    let world = Customizing::new();
    let lead = world.lead(&[]);
    let answer = world.sluice(&format!(
        "lead qualify {lead} --dry-run --account skip --opportunity skip"
    ));
    let records = answer["value"][0]["records"].as_array().unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["table"], "contact");
    assert_eq!(value(&answer["value"][0], "contact", "parentcustomerid"), None);
}

#[test]
fn what_a_plug_in_sets_is_a_steps() {
    let world = Customizing::sample();
    world.sluice("role grant Salesperson prvReadsl_commissionrule org");
    let seller = world.org.actor("seller.west");
    // A lead of the sample, older than the step that would have tidied its number up.
    let open = odata_filter(
        &world,
        "statecode eq 0 and contains(telephone1,'/') and companyname ne null",
    );
    let lead = seller.list(sluice_model::Query::new("lead").filter(open).top(1));
    let lead = lead[0].id.to_string();
    let answer = world
        .program()
        .as_user("seller.west")
        .json(&["lead", "qualify", &lead, "--dry-run"]);
    let of = |table, column| value(&answer["value"][0], table, column).unwrap();
    assert_eq!(of("account", "sl_commissionrate").1, "plug-in step");
    assert_eq!(
        of("contact", "telephone1").1,
        "plug-in step",
        "a step made another number of it"
    );
    assert_eq!(
        of("account", "telephone1").1,
        "lead.telephone1",
        "the account's has no such step"
    );
    assert_eq!(of("contact", "lastname").1, "lead.lastname");
    let people = world
        .program()
        .as_user("seller.west")
        .run(&["lead", "qualify", &lead, "--dry-run"]);
    assert!(people.stdout.contains("the new account"), "{people:?}");
    assert!(people.stdout.contains("nothing was kept"), "{people:?}");
}

fn odata_filter(world: &Customizing, text: &str) -> sluice_model::Filter {
    let catalog = world.admin.0.catalog().unwrap();
    let surroundings = world.admin.0.surroundings().unwrap();
    sluice_model::odata::filter(&surroundings, catalog.table("lead").unwrap(), text).unwrap()
}

#[test]
fn a_refusal_is_the_one_that_would_come() {
    let world = Customizing::sample();
    let seller = world.program().as_user("seller.west");
    let lead = seller.json(&[
        "row",
        "create",
        "lead",
        "lastname=A",
        "companyname=B",
        "address1_stateorprovince=WA",
    ]);
    let lead = lead["id"].as_str().unwrap();
    let run = seller.run(&["lead", "qualify", lead, "--dry-run", "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let item = run.json()["value"][0].clone();
    assert_eq!(item["error"]["privilege"], "prvReadsl_commissionrule", "{item}");
    let people = seller.run(&["lead", "qualify", lead, "--dry-run"]);
    assert!(people.stdout.contains("would not be qualified"), "{people:?}");
}
