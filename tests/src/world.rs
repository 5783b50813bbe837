//! A folder of its own with an organisation that the program itself has made, for tests that
//! run the program.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    program::{Program, Run},
    root,
};
use serde_json::Value;
use tempfile::TempDir;

/// The words that register a step of the guest `probe`, which was pushed under that name.
pub fn probe_step<'a>(message: &'a str, table: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = ["step", "register", "--plugin", "probe/probe"];
    [&words[..], &["--message", message, "--table", table], more].concat()
}

/// The folder. Its organisation is checked when the test ends.
pub struct World {
    folder: TempDir,
}

impl World {
    /// The sample organisation.
    pub fn sample() -> Self {
        Self::made("program-sample", &["org", "create", "--sample"])
    }

    /// An organisation with nothing in it.
    pub fn empty() -> Self {
        Self::made("program-empty", &["org", "create"])
    }

    /// A folder with a file that an earlier version made.
    pub fn old(form: &str, name: &str) -> Self {
        let world = Self::bare();
        unpack(form, name, &world.path("sluice.db"));
        world
    }

    /// A folder without an organisation.
    pub fn bare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn made(template: &str, arguments: &[&str]) -> Self {
        let template = crate::templates::template(template, |path| {
            Program::new(path.parent().unwrap()).json(arguments);
        });
        let world = Self::bare();
        std::fs::copy(template, world.path("sluice.db")).unwrap();
        world
    }

    /// The program as the administrator.
    pub fn admin(&self) -> Program {
        Program::new(self.folder.path())
    }

    /// The program as a user.
    pub fn user(&self, name: &str) -> Program {
        self.admin().as_user(name)
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).unwrap();
    }

    /// The rows of a table that a filter leaves, with these columns.
    pub fn rows(&self, table: &str, select: &str, filter: &str) -> Vec<Value> {
        let mut arguments = vec!["row", "list", table, "--select", select];
        if !filter.is_empty() {
            arguments.extend(["--filter", filter]);
        }
        list(&self.admin().json(&arguments))
    }

    /// How many rows of a table a filter leaves.
    pub fn count(&self, table: &str, filter: &str) -> usize {
        self.rows(table, "createdon", filter).len()
    }

    /// How many rows there are of every table that a test may have touched.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        [
            "account",
            "contact",
            "lead",
            "opportunity",
            "annotation",
            "pluginassembly",
            "sdkmessageprocessingstep",
        ]
        .map(|table| (table, self.count(table, "")))
        .to_vec()
    }

    /// Every step with its state, the platform's own included.
    pub fn steps(&self) -> Vec<(String, bool)> {
        let steps = list(&self.admin().json(&["step", "list", "--all"]));
        let mut steps: Vec<_> = steps
            .iter()
            .map(|step| (text(step, "sdkmessageprocessingstepid"), step["enabled"] == true))
            .collect();
        steps.sort();
        steps
    }

    /// The id of the step with that name.
    pub fn step(&self, name: &str) -> String {
        let steps = self.rows("sdkmessageprocessingstep", "name", &format!("name eq '{name}'"));
        assert_eq!(steps.len(), 1, "{name}");
        text(&steps[0], "sdkmessageprocessingstepid")
    }

    /// An open lead of the user's, of a state that has a commission rule.
    pub fn lead(&self, user: &str) -> String {
        let rule = &self.rows("sl_commissionrule", "sl_name", "")[0];
        let state = format!("address1_stateorprovince={}", text(rule, "sl_name"));
        let company = format!("companyname={}", crate::new_company());
        let row = [
            "row",
            "create",
            "lead",
            "subject=Pumps",
            "firstname=Ada",
            "lastname=Novak",
            &company,
            &state,
        ];
        id(&self.user(user).json(&row))
    }

    /// `org check` finds nothing.
    #[track_caller]
    pub fn check(&self) {
        let check = self.admin().json(&["org", "check"]);
        assert_eq!(check["ok"], true, "{check}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() && self.path("sluice.db").exists() {
            self.check();
        }
    }
}

/// Unpacks one of the files in `tests/organisations`.
pub fn unpack(form: &str, name: &str, to: &Path) {
    let packed = root()
        .join("tests/organisations")
        .join(form)
        .join(format!("{name}.db.gz"));
    let packed = std::fs::File::open(&packed).unwrap_or_else(|error| panic!("{}: {error}", packed.display()));
    let mut file = std::fs::File::create(to).unwrap();
    std::io::copy(&mut flate2::read::GzDecoder::new(packed), &mut file).unwrap();
}

/// A guest of the tests, built beforehand.
pub fn guest(name: &str) -> String {
    let path = root().join("target/guests").join(name).with_extension("wasm");
    assert!(path.exists(), "{} is missing; run `make guests`", path.display());
    path.display().to_string()
}

/// A file of the data that every developer has beside the project, if it is there.
pub fn data(name: &str) -> Option<PathBuf> {
    let path = root().join("../shared/data").join(name);
    if !path.exists() {
        eprintln!("not run: no data folder");
        return None;
    }
    Some(path)
}

/// An example that ships.
pub fn example(name: &str) -> String {
    root().join("examples").join(name).display().to_string()
}

/// A path as an argument.
pub fn argument(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The list in a document.
pub fn list(document: &Value) -> Vec<Value> {
    document["value"].as_array().unwrap().clone()
}

/// The `id` in a document.
pub fn id(document: &Value) -> String {
    text(document, "id")
}

/// A text in a document.
#[track_caller]
pub fn text(document: &Value, name: &str) -> String {
    document[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {document}"))
        .to_owned()
}

/// Waits until it is so. There is no hurry: only what never comes is a failure.
#[track_caller]
pub fn wait_until(mut so: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it did not come");
}

/// What a run must be that was refused: the exit code, with and without `--json`; one document
/// with an error that has a code, and these words in its message.
#[track_caller]
pub fn refused(program: &Program, code: i32, arguments: &[&str], words: &[&str]) -> Value {
    let json = program.run(&[arguments, &["--json"]].concat());
    assert_eq!(json.code, code, "{arguments:?}: {json:?}");
    let error = json.json()["error"].clone();
    assert!(text(&error, "code").starts_with("0x8"), "{arguments:?}: {error}");
    for word in words {
        assert!(
            text(&error, "message").contains(word),
            "{arguments:?}: no `{word}` in {error}"
        );
    }
    let people = program.run(arguments);
    assert_eq!(people.code, code, "{arguments:?}: {people:?}");
    assert_eq!(people.stdout, "", "{arguments:?}: an error is no result");
    says(&people, words);
    error
}

#[track_caller]
fn says(run: &Run, words: &[&str]) {
    for word in words {
        assert!(run.says(word), "no `{word}` in {run:?}");
    }
    assert!(!run.says("panicked"), "{run:?}");
}
