//! Texts as an organisation compares them, by its base language: which are equal, which comes
//! first, and which is part of which.
//!
//! Everything goes by one function, the *fold* of a text: two texts are equal where their folds are
//! equal, one is in another where its fold is in the other's between whole characters, and the order
//! is the dictionary order of the folds. A fold is made character by character: its case is folded, and of an accent, a
//! ligature, a wide form remains what the language's dictionary does not tell from the character.
//! No language tells upper from lower case; whether accents count, its collation says.
//!
//! The rules are those of `icu_collator`, `icu_casemap` and `icu_normalizer`. For ASCII, and for Latin
//! letters of which ASCII remains, there is a shorter way, made of the same rules.

mod parts;

use std::{
    borrow::Cow,
    cmp::Ordering,
    sync::{LazyLock, OnceLock},
};

use icu_casemap::CaseMapper;
use icu_collator::{
    Collator, CollatorBorrowed,
    options::{CollatorOptions, Strength},
};
use icu_locale_core::Locale;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

pub use parts::characters;

/// The version of what texts are compared by. An index that was made under another one is made
/// anew; the test `the_data_is_the_one_that_is_known` says when to count up.
pub const VERSION: i64 = 2;

/// The base language of an organisation that says none: English (United States).
pub const DEFAULT_LANGUAGE: i32 = 1033;

/// A base language: its number on the platform, its dictionary, whether accents count.
struct Language {
    number: i32,
    tag: &'static str,
    accents: bool,
}

const fn language(number: i32, tag: &'static str, accents: bool) -> Language {
    Language { number, tag, accents }
}

const LANGUAGES: [Language; 43] = [
    language(1028, "zh-TW", false),
    language(1029, "cs", false),
    language(1030, "da", false),
    language(1031, "de", false),
    language(1032, "el", false),
    language(1033, "en", false),
    language(1034, "es-u-co-trad", false),
    language(1035, "fi", true),
    language(1036, "fr", false),
    language(1038, "hu", false),
    language(1040, "it", false),
    language(1041, "ja", false),
    language(1042, "ko", false),
    language(1043, "nl", false),
    language(1044, "nb", false),
    language(1045, "pl", false),
    language(1046, "pt", false),
    language(1048, "ro", true),
    language(1049, "ru", false),
    language(1050, "hr", true),
    language(1051, "sk", true),
    language(1053, "sv", true),
    language(1054, "th", true),
    language(1055, "tr", false),
    language(1058, "uk", true),
    language(1060, "sl", true),
    language(1061, "et", true),
    language(1062, "lv", true),
    language(1063, "lt", true),
    language(1066, "vi", true),
    language(1069, "eu", true),
    language(1110, "gl", true),
    language(2052, "zh", false),
    language(2055, "de", true),
    language(2057, "en", true),
    language(2064, "it", true),
    language(2070, "pt", false),
    language(3076, "zh-HK", false),
    language(3079, "de", true),
    language(3081, "en", true),
    language(3082, "es", false),
    language(4100, "zh-SG", false),
    language(5124, "zh-MO", false),
];

/// The folds of characters that follow each other.
type Page = Box<[Box<str>]>;

/// How an organisation's texts compare.
pub struct Collation {
    language: i32,
    turkic: bool,
    /// Always there: its data are compiled in.
    collator: Option<CollatorBorrowed<'static>>,
    /// The places of ASCII characters in the dictionary, 0 for those that it passes over; nothing,
    /// where pairs of them are letters of their own.
    ascii: Option<[u8; 128]>,
    /// The folds of characters, a page at a time.
    pages: Box<[OnceLock<Page>]>,
}

impl std::fmt::Debug for Collation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Collation({})", self.language)
    }
}

impl Default for &'static Collation {
    fn default() -> Self {
        Collation::usual()
    }
}

impl PartialEq for Collation {
    fn eq(&self, other: &Self) -> bool {
        self.language == other.language
    }
}

/// What joined letters are tried as.
const JOINED: [&str; 6] = ["ae", "oe", "ij", "ss", "th", "ng"];

const PAGE: u32 = 64;
/// How often a fold is folded again at most.
const REFOLDS: usize = 3;
/// So many pages are kept: the characters of the basic plane.
const PAGES: u32 = 0x1_0000 / PAGE;

static ALL: LazyLock<Vec<OnceLock<Collation>>> = LazyLock::new(|| LANGUAGES.iter().map(|_| OnceLock::new()).collect());

