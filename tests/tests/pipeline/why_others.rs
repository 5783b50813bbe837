//! Why a request was refused, where other things than a missing privilege stand in its way, or in
//! the way of its cure.

use sluice_engine::What;
use sluice_model::{Code, Depth, Query, Reference, Remedy, Request, Row, Uuid, Value};
use sluice_platform::{Fix, Reach, prelude::*};
use sluice_tests::people;

use super::why::{campaigns, cure, kinds, steps, why};
use crate::world::{PRE_OPERATION, Pipeline, account, contact, job, probe};

/// Who gives what they do not hold lacks it all at once: one culprit.
#[test]
fn who_may_not_give_what_they_do_not_hold_is_one_culprit() {
    let world = Pipeline::new();
    let mut wanted = people::privileges(
        &["Read", "Append", "AppendTo", "Write"],
        &["user", "role"],
        Depth::Organization,
    );
    wanted.push(("prvAssignRole".to_owned(), Depth::Organization));
    let delegate = people::user(&world.org, "delegate", &wanted);
    let east = Reference::new("systemuser", world.user("seller.east"));
    let unit = world.admin.get("systemuser", east.id).id_of("businessunitid").unwrap();
    let role =
        world.admin.list(Query::new("role").filter(
            sluice_model::Filter::eq("businessunitid", unit).and(sluice_model::Filter::eq("name", "Integration")),
        ));
    let request = Request::new("Associate")
        .with("Target", east)
        .with("Relationship", "systemuserroles_association")
        .with(
            "RelatedEntities",
            sluice_model::Parameter::References(vec![role[0].reference()]),
        );
    let found = why(&world, &world.admin, &delegate, &request);
    assert_eq!(
        found.culprits.len(),
        1,
        "{:#?}",
        found
            .culprits
            .iter()
            .map(|culprit| culprit.error.message())
            .collect::<Vec<_>>()
    );
    cure(&world, &found, &delegate, &request);
}

/// What a job fails in is told apart: the request passes.
#[test]
fn what_fails_in_the_background_is_told_apart() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let later = world.step(&job("Create", "contact", "fail later"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(step)]);
    let background: Vec<_> = found
        .background
        .iter()
        .map(|failure| failure.error.body().step.as_ref().unwrap().id)
        .collect();
    assert_eq!(background, [later]);
}

/// As if a managed solution had brought the role.
pub(super) fn manage(world: &Pipeline, role: Uuid) {
    let managed = || Row::new("role", role).with("ismanaged", true);
    let imported = world.admin.0.batch(|batch| {
        batch.set_import(true);
        batch.execute(Request::update(managed())).map(|_| ())
    });
    imported.unwrap();
}

/// A role that a managed solution brought cannot be changed here: no grant to it is proposed, and a role that reaches
/// everybody's rows comes behind one that gives what is missing alone.
#[test]
fn a_managed_role_is_not_changed() {
    let world = Pipeline::new();
    let role = world.admin.find("role", "Salesperson");
    manage(&world, role);
    world.step(&probe(PRE_OPERATION, "Create", "contact", "read sl_commissionrule"));
    let request = Request::create(contact());
    let refused = world.seller.0.execute(request.clone()).unwrap_err();
    assert!(!refused.remedies().contains(&Remedy::Grant), "{refused:?}");
    let found = why(&world, &world.admin, &world.seller, &request);
    let all: Vec<_> = found.culprits[0].fixes().iter().map(Fix::kind).collect();
    assert!(!all.contains(&"grant"), "{found:#?}");
    assert_eq!(kinds(&found), ["new-role"], "nothing less does");
    let place = |kind: &str| all.iter().position(|other| *other == kind);
    assert!(place("new-role") < place("give-role"), "{found:#?}");
    cure(&world, &found, &world.seller, &request);
}

