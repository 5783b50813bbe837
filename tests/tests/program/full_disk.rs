//! A disk that is full. It takes a small file system of one's own, so root on Linux.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use sluice_tests::program::Program;
use tempfile::TempDir;

/// A file system in memory, unmounted when the test ends.
struct Disk(TempDir);

impl Disk {
    /// `None` where this user or this system cannot have one.
    fn of(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        if !mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], folder.path()) {
            eprintln!("not run: no tmpfs");
            return None;
        }
        Some(Self(folder))
    }

    fn grow(&self, size: &str) {
        assert!(mount(&["-o", &format!("remount,size={size}")], self.0.path()));
    }

    fn program(&self) -> Program {
        Program::new(self.0.path())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).stderr(Stdio::null()).status();
    }
}

fn mount(options: &[&str], folder: &Path) -> bool {
    let mut command = Command::new("mount");
    command
        .args(options)
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    cfg!(target_os = "linux") && command.status().is_ok_and(|status| status.success())
}

#[test]
fn an_import_onto_a_full_disk_goes_on_when_there_is_room() {
    let Some(disk) = Disk::of("5m") else { return };
    let program = disk.program();
    program.json(&["org", "create"]);
    let beside = tempfile::tempdir().unwrap();
    let (file, map) = (beside.path().join("leads.csv"), beside.path().join("map.toml"));
    let lines: String = (0..2_000).map(|line| format!("F{line:05},Company {line}\n")).collect();
    std::fs::write(&file, format!("Last,Company\n{lines}")).unwrap();
    std::fs::write(&map, "[columns]\nLast = \"lastname\"\nCompany = \"companyname\"\n").unwrap();
    let import = [
        "import",
        file.to_str().unwrap(),
        "--table",
        "lead",
        "--map",
        map.to_str().unwrap(),
    ];
    let there = || {
        program.json(&["row", "list", "lead", "--select", "lastname"])["value"]
            .as_array()
            .unwrap()
            .len()
    };

    let run = program.run(&[&import[..], &["--json"]].concat());
    assert_eq!(run.code, 3, "{run:?}");
    let report = run.json();
    assert!(
        report["error"]["message"].as_str().unwrap().contains("full"),
        "{report}"
    );
    let created = report["created"].as_u64().unwrap();
    assert!(created > 0 && created < 2_000, "{report}");
    assert_eq!(there() as u64, created, "every answered line is there, and no other");
    assert_eq!(program.json(&["org", "check"])["ok"], true);
    // What the refused run of lines would have taken is free again; it fills up.
    let description = format!("description={}", "x".repeat(2_000));
    let refused = (0..1_000)
        .map(|_| program.run(&["row", "create", "account", "name=More", &description]))
        .find(|run| run.code != 0)
        .unwrap();
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.says("full"), "{refused:?}");
    let people = program.run(&import);
    assert_eq!(people.code, 3, "{people:?}");
    assert!(people.stdout.contains("--resume-after"), "{people:?}");

    disk.grow("64m");
    assert_eq!(program.json(&["org", "check"])["ok"], true);
    let before = there();
    let after = report["resume_after"].as_u64().unwrap().to_string();
    let resumed = program.json(&[&import[..], &["--resume-after", &after]].concat());
    assert_eq!(resumed["created"], 2_000 - before);
    assert_eq!(there(), 2_000);
    let again = program.json(&import);
    assert_eq!((&again["created"], &again["skipped"]), (&0.into(), &2_000.into()));
    assert_eq!(program.json(&["org", "check"])["ok"], true);
}

#[test]
fn an_organisation_that_finds_no_room_is_not_there() {
    let Some(disk) = Disk::of("600k") else { return };
    let program = disk.program();
    for arguments in [&["org", "create"][..], &["org", "create", "--sample"]] {
        let run = program.run(arguments);
        assert_eq!(run.code, 3, "{run:?}");
        assert!(run.says("full"), "{run:?}");
        assert_eq!(
            std::fs::read_dir(disk.0.path()).unwrap().count(),
            0,
            "something was left behind"
        );
    }
    disk.grow("64m");
    program.json(&["org", "create", "--sample"]);
    assert_eq!(program.json(&["org", "check"])["ok"], true);
}

/// The rows lie in a log until they are brought into the file, which takes as much room again.
#[test]
fn an_organisation_is_there_whole_or_not_at_all() {
    for size in ["9m", "11m", "12m", "13m", "14m", "15m", "17m"] {
        let Some(disk) = Disk::of(size) else { return };
        let program = disk.program();
        let run = program.run(&["org", "create", "--sample"]);
        if run.code == 0 {
            assert_eq!(program.json(&["org", "check"])["ok"], true, "{size}");
            continue;
        }
        assert_eq!(run.code, 3, "{size}: {run:?}");
        assert!(run.says("full"), "{size}: {run:?}");
        let left: Vec<_> = std::fs::read_dir(disk.0.path()).unwrap().collect();
        assert!(left.is_empty(), "{size}: {left:?}");
    }
}

#[test]
fn a_backup_that_finds_no_room_takes_nothing_away() {
    let Some(disk) = Disk::of("3m") else { return };
    let program = disk.program();
    program.json(&["org", "create"]);
    let beside = tempfile::tempdir().unwrap();
    let backup = beside.path().join("b.db");
    let backup = backup.to_str().unwrap();
    program.json(&["org", "backup", backup]);
    program.json(&["row", "create", "account", "name=Later"]);
    let refused = program.run(&["org", "restore", backup]);
    assert_eq!(refused.code, 3, "{refused:?}");
    let place = "cannot be copied to the place of the organisation";
    assert!(refused.says(place), "{refused:?}");
    let there = || {
        program.json(&["row", "list", "account"])["value"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(there(), 1);
    disk.grow("64m");
    program.json(&["org", "restore", backup]);
    assert_eq!(there(), 0);
    assert_eq!(program.json(&["org", "check"])["ok"], true);
}
