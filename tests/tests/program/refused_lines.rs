//! What an import says of the lines that it refused, on the screen and in their file.

use sluice_tests::world::World;

#[test]
fn refused_lines_are_told_as_other_refusals_are() {
    let world = World::sample();
    world.write(
        "l.csv",
        "Last,Mail,Owner\nEng,purchasing@nowakcycles.example,\nOther,other@example.com,user:seller.east\n",
    );
    world.write(
        "m.toml",
        "[columns]\nLast = \"lastname\"\nMail = \"emailaddress1\"\nOwner = \"ownerid\"\n",
    );
    let import = [
        "import",
        "l.csv",
        "--table",
        "lead",
        "--map",
        "m.toml",
        "--detect-duplicates",
    ];
    let run = world.user("seller.west").run(&import);
    assert_eq!(run.code, 1, "{run:?}");
    let file = std::fs::read_to_string(world.path("l.refused.csv")).unwrap();
    for told in [
        "It matches lead ",
        "lead Alex Patel",
        "by the rule",
        "seller.west lacks prvAssignLead",
    ] {
        assert!(run.stdout.contains(told), "{told}: {run:?}");
        assert!(file.contains(told), "{told}: {file}");
    }
    assert!(!file.contains("Principal user"), "{file}");
    for help in ["what to do (0x80040333 DuplicateRecordsFound", "ask an administrator"] {
        assert!(run.stdout.contains(help), "{help}: {run:?}");
    }
}
