//! Equality, order and parts of texts agree with each other in every language.
use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn usual() -> &'static Collation {
    Collation::usual()
}

fn sorted(language: i32, mut names: Vec<&str>) -> Vec<&str> {
    names.sort_by(|one, other| Collation::of(language).unwrap().compare(one, other));
    names
}

#[test]
fn accents_count_where_the_language_says_so() {
    for (one, other) in [
        ("cafe", "CAFÉ"),
        ("cafe\u{301}", "café"),
        ("straße", "STRASSE"),
        ("ΣΊΣΥΦΟΣ", "σισυφος"),
        ("Łódź", "lodz"),
        ("Øster", "oster"),
        ("Ærø", "aero"),
        ("ø\u{301}", "o"),
        ("ǽ", "ae"),
        ("ﬁn", "FIN"),
        ("ＡＢ", "ab"),
        ("K", "k"),
        ("ящик", "ЯЩИК"),
        ("in\u{ad}visible\u{200b}", "invisible"),
    ] {
        assert!(usual().same(one, other), "{one} {other}");
        assert_eq!(usual().fold(one), usual().fold(other));
    }
    let british = Collation::of(2057).unwrap();
    for (one, other) in [("cafe", "café"), ("Łódź", "lodz"), ("Øster", "oster")] {
        assert!(!british.same(one, other), "{one} {other}");
    }
    assert!(british.same("CAFE\u{301}", "café") && british.same("straße", "STRASSE"));
    for (one, other) in [("ı", "x"), ("a", "a "), ("a-b", "ab"), ("1", "2"), ("हिन्दी", "हनद")] {
        assert!(!usual().same(one, other), "{one} {other}");
    }
}

#[test]
fn the_order_is_that_of_the_dictionary() {
    let names = ["Zapata", "Bogen", "Bär", "Álvarez", "Bader", "Øster"];
    assert_eq!(
        sorted(1033, names.to_vec()),
        ["Álvarez", "Bader", "Bär", "Bogen", "Øster", "Zapata"]
    );
    assert_eq!(
        sorted(1053, names.to_vec()),
        ["Álvarez", "Bader", "Bogen", "Bär", "Zapata", "Øster"]
    );
    assert_eq!(
        sorted(1029, vec!["chata", "cz", "hata", "ia"]),
        ["cz", "hata", "chata", "ia"]
    );
    assert_eq!(sorted(3082, vec!["ñandu", "nz", "oa"]), ["nz", "ñandu", "oa"]);
    assert!(Collation::of(1055).unwrap().same("I", "ı") && !Collation::of(1055).unwrap().same("I", "i"));
}

#[test]
fn every_language_is_known_once() {
    let numbers: HashSet<i32> = Collation::languages().collect();
    assert_eq!(numbers.len(), LANGUAGES.len());
    for number in numbers {
        assert!(Collation::of(number).unwrap().collator.is_some(), "{number}");
    }
    assert_eq!(Collation::of(1), None);
}

/// What folds and orders are made of: where this fails, the libraries bring other rules, and
/// [`VERSION`] has to count up, so that indexes and matchcodes of files are made anew.
#[test]
fn the_data_is_the_one_that_is_known() {
    let lock = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let lock = std::fs::read_to_string(lock).unwrap();
    let version = |name: &str| {
        let found = lock.split_once(&format!("name = \"{name}\"\nversion = \""));
        found.and_then(|(_, rest)| rest.split('"').next()).unwrap()
    };
    let data = [
        "icu_casemap_data",
        "icu_collator_data",
        "icu_normalizer_data",
        "icu_properties_data",
    ];
    let data = data.map(version);
    assert_eq!((VERSION, data), (2, ["2.4.0"; 4]));
}

