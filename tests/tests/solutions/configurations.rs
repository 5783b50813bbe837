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
