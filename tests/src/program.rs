//! The program as a user runs it: `sluice` with its arguments, and what came of it.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use sluice_engine::Compiler;

/// The program that was built beside this test; under a fuzzer, which is built elsewhere, that of
/// `make build`.
pub fn path() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap();
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let beside = folder.join("sluice");
    let built = crate::root().join("target/debug/sluice");
    [&beside, &built]
        .into_iter()
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{} is not built; run `make build`", beside.display()))
        .clone()
}

/// The program as the process that compiles plug-ins.
pub fn compiler() -> Compiler {
    Compiler::new(path(), vec!["__compile".into()])
}

/// A run that has ended.
#[derive(Debug)]
pub struct Run {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl Run {
    /// The one JSON document that it printed.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Whether it said these words beside its result. Where its lines are folded does not count: that
    /// changes with the paths in them.
    pub fn says(&self, words: &str) -> bool {
        let unfolded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        unfolded(&self.stderr).contains(&unfolded(words))
    }
}

/// The program at work in a folder, on its `sluice.db`.
#[derive(Debug, Clone)]
pub struct Program {
    folder: PathBuf,
    user: Option<String>,
}

impl Program {
    /// The program in that folder.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            user: None,
        }
    }

    /// The same as another user.
    #[must_use]
    pub fn as_user(&self, user: &str) -> Self {
        Self {
            user: Some(user.to_owned()),
            ..self.clone()
        }
    }

    /// The command, ready to be started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(path());
        command
            .current_dir(&self.folder)
            .args(arguments)
            .env("XDG_CACHE_HOME", crate::root().join("target/tests-cache"));
        command
            .env("SLUICE_CONTEXTS", self.folder.join("contexts.json"))
            .env_remove("SLUICE_ORG")
            .env_remove("SLUICE_AS")
            .env_remove("SLUICE_OUTPUT");
        if let Some(user) = &self.user {
            command.args(["--as", user]);
        }
        command
    }

    /// Runs it.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        Run {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Starts it, with nobody listening.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let quiet = || Stdio::null();
        self.command(arguments)
            .stdin(quiet())
            .stdout(quiet())
            .stderr(quiet())
            .spawn()
            .unwrap()
    }

    /// Runs it with `--json`; the exit code must be 0.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        run.json()
    }

    /// Runs it with `--json`; the exit code must be 1. The error.
    pub fn refused(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(run.code, 1, "{arguments:?}: {run:?}");
        run.json()["error"].clone()
    }
}

/// The words of a printed command, as a shell splits them.
pub fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, ' ') if words.last().is_some_and(String::is_empty) => {}
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words
}
