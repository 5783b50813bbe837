//! Backups and the way back, and what killed programs leave.

use std::{
    fs::{self, File},
    time::Duration,
};

use sluice_tests::world::{World, id, refused};

fn make(world: &World, name: &str) {
    world
        .admin()
        .json(&["row", "create", "account", &format!("name={name}")]);
}

fn there(world: &World, name: &str) -> bool {
    world.count("account", &format!("name eq '{name}'")) == 1
}

fn listed(world: &World) -> Vec<String> {
    let entries = fs::read_dir(world.path("")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_check_of_a_backup_goes_by_its_seal() {
    let world = World::sample();
    let check = |file: &str| world.admin().run(&["org", "check", "--json", "--org", file]);
    assert_eq!(check("sluice.db").json()["sealed"], serde_json::Value::Null);
    world.admin().json(&["org", "backup", "b.db"]);
    let whole = check("b.db");
    assert_eq!((whole.code, &whole.json()["sealed"]), (0, &true.into()), "{whole:?}");
    assert_eq!(world.admin().json(&["org", "restore", "b.db"])["sealed"], true);
    // A byte that the database does not look at.
    let mut bytes = fs::read(world.path("b.db")).unwrap();
    bytes[80] ^= 1;
    fs::write(world.path("damaged.db"), &bytes).unwrap();
    let damaged = check("damaged.db");
    assert_eq!(
        (damaged.code, &damaged.json()["sealed"]),
        (3, &false.into()),
        "{damaged:?}"
    );
    let problem = damaged.json()["problems"][0].clone();
    assert!(problem.as_str().unwrap().contains("seal does not fit"), "{problem}");
    // Who may not check it is not told.
    let seller = world
        .user("seller.west")
        .refused(&["org", "check", "--org", "damaged.db"]);
    assert!(!seller.to_string().contains("seal"), "{seller}");
}

#[test]
fn a_backup_is_restored_as_it_was_made() {
    let world = World::sample();
    make(&world, "Before");
    world.admin().json(&["org", "backup", "b.db"]);
    make(&world, "After");
    let done = world.admin().json(&["org", "restore", "b.db"]);
    assert_eq!(done["sealed"], true);
    assert!(there(&world, "Before") && !there(&world, "After"));
    world.check();
    // What was there is kept, and can be gone back to.
    assert!(world.path("sluice.db.replaced").exists());
    world
        .admin()
        .json(&["org", "restore", "sluice.db.replaced", "--unsealed"]);
    assert!(there(&world, "After"));
    assert!(world.path("sluice.db.replaced-2").exists());
    world.check();
    // A backup is an organisation like any other, and no backup any more once it was written.
    make(&world, "Later");
    let backup = ["--org", "b.db"];
    let run = world.admin().run(&[&["org", "check"][..], &backup].concat());
    assert_eq!(run.code, 0, "{run:?}");
    world
        .admin()
        .json(&[&["row", "create", "account", "name=Written"][..], &backup].concat());
    let run = world.admin().run(&[&["org", "check"][..], &backup].concat());
    assert_eq!(run.code, 0, "{run:?}");
    refused(&world.admin(), 3, &["org", "restore", "b.db"], &["not restored"]);
    assert!(there(&world, "Later"));
}

/// Whoever looks whether it is the right one has written nothing.
#[test]
fn a_backup_that_is_only_looked_at_keeps_its_seal() {
    let world = World::sample();
    make(&world, "Before");
    world.admin().json(&["org", "backup", "b.db"]);
    let bytes = fs::read(world.path("b.db")).unwrap();
    for look in [
        "org show",
        "row list account",
        "row get account Before",
        "audit list",
        "settings show",
        "user list",
        "view run Active_Accounts",
        "report aging",
    ] {
        let words: Vec<String> = look.split(' ').map(|word| word.replace('_', " ")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let run = world.admin().run(&[&words[..], &["--org", "b.db"]].concat());
        assert_eq!(run.code, 0, "{look}: {run:?}");
    }
    let seller = world.user("seller.west");
    seller.refused(&["audit", "list", "--org", "b.db"]);
    assert!(fs::read(world.path("b.db")).unwrap() == bytes, "it was written");
    assert_eq!(world.admin().json(&["org", "restore", "b.db"])["sealed"], true);
}

/// What is printed to be pasted puts the copy where it was to go.
#[test]
fn the_cure_of_a_copy_without_a_seal_names_its_place() {
    let world = World::sample();
    world.admin().json(&["org", "backup", "b.db"]);
    world
        .admin()
        .json(&["row", "create", "account", "name=x", "--org", "b.db"]);
    let refused = world.admin().run(&["org", "restore", "b.db", "--to", "copy.db"]);
    let cure = "org restore b.db --to copy.db --unsealed";
    assert!(refused.says(&format!("sluice {cure}")), "{refused:?}");
    world.admin().json(&cure.split(' ').collect::<Vec<_>>());
    assert!(world.path("copy.db").exists() && !world.path("sluice.db.replaced").exists());
}

#[test]
fn a_backup_that_is_not_what_was_made_is_refused() {
    let world = World::sample();
    world.admin().json(&["org", "backup", "b.db"]);
    let whole = fs::read(world.path("b.db")).unwrap();
    let before = listed(&world);
    for at in [
        0,
        100,
        5_000,
        whole.len() / 2,
        whole.len() - 60,
        whole.len() - 40,
        whole.len() - 1,
    ] {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        world.write("b.db", &bytes);
        refused(&world.admin(), 3, &["org", "restore", "b.db"], &["not restored"]);
    }
    for length in [0, 47, 48, 4096, whole.len() / 2, whole.len() - 48, whole.len() - 1] {
        world.write("b.db", &whole[..length]);
        refused(&world.admin(), 3, &["org", "restore", "b.db"], &["not restored"]);
    }
    // Without a seal the pages have to be sound, at least.
    let mut bytes = whole[..whole.len() - 48].to_vec();
    bytes[4096..].fill(7);
    world.write("b.db", &bytes);
    refused(
        &world.admin(),
        3,
        &["org", "restore", "b.db", "--unsealed"],
        &["damaged"],
    );
    world.write("b.db", "no organisation at all");
    refused(&world.admin(), 3, &["org", "restore", "b.db", "--unsealed"], &["not"]);
    refused(&world.admin(), 3, &["org", "restore", "missing.db"], &["missing.db"]);
    refused(&world.admin(), 1, &["org", "restore", "sluice.db"], &["itself"]);
    world.write("b.db", &whole);
    assert_eq!(listed(&world), before);
    world.check();
    world.admin().json(&["org", "restore", "b.db"]);
}

#[test]
fn what_a_killed_program_left_is_not_played_into_a_backup() {
    let world = World::sample();
    world.admin().json(&["org", "backup", "b.db"]);
    let accounts = world.count("account", "");
    world.write(
        "accounts.csv",
        format!(
            "Name\n{}",
            (0..20_000).map(|line| format!("Killed {line}\n")).collect::<String>()
        ),
    );
    world.write("map.toml", "[columns]\nName = \"name\"\n");
    let mut import = world
        .admin()
        .start(&["import", "accounts.csv", "--table", "account", "--map", "map.toml"]);
    while !fs::metadata(world.path("sluice.db-wal")).is_ok_and(|log| log.len() > 500_000) {
        assert!(
            import.try_wait().unwrap().is_none(),
            "the import ended before it was killed"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    import.kill().unwrap();
    import.wait().unwrap();
    assert!(world.path("sluice.db-wal").exists());
    world.admin().json(&["org", "restore", "b.db"]);
    world.check();
    assert_eq!(world.count("account", ""), accounts);
    // The file that was replaced has kept what had been answered.
    let killed = world
        .admin()
        .json(&["row", "list", "account", "--top", "5000", "--org", "sluice.db.replaced"]);
    assert!(killed["value"].as_array().unwrap().len() > accounts);
}

#[test]
fn names_of_the_database_are_no_targets() {
    let world = World::sample();
    world.write("note.txt", "an attachment");
    let contoso = world.rows("account", "name", "")[0]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let note = world
        .admin()
        .json(&["note", "add", "account", &contoso, "--title", "T", "--file", "note.txt"]);
    let note = note["id"].as_str().unwrap();
    world.admin().json(&["solution", "create", "Mine"]);
    world.admin().json(&["solution", "add", "Mine", "role", "Salesperson"]);
    let before = listed(&world);
    for ending in ["-journal", "-wal", "-shm", "-WAL"] {
        for base in ["sluice.db", "other.db"] {
            let name = format!("{base}{ending}");
            for arguments in [
                &["note", "save", note, &name][..],
                &["note", "save", note, &name, "--force"],
                &["org", "backup", &name],
                &["org", "create", "--org", &name],
                &["org", "restore", "sluice.db", "--to", &name],
                &["solution", "export", "Mine", &name],
            ] {
                refused(&world.admin(), 1, arguments, &["taken by the database"]);
            }
        }
    }
    assert_eq!(listed(&world), before);
    world.check();
}

#[test]
fn what_killed_programs_left_is_cleared() {
    let world = World::sample();
    let id = "0198c0de000070008000000000000001";
    let left = [
        ".sluice-a1B2c3.new".to_owned(),
        ".sluice-d4E5f6.new-journal".to_owned(),
        format!("sluice.db.{id}.unfinished"),
        format!("sluice.db.{id}.unfinished-wal"),
    ];
    let stays = [".sluice-config", "other.db.unfinished", ".sluice-worked-on"];
    let fill = |names: &mut dyn Iterator<Item = &str>| names.for_each(|name| world.write(name, "half"));
    fill(&mut left.iter().map(String::as_str).chain(stays));
    // Somebody is at work on this one.
    let at_work = world.path(".sluice-aaaaaa.new");
    fs::write(&at_work, "half").unwrap();
    let lock = File::open(&at_work).unwrap();
    lock.lock().unwrap();
    for command in [
        &["org", "show"][..],
        &["org", "backup", "b.db"],
        &["org", "create", "--org", "sluice.db2"],
    ] {
        fill(&mut left.iter().map(String::as_str));
        world.admin().json(command);
        let now = listed(&world);
        // A founding goes with a name, and this one has another.
        let founding = |name: &&String| command[1] == "create" && name.contains("unfinished");
        for name in left.iter().filter(|name| !founding(name)) {
            assert!(!now.contains(name), "{command:?}: {now:?}");
        }
        assert!(stays.iter().all(|name| now.contains(&(*name).to_owned())), "{now:?}");
        assert!(at_work.exists());
    }
    drop(lock);
    world.admin().json(&["org", "show"]);
    assert!(!at_work.exists());
    // What lies beside a name that nobody has goes before somebody gets it.
    let log = fs::read(world.path("b.db")).unwrap();
    for ending in ["-wal", "-journal", "-shm"] {
        world.write(&format!("new.db{ending}"), &log);
    }
    world.admin().json(&["org", "create", "--org", "new.db"]);
    let check = world.admin().run(&["org", "check", "--org", "new.db"]);
    assert_eq!(check.code, 0, "{check:?}");
}

#[test]
fn a_file_is_a_file_whatever_the_database_calls_so() {
    let world = World::bare();
    let admin = world.admin();
    for name in [":memory:", "file:a.db", "file:b.db?mode=memory", "a%20b.db"] {
        admin.json(&["--org", name, "org", "create"]);
        let lead = id(&admin.json(&["--org", name, "row", "create", "lead", "lastname=x"]));
        assert!(world.path(name).is_file(), "{name}");
        let copy = format!("{name}.copy");
        admin.json(&["--org", name, "org", "backup", &copy]);
        admin.json(&["--org", name, "row", "delete", "lead", &lead]);
        admin.json(&["org", "restore", &copy, "--to", name]);
        admin.json(&["--org", name, "row", "get", "lead", &lead]);
    }
}

#[test]
fn refused_lines_go_into_no_side_file() {
    let world = World::empty();
    world.write("f.csv", "a\nmuch\n");
    world.write("m.toml", "[columns]\na = \"revenue\"\n");
    for name in ["x-wal", "x-journal", "x-shm"] {
        let line = [
            "import",
            "f.csv",
            "--table",
            "account",
            "--map",
            "m.toml",
            "--refused",
            name,
        ];
        assert_eq!(world.admin().refused(&line)["code"], "0x80040203", "{name}");
        assert!(!world.path(name).exists(), "{name}");
    }
}

#[test]
fn who_may_not_copy_an_organisation_does_not_replace_it() {
    let world = World::sample();
    world.admin().json(&["org", "backup", "b.db"]);
    let before = listed(&world);
    let seller = world.user("seller.west");
    refused(&seller, 1, &["org", "restore", "b.db"], &["prvsl_MaintainOrganization"]);
    let elsewhere = ["org", "restore", "sluice.db", "--unsealed", "--to", "b.db"];
    refused(&seller, 1, &elsewhere, &["prvsl_MaintainOrganization"]);
    assert_eq!(listed(&world), before);
    // Where nothing could answer, the files' own rights decide.
    seller.json(&["org", "restore", "b.db", "--to", "new.db"]);
    world.write("sluice.db", "no organisation");
    seller.json(&["org", "restore", "b.db"]);
    world.check();
}

#[test]
fn what_cannot_be_put_in_its_place_takes_nothing_away() {
    let world = World::sample();
    world.admin().json(&["org", "backup", "b.db"]);
    make(&world, "Later");
    // A part of a file that is gone has the next name, and is not taken for one of this file.
    world.write("sluice.db.replaced-wal", "left");
    world.admin().json(&["org", "restore", "b.db"]);
    assert!(world.path("sluice.db.replaced-2").exists());
    assert_eq!(fs::read(world.path("sluice.db.replaced-wal")).unwrap(), b"left");
    world
        .admin()
        .json(&["org", "restore", "sluice.db.replaced-2", "--unsealed"]);
    assert!(there(&world, "Later"));
}

#[test]
fn standard_output_and_input_take_the_place_of_files() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["solution", "create", "Mine"]);
    admin.json(&["solution", "add", "Mine", "role", "Salesperson"]);
    admin.json(&["plugin", "export", "commission", "commission.wasm"]);
    let out = |arguments: &[&str]| {
        let output = admin.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        output.stdout
    };
    let component = out(&["plugin", "export", "commission", "-"]);
    assert_eq!(component, fs::read(world.path("commission.wasm")).unwrap());
    assert!(out(&["solution", "export", "Mine", "-"]).starts_with(b"PK"));
    assert!(out(&["workflow", "new", "-"]).starts_with(b"{"));
    assert!(out(&["businessrule", "new", "-"]).starts_with(b"{"));
    for arguments in [
        &["org", "backup", "-"][..],
        &["org", "create", "--org", "-"],
        &["org", "restore", "sluice.db", "--unsealed", "--to", "-"],
    ] {
        refused(&admin, 1, arguments, &["standard output"]);
    }
    let both = admin.run(&["plugin", "export", "commission", "-", "--json"]);
    assert_eq!(both.code, 2, "{both:?}");
    assert!(!world.path("-").exists());
    let push = ["plugin", "push", "-", "--name", "again"];
    let mut child = admin
        .command(&push)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), &component).unwrap();
    assert!(child.wait().unwrap().success());
    let rolled = admin.run(&["plugin", "push", "commission.wasm", "--name", "name-guard", "--force"]);
    assert_eq!(rolled.code, 0, "{rolled:?}");
    let rolled = admin.run(&["plugin", "rollback", "name-guard", "--force"]);
    assert!(rolled.stdout.starts_with("rolled back name-guard to "), "{rolled:?}");
}

#[test]
fn a_piece_of_a_backup_is_named_and_not_the_organisations_own_file() {
    let world = World::empty();
    world.admin().json(&["org", "backup", "b.db"]);
    let whole = fs::read(world.path("b.db")).unwrap();
    world.write("piece.db", &whole[..100]);
    let run = world.admin().run(&["org", "restore", "piece.db", "--unsealed"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(
        run.says("`piece.db` is not restored") && run.says("nothing was changed"),
        "{run:?}"
    );
    assert!(!run.says("the organisation's file is damaged"), "{run:?}");
    world.check();
}
