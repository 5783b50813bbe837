//! Conditions on related rows and on time, and what they may not tell.

use sluice_model::{Depth, Reference, Row, Timestamp, Uuid, Value};
use sluice_tests::{Actor, Organisation, people};

use crate::{all_leads, fetch, filter, lead_row, sorted};

/// A lead made so many days ago.
fn lead_of(actor: &Actor, state: (i32, i32), days_ago: i64) -> Uuid {
    let seconds = actor.0.surroundings().unwrap().now.as_second() - days_ago * 86_400;
    let when = Timestamp::from_second(seconds).unwrap();
    let no_process = Value::Id(Uuid::nil());
    let row = lead_row(state).with("processid", no_process);
    actor.create(row.with("overriddencreatedon", when))
}

/// A process of a lead: 1 active, 3 aborted.
fn instance(actor: &Actor, lead: Uuid, status: i32) -> Uuid {
    let table = "leadtoopportunitysalesprocess";
    let id = actor.create(Row::unsaved(table).with("leadid", Reference::new("lead", lead)));
    if status == 3 {
        let aborted = Row::new(table, id).with("statecode", Value::Choice(1));
        actor.update(aborted.with("statuscode", Value::Choice(status)));
    }
    id
}

/// The filters of the guide, step 1 to 4 of "How do I verify whether I have the required
/// number of leads", as the editor writes them.
fn guide(status: &str) -> String {
    format!(
        r#"<fetch version="1.0" output-format="xml-platform" mapping="logical" distinct="true">
          <entity name="lead">
            <attribute name="fullname"/>
            <attribute name="leadid"/>
            <filter type="and">
              <condition attribute="createdon" operator="last-x-months" value="6"/>
              <condition attribute="statecode" operator="eq" value="{status}"/>
            </filter>
            <link-entity name="leadtoopportunitysalesprocess" from="leadid" to="leadid" link-type="inner" alias="ab">
              <filter type="and"><condition attribute="statuscode" operator="ne" value="3"/></filter>
            </link-entity>
          </entity>
        </fetch>"#
    )
}

#[test]
fn the_guides_filters_count_the_leads_that_a_model_could_learn_from() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let mut expected = [Vec::new(), Vec::new()];
    for (at, state) in [(1, 3), (2, 4)].into_iter().enumerate() {
        for (days, status, counts) in [
            (1, Some(1), true),
            (150, Some(1), true),
            (150, Some(3), false),
            (150, None, false),
            (200, Some(1), false),
        ] {
            let lead = lead_of(&admin, state, days);
            if let Some(status) = status {
                instance(&admin, lead, status);
            }
            if counts {
                expected[at].push(lead);
            }
        }
    }
    instance(&admin, lead_of(&admin, (0, 1), 1), 1);
    for (number, expected) in [("1", &expected[0]), ("2", &expected[1])] {
        assert_eq!(sorted(fetch(&admin, &guide(number))), sorted(expected.clone()));
        let odata = format!(
            "Microsoft.Dynamics.CRM.LastXMonths(PropertyName='createdon',PropertyValue=6) and statecode eq {number} \
             and lead_leadtoopportunitysalesprocess/any(p:p/statuscode ne 3)"
        );
        assert_eq!(sorted(filter(&admin, "lead", &odata)), sorted(expected.clone()));
    }
    assert_eq!(fetch(&admin, &guide("Qualified")).len(), 2, "by its label, too");
}

#[test]
fn does_not_contain_data_is_the_rest() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let leads: Vec<Uuid> = (0..12).map(|days| lead_of(&admin, (0, 1), days)).collect();
    let with: Vec<Uuid> = leads.into_iter().take(7).collect();
    for (number, lead) in with.iter().enumerate() {
        instance(&admin, *lead, if number == 0 { 3 } else { 1 });
    }
    let link = |operator: &str| {
        format!(
            "<fetch><entity name='lead'>
               <link-entity name='leadtoopportunitysalesprocess' from='leadid' to='leadid' link-type='outer' alias='p'>
                 <filter><condition attribute='statuscode' operator='ne' value='3'/></filter></link-entity>
               <filter><condition entityname='p' attribute='businessprocessflowinstanceid' operator='{operator}'/></filter>
             </entity></fetch>"
        )
    };
    let (contains, rest) = (fetch(&admin, &link("not-null")), fetch(&admin, &link("null")));
    assert_eq!(sorted(contains.clone()), sorted(with[1..].to_vec()));
    assert_eq!(contains.len() + rest.len(), all_leads(&admin).len());
    let without = "not leadtoopportunitysalesprocess.leadid/any(p:p/statuscode ne 3)";
    assert_eq!(sorted(filter(&admin, "lead", without)), sorted(rest));
}

#[test]
fn relationships_go_by_the_names_that_they_are_listed_by() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let [with, without] = [0, 1].map(|days| lead_of(&admin, (0, 1), days));
    let lead = Reference::new("lead", with);
    let opportunity = Row::unsaved("opportunity")
        .with("name", "O")
        .with("originatingleadid", lead);
    let opportunity = admin.create(opportunity);
    let made = "opportunity_originating_lead/any(o:o/name eq 'O')";
    assert_eq!(filter(&admin, "lead", made), [with]);
    assert_eq!(filter(&admin, "lead", &format!("not {made}")), [without]);
    let of_lead = format!("opportunity_originating_lead/leadid eq {with}");
    assert_eq!(filter(&admin, "opportunity", &of_lead), [opportunity]);
}

