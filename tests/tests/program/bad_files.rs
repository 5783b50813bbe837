//! Files that are not what they are taken for: plug-ins, organisations, imports. Nothing is
//! lost, in the organisation or in the file.

use sluice_tests::world::{World, argument, guest, refused, text};

/// A component, or a module, that imports one thing and has nothing else.
fn importing(component: bool, name: &str) -> Vec<u8> {
    let length = |bytes: usize| u8::try_from(bytes).unwrap();
    let mut bytes = b"\0asm".to_vec();
    if component {
        bytes.extend([0x0d, 0, 1, 0]); // a component
        bytes.extend([7, 3, 1, 0x42, 0]); // one type: an instance without exports
        bytes.extend([10, length(name.len() + 5), 1, 0, length(name.len())]);
        bytes.extend(name.bytes());
        bytes.extend([5, 0]); // an instance of that type
    } else {
        bytes.extend([1, 0, 0, 0]); // a module
        bytes.extend([1, 4, 1, 0x60, 0, 0]); // one type: a function without parameters
        bytes.extend([2, length(name.len() + 6), 1, length(name.len())]);
        bytes.extend(name.bytes());
        bytes.extend([1, b'f', 0, 0]); // a function `f` of that type
    }
    bytes
}

#[test]
fn files_that_are_no_plug_ins() {
    let world = World::sample();
    let whole = std::fs::read(guest("probe")).unwrap();
    let before = (world.counts(), world.steps());
    for (name, contents, word) in [
        ("empty.wasm", Vec::new(), "WebAssembly"),
        ("text.wasm", b"hello, this is text\n".to_vec(), "WebAssembly"),
        ("noise.wasm", whole.iter().rev().copied().collect(), "WebAssembly"),
        ("cut.wasm", whole[..3_000].to_vec(), "end-of-file"),
        ("cut-late.wasm", whole[..whole.len() - 7].to_vec(), "WebAssembly"),
        ("half.wasm", whole[..whole.len() / 2].to_vec(), "WebAssembly"),
        ("bare.wasm", b"\0asm\x01\0\0\0".to_vec(), "`describe`"),
        (
            "component.wasm",
            importing(true, "wasi:filesystem/preopens@0.2.0"),
            "`wasi:filesystem/preopens@0.2.0`",
        ),
        (
            "module.wasm",
            importing(false, "wasi_snapshot_preview1"),
            "`wasi_snapshot_preview1`",
        ),
        (
            "other.wasm",
            importing(true, "sluice:plugin/context@2.0.0"),
            "`sluice:plugin/context@2.0.0`",
        ),
        (
            "foreign.wasm",
            importing(true, "acme:crm/hooks@1.0.0"),
            "`acme:crm/hooks@1.0.0`",
        ),
    ] {
        world.write(name, contents);
        refused(&world.admin(), 1, &["plugin", "push", name], &[word]);
        // Nor as a new version of a plug-in that is there.
        refused(
            &world.admin(),
            1,
            &["plugin", "push", name, "--name", "commission"],
            &[word],
        );
    }
    // Names that steps could not call, or that nobody sees.
    for name in [" ", "a/b", "a\nb", "a\u{200b}b"] {
        let push = ["plugin", "push", &guest("probe"), "--name", name];
        refused(&world.admin(), 1, &push, &["is no name of a plug-in"]);
    }
    refused(
        &world.admin(),
        3,
        &["plugin", "push", "missing.wasm"],
        &["missing.wasm"],
    );
    refused(&world.admin(), 2, &["plugin", "push", "."], &["Cargo.toml"]);
    assert_eq!((world.counts(), world.steps()), before);
    let error =
        world
            .user("seller.west")
            .refused(&["row", "create", "account", "name=x", "address1_stateorprovince=WA"]);
    assert_eq!(
        error["privilege"], "prvReadsl_commissionrule",
        "the plug-in works as before: {error}"
    );
}

/// The program must refuse the file, whatever is asked, and leave every byte of it.
fn left_alone(world: &World, file: &str, words: &[&str]) {
    let before = std::fs::read(world.path(file)).unwrap();
    for arguments in [
        &["org", "show"][..],
        &["org", "check"],
        &["row", "list", "lead"],
        &["row", "create", "account", "name=x"],
        &["org", "backup", "copy.db"],
    ] {
        refused(&world.admin(), 3, &[arguments, &["--org", file]].concat(), words);
    }
    refused(
        &world.admin(),
        1,
        &["org", "create", "--org", file],
        &["exists already"],
    );
    refused(
        &world.admin(),
        1,
        &["org", "create", "--sample", "--org", file],
        &["exists already"],
    );
    assert_eq!(std::fs::read(world.path(file)).unwrap(), before, "{file}");
    assert!(!world.path("copy.db").exists());
}

