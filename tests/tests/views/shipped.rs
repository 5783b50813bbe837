//! The views that come with the organisation.

use sluice_model::{Depth, Reference, Request, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_tests::{Actor, Organisation, people};

use crate::{all_leads, lead, run, sorted};

/// The leads whose state is one of these, and whose owner is that one, if one is named.
fn leads(actor: &Actor, states: &[i32], owner: Option<Uuid>) -> Vec<Uuid> {
    let all = all_leads(actor);
    let fits = |row: &&Row| {
        states.contains(&row.int("statecode").unwrap()) && owner.is_none_or(|owner| row.id_of("ownerid") == Some(owner))
    };
    all.iter().filter(fits).map(|row| row.id).collect()
}

#[test]
fn the_views_of_leads_list_what_their_names_say() {
    let organisation = Organisation::sample();
    let (admin, west) = (organisation.admin(), organisation.actor("seller.west"));
    for state in [(1, 3), (2, 4), (2, 6)] {
        lead(&west, state);
        lead(&admin, state);
    }
    for actor in [&admin, &west] {
        let expect = |view: &str, states: &[i32], owner| {
            let found = sorted(run(actor, view));
            assert_eq!(found, sorted(leads(actor, states, owner)), "{view}");
            assert!(!found.is_empty() || actor.id() == admin.id(), "{view}");
        };
        expect("My Open Leads", &[0], Some(actor.id()));
        expect("Open Leads", &[0], None);
        expect("All Leads", &[0, 1, 2], None);
        expect("Closed Leads", &[1, 2], None);
    }
}

#[test]
fn a_lead_that_is_disqualified_moves_to_the_closed_ones() {
    let organisation = Organisation::sample();
    let west = organisation.actor("seller.west");
    let one = run(&west, "My Open Leads")[0];
    west.update(
        Row::new("lead", one)
            .with("statecode", Value::Choice(2))
            .with("statuscode", Value::Choice(4)),
    );
    assert!(!run(&west, "My Open Leads").contains(&one));
    assert!(!run(&west, "Open Leads").contains(&one));
    assert_eq!(run(&west, "Closed Leads"), [one]);
    west.update(Row::new("lead", one).with("statecode", Value::Choice(0)));
    assert!(run(&west, "My Open Leads").contains(&one), "and reactivated, back");
    assert!(run(&west, "Closed Leads").is_empty());
}

#[test]
fn opportunities_accounts_and_contacts_have_theirs() {
    let organisation = Organisation::sample();
    let admin = organisation.admin();
    let opportunity = |closing: Option<(&str, i32)>| {
        let id = admin.create(Row::unsaved("opportunity").with("name", "Twelve pumps"));
        if let Some((message, status)) = closing {
            let close = Row::unsaved("opportunityclose").with("opportunityid", Reference::new("opportunity", id));
            let request = Request::new(message).with("OpportunityClose", close);
            admin.0.execute(request.with("Status", status)).unwrap();
        }
        id
    };
    let [open, won, lost] = [None, Some(("WinOpportunity", 3)), Some(("LoseOpportunity", 4))].map(opportunity);
    assert_eq!(run(&admin, "Open Opportunities"), [open]);
    assert_eq!(run(&admin, "Won Opportunities"), [won]);
    assert_eq!(run(&admin, "Lost Opportunities"), [lost]);
    assert_eq!(run(&admin, "All Opportunities"), [lost, won, open], "the newest first");
    let asleep = run(&admin, "Active Accounts")[0];
    admin.update(Row::new("account", asleep).with("statecode", Value::Choice(1)));
    assert!(!run(&admin, "Active Accounts").contains(&asleep));
    assert!(run(&admin, "All Accounts").contains(&asleep));
    assert!(run(&admin, "My Active Contacts").len() < run(&admin, "Active Contacts").len());
}

#[test]
fn a_view_shows_two_people_what_each_may_read() {
    let organisation = Organisation::sample();
    let counts = ["admin", "seller.west", "seller.east", "manager"].map(|name| {
        let actor = organisation.actor(name);
        let found = run(&actor, "Open Leads");
        assert!(found.iter().all(|id| actor.try_get("lead", *id).is_ok()), "{name}");
        found.len()
    });
    assert!(
        counts[0] > counts[1] && counts[1] != counts[2] && counts[3] > counts[1],
        "{counts:?}"
    );
}

#[test]
fn whoever_may_read_the_rows_sees_the_views_and_nobody_else() {
    let organisation = Organisation::sample();
    let reader = people::user(
        &organisation,
        "reader",
        &people::privileges(&["Read"], &["Lead"], Depth::User),
    );
    let names: Vec<String> = reader
        .0
        .views(None)
        .unwrap()
        .into_iter()
        .map(|view| view.name)
        .collect();
    assert_eq!(names, ["All Leads", "Closed Leads", "My Open Leads", "Open Leads"]);
    assert!(run(&reader, "Open Leads").is_empty(), "nothing is theirs");
    let refused = reader.0.view("All Accounts", None).unwrap_err();
    assert_eq!(refused.code().to_string(), "0x80040217");
    let refused = reader.0.views(Some("account")).unwrap_err();
    assert_eq!(refused.body().privilege.as_deref(), Some("prvReadAccount"));
}
