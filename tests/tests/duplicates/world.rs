//! An organisation with two sellers who qualify leads, and words for what duplicate rules do.

use std::sync::atomic::AtomicBool;

use sluice_engine::{JobOutcome, JobState};
use sluice_model::{
    Error, Filter, Parameter, Query, Reference, Request, Response, Row, Uuid, Value, duplicates::Match,
};
use sluice_sales::qualify::{self, Choices};
use sluice_tests::{Actor, Organisation};

/// No rows.
pub const NONE: [Uuid; 0] = [];

/// A condition: base column, matching column, criterion, number of characters, ignore blank.
#[derive(Clone, Copy)]
pub struct Condition(pub &'static str, pub &'static str, pub i32, pub Option<i32>, pub bool);

/// The two columns are the same.
pub const fn exact(column: &'static str) -> Condition {
    Condition(column, column, 0, None, false)
}

/// The organisation.
pub struct Duplicates {
    pub org: Organisation,
    pub admin: Actor,
    /// Sees and changes own rows only.
    pub seller: Actor,
}

impl Duplicates {
    /// Without any rule.
    pub fn new() -> Self {
        let world = Self::shipped();
        for rule in world.admin.list(Query::new("duplicaterule").columns(&[])) {
            world.unpublish(rule.id);
        }
        world
    }

    /// With the rules that ship.
    pub fn shipped() -> Self {
        let org = Organisation::empty();
        let admin = org.admin();
        salespeople(&admin);
        let seller = org.actor("seller.west");
        Self { org, admin, seller }
    }

    /// A rule that is not published.
    pub fn draft(&self, name: &str, tables: [&str; 2], conditions: &[Condition]) -> Uuid {
        self.draft_with(rule(name, tables), conditions)
    }

    /// The same of a row with more columns.
    pub fn draft_with(&self, rule: Row, conditions: &[Condition]) -> Uuid {
        let rule = self.admin.create(rule);
        for condition in conditions {
            self.admin.create(condition_row(rule, *condition));
        }
        rule
    }

    /// A published rule.
    pub fn rule(&self, name: &str, tables: [&str; 2], conditions: &[Condition]) -> Uuid {
        let rule = self.draft(name, tables, conditions);
        self.publish(rule);
        rule
    }

    /// A published rule that passes over inactive rows.
    pub fn excluding(&self, name: &str, tables: [&str; 2], conditions: &[Condition]) -> Uuid {
        let row = rule(name, tables).with("excludeinactiverecords", true);
        let rule = self.draft_with(row, conditions);
        self.publish(rule);
        rule
    }

    /// Publishes a rule and runs its job to the end.
    pub fn publish(&self, rule: Uuid) {
        let job = self.begin_publishing(rule);
        assert_eq!(self.run(job).state, JobState::Succeeded);
        assert_eq!(self.status(rule), 2);
    }

    /// Publishes a rule; the job, which nobody runs yet.
    pub fn begin_publishing(&self, rule: Uuid) -> Uuid {
        job(&self.try_publish(rule).unwrap_or_else(|error| panic!("{error}")))
    }

    pub fn try_publish(&self, rule: Uuid) -> Result<Response, Error> {
        self.admin.0.execute(about("PublishDuplicateRule", rule))
    }

    pub fn unpublish(&self, rule: Uuid) {
        self.admin
            .0
            .execute(about("UnpublishDuplicateRule", rule))
            .unwrap_or_else(|error| panic!("{error}"));
    }

    /// Runs a job to its end.
    pub fn run(&self, job: Uuid) -> JobOutcome {
        self.admin
            .0
            .run_job(job, &AtomicBool::new(false), &|_| {})
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// `statuscode`: 0 unpublished, 1 publishing, 2 published.
    pub fn status(&self, rule: Uuid) -> i32 {
        self.admin.get("duplicaterule", rule).int("statuscode").unwrap()
    }

    /// The names of the rows of the matching table that are the same as a row.
    pub fn duplicates(&self, row: Row, matching: &str) -> Vec<Uuid> {
        ids(&retrieve(&self.admin, row, matching).unwrap_or_else(|error| panic!("{error}")))
    }

    /// Whether the rules find an unsaved row to be there already.
    pub fn is_there(&self, row: Row, matching: &str) -> bool {
        !self.duplicates(row, matching).is_empty()
    }

    /// An open lead of the seller.
    pub fn lead(&self, company: &str, email: &str) -> Uuid {
        self.lead_of(&self.seller, company, email)
    }

    pub fn lead_of(&self, owner: &Actor, company: &str, email: &str) -> Uuid {
        let lead = Row::unsaved("lead")
            .with("subject", format!("pumps for {company}"))
            .with("firstname", "Ada")
            .with("lastname", "Novak")
            .with("companyname", company)
            .with("ownerid", Reference::new("systemuser", owner.id()));
        let lead = match email {
            "" => lead,
            email => lead.with("emailaddress1", email),
        };
        self.admin.create(lead)
    }

    /// How many accounts, contacts and opportunities there are.
    pub fn counts(&self) -> [usize; 3] {
        ["account", "contact", "opportunity"].map(|table| {
            let all = Query::new(table).columns(&[]);
            self.admin.list(all).len()
        })
    }

    /// Changes a setting of the organisation.
    pub fn set(&self, column: &str, yes: bool) {
        let row = self.admin.list(Query::new("organization").columns(&[])).remove(0);
        self.admin.update(Row::new("organization", row.id).with(column, yes));
    }
}

/// Two users who may qualify leads of their own.
fn salespeople(admin: &Actor) {
    let mut privileges = Vec::new();
    for table in ["Account", "Contact", "Lead", "Opportunity"] {
        privileges.extend(["Create", "Read", "Append", "AppendTo"].map(|right| (format!("prv{right}{table}"), 0)));
    }
    privileges.push(("prvWriteLead".to_owned(), 0));
    let customizations = ["AttributeMap", "Customization", "Entity", "EntityMap"];
    privileges.extend(customizations.map(|name| (format!("prvRead{name}"), 3)));
    let role = admin.create(Row::unsaved("role").with("name", "Salesperson"));
    grant(admin, privileges.iter().map(|(name, depth)| (name.as_str(), *depth)));
    for name in ["seller.west", "manager"] {
        let user = Row::unsaved("systemuser")
            .with("domainname", name)
            .with("lastname", name)
            .with("internalemailaddress", format!("{name}@contoso.example"));
        let user = admin.create(user);
        let request = Request::new("Associate")
            .with("Target", Reference::new("systemuser", user))
            .with("Relationship", "systemuserroles_association")
            .with(
                "RelatedEntities",
                Parameter::References(vec![Reference::new("role", role)]),
            );
        admin.0.execute(request).unwrap();
    }
}

/// Gives salespeople more privileges, each at a depth (0 own rows, 3 all).
pub fn grant<'a>(admin: &Actor, privileges: impl IntoIterator<Item = (&'a str, i32)>) {
    let rows = privileges.into_iter().map(|(name, depth)| {
        Row::unsaved("roleprivilege")
            .with("PrivilegeName", name)
            .with("Depth", depth)
    });
    let request = Request::new("AddPrivilegesRole")
        .with("RoleId", Value::Id(admin.find("role", "Salesperson")))
        .with("Privileges", Parameter::Rows(rows.collect()));
    admin.0.execute(request).unwrap();
}

