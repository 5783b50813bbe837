//! What people get wrong on the command line: a clear answer that names the thing, the right
//! exit code, and nothing changed.

use sluice_tests::program::{Program, Run};

use sluice_tests::world::{World, guest, id, list, refused, text};

const NOBODY: &str = "11111111-1111-4111-8111-111111111111";

/// A name that is nearly right leads to the right one, whatever it is the name of; as far as the user may read it.
#[test]
fn names_that_are_nearly_right() {
    let world = World::sample();
    let admin = world.admin();
    for (arguments, meant) in [
        (&["role", "show", "Salespersn"][..], "Salesperson"),
        (&["role", "grant", "Salesperson", "prvReadLeads", "org"], "prvReadLead"),
        (&["role", "revoke", "Salesperson", "prvReadLeads"], "prvReadLead"),
        (&["user", "role-add", "seller.west", "Salespersn"], "Salesperson"),
        (&["user", "show", "seller.wst"], "seller.west"),
        (
            &["step", "disable", "commision: Create of account"],
            "commission: Create of account",
        ),
        (&["view", "run", "My Opn Leads"], "My Open Leads"),
        (&["plugin", "show", "comission"], "commission"),
        (
            &["flow", "show", "Lead to Oportunity Sales Process"],
            "Lead to Opportunity Sales Process",
        ),
        (&["row", "create", "lead", "lastnme=x"], "lastname"),
        (&["row", "create", "lead", "Last Name=x"], "lastname"),
        (&["row", "create", "lead", "firstnam=x"], "firstname"),
    ] {
        refused(&admin, 1, arguments, &[&format!("did you mean `{meant}`?")]);
    }
    refused(
        &admin,
        1,
        &["step", "disable", "commision"],
        &["there is no step \"commision\""],
    );
    let west = world.user("seller.west");
    let told = west.run(&["role", "show", "Salespersn"]);
    assert!(!told.stderr.contains("Salesperson`"), "{}", told.stderr);
}

/// Nothing of all this changes a row or a step.
fn changes_nothing(world: &World, ask: impl FnOnce(&Program)) {
    let before = (world.counts(), world.steps());
    ask(&world.admin());
    assert_eq!((world.counts(), world.steps()), before);
}

#[test]
fn nobody_acts_as_the_platform_itself() {
    let world = World::sample();
    let system = world.rows("systemuser", "domainname", "domainname eq 'SYSTEM'");
    let id = text(&system[0], "systemuserid");
    for name in ["SYSTEM", "system", &id] {
        for arguments in [&["row", "list", "account"][..], &["table", "list"]] {
            refused(&world.user(name), 2, arguments, &["nobody acts as it"]);
        }
    }
}

#[test]
fn names_that_are_not_there() {
    let world = World::sample();
    changes_nothing(&world, |admin| {
        for arguments in [
            &["row", "list", "ledger"][..],
            &["row", "get", "ledger", NOBODY],
            &["row", "create", "ledger", "name=x"],
            &["row", "update", "ledger", NOBODY, "name=x"],
            &["row", "delete", "ledger", NOBODY],
            &["diagnose", "isolate", "--user", "seller.west", "--table", "ledger"],
        ] {
            refused(admin, 1, arguments, &["`ledger`"]);
        }
        for arguments in [
            &["row", "create", "account", "nmae=x"][..],
            &["row", "create", "account", "name=x", "nmae=1"],
            &["row", "list", "account", "--select", "nmae"],
            &["row", "list", "account", "--order", "nmae"],
            &["row", "list", "account", "--filter", "nmae eq 'x'"],
        ] {
            refused(admin, 1, arguments, &["`account`", "`nmae`"]);
        }
        for arguments in [
            &["row", "get", "account", NOBODY][..],
            &["row", "update", "account", NOBODY, "name=x"],
            &["row", "delete", "account", NOBODY],
            &["step", "disable", NOBODY],
        ] {
            refused(admin, 1, arguments, &[NOBODY]);
        }
        for arguments in [
            &["row", "get", "account", "Nowhere Ltd"][..],
            &["row", "get", "account", "11111111-1111-4111-8111-11111111111"],
            &["row", "get", "account", ""],
            &["step", "disable", "nothing: Create of nothing"],
            &["plugin", "disable", "nothing"],
            &["plugin", "show", "nothing"],
            &["role", "show", "nothing"],
            &["user", "show", "nothing"],
            &["diagnose", "create-each", "--user", "nothing"],
            &["row", "list", "account", "--as", "nothing"],
            &["row", "list", "account", "--as", ""],
        ] {
            let named = if arguments.contains(&"nothing") {
                "nothing"
            } else {
                "there is no"
            };
            refused(admin, 1, arguments, &[named]);
        }
    });
}

