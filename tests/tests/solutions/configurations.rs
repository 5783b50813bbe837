//! Configurations of steps that arrive, and those that an administrator set.

use sluice_platform::{ImportOptions, prelude::*};

use crate::world::Site;

fn configuration(world: &Site) -> String {
    let step = world.steps("scripted").remove(0);
    step.text("configuration").unwrap_or_default().to_owned()
}

#[test]
fn what_an_administrator_set_stays() {
    let from = Site::sample();
    from.all(&[
        "plugin push --shipped scripted",
        "step register --plugin scripted/scripted --message Create --table account --stage pre-operation --name s1 --config set:a=1",
    ]);
    let export = |version: &str| from.export("Scripts", version, &["plugin scripted"], false);
    let to = Site::new();
    to.import(&export("1.0"));
    from.all(&["step update s1 --config set:a=2"]);
    let next = to.import(&export("1.1"));
    assert_eq!(
        (configuration(&to).as_str(), next.kept_configurations.len()),
        ("set:a=2", 0)
    );
    to.all(&["step update s1 --config set:a=9"]);
    let kept = to.import(&export("1.2"));
    assert_eq!(
        (configuration(&to).as_str(), kept.kept_configurations),
        ("set:a=9", vec!["s1".to_owned()])
    );
    let options = ImportOptions {
        configuration: true,
        ..ImportOptions::default()
    };
    to.admin.0.import_solution_with(&export("1.3"), options).unwrap();
    assert_eq!(configuration(&to), "set:a=2");
}

/// What a push declared stays what the next push goes by.
#[test]
fn a_push_behind_a_solution_keeps_what_an_administrator_set() {
    let world = Site::sample();
    let step = world.steps("commission").remove(0);
    let set = |rate: &str| world.all(&[&format!("step update {} --config {rate}", step.id)]);
    let now = || {
        world
            .steps("commission")
            .remove(0)
            .text("configuration")
            .map(ToOwned::to_owned)
    };
    set("rate=1");
    let file = world.export("Own", "1.0", &["plugin commission"], false);
    set("rate=2");
    let kept = world.import(&file);
    assert_eq!((now().as_deref(), kept.kept_configurations.len()), (Some("rate=2"), 1));
    world.all(&["plugin push --shipped commission"]);
    assert_eq!(now().as_deref(), Some("rate=2"));
}
