//! A new organisation with a customizer, from inside and as the program's user.

use serde_json::Value as Json;
use sluice_model::{Code, Error, Filter, Query, Reference, Request, Row, Uuid, Value};
use sluice_sales::qualify::{self, Choices};
use sluice_tests::{
    Actor, Organisation,
    program::{Program, Run},
};

/// The organisation, and its administrator.
pub struct Customizing {
    pub org: Organisation,
    pub admin: Actor,
}

impl Customizing {
    /// An organisation with nothing in it.
    pub fn new() -> Self {
        let org = Organisation::empty();
        let admin = org.admin();
        Self { org, admin }
    }

    /// The sample organisation.
    pub fn sample() -> Self {
        let org = Organisation::sample();
        let admin = org.admin();
        Self { org, admin }
    }

    /// The program in the organisation's folder.
    pub fn program(&self) -> Program {
        Program::new(self.org.path().parent().unwrap())
    }

    /// Runs a command line, written as one would type it; it must succeed.
    #[track_caller]
    pub fn sluice(&self, line: &str) -> Json {
        let words = sluice_tests::program::words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.program().json(&words)
    }

    /// Runs a command line that must be refused: the error.
    #[track_caller]
    pub fn refused(&self, line: &str) -> Json {
        let words = sluice_tests::program::words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.program().refused(&words)
    }

    /// Runs a command line as people do, whatever comes of it.
    pub fn run(&self, line: &str) -> Run {
        let words = sluice_tests::program::words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.program().run(&words)
    }

    /// A lead with these columns beside its names.
    pub fn lead(&self, columns: &[(&str, Value)]) -> Uuid {
        let mut row = Row::unsaved("lead")
            .with("subject", "Twelve pumps")
            .with("firstname", "Yvonne")
            .with("lastname", "McKay")
            .with("companyname", sluice_tests::new_company());
        for (column, value) in columns {
            row.set(*column, value.clone());
        }
        self.admin.create(row)
    }

    /// Qualifies the lead: its account, contact and opportunity.
    #[track_caller]
    pub fn qualify(&self, lead: Uuid) -> [Row; 3] {
        self.try_qualify(lead).unwrap_or_else(|error| panic!("{error}"));
        let of_lead = Filter::eq("originatingleadid", lead);
        ["account", "contact", "opportunity"].map(|table| {
            let rows = self.admin.list(Query::new(table).filter(of_lead.clone()));
            assert_eq!(rows.len(), 1, "{table}");
            rows[0].clone()
        })
    }

    /// Qualifies the lead, or is refused.
    pub fn try_qualify(&self, lead: Uuid) -> Result<(), Error> {
        self.admin
            .0
            .execute(qualify::request(lead, &Choices::default()))
            .map(|_| ())
    }

    /// How many rows there are of what qualifying makes.
    pub fn counts(&self) -> [usize; 3] {
        ["account", "contact", "opportunity"].map(|table| self.admin.count(table))
    }

    /// The mapping of two columns, as customizers see it: its row.
    pub fn map(&self, source: (&str, &str), target: (&str, &str)) -> Option<Row> {
        let tables = Filter::eq("sourceentityname", source.0).and(Filter::eq("targetentityname", target.0));
        let map = self.admin.list(Query::new("entitymap").filter(tables)).pop()?;
        let columns = Filter::eq("entitymapid", map.id)
            .and(Filter::eq("sourceattributename", source.1))
            .and(Filter::eq("targetattributename", target.1));
        self.admin.list(Query::new("attributemap").filter(columns)).pop()
    }

    /// Maps two columns without publishing it, or is refused.
    pub fn try_map(&self, source: (&str, &str), target: (&str, &str)) -> Result<Uuid, Error> {
        let tables = Filter::eq("sourceentityname", source.0).and(Filter::eq("targetentityname", target.0));
        let map = match self.admin.list(Query::new("entitymap").filter(tables)).pop() {
            Some(map) => map.id,
            None => self.admin.try_create(
                Row::unsaved("entitymap")
                    .with("sourceentityname", source.0)
                    .with("targetentityname", target.0),
            )?,
        };
        self.admin.try_create(
            Row::unsaved("attributemap")
                .with("entitymapid", Reference::new("entitymap", map))
                .with("sourceattributename", source.1)
                .with("targetattributename", target.1),
        )
    }

    /// Publishes everything.
    pub fn publish(&self) {
        self.admin.0.execute(Request::new("PublishAllXml")).unwrap();
    }
}

/// The code and a part of the sentence.
#[track_caller]
pub fn says<T: std::fmt::Debug>(result: Result<T, Error>, code: Code, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.message().contains(words), "no `{words}` in: {error}");
}
