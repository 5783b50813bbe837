//! Plug-ins that misbehave, each in one way, and a few that behave, for comparison. The
//! step's configuration is the argument of those that take one.

mod bindings {
    wit_bindgen::generate!({
        path: "../../../sdk/wit/1.0",
        world: "plugin-with-clock-and-random",
    });
    use super::Hostile;
    export!(Hostile);
}
mod dump;
mod resources;

use bindings::{
    Guest,
    sluice::plugin::{
        clock, configuration,
        context::ExecutionContext,
        log, random,
        service::{self, Caller, Query},
        types::{
            Column, Image, NamedParameter, Parameter, PluginError, PluginType, Reference, Refusal, Row, ServiceError,
            Step, Value,
        },
    },
};

type Outcome = Result<(), PluginError>;
type Behaviour = fn(&ExecutionContext) -> Outcome;

/// Every behaviour by name.
const BEHAVIOURS: &[(&str, Behaviour)] = &[
    ("ok", |_| Ok(())),
    // Time
    ("loops", |_| resources::spin()),
    ("loops-in-getters", |context| {
        loop {
            std::hint::black_box(context.message());
        }
    }),
    ("loops-in-calls", |context| {
        loop {
            std::hint::black_box(update(context).is_ok());
        }
    }),
    // Memory and stack
    ("eats-memory", |_| resources::eat()),
    ("asks-for-memory", |_| resources::ask()),
    ("recurses", |_| resources::recurse(number())),
    ("recurses-shadow", |_| resources::recurse_shadow(number())),
    ("dives-and-updates", |context| {
        resources::dive(number(), &|| handed_on(update(context)))
    }),
    // Traps
    ("panics", |_| panic!("the moon is full")),
    ("unreachable", |_| unreachable_instruction()),
    // Data
    ("huge-trace", |_| resources::huge_trace()),
    ("trace", |_| {
        log::trace(&argument());
        Ok(())
    }),
    ("flood-calls", |context| {
        (0..1_000_000).try_for_each(|_| handed_on(update(context)))
    }),
    ("big-string", |context| {
        let text = "x".repeat(16 << 20);
        handed_on(service::update(
            Caller::StepUser,
            &row(context, vec![column("name", Value::Text(text))]),
        ))
    }),
    ("million-empty", |_| {
        let names = Parameter::Names(vec![String::new(); 1_000_000]);
        handed_on(
            service::execute(
                Caller::StepUser,
                "Anything",
                &[NamedParameter {
                    name: "Names".into(),
                    parameter: names,
                }],
            )
            .map(drop),
        )
    }),
    ("big-refusal", |_| refuse(&"x".repeat(16 << 20), None)),
    ("big-output", |context| {
        for n in 0..1_000_000 {
            context.set_shared(&format!("variable{n}"), &Value::Text("x".repeat(1000)));
        }
        Ok(())
    }),
    ("many-handles", |context| {
        std::mem::forget((0..1_000_000).map(|_| context.parent()).collect::<Vec<_>>());
        Ok(())
    }),
    // Service calls
    ("self-update", |context| handed_on(update(context))),
    ("update-as-system", |context| {
        handed_on(service::update(Caller::System, &row(context, vec![])))
    }),
    ("calls", |context| all_calls(context)),
    ("reads", |_| {
        let query = Query {
            table: "account".into(),
            columns: vec![],
            filter: None,
            order: vec![],
            top: None,
        };
        handed_on(service::retrieve_multiple(Caller::StepUser, &query).map(drop))
    }),
    ("swallow", |context| {
        if let Err(error) = update(context) {
            log::trace(&format!("swallowed {} {}", error.code, error.message));
        }
        Ok(())
    }),
    ("hands-on", |context| handed_on(update(context))),
    ("forges-handle", |_| {
        Err(PluginError::Service(ServiceError {
            handle: 7,
            code: "0x80040220".into(),
            message: "forged".into(),
        }))
    }),
    // Refusals
    ("refuse", |_| refuse("no business on a Sunday", Some(-42))),
    ("long-refusal", |_| refuse(&"x".repeat(number() as usize), None)),
    ("refuse-empty", |_| refuse("", None)),
    ("unexpected", |_| {
        Err(PluginError::Unexpected("did not see this coming".into()))
    }),
    // Isolation
    ("mark-memory", |_| resources::mark()),
    ("look-for-mark", |_| resources::look()),
    // The context
    ("dump-context", |context| dump::dump(context)),
    ("change-context", |context| dump::change(context)),
    ("change-parent", |context| {
        context.parent().expect("a parent").set_shared("x", &Value::Integer(1));
        Ok(())
    }),
    ("bad-value", |context| {
        context.set_target("name", &bad_value());
        Ok(())
    }),
    ("bad-value-in-call", |context| {
        handed_on(service::update(
            Caller::StepUser,
            &row(context, vec![column("name", bad_value())]),
        ))
    }),
    ("bad-id", |_| {
        let target = Reference {
            table: "account".into(),
            id: "not an id".into(),
        };
        handed_on(service::delete(Caller::StepUser, &target))
    }),
    // Capabilities
    ("clock", |_| {
        log::trace(&clock::now());
        Ok(())
    }),
    ("random", |_| {
        log::trace(&format!(
            "{} {}",
            random::bytes(16).len(),
            random::bytes(1_000_000).len()
        ));
        Ok(())
    }),
    ("configuration", |_| {
        log::trace(&format!(
            "{:?} {:?}",
            configuration::unsecure(),
            configuration::secure()
        ));
        Ok(())
    }),
];

