//! Files that lose their place, or their log, under a running program.

use std::{fs, sync::Arc, time::Duration};

use sluice_engine::{Engine, Env, OpenOptions, Session, SystemEnv};
use sluice_model::{Request, Row, codes::Kind};
use sluice_sales::capabilities;
use sluice_tests::world::{World, list, refused};

#[test]
fn nobody_loses_a_file_that_is_open() {
    let world = World::sample();
    world.admin().json(&["org", "backup", "b.db"]);
    let session = opened(&world);
    create(&session, "Mine").unwrap();
    refused(&world.admin(), 3, &["org", "restore", "b.db"], &["another process has"]);
    create(&session, "Mine, too").unwrap();
    drop(session);
    world.admin().json(&["org", "restore", "b.db"]);
    assert_eq!(named(&world, "Mine"), 0);
}

/// The organisation, open in this process.
fn opened(world: &World) -> Session {
    let env: Arc<dyn Env> = Arc::new(SystemEnv);
    let options = OpenOptions {
        cache_dir: Some(sluice_tests::root().join("target/tests-cache")),
        compiler: Some(sluice_tests::program::compiler()),
        ..OpenOptions::default()
    };
    let engine = Engine::open(&world.path("sluice.db"), &capabilities(), &env, &options).unwrap();
    engine.session_of("admin").unwrap()
}

fn create(session: &Session, name: &str) -> sluice_model::Result<()> {
    let row = Row::unsaved("account").with("name", name);
    session.execute(Request::create(row)).map(|_| ())
}

#[test]
fn a_file_that_loses_its_place_is_noticed() {
    for replace in [
        (|world: &World| fs::remove_file(world.path("sluice.db")).unwrap()) as fn(&World),
        |world| fs::rename(world.path("sluice.db"), world.path("moved.db")).unwrap(),
        |world| fs::rename(world.path("other.db"), world.path("sluice.db")).unwrap(),
        |world| {
            fs::rename(world.path("sluice.db"), world.path("moved.db")).unwrap();
            fs::rename(world.path("other.db"), world.path("sluice.db")).unwrap();
        },
    ] {
        let world = World::sample();
        world.admin().json(&["org", "backup", "other.db"]);
        let session = opened(&world);
        create(&session, "Answered").unwrap();
        replace(&world);
        for _ in 0..3 {
            let error = create(&session, "Lost").unwrap_err();
            assert_eq!(error.kind(), Kind::Host, "{error}");
            assert!(error.message().contains("moved, removed or replaced"), "{error}");
        }
        drop(session);
        // Whatever has the name now is what it was, and so is what was moved.
        for (name, answered) in [("sluice.db", 0), ("moved.db", 1)] {
            if world.path(name).exists() {
                let org = ["--org", name];
                world.admin().json(&[&["org", "check"][..], &org].concat());
                let filter = "name eq 'Answered' or name eq 'Lost'";
                let rows = world
                    .admin()
                    .json(&[&["row", "list", "account", "--filter", filter][..], &org].concat());
                assert_eq!(rows["value"].as_array().unwrap().len(), answered, "{name}");
            }
        }
    }
}

/// How many accounts of that name there are.
fn named(world: &World, name: &str) -> usize {
    let filter = format!("name eq '{name}'");
    list(&world.admin().json(&["row", "list", "account", "--filter", &filter])).len()
}

#[test]
fn a_log_that_loses_its_place_is_noticed() {
    for gone in [
        &["sluice.db-wal", "sluice.db-shm"][..],
        &["sluice.db-wal"],
        &["sluice.db-shm"],
    ] {
        for writes_on in [true, false] {
            let world = World::sample();
            let session = opened(&world);
            create(&session, "Answered").unwrap();
            for name in gone {
                fs::remove_file(world.path(name)).unwrap();
            }
            for _ in 0..if writes_on { 3 } else { 0 } {
                let error = create(&session, "Lost").unwrap_err();
                assert_eq!(error.kind(), Kind::Host, "{error}");
                assert!(error.message().contains("the files -wal and -shm beside"), "{error}");
            }
            drop(session);
            // Nobody else has written: what was answered is there.
            assert_eq!(named(&world, "Lost"), 0);
            if gone.contains(&"sluice.db-wal") {
                assert_eq!(named(&world, "Answered"), 1);
            }
            world.check();
        }
    }
}

/// The log lies beside the file, and not beside a link that leads to it.
#[test]
#[cfg(unix)]
fn the_log_of_a_file_behind_a_link_is_watched() {
    let world = World::sample();
    fs::create_dir(world.path("away")).unwrap();
    fs::rename(world.path("sluice.db"), world.path("away/org.db")).unwrap();
    std::os::unix::fs::symlink("away/org.db", world.path("sluice.db")).unwrap();
    let session = opened(&world);
    create(&session, "Answered").unwrap();
    for name in ["away/org.db-wal", "away/org.db-shm"] {
        fs::remove_file(world.path(name)).unwrap();
    }
    let error = create(&session, "Lost").unwrap_err();
    assert!(error.message().contains("the files -wal and -shm beside"), "{error}");
    drop(session);
    assert_eq!((named(&world, "Answered"), named(&world, "Lost")), (1, 0));
}