#[test]
fn values_that_do_not_fit() {
    let world = World::sample();
    changes_nothing(&world, |admin| {
        let long = format!("name={}", "x".repeat(161));
        for (assignment, words) in [
            (long.as_str(), &["'name'", "160"][..]),
            ("accountcategorycode=77", &["'accountcategorycode'", "77"]),
            ("accountcategorycode=Gold", &["'accountcategorycode'", "Gold"]),
            ("numberofemployees=many", &["`numberofemployees`", "many"]),
            ("numberofemployees=-5", &["'numberofemployees'", "-5"]),
            ("numberofemployees=99999999999", &["'numberofemployees'"]),
            ("numberofemployees=1.5", &["`numberofemployees`"]),
            ("revenue=1e99", &["`revenue`"]),
            ("revenue:=true", &["`revenue`"]),
            ("name:=12", &["`name`"]),
            ("donotphone=perhaps", &["`donotphone`"]),
            ("overriddencreatedon=someday", &["`overriddencreatedon`", "someday"]),
            ("overriddencreatedon=2025-02-30", &["`overriddencreatedon`"]),
            ("statecode=Asleep", &["'statecode'"]),
        ] {
            refused(admin, 1, &["row", "create", "account", assignment], words);
        }
        let lookup = |target: &str| format!("parentcustomerid={target}");
        for (target, word) in [
            (format!("account:{NOBODY}"), NOBODY),
            ("account:Nowhere Ltd".to_owned(), "Nowhere Ltd"),
            ("Nowhere Ltd".to_owned(), "`parentcustomerid`"),
            (format!("lead:{NOBODY}"), "`parentcustomerid`"),
        ] {
            refused(
                admin,
                1,
                &["row", "create", "contact", "lastname=Low", &lookup(&target)],
                &[word],
            );
        }
        refused(
            admin,
            1,
            &["row", "create", "contact", "parentcustomerid_x=1"],
            &["`parentcustomerid_x`"],
        );
    });
}

#[test]
fn an_ambiguous_name_lists_the_candidates() {
    let world = World::sample();
    let twins: Vec<String> = (0..2)
        .map(|_| id(&world.admin().json(&["row", "create", "account", "name=Twin"])))
        .collect();
    let words: Vec<&str> = ["Twin"].into_iter().chain(twins.iter().map(String::as_str)).collect();
    changes_nothing(&world, |admin| {
        for arguments in [
            &["row", "get", "account", "Twin"][..],
            &["row", "update", "account", "Twin", "name=y"],
            &["row", "delete", "account", "Twin"],
            &[
                "row",
                "create",
                "contact",
                "lastname=x",
                "parentcustomerid=account:Twin",
            ],
        ] {
            refused(admin, 2, arguments, &words);
        }
    });
    assert_eq!(
        text(&world.admin().json(&["row", "get", "account", &twins[1]]), "name"),
        "Twin"
    );
}

