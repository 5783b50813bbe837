//! Duplicate detection while a lead is qualified: the three points, the dialog, the ways on.

use sluice_model::{DialogKind, Error, Parameter, Query, Reference, Remedy, Request, Response, Row, Uuid, Value};
use sluice_platform::Assembly;
use sluice_platform::prelude::*;
use sluice_sales::qualify::{self, Choices, Detection, Party};
use sluice_tests::{Actor, wasm};

use crate::world::{Condition, Duplicates, NONE, account, contact, exact, matches, qualify};

fn with(actor: &Actor, lead: Uuid, choices: &Choices) -> Result<Response, Error> {
    actor.0.execute(qualify::request(lead, choices))
}

fn going_on() -> Choices {
    Choices {
        detection: Detection::Continue,
        ..Choices::default()
    }
}

fn from_grid() -> Choices {
    Choices {
        detection: Detection::Off,
        ..Choices::default()
    }
}

/// An account and a contact of the seller's that match the lead, and the lead.
fn known_customer(world: &Duplicates) -> (Uuid, Uuid, Uuid) {
    let owner = Reference::new("systemuser", world.seller.id());
    let company = world
        .admin
        .create(account("Novak & Sons").with("ownerid", owner.clone()));
    let person = world
        .admin
        .create(contact("Novak", "ada@novak.example").with("ownerid", owner));
    (company, person, world.lead("NOVAK & Sons", "ADA@novak.example"))
}

fn state(world: &Duplicates, lead: Uuid) -> i32 {
    world.admin.get("lead", lead).int("statecode").unwrap()
}

#[test]
fn error_1_asks_about_accounts_and_contacts_at_once() {
    let world = Duplicates::shipped();
    let (company, person, lead) = known_customer(&world);
    let before = world.counts();
    let error = qualify(&world.seller, lead).unwrap_err();
    assert_eq!(
        error.message(),
        "There might already be a match for this account or contact. If so, please select it."
    );
    let body = error.body();
    assert_eq!(body.situation.unwrap().id, "e1");
    let dialog = body.duplicates.as_ref().unwrap().dialog.as_ref().unwrap();
    assert_eq!(
        (dialog.kind, dialog.title),
        (DialogKind::Improved, "Account or Contact may already exist")
    );
    let [one] = dialog.accounts.as_slice() else {
        panic!("{dialog:?}")
    };
    assert_eq!(
        (one.id, one.rules.join("|").as_str()),
        (Some(company), "Accounts with the same name")
    );
    let [other] = dialog.contacts.as_slice() else {
        panic!("{dialog:?}")
    };
    assert_eq!(
        (other.id, other.rules.join("|").as_str(), other.details.email.as_deref()),
        (
            Some(person),
            "Leads and contacts with the same e-mail address",
            Some("ada@novak.example")
        )
    );
    assert_eq!((world.counts(), state(&world, lead)), (before, 0));
}

#[test]
fn the_organisation_chooses_the_dialog() {
    let world = Duplicates::shipped();
    let (_, _, lead) = known_customer(&world);
    world.set("sl_improvedduplicates", false);
    let error = qualify(&world.seller, lead).unwrap_err();
    let dialog = error.body().duplicates.clone().unwrap().dialog.unwrap();
    assert_eq!((dialog.kind, dialog.title), (DialogKind::Classic, "Duplicate warning"));
    assert_eq!((dialog.accounts.len(), dialog.contacts.len()), (1, 1));
}

#[test]
fn both_are_selected_and_nothing_is_made_of_them() {
    let world = Duplicates::shipped();
    let (company, person, lead) = known_customer(&world);
    let [accounts, contacts, opportunities] = world.counts();
    let choices = Choices {
        account: Party::Existing(company),
        contact: Party::Existing(person),
        ..Choices::default()
    };
    with(&world.seller, lead, &choices).unwrap();
    assert_eq!(world.counts(), [accounts, contacts, opportunities + 1]);
    let row = world.admin.get("lead", lead);
    assert_eq!(row.int("statecode"), Some(1));
    assert_eq!(
        (row.id_of("parentaccountid"), row.id_of("parentcontactid")),
        (Some(company), Some(person))
    );
}

#[test]
fn one_is_selected_and_the_other_is_made() {
    let world = Duplicates::shipped();
    let (company, _, lead) = known_customer(&world);
    let [accounts, contacts, _] = world.counts();
    // First the form says that the contact matches, too; then Continue leaves it blank.
    let only_account = |detection| Choices {
        account: Party::Existing(company),
        detection,
        ..Choices::default()
    };
    let (situation, found) = matches(with(&world.seller, lead, &only_account(Detection::Full)));
    assert_eq!((situation, found.len(), &*found[0].table), (Some("e1"), 1, "contact"));
    with(&world.seller, lead, &only_account(Detection::Continue)).unwrap();
    assert_eq!(world.counts()[..2], [accounts, contacts + 1]);
    assert_eq!(state(&world, lead), 1);
}

