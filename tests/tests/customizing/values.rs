//! What is carried over, and what happens to a value that the target does not take.

use sluice_model::{Code, Decimal, Row, Value};

use crate::world::{Customizing, says};

#[test]
fn a_custom_column_is_carried_over_by_a_mapping_only() {
    let world = Customizing::new();
    for table in ["lead", "opportunity"] {
        world.sluice(&format!("column create {table} rsh_estimatedbudget money"));
    }
    let budget = Value::Money(Decimal::from(5_000));
    let lead = world.lead(&[("rsh_estimatedbudget", budget.clone())]);
    assert_eq!(world.qualify(lead)[2].get("rsh_estimatedbudget"), None);

    world.sluice("mapping add lead opportunity rsh_estimatedbudget rsh_estimatedbudget");
    let lead = world.lead(&[("rsh_estimatedbudget", budget.clone())]);
    assert_eq!(world.qualify(lead)[2].get("rsh_estimatedbudget"), Some(&budget));
}

/// The worked example, as somebody types it.
#[test]
fn the_worked_example() {
    let world = Customizing::new();
    for line in [
        "column create lead rsh_estimatedbudget money --label 'Estimated Budget'",
        "column create opportunity rsh_estimatedbudget money --label 'Estimated Budget'",
        "option-set create rsh_productinterest --option 1=Pumps --option 2=Valves",
        "column create lead rsh_productinterest choice --global rsh_productinterest",
        "column create opportunity rsh_productinterest choice --global rsh_productinterest",
        "column create lead rsh_leadsource_detail text --max-length 200",
        "column create opportunity rsh_source_detail text --max-length 200",
        "mapping add lead opportunity rsh_estimatedbudget rsh_estimatedbudget",
        "mapping add lead opportunity rsh_productinterest rsh_productinterest",
        "mapping add lead opportunity rsh_leadsource_detail rsh_source_detail",
        "mapping add lead opportunity budgetamount budgetamount",
    ] {
        let answer = world.sluice(line);
        assert!(
            answer["warnings"].as_array().is_none_or(Vec::is_empty),
            "{line}: {answer}"
        );
    }
    assert_eq!(world.run("mapping lint").code, 0);
    let lead = world.sluice(
        "row create lead subject=Pumps lastname=McKay companyname=Contoso rsh_estimatedbudget=5000 \
         rsh_productinterest=Valves rsh_leadsource_detail='Trade fair, hall 3' budgetamount=7500",
    );
    let answer = world.sluice(&format!("lead qualify {}", lead["id"].as_str().unwrap()));
    let opportunity = &answer["value"][0]["created"][2];
    // The four, the topic and the currency.
    assert_eq!(opportunity["fieldsCopied"], 6, "{opportunity}");
    let row = world.sluice(&format!(
        "row get opportunity {} --select rsh_estimatedbudget,rsh_productinterest,rsh_source_detail,budgetamount",
        opportunity["id"].as_str().unwrap()
    ));
    assert_eq!(row["rsh_estimatedbudget"], 5000);
    assert_eq!(row["rsh_productinterest"], 2);
    assert_eq!(row["rsh_source_detail"], "Trade fair, hall 3");
    assert_eq!(row["budgetamount"], 7500);
}

#[test]
fn a_mapping_counts_when_it_is_published() {
    let world = Customizing::new();
    let lead = || world.lead(&[("jobtitle", "Buyer".into())]);
    world.sluice("mapping add lead contact jobtitle department --draft");
    assert_eq!(world.qualify(lead())[1].text("department"), None);
    world.sluice("publish");
    assert_eq!(world.qualify(lead())[1].text("department"), Some("Buyer"));
    world.sluice("mapping remove lead contact jobtitle department --draft");
    assert_eq!(world.qualify(lead())[1].text("department"), Some("Buyer"));
    world.sluice("mapping remove lead contact jobtitle department");
    assert_eq!(world.qualify(lead())[1].text("department"), None);
}

#[test]
fn what_is_qualified_stays_as_it_was() {
    let world = Customizing::new();
    let lead = world.lead(&[("companyname", "Fourth Coffee".into())]);
    let [account, ..] = world.qualify(lead);
    world
        .admin
        .update(Row::new("lead", lead).with("statecode", Value::Choice(0)));
    world
        .admin
        .update(Row::new("lead", lead).with("companyname", "Another Company"));
    assert_eq!(
        world.admin.get("account", account.id).text("name"),
        Some("Fourth Coffee")
    );
}

#[test]
fn a_value_that_the_target_lacks_is_an_error_and_names_the_mapping() {
    let world = Customizing::new();
    world.sluice("column create lead rsh_interest choice --option 1=Pumps --option 2=Valves");
    world.sluice("column create opportunity rsh_interest choice --option 1=Pumps");
    let answer = world.sluice("mapping add lead opportunity rsh_interest rsh_interest");
    assert!(answer["warnings"][0].as_str().unwrap().contains("lacks 2 (Valves)"));
    let before = world.counts();
    let lead = world.lead(&[("rsh_interest", Value::Choice(2))]);
    let words = "the mapping lead.rsh_interest → opportunity.rsh_interest cannot carry the value over";
    says(world.try_qualify(lead), Code::OUT_OF_RANGE, words);
    assert_eq!(world.counts(), before, "everything is rolled back");
    assert_eq!(world.admin.get("lead", lead).int("statecode"), Some(0));
    // The cure: the option.
    world.sluice("option-set add opportunity.rsh_interest 2 Valves");
    assert_eq!(world.qualify(lead)[2].int("rsh_interest"), Some(2));
}

#[test]
fn a_column_that_was_mapped_onto_is_one_more_field_copied() {
    let world = Customizing::new();
    let plain = world.sluice(&format!("lead qualify {}", world.lead(&[("jobtitle", "Buyer".into())])));
    world.sluice("mapping add lead contact jobtitle department");
    let mapped = world.sluice(&format!("lead qualify {}", world.lead(&[("jobtitle", "Buyer".into())])));
    let copied = |answer: &serde_json::Value| answer["value"][0]["created"][1]["fieldsCopied"].as_i64().unwrap();
    assert_eq!(copied(&mapped), copied(&plain) + 1);
}

#[test]
fn an_amount_takes_no_column_for_its_base_amount_that_is_there() {
    let world = Customizing::new();
    world.sluice("column create lead zz_sum_base text");
    let lead = world.lead(&[("zz_sum_base", "typed in".into())]);
    let error = world.refused("column create lead zz_sum money");
    assert_eq!(error["code"], "0x80040203", "{error}");
    assert_eq!(world.admin.get("lead", lead).text("zz_sum_base"), Some("typed in"));
}