#[test]
fn arguments_that_make_no_sense() {
    let world = World::sample();
    changes_nothing(&world, |admin| {
        for (arguments, word) in [
            (&[][..], "subcommand"),
            (&["row"], "subcommand"),
            (&["rwo", "list"], "rwo"),
            (&["row", "list"], "<TABLE>"),
            (&["row", "list", "account", "--top", "-1"], "-1"),
            (&["row", "list", "account", "--top", "ten"], "ten"),
            (&["row", "update", "account", NOBODY], "NAME=VALUE"),
            (&["row", "create", "account", "name"], "`name`"),
            (&["row", "create", "account", ""], "``"),
            (&["row", "create", "account", "=x"], "`=x`"),
            (&["row", "create", "account", "name:={\"a\""], "JSON"),
            (&["row", "create", "account", "name=a", "name=b"], "`name`"),
            (&["lead", "qualify"], "<ID>"),
            (&["lead", "qualify", NOBODY, "--account", "maybe"], "maybe"),
            (&["import", "x.csv"], "--table"),
            (&["flow", "lint", "--max", "-1"], "invalid value '-1'"),
            (&["diagnose", "isolate", "--user", "seller.west"], "--lead"),
            (&["role", "grant", "Salesperson", "prvReadLead", "sideways"], "sideways"),
            (&["org", "show", "--org", "https://crm.example"], "https://crm.example"),
        ] {
            refused(admin, 2, arguments, &[word]);
        }
        refused(
            admin,
            3,
            &["row", "create", "account", "name=@missing.txt"],
            &["missing.txt"],
        );
    });
}

#[test]
fn filters_that_make_no_sense() {
    let world = World::sample();
    let admin = world.admin();
    for (filter, word) in [
        ("name eq", "too early"),
        ("name zz 'x'", "`zz`"),
        ("name eq 'x", "no end"),
        ("(name eq 'x'", "name eq 'x'"),
        ("name eq 'x' name eq 'y'", "name eq 'y'"),
        ("revenue gt 'lots'", "revenue"),
        ("createdon gt yesterday", "yesterday"),
        ("statecode eq 'Asleep'", "Asleep"),
        ("shout(name)", "shout"),
    ] {
        refused(&admin, 1, &["row", "list", "account", "--filter", filter], &[word]);
    }
    refused(
        &admin,
        1,
        &["row", "list", "account", "--order", "name sideways"],
        &["sideways"],
    );
}

#[test]
fn steps_that_cannot_be() {
    let world = World::sample();
    world.admin().json(&["plugin", "push", &guest("probe")]);
    changes_nothing(&world, |admin| {
        let register = |options: &str, code: i32, word: &str| {
            let arguments = format!("step register --plugin probe/probe {options}");
            refused(admin, code, &arguments.split(' ').collect::<Vec<_>>(), &[word]);
        };
        let account = "--table account --stage pre-operation";
        register(&format!("--message Explode {account}"), 1, "`Explode`");
        register("--message Create --table ledger --stage pre-operation", 1, "`ledger`");
        register(&format!("--message QualifyLead {account}"), 1, "QualifyLead of account");
        register("--message Create --table account --stage middle", 2, "middle");
        register("--message Create --table account --stage 30", 2, "30");
        register(&format!("--message Create {account} --mode later"), 2, "later");
        register(&format!("--message Create {account} --mode async"), 1, "post-operation");
        register(&format!("--message Create {account} --run-as nobody"), 1, "nobody");
        register(&format!("--message Delete {account} --columns name"), 1, "Update");
        register(&format!("--message Update {account} --columns nmae"), 1, "`nmae`");
        register(&format!("--message Update {account} --image pre:a:nmae"), 1, "`nmae`");
        register(&format!("--message Update {account} --image before:a"), 2, "before");
        register(&format!("--message Create {account} --image pre:a:name"), 1, "image");
        register(
            &format!("--message Create {account} --config @missing.txt"),
            3,
            "missing.txt",
        );
        register(&format!("--message Create {account} --limits no-json"), 1, "limits");
        register(&format!("--message Create {account} --grant files"), 1, "files");
        register(&format!("--message Create {account} --rank first"), 2, "first");
        let nobodys = [
            "step",
            "register",
            "--plugin",
            "nobodys/kind",
            "--message",
            "Create",
            "--stage",
            "pre-operation",
        ];
        refused(admin, 1, &nobodys, &["`nobodys`"]);
        refused(
            admin,
            2,
            &["step", "update", "commission: Create of account"],
            &["nothing is to be changed"],
        );
    });
}

/// A row that others refer to, where these hold it back.
#[test]
fn what_others_refer_to_stays() {
    let world = World::sample();
    changes_nothing(&world, |admin| {
        for (table, name, word) in [
            ("systemuser", "seller.west", "disable the user"),
            ("businessunit", "West", "Not disabled business unit"),
            ("pluginassembly", "commission", "commission: Create of account"),
        ] {
            refused(admin, 1, &["row", "delete", table, name], &[word]);
        }
        refused(
            admin,
            1,
            &["plugin", "remove", "commission"],
            &["commission: Create of account"],
        );
    });
    assert!(
        world
            .user("seller.west")
            .json(&["row", "list", "account", "--top", "1"])["value"]
            .is_array()
    );
}

