//! What the platform writes of what happened.

use sluice_model::{Code, Depth, Query, Reference, Row, Uuid};
use sluice_tests::people;

use crate::world::Security;

/// What the platform writes of what happened: who could change it would be the sender of somebody's request, or tell
/// others what never was.
#[test]
fn logs_are_written_by_the_platform_alone() {
    const LOGS: [&str; 7] = [
        "audit",
        "duplicaterecord",
        "plugintracelog",
        "sl_messagetrace",
        "sl_privilegeuse",
        "sl_stagevisit",
        "workflowlog",
    ];
    let world = Security::sample();
    let catalog = world.admin.0.catalog().unwrap();
    for table in LOGS {
        let made = world.admin.try_create(Row::unsaved(table)).unwrap_err();
        assert_eq!(made.code(), Code::MESSAGE_NOT_SUPPORTED, "{table}: {made}");
        let kept = catalog.table(table).unwrap().kept;
        assert!(kept.refuses("Create") && kept.refuses("Update"), "{table}");
    }
}

/// Who may change traces by their privileges would be whoever sent a request.
#[test]
fn nobody_becomes_the_sender_of_a_request() {
    let world = Security::sample();
    let unknown = Row::new("account", Uuid::from_u128(7)).with("name", "x");
    world.admin.try_update(unknown).unwrap_err();
    let trace = world.admin.list(Query::new("sl_messagetrace")).remove(0).id;
    let rights = people::privileges(&["Read", "Write", "Append"], &["sl_messagetrace"], Depth::Organization);
    let mallory = people::user(&world.organisation, "mallory", &rights);
    let sender = Reference::new("systemuser", mallory.id());
    let error = mallory.try_update(Row::new("sl_messagetrace", trace).with("sl_userid", sender));
    assert_eq!(error.unwrap_err().code(), Code::MESSAGE_NOT_SUPPORTED);
    world.admin.try_delete("sl_messagetrace", trace).unwrap();
}
