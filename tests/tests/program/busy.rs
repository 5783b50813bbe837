//! An organisation that several processes have open.

use std::process::{Output, Stdio};

use rusqlite::Connection;
use serde_json::Value;
use sluice_tests::program::Program;

use sluice_tests::world::{World, text, wait_until};

fn begin(program: &Program, arguments: &[&str]) -> std::process::Child {
    let arguments = [arguments, &["--json"]].concat();
    program
        .command(&arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[track_caller]
fn answer(child: std::process::Child) -> Value {
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    assert!(
        status.success(),
        "{}{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr)
    );
    serde_json::from_slice(&stdout).unwrap()
}

#[test]
fn readers_do_not_wait_for_a_writer_and_writers_wait_their_turn() {
    let world = World::sample();
    let other = Connection::open(world.path("sluice.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut writer = begin(&world.admin(), &["row", "create", "account", "name=Patient"]);
    for arguments in [
        &["row", "list", "lead", "--top", "5"][..],
        &["org", "show"],
        &["org", "check"],
        &["org", "backup", "copy.db"],
        &["step", "list"],
        &["trace", "list"],
        &["user", "show", "seller.west"],
    ] {
        world.admin().json(arguments);
    }
    assert!(world.rows("account", "name", "name eq 'Patient'").is_empty());
    assert!(writer.try_wait().unwrap().is_none(), "the writer did not wait");
    other.execute_batch("COMMIT").unwrap();
    let key = text(&answer(writer), "id");
    assert_eq!(world.admin().json(&["row", "get", "account", &key])["name"], "Patient");
    let copy = world.admin().json(&["org", "check", "--org", "copy.db"]);
    assert_eq!(copy["ok"], true);
}

/// A file of leads: what each line is called, and a phone that shows whether the plug-in ran.
fn leads(world: &World, name: &str, count: usize) {
    let mut csv = "Last,Phone\n".to_owned();
    (0..count).for_each(|line| csv.push_str(&format!("{name}{line:06},(603) 491-{:04}\n", line % 10_000)));
    world.write(&format!("{name}.csv"), csv);
    let columns = "[columns]\nLast = \"lastname\"\nPhone = \"telephone1\"\n";
    world.write(
        &format!("{name}.toml"),
        format!("{columns}[constants]\nsubject = \"{name}\"\n"),
    );
}

fn import(world: &World, name: &str) -> std::process::Child {
    let (file, map) = (format!("{name}.csv"), format!("{name}.toml"));
    begin(&world.admin(), &["import", &file, "--table", "lead", "--map", &map])
}

#[test]
fn two_processes_import_at_the_same_time() {
    let world = World::sample();
    leads(&world, "a", 800);
    leads(&world, "b", 800);
    for (process, name) in [(import(&world, "a"), "a"), (import(&world, "b"), "b")] {
        let report = answer(process);
        assert_eq!((&report["read"], &report["created"]), (&800.into(), &800.into()));
        assert_eq!(world.count("lead", &format!("subject eq '{name}'")), 800);
    }
}

#[test]
fn two_processes_import_the_same_file() {
    let world = World::sample();
    leads(&world, "same", 800);
    let reports = [import(&world, "same"), import(&world, "same")].map(answer);
    let sum = |name: &str| reports.iter().filter_map(|report| report[name].as_u64()).sum::<u64>();
    assert_eq!((sum("read"), sum("created"), sum("skipped")), (1_600, 800, 800));
    assert_eq!(world.count("lead", "subject eq 'same'"), 800);
}

#[test]
fn several_processes_change_the_configuration() {
    let world = World::sample();
    let steps = [
        "phone_normalizer: Create of contact",
        "phone_normalizer: Create of lead",
    ]
    .map(|name| world.step(name));
    let work: Vec<_> = (0..4)
        .flat_map(|_| steps.clone())
        .map(|step| begin(&world.admin(), &["step", "disable", &step]))
        .collect();
    work.into_iter().for_each(|process| drop(answer(process)));
    let off: Vec<_> = world
        .steps()
        .into_iter()
        .filter(|(id, on)| steps.contains(id) && !on)
        .collect();
    assert_eq!(off.len(), 2);
}

/// Lines that no worker had begun when so many rows were there.
const IN_FLIGHT: usize = 200;

/// The import runs in a process of its own. From the moment that another process has been
/// answered, no line that is begun meets the step.
#[test]
fn what_another_process_switches_off_is_off_in_the_middle_of_an_import() {
    let world = World::sample();
    let step = world.step("phone_normalizer: Create of lead");
    // A file that is through before the switch shows nothing: then a longer one.
    for (round, count) in [2_000, 8_000, 32_000].into_iter().enumerate() {
        let name = ["short", "longer", "longest"][round];
        leads(&world, name, count);
        let process = import(&world, name);
        let of_file = format!("subject eq '{name}'");
        wait_until(|| world.count("lead", &of_file) > 0);
        world.admin().json(&["step", "disable", &step]);
        let begun = world.count("lead", &of_file) + IN_FLIGHT;
        assert_eq!(answer(process)["created"], count);
        world.admin().json(&["step", "enable", &step]);
        if begun >= count {
            continue;
        }
        let mut rows = world.rows("lead", "lastname,telephone1", &of_file);
        rows.sort_by_key(|row| text(row, "lastname"));
        assert_eq!(rows.len(), count);
        let ran = |row: &Value| text(row, "telephone1").starts_with("603-");
        assert!(rows.iter().any(ran), "the step ran before it was switched off");
        let late = rows[begun..].iter().find(|row| ran(row));
        assert!(late.is_none(), "the step ran after it was switched off: {late:?}");
        return;
    }
    panic!("every import was through before the step could be switched off");
}
