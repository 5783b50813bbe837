//! Which columns may be mapped onto each other.

use sluice_model::{Code, ColumnDef, ColumnType, Filter, Query, Request, Row};

use crate::world::{Customizing, says};
use sluice_platform::prelude::*;

/// The mapping is refused with that reason, and nothing is left of it.
#[track_caller]
fn refused(world: &Customizing, source: &str, target: (&str, &str), why: &str) {
    says(world.try_map(("lead", source), target), Code::INVALID_MAP, why);
    assert!(world.map(("lead", source), target).is_none());
}

#[test]
fn types_have_to_agree() {
    let world = Customizing::new();
    refused(
        &world,
        "companyname",
        ("opportunity", "parentaccountid"),
        "one is of type text, the other of type lookup",
    );
    refused(
        &world,
        "description",
        ("account", "name"),
        "one is of type memo, the other of type text",
    );
    refused(
        &world,
        "revenue",
        ("account", "numberofemployees"),
        "one is of type money, the other of type int",
    );
    refused(
        &world,
        "statuscode",
        ("account", "industrycode"),
        "one is of type status, the other of type choice",
    );
}

#[test]
fn formats_have_to_agree() {
    let world = Customizing::new();
    refused(
        &world,
        "emailaddress2",
        ("account", "name"),
        "one text has email, the other no format",
    );
    refused(
        &world,
        "telephone3",
        ("contact", "ftpsiteurl"),
        "one text has phone, the other url",
    );
}

#[test]
fn the_target_is_at_least_as_long_as_the_source() {
    let world = Customizing::new();
    refused(
        &world,
        "firstname",
        ("account", "accountnumber"),
        "the source takes 50 characters, the target only 20",
    );
}

#[test]
fn a_target_has_one_source() {
    let world = Customizing::new();
    refused(
        &world,
        "jobtitle",
        ("account", "name"),
        "mapped from `companyname` already",
    );
    // A source may have several targets.
    world.try_map(("lead", "jobtitle"), ("contact", "department")).unwrap();
    world.try_map(("lead", "jobtitle"), ("contact", "spousesname")).unwrap();
}

#[test]
fn lookups_refer_to_one_table_at_least_in_common() {
    let world = Customizing::new();
    refused(
        &world,
        "campaignid",
        ("opportunity", "parentaccountid"),
        "one refers to campaign, the other to account",
    );
    world
        .try_map(("lead", "parentaccountid"), ("contact", "parentcustomerid"))
        .unwrap();
}

#[test]
fn what_is_one_rows_own_is_not_mapped() {
    let world = Customizing::new();
    for table in ["lead", "contact"] {
        let column = ColumnDef::new("address1_addressid", ColumnType::Text { max_length: 36 });
        world.admin.0.create_column(table, &column).unwrap();
    }
    refused(
        &world,
        "address1_addressid",
        ("contact", "address1_addressid"),
        "is the id of an address",
    );
    refused(
        &world,
        "leadid",
        ("contact", "address1_city"),
        "a column of type key cannot be mapped",
    );
    refused(
        &world,
        "statecode",
        ("contact", "statecode"),
        "a column of type state cannot be mapped",
    );
    refused(
        &world,
        "fullname",
        ("contact", "fullname"),
        "the platform itself fills `fullname` of `contact`",
    );
}

#[test]
fn columns_and_tables_have_to_be_there() {
    let world = Customizing::new();
    says(
        world.try_map(("lead", "no_such"), ("contact", "firstname")),
        Code::ATTRIBUTE_UNKNOWN,
        "no_such",
    );
    says(
        world.try_map(("lead", "subject"), ("contact", "no_such")),
        Code::ATTRIBUTE_UNKNOWN,
        "no_such",
    );
    says(
        world.try_map(("lead", "subject"), ("invoice", "name")),
        Code::ENTITY_UNKNOWN,
        "invoice",
    );
    says(
        world.try_map(("contact", "firstname"), ("transactioncurrency", "currencyname")),
        Code::INVALID_MAP,
        "have no relationship",
    );
    let twice = Row::unsaved("entitymap")
        .with("sourceentityname", "lead")
        .with("targetentityname", "contact");
    says(
        world.admin.try_create(twice),
        Code::DUPLICATE_KEY,
        "from `lead` to `contact` already",
    );
}

