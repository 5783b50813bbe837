//! Each capability has its place, its page and its tests, and CONTRIBUTING.md says which.

use std::fs;

use sluice_tests::root;

use crate::FOLDERS;

/// What stands between backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_capability_has_a_page_and_tests() {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let table = text.split("## Where a capability lives").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let mut named = Vec::new();
    for line in table.lines().filter(|line| line.starts_with("| ")).skip(2) {
        let cells: Vec<&str> = line.split('|').collect();
        let [place] = quoted(cells[2])[..] else {
            panic!("not one place: {line}");
        };
        assert!(root().join("host/platform/src").join(place).exists(), "{line}");
        for paths in [cells[3], cells[4]] {
            let paths = quoted(paths);
            assert!(!paths.is_empty(), "{line}");
            for path in paths {
                assert!(root().join(path).exists(), "there is no {path}: {line}");
            }
        }
        named.push(place.trim_end_matches(".rs"));
    }
    named.sort_unstable();
    let mut folders: Vec<&str> = FOLDERS.iter().map(|(folder, _)| *folder).collect();
    folders.sort_unstable();
    assert_eq!(named, folders);
}

/// What would otherwise take the place of the other in silence.
#[test]
fn what_is_registered_is_registered_once() {
    let all = sluice_sales::capabilities();
    all.check().unwrap();
    let twice = |again: sluice_engine::Capability| {
        let mut all = all.clone();
        all.all.push(again);
        all.check().unwrap_err().message().to_owned()
    };
    let find = |with: fn(&sluice_engine::Capability) -> bool| *all.all.iter().find(|one| with(one)).unwrap();
    assert!(twice(find(|one| !one.messages.is_empty())).contains("two of the message"));
    let watches = find(|one| !one.watches.is_empty());
    let watches = sluice_engine::Capability {
        watches: watches.watches,
        ..sluice_engine::Capability::named("again")
    };
    assert!(twice(watches).contains("two of the watch"));
    let misspelt = sluice_engine::Capabilities {
        order: &["audit trial"],
        ..all.clone()
    };
    assert!(misspelt.check().unwrap_err().message().contains("audit trial"));
}