/// The row of a rule.
pub fn rule(name: &str, [base, matching]: [&str; 2]) -> Row {
    Row::unsaved("duplicaterule")
        .with("name", name)
        .with("baseentityname", base)
        .with("matchingentityname", matching)
}

/// The row of a condition.
pub fn condition_row(rule: Uuid, Condition(base, matching, operator, number, ignore): Condition) -> Row {
    let row = Row::unsaved("duplicaterulecondition")
        .with("regardingobjectid", Reference::new("duplicaterule", rule))
        .with("baseattributename", base)
        .with("matchingattributename", matching)
        .with("operatorcode", Value::Choice(operator))
        .with("ignoreblankvalues", ignore);
    match number {
        Some(number) => row.with("operatorparam", number),
        None => row,
    }
}

/// A request about a rule.
pub fn about(message: &str, rule: Uuid) -> Request {
    Request::new(message).with("DuplicateRuleId", Value::Id(rule))
}

/// RetrieveDuplicates.
pub fn retrieve(actor: &Actor, row: Row, matching: &str) -> Result<Response, Error> {
    let request = Request::new("RetrieveDuplicates")
        .with("BusinessEntity", row)
        .with("MatchingEntityName", matching);
    actor.0.execute(request)
}

/// The rows that RetrieveDuplicates found.
pub fn ids(response: &Response) -> Vec<Uuid> {
    match response.outputs.get("DuplicateCollection").unwrap() {
        Parameter::Rows(rows) => rows.iter().map(|row| row.id).collect(),
        other => panic!("{other:?}"),
    }
}

/// The job that a message began.
pub fn job(response: &Response) -> Uuid {
    match response.outputs.get("JobId").unwrap() {
        Parameter::Value(job) => job.as_id().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A request that asks for duplicate detection.
pub fn detecting(request: Request) -> Request {
    request.with("SuppressDuplicateDetection", false)
}

/// Creates a row, asking for duplicate detection.
pub fn create(actor: &Actor, row: Row) -> Result<Uuid, Error> {
    let response = actor.0.execute(detecting(Request::create(row)))?;
    Ok(response.created().unwrap())
}

/// Changes a row, asking for duplicate detection.
pub fn update(actor: &Actor, row: Row) -> Result<(), Error> {
    actor.0.execute(detecting(Request::update(row))).map(|_| ())
}

/// Qualifies a lead from the form.
pub fn qualify(actor: &Actor, lead: Uuid) -> Result<Response, Error> {
    actor.0.execute(qualify::request(lead, &Choices::default()))
}

/// The refusal because of duplicates: its situation and what matches.
#[track_caller]
pub fn matches<T: std::fmt::Debug>(result: Result<T, Error>) -> (Option<&'static str>, Vec<Match>) {
    let error = result.unwrap_err();
    assert_eq!(error.code().to_string(), "0x80040333", "{error}");
    let body = error.body();
    let found = body.duplicates.clone().unwrap();
    (body.situation.map(|situation| situation.id), found.matches)
}

/// The code of a refusal.
#[track_caller]
pub fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().code().to_string()
}

/// The duplicates that a job found, as pairs.
pub fn pairs(world: &Duplicates, job: Uuid) -> Vec<[Uuid; 2]> {
    let found = Query::new("duplicaterecord").filter(Filter::eq("asyncoperationid", job));
    let mut pairs: Vec<[Uuid; 2]> = world
        .admin
        .list(found)
        .iter()
        .map(|row| {
            [
                row.id_of("baserecordid").unwrap(),
                row.id_of("duplicaterecordid").unwrap(),
            ]
        })
        .collect();
    pairs.sort();
    pairs
}

/// An account by name.
pub fn account(name: &str) -> Row {
    Row::unsaved("account").with("name", name)
}

/// A contact by name and address.
pub fn contact(last: &str, email: &str) -> Row {
    Row::unsaved("contact")
        .with("lastname", last)
        .with("emailaddress1", email)
}
