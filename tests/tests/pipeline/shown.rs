//! What runs for trial in somebody else's name, or behind what only somebody else could do, reads nothing that
//! whoever has it tried may not read.

use serde_json::json;
use sluice_model::{Depth, Reference, Request, Row, Value};
use sluice_platform::{ColumnChange, Isolation, WorkflowSpec, prelude::*};
use sluice_sales::qualify::{self, Choices};
use sluice_tests::{Actor, people};

use super::why::why;
use crate::world::{PRE_OPERATION, Pipeline, account, contact, probe};

/// What nobody but the administrator is to be told.
const SECRETS: [&str; 3] = ["SecretCompany", "987654", "board secret"];

/// A real-time workflow that stops each new account of its owner with these words.
fn telling(owner: &Actor, text: serde_json::Value) {
    let spec = json!({
        "name": "Tell", "table": "account", "mode": "real-time", "on": { "create": true }, "scope": "user",
        "run-as": "caller", "actions": [{ "stop": { "as": "canceled", "message": { "text": text } } }],
    });
    let id = owner.create(WorkflowSpec::parse(&spec.to_string()).unwrap().row());
    owner.update(Row::new("workflow", id).with("statecode", Value::Choice(1)));
}

/// An account whose name, limit and description are secrets.
fn hidden(world: &Pipeline) -> Reference {
    let row = Row::unsaved("account")
        .with("name", SECRETS[0])
        .with("description", SECRETS[2]);
    let row = row.with("creditlimit", Value::Money("987654".parse().unwrap()));
    Reference::new("account", world.admin.create(row))
}

/// Who may act for others, and make accounts and workflows of their own; and what more.
fn helper(world: &Pipeline, more: &[(String, Depth)]) -> Actor {
    let mut wanted = people::privileges(
        &["Create", "Read", "Write", "Delete", "Assign"],
        &["Workflow"],
        Depth::User,
    );
    for (privilege, depth) in [
        ("prvActivateSynchronousWorkflow", Depth::Organization),
        ("prvActOnBehalfOfAnotherUser", Depth::Organization),
        ("prvReadUser", Depth::Organization),
        ("prvCreateAccount", Depth::User),
    ] {
        wanted.push((privilege.to_owned(), depth));
    }
    wanted.extend_from_slice(more);
    people::user(&world.org, "helper", &wanted)
}

