//! Why a request was refused: each scenario is broken, then cured by what is told first, and nothing
//! else has changed meanwhile.

use sluice_engine::Refused;
use sluice_model::{Code, Depth, Error, Query, Reference, Request, Row, Uuid, Value};
use sluice_platform::{Cure, Fix, Isolation, Reach, prelude::*};
use sluice_tests::{Actor, people};

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, account, contact, probe};

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
pub(super) fn why(world: &Pipeline, reader: &Actor, caller: &Actor, request: &Request) -> Isolation {
    let refused = caller.0.execute(request.clone()).unwrap_err();
    let counts = || world.counts(WATCHED);
    let roles = || world.admin.list(Query::new("role").order_by("roleid"));
    let steps = || {
        world
            .admin
            .list(Query::new("sdkmessageprocessingstep").order_by("sdkmessageprocessingstepid"))
    };
    let before = (counts(), roles(), steps());
    let (refused, found) = reader.0.why(refused.body().correlation).unwrap();
    assert_eq!((counts(), roles(), steps()), before, "nothing has changed");
    let Refused::Request(recorded) = refused else { panic!() };
    assert_eq!((recorded.caller, &recorded.request), (caller.id(), request));
    assert!(!found.culprits.is_empty() && !found.is_cut, "{found:#?}");
    found
}

/// Sends the cure as the administrator; then the request passes.
pub(super) fn cure(world: &Pipeline, found: &Isolation, caller: &Actor, request: &Request) {
    let cure = found.cure.as_ref().unwrap_or_else(|| panic!("no cure: {found:#?}"));
    let mut request = request.clone();
    for fix in &cure.fixes {
        world.admin.0.execute_all(&fix.requests()).unwrap();
        request = fix.applied_to(&request);
    }
    caller.0.execute(request).unwrap();
}

pub(super) fn kinds(found: &Isolation) -> Vec<&'static str> {
    let cure = found.cure.as_ref().unwrap_or_else(|| panic!("no cure: {found:#?}"));
    cure.fixes.iter().map(Fix::kind).collect()
}

pub(super) fn steps(found: &Isolation) -> Vec<Option<Uuid>> {
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
    // The role itself, for one user; else all who have it through a team use it for rows of their own.
    assert_eq!(kinds(&found), ["give-role"]);
    let inherits = |cure: &Cure| matches!(cure.fixes.as_slice(), [Fix::Inherit { .. }]) && cure.passes;
    assert!(found.culprits[0].cures.iter().any(inherits), "{found:#?}");
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
    let with: Vec<Uuid> = found.culprits[0].sets[0].iter().map(|step| step.id).collect();
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
    assert_eq!(all, ["run-as", "disable", "enable", "grant"], "{found:#?}");
    cure(&world, &found, &world.seller, &request);
}