#[test]
fn continue_makes_both_anew() {
    let world = Duplicates::shipped();
    let (_, _, lead) = known_customer(&world);
    let [accounts, contacts, opportunities] = world.counts();
    with(&world.seller, lead, &going_on()).unwrap();
    assert_eq!(world.counts(), [accounts + 1, contacts + 1, opportunities + 1]);
    assert_eq!(state(&world, lead), 1);
}

#[test]
fn what_is_not_made_is_not_asked_about() {
    let world = Duplicates::shipped();
    let (_, _, lead) = known_customer(&world);
    let no_account = Choices {
        account: Party::Skip,
        ..Choices::default()
    };
    let (_, found) = matches(with(&world.seller, lead, &no_account));
    assert!(found.iter().all(|found| &*found.table == "contact"), "{found:?}");
    let neither = Choices {
        contact: Party::Skip,
        ..no_account
    };
    with(&world.seller, lead, &neither).unwrap();
}

#[test]
fn a_customer_that_the_lead_names_is_not_asked_about() {
    let world = Duplicates::shipped();
    let (company, person, lead) = known_customer(&world);
    let known = Row::new("lead", lead)
        .with("parentaccountid", Reference::new("account", company))
        .with("parentcontactid", Reference::new("contact", person));
    world.admin.update(known);
    qualify(&world.seller, lead).unwrap();
}

#[test]
fn the_grid_detects_nothing_and_says_how_many_it_passed_over() {
    let world = Duplicates::shipped();
    let (_, _, lead) = known_customer(&world);
    world.lead("another", "ada@novak.example");
    let [accounts, contacts, _] = world.counts();
    let response = with(&world.seller, lead, &from_grid()).unwrap();
    assert_eq!(world.counts()[..2], [accounts + 1, contacts + 1]);
    let Parameter::Rows(note) = response.outputs.get("DuplicatesPassedOver").unwrap() else {
        panic!("{response:?}")
    };
    let counts: Vec<_> = note
        .iter()
        .map(|row| (&*row.table, row.int("count").unwrap()))
        .collect();
    assert_eq!(counts, [("account", 1), ("contact", 1)]);
    // A request that says nothing is spared as well.
    let silent = world.lead("NOVAK & sons", "");
    let request = Request::new("QualifyLead")
        .with("LeadId", Reference::new("lead", silent))
        .with("CreateAccount", true)
        .with("Status", 3);
    world.seller.0.execute(request).unwrap();
}

#[test]
fn another_lead_that_is_the_same_stands_in_the_way_and_four_things_help() {
    let world = Duplicates::shipped();
    let shipped = world.admin.find("duplicaterule", "Leads with the same e-mail address");
    let twins = || {
        (
            world.lead("", "twin@novak.example"),
            world.lead("", "twin@novak.example"),
        )
    };
    let (one, other) = twins();
    let sentence = "Lead record was not created or updated because a duplicate of the current record already exists.";
    for choices in [Choices::default(), going_on()] {
        let error = with(&world.seller, one, &choices).unwrap_err();
        assert_eq!(
            (error.message(), error.body().table.as_deref()),
            (sentence, Some("lead"))
        );
        let (situation, found) = matches(Err::<(), _>(error));
        assert_eq!((situation, found[0].id), (Some("e8"), Some(other)));
    }
    // The grid …
    with(&world.seller, one, &from_grid()).unwrap();
    // … of which the qualified lead is a duplicate now, until inactive ones are excluded …
    let (situation, found) = matches(qualify(&world.seller, other));
    assert_eq!((situation, found[0].id), (Some("e8"), Some(one)));
    world.unpublish(shipped);
    world
        .admin
        .update(Row::new("duplicaterule", shipped).with("excludeinactiverecords", true));
    world.publish(shipped);
    assert_eq!(
        crate::world::code(crate::world::create(
            &world.admin,
            Row::unsaved("lead")
                .with("subject", "x")
                .with("emailaddress1", "twin@novak.example")
        )),
        "0x80040333",
        "a new one still warns: the other is open"
    );
    with(&world.seller, other, &going_on()).unwrap();
    // … or the rule is unpublished …
    let (one, other) = (
        world.lead("", "third@novak.example"),
        world.lead("", "third@novak.example"),
    );
    assert!(qualify(&world.seller, one).is_err());
    world.unpublish(shipped);
    qualify(&world.seller, one).unwrap();
    world.publish(shipped);
    // … or the other one goes.
    let last = world.lead("", "third@novak.example");
    assert!(qualify(&world.seller, last).is_err());
    world.admin.try_delete("lead", other).unwrap();
    with(&world.seller, last, &going_on()).unwrap();
}

