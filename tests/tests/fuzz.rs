//! The fuzz targets over their seeds, and over what is made of them: bytes changed, cut, doubled,
//! moved, and words of the forms put in.

use proptest::{collection::vec, prelude::*, sample::Index};
use sluice_tests::fuzz::{self, seeds};

/// Words that mean something to one of the readers.
const WORDS: [&str; 12] = [
    "null",
    "-1",
    "9223372036854775808",
    "1e400",
    "\u{0}",
    "\u{202e}",
    "'",
    "\"",
    "<![CDATA[",
    "[key]",
    ",,,,",
    "\u{fffd}",
];

/// One change of an input.
#[derive(Debug, Clone)]
enum Edit {
    Set(Index, u8),
    Cut(Index, u8),
    Double(Index, u8),
    Word(Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(place, byte)| Edit::Set(place, byte)),
        (any::<Index>(), any::<u8>()).prop_map(|(place, length)| Edit::Cut(place, length)),
        (any::<Index>(), any::<u8>()).prop_map(|(place, length)| Edit::Double(place, length)),
        (any::<Index>(), any::<Index>()).prop_map(|(place, word)| Edit::Word(place, word)),
    ]
}

fn changed(seed: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for edit in edits {
        let size = bytes.len();
        let place = |index: &Index| index.index(size + 1);
        let end = |start: usize, length: &u8| (start + usize::from(*length)).min(size);
        match edit {
            Edit::Set(index, byte) if size > 0 => bytes[index.index(size)] = *byte,
            Edit::Set(..) => {}
            Edit::Cut(index, length) => {
                let start = place(index);
                bytes.drain(start..end(start, length));
            }
            Edit::Double(index, length) => {
                let start = place(index);
                let part = bytes[start..end(start, length)].to_vec();
                bytes.splice(start..start, part);
            }
            Edit::Word(index, word) => {
                let start = place(index);
                bytes.splice(start..start, WORDS[word.index(WORDS.len())].bytes());
            }
        }
    }
    bytes
}

/// Runs a target over its seeds, and over so many inputs that are made of them.
fn run(target: &str, cases: u32) {
    let seeds = seeds(target);
    assert!(fuzz::run(target, &seeds[0]), "the first seed is whole");
    for seed in &seeds[1..] {
        fuzz::run(target, seed);
    }
    let strategy = (any::<Index>(), vec(edit(), 1..8));
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(made in strategy)| {
        let (seed, edits): (Index, Vec<Edit>) = made;
        fuzz::run(target, &changed(&seeds[seed.index(seeds.len())], &edits));
    });
}

#[test]
fn plugin_files() {
    run("wasm", 100);
}

#[test]
fn solutions() {
    run("solution", 40);
}

#[test]
fn files_to_import() {
    run("import", 150);
}

#[test]
fn filters() {
    run("filter", 1_000);
}

#[test]
fn queries() {
    run("fetchxml", 1_000);
}

#[test]
fn rows() {
    run("row", 400);
}

#[test]
fn calls_of_a_guest() {
    run("call", 100);
}
