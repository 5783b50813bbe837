//! Two organisations, and the files that go from one to the other.

use std::path::PathBuf;

use serde_json::Value as Json;
use sluice_model::{Code, Error, Filter, Query, Reference, Row, Uuid, Value};
use sluice_platform::Imported;
use sluice_platform::prelude::*;
use sluice_tests::{Actor, Organisation, program::Program};

/// An organisation and its administrator.
pub struct Site {
    pub org: Organisation,
    pub admin: Actor,
}

impl Site {
    /// An organisation with nothing in it.
    pub fn new() -> Self {
        let org = Organisation::empty();
        let admin = org.admin();
        Self { org, admin }
    }

    /// The sample organisation, with its table, roles and plug-ins.
    pub fn sample() -> Self {
        let org = Organisation::sample();
        let admin = org.admin();
        Self { org, admin }
    }

    /// The program in the organisation's folder.
    pub fn program(&self) -> Program {
        Program::new(self.org.path().parent().unwrap())
    }

    /// A path in the organisation's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.org.path().parent().unwrap().join(name)
    }

    /// Runs a command line, written as one would type it; it must succeed.
    #[track_caller]
    pub fn sluice(&self, line: &str) -> Json {
        let words = sluice_tests::program::words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.program().json(&words)
    }

    /// Runs several.
    #[track_caller]
    pub fn all(&self, lines: &[&str]) {
        for line in lines {
            self.sluice(line);
        }
    }

    /// Runs a command line that must be refused: the error.
    #[track_caller]
    pub fn refused(&self, line: &str) -> Json {
        let words = sluice_tests::program::words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.program().refused(&words)
    }

    /// The file of a solution with these components, each as `KIND NAME`.
    #[track_caller]
    pub fn export(&self, name: &str, version: &str, components: &[&str], managed: bool) -> Vec<u8> {
        if self.solution(name).is_none() {
            self.admin.create(
                Row::unsaved("solution")
                    .with("uniquename", name)
                    .with("friendlyname", name)
                    .with("version", version),
            );
        } else {
            let row = Row::new("solution", self.solution(name).unwrap().id).with("version", version);
            self.admin.update(row);
            for (kind, component) in self.admin.0.solution_components(name).unwrap() {
                self.admin.0.remove_from_solution(name, &kind, &[component]).unwrap();
            }
        }
        for component in components {
            let (kind, component) = component.split_once(' ').unwrap();
            self.admin
                .0
                .add_to_solution(name, kind, &[component.to_owned()])
                .unwrap_or_else(|error| panic!("{error}"));
        }
        self.admin.0.export_solution(name, managed).unwrap()
    }

    /// Imports a file, as it is.
    #[track_caller]
    pub fn import(&self, file: &[u8]) -> Imported {
        self.admin
            .0
            .import_solution(file, false)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// The row of a solution.
    pub fn solution(&self, name: &str) -> Option<Row> {
        self.one("solution", "uniquename", name)
    }

    /// The row of a table in which a column holds that text.
    pub fn one(&self, table: &str, column: &str, text: &str) -> Option<Row> {
        let mut rows = self.admin.list(Query::new(table).filter(Filter::eq(column, text)));
        assert!(rows.len() < 2, "{rows:?}");
        rows.pop()
    }

    /// The steps of a plug-in.
    pub fn steps(&self, assembly: &str) -> Vec<Row> {
        let Some(assembly) = self.one("pluginassembly", "name", assembly) else {
            return Vec::new();
        };
        let types = Query::new("plugintype").filter(Filter::eq("pluginassemblyid", assembly.id));
        let mut steps = Vec::new();
        for row in self.admin.list(types) {
            steps.extend(
                self.admin
                    .list(Query::new("sdkmessageprocessingstep").filter(Filter::eq("plugintypeid", row.id))),
            );
        }
        steps
    }

    /// The options of a column or a global choice that count, as value and managed.
    pub fn options(&self, name: &str) -> Vec<(i64, bool)> {
        let shown = self.sluice(&format!("option-set show {name}"));
        shown["options"]
            .as_array()
            .unwrap()
            .iter()
            .map(|option| (option["value"].as_i64().unwrap(), option["managed"] == true))
            .collect()
    }

    /// A duplicate rule for contacts with the same e-mail address.
    pub fn duplicate_rule(&self, name: &str) -> Uuid {
        let rule = self.admin.create(
            Row::unsaved("duplicaterule")
                .with("name", name)
                .with("baseentityname", "contact")
                .with("matchingentityname", "contact"),
        );
        self.admin.create(
            Row::unsaved("duplicaterulecondition")
                .with("regardingobjectid", Reference::new("duplicaterule", rule))
                .with("baseattributename", "emailaddress1")
                .with("matchingattributename", "emailaddress1")
                .with("operatorcode", Value::Choice(0)),
        );
        rule
    }

    /// How many conditions the rule has.
    pub fn conditions(&self, rule: &str) -> usize {
        let rule = self.one("duplicaterule", "name", rule).unwrap();
        let of_rule = Filter::eq("regardingobjectid", rule.id);
        self.admin
            .list(Query::new("duplicaterulecondition").filter(of_rule))
            .len()
    }

    /// A process with one stage and one step.
    pub fn process(&self, name: &str) -> Uuid {
        let process = self.admin.create(
            Row::unsaved("workflow")
                .with("name", name)
                .with("category", Value::Choice(4))
                .with("primaryentity", "lead"),
        );
        let stage = self.admin.create(
            Row::unsaved("processstage")
                .with("stagename", "Look")
                .with("processid", Reference::new("workflow", process))
                .with("primaryentitytypecode", "lead")
                .with("sl_position", 1),
        );
        self.admin.create(
            Row::unsaved("sl_processstep")
                .with("sl_stageid", Reference::new("processstage", stage))
                .with("sl_column", "jobtitle")
                .with("sl_required", true),
        );
        process
    }

    /// Everything that an import could change, as text.
    pub fn everything(&self) -> String {
        let catalog = self.admin.0.catalog().unwrap();
        let mut text = String::new();
        for table in catalog.iter() {
            text.push_str(&serde_json::to_string(&**table).unwrap());
        }
        for table in [
            "attributemap",
            "duplicaterule",
            "duplicaterulecondition",
            "entitymap",
            "optionset",
            "pluginassembly",
            "plugintype",
            "processstage",
            "role",
            "savedquery",
            "sdkmessageprocessingstep",
            "solution",
            "solutioncomponent",
            "systemform",
            "webresource",
            "workflow",
        ] {
            text.push_str(&format!("{:?}", self.admin.list(Query::new(table))));
        }
        text.push_str(&format!("{:?}", self.admin.0.unpublished().unwrap()));
        text
    }
}

/// The code and a part of the sentence.
#[track_caller]
pub fn says<T: std::fmt::Debug>(result: Result<T, Error>, code: Code, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.message().contains(words), "no `{words}` in: {error}");
}