#[test]
fn an_opportunity_that_is_there_already() {
    let world = Duplicates::new();
    world.rule("topics", ["opportunity", "opportunity"], &[exact("name")]);
    let lead = world.lead("Proseware", "");
    let topic = world.admin.get("lead", lead).text("subject").unwrap().to_owned();
    let same = world.admin.create(Row::unsaved("opportunity").with("name", topic));
    let before = world.counts();
    for choices in [Choices::default(), going_on()] {
        let error = with(&world.seller, lead, &choices).unwrap_err();
        assert_eq!(
            error.message(),
            "Opportunity record was not created or updated because a duplicate of the current record already exists."
        );
        let advised = advised(&error);
        assert!(
            !advised.contains(&Remedy::MergeLeads) && advised.contains(&Remedy::QualifyWithoutOpportunity),
            "{advised:?}"
        );
        let (situation, found) = matches(Err::<(), _>(error));
        assert_eq!((situation, found.len()), (Some("e9"), 1));
        assert_eq!(
            (world.counts(), state(&world, lead)),
            (before, 0),
            "nothing of it stays"
        );
    }
    let none = Choices {
        opportunity: false,
        ..Choices::default()
    };
    with(&world.seller, lead, &none).unwrap();
    world.admin.try_delete("opportunity", same).unwrap();
}

/// What an error says to do.
fn advised(error: &Error) -> Vec<Remedy> {
    let each = error.resolutions().iter().flat_map(|resolution| resolution.remedies);
    each.copied().collect()
}

/// The case of the platform's knowledge base: base account, matching lead, same name.
#[test]
fn the_lead_itself_is_the_same_as_the_account_that_is_made_of_it() {
    let world = Duplicates::new();
    let names = [Condition("name", "companyname", 0, None, false)];
    let all = world.rule("Accounts and leads", ["account", "lead"], &names);
    let lead = world.lead("Proseware", "");
    let before = world.counts();
    let error = qualify(&world.seller, lead).unwrap_err();
    assert!(
        error.message().contains("\"Accounts and leads\"") && error.message().contains("account \"Proseware\""),
        "{error}"
    );
    let advised = advised(&error);
    assert!(
        error.cause().contains("finds the lead to be the same as the row"),
        "{}",
        error.cause()
    );
    assert!(
        advised.contains(&Remedy::QualifyNevertheless) && !advised.contains(&Remedy::MergeLeads),
        "{advised:?}"
    );
    let (situation, found) = matches(Err::<(), _>(error));
    assert_eq!(situation, Some("e8"));
    assert!(
        found[0].in_flight && found[0].id.is_none() && found[0].name == "Proseware",
        "{found:?}"
    );
    assert_eq!((world.counts(), state(&world, lead)), (before, 0));
    // Continue passes, so does the grid …
    with(&world.seller, lead, &going_on()).unwrap();
    with(&world.seller, world.lead("Tailspin", ""), &from_grid()).unwrap();
    // … and so does the form, where inactive rows are excluded: the lead is closed by then.
    world.unpublish(all);
    world.excluding("open leads", ["account", "lead"], &names);
    qualify(&world.seller, world.lead("Wingtip", "")).unwrap();
}

#[test]
fn a_rule_with_base_lead_does_not_find_what_the_request_makes() {
    let world = Duplicates::new();
    world.rule(
        "leads and accounts",
        ["lead", "account"],
        &[Condition("companyname", "name", 0, None, false)],
    );
    world.rule("leads and contacts", ["lead", "contact"], &[exact("emailaddress1")]);
    qualify(&world.seller, world.lead("Proseware", "info@proseware.example")).unwrap();
    let (situation, found) = matches(qualify(&world.seller, world.lead("proseware", "")));
    assert_eq!(
        (situation, found.len(), &*found[0].table),
        (Some("e1"), 1, "account"),
        "the next one is told"
    );
}

#[test]
fn a_lead_that_is_disqualified_makes_no_duplicates() {
    let world = Duplicates::shipped();
    let (one, _) = (
        world.lead("", "twin@novak.example"),
        world.lead("", "twin@novak.example"),
    );
    let lost = Request::new("QualifyLead")
        .with("LeadId", Reference::new("lead", one))
        .with("Status", 4)
        .with("SuppressDuplicateDetection", false);
    world.seller.0.execute(lost).unwrap();
    assert_eq!(state(&world, one), 2);
}