/// Texts in which something happens: case, accents, ligatures, marks, what is passed over.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[ -~]",
        4 => prop::sample::select(vec![
            "é", "É", "e\u{301}", "ß", "ẞ", "ss", "ø", "Ø", "æ", "ﬁ", "İ", "ı", "I", "i", "Σ", "ς", "σ", "я", "Ё", "が",
            "か", "\u{3099}", "한", "ᄒ", "ᅡ", "ᆫ", "\u{301}", "\u{323}", "\u{ad}", "\u{7}", "Ａ", "²", "न", "\u{93c}",
            "ch", "CH", "aa", "Å", "ñ", "dz",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// The same collations without the short way.
static LONG: LazyLock<Vec<Collation>> = LazyLock::new(|| {
    let all = LANGUAGES.iter().map(Collation::new);
    all.map(|one| Collation { ascii: None, ..one }).collect()
});

/// Texts that go the shorter way, and some that almost do.
fn latin() -> impl Strategy<Value = String> {
    prop_oneof![
        "[\\x00-\\x7f]{0,12}",
        "[a-zA-Z \\u{80}-\\u{2ff}\\u{1e00}-\\u{1eff}]{0,6}",
        "[a-z\\u{c0}-\\u{17f}\\u{300}-\\u{310}]{0,6}",
    ]
}

fn languages() -> impl Strategy<Value = &'static Collation> {
    prop::sample::select(vec![1033, 1033, 2057, 1030, 1029, 1055, 1041, 1053])
        .prop_map(|language| Collation::of(language).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_is_what_has_equal_folds(collation in languages(), a in texts(), b in texts(), c in texts()) {
        prop_assert_eq!(collation.compare(&a, &b).is_eq(), collation.fold(&a) == collation.fold(&b));
        prop_assert_eq!(collation.compare(&a, &b), collation.compare(&b, &a).reverse());
        prop_assert!(collation.same(&a, &a.clone()));
        if collation.compare(&a, &b).is_le() && collation.compare(&b, &c).is_le() {
            prop_assert!(collation.compare(&a, &c).is_le());
        }
        let fold = collation.fold(&a);
        prop_assert_eq!(&collation.fold(&fold), &fold, "a fold is its own fold");
        prop_assert!(collation.same(&a, &fold));
    }

    #[test]
    fn the_short_way_gives_the_same(collation in languages(), a in latin(), b in latin()) {
        let long = LONG.iter().find(|long| long.language == collation.language).unwrap();
        prop_assert_eq!(collation.compare(&a, &b), long.compare(&a, &b));
        prop_assert_eq!(collation.fold(&a), long.fold(&a));
    }

    #[test]
    fn a_part_is_found(language in every_language(), a in characters_of_it(), b in characters_of_it(), c in characters_of_it()) {
        let of = |text: &str| language.fold(text).into_owned();
        let (two, three) = ([&*a.concat(), &*b.concat()].concat(), [&*a.concat(), &*b.concat(), &*c.concat()].concat());
        prop_assert!(language.contains(&three, &of(&b.concat())));
        prop_assert!(language.starts_with(&two, &of(&a.concat())));
        prop_assert!(language.ends_with(&two, &of(&b.concat())));
    }

    /// A text is found in another one exactly where it equals some of its characters.
    #[test]
    fn what_is_found_equals_whole_characters(language in every_language(), text in characters_of_it(), part in characters_of_it()) {
        let part = part.concat();
        let fold = language.fold(&part).into_owned();
        let whole = text.concat();
        let is = |from: usize, to: usize| language.same(&text[from..to].concat(), &part);
        let (all, end) = (0..=text.len(), text.len());
        let found = all.clone().any(|from| (from..=end).any(|to| is(from, to)));
        prop_assert_eq!(language.contains(&whole, &fold), found, "{} in {}", &part, &whole);
        prop_assert_eq!(language.starts_with(&whole, &fold), all.clone().any(|to| is(0, to)));
        prop_assert_eq!(language.ends_with(&whole, &fold), all.clone().any(|from| is(from, end)));
        // What is equal is part of what it equals, from end to end.
        if language.same(&whole, &part) {
            prop_assert!(language.contains(&whole, &fold) && language.ends_with(&whole, &fold));
        }
        let counted: Vec<&str> = super::characters(&whole).collect();
        prop_assert_eq!(counted.concat(), whole);
    }
}

fn every_language() -> impl Strategy<Value = &'static Collation> {
    prop::sample::select(Collation::languages().collect::<Vec<_>>())
        .prop_map(|language| Collation::of(language).unwrap())
}

/// Whole characters, none of which is a joined form of others.
const CHARACTERS: &str = "o Ö ö O\u{308} e é E\u{301} ê ế a ă â Ấ i I İ ı n Ñ ç c č s š d đ L ł ø å 가 각 간 기 김 한 \
    \u{1112}\u{1161}\u{11ab} が か カ は ぱ я й и ё е α ά ก กี กี่ ह हि ही न न् م مُ ש שׁ 日 1 ٣ ３ - 😀";

fn characters_of_it() -> impl Strategy<Value = Vec<&'static str>> {
    let mut all: Vec<&str> = CHARACTERS.split(' ').filter(|one| !one.is_empty()).collect();
    all.push(" ");
    prop::collection::vec(prop::sample::select(all), 0..5)
}

