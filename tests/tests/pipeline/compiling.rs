//! Plug-ins that are met before they are compiled: nobody holds the writer meanwhile, nothing is
//! done twice, and what is not what was pushed never runs.

use std::{path::Path, sync::Arc};

use sluice_engine::{Compiler, Engine, Env, OpenOptions, SystemEnv};
use sluice_model::{Code, Filter, Query, codes::Kind};
use sluice_platform::prelude::*;
use sluice_platform::{Assembly, StepSpec};
use sluice_sales::capabilities;
use sluice_tests::{Actor, program, wasm};

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, account, contact, probe};

/// The administrator in a process that has compiled nothing yet.
fn fresh(world: &Pipeline, compiler: Option<Compiler>) -> Actor {
    let env: Arc<dyn Env> = Arc::new(SystemEnv);
    let options = OpenOptions {
        compiler,
        ..OpenOptions::default()
    };
    let engine = Engine::open(world.org.path(), &capabilities(), &env, &options).unwrap();
    Actor(engine.session_of("admin").unwrap())
}

/// A compiler that runs these lines of shell before its work.
fn after(lines: &str) -> Compiler {
    let real = program::compiler();
    let verb = real.arguments[0].to_str().unwrap();
    let script = format!("{lines}\nexec {} {verb} \"$@\"", real.program.display());
    Compiler::new("/bin/sh", ["-c", &script, "sh"].map(Into::into).to_vec())
}

/// A compiler that counts, in a file.
fn counting(file: &Path) -> Compiler {
    after(&format!("echo once >> {}", file.display()))
}

fn counted(file: &Path) -> usize {
    std::fs::read_to_string(file).unwrap_or_default().lines().count()
}

fn tasks(world: &Pipeline, subject: &str) -> usize {
    let query = Query::new("task").columns(&[]).filter(Filter::eq("subject", subject));
    world.admin.list(query).len()
}

/// The probe under another name, with other bytes.
fn push_again(world: &Pipeline, name: &str) {
    let component = sluice_sandbox::componentize(&wasm("guests", "probe")).unwrap();
    let own = name.as_bytes();
    let length = u8::try_from(own.len()).unwrap();
    let section = [&[0, length + 1, length][..], own].concat();
    let assembly = Assembly {
        name: name.to_owned(),
        bytes: [component, section].concat(),
        description: None,
    };
    world
        .admin
        .0
        .push(&assembly, &sluice_platform::PushOptions::default())
        .unwrap();
}

fn of(plugin: &str, spec: StepSpec) -> StepSpec {
    StepSpec {
        plugin: format!("{plugin}/probe"),
        ..spec
    }
}

#[test]
fn a_plugin_met_in_a_transaction_is_compiled_without_the_writer() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "Create", "contact", "set jobtitle Buyer"));
    // Another process writes while the compiler runs: it would wait for the writer for 30 s.
    let meanwhile = after(&format!(
        "{} --org {} row create task subject=meanwhile >/dev/null || exit 9",
        program::path().display(),
        world.org.path().display()
    ));
    let admin = fresh(&world, Some(meanwhile));
    let id = admin.create(contact());
    assert_eq!(world.admin.get("contact", id).text("jobtitle"), Some("Buyer"));
    assert_eq!(tasks(&world, "meanwhile"), 1);
}

#[test]
fn a_transaction_that_runs_again_does_everything_once() {
    let world = Pipeline::new();
    push_again(&world, "second");
    world.step(&probe(PRE_OPERATION, "Create", "contact", "create task subject before"));
    world.step(&of(
        "second",
        probe(POST_OPERATION, "Create", "contact", "create task subject after"),
    ));
    let count = world.org.path().with_extension("count");
    let admin = fresh(&world, Some(counting(&count)));
    let before = world.admin.count("contact");
    admin.create(contact());
    assert_eq!(world.admin.count("contact"), before + 1);
    assert_eq!((tasks(&world, "before"), tasks(&world, "after")), (1, 1));
    assert_eq!(counted(&count), 2);
    admin.create(contact());
    assert_eq!((tasks(&world, "before"), tasks(&world, "after")), (2, 2));
    assert_eq!(counted(&count), 2, "each was compiled once");
    // Several messages in one transaction, too.
    let count = world.org.path().with_extension("counted");
    let admin = fresh(&world, Some(counting(&count)));
    let two = admin.0.batch(|batch| {
        batch.create(account())?;
        batch.create(contact())
    });
    two.unwrap();
    assert_eq!((tasks(&world, "before"), tasks(&world, "after")), (3, 3));
    assert_eq!(counted(&count), 2);
}

