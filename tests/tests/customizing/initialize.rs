//! InitializeFrom, *+ New* on a parent's form.

use sluice_model::{Code, Error, Parameter, Reference, Request, Row, Uuid};

use crate::world::{Customizing, says};

fn initialize(world: &Customizing, lead: Uuid, target: &str) -> Result<Row, Error> {
    let request = Request::new("InitializeFrom")
        .with("EntityMoniker", Reference::new("lead", lead))
        .with("TargetEntityName", target)
        .with("TargetFieldType", 0);
    match world.admin.0.execute(request)?.outputs.remove("Entity") {
        Some(Parameter::Row(row)) => Ok(row),
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_gives_what_the_mappings_carry_over_and_makes_nothing() {
    let world = Customizing::new();
    let lead = world.lead(&[("description", "from the fair".into())]);
    let before = world.counts();
    let row = initialize(&world, lead, "opportunity").unwrap();
    assert!(row.id.is_nil());
    assert_eq!(row.text("name"), Some("Twelve pumps"));
    assert_eq!(row.text("description"), Some("from the fair"));
    assert_eq!(row.lookup("originatingleadid"), Some(&Reference::new("lead", lead)));
    assert_eq!(world.counts(), before);
    // What it gives can be created as it is.
    let id = world.admin.create(row);
    assert_eq!(world.admin.get("opportunity", id).text("name"), Some("Twelve pumps"));
}

#[test]
fn a_plain_create_gets_nothing_from_the_lead() {
    let world = Customizing::new();
    let lead = world.lead(&[("description", "from the fair".into())]);
    let row = Row::unsaved("opportunity")
        .with("name", "By hand")
        .with("originatingleadid", Reference::new("lead", lead));
    let id = world.admin.create(row);
    assert_eq!(world.admin.get("opportunity", id).text("description"), None);
}

#[test]
fn wrong_parameters_are_refused() {
    let world = Customizing::new();
    let lead = world.lead(&[]);
    says(initialize(&world, lead, "invoice"), Code::ENTITY_UNKNOWN, "invoice");
    says(
        initialize(&world, lead, "transactioncurrency"),
        Code::INVALID_MAP,
        "refers to `lead`",
    );
    says(
        initialize(&world, Uuid::from_u128(7), "contact"),
        Code::NOT_FOUND,
        "Does Not Exist",
    );
    let request = Request::new("InitializeFrom")
        .with("EntityMoniker", Reference::new("lead", lead))
        .with("TargetEntityName", "contact")
        .with("TargetFieldType", 9);
    says(
        world.admin.0.execute(request),
        Code::INVALID_ARGUMENT,
        "TargetFieldType",
    );
}

#[test]
fn whoever_may_not_read_the_lead_gets_nothing_of_it() {
    let world = Customizing::sample();
    let lead = world.lead(&[]);
    let seller = world.org.actor("seller.east");
    let request = Request::new("InitializeFrom")
        .with("EntityMoniker", Reference::new("lead", lead))
        .with("TargetEntityName", "contact");
    says(seller.0.execute(request), Code::ACCESS_DENIED, "lead");
}

#[test]
fn the_program_makes_a_row_from_its_parent() {
    let world = Customizing::new();
    let lead = world.lead(&[("description", "from the fair".into())]);
    let before = world.counts();
    let shown = world.sluice(&format!("row create opportunity --from lead:{lead} --dry-run"));
    assert_eq!(shown["description"], "from the fair", "{shown}");
    assert_eq!(world.counts(), before);
    let made = world.sluice(&format!("row create opportunity name=Own --from lead:{lead}"));
    let row = world
        .admin
        .get("opportunity", made["id"].as_str().unwrap().parse().unwrap());
    assert_eq!(
        (row.text("name"), row.text("description")),
        (Some("Own"), Some("from the fair"))
    );
    assert_eq!(row.lookup("originatingleadid"), Some(&Reference::new("lead", lead)));
    assert_eq!(world.run(&format!("row create opportunity --from {lead}")).code, 2);
}
