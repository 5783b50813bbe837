//! `sluice note`, `activity` and `timeline` from outside.

use std::{fs, path::PathBuf, time::Duration};

use serde_json::Value;
use sluice_model::{Code, Depth};
use sluice_tests::{
    Organisation, people,
    program::{Program, Run},
};

use crate::noise;

fn list(document: &Value) -> Vec<Value> {
    document["value"].as_array().unwrap().clone()
}

fn id(document: &Value) -> String {
    document["id"].as_str().unwrap().to_owned()
}

struct Timeline {
    organisation: Organisation,
    admin: Program,
    lead: String,
}

impl Timeline {
    fn new() -> Self {
        let organisation = Organisation::empty();
        let admin = organisation.program();
        let lead = id(&admin.json(&["row", "create", "lead", "subject=Twelve pumps", "lastname=McKay"]));
        Self {
            organisation,
            admin,
            lead,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.organisation.path().parent().unwrap().join(name)
    }

    fn files(&self) -> Vec<String> {
        let folder = fs::read_dir(self.organisation.path().parent().unwrap()).unwrap();
        let names = folder.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| !name.starts_with("sluice.db")).collect();
        names.sort();
        names
    }
}

#[test]
fn notes_are_written_listed_saved_and_removed() {
    let world = Timeline::new();
    let admin = &world.admin;
    let bytes = noise(3_000_000);
    fs::write(world.path("pump.pdf"), &bytes).unwrap();
    fs::write(world.path("text.txt"), "Needs *twelve* pumps.\nSoon.").unwrap();
    admin.json(&[
        "note",
        "add",
        "lead",
        "McKay",
        "--title",
        "Wishes",
        "--text",
        "@text.txt",
    ]);
    let added = admin.json(&["note", "add", "lead", &world.lead, "--file", "pump.pdf"]);
    assert_eq!(added["filesize"], 3_000_000);
    admin.json(&["lead", "qualify", &world.lead]);
    let opportunity = list(&admin.json(&["row", "list", "opportunity", "--select", "name"]))[0].clone();
    let opportunity = opportunity["opportunityid"].as_str().unwrap();
    for (table, row) in [("lead", world.lead.as_str()), ("opportunity", opportunity)] {
        let notes = list(&admin.json(&["note", "list", table, row]));
        let [file, text] = notes.as_slice() else {
            panic!("{notes:?}")
        };
        assert_eq!(text["notetext"], "Needs *twelve* pumps.\nSoon.");
        assert_eq!(
            (&file["subject"], &file["mimetype"]),
            (&"pump.pdf".into(), &"application/pdf".into())
        );
        assert_eq!(file["annotationid"], added["id"]);
        let shown = admin.run(&["note", "list", table, row]);
        assert!(shown.stdout.contains("pump.pdf, 3,000,000 bytes"), "{shown:?}");
    }
    let saved = admin.json(&["note", "save", &id(&added), "copy.pdf"]);
    assert_eq!(saved["filesize"], 3_000_000);
    assert!(fs::read(world.path("copy.pdf")).unwrap() == bytes);
    let piped = admin.command(&["note", "save", "pump.pdf", "-"]).output().unwrap();
    assert!(piped.stdout == bytes && piped.stderr.is_empty());
    admin.json(&["note", "delete", "pump.pdf"]);
    assert_eq!(list(&admin.json(&["note", "list", "lead", "McKay"])).len(), 1);
    assert_eq!(world.files(), ["copy.pdf", "pump.pdf", "text.txt"]);
}

