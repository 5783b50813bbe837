//! What of a lead is shown on the opportunity that it became, and to whom.

use sluice_model::{Depth, Filter, Parameter, Query, Reference, Request, Row, Uuid, Value};
use sluice_sales::{qualify, timeline};
use sluice_tests::{Actor, Organisation, people};

use crate::{attach, download, lead, noise, note};

/// The titles in the timeline of a row, the oldest first.
fn titles(actor: &Actor, table: &str, id: Uuid) -> Vec<String> {
    let response = actor.0.execute(timeline::request(Reference::new(table, id))).unwrap();
    let Parameter::Rows(entries) = response.outputs.get("Entries").unwrap() else {
        panic!("no rows");
    };
    let subject = |row: &Row| row.text("subject").unwrap_or_default().to_owned();
    entries.iter().rev().map(subject).collect()
}

fn qualify(actor: &Actor, lead: Uuid) -> Uuid {
    actor
        .0
        .execute(qualify::request(lead, &qualify::Choices::default()))
        .unwrap();
    let of_lead = Query::new("opportunity")
        .columns(&[])
        .filter(Filter::eq("originatingleadid", lead));
    actor.list(of_lead)[0].id
}

fn call(actor: &Actor, about: (&str, Uuid), subject: &str) -> Uuid {
    actor.create(
        Row::unsaved("phonecall")
            .with("subject", subject)
            .with("regardingobjectid", Reference::new(about.0, about.1)),
    )
}

fn set(organisation: &Organisation, shown_to: i32) {
    let admin = organisation.admin();
    let organization = admin.find("organization", "Contoso");
    admin.update(Row::new("organization", organization).with("sl_leadnotes", Value::Choice(shown_to)));
}

#[test]
fn nothing_of_a_lead_is_lost_when_it_is_qualified() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let lead = lead(&admin);
    let bytes = noise(100_000);
    admin.create(note(("lead", lead), "Needs twelve pumps"));
    let file = attach(
        &admin,
        note(("lead", lead), "Drawings").with("filename", "pump.dwg"),
        &bytes,
        30_000,
    );
    call(&admin, ("lead", lead), "First call");
    let opportunity = qualify(&admin, lead);
    let before = ["Needs twelve pumps", "Drawings", "First call"];
    assert_eq!(titles(&admin, "opportunity", opportunity), before);
    assert_eq!(titles(&admin, "lead", lead), before, "they remain on the lead");
    for table in ["account", "contact"] {
        let made = admin.list(
            Query::new(table)
                .columns(&[])
                .filter(Filter::eq("originatingleadid", lead)),
        );
        assert!(
            made.iter().all(|row| titles(&admin, table, row.id) == before),
            "{table}"
        );
    }
    assert_eq!(admin.count("annotation"), 2, "nothing was copied");
    assert_eq!(download(&admin, file, 1 << 20).unwrap(), ("pump.dwg".to_owned(), bytes));

    admin.create(note(("lead", lead), "An afterthought"));
    admin.create(note(("opportunity", opportunity), "The offer"));
    call(&admin, ("opportunity", opportunity), "Second call");
    let later = [&before[..], &["An afterthought", "The offer", "Second call"]].concat();
    assert_eq!(titles(&admin, "opportunity", opportunity), later);
    let on_lead = [&before[..], &["An afterthought"]].concat();
    assert_eq!(
        titles(&admin, "lead", lead),
        on_lead,
        "the opportunity's own stay there"
    );
}

#[test]
fn who_may_not_read_the_lead_sees_what_the_setting_says() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let lead = lead(&admin);
    let rights = [
        people::privileges(&["Read"], &["Opportunity"], Depth::Organization),
        people::privileges(&["Read"], &["Note", "Lead"], Depth::User),
    ];
    let reader = people::user(&organisation, "reader", &rights.concat());
    let shared = admin.create(note(("lead", lead), "For everybody"));
    admin.create(note(("lead", lead), "Between ourselves"));
    let opportunity = qualify(&admin, lead);
    let share = |table: &str, id| {
        let share = Request::new("GrantAccess")
            .with("Target", Reference::new(table, id))
            .with("Principal", Reference::new("systemuser", reader.id()))
            .with("AccessMask", "ReadAccess");
        admin.0.execute(share).unwrap();
    };
    share("annotation", shared);
    let seen = |actor: &Actor| titles(actor, "opportunity", opportunity);
    assert_eq!(seen(&reader), ["For everybody"], "2: who may read the note");
    set(&organisation, 1);
    assert!(seen(&reader).is_empty(), "1: who may read the lead as well");
    share("lead", lead);
    let both = ["For everybody", "Between ourselves"];
    assert_eq!(seen(&reader), both, "the notes of a lead are shared with it");
    set(&organisation, 0);
    assert!(seen(&reader).is_empty(), "0: nobody");
    assert!(seen(&admin).is_empty(), "the administrator neither");
    assert_eq!(titles(&admin, "lead", lead).len(), 2, "on the lead they stay");
}

#[test]
fn a_timeline_shows_what_of_it_may_be_read() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let lead = lead(&admin);
    admin.create(note(("lead", lead), "A note"));
    call(&admin, ("lead", lead), "A call");
    let with = |name: &str, tables: &[&str]| {
        let rights = people::privileges(&["Read"], tables, Depth::Organization);
        people::user(&organisation, name, &rights)
    };
    assert_eq!(titles(&with("notes", &["Lead", "Note"]), "lead", lead), ["A note"]);
    assert_eq!(titles(&with("calls", &["Lead", "Activity"]), "lead", lead), ["A call"]);
    assert!(titles(&with("leads", &["Lead"]), "lead", lead).is_empty());
    let outsider = with("outsider", &["Note", "Activity"]);
    let refused = outsider
        .0
        .execute(timeline::request(Reference::new("lead", lead)))
        .unwrap_err();
    assert_eq!(refused.body().privilege.as_deref(), Some("prvReadLead"));
}

#[test]
fn an_id_alone_does_not_bring_another_rows_notes() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let lead = lead(&admin);
    let mut twin = Row::unsaved("account").with("name", "Twin");
    twin.id = lead;
    admin.create(twin);
    admin.create(note(("account", lead), "About the account"));
    admin.create(note(("lead", lead), "About the lead"));
    assert_eq!(titles(&admin, "lead", lead), ["About the lead"]);
    assert_eq!(titles(&admin, "account", lead), ["About the account"]);
}
