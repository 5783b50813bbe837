//! A new version takes the place of the old one.

use sluice_model::{Code, Row};

use crate::world::{Site, says};
use sluice_platform::prelude::*;

/// The vendor's organisation.
fn vendor() -> Site {
    let world = Site::sample();
    world.all(&[
        "option-set add contact.statuscode 100000001 Hot --state 0",
        "option-set add contact.statuscode 100000002 Cold --state 0",
        "column create lead rsh_a text",
        "column create lead rsh_b text",
        "mapping add lead contact jobtitle department",
        "mapping add lead contact salutation spousesname",
    ]);
    world.duplicate_rule("Same mail");
    world
}

const FIRST: &[&str] = &[
    "option-set contact.statuscode",
    "table sl_commissionrule",
    "column lead.rsh_a",
    "column lead.rsh_b",
    "mapping lead:contact",
    "plugin phone-normalizer",
    "duplicate-rule Same mail",
];

/// The columns of contacts that are mapped onto, beside the platform's own.
fn own_targets(world: &Site) -> Vec<String> {
    let maps = world.sluice("mapping list lead contact");
    let own = maps["value"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|map| map["system"] == false);
    own.map(|map| map["target"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_the_new_version_no_longer_has_is_gone() {
    let from = vendor();
    let to = Site::new();
    to.import(&from.export("Vendor", "1.0", FIRST, true));
    assert_eq!(to.steps("phone-normalizer").len(), 4);
    // The customer's own things beside it.
    to.all(&[
        "option-set add contact.statuscode 100000009 Ours --state 0",
        "mapping add lead contact middlename nickname",
    ]);

    let step = from.steps("phone-normalizer").remove(0);
    from.all(&[
        "option-set remove contact.statuscode 100000002",
        "option-set update contact.statuscode 100000001 --label Burning",
        "mapping remove lead contact salutation spousesname",
        &format!("step unregister {}", step.id),
        "column create lead rsh_c int",
    ]);
    let second = [
        "option-set contact.statuscode",
        "table sl_commissionrule",
        "column lead.rsh_a",
        "column lead.rsh_c",
        "mapping lead:contact",
        "plugin phone-normalizer",
    ];
    let done = to.import(&from.export("Vendor", "2.0", &second, true));
    assert_eq!(done.before.as_deref(), Some("1.0"));
    let removed: Vec<String> = done
        .removed
        .iter()
        .map(|(kind, name)| format!("{kind} {name}"))
        .collect();
    assert_eq!(
        removed,
        [
            "duplicate-rule Same mail".to_owned(),
            format!("plugin phone-normalizer {}", step.id),
            "mapping lead:contact salutation>spousesname".to_owned(),
            "option-set contact.statuscode 100000002".to_owned(),
            "column lead.rsh_b".to_owned(),
        ]
    );
    assert_eq!(
        to.options("contact.statuscode"),
        [(1, false), (2, false), (100_000_001, true), (100_000_009, false)]
    );
    let shown = to.sluice("option-set show contact.statuscode");
    assert_eq!(shown["options"][2]["label"], "Burning");
    let targets = own_targets(&to);
    assert_eq!(targets, ["department", "nickname"]);
    assert_eq!(to.steps("phone-normalizer").len(), 3);
    assert!(to.one("duplicaterule", "name", "Same mail").is_none());
    let catalog = to.admin.0.catalog().unwrap();
    let lead = catalog.table("lead").unwrap();
    assert!(lead.column("rsh_a").is_some() && lead.column("rsh_b").is_none() && lead.column("rsh_c").is_some());
    assert_eq!(to.solution("Vendor").unwrap().text("version"), Some("2.0"));
    // A lead is written and read as ever.
    let lead = to
        .admin
        .create(Row::unsaved("lead").with("lastname", "A").with("rsh_c", 3));
    assert_eq!(to.admin.get("lead", lead).int("rsh_c"), Some(3));
    assert_eq!(to.admin.0.unpublished().unwrap(), []);
}

#[test]
fn columns_go_with_the_mapping_between_them() {
    let from = vendor();
    from.all(&[
        "column create opportunity rsh_a text",
        "mapping add lead opportunity rsh_a rsh_a",
    ]);
    let all = [
        "option-set contact.statuscode",
        "column lead.rsh_a",
        "column opportunity.rsh_a",
        "mapping lead:opportunity",
    ];
    let file = from.export("Vendor", "1.0", &all, true);
    let there = |world: &Site| {
        let catalog = world.admin.0.catalog().unwrap();
        catalog.table("opportunity").unwrap().column("rsh_a").is_some()
    };
    let upgraded = Site::new();
    upgraded.import(&file);
    assert!(there(&upgraded));
    upgraded.import(&from.export("Vendor", "2.0", &["option-set contact.statuscode"], true));
    assert!(!there(&upgraded));
    let deleted = Site::new();
    deleted.import(&file);
    assert_eq!(deleted.admin.0.delete_solution("Vendor").unwrap().kept, []);
    assert!(!there(&deleted));
}

#[test]
fn data_is_not_dropped() {
    let from = vendor();
    let to = Site::new();
    to.import(&from.export("Vendor", "1.0", FIRST, true));
    to.all(&[
        "row create lead lastname=A rsh_b=kept",
        "row create sl_commissionrule sl_name=WA",
        "row create contact lastname=B statuscode=100000002",
    ]);
    let before = to.everything();
    for (without, words) in [
        (
            "column lead.rsh_b",
            "the column `lead.rsh_b`, which cannot be taken away: 1 row holds data in it",
        ),
        (
            "table sl_commissionrule",
            "the table `sl_commissionrule`, which cannot be taken away: 1 row holds data",
        ),
        (
            "option-set contact.statuscode",
            "1 row holds the option 100000002 in `contact.statuscode`",
        ),
    ] {
        let second: Vec<&str> = FIRST.iter().filter(|name| **name != without).copied().collect();
        let file = from.export("Vendor", "2.0", &second, true);
        says(to.admin.0.import_solution(&file, false), Code::COMPONENT_IN_USE, words);
        assert_eq!(to.everything(), before, "{without}");
    }
}

#[test]
fn what_others_depend_on_is_not_dropped() {
    let from = vendor();
    let to = Site::new();
    to.import(&from.export("Vendor", "1.0", FIRST, true));
    let second: Vec<&str> = FIRST
        .iter()
        .filter(|name| **name != "column lead.rsh_b")
        .copied()
        .collect();
    let file = from.export("Vendor", "2.0", &second, true);
    to.all(&[
        "column create contact rsh_b text",
        "mapping add lead contact rsh_b rsh_b --draft",
    ]);
    says(
        to.admin.0.import_solution(&file, false),
        Code::COMPONENT_IN_USE,
        "used by the mapping lead.rsh_b → contact.rsh_b",
    );
    to.sluice("mapping remove lead contact rsh_b rsh_b");
    to.import(&file);
}

#[test]
fn versions_go_up_and_modes_stay() {
    let from = vendor();
    let to = Site::new();
    let old = from.export("Vendor", "1.9", &["mapping lead:contact"], true);
    let new = from.export("Vendor", "1.10", &["mapping lead:contact"], true);
    let unmanaged = from.export("Vendor", "1.11", &["mapping lead:contact"], false);
    to.import(&new);
    to.import(&new);
    let before = to.everything();
    says(
        to.admin.0.import_solution(&old, false),
        Code::IMPORT_FAILED,
        "the lower one 1.9",
    );
    says(
        to.admin.0.import_solution(&unmanaged, false),
        Code::IMPORT_OVER_MANAGED,
        "as a managed one",
    );
    assert_eq!(to.everything(), before);
    // And where it is unmanaged, as at the vendor's, a managed file does not take its place.
    says(
        from.admin.0.import_solution(&new, false),
        Code::IMPORT_OVER_UNMANAGED,
        "as an unmanaged one",
    );
    // An unmanaged file may be installed as a managed one.
    to.admin.0.import_solution(&unmanaged, true).unwrap();
    assert_eq!(to.solution("Vendor").unwrap().text("version"), Some("1.11"));
}

#[test]
fn what_an_organisation_has_already_becomes_managed() {
    let from = vendor();
    let to = Site::new();
    to.all(&[
        "option-set add contact.statuscode 100000001 Warm --state 0",
        "column create lead rsh_a text",
        "mapping add lead contact jobtitle department",
    ]);
    to.duplicate_rule("Same mail");
    let done = to.import(&from.export("Vendor", "1.0", FIRST, true));
    let taken: Vec<String> = done.taken.iter().map(|(kind, name)| format!("{kind} {name}")).collect();
    assert_eq!(
        taken,
        [
            "column lead.rsh_a",
            "option-set contact.statuscode 100000001",
            "mapping lead:contact jobtitle>department",
            "duplicate-rule Same mail",
        ]
    );
    let shown = to.sluice("option-set show contact.statuscode");
    let hot = &shown["options"][2];
    assert_eq!((&hot["label"], &hot["managed"]), (&"Hot".into(), &true.into()));
    let catalog = to.admin.0.catalog().unwrap();
    assert!(catalog.table("lead").unwrap().column("rsh_a").unwrap().managed);
    let maps = to.sluice("mapping list lead contact");
    assert!(
        maps["value"]
            .as_array()
            .unwrap()
            .iter()
            .any(|map| map["target"] == "department" && map["managed"] == true)
    );
    let rule = to.one("duplicaterule", "name", "Same mail").unwrap();
    assert_eq!(rule.bool("ismanaged"), Some(true));
    // An own map of another source stands in the way, and is said to.
    let other = Site::new();
    other.sluice("mapping add lead contact salutation department");
    let file = from.export("Vendor", "1.0", FIRST, true);
    says(
        other.admin.0.import_solution(&file, false),
        Code::INVALID_MAP,
        "mapped from `salutation` already",
    );
}

#[test]
fn an_unmanaged_import_does_not_change_what_is_managed() {
    let from = vendor();
    let to = Site::new();
    to.import(&from.export("Vendor", "1.0", FIRST, true));
    from.sluice("option-set update contact.statuscode 100000001 --label Other");
    let file = from.export("Sneaky", "1.0", &["option-set contact.statuscode"], false);
    says(
        to.admin.0.import_solution(&file, false),
        Code::MANAGED,
        "100000001 (Hot)",
    );
    // What is the same already is no change.
    let file = from.export("Same", "1.0", &["mapping lead:contact"], false);
    to.import(&file);
}

#[test]
fn a_version_that_changes_what_a_rule_compares_takes_the_rule_out_of_work() {
    let from = Site::new();
    from.all(&[
        "column create lead rsh_code text --max-length 20",
        "table create rsh_region",
        "table update rsh_region --duplicate-detection yes",
    ]);
    let parts = ["table rsh_region", "column lead.rsh_code"];
    let to = Site::new();
    to.import(&from.export("Vendor", "1.0", &parts, true));
    to.all(&[
        "duprule create Codes --base lead --condition rsh_code",
        "duprule create Regions --base rsh_region --condition rsh_name",
    ]);
    from.all(&[
        "column update lead rsh_code --max-length 30",
        "table update rsh_region --duplicate-detection no",
    ]);
    let done = to.import(&from.export("Vendor", "2.0", &parts, true));
    let [notice] = done.notices.as_slice() else {
        panic!("{:?}", done.notices)
    };
    assert_eq!(notice.code(), Code::RULE_UNPUBLISHED);
    assert!(notice.message().contains("\"Codes\""), "{notice}");
    for rule in ["Codes", "Regions"] {
        let rule = to.one("duplicaterule", "name", rule).unwrap();
        assert_eq!(rule.int("statuscode"), Some(0), "{rule:?}");
    }
}

#[test]
fn a_table_that_a_view_is_about_stays() {
    let from = Site::new();
    from.all(&["table create rsh_region", "column create lead rsh_code text"]);
    let to = Site::new();
    to.import(&from.export("Vendor", "1.0", &["table rsh_region", "column lead.rsh_code"], true));
    to.sluice(
        "row create savedquery name=Regions returnedtypecode=rsh_region \
         fetchxml='<fetch><entity name=\"rsh_region\"/></fetch>'",
    );
    let file = from.export("Vendor", "2.0", &["column lead.rsh_code"], true);
    says(
        to.admin.0.import_solution(&file, false),
        Code::COMPONENT_IN_USE,
        "the view \"Regions\" is about it",
    );
}

/// As for a push: a file that lacks a type which is registered here is refused, and whoever forces
/// it gives the type up. Grants do not travel: a step that needs one arrives disabled.
#[test]
fn a_plug_in_that_lacks_a_registered_type_is_refused_unless_it_is_forced() {
    let (from, to) = (Site::new(), Site::new());
    for (world, guest) in [(&from, "probe"), (&to, "hostile")] {
        std::fs::write(world.path("guest.wasm"), sluice_tests::wasm("guests", guest)).unwrap();
        world.sluice("plugin push guest.wasm --name pl");
    }
    from.sluice("step register --plugin pl/probe --message Create --table contact --stage pre-operation --name Timed");
    let there = to.steps("pl").remove(0);
    assert_eq!(there.int("statecode"), Some(0));
    std::fs::write(to.path("pl.zip"), from.export("Plug", "1.0", &["plugin pl"], false)).unwrap();
    let error = to.refused("solution import pl.zip");
    assert_eq!(error["code"], "0x8004418B");
    let message = error["message"].as_str().unwrap();
    for words in [
        "not found in PluginAssembly [pl, Version=",
        there.text("name").unwrap(),
        "nothing was changed",
    ] {
        assert!(message.contains(words), "{words}: {message}");
    }
    assert_eq!(to.steps("pl").len(), 1);

    let done = to.sluice("solution import pl.zip --force");
    assert_eq!(done["lacking"][0]["name"], "Timed");
    assert_eq!(done["lacking"][0]["grants"][0], "clock");
    let states: Vec<_> = to.steps("pl").iter().map(|step| step.int("statecode")).collect();
    assert_eq!(
        states,
        [Some(1), Some(1)],
        "one was given up, the other lacks its grant"
    );
}

#[test]
fn a_version_without_an_option_that_your_own_default_or_rule_needs_is_refused() {
    let from = Site::new();
    from.all(&[
        "option-set create zz_g --option 1=One --option 3=Three",
        "column create lead zz_gc choice --global zz_g",
    ]);
    let parts = ["option-set zz_g", "column lead.zz_gc"];
    let first = from.export("S", "1.0", &parts, true);
    from.sluice("option-set remove zz_g 3");
    let second = from.export("S", "2.0", &parts, true);

    let to = Site::new();
    to.import(&first);
    to.sluice("column create account zz_mine choice --global zz_g --default 3");
    let refused = to.admin.0.import_solution(&second, false);
    says(refused, Code::COMPONENT_IN_USE, "the default of `account.zz_mine`");
    to.sluice("row create account name=a");

    let to = Site::new();
    to.import(&first);
    let rule = r#"{"name":"BR","table":"lead","actions":[{"check":{"if":{"compare":{"column":"zz_gc","is":"eq","value":3}},"then":[{"require":["subject"]}]}}]}"#;
    std::fs::write(to.path("br.json"), rule).unwrap();
    to.sluice("businessrule create br.json --activate");
    let refused = to.admin.0.import_solution(&second, false);
    says(refused, Code::COMPONENT_IN_USE, "the business rule \"BR\"");
    to.sluice("row create lead lastname=a");
    to.sluice("businessrule deactivate BR");
    to.import(&second);
}

/// Two versions of a solution whose columns have the options 1 to 3 first, and then 1 alone.
fn versions_with_fewer_options(columns: [&str; 3]) -> (Vec<u8>, Vec<u8>) {
    let from = Site::new();
    let options = "--option 1=One --option 2=Two --option 3=Three";
    from.all(&[
        &format!("column create lead zz_lc choice {options}"),
        &format!("column create lead zz_ls choices {options}"),
        "table create zz_region",
        &format!("column create zz_region zz_tc choice {options}"),
    ]);
    let parts = ["column lead.zz_lc", "column lead.zz_ls", "table zz_region"];
    let first = from.export("V", "1.0", &parts, true);
    for column in columns {
        from.all(&[
            &format!("option-set remove {column} 3"),
            &format!("option-set remove {column} 2"),
        ]);
    }
    (first, from.export("V", "2.0", &parts, true))
}

#[test]
fn options_of_a_columns_own_that_a_version_no_longer_has_go() {
    let columns = ["lead.zz_lc", "lead.zz_ls", "zz_region.zz_tc"];
    let (first, second) = versions_with_fewer_options(columns);
    let to = Site::new();
    to.import(&first);
    // Another vendor's option, and one of the organisation itself.
    let other = Site::new();
    other.import(&first);
    other.sluice("option-set add lead.zz_lc 5 Five");
    to.import(&other.export("W", "1.0", &["option-set lead.zz_lc"], true));
    to.sluice("option-set add lead.zz_lc 9 Ours");
    for (make, words) in [
        (
            "lead lastname=x zz_lc=2",
            "the options 2, 3 of the column `lead.zz_lc`, which cannot be taken away: 1 row holds the option 2",
        ),
        (
            "lead lastname=x zz_ls:=[1,3]",
            "1 row holds the option 3 in `lead.zz_ls`",
        ),
        (
            "zz_region zz_name=x zz_tc=3",
            "1 row holds the option 3 in `zz_region.zz_tc`",
        ),
    ] {
        to.sluice(&format!("row create {make}"));
        let before = to.everything();
        says(
            to.admin.0.import_solution(&second, false),
            Code::COMPONENT_IN_USE,
            words,
        );
        assert_eq!(to.everything(), before, "{make}");
        let table = make.split(' ').next().unwrap();
        to.sluice(&format!("row delete {table} x"));
    }
    let done = to.import(&second);
    let mut removed: Vec<String> = done
        .removed
        .iter()
        .map(|(kind, name)| format!("{kind} {name}"))
        .collect();
    removed.sort();
    let gone = |column| ["2", "3"].map(|option| format!("column {column} {option}"));
    assert_eq!(removed, columns.map(gone).concat());
    assert_eq!(to.options("lead.zz_lc"), [(1, true), (5, true), (9, false)]);
    for column in &columns[1..] {
        assert_eq!(to.options(column), [(1, true)], "{column}");
    }
    assert_eq!(to.refused("row create lead lastname=y zz_lc=2")["code"], "0x8004431A");
    to.sluice("row create lead lastname=y zz_lc=1");
    // Nothing is left to take away, and each other one goes as it came.
    assert_eq!(to.import(&second).removed, []);
    assert_eq!(to.admin.0.delete_solution("W").unwrap().kept, []);
    assert_eq!(to.options("lead.zz_lc"), [(1, true), (9, false)]);
}