#[test]
fn files_that_are_no_organisations() {
    let world = World::empty();
    let other = rusqlite::Connection::open(world.path("other.db")).unwrap();
    other
        .execute_batch("CREATE TABLE lead (id INTEGER); INSERT INTO lead VALUES (1); PRAGMA user_version = 1")
        .unwrap();
    other.close().unwrap();
    left_alone(&world, "other.db", &["other.db", "another program"]);

    std::fs::copy(world.path("sluice.db"), world.path("newer.db")).unwrap();
    let newer = rusqlite::Connection::open(world.path("newer.db")).unwrap();
    newer
        .execute_batch("PRAGMA journal_mode = DELETE; PRAGMA user_version = 999")
        .unwrap();
    newer.close().unwrap();
    left_alone(&world, "newer.db", &["newer.db", "newer version"]);

    world.write("text.db", "Dear reader,\nthis is a letter.\n".repeat(100));
    left_alone(&world, "text.db", &["not a database"]);
    world.write("empty.db", "");
    left_alone(&world, "empty.db", &["empty.db"]);
    let whole = std::fs::read(world.path("sluice.db")).unwrap();
    world.write("cut.db", &whole[..whole.len() / 2]);
    left_alone(&world, "cut.db", &["damaged"]);
}

#[test]
fn organisations_that_are_not_there() {
    let world = World::bare();
    let admin = world.admin();
    for arguments in [
        &["org", "show"][..],
        &["row", "list", "lead"],
        &["row", "create", "account", "name=x"],
        &["plugin", "push", &guest("probe")],
        &["diagnose", "create-each", "--user", "admin"],
    ] {
        refused(&admin, 3, arguments, &["there is no organisation at", "sluice.db"]);
        refused(
            &admin,
            3,
            &[arguments, &["--org", "else/where.db"]].concat(),
            &["else/where.db"],
        );
    }
    assert_eq!(
        std::fs::read_dir(world.path(".")).unwrap().count(),
        0,
        "asking made a file"
    );
    std::fs::create_dir(world.path("folder")).unwrap();
    refused(&admin, 3, &["org", "show", "--org", "folder"], &["folder"]);
    refused(&admin, 1, &["org", "create", "--org", "folder"], &["folder"]);
}

#[test]
fn an_organisation_is_never_made_over_another_file() {
    let world = World::empty();
    world.admin().json(&["row", "create", "account", "name=Precious"]);
    for sample in [&[][..], &["--sample"]] {
        refused(
            &world.admin(),
            1,
            &[&["org", "create"][..], sample].concat(),
            &["sluice.db", "exists already"],
        );
    }
    world.write("full.db", "something");
    refused(&world.admin(), 1, &["org", "backup", "full.db"], &["full.db"]);
    assert_eq!(std::fs::read(world.path("full.db")).unwrap(), b"something");
    assert_eq!(world.count("account", "name eq 'Precious'"), 1);
}

#[test]
fn folders_that_cannot_be_written() {
    let world = World::empty();
    // Nobody can, not even root.
    refused(
        &world.admin(),
        3,
        &["org", "create", "--org", "/proc/sluice.db"],
        &["/proc/sluice.db"],
    );
    refused(
        &world.admin(),
        3,
        &["org", "create", "--org", "none/such/sluice.db"],
        &["none/such/sluice.db"],
    );
    refused(
        &world.admin(),
        3,
        &["org", "backup", "/proc/copy.db"],
        &["/proc/copy.db"],
    );
    refused(
        &world.admin(),
        3,
        &["org", "backup", "none/such/copy.db"],
        &["none/such/copy.db"],
    );
}

