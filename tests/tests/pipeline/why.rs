//! Why a request was refused: each scenario is broken, then cured by what is told first, and nothing
//! else has changed meanwhile.

use sluice_engine::What;
use sluice_model::{Code, Depth, Error, Query, Reference, Request, Row, Uuid, Value};
use sluice_platform::{Fix, Isolation, Reach, prelude::*};
use sluice_tests::{Actor, people};

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, account, contact, job, probe};

/// Everything that a diagnosis could leave behind.
pub(super) const WATCHED: [&str; 11] = [
    "account",
    "contact",
    "opportunity",
    "lead",
    "task",
    "role",
    "systemuser",
    "sdkmessageprocessingstep",
    "asyncoperation",
    "audit",
    "sl_messagetrace",
];

/// What was found out about a request that is refused, looked at by `reader`.
fn why(world: &Pipeline, reader: &Actor, caller: &Actor, request: &Request) -> Isolation {
    let refused = caller.0.execute(request.clone()).unwrap_err();
    let counts = || world.counts(WATCHED);
    let roles = || world.admin.list(Query::new("role").order_by("roleid"));
    let steps = || {
        world
            .admin
            .list(Query::new("sdkmessageprocessingstep").order_by("sdkmessageprocessingstepid"))
    };
    let before = (counts(), roles(), steps());
    let (recorded, found) = reader.0.why(refused.body().correlation).unwrap();
    assert_eq!((counts(), roles(), steps()), before, "nothing has changed");
    assert_eq!((recorded.caller, &recorded.request), (caller.id(), request));
    assert!(!found.culprits.is_empty() && !found.is_cut, "{found:#?}");
    found
}

/// Sends the cure as the administrator; then the request passes.
pub(super) fn cure(world: &Pipeline, found: &Isolation, caller: &Actor, request: &Request) {
    let cure = found.cure.as_ref().unwrap_or_else(|| panic!("no cure: {found:#?}"));
    let mut request = request.clone();
    for fix in &cure.fixes {
        match fix.request() {
            Some(fix) => {
                world.admin.0.execute(fix).unwrap();
            }
            None => request = fix.applied_to(&request),
        }
    }
    caller.0.execute(request).unwrap();
}

fn kinds(found: &Isolation) -> Vec<&'static str> {
    let cure = found.cure.as_ref().unwrap_or_else(|| panic!("no cure: {found:#?}"));
    cure.fixes.iter().map(Fix::kind).collect()
}

fn steps(found: &Isolation) -> Vec<Option<Uuid>> {
    let step = |error: &Error| error.body().step.as_ref().map(|step| step.id);
    found.culprits.iter().map(|culprit| step(&culprit.error)).collect()
}

/// A user who has no role at all.
fn without_role(world: &Pipeline) -> Actor {
    let admin = world.admin.get("systemuser", world.admin.id());
    let unit = admin.lookup("businessunitid").cloned().unwrap();
    world.admin.create(
        Row::unsaved("systemuser")
            .with("domainname", "new")
            .with("lastname", "new")
            .with("businessunitid", unit),
    );
    world.org.actor("new")
}

pub(super) fn campaigns(script: &str) -> String {
    format!("{script} campaign")
}

#[test]
fn a_step_lacks_a_privilege() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(step)]);
    assert_eq!(kinds(&found), ["grant"]);
    assert_eq!(found.cure.as_ref().unwrap().reach, Reach::Users(2), "both sellers");
    cure(&world, &found, &world.seller, &request);
}

#[test]
fn what_a_step_creates_sets_off_the_step_that_fails() {
    let world = Pipeline::new();
    let outer = world.step(&probe(POST_OPERATION, "Create", "contact", "create task subject Call"));
    let inner = world.step(&probe(PRE_OPERATION, "Create", "task", &campaigns("read")));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(inner)], "not the step {outer} that sends the call");
    cure(&world, &found, &world.seller, &request);
}

#[test]
fn one_grant_cures_two_steps_on_two_tables() {
    let world = Pipeline::new();
    let first = world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let second = world.step(&probe(PRE_OPERATION, "Create", "opportunity", &campaigns("read")));
    let (_, request) = world.lead();
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(first), Some(second)]);
    assert_eq!(kinds(&found), ["grant"]);
    cure(&world, &found, &world.seller, &request);
}

#[test]
fn a_culprit_comes_behind_the_cure_of_another() {
    let world = Pipeline::new();
    let script = "read campaign\ncreate task subject Call";
    let first = world.step(&probe(POST_OPERATION, "Create", "contact", script));
    let second = world.step(&probe(PRE_OPERATION, "Create", "task", "read sl_commissionrule"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(first), Some(second)]);
    assert_eq!(kinds(&found), ["grant", "grant"]);
    cure(&world, &found, &world.seller, &request);
}