#[test]
fn a_file_that_is_there_stays() {
    let world = Timeline::new();
    let admin = &world.admin;
    fs::write(world.path("a.txt"), "new").unwrap();
    fs::write(world.path("b.txt"), "old").unwrap();
    admin.json(&["note", "add", "lead", &world.lead, "--file", "a.txt"]);
    let refused = admin.refused(&["note", "save", "a.txt", "b.txt"]);
    assert!(refused["message"].as_str().unwrap().contains("--force"), "{refused}");
    assert_eq!(fs::read_to_string(world.path("b.txt")).unwrap(), "old");
    admin.json(&["note", "save", "a.txt", "b.txt", "--force"]);
    assert_eq!(fs::read_to_string(world.path("b.txt")).unwrap(), "new");
    assert_eq!(world.files(), ["a.txt", "b.txt"]);
    // Not even so does a file take the place of the organisation.
    let run = admin.run(&["note", "save", "a.txt", "sluice.db", "--force"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(admin.run(&["org", "check"]).code, 0);
}

#[test]
fn wrong_usage_and_refusals() {
    let world = Timeline::new();
    let admin = &world.admin;
    fs::write(world.path("large.bin"), noise(6 << 20)).unwrap();
    let note = id(&admin.json(&["note", "add", "lead", &world.lead, "--title", "Plain"]));
    for wrong in [
        &["note", "add", "lead", &world.lead][..],
        &["note", "add", "lead", &world.lead, "--title", "", "--text", " "],
        &["note", "add", "lead", &world.lead, "--title", "x", "--mime-type", "a/b"],
        &["note", "add", "lead", &world.lead, "--file", "."],
        &["note", "save", &note, "-", "--json"],
        &["note", "save", &note, "."],
        &["activity", "create", "letter", "--subject", "x"],
        &["activity", "create", "task", "--subject", "x", "--regarding", "McKay"],
    ] {
        let run = admin.run(wrong);
        assert_eq!(run.code, 2, "{wrong:?}: {run:?}");
    }
    for (refused, code) in [
        (&["note", "save", &note, "x"][..], "0x80040217"),
        (
            &["note", "add", "lead", &world.lead, "--file", "large.bin"],
            "0x80044A02",
        ),
        (&["note", "add", "lead", "Nobody", "--title", "x"], "0x80040217"),
        // Its size says 0, and it has more.
        (
            &["note", "add", "lead", &world.lead, "--file", "/proc/version"],
            "0x80040203",
        ),
        (
            &["timeline", "lead", "00000000-0000-0000-0000-000000000007"],
            "0x80040217",
        ),
    ] {
        assert_eq!(admin.refused(refused)["code"], code, "{refused:?}");
    }
    assert_eq!(
        admin
            .run(&["note", "add", "lead", &world.lead, "--file", "missing"])
            .code,
        3
    );
    let leads = people::privileges(&["Read"], &["Lead"], Depth::Organization);
    people::user(&world.organisation, "reader", &leads);
    let reader = admin.as_user("reader");
    assert_eq!(
        reader.refused(&["note", "list", "lead", &world.lead])["privilege"],
        "prvReadNote"
    );
    let seen = reader.json(&["timeline", "lead", &world.lead]);
    assert!(list(&seen).is_empty());
    assert_eq!(
        seen["missingPrivileges"],
        serde_json::json!(["prvReadActivity", "prvReadNote"])
    );
    let shown = reader.run(&["timeline", "lead", &world.lead]).stdout;
    assert!(shown.contains("you lack prvReadActivity and prvReadNote"), "{shown}");
    assert_eq!(world.files(), ["large.bin"], "nothing half is left");
}

/// The subjects of a list, the oldest first.
fn titles(program: &Program, arguments: &[&str]) -> Vec<String> {
    let rows = list(&program.json(arguments));
    let subject = |row: &Value| row["subject"].as_str().unwrap().to_owned();
    rows.iter().rev().map(subject).collect()
}

/// Makes an activity about the lead.
fn activity(world: &Timeline, kind: &str, subject: &str, more: &[&str]) -> String {
    let about = format!("lead:{}", world.lead);
    let words = ["activity", "create", kind, "--subject", subject, "--regarding", &about];
    id(&world.admin.json(&[&words, more].concat()))
}

#[test]
fn activities_are_made_listed_and_closed() {
    let world = Timeline::new();
    let admin = &world.admin;
    let call = activity(&world, "phonecall", "Call", &["--due", "2026-12-01"]);
    activity(
        &world,
        "task",
        "Offer",
        &["--description", "For twelve pumps", "prioritycode=High"],
    );
    activity(&world, "email", "Answer", &["directioncode=no"]);
    activity(&world, "appointment", "Visit", &["--start", "2026-12-02T09:00:00Z"]);
    let all = ["Call", "Offer", "Answer", "Visit"];
    assert_eq!(titles(admin, &["timeline", "lead", "McKay"]), all);
    assert_eq!(titles(admin, &["activity", "list", "--regarding", "lead:McKay"]), all);
    assert_eq!(titles(admin, &["activity", "list", "--kind", "task"]), ["Offer"]);
    admin.json(&["activity", "complete", "Answer"]);
    let run = admin.run(&["activity", "complete", "Nothing", "Answer", "Call", "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let outcomes = list(&run.json());
    let codes: Vec<&Value> = outcomes.iter().map(|outcome| &outcome["error"]["code"]).collect();
    assert_eq!(
        codes,
        ["0x80040217".into(), code(Code::INACTIVE), Value::Null]
            .iter()
            .collect::<Vec<_>>()
    );
    admin.json(&["activity", "cancel", "Offer"]);
    assert_eq!(titles(admin, &["activity", "list", "--open", "--mine"]), ["Visit"]);
    let call = admin.json(&["row", "get", "phonecall", &call, "--select", "statecode,scheduledend"]);
    assert_eq!(call["statecode"], 1);
    assert_eq!(call["scheduledend"], "2026-12-01T00:00:00Z");
    let shown = admin.run(&["timeline", "lead", "McKay"]);
    assert!(
        shown.stdout.contains("Phone Call") && shown.stdout.contains("Made"),
        "{shown:?}"
    );
}

#[test]
fn those_who_take_part_are_made_with_the_activity_or_nothing_is() {
    let world = Timeline::new();
    let admin = &world.admin;
    let lead = "lead:McKay";
    activity(&world, "phonecall", "Call", &["--from", "user:admin", "--to", lead]);
    activity(
        &world,
        "email",
        "Answer",
        &["--from", lead, "--to", "user:admin", "--cc", "user:admin"],
    );
    activity(
        &world,
        "appointment",
        "Visit",
        &["--required", lead, "--organizer", "user:admin"],
    );
    let roles = list(&admin.json(&["row", "list", "activityparty", "--select", "participationtypemask"]));
    let mut roles: Vec<i64> = roles
        .iter()
        .map(|row| row["participationtypemask"].as_i64().unwrap())
        .collect();
    roles.sort_unstable();
    assert_eq!(roles, [1, 1, 2, 2, 3, 5, 7]);
    let nobody = "contact:00000000-0000-0000-0000-000000000007";
    let half = ["activity", "create", "email", "--subject", "Half", "--to", nobody];
    assert_eq!(admin.refused(&half)["code"], "0x80040217");
    assert_eq!(titles(admin, &["activity", "list", "--kind", "email"]), ["Answer"]);
}

fn code(code: Code) -> Value {
    code.to_string().into()
}

#[test]
fn the_list_of_what_is_about_a_row_agrees_with_its_timeline() {
    let world = Timeline::new();
    let admin = &world.admin;
    activity(&world, "phonecall", "Call", &[]);
    admin.json(&["lead", "qualify", &world.lead]);
    let made = list(&admin.json(&["row", "list", "opportunity", "--select", "name"]));
    let made = made[0]["opportunityid"].as_str().unwrap();
    let about = format!("opportunity:{made}");
    assert_eq!(titles(admin, &["activity", "list", "--regarding", &about]), ["Call"]);
    assert_eq!(titles(admin, &["timeline", "opportunity", made]), ["Call"]);
    admin.json(&["activity", "complete", "Call"]);
    assert!(titles(admin, &["activity", "list", "--open", "--regarding", &about]).is_empty());
}

/// The commands of docs/notes.md, by the people of the sample.
#[test]
fn sellers_of_the_sample_work_with_notes_and_activities() {
    let organisation = Organisation::sample();
    let seller = organisation.program().as_user("seller.west");
    let lead = id(&seller.json(&["row", "create", "lead", "subject=Pumps", "lastname=Novak"]));
    fs::write(organisation.path().parent().unwrap().join("plan.txt"), "plan").unwrap();
    let about = format!("lead:{lead}");
    for line in [
        &[
            "note",
            "add",
            "lead",
            &lead,
            "--title",
            "Call of Monday",
            "--file",
            "plan.txt",
        ][..],
        &[
            "activity",
            "create",
            "phonecall",
            "--regarding",
            &about,
            "--subject",
            "Call back",
            "--to",
            &about,
        ],
        &["activity", "complete", "Call back"],
        &["report", "velocity"],
        &["timeline", "lead", &lead],
        &["note", "save", "Call of Monday", "copy.txt"],
        &["note", "delete", "Call of Monday"],
    ] {
        seller.json(line);
    }
    organisation.program().as_user("manager").json(&["flow", "lint"]);
}

#[cfg(unix)]
#[test]
fn saving_replaces_ordinary_files_only_and_keeps_how_they_are() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

    let world = Timeline::new();
    let admin = &world.admin;
    fs::write(world.path("a.txt"), "new").unwrap();
    admin.json(&["note", "add", "lead", &world.lead, "--file", "a.txt"]);
    fs::write(world.path("b.txt"), "old").unwrap();
    fs::set_permissions(world.path("b.txt"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("b.txt", world.path("link")).unwrap();
    admin.json(&["note", "save", "a.txt", "link", "--force"]);
    assert!(world.path("link").is_symlink());
    assert_eq!(fs::read_to_string(world.path("b.txt")).unwrap(), "new");
    let mode = fs::metadata(world.path("b.txt")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let pipe = world.path("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(admin.run(&["note", "save", "a.txt", "pipe", "--force"]).code, 2);
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

/// Runs the program and tells how much memory it had at most, in MiB.
fn measured(program: &Program, arguments: &[&str]) -> (Run, u64) {
    let mut child = program
        .command(arguments)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or_default() / 1024);
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    let run = Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::new(),
    };
    (run, peak)
}

#[test]
fn a_large_file_is_never_whole_in_memory() {
    const SIZE: usize = 60 << 20;
    const SMALL: u64 = 32;
    let world = Timeline::new();
    let admin = &world.admin;
    admin.json(&["row", "update", "organization", "Contoso", "maxuploadfilesize=131072"]);
    fs::write(world.path("film.bin"), noise(SIZE)).unwrap();
    let (run, least) = measured(admin, &["row", "list", "annotation"]);
    assert_eq!(run.code, 0, "{run:?}");
    for arguments in [
        &["note", "add", "lead", &world.lead, "--file", "film.bin"][..],
        &["note", "save", "film.bin", "copy.bin"],
        &["note", "delete", "film.bin"],
    ] {
        let (run, peak) = measured(admin, arguments);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(
            least > 0 && peak < least + SMALL,
            "{arguments:?}: {peak} MiB, of {least}"
        );
    }
    assert!(fs::read(world.path("film.bin")).unwrap() == fs::read(world.path("copy.bin")).unwrap());
}

#[test]
fn a_killed_save_leaves_no_half_file() {
    let world = Timeline::new();
    let admin = &world.admin;
    admin.json(&["row", "update", "organization", "Contoso", "maxuploadfilesize=131072"]);
    let bytes = noise(40 << 20);
    fs::write(world.path("film.bin"), &bytes).unwrap();
    admin.json(&["note", "add", "lead", &world.lead, "--file", "film.bin"]);
    let mut child = admin.start(&["note", "save", "film.bin", "copy.bin"]);
    while world.files().len() == 1 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_micros(200));
    }
    let _ = child.kill();
    child.wait().unwrap();
    let copy = world.path("copy.bin");
    assert!(
        !copy.exists() || fs::read(&copy).unwrap() == bytes,
        "whole or not at all"
    );
}

/// What belonged to a row that was merged is shown where it went, also what came from its lead.
#[test]
fn the_timeline_of_a_row_shows_what_those_of_merged_rows_showed() {
    let world = Timeline::new();
    let admin = &world.admin;
    let about = format!("regardingobjectid=lead:{}", world.lead);
    admin.json(&["row", "create", "task", "subject=Follow", &about]);
    admin.json(&["lead", "qualify", &world.lead]);
    let create = |name: &str| id(&admin.json(&["row", "create", "contact", &format!("lastname={name}")]));
    let (first, second) = (create("First"), create("Second"));
    let about = format!("regardingobjectid=contact:{first}");
    admin.json(&["row", "create", "task", "subject=Own", &about]);
    admin.json(&["merge", "contact", &first, "McKay"]);
    admin.json(&["merge", "contact", &second, &first]);
    let entries = list(&admin.json(&["timeline", "contact", &second]));
    let mut titles: Vec<&str> = entries.iter().filter_map(|entry| entry["subject"].as_str()).collect();
    titles.sort_unstable();
    assert_eq!(titles, ["Follow", "Own"], "{entries:?}");
}