#[test]
fn a_change_of_a_mapping_is_held_to_the_same() {
    let world = Customizing::new();
    let map = world.try_map(("lead", "jobtitle"), ("contact", "department")).unwrap();
    let change = |column: &str| Row::new("attributemap", map).with("sourceattributename", column);
    says(
        world.admin.try_update(change("description")),
        Code::INVALID_MAP,
        "of type memo",
    );
    world.admin.update(change("salutation"));
    let tables = world.map(("lead", "salutation"), ("contact", "department")).unwrap();
    let moved = Row::new("entitymap", tables.id_of("entitymapid").unwrap()).with("targetentityname", "account");
    says(
        world.admin.try_update(moved),
        Code::ENTITY_MAP_UPDATE,
        "keeps its tables",
    );
}

#[test]
fn a_choice_that_lacks_options_is_warned_of_and_allowed() {
    let world = Customizing::new();
    let answer = world.sluice("mapping add lead opportunity leadsourcecode opportunityratingcode");
    let warning = answer["warnings"][0].as_str().unwrap();
    assert!(warning.contains("opportunity.opportunityratingcode lacks"), "{warning}");
    assert!(warning.contains("give both columns one global choice"), "{warning}");
    let people = world.run("mapping lint");
    assert_eq!(people.code, 1);
    assert!(people.stdout.contains("opportunityratingcode lacks"), "{people:?}");
}

#[test]
fn system_mappings_stay() {
    let world = Customizing::new();
    let map = world.map(("lead", "subject"), ("opportunity", "name")).unwrap();
    let sentence = "Cannot create or delete system attribute map";
    says(
        world.admin.try_delete("attributemap", map.id),
        Code::SYSTEM_MAP,
        sentence,
    );
    let change = Row::new("attributemap", map.id).with("sourceattributename", "lastname");
    says(world.admin.try_update(change), Code::SYSTEM_MAP, sentence);
    let tables = map.id_of("entitymapid").unwrap();
    says(
        world.admin.try_delete("entitymap", tables),
        Code::ENTITY_MAP_SYSTEM,
        "the platform's own",
    );
    let error = world.refused("mapping remove lead opportunity subject name");
    assert_eq!(error["code"], "0x80046205");
    // Nobody marks a mapping of their own as the platform's.
    let own = world.try_map(("lead", "jobtitle"), ("contact", "department")).unwrap();
    let mark = Row::new("attributemap", own).with("issystem", true);
    says(world.admin.try_update(mark), Code::READ_ONLY_COLUMN, "issystem");
}

#[test]
fn lint_finds_what_was_right_when_it_was_defined() {
    let world = Customizing::new();
    let text = |name, max_length| ColumnDef::new(name, ColumnType::Text { max_length });
    world.admin.0.create_column("lead", &text("rsh_detail", 50)).unwrap();
    world
        .admin
        .0
        .create_column("opportunity", &text("rsh_detail", 50))
        .unwrap();
    world.sluice("mapping add lead opportunity rsh_detail rsh_detail");
    assert_eq!(world.run("mapping lint").code, 0);
    world.sluice("mapping add lead contact statuscode statuscode --draft");
    let run = world.run("mapping lint --json");
    assert_eq!(run.code, 1, "{run:?}");
    let problem = &run.json()["value"][0];
    assert_eq!(problem["problem"], "status");
    assert_eq!(
        (&problem["source"], &problem["target"]),
        (&"lead".into(), &"contact".into())
    );
    assert_eq!(problem["published"], false, "a draft is looked at before it counts");
    assert!(
        problem["message"].as_str().unwrap().contains("2 (Contacted)"),
        "{problem}"
    );
    let request = Request::new("PublishAllXml");
    world.admin.0.execute(request).unwrap();
    assert_eq!(world.run("mapping lint --json").json()["value"][0]["published"], true);
}

