//! A step's secure configuration is handed to what the step calls, and to nobody else.

use sluice_model::{Code, Depth, Error, Query, Reference, Row, Uuid, Value};
use sluice_platform::{Assembly, PushOptions, StepSpec, prelude::*};
use sluice_tests::{Actor, people, wasm};

use crate::world::Security;

const SECRET: &str = "sdkmessageprocessingstepsecureconfigid";

/// A step with a secret, another type of a plug-in, and somebody who may change steps.
struct Secrets {
    world: Security,
    step: Uuid,
    mallory: Actor,
}

impl Secrets {
    fn new(more: &[(&str, &str)]) -> Self {
        let world = Security::new();
        for name in ["probe", "spy"] {
            let assembly = Assembly {
                name: name.to_owned(),
                bytes: wasm("guests", "probe"),
                description: None,
            };
            world.admin.0.push(&assembly, &PushOptions::default()).unwrap();
        }
        let spec = StepSpec {
            plugin: "probe/probe".to_owned(),
            message: "Create".to_owned(),
            table: Some("contact".to_owned()),
            stage: 40,
            secure: Some("S3CRET".to_owned()),
            ..StepSpec::default()
        };
        let step = world.admin.0.register_step(&spec).unwrap();
        let mut rights = people::privileges(
            &["Read", "Write", "Append", "AppendTo"],
            &[
                "SdkMessageProcessingStep",
                "PluginType",
                "SdkMessage",
                "SdkMessageFilter",
                "PluginAssembly",
            ],
            Depth::Organization,
        );
        rights.extend(
            more.iter()
                .map(|(verb, table)| (format!("prv{verb}{table}"), Depth::Organization)),
        );
        let known = |name: &str| {
            !world
                .ids("privilege", sluice_model::Filter::eq("name", name))
                .is_empty()
        };
        rights.retain(|(name, _)| known(name));
        let mallory = people::user(&world.organisation, "mallory", &rights);
        Self { world, step, mallory }
    }

    fn moves(&self) -> Result<(), Error> {
        let admin = &self.world.admin;
        let types = admin.list(Query::new("plugintype"));
        let now = admin.get("sdkmessageprocessingstep", self.step).id_of("plugintypeid");
        let spy = types
            .iter()
            .find(|row| Some(row.id) != now && row.text("typename") == Some("probe"))
            .unwrap();
        let row = Row::new("sdkmessageprocessingstep", self.step);
        self.mallory
            .try_update(row.with("plugintypeid", Reference::new("plugintype", spy.id)))
    }

    fn forgets(&self) -> Result<(), Error> {
        let row = Row::new("sdkmessageprocessingstep", self.step).with(SECRET, Value::Null);
        self.mallory.try_update(row)
    }

    fn secrets(&self) -> usize {
        self.world.admin.count("sdkmessageprocessingstepsecureconfig")
    }
}

const TABLE: &str = "SdkMessageProcessingStepSecureConfig";

#[test]
fn a_step_with_a_secret_calls_something_else_for_those_who_read_it() {
    let secrets = Secrets::new(&[]);
    let error = secrets.moves().unwrap_err();
    assert_eq!(error.code(), Code::PRIVILEGE_DENIED, "{error}");
    assert_eq!(error.body().privilege, Some(format!("prvRead{TABLE}")));
    // Everything else of it is for whoever may change steps.
    let rank = Row::new("sdkmessageprocessingstep", secrets.step).with("rank", 7);
    secrets.mallory.update(rank);
    Secrets::new(&[("Read", TABLE)]).moves().unwrap();
}

/// The secret of another step, by its id, and a type that becomes another one: the same question.
#[test]
fn a_secret_goes_no_other_way_to_those_who_do_not_read_it() {
    let other_step = |secrets: &Secrets| {
        let admin = &secrets.world.admin;
        let step = admin.get("sdkmessageprocessingstep", secrets.step);
        let spec = StepSpec {
            plugin: "spy/probe".to_owned(),
            message: "Update".to_owned(),
            table: Some("contact".to_owned()),
            stage: 40,
            ..StepSpec::default()
        };
        let other = admin.0.register_step(&spec).unwrap();
        let row = Row::new("sdkmessageprocessingstep", other).with(SECRET, step.lookup(SECRET).unwrap().clone());
        secrets.mallory.try_update(row)
    };
    let other_type = |secrets: &Secrets| {
        let admin = &secrets.world.admin;
        let called = admin
            .get("sdkmessageprocessingstep", secrets.step)
            .id_of("plugintypeid");
        let spy = admin.list(Query::new("pluginassembly"));
        let spy = spy.iter().find(|row| row.text("name") == Some("spy")).unwrap().id;
        let free = admin.list(Query::new("plugintype"));
        let free = free
            .iter()
            .find(|row| row.id_of("pluginassemblyid") == Some(spy) && row.text("typename") == Some("probe"))
            .unwrap();
        admin.try_delete("plugintype", free.id).unwrap();
        let row = Row::new("plugintype", called.unwrap());
        let row = row.with("pluginassemblyid", Reference::new("pluginassembly", spy));
        secrets.mallory.try_update(row)
    };
    let of_secrets: &[(&str, &str)] = &[("AppendTo", TABLE)];
    for tried in [&other_step as &dyn Fn(&Secrets) -> Result<(), Error>, &other_type] {
        let error = tried(&Secrets::new(of_secrets)).unwrap_err();
        assert_eq!(error.body().privilege, Some(format!("prvRead{TABLE}")), "{error}");
        tried(&Secrets::new(&[("AppendTo", TABLE), ("Read", TABLE)])).unwrap();
    }
}

#[test]
fn a_secret_is_taken_away_by_those_who_may_delete_it() {
    let secrets = Secrets::new(&[("Read", TABLE)]);
    let error = secrets.forgets().unwrap_err();
    assert_eq!(error.body().privilege, Some(format!("prvDelete{TABLE}")), "{error}");
    assert_eq!(secrets.secrets(), 1);
    let secrets = Secrets::new(&[("Delete", TABLE)]);
    secrets.forgets().unwrap();
    assert_eq!(secrets.secrets(), 0);
}
