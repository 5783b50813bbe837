//! When each stage was entered and left.

use sluice_model::{Filter, Query, Row, Value};
use sluice_platform::Status;

use crate::world::{Flows, SHIPPED};

#[test]
fn entering_and_leaving_are_kept_for_every_stage() {
    let world = Flows::new();
    let lead = world.lead();
    world.clock.pass_days(3);
    let opportunity = world.qualify(lead);
    world.clock.pass_hours(36);
    world.next(&world.admin, "opportunity", opportunity).unwrap();
    world.clock.pass_days(1);
    world
        .to(&world.admin, &world.process("opportunity", opportunity), "Develop")
        .unwrap();
    let process = world.process("opportunity", opportunity);
    let [day_2, day_5, day_6, day_7] = [
        "2026-03-02T09:00:00Z",
        "2026-03-05T09:00:00Z",
        "2026-03-06T21:00:00Z",
        "2026-03-07T21:00:00Z",
    ];
    let visit = |stage: &str, entered: &str, left: &str| (stage.to_owned(), entered.to_owned(), left.to_owned());
    assert_eq!(
        world.visits(&process),
        [
            visit("Qualify", day_2, day_5),
            visit("Develop", day_5, day_6),
            visit("Propose", day_6, day_7),
            visit("Develop", day_7, "-"),
        ]
    );
    let started = process
        .row
        .get("activestagestartedon")
        .and_then(Value::as_time)
        .unwrap();
    assert_eq!(started.to_string(), day_7);
}

#[test]
fn the_end_of_a_process_is_kept_and_forgotten_when_it_goes_on() {
    let world = Flows::new();
    let lead = world.lead();
    world.clock.pass_hours(25);
    world
        .admin
        .update(Row::new("lead", lead).with("statecode", Value::Choice(2)));
    let process = world.process("lead", lead);
    let ended = process.row.get("completedon").and_then(Value::as_time).unwrap();
    assert_eq!(ended.to_string(), "2026-03-03T10:00:00Z");
    assert_eq!(process.row.int("duration"), Some(25 * 60));
    assert_eq!(world.visits(&process)[0].2, "2026-03-03T10:00:00Z");

    world.clock.pass_days(1);
    world.admin.update(process.becomes(Status::Active));
    let process = world.process("lead", lead);
    assert!(
        !process.row.has("completedon") && !process.row.has("duration"),
        "{process:?}"
    );
    let visits = world.visits(&process);
    assert_eq!((visits.len(), visits[1].1.as_str()), (2, "2026-03-04T10:00:00Z"));
}

#[test]
fn the_audit_trail_tells_the_same_times() {
    let world = Flows::new();
    let lead = world.lead();
    let opportunity = {
        world.clock.pass_days(2);
        world.qualify(lead)
    };
    for days in [4, 8] {
        world.clock.pass_days(days);
        world.next(&world.admin, "opportunity", opportunity).unwrap();
    }
    let process = world.process("opportunity", opportunity);
    let trail = Query::new("audit")
        .filter(Filter::eq("objectid", process.instance.id))
        .order_by("createdon");
    let moves: Vec<String> = world
        .admin
        .list(trail)
        .iter()
        .filter(|row| row.text("changedata").unwrap().contains("\"activestageid\""))
        .map(|row| row.get("createdon").and_then(Value::as_time).unwrap().to_string())
        .collect();
    let entered: Vec<String> = world
        .visits(&process)
        .into_iter()
        .map(|(_, entered, _)| entered)
        .collect();
    assert_eq!(entered, moves);
    assert_eq!(world.admin.count(SHIPPED), 1);
}