fn tells_nothing(found: &Isolation) {
    let text = format!("{found:?}");
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

fn related(column: &str) -> serde_json::Value {
    json!({ "column": column, "row": { "related": "parentaccountid" } })
}

/// The request and the workflow are the helper's own, and the rights would be the administrator's.
#[test]
fn a_request_made_up_in_somebodys_name_reads_what_its_maker_may_read() {
    let world = Pipeline::new();
    let helper = helper(&world, &[]);
    let hidden = hidden(&world);
    telling(
        &helper,
        json!(["LEAK ", related("name"), related("creditlimit"), related("description")]),
    );
    let row = account().with("ownerid", Reference::new("systemuser", helper.id()));
    let request = Request::create(row.with("parentaccountid", hidden));
    let found = helper.0.isolate(world.admin.id(), &request).unwrap();
    tells_nothing(&found);
    let unseen = found.unseen.as_ref().unwrap_or_else(|| panic!("{found:#?}"));
    assert_eq!(unseen.body().privilege.as_deref(), Some("prvReadAccount"));
    assert!(unseen.message().contains("helper"), "{unseen}");
    assert!(!found.passes && found.cure.is_none(), "{found:#?}");
    let explained = helper.0.explain(world.admin.id(), &request).unwrap();
    tells_nothing(&explained.found);
    for (_, error) in helper.0.try_everyone(&request).unwrap() {
        assert!(error.is_none_or(|error| SECRETS.iter().all(|secret| !error.message().contains(secret))));
    }
}

/// The same for who may read every account and not the secured column.
#[test]
fn a_secured_column_stays_hidden_in_a_trial() {
    let world = Pipeline::new();
    let change = ColumnChange {
        secured: Some(true),
        ..ColumnChange::default()
    };
    world.admin.0.update_column("account", "creditlimit", &change).unwrap();
    let helper = helper(
        &world,
        &people::privileges(&["Read"], &["Account"], Depth::Organization),
    );
    let hidden = hidden(&world);
    telling(&helper, json!(["LEAK ", related("creditlimit")]));
    let row = account().with("ownerid", Reference::new("systemuser", helper.id()));
    let request = Request::create(row.with("parentaccountid", hidden));
    let found = helper.0.isolate(world.admin.id(), &request).unwrap();
    assert!(!format!("{found:?}").contains("987654"), "{found:#?}");
}

/// Whether a contact matches, and which, is told to nobody who may not read contacts.
#[test]
fn a_made_up_request_names_no_row_that_its_maker_may_not_read() {
    let world = Pipeline::new();
    let contact = contact().with("emailaddress1", "secret@example.com");
    let known = world.admin.create(contact);
    let helper = helper(&world, &people::privileges(&["Create", "Read"], &["Lead"], Depth::User));
    let lead = Row::unsaved("lead")
        .with("subject", "s")
        .with("lastname", "l")
        .with("companyname", "c");
    let lead = helper.create(lead.with("emailaddress1", "secret@example.com"));
    let found = helper
        .0
        .isolate(world.admin.id(), &qualify::request(lead, &Choices::default()))
        .unwrap();
    assert!(!format!("{found:?}").contains(&known.to_string()), "{found:#?}");
    assert!(found.unseen.is_some(), "{found:#?}");
}

/// What the platform itself reads of a row that a request names, such as whether a required column is filled, is
/// told to nobody who may not read the row.
#[test]
fn a_row_that_a_made_up_request_names_is_the_makers_to_read() {
    let world = Pipeline::new();
    let helper = helper(&world, &[]);
    let hidden = hidden(&world);
    let request = Request::update(Row::new("account", hidden.id).with("telephone1", "1"));
    let found = helper.0.isolate(world.admin.id(), &request).unwrap();
    assert!(found.culprits.is_empty() && found.unseen.is_some(), "{found:#?}");
}

/// Nobody lends themselves what they may not read, though they may pass over steps.
#[test]
fn why_reads_nothing_by_what_it_lends() {
    let world = Pipeline::new();
    let seller = world.org.actor("seller.east");
    let mut extra = people::privileges(
        &["Create", "Read", "Write", "Delete", "Assign"],
        &["Workflow"],
        Depth::User,
    );
    extra.push(("prvReadSdkMessageProcessingStep".to_owned(), Depth::Organization));
    extra.push(("prvWriteSdkMessageProcessingStep".to_owned(), Depth::Organization));
    extra.push(("prvActivateSynchronousWorkflow".to_owned(), Depth::Organization));
    people::grant(&world.org, world.admin.find("role", "Salesperson"), &extra);
    telling(
        &seller,
        json!(["LEAK ", { "column": "name" }, { "column": "telephone1" }]),
    );
    let lead = Row::unsaved("lead").with("subject", "s").with("lastname", "Victim");
    let lead = world
        .admin
        .create(lead.with("companyname", SECRETS[0]).with("telephone1", SECRETS[1]));
    let request = qualify::request(lead, &Choices::default());
    let found = why(&world, &seller, &seller, &request);
    tells_nothing(&found);
}

/// A cure that somebody else would have to send lets nobody look at what it gives.
#[test]
fn why_reads_nothing_by_what_it_cures() {
    let world = Pipeline::new();
    let helper = helper(
        &world,
        &people::privileges(&["AppendTo"], &["Account"], Depth::Organization),
    );
    let hidden = hidden(&world);
    telling(&helper, json!(["LEAK ", related("name")]));
    let request = Request::create(account().with("parentaccountid", hidden));
    let role = world.admin.find("role", "role of helper");
    people::grant(&world.org, role, &[("prvAppendAccount".to_owned(), Depth::User)]);
    let found = why(&world, &helper, &helper, &request);
    tells_nothing(&found);
}

/// Who may read what is read is told everything, whoever may do it: a support person holds no more than reads.
#[test]
fn who_may_read_everything_is_told_everything() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "Create", "contact", "read campaign"));
    let tables = ["Account", "Contact", "Lead", "Opportunity", "Campaign", "User", "Role"];
    let support = helper(&world, &people::privileges(&["Read"], &tables, Depth::Organization));
    let request = Request::create(contact());
    let found = support.0.isolate(world.seller.id(), &request).unwrap();
    assert!(found.unseen.is_none() && found.passes, "{found:#?}");
    assert_eq!(
        found.culprits[0].error.body().privilege.as_deref(),
        Some("prvReadCampaign")
    );
    assert!(found.cure.as_ref().is_some_and(|cure| !cure.is_own), "{found:#?}");
}

/// Who may not read what a cure lets another one read is told the cure, and that it was not looked behind it.
#[test]
fn a_cure_is_told_although_nothing_is_seen_behind_it() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "read campaign"));
    let helper = helper(
        &world,
        &people::privileges(
            &["Read"],
            &["Contact", "Role", "SdkMessageProcessingStep"],
            Depth::Organization,
        ),
    );
    let found = helper
        .0
        .isolate(world.seller.id(), &Request::create(contact()))
        .unwrap();
    let culprit = &found.culprits[0];
    assert_eq!(culprit.error.body().step.as_ref().map(|step| step.id), Some(step));
    assert!(
        culprit
            .cures
            .iter()
            .any(|cure| cure.fixes[0].kind() == "grant" && !cure.passes && cure.is_unseen),
        "{found:#?}"
    );
    assert!(found.unseen.is_some(), "{found:#?}");
}
