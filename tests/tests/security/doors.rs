//! One rule behind every door: what a message or a verb refuses, the `Update` that does the same
//! refuses with the same code; and doors that have no row behind them ask for a privilege, too.

use sluice_model::{
    ColumnDef, ColumnType, Depth, Error, Filter, Join, Ownership, Parameter, Query, Reference, Request, Right, Row,
    TableDef, Uuid, Value,
};
use sluice_platform::TableChange;
use sluice_platform::prelude::*;
use sluice_sales::qualify::{self, Choices};
use sluice_tests::Actor;

use crate::world::{Security, grant, grants, revoke, share, user};

fn code<T>(result: Result<T, Error>) -> String {
    result
        .err()
        .map_or_else(|| "done".to_owned(), |error| error.code().to_string())
}

/// A way to do something, by its name.
type Way<'a> = (&'a str, Box<dyn Fn() -> Result<(), Error> + 'a>);

/// Every way has the same answer, and it is no success.
#[track_caller]
fn one_answer(what: &str, ways: &[Way<'_>]) -> String {
    let answers: Vec<(&str, String)> = ways.iter().map(|(name, way)| (*name, code(way()))).collect();
    let first = answers[0].1.clone();
    assert!(
        answers.iter().all(|(_, answer)| *answer == first),
        "{what}: {answers:?}"
    );
    assert_ne!(first, "done", "{what}");
    first
}

fn send(actor: &Actor, request: Request) -> Result<(), Error> {
    actor.0.execute(request).map(|_| ())
}

fn update(actor: &Actor, row: Row) -> Result<(), Error> {
    send(actor, Request::update(row))
}

/// Two sellers of two units, and a lead and an opportunity of the first.
struct Two {
    world: Security,
    other: Actor,
    lead: Uuid,
    opportunity: Uuid,
}

impl Two {
    fn new() -> Self {
        let world = Security::new();
        let all = ["Lead", "Opportunity", "Account", "Contact", "Note", "Activity"];
        let mut rights: Vec<_> = all
            .iter()
            .flat_map(|table| grants(table, &Right::ALL, Depth::User))
            .collect();
        rights.extend(crate::world::qualifying(Depth::User));
        world.role("Seller", &rights);
        let owner = world.user("owner", world.unit("West", world.root()), &["Seller"]);
        let other = world.user("other", world.unit("East", world.root()), &["Seller"]);
        let lead = world.lead(user(&owner));
        let opportunity = owner.create(Row::unsaved("opportunity").with("name", "Pumps"));
        Self {
            world,
            other,
            lead,
            opportunity,
        }
    }
}

#[test]
fn the_messages_about_a_row_refuse_what_its_update_refuses() {
    let two = Two::new();
    let (other, lead) = (&two.other, Reference::new("lead", two.lead));
    let close = |state: i32, status: i32| {
        Row::new("lead", two.lead)
            .with("statecode", Value::Choice(state))
            .with("statuscode", Value::Choice(status))
    };
    let refused = one_answer(
        "a lead of another unit",
        &[
            (
                "Update",
                Box::new(|| update(other, Row::new("lead", two.lead).with("subject", "x"))),
            ),
            ("disqualify", Box::new(|| update(other, close(2, 4)))),
            (
                "QualifyLead",
                Box::new(|| send(other, qualify::request(two.lead, &Choices::default()))),
            ),
            ("Delete", Box::new(|| send(other, Request::delete(lead.clone())))),
            (
                "Retrieve",
                Box::new(|| send(other, Request::retrieve(lead.clone(), &[]))),
            ),
            (
                "GrantAccess",
                Box::new(|| share(other, lead.clone(), user(other), "ReadAccess")),
            ),
            ("RevokeAccess", Box::new(|| revoke(other, lead.clone(), user(other)))),
            (
                "Assign",
                Box::new(|| {
                    let request = Request::new("Assign").with("Target", lead.clone());
                    send(other, request.with("Assignee", user(other)))
                }),
            ),
            (
                "ownerid",
                Box::new(|| update(other, Row::new("lead", two.lead).with("ownerid", user(other)))),
            ),
            (
                "RetrieveTimeline",
                Box::new(|| send(other, Request::new("RetrieveTimeline").with("Target", lead.clone()))),
            ),
            (
                "InitializeFrom",
                Box::new(|| {
                    let request = Request::new("InitializeFrom").with("EntityMoniker", lead.clone());
                    send(other, request.with("TargetEntityName", "contact"))
                }),
            ),
        ],
    );
    assert_eq!(refused, "0x80048306");
    let row = |state: i32, status: i32| {
        Row::unsaved("opportunityclose")
            .with("opportunityid", Reference::new("opportunity", two.opportunity))
            .with("subject", format!("{state}/{status}"))
    };
    one_answer(
        "an opportunity of another unit",
        &[
            (
                "Update",
                Box::new(|| update(other, Row::new("opportunity", two.opportunity).with("name", "x"))),
            ),
            (
                "WinOpportunity",
                Box::new(|| {
                    let request = Request::new("WinOpportunity").with("OpportunityClose", row(1, 3));
                    send(other, request.with("Status", 3))
                }),
            ),
            (
                "LoseOpportunity",
                Box::new(|| {
                    let request = Request::new("LoseOpportunity").with("OpportunityClose", row(2, 4));
                    send(other, request.with("Status", 4))
                }),
            ),
        ],
    );
    assert_eq!(two.world.admin.get("lead", two.lead).int("statecode"), Some(0));
}

/// A user who may only read, with every privilege.
fn reader(world: &Security) -> Actor {
    let reader = world.user("reader", world.root(), &["System Administrator"]);
    world
        .admin
        .update(Row::new("systemuser", reader.id()).with("accessmode", Value::Choice(2)));
    reader
}

#[test]
fn whoever_may_only_read_changes_nothing_by_any_door() {
    let world = Security::new();
    let reader = reader(&world);
    let account = world.account(user(&world.admin));
    let rule = world.admin.create(
        Row::unsaved("duplicaterule")
            .with("name", "Same name")
            .with("baseentityname", "account")
            .with("matchingentityname", "account"),
    );
    let role = world.role("Reading", &[]);
    let session = &reader.0;
    let column = |name: &str| ColumnDef::new(name, ColumnType::Text { max_length: 10 });
    let audited = |yes| TableChange {
        audited: Some(yes),
        ..TableChange::default()
    };
    let option = |message: &str| {
        Request::new(message)
            .with("OptionSetName", "sl_interest")
            .with("Value", 1)
    };
    let refused = one_answer(
        "accessmode 2",
        &[
            (
                "Create",
                Box::new(|| send(&reader, Request::create(Row::unsaved("account").with("name", "x")))),
            ),
            (
                "Update",
                Box::new(|| update(&reader, Row::new("account", account).with("name", "x"))),
            ),
            (
                "table create",
                Box::new(|| session.create_table(&TableDef::new("sl_x", Ownership::User))),
            ),
            (
                "table update",
                Box::new(|| session.update_table("account", audited(false))),
            ),
            (
                "audit disable",
                Box::new(|| session.update_table("lead", audited(false))),
            ),
            (
                "column create",
                Box::new(|| session.create_column("account", &column("sl_x"))),
            ),
            (
                "column delete",
                Box::new(|| session.delete_column("account", "name").map(|_| ())),
            ),
            ("publish", Box::new(|| send(&reader, Request::new("PublishAllXml")))),
            ("option-set", Box::new(|| send(&reader, option("DeleteOptionValue")))),
            (
                "duprule publish",
                Box::new(|| {
                    let request = Request::new("PublishDuplicateRule");
                    send(&reader, request.with("DuplicateRuleId", Value::Id(rule)))
                }),
            ),
            (
                "role grant",
                Box::new(|| {
                    let wanted = crate::world::add_privileges(role, &[grant("prvReadAccount", Depth::User)]);
                    send(&reader, wanted)
                }),
            ),
        ],
    );
    assert_eq!(refused, "0x80044502");
    assert!(reader.0.definitions().is_ok(), "reading is what is left");
    assert_eq!(reader.get("account", account).id, account);
}

#[test]
fn the_file_and_the_definitions_are_for_those_who_may() {
    let world = Security::new();
    world.role("Unrelated", &[grant("prvReadTransactionCurrency", Depth::Organization)]);
    let outsider = world.user("outsider", world.root(), &["Unrelated"]);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("copy.db");
    let session = &outsider.0;
    let missing = |result: Result<(), Error>| result.unwrap_err().body().privilege.clone().unwrap_or_default();
    assert_eq!(missing(session.definitions().map(|_| ())), "prvReadEntity");
    assert_eq!(missing(session.definition("account").map(|_| ())), "prvReadEntity");
    assert_eq!(missing(session.backup(&to)), "prvsl_MaintainOrganization");
    assert_eq!(missing(session.check().map(|_| ())), "prvsl_MaintainOrganization");
    assert_eq!(missing(session.strays().map(|_| ())), "prvsl_MaintainOrganization");
    assert!(!to.exists());
    let disabled = world.user("gone", world.root(), &["System Administrator"]);
    world
        .admin
        .update(Row::new("systemuser", disabled.id()).with("isdisabled", true));
    assert_eq!(code(disabled.0.backup(&to)), "0x80040225");
    assert_eq!(code(disabled.0.check()), "0x80040225");
    assert_eq!(code(disabled.0.definitions()), "0x80040225");
    world.admin.0.backup(&to).unwrap();
}

#[test]
fn a_step_is_moved_only_where_it_could_be_registered() {
    let world = Security::sample();
    let admin = &world.admin;
    let of_create = Filter::eq("sdkmessageid", admin.find("sdkmessage", "Create"));
    let steps = Query::new("sdkmessageprocessingstep").filter(Filter::eq("stage", Value::Choice(20)).and(of_create));
    let step = admin.list(steps).pop().unwrap();
    let to = |stage: i32| Row::new("sdkmessageprocessingstep", step.id).with("stage", Value::Choice(stage));
    admin.update(to(40));
    let image = Row::unsaved("sdkmessageprocessingstepimage")
        .with(
            "sdkmessageprocessingstepid",
            Reference::new("sdkmessageprocessingstep", step.id),
        )
        .with("entityalias", "after")
        .with("imagetype", Value::Choice(1));
    admin.create(image);
    let refused = one_answer(
        "a post-image before the operation",
        &[
            ("Update of the stage", Box::new(|| update(admin, to(20)))),
            (
                "step update --stage",
                Box::new(|| admin.0.update_step(&to(20), None, None)),
            ),
        ],
    );
    assert_eq!(refused, "0x8004416E");
    // Without the image the step may go.
    admin.0.update_step(&to(20), Some(&[]), None).unwrap();
    assert_eq!(
        admin.list(Query::new("sdkmessageprocessingstepimage").filter(Filter::eq("entityalias", "after"))),
        []
    );
}

fn records(actor: &Actor, filter: Filter) -> Vec<Row> {
    let mut query = Query::new("audit").filter(filter);
    query.order = Vec::new();
    actor.list(query.order_by("createdon"))
}

#[test]
fn shares_are_on_record() {
    let world = Security::new();
    let other = world.user("other", world.root(), &["System Administrator"]);
    let account = world.account(user(&world.admin));
    let target = Reference::new("account", account);
    share(&world.admin, target.clone(), user(&other), "ReadAccess").unwrap();
    share(&world.admin, target.clone(), user(&other), "ReadAccess").unwrap();
    share(&world.admin, target.clone(), user(&other), "WriteAccess").unwrap();
    revoke(&world.admin, target.clone(), user(&other)).unwrap();
    let of_row = Filter::eq("objectid", account).and(Filter::eq("objecttypecode", "account"));
    let shares: Vec<(i32, String)> = records(&world.admin, of_row)
        .iter()
        .filter(|row| row.int("action") != Some(1))
        .map(|row| (row.int("action").unwrap(), row.text("changedata").unwrap().to_owned()))
        .collect();
    let actions: Vec<i32> = shares.iter().map(|(action, _)| *action).collect();
    assert_eq!(actions, [14, 48, 49], "{shares:#?}");
    assert!(shares[1].1.contains("ReadAccess, WriteAccess"), "{shares:#?}");
    assert!(
        shares[2].1.contains(&format!("systemuser:{}", other.id())),
        "{shares:#?}"
    );
}

#[test]
fn the_trail_shows_values_to_those_who_may_read_the_row() {
    let world = Security::new();
    let trail = [
        grant("prvReadAuditSummary", Depth::Organization),
        grant("prvReadRecordAuditHistory", Depth::Organization),
    ];
    let near = grants("Account", &[Right::Read], Depth::User);
    let far = grants("Account", &[Right::Read], Depth::Organization);
    world.role("Near", &[&trail[..], &near].concat());
    world.role("Far", &[&trail[..], &far].concat());
    world.role("Summary", &[&trail[..1], &far].concat());
    let [near, far, summary] = ["Near", "Far", "Summary"].map(|role| world.user(role, world.root(), &[role]));
    let account = world.account(user(&world.admin));
    world
        .admin
        .update(Row::new("account", account).with("name", "Secret plans"));
    let of_row = || Filter::eq("objectid", account);
    let seen = |actor: &Actor| {
        let rows = actor.list(Query::new("audit"));
        // Where there are many, they are handed on one part after the other.
        let mut each = Vec::new();
        let mut part = |some| {
            each.extend(some);
            Ok(())
        };
        actor.0.each(Query::new("audit"), &mut part).unwrap();
        assert_eq!(each, rows);
        let of_row = rows.iter().filter(|row| row.id_of("objectid") == Some(account));
        let texts: Vec<Option<String>> = of_row
            .map(|row| row.text("changedata").map(ToOwned::to_owned))
            .collect();
        assert_eq!(texts.len(), 2, "that something changed is shown");
        texts.iter().flatten().any(|text| text.contains("Secret plans"))
    };
    assert!(seen(&far) && !seen(&near) && seen(&summary));
    assert_eq!(near.list(Query::new("audit").filter(of_row())).len(), 2);
    let refused = summary.0.list(Query::new("audit").filter(of_row())).unwrap_err();
    assert_eq!(refused.body().privilege.as_deref(), Some("prvReadRecordAuditHistory"));
    // The same history, asked for through a link to the row.
    let mut linked = Query::new("audit");
    linked.joins.push(Join {
        alias: "row".into(),
        within: None,
        column: "objectid".into(),
        table: "account".into(),
        other: "accountid".into(),
        outer: false,
        columns: Vec::new(),
        filter: Filter::eq("accountid", account),
    });
    let refused = summary.0.list(linked).unwrap_err();
    assert_eq!(refused.body().privilege.as_deref(), Some("prvReadRecordAuditHistory"));
    // Nor by searching for it, nor by its own id.
    let searched = Filter::eq("changedata", "Secret plans");
    assert_eq!(code(near.0.list(Query::new("audit").filter(searched))), "0x80040203");
    let record = records(&world.admin, of_row()).pop().unwrap();
    let only = near
        .0
        .execute(Request::retrieve(record.reference(), &["changedata"]))
        .unwrap();
    assert_eq!(only.row().unwrap().text("changedata"), None);
    // A row that is gone is shown to those who may read all of its table.
    world.admin.try_delete("account", account).unwrap();
    let shown = |actor: &Actor| {
        let rows = actor.list(Query::new("audit").filter(of_row()));
        rows.iter().any(|row| row.text("changedata").is_some())
    };
    assert!(shown(&far) && !shown(&near));
}

#[test]
fn a_sign_in_name_comes_before_any_other_name() {
    let world = Security::new();
    let admin = world.admin.id();
    let other = world.user("other", world.root(), &["System Administrator"]);
    for (column, name) in [("lastname", "admin"), ("firstname", "")] {
        world
            .admin
            .update(Row::new("systemuser", other.id()).with(column, name));
    }
    let found = world.organisation.engine().session_of("admin").unwrap();
    assert_eq!(found.user(), admin);
    assert_eq!(world.admin.find("systemuser", "admin"), admin);
}

#[test]
fn names_come_with_the_lookups_that_one_may_read() {
    let two = Two::new();
    let owner = two.world.user("namer", two.world.root(), &["Seller"]);
    let account = two.world.account(user(&two.world.admin));
    let contact = two.world.admin.create(
        Row::unsaved("contact")
            .with("lastname", "Novak")
            .with("ownerid", user(&owner))
            .with("parentcustomerid", Reference::new("account", account)),
    );
    let ask = |actor: &Actor| {
        let query = Query::new("contact").filter(Filter::eq("contactid", contact));
        let request = Request::retrieve_multiple(query).with("LookupNames", true);
        match actor.0.execute(request).unwrap().outputs.remove("LookupNames") {
            Some(Parameter::Rows(rows)) => rows,
            other => panic!("{other:?}"),
        }
    };
    let named = ask(&owner);
    let of_account = named.iter().find(|row| row.id == account).unwrap();
    assert_eq!(of_account.values.len(), 1, "the name and nothing else: {of_account:?}");
    assert!(
        owner
            .0
            .execute(Request::retrieve(Reference::new("account", account), &[]))
            .is_err()
    );
    assert_eq!(ask(&two.other), [], "of a row that one may not read, nothing");
}

#[test]
fn roles_and_members_are_shown_to_those_who_may_read_both_sides() {
    let world = Security::new();
    let users = grants("User", &[Right::Read], Depth::Organization);
    let roles = grants("Role", &[Right::Read], Depth::Organization);
    world.role("Users", &users);
    world.role("Both", &[users, roles].concat());
    let [users, both] = ["Users", "Both"].map(|role| world.user(role, world.root(), &[role]));
    let ask = |actor: &Actor| {
        let request = Request::new("RetrieveRelated")
            .with("Target", user(&both))
            .with("Relationship", "systemuserroles_association");
        actor.0.execute(request)
    };
    let Some(Parameter::Rows(rows)) = ask(&both).unwrap().outputs.remove("RelatedEntities") else {
        panic!("no rows");
    };
    assert_eq!(
        rows.iter().filter_map(|row| row.text("name")).collect::<Vec<_>>(),
        ["Both"]
    );
    assert_eq!(
        ask(&users).unwrap_err().body().privilege.as_deref(),
        Some("prvReadRole")
    );
    let role = world.admin.find("role", "Both");
    let request = Request::new("RetrieveRolePrivilegesRole").with("RoleId", Value::Id(role));
    let answer = both.0.execute(request).unwrap();
    let Some(Parameter::Rows(rows)) = answer.outputs.get("RolePrivileges") else {
        panic!("no rows");
    };
    let names: Vec<&str> = rows.iter().filter_map(|row| row.text("PrivilegeName")).collect();
    assert_eq!(names, ["prvReadRole", "prvReadUser"]);
    assert_eq!(rows[0].int("Depth"), Some(3));
}