#[test]
fn a_step_on_qualifying_itself_fails() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "QualifyLead", "lead", &campaigns("read")));
    let (_, request) = world.lead();
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(step)]);
    cure(&world, &found, &world.seller, &request);
}

#[test]
fn the_user_as_whom_a_step_runs_lacks_it() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "create campaign name x"));
    let integration = Reference::new("systemuser", world.user("integration"));
    world
        .admin
        .update(Row::new("sdkmessageprocessingstep", step).with("impersonatinguserid", integration.clone()));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    let principal = found.culprits[0].error.body().principal.clone().unwrap();
    assert_eq!(principal.id, integration.id);
    let Some(Fix::Grant { role, .. }) = found.cure.as_ref().unwrap().fixes.first() else {
        panic!("{found:#?}")
    };
    assert_eq!(role, "Integration");
    cure(&world, &found, &world.seller, &request);
}

/// A role of a team that holds a privilege for the team's rows only gives it for no row of a member.
#[test]
fn a_team_role_reaches_only_the_teams_rows() {
    let world = Pipeline::new();
    let nobody = people::user(&world.org, "tina", &[]);
    let role = world.admin.create(
        Row::unsaved("role")
            .with("name", "Field sales")
            .with("isinherited", Value::Choice(0)),
    );
    let wanted = people::privileges(&["Create", "Read", "Write", "Append"], &["lead"], Depth::User);
    people::grant(&world.org, role, &wanted);
    let unit = world
        .admin
        .get("systemuser", nobody.id())
        .lookup("businessunitid")
        .cloned()
        .unwrap();
    let team = world.admin.create(
        Row::unsaved("team")
            .with("name", "Field")
            .with("businessunitid", unit)
            .with("administratorid", Reference::new("systemuser", world.admin.id())),
    );
    let team = Reference::new("team", team);
    let send = |request| world.admin.0.execute(request).unwrap();
    send(
        Request::new("Associate")
            .with("Target", team.clone())
            .with("Relationship", "teamroles_association")
            .with(
                "RelatedEntities",
                sluice_model::Parameter::References(vec![Reference::new("role", role)]),
            ),
    );
    send(Request::new("AddMembersTeam").with("TeamId", Value::Id(team.id)).with(
        "MemberIds",
        sluice_model::Parameter::References(vec![Reference::new("systemuser", nobody.id())]),
    ));
    let request = Request::create(
        Row::unsaved("lead")
            .with("subject", "Pumps")
            .with("lastname", "McKay")
            .with("ownerid", Reference::new("systemuser", nobody.id())),
    );
    let found = why(&world, &world.admin, &nobody, &request);
    assert_eq!(found.culprits.len(), 1, "{found:#?}");
    assert_eq!(kinds(&found), ["inherit"]);
    cure(&world, &found, &nobody, &request);
}

/// One shared row does, where a role would reach every row of everybody.
#[test]
fn somebody_elses_row_is_shared_before_a_role_is_widened() {
    let world = Pipeline::new();
    let theirs = world.admin.create(account());
    let request = Request::retrieve(Reference::new("account", theirs), &[]);
    let found = why(&world, &world.admin, &world.seller, &request);
    let body = found.culprits[0].error.body();
    assert_eq!((body.code, body.row), (Code::ACCESS_DENIED, Some(theirs)));
    let all: Vec<_> = found.culprits[0]
        .cures
        .iter()
        .map(|cure| cure.fixes[0].kind())
        .collect();
    assert!(all.starts_with(&["share", "assign"]), "the least first: {all:?}");
    assert_eq!(found.cure.as_ref().unwrap().reach, Reach::Rows(1));
    cure(&world, &found, &world.seller, &request);
}

/// What a share gives counts only with the privilege, at whatever depth.
#[test]
fn a_share_without_the_privilege_is_none() {
    let world = Pipeline::new();
    let reads = people::privileges(&["Read"], &["account"], Depth::User);
    let reader = people::user(&world.org, "reader", &reads);
    let theirs = world.admin.create(account());
    let share = Request::new("GrantAccess")
        .with("Target", Reference::new("account", theirs))
        .with("Principal", Reference::new("systemuser", reader.id()))
        .with("AccessMask", "ReadAccess,WriteAccess");
    world.admin.0.execute(share).unwrap();
    let request = Request::update(Row::new("account", theirs).with("telephone1", "1"));
    let found = why(&world, &world.admin, &reader, &request);
    let Some(Fix::Grant { privilege, depth, .. }) = found.cure.as_ref().unwrap().fixes.first() else {
        panic!("{found:#?}")
    };
    assert_eq!((privilege.as_str(), *depth), ("prvWriteAccount", Depth::User));
    cure(&world, &found, &reader, &request);
}

