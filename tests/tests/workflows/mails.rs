//! The e-mails that workflows write: who they come from and go to.

use serde_json::{Value as Json, json};
use sluice_model::{Depth, Filter, Parameter, Query, Reference, Request, Row, Uuid, Value};
use sluice_tests::people;

use crate::world::{Workplace, account, spec};

/// Those who take part in an e-mail: as what, the row, the address.
fn parties(world: &Workplace, email: Uuid) -> Vec<(i32, Option<Reference>, Option<String>)> {
    let of_email = Filter::eq("activityid", Reference::new("email", email));
    let rows = world.admin.list(Query::new("activityparty").filter(of_email));
    let mut parties: Vec<_> = rows
        .iter()
        .map(|row| {
            let part = row.int("participationtypemask").unwrap();
            let address = row.text("addressused").map(ToOwned::to_owned);
            (part, row.lookup("partyid").cloned(), address)
        })
        .collect();
    parties.sort_by_key(|(part, _, address)| (*part, address.clone()));
    parties
}

fn mails(world: &Workplace) -> Vec<Row> {
    world.admin.list(Query::new("email"))
}

fn mailing(world: &Workplace, mail: Json) {
    let actions = json!([{ "send-email": mail }]);
    world.active(&spec("Mail", &json!({ "on": { "create": true } }), actions));
}

fn user(world: &Workplace, name: &str, address: Option<&str>) -> Reference {
    let user = people::user(&world.org, name, &[]);
    let mut row = Row::new("systemuser", user.id());
    row.set("internalemailaddress", address.map_or(Value::Null, Value::from));
    world.admin.update(row);
    Reference::new("systemuser", user.id())
}

#[test]
fn those_who_take_part_are_rows_beside_the_e_mail() {
    let world = Workplace::new();
    let contact = Row::unsaved("contact").with("lastname", "Berg");
    let contact = world.admin.create(contact.with("emailaddress1", "berg@example.com"));
    let admin = Reference::new("systemuser", world.admin.id());
    let address = Row::new("systemuser", admin.id).with("internalemailaddress", "admin@example.com");
    world.admin.update(address);
    mailing(
        &world,
        json!({
            "from": { "related": "ownerid", "table": "systemuser" },
            "to": [{}, { "related": "primarycontactid" }, {}],
            "cc": [{ "address": { "text": ["sales@", "example.com"] } }],
            "bcc": [{ "related": "primarycontactid" }],
            "subject": "Welcome",
        }),
    );
    let row = account("Novak").with("emailaddress1", "novak@example.com");
    let id = world
        .admin
        .create(row.with("primarycontactid", Reference::new("contact", contact)));
    let mail = mails(&world).remove(0);
    assert_eq!((mail.int("statecode"), mail.int("statuscode")), (Some(1), Some(6)));
    assert_eq!(mail.text("sender"), Some("admin@example.com"));
    assert_eq!(mail.text("torecipients"), Some("novak@example.com;berg@example.com"));
    let berg = (
        Some(Reference::new("contact", contact)),
        Some("berg@example.com".to_owned()),
    );
    let expected = [
        (1, Some(admin), Some("admin@example.com".to_owned())),
        (2, berg.0.clone(), berg.1.clone()),
        (
            2,
            Some(Reference::new("account", id)),
            Some("novak@example.com".to_owned()),
        ),
        (3, None, Some("sales@example.com".to_owned())),
        (4, berg.0, berg.1),
    ];
    assert_eq!(parties(&world, mail.id), expected);
}