#[test]
fn what_others_write_by_a_new_log_is_not_written_over() {
    for writes_on in [true, false] {
        let world = World::sample();
        let session = opened(&world);
        create(&session, "Answered").unwrap();
        for name in ["sluice.db-wal", "sluice.db-shm"] {
            fs::remove_file(world.path(name)).unwrap();
        }
        world.admin().json(&["row", "create", "account", "name=Theirs"]);
        if writes_on {
            let error = create(&session, "Lost").unwrap_err();
            assert!(error.message().contains("the files -wal and -shm beside"), "{error}");
        }
        drop(session);
        assert_eq!((named(&world, "Theirs"), named(&world, "Lost")), (1, 0));
        world.check();
    }
}

#[test]
fn a_file_that_is_replaced_after_the_last_write_is_left_alone() {
    let world = World::sample();
    world.admin().json(&["org", "backup", "other.db"]);
    let session = opened(&world);
    create(&session, "Answered").unwrap();
    fs::rename(world.path("sluice.db"), world.path("moved.db")).unwrap();
    fs::rename(world.path("other.db"), world.path("sluice.db")).unwrap();
    drop(session);
    world.check();
    assert_eq!(named(&world, "Answered"), 0);
    let moved = [
        "row",
        "list",
        "account",
        "--filter",
        "name eq 'Answered'",
        "--org",
        "moved.db",
    ];
    assert_eq!(world.admin().json(&moved)["value"].as_array().unwrap().len(), 1);
}

#[test]
fn an_import_into_a_file_that_is_gone_says_so() {
    let world = World::sample();
    world.write(
        "accounts.csv",
        format!(
            "Name\n{}",
            (0..20_000).map(|line| format!("Gone {line}\n")).collect::<String>()
        ),
    );
    world.write("map.toml", "[columns]\nName = \"name\"\n");
    let import = [
        "import",
        "accounts.csv",
        "--table",
        "account",
        "--map",
        "map.toml",
        "--json",
    ];
    let child = world
        .admin()
        .command(&import)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while !fs::metadata(world.path("sluice.db-wal")).is_ok_and(|log| log.len() > 200_000) {
        std::thread::sleep(Duration::from_millis(5));
    }
    fs::remove_file(world.path("sluice.db")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    // The name is free for a new organisation, and nothing of the old one gets into it.
    world.admin().json(&["org", "create"]);
    world.check();
}

/// Each name of a file has a log of its own: what is written by one gets lost by the other.
#[cfg(unix)]
#[test]
fn a_file_of_two_names_is_not_opened() {
    let world = World::sample();
    let two = world.path("two.db");
    fs::hard_link(world.path("sluice.db"), &two).unwrap();
    for name in ["sluice.db", "two.db"] {
        for command in [
            &["row", "create", "account", "name=U"][..],
            &["row", "list", "account"],
            &["org", "check"],
        ] {
            let words = [command, &["--org", name]].concat();
            refused(&world.admin(), 3, &words, &["2 names"]);
        }
    }
    assert!(!world.path("two.db-wal").exists());
    fs::remove_file(&two).unwrap();
    assert_eq!(named(&world, "U"), 0);
    world.check();
}

#[cfg(unix)]
#[test]
fn a_file_that_gets_another_name_is_not_written() {
    let world = World::sample();
    let session = opened(&world);
    create(&session, "A").unwrap();
    let two = world.path("two.db");
    fs::hard_link(world.path("sluice.db"), &two).unwrap();
    let error = create(&session, "B").unwrap_err();
    assert_eq!(error.kind(), Kind::Host);
    assert!(error.message().contains("2 names"), "{error}");
    fs::remove_file(&two).unwrap();
    create(&session, "C").unwrap();
    drop(session);
    assert_eq!(["A", "B", "C"].map(|name| named(&world, name)), [1, 0, 1]);
    world.check();
}

/// What commands write comes out of the organisation, whose file nobody else reads.
#[cfg(unix)]
#[test]
fn files_are_for_nobody_else_to_read() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::sample();
    let admin = world.admin();
    admin.run(&["row", "delete", "account", "nowhere"]);
    admin.json(&["solution", "create", "Sol"]);
    admin.json(&["solution", "add", "Sol", "role", "Salesperson"]);
    world.write("f.csv", "name,creditlimit\nx,nonsense\n");
    world.write("m.toml", "[columns]\nname = \"name\"\ncreditlimit = \"creditlimit\"\n");
    admin.run(&["import", "f.csv", "--table", "account", "--map", "m.toml"]);
    admin.json(&["support", "bundle", "b.json", "--values"]);
    admin.json(&["solution", "export", "Sol", "s.zip"]);
    admin.json(&["org", "backup", "b.db"]);
    for name in ["f.refused.csv", "b.json", "s.zip", "b.db"] {
        let mode = fs::metadata(world.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}
