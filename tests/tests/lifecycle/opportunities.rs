//! Opportunities are won, lost and reopened; nothing else closes them.

use sluice_tests::world::{World, id};

fn opportunity(world: &World) -> String {
    id(&world
        .admin()
        .json(&["row", "create", "opportunity", "name=Pumps", "estimatedvalue=1200"]))
}

#[test]
fn an_opportunity_is_won_with_what_it_was_expected_to_bring() {
    let world = World::empty();
    let opportunity = opportunity(&world);
    world.admin().json(&["opportunity", "win", &opportunity]);
    let row = world.admin().json(&["row", "get", "opportunity", &opportunity]);
    assert_eq!(
        (row["statecode"].as_i64(), row["statuscode"].as_i64()),
        (Some(1), Some(3))
    );
    assert_eq!(row["actualvalue"], 1200);
    assert!(row["actualclosedate"].is_string());
    let closes = world.rows("opportunityclose", "subject,statecode", "");
    assert_eq!(closes.len(), 1);
    assert_eq!(closes[0]["subject"], "Opportunity Close - Won");
    let error = world.admin().refused(&["opportunity", "win", &opportunity]);
    assert_eq!(error["code"], "0x80040515");
    let error = world
        .admin()
        .refused(&["row", "update", "opportunity", &opportunity, "name=Valves"]);
    assert_eq!(error["code"], "0x80040230");
}

#[test]
fn an_opportunity_is_lost_for_a_reason_and_reopened() {
    let world = World::empty();
    let opportunity = opportunity(&world);
    let lose = ["opportunity", "lose", &opportunity];
    for reason in [&[][..], &["--reason", "Won"]] {
        let run = world.admin().run(&[&lose, reason].concat());
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.says("4 (Canceled), 5 (Out-Sold)"), "{run:?}");
    }
    world.admin().json(&[
        "opportunity",
        "lose",
        &opportunity,
        "--reason",
        "Out-Sold",
        "--revenue",
        "10",
    ]);
    let row = world.admin().json(&["row", "get", "opportunity", &opportunity]);
    assert_eq!(
        (row["statuscode"].as_i64(), row["actualvalue"].as_i64()),
        (Some(5), Some(10))
    );
    world.admin().json(&["opportunity", "reopen", &opportunity]);
    let error = world.admin().refused(&["opportunity", "reopen", &opportunity]);
    assert_eq!(error["code"], "0x8004051A");
}

#[test]
fn a_state_that_is_written_closes_no_opportunity() {
    let world = World::empty();
    let opportunity = opportunity(&world);
    let error = world
        .admin()
        .refused(&["row", "update", "opportunity", &opportunity, "statecode=Won"]);
    assert_eq!(error["code"], "0x80100005");
    assert_eq!(
        error["message"],
        "This message can not be used to set the state of opportunity to Won. In order to set state of opportunity to Win, \
         use the Win message instead."
    );
    let error = world
        .admin()
        .refused(&["row", "create", "opportunity", "name=Valves", "statecode=Lost"]);
    assert_eq!(error["code"], "0x80100005", "a new row is no other door");
    let error = world
        .admin()
        .refused(&["row", "update", "opportunity", &opportunity, "statuscode=Won"]);
    assert_eq!(error["code"], "0x80048408", "a status of another state");
}

/// -1 is the first reason of the state, and the activity says which that is.
#[test]
fn no_reason_is_the_first_of_the_state() {
    let world = World::empty();
    for (message, state, status) in [("WinOpportunity", 1, 3), ("LoseOpportunity", 2, 4)] {
        let opportunity = opportunity(&world);
        let close = format!(
            r#"OpportunityClose:={{"@odata.type":"opportunityclose","opportunityid":"opportunity:{opportunity}"}}"#
        );
        world.admin().json(&["exec", message, &close, "Status=-1"]);
        let row = world.admin().json(&["row", "get", "opportunity", &opportunity]);
        assert_eq!(
            (row["statecode"].as_i64(), row["statuscode"].as_i64()),
            (Some(state), Some(status))
        );
        let about = format!("_opportunityid_value eq {opportunity}");
        let closes = world.rows("opportunityclose", "opportunitystatuscode", &about);
        assert_eq!(closes[0]["opportunitystatuscode"], status);
    }
}
