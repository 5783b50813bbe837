//! Shares: what they give, what they do not, and who may give them.

use sluice_model::{Code, Depth, Error, Parameter, Query, Reference, Request, Right, Rights, Row, Uuid, Value};
use sluice_sales::qualify::Choices;
use sluice_tests::Actor;

use crate::world::{Security, grants, outcome, qualify, qualifying, refusal, revoke, share, team, user};

const TO_QUALIFY: &str = "ReadAccess, WriteAccess, AppendAccess, AppendToAccess";

/// Two sellers with the same role at User depth, in different units.
struct Two {
    world: Security,
    role: Uuid,
    owner: Actor,
    other: Actor,
}

impl Two {
    fn new() -> Self {
        let world = Security::new();
        let privileges = [qualifying(Depth::User), grants("Account", &Right::ALL, Depth::User)].concat();
        let role = world.role("Seller", &privileges);
        let owner = world.user("owner", world.unit("West", world.root()), &["Seller"]);
        let other = world.user("other", world.unit("East", world.root()), &["Seller"]);
        Self {
            world,
            role,
            owner,
            other,
        }
    }

    fn account(&self) -> Reference {
        Reference::new(
            "account",
            self.owner.create(Row::unsaved("account").with("name", "Litware, Inc.")),
        )
    }

    fn lead(&self) -> Reference {
        Reference::new("lead", self.world.lead(user(&self.owner)))
    }
}

#[test]
fn a_lead_shared_with_a_user_is_qualified_by_that_user() {
    let two = Two::new();
    let lead = two.lead();
    assert_eq!(
        refusal(qualify(&two.other, lead.id, &Choices::default())),
        "0x80048306 prvReadLead"
    );
    share(&two.world.admin, lead.clone(), user(&two.other), TO_QUALIFY).unwrap();
    qualify(&two.other, lead.id, &Choices::default()).unwrap();
}

#[test]
fn a_lead_shared_with_an_access_team_is_qualified_by_a_member() {
    let two = Two::new();
    let lead = two.lead();
    let deal = two.world.access_team("Deal", two.world.root(), &[&two.other]);
    share(&two.world.admin, lead.clone(), team(deal), TO_QUALIFY).unwrap();
    qualify(&two.other, lead.id, &Choices::default()).unwrap();
}

#[test]
fn a_share_that_lacks_one_right_is_refused_by_that_right() {
    let two = Two::new();
    let lead = two.lead();
    for (mask, missing) in [
        ("ReadAccess", "prvWriteLead"),
        ("ReadAccess, WriteAccess", "prvAppendLead"),
        ("ReadAccess, WriteAccess, AppendAccess", "prvAppendToLead"),
    ] {
        share(&two.world.admin, lead.clone(), user(&two.other), mask).unwrap();
        let refused = refusal(qualify(&two.other, lead.id, &Choices::default()));
        assert_eq!(refused, format!("0x80048306 {missing}"), "shared: {mask}");
    }
    share(&two.world.admin, lead.clone(), user(&two.other), "AppendToAccess").unwrap();
    qualify(&two.other, lead.id, &Choices::default()).unwrap();
}

#[test]
fn a_share_without_the_privilege_gives_nothing() {
    let two = Two::new();
    let account = two.account();
    share(&two.owner, account.clone(), user(&two.other), "ReadAccess, WriteAccess").unwrap();
    two.other.get("account", account.id);
    two.world.forbid(two.role, "prvReadAccount");
    assert_eq!(
        refusal(two.other.try_get("account", account.id)),
        "0x80040220 prvReadAccount"
    );
    two.other
        .update(Row::new("account", account.id).with("telephone1", "425-555-0100"));
}

#[test]
fn a_revoked_share_is_gone() {
    let two = Two::new();
    let account = two.account();
    for sharee in [
        user(&two.other),
        team(two.world.access_team("Deal", two.world.root(), &[&two.other])),
    ] {
        share(&two.owner, account.clone(), sharee.clone(), "ReadAccess").unwrap();
        two.other.get("account", account.id);
        assert_eq!(two.other.count("account"), 1);
        revoke(&two.owner, account.clone(), sharee).unwrap();
        assert_eq!(
            refusal(two.other.try_get("account", account.id)),
            "0x80048306 prvReadAccount"
        );
        assert_eq!(two.other.count("account"), 0);
    }
}

#[test]
fn shares_by_several_routes_add_up() {
    let two = Two::new();
    let account = two.account();
    let deal = two.world.access_team("Deal", two.world.root(), &[&two.other]);
    share(&two.owner, account.clone(), user(&two.other), "ReadAccess").unwrap();
    share(&two.owner, account.clone(), user(&two.other), "ShareAccess").unwrap();
    share(&two.owner, account.clone(), team(deal), "WriteAccess").unwrap();
    assert_eq!(
        access(&two.other, &account, user(&two.other)),
        "ReadAccess, WriteAccess, ShareAccess"
    );
}

