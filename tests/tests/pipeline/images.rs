//! Images: which a step may have, and what is in them.

use sluice_model::{Depth, Reference, Row, Value};
use sluice_platform::{ColumnChange, ImageSpec, StepSpec, prelude::*};
use sluice_tests::people::{privileges, user};

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, probe};

const BEFORE: i32 = 0;
const AFTER: i32 = 1;
const BOTH: i32 = 2;

fn image(kind: i32, alias: &str, columns: &[&str]) -> ImageSpec {
    ImageSpec {
        kind,
        alias: alias.to_owned(),
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn with_images(spec: StepSpec, images: &[ImageSpec]) -> StepSpec {
    StepSpec {
        images: images.to_vec(),
        ..spec
    }
}

#[test]
fn before_and_after_an_update() {
    let world = Pipeline::new();
    let script = "pre was jobtitle\npost is jobtitle\npre both jobtitle\npost both jobtitle\npre-columns both\npre-columns other";
    let images = [
        image(BEFORE, "was", &["jobtitle"]),
        image(AFTER, "is", &["jobtitle"]),
        image(BOTH, "both", &["jobtitle"]),
    ];
    world.step(&with_images(
        probe(POST_OPERATION, "Update", "contact", script),
        &images,
    ));
    let id = world.admin.create(contact().with("jobtitle", "Buyer"));
    world
        .update(&world.admin, Row::new("contact", id).with("jobtitle", "Boss"))
        .says(&[
            "pre jobtitle=Text(\"Buyer\")",
            "post jobtitle=Text(\"Boss\")",
            "pre jobtitle=Text(\"Buyer\")",
            "post jobtitle=Text(\"Boss\")",
            "pre both: jobtitle",
            "pre other: absent",
        ]);
}

#[test]
fn a_pre_image_in_each_stage_is_the_row_as_it_was() {
    let world = Pipeline::new();
    for stage in [PRE_VALIDATION, PRE_OPERATION, POST_OPERATION] {
        let spec = probe(stage, "Update", "contact", "pre was jobtitle\ntarget jobtitle");
        world.step(&with_images(spec, &[image(BEFORE, "was", &["jobtitle"])]));
    }
    let id = world.admin.create(contact().with("jobtitle", "Buyer"));
    let one = ["pre jobtitle=Text(\"Buyer\")", "target jobtitle=Text(\"Boss\")"];
    world
        .update(&world.admin, Row::new("contact", id).with("jobtitle", "Boss"))
        .says(&[one, one, one].concat());
}

#[test]
fn an_empty_column_is_absent_from_an_image() {
    let world = Pipeline::new();
    let script = "pre i jobtitle\npre-columns i\npost i firstname\npost-columns i";
    let both = [image(BOTH, "i", &["firstname", "jobtitle"])];
    world.step(&with_images(probe(POST_OPERATION, "Update", "contact", script), &both));
    let id = world.admin.create(contact().with("firstname", "Ada"));
    let row = Row::new("contact", id)
        .with("firstname", Value::Null)
        .with("jobtitle", "Boss");
    world.update(&world.admin, row).says(&[
        "pre jobtitle=absent",
        "pre i: firstname",
        "post firstname=absent",
        "post i: jobtitle",
    ]);
}

#[test]
fn without_columns_an_image_has_all_that_are_not_empty() {
    let world = Pipeline::new();
    let script = "pre i lastname\npre i createdon\npre i ownerid\npre i jobtitle";
    world.step(&with_images(
        probe(PRE_OPERATION, "Update", "contact", script),
        &[image(BEFORE, "i", &[])],
    ));
    let id = world.admin.create(contact());
    let said = world
        .update(&world.admin, Row::new("contact", id).with("jobtitle", "x"))
        .said();
    assert!(
        said[0].contains("Ng") && !said[1].contains("absent") && !said[2].contains("absent"),
        "{said:?}"
    );
    assert_eq!(said[3], "pre jobtitle=absent");
}

#[test]
fn a_post_image_has_what_the_platform_filled() {
    let world = Pipeline::new();
    let spec = probe(POST_OPERATION, "Create", "contact", "post i fullname\npost-columns i");
    world.step(&with_images(spec, &[image(AFTER, "i", &["fullname", "jobtitle"])]));
    let run = world.create(&world.admin, contact().with("firstname", "Ada"));
    run.says(&["post fullname=Text(\"Ada Ng\")", "post i: fullname"]);
}

#[test]
fn the_image_of_a_deleted_row() {
    let world = Pipeline::new();
    for stage in [PRE_OPERATION, POST_OPERATION] {
        let spec = probe(stage, "Delete", "contact", "pre i lastname\npost-columns i");
        world.step(&with_images(spec, &[image(BEFORE, "i", &["lastname"])]));
    }
    let id = world.admin.create(contact());
    let request = sluice_model::Request::delete(Reference::new("contact", id));
    let one = ["pre lastname=Text(\"Ng\")", "post i: absent"];
    world.run(&world.admin, request).says(&[one, one].concat());
}

#[test]
fn an_image_needs_no_privilege_of_the_user() {
    let world = Pipeline::new();
    world.grant("Salesperson", "prvWriteContact", 3);
    let id = world.admin.create(contact().with("jobtitle", "Buyer"));
    world.step(&with_images(
        probe(PRE_OPERATION, "Update", "contact", "pre i jobtitle"),
        &[image(BEFORE, "i", &["jobtitle"])],
    ));
    assert!(world.seller.try_get("contact", id).is_err());
    let row = Row::new("contact", id).with("firstname", "Ada");
    world.update(&world.seller, row).says(&["pre jobtitle=Text(\"Buyer\")"]);
}

#[test]
fn images_that_there_cannot_be_are_refused() {
    let world = Pipeline::new();
    let cases = [
        ("Create", "contact", POST_OPERATION, BEFORE, "0x8004416D"),
        ("Create", "contact", POST_OPERATION, BOTH, "0x8004416D"),
        ("Create", "contact", PRE_OPERATION, AFTER, "0x8004416E"),
        ("Delete", "contact", POST_OPERATION, AFTER, "0x8004416D"),
        ("Delete", "contact", POST_OPERATION, BOTH, "0x8004416D"),
        ("Update", "contact", PRE_OPERATION, AFTER, "0x8004416E"),
        ("Update", "contact", PRE_VALIDATION, BOTH, "0x8004416E"),
        ("QualifyLead", "lead", POST_OPERATION, BEFORE, "0x80044189"),
        ("Retrieve", "contact", POST_OPERATION, AFTER, "0x80044189"),
    ];
    for (message, table, stage, kind, code) in cases {
        let spec = with_images(probe(stage, message, table, ""), &[image(kind, "i", &[])]);
        assert_eq!(world.refused_step(&spec), code, "{message} {stage} {kind}");
    }
    let spec = probe(PRE_OPERATION, "Update", "contact", "");
    let unknown = with_images(spec, &[image(BEFORE, "i", &["nosuchcolumn"])]);
    assert_eq!(world.refused_step(&unknown), "0x80041103");
}

/// A post-image is the row after the main operation, whatever later steps wrote; a step sees
/// what the main operation and the steps before it wrote.
#[test]
fn a_post_image_is_the_row_after_the_main_operation() {
    let world = Pipeline::new();
    let id = world.admin.create(contact().with("jobtitle", "old"));
    world.step(&probe(PRE_OPERATION, "Update", "contact", "set department Sales"));
    let script = "post i jobtitle\npost i department\nat-depth 1 update-self jobtitle later";
    for rank in [1, 2] {
        let spec = StepSpec {
            rank,
            ..probe(POST_OPERATION, "Update", "contact", script)
        };
        world.step(&with_images(spec, &[image(AFTER, "i", &["jobtitle", "department"])]));
    }
    let run = world.update(&world.admin, Row::new("contact", id).with("jobtitle", "new"));
    assert!(run.result.is_ok(), "{:?}", run.result);
    let outer: Vec<String> = run
        .calls
        .iter()
        .filter(|row| row.int("depth") == Some(1) && row.text("messageblock").is_some_and(|text| text.contains("post")))
        .flat_map(|row| {
            row.text("messageblock")
                .unwrap_or_default()
                .lines()
                .map(ToOwned::to_owned)
        })
        .collect();
    let one = ["post jobtitle=Text(\"new\")", "post department=Text(\"Sales\")"];
    assert_eq!(outer, [one, one].concat());
}

#[test]
fn a_row_that_a_step_has_deleted_still_gives_its_images() {
    let world = Pipeline::new();
    let id = world.admin.create(contact().with("jobtitle", "old"));
    let ranked = |rank: i32, script: &str| StepSpec {
        rank,
        ..probe(POST_OPERATION, "Update", "contact", script)
    };
    world.step(&ranked(1, "delete-self"));
    let images = [image(BOTH, "i", &["jobtitle", "contactid"])];
    world.step(&with_images(
        ranked(2, "pre i jobtitle\npost i jobtitle\npost-columns i"),
        &images,
    ));
    world
        .update(&world.admin, Row::new("contact", id).with("jobtitle", "new"))
        .says(&[
            "pre jobtitle=Text(\"old\")",
            "post jobtitle=Text(\"new\")",
            "post i: contactid jobtitle",
        ]);
}

#[test]
fn an_image_of_all_columns_has_the_key_and_names_match_in_any_case() {
    let world = Pipeline::new();
    let spec = probe(
        PRE_OPERATION,
        "Update",
        "contact",
        "pre all contactid\npre-columns some",
    );
    let images = [
        image(BEFORE, "all", &[]),
        image(BEFORE, "some", &["LastName", "ContactId"]),
    ];
    world.step(&with_images(spec, &images));
    let id = world.admin.create(contact());
    world
        .update(&world.admin, Row::new("contact", id).with("jobtitle", "new"))
        .says(&[&format!("pre contactid=Id(\"{id}\")"), "pre some: contactid lastname"]);
}

#[test]
fn a_step_has_one_image_of_an_alias() {
    let world = Pipeline::new();
    let step = |images: &[ImageSpec]| with_images(probe(POST_OPERATION, "Update", "contact", ""), images);
    for (one, other) in [(BEFORE, BEFORE), (AFTER, AFTER), (BEFORE, BOTH), (BOTH, AFTER)] {
        let twice = [image(one, "i", &["jobtitle"]), image(other, "i", &["lastname"])];
        assert_eq!(world.refused_step(&step(&twice)), "0x80040203", "{one} {other}");
    }
    world.step(&step(&[
        image(BEFORE, "i", &["jobtitle"]),
        image(AFTER, "i", &["jobtitle"]),
    ]));
}

/// An image is of what the step's user may read: what no profile shows him is not in it, while the
/// Target has what was sent.
#[test]
fn a_secured_column_is_in_no_image_of_who_may_not_read_it() {
    let world = Pipeline::new();
    let secured = ColumnChange {
        secured: Some(true),
        ..ColumnChange::default()
    };
    world.admin.0.update_column("contact", "jobtitle", &secured).unwrap();
    let rights = privileges(&["Read", "Write"], &["Contact"], Depth::Organization);
    let reader = user(&world.org, "reader", &rights);
    let both = [image(BOTH, "i", &["jobtitle", "lastname"]), image(BOTH, "all", &[])];
    let script = "pre i jobtitle\npost i jobtitle\npre all jobtitle\npost all jobtitle\npre-columns i";
    world.step(&with_images(probe(POST_OPERATION, "Update", "contact", script), &both));
    let id = world.admin.create(contact().with("jobtitle", "Buyer"));
    let hidden = [
        "pre jobtitle=absent",
        "post jobtitle=absent",
        "pre jobtitle=absent",
        "post jobtitle=absent",
        "pre i: lastname",
    ];
    world
        .update(&reader, Row::new("contact", id).with("fax", "1"))
        .says(&hidden);
}