#[test]
fn a_related_table_needs_read_and_is_named() {
    let organisation = Organisation::empty();
    let reads = people::privileges(&["Read"], &["Lead"], Depth::User);
    let west = people::user(&organisation, "reader", &reads);
    let surroundings = west.0.surroundings().unwrap();
    let query = sluice_model::fetchxml::parse(&surroundings, &guide("1")).unwrap();
    let refused = west.0.list(query).unwrap_err();
    assert_eq!(refused.code().to_string(), "0x80040220", "{refused}");
    assert_eq!(
        refused.body().privilege.as_deref(),
        Some("prvReadleadtoopportunitysalesprocess")
    );
}

#[test]
fn rows_that_somebody_may_not_read_are_not_there_for_them() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let mut reads = people::privileges(&["Read"], &["Lead"], Depth::Organization);
    reads.extend(people::privileges(
        &["Create", "Read", "Append"],
        &["Activity"],
        Depth::User,
    ));
    reads.extend(people::privileges(&["AppendTo"], &["Lead"], Depth::Organization));
    let reader = people::user(&organisation, "reader", &reads);
    let [mine, theirs, none] = [(); 3].map(|()| crate::lead(&admin, (0, 1)));
    let call = |actor: &Actor, lead: Uuid| {
        actor.create(
            Row::unsaved("task")
                .with("subject", "Call back")
                .with("regardingobjectid", Reference::new("lead", lead)),
        )
    };
    call(&reader, mine);
    call(&admin, theirs);
    let any = "lead_tasks/any(t:contains(t/subject,'call'))";
    assert_eq!(sorted(filter(&admin, "lead", any)), sorted(vec![mine, theirs]));
    assert_eq!(filter(&reader, "lead", any), [mine]);
    assert_eq!(
        sorted(filter(&reader, "lead", &format!("not {any}"))),
        sorted(vec![theirs, none]),
        "a task that may not be read is as one that is not there"
    );
    let by_lead = "regardingobjectid_lead/lastname eq 'McKay'";
    assert_eq!(filter(&reader, "task", by_lead).len(), 1);
    assert_eq!(filter(&admin, "task", by_lead).len(), 2);
}

/// Contacts of an account with three employees, of one that does not say how many, of none, and of another contact.
fn contacts(admin: &Actor) -> [Uuid; 4] {
    let account = |name: &str| Row::unsaved("account").with("name", name);
    let three = admin.create(account("P").with("numberofemployees", Value::Int(3)));
    let unsaid = admin.create(account("N"));
    let contact = |name: &str| Row::unsaved("contact").with("lastname", name);
    let of = |table: &str, id: Uuid| contact("of one").with("parentcustomerid", Reference::new(table, id));
    let none = admin.create(contact("of none"));
    let [of_three, of_unsaid, of_contact] =
        [("account", three), ("account", unsaid), ("contact", none)].map(|(table, id)| admin.create(of(table, id)));
    [of_three, of_unsaid, none, of_contact]
}

/// A column of what a lookup does not refer to is empty, as with an outer link.
#[test]
fn a_column_of_a_row_that_is_not_there_is_empty() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let [of_three, of_unsaid, none, of_contact] = contacts(&admin);
    for (column, odata, (operator, value), expected) in [
        ("accountid", "eq null", ("null", ""), vec![none, of_contact]),
        (
            "numberofemployees",
            "eq null",
            ("null", ""),
            vec![of_unsaid, none, of_contact],
        ),
        ("numberofemployees", "ne null", ("not-null", ""), vec![of_three]),
        (
            "numberofemployees",
            "ne 3",
            ("ne", "value='3'"),
            vec![of_unsaid, none, of_contact],
        ),
        (
            "numberofemployees",
            "ne 4",
            ("ne", "value='4'"),
            vec![of_three, of_unsaid, none, of_contact],
        ),
        ("numberofemployees", "eq 3", ("eq", "value='3'"), vec![of_three]),
        ("numberofemployees", "gt 2", ("gt", "value='2'"), vec![of_three]),
        ("numberofemployees", "lt 3", ("lt", "value='3'"), vec![]),
    ] {
        let expected = sorted(expected);
        let condition = format!("parentcustomerid_account/{column} {odata}");
        assert_eq!(sorted(filter(&admin, "contact", &condition)), expected, "{condition}");
        let xml = format!(
            "<fetch><entity name='contact'><attribute name='lastname'/>
               <link-entity name='account' from='accountid' to='parentcustomerid' link-type='outer' alias='a'/>
               <filter><condition entityname='a' attribute='{column}' operator='{operator}' {value}/></filter>
             </entity></fetch>"
        );
        assert_eq!(sorted(fetch(&admin, &xml)), expected, "{xml}");
        let rest = filter(&admin, "contact", &format!("not ({condition})"));
        assert_eq!(rest.len() + expected.len(), 4, "the rest of {condition}");
        assert!(rest.iter().all(|id| !expected.contains(id)), "{condition}");
    }
    // However far the path goes on, and by functions.
    for (condition, expected) in [
        (
            "parentcustomerid_contact/parentcustomerid_account/name ne 'P'",
            vec![of_three, of_unsaid, none, of_contact],
        ),
        (
            "Microsoft.Dynamics.CRM.NotIn(PropertyName='parentcustomerid_account/name',PropertyValues=['P'])",
            vec![of_unsaid, none, of_contact],
        ),
    ] {
        assert_eq!(
            sorted(filter(&admin, "contact", condition)),
            sorted(expected),
            "{condition}"
        );
    }
}