#[test]
fn whoever_has_no_role_gets_the_smallest_that_does() {
    let world = Pipeline::new();
    let nobody = without_role(&world);
    let request = Request::create(account());
    let refused = nobody.0.execute(request.clone()).unwrap_err();
    let found = why(&world, &world.admin, &nobody, &request);
    assert!(kinds(&found).contains(&"give-role"), "{refused}: {found:#?}");
    cure(&world, &found, &nobody, &request);
}

#[test]
fn a_value_of_a_step_is_refused_and_the_step_is_the_culprit() {
    let world = Pipeline::new();
    let theirs = world.admin.create(account());
    let script = format!("link parentcustomerid account {theirs}");
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", &script));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(step)]);
    cure(&world, &found, &world.seller, &request);
}

/// The first writes what the second refuses: neither fails without the other.
#[test]
fn two_steps_fail_only_together() {
    let world = Pipeline::new();
    let writes = world.step(&probe(PRE_VALIDATION, "Create", "contact", "set jobtitle Boss"));
    let other = world.step(&probe(PRE_VALIDATION, "Create", "contact", "trace nothing"));
    let fails = world.step(&probe(PRE_OPERATION, "Create", "contact", "fail-if jobtitle Boss"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(fails)]);
    let with: Vec<Uuid> = found.culprits[0].with.iter().map(|step| step.id).collect();
    assert_eq!(with, [writes], "not {other}");
    cure(&world, &found, &world.seller, &request);
}

/// What fails only because a culprit was passed over is none: the request does not fail in it.
#[test]
fn who_needs_what_a_culprit_writes_is_none() {
    let world = Pipeline::new();
    let culprit = world.step(&probe(
        PRE_VALIDATION,
        "Create",
        "contact",
        "set jobtitle Boss\nread campaign",
    ));
    world.step(&probe(PRE_OPERATION, "Create", "contact", "fail-unless jobtitle Boss"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(culprit)]);
    cure(&world, &found, &world.seller, &request);
}

#[test]
fn a_step_uses_what_it_was_not_granted() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "now"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(step)]);
    assert_eq!(kinds(&found), ["allow"]);
    cure(&world, &found, &world.seller, &request);
}

/// Behind a cure that somebody else would have to send there may be what the reader cannot see: who
/// may not act for others is told nothing that happens there.
#[test]
fn what_happens_behind_the_cure_of_another_is_not_told() {
    let world = Pipeline::new();
    world.step(&probe(PRE_VALIDATION, "Create", "contact", &campaigns("read")));
    world.step(&probe(PRE_OPERATION, "Create", "contact", "refuse the secret is 42"));
    let request = Request::create(contact());
    assert_eq!(why(&world, &world.admin, &world.seller, &request).culprits.len(), 2);
    let told = why(&world, &world.seller, &world.seller, &request);
    assert_eq!(told.culprits.len(), 1, "{told:#?}");
    assert_eq!(told.trials, why(&world, &world.seller, &world.seller, &request).trials);
}

/// Who asks about a request of their own, and may not act for others, is told what refused it; what
/// helps is for somebody else to find.
#[test]
fn a_seller_asks_about_a_request_of_their_own() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let request = Request::create(contact());
    let found = why(&world, &world.seller, &world.seller, &request);
    assert_eq!(steps(&found), [Some(step)]);
    assert!(found.is_own && found.cure.is_none(), "{found:#?}");
    assert!(
        found.culprits[0].cures.is_empty(),
        "a seller grants nothing: {found:#?}"
    );
    let more = why(&world, &world.admin, &world.seller, &request);
    assert!(!more.is_own && more.cure.is_some());
}

#[test]
fn requests_of_others_are_for_those_who_may_act_for_them() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "Create", "contact", "refuse no"));
    let refused = world.admin.0.execute(Request::create(contact())).unwrap_err();
    let error = world.seller.0.why(refused.body().correlation).unwrap_err();
    assert_eq!(error.body().privilege.as_deref(), Some("prvActOnBehalfOfAnotherUser"));
    let error = world.seller.0.why(None).unwrap_err();
    assert_eq!(error.code(), Code::NOT_FOUND, "none of their own was refused");
    let error = world.admin.0.why(Some(Uuid::from_u128(7))).unwrap_err();
    assert_eq!(error.code(), Code::NOT_FOUND);
}