#[test]
fn a_plug_in_switches_detection_off() {
    let world = Duplicates::shipped();
    let (_, _, lead) = known_customer(&world);
    assert!(qualify(&world.seller, lead).is_err());
    let example = Assembly {
        name: "silent-qualify".to_owned(),
        bytes: wasm("plugins", "silent-qualify"),
        description: None,
    };
    world
        .admin
        .0
        .push(&example, &sluice_platform::PushOptions::default())
        .unwrap();
    qualify(&world.seller, lead).unwrap();
}

#[test]
fn what_the_seller_may_not_open_is_flagged_and_no_more() {
    let world = Duplicates::shipped();
    world.admin.create(account("Novak & Sons").with("telephone1", "12-34"));
    let lead = world.lead("novak & sons", "");
    let error = qualify(&world.seller, lead).unwrap_err();
    let dialog = error.body().duplicates.clone().unwrap().dialog.unwrap();
    let [one] = dialog.accounts.as_slice() else {
        panic!("{dialog:?}")
    };
    assert_eq!(
        (one.id, one.name.as_str()),
        (None, "a matching record you cannot open (owner: admin)")
    );
    assert!(one.details.phone.is_none());
}

#[test]
fn an_account_found_by_two_rules_is_shown_once_with_both() {
    let world = Duplicates::new();
    world.rule("a name", ["account", "account"], &[exact("name")]);
    world.rule("b phone", ["account", "account"], &[exact("telephone2")]);
    let owner = Reference::new("systemuser", world.seller.id());
    world
        .admin
        .create(account("Proseware").with("telephone2", "1234").with("ownerid", owner));
    let lead = world.lead("PROSEWARE", "");
    world.admin.update(Row::new("lead", lead).with("telephone2", "12-34"));
    let (_, found) = matches(qualify(&world.seller, lead));
    assert_eq!((found.len(), found[0].rules.join("|").as_str()), (1, "a name|b phone"));
}

#[test]
fn the_dialog_without_qualifying() {
    let world = Duplicates::shipped();
    let (company, person, lead) = known_customer(&world);
    let ask = |search: &[(&str, &str)]| {
        let mut request = Request::new("RetrieveLeadMatches").with("LeadId", Reference::new("lead", lead));
        for (name, text) in search {
            request = request.with(name, *text);
        }
        let response = world.seller.0.execute(request).unwrap();
        let Parameter::Rows(rows) = response.outputs.get("Matches").unwrap() else {
            panic!("{response:?}")
        };
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(ask(&[]), [company, person]);
    assert_eq!(ask(&[("MatchingEntityName", "contact")]), [person]);
    assert_eq!(ask(&[("Search", "novak &")]), [company]);
    assert_eq!(
        ask(&[("Search", "ada@novak")]),
        [person],
        "what tells them apart is searched, too"
    );
    // An account that is there, but does not match, is not found.
    let owner = Reference::new("systemuser", world.seller.id());
    world.admin.create(account("Novak Holding").with("ownerid", owner));
    assert_eq!(ask(&[("Search", "holding")]), NONE);
    assert_eq!(state(&world, lead), 0);
}

#[test]
fn the_sample_has_leads_of_each_kind_and_the_others_pass() {
    let org = sluice_tests::Organisation::sample();
    let admin = org.admin();
    for row in admin.list(Query::new("pluginassembly").columns(&[])) {
        admin.0.set_plugin_enabled(row.id, false).unwrap();
    }
    let leads = admin.list(Query::new("lead").filter(sluice_model::Filter::eq("statecode", Value::Choice(0))));
    let mut blocked = Vec::new();
    for lead in leads {
        let Some(owner) = lead.id_of("ownerid") else { continue };
        let owner = Actor(org.engine().session(owner));
        if let Err(error) = qualify(&owner, lead.id) {
            let situation = error.body().situation.map(|situation| situation.id).unwrap_or_default();
            blocked.push((situation, lead.text("subject").unwrap_or_default().to_owned()));
        }
    }
    blocked.sort();
    let blocked: Vec<_> = blocked
        .iter()
        .map(|(situation, topic)| (*situation, topic.as_str()))
        .collect();
    assert_eq!(
        blocked,
        [
            ("e1", "Same company as an account (East)"),
            ("e1", "Same company as an account (West)"),
            ("e1", "Same e-mail address as a contact (East)"),
            ("e1", "Same e-mail address as a contact (West)"),
            ("e8", "Same e-mail address as another lead (1)"),
            ("e8", "Same e-mail address as another lead (2)"),
        ]
    );
}

#[test]
fn shipped_rules_are_published() {
    let world = Duplicates::shipped();
    let names = [
        "Accounts with the same name",
        "Leads and contacts with the same e-mail address",
        "Leads with the same e-mail address",
    ];
    for name in names {
        assert_eq!(world.status(world.admin.find("duplicaterule", name)), 2, "{name}");
    }
}
