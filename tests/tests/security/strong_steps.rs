//! Steps that run as somebody, or hold the capability system, are made and changed by who holds what they do.

use sluice_model::{Depth, Error, Query, Reference, Right, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_platform::{Assembly, ImageSpec, StepSpec};
use sluice_tests::{Actor, wasm};

use super::{
    columns::{join, permission, secure},
    giving::{DENIED, Tree, says},
};
use crate::world::{grant, grants, outcome, refusal};

/// A plug-in, and who may register its steps.
struct Registry {
    tree: Tree,
    assembly: Uuid,
}

fn spec() -> StepSpec {
    StepSpec {
        plugin: "probe".to_owned(),
        message: "Create".to_owned(),
        table: Some("contact".to_owned()),
        stage: 40,
        configuration: Some("users".to_owned()),
        ..StepSpec::default()
    }
}

fn push(actor: &Actor, name: &str, guest: &str) -> Result<Uuid, Error> {
    let assembly = Assembly {
        name: name.to_owned(),
        bytes: wasm("guests", guest),
        description: None,
    };
    actor
        .0
        .push(&assembly, &sluice_platform::PushOptions::default())
        .map(|pushed| pushed.id)
}

impl Registry {
    fn new(more: &[(String, Depth)]) -> Self {
        let tree = Tree::with(more);
        let assembly = push(&tree.world.admin, "probe", "probe").unwrap();
        Self { tree, assembly }
    }

    fn register(&self, change: impl FnOnce(&mut StepSpec)) -> Result<Uuid, Error> {
        register(&self.tree.caller, change)
    }
}

fn register(actor: &Actor, change: impl FnOnce(&mut StepSpec)) -> Result<Uuid, Error> {
    let mut spec = spec();
    change(&mut spec);
    actor.0.register_step(&spec)
}

fn acting() -> Vec<(String, Depth)> {
    vec![grant("prvActOnBehalfOfAnotherUser", Depth::Organization)]
}

#[test]
fn a_step_runs_as_nobody_who_reads_columns_that_the_registrar_does_not() {
    let registry = Registry::new(&acting());
    let world = &registry.tree.world;
    secure(&world.admin, "account", "creditlimit", true).unwrap();
    let weak = world.user("weak", registry.tree.l1, &[]);
    let register = || registry.register(|spec| spec.run_as = Some(weak.id()));
    register().unwrap();
    let finance = Row::unsaved("fieldsecurityprofile").with("name", "Finance");
    let finance = world.admin.create(finance);
    world
        .admin
        .create(permission(finance, "creditlimit", [false, true, false]));
    join(world, &weak, finance);
    let error = register().unwrap_err();
    assert_eq!(error.code().to_string(), DENIED, "{error}");
    assert!(error.message().contains("creditlimit"), "{error}");
    join(world, &registry.tree.caller, finance);
    register().unwrap();
}

#[test]
fn a_step_runs_as_somebody_whose_privileges_the_registrar_holds() {
    let registry = Registry::new(&acting());
    let (world, caller) = (&registry.tree.world, &registry.tree.caller);
    let run_as = |id: Uuid| registry.register(|spec| spec.run_as = Some(id));
    says(
        &run_as(world.admin.id()).unwrap_err(),
        caller,
        registry.tree.l1,
        &["Depth: Global".to_owned()],
    );
    let system = world.organisation.engine().system_id().unwrap();
    for actor in [caller, &world.admin] {
        let error = register(actor, |spec| spec.run_as = Some(system)).unwrap_err();
        assert!(error.message().starts_with("no step runs as SYSTEM"), "{error}");
    }
    world.role("Shallow", &grants("User", &[Right::Read], Depth::User));
    let weak = world.user("weak", registry.tree.l1, &["Shallow"]);
    run_as(weak.id()).unwrap();
    run_as(caller.id()).unwrap();
    // Of another unit: the caller's privileges do not reach there.
    let away = world.user("away", registry.tree.s, &["Shallow"]);
    says(
        &run_as(away.id()).unwrap_err(),
        caller,
        registry.tree.l1,
        &[format!("BusinessUnitId: {}", registry.tree.s)],
    );
    world
        .admin
        .update(Row::new("systemuser", weak.id()).with("isdisabled", true));
    for actor in [caller, &world.admin] {
        assert_eq!(
            outcome(&register(actor, |spec| spec.run_as = Some(weak.id()))),
            "0x80040225"
        );
    }
}

#[test]
fn acting_for_others_is_a_privilege_of_its_own() {
    let registry = Registry::new(&[]);
    let refused = registry.register(|spec| spec.run_as = Some(registry.tree.peer.id()));
    assert_eq!(refusal(refused), format!("{DENIED} prvActOnBehalfOfAnotherUser"));
    registry.register(|_| {}).unwrap();
}

#[test]
fn the_capability_system_is_granted_by_an_administrator() {
    let registry = Registry::new(&acting());
    let caller = &registry.tree.caller;
    let refused = registry.register(|spec| spec.grants = vec!["clock".to_owned(), "system".to_owned()]);
    says(
        &refused.unwrap_err(),
        caller,
        registry.tree.l1,
        &["Depth: Global".to_owned()],
    );
    let step = registry
        .register(|spec| spec.grants = vec!["clock".to_owned()])
        .unwrap();
    let grant = Row::new("sdkmessageprocessingstep", step).with("sl_grants", "system");
    assert_eq!(outcome(&caller.try_update(grant.clone())), DENIED);
    registry.tree.world.admin.update(grant);
}

/// Everything that changes what a step does which runs as the administrator, or as SYSTEM.
#[test]
fn a_strong_step_is_changed_by_who_could_have_made_it() {
    let strong: [fn(&mut StepSpec, Uuid); 2] = [
        |spec, admin| spec.run_as = Some(admin),
        |spec, _| spec.grants = vec!["system".to_owned()],
    ];
    for strengthen in strong {
        let registry = Registry::new(&acting());
        let (world, caller) = (&registry.tree.world, &registry.tree.caller);
        let image = ImageSpec {
            kind: 1,
            alias: "after".to_owned(),
            columns: Vec::new(),
        };
        let step = register(&world.admin, |spec| {
            strengthen(spec, world.admin.id());
            spec.secure = Some("s3cret".to_owned());
            spec.images = vec![image];
        })
        .unwrap();
        let row = world.admin.get("sdkmessageprocessingstep", step);
        let image = world
            .admin
            .list(Query::new("sdkmessageprocessingstepimage").columns(&[]))
            .remove(0);
        let plugin_type = row.id_of("plugintypeid").unwrap();
        let secure = row.id_of("sdkmessageprocessingstepsecureconfigid").unwrap();
        let of_step = || Row::new("sdkmessageprocessingstep", step);
        let changes = [
            of_step().with("configuration", "read account"),
            of_step().with("rank", 7),
            of_step().with("statecode", Value::Choice(0)),
            Row::new("sdkmessageprocessingstepimage", image.id).with("entityalias", "later"),
            Row::new("sdkmessageprocessingstepsecureconfig", secure).with("secureconfig", "mine"),
            Row::new("plugintype", plugin_type).with("typename", "other"),
            Row::new("pluginassembly", registry.assembly).with("content", content("hostile")),
        ];
        for change in changes {
            assert_eq!(outcome(&caller.try_update(change.clone())), DENIED, "{change:?}");
        }
        let another = Row::unsaved("sdkmessageprocessingstepimage")
            .with(
                "sdkmessageprocessingstepid",
                Reference::new("sdkmessageprocessingstep", step),
            )
            .with("name", "again")
            .with("entityalias", "again")
            .with("imagetype", Value::Choice(1));
        assert_eq!(outcome(&caller.try_create(another)), DENIED);
        assert_eq!(
            outcome(&caller.try_delete("sdkmessageprocessingstepimage", image.id)),
            DENIED
        );
        assert_eq!(outcome(&push(caller, "probe", "hostile")), DENIED);
        let digest = Row::new("pluginassembly", registry.assembly).with("sourcehash", "0");
        assert_eq!(outcome(&caller.try_update(digest)), "0x80040235");
        // What is not changed may be pushed, and a step be taken out of work.
        push(caller, "probe", "probe").unwrap();
        caller.0.set_step_enabled(step, false).unwrap();
        assert_eq!(outcome(&caller.0.set_step_enabled(step, true)), DENIED);
        world.admin.0.set_step_enabled(step, true).unwrap();
        // Who holds everything gets past the question, to the types that the other file lacks.
        assert_eq!(outcome(&push(&world.admin, "probe", "hostile")), "0x8004418B");
    }
}

fn content(guest: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(wasm("guests", guest))
}