impl Collation {
    /// The collation of a base language by its number, such as 1033; nothing for one that is not
    /// known.
    pub fn of(language: i32) -> Option<&'static Self> {
        let (place, found) = LANGUAGES.iter().enumerate().find(|(_, one)| one.number == language)?;
        Some(ALL.get(place)?.get_or_init(|| Self::new(found)))
    }

    /// The collation of organisations that say no language.
    pub fn usual() -> &'static Self {
        static USUAL: LazyLock<Collation> = LazyLock::new(|| Collation::new(&language(DEFAULT_LANGUAGE, "en", false)));
        Self::of(DEFAULT_LANGUAGE).unwrap_or(&USUAL)
    }

    /// The numbers of all base languages.
    pub fn languages() -> impl Iterator<Item = i32> {
        LANGUAGES.iter().map(|one| one.number)
    }

    fn new(language: &Language) -> Self {
        let mut options = CollatorOptions::default();
        options.strength = Some(if language.accents {
            Strength::Secondary
        } else {
            Strength::Primary
        });
        let locale = Locale::try_from_str(language.tag).unwrap_or(Locale::UNKNOWN);
        let collator = Collator::try_new(locale.into(), options)
            .or_else(|_| Collator::try_new(Locale::UNKNOWN.into(), options))
            .ok();
        let mut collation = Self {
            language: language.number,
            turkic: language.tag == "tr",
            collator,
            ascii: None,
            pages: (0..PAGES).map(|_| OnceLock::new()).collect(),
        };
        collation.ascii = collation.places();
        collation
    }

    /// The number of the base language.
    pub fn language(&self) -> i32 {
        self.language
    }

    /// Orders two texts. They are equal where their folds are.
    pub fn compare(&self, left: &str, right: &str) -> Ordering {
        if let Some(places) = &self.ascii
            && let (Some(left), Some(right)) = (self.as_ascii(left), self.as_ascii(right))
        {
            return in_places(places, left.as_bytes(), right.as_bytes());
        }
        let (left, right) = (self.fold(left), self.fold(right));
        self.dictionary(&left, &right).then_with(|| left.cmp(&right))
    }

    /// The text, each of its Latin letters as what remains of it; nothing, where that is not ASCII.
    fn as_ascii<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        if text.is_ascii() {
            return Some(Cow::Borrowed(text));
        }
        let mut plain = String::with_capacity(text.len());
        for c in text.chars() {
            if c.is_ascii() {
                plain.push(c);
                continue;
            }
            let begun = plain.len();
            if !stands_alone(c) {
                return None;
            }
            self.push_fold(c, &mut plain);
            if !plain.get(begun..).is_some_and(str::is_ascii) {
                return None;
            }
        }
        Some(Cow::Owned(plain))
    }

    /// The order of the dictionary.
    fn dictionary(&self, left: &str, right: &str) -> Ordering {
        match &self.collator {
            Some(collator) => collator.compare(left, right),
            None => left.cmp(right),
        }
    }

    /// Whether two texts are equal.
    pub fn same(&self, left: &str, right: &str) -> bool {
        self.compare(left, right).is_eq()
    }

    /// What of a text counts where it is compared: two texts are equal where their folds are equal,
    /// to the byte.
    pub fn fold<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if let Some(places) = &self.ascii
            && let Some(plain) = self.as_ascii(text)
        {
            let as_it_is = |byte: u8| !byte.is_ascii_uppercase() && place(places, byte) > 0;
            if plain.bytes().all(as_it_is) {
                return plain;
            }
            let kept = plain.bytes().filter(|byte| place(places, *byte) > 0);
            return Cow::Owned(kept.map(|byte| char::from(byte.to_ascii_lowercase())).collect());
        }
        Cow::Owned(self.fold_whole(text))
    }

    /// The fold of any text.
    fn fold_whole(&self, text: &str) -> String {
        let mut fold = self.fold_once(text);
        // Marks of what was folded may change places with those that follow, or join.
        for _ in 0..REFOLDS {
            let again = self.fold_once(&fold);
            if again == fold {
                break;
            }
            fold = again;
        }
        fold
    }

    fn fold_once(&self, text: &str) -> String {
        let composed = ComposingNormalizerBorrowed::new_nfc().normalize_iter(text.chars());
        let mut fold = String::with_capacity(text.len());
        for c in composed {
            self.push_fold(c, &mut fold);
        }
        fold
    }

    fn push_fold(&self, c: char, fold: &mut String) {
        let code = u32::from(c);
        let page = usize::try_from(code / PAGE).ok().and_then(|page| self.pages.get(page));
        let Some(page) = page else {
            return fold.push_str(&self.fold_of(c));
        };
        let folds = page.get_or_init(|| {
            let first = code - code % PAGE;
            let all =
                (first..first + PAGE).map(|code| char::from_u32(code).map_or_else(Box::default, |c| self.fold_of(c)));
            all.collect()
        });
        let place = usize::try_from(code % PAGE).unwrap_or_default();
        fold.push_str(folds.get(place).map_or("", |fold| fold));
    }

    /// The fold of one character.
    fn fold_of(&self, c: char) -> Box<str> {
        let mut buffer = [0; 4];
        let one = c.encode_utf8(&mut buffer);
        let mapper = CaseMapper::new();
        let lower = match self.turkic {
            true => mapper.fold_turkic_string(one),
            false => mapper.fold_string(one),
        };
        let mut fold = String::new();
        for c in ComposingNormalizerBorrowed::new_nfc().normalize_iter(lower.chars()) {
            fold.push_str(&self.base_of(c));
        }
        fold.into()
    }

    /// What the dictionary does not tell from a character, in its plainest form.
    fn base_of(&self, c: char) -> String {
        let one = String::from(c);
        let same = |other: &str| self.dictionary(&one, other).is_eq();
        if same("") {
            return String::new();
        }
        if c.is_ascii() {
            return one;
        }
        let parts: String = DecomposingNormalizerBorrowed::new_nfkd()
            .normalize_iter(one.chars())
            .collect();
        let plain: String = match parts == one {
            true => parts,
            // What it is made of may have a plainer form in turn.
            false => CaseMapper::new()
                .fold_string(&parts)
                .chars()
                .map(|part| self.base_of(part))
                .collect(),
        };
        if same(&plain) && plain != one {
            return plain;
        }
        // Letters with a stroke have no parts, and joined ones none that are told; digits of other
        // scripts are those of ours.
        let mut plainest = ('a'..='z').chain('0'..='9');
        if let Some(plain) = plainest.find(|plain| same(plain.encode_utf8(&mut [0; 4]))) {
            return plain.into();
        }
        JOINED
            .iter()
            .find(|joined| same(joined))
            .map_or(one, |joined| (*joined).to_owned())
    }

    /// The places of ASCII characters, if each of them stands for itself.
    fn places(&self) -> Option<[u8; 128]> {
        let text = |byte: u8| String::from(char::from(byte.to_ascii_lowercase()));
        let mut sorted: Vec<u8> = (0_u8..128).filter(|byte| !byte.is_ascii_uppercase()).collect();
        sorted.retain(|byte| !self.dictionary(&text(*byte), "").is_eq());
        sorted.sort_by(|one, other| self.dictionary(&text(*one), &text(*other)));
        let mut places = [0; 128];
        for (byte, slot) in (0_u8..).zip(places.iter_mut()) {
            let place = sorted.iter().position(|one| *one == byte.to_ascii_lowercase());
            *slot = place.and_then(|place| u8::try_from(place + 1).ok()).unwrap_or_default();
        }
        let case = CaseMapper::new().fold_string("I") == "i" && !self.turkic;
        (case && self.are_letters_alone()).then_some(places)
    }

    /// Whether no two letters of ASCII are one letter of the language.
    fn are_letters_alone(&self) -> bool {
        let letters = || (b'a'..=b'z').map(char::from);
        letters().all(|one| {
            let mut pairs: Vec<String> = letters().map(|other| format!("{one}{other}")).collect();
            // No letter comes after the last.
            pairs.extend(letters().find(|next| *next > one).map(String::from));
            pairs.windows(2).all(|pair| match pair {
                [lower, upper] => self.dictionary(lower, upper).is_lt(),
                _ => true,
            })
        })
    }

    /// Whether `part` is in `text`. The part is given as its fold.
    pub fn contains(&self, text: &str, folded_part: &str) -> bool {
        parts::contains(&self.fold(text), folded_part)
    }

    /// Whether `text` starts with a part, which is given as its fold.
    pub fn starts_with(&self, text: &str, folded_part: &str) -> bool {
        parts::starts_with(&self.fold(text), folded_part)
    }

    /// Whether `text` ends with a part, which is given as its fold.
    pub fn ends_with(&self, text: &str, folded_part: &str) -> bool {
        parts::ends_with(&self.fold(text), folded_part)
    }

    /// Whether two texts differ in nothing but case.
    pub fn same_but_case(&self, left: &str, right: &str) -> bool {
        let mapper = CaseMapper::new();
        let fold = |text: &str| -> String {
            let folded = match self.turkic {
                true => mapper.fold_turkic_string(text),
                false => mapper.fold_string(text),
            };
            ComposingNormalizerBorrowed::new_nfc()
                .normalize_iter(folded.chars())
                .collect()
        };
        left == right || fold(left) == fold(right)
    }
}

/// Whether a character is one of those in front of the first mark, or a Latin letter that is joined
/// with its marks already: where only such follow each other, none changes another.
fn stands_alone(c: char) -> bool {
    matches!(c, '\0'..='\u{2ff}' | '\u{1e00}'..='\u{1eff}')
}

fn place(places: &[u8; 128], byte: u8) -> u8 {
    places.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The order of two texts of ASCII by the places of those characters that count.
fn in_places(places: &[u8; 128], left: &[u8], right: &[u8]) -> Ordering {
    let counts = |byte: &u8| Some(place(places, *byte)).filter(|place| *place > 0);
    let (mut left, mut right) = (left.iter(), right.iter());
    loop {
        match (left.by_ref().find_map(counts), right.by_ref().find_map(counts)) {
            (Some(one), Some(other)) if one == other => {}
            (one, other) => return one.cmp(&other),
        }
    }
}

#[cfg(test)]
mod tests;