#[test]
fn nobody_shares_what_they_do_not_have() {
    let two = Two::new();
    let account = two.account();
    let third = user(&two.world.admin);
    assert_eq!(
        refusal(share(&two.other, account.clone(), third.clone(), "ReadAccess")),
        "0x80048306 prvShareAccount"
    );

    share(&two.owner, account.clone(), user(&two.other), "ReadAccess, ShareAccess").unwrap();
    share(&two.other, account.clone(), third.clone(), "ReadAccess").unwrap();
    let more = share(&two.other, account.clone(), third.clone(), "ReadAccess, WriteAccess");
    assert_eq!(refusal(more), "0x80048306 prvWriteAccount");

    two.world.forbid(two.role, "prvDeleteAccount");
    let without_privilege = share(&two.owner, account.clone(), third.clone(), "DeleteAccess");
    assert_eq!(refusal(without_privilege), "0x80040220 prvDeleteAccount");
    two.world.forbid(two.role, "prvShareAccount");
    assert_eq!(
        refusal(share(&two.owner, account.clone(), third.clone(), "ReadAccess")),
        "0x80040220 prvShareAccount"
    );
    assert_eq!(
        refusal(revoke(&two.owner, account, third)),
        "0x80040220 prvShareAccount"
    );
}

#[test]
fn a_row_is_not_shared_with_its_owner() {
    let two = Two::new();
    assert_eq!(
        outcome(&share(&two.owner, two.account(), user(&two.owner), "ReadAccess")),
        "0x80040214"
    );
}

#[test]
fn a_row_is_not_shared_with_nobody() {
    let two = Two::new();
    let nobody = Reference::new("systemuser", Uuid::from_u128(7));
    assert_eq!(
        outcome(&share(&two.owner, two.account(), nobody, "ReadAccess")),
        "0x80040217"
    );
}

#[test]
fn masks_that_mean_no_shareable_right_are_refused() {
    let two = Two::new();
    let account = two.account();
    for mask in ["", "None", "CreateAccess", "ReadAccess, CreateAccess", "FlyAccess", "1"] {
        assert_eq!(
            outcome(&share(&two.owner, account.clone(), user(&two.other), mask)),
            "0x8004020D",
            "mask `{mask}`"
        );
    }
    assert_eq!(two.other.count("account"), 0);
}

fn access(asker: &Actor, target: &Reference, of: Reference) -> String {
    let request = Request::new("RetrievePrincipalAccess")
        .with("Target", target.clone())
        .with("Principal", of);
    match asker.0.execute(request).unwrap().outputs.get("AccessRights") {
        Some(Parameter::Value(Value::Text(rights))) => rights.clone(),
        other => panic!("{other:?}"),
    }
}

/// Whether the user can do it; nothing is kept.
fn can(actor: &Actor, request: &Request) -> bool {
    let tried = actor.0.batch(|batch| {
        batch.execute(request.clone())?;
        Err::<(), _>(Error::invalid("it worked; now undo it"))
    });
    match tried.unwrap_err().code() {
        Code::INVALID_ARGUMENT => true,
        Code::PRIVILEGE_DENIED | Code::ACCESS_DENIED => false,
        other => panic!("{} gave {other}", request.message),
    }
}

/// What a user can try with an account, and the rights that it takes.
fn attempts(account: &Reference, contact: Uuid, admin: &Actor) -> Vec<(Request, Vec<Right>)> {
    let change = |column: &str, value: Value| Request::update(Row::new("account", account.id).with(column, value));
    let attach_to_it = Row::new("contact", contact).with("parentcustomerid", account.clone());
    let attach_it = change("primarycontactid", Reference::new("contact", contact).into());
    let hand_over = Request::new("Assign")
        .with("Target", account.clone())
        .with("Assignee", user(admin));
    let unshare = Request::new("RevokeAccess")
        .with("Target", account.clone())
        .with("Revokee", user(admin));
    vec![
        (Request::retrieve(account.clone(), &[]), vec![Right::Read]),
        (change("telephone1", "425-555-0100".into()), vec![Right::Write]),
        (Request::delete(account.clone()), vec![Right::Delete]),
        (unshare, vec![Right::Share]),
        (hand_over, vec![Right::Assign, Right::Write]),
        (attach_it, vec![Right::Append, Right::Write]),
        (Request::update(attach_to_it), vec![Right::AppendTo]),
    ]
}

