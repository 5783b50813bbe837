//! Parts of texts, and labels, in languages where accents count or letters are others.

use sluice_tests::world::{World, list};

/// A new organisation of a base language.
fn of(language: &str) -> World {
    let world = World::bare();
    world.admin().json(&["org", "create", "--language", language]);
    world
}

fn found(world: &World, filter: &str) -> usize {
    list(&world.admin().json(&["row", "list", "contact", "--filter", filter])).len()
}

fn contact(world: &World, name: &str, more: &[&str]) {
    let name = format!("lastname={name}");
    world
        .admin()
        .json(&[&["row", "create", "contact", &name], more].concat());
}

#[test]
fn a_part_of_a_text_is_whole_characters() {
    for (language, name, base, whole) in [
        ("1053", "Öberg", "o", "ö"),
        ("2057", "café", "cafe", "CAFÉ"),
        ("1042", "김철수", "기", "김"),
        ("1033", "각하", "가", "각"),
        ("1066", "ăn", "a", "Ă"),
    ] {
        let world = of(language);
        contact(&world, name, &[]);
        for search in ["contains", "startswith"] {
            assert_eq!(
                found(&world, &format!("{search}(lastname,'{base}')")),
                0,
                "{language} {search} {base}"
            );
            assert_eq!(
                found(&world, &format!("{search}(lastname,'{whole}')")),
                1,
                "{language} {search} {whole}"
            );
        }
        let like = |part: &str| {
            let xml = format!(
                "<fetch><entity name='contact'><attribute name='lastname'/><filter>
                 <condition attribute='lastname' operator='like' value='{part}%'/></filter></entity></fetch>"
            );
            list(&world.admin().json(&["view", "run", "--fetch", &xml])).len()
        };
        assert_eq!((like(base), like(whole)), (0, 1), "{language}");
    }
}

#[test]
fn duplicate_rules_compare_whole_characters_and_all_digits() {
    let world = of("1042");
    let admin = world.admin();
    let first = [
        "duprule",
        "create",
        "F",
        "--base",
        "contact",
        "--condition",
        "lastname:same-first:2",
    ];
    admin.json(&first);
    admin.json(&[
        "duprule",
        "create",
        "P",
        "--base",
        "contact",
        "--condition",
        "telephone1",
    ]);
    contact(&world, "김철수", &["telephone1=０３-1111"]);
    let detect = "--detect-duplicates";
    contact(&world, "기영", &["telephone1=０４-1111", detect]);
    for line in ["lastname=김철호", "telephone1=03 1111", "telephone1=٠٣١١١١"] {
        let refused = admin.refused(&["row", "create", "contact", "firstname=x", line, detect]);
        assert_eq!(refused["code"], "0x80040333", "{line}");
    }
}

#[test]
fn a_label_is_a_text_of_the_language() {
    let world = of("1055");
    let admin = world.admin();
    let column = [
        "column", "create", "contact", "zz_l", "choice", "--option", "1=İyi", "--option", "2=ISI",
    ];
    admin.json(&column);
    contact(&world, "a", &["zz_l=iyi"]);
    contact(&world, "b", &["zz_l=ısı"]);
    for (label, count) in [("iyi", 1), ("ısı", 1)] {
        assert_eq!(found(&world, &format!("zz_l eq '{label}'")), count, "{label}");
        assert_eq!(found(&world, &format!("contains(zz_l,'{label}')")), count, "{label}");
    }
    for other in ["isi", "IYI"] {
        let refused = admin.refused(&["row", "create", "contact", "lastname=c", &format!("zz_l={other}")]);
        assert_eq!(refused["code"], "0x8004431A", "{other}");
        assert_eq!(found(&world, &format!("contains(zz_l,'{other}')")), 0, "{other}");
    }
}