#[test]
fn what_pre_validation_has_committed_is_done_once() {
    let world = Pipeline::new();
    for name in ["second", "third", "fourth"] {
        push_again(&world, name);
    }
    world.step(&StepSpec {
        rank: 1,
        ..probe(PRE_VALIDATION, "Create", "contact", "create task subject first")
    });
    world.step(&StepSpec {
        rank: 2,
        ..of(
            "second",
            probe(PRE_VALIDATION, "Create", "contact", "create task subject second"),
        )
    });
    // Met inside the transaction of a call that the first step makes.
    world.step(&of(
        "third",
        probe(PRE_OPERATION, "Create", "task", "set description seen"),
    ));
    // Met inside the transaction of the message itself.
    world.step(&of(
        "fourth",
        probe(POST_OPERATION, "Create", "contact", "create account name Fourth"),
    ));
    let count = world.org.path().with_extension("count");
    let admin = fresh(&world, Some(counting(&count)));
    admin.create(contact());
    assert_eq!((tasks(&world, "first"), tasks(&world, "second")), (1, 1));
    let seen = Query::new("task")
        .columns(&[])
        .filter(Filter::eq("description", "seen"));
    assert_eq!(world.admin.list(seen).len(), 2);
    let fourth = Query::new("account").columns(&[]).filter(Filter::eq("name", "Fourth"));
    assert_eq!(world.admin.list(fourth).len(), 1);
    assert_eq!(counted(&count), 4);
}

#[test]
fn one_that_cannot_be_compiled_is_a_refusal_that_names_its_step() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "set jobtitle Buyer"));
    let killed = Compiler::new("/bin/sh", ["-c", "kill -9 $$"].map(Into::into).to_vec());
    let before = world.admin.count("contact");
    let admin = fresh(&world, Some(killed));
    let error = admin.try_create(contact()).unwrap_err();
    assert_eq!(error.code(), Code::PLUGIN_TOO_LARGE, "{error}");
    assert_eq!(error.body().step.as_ref().unwrap().id, step);
    for compiler in [None, Some(after("exit 2"))] {
        let error = fresh(&world, compiler).try_create(contact()).unwrap_err();
        assert_eq!(error.kind(), Kind::Host, "{error}");
        assert!(error.message().contains("compiler"), "{error}");
    }
    assert_eq!(world.admin.count("contact"), before);
    admin.create(account());
}

#[test]
fn content_that_is_not_what_was_pushed_is_not_run() {
    let world = Pipeline::new();
    push_again(&world, "second");
    world.step(&probe(PRE_OPERATION, "Create", "contact", "set jobtitle Buyer"));
    let file = rusqlite::Connection::open(world.org.path()).unwrap();
    file.create_collation("UNICODE_CI", |one, other| one.cmp(other))
        .unwrap();
    let own: String = file
        .query_row("SELECT content FROM pluginassembly WHERE name = 'probe'", [], |row| {
            row.get(0)
        })
        .unwrap();
    let other: String = file
        .query_row("SELECT content FROM pluginassembly WHERE name = 'second'", [], |row| {
            row.get(0)
        })
        .unwrap();
    let put = |content: &str| {
        let sql = "UPDATE pluginassembly SET content = ? WHERE name = 'probe'";
        assert_eq!(file.execute(sql, [content]).unwrap(), 1);
    };
    for content in [other.as_str(), "no base64", &own[4..], ""] {
        put(content);
        let admin = fresh(&world, Some(program::compiler()));
        let error = admin.try_create(contact()).unwrap_err();
        assert_eq!(error.kind(), Kind::Host, "{error}");
        assert!(error.message().contains("is not what was pushed"), "{error}");
    }
    put(&own);
    fresh(&world, Some(program::compiler())).create(contact());
}