/// Roles that reach accounts in four ways.
fn roles_of_accounts() -> [(&'static str, Vec<(String, Depth)>); 4] {
    [
        ("All at User", grants("Account", &Right::ALL, Depth::User)),
        ("All in the unit", grants("Account", &Right::ALL, Depth::BusinessUnit)),
        (
            "Read everything",
            grants("Account", &[Right::Read], Depth::Organization),
        ),
        (
            "Mixed",
            [
                grants("Account", &[Right::Read, Right::Delete], Depth::Organization),
                grants("Account", &[Right::Write, Right::Assign], Depth::BusinessUnit),
                grants("Account", &[Right::Append, Right::AppendTo], Depth::User),
            ]
            .concat(),
        ),
    ]
}

#[test]
fn the_access_that_is_told_is_the_access_that_there_is() {
    let world = Security::new();
    let here = world.unit("Here", world.root());
    let contacts = grants("Contact", &Right::ALL, Depth::User);
    let roles = roles_of_accounts();
    for (name, privileges) in &roles {
        world.role(name, &[privileges.clone(), contacts.clone()].concat());
    }
    let people = roles
        .each_ref()
        .map(|(name, _)| world.user(&name.to_lowercase(), here, &[name]));
    let members: Vec<&Actor> = people.iter().collect();
    let crew = world.owner_team("Crew", here, &["All at User"], &[members[0], members[3]]);
    let deal = world.access_team("Deal", world.root(), &members);
    let stranger = world.user("stranger", world.unit("There", world.root()), &["Read everything"]);

    let owners = [
        user(&people[0]),
        user(&people[1]),
        team(crew),
        user(&stranger),
        user(&stranger),
        user(&stranger),
    ];
    let accounts = owners.map(|owner| Reference::new("account", world.account(owner)));
    share(
        &world.admin,
        accounts[4].clone(),
        team(deal),
        "ReadAccess, WriteAccess, AppendToAccess",
    )
    .unwrap();
    for (person, mask) in people.iter().zip([
        "AssignAccess",
        "DeleteAccess, ShareAccess",
        "WriteAccess",
        "AppendAccess, WriteAccess",
    ]) {
        share(&world.admin, accounts[5].clone(), user(person), mask).unwrap();
    }
    for (number, account) in accounts.iter().enumerate() {
        for person in &people {
            let contact = world.admin.create(
                Row::unsaved("contact")
                    .with("lastname", "McKay")
                    .with("ownerid", user(person)),
            );
            let told = Rights::parse(&access(&world.admin, account, user(person))).unwrap();
            for (request, needed) in attempts(account, contact, &world.admin) {
                let expected = needed.iter().all(|right| told.has(*right));
                let name = &world.admin.get("systemuser", person.id());
                let name = name.text("fullname").unwrap();
                assert_eq!(
                    can(person, &request),
                    expected,
                    "{} on account {number} by {name}, who is told {told}",
                    request.message
                );
            }
        }
    }
    assert_eq!(people[0].0.list(Query::new("account").columns(&[])).unwrap().len(), 3);
}

#[test]
fn only_who_may_read_the_row_is_told_who_else_may() {
    let two = Two::new();
    let account = two.account();
    let request = Request::new("RetrievePrincipalAccess")
        .with("Target", account)
        .with("Principal", user(&two.owner));
    assert_eq!(refusal(two.other.0.execute(request)), "0x80048306 prvReadAccount");
}

/// The platform knows such shares; here they are refused in words that say so, and nothing else is taken for somebody.
#[test]
fn nothing_is_shared_with_the_organisation() {
    let two = Two::new();
    let account = two.account();
    let organization = two.world.admin.list(Query::new("organization")).remove(0).reference();
    for message in ["GrantAccess", "ModifyAccess"] {
        let request = Request::new(message)
            .with("Target", account.clone())
            .with("Principal", organization.clone())
            .with("AccessMask", "ReadAccess");
        let error = two.world.admin.0.execute(request).unwrap_err();
        assert!(error.message().contains("and not with the organisation"), "{error}");
    }
    let error = share(&two.world.admin, account.clone(), account.clone(), "ReadAccess").unwrap_err();
    assert!(error.message().contains("is neither a user nor a team"), "{error}");
    let program = two.world.organisation.program();
    let (row, whom) = (account.id.to_string(), format!("organization:{}", organization.id));
    let run = program.run(&["row", "share", "account", &row, &whom, "read"]);
    assert!(run.stderr.contains("and not with the organisation"), "{}", run.stderr);
    let run = program.run(&["access", "why", &whom, "account", &row]);
    assert!(run.stderr.contains("only these have rights to rows"), "{}", run.stderr);
}
