//! What somebody hands in may not cost more than it is worth: the privilege comes before the
//! reading, and the limits before the work. The memory of the program is capped here.

use std::{
    ffi::OsStr,
    io::{Cursor, Write},
    os::unix::ffi::OsStrExt,
    process::{Command, Stdio},
};

use sluice_tests::{
    program::{Program, Run, path},
    world::{World, refused},
};

/// Runs the program with a gigabyte of addresses.
fn capped(program: &Program, arguments: &[&str]) -> Run {
    let inner = program.command(arguments);
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -v 1048576 && exec \"$0\" \"$@\""])
        .arg(path())
        .args(inner.get_args())
        .current_dir(inner.get_current_dir().unwrap());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[track_caller]
fn refused_within(program: &Program, arguments: &[&str], code: &str, word: &str) {
    let run = capped(program, &[arguments, &["--json"]].concat());
    assert_eq!(run.code, 1, "{arguments:?}: {run:?}");
    let error = run.json()["error"].clone();
    assert_eq!(error["code"], code, "{arguments:?}: {error}");
    assert!(
        error["message"].as_str().unwrap().contains(word),
        "{arguments:?}: {error}"
    );
}

/// Thirty components inside each other, each making two instances of the one in it: 1.4 KB that
/// stand for a thousand million instances.
fn bomb() -> Vec<u8> {
    let header = b"\0asm\x0d\0\x01\0";
    let mut component = header.to_vec();
    for _ in 0..30 {
        let length = component.len();
        let size = [
            u8::try_from(length & 0x7f).unwrap() | 0x80,
            u8::try_from(length >> 7).unwrap(),
        ];
        component = [header, &[4][..], &size, &component, &[5, 7, 2, 0, 0, 0, 0, 0, 0]].concat();
    }
    component
}

