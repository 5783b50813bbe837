//! What was refused, and what was meant: each message that was sent is on record, and a look-up says that it was one.

use sluice_tests::world::{World, id, text};

use crate::why::cured;

/// An Upsert is judged before it is known which of Create and Update it comes to; refused there, it is on record.
#[test]
fn a_refused_upsert_is_looked_into() {
    let world = World::sample();
    let target = r#"Target:={"@odata.type":"account","accountid":"01a23120-0450-76be-8a7a-d3e1ddf2c4aa","name":"U"}"#;
    world
        .admin()
        .json(&["role", "revoke", "Salesperson", "prvWriteAccount"]);
    let upsert = ["exec", "Upsert", target];
    let refused = world.user("seller.west").run(&upsert);
    assert!(
        refused.says("prvWriteAccount") && refused.says("sluice why "),
        "{refused:?}"
    );
    let traces = world.rows("sl_messagetrace", "sl_message", "sl_succeeded eq false");
    assert_eq!(traces.len(), 1, "{traces:#?}");
    assert_eq!(text(&traces[0], "sl_message"), "Upsert");
    let found = cured(&world, "seller.west", &upsert);
    assert_eq!(found["request"]["message"], "Upsert");
    assert_eq!(
        found["culprits"][0]["error"]["privilege"], "prvWriteAccount",
        "{found:#}"
    );
    let checks = world.rows("sl_messagetrace", "sl_checks", "sl_message eq 'Upsert'");
    assert!(
        checks[0]["sl_checks"].to_string().contains("prvWriteAccount"),
        "{checks:#?}"
    );
}

/// The name of a row is looked up before anything is done with it: where that is refused, it is said that the rest was
/// not judged.
#[test]
fn a_refused_look_up_says_what_it_was() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["table", "update", "account", "--access-teams", "yes"]);
    admin.json(&["access-team", "create", "Deal", "account", "read,write"]);
    let account = id(&admin.json(&["row", "create", "account", "name=AT", "ownerid=seller.east"]));
    let east = world.user("seller.east");
    let refused = east.run(&["access-team", "add", "Deal", "account", &account, "manager"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let told = "looked up  the access team template \"Deal\" by its name; what was to be done with it was not sent";
    assert!(refused.says(told), "{refused:?}");
    let why = admin.run(&["why", trace(&refused.stderr)]).stdout;
    assert!(why.contains("look up the access team template \"Deal\""), "{why}");
    assert!(why.contains("This is about the look-up of the name alone"), "{why}");
    // By the id nothing is looked up, and all that the request lacks is named.
    let deal = text(&world.rows("teamtemplate", "teamtemplateid", "")[0], "teamtemplateid");
    let refused = east.run(&["access-team", "add", &deal, "account", &account, "manager"]);
    assert!(
        refused.says("prvShareAccount") && !refused.says("looked up"),
        "{refused:?}"
    );
}

fn trace(told: &str) -> &str {
    let (_, after) = told.split_once("sluice why ").unwrap();
    after.split_whitespace().next().unwrap()
}
