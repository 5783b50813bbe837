//! Names of things: nobody is taken for somebody else by theirs, and people see the whole of them.

use sluice_tests::world::{World, id};

#[test]
fn nobody_signs_in_under_a_name_that_looks_like_anothers() {
    let world = World::empty();
    let admin = world.admin();
    for name in ["seller.west", "manager", "o0"] {
        admin.json(&["user", "create", name]);
    }
    let free = id(&admin.json(&["user", "create", "ann"]));
    for (name, word) in [
        ("ADMIN", "belongs to another user"),
        ("\u{430}dmin", "looks like admin"),
        ("adm\u{131}n", "looks like admin"),
        ("\u{e1}dm\u{456}n", "looks like admin"),
        ("se1ler.west", "looks like seller.west"),
        ("rnanager", "looks like manager"),
        ("o\u{43e}", "looks like o0"),
        ("x\u{202e}y", "characters that nobody sees"),
        ("x\ny", "characters that nobody sees"),
    ] {
        let renamed = format!("domainname={name}");
        for line in [
            &["user", "create", name][..],
            &["row", "update", "systemuser", &free, &renamed],
        ] {
            let refused = admin.refused(line);
            assert!(
                refused["message"].as_str().unwrap().contains(word),
                "{name:?}: {refused}"
            );
        }
    }
    for name in ["anna", "seller.east", "managers", "o1"] {
        admin.json(&["user", "create", name]);
    }
    admin.json(&["row", "update", "systemuser", &free, "domainname=ANN"]);
}

#[test]
fn things_are_not_named_by_what_nobody_sees() {
    let world = World::empty();
    let admin = world.admin();
    for name in [
        "Sales ",
        " Sales",
        "Sales\n",
        "\u{200b}Sales",
        "\u{200b}",
        " ",
        "Sales\u{a0}",
    ] {
        let named = |column: &str| format!("{column}={name}");
        let unique = named("uniquename");
        let sign_in = named("domainname");
        let name_is = named("name");
        for line in [
            &["role", "create", name][..],
            &["team", "create", name],
            &["bu", "create", name],
            &["profile", "create", name],
            &["user", "create", name],
            &["row", "create", "position", &name_is],
            &[
                "row",
                "create",
                "solution",
                &unique,
                "version=1.0.0.0",
                "friendlyname=S",
            ],
            &["row", "update", "systemuser", "admin", &sign_in],
            &["row", "update", "role", "Salesperson", &name_is],
            &["row", "update", "savedquery", "Open Leads", &name_is],
        ] {
            let refused = admin.refused(line);
            let message = refused["message"].as_str().unwrap();
            assert!(
                message.contains("nobody sees") || message.contains("needs a") || message.contains("name"),
                "{line:?}: {refused}"
            );
        }
    }
    // What is no definition is called as people like.
    admin.json(&["row", "create", "account", "name= Sales "]);
    admin.json(&["role", "create", "Sales West"]);
}
