//! What the platform does itself is its own: what steps, and the caller, add to it is theirs.

use sluice_model::{Depth, Reference, Request, Row, Uuid};
use sluice_platform::StepSpec;

use crate::world::{PRE_OPERATION, Pipeline, probe};

/// A lead of the administrator's that names an account of the seller's.
fn lead(world: &Pipeline) -> (Uuid, Uuid) {
    let account = world
        .seller
        .create(Row::unsaved("account").with("name", "Litware, Inc."));
    let lead = Row::unsaved("lead")
        .with("subject", "Pumps")
        .with("lastname", "McKay")
        .with("parentaccountid", Reference::new("account", account));
    (world.admin.create(lead), account)
}

#[test]
fn what_a_step_adds_to_an_update_of_the_platforms_is_written_as_its_user() {
    let world = Pipeline::new();
    world.grant("Salesperson", "prvDeleteAccount", Depth::User.number());
    let (row, account) = lead(&world);
    let taken = probe(
        PRE_OPERATION,
        "Update",
        "lead",
        &format!("set subject taken\nlink ownerid systemuser {}", world.seller.id()),
    );
    let step = world.step(&taken);
    // The link to an account that goes is emptied by the platform, whoever may write the lead.
    let refused = world.run(&world.seller, Request::delete(Reference::new("account", account)));
    let error = refused.refused("0x80048306");
    assert_eq!(error.body().step.as_ref().map(|step| step.id), Some(step), "{error}");
    assert_eq!(world.admin.get("lead", row).text("subject"), Some("Pumps"));

    world.set_enabled(step, false);
    world.step(&StepSpec {
        run_as: Some(world.admin.id()),
        ..taken
    });
    world.seller.try_delete("account", account).unwrap();
    let row = world.admin.get("lead", row);
    assert_eq!((row.text("subject"), row.get("parentaccountid")), (Some("taken"), None));
    assert_eq!(row.id_of("ownerid"), Some(world.seller.id()));
}

#[test]
fn what_the_caller_says_of_a_close_is_held_to_what_the_caller_may_say() {
    let world = Pipeline::new();
    let opportunity = world.seller.create(Row::unsaved("opportunity").with("name", "Pumps"));
    let close = |activity: Row| {
        let activity = activity.with("opportunityid", Reference::new("opportunity", opportunity));
        let request = Request::new("WinOpportunity")
            .with("OpportunityClose", activity)
            .with("Status", 3);
        world.seller.0.execute(request)
    };
    let activity = Row::unsaved("opportunityclose");
    let long_ago = "2001-01-01T00:00:00Z".parse::<sluice_model::Timestamp>().unwrap();
    let error = close(activity.clone().with("overriddencreatedon", long_ago)).unwrap_err();
    assert_eq!(error.body().privilege.as_deref(), Some("prvOverrideCreatedOnCreatedBy"));
    close(activity.with("subject", "Won at last")).unwrap();
}