#[test]
fn imports_that_cannot_begin() {
    let world = World::empty();
    let admin = world.admin();
    world.write("leads.csv", "Name,Mail\nAda,ada@example.com\n");
    world.write(
        "good.toml",
        "[columns]\nName = \"lastname\"\nMail = \"emailaddress1\"\n",
    );
    let import = |file: &str, map: &str, code: i32, words: &[&str]| {
        let arguments = ["import", file, "--table", "lead", "--map", map];
        refused(&admin, code, &arguments, words);
    };
    import("missing.csv", "good.toml", 3, &["missing.csv"]);
    import("leads.csv", "missing.toml", 3, &["missing.toml"]);
    import(".", "good.toml", 2, &["no file"]);
    for (name, map, word) in [
        ("broken.toml", "[columns\n", "broken.toml"),
        ("half.toml", "[columns]\nName = \"lastname\"\n", "Mail"),
        (
            "column.toml",
            "[columns]\nName = \"lastname\"\nMail = \"mail\"\n",
            "`mail`",
        ),
        (
            "more.toml",
            "[columns]\nName = \"lastname\"\nMail = \"emailaddress1\"\nPhone = \"telephone1\"\n",
            "Phone",
        ),
        (
            "twice.toml",
            "[columns]\nName = \"lastname\"\nMail = \"lastname\"\n",
            "lastname",
        ),
        ("part.toml", "[colums]\nName = \"lastname\"\n", "colums"),
    ] {
        world.write(name, map);
        import("leads.csv", name, 1, &[word]);
    }
    let arguments = ["import", "leads.csv", "--table", "ledger", "--map", "good.toml"];
    refused(&admin, 1, &arguments, &["`ledger`"]);
    for (name, contents) in [
        ("binary.csv", &b"\x00\x01\xff\xfe\x80"[..]),
        ("empty.csv", b""),
        ("latin.csv", b"N\xe4me,Mail\n"),
    ] {
        world.write(name, contents);
        import(name, "good.toml", 1, &[name]);
    }
    assert_eq!(world.count("lead", ""), 0);
    let report = admin.json(&[
        "import",
        argument(&world.path("leads.csv")),
        "--table",
        "lead",
        "--map",
        "good.toml",
    ]);
    assert_eq!((&report["read"], &report["created"]), (&1.into(), &1.into()));
    assert_eq!(text(&world.rows("lead", "lastname", "")[0], "lastname"), "Ada");
}

#[test]
fn broken_lines_cost_themselves() {
    let world = World::empty();
    world.write("map.toml", "[columns]\nName = \"lastname\"\nMail = \"emailaddress1\"\n");
    let long = "z".repeat(51);
    let lines: [(&[u8], Option<&str>); 13] = [
        (b"\xef\xbb\xbfName,Mail", None),
        (b"Ada,a@example.com", None),
        (b"Bob", Some("1 fields")),
        (b"Cid,c@example.com,more", Some("3 fields")),
        (b"", None),
        (b"Dan,d@example.com", None),
        (b"E\xe4l,e@example.com", Some("UTF-8")),
        (b"Fay,f@example.com", None),
        (long.as_bytes(), Some("1 fields")),
        (b"\"Gil\"bert,g@example.com", Some("quote")),
        (&[long.as_bytes(), b",h@example.com"].concat(), Some("'lastname'")),
        (b"Jo\"e,j@example.com", None),
        (b"\"Kim,k@example.com", Some("never closed")),
    ];
    world.write("leads.csv", lines.map(|(line, _)| line).join(&b"\r\n"[..]));
    let run = world
        .admin()
        .run(&["import", "leads.csv", "--table", "lead", "--map", "map.toml", "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let report = run.json();
    let refused = report["refused"].as_array().unwrap();
    let expected: Vec<_> = lines
        .iter()
        .enumerate()
        .filter_map(|(at, (_, why))| Some((at + 1, (*why)?)))
        .collect();
    assert_eq!(refused.len(), expected.len(), "{report}");
    for (refused, (line, why)) in refused.iter().zip(expected) {
        assert_eq!(refused["line"], line, "{report}");
        assert!(text(refused, "reason").contains(why), "{refused}");
    }
    assert_eq!((&report["read"], &report["created"]), (&11.into(), &4.into()));
    let mut names: Vec<_> = world
        .rows("lead", "lastname", "")
        .iter()
        .map(|row| text(row, "lastname"))
        .collect();
    names.sort();
    assert_eq!(names, ["Ada", "Dan", "Fay", "Jo\"e"]);
}

#[test]
fn headings_that_nobody_understands() {
    let world = World::empty();
    world.write("map.toml", "[columns]\nName = \"lastname\"\nMail = \"emailaddress1\"\n");
    for (contents, word) in [
        ("Name,Name,Mail\na,b,c\n", "`Name` twice"),
        ("Name,,Mail\na,b,c\n", "``"),
        ("Name;Mail\na;b\n", "`Name;Mail`"),
        ("a,b\nName,Mail\n", "`a`"),
    ] {
        world.write("leads.csv", contents);
        let arguments = ["import", "leads.csv", "--table", "lead", "--map", "map.toml"];
        refused(&world.admin(), 1, &arguments, &["leads.csv", word]);
    }
    assert_eq!(world.count("lead", ""), 0);
}
