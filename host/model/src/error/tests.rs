//! What an error proposes.

use super::*;
use crate::{Grantee, OnlyTeam, situations::DUPLICATE_LEAD};

#[test]
fn remedies_carry_what_the_error_knows() {
    let error = Error::of(&DUPLICATE_LEAD)
        .with_word("RULE", "Same \"mail\"")
        .with_word("LEAD", 7);
    let json = error.to_json();
    let remedies = json["remedies"].as_array().unwrap();
    let of = |name: &str| remedies.iter().find(|remedy| remedy["do"] == name).unwrap();
    assert_eq!(of("UnpublishRule")["rule"], "Same \"mail\"");
    assert_eq!(of("MergeLeads")["lead"], "7");
    assert!(of("MergeLeads").get("other").is_none(), "what nobody knows is absent");
}

fn lacks(code: Code, only_team: bool, held: Option<HeldDepth>) -> Error {
    let mut error = Error::new(code, "no");
    let body = error.body_mut();
    body.privilege = Some("prvReadAccount".to_owned());
    body.depth = Some(Depth::User);
    body.held = held;
    body.principal = Some(PrincipalInfo {
        id: Uuid::nil(),
        name: "seller".to_owned(),
        kind: PrincipalKind::User,
        roles: vec!["Salesperson".to_owned()],
        grantee: Some(Grantee {
            id: None,
            role: "Salesperson".to_owned(),
            only_team,
        }),
    });
    error
}

#[test]
fn a_missing_privilege_goes_to_a_role_at_the_depth_that_is_enough() {
    let error = lacks(Code::PRIVILEGE_DENIED, false, None);
    assert_eq!(error.remedies(), [Remedy::Grant]);
    assert!(error.words().contains(&("ROLE", "Salesperson".to_owned())));
    assert!(error.words().contains(&("DEPTH", "user".to_owned())));
    let of_team = lacks(Code::PRIVILEGE_DENIED, true, None);
    assert!(of_team.words().contains(&("DEPTH", "bu".to_owned())));
}

/// What a team's role holds deep enough is not granted once more: members are to use it.
#[test]
fn what_counts_for_the_rows_of_a_team_is_inherited() {
    let held = || {
        let only = OnlyTeam {
            role: "Crew".to_owned(),
            team: "Pumps".to_owned(),
        };
        Some(HeldDepth {
            depth: Depth::User,
            only: Some(only),
        })
    };
    let error = lacks(Code::ACCESS_DENIED, true, held());
    assert_eq!(error.remedies(), [Remedy::Inherit]);
    assert!(error.words().contains(&("ROLE", "Crew".to_owned())));
    let own = lacks(Code::ACCESS_DENIED, false, held());
    assert_eq!(own.remedies(), [Remedy::Grant]);
    assert!(own.words().contains(&("ROLE", "Salesperson".to_owned())));
}

/// One code, three things that are mended in three ways.
#[test]
fn what_helps_fits_the_case_of_the_code() {
    let mut error = Error::new(Code::ISV_UNEXPECTED, "no");
    assert!(error.resolution().contains("its author must mend it"));
    let calls = |name: &str| Limit {
        name: name.to_owned(),
        allowed: 5,
        used: 6,
        unit: "calls",
    };
    error.body_mut().limit = Some(calls("host-calls"));
    assert!(error.cause().contains("more service calls") && error.resolution().contains("raise the limit"));
    error.body_mut().limit = Some(calls("request-calls"));
    assert!(!error.resolution().contains("raise the limit"));
    error.body_mut().limit = None;
    error.body_mut().capability = Some("clock".to_owned());
    assert!(error.cause().contains("not granted") && error.resolution().contains("grants the step"));
}