#[test]
fn values_that_the_target_does_not_take_as_they_are_are_warned_of() {
    let world = Customizing::new();
    for line in [
        "column create lead rsh_n int --min 0 --max 1000",
        "column create opportunity rsh_n int --max 10",
        "column create lead rsh_d decimal --precision 4",
        "column create opportunity rsh_d decimal --precision 2",
        "column create lead rsh_l lookup --target account --target contact",
        "column create opportunity rsh_l lookup --target account",
    ] {
        world.sluice(line);
    }
    for (column, words) in [
        ("rsh_n", "the source 0 to 1000"),
        ("rsh_d", "opportunity.rsh_d keeps 2 decimal places, the source 4"),
        ("rsh_l", "opportunity.rsh_l refers to account and not to contact"),
    ] {
        let made = world.sluice(&format!("mapping add lead opportunity {column} {column}"));
        let warning = made["warnings"][0].as_str().unwrap();
        assert!(warning.contains(words), "{warning}");
    }
    let lint = world.program().run(&["--json", "mapping", "lint"]);
    assert_eq!(lint.code, 1);
    for sort in ["range", "precision", "lookup"] {
        assert!(lint.stdout.contains(&format!("\"problem\": \"{sort}\"")), "{lint:?}");
    }
    let contact = world.admin.create(Row::unsaved("contact").with("lastname", "A"));
    let lead = world.lead(&[("rsh_l", sluice_model::Reference::new("contact", contact).into())]);
    says(
        world.try_qualify(lead),
        Code::INVALID_LINK,
        "the mapping lead.rsh_l → opportunity.rsh_l cannot carry the value over",
    );
}

/// A form is as much of a dependant as a view: it names the columns on it.
#[test]
fn a_column_on_a_form_is_not_deleted_and_the_form_is_named() {
    let world = Customizing::new();
    world.sluice("column create lead sl_shoe text");
    let form = world
        .admin
        .list(Query::new("systemform").filter(Filter::eq("objecttypecode", "lead")));
    let form = form.first().unwrap();
    let mut definition: serde_json::Value = serde_json::from_str(form.text("formjson").unwrap()).unwrap();
    let columns = definition["columns"].as_array_mut().unwrap();
    columns.push("sl_shoe".into());
    world
        .admin
        .update(Row::new("systemform", form.id).with("formjson", definition.to_string()));
    let refused = world.admin.0.delete_column("lead", "sl_shoe").unwrap_err();
    let named = format!("the form \"{}\" of lead", form.text("name").unwrap());
    assert!(refused.message().contains(&named), "{refused}");
}

/// Names of privileges are one in any case, so that `prvAppend` of one table would be `prvAppendTo` of another.
#[test]
fn a_table_has_its_privileges_to_itself() {
    let world = Customizing::new();
    for (first, second) in [("ab_part", "toab_part"), ("toab_whole", "ab_whole")] {
        world.sluice(&format!("table create {first}"));
        let error = world.refused(&format!("table create {second}"));
        assert_eq!(error["code"], "0x80040237", "{error}");
        assert!(error["message"].as_str().unwrap().contains("prvAppend"), "{error}");
        let before = world.sluice("row list privilege --select name")["value"].clone();
        world.sluice(&format!("table delete {first}"));
        world.sluice(&format!("table create {second}"));
        let after = world.sluice("row list privilege --select name")["value"].clone();
        assert_eq!(before.as_array().unwrap().len(), after.as_array().unwrap().len());
    }
    assert_eq!(world.run("org check").code, 0);
}

#[test]
fn a_column_in_the_place_of_one_that_another_brings_is_named() {
    let world = Customizing::new();
    world.sluice("column create account ab_m_base text");
    world.sluice("column create account ab_any_type text");
    for (line, other) in [
        ("column create account ab_m money", "`ab_m_base`"),
        (
            "column create account ab_any lookup --target lead --target contact",
            "`ab_any_type`",
        ),
    ] {
        let error = world.refused(line);
        assert_eq!(error["code"], "0x80040203", "{error}");
        assert!(error["message"].as_str().unwrap().contains(other), "{error}");
    }
    world.sluice("row create account name=X");
    world.sluice("column delete account ab_m_base");
    world.sluice("column create account ab_m money");
    world.sluice("row create account name=Y ab_m=5");
}
