//! Kinds of components that are rows: access team templates, and what an app brings.

use std::sync::Arc;

use sluice_engine::{Capability, Component, Engine, Env, OpenOptions, SystemEnv};
use sluice_model::{Code, Query, Row};

use crate::world::Site;
use sluice_platform::prelude::*;

/// Each organisation counts its tables itself: what travels of an access team template is the table's
/// name.
#[test]
fn an_access_team_template_finds_its_table() {
    let from = Site::new();
    from.all(&[
        "table create rsh_branch",
        "table update rsh_branch --access-teams yes",
        "access-team create Branch rsh_branch read,write",
    ]);
    let file = from.export("Teams", "1.0", &["table rsh_branch", "team-template Branch"], true);
    let to = Site::new();
    to.sluice("table create rsh_other");
    to.import(&file);
    let code = |site: &Site| site.admin.0.catalog().unwrap().table("rsh_branch").unwrap().otc;
    assert_ne!(code(&from), code(&to));
    let template = to.admin.list(Query::new("teamtemplate")).remove(0);
    assert_eq!(template.int("objecttypecode"), Some(code(&to)));
    assert_eq!(template.int("defaultaccessrightsmask"), Some(3));
    assert_eq!(template.bool("ismanaged"), Some(true));
    let change = Row::new("teamtemplate", template.id).with("defaultaccessrightsmask", 1);
    assert!(
        to.admin.try_update(change).is_err(),
        "it is changed by its next version"
    );
    // Again: nothing new.
    to.import(&file);
    assert_eq!(to.admin.count("teamtemplate"), 1);
}

/// What an app lets travel is known like what the platform does.
#[test]
fn components_of_an_app_travel() {
    static POSTS: Component = Component::plain("post", "position");
    static ALL: &[&Component] = &[&POSTS];
    let mut capabilities = sluice_sales::capabilities();
    capabilities.all.push(Capability {
        components: ALL,
        ..Capability::named("an app")
    });
    let env: Arc<dyn Env> = Arc::new(SystemEnv);
    let (from, to) = (Site::new(), Site::new());
    let open = |site: &Site| {
        let engine = Engine::open(&site.path("sluice.db"), &capabilities, &env, &OpenOptions::default());
        engine.unwrap().session_of("admin").unwrap()
    };
    from.all(&["row create position name=Head", "solution create Posts"]);
    let refused = from.refused("solution add Posts post Head");
    assert!(
        refused.to_string().contains("no kind of component"),
        "without the app: {refused}"
    );
    let session = open(&from);
    session.add_to_solution("Posts", "post", &["Head".to_owned()]).unwrap();
    let file = session.export_solution("Posts", false).unwrap();
    let error = to.admin.0.import_solution(&file, false).unwrap_err();
    assert_eq!(error.code(), Code::IMPORT_BROKEN, "{error}");
    open(&to).import_solution(&file, false).unwrap();
    assert!(to.one("position", "name", "Head").is_some());
}