#[test]
fn parts_begin_and_end_between_characters() {
    for (language, text, part, [starts, contains, ends]) in [
        (1053, "Öberg", "o", [false, false, false]),
        (1053, "Öberg", "ö", [true, true, false]),
        (1053, "bergÖ", "o", [false, false, false]),
        (2057, "café", "cafe", [false, false, false]),
        (1033, "café", "cafe", [true, true, true]),
        (1066, "ăn", "a", [false, false, false]),
        (1042, "김철수", "기", [false, false, false]),
        (1042, "김철수", "김", [true, true, false]),
        (1033, "각", "가", [false, false, false]),
        (1033, "각가", "가", [false, true, true]),
        (1033, "ㅠㅠ", "ㅠ", [true, true, true]),
        (1033, "aaá", "aa", [true, true, true]),
        (2057, "aaáaa", "áa", [false, true, false]),
        (1033, "٠٣-1", "03", [true, true, false]),
        (1054, "กี่", "ก", [false, false, false]),
        (1033, "anything", "", [true, true, true]),
    ] {
        let language = Collation::of(language).unwrap();
        let fold = language.fold(part).into_owned();
        let found = [
            language.starts_with(text, &fold),
            language.contains(text, &fold),
            language.ends_with(text, &fold),
        ];
        assert_eq!(found, [starts, contains, ends], "{part} in {text}");
    }
    let counted = |language, text: &str| {
        let fold = Collation::of(language).unwrap().fold(text).into_owned();
        super::characters(&fold).count()
    };
    assert_eq!(
        [
            counted(1042, "김철수"),
            counted(1053, "Öb"),
            counted(1033, "ﬁ"),
            counted(1033, "")
        ],
        [3, 2, 2, 0]
    );
    let fold = Collation::of(1042).unwrap().fold("김철수").into_owned();
    assert!(
        Collation::of(1042)
            .unwrap()
            .same(super::characters(&fold).next_back().unwrap(), "수")
    );
}

#[test]
fn digits_are_digits_in_every_script() {
    for language in Collation::languages() {
        let language = Collation::of(language).unwrap();
        assert_eq!(language.fold("०３٠9-"), language.fold("0309-"), "{language:?}");
    }
}

#[test]
fn case_alone() {
    assert!(usual().same_but_case("Öltank", "öLTANK") && usual().same_but_case("ЯЩИК", "ящик"));
    assert!(!usual().same_but_case("Oltank", "Öltank"));
    let turkish = Collation::of(1055).unwrap();
    assert!(turkish.same_but_case("ISI", "ısı") && !turkish.same_but_case("ISI", "isi"));
}

#[test]
fn the_usual_language_goes_the_short_way() {
    for name in ["Müller", "Nguyễn", "Sørensen", "Tomáš", "straße", "plain"] {
        let plain = usual().as_ascii(name).unwrap();
        assert!(usual().ascii.is_some() && plain.is_ascii(), "{name} {plain}");
        assert!(usual().same(name, &plain), "{name} {plain}");
    }
    for language in [1033, 2057, 1031] {
        assert!(Collation::of(language).unwrap().ascii.is_some(), "{language}");
    }
    // Czech has letters that are pairs of others.
    assert!(Collation::of(1029).unwrap().ascii.is_none());
}