/// A team is its members who are at work and have an address; whoever the workflow runs as sends it.
#[test]
fn an_e_mail_to_a_team_goes_to_its_members() {
    let world = Workplace::new();
    let reads = people::privileges(&["Read"], &["Account"], Depth::Organization);
    people::user(&world.org, "giver", &reads);
    let support = ["team", "create", "Support", "--role", "role of giver"];
    world.org.program().json(&support);
    let team = world.admin.find("team", "Support");
    let ada = user(&world, "ada", Some("ada@example.com"));
    let ben = user(&world, "ben", None);
    let gone = user(&world, "gone", Some("gone@example.com"));
    let members = Parameter::References(vec![ada.clone(), ben, gone.clone()]);
    let add = Request::new("AddMembersTeam")
        .with("TeamId", Value::Id(team))
        .with("MemberIds", members);
    world.admin.0.execute(add).unwrap();
    world
        .admin
        .update(Row::new("systemuser", gone.id).with("isdisabled", true));
    mailing(
        &world,
        json!({ "to": [{ "related": "ownerid", "table": "team" }], "subject": "New" }),
    );
    let owned = |name: &str| account(name).with("ownerid", Reference::new("team", team));
    world.admin.create(owned("Novak"));
    let mail = mails(&world).remove(0);
    let admin = Reference::new("systemuser", world.admin.id());
    assert_eq!(
        parties(&world, mail.id),
        [
            (1, Some(admin), None),
            (2, Some(ada.clone()), Some("ada@example.com".to_owned()))
        ]
    );
    // Nobody is left to whom it goes.
    world
        .admin
        .update(Row::new("systemuser", ada.id).with("isdisabled", true));
    let error = world.admin.try_create(owned("Berg")).unwrap_err();
    assert!(error.message().contains("must have at least one recipient"), "{error}");
    assert_eq!(mails(&world).len(), 1);
}

#[test]
fn a_sender_is_a_row_with_an_address() {
    let world = Workplace::new();
    let refused = |from: Json| {
        let actions = json!([{ "send-email": { "from": from, "to": [{}], "subject": "x" } }]);
        let text = spec("Wrong", &json!({ "on": { "create": true } }), actions);
        let row = sluice_platform::WorkflowSpec::parse(&text).unwrap().row();
        world.admin.try_create(row).unwrap_err().message().to_owned()
    };
    let told = refused(json!({ "address": "a@example.com" }));
    assert!(told.contains("Sender cannot be unresolved"), "{told}");
    let told = refused(json!({ "related": "ownerid", "table": "team" }));
    assert!(told.contains("and not from a team"), "{told}");
    let told = refused(json!({ "related": "ownerid", "table": "team", "address": "x" }));
    assert!(told.contains("not both"), "{told}");
}

/// What waits to be sent, whoever made it, has somebody whom it comes from and somebody to whom it goes.
#[test]
fn an_e_mail_without_parties_is_not_sent() {
    let world = Workplace::new();
    let draft = || Row::unsaved("email").with("subject", "x");
    let send = |row: Row| {
        row.with("statecode", Value::Choice(1))
            .with("statuscode", Value::Choice(6))
    };
    let error = world.admin.try_create(send(draft())).unwrap_err();
    assert!(error.message().contains("must have at least one recipient"), "{error}");
    let id = world.admin.create(draft());
    let party = |part: i32| {
        let row = Row::unsaved("activityparty").with("activityid", Reference::new("email", id));
        row.with("partyid", Reference::new("systemuser", world.admin.id()))
            .with("participationtypemask", Value::Choice(part))
    };
    let to_send = || send(Row::new("email", id));
    let error = world.admin.try_update(to_send()).unwrap_err();
    assert!(error.message().contains("must have at least one recipient"), "{error}");
    world.admin.create(party(2));
    let error = world.admin.try_update(to_send()).unwrap_err();
    assert!(error.message().contains("must have a sender"), "{error}");
    world.admin.create(party(1));
    world.admin.update(to_send());
    let error = world.admin.try_create(party(1)).unwrap_err();
    assert!(error.message().contains("one and only one sender"), "{error}");
}

/// Nobody becomes a second sender by an Update, either.
#[test]
fn an_e_mail_has_one_sender_whoever_changes_who_takes_part() {
    let world = Workplace::new();
    let email = Reference::new(
        "email",
        world.admin.create(Row::unsaved("email").with("subject", "Hello")),
    );
    let party = |part: i32, address: &str| {
        let row = Row::unsaved("activityparty")
            .with("activityid", email.clone())
            .with("addressused", address)
            .with("participationtypemask", Value::Choice(part));
        world.admin.create(row)
    };
    let (sender, recipient) = (party(1, "a@example.com"), party(2, "b@example.com"));
    let becomes = |party: Uuid, part: i32| {
        let row = Row::new("activityparty", party).with("participationtypemask", Value::Choice(part));
        world.admin.try_update(row)
    };
    let error = becomes(recipient, 1).unwrap_err();
    assert_eq!(error.message(), "The email must have one and only one sender.");
    assert!(becomes(recipient, 5).is_err(), "an e-mail has no attendees");
    becomes(sender, 1).unwrap();
    becomes(sender, 2).unwrap();
    becomes(recipient, 1).unwrap();
}