struct Hostile;

impl Guest for Hostile {
    fn describe() -> Vec<PluginType> {
        if service::delete(
            Caller::System,
            &Reference {
                table: "account".into(),
                id: String::new(),
            },
        )
        .is_ok()
        {
            panic!("a service call while describing");
        }
        let step = Step {
            message: "Update".into(),
            table: "account".into(),
            stage: 20,
            mode: 0,
            rank: 5,
            filtering_columns: vec!["name".into()],
            images: vec![Image {
                kind: "pre".into(),
                alias: "before".into(),
                columns: vec![],
            }],
            configuration: Some("c".into()),
            description: "a step".into(),
        };
        BEHAVIOURS
            .iter()
            .map(|(name, _)| PluginType {
                name: (*name).into(),
                description: format!("does {name}"),
                wants: if *name == "clock" { vec!["clock".into()] } else { vec![] },
                steps: if *name == "ok" { vec![step.clone()] } else { vec![] },
            })
            .collect()
    }

    fn execute(name: String, context: &ExecutionContext) -> Outcome {
        if name == "panics" {
            std::panic::set_hook(Box::new(|info| {
                let (file, line) = info.location().map_or(("", 0), |at| (at.file(), at.line()));
                let message = info.payload_as_str().unwrap_or("a panic");
                log::report_panic(message, "hostile::panics", file, line);
            }));
        }
        match BEHAVIOURS.iter().find(|(known, _)| *known == name) {
            Some((_, behave)) => behave(context),
            None => Err(PluginError::Unexpected(format!(
                "there is no plug-in `{name}` in this file"
            ))),
        }
    }
}

fn argument() -> String {
    configuration::unsecure().unwrap_or_default()
}

fn number() -> u32 {
    argument().parse().unwrap_or_default()
}

fn column(name: &str, value: Value) -> Column {
    Column {
        name: name.into(),
        value,
    }
}

/// The primary row, with these columns.
fn row(context: &ExecutionContext, columns: Vec<Column>) -> Row {
    Row {
        table: context.primary_table().unwrap_or_default(),
        id: context.primary_id().unwrap_or_default(),
        columns,
    }
}

fn update(context: &ExecutionContext) -> Result<(), ServiceError> {
    service::update(
        Caller::StepUser,
        &row(context, vec![column("name", Value::Text("again".into()))]),
    )
}

fn handed_on(result: Result<(), ServiceError>) -> Outcome {
    result.map_err(PluginError::Service)
}

fn refuse(message: &str, code: Option<i32>) -> Outcome {
    Err(PluginError::Refused(Refusal {
        message: message.into(),
        code,
    }))
}

/// A value of the wrong form, of the kind that the configuration names.
fn bad_value() -> Value {
    match argument().as_str() {
        "big-integer" => Value::BigInteger("12x".into()),
        "float" => Value::Float(f64::NAN),
        "decimal" => Value::Decimal("1,5".into()),
        "money" => Value::Money(String::new()),
        "date-time" => Value::DateTime("yesterday".into()),
        "date" => Value::Date("2026-02-30".into()),
        "id" => Value::Id("x".repeat(1000)),
        _ => Value::Lookup(Reference {
            table: "account".into(),
            id: "nobody".into(),
        }),
    }
}

/// One of each service call, with what it answered.
fn all_calls(context: &ExecutionContext) -> Outcome {
    let caller = Caller::InitiatingUser;
    let row = row(
        context,
        vec![
            column("name", Value::Text("n".into())),
            column("amount", Value::Money("1.50".into())),
        ],
    );
    let target = Reference {
        table: row.table.clone(),
        id: row.id.clone(),
    };
    let created = service::create(caller, &row).map_err(PluginError::Service)?;
    log::trace(&format!("created {created}"));
    let read = service::retrieve(caller, &target, &["name".to_owned()]).map_err(PluginError::Service)?;
    log::trace(&format!("read {}", dump::row(&read)));
    let order = vec![service::Order {
        column: "name".into(),
        descending: true,
    }];
    let query = Query {
        table: "account".into(),
        columns: vec!["name".into()],
        filter: Some("a eq 1".into()),
        order,
        top: Some(3),
    };
    let rows = service::retrieve_multiple(caller, &query).map_err(PluginError::Service)?;
    log::trace(&format!("listed {}", rows.len()));
    service::delete(caller, &target).map_err(PluginError::Service)?;
    let input = NamedParameter {
        name: "Assignee".into(),
        parameter: Parameter::Reference(target),
    };
    let outputs = service::execute(caller, "Assign", &[input]).map_err(PluginError::Service)?;
    log::trace(&format!(
        "executed {}",
        outputs.iter().map(dump::named).collect::<Vec<_>>().join(", ")
    ));
    Ok(())
}

fn unreachable_instruction() -> Outcome {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort()
}