/// What a role brings is not all: behind it the privilege is granted to that role.
#[test]
fn behind_a_role_that_is_given_more_may_be_missing() {
    let world = Pipeline::new();
    let nobody = without_role(&world);
    world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &nobody, &request);
    assert_eq!(kinds(&found), ["give-role", "grant"], "{found:#?}");
    cure(&world, &found, &nobody, &request);
}

/// Of two capabilities that are missing the second is granted beside the first.
#[test]
fn a_step_uses_two_things_that_it_was_not_granted() {
    let world = Pipeline::new();
    let script = "now\nsystem read campaign";
    world.step(&probe(PRE_OPERATION, "Create", "contact", script));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(kinds(&found), ["allow"], "{found:#?}");
    cure(&world, &found, &world.seller, &request);
}

/// Somebody is disabled as whom a step runs: another account can take its place.
#[test]
fn the_user_as_whom_a_step_runs_is_disabled() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "read account"));
    let gone = people::user(&world.org, "gone", &[]);
    let as_gone = Reference::new("systemuser", gone.id());
    world
        .admin
        .update(Row::new("sdkmessageprocessingstep", step).with("impersonatinguserid", as_gone));
    world
        .admin
        .update(Row::new("systemuser", gone.id()).with("isdisabled", true));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    let all: Vec<_> = found.culprits[0].fixes().iter().map(Fix::kind).collect();
    assert_eq!(all, ["run-as", "disable"], "{found:#?}");
    cure(&world, &found, &world.seller, &request);
}

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
        .map(|error| error.body().step.as_ref().unwrap().id)
        .collect();
    assert_eq!(background, [later]);
}

/// A role that a managed solution brought cannot be changed here: no grant to it is proposed.
#[test]
fn a_managed_role_is_not_changed() {
    let world = Pipeline::new();
    let role = world.admin.find("role", "Salesperson");
    world
        .admin
        .0
        .batch(|batch| {
            batch.set_import(true);
            batch
                .execute(Request::update(Row::new("role", role).with("ismanaged", true)))
                .map(|_| ())
        })
        .unwrap();
    world.step(&probe(PRE_OPERATION, "Create", "contact", "read sl_commissionrule"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    let all: Vec<_> = found.culprits[0].fixes().iter().map(Fix::kind).collect();
    assert!(!all.contains(&"grant"), "{found:#?}");
    assert_eq!(kinds(&found), ["give-role"], "nothing less does");
    cure(&world, &found, &world.seller, &request);
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

/// While a step rests, the request passes; what comes then is told with the time.
#[test]
fn what_a_resting_step_will_refuse_again_is_told() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let refused = world.seller.0.execute(Request::create(contact())).unwrap_err();
    let program = world.org.program();
    let rested = program.json(&["step", "disable", &step.to_string(), "--for", "2h"]);
    let (_, found) = world.admin.0.why(refused.body().correlation).unwrap();
    assert!(found.culprits.is_empty() && found.passes, "{found:#?}");
    let [resting] = found.resting.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!(resting.step.id, step);
    assert_eq!(resting.error.body().privilege.as_deref(), Some("prvReadCampaign"));
    let correlation = refused.body().correlation.unwrap().to_string();
    let end = &correlation[correlation.len() - 6..];
    let told = program.run(&["why", end]).stdout;
    assert!(
        told.contains("rests until") && told.contains("prvReadCampaign"),
        "{told} {rested}"
    );
    program.run(&["step", "enable", &step.to_string()]);
    let again = program.json(&["why", end]);
    assert_eq!(again["resting"].as_array().unwrap().len(), 0);
    assert_eq!(again["request"]["correlation"], correlation.as_str());
    assert_eq!(program.run(&["why", "fffff"]).code, 1, "there is none");
    assert_eq!(program.run(&["why", "abc"]).code, 2, "too short");
    let east = world.org.program().as_user("seller.east");
    assert_eq!(east.run(&["why", end]).code, 1, "it is not hers");
}

/// A step writes a value that another one refuses: the one that refuses is named with the one that
/// wrote it.
#[test]
fn a_value_of_one_step_that_another_refuses_names_both() {
    let world = Pipeline::new();
    let writer = world.step(&probe(PRE_VALIDATION, "Create", "contact", "set jobtitle Wizard"));
    let checker = world.step(&probe(PRE_OPERATION, "Create", "contact", "fail-if jobtitle Wizard"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(checker)]);
    let with: Vec<Uuid> = found.culprits[0].with.iter().map(|step| step.id).collect();
    assert_eq!(with, [writer]);
}