/// What depends on a row goes with it, all of it.
#[test]
fn what_belongs_to_a_row_goes_with_it() {
    let world = World::sample();
    let admin = world.admin();
    let account = id(&admin.json(&["row", "create", "account", "name=Holder"]));
    let customer = format!("account:{account}");
    let contact = id(&admin.json(&[
        "row",
        "create",
        "contact",
        "lastname=Held",
        &format!("parentcustomerid={customer}"),
    ]));
    let opportunity = id(&admin.json(&[
        "row",
        "create",
        "opportunity",
        "name=Held",
        &format!("customerid={customer}"),
    ]));
    admin.json(&["row", "delete", "account", &account]);
    refused(&admin, 1, &["row", "get", "account", &account], &[&account]);
    refused(&admin, 1, &["row", "get", "contact", &contact], &[&contact]);
    refused(&admin, 1, &["row", "get", "opportunity", &opportunity], &[&opportunity]);
}

/// Every command prints exactly one document, whatever becomes of it.
#[test]
fn there_is_always_exactly_one_document() {
    let world = World::sample();
    let lead = world.lead("seller.west");
    for arguments in [
        &["org", "show"][..],
        &["org", "check"],
        &["row", "list", "account", "--top", "2"],
        &["row", "list", "account", "--filter", "name eq 'none such'"],
        &["lead", "qualify", &lead],
        &["lead", "qualify", &lead, "--as", "seller.west"],
        &["diagnose", "create-each", "--user", "seller.west"],
        &["step", "list"],
        &["plugin", "list"],
        &["trace", "list"],
        &["trace", "tree"],
        &["trace", "tree", NOBODY],
        &["errors", "list"],
        &["errors", "explain", "0x80040220"],
        &["errors", "explain", "0x12345678"],
        &["table", "list"],
        &["column", "list", "lead"],
        &["user", "list"],
        &["team", "list"],
        &["bu", "list"],
        &["role", "list"],
        &["settings", "list"],
        &["nonsense"],
        &["org", "show", "--org", "missing.db"],
    ] {
        let Run { code, stdout, stderr } = world.admin().run(&[arguments, &["--json"]].concat());
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(&stdout);
        let document = parsed.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {stdout}{stderr}"));
        // A trace of a refusal shows it without being one.
        let shows = arguments == ["trace", "tree"] && document["kind"] == "message";
        let failed = !shows && (document["error"].is_object() || document.pointer("/value/0/error").is_some());
        assert_eq!(
            code != 0,
            failed && arguments[0] != "diagnose",
            "{arguments:?} ended {code}: {document}"
        );
        if arguments.contains(&"list") && code == 0 {
            list(&document);
        }
    }
}

#[test]
fn an_option_of_a_query_is_understood_or_refused() {
    let world = World::empty();
    let contact = "<link-entity name='contact' from='contactid' to='parentcontactid'";
    for (inner, word) in [
        ("<all-attributes limit='1'/>".to_owned(), "takes no attribute `limit`"),
        (format!("{contact} intersect='maybe'/>"), "`intersect` is true or false"),
        (format!("{contact} visible='maybe'/>"), "`visible` is true or false"),
        (
            format!("{contact} alias='a'/>{contact} alias='a'/>"),
            "two links have the alias `a`",
        ),
    ] {
        let fetch = format!("<fetch><entity name='lead'>{inner}</entity></fetch>");
        let refused = world.admin().refused(&["view", "run", "--fetch", &fetch]);
        assert!(
            refused["message"].as_str().unwrap().contains(word),
            "{inner}: {refused}"
        );
    }
    for order in ["", " , "] {
        assert_eq!(world.admin().run(&["row", "list", "lead", "--order", order]).code, 2);
    }
    let fetch =
        format!("<fetch><entity name='lead'>{contact} intersect='true' visible='0' alias='a'/></entity></fetch>");
    world.admin().json(&["view", "run", "--fetch", &fetch]);
}