/// An archive with one file.
fn archive(name: &str, text: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file(name, zip::write::SimpleFileOptions::default())
        .unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn the_privilege_comes_before_the_reading() {
    let world = World::sample();
    let seller = world.user("seller.west");
    // None of these files is there: whoever may not hand them in is not told so.
    for (arguments, privilege) in [
        (&["plugin", "push", "missing.wasm"][..], "prvReadPluginAssembly"),
        (&["solution", "import", "missing.zip"], "prvImportCustomization"),
        (
            &["import", "missing.csv", "--table", "role", "--map", "missing.toml"],
            "prvCreateRole",
        ),
        (&["flow", "create", "missing.toml"], "prvCreateWorkflow"),
    ] {
        refused(&seller, 1, arguments, &[privilege]);
        // Whoever may is.
        refused(&world.admin(), 3, arguments, &["missing", "cannot be read"]);
    }
    let fetch = "<fetch><entity name=\"audit\"><nonsense/></entity></fetch>";
    refused(&seller, 1, &["view", "run", "--fetch", fetch], &["prvReadAudit"]);
    refused(&world.admin(), 1, &["view", "run", "--fetch", fetch], &["nonsense"]);
    // Whoever may do nothing is told that, whatever it is.
    world.admin().json(&["user", "create", "none"]);
    let none = world.user("none");
    for arguments in [
        &["view", "run", "--fetch", "<garbage"][..],
        &["view", "run", "--fetch", "@missing.xml"],
        &["exec", "RetrieveMultiple", "Query=<garbage"],
        &["exec", "Create", "Target:=[[["],
        &["exec", "Create", "Target=@missing.json"],
    ] {
        let error = refused(&none, 1, arguments, &[]);
        assert_eq!(error["code"], "0x80042F09", "{arguments:?}");
    }
}

#[test]
fn a_plugin_is_refused_by_its_structure() {
    let world = World::sample();
    world.write("bomb.wasm", bomb());
    let push = ["plugin", "push", "bomb.wasm"];
    refused_within(&world.admin(), &push, "0x8004418F", "more than this host compiles");
    refused_within(
        &world.user("seller.west"),
        &push,
        "0x80040220",
        "PluginAssembly privilege",
    );
    world.write("long.wasm", vec![0; (16 << 20) + 1]);
    refused_within(
        &world.admin(),
        &["plugin", "push", "long.wasm"],
        "0x80040203",
        "larger than",
    );
}

#[test]
fn a_solution_is_refused_by_the_number_of_its_values() {
    let world = World::sample();
    let text = format!("[{}[0]]", "[0],".repeat(15_000_000));
    world.write("values.zip", archive("manifest.json", &text));
    let import = ["solution", "import", "values.zip"];
    refused_within(&world.admin(), &import, "0x80048499", "values");
    refused_within(
        &world.user("seller.west"),
        &import,
        "0x80040220",
        "prvImportCustomization",
    );
}

#[test]
fn what_has_no_end_is_not_read_to_it() {
    let world = World::sample();
    let admin = world.admin();
    for arguments in [
        &["row", "create", "account", "name=@/dev/zero"][..],
        &["plugin", "push", "/dev/zero", "--name", "zero"],
        &["view", "run", "--fetch", "@/dev/zero"],
        &["import", "missing.csv", "--table", "lead", "--map", "/dev/zero"],
        &["flow", "create", "/dev/zero"],
    ] {
        refused_within(&admin, arguments, "0x80040203", "/dev/zero is larger than");
    }
}

#[test]
fn more_columns_than_a_query_has_are_a_refusal() {
    let world = World::sample();
    let many = vec!["name"; 3_000].join(",");
    for option in ["--select", "--order"] {
        let error = world.admin().refused(&["row", "list", "account", option, &many]);
        assert!(
            error["message"].as_str().unwrap().contains("at most"),
            "{option}: {error}"
        );
    }
}

#[test]
fn arguments_that_are_no_text_are_wrong_usage_and_paths_are_not() {
    let world = World::sample();
    let odd = OsStr::from_bytes(b"\xff");
    for arguments in [
        &[OsStr::new("row"), OsStr::new("list"), odd][..],
        &[
            OsStr::new("row"),
            OsStr::new("list"),
            OsStr::new("account"),
            OsStr::new("--as"),
            odd,
        ],
        &[
            OsStr::new("row"),
            OsStr::new("list"),
            OsStr::new("account"),
            OsStr::new("--filter"),
            odd,
        ],
    ] {
        for json in [false, true] {
            let mut command = world.admin().command(&[]);
            command.args(arguments);
            if json {
                command.arg("--json");
            }
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        }
    }
    for arguments in [
        &["org", "create"][..],
        &["org", "show"],
        &["org", "check"],
        &["row", "list", "account"],
    ] {
        for json in [&[][..], &["--json"]] {
            if arguments[1] == "create" && !json.is_empty() {
                continue;
            }
            let mut command = world.admin().command(arguments);
            command.args(json).arg("--org").arg(OsStr::from_bytes(b"odd-\xff.db"));
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        }
    }
}

#[test]
fn an_answer_that_cannot_be_printed_says_what_was_done() {
    let world = World::sample();
    for (arguments, words) in [
        (
            &["row", "create", "account", "name=Kept"][..],
            "what it changed is kept",
        ),
        (&["row", "list", "account"], "it changed nothing"),
        (&["role", "show", "Salesperson"], "it changed nothing"),
        (
            &["diagnose", "isolate", "--user", "seller.west", "--table", "account"],
            "it changed nothing",
        ),
        (&["org", "backup", "b.db"], "carried out: copied to b.db"),
        (&["org", "restore", "b.db", "--yes"], "carried out: restored"),
        (&["org", "create", "--org", "new.db"], "carried out: created new.db"),
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = world.admin().command(arguments).stdout(full).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(world.count("account", "name eq 'Kept'"), 1);
}

/// The program's own file has a bound as those have that the command line names.
#[test]
fn a_file_of_contexts_without_an_end_is_refused() {
    let world = World::sample();
    let mut command = world.admin().command(&["use"]);
    let output = command.env("SLUICE_CONTEXTS", "/dev/zero").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{told}");
    assert!(told.contains("/dev/zero is larger than"), "{told}");
}

#[test]
fn a_limit_on_the_size_of_files_is_like_a_full_disk() {
    let world = World::sample();
    world.write(
        "accounts.csv",
        format!(
            "Name\n{}",
            (0..20_000).map(|line| format!("Large {line}\n")).collect::<String>()
        ),
    );
    world.write("map.toml", "[columns]\nName = \"name\"\n");
    let blocks = std::fs::metadata(world.path("sluice.db")).unwrap().len() / 512 + 1_000;
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -f {blocks} && exec \"$0\" \"$@\"")])
        .arg(path())
        .args(["import", "accounts.csv", "--table", "account", "--map", "map.toml"])
        .current_dir(world.path(""))
        .env("XDG_CACHE_HOME", sluice_tests::root().join("target/tests-cache"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(!output.stdout.is_empty() || !output.stderr.is_empty());
    world.check();
}

#[test]
fn a_document_of_too_many_values_is_refused() {
    let world = World::empty();
    let values = format!(
        "{{\"@odata.type\":\"account\",\"x\":[{}]}}",
        vec!["[0]"; 600_000].join(",")
    );
    world.write("many.json", values);
    let run = capped(&world.admin(), &["exec", "Create", "Target=@many.json"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.says("more than 500000 values"), "{run:?}");
}

#[test]
fn who_may_not_is_told_that_and_not_what_is_wrong() {
    let world = World::empty();
    world.admin().json(&["user", "create", "nobody"]);
    for line in [
        &["row", "list", "lead", "--filter", "((("][..],
        &["row", "list", "lead", "--order", "nothing"],
        &["row", "create", "lead", "zz_nothing=1"],
        &["row", "update", "lead", "x", "revenue=much"],
        &["row", "upsert", "lead", "lastname=x", "revenue=much"],
        &["column", "create", "lead", "zz_n", "int", "--default", "much"],
        &[
            "exec",
            "RetrieveMultiple",
            "Query=<fetch><entity name='lead'><nothing/></entity></fetch>",
        ],
        &[
            "view",
            "run",
            "--fetch",
            "<fetch><entity name='lead'><nothing/></entity></fetch>",
        ],
    ] {
        let refused = world.user("nobody").refused(line);
        assert_eq!(refused["code"], "0x80042F09", "{line:?}");
        let told = world.admin().run(line);
        assert!(told.code == 1 || told.code == 2, "{line:?}: {told:?}");
    }
}