/// Only a managed role, and no other role holds it: a role is made for the one user, and grows with what comes behind.
#[test]
fn a_role_is_made_beside_a_managed_one() {
    let world = Pipeline::new();
    let wanted = people::privileges(&["Read", "Create", "Write"], &["contact"], Depth::User);
    let vic = people::user(&world.org, "vic", &wanted);
    let role = world.admin.find("role", "role of vic");
    manage(&world, role);
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "read campaign\ncreate campaign name x",
    ));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &vic, &request);
    assert_eq!(kinds(&found), ["new-role"], "{found:#?}");
    let cured = found.cure.as_ref().unwrap();
    assert_eq!(cured.reach, Reach::Users(1));
    let [Fix::NewRole(new)] = cured.fixes.as_slice() else {
        panic!()
    };
    let mut gives: Vec<&str> = new.gives.iter().map(|(privilege, _)| privilege.as_str()).collect();
    gives.sort_unstable();
    assert_eq!(
        gives,
        ["prvCreateCampaign", "prvReadCampaign"],
        "all of it, in one role"
    );
    cure(&world, &found, &vic, &request);
}

/// Of two accounts that would do, the step runs as the one that reaches less, whichever was made first.
#[test]
fn a_step_runs_as_who_reaches_least() {
    let world = Pipeline::new();
    let reads = |depth| vec![("prvReadsl_commissionrule".to_owned(), depth)];
    let act = ("prvActOnBehalfOfAnotherUser".to_owned(), Depth::Organization);
    let accounts = people::privileges(&["Read", "Write"], &["account"], Depth::Organization);
    let large = [reads(Depth::Organization), accounts, vec![act]].concat();
    let big = people::user(&world.org, "svcbig", &large);
    let small = people::user(&world.org, "svcsmall", &reads(Depth::Organization));
    for service in [&big, &small] {
        let row = Row::new("systemuser", service.id()).with("accessmode", Value::Choice(4));
        world.admin.update(row);
    }
    world.step(&probe(PRE_OPERATION, "Create", "contact", "read sl_commissionrule"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    let fixes = found.culprits[0].fixes();
    let runs_as = fixes.iter().find_map(|fix| match fix {
        Fix::RunAs {
            id, acts_for_others, ..
        } => Some((*id, *acts_for_others)),
        _ => None,
    });
    assert_eq!(runs_as, Some((small.id(), false)), "{fixes:#?}");
}

/// A colleague's account is taken as the customer: one share of it does.
#[test]
fn a_colleagues_account_lacks_append_to() {
    let world = Pipeline::new();
    let theirs = world.admin.create(account());
    let (lead, _) = world.lead();
    let choices = sluice_sales::qualify::Choices {
        account: sluice_sales::qualify::Party::Existing(theirs),
        ..Default::default()
    };
    let request = sluice_sales::qualify::request(lead, &choices);
    let found = why(&world, &world.admin, &world.seller, &request);
    let shares: Vec<_> = kinds(&found).into_iter().filter(|kind| *kind != "share").collect();
    assert!(shares.is_empty(), "{found:#?}");
    assert_eq!(found.cure.as_ref().unwrap().reach, Reach::Rows(1));
    cure(&world, &found, &world.seller, &request);
}

/// The four reads that qualifying takes beside the rows, all of them missing.
#[test]
fn the_reads_of_customizations_are_missing() {
    let world = Pipeline::new();
    let role = world.admin.find("role", "Salesperson");
    let reads = [
        "prvReadAttributeMap",
        "prvReadEntityMap",
        "prvReadEntity",
        "prvReadCustomization",
    ];
    for privilege in reads {
        let rows = world
            .admin
            .list(Query::new("privilege").filter(sluice_model::Filter::eq("name", privilege)));
        let take = Request::new("RemovePrivilegeRole")
            .with("RoleId", Value::Id(role))
            .with("PrivilegeId", Value::Id(rows[0].id));
        world.admin.0.execute(take).unwrap();
    }
    let (_, request) = world.lead();
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(kinds(&found), ["grant"; 4]);
    for culprit in &found.culprits {
        let taken = culprit.taken.as_ref().unwrap_or_else(|| panic!("{culprit:#?}"));
        assert_eq!((taken.role.as_str(), taken.by.id), ("Salesperson", world.admin.id()));
    }
    let seen = why(&world, &world.seller, &world.seller, &request);
    assert!(
        seen.culprits.iter().all(|culprit| culprit.taken.is_none()),
        "who may not read the trail"
    );
    cure(&world, &found, &world.seller, &request);
}

/// Behind the question about duplicates there is a privilege that is missing.
#[test]
fn a_duplicate_stands_in_front_of_a_missing_privilege() {
    let world = Pipeline::new();
    let rules = ["Leads with the same e-mail address"];
    assert!(
        rules
            .iter()
            .all(|rule| world.admin.find("duplicaterule", rule) != Uuid::nil())
    );
    world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let lead = |name: &str| {
        world.seller.create(
            Row::unsaved("lead")
                .with("subject", "Pumps")
                .with("lastname", name)
                .with("companyname", sluice_tests::new_company())
                .with("emailaddress1", "twice@novak.example"),
        )
    };
    let (_, second) = (lead("One"), lead("Two"));
    let request = sluice_sales::qualify::request(second, &Default::default());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(
        kinds(&found),
        ["grant", "again"],
        "the request itself comes last: {found:#?}"
    );
    cure(&world, &found, &world.seller, &request);
}

/// What would leave the organisation without an administrator is refused at the end of its
/// transaction, in a trial as well.
#[test]
fn the_last_administrator_is_the_platforms_refusal() {
    let world = Pipeline::new();
    let role = world.admin.find("role", "System Administrator");
    let second = people::user(&world.org, "second", &[]);
    let give = |message: &str, user: Uuid| {
        Request::new(message)
            .with("Target", Reference::new("systemuser", user))
            .with("Relationship", "systemuserroles_association")
            .with(
                "RelatedEntities",
                sluice_model::Parameter::References(vec![Reference::new("role", role)]),
            )
    };
    world.admin.0.execute(give("Associate", second.id())).unwrap();
    second.0.execute(give("Disassociate", world.admin.id())).unwrap();
    let request = Request::update(Row::new("systemuser", second.id()).with("isdisabled", true));
    let refused = second.0.execute(request).unwrap_err();
    let (_, found) = second.0.why(refused.body().correlation).unwrap();
    assert_eq!(found.culprits.len(), 1);
    assert_eq!(found.culprits[0].error.code(), refused.code());
    let changes = [What::Message(Request::update(
        Row::new("role", role).with("isinherited", Value::Choice(1)),
    ))];
    let since = sluice_model::Timestamp::UNIX_EPOCH;
    let judged = second.0.what_if(&changes, since, &mut |_, _| true);
    assert!(judged.is_ok() || judged.is_err_and(|error| error.code() == Code::ADMINISTRATOR_ROLE_FIXED));
}

/// A required step of a process stands in front of a missing privilege: both are named.
#[test]
fn a_required_step_stands_in_front_of_a_missing_privilege() {
    let world = Pipeline::new();
    let steps = Query::new("sl_processstep").filter(sluice_model::Filter::eq("sl_column", "budgetamount"));
    for step in world.admin.list(steps) {
        world
            .admin
            .update(Row::new("sl_processstep", step.id).with("sl_required", true));
    }
    let plugin = world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let (_, request) = world.lead();
    let found = why(&world, &world.admin, &world.seller, &request);
    let codes: Vec<Code> = found.culprits.iter().map(|culprit| culprit.error.code()).collect();
    assert_eq!(codes, [Code::STEP_REQUIRED, Code::PRIVILEGE_DENIED], "{found:#?}");
    assert_eq!(self::steps(&found), [None, Some(plugin)]);
    assert!(found.cure.is_none() && found.passes, "nobody else can fill it in");
}
